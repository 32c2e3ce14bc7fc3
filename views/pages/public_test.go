package pages

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"terang/static"
	"terang/views/text"
)

var (
	gap   = regexp.MustCompile(`\[[a-z_]+\.[a-z0-9_.]+\]`)
	ids   = regexp.MustCompile(` id="([^"]*)"`)
	refs  = regexp.MustCompile(` (?:for|aria-describedby|aria-labelledby|data-suggest|data-copy)="([^"]+)"`)
	jumps = regexp.MustCompile(`href="#([^"]*)"`)
	heads = regexp.MustCompile(`<h([1-6])`)
	srcs  = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)
)

// Set TERANG_PAGES=DIR to write each page there as a file, to be looked at in a browser.
func TestPublicPages(t *testing.T) {
	dir := os.Getenv("TERANG_PAGES")
	for _, l := range text.Langs {
		for _, ex := range publicExamples(l) {
			t.Run(ex.name+"."+string(l), func(t *testing.T) {
				var b bytes.Buffer
				if err := ex.show.Render(context.Background(), &b); err != nil {
					t.Fatal(err)
				}
				html := b.String()
				if dir != "" {
					if err := os.WriteFile(filepath.Join(dir, ex.name+"."+string(l)+".html"), b.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if m := gap.FindString(html); m != "" {
					t.Errorf("no words for %s", m)
				}
				for _, bad := range []string{"%!", " style=", "<style", "onclick", "about:invalid", "<script>", "javascript:"} {
					if strings.Contains(html, bad) {
						t.Errorf("contains %s", bad)
					}
				}
				if strings.HasPrefix(html, "<!doctype") {
					checkPage(t, ex.name, html)
				}
			})
		}
	}
	if dir != "" {
		for _, name := range static.Names() {
			u := static.URL(name)
			a, _ := static.Lookup(u)
			to := filepath.Join(dir, u)
			os.MkdirAll(filepath.Dir(to), 0o755)
			os.WriteFile(to, a.Body, 0o644)
		}
	}
}

func checkPage(t *testing.T, name, html string) {
	t.Helper()
	have := map[string]bool{}
	for _, m := range ids.FindAllStringSubmatch(html, -1) {
		if have[m[1]] && name != "gallery" {
			t.Errorf("id %q is there twice", m[1])
		}
		have[m[1]] = true
	}
	for _, m := range refs.FindAllStringSubmatch(html, -1) {
		for _, id := range strings.Fields(m[1]) {
			if !have[id] {
				t.Errorf("%s leads nowhere", m[0])
			}
		}
	}
	for _, m := range jumps.FindAllStringSubmatch(html, -1) {
		if !have[m[1]] && name != "gallery" {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if n := strings.Count(html, "<h1"); n != 1 && name != "gallery" {
		t.Errorf("%d h1 headings", n)
	}
	last := 0
	for _, m := range heads.FindAllStringSubmatch(html, -1) {
		h := int(m[1][0] - '0')
		// the error summary's h2 stands before the h1 on purpose: it is what changed
		if h > last+1 && last != 0 && name != "gallery" {
			t.Errorf("h%d follows h%d", h, last)
		}
		last = h
	}
	for _, m := range srcs.FindAllStringSubmatch(html, -1) {
		if _, ok := static.Lookup(m[1]); !ok {
			t.Errorf("%s is not served", m[1])
		}
	}
	for _, form := range regexp.MustCompile(`(?s)<form[^>]*method="post".*?</form>`).FindAllString(html, -1) {
		if !strings.Contains(form, `name="_csrf" value="csrf-token"`) {
			t.Errorf("a form without its token: %.80s", form)
		}
	}
	title := regexp.MustCompile(`<title>(.*?)</title>`).FindStringSubmatch(html)[1]
	failed := strings.Contains(html, `class="error-summary"`) && name != "gallery"
	if failed != (strings.HasPrefix(title, "Kesalahan: ") || strings.HasPrefix(title, "Error: ")) {
		t.Errorf("title %q, refused form: %v", title, failed)
	}
	if strings.HasPrefix(title, "·") {
		t.Errorf("title %q", title)
	}
}
