package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"terang/models/store/storetest"
)

// elsewhere is the same installation put up at another place: its keys are brought there.
func (f *fleet) elsewhere(t *testing.T, database string) *fleet {
	t.Helper()
	g := newFleet(t, database, 1)
	if err := os.CopyFS(filepath.Join(g.dir, "keys"), os.DirFS(filepath.Join(f.dir, "keys"))); err != nil {
		t.Fatal(err)
	}
	return g
}

// holds reads every filing that was acknowledged before an instant, and checks the whole.
func (g *fleet) holds(t *testing.T, tr *traffic, before time.Time) {
	t.Helper()
	if out, err := g.try("verify"); err != nil || !strings.Contains(out, "holds: ") {
		t.Errorf("the copy does not verify: %v\n%s", err, out)
	}
	g.startAll()
	var n, missing atomic.Int64
	work := make(chan *filing)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for p := range work {
				n.Add(1)
				if there, whole, err := g.read(p); !there || !whole {
					if missing.Add(1) < 5 {
						t.Errorf("%s is not whole in the copy: %v", p.ref, err)
					}
				}
			}
		})
	}
	for _, p := range tr.filings {
		if p.ref != "" && p.acked.Before(before) {
			work <- p
		}
	}
	close(work)
	wg.Wait()
	if n.Load() == 0 {
		t.Error("nothing was filed before the copy")
	}
	// It goes on from there: what is filed now is kept, under the same log.
	var more atomic.Int64
	more.Store(1 << 20)
	if _, err := g.file(g.instances[0], &more); err != nil {
		t.Error(err)
	}
	time.Sleep(1500 * time.Millisecond)
	if out, err := g.try("verify"); err != nil || !strings.Contains(out, "holds: ") {
		t.Errorf("the copy does not go on: %v\n%s", err, out)
	}
	t.Logf("%d filings whole in the copy, %d not", n.Load()-missing.Load(), missing.Load())
}

// A backup that is taken while people file holds everything that was acknowledged before it
// began, each with its file, and nothing by halves.
func TestBackupUnderLoad(t *testing.T) {
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	tr := f.drive(4)
	time.Sleep(1500 * time.Millisecond)
	begun := time.Now()
	name := filepath.Join(f.dir, "copy.zip")
	f.run("backup", "--out", name)
	took := time.Since(begun)
	during := tr.acked.Load()
	time.Sleep(300 * time.Millisecond)
	tr.end()
	t.Logf("%d filings, backup in %s", during, took.Round(time.Millisecond))
	g := f.elsewhere(t, "")
	g.run("restore", name)
	g.holds(t, tr, begun)
	report(t, tally{}, tr, tr.check())
}

// On PostgreSQL its own tools make the copy: the database by pg_dump first, then the files, each
// of which was there before the row that names it.
func TestDumpUnderLoad(t *testing.T) {
	from, to := storetest.NewCluster(t), storetest.NewCluster(t)
	f := newFleet(t, from.URL, 2)
	f.body()
	f.startAll()
	tr := f.drive(4)
	time.Sleep(1500 * time.Millisecond)
	begun := time.Now()
	dump, err := from.Command("pg_dump", "--format=custom", "--dbname="+from.URL).Output()
	if err != nil {
		t.Fatal(err)
	}
	g := f.elsewhere(t, to.URL)
	if err := os.CopyFS(filepath.Join(g.dir, "data", "files"), os.DirFS(filepath.Join(f.dir, "data", "files"))); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	tr.end()
	restore := to.Command("pg_restore", "--exit-on-error", "--no-owner", "--dbname="+to.URL)
	restore.Stdin = strings.NewReader(string(dump))
	if out, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("dump and files in %s", took.Round(time.Millisecond))
	g.holds(t, tr, begun)
}

// Three instances that start at once on an empty database make one schema, one set of keys and one
// log between them.
func TestStartTogether(t *testing.T) {
	c := storetest.PostgresConfig(t)
	f := newFleet(t, c.URL, 3)
	f.startAll()
	f.body()
	var n atomic.Int64
	keys := map[string]bool{}
	for _, i := range f.instances {
		p, err := f.file(i, &n)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range f.instances { // what one has taken, each gives
			if there, whole, err := f.readAt(j, p); !there || !whole {
				t.Error(err)
			}
			if err := p.send(t.Context(), f.http, j.addr); err != nil {
				t.Error(err)
			}
		}
		keys[f.get(i, "/log/key").body] = true
	}
	if len(keys) != 1 {
		t.Errorf("%d logs", len(keys))
	}
	out := f.run("migrate", "status")
	db := storetest.Raw(t, c)
	var rows, top int
	if err := db.QueryRow("SELECT count(*), max(version) FROM schema_migrations").Scan(&rows, &top); err != nil || rows != top || !strings.Contains(out, "schema "+strconv.Itoa(top)) {
		t.Errorf("%d migrations up to %d: %v\n%s", rows, top, err, out)
	}
}

// An instance with another secret than the others is refused, until the operator says that it is
// the one from now on.
func TestOtherSecret(t *testing.T) {
	f := newFleet(t, "", 1)
	f.startAll()
	f.instances[0].kill()
	secret := filepath.Join(f.dir, "keys", "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func() {
		t.Helper()
		out, err := f.try("serve", "--addr", "127.0.0.1:0")
		if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, secret) || !strings.Contains(out, "--accept-secret") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	refused()
	i := f.add("--accept-secret")
	i.start()
	i.ready(time.Minute)
	i.kill()
	f.instances[0].start()
	f.instances[0].ready(time.Minute)
	f.instances[0].kill()
	if err := os.Remove(secret); err != nil { // a new one is made, and is another
		t.Fatal(err)
	}
	refused()
}
