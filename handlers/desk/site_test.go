package desk_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// site is the whole web site on a temporary database.
type site struct {
	*caseworktest.Scene
	t   *testing.T
	app *fiber.App
}

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t}
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: "http://terang.test",
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.app = app
	return s
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("level=ERROR")) {
		l.t.Logf("%s", b)
	}
	return len(b), nil
}

// visitor is a browser: it keeps the session, and the token of the page it looked at last.
type visitor struct {
	s      *site
	cookie map[string]string
	csrf   string
}

func (s *site) nobody() *visitor {
	return &visitor{s: s, cookie: map[string]string{"terang_lang": "en"}}
}

// as signs an officer in; "agent" alone is agent@dinas.test.
func (s *site) as(email string) *visitor {
	s.t.Helper()
	if !strings.Contains(email, "@") {
		email += "@dinas.test"
	}
	token, _, err := s.SignIn(s.Ctx, email, caseworktest.Password, "test")
	if err != nil {
		s.t.Fatalf("sign in %s: %v", email, err)
	}
	v := s.nobody()
	v.cookie["terang_session"] = token
	return v
}

type answer struct {
	status int
	body   string
	to     string
	header http.Header
}

var (
	gap      = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`)
	csrf     = regexp.MustCompile(`name="_csrf" value="([^"]*)"`)
	versions = regexp.MustCompile(`name="version" value="([^"]*)"`)
	tags     = regexp.MustCompile(`(?s)<head>.*?</head>|<[^>]*>|\s+`)
)

func (v *visitor) do(req *http.Request) answer {
	v.s.t.Helper()
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range v.cookie {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := v.s.app.Test(req, -1)
	if err != nil {
		v.s.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.s.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		v.cookie[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(v.cookie, c.Name)
		}
	}
	a := answer{res.StatusCode, string(body), res.Header.Get("Location"), res.Header}
	if m := csrf.FindStringSubmatch(a.body); m != nil {
		v.csrf = html.UnescapeString(m[1])
	}
	return a
}

func (v *visitor) get(path string) answer {
	v.s.t.Helper()
	return v.do(httptest.NewRequest("GET", path, nil))
}

// post sends a form; fields are pairs, and a name may come more than once.
func (v *visitor) post(path string, fields ...string) answer {
	v.s.t.Helper()
	form := url.Values{"_csrf": {v.csrf}}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	req := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req)
}

// send opens a page, takes the version its form was drawn from, and posts to it.
func (v *visitor) send(page string, fields ...string) answer {
	v.s.t.Helper()
	a := v.get(page).want(v.s.t, 200)
	if m := versions.FindStringSubmatch(a.body); m != nil {
		fields = append(fields, "version", m[1])
	}
	path, _, _ := strings.Cut(page, "?")
	return v.post(path, fields...)
}

func (v *visitor) upload(path, name string, content []byte) answer {
	v.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("_csrf", v.csrf)
	if name != "" {
		part, err := w.CreateFormFile("attachments", name)
		if err != nil {
			v.s.t.Fatal(err)
		}
		part.Write(content)
	}
	w.Close()
	req := httptest.NewRequest("POST", path, &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return v.do(req)
}

func (a answer) want(t *testing.T, status int, has ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d (to %q)\n%s", a.status, status, a.to, summary(a.body))
	}
	if m := gap.FindString(a.body); m != "" && strings.Contains(a.header.Get("Content-Type"), "html") {
		t.Errorf("the catalogue has no words for %s", m)
	}
	for _, s := range has {
		if !strings.Contains(a.body, s) {
			t.Fatalf("no %q in\n%s", s, summary(a.body))
		}
	}
	return a
}

// done wants the redirect that follows a form which did something.
func (a answer) done(t *testing.T) answer {
	t.Helper()
	return a.want(t, 303)
}

func (a answer) lacks(t *testing.T, words ...string) answer {
	t.Helper()
	for _, s := range words {
		if strings.Contains(a.body, s) {
			t.Errorf("shows %q", s)
		}
	}
	return a
}

func summary(page string) string {
	s := strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
	if len(s) > 1500 {
		s = s[:1500] + "…"
	}
	return s
}

// given files a case and gives its address on the desk.
func (s *site) given(in casework.FileInput) (*models.Case, string) {
	s.t.Helper()
	c, _, _ := s.Given(in)
	return c, "/desk/cases/" + c.Reference
}

// now is the case as it stands.
func (s *site) now(ref string) *models.Case {
	s.t.Helper()
	c, err := s.Store.Read(s.Ctx).CaseByReference(ref)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
