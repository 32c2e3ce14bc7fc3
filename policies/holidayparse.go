package policies

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
)

// Bounds on a holiday file: more than these is a mistake or an attack.
const (
	maxHolidayFile  = 4 << 20 // bytes
	maxHolidayDays  = 20_000
	maxHolidayEvent = 400 // days in one event
	yearlyRepeats   = 30  // years for which a yearly event without an end is expanded
)

// ParseHolidays reads a list of days off: iCalendar (RFC 5545; events of one or more
// days, yearly ones expanded) or one date a line with a name after it ("2026-01-01
// New Year"; # begins a comment). name says where it is from, in explanations and
// errors, which name the line. Times of day in a calendar are read in its own zone.
func ParseHolidays(name string, r io.Reader) (*HolidayList, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxHolidayFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxHolidayFile {
		return nil, fmt.Errorf("%s: larger than 4 MiB; want a list of days", name)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: is not UTF-8 text; want iCalendar or one date a line", name)
	}
	days := map[Date]string{}
	if bytes.Contains(data[:min(len(data), 1024)], []byte("BEGIN:VCALENDAR")) {
		err = parseICalendar(name, data, days)
	} else {
		err = parseDateLines(name, string(data), days)
	}
	if err != nil {
		return nil, err
	}
	if len(days) == 0 {
		return nil, fmt.Errorf("%s: holds no date; want iCalendar or one date a line, for example 2026-01-01 New Year", name)
	}
	if len(days) > maxHolidayDays {
		return nil, fmt.Errorf("%s: holds %d days; at most %d", name, len(days), maxHolidayDays)
	}
	return NewHolidayList(name, days), nil
}

func parseDateLines(name, text string, days map[Date]string) error {
	line := 0
	for raw := range strings.Lines(text) {
		line++
		s, _, _ := strings.Cut(raw, "#")
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		day, title := s, ""
		if i := strings.IndexAny(s, " \t,;"); i >= 0 {
			day, title = s[:i], strings.Trim(s[i:], " \t,;")
		}
		d, err := ParseDate(day)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
		days[d] = title
	}
	return nil
}

func parseICalendar(name string, data []byte, days map[Date]string) error {
	cal, err := ics.ParseCalendar(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: not a calendar that can be read: %w", name, err)
	}
	for i, event := range cal.Events() {
		at := fmt.Sprintf("%s: event %d", name, i+1)
		title := propertyText(event, ics.ComponentPropertySummary)
		if title != "" {
			at += " (" + title + ")"
		}
		if strings.EqualFold(propertyText(event, ics.ComponentPropertyStatus), "CANCELLED") {
			continue
		}
		first, last, err := eventDays(event)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		starts, err := repeats(first, propertyText(event, ics.ComponentPropertyRrule))
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		for _, s := range starts {
			for k := range last.Sub(first) + 1 {
				days[s.AddDays(k)] = title
			}
		}
		if len(days) > maxHolidayDays {
			return fmt.Errorf("%s: more than %d days", name, maxHolidayDays)
		}
	}
	return nil
}

func propertyText(event *ics.VEvent, p ics.ComponentProperty) string {
	if got := event.GetProperty(p); got != nil {
		return strings.TrimSpace(got.Value)
	}
	return ""
}

// eventDays returns the first and last day of an event; the end of an all-day event
// is the day after its last (RFC 5545 section 3.6.1).
func eventDays(event *ics.VEvent) (first, last Date, err error) {
	first, _, err = icsDate(propertyText(event, ics.ComponentPropertyDtStart))
	if err != nil {
		return first, last, fmt.Errorf("DTSTART: %w", err)
	}
	last = first
	if end := propertyText(event, ics.ComponentPropertyDtEnd); end != "" {
		d, midnight, err := icsDate(end)
		if err != nil {
			return first, last, fmt.Errorf("DTEND: %w", err)
		}
		if midnight && d.After(first) {
			d = d.AddDays(-1)
		}
		last = d
	} else if n, ok := durationDays(propertyText(event, ics.ComponentPropertyDuration)); ok {
		last = first.AddDays(n - 1)
	}
	if last.Before(first) || last.Sub(first) >= maxHolidayEvent {
		return first, last, fmt.Errorf("runs from %s to %s; want the end after the start and less than %d days", first, last, maxHolidayEvent)
	}
	return first, last, nil
}

// icsDate reads 20260101, 20260101T000000 or 20260101T000000Z; midnight says that it
// names the beginning of the day.
func icsDate(s string) (d Date, midnight bool, err error) {
	day, clock, timed := strings.Cut(s, "T")
	t, err := time.Parse("20060102", day)
	if err != nil || t.Year() < 1 {
		return Date{}, false, fmt.Errorf("date %q: want YYYYMMDD", s)
	}
	return DateOf(t, time.UTC), !timed || strings.HasPrefix(clock, "000000"), nil
}

func durationDays(s string) (int, bool) {
	s, ok := strings.CutPrefix(s, "P")
	if !ok {
		return 0, false
	}
	unit := 1
	if n, ok := strings.CutSuffix(s, "W"); ok {
		s, unit = n, 7
	} else if s, ok = strings.CutSuffix(s, "D"); !ok {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n * unit, err == nil && n > 0 && n < maxHolidayEvent
}

// repeats expands a yearly rule; other rules have no place in a list of holidays.
func repeats(first Date, rule string) ([]Date, error) {
	if rule == "" {
		return []Date{first}, nil
	}
	count, until := yearlyRepeats, Date{}
	for part := range strings.SplitSeq(rule, ";") {
		k, v, _ := strings.Cut(part, "=")
		switch strings.ToUpper(k) {
		case "FREQ":
			if !strings.EqualFold(v, "YEARLY") {
				return nil, fmt.Errorf("RRULE %q: only yearly events can be read; list the days instead", rule)
			}
		case "COUNT":
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("RRULE %q: COUNT is not a number", rule)
			}
			count = min(n, 200)
		case "UNTIL":
			d, _, err := icsDate(v)
			if err != nil {
				return nil, fmt.Errorf("RRULE %q: %w", rule, err)
			}
			until, count = d, 200
		case "INTERVAL":
			if v != "1" {
				return nil, fmt.Errorf("RRULE %q: only every year can be read; list the days instead", rule)
			}
		case "BYMONTH", "BYMONTHDAY", "WKST": // repeat what DTSTART says
		default:
			return nil, fmt.Errorf("RRULE %q: %s cannot be read; list the days instead", rule, k)
		}
	}
	var all []Date
	for n := range count {
		d := NewDate(first.Year()+n, first.Month(), first.Day())
		if !until.IsZero() && d.After(until) {
			break
		}
		if d.Day() == first.Day() { // 29 February comes in leap years only
			all = append(all, d)
		}
	}
	return all, nil
}
