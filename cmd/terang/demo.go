package main

import (
	"cmp"
	"container/heap"
	"context"
	"embed"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
)

//go:embed demo/*.yaml
var demoFiles embed.FS

// demoPassword opens every account of the demo, which says so on every page.
const demoPassword = "demo-terang-2026"

// demoDays is how many working days of history the demo has.
const demoDays = 90

// demoLogin is an account of the demo, with its password.
type demoLogin struct {
	Email, Password string
	Role            models.Role
	Body            string

	name      string
	unit      string
	clearance models.Class
}

// demoBody is one made-up public body.
type demoBody struct {
	Slug     string            `yaml:"slug"`
	Name     string            `yaml:"name"`
	About    string            `yaml:"about"`
	Domain   string            `yaml:"domain"`
	Cases    int               `yaml:"cases"`
	Units    map[string]string `yaml:"units"`
	Agents   []string          `yaml:"agents"`
	Heads    map[string]string `yaml:"heads"` // by unit
	Officer  string            `yaml:"officer"`
	Superior string            `yaml:"superior"`
	Auditor  string            `yaml:"auditor"`

	matters []demoMatter
}

func readDemo[T any](name string) (T, error) {
	var v T
	raw, err := demoFiles.ReadFile("demo/" + name + ".yaml")
	if err != nil {
		return v, err
	}
	if err := yaml.UnmarshalWithOptions(raw, &v, yaml.Strict()); err != nil {
		return v, fmt.Errorf("demo/%s.yaml: %s", name, yaml.FormatError(err, false, true))
	}
	return v, nil
}

// demoLogins lists the accounts: those of the installation first, then each body's.
func demoLogins() ([]demoLogin, error) {
	bodies, err := readDemo[[]demoBody]("bodies")
	if err != nil {
		return nil, err
	}
	list := []demoLogin{
		{Email: "administrator@terang.example", Role: models.Administrator, name: "Administrator Terang", clearance: models.Public},
		{Email: "auditor@terang.example", Role: models.Auditor, name: "Auditor Keterbukaan", clearance: models.Confidential},
	}
	for _, b := range bodies {
		add := func(who string, role models.Role, name, unit string, clearance models.Class) {
			list = append(list, demoLogin{Email: who + "@" + b.Domain, Role: role, Body: b.Slug, name: name, unit: unit, clearance: clearance})
		}
		for i, name := range b.Agents {
			clearance := models.Restricted
			if i > 0 {
				clearance = models.Public
			}
			add(fmt.Sprintf("petugas%d", i+1), models.Agent, name, "", clearance)
		}
		for _, unit := range slices.Sorted(maps.Keys(b.Heads)) {
			add("pelaksana-"+casework.Slug(unit), models.UnitHead, b.Heads[unit], unit, models.Confidential)
		}
		add("ppid", models.InfoOfficer, b.Officer, "", models.Confidential)
		add("atasan", models.Superior, b.Superior, "", models.Confidential)
		add("auditor", models.Auditor, b.Auditor, "", models.Confidential)
	}
	for i := range list {
		list[i].Password = demoPassword
	}
	return list, nil
}

// demoRun plays the history of the demo: every case is made by the verbs, under a clock
// that is moved from one act to the next. Nothing is inserted.
type demoRun struct {
	a      *app
	svc    *casework.Service
	clock  time.Time
	end    time.Time
	rng    *rand.Rand
	words  demoWords
	pack   *policies.Pack
	zone   *time.Location
	days   []policies.Date // working days up to the end, oldest first
	actors map[string]models.Actor
	bodies []demoBody
	agenda agenda
	desk   string // the agent's account, where it is not the body's first
	bare   bool   // without documents
	// refused are verbs that the rules did not let through: a life that was planned
	// against the rules. A test holds it empty.
	refused []string
}

// seed plays the demo up to now.
func (a *app) seed(ctx context.Context, now time.Time, step func(done, of int64)) error {
	r, err := newDemoRun(a, now, demoDays)
	if err != nil {
		return err
	}
	return r.play(ctx, step)
}

func newDemoRun(a *app, now time.Time, days int) (*demoRun, error) {
	r := &demoRun{a: a, end: now.UTC().Truncate(time.Second), rng: rand.New(rand.NewPCG(14, 2008)), actors: map[string]models.Actor{}}
	var err error
	if r.bodies, err = readDemo[[]demoBody]("bodies"); err != nil {
		return nil, err
	}
	for i := range r.bodies {
		if r.bodies[i].matters, err = readDemo[[]demoMatter](r.bodies[i].Slug); err != nil {
			return nil, err
		}
	}
	if r.words, err = readDemo[demoWords]("common"); err != nil {
		return nil, err
	}
	if r.pack, err = a.packs.InForce("id", policies.DateOf(now, time.UTC)); err != nil {
		return nil, err
	}
	if r.zone, err = time.LoadLocation(r.pack.Zone); err != nil {
		return nil, err
	}
	for d := policies.DateOf(r.end, r.zone); len(r.days) < days; d = d.AddDays(-1) {
		if working, _, _ := r.pack.WorkingDay(d, policies.DueOptions{}); working {
			r.days = append(r.days, d)
		}
	}
	slices.Reverse(r.days)
	r.svc = casework.New(casework.Options{
		Store: a.store, Packs: a.packs, Files: a.files, Secret: a.secret, Now: func() time.Time { return r.clock },
	})
	return r, nil
}

func (r *demoRun) play(ctx context.Context, step func(done, of int64)) error {
	r.clock = r.at(0, 8, 0)
	logins, err := demoLogins()
	if err != nil {
		return err
	}
	if err := r.found(ctx, logins); err != nil {
		return err
	}
	var total int64
	for i := range r.bodies {
		for range r.bodies[i].Cases {
			l, err := r.newLife(&r.bodies[i])
			if err != nil {
				return err
			}
			next, stop := iter.Pull(l.run(ctx))
			defer stop()
			r.agenda.add(l.filed, func() (time.Time, bool) {
				t, more := next()
				if l.err != nil {
					return t, false
				}
				return t, more
			}, l)
			total++
		}
	}
	r.sweeps(ctx)
	var done int64
	for r.agenda.Len() > 0 {
		e := heap.Pop(&r.agenda).(*appointment)
		if e.at.After(r.end) {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.at.After(r.clock) {
			r.clock = e.at
		}
		first := e.life != nil && e.life.ref == ""
		at, more := e.play()
		if e.life != nil && e.life.err != nil {
			return fmt.Errorf("%s of %s (%s): %w", e.life.fate, e.life.body.Slug, e.life.t.Subject, e.life.err)
		}
		if first {
			done++
			step(done, total)
		}
		if more {
			r.agenda.add(at, e.play, e.life)
		}
	}
	r.clock = r.end
	_, err = r.svc.Sweep(ctx, r.end)
	return err
}

// sweeps puts a pass at six every working morning on the agenda; serve does one each
// minute, and what lapsed is dated by its own clock either way.
func (r *demoRun) sweeps(ctx context.Context) {
	day := 0
	at := func() time.Time { return r.at(min(day, len(r.days)-1), 6, 0) }
	l := &life{fate: "sweep", body: &r.bodies[0], t: &demoMatter{}}
	l.ref = "sweep"
	r.agenda.add(at(), func() (time.Time, bool) {
		if _, err := r.svc.Sweep(ctx, r.clock); err != nil {
			l.err = err
			return at(), false
		}
		day++
		return at(), day < len(r.days)
	}, l)
}

// found makes bodies and accounts. Passwords are hashed side by side: that is most of
// the time it takes.
func (r *demoRun) found(ctx context.Context, logins []demoLogin) error {
	for i := range r.bodies {
		b := &r.bodies[i]
		in := casework.BodyInput{Slug: b.Slug, Name: b.Name, About: b.About, Pack: r.pack.ID}
		for _, slug := range slices.Sorted(maps.Keys(b.Units)) {
			in.Units = append(in.Units, casework.UnitInput{Slug: slug, Name: b.Units[slug]})
		}
		if _, err := r.svc.AddBody(ctx, models.System, in); err != nil {
			return fmt.Errorf("body %s: %w", b.Slug, err)
		}
	}
	errs := make([]error, len(logins))
	var wg sync.WaitGroup
	for i, l := range logins {
		wg.Go(func() {
			_, _, errs[i] = r.svc.AddOfficer(ctx, models.System, casework.OfficerInput{
				Email: l.Email, Name: l.name, Role: l.Role, Body: l.Body, Unit: l.unit, Clearance: l.clearance, Password: l.Password,
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, l := range logins {
		a, err := r.svc.ActorFor(ctx, l.Email)
		if err != nil {
			return err
		}
		r.actors[l.Email] = a
	}
	return nil
}

// at is an hour of the n-th working day.
func (r *demoRun) at(n, hour, minute int) time.Time {
	return r.days[n].In(r.zone).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute).UTC()
}

// agenda holds what happens next, by time; what was put in first goes first.
type agenda []*appointment

type appointment struct {
	at   time.Time
	seq  int
	play func() (time.Time, bool)
	life *life
}

func (g agenda) Len() int { return len(g) }
func (g agenda) Less(i, j int) bool {
	if c := g[i].at.Compare(g[j].at); c != 0 {
		return c < 0
	}
	return g[i].seq < g[j].seq
}
func (g agenda) Swap(i, j int) { g[i], g[j] = g[j], g[i] }
func (g *agenda) Push(x any)   { *g = append(*g, x.(*appointment)) }
func (g *agenda) Pop() any {
	old := *g
	x := old[len(old)-1]
	*g = old[:len(old)-1]
	return x
}

var appointments int

func (g *agenda) add(at time.Time, do func() (time.Time, bool), l *life) {
	appointments++
	heap.Push(g, &appointment{at: at, seq: appointments, play: do, life: l})
}

func pick[T any](rng *rand.Rand, list []T) T {
	var none T
	if len(list) == 0 {
		return none
	}
	return list[rng.IntN(len(list))]
}

// between is a number from low to high, both included.
func between(rng *rand.Rand, low, high int) int {
	return low + rng.IntN(max(1, cmp.Compare(high, low)*(high-low)+1))
}
