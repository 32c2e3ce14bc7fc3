package casework

import (
	"context"
	"slices"
	"time"

	"terang/models"
	"terang/policies"
)

// newClocks works out the clocks that the given start events begin for the
// case, counting from the moment. It sets the case's own due date from the primary
// one, and stores nothing. A clock that what is being done (by, an event kind) would
// stop at once is met by it and not started: filing here gives the registration number
// in the same breath.
func (w *work) newClocks(by string, events ...string) ([]models.Clock, policies.Deadline, error) {
	var out []models.Clock
	var primary policies.Deadline
	for _, event := range events {
		for _, law := range w.pack.ClocksFor(string(w.c.Kind), event) {
			if slices.Contains(law.StopsOn, by) || slices.ContainsFunc(out, func(c models.Clock) bool { return c.Name == law.Name }) {
				continue
			}
			d, err := w.pack.Due(law.Name, w.at, w.s.dueOptions(w.pack.ID, w.body))
			if err != nil {
				return nil, primary, internal("due_date", err)
			}
			clock := models.Clock{
				Name: law.Name, StartedAt: w.at, DayOne: d.DayOne.String(), DueOn: d.Due.String(), DueAt: d.DueAt,
				Primary: slices.Contains(law.Primary, string(w.c.Kind)), Basis: basis(d), Version: 1,
			}
			if clock.Primary {
				at := clock.DueAt
				w.c.Clock, w.c.DueOn, w.c.DueAt = clock.Name, clock.DueOn, &at
				primary = d
			}
			out = append(out, clock)
		}
	}
	return out, primary, nil
}

// basis is what a clock keeps of the decision behind its date: under which law, by which
// rules and articles. Their words and the days re-derive from the pinned pack and
// the ledger; kept with each clock they would be most of the database.
func basis(d policies.Deadline) string {
	type rule struct {
		Rule    string `json:"rule"`
		Article string `json:"article"`
	}
	kept := struct {
		Pack     string        `json:"pack"`
		Version  string        `json:"version"`
		Hash     string        `json:"hash"`
		Clock    string        `json:"clock"`
		Received policies.Date `json:"received"`
		DayOne   policies.Date `json:"day_one"`
		Due      policies.Date `json:"due"`
		Basis    []rule        `json:"basis"`
		Warnings []string      `json:"warnings,omitempty"`
	}{d.Pack, d.Version, d.Hash, d.Clock, d.Received, d.DayOne, d.Due, nil, d.Warnings}
	for _, b := range d.Basis {
		kept.Basis = append(kept.Basis, rule{b.Rule, b.Article})
	}
	return toJSON(kept)
}

// setClocks stores new clocks, opens their ledgers and records them.
func (w *work) setClocks(clocks []models.Clock) error {
	if len(clocks) == 0 {
		return nil
	}
	articles := make([]string, len(clocks))
	for i := range clocks {
		clocks[i].CaseID = w.c.ID
		if law, ok := w.pack.Clock(clocks[i].Name); ok {
			articles[i] = law.Article
		}
	}
	if err := w.InsertAll(&clocks); err != nil {
		return err
	}
	ledger := make([]models.ClockEntry, len(clocks))
	for i := range clocks {
		ledger[i] = w.ledgerEntry(&clocks[i], "started", "", articles[i], "", clocks[i].DueOn)
	}
	if err := w.InsertAll(&ledger); err != nil {
		return err
	}
	for i := range clocks {
		if err := w.recordClock("deadline.set", &clocks[i], "", articles[i], "", nil); err != nil {
			return err
		}
		if w.haveClocks {
			w.clocks = append(w.clocks, clocks[i])
		}
	}
	return nil
}

// recordClock is record with the clock's own name and date in the columns.
func (w *work) recordClock(kind string, c *models.Clock, why, article, old string, warnings []string) error {
	name, on := w.c.Clock, w.c.DueOn
	w.c.Clock, w.c.DueOn = c.Name, c.DueOn
	err := w.record(kind, why, article, models.EventData{Old: old, New: c.DueOn, Warnings: warnings})
	w.c.Clock, w.c.DueOn = name, on
	return err
}

func (w *work) ledger(c *models.Clock, event, why, article, old, new string) error {
	e := w.ledgerEntry(c, event, why, article, old, new)
	return w.Insert(&e)
}

func (w *work) ledgerEntry(c *models.Clock, event, why, article, old, new string) models.ClockEntry {
	return models.ClockEntry{
		ClockID: c.ID, CaseID: c.CaseID, Event: event, At: w.at, Why: why, Article: article,
		Actor: w.actor.Label(), OldDue: old, NewDue: new,
	}
}

// running are the case's clocks, read once a verb.
func (w *work) running() ([]models.Clock, error) {
	if !w.haveClocks {
		var err error
		if w.clocks, err = w.Tx.Clocks(w.c.ID); err != nil {
			return nil, err
		}
		w.haveClocks = true
	}
	return w.clocks, nil
}

// stopClocks stops the clocks that the pack lets an event of this kind stop, and
// records whether each was met.
func (w *work) stopClocks(kind string) error {
	if !slices.ContainsFunc(w.pack.Clocks, func(c policies.Clock) bool { return slices.Contains(c.StopsOn, kind) }) {
		return nil
	}
	clocks, err := w.running()
	if err != nil {
		return err
	}
	for i := range clocks {
		c := &clocks[i]
		law, ok := w.pack.Clock(c.Name)
		if !ok || !c.Running() || !slices.Contains(law.StopsOn, kind) {
			continue
		}
		if err := w.stop(c, law, kind); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) stop(c *models.Clock, law *policies.Clock, why string) error {
	at, met := w.at, !w.at.After(c.DueAt)
	c.StoppedAt, c.Met = &at, &met
	if err := w.UpdateClock(c); err != nil {
		return err
	}
	if err := w.ledger(c, "stopped", why, law.Article, c.DueOn, c.DueOn); err != nil {
		return err
	}
	if met {
		return w.recordClock("deadline.met", c, why, law.Article, "", nil)
	}
	if c.LapsedAt != nil {
		return nil // its lapse is on record
	}
	c.LapsedAt = &at
	if err := w.UpdateClock(c); err != nil {
		return err
	}
	return w.recordClock("deadline.lapsed", c, why, law.Article, "", nil)
}

// retime applies a ledger event (extended, paused, resumed, restarted) to a
// clock and moves its date, and the case's where it is the primary one.
func (w *work) retime(c *models.Clock, event, why, article string) error {
	entries, err := w.ClockEntries(w.c.ID)
	if err != nil {
		return err
	}
	old := c.DueOn
	next := policies.ClockEvent{At: w.at, Event: event, Why: why, Article: article, Actor: w.actor.Label()}
	opts := w.s.dueOptions(w.pack.ID, w.body)
	opts.Events = append(ledgerEvents(entries, c.ID), next)
	d, err := w.pack.Due(c.Name, c.StartedAt, opts)
	if err != nil {
		return &models.Error{Kind: models.Conflict, Code: "clock_refused", Args: []string{event}, Err: err}
	}
	c.DayOne, c.DueOn, c.DueAt, c.Basis = d.DayOne.String(), d.Due.String(), d.DueAt, basis(d)
	c.Extended = c.Extended || event == "extended"
	if err := w.UpdateClock(c); err != nil {
		return err
	}
	if c.Primary {
		w.c.DueOn, w.c.DueAt = c.DueOn, &c.DueAt
	}
	if err := w.ledger(c, event, why, article, old, c.DueOn); err != nil {
		return err
	}
	return w.recordClock("deadline."+event, c, why, article, old, d.Warnings)
}

// ledgerEvents are the lines of one clock's ledger that move its date.
func ledgerEvents(entries []models.ClockEntry, clock int64) []policies.ClockEvent {
	var out []policies.ClockEvent
	for _, e := range entries {
		if e.ClockID != clock {
			continue
		}
		switch e.Event {
		case "paused", "resumed", "restarted", "extended":
			out = append(out, policies.ClockEvent{At: e.At, Event: e.Event, Why: e.Why, Article: e.Article, Actor: e.Actor})
		}
	}
	return out
}

// primary is the running clock the case is judged by.
func (w *work) primary() (*models.Clock, error) {
	clocks, err := w.running()
	if err != nil {
		return nil, err
	}
	for i := range clocks {
		if clocks[i].Primary && clocks[i].Running() {
			return &clocks[i], nil
		}
	}
	return nil, models.Refuse(models.Conflict, "no_running_clock")
}

// Extend lengthens the primary clock as the pack allows, with written reasons
// (UU 14/2008 art. 22(8): once, seven working days). It refuses with Conflict when the law gives
// no extension, when it was used, or when the clock has already run out.
func (s *Service) Extend(ctx context.Context, a models.Actor, ref string, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActExtend, func(w *work) error {
		why, err := reason("reason", in.Text, maxReason)
		if err != nil {
			return err
		}
		c, err := w.primary()
		if err != nil {
			return err
		}
		law, ok := w.pack.Clock(c.Name)
		switch {
		case !ok || law.Extension == nil:
			return models.Refuse(models.Conflict, "no_extension_in_law", c.Name)
		case c.Extended:
			return models.Refuse(models.Conflict, "already_extended")
		case law.Extension.BeforeDue && w.at.After(c.DueAt):
			return models.Refuse(models.Conflict, "too_late_to_extend", c.DueOn)
		}
		if err := w.c.Move(models.ActExtend); err != nil {
			return err
		}
		if err := w.retime(c, "extended", why, law.Extension.Article); err != nil {
			return err
		}
		return w.tell("extended", w.notice(why))
	})
}

// pauseFor applies what the pack says a clarification does to running clocks:
// nothing in Indonesia, a stop or a restart elsewhere.
func (w *work) pauseFor(cause string, begin bool) error {
	clocks, err := w.running()
	if err != nil {
		return err
	}
	for i := range clocks {
		c := &clocks[i]
		law, ok := w.pack.Clock(c.Name)
		if !ok || !c.Running() {
			continue
		}
		for _, p := range law.Pauses {
			if p.Reason != cause {
				continue
			}
			event := ""
			switch {
			case p.Effect == "suspend" && begin:
				event = "paused"
			case p.Effect == "suspend":
				event = "resumed"
			case p.Effect == "restart" && !begin:
				event = "restarted"
			}
			if event == "" {
				continue
			}
			entries, err := w.ClockEntries(w.c.ID)
			if err != nil {
				return err
			}
			if n := countPauses(entries, c.ID, p.Effect); event == "paused" && p.Max > 0 && n >= p.Max {
				continue // the law lets it stop only so often
			} else if event == "resumed" && !isPaused(entries, c.ID) {
				continue
			} else if event == "restarted" && p.Max > 0 && n >= p.Max {
				continue
			}
			if err := w.retime(c, event, cause, p.Article); err != nil {
				return err
			}
		}
	}
	return nil
}

func countPauses(entries []models.ClockEntry, clock int64, effect string) (n int) {
	event := "paused"
	if effect == "restart" {
		event = "restarted"
	}
	for _, e := range entries {
		if e.ClockID == clock && e.Event == event {
			n++
		}
	}
	return n
}

func isPaused(entries []models.ClockEntry, clock int64) (paused bool) {
	for _, e := range entries {
		if e.ClockID == clock {
			switch e.Event {
			case "paused":
				paused = true
			case "resumed", "restarted":
				paused = false
			}
		}
	}
	return paused
}

// rederive works a clock's date out anew from the pinned pack and the ledger.
func (s *Service) rederive(pack *policies.Pack, body *models.Body, c *models.Clock, entries []models.ClockEntry) (policies.Deadline, error) {
	o := s.dueOptions(pack.ID, body)
	o.Events = ledgerEvents(entries, c.ID)
	return pack.Due(c.Name, c.StartedAt, o)
}

// clockStanding is a clock's own standing at an instant.
func clockStanding(c *models.Clock, now time.Time) models.Standing {
	return models.StandingOf(&c.DueAt, c.StoppedAt, models.StateInReview, now)
}
