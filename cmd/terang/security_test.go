package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"terang/policies"
)

// TestSecurityNamesRealTests finds each test that a promise or a verdict names: a promise whose
// test was renamed or removed is none.
func TestSecurityNamesRealTests(t *testing.T) {
	t.Parallel()
	s, err := policies.ReadSecurity()
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]map[string]bool{}
	exists := func(named string) bool {
		dir, name, ok := strings.Cut(named, ":")
		if !ok {
			return false
		}
		if in[dir] == nil {
			in[dir] = map[string]bool{}
			files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range f.Decls {
					if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
						in[dir][fn.Name.Name] = true
					}
				}
			}
		}
		return in[dir][name]
	}
	named := 0
	for _, threat := range s.Threats {
		for _, p := range threat.Promises {
			for _, test := range p.Tests {
				named++
				if !exists(test) {
					t.Errorf("%s: %q names the test %s, which there is not", threat.ID, p.Text.EN, test)
				}
			}
		}
	}
	for _, r := range s.ASVS {
		for _, test := range r.Tests {
			named++
			if !exists(test) {
				t.Errorf("ASVS %s names the test %s, which there is not", r.ID, test)
			}
		}
	}
	if named < 150 || len(s.Threats) < 8 {
		t.Errorf("%d tests, %d threats", named, len(s.Threats))
	}
	if exists("cmd/terang:TestThatThereIsNot") {
		t.Error("finds any test")
	}
	// All that the standard asks for at level 2 has a verdict: so many has each of its chapters.
	chapters, levels := map[string]int{}, map[int]int{}
	for _, r := range s.ASVS {
		chapter, _, _ := strings.Cut(r.ID, ".")
		chapters[chapter]++
		levels[r.Level]++
	}
	if want := map[string]int{"1": 27, "2": 11, "3": 19, "4": 10, "5": 9, "6": 35, "7": 18, "8": 7, "9": 7, "10": 29, "11": 14, "12": 9, "13": 13, "14": 9, "15": 13, "16": 16, "17": 7}; !maps.Equal(chapters, want) {
		t.Errorf("requirements by chapter: %v, want %v", chapters, want)
	}
	if levels[1] != 70 || levels[2] != 183 {
		t.Errorf("requirements by level: %v, want 70 and 183", levels)
	}
}
