package main

import (
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/models/store"
	"terang/models/store/storetest"
	"terang/policies"
)

// openTraced is a site whose statements are heard.
func openTraced(t *testing.T, trace func(store.Statement)) *keptSite {
	t.Helper()
	dir := t.TempDir()
	packs, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.Migrated(t, store.Config{Path: filepath.Join(dir, databaseName), Trace: trace, Keys: storetest.Keys(t, dir)})
	a := &app{packs: packs, store: st, secret: make([]byte, 32)}
	a.cases = casework.New(casework.Options{Store: st, Packs: packs, Secret: a.secret})
	site, err := handlers.New(handlers.Options{Cases: a.cases, Ready: st.Ready, Stamp: st.Stamp, Secret: a.secret, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return &keptSite{t: t, a: a, site: site}
}

// open proves a case's key by the form and gives the cookie that says so.
func (k *keptSite) open(c *models.Case, key string) string {
	k.t.Helper()
	status, _, header := k.do("POST", "/track", "", url.Values{"reference": {c.Reference}, "key": {key}})
	if status != 303 {
		k.t.Fatalf("/track: %d", status)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	return cookie
}

// The statements of a page: none is asked twice in one request, and their number does not
// grow unseen. A page that needs another one changes its number here.
func TestStatementsOfPages(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	trace := func(s store.Statement) {
		if sql := s.SQL(); strings.HasPrefix(sql, "SELECT") {
			mu.Lock()
			seen = append(seen, sql)
			mu.Unlock()
		}
	}
	k := openTraced(t, trace)
	found(t, k)
	for _, s := range []string{"Anggaran jalan", "Anggaran drainase", "Daftar paket pekerjaan"} {
		k.file(s, "Mohon salinan dokumen.")
	}
	f, err := k.a.cases.File(t.Context(), models.Actor{Kind: models.Anyone, Lang: "id"}, keptFiling("Kontrak pengadaan", "Mohon salinan kontrak pengadaan."))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Case
	ppid := k.session("ppid@dinas.example")
	sealed := k.open(c, f.Key)
	for _, page := range []struct {
		path, cookie string
		most         int
	}{
		{"/", "", 3}, {"/disclosures?q=anggaran", "", 3}, {"/bodies", "", 2},
		{"/desk?queue=all", ppid, 11}, {"/desk?queue=all&q=anggaran", ppid, 12},
		{"/desk/cases/" + c.Reference, ppid, 30}, {"/cases/" + c.Reference, sealed, 25},
	} {
		k.page(page.path, page.cookie) // what is read once a process
		k.file("Lain", "Mohon yang lain.")
		mu.Lock()
		seen = nil
		mu.Unlock()
		k.page(page.path, page.cookie)
		mu.Lock()
		got := slices.Clone(seen)
		mu.Unlock()
		if len(got) == 0 {
			t.Errorf("%s: nothing was read: it was not drawn", page.path)
		}
		if len(got) > page.most {
			t.Errorf("%s: %d statements, expected %d at most:\n%s", page.path, len(got), page.most, strings.Join(got, "\n"))
		}
		slices.Sort(got)
		for i := 1; i < len(got); i++ {
			if got[i] == got[i-1] {
				t.Errorf("%s: asked twice in one request: %s", page.path, got[i])
			}
		}
	}
}
