package desk_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// objected is a request refused over the desk, and its objection, turned down.
func (s *site) objected() (request, objection *models.Case) {
	s.t.Helper()
	c, who, _ := s.Given(caseworktest.Request())
	c, err := s.Decide(s.Ctx, s.As("officer"), c.Reference, caseworktest.Refusal(c.Version))
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := s.Object(s.Ctx, who, c.Reference, casework.ObjectInput{Ground: "a", Text: "Saya keberatan."})
	if err != nil {
		s.t.Fatal(err)
	}
	o, err := s.Decide(s.Ctx, s.As("superior"), f.Case.Reference, casework.DecideInput{Version: f.Case.Version, Outcome: models.Refused, Text: "Putusan tetap."})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.now(c.Reference), o
}

func TestTheStageOutsideOverTheDesk(t *testing.T) {
	s := serve(t)
	_, o := s.objected()
	at := "/desk/cases/" + o.Reference
	boss := s.as("superior")
	boss.get(at).want(t, 200, "Beyond the public body", "Information Commission", "Open: the requester can go there now", "Record the stage outside", "Identity of the requester")
	for path, who := range map[string]struct {
		v      *visitor
		status int
	}{
		at + "/outside":                           {s.as("agent"), 403},
		at + "/dossier":                           {s.as("agent"), 403},
		at + "/erasure":                           {s.as("unit_head"), 403},
		"/desk/erasures":                          {s.as("agent"), 403},
		at + "/outside?":                          {s.nobody(), 303},
		at + "/dossier?":                          {s.nobody(), 303},
		"/desk/cases/T7-K4M9-XQ2R/dossier":        {boss, 404},
		"/desk/cases/T7-K4M9-XQ2R/outside":        {boss, 404},
		"/desk/cases/" + o.Reference + "/erasure": {boss, 403}, // not over, and an objection
	} {
		who.v.get(path).want(t, who.status)
	}
	form := boss.get(at+"/outside").want(t, 200, "filed", "Information Commission")
	if strings.Contains(form.body, "decided</") {
		t.Error("offers a decision of what was not filed")
	}
	boss.send(at+"/outside", "event", "", "before", "").want(t, 422, "Error:", `href="#event"`, `href="#on"`, `href="#before"`)
	boss.send(at+"/outside", "event", "dispute.filed", "on", "2027-01-01", "before", "Komisi Informasi").want(t, 422, "must not be in the future")
	boss.send(at+"/outside", "event", "dispute.filed", "on", "2026-01-07", "before", "Komisi Informasi Pusat", "text", "Register 12/2026").done(t)
	boss.get(at).want(t, 200, "Filed on", "Register 12/2026", "Taken outside the body")
	boss.post(at+"/outside", "event", "dispute.decided", "on", "2026-01-07", "before", "KI", "text", "x", "version", "1").want(t, 409)
	boss.send(at+"/outside", "event", "dispute.decided", "on", "2026-01-07", "before", "Komisi Informasi Pusat", "text", "Informasi terbuka.").done(t)
	boss.get(at+"?lang=id").want(t, 200, "Informasi terbuka.", "Diputus di luar badan publik")
	s.Check()
}

func TestDossierOverTheDesk(t *testing.T) {
	s := serve(t)
	c, o := s.objected()
	a := s.as("superior").get("/desk/cases/"+o.Reference+"/dossier").want(t, 200)
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/zip") || !strings.Contains(a.header.Get("Content-Disposition"), "terang-"+o.Reference+".zip") {
		t.Errorf("%v", a.header)
	}
	z, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, r); err != nil {
			t.Fatal(err)
		}
		files[f.Name] = b.String()
	}
	page := files["index.html"]
	for _, want := range []string{c.Reference, o.Reference, "Information Commission", "28 January 2026", "working day 10", "Rahasia pribadi terungkap", "Saya keberatan.", "Putusan tetap.", "case.filed.tlog-proof", `href="style.css"`, "The request and its receipt"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, not := range []string{"<script", "http://", "https://", " style=", "/static/"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q: it must be read without a network", not)
		}
	}
	if gap.MatchString(page) {
		t.Errorf("no words for %s", gap.FindString(page))
	}
	if len(files["style.css"]) == 0 || len(files["index.json"]) == 0 {
		t.Errorf("%d files", len(files))
	}
}

func TestErasureOverTheDesk(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	ppid, boss := s.as("officer"), s.as("superior")
	ppid.get(at+"/erasure").want(t, 403)
	ppid.send(at+"/decision?outcome=granted", "outcome", "granted", "text", "Terlampir.").done(t)
	ppid.send(at+"/close", "reason", "Selesai.").done(t)
	ppid.get(at).want(t, 200, "Propose to erase personal data")
	ppid.get(at+"/erasure").want(t, 200, "The person asks for erasure", "Kept until", "UU 27/2022")
	ppid.send(at+"/erasure", "action", "propose").want(t, 422, `href="#rule"`, `href="#reason"`)
	ppid.send(at+"/erasure", "action", "propose", "rule", "schedule", "reason", "Sekarang.").want(t, 422, "Must still be kept until")
	ppid.send(at+"/erasure", "action", "propose", "rule", "requested", "reason", "Diminta pemohon.").done(t)
	ppid.get(at).want(t, 200, "Erasing data of this case is proposed")
	ppid.get(at+"/erasure").want(t, 200, "waits for a superior").lacks(t, "Confirm and erase now")
	ppid.get("/desk/erasures").want(t, 200, c.Reference, "Waits for a second person")
	ppid.post(at+"/erasure", "action", "confirm", "version", number(s.now(c.Reference).Version)).want(t, 403)
	boss.send(at+"/erasure", "action", "refuse").want(t, 422, `href="#reason"`)
	boss.send(at+"/erasure", "action", "refuse", "reason", "Belum jelas siapa yang meminta.").done(t)
	ppid.send(at+"/erasure", "action", "propose", "rule", "requested", "reason", "Diminta pemohon, dengan KTP.").done(t)
	boss.get(at+"/erasure").want(t, 200, "Confirm and erase now", "This cannot be undone")
	boss.post(at+"/erasure", "action", "confirm", "version", "1").want(t, 409)
	boss.send(at+"/erasure", "action", "confirm").done(t)
	boss.get(at).want(t, 200, "Erased data", "Personal data erased", "Proposed by the Information and documentation officer").lacks(t, "Siti Rahmawati", "siti@contoh.id")
	stone := s.nobody().get("/cases/"+c.Reference).want(t, 410, "Data of this case was erased", "UU 27/2022 art. 43", "confirmed by the Superior").lacks(t, "officer dinas", "superior dinas", "Siti")
	if strings.Contains(stone.body, "Anggaran jalan 2025") {
		t.Error("the tombstone says what was asked")
	}
	s.nobody().get("/disclosures/"+c.Reference).want(t, 410)
	s.nobody().get("/cases/"+c.Reference+"?lang=id").want(t, 410, "Diusulkan PPID")
	s.nobody().get("/cases/T7-K4M9-XQ2R").want(t, 404)
	s.Check()
}

// What is confidential stays unknown, erased or not.
func TestNoTombstoneOfTheConfidential(t *testing.T) {
	s := serve(t)
	c, _, _ := s.Given(caseworktest.Request())
	ppid := s.As("officer")
	c, err := s.Classify(s.Ctx, ppid, c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Confidential, Exemption: "h", Reason: "Rahasia."})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = s.Assign(s.Ctx, ppid, c.Reference, casework.AssignInput{Version: c.Version, Officer: "superior@dinas.test"}); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Withdraw(s.Ctx, casework.RequesterOf(c), c.Reference, casework.TextInput{Text: "Batal."}); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Erase(s.Ctx, ppid, c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "requested", Reason: "Diminta."}); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Erase(s.Ctx, s.As("superior"), c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); err != nil {
		t.Fatal(err)
	}
	s.as("superior").get("/desk/cases/"+c.Reference).want(t, 200, "Erased data")
	s.nobody().get("/cases/"+c.Reference).want(t, 404)
}
