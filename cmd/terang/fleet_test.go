package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"terang/models/store"
	"terang/models/store/storetest"
	"terang/models/trail"
)

// fleet is one installation and the processes that serve it.
type fleet struct {
	t         testing.TB
	dir       string   // data and keys of all instances
	where     []string // --data, --database, …
	database  string   // "" for SQLite
	instances []*instance
	http      *http.Client
	next      atomic.Int64 // round robin
}

// instance is one process at an address that it keeps over its restarts.
type instance struct {
	f    *fleet
	addr string
	args []string
	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	out  *lines
}

// lines keeps what a process wrote and tells of its address.
type lines struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	ready chan struct{}
	once  sync.Once
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len() > 1<<20 {
		l.buf.Next(l.buf.Len() / 2)
	}
	l.buf.Write(p)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newFleet makes an installation with the body "dinas", on PostgreSQL where a URL is given,
// with n instances that do not run yet. Extra arguments go to each `serve`.
func newFleet(t testing.TB, database string, n int, extra ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), database: database}
	// A connection is not kept: the next request goes to whoever lives.
	f.http = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	f.where = []string{"--data", filepath.Join(f.dir, "data"), "--keys", filepath.Join(f.dir, "keys"), "--base-url", "http://portal.test"}
	if database != "" {
		f.where = append(f.where, "--database", database)
	}
	for range n {
		f.add(extra...)
	}
	return f
}

func (f *fleet) add(extra ...string) *instance {
	f.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	i := &instance{f: f, addr: l.Addr().String()}
	l.Close()
	i.args = append([]string{"serve", "--addr", i.addr, "--trusted-proxy", "127.0.0.1"}, append(f.where, extra...)...)
	f.instances = append(f.instances, i)
	f.t.Cleanup(func() { i.kill() })
	return i
}

// run runs a command on the installation and wants it to succeed.
func (f *fleet) run(args ...string) string {
	f.t.Helper()
	out, err := f.try(args...)
	if err != nil {
		f.t.Fatalf("terang %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (f *fleet) try(args ...string) (string, error) {
	cmd := exec.Command("terang", append(args, f.where...)...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil {
		return out.String() + errOut.String(), err
	}
	return out.String(), nil
}

// body makes the body that everything is filed to.
func (f *fleet) body() {
	f.t.Helper()
	f.run("body", "add", "--slug", "dinas", "--name", "Dinas Contoh", "--pack", "id", "--unit", "Bagian Umum")
}

// start starts the process and does not wait for it.
func (i *instance) start() {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := &lines{ready: make(chan struct{})}
	cmd := exec.Command("terang", i.args...)
	cmd.Stderr = out
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		i.f.t.Error(err)
		return
	}
	done := make(chan struct{})
	i.cmd, i.done, i.out = cmd, done, out
	go func() {
		in := bufio.NewScanner(pipe)
		for in.Scan() {
			if strings.HasPrefix(in.Text(), "listening on ") {
				out.once.Do(func() { close(out.ready) })
			}
		}
		err := cmd.Wait()
		i.mu.Lock()
		i.err = err
		i.mu.Unlock()
		close(done)
	}()
}

// ready waits until the instance serves, and says how long that took.
func (i *instance) ready(within time.Duration) time.Duration {
	i.f.t.Helper()
	begun := time.Now()
	select {
	case <-i.out.ready:
	case <-i.done:
		i.f.t.Fatalf("%s ended: %v\n%s", i.addr, i.err, i.out)
	case <-time.After(within):
		i.f.t.Fatalf("%s does not serve after %s\n%s", i.addr, within, i.out)
	}
	return time.Since(begun)
}

// kill is kill -9: the process is given no moment to tidy up.
func (i *instance) kill() {
	i.mu.Lock()
	cmd, done := i.cmd, i.done
	i.mu.Unlock()
	if cmd == nil {
		return
	}
	cmd.Process.Kill()
	<-done
}

func (i *instance) signal(s os.Signal) {
	i.f.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.cmd.Process.Signal(s); err != nil {
		i.f.t.Error(err)
	}
}

func (f *fleet) startAll() {
	f.t.Helper()
	for _, i := range f.instances {
		i.start()
	}
	for _, i := range f.instances {
		i.ready(time.Minute)
	}
}

// proxied gives the next instance, as a proxy in front would.
func (f *fleet) proxied() *instance {
	return f.instances[int(f.next.Add(1))%len(f.instances)]
}

// filing is one thing somebody files: it has a marker and a file of its own, and is sent again
// under one key until there is an answer.
type filing struct {
	marker string
	idem   string
	from   string // the client's address
	file   []byte
	ref    string
	key    string
	acked  time.Time
	tries  int
}

func newFiling(n int64) *filing {
	p := &filing{marker: rand.Text(), idem: rand.Text(), from: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)}
	p.file = []byte("Lampiran " + p.marker + "\n" + strings.Repeat(rand.Text()+"\n", 10+mathrand.IntN(2000)))
	return p
}

func (p *filing) body() []byte {
	attached := []map[string]string{}
	if p.file != nil {
		attached = append(attached, map[string]string{"name": "lampiran.txt", "content": base64.StdEncoding.EncodeToString(p.file)})
	}
	raw, err := json.Marshal(map[string]any{
		"kind": "request", "body": "dinas", "subject": "Anggaran " + p.marker, "text": "Saya meminta salinan anggaran dengan penanda " + p.marker + ".",
		"purpose": "Penelitian",
		"requester": map[string]string{"name": "Siti Rahmawati", "email": strings.ToLower(p.marker) + "@contoh.example", "phone": "0812 3456 7890",
			"identity_number": "3171234567890123", "address": "Jl. Melati 5, Jakarta"},
		"attachments": attached,
	})
	if err != nil {
		panic(err)
	}
	return raw
}

// errAgain is an answer after which the same is sent again: none at all, or one that says so.
var errAgain = errors.New("no answer")

// send files once. Whatever is not an answer that decides is errAgain.
func (p *filing) send(ctx context.Context, c *http.Client, addr string) error {
	p.tries++
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/v1/cases", bytes.NewReader(p.body()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", p.idem)
	req.Header.Set("X-Forwarded-For", p.from)
	res, err := c.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	var got struct{ Reference, Key, Code string }
	_ = json.Unmarshal(raw, &got)
	switch {
	case (res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusTooManyRequests) && res.Header.Get("Retry-After") != "":
		return fmt.Errorf("%w: %s", errAgain, got.Code)
	case res.StatusCode != http.StatusCreated:
		return fmt.Errorf("%d %s", res.StatusCode, raw)
	case got.Reference == "" || got.Key == "":
		return fmt.Errorf("201 without a reference: %s", raw)
	case p.ref != "" && (p.ref != got.Reference || p.key != got.Key):
		return fmt.Errorf("sent again, %s became %s", p.ref, got.Reference)
	}
	if p.ref == "" {
		p.ref, p.key, p.acked = got.Reference, got.Key, time.Now()
	}
	return nil
}

// traffic is clients that file as fast as they are answered.
type traffic struct {
	f       *fleet
	stop    chan struct{}
	wg      sync.WaitGroup
	n       atomic.Int64
	mu      sync.Mutex
	filings []*filing
	wrong   []string
	codes   map[string]int // why something was sent again
	acked   atomic.Int64
	seen    map[string]int64 // heads of the log, by text, and their sizes
}

// drive lets clients file until they are told to stop.
func (f *fleet) drive(clients int) *traffic {
	tr := &traffic{f: f, stop: make(chan struct{}), seen: map[string]int64{}, codes: map[string]int{}}
	for range clients {
		tr.wg.Go(func() {
			for {
				select {
				case <-tr.stop:
					return
				default:
				}
				p := newFiling(tr.n.Add(1))
				tr.mu.Lock()
				tr.filings = append(tr.filings, p)
				tr.mu.Unlock()
				tr.settle(p)
			}
		})
	}
	tr.wg.Go(func() {
		for {
			select {
			case <-tr.stop:
				return
			case <-time.After(100 * time.Millisecond):
				tr.look()
			}
		}
	})
	return tr
}

// settle sends a filing until it is decided, as a client does that was told to try again.
func (tr *traffic) settle(p *filing) {
	end := time.Now().Add(3 * time.Minute)
	for try := 0; ; try++ {
		err := p.send(context.Background(), tr.f.http, tr.f.proxied().addr)
		switch {
		case err == nil:
			tr.acked.Add(1)
			return
		case !errors.Is(err, errAgain):
			tr.fault("filing %s: %v", p.marker, err)
			return
		case time.Now().After(end):
			tr.fault("filing %s was never answered: %v", p.marker, err)
			return
		}
		tr.mu.Lock()
		_, why, _ := strings.Cut(err.Error(), ": ")
		if strings.Contains(why, "://") {
			why = "connection"
		}
		tr.codes[why]++
		tr.mu.Unlock()
		// More patient with each try, as clients are.
		time.Sleep(min(time.Second, 20*time.Millisecond<<min(try, 6)))
	}
}

func (tr *traffic) fault(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.wrong = append(tr.wrong, fmt.Sprintf(format, args...))
}

// look keeps the head of the log that an instance publishes.
func (tr *traffic) look() {
	res, err := tr.f.http.Get("http://" + tr.f.proxied().addr + "/log/checkpoint")
	if err != nil {
		return
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return
	}
	cp, err := trail.ReadSigned(raw)
	if err != nil {
		tr.fault("a head that cannot be read: %v\n%s", err, raw)
		return
	}
	tr.mu.Lock()
	tr.seen[string(raw)] = cp.Size
	tr.mu.Unlock()
}

// end stops the clients once each has an answer.
func (tr *traffic) end() {
	close(tr.stop)
	tr.wg.Wait()
}

// result is what is left to tell of a run.
type result struct {
	filed, resent, heads, forks, lost, doubled, unreadable, halves int
}

// check holds what was acknowledged against what is there. Instances must run.
func (tr *traffic) check() (r result) {
	f, t := tr.f, tr.f.t
	t.Helper()
	for _, w := range tr.wrong {
		t.Error(w)
	}
	r.filed = len(tr.filings)
	byRef := map[string]*filing{}
	for _, p := range tr.filings {
		if p.tries > 1 {
			r.resent++
		}
		if p.ref == "" {
			continue // reported above
		}
		if other := byRef[p.ref]; other != nil {
			t.Errorf("%s was given to two filings", p.ref)
		}
		byRef[p.ref] = p
	}
	// Read back through the product, at every instance, by several readers.
	var lost, unreadable atomic.Int64
	work := make(chan *filing)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for p := range work {
				there, whole, err := f.read(p)
				if !there {
					lost.Add(1)
				} else if !whole {
					unreadable.Add(1)
				}
				if err != nil {
					tr.fault("%s: %v", p.ref, err)
				}
				// The same key once more, long after: the same answer.
				if p.tries > 1 || mathrand.IntN(10) == 0 {
					if err := p.send(context.Background(), f.http, f.proxied().addr); err != nil {
						tr.fault("%s, sent again: %v", p.ref, err)
					}
				}
			}
		})
	}
	for _, p := range byRef {
		work <- p
	}
	close(work)
	wg.Wait()
	r.lost, r.unreadable = int(lost.Load()), int(unreadable.Load())
	r.heads, r.forks = len(tr.seen), tr.forks()
	r.doubled, r.halves = f.rows(len(byRef))
	if r.lost+r.doubled+r.forks+r.unreadable+r.halves > 0 || len(tr.wrong) > 0 {
		t.Errorf("%+v %q", r, tr.wrong[:min(len(tr.wrong), 20)])
	}
	if out, err := f.try("verify"); err != nil || !strings.Contains(out, "holds: ") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	f.run("sweep")
	return r
}

// read reads a filing back as who filed it: its words, and its file byte for byte.
func (f *fleet) read(p *filing) (there, whole bool, err error) { return f.readAt(f.proxied(), p) }

func (f *fleet) readAt(i *instance, p *filing) (there, whole bool, err error) {
	get := func(path string) (int, []byte, error) {
		req, err := http.NewRequest(http.MethodGet, "http://"+i.addr+path, nil)
		if err != nil {
			return 0, nil, err
		}
		req.Header.Set("Authorization", "Case-Key "+p.key)
		req.Header.Set("X-Forwarded-For", p.from)
		res, err := f.http.Do(req)
		if err != nil {
			return 0, nil, err
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		return res.StatusCode, raw, err
	}
	status, raw, err := get("/api/v1/cases/" + p.ref)
	if err != nil || status != http.StatusOK || !bytes.Contains(raw, []byte(p.marker)) {
		return false, false, fmt.Errorf("%d %s %w", status, raw, err)
	}
	var c struct {
		Attachments []struct {
			ID     int64
			SHA256 string
		}
	}
	if err := json.Unmarshal(raw, &c); err != nil || len(c.Attachments) != 1 {
		return true, false, fmt.Errorf("%d attachments: %w", len(c.Attachments), err)
	}
	status, raw, err = get(fmt.Sprintf("/api/v1/cases/%s/attachments/%d", p.ref, c.Attachments[0].ID))
	sum := sha256.Sum256(p.file)
	switch {
	case err != nil || status != http.StatusOK:
		return true, false, fmt.Errorf("attachment: %d %.200s %w", status, raw, err)
	case !bytes.Equal(raw, p.file) || hex.EncodeToString(sum[:]) != c.Attachments[0].SHA256:
		return true, false, fmt.Errorf("attachment: %d bytes, want %d; %s", len(raw), len(p.file), c.Attachments[0].SHA256)
	}
	return true, true, nil
}

// forks counts the heads seen that the log as it is now does not continue, or that its key did
// not sign.
func (tr *traffic) forks() (n int) {
	f, t := tr.f, tr.f.t
	t.Helper()
	ctx := context.Background()
	base := "http://" + f.proxied().addr
	signer, err := trail.LoadKey(filepath.Join(f.dir, "keys", "log.key"))
	if err != nil {
		t.Fatal(err)
	}
	now, known := f.head(base, signer.Verifiers())
	tiles := map[string][]byte{}
	read := func(level int, i int64) ([]byte, error) {
		path := trail.TilePath(now.Size, level, i)
		if raw, ok := tiles[path]; ok {
			return raw, nil
		}
		raw, err := fetch(ctx, base+"/log/"+path)
		if err == nil {
			tiles[path] = raw
		}
		return raw, err
	}
	for text := range tr.seen {
		cp, err := trail.OpenCheckpoint([]byte(text), known)
		if err == nil {
			err = trail.Continues(cp, now, read)
		}
		if err != nil {
			t.Errorf("the head seen at %d: %v", cp.Size, err)
			n++
		}
	}
	if err := trail.RootOf(now, read); err != nil {
		t.Error(err)
	}
	return n
}

func (f *fleet) head(base string, known note.Verifiers) (trail.Checkpoint, note.Verifiers) {
	f.t.Helper()
	raw, err := fetch(context.Background(), base+"/log/checkpoint")
	if err != nil {
		f.t.Fatal(err)
	}
	cp, err := trail.OpenCheckpoint(raw, known)
	if err != nil {
		f.t.Fatal(err)
	}
	return cp, known
}

// rows looks into the database for what was recorded more than once, and for what stands
// there without that which it belongs to.
func (f *fleet) rows(want int) (doubled, halves int) {
	f.t.Helper()
	db := storetest.Raw(f.t, f.config())
	count := func(q string) (n int) {
		f.t.Helper()
		if err := db.QueryRow(q).Scan(&n); err != nil {
			f.t.Fatalf("%s: %v", q, err)
		}
		return n
	}
	doubled = count("SELECT count(*) FROM cases") - want
	for _, q := range []string{
		"SELECT count(*) FROM cases c WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind = 'case.filed')",
		"SELECT count(*) FROM cases c WHERE (SELECT count(*) FROM events e WHERE e.case_id = c.id AND e.kind = 'case.filed') > 1",
		"SELECT count(*) FROM cases c WHERE NOT EXISTS (SELECT 1 FROM clocks k WHERE k.case_id = c.id)",
		"SELECT count(*) FROM cases c WHERE (SELECT count(*) FROM attachments a WHERE a.case_id = c.id) <> 1",
		"SELECT count(*) FROM cases c WHERE (SELECT count(*) FROM outgoings o WHERE o.case_id = c.id AND o.kind = 'filed') <> 1",
		"SELECT count(*) FROM attachments WHERE case_id IS NULL AND draft_id IS NULL",
		"SELECT count(*) FROM requesters r WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.requester_id = r.id)",
		"SELECT count(*) FROM events e WHERE e.case_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = e.case_id)",
		"SELECT count(*) FROM idempotencies i WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.reference = i.answer)",
		"SELECT count(*) - (SELECT count(*) FROM idempotencies) FROM cases",
	} {
		if n := count(q); n != 0 {
			f.t.Errorf("%d: %s", n, q)
			halves += max(n, -n)
		}
	}
	return doubled, halves
}

// config is where the database is.
func (f *fleet) config() store.Config {
	if f.database != "" {
		return store.Config{URL: f.database}
	}
	return store.Config{Path: filepath.Join(f.dir, "data", databaseName)}
}

// is says whether a name that an instance goes by is this one's.
func (i *instance) is(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return strings.Contains(name, fmt.Sprintf("-%d-", i.cmd.Process.Pid))
}
