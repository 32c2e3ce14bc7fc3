package policies

import (
	"slices"
	"strings"
	"sync"
)

// Decrees are holiday decrees that came after a pack was written: an installation
// adds them to the pack's own without making a new version of the law, because the days
// off of a year are not part of the law a case was filed under. Immutable and safe for
// concurrent use.
type Decrees struct {
	list []Decree

	mu    sync.Mutex
	built map[*Holidays]*Holidays
	cals  map[decreesKey]*calendar
}

type decreesKey struct {
	h   *Holidays
	key calendarKey
}

// NewDecrees makes a set. For one year the decree issued last governs; of two issued on
// one day, the one given last.
func NewDecrees(list []Decree) *Decrees {
	if len(list) == 0 {
		return nil
	}
	return &Decrees{list: slices.Clone(list), built: map[*Holidays]*Holidays{}, cals: map[decreesKey]*calendar{}}
}

// over gives a pack's holidays with the set's decrees added.
func (d *Decrees) over(h *Holidays) *Holidays {
	d.mu.Lock()
	defer d.mu.Unlock()
	if both, ok := d.built[h]; ok {
		return both
	}
	both := *h
	both.Decrees = append(slices.Clone(h.Decrees), d.list...)
	d.built[h] = &both
	return &both
}

func (d *Decrees) calendar(h *Holidays, key calendarKey) *calendar {
	both := d.over(h)
	d.mu.Lock()
	defer d.mu.Unlock()
	k := decreesKey{h, key}
	c, ok := d.cals[k]
	if !ok {
		c = both.build(key)
		d.cals[k] = c
	}
	return c
}

// DecreeFrom makes a decree of a list of days brought by somebody, for one year: days
// whose name says so are collective leave (cuti bersama), the rest national
// holidays. It gives false when the list has no day in that year.
func DecreeFrom(id string, year int, issued Date, l *HolidayList) (Decree, bool) {
	d := Decree{ID: id, Year: year, Issued: issued, Legal: Legal{Article: id, Source: "list given to this installation"}}
	l.Each(func(day Date, name string) {
		if day.Year() != year {
			return
		}
		if name == "" {
			name = l.Name
		}
		class := "national"
		if strings.Contains(strings.ToLower(name), "cuti bersama") {
			class = "cuti_bersama"
		}
		d.Days = append(d.Days, DecreedDay{Date: day, Class: class, Name: Text{ID: name, EN: name}})
	})
	slices.SortFunc(d.Days, func(a, b DecreedDay) int { return a.Date.Compare(b.Date) })
	return d, len(d.Days) > 0
}
