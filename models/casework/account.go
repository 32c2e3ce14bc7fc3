package casework

import (
	"context"
	"strings"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// AccountView is what an officer sees of their own account.
type AccountView struct {
	Officer     models.Officer // without its password hash
	Body        string         // name; "" for the whole installation
	HasPassword bool
	App         bool
	AppSince    *time.Time
	Passkeys    []models.Passkey // without their records
	CodesLeft   int
	Needed      bool // the account must have a second factor
	Step        string
	Sessions    []SessionRow
	Resets      int // of others', that wait for this officer
}

// SessionRow is one signed-in browser.
type SessionRow struct {
	models.Session
	Here bool
	Owes bool // its second step was never given
}

// SecondFactorRule is whom the installation asks for a second factor.
func (s *Service) SecondFactorRule() models.SecondFactorRule { return s.factors.rule }

// Account reads the account of who is signed in.
func (s *Service) Account(ctx context.Context, h Holder) (*AccountView, error) {
	r := s.store.Read(ctx)
	o, err := r.Officer(h.OfficerID)
	if err != nil {
		return nil, err
	}
	v := &AccountView{HasPassword: o.PasswordHash != "", Needed: s.factors.rule == models.SecondFactorRequired && o.NeedsSecondFactor()}
	if o.BodyID != nil {
		b, err := r.Body(*o.BodyID)
		if err != nil {
			return nil, err
		}
		v.Body = b.Name
	}
	app, err := r.Authenticator(o.ID)
	if err != nil {
		return nil, err
	}
	if app != nil && app.Sealed != "" {
		v.App, v.AppSince = true, app.ConfirmedAt
	}
	if v.Passkeys, err = r.Passkeys(o.ID); err != nil {
		return nil, err
	}
	for i := range v.Passkeys {
		v.Passkeys[i].Record = ""
	}
	if v.CodesLeft, err = r.RecoveryCodesLeft(o.ID); err != nil {
		return nil, err
	}
	sessions, err := r.Sessions(o.ID)
	if err != nil {
		return nil, err
	}
	now, known := s.now(), false
	for _, session := range sessions {
		if now.After(session.ExpiresAt) || now.Sub(session.SeenAt) > models.SessionIdle {
			continue
		}
		row := SessionRow{Session: session, Here: session.ID == h.SessionID, Owes: s.owed(o, &session) != ""}
		row.TokenHash, row.PrevHash = "", ""
		if row.Here {
			known, v.Step = true, s.owed(o, &session)
		}
		v.Sessions = append(v.Sessions, row)
	}
	if !known {
		return nil, models.Refuse(models.Unauthorized, "no_session")
	}
	a, err := actorOf(r, o, now)
	if err != nil {
		return nil, err
	}
	if mayConfirmResets(a) {
		waiting, err := s.resetsFor(r, a)
		if err != nil {
			return nil, err
		}
		v.Resets = len(waiting)
	}
	v.Officer = *o
	v.Officer.PasswordHash = ""
	return v, nil
}

// EndSession signs one of the officer's own browsers out.
func (s *Service) EndSession(ctx context.Context, h Holder, id int64) error {
	return s.whole(ctx, h, func(w *own) error {
		ok, err := w.DeleteSessionOf(w.o.ID, id)
		if err != nil || !ok {
			return either(err, models.Refuse(models.NotFound, "session_not_found"))
		}
		return s.account(w.Tx, w.a, w.o, "officer.sessions_ended", models.EventData{Count: 1})
	})
}

// EndSessions signs the officer out everywhere: here too, or everywhere else.
func (s *Service) EndSessions(ctx context.Context, h Holder, hereToo bool) error {
	return s.whole(ctx, h, func(w *own) error {
		kept := w.session.ID
		if hereToo {
			kept = 0
		}
		n, err := w.DeleteOtherSessions(w.o.ID, kept)
		if err != nil {
			return err
		}
		return s.account(w.Tx, w.a, w.o, "officer.sessions_ended", models.EventData{Count: n})
	})
}

// whole is mine for a session that owes nothing.
func (s *Service) whole(ctx context.Context, h Holder, do func(*own) error) error {
	return s.mine(ctx, h, func(w *own) error {
		if s.owed(w.o, w.session) != "" {
			return models.Refuse(models.Forbidden, "second_step_owed")
		}
		return do(w)
	})
}

// ChangePassword sets a new password for who knows the old one. Every other session ends.
func (s *Service) ChangePassword(ctx context.Context, h Holder, old, password, scope string) (string, error) {
	o, err := s.store.Read(ctx).Officer(h.OfficerID)
	if err != nil {
		return "", err
	}
	var c models.Check
	checkPassword(&c, "password", password, o.Email, o.Name)
	if err := c.Err(); err != nil {
		return "", err
	}
	keys := confirmKeys(h, scope)
	if err := s.throttled(ctx, keys); err != nil {
		return "", err
	}
	if !s.samePassword(o.PasswordHash, old) {
		if err := s.signInFailed(ctx, o, models.WayPassword, keys); err != nil {
			return "", err
		}
		return "", &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "old", Code: "wrong"}}}
	}
	hash, token := s.hashPassword(password), ""
	err = s.whole(ctx, h, func(w *own) error {
		if w.o.PasswordHash != o.PasswordHash {
			return models.Refuse(models.Conflict, "stale")
		}
		if err := s.right(w.Tx, keys[1]); err != nil {
			return err
		}
		w.o.PasswordHash = hash
		if err := w.UpdateOfficer(w.o); err != nil {
			return err
		}
		if _, err := w.DeleteOtherSessions(w.o.ID, w.session.ID); err != nil {
			return err
		}
		if err := w.DeleteTokens(w.o.ID, models.PasswordLink); err != nil {
			return err
		}
		if token, err = w.proved(false); err != nil {
			return err
		}
		return s.changed(w.Tx, w.a, w.o, "password_set", w.d, models.EventData{})
	})
	return token, err
}

// EndOfficerSessions signs an officer out everywhere, by an administrator.
func (s *Service) EndOfficerSessions(ctx context.Context, a models.Actor, email string) error {
	return s.onOfficer(ctx, a, email, func(tx *store.Tx, o *models.Officer) error {
		n, err := tx.DeleteOtherSessions(o.ID, 0)
		if err != nil {
			return err
		}
		return s.account(tx, a, o, "officer.sessions_ended", models.EventData{Count: n})
	})
}

// ResetSecondFactor takes away the second factor of an officer who lost it; they set up a
// new one at their next sign-in. Of an officer cleared for confidential matters that is
// done by two: it waits for another administrator, or a superior of the body, where there
// is one. The operator's command needs nobody: who runs the machine could change its data.
func (s *Service) ResetSecondFactor(ctx context.Context, a models.Actor, email string) (waits bool, err error) {
	err = s.onOfficer(ctx, a, email, func(tx *store.Tx, o *models.Officer) error {
		waits = false
		if !o.SecondFactor {
			return models.Refuse(models.Conflict, "no_second_factor")
		}
		if a.Kind == models.ByOfficer && a.OfficerID == o.ID {
			return models.Refuse(models.Forbidden, "not_own_reset")
		}
		if a.Kind == models.BySystem || o.Clearance != models.Confidential {
			return s.reset(tx, a, o, "")
		}
		others, err := s.confirmers(tx.Reader, o, a.OfficerID)
		if err != nil {
			return err
		}
		if len(others) == 0 {
			return s.reset(tx, a, o, "")
		}
		waiting, err := tx.FactorReset(o.ID)
		if err != nil {
			return err
		}
		now := s.now()
		if waiting != nil && now.Before(waiting.ExpiresAt) {
			if waiting.AskedID != nil && *waiting.AskedID != a.OfficerID {
				return s.reset(tx, a, o, waiting.AskedBy) // the second administrator asks for the same
			}
			return models.Refuse(models.Conflict, "second_person_needed")
		}
		if _, err := tx.DeleteFactorReset(o.ID); err != nil {
			return err
		}
		waits = true
		if err := tx.Insert(&models.FactorReset{OfficerID: o.ID, AskedID: &a.OfficerID, AskedBy: a.Name, AskedAt: now, ExpiresAt: now.Add(models.ResetValid)}); err != nil {
			return err
		}
		for i := range others {
			if err := s.letterTo(tx, &others[i], "account.reset_asked", AccountLetter{By: a.Name, For: o.Name + " (" + o.Email + ")", Path: "/desk/resets", Until: now.Add(models.ResetValid)}); err != nil {
				return err
			}
		}
		return s.changed(tx, a, o, "second_factor_reset_asked", Device{}, models.EventData{})
	})
	return waits, err
}

// confirmers are who may confirm a reset for an officer, but that officer and who asked.
func (s *Service) confirmers(r *store.Reader, o *models.Officer, asked int64) ([]models.Officer, error) {
	list, err := r.Confirmers(o.BodyID)
	var out []models.Officer
	for _, c := range list {
		if c.ID != o.ID && c.ID != asked && c.PasswordHash != "" {
			out = append(out, c)
		}
	}
	return out, err
}

// reset takes the second factor away; asked is who asked for it, where two did it.
func (s *Service) reset(tx *store.Tx, a models.Actor, o *models.Officer, asked string) error {
	o.SecondFactor = false
	if err := tx.UpdateOfficer(o); err != nil {
		return err
	}
	for _, do := range []func(int64) error{tx.DeleteAuthenticator, tx.DeletePasskeys, tx.DeleteRecoveryCodes, tx.DeleteSessions} {
		if err := do(o.ID); err != nil {
			return err
		}
	}
	if _, err := tx.DeleteFactorReset(o.ID); err != nil {
		return err
	}
	return s.changed(tx, a, o, "second_factor_reset", Device{}, models.EventData{Parent: asked})
}

func mayConfirmResets(a models.Actor) bool {
	return a.Kind == models.ByOfficer && (a.Role == models.Superior || may(a, policies.ActAdminOfficers, policies.AccessFacts{SameBody: true}).Allowed)
}

// ResetRow is a reset that waits.
type ResetRow struct {
	models.FactorReset
	Name, Email string
	Mine        bool // asked for by the reader, who cannot confirm it
}

const resetsShown = 100

func (s *Service) resetsFor(r *store.Reader, a models.Actor) ([]ResetRow, error) {
	list, err := r.FactorResets(a.BodyID, s.now(), resetsShown)
	if err != nil {
		return nil, err
	}
	var out []ResetRow
	for _, w := range list {
		if w.OfficerID == a.OfficerID {
			continue
		}
		o, err := r.Officer(w.OfficerID)
		if err != nil {
			return nil, err
		}
		out = append(out, ResetRow{FactorReset: w, Name: o.Name, Email: o.Email, Mine: w.AskedID != nil && *w.AskedID == a.OfficerID})
	}
	return out, nil
}

// Resets lists the resets that wait for a second person, to who could be that.
func (s *Service) Resets(ctx context.Context, a models.Actor) ([]ResetRow, error) {
	if !mayConfirmResets(a) {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActAdminOfficers)
	}
	return s.resetsFor(s.store.Read(ctx), a)
}

// ConfirmReset is the second person's word on a reset.
func (s *Service) ConfirmReset(ctx context.Context, a models.Actor, email string, agreed bool) error {
	if !mayConfirmResets(a) {
		return models.Refuse(models.Forbidden, "not_allowed", policies.ActAdminOfficers)
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		none := models.Refuse(models.NotFound, "reset_not_found")
		o, err := tx.OfficerByEmail(strings.ToLower(clean(email)))
		if err != nil {
			if models.KindOf(err) == models.NotFound {
				return none
			}
			return err
		}
		if a.BodyID != nil && (o.BodyID == nil || *o.BodyID != *a.BodyID) {
			return none
		}
		waiting, err := tx.FactorReset(o.ID)
		if err != nil {
			return err
		}
		if waiting == nil || !s.now().Before(waiting.ExpiresAt) {
			return none
		}
		if o.ID == a.OfficerID {
			return models.Refuse(models.Forbidden, "not_own_reset")
		}
		if waiting.AskedID != nil && *waiting.AskedID == a.OfficerID && agreed {
			return models.Refuse(models.Conflict, "second_person_needed")
		}
		if !agreed {
			if _, err := tx.DeleteFactorReset(o.ID); err != nil {
				return err
			}
			return s.account(tx, a, o, "officer.second_factor_reset_refused", models.EventData{Parent: waiting.AskedBy})
		}
		return s.reset(tx, a, o, waiting.AskedBy)
	})
}
