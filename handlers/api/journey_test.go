package api_test

import (
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"terang/models/trail"
)

// TestJourney goes the whole way through the API: filing, tracking, the desk's verbs, a
// refusal, the objection, publication, the trail and its export.
func TestJourney(t *testing.T) {
	s := serve(t)
	f := s.want(s.do(call{"POST", "/api/v1/cases", with(filing(), "attachments", []any{map[string]any{"name": "surat.txt", "content": base64.StdEncoding.EncodeToString([]byte("Lampiran"))}}), "", nil}), 201, "")
	ref, key := f.str("reference"), "Case-Key "+f.str("key")
	if f.header.Get("Location") != "/api/v1/cases/"+ref || f.str("due_on") != "2026-01-22" || f.str("clock") != "answer" || f.str("state") != "registered" {
		t.Errorf("filed: %s", f.raw)
	}
	mine := "/api/v1/cases/" + ref
	got := s.want(s.do(call{"GET", mine, nil, key, nil}), 200, "")
	if got.str("subject") != "Anggaran jalan 2025" || len(got.json["attachments"].([]any)) != 1 || len(got.json["clocks"].([]any)) == 0 {
		t.Errorf("tracked: %s", got.raw)
	}
	doc := got.json["attachments"].([]any)[0].(map[string]any)
	if file := s.want(s.do(call{"GET", fmt.Sprintf("%s/attachments/%v", mine, doc["id"]), nil, key, nil}), 200, ""); file.raw != "Lampiran" {
		t.Errorf("attachment: %q", file.raw)
	}
	s.want(s.do(call{"POST", mine + "/attachments?name=foto.txt", []byte("dua"), key, map[string]string{"Content-Type": "application/octet-stream"}}), 201, "")
	if r := s.want(s.do(call{"GET", mine + "/receipt", nil, key, nil}), 200, ""); !strings.HasPrefix(r.raw, "c2sp.org/tlog-proof@v1") {
		t.Errorf("receipt: %q", r.raw)
	}
	s.want(s.do(call{"POST", mine + "/messages", map[string]any{"text": "Mohon cepat."}, key, nil}), 201, "")

	head, ppid, superior := s.token("unit_head"), s.token("officer"), s.token("superior")
	desk := "/api/v1/desk/cases/" + ref
	c := s.want(s.do(call{"GET", desk, nil, head, nil}), 200, "")
	verb := func(auth, path string, body map[string]any) answer {
		t.Helper()
		body["version"] = c.version()
		c = s.want(s.do(call{"POST", desk + path, body, auth, nil}), 200, "")
		return c
	}
	verb(head, "/assignment", map[string]any{"officer": "unit_head@dinas.test"})
	verb(head, "/classification", map[string]any{"classification": "restricted", "exemption": "h", "reason": "Memuat data pribadi."})
	verb(ppid, "/escalation", map[string]any{"action": "acknowledge"})
	verb(ppid, "/escalation", map[string]any{"action": "decide", "reason": "Sudah diperiksa."})
	verb(ppid, "/clarification", map[string]any{"text": "Tahun berapa?"})
	s.want(s.do(call{"POST", mine + "/messages", map[string]any{"text": "Tahun 2025."}, key, nil}), 201, "")
	c = s.do(call{"GET", desk, nil, head, nil})
	verb(ppid, "/extension", map[string]any{"reason": "Dokumen masih dicari."})
	verb(ppid, "/notes", map[string]any{"text": "Catatan dalam."})
	verb(ppid, "/messages", map[string]any{"text": "Sedang disiapkan."})
	verb(ppid, "/decision", map[string]any{
		"outcome": "refused", "text": "Ditolak.", "exemptions": []string{"h"},
		"consequence_test": map[string]any{"information": "Data pribadi", "legal_basis": "UU 14/2008 art. 17 h", "if_opened": "Terbuka", "consequence_closed": "Terlindungi", "duration": "Selama perlu"},
	})
	o := s.want(s.do(call{"POST", mine + "/objections", map[string]any{"ground": "a", "text": "Saya keberatan."}, key, nil}), 201, "")
	objection := "/api/v1/desk/cases/" + o.str("reference")
	oc := s.want(s.do(call{"GET", objection, nil, superior, nil}), 200, "")
	s.want(s.do(call{"POST", objection + "/decision", map[string]any{"version": oc.version(), "outcome": "granted", "text": "Dikabulkan."}, superior, nil}), 200, "")
	c = s.do(call{"GET", desk, nil, ppid, nil})
	verb(ppid, "/classification", map[string]any{"classification": "public", "reason": "Hanya angka."})
	verb(ppid, "/decision", map[string]any{"outcome": "granted", "text": "Terlampir."})
	verb(ppid, "/publication", map[string]any{"summary": "Anggaran jalan diberikan."})
	verb(ppid, "/closure", map[string]any{"reason": "Selesai."})

	open := s.want(s.do(call{"GET", mine, nil, "", nil}), 200, "")
	if open.str("answer") != "Terlampir." || strings.Contains(open.raw, "Siti") || strings.Contains(open.raw, "Saya meminta") {
		t.Errorf("published: %s", open.raw)
	}
	list := s.want(s.do(call{"GET", "/api/v1/disclosures?q=anggaran&body=dinas", nil, "", nil}), 200, "")
	if len(list.json["items"].([]any)) != 1 {
		t.Errorf("disclosures: %s", list.raw)
	}

	second := s.want(s.do(call{"POST", "/api/v1/cases", filing(), "", nil}), 201, "")
	s.want(s.do(call{"POST", "/api/v1/cases/" + second.str("reference") + "/withdrawal", map[string]any{"reason": "Sudah ada."}, "Case-Key " + second.str("key"), nil}), 200, "")

	auditor := s.token("auditor")
	s.Sequence(s.Ctx)
	var n int
	for cursor := ""; ; {
		page := s.want(s.do(call{"GET", "/api/v1/audit/events?limit=10&cursor=" + cursor, nil, auditor, nil}), 200, "")
		n += len(page.json["items"].([]any))
		if cursor = page.str("next"); cursor == "" {
			break
		}
	}
	out := s.want(s.do(call{"GET", "/api/v1/audit/export?format=csv", nil, auditor, nil}), 200, "")
	rows, err := csv.NewReader(strings.NewReader(out.raw)).ReadAll()
	if err != nil || rows[0][0] != "index" || len(rows) < n {
		t.Errorf("export: %d rows for %d events, %v", len(rows), n, err)
	}
	s.want(s.do(call{"GET", "/api/v1/audit/export?format=jsonl&from=2026-01-01&to=2026-12-31", nil, auditor, nil}), 200, "")
	for _, zip := range []string{"xlsx", "bundle"} {
		if f := s.want(s.do(call{"GET", "/api/v1/audit/export?format=" + zip, nil, auditor, nil}), 200, ""); !strings.HasPrefix(f.raw, "PK") {
			t.Errorf("%s is no zip file", zip)
		}
	}
	s.want(s.do(call{"GET", "/api/v1/bodies", nil, "", nil}), 200, "")
	s.want(s.do(call{"GET", "/api/v1/bodies/dinas", nil, "", nil}), 200, "")
	s.want(s.do(call{"GET", "/api/v1/desk/cases?queue=all", nil, head, nil}), 200, "")

	// Each receipt on the list is to be had, and names no officer.
	proofs := s.want(s.do(call{"GET", mine + "/receipts", nil, key, nil}), 200, "")
	kinds := map[string]bool{}
	for _, p := range proofs.json["items"].([]any) {
		item := p.(map[string]any)
		kinds[item["kind"].(string)] = true
		raw := s.want(s.do(call{"GET", fmt.Sprintf("%s/receipt?event=%v", mine, item["event"]), nil, key, nil}), 200, "").raw
		opened, err := trail.ParseReceipt([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if f, err := trail.ReadCanonical(opened.Opening.Canonical); err != nil || f["actor_id"] != "" || f["actor"] != "" && f["actor_role"] != "system" {
			t.Errorf("receipt of %s: %v %v", item["kind"], f, err)
		}
	}
	if !kinds["case.filed"] || !kinds["case.answered"] {
		t.Errorf("receipts of %v", kinds)
	}
	s.want(s.do(call{"GET", mine + "/receipt?event=1", nil, key, nil}), 404, "receipt_not_found")

	// What the document promises has been asked for at least once.
	for path, item := range s.doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if name := strings.ToUpper(method) + " " + path; !s.seen[name] {
				t.Errorf("%s was not seen to answer", name)
			}
		}
	}
	s.Check()
}

// TestRetry: an Idempotency-Key gives the first answer again, and is refused for another.
func TestRetry(t *testing.T) {
	s := serve(t)
	h := map[string]string{"Idempotency-Key": "satu"}
	a := s.want(s.do(call{"POST", "/api/v1/cases", filing(), "", h}), 201, "")
	b := s.want(s.do(call{"POST", "/api/v1/cases", filing(), "", h}), 201, "")
	if a.raw != b.raw {
		t.Errorf("%s\n%s", a.raw, b.raw)
	}
	s.want(s.do(call{"POST", "/api/v1/cases", with(filing(), "subject", "Lain"), "", h}), 409, "idempotency_key_reused")
}
