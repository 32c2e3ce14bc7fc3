package casework

import (
	"context"
	"slices"
	"strings"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// Who files much has a right to. The officer is shown it, with what the body's law has for it and
// what it has not; the case runs on like any other, and what the officer finds of it is an
// event that the requester sees.

// RepeatsWithin is how far back other cases of a requester are looked for.
const RepeatsWithin = 365 * 24 * time.Hour

const (
	repeatsShown = 100
	// frequentLeast is how many cases in a year make a requester worth a line.
	frequentLeast = 5
)

// RepeatView is a case beside the others of its requester. Names are not in it.
type RepeatView struct {
	Case     *models.Case
	Pack     *policies.Pack
	Grouped  bool // false: nobody is known as the requester
	Others   []RepeatRow
	Same     int // of Others, with much the same subject
	Findings []models.RepeatFinding
	May      bool // the actor may find something
}

// RepeatRow is one other case.
type RepeatRow struct {
	models.Case
	Same bool
}

// Repeats shows a case among the others of the same requester in the last twelve months: as many
// as the actor may see, and no others.
func (s *Service) Repeats(ctx context.Context, a models.Actor, ref string) (*RepeatView, error) {
	v, err := s.Case(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	if a.Kind != models.ByOfficer && a.Kind != models.BySystem {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	return s.repeats(s.store.Read(ctx), a, v)
}

// RepeatsOf is the same of a case that the actor was just shown, without what was found of it.
func (s *Service) RepeatsOf(ctx context.Context, a models.Actor, v *CaseView) (others, same int, err error) {
	if a.Kind != models.ByOfficer || v.Case.RequesterID == nil {
		return 0, 0, nil
	}
	rows, same, err := s.others(s.store.Read(ctx), a, v.Case)
	return len(rows), same, err
}

func (s *Service) others(r *store.Reader, a models.Actor, c *models.Case) (rows []RepeatRow, same int, err error) {
	found, err := r.SameRequester(models.SightOf(a), c, s.now().Add(-RepeatsWithin), repeatsShown)
	if err != nil {
		return nil, 0, err
	}
	subject := s.store.Terms(c.Subject)
	for _, o := range found {
		row := RepeatRow{Case: o, Same: alike(subject, s.store.Terms(o.Subject))}
		if row.Same {
			same++
		}
		rows = append(rows, row)
	}
	return rows, same, nil
}

func (s *Service) repeats(r *store.Reader, a models.Actor, v *CaseView) (*RepeatView, error) {
	out := &RepeatView{Case: v.Case, Pack: v.Pack, Grouped: v.Case.RequesterID != nil}
	var err error
	if out.Others, out.Same, err = s.others(r, a, v.Case); err != nil {
		return nil, err
	}
	if out.Findings, err = r.RepeatFindings(v.Case.ID); err != nil {
		return nil, err
	}
	out.May = slices.Contains(v.May, policies.ActNote) && policies.May(string(a.Role), policies.ActRepeatFind, policies.AccessFacts{
		Clearance: string(a.Clearance), Class: string(v.Case.Classification), SameBody: true, SameUnit: true, Assigned: true, OnRung: true}).Allowed
	return out, nil
}

// alike says whether two subjects share most of their words: two thirds of all that
// either has.
func alike(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	both, all := 0, slices.Clone(a)
	for _, t := range b {
		if slices.Contains(a, t) {
			both++
		} else {
			all = append(all, t)
		}
	}
	slices.Sort(all)
	return 3*both >= 2*len(slices.Compact(all))
}

// FrequentRow is a requester who filed much, shown by the newest of their cases.
type FrequentRow struct {
	Newest models.Case
	Count  int64
}

// Frequent lists requesters with five cases or more in the last twelve months among those the
// actor may see, the most first, fifty at most. It names none.
func (s *Service) Frequent(ctx context.Context, a models.Actor) ([]FrequentRow, error) {
	if a.Kind != models.ByOfficer || !a.Role.OnChain() {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActCaseView)
	}
	r := s.store.Read(ctx)
	found, err := r.FrequentRequesters(models.SightOf(a), s.now().Add(-RepeatsWithin), frequentLeast, 50)
	if err != nil {
		return nil, err
	}
	var out []FrequentRow
	for _, f := range found {
		c, err := r.CaseByID(f.Newest)
		if err != nil {
			return nil, err
		}
		out = append(out, FrequentRow{Newest: *c, Count: f.Count})
	}
	return out, nil
}

// RepeatInput is what an officer finds.
type RepeatInput struct {
	Version int64
	Rule    string // of the pack
	Earlier string // reference
	Reason  string
}

// FindRepeat records that a case repeats another, or is vexatious, under a rule of the law it was
// filed under. It changes neither state nor clock: the case is still answered.
func (s *Service) FindRepeat(ctx context.Context, a models.Actor, ref string, in RepeatInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActRepeatFind, func(w *work) error {
		var c models.Check
		in.Rule, in.Earlier, in.Reason = strings.TrimSpace(in.Rule), strings.TrimSpace(in.Earlier), clean(in.Reason)
		rule, known := w.pack.RepeatRule(in.Rule)
		switch {
		case in.Rule == "":
			c.Field(false, "rule", "required")
		case !known:
			c.Field(false, "rule", "not_in_law")
		}
		text(&c, "reason", in.Reason, maxReason, true)
		if known && rule.Earlier {
			if err := w.sameRequester(&c, &in); err != nil {
				return err
			}
		} else {
			in.Earlier = ""
		}
		if err := c.Err(); err != nil {
			return err
		}
		found, err := w.RepeatFindings(w.c.ID)
		if err != nil {
			return err
		}
		for _, f := range found {
			if f.Rule == in.Rule && f.WithdrawnAt == nil {
				return models.Refuse(models.Conflict, "repeat_found_before")
			}
		}
		row := &models.RepeatFinding{CaseID: w.c.ID, Rule: rule.ID, Article: rule.Article, Earlier: in.Earlier, Reason: in.Reason, At: w.now}
		if w.actor.OfficerID != 0 {
			id := w.actor.OfficerID
			row.OfficerID = &id
		}
		if err := w.Insert(row); err != nil {
			return err
		}
		return w.record("repeat.found", in.Reason, rule.Article, models.EventData{Rule: rule.ID, Of: in.Earlier})
	})
}

// sameRequester checks that the earlier case is one, and of the same requester, as far as the
// actor may know.
func (w *work) sameRequester(c *models.Check, in *RepeatInput) error {
	if in.Earlier == "" {
		c.Field(false, "earlier", "required")
		return nil
	}
	norm, ok := models.NormalReference(in.Earlier)
	if !ok {
		c.Field(false, "earlier", "reference")
		return nil
	}
	others, err := w.SameRequester(models.SightOf(w.actor), w.c, time.Unix(0, 0), 1000)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(others, func(o models.Case) bool {
		return o.Reference == norm && o.ReceivedAt.Before(w.c.ReceivedAt.Add(time.Second))
	}) {
		c.Field(false, "earlier", "not_an_earlier_case")
	}
	in.Earlier = norm
	return nil
}

// WithdrawRepeat takes a finding back, for a reason.
func (s *Service) WithdrawRepeat(ctx context.Context, a models.Actor, ref string, version, finding int64, why string) (*models.Case, error) {
	return s.change(ctx, a, ref, version, policies.ActRepeatFind, func(w *work) error {
		why, err := reason("reason", why, maxReason)
		if err != nil {
			return err
		}
		found, err := w.RepeatFindings(w.c.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(found, func(f models.RepeatFinding) bool { return f.ID == finding })
		if i < 0 {
			return models.Refuse(models.NotFound, "not_found")
		}
		if err := w.WithdrawRepeatFinding(finding, w.now); err != nil {
			return err
		}
		return w.record("repeat.withdrawn", why, found[i].Article, models.EventData{Rule: found[i].Rule, Of: found[i].Earlier})
	})
}
