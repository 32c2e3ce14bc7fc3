package casework_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/trail"
	"terang/policies"
)

// refused is a request that was refused, its objection turned down, and who asked.
func refused(t *testing.T, s *caseworktest.Scene) (c, o *models.Case, who models.Actor) {
	t.Helper()
	in := caseworktest.Request()
	in.Uploads = []casework.Upload{{Name: "ktp.txt", Data: strings.NewReader("kartu tanda penduduk\n")}}
	c, first, _ := s.Given(in)
	c, err := s.Note(s.Ctx, s.As("officer"), c.Reference, casework.TextInput{Version: c.Version, Text: "Catatan dalam rahasia."})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = s.Decide(s.Ctx, s.As("officer"), c.Reference, caseworktest.Refusal(c.Version)); err != nil {
		t.Fatal(err)
	}
	f, err := s.Object(s.Ctx, first, c.Reference, casework.ObjectInput{Ground: "a", Text: "Saya keberatan."})
	if err != nil {
		t.Fatal(err)
	}
	o, err = s.Decide(s.Ctx, s.As("superior"), f.Case.Reference, casework.DecideInput{Version: f.Case.Version, Outcome: models.Refused, Text: "Putusan tetap."})
	if err != nil {
		t.Fatal(err)
	}
	return c, o, casework.RequesterOf(o)
}

func running(t *testing.T, s *caseworktest.Scene, c *models.Case) (out []string) {
	t.Helper()
	clocks, err := s.Store.Read(s.Ctx).Clocks(c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range clocks {
		if k.Running() {
			out = append(out, k.Name+" "+k.DueOn)
		}
	}
	slices.Sort(out)
	return out
}

func TestTheStageOutsideStartsAndStopsItsClocks(t *testing.T) {
	s := caseworktest.New(t)
	_, o, who := refused(t, s)
	if got := running(t, s, o); !slices.Equal(got, []string{"dispute 2026-01-28"}) {
		t.Fatalf("after the answer: %v", got)
	}
	v, err := s.Case(s.Ctx, who, o.Reference)
	if err != nil || len(v.Outside) == 0 || !v.Outside[0].Open || v.Outside[0].Until != "2026-01-28" || !slices.Contains(v.May, "dossier") {
		t.Fatalf("%+v %v", v.Outside, err)
	}
	in := casework.OutsideInput{Version: o.Version, Action: "filed", Stage: "dispute", On: "2026-01-09", Before: "Komisi Informasi Pusat", Text: "Register 12/2026"}
	for name, bad := range map[string]struct {
		in   func(*casework.OutsideInput)
		who  models.Actor
		code string
	}{
		"agent":     {func(*casework.OutsideInput) {}, s.As("agent"), "role_may_not"},
		"requester": {func(i *casework.OutsideInput) { i.Version = -1 }, who, "not_allowed"},
		"stale":     {func(i *casework.OutsideInput) { i.Version-- }, s.As("superior"), "stale"},
		"tomorrow":  {func(i *casework.OutsideInput) { i.On = "2026-01-30" }, s.As("superior"), "invalid"},
		"before it": {func(i *casework.OutsideInput) { i.On = "2025-12-30" }, s.As("superior"), "invalid"},
		"no day":    {func(i *casework.OutsideInput) { i.On = "" }, s.As("superior"), "invalid"},
		"no body":   {func(i *casework.OutsideInput) { i.Before = " " }, s.As("superior"), "invalid"},
		"no stage":  {func(i *casework.OutsideInput) { i.Stage = "objection" }, s.As("superior"), "invalid"},
		"too early": {func(i *casework.OutsideInput) { i.Action = "decided"; i.Text = "x" }, s.As("superior"), "outside_not_filed"},
	} {
		x := in
		bad.in(&x)
		s.Set(caseworktest.Wednesday.AddDate(0, 0, 5))
		_, err := s.Outside(s.Ctx, bad.who, o.Reference, x)
		if models.CodeOf(err) != bad.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o, err = s.Outside(s.Ctx, s.As("superior"), o.Reference, in); err != nil {
		t.Fatal(err)
	}
	// Filed on Friday 9 January: 14 and 100 working days from the Monday after.
	got := running(t, s, o)
	if len(got) != 2 || got[1] != "dispute_start 2026-01-30" || !strings.HasPrefix(got[0], "dispute_end ") {
		t.Fatalf("after filing: %v", got)
	}
	if o.State != models.StateDecided {
		t.Errorf("state %s", o.State)
	}
	if _, err := s.Outside(s.Ctx, s.As("superior"), o.Reference, casework.OutsideInput{Version: o.Version, Action: "filed", Stage: "dispute", On: "2026-01-09", Before: "KI"}); models.CodeOf(err) != "outside_filed_already" {
		t.Errorf("twice: %v", err)
	}
	// While it is outside, the sweep does not close it.
	s.Set(caseworktest.Wednesday.AddDate(0, 0, 30))
	if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
		t.Fatal(err)
	}
	if o, _ = s.Store.Read(s.Ctx).CaseByReference(o.Reference); o.State != models.StateDecided {
		t.Errorf("closed while outside: %s", o.State)
	}
	if o, err = s.Outside(s.Ctx, s.As("officer"), o.Reference, casework.OutsideInput{Version: o.Version, Action: "decided", Stage: "dispute", On: "2026-02-02", Before: "Komisi Informasi Pusat", Text: "Informasi dinyatakan terbuka."}); err != nil {
		t.Fatal(err)
	}
	if got := running(t, s, o); len(got) != 1 || !strings.HasPrefix(got[0], "court ") {
		t.Fatalf("after the decision: %v", got)
	}
	s.Check()
	if v, err = s.Case(s.Ctx, who, o.Reference); err != nil || v.Outside[0].Decided == nil || v.Outside[0].Decided.Text != "Informasi dinyatakan terbuka." {
		t.Errorf("%+v %v", v.Outside, err)
	}
}

func dossier(t *testing.T, s *caseworktest.Scene, a models.Actor, ref string) (map[string][]byte, error) {
	t.Helper()
	var buf bytes.Buffer
	err := s.Dossier(s.Ctx, a, ref, casework.DossierInput{
		Page: func(_ context.Context, w io.Writer, d *casework.DossierView) error {
			_, err := io.WriteString(w, d.Asked)
			return err
		},
		Style: []byte("body{}"),
	}, &buf)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out, nil
}

func TestDossierHoldsWhatTheActorMayHave(t *testing.T) {
	s := caseworktest.New(t)
	c, o, who := refused(t, s)
	for name, a := range map[string]models.Actor{"requester of the objection": who, "requester of the request": casework.RequesterOf(c), "superior": s.As("superior"), "officer": s.As("officer"), "agent of the unit": s.As("agent")} {
		ref := o.Reference
		if a.Kind == models.ByRequester && a.CaseID == c.ID {
			ref = c.Reference
		}
		files, err := dossier(t, s, a, ref)
		if name == "agent of the unit" {
			if models.KindOf(err) != models.Forbidden { // the objection is no unit's
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var index struct {
			Stage struct{ ID, Until string }
			Cases []struct {
				Reference                            string
				Decisions, Clocks, Events, Documents []json.RawMessage
				Receipts                             []struct{ Path, Event string }
				Requester                            struct{ Name string }
			}
		}
		if err := json.Unmarshal(files["index.json"], &index); err != nil {
			t.Fatal(err)
		}
		if len(index.Cases) != 2 || index.Cases[0].Reference != c.Reference || index.Cases[1].Reference != o.Reference || index.Stage.ID != "dispute" || index.Stage.Until != "2026-01-28" {
			t.Fatalf("%s: %s", name, files["index.json"])
		}
		for i, x := range index.Cases {
			if len(x.Decisions) != 1 || len(x.Clocks) == 0 || len(x.Events) == 0 || x.Requester.Name == "" {
				t.Errorf("%s case %d: %+v", name, i, x)
			}
			seen := map[string]bool{}
			for _, r := range x.Receipts {
				seen[r.Event] = true
				if _, err := trail.VerifyReceipt(files[r.Path], s.Signer.Verifiers()); err != nil {
					t.Errorf("%s: %s: %v", name, r.Path, err)
				}
			}
			if !seen["case.filed"] || !seen["case.answered"] {
				t.Errorf("%s case %d: receipts %v", name, i, x.Receipts)
			}
		}
		if string(files[c.Reference+"/documents/01-ktp.txt"]) != "kartu tanda penduduk\n" || string(files["index.html"]) == "" || len(files["style.css"]) == 0 {
			t.Errorf("%s: files %d", name, len(files))
		}
		if bytes.Contains(files["index.json"], []byte("Catatan dalam rahasia")) {
			t.Errorf("%s: an internal note left the house", name)
		}
	}
	other, _, _ := s.Given(caseworktest.Request())
	if _, err := dossier(t, s, casework.RequesterOf(other), o.Reference); models.KindOf(err) != models.NotFound {
		t.Errorf("another's: %v", err)
	}
	if _, err := dossier(t, s, s.As("auditor"), o.Reference); models.KindOf(err) != models.Forbidden {
		t.Errorf("auditor: %v", err)
	}
	s.Check()
	events, _, err := s.Events(s.Ctx, s.As("auditor"), casework.EventInput{Kind: "dossier.made"})
	if err != nil || len(events) != 4 {
		t.Errorf("%d dossiers on record, %v", len(events), err)
	}
}

// An objection that nobody answers may be taken outside too, while it is still being handled.
func TestSilenceOpensTheStageOutside(t *testing.T) {
	s := caseworktest.New(t)
	c, first, _ := s.Given(caseworktest.Request())
	c, err := s.Decide(s.Ctx, s.As("officer"), c.Reference, caseworktest.Refusal(c.Version))
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Object(s.Ctx, first, c.Reference, casework.ObjectInput{Ground: "a", Text: "Saya keberatan."})
	if err != nil {
		t.Fatal(err)
	}
	who := casework.RequesterOf(f.Case)
	if v, err := s.Case(s.Ctx, who, f.Case.Reference); err != nil || v.Outside[0].Reached {
		t.Fatalf("before: %+v %v", v.Outside, err)
	}
	s.Set(f.Deadline.DueAt.AddDate(0, 0, 3))
	if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
		t.Fatal(err)
	}
	v, err := s.Case(s.Ctx, who, f.Case.Reference)
	if err != nil || !v.Outside[0].Open || v.Case.State.Ended() {
		t.Fatalf("after: %+v %v", v.Outside, err)
	}
	on := policies.DateOf(s.Now(), v.Pack.Location()).String()
	if _, err := s.Outside(s.Ctx, s.As("superior"), f.Case.Reference, casework.OutsideInput{Version: v.Case.Version, Action: "filed", Stage: "dispute", On: on, Before: "KI"}); err != nil {
		t.Fatal(err)
	}
	if got := running(t, s, f.Case); !strings.Contains(strings.Join(got, " "), "dispute_start") {
		t.Errorf("%v", got)
	}
	s.Check()
}
