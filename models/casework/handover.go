package casework

import (
	"context"
	"strings"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// HandoverInput moves what an officer holds to another.
type HandoverInput struct {
	From, To string // e-mail
	Reason   string
	Disable  bool // shut the first account afterwards: for who leaves
}

// HandoverReport counts what was moved.
type HandoverReport struct {
	Cases       int `json:"cases"`
	Rungs       int `json:"rungs"`
	Grants      int `json:"grants"`
	Delegations int `json:"delegations"`
	// Unassigned cases are above the clearance of both: they go back to the unit.
	Unassigned int  `json:"unassigned"`
	Disabled   bool `json:"disabled"`
}

// handoverBatch is how many cases one transaction moves.
const handoverBatch = 100

// Handover moves an officer's open cases, the rungs they took on, their live grants and the
// delegations that name them to another officer of the body, who must be enabled, on the chain
// and cleared as high. A batch is whole or not at all; whatever breaks off in between is
// taken up by handing over again. It is for the administration, the unit's head within the unit,
// the information officer and the superior, and says nothing of what was moved but how much.
func (s *Service) Handover(ctx context.Context, a models.Actor, in HandoverInput) (HandoverReport, error) {
	var r HandoverReport
	in.Reason = clean(in.Reason)
	from, to, err := s.handing(ctx, a, in)
	if err != nil {
		return r, err
	}
	h := &handover{s: s, a: a, from: from, to: to, reason: in.Reason, r: &r}
	for _, part := range []func(*store.Tx) (bool, error){h.cases, h.rungs, h.grants, h.delegations} {
		for more := true; more; {
			// Read again in each transaction: an account may be shut while its cases move.
			if err := s.store.WithTx(ctx, func(tx *store.Tx) (err error) {
				if err = h.check(tx); err != nil {
					return err
				}
				more, err = part(tx)
				return err
			}); err != nil {
				return r, err
			}
		}
	}
	if err := s.store.WithTx(ctx, func(tx *store.Tx) error { return s.handedOver(tx, h) }); err != nil {
		return r, err
	}
	if in.Disable && !from.Disabled {
		if err := s.DisableOfficer(ctx, a, from.Email); err != nil {
			return r, err
		}
		r.Disabled = true
	}
	return r, nil
}

// handing checks who hands over to whom.
func (s *Service) handing(ctx context.Context, a models.Actor, in HandoverInput) (from, to *models.Officer, err error) {
	if !handsOver(a) {
		return nil, nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActHandover)
	}
	var check models.Check
	text(&check, "reason", in.Reason, maxReason, true)
	r := s.store.Read(ctx)
	find := func(field, email string) (*models.Officer, error) {
		email = strings.ToLower(clean(email))
		if email == "" {
			check.Field(false, field, "required")
			return nil, nil
		}
		o, err := r.OfficerByEmail(email)
		if err != nil && models.KindOf(err) != models.NotFound {
			return nil, err
		}
		// Another body's account is no account.
		if err != nil || o.BodyID == nil || !a.InBody(*o.BodyID) {
			check.Field(false, field, "officer_unknown")
			return nil, nil
		}
		return o, nil
	}
	if from, err = find("from", in.From); err != nil {
		return nil, nil, err
	}
	if to, err = find("to", in.To); err != nil {
		return nil, nil, err
	}
	if in.Disable {
		if err := administers(a, policies.ActAdminOfficers); err != nil {
			return nil, nil, err
		}
	}
	if from != nil {
		if err := mayHandOver(r, a, from, to); err != nil {
			return nil, nil, err
		}
		if a.OfficerID == from.ID && in.Disable {
			check.Field(false, "disable", "own_account")
		}
	}
	if from != nil && to != nil {
		receives(&check, from, to)
	}
	return from, to, check.Err()
}

// handsOver says whether there is anything that the actor could hand over.
func handsOver(a models.Actor) bool {
	return a.Kind == models.BySystem ||
		a.Kind == models.ByOfficer && may(a, policies.ActHandover, policies.AccessFacts{SameBody: true, SameUnit: true}).Allowed
}

// receives refuses who cannot take over.
func receives(check *models.Check, from, to *models.Officer) {
	switch {
	case from.ID == to.ID:
		check.Field(false, "to", "handover_to_self")
	case to.Disabled:
		check.Field(false, "to", "officer_disabled")
	case *to.BodyID != *from.BodyID || !to.Role.OnChain():
		check.Field(false, "to", "officer_not_of_body")
	case to.Clearance.Level() < from.Clearance.Level():
		// Asked of the accounts and not of the cases: the answer would tell of what there is.
		check.Field(false, "to", "officer_not_cleared")
	}
}

func mayHandOver(r *store.Reader, a models.Actor, from, to *models.Officer) error {
	if a.Kind == models.BySystem {
		return nil
	}
	same := a.InUnit(from.UnitID) && (to == nil || a.InUnit(to.UnitID))
	d := may(a, policies.ActHandover, policies.AccessFacts{SameBody: a.InBody(*from.BodyID), SameUnit: same})
	if a.Kind != models.ByOfficer || !d.Allowed {
		return models.Refuse(models.Forbidden, d.Code, policies.ActHandover)
	}
	return nil
}

// handover is one under way.
type handover struct {
	s        *Service
	a        models.Actor
	from, to *models.Officer
	reason   string
	r        *HandoverReport
}

func (h *handover) check(tx *store.Tx) error {
	to, err := tx.Officer(h.to.ID)
	if err != nil {
		return err
	}
	from, err := tx.Officer(h.from.ID)
	if err != nil {
		return err
	}
	var check models.Check
	receives(&check, from, to)
	h.from, h.to = from, to
	return check.Err()
}

// on has the actor work on a case that they may have no right to see: what is moved is not shown.
func (h *handover) on(tx *store.Tx, caseID int64) (*work, error) {
	c, err := tx.CaseByID(caseID)
	if err != nil {
		return nil, err
	}
	w, err := h.s.around(tx, models.System, c)
	if err != nil {
		return nil, err
	}
	w.actor = h.a
	return w, nil
}

func (h *handover) cases(tx *store.Tx) (more bool, err error) {
	// What is moved leaves the list, so that each batch begins at its head.
	list, err := tx.HeldBy(h.from.ID, 0, handoverBatch)
	if err != nil {
		return false, err
	}
	for i := range list {
		w, err := h.on(tx, list[i].ID)
		if err != nil {
			return false, err
		}
		data := models.EventData{Old: h.from.Name}
		if h.to.Clearance.Level() < w.c.Classification.Level() {
			w.c.OfficerID = nil
			h.r.Unassigned++
		} else {
			id := h.to.ID
			w.c.OfficerID = &id
			data.Officer = h.to.Name
			h.r.Cases++
		}
		if err := w.record("case.handed_over", h.reason, "", data); err != nil {
			return false, err
		}
		if err := tx.UpdateCase(w.c); err != nil {
			return false, err
		}
	}
	return len(list) == handoverBatch, nil
}

func (h *handover) rungs(tx *store.Tx) (more bool, err error) {
	list, err := tx.RungsHeldBy(h.from.ID, 0, handoverBatch)
	if err != nil {
		return false, err
	}
	for i := range list {
		rung := &list[i]
		w, err := h.on(tx, rung.CaseID)
		if err != nil {
			return false, err
		}
		data := models.EventData{Level: rung.Level, Role: string(rung.Role), Old: h.from.Name}
		if h.to.Role.Rank() >= rung.Role.Rank() && h.to.Clearance.Level() >= w.c.Classification.Level() {
			id := h.to.ID
			rung.HolderID = &id
			data.Officer = h.to.Name
		} else {
			// Who takes over stands below the rung: it is open again to all who hold its role.
			rung.HolderID, rung.State, rung.AcknowledgedAt = nil, models.RungOpen, nil
		}
		if err := tx.UpdateRung(rung); err != nil {
			return false, err
		}
		if err := w.record("rung.handed_over", h.reason, "", data); err != nil {
			return false, err
		}
		if err := tx.UpdateCase(w.c); err != nil {
			return false, err
		}
		h.r.Rungs++
	}
	return len(list) == handoverBatch, nil
}

func (h *handover) grants(tx *store.Tx) (more bool, err error) {
	list, err := tx.GrantsTo(h.from.ID, h.s.now(), 0, handoverBatch)
	if err != nil {
		return false, err
	}
	for i := range list {
		g := &list[i]
		w, err := h.on(tx, g.CaseID)
		if err != nil {
			return false, err
		}
		if err := w.revoke(g, h.from, h.reason); err != nil {
			return false, err
		}
		// An emergency was its taker's own: it ends, and is acknowledged as before.
		sees, err := w.seenBy(h.to)
		if err != nil {
			return false, err
		}
		if g.Kind != models.EmergencyGrant && !sees && h.to.Clearance == models.Confidential {
			if err := w.let(h.to, g.Kind, g.Reason, g.Until); err != nil {
				return false, err
			}
		}
		h.r.Grants++
	}
	return len(list) == handoverBatch, nil
}

// delegations moves what others left to the officer, and ends what the officer left to others
// when the account is about to be shut.
func (h *handover) delegations(tx *store.Tx) (more bool, err error) {
	list, err := tx.DelegatedTo(h.from.ID)
	if err != nil {
		return false, err
	}
	for i := range list {
		o := &list[i]
		data := models.EventData{Old: h.from.Name}
		if o.ID == h.to.ID {
			o.DelegateID = nil // nobody stands in for themselves
		} else {
			id := h.to.ID
			o.DelegateID = &id
			data.New = h.to.Name
		}
		if err := tx.UpdateOfficer(o); err != nil {
			return false, err
		}
		if err := h.s.account(tx, h.a, o, "officer.delegate_moved", data); err != nil {
			return false, err
		}
		h.r.Delegations++
	}
	return false, nil
}

// handedOver records the whole, about the account that gave.
func (s *Service) handedOver(tx *store.Tx, h *handover) error {
	w := &work{Tx: tx, s: s, actor: h.a, now: s.now(), at: s.now()}
	b, err := tx.Body(*h.from.BodyID)
	if err != nil {
		return err
	}
	w.body = b
	n := h.r.Cases + h.r.Rungs + h.r.Grants + h.r.Delegations + h.r.Unassigned
	return w.record("officer.handed_over", h.reason, "", models.EventData{Officer: h.from.Name, Role: string(h.from.Role), Old: h.from.Name, New: h.to.Name, Count: int64(n)})
}

// Takers lists who could take over from officers that the actor may hand over: themselves in the
// list, so that a form can name both.
func (s *Service) Takers(ctx context.Context, a models.Actor) ([]models.Officer, error) {
	if !handsOver(a) {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActHandover)
	}
	r := s.store.Read(ctx)
	var out []models.Officer
	for after := int64(0); ; {
		list, err := r.Officers(a.BodyID, after, 500)
		if err != nil || len(list) == 0 {
			return out, err
		}
		for _, o := range list {
			after = o.ID
			if o.BodyID == nil || !o.Role.OnChain() || mayHandOver(r, a, &o, &o) != nil {
				continue
			}
			o.PasswordHash = ""
			out = append(out, o)
		}
	}
}
