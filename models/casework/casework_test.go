package casework_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
	"terang/models/store"
	"terang/models/store/storetest"
	"terang/models/trail"
	"terang/policies"
)

// wants fails unless err is of the kind and code.
func wants(t *testing.T, err error, kind models.ErrorKind, code string) {
	t.Helper()
	if models.KindOf(err) != kind || models.CodeOf(err) != code {
		t.Errorf("got %v, want code %q", err, code)
	}
}

// wantsField fails unless err refuses the field with the code.
func wantsField(t *testing.T, err error, field, code string) {
	t.Helper()
	if models.KindOf(err) != models.Invalid || !strings.Contains(err.Error(), field+": "+code) {
		t.Errorf("got %v, want %s: %s", err, field, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestFiledRequestIsDueAfterTenWorkingDays(t *testing.T) {
	s := ct.New(t)
	f, err := s.File(s.Ctx, ct.Anyone, ct.Request())
	if err != nil {
		t.Fatal(err)
	}
	// Received Wednesday 7 January 2026; 16 January is Isra Mikraj.
	if f.Case.Clock != "answer" || f.Case.DueOn != "2026-01-22" {
		t.Errorf("due %s under %s", f.Case.DueOn, f.Case.Clock)
	}
	if len(f.Deadline.Days) == 0 || len(f.Deadline.Basis) == 0 {
		t.Error("the date comes without its reasons")
	}
	if f.Case.State != models.StateRegistered || f.Case.Classification != models.Public {
		t.Errorf("state %s class %s", f.Case.State, f.Case.Classification)
	}
	a, c, err := s.Unlock(s.Ctx, strings.ToLower(strings.ReplaceAll(f.Case.Reference, "-", " ")), f.Key, "test")
	if err != nil || c.ID != f.Case.ID || a.CaseID != c.ID {
		t.Errorf("its own key does not open it: %v", err)
	}
	s.Check()
}

func TestFilingRefusesAtTheField(t *testing.T) {
	s := ct.New(t)
	tests := []struct {
		name, field, code string
		change            func(*casework.FileInput)
	}{
		{"no kind", "kind", "required", func(in *casework.FileInput) { in.Kind = "" }},
		{"an objection is not filed", "kind", "not_a_choice", func(in *casework.FileInput) { in.Kind = models.Objection }},
		{"no body", "body", "required", func(in *casework.FileInput) { in.Body = "" }},
		{"unknown body", "body", "body_unknown", func(in *casework.FileInput) { in.Body = "tidak-ada" }},
		{"no name on an information request", "name", "required", func(in *casework.FileInput) { in.Requester.Name = " " }},
		{"no purpose on an information request", "purpose", "required", func(in *casework.FileInput) { in.Purpose = "" }},
		{"no way to answer", "email", "required", func(in *casework.FileInput) {
			in.Requester.Email, in.Requester.Phone, in.Requester.Address = "", "", ""
		}},
		{"anonymous information request", "anonymity", "anonymity_not_allowed", func(in *casework.FileInput) { in.Anonymity = models.Anonymous }},
		{"text over its limit", "text", "too_long", func(in *casework.FileInput) { in.Text = strings.Repeat("é", models.MaxText+1) }},
		{"invalid UTF-8", "subject", "not_utf8", func(in *casework.FileInput) { in.Subject = "a\xffb" }},
		{"a NUL byte", "text", "control_character", func(in *casework.FileInput) { in.Text = "a\x00b" }},
		{"not an address", "email", "not_an_email", func(in *casework.FileInput) { in.Requester.Email = "siti@" }},
		{"not a phone", "phone", "not_a_phone", func(in *casework.FileInput) { in.Requester.Phone = "telepon saya" }},
		{"a dangerous file", "attachments", "file_type_refused", func(in *casework.FileInput) {
			in.Uploads = []casework.Upload{{Name: "foto.jpg", Data: strings.NewReader("<html><script>alert(1)</script></html>")}}
		}},
		{"an empty file", "attachments", "file_empty", func(in *casework.FileInput) {
			in.Uploads = []casework.Upload{{Name: "a.txt", Data: strings.NewReader("")}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := ct.Request()
			tt.change(&in)
			_, err := s.File(s.Ctx, ct.Anyone, in)
			wantsField(t, err, tt.field, tt.code)
		})
	}
	q, err := s.Queue(s.Ctx, s.As("officer"), casework.QueueInput{Queue: "all"})
	if err != nil || len(q.Rows) != 0 || s.Files.Count() != 0 {
		t.Errorf("something was stored: %d cases, %d files (%v)", len(q.Rows), s.Files.Count(), err)
	}
}

func TestTextAtItsLimitIsKeptWhole(t *testing.T) {
	s := ct.New(t)
	in := ct.Request()
	in.Text = strings.Repeat("é", models.MaxText)
	c, a, _ := s.Given(in)
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, a, c.Reference))
	if v.Case.Text != in.Text {
		t.Error("the text came back changed")
	}
}

func TestAnonymousComplaintKeepsNoName(t *testing.T) {
	s := ct.New(t)
	in := ct.Complaint()
	in.Anonymity = models.Anonymous
	c, _, _ := s.Given(in)
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, s.As("officer"), c.Reference))
	if c.RequesterID != nil || v.Requester != nil || v.NameHidden {
		t.Error("a requester was stored")
	}
	if c.Clock != "complaint_decision" {
		t.Errorf("a complaint is judged by %s", c.Clock)
	}
	s.Check()
}

func TestHiddenNameIsForThoseWhoNeedIt(t *testing.T) {
	s := ct.New(t)
	in := ct.Request()
	in.Anonymity = models.Hidden
	c, _, _ := s.Given(in)
	for role, sees := range map[string]bool{"agent": false, "unit_head": false, "officer": true, "superior": true, "auditor": false} {
		v := must[*casework.CaseView](t)(s.Case(s.Ctx, s.As(role), c.Reference))
		if (v.Requester != nil) != sees || v.NameHidden == sees {
			t.Errorf("%s: sees the name: %v", role, v.Requester != nil)
		}
	}
}

func TestRetriedFilingGivesTheFirstAnswer(t *testing.T) {
	s := ct.New(t)
	in := ct.Request()
	in.IdempotencyKey, in.Scope = "k1", "203.0.113.5"
	first := must[casework.Filed](t)(s.File(s.Ctx, ct.Anyone, in))
	again := must[casework.Filed](t)(s.File(s.Ctx, ct.Anyone, in))
	if again.Case.Reference != first.Case.Reference || again.Key != first.Key || !again.Replayed {
		t.Errorf("got %s %s, first %s %s", again.Case.Reference, again.Key, first.Case.Reference, first.Key)
	}
	if _, _, err := s.Unlock(s.Ctx, again.Case.Reference, again.Key, "x"); err != nil {
		t.Error("the key given again does not open the case")
	}
	in.Subject = "Lain"
	_, err := s.File(s.Ctx, ct.Anyone, in)
	wants(t, err, models.Conflict, "idempotency_key_reused")
	in.Scope = "203.0.113.6"
	if other := must[casework.Filed](t)(s.File(s.Ctx, ct.Anyone, in)); other.Case.Reference == first.Case.Reference {
		t.Error("another's key gave this one's answer")
	}
}

func TestWrongKeyIsNotFoundAndThrottled(t *testing.T) {
	s := ct.New(t)
	c, _, key := s.Given(ct.Request())
	other, _, otherKey := s.Given(ct.Request())
	_, _, err := s.Unlock(s.Ctx, c.Reference, otherKey, "a")
	wants(t, err, models.NotFound, "reference_or_key_wrong")
	_, _, err = s.Unlock(s.Ctx, "22-2222-2222", otherKey, "a")
	wants(t, err, models.NotFound, "reference_or_key_wrong")
	for range 9 {
		s.Unlock(s.Ctx, c.Reference, models.NewKey(), "a")
	}
	_, _, err = s.Unlock(s.Ctx, c.Reference, key, "b")
	wants(t, err, models.RateLimited, "too_many_tries")
	if _, _, err := s.Unlock(s.Ctx, other.Reference, otherKey, "a"); err != nil {
		t.Errorf("others behind the same address are throttled after ten tries: %v", err)
	}
	for range 40 {
		s.Unlock(s.Ctx, models.NewReference(), otherKey, "a")
	}
	_, _, err = s.Unlock(s.Ctx, other.Reference, otherKey, "a")
	wants(t, err, models.RateLimited, "too_many_tries")
	s.Pass(16 * time.Minute)
	if _, _, err := s.Unlock(s.Ctx, other.Reference, otherKey, "a"); err != nil {
		t.Errorf("still throttled after the window: %v", err)
	}
}

func TestOfficerTakesAnswersAndPublishes(t *testing.T) {
	s := ct.New(t)
	c, req, _ := s.Given(ct.Request())
	o := s.As("officer")
	c = must[*models.Case](t)(s.Assign(s.Ctx, o, c.Reference, casework.AssignInput{Version: c.Version, Officer: "Officer@dinas.test"}))
	if c.State != models.StateInReview || c.OfficerID == nil {
		t.Fatalf("state %s", c.State)
	}
	_, err := s.Decide(s.Ctx, o, c.Reference, casework.DecideInput{Version: c.Version - 1, Outcome: models.Granted, Text: "x"})
	wants(t, err, models.Conflict, "stale")
	c = must[*models.Case](t)(s.Decide(s.Ctx, o, c.Reference, casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Terlampir."}))
	if c.State != models.StateDecided || c.StandingAt(s.Now()) != models.Answered {
		t.Errorf("state %s standing %s", c.State, c.StandingAt(s.Now()))
	}
	_, err = s.Publish(s.Ctx, o, c.Reference, casework.PublishInput{Version: c.Version})
	wantsField(t, err, "summary", "required")
	c = must[*models.Case](t)(s.Publish(s.Ctx, o, c.Reference, casework.PublishInput{Version: c.Version, Summary: "Rencana anggaran jalan."}))
	list, _, err := s.Disclosures(s.Ctx, "anggaran", "", "", 10)
	if err != nil || len(list) != 1 || list[0].Reference != c.Reference {
		t.Errorf("not in the disclosure log: %v %v", list, err)
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if len(v.Decisions) != 1 || v.Decisions[0].ObjectBy == "" || !v.Objection.Open {
		t.Error("the requester is not told how to object")
	}
	// What is classified afterwards cannot stay published.
	c = must[*models.Case](t)(s.Classify(s.Ctx, o, c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Restricted, Exemption: "b", Reason: "Ada rahasia dagang"}))
	if list, _, _ := s.Disclosures(s.Ctx, "", "", "", 10); len(list) != 0 || c.PublishedAt != nil {
		t.Error("a restricted case is still published")
	}
	s.Check()
}

func TestRefusingNeedsArticleAndConsequenceTest(t *testing.T) {
	s := ct.New(t)
	c, _, _ := s.Given(ct.Request())
	o := s.As("officer")
	bare := casework.DecideInput{Version: c.Version, Outcome: models.Refused, Text: "Ditolak."}
	_, err := s.Decide(s.Ctx, o, c.Reference, bare)
	for field, code := range map[string]string{"exemptions": "required", "consequence_test.consequence_open": "required", "consequence_test.consequence_closed": "required"} {
		wantsField(t, err, field, code)
	}
	bad := ct.Refusal(c.Version)
	bad.Exemptions = []string{"z"}
	_, err = s.Decide(s.Ctx, o, c.Reference, bad)
	wantsField(t, err, "exemptions", "exemption_unknown")
	odd := ct.Refusal(c.Version)
	odd.Test["warna"] = "biru"
	_, err = s.Decide(s.Ctx, o, c.Reference, odd)
	wantsField(t, err, "consequence_test.warna", "field_unknown")
	part := ct.Refusal(c.Version)
	part.Outcome, part.Test["information"] = models.GrantedInPart, ""
	_, err = s.Decide(s.Ctx, o, c.Reference, part)
	wantsField(t, err, "withheld", "required")
	for _, role := range []string{"agent", "unit_head"} {
		if _, err := s.Decide(s.Ctx, s.As(role), c.Reference, ct.Refusal(c.Version)); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s may refuse: %v", role, err)
		}
	}
	c = must[*models.Case](t)(s.Decide(s.Ctx, o, c.Reference, ct.Refusal(c.Version)))
	if c.Outcome != models.Refused {
		t.Error(c.Outcome)
	}
	s.Check()
}

func TestExtensionOnceBeforeDueWithReasons(t *testing.T) {
	s := ct.New(t)
	c, _, _ := s.Given(ct.Request())
	o := s.As("officer")
	_, err := s.Extend(s.Ctx, o, c.Reference, casework.TextInput{Version: c.Version})
	wantsField(t, err, "reason", "required")
	c = must[*models.Case](t)(s.Extend(s.Ctx, o, c.Reference, casework.TextInput{Version: c.Version, Text: "Belum dikuasai"}))
	if c.DueOn != "2026-02-02" {
		t.Errorf("extended to %s", c.DueOn)
	}
	_, err = s.Extend(s.Ctx, o, c.Reference, casework.TextInput{Version: c.Version, Text: "Lagi"})
	wants(t, err, models.Conflict, "already_extended")
	late, _, _ := s.Given(ct.Request())
	s.Pass(60 * 24 * time.Hour)
	_, err = s.Extend(s.Ctx, o, late.Reference, casework.TextInput{Version: late.Version, Text: "Terlambat"})
	wants(t, err, models.Conflict, "too_late_to_extend")
	s.Check()
}

func TestClarificationGoesAndComesBackWithoutStoppingTheClock(t *testing.T) {
	s := ct.New(t)
	c, req, _ := s.Given(ct.Request())
	due := c.DueOn
	c = must[*models.Case](t)(s.AskClarification(s.Ctx, s.As("agent"), c.Reference, casework.TextInput{Version: c.Version, Text: "Tahun berapa?"}))
	if c.State != models.StateAwaitingClarification || c.DueOn != due {
		t.Errorf("state %s due %s", c.State, c.DueOn)
	}
	c = must[*models.Case](t)(s.Say(s.Ctx, req, c.Reference, casework.TextInput{Text: "Tahun 2025."}))
	if c.State != models.StateInReview {
		t.Errorf("state %s after the reply", c.State)
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if len(v.Messages) != 2 || v.Messages[0].Author != "" {
		t.Errorf("%+v", v.Messages)
	}
	s.Check()
}

// classified gives a case of a class, by an officer's hand.
func classified(t *testing.T, s *ct.Scene, in casework.FileInput, class models.Class) (*models.Case, models.Actor) {
	t.Helper()
	c, req, _ := s.Given(in)
	if c.Classification == class {
		return c, req
	}
	c = must[*models.Case](t)(s.Classify(s.Ctx, s.As("officer"), c.Reference, casework.ClassifyInput{Version: c.Version, Classification: class, Exemption: "a", Reason: "Uji"}))
	return c, req
}

func TestRestrictedClimbsByItselfAndTheTopsLapseIsTheBodysFailure(t *testing.T) {
	s := ct.New(t)
	c, req := classified(t, s, ct.Request(), models.Restricted)
	if c.State != models.StateEscalated || c.RungLevel != 1 || c.RungRole != models.Agent {
		t.Fatalf("state %s rung %d %s", c.State, c.RungLevel, c.RungRole)
	}
	// 8 working hours from Wednesday 10:00 end on Thursday at 10:00.
	if want := ct.Wednesday.Add(24 * time.Hour); !c.RungDueAt.Equal(want) {
		t.Errorf("rung due %s, want %s", c.RungDueAt, want)
	}
	s.Pass(24*time.Hour + time.Second)
	r := must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	if r.RungsLapsed != 1 {
		t.Fatalf("%+v", r)
	}
	if again := must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now())); again.RungsLapsed != 0 {
		t.Error("a second sweep moved it again")
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if v.Case.RungRole != models.UnitHead {
		t.Errorf("rung %s", v.Case.RungRole)
	}
	seen := false
	for _, e := range v.Timeline {
		seen = seen || e.Kind == "rung.lapsed" && e.Reason != ""
	}
	if !seen {
		t.Error("the requester does not see why it moved up")
	}
	s.Check()
	s.Pass(30 * 24 * time.Hour)
	r = must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	if r.RungsLapsed != 3 || r.ChainsFailed != 1 {
		t.Errorf("%+v", r)
	}
	v = must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if v.Case.State != models.StateInReview || !v.Objection.Open {
		t.Errorf("state %s, objection %+v", v.Case.State, v.Objection)
	}
	s.Check()
}

func TestHoldersActOnTheirRung(t *testing.T) {
	s := ct.New(t)
	c, _ := classified(t, s, ct.Request(), models.Restricted)
	step := func(who, action, why string) {
		t.Helper()
		c = must[*models.Case](t)(s.Escalate(s.Ctx, s.As(who), c.Reference, casework.EscalationInput{Version: c.Version, Action: action, Reason: why}))
		s.Check()
	}
	_, err := s.Escalate(s.Ctx, s.As("agent"), c.Reference, casework.EscalationInput{Version: c.Version, Action: "raise"})
	wantsField(t, err, "reason", "required")
	step("agent", "acknowledge", "")
	step("agent", "raise", "Di luar wewenang saya")
	if c.RungRole != models.UnitHead {
		t.Fatalf("rung %s", c.RungRole)
	}
	_, err = s.Escalate(s.Ctx, s.As("agent"), c.Reference, casework.EscalationInput{Version: c.Version, Action: "decide", Reason: "Saya saja"})
	wants(t, err, models.Forbidden, "not_your_rung")
	step("unit_head", "raise", "Perlu PPID")
	step("officer", "return", "Lengkapi dahulu")
	if c.RungRole != models.UnitHead {
		t.Fatalf("returned to %s", c.RungRole)
	}
	step("unit_head", "decide", "Boleh dibuka setelah disamarkan")
	if c.State != models.StateInReview || c.RungLevel != 0 {
		t.Errorf("state %s rung %d", c.State, c.RungLevel)
	}
	_, err = s.Escalate(s.Ctx, s.As("officer"), c.Reference, casework.EscalationInput{Version: c.Version, Action: "acknowledge"})
	if models.KindOf(err) != models.Conflict && models.KindOf(err) != models.Forbidden {
		t.Error(err)
	}
}

func TestARungsClockDoesNotWaitForAClarification(t *testing.T) {
	s := ct.New(t)
	c, req := classified(t, s, ct.Request(), models.Restricted)
	c = must[*models.Case](t)(s.AskClarification(s.Ctx, s.As("agent"), c.Reference, casework.TextInput{Version: c.Version, Text: "Tahun berapa?"}))
	s.Pass(25 * time.Hour)
	if r := must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now())); r.RungsLapsed != 1 {
		t.Fatalf("%+v", r)
	}
	c = must[*models.Case](t)(s.Say(s.Ctx, req, c.Reference, casework.TextInput{Text: "2025"}))
	if c.State != models.StateEscalated || c.RungRole != models.UnitHead {
		t.Errorf("%s %s", c.State, c.RungRole)
	}
	s.Check()
}

func TestARungNobodyHoldsIsSkipped(t *testing.T) {
	s := ct.New(t)
	for _, who := range []string{"agent@dinas.test", "unit_head@dinas.test"} {
		if err := s.DisableOfficer(s.Ctx, models.System, who); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := classified(t, s, ct.Request(), models.Restricted)
	if c.RungRole != models.InfoOfficer {
		t.Errorf("rung %s", c.RungRole)
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, s.As("officer"), c.Reference))
	if !strings.Contains(v.Rungs[0].Why, "agent, unit_head") {
		t.Errorf("why: %s", v.Rungs[0].Why)
	}
}

func TestConfidentialIsInvisibleWithoutClearanceOrNeed(t *testing.T) {
	s := ct.New(t)
	s.AddDinas("lain")
	in := ct.Request()
	in.Subject = "PENANDA-RAHASIA anggaran"
	c, req := classified(t, s, in, models.Confidential)
	if c.RungRole != models.UnitHead {
		t.Fatalf("rung %s", c.RungRole)
	}
	uncleared := s.AddPlain("b@dinas.test", models.InfoOfficer, "dinas", models.Restricted)
	hidden := []models.Actor{ct.Anyone, uncleared, s.As("agent"), s.As("superior"), s.As("officer@lain.test"), s.As("admin@terang.test"), s.As("auditor@lain.test")}
	for _, a := range hidden {
		if _, err := s.Case(s.Ctx, a, c.Reference); models.KindOf(err) != models.NotFound {
			t.Errorf("%s %s: %v", a.Role, a.Name, err)
		}
		if a.Kind != models.ByOfficer {
			continue
		}
		for _, q := range casework.Queues {
			page, err := s.Queue(s.Ctx, a, casework.QueueInput{Queue: q, Query: "PENANDA"})
			if err != nil || len(page.Rows) != 0 {
				t.Errorf("%s finds it in %s (%v)", a.Name, q, err)
			}
			if page, _ := s.Queue(s.Ctx, a, casework.QueueInput{Queue: q}); len(page.Rows) != 0 {
				t.Errorf("%s sees it in %s", a.Name, q)
			}
		}
		counts, _ := s.QueueCounts(s.Ctx, a)
		for _, n := range counts {
			if n.Count != 0 {
				t.Errorf("%s: counted in %s", a.Name, n.Queue)
			}
		}
	}
	for _, a := range []models.Actor{req, s.As("unit_head"), s.As("officer"), s.As("auditor")} {
		if _, err := s.Case(s.Ctx, a, c.Reference); err != nil {
			t.Errorf("%s %s: %v", a.Kind, a.Role, err)
		}
	}
	if page, _ := s.Queue(s.Ctx, s.As("officer"), casework.QueueInput{Queue: "open"}); len(page.Rows) != 1 {
		t.Error("the information officer does not see it in the open queue")
	}
	// An auditor without clearance still sees that there is something there.
	blind := s.AddPlain("buta@dinas.test", models.Auditor, "dinas", models.Public)
	rows, _, err := s.Events(s.Ctx, blind, casework.EventInput{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	withheld := 0
	for _, e := range rows {
		if e.Withheld {
			withheld++
			if e.Reference != "" || e.Reason != "" || e.LeafHash == "" {
				t.Errorf("%+v", e)
			}
		}
	}
	if withheld == 0 {
		t.Error("withheld rows were dropped instead of counted")
	}
	// The case was filed as public: its first events must not tell of it either, nor a
	// filter confirm it.
	for _, e := range rows {
		if e.Reference == c.Reference {
			t.Errorf("%s still names the case", e.Kind)
		}
	}
	for _, in := range []casework.EventInput{{Reference: c.Reference}, {Kind: "case.filed"}, {Role: "officer"}} {
		got, _, err := s.Events(s.Ctx, blind, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			if e.Withheld || e.Reference == c.Reference {
				t.Errorf("the filter %+v confirms a withheld event", in)
			}
		}
	}
	for _, format := range casework.ExportFormats {
		var out bytes.Buffer
		must[int64](t)(s.Export(s.Ctx, blind, casework.ExportInput{Format: format}, &out))
		if bytes.Contains(out.Bytes(), []byte(c.Reference)) {
			t.Errorf("the %s export names the case", format)
		}
	}
	if got, _ := s.Similar(s.Ctx, "dinas", "penanda rahasia anggaran", 5); len(got) != 0 {
		t.Error("suggested to the public")
	}
	s.Check()
}

func TestLoweringConfidentialTakesTwoPeople(t *testing.T) {
	s := ct.New(t)
	c, _ := classified(t, s, ct.Request(), models.Confidential)
	lower := func(a models.Actor) (*models.Case, error) {
		return s.Classify(s.Ctx, a, c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Public, Reason: "Sudah diumumkan"})
	}
	c = must[*models.Case](t)(lower(s.As("officer")))
	if c.Classification != models.Confidential {
		t.Fatal("one person lowered it")
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, s.As("officer"), c.Reference))
	if v.Second == nil || v.Second.Class != models.Public {
		t.Error("the officer is not shown that a second person is awaited")
	}
	_, err := lower(s.As("officer"))
	wants(t, err, models.Conflict, "second_person_needed")
	second := s.AddPlain("kedua@dinas.test", models.InfoOfficer, "dinas", models.Confidential)
	c = must[*models.Case](t)(lower(second))
	if c.Classification != models.Public || c.RungLevel != 0 {
		t.Errorf("%s, rung %d", c.Classification, c.RungLevel)
	}
	s.Check()
}

func TestExemptionEndsByItself(t *testing.T) {
	s := ct.New(t)
	c, _, _ := s.Given(ct.Request())
	set := func(until string) error {
		_, err := s.Classify(s.Ctx, s.As("officer"), c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Restricted, Exemption: "a", Reason: "Penyidikan", Until: until})
		return err
	}
	wantsField(t, set("kemarin"), "until", "date")
	wantsField(t, set("2026-01-01"), "until", "date_past")
	wantsField(t, set("2090-01-01"), "until", "longer_than_law")
	if err := set("2026-04-30"); err != nil {
		t.Fatal(err)
	}
	s.Set(time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC))
	for range 2 { // told once
		must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	}
	told, _, _ := s.Events(s.Ctx, models.System, casework.EventInput{Kind: "exemption.ending"})
	s.Set(time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC))
	for range 2 {
		must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	}
	later, _, _ := s.Events(s.Ctx, models.System, casework.EventInput{Kind: "exemption.ending"})
	if len(told) != 0 || len(later) != 1 {
		t.Errorf("told %d times too early, then %d times", len(told), len(later))
	}
	s.Set(time.Date(2026, 5, 1, 3, 0, 0, 0, time.UTC))
	if r := must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now())); r.Expired != 1 {
		t.Errorf("%+v", r)
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, s.As("officer"), c.Reference))
	if v.Case.Classification != models.Public {
		t.Error("still closed after its last day")
	}
	s.Check()
}

func TestADelegateHoldsTheRungMeanwhile(t *testing.T) {
	s := ct.New(t)
	admin := s.As("admin@terang.test")
	wantsField(t, s.SetAway(s.Ctx, admin, casework.AwayInput{Email: "unit_head@dinas.test", From: "2026-01-20", Until: "2026-01-10"}), "until", "date_order")
	wantsField(t, s.SetAway(s.Ctx, admin, casework.AwayInput{Email: "unit_head@dinas.test", From: "2026-01-01", Delegate: "auditor@dinas.test"}), "delegate", "officer_not_of_body")
	if models.KindOf(s.SetAway(s.Ctx, s.As("agent"), casework.AwayInput{Email: "unit_head@dinas.test", From: "2026-01-01"})) != models.Forbidden {
		t.Error("an agent sends the unit head away")
	}
	if err := s.SetAway(s.Ctx, admin, casework.AwayInput{Email: "unit_head@dinas.test", From: "2026-01-01", Until: "2026-01-31", Delegate: "agent@dinas.test"}); err != nil {
		t.Fatal(err)
	}
	c, _ := classified(t, s, ct.Request(), models.Confidential)
	if c.RungRole != models.UnitHead {
		t.Fatalf("the rung was skipped although it has a delegate: %s", c.RungRole)
	}
	if page, _ := s.Queue(s.Ctx, s.As("agent"), casework.QueueInput{Queue: "escalated"}); len(page.Rows) != 1 {
		t.Error("the delegate does not find it")
	}
	c = must[*models.Case](t)(s.Escalate(s.Ctx, s.As("agent"), c.Reference, casework.EscalationInput{Version: c.Version, Action: "acknowledge"}))
	s.Set(time.Date(2026, 2, 2, 3, 0, 0, 0, time.UTC))
	if _, err := s.Case(s.Ctx, s.As("agent"), c.Reference); models.KindOf(err) != models.NotFound {
		t.Error("the delegate still sees it after the holder is back")
	}
	s.Check()
}

func TestADecreeMovesRunningClocksAndSaysWhy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) { decreeMoves(t, ct.On(t, st)) })
}

func decreeMoves(t *testing.T, s *ct.Scene) {
	c, req, _ := s.Given(ct.Request())
	done, _, _ := s.Given(ct.Request())
	must[*models.Case](t)(s.Decide(s.Ctx, s.As("officer"), done.Reference, casework.DecideInput{Version: done.Version, Outcome: models.Granted, Text: "Ini."}))
	list, err := policies.ParseHolidays("uji", strings.NewReader("2026-01-01\n2026-01-16\n2026-01-20 Cuti bersama tambahan\n2026-02-17\n"))
	if err != nil {
		t.Fatal(err)
	}
	in := casework.DecreeInput{Pack: "id", Decree: "SKB perubahan 2026", Year: 2026, Issued: "2026-01-06", List: list}
	if models.KindOf(s.AddDecree(s.Ctx, s.As("officer"), in)) != models.Forbidden {
		t.Error("an officer adds a decree")
	}
	admin := s.As("admin@terang.test")
	if err := s.AddDecree(s.Ctx, admin, in); err != nil {
		t.Fatal(err)
	}
	wants(t, s.AddDecree(s.Ctx, admin, in), models.Conflict, "decree_known")
	if dates, _ := s.Rederive(s.Ctx); len(dates.Mismatched) == 0 {
		t.Error("the dates are not reported as differing before they are recomputed")
	}
	var moved []casework.Recomputed
	if _, err := s.Recompute(s.Ctx, admin, "SKB perubahan 2026", func(r casework.Recomputed) { moved = append(moved, r) }); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, m := range moved {
		found = found || m.Reference == c.Reference && m.Clock == "answer" && m.Old == "2026-01-22" && m.New == "2026-01-23"
		if m.Reference == done.Reference && m.Clock == "answer" {
			t.Error("an answered case was moved")
		}
	}
	if !found {
		t.Errorf("%+v", moved)
	}
	if n, err := s.Recompute(s.Ctx, admin, "lagi", func(r casework.Recomputed) { t.Errorf("moved again: %+v", r) }); err != nil || n == 0 {
		t.Error(n, err)
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if v.Case.DueOn != "2026-01-23" {
		t.Errorf("due %s", v.Case.DueOn)
	}
	told := false
	for _, d := range v.Clocks[0].Deadline.Days {
		told = told || d.Date.String() == "2026-01-20" && !d.Counted && strings.Contains(d.Detail, "SKB perubahan 2026")
	}
	if !told {
		t.Error("the explanation does not cite the new decree")
	}
	// The switch of one body counts collective leave as working days again.
	if err := s.SetCollectiveLeave(s.Ctx, admin, "dinas", true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recompute(s.Ctx, admin, "cuti bersama", nil); err != nil {
		t.Fatal(err)
	}
	if v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference)); v.Case.DueOn != "2026-01-22" {
		t.Errorf("due %s with collective leave worked", v.Case.DueOn)
	}
	s.Check()
}

func TestObjectionIsItsOwnCaseAndReopensWhenUpheld(t *testing.T) {
	s := ct.New(t)
	c, req, _ := s.Given(ct.Request())
	_, err := s.Object(s.Ctx, req, c.Reference, casework.ObjectInput{Ground: "a", Text: "Keberatan"})
	wants(t, err, models.Conflict, "objection_too_early")
	c = must[*models.Case](t)(s.Decide(s.Ctx, s.As("officer"), c.Reference, ct.Refusal(c.Version)))
	_, err = s.Object(s.Ctx, req, c.Reference, casework.ObjectInput{Ground: "c", Text: "Tidak ditanggapi"})
	wantsField(t, err, "ground", "ground_not_yet")
	o := must[casework.Filed](t)(s.Object(s.Ctx, req, c.Reference, casework.ObjectInput{Ground: "a", Text: "Bukan rahasia pribadi."}))
	if o.Case.Kind != models.Objection || o.Case.Clock != "review" || o.Key == "" || *o.Case.ParentID != c.ID {
		t.Fatalf("%+v", o.Case)
	}
	_, err = s.Object(s.Ctx, req, c.Reference, casework.ObjectInput{Ground: "a", Text: "Lagi"})
	wants(t, err, models.Conflict, "objection_already_raised")
	_, err = s.Decide(s.Ctx, s.As("officer"), o.Case.Reference, casework.DecideInput{Version: o.Case.Version, Outcome: models.Granted, Text: "x"})
	if models.KindOf(err) != models.Forbidden {
		t.Errorf("the officer judges an objection to their own decision: %v", err)
	}
	must[*models.Case](t)(s.Decide(s.Ctx, s.As("superior"), o.Case.Reference, casework.DecideInput{Version: o.Case.Version, Outcome: models.Granted, Text: "Keberatan diterima."}))
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if v.Case.State != models.StateInReview || v.Case.Outcome != models.NoOutcome || v.Case.AnsweredAt != nil {
		t.Errorf("the case was not reopened: %s %s", v.Case.State, v.Case.Outcome)
	}
	s.Check()
}

func TestSilenceOpensTheObjectionAndItsEndClosesTheCase(t *testing.T) {
	s := ct.New(t)
	silent, req, _ := s.Given(ct.Request())
	answered, _, _ := s.Given(ct.Request())
	must[*models.Case](t)(s.Decide(s.Ctx, s.As("officer"), answered.Reference, casework.DecideInput{Version: answered.Version, Outcome: models.Granted, Text: "Ini."}))
	s.Set(time.Date(2026, 1, 23, 1, 0, 0, 0, time.UTC))
	r := must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	if r.ClocksLapsed == 0 {
		t.Fatalf("%+v", r)
	}
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, req, silent.Reference))
	if v.Standing != models.Overdue || !v.Objection.Open || v.Objection.Until != "2026-03-09" {
		t.Errorf("%s %+v", v.Standing, v.Objection)
	}
	for _, g := range v.Objection.Grounds {
		if g.ID == "a" {
			t.Error("silence offers the ground of a refusal")
		}
	}
	s.Pass(90 * 24 * time.Hour)
	r = must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	if r.Closed != 1 {
		t.Errorf("%+v", r)
	}
	_, err := s.Object(s.Ctx, req, silent.Reference, casework.ObjectInput{Ground: "c", Text: "Terlambat"})
	wants(t, err, models.Conflict, "objection_too_late")
	s.Check()
}

func TestWhatWasGivenCannotBeTakenBack(t *testing.T) {
	s := ct.New(t)
	c, req, _ := s.Given(ct.Request())
	o := s.As("officer")
	attach := func(a models.Actor) int64 {
		t.Helper()
		return must[*models.Attachment](t)(s.Attach(s.Ctx, a, c.Reference, casework.Upload{Name: `..\\x/laporan.txt`, Data: strings.NewReader("isi")})).ID
	}
	theirs, ours, given := attach(req), attach(o), attach(o)
	wants(t, s.Detach(s.Ctx, o, c.Reference, theirs), models.Conflict, "document_stays")
	if err := s.Detach(s.Ctx, req, c.Reference, ours); err == nil {
		t.Error("the requester removes the body's document")
	}
	if err := s.Detach(s.Ctx, o, c.Reference, ours); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Detach(s.Ctx, o, c.Reference, ours), models.NotFound, "attachment_not_found")
	v := must[*casework.CaseView](t)(s.Case(s.Ctx, o, c.Reference))
	must[*models.Case](t)(s.Decide(s.Ctx, o, c.Reference, casework.DecideInput{Version: v.Case.Version, Outcome: models.Granted, Text: "Ini.", Release: []int64{given}}))
	wants(t, s.Detach(s.Ctx, o, c.Reference, given), models.Conflict, "document_stays")
	mine := must[*casework.CaseView](t)(s.Case(s.Ctx, req, c.Reference))
	if len(mine.Attachments) != 2 || mine.Attachments[0].Name != "laporan.txt" {
		t.Errorf("%+v", mine.Attachments)
	}
	s.Check()
}

func TestWithdrawnCaseStopsItsClocks(t *testing.T) {
	s := ct.New(t)
	c, req := classified(t, s, ct.Request(), models.Restricted)
	c = must[*models.Case](t)(s.Withdraw(s.Ctx, req, c.Reference, casework.TextInput{Text: "Sudah dapat"}))
	if c.State != models.StateWithdrawn || c.RungLevel != 0 {
		t.Errorf("%s %d", c.State, c.RungLevel)
	}
	s.Pass(100 * 24 * time.Hour)
	if r := must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now())); r.ClocksLapsed+r.RungsLapsed != 0 {
		t.Errorf("%+v", r)
	}
	_, err := s.Say(s.Ctx, req, c.Reference, casework.TextInput{Text: "Halo"})
	wants(t, err, models.Conflict, "not_possible_now")
	s.Check()
}

func TestRecordedEarlierThanNowKeepsBothInstants(t *testing.T) {
	s := ct.New(t)
	came := time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)
	in := ct.Request()
	in.Channel, in.Requester.Name, in.AllowIncomplete = models.ChannelLetter, "", true
	f := must[casework.Filed](t)(s.At(came).File(s.Ctx, s.As("agent"), in))
	c := f.Case
	if c.State != models.StateIncomplete || c.DueAt != nil || !c.ReceivedAt.Equal(came) || !c.RecordedAt.Equal(s.Now()) {
		t.Fatalf("%+v", c)
	}
	c = must[*models.Case](t)(s.Complete(s.Ctx, s.As("agent"), c.Reference, c.Version, ct.Request().Requester, "Penelitian"))
	if c.State != models.StateRegistered || c.DueOn != "2026-01-22" {
		t.Errorf("%s due %s", c.State, c.DueOn)
	}
	rows, _, _ := s.Events(s.Ctx, models.System, casework.EventInput{Reference: c.Reference, Kind: "case.filed"})
	if len(rows) != 1 || !rows[0].Time.Equal(s.Now()) || !strings.Contains(rows[0].Data, "2026-01-05T02:00:00Z") {
		t.Errorf("the event was backdated or lost the day: %+v", rows)
	}
	s.Check()
}

func TestExportHasARowAnEventAndIsOneItself(t *testing.T) {
	s := ct.New(t)
	c, _, _ := s.Given(ct.Request())
	must[*models.Case](t)(s.Extend(s.Ctx, s.As("officer"), c.Reference, casework.TextInput{Version: c.Version, Text: "=HYPERLINK(\"http://jahat\")"}))
	_, err := s.Export(s.Ctx, s.As("agent"), casework.ExportInput{Format: "csv"}, &strings.Builder{})
	if models.KindOf(err) != models.Forbidden {
		t.Error(err)
	}
	_, err = s.Export(s.Ctx, s.As("auditor"), casework.ExportInput{Format: "docx"}, &strings.Builder{})
	wantsField(t, err, "format", "not_a_choice")
	export := func(format string) string {
		t.Helper()
		var out strings.Builder
		must[int64](t)(s.Export(s.Ctx, models.System, casework.ExportInput{Format: format}, &out))
		return out.String()
	}
	csvText := export("csv")
	rows, err := csv.NewReader(strings.NewReader(csvText)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "index,time,event,reference,kind,body,unit,actor_role,actor,classification,state,outcome,clock,due_on,standing,pack,version,article,reason,leaf_hash" {
		t.Errorf("header %q", got)
	}
	formula := 0
	for i, row := range rows[1:] {
		if row[0] != fmt.Sprint(i) {
			t.Fatalf("row %d has index %s", i, row[0])
		}
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
			if strings.HasPrefix(cell, "'=HYPERLINK") {
				formula++
			}
		}
	}
	if formula != 2 { // as given, and as the requester was told
		t.Errorf("the reason is in the export %d times", formula)
	}
	if last := rows[len(rows)-1]; last[2] != "export.made" {
		t.Errorf("the last event is %s, not this export", last[2])
	}
	lines := strings.Split(strings.TrimSpace(export("jsonl")), "\n")
	if len(lines) != len(rows) { // one event more, no header
		t.Errorf("%d lines of JSON for %d rows", len(lines), len(rows)-1)
	}
	var row map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-2]), &row); err != nil || row["index"] != float64(len(lines)-2) {
		t.Errorf("%v %v", row, err)
	}
	book, err := excelize.OpenReader(strings.NewReader(export("xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := book.GetRows(book.GetSheetName(0))
	if err != nil || len(sheet) != len(rows)+2 {
		t.Errorf("%d rows in the sheet (%v), want %d", len(sheet), err, len(rows)+2)
	}
	var some strings.Builder
	if n := must[int64](t)(s.Export(s.Ctx, models.System, casework.ExportInput{Format: "csv", CaseKind: models.Complaint}, &some)); n != 0 {
		t.Errorf("%d events of complaints where none was filed", n)
	}
	_, err = s.Export(s.Ctx, models.System, casework.ExportInput{Format: "csv", CaseKind: "x"}, &some)
	wantsField(t, err, "kind", "not_a_choice")
}

func TestBundleProvesItselfAndNamesWhatWasChanged(t *testing.T) {
	s := ct.New(t)
	s.Given(ct.Request())
	classified(t, s, ct.Request(), models.Confidential)
	blind := s.AddPlain("buta@dinas.test", models.Auditor, "dinas", models.Public)
	var out bytes.Buffer
	must[int64](t)(s.Export(s.Ctx, blind, casework.ExportInput{Format: "bundle"}, &out))
	open := func(raw []byte) *zip.Reader {
		t.Helper()
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	m, err := trail.VerifyBundle(open(out.Bytes()), s.Signer.Verifiers())
	if err != nil {
		t.Fatal(err)
	}
	if m.Withheld == 0 || m.Events <= m.Withheld {
		t.Errorf("%d events, %d withheld", m.Events, m.Withheld)
	}
	other, err := trail.NewKey("terang.test/log")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trail.VerifyBundle(open(out.Bytes()), other.Verifiers()); err == nil {
		t.Error("another log's key verifies it")
	}
	// rewrite copies the bundle, changing files on the way; nil drops one.
	rewrite := func(change func(name string, data []byte) []byte) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, f := range open(out.Bytes()).File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if data = change(f.Name, data); data == nil {
				continue
			}
			fw, err := w.Create(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fw.Write(data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	on := func(file string, change func([]byte) []byte) func(string, []byte) []byte {
		return func(name string, data []byte) []byte {
			if name == file {
				return change(data)
			}
			return data
		}
	}
	drop := func([]byte) []byte { return nil }
	tests := []struct {
		name, says string
		change     func(string, []byte) []byte
	}{
		{"a file is missing", "checkpoint is missing", on("checkpoint", drop)},
		{"the manifest is missing", "manifest.json is missing", on("manifest.json", drop)},
		{"the manifest was edited", "not the one that was signed", on("manifest.json", func(d []byte) []byte { return append(d, ' ') })},
		{"an event was edited", "events.jsonl was changed", on("events.jsonl", func(d []byte) []byte { return bytes.Replace(d, []byte("dinas"), []byte("dimas"), 1) })},
		{"a leaf was edited", "was changed", func(name string, d []byte) []byte {
			if strings.HasPrefix(name, "tile/") {
				d[0] ^= 1
			}
			return d
		}},
		{"a file was slipped in", "not in its manifest", func(name string, d []byte) []byte {
			return d
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := rewrite(tt.change)
			if tt.name == "a file was slipped in" {
				var b bytes.Buffer
				w := zip.NewWriter(&b)
				for _, f := range open(raw).File {
					if err := w.Copy(f); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := w.Create("extra"); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				raw = b.Bytes()
			}
			_, err := trail.VerifyBundle(open(raw), s.Signer.Verifiers())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

func TestSignInSessionsAndLinks(t *testing.T) {
	s := ct.New(t)
	_, _, err := s.SignIn(s.Ctx, "officer@dinas.test", "salah", "x")
	wants(t, err, models.Unauthorized, "email_or_password_wrong")
	_, _, err = s.SignIn(s.Ctx, "siapa@dinas.test", "salah", "x")
	wants(t, err, models.Unauthorized, "email_or_password_wrong")
	token, _, err := s.SignIn(s.Ctx, " Officer@dinas.test", ct.Password, "x")
	if err != nil {
		t.Fatal(err)
	}
	v := must[casework.SessionView](t)(s.Session(s.Ctx, token))
	if v.Actor.Role != models.InfoOfficer || v.CSRF == "" {
		t.Errorf("%+v", v)
	}
	s.Pass(16 * time.Minute)
	rotated := must[casework.SessionView](t)(s.Session(s.Ctx, token))
	if rotated.NewToken == "" {
		t.Fatal("not rotated")
	}
	if _, err := s.Session(s.Ctx, token); err != nil {
		t.Error("a request under way was signed out by the rotation")
	}
	s.Pass(2 * time.Minute)
	_, err = s.Session(s.Ctx, token)
	wants(t, err, models.Unauthorized, "no_session")
	s.Pass(31 * time.Minute)
	_, err = s.Session(s.Ctx, rotated.NewToken)
	wants(t, err, models.Unauthorized, "no_session")

	_, link, err := s.AddOfficer(s.Ctx, models.System, casework.OfficerInput{Email: "baru@dinas.test", Name: "Baru", Role: models.Agent, Body: "dinas"})
	if err != nil || link == "" {
		t.Fatal(err)
	}
	wantsField(t, s.SetPassword(s.Ctx, link, "pendek"), "password", "password_too_short")
	if err := s.SetPassword(s.Ctx, link, "kata sandi yang panjang"); err != nil {
		t.Fatal(err)
	}
	wants(t, s.SetPassword(s.Ctx, link, "kata sandi yang lain lagi"), models.Unauthorized, "link_not_valid")
	if err := s.DisableOfficer(s.Ctx, s.As("admin@terang.test"), "baru@dinas.test"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.SignIn(s.Ctx, "baru@dinas.test", "kata sandi yang panjang", "y")
	wants(t, err, models.Unauthorized, "email_or_password_wrong")
}
