package casework

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// OutsideInput records what happened to the case before a body outside.
type OutsideInput struct {
	Version int64
	Action  string // filed decided
	Stage   string // the pack's, such as dispute
	On      string // the day it happened, YYYY-MM-DD
	Before  string // which body, in its own name
	Text    string // filed: the register number or what is asked; decided: the result
}

// OutsideStage is a stage of the law beyond the body, as far as the case has come.
type OutsideStage struct {
	policies.Stage
	Reached bool   // the law has come to it: its clock ran, or the stage before was decided
	Open    bool   // the requester may go there now
	Until   string // YYYY-MM-DD; "" where no day is set yet
	Passed  bool   // the time to go there is over and nobody went
	Filed   *OutsideRecord
	Decided *OutsideRecord
}

// OutsideRecord is one thing that happened there.
type OutsideRecord struct {
	On     time.Time
	Before string
	Text   string
}

// Outside records that a case was taken to a body outside (UU 14/2008 art. 37: the
// Information Commission; art. 47: the court), or what that decided. It starts and stops the
// clocks the law sets there and leaves the case's own state: the body's part is over.
func (s *Service) Outside(ctx context.Context, a models.Actor, ref string, in OutsideInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActOutside, func(w *work) error {
		in.Before, in.Text = clean(in.Before), clean(in.Text)
		stages, err := w.outside()
		if err != nil {
			return err
		}
		var check models.Check
		check.Field(in.Action == "filed" || in.Action == "decided", "action", "not_a_choice")
		i := slices.IndexFunc(stages, func(x OutsideStage) bool { return x.ID == in.Stage })
		check.Field(i >= 0 && stages[i].Reached, "stage", "not_a_choice")
		text(&check, "before", in.Before, models.MaxName, true)
		text(&check, "text", in.Text, maxReason, in.Action == "decided")
		at := w.day(&check, "on", in.On)
		if err := check.Err(); err != nil {
			return err
		}
		st := stages[i]
		switch {
		case in.Action == "filed" && st.Filed != nil && st.Decided == nil:
			return models.Refuse(models.Conflict, "outside_filed_already")
		case in.Action == "decided" && st.Filed == nil:
			return models.Refuse(models.Conflict, "outside_not_filed")
		case in.Action == "decided" && st.Decided != nil:
			return models.Refuse(models.Conflict, "outside_decided_already")
		case in.Action == "decided" && at.Before(st.Filed.On):
			check.Field(false, "on", "date_order")
			return check.Err()
		}
		if err := w.c.Move(models.ActOutside); err != nil {
			return err
		}
		w.at = at
		kind, begins := "outside.filed", "disputed"
		if in.Action == "decided" {
			kind, begins = "outside.decided", "outside_decided"
		}
		if err := w.record(kind, in.Text, st.Article, models.EventData{New: st.ID, Source: in.Before}); err != nil {
			return err
		}
		if in.Action == "filed" {
			if err := w.stopNamed(st.Clock, kind); err != nil {
				return err
			}
		}
		// The law's clocks there (art. 38) are those of the first stage; a court's own are not
		// the pack's to count.
		if i == 0 {
			clocks, _, err := w.newClocks(kind, begins)
			if err != nil {
				return err
			}
			if err := w.setClocks(clocks); err != nil {
				return err
			}
		}
		if in.Action == "decided" && i+1 < len(stages) {
			return w.startNamed(stages[i+1].Clock)
		}
		return nil
	})
}

// day reads a day that has come, as an instant: noon of it in the body's zone, now where
// it is today. No time of day is asked, and clocks count whole days.
func (w *work) day(c *models.Check, field, s string) time.Time {
	loc := zone(w.body.Zone)
	d, err := policies.ParseDate(s)
	today := policies.DateOf(w.at, loc)
	c.Field(err == nil, field, "date")
	c.Field(err != nil || !d.After(today), field, "date_future")
	c.Field(err != nil || !d.Before(policies.DateOf(w.c.ReceivedAt, loc)), field, "date_order")
	if err != nil || !d.Before(today) {
		return w.at
	}
	return d.In(loc).Add(12 * time.Hour).UTC()
}

func (w *work) stopNamed(name, why string) error {
	clocks, err := w.running()
	if err != nil {
		return err
	}
	for i := range clocks {
		if law, ok := w.pack.Clock(name); ok && clocks[i].Name == name && clocks[i].Running() {
			return w.stop(&clocks[i], law, why)
		}
	}
	return nil
}

func (w *work) outside() ([]OutsideStage, error) {
	clocks, err := w.running()
	if err != nil {
		return nil, err
	}
	return outsideStages(w.Reader, w.pack, w.c, clocks, w.at)
}

// outsideStages are the stages beyond the body that the law knows for this kind of case.
func outsideStages(r *store.Reader, pack *policies.Pack, c *models.Case, clocks []models.Clock, now time.Time) ([]OutsideStage, error) {
	var out []OutsideStage
	for _, st := range pack.Stages {
		if law, ok := pack.Clock(st.Clock); ok && st.Outside && slices.Contains(law.AppliesTo, string(c.Kind)) {
			out = append(out, OutsideStage{Stage: st})
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	for _, kind := range []string{"outside.filed", "outside.decided"} {
		events, _, err := r.Events(store.EventFilter{CaseID: &c.ID, Kind: kind}, "", 100)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			var d models.EventData
			if err := json.Unmarshal([]byte(e.Data), &d); err != nil {
				return nil, internal("event_unreadable", err)
			}
			rec := &OutsideRecord{On: e.Time, Before: d.Source, Text: e.Reason}
			if d.Occurred != nil {
				rec.On = *d.Occurred
			}
			for i := range out {
				switch {
				case out[i].ID != d.New:
				case kind == "outside.filed":
					out[i].Filed = rec
				default:
					out[i].Decided = rec
				}
			}
		}
	}
	for i := range out {
		out[i].Reached = i == 0 && c.State.Ended() || out[i].Filed != nil || i > 0 && out[i-1].Decided != nil
		for _, cl := range clocks {
			if cl.Name != out[i].Clock {
				continue
			}
			out[i].Until, out[i].Reached = cl.DueOn, true
			over := now.After(cl.DueAt)
			out[i].Open = out[i].Filed == nil && !over && cl.Running()
			out[i].Passed = out[i].Filed == nil && over
		}
	}
	return out, nil
}

// fillAfter tells what lies beyond the body's own answer: the stages outside, and what was
// erased or is proposed to be.
func (s *Service) fillAfter(r *store.Reader, a models.Actor, v *CaseView) error {
	clocks := make([]models.Clock, len(v.Clocks))
	for i, c := range v.Clocks {
		clocks[i] = c.Clock
	}
	var err error
	if v.Outside, err = outsideStages(r, v.Pack, v.Case, clocks, v.Now); err != nil {
		return err
	}
	if v.Case.Erasure == models.Kept {
		return nil
	}
	if v.Stones, err = stones(r, v.Pack, v.Case.ID); err != nil || a.Kind == models.ByRequester {
		return err
	}
	v.Erasures, err = r.Erasures(v.Case.ID)
	return err
}

// after lists the actions of this file's and its neighbours' verbs that are possible now.
func (s *Service) after(a models.Actor, v *CaseView) []string {
	var out []string
	c := v.Case
	if mayDo(a, policies.ActDossier, c, v.Rungs).Allowed && c.State != models.StateIncomplete {
		out = append(out, policies.ActDossier)
	}
	if a.Kind != models.ByOfficer {
		return out
	}
	reached := slices.ContainsFunc(v.Outside, func(x OutsideStage) bool { return x.Reached })
	if c.Can(models.ActOutside) && reached && mayDo(a, policies.ActOutside, c, v.Rungs).Allowed {
		out = append(out, policies.ActOutside)
	}
	if !c.Can(models.ActErase) || c.Kind == models.Objection || c.Erasure == models.WholeErased {
		return out
	}
	if c.Erasure != models.ErasureProposed {
		if mayDo(a, policies.ActErasePropose, c, v.Rungs).Allowed && len(v.Pack.RetentionFor(string(c.Kind))) > 0 {
			out = append(out, policies.ActErasePropose)
		}
		return out
	}
	if n := len(v.Erasures); n > 0 && mayDo(a, policies.ActEraseConfirm, c, v.Rungs).Allowed {
		out = append(out, policies.ActEraseConfirm)
	}
	return out
}

func forRequester(kind string) bool       { return slices.Contains(requesterEvents, kind) }
func reasonForRequester(kind string) bool { return slices.Contains(requesterReasons, kind) }
