package desk_test

import (
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
)

func TestRepeatsAtTheDesk(t *testing.T) {
	s := serve(t)
	in := caseworktest.Request()
	in.Requester.Name, in.Requester.Email = "Budi Markah", "budi@markah.test"
	first, _ := s.given(in)
	s.Pass(time.Hour)
	_, at := s.given(in)

	v := s.as("officer")
	v.get(at).want(t, 200, "Other cases of the same requester in the last 12 months: 1", at+"/repeats")
	v.get(at+"/repeats").want(t, 200, first.Reference, "Answered before", "UU 14/2008", "not verified", "only a body outside may act on it").lacks(t, "Markah")
	v.send(at+"/repeats", "rule", "answered_before", "reason", "", "earlier", "").want(t, 422, "Error: ")
	v.send(at+"/repeats", "rule", "answered_before", "reason", "Dijawab pekan lalu.", "earlier", first.Reference).want(t, 303)
	v.get(at+"/repeats").want(t, 200, "Dijawab pekan lalu.", "Take it back")
	v.send(at+"/repeats").want(t, 422)
	v.get(at + "/repeats")
	c := s.now(strings.TrimPrefix(at, "/desk/cases/"))
	v.post(at+"/repeats/1/withdraw", "version", number(c.Version), "why", "").want(t, 422)
	v.post(at+"/repeats/1/withdraw", "version", number(c.Version-1), "why", "Keliru").want(t, 409)
	v.post(at+"/repeats/1/withdraw", "version", number(c.Version), "why", "Keliru").want(t, 303)
	v.get(at+"/repeats").want(t, 200, "taken back")
	v.get(at).want(t, 200, "Found repeated or vexatious")

	for range 4 {
		s.given(in)
	}
	list := v.get("/desk/repeats").want(t, 200, "without names").lacks(t, "Markah")
	if !strings.Contains(summary(list.body), "Cases 6") {
		t.Errorf("six cases are not counted: %s", summary(list.body))
	}
	s.as("agent").get(at+"/repeats").want(t, 200, first.Reference).lacks(t, "Record a finding")
}

// A law without such rules is said to have none.
func TestNoLawOnRepeats(t *testing.T) {
	s := serve(t)
	if _, err := s.AddBody(s.Ctx, models.System, casework.BodyInput{Slug: "agency", Name: "Agency", Pack: "us", Units: []casework.UnitInput{{Slug: "foia", Name: "FOIA"}}}); err != nil {
		t.Fatal(err)
	}
	s.AddPlain("foia@agency.test", models.InfoOfficer, "agency", models.Confidential)
	in := caseworktest.Request()
	in.Body = "agency"
	_, at := s.given(in)
	s.as("foia@agency.test").get(at+"/repeats").want(t, 200, "has no rule on repeated or vexatious requests").lacks(t, "Record a finding")
}

func TestDeadLettersAtTheDesk(t *testing.T) {
	s := serve(t)
	in := caseworktest.Request()
	in.Requester.Name, in.Requester.Email = "Budi Markah", "budi.markah@warga.test"
	c, _ := s.given(in)
	letters, err := s.TakeLetters(s.Ctx)
	if err != nil || len(letters) != 1 {
		t.Fatal(err)
	}
	if err := s.LetterRefused(s.Ctx, letters[0].ID, "550 5.1.1", true); err != nil {
		t.Fatal(err)
	}
	v := s.as("admin@terang.test")
	v.get("/desk/admin/outbox").want(t, 200, "confirmation of filing", "warga.test", "550 5.1.1").lacks(t, "markah", "Markah", c.Reference)
	v.post("/desk/admin/outbox/"+number(letters[0].ID)+"/retry").want(t, 303)
	v.get("/desk/admin/outbox").want(t, 200, "All e-mail has arrived")
	if err := s.Store.WithTx(s.Ctx, func(tx *store.Tx) error {
		o, err := tx.Outgoing(letters[0].ID)
		if err == nil && (o.DeadAt != nil || o.NextAt != nil) {
			t.Error("it is not tried again")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestSecurityPage(t *testing.T) {
	s := serve(t)
	s.as("admin@terang.test").get("/desk/admin/security").want(t, 200, "A stranger on the internet", "TestStepOnlyUnderPressure", "OWASP ASVS 5.0")
}
