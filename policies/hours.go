package policies

import (
	"fmt"
	"strconv"
	"time"
)

// RungDue computes when the holder of a rung must have decided: the rung's working
// hours, in the office hours of the body's zone, from the moment it was opened. It
// returns ErrUnknownRung where the classification has no such rung.
func (p *Pack) RungDue(classification string, level int, opened time.Time, o DueOptions) (Deadline, error) {
	return p.rungDue(classification, level, opened, o, func(r *Rung) int { return r.DecideHours })
}

// RungAcknowledgeDue is RungDue for the acknowledgement.
func (p *Pack) RungAcknowledgeDue(classification string, level int, opened time.Time, o DueOptions) (Deadline, error) {
	return p.rungDue(classification, level, opened, o, func(r *Rung) int { return r.AcknowledgeHours })
}

func (p *Pack) rungDue(classification string, level int, opened time.Time, o DueOptions, hours func(*Rung) int) (Deadline, error) {
	chain, ok := p.Chain(classification)
	if !ok {
		return Deadline{}, fmt.Errorf("pack %s: no chain for %q: %w", p.ID, classification, ErrUnknownRung)
	}
	rung, ok := byID(chain.Rungs, func(r *Rung) bool { return r.Level == level })
	if !ok {
		return Deadline{}, fmt.Errorf("pack %s: chain %s has no rung %d: %w", p.ID, classification, level, ErrUnknownRung)
	}
	loc, err := p.zone(o.Zone)
	if err != nil {
		return Deadline{}, fmt.Errorf("zone %q: %w", o.Zone, ErrUnknownZone)
	}
	if y := opened.Year(); y < firstYear || y > lastYr {
		return Deadline{}, fmt.Errorf("opened in year %d: %w", y, ErrOutOfRange)
	}
	k := &count{p: p, cal: p.calendarFor(o), loc: loc, c: &Clock{Unit: "working", Roll: "keep"}}
	d := Deadline{
		Pack: p.ID, Version: p.Version, Hash: p.Hash, Clock: "rung:" + classification + ":" + strconv.Itoa(level),
		Received: DateOf(opened, loc),
	}
	n := strconv.Itoa(hours(rung))
	k.cite("length", rung.Legal, Text{ID: rung.Title.ID + ": " + n + " jam kerja", EN: rung.Title.EN + ": " + n + " working hours"})
	k.cite("office_hours", p.Office.Legal, Text{
		ID: "Jam kerja " + p.Office.Start + "-" + p.Office.End, EN: "Office hours " + p.Office.Start + "-" + p.Office.End,
	})
	if err := k.officeHours(opened, time.Duration(hours(rung))*time.Hour, &d); err != nil {
		return Deadline{}, err
	}
	k.citeHolidays(&d, o)
	d.Basis, d.Warnings = k.basis, k.warn
	return d, nil
}

// officeHours spends left on the office hours of working days from opened on.
func (k *count) officeHours(opened time.Time, left time.Duration, d *Deadline) error {
	n := 0
	for day := d.Received; ; day = day.AddDays(1) {
		if len(d.Days) > maxExplainedDays {
			return errTermNeverEnds
		}
		if ok, off := k.cal.working(day); !ok {
			d.Days = append(d.Days, Day{Date: day, Why: off.why, Detail: off.detail})
			continue
		}
		from, to := atSecond(day, k.p.Office.start, k.loc), atSecond(day, k.p.Office.end, k.loc)
		if opened.After(from) {
			from = opened
		}
		if !from.Before(to) {
			d.Days = append(d.Days, Day{Date: day, Why: WhyBeforeStart, Detail: "after office hours"})
			continue
		}
		if d.DayOne.IsZero() {
			d.DayOne = day
		}
		n++
		spent := min(left, to.Sub(from))
		left -= spent
		d.Days = append(d.Days, Day{Date: day, Counted: true, Why: WhyCounted, N: n, Detail: spent.Truncate(time.Second).String()})
		if left <= 0 {
			d.Due, d.DueAt = day, from.Add(spent).UTC().Truncate(time.Second)
			return nil
		}
	}
}

func atSecond(d Date, seconds int, loc *time.Location) time.Time {
	y, m, day := d.civil()
	return time.Date(y, m, day, 0, 0, seconds, 0, loc)
}
