package policies

import (
	"slices"
	"time"
)

// Reasons why a day counts or does not, in Day.Why. They are codes; views/text holds the prose.
const (
	WhyCounted     = "counted"
	WhyWeekend     = "weekend"
	WhyHoliday     = "holiday"
	WhyCutiBersama = "cuti_bersama"
	WhyPaused      = "paused"
	WhyFrozen      = "frozen"
	WhyBeforeStart = "before_start"
	WhyRolled      = "rolled"
)

// calendarKey names one reading of a pack's holidays.
type calendarKey struct {
	leaveWorking bool
	known        Date
}

// calendar is a precomputed set of days off. Immutable once built.
type calendar struct {
	weekend [7]bool
	off     map[Date]offDay
	years   map[int]bool // years with a list
	freezes []Freeze
}

// offDay is a day that is not a full working day.
type offDay struct {
	why     string
	detail  string
	reduced bool // a working day with reduced hours: it counts, but a term does not end on it
}

// calendar returns the pack's calendar for a reading, built once.
func (p *Pack) calendar(key calendarKey) *calendar {
	if c, ok := p.calendars.Load(key); ok {
		return c.(*calendar)
	}
	c, _ := p.calendars.LoadOrStore(key, p.Holidays.build(key))
	return c.(*calendar)
}

func (h *Holidays) build(key calendarKey) *calendar {
	c := &calendar{off: map[Date]offDay{}, years: h.years(key.known), freezes: h.Freezes}
	for _, name := range h.Weekend {
		c.weekend[weekdays[name]] = true
	}
	regions := h.Union
	if len(regions) == 0 {
		regions = []string{""}
	}
	in := map[Date][]string{}
	for _, region := range regions {
		for _, d := range h.byRule(region) {
			detail := d.rule.Name.EN
			if d.detail != "" {
				detail += ", " + d.detail
			}
			detail += "; " + d.rule.Article
			if region != "" {
				if !slices.Contains(in[d.date], region) {
					in[d.date] = append(in[d.date], region)
				}
				detail += " [" + joinRegions(in[d.date]) + "]"
			}
			c.set(d.date, offDay{why: WhyHoliday, detail: detail, reduced: d.rule.Class == "reduced"})
		}
	}
	for year := range c.years {
		decree := h.decreeFor(year, key.known)
		if decree == nil {
			continue
		}
		for _, d := range decree.Days {
			by := decree.ID
			if d.By != "" {
				by = d.By
			}
			day := offDay{why: WhyHoliday, detail: d.Name.ID + "; " + by}
			if d.Class == "cuti_bersama" {
				if key.leaveWorking {
					continue
				}
				day.why = WhyCutiBersama
			}
			c.set(d.Date, day)
		}
	}
	return c
}

// set adds a day off; a full day off wins over a reduced one.
func (c *calendar) set(d Date, day offDay) {
	if old, ok := c.off[d]; ok && day.reduced && !old.reduced {
		return
	}
	c.off[d] = day
}

// working reports whether d is a working day, and if not why.
func (c *calendar) working(d Date) (bool, offDay) {
	if c.weekend[d.Weekday()] {
		return false, offDay{why: WhyWeekend}
	}
	if day, ok := c.off[d]; ok && !day.reduced {
		return false, day
	}
	return true, offDay{}
}

// endable reports whether a term may end on d: a working day with full hours.
func (c *calendar) endable(d Date) (bool, offDay) {
	if ok, day := c.working(d); !ok {
		return false, day
	}
	day, reduced := c.off[d]
	return !reduced, day
}

// nextWorking returns the first working day after d.
func (c *calendar) nextWorking(d Date) Date {
	for range 366 { // a calendar with no working day in a year is refused by check
		d = d.AddDays(1)
		if ok, _ := c.working(d); ok {
			return d
		}
	}
	return d
}

// frozen returns the freeze period among ids that d falls in.
func (c *calendar) frozen(d Date, ids []string) *Freeze {
	for i := range c.freezes {
		f := &c.freezes[i]
		if !d.Before(f.From) && !d.After(f.To) && slices.Contains(ids, f.ID) {
			return f
		}
	}
	return nil
}

// WorkingDay reports whether the body works on a date, and if not the code of why
// and the name of the day.
func (p *Pack) WorkingDay(d Date, o DueOptions) (working bool, why, detail string) {
	ok, day := p.calendarFor(o).working(d)
	return ok, day.why, day.detail
}

// KnownYears returns the years for which the pack has a holiday list, ascending.
func (p *Pack) KnownYears() []int {
	var years []int
	for y := range p.Holidays.years(Date{}) {
		years = append(years, y)
	}
	slices.Sort(years)
	return years
}

func (p *Pack) calendarFor(o DueOptions) *calendar {
	if o.Holidays != nil {
		return o.Holidays.calendar(&p.Holidays)
	}
	key := calendarKey{o.CutiBersamaWorking || p.Holidays.Leave.Working, o.HolidaysKnownOn}
	if o.Decrees != nil {
		return o.Decrees.calendar(&p.Holidays, key)
	}
	return p.calendar(key)
}

// zone returns the body's zone if it has one, else the pack's.
func (p *Pack) zone(name string) (*time.Location, error) {
	if name == "" || name == p.Zone {
		return p.loc, nil
	}
	return time.LoadLocation(name)
}

// WorkingDayBefore returns the date n working days before d, counted as the law counts
// forwards: d itself is day zero. An exemption must be decided on 30 working days
// before it ends (PP 61/2010 art. 11(2)).
func (p *Pack) WorkingDayBefore(d Date, n int, o DueOptions) Date {
	c := p.calendarFor(o)
	for range maxExplainedDays {
		if n <= 0 {
			break
		}
		d = d.AddDays(-1)
		if ok, _ := c.working(d); ok {
			n--
		}
	}
	return d
}
