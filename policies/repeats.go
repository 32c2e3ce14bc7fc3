package policies

import "fmt"

// Repeat is what the law has for a case that repeats another, or is one of very many. A pack
// whose law has nothing says so by having none, and the officer is told that.
type Repeat struct {
	ID      string `yaml:"id" json:"id"`
	Title   Text   `yaml:"title" json:"title"`
	Effect  string `yaml:"effect" json:"effect"`   // refer: answer by pointing to the earlier answer; refuse: a ground to refuse; outside: only a body outside may act on it
	Earlier bool   `yaml:"earlier" json:"earlier"` // the earlier case must be named
	Text    Text   `yaml:"text" json:"text"`       // what may be done, and what not
	Legal   `yaml:",inline"`
}

// RepeatRule returns the rule called id.
func (p *Pack) RepeatRule(id string) (*Repeat, bool) {
	return byID(p.Repeats, func(r *Repeat) bool { return r.ID == id })
}

func (c *checker) repeats() {
	p, seen := c.l.pack, map[string]bool{}
	for i := range p.Repeats {
		r := &p.Repeats[i]
		path, what := fmt.Sprintf("$.repeats[%d]", i), "rule on repeated filing "+r.ID
		c.unique(path+".id", "rule on repeated filing", r.ID, seen)
		c.text(path+".title", what, r.Title)
		c.text(path+".text", what, r.Text)
		c.oneOf(path+".effect", what, r.Effect, []string{"refer", "refuse", "outside"})
	}
}
