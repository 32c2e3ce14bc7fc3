package casework_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
)

// secret is a confidential request with an officer beside it who is cleared and has no part in it.
func secret(t *testing.T) (s *caseworktest.Scene, c *models.Case, outsider models.Actor) {
	t.Helper()
	s = caseworktest.New(t)
	c, _, _ = s.Given(caseworktest.Request())
	c = classed(t, s, c, models.Confidential)
	return s, c, s.AddPlain("luar@dinas.test", models.Agent, "dinas", models.Confidential)
}

func classed(t *testing.T, s *caseworktest.Scene, c *models.Case, class models.Class) *models.Case {
	t.Helper()
	c, err := s.Classify(s.Ctx, s.As("officer"), c.Reference, casework.ClassifyInput{Version: c.Version, Classification: class, Exemption: "h", Reason: "Rahasia pribadi"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// current is the case as it stands.
func current(s *caseworktest.Scene, ref string) *models.Case {
	s.T.Helper()
	c, err := s.Store.Read(s.Ctx).CaseByReference(ref)
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// sees says whether an actor has the case by its page, in a list, and by its receipts: the same
// in each.
func sees(s *caseworktest.Scene, a models.Actor, ref string) bool {
	s.T.Helper()
	_, err := s.Case(s.Ctx, a, ref)
	page, err2 := s.Queue(s.Ctx, a, casework.QueueInput{Queue: "all", Limit: 100})
	if err2 != nil {
		s.T.Fatal(err2)
	}
	listed := slices.ContainsFunc(page.Rows, func(r store.QueueRow) bool { return r.Reference == ref })
	_, proofs := s.Receipts(s.Ctx, a, ref)
	if (err == nil) != listed || (proofs == nil) != listed {
		s.T.Fatalf("page %v, listed %v, receipts %v", err, listed, proofs)
	}
	if err != nil && models.KindOf(err) != models.NotFound {
		s.T.Fatal(err)
	}
	return listed
}

// kinds are the kinds of event of a case that an actor wrote.
func kinds(s *caseworktest.Scene, c *models.Case, a models.Actor) (out []string) {
	s.T.Helper()
	events, _, err := s.Store.Read(s.Ctx).Events(store.EventFilter{CaseID: &c.ID}, "", 500)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, e := range events {
		if e.ActorID != nil && *e.ActorID == a.OfficerID {
			out = append(out, e.Kind)
		}
	}
	return out
}

func TestGrantOpensUntilItsInstant(t *testing.T) {
	s, c, out := secret(t)
	if sees(s, out, c.Reference) {
		t.Fatal("seen without a part in it")
	}
	in := casework.GrantInput{Version: c.Version, Officer: "LUAR@dinas.test", Until: "2026-01-09", Reason: "Membantu menelaah"}
	c, err := s.Grant(s.Ctx, s.As("officer"), c.Reference, in)
	if err != nil {
		t.Fatal(err)
	}
	if !sees(s, out, c.Reference) {
		t.Fatal("a grant opens nothing")
	}
	// Who is let in works on it as their role may.
	if _, err := s.Note(s.Ctx, out, c.Reference, casework.TextInput{Version: current(s, c.Reference).Version, Text: "Sudah saya telaah"}); err != nil {
		t.Error(err)
	}
	s.Set(time.Date(2026, 1, 9, 16, 59, 59, 0, time.UTC)) // the day's last second in Jakarta
	if !sees(s, out, c.Reference) {
		t.Error("closed before its end")
	}
	s.Pass(time.Second)
	if sees(s, out, c.Reference) {
		t.Error("an expired grant opens")
	}
	if _, err := s.Note(s.Ctx, out, c.Reference, casework.TextInput{Version: current(s, c.Reference).Version, Text: "x"}); models.KindOf(err) != models.NotFound {
		t.Error(err)
	}
	// The page of who answers for it says who was let in.
	v, err := s.Case(s.Ctx, s.As("officer"), c.Reference)
	if err != nil || len(v.Grants) != 1 || v.Grants[0].Live || v.Grants[0].Officer != "luar@dinas.test" {
		t.Errorf("%+v %v", v, err)
	}
	s.Check()
}

func TestRevokedAtOnce(t *testing.T) {
	s, c, out := secret(t)
	boss := s.As("officer")
	c, err := s.Grant(s.Ctx, boss, c.Reference, casework.GrantInput{Version: c.Version, Officer: "luar@dinas.test", Until: "2026-02-01", Reason: "Membantu"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Case(s.Ctx, boss, c.Reference)
	if err != nil {
		t.Fatal(err)
	}
	id := v.Grants[0].ID
	_, err = s.Revoke(s.Ctx, boss, c.Reference, id, casework.TextInput{Version: c.Version})
	wantsField(t, err, "reason", "required")
	// Whoever was let in does not let in, nor out.
	if _, err := s.Revoke(s.Ctx, out, c.Reference, id, casework.TextInput{Version: c.Version, Text: "x"}); models.KindOf(err) != models.Forbidden {
		t.Error(err)
	}
	if c, err = s.Revoke(s.Ctx, boss, c.Reference, id, casework.TextInput{Version: c.Version, Text: "Selesai"}); err != nil {
		t.Fatal(err)
	}
	if sees(s, out, c.Reference) {
		t.Error("a revoked grant opens")
	}
	if _, err := s.Revoke(s.Ctx, boss, c.Reference, id, casework.TextInput{Version: c.Version, Text: "Lagi"}); models.CodeOf(err) != "grant_over" {
		t.Error(err)
	}
	other, _, _ := s.Given(caseworktest.Request())
	if _, err := s.Revoke(s.Ctx, boss, other.Reference, id, casework.TextInput{Version: other.Version, Text: "x"}); models.KindOf(err) != models.NotFound {
		t.Error("a grant is ended through another case:", err)
	}
	s.Check()
}

func TestGrantRefusals(t *testing.T) {
	s, c, _ := secret(t)
	s.AddPlain("rendah@dinas.test", models.Agent, "dinas", models.Restricted)
	s.AddDinas("tetangga")
	s.AddPlain("pergi@dinas.test", models.Agent, "dinas", models.Confidential)
	if err := s.DisableOfficer(s.Ctx, models.System, "pergi@dinas.test"); err != nil {
		t.Fatal(err)
	}
	boss := s.As("officer")
	good := casework.GrantInput{Version: c.Version, Officer: "luar@dinas.test", Until: "2026-01-31", Reason: "Membantu"}
	for _, x := range []struct {
		name, field, code string
		change            func(*casework.GrantInput)
	}{
		{"not cleared", "officer", "officer_not_cleared", func(in *casework.GrantInput) { in.Officer = "rendah@dinas.test" }},
		{"another body's", "officer", "officer_not_of_body", func(in *casework.GrantInput) { in.Officer = "agent@tetangga.test" }},
		{"auditor", "officer", "officer_not_of_body", func(in *casework.GrantInput) { in.Officer = "auditor@dinas.test" }},
		{"disabled", "officer", "officer_not_of_body", func(in *casework.GrantInput) { in.Officer = "pergi@dinas.test" }},
		{"nobody", "officer", "officer_unknown", func(in *casework.GrantInput) { in.Officer = "siapa@dinas.test" }},
		{"not said", "officer", "required", func(in *casework.GrantInput) { in.Officer = "" }},
		{"sees it already", "officer", "officer_sees_it", func(in *casework.GrantInput) { in.Officer = "officer@dinas.test" }},
		{"no end", "until", "required", func(in *casework.GrantInput) { in.Until = "" }},
		{"no day", "until", "date", func(in *casework.GrantInput) { in.Until = "besok" }},
		{"ended already", "until", "date_past", func(in *casework.GrantInput) { in.Until = "2026-01-06" }},
		{"for ever", "until", "grant_too_long", func(in *casework.GrantInput) { in.Until = "2028-01-06" }},
		{"no reason", "reason", "required", func(in *casework.GrantInput) { in.Reason = " " }},
	} {
		t.Run(x.name, func(t *testing.T) {
			in := good
			x.change(&in)
			_, err := s.Grant(s.Ctx, boss, c.Reference, in)
			wantsField(t, err, x.field, x.code)
		})
	}
	if now := current(s, c.Reference); now.Version != c.Version {
		t.Error("a refusal changed the case")
	}
	if _, err := s.Grant(s.Ctx, s.As("unit_head"), c.Reference, good); models.KindOf(err) != models.Forbidden {
		t.Error("a unit head lets in:", err)
	}
	in := good
	in.Version--
	if _, err := s.Grant(s.Ctx, boss, c.Reference, in); models.CodeOf(err) != "stale" {
		t.Error(err)
	}
	public, _, _ := s.Given(caseworktest.Complaint())
	in = good
	in.Version = public.Version
	if _, err := s.Grant(s.Ctx, boss, public.Reference, in); models.CodeOf(err) != "grant_needless" {
		t.Error(err)
	}
	s.Check()
}

const urgent = "Ancaman keselamatan pelapor malam ini."

func TestEmergency(t *testing.T) {
	s, c, out := secret(t)
	if _, err := s.Emergency(s.Ctx, out, strings.ToLower(c.Reference), urgent); err != nil {
		t.Fatal(err)
	}
	if !sees(s, out, c.Reference) {
		t.Fatal("an emergency opens nothing")
	}
	if got := kinds(s, c, out); !slices.Equal(got[:2], []string{"access.emergency", "case.viewed"}) {
		t.Errorf("events %v", got)
	}
	// The superior is told, without the case, and must look into it; not who took it.
	due, err := s.Store.Read(s.Ctx).DueOutgoing(s.Now(), 100)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, o := range due {
		if o.Kind == casework.EmergencyLetter {
			told++
			if o.To != "superior@dinas.test" || o.CaseID != nil || strings.Contains(o.Data, c.Reference) {
				t.Errorf("letter %+v", o)
			}
		}
	}
	if told != 1 {
		t.Errorf("%d letters", told)
	}
	boss := s.As("superior")
	list, _, err := s.Emergencies(s.Ctx, boss, 0)
	if err != nil || len(list) != 1 || list[0].Reference != c.Reference || list[0].Reason != urgent || list[0].Officer != out.Name {
		t.Fatalf("%+v %v", list, err)
	}
	if !sees(s, boss, c.Reference) {
		t.Error("the superior cannot look into it")
	}
	if err := s.Acknowledge(s.Ctx, out, list[0].ID, "Beres"); models.KindOf(err) != models.Forbidden {
		t.Error("acknowledged by an agent:", err)
	}
	wantsField(t, s.Acknowledge(s.Ctx, boss, list[0].ID, ""), "note", "required")
	if err := s.Acknowledge(s.Ctx, boss, list[0].ID, "Beralasan"); err != nil {
		t.Fatal(err)
	}
	if err := s.Acknowledge(s.Ctx, s.As("officer"), list[0].ID, "Lagi"); models.CodeOf(err) != "emergency_seen" {
		t.Error(err)
	}
	if list, _, err = s.Emergencies(s.Ctx, boss, 0); err != nil || len(list) != 0 {
		t.Errorf("still waits: %v %v", list, err)
	}
	s.Pass(models.EmergencyFor - time.Second)
	if !sees(s, out, c.Reference) {
		t.Error("closed too early")
	}
	s.Pass(time.Second)
	if sees(s, out, c.Reference) {
		t.Error("an emergency lasts on")
	}
	s.Check()
}

// A superior's own emergency is for another to acknowledge; who is not cleared is told that there
// is one, and of what officer, and no more.
func TestEmergencyOfASuperior(t *testing.T) {
	s, c, _ := secret(t)
	boss := s.As("superior")
	s.AddPlain("atasan2@dinas.test", models.Superior, "dinas", models.Restricted)
	if _, err := s.Emergency(s.Ctx, boss, c.Reference, urgent); err != nil {
		t.Fatal(err)
	}
	list, _, err := s.Emergencies(s.Ctx, boss, 0)
	if err != nil || len(list) != 1 || !list[0].Own {
		t.Fatalf("%+v %v", list, err)
	}
	if err := s.Acknowledge(s.Ctx, boss, list[0].ID, "Saya sendiri"); models.CodeOf(err) != "own_emergency" {
		t.Error(err)
	}
	second := s.As("atasan2@dinas.test")
	if list, _, err = s.Emergencies(s.Ctx, second, 0); err != nil || len(list) != 1 || list[0].Reference != "" || list[0].Reason != "" {
		t.Errorf("%+v %v", list, err)
	}
	if err := s.Acknowledge(s.Ctx, second, list[0].ID, "Tidak bisa baca"); models.KindOf(err) != models.Forbidden {
		t.Error(err)
	}
	if sees(s, second, c.Reference) {
		t.Error("an uncleared superior sees the case")
	}
	if err := s.Acknowledge(s.Ctx, s.As("officer"), list[0].ID, "Sudah dilihat"); err != nil {
		t.Error(err)
	}
	s.Check()
}

// A reference of nothing, one of another body, one above the clearance: the same answer, each an
// event, and after so many no more are answered.
func TestEmergencyTellsNothing(t *testing.T) {
	s, c, out := secret(t)
	low := s.AddPlain("rendah@dinas.test", models.Agent, "dinas", models.Restricted)
	s.AddDinas("tetangga")
	neighbour := s.As("agent@tetangga.test")
	var answers []string
	for _, x := range []struct {
		a   models.Actor
		ref string
	}{{low, c.Reference}, {low, models.NewReference()}, {neighbour, c.Reference}, {neighbour, models.NewReference()}} {
		_, err := s.Emergency(s.Ctx, x.a, x.ref, urgent)
		answers = append(answers, err.Error())
		if models.KindOf(err) != models.NotFound || sees(s, x.a, c.Reference) {
			t.Errorf("%v", err)
		}
	}
	if len(slices.Compact(answers)) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	admin := s.As("admin@terang.test")
	rows, _, err := s.Events(s.Ctx, admin, casework.EventInput{Kind: "officer.emergency_refused", Limit: 100})
	if err != nil || len(rows) != 4 || rows[0].Reference+rows[0].Reason != "" {
		t.Errorf("%d tries on record for the administration: %v", len(rows), err)
	}
	if got := kinds(s, c, low); !slices.Equal(got, []string{"access.refused"}) {
		t.Errorf("the case's own history: %v", got)
	}
	// What does not make a try at all says what is missing, whatever the reference.
	_, err = s.Emergency(s.Ctx, out, c.Reference, "mendesak")
	wantsField(t, err, "reason", "too_short")
	_, err = s.Emergency(s.Ctx, out, "", urgent)
	wantsField(t, err, "reference", "required")
	_, err = s.Emergency(s.Ctx, out, "x", urgent)
	wantsField(t, err, "reference", "not_a_reference")
	for _, role := range []string{"auditor", "admin@terang.test"} {
		if _, err := s.Emergency(s.Ctx, s.As(role), c.Reference, urgent); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s: %v", role, err)
		}
	}
	for range 20 {
		if _, err = s.Emergency(s.Ctx, low, models.NewReference(), urgent); models.KindOf(err) == models.RateLimited {
			break
		}
	}
	if models.KindOf(err) != models.RateLimited {
		t.Error("references can be tried for ever")
	}
	if _, err := s.Emergency(s.Ctx, out, c.Reference, urgent); err != nil {
		t.Error("one officer's tries shut out another:", err)
	}
	// Who sees it already breaks nothing.
	if _, err := s.Emergency(s.Ctx, s.As("officer"), c.Reference, urgent); err != nil || slices.Contains(kinds(s, c, s.As("officer")), "access.emergency") {
		t.Error(err)
	}
	s.Check()
}

// One annex is confidential, its case public: everybody works on the case, the annex is for few.
func TestOneConfidentialAnnex(t *testing.T) {
	s := caseworktest.New(t)
	c, requester, _ := s.Given(caseworktest.Request())
	boss, head := s.As("officer"), s.As("unit_head")
	out := s.AddPlain("luar@dinas.test", models.Agent, "dinas", models.Confidential)
	annex, err := s.Attach(s.Ctx, boss, c.Reference, casework.Upload{Name: "denah-rahasia.txt", Data: strings.NewReader("denah")})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Attach(s.Ctx, boss, c.Reference, casework.Upload{Name: "jawaban.txt", Data: strings.NewReader("jawaban")})
	if err != nil {
		t.Fatal(err)
	}
	class := func(a models.Actor, class models.Class, ground, until string) error {
		_, err := s.Classify(s.Ctx, a, c.Reference, casework.ClassifyInput{
			Version: current(s, c.Reference).Version, Classification: class, Exemption: ground, Reason: "Pertahanan", Attachment: annex.ID, Until: until})
		return err
	}
	wantsField(t, class(boss, models.Confidential, "", ""), "exemption", "required")
	wantsField(t, class(boss, models.Confidential, "tidak-ada", ""), "exemption", "exemption_unknown")
	if err := class(boss, models.Confidential, "c", "2026-03-02"); err != nil {
		t.Fatal(err)
	}
	names := func(a models.Actor) (open, shut string) {
		v, err := s.Case(s.Ctx, a, c.Reference)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range v.Attachments {
			open += d.Name + " "
		}
		for _, d := range v.Withheld {
			shut += d.Name + d.Ground + " "
		}
		return open, shut
	}
	for _, x := range []struct {
		a          models.Actor
		open, shut string
	}{
		{boss, "denah-rahasia.txt jawaban.txt ", ""},
		{s.As("auditor"), "denah-rahasia.txt jawaban.txt ", ""},
		{out, "jawaban.txt ", "c "}, // cleared, with no part in it
		{head, "jawaban.txt ", "c "},
		{requester, "", ""}, // not answered yet
	} {
		if open, shut := names(x.a); open != x.open || shut != x.shut {
			t.Errorf("%s %s: opens %q, withheld %q", x.a.Kind, x.a.Role, open, shut)
		}
	}
	if _, _, err := s.Document(s.Ctx, out, c.Reference, annex.ID); models.KindOf(err) != models.NotFound {
		t.Error("the annex opens:", err)
	}
	// Who may not open it neither lowers it nor gives it out, and is told nothing of it.
	lower := s.AddPlain("ppid2@dinas.test", models.InfoOfficer, "dinas", models.Restricted)
	if err := class(lower, models.Public, "", ""); models.CodeOf(err) != "attachment_not_found" {
		t.Error(err)
	}
	decide := casework.DecideInput{Version: current(s, c.Reference).Version, Outcome: models.Granted, Text: "Diberikan.", Release: []int64{answer.ID, annex.ID}}
	if _, err := s.Decide(s.Ctx, lower, c.Reference, decide); models.CodeOf(err) != "attachment_not_found" {
		t.Error(err)
	}
	_, err = s.Decide(s.Ctx, boss, c.Reference, decide)
	wantsField(t, err, "release", "document_not_public")
	// Releasing it is a lowering: two people.
	if err := class(boss, models.Public, "", ""); err != nil {
		t.Fatal(err)
	}
	if open, _ := names(out); strings.Contains(open, "denah") {
		t.Error("one person released it")
	}
	if err := class(boss, models.Public, "", ""); models.CodeOf(err) != "second_person_needed" {
		t.Error("the same person twice:", err)
	}
	if err := class(boss, models.Confidential, "c", "2026-03-02"); err != nil { // thought better of it
		t.Fatal(err)
	}
	// A grant reaches the annex.
	if _, err := s.Grant(s.Ctx, boss, c.Reference, casework.GrantInput{Version: current(s, c.Reference).Version, Officer: "luar@dinas.test", Until: "2026-01-08", Reason: "Menelaah denah"}); err != nil {
		t.Fatal(err)
	}
	if open, _ := names(out); open != "denah-rahasia.txt jawaban.txt " {
		t.Errorf("let in, and opens %q", open)
	}
	decide.Version, decide.Release = current(s, c.Reference).Version, []int64{answer.ID}
	if _, err := s.Decide(s.Ctx, boss, c.Reference, decide); err != nil {
		t.Fatal(err)
	}
	if open, shut := names(requester); open != "jawaban.txt " || shut != "c " {
		t.Errorf("the requester opens %q, is told %q", open, shut)
	}
	// Its exemption ends on a day of its own; then it opens, and is not thereby given.
	s.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
		t.Fatal(err)
	}
	if open, _ := names(head); strings.Contains(open, "denah") {
		t.Error("open on its last day")
	}
	s.Set(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)) // 3 March in Jakarta
	for range 2 {
		if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if open, _ := names(head); open != "denah-rahasia.txt jawaban.txt " {
		t.Errorf("past its end the head opens %q", open)
	}
	if open, shut := names(requester); open != "jawaban.txt " || shut != "" {
		t.Errorf("past its end the requester opens %q, is told %q", open, shut)
	}
	events, _, err := s.Store.Read(s.Ctx).Events(store.EventFilter{CaseID: &c.ID, Kind: "document.expired"}, "", 10)
	if err != nil || len(events) != 1 {
		t.Errorf("%d expiries on record: %v", len(events), err)
	}
	s.Check()
}

// What came into a classified case is withheld under its ground after the case is lowered.
func TestDocumentsKeepTheGroundTheyCameUnder(t *testing.T) {
	s, c, _ := secret(t)
	boss := s.As("officer")
	if _, err := s.Attach(s.Ctx, boss, c.Reference, casework.Upload{Name: "saksi.txt", Data: strings.NewReader("saksi")}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"officer", "superior2@dinas.test"} {
		if who != "officer" {
			s.AddPlain(who, models.Superior, "dinas", models.Confidential)
			if _, err := s.Grant(s.Ctx, boss, c.Reference, casework.GrantInput{Version: current(s, c.Reference).Version, Officer: who, Until: "2026-01-30", Reason: "Orang kedua"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Classify(s.Ctx, s.As(who), c.Reference, casework.ClassifyInput{Version: current(s, c.Reference).Version, Classification: models.Public, Reason: "Penyidikan selesai"}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := s.Case(s.Ctx, s.As("agent"), c.Reference)
	if err != nil || v.Case.Classification != models.Public || len(v.Withheld) != 1 || v.Withheld[0].Ground != "h" {
		t.Errorf("%+v %v", v, err)
	}
	s.Check()
}

// The second person is another one, and where the law asks, none who depends on the first.
func TestSecondPersonIsIndependent(t *testing.T) {
	s, c, _ := secret(t)
	s.AddPlain("atasan@dinas.test", models.Superior, "dinas", models.Confidential)
	boss, officer := s.As("atasan@dinas.test"), s.As("officer")
	if _, err := s.Grant(s.Ctx, officer, c.Reference, casework.GrantInput{Version: c.Version, Officer: "atasan@dinas.test", Until: "2026-01-30", Reason: "Menurunkan klasifikasi"}); err != nil {
		t.Fatal(err)
	}
	lower := func(a models.Actor) error {
		_, err := s.Classify(s.Ctx, a, c.Reference, casework.ClassifyInput{Version: current(s, c.Reference).Version, Classification: models.Public, Reason: "Selesai"})
		return err
	}
	if err := lower(boss); err != nil {
		t.Fatal(err)
	}
	if err := lower(officer); models.CodeOf(err) != "second_person_subordinate" {
		t.Fatalf("a subordinate was the second person: %v", err)
	}
	if current(s, c.Reference).Classification != models.Confidential {
		t.Fatal("lowered all the same")
	}
	// The other way round nobody depends on who began.
	up := casework.ClassifyInput{Version: current(s, c.Reference).Version, Classification: models.Confidential, Exemption: "h", Reason: "Mulai lagi"}
	if _, err := s.Classify(s.Ctx, officer, c.Reference, up); err != nil {
		t.Fatal(err)
	}
	if err := lower(officer); err != nil {
		t.Fatal(err)
	}
	if err := lower(boss); err != nil {
		t.Fatal(err)
	}
	if current(s, c.Reference).Classification != models.Public {
		t.Error("two people could not lower it")
	}
	s.Check()
}

// Every door through which an officer reads a confidential matter leaves one event a reading.
func TestReadingIsOnRecord(t *testing.T) {
	s, c, _ := secret(t)
	boss := s.As("officer")
	doc, err := s.Attach(s.Ctx, boss, c.Reference, casework.Upload{Name: "a.txt", Data: strings.NewReader("isi")})
	if err != nil {
		t.Fatal(err)
	}
	head := s.AddPlain("ppid3@dinas.test", models.InfoOfficer, "dinas", models.Confidential) // has no event yet
	for _, x := range []struct {
		door string
		read func() error
		want []string
	}{
		{"page", func() error { _, err := s.Case(s.Ctx, head, c.Reference); return err }, []string{"case.viewed"}},
		{"form to assign", func() error {
			_, err := s.Case(s.Ctx, head, c.Reference)
			if err == nil {
				_, _, err = s.Assignable(s.Ctx, head, c.Reference)
			}
			return err
		}, []string{"case.viewed"}},
		{"document", func() error {
			_, f, err := s.Document(s.Ctx, head, c.Reference, doc.ID)
			if err == nil {
				err = f.Close()
			}
			return err
		}, []string{"document.viewed"}},
		{"dossier", func() error {
			return s.Dossier(s.Ctx, head, c.Reference, casework.DossierInput{Page: func(context.Context, io.Writer, *casework.DossierView) error { return nil }}, io.Discard)
		}, []string{"dossier.made"}},
		{"receipt", func() error { _, err := s.Receipt(s.Ctx, head, c.Reference, 0); return err }, []string{"case.viewed"}},
	} {
		before := len(kinds(s, c, head))
		if err := x.read(); err != nil {
			t.Errorf("%s: %v", x.door, err)
		}
		if got := kinds(s, c, head)[before:]; !slices.Equal(got, x.want) {
			t.Errorf("%s leaves %v, want %v", x.door, got, x.want)
		}
	}
	public, _, _ := s.Given(caseworktest.Complaint())
	if _, err := s.Case(s.Ctx, head, public.Reference); err != nil || len(kinds(s, public, head)) > 0 {
		t.Errorf("reading a public case is an event: %v", err)
	}
	s.Check()
}

// A case that was opened a thousand times still shows what came of it, and proves it.
func TestManyLooksHideNothing(t *testing.T) {
	s := caseworktest.New(t)
	c, requester, _ := s.Given(caseworktest.Request())
	c = classed(t, s, c, models.Confidential)
	for range 2 {
		looks := make([]models.Event, 500)
		for i := range looks {
			looks[i] = models.Event{Time: s.Now(), Kind: "case.viewed", CaseID: &c.ID, Reference: c.Reference, Classification: models.Confidential, State: c.State}
		}
		if err := s.Store.WithTx(s.Ctx, func(tx *store.Tx) error { return tx.AppendAll(looks) }); err != nil {
			t.Fatal(err)
		}
	}
	officer := s.As("officer")
	must[*models.Case](t)(s.Decide(s.Ctx, officer, c.Reference, casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Terlampir."}))
	if err := s.Sequence(s.Ctx); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]models.Actor{"requester": requester, "officer": officer, "auditor": s.AddPlain("auditor9@dinas.test", models.Auditor, "dinas", models.Confidential)} {
		v := must[*casework.CaseView](t)(s.Case(s.Ctx, a, c.Reference))
		if !slices.ContainsFunc(v.Timeline, func(e models.Event) bool { return e.Kind == "case.answered" }) {
			t.Errorf("%s: the answer is not among %d events", name, len(v.Timeline))
		}
		proofs := must[[]casework.Provable](t)(s.Receipts(s.Ctx, a, c.Reference))
		if !slices.ContainsFunc(proofs, func(p casework.Provable) bool { return p.Kind == "case.answered" }) {
			t.Errorf("%s: no receipt of the answer among %d", name, len(proofs))
		}
	}
	s.Check()
}
