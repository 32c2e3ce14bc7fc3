package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

var momentLayouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
}

// ParseMoment reads a date or a date with time: "2026-01-05" (its first instant),
// "2026-01-05T19:30" (in loc) or RFC 3339 with its own offset.
func ParseMoment(s string, loc *time.Location) (time.Time, error) {
	if d, err := ParseDate(s); err == nil {
		return d.In(loc), nil
	}
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil && t.Year() >= 1 {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: want YYYY-MM-DD or YYYY-MM-DDTHH:MM, for example 2026-01-05T19:30", s)
}

var clockEvents = []string{"paused", "resumed", "restarted", "extended"}

// ParseClockEvents reads a clock's ledger, one JSON object a line: at (see
// ParseMoment), event (paused resumed restarted extended), why, and if known article
// and actor. Errors name the line.
func ParseClockEvents(name string, r io.Reader, loc *time.Location) ([]ClockEvent, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxHolidayFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxHolidayFile {
		return nil, fmt.Errorf("%s: larger than 4 MiB; want one event a line", name)
	}
	var events []ClockEvent
	line := 0
	for raw := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		line++
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		var in struct {
			At      string `json:"at"`
			Event   string `json:"event"`
			Why     string `json:"why"`
			Article string `json:"article"`
			Actor   string `json:"actor"`
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			return nil, fmt.Errorf(`%s:%d: %w; want {"at":"2026-01-05","event":"paused","why":"..."}`, name, line, err)
		}
		if dec.More() {
			return nil, fmt.Errorf("%s:%d: more than one object; want one a line", name, line)
		}
		if !slices.Contains(clockEvents, in.Event) {
			return nil, fmt.Errorf("%s:%d: event %q; want one of %s", name, line, in.Event, strings.Join(clockEvents, ", "))
		}
		at, err := ParseMoment(in.At, loc)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: at: %w", name, line, err)
		}
		events = append(events, ClockEvent{At: at, Event: in.Event, Why: in.Why, Article: in.Article, Actor: in.Actor})
	}
	return events, nil
}
