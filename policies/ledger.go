package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ledger reads the clock's events: it returns the instant from which the clock
// counts (later than received after a restart) and the extensions used, and fills
// the stops. An event that the law does not know is left out with a warning, so
// that no officer can stop a clock that the law lets run.
func (k *count) ledger(received time.Time, events []ClockEvent, d *Deadline) (time.Time, []ClockEvent, error) {
	start := received
	if len(events) == 0 {
		return start, nil, nil
	}
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b ClockEvent) int { return a.At.Compare(b.At) })
	var extensions []ClockEvent
	var open *ClockEvent
	var openRule *Pause
	used := map[string]int{}
	for i := range events {
		e := &events[i]
		switch e.Event {
		case "extended":
			extensions = append(extensions, *e)
		case "paused":
			if open != nil {
				k.warnf("pause_twice: paused on %s although it was already paused", DateOf(e.At, k.loc))
				continue
			}
			rule := k.c.pauseFor(e.Why)
			if rule == nil {
				k.warnf("pause_not_in_law: the law does not stop %s; the pause of %s (%s) was not counted", k.c.Name, DateOf(e.At, k.loc), e.Why)
				continue
			}
			if rule.Max > 0 && used[rule.Reason] >= rule.Max {
				k.warnf("pause_used_up: the law stops %s for %s %d time(s); the pause of %s was not counted", k.c.Name, rule.Reason, rule.Max, DateOf(e.At, k.loc))
				continue
			}
			used[rule.Reason]++
			open, openRule = e, rule
		case "resumed":
			if open == nil {
				continue // its pause was refused above, or never was
			}
			if openRule.Effect == "restart" {
				start = k.restart(e.At, openRule, d)
			} else {
				k.suspend(open, e.At, openRule)
			}
			open = nil
		case "restarted":
			rule := k.c.restartRule()
			if rule == nil {
				k.warnf("restart_not_in_law: the law does not restart %s; the restart of %s was not counted", k.c.Name, DateOf(e.At, k.loc))
				continue
			}
			start, open = k.restart(e.At, rule, d), nil
		default:
			return start, nil, fmt.Errorf("clock event %q: %w; want paused, resumed, restarted or extended", e.Event, errEventUnknown)
		}
	}
	if open != nil {
		d.Paused = true
		k.suspend(open, open.At, openRule)
		k.warnf("clock_paused: stopped since %s (%s); the date shown is the earliest possible", DateOf(open.At, k.loc), open.Why)
	}
	return start, extensions, nil
}

func (k *count) restart(at time.Time, rule *Pause, d *Deadline) time.Time {
	k.stops = nil
	day := DateOf(at, k.loc).String()
	k.cite("restart", rule.Legal, Text{ID: "Dihitung ulang sejak " + day, EN: "Counted afresh from " + day})
	d.Paused = false
	return at
}

func (k *count) suspend(from *ClockEvent, to time.Time, rule *Pause) {
	s := stop{DateOf(from.At, k.loc), DateOf(to, k.loc), from.Why}
	if rule.Ends == "first_counts" {
		s.from = s.from.AddDays(1)
	}
	k.stops = append(k.stops, s)
	k.cite("pause", rule.Legal, Text{
		ID: "Dihentikan " + DateOf(from.At, k.loc).String() + " s.d. " + s.to.String() + ": " + from.Why,
		EN: "Stopped from " + DateOf(from.At, k.loc).String() + " to " + s.to.String() + ": " + from.Why,
	})
}

// pauseWords are how officers name the reasons of a pause.
var pauseWords = map[string][]string{
	"fee":           {"fee", "pay", "paid", "cost", "charge", "deposit", "biaya", "bayar"},
	"clarification": {"clarif", "klarifikasi", "perjelas", "unclear", "detail", "identify", "describe"},
}

// pauseFor finds the pause that an event's reason means. Where the words do not tell,
// it is one that suspends: starting afresh would cost the requester days that no rule
// was named for.
func (c *Clock) pauseFor(why string) *Pause {
	why = strings.ToLower(why)
	for i := range c.Pauses {
		for _, word := range pauseWords[c.Pauses[i].Reason] {
			if strings.Contains(why, word) {
				return &c.Pauses[i]
			}
		}
	}
	if p, ok := byID(c.Pauses, func(p *Pause) bool { return p.Effect == "suspend" }); ok {
		return p
	}
	if len(c.Pauses) > 0 {
		return &c.Pauses[0]
	}
	return nil
}

func (c *Clock) restartRule() *Pause {
	p, _ := byID(c.Pauses, func(p *Pause) bool { return p.Effect == "restart" })
	return p
}

// extensions returns how many units the extension events add. An extension told
// after the clock ran out is none, where the law wants it told before.
func (k *count) extensions(start time.Time, events []ClockEvent, already bool) int {
	added, used := 0, 0
	if already {
		used = 1
	}
	for _, e := range events {
		day := DateOf(e.At, k.loc)
		x := k.c.Extension
		if x == nil {
			k.warnf("extension_not_in_law: the law gives %s no extension; that of %s was not counted", k.c.Name, day)
			continue
		}
		if used >= x.Times {
			if !already {
				k.warnf("extension_used_up: the law extends %s %d time(s); that of %s was not counted", k.c.Name, x.Times, day)
			}
			continue
		}
		if x.BeforeDue {
			var before Deadline
			probe := *k
			probe.basis, probe.warn = nil, nil
			if err := probe.run(start, k.c.Length, added, &before); err == nil && day.After(before.Due) {
				k.warnf("extension_too_late: told on %s, after the clock ran out on %s; it was not counted", day, before.Due)
				continue
			}
		}
		used++
		added += x.Length
		k.cite("extension", x.Legal, x.text(k.c))
	}
	return added
}
