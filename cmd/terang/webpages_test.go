package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/web/look.js
var lookScript string

// looker looks at pages: on a phone and on a desk, and with axe where the environment
// names it (TERANG_AXE=/path/to/axe.min.js; axe-core is not part of this repository).
// TERANG_SHOTS=folder keeps a picture of each.
type looker struct {
	*tab
	axe   bool
	shots string
}

func (b *browser) looker(t *testing.T) *looker {
	t.Helper()
	l := &looker{tab: b.tab(t, true), shots: os.Getenv("TERANG_SHOTS")}
	if at := os.Getenv("TERANG_AXE"); at != "" {
		source, err := os.ReadFile(at)
		if err != nil {
			t.Fatal("TERANG_AXE: ", err)
		}
		call(l.tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: string(source)})
		l.axe = true
	}
	return l
}

var webWidths = []int64{1280, 390}

// look checks the page that is open.
func (l *looker) look(name string) {
	l.t.Helper()
	for _, width := range webWidths {
		l.width(width)
		l.until("the page has its width", `w => window.innerWidth === w`, width)
		for _, bad := range ask[[]string](l.tab, lookScript) {
			l.t.Errorf("%s (%s) at %d px: %s", name, l.path(), width, bad)
		}
		if l.axe {
			for _, bad := range ask[[]string](l.tab, `async () => {
				const r = await axe.run(document, {resultTypes: ["violations"],
					runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]});
				return r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 140)).join(" | "));
			}`) {
				l.t.Errorf("%s (%s) at %d px: axe: %s", name, l.path(), width, bad)
			}
		}
		if l.shots != "" {
			l.shoot(fmt.Sprintf("%s-%d", strings.Trim(strings.NewReplacer("/", "-", " ", "-", "?", "-", "=", "-", "&", "-").Replace(name), "-"), width))
		}
	}
	for _, bad := range l.complaints() {
		l.t.Errorf("%s (%s): the browser complained: %s", name, l.path(), bad)
	}
}

func (l *looker) shoot(name string) {
	l.t.Helper()
	png, err := chromedp.Run(l.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(l.shots, name+".png"), png, 0o600)
	}
	if err != nil {
		l.t.Error(err)
	}
}

// print looks at the page on paper: what one must keep is there, folded explanations are
// open, and the site's frame is gone.
func (l *looker) print(name string, kept ...string) {
	l.t.Helper()
	media := func(m string) {
		l.t.Helper()
		call(l.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: m, Features: calm})
	}
	media("print")
	for _, bad := range ask[[]string](l.tab, `kept => {
		const high = s => { const e = document.querySelector("main " + s); return e ? e.getBoundingClientRect().height : 0; };
		return kept.filter(s => high(s) < 8).map(s => s + " is not on paper")
			.concat([...document.querySelectorAll(".header, .mainnav, .footer, button")].filter(e => e.getClientRects().length).map(e => e.outerHTML.slice(0, 60) + " is on paper"));
	}`, kept) {
		l.t.Errorf("%s printed: %s", name, bad)
	}
	if l.shots != "" {
		l.shoot(name + "-print")
	}
	media("")
}

func (l *looker) visit(paths ...string) {
	l.t.Helper()
	for _, p := range paths {
		l.open(p)
		l.look(p)
	}
}

// wrong sends a page's form as it is, and looks at the page that says what is wrong.
func (l *looker) wrong(path string) {
	l.t.Helper()
	l.open(path)
	l.send()
	if !l.has(".error-summary") {
		l.fail("%s: an empty form is not told", path)
	}
	l.look(path + " wrong")
}

// everyPage looks at each page of the site.
func everyPage(t *testing.T, s *webScene, b *browser) {
	ref := func(name string) string { return s.cases[name].Case.Reference }

	anyone := b.looker(t)
	anyone.visit("/", "/?lang=en", "/?lang=id", "/disclosures", "/disclosures?q=jembatan", "/disclosures?q=antariksa", "/disclosures/"+ref("published"),
		"/bodies", "/bodies/"+webBody, "/how", "/accessibility", "/log", "/sign-in", "/track", "/file", "/file/kind", "/file/resume",
		"/tidak-ada", "/cases/"+ref("asked"))
	anyone.wrong("/track")
	anyone.wrong("/sign-in")

	// The longest way through the filing form: a hidden name, a group, a request.
	anyone.open("/file/kind")
	for _, step := range []struct {
		name   string
		fields []string
	}{
		{"kind", []string{"kind", "request"}}, {"body", []string{"body", webBody}}, {"subject", []string{"subject", "Anggaran jembatan"}},
		{"similar", nil}, {"text", []string{"text", "Saya meminta rencana anggaran jembatan."}}, {"purpose", []string{"purpose", "Penelitian"}},
		{"anonymity", []string{"anonymity", "open"}}, {"requester", []string{"requester_kind", "group"}},
		{"identity", []string{"name", "Kelompok Warga Kenanga", "identity_number", "3171234567890123", "address", "Jl. Kenanga 4"}},
		{"contact", []string{"email", "warga@contoh.example"}}, {"delivery", []string{"delivery", "electronic"}},
	} {
		anyone.look("file-" + step.name)
		anyone.width(1280)
		if step.name == "text" {
			anyone.send()
			anyone.look("file-text-wrong")
		}
		anyone.answer(step.name, step.fields...)
	}
	anyone.look("file-attachments")
	anyone.visit("/file", "/file/resume", "/file/check")
	anyone.choose("declaration", "yes")
	anyone.send()
	anyone.look("file-done")
	anyone.print("file-done", "#reference", "#key", ".due", ".days")

	// Each case as its requester sees it, with what can be done.
	for _, c := range []struct{ name, more string }{
		{"asked", "reply"}, {"asked", "message"}, {"held", "withdraw"}, {"refused", ""}, {"objection", ""}, {"published", "object"},
		{"climbing", ""}, {"overdue", ""}, {"incomplete", "reply"}, {"withdrawn", ""}, {"question", ""},
	} {
		anyone.open("/track")
		anyone.fill("reference", ref(c.name))
		anyone.fill("key", s.cases[c.name].Key)
		anyone.send()
		anyone.look("case-" + c.name)
		if c.more != "" {
			anyone.open("/cases/" + ref(c.name) + "/" + c.more)
			anyone.look("case-" + c.name + "-" + c.more)
		}
	}

	officer := b.looker(t)
	officer.signIn(ppid)
	officer.visit("/desk", "/desk?queue=unassigned", "/desk?queue=overdue", "/desk?queue=all", "/desk?queue=all&q=antariksa", "/desk?queue=escalated", "/desk/record")
	officer.wrong("/desk/record")
	for name := range s.cases {
		officer.visit("/desk/cases/" + ref(name))
	}
	held := "/desk/cases/" + ref("held")
	for _, verb := range []string{"assign", "classify", "clarification", "extend", "escalation?action=raise", "decision", "decision?outcome=granted",
		"decision?outcome=refused", "decision?outcome=granted_in_part", "decision?outcome=not_held", "decision?outcome=referred", "message", "note", "attachments"} {
		officer.visit(held + "/" + verb)
	}
	officer.wrong(held + "/decision?outcome=refused")
	officer.wrong(held + "/extend")
	officer.visit("/desk/cases/"+ref("incomplete")+"/complete", "/desk/cases/"+ref("published")+"/publication", "/desk/cases/"+ref("published")+"/unpublish",
		"/desk/cases/"+ref("published")+"/close", "/desk/admin", "/audit", "/desk/cases/XX-9999-9999",
		"/desk/erasures", "/desk/cases/"+ref("refused")+"/outside", "/desk/cases/"+ref("refused")+"/erasure", "/desk/cases/"+ref("published")+"/erasure")

	admin := b.looker(t)
	admin.signIn("administrator@terang.example")
	admin.visit("/desk/admin", "/desk/admin/laws", "/desk/admin/bodies/new", "/desk/admin/units/new?body="+webBody, "/desk/admin/officers", "/desk/admin/officers/new",
		"/desk/admin/decrees/new", "/desk/admin/officers/away?email="+ppid, "/audit/events")
	admin.wrong("/desk/admin/officers/new")

	auditor := b.looker(t)
	auditor.signIn("auditor@terang.example")
	auditor.visit("/audit", "/audit/events", "/audit/events?kind=case.filed&order=log", "/audit/events?from=besok", "/audit/cases", "/audit/cases/"+ref("refused"),
		"/audit/cases/"+ref("climbing"), "/audit/exports", "/audit/statistics")
	auditor.open("/audit/events")
	auditor.press(`main tbody a[href^="/audit/events/"]`)
	auditor.look("audit-event")
}
