package policies

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Errors of the engine, to be tested with errors.Is.
var (
	ErrUnknownClock   = errors.New("no such clock in the pack")
	ErrNoExtension    = errors.New("the law gives this clock no extension")
	ErrOutOfRange     = errors.New("date outside the calendar")
	ErrUnknownZone    = errors.New("unknown time zone")
	ErrUnknownRung    = errors.New("no such rung in the chain")
	ErrNoSuchPack     = errors.New("no such pack")
	ErrNotYetInForce  = errors.New("no version of the pack was in force on that date")
	errTermNeverEnds  = errors.New("the term does not end within a century: the holiday list leaves no working days")
	errEventUnknown   = errors.New("unknown clock event")
	maxExplainedDays  = 40_000 // a century and a bit; no statute counts further
	firstYear, lastYr = 1800, 9000
)

// ClockEvent is something that happened to a running clock, from its ledger.
type ClockEvent struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event"` // paused resumed restarted extended
	Why     string    `json:"why"`   // the pause's reason (clarification, fee) or free text
	Article string    `json:"article,omitempty"`
	Actor   string    `json:"actor,omitempty"`
}

// DueOptions are what may change a due date besides the day of receipt.
type DueOptions struct {
	Extended           bool         // the first extension of the law was used
	Events             []ClockEvent // the clock's ledger, in any order
	CutiBersamaWorking bool         // the body works on collective leave days
	Holidays           *HolidayList // replaces the pack's own holidays
	Zone               string       // the body's zone, "" for the pack's
	HolidaysKnownOn    Date         // only decrees issued by that day; zero for all
	Decrees            *Decrees     // decrees the installation added to the pack's, nil for none
}

// Deadline is a due date with everything that led to it.
type Deadline struct {
	Pack     string    `json:"pack"`
	Version  string    `json:"version"`
	Hash     string    `json:"hash"`
	Clock    string    `json:"clock"`
	Received Date      `json:"received"`
	DayOne   Date      `json:"day_one"`
	Due      Date      `json:"due"`
	DueAt    time.Time `json:"due_at"`           // last instant, to the second, UTC
	Paused   bool      `json:"paused,omitempty"` // still stopped: Due is the earliest it can be
	Extended bool      `json:"extended,omitempty"`
	Basis    []Basis   `json:"basis"`
	Days     []Day     `json:"days"`
	Warnings []string  `json:"warnings,omitempty"` // "code: sentence"
}

// Basis is one rule that a date rests on.
type Basis struct {
	Rule     string `json:"rule"` // length first_day holidays cuti_bersama extension pause restart freeze roll lapse
	Article  string `json:"article"`
	Source   string `json:"source"`
	Verified bool   `json:"verified"`
	Text     Text   `json:"text"`
}

// Day is one day on the way to a due date.
type Day struct {
	Date    Date   `json:"date"`
	Counted bool   `json:"counted"`
	Why     string `json:"why"`              // see WhyCounted and its neighbours
	Detail  string `json:"detail,omitempty"` // holiday and decree, or reason of a pause
	N       int    `json:"n,omitempty"`      // the how-manieth counted day
}

// clockBasis is the part of an explanation that is the same for every case.
type clockBasis struct{ length, first, roll, lapse Basis }

// count is the state of one run of a clock.
type count struct {
	p     *Pack
	c     *Clock
	cal   *calendar
	loc   *time.Location
	stops []stop
	basis []Basis
	warn  []string
}

// stop is a period in which the clock stands still, both days included.
type stop struct {
	from, to Date
	why      string
}

// Due computes when clock runs out for something received at an instant, and
// explains it day by day. It returns ErrUnknownClock, ErrUnknownZone,
// ErrNoExtension or ErrOutOfRange; whatever the law leaves open is stated in
// Deadline.Warnings.
func (p *Pack) Due(clock string, received time.Time, o DueOptions) (Deadline, error) {
	c, ok := p.Clock(clock)
	if !ok {
		return Deadline{}, fmt.Errorf("pack %s: clock %q: %w; it has %s", p.ID, clock, ErrUnknownClock, strings.Join(p.clockNames(), ", "))
	}
	loc, err := p.zone(o.Zone)
	if err != nil {
		return Deadline{}, fmt.Errorf("zone %q: %w", o.Zone, ErrUnknownZone)
	}
	if y := received.Year(); y < firstYear || y > lastYr {
		return Deadline{}, fmt.Errorf("received in year %d: %w (%d to %d)", y, ErrOutOfRange, firstYear, lastYr)
	}
	if o.Extended && c.Extension == nil {
		return Deadline{}, fmt.Errorf("pack %s: clock %s: %w", p.ID, clock, ErrNoExtension)
	}
	k := &count{p: p, c: c, cal: p.calendarFor(o), loc: loc}
	k.basis = append(make([]Basis, 0, 8), c.basis.length, c.basis.first)
	d := Deadline{Pack: p.ID, Version: p.Version, Hash: p.Hash, Clock: clock, Received: DateOf(received, loc)}

	start, extensions, err := k.ledger(received, o.Events, &d)
	if err != nil {
		return Deadline{}, err
	}
	added := 0
	if o.Extended {
		added = c.Extension.Length
		k.cite("extension", c.Extension.Legal, c.Extension.text(c))
	}
	added += k.extensions(start, extensions, o.Extended)
	d.Extended = added > 0
	if err := k.run(start, c.Length, added, &d); err != nil {
		return Deadline{}, err
	}
	k.citeHolidays(&d, o)
	if c.OnLapse.Effect != "" && c.OnLapse.Effect != "none" {
		k.basis = append(k.basis, c.basis.lapse)
	}
	if d.Received.Before(p.Effective) {
		k.warnf("before_effective: %s is before %s, the first day of this law", d.Received, p.Effective)
	}
	d.Basis, d.Warnings = k.basis, k.warn
	return d, nil
}

func (p *Pack) clockNames() []string {
	names := make([]string, len(p.Clocks))
	for i := range p.Clocks {
		names[i] = p.Clocks[i].Name
	}
	return names
}

func (k *count) cite(rule string, l Legal, t Text) {
	k.basis = append(k.basis, Basis{Rule: rule, Article: l.Article, Source: l.Source, Verified: l.Verified, Text: t})
}

// missingYear is the code of the warning that a year has no list of days off.
const missingYear = "holiday_year_missing"

var missingYearText = regexp.MustCompile("^" + missingYear + `: no holiday list is known for ([0-9]+)`)

// MissingYear reads from a Deadline's warning which year has no list of days off.
func MissingYear(warning string) (year string, ok bool) {
	m := missingYearText.FindStringSubmatch(warning)
	if m == nil {
		return "", false
	}
	return m[1], true
}

func (k *count) warnf(format string, args ...any) {
	k.warn = append(k.warn, fmt.Sprintf(format, args...))
}

func (e *Extension) text(c *Clock) Text {
	n := strconv.Itoa(e.Length)
	return Text{ID: "Diperpanjang " + n + " " + unitNames[c.Unit].ID, EN: "Extended by " + n + " " + unitNames[c.Unit].EN}
}

var unitNames = map[string]Text{
	"working":  {ID: "hari kerja", EN: "working days"},
	"calendar": {ID: "hari kalender", EN: "calendar days"},
	"hours":    {ID: "jam", EN: "hours"},
	"weeks":    {ID: "minggu", EN: "weeks"},
	"months":   {ID: "bulan", EN: "months"},
	"years":    {ID: "tahun", EN: "years"},
}

// run counts length plus added units from start and fills d with the way there.
func (k *count) run(start time.Time, length, added int, d *Deadline) error {
	c := k.c
	received := DateOf(start, k.loc)
	zero := received
	if c.FirstDay == "next_business_then_calendar" || c.cutoff >= 0 {
		if ok, _ := k.cal.working(zero); !ok || (c.cutoff >= 0 && secondsOfDay(start, k.loc) >= c.cutoff) {
			zero = k.cal.nextWorking(zero)
		}
	}
	switch c.FirstDay {
	case "next_calendar":
		d.DayOne = zero.AddDays(1)
	case "same_day":
		d.DayOne = zero
	default:
		d.DayOne = k.cal.nextWorking(zero)
	}
	total := length + added
	switch c.Unit {
	case "hours":
		return k.runHours(start, total, d)
	case "months", "years":
		return k.runMonths(received, zero, total, d)
	case "weeks":
		total *= 7
	}
	d.Days = make([]Day, 0, total+total/2+8)
	k.beforeStart(received, zero, d)
	n := 0
	for day := d.DayOne; ; day = day.AddDays(1) {
		if len(d.Days) > maxExplainedDays {
			return errTermNeverEnds
		}
		x := Day{Date: day, Why: WhyCounted, Counted: true}
		if off, is := k.notCounted(day); is {
			x = off
		} else {
			n++
			x.N = n
		}
		d.Days = append(d.Days, x)
		if n >= total {
			d.Due = day
			break
		}
	}
	k.roll(d)
	d.DueAt = d.Due.LastSecond(k.loc)
	return nil
}

func secondsOfDay(t time.Time, loc *time.Location) int {
	h, m, s := t.In(loc).Clock()
	return h*3600 + m*60 + s
}

// beforeStart explains the days between receipt and day one.
func (k *count) beforeStart(received, zero Date, d *Deadline) {
	for day := received; day.Before(d.DayOne); day = day.AddDays(1) {
		x := Day{Date: day, Why: WhyBeforeStart}
		if ok, off := k.cal.working(day); !ok {
			x.Why, x.Detail = off.why, off.detail
		} else if day == zero && zero != received {
			x.Detail = "counts as the day of receipt"
		} else if day == received && zero != received {
			x.Detail = "received from the cut-off on, at " + k.c.Cutoff
		}
		d.Days = append(d.Days, x)
	}
}

// notCounted reports whether a day on or after day one is left out, and why.
func (k *count) notCounted(day Date) (Day, bool) {
	if k.c.Unit == "working" {
		if ok, off := k.cal.working(day); !ok {
			return Day{Date: day, Why: off.why, Detail: off.detail}, true
		}
	}
	for i := range k.stops {
		if s := &k.stops[i]; !day.Before(s.from) && !day.After(s.to) {
			return Day{Date: day, Why: WhyPaused, Detail: s.why}, true
		}
	}
	if f := k.cal.frozen(day, k.c.Freezes); f != nil {
		return Day{Date: day, Why: WhyFrozen, Detail: f.Title.EN + "; " + f.Article}, true
	}
	return Day{}, false
}

// roll moves a due date that falls on a day without (full) work to the next working
// day, where the law says so.
func (k *count) roll(d *Deadline) {
	switch k.c.Roll {
	case "forward":
		if ok, _ := k.cal.endable(d.Due); ok {
			return
		}
	case "sunday_or_holiday":
		// UU 30/2014 art. 58(3) names Sundays and national holidays only: a Saturday or
		// a day of collective leave stays.
		off := k.cal.off[d.Due]
		if d.Due.Weekday() != time.Sunday && off.why != WhyHoliday {
			return
		}
	default:
		return
	}
	k.basis = append(k.basis, k.c.basis.roll)
	for range 366 {
		d.Due = d.Due.AddDays(1)
		ok, off := k.cal.endable(d.Due)
		if f := k.cal.frozen(d.Due, k.c.Freezes); ok && f != nil {
			ok, off = false, offDay{why: WhyFrozen, detail: f.Title.EN}
		}
		if ok {
			d.Days = append(d.Days, Day{Date: d.Due, Why: WhyRolled})
			return
		}
		d.Days = append(d.Days, Day{Date: d.Due, Why: off.why, Detail: off.detail})
	}
}

// runHours counts clock hours without a break, but for stops, from the instant of receipt.
func (k *count) runHours(start time.Time, hours int, d *Deadline) error {
	d.DayOne = DateOf(start, k.loc)
	at := start.Add(time.Duration(hours) * time.Hour)
	for _, s := range k.stops {
		at = at.AddDate(0, 0, s.to.Sub(s.from)+1)
	}
	d.DueAt, d.Due = at.UTC().Truncate(time.Second), DateOf(at, k.loc)
	if d.Due.Sub(d.DayOne) > maxExplainedDays {
		return errTermNeverEnds
	}
	n := 0
	for day := d.DayOne; !day.After(d.Due); day = day.AddDays(1) {
		if off, is := k.notCounted(day); is {
			d.Days = append(d.Days, off)
			continue
		}
		n++
		d.Days = append(d.Days, Day{Date: day, Counted: true, Why: WhyCounted, N: n})
	}
	return nil
}

// runMonths counts months or years from the day of receipt to the same day of the
// last month (Regulation 1182/71 art. 3(2)(c) and its like elsewhere). Its days hold
// only the ends: nobody checks six years day by day.
func (k *count) runMonths(received, zero Date, n int, d *Deadline) error {
	if k.c.Unit == "years" {
		n *= 12
	}
	k.beforeStart(received, zero, d)
	d.Due = zero.AddMonths(n).AddDays(k.c.Plus)
	for _, s := range k.stops {
		d.Due = d.Due.AddDays(s.to.Sub(s.from) + 1)
	}
	if d.Due.Year() > lastYr {
		return fmt.Errorf("due in year %d: %w", d.Due.Year(), ErrOutOfRange)
	}
	d.Days = append(d.Days, Day{Date: d.DayOne, Counted: true, Why: WhyCounted, N: 1})
	if d.Due.After(d.DayOne) {
		d.Days = append(d.Days, Day{Date: d.Due, Counted: true, Why: WhyCounted, N: d.Due.Sub(d.DayOne) + 1})
	}
	k.roll(d)
	d.DueAt = d.Due.LastSecond(k.loc)
	return nil
}

// citeHolidays says which lists were used, and warns of years that have none.
func (k *count) citeHolidays(d *Deadline, o DueOptions) {
	if k.c.Unit != "working" && k.c.Roll == "keep" && k.c.FirstDay != "next_working" && k.c.FirstDay != "next_business_then_calendar" {
		return // no holiday can move this date
	}
	h := &k.p.Holidays
	if o.Decrees != nil {
		h = o.Decrees.over(h)
	}
	if o.Holidays != nil {
		k.cite("holidays", Legal{Article: o.Holidays.Name, Source: "list given in place of the pack's"},
			Text{ID: "Daftar hari libur " + o.Holidays.Name, EN: "Holiday list " + o.Holidays.Name})
	}
	cited := false
	for year := d.Received.Year(); year <= d.Due.Year(); year++ {
		if !k.cal.years[year] {
			k.warnf(missingYear+": no holiday list is known for %d; only weekends were left out, so the true date may be later", year)
			continue
		}
		if o.Holidays != nil {
			continue
		}
		if decree := h.decreeFor(year, o.HolidaysKnownOn); decree != nil {
			k.cite("holidays", Legal{Article: decree.ID, Source: decree.Source, Verified: decree.Verified},
				Text{ID: "Hari libur " + strconv.Itoa(year) + ": " + decree.ID, EN: "Holidays of " + strconv.Itoa(year) + ": " + decree.ID})
		} else if !cited {
			cited = true
			k.cite("holidays", h.Legal, Text{ID: "Hari libur menurut aturan tetap", EN: "Holidays by standing rules"})
		}
	}
	if o.Holidays == nil && h.Leave.Article != "" && k.c.Unit == "working" {
		t := Text{ID: "Cuti bersama bukan hari kerja", EN: "Collective leave is not a working day"}
		if o.CutiBersamaWorking || h.Leave.Working {
			t = Text{ID: "Cuti bersama dihitung sebagai hari kerja (pengaturan badan publik)", EN: "Collective leave counts as a working day (the body's setting)"}
		}
		k.cite("cuti_bersama", h.Leave.Legal, t)
	}
}
