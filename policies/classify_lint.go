package policies

import (
	"fmt"
	"slices"
	"strings"
)

// LintRules runs every rule's examples through the whole pack and returns what did not hold. An example may begin with
// a kind of case and a colon ("complaint: Petugas loket bernama …").
//
// A closing rule must speak in each of its example_matches and in none of its example_misses. An opening rule must be
// heard in each of its matches, which must come out public, and in none of its misses.
func LintRules(p *Pack) []error {
	if p.compiled == nil {
		return []error{fmt.Errorf("pack %s: rules are not compiled", p.ID)}
	}
	var errs []error
	for i := range p.Rules {
		r := &p.Rules[i]
		path := fmt.Sprintf("$.rules[%d]", i)
		fail := func(field, format string, args ...any) {
			errs = append(errs, &RuleError{Path: path + "." + field, Rule: r.ID, Msg: fmt.Sprintf(format, args...)})
		}
		if i == p.compiled.fallb {
			continue // it has no words, so nothing to show
		}
		if len(r.ExampleMatches) == 0 {
			fail("example_matches", "missing; write a sentence that the rule must catch")
		}
		if len(r.ExampleMisses) == 0 {
			fail("example_misses", "missing; write a sentence that looks alike and must stay out")
		}
		for k, ex := range r.ExampleMatches {
			if msg := p.example(i, ex, true); msg != "" {
				fail(fmt.Sprintf("example_matches[%d]", k), "%s: %q", msg, ex)
			}
		}
		for k, ex := range r.ExampleMisses {
			if msg := p.example(i, ex, false); msg != "" {
				fail(fmt.Sprintf("example_misses[%d]", k), "%s: %q", msg, ex)
			}
		}
	}
	return errs
}

// example says what is wrong when rule i should speak, or not, in ex: "" if nothing is.
func (p *Pack) example(i int, ex string, want bool) string {
	r := &p.Rules[i]
	f := exampleFacts(ex)
	c := p.Classify(f)
	var spoke bool
	if r.Class == ClassPublic {
		spoke = slices.Contains(c.Decision.Facts, "opened_by="+r.ID)
		if want && spoke && c.Class != ClassPublic {
			return "should come out public, but " + strings.Join(ruleIDs(c.Grounds), ", ") + " closes"
		}
	} else {
		spoke = slices.ContainsFunc(c.Grounds, func(g Ground) bool { return g.Rule == r.ID })
	}
	switch {
	case want && !spoke:
		return "should be caught and is not"
	case !want && spoke:
		return "should stay out and is caught"
	}
	return ""
}

// exampleFacts reads an example: an optional kind, an optional anonymity in parentheses, a colon, the text.
func exampleFacts(ex string) Facts {
	head, text, ok := strings.Cut(ex, ": ")
	if !ok {
		return Facts{Text: ex}
	}
	kind, anonymity, _ := strings.Cut(strings.TrimSuffix(head, ")"), " (")
	if !slices.Contains(kinds, kind) {
		return Facts{Text: ex}
	}
	return Facts{Kind: kind, Anonymity: anonymity, Text: text}
}
