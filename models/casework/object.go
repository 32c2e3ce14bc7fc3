package casework

import (
	"context"
	"slices"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// Object raises an objection against a decision or against silence: a case of
// its own, with its own reference, key and review clock, tied to the first. It may be
// raised as soon as its ground exists and until the law's window closes (UU
// 14/2008 art. 36(1): 30 working days after the ground was found); no minimum wait is asked.
func (s *Service) Object(ctx context.Context, a models.Actor, ref string, in ObjectInput) (Filed, error) {
	in.Text = clean(in.Text)
	key := models.NewKey()
	var out Filed
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		p, err := s.load(tx, a, ref)
		if err != nil {
			return err
		}
		if err := p.allowed(actObject); err != nil {
			return err
		}
		window, err := p.window()
		if err != nil {
			return err
		}
		if !window.Open {
			return models.Refuse(models.Conflict, "objection_"+window.Why, window.Until)
		}
		var check models.Check
		ground, known := p.pack.ObjectionGround(in.Ground)
		check.Field(in.Ground != "", "ground", "required")
		check.Field(in.Ground == "" || known, "ground", "not_a_choice")
		if known {
			open := slices.ContainsFunc(window.Grounds, func(g policies.ObjectionGround) bool { return g.ID == ground.ID })
			check.Field(open, "ground", "ground_not_yet", ground.Article)
		}
		text(&check, "text", in.Text, models.MaxText, true)
		if err := check.Err(); err != nil {
			return err
		}
		if err := p.c.Move(models.ActObject); err != nil {
			return err
		}
		w := &work{Tx: tx, s: s, actor: a, now: p.now, at: p.at, body: p.body, pack: p.pack}
		c := &models.Case{
			Reference: models.NewReference(), KeyHash: models.HashKey(key), Kind: models.Objection, Channel: models.ChannelWeb, Lang: p.c.Lang,
			BodyID: p.c.BodyID, RequesterID: p.c.RequesterID, ParentID: &p.c.ID, Ground: ground.ID,
			Subject: p.c.Subject, Text: in.Text, Purpose: p.c.Purpose, Delivery: p.c.Delivery, Anonymity: p.c.Anonymity,
			Classification: p.c.Classification, Exemption: p.c.Exemption, ClassConfirmed: p.c.ClassConfirmed,
			Pack: p.pack.ID, PackVersion: p.pack.Version, PackHash: p.pack.Hash,
			ReceivedAt: w.at, RecordedAt: w.now, Version: 1, UpdatedAt: w.now,
		}
		if a.Via == "api" {
			c.Channel = models.ChannelAPI
		}
		w.c = c
		if err := c.Move(models.ActSubmit); err != nil {
			return err
		}
		clocks, deadline, err := w.newClocks("case.filed", "objected", "received")
		if err != nil {
			return err
		}
		if err := tx.Insert(c); err != nil {
			return err
		}
		words, err := tx.CaseWords(c.BodyID, c.Subject, c.Text)
		if err != nil {
			return err
		}
		// An objection is the superior's from the start: no chain, its clock is the review's.
		if err := w.register(policies.Classification{}, clocks, deadline.Warnings, words); err != nil {
			return err
		}
		out = Filed{Case: c, Key: key, Deadline: deadline, EventID: w.filedEvent}
		if err := p.record("objection.filed", in.Ground, ground.Article, models.EventData{New: c.Reference}); err != nil {
			return err
		}
		return tx.UpdateCase(p.c)
	})
	return out, err
}

// window says whether the requester may object now: there is a ground (a decision, or
// silence past the due date), the law's time has not run out, and no objection is
// being handled already.
func (w *work) window() (ObjectionWindow, error) {
	clocks, err := w.running()
	if err != nil {
		return ObjectionWindow{}, err
	}
	children, err := w.Children(w.c.ID)
	if err != nil {
		return ObjectionWindow{}, err
	}
	return objectionWindow(w.pack, w.c, clocks, children, w.at), nil
}

func objectionWindow(pack *policies.Pack, c *models.Case, clocks []models.Clock, children []models.Case, now time.Time) ObjectionWindow {
	var o ObjectionWindow
	law, ok := pack.Clock("objection")
	if !ok || !slices.Contains(law.AppliesTo, string(c.Kind)) || len(pack.ObjectionGrounds) == 0 ||
		c.State == models.StateWithdrawn || c.State == models.StateIncomplete || c.State == models.StateDraft {
		o.Why = "not_applicable"
		return o
	}
	for _, child := range children {
		if !child.State.Ended() {
			o.Why = "already_raised"
			return o
		}
	}
	late := c.DueAt != nil && (c.AnsweredAt == nil && now.After(*c.DueAt) || c.AnsweredAt != nil && c.AnsweredAt.After(*c.DueAt))
	failed := false
	for _, cl := range clocks {
		if cl.Name == "objection" {
			failed = true // opened by a decision, by silence, or by the chain's failure
			o.Until = cl.DueOn
			if now.After(cl.DueAt) || !cl.Running() {
				o.Why = "too_late"
			}
		}
	}
	if !c.State.Ended() && !late && !failed {
		o.Why = "too_early"
		return o
	}
	if o.Why != "" {
		return o
	}
	o.Open = true
	answered := c.AnsweredAt != nil
	for _, g := range pack.ObjectionGrounds {
		if groundExists(g.ID, c, answered, late || failed) {
			o.Grounds = append(o.Grounds, g)
		}
	}
	return o
}

// groundExists leaves out only the grounds that the file itself contradicts; the rest
// is for the requester to claim and for the superior to judge. The letters are those
// of UU 14/2008 art. 35(1): a refused, c not answered, g late.
func groundExists(id string, c *models.Case, answered, late bool) bool {
	if c.Pack != "id" {
		return true
	}
	switch id {
	case "a":
		return answered && (c.Outcome == models.Refused || c.Outcome == models.GrantedInPart)
	case "c":
		return !answered
	case "d":
		return answered
	case "g":
		return late
	}
	return true
}
