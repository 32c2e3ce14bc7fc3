package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// site is the whole site on a temporary database behind a real socket, and its own
// OpenAPI document, against which every answer is checked.
type site struct {
	*caseworktest.Scene
	t    *testing.T
	base string
	spec *jsonschema.Compiler
	doc  map[string]any
	seen map[string]bool // operations that answered with success
}

const specURL = "https://terang.test/openapi.json"

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t, seen: map[string]bool{}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + ln.Addr().String()
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: s.base,
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.DiscardHandler), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	res, err := http.Get(s.base + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	parsed, err := jsonschema.UnmarshalJSON(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.doc = parsed.(map[string]any)
	s.spec = jsonschema.NewCompiler()
	if err := s.spec.AddResource(specURL, parsed); err != nil {
		t.Fatal(err)
	}
	return s
}

// call is one request; answer is what came back, already checked against the document.
type call struct {
	method, path string
	body         any // string and []byte are sent as they are
	auth         string
	header       map[string]string
}

type answer struct {
	status int
	raw    string
	header http.Header
	json   map[string]any
}

func (a answer) str(path ...string) string {
	var v any = a.json
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[p]
	}
	s, _ := v.(string)
	return s
}

func (a answer) version() int64 { v, _ := a.json["version"].(float64); return int64(v) }

// code of field f, or of the whole problem when f is "".
func (a answer) code(f string) string {
	if f == "" {
		return a.str("code")
	}
	fields, _ := a.json["fields"].([]any)
	for _, x := range fields {
		if m := x.(map[string]any); m["field"] == f {
			return m["code"].(string)
		}
	}
	return ""
}

func (s *site) do(c call) answer {
	s.t.Helper()
	var body io.Reader
	switch b := c.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(c.method, s.base+c.path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.auth != "" {
		req.Header.Set("Authorization", c.auth)
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, raw: string(raw), header: res.Header}
	if strings.Contains(res.Header.Get("Content-Type"), "json") && !strings.Contains(res.Header.Get("Content-Type"), "jsonl") {
		if err := json.Unmarshal(raw, &a.json); err != nil {
			s.t.Fatalf("%s %s: %v in %s", c.method, c.path, err, raw)
		}
	}
	s.check(c, a)
	return a
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// operation finds the document's entry for a request.
func (s *site) operation(c call) (map[string]any, string) {
	path, _, _ := strings.Cut(c.path, "?")
	for pattern, item := range s.doc["paths"].(map[string]any) {
		if regexp.MustCompile("^" + parameter.ReplaceAllString(pattern, "[^/]+") + "$").MatchString(path) {
			if op, ok := item.(map[string]any)[strings.ToLower(c.method)].(map[string]any); ok {
				return op, pattern
			}
		}
	}
	return nil, ""
}

// check validates an answer against the served document: the operation must be there, the
// status foreseen, the body as its schema says.
func (s *site) check(c call, a answer) {
	s.t.Helper()
	op, pattern := s.operation(c)
	if op == nil {
		if a.status < 400 {
			s.t.Errorf("%s %s answered %d and is not in the document", c.method, c.path, a.status)
		}
		return
	}
	if a.status < 400 {
		s.seen[c.method+" "+pattern] = true
	}
	status := http.StatusText(a.status)
	key := jsonPointerEscape(pattern)
	where := ""
	responses := op["responses"].(map[string]any)
	name := itoa(a.status)
	if _, ok := responses[name]; !ok {
		if name = "default"; a.status < 400 || responses[name] == nil {
			s.t.Errorf("%s %s answered %d %s, which the document does not foresee", c.method, c.path, a.status, status)
			return
		}
	}
	content, _ := responses[name].(map[string]any)["content"].(map[string]any)
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if a.status >= 400 && kind != "application/problem+json" {
		s.t.Errorf("%s %s answered %d as %q", c.method, c.path, a.status, kind)
	}
	if a.json == nil {
		return
	}
	if _, ok := content[kind]; !ok {
		s.t.Errorf("%s %s answered as %q, which the document does not foresee", c.method, c.path, kind)
		return
	}
	where = specURL + "#/paths/" + key + "/" + strings.ToLower(c.method) + "/responses/" + name + "/content/" + jsonPointerEscape(kind) + "/schema"
	schema, err := s.spec.Compile(where)
	if err != nil {
		s.t.Fatalf("%s: %v", where, err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.raw))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		s.t.Errorf("%s %s answered %d against its document: %v\n%s", c.method, c.path, a.status, err, a.raw)
	}
}

func jsonPointerEscape(s string) string {
	s = strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
	return strings.NewReplacer("{", "%7B", "}", "%7D", "+", "%2B").Replace(s)
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// want fails unless the answer has the status and, when given, the code (of the problem, or
// as field:code).
func (s *site) want(a answer, status int, code string) answer {
	s.t.Helper()
	field, c, ok := strings.Cut(code, ":")
	if !ok {
		field, c = "", code
	}
	if a.status != status || code != "" && a.code(field) != c {
		s.t.Errorf("got %d %s, want %d %s", a.status, a.raw, status, code)
	}
	return a
}

// token gives an officer's bearer header.
func (s *site) token(email string) string {
	s.t.Helper()
	token, _, err := s.IssueToken(s.Ctx, models.System, email+"@dinas.test", time.Hour)
	if err != nil {
		s.t.Fatal(err)
	}
	return "Bearer " + token
}

// filing is a body for POST /cases that is whole.
func filing() map[string]any {
	in := caseworktest.Request()
	return map[string]any{
		"kind": "request", "body": in.Body, "subject": in.Subject, "text": in.Text, "purpose": in.Purpose, "delivery": "electronic", "anonymity": "open",
		"requester": map[string]any{"kind": "individual", "name": in.Requester.Name, "email": in.Requester.Email, "identity_number": in.Requester.IdentityNumber, "address": in.Requester.Address},
	}
}

func with(m map[string]any, key string, value any) map[string]any {
	m[key] = value
	return m
}

var queueAll = casework.QueueInput{Queue: "all"}
