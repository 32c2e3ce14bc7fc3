package main

import (
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"terang/models/store"
	"terang/models/store/storetest"
)

// kills is how many times a kill test kills: few by default, TERANG_KILLS for a long run.
func kills(t *testing.T, few int) int {
	t.Helper()
	if v := os.Getenv("TERANG_KILLS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("TERANG_KILLS=%s: expected a number", v)
		}
		return n
	}
	return few
}

// tally is what a run of kills saw.
type tally struct {
	kills int
	again []time.Duration // from the kill to an acknowledged filing
}

func (a tally) String() string {
	slices.Sort(a.again)
	at := func(p float64) time.Duration {
		if len(a.again) == 0 {
			return 0
		}
		return a.again[int(p*float64(len(a.again)-1))].Round(time.Millisecond)
	}
	if a.kills == 0 {
		return "no kills"
	}
	return fmt.Sprintf("%d kills, served again after p50 %s, max %s", a.kills, at(.5), at(1))
}

func report(t *testing.T, a tally, tr *traffic, r result) {
	t.Helper()
	t.Logf("%s; %d filings acknowledged, %d of them sent more than once; %d lost, %d doubled, %d half done, %d unreadable files; %d heads of the log seen, %d forks; why sent again: %v",
		a, r.filed, r.resent, r.lost, r.doubled, r.halves, r.unreadable, r.heads, r.forks, tr.codes)
}

// killing kills an instance at a random moment, again and again: while it serves, and now and
// then while it starts.
func (tr *traffic) killing(n int, victim func() *instance) (a tally) {
	for a.kills < n {
		time.Sleep(time.Duration(100+mathrand.IntN(900)) * time.Millisecond)
		i := victim()
		i.kill()
		a.kills++
		at := time.Now()
		i.start()
		if a.kills < n && mathrand.IntN(5) == 0 {
			time.Sleep(time.Duration(mathrand.IntN(400)) * time.Millisecond)
			i.kill()
			a.kills++
			i.start()
		}
		i.ready(2 * time.Minute)
		serves := time.Now()
		for was := tr.acked.Load(); tr.acked.Load() == was; time.Sleep(time.Millisecond) {
			if time.Since(serves) > time.Minute {
				tr.f.t.Fatalf("nothing is acknowledged by who has served for a minute\n%s", i.out)
			}
		}
		a.again = append(a.again, time.Since(at))
	}
	return a
}

// Killed over and over under load, the one instance on SQLite loses nothing that it
// acknowledged, files nothing twice, and its log never takes back what it has said.
func TestKillSQLite(t *testing.T) {
	n := kills(t, 4)
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	tr := f.drive(4)
	a := tr.killing(n, func() *instance { return f.instances[0] })
	tr.end()
	report(t, a, tr, tr.check())
}

// With three instances on one PostgreSQL, one of them killed at random, over and over, the
// others go on and nothing is lost either.
func TestKillOneOfThree(t *testing.T) {
	c := storetest.PostgresConfig(t)
	n := kills(t, 3)
	f := newFleet(t, c.URL, 3)
	f.body()
	f.startAll()
	tr := f.drive(6)
	a := tr.killing(n, func() *instance { return f.instances[mathrand.IntN(3)] })
	tr.end()
	report(t, a, tr, tr.check())
}

// A leader that is stopped for a while, and then goes on as if nothing had been, finds that
// another has led meanwhile: the log grows on under that one, and has one history.
func TestStoppedLeader(t *testing.T) {
	c := storetest.PostgresConfig(t)
	f := newFleet(t, c.URL, 3)
	f.body()
	f.startAll()
	tr := f.drive(3)
	st := storetest.Open(t, c)
	size := func() int64 {
		cp, err := st.Checkpoint(t.Context())
		if err != nil {
			return 0
		}
		return cp.Size
	}
	// Stopped for moments, it may be anywhere: between reading the head and moving it, too.
	for range 12 {
		leader := f.leader(st)
		leader.signal(syscall.SIGSTOP)
		time.Sleep(time.Duration(mathrand.IntN(150)) * time.Millisecond)
		leader.signal(syscall.SIGCONT)
		time.Sleep(time.Duration(mathrand.IntN(300)) * time.Millisecond)
	}
	for range 2 {
		leader, was := f.leader(st), ""
		was, _ = st.Read(t.Context()).Leader("background")
		leader.signal(syscall.SIGSTOP)
		stopped := time.Now()
		for {
			now, err := st.Read(t.Context()).Leader("background")
			if err != nil {
				t.Fatal(err)
			}
			if now != "" && now != was {
				break
			}
			if time.Since(stopped) > 20*time.Second {
				t.Fatal("nobody leads after twenty seconds")
			}
			time.Sleep(50 * time.Millisecond)
		}
		took := time.Since(stopped)
		at := size()
		// Whatever the stopped one held in the database is let go, and the log goes on.
		for size() <= at {
			if time.Since(stopped) > 40*time.Second {
				t.Fatal("the log does not go on without its old leader")
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Logf("another leads after %s, the log goes on after %s", took.Round(10*time.Millisecond), time.Since(stopped).Round(10*time.Millisecond))
		leader.signal(syscall.SIGCONT)
		time.Sleep(1500 * time.Millisecond)
	}
	tr.end()
	report(t, tally{}, tr, tr.check())
}

// leader finds the instance that holds the lease.
func (f *fleet) leader(st *store.Store) *instance {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		holder, err := st.Read(f.t.Context()).Leader("background")
		if err != nil {
			f.t.Fatal(err)
		}
		for _, i := range f.instances {
			if holder != "" && i.is(holder) {
				return i
			}
		}
	}
	f.t.Fatal("nobody leads")
	return nil
}
