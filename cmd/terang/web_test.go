package main

import (
	_ "embed"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"terang/views/text"
)

// TestWeb drives Chromium over the whole site as its users do: a citizen, an officer and an
// auditor with every script switched off, a citizen with nothing but a keyboard, and a
// look at every page on a phone and on a desk.
func TestWeb(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	s := serveScene(t)
	b := openBrowser(t, s.base)
	t.Run("one case, without scripts", func(t *testing.T) { oneCase(t, s, b) })
	t.Run("granted and published, without scripts", func(t *testing.T) { granted(t, s, b) })
	t.Run("filed by keyboard", func(t *testing.T) { byKeyboard(t, b) })
	t.Run("auditor, without scripts", func(t *testing.T) { auditor(t, s, b) })
	t.Run("pages", func(t *testing.T) { everyPage(t, s, b) })
}

// said is a text of the catalogue as the pages show it.
func said(key string, args ...any) string { return text.Indonesian.T(key, args...) }

var (
	webReference = regexp.MustCompile(`^[2-9B-DF-HJ-NP-TV-Z]{2}-[2-9B-DF-HJ-NP-TV-Z]{4}-[2-9B-DF-HJ-NP-TV-Z]{4}$`)
	webKey       = regexp.MustCompile(`^[2-9B-DF-HJ-NP-TV-Z]{4,5}(-[2-9B-DF-HJ-NP-TV-Z]{4,5})+$`)
)

// confirmed reads the page after sending.
func confirmedPage(p *tab) (ref, key string) {
	p.t.Helper()
	if got := p.path(); got != "/file/done" {
		p.fail("at %s after sending", got)
	}
	ref, key = p.says("#reference"), p.says("#key")
	if !webReference.MatchString(ref) || !webKey.MatchString(key) {
		p.fail("reference %q, key %q", ref, key)
	}
	p.says("main .due")
	if n := ask[int](p, `() => document.querySelectorAll("main .days li").length`); n < 5 {
		p.fail("the due date has %d days of reasons", n)
	}
	return ref, key
}

// oneCase is a request from the search that finds nothing to the objection against its
// refusal, seen from both sides of the counter.
func oneCase(t *testing.T, s *webScene, b *browser) {
	citizen := b.tab(t, false)
	citizen.open("/")
	citizen.fill("q", "lampu penerangan jalan")
	citizen.press(`form[role="search"] button`)
	citizen.press(`main a[href="/file?kind=request"]`)
	citizen.press(`main .actions a.button`)
	citizen.answer("kind", "kind", "request")
	citizen.answer("body", "body", webBody)
	citizen.send() // nothing was written: the page comes back and says so
	if !strings.HasPrefix(ask[string](citizen, `() => document.title`), said("error_summary.prefix")) && !citizen.has(".error-summary") {
		citizen.fail("an empty answer is not told")
	}
	citizen.answer("subject", "subject", "Lampu penerangan jalan 2025")
	citizen.answer("text", "text", "Saya meminta daftar lampu penerangan jalan yang dipasang tahun 2025.")
	citizen.answer("purpose", "purpose", "Penelitian skripsi")
	citizen.answer("anonymity", "anonymity", "open")
	citizen.answer("requester", "requester_kind", "individual")
	citizen.answer("identity", "name", "Budi Santoso", "identity_number", "3171234567890123", "address", "Jl. Kenanga 4, Tirtamaya")
	citizen.answer("contact", "email", "budi@contoh.example")
	citizen.answer("delivery", "delivery", "electronic")
	note := filepath.Join(t.TempDir(), "catatan.txt")
	if err := os.WriteFile(note, []byte("Foto lampu yang padam ada pada saya.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	citizen.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS(`main input[type="file"]`), []string{note}))
	citizen.press(`form[enctype] button`)
	citizen.sees("catatan.txt")
	citizen.press(`main .actions a.button`)
	citizen.sees("Budi Santoso", "Lampu penerangan jalan 2025", "catatan.txt")
	citizen.choose("declaration", "yes")
	citizen.send()
	ref, key := confirmedPage(citizen)
	citizen.sees("UU 14/2008")

	// Elsewhere, with reference and key as people type them.
	again := b.tab(t, false)
	again.open("/track")
	again.fill("reference", strings.ToLower(strings.ReplaceAll(ref, "-", " ")))
	again.fill("key", strings.ToLower(key))
	again.send()
	again.sees("Lampu penerangan jalan 2025", said("state.registered"))

	officer := b.tab(t, false)
	officer.signIn(ppid)
	officer.open("/desk?queue=unassigned")
	officer.press(`a[href="/desk/cases/` + ref + `"]`)
	desk := "/desk/cases/" + ref
	officer.press(`a[href="` + desk + `/assign"]`)
	officer.press(`button[name="take"]`)
	officer.sees("Dra. Hesti Purwaningrum")
	officer.press(`a[href="` + desk + `/classify"]`)
	officer.choose("classification", "public")
	officer.fill("reason", "Daftar aset umum.")
	officer.send()
	officer.press(`a[href="` + desk + `/clarification"]`)
	officer.fill("text", "Kecamatan yang mana?")
	officer.send()

	again.open("/cases/" + ref)
	again.sees("Kecamatan yang mana?")
	again.press(`main a[href="/cases/` + ref + `/reply"]`)
	again.fill("text", "Kecamatan Tirtamaya Utara.")
	again.send()
	again.sees("Kecamatan Tirtamaya Utara.")

	officer.open(desk)
	officer.sees("Kecamatan Tirtamaya Utara.")
	before := officer.says(".desk-head dl")
	officer.press(`a[href="` + desk + `/extend"]`)
	officer.sees("UU 14/2008")
	officer.fill("reason", "Data masih dikumpulkan dari tiga unit.")
	officer.send()
	if after := officer.says(".desk-head dl"); after == before {
		officer.fail("the due date did not move: %s", after)
	}

	officer.press(`a[href="` + desk + `/decision"]`)
	officer.press(`a[href="` + desk + `/decision?outcome=refused"]`)
	officer.fill("text", "Daftar itu memuat denah jaringan listrik dan karena itu dikecualikan.")
	officer.send() // without article or test: it does not pass, and keeps what was written
	if !officer.has(".error-summary") || !strings.Contains(ask[string](officer, `() => document.querySelector('[name="text"]').value`), "denah jaringan") {
		officer.fail("a refusal without an article passed, or lost its words")
	}
	officer.choose("exemptions", "h")
	// The law's own form behind the article; what the case knows stands in it already.
	for _, name := range ask[[]string](officer, `() => [...document.querySelectorAll('main [name^="consequence_test."]')].filter(e => !e.value).map(e => e.name)`) {
		officer.fill(name, "Jaringan dapat dirusak.")
	}
	officer.send()
	officer.sees("Jaringan dapat dirusak")

	again.open("/cases/" + ref)
	again.sees("denah jaringan listrik", said("outcome.refused"))
	again.press(`main a[href="/cases/` + ref + `/object"]`)
	again.choose("ground", "a")
	again.fill("reason", "Yang saya minta hanya daftarnya, bukan denahnya.")
	again.send()
	objection, _ := confirmedPage(again)
	again.press(`main a[href="/cases/` + objection + `"]`)
	again.sees(ref)
	citizen.quiet()
	again.quiet()
	officer.quiet()
}

// granted is the other end: an answer in full, put into the disclosure log without the
// requester.
func granted(t *testing.T, s *webScene, b *browser) {
	ref := s.cases["granted"].Case.Reference
	desk := "/desk/cases/" + ref
	officer := b.tab(t, false)
	officer.signIn(ppid)
	officer.open("/desk?queue=all")
	officer.fill("q", "drainase nilainya")
	officer.press(`main form[role="search"] button`)
	officer.press(`a[href="` + desk + `"]`)
	officer.press(`a[href="` + desk + `/assign"]`)
	officer.press(`button[name="take"]`)
	officer.press(`a[href="` + desk + `/decision"]`)
	officer.press(`a[href="` + desk + `/decision?outcome=granted"]`)
	officer.fill("text", "Ada empat proyek drainase tahun 2026 dengan nilai seluruhnya Rp3,1 miliar.")
	officer.send()
	officer.press(`a[href="` + desk + `/publication"]`)
	officer.fill("summary", "Diminta daftar proyek drainase 2026; seluruhnya diberikan.")
	officer.send()
	officer.sees(said("publication.preview.title"), "Ada empat proyek drainase")
	officer.press(`button[name="step"][value="publish"]`)

	anyone := b.tab(t, false)
	anyone.open("/")
	anyone.fill("q", "proyek drainase")
	anyone.press(`form[role="search"] button`)
	anyone.press(`main a[href="/disclosures/` + ref + `"]`)
	anyone.sees("Ada empat proyek drainase", "Diminta daftar proyek drainase 2026", said("outcome.granted"))
	anyone.lacks("Siti Rahmawati", "siti@contoh.example", "3171234567890123")
	officer.quiet()
	anyone.quiet()
}

// byKeyboard files a complaint with the scripts on and the pointer away.
func byKeyboard(t *testing.T, b *browser) {
	p := b.tab(t, true)
	enter := func(what string) { p.t.Helper(); p.leaves(what, func() { p.key(kb.Enter) }) }
	p.open("/")
	p.tabTo(".skip")
	p.key(kb.Enter)
	p.tabTo(`main a[href="/file?kind=complaint"]`)
	enter("complaint")
	p.tabTo("main .actions a.button")
	enter("begin")
	radio := func(name, value string) {
		p.t.Helper()
		p.tabTo(`main [name="` + name + `"]`)
		p.key(" ")
		for range 10 {
			if ask[bool](p, `(name, value) => document.activeElement.name === name && document.activeElement.value === value && document.activeElement.checked`, name, value) {
				p.key(kb.Enter) // as browsers do: Enter on a choice sends its form
				return
			}
			p.key(kb.ArrowDown)
		}
		p.fail("the arrow keys do not come to %s of %s", value, name)
	}
	button := func() {
		p.t.Helper()
		p.tabTo(`main form[method="post"] button[type="submit"]:not(.button-link)`)
		p.key(kb.Enter)
	}
	p.leaves("kind", func() { radio("kind", "complaint") })
	p.leaves("body", func() { radio("body", webBody) })
	p.tabTo(`[name="subject"]`)
	p.key("Jalan berlubang")
	enter("subject")
	p.tabTo(`[name="text"]`)
	p.key("Jalan Kenanga berlubang sejak Mei.")
	p.leaves("text", button)
	p.leaves("anonymity", func() { radio("anonymity", "anonymous") })
	p.tabTo(`main .actions a.button`)
	enter("attachments")
	p.tabTo(`[name="declaration"]`)
	p.key(" ")
	p.leaves("send", button)
	ref, _ := confirmedPage(p)
	p.tabTo(`main a[href="/cases/` + ref + `"]`)
	enter("open the case")
	p.sees("Jalan berlubang")
	// The reasons of the due date open without a pointer.
	p.tabTo("main summary")
	p.key(kb.Enter)
	p.until("the reasons are open", `() => document.activeElement.parentElement.open`)
	p.quiet()
}

// auditor reads everything, takes the log home, and can change nothing.
func auditor(t *testing.T, s *webScene, b *browser) {
	p := b.tab(t, false)
	p.signIn("auditor@terang.example")
	if got := p.path(); got != "/audit" {
		p.fail("an auditor comes to %s", got)
	}
	p.press(`.mainnav a[href="/audit/events"]`)
	p.pick("kind", "case.published")
	p.press(`main form[method="get"] button`)
	if got := p.path(); !strings.Contains(got, "kind=case.published") {
		p.fail("the filter led to %s", got)
	}
	if n := ask[int](p, `() => document.querySelectorAll("main tbody tr").length`); n < 1 || n > 5 {
		p.fail("%d events of a few publications", n)
	}
	p.press(`main tbody a[href^="/audit/events/"]`)
	p.says("main h1")

	folder := t.TempDir()
	ctx := chromedp.FromContext(p.ctx)
	if _, err := chromedp.CallBrowser(p.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: ctx.BrowserContextID, DownloadPath: folder,
	}); err != nil {
		t.Fatal(err)
	}
	p.press(`.mainnav a[href="/audit/exports"]`)
	p.choose("format", "csv")
	p.click(`main form[action="/audit/export"] button`)
	rows, err := csv.NewReader(strings.NewReader(fetched(t, folder))).ReadAll()
	if err != nil || len(rows) < 30 || rows[0][0] != "index" || rows[0][len(rows[0])-1] != "leaf_hash" {
		t.Errorf("an export of %d rows (%v)", len(rows), err)
	}

	// Signing out and the language are all that an auditor can send.
	for _, path := range []string{"/audit", "/audit/events", "/audit/cases", "/audit/cases/" + s.cases["refused"].Case.Reference, "/audit/exports"} {
		p.open(path)
		if p.has(`main form[method="post"]`) {
			t.Errorf("%s has a form that changes something", path)
		}
	}
	p.open("/desk/cases/" + s.cases["refused"].Case.Reference + "/decision")
	if p.has(`main form[method="post"]`) {
		t.Error("an auditor is offered to decide")
	}
	p.quiet()
}
