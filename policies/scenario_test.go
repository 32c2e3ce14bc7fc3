package policies

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// The scenarios in testdata/scenarios are for people who read law: each archive tells
// a story, then alternates facts and what the law makes of them, a line each.
//
//	facts: law, on (which version), clock, received, event (DATE what why), zone,
//	       collective leave: works, holidays known on, rung, opened, class, exemption,
//	       ground, kind, filed by, anonymity
//	law:   day one, due, due at, extended, extension: none, counted days, basis,
//	       warning, no warning: yes, if it lapses, a DATE with its reason, rungs, top,
//	       two persons, longest, test, lifted by, permanent, title, article, mediation,
//	       may file, must state, is asked for
func TestScenarios(t *testing.T) {
	archives, err := filepath.Glob("testdata/scenarios/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	perLaw := map[string]int{}
	for _, archive := range archives {
		law := filepath.Base(filepath.Dir(archive))
		perLaw[law]++
		t.Run(law+"/"+strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			var s scenario
			for i, f := range a.Files {
				if want := []string{"facts", "law"}[i%2]; f.Name != want {
					t.Fatalf("part %d is %q, want %q", i+1, f.Name, want)
				}
				if f.Name == "facts" {
					s.facts(t, string(f.Data))
				} else {
					s.law(t, string(f.Data))
				}
			}
		})
	}
	for law, least := range map[string]int{"id": 12, "gb": 6, "us": 6, "eu": 6, "in": 6, "br": 6} {
		if perLaw[law] < least {
			t.Errorf("%d scenarios for %s, want at least %d", perLaw[law], law, least)
		}
	}
}

type scenario struct {
	id, on   string
	pack     *Pack
	fact     map[string]string
	events   []string
	deadline Deadline
	computed bool
}

// pairs reads "key: value" lines.
func pairs(t *testing.T, text string, each func(key, value string)) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("line %q: want key: value", line)
		}
		each(key, strings.TrimSpace(value))
	}
}

func (s *scenario) facts(t *testing.T, text string) {
	t.Helper()
	s.fact, s.events, s.computed = map[string]string{}, nil, false
	pairs(t, text, func(key, value string) {
		switch key {
		case "law":
			s.id, s.on = value, ""
		case "on":
			s.on = value
		case "event":
			s.events = append(s.events, value)
		case "clock", "received", "zone", "collective leave", "holidays known on", "rung", "opened", "class", "exemption", "ground", "kind", "filed by", "anonymity":
			s.fact[key] = value
		default:
			t.Fatalf("unknown fact %q", key)
		}
	})
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if s.on == "" {
		s.pack, err = r.Latest(s.id)
	} else {
		s.pack, err = r.InForce(s.id, date(t, s.on))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scenario) options(t *testing.T) DueOptions {
	t.Helper()
	o := DueOptions{Zone: s.fact["zone"], CutiBersamaWorking: s.fact["collective leave"] == "works"}
	if on := s.fact["holidays known on"]; on != "" {
		o.HolidaysKnownOn = date(t, on)
	}
	for _, e := range s.events {
		parts := strings.SplitN(e, " ", 3)
		o.Events = append(o.Events, ClockEvent{At: s.moment(t, parts[0]), Event: parts[1], Why: parts[2]})
	}
	return o
}

func (s *scenario) moment(t *testing.T, value string) time.Time {
	t.Helper()
	got, err := ParseMoment(value, s.pack.Location())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// compute asks the engine once for each part of the story.
func (s *scenario) compute(t *testing.T) Deadline {
	t.Helper()
	if s.computed {
		return s.deadline
	}
	var err error
	if rung := s.fact["rung"]; rung != "" {
		class, level := "", 0
		if _, err := fmt.Sscanf(rung, "%s %d", &class, &level); err != nil {
			t.Fatal(err)
		}
		s.deadline, err = s.pack.RungDue(class, level, s.moment(t, s.fact["opened"]), s.options(t))
	} else {
		s.deadline, err = s.pack.Due(s.fact["clock"], s.moment(t, s.fact["received"]), s.options(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.computed = true
	return s.deadline
}

func (s *scenario) law(t *testing.T, text string) {
	t.Helper()
	pairs(t, text, func(key, want string) {
		got, whole := s.says(t, key)
		start, rest := "", want
		if _, err := ParseDate(key); err == nil { // the reason, then anything in its detail
			start, rest, _ = strings.Cut(want, ", ")
		}
		if (whole && got != want) || (!whole && !(strings.HasPrefix(got, start) && strings.Contains(got, rest))) {
			t.Errorf("%s %v: %s is %q, want %q", s.id, s.fact, key, got, want)
		}
	})
}

// says answers one question of the law part; whole is false where the wanted text
// need only be part of the answer.
func (s *scenario) says(t *testing.T, key string) (got string, whole bool) {
	t.Helper()
	if day, err := ParseDate(key); err == nil {
		for _, d := range s.compute(t).Days {
			if d.Date == day {
				return strings.TrimSuffix(d.Why+", "+d.Detail, ", "), false
			}
		}
		return "not on the way", true
	}
	switch key {
	case "day one":
		return s.compute(t).DayOne.String(), true
	case "due":
		return s.compute(t).Due.String(), true
	case "due at":
		return s.compute(t).DueAt.In(s.pack.Location()).Format("2006-01-02T15:04"), true
	case "counted days":
		n := 0
		for _, d := range s.compute(t).Days {
			if d.Counted {
				n++
			}
		}
		return fmt.Sprint(n), true
	case "warning":
		return strings.Join(s.compute(t).Warnings, "; "), false
	case "no warning":
		if w := s.compute(t).Warnings; len(w) > 0 {
			return strings.Join(w, "; "), true
		}
		return "yes", true
	case "basis":
		var all []string
		for _, b := range s.compute(t).Basis {
			all = append(all, b.Article)
		}
		return strings.Join(all, "; "), false
	case "extended":
		o := s.options(t)
		o.Extended = true
		d, err := s.pack.Due(s.fact["clock"], s.moment(t, s.fact["received"]), o)
		if err != nil {
			return err.Error(), true
		}
		return d.Due.String(), true
	case "extension", "if it lapses":
		return s.ofClock(t, key), true
	}
	return s.ofPack(t, key), true
}

func (s *scenario) ofClock(t *testing.T, key string) string {
	t.Helper()
	c, ok := s.pack.Clock(s.fact["clock"])
	if !ok {
		t.Fatalf("no clock %q", s.fact["clock"])
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

func (s *scenario) ofPack(t *testing.T, key string) string {
	t.Helper()
	p := s.pack
	kind, filedBy, anonymity := s.fact["kind"], s.fact["filed by"], s.fact["anonymity"]
	switch key {
	case "may file":
		d := p.AllowsAnonymity(kind, anonymity)
		if d.Allowed {
			d = p.AllowsRequester(kind, filedBy)
		}
		if d.Allowed {
			return "yes"
		}
		return "no, " + d.Code
	case "must state":
		return strings.Join(p.RequiredFields(kind, filedBy, anonymity), ", ")
	case "is asked for":
		return strings.Join(p.RecordedFields(kind, filedBy, anonymity), ", ")
	}
	if id, ok := s.fact["exemption"]; ok {
		e, ok := p.Exemption(id)
		if !ok {
			t.Fatalf("no exemption %q", id)
		}
		return map[string]string{
			"longest": fmt.Sprintf("%d years", e.MaxYears), "test": e.Test, "lifted by": strings.Join(e.LiftedBy, ", "),
			"permanent": said(e.Permanent), "title": e.Title.EN, "article": e.Article,
		}[key]
	}
	if id, ok := s.fact["ground"]; ok {
		g, ok := p.ObjectionGround(id)
		if !ok {
			t.Fatalf("no ground %q", id)
		}
		return map[string]string{"mediation": said(g.Mediation), "title": g.Title.EN, "article": g.Article}[key]
	}
	chain, ok := p.Chain(s.fact["class"])
	if !ok {
		t.Fatalf("unknown question %q", key)
	}
	var roles []string
	for _, r := range chain.Rungs {
		roles = append(roles, r.Role)
	}
	top := chain.Rungs[len(chain.Rungs)-1]
	return map[string]string{
		"rungs": strings.Join(roles, " -> "), "two persons": said(chain.TwoPersons), "top": top.OnLapse + "; opens " + top.Opens,
	}[key]
}

func said(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
