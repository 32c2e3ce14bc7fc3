package policies

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func loadMexico(t testing.TB) *Pack {
	t.Helper()
	r, err := Load(os.DirFS("testdata/mx"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Latest("mx")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Mexico is a fixture for clocks that freeze: the reform of 2025 suspended the terms.
func TestClocksFreeze(t *testing.T) {
	p := loadMexico(t)
	for _, tt := range []struct{ name, received, due, extended string }{
		{"mx1", "2026-01-26", "2026-02-24", "2026-03-10"},
		{"mx2", "2026-06-01", "2026-06-29", "2026-07-13"},
		{"mx3", "2026-09-01", "2026-09-30", "2026-10-14"},
		{"mx4", "2026-10-19", "2026-11-18", "2026-12-02"},
		{"received ten days before the freeze", "2025-03-11", "2025-07-08", "2025-07-22"},
		{"received within the freeze", "2025-04-15", "2025-07-16", ""},
		{"over before the freeze", "2025-02-19", "2025-03-20", ""},
	} {
		t.Run(tt.name, func(t *testing.T) { checkDue(t, p, "answer", tt.received, tt.due, tt.extended, DueOptions{}) })
	}
	d, err := p.Due("answer", at(t, p, "2025-03-11"), DueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range d.Days {
		if day.Date == NewDate(2025, 4, 1) && (day.Why != WhyFrozen || !strings.Contains(day.Detail, "DOF 20 March 2025")) {
			t.Errorf("1 April 2025 is %+v, want frozen by its decree", day)
		}
	}
}

func TestHolidayListInPlaceOfThePacks(t *testing.T) {
	p := embeddedPack(t, "id")
	l, err := ParseHolidays("libur.txt", strings.NewReader("2026-01-07 Libur daerah\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Due("answer", at(t, p, "2026-01-05"), DueOptions{Holidays: l})
	if err != nil {
		t.Fatal(err)
	}
	if d.Due != NewDate(2026, 1, 20) || len(d.Warnings) > 0 { // one day off as before, but another
		t.Errorf("due %s, warnings %v", d.Due, d.Warnings)
	}
	if d.Days[2].Detail != "Libur daerah; libur.txt" {
		t.Errorf("7 January is %+v", d.Days[2])
	}
	d, err = p.Due("answer", at(t, p, "2025-12-22"), DueOptions{Holidays: l})
	if err != nil || len(d.Warnings) != 1 || !strings.HasPrefix(d.Warnings[0], "holiday_year_missing: no holiday list is known for 2025") {
		t.Errorf("warnings %v, %v", d.Warnings, err)
	}
	// A list that leaves no working day ends with an error, not never.
	all := map[Date]string{}
	for i := range maxHolidayDays {
		all[NewDate(2026, 1, 1).AddDays(i)] = ""
	}
	d, err = p.Due("answer", at(t, p, "2026-01-05"), DueOptions{Holidays: NewHolidayList("all", all)})
	if err == nil && d.Due.Year() < 2080 {
		t.Errorf("due %s although no day is worked before 2080", d.Due)
	}
}

func TestDueRefuses(t *testing.T) {
	p := embeddedPack(t, "id")
	now := at(t, p, "2026-01-05")
	for _, tt := range []struct {
		name, clock string
		received    time.Time
		o           DueOptions
		want        error
	}{
		{"an unknown clock", "answr", now, DueOptions{}, ErrUnknownClock},
		{"an extension the law does not have", "review", now, DueOptions{Extended: true}, ErrNoExtension},
		{"an unknown zone", "answer", now, DueOptions{Zone: "Mars/Phobos"}, ErrUnknownZone},
		{"a year before calendars", "answer", time.Date(12, 1, 1, 0, 0, 0, 0, time.UTC), DueOptions{}, ErrOutOfRange},
		{"a year after them", "answer", time.Date(9500, 1, 1, 0, 0, 0, 0, time.UTC), DueOptions{}, ErrOutOfRange},
		{"an unknown event", "answer", now, DueOptions{Events: []ClockEvent{{At: now, Event: "snoozed"}}}, errEventUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := p.Due(tt.clock, tt.received, tt.o); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := p.RungDue(ClassPublic, 1, now, DueOptions{}); !errors.Is(err, ErrUnknownRung) {
		t.Errorf("a public case has a rung: %v", err)
	}
	if _, err := p.RungDue(ClassRestricted, 9, now, DueOptions{}); !errors.Is(err, ErrUnknownRung) {
		t.Errorf("there is a ninth rung: %v", err)
	}
}

func TestStillPaused(t *testing.T) {
	p := embeddedPack(t, "gb")
	d, err := p.Due("answer", at(t, p, "2026-02-02"), DueOptions{Events: []ClockEvent{{At: at(t, p, "2026-02-09"), Event: "paused", Why: "fee"}}})
	if err != nil {
		t.Fatal(err)
	}
	if !d.Paused || len(d.Warnings) != 1 || !strings.HasPrefix(d.Warnings[0], "clock_paused") {
		t.Errorf("paused %v, warnings %v", d.Paused, d.Warnings)
	}
}

func TestMissingYears(t *testing.T) {
	p := embeddedPack(t, "id")
	got := p.MissingYears(NewDate(2026, 11, 1), NewDate(2027, 3, 1))
	if len(got) != 1 || !strings.Contains(got[0].Message, "2027") || got[0].Line == 0 || !strings.HasSuffix(got[0].File, "holidays.yaml") {
		t.Errorf("%v", got)
	}
}

func TestVersionsInForce(t *testing.T) {
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ on, version string }{{"2025-11-13", "2005.1"}, {"2025-11-14", "2025.1"}, {"2005-10-12", "2005.1"}} {
		p, err := r.InForce("in", date(t, tt.on))
		if err != nil || p.Version != tt.version {
			t.Errorf("on %s: %v, %v", tt.on, p, err)
		}
	}
	if _, err := r.InForce("in", date(t, "2005-10-11")); !errors.Is(err, ErrNotYetInForce) {
		t.Errorf("before the act: %v", err)
	}
	if _, err := r.InForce("fr", date(t, "2026-01-01")); !errors.Is(err, ErrNoSuchPack) {
		t.Errorf("an unknown law: %v", err)
	}
	p, err := r.Governing("in", date(t, "2004-01-01"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Due("answer", at(t, p, "2004-01-01"), DueOptions{})
	if err != nil || len(d.Warnings) == 0 || !strings.HasPrefix(d.Warnings[0], "before_effective") {
		t.Errorf("warnings %v, %v", d.Warnings, err)
	}
	old, err := r.Version("in", "2005.1")
	if err != nil || old.Hash == p.Hash && old != p {
		t.Errorf("version 2005.1: %v, %v", old, err)
	}
}

// The hash is over content, not over how a checkout ends its lines.
func TestHash(t *testing.T) {
	load := func(edit func(string) string) string {
		fsys := fstest.MapFS{}
		for name, f := range skeletonFS(t, "xx") {
			fsys[name] = &fstest.MapFile{Data: []byte(edit(string(f.Data)))}
		}
		r, err := Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		return r.All()[0].Hash
	}
	same := load(func(s string) string { return s })
	if got := load(func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }); got != same {
		t.Error("line ends changed the hash")
	}
	if got := load(func(s string) string { return strings.ReplaceAll(s, "length: 10", "length: 11") }); got == same {
		t.Error("another term has the same hash")
	}
}

func TestWorkingDayBefore(t *testing.T) {
	p := embeddedPack(t, "id")
	// id8 backwards: 30 working days before 17 March 2026 is 30 January.
	if got := p.WorkingDayBefore(NewDate(2026, 3, 17), 30, DueOptions{}); got != NewDate(2026, 1, 30) {
		t.Errorf("30 working days before 2026-03-17 is %s", got)
	}
	if got := p.WorkingDayBefore(NewDate(2026, 3, 17), 0, DueOptions{}); got != NewDate(2026, 3, 17) {
		t.Errorf("no days before is %s", got)
	}
}

func TestPauseReasons(t *testing.T) {
	p := embeddedPack(t, "gb")
	c, _ := p.Clock("answer")
	for why, want := range map[string]string{
		"fees notice given": "fee", "awaiting payment": "fee", "Clarification asked": "clarification", "on hold": "fee",
	} {
		if got := c.pauseFor(why); got == nil || got.Reason != want {
			t.Errorf("%q means %v, want %s", why, got, want)
		}
	}
}
