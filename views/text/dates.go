package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the Indonesian zones must be there on a machine without zone files
)

var months = map[Lang][12]string{
	Indonesian: {"Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"},
	English:    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

var shortMonths = map[Lang][12]string{
	Indonesian: {"Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"},
	English:    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

var weekdays = map[Lang][7]string{
	Indonesian: {"Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"},
	English:    {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
}

// DefaultZone is where a time is told when a page names no zone.
const DefaultZone = "Asia/Jakarta"

// Zone finds a zone by its IANA name; an unknown or empty name gives the default.
func Zone(name string) *time.Location {
	if name != "" {
		if loc, err := time.LoadLocation(name); err == nil {
			return loc
		}
	}
	loc, err := time.LoadLocation(DefaultZone)
	if err != nil {
		return time.FixedZone("WIB", 7*3600)
	}
	return loc
}

func place(t time.Time, loc *time.Location) time.Time {
	if loc == nil {
		loc = Zone("")
	}
	return t.In(loc)
}

// Civil writes a day of the calendar: "Senin, 5 Januari 2026", "Monday 5 January 2026".
func (l Lang) Civil(year int, month time.Month, day int) string {
	w := weekdays[l.Or()][time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()]
	if l == English {
		return fmt.Sprintf("%s %d %s %d", w, day, months[English][month-1], year)
	}
	return fmt.Sprintf("%s, %d %s %d", w, day, months[Indonesian][month-1], year)
}

// ShortCivil writes a day where room is short: "5 Jan 2026".
func (l Lang) ShortCivil(year int, month time.Month, day int) string {
	return fmt.Sprintf("%d %s %d", day, shortMonths[l.Or()][month-1], year)
}

// Date writes the day on which t falls in loc (nil: Asia/Jakarta).
func (l Lang) Date(t time.Time, loc *time.Location) string {
	return l.Civil(place(t, loc).Date())
}

// ShortDate is Date where room is short.
func (l Lang) ShortDate(t time.Time, loc *time.Location) string {
	return l.ShortCivil(place(t, loc).Date())
}

// Time writes the time of day with its zone: "14.05 WIB", "14:05 WIB".
func (l Lang) Time(t time.Time, loc *time.Location) string {
	t = place(t, loc)
	if l == English {
		return t.Format("15:04 ") + ZoneName(t)
	}
	return t.Format("15.04 ") + ZoneName(t)
}

// DateTime writes both: "Senin, 5 Januari 2026 pukul 14.05 WIB", "Monday 5 January 2026 at 14:05 WIB".
func (l Lang) DateTime(t time.Time, loc *time.Location) string {
	if l == English {
		return l.Date(t, loc) + " at " + l.Time(t, loc)
	}
	return l.Date(t, loc) + " pukul " + l.Time(t, loc)
}

// ShortDateTime is DateTime where room is short: "5 Jan 2026, 14.05 WIB".
func (l Lang) ShortDateTime(t time.Time, loc *time.Location) string {
	return l.ShortDate(t, loc) + ", " + l.Time(t, loc)
}

// ZoneName is what people there call the zone t is in. The zone files say WIB, WITA and WIT for the Indonesian ones, and
// a number such as "+03" for zones without a name in use, which reads better as UTC+3.
func ZoneName(t time.Time) string {
	name, offset := t.Zone()
	if !strings.HasPrefix(name, "+") && !strings.HasPrefix(name, "-") {
		return name
	}
	h, m := offset/3600, abs(offset%3600)/60
	if m == 0 {
		return fmt.Sprintf("UTC%+d", h)
	}
	return fmt.Sprintf("UTC%+d:%02d", h, m)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// Hour writes an hour such as "08:00" as the language does: 08.00 in Indonesian.
func (l Lang) Hour(s string) string {
	if l == English {
		return s
	}
	return strings.Replace(s, ":", ".", 1)
}

// Number groups thousands: 1.234.567 in Indonesian, 1,234,567 in English.
func (l Lang) Number(n int) string {
	sep := byte('.')
	if l == English {
		sep = ','
	}
	digits := strconv.Itoa(abs(n))
	var b strings.Builder
	if n < 0 {
		b.WriteByte('-')
	}
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Decimal writes x with one place after the decimal sign, none when it is whole.
func (l Lang) Decimal(x float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
	if l == English {
		return s
	}
	return strings.Replace(s, ".", ",", 1)
}

// Bytes writes the size of a file: "820 B", "1,2 MB".
func (l Lang) Bytes(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1000*1000:
		return l.Decimal(float64(n)/1000) + " kB"
	default:
		return l.Decimal(float64(n)/1000/1000) + " MB"
	}
}
