package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"regexp"
	"strconv"
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

// The stylesheet promises 7:1 for text on each ground it is used on.
func TestContrast(t *testing.T) {
	a, _ := Lookup(URL("css/terang.css"))
	tokens := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(string(a.Body), -1) {
		tokens[m[1]] = m[2]
	}
	for _, pair := range [][2]string{
		{"ink", "paper"}, {"ink", "wash"}, {"ink", "focus"}, {"ink", "amber-wash"}, {"ink", "accent-wash"},
		{"ink-soft", "paper"}, {"ink-soft", "wash"}, {"accent", "paper"}, {"accent", "wash"}, {"accent", "accent-wash"},
		{"paper", "accent"}, {"paper", "accent-dark"}, {"paper", "red"}, {"red", "paper"}, {"red", "red-wash"},
		{"green", "green-wash"}, {"amber", "amber-wash"}, {"blue", "blue-wash"}, {"purple", "purple-wash"}, {"purple", "paper"},
	} {
		fg, bg := luminance(t, tokens[pair[0]]), luminance(t, tokens[pair[1]])
		if ratio := (max(fg, bg) + 0.05) / (min(fg, bg) + 0.05); ratio < 7 {
			t.Errorf("%s on %s is %.2f:1", pair[0], pair[1], ratio)
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
