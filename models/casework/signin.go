package casework

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/argon2"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// argon2id as OWASP's Password Storage Cheat Sheet sets its minimum: 19 MiB, two passes.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
)

// hashing bounds how much memory sign-ins may take at one time.
var hashing = make(chan struct{}, 2)

func (s *Service) hashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails since Go 1.24
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, s.hashMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(s.argon(password, salt, s.hashMemory, argonTime, argonThreads)))
}

func argonSum(password string, salt []byte, memory, passes uint32, threads uint8) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, argonKey)
}

// samePassword checks a password against its stored form. An account without one
// costs as much time as one with.
func (s *Service) samePassword(stored, password string) bool {
	var version int
	var memory, passes uint32
	var threads uint8
	parts := strings.Split(stored, "$")
	if len(parts) != 6 {
		s.argon(password, make([]byte, 16), s.hashMemory, argonTime, argonThreads)
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil || version != argon2.Version {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	return subtle.ConstantTimeCompare(s.argon(password, salt, memory, passes, threads), want) == 1
}

// Throttles: so many failures in so long, then wait out the rest of it.
const (
	throttleWindow = 15 * time.Minute
	throttleMax    = 10
)

// most is how many failures a key may have. An address is often an office, a school or a whole
// mobile network, whose people must not shut each other out: guessing at one account or one
// case is stopped by its own key long before.
func most(key string) int {
	for _, address := range []string{"signin:", "key:", "ask:"} {
		if strings.HasPrefix(key, address) {
			return 5 * throttleMax
		}
	}
	if strings.HasPrefix(key, "asked:") {
		return 3 // mails to somebody who may not have asked
	}
	return throttleMax
}

// throttled refuses with RateLimited, and the minutes to wait, when any key has
// failed too often.
func (s *Service) throttled(ctx context.Context, keys []string) error {
	r := s.store.Read(ctx)
	for _, k := range keys {
		t, err := r.Throttle(throttleKey(k))
		if err != nil {
			return err
		}
		if now := s.now(); t != nil && t.Count >= most(k) && now.Before(t.WindowEnd) && !t.WindowEnd.After(now.Add(throttleWindow)) {
			wait := int(t.WindowEnd.Sub(now)/time.Minute) + 1
			return models.Refuse(models.RateLimited, "too_many_tries", fmt.Sprint(wait))
		}
	}
	return nil
}

func (s *Service) failed(ctx context.Context, keys []string) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error { return s.bump(tx, keys) })
}

// bump counts a failure. Of tries that were sent at once, and all passed throttled before the
// first was counted, those above the bound are refused here: none of them is answered.
func (s *Service) bump(tx *store.Tx, keys []string) error {
	for _, k := range keys {
		n, err := tx.BumpThrottle(throttleKey(k), throttleWindow, s.now())
		if err != nil {
			return err
		}
		if n > most(k) {
			return models.Refuse(models.RateLimited, "too_many_tries", fmt.Sprint(int(throttleWindow/time.Minute)+1))
		}
	}
	return nil
}

// right lets a right answer count, unless too many wrong ones came in meanwhile, and forgets the
// failures before it.
func (s *Service) right(tx *store.Tx, key string) error {
	if err := s.bump(tx, []string{key}); err != nil {
		return err
	}
	return tx.ClearThrottle(throttleKey(key))
}

// accountKey is what wrong passwords of an account are counted under. A browser in which the
// account was opened before has a count of its own: strangers who try passwords, or only wish
// to shut its holder out, shut out each other.
func accountKey(email string, d Device) string {
	if d.Known == "" {
		return "account:" + email
	}
	return "known:" + email + "\x00" + d.Known
}

// throttleKey keeps addresses and accounts out of the table in the clear.
func throttleKey(k string) string { return models.HashSecret("throttle\x00" + k) }

// Device is what a browser says of itself and where it comes from, both kept short: they
// are for its owner to recognise it by, not to follow it.
type Device struct {
	Agent   string
	Address string // a network, such as 203.0.113.0/24
	// Known names a browser in which the account that is being opened was opened before; "" for
	// any other. Whoever fills it in vouches for it.
	Known string
}

const maxDevice = 200

func (d Device) short() Device {
	d.Agent = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(d.Agent, ""))
	if r := []rune(d.Agent); len(r) > maxDevice {
		d.Agent = string(r[:maxDevice])
	}
	return d
}

func deviceOf(list []Device) Device {
	if len(list) == 0 {
		return Device{}
	}
	return list[0].short()
}

// SignIn checks a password and opens a session. What failed is not said, and takes the
// same work either way; tries are throttled by account and by where they come from
// (scope). Every try is an event. Where a second step is owed the actor is nobody's: the
// session then opens the pages of that step and nothing else.
func (s *Service) SignIn(ctx context.Context, email, password, scope string, device ...Device) (string, models.Actor, error) {
	email = strings.ToLower(clean(email))
	keys := []string{"signin:" + scope, accountKey(email, deviceOf(device))}
	if err := s.throttled(ctx, keys); err != nil {
		return "", models.Actor{}, err
	}
	o, err := s.store.Read(ctx).OfficerByEmail(email)
	if err != nil && models.KindOf(err) != models.NotFound {
		return "", models.Actor{}, err
	}
	stored := ""
	if o != nil {
		stored = o.PasswordHash
	}
	if ok := s.samePassword(stored, password); !ok || o == nil || o.Disabled {
		if err := s.signInFailed(ctx, o, models.WayPassword, keys); err != nil {
			return "", models.Actor{}, err
		}
		return "", models.Actor{}, models.Refuse(models.Unauthorized, "email_or_password_wrong")
	}
	token, a := "", models.Actor{}
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		if err := s.right(tx, keys[1]); err != nil {
			return err
		}
		token, a, err = s.open(tx, o, models.WayPassword, "", deviceOf(device))
		return err
	})
	return token, a, err
}

// signInFailed counts and records a failure. A known account makes no statement more
// than an unknown one.
func (s *Service) signInFailed(ctx context.Context, o *models.Officer, way string, keys []string) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		if err := s.bump(tx, keys); err != nil {
			return err
		}
		if o == nil || o.BodyID == nil {
			if _, err := tx.Body(0); err != nil && models.KindOf(err) != models.NotFound {
				return err
			}
		}
		return s.account(tx, models.Actor{Kind: models.Anyone}, o, "officer.sign_in_failed", models.EventData{Source: way})
	})
}

// open makes a session. factor is the second factor proved on the way in, "" for none.
func (s *Service) open(tx *store.Tx, o *models.Officer, way string, factor models.Factor, d Device) (string, models.Actor, error) {
	token, now := models.NewToken(), s.now()
	session := &models.Session{
		TokenHash: models.HashSecret(token), OfficerID: o.ID, CreatedAt: now, RotatedAt: now, SeenAt: now, ExpiresAt: now.Add(models.SessionAbsolute),
		Way: way, Device: d.Agent, Address: d.Address, ConfirmedAt: &now,
	}
	if factor != "" {
		session.ProvedAt = &now
	}
	if err := tx.PutSession(session); err != nil {
		return "", models.Actor{}, err
	}
	a, err := actorOf(tx.Reader, o, now)
	if err != nil {
		return "", models.Actor{}, err
	}
	if err := s.account(tx, a, o, "officer.signed_in", models.EventData{Source: way, New: string(factor)}); err != nil {
		return "", models.Actor{}, err
	}
	if s.owed(o, session) != "" {
		a = models.Actor{Kind: models.Anyone, Lang: o.Lang, Via: "web"}
	}
	return token, a, nil
}

// Steps that a session may owe before it opens anything.
const (
	StepProve = "prove" // give the second factor that is set up
	StepEnrol = "enrol" // set one up
)

// owed is the step a session still owes, "" for none.
func (s *Service) owed(o *models.Officer, session *models.Session) string {
	switch {
	case session.ProvedAt != nil:
		return ""
	case o.SecondFactor:
		return StepProve
	case s.factors.rule == models.SecondFactorRequired && o.NeedsSecondFactor():
		return StepEnrol
	}
	return ""
}

// SignOut ends a session; an unknown one is already ended.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		session, err := tx.Session(models.HashSecret(token))
		if models.KindOf(err) == models.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		o, err := tx.Officer(session.OfficerID)
		if err != nil {
			return err
		}
		a, err := actorOf(tx.Reader, o, s.now())
		if err != nil {
			return err
		}
		if err := tx.DeleteSession(session.TokenHash); err != nil {
			return err
		}
		return s.account(tx, a, o, "officer.signed_out", models.EventData{})
	})
}

// SessionView is a signed-in officer for one request. NewToken replaces the
// cookie when the session was rotated.
type SessionView struct {
	Actor    models.Actor // nobody's while Step is owed
	CSRF     string
	NewToken string

	ID          int64
	OfficerID   int64
	Name        string // of the account, also while Step is owed
	Role        models.Role
	Step        string    // StepProve, StepEnrol or ""
	ConfirmedAt time.Time // when its holder last proved all they have
	Strong      bool      // a second factor is set up
}

// Session reads a session by its token, and ends it by its limits: idle,
// absolute, or its officer disabled.
func (s *Service) Session(ctx context.Context, token string) (SessionView, error) {
	none := models.Refuse(models.Unauthorized, "no_session")
	if token == "" {
		return SessionView{}, none
	}
	r := s.store.Read(ctx)
	hash := models.HashSecret(token)
	session, err := r.Session(hash)
	if err != nil {
		if models.KindOf(err) == models.NotFound {
			return SessionView{}, none
		}
		return SessionView{}, err
	}
	now := s.now()
	o, err := r.Officer(session.OfficerID)
	if err != nil {
		return SessionView{}, err
	}
	if session.TokenHash != hash && now.Sub(session.RotatedAt) > models.SessionGrace {
		return SessionView{}, none
	}
	if now.After(session.ExpiresAt) || now.Sub(session.SeenAt) > models.SessionIdle || o.Disabled {
		return SessionView{}, either(s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.DeleteSession(session.TokenHash) }), none)
	}
	v := SessionView{CSRF: s.csrf(fmt.Sprint(session.ID)), ID: session.ID, OfficerID: o.ID, Name: o.Name, Role: o.Role,
		Step: s.owed(o, session), Strong: o.SecondFactor, ConfirmedAt: session.CreatedAt}
	if session.ConfirmedAt != nil {
		v.ConfirmedAt = *session.ConfirmedAt
	}
	if v.Step != "" {
		v.Actor = models.Actor{Kind: models.Anyone, Lang: o.Lang, Via: "web"}
	} else if v.Actor, err = actorOf(r, o, s.now()); err != nil {
		return v, err
	}
	switch {
	case now.Sub(session.RotatedAt) > models.SessionRotate && session.TokenHash == hash:
		fresh := models.NewToken()
		if err := s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.RotateSession(session.ID, models.HashSecret(fresh), now) }); err != nil {
			return v, err
		}
		v.NewToken = fresh
	case now.Sub(session.SeenAt) > time.Minute:
		if err := s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.TouchSession(session.ID, now) }); err != nil {
			return v, err
		}
	}
	return v, nil
}

// csrf is a session's form token: bound to the session, not to the rotating cookie.
func (s *Service) csrf(session string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("csrf\x00" + session))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// actorOf is an officer as an actor, with the units below their own and the roles
// of those who are away today and delegated to them.
func actorOf(r *store.Reader, o *models.Officer, today time.Time) (models.Actor, error) {
	a := models.Actor{Kind: models.ByOfficer, OfficerID: o.ID, Name: o.Name, Role: o.Role, BodyID: o.BodyID, UnitID: o.UnitID,
		Clearance: o.Clearance, Lang: o.Lang, Via: "web"}
	if o.UnitID != nil && o.BodyID != nil {
		units, err := r.Units(*o.BodyID)
		if err != nil {
			return a, err
		}
		a.UnitIDs = models.Below(units, *o.UnitID)
	}
	away, err := r.DelegatedTo(o.ID)
	if err != nil {
		return a, err
	}
	day := policies.DateOf(today, zone("")).String()
	for _, other := range away {
		if other.Away(day) && !other.Disabled && other.Role.OnChain() && other.BodyID != nil && o.BodyID != nil && *other.BodyID == *o.BodyID {
			a.ActsAs = append(a.ActsAs, other.Role)
		}
	}
	return a, nil
}
