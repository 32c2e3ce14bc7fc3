package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"terang/models/store/storetest"
)

// asked is one answer, and how long it took.
type asked struct {
	status int
	code   string // of a problem
	body   string
	retry  string
	took   time.Duration
}

func (f *fleet) get(i *instance, path string) asked {
	f.t.Helper()
	begun := time.Now()
	c := *f.http
	c.Timeout = 40 * time.Second
	res, err := c.Get("http://" + i.addr + path)
	if err != nil {
		f.t.Fatalf("%s: %v", path, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatalf("%s: %v", path, err)
	}
	a := asked{status: res.StatusCode, body: string(raw), retry: res.Header.Get("Retry-After"), took: time.Since(begun)}
	var p struct{ Code string }
	_ = json.Unmarshal(raw, &p)
	a.code = p.Code
	return a
}

// file files something new, once.
func (f *fleet) file(i *instance, n *atomic.Int64) (*filing, error) {
	p := newFiling(n.Add(1))
	return p, p.send(context.Background(), f.http, i.addr)
}

// until tries until it works, and says how long that took.
func until(t *testing.T, within time.Duration, try func() error) time.Duration {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := try()
		if err == nil {
			return time.Since(begun)
		}
		if time.Since(begun) > within {
			t.Fatalf("after %s: %v", within, err)
		}
	}
}

// seconds is a length that a long run sets otherwise.
func seconds(t *testing.T, name string, few int) time.Duration {
	t.Helper()
	if v := os.Getenv(name); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatalf("%s=%s: expected seconds", name, v)
		}
		few = n
	}
	return time.Duration(few) * time.Second
}

// While PostgreSQL is away every answer is quick and honest; once it is back, service goes on by
// itself within five seconds, with all that was acknowledged.
func TestPostgresAway(t *testing.T) {
	cluster := storetest.NewCluster(t)
	f := newFleet(t, cluster.URL, 2)
	f.body()
	f.startAll()
	tr := f.drive(3)
	time.Sleep(time.Second)
	cluster.Stop()
	gone := time.Now()
	i := f.instances[0]
	for first := true; first || time.Since(gone) < seconds(t, "TERANG_AWAY", 3); first = false {
		for path, words := range map[string][]string{
			"/disclosures":         {"Situs sedang tidak dapat dipakai", "Data sedang tidak dapat dijangkau"},
			"/disclosures?lang=en": {"The site is not available", "The data cannot be reached right now"},
			"/api/v1/bodies":       {`"code":"database_away"`},
		} {
			a := f.get(i, path)
			if a.status != http.StatusServiceUnavailable || a.retry == "" || a.took > 6*time.Second {
				t.Errorf("%s: %d after %s, Retry-After %q", path, a.status, a.took, a.retry)
			}
			for _, w := range words {
				if !strings.Contains(a.body, w) {
					t.Errorf("%s does not say %q (%d bytes)", path, w, len(a.body))
				}
			}
		}
		if a := f.get(i, "/healthz"); a.status != http.StatusOK {
			t.Errorf("/healthz: %d", a.status)
		}
		if a := f.get(i, "/readyz"); a.status != http.StatusServiceUnavailable {
			t.Errorf("/readyz: %d", a.status)
		}
		time.Sleep(300 * time.Millisecond)
	}
	cluster.Start()
	back := time.Now()
	was := tr.acked.Load()
	until(t, 5*time.Second, func() error {
		if tr.acked.Load() == was {
			return errors.New("nothing is acknowledged yet")
		}
		return nil
	})
	again := time.Since(back)
	for _, i := range f.instances {
		until(t, 5*time.Second, func() error {
			if a := f.get(i, "/readyz"); a.status != http.StatusOK {
				return fmt.Errorf("/readyz: %d", a.status)
			}
			return nil
		})
	}
	time.Sleep(time.Second)
	tr.end()
	report(t, tally{}, tr, tr.check())
	t.Logf("away for %s, acknowledged again %s after it was back", back.Sub(gone).Round(time.Second), again.Round(time.Millisecond))
	if tr.codes["database_away"] == 0 {
		t.Error("nobody was told that the data is away")
	}
}

// wire stands between the instances and PostgreSQL.
type wire struct {
	net.Listener
	to string

	// cut is asked before a COMMIT is passed on: 0 lets it through, 1 breaks the connection
	// before the server has it, 2 after the server has done it and before its answer.
	cut    func() int
	frozen atomic.Bool // passes nothing on

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: to, cut: func() int { return 0 }, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); w.reset() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w
}

// cuts says which COMMITs are cut off from now on.
func (w *wire) cuts(cut func() int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func (w *wire) cutting() func() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// reset breaks every connection.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

func (w *wire) keep(c net.Conn, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if on {
		w.conns[c] = true
	} else {
		delete(w.conns, c)
	}
}

func (w *wire) carry(client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		client.Close()
		return
	}
	w.keep(client, true)
	w.keep(server, true)
	var deaf atomic.Bool // the answer to a COMMIT is not passed on
	end := func() {
		for _, c := range []net.Conn{client, server} {
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
			w.keep(c, false)
		}
	}
	go func() {
		defer end()
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			for w.frozen.Load() {
				time.Sleep(10 * time.Millisecond)
			}
			if bytes.HasPrefix(buf[:n], []byte("Q\x00\x00\x00\x0bcommit\x00")) {
				switch w.cutting()() {
				case 1:
					return
				case 2:
					deaf.Store(true)
				}
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil || deaf.Load() {
			end()
			return
		}
		for w.frozen.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := client.Write(buf[:n]); err != nil {
			end()
			return
		}
	}
}

// through gives a database's URL by way of the wire.
func (w *wire) through(database string) string {
	return strings.Replace(database, w.to, w.Addr().String(), 1)
}

func hostOf(t *testing.T, database string) string {
	t.Helper()
	_, rest, ok := strings.Cut(database, "@")
	host, _, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		t.Fatal("no host in the database's address")
	}
	return host
}

// Connections break in the middle of transactions, and between a COMMIT and its answer. Nobody is
// told that something is kept or lost where that is not known, and who sends it again under the
// same key finds out: it is there once.
func TestCommitWithoutAnswer(t *testing.T) {
	c := storetest.PostgresConfig(t)
	w := newWire(t, hostOf(t, c.URL))
	f := newFleet(t, w.through(c.URL), 2)
	f.body()
	f.startAll()
	var commits, before, after atomic.Int64
	w.cuts(func() int {
		switch n := commits.Add(1); {
		case n%13 == 5:
			before.Add(1)
			return 1
		case n%13 == 11:
			after.Add(1)
			return 2
		}
		return 0
	})

	tr := f.drive(4)
	for range 4 {
		time.Sleep(700 * time.Millisecond)
		w.reset()
	}
	tr.end()
	w.cuts(func() int { return 0 })
	r := tr.check()
	report(t, tally{}, tr, r)
	t.Logf("%d connections broken before a COMMIT arrived, %d before its answer", before.Load(), after.Load())
	if before.Load() == 0 || after.Load() == 0 || tr.codes["outcome_unknown"] == 0 {
		t.Errorf("nothing was left open: %v", tr.codes)
	}
}

// A database that takes connections and never answers keeps no request for longer than its
// deadline, and none at all once it answers again.
func TestPostgresFrozen(t *testing.T) {
	t.Parallel()
	c := storetest.PostgresConfig(t)
	w := newWire(t, hostOf(t, c.URL))
	f := newFleet(t, w.through(c.URL), 1)
	f.body()
	f.startAll()
	i := f.instances[0]
	if a := f.get(i, "/api/v1/bodies"); a.status != http.StatusOK {
		t.Fatal(a)
	}
	w.frozen.Store(true)
	a := f.get(i, "/api/v1/bodies")
	if a.status != http.StatusServiceUnavailable || a.took > 25*time.Second {
		t.Errorf("%d after %s\n%s", a.status, a.took, a.body)
	}
	t.Logf("answered after %s", a.took.Round(time.Millisecond))
	w.frozen.Store(false)
	until(t, 5*time.Second, func() error {
		if a := f.get(i, "/api/v1/bodies"); a.status != http.StatusOK {
			return fmt.Errorf("%d", a.status)
		}
		return nil
	})
}

// A PostgreSQL that only reads is read from, and what would be written is refused in words.
func TestPostgresReadOnly(t *testing.T) {
	cluster := storetest.NewCluster(t)
	f := newFleet(t, cluster.URL, 1)
	f.body()
	f.startAll()
	i := f.instances[0]
	var n atomic.Int64
	p, err := f.file(i, &n)
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Raw(t, f.config())
	set := func(on string) {
		t.Helper()
		for _, q := range []string{"ALTER SYSTEM SET default_transaction_read_only = " + on, "SELECT pg_reload_conf()"} {
			// Undone in a session that may write.
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("on")
	until(t, 5*time.Second, func() error {
		if _, err := f.file(i, &n); err == nil || !strings.Contains(err.Error(), "read_only") {
			return fmt.Errorf("filed where nothing can be written: %w", err)
		}
		return nil
	})
	if there, whole, err := f.read(p); !there || !whole {
		t.Error(err)
	}
	set("off")
	until(t, 5*time.Second, func() error { _, err := f.file(i, &n); return err })
	if out, err := f.try("verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Asked to end under load, an instance finishes what it has begun, within ten seconds, and what
// it acknowledged is there.
func TestStopUnderLoad(t *testing.T) {
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	tr := f.drive(6)
	i := f.instances[0]
	for range 3 {
		time.Sleep(700 * time.Millisecond)
		begun := time.Now()
		i.signal(syscall.SIGTERM)
		select {
		case <-i.done:
		case <-time.After(12 * time.Second):
			t.Fatal("still there twelve seconds after SIGTERM")
		}
		if took := time.Since(begun); i.err != nil || took > 10*time.Second {
			t.Errorf("ended after %s: %v\n%s", took, i.err, i.out)
		}
		i.start()
		i.ready(time.Minute)
	}
	tr.end()
	report(t, tally{}, tr, tr.check())
}

// A client that sends a byte a second is hung up on, and hinders nobody meanwhile.
func TestByteASecond(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	i := f.instances[0]
	begun := time.Now()
	var wg sync.WaitGroup
	for k := range 60 {
		head := []string{"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "POST /file/kind HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"}[k%2]
		wg.Go(func() {
			c, err := net.Dial("tcp", i.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			io.WriteString(c, head)
			for {
				if _, err := io.WriteString(c, "a"); err != nil {
					return
				}
				c.SetReadDeadline(time.Now().Add(time.Second))
				if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					return
				}
				if time.Since(begun) > 40*time.Second {
					t.Error("a byte a second was listened to for forty seconds")
					return
				}
			}
		})
	}
	var n atomic.Int64
	for time.Since(begun) < 10*time.Second {
		if _, err := f.file(i, &n); err != nil {
			t.Error(err)
		}
		if a := f.get(i, "/"); a.status != http.StatusOK || a.took > 5*time.Second {
			t.Errorf("%d after %s beside slow clients", a.status, a.took)
		}
		time.Sleep(200 * time.Millisecond)
	}
	wg.Wait()
	t.Logf("the last slow client was hung up on after %s", time.Since(begun).Round(100*time.Millisecond))
}

// While the disk takes long over a write, filings wait for it and are then acknowledged; whoever
// reads waits for nothing.
func TestSlowDisk(t *testing.T) {
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	i := f.instances[0]
	var n atomic.Int64
	p, err := f.file(i, &n)
	if err != nil {
		t.Fatal(err)
	}
	const slow = 3 * time.Second
	db := storetest.Raw(t, f.config())
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil { // nobody else's write comes through
		t.Fatal(err)
	}
	begun := time.Now()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, err := f.file(i, &n); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took < slow {
				t.Errorf("acknowledged after %s, before the disk had it", took)
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	var longest time.Duration
	for time.Since(begun) < slow-500*time.Millisecond {
		for _, path := range []string{"/", "/disclosures", "/api/v1/bodies"} {
			a := f.get(i, path)
			if a.status != http.StatusOK {
				t.Errorf("%s: %d", path, a.status)
			}
			longest = max(longest, a.took)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if there, whole, err := f.read(p); !there || !whole {
		t.Error(err)
	}
	time.Sleep(time.Until(begun.Add(slow)))
	if _, err := db.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if longest > 2*time.Second {
		t.Errorf("a reader waited %s", longest)
	}
	t.Logf("readers waited %s at most", longest.Round(time.Millisecond))
}
