package audit_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"terang/handlers"
	"terang/handlers/audit"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

var _ audit.Verbs = (*casework.Service)(nil)

type site struct {
	*caseworktest.Scene
	t   *testing.T
	app *fiber.App
}

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t}
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, BaseURL: "http://terang.test", Secret: []byte("0123456789abcdef0123456789abcdef"),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.app = app
	return s
}

type answer struct {
	status int
	body   string
	header http.Header
}

var gap = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`)

// reader opens pages as an account, in English unless the address says otherwise.
func (s *site) reader(email string) func(path string) answer {
	s.t.Helper()
	token, _, err := s.SignIn(s.Ctx, email, caseworktest.Password, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return func(path string) answer {
		s.t.Helper()
		req := httptest.NewRequest("GET", path, nil)
		req.AddCookie(&http.Cookie{Name: "terang_session", Value: token})
		if !strings.Contains(path, "lang=") {
			req.AddCookie(&http.Cookie{Name: "terang_lang", Value: "en"})
		}
		res, err := s.app.Test(req, -1)
		if err != nil {
			s.t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		return answer{res.StatusCode, string(body), res.Header}
	}
}

func (a answer) want(t *testing.T, status int, has ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d\n%.1500s", a.status, status, a.body)
	}
	if m := gap.FindString(a.body); m != "" && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		t.Errorf("the catalogue has no words for %s", m)
	}
	for _, s := range has {
		if !strings.Contains(a.body, s) {
			t.Fatalf("no %q in\n%.3000s", s, a.body)
		}
	}
	return a
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

// history makes a request refused, one escalated and lapsed, and one late.
func (s *site) history() (refused, lapsed *models.Case) {
	s.t.Helper()
	must := func(_ *models.Case, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	refused, _, _ = s.Given(caseworktest.Request())
	must(s.Decide(s.Ctx, s.As("officer"), refused.Reference, caseworktest.Refusal(refused.Version)))
	lapsed, _, _ = s.Given(caseworktest.Complaint())
	must(s.Classify(s.Ctx, s.As("officer"), lapsed.Reference, casework.ClassifyInput{Version: lapsed.Version, Classification: models.Restricted, Exemption: "h", Reason: "Data pribadi"}))
	late, _, _ := s.Given(caseworktest.Request())
	must(s.Extend(s.Ctx, s.As("officer"), late.Reference, casework.TextInput{Version: late.Version, Text: "Arsip lama"}))
	s.Set(s.Now().AddDate(0, 4, 0))
	if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Sequence(s.Ctx); err != nil {
		s.t.Fatal(err)
	}
	return refused, lapsed
}

var number = regexp.MustCompile(`<a class="figure" href="([^"]+)" aria-label="([^"]+)"`)

// Every number on the overview leads to as many rows as it says.
func TestNumbersLeadToTheirRows(t *testing.T) {
	s := serve(t)
	s.history()
	get := s.reader("auditor@dinas.test")
	page := get("/audit?from=2026-01-01&to=2026-12-31").want(t, 200, "Refused", "UU 14/2008 art. 17 h")
	found := number.FindAllStringSubmatch(page.body, -1)
	if len(found) < 8 {
		t.Fatalf("%d numbers", len(found))
	}
	for _, m := range found {
		rows := get(strings.ReplaceAll(m[1], "&amp;", "&")).want(t, 200)
		n := strings.Count(rows.body, `<th scope="row"`)
		if want, _, _ := strings.Cut(m[2], " "); want != strconv.Itoa(n) {
			t.Errorf("%q: %d rows at %s", m[2], n, m[1])
		}
	}
	for _, link := range []string{"/audit/events?kind=case.answered&outcome=refused", "/audit/events?kind=case.answered&exemption=h"} {
		if n := strings.Count(get(link).want(t, 200).body, `<th scope="row"`); n != 1 {
			t.Errorf("%d rows at %s", n, link)
		}
	}
	if n := strings.Count(get("/audit/events?kind=case.answered&exemption=j").want(t, 200).body, `<th scope="row"`); n != 0 {
		t.Error("rows of another ground")
	}
}

func TestTrail(t *testing.T) {
	s := serve(t)
	refused, lapsed := s.history()
	get := s.reader("auditor@dinas.test")
	get("/audit/events").want(t, 200, "rung.lapsed", "officer dinas")
	log := get("/audit/events?order=log").want(t, 200)
	if m := regexp.MustCompile(`(?s)<th scope="row".*?<a\s+href="[^"]+"[^>]*>([^<]+)</a>`).FindStringSubmatch(log.body); m == nil || m[1] != "0" {
		t.Errorf("log order starts at row %q", m)
	}
	get("/audit/events?reference="+strings.ToLower(refused.Reference)).want(t, 200, "case.filed", "case.answered").lacks(t, lapsed.Reference)
	get("/audit/events?role=system").want(t, 200, "rung.lapsed").lacks(t, "case.filed</span>")
	get("/audit/events?from=2026-05-01&to=2026-05-31").want(t, 200, "rung.lapsed").lacks(t, "case.filed</span>")
	get("/audit/events?body=dinas&kind=deadline.extended").want(t, 200, "Arsip lama", "UU 14/2008 art. 22(8)")
	for path, field := range map[string]string{
		"/audit/events?from=kemarin": "#from", "/audit/events?to=2026-02-30": "#to", "/audit/events?from=2026-02-01&to=2026-01-01": "#to",
		"/audit/events?reference=zzz": "#reference", "/audit?from=x": "#from",
	} {
		get(path).want(t, 422, `href="`+field+`"`, "<title>Error:")
	}
	get("/audit/events?body=nowhere").want(t, 404)
	get("/audit/events?cursor=zzz").want(t, 422)

	first := get("/audit/events?order=log").want(t, 200)
	if strings.Contains(first.body, `rel="next"`) {
		parts := strings.Split(strings.Split(first.body, `rel="next"`)[0], `href="`)
		get(strings.ReplaceAll(strings.Split(parts[len(parts)-1], `"`)[0], "&amp;", "&")).want(t, 200)
	}
	m := regexp.MustCompile(`href="(/audit/events/[0-9]+\?at=[^"]+)"`).FindStringSubmatch(get("/audit/events?kind=case.answered").want(t, 200).body)
	if m == nil {
		t.Fatal("no row leads to its event")
	}
	get(strings.ReplaceAll(m[1], "&amp;", "&")).want(t, 200, "Fingerprint (SHA-256)", refused.Reference, "UU 14/2008 art. 17 h", "Refused")
	proof := regexp.MustCompile(`href="(/audit/cases/[^"]+/receipt\?event=[0-9]+)"`).FindStringSubmatch(get(strings.ReplaceAll(m[1], "&amp;", "&")).body)
	if proof == nil {
		t.Fatal("the answer has no receipt of its own")
	}
	get(proof[1]).want(t, 200, "c2sp.org/tlog-proof@v1")
	get("/audit/events/999999?at=2026-01-07T03:00:00Z").want(t, 404)
	get("/audit/events/1").want(t, 404)
	for _, lang := range []string{"id", "en"} {
		for _, path := range []string{"/audit?", "/audit/events?", "/audit/cases?", "/audit/exports?", "/audit/cases/" + lapsed.Reference + "?", "/audit/cases/" + refused.Reference + "?"} {
			get(path+"lang="+lang).want(t, 200)
		}
	}
}

func TestOneCasesWholeHistory(t *testing.T) {
	s := serve(t)
	refused, lapsed := s.history()
	get := s.reader("auditor@dinas.test")
	get("/audit/cases").want(t, 200, refused.Reference, lapsed.Reference)
	get("/audit/cases?queue=overdue").want(t, 200, lapsed.Reference).lacks(t, refused.Reference)
	get("/audit/cases/"+refused.Reference).want(t, 200, "Whole history", "case.filed", "Clock ledger", "Rahasia pribadi terungkap", "Whole history")
	get("/audit/cases/"+lapsed.Reference).want(t, 200, "Ran out of time", "the rung below ran out of time", "chain.failed")
	receipt := get("/audit/cases/"+refused.Reference+"/receipt").want(t, 200, "c2sp.org/tlog-proof@v1")
	if !strings.HasPrefix(receipt.header.Get("Content-Disposition"), "attachment") {
		t.Error("the receipt is not a file")
	}
	get("/audit/cases/T7-K4M9-XQ2R").want(t, 404)
	// an auditor reads; there is nothing to press
	page := get("/audit/cases/" + refused.Reference)
	if n := strings.Count(page.body, `method="post"`); n != 1 {
		t.Errorf("%d forms that change something; only signing out is one", n)
	}
}

// An export is the whole log up to and with itself, and is on the trail by who made it.
func TestExports(t *testing.T) {
	s := serve(t)
	refused, _ := s.history()
	get := s.reader("auditor@dinas.test")
	get("/audit/exports").want(t, 200, "No exports yet")
	a := get("/audit/export?format=csv&from=2026-01-01&to=2026-12-31").want(t, 200)
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.Contains(a.header.Get("Content-Disposition"), ".csv") {
		t.Errorf("%v", a.header)
	}
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if rows[0][0] != "index" || rows[0][19] != "leaf_hash" || len(rows) < 10 || rows[len(rows)-1][2] != "export.made" {
		t.Errorf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
	lines := strings.Split(strings.TrimSpace(get("/audit/export?format=jsonl&body=dinas").want(t, 200, refused.Reference).body), "\n")
	for _, line := range lines {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []string{"xlsx", "bundle"} {
		a := get("/audit/export?format="+format).want(t, 200)
		if !strings.HasPrefix(a.body, "PK") || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s is no archive: %v", format, a.header)
		}
	}
	get("/audit/exports").want(t, 200, "auditor dinas", "format=csv", "format=jsonl", "format=bundle")
	get("/audit/export?format=pdf").want(t, 422, `href="#format"`)
	get("/audit/export?format=csv&from=x").want(t, 422, `href="#from"`)
	get("/audit/export?format=csv&from=2026-02-01&to=2026-01-01").want(t, 422, `href="#to"`)
	get("/audit/export?format=csv&body=nowhere").want(t, 404)
	s.Check()
}

// An auditor of one body reads nothing of another; an administrator nothing of any case.
func TestAuditorsKeepToTheirBody(t *testing.T) {
	s := serve(t)
	refused, _ := s.history()
	s.AddDinas("lain")
	get := s.reader("auditor@lain.test")
	get("/audit/cases/"+refused.Reference).want(t, 404)
	get("/audit/cases/"+refused.Reference+"/receipt").want(t, 404)
	for _, path := range []string{"/audit", "/audit/cases?queue=all", "/audit/events", "/audit/events?kind=case.filed", "/audit/export?format=csv", "/audit/export?format=jsonl"} {
		get(path).want(t, 200).lacks(t, refused.Reference, "Anggaran jalan")
	}
	get("/audit/events?body=dinas").want(t, 404)
	get("/audit/events?reference="+refused.Reference).want(t, 200, "No events match")
	admin := s.reader("admin@terang.test")
	admin("/audit/events").want(t, 200, "officer.added").lacks(t, refused.Reference, "case.filed</span>")
	admin("/audit/cases").want(t, 403)
	admin("/audit/export?format=csv").want(t, 403)
}
