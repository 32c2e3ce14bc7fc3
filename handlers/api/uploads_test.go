package api_test

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework/caseworktest"
	"terang/models/casework/inspect/inspecttest"
)

// Both of the API's doors refuse and clean as the pages do, in codes; a filing with one bad file
// stores nothing.
func TestUploadsAreLookedInto(t *testing.T) {
	s := serve(t)
	c, _, key := s.Given(caseworktest.Request())
	auth := "Case-Key " + key
	cases, kept := 1, 0
	for _, x := range inspecttest.Samples() {
		t.Run(x.Name, func(t *testing.T) {
			row := *s
			row.t = t
			one := with(filing(), "attachments", []any{
				map[string]any{"name": "baik.txt", "content": base64.StdEncoding.EncodeToString([]byte("isi yang baik\n"))},
				map[string]any{"name": x.Name, "content": base64.StdEncoding.EncodeToString(x.Data)},
			})
			name := x.As
			if name == "" {
				name = x.Name
			}
			attach := call{"POST", "/api/v1/cases/" + c.Reference + "/attachments?name=" + url.QueryEscape(x.Name), x.Data, auth, map[string]string{"Content-Type": "application/octet-stream"}}
			if x.Code != "" {
				row.want(row.do(call{"POST", "/api/v1/cases", one, "", nil}), 422, "attachments:"+x.Code)
				if len(x.Data) > 0 {
					row.want(row.do(attach), 422, "attachments:"+x.Code)
				}
				return
			}
			filed := row.want(row.do(call{"POST", "/api/v1/cases", one, "", nil}), 201, "")
			cases, kept = cases+1, kept+2
			got := row.want(row.do(call{"GET", "/api/v1/cases/" + filed.str("reference"), nil, "Case-Key " + filed.str("key"), nil}), 200, "")
			doc := got.json["attachments"].([]any)[1].(map[string]any)
			var cleaned []string
			for _, n := range list(doc["cleaned"]) {
				cleaned = append(cleaned, n.(string))
			}
			if doc["name"] != name || doc["type"] != x.Type || doc["scan"] != "unscanned" || !slices.Equal(cleaned, x.Notes) {
				t.Errorf("%v, want %s %s %v", doc, name, x.Type, x.Notes)
			}
			if kept < 2*models.MaxAttachments {
				a := row.want(row.do(attach), 201, "")
				if a.str("name") != name {
					t.Errorf("attached as %q", a.str("name"))
				}
				row.want(row.do(call{"GET", "/api/v1/cases/" + c.Reference + "/attachments/" + number(a.json["id"]), nil, auth, nil}), 200, "")
				kept++
			}
		})
	}
	if p, err := s.Queue(s.Ctx, s.As("officer"), queueAll); err != nil || len(p.Rows) == 0 || s.Files.Count() != kept {
		t.Errorf("%d files kept, want %d (%v)", s.Files.Count(), kept, err)
	}
}

func number(v any) string { f, _ := v.(float64); return strconv.FormatInt(int64(f), 10) }

func list(v any) []any { l, _ := v.([]any); return l }

// What waits for the scanner is given to nobody, and said so.
func TestHeldDocument(t *testing.T) {
	s := serve(t)
	virus := s.Scan()
	c, _, key := s.Given(caseworktest.Request())
	auth, octets := "Case-Key "+key, map[string]string{"Content-Type": "application/octet-stream"}
	to := "/api/v1/cases/" + c.Reference + "/attachments"
	virus.Away()
	a := s.want(s.do(call{"POST", to + "?name=a.txt", []byte("isi\n"), auth, octets}), 201, "")
	if a.str("scan") != "waiting" {
		t.Fatalf("%v", a.json)
	}
	doc := to + "/" + number(a.json["id"])
	s.want(s.do(call{"GET", doc, nil, auth, nil}), 409, "file_being_checked")
	virus.Found("Eicar")
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Infected != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	s.want(s.do(call{"GET", doc, nil, auth, nil}), 409, "file_infected")
	s.want(s.do(call{"POST", to + "?name=b.txt", []byte("isi\n"), auth, octets}), 422, "attachments:file_infected_refused")
	virus.Clean()
	if n, err := s.Rescan(s.Ctx, models.System, s.Now().Add(1)); err != nil || n != 1 {
		t.Fatalf("%d %v", n, err)
	}
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Clean != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	got := s.want(s.do(call{"GET", doc, nil, auth, nil}), 200, "")
	if got.raw != "isi\n" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || got.header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
		t.Errorf("%q %v", got.raw, got.header)
	}
	part := s.do(call{"GET", doc, nil, auth, map[string]string{"Range": "bytes=1-2"}})
	if part.status != 206 || part.raw != "si" {
		t.Errorf("%d %q", part.status, part.raw)
	}
}
