package public_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"terang/handlers"
	"terang/models/casework/caseworktest"
	"terang/models/trail"
)

// site is the whole web site on a temporary database, behind a real socket: cookies keep
// to their paths and bodies to their limits as they will outside.
type site struct {
	*caseworktest.Scene
	t    *testing.T
	base string
}

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + ln.Addr().String()
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: s.base,
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	return s
}

// sequence takes what happened into the log and gives the log's key.
func (s *site) sequence() string {
	s.t.Helper()
	signer, _, err := trail.LoadOrMakeKey(filepath.Join(s.t.TempDir(), "log.key"), "test.invalid/log")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Store.Sequence(s.Ctx, signer, s.Now()); err != nil {
		s.t.Fatal(err)
	}
	return signer.VerifierKey()
}

// testLog shows failures of the site with the test that caused them.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("level=ERROR")) {
		l.t.Logf("%s", b)
	}
	return len(b), nil
}

// browser is somebody's browser: it keeps cookies, follows redirects, and sends what a
// browser sends.
type browser struct {
	s    *site
	c    *http.Client
	csrf string // of the page looked at last
	at   string
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s: s, c: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

type answer struct {
	status int
	body   string
	url    string
	header http.Header
}

// gap is how the catalogue shows a key without words.
var gap = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`)

var token = regexp.MustCompile(`name="_csrf" value="([^"]*)"`)

func (b *browser) do(req *http.Request) answer {
	b.s.t.Helper()
	if req.Header.Get("Sec-Fetch-Site") == "" {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.c.Do(req)
	if err != nil {
		b.s.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	a := answer{res.StatusCode, string(body), strings.TrimPrefix(res.Request.URL.String(), b.s.base), res.Header}
	if m := token.FindStringSubmatch(a.body); m != nil {
		b.csrf = html.UnescapeString(m[1])
	}
	b.at = a.url
	return a
}

func (b *browser) get(path string) answer {
	b.s.t.Helper()
	req, err := http.NewRequest("GET", b.s.base+path, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.do(req)
}

// post sends a form with the token of the page looked at last.
func (b *browser) post(path string, fields ...string) answer {
	b.s.t.Helper()
	v := url.Values{"_csrf": {b.csrf}}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequest("POST", b.s.base+path, strings.NewReader(v.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// upload sends one file as the attachments page does.
func (b *browser) upload(path, name string, content []byte) answer {
	b.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("_csrf", b.csrf)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		b.s.t.Fatal(err)
	}
	part.Write(content)
	w.Close()
	req, err := http.NewRequest("POST", b.s.base+path, &body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(req)
}

func (a answer) want(t *testing.T, status int, has ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: status %d, want %d\n%s", a.url, a.status, status, summary(a.body))
	}
	if gap := gap.FindString(a.body); gap != "" {
		t.Errorf("%s: the catalogue has no words for %s", a.url, gap)
	}
	for _, s := range has {
		if !strings.Contains(a.body, s) {
			t.Fatalf("%s: no %q in\n%s", a.url, s, summary(a.body))
		}
	}
	return a
}

func (a answer) lacks(t *testing.T, words ...string) answer {
	t.Helper()
	for _, s := range words {
		if strings.Contains(a.body, s) {
			t.Errorf("%s: shows %q", a.url, s)
		}
	}
	return a
}

var tags = regexp.MustCompile(`(?s)<head>.*?</head>|<[^>]*>|\s+`)

// summary is a page's words, for a failure that can be read.
func summary(page string) string {
	s := strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
	if len(s) > 1500 {
		s = s[:1500] + "…"
	}
	return s
}

var code = regexp.MustCompile(`(?s)id="(reference|key)">([^<]+)<`)

// codes reads reference and key off the confirmation.
func codes(t *testing.T, a answer) (ref, key string) {
	t.Helper()
	for _, m := range code.FindAllStringSubmatch(a.body, -1) {
		switch m[1] {
		case "reference":
			ref = strings.TrimSpace(m[2])
		case "key":
			key = strings.TrimSpace(m[2])
		}
	}
	if ref == "" || key == "" {
		t.Fatalf("no reference and key in\n%s", summary(a.body))
	}
	return ref, key
}

// counts is how many cases there are, to see that nothing was stored.
func (s *site) cases() int64 {
	s.t.Helper()
	n := int64(0)
	r := s.Store.Read(s.Ctx)
	for id := int64(1); ; id++ {
		if _, err := r.CaseByID(id); err != nil {
			return n
		}
		n++
	}
}
