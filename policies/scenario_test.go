package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The scenarios of the packs are for people who read law; see type scenario.
func TestScenarios(t *testing.T) {
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob("testdata/scenarios/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	perLaw := map[string]int{}
	for _, archive := range archives {
		law := filepath.Base(filepath.Dir(archive))
		perLaw[law]++
		t.Run(law+"/"+strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range RunScenario(r, archive, data) {
				t.Error(p)
			}
		})
	}
	for law, least := range map[string]int{"id": 12, "gb": 6, "us": 6, "eu": 6, "in": 6, "br": 6} {
		if perLaw[law] < least {
			t.Errorf("%d scenarios for %s, want at least %d", perLaw[law], law, least)
		}
	}
}

// A scenario that is wrong must fail, at its line.
func TestScenariosCanFail(t *testing.T) {
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	const facts = "-- facts --\nlaw: id\nclock: answer\nreceived: 2026-01-15\n"
	for _, tt := range []struct{ name, text, want string }{
		{"another date", facts + "-- law --\nday one: 2026-01-19\ndue: 2026-01-29\n", "s:7: due: 2026-01-29 is expected; write: due: 2026-01-30"},
		{"another reason for a day", facts + "-- law --\n2026-01-16: weekend\n", "s:6: 2026-01-16: weekend is expected; write: 2026-01-16: holiday"},
		{"another holiday", facts + "-- law --\n2026-01-16: holiday, Nyepi\n", "s:6: 2026-01-16"},
		{"a day that is not on the way", facts + "-- law --\n2027-01-16: holiday\n", "not on the way"},
		{"an unknown question", facts + "-- law --\nduty: none\n", `s:6: unknown question "duty"`},
		{"an unknown fact", "-- facts --\nlaw: id\ncolour: red\n-- law --\n", `s:3: unknown fact "colour"`},
		{"an unknown law", "-- facts --\nlaw: fr\n-- law --\n", "no such pack"},
		{"an unknown clock", "-- facts --\nlaw: id\nclock: x\nreceived: 2026-01-15\n-- law --\ndue: 2026-01-30\n", "no such clock"},
		{"no date", "-- facts --\nlaw: id\nclock: answer\nreceived: soon\n-- law --\ndue: 2026-01-30\n", `time "soon"`},
		{"facts without law", facts, "ends with facts"},
		{"nothing", "a story only\n", "holds no facts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems := RunScenario(r, "s", []byte(tt.text))
			if len(problems) == 0 || !strings.Contains(problems[0].Error(), tt.want) {
				t.Errorf("got %v, want %q", problems, tt.want)
			}
		})
	}
}
