package policies

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// rulePack reads the rules of one pack alone, with exemptions of every id that they name.
func rulePack(t testing.TB, id, lang string) *Pack {
	t.Helper()
	data, err := os.ReadFile("packs/" + id + "/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := parseRules(t, string(data))
	p.ID, p.Language = id, lang
	for i := range p.Rules {
		for _, e := range append([]string{p.Rules[i].Exemption}, p.Rules[i].Opens...) {
			if _, ok := p.Exemption(e); !ok && e != "" {
				p.Exemptions = append(p.Exemptions, Exemption{ID: e})
			}
		}
	}
	if err := compileRules(p); err != nil {
		t.Fatal(err)
	}
	return p
}

func parseRules(t testing.TB, text string) *Pack {
	t.Helper()
	var f struct {
		Rules  []Rule      `yaml:"rules"`
		Routes []RouteRule `yaml:"routes"`
	}
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&f); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	return &Pack{ID: "test", Language: "id", Rules: f.Rules, Routes: f.Routes}
}

var packLanguages = map[string]string{"id": "id", "gb": "en", "us": "en", "eu": "en", "in": "en", "br": "pt"}

func TestRuleExamples(t *testing.T) {
	for id, lang := range packLanguages {
		if _, err := os.Stat("packs/" + id + "/rules.yaml"); errors.Is(err, os.ErrNotExist) {
			t.Errorf("pack %s has no rules.yaml", id)
			continue
		}
		p := rulePack(t, id, lang)
		for _, err := range LintRules(p) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestClassifyCorpus reads testdata/classify/<pack>.txt: "class ids | kind: sentence" a line, ids being the exemptions
// that must be among the grounds ("-" for none).
func TestClassifyCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/classify/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".txt")
		p := rulePack(t, id, packLanguages[id])
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		sc := bufio.NewScanner(f)
		rows := map[string]int{}
		for n := 1; sc.Scan(); n++ {
			if sc.Text() == "" || strings.HasPrefix(sc.Text(), "#") {
				continue
			}
			head, text, ok := strings.Cut(sc.Text(), " | ")
			want := strings.Fields(head)
			if !ok || len(want) != 2 {
				t.Fatalf("%s:%d: want \"class ids | sentence\"", file, n)
			}
			rows[want[0]]++
			c := p.Classify(exampleFacts(text))
			var got []string
			for _, g := range c.Grounds {
				if !slices.Contains(got, g.Exemption) {
					got = append(got, g.Exemption)
				}
			}
			good := c.Class == want[0] || want[0] == "closed" && c.Class != ClassPublic
			if want[1] != "-" {
				for _, e := range strings.Split(want[1], ",") {
					good = good && slices.Contains(got, e)
				}
			}
			if !good {
				t.Errorf("%s:%d: %s\n got %s %v\n  by %v opened %v", file, n, sc.Text(), c.Class, got, evidence(c.Grounds), evidence(c.Opened))
			}
		}
		t.Logf("%s: %v", id, rows)
	}
}

func evidence(grounds []Ground) []string {
	var out []string
	for _, g := range grounds {
		out = append(out, g.Rule+"="+g.Evidence)
	}
	return out
}

// TestEmbeddedRules runs the examples inside the whole packs, with their own exemptions.
func TestEmbeddedRules(t *testing.T) {
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.All() {
		if len(p.Rules) == 0 {
			t.Errorf("pack %s %s has no rules", p.ID, p.Version)
		}
		for _, err := range LintRules(p) {
			t.Errorf("%s %s: %v", p.ID, p.Version, err)
		}
	}
}
