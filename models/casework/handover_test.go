package casework_test

import (
	"slices"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
)

// held sets a scene in which budi@dinas.test holds n public cases, a confidential one, a rung, a
// grant and a delegation.
func held(t *testing.T, n int) (s *caseworktest.Scene, confidential *models.Case) {
	t.Helper()
	s = caseworktest.New(t)
	budi := s.AddPlain("budi@dinas.test", models.UnitHead, "dinas", models.Confidential)
	boss := s.As("officer")
	assign := func(c *models.Case) {
		t.Helper()
		if _, err := s.Assign(s.Ctx, boss, c.Reference, casework.AssignInput{Version: current(s, c.Reference).Version, Officer: "budi@dinas.test"}); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		c, _, _ := s.Given(caseworktest.Complaint())
		assign(c)
	}
	c, _, _ := s.Given(caseworktest.Request())
	c = classed(t, s, c, models.Confidential)
	assign(c)
	if _, err := s.Escalate(s.Ctx, budi, c.Reference, casework.EscalationInput{Version: current(s, c.Reference).Version, Action: "acknowledge"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAway(s.Ctx, s.As("agent"), casework.AwayInput{Email: "agent@dinas.test", From: "2026-01-07", Delegate: "budi@dinas.test"}); err != nil {
		t.Fatal(err)
	}
	return s, current(s, c.Reference)
}

func TestHandoverMovesAll(t *testing.T) {
	s, c := held(t, 230) // three batches
	to := s.AddPlain("rina@dinas.test", models.UnitHead, "dinas", models.Confidential)
	in := casework.HandoverInput{From: "Budi@dinas.test", To: "rina@dinas.test", Reason: "Budi pindah tugas", Disable: true}
	r, err := s.Handover(s.Ctx, s.As("admin@terang.test"), in)
	if err != nil {
		t.Fatal(err)
	}
	if want := (casework.HandoverReport{Cases: 231, Rungs: 1, Delegations: 1, Disabled: true}); r != want {
		t.Errorf("moved %+v, want %+v", r, want)
	}
	rd := s.Store.Read(s.Ctx)
	budi, err := rd.OfficerByEmail("budi@dinas.test")
	if err != nil || !budi.Disabled {
		t.Errorf("%+v %v", budi, err)
	}
	if left, err := rd.HeldBy(budi.ID, 0, 10); err != nil || len(left) > 0 {
		t.Errorf("%d cases left with Budi: %v", len(left), err)
	}
	if now := current(s, c.Reference); now.OfficerID == nil || *now.OfficerID != to.OfficerID {
		t.Errorf("the confidential case is with %v", now.OfficerID)
	}
	rungs, err := rd.Rungs(c.ID)
	if err != nil || rungs[len(rungs)-1].HolderID == nil || *rungs[len(rungs)-1].HolderID != to.OfficerID {
		t.Errorf("%+v %v", rungs, err)
	}
	agent, err := rd.OfficerByEmail("agent@dinas.test")
	if err != nil || agent.DelegateID == nil || *agent.DelegateID != to.OfficerID {
		t.Errorf("%+v %v", agent, err)
	}
	if !slices.Contains(s.As("rina@dinas.test").ActsAs, models.Agent) {
		t.Error("who took over does not stand in for the agent")
	}
	events, _, err := rd.Events(store.EventFilter{Kind: "case.handed_over"}, "", 500)
	if err != nil || len(events) != 231 || events[0].Reason != in.Reason || events[0].ActorRole != "administrator" {
		t.Errorf("%d moves on record: %v", len(events), err)
	}
	if events, _, err = rd.Events(store.EventFilter{Kind: "officer.handed_over"}, "", 10); err != nil || len(events) != 1 || events[0].CaseID != nil {
		t.Errorf("%+v %v", events, err)
	}
	// Handing over again moves nothing, and is no error: that is how one that broke off goes on.
	if r, err = s.Handover(s.Ctx, models.System, in); err != nil || r != (casework.HandoverReport{}) {
		t.Errorf("again: %+v %v", r, err)
	}
	s.Check()
}

func TestHandoverMovesGrants(t *testing.T) {
	s, c, from := secret(t)
	to := s.AddPlain("rina@dinas.test", models.Agent, "dinas", models.Confidential)
	if _, err := s.Grant(s.Ctx, s.As("officer"), c.Reference, casework.GrantInput{Version: c.Version, Officer: "luar@dinas.test", Until: "2026-01-31", Reason: "Menelaah"}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Handover(s.Ctx, models.System, casework.HandoverInput{From: "luar@dinas.test", To: "rina@dinas.test", Reason: "Rotasi"})
	if err != nil || r.Grants != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	if sees(s, from, c.Reference) || !sees(s, to, c.Reference) {
		t.Error("the grant did not move")
	}
	// An emergency does not: it was one person's.
	if _, err := s.Revoke(s.Ctx, s.As("officer"), c.Reference, 2, casework.TextInput{Version: current(s, c.Reference).Version, Text: "Cukup"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Emergency(s.Ctx, from, c.Reference, urgent); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Handover(s.Ctx, models.System, casework.HandoverInput{From: "luar@dinas.test", To: "rina@dinas.test", Reason: "Rotasi"}); err != nil {
		t.Fatal(err)
	}
	if sees(s, from, c.Reference) || sees(s, to, c.Reference) {
		t.Error("an emergency was handed over")
	}
	s.Check()
}

// What rises above both officers' clearance is nobody's until it is assigned anew.
func TestHandoverLeavesWhatIsAboveBoth(t *testing.T) {
	s := caseworktest.New(t)
	s.AddPlain("dewi@dinas.test", models.Agent, "dinas", models.Public)
	s.AddPlain("rina@dinas.test", models.Agent, "dinas", models.Public)
	c, _, _ := s.Given(caseworktest.Request())
	c, err := s.Assign(s.Ctx, s.As("officer"), c.Reference, casework.AssignInput{Version: c.Version, Officer: "dewi@dinas.test"})
	if err != nil {
		t.Fatal(err)
	}
	classed(t, s, c, models.Restricted)
	r, err := s.Handover(s.Ctx, models.System, casework.HandoverInput{From: "dewi@dinas.test", To: "rina@dinas.test", Reason: "Rotasi"})
	if err != nil || r.Unassigned != 1 || current(s, c.Reference).OfficerID != nil {
		t.Errorf("%+v %v", r, err)
	}
	s.Check()
}

func TestHandoverRefusals(t *testing.T) {
	s, c := held(t, 1)
	s.AddPlain("rina@dinas.test", models.UnitHead, "dinas", models.Confidential)
	s.AddPlain("rendah@dinas.test", models.UnitHead, "dinas", models.Restricted)
	s.AddPlain("pergi@dinas.test", models.UnitHead, "dinas", models.Confidential)
	if err := s.DisableOfficer(s.Ctx, models.System, "pergi@dinas.test"); err != nil {
		t.Fatal(err)
	}
	s.AddDinas("tetangga")
	admin := s.As("admin@terang.test")
	good := casework.HandoverInput{From: "budi@dinas.test", To: "rina@dinas.test", Reason: "Rotasi"}
	for _, x := range []struct {
		name, field, code string
		change            func(*casework.HandoverInput)
	}{
		{"to themselves", "to", "handover_to_self", func(in *casework.HandoverInput) { in.To = in.From }},
		{"to one shut out", "to", "officer_disabled", func(in *casework.HandoverInput) { in.To = "pergi@dinas.test" }},
		{"to one not cleared", "to", "officer_not_cleared", func(in *casework.HandoverInput) { in.To = "rendah@dinas.test" }},
		{"to another body", "to", "officer_not_of_body", func(in *casework.HandoverInput) { in.To = "unit_head@tetangga.test" }},
		{"to an auditor", "to", "officer_not_of_body", func(in *casework.HandoverInput) { in.To = "auditor@dinas.test" }},
		{"to nobody", "to", "officer_unknown", func(in *casework.HandoverInput) { in.To = "siapa@dinas.test" }},
		{"to", "to", "required", func(in *casework.HandoverInput) { in.To = "" }},
		{"from", "from", "required", func(in *casework.HandoverInput) { in.From = "" }},
		{"from nobody", "from", "officer_unknown", func(in *casework.HandoverInput) { in.From = "siapa@dinas.test" }},
		{"no reason", "reason", "required", func(in *casework.HandoverInput) { in.Reason = "\n" }},
	} {
		t.Run(x.name, func(t *testing.T) {
			in := good
			x.change(&in)
			_, err := s.Handover(s.Ctx, admin, in)
			wantsField(t, err, x.field, x.code)
		})
	}
	for name, a := range map[string]models.Actor{"agent": s.As("agent"), "auditor": s.As("auditor"), "requester": casework.RequesterOf(c), "anyone": caseworktest.Anyone,
		"a head of another unit": s.As("unit_head")} {
		if _, err := s.Handover(s.Ctx, a, good); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Another body's officers are not known to exist.
	_, err := s.Handover(s.Ctx, s.As("officer@tetangga.test"), good)
	wantsField(t, err, "from", "officer_unknown")
	in := good
	in.Disable = true
	if _, err := s.Handover(s.Ctx, s.As("officer"), in); models.KindOf(err) != models.Forbidden {
		t.Error("an information officer shuts accounts:", err)
	}
	if now := current(s, c.Reference); now.Version != c.Version {
		t.Error("a refusal moved something")
	}
	// Within their unit a head may.
	for _, e := range []string{"satu@dinas.test", "dua@dinas.test"} {
		if _, _, err := s.AddOfficer(s.Ctx, models.System, casework.OfficerInput{Email: e, Name: e, Role: models.Agent, Body: "dinas", Unit: "umum", Clearance: models.Public, Password: caseworktest.Password}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Handover(s.Ctx, s.As("unit_head"), casework.HandoverInput{From: "satu@dinas.test", To: "dua@dinas.test", Reason: "Rotasi"}); err != nil {
		t.Error(err)
	}
	s.Check()
}
