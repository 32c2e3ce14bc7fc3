package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// A scenario tests a law in words that a lawyer can read and change: an archive that
// tells a story and then alternates facts and what the law makes of them.
//
//	A request on the eve of a holiday.
//
//	-- facts --
//	law: id
//	clock: answer
//	received: 2026-01-15
//	-- law --
//	day one: 2026-01-19
//	due: 2026-01-30
//	2026-01-16: holiday, Isra Mikraj
//
// Facts: law, on (a date, for the version in force then), clock, received, event (DATE
// what why), zone, collective leave (works), holidays known on, rung (CLASS LEVEL),
// opened, class, exemption, ground, kind, filed by, anonymity. Only law carries over to
// the next facts.
//
// Law: day one, due, due at, extended, extension (none or its length), counted days,
// basis, warning, no warning (yes), if it lapses, any DATE with its reason and a part of
// its detail, rungs, top, two persons, independent, longest, test, lifted by, permanent, title,
// article, mediation, may file, must state, is asked for.
type scenario struct {
	registry *Registry
	name     string
	problems []Problem

	id, on   string
	pack     *Pack
	fact     map[string]string
	events   []string
	deadline *Deadline
	failed   error
}

// factKeys are the facts besides law, on and event.
var factKeys = []string{
	"clock", "received", "zone", "collective leave", "holidays known on", "rung", "opened", "class", "exemption", "ground",
	"kind", "filed by", "anonymity",
}

// RunScenario runs one archive against the packs of r and returns what does not hold,
// with its line. name is for the problems.
func RunScenario(r *Registry, name string, data []byte) []Problem {
	s := &scenario{registry: r, name: name}
	archive := txtar.Parse(data)
	if len(archive.Files) == 0 {
		s.bad(0, "-- facts -- and -- law --, as in the packs' own scenarios", "holds no facts")
	}
	line := 1 + strings.Count(string(archive.Comment), "\n")
	for i, f := range archive.Files {
		if want := []string{"facts", "law"}[i%2]; f.Name != want {
			s.bad(line, "-- "+want+" --", "part %d is %q", i+1, f.Name)
			return s.problems
		}
		if f.Name == "facts" {
			s.readFacts(line, string(f.Data))
		} else if s.pack != nil {
			s.eachPair(line, string(f.Data), s.compare)
		}
		line += 1 + strings.Count(string(f.Data), "\n")
	}
	if len(archive.Files)%2 == 1 {
		s.bad(line, "-- law --", "ends with facts")
	}
	return s.problems
}

func (s *scenario) bad(line int, instead, format string, args ...any) {
	s.problems = append(s.problems, Problem{File: s.name, Line: line, Message: fmt.Sprintf(format, args...), Instead: instead})
}

// eachPair reads "key: value" lines; marker is the line above the first.
func (s *scenario) eachPair(marker int, text string, each func(line int, key, value string)) {
	line := marker
	for raw := range strings.Lines(text) {
		line++
		raw = strings.TrimSpace(raw)
		if raw == "" || strings.HasPrefix(raw, "#") {
			continue
		}
		key, value, ok := strings.Cut(raw, ":")
		if !ok {
			s.bad(line, "key: value", "line %q", raw)
			continue
		}
		each(line, strings.TrimSpace(key), strings.TrimSpace(value))
	}
}

func (s *scenario) readFacts(marker int, text string) {
	s.fact, s.events, s.deadline, s.failed, s.pack = map[string]string{}, nil, nil, nil, nil
	s.eachPair(marker, text, func(line int, key, value string) {
		switch {
		case key == "law":
			s.id, s.on = value, ""
		case key == "on":
			s.on = value
		case key == "event":
			s.events = append(s.events, value)
		case slices.Contains(factKeys, key):
			s.fact[key] = value
		default:
			s.bad(line, "one of law, on, event, "+strings.Join(factKeys, ", "), "unknown fact %q", key)
		}
	})
	var err error
	if s.on == "" {
		s.pack, err = s.registry.Latest(s.id)
	} else {
		var on Date
		if on, err = ParseDate(s.on); err == nil {
			s.pack, err = s.registry.InForce(s.id, on)
		}
	}
	if err != nil {
		s.bad(marker, "law: the id of a pack", "%v", err)
	}
}

// compare holds one line of the law part against what the engine says.
func (s *scenario) compare(line int, key, want string) {
	if day, err := ParseDate(key); err == nil {
		got := s.ofDay(day)
		why, detail, _ := strings.Cut(want, ", ")
		if !strings.HasPrefix(got, why) || !strings.Contains(got, detail) {
			s.bad(line, key+": "+got, "%s: %s is expected", key, want)
		}
		return
	}
	got, ok := s.says(key)
	partly := key == "basis" || key == "warning"
	switch {
	case s.failed != nil:
		s.bad(line, "facts that the law knows", "%s: %v", key, s.failed)
		s.failed = nil
	case !ok:
		s.bad(line, "a question that fits the facts, such as due: or rungs:", "unknown question %q", key)
	case got != want && (!partly || !strings.Contains(got, want)):
		s.bad(line, key+": "+got, "%s: %s is expected", key, want)
	}
}

// compute asks the engine once for each set of facts.
func (s *scenario) compute() *Deadline {
	if s.deadline != nil {
		return s.deadline
	}
	d, err := s.ask(false)
	if err != nil {
		s.failed = err
	}
	s.deadline = &d
	return s.deadline
}

func (s *scenario) ask(extended bool) (Deadline, error) {
	o := DueOptions{Zone: s.fact["zone"], CutiBersamaWorking: s.fact["collective leave"] == "works", Extended: extended}
	if known := s.fact["holidays known on"]; known != "" {
		d, err := ParseDate(known)
		if err != nil {
			return Deadline{}, err
		}
		o.HolidaysKnownOn = d
	}
	for _, e := range s.events {
		parts := strings.SplitN(e+"  ", " ", 3)
		at, err := ParseMoment(parts[0], s.pack.Location())
		if err != nil {
			return Deadline{}, err
		}
		o.Events = append(o.Events, ClockEvent{At: at, Event: parts[1], Why: strings.TrimSpace(parts[2])})
	}
	if rung := s.fact["rung"]; rung != "" {
		class, level := "", 0
		if _, err := fmt.Sscanf(rung, "%s %d", &class, &level); err != nil {
			return Deadline{}, fmt.Errorf("rung %q: want a class and a level, for example restricted 1", rung)
		}
		opened, err := ParseMoment(s.fact["opened"], s.pack.Location())
		if err != nil {
			return Deadline{}, err
		}
		return s.pack.RungDue(class, level, opened, o)
	}
	received, err := s.received()
	if err != nil {
		return Deadline{}, err
	}
	return s.pack.Due(s.fact["clock"], received, o)
}

func (s *scenario) received() (time.Time, error) {
	return ParseMoment(s.fact["received"], s.pack.Location())
}

func (s *scenario) ofDay(day Date) string {
	for _, d := range s.compute().Days {
		if d.Date == day {
			return strings.TrimSuffix(d.Why+", "+d.Detail, ", ")
		}
	}
	return "not on the way"
}

// says answers one question of the law part.
func (s *scenario) says(key string) (string, bool) {
	switch key {
	case "day one":
		return s.compute().DayOne.String(), true
	case "due":
		return s.compute().Due.String(), true
	case "due at":
		return s.compute().DueAt.In(s.pack.Location()).Format("2006-01-02T15:04"), true
	case "counted days":
		n := 0
		for _, d := range s.compute().Days {
			if d.Counted {
				n++
			}
		}
		return fmt.Sprint(n), true
	case "warning":
		return strings.Join(s.compute().Warnings, "; "), true
	case "no warning":
		if w := s.compute().Warnings; len(w) > 0 {
			return strings.Join(w, "; "), true
		}
		return "yes", true
	case "basis":
		var all []string
		for _, b := range s.compute().Basis {
			all = append(all, b.Article)
		}
		return strings.Join(all, "; "), true
	case "extended":
		d, err := s.ask(true)
		if err != nil {
			return err.Error(), true
		}
		return d.Due.String(), true
	case "extension", "if it lapses":
		return s.ofClock(key), true
	}
	return s.ofPack(key)
}

func (s *scenario) ofClock(key string) string {
	c, ok := s.pack.Clock(s.fact["clock"])
	if !ok {
		s.failed = fmt.Errorf("clock %q: %w", s.fact["clock"], ErrUnknownClock)
		return ""
	}
	if key == "extension" {
		if c.Extension == nil {
			return "none"
		}
		return fmt.Sprint(c.Extension.Length)
	}
	got := c.OnLapse.Effect
	if c.OnLapse.Ground != "" {
		got += "; ground " + c.OnLapse.Ground
	}
	if c.OnLapse.Opens != "" {
		got += "; opens " + c.OnLapse.Opens
	}
	return got
}

func (s *scenario) ofPack(key string) (string, bool) {
	p := s.pack
	kind, filedBy, anonymity := s.fact["kind"], s.fact["filed by"], s.fact["anonymity"]
	switch key {
	case "may file":
		d := p.AllowsAnonymity(kind, anonymity)
		if d.Allowed {
			d = p.AllowsRequester(kind, filedBy)
		}
		if !d.Allowed {
			return "no, " + d.Code, true
		}
		return "yes", true
	case "must state":
		return strings.Join(p.RequiredFields(kind, filedBy, anonymity), ", "), true
	case "is asked for":
		return strings.Join(p.RecordedFields(kind, filedBy, anonymity), ", "), true
	}
	answers := map[string]string{}
	if e, ok := p.Exemption(s.fact["exemption"]); ok {
		answers = map[string]string{
			"longest": fmt.Sprintf("%d years", e.MaxYears), "test": e.Test, "lifted by": strings.Join(e.LiftedBy, ", "),
			"permanent": yes(e.Permanent), "title": e.Title.EN, "article": e.Article,
		}
	} else if g, ok := p.ObjectionGround(s.fact["ground"]); ok {
		answers = map[string]string{"mediation": yes(g.Mediation), "title": g.Title.EN, "article": g.Article}
	} else if chain, ok := p.Chain(s.fact["class"]); ok {
		var roles []string
		for _, r := range chain.Rungs {
			roles = append(roles, r.Role)
		}
		top := chain.Rungs[len(chain.Rungs)-1]
		answers = map[string]string{
			"rungs": strings.Join(roles, " -> "), "two persons": yes(chain.TwoPersons), "independent": yes(chain.Independent != nil), "top": top.OnLapse + "; opens " + top.Opens,
		}
	}
	got, ok := answers[key]
	return got, ok
}
