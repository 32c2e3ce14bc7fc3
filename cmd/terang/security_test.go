package main

import (
	"go/ast"
	"go/parser"
	"go/token"
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
	if named < 100 || len(s.ASVS) < 150 || len(s.Threats) < 5 {
		t.Errorf("%d tests, %d requirements, %d threats", named, len(s.ASVS), len(s.Threats))
	}
	if exists("cmd/terang:TestThatThereIsNot") {
		t.Error("finds any test")
	}
	// Each chapter of the standard has been walked.
	chapters := map[string]bool{}
	for _, r := range s.ASVS {
		chapter, _, _ := strings.Cut(r.ID, ".")
		chapters[chapter] = true
	}
	if len(chapters) != 17 {
		t.Errorf("%d chapters of 17", len(chapters))
	}
}
