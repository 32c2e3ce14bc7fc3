package casework

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"terang/models"
	"terang/models/store"
)

// relyingParty is what passkeys are bound to: the name in the installation's address. A
// browser makes none for a number, nor over plain HTTP but to this machine; nil then.
func relyingParty(base string) *webauthn.WebAuthn {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil || u.Scheme != "https" && host != "localhost" {
		return nil
	}
	rp, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Terang", RPOrigins: []string{u.Scheme + "://" + strings.ToLower(u.Host)},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			// The finger or the PIN is what makes a passkey two factors by itself.
			UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil
	}
	return rp
}

// PasskeysOffered says whether the installation's address can have passkeys.
func (s *Service) PasskeysOffered() bool { return s.factors.passkeys != nil }

// keyOwner is an officer as the library asks for one. Credentials know them by a handle
// that tells nothing.
type keyOwner struct {
	o      *models.Officer
	handle []byte
	keys   []webauthn.Credential
}

func (k keyOwner) WebAuthnID() []byte                         { return k.handle }
func (k keyOwner) WebAuthnName() string                       { return k.o.Email }
func (k keyOwner) WebAuthnDisplayName() string                { return k.o.Name }
func (k keyOwner) WebAuthnCredentials() []webauthn.Credential { return k.keys }

func (s *Service) keyOwner(r *store.Reader, o *models.Officer) (keyOwner, error) {
	mac := hmac.New(sha256.New, s.factors.handles)
	fmt.Fprintf(mac, "%d", o.ID)
	k := keyOwner{o: o, handle: mac.Sum(nil)}
	rows, err := r.Passkeys(o.ID)
	for _, row := range rows {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(row.Record), &c); err != nil {
			return k, internal("passkey_broken", err)
		}
		k.keys = append(k.keys, c)
	}
	return k, err
}

// Ceremony is a challenge to a browser. Options goes to its script; Kept comes back with
// the answer, from a place only the server can write.
type Ceremony struct {
	Options json.RawMessage
	Kept    []byte
}

func ceremony(options any, data *webauthn.SessionData) (c Ceremony, err error) {
	if c.Options, err = json.Marshal(options); err == nil {
		c.Kept, err = json.Marshal(data)
	}
	if err != nil {
		return c, internal("ceremony", err)
	}
	return c, nil
}

var errNoPasskeys = models.Refuse(models.Conflict, "passkeys_not_here")

// MeetPasskey is the challenge of a sign-in by passkey alone: whoever has one for this
// site may answer.
func (s *Service) MeetPasskey(context.Context) (Ceremony, error) {
	if s.factors.passkeys == nil {
		return Ceremony{}, errNoPasskeys
	}
	options, data, err := s.factors.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, internal("ceremony", err)
	}
	return ceremony(options, data)
}

// spent uses a challenge up: an answer that was overheard is worth nothing a second time.
func spent(tx *store.Tx, s *Service, data *webauthn.SessionData) error {
	err := tx.Insert(&models.Idempotency{Key: models.HashSecret("challenge\x00" + data.Challenge), Request: "challenge", Answer: "{}", CreatedAt: s.now()})
	if models.CodeOf(err) == "duplicate" {
		return errPasskey
	}
	return err
}

// errPasskey is every refusal of an answer; why stands nowhere, because it would help
// nobody but an attacker.
var errPasskey = models.Refuse(models.Unauthorized, "passkey_refused")

// SignInByPasskey takes the answer to MeetPasskey. A passkey counts as two factors: the
// thing itself, and the finger or PIN it asked for.
func (s *Service) SignInByPasskey(ctx context.Context, state, answer []byte, scope string, device ...Device) (string, models.Actor, error) {
	keys := []string{"signin:" + scope}
	if err := s.throttled(ctx, keys); err != nil {
		return "", models.Actor{}, err
	}
	if s.factors.passkeys == nil {
		return "", models.Actor{}, errNoPasskeys
	}
	var data webauthn.SessionData
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil || json.Unmarshal(state, &data) != nil {
		return "", models.Actor{}, either(s.signInFailed(ctx, nil, models.WayPasskey, keys), errPasskey)
	}
	var o *models.Officer
	token, a, refused := "", models.Actor{}, error(nil)
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		o, refused = nil, nil
		var broken error
		find := func(raw, _ []byte) (webauthn.User, error) {
			key, err := tx.PasskeyByCredential(base64.RawURLEncoding.EncodeToString(raw))
			if err != nil {
				broken = err
				return nil, err
			}
			if key == nil {
				return nil, errPasskey
			}
			if o, broken = tx.Officer(key.OfficerID); broken != nil {
				return nil, broken
			}
			k, err := s.keyOwner(tx.Reader, o)
			broken = err
			return k, err
		}
		_, c, err := s.factors.passkeys.ValidatePasskeyLogin(find, data, parsed)
		if broken != nil {
			return broken
		}
		if err != nil || o.Disabled {
			refused = errPasskey
			return nil
		}
		if err := spent(tx, s, &data); err != nil {
			return err
		}
		d := deviceOf(device)
		if err := s.used(tx, o, c, d); err != nil {
			return err
		}
		token, a, err = s.open(tx, o, models.WayPasskey, models.FactorPasskey, d)
		return err
	})
	if err == nil {
		err = refused
	}
	if models.CodeOf(err) == errPasskey.Code {
		return "", models.Actor{}, either(s.signInFailed(ctx, o, models.WayPasskey, keys), err)
	}
	return token, a, err
}

// used notes a passkey's use. A count that did not rise may mean that the key was copied;
// it is recorded and its holder told, and it still opens: the count of a lawful key can
// fall behind too, and the holder decides.
func (s *Service) used(tx *store.Tx, o *models.Officer, c *webauthn.Credential, d Device) error {
	row, err := tx.PasskeyByCredential(base64.RawURLEncoding.EncodeToString(c.ID))
	if err != nil || row == nil {
		return either(err, errPasskey)
	}
	suspect := c.Authenticator.CloneWarning
	c.Authenticator.CloneWarning = false
	if err := tx.UsePasskey(row.ID, toJSON(c), s.now()); err != nil || !suspect {
		return err
	}
	a, err := actorOf(tx.Reader, o, s.now())
	if err != nil {
		return err
	}
	return s.changed(tx, a, o, "passkey_suspect", d, models.EventData{Old: row.Name})
}

// AskPasskey is the challenge of the second step: one of the officer's own passkeys must
// answer.
func (s *Service) AskPasskey(ctx context.Context, h Holder) (c Ceremony, err error) {
	if s.factors.passkeys == nil {
		return c, errNoPasskeys
	}
	err = s.mine(ctx, h, func(w *own) error {
		k, err := s.keyOwner(w.Reader, w.o)
		if err != nil {
			return err
		}
		if len(k.keys) == 0 {
			return models.Refuse(models.NotFound, "factor_not_found")
		}
		options, data, err := s.factors.passkeys.BeginLogin(k, webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return internal("ceremony", err)
		}
		c, err = ceremony(options, data)
		return err
	})
	return c, err
}

// ProvePasskey takes the answer to AskPasskey, and gives the session's new token.
func (s *Service) ProvePasskey(ctx context.Context, h Holder, state, answer []byte, scope string) (string, error) {
	if s.factors.passkeys == nil {
		return "", errNoPasskeys
	}
	var data webauthn.SessionData
	parsed, bad := protocol.ParseCredentialRequestResponseBytes(answer)
	if bad == nil {
		bad = json.Unmarshal(state, &data)
	}
	token, err := s.prove(ctx, h, scope, models.FactorPasskey, func(w *own) (bool, error) {
		if bad != nil {
			return false, nil
		}
		k, err := s.keyOwner(w.Reader, w.o)
		if err != nil {
			return false, err
		}
		c, err := s.factors.passkeys.ValidateLogin(k, data, parsed)
		if err != nil {
			return false, nil
		}
		if err := spent(w.Tx, s, &data); err != nil {
			return false, err
		}
		return true, s.used(w.Tx, w.o, c, w.d)
	})
	if models.KindOf(err) == models.Invalid && err != nil {
		err = errPasskey
	}
	return token, err
}

// OfferPasskey is the challenge by which a new passkey is made.
func (s *Service) OfferPasskey(ctx context.Context, h Holder) (c Ceremony, err error) {
	if s.factors.passkeys == nil {
		return c, errNoPasskeys
	}
	err = s.changeMine(ctx, h, func(w *own) error {
		k, err := s.keyOwner(w.Reader, w.o)
		if err != nil {
			return err
		}
		var known []protocol.CredentialDescriptor
		for _, key := range k.keys {
			known = append(known, key.Descriptor())
		}
		options, data, err := s.factors.passkeys.BeginRegistration(k, webauthn.WithExclusions(known))
		if err != nil {
			return internal("ceremony", err)
		}
		c, err = ceremony(options, data)
		return err
	})
	return c, err
}

// maxPasskeys is how many one officer may have.
const maxPasskeys = 10

// AddPasskey takes the answer to OfferPasskey. It gives the session's new token and,
// where the officer has none, the recovery codes, this once.
func (s *Service) AddPasskey(ctx context.Context, h Holder, state, answer []byte, name string) (token string, codes []string, err error) {
	if s.factors.passkeys == nil {
		return "", nil, errNoPasskeys
	}
	name = clean(name)
	var check models.Check
	text(&check, "name", name, 60, false)
	if err := check.Err(); err != nil {
		return "", nil, err
	}
	var data webauthn.SessionData
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil || json.Unmarshal(state, &data) != nil {
		return "", nil, errPasskey
	}
	err = s.changeMine(ctx, h, func(w *own) error {
		k, err := s.keyOwner(w.Reader, w.o)
		if err != nil {
			return err
		}
		if len(k.keys) >= maxPasskeys {
			return models.Refuse(models.Conflict, "too_many_passkeys", fmt.Sprint(maxPasskeys))
		}
		c, err := s.factors.passkeys.CreateCredential(k, data, parsed)
		if err != nil || len(c.ID) > 1023 {
			return errPasskey
		}
		if err := spent(w.Tx, s, &data); err != nil {
			return err
		}
		if name == "" {
			name = fmt.Sprintf("Passkey %d", len(k.keys)+1)
		}
		// Nothing of the attestation is asked for, so nothing of it is kept.
		c.Attestation = webauthn.CredentialAttestation{}
		row := &models.Passkey{OfficerID: w.o.ID, CredentialID: base64.RawURLEncoding.EncodeToString(c.ID), Record: toJSON(c), Name: name, CreatedAt: s.now()}
		if err := w.Insert(row); err != nil {
			if models.CodeOf(err) == "duplicate" {
				return errPasskey
			}
			return err
		}
		token, codes, err = w.added("passkey_added")
		return err
	})
	return token, codes, err
}
