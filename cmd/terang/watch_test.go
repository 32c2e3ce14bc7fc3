package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"terang/handlers/channels"
	"terang/models"
	"terang/models/casework"
	"terang/models/store"
)

// watchedScene is an installation that serves under somebody's eyes.
type watchedScene struct {
	t    *testing.T
	app  *app
	base string
	log  *lockedBuffer
	http *http.Client
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func underWatch(t *testing.T, logs func(io.Writer) slog.Handler, change func(*watch)) *watchedScene {
	t.Helper()
	w := newWatch()
	w.addr = "127.0.0.1:0"
	if change != nil {
		change(w)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := serveOptions{settings: settings{Data: t.TempDir(), BaseURL: "http://" + ln.Addr().String(), Watch: w}}
	a, err := openServed(t.Context(), o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.cases.AddBody(t.Context(), models.System, casework.BodyInput{Slug: webBody, Name: "Dinas", Pack: "id", Units: []casework.UnitInput{{Slug: "umum", Name: "Umum"}}}); err != nil {
		t.Fatal(err)
	}
	s := &watchedScene{t: t, app: a, base: o.BaseURL, log: &lockedBuffer{}}
	log := slog.New(logs(s.log))
	site, err := a.site(o, log, nil)
	if err != nil {
		t.Fatal(err)
	}
	go site.Listener(ln)
	end, err := w.serve(t.Context(), a, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 77)}}
	s.http = &http.Client{Jar: jar, Transport: &http.Transport{DialContext: from.DialContext}}
	t.Cleanup(func() { site.ShutdownWithTimeout(time.Second); end(); a.store.Close() })
	return s
}

func plainLogs(w io.Writer) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
}

func jsonLogs(w io.Writer) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
}

func (s *watchedScene) get(path string) (int, string) {
	s.t.Helper()
	res, err := s.http.Get(s.base + path)
	return s.read(res, err)
}

func (s *watchedScene) read(res *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

var csrfField = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)

func (s *watchedScene) post(path string, form ...string) (int, string) {
	s.t.Helper()
	v := url.Values{}
	if _, page := s.get(path); csrfField.MatchString(page) {
		v.Set("_csrf", csrfField.FindStringSubmatch(page)[1])
	}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	return s.read(s.http.PostForm(s.base+path, v))
}

func (s *watchedScene) private(path string) (int, string) {
	s.t.Helper()
	return s.read(http.Get("http://" + s.app.Watch.listening.String() + path))
}

// markers are what must be in no log, metric or trace.
var markers = []string{"Zuraida", "markahsurel", "081299997777", "3273015509887777", "subjekmarkah", "teksmarkah", "carimarkah", "sandimarkah", "jalanmarkah", "alamatmarkah", "tujuanmarkah"}

// journey files a case as a citizen, follows it, searches, and does what people and machines
// do wrong. It gives the case's reference and key.
func (s *watchedScene) journey() (ref, key string) {
	s.t.Helper()
	s.post("/file/kind", "kind", "request")
	s.post("/file/body", "body", webBody)
	s.post("/file/subject", "subject", "subjekmarkah anggaran jalan")
	s.post("/file/text", "text", "teksmarkah: mohon salinan rincian anggaran jalan tahun 2025")
	s.post("/file/purpose", "purpose", "tujuanmarkah penelitian")
	s.post("/file/anonymity", "anonymity", "open")
	s.post("/file/requester", "requester_kind", "individual")
	s.post("/file/identity", "name", "Zuraida", "identity_number", "3273015509887777", "address", "jalanmarkah 7")
	s.post("/file/contact", "email", "markahsurel@warga.test", "phone", "081299997777")
	s.post("/file/delivery", "delivery", "electronic")
	s.get("/file/attachments")
	status, page := s.post("/file/check", "declaration", "yes")
	key = regexp.MustCompile(`[2-9B-DF-HJ-NP-TV-Z]{5}(-[2-9B-DF-HJ-NP-TV-Z]{5}){3}`).FindString(page)
	ref = regexp.MustCompile(`[2-9B-DF-HJ-NP-TV-Z]{2}-[2-9B-DF-HJ-NP-TV-Z]{4}-[2-9B-DF-HJ-NP-TV-Z]{4}`).FindString(page)
	if status != 200 || ref == "" || key == "" {
		s.t.Fatalf("not filed: %d %s", status, page)
	}
	s.get("/cases/" + ref)
	s.post("/cases/"+ref+"/message", "text", "teksmarkah lagi")
	s.post("/track", "reference", ref, "key", "carimarkah")
	s.post("/track", "reference", ref, "key", key)
	s.get("/disclosures?q=carimarkah")
	s.get("/suggest?q=carimarkah")
	s.get("/alamatmarkah/Zuraida")
	s.get("/welcome/sandimarkah")
	s.post("/sign-in", "email", "markahsurel@warga.test", "password", "sandimarkah")
	for _, body := range []string{`{"kind":"request","subject":"subjekmarkah"`, `{"kind":"request","body":"` + webBody + `","subject":"subjekmarkah","text":"teksmarkah","requester":{"email":"markahsurel"}}`, `{"Zuraida":1}`} {
		s.read(s.http.Post(s.base+"/api/v1/cases", "application/json", strings.NewReader(body)))
	}
	req, err := http.NewRequest("GET", s.base+"/api/v1/cases/"+ref, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Case-Key "+key)
	s.read(s.http.Do(req))
	req.Header.Set("Authorization", "Bearer sandimarkah")
	s.read(s.http.Do(req))
	return ref, key
}

func told(t *testing.T, where, text string, more ...string) {
	t.Helper()
	for _, m := range append(slices.Clone(markers), more...) {
		if i := strings.Index(strings.ToLower(text), strings.ToLower(m)); i >= 0 {
			t.Errorf("%s tells %q: …%s…", where, m, text[max(0, i-120):min(len(text), i+80)])
		}
	}
}

// TestLogsHoldNoPersonalData goes through the journeys, with everything logged that can be,
// in both forms, and once more with the database gone under it.
func TestLogsHoldNoPersonalData(t *testing.T) {
	for name, logs := range map[string]func(io.Writer) slog.Handler{"text": plainLogs, "json": jsonLogs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := underWatch(t, logs, nil)
			ref, key := s.journey()
			post := &channels.Post{Server: channels.Server{Host: "127.0.0.1", Port: 1, Plain: true}, From: mail.Address{Address: "ppid@dinas.test"}}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			s.app.posting(ctx, post, slog.New(logs(s.log)))
			if err := s.app.store.Close(); err != nil {
				t.Fatal(err)
			}
			s.get("/disclosures?q=carimarkah")
			s.read(s.http.PostForm(s.base+"/track", url.Values{"reference": {ref}, "key": {key}}))
			s.read(s.http.PostForm(s.base+"/sign-in", url.Values{"email": {"markahsurel@warga.test"}, "password": {"sandimarkah"}}))
			guarded(slog.New(logs(s.log)), "sequence", s.app.Watch.timed("sequence", func() error { return s.app.sequence(t.Context()) }))
			text := s.log.String()
			if !strings.Contains(text, "/file/:step") || !strings.Contains(text, "mail is not going out") || !strings.Contains(text, "request failed") || !strings.Contains(text, "background work failed") {
				t.Fatalf("the journey is not in the log:\n%s", text)
			}
			told(t, "the log", text, ref, key, "127.0.0.77")
			if name == "json" {
				for line := range strings.Lines(text) {
					var m map[string]any
					if err := json.Unmarshal([]byte(line), &m); err != nil {
						t.Fatalf("%s: %v", line, err)
					}
				}
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := underWatch(t, plainLogs, nil)
	ref, key := s.journey()
	status, text := s.private("/metrics")
	if status != 200 {
		t.Fatal(status)
	}
	for _, line := range []string{
		`terang_http_requests_total{method="POST",route="/file/:step",status="303"}`,
		`terang_http_requests_total{method="GET",route="none",status="404"}`,
		`terang_http_requests_total{method="POST",route="/track",status="404"} 1`,
		`terang_http_request_seconds_count{method="POST",route="/file/check"} 1`,
		`terang_db_statement_seconds_count{result="ok"}`, `terang_db_writer_transactions_total`, `terang_db_pool_open{pool="read"}`,
		`terang_cases_open{body="dinas-pu"} 1`, `terang_cases_overdue{body="dinas-pu"} 0`,
		`terang_outbox_waiting 1`, `terang_log_events_waiting `, `terang_ready{check="writing"} 1`, `terang_build_info{`, `go_goroutines`, `process_open_fds`,
		`terang_scan_waiting 0`, `terang_watch_failed 0`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is not among the figures", line)
		}
	}
	told(t, "a figure", text, ref, key)
	for _, public := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		if status, _ := s.get(public); status != 404 {
			t.Errorf("%s on the public address: %d", public, status)
		}
	}
	if status, _ := s.private("/debug/pprof/"); status != 404 {
		t.Errorf("profiles without --pprof: %d", status)
	}
}

func TestProfilesOnAsking(t *testing.T) {
	t.Parallel()
	s := underWatch(t, plainLogs, func(w *watch) { w.pprof = true })
	if status, text := s.private("/debug/pprof/goroutine?debug=1"); status != 200 || !strings.Contains(text, "goroutine") {
		t.Errorf("%d", status)
	}
	if status, _ := s.get("/debug/pprof/goroutine?debug=1"); status != 404 {
		t.Errorf("profiles on the public address: %d", status)
	}
}

// Each fault is seen by the probe, named on the private address, and not told to the public.
func TestReadyTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name, check, says string
		make              func(t *testing.T, a *app)
	}{
		{"nothing wrong", "", "", func(*testing.T, *app) {}},
		{"database gone", "database", "", func(t *testing.T, a *app) {
			if err := a.store.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{"schema newer", "database", "schema_too_new", func(t *testing.T, a *app) {
			tamper(t, a, "INSERT INTO schema_migrations SELECT 9999, 'from_the_future', applied_at FROM schema_migrations LIMIT 1")
		}},
		{"log's head without checkpoint", "database", "no checkpoint", func(t *testing.T, a *app) {
			if err := a.sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
			tamper(t, a, "DELETE FROM log_checkpoint")
		}},
		{"log far behind", "log", "wait for their place", func(t *testing.T, a *app) {
			late := casework.New(casework.Options{Store: a.store, Packs: a.packs, Files: a.files, Secret: a.secret, Now: func() time.Time { return time.Now().Add(-time.Hour) }})
			if err := a.sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := late.AddBody(t.Context(), models.System, casework.BodyInput{Slug: "lain", Name: "Lain", Pack: "id"}); err != nil {
				t.Fatal(err)
			}
		}},
		{"database read-only", "writing", "", func(t *testing.T, a *app) {
			tamper(t, a, "CREATE TRIGGER shut BEFORE INSERT ON throttles BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END")
		}},
		{"disk nearly full", "disk", "3 MiB free", func(_ *testing.T, a *app) {
			a.fit.free = func(string) (uint64, error) { return 3 << 20, nil }
		}},
		{"disk gone", "disk", "input/output", func(_ *testing.T, a *app) {
			a.fit.free = func(string) (uint64, error) { return 0, errors.New("input/output error") }
		}},
		{"files not writable", "files", "", func(t *testing.T, a *app) {
			dir := filepath.Join(a.Data, "files")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"sequencer dead", "sequence", "has not gone well", func(_ *testing.T, a *app) { a.Watch.pulses["sequence"] = time.Now().Add(-6 * time.Minute) }},
		{"sweep dead from the start", "sweep", "has not gone well", func(_ *testing.T, a *app) { a.Watch.started = time.Now().Add(-20 * time.Minute) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := underWatch(t, plainLogs, nil)
			s.app.Watch.mu.Lock()
			fault.make(t, s.app)
			s.app.Watch.mu.Unlock()
			status, public := s.get("/readyz")
			again, private := s.private("/readyz")
			if fault.check == "" {
				if status != 200 || public != "ok\n" || again != 200 || strings.Contains(private, "FAILED") {
					t.Errorf("%d %q, %d %q", status, public, again, private)
				}
				return
			}
			if status != 503 || public != "not ready\n" {
				t.Errorf("the public is told %d %q", status, public)
			}
			line := ""
			for l := range strings.Lines(private) {
				if strings.HasPrefix(l, fault.check+": FAILED") {
					line = l
				}
			}
			if again != 503 || line == "" || !strings.Contains(line, fault.says) {
				t.Errorf("%d: %q is not said of %s:\n%s", again, fault.says, fault.check, private)
			}
			if strings.Contains(s.log.String(), "level=WARN msg=\"not ready\"") != true {
				t.Errorf("the log says nothing of it")
			}
		})
	}
}

// tamper changes the database behind the program's back.
func tamper(t *testing.T, a *app, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(a.Data, databaseName)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestTraces(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	s := underWatch(t, plainLogs, func(w *watch) { w.tracer = tracerOn(trace.WithSyncer(spans), 1) })
	ref, key := s.journey()
	req, err := http.NewRequest("GET", s.base+"/how", nil)
	if err != nil {
		t.Fatal(err)
	}
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	req.Header.Set("traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	s.read(s.http.Do(req))

	var all strings.Builder
	names, byTrace := map[string]int{}, map[string][]string{}
	followed := false
	for _, span := range spans.GetSpans() {
		names[span.Name]++
		byTrace[span.SpanContext.TraceID().String()] = append(byTrace[span.SpanContext.TraceID().String()], span.Name)
		followed = followed || span.Name == "GET /how" && span.SpanContext.TraceID().String() == id && span.Parent.SpanID().String() == "00f067aa0ba902b7"
		all.WriteString(span.Name + " " + span.Status.Description + "\n")
		for _, a := range span.Attributes {
			all.WriteString(string(a.Key) + "=" + a.Value.String() + "\n")
		}
		for _, e := range span.Events {
			all.WriteString(e.Name + "\n")
		}
	}
	for _, want := range []string{"POST /file/check", "POST /file/:step", "GET none", "casework.FileDraft", "casework.SaveDraft", "casework.Unlock", "INSERT cases", "INSERT events", "SELECT drafts", "GET /suggest"} {
		if names[want] == 0 {
			t.Errorf("no span %q among %v", want, names)
		}
	}
	if !followed {
		t.Error("a traceparent from outside is not followed")
	}
	// A filing is one trace: the request, its verb, its statements.
	whole := false
	for _, in := range byTrace {
		whole = whole || slices.Contains(in, "POST /file/check") && slices.Contains(in, "casework.FileDraft") && slices.Contains(in, "INSERT cases")
	}
	if !whole {
		t.Error("a filing's spans are not one trace")
	}
	told(t, "a span", all.String(), ref, key, "127.0.0.77")
}

// A collector takes what is sent, and one that is away costs nothing but the traces.
func TestTracesGoOut(t *testing.T) {
	t.Parallel()
	got := make(chan string, 16)
	collector := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(b)
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go collector.Serve(ln)
	defer collector.Close()
	u := &url.URL{Scheme: "http", Host: ln.Addr().String()}
	tr, err := newTracer(t.Context(), u, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := underWatch(t, plainLogs, func(w *watch) { w.tracer = tr })
	s.get("/how")
	tr.stop(slog.New(plainLogs(s.log)))
	select {
	case sent := <-got:
		if !strings.HasPrefix(sent, "/v1/traces application/x-protobuf ") || !strings.Contains(sent, "GET /how") || !strings.Contains(sent, "terang") {
			t.Errorf("%q", sent)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing arrived")
	}
}

// Only few of the traces that others ask for are made where few are wanted.
func TestOthersDoNotDecideWhatIsTraced(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tr := tracerOn(trace.WithSyncer(spans), 0)
	_, end := tr.request(t.Context(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "GET")
	end("/", 200)
	if len(spans.GetSpans()) != 0 {
		t.Error("traced because a stranger said so")
	}
}

func TestStatementsAreShownWithoutValues(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tr := tracerOn(trace.WithSyncer(spans), 1)
	ctx, _ := tr.request(t.Context(), "", "GET")
	for text, want := range map[string]string{
		`SELECT "cases"."id" FROM cases WHERE reference = ?`: "SELECT cases", `INSERT INTO "events" (a) VALUES (?)`: "INSERT events",
		"UPDATE `drafts` SET a = ? WHERE id = ?": "UPDATE", "DELETE FROM drafts WHERE id = ?": "DELETE drafts", "SAVEPOINT job": "sql",
	} {
		spans.Reset()
		tr.statement(store.Statement{Ctx: ctx, SQL: func() string { return text }})
		if got := spans.GetSpans(); len(got) != 1 || !strings.HasPrefix(got[0].Name, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}
