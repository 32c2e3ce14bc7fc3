package policies

import "strconv"

// provinces holds the first two digits of a NIK: the province that first registered the person, among them the four
// Papuan provinces of 2022 (93 to 96).
var provinces = wordSet(`11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 62 63 64 65 71 72 73 74 75 76 81 82
	91 92 93 94 95 96`)

// validNIK checks sixteen digits as PPRRDD ddmmyy nnnn: province, regency, district, birth date with forty added to a
// woman's day, serial. It cannot say that the number was ever issued. A loose check, for recall, leaves the province
// out.
func validNIK(d string, loose bool) bool {
	if !validRegion(d, loose) || d[12:] == "0000" {
		return false
	}
	day := atoi2(d[6:8])
	if day > 40 {
		day -= 40
	}
	return validDay(day, atoi2(d[8:10]), atoi2(d[10:12]))
}

// validKK checks a family card's number, which carries the date of its issue in place of a birth date.
func validKK(d string) bool {
	return validRegion(d, false) && d[12:] != "0000" && validDay(atoi2(d[6:8]), atoi2(d[8:10]), atoi2(d[10:12]))
}

func validRegion(d string, loose bool) bool {
	if len(d) != 16 {
		return false
	}
	// Regencies count from 01, cities from 71.
	return (loose || provinces[d[:2]]) && between(d[2:4], 1, 79) && d[4:6] != "00"
}

// validDay says that the day exists in either century of a two-digit year.
func validDay(day, month, year int) bool {
	if day < 1 || month < 1 || month > 12 {
		return false
	}
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 {
		last = 29
	}
	return day <= last
}

// between says that the digits of d make a number from lo to hi.
func between(d string, lo, hi int) bool {
	n, err := strconv.Atoi(d)
	return err == nil && lo <= n && n <= hi
}

// atoi2 reads two digits.
func atoi2(d string) int { return int(d[0]-'0')*10 + int(d[1]-'0') }
