package web

import (
	"strconv"
	"strings"
	"time"

	"terang/policies"
	"terang/views/components"
	"terang/views/text"
)

// explainedDays is how many days of a count are listed; a term of years is told by
// its ends alone.
const explainedDays = 120

// Day writes a civil date.
func Day(l text.Lang, d policies.Date) string {
	if d.IsZero() {
		return ""
	}
	return l.Civil(d.Year(), d.Month(), d.Day())
}

// DayOf writes a civil date that is kept as text; "" for none.
func DayOf(l text.Lang, iso string) string {
	d, err := policies.ParseDate(iso)
	if err != nil {
		return ""
	}
	return Day(l, d)
}

// ShortDayOf is DayOf where room is short.
func ShortDayOf(l text.Lang, iso string) string {
	d, err := policies.ParseDate(iso)
	if err != nil {
		return ""
	}
	return l.ShortCivil(d.Year(), d.Month(), d.Day())
}

// Due explains a due date: each day with why it counts or not, holidays with their
// decree, and the articles it rests on.
func Due(l text.Lang, d policies.Deadline, unit string) components.Due {
	out := components.Due{Lang: l}
	if d.Due.IsZero() {
		return out
	}
	out.Intro = l.T("due.intro", Day(l, d.Received), Day(l, d.DayOne))
	if len(d.Days) <= explainedDays {
		for i, day := range d.Days {
			out.Days = append(out.Days, components.Day{
				Date: dayLabel(l, day.Date), Why: WhyDay(l, day, unit), Counted: day.Counted, Last: i == len(d.Days)-1,
			})
		}
	}
	// Where a figure was read is for officers and auditors; a requester is told the article.
	for _, b := range d.Basis {
		basis := components.Basis{Text: b.Text.In(string(l)), Article: l.Law(b.Article), Verified: b.Verified}
		if strings.Contains(basis.Text, b.Article) {
			basis.Article = ""
		}
		out.Basis = append(out.Basis, basis)
	}
	for _, w := range d.Warnings {
		out.Warnings = append(out.Warnings, l.Warning(w))
	}
	return out
}

func dayLabel(l text.Lang, d policies.Date) string { return l.Civil(d.Year(), d.Month(), d.Day()) }

// WhyDay says why a day counts or not.
func WhyDay(l text.Lang, d policies.Day, unit string) string {
	if d.Counted {
		key := "day.counted"
		if unit != "working" {
			key = "day.counted_calendar"
		}
		return l.T(key, d.N)
	}
	s := l.T("day." + d.Why)
	if d.Detail != "" {
		s += " (" + d.Detail + ")"
	}
	return s
}

// Left says how far off a due instant is, in whole days.
func Left(l text.Lang, due, now time.Time) string {
	key, n := "due.left", int(due.Sub(now).Hours()/24)
	if now.After(due) {
		key, n = "due.late", int(now.Sub(due).Hours()/24)+1
	}
	switch n {
	case 0:
		return l.T("due.today")
	case 1:
		key += "_one"
	}
	return l.T(key, strconv.Itoa(n))
}
