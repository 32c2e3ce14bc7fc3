package casework_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
	"terang/models/store"
)

// front is a scene whose sign-in is that of a real installation.
type front struct {
	*ct.Scene
	*casework.Service
	t *testing.T
}

func strict(t *testing.T) *front {
	t.Helper()
	s := ct.New(t)
	return &front{Scene: s, t: t, Service: casework.New(casework.Options{
		Store: s.Store, Packs: s.Packs, Files: s.Files, Signer: s.Signer, HashMemory: 64, Secret: []byte("0123456789abcdef0123456789abcdef"), Now: s.Now,
		BaseURL: "https://terang.test",
	})}
}

// at is one browser.
type at struct {
	f     *front
	token string
	view  casework.SessionView
}

func (f *front) enter(email string) *at {
	f.t.Helper()
	token, _, err := f.SignIn(f.Ctx, email, ct.Password, "here", casework.Device{Agent: "Mozilla/5.0 (Android) Chrome/130", Address: "203.0.113.0/24"})
	if err != nil {
		f.t.Fatal(err)
	}
	b := &at{f: f, token: token}
	return b.look()
}

func (b *at) look() *at {
	b.f.t.Helper()
	v, err := b.f.Session(b.f.Ctx, b.token)
	if err != nil {
		b.f.t.Fatal(err)
	}
	if v.NewToken != "" {
		b.token = v.NewToken
	}
	b.view = v
	return b
}

func (b *at) gone() bool {
	_, err := b.f.Session(b.f.Ctx, b.token)
	return models.KindOf(err) == models.Unauthorized && err != nil
}

func (b *at) holder() casework.Holder {
	return casework.Holder{SessionID: b.view.ID, OfficerID: b.view.OfficerID}
}

// code is what the app shows, some steps from now.
func code(t *testing.T, key string, now time.Time, steps int) string {
	t.Helper()
	c, err := totp.GenerateCodeCustom(strings.ReplaceAll(key, " ", ""), now.Add(time.Duration(steps)*30*time.Second), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrol sets an app up and gives its key and the recovery codes.
func (b *at) enrol() (key string, codes []string) {
	b.f.t.Helper()
	setup, err := b.f.SetUpApp(b.f.Ctx, b.holder())
	if err != nil {
		b.f.t.Fatal(err)
	}
	if b.token, codes, err = b.f.ConfirmApp(b.f.Ctx, b.holder(), code(b.f.t, setup.Key, b.f.Now(), 0), "here"); err != nil {
		b.f.t.Fatal(err)
	}
	b.look()
	return setup.Key, codes
}

func (f *front) events(kind string) int {
	f.t.Helper()
	n := 0
	if err := f.Store.Read(f.Ctx).EachEvent(store.EventFilter{}, func(e *models.Event) error {
		if e.Kind == kind {
			n++
		}
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// letters are the messages to officers about their accounts that wait, newest last.
func (f *front) letters(kind string) (out []casework.Letter) {
	f.t.Helper()
	for {
		list, err := f.TakeLetters(f.Ctx)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(list) == 0 {
			return out
		}
		for _, l := range list {
			if l.Account != nil && l.Kind == kind {
				out = append(out, l)
			}
		}
	}
}

func TestPasswordAloneOpensNothingThatIsNotPublic(t *testing.T) {
	f := strict(t)
	f.AddPlain("umum@dinas.test", models.Agent, "dinas", models.Public)
	for email, step := range map[string]string{
		"officer@dinas.test": casework.StepEnrol, "auditor@dinas.test": casework.StepEnrol, "admin@terang.test": casework.StepEnrol, "umum@dinas.test": "",
	} {
		b := f.enter(email)
		if b.view.Step != step || (b.view.Actor.Kind == models.ByOfficer) != (step == "") {
			t.Errorf("%s: owes %q as %q, want %q", email, b.view.Step, b.view.Actor.Kind, step)
		}
	}
	// Where a second factor is only offered, the same password is enough.
	token, a, err := f.Scene.SignIn(f.Ctx, "officer@dinas.test", ct.Password, "x")
	if err != nil || a.Kind != models.ByOfficer || token == "" {
		t.Errorf("%+v %v", a, err)
	}
}

func TestCodesOfAnApp(t *testing.T) {
	f := strict(t)
	elsewhere := f.enter("officer@dinas.test")
	b := f.enter("officer@dinas.test")
	before := b.token
	setup := must[casework.AppSetup](t)(f.SetUpApp(f.Ctx, b.holder()))
	if again := must[casework.AppSetup](t)(f.SetUpApp(f.Ctx, b.holder())); again.Key != setup.Key {
		t.Error("the key changed between the page and its picture")
	}
	if !strings.HasPrefix(setup.URI, "otpauth://totp/Terang:officer@dinas.test?") {
		t.Error(setup.URI)
	}
	_, _, err := f.ConfirmApp(f.Ctx, b.holder(), "000000", "here")
	wantsField(t, err, "code", "wrong")
	key, codes := b.enrol()
	if key != setup.Key || len(codes) != models.RecoveryCodes || b.view.Step != "" || b.view.Actor.Role != models.InfoOfficer {
		t.Fatalf("%d codes, %+v", len(codes), b.view)
	}
	if _, err := f.Session(f.Ctx, before); err == nil {
		t.Error("the session's token from before the second factor still opens it")
	}
	if !elsewhere.gone() {
		t.Error("another session outlived the change")
	}
	app, err := f.Store.Read(f.Ctx).Authenticator(b.view.OfficerID)
	if err != nil || app == nil || strings.Contains(app.Sealed, strings.ReplaceAll(key, " ", "")) || app.Coming != "" {
		t.Errorf("stored %+v (%v)", app, err)
	}

	// The code that set it up is used; the next ones count, once each, one step early or late.
	c := f.enter("officer@dinas.test")
	if c.view.Step != casework.StepProve || c.view.Actor.Kind == models.ByOfficer {
		t.Fatalf("%+v", c.view)
	}
	wants(t, f.EndSessions(f.Ctx, c.holder(), true), models.Forbidden, "second_step_owed")
	_, err = f.SetUpApp(f.Ctx, c.holder())
	wants(t, err, models.Forbidden, "second_step_owed")
	_, err = f.ProveApp(f.Ctx, c.holder(), code(t, key, f.Now(), 0), "here")
	wantsField(t, err, "code", "wrong")
	for _, far := range []int{-2, 2} {
		_, err = f.ProveApp(f.Ctx, c.holder(), code(t, key, f.Now(), far), "here")
		wantsField(t, err, "code", "wrong")
	}
	if c.token, err = f.ProveApp(f.Ctx, c.holder(), " "+code(t, key, f.Now(), 1)[:3]+" "+code(t, key, f.Now(), 1)[3:], "here"); err != nil {
		t.Fatal(err)
	}
	if c.look().view.Step != "" {
		t.Errorf("%+v", c.view)
	}
	d := f.enter("officer@dinas.test")
	_, err = f.ProveApp(f.Ctx, d.holder(), code(t, key, f.Now(), 1), "here")
	wantsField(t, err, "code", "wrong")
	f.Pass(2 * time.Minute)
	if _, err = f.ProveApp(f.Ctx, d.holder(), code(t, key, f.Now(), -1), "here"); err != nil {
		t.Error(err)
	}
	if n := f.events("officer.second_step_failed"); n != 4 {
		t.Errorf("%d failures recorded", n)
	}
	if n := f.events("officer.second_step_passed"); n != 2 {
		t.Errorf("%d steps recorded", n)
	}
	if got := f.letters("account.changed"); len(got) != 1 || got[0].To != "officer@dinas.test" || got[0].Account.What != "app_added" {
		t.Errorf("%+v", got)
	}
	f.Check()
}

func TestCodesAreThrottled(t *testing.T) {
	f := strict(t)
	b := f.enter("officer@dinas.test")
	key, _ := b.enrol()
	c := f.enter("officer@dinas.test")
	for n := range 10 {
		_, err := f.ProveApp(f.Ctx, c.holder(), "000000", string(rune('a'+n))) // from ten places
		wantsField(t, err, "code", "wrong")
	}
	_, err := f.ProveApp(f.Ctx, c.holder(), code(t, key, f.Now(), 1), "elsewhere")
	wants(t, err, models.RateLimited, "too_many_tries")
	f.Pass(16 * time.Minute)
	if _, err := f.ProveApp(f.Ctx, c.holder(), code(t, key, f.Now(), 0), "elsewhere"); err != nil {
		t.Error(err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	f := strict(t)
	b := f.enter("officer@dinas.test")
	_, codes := b.enrol()
	slices.Sort(codes)
	if n := len(slices.Compact(slices.Clone(codes))); n != 10 {
		t.Errorf("%d different codes", n)
	}
	use := func(code string) error {
		c := f.enter("officer@dinas.test")
		_, err := f.ProveRecovery(f.Ctx, c.holder(), code, "here")
		return err
	}
	if err := use(strings.ToLower(strings.ReplaceAll(codes[3], "-", " "))); err != nil {
		t.Fatal(err)
	}
	wantsField(t, use(codes[3]), "recovery", "wrong")
	wantsField(t, use("22222-22222"), "recovery", "wrong")
	v := must[*casework.AccountView](t)(f.Account(f.Ctx, b.holder()))
	if v.CodesLeft != 9 {
		t.Errorf("%d left", v.CodesLeft)
	}
	fresh := must[[]string](t)(f.MakeRecoveryCodes(f.Ctx, b.holder()))
	wantsField(t, use(codes[4]), "recovery", "wrong")
	if err := use(fresh[0]); err != nil {
		t.Error(err)
	}
	if n := f.events("officer.recovery_code_used"); n != 2 {
		t.Errorf("%d uses recorded", n)
	}
	told := 0
	for _, l := range f.letters("account.changed") {
		if l.Account.What == "recovery_code_used" {
			told++
		}
	}
	if told != 2 {
		t.Errorf("%d letters", told)
	}
	// An officer's code is no other officer's.
	other := f.enter("superior@dinas.test")
	other.enrol()
	o := f.enter("superior@dinas.test")
	_, err := f.ProveRecovery(f.Ctx, o.holder(), fresh[1], "there")
	wantsField(t, err, "recovery", "wrong")
	f.Check()
}

// What was proved grows old: changing how an account is opened asks again.
func TestChangesNeedAFreshProof(t *testing.T) {
	f := strict(t)
	b := f.enter("officer@dinas.test")
	key, _ := b.enrol()
	f.Pass(16 * time.Minute)
	b.look()
	_, err := f.MakeRecoveryCodes(f.Ctx, b.holder())
	wants(t, err, models.Forbidden, "confirm_first")
	wants(t, f.RemoveApp(f.Ctx, b.holder()), models.Forbidden, "confirm_first")
	old := b.token
	if b.token, err = f.ProveApp(f.Ctx, b.holder(), code(t, key, f.Now(), 0), "here"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Session(f.Ctx, old); err == nil {
		t.Error("the token did not rotate")
	}
	wants(t, f.RemoveApp(f.Ctx, b.look().holder()), models.Conflict, "last_factor")
	// A new telephone takes the old one's place, which counts until then.
	fresh, codes := b.enrol()
	if fresh == key || len(codes) != 0 {
		t.Errorf("the same key, or %d new codes unasked", len(codes))
	}
	// Who need not have one may take it away again.
	f.AddPlain("umum@dinas.test", models.Agent, "dinas", models.Public)
	p := f.enter("umum@dinas.test")
	p.enrol()
	if err := f.RemoveApp(f.Ctx, p.holder()); err != nil {
		t.Fatal(err)
	}
	if q := f.enter("umum@dinas.test"); q.view.Step != "" || q.view.Strong {
		t.Errorf("%+v", q.view)
	}
	f.Pass(16 * time.Minute)
	_, err = f.ConfirmPassword(f.Ctx, p.look().holder(), "salah", "here")
	wantsField(t, err, "password", "wrong")
	if _, err = f.ConfirmPassword(f.Ctx, p.holder(), ct.Password, "here"); err != nil {
		t.Error(err)
	}
	_, err = f.ConfirmPassword(f.Ctx, b.holder(), ct.Password, "here")
	wants(t, err, models.Forbidden, "second_step_owed")
}

var site = virtualwebauthn.RelyingParty{Name: "Terang", ID: "terang.test", Origin: "https://terang.test"}

func base64url(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

// passkey makes a passkey of an officer in a pretended device.
func (b *at) passkey(name string) (virtualwebauthn.Authenticator, virtualwebauthn.Credential) {
	b.f.t.Helper()
	ask := must[casework.Ceremony](b.f.t)(b.f.OfferPasskey(b.f.Ctx, b.holder()))
	options, err := virtualwebauthn.ParseAttestationOptions(string(ask.Options))
	if err != nil {
		b.f.t.Fatal(err)
	}
	var said struct {
		PublicKey struct {
			User                   struct{ ID string }
			AuthenticatorSelection struct{ ResidentKey, UserVerification string }
		}
	}
	if err := json.Unmarshal(ask.Options, &said); err != nil || said.PublicKey.AuthenticatorSelection.ResidentKey != "required" || said.PublicKey.AuthenticatorSelection.UserVerification != "required" {
		b.f.t.Fatalf("%s (%v)", ask.Options, err)
	}
	device := virtualwebauthn.NewAuthenticator()
	device.Options.UserHandle = must[[]byte](b.f.t)(base64url(said.PublicKey.User.ID))
	credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	credential.Counter = 1
	answer := virtualwebauthn.CreateAttestationResponse(site, device, credential, *options)
	if b.token, _, err = b.f.AddPasskey(b.f.Ctx, b.holder(), ask.Kept, []byte(answer), name); err != nil {
		b.f.t.Fatal(err)
	}
	_, _, err = b.f.AddPasskey(b.f.Ctx, b.holder(), ask.Kept, []byte(answer), name)
	wants(b.f.t, err, models.Unauthorized, "passkey_refused") // its challenge is spent
	b.look()
	return device, credential
}

func TestPasskeys(t *testing.T) {
	f := strict(t)
	b := f.enter("officer@dinas.test")
	device, key := b.passkey("Laptop kantor")
	if b.view.Step != "" {
		t.Fatalf("%+v", b.view)
	}
	by := casework.Device{Agent: "Firefox"}
	try := func(site virtualwebauthn.RelyingParty, device virtualwebauthn.Authenticator, key virtualwebauthn.Credential) (string, models.Actor, []byte, casework.Ceremony, error) {
		ask := must[casework.Ceremony](t)(f.MeetPasskey(f.Ctx))
		options, err := virtualwebauthn.ParseAssertionOptions(string(ask.Options))
		if err != nil {
			t.Fatal(err)
		}
		answer := []byte(virtualwebauthn.CreateAssertionResponse(site, device, key, *options))
		token, a, err := f.SignInByPasskey(f.Ctx, ask.Kept, answer, "here", by)
		return token, a, answer, ask, err
	}
	key.Counter = 5
	token, a, answer, ask, err := try(site, device, key)
	if err != nil || a.Role != models.InfoOfficer || token == "" {
		t.Fatalf("%+v %v", a, err)
	}
	_, _, err = f.SignInByPasskey(f.Ctx, ask.Kept, answer, "here", by)
	wants(t, err, models.Unauthorized, "passkey_refused")
	_, _, err = f.SignInByPasskey(f.Ctx, []byte("null"), answer, "here", by)
	wants(t, err, models.Unauthorized, "passkey_refused")
	_, _, err = f.SignInByPasskey(f.Ctx, ask.Kept, nil, "here", by)
	wants(t, err, models.Unauthorized, "passkey_refused")

	elsewhere := site
	elsewhere.Origin = "https://terang.test.evil.example"
	_, _, _, _, err = try(elsewhere, device, key)
	wants(t, err, models.Unauthorized, "passkey_refused")
	lax := device
	lax.Options.UserNotVerified = true
	_, _, _, _, err = try(site, lax, key)
	wants(t, err, models.Unauthorized, "passkey_refused")
	foreign := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	_, _, _, _, err = try(site, device, foreign)
	wants(t, err, models.Unauthorized, "passkey_refused")
	forged := key
	forged.Key = foreign.Key
	_, _, _, _, err = try(site, device, forged)
	wants(t, err, models.Unauthorized, "passkey_refused")
	if n := f.events("officer.sign_in_failed"); n != 7 {
		t.Errorf("%d failures recorded, want 7", n)
	}
	f.Pass(16 * time.Minute) // the failures' throttle

	// A count that goes back opens, is recorded, and told.
	key.Counter = 3
	if _, _, _, _, err = try(site, device, key); err != nil {
		t.Fatal(err)
	}
	if n := f.events("officer.passkey_suspect"); n != 1 {
		t.Errorf("%d suspicions recorded", n)
	}

	// As the second step after a password.
	c := f.enter("officer@dinas.test")
	if c.view.Step != casework.StepProve {
		t.Fatal(c.view.Step)
	}
	second := must[casework.Ceremony](t)(f.AskPasskey(f.Ctx, c.holder()))
	options, err := virtualwebauthn.ParseAssertionOptions(string(second.Options))
	if err != nil || len(options.AllowCredentials) != 1 {
		t.Fatal(err, options)
	}
	key.Counter = 9
	if _, err = f.ProvePasskey(f.Ctx, c.holder(), ask.Kept, []byte(virtualwebauthn.CreateAssertionResponse(site, device, key, *options)), "here"); models.CodeOf(err) != "passkey_refused" {
		t.Errorf("an answer to another challenge: %v", err)
	}
	if c.token, err = f.ProvePasskey(f.Ctx, c.holder(), second.Kept, []byte(virtualwebauthn.CreateAssertionResponse(site, device, key, *options)), "here"); err != nil {
		t.Fatal(err)
	}
	if c.look().view.Step != "" {
		t.Errorf("%+v", c.view)
	}
	v := must[*casework.AccountView](t)(f.Account(f.Ctx, c.holder()))
	if len(v.Passkeys) != 1 || v.Passkeys[0].Name != "Laptop kantor" || v.Passkeys[0].Record != "" || v.Passkeys[0].UsedAt == nil {
		t.Errorf("%+v", v.Passkeys)
	}
	wants(t, f.RemovePasskey(f.Ctx, c.holder(), v.Passkeys[0].ID), models.Conflict, "last_factor")
	wants(t, f.RemovePasskey(f.Ctx, c.holder(), 999), models.NotFound, "factor_not_found")
	// A disabled account's passkey opens nothing.
	if err := f.DisableOfficer(f.Ctx, models.System, "officer@dinas.test"); err != nil {
		t.Fatal(err)
	}
	key.Counter = 20
	_, _, _, _, err = try(site, device, key)
	wants(t, err, models.Unauthorized, "passkey_refused")
	f.Check()
}

func TestPasskeysNeedAName(t *testing.T) {
	s := ct.New(t)
	for base, want := range map[string]bool{
		"": false, "http://127.0.0.1:8080": false, "http://terang.test": false, "http://localhost:8080": true, "https://ppid.contoh.example": true, "https://203.0.113.7": false,
	} {
		svc := casework.New(casework.Options{Store: s.Store, Secret: make([]byte, 32), BaseURL: base})
		if svc.PasskeysOffered() != want {
			t.Errorf("%q: %t", base, !want)
		}
	}
}

// An address without an account takes exactly the work of one with: as many hashes, and as
// many statements, in the same words.
func TestNothingTellsWhoHasAnAccount(t *testing.T) {
	var statements []string
	watch := false
	dir := t.TempDir()
	keys, err := store.OpenMasterKey(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Config{Path: filepath.Join(dir, "terang.db"), Keys: keys, Trace: func(s store.Statement) {
		if watch {
			sql := s.SQL()
			for _, end := range []string{" WHERE ", " VALUES "} {
				sql, _, _ = strings.Cut(sql, end)
			}
			statements = append(statements, sql)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := ct.On(t, st)
	hashes := 0
	s.CountHashes(&hashes)
	if err := s.DisableOfficer(s.Ctx, models.System, "agent@dinas.test"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.AddOfficer(s.Ctx, models.System, casework.OfficerInput{Email: "baru@dinas.test", Name: "Baru", Role: models.Agent, Body: "dinas"}); err != nil {
		t.Fatal(err)
	}
	// Nobody; known; without a body; disabled, with the right password; without a password yet.
	work := func(do func(email string) error, email, code string) (int, []string) {
		t.Helper()
		hashes, statements, watch = 0, nil, true
		err := do(email)
		watch = false
		if models.CodeOf(err) != code {
			t.Errorf("%s: %v, want %q", email, err, code)
		}
		return hashes, statements
	}
	signIn := func(email string) error {
		password := "salah salah salah"
		if email == "agent@dinas.test" {
			password = ct.Password
		}
		_, _, err := s.SignIn(s.Ctx, email, password, "scope of "+email)
		return err
	}
	ask := func(email string) error { return s.AskPassword(s.Ctx, email, "id", "scope of "+email) }
	n, want := work(signIn, "nobody@dinas.test", "email_or_password_wrong")
	m, wanted := work(ask, "nobody@dinas.test", "")
	if n != 1 || len(want) < 5 || m != 0 || len(wanted) < 3 {
		t.Fatalf("%d hashes, %d statements; %d, %d", n, len(want), m, len(wanted))
	}
	for _, email := range []string{"officer@dinas.test", "admin@terang.test", "agent@dinas.test", "baru@dinas.test"} {
		if got, did := work(signIn, email, "email_or_password_wrong"); got != n || !slices.Equal(did, want) {
			t.Errorf("signing in as %s: %d hashes, %q\nas nobody: %d, %q", email, got, did, n, want)
		}
		if got, did := work(ask, email, ""); got != m || !slices.Equal(did, wanted) {
			t.Errorf("a link for %s: %d hashes, %q\nfor nobody: %d, %q", email, got, did, m, wanted)
		}
	}
}

func TestSignInIsThrottled(t *testing.T) {
	for _, email := range []string{"officer@dinas.test", "nobody@dinas.test"} {
		f := strict(t)
		for n := range 10 {
			_, _, err := f.SignIn(f.Ctx, email, "salah", string(rune('a'+n)))
			wants(t, err, models.Unauthorized, "email_or_password_wrong")
		}
		_, _, err := f.SignIn(f.Ctx, email, ct.Password, "fresh")
		wants(t, err, models.RateLimited, "too_many_tries")
		// Others from there may.
		if _, _, err := f.SignIn(f.Ctx, "agent@dinas.test", ct.Password, "fresh"); err != nil {
			t.Error(err)
		}
		for n := range 50 {
			f.SignIn(f.Ctx, fmt.Sprintf("%d@dinas.test", n), "salah", "there")
		}
		_, _, err = f.SignIn(f.Ctx, "agent@dinas.test", ct.Password, "there")
		wants(t, err, models.RateLimited, "too_many_tries")
	}
}

// Tries that are sent at once are no more than tries one after the other: of thirty, ten are
// answered, and the right one among the others is not.
func TestTriesAtOnceAreNoMore(t *testing.T) {
	const tries, most = 30, 10
	at := func(do func(n int) error) (answered, refused int) {
		t.Helper()
		errs := make([]error, tries)
		var all sync.WaitGroup
		for n := range tries {
			all.Go(func() { errs[n] = do(n) })
		}
		all.Wait()
		for _, err := range errs {
			switch {
			case err != nil && models.KindOf(err) == models.RateLimited:
				refused++
			default:
				answered++
			}
		}
		return answered, refused
	}
	f := strict(t)
	b := f.enter("officer@dinas.test")
	key, _ := b.enrol()
	c := f.enter("officer@dinas.test")
	f.MeetAtHash(tries)
	if n, m := at(func(n int) error {
		_, _, err := f.SignIn(f.Ctx, "superior@dinas.test", "salah", fmt.Sprint(n))
		return err
	}); n != most || m != tries-most {
		t.Errorf("passwords: %d answered, %d refused", n, m)
	}
	if n := f.events("officer.sign_in_failed"); n != most {
		t.Errorf("%d failures recorded", n)
	}
	// Ten wrong ones were counted between the look at the bound and the right one.
	if n, m := at(func(n int) error {
		_, err := f.ProveApp(f.Ctx, c.holder(), "000000", fmt.Sprint(n))
		return err
	}); n != most || m != tries-most {
		t.Errorf("codes: %d answered, %d refused", n, m)
	}
	_, err := f.ProveApp(f.Ctx, c.holder(), code(t, key, f.Now(), 1), "elsewhere")
	wants(t, err, models.RateLimited, "too_many_tries")
	f.Check()
}

// A right password that was sent with the wrong ones, and comes after too many of them, opens nothing.
func TestTheRightOneAmongTooManyOpensNothing(t *testing.T) {
	f := strict(t)
	const wrong = 10
	f.AfterHash(func() {
		for n := range wrong {
			f.Scene.SignIn(f.Ctx, "superior@dinas.test", "salah", fmt.Sprint(n))
		}
	})
	_, _, err := f.SignIn(f.Ctx, "superior@dinas.test", ct.Password, "here")
	wants(t, err, models.RateLimited, "too_many_tries")
	if n := f.events("officer.signed_in"); n != 0 {
		t.Error("it was opened")
	}
}

// A browser that the account was opened in before is not shut out by strangers, and has no more
// tries than they have together.
func TestStrangersShutOutStrangers(t *testing.T) {
	f := strict(t)
	in := func(password, scope, known string) error {
		_, _, err := f.SignIn(f.Ctx, "officer@dinas.test", password, scope, casework.Device{Known: known})
		return err
	}
	for n := range 10 {
		wants(t, in("salah", fmt.Sprint(n), ""), models.Unauthorized, "email_or_password_wrong")
	}
	wants(t, in(ct.Password, "fresh", ""), models.RateLimited, "too_many_tries")
	if err := in(ct.Password, "desk", "this"); err != nil {
		t.Errorf("the holder is shut out: %v", err)
	}
	wants(t, in(ct.Password, "fresh", ""), models.RateLimited, "too_many_tries") // and opens nothing for the strangers
	for n := range 10 {
		wants(t, in("salah", fmt.Sprint("k", n), "this"), models.Unauthorized, "email_or_password_wrong")
	}
	wants(t, in(ct.Password, "desk", "this"), models.RateLimited, "too_many_tries")
	// Whoever is signed in proves their password by a count of their own.
	f.AddPlain("umum@dinas.test", models.Agent, "dinas", models.Public)
	b := f.enter("umum@dinas.test")
	for n := range 10 {
		f.SignIn(f.Ctx, "umum@dinas.test", "salah", fmt.Sprint("u", n))
	}
	if _, err := f.ConfirmPassword(f.Ctx, b.holder(), ct.Password, "desk2"); err != nil {
		t.Error(err)
	}
	for range 10 {
		f.ConfirmPassword(f.Ctx, b.holder(), "salah", "desk2")
	}
	_, err := f.ConfirmPassword(f.Ctx, b.holder(), ct.Password, "desk2")
	wants(t, err, models.RateLimited, "too_many_tries")
	_, err = f.ChangePassword(f.Ctx, b.holder(), ct.Password, "kuda hijau di atas meja", "desk2")
	wants(t, err, models.RateLimited, "too_many_tries")
}

func TestForgottenPassword(t *testing.T) {
	f := strict(t)
	sweep := func() {
		t.Helper()
		if _, err := f.Sweep(f.Ctx, f.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.DisableOfficer(f.Ctx, models.System, "agent@dinas.test"); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"Officer@dinas.test", "nobody@dinas.test", "agent@dinas.test"} {
		if err := f.AskPassword(f.Ctx, email, "id", "here"); err != nil {
			t.Fatal(err)
		}
	}
	wantsField(t, f.AskPassword(f.Ctx, "nonsense", "id", "here"), "email", "not_an_email")
	sweep()
	sweep()
	got := f.letters("account.password_link")
	if len(got) != 1 || got[0].To != "officer@dinas.test" || !strings.HasPrefix(got[0].Account.Path, "/welcome/") {
		t.Fatalf("%+v", got)
	}
	link := strings.TrimPrefix(got[0].Account.Path, "/welcome/")
	b := f.enter("officer@dinas.test")
	wantsField(t, f.SetPassword(f.Ctx, link, "password1234"), "password", "password_common")
	if err := f.SetPassword(f.Ctx, link, "kuda hijau di atas meja"); err != nil {
		t.Fatal(err)
	}
	wants(t, f.SetPassword(f.Ctx, link, "kuda biru di bawah meja"), models.Unauthorized, "link_not_valid")
	if !b.gone() {
		t.Error("a session outlived the new password")
	}
	if n := f.events("officer.password_asked"); n != 1 {
		t.Errorf("%d wishes recorded", n)
	}
	// An hour later a link is worth nothing.
	if err := f.AskPassword(f.Ctx, "superior@dinas.test", "id", "there"); err != nil {
		t.Fatal(err)
	}
	sweep()
	late := f.letters("account.password_link")
	f.Pass(61 * time.Minute)
	wants(t, f.SetPassword(f.Ctx, strings.TrimPrefix(late[0].Account.Path, "/welcome/"), "kuda hijau di atas meja"), models.Unauthorized, "link_not_valid")
	for range 3 {
		if err := f.AskPassword(f.Ctx, "x@dinas.test", "id", "many"); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, f.AskPassword(f.Ctx, "x@dinas.test", "id", "elsewhere"), models.RateLimited, "too_many_tries")
	for n := range 47 {
		f.AskPassword(f.Ctx, fmt.Sprintf("%d@dinas.test", n), "id", "many")
	}
	wants(t, f.AskPassword(f.Ctx, "y@dinas.test", "id", "many"), models.RateLimited, "too_many_tries")
	f.Check()
}

func TestPasswordsRefused(t *testing.T) {
	f := strict(t)
	for password, code := range map[string]string{
		"pendek": "password_too_short", strings.Repeat("aman dan panjang ", 13): "too_long",
		"Password1234": "password_common", "katasandi-2026": "password_common", "qwertyuiop12": "password_common", "123456789012": "password_common",
		"aaaaaaaaaaaa": "password_common", "!!!!!!!!!!!!": "password_common", "Indonesia2026!": "password_common", "abcdefghijkl": "password_common",
		"rahasiarahasia": "password_common", "SitiRahmawati1": "password_own_name", "siti.rahmawati@x": "password_own_name",
		"qwerty123456": "password_common", "123456-Qwerty": "password_common", "qazwsxedcrfv": "password_common", "1234567890qwerty": "password_common",
		"q1w2e3r4t5y6": "password_common", "GHBDTN-ghbdtn": "password_common", "sonyericsson": "password_common", "sonyericsson99": "password_common", "zaq1xsw2cde3": "password_common",
		"kuda hijau di atas meja": "", "Tr0ub4dor&3xyz": "", strings.Repeat("panjang sekali ", 8): "",
	} {
		_, _, err := f.AddOfficer(f.Ctx, models.System, casework.OfficerInput{Email: "siti.rahmawati@contoh.test", Name: "Siti Rahmawati", Role: models.Auditor, Password: password})
		if code != "" {
			wantsField(t, err, "password", code)
		} else if err != nil && models.CodeOf(err) != "email_taken" {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestWhereIAmSignedIn(t *testing.T) {
	f := strict(t)
	f.AddPlain("umum@dinas.test", models.Agent, "dinas", models.Public)
	a, b, c := f.enter("umum@dinas.test"), f.enter("umum@dinas.test"), f.enter("umum@dinas.test")
	stranger := f.enter("officer@dinas.test")
	v := must[*casework.AccountView](t)(f.Account(f.Ctx, a.holder()))
	if len(v.Sessions) != 3 || v.Sessions[2].Here != true || v.Sessions[0].Device != "Mozilla/5.0 (Android) Chrome/130" || v.Sessions[0].Address != "203.0.113.0/24" || v.Sessions[0].TokenHash != "" {
		t.Fatalf("%+v", v.Sessions)
	}
	wants(t, f.EndSession(f.Ctx, a.holder(), stranger.view.ID), models.NotFound, "session_not_found")
	if stranger.gone() {
		t.Error("another officer's session ended")
	}
	if err := f.EndSession(f.Ctx, a.holder(), b.view.ID); err != nil || !b.gone() || c.gone() {
		t.Error("not that session", err)
	}
	if err := f.EndSessions(f.Ctx, a.holder(), false); err != nil || !c.gone() || a.gone() {
		t.Error("not the others", err)
	}
	d := f.enter("umum@dinas.test")
	_, err := f.ChangePassword(f.Ctx, a.holder(), "salah", "kuda hijau di atas meja", "here")
	wantsField(t, err, "old", "wrong")
	old := a.token
	if a.token, err = f.ChangePassword(f.Ctx, a.holder(), ct.Password, "kuda hijau di atas meja", "here"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Session(f.Ctx, old); err == nil || !d.gone() || a.gone() {
		t.Error("sessions after the change of password")
	}
	if err := f.EndOfficerSessions(f.Ctx, f.As("admin@terang.test"), "umum@dinas.test"); err != nil || !a.gone() {
		t.Error("the administrator did not end it", err)
	}
	wants(t, f.EndOfficerSessions(f.Ctx, f.As("officer"), "umum@dinas.test"), models.Forbidden, "not_allowed")
	if n := f.events("officer.sessions_ended"); n != 3 {
		t.Errorf("%d ends recorded", n)
	}
	f.Check()
}

func TestProvider(t *testing.T) {
	f := strict(t)
	say := func(change func(*casework.ProviderAnswer)) (models.Actor, casework.SessionView, error) {
		in := casework.ProviderAnswer{Issuer: "https://masuk.test", Subject: "s-1", Email: "Officer@dinas.test", Verified: true, SecondFactor: true, Body: "dinas"}
		change(&in)
		token, a, err := f.SignInByProvider(f.Ctx, in, "here")
		if err != nil {
			return a, casework.SessionView{}, err
		}
		v, err := f.Session(f.Ctx, token)
		return a, v, err
	}
	for what, change := range map[string]func(*casework.ProviderAnswer){
		"unverified": func(in *casework.ProviderAnswer) { in.Verified = false }, "unknown": func(in *casework.ProviderAnswer) { in.Email = "siapa@dinas.test" },
		"no subject": func(in *casework.ProviderAnswer) { in.Subject = "" }, "another body": func(in *casework.ProviderAnswer) { in.Body = "lain" },
		"not of the body": func(in *casework.ProviderAnswer) { in.Email = "admin@terang.test" },
	} {
		if _, _, err := say(change); models.CodeOf(err) != "provider_refused" {
			t.Errorf("%s: %v", what, err)
		}
	}
	a, v, err := say(func(*casework.ProviderAnswer) {})
	if err != nil || a.Role != models.InfoOfficer || v.Step != "" {
		t.Fatalf("%+v %+v %v", a, v, err)
	}
	// Without a second factor there, ours is owed here.
	a, v, err = say(func(in *casework.ProviderAnswer) { in.SecondFactor = false })
	if err != nil || a.Kind == models.ByOfficer || v.Step != casework.StepEnrol {
		t.Errorf("%+v %+v %v", a, v, err)
	}
	// The address went to somebody else there; or their address changed to another officer's.
	_, _, err = say(func(in *casework.ProviderAnswer) { in.Subject = "s-2" })
	wants(t, err, models.Unauthorized, "provider_refused")
	_, _, err = say(func(in *casework.ProviderAnswer) { in.Email = "superior@dinas.test" })
	wants(t, err, models.Unauthorized, "provider_refused")
	if n := f.events("officer.provider_refused"); n != 2 {
		t.Errorf("%d refusals recorded", n)
	}
	if n := f.events("officer.provider_pinned"); n != 1 {
		t.Errorf("%d pinned", n)
	}
	f.Check()
}

func TestLostSecondFactor(t *testing.T) {
	f := strict(t)
	admin := f.As("admin@terang.test")
	restricted := f.AddPlain("terbatas@dinas.test", models.Agent, "dinas", models.Restricted)
	f.enter("terbatas@dinas.test").enrol()
	b := f.enter("officer@dinas.test")
	b.enrol()
	_, err := f.ResetSecondFactor(f.Ctx, f.As("officer"), "terbatas@dinas.test")
	wants(t, err, models.Forbidden, "not_allowed")
	_, err = f.ResetSecondFactor(f.Ctx, admin, "superior@dinas.test")
	wants(t, err, models.Conflict, "no_second_factor")
	if waits, err := f.ResetSecondFactor(f.Ctx, admin, "terbatas@dinas.test"); err != nil || waits {
		t.Fatal(waits, err)
	}
	if o := must[*models.Officer](t)(f.Store.Read(f.Ctx).Officer(restricted.OfficerID)); o.SecondFactor {
		t.Error("not reset")
	}
	// Of one cleared for confidential matters two do it.
	waits, err := f.ResetSecondFactor(f.Ctx, admin, "officer@dinas.test")
	if err != nil || !waits || b.gone() {
		t.Fatal(waits, err)
	}
	if got := f.letters("account.reset_asked"); len(got) != 1 || got[0].To != "superior@dinas.test" {
		t.Errorf("%+v", got)
	}
	_, err = f.ResetSecondFactor(f.Ctx, admin, "officer@dinas.test")
	wants(t, err, models.Conflict, "second_person_needed")
	wants(t, f.ConfirmReset(f.Ctx, admin, "officer@dinas.test", true), models.Conflict, "second_person_needed")
	wants(t, f.ConfirmReset(f.Ctx, f.As("officer"), "officer@dinas.test", true), models.Forbidden, "not_allowed")
	f.AddDinas("lain")
	wants(t, f.ConfirmReset(f.Ctx, f.As("superior@lain.test"), "officer@dinas.test", true), models.NotFound, "reset_not_found")
	if rows := must[[]casework.ResetRow](t)(f.Resets(f.Ctx, f.As("superior@lain.test"))); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
	superior := f.As("superior")
	if rows := must[[]casework.ResetRow](t)(f.Resets(f.Ctx, superior)); len(rows) != 1 || rows[0].Mine || rows[0].Email != "officer@dinas.test" {
		t.Errorf("%+v", rows)
	}
	if err := f.ConfirmReset(f.Ctx, superior, "officer@dinas.test", true); err != nil || !b.gone() {
		t.Fatal(err)
	}
	wants(t, f.ConfirmReset(f.Ctx, superior, "officer@dinas.test", true), models.NotFound, "reset_not_found")
	if c := f.enter("officer@dinas.test"); c.view.Step != casework.StepEnrol {
		t.Errorf("%+v", c.view)
	}
	// One that waits too long is worth nothing; one that is refused neither.
	f.enter("officer@dinas.test").enrol()
	must[bool](t)(f.ResetSecondFactor(f.Ctx, admin, "officer@dinas.test"))
	f.Pass(8 * 24 * time.Hour)
	wants(t, f.ConfirmReset(f.Ctx, superior, "officer@dinas.test", true), models.NotFound, "reset_not_found")
	must[bool](t)(f.ResetSecondFactor(f.Ctx, admin, "officer@dinas.test"))
	if err := f.ConfirmReset(f.Ctx, superior, "officer@dinas.test", false); err != nil {
		t.Error(err)
	}
	// The operator's command needs nobody.
	if waits, err := f.ResetSecondFactor(f.Ctx, models.System, "officer@dinas.test"); err != nil || waits {
		t.Error(waits, err)
	}
	for kind, n := range map[string]int{"officer.second_factor_reset": 3, "officer.second_factor_reset_asked": 3, "officer.second_factor_reset_refused": 1} {
		if got := f.events(kind); got != n {
			t.Errorf("%s: %d, want %d", kind, got, n)
		}
	}
	f.Check()
}
