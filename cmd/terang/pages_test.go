package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/models"
	"terang/models/casework"
	"terang/models/store"
	"terang/models/store/storetest"
)

// keptSite is one instance of a site over a database, with two officers of one body.
type keptSite struct {
	t    *testing.T
	a    *app
	site *fiber.App
}

func openKept(t *testing.T, set settings) *keptSite {
	t.Helper()
	a, err := openApp(t.Context(), set, currentSchema, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.store.Close() })
	site, err := a.site(serveOptions{settings: set}, slog.New(slog.NewTextHandler(io.Discard, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &keptSite{t: t, a: a, site: site}
}

func (k *keptSite) do(method, path, cookie string, form url.Values, header ...string) (int, string, http.Header) {
	k.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := k.site.Test(req, -1)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

// session opens a session without the forms, which have tests of their own.
func (k *keptSite) session(email string) string {
	k.t.Helper()
	token := models.NewToken()
	o, err := k.a.store.Read(k.t.Context()).OfficerByEmail(email)
	if err != nil {
		k.t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	if err := k.a.store.WithTx(k.t.Context(), func(tx *store.Tx) error {
		return tx.PutSession(&models.Session{TokenHash: models.HashSecret(token), OfficerID: o.ID, CreatedAt: now, RotatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour), ProvedAt: &now, ConfirmedAt: &now})
	}); err != nil {
		k.t.Fatal(err)
	}
	return "terang_session=" + token
}

func (k *keptSite) page(path, cookie string) string {
	k.t.Helper()
	status, body, _ := k.do("GET", path, cookie, nil)
	if status != 200 {
		k.t.Fatalf("%s: %d\n%.500s", path, status, body)
	}
	return body
}

func (k *keptSite) file(subject, text string) *models.Case {
	k.t.Helper()
	f, err := k.a.cases.File(k.t.Context(), models.Actor{Kind: models.Anyone, Lang: "id"}, keptFiling(subject, text))
	if err != nil {
		k.t.Fatal(err)
	}
	return f.Case
}

func keptFiling(subject, text string) casework.FileInput {
	return casework.FileInput{
		Kind: models.Request, Body: "dinas", Subject: subject, Text: text, Purpose: "Penelitian.", Delivery: models.Electronic,
		Requester: casework.RequesterInput{Kind: models.Individual, Name: "Budi", Email: "budi@surel.example", IdentityNumber: "3299040101900001", Address: "Jalan Kenanga 1"},
	}
}

// keptPlaces are a folder and, where there is one, a PostgreSQL schema.
func keptPlaces(t *testing.T, test func(*testing.T, settings)) {
	t.Run("sqlite", func(t *testing.T) { test(t, settings{Data: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) {
		test(t, settings{Data: t.TempDir(), Database: storetest.PostgresConfig(t).URL})
	})
}

func found(t *testing.T, k *keptSite) {
	t.Helper()
	ctx := t.Context()
	if _, err := k.a.cases.AddBody(ctx, models.System, casework.BodyInput{Slug: "dinas", Name: "Dinas Contoh", Pack: "id"}); err != nil {
		t.Fatal(err)
	}
	for _, o := range []casework.OfficerInput{
		{Email: "ppid@dinas.example", Name: "Ibu PPID", Role: models.InfoOfficer, Clearance: models.Confidential},
		{Email: "petugas@dinas.example", Name: "Pak Petugas", Role: models.Agent, Clearance: models.Public},
	} {
		o.Body, o.Password = "dinas", "sandi-yang-panjang-2026"
		if _, _, err := k.a.cases.AddOfficer(ctx, models.System, o); err != nil {
			t.Fatal(err)
		}
	}
}

// A page that is kept is the page that would be drawn: what was written shows at once, on
// another instance within a second; what one person sees reaches nobody else; who signs out
// or is disabled is out.
func TestKeptPages(t *testing.T) {
	keptPlaces(t, func(t *testing.T, set settings) {
		k := openKept(t, set)
		found(t, k)
		ppid, agent := k.session("ppid@dinas.example"), k.session("petugas@dinas.example")
		const list = "/desk?queue=all"

		first := k.page(list, ppid)
		for range 3 {
			if again := k.page(list, ppid); again != first {
				t.Fatal("a page is not given again while nothing is written")
			}
		}
		c := k.file("Anggaran jalan", "Mohon anggaran jalan.")
		if !strings.Contains(k.page(list, ppid), c.Reference) {
			t.Error("what was just filed is not on the list")
		}
		mine := k.page(list, ppid)
		if other := k.page(list, agent); strings.Contains(other, "Ibu PPID") || !strings.Contains(other, "Pak Petugas") || !strings.Contains(mine, "Ibu PPID") {
			t.Error("the page of one officer was given to another")
		}
		if status, _, _ := k.do("GET", list, "", nil); status != 303 {
			t.Errorf("without a session: %d, expected to be led to the sign-in", status)
		}
		if en := k.page(list+"&lang=en", ppid); en == mine || !strings.Contains(en, `lang="en"`) {
			t.Error("the page of another language was given")
		}
		_, zipped, header := k.do("GET", list, ppid, nil, "Accept-Encoding", "gzip")
		if header.Get("Content-Encoding") != "gzip" || zipped == mine {
			t.Error("who takes gzip was given another's plain page")
		}

		// The words of a confidential case, and that each look at it is recorded.
		secret := k.file("Rekam medis pasien", "Mohon rekam medis pasien bernama Budi di rumah sakit.")
		if secret.Classification == models.Public {
			t.Fatalf("the rules let %s be public", secret.Subject)
		}
		if _, err := k.a.cases.Classify(t.Context(), models.System, secret.Reference, casework.ClassifyInput{
			Version: secret.Version, Classification: models.Confidential, Exemption: "h", Reason: "Menyangkut rekam medis seseorang.",
		}); err != nil {
			t.Fatal(err)
		}
		looks := func() int {
			rows, _, err := k.a.store.Read(t.Context()).Events(store.EventFilter{CaseID: &secret.ID, Kind: "case.viewed"}, "", 100)
			if err != nil {
				t.Fatal(err)
			}
			return len(rows)
		}
		for n := range 3 {
			before := looks()
			if !strings.Contains(k.page("/desk/cases/"+secret.Reference, ppid), secret.Reference) {
				t.Fatal("the confidential case is not shown")
			}
			if looks() != before+1 {
				t.Errorf("look %d at a confidential case was not recorded", n+1)
			}
		}
		if status, body, _ := k.do("GET", "/desk/cases/"+secret.Reference, agent, nil); status != 404 || strings.Contains(body, "Rekam medis") {
			t.Errorf("a confidential case for who may not see it: %d", status)
		}

		// The API's list goes by the token as the page does by the cookie.
		asks := func(email string) string {
			token, _, err := k.a.cases.IssueToken(t.Context(), models.System, email, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			var last string
			for range 2 {
				status, body, _ := k.do("GET", "/api/v1/desk/cases?queue=all", "", nil, "Authorization", "Bearer "+token)
				if status != 200 || last != "" && body != last {
					t.Fatalf("the list by the API: %d", status)
				}
				last = body
			}
			return last
		}
		if !strings.Contains(asks("ppid@dinas.example"), secret.Reference) || strings.Contains(asks("petugas@dinas.example"), secret.Reference) {
			t.Error("the list of one officer was given to another by the API")
		}
		if status, _, _ := k.do("GET", "/api/v1/desk/cases?queue=all", "", nil); status != 401 {
			t.Errorf("the list without a token: %d", status)
		}

		// Another process on the same database. SQLite takes several as commands do.
		other := openKept(t, set)
		old := k.page(list, ppid)
		late := other.file("Anggaran drainase", "Mohon anggaran drainase.")
		deadline := time.Now().Add(time.Second)
		for !strings.Contains(k.page(list, ppid), late.Reference) {
			if time.Now().After(deadline) {
				t.Fatal("what another process wrote is not shown within a second")
			}
			time.Sleep(20 * time.Millisecond)
		}
		if k.page(list, ppid) == old {
			t.Error("an old page")
		}

		// Disabled there, signed out here.
		if err := other.a.cases.DisableOfficer(t.Context(), models.System, "petugas@dinas.example"); err != nil {
			t.Fatal(err)
		}
		for deadline = time.Now().Add(time.Second); ; time.Sleep(20 * time.Millisecond) {
			if status, _, _ := k.do("GET", list, agent, nil); status == 303 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("who was disabled on another instance still sees a page after a second")
			}
		}
		k.page(list, ppid)
		if err := k.a.cases.SignOut(t.Context(), strings.TrimPrefix(ppid, "terang_session=")); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := k.do("GET", list, ppid, nil); status != 303 {
			t.Errorf("after signing out: %d", status)
		}
	})
}

// A grant into a confidential case ends with its instant on lists too, although nothing
// is written then.
func TestKeptPagesEndWithGrants(t *testing.T) {
	k := openKept(t, settings{Data: t.TempDir()})
	found(t, k)
	if _, _, err := k.a.cases.AddOfficer(t.Context(), models.System, casework.OfficerInput{
		Email: "pelaksana@dinas.example", Name: "Petugas Lain", Role: models.Agent, Body: "dinas", Clearance: models.Confidential, Password: "sandi-yang-panjang-2026",
	}); err != nil {
		t.Fatal(err)
	}
	c := k.file("Anggaran jalan", "Mohon anggaran jalan.")
	if _, err := k.a.cases.Classify(t.Context(), models.System, c.Reference, casework.ClassifyInput{
		Version: c.Version, Classification: models.Confidential, Exemption: "h", Reason: "Menyangkut rekam medis seseorang.",
	}); err != nil {
		t.Fatal(err)
	}
	head, err := k.a.store.Read(t.Context()).OfficerByEmail("pelaksana@dinas.example")
	if err != nil {
		t.Fatal(err)
	}
	cookie := k.session(head.Email)
	until := time.Now().Add(3 * time.Second).Truncate(time.Second)
	if err := k.a.store.WithTx(t.Context(), func(tx *store.Tx) error {
		return tx.Insert(&models.Grant{CaseID: c.ID, OfficerID: head.ID, Kind: models.GivenGrant, Reason: "Menggantikan.", At: until.Add(-time.Minute).UTC(), Until: until.UTC(), Version: 1})
	}); err != nil {
		t.Fatal(err)
	}
	shown := 0
	for time.Now().Before(until.Add(500 * time.Millisecond)) {
		before := time.Now()
		has := strings.Contains(k.page("/desk?queue=all", cookie), c.Reference)
		switch {
		case has && !before.Before(until):
			t.Fatalf("shown %s after the grant ended", before.Sub(until))
		case has:
			shown++
		}
		time.Sleep(10 * time.Millisecond)
	}
	if shown == 0 {
		t.Error("the grant let nobody in")
	}
}

// Pages that anybody may read are asked for again with the tag they came with.
func TestPublicPagesRevalidate(t *testing.T) {
	k := openKept(t, settings{Data: t.TempDir()})
	found(t, k)
	for _, path := range []string{"/", "/disclosures", "/bodies", "/bodies/dinas", "/how", "/accessibility"} {
		_, _, header := k.do("GET", path, "", nil)
		have := header.Get("Etag")
		if have == "" {
			t.Errorf("%s has no tag", path)
			continue
		}
		if status, body, _ := k.do("GET", path, "", nil, "If-None-Match", have); status != 304 || body != "" {
			t.Errorf("%s asked for again: %d with %d bytes", path, status, len(body))
		}
		if status, _, _ := k.do("GET", path, "", nil, "If-None-Match", `W/"other"`); status != 200 {
			t.Errorf("%s with another tag: %d", path, status)
		}
	}
	if _, _, header := k.do("GET", "/desk", k.session("ppid@dinas.example"), nil); header.Get("Etag") != "" || !slices.Contains([]string{"no-store"}, header.Get("Cache-Control")) {
		t.Error("a page of the desk may be kept by browsers")
	}
}

// Stamps differ whenever something was written in between, here or elsewhere.
func TestStamps(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		one, two := storetest.Migrated(t, c), storetest.Open(t, c)
		write := func(s *store.Store) {
			if err := s.WithTx(context.Background(), func(tx *store.Tx) error {
				_, err := tx.BumpThrottle("x", time.Minute, time.Now())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		stamp := func() [2]uint64 {
			for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				if x, ok := one.Stamp(context.Background()); ok {
					return x
				}
			}
			t.Fatal("no stamp")
			return [2]uint64{}
		}
		settled := func() [2]uint64 { // this process's own commits count twice, the second time a moment later
			for last := stamp(); ; {
				time.Sleep(250 * time.Millisecond)
				next := stamp()
				if next == last {
					return next
				}
				last = next
			}
		}
		before := settled()
		write(one)
		if stamp() == before {
			t.Error("a write of this process is not in the stamp at once")
		}
		before = settled()
		if err := one.Look(context.Background(), func(tx *store.Tx) error {
			return tx.Append(&models.Event{Time: time.Now(), Kind: "case.viewed"})
		}); err != nil {
			t.Fatal(err)
		}
		if c.URL == "" && (stamp() != before || settled() != before) { // PostgreSQL does not tell whose commit it was
			t.Error("a look changed the stamp")
		}
		for what, err := range map[string]error{
			"a row":          one.Look(context.Background(), func(tx *store.Tx) error { return tx.Insert(&models.Unit{Slug: "x", Name: "X"}) }),
			"another event":  one.Look(context.Background(), func(tx *store.Tx) error { return tx.Append(&models.Event{Time: time.Now(), Kind: "case.filed"}) }),
			"a change":       one.Look(context.Background(), func(tx *store.Tx) error { return tx.UpdateBody(&models.Body{ID: 1, Slug: "x"}) }),
			"a bare command": one.Look(context.Background(), func(tx *store.Tx) error { return tx.DeleteDraft(1) }),
		} {
			if models.KindOf(err) != models.Internal {
				t.Errorf("a look wrote %s: %v", what, err)
			}
		}
		before = settled()
		write(two)
		for deadline := time.Now().Add(time.Second); stamp() == before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a write of another process is not in the stamp after a second")
			}
		}
	})
}
