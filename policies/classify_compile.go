package policies

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// compiledRules is what compileRules makes of a pack's rules: one lexicon for all terms, one program for each condition.
type compiledRules struct {
	lex     *lexicon
	when    []condition // by index in Pack.Rules, nil without a condition
	heads   map[string]bool
	idle    []int // closing rules without words of their own: asked about every text
	fallb   int   // the public rule without words: what holds when no rule speaks; -1 if none
	defunit int   // default route, -1 if none
}

// RuleError is a mistake in rules.yaml. Path is a YAML path ("$.rules[7].when"), so that the loader can name the line.
type RuleError struct {
	Path string
	Rule string
	Msg  string
}

func (e *RuleError) Error() string {
	if e.Rule == "" {
		return fmt.Sprintf("%s: %s", e.Path, e.Msg)
	}
	return fmt.Sprintf("%s (rule %q): %s", e.Path, e.Rule, e.Msg)
}

// condition is a compiled when: what it says of one text.
type condition func(vars map[string]any) (bool, error)

// reaches are how far an opening rule governs.
var reaches = []string{"", "clause", "sentence", "text"}

// personalTypes are what a rule may name under personal.
var personalTypes = []string{
	PersonalNIK, PersonalKK, PersonalNPWP, PersonalPhone, PersonalEmail, PersonalBank, PersonalPlate, PersonalPassport, PersonalName,
}

// plain is text as conditions see it: folded words, one space apart.
func plain(text string) string { return joinTokens(tokenize(text, 0, nil)) }

func joinTokens(toks []token) string {
	var b strings.Builder
	for i := range toks {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(toks[i].word)
	}
	return b.String()
}

// compileRules checks and compiles p.Rules and p.Routes. The loader calls it once, when the exemptions are known. The
// error joins one RuleError for each mistake.
func compileRules(p *Pack) error {
	c := &ruleCompiler{p: p, out: &compiledRules{lex: newLexicon(p.Language), heads: heads[p.Language], fallb: -1, defunit: -1}}
	conds, err := newConditions()
	if err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	c.conds = conds
	seen := map[string]bool{}
	for i := range p.Rules {
		c.at, c.rule = fmt.Sprintf("$.rules[%d]", i), &p.Rules[i]
		if seen[c.rule.ID] && c.rule.ID != "" {
			c.fail("id", "another rule has this id; give each its own")
		}
		seen[c.rule.ID] = true
		c.compile(i)
	}
	c.rule = nil
	for i := range p.Routes {
		c.at = fmt.Sprintf("$.routes[%d]", i)
		c.route(i)
	}
	p.compiled = c.out
	return errors.Join(c.errs...)
}

type ruleCompiler struct {
	p     *Pack
	out   *compiledRules
	conds *conditions
	at    string
	rule  *Rule
	errs  []error
}

func (c *ruleCompiler) fail(field, format string, args ...any) {
	e := &RuleError{Path: c.at + "." + field, Msg: fmt.Sprintf(format, args...)}
	if c.rule != nil {
		e.Rule = c.rule.ID
	}
	c.errs = append(c.errs, e)
}

func (c *ruleCompiler) compile(i int) {
	r := c.rule
	closing := r.Class != ClassPublic
	for _, need := range []struct {
		field, have, want string
	}{
		{"id", r.ID, "a short name that stays, such as h-rekam-medis"},
		{"article", r.Article, "the article that the rule rests on"},
		{"source", r.Source, "where the article was read"},
		{"title", r.Title.ID + r.Title.EN, "a title in id and en"},
		{"because", r.Because.ID + r.Because.EN, "one sentence in id and en that an officer can put to the requester"},
	} {
		if strings.TrimSpace(need.have) == "" {
			c.fail(need.field, "missing; write %s", need.want)
		}
	}
	if !slices.Contains(classes, r.Class) {
		c.fail("class", "%q is no class; write restricted or confidential, or public for a rule that opens", r.Class)
	}
	if closing {
		c.closing(i)
	} else {
		c.opening(i)
	}
	for _, t := range r.Personal {
		if !slices.Contains(personalTypes, t) {
			c.fail("personal", "%q is not found by the finder; write one of %s", t, strings.Join(personalTypes, " "))
		}
	}
	for _, f := range []struct {
		name       string
		have, know []string
	}{{"kinds", r.Kinds, kinds}, {"anonymity", r.Anonymity, anonymities}, {"requester_kinds", r.RequesterKinds, requesterKinds}} {
		for _, v := range f.have {
			if !slices.Contains(f.know, v) && v != "" {
				c.fail(f.name, "%q is unknown; write one of %s", v, strings.Join(f.know, " "))
			}
		}
	}
	c.terms(i)
	c.out.when = append(c.out.when, c.condition())
}

func (c *ruleCompiler) closing(i int) {
	r := c.rule
	if _, ok := c.p.Exemption(r.Exemption); !ok {
		c.fail("exemption", "%q is not in the pack's exemptions.yaml", r.Exemption)
	}
	if len(r.Opens) > 0 || r.Reach != "" {
		c.fail("opens", "only a rule of class public opens; remove opens and reach, or write class: public")
	}
	words := len(r.AnyOf) + len(r.Near) + len(r.AllOf)
	if words+len(r.Personal)+len(r.Anonymity) == 0 && r.When == "" {
		c.fail("any_of", "nothing makes this rule speak; give any_of, near, all_of, personal or when")
	}
	if words == 0 {
		c.out.idle = append(c.out.idle, i)
	}
}

func (c *ruleCompiler) opening(i int) {
	r := c.rule
	if r.Exemption != "" || r.Firm || len(r.Near)+len(r.AllOf)+len(r.Personal) > 0 {
		c.fail("class", "a rule of class public has any_of, unless, opens, reach and when, and nothing else")
	}
	for _, e := range r.Opens {
		if _, ok := c.p.Exemption(e); !ok {
			c.fail("opens", "%q is not in the pack's exemptions.yaml", e)
		}
	}
	if !slices.Contains(reaches, r.Reach) {
		c.fail("reach", "%q is unknown; write clause, sentence or text", r.Reach)
	}
	if len(r.AnyOf) == 0 {
		if c.out.fallb >= 0 {
			c.fail("any_of", "missing; only one public rule may be without words, and rule %q is it", c.p.Rules[c.out.fallb].ID)
		}
		c.out.fallb = i
	}
}

// terms enters the rule's words in the lexicon.
func (c *ruleCompiler) terms(i int) {
	r := c.rule
	enter := func(field string, terms []string, s slot) {
		for k, t := range terms {
			if err := c.out.lex.add(t, s); err != nil {
				c.fail(fmt.Sprintf("%s[%d]", field, k), "%v", err)
			}
		}
	}
	enter("any_of", r.AnyOf, slot{rule: int32(i), part: slotAny})
	enter("unless", r.Unless, slot{rule: int32(i), part: slotUnless})
	if len(r.AllOf) > 63 || len(r.Near) > 1000 {
		c.fail("all_of", "too many groups")
		return
	}
	for g, terms := range r.AllOf {
		if len(terms) == 0 {
			c.fail(fmt.Sprintf("all_of[%d]", g), "an empty group can never be found; remove it")
		}
		enter(fmt.Sprintf("all_of[%d]", g), terms, slot{rule: int32(i), part: slotAll, group: int16(g)})
	}
	for n, near := range r.Near {
		if near.Within < 1 || near.Within > 40 {
			c.fail(fmt.Sprintf("near[%d].within", n), "%d is out of range; write how many words apart, 1 to 40", near.Within)
		}
		if len(near.Of) < 2 || len(near.Of) > 8 {
			c.fail(fmt.Sprintf("near[%d].of", n), "needs two to eight groups of words")
			continue
		}
		for g, terms := range near.Of {
			if len(terms) == 0 {
				c.fail(fmt.Sprintf("near[%d].of[%d]", n, g), "an empty group can never be found; remove it")
			}
			enter(fmt.Sprintf("near[%d].of[%d]", n, g), terms, slot{rule: int32(i), part: slotNear, near: int16(n), group: int16(g)})
		}
	}
}

// condition compiles the rule's when.
func (c *ruleCompiler) condition() condition {
	if strings.TrimSpace(c.rule.When) == "" {
		return nil
	}
	cond, err := c.conds.compile(c.rule.When)
	if err != nil {
		c.fail("when", "%v", err)
		return nil
	}
	return cond
}

func (c *ruleCompiler) route(i int) {
	r := &c.p.Routes[i]
	if r.Unit == "" {
		c.fail("unit", "missing; write the unit's short name, such as keuangan")
	}
	if r.Default {
		if c.out.defunit >= 0 {
			c.fail("default", "two units are the default; keep one")
		}
		c.out.defunit = i
	} else if len(r.Terms) == 0 {
		c.fail("terms", "missing; without words nothing is ever sent to %q", r.Unit)
	}
	for k, t := range r.Terms {
		if err := c.out.lex.add(t, slot{rule: int32(i), part: slotRoute}); err != nil {
			c.fail(fmt.Sprintf("terms[%d]", k), "%v", err)
		}
	}
}
