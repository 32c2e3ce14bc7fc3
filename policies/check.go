package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// checker collects what the schema alone cannot see, each at its place.
type checker struct {
	l        *loaded
	problems []Problem
}

var (
	packIDForm  = regexp.MustCompile(`^[a-z][a-z0-9-]{1,19}$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)
	versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$`)
)

// check returns the problems of one pack beyond its syntax.
func (l *loaded) check(head *header) []Problem {
	c := &checker{l: l}
	c.header(head)
	c.sections()
	c.legals()
	c.roles()
	c.kinds()
	c.clocks()
	c.clockCircle()
	c.exemptions()
	c.objections()
	c.chains()
	c.retention()
	c.repeats()
	c.report()
	c.holidays()
	return c.problems
}

// bad records a problem at a YAML path.
func (c *checker) bad(path, instead, format string, args ...any) {
	file, line := c.l.find(path)
	c.problems = append(c.problems, Problem{File: file, Line: line, Message: fmt.Sprintf(format, args...), Instead: instead})
}

// oneOf refuses a value that is not among the allowed ones.
func (c *checker) oneOf(path, what, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	if value == "" {
		c.bad(path, key(path)+": one of "+strings.Join(allowed, ", "), "%s has no %s", what, key(path))
		return
	}
	c.bad(path, "one of "+strings.Join(allowed, ", "), "%s: %s %q is not known", what, key(path), value)
}

func (c *checker) allOf(path, what string, values, allowed []string) {
	for i, v := range values {
		c.oneOf(fmt.Sprintf("%s[%d]", path, i), what, v, allowed)
	}
}

func (c *checker) text(path, what string, t Text) {
	if t.ID == "" || t.EN == "" {
		c.bad(path, key(path)+`: {id: "...", en: "..."}`, "%s has no %s in both languages", what, key(path))
	}
}

// key is the last key of a path: "$.clocks[2].unit" -> "unit".
func key(path string) string {
	k := path[strings.LastIndexByte(path, '.')+1:]
	k, _, _ = strings.Cut(k, "[")
	return k
}

// unique refuses an id that stands twice.
func (c *checker) unique(path, what, id string, seen map[string]bool) {
	if id == "" {
		c.bad(path, "an id that is unique in its list", "%s has no id", what)
		return
	}
	if seen[id] {
		c.bad(path, "an id that is unique in its list", "%s %q stands twice", what, id)
	}
	seen[id] = true
}

func (c *checker) header(h *header) {
	if !packIDForm.MatchString(h.ID) {
		c.bad("$.pack.id", "id: a short name in lower-case letters, for example id", "pack id %q", h.ID)
	}
	if !versionForm.MatchString(h.Version) {
		c.bad("$.pack.version", `version: "2026.1"`, "pack version %q", h.Version)
	}
	c.text("$.pack.name", "pack", h.Name)
	c.text("$.pack.law", "pack", h.Law)
	if _, err := time.LoadLocation(h.Zone); err != nil || h.Zone == "" {
		c.bad("$.pack.zone", "zone: a name of the IANA zone database, for example Asia/Jakarta", "zone %q is not known", h.Zone)
	}
	if h.Effective.IsZero() {
		c.bad("$.pack.effective", "effective: YYYY-MM-DD, the first day on which this version governs", "pack has no effective date")
	}
}

// sections refuses a pack that leaves out what the product cannot do without.
func (c *checker) sections() {
	for _, name := range []string{"office_hours", "roles", "kinds", "clocks", "exemptions", "objection_grounds", "chains", "holidays"} {
		if _, ok := c.l.at[name]; !ok {
			c.bad("$."+name, name+": in any file of the pack; `terang pack new` writes an example", "pack has no section %s", name)
		}
	}
	if _, ok := c.l.at["office_hours"]; !ok {
		return
	}
	o := &c.l.pack.Office
	start, okStart := parseClockTime(o.Start)
	end, okEnd := parseClockTime(o.End)
	if !okStart || !okEnd || start >= end {
		c.bad("$.office_hours", `start: "08:00" and end: "16:00"`, "office hours %q to %q", o.Start, o.End)
	}
}

// legals refuses a figure without its article and source.
func (c *checker) legals() {
	c.l.merged.eachLegal(func(path, what string, l Legal, optional bool) {
		if optional && l == (Legal{}) {
			return
		}
		if l.Article == "" {
			c.bad(path, "article: the act and article it rests on; article: service standard where no law says so", "%s has no article", what)
		}
		if l.Source == "" {
			c.bad(path, "source: where somebody read it; source: from memory where nobody did", "%s has no source", what)
		}
	})
}

func (c *checker) roles() {
	seen := map[string]bool{}
	for i := range c.l.pack.Roles {
		r := &c.l.pack.Roles[i]
		path := fmt.Sprintf("$.roles[%d]", i)
		c.oneOf(path+".role", "role", r.ID, allRoles)
		c.unique(path+".role", "role", r.ID, seen)
		c.text(path+".title", "role "+r.ID, r.Title)
	}
	for i := range c.l.pack.Levels {
		v := &c.l.pack.Levels[i]
		c.oneOf(fmt.Sprintf("$.levels[%d].class", i), "level "+v.ID, v.Class, classes)
	}
}

func (c *checker) kinds() {
	seen := map[string]bool{}
	for i := range c.l.pack.Kinds {
		k := &c.l.pack.Kinds[i]
		path, what := fmt.Sprintf("$.kinds[%d]", i), "kind "+k.ID
		c.oneOf(path+".kind", "kind", k.ID, kinds)
		c.unique(path+".kind", "kind", k.ID, seen)
		c.text(path+".title", what, k.Title)
		c.text(path+".who_may_ask", what, k.WhoMayAsk)
		c.allOf(path+".requester_kinds", what, k.RequesterKinds, requesterKinds)
		c.allOf(path+".anonymity", what, k.Anonymity, anonymities)
		if len(k.RequesterKinds) == 0 || len(k.Anonymity) == 0 {
			c.bad(path, "requester_kinds: [individual, ...] and anonymity: [open, ...]", "%s lets nobody file", what)
		}
		for name, fields := range map[string][]Field{"required": k.Required, "recorded": k.Recorded} {
			for j := range fields {
				f := &fields[j]
				at := fmt.Sprintf("%s.%s[%d]", path, name, j)
				c.oneOf(at+".id", what, f.ID, fieldNames)
				c.allOf(at+".requester_kinds", what+" field "+f.ID, f.RequesterKinds, requesterKinds)
				c.allOf(at+".unless_anonymity", what+" field "+f.ID, f.Unless, anonymities)
			}
		}
	}
}

var liftedBy = []string{"written_consent", "public_office", "ki_decision", "court_decision", "time"}

func (c *checker) exemptions() {
	p, seen := c.l.pack, map[string]bool{}
	for i := range p.Exemptions {
		e := &p.Exemptions[i]
		path, what := fmt.Sprintf("$.exemptions[%d]", i), "exemption "+e.ID
		c.unique(path+".id", "exemption", e.ID, seen)
		c.text(path+".title", what, e.Title)
		c.allOf(path+".lifted_by", what, e.LiftedBy, liftedBy)
		if _, ok := p.Form(e.Test); !ok && (e.Test != "" || !e.Absolute) {
			c.bad(path, "test: the id of a form, or absolute: true where the law wants no test", "%s has no test: form %q is not in this pack", what, e.Test)
		}
		if e.MaxYears < 0 {
			c.bad(path+".max_years", "max_years: a number of years, or leave it out", "%s lasts %d years", what, e.MaxYears)
		}
	}
	seen = map[string]bool{}
	for i := range p.Forms {
		f := &p.Forms[i]
		path := fmt.Sprintf("$.forms[%d]", i)
		c.unique(path+".id", "form", f.ID, seen)
		c.text(path+".title", "form "+f.ID, f.Title)
		ids := map[string]bool{}
		for j := range f.Fields {
			at := fmt.Sprintf("%s.fields[%d]", path, j)
			c.unique(at+".id", "field of form "+f.ID, f.Fields[j].ID, ids)
			c.text(at+".title", "field "+f.Fields[j].ID, f.Fields[j].Title)
			c.oneOf(at+".type", "field "+f.Fields[j].ID, f.Fields[j].Type, fieldTypes)
		}
	}
	seen = map[string]bool{}
	for i := range p.Notices {
		c.unique(fmt.Sprintf("$.notices[%d].id", i), "notice", p.Notices[i].ID, seen)
	}
}

func (c *checker) objections() {
	p, seen := c.l.pack, map[string]bool{}
	for i := range p.ObjectionGrounds {
		g := &p.ObjectionGrounds[i]
		path := fmt.Sprintf("$.objection_grounds[%d]", i)
		c.unique(path+".id", "objection ground", g.ID, seen)
		c.text(path+".title", "objection ground "+g.ID, g.Title)
	}
	for i := range p.Stages {
		s := &p.Stages[i]
		path := fmt.Sprintf("$.stages[%d]", i)
		c.text(path+".title", "stage "+s.ID, s.Title)
		if !c.hasClock(s.Clock) {
			c.bad(path+".clock", "clock: one of "+strings.Join(p.clockNames(), ", "), "stage %s runs on clock %q, which is not in this pack", s.ID, s.Clock)
		}
	}
}

// chains refuses a ladder that does not end: levels must run 1, 2, 3 upwards through
// rising roles, each lapse goes up, and the last one is the body's failure.
func (c *checker) chains() {
	p, seen := c.l.pack, map[string]bool{}
	for i := range p.Chains {
		ch := &p.Chains[i]
		path := fmt.Sprintf("$.chains[%d]", i)
		c.oneOf(path+".classification", "chain", ch.Classification, classes[1:])
		c.unique(path+".classification", "chain", ch.Classification, seen)
		if len(ch.Rungs) == 0 {
			c.bad(path, "rungs: a list of at least one rung", "chain %s has no rung", ch.Classification)
		}
		if ch.Independent != nil && !ch.TwoPersons {
			c.bad(path+".independent", "two_persons: true beside it", "chain %s asks for an independent second person and not for a second one", ch.Classification)
		}
		below := -1
		for j := range ch.Rungs {
			below = c.rung(fmt.Sprintf("%s.rungs[%d]", path, j), ch, j, below)
		}
	}
	for _, class := range classes[1:] {
		if !seen[class] && len(p.Chains) > 0 {
			c.bad("$.chains", "a chain with classification: "+class, "no chain for %s", class)
		}
	}
}

func (c *checker) rung(path string, ch *Chain, j, below int) int {
	r, p := &ch.Rungs[j], c.l.pack
	what := fmt.Sprintf("rung %d of chain %s", j+1, ch.Classification)
	c.oneOf(path+".role", what, r.Role, chainRoles)
	c.text(path+".title", what, r.Title)
	if _, ok := byID(p.Roles, func(x *Role) bool { return x.ID == r.Role }); !ok && r.Role != "" {
		c.bad(path+".role", "a role from the section roles", "%s: role %s has no title in this pack", what, r.Role)
	}
	if r.Level != j+1 {
		c.bad(path+".level", fmt.Sprintf("level: %d", j+1), "%s has level %d: rungs stand in order from 1", what, r.Level)
	}
	rank := slices.Index(chainRoles, r.Role)
	if rank >= 0 && rank <= below {
		c.bad(path+".role", "roles that rise: "+strings.Join(chainRoles, ", "), "%s goes round in a circle: %s does not stand above %s", what, r.Role, chainRoles[below])
	}
	last := j == len(ch.Rungs)-1
	switch {
	case last && r.OnLapse != "body_failure":
		c.bad(path+".on_lapse", "on_lapse: body_failure", "%s is the top and lapses %q: the chain would not end", what, r.OnLapse)
	case !last && r.OnLapse != "up":
		c.bad(path+".on_lapse", "on_lapse: up", "%s lapses %q below the top", what, r.OnLapse)
	}
	if r.Opens != "" && !c.hasClock(r.Opens) {
		c.bad(path+".opens", "opens: one of "+strings.Join(p.clockNames(), ", "), "%s opens clock %q, which is not in this pack", what, r.Opens)
	}
	if r.DecideHours < 1 || r.AcknowledgeHours < 1 || r.AcknowledgeHours > r.DecideHours {
		c.bad(path, "acknowledge_hours: 4 and decide_hours: 8, the first not more than the second", "%s has %d hours to acknowledge and %d to decide", what, r.AcknowledgeHours, r.DecideHours)
	}
	return max(rank, below)
}

func (c *checker) hasClock(name string) bool {
	return slices.ContainsFunc(c.l.pack.Clocks, func(k Clock) bool { return k.Name == name })
}
