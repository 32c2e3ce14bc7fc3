package policies

import "sync"

// HolidayList is a list of days off that somebody brings in place of a pack's own.
// Build it with NewHolidayList or ParseHolidays; it is immutable and safe for
// concurrent use.
type HolidayList struct {
	Name string
	days map[Date]string

	mu    sync.Mutex
	built map[*Holidays]*calendar
}

// NewHolidayList makes a list from days and their names.
func NewHolidayList(name string, days map[Date]string) *HolidayList {
	l := &HolidayList{Name: name, days: make(map[Date]string, len(days))}
	for d, n := range days {
		l.days[d] = n
	}
	return l
}

// Len returns the number of days in the list.
func (l *HolidayList) Len() int { return len(l.days) }

// Each calls f for every day of the list, in no order.
func (l *HolidayList) Each(f func(d Date, name string)) {
	for d, n := range l.days {
		f(d, n)
	}
}

// calendar joins the list with the weekend and the freezes of a pack.
func (l *HolidayList) calendar(h *Holidays) *calendar {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := l.built[h]; ok {
		return c
	}
	c := &calendar{off: make(map[Date]offDay, len(l.days)), years: map[int]bool{}, freezes: h.Freezes}
	for _, name := range h.Weekend {
		c.weekend[weekdays[name]] = true
	}
	for d, name := range l.days {
		if name == "" {
			name = l.Name
		} else {
			name += "; " + l.Name
		}
		c.off[d] = offDay{why: WhyHoliday, detail: name}
		c.years[d.Year()] = true
	}
	if l.built == nil {
		l.built = map[*Holidays]*calendar{}
	}
	l.built[h] = c
	return c
}
