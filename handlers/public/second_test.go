package public_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// strict is a site that demands a second step, reached as base says.
func strict(t *testing.T, base string) *site {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t}
	s.Service = casework.New(casework.Options{
		Store: s.Store, Packs: s.Packs, Files: s.Files, Signer: s.Signer, HashMemory: 64, Secret: []byte("0123456789abcdef0123456789abcdef"), Now: s.Now,
		BaseURL: base,
	})
	s.AddPlain("umum@dinas.test", models.Agent, "dinas", models.Public)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + ln.Addr().String()
	if base == "" {
		base = s.base
	}
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: base,
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	return s
}

func (b *browser) signIn(email string) answer {
	b.s.t.Helper()
	b.get("/sign-in")
	return b.post("/sign-in", "email", email, "password", caseworktest.Password)
}

var appKey = regexp.MustCompile(`id="app-key">([A-Z2-7 ]+)<`)

func (b *browser) enrol() (key string) {
	b.s.t.Helper()
	a := b.get("/account/app").want(b.s.t, 200)
	m := appKey.FindStringSubmatch(a.body)
	if m == nil {
		b.s.t.Fatal(summary(a.body))
	}
	b.post("/account/app", "code", b.s.app(m[1], 0)).want(b.s.t, 200, `class="codes"`)
	return m[1]
}

func (s *site) app(key string, steps int) string {
	s.t.Helper()
	c, err := totp.GenerateCodeCustom(strings.ReplaceAll(key, " ", ""), s.Now().Add(time.Duration(steps)*30*time.Second), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Every route of signing in and of one's own account, by who asks: nobody; a password
// where a second step must be set up; a password where one is owed; a whole session.
func TestWhoMayOpenTheAccount(t *testing.T) {
	s := strict(t, "")
	s.browser().signIn("officer@dinas.test")
	owes := s.browser()
	owes.signIn("superior@dinas.test")
	key := owes.enrol()
	owes.get("/account")
	owes.post("/sign-out")
	people := func() map[string]*browser {
		out := map[string]*browser{"nobody": s.browser(), "must enrol": s.browser(), "owes": s.browser(), "whole": s.browser()}
		out["must enrol"].signIn("officer@dinas.test")
		out["owes"].signIn("superior@dinas.test")
		out["whole"].signIn("umum@dinas.test")
		return out
	}
	const out, step, in = "/sign-in?next=", "/sign-in/step", ""
	for path, want := range map[string]map[string]string{
		"/account":          {"nobody": out, "must enrol": step, "owes": step, "whole": in},
		"/account/password": {"nobody": out, "must enrol": step, "owes": step, "whole": in},
		"/account/app":      {"nobody": out, "must enrol": in, "owes": step, "whole": in},
		"/account/app/qr":   {"nobody": out, "must enrol": in, "owes": step, "whole": in},
		"/account/passkey":  {"nobody": out, "must enrol": in, "owes": step, "whole": in},
		"/sign-in/step":     {"nobody": out, "must enrol": in, "owes": in, "whole": in},
		"/desk":             {"nobody": out, "must enrol": step, "owes": step, "whole": in},
		"/desk/resets":      {"nobody": out, "must enrol": step, "owes": step, "whole": "403"},
		"/audit":            {"nobody": out, "must enrol": step, "owes": step, "whole": "403"},
	} {
		for who, b := range people() {
			a := b.get(path)
			switch w := want[who]; {
			case w == "403" && a.status != 403, w != "403" && a.status != 200, w == in && a.url != path, w != in && w != "403" && !strings.HasPrefix(a.url, w):
				t.Errorf("%s as %s: status %d at %s, want %q", path, who, a.status, a.url, w)
			}
			if strings.HasPrefix(path, "/account") && a.url == path && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %q", path, a.header.Get("Cache-Control"))
			}
		}
	}
	// What changes something: 401 for nobody, the step for who owes it, 403 with a stale form.
	for _, path := range []string{"/account/app", "/account/app/remove", "/account/passkey/begin", "/account/passkey", "/account/passkeys/1/remove", "/account/codes",
		"/account/password", "/account/sessions", "/account/sessions/1/end", "/sign-in/step", "/sign-in/step/passkey/begin", "/sign-in/step/passkey", "/desk/resets", "/desk/admin/officers/reset", "/desk/admin/officers/end"} {
		for who, b := range people() {
			b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			a := b.post(path, "code", "000000")
			switch {
			case who == "nobody" && a.status != 401:
				t.Errorf("POST %s as nobody: %d", path, a.status)
			case who == "owes" && !strings.HasPrefix(path, "/sign-in/step") && !(a.status == 401 || a.status == 303 && strings.HasPrefix(a.header.Get("Location"), "/sign-in/step")):
				t.Errorf("POST %s owing the step: %d to %q", path, a.status, a.header.Get("Location"))
			case who == "must enrol" && a.status == 200 && strings.HasPrefix(path, "/account/sessions"):
				t.Errorf("POST %s before the step is set up: %d", path, a.status)
			}
			if who == "nobody" {
				continue
			}
			b.csrf = "forged"
			if a := b.post(path, "code", "000000"); a.status != 403 && a.status != 401 {
				t.Errorf("POST %s as %s with a forged token: %d", path, who, a.status)
			}
		}
	}
	_ = key
}

// Whoever has an account and whoever has none see the same page, and are sent away as long.
func TestThePageTellsNobodyWhoHasAnAccount(t *testing.T) {
	s := strict(t, "")
	masked := regexp.MustCompile(`value="[^"]*"`)
	try := func(b *browser, email string) (int, string, string) {
		a := b.post("/sign-in", "email", email, "password", "salah salah salah")
		return a.status, masked.ReplaceAllString(strings.ReplaceAll(a.body, email, "?"), ""), a.header.Get("Retry-After")
	}
	known, unknown := s.browser(), s.browser()
	for n := range 11 {
		a, page, wait := try(known, "officer@dinas.test")
		b, other, waits := try(unknown, "siapa@dinas.test")
		if a != b || page != other || wait != waits {
			t.Fatalf("try %d: %d and %d, wait %q and %q", n, a, b, wait, waits)
		}
		if last := n == 10; (a == 429) != last || last && (wait != "960" || !strings.Contains(page, "Coba lagi pukul 10.16 WIB")) {
			t.Errorf("try %d: status %d, Retry-After %q\n%s", n, a, wait, summary(page))
		}
	}
	s.Pass(16 * time.Minute)
	ask := func(email string) string {
		b := s.browser()
		b.get("/sign-in/forgot").want(t, 200)
		a := b.post("/sign-in/forgot", "email", email).want(t, 200)
		return masked.ReplaceAllString(a.body, "")
	}
	if ask("officer@dinas.test") != ask("siapa@dinas.test") {
		t.Error("the answer to a forgotten password differs")
	}
	s.browser().post("/sign-in/forgot", "email", "").want(t, 422, "email-error")
	s.browser().post("/sign-in/forgot", "email", "bukan surel").want(t, 422, "email-error")
}

func TestCookiesOfASession(t *testing.T) {
	s := strict(t, "https://terang.test")
	b := s.browser()
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := b.post("/sign-in", "email", "umum@dinas.test", "password", caseworktest.Password).want(t, 303)
	var session string
	for _, k := range a.header.Values("Set-Cookie") {
		if strings.Contains(k, "terang_session=") && !strings.Contains(k, "max-age=-1") {
			session = k
		}
	}
	lower := strings.ToLower(session)
	if !strings.HasPrefix(session, "__Host-terang_session=") || !strings.Contains(lower, "; secure") || !strings.Contains(lower, "; httponly") ||
		!strings.Contains(lower, "; samesite=lax") || !strings.Contains(lower, "path=/;") || strings.Contains(lower, "domain=") {
		t.Errorf("cookie %q", session)
	}
}

// Signed out is signed out: on the server, for whoever kept the cookie, and in the browser.
func TestSignedOutIsOut(t *testing.T) {
	s := strict(t, "")
	b := s.browser()
	b.signIn("umum@dinas.test").want(t, 200)
	u, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	kept := b.c.Jar.Cookies(u)
	b.get("/desk").want(t, 200)
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if a := b.post("/sign-out").want(t, 303); a.header.Get("Clear-Site-Data") != `"cache", "storage"` {
		t.Errorf("the browser keeps its pages: %v", a.header)
	}
	thief := s.browser()
	thief.c.Jar.SetCookies(u, kept)
	if a := thief.get("/desk"); !strings.HasPrefix(a.url, "/sign-in") {
		t.Errorf("the cookie still opens %s", a.url)
	}
	// A token that somebody planted beforehand is not the one that is signed in.
	victim := s.browser()
	victim.c.Jar.SetCookies(u, []*http.Cookie{{Name: "terang_session", Value: strings.Repeat("0", 40), Path: "/"}})
	victim.signIn("umum@dinas.test").want(t, 200)
	for _, k := range victim.c.Jar.Cookies(u) {
		if k.Name == "terang_session" && k.Value == strings.Repeat("0", 40) {
			t.Error("the planted token was taken")
		}
	}
	thief = s.browser()
	thief.c.Jar.SetCookies(u, []*http.Cookie{{Name: "terang_session", Value: strings.Repeat("0", 40), Path: "/"}})
	if a := thief.get("/desk"); !strings.HasPrefix(a.url, "/sign-in") {
		t.Errorf("the planted token opens %s", a.url)
	}
}

// A browser in which an account was opened is known by a cookie that opens nothing, belongs to that
// account alone, and keeps its holder from being shut out by others.
func TestAKnownBrowserIsNotShutOut(t *testing.T) {
	s := strict(t, "")
	mine, theirs := s.browser(), s.browser()
	mine.signIn("umum@dinas.test").want(t, 200)
	mine.post("/sign-out")
	if a := mine.get("/desk"); !strings.HasPrefix(a.url, "/sign-in") {
		t.Fatalf("the cookie that stays opens %s", a.url)
	}
	for range 10 {
		theirs.post("/sign-in", "email", "umum@dinas.test", "password", "salah salah salah").want(t, 422)
	}
	theirs.signIn("umum@dinas.test").want(t, 429)
	for range 10 {
		theirs.post("/sign-in", "email", "officer@dinas.test", "password", "salah salah salah").want(t, 422)
	}
	mine.signIn("officer@dinas.test").want(t, 429) // it is known for another account
	mine.signIn("umum@dinas.test").want(t, 200)
	theirs.signIn("umum@dinas.test").want(t, 429)
}

// The step leads to where one was going, and nowhere else.
func TestStepLeadsOn(t *testing.T) {
	s := strict(t, "")
	b := s.browser()
	b.signIn("officer@dinas.test")
	key := b.enrol()
	for n, row := range []struct{ next, to string }{{"/desk?queue=all", "/desk?queue=all"}, {"https://evil.example/", "/desk"}, {"//evil.example", "/desk"}} {
		s.Pass(5 * time.Minute)
		c := s.browser()
		c.get("/sign-in")
		c.post("/sign-in", "email", "officer@dinas.test", "password", caseworktest.Password, "next", row.next)
		if want := "/sign-in/step"; !strings.HasPrefix(c.at, want) {
			t.Fatalf("%d: at %s", n, c.at)
		}
		c.get("/sign-in/step?next=" + url.QueryEscape(row.next))
		if a := c.post("/sign-in/step", "with", "code", "code", s.app(key, 0), "next", row.next).want(t, 200); a.url != row.to {
			t.Errorf("next %q leads to %s", row.next, a.url)
		}
	}
	// What is dangerous asks again after a quarter of an hour.
	admin := s.browser()
	admin.signIn("admin@terang.test")
	its := admin.enrol()
	admin.get("/desk/admin/officers/new").want(t, 200)
	held := admin.csrf
	s.Pass(16 * time.Minute)
	if a := admin.get("/desk/admin/officers/new"); !strings.HasPrefix(a.url, "/sign-in/step?next=%2Fdesk%2Fadmin%2Fofficers%2Fnew") {
		t.Errorf("at %s", a.url)
	}
	// A form opened in time may still be sent for as long again.
	admin.csrf = held
	admin.post("/desk/admin/officers/new", "name", "").want(t, 422)
	s.Pass(16 * time.Minute)
	admin.get("/desk/admin/officers").want(t, 200)
	if a := admin.post("/desk/admin/officers/disable", "email", "agent@dinas.test"); !strings.HasPrefix(a.url, "/sign-in/step") {
		t.Errorf("status %d at %s", a.status, a.url)
	}
	admin.get("/sign-in/step?next=%2Fdesk%2Fadmin%2Fofficers%2Fnew").want(t, 200)
	if a := admin.post("/sign-in/step", "with", "code", "code", s.app(its, 0), "next", "/desk/admin/officers/new").want(t, 200); a.url != "/desk/admin/officers/new" {
		t.Errorf("at %s", a.url)
	}
}
