package desk_test

import (
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// shut is a confidential case, and an officer who is cleared and has no part in it.
func (s *site) shut() (c *models.Case, at string, out *visitor) {
	s.t.Helper()
	c, at = s.given(caseworktest.Request())
	if _, err := s.Classify(s.Ctx, s.As("officer"), c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Confidential, Exemption: "h", Reason: "Rahasia pribadi"}); err != nil {
		s.t.Fatal(err)
	}
	s.AddPlain("luar@dinas.test", models.Agent, "dinas", models.Confidential)
	return s.now(c.Reference), at, s.as("luar@dinas.test")
}

func TestLettingInOverTheDesk(t *testing.T) {
	s := serve(t)
	c, at, out := s.shut()
	boss := s.as("officer")
	out.get(at).want(t, 404)
	boss.get(at).want(t, 200, "Who was let in", "Let an officer in")
	form := boss.get(at+"/access").want(t, 200, "luar@dinas.test", "Why does this officer need to know?")
	if strings.Contains(form.body, `value="superior@dinas.test"`) == strings.Contains(form.body, `value="officer@dinas.test"`) {
		t.Error("the form offers those who see it already, or not those who do not")
	}
	// What is missing is said at its field, and what was typed is kept.
	boss.send(at+"/access", "officer", "", "until", "kapan", "reason", "Kata-kata saya").want(t, 422, "Choose an officer", "Kata-kata saya", "<title>Error:")
	// A form that came too late.
	version := versions.FindStringSubmatch(boss.get(at + "/access").body)[1]
	boss.send(at+"/note", "text", "Ada perkembangan.").done(t)
	boss.post(at+"/access", "version", version, "officer", "luar@dinas.test", "until", "2026-01-20", "reason", "Menelaah").want(t, 409, "This case changed since you opened it", "Menelaah")
	out.get(at).want(t, 404)
	boss.send(at+"/access", "officer", "luar@dinas.test", "until", "2026-01-20", "reason", "Menelaah").done(t)
	out.get(at).want(t, 200, c.Subject, "Menelaah").lacks(t, "End this access")
	boss.get(at).want(t, 200, "luar@dinas.test", "In force", "End this access")
	boss.send(at+"/access/1", "reason", "").want(t, 422, "Why does it end?")
	boss.get(at+"/access/99").want(t, 404)
	boss.send(at+"/access/1", "reason", "Selesai").done(t)
	out.get(at).want(t, 404)
	// Let in again, to end with the day without anybody doing anything.
	boss.send(at+"/access", "officer", "luar@dinas.test", "until", "2026-01-07", "reason", "Sehari saja").done(t)
	out.get(at).want(t, 200)
	s.Pass(14 * time.Hour) // Jakarta's next day
	s.as("luar@dinas.test").get(at).want(t, 404)
	s.Check()
}

func TestEmergencyOverTheDesk(t *testing.T) {
	s := serve(t)
	c, at, out := s.shut()
	const why = "Ancaman keselamatan pelapor malam ini."
	form := func(v *visitor, ref, reason string) answer {
		t.Helper()
		v.get("/desk/emergency").want(t, 200)
		return v.post("/desk/emergency", "reference", ref, "reason", reason)
	}
	low := s.AddPlain("rendah@dinas.test", models.Agent, "dinas", models.Restricted)
	// One above the clearance and none at all: the same answer to the last letter.
	v := s.as(low.Name)
	real, none := form(v, c.Reference, why).want(t, 404, "No case can be opened with this reference", why), form(v, "23-4567-89BC", why).want(t, 404)
	if summary(strings.ReplaceAll(real.body, c.Reference, "23-4567-89BC")) != summary(none.body) {
		t.Error("a case that exists is answered differently from one that does not")
	}
	form(out, "", "").want(t, 422, "<title>Error:")
	form(out, c.Reference, "mendesak").want(t, 422, "mendesak")
	if a := form(out, strings.ToLower(c.Reference), why); a.status != 303 || a.to != at {
		t.Fatalf("%d %s", a.status, a.to)
	}
	out.get(at).want(t, 200, c.Subject, "The superior has been told")
	boss := s.as("superior")
	boss.get("/desk/emergencies").want(t, 200, c.Reference, why, "luar@dinas.test")
	boss.post("/desk/emergencies/1", "note-1", "").want(t, 422, "Write what you found")
	boss.post("/desk/emergencies/1", "note-1", "Beralasan").want(t, 303)
	boss.get("/desk/emergencies").want(t, 200, "Nothing is waiting").lacks(t, c.Reference)
	boss.post("/desk/emergencies/1", "note-1", "Lagi").want(t, 409)
	// Who sees it already is told that nothing was opened.
	info := s.as("officer")
	if a := form(info, c.Reference, why); a.status != 303 {
		t.Error(a.status)
	}
	info.get(at).want(t, 200, "Nothing was opened in an emergency")
	s.Check()
}

func TestHandoverOverTheDesk(t *testing.T) {
	s := serve(t)
	c, _ := s.given(caseworktest.Complaint())
	s.AddPlain("budi@dinas.test", models.Agent, "dinas", models.Restricted)
	s.AddPlain("rina@dinas.test", models.Agent, "dinas", models.Restricted)
	s.AddPlain("tono@dinas.test", models.Agent, "dinas", models.Public)
	if _, err := s.Assign(s.Ctx, s.As("officer"), c.Reference, casework.AssignInput{Version: c.Version, Officer: "budi@dinas.test"}); err != nil {
		t.Fatal(err)
	}
	admin := s.as("admin@terang.test")
	admin.get("/desk/handover").want(t, 200, "budi@dinas.test", "Is shut: the officer leaves")
	for _, x := range []struct{ to, reason, want string }{
		{"", "Rotasi", "Choose who takes over"}, {"tono@dinas.test", "Rotasi", "clear"}, {"budi@dinas.test", "Rotasi", "nobody hands over to themselves"}, {"rina@dinas.test", "", "reason"},
	} {
		admin.post("/desk/handover", "from", "budi@dinas.test", "to", x.to, "reason", x.reason, "disable", "yes").want(t, 422, x.want, `value="budi@dinas.test" selected`)
	}
	admin.post("/desk/handover", "from", "budi@dinas.test", "to", "rina@dinas.test", "reason", "Budi pindah", "disable", "yes").want(t, 303)
	rina := s.As("rina@dinas.test")
	if now := s.now(c.Reference); now.OfficerID == nil || *now.OfficerID != rina.OfficerID {
		t.Error("the case did not move")
	}
	admin.get("/desk/handover").want(t, 200)
	admin.post("/desk/handover", "from", "rina@dinas.test", "to", "budi@dinas.test", "reason", "Kembali").want(t, 422, "disabled")
	// A head of a unit is offered those of the unit and no account to shut.
	s.as("unit_head").get("/desk/handover").want(t, 200, "agent@dinas.test").lacks(t, "budi@dinas.test", "Is shut")
	s.Check()
}

// Who may come to these pages at all; the marks are in the order of roles.
func TestWhoMayLetIn(t *testing.T) {
	s := serve(t)
	_, at, out := s.shut()
	people := map[string]*visitor{}
	for _, role := range roles {
		people[role] = s.as(role)
	}
	for _, row := range []struct {
		path string
		get  [6]int // 0: the route has no page
		post [6]int
	}{
		// The superior has no part in this case: to them it is not there.
		{at + "/access", [6]int{403, 403, 200, 404, 403, 403}, [6]int{403, 403, 422, 404, 403, 403}},
		{at + "/access/7", [6]int{403, 403, 404, 404, 403, 403}, [6]int{403, 403, 404, 404, 403, 403}},
		{"/desk/emergency", [6]int{200, 200, 200, 200, 403, 403}, [6]int{422, 422, 422, 422, 403, 403}},
		{"/desk/emergencies", [6]int{403, 403, 200, 200, 403, 403}, [6]int{}},
		{"/desk/emergencies/7", [6]int{}, [6]int{403, 403, 422, 422, 403, 403}},
		{"/desk/handover", [6]int{403, 200, 200, 200, 403, 200}, [6]int{403, 422, 422, 422, 403, 422}},
	} {
		for i, role := range roles {
			v := people[role]
			for _, lang := range []string{"id", "en"} {
				v.cookie["terang_lang"] = lang
				if row.get[i] == 0 {
					continue
				}
				a := v.get(row.path)
				if a.status != row.get[i] {
					t.Errorf("%s as %s: %d, want %d", row.path, role, a.status, row.get[i])
				}
				if m := gap.FindString(a.body); m != "" {
					t.Errorf("%s as %s in %s: no words for %s", row.path, role, lang, m)
				}
			}
			if row.post[i] == 0 {
				continue
			}
			v.get(map[string]string{"auditor": "/audit", "admin@terang.test": "/desk/admin"}[role] + map[bool]string{true: "", false: "/desk"}[role == "auditor" || role == "admin@terang.test"])
			if a := v.post(row.path, "version", number(s.now(strings.TrimPrefix(at, "/desk/cases/")).Version)); a.status != row.post[i] {
				t.Errorf("POST %s as %s: %d, want %d\n%s", row.path, role, a.status, row.post[i], summary(a.body))
			}
		}
		if a := s.nobody().get(row.path); row.get != [6]int{} && (a.status != 303 || !strings.HasPrefix(a.to, "/sign-in?next=")) {
			t.Errorf("%s, not signed in: %d", row.path, a.status)
		}
		if a := s.nobody().post(row.path); row.post != [6]int{} && a.status != 401 {
			t.Errorf("POST %s, not signed in: %d", row.path, a.status)
		}
	}
	// Without the form's token nothing is opened.
	out.get("/desk").want(t, 200)
	out.csrf = "forged"
	out.post("/desk/emergency", "reference", strings.TrimPrefix(at, "/desk/cases/"), "reason", "Ancaman keselamatan pelapor.").want(t, 403)
	out.get(at).want(t, 404)
}
