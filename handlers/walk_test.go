package handlers_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/policies"
)

// The rule of who may know of what has many doors. This test plants secrets, takes the routes
// from the router itself, and goes through every one of them as everybody, with everything that
// a path or a form may hold. What it may come out with is decided by the rule alone (models.Sight,
// a document's class, a hidden name), asked here of the rows and not of the site.

// Words that stand in what is planted and nowhere else; no request holds one of them. Beside each
// in the texts stands bait, which requests search for.
const (
	deepWord   = "zamrudgelap"
	lowWord    = "kencanaungu"
	annexWord  = "jinggatertutup"
	personWord = "rahasiawati"
	askerWord  = "biasawati" // asked what was published, under her name
	bait       = "lentera"
)

// secret is something planted and who the rule lets know of it.
type secret struct {
	word string
	sees func(*person) bool
	seen int // by somebody who may: a walk that shows it to nobody proves nothing
}

// person is somebody who goes through the doors.
type person struct {
	name    string
	actor   models.Actor
	email   string
	token   string            // of the API
	caseKey string            // a requester's, for the API
	cookie  map[string]string // a browser
	csrf    string
}

type planted struct {
	*models.Case
	requester models.Actor
	key       string
	docs      []int64
}

type walk struct {
	*caseworktest.Scene
	t       *testing.T
	app     *fiber.App
	log     *syncBuffer
	cases   map[string]*planted
	secrets []*secret
	people  []*person
	events  []int64 // of the classified cases
	grants  []int64
	told    map[string]bool // what was reported already
	count   int
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestEveryDoor(t *testing.T) {
	w := &walk{Scene: caseworktest.New(t), t: t, log: &syncBuffer{}, cases: map[string]*planted{}, told: map[string]bool{}}
	app, err := handlers.New(handlers.Options{
		Cases: w.Service, Ready: func(context.Context) error { return nil }, BaseURL: "http://terang.test",
		Secret: []byte("0123456789abcdef0123456789abcdef"), Now: w.Now, Stamp: w.Store.Stamp,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.app = app
	w.AddDinas("tetangga")
	w.plant()
	w.invite()

	routes := app.GetRoutes(true)
	w.rounds(routes, "GET")
	for _, s := range w.secrets {
		if s.seen == 0 {
			t.Errorf("%q was shown to nobody: the walk sees too little", s.word)
		}
	}
	w.rounds(routes, "POST")
	// What was sent must not have opened the cases: all that was looked at would mean nothing.
	for name, class := range map[string]models.Class{"deep": models.Confidential, "deep decided": models.Confidential, "low": models.Restricted, "low decided": models.Restricted} {
		if now := w.now(name); now.Classification != class {
			t.Errorf("case %q is %s after the walk", name, now.Classification)
		}
	}
	w.mailbox()
	w.serverLog()
	if w.count < 10_000 {
		t.Errorf("only %d requests", w.count)
	}
	w.Check()
}

func (w *walk) now(name string) *models.Case {
	w.t.Helper()
	return must[*models.Case](w.t)(w.Store.Read(w.Ctx).CaseByReference(w.cases[name].Reference))
}

// --- what is planted

func (w *walk) file(name, word string, kind models.Kind) *planted {
	w.t.Helper()
	in := caseworktest.Request()
	if kind == models.Complaint {
		in = caseworktest.Complaint()
	}
	in.Kind = kind
	if word != "" {
		in.Subject, in.Text = word+"subjek "+bait, "Tentang "+bait+" "+word+"isi yang ditanyakan."
		in.Purpose = word + "tujuan"
		if in.Kind == models.Complaint {
			in.Purpose = ""
		}
		in.Requester.Name, in.Requester.Email, in.Requester.Address = word+"nama", word+"surel@contoh.id", "Jalan "+word+"alamat"
	}
	c, a, key := w.Given(in)
	p := &planted{Case: c, requester: a, key: key}
	w.cases[name] = p
	return p
}

func (w *walk) attach(p *planted, a models.Actor, word string) int64 {
	w.t.Helper()
	d := must[*models.Attachment](w.t)(w.Attach(w.Ctx, a, p.Reference, casework.Upload{Name: word + "berkas.txt", Data: strings.NewReader("Isi " + word + "dokumen")}))
	p.docs = append(p.docs, d.ID)
	return d.ID
}

func (w *walk) plant() {
	t, boss := w.t, w.As("officer")
	version := func(name string) int64 { return w.now(name).Version }
	for name, x := range map[string]struct {
		word    string
		class   models.Class
		decided bool
	}{
		"deep": {deepWord, models.Confidential, false}, "deep decided": {deepWord, models.Confidential, true},
		"low": {lowWord, models.Restricted, false}, "low decided": {lowWord, models.Restricted, true},
	} {
		p := w.file(name, x.word, models.Request)
		w.attach(p, p.requester, x.word)
		must[*models.Case](t)(w.Say(w.Ctx, p.requester, p.Reference, casework.TextInput{Text: x.word + "pesan " + bait}))
		must[*models.Case](t)(w.Assign(w.Ctx, boss, p.Reference, casework.AssignInput{Version: version(name), Unit: "keuangan"}))
		must[*models.Case](t)(w.Classify(w.Ctx, boss, p.Reference, casework.ClassifyInput{Version: version(name), Classification: x.class, Exemption: "a", Reason: x.word + "alasan"}))
		must[*models.Case](t)(w.Note(w.Ctx, boss, p.Reference, casework.TextInput{Version: version(name), Text: x.word + "catatan"}))
		w.attach(p, boss, x.word)
		if x.decided {
			in := caseworktest.Refusal(version(name))
			in.Text, in.Withheld, in.Exemptions = x.word+"jawaban "+bait, x.word+"bagian", []string{"a"}
			for field := range in.Test {
				in.Test[field] = x.word + "uji"
			}
			must[*models.Case](t)(w.Decide(w.Ctx, boss, p.Reference, in))
		}
		w.secrets = append(w.secrets,
			&secret{word: x.word, sees: func(who *person) bool { return w.sees(who, "deep", "low", "deep decided", "low decided", x.word) }},
			&secret{word: strings.ToLower(p.Reference), sees: func(who *person) bool { return w.seesCase(who, p) }})
	}
	// A case that everybody may know, asked by somebody whom few may know.
	hidden := w.file("hidden", "", models.Complaint)
	in := caseworktest.Complaint()
	in.Subject, in.Anonymity = "Loket "+bait, models.Hidden
	in.Requester = casework.RequesterInput{Kind: models.Individual, Name: personWord + " nama", Email: personWord + "surel@contoh.id", Address: "Jalan " + personWord}
	c, a, key := w.Given(in)
	*hidden = planted{Case: c, requester: a, key: key}
	must[*models.Case](t)(w.Assign(w.Ctx, boss, c.Reference, casework.AssignInput{Version: c.Version, Unit: "keuangan"}))
	w.secrets = append(w.secrets, &secret{word: personWord, sees: func(who *person) bool { return w.names(who, hidden) }})

	// A case that everybody may know, with one annex for few; decided and published.
	p := &planted{}
	in = caseworktest.Request()
	in.Subject, in.Requester.Name, in.Requester.Address = "Anggaran "+bait, askerWord+" nama", "Jalan "+askerWord
	p.Case, p.requester, p.key = w.Given(in)
	w.cases["annex"] = p
	w.secrets = append(w.secrets, &secret{word: askerWord, sees: func(who *person) bool { return w.names(who, p) }})
	annex := w.attach(p, boss, annexWord)
	open := w.attach(p, boss, "terbuka")
	must[*models.Case](t)(w.Classify(w.Ctx, boss, p.Reference, casework.ClassifyInput{
		Version: version("annex"), Classification: models.Confidential, Exemption: "c", Reason: annexWord + "alasan", Attachment: annex}))
	must[*models.Case](t)(w.Decide(w.Ctx, boss, p.Reference, casework.DecideInput{
		Version: version("annex"), Outcome: models.Granted, Text: "Diberikan tentang " + bait + ".", Release: []int64{open}}))
	must[*models.Case](t)(w.Publish(w.Ctx, boss, p.Reference, casework.PublishInput{Version: version("annex"), Title: "Anggaran " + bait, Summary: "Anggaran dibuka."}))
	w.secrets = append(w.secrets, &secret{word: annexWord, sees: func(who *person) bool { return w.opens(who, p, annex) }})

	w.file("plain", "", models.Request)
	// Somebody broke the glass on one of the confidential cases: that too must be told to few.
	breaker := w.AddPlain("darurat@dinas.test", models.Agent, "dinas", models.Confidential)
	must[casework.Opened](t)(w.Emergency(w.Ctx, breaker, w.cases["deep"].Reference, deepWord+"darurat, keselamatan seseorang terancam"))
	grants := must[[]models.Grant](t)(w.Store.Read(w.Ctx).Grants(w.cases["deep"].ID))
	for _, g := range grants {
		w.grants = append(w.grants, g.ID)
	}
	for _, name := range []string{"deep", "low", "hidden"} {
		views, _, err := w.Events(w.Ctx, models.System, casework.EventInput{Reference: w.cases[name].Reference, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			w.events = append(w.events, v.ID)
		}
	}
	if err := w.Sequence(w.Ctx); err != nil {
		t.Fatal(err)
	}
}

// --- the rule

func (w *walk) seesCase(who *person, p *planted) bool {
	r := w.Store.Read(w.Ctx)
	c := must[*models.Case](w.t)(r.CaseByID(p.ID))
	rungs := must[[]models.Rung](w.t)(r.Rungs(p.ID))
	grants := must[[]models.Grant](w.t)(r.Grants(p.ID))
	return models.SightAt(who.actor, w.Now()).Sees(c, roles(rungs), grants...)
}

func roles(rungs []models.Rung) []models.Role {
	var out []models.Role
	for _, r := range rungs {
		out = append(out, r.Role)
	}
	return out
}

// sees says whether somebody may see one of the named cases with the word in it.
func (w *walk) sees(who *person, names ...string) bool {
	word := names[len(names)-1]
	for _, n := range names[:len(names)-1] {
		if strings.HasPrefix(n, "deep") == (word == deepWord) && w.seesCase(who, w.cases[n]) {
			return true
		}
	}
	return false
}

func (w *walk) opens(who *person, p *planted, doc int64) bool {
	r := w.Store.Read(w.Ctx)
	c := must[*models.Case](w.t)(r.CaseByID(p.ID))
	rungs := must[[]models.Rung](w.t)(r.Rungs(p.ID))
	grants := must[[]models.Grant](w.t)(r.Grants(p.ID))
	d := must[*models.Attachment](w.t)(r.Attachment(doc))
	return who.actor.Kind == models.ByOfficer && models.SightAt(who.actor, w.Now()).SeesDocument(c, d, roles(rungs), grants...)
}

// names says who may know the requester's name: whoever's own rung or office needs it.
func (w *walk) names(who *person, p *planted) bool {
	a := who.actor
	if a.Kind != models.ByOfficer {
		return a.CaseID == p.ID && a.CaseID != 0
	}
	r := w.Store.Read(w.Ctx)
	c := must[*models.Case](w.t)(r.CaseByID(p.ID))
	rungs := must[[]models.Rung](w.t)(r.Rungs(p.ID))
	return policies.May(string(a.Role), policies.ActRequesterIdentity, policies.AccessFacts{
		Clearance: string(a.Clearance), Class: string(c.Classification), Kind: string(c.Kind), Anonymity: string(c.Anonymity),
		SameBody: a.InBody(c.BodyID), SameUnit: a.InUnit(c.UnitID), Assigned: c.OfficerID != nil && *c.OfficerID == a.OfficerID,
		OnRung: slices.Contains(roles(rungs), a.Role),
	}).Allowed
}

// --- who goes

func (w *walk) invite() {
	t := w.t
	// First, while what the emergency opened is open.
	w.people = append(w.people, &person{name: "darurat@dinas.test", email: "darurat@dinas.test", actor: w.As("darurat@dinas.test")})
	add := func(email string, role models.Role, body, unit string, class models.Class) {
		t.Helper()
		if _, _, err := w.AddOfficer(w.Ctx, models.System, casework.OfficerInput{Email: email, Name: email, Role: role, Body: body, Unit: unit, Clearance: class, Password: caseworktest.Password}); err != nil {
			t.Fatal(err)
		}
		token, _, err := w.IssueToken(w.Ctx, models.System, email, 24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.people = append(w.people, &person{name: email, email: email, actor: w.As(email), token: token})
	}
	for _, role := range []models.Role{models.Agent, models.UnitHead, models.InfoOfficer, models.Superior, models.Auditor} {
		for _, class := range models.Classes {
			add(fmt.Sprintf("%s.%s@dinas.test", role, class), role, "dinas", "", class)
		}
		add(string(role)+".jauh@tetangga.test", role, "tetangga", "", models.Confidential)
	}
	add("seksi@dinas.test", models.Agent, "dinas", "anggaran", models.Confidential)
	add("keuangan@dinas.test", models.UnitHead, "dinas", "keuangan", models.Restricted)
	add("pengurus@dinas.test", models.Administrator, "dinas", "", models.Confidential)
	add("pengurus@terang.test", models.Administrator, "", "", models.Public)
	add("pemeriksa@terang.test", models.Auditor, "", "", models.Restricted)
	p := w.cases["plain"]
	w.people = append(w.people,
		&person{name: "anyone", actor: caseworktest.Anyone},
		&person{name: "requester of another case", actor: p.requester, caseKey: p.key})
}

// arrive opens a browser for somebody.
func (w *walk) arrive(who *person) {
	w.t.Helper()
	who.cookie = map[string]string{"terang_lang": "id"}
	switch {
	case who.email != "":
		token, _, err := w.SignIn(w.Ctx, who.email, caseworktest.Password, "walk")
		if err != nil {
			w.t.Fatalf("%s: %v", who.name, err)
		}
		who.cookie["terang_session"] = token
	case who.caseKey != "":
		for range 2 {
			w.do(who, "GET", "/track", nil, "")
			w.do(who, "POST", "/track", url.Values{"reference": {w.cases["plain"].Reference}, "key": {who.caseKey}}, "")
			if who.cookie["terang_case"] != "" {
				return
			}
			w.Pass(20 * time.Minute) // wrong keys were tried from here
		}
		w.t.Fatal("the requester does not come in")
	}
}

// --- the doors

var formToken = regexp.MustCompile(`name="_csrf" value="([^"]*)"`)

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *walk) do(who *person, method, target string, form url.Values, kind string) answer {
	w.t.Helper()
	w.count++
	var req *http.Request
	switch {
	case method == "GET":
		req = httptest.NewRequest("GET", target, nil)
	case kind == "json":
		b, _ := json.Marshal(jsonOf(form))
		req = httptest.NewRequest(method, target, bytes.NewReader(b))
		req.Header.Set("Content-Type", "application/json")
	case kind == "file":
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		for k, v := range form {
			m.WriteField(k, v[0])
		}
		m.WriteField("_csrf", who.csrf)
		for _, field := range []string{"attachments", "file"} {
			part, _ := m.CreateFormFile(field, "catatan.txt")
			io.WriteString(part, "Berkas biasa.")
		}
		m.Close()
		req = httptest.NewRequest(method, target, &body)
		req.Header.Set("Content-Type", m.FormDataContentType())
	default:
		if form == nil {
			form = url.Values{}
		}
		form.Set("_csrf", who.csrf)
		req = httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(target, "/api/") {
		switch {
		case who.token != "":
			req.Header.Set("Authorization", "Bearer "+who.token)
		case who.caseKey != "":
			req.Header.Set("Authorization", "Case-Key "+who.caseKey)
		}
	} else {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		for k, v := range who.cookie {
			req.AddCookie(&http.Cookie{Name: k, Value: v})
		}
	}
	res, err := w.app.Test(req, -1)
	if err != nil {
		w.t.Fatalf("%s %s as %s: %v", method, target, who.name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %s as %s: %v", method, target, who.name, err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(who.cookie, c.Name)
		} else if who.cookie != nil && c.Name != "terang_flash" { // a message shown once would make answers differ
			who.cookie[c.Name] = c.Value
		}
	}
	if m := formToken.FindSubmatch(body); m != nil {
		who.csrf = html.UnescapeString(string(m[1]))
	}
	return answer{res.StatusCode, res.Header, body}
}

// jsonOf makes of a form what the API reads.
func jsonOf(form url.Values) map[string]any {
	out := map[string]any{}
	for k, v := range form {
		out[k] = v[0]
		if n, err := strconv.ParseInt(v[0], 10, 64); err == nil && k == "version" {
			out[k] = n
		}
	}
	return out
}

// fill gives the paths that a route's pattern stands for.
func (w *walk) fill(pattern string) []string {
	w.t.Helper()
	absent := models.NewReference()
	out := []string{""}
	cross := func(values []string) {
		var next []string
		for _, o := range out {
			for _, v := range values {
				next = append(next, o+"/"+v)
			}
		}
		out = next
	}
	ref := ""
	for _, part := range strings.Split(strings.TrimPrefix(pattern, "/"), "/") {
		name, isParam := strings.CutPrefix(part, ":")
		if part == "*" {
			name, isParam = "*", true
		}
		if !isParam {
			cross([]string{part})
			continue
		}
		switch name {
		case "ref", "reference":
			ref = name
			// What is absent goes first: the others are compared with it.
			refs := []string{absent}
			for _, n := range []string{"deep", "deep decided", "low", "low decided", "hidden", "annex", "plain"} {
				refs = append(refs, w.cases[n].Reference)
			}
			cross(refs)
		case "id":
			switch {
			case strings.Contains(pattern, "/access/"):
				cross(numbers(w.grants))
			case strings.Contains(pattern, "emergencies"):
				cross(numbers(w.grants[:1]))
			case strings.Contains(pattern, "events"):
				cross(numbers(w.events))
			case ref != "":
				var ids []int64
				for _, n := range []string{"deep", "low", "annex"} {
					ids = append(ids, w.cases[n].docs...)
				}
				cross(numbers([]int64{ids[1], ids[2], ids[4]})) // of the body and of the requester, of each class
				continue
			default:
				cross([]string{"1", "9"})
			}
		case "slug":
			cross([]string{"dinas", "tidak-ada"})
		case "step":
			cross([]string{"subject", "text", "tidak-ada"})
		case "token":
			cross([]string{"abc"})
		case "n", "page":
			cross([]string{"1"})
		case "*":
			if strings.Contains(pattern, "tile") {
				cross([]string{"0/000.p/5", "entries/000.p/5", "1/000"})
			} else {
				cross([]string{"css/terang.css", "x"})
			}
		default:
			w.t.Fatalf("%s: the walk does not know what %q stands for; teach it", pattern, part)
		}
	}
	return out
}

func numbers(ids []int64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10)
	}
	return out
}

// queries are what may stand behind a path.
func (w *walk) queries(pattern string) []string {
	out := []string{""}
	switch {
	case strings.HasPrefix(pattern, "/static"), strings.HasPrefix(pattern, "/log/tile"), strings.Contains(pattern, "openapi"):
		return out
	case strings.Contains(pattern, "export"):
		return []string{"?format=csv", "?format=jsonl", "?format=xlsx", "?format=bundle", "?format=csv&kind=case.answered", "?format=x"}
	case strings.Contains(pattern, "events") && !strings.Contains(pattern, ":"):
		return []string{"", "?limit=100", "?reference=" + w.cases["deep"].Reference, "?reference=" + w.cases["low"].Reference, "?kind=case.filed&role=officer", "?from=2026-01-01&to=2026-12-31&desc=1"}
	case strings.Contains(pattern, "statistics"):
		return []string{"", "?from=2026-01-01&to=2026-12-31", "?year=2026"}
	case strings.HasSuffix(pattern, "/classify"), strings.HasSuffix(pattern, "/escalation"), strings.HasSuffix(pattern, "/decision"):
		return []string{"", "?document=" + strconv.FormatInt(w.cases["annex"].docs[0], 10), "?action=raise", "?outcome=refused"}
	case strings.Contains(pattern, ":"):
		return out
	case pattern == "/sign-in":
		return []string{"", "?next=/desk/cases/" + w.cases["deep"].Reference}
	}
	return append(out, "?q="+bait, "?q="+bait+"&queue=all&tab=all&sort=newest", "?queue=open&class=confidential", "?queue=unit&class=restricted&limit=100", "?queue=all&limit=100",
		"?q="+w.cases["deep"].Reference, "?reference="+w.cases["low"].Reference+"&after=0&cursor=x", "?from=2026-01-01&to=2026-12-31&body=dinas&email=agent@dinas.test")
}

// rounds sends everybody through every route of a method.
func (w *walk) rounds(routes []fiber.Route, method string) {
	for _, who := range w.people {
		// Sending costs most, and between the clearances, or far away, the roles differ least.
		if (method == "POST" || raced) && (strings.Contains(who.name, ".restricted@") || strings.Contains(who.name, ".jauh@") && who.actor.Role != models.InfoOfficer) {
			continue
		}
		w.arrive(who)
		seen := map[string]bool{}
		for _, r := range routes {
			if r.Method != method || seen[r.Path] {
				continue
			}
			seen[r.Path] = true
			isAPI := strings.HasPrefix(r.Path, "/api/")
			if isAPI && who.email != "" && who.token == "" || !isAPI && who.cookie == nil {
				continue
			}
			if method == "POST" {
				w.send(who, r.Path)
				continue
			}
			for _, q := range w.queries(r.Path) {
				absent := map[string]answer{}
				for _, path := range w.fill(r.Path) {
					a := w.get(who, path+q)
					w.look(who, "GET "+r.Path, path+q, a)
					if !strings.Contains(r.Path, ":ref") {
						continue
					}
					rest := reference.ReplaceAllString(path, "")
					if none, ok := absent[rest]; ok {
						w.compare(who, r.Path, path, none, a)
					} else {
						absent[rest] = a
					}
				}
			}
		}
	}
}

// get asks once more, later, where somebody has asked too often.
func (w *walk) get(who *person, target string) answer {
	w.t.Helper()
	a := w.do(who, "GET", target, nil, "")
	if a.status == http.StatusTooManyRequests {
		w.Pass(20 * time.Minute)
		w.arrive(who)
		a = w.do(who, "GET", target, nil, "")
	}
	return a
}

// compare holds that a case one may not know of is answered like one that does not exist.
func (w *walk) compare(who *person, pattern, path string, absent, a answer) {
	for _, name := range []string{"deep", "deep decided", "low", "low decided"} {
		p := w.cases[name]
		if !strings.Contains(path, p.Reference) || w.seesCase(who, p) {
			continue
		}
		got, none := plain(a.body)+plain([]byte(a.header.Get("Location"))), plain(absent.body)+plain([]byte(absent.header.Get("Location")))
		if a.status != absent.status || got != none {
			i := 0
			for i < min(len(got), len(none)) && got[i] == none[i] {
				i++
			}
			w.report("GET "+pattern+" tells a case from none", "%s as %s: %d instead of %d\n…%s\n…%s", path, who.name, a.status, absent.status,
				got[max(0, i-60):min(len(got), i+120)], none[max(0, i-60):min(len(none), i+120)])
		}
	}
}

var (
	reference = regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{2}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}`)
	changing  = regexp.MustCompile(`value="[^"]{20,}"|[0-9]{1,2}[.:][0-9]{2}|[0-9a-f]{16,}`)
)

// plain leaves out of an answer what is another each time.
func plain(b []byte) string {
	return string(changing.ReplaceAll(reference.ReplaceAll(b, nil), nil))
}

// send posts nonsense, then what would be right, to a route.
func (w *walk) send(who *person, pattern string) {
	kinds := []string{"form"}
	switch {
	case strings.HasPrefix(pattern, "/api/"):
		kinds = []string{"json"}
	case strings.Contains(pattern, "attachments"), strings.Contains(pattern, "redaction"), pattern == "/desk/record":
		kinds = []string{"file"}
	}
	took := map[*planted]bool{}
	for i, path := range w.fill(pattern) {
		var p *planted
		for _, c := range w.cases {
			if strings.Contains(path, "/"+c.Reference) {
				p = c
			}
		}
		// One classified case of each class and one of none tell as much as all of them.
		if strings.Contains(pattern, ":ref") && p != w.cases["deep"] && p != w.cases["low decided"] && i != 0 {
			continue
		}
		if strings.Contains(pattern, ":ref") && took[p] { // one document of each
			continue
		}
		took[p] = true
		for _, kind := range kinds {
			for _, form := range []url.Values{{"version": {"x"}, "reference": {"?"}, "email": {"x"}}, w.right(pattern, p)} {
				if !strings.HasPrefix(pattern, "/api/") && who.email != "" && (who.cookie["terang_session"] == "" || strings.HasPrefix(pattern, "/account") || strings.HasPrefix(pattern, "/sign")) {
					w.arrive(who)
				}
				if who.csrf == "" {
					w.do(who, "GET", "/track", nil, "")
				}
				a := w.do(who, "POST", path, form, kind)
				w.look(who, "POST "+pattern, path, a)
				if to := a.header.Get("Location"); a.status == http.StatusSeeOther && strings.HasPrefix(to, "/") {
					w.look(who, "POST "+pattern+", then", to, w.do(who, "GET", to, nil, ""))
				}
			}
		}
	}
}

// right is a form that a route could take, as far as one form fits all.
func (w *walk) right(pattern string, p *planted) url.Values {
	form := url.Values{}
	set := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	set("text", "Tentang "+bait, "reason", "Alasan yang cukup panjang untuk dibaca.", "message", "Pesan", "note", "Sudah dilihat", "note-"+strconv.FormatInt(w.grants[0], 10), "Sudah dilihat",
		"subject", bait, "title", bait, "summary", bait, "name", "Orang Biasa", "email", "siapa@contoh.id", "officer", "officer@dinas.test", "unit", "keuangan",
		"outcome", "granted", "exemption", "a", "until", "2026-06-30", "action", "raise", "ground", "a", "kind", "complaint", "body", "dinas",
		"reference", w.cases["deep decided"].Reference, "key", "salah", "from", "siapa@dinas.test", "to", "officer@dinas.test", "delivery", "electronic", "anonymity", "open",
		"received", "2026-01-07", "channel", "letter", "declaration", "1", "similar", "1")
	if p != nil {
		c := must[*models.Case](w.t)(w.Store.Read(w.Ctx).CaseByID(p.ID))
		set("version", strconv.FormatInt(c.Version, 10), "classification", string(c.Classification), "exemption", c.Exemption)
	}
	if strings.HasPrefix(pattern, "/api/") {
		switch {
		case strings.HasSuffix(pattern, "/assignment"):
			return only(form, "version", "unit")
		case strings.HasSuffix(pattern, "/classification"):
			return only(form, "version", "classification", "exemption", "reason")
		case strings.HasSuffix(pattern, "/escalation"):
			return only(form, "version", "action", "reason")
		case strings.HasSuffix(pattern, "/decision"):
			return only(form, "version", "outcome", "text")
		case strings.HasSuffix(pattern, "/publication"):
			return only(form, "version", "summary")
		case strings.HasSuffix(pattern, "/extension"), strings.HasSuffix(pattern, "/closure"):
			return only(form, "version", "reason")
		case pattern == "/api/v1/cases":
			return only(form, "kind", "body", "subject", "text")
		}
		return only(form, "version", "text")
	}
	return form
}

func only(form url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if form.Get(n) != "" {
			out.Set(n, form.Get(n))
		}
	}
	return out
}

// --- looking

// look fails on a secret that the rule keeps from whoever got the answer.
func (w *walk) look(who *person, route, target string, a answer) {
	if a.status >= 500 {
		w.report(route+" fails", "%s as %s: %d %s", target, who.name, a.status, a.body)
	}
	all := w.whole(route, a)
	asked := strings.ToLower(target)
	for _, s := range w.secrets {
		if !strings.Contains(all, s.word) {
			continue
		}
		if s.sees(who) {
			s.seen++
			continue
		}
		// Who names a reference is told it back; that it tells nothing else is compared.
		if strings.Contains(asked, s.word) && reference.MatchString(strings.ToUpper(s.word)) || strings.Contains(route, "POST /desk/emergency") || strings.HasPrefix(route, "POST /track") {
			continue
		}
		i := strings.Index(all, s.word)
		w.report(route+" shows "+s.word, "%s as %s (%d): …%s…", target, who.name, a.status, all[max(0, i-120):min(len(all), i+120)])
	}
}

func (w *walk) report(what, format string, args ...any) {
	w.t.Helper()
	if !w.told[what] {
		w.told[what] = true
		w.t.Errorf("%s: "+format, append([]any{what}, args...)...)
	}
}

// whole is everything of an answer, in lower case: headers, body, and what is packed in it.
func (w *walk) whole(route string, a answer) string {
	var b strings.Builder
	for k, v := range a.header {
		if k != "Set-Cookie" { // sealed; its plain parts are the path, which was asked for
			fmt.Fprintf(&b, "%s: %s\n", k, strings.Join(v, ", "))
		}
	}
	b.WriteString(strings.NewReplacer("%2F", "/", "%20", " ").Replace(html.UnescapeString(string(a.body))))
	if bytes.HasPrefix(a.body, []byte("PK\x03\x04")) {
		z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
		if err != nil {
			w.t.Fatalf("%s: an archive that cannot be read: %v", route, err)
		}
		for _, f := range z.File {
			b.WriteString("\n" + f.Name + "\n")
			r, err := f.Open()
			if err == nil {
				_, err = io.Copy(&b, r)
			}
			if err != nil {
				w.t.Fatalf("%s: %s: %v", route, f.Name, err)
			}
		}
	}
	return strings.ToLower(b.String())
}

// mailbox looks through what waits to be sent: to requesters of their own case by its reference,
// to nobody with a word of what is said in it.
func (w *walk) mailbox() {
	due, err := w.Store.Read(w.Ctx).DueOutgoing(w.Now().Add(time.Hour), 10_000)
	if err != nil || len(due) < 5 {
		w.t.Fatalf("%d letters wait: %v", len(due), err)
	}
	letters := 0
	for _, o := range due {
		own := map[int64]string{}
		for _, p := range w.cases {
			own[p.ID] = strings.ToLower(p.Reference)
		}
		for _, s := range w.secrets {
			isRef := reference.MatchString(strings.ToUpper(s.word))
			if isRef && o.CaseID != nil && own[*o.CaseID] == s.word {
				continue // of the case itself: to whom is looked at below
			}
			if strings.Contains(strings.ToLower(o.Data), s.word) {
				w.t.Errorf("letter %q to %s holds %q", o.Kind, o.To, s.word)
			}
		}
		if o.CaseID == nil {
			continue
		}
		letters++
		c := must[*models.Case](w.t)(w.Store.Read(w.Ctx).CaseByID(*o.CaseID))
		q := must[*models.Requester](w.t)(w.Store.Read(w.Ctx).Requester(*c.RequesterID))
		if o.To != q.Email {
			w.t.Errorf("letter %q of %s goes to %s", o.Kind, c.Reference, o.To)
		}
	}
	if letters == 0 {
		w.t.Error("no letter of a case to look at")
	}
}

// serverLog looks at what the operator's log says: neither what is said in a case, nor which.
func (w *walk) serverLog() {
	all := strings.ToLower(w.log.b.String())
	if strings.Count(all, "\n") < 1000 {
		w.t.Error("the log says too little to look at")
	}
	for _, s := range w.secrets {
		if i := strings.Index(all, s.word); i >= 0 {
			w.t.Errorf("the log holds %q: …%s…", s.word, all[max(0, i-200):min(len(all), i+100)])
		}
	}
}
