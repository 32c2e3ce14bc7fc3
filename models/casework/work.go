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

// work is one verb under way on one case.
type work struct {
	*store.Tx
	s     *Service
	actor models.Actor
	now   time.Time // recorded
	at    time.Time // happened; earlier than now only through Service.At
	c     *models.Case
	body  *models.Body
	pack  *policies.Pack
	unit  *models.Unit
	rungs []models.Rung

	filing    bool              // a case comes to be: its events wait in events until all are known
	events    []models.Event    //
	requester *models.Requester // who was just written

	clocks     []models.Clock // read when first needed
	haveClocks bool
	filedEvent int64
	files      []string // hashes of what came with a filing
}

// change is the shape of every verb on an existing case. may is the action asked
// of policies; a version of 0 is the requester's, whose words are not lost to a race.
func (s *Service) change(ctx context.Context, a models.Actor, ref string, version int64, may string, do func(*work) error) (*models.Case, error) {
	var out *models.Case
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		w, err := s.load(tx, a, ref)
		if err != nil {
			return err
		}
		if version == 0 && a.Kind == models.ByOfficer {
			return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "version", Code: "required"}}}
		}
		if version > 0 && version != w.c.Version {
			return models.Refuse(models.Conflict, "stale")
		}
		if err := w.allowed(may); err != nil {
			return err
		}
		if err := do(w); err != nil {
			return err
		}
		if err := tx.UpdateCase(w.c); err != nil {
			return err
		}
		out = w.c
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// load reads a case for an actor. What the actor may not know of is not found.
func (s *Service) load(tx *store.Tx, a models.Actor, ref string) (*work, error) {
	norm, ok := models.NormalReference(ref)
	if !ok {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	c, err := tx.CaseByReference(norm)
	if err != nil {
		return nil, err
	}
	return s.around(tx, a, c)
}

// loadHeld is load for a verb that puts an event on record and leaves the case as it is: its
// version guards nothing, so that the row has to.
func (s *Service) loadHeld(tx *store.Tx, a models.Actor, ref string) (*work, error) {
	norm, ok := models.NormalReference(ref)
	if !ok {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	if err := tx.HoldCase(norm); err != nil {
		return nil, err
	}
	return s.load(tx, a, norm)
}

// enter is the one door to a case: what the actor may not know of is not found. The actor it
// gives knows whether it was a grant that let them in.
func (s *Service) enter(r *store.Reader, a models.Actor, c *models.Case, rungs []models.Rung) (models.Actor, error) {
	a.GrantedCase = 0
	sight := models.SightAt(a, s.now())
	if sight.Sees(c, rungRoles(rungs)) {
		return a, nil
	}
	if sight.Desk && c.Classification == models.Confidential {
		grants, err := r.Grants(c.ID)
		if err != nil {
			return a, err
		}
		if sight.Sees(c, rungRoles(rungs), grants...) {
			a.GrantedCase = c.ID
			return a, nil
		}
	}
	return a, models.Refuse(models.NotFound, "case_not_found")
}

// around gathers what a verb needs beside the case.
func (s *Service) around(tx *store.Tx, a models.Actor, c *models.Case) (*work, error) {
	now := s.now()
	w := &work{Tx: tx, s: s, actor: a, now: now, at: s.moment(now), c: c}
	err := s.loadDecrees(tx.Reader, true)
	if err != nil {
		return nil, err
	}
	if w.rungs, err = tx.Rungs(c.ID); err != nil {
		return nil, err
	}
	if w.actor, err = s.enter(tx.Reader, a, c, w.rungs); err != nil {
		return nil, err
	}
	if w.body, err = tx.Body(c.BodyID); err != nil {
		return nil, err
	}
	if w.pack, err = s.packs.Version(c.Pack, c.PackVersion); err != nil {
		return nil, internal("pack_missing", err)
	}
	if c.UnitID != nil {
		if w.unit, err = tx.Unit(*c.UnitID); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func rungRoles(rungs []models.Rung) []models.Role {
	roles := make([]models.Role, len(rungs))
	for i, r := range rungs {
		roles[i] = r.Role
	}
	return roles
}

// requesterMay is what someone who proved a case's key may do to it.
var requesterMay = []string{actSay, actWithdraw, actObject, actAttach, policies.ActDossier}

// Actions that policies.May does not know because the law gives them to the
// requester, or to time.
const (
	actSay      = policies.ActMessage
	actWithdraw = "withdraw"
	actObject   = "object"
	actAttach   = "attach"
	actClose    = policies.ActAskClarification // who may ask may also close what is finished
	// laterCheck is for verbs whose action depends on what they find.
	laterCheck = ""
)

// allowed asks policies whether the actor may, and gives Forbidden with its reason.
func (w *work) allowed(action string) error {
	if action == laterCheck {
		return nil
	}
	d := mayDo(w.actor, action, w.c, w.rungs)
	if d.Allowed {
		return nil
	}
	code := d.Code
	if code == "" {
		code = "not_allowed"
	}
	return models.Refuse(models.Forbidden, code, action)
}

func mayDo(a models.Actor, action string, c *models.Case, rungs []models.Rung) policies.Decision {
	switch a.Kind {
	case models.BySystem:
		return policies.Decision{Allowed: true, Rule: "system"}
	case models.ByRequester:
		return policies.Decision{Allowed: a.CaseID == c.ID && slices.Contains(requesterMay, action), Rule: "case key"}
	case models.ByOfficer:
		if action == actAttach {
			action = policies.ActMessage
		}
		return may(a, action, accessFacts(a, c, rungs))
	}
	return policies.Decision{Code: "not_allowed"}
}

// may asks for the actor's own role first, then for those they act in while
// others are away; the refusal is that of their own.
func may(a models.Actor, action string, f policies.AccessFacts) policies.Decision {
	own := policies.May(string(a.Role), action, f)
	if own.Allowed {
		return own
	}
	for _, r := range a.ActsAs {
		if d := policies.May(string(r), action, f); d.Allowed {
			return d
		}
	}
	return own
}

func accessFacts(a models.Actor, c *models.Case, rungs []models.Rung) policies.AccessFacts {
	return policies.AccessFacts{
		Clearance: string(a.Clearance), Class: string(c.Classification), Kind: string(c.Kind), Anonymity: string(c.Anonymity),
		SameBody: a.InBody(c.BodyID), SameUnit: a.InUnit(c.UnitID),
		Granted:  a.GrantedCase == c.ID,
		Assigned: c.OfficerID != nil && *c.OfficerID == a.OfficerID,
		// The information officer answers for every case of the body, the superior for
		// every objection: see models.SightOf.
		OnRung: models.SightOf(a).WholeBody || c.Kind == models.Objection && slices.Contains(a.Roles(), models.Superior) ||
			slices.ContainsFunc(rungRoles(rungs), func(r models.Role) bool { return slices.Contains(a.Roles(), r) }),
	}
}

// record appends the audit event of what was just done. The columns are the
// case as it stands after it.
func (w *work) record(kind, reason string, article string, data models.EventData) error {
	e := w.newEvent(kind, reason, article, &data)
	events := []models.Event{*e}
	if told, ok := informedOf(*e, data); ok {
		events = append(events, told)
	}
	if w.filing {
		w.events = append(w.events, events...)
	} else if err := w.AppendAll(events); err != nil {
		return err
	}
	if w.c == nil || w.pack == nil {
		return nil
	}
	return w.stopClocks(kind)
}

// newEvent is the event of what was just done, before it is sealed.
func (w *work) newEvent(kind, reason, article string, data *models.EventData) *models.Event {
	if !w.at.Equal(w.now) {
		at := w.at
		data.Occurred = &at
	}
	e := &models.Event{
		Time: w.now, Kind: kind, Reason: reason, Article: article, Data: data.JSON(),
		ActorRole: w.actor.RoleLabel(), Actor: w.actor.Label(), Standing: models.NoStanding,
	}
	if w.actor.OfficerID != 0 {
		id := w.actor.OfficerID
		e.ActorID = &id
	}
	if w.body != nil {
		e.BodyID, e.Body = &w.body.ID, w.body.Slug
	}
	if w.unit != nil {
		e.Unit = w.unit.Slug
	}
	if c := w.c; c != nil {
		id := c.ID
		e.CaseID, e.Reference, e.CaseKind = &id, c.Reference, c.Kind
		e.Classification, e.State, e.Outcome = c.Classification, c.State, c.Outcome
		e.Clock, e.DueOn, e.Standing = c.Clock, c.DueOn, c.StandingAt(w.at)
		e.Pack, e.PackVersion = c.Pack, c.PackVersion
	}
	return e
}

// tell puts a message to the requester into the outbox, in the same
// transaction; it leaves after commit. Without an address nothing is put: the
// page behind reference and key says the same.
func (w *work) tell(kind string, data any) error {
	if w.c.RequesterID == nil {
		return nil
	}
	r := w.requester
	if r == nil {
		var err error
		if r, err = w.Requester(*w.c.RequesterID); err != nil {
			return err
		}
	}
	if r.Email == "" {
		return nil
	}
	return w.Insert(&models.Outgoing{
		CaseID: &w.c.ID, Kind: kind, To: r.Email, Lang: w.c.Lang, Data: toJSON(data), CreatedAt: w.now,
	})
}

// notice is what every message to a requester can say.
type notice struct {
	Reference string `json:"reference"`
	Body      string `json:"body"`
	State     string `json:"state"`
	DueOn     string `json:"due_on,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

func (w *work) notice(reason string) notice {
	return notice{Reference: w.c.Reference, Body: w.body.Name, State: string(w.c.State), DueOn: w.c.DueOn, Reason: reason}
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null" // only types of this package are given here, and they marshal
	}
	return string(b)
}

func internal(code string, err error) error {
	if models.KindOf(err) == models.Unavailable {
		return err // what it stands on is away: no fault of this
	}
	if code := models.DiskCode(err); code != "" {
		return &models.Error{Kind: models.Unavailable, Code: code, Err: err}
	}
	return &models.Error{Kind: models.Internal, Code: code, Err: err}
}
