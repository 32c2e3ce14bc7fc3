package main

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"maps"
	mrand "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"terang/models"
	"terang/models/casework"
)

const (
	// benchDays are the working days of three years.
	benchDays = 3 * 250
	// benchHands is how many play the history side by side: each is an agent of every body.
	benchHands = 12
	// sweepDays is how often a pass over what lapsed is made; it dates by each clock's own end.
	sweepDays = 5
	// bulkLives is how many cases --bulk plays through the verbs, to be multiplied.
	bulkLives = 6000
)

func benchSeedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seed --cases N [--bulk]",
		Short: "Fill an empty database with that many cases, with their events and log",
		Long: "Fill an empty database with N made-up cases of three bodies over three years: filed, in review, escalated, decided, published.\n" +
			"Each is made by the verbs, which file side by side and share commits. With --bulk some thousand are, and the others are written\n" +
			"in large transactions after their pattern, each with texts, requester, key, events and place in the log of its own: that is for a\n" +
			"million. `terang verify` holds either way. Accounts, tokens and keys for `bench run` are kept in bench.json in --data.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, _ := cmd.Flags().GetInt("cases")
			if n < 1 || n > 20_000_000 {
				return usageErrorf("--cases %d: expected a number from 1 to 20000000", n)
			}
			bulk, _ := cmd.Flags().GetBool("bulk")
			set, err := readSettings(cmd)
			if err != nil {
				return err
			}
			begun := time.Now()
			w, err := seedBench(cmd.Context(), set, n, bulk, bulkLives, progress(cmd.ErrOrStderr(), "making cases"))
			if err != nil {
				return err
			}
			took := time.Since(begun)
			if wantsJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), map[string]any{"cases": w.Cases, "seconds": took.Seconds(), "file": set.benchFile()})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d cases in %s (%.0f/s); accounts and keys in %s, password of all accounts %s\n",
				w.Cases, took.Round(time.Second/10), float64(w.Cases)/took.Seconds(), set.benchFile(), w.Password)
			return nil
		},
	}
	cmd.Flags().Int("cases", 10_000, "how `MANY` cases")
	cmd.Flags().Bool("bulk", false, "play some thousand through the verbs and multiply them")
	return cmd
}

// seedBench makes the cases and leaves them sealed into the log. In bulk so many patterns are
// played and the rest made after them.
func seedBench(ctx context.Context, set settings, n int, bulk bool, patterns int, step func(done, of int64)) (w *benchWorld, err error) {
	a, err := openApp(ctx, set, currentSchema, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close(ctx)) }()
	bodies, err := a.cases.Bodies(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	if len(bodies) > 0 {
		return nil, usageErrorf("bench seed: the database already holds an installation; expected an empty one")
	}
	s, err := newBenchSeed(ctx, a, time.Now())
	if err != nil {
		return nil, err
	}
	lives := n
	if bulk {
		lives = min(n, patterns)
	}
	if err := s.play(ctx, lives, func(done int64) { step(done, int64(n)) }); err != nil {
		return nil, err
	}
	if n > lives {
		if err := a.sequence(ctx); err != nil {
			return nil, err
		}
		if err := s.multiply(ctx, n, step); err != nil {
			return nil, err
		}
	}
	if err := a.sequence(ctx); err != nil {
		return nil, err
	}
	return s.world, s.world.write(set)
}

// benchSeed plays three years of three bodies, a day at a time, by many hands at once.
type benchSeed struct {
	*demoRun
	hands []*benchHand
	world *benchWorld
	lives int
}

// benchHand is one of those who play: its own clock, dice and agenda, on the shared database.
type benchHand struct {
	demoRun
	seq   int
	keys  []benchKey
	words map[string]int // in how many cases
}

func newBenchSeed(ctx context.Context, a *app, now time.Time) (*benchSeed, error) {
	base, err := newDemoRun(a, now, benchDays)
	if err != nil {
		return nil, err
	}
	base.clock = base.at(0, 5, 0)
	s := &benchSeed{demoRun: base, world: &benchWorld{Password: rand.Text()}}
	logins, err := demoLogins()
	if err != nil {
		return nil, err
	}
	for i := range base.bodies {
		b := &base.bodies[i]
		s.world.Bodies = append(s.world.Bodies, b.Slug)
		for k := len(b.Agents) + 1; k <= benchHands; k++ {
			logins = append(logins, demoLogin{Email: fmt.Sprintf("petugas%d@%s", k, b.Domain), Role: models.Agent, Body: b.Slug,
				name: pick(base.rng, base.words.Given) + " " + pick(base.rng, base.words.Family), clearance: models.Restricted})
		}
	}
	for i := range logins {
		logins[i].Password = s.world.Password
		if logins[i].Role == models.Agent {
			logins[i].clearance = models.Restricted
		}
	}
	if err := base.found(ctx, logins); err != nil {
		return nil, err
	}
	for _, l := range logins {
		acc := benchAccount{Email: l.Email, Role: l.Role, Body: l.Body}
		if l.Role != models.Administrator {
			if acc.Token, _, err = a.cases.IssueToken(ctx, models.System, l.Email, 366*24*time.Hour); err != nil {
				return nil, fmt.Errorf("token of %s: %w", l.Email, err)
			}
		}
		s.world.Accounts = append(s.world.Accounts, acc)
	}
	for k := range benchHands {
		h := &benchHand{demoRun: *base}
		h.rng = mrand.New(mrand.NewPCG(14, uint64(k)))
		h.words = map[string]int{}
		h.desk, h.bare = fmt.Sprintf("petugas%d", k+1), true
		h.bodies = slices.Clone(base.bodies)
		for i := range h.bodies {
			h.bodies[i].matters = slices.Clone(h.bodies[i].matters)
		}
		h.svc = casework.New(casework.Options{Store: a.store, Packs: a.packs, Files: a.files, Secret: a.secret, Now: func() time.Time { return h.clock }})
		s.hands = append(s.hands, h)
	}
	return s, nil
}

// play files n cases over the days and lets each live on as far as it comes.
func (s *benchSeed) play(ctx context.Context, n int, step func(done int64)) error {
	var done atomic.Int64
	s.lives = n
	due := func(day int) int { return day * n / len(s.days) }
	for day := range s.days {
		if err := ctx.Err(); err != nil {
			return err
		}
		if day%sweepDays == 0 {
			if _, err := s.svc.Sweep(ctx, s.at(day, 6, 0)); err != nil {
				return err
			}
		}
		end := s.at(day, 23, 59)
		if day == len(s.days)-1 {
			end = s.end
		}
		errs := make([]error, len(s.hands))
		var wg sync.WaitGroup
		for k, h := range s.hands {
			from, to := due(day), due(day+1)
			wg.Go(func() {
				for i := from; i < to && errs[k] == nil; i++ {
					if i%len(s.hands) == k {
						errs[k] = h.begin(ctx, day)
					}
				}
				if errs[k] == nil {
					errs[k] = h.until(ctx, end, &done)
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		step(done.Load())
	}
	if _, err := s.svc.Sweep(ctx, s.end); err != nil {
		return err
	}
	s.world.Cases = n
	words := map[string]int{}
	for _, h := range s.hands {
		s.world.Keys = append(s.world.Keys, h.keys...)
		for w, n := range h.words {
			words[w] += n
		}
	}
	s.world.Words = byFrequency(words, n)
	runtime.GC()
	return nil
}

// begin plans a case that is filed on a day. What was filed long ago has mostly ended.
func (h *benchHand) begin(ctx context.Context, day int) error {
	b := &h.bodies[h.rng.IntN(len(h.bodies))]
	age := len(h.days) - 1 - day
	for range 400 {
		f := h.drawFate()
		switch {
		case age < f.youngest:
			continue
		case age <= f.oldest, f.outcome != "", f.name == "withdrawn", f.name == "completed":
		case (f.name == "overdue" || f.name == "silent" || f.name == "failed" || f.name == "taken") && h.rng.IntN(12) == 0:
			// A backlog: every office has one.
		default:
			continue
		}
		l := h.lifeOf(b, f)
		if l == nil {
			continue
		}
		l.day = day
		countWords(h.words, l.in.Subject, l.in.Text)
		l.filed = l.filingTime()
		next, stop := iter.Pull(l.run(ctx))
		h.appoint(l.filed, func() (time.Time, bool) {
			t, more := next()
			if !more || l.err != nil {
				stop()
			}
			return t, more && l.err == nil
		}, l)
		return nil
	}
	return fmt.Errorf("%s has no matter for any fate", b.Slug)
}

func (h *benchHand) appoint(at time.Time, do func() (time.Time, bool), l *life) {
	h.seq++
	heap.Push(&h.agenda, &appointment{at: at, seq: h.seq, play: do, life: l})
}

// until plays what stands on the agenda up to a time.
func (h *benchHand) until(ctx context.Context, end time.Time, done *atomic.Int64) error {
	for h.agenda.Len() > 0 && !h.agenda[0].at.After(end) {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := heap.Pop(&h.agenda).(*appointment)
		if e.at.After(h.clock) {
			h.clock = e.at
		}
		first := e.life.ref == ""
		at, more := e.play()
		if err := e.life.err; err != nil {
			return fmt.Errorf("%s of %s (%s): %w", e.life.fate, e.life.body.Slug, e.life.t.Subject, err)
		}
		if first {
			done.Add(1)
			if len(h.keys) < benchKeys/benchHands {
				h.keys = append(h.keys, benchKey{e.life.ref, e.life.key})
			} else if i := h.rng.IntN(2000); i < len(h.keys) {
				h.keys[i] = benchKey{e.life.ref, e.life.key}
			}
		}
		if more {
			h.appoint(at, e.play, e.life)
		}
	}
	return nil
}

// countWords counts in how many texts each longer word stands.
func countWords(into map[string]int, texts ...string) {
	seen := map[string]bool{}
	for _, t := range texts {
		for _, w := range strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len(w) > 3 && !seen[w] {
				seen[w] = true
				into[w]++
			}
		}
	}
}

// byFrequency picks words to search for: the commonest, some of one case in a hundred, some of
// one in many thousand.
func byFrequency(words map[string]int, n int) map[string][]string {
	list := slices.Collect(maps.Keys(words))
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(words[b]-words[a], strings.Compare(a, b)) })
	from := func(most int) []string {
		i, _ := slices.BinarySearchFunc(list, most, func(w string, most int) int { return most - words[w] })
		return slices.Clone(list[i:min(len(list), i+12)])
	}
	return map[string][]string{"commonest": slices.Clone(list[:min(len(list), 24)]), "common": from(max(4, n/100)), "rare": from(max(3, n/20_000))}
}
