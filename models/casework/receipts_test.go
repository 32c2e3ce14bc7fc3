package casework_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
	"terang/models/trail"
)

// A requester has a receipt of each answer, refusal and rung, and learns from none of them what
// their timeline keeps from them.
func TestReceipts(t *testing.T) {
	s := ct.New(t)
	c, req := classified(t, s, ct.Request(), models.Restricted)
	s.Pass(24*time.Hour + time.Second)
	must[casework.SweepReport](t)(s.Sweep(s.Ctx, s.Now()))
	c = must[*casework.CaseView](t)(s.Case(s.Ctx, s.As("officer"), c.Reference)).Case
	c = must[*models.Case](t)(s.Extend(s.Ctx, s.As("officer"), c.Reference, casework.TextInput{Version: c.Version, Text: "Dokumen di gudang arsip"}))
	refusal := ct.Refusal(c.Version)
	must[*models.Case](t)(s.Decide(s.Ctx, s.As("officer"), c.Reference, refusal))
	officer := must[*casework.CaseView](t)(s.Case(s.Ctx, s.As("officer"), c.Reference))
	var names []string
	for _, e := range officer.Timeline {
		if e.ActorID != nil && e.Actor != "" {
			names = append(names, e.Actor)
		}
	}
	if len(names) == 0 {
		t.Fatal("no officer acted")
	}

	list := must[[]casework.Provable](t)(s.Receipts(s.Ctx, req, c.Reference))
	var kinds []string
	for _, p := range list {
		kinds = append(kinds, p.Kind)
		raw := must[[]byte](t)(s.Receipt(s.Ctx, req, c.Reference, p.Event))
		r, err := trail.VerifyReceipt(raw, s.Signer.Verifiers())
		if err != nil {
			t.Fatal(err)
		}
		text := r.Opening.Canonical
		for _, hidden := range append(names, "actor_id ", "reason Uji") {
			if strings.Contains(text, hidden) {
				t.Errorf("the receipt of %s tells %q", p.Kind, hidden)
			}
		}
		if p.Kind == "case.answered" && (p.Outcome != models.Refused || !strings.Contains(r.Fields["data"], models.HashSecret(refusal.Text)) || r.Fields["outcome"] != "refused") {
			t.Errorf("%+v %s", p, text)
		}
		if p.Kind == "deadline.extended" && r.Fields["reason"] != "Dokumen di gudang arsip" {
			t.Errorf("%s", text)
		}
	}
	for _, want := range []string{"case.filed", "rung.opened", "rung.lapsed", "deadline.extended", "case.answered"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("no receipt of %s among %v", want, kinds)
		}
	}
	// What is not on the list is not to be had, and of another's case nothing is.
	for _, e := range officer.Timeline {
		offered := slices.ContainsFunc(list, func(p casework.Provable) bool { return p.Event == e.ID })
		if _, err := s.Receipt(s.Ctx, req, c.Reference, e.ID); offered != (err == nil) {
			t.Errorf("%s %d: offered %v, %v", e.Kind, e.ID, offered, err)
		}
	}
	_, stranger, _ := s.Given(ct.Request())
	_, err := s.Receipts(s.Ctx, stranger, c.Reference)
	wants(t, err, models.NotFound, "case_not_found")
	_, err = s.Receipt(s.Ctx, stranger, c.Reference, list[0].Event)
	wants(t, err, models.NotFound, "case_not_found")
	s.Check()
}

// A filing taken down at the counter has its receipt too, without who took it down.
func TestReceiptOfCounterFiling(t *testing.T) {
	s := ct.New(t)
	in := ct.Request()
	in.Channel = models.ChannelCounter
	f, err := s.File(s.Ctx, s.As("officer"), in)
	if err != nil {
		t.Fatal(err)
	}
	req, _, err := s.Unlock(s.Ctx, f.Case.Reference, f.Key, "test")
	if err != nil {
		t.Fatal(err)
	}
	raw := must[[]byte](t)(s.Receipt(s.Ctx, req, f.Case.Reference, 0))
	r, err := trail.VerifyReceipt(raw, s.Signer.Verifiers())
	if err != nil {
		t.Fatal(err)
	}
	if r.Fields["event"] != "requester.informed" || r.Fields["actor"] != "" || r.Fields["actor_id"] != "" || !strings.Contains(r.Fields["data"], "case.filed") {
		t.Error(r.Opening.Canonical)
	}
}
