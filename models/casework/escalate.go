package casework

import (
	"context"
	"fmt"
	"strings"

	"terang/models"
	"terang/policies"
)

// Escalate acts on the chain: raise (open one, or pass the open rung up),
// acknowledge, return (to the rung below) or decide (settle it: the case goes
// back to review). Raise, return and decide need reasons.
func (s *Service) Escalate(ctx context.Context, a models.Actor, ref string, in EscalationInput) (*models.Case, error) {
	action := map[string]string{
		"raise": policies.ActEscalateRaise, "acknowledge": policies.ActEscalateAck,
		"return": policies.ActEscalateReturn, "decide": policies.ActEscalateDecide,
	}[in.Action]
	if action == "" {
		var c models.Check
		c.Field(false, "action", "not_a_choice")
		return nil, c.Err()
	}
	return s.change(ctx, a, ref, in.Version, action, func(w *work) error {
		why := clean(in.Reason)
		var check models.Check
		text(&check, "reason", why, maxReason, in.Action != "acknowledge")
		if err := check.Err(); err != nil {
			return err
		}
		if in.Action == "raise" {
			return w.raise(why)
		}
		rung, err := w.openRung()
		if err != nil {
			return err
		}
		// A rung is its holder's role to act on, or of someone above.
		if a.Kind == models.ByOfficer && a.Rank() < rung.Role.Rank() {
			return models.Refuse(models.Forbidden, "not_your_rung")
		}
		switch in.Action {
		case "acknowledge":
			return w.acknowledge(rung, why)
		case "return":
			return w.giveBack(rung, why)
		}
		return w.settle(models.RungDecided, why)
	})
}

// openRung is the rung whose holder has the next move.
func (w *work) openRung() (*models.Rung, error) {
	for i := len(w.rungs) - 1; i >= 0; i-- {
		if w.rungs[i].Live() {
			return &w.rungs[i], nil
		}
	}
	return nil, models.Refuse(models.Conflict, "no_open_rung")
}

// chainFor is the ladder of the case's class. A public case that someone raises by
// hand climbs the restricted one.
func (w *work) chainFor() (*policies.Chain, error) {
	class := w.c.Classification
	if class == models.Public {
		class = models.Restricted
	}
	chain, ok := w.pack.Chain(string(class))
	if !ok || len(chain.Rungs) == 0 {
		return nil, models.Refuse(models.Conflict, "no_chain_in_law", string(class))
	}
	return chain, nil
}

// openChain opens a rung above the given level (0 for the first), skipping roles that
// nobody in the body holds with the clearance the case needs: such a rung could
// only lapse. It is an error when there is no rung above.
func (w *work) openChain(above int, why string) error {
	chain, err := w.chainFor()
	if err != nil {
		return err
	}
	var skipped []string
	var last *policies.Rung
	for i := range chain.Rungs {
		r := &chain.Rungs[i]
		if r.Level <= above {
			continue
		}
		last = r
		held, err := w.held(models.Role(r.Role))
		if err != nil {
			return err
		}
		if held {
			break
		}
		if i < len(chain.Rungs)-1 {
			skipped = append(skipped, r.Role)
		}
	}
	if last == nil {
		return models.Refuse(models.Conflict, "top_of_chain")
	}
	if len(skipped) > 0 {
		why = fmt.Sprintf("%s; no cleared holder: %s", why, strings.Join(skipped, ", "))
	}
	return w.openRungAt(chain, last, why)
}

// held says whether somebody of the body can act on a rung of the role today: an
// officer with the clearance, present, or away with a delegate who has it.
func (w *work) held(role models.Role) (bool, error) {
	holders, err := w.OfficersFor(w.body.ID, role, w.c.Classification)
	if err != nil {
		return false, err
	}
	today := policies.DateOf(w.at, zone(w.body.Zone)).String()
	for _, o := range holders {
		if !o.Away(today) {
			return true, nil
		}
		if o.DelegateID == nil {
			continue
		}
		d, err := w.Officer(*o.DelegateID)
		if err != nil {
			return false, err
		}
		if !d.Disabled && !d.Away(today) && d.Clearance.Level() >= w.c.Classification.Level() {
			return true, nil
		}
	}
	return false, nil
}

func (w *work) openRungAt(chain *policies.Chain, law *policies.Rung, why string) error {
	opts := w.s.dueOptions(w.pack.ID, w.body)
	due, err := w.pack.RungDue(chain.Classification, law.Level, w.at, opts)
	if err != nil {
		return internal("rung_due", err)
	}
	ack, err := w.pack.RungAcknowledgeDue(chain.Classification, law.Level, w.at, opts)
	if err != nil {
		return internal("rung_due", err)
	}
	first := w.c.RungLevel == 0
	r := models.Rung{
		CaseID: w.c.ID, Chain: chain.Classification, Level: law.Level, Role: models.Role(law.Role), State: models.RungOpen,
		OpenedAt: w.at, AcknowledgeBy: &ack.DueAt, DueAt: due.DueAt, Why: why, Basis: basis(due), Version: 1,
	}
	if r.Role == models.UnitHead {
		r.UnitID = w.c.UnitID
	}
	if err := w.Insert(&r); err != nil {
		return err
	}
	w.rungs = append(w.rungs, r)
	w.c.RungLevel, w.c.RungRole, w.c.RungDueAt = r.Level, r.Role, &r.DueAt
	// While a clarification is awaited, a chain that is already open moves on beside it.
	if w.c.State != models.StateEscalated && (first || w.c.State != models.StateAwaitingClarification) {
		if err := w.c.Move(models.ActEscalate); err != nil {
			return err
		}
	}
	if first {
		if err := w.record("chain.opened", why, chain.Article, models.EventData{New: chain.Classification}); err != nil {
			return err
		}
	}
	return w.record("rung.opened", why, law.Article, models.EventData{
		Level: r.Level, Role: law.Role, New: r.DueAt.UTC().Format("2006-01-02T15:04:05Z"),
	})
}

func (w *work) raise(why string) error {
	rung, err := w.openRung()
	if err != nil { // no chain yet: the first rung above who raises it
		above := 0
		chain, err := w.chainFor()
		if err != nil {
			return err
		}
		for _, r := range chain.Rungs {
			if models.Role(r.Role).Rank() <= w.actor.Rank() {
				above = r.Level
			}
		}
		return w.openChain(above, why)
	}
	if w.actor.Kind == models.ByOfficer && w.actor.Rank() < rung.Role.Rank() {
		return models.Refuse(models.Forbidden, "not_your_rung")
	}
	if err := w.c.Move(models.ActEscalate); err != nil {
		return err
	}
	level := rung.Level
	if err := w.endRung(rung, models.RungRaised, why); err != nil {
		return err
	}
	if err := w.record("rung.raised", why, "", models.EventData{Level: level, Role: string(rung.Role)}); err != nil {
		return err
	}
	return w.openChain(level, why)
}

func (w *work) acknowledge(rung *models.Rung, why string) error {
	if err := w.c.Move(models.ActAcknowledge); err != nil {
		return err
	}
	if rung.State == models.RungAcknowledged {
		return models.Refuse(models.Conflict, "already_acknowledged")
	}
	at := w.at
	rung.State, rung.AcknowledgedAt = models.RungAcknowledged, &at
	if w.actor.OfficerID != 0 {
		id := w.actor.OfficerID
		rung.HolderID = &id
	}
	if err := w.UpdateRung(rung); err != nil {
		return err
	}
	return w.record("rung.acknowledged", why, "", models.EventData{Level: rung.Level, Role: string(rung.Role)})
}

// giveBack returns the case to the rung below, or, from the lowest, to its officer.
func (w *work) giveBack(rung *models.Rung, why string) error {
	if err := w.c.Move(models.ActReturn); err != nil {
		return err
	}
	chain, ok := w.pack.Chain(rung.Chain)
	if !ok {
		return models.Refuse(models.Conflict, "no_chain_in_law", rung.Chain)
	}
	var below *policies.Rung
	for i := range chain.Rungs {
		r := &chain.Rungs[i]
		if r.Level >= rung.Level {
			break
		}
		held, err := w.held(models.Role(r.Role))
		if err != nil {
			return err
		}
		if held {
			below = r
		}
	}
	level, role := rung.Level, rung.Role
	if below == nil {
		return w.settle(models.RungReturned, why)
	}
	if err := w.endRung(rung, models.RungReturned, why); err != nil {
		return err
	}
	if err := w.record("rung.returned", why, "", models.EventData{Level: level, Role: string(role)}); err != nil {
		return err
	}
	return w.openRungAt(chain, below, why)
}

// settle ends the chain: decided by its holder, or made needless.
func (w *work) settle(how models.RungState, why string) error {
	rung, err := w.openRung()
	if err != nil {
		return err
	}
	level, role := rung.Level, string(rung.Role)
	if err := w.c.Move(models.ActSettle); err != nil {
		return err
	}
	if err := w.endRung(rung, how, why); err != nil {
		return err
	}
	w.c.RungLevel, w.c.RungRole, w.c.RungDueAt = 0, "", nil
	switch how {
	case models.RungDecided:
		if err := w.record("rung.decided", why, "", models.EventData{Level: level, Role: role}); err != nil {
			return err
		}
	case models.RungReturned:
		if err := w.record("rung.returned", why, "", models.EventData{Level: level, Role: role}); err != nil {
			return err
		}
	}
	return w.record("chain.closed", why, "", models.EventData{Level: level, Role: role})
}

func (w *work) endRung(rung *models.Rung, how models.RungState, why string) error {
	at := w.at
	rung.State, rung.EndedAt, rung.Reason = how, &at, why
	return w.UpdateRung(rung)
}

// closeChain ends an open chain because the case itself ended; it is not an
// error when none is open.
func (w *work) closeChain(how models.RungState, why string) error {
	rung, err := w.openRung()
	if err != nil {
		return nil
	}
	level, role := rung.Level, string(rung.Role)
	if err := w.endRung(rung, how, why); err != nil {
		return err
	}
	w.c.RungLevel, w.c.RungRole, w.c.RungDueAt = 0, "", nil
	if how == models.RungDecided {
		if err := w.record("rung.decided", why, "", models.EventData{Level: level, Role: role}); err != nil {
			return err
		}
	}
	return w.record("chain.closed", why, "", models.EventData{Level: level, Role: role})
}

// lapse moves a rung whose clock ran out up by itself. At the top the lapse is the
// body's failure and opens the requester's next remedy.
func (w *work) lapse() error {
	rung, err := w.openRung()
	if err != nil {
		return err
	}
	level, role := rung.Level, string(rung.Role)
	chain, ok := w.pack.Chain(rung.Chain)
	if !ok {
		return models.Refuse(models.Conflict, "no_chain_in_law", rung.Chain)
	}
	top := chain.Rungs[len(chain.Rungs)-1].Level <= level
	why := "not decided by " + rung.DueAt.UTC().Format("2006-01-02T15:04:05Z")
	if err := w.endRung(rung, models.RungLapsed, why); err != nil {
		return err
	}
	if !top {
		if err := w.c.Move(models.ActLapse); err != nil {
			return err
		}
		if err := w.record("rung.lapsed", why, "", models.EventData{Level: level, Role: role}); err != nil {
			return err
		}
		if err := w.openChain(level, "lapsed below"); err != nil {
			return err
		}
		return w.tell("escalated", w.notice(why))
	}
	if err := w.c.Move(models.ActFail); err != nil {
		return err
	}
	w.c.RungLevel, w.c.RungRole, w.c.RungDueAt = 0, "", nil
	if err := w.record("rung.lapsed", why, "", models.EventData{Level: level, Role: role}); err != nil {
		return err
	}
	if err := w.record("chain.failed", why, chain.Article, models.EventData{Level: level, Role: role}); err != nil {
		return err
	}
	// The requester need not wait for the answer clock to object to silence.
	if opens := chain.Rungs[len(chain.Rungs)-1].Opens; opens != "" {
		if err := w.startNamed(opens); err != nil {
			return err
		}
	}
	return w.tell("escalated", w.notice(why))
}
