package public_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

func TestRequesterTakesTheFileOutside(t *testing.T) {
	s := serve(t)
	c, who, key := s.Given(caseworktest.Request())
	mine := s.browser()
	mine.get("/track")
	mine.post("/track", "reference", c.Reference, "key", key).want(t, 200)
	mine.get("/cases/"+c.Reference).want(t, 200).lacks(t, "/dossier")
	c, err := s.Decide(s.Ctx, s.As("officer"), c.Reference, caseworktest.Refusal(c.Version))
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Object(s.Ctx, who, c.Reference, casework.ObjectInput{Ground: "a", Text: "Saya keberatan."})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decide(s.Ctx, s.As("superior"), o.Case.Reference, casework.DecideInput{Version: o.Case.Version, Outcome: models.Refused, Text: "Putusan tetap."}); err != nil {
		t.Fatal(err)
	}
	other := s.browser()
	other.get("/cases/"+o.Case.Reference+"/dossier").want(t, 404)
	mine.get("/cases/"+o.Case.Reference+"/dossier").want(t, 404) // its own key has not been shown yet
	mine.get("/track")
	page := mine.post("/track", "reference", o.Case.Reference, "key", o.Key).want(t, 200)
	if !strings.Contains(page.body, "Komisi Informasi") || !strings.Contains(page.body, "28 Januari 2026") || !strings.Contains(page.body, "/cases/"+o.Case.Reference+"/dossier") {
		t.Errorf("the page does not lead outside")
	}
	a := mine.get("/cases/"+o.Case.Reference+"/dossier").want(t, 200)
	z, err := zip.NewReader(bytes.NewReader([]byte(a.body)), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	for _, want := range []string{"index.html", "index.json", "style.css"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s among %v", want, names)
		}
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, c.Reference+"/receipts/") }) {
		t.Errorf("no receipt of the request among %v", names)
	}
}

func TestAnErasedCaseLeavesATombstone(t *testing.T) {
	s := serve(t)
	in := caseworktest.Request()
	c, who, key := s.Given(in)
	c, err := s.Decide(s.Ctx, s.As("officer"), c.Reference, casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Terlampir."})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = s.Publish(s.Ctx, s.As("officer"), c.Reference, casework.PublishInput{Version: c.Version, Title: "Anggaran jalan", Summary: "Diminta dan diberikan."}); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Close(s.Ctx, s.As("officer"), c.Reference, casework.TextInput{Version: c.Version, Text: "Selesai."}); err != nil {
		t.Fatal(err)
	}
	erase := func(rule string) {
		t.Helper()
		if c, err = s.Erase(s.Ctx, s.As("officer"), c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: rule, Reason: "Dasar."}); err != nil {
			t.Fatal(err)
		}
		if c, err = s.Erase(s.Ctx, s.As("superior"), c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); err != nil {
			t.Fatal(err)
		}
	}
	erase("requested")
	nobody, mine := s.browser(), s.browser()
	nobody.get("/disclosures/"+c.Reference).want(t, 200, "Anggaran jalan", "Penghapusan data", "UU 27/2022")
	mine.get("/track")
	mine.post("/track", "reference", c.Reference, "key", key).want(t, 200, "Penghapusan data").lacks(t, in.Requester.Name, in.Requester.Email)
	s.Set(s.Now().AddDate(5, 0, 2))
	erase("schedule")
	nobody.get("/disclosures/"+c.Reference).want(t, 410, "Data perkara ini sudah dihapus", "Seluruh isi perkara", "Identitas pemohon")
	fresh := s.browser()
	fresh.get("/track")
	fresh.post("/track", "reference", c.Reference, "key", key).want(t, 404)
	if _, err := s.Case(s.Ctx, who, c.Reference); err != nil {
		t.Fatal(err)
	}
	s.Check()
}
