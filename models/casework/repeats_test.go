package casework_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

func from(email, number, subject string) casework.FileInput {
	in := caseworktest.Request()
	in.Requester.Email, in.Requester.IdentityNumber, in.Subject = email, number, subject
	return in
}

// TestRepeats groups filings by person, as far as the officer may see, and drops none.
func TestRepeats(t *testing.T) {
	t.Parallel()
	s := caseworktest.New(t)
	s.AddDinas("lain")
	const email, number = "budi@warga.test", "3273010101900009"
	first, _, _ := s.Given(from(email, number, "Anggaran jalan desa tahun 2025"))
	s.Pass(time.Hour)
	s.Given(from(email, number, "Daftar pegawai honorer"))                      // something else
	s.Given(from("Budi@Warga.Test", "", "Anggaran jalan desa tahun 2024"))      // known by the address alone
	s.Given(from("lain@warga.test", number, "Anggaran jalan desa tahun 2025"))  // known by the number alone
	s.Given(from("siti@warga.test", "3273010101900010", "Anggaran jalan desa")) // somebody else
	elsewhere := from(email, number, "Anggaran jalan desa tahun 2025")          // another body's
	elsewhere.Body = "lain"
	s.Given(elsewhere)
	secret := from(email, number, "Rekam medis pasien rumah sakit") // confidential
	hidden, _, _ := s.Given(secret)
	nobody := caseworktest.Complaint()
	nobody.Anonymity, nobody.Requester = models.Anonymous, casework.RequesterInput{}
	unknown, _, _ := s.Given(nobody)
	s.Pass(time.Hour)
	c, requester, _ := s.Given(from(email, number, "Anggaran jalan desa tahun 2025"))

	v, err := s.Repeats(s.Ctx, s.As("officer"), c.Reference)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Others) != 5 || v.Same != 3 || !v.Grouped || !v.May || len(v.Pack.Repeats) != 2 {
		t.Errorf("%d others, %d alike, %d rules, may %v", len(v.Others), v.Same, len(v.Pack.Repeats), v.May)
	}
	low, err := s.Repeats(s.Ctx, s.AddPlain("magang@dinas.test", models.InfoOfficer, "dinas", models.Public), c.Reference)
	if err != nil {
		t.Fatal(err)
	}
	if len(low.Others) != 4 || slices.ContainsFunc(low.Others, func(r casework.RepeatRow) bool { return r.Reference == hidden.Reference }) {
		t.Errorf("without clearance %d others are counted", len(low.Others))
	}
	if v, err := s.Repeats(s.Ctx, s.As("officer"), unknown.Reference); err != nil || v.Grouped || len(v.Others) != 0 {
		t.Errorf("somebody unknown is grouped: %+v, %v", v, err)
	}
	for _, a := range []models.Actor{requester, {Kind: models.Anyone}, s.As("admin@terang.test"), s.As("officer@lain.test")} {
		if _, err := s.Repeats(s.Ctx, a, c.Reference); err == nil {
			t.Errorf("%s %s is shown them", a.Kind, a.Role)
		}
	}

	rows, err := s.Frequent(s.Ctx, s.As("officer"))
	if err != nil || len(rows) != 1 || rows[0].Count < 5 || rows[0].Newest.Reference != c.Reference {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, email := range []string{"auditor", "admin@terang.test"} {
		if _, err := s.Frequent(s.Ctx, s.As(email)); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s: %v", email, err)
		}
	}
	s.Pass(400 * 24 * time.Hour)
	if v, err := s.Repeats(s.Ctx, s.As("officer"), c.Reference); err != nil || len(v.Others) != 0 {
		t.Errorf("%d others after more than a year, %v", len(v.Others), err)
	}
	_ = first
}

// A finding is recorded under an article, told to the requester, taken back with a reason, and
// neither stops the case nor moves its clock.
func TestRepeatFinding(t *testing.T) {
	t.Parallel()
	s := caseworktest.New(t)
	const email = "budi@warga.test"
	first, _, _ := s.Given(from(email, "3273010101900009", "Anggaran jalan desa"))
	other, _, _ := s.Given(from("siti@warga.test", "3273010101900010", "Anggaran jalan desa"))
	s.Pass(time.Hour)
	c, requester, _ := s.Given(from(email, "3273010101900009", "Anggaran jalan desa"))
	officer := s.As("officer")
	in := casework.RepeatInput{Version: c.Version, Rule: "answered_before", Earlier: strings.ToLower(first.Reference), Reason: "Sudah dijawab pekan lalu."}
	for name, row := range map[string]struct {
		change func(*casework.RepeatInput)
		field  string
	}{
		"no rule":              {func(i *casework.RepeatInput) { i.Rule = "" }, "rule"},
		"a rule of no law":     {func(i *casework.RepeatInput) { i.Rule = "annoying" }, "rule"},
		"no reason":            {func(i *casework.RepeatInput) { i.Reason = " " }, "reason"},
		"no earlier case":      {func(i *casework.RepeatInput) { i.Earlier = "" }, "earlier"},
		"not a reference":      {func(i *casework.RepeatInput) { i.Earlier = "kemarin" }, "earlier"},
		"somebody else's case": {func(i *casework.RepeatInput) { i.Earlier = other.Reference }, "earlier"},
		"itself":               {func(i *casework.RepeatInput) { i.Earlier = c.Reference }, "earlier"},
	} {
		bad := in
		row.change(&bad)
		_, err := s.FindRepeat(s.Ctx, officer, c.Reference, bad)
		var e *models.Error
		if models.KindOf(err) != models.Invalid || !errors.As(err, &e) || e.Fields[0].Field != row.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, who := range []string{"agent", "unit_head", "auditor", "admin@terang.test"} {
		if _, err := s.FindRepeat(s.Ctx, s.As(who), c.Reference, in); err == nil {
			t.Errorf("%s finds it", who)
		}
	}
	stale := in
	stale.Version--
	if _, err := s.FindRepeat(s.Ctx, officer, c.Reference, stale); models.KindOf(err) != models.Conflict && models.KindOf(err) != models.Invalid {
		t.Errorf("stale: %v", err)
	}
	was := *c
	after, err := s.FindRepeat(s.Ctx, officer, c.Reference, in)
	if err != nil {
		t.Fatal(err)
	}
	if after.State != was.State || after.DueOn != was.DueOn || after.Outcome != was.Outcome {
		t.Errorf("the finding moved the case: %s %s", after.State, after.DueOn)
	}
	again := in
	again.Version = after.Version
	if _, err := s.FindRepeat(s.Ctx, officer, c.Reference, again); models.CodeOf(err) != "repeat_found_before" {
		t.Errorf("found twice: %v", err)
	}
	v, err := s.Case(s.Ctx, requester, c.Reference)
	if err != nil || !slices.ContainsFunc(v.Timeline, func(e models.Event) bool { return e.Kind == "repeat.found" && e.Article != "" && e.Actor == "" }) {
		t.Errorf("the requester is not told: %v", err)
	}
	found, err := s.Repeats(s.Ctx, officer, c.Reference)
	if err != nil || len(found.Findings) != 1 || found.Findings[0].Earlier != first.Reference || found.Findings[0].Reason != in.Reason {
		t.Fatalf("%+v, %v", found.Findings, err)
	}
	back, err := s.WithdrawRepeat(s.Ctx, officer, c.Reference, after.Version, found.Findings[0].ID, "Keliru: tahunnya berbeda.")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WithdrawRepeat(s.Ctx, officer, c.Reference, back.Version, found.Findings[0].ID, "sekali lagi"); models.CodeOf(err) != "stale" {
		t.Errorf("taken back twice: %v", err)
	}
	if found, err = s.Repeats(s.Ctx, officer, c.Reference); err != nil || found.Findings[0].WithdrawnAt == nil {
		t.Errorf("%v", err)
	}
	s.Check()
}
