package handlers_test

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers"
	"terang/models/casework/caseworktest"
)

func secured(t *testing.T, base string) (*caseworktest.Scene, *fiber.App) {
	t.Helper()
	s := caseworktest.New(t)
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: base,
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, app
}

var (
	parameter = regexp.MustCompile(`[:*+][A-Za-z0-9_]*\??`)
	// What a page of ours must not have: the policy forbids the browser to run or draw it.
	inline = regexp.MustCompile(`(?is)<script(\s[^>]*)?>\s*[^<\s]|<script(\s+(defer|async|type="[^"]*"))*\s*>|\son[a-z]+\s*=\s*["']|\sstyle\s*=\s*["']|<style|javascript:|<(iframe|object|embed|base)\b`)
)

// strict are the rules that each answer carries, whatever it is.
var strict = map[string]string{
	"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
	"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	"Strict-Transport-Security": "max-age=31536000",
}

// TestEveryRouteIsStrict walks the router's own table: a route that is added is in it.
func TestEveryRouteIsStrict(t *testing.T) {
	_, app := secured(t, "https://terang.test")
	walked := 0
	check := func(method, path string) {
		t.Helper()
		req := httptest.NewRequest(method, path, nil)
		res, err := app.Test(req, -1)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		walked++
		for name, want := range strict {
			if got := res.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s %s (%d): %s is %q, want %q", method, path, res.StatusCode, name, got, want)
			}
		}
		csp := res.Header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, rule) {
				t.Errorf("%s %s: the policy lacks %s: %s", method, path, rule, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http:") {
			t.Errorf("%s %s: the policy is wide: %s", method, path, csp)
		}
		permissions := res.Header.Get("Permissions-Policy")
		for _, p := range []string{"camera=()", "geolocation=()", "microphone=()"} {
			if !strings.Contains(permissions, p) {
				t.Errorf("%s %s: %s is not refused: %q", method, path, p, permissions)
			}
		}
		if res.Header.Get("Server") != "" || res.Header.Get("Access-Control-Allow-Origin") != "" || res.Header.Get("Cache-Control") == "" {
			t.Errorf("%s %s: %v", method, path, res.Header)
		}
		if kind := res.Header.Get("Content-Type"); len(body) > 0 && (kind == "" || strings.HasPrefix(kind, "text/") && !strings.Contains(strings.ToLower(kind), "charset=utf-8")) {
			t.Errorf("%s %s: %d bytes of %q", method, path, len(body), kind)
		}
		if method == fiber.MethodTrace && (res.StatusCode < 400 || strings.Contains(string(body), path+" HTTP")) {
			t.Errorf("TRACE %s: %d %s", path, res.StatusCode, body)
		}
		for _, c := range res.Cookies() {
			if !c.HttpOnly || !c.Secure || c.SameSite < 2 || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") && !strings.HasPrefix(c.Name, "__Secure-") {
				t.Errorf("%s %s sets %s", method, path, c.Raw)
			}
		}
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			if at := inline.FindIndex(body); at != nil {
				t.Errorf("%s %s has something inline: %s", method, path, body[at[0]:min(len(body), at[1]+60)])
			}
		}
		if res.StatusCode >= 500 {
			t.Errorf("%s %s: %d", method, path, res.StatusCode)
		}
	}
	for _, r := range app.GetRoutes(true) {
		if r.Method == fiber.MethodConnect {
			continue
		}
		check(r.Method, parameter.ReplaceAllString(r.Path, "1"))
	}
	for _, path := range []string{"/tidak-ada", "/api/v1/tidak-ada", "/static/tidak-ada.css", "/desk/tidak-ada", "/..%2f..%2fetc/passwd", "/%00"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"} {
			check(method, path)
		}
	}
	if walked < 100 {
		t.Errorf("only %d answers were looked at", walked)
	}
}

// What two servers may read differently is refused, and the connection ends: what stands
// behind it is never answered as a request of its own.
func TestUnclearMessagesEndTheConnection(t *testing.T) {
	_, app := secured(t, "https://terang.test")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	send := func(raw string) string {
		t.Helper()
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(conn) // a reset after the answer is an end as well
		return string(got)
	}
	const next = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	post := func(lines, body string) string {
		return "POST /track HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body + next
	}
	for what, raw := range map[string]string{
		"length and coding":            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
		"coding and length":            post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
		"space before the colon":       post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
		"space in length's name":       post("Content-Length : 3\r\n", "a=b"),
		"folded coding":                post("Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
		"folded line":                  post("X-A: b\r\n Content-Length: 3\r\n", ""),
		"two codings":                  post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
		"identity":                     post("Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "a=b"),
		"unknown coding":               post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
		"two lengths":                  post("Content-Length: 0\r\nContent-Length: 3\r\n", "a=b"),
		"length with a sign":           post("Content-Length: +3\r\n", "a=b"),
		"a chunk's size with 0x":       post("Transfer-Encoding: chunked\r\n", "0x3\r\na=b\r\n0\r\n\r\n"),
		"coding in HTTP/1.0":           "POST /track HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next,
		"name with a space":            "GET /healthz HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n" + next,
		"name with other letters":      "GET /healthz HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: b\r\n\r\n" + next,
		"line that ends in LF alone":   "GET /healthz HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n" + next,
		"two hosts":                    "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + next,
		"no host":                      "GET /healthz HTTP/1.1\r\nX-A: b\r\n\r\n" + next,
		"no header":                    "GET /healthz HTTP/1.1\r\n\r\n" + next,
		"a version that is none":       "GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n" + next,
		"a method nobody knows":        "FETCH /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + next,
		"kept page, two hosts":         "GET /how HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + next,
		"zero byte in a header":        "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: a\x00b\r\n\r\n" + next,
		"a carriage return in a value": "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\rX-B: c\r\n\r\n" + next,
	} {
		got := send(raw)
		if strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 4") || !strings.Contains(got, "Connection: close") {
			t.Errorf("%s: %.300s", what, got)
		}
		for name, want := range strict {
			if !strings.Contains(got, name+": "+want) {
				t.Errorf("%s: %s is not %q", what, name, want)
			}
		}
	}
	// What is in order is served, on one connection.
	for what, raw := range map[string]string{
		"length":  post("Content-Length: 3\r\n", "a=b"),
		"chunked": post("transfer-encoding: Chunked\r\n", "3\r\na=b\r\n0\r\n\r\n"),
		"1.0":     "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + next,
	} {
		if got := send(raw); strings.Count(got, "HTTP/1.1 ") != 2 || !strings.HasSuffix(got, "ok\n") {
			t.Errorf("%s: %.300s", what, got)
		}
	}
}

// What is sent at one time by all together has its bounds: who comes when there is no more room waits,
// is told to come back, and keeps nobody else from anything.
func TestBodiesTogetherAreBounded(t *testing.T) {
	s := caseworktest.New(t)
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: "https://terang.test", BodyPatience: 100 * time.Millisecond,
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	// begin sends the head of a request and a little of its body.
	begin := func(path, length string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"+length+"\r\n\r\n "); err != nil {
			t.Fatal(err)
		}
		return c
	}
	answer := func(c net.Conn) string {
		got, _ := io.ReadAll(c)
		return string(got)
	}
	refused := func(got string) bool {
		return strings.HasPrefix(got, "HTTP/1.1 503") && strings.Contains(got, "Retry-After: 10") && strings.Contains(got, "nosniff")
	}
	// One by one: whichever has room is held open, and there comes one that has not.
	var inside []net.Conn
	for ; len(inside) < 20; inside = append(inside, begin("/api/v1/cases", "Content-Length: 36000000")) {
		probe := begin("/api/v1/cases", "Content-Length: 100000\r\nConnection: close") // the room for 36 MB is gone before that for this
		if _, err := io.WriteString(probe, strings.Repeat(" ", 99_999)); err != nil {
			t.Fatal(err)
		}
		got := answer(probe)
		if refused(got) {
			break
		}
		if !strings.HasPrefix(got, "HTTP/1.1 4") {
			t.Fatalf("%d held: %.300s", len(inside), got)
		}
	}
	if len(inside) == 0 || len(inside) > 8 {
		t.Fatalf("%d bodies of 36 MB at one time", len(inside))
	}
	for what, length := range map[string]string{"in chunks": "Transfer-Encoding: chunked", "large": "Content-Length: 36000000", "that would wait to be told": "Expect: 100-continue\r\nContent-Length: 200000"} {
		if got := answer(begin("/api/v1/cases", length)); !refused(strings.TrimPrefix(got, "HTTP/1.1 100 Continue\r\n\r\n")) {
			t.Errorf("%s: %.300s", what, got)
		}
	}
	// Small ones, and other kinds, go on.
	for path, n := range map[string]int{"/api/v1/cases": 2_000, "/track": 100_000, "/file/attachments": 300_000} {
		c := begin(path, "Connection: close\r\nContent-Length: "+strconv.Itoa(n))
		if _, err := io.WriteString(c, strings.Repeat(" ", n-1)); err != nil {
			t.Fatal(err)
		}
		if got := answer(c); strings.HasPrefix(got, "HTTP/1.1 5") || !strings.HasPrefix(got, "HTTP/1.1 ") {
			t.Errorf("%s: %.200s", path, got)
		}
	}
	// Those that hang up give their room back.
	for _, c := range inside {
		c.Close()
	}
	for end := time.Now().Add(10 * time.Second); ; {
		c := begin("/api/v1/cases", "Connection: close\r\nContent-Length: 30000000")
		if _, err := io.WriteString(c, strings.Repeat(" ", 29_999_999)); err == nil {
			if got := answer(c); strings.HasPrefix(got, "HTTP/1.1 4") {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatal("the room is not given back")
		}
	}
}

// An address of our own never becomes a link to somebody else's site.
func TestNoLinkLeadsAway(t *testing.T) {
	_, app := secured(t, "https://terang.test")
	for _, path := range []string{"//evil.test/desk", "///evil.test", "/%2f%2fevil.test", "/\\evil.test", "//evil.test/%2e%2e"} {
		req := httptest.NewRequest("GET", "/", nil)
		req.URL = &url.URL{Opaque: path}
		req.RequestURI = path
		res, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 404 || !strings.Contains(string(body), `lang=en"`) {
			t.Errorf("%s: %d %v", path, res.StatusCode, err)
		}
		if at := regexp.MustCompile(`(href|action|src)="(//|/\\|https?:)[^"]*`).Find(body); at != nil {
			t.Errorf("%s: %s", path, at)
		}
	}
}

// Over plain http nothing is promised for later, and cookies can still be set.
func TestNoPromisesOverPlainHTTP(t *testing.T) {
	_, app := secured(t, "http://localhost:8080")
	res, err := app.Test(httptest.NewRequest("GET", "/?lang=en", nil), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Strict-Transport-Security") != "" || len(res.Cookies()) == 0 || res.Cookies()[0].Secure {
		t.Errorf("%v", res.Header)
	}
}

// Nothing inline is written anywhere: pages behind sign-in are drawn from the same sources.
func TestNothingInlineInTheSources(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("../views", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".templ" || strings.Contains(path, "emails") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		for n, line := range strings.Split(string(src), "\n") {
			if inline.MatchString(line) {
				t.Errorf("%s:%d: %s", path, n+1, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files, %v", seen, err)
	}
}
