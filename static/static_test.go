package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func TestEveryFileIsServedUnderItsHash(t *testing.T) {
	named := regexp.MustCompile(`^/static/[a-z/-]+\.[0-9a-f]{12}\.(css|js|svg|png)$`)
	for _, name := range Names() {
		u := URL(name)
		if !named.MatchString(u) {
			t.Errorf("%s is served at %s", name, u)
		}
		a, ok := Lookup(u)
		if !ok || len(a.Body) == 0 || a.ContentType == "application/octet-stream" {
			t.Errorf("%s: %+v", name, ok)
		}
		if a.Gzip != nil {
			r, err := gzip.NewReader(bytes.NewReader(a.Gzip))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(r); !bytes.Equal(got, a.Body) {
				t.Errorf("%s: gzip holds something else", name)
			}
		}
		if a.Brotli != nil {
			if got, _ := io.ReadAll(brotli.NewReader(bytes.NewReader(a.Brotli))); !bytes.Equal(got, a.Body) {
				t.Errorf("%s: brotli holds something else", name)
			}
		}
	}
	if _, ok := Lookup("/static/css/terang.css"); ok {
		t.Error("an address without its hash must not exist: it would be kept for ever")
	}
}

// The content policy of the pages allows nothing from elsewhere.
func TestNothingFromElsewhere(t *testing.T) {
	for _, name := range Names() {
		a, _ := Lookup(URL(name))
		src := strings.ReplaceAll(string(a.Body), "http://www.w3.org/", "")
		for _, bad := range []string{"http://", "https://", "@import", "eval("} {
			if strings.Contains(src, bad) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
	}
}
