package components

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"terang/views/text"
)

var update = flag.Bool("update", false, "write the golden files anew")

// One golden file a language holds all examples: a change of markup is seen as a whole, in review, in one place.
func TestGolden(t *testing.T) {
	for _, l := range text.Langs {
		var b bytes.Buffer
		for _, e := range Examples(l) {
			b.WriteString("<!-- " + e.Name + " -->\n")
			if err := e.Show.Render(context.Background(), &b); err != nil {
				t.Fatalf("%s: %v", e.Name, err)
			}
			b.WriteString("\n")
		}
		name := filepath.Join("testdata", "components."+string(l)+".html")
		if *update {
			os.MkdirAll("testdata", 0o755)
			if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, old := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
		for i := range max(len(got), len(old)) {
			var g, o string
			if i < len(got) {
				g = got[i]
			}
			if i < len(old) {
				o = old[i]
			}
			if g != o {
				t.Fatalf("%s line %d\n got %s\nwant %s\n(go test ./views/components -update, then look at the difference)", name, i+1, g, o)
			}
		}
	}
}

func TestContracts(t *testing.T) {
	gap := regexp.MustCompile(`\[[a-z_]+\.[a-z_.]+\]`)
	for _, l := range text.Langs {
		for _, e := range Examples(l) {
			var b bytes.Buffer
			if err := e.Show.Render(context.Background(), &b); err != nil {
				t.Fatal(err)
			}
			html := b.String()
			if m := gap.FindString(html); m != "" {
				t.Errorf("%s (%s): no words for %s", e.Name, l, m)
			}
			for _, bad := range []string{"<Rahma>", "<b>", " style=", "onclick"} {
				if strings.Contains(html, bad) {
					t.Errorf("%s (%s): %s got through", e.Name, l, bad)
				}
			}
			// what a field says it is described by must be there
			for _, m := range regexp.MustCompile(`aria-describedby="([^"]+)"`).FindAllStringSubmatch(html, -1) {
				for _, id := range strings.Fields(m[1]) {
					if !strings.Contains(html, `id="`+id+`"`) {
						t.Errorf("%s (%s): described by %s, which is not there", e.Name, l, id)
					}
				}
			}
		}
	}
}

func TestErrorFor(t *testing.T) {
	errs := []FieldError{{"a", "x"}, {"b", "y"}}
	if ErrorFor(errs, "b") != "y" || ErrorFor(errs, "c") != "" {
		t.Error("ErrorFor finds the words for one field")
	}
}
