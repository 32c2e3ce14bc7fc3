package store

import (
	"time"

	"terang/models"
)

// Authenticator reads an officer's app; nil when there is none.
func (r *Reader) Authenticator(officer int64) (*models.Authenticator, error) {
	return maybe[models.Authenticator](r, "officer_id = ?", officer)
}

// Passkeys lists an officer's passkeys, the oldest first.
func (r *Reader) Passkeys(officer int64) ([]models.Passkey, error) {
	return many[models.Passkey](r, "id", 0, "officer_id = ?", officer)
}

// PasskeyByCredential reads a passkey by its credential's id; nil when there is none.
func (r *Reader) PasskeyByCredential(id string) (*models.Passkey, error) {
	return maybe[models.Passkey](r, "credential_id = ?", id)
}

// RecoveryCodesLeft counts the codes an officer has not used.
func (r *Reader) RecoveryCodesLeft(officer int64) (int, error) {
	var n int
	err := r.db.Raw("SELECT count(*) FROM recovery_codes WHERE officer_id = ? AND used_at IS NULL", officer).Scan(&n).Error
	return n, wrap(err)
}

// SubjectOf reads what an officer is pinned to at an issuer; nil when nothing yet.
func (r *Reader) SubjectOf(officer int64, issuer string) (*models.ProviderSubject, error) {
	return maybe[models.ProviderSubject](r, "officer_id = ? AND issuer = ?", officer, issuer)
}

// Subject reads whose account at an issuer this is; nil when nobody's yet.
func (r *Reader) Subject(issuer, subject string) (*models.ProviderSubject, error) {
	return maybe[models.ProviderSubject](r, "issuer = ? AND subject = ?", issuer, subject)
}

// FactorReset reads a reset that waits for an officer; nil when there is none.
func (r *Reader) FactorReset(officer int64) (*models.FactorReset, error) {
	return maybe[models.FactorReset](r, "officer_id = ?", officer)
}

// FactorResets lists the resets that wait at a time, of one body or of all.
func (r *Reader) FactorResets(body *int64, now time.Time, limit int) ([]models.FactorReset, error) {
	if body == nil {
		return many[models.FactorReset](r, "id", limit, "expires_at > ?", now.UTC())
	}
	return many[models.FactorReset](r, "id", limit, "expires_at > ? AND officer_id IN (SELECT id FROM officers WHERE body_id = ?)", now.UTC(), *body)
}

// Confirmers lists the enabled officers who may confirm a reset for an officer of body:
// administrators who keep it, and its superiors.
func (r *Reader) Confirmers(body *int64) ([]models.Officer, error) {
	if body == nil {
		return many[models.Officer](r, "id", 0, "NOT disabled AND role = ? AND body_id IS NULL", models.Administrator)
	}
	return many[models.Officer](r, "id", 0, "NOT disabled AND (role = ? AND (body_id IS NULL OR body_id = ?) OR role = ? AND body_id = ?)",
		models.Administrator, *body, models.Superior, *body)
}

// SessionByID reads a session.
func (r *Reader) SessionByID(id int64) (*models.Session, error) {
	return one[models.Session](r, "no_session", "id = ?", id)
}

// PasswordAsks lists asked-for password links, the oldest first.
func (r *Reader) PasswordAsks(limit int) ([]models.PasswordAsk, error) {
	return many[models.PasswordAsk](r, "id", limit, "1 = 1")
}

// PutAuthenticator writes an officer's app anew.
func (tx *Tx) PutAuthenticator(a *models.Authenticator) error {
	if err := tx.DeleteAuthenticator(a.OfficerID); err != nil {
		return err
	}
	return tx.Insert(a)
}

// DeleteAuthenticator forgets an officer's app.
func (tx *Tx) DeleteAuthenticator(officer int64) error {
	_, err := tx.exec("DELETE FROM authenticators WHERE officer_id = ?", officer)
	return err
}

// SpendStep notes the step of a code that counted. Exactly one of several callers with
// the same code succeeds.
func (tx *Tx) SpendStep(officer, step int64) (bool, error) {
	n, err := tx.exec("UPDATE authenticators SET last_step = ? WHERE officer_id = ? AND last_step < ?", step, officer, step)
	return n == 1, err
}

// SpendRecoveryCode uses up a code. Exactly one of several callers succeeds.
func (tx *Tx) SpendRecoveryCode(officer int64, hash string, at time.Time) (bool, error) {
	n, err := tx.exec("UPDATE recovery_codes SET used_at = ? WHERE officer_id = ? AND hash = ? AND used_at IS NULL", at.UTC(), officer, hash)
	return n == 1, err
}

// DeleteRecoveryCodes forgets an officer's codes.
func (tx *Tx) DeleteRecoveryCodes(officer int64) error {
	_, err := tx.exec("DELETE FROM recovery_codes WHERE officer_id = ?", officer)
	return err
}

// UsePasskey writes what a passkey's use changed.
func (tx *Tx) UsePasskey(id int64, record string, at time.Time) error {
	_, err := tx.exec("UPDATE passkeys SET record = ?, used_at = ? WHERE id = ?", record, at.UTC(), id)
	return err
}

// DeletePasskey forgets a passkey of an officer and says whether there was one.
func (tx *Tx) DeletePasskey(officer, id int64) (bool, error) {
	n, err := tx.exec("DELETE FROM passkeys WHERE officer_id = ? AND id = ?", officer, id)
	return n == 1, err
}

// DeletePasskeys forgets an officer's passkeys.
func (tx *Tx) DeletePasskeys(officer int64) error {
	_, err := tx.exec("DELETE FROM passkeys WHERE officer_id = ?", officer)
	return err
}

// ProveSession gives a session a new token once its holder proved who they are. The token
// before it ends at once: what was taken while less was proved is worth nothing now.
func (tx *Tx) ProveSession(id int64, newHash string, second bool, at time.Time) error {
	at = at.UTC()
	sql := "UPDATE sessions SET token_hash = ?, prev_hash = '', rotated_at = ?, seen_at = ?, confirmed_at = ?"
	args := []any{newHash, at, at, at}
	if second {
		sql += ", proved_at = ?"
		args = append(args, at)
	}
	n, err := tx.exec(sql+" WHERE id = ?", append(args, id)...)
	if err == nil && n == 0 {
		return models.Refuse(models.NotFound, "no_session")
	}
	return err
}

// DeleteSessionOf ends one of an officer's sessions and says whether there was one.
func (tx *Tx) DeleteSessionOf(officer, id int64) (bool, error) {
	n, err := tx.exec("DELETE FROM sessions WHERE officer_id = ? AND id = ?", officer, id)
	return n == 1, err
}

// DeleteOtherSessions ends an officer's sessions but one and says how many.
func (tx *Tx) DeleteOtherSessions(officer, kept int64) (int64, error) {
	return tx.exec("DELETE FROM sessions WHERE officer_id = ? AND id <> ?", officer, kept)
}

// DeleteFactorReset forgets a reset that waited and says whether there was one.
func (tx *Tx) DeleteFactorReset(officer int64) (bool, error) {
	n, err := tx.exec("DELETE FROM factor_resets WHERE officer_id = ?", officer)
	return n == 1, err
}

// DeletePasswordAsk takes an asked-for link; exactly one of several callers gets it.
func (tx *Tx) DeletePasswordAsk(id int64) (bool, error) {
	n, err := tx.exec("DELETE FROM password_asks WHERE id = ?", id)
	return n == 1, err
}
