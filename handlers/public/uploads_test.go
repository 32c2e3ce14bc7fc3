package public_test

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework/inspect/inspecttest"
	"terang/views/text"
)

// Every file that would hurt is refused at its field or cleaned, and said so; what was typed and
// sent before it stays.
func TestUploadsAreLookedInto(t *testing.T) {
	s := serve(t)
	b := s.at("attachments")
	b.get("/file/attachments?lang=en")
	b.upload("/file/attachments", "tetap.pdf", pdf).want(t, 200, "tetap.pdf</dt>")
	for _, x := range inspecttest.Samples() {
		t.Run(x.Name, func(t *testing.T) {
			a := b.upload("/file/attachments", x.Name, x.Data)
			if x.Code != "" {
				a.want(t, 422, "Error:", `id="file-error"`, "tetap.pdf</dt>")
				if !strings.Contains(html.UnescapeString(a.body), strings.TrimSpace(before(text.English.T("error."+x.Code), "%"))) {
					t.Errorf("does not say why (%s): %s", x.Code, summary(a.body))
				}
			} else {
				name := x.As
				if name == "" {
					name = x.Name
				}
				a.want(t, 200, html.EscapeString(name)+"</dt>", "tetap.pdf</dt>")
				for _, n := range slices.DeleteFunc(slices.Clone(x.Notes), func(n string) bool { return n == "name" }) {
					if !strings.Contains(a.body, html.EscapeString(text.English.T("upload.note."+n))) {
						t.Errorf("does not say %q: %s", n, summary(a.body))
					}
				}
				b.post("/file/attachments/"+lastID(t, a.body)+"/remove").want(t, 200, "tetap.pdf</dt>").lacks(t, html.EscapeString(name)+"</dt>")
			}
			b.get("/file/check").want(t, 200, "siti@contoh.id", "Salinan anggaran", "tetap.pdf")
		})
	}
	if n := s.Files.Count(); n != 1 {
		t.Errorf("%d files kept, want the one that stays", n)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func before(s, mark string) string { s, _, _ = strings.Cut(s, mark); return s }

// lastID is the number of the last file on the page.
func lastID(t *testing.T, body string) string {
	t.Helper()
	i := strings.LastIndex(body, "/file/attachments/")
	rest := body[i+len("/file/attachments/"):]
	id, _, ok := strings.Cut(rest, "/remove")
	if i < 0 || !ok || len(id) > 10 {
		t.Fatalf("no file to remove in %s", summary(body))
	}
	return id
}

// A file that the scanner has yet to clear does not hold up its filing, and is given to nobody;
// one in which it finds something must be taken out before it is filed.
func TestScannedUploads(t *testing.T) {
	s := serve(t)
	virus := s.Scan()
	b := s.browser()
	b.get("/?lang=en")
	b.fill()

	virus.Found("Eicar")
	b.upload("/file/attachments", "jahat.txt", []byte("isi jahat\n")).want(t, 422, "Error:", "Eicar", `id="file-error"`).lacks(t, "jahat.txt</dt>")
	virus.Away()
	b.upload("/file/attachments", "nanti.txt", []byte("isi\n")).want(t, 200, "nanti.txt</dt>", "Being checked", "your filing does not wait")
	b.get("/file/check").want(t, 200, "nanti.txt")

	virus.Found("Eicar")
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Infected != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	b.get("/file/attachments").want(t, 200, "Holds a virus", "Eicar")
	b.post("/file/check", "declaration", "yes").want(t, 422, "Error:", "nanti.txt")
	if s.cases() != 0 {
		t.Fatal("it was filed")
	}
	a := b.get("/file/attachments")
	b.post("/file/attachments/"+lastID(t, a.body)+"/remove").want(t, 200)

	virus.Away()
	b.upload("/file/attachments", "lain.txt", []byte("isi lain\n")).want(t, 200, "Being checked")
	b.get("/file/check")
	ref, _ := codes(t, b.post("/file/check", "declaration", "yes").want(t, 200))
	officer := s.As("officer")
	v, err := s.Case(s.Ctx, officer, ref)
	if err != nil || len(v.Attachments) != 1 || v.Attachments[0].Scan != models.ScanWaiting {
		t.Fatalf("%+v %v", v, err)
	}
	id := v.Attachments[0].ID
	b.get("/cases/"+ref+"/documents/"+itoa(id)).want(t, 409, "being checked")
	virus.Clean()
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Clean != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	b.get("/cases/"+ref+"/documents/"+itoa(id)).want(t, 200, "isi lain")
}

// One function gives out every document: by its headers nothing in it runs, and a broken
// download goes on.
func TestDocumentsAreGivenToKeep(t *testing.T) {
	s := serve(t)
	b := s.browser()
	b.get("/?lang=en")
	b.fill()
	b.upload("/file/attachments", "Surat “resmi” 5%.txt", []byte("0123456789")).want(t, 200)
	b.get("/file/check")
	ref, _ := codes(t, b.post("/file/check", "declaration", "yes").want(t, 200))
	v, err := s.Case(s.Ctx, s.As("officer"), ref)
	if err != nil {
		t.Fatal(err)
	}
	path := s.base + "/cases/" + ref + "/documents/" + itoa(v.Attachments[0].ID)
	for _, row := range []struct {
		ask, since string
		status     int
		body, span string
	}{
		{"", "", 200, "0123456789", ""},
		{"bytes=2-4", "", 206, "234", "bytes 2-4/10"},
		{"bytes=7-", "", 206, "789", "bytes 7-9/10"},
		{"bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"bytes=5-500", "", 206, "56789", "bytes 5-9/10"},
		{"bytes=10-", "", 416, "", "bytes */10"},
		{"bytes=-0", "", 416, "", "bytes */10"},
		{"bytes=0-1,4-5", "", 200, "0123456789", ""},
		{"bytes=4-2", "", 200, "0123456789", ""},
		{"pages=1-2", "", 200, "0123456789", ""},
		{"bytes=2-4", `"other"`, 200, "0123456789", ""},
		{"bytes=2-4", `"` + v.Attachments[0].SHA256 + `"`, 206, "234", "bytes 2-4/10"},
	} {
		a := b.ranged(path, row.ask, row.since)
		if a.status != row.status || row.body != "" && a.body != row.body || a.header.Get("Content-Range") != row.span {
			t.Errorf("%q %q: %d %q %q, want %d %q %q", row.ask, row.since, a.status, a.body, a.header.Get("Content-Range"), row.status, row.body, row.span)
		}
		if a.status == 416 {
			continue
		}
		for k, want := range map[string]string{
			"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
			"Content-Disposition": `attachment; filename="Surat _resmi_ 5_.txt"; filename*=UTF-8''Surat%20%E2%80%9Cresmi%E2%80%9D%205%25.txt`,
			"Cache-Control":       "private, no-store", "Accept-Ranges": "bytes",
		} {
			if got := a.header.Get(k); got != want {
				t.Errorf("%s: %q, want %q", k, got, want)
			}
		}
	}
}

// ranged asks for a part of what stands at an address.
func (b *browser) ranged(url, ask, since string) answer {
	b.s.t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	if ask != "" {
		req.Header.Set("Range", ask)
	}
	if since != "" {
		req.Header.Set("If-Range", since)
	}
	return b.do(req)
}
