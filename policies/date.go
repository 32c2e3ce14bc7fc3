package policies

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Date is a civil date: a day on the calendar with no time and no zone. The zero
// value is "no date". Dates are comparable with == and usable as map keys.
type Date struct {
	// day counts from 0001-01-01, which is day 1, so that the zero value is no date.
	day int32
}

// unixDay is the day number of 1970-01-01.
const unixDay = 719163

// NewDate returns the date of year, month and day; values outside their range
// are normalised as [time.Date] does (32 January is 1 February).
func NewDate(year int, month time.Month, day int) Date {
	secs := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
	return Date{int32(floorDiv(secs, 86400)) + unixDay}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// ParseDate reads "2006-01-02". It refuses any other form and any day the
// calendar does not have.
func ParseDate(s string) (Date, error) {
	if len(s) != len(time.DateOnly) {
		return Date{}, fmt.Errorf("date %q: want YYYY-MM-DD, for example 2026-01-05", s)
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want a real day as YYYY-MM-DD, for example 2026-01-05", s)
	}
	if t.Year() < 1 {
		return Date{}, fmt.Errorf("date %q: the year must be 0001 or later", s)
	}
	return DateOf(t, time.UTC), nil
}

// DateOf returns the date on which t falls in loc (UTC when loc is nil).
func DateOf(t time.Time, loc *time.Location) Date {
	if loc == nil {
		loc = time.UTC
	}
	_, offset := t.In(loc).Zone()
	return Date{int32(floorDiv(t.Unix()+int64(offset), 86400)) + unixDay}
}

// In returns the first instant of the date in loc: midnight, or where a change
// of clocks skips midnight, the first moment after it.
func (d Date) In(loc *time.Location) time.Time {
	y, m, day := d.civil()
	return time.Date(y, m, day, 0, 0, 0, 0, loc)
}

// LastSecond returns the last whole second of the date in loc, in UTC. The
// engine works in seconds because that is what the log stores.
func (d Date) LastSecond(loc *time.Location) time.Time {
	return d.AddDays(1).In(loc).Add(-time.Second).UTC()
}

func (d Date) civil() (int, time.Month, int) {
	return time.Unix(int64(d.day-unixDay)*86400, 0).UTC().Date()
}

// Year returns the year of the date; 0 for no date.
func (d Date) Year() int {
	if d.IsZero() {
		return 0
	}
	y, _, _ := d.civil()
	return y
}

// Month returns the month of the date; 0 for no date.
func (d Date) Month() time.Month {
	if d.IsZero() {
		return 0
	}
	_, m, _ := d.civil()
	return m
}

// Day returns the day of the month; 0 for no date.
func (d Date) Day() int {
	if d.IsZero() {
		return 0
	}
	_, _, day := d.civil()
	return day
}

// AddDays returns the date n days later (earlier when n is negative).
func (d Date) AddDays(n int) Date { return Date{d.day + int32(n)} }

// AddMonths returns the same day n months later, or that month's last day where
// it has no such day (31 January + 1 month = 28 or 29 February).
func (d Date) AddMonths(n int) Date {
	y, m, day := d.civil()
	first := NewDate(y, m+time.Month(n), 1)
	last := NewDate(first.Year(), first.Month()+1, 1).AddDays(-1).Day()
	return first.AddDays(min(day, last) - 1)
}

// Sub returns the number of days from e to d.
func (d Date) Sub(e Date) int { return int(d.day - e.day) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	// 0001-01-01, day 1, was a Monday.
	w := d.day % 7
	if w < 0 {
		w += 7
	}
	return time.Weekday(w)
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d.day == 0 }

// Before reports whether d is earlier than e.
func (d Date) Before(e Date) bool { return d.day < e.day }

// After reports whether d is later than e.
func (d Date) After(e Date) bool { return d.day > e.day }

// Compare returns -1, 0 or +1 as d is earlier than, equal to or later than e.
func (d Date) Compare(e Date) int {
	switch {
	case d.day < e.day:
		return -1
	case d.day > e.day:
		return 1
	}
	return 0
}

// String returns "2006-01-02", or "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return string(d.append(make([]byte, 0, 10)))
}

func (d Date) append(b []byte) []byte {
	y, m, day := d.civil()
	return append(b,
		byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// MarshalText writes "2006-01-02"; no date is empty text. JSON uses it too.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	got, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = got
	return nil
}

// Value stores a date as text, and no date as NULL.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads a date from a text or date column.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		if len(v) > len(time.DateOnly) {
			v = v[:len(time.DateOnly)]
		}
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.Scan(string(v))
	case time.Time:
		*d = DateOf(v, v.Location())
		return nil
	}
	return fmt.Errorf("cannot read a date from %T", src)
}

// easter returns Easter Sunday of a Gregorian year (anonymous computus).
func easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month := (h + l - 7*m + 114) / 31
	day := (h+l-7*m+114)%31 + 1
	return NewDate(year, time.Month(month), day)
}
