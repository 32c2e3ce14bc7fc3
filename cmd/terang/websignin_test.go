package main

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"terang/models"
	"terang/models/casework"
)

const frontPassword = "kuda hijau di atas meja"

// serveFront serves an installation that demands a second step, at an address that can
// have passkeys.
func serveFront(t *testing.T) (base string, a *app) {
	t.Helper()
	ctx := context.Background()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o := serveOptions{settings: settings{Data: t.TempDir(), BaseURL: "http://localhost:" + port}}
	quiet := slog.New(slog.DiscardHandler)
	if a, err = openServed(ctx, o, quiet); err != nil {
		t.Fatal(err)
	}
	if _, err := a.cases.AddBody(ctx, models.System, casework.BodyInput{Slug: webBody, Name: "Dinas Pekerjaan Umum Kota Tirtamaya", Pack: "id"}); err != nil {
		t.Fatal(err)
	}
	for _, in := range []casework.OfficerInput{
		{Email: ppid, Name: "Dra. Hesti Purwaningrum", Role: models.InfoOfficer, Body: webBody, Clearance: models.Confidential},
		{Email: "pelaksana@pu.example", Name: "Ir. Bonar Simatupang", Role: models.UnitHead, Body: webBody, Clearance: models.Restricted},
		{Email: "petugas@pu.example", Name: "Rini Astuti", Role: models.Agent, Body: webBody, Clearance: models.Public},
		{Email: "admin@pu.example", Name: "Administrator Dinas", Role: models.Administrator},
		{Email: "admin2@pu.example", Name: "Administrator Kedua", Role: models.Administrator},
	} {
		in.Password = frontPassword
		if _, _, err := a.cases.AddOfficer(ctx, models.System, in); err != nil {
			t.Fatal(in.Email, err)
		}
	}
	site, err := a.site(o, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- site.Listener(ln) }()
	t.Cleanup(func() {
		if err := site.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Logf("shutting down: %v", err)
		}
		<-served
		if err := a.close(ctx); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return o.BaseURL, a
}

// shown is what the app with this key shows, some steps from now.
func shown(t *testing.T, key string, steps int) string {
	t.Helper()
	c, err := totp.GenerateCodeCustom(strings.ReplaceAll(key, " ", ""), time.Now().Add(time.Duration(steps)*30*time.Second), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// knock writes address and password into the sign-in page and sends it.
func (p *tab) knock(email, password string) {
	p.t.Helper()
	p.open("/sign-in")
	p.fill("email", email)
	p.fill("password", password)
	p.press(`main form[action="/sign-in"] button`)
}

func (p *tab) wantPath(path string) {
	p.t.Helper()
	if got := p.path(); got != path {
		p.fail("at %s, want %s", got, path)
	}
}

// TestWebSignIn drives a browser through the second step: six digits with every script off,
// a passkey with one that the browser pretends to have.
func TestWebSignIn(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	base, a := serveFront(t)
	b := openBrowser(t, base)
	t.Run("an app, without scripts", func(t *testing.T) { byApp(t, b) })
	t.Run("a passkey", func(t *testing.T) { byPasskey(t, b) })
	t.Run("signed in elsewhere", func(t *testing.T) { elsewhere(t, b) })
	t.Run("a lost second factor", func(t *testing.T) { lostFactor(t, b, a) })
	t.Run("pages", func(t *testing.T) { signInPages(t, b) })
}

func byApp(t *testing.T, b *browser) {
	p := b.tab(t, false)
	p.open("/desk?queue=all")
	p.fill("email", ppid)
	p.fill("password", frontPassword)
	p.press(`main form[action="/sign-in"] button`)
	p.sees(said("enrol.title"))
	// Nothing but the step opens: not the desk, not a page of one's own.
	for _, path := range []string{"/desk", "/desk/erasures", "/account", "/account/password"} {
		p.open(path)
		if got := p.path(); !strings.HasPrefix(got, "/sign-in/step") {
			p.fail("%s opens %s with a password alone", path, got)
		}
	}
	p.open("/sign-in/step")
	p.press(`a[href="/account/app"]`)
	key := p.says("#app-key")
	if w := ask[int](p, `() => document.querySelector("img.qr").naturalWidth`); w < 200 {
		p.fail("the picture is %d wide", w)
	}
	p.fill("code", "123")
	p.send()
	p.sees(said("error.code_wrong"))
	if again := p.says("#app-key"); again != key {
		p.fail("the key changed after a wrong code")
	}
	p.fill("code", shown(t, key, 0))
	p.send()
	p.sees(said("codes.title"))
	codes := ask[[]string](p, `() => [...document.querySelectorAll(".codes li")].map(e => e.textContent.trim())`)
	if len(codes) != models.RecoveryCodes {
		p.fail("%d codes", len(codes))
	}
	p.press(`main .actions a.button`)
	p.wantPath("/desk")

	// Elsewhere: the password, then a code; the desk comes after it, and where one was going.
	q := b.tab(t, false)
	q.open("/desk?queue=all")
	q.fill("email", ppid)
	q.fill("password", frontPassword)
	q.press(`main form[action="/sign-in"] button`)
	q.sees(said("step.title"))
	q.fill("code", "000000")
	q.press(`main form[action="/sign-in/step"] button`)
	q.sees(said("error.code_wrong"))
	if !strings.HasPrefix(ask[string](q, `() => document.title`), "Kesalahan") && !q.has(".error-summary") {
		q.fail("the fault is not told first")
	}
	q.fill("code", shown(t, key, 1))
	q.press(`main form[action="/sign-in/step"] button`)
	q.wantPath("/desk?queue=all")

	// A code on paper, once.
	r := b.tab(t, false)
	paper := func(code string) {
		t.Helper()
		r.knock(ppid, frontPassword)
		if !r.has("main details[open]") {
			r.click("main details summary")
		}
		r.fill("recovery", code)
		r.press(`main details form button`)
	}
	paper(strings.ToLower(codes[0]))
	r.wantPath("/desk")
	r.press(`.header form[action="/sign-out"] button`)
	paper(codes[0])
	r.sees(said("error.recovery_wrong"))
	p.quiet()
	q.quiet()
	r.quiet()
}

// pretend gives the tab's browser a passkey device that says yes to everything.
func (p *tab) pretend() {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
}

func byPasskey(t *testing.T, b *browser) {
	p := b.tab(t, true)
	p.pretend()
	p.knock("pelaksana@pu.example", frontPassword)
	p.sees(said("enrol.title"))
	p.press(`a[href="/account/passkey"]`)
	p.fill("name", "Laptop kantor")
	p.press(`form[data-passkey] button`)
	p.sees(said("passkey.added"), said("codes.title"))
	p.press(`main .actions a.button`)
	p.wantPath("/desk")
	p.press(`.header a[href="/account"]`)
	p.sees("Laptop kantor", said("account.needed"), said("account.last"))
	p.press(`.header form[action="/sign-out"] button`)

	// By the passkey alone.
	p.open("/sign-in?next=%2Fdesk%3Fqueue%3Dall")
	p.press(`form[action="/sign-in/passkey"] button`)
	p.wantPath("/desk?queue=all")
	p.press(`.header form[action="/sign-out"] button`)

	// After the password.
	p.knock("pelaksana@pu.example", frontPassword)
	p.sees(said("step.title"))
	p.press(`form[action="/sign-in/step/passkey"] button`)
	p.wantPath("/desk")
	p.quiet()

	// Without scripts the page says what to do.
	q := b.tab(t, false)
	q.knock("pelaksana@pu.example", frontPassword)
	q.sees(said("step.no_script"))
	if q.has("form[data-passkey]:not([hidden])") {
		q.fail("a passkey is offered without scripts")
	}
	q.quiet()

	// A device that holds no passkey of this site gets a plain answer.
	r := b.tab(t, true)
	r.pretend()
	r.open("/sign-in")
	r.click(`form[action="/sign-in/passkey"] button`)
	r.until("it says that it did not work", `words => document.querySelector("form[data-passkey] [role=alert]").textContent === words`, said("passkey.failed"))
	r.quiet()
}

// elsewhere is an officer who looks where they are signed in, and ends it.
func elsewhere(t *testing.T, b *browser) {
	here, there := b.tab(t, false), b.tab(t, false)
	here.knock("petugas@pu.example", frontPassword)
	here.wantPath("/desk") // cleared for what is public: the password is enough
	there.knock("petugas@pu.example", frontPassword)
	here.press(`.header a[href="/account"]`)
	here.sees("Chrome di Linux", "127.0.0.0/24", said("account.here"), said("account.offered"))
	here.press(`form[action$="/end"] button`)
	here.sees(said("account.flash.ended"))
	there.open("/desk")
	if got := there.path(); !strings.HasPrefix(got, "/sign-in?") {
		there.fail("still at %s", got)
	}
	here.press(`a[href="/account/password"]`)
	here.fill("old", frontPassword)
	here.fill("password", "Rini.Astuti!")
	here.fill("repeat", "Rini.Astuti!")
	here.send()
	here.sees(said("error.password_own_name"))
	here.fill("old", frontPassword)
	here.fill("password", "sapi biru di bawah pohon")
	here.fill("repeat", "sapi biru di bawah pohon")
	here.send()
	here.wantPath("/account")
	here.sees(said("account.flash.password"))
	here.press(`button[name="which"][value="all"]`)
	here.wantPath("/sign-in")
	here.quiet()
	there.quiet()
}

// enrolled signs in and sets an app up; it gives the app's key.
func enrolled(t *testing.T, p *tab, email string) string {
	t.Helper()
	p.knock(email, frontPassword)
	p.press(`a[href="/account/app"]`)
	key := p.says("#app-key")
	p.fill("code", shown(t, key, 0))
	p.send()
	p.press(`main .actions a.button`)
	return key
}

// lostFactor is an information officer without her telephone: one administrator asks,
// another agrees.
func lostFactor(t *testing.T, b *browser, a *app) {
	one := b.looker(t)
	enrolled(t, one.tab, "admin@pu.example")
	one.wantPath("/desk/admin")
	one.press(`.mainnav a[href="/desk/admin/officers"]`)
	one.sees(said("desk.officers.second.missing"), said("desk.officers.second.yes"))
	one.look("officers")
	one.press(`a[href="/desk/admin/officers/reset?email=ppid%40pu.example"]`)
	one.look("reset")
	one.send()
	one.sees(said("resets.flash.warn_waits"))
	one.open("/desk/resets")
	one.look("resets-mine")
	one.sees(ppid, said("resets.mine"))
	if one.has(`button[value="yes"]`) {
		one.fail("who asked may agree")
	}
	two := b.looker(t)
	enrolled(t, two.tab, "admin2@pu.example")
	two.open("/account")
	two.press(`main a[href="/desk/resets"]`)
	two.look("resets")
	two.press(`button[value="yes"]`)
	two.sees(said("resets.flash.done"), said("resets.none"))
	again := b.tab(t, false)
	again.knock(ppid, frontPassword)
	again.sees(said("enrol.title"))
	one.quiet()
	two.quiet()
	again.quiet()
}

// signInPages looks at every page of signing in, on a phone and on a desk.
func signInPages(t *testing.T, b *browser) {
	l := b.looker(t)
	l.pretend()
	l.open("/sign-in")
	l.look("sign-in")
	l.open("/sign-in/forgot")
	l.look("forgot")
	l.fill("email", ppid)
	l.send()
	l.sees(said("forgot.sent"))
	l.look("forgot-sent")
	l.knock("admin2@pu.example", "salah salah salah")
	l.look("sign-in-wrong")
	l.knock(ppid, frontPassword)
	l.look("enrol")
	l.press(`a[href="/account/app"]`)
	l.look("app")
	key := l.says("#app-key")
	l.fill("code", "000000")
	l.send()
	l.look("app-wrong")
	l.open("/account/passkey")
	l.look("passkey")
	l.open("/account/app")
	l.fill("code", shown(t, key, 0))
	l.send()
	l.look("codes")
	l.open("/account/passkey")
	l.fill("name", "Kunci USB di laci meja ruang pelayanan")
	l.press(`form[data-passkey] button`)
	l.look("passkey-added")
	l.open("/account")
	l.look("account")
	l.open("/account/password")
	l.look("password")
	l.open("/sign-in/step?next=%2Faccount")
	l.look("confirm")
	l.press(`.header form[action="/sign-out"] button`)
	l.knock(ppid, frontPassword)
	l.look("step")
	l.click("main details summary")
	l.fill("recovery", "2222222222")
	l.press(`main details form button`)
	l.look("step-wrong")
	l.press(`form[action="/sign-in/step/passkey"] button`)

	m := b.looker(t)
	m.knock("admin@pu.example", frontPassword)
	m.look("step-app")
	o := b.looker(t)
	o.knock("petugas@pu.example", "sapi biru di bawah pohon")
	o.open("/account")
	o.look("account-offered")
	o.open("/account/app")
	o.look("app-offered")
}
