package policies

import (
	"fmt"
	"slices"
	"strconv"
)

var (
	dayClasses  = []string{"national", "ad_hoc", "cuti_bersama"}
	ruleClasses = []string{"", "holiday", "optional", "reduced"}
	observances = []string{"", "us", "next_free"}
)

func (c *checker) holidays() {
	h := &c.l.pack.Holidays
	if _, ok := c.l.at["holidays"]; !ok {
		return
	}
	off := map[string]bool{}
	for i, day := range h.Weekend {
		if _, ok := weekdays[day]; !ok {
			c.bad(fmt.Sprintf("$.holidays.weekend[%d]", i), "weekend: [saturday, sunday]", "weekend day %q is not known", day)
		}
		off[day] = true
	}
	if len(off) == 0 || len(off) == 7 {
		c.bad("$.holidays.weekend", "weekend: [saturday, sunday]", "the week has %d working days", 7-len(off))
	}
	if len(h.Rules) == 0 && len(h.Decrees) == 0 {
		c.bad("$.holidays", "decrees: (year by year) or rules: (for a span of years)", "no holidays at all")
	}
	c.holidayRules(h)
	c.decrees(h)
	seen := map[string]bool{}
	for i := range h.Freezes {
		f := &h.Freezes[i]
		path := fmt.Sprintf("$.holidays.freezes[%d]", i)
		c.unique(path+".id", "freeze", f.ID, seen)
		c.text(path+".title", "freeze "+f.ID, f.Title)
		if f.From.IsZero() || f.To.Before(f.From) {
			c.bad(path, "from: and to: as YYYY-MM-DD, from not after to", "freeze %s runs from %q to %q", f.ID, f.From, f.To)
		}
	}
}

func (c *checker) holidayRules(h *Holidays) {
	if len(h.Rules) > 0 && (h.Span.From < firstYear || h.Span.To < h.Span.From || h.Span.To-h.Span.From > 200) {
		c.bad("$.holidays.span", "span: {from: 2005, to: 2035}", "rules hold from %d to %d", h.Span.From, h.Span.To)
	}
	seen := map[string]bool{}
	for i := range h.Rules {
		r := &h.Rules[i]
		path, what := fmt.Sprintf("$.holidays.rules[%d]", i), "holiday "+r.ID
		c.unique(path+".id", "holiday", r.ID, seen)
		c.text(path+".name", what, r.Name)
		ways := 0
		for _, set := range []bool{r.Fixed != "", r.Nth != nil, r.Easter != nil, len(r.Dates) > 0} {
			if set {
				ways++
			}
		}
		if ways != 1 {
			c.bad(path, `exactly one of fixed: "12-25", nth: {n: 1, weekday: monday, month: 5}, easter: -2, dates: [2022-06-03]`, "%s is made in %d ways", what, ways)
		}
		if r.Fixed != "" {
			if _, err := ParseDate("2024-" + r.Fixed); err != nil {
				c.bad(path+".fixed", `fixed: "12-25", month and day`, "%s: %q is no day of the year", what, r.Fixed)
			}
		}
		if n := r.Nth; n != nil {
			_, ok := weekdays[n.Weekday]
			if !ok || n.Month < 1 || n.Month > 12 || n.N == 0 || n.N < -4 || n.N > 4 {
				c.bad(path+".nth", "nth: {n: 1 to 4 or -1 for the last, weekday: monday, month: 5}", "%s: the %d. %s of month %d", what, n.N, n.Weekday, n.Month)
			}
		}
		c.oneOf(path+".class", what, r.Class, ruleClasses)
		c.oneOf(path+".observed", what, r.Observed, observances)
		for j, region := range r.Regions {
			if !slices.Contains(h.Union, region) {
				c.bad(fmt.Sprintf("%s.regions[%d]", path, j), "a region of union_of", "%s: region %q is not in union_of", what, region)
			}
		}
	}
}

func (c *checker) decrees(h *Holidays) {
	ids := map[string]bool{}
	years := map[int]bool{}
	for i := range h.Decrees {
		d := &h.Decrees[i]
		path, what := fmt.Sprintf("$.holidays.decrees[%d]", i), "decree "+d.ID
		if d.Amends != "" && !ids[d.Amends] {
			c.bad(path+".amends", "amends: the id of a decree that stands above", "%s amends %q, which is not above it", what, d.Amends)
		}
		c.unique(path+".id", "decree", d.ID, ids)
		if d.Issued.IsZero() {
			c.bad(path, "issued: YYYY-MM-DD, the day from which it is known", "%s has no day of issue", what)
		}
		if d.Year < firstYear || d.Year > lastYr {
			c.bad(path+".year", "year: the year whose days it lists, for example 2026", "%s is for the year %d", what, d.Year)
			continue
		}
		years[d.Year] = true
		for j := range h.Decrees[:i] {
			if o := &h.Decrees[j]; o.Year == d.Year && o.Issued == d.Issued {
				c.bad(path+".issued", "a later day of issue for the one that replaces the other", "decrees %s and %s for %d overlap: both were issued on %s", o.ID, d.ID, d.Year, d.Issued)
			}
		}
		seen := map[Date]bool{}
		for j := range d.Days {
			day := &d.Days[j]
			at := fmt.Sprintf("%s.days[%d]", path, j)
			c.oneOf(at+".class", "day "+day.Date.String(), day.Class, dayClasses)
			c.text(at+".name", "day "+day.Date.String(), day.Name)
			if day.Date.Year() != d.Year {
				c.bad(at+".date", "date: a day of "+strconv.Itoa(d.Year), "%s lists %q under %d", what, day.Date, d.Year)
			}
			if seen[day.Date] {
				c.bad(at+".date", "each day once", "%s lists %s twice", what, day.Date)
			}
			seen[day.Date] = true
		}
	}
	c.gaps(years)
}

// gaps refuses a year without a decree between two that have one.
func (c *checker) gaps(years map[int]bool) {
	if len(years) == 0 {
		return
	}
	var all []int
	for y := range years {
		all = append(all, y)
	}
	slices.Sort(all)
	for y := all[0]; y < all[len(all)-1]; y++ {
		if !years[y] {
			c.bad("$.holidays.decrees", fmt.Sprintf("a decree with year: %d", y), "holiday year %d is missing between %d and %d", y, all[0], all[len(all)-1])
		}
	}
}

// MissingYears returns a problem for each year from the first to the last date for
// which the pack has no holiday list: dates of open cases there carry a warning.
func (p *Pack) MissingYears(from, to Date) []Problem {
	known := p.Holidays.years(Date{})
	var missing []Problem
	for y := from.Year(); y <= to.Year(); y++ {
		if known[y] {
			continue
		}
		file, line := p.source.find("$.holidays.decrees")
		missing = append(missing, Problem{
			File: file, Line: line, Message: fmt.Sprintf("pack %s: holiday year %d is missing, and open cases need it", p.ID, y),
			Instead: fmt.Sprintf("a decree with year: %d, or a wider span: where holidays are rules", y),
		})
	}
	return missing
}
