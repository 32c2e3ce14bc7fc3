package policies

import (
	"testing"
	"time"
)

func embeddedPack(t testing.TB, id string) *Pack {
	t.Helper()
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Latest(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at is noon of a day in the pack's zone, or an instant where a time is given.
func at(t testing.TB, p *Pack, s string) time.Time {
	t.Helper()
	layout := "2006-01-02T15:04"
	if len(s) == 10 {
		s += "T12:00"
	}
	got, err := time.ParseInLocation(layout, s, p.Location())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The worked examples of the research notes, section C.
func TestIndonesia(t *testing.T) {
	p := embeddedPack(t, "id")
	tests := []struct {
		name, clock, received, due, extended string
		o                                    DueOptions
	}{
		{"id1 received on a Monday in a short January", "answer", "2026-01-05", "2026-01-20", "2026-01-29", DueOptions{}},
		{"id2 received the day before Isra Mikraj", "answer", "2026-01-15", "2026-01-30", "2026-02-10", DueOptions{}},
		{"id3 over Nyepi and Idulfitri", "answer", "2026-03-09", "2026-03-30", "2026-04-09", DueOptions{}},
		{"id3 where collective leave is worked", "answer", "2026-03-09", "2026-03-24", "", DueOptions{CutiBersamaWorking: true}},
		{"id4 over Iduladha", "answer", "2026-05-20", "2026-06-08", "2026-06-18", DueOptions{}},
		{"id5 received on a Saturday", "answer", "2026-06-06", "2026-06-22", "", DueOptions{}},
		{"id6 over 18 August 2025", "answer", "2025-08-11", "2025-08-26", "", DueOptions{}},
		{"id6 as known before the amendment", "answer", "2025-08-11", "2025-08-25", "", DueOptions{HolidaysKnownOn: date(t, "2025-08-06")}},
		{"id7 over Idulfitri 2024", "answer", "2024-04-01", "2024-04-23", "", DueOptions{}},
		{"id8 silence: objection", "objection", "2026-01-30", "2026-03-17", "", DueOptions{}},
		{"id8 silence: superior", "review", "2026-03-17", "2026-05-07", "", DueOptions{}},
		{"id8 silence: commission", "dispute", "2026-05-07", "2026-06-03", "", DueOptions{}},
		{"id9 objection in April", "review", "2026-04-20", "2026-06-09", "", DueOptions{}},
		{"id10 commission decides", "dispute_end", "2026-06-02", "2026-10-23", "", DueOptions{}},
		{"id11 SP4N verification", "sp4n_verify", "2026-06-02", "2026-06-05", "", DueOptions{}},
		{"id11 SP4N follow-up", "sp4n_follow_up", "2026-06-02", "2026-06-09", "", DueOptions{}},
		{"id11 SP4N complaint", "sp4n_finish_complaint", "2026-06-02", "2026-06-23", "", DueOptions{}},
		{"id11 SP4N supervision", "sp4n_finish_supervision", "2026-06-02", "2026-08-28", "", DueOptions{}},
		{"id12 completeness, ending on collective leave", "complaint_reply", "2026-03-09", "2026-03-23", "", DueOptions{}},
		{"id12 decision", "complaint_decision", "2026-03-09", "2026-05-08", "", DueOptions{}},
		{"ending on a Sunday rolls", "complaint_reply", "2026-06-07", "2026-06-22", "", DueOptions{}},
		{"ending on a Saturday stays", "complaint_reply", "2026-06-06", "2026-06-20", "", DueOptions{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkDue(t, p, tt.clock, tt.received, tt.due, tt.extended, tt.o) })
	}
}

func checkDue(t *testing.T, p *Pack, clock, received, due, extended string, o DueOptions) {
	t.Helper()
	d, err := p.Due(clock, at(t, p, received), o)
	if err != nil {
		t.Fatal(err)
	}
	if d.Due != date(t, due) {
		t.Errorf("due %s, want %s", d.Due, due)
	}
	if extended == "" {
		return
	}
	o.Extended = true
	if d, err = p.Due(clock, at(t, p, received), o); err != nil {
		t.Fatal(err)
	}
	if d.Due != date(t, extended) {
		t.Errorf("extended %s, want %s", d.Due, extended)
	}
}

func TestOtherLaws(t *testing.T) {
	tests := []struct {
		pack, name, clock, received, due, extended string
	}{
		{"gb", "gb7 over Christmas", "answer", "2025-12-12", "2026-01-15", "2026-02-12"},
		{"gb", "gb8 over St Patrick and Easter", "answer", "2026-03-16", "2026-04-16", ""},
		{"us", "us2 over King's birthday", "answer", "2026-01-05", "2026-02-03", "2026-02-18"},
		{"us", "us3 before Memorial Day", "answer", "2026-05-22", "2026-06-23", "2026-07-08"},
		{"us", "us4 over Thanksgiving", "answer", "2026-11-02", "2026-12-02", ""},
		{"us", "us4 expedited", "expedited", "2026-11-02", "2026-11-12", ""},
		{"eu", "eu5 over Ascension and Whitsun", "answer", "2026-05-04", "2026-05-28", "2026-06-18"},
		{"in", "in1 ending on a Saturday", "answer", "2026-01-01", "2026-01-31", ""},
		{"in", "in2", "answer", "2026-01-10", "2026-02-09", ""},
		{"in", "in3", "answer", "2026-02-02", "2026-03-04", ""},
		{"in", "in4", "answer", "2026-04-15", "2026-05-15", ""},
		{"in", "in5 assistant officer", "answer_apio", "2026-02-02", "2026-03-09", ""},
		{"in", "in5 third party", "answer_third_party", "2026-02-02", "2026-03-14", ""},
		{"br", "br3 ending on a Sunday", "answer", "2026-02-02", "2026-02-23", ""},
		{"br", "br4 received on a Saturday", "answer", "2026-03-14", "2026-04-06", ""},
		{"br", "br5 ending on Tiradentes", "answer", "2026-04-01", "2026-04-22", "2026-05-04"},
		{"br", "received at 19:00 on a Friday", "answer", "2026-03-13T19:00", "2026-04-06", ""},
		{"br", "received at 18:59 on a Friday", "answer", "2026-03-13T18:59", "2026-04-06", ""},
	}
	for _, tt := range tests {
		t.Run(tt.pack+" "+tt.name, func(t *testing.T) {
			checkDue(t, embeddedPack(t, tt.pack), tt.clock, tt.received, tt.due, tt.extended, DueOptions{})
		})
	}
}
