package policies

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Threat is who might attack, what we promise against it, and by which tests we hold ourselves
// to it.
type Threat struct {
	ID       string   `yaml:"id" json:"id"`
	Who      Text     `yaml:"who" json:"who"`
	Wants    Text     `yaml:"wants" json:"wants"`
	Promises []Pledge `yaml:"promises" json:"promises"`
	Left     Text     `yaml:"left" json:"left"` // what is not promised
}

// Pledge is one promise with the tests that would fail if it were broken: "folder:TestName".
type Pledge struct {
	Text  Text     `yaml:"text" json:"text"`
	Tests []string `yaml:"tests" json:"tests"`
}

// Requirement is one of OWASP ASVS 5.0, levels 1 and 2, in our own few words, with a verdict.
type Requirement struct {
	ID      string   `yaml:"id" json:"id"`   // "3.4.3"
	Level   int      `yaml:"-" json:"level"` // 1 or 2
	About   string   `yaml:"about" json:"about"`
	Verdict string   `yaml:"verdict" json:"verdict"` // met partly not_met not_applicable
	Where   string   `yaml:"where" json:"where"`     // the code, or why not
	Tests   []string `yaml:"tests" json:"tests,omitempty"`
}

// Security is the threat model and the walk through ASVS.
type Security struct {
	Threats []Threat      `yaml:"threats" json:"threats"`
	Source  string        `yaml:"source" json:"source"` // how sure we are of the requirements' numbers
	ASVS    []Requirement `yaml:"asvs" json:"asvs"`
	// Levels holds a digit for each requirement of a section: which ones there are to walk.
	Levels map[string]string `yaml:"levels" json:"-"`
}

//go:embed security/*.yaml
var securityFiles embed.FS

// Verdicts in the order they are counted.
var Verdicts = []string{"met", "partly", "not_met", "not_applicable"}

// ReadSecurity reads the threat model and the verdicts, strictly.
func ReadSecurity() (Security, error) {
	var s Security
	for _, name := range []string{"security/threats.yaml", "security/asvs.yaml"} {
		raw, err := securityFiles.ReadFile(name)
		if err != nil {
			return s, err
		}
		if err := yaml.UnmarshalWithOptions(raw, &s, yaml.Strict()); err != nil {
			return s, fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, false))
		}
	}
	due := map[string]int{} // level by number, of what has no verdict yet
	for section, levels := range s.Levels {
		for i, level := range levels {
			if level != '3' {
				due[section+"."+strconv.Itoa(i+1)] = int(level - '0')
			}
		}
	}
	seen := map[string]bool{}
	for i := range s.ASVS {
		r := &s.ASVS[i]
		r.Level = due[r.ID]
		delete(due, r.ID)
		switch {
		case r.Level == 0 && !seen[r.ID]:
			return s, fmt.Errorf("security/asvs.yaml: %q: the standard has no such requirement of level 1 or 2", r.ID)
		case seen[r.ID] || strings.Count(r.ID, ".") != 2:
			return s, fmt.Errorf("security/asvs.yaml: %q: expected one number such as 3.4.3, once", r.ID)
		case !slices.Contains(Verdicts, r.Verdict):
			return s, fmt.Errorf("security/asvs.yaml: %s: verdict %q: expected one of %s", r.ID, r.Verdict, strings.Join(Verdicts, ", "))
		case r.About == "" || r.Where == "":
			return s, fmt.Errorf("security/asvs.yaml: %s: about and where are needed", r.ID)
		}
		seen[r.ID] = true
	}
	for id := range due {
		return s, fmt.Errorf("security/asvs.yaml: %s has no verdict", id)
	}
	for _, t := range s.Threats {
		if t.ID == "" || t.Who.ID == "" || t.Who.EN == "" || len(t.Promises) == 0 {
			return s, fmt.Errorf("security/threats.yaml: %q: who in both languages and one promise are needed", t.ID)
		}
		for _, p := range t.Promises {
			if p.Text.ID == "" || p.Text.EN == "" || len(p.Tests) == 0 {
				return s, fmt.Errorf("security/threats.yaml: %s: a promise without words, or without a test, is none", t.ID)
			}
		}
	}
	return s, nil
}

// Counts says how many requirements have each verdict.
func (s Security) Counts() map[string]int {
	n := map[string]int{}
	for _, r := range s.ASVS {
		n[r.Verdict]++
	}
	return n
}
