package policies

import (
	"strings"
	"testing"
)

const calendarText = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20260102\r\nSUMMARY:Tahun Baru\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20260319\r\nDTEND;VALUE=DATE:20260325\r\nSUMMARY:Nyepi dan Idul\r\n fitri\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:3\r\nDTSTART;VALUE=DATE:20260817\r\nRRULE:FREQ=YEARLY;COUNT=2\r\nSUMMARY:Kemerdekaan\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:4\r\nDTSTART;VALUE=DATE:20260501\r\nSTATUS:CANCELLED\r\nSUMMARY:Batal\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:5\r\nDTSTART:20260601T000000Z\r\nDURATION:P2D\r\nSUMMARY:Pancasila\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func TestParseHolidays(t *testing.T) {
	tests := []struct {
		name, text string
		want       int
		days       []string
		err        string
	}{
		{"dates with names, comments and a byte order mark", "\ufeff# SKB\n2026-01-01 Tahun Baru\n\n2026-02-17, Imlek # ya\r\n2026-03-19\n", 3, []string{"2026-01-01", "2026-02-17", "2026-03-19"}, ""},
		{"iCalendar", calendarText, 1 + 6 + 2 + 2, []string{"2026-01-01", "2026-03-19", "2026-03-24", "2026-08-17", "2027-08-17", "2026-06-02"}, ""},
		{"a day that is none", "2026-01-01\n2026-02-30 x\n", 0, nil, "x.txt:2"},
		{"prose", "hello\n", 0, nil, "x.txt:1"},
		{"nothing", "# none\n", 0, nil, "holds no date"},
		{"no text", "2026-01-01 \xff\n", 0, nil, "not UTF-8"},
		{"a weekly event", strings.Replace(calendarText, "FREQ=YEARLY;COUNT=2", "FREQ=WEEKLY", 1), 0, nil, "only yearly"},
		{"an end before its start", strings.Replace(calendarText, "DTEND;VALUE=DATE:20260325", "DTEND;VALUE=DATE:20260310", 1), 0, nil, "event 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := ParseHolidays("x.txt", strings.NewReader(tt.text))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Len() != tt.want {
				t.Errorf("%d days, want %d: %v", l.Len(), tt.want, l.days)
			}
			for _, d := range tt.days {
				if _, ok := l.days[date(t, d)]; !ok {
					t.Errorf("%s is missing: %v", d, l.days)
				}
			}
		})
	}
}

func TestParseClockEvents(t *testing.T) {
	p := embeddedPack(t, "gb")
	events, err := ParseClockEvents("e.jsonl", strings.NewReader(`{"at":"2026-01-05","event":"paused","why":"fee"}`+"\n\n"+`{"at":"2026-01-12T10:00","event":"resumed","why":"paid"}`+"\n"), p.Location())
	if err != nil || len(events) != 2 {
		t.Fatal(events, err)
	}
	for name, text := range map[string]string{
		"an unknown event": `{"at":"2026-01-05","event":"snoozed"}`,
		"an unknown key":   `{"at":"2026-01-05","event":"paused","reason":"x"}`,
		"no time":          `{"event":"paused"}`,
		"no JSON":          `paused`,
		"two in a line":    `{"at":"2026-01-05","event":"paused"} {"at":"2026-01-06","event":"resumed"}`,
	} {
		if _, err := ParseClockEvents("e.jsonl", strings.NewReader(text), p.Location()); err == nil || !strings.HasPrefix(err.Error(), "e.jsonl:1:") {
			t.Errorf("%s: error %v, want one that names line 1", name, err)
		}
	}
}
