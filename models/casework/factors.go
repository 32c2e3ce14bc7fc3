package casework

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"terang/models"
	"terang/models/store"
)

// secondFactors is what proving more than a password needs: whom it is asked of, the keys
// derived from the installation's secret, and the address passkeys are bound to.
type secondFactors struct {
	rule     models.SecondFactorRule
	seal     cipher.AEAD
	codes    []byte // keys the hashes of recovery codes
	handles  []byte // keys the handles passkeys know officers by
	passkeys *webauthn.WebAuthn
}

func newSecondFactors(o Options) secondFactors {
	f := secondFactors{rule: o.SecondFactor, passkeys: relyingParty(o.BaseURL)}
	key := func(purpose string) []byte {
		k, err := hkdf.Key(sha256.New, o.Secret, nil, "terang/signin/"+purpose+"/1", 32)
		if err != nil {
			panic(err) // only for a length SHA-256 cannot give
		}
		return k
	}
	f.codes, f.handles = key("recovery"), key("handle")
	block, err := aes.NewCipher(key("app"))
	if err == nil {
		f.seal, err = cipher.NewGCM(block)
	}
	if err != nil {
		panic(err) // only for a key of another length
	}
	return f
}

// sealApp seals an app's secret for one officer: moved to another row it does not open.
func (f *secondFactors) sealApp(officer int64, secret string) string {
	nonce := make([]byte, f.seal.NonceSize())
	rand.Read(nonce)
	return base64.RawStdEncoding.EncodeToString(f.seal.Seal(nonce, nonce, []byte(secret), appOf(officer)))
}

func (f *secondFactors) openApp(officer int64, sealed string) (string, error) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < f.seal.NonceSize() {
		return "", internal("app_secret_broken", err)
	}
	n := f.seal.NonceSize()
	plain, err := f.seal.Open(nil, raw[:n], raw[n:], appOf(officer))
	if err != nil {
		return "", internal("app_secret_broken", err)
	}
	return string(plain), nil
}

func appOf(officer int64) []byte { return fmt.Appendf(nil, "authenticators:%d", officer) }

// recoveryHash is keyed: a stolen database alone does not let anyone try all codes.
func (f *secondFactors) recoveryHash(officer int64, code string) string {
	mac := hmac.New(sha256.New, f.codes)
	fmt.Fprintf(mac, "%d\x00%s", officer, code)
	return hex.EncodeToString(mac.Sum(nil))
}

// Codes of an app: six digits, thirty seconds, SHA-1, as RFC 6238 has it and every app
// reads it.
const appPeriod = 30

var appCode = totp.ValidateOpts{Period: appPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// codeStep finds the step a code belongs to, one before and one after the present one
// included, because clocks of telephones differ. It looks at all three whichever is right.
func codeStep(secret, code string, now time.Time) (int64, bool) {
	step, found := int64(0), false
	for d := int64(-1); d <= 1; d++ {
		at := now.Unix()/appPeriod + d
		want, err := totp.GenerateCodeCustom(secret, time.Unix(at*appPeriod, 0), appCode)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, found = at, true
		}
	}
	return step, found
}

// Holder is a signed-in browser, also one that still owes its second step.
type Holder struct {
	SessionID int64
	OfficerID int64
	Device    Device
}

// own is one change to an officer's own account under way.
type own struct {
	*store.Tx
	s       *Service
	o       *models.Officer
	session *models.Session
	a       models.Actor
	d       Device
}

// mine does something to the account of who is signed in. What a step is owed for, and
// whether it must be fresh, the caller says.
func (s *Service) mine(ctx context.Context, h Holder, do func(*own) error) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		w, err := s.ownOf(tx, h)
		if err != nil {
			return err
		}
		return do(w)
	})
}

func (s *Service) ownOf(tx *store.Tx, h Holder) (*own, error) {
	session, err := tx.SessionByID(h.SessionID)
	if models.KindOf(err) == models.NotFound && err != nil || err == nil && session.OfficerID != h.OfficerID {
		return nil, models.Refuse(models.Unauthorized, "no_session")
	}
	if err != nil {
		return nil, err
	}
	o, err := tx.Officer(h.OfficerID)
	if err != nil {
		return nil, err
	}
	if o.Disabled {
		return nil, models.Refuse(models.Unauthorized, "no_session")
	}
	a, err := actorOf(tx.Reader, o, s.now())
	return &own{Tx: tx, s: s, o: o, session: session, a: a, d: h.Device.short()}, err
}

// changeMine is mine for who may change how the account is opened: they owe no more than the
// setting up itself, and proved all they have not long ago.
func (s *Service) changeMine(ctx context.Context, h Holder, do func(*own) error) error {
	return s.mine(ctx, h, func(w *own) error {
		if s.owed(w.o, w.session) == StepProve {
			return models.Refuse(models.Forbidden, "second_step_owed")
		}
		if !s.fresh(w.session) {
			return models.Refuse(models.Forbidden, "confirm_first")
		}
		return do(w)
	})
}

func (s *Service) fresh(session *models.Session) bool {
	return session.ConfirmedAt != nil && s.now().Sub(*session.ConfirmedAt) <= models.ConfirmFor
}

// proved raises the session: its token is replaced, so that one taken before is worth
// nothing.
func (w *own) proved(second bool) (string, error) {
	token := models.NewToken()
	return token, w.ProveSession(w.session.ID, models.HashSecret(token), second, w.s.now())
}

// secondKeys are what wrong codes are counted under. The scope alone would let many
// machines try one account.
func secondKeys(officer int64, scope string) []string {
	return []string{fmt.Sprint("second:", officer), "signin:" + scope}
}

// confirmKeys are what wrong passwords of somebody who is signed in are counted under. Those of
// strangers at the door are none of theirs.
func confirmKeys(h Holder, scope string) []string {
	return []string{"signin:" + scope, fmt.Sprint("confirm:", h.OfficerID)}
}

// ProveApp takes six digits of the app as the second step of a sign-in, or again before
// something dangerous. It gives the session's new token.
func (s *Service) ProveApp(ctx context.Context, h Holder, code, scope string) (string, error) {
	return s.prove(ctx, h, scope, models.FactorApp, func(w *own) (bool, error) {
		app, err := w.Authenticator(w.o.ID)
		if err != nil || app == nil || app.Sealed == "" {
			return false, err
		}
		secret, err := s.factors.openApp(w.o.ID, app.Sealed)
		if err != nil {
			return false, err
		}
		step, ok := codeStep(secret, digits(code), s.now())
		if !ok {
			return false, nil
		}
		return w.SpendStep(w.o.ID, step)
	})
}

// ProveRecovery takes a one-time code from paper in place of the second factor.
func (s *Service) ProveRecovery(ctx context.Context, h Holder, code, scope string) (string, error) {
	return s.prove(ctx, h, scope, models.FactorRecovery, func(w *own) (bool, error) {
		plain, ok := models.PlainRecoveryCode(code)
		if !ok {
			return false, nil
		}
		if ok, err := w.SpendRecoveryCode(w.o.ID, s.factors.recoveryHash(w.o.ID, plain), s.now()); err != nil || !ok {
			return false, err
		}
		left, err := w.RecoveryCodesLeft(w.o.ID)
		if err != nil {
			return false, err
		}
		return true, s.changed(w.Tx, w.a, w.o, "recovery_code_used", w.d, models.EventData{Count: int64(left)})
	})
}

// digits leaves out the spaces apps show between the groups of a code.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
}

// prove is one try at the second factor. A wrong one is counted and recorded in a
// transaction of its own, because the one it was found in changes nothing.
func (s *Service) prove(ctx context.Context, h Holder, scope string, factor models.Factor, check func(*own) (bool, error)) (string, error) {
	keys := secondKeys(h.OfficerID, scope)
	if err := s.throttled(ctx, keys); err != nil {
		return "", err
	}
	wrong, token := false, ""
	err := s.mine(ctx, h, func(w *own) error {
		ok, err := check(w)
		if err != nil {
			return err
		}
		if !ok {
			wrong = true
			if err := s.bump(w.Tx, keys); err != nil {
				return err
			}
			return s.account(w.Tx, w.a, w.o, "officer.second_step_failed", models.EventData{Source: string(factor)})
		}
		wrong = false
		if err := s.right(w.Tx, keys[0]); err != nil {
			return err
		}
		if token, err = w.proved(true); err != nil {
			return err
		}
		return s.account(w.Tx, w.a, w.o, "officer.second_step_passed", models.EventData{Source: string(factor)})
	})
	if err == nil && wrong {
		err = &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: fieldOf(factor), Code: "wrong"}}}
	}
	return token, err
}

func fieldOf(f models.Factor) string {
	if f == models.FactorRecovery {
		return "recovery"
	}
	return "code"
}

// ConfirmPassword proves again, before something dangerous, all that an account without a
// second factor has.
func (s *Service) ConfirmPassword(ctx context.Context, h Holder, password, scope string) (string, error) {
	o, err := s.store.Read(ctx).Officer(h.OfficerID)
	if err != nil {
		return "", err
	}
	keys := confirmKeys(h, scope)
	if err := s.throttled(ctx, keys); err != nil {
		return "", err
	}
	ok := s.samePassword(o.PasswordHash, password)
	token := ""
	err = s.mine(ctx, h, func(w *own) error {
		if w.o.SecondFactor {
			return models.Refuse(models.Forbidden, "second_step_owed")
		}
		if !ok || w.o.PasswordHash != o.PasswordHash {
			if err := s.bump(w.Tx, keys); err != nil {
				return err
			}
			return s.account(w.Tx, w.a, w.o, "officer.sign_in_failed", models.EventData{Source: models.WayPassword})
		}
		if err := s.right(w.Tx, keys[1]); err != nil {
			return err
		}
		if token, err = w.proved(false); err != nil {
			return err
		}
		return s.account(w.Tx, w.a, w.o, "officer.confirmed", models.EventData{Source: models.WayPassword})
	})
	if err == nil && token == "" {
		err = &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "password", Code: "wrong"}}}
	}
	return token, err
}

// AppSetup is what an app needs to show codes: the key to type and the address a camera
// reads.
type AppSetup struct {
	Key string // base32, in groups of four
	URI string // otpauth://
}

// setUpFor is how long a key that was shown may wait for its first code.
const setUpFor = time.Hour

// SetUpApp begins with an app, or goes on where it was begun. The one in use, if any,
// counts until a code of the new one was right.
func (s *Service) SetUpApp(ctx context.Context, h Holder) (AppSetup, error) {
	var out AppSetup
	err := s.changeMine(ctx, h, func(w *own) error {
		app, err := w.Authenticator(w.o.ID)
		if err != nil {
			return err
		}
		if app == nil {
			app = &models.Authenticator{OfficerID: w.o.ID}
		}
		if s.now().Sub(app.CreatedAt) > setUpFor {
			app.Coming = "" // somebody else may have seen it meanwhile
		}
		secret := ""
		if app.Coming != "" {
			if secret, err = s.factors.openApp(w.o.ID, app.Coming); err != nil {
				return err
			}
		}
		key, err := appKey(w.o.Email, secret)
		if err != nil {
			return err
		}
		if app.Coming == "" {
			app.Coming, app.CreatedAt = s.factors.sealApp(w.o.ID, key.Secret()), s.now()
			if err := w.PutAuthenticator(app); err != nil {
				return err
			}
		}
		out = AppSetup{Key: grouped(key.Secret()), URI: key.URL()}
		return nil
	})
	return out, err
}

// appKey makes a key of 160 bits, or dresses one made before.
func appKey(email, secret string) (*otp.Key, error) {
	o := totp.GenerateOpts{Issuer: "Terang", AccountName: email, Period: appPeriod, SecretSize: 20, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	if secret != "" {
		raw, err := base32NoPad.DecodeString(secret)
		if err != nil {
			return nil, internal("app_secret_broken", err)
		}
		o.Secret = raw
	}
	key, err := totp.Generate(o)
	if err != nil {
		return nil, internal("app_key", err)
	}
	return key, nil
}

var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

func grouped(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ConfirmApp takes the app's first code, by which it is set up. It gives the session's
// new token and, where the officer has none, the recovery codes, this once.
func (s *Service) ConfirmApp(ctx context.Context, h Holder, code, scope string) (token string, codes []string, err error) {
	keys := secondKeys(h.OfficerID, scope)
	if err := s.throttled(ctx, keys); err != nil {
		return "", nil, err
	}
	wrong := false
	err = s.changeMine(ctx, h, func(w *own) error {
		app, err := w.Authenticator(w.o.ID)
		if err != nil {
			return err
		}
		if app == nil || app.Coming == "" {
			return models.Refuse(models.Conflict, "app_not_begun")
		}
		secret, err := s.factors.openApp(w.o.ID, app.Coming)
		if err != nil {
			return err
		}
		step, ok := codeStep(secret, digits(code), s.now())
		if wrong = !ok; wrong {
			return s.bump(w.Tx, keys)
		}
		if err := s.right(w.Tx, keys[0]); err != nil {
			return err
		}
		now := s.now()
		app.Sealed, app.Coming, app.LastStep, app.ConfirmedAt = app.Coming, "", step, &now
		if err := w.PutAuthenticator(app); err != nil {
			return err
		}
		token, codes, err = w.added("app_added")
		return err
	})
	if err == nil && wrong {
		err = &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "code", Code: "wrong"}}}
	}
	return token, codes, err
}

// added finishes the setting up of a factor: the session has proved it, the others end.
func (w *own) added(what string) (token string, codes []string, err error) {
	if !w.o.SecondFactor {
		w.o.SecondFactor = true
		if err := w.UpdateOfficer(w.o); err != nil {
			return "", nil, err
		}
	}
	if token, err = w.proved(true); err != nil {
		return "", nil, err
	}
	if _, err := w.DeleteOtherSessions(w.o.ID, w.session.ID); err != nil {
		return "", nil, err
	}
	left, err := w.RecoveryCodesLeft(w.o.ID)
	if err != nil {
		return "", nil, err
	}
	if err := w.s.changed(w.Tx, w.a, w.o, what, w.d, models.EventData{}); err != nil {
		return "", nil, err
	}
	if left == 0 {
		codes, err = w.recoveryCodes()
	}
	return token, codes, err
}

// recoveryCodes makes new codes in place of the old. They are shown this once.
func (w *own) recoveryCodes() ([]string, error) {
	if err := w.DeleteRecoveryCodes(w.o.ID); err != nil {
		return nil, err
	}
	codes := make([]string, models.RecoveryCodes)
	rows := make([]models.RecoveryCode, len(codes))
	for i := range codes {
		codes[i] = models.NewRecoveryCode()
		plain, _ := models.PlainRecoveryCode(codes[i])
		rows[i] = models.RecoveryCode{OfficerID: w.o.ID, Hash: w.s.factors.recoveryHash(w.o.ID, plain), CreatedAt: w.s.now()}
	}
	if err := w.InsertAll(&rows); err != nil {
		return nil, err
	}
	return codes, w.s.account(w.Tx, w.a, w.o, "officer.recovery_codes_made", models.EventData{Count: int64(len(codes))})
}

// MakeRecoveryCodes makes new codes; the old ones end.
func (s *Service) MakeRecoveryCodes(ctx context.Context, h Holder) (codes []string, err error) {
	err = s.changeMine(ctx, h, func(w *own) error {
		if !w.o.SecondFactor {
			return models.Refuse(models.Conflict, "no_second_factor")
		}
		codes, err = w.recoveryCodes()
		return err
	})
	return codes, err
}

// RemoveApp takes the app away.
func (s *Service) RemoveApp(ctx context.Context, h Holder) error {
	return s.changeMine(ctx, h, func(w *own) error {
		app, err := w.Authenticator(w.o.ID)
		if err != nil {
			return err
		}
		if app == nil || app.Sealed == "" {
			return models.Refuse(models.NotFound, "factor_not_found")
		}
		if err := w.DeleteAuthenticator(w.o.ID); err != nil {
			return err
		}
		return w.removed("app_removed", "")
	})
}

// RemovePasskey takes one passkey away.
func (s *Service) RemovePasskey(ctx context.Context, h Holder, id int64) error {
	return s.changeMine(ctx, h, func(w *own) error {
		keys, err := w.Passkeys(w.o.ID)
		if err != nil {
			return err
		}
		name := ""
		for _, k := range keys {
			if k.ID == id {
				name = k.Name
			}
		}
		if ok, err := w.DeletePasskey(w.o.ID, id); err != nil || !ok {
			return either(err, models.Refuse(models.NotFound, "factor_not_found"))
		}
		return w.removed("passkey_removed", name)
	})
}

// removed finishes the taking away of a factor. The last one of an account that needs one
// stays: it is replaced, not removed.
func (w *own) removed(what, name string) error {
	app, err := w.Authenticator(w.o.ID)
	if err != nil {
		return err
	}
	keys, err := w.Passkeys(w.o.ID)
	if err != nil {
		return err
	}
	if left := len(keys) > 0 || app != nil && app.Sealed != ""; !left {
		if w.s.factors.rule == models.SecondFactorRequired && w.o.NeedsSecondFactor() {
			return models.Refuse(models.Conflict, "last_factor")
		}
		w.o.SecondFactor = false
		if err := w.UpdateOfficer(w.o); err != nil {
			return err
		}
		if err := w.DeleteRecoveryCodes(w.o.ID); err != nil {
			return err
		}
	}
	if _, err := w.DeleteOtherSessions(w.o.ID, w.session.ID); err != nil {
		return err
	}
	return w.s.changed(w.Tx, w.a, w.o, what, w.d, models.EventData{Old: name})
}
