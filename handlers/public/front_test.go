package public_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"html"
	"io"
	"log/slog"
	"math/bits"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// street is the site behind a proxy that says who comes from where.
func street(t *testing.T) *site {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + ln.Addr().String()
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: s.base, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	return s
}

type fromAddress string

func (a fromAddress) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Forwarded-For", string(a))
	return http.DefaultTransport.RoundTrip(req)
}

// from is a new browser at an address.
func (s *site) from(address string) *browser {
	b := s.browser()
	b.c.Transport = fromAddress(address)
	return b
}

// send fills in a draft and sends it.
func (b *browser) send(more ...string) answer {
	b.s.t.Helper()
	b.get("/file/kind")
	b.post("/file/kind", "kind", "complaint")
	for _, f := range [][]string{
		{"body", "body", "dinas"}, {"subject", "subject", "Jalan rusak"}, {"text", "text", "Jalan di depan sekolah rusak."}, {"anonymity", "anonymity", "open"},
		{"requester", "requester_kind", "individual"}, {"identity", "name", "Siti", "identity_number", "3273010101900001", "address", "Jalan Merdeka 1"}, {"contact", "email", "siti@warga.test", "phone", ""},
	} {
		b.get("/file/" + f[0])
		b.post("/file/"+f[0], f[1:]...)
	}
	b.get("/file/attachments")
	b.get("/file/check")
	return b.post("/file/check", append([]string{"declaration", "yes"}, more...)...)
}

var (
	stepToken = regexp.MustCompile(`name="step" value="([^"]+)"`)
	stepWork  = regexp.MustCompile(`data-work="([^"]+)"`)
	stepSum   = regexp.MustCompile(`Berapakah ([a-z-]+) ditambah ([a-z-]+)\?`)
	stepFirst = regexp.MustCompile(`huruf pertama dari kata "([a-z]+)"`)
)

const wordNumbers = "satu dua tiga empat lima enam tujuh delapan sembilan"

// answerOf reads the question as a person does.
func answerOf(t *testing.T, page string) string {
	t.Helper()
	page = html.UnescapeString(page)
	if m := stepFirst.FindStringSubmatch(page); m != nil {
		return m[1][:1]
	}
	m := stepSum.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no question in %s", summary(page))
	}
	sum := 0
	for i, w := range strings.Fields(wordNumbers) {
		for _, given := range m[1:] {
			if given == w {
				sum += i + 1
			}
		}
	}
	return strconv.Itoa(sum)
}

func tokenOf(t *testing.T, page string) string {
	t.Helper()
	m := stepToken.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no step in %s", summary(page))
	}
	return html.UnescapeString(m[1])
}

const asked = "Satu langkah lagi"

func TestStepOnlyUnderPressure(t *testing.T) {
	s := street(t)
	const network = "203.0.113.9"
	for i := range 5 {
		s.from(network).send().want(t, 200, "erkirim").lacks(t, asked)
		if n := s.cases(); n != int64(i+1) {
			t.Fatalf("%d cases", n)
		}
	}

	// From here on this network is asked, and nobody else.
	b := s.from(network)
	page := b.send().want(t, 200, asked, "loket").lacks(t, "<img", "<canvas")
	s.from("203.0.113.10").send().want(t, 200, "erkirim").lacks(t, asked)
	s.browser().send().want(t, 200, "erkirim").lacks(t, asked) // on the machine itself
	before := s.cases()

	again := func(page answer, more ...string) answer {
		return b.post("/file/check", append([]string{"declaration", "yes", "step", tokenOf(t, page.body)}, more...)...)
	}
	page = again(page, "answer", "99").want(t, 422, "Ini pertanyaan baru", "Kesalahan: ")
	page = again(page, "answer", answerOf(t, page.body)).want(t, 422, "Terlalu cepat")
	s.Pass(4 * time.Second)
	page = again(page, "answer", answerOf(t, page.body), "leave_empty", "http://spam.test").want(t, 422, asked)
	stale := page
	s.Pass(31 * time.Minute)
	page = again(stale, "answer", answerOf(t, stale.body)).want(t, 422, "tidak berlaku")
	s.Pass(4 * time.Second)
	if s.cases() != before {
		t.Fatal("filed without the step")
	}
	right := []string{"answer", " " + strings.ToUpper(answerOf(t, page.body)) + " "}
	again(page, right...).want(t, 200, "erkirim")
	if s.cases() != before+1 {
		t.Fatal("not filed with the step")
	}

	// One answer serves one filing, and only the draft it was asked of.
	b = s.from(network)
	b.send().want(t, 200, asked)
	again(page, right...).want(t, 422, "tidak berlaku")
}

// A browser that runs scripts proves it by work, at once and without a question.
func TestStepByWork(t *testing.T) {
	s := street(t)
	for range 5 {
		s.press(casework.UseFile, "203.0.113.9")
	}
	b := s.from("203.0.113.9")
	page := b.send().want(t, 200, asked)
	b.post("/file/check", "declaration", "yes", "step", tokenOf(t, page.body), "work", "1").want(t, 422, asked)
	page = b.post("/file/check", "declaration", "yes").want(t, 200, asked)
	nonce := html.UnescapeString(stepWork.FindStringSubmatch(page.body)[1])
	work := ""
	for n := 0; work == ""; n++ {
		sum := sha256.Sum256([]byte(nonce + ":" + strconv.Itoa(n)))
		if bits.LeadingZeros16(uint16(sum[0])<<8|uint16(sum[1])) >= 15 {
			work = strconv.Itoa(n)
		}
	}
	b.post("/file/check", "declaration", "yes", "step", tokenOf(t, page.body), "work", work).want(t, 200, "erkirim")
}

func (s *site) press(u casework.Use, scope string) {
	s.t.Helper()
	if err := s.Used(s.Ctx, u, scope); err != nil {
		s.t.Fatal(err)
	}
}

// A flood from many addresses is met by asking everybody for a while.
func TestStepForAllUnderAFlood(t *testing.T) {
	s := street(t)
	for i := range 600 {
		s.press(casework.UseFile, fmt.Sprint("198.51.100.", i))
	}
	b := s.from("192.0.2.1")
	b.send().want(t, 200, asked)
	s.Pass(time.Hour)
	b.get("/file/check")
	b.post("/file/check", "declaration", "yes").want(t, 200, "erkirim").lacks(t, asked)
}

// Each bound answers 429, when to come back, and in plain words; and what was typed is kept.
func TestBoundsSayWhenToComeBack(t *testing.T) {
	s := street(t)
	const net4, net6 = "203.0.113.77", "2001:db8:1:2::/64"
	fill := func(u casework.Use, scope string) {
		for range u.Limit {
			s.press(u, scope)
		}
	}
	later := func(a answer, words string) {
		t.Helper()
		a.want(t, 429, words)
		after, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil || after < 1 || after > 3660 {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		at := s.Now().Add(time.Duration(after) * time.Second).In(time.FixedZone("WIB", 7*3600)).Format("15.04")
		if !strings.Contains(a.body, at) {
			t.Errorf("the page does not say %s: %s", at, summary(a.body))
		}
	}

	fill(casework.UseDraft, net4)
	b := s.from(net4)
	b.get("/file/kind")
	later(b.post("/file/kind", "kind", "request"), "Coba lagi pukul")
	fill(casework.UseDraft, net6)
	for _, address := range []string{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"} {
		b := s.from(address)
		b.get("/file/kind")
		later(b.post("/file/kind", "kind", "request"), "Coba lagi pukul")
	}
	s.from("2001:db8:1:3::1").send().want(t, 200, "erkirim")

	fill(casework.UseFile, "203.0.113.78")
	b = s.from("203.0.113.78")
	later(b.send(), "Coba lagi pukul")
	if !strings.Contains(b.get("/file/check").body, "Jalan di depan sekolah rusak.") {
		t.Error("what was typed is lost")
	}
	s.Pass(time.Hour)
	b.get("/file/check")
	b.post("/file/check", "declaration", "yes").want(t, 200, "erkirim")

	fill(casework.UseUpload, "203.0.113.79")
	b = s.from("203.0.113.79")
	b.get("/file/kind")
	b.post("/file/kind", "kind", "complaint")
	b.post("/file/body", "body", "dinas")
	b.get("/file/attachments")
	later(b.upload("/file/attachments", "a.txt", []byte("isi")), "Coba lagi pukul")

	// Messages are bounded by case, wherever they come from.
	b = s.from("203.0.113.80")
	ref, key := codes(t, b.send())
	fill(casework.UseSay, "case:"+ref)
	b.get("/cases/" + ref + "/message")
	later(b.post("/cases/"+ref+"/message", "text", "sekali lagi"), "Coba lagi pukul")

	// Guessing a key is bounded by its case first, and by the address only after many cases.
	for range 10 {
		guess := s.from("203.0.113.81")
		guess.get("/track")
		guess.post("/track", "reference", ref, "key", "22222-22222-22222-22222").want(t, 404)
	}
	b = s.from("203.0.113.81")
	b.get("/track")
	later(b.post("/track", "reference", ref, "key", key), "Coba lagi pukul")
}

func TestSearchAndAPIAreBounded(t *testing.T) {
	s := street(t)
	try := func(address, path string, headers ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequest("GET", s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := fromAddress(address).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	status := func(n int, address, path string, headers ...string) (last *http.Response) {
		t.Helper()
		for range n {
			if last != nil {
				io.Copy(io.Discard, last.Body)
				last.Body.Close()
			}
			last = try(address, path, headers...)
		}
		return last
	}
	if res := status(120, "203.0.113.1", "/suggest?q=jalan"); res.StatusCode != 200 {
		t.Fatal(res.StatusCode)
	}
	res := try("203.0.113.1", "/disclosures?q=jalan")
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "60" || !strings.Contains(string(body), "Coba lagi sesudah") || !strings.Contains(string(body), "jaringan Anda") {
		t.Errorf("%d %s %s", res.StatusCode, res.Header.Get("Retry-After"), summary(string(body)))
	}
	for name, res := range map[string]*http.Response{
		"another address": try("203.0.113.2", "/suggest?q=jalan"), "another page": try("203.0.113.1", "/"), "the machine itself": try("127.0.0.1", "/suggest?q=jalan"),
	} {
		if res.StatusCode != 200 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	s.Pass(time.Minute)
	if res := try("203.0.113.1", "/suggest?q=jalan"); res.StatusCode != 200 {
		t.Errorf("a minute later: %d", res.StatusCode)
	}

	// A token has its own measure, wherever it is used; who has none, their address.
	status(600, "203.0.113.3", "/api/v1/bodies")
	if res := try("203.0.113.3", "/api/v1/bodies"); res.StatusCode != 429 || res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if res := try("203.0.113.3", "/api/v1/desk/cases", "Authorization", "Bearer one"); res.StatusCode != 401 {
		t.Errorf("a token at a busy address: %d", res.StatusCode)
	}
	status(600, "203.0.113.4", "/api/v1/desk/cases", "Authorization", "Bearer two")
	if res := try("203.0.113.5", "/api/v1/desk/cases", "Authorization", "Bearer two"); res.StatusCode != 429 {
		t.Errorf("a busy token at another address: %d", res.StatusCode)
	}
}

func TestFilingByAPIIsBounded(t *testing.T) {
	s := street(t)
	for range casework.UseAPI.Limit {
		s.press(casework.UseAPI, "203.0.113.9")
	}
	req, err := http.NewRequest("POST", s.base+"/api/v1/cases", strings.NewReader(`{"kind":"complaint","body":"dinas","subject":"a","text":"b","requester":{"name":"Siti","email":"a@b.test","identity_number":"1","address":"x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := fromAddress("203.0.113.9").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || s.cases() != 0 {
		t.Errorf("%d, %d cases", res.StatusCode, s.cases())
	}
}

// An office shares an address: a colleague's wrong passwords do not shut it out.
func TestAnOfficeIsNotShutOut(t *testing.T) {
	s := street(t)
	const office = "203.0.113.50"
	for i := range 12 {
		_, _, err := s.SignIn(s.Ctx, fmt.Sprintf("salah%d@dinas.test", i), "bukan ini", office)
		if models.KindOf(err) != models.Unauthorized {
			t.Fatal(err)
		}
	}
	if _, _, err := s.SignIn(s.Ctx, "officer@dinas.test", caseworktest.Password, office); err != nil {
		t.Errorf("%v", err)
	}
	for i := range 50 {
		s.SignIn(s.Ctx, fmt.Sprintf("salah%d@dinas.test", i), "bukan ini", office)
	}
	if _, _, err := s.SignIn(s.Ctx, "officer@dinas.test", caseworktest.Password, office); models.KindOf(err) != models.RateLimited {
		t.Errorf("fifty failures from one address: %v", err)
	}
}
