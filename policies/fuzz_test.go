package policies

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// FuzzDue holds what must be true of every due date, whatever the law and the day:
// the counted days are as many as the term, they rise without a gap, no day stands
// twice, none counted is a day off, and the due date is the last of them or a rolled one.
func FuzzDue(f *testing.F) {
	r, err := Embedded()
	if err != nil {
		f.Fatal(err)
	}
	packs := r.All()
	f.Add(uint8(0), uint8(1), int64(1767571200), int16(3), int16(9), false)
	f.Add(uint8(3), uint8(0), int64(1770000000), int16(0), int16(0), true)
	f.Add(uint8(1), uint8(0), int64(1773446400), int16(-4), int16(40), true)
	f.Fuzz(func(t *testing.T, which, clock uint8, unix int64, pauseAfter, pauseFor int16, extended bool) {
		p := packs[int(which)%len(packs)]
		c := &p.Clocks[int(clock)%len(p.Clocks)]
		received := time.Unix(unix%(200*365*86400), 0).UTC()
		o := DueOptions{Extended: extended && c.Extension != nil}
		if pauseFor > 0 {
			from := received.AddDate(0, 0, int(pauseAfter))
			o.Events = []ClockEvent{{At: from, Event: "paused", Why: "fee"}, {At: from.AddDate(0, 0, int(pauseFor)), Event: "resumed"}}
		}
		d, err := p.Due(c.Name, received, o)
		if err != nil {
			t.Fatalf("%s %s %s: %v", p.ID, c.Name, received, err)
		}
		holds(t, p, c, d, o)
	})
}

func holds(t *testing.T, p *Pack, c *Clock, d Deadline, o DueOptions) {
	t.Helper()
	if d.Due.Before(d.DayOne) && c.Unit != "hours" {
		t.Fatalf("due %s before day one %s", d.Due, d.DayOne)
	}
	if got := DateOf(d.DueAt, p.Location()); got != d.Due {
		t.Fatalf("the last instant %s is on %s, not on %s", d.DueAt, got, d.Due)
	}
	again, err := p.Due(c.Name, d.Received.In(p.Location()).Add(12*time.Hour), o)
	if err == nil && c.cutoff < 0 && c.Unit != "hours" && len(o.Events) == 0 && again.Due != d.Due {
		t.Fatalf("another hour of %s gives %s, not %s", d.Received, again.Due, d.Due)
	}
	if c.Unit != "working" && c.Unit != "calendar" && c.Unit != "weeks" {
		return
	}
	want := c.Length
	if o.Extended {
		want += c.Extension.Length
	}
	if c.Unit == "weeks" {
		want *= 7
	}
	n, last := 0, Date{}
	for _, day := range d.Days {
		if !last.IsZero() && day.Date != last.AddDays(1) {
			t.Fatalf("%s follows %s", day.Date, last)
		}
		last = day.Date
		if !day.Counted {
			continue
		}
		n++
		if day.N != n {
			t.Fatalf("%s is numbered %d, want %d", day.Date, day.N, n)
		}
		if ok, why, _ := p.WorkingDay(day.Date, o); c.Unit == "working" && !ok {
			t.Fatalf("%s counts although it is %s", day.Date, why)
		}
	}
	if n != want {
		t.Fatalf("%d days counted, want %d", n, want)
	}
	if last != d.Due {
		t.Fatalf("the way ends on %s, due is %s", last, d.Due)
	}
}

// FuzzRungDue holds that office hours are spent in full and within office hours.
func FuzzRungDue(f *testing.F) {
	p := embeddedPack(f, "id")
	f.Add(int64(1767571200), true, uint8(0))
	f.Fuzz(func(t *testing.T, unix int64, restricted bool, level uint8) {
		class := ClassConfidential
		if restricted {
			class = ClassRestricted
		}
		chain, _ := p.Chain(class)
		rung := chain.Rungs[int(level)%len(chain.Rungs)]
		opened := time.Unix(unix%(200*365*86400), 0)
		d, err := p.RungDue(class, rung.Level, opened, DueOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !d.DueAt.After(opened) {
			t.Fatalf("due %s is not after %s", d.DueAt, opened)
		}
		local := d.DueAt.In(p.Location())
		if s := secondsOfDay(local, p.Location()); s < p.Office.start || s > p.Office.end {
			t.Fatalf("due at %s, outside office hours", local)
		}
		var spent time.Duration
		for _, day := range d.Days {
			if day.Counted {
				part, err := time.ParseDuration(day.Detail)
				if err != nil {
					t.Fatal(err)
				}
				spent += part
			}
		}
		if spent != time.Duration(rung.DecideHours)*time.Hour {
			t.Fatalf("%s spent, want %d h", spent, rung.DecideHours)
		}
	})
}

func FuzzParseHolidays(f *testing.F) {
	f.Add("2026-01-01 Tahun Baru\n")
	f.Add(calendarText)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseHolidays("f", strings.NewReader(text))
		if err == nil && (l.Len() == 0 || l.Len() > maxHolidayDays) {
			t.Fatalf("%d days", l.Len())
		}
	})
}

func BenchmarkDue(b *testing.B) {
	for _, tt := range []struct{ pack, clock string }{{"id", "answer"}, {"id", "dispute_end"}, {"gb", "answer"}, {"br", "answer"}} {
		p := embeddedPack(b, tt.pack)
		received := at(b, p, "2026-03-09")
		b.Run(tt.pack+"/"+tt.clock, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Due(tt.clock, received, DueOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRungDue(b *testing.B) {
	p := embeddedPack(b, "id")
	opened := at(b, p, "2026-03-17T15:00")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.RungDue(ClassRestricted, 2, opened, DueOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	fsys, err := EmbeddedFS()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Load(fsys); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzLoad holds that no pack, however broken, does more than be reported.
func FuzzLoad(f *testing.F) {
	for _, file := range skeletonFS(f, "xx") {
		f.Add(string(file.Data))
	}
	f.Add("clocks: [{name: a, extensions: [{}], pauses: [{}], on_lapse: {}}]\nholidays: {rules: [{nth: {}}], decrees: [{}], freezes: [{}]}\nchains: [{rungs: [{}]}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		fsys := skeletonFS(t, "xx")
		for _, file := range fsys { // in place of the file that begins alike, and as one more
			if len(text) > 12 && strings.HasPrefix(string(file.Data), text[:12]) {
				file.Data = []byte(text)
			}
		}
		fsys["xx/more.yaml"] = &fstest.MapFile{Data: []byte(text)}
		problems, _, err := Lint(fsys)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			if p.File == "" || p.Message == "" {
				t.Fatalf("a problem without place or words: %+v", p)
			}
		}
	})
}

func FuzzScenario(f *testing.F) {
	r, err := Embedded()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("-- facts --\nlaw: id\nclock: answer\nreceived: 2026-01-15\nevent: 2026-01-16 paused x\n-- law --\ndue: 2026-01-30\n2026-01-16: holiday, x\n")
	f.Add("-- facts --\nlaw: id\nrung: restricted 1\nopened: 2026-01-15\nclass: restricted\n-- law --\ndue at: x\nrungs: y\ntop: z\n")
	f.Fuzz(func(_ *testing.T, text string) { RunScenario(r, "s", []byte(text)) })
}
