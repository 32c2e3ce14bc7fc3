package api_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"terang/models/casework/caseworktest"
)

// TestRefusals: every row is a request that must not succeed, with its status and code.
// Afterwards nothing has been stored.
func TestRefusals(t *testing.T) {
	s := serve(t)
	c, _, key := s.Given(caseworktest.Request())
	other, _, otherKey := s.Given(caseworktest.Request())
	mine, desk := "/api/v1/cases/"+c.Reference, "/api/v1/desk/cases/"+c.Reference
	agent, ppid, auditor := s.token("agent"), s.token("officer"), s.token("auditor")
	caseKey := "Case-Key " + key
	without := func(field string) map[string]any { m := filing(); delete(m, field); return m }
	from := func(k string, v any) map[string]any {
		m := filing()
		m["requester"].(map[string]any)[k] = v
		return m
	}
	attach := func(name, content string) map[string]any {
		return with(filing(), "attachments", []any{map[string]any{"name": name, "content": content}})
	}
	exe := base64.StdEncoding.EncodeToString([]byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + strings.Repeat("\x00", 64)))
	rows := []struct {
		name   string
		call   call
		status int
		code   string
	}{
		{"malformed JSON", call{"POST", "/api/v1/cases", `{"kind":`, "", nil}, 400, "malformed_json"},
		{"no body", call{"POST", "/api/v1/cases", "", "", nil}, 400, "body_required"},
		{"two documents", call{"POST", "/api/v1/cases", `{} {}`, "", nil}, 400, "malformed_json"},
		{"invalid UTF-8", call{"POST", "/api/v1/cases", "{\"text\":\"a\xff\"}", "", nil}, 400, "not_utf8"},
		{"NUL", call{"POST", "/api/v1/cases", `{"text":"a\u0000"}`, "", nil}, 400, "control_character"},
		{"half a surrogate pair", call{"POST", "/api/v1/cases", `{"text":"a\ud800b"}`, "", nil}, 400, "control_character"},
		{"raw control character", call{"POST", "/api/v1/cases", "{\"text\":\"a\x01\"}", "", nil}, 400, "malformed_json"},
		{"a list", call{"POST", "/api/v1/cases", `[]`, "", nil}, 422, ""},
		{"form", call{"POST", "/api/v1/cases", `a=b`, "", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "unsupported_media_type"},
		{"unknown field", call{"POST", "/api/v1/cases", with(filing(), "colour", "red"), "", nil}, 422, "colour:unknown_field"},
		{"a field twice", call{"POST", "/api/v1/cases", `{"kind":"request","body":"dinas","kind":"complaint"}`, "", nil}, 400, "malformed_json"},
		{"a field twice, once in disguise", call{"POST", "/api/v1/cases", `{"requester":{"kind":"group","a\"b":["kind","kind"],"k\u0069nd":"group"}}`, "", nil}, 400, "malformed_json"},
		{"a field spelt otherwise", call{"POST", "/api/v1/cases", with(filing(), "Subject", "Lain"), "", nil}, 422, "Subject:unknown_field"},
		{"a field that is ours", call{"POST", "/api/v1/cases", with(filing(), "classification", "public"), "", nil}, 422, "classification:unknown_field"},
		{"an officer's field that is ours", call{"POST", desk + "/notes", map[string]any{"version": c.Version, "text": "x", "actor": "superior"}, agent, nil}, 422, "actor:unknown_field"},
		{"unknown field within", call{"POST", "/api/v1/cases", from("age", 3), "", nil}, 422, "age:unknown_field"},
		{"wrong type", call{"POST", "/api/v1/cases", with(filing(), "text", 3), "", nil}, 422, "text:wrong_type"},
		{"unknown kind", call{"POST", "/api/v1/cases", with(filing(), "kind", "wish"), "", nil}, 422, "kind:not_a_choice"},
		{"objection as a filing", call{"POST", "/api/v1/cases", with(filing(), "kind", "objection"), "", nil}, 422, "kind:not_a_choice"},
		{"unknown delivery", call{"POST", "/api/v1/cases", with(filing(), "delivery", "pigeon"), "", nil}, 422, "delivery:not_a_choice"},
		{"unknown body", call{"POST", "/api/v1/cases", with(filing(), "body", "nowhere"), "", nil}, 422, "body:body_unknown"},
		{"no subject", call{"POST", "/api/v1/cases", without("subject"), "", nil}, 422, "subject:required"},
		{"no name", call{"POST", "/api/v1/cases", from("name", ""), "", nil}, 422, "name:required"},
		{"bad e-mail", call{"POST", "/api/v1/cases", from("email", "siti@"), "", nil}, 422, "email:not_an_email"},
		{"anonymous request", call{"POST", "/api/v1/cases", with(filing(), "anonymity", "anonymous"), "", nil}, 422, "anonymity:anonymity_not_allowed"},
		{"text too long", call{"POST", "/api/v1/cases", with(filing(), "text", strings.Repeat("é", 100_001)), "", nil}, 422, "text:too_long"},
		{"not base64", call{"POST", "/api/v1/cases", attach("a.txt", "%%%"), "", nil}, 422, "attachments[0].content:not_base64"},
		{"a program attached", call{"POST", "/api/v1/cases", attach("a.pdf", exe), "", nil}, 422, ""},
		{"a long retry key", call{"POST", "/api/v1/cases", filing(), "", map[string]string{"Idempotency-Key": strings.Repeat("k", 201)}}, 422, ""},

		{"no key", call{"GET", mine, nil, "", nil}, 404, "case_not_found"},
		{"wrong key", call{"GET", mine, nil, "Case-Key 22222-22222-22222-22222", nil}, 404, "reference_or_key_wrong"},
		{"other case's key", call{"GET", mine, nil, "Case-Key " + otherKey, nil}, 404, "reference_or_key_wrong"},
		{"key as bearer", call{"GET", mine, nil, "Bearer " + key, nil}, 404, "case_not_found"},
		{"officer's token on a requester's route", call{"GET", mine, nil, ppid, nil}, 404, "case_not_found"},
		{"forged reference", call{"GET", "/api/v1/cases/T7-K4M9-XQ2R", nil, caseKey, nil}, 404, "reference_or_key_wrong"},
		{"no reference at all", call{"GET", "/api/v1/cases/hello", nil, caseKey, nil}, 404, ""},
		{"receipt without key", call{"GET", mine + "/receipt", nil, "", nil}, 404, "case_not_found"},
		{"empty message", call{"POST", mine + "/messages", map[string]any{"text": " "}, caseKey, nil}, 422, "text:required"},
		{"objection too early", call{"POST", mine + "/objections", map[string]any{"ground": "c", "text": "x"}, caseKey, nil}, 409, "objection_too_early"},
		{"attachment of another case", call{"GET", mine + "/attachments/999", nil, caseKey, nil}, 404, "attachment_not_found"},

		{"desk without token", call{"GET", "/api/v1/desk/cases", nil, "", nil}, 401, "token_required"},
		{"desk with a case key", call{"GET", desk, nil, caseKey, nil}, 401, "token_required"},
		{"desk with a wrong token", call{"GET", desk, nil, "Bearer nope", nil}, 401, "token_not_valid"},
		{"unknown queue", call{"GET", "/api/v1/desk/cases?queue=theirs", nil, agent, nil}, 422, "queue:not_a_choice"},
		{"limit over 100", call{"GET", "/api/v1/desk/cases?limit=101", nil, agent, nil}, 422, "limit:out_of_range"},
		{"limit 0", call{"GET", "/api/v1/bodies?limit=0", nil, "", nil}, 422, "limit:out_of_range"},
		{"limit not a number", call{"GET", "/api/v1/bodies?limit=many", nil, "", nil}, 422, ""},
		{"bad cursor", call{"GET", "/api/v1/bodies?cursor=-!", nil, "", nil}, 422, "cursor:bad_cursor"},
		{"no version", call{"POST", desk + "/notes", map[string]any{"text": "x"}, agent, nil}, 422, "version:required"},
		{"stale version", call{"POST", desk + "/notes", map[string]any{"version": c.Version + 1, "text": "x"}, agent, nil}, 409, "stale"},
		{"unknown class", call{"POST", desk + "/classification", map[string]any{"version": c.Version, "classification": "secret"}, ppid, nil}, 422, "classification:not_a_choice"},
		{"class without ground", call{"POST", desk + "/classification", map[string]any{"version": c.Version, "classification": "restricted", "reason": "x"}, ppid, nil}, 422, "exemption:required"},
		{"unknown officer", call{"POST", desk + "/assignment", map[string]any{"version": c.Version, "officer": "who@x.test"}, ppid, nil}, 422, "officer:officer_unknown"},
		{"nobody to assign to", call{"POST", desk + "/assignment", map[string]any{"version": c.Version}, ppid, nil}, 422, "officer:officer_or_unit_required"},
		{"refusal without grounds", call{"POST", desk + "/decision", map[string]any{"version": c.Version, "outcome": "refused", "text": "Tidak."}, ppid, nil}, 422, "exemptions:required"},
		{"decision by an agent", call{"POST", desk + "/decision", map[string]any{"version": c.Version, "outcome": "granted", "text": "Ya."}, agent, nil}, 403, ""},
		{"publishing what is not decided", call{"POST", desk + "/publication", map[string]any{"version": c.Version, "summary": "x"}, ppid, nil}, 409, ""},
		{"escalation: unknown action", call{"POST", desk + "/escalation", map[string]any{"version": c.Version, "action": "jump"}, ppid, nil}, 422, "action:not_a_choice"},
		{"auditor acts", call{"POST", desk + "/notes", map[string]any{"version": c.Version, "text": "x"}, auditor, nil}, 403, ""},

		{"trail without token", call{"GET", "/api/v1/audit/events", nil, "", nil}, 401, "token_required"},
		{"trail for an agent", call{"GET", "/api/v1/audit/events", nil, agent, nil}, 403, ""},
		{"trail with a misspelt filter", call{"GET", "/api/v1/audit/events?fro=2026-01-01", nil, auditor, nil}, 422, "fro:unknown_field"},
		{"trail with a wrong date", call{"GET", "/api/v1/audit/events?from=31-12-2026", nil, auditor, nil}, 422, "from:not_a_date"},
		{"export for an agent", call{"GET", "/api/v1/audit/export?format=csv", nil, agent, nil}, 403, ""},
		{"export in no format", call{"GET", "/api/v1/audit/export", nil, auditor, nil}, 422, "format:required"},
		{"export as a song", call{"GET", "/api/v1/audit/export?format=mp3", nil, auditor, nil}, 422, "format:not_a_choice"},

		{"NUL in the address", call{"GET", "/api/v1/disclosures?q=a%00b", nil, "", nil}, 422, ""},
		{"invalid UTF-8 in the address", call{"GET", "/api/v1/disclosures?q=a%ffb", nil, "", nil}, 422, ""},
		{"unknown address", call{"GET", "/api/v1/wishes", nil, "", nil}, 404, "not_found"},
		{"unknown body's disclosures", call{"GET", "/api/v1/disclosures?body=nowhere", nil, "", nil}, 404, "body_not_found"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			row := *s
			row.t = t
			a := row.want(row.do(r.call), r.status, r.code)
			if strings.Contains(a.raw, "goroutine") || strings.Contains(a.raw, "SQL") {
				t.Errorf("tells of the inside: %s", a.raw)
			}
			if a.header.Get("Set-Cookie") != "" {
				t.Error("the API sets a cookie")
			}
		})
	}
	p, err := s.Queue(s.Ctx, s.As("officer"), queueAll)
	if err != nil || len(p.Rows) != 2 || p.Rows[0].Version+p.Rows[1].Version != c.Version+other.Version {
		t.Errorf("something was stored: %+v %v", p.Rows, err)
	}
}

// TestTooLarge: a file above the limit is refused with 413 and nothing is kept.
func TestTooLarge(t *testing.T) {
	s := serve(t)
	c, _, key := s.Given(caseworktest.Request())
	a := s.do(call{"POST", "/api/v1/cases/" + c.Reference + "/attachments?name=besar.txt", []byte(strings.Repeat("a", 25<<20+1)), "Case-Key " + key,
		map[string]string{"Content-Type": "application/octet-stream"}})
	s.want(a, http.StatusRequestEntityTooLarge, "file_too_large")
}

// TestConfidentialStaysShut: a confidential case with a marker is told nobody without
// clearance, on any route.
func TestConfidentialStaysShut(t *testing.T) {
	s := serve(t)
	const marker = "Zulkarnaen"
	in := caseworktest.Request()
	in.Subject, in.Text = "Rekam medis pasien "+marker, "Mohon rekam medis dan diagnosis HIV pasien bernama "+marker+" di rumah sakit."
	c, _, _ := s.Given(in)
	if c.Classification != "confidential" {
		t.Fatalf("the rules say %s", c.Classification)
	}
	s.AddPlain("plain@dinas.test", "agent", "dinas", "public")
	plain := s.token("plain")
	for _, path := range []string{
		"/api/v1/desk/cases?queue=all", "/api/v1/desk/cases?queue=all&q=" + marker, "/api/v1/desk/cases?queue=all&q=" + c.Reference,
		"/api/v1/desk/cases?queue=overdue", "/api/v1/desk/cases/" + c.Reference, "/api/v1/disclosures?q=" + marker, "/api/v1/cases/" + c.Reference,
	} {
		for _, auth := range []string{"", plain} {
			a := s.do(call{"GET", path, nil, auth, nil})
			if strings.Contains(a.raw, marker) || strings.Contains(a.raw, c.Reference) {
				t.Errorf("%s with %q tells of it: %s", path, auth, a.raw)
			}
		}
	}
	if a := s.do(call{"POST", "/api/v1/desk/cases/" + c.Reference + "/notes", map[string]any{"version": c.Version, "text": "x"}, plain, nil}); a.status != 404 {
		t.Errorf("a verb confirms it: %d %s", a.status, a.raw)
	}
}
