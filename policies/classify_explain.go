package policies

import (
	"fmt"
	"slices"
	"strings"
)

// explain says why the class won. The Decision is stored in the open beside the case, so its facts name rules and
// places, never the words that stood there.
func (r *reading) explain(c *Classification, winner int) (Decision, Text) {
	facts := make([]string, 0, 8)
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, name+"="+value)
		}
	}
	add("kind", r.f.Kind)
	add("anonymity", r.f.Anonymity)
	add("personal", strings.Join(PersonalTypes(r.personal), ","))
	for _, g := range c.Grounds {
		facts = append(facts, fmt.Sprintf("spoke=%s@%d:%d:%s", g.Rule, g.Start, g.End, g.Class))
	}
	for _, i := range r.heard {
		add("opened_by", r.p.Rules[i].ID)
	}
	for _, g := range c.Opened {
		facts = append(facts, fmt.Sprintf("silenced=%s@%d:%d", g.Rule, g.Start, g.End))
	}
	if winner < 0 {
		return r.explainPublic(c, facts)
	}
	rule := &r.p.Rules[winner]
	d := r.p.decide(false, "class_"+rule.Class, rule.ID, rule.Legal, facts...)
	n := len(ruleIDs(c.Grounds))
	why := Text{
		ID: fmt.Sprintf("Diusulkan %s menurut aturan “%s” (%s).", className[rule.Class].ID, rule.Title.In("id"), rule.Article),
		EN: fmt.Sprintf("Proposed as %s under the rule “%s” (%s).", className[rule.Class].EN, rule.Title.In("en"), rule.Article),
	}
	if n > 1 {
		why.ID += fmt.Sprintf(" Kelas tertinggi dari %d aturan yang berbicara.", n)
		why.EN += fmt.Sprintf(" The highest class of the %d rules that spoke.", n)
	}
	return d, why
}

func (r *reading) explainPublic(c *Classification, facts []string) (Decision, Text) {
	base := Rule{ID: "none"}
	if r.c.fallb >= 0 {
		base = r.p.Rules[r.c.fallb]
	}
	why := Text{ID: "Terbuka: tidak ada aturan pengecualian yang berbicara.", EN: "Public: no rule of exemption spoke."}
	if len(c.Opened) > 0 {
		// The opening rule that governed is the reason, not the silence of the others.
		for _, i := range r.heard {
			o := &r.p.Rules[i]
			if len(o.Opens) == 0 || slices.ContainsFunc(c.Opened, func(g Ground) bool { return slices.Contains(o.Opens, g.Exemption) }) {
				base = *o
				why = Text{
					ID: fmt.Sprintf("Terbuka menurut aturan “%s” (%s), sekalipun ada kata dari %d aturan pengecualian.", o.Title.In("id"), o.Article, len(ruleIDs(c.Opened))),
					EN: fmt.Sprintf("Public under the rule “%s” (%s), in spite of words of %d rules of exemption.", o.Title.In("en"), o.Article, len(ruleIDs(c.Opened))),
				}
				break
			}
		}
	}
	return r.p.decide(true, "class_"+ClassPublic, base.ID, base.Legal, facts...), why
}

var className = map[string]Text{
	ClassPublic:       {ID: "terbuka", EN: "public"},
	ClassRestricted:   {ID: "terbatas", EN: "restricted"},
	ClassConfidential: {ID: "rahasia", EN: "confidential"},
}

func ruleIDs(grounds []Ground) []string {
	var ids []string
	for _, g := range grounds {
		if !slices.Contains(ids, g.Rule) {
			ids = append(ids, g.Rule)
		}
	}
	return ids
}

// route proposes a unit: the requester's own choice of topic if it names one, else the unit with most words in the
// text; longer phrases say more, and so does the subject line.
func (r *reading) route() Route {
	for i := range r.p.Routes {
		if u := r.p.Routes[i]; r.f.Topic != "" && (strings.EqualFold(r.f.Topic, u.Unit) || strings.EqualFold(r.f.Topic, u.Title.ID) || strings.EqualFold(r.f.Topic, u.Title.EN)) {
			return Route{Unit: u.Unit, Why: "topik yang dipilih pemohon: " + r.f.Topic}
		}
	}
	score := make([]int, len(r.p.Routes))
	terms := make([][]string, len(r.p.Routes))
	routes := r.of(len(r.p.Rules))
	routes = routes[:min(len(routes), 400)] // the first pages say enough, and what follows compares each with each
	for _, m := range routes {
		inside := slices.ContainsFunc(routes, func(o match) bool {
			return o.rule == m.rule && o.first <= m.first && o.last >= m.last && o.last-o.first > m.last-m.first
		})
		if inside {
			continue
		}
		s := r.span(m.first, m.last)
		points := int(m.last-m.first)*2 + 1
		if r.f.Subject != "" && r.toks[m.first].b0 < len(r.f.Subject) {
			points *= 2
		}
		word := strings.ToLower(s.evidence)
		if slices.Contains(terms[m.rule], word) {
			continue
		}
		score[m.rule] += points
		terms[m.rule] = append(terms[m.rule], word)
	}
	best := -1
	for i, n := range score {
		if n > 0 && (best < 0 || n > score[best]) {
			best = i
		}
	}
	if best < 0 {
		if r.c.defunit < 0 {
			return Route{}
		}
		return Route{Unit: r.p.Routes[r.c.defunit].Unit, Why: "tidak ada kata yang menunjuk unit lain"}
	}
	list := terms[best][:min(len(terms[best]), 6)]
	return Route{Unit: r.p.Routes[best].Unit, Why: "kata: " + strings.Join(list, ", "), Terms: list}
}
