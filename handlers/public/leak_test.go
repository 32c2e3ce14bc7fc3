package public_test

import (
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

const marker = "Zamrudkhatulistiwa"

// One confidential case with a marker in every text of it. Every public door is
// walked, by somebody who knows its reference and by somebody who has another's key.
func TestConfidentialStaysIn(t *testing.T) {
	s := serve(t)
	in := caseworktest.Complaint()
	in.Subject, in.Text, in.Requester.Name = marker+" satu", "Tentang "+marker, marker+" Wibowo"
	c, _, _ := s.Given(in)
	officer := s.As("officer")
	must(t)(s.Classify(s.Ctx, officer, c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Confidential, Exemption: "a", Reason: "Penyidikan berjalan"}))
	must(t)(s.Say(s.Ctx, casework.RequesterOf(c), c.Reference, casework.TextInput{Text: marker + " pesan"}))
	open, _, _ := s.Given(caseworktest.Request())
	must(t)(s.Decide(s.Ctx, officer, open.Reference, casework.DecideInput{Version: s.byRef(open.Reference).Version, Outcome: models.Granted, Text: "Silakan."}))
	must(t)(s.Publish(s.Ctx, officer, open.Reference, casework.PublishInput{Version: s.byRef(open.Reference).Version, Title: "Anggaran jalan", Summary: "Anggaran jalan 2025 dibuka."}))
	s.sequence()

	b := s.browser()
	for _, path := range []string{
		"/", "/suggest?q=" + marker, "/disclosures", "/disclosures?q=" + marker, "/disclosures?body=dinas", "/disclosures/" + c.Reference,
		"/disclosures/" + c.Reference + "/documents/1", "/cases/" + c.Reference, "/cases/" + c.Reference + "/receipt", "/track?reference=" + c.Reference,
		"/bodies", "/bodies/dinas", "/log", "/log/checkpoint", "/log/tile/entries/000.p/1", "/robots.txt", "/how", "/desk", "/desk/cases/" + c.Reference,
	} {
		a := b.get(path)
		if strings.Contains(strings.ToLower(strings.ReplaceAll(a.body, "q="+marker, "")), strings.ToLower(marker)) && !strings.HasPrefix(path, "/disclosures?q=") {
			t.Errorf("%s shows the marker: %s", path, summary(a.body))
		}
		if strings.HasPrefix(path, "/disclosures?q=") && strings.Contains(a.body, c.Reference) {
			t.Errorf("%s finds the case", path)
		}
		if strings.Contains(path, "/"+c.Reference) && a.status != 404 && !strings.HasPrefix(a.url, "/sign-in") {
			t.Errorf("%s: status %d tells that the case exists", path, a.status)
		}
	}
	// A stranger is told of it word for word what they are told of no case at all.
	real, none := b.get("/cases/"+c.Reference).body, b.get("/cases/23-4567-89BC").body
	if strings.ReplaceAll(real, c.Reference, "") != strings.ReplaceAll(none, "23-4567-89BC", "") {
		t.Error("a case that exists is answered differently from one that does not")
	}
	// What is published shows everything of its answer and nothing of its requester.
	b.get("/cases/"+open.Reference).want(t, 200, "Anggaran jalan 2025 dibuka", "Silakan.").lacks(t, "Siti", "siti@contoh.id", "3171234567890123", "Melati 5")
	b.get("/disclosures?q=anggaran").want(t, 200, open.Reference).lacks(t, "Siti")
	b.get("/suggest?q=anggaran+jalan").want(t, 200, open.Reference).lacks(t, "<html")
}
