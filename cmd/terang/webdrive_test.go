package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// webPatience is how long a page may take on a machine that builds something else
// meanwhile. Nothing waits that long unless it fails.
const webPatience = 40 * time.Second

// browser is one Chromium with a profile of its own.
type browser struct {
	ctx  context.Context
	base string
}

// openBrowser starts Chromium, or skips the test where there is none.
func openBrowser(t *testing.T, base string) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("TERANG_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if p, err := exec.LookPath(name); name != "" && err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if slices.Contains(strings.Split(os.Getenv("TERANG_REQUIRE"), ","), "chromium") {
			t.Fatal("TERANG_REQUIRE asks for chromium, and none is on the PATH")
		}
		t.Skip("chromium is not on the PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true), chromedp.Flag("accept-lang", "id"),
		chromedp.WSURLReadTimeout(webPatience),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("ending chromium: %v", err)
		}
		end()
		stop()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return &browser{ctx: ctx, base: base}
}

// tab is a person at a browser of their own: no cookie is shared with another tab.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu  sync.Mutex
	bad []string // console errors, refused scripts, failed loads
}

// calm scrolls at once: what has the focus is where it will be when it is looked at.
var calm = []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}

// tab opens a window of 1280 pixels. Without scripts is how every journey must work.
func (b *browser) tab(t *testing.T, scripts bool) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	p := &tab{t: t, ctx: ctx, base: b.base}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("opening a tab: %v", err)
		}
	}
	must(chromedp.Do(ctx))
	must(chromedp.Listen(ctx, p.hear))
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: calm})
	p.width(1280)
	p.do("a page with a script", chromedp.Navigate(`data:text/html,<title>off</title><script>document.title="on"</script>`))
	if ran := ask[string](p, `() => document.title`) == "on"; ran != scripts {
		t.Fatalf("scripts on: %t, and a script ran: %t", scripts, ran)
	}
	return p
}

func (p *tab) hear(ev any) {
	said := ""
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		// The page that answers 404 or 422 is itself logged as a failed load.
		if e.Entry.Level == log.EntryLevelError && !(e.Entry.Source == log.EntrySourceNetwork && pageAddress.MatchString(e.Entry.URL)) {
			said = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			said = "console: " + string(e.Type)
			for _, a := range e.Args {
				said += " " + string(a.Value)
			}
		}
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
	}
	if said != "" {
		p.mu.Lock()
		p.bad = append(p.bad, said)
		p.mu.Unlock()
	}
}

// pageAddress is any address of ours but a file of the page's look.
var pageAddress = regexp.MustCompile(`^https?://[^/]+/($|[^s]|s[^t])`)

// complaints gives what the browser complained of since the last time.
func (p *tab) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	bad := p.bad
	p.bad = nil
	return bad
}

func (p *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, webPatience)
	defer end()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.fail("%s: %v", what, err)
	}
}

// fail ends the test with the page as it stands: where it is and what it says.
func (p *tab) fail(format string, args ...any) {
	p.t.Helper()
	var where []string
	if err := evaluate(p, &where, `() => [location.href, document.title, document.body ? document.body.innerText : ""]`); err == nil && len(where) == 3 {
		p.t.Logf("at %s %q:\n%.3000s", where[0], where[1], where[2])
	}
	p.t.Fatalf(format, args...)
}

func call[P, R any](p *tab, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, webPatience)
	defer end()
	r, err := chromedp.Call(ctx, cmd, params)
	if err != nil {
		p.t.Fatalf("%T: %v", params, err)
	}
	return r
}

// evaluate runs a function of the test in the page; that works with the page's own scripts
// switched off.
func evaluate(p *tab, out any, function string, args ...any) error {
	var list []string
	for _, a := range args {
		j, err := json.Marshal(a)
		if err != nil {
			return err
		}
		list = append(list, string(j))
	}
	ctx, end := context.WithTimeout(p.ctx, webPatience)
	defer end()
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte]("("+function+")("+strings.Join(list, ",")+")", chromedp.EvalAwaitPromise, func(e *runtime.EvaluateParams) {
		yes := true
		e.ReturnByValue = &yes
	}))
	if err != nil || out == nil || len(raw) == 0 {
		return err
	}
	return json.Unmarshal(raw, out)
}

func ask[T any](p *tab, function string, args ...any) T {
	p.t.Helper()
	var v T
	if err := evaluate(p, &v, function, args...); err != nil {
		p.t.Fatalf("%.60s: %v", function, err)
	}
	return v
}

// until asks again until it is so. An answer may fail while a page comes up.
func (p *tab) until(what, function string, args ...any) {
	p.t.Helper()
	deadline := time.Now().Add(webPatience)
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		var yes bool
		err := evaluate(p, &yes, function, args...)
		if err == nil && yes {
			return
		}
		if time.Now().After(deadline) {
			p.fail("%s: not within %v (%v)", what, webPatience, err)
		}
		<-tick.C
	}
}

// width is how wide the window is; phones are 390 pixels.
func (p *tab) width(px int64) {
	p.t.Helper()
	p.do("window", chromedp.EmulateViewport(px, 900))
}

// open goes to a page of the site.
func (p *tab) open(path string) {
	p.t.Helper()
	p.do("open "+path, chromedp.Navigate(p.base+path))
}

// path is where the tab is.
func (p *tab) path() string {
	p.t.Helper()
	return ask[string](p, `() => location.pathname + location.search`)
}

// leaves does what leads to another page, and waits for that page.
func (p *tab) leaves(what string, do func()) {
	p.t.Helper()
	ask[bool](p, `() => window.terangLeaves = true`)
	do()
	p.until(what+" leads to a page", `() => !window.terangLeaves && document.readyState === "complete" && location.href !== "about:blank"`)
}

// press clicks a link or a button that leads to another page.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.leaves(selector, func() { p.click(selector) })
}

// click puts the pointer on the first visible match, as a person would, and clicks: what
// is covered by something else is not clicked.
func (p *tab) click(selector string) {
	p.t.Helper()
	at := ask[struct {
		X, Y float64
		Why  string
	}](p, `selector => {
		const all = [...document.querySelectorAll(selector)].filter(e => e.getClientRects().length > 0);
		if (!all.length) return {why: "is not on the page"};
		const e = all[0];
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2;
		const top = document.elementFromPoint(x, y);
		if (!top || !(e === top || e.contains(top) || top.contains(e))) return {why: "is covered by " + (top ? top.outerHTML.slice(0, 80) : "nothing")};
		return {x, y, why: ""};
	}`, selector)
	if at.Why != "" {
		p.fail("%s %s", selector, at.Why)
	}
	p.do("click "+selector, chromedp.MouseClickXY(at.X, at.Y))
}

// fill writes into the field of this name, over what stands there.
func (p *tab) fill(name, words string) {
	p.t.Helper()
	p.click(`main [name="` + name + `"]`)
	p.until(name+" has the focus", `name => { const e = document.activeElement; if (e.name !== name) return false; e.select(); return true; }`, name)
	call(p, input.InsertText, input.InsertTextParams{Text: words})
}

// choose ticks the radio button or box by its label.
func (p *tab) choose(name, value string) {
	p.t.Helper()
	id := ask[string](p, `(name, value) => (document.querySelector('main [name="' + name + '"][value="' + value + '"]') || {}).id || ""`, name, value)
	if id == "" {
		p.fail("there is no choice %s of %s", value, name)
	}
	p.click(`label[for="` + id + `"]`)
	p.until(value+" is chosen", `id => document.getElementById(id).checked`, id)
}

// pick sets a list or a date.
func (p *tab) pick(name, value string) {
	p.t.Helper()
	if got := ask[string](p, `(name, value) => { const e = document.querySelector('main [name="' + name + '"]'); if (!e) return "no field"; e.value = value; return e.value; }`, name, value); got != value {
		p.fail("%s of %s: %s", value, name, got)
	}
}

// send submits the form in the page's main part.
func (p *tab) send() {
	p.t.Helper()
	p.press(`main form[method="post"]:not([action$="/leave"]) button[type="submit"]:not([name]):not(.button-link)`)
}

// answer fills one question of the filing form and goes on to the next.
func (p *tab) answer(step string, fields ...string) {
	p.t.Helper()
	if got := p.path(); !strings.HasPrefix(got, "/file/"+step) {
		p.fail("at %s, expected the question %q", got, step)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if ask[string](p, `name => (document.querySelector('main [name="' + name + '"]') || {}).type || ""`, fields[i]) == "radio" {
			p.choose(fields[i], fields[i+1])
		} else {
			p.fill(fields[i], fields[i+1])
		}
	}
	p.send()
}

// text is what a reader sees in the page's main part, hidden explanations included.
func (p *tab) text() string {
	p.t.Helper()
	return ask[string](p, `() => (document.querySelector("main") || document.body).textContent.replace(/\s+/g, " ")`)
}

// sees fails unless every one of the words stands on the page.
func (p *tab) sees(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.fail("the page does not say %q", w)
		}
	}
}

func (p *tab) lacks(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if strings.Contains(text, w) {
			p.fail("the page says %q", w)
		}
	}
}

// has tells whether something is on the page.
func (p *tab) has(selector string) bool {
	p.t.Helper()
	return ask[bool](p, `s => document.querySelector(s) !== null`, selector)
}

// says is the text of one element.
func (p *tab) says(selector string) string {
	p.t.Helper()
	s := ask[string](p, `s => { const e = document.querySelector(s); return e ? e.textContent.trim().replace(/\s+/g, " ") : "" }`, selector)
	if s == "" {
		p.fail("nothing at %s", selector)
	}
	return s
}

// key presses keys.
func (p *tab) key(keys string) {
	p.t.Helper()
	p.do(fmt.Sprintf("keys %q", keys), chromedp.KeyEvent(keys))
}

// focused is what has the keyboard's focus, and how it shows that.
type focused struct {
	Is, Shown, InView bool
	What              string
}

// tabTo presses Tab until something that matches has the focus. Whatever is passed on the
// way must show that it has the focus, where the reader can see it.
func (p *tab) tabTo(selector string) {
	p.t.Helper()
	first := ""
	for range 150 {
		p.key(kb.Tab)
		f := ask[focused](p, `selector => {
			const e = document.activeElement;
			if (!e || e === document.body) return {what: "", shown: true, inview: true};
			const s = getComputedStyle(e), r = e.getBoundingClientRect();
			const line = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, glow = s.boxShadow !== "none";
			return {is: e.matches(selector), shown: line || glow,
				inview: r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth && r.width > 0,
				what: e.outerHTML.slice(0, 120)};
		}`, selector)
		switch {
		case !f.Shown:
			p.fail("the focus cannot be seen on %s", f.What)
		case !f.InView:
			p.fail("what has the focus is out of sight: %s", f.What)
		case f.Is:
			return
		case f.What != "" && f.What == first:
			p.fail("Tab went round and never came to %s", selector)
		}
		if first == "" {
			first = f.What
		}
	}
	p.fail("Tab does not reach %s", selector)
}

// signIn opens the desk of an officer.
func (p *tab) signIn(email string) {
	p.t.Helper()
	p.open("/sign-in")
	p.fill("email", email)
	p.fill("password", demoPassword)
	p.send()
	if got := p.path(); strings.HasPrefix(got, "/sign-in") {
		p.fail("%s cannot sign in", email)
	}
}

// quiet fails where the browser complained.
func (p *tab) quiet() {
	p.t.Helper()
	if bad := p.complaints(); len(bad) > 0 {
		p.t.Errorf("the browser complained: %s", strings.Join(bad, "; "))
	}
}

// fetched waits for a file that the browser saves in a folder.
func fetched(t *testing.T, folder string) string {
	t.Helper()
	deadline := time.Now().Add(webPatience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		found, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if !strings.HasSuffix(f.Name(), ".crdownload") && !strings.HasPrefix(f.Name(), ".") {
				raw, err := os.ReadFile(folder + "/" + f.Name())
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				if len(raw) > 0 {
					return string(raw)
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("no file came")
		}
		<-tick.C
	}
}
