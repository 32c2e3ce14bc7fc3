// Package caseview puts a case into words: from what casework shows of it to the
// structs that pages are drawn from. The desk and the auditors' pages share it; it
// decides nothing.
package caseview

import (
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/text"
)

// Teller tells things in one language and one zone, as of one instant.
type Teller struct {
	L   text.Lang
	Loc *time.Location
	Now time.Time
}

// For is a Teller for a case: in the zone its body keeps.
func For(l text.Lang, v *casework.CaseView) Teller {
	loc := text.Zone(v.Body.Zone)
	if v.Body.Zone == "" {
		loc = v.Pack.Location()
	}
	return Teller{L: l, Loc: loc, Now: v.Now}
}

// In picks a law's own words in the reader's language.
func (t Teller) In(words policies.Text) string { return words.In(string(t.L.Or())) }

// Words gives the words of prefix+code; the code itself where there are none, because
// history may hold codes that this version has no words for.
func (t Teller) Words(prefix, code string) string {
	if code == "" {
		return ""
	}
	if text.Has(prefix + code) {
		return t.L.T(prefix + code)
	}
	return code
}

// Day writes a date kept as YYYY-MM-DD; "" stays "".
func (t Teller) Day(s string) string {
	d, err := policies.ParseDate(s)
	if err != nil {
		return s
	}
	return t.L.Civil(d.Year(), d.Month(), d.Day())
}

// ShortDay is Day where room is short.
func (t Teller) ShortDay(s string) string {
	d, err := policies.ParseDate(s)
	if err != nil {
		return s
	}
	return t.L.ShortCivil(d.Year(), d.Month(), d.Day())
}

// When writes an instant.
func (t Teller) When(at time.Time) string { return t.L.DateTime(at, t.Loc) }

// ShortWhen is When where room is short.
func (t Teller) ShortWhen(at time.Time) string { return t.L.ShortDateTime(at, t.Loc) }

// Stamp is an instant for machines.
func Stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Left says how many days there still are to a day (YYYY-MM-DD), or how many have
// passed since. Calendar days: what an officer plans a week by.
func (t Teller) Left(on string) string {
	d, err := policies.ParseDate(on)
	if err != nil {
		return ""
	}
	switch n := d.Sub(policies.DateOf(t.Now, t.Loc)); {
	case n == 0:
		return t.L.T("desk.left.today")
	case n == 1:
		return t.L.T("desk.left.tomorrow")
	case n > 1:
		return t.L.T("desk.left.days", n)
	case n == -1:
		return t.L.T("desk.left.late_day")
	default:
		return t.L.T("desk.left.late", -n)
	}
}

// Due is the due date of a case in one line, with how long there still is while
// an answer is owed.
func (t Teller) Due(on string, s models.Standing) string {
	if on == "" {
		return ""
	}
	if s == models.OnTime || s == models.DueSoon || s == models.Overdue {
		return t.Day(on) + " (" + t.Left(on) + ")"
	}
	return t.Day(on)
}

// State is a state in the officers' words: the requester's say "you".
func State(l text.Lang, state string) string {
	if text.Has("desk.state." + state) {
		return l.T("desk.state." + state)
	}
	return l.T("state." + state)
}

// StateTag is components.StateTag in the officers' words.
func StateTag(l text.Lang, state string) components.Tag {
	tag := components.StateTag(l, state)
	tag.Label = State(l, state)
	return tag
}

// Role is a role in words; "requester", "anyone" and "system" as well.
func (t Teller) Role(role string) string { return t.Words("role.", role) }

// Who names an actor of an event: an officer by name and role, others by role.
func (t Teller) Who(actor, role string) string {
	r := t.Role(role)
	if actor == "" || role == string(models.BySystem) {
		return r
	}
	return actor + " (" + r + ")"
}

// DueDays explains a deadline day by day.
func (t Teller) DueDays(d policies.Deadline, unit string) components.Due {
	out := components.Due{Lang: t.L}
	counted := "day.counted"
	if unit != "" && unit != "working" {
		counted = "day.counted_calendar"
	}
	for _, day := range d.Days {
		why := t.Words("day.", day.Why)
		if day.Counted && day.N > 0 {
			why = t.L.T(counted, day.N)
		}
		if day.Detail != "" {
			why += " (" + day.Detail + ")"
		}
		out.Days = append(out.Days, components.Day{
			Date: t.Day(day.Date.String()), Why: why, Counted: day.Counted, Last: day.Date == d.Due,
		})
	}
	if !d.Received.IsZero() {
		out.Intro = t.L.T("desk.clock.intro", t.Day(d.Received.String()), t.Day(d.DayOne.String()), t.Day(d.Due.String()))
	}
	for _, b := range d.Basis {
		out.Basis = append(out.Basis, components.Basis{Text: t.In(b.Text), Article: t.L.Law(b.Article), Source: b.Source, Verified: b.Verified})
	}
	for _, w := range d.Warnings {
		out.Warnings = append(out.Warnings, t.L.Warning(w))
	}
	return out
}

// Clocks tells the clocks of a case: the one it is judged by first, the stopped
// ones last.
func (t Teller) Clocks(v *casework.CaseView) []components.Clock {
	var first, running, stopped []components.Clock
	for _, c := range v.Clocks {
		k := t.clock(v, c)
		switch {
		case c.Primary && c.Running():
			first = append(first, k)
		case c.Running():
			running = append(running, k)
		default:
			stopped = append(stopped, k)
		}
	}
	return append(append(first, running...), stopped...)
}

func (t Teller) clock(v *casework.CaseView, c casework.ClockView) components.Clock {
	unit := ""
	law, ok := v.Pack.Clock(c.Name)
	if ok {
		unit = law.Unit
	}
	k := components.Clock{
		Title: t.In(c.Title), DueOn: t.Day(c.DueOn), Tag: components.StandingTag(t.L, string(c.Standing)),
		Explains: t.DueDays(c.Deadline, unit),
	}
	if k.Title == "" {
		k.Title = c.Name
	}
	if v.Case.State == models.StateWithdrawn { // its clocks stopped, and nothing was answered in time
		k.Tag = components.Tag{}
	}
	switch {
	case c.StoppedAt != nil:
		k.Status = t.L.T("desk.clock.stopped", t.L.ShortDate(*c.StoppedAt, t.Loc))
	case c.Deadline.Paused:
		k.Status = t.L.T("desk.clock.paused")
	default:
		k.Status = t.Left(c.DueOn)
		if ok {
			k.Note = t.In(law.OnLapse.Text)
			if c.Standing != models.Overdue && k.Note != "" {
				k.Note = t.L.T("desk.clock.on_lapse", k.Note)
			}
		}
	}
	if ok && law.Holder == "requester" {
		// It is not the body that is late when a requester lets a right go by.
		k.Tag = components.Tag{Label: t.L.T("desk.clock.requesters")}
		if c.StoppedAt == nil && v.Now.After(c.DueAt) {
			k.Status = t.L.T("desk.clock.passed")
		}
	}
	if c.Extended {
		k.Status += " · " + t.L.T("desk.clock.extended")
	}
	return k
}

// Count writes a counter that may have stopped at its cap.
func (t Teller) Count(n int, more bool) string {
	if more {
		return t.L.Number(n) + "+"
	}
	return t.L.Number(n)
}
