package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Holidays says which days are not working days. A law either lists them by decree,
// year by year (Indonesia), or by rule over a span of years (the other packs), or both.
type Holidays struct {
	Weekend []string      `yaml:"weekend" json:"weekend"` // English names of weekdays
	Union   []string      `yaml:"union_of" json:"union_of,omitempty"`
	Span    Span          `yaml:"span" json:"span"`
	Rules   []HolidayRule `yaml:"rules" json:"rules,omitempty"`
	Decrees []Decree      `yaml:"decrees" json:"decrees,omitempty"`
	Freezes []Freeze      `yaml:"freezes" json:"freezes,omitempty"`
	Leave   LeaveSwitch   `yaml:"cuti_bersama" json:"cuti_bersama"`
	Legal   `yaml:",inline"`
}

// LeaveSwitch says how collective leave (cuti bersama) counts unless a body has its own setting.
type LeaveSwitch struct {
	Working bool `yaml:"is_working_day" json:"is_working_day"`
	Legal   `yaml:",inline"`
}

// Span is the years for which the rules are known to hold, both included.
type Span struct {
	From int `yaml:"from" json:"from"`
	To   int `yaml:"to" json:"to"`
}

// HolidayRule makes a holiday every year by exactly one of Fixed, Nth, Easter or Dates.
type HolidayRule struct {
	ID       string   `yaml:"id" json:"id"`
	Name     Text     `yaml:"name" json:"name"`
	Fixed    string   `yaml:"fixed" json:"fixed,omitempty"` // "12-25"
	Nth      *Nth     `yaml:"nth" json:"nth,omitempty"`
	Easter   *int     `yaml:"easter" json:"easter,omitempty"` // days after Easter Sunday
	Dates    []Date   `yaml:"dates" json:"dates,omitempty"`
	Observed string   `yaml:"observed" json:"observed,omitempty"` // see observe
	Class    string   `yaml:"class" json:"class,omitempty"`       // holiday (default), optional, reduced
	Regions  []string `yaml:"regions" json:"regions,omitempty"`   // empty: everywhere
	From     int      `yaml:"from" json:"from,omitempty"`
	Until    int      `yaml:"until" json:"until,omitempty"`
	Except   []int    `yaml:"except" json:"except,omitempty"` // years in which it was moved; the moved day is a rule with Dates
	Legal    `yaml:",inline"`
}

// Nth is the n-th weekday of a month; -1 is the last.
type Nth struct {
	N       int    `yaml:"n" json:"n"`
	Weekday string `yaml:"weekday" json:"weekday"`
	Month   int    `yaml:"month" json:"month"`
}

// Decree lists the days of one year. A later decree for the same year replaces the
// earlier one from the day it was issued.
type Decree struct {
	ID     string       `yaml:"id" json:"id"`
	Year   int          `yaml:"year" json:"year"`
	Issued Date         `yaml:"issued" json:"issued"`
	Amends string       `yaml:"amends" json:"amends,omitempty"`
	Days   []DecreedDay `yaml:"days" json:"days"`
	Legal  `yaml:",inline"`
}

// DecreedDay is one day of a decree.
type DecreedDay struct {
	Date  Date   `yaml:"date" json:"date"`
	Class string `yaml:"class" json:"class"` // national ad_hoc cuti_bersama
	Name  Text   `yaml:"name" json:"name"`
	By    string `yaml:"by" json:"by,omitempty"` // its own instrument, where it is not the decree
}

// Freeze is a period in which clocks stand still.
type Freeze struct {
	ID    string `yaml:"id" json:"id"`
	From  Date   `yaml:"from" json:"from"`
	To    Date   `yaml:"to" json:"to"`
	Title Text   `yaml:"title" json:"title"`
	Legal `yaml:",inline"`
}

var weekdays = map[string]time.Weekday{
	"sunday": time.Sunday, "monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday,
	"thursday": time.Thursday, "friday": time.Friday, "saturday": time.Saturday,
}

// on returns the date of the rule in a year before any observed-day rule, and
// whether it has one.
func (r *HolidayRule) on(year int) (Date, bool) {
	if (r.From != 0 && year < r.From) || (r.Until != 0 && year > r.Until) || slices.Contains(r.Except, year) {
		return Date{}, false
	}
	switch {
	case r.Fixed != "":
		d, err := ParseDate(fmt.Sprintf("%04d-%s", year, r.Fixed))
		return d, err == nil // 29 February exists in leap years only
	case r.Nth != nil:
		return nthWeekday(year, time.Month(r.Nth.Month), weekdays[r.Nth.Weekday], r.Nth.N), true
	case r.Easter != nil:
		return easter(year).AddDays(*r.Easter), true
	}
	return Date{}, false
}

func nthWeekday(year int, month time.Month, weekday time.Weekday, n int) Date {
	if n < 0 {
		last := NewDate(year, month+1, 1).AddDays(-1)
		back := (int(last.Weekday()) - int(weekday) + 7) % 7
		return last.AddDays(-back + 7*(n+1))
	}
	first := NewDate(year, month, 1)
	ahead := (int(weekday) - int(first.Weekday()) + 7) % 7
	return first.AddDays(ahead + 7*(n-1))
}

// ruleDay is a day that a rule makes, after the observed-day rule.
type ruleDay struct {
	date   Date
	rule   *HolidayRule
	detail string // why it is not on its own date
}

// byRule computes the days of all rules for a region ("" for laws without regions).
// It starts a year early and ends a year late, because an observed day can fall in
// the year before (1 January 2028 is a Saturday, observed on 31 December 2027).
func (h *Holidays) byRule(region string) []ruleDay {
	var days []ruleDay
	taken := map[Date]bool{}
	add := func(d Date, r *HolidayRule, detail string) {
		taken[d] = true
		days = append(days, ruleDay{d, r, detail})
	}
	for year := h.Span.From - 1; year <= h.Span.To+1; year++ {
		var moved []ruleDay
		for i := range h.Rules {
			r := &h.Rules[i]
			if region != "" && len(r.Regions) > 0 && !slices.Contains(r.Regions, region) {
				continue
			}
			for _, d := range r.Dates {
				if d.Year() == year {
					add(d, r, "")
				}
			}
			d, ok := r.on(year)
			if !ok {
				continue
			}
			switch r.Observed {
			case "us": // 5 U.S.C. 6103(b): Saturday is observed on Friday, Sunday on Monday
				switch d.Weekday() {
				case time.Saturday:
					add(d.AddDays(-1), r, "observed for Saturday "+d.String())
				case time.Sunday:
					add(d.AddDays(1), r, "observed for Sunday "+d.String())
				default:
					add(d, r, "")
				}
			case "next_free":
				if d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
					moved = append(moved, ruleDay{d, r, "substitute for " + d.Weekday().String() + " " + d.String()})
				} else {
					add(d, r, "")
				}
			default:
				add(d, r, "")
			}
		}
		// Substitutes come last and in order of date, so that Christmas on a Saturday takes
		// Monday and Boxing Day on the Sunday takes Tuesday.
		slices.SortFunc(moved, func(a, b ruleDay) int { return a.date.Compare(b.date) })
		for _, m := range moved {
			d := m.date
			for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday || taken[d] {
				d = d.AddDays(1)
			}
			add(d, m.rule, m.detail)
		}
	}
	return days
}

// decreeFor returns the decree in force for a year as known on a date; the zero
// date means everything known.
func (h *Holidays) decreeFor(year int, known Date) *Decree {
	var best *Decree
	for i := range h.Decrees {
		d := &h.Decrees[i]
		if d.Year != year || (!known.IsZero() && d.Issued.After(known)) {
			continue
		}
		if best == nil || !best.Issued.After(d.Issued) {
			best = d
		}
	}
	return best
}

// years returns the years for which there is a list, as known on a date.
func (h *Holidays) years(known Date) map[int]bool {
	years := map[int]bool{}
	if len(h.Rules) > 0 {
		for y := h.Span.From; y <= h.Span.To; y++ {
			years[y] = true
		}
	}
	for i := range h.Decrees {
		if d := &h.Decrees[i]; known.IsZero() || !d.Issued.After(known) {
			years[d.Year] = true
		}
	}
	return years
}

func joinRegions(regions []string) string { return strings.Join(regions, ", ") }
