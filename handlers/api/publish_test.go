package api_test

import (
	"strings"
	"testing"
)

// Publishing over the API names each find that nobody decided on, and takes the decisions.
func TestPublishWithFinds(t *testing.T) {
	s := serve(t)
	ppid := s.token("officer")
	filed := s.want(s.do(call{"POST", "/api/v1/cases", filing(), "", nil}), 201, "")
	desk := "/api/v1/desk/cases/" + filed.str("reference")
	verb := func(path string, body map[string]any, status int, code string) answer {
		t.Helper()
		body["version"] = s.want(s.do(call{"GET", desk, nil, ppid, nil}), 200, "").version()
		return s.want(s.do(call{"POST", desk + path, body, ppid, nil}), status, code)
	}
	verb("/classification", map[string]any{"classification": "public", "reason": "Hanya angka."}, 200, "")
	verb("/decision", map[string]any{"outcome": "granted", "text": "Terlampir surat Bapak Agus Wijaya, telepon 0812 9999 1234."}, 200, "")
	no := verb("/publication", map[string]any{"summary": "Anggaran jalan diberikan."}, 422, "invalid")
	for _, want := range []string{`"field":"answer"`, `"personal_undecided"`, "Agus Wijaya", "0812 9999 1234"} {
		if !strings.Contains(no.raw, want) {
			t.Errorf("no %s in %s", want, no.raw)
		}
	}
	verb("/publication", map[string]any{"summary": "x", "masks": []map[string]any{{"text": "Agus Wijaya"}, {"text": "tidak ada"}}, "keep": []map[string]any{{"text": "0812 9999 1234", "reason": "Nomor kantor"}}}, 422, "invalid")
	verb("/publication", map[string]any{"summary": "x", "masks": []map[string]any{{"text": "Agus Wijaya"}}, "keep": []map[string]any{{"text": "0812 9999 1234", "reason": ""}}}, 422, "invalid")
	s.want(s.do(call{"GET", "/api/v1/cases/" + filed.str("reference"), nil, "", nil}), 404, "")
	verb("/publication", map[string]any{"summary": "Anggaran jalan diberikan.", "masks": []map[string]any{{"text": "Agus Wijaya"}}, "keep": []map[string]any{{"text": "0812 9999 1234", "reason": "Nomor kantor"}}}, 200, "")
	open := s.want(s.do(call{"GET", "/api/v1/cases/" + filed.str("reference"), nil, "", nil}), 200, "")
	if got := open.str("answer"); !strings.Contains(got, "Bapak [nama – pasal 17 huruf h], telepon 0812 9999 1234") {
		t.Errorf("published: %s", got)
	}
}
