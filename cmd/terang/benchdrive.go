package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"terang/models"
)

// benchDriver is the clients of a run.
type benchDriver struct {
	o      benchOptions
	world  *benchWorld
	server *benchServer
	report *benchReport
	bar    func(done, of int64)
	http   *fasthttp.HostClient

	people  []*benchPerson
	auditor *benchPerson
	queues  []benchPage
	lists   []benchPage
	shown   []benchPage
	tracked []benchPage
	words   map[string][]benchPage

	mu    sync.Mutex
	wrong []string // the first answers that were not right
	filed []benchKey
	next  atomic.Int64
}

// benchPerson is an officer with a browser and a token.
type benchPerson struct {
	benchAccount
	cookie string
	ip     string
}

// benchPage is an address, who asks for it, and what its answer must hold.
type benchPage struct {
	path   string
	cookie string
	auth   string
	must   []byte
	rows   int // how many rows it had when it was first read; -1 where that may change
}

// benchClient is one client's connection state.
type benchClient struct {
	d   *benchDriver
	rng *mrand.Rand
	req *fasthttp.Request
	res *fasthttp.Response
	n   int
}

// benchPatience is how long an answer may take before it is an error.
const benchPatience = 30 * time.Second

func (d *benchDriver) client(seed uint64) *benchClient {
	return &benchClient{d: d, rng: mrand.New(mrand.NewPCG(7, seed)), req: fasthttp.AcquireRequest(), res: fasthttp.AcquireResponse()}
}

func (c *benchClient) begin(method, path, ip string) {
	c.req.Reset()
	c.req.Header.SetMethod(method)
	c.req.SetRequestURI(c.d.server.base + path)
	if ip != "" {
		c.req.Header.Set("X-Forwarded-For", ip)
	}
}

func (c *benchClient) send() (int, error) {
	c.res.Reset()
	if err := c.d.http.DoTimeout(c.req, c.res, benchPatience); err != nil {
		return 0, err
	}
	return c.res.StatusCode(), nil
}

func (c *benchClient) expect(status int) error {
	got, err := c.send()
	if err != nil {
		return err
	}
	if got != status {
		return fmt.Errorf("%s %s: answered %d, expected %d: %.300s", c.req.Header.Method(), c.req.URI().Path(), got, status, c.res.Body())
	}
	return nil
}

var (
	hiddenToken = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)
	rowMark     = []byte(`href="/desk/cases/`)
	pageEnd     = []byte("</html>")
)

// get reads a page and looks whether it is the right one.
func (c *benchClient) get(p *benchPage) (int, error) {
	c.begin("GET", p.path, address(c.rng.IntN(1<<24))) // an address is throttled, and stands for one reader
	if p.cookie != "" {
		c.req.Header.Set("Cookie", p.cookie)
	}
	if p.auth != "" {
		c.req.Header.Set("Authorization", p.auth)
	}
	if err := c.expect(200); err != nil {
		return 0, err
	}
	body := c.res.Body()
	if !bytes.Contains(body, p.must) {
		return len(body), fmt.Errorf("%s: %q is not in the answer", p.path, p.must)
	}
	if p.rows >= 0 {
		if n := bytes.Count(body, rowMark); n != p.rows {
			return len(body), fmt.Errorf("%s: %d rows where there were %d", p.path, n, p.rows)
		}
	}
	return len(body), nil
}

// signIn goes through the form as a browser does.
func (c *benchClient) signIn(email, password, ip string) (string, error) {
	c.begin("GET", "/sign-in", ip)
	if err := c.expect(200); err != nil {
		return "", err
	}
	jar := map[string]string{}
	c.cookies(jar)
	form := url.Values{"email": {email}, "password": {password}}
	if m := hiddenToken.FindSubmatch(c.res.Body()); m != nil {
		form.Set("_csrf", string(m[1]))
	}
	c.begin("POST", "/sign-in", ip)
	c.post(form, jar)
	if err := c.expect(303); err != nil {
		return "", err
	}
	c.cookies(jar)
	return cookieHeader(jar), nil
}

func (c *benchClient) post(form url.Values, jar map[string]string) {
	c.req.Header.SetContentType("application/x-www-form-urlencoded")
	c.req.Header.Set("Sec-Fetch-Site", "same-origin")
	if len(jar) > 0 {
		c.req.Header.Set("Cookie", cookieHeader(jar))
	}
	c.req.SetBodyString(form.Encode())
}

func (c *benchClient) cookies(jar map[string]string) {
	for key, value := range c.res.Header.Cookies() {
		ck := fasthttp.AcquireCookie()
		if ck.ParseBytes(value) == nil {
			jar[string(key)] = string(ck.Value())
		}
		fasthttp.ReleaseCookie(ck)
	}
}

func cookieHeader(jar map[string]string) string {
	var all []string
	for k, v := range jar {
		all = append(all, k+"="+v)
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// address is a client's own, as a proxy would tell it: throttles count by it.
func address(n int) string { return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255) }

// connect makes what holds the connections to the server.
func (d *benchDriver) connect() (*fasthttp.HostClient, error) {
	u, err := url.Parse(d.server.base)
	if err != nil {
		return nil, err
	}
	return &fasthttp.HostClient{
		Addr: u.Host, IsTLS: u.Scheme == "https", MaxConns: d.o.concurrency + 8, ReadTimeout: benchPatience, WriteTimeout: benchPatience,
		MaxIdleConnDuration: time.Minute, NoDefaultUserAgentHeader: true, DisablePathNormalizing: true, ReadBufferSize: 16 << 10,
	}, nil
}

// prepare signs in, and finds the pages that are there.
func (d *benchDriver) prepare(ctx context.Context) error {
	var err error
	if d.http, err = d.connect(); err != nil {
		return err
	}
	if d.server.cmd != nil {
		select { // what it holds when nobody asks anything
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		d.report.IdleRSS = d.server.rss()
	}
	c := d.client(0)
	seen := map[string]int{}
	for i, a := range d.world.Accounts {
		most := map[models.Role]int{models.InfoOfficer: 1, models.Agent: 2, models.UnitHead: 1, models.Auditor: 1}[a.Role]
		key := string(a.Role) + a.Body
		if seen[key] >= most {
			continue
		}
		seen[key]++
		p := &benchPerson{benchAccount: a, ip: address(1<<20 + i)}
		if a.Role == models.Auditor {
			if a.Body == "" {
				d.auditor = p
			}
			continue
		}
		if p.cookie, err = c.signIn(a.Email, d.world.Password, p.ip); err != nil {
			return fmt.Errorf("sign-in of %s: %w", a.Email, err)
		}
		d.people = append(d.people, p)
	}
	if len(d.people) == 0 || d.auditor == nil {
		return errors.New(benchFile + " names no officers to sign in as")
	}
	return d.findPages(c)
}

func (d *benchDriver) findPages(c *benchClient) error {
	d.words = map[string][]benchPage{}
	for _, p := range d.people {
		page := benchPage{cookie: p.cookie, must: pageEnd, rows: -1}
		for _, q := range []string{"open", "unit", "overdue", "unassigned", "all", "mine"} {
			page.path = "/desk?queue=" + q
			if _, err := c.get(&page); err != nil {
				return err
			}
			rows := bytes.Count(c.res.Body(), rowMark)
			if rows == 0 {
				continue
			}
			full := page
			full.rows = rows
			d.queues = append(d.queues, full)
			for _, m := range caseLink.FindAllSubmatch(c.res.Body(), 20) {
				d.shown = append(d.shown, benchPage{path: string(m[1]), cookie: p.cookie, rows: -1, must: []byte(strings.TrimPrefix(string(m[1]), "/desk/cases/"))})
			}
			if q == "open" || q == "all" {
				d.lists = append(d.lists, benchPage{path: "/api/v1/desk/cases?limit=50&queue=" + q, auth: "Bearer " + p.Token, must: []byte(`"reference":"`), rows: -1})
			}
		}
		for kind, words := range d.world.Words {
			for _, w := range words {
				page.path = "/desk?queue=all&q=" + url.QueryEscape(w)
				if _, err := c.get(&page); err != nil {
					return err
				}
				if rows := bytes.Count(c.res.Body(), rowMark); rows > 0 {
					full := page
					full.rows = rows
					d.words[kind] = append(d.words[kind], full)
				}
			}
		}
	}
	if len(d.queues) == 0 {
		return errors.New("no queue has anything in it")
	}
	if slices.Contains(d.o.workloads, "track") {
		for i, k := range d.world.Keys[:min(len(d.world.Keys), benchTracked)] {
			if err := d.track(c, i, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchTracked is how many cases are tracked: their requesters look again and again.
const benchTracked = 500

var caseLink = regexp.MustCompile(`href="(/desk/cases/[^"/?]+)"`)

// track opens a case with its key as its requester does, and keeps the page.
func (d *benchDriver) track(c *benchClient, i int, k benchKey) error {
	ip, jar := address(i), map[string]string{}
	c.begin("GET", "/track", ip)
	if err := c.expect(200); err != nil {
		return err
	}
	c.cookies(jar)
	form := url.Values{"reference": {k.Reference}, "key": {k.Key}}
	if m := hiddenToken.FindSubmatch(c.res.Body()); m != nil {
		form.Set("_csrf", string(m[1]))
	}
	c.begin("POST", "/track", ip)
	c.post(form, jar)
	if err := c.expect(303); err != nil {
		return err
	}
	c.cookies(jar)
	d.tracked = append(d.tracked, benchPage{path: "/cases/" + k.Reference, cookie: cookieHeader(jar), must: []byte(k.Reference), rows: -1})
	return nil
}

// run drives the workloads one after the other.
func (d *benchDriver) run(ctx context.Context) error {
	of := func(pages []benchPage) func(*benchClient) (int, error) {
		return func(c *benchClient) (int, error) { return c.get(&pages[c.rng.IntN(len(pages))]) }
	}
	for i, name := range d.o.workloads {
		if err := ctx.Err(); err != nil {
			return err
		}
		d.bar(int64(i), int64(len(d.o.workloads)))
		switch name {
		case "queue":
			d.measure(ctx, "queue", d.o.duration, of(d.queues))
		case "case":
			d.measure(ctx, "case", d.o.duration, of(d.shown))
		case "list":
			d.measure(ctx, "list", d.o.duration, of(d.lists))
		case "track":
			if len(d.tracked) > 0 {
				d.measure(ctx, "track", d.o.duration, of(d.tracked))
			}
		case "search":
			for _, kind := range benchWordKinds {
				if len(d.words[kind]) > 0 {
					d.measure(ctx, "search_"+kind, d.o.duration/time.Duration(len(benchWordKinds)), of(d.words[kind]))
				}
			}
		case "file":
			d.busy(ctx) // here, because from now on lists are not what they were
			d.measure(ctx, "file", d.o.duration, d.file)
		case "decide":
			if err := d.decide(ctx); err != nil {
				return err
			}
		case "export":
			if err := d.export(ctx); err != nil {
				return err
			}
		}
	}
	d.bar(1, 1)
	return nil
}

// busy is the pages while cases are filed, a hundred a second: what one costs when it is
// seldom the same twice.
func (d *benchDriver) busy(ctx context.Context) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		c := d.client(99)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if _, err := d.file(c); err != nil {
					d.fault(err)
				}
			}
		}
	})
	for name, pages := range map[string][]benchPage{"queue": d.queues, "case": d.shown, "track": d.tracked} {
		if len(pages) == 0 || !slices.Contains(d.o.workloads, name) {
			continue
		}
		d.measure(ctx, name+"_busy", d.o.duration, func(c *benchClient) (int, error) {
			page := pages[c.rng.IntN(len(pages))]
			page.rows = -1
			return c.get(&page)
		})
	}
	close(stop)
	wg.Wait()
}

func (d *benchDriver) fault(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.wrong) < 10 {
		d.wrong = append(d.wrong, err.Error())
	}
}

func (d *benchDriver) firstError() string {
	if len(d.wrong) == 0 {
		return ""
	}
	return d.wrong[0]
}

// measure drives one operation with all clients, first without looking at the clock.
func (d *benchDriver) measure(ctx context.Context, name string, span time.Duration, do func(*benchClient) (int, error)) *benchMeasure {
	if d.o.warmUp > 0 {
		d.drive(ctx, min(d.o.warmUp, span), do)
	}
	cpu := d.server.cpu()
	s := d.drive(ctx, span, do)
	m := s.measure()
	if m.Rate > 0 {
		m.CPU = (d.server.cpu() - cpu).Seconds() * 1000 / float64(len(s.took))
	}
	m.RSS = d.server.rss()
	d.report.Workloads[name] = m
	return m
}

// samples are what the clients of one workload saw.
type samples struct {
	took   []time.Duration
	bytes  int64
	errors int
	span   time.Duration
}

func (s *samples) measure() *benchMeasure {
	m := &benchMeasure{Errors: s.errors}
	if len(s.took) == 0 {
		return m
	}
	slices.Sort(s.took)
	at := func(q float64) float64 {
		return s.took[min(len(s.took)-1, int(q*float64(len(s.took))))].Seconds() * 1000
	}
	m.Rate, m.P50, m.P99 = float64(len(s.took))/s.span.Seconds(), at(0.50), at(0.99)
	m.Bytes = int(s.bytes / int64(len(s.took)))
	return m
}

// errDone ends a client whose work has run out.
var errDone = errors.New("nothing left to do")

func (d *benchDriver) drive(ctx context.Context, span time.Duration, do func(*benchClient) (int, error)) *samples {
	all := make([]samples, d.o.concurrency)
	var wg sync.WaitGroup
	begun := time.Now()
	end := begun.Add(span)
	round := uint64(d.next.Add(1))
	for i := range all {
		wg.Go(func() {
			s, c := &all[i], d.client(round<<16+uint64(i))
			for at := time.Now(); at.Before(end) && ctx.Err() == nil; {
				n, err := do(c)
				now := time.Now()
				switch {
				case errors.Is(err, errDone):
					return
				case err != nil:
					s.errors++
					d.fault(err)
				default:
					s.took = append(s.took, now.Sub(at))
					s.bytes += int64(n)
				}
				at = now
			}
		})
	}
	wg.Wait()
	out := &samples{span: time.Since(begun)}
	for i := range all {
		out.took = append(out.took, all[i].took...)
		out.bytes += all[i].bytes
		out.errors += all[i].errors
	}
	return out
}

// filing is a whole case, as a body's other system would send it.
func (d *benchDriver) filing(rng *mrand.Rand) []byte {
	streets := []string{"Jalan Kenanga", "Jalan Merpati", "Jalan Cempaka", "Gang Mawar", "Jalan Samudra"}
	street, year := streets[rng.IntN(len(streets))], 2020+rng.IntN(6)
	body, _ := json.Marshal(map[string]any{
		"kind": "request", "body": d.world.Bodies[rng.IntN(len(d.world.Bodies))],
		"subject": fmt.Sprintf("Rencana anggaran perbaikan %s nomor %d", street, rng.IntN(100000)),
		"text": fmt.Sprintf("Saya memohon salinan rencana anggaran biaya perbaikan %s tahun anggaran %d beserta gambar kerja dan berita acara serah terimanya. "+
			"Warga ingin tahu berapa panjang jalan yang akan dikerjakan dan bahan apa yang dipakai. Terima kasih.", street, year),
		"purpose": "Kepentingan pribadi sebagai pembayar pajak.", "delivery": "electronic",
		"requester": map[string]any{"kind": "individual", "name": "Warga " + street, "email": fmt.Sprintf("warga%d@surel.example", rng.IntN(1_000_000)),
			"identity_number": fmt.Sprintf("329904%02d%02d%02d%04d", 1+rng.IntN(28), 1+rng.IntN(12), 50+rng.IntN(49), 1+rng.IntN(20)),
			"address":         fmt.Sprintf("%s No. %d, Kelurahan Sumberejo", street, 1+rng.IntN(180))},
	}) // strings and numbers always marshal
	return body
}

func (d *benchDriver) file(c *benchClient) (int, error) {
	c.n++
	c.begin("POST", "/api/v1/cases", address(c.rng.IntN(1<<24)))
	c.req.Header.SetContentType("application/json")
	c.req.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%x-%x", c.rng.Uint64(), time.Now().UnixNano()))
	c.req.SetBody(d.filing(c.rng))
	if err := c.expect(201); err != nil {
		return 0, err
	}
	var got struct{ Reference, Key, State string }
	if err := json.Unmarshal(c.res.Body(), &got); err != nil {
		return 0, fmt.Errorf("filing: %w", err)
	}
	if _, ok := models.NormalReference(got.Reference); !ok || got.Key == "" || got.State != string(models.StateRegistered) {
		return 0, fmt.Errorf("filing: %.200s", c.res.Body())
	}
	d.mu.Lock()
	d.filed = append(d.filed, benchKey{got.Reference, got.Key})
	d.mu.Unlock()
	return len(c.res.Body()), nil
}

// decide answers open public cases, each at the version it was listed at.
func (d *benchDriver) decide(ctx context.Context) error {
	type open struct {
		Reference, State, Classification, Kind string
		Version                                int64
		RungLevel                              int `json:"rung_level"`
	}
	type job struct {
		open
		p *benchPerson
	}
	var jobs []job
	c := d.client(3)
	most := int(d.o.duration.Seconds()*1500) + 2000
	var heads []*benchPerson
	for _, p := range d.people {
		if p.Role == models.InfoOfficer {
			heads = append(heads, p)
		}
	}
	for _, p := range heads {
		for cursor := ""; len(jobs) < most*(slices.Index(heads, p)+1)/len(heads); {
			c.begin("GET", "/api/v1/desk/cases?limit=100&queue=open&sort=newest&cursor="+url.QueryEscape(cursor), p.ip)
			c.req.Header.Set("Authorization", "Bearer "+p.Token)
			if err := c.expect(200); err != nil {
				return err
			}
			var page struct {
				Items []open
				Next  string
			}
			if err := json.Unmarshal(c.res.Body(), &page); err != nil {
				return err
			}
			for _, o := range page.Items {
				if o.Classification == "public" && o.RungLevel == 0 && o.Kind == "request" && (o.State == string(models.StateRegistered) || o.State == string(models.StateInReview)) {
					jobs = append(jobs, job{o, p})
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	mrand.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	var at atomic.Int64
	d.measure(ctx, "decide", d.o.duration, func(c *benchClient) (int, error) {
		i := int(at.Add(1)) - 1
		if i >= len(jobs) {
			return 0, errDone
		}
		j := jobs[i]
		c.begin("POST", "/api/v1/desk/cases/"+j.Reference+"/decision", address(c.rng.IntN(1<<24)))
		c.req.Header.SetContentType("application/json")
		token := j.p.Token
		if n := len(j.p.tokens); n > 0 {
			token = j.p.tokens[i%n]
		}
		c.req.Header.Set("Authorization", "Bearer "+token)
		c.req.SetBodyString(fmt.Sprintf(`{"version":%d,"outcome":"granted","text":"Salinan rencana anggaran biaya dan gambar kerja disampaikan secara elektronik tanpa biaya."}`, j.Version))
		if err := c.expect(200); err != nil {
			return 0, err
		}
		if !bytes.Contains(c.res.Body(), []byte(`"state":"decided"`)) {
			return 0, fmt.Errorf("decision: %.200s", c.res.Body())
		}
		return len(c.res.Body()), nil
	})
	return nil
}

// export reads the compliance log to its end, as often as the span allows, once at least.
func (d *benchDriver) export(ctx context.Context) error {
	peak := make(chan float64, 1)
	stop := make(chan struct{})
	go func() {
		most := 0.0
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(50 * time.Millisecond):
				most = max(most, d.server.rss())
			}
		}
	}()
	cpu, begun := d.server.cpu(), time.Now()
	m := &benchMeasure{}
	var rows, size int64
	var took []time.Duration
	for len(took) == 0 || time.Since(begun) < d.o.duration {
		at := time.Now()
		n, bytes, err := d.exportOnce(ctx)
		if err != nil {
			d.fault(err)
			m.Errors++
			break
		}
		rows, size = rows+n, size+bytes
		took = append(took, time.Since(at))
	}
	span := time.Since(begun)
	close(stop)
	m.RSS = <-peak
	if len(took) > 0 {
		s := samples{took: took, bytes: size, span: span, errors: m.Errors}
		m.P50, m.P99 = s.measure().P50, s.measure().P99
		m.Rate, m.Bytes = float64(rows)/span.Seconds(), int(size/int64(len(took)))
		m.CPU = (d.server.cpu() - cpu).Seconds() * 1000 / float64(len(took))
	}
	d.report.Workloads["export"] = m
	return nil
}

func (d *benchDriver) exportOnce(ctx context.Context) (rows, size int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.server.base+"/api/v1/audit/export?format=csv", nil)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+d.auditor.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("export: answered %d", res.StatusCode)
	}
	r := bufio.NewReaderSize(res.Body, 1<<18)
	head, err := r.ReadSlice('\n')
	if err != nil || !bytes.HasPrefix(head, []byte("index,time,event,reference")) {
		return 0, 0, fmt.Errorf("export: begins with %.80q: %w", head, err)
	}
	size = int64(len(head))
	buf := make([]byte, 1<<18)
	quoted := false // a line break inside quotes is no row's end
	for {
		n, err := r.Read(buf)
		size += int64(n)
		for _, b := range buf[:n] {
			switch b {
			case '"':
				quoted = !quoted
			case '\n':
				if !quoted {
					rows++
				}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rows, size, fmt.Errorf("export broke off after %d rows: %w", rows, err)
		}
	}
	if rows < int64(d.world.Cases) {
		return rows, size, fmt.Errorf("export: %d rows of %d cases", rows, d.world.Cases)
	}
	return rows, size, nil
}
