package casework_test

import (
	"sync"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
	"terang/models/store/storetest"
)

// A draft that is sent many times at once through several instances is filed once, and every
// sender gets its key; so does who sends it again much later.
func TestDraftSentThroughSeveralInstances(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s := caseworktest.On(t, storetest.Open(t, c))
		others := []*casework.Service{s.Service}
		if c.URL != "" {
			for range 2 {
				others = append(others, caseworktest.Another(s, storetest.Open(t, c)))
			}
		}
		in := caseworktest.Request()
		token, _, err := s.NewDraft(s.Ctx, "id")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SaveDraft(s.Ctx, token, models.DraftAnswers{
			Kind: in.Kind, Body: in.Body, Subject: in.Subject, Text: in.Text, Purpose: in.Purpose, RequesterKind: in.Requester.Kind,
			Name: in.Requester.Name, Email: in.Requester.Email, Phone: in.Requester.Phone, IdentityNumber: in.Requester.IdentityNumber, Address: in.Requester.Address,
		}); err != nil {
			t.Fatal(err)
		}
		got := make([]casework.Filed, 9)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				// A second press may come in another language: it is the same draft.
				f, err := others[i%len(others)].FileDraft(s.Ctx, token, []string{"id", "en"}[i%2], "")
				if err != nil {
					t.Error(err)
					return
				}
				got[i] = f
			})
		}
		wg.Wait()
		later, err := others[len(others)-1].FileDraft(s.Ctx, token, "id", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range append(got, later) {
			if f.Case == nil || f.Case.Reference != later.Case.Reference || f.Key != later.Key || f.Email != in.Requester.Email {
				t.Fatalf("other answers: %+v, %+v", f, later)
			}
		}
		if _, _, err := s.Unlock(s.Ctx, later.Case.Reference, later.Key, "test"); err != nil {
			t.Error(err)
		}
		n := 0
		if err := s.Store.Read(s.Ctx).EachEvent(store.EventFilter{Kind: "case.filed"}, func(*models.Event) error { n++; return nil }); err != nil || n != 1 {
			t.Errorf("%d filings: %v", n, err)
		}
		if _, err := s.FileDraft(s.Ctx, "no such token", "id", ""); models.CodeOf(err) != "draft_not_found" {
			t.Error(err)
		}
		s.Check()
	})
}
