package casework_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
)

// office is a small office document of some parts.
func office(t *testing.T, parts map[string]string, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name, text string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	put("[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)
	put("_rels/.rels", `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Reverse(names)
	for _, name := range names {
		put(name, parts[name])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every word the public reads is looked through: not only the answer, but why something was
// withheld, and what was asked.
func TestEveryPublishedWordIsLookedThrough(t *testing.T) {
	s := ct.New(t)
	c, _, _ := s.Given(ct.Request())
	o := s.As("officer")
	in := ct.Refusal(c.Version)
	in.Outcome, in.Text, in.Withheld = models.GrantedInPart, "Jawaban untuk Bapak Agus Wijaya.", "Data Bapak Hendra Kusuma"
	in.Test["consequence_open"] = "Alamat Ibu Ratna Dewi terungkap"
	in.Test["duration"] = "Sampai Bapak Joko Susilo pensiun"
	c = must[*models.Case](t)(s.Decide(s.Ctx, o, c.Reference, in))
	publish := func(in casework.PublishInput) error {
		in.Version = c.Version
		got, err := s.Publish(s.Ctx, o, c.Reference, in)
		if err == nil {
			c = got
		}
		return err
	}
	err := publish(casework.PublishInput{Title: "Gaji Bapak Rahmat Hidayat", Summary: "Diminta oleh siti@contoh.id."})
	for _, field := range []string{"title", "summary", "answer", "withheld", "why", "until"} {
		wantsField(t, err, field, "personal_undecided")
	}
	if _, err := s.Disclosure(s.Ctx, c.Reference); models.KindOf(err) != models.NotFound {
		t.Error("it is out all the same")
	}
	wantsField(t, publish(casework.PublishInput{Summary: "x", Keep: []casework.KeepInput{{Text: "Agus Wijaya"}}}), "keep", "required")
	wantsField(t, publish(casework.PublishInput{Summary: "x", MaskRest: true, Masks: []casework.MaskInput{{Text: "tidak ada"}}}), "masks", "phrase_not_found")
	wantsField(t, publish(casework.PublishInput{Summary: "x", MaskRest: true, Masks: []casework.MaskInput{{Text: "Jawaban", Exemption: "zz"}}}), "masks", "exemption_unknown")

	if err := publish(casework.PublishInput{
		Title: "Gaji Bapak Rahmat Hidayat", Summary: "Diminta oleh siti@contoh.id.", Question: true, MaskRest: true,
		Keep: []casework.KeepInput{{Text: "Agus Wijaya", Reason: "Kepala dinas"}}, Masks: []casework.MaskInput{{Text: "pensiun", Exemption: "i"}},
	}); err != nil {
		t.Fatal(err)
	}
	d := must[*casework.DisclosureView](t)(s.Disclosure(s.Ctx, c.Reference))
	all := strings.Join([]string{d.Title, d.Summary, d.Answer, d.Question, d.Decision.Withheld, d.Decision.Tests, d.Decision.Text, d.Choices, d.By}, "\n")
	for _, gone := range []string{"Rahmat Hidayat", "siti@contoh.id", "Hendra", "Ratna", "Joko", "pensiun"} {
		if strings.Contains(all, gone) {
			t.Errorf("%q is published:\n%s", gone, all)
		}
	}
	for _, there := range []string{"Agus Wijaya", "Gaji Bapak [nama – pasal 17 huruf h]", "[identitas pemohon – pasal 17 huruf h]", "[disamarkan – pasal 17 huruf i]", "rencana anggaran perbaikan jalan"} {
		if !strings.Contains(all, there) {
			t.Errorf("no %q in\n%s", there, all)
		}
	}
	// Words that are masked are not in the record of choices either.
	row, err := s.Store.Read(s.Ctx).Disclosure(c.ID)
	if err != nil || strings.Contains(row.Choices, "Hendra") || !strings.Contains(row.Choices, "Kepala dinas") {
		t.Errorf("%s %v", row.Choices, err)
	}
	// Nor can the masked words be searched.
	for q, want := range map[string]int{"Hendra": 0, "Rahmat": 0, "Agus": 1} {
		if list, _, err := s.Disclosures(s.Ctx, q, "", "", 10); err != nil || len(list) != want {
			t.Errorf("%s: %d entries %v", q, len(list), err)
		}
	}
	// Out and in again.
	c = must[*models.Case](t)(s.Publish(s.Ctx, o, c.Reference, casework.PublishInput{Version: c.Version, Unpublish: true, Reason: "Salah."}))
	if rows, err := s.Store.Read(s.Ctx).PublishedDocuments(c.ID); err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
	if err := publish(casework.PublishInput{Summary: "Lagi.", MaskRest: true}); err != nil {
		t.Fatal(err)
	}
	s.Check()
}

// What was shown is what is published.
func TestPreviewIsWhatIsPublished(t *testing.T) {
	s := ct.New(t)
	c, _, _ := s.Given(ct.Request())
	o := s.As("officer")
	c = must[*models.Case](t)(s.Decide(s.Ctx, o, c.Reference, casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Kepada Ibu Siti Rahmawati: terlampir."}))
	in := casework.PublishInput{Version: c.Version, Summary: "Anggaran.", Masks: []casework.MaskInput{{Text: "Siti Rahmawati"}}}
	if _, err := s.PreviewPublication(s.Ctx, s.As("agent"), c.Reference, in); models.KindOf(err) != models.Forbidden {
		t.Errorf("an agent looks: %v", err)
	}
	p := must[*casework.Publication](t)(s.PreviewPublication(s.Ctx, o, c.Reference, in))
	must[*models.Case](t)(s.Publish(s.Ctx, o, c.Reference, in))
	d := must[*casework.DisclosureView](t)(s.Disclosure(s.Ctx, c.Reference))
	if p.View.Title != d.Title || p.View.Answer != d.Answer || p.View.Summary != d.Summary || !strings.Contains(d.Answer, "Ibu [identitas pemohon") {
		t.Errorf("%+v\n%+v", p.View.Disclosure, d.Disclosure)
	}
}
