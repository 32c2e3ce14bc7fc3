package desk_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
)

var codes = regexp.MustCompile(`id="(ref|key)">([^<]+)<`)

var once = regexp.MustCompile(`name="once" value="([^"]+)"`)

// A letter that came three days ago counts from then; its form sent twice is one case;
// its key is shown once and opens it.
func TestRecordALetter(t *testing.T) {
	s := serve(t)
	v := s.as("agent")
	form := v.get("/desk/record").want(t, 200, "Date received")
	fields := []string{
		"once", once.FindStringSubmatch(form.body)[1], "channel", "letter", "received", "2026-01-05", "kind", "request", "subject", "Daftar proyek irigasi",
		"text", "Mohon daftar proyek irigasi 2025.", "purpose", "Penelitian", "delivery", "paper", "anonymity", "open", "requester_kind", "individual",
		"name", "Joko Susilo", "phone", "0812 3456 7890", "identity_number", "3171234567890123", "address", "Jl. Kenanga 3",
	}
	first := v.post("/desk/record", fields...).want(t, 201, "Hand this reference and key", "The key is shown only now")
	got := map[string]string{}
	for _, m := range codes.FindAllStringSubmatch(first.body, -1) {
		got[m[1]] = html.UnescapeString(m[2])
	}
	c := s.now(got["ref"])
	if c.Channel != models.ChannelLetter || c.ReceivedAt.UTC().Format("2006-01-02") != "2026-01-05" || c.DueOn != "2026-01-20" {
		t.Errorf("%s received %s due %s", c.Channel, c.ReceivedAt, c.DueOn)
	}
	if _, _, err := s.Unlock(s.Ctx, got["ref"], got["key"], "test"); err != nil {
		t.Errorf("the key does not open it: %v", err)
	}
	again := v.post("/desk/record", fields...).want(t, 201)
	if !strings.Contains(again.body, got["ref"]) || !strings.Contains(again.body, got["key"]) {
		t.Error("the form sent twice made a second case")
	}
	v.get("/desk/cases/"+got["ref"]).want(t, 200, "Letter", "Joko Susilo").lacks(t, got["key"])
	s.Check()
}

// What is missing is said first; kept incomplete it waits in a state of its own and is
// completed later.
func TestRecordIncomplete(t *testing.T) {
	s := serve(t)
	v := s.as("agent")
	v.get("/desk/record").want(t, 200)
	fields := []string{"once", "a", "channel", "phone", "received", "2026-01-07", "kind", "request", "subject", "Data tanah", "text", "Minta data tanah desa.", "anonymity", "open", "requester_kind", "individual"}
	v.post("/desk/record", fields...).want(t, 422, "Error:", `href="#name"`, "Minta data tanah desa.")
	blank := slices.Clone(fields)
	blank[9], blank[11] = "", "" // subject and text: asked for by the case and by its law
	if got := mistakes(v.post("/desk/record", blank...).want(t, 422)); len(got) < 4 || got[0] != "#subject" || got[1] != "#text" || got[2] != "#purpose" || got[3] != "#name" {
		t.Errorf("the summary leads to %q", got)
	}
	v.post("/desk/record", append(fields, "keep", "yes")...).want(t, 201, "This case is incomplete")
	found := v.get("/desk?queue=all&q=tanah").want(t, 200)
	ref := regexp.MustCompile(`/desk/cases/([A-Z0-9-]+)"`).FindStringSubmatch(found.body)[1]
	at := "/desk/cases/" + ref
	if got := s.now(ref); got.State != models.StateIncomplete || got.DueOn != "" {
		t.Fatalf("%s due %q", got.State, got.DueOn)
	}
	v.get(at).want(t, 200, "Complete the record", "No clock runs yet")
	v.get(at+"/complete").want(t, 200, "Still missing")
	v.send(at+"/complete", "requester_kind", "individual", "name", "Ani").want(t, 422, "Error:")
	v.send(at+"/complete", "requester_kind", "individual", "name", "Ani", "phone", "0812 3456 7890", "email", "ani@contoh.id", "identity_number", "3171234567890123", "address", "Desa Suka", "purpose", "Tahu hak").done(t)
	if got := s.now(ref); got.State != models.StateRegistered || got.DueOn == "" {
		t.Fatalf("%s due %q", got.State, got.DueOn)
	}
	s.Check()
}

func TestRecordRefuses(t *testing.T) {
	s := serve(t)
	v := s.as("agent")
	v.get("/desk/record").want(t, 200)
	base := map[string]string{"once": "x", "channel": "counter", "received": "2026-01-07", "kind": "complaint", "subject": "Loket", "text": "Tutup.", "anonymity": "anonymous", "requester_kind": "individual"}
	for _, row := range []struct{ field, value, says string }{
		{"received", "2026-01-08", "#received"}, {"received", "2026-02-30", "#received"}, {"received", "", "#received"}, {"received", "kemarin", "#received"},
		{"channel", "web", "#channel"}, {"channel", "", "#channel"}, {"kind", "riddle", "#kind"}, {"kind", "objection", "#kind"}, {"subject", "", "#subject"},
		{"subject", "a\x00", "#subject"}, {"text", strings.Repeat("x", models.MaxText+1), "#text"}, {"anonymity", "masked", "#anonymity"}, {"delivery", "pigeon", "#delivery"},
	} {
		var fields []string
		for k, val := range base {
			if k == row.field {
				val = row.value
			}
			fields = append(fields, k, val)
		}
		if _, ok := base[row.field]; !ok {
			fields = append(fields, row.field, row.value)
		}
		a := v.post("/desk/record", fields...)
		if a.status != 422 || !strings.Contains(a.body, row.says) {
			t.Errorf("%s=%.20q: %d\n%s", row.field, row.value, a.status, summary(a.body))
		}
	}
	if page, err := s.Queue(s.Ctx, s.As("officer"), casework.QueueInput{Queue: "all"}); err != nil || len(page.Rows) != 0 {
		t.Errorf("%d stored, %v", len(page.Rows), err)
	}
	var fields []string
	for k, val := range base {
		fields = append(fields, k, val)
	}
	v.post("/desk/record", fields...).want(t, 201) // a complaint may be anonymous
}

func TestAdministration(t *testing.T) {
	s := serve(t)
	v := s.as("admin@terang.test")
	v.get("/desk/admin").want(t, 200, "Dinas dinas", "Seksi Anggaran")
	v.get("/desk/admin/laws").want(t, 200, "Not verified against the statute", "UU 14/2008")
	v.get("/desk/admin/bodies/new").want(t, 200)
	v.post("/desk/admin/bodies/new", "name", "Rumah Sakit Umum", "slug", "", "pack", "xx").want(t, 422, "#pack", "Rumah Sakit Umum")
	v.post("/desk/admin/bodies/new", "name", "Rumah Sakit Umum", "slug", "", "pack", "id").done(t)
	v.get("/desk/admin").want(t, 200, "The public body is added", "rumah-sakit-umum")
	v.post("/desk/admin/bodies/new", "name", "Rumah Sakit Umum", "slug", "", "pack", "id").want(t, 409)
	v.get("/desk/admin/units/new").want(t, 200)
	v.post("/desk/admin/units/new", "body", "rumah-sakit-umum", "name", "Rekam Medis", "parent", "tidak-ada").want(t, 422, "#parent")
	v.post("/desk/admin/units/new", "body", "rumah-sakit-umum", "name", "Rekam Medis").done(t)
	v.get("/desk/admin/officers/new").want(t, 200, "There is no default password")
	v.post("/desk/admin/officers/new", "name", "Dewi", "email", "dewi", "role", "agent").want(t, 422, "#email", "#body")
	made := v.post("/desk/admin/officers/new", "name", "Dewi", "email", "dewi@rsu.test", "role", "agent", "body", "rumah-sakit-umum", "clearance", "public").want(t, 201, "One-time link", "dewi@rsu.test")
	link := regexp.MustCompile(`http://terang\.test(/welcome/[0-9a-f]+)`).FindStringSubmatch(made.body)
	if link == nil {
		t.Fatal("no link")
	}
	s.nobody().get(link[1]).want(t, 200)
	v.get("/desk/admin/officers").want(t, 200, "dewi@rsu.test", "superior@dinas.test").lacks(t, link[1])
	v.post("/desk/admin/officers/link", "email", "dewi@rsu.test").want(t, 200, "A new link is made")
	if a := s.nobody().get(link[1]); a.status == 200 {
		t.Error("the old link still works")
	}
	v.get("/desk/admin/officers/away?email=agent@dinas.test").want(t, 200, "agent@dinas.test")
	v.post("/desk/admin/officers/away", "email", "siapa@dinas.test", "from", "2026-01-01").want(t, 422, "#email")
	v.post("/desk/admin/officers/away", "email", "agent@dinas.test", "from", "besok").want(t, 422, "#from", "besok")
	v.post("/desk/admin/officers/away", "email", "agent@dinas.test", "from", "2026-01-01", "delegate", "unit_head@dinas.test").done(t)
	v.post("/desk/admin/officers/away", "email", "agent@dinas.test", "from", "").done(t)
	v.get("/desk/admin/decrees/new").want(t, 200, "recompute")
	v.post("/desk/admin/decrees/new", "pack", "zz", "year", "dua ribu", "issued", "kemarin", "list", "besok libur").want(t, 422, "#year", "#list", "besok libur")
	v.post("/desk/admin/decrees/new", "pack", "zz", "decree", "", "year", "2026", "issued", "kemarin", "list", "2026-08-17 HUT").want(t, 422, "#pack", "#decree", "#issued")
	v.post("/desk/admin/decrees/new", "pack", "id", "decree", "SKB uji", "year", "2026", "issued", "2026-01-06", "list", "2026-01-01 Tahun Baru\n2026-08-17 HUT").done(t)
	s.as("officer").get("/desk/admin/decrees/new").want(t, 403)
	agent := s.as("agent")
	v.post("/desk/admin/officers/disable", "email", "agent@dinas.test").done(t)
	agent.get("/desk").want(t, 303)
	v.post("/desk/admin/officers/disable", "email", "nobody@nowhere.test").want(t, 404)
	v.get("/audit/events").want(t, 200, "officer.disabled", "body.added").lacks(t, "case.filed")
	s.Check()
}
