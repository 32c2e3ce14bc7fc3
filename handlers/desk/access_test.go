package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

var roles = []string{"agent", "unit_head", "officer", "superior", "auditor", "admin@terang.test"}

// Every route, by who may open it. The marks are in the order of roles: agent, unit head,
// information officer, superior, auditor, administrator.
func TestWhoMayOpenWhat(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	s.AddDinas("lain")
	people, stranger := map[string]*visitor{}, s.as("officer@lain.test")
	for _, role := range roles {
		people[role] = s.as(role)
	}
	for _, row := range []struct {
		path string
		want [6]int
	}{
		{"/desk", [6]int{200, 200, 200, 200, 403, 403}},
		{"/desk?queue=overdue", [6]int{200, 200, 200, 200, 403, 403}},
		{"/desk/record", [6]int{200, 200, 200, 200, 403, 403}},
		{at, [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/assign", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/classify", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/clarification", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/message", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/note", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/repeats", [6]int{200, 200, 200, 200, 403, 403}},
		{"/desk/repeats", [6]int{200, 200, 200, 200, 403, 403}},
		{"/desk/admin/outbox", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/admin/security", [6]int{403, 403, 403, 403, 403, 200}},
		{at + "/attachments", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/attachments/1/redaction", [6]int{404, 404, 404, 404, 403, 403}}, // no such document
		{at + "/attachments/1/redaction/look", [6]int{404, 404, 404, 404, 403, 403}},
		{at + "/attachments/1/redaction/pages/1", [6]int{404, 404, 404, 404, 403, 403}},
		{at + "/extend", [6]int{403, 200, 200, 200, 403, 403}},
		{at + "/escalation?action=raise", [6]int{200, 200, 200, 200, 403, 403}},
		{at + "/escalation?action=decide", [6]int{403, 403, 403, 403, 403, 403}}, // no rung is open
		{at + "/decision", [6]int{403, 200, 200, 200, 403, 403}},
		{at + "/decision?outcome=granted", [6]int{403, 200, 200, 200, 403, 403}},
		{at + "/decision?outcome=refused", [6]int{403, 403, 200, 200, 403, 403}},
		{at + "/publication", [6]int{403, 403, 200, 200, 403, 403}},
		{at + "/unpublish", [6]int{403, 403, 403, 403, 403, 403}}, // nothing is published
		{at + "/close", [6]int{403, 403, 403, 403, 403, 403}},     // not decided
		{at + "/complete", [6]int{403, 403, 403, 403, 403, 403}},  // nothing is missing
		{"/desk/admin", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/admin/laws", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/admin/officers", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/admin/officers/new", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/admin/officers/reset?email=agent@dinas.test", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/resets", [6]int{403, 403, 403, 200, 403, 200}},
		{"/desk/admin/bodies/new", [6]int{403, 403, 403, 403, 403, 200}},
		{"/desk/admin/units/new", [6]int{403, 403, 403, 403, 403, 200}},
		{"/audit", [6]int{403, 403, 403, 403, 200, 403}},
		{"/audit/cases", [6]int{403, 403, 403, 403, 200, 403}},
		{"/audit/cases/" + c.Reference, [6]int{403, 403, 403, 403, 200, 403}},
		{"/audit/exports", [6]int{403, 403, 403, 403, 200, 403}},
		{"/audit/export?format=csv", [6]int{403, 403, 403, 403, 200, 403}},
		{"/audit/events", [6]int{403, 403, 403, 403, 200, 200}},
	} {
		if a := s.nobody().get(row.path); a.status != 303 || !strings.HasPrefix(a.to, "/sign-in?next=") {
			t.Errorf("%s, not signed in: %d to %q", row.path, a.status, a.to)
		}
		for i, role := range roles {
			for _, lang := range []string{"id", "en"} {
				v := people[role]
				v.cookie["terang_lang"] = lang
				a := v.get(row.path)
				if a.status != row.want[i] {
					t.Errorf("%s as %s: %d, want %d\n%s", row.path, role, a.status, row.want[i], summary(a.body))
				}
				if m := gap.FindString(a.body); m != "" && a.status == 200 && !strings.Contains(row.path, "/export?") {
					t.Errorf("%s as %s in %s: no words for %s", row.path, role, lang, m)
				}
			}
		}
		// An officer of another body learns nothing of the case, not even that it is there.
		if strings.HasPrefix(row.path, at) && row.want[2] == 200 {
			if a := stranger.get(row.path); a.status != 404 {
				t.Errorf("%s as another body's officer: %d", row.path, a.status)
			}
		}
	}
}

// What changes something is refused to those who may not, whatever they send.
func TestWhoMaySendWhat(t *testing.T) {
	s := serve(t)
	_, at := s.given(caseworktest.Request())
	s.AddDinas("lain")
	for _, row := range []struct {
		path   string
		fields []string
		want   [6]int
	}{
		{at + "/assign", []string{"unit", "umum"}, [6]int{403, 303, 303, 303, 403, 403}},
		{at + "/classify", []string{"classification", "public"}, [6]int{303, 303, 303, 303, 403, 403}},
		{at + "/extend", []string{"reason", ""}, [6]int{403, 422, 422, 422, 403, 403}},
		{at + "/decision", []string{"outcome", "refused", "text", "x"}, [6]int{403, 403, 422, 422, 403, 403}},
		{at + "/note", []string{"text", "Catatan."}, [6]int{303, 303, 303, 303, 403, 403}},
		{at + "/publication", []string{"title", "x", "summary", "y"}, [6]int{403, 403, 409, 409, 403, 403}},
		{at + "/publication", []string{"title", "x", "summary", "y", "step", "publish"}, [6]int{403, 403, 409, 409, 403, 403}},
		{at + "/attachments/1/redaction", []string{"do", "page", "page", "1", "exemption", "h"}, [6]int{404, 404, 404, 404, 403, 403}},
		{at + "/attachments/1/redaction/look", []string{"looked", "yes"}, [6]int{404, 404, 404, 404, 403, 403}},
		{at + "/attachments/1/redaction/upload", []string{"why", "h"}, [6]int{404, 404, 404, 404, 403, 403}},
		{at + "/repeats", []string{"rule", "bad_faith", "reason", ""}, [6]int{403, 403, 422, 422, 403, 403}},
		{at + "/repeats/1/withdraw", []string{"why", "x"}, [6]int{403, 403, 404, 404, 403, 403}},
		{"/desk/admin/outbox/1/retry", nil, [6]int{403, 403, 403, 403, 403, 404}},
		{"/desk/admin/officers/disable", []string{"email", "agent@lain.test"}, [6]int{403, 403, 403, 403, 403, 303}},
		{"/desk/admin/officers/end", []string{"email", "agent@lain.test"}, [6]int{403, 403, 403, 403, 403, 303}},
		{"/desk/admin/officers/reset", []string{"email", "agent@dinas.test"}, [6]int{403, 403, 403, 403, 403, 409}},    // has none
		{"/desk/resets", []string{"email", "agent@dinas.test", "agreed", "yes"}, [6]int{403, 403, 403, 404, 403, 404}}, // nothing waits
		{"/desk/admin/bodies/new", []string{"name", ""}, [6]int{403, 403, 403, 403, 403, 422}},
	} {
		for i, role := range roles {
			v := s.as(role)
			v.get("/sign-in") // any page with a token of the session
			home := map[string]string{"auditor": "/audit", "admin@terang.test": "/desk/admin"}[role]
			if home == "" {
				home = "/desk"
			}
			v.get(home).want(t, 200)
			c := s.now(strings.TrimPrefix(at, "/desk/cases/"))
			a := v.post(row.path, append([]string{"version", number(c.Version)}, row.fields...)...)
			if a.status != row.want[i] {
				t.Errorf("POST %s as %s: %d, want %d\n%s", row.path, role, a.status, row.want[i], summary(a.body))
			}
		}
		v := s.as("officer@lain.test")
		v.get("/desk").want(t, 200)
		if strings.HasPrefix(row.path, at) {
			if a := v.post(row.path, append([]string{"version", "1"}, row.fields...)...); a.status != 404 {
				t.Errorf("POST %s as another body's officer: %d", row.path, a.status)
			}
		}
		if a := s.nobody().post(row.path, row.fields...); a.status != 401 {
			t.Errorf("POST %s, not signed in: %d", row.path, a.status)
		}
	}
	// Without the form's token nothing is changed.
	v := s.as("officer")
	v.get("/desk").want(t, 200)
	v.csrf = "forged"
	v.post(at+"/note", "text", "x", "version", "1").want(t, 403)
}

// A form that came too late is shown again with what was typed and what changed; sent
// again, it does what it says.
func TestStaleForms(t *testing.T) {
	s := serve(t)
	_, at := s.given(caseworktest.Request())
	one, two := s.as("officer"), s.as("superior")
	for _, row := range []struct {
		page   string
		fields []string
		kept   string
	}{
		{"/classify", []string{"classification", "restricted", "exemption", "h", "reason", "Kata-kata saya"}, "Kata-kata saya"},
		{"/clarification", []string{"text", "Pertanyaan saya"}, "Pertanyaan saya"},
		{"/extend", []string{"reason", "Alasan saya"}, "Alasan saya"},
		{"/escalation?action=raise", []string{"action", "raise", "reason", "Perlu atasan"}, "Perlu atasan"},
		{"/message", []string{"text", "Pesan saya"}, "Pesan saya"},
		{"/note", []string{"text", "Catatan saya"}, "Catatan saya"},
		{"/assign", []string{"unit", "keuangan"}, `value="keuangan" selected`},
		{"/decision?outcome=granted", []string{"outcome", "granted", "text", "Jawaban saya"}, "Jawaban saya"},
	} {
		page := one.get(at+row.page).want(t, 200)
		version := versions.FindStringSubmatch(page.body)[1]
		two.send(at+"/note", "text", "Ada perkembangan.").done(t)
		path, _, _ := strings.Cut(row.page, "?")
		a := one.post(at+path, append([]string{"version", version}, row.fields...)...)
		a.want(t, 409, "This case changed since you opened it", row.kept, "Internal note added", "<title>Error:")
		fresh := versions.FindStringSubmatch(a.body)[1]
		if fresh == version {
			t.Errorf("%s: shown again with the old version", row.page)
		}
		one.post(at+path, append([]string{"version", fresh}, row.fields...)...).done(t)
	}
	// An acknowledgement has no form of its own: the case's page says that it changed.
	_, other := s.given(caseworktest.Request())
	one.send(other+"/classify", "classification", "restricted", "exemption", "h", "reason", "Data pribadi.").done(t)
	page := one.get(other).want(t, 200, "Acknowledge this rung")
	two.send(other+"/note", "text", "Satu lagi.").done(t)
	one.post(other+"/escalation", "action", "acknowledge", "version", versions.FindStringSubmatch(page.body)[1]).want(t, 409, "Not done: this case had changed", "Satu lagi.")
	v := s.as("officer")
	v.get("/desk")
	v.post(at+"/note", "text", "Tanpa versi.").want(t, 422)
	s.Check()
}

// What no database should have to keep, and what no law has, is refused at its field.
func TestBadInput(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	v := s.as("officer")
	v.get(at).want(t, 200)
	before := s.now(c.Reference).Version
	for _, row := range []struct {
		path   string
		fields []string
		want   int
		says   string
	}{
		{at + "/note", []string{"text", ""}, 422, "#text"},
		{at + "/note", []string{"text", "a\x00b"}, 422, "#text"},
		{at + "/note", []string{"text", "a\xffb"}, 422, "#text"},
		{at + "/note", []string{"text", strings.Repeat("x", models.MaxText+1)}, 422, "#text"},
		{at + "/assign", nil, 422, "#officer"},
		{at + "/assign", []string{"officer", "nobody@nowhere.test"}, 422, "#officer"},
		{at + "/assign", []string{"officer", "auditor@dinas.test"}, 422, "#officer"},
		{at + "/assign", []string{"unit", "tidak-ada"}, 422, "#unit"},
		{at + "/classify", []string{"classification", "secret"}, 422, "#classification"},
		{at + "/classify", []string{"classification", "restricted", "exemption", "zz", "reason", "x"}, 422, "#exemption"},
		{at + "/classify", []string{"classification", "public", "document", "999"}, 404, ""},
		{at + "/decision", []string{"outcome", "perhaps", "text", "x"}, 422, "How is this case answered"},
		{at + "/decision", []string{"outcome", "granted", "text", ""}, 422, "#text"},
		{at + "/decision", []string{"outcome", "granted", "text", "x", "release", "999"}, 404, ""},
		{at + "/escalation", []string{"action", "explode"}, 422, ""},
		{at + "/extend", []string{"reason", ""}, 422, "#reason"},
		{at + "/attachments/999", nil, 404, ""},
	} {
		a := v.post(row.path, append([]string{"version", number(before)}, row.fields...)...)
		if row.path == at+"/attachments/999" {
			a = v.get(row.path)
		}
		if a.status != row.want || row.says != "" && !strings.Contains(a.body, row.says) {
			t.Errorf("%s %.60q: %d, want %d and %q\n%s", row.path, row.fields, a.status, row.want, row.says, summary(a.body))
		}
		if v.csrf == "" {
			v.get(at)
		}
	}
	v.get(at+"/attachments").want(t, 200)
	v.upload(at+"/attachments", "", nil).want(t, 422, "#attachments")
	v.upload(at+"/attachments", "program.exe", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff")).want(t, 422, "#attachments")
	v.get("/desk?queue=none").want(t, 422)
	v.get("/desk?state=none").want(t, 422)
	v.get("/desk?cursor=zzz").want(t, 422)
	v.get("/desk/cases/T7-K4M9-XQ2R").want(t, 404)
	v.get("/desk/cases/not-a-reference").want(t, 404)
	v.get(strings.ToLower(at)).want(t, 200)
	if s.now(c.Reference).Version != before {
		t.Error("something was stored")
	}
}

// A confidential case is in no list, number, search, page, file or export of anyone who is
// not cleared for it and concerned with it.
func TestConfidentialStaysHidden(t *testing.T) {
	s := serve(t)
	const marker = "Zirkonium"
	in := caseworktest.Request()
	in.Subject, in.Text = "Laporan "+marker, "Saya melaporkan "+marker+" yang hilang dari gudang."
	c, at := s.given(in)
	s.AddDinas("lain")
	ppid := s.as("officer")
	ppid.get(at+"/attachments").want(t, 200)
	ppid.upload(at+"/attachments", marker+".txt", []byte(marker+" di gudang.\n")).done(t)
	ppid.send(at+"/assign", "unit", "keuangan").done(t)
	ppid.send(at+"/classify", "classification", "confidential", "exemption", "a", "reason", "Penyidikan "+marker).done(t)
	docs, err := s.Store.Read(s.Ctx).Attachments(c.ID)
	if err != nil || len(docs) != 1 {
		t.Fatal(docs, err)
	}
	for _, role := range []models.Role{models.Agent, models.UnitHead, models.InfoOfficer, models.Superior, models.Auditor} {
		s.AddPlain("low-"+string(role)+"@dinas.test", role, "dinas", models.Restricted)
	}
	s.AddPlain("far@dinas.test", models.Agent, "dinas", models.Confidential) // cleared, not concerned
	var doors []string
	for _, q := range casework.Queues {
		doors = append(doors, "/desk?queue="+q, "/desk?queue="+q+"&q="+marker, "/desk?queue="+q+"&q="+c.Reference, "/audit/cases?queue="+q+"&q="+marker)
	}
	for _, p := range []string{"", "/assign", "/classify", "/clarification", "/extend", "/escalation", "/decision", "/decision?outcome=refused", "/publication", "/message", "/note", "/close", "/attachments", fmt.Sprintf("/attachments/%d", docs[0].ID)} {
		doors = append(doors, at+p)
	}
	doors = append(doors, "/audit", "/audit/cases", "/audit/cases/"+c.Reference, "/audit/cases/"+c.Reference+"/receipt", "/audit/events?kind=classification.overruled", "/audit/exports",
		"/audit/export?format=csv", "/audit/export?format=jsonl", "/desk/record", "/desk/admin", "/desk/admin/officers", "/desk/admin/laws")
	for _, who := range []string{"low-agent", "low-unit_head", "low-officer", "low-superior", "low-auditor", "far@dinas.test", "admin@terang.test", "officer@lain.test", "auditor@lain.test", "agent@lain.test"} {
		v := s.as(who)
		for _, door := range doors {
			a := v.get(door)
			if strings.Contains(a.body, marker) && !strings.Contains(door, "q="+marker) || strings.Count(a.body, marker) > 3 || strings.Contains(a.body, "gudang") {
				t.Errorf("%s sees it at %s", who, door)
			}
			if strings.HasPrefix(door, at) && a.status != 404 && a.status != 403 {
				t.Errorf("%s gets %d at %s", who, a.status, door)
			}
			// The page that says "not found" names the address one asked for, and no more.
			asked := strings.HasPrefix(door, at) || strings.HasPrefix(door, "/audit/cases/"+c.Reference)
			if !asked && (strings.Contains(a.body, "/desk/cases/"+c.Reference) || strings.Contains(a.body, "/audit/cases/"+c.Reference)) {
				t.Errorf("%s is led to it from %s", who, door)
			}
		}
		if strings.Contains(who, "low-") && who != "low-auditor" || who == "far@dinas.test" {
			if a := v.get("/desk?queue=unassigned").want(t, 200); strings.Contains(a.body, `<span class="count">1</span>`) {
				t.Errorf("%s sees it counted", who)
			}
		}
	}
	// Those who are cleared and concerned do see it, and their look is on the trail.
	for _, who := range []string{"officer", "superior"} {
		a := s.as(who).get(at)
		if who == "officer" {
			a.want(t, 200, marker)
		}
	}
	s.as("auditor").get("/audit/events?kind=case.viewed").want(t, 200, c.Reference)
}
