package policies

import (
	"fmt"
	"strings"
)

// Scopes of an erasure: what of a case it takes.
const (
	ScopePerson = "person" // who asked: name, contact, identity, and where the texts name them
	ScopeWhole  = "whole"  // the person, and every text and document
)

var scopes = []string{ScopePerson, ScopeWhole}

// Retention says how long something of a case is kept after it ended, or on what ground it
// may go before. It never erases by itself: two people decide.
type Retention struct {
	ID        string   `yaml:"id" json:"id"`
	Title     Text     `yaml:"title" json:"title"`
	Kinds     []string `yaml:"applies_to" json:"applies_to"`
	Scope     string   `yaml:"scope" json:"scope"`           // person whole
	Years     int      `yaml:"years" json:"years,omitempty"` // kept so long after the case ended; 0 only with on_request
	OnRequest bool     `yaml:"on_request" json:"on_request,omitempty"`
	Legal     `yaml:",inline"`
}

// RetentionRule returns the rule called id.
func (p *Pack) RetentionRule(id string) (*Retention, bool) {
	return byID(p.Retention, func(r *Retention) bool { return r.ID == id })
}

// RetentionFor returns the rules that apply to a kind of case, in the pack's order.
func (p *Pack) RetentionFor(kind string) []Retention {
	var out []Retention
	for _, r := range p.Retention {
		for _, k := range r.Kinds {
			if k == kind {
				out = append(out, r)
			}
		}
	}
	return out
}

// Until is the last day on which the rule wants it kept, counted from the day a case
// ended; on that day itself where it is kept only until somebody asks.
func (r *Retention) Until(ended Date) Date { return ended.AddMonths(12 * r.Years) }

func (c *checker) retention() {
	p, seen := c.l.pack, map[string]bool{}
	for i := range p.Retention {
		r := &p.Retention[i]
		path, what := fmt.Sprintf("$.retention[%d]", i), "retention rule "+r.ID
		c.unique(path+".id", "retention rule", r.ID, seen)
		c.text(path+".title", what, r.Title)
		c.oneOf(path+".scope", what, r.Scope, scopes)
		c.allOf(path+".applies_to", what, r.Kinds, kinds)
		if len(r.Kinds) == 0 {
			c.bad(path, "applies_to: one or more of "+strings.Join(kinds, ", "), "%s applies to nothing", what)
		}
		switch {
		case r.Years < 0:
			c.bad(path+".years", "years: a number of years after the case ended", "%s keeps for %d years", what, r.Years)
		case r.Years == 0 && !r.OnRequest:
			c.bad(path, "years: 5, or on_request: true where it goes when somebody asks", "%s says neither how long nor on what ground", what)
		case r.Years > 0 && r.OnRequest:
			c.bad(path+".on_request", "two rules, one with years and one with on_request", "%s has a term and goes on request", what)
		}
	}
}
