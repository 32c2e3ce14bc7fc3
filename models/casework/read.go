package casework

import (
	"context"
	"encoding/json"
	"slices"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// Unlock proves a case key and gives the actor it makes. A wrong reference and a wrong
// key are the same NotFound; tries are throttled by where they come from
// (scope) and by case.
func (s *Service) Unlock(ctx context.Context, ref, key, scope string) (models.Actor, *models.Case, error) {
	norm, ok := models.NormalReference(ref)
	hash := models.HashKey(key)
	keys := []string{"key:" + scope}
	if ok {
		keys = append(keys, "case:"+norm)
	}
	if err := s.throttled(ctx, keys); err != nil {
		return models.Actor{}, nil, err
	}
	if ok && hash != "" {
		c, err := s.store.Read(ctx).CaseByReference(norm)
		switch {
		case err == nil && models.SameHash(c.KeyHash, hash):
			return RequesterOf(c), c, nil
		case err != nil && models.KindOf(err) != models.NotFound:
			return models.Actor{}, nil, err
		}
	}
	if err := s.failed(ctx, keys); err != nil {
		return models.Actor{}, nil, err
	}
	return models.Actor{}, nil, models.Refuse(models.NotFound, "reference_or_key_wrong")
}

// RequesterOf is the actor who has proved a case's key.
func RequesterOf(c *models.Case) models.Actor {
	return models.Actor{Kind: models.ByRequester, CaseID: c.ID, Lang: c.Lang, Via: "web"}
}

// Case is one case as the actor may see it; what they may not know of is not
// found. An officer's look at a confidential case is itself an event.
func (s *Service) Case(ctx context.Context, a models.Actor, ref string) (*CaseView, error) {
	return s.view(ctx, a, ref, true)
}

// view is Case, without the event where the reading is on record by another: one a reading.
func (s *Service) view(ctx context.Context, a models.Actor, ref string, reads bool) (*CaseView, error) {
	norm, ok := models.NormalReference(ref)
	if !ok {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	r := s.store.Read(ctx)
	c, err := r.CaseByReference(norm)
	if err != nil {
		return nil, err
	}
	rungs, err := r.Rungs(c.ID)
	if err != nil {
		return nil, err
	}
	if a, err = s.enter(r, a, c, rungs); err != nil {
		return nil, err
	}
	if reads {
		if err := s.viewed(ctx, a, c); err != nil {
			return nil, err
		}
	}
	v := &CaseView{Case: c, Rungs: rungs, Now: s.now()}
	v.Standing = c.StandingAt(v.Now)
	if v.Pack, err = s.packs.Version(c.Pack, c.PackVersion); err != nil {
		return nil, internal("pack_missing", err)
	}
	for _, fill := range []func(*store.Reader, models.Actor, *CaseView) error{
		s.fillPeople, s.fillClocks, s.fillWords, s.fillDocuments, s.fillClasses, s.fillRelated, s.fillTimeline, s.fillAfter, s.fillGrants,
	} {
		if err := fill(r, a, v); err != nil {
			return nil, err
		}
	}
	hush(v)
	v.May = append(s.may(a, v), s.after(a, v)...)
	return v, nil
}

// viewed puts on record that an officer read a confidential case.
func (s *Service) viewed(ctx context.Context, a models.Actor, c *models.Case) error {
	if c.Classification != models.Confidential || a.Kind != models.ByOfficer {
		return nil
	}
	return s.read(ctx, a, c.Reference, "case.viewed", models.EventData{})
}

func (s *Service) read(ctx context.Context, a models.Actor, ref, event string, data models.EventData) error {
	return s.store.Look(ctx, func(tx *store.Tx) error {
		w, err := s.loadHeld(tx, a, ref)
		if err != nil {
			return err
		}
		return w.record(event, "", "", data)
	})
}

// viewedDocument puts on record that an officer opened a confidential document, or one of a
// confidential case.
func (s *Service) viewedDocument(ctx context.Context, a models.Actor, c *models.Case, d *models.Attachment) error {
	if a.Kind != models.ByOfficer || c.Classification != models.Confidential && d.Classification != models.Confidential {
		return nil
	}
	return s.read(ctx, a, c.Reference, "document.viewed", models.EventData{File: d.SHA256})
}

func (s *Service) fillPeople(r *store.Reader, a models.Actor, v *CaseView) error {
	c := v.Case
	var err error
	if v.Body, err = r.Body(c.BodyID); err != nil {
		return err
	}
	if c.UnitID != nil {
		if v.Unit, err = r.Unit(*c.UnitID); err != nil {
			return err
		}
	}
	if c.OfficerID != nil {
		if v.Officer, err = r.Officer(*c.OfficerID); err != nil {
			return err
		}
		v.Officer.PasswordHash = ""
	}
	if c.RequesterID == nil {
		return nil
	}
	if a.Kind == models.ByOfficer && !mayDo(a, policies.ActRequesterIdentity, c, v.Rungs).Allowed {
		v.NameHidden = true
		return nil
	}
	v.Requester, err = r.Requester(*c.RequesterID)
	return err
}

func (s *Service) fillClocks(r *store.Reader, _ models.Actor, v *CaseView) error {
	var err error
	if v.Clocks, err = s.clockViewsOf(r, v.Case, v.Body); err != nil {
		return err
	}
	if chain, ok := v.Pack.Chain(string(chainClass(v.Case))); ok {
		v.Chain = chain
	}
	return nil
}

func chainClass(c *models.Case) models.Class {
	if c.Classification == models.Public {
		return models.Restricted
	}
	return c.Classification
}

// clockViews explains each clock from the pinned pack and its ledger.
func (s *Service) clockViews(r *store.Reader, c *models.Case) ([]ClockView, error) {
	body, err := r.Body(c.BodyID)
	if err != nil {
		return nil, err
	}
	return s.clockViewsOf(r, c, body)
}

func (s *Service) clockViewsOf(r *store.Reader, c *models.Case, body *models.Body) ([]ClockView, error) {
	if err := s.loadDecrees(r, false); err != nil {
		return nil, err
	}
	clocks, err := r.Clocks(c.ID)
	if err != nil || len(clocks) == 0 {
		return nil, err
	}
	entries, err := r.ClockEntries(c.ID)
	if err != nil {
		return nil, err
	}
	pack, err := s.packs.Version(c.Pack, c.PackVersion)
	if err != nil {
		return nil, internal("pack_missing", err)
	}
	now := s.now()
	out := make([]ClockView, 0, len(clocks))
	for _, cl := range clocks {
		v := ClockView{Clock: cl, Standing: clockStanding(&cl, now)}
		if law, ok := pack.Clock(cl.Name); ok {
			v.Title = law.Title
		}
		for _, e := range entries {
			if e.ClockID == cl.ID {
				v.Ledger = append(v.Ledger, e)
			}
		}
		if v.Deadline, err = s.rederive(pack, body, &cl, entries); err != nil {
			return nil, internal("due_date", err)
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) fillWords(r *store.Reader, a models.Actor, v *CaseView) error {
	messages, err := r.Messages(v.Case.ID, 0, 500)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if a.Kind == models.ByRequester {
			if m.Kind == models.InternalNote {
				continue
			}
			m.Author = "" // the body speaks, not a person
		}
		v.Messages = append(v.Messages, m)
	}
	if v.Decisions, err = r.Decisions(v.Case.ID); err != nil {
		return err
	}
	if a.Kind == models.ByRequester {
		for i := range v.Decisions {
			v.Decisions[i].Basis = ""
		}
	}
	return nil
}

func (s *Service) fillClasses(r *store.Reader, a models.Actor, v *CaseView) error {
	if a.Kind == models.ByRequester {
		return nil
	}
	var err error
	if v.Classified, err = r.Classifieds(v.Case.ID); err != nil {
		return err
	}
	v.Second = pending(v.Classified, nil)
	for _, row := range v.Classified {
		if row.Proposed && row.Evidence != "" {
			if err := json.Unmarshal([]byte(row.Evidence), &v.Proposal); err != nil {
				return internal("evidence_unreadable", err)
			}
		}
	}
	return nil
}

func (s *Service) fillRelated(r *store.Reader, a models.Actor, v *CaseView) error {
	var err error
	children, err := r.Children(v.Case.ID)
	if err != nil {
		return err
	}
	for i := range children {
		// An objection inherits its case's class, and may have been raised above it.
		known, err := s.knows(r, a, &children[i])
		if err != nil {
			return err
		}
		if known {
			v.Objections = append(v.Objections, children[i])
		}
	}
	if v.Case.ParentID != nil {
		p, err := r.CaseByID(*v.Case.ParentID)
		if err != nil {
			return err
		}
		known, err := s.knows(r, a, p)
		if err != nil {
			return err
		}
		if known {
			v.Parent = p
		}
	}
	clocks := make([]models.Clock, len(v.Clocks))
	for i, c := range v.Clocks {
		clocks[i] = c.Clock
	}
	v.Objection = objectionWindow(v.Pack, v.Case, clocks, children, v.Now)
	v.Disclosure, err = r.Disclosure(v.Case.ID)
	return err
}

// knows says whether an actor who is at a case may know of one it is tied to: the requester
// of one is that of both.
func (s *Service) knows(r *store.Reader, a models.Actor, c *models.Case) (bool, error) {
	if a.Kind != models.ByOfficer {
		return true, nil
	}
	rungs, err := r.Rungs(c.ID)
	if err != nil {
		return false, err
	}
	if _, err = s.enter(r, a, c, rungs); models.KindOf(err) == models.NotFound && err != nil {
		return false, nil
	}
	return err == nil, err
}

// requesterEvents are the kinds of event a requester sees of their case: what
// happened to it, not what officers did around it.
var requesterEvents = []string{
	"case.filed", "case.completed", "case.assigned", "case.clarification_asked", "case.clarified", "case.answered", "case.closed",
	"case.withdrawn", "case.published", "case.unpublished", "case.reopened", "deadline.set", "deadline.extended", "deadline.paused",
	"deadline.resumed", "deadline.restarted", "deadline.lapsed", "deadline.recomputed", "chain.opened", "rung.opened", "rung.lapsed", "rung.raised", "rung.returned",
	"rung.decided", "chain.failed", "objection.filed", "message.added", "attachment.added", "attachment.infected", "attachment.cleared",
	"outside.filed", "outside.decided", "dossier.made", "case.erasure_proposed", "case.erased", "repeat.found", "repeat.withdrawn",
}

// requesterReasons are those whose reason was written for the requester.
var requesterReasons = []string{"deadline.extended", "case.withdrawn", "case.closed", "rung.lapsed", "chain.failed", "case.unpublished", "outside.filed", "outside.decided"}

// eventsAtMost bounds what is read of one case for its page.
const eventsAtMost = 5000

// eventsOf are a case's events, the oldest first. Who looked is the auditor's to know, and may be
// more than all the rest: a confidential case is opened by many, for years.
func eventsOf(r *store.Reader, a models.Actor, caseID int64) ([]models.Event, error) {
	f := store.EventFilter{CaseID: &caseID, NoLooks: a.Role != models.Auditor}
	events, next, err := r.Events(f, "", 500)
	if next != "" && !f.NoLooks { // the trail of the case shows them by pages
		f.NoLooks = true
		events, next, err = r.Events(f, "", 500)
	}
	for err == nil && next != "" && len(events) < eventsAtMost {
		var more []models.Event
		more, next, err = r.Events(f, next, 500)
		events = append(events, more...)
	}
	return events, err
}

func (s *Service) fillTimeline(r *store.Reader, a models.Actor, v *CaseView) error {
	events, err := eventsOf(r, a, v.Case.ID)
	if err != nil {
		return err
	}
	if a.Kind != models.ByRequester {
		v.Timeline = events
		return nil
	}
	if v.Proofs, err = proofs(slices.DeleteFunc(slices.Clone(events), func(e models.Event) bool { return !opens(a, &e) })); err != nil {
		return err
	}
	for _, e := range events {
		if !slices.Contains(requesterEvents, e.Kind) {
			continue
		}
		e.Actor, e.ActorID = "", nil
		if !slices.Contains(requesterReasons, e.Kind) {
			e.Reason = ""
		}
		v.Timeline = append(v.Timeline, e)
	}
	return nil
}

// deskActions are what a case page may offer, with the move each one makes.
var deskActions = []struct {
	action string
	move   models.Action
}{
	{policies.ActAssign, models.ActAssign}, {policies.ActAssignSelf, models.ActAssign},
	{policies.ActClassify, models.ActClassify}, {policies.ActLowerClass, models.ActClassify},
	{policies.ActAskClarification, models.ActAsk}, {policies.ActExtend, models.ActExtend},
	{policies.ActEscalateRaise, models.ActEscalate}, {policies.ActEscalateAck, models.ActAcknowledge},
	{policies.ActEscalateReturn, models.ActReturn}, {policies.ActEscalateDecide, models.ActSettle},
	{policies.ActPublish, models.ActPublish}, {policies.ActGrant, models.ActNote}, {policies.ActMessage, models.ActMessage}, {policies.ActNote, models.ActNote},
}

// may lists what the actor may do and the case can bear now.
func (s *Service) may(a models.Actor, v *CaseView) []string {
	var out []string
	c := v.Case
	if a.Kind == models.ByRequester {
		for action, move := range map[string]models.Action{actSay: models.ActMessage, actWithdraw: models.ActWithdraw, actAttach: models.ActAttach} {
			if c.Can(move) || action == actSay && c.Can(models.ActClarify) {
				out = append(out, action)
			}
		}
		if v.Objection.Open {
			out = append(out, actObject)
		}
		slices.Sort(out)
		return out
	}
	for _, d := range deskActions {
		if !c.Can(d.move) || !mayDo(a, d.action, c, v.Rungs).Allowed {
			continue
		}
		switch d.action {
		case policies.ActExtend:
			if !extendable(v) {
				continue
			}
		case policies.ActEscalateAck, policies.ActEscalateReturn, policies.ActEscalateDecide:
			if a.Rank() < c.RungRole.Rank() {
				continue
			}
		case policies.ActGrant:
			if !grantable(c, v.Attachments) {
				continue
			}
		case policies.ActPublish:
			if c.Classification != models.Public {
				continue
			}
		}
		out = append(out, d.action)
	}
	if c.Can(models.ActDecide) {
		w := &work{actor: a, c: c, rungs: v.Rungs}
		if w.mayDecide(models.Granted) == nil {
			out = append(out, decideAction(c.Kind))
		}
		if w.mayDecide(models.Refused) == nil {
			out = append(out, policies.ActRefuse)
		}
	}
	if c.Can(models.ActClose) && mayDo(a, actClose, c, v.Rungs).Allowed {
		out = append(out, "close")
	}
	if c.Can(models.ActComplete) && mayDo(a, actSay, c, v.Rungs).Allowed {
		out = append(out, "complete")
	}
	return out
}

func extendable(v *CaseView) bool {
	for _, c := range v.Clocks {
		if c.Primary && c.Running() {
			law, ok := v.Pack.Clock(c.Name)
			return ok && law.Extension != nil && !c.Extended && !(law.Extension.BeforeDue && v.Now.After(c.DueAt))
		}
	}
	return false
}
