package policies

import (
	"fmt"
	"slices"
	"strings"
)

var extensionNeeds = []string{"written_reasons", "committee", "agreement"}

func (c *checker) clocks() {
	p, seen := c.l.pack, map[string]bool{}
	primary := map[string]string{}
	for i := range p.Clocks {
		k := &p.Clocks[i]
		path := fmt.Sprintf("$.clocks[%d]", i)
		c.clock(path, k)
		c.unique(path+".name", "clock", k.Name, seen)
		for j, kind := range k.Primary {
			if other := primary[kind]; other != "" {
				c.bad(fmt.Sprintf("%s.primary[%d]", path, j), "primary: at one clock of a kind only", "clocks %s and %s are both primary for %s", other, k.Name, kind)
			}
			primary[kind] = k.Name
		}
	}
	for i := range p.Kinds {
		if kind := p.Kinds[i].ID; primary[kind] == "" {
			c.bad(fmt.Sprintf("$.kinds[%d]", i), "primary: ["+kind+"] at the clock that cases of this kind show", "no clock is primary for %s, so its cases would have no due date", kind)
		}
	}
}

func (c *checker) clock(path string, k *Clock) {
	what := "clock " + k.Name
	if !nameForm.MatchString(k.Name) {
		c.bad(path+".name", "name: lower-case letters, digits and _, for example answer", "clock name %q", k.Name)
	}
	c.text(path+".title", what, k.Title)
	c.oneOf(path+".holder", what, k.Holder, holders)
	c.oneOf(path+".unit", what, k.Unit, units)
	c.oneOf(path+".first_day", what, k.FirstDay, firstDays)
	c.oneOf(path+".roll", what, k.Roll, rolls)
	c.allOf(path+".starts", what, k.Starts, startEvents)
	c.allOf(path+".stops_on", what, k.StopsOn, eventKinds)
	c.allOf(path+".applies_to", what, k.AppliesTo, kinds)
	if k.Length < 1 || k.Length > 20_000 {
		c.bad(path+".length", "length: how many "+k.Unit+", at least 1", "%s has length %d", what, k.Length)
	}
	if k.Cutoff != "" {
		if _, ok := parseClockTime(k.Cutoff); !ok {
			c.bad(path+".cutoff", `cutoff: "19:00"`, "%s: cut-off %q is no time of day", what, k.Cutoff)
		}
	}
	if k.Plus != 0 && k.Unit != "months" && k.Unit != "years" {
		c.bad(path+".plus_days", "length: the sum, in days", "%s: plus_days belongs to months and years", what)
	}
	if k.Unit == "working" && k.Roll != "keep" {
		c.bad(path+".roll", "roll: keep", "%s counts working days, so it cannot end on a day without work", what)
	}
	c.used(path, k)
	c.extensions(path, k)
	c.pauses(path, k)
	c.lapse(path+".on_lapse", k)
}

// used refuses a clock that nothing starts.
func (c *checker) used(path string, k *Clock) {
	p, what := c.l.pack, "clock "+k.Name
	if len(k.AppliesTo) == 0 || !slices.ContainsFunc(k.AppliesTo, func(kind string) bool { _, ok := p.Kind(kind); return ok }) {
		c.bad(path, "applies_to: the kinds of this pack that it counts for, or delete the clock", "%s is used by nobody: no kind of this pack is in applies_to", what)
	}
	if len(k.Starts) == 0 {
		c.bad(path, "starts: [received], or another start event", "%s is used by nobody: it has no start event", what)
	}
	for j, kind := range k.Primary {
		if !slices.Contains(k.AppliesTo, kind) {
			c.bad(fmt.Sprintf("%s.primary[%d]", path, j), "a kind of applies_to", "%s is primary for %s but does not apply to it", what, kind)
		}
	}
	if k.VariantOf == "" {
		return
	}
	base, ok := byID(p.Clocks, func(b *Clock) bool { return b.Name == k.VariantOf })
	if !ok || base.VariantOf != "" || base.Name == k.Name {
		c.bad(path+".variant_of", "variant_of: the name of a clock that is no variant itself", "%s is used by nobody: it is a variant of %q", what, k.VariantOf)
	}
	if len(k.Primary) > 0 {
		c.bad(path+".primary", "no primary at a variant", "%s is a variant and cannot be primary", what)
	}
}

func (c *checker) extensions(path string, k *Clock) {
	if len(k.Extensions) > 1 {
		c.bad(path+".extensions", "one extension, with times: how often it may be used", "clock %s has %d extensions", k.Name, len(k.Extensions))
	}
	for j := range k.Extensions {
		x := &k.Extensions[j]
		at := fmt.Sprintf("%s.extensions[%d]", path, j)
		c.oneOf(at+".needs", "extension of "+k.Name, x.Needs, extensionNeeds)
		if x.Length < 1 || x.Times < 1 {
			c.bad(at, "length: at least 1 and times: at least 1", "extension of %s: length %d, %d times", k.Name, x.Length, x.Times)
		}
	}
}

func (c *checker) pauses(path string, k *Clock) {
	for j := range k.Pauses {
		p := &k.Pauses[j]
		at, what := fmt.Sprintf("%s.pauses[%d]", path, j), "pause of "+k.Name
		c.oneOf(at+".reason", what, p.Reason, []string{"clarification", "fee"})
		c.oneOf(at+".effect", what, p.Effect, []string{"suspend", "restart"})
		c.oneOf(at+".ends", what, p.Ends, []string{"both_excluded", "first_counts"})
	}
	for j, id := range k.Freezes {
		if !slices.ContainsFunc(c.l.pack.Holidays.Freezes, func(f Freeze) bool { return f.ID == id }) {
			c.bad(fmt.Sprintf("%s.freezes[%d]", path, j), "the id of a freeze in the section holidays", "clock %s freezes in %q, which is not in this pack", k.Name, id)
		}
	}
}

func (c *checker) lapse(path string, k *Clock) {
	what, p := "lapse of "+k.Name, c.l.pack
	c.oneOf(path+".effect", what, k.OnLapse.Effect, lapses)
	c.text(path+".text", what, k.OnLapse.Text)
	if g := k.OnLapse.Ground; g != "" {
		if _, ok := p.ObjectionGround(g); !ok {
			c.bad(path+".ground", "ground: the id of an objection ground", "%s opens ground %q, which is not in this pack", what, g)
		}
	}
	if o := k.OnLapse.Opens; o != "" && !c.hasClock(o) {
		c.bad(path+".opens", "opens: one of "+strings.Join(p.clockNames(), ", "), "%s opens clock %q, which is not in this pack", what, o)
	}
}

// clockCircle refuses clocks that open each other by lapsing, without end.
func (c *checker) clockCircle() {
	p := c.l.pack
	opens := map[string]string{}
	for i := range p.Clocks {
		opens[p.Clocks[i].Name] = p.Clocks[i].OnLapse.Opens
	}
	for i := range p.Clocks {
		start := p.Clocks[i].Name
		way := []string{start}
		for next := opens[start]; next != "" && len(way) <= len(p.Clocks); next = opens[next] {
			way = append(way, next)
			if next == start {
				c.bad(fmt.Sprintf("$.clocks[%d].on_lapse.opens", i), "no opens at the last clock of the way", "clocks open each other in a circle: %s", strings.Join(way, " -> "))
				return
			}
		}
	}
}
