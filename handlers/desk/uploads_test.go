package desk_test

import (
	"html"
	"slices"
	"strings"
	"testing"

	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/casework/inspect/inspecttest"
)

// The desk's own uploads are looked into as everybody's.
func TestUploadsAreLookedInto(t *testing.T) {
	s := serve(t)
	c, _, _ := s.Given(caseworktest.Request())
	at := "/desk/cases/" + c.Reference
	v := s.as("officer")
	kept := 0
	for _, x := range inspecttest.Samples() {
		t.Run(x.Name, func(t *testing.T) {
			v.get(at+"/attachments").want(t, 200)
			a := v.upload(at+"/attachments", x.Name, x.Data)
			if x.Code != "" {
				a.want(t, 422, "#attachments")
				return
			}
			a.done(t)
			kept++
			docs, err := s.Store.Read(s.Ctx).Attachments(c.ID)
			if err != nil || len(docs) != kept {
				t.Fatalf("%d documents, want %d (%v)", len(docs), kept, err)
			}
			d := docs[len(docs)-1]
			want := slices.DeleteFunc(slices.Clone(x.Notes), func(n string) bool { return n == "name" })
			got := slices.DeleteFunc(d.Notes(), func(n string) bool { return n == "name" })
			name := x.As
			if name == "" {
				name = x.Name
			}
			if d.Name != name || d.Type != x.Type || !slices.Equal(got, want) {
				t.Errorf("%s %s %v, want %s %s %v", d.Name, d.Type, got, name, x.Type, want)
			}
			v.get(at).want(t, 200, html.EscapeString(name))
		})
	}
	if s.Files.Count() != kept {
		t.Errorf("%d files kept, want %d", s.Files.Count(), kept)
	}
}

// Officers are told what was never scanned, what is being scanned, and what holds a virus; and
// open only what may be opened.
func caseUpload(name string) casework.Upload {
	return casework.Upload{Name: name, Data: strings.NewReader("isi " + name + "\n")}
}

func TestScansOnTheDesk(t *testing.T) {
	s := serve(t)
	c, requester, _ := s.Given(caseworktest.Request())
	at := "/desk/cases/" + c.Reference
	attach := func(name string) string {
		d, err := s.Attach(s.Ctx, requester, c.Reference, caseUpload(name))
		if err != nil {
			t.Fatal(err)
		}
		return at + "/attachments/" + number(d.ID)
	}
	v := s.as("officer")
	old := attach("lama.txt")
	v.get(at).want(t, 200, "Not checked for viruses", old)
	v.get(old).want(t, 200, "isi")
	virus := s.Scan()
	virus.Away()
	doc := attach("baru.txt")
	v.get(at).want(t, 200, "Being checked").lacks(t, `href="`+doc+`"`)
	v.get(doc).want(t, 409, "being checked")
	virus.Found("Win.Test.EICAR_HDB-1")
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Infected != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	v.get(at).want(t, 200, "Holds a virus", "Win.Test.EICAR_HDB-1", "A virus was found in an attachment").lacks(t, `href="`+doc+`"`)
	v.get(doc).want(t, 409, "given to nobody")
	virus.Clean()
	if _, err := s.Rescan(s.Ctx, s.As("admin@terang.test"), s.Now().Add(1)); err != nil {
		t.Fatal(err)
	}
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Clean != 2 {
		t.Fatalf("%+v %v", r, err)
	}
	v.get(at).want(t, 200, "No virus found", doc, "turned out clean")
	if a := v.get(doc).want(t, 200, "isi"); !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		t.Error("not to keep")
	}
}
