package casework

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// GrantInput lets an officer into a confidential case.
type GrantInput struct {
	Version int64
	Officer string // e-mail
	Until   string // last day, YYYY-MM-DD
	Reason  string
}

// GrantView is a grant as the case page lists it.
type GrantView struct {
	models.Grant
	Officer string // name
	Role    models.Role
	Live    bool
}

// Grant lets an officer who is cleared, and has otherwise no need to know, into a confidential
// case until the end of a day. It is for those who answer for the case: the information officer
// and the superior.
func (s *Service) Grant(ctx context.Context, a models.Actor, ref string, in GrantInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActGrant, func(w *work) error {
		if err := w.grantable(); err != nil {
			return err
		}
		in.Reason = clean(in.Reason)
		var check models.Check
		text(&check, "reason", in.Reason, maxReason, true)
		loc := zone(w.body.Zone)
		until, err := policies.ParseDate(in.Until)
		check.Field(in.Until != "", "until", "required")
		check.Field(in.Until == "" || err == nil, "until", "date")
		end := until.AddDays(1).In(loc).UTC()
		check.Field(err != nil || end.After(w.now), "until", "date_past")
		check.Field(err != nil || end.Sub(w.now) <= models.GrantAtMost, "until", "grant_too_long", strconv.Itoa(int(models.GrantAtMost.Hours()/24)))
		o, err := w.grantee(&check, in.Officer)
		if err != nil {
			return err
		}
		if err := check.Err(); err != nil {
			return err
		}
		return w.let(o, models.GivenGrant, in.Reason, end)
	})
}

// grantable refuses a case in which nothing is confidential.
func (w *work) grantable() error {
	docs, err := w.Attachments(w.c.ID)
	if err != nil {
		return err
	}
	if !grantable(w.c, docs) {
		return models.Refuse(models.Conflict, "grant_needless")
	}
	return nil
}

func grantable(c *models.Case, docs []models.Attachment) bool {
	return c.Classification == models.Confidential ||
		slices.ContainsFunc(docs, func(d models.Attachment) bool { return d.Classification == models.Confidential })
}

// Grantable lists the officers of the body who could be let into a case.
func (s *Service) Grantable(ctx context.Context, a models.Actor, ref string) ([]models.Officer, error) {
	v, err := s.view(ctx, a, ref, false) // asked beside a page of the case
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.May, policies.ActGrant) {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActGrant)
	}
	r := s.store.Read(ctx)
	var out []models.Officer
	for _, role := range models.Roles {
		if !role.OnChain() {
			continue
		}
		list, err := r.OfficersFor(v.Body.ID, role, models.Confidential)
		if err != nil {
			return nil, err
		}
		for i := range list {
			sees, err := s.seenBy(r, &list[i], v.Case, v.Rungs)
			if err != nil {
				return nil, err
			}
			if !sees {
				list[i].PasswordHash = ""
				out = append(out, list[i])
			}
		}
	}
	return out, nil
}

// grantee is the officer named, if they may be let in.
func (w *work) grantee(check *models.Check, email string) (*models.Officer, error) {
	email = strings.ToLower(clean(email))
	if email == "" {
		check.Field(false, "officer", "required")
		return nil, nil
	}
	o, err := w.OfficerByEmail(email)
	switch {
	case models.KindOf(err) == models.NotFound:
		check.Field(false, "officer", "officer_unknown")
		return nil, nil
	case err != nil:
		return nil, err
	case o.Disabled || o.BodyID == nil || *o.BodyID != w.body.ID || !o.Role.OnChain():
		check.Field(false, "officer", "officer_not_of_body")
		return o, nil
	case o.Clearance != models.Confidential:
		check.Field(false, "officer", "officer_not_cleared")
		return o, nil
	}
	sees, err := w.seenBy(o)
	check.Field(!sees, "officer", "officer_sees_it")
	return o, err
}

// seenBy says whether an officer may know of the case, and of all its documents, already.
func (w *work) seenBy(o *models.Officer) (bool, error) { return w.s.seenBy(w.Reader, o, w.c, w.rungs) }

func (s *Service) seenBy(r *store.Reader, o *models.Officer, c *models.Case, rungs []models.Rung) (bool, error) {
	a, err := actorOf(r, o, s.now())
	if err != nil {
		return false, err
	}
	_, err = s.enter(r, a, c, rungs)
	if err != nil && models.KindOf(err) == models.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	closed, err := s.closed(r, a, c, rungs)
	return !closed, err
}

// let writes a grant and its event.
func (w *work) let(o *models.Officer, kind models.GrantKind, why string, until time.Time) error {
	g := &models.Grant{CaseID: w.c.ID, OfficerID: o.ID, Kind: kind, Reason: why, GrantedBy: w.actor.Label(), GrantedRole: w.actor.Role, At: w.now, Until: until, Version: 1}
	if w.actor.OfficerID != 0 {
		id := w.actor.OfficerID
		g.GrantedID = &id
	}
	if err := w.Insert(g); err != nil {
		return err
	}
	event := map[models.GrantKind]string{models.GivenGrant: "access.granted", models.EmergencyGrant: "access.emergency", models.OversightGrant: "access.granted"}[kind]
	return w.record(event, why, "", models.EventData{Officer: o.Name, Role: string(o.Role), New: g.Until.UTC().Format("2006-01-02T15:04:05Z")})
}

// Revoke ends a grant before its time.
func (s *Service) Revoke(ctx context.Context, a models.Actor, ref string, id int64, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActGrant, func(w *work) error {
		why := clean(in.Text)
		var check models.Check
		text(&check, "reason", why, maxReason, true)
		if err := check.Err(); err != nil {
			return err
		}
		g, err := w.Tx.Grant(id)
		if err != nil {
			return err
		}
		if g.CaseID != w.c.ID {
			return models.Refuse(models.NotFound, "grant_not_found")
		}
		if !g.Live(w.now) {
			return models.Refuse(models.Conflict, "grant_over")
		}
		o, err := w.Officer(g.OfficerID)
		if err != nil {
			return err
		}
		return w.revoke(g, o, why)
	})
}

func (w *work) revoke(g *models.Grant, o *models.Officer, why string) error {
	at := w.now
	g.RevokedAt, g.RevokedBy = &at, w.actor.Label()
	if err := w.UpdateGrant(g); err != nil {
		return err
	}
	return w.record("access.revoked", why, "", models.EventData{Officer: o.Name, Role: string(o.Role)})
}

// Emergency opens a confidential case to an officer of its body who has the clearance and not
// the need to know: with a reason, for models.EmergencyFor, told at once to the superior, who
// must acknowledge it. A reference that is wrong, another body's, or above the officer's
// clearance is the same NotFound; every such try is an event and is throttled by officer.
func (s *Service) Emergency(ctx context.Context, a models.Actor, ref, why string) (Opened, error) {
	if a.Kind != models.ByOfficer || !a.Role.OnChain() {
		return Opened{}, models.Refuse(models.Forbidden, "not_allowed", policies.ActEmergency)
	}
	why = clean(why)
	var check models.Check
	norm, ok := models.NormalReference(ref)
	check.Field(clean(ref) != "", "reference", "required")
	check.Field(clean(ref) == "" || ok, "reference", "not_a_reference")
	text(&check, "reason", why, maxReason, true)
	check.Field(why == "" || utf8.RuneCountInString(why) >= models.EmergencyReason, "reason", "too_short", strconv.Itoa(models.EmergencyReason))
	if err := check.Err(); err != nil {
		return Opened{}, err
	}
	keys := []string{fmt.Sprintf("emergency:%d", a.OfficerID)}
	if err := s.throttled(ctx, keys); err != nil {
		return Opened{}, err
	}
	opened, err := s.breakIn(ctx, a, norm, why)
	if err == nil || models.KindOf(err) != models.NotFound {
		return opened, err
	}
	if err := s.failed(ctx, keys); err != nil {
		return Opened{}, err
	}
	return Opened{}, err
}

// Opened is what an emergency came to.
type Opened struct {
	Reference string
	Broken    bool // false where the officer could see the case anyway: nothing was opened, nobody told
}

func (s *Service) breakIn(ctx context.Context, a models.Actor, ref, why string) (out Opened, _ error) {
	refused := false
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		c, err := tx.CaseByReference(ref)
		if err != nil && models.KindOf(err) != models.NotFound {
			return err
		}
		if err == nil {
			rungs, err := tx.Rungs(c.ID)
			if err != nil {
				return err
			}
			_, err = s.enter(tx.Reader, a, c, rungs)
			if err != nil && models.KindOf(err) != models.NotFound {
				return err
			}
			if closed := true; err == nil {
				if closed, err = s.closed(tx.Reader, a, c, rungs); err != nil {
					return err
				}
				if !closed || a.Clearance != models.Confidential {
					out = Opened{Reference: c.Reference} // nothing to break: they may see it, or are not cleared for what they do not
					return nil
				}
			}
		}
		known := c != nil && c.State != models.StateDraft
		if !known || !mayDo(a, policies.ActEmergency, c, nil).Allowed {
			refused = true
			return s.emergencyRefused(tx, a, c, known)
		}
		// The system's eyes: the actor has none for this case yet, and is the one who acts.
		w, err := s.around(tx, models.System, c)
		if err != nil {
			return err
		}
		w.actor = a
		o, err := w.Officer(a.OfficerID)
		if err != nil {
			return err
		}
		if err := w.let(o, models.EmergencyGrant, why, w.now.Add(models.EmergencyFor)); err != nil {
			return err
		}
		out = Opened{c.Reference, true}
		return w.alarm(o)
	})
	if err == nil && refused {
		err = models.Refuse(models.NotFound, "emergency_refused")
	}
	return out, err
}

// emergencyRefused records a try that opened nothing. What is told to the administration
// names no case, whether there is one or not; where there is, those cleared for it find
// the try in its history.
func (s *Service) emergencyRefused(tx *store.Tx, a models.Actor, c *models.Case, known bool) error {
	if known {
		w, err := s.around(tx, models.System, c)
		if err != nil {
			return err
		}
		w.actor = a
		if err := w.record("access.refused", "", "", models.EventData{}); err != nil {
			return err
		}
	}
	o, err := tx.Officer(a.OfficerID)
	if err != nil {
		return err
	}
	return s.account(tx, a, o, "officer.emergency_refused", models.EventData{})
}

// alarm tells the superiors of the body, or where there is no other, its information
// officers. Those who are cleared are let in for long enough to look into it. The letter
// names no case: a mailbox is not cleared.
func (w *work) alarm(breaker *models.Officer) error {
	for _, role := range []models.Role{models.Superior, models.InfoOfficer} {
		told, err := w.OfficersFor(w.body.ID, role, models.Public)
		if err != nil {
			return err
		}
		n := 0
		for i := range told {
			o := &told[i]
			if o.ID == breaker.ID {
				continue
			}
			n++
			if o.Clearance == models.Confidential {
				sees, err := w.seenBy(o)
				if err != nil {
					return err
				}
				if !sees {
					by := w.actor
					w.actor = models.System
					err := w.let(o, models.OversightGrant, "access.emergency", w.now.Add(models.OversightFor))
					w.actor = by
					if err != nil {
						return err
					}
				}
			}
			if err := w.Insert(&models.Outgoing{Kind: EmergencyLetter, To: o.Email, Lang: o.Lang, Data: toJSON(struct{}{}), CreatedAt: w.now}); err != nil {
				return err
			}
		}
		if n > 0 {
			return nil
		}
	}
	return nil
}

// EmergencyLetter is the kind of the letter that tells a superior of an emergency.
const EmergencyLetter = "emergency"

// EmergencyView is an emergency that waits for a superior. Reference and Reason are blank to
// who may not see the case.
type EmergencyView struct {
	ID        int64
	Officer   string
	Role      models.Role
	At, Until time.Time
	Reference string
	Reason    string
	Own       bool // taken by the actor: another must acknowledge it
}

// Emergencies lists, by key, those of the actor's body that nobody has acknowledged; next is
// the key to go on after, 0 at the end.
func (s *Service) Emergencies(ctx context.Context, a models.Actor, after int64) (out []EmergencyView, next int64, err error) {
	if err := administers(a, policies.ActEmergencySee); err != nil {
		return nil, 0, err
	}
	const page = 50
	r := s.store.Read(ctx)
	rows, err := r.Unseen(a.BodyID, after, page)
	if err != nil {
		return nil, 0, err
	}
	for _, g := range rows {
		o, err := r.Officer(g.OfficerID)
		if err != nil {
			return nil, 0, err
		}
		c, err := r.CaseByID(g.CaseID)
		if err != nil {
			return nil, 0, err
		}
		rungs, err := r.Rungs(c.ID)
		if err != nil {
			return nil, 0, err
		}
		v := EmergencyView{ID: g.ID, Officer: o.Name, Role: o.Role, At: g.At, Until: g.Until, Own: g.OfficerID == a.OfficerID}
		_, err = s.enter(r, a, c, rungs)
		switch {
		case err == nil:
			v.Reference, v.Reason = c.Reference, g.Reason
		case models.KindOf(err) != models.NotFound:
			return nil, 0, err
		}
		out = append(out, v)
	}
	if len(rows) == page {
		next = rows[page-1].ID
	}
	return out, next, nil
}

// Acknowledge notes that a superior has looked into an emergency. It is not for who took it.
func (s *Service) Acknowledge(ctx context.Context, a models.Actor, id int64, note string) error {
	note = clean(note)
	var check models.Check
	text(&check, "note", note, maxReason, true)
	if err := check.Err(); err != nil {
		return err
	}
	if err := administers(a, policies.ActEmergencySee); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		g, err := tx.Grant(id)
		if err != nil {
			return err
		}
		c, err := tx.CaseByID(g.CaseID)
		if err != nil {
			return err
		}
		if g.Kind != models.EmergencyGrant || !a.InBody(c.BodyID) {
			return models.Refuse(models.NotFound, "grant_not_found")
		}
		if g.OfficerID == a.OfficerID {
			return models.Refuse(models.Conflict, "own_emergency")
		}
		if a.Kind == models.ByOfficer && a.Clearance != models.Confidential {
			return models.Refuse(models.Forbidden, "clearance_too_low", policies.ActEmergencySee)
		}
		if g.SeenAt != nil {
			return models.Refuse(models.Conflict, "emergency_seen", g.SeenBy)
		}
		w, err := s.around(tx, models.System, c)
		if err != nil {
			return err
		}
		w.actor = a
		o, err := w.Officer(g.OfficerID)
		if err != nil {
			return err
		}
		g.SeenAt, g.SeenID, g.SeenBy = &w.now, &a.OfficerID, a.Label()
		if err := w.UpdateGrant(g); err != nil {
			return err
		}
		return w.record("access.acknowledged", note, "", models.EventData{Officer: o.Name, Role: string(o.Role)})
	})
}

// fillGrants lists who was let into the case; officers only.
func (s *Service) fillGrants(r *store.Reader, a models.Actor, v *CaseView) error {
	if a.Kind == models.ByRequester {
		return nil
	}
	rows, err := r.Grants(v.Case.ID)
	if err != nil {
		return err
	}
	for _, g := range rows {
		o, err := r.Officer(g.OfficerID)
		if err != nil {
			return err
		}
		v.Grants = append(v.Grants, GrantView{Grant: g, Officer: o.Name, Role: o.Role, Live: g.Live(v.Now)})
	}
	return nil
}
