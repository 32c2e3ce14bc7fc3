package public_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/casework/inspect/inspecttest"
	"terang/models/trail"
)

var pdf = inspecttest.PDF(1, "")

// file walks the filing form to the list of answers.
func (b *browser) fill() {
	t := b.s.t
	t.Helper()
	b.get("/file?kind=request").want(t, 200, "/file/kind?kind=request")
	b.get("/file/kind?kind=request").want(t, 200, "checked")
	b.post("/file/kind", "kind", "request").want(t, 200, `name="body"`)
	b.post("/file/body", "body", "dinas").want(t, 200, `name="subject"`)
	b.post("/file/subject", "subject", "Anggaran jalan 2025").want(t, 200, `name="text"`)
	b.post("/file/text", "text", "Saya meminta salinan rencana anggaran.").want(t, 200, `name="purpose"`)
	b.post("/file/purpose", "purpose", "Penelitian").want(t, 200, `name="anonymity"`)
	b.post("/file/anonymity", "anonymity", "open").want(t, 200, `name="requester_kind"`)
	b.post("/file/requester", "requester_kind", "individual").want(t, 200, `name="name"`)
	b.post("/file/identity", "name", "Siti Rahmawati", "identity_number", "3171234567890123", "address", "Jl. Melati 5").want(t, 200, `name="email"`)
	b.post("/file/contact", "email", "siti@contoh.id").want(t, 200, `name="delivery"`)
	b.post("/file/delivery", "delivery", "electronic").want(t, 200, `name="file"`)
}

func TestFileTrackAndReply(t *testing.T) {
	s := serve(t)
	b := s.browser()
	b.get("/?lang=en").want(t, 200, "Ask for information")
	b.fill()
	b.upload("/file/attachments", `C:\surat\bukti.pdf`, pdf).want(t, 200, "bukti.pdf")
	check := b.get("/file/check").want(t, 200, "Siti Rahmawati", "bukti.pdf", "the answer is due by", "/file/subject?change=1")
	if strings.Contains(check.body, "[") && strings.Contains(check.body, ".title]") {
		t.Error("words are missing on the page")
	}
	// A changed answer leads back to the list.
	b.get("/file/subject?change=1").want(t, 200, "Anggaran jalan 2025")
	b.post("/file/subject?change=1", "subject", "Anggaran jalan 2026").want(t, 200, "Anggaran jalan 2026", `name="declaration"`)
	b.post("/file/check").want(t, 422, "Error:", "Anggaran jalan 2026")
	before := s.cases()
	done := b.post("/file/check", "declaration", "yes").want(t, 200, "Wednesday 21 January 2026", "UU 14/2008")
	ref, key := codes(t, done)
	if s.cases() != before+1 {
		t.Fatalf("%d cases, want %d", s.cases(), before+1)
	}
	// Going back and sending again shows the same confirmation and files nothing.
	again := b.post("/file/check", "declaration", "yes").want(t, 200, ref, key)
	_ = again
	if s.cases() != before+1 {
		t.Fatal("filed twice")
	}
	b.get("/cases/"+ref).want(t, 200, "Anggaran jalan 2026", "Registered", "bukti.pdf").lacks(t, key)

	// Another browser knows nothing until it proves the key, typed as people type.
	other := s.browser()
	other.get("/cases/"+ref).want(t, 404, "/track").lacks(t, "Anggaran")
	other.get("/track?lang=en")
	other.post("/track", "reference", ref, "key", "22222-22222-22222-22222").want(t, 404, "do not match")
	other.post("/track", "reference", strings.ToLower(strings.ReplaceAll(ref, "-", "")), "key", strings.ToLower(key)).want(t, 200, "Anggaran jalan 2026")

	// The officer asks; the requester replies; the answer stands.
	cs := s.byRef(ref)
	officer := s.As("officer")
	must(t)(s.Assign(s.Ctx, officer, ref, casework.AssignInput{Version: cs.Version, Officer: "officer@dinas.test"}))
	must(t)(s.AskClarification(s.Ctx, officer, ref, casework.TextInput{Version: s.byRef(ref).Version, Text: "Jalan yang mana?"}))
	other.get("/cases/"+ref).want(t, 200, "Jalan yang mana?")
	other.get("/cases/"+ref+"/reply").want(t, 200, "Jalan yang mana?")
	other.post("/cases/"+ref+"/reply", "text", "").want(t, 422, "Error:")
	other.post("/cases/"+ref+"/reply", "text", "Jalan Melati").want(t, 200, "Jalan Melati", "Your reply has been sent")
	if st := s.byRef(ref).State; st != models.StateInReview {
		t.Errorf("state %s after the reply", st)
	}

	// Closed on this device, it is closed: for copies of its cookies too, of the page with the key as
	// well, and nowhere else.
	for _, x := range []*browser{other, b} {
		at := func(path string) []*http.Cookie {
			u, _ := url.Parse(s.base + path)
			return x.c.Jar.Cookies(u)
		}
		kept, done := at("/cases/"+ref), at("/file/done")
		x.get("/cases/"+ref).want(t, 200)
		x.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if a := x.post("/cases/"+ref+"/leave").want(t, 303); a.header.Get("Clear-Site-Data") != `"cache", "storage"` {
			t.Errorf("the browser keeps its pages: %v", a.header)
		}
		x.c.CheckRedirect = nil
		x.get("/cases/"+ref).want(t, 404)
		thief := s.browser()
		u, _ := url.Parse(s.base)
		thief.c.Jar.SetCookies(u, append(kept, done...))
		thief.get("/cases/"+ref).want(t, 404)
		thief.get("/file/done").want(t, 200, `name="key"`).lacks(t, key)
	}
	s.Check()
}

// A double press sends the form twice at once: one case, and both see its key.
func TestDoublePress(t *testing.T) {
	s := serve(t)
	b := s.browser()
	b.fill()
	b.get("/file/check").want(t, 200)
	before := s.cases()
	refs := make([]string, 4)
	var wg sync.WaitGroup
	for i := range refs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			twin := &browser{s: s, c: b.c, csrf: b.csrf}
			refs[i], _ = codes(t, twin.post("/file/check", "declaration", "yes"))
		}()
	}
	wg.Wait()
	for _, r := range refs {
		if r != refs[0] {
			t.Errorf("confirmations %v", refs)
		}
	}
	if n := s.cases(); n != before+1 {
		t.Errorf("%d cases filed", n-before)
	}
}

func TestDraftGoesOnElsewhere(t *testing.T) {
	s := serve(t)
	b := s.browser()
	b.get("/file/kind")
	b.post("/file/kind", "kind", "complaint")
	b.post("/file/body", "body", "dinas")
	b.post("/file/subject", "subject", "Loket tutup lebih awal").want(t, 200)
	saved := b.get("/file/resume?lang=en").want(t, 200, "Your draft is saved")
	i := strings.Index(saved.body, `id="resume-code">`)
	code := saved.body[i+len(`id="resume-code">`):]
	code = strings.TrimSpace(code[:strings.IndexByte(code, '<')])

	other := s.browser()
	other.get("/file/resume")
	other.post("/file/resume", "code", "no such code").want(t, 422)
	other.post("/file/resume", "code", strings.ToLower(strings.ReplaceAll(code, "-", " "))).want(t, 200, `name="text"`)
	other.get("/file/subject").want(t, 200, "Loket tutup lebih awal")
	// A complaint may be anonymous, and then nobody is asked who they are.
	other.post("/file/text", "text", "Loket tutup pukul sebelas.")
	other.get("/file/anonymity")
	other.post("/file/anonymity", "anonymity", "anonymous").want(t, 200, `name="file"`)
	other.get("/file/check").want(t, 200).lacks(t, "/file/identity")
	ref, _ := codes(t, other.post("/file/check", "declaration", "yes"))
	if c := s.byRef(ref); c.RequesterID != nil || c.Kind != models.Complaint {
		t.Errorf("an anonymous complaint has requester %v, kind %s", c.RequesterID, c.Kind)
	}
}

func TestObjectAndWithdraw(t *testing.T) {
	s := serve(t)
	c, _, key := s.Given(caseworktest.Request())
	b := s.browser()
	b.get("/track?lang=en")
	if lost := b.get("/none").want(t, 404, "open it through Track"); strings.Count(lost.body, `href="/track"`) != 2 { // the menu's, and its own
		t.Error("the page that is not there does not lead to Track")
	}
	b.post("/track", "reference", c.Reference, "key", key).want(t, 200, "<strong>Answer due by:</strong>", "days left").lacks(t, "/object")
	b.get("/cases/"+c.Reference+"/object").want(t, 200, "not possible at present")

	officer := s.As("officer")
	must(t)(s.Assign(s.Ctx, officer, c.Reference, casework.AssignInput{Version: s.byRef(c.Reference).Version, Officer: "officer@dinas.test"}))
	stale := b.get("/cases/"+c.Reference+"/withdraw").want(t, 200)
	_ = stale
	version := hidden(stale.body, "version")
	must(t)(s.Decide(s.Ctx, officer, c.Reference, caseworktest.Refusal(s.byRef(c.Reference).Version)))
	// The answer came while the withdrawal was being written: it is not done on the old page.
	b.post("/cases/"+c.Reference+"/withdraw", "version", version, "reason", "").want(t, 409)

	b.get("/cases/"+c.Reference).want(t, 200, "Refused", "/object", "Permintaan ditolak.").lacks(t, "<strong>Answer due by:</strong>")
	b.get("/cases/"+c.Reference+"/object").want(t, 200, `name="ground"`)
	b.post("/cases/"+c.Reference+"/object", "ground", "a", "reason", "").want(t, 422)
	done := b.post("/cases/"+c.Reference+"/object", "ground", "a", "reason", "Tidak ada dasar.", "desired", "Dokumen dibuka").want(t, 200)
	ref, _ := codes(t, done)
	if o := s.byRef(ref); o.Kind != models.Objection || !strings.Contains(o.Text, "Dokumen dibuka") {
		t.Errorf("objection %s %q", o.Kind, o.Text)
	}
	b.get("/cases/"+ref).want(t, 200, c.Reference)

	// What was taken back was not answered in time.
	gone, _, key := s.Given(caseworktest.Request())
	b.post("/track", "reference", gone.Reference, "key", key).want(t, 200)
	b.post("/cases/"+gone.Reference+"/withdraw", "version", hidden(b.get("/cases/"+gone.Reference+"/withdraw").body, "version")).want(t, 200, "Withdrawn").lacks(t, "Answered in time")
}

// What an officer took down from a letter lacks something: its requester gives it, and
// the clock begins.
func TestCompleteWhatIsIncomplete(t *testing.T) {
	s := serve(t)
	in := caseworktest.Request()
	in.Channel, in.AllowIncomplete, in.Purpose, in.Requester.Name = models.ChannelLetter, true, "", ""
	f, err := s.File(s.Ctx, s.As("agent"), in)
	if err != nil {
		t.Fatal(err)
	}
	ref := f.Case.Reference
	b := s.browser()
	b.get("/track?lang=en")
	b.post("/track", "reference", ref, "key", f.Key).want(t, 200, "What is still missing", "Write the full name")
	page := b.get("/cases/"+ref+"/reply").want(t, 200, `name="purpose"`, `name="name"`)
	b.post("/cases/"+ref+"/reply", "version", hidden(page.body, "version"), "purpose", "Penelitian").want(t, 422, "name-error", "Penelitian")
	b.post("/cases/"+ref+"/reply", "version", hidden(page.body, "version"), "purpose", "Penelitian", "name", "Siti").want(t, 200, "Registered", "Due by")
	if c := s.byRef(ref); c.State != models.StateRegistered || c.DueOn == "" {
		t.Errorf("state %s, due %q", c.State, c.DueOn)
	}
	s.Check()
}

// Files come back as files to keep, whatever they hold, and the receipt holds without us.
func TestDownloads(t *testing.T) {
	s := serve(t)
	c, requester, key := s.Given(caseworktest.Request())
	doc, err := s.Attach(s.Ctx, requester, c.Reference, casework.Upload{Name: "catatan.txt", Data: strings.NewReader("catatan saya")})
	if err != nil {
		t.Fatal(err)
	}
	vkey := s.sequence()
	b := s.browser()
	b.get("/track")
	b.post("/track", "reference", c.Reference, "key", key).want(t, 200)
	a := b.get("/cases/"+c.Reference+"/documents/"+strconv.FormatInt(doc.ID, 10)).want(t, 200, "catatan saya")
	if d := a.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || !strings.Contains(d, "catatan.txt") {
		t.Errorf("Content-Disposition %q", d)
	}
	if p := a.header.Get("Content-Security-Policy"); !strings.Contains(p, "sandbox") || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", a.header)
	}
	receipt := b.get("/cases/"+c.Reference+"/receipt").want(t, 200)
	known, err := trail.Verifiers(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trail.VerifyReceipt([]byte(receipt.body), known); err != nil {
		t.Errorf("the receipt does not verify: %v", err)
	}
	// The page lists a proof of each step, and what is not on the list is not there.
	page := b.get("/cases/"+c.Reference).want(t, 200)
	offered := regexp.MustCompile(`href="(/cases/[^"]*/receipt\?event=[0-9]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(offered) == 0 {
		t.Error("no proofs are offered")
	}
	for _, link := range offered {
		if a := b.get(link[1]).want(t, 200); !strings.HasPrefix(a.body, "c2sp.org/tlog-proof@v1") || !strings.Contains(a.header.Get("Content-Disposition"), c.Reference+"-") {
			t.Errorf("%s: %v", link[1], a.header)
		}
	}
	for _, none := range []string{"0", "x", "1", "999999"} {
		b.get("/cases/"+c.Reference+"/receipt?event="+none).want(t, 404)
	}
}

func hidden(page, name string) string {
	i := strings.Index(page, `name="`+name+`" value="`)
	if i < 0 {
		return ""
	}
	v := page[i+len(`name="`+name+`" value="`):]
	return v[:strings.IndexByte(v, '"')]
}

func (s *site) byRef(ref string) *models.Case {
	s.t.Helper()
	c, err := s.Store.Read(s.Ctx).CaseByReference(ref)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func must(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}
