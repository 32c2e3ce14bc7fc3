package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/models"
	"terang/static"
	"terang/views/layout"
	"terang/views/text"
)

func testWeb(t *testing.T, change func(*Config)) *Web {
	t.Helper()
	cfg := Config{
		BaseURL: "https://terang.example", Secret: bytes.Repeat([]byte("s"), 32), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Sessions: func(_ context.Context, token string) (Session, error) {
			role, ok := strings.CutPrefix(token, "token-of-")
			if !ok {
				return Session{}, models.Refuse(models.Unauthorized, "no_session")
			}
			return Session{Actor: models.Actor{Kind: models.ByOfficer, Role: models.Role(role), Name: "Budi"}, CSRF: "secret-of-" + role}, nil
		},
	}
	if change != nil {
		change(&cfg)
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func testApp(w *Web) *fiber.App {
	app := fiber.New(fiber.Config{ErrorHandler: w.ErrorHandler, Immutable: true})
	app.Use(w.Log, Compress, w.Headers, w.Deadline, w.Errors, RefuseEncoded, w.Language, w.SameOrigin, w.Identify)
	return app
}

type sent struct {
	status int
	body   string
	header map[string][]string
}

func send(t *testing.T, app *fiber.App, method, path, body string, headers ...string) sent {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := app.Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return sent{res.StatusCode, string(b), res.Header}
}

func (s sent) head(name string) string { return strings.Join(s.header[name], "; ") }

func TestClientIP(t *testing.T) {
	for _, row := range []struct {
		name, proxies, forwarded, want string
	}{
		{"nobody is trusted by default", "", "6.6.6.6", "0.0.0.0"},
		{"one proxy", "0.0.0.0/32", "203.0.113.9", "203.0.113.9"},
		{"the client wrote more on the left", "0.0.0.0/32", "6.6.6.6, 203.0.113.9", "203.0.113.9"},
		{"two proxies", "0.0.0.0/32 10.0.0.0/8", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"nonsense ends the walk", "0.0.0.0/32", "203.0.113.9, who", "0.0.0.0"},
		{"IPv6", "0.0.0.0/32", "2001:db8::1", "2001:db8::1"},
		{"IPv4 in IPv6", "0.0.0.0/32", "::ffff:203.0.113.9", "203.0.113.9"},
		{"with a port", "0.0.0.0/32", "6.6.6.6, 203.0.113.9:49152", "203.0.113.9"},
		{"IPv6 with a port", "0.0.0.0/32", "[2001:db8::1]:49152", "2001:db8::1"},
		{"the client sent a header of its own", "0.0.0.0/32", "6.6.6.6|203.0.113.9", "203.0.113.9"},
		{"the client names our proxy", "0.0.0.0/32 10.0.0.0/8", "10.0.0.2, 203.0.113.9", "203.0.113.9"},
		{"everybody on the way is trusted", "0.0.0.0/32 10.0.0.0/8", "10.0.0.9, 10.0.0.2", "10.0.0.9"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := testWeb(t, func(c *Config) {
				for _, p := range strings.Fields(row.proxies) {
					c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
				}
			})
			app := testApp(w)
			app.Get("/ip", w.Anyone, func(c *fiber.Ctx) error { return c.SendString(w.ClientIP(c).String()) })
			lines := []string{"X-Real-IP", "6.6.6.6", "Forwarded", "for=6.6.6.6", "True-Client-IP", "6.6.6.6"} // nobody reads these
			for _, line := range strings.Split(row.forwarded, "|") {
				lines = append(lines, "X-Forwarded-For", line)
			}
			if got := send(t, app, "GET", "/ip", "", lines...).body; got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestScopeOfIPv6IsItsNetwork(t *testing.T) {
	w := testWeb(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")} })
	app := testApp(w)
	app.Get("/ip", w.Anyone, func(c *fiber.Ctx) error { return c.SendString(w.Scope(c)) })
	a := send(t, app, "GET", "/ip", "", "X-Forwarded-For", "2001:db8:1:2:3::4").body
	b := send(t, app, "GET", "/ip", "", "X-Forwarded-For", "2001:db8:1:2:ffff::9").body
	if a != b || a != "2001:db8:1:2::/64" {
		t.Errorf("%s and %s", a, b)
	}
}

func TestFormTokens(t *testing.T) {
	w := testWeb(t, nil)
	a, b := w.FormToken("seed"), w.FormToken("seed")
	if a == b {
		t.Error("the token is the same on every page")
	}
	for _, tok := range []string{a, b} {
		if !w.CheckFormToken("seed", tok) {
			t.Error("a good token is refused")
		}
	}
	other := testWeb(t, func(c *Config) { c.Secret = bytes.Repeat([]byte("o"), 32) })
	for name, ok := range map[string]bool{
		"another seed": w.CheckFormToken("seeds", a), "another installation": other.CheckFormToken("seed", a), "empty": w.CheckFormToken("seed", ""),
		"cut": w.CheckFormToken("seed", a[:len(a)-4]), "no seed": w.CheckFormToken("", w.FormToken("")), "noise": w.CheckFormToken("seed", "%%%"),
	} {
		if ok {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestSeal(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	w := testWeb(t, func(c *Config) { c.Now = func() time.Time { return now } })
	s, err := w.Seal("case", "value", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var v string
	if err := w.Unseal("case", s, &v); err != nil || v != "value" {
		t.Errorf("%q, %v", v, err)
	}
	if w.Unseal("other", s, &v) == nil {
		t.Error("serves another purpose")
	}
	for i := range s {
		other := "A"
		if s[i] == 'A' {
			other = "B"
		}
		if w.Unseal("case", s[:i]+other+s[i+1:], &v) == nil {
			t.Errorf("takes what was changed at %d of %d", i, len(s))
		}
	}
	if w.Unseal("case", "", &v) == nil {
		t.Error("takes nothing")
	}
	now = now.Add(time.Hour)
	if w.Unseal("case", s, &v) == nil {
		t.Error("serves after its time")
	}
}

func TestLocalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/desk?q=a": "/desk?q=a", "": "/x", "desk": "/x", "//evil": "/x", "https://evil/": "/x", `/\evil`: "/x", "/a\nb": "/x", "javascript:alert(1)": "/x", "/%zz": "/x",
	} {
		if got := LocalPath(in, "/x"); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestLanguage(t *testing.T) {
	for header, want := range map[string]text.Lang{
		"": "id", "en": "en", "en-GB,en;q=0.9,id;q=0.8": "en", "fr,id;q=0.5,en;q=0.9": "en", "in": "id", "en;q=0": "id", "de": "id", "en;q=x,id": "id",
	} {
		if got := preferred(header); got != want {
			t.Errorf("%q gives %s, want %s", header, got, want)
		}
	}
	w := testWeb(t, nil)
	app := testApp(w)
	app.Get("/l", w.Anyone, func(c *fiber.Ctx) error { return c.SendString(string(Lang(c))) })
	if a := send(t, app, "GET", "/l?lang=en", ""); a.body != "en" || !strings.Contains(a.head("Set-Cookie"), "__Host-terang_lang=en") {
		t.Errorf("%s, %s", a.body, a.head("Set-Cookie"))
	}
	if a := send(t, app, "GET", "/l", "", "Cookie", "__Host-terang_lang=en", "Accept-Language", "id"); a.body != "en" {
		t.Errorf("the choice made before is forgotten: %s", a.body)
	}
}

// Every row states a status.
func TestAccess(t *testing.T) {
	w := testWeb(t, nil)
	app := testApp(w)
	ok := func(c *fiber.Ctx) error { return c.SendString("in") }
	app.Get("/desk", w.Officers(), ok)
	app.Post("/desk", w.Officers(), ok)
	app.Get("/audit", w.Officers(models.Auditor), ok)
	app.Post("/open", w.Anyone, ok)
	token := func(role string) string { return "_csrf=" + w.FormToken("secret-of-"+role) }
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, row := range []struct {
		name, method, path, as, body string
		headers                      []string
		status                       int
	}{
		{"not signed in", "GET", "/desk", "", "", nil, 303},
		{"not signed in, changing", "POST", "/desk", "", "", nil, 401},
		{"a session that is over", "GET", "/desk", "gone", "", nil, 303},
		{"on the chain", "GET", "/desk", "token-of-agent", "", nil, 200},
		{"auditor at the desk", "GET", "/desk", "token-of-auditor", "", nil, 403},
		{"administrator at the desk", "GET", "/desk", "token-of-administrator", "", nil, 403},
		{"officer at the audit", "GET", "/audit", "token-of-officer", "", nil, 403},
		{"auditor at the audit", "GET", "/audit", "token-of-auditor", "", nil, 200},
		{"changing without token", "POST", "/desk", "token-of-agent", "", form, 403},
		{"changing with another's token", "POST", "/desk", "token-of-agent", token("officer"), form, 403},
		{"changing with token", "POST", "/desk", "token-of-agent", token("agent"), form, 200},
		{"token in the address", "POST", "/desk?" + token("agent"), "token-of-agent", "", form, 403},
		{"a change called by another method", "GET", "/desk?_method=POST&" + token("agent"), "token-of-auditor", "", []string{"X-HTTP-Method-Override", "POST"}, 403},
		{"from another site", "POST", "/desk", "token-of-agent", token("agent"), append([]string{"Sec-Fetch-Site", "cross-site"}, form...), 403},
		{"from a sister site", "POST", "/open", "", "", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another origin", "POST", "/open", "", "", []string{"Origin", "https://evil.example"}, 403},
		{"no origin at all", "POST", "/open", "", "", []string{"Origin", "null"}, 403},
		{"our origin", "POST", "/open", "", "", []string{"Origin", "https://terang.example"}, 200},
		{"a forged forwarded host", "POST", "/open", "", "", []string{"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example"}, 403},
		{"no such page", "GET", "/none", "", "", nil, 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := row.headers
			if row.as != "" {
				h = append([]string{"Cookie", "__Host-terang_session=" + row.as}, h...)
			}
			if a := send(t, app, row.method, row.path, row.body, h...); a.status != row.status {
				t.Errorf("status %d, want %d", a.status, row.status)
			}
		})
	}
}

func TestErrorsTellNothingOfTheInside(t *testing.T) {
	var logged bytes.Buffer
	w := testWeb(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	app := testApp(w)
	app.Get("/fail", w.Anyone, func(*fiber.Ctx) error { return errors.New("password=hunter2") })
	app.Get("/panic", w.Anyone, func(*fiber.Ctx) error { panic("hunter2") })
	app.Get("/api/v1/fail", w.Anyone, func(*fiber.Ctx) error { return errors.New("hunter2") })
	app.Get("/api/v1/bad", w.Anyone, func(*fiber.Ctx) error {
		return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "text", Code: "required"}}}
	})
	app.Get("/slow", w.Anyone, func(*fiber.Ctx) error { return models.Refuse(models.RateLimited, "too_many_tries", "3") })
	for _, path := range []string{"/fail", "/panic", "/api/v1/fail"} {
		logged.Reset()
		a := send(t, app, "GET", path+"?key=secretkey", "")
		if a.status != 500 || strings.Contains(a.body, "hunter2") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		if !strings.Contains(logged.String(), "hunter2") || strings.Contains(logged.String(), "secretkey") {
			t.Errorf("%s logged %s", path, &logged)
		}
		_, incident, _ := strings.Cut(logged.String(), "incident=")
		if incident, _, _ = strings.Cut(incident, " "); incident == "" || !strings.Contains(a.body, incident) {
			t.Errorf("%s: incident %q is not on the page", path, incident)
		}
	}
	a := send(t, app, "GET", "/api/v1/bad", "", "Accept-Language", "en")
	var p Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != 422 || a.head("Content-Type") != "application/problem+json" || p.Code != "invalid" || len(p.Fields) != 1 || p.Fields[0].Code != "required" {
		t.Errorf("%d %s %v", a.status, a.body, err)
	}
	if a := send(t, app, "GET", "/slow", ""); a.status != 429 || a.head("Retry-After") != "180" {
		t.Errorf("%d, Retry-After %s", a.status, a.head("Retry-After"))
	}
}

func TestHeaders(t *testing.T) {
	w := testWeb(t, nil)
	app := testApp(w)
	app.Get("/page", w.Anyone, func(c *fiber.Ctx) error { return c.SendString("x") })
	app.Get("/static/*", w.Anyone, Static)
	a := send(t, app, "GET", "/page", "")
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if !strings.Contains(a.head(name), want) {
			t.Errorf("%s: %q", name, a.head(name))
		}
	}
	if strings.Contains(a.head("Content-Security-Policy"), "unsafe") || a.head("Server") != "" {
		t.Errorf("%v", a.header)
	}
	plain := testApp(testWeb(t, func(c *Config) { c.BaseURL = "http://localhost:8080" }))
	if h := send(t, plain, "GET", "/page", "").head("Strict-Transport-Security"); h != "" {
		t.Errorf("HSTS over plain http: %s", h)
	}
	css := send(t, app, "GET", static.URL("css/terang.css"), "", "Accept-Encoding", "gzip, br")
	if css.status != 200 || css.head("Content-Encoding") != "br" || !strings.Contains(css.head("Cache-Control"), "immutable") {
		t.Errorf("%d %v", css.status, css.header)
	}
	if a := send(t, app, "GET", "/static/../../etc/passwd", ""); a.status != 404 {
		t.Errorf("status %d", a.status)
	}
}

func TestPagesArePacked(t *testing.T) {
	w := testWeb(t, nil)
	app := testApp(w)
	app.Get("/page", w.Anyone, func(c *fiber.Ctx) error {
		return Render(c, 200, layout.Public(w.Page(c, "Judul", "seed")))
	})
	plain := send(t, app, "GET", "/page", "")
	packed := send(t, app, "GET", "/page", "", "Accept-Encoding", "gzip")
	if packed.head("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body) {
		t.Fatalf("%d bytes as %q, %d plain", len(packed.body), packed.head("Content-Encoding"), len(plain.body))
	}
	r, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || !strings.Contains(string(b), "Judul") {
		t.Errorf("%v", err)
	}
	if a := send(t, app, "GET", "/page", "", "Accept-Encoding", "gzip;q=0"); a.head("Content-Encoding") != "" {
		t.Error("packed for who refuses it")
	}
}

// An export that fails before its first byte is an ordinary error; one that fails later
// must not look whole.
func TestStream(t *testing.T) {
	w := testWeb(t, nil)
	app := testApp(w)
	app.Get("/good", w.Anyone, func(c *fiber.Ctx) error {
		return w.Stream(c, "a.csv", "text/csv", time.Minute, func(_ context.Context, out io.Writer) error {
			_, err := io.WriteString(out, "a,b\n")
			return err
		})
	})
	app.Get("/refused", w.Anyone, func(c *fiber.Ctx) error {
		return w.Stream(c, "a.csv", "text/csv", time.Minute, func(context.Context, io.Writer) error {
			return models.Refuse(models.Forbidden, "not_allowed")
		})
	})
	if a := send(t, app, "GET", "/good", ""); a.status != 200 || a.body != "a,b\n" || !strings.Contains(a.head("Content-Disposition"), "a.csv") {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
	if a := send(t, app, "GET", "/refused", ""); a.status != 403 || a.head("Content-Disposition") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
}
