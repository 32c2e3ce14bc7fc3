package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

type seen struct {
	models.Case
	roles  []models.Role
	grants []models.Grant
	holder *int64 // of the open rung
}

func populate(w *World, n int) []seen {
	var all []seen
	w.Tx(func(tx *store.Tx) error {
		for range n {
			c := w.Case()
			roles, err := w.Store(tx, c)
			if err != nil {
				return err
			}
			x := seen{Case: *c, roles: roles}
			if err := w.grant(tx, &x); err != nil {
				return err
			}
			rungs, err := tx.Rungs(c.ID)
			if err != nil {
				return err
			}
			if len(rungs) > 0 {
				x.holder = rungs[len(rungs)-1].HolderID
			}
			all = append(all, x)
		}
		return nil
	})
	return all
}

// sightNow is when the tests look: some grants have ended just then, or begin just after.
var sightNow = Start.Add(20 * time.Hour)

// grant lets some officers in: before, until, at and after sightNow, and some revoked.
func (w *World) grant(tx *store.Tx, x *seen) error {
	for range w.R.IntN(8) {
		g := models.Grant{
			CaseID: x.ID, OfficerID: w.Officers[w.R.IntN(len(w.Officers))].ID, Kind: pick(w.R, models.GivenGrant, models.EmergencyGrant, models.OversightGrant),
			At: Start.Add(time.Duration(w.R.IntN(3)) * 10 * time.Hour), Version: 1,
		}
		g.Until = g.At.Add(time.Duration(w.R.IntN(4)) * 10 * time.Hour)
		if w.R.IntN(5) == 0 {
			g.RevokedAt = &g.At
		}
		if err := tx.Insert(&g); err != nil {
			return err
		}
		x.grants = append(x.grants, g)
	}
	return nil
}

// sightOf looks with the actor's eyes at sightNow, a second beside it, or without a clock.
func (w *World) sightOf(a models.Actor) models.Sight {
	switch w.R.IntN(8) {
	case 0:
		return models.SightOf(a)
	case 1:
		return models.SightAt(a, sightNow.Add(-time.Second))
	case 2:
		return models.SightAt(a, sightNow.Add(time.Second))
	}
	return models.SightAt(a, sightNow)
}

// actor makes an actor at random, sensible or not.
func (w *World) actor(cases []seen) models.Actor {
	o := w.Officers[w.R.IntN(len(w.Officers))]
	a := models.Actor{
		Kind: models.ByOfficer, OfficerID: o.ID, Role: pick(w.R, models.Roles...), BodyID: o.BodyID,
		Clearance: pick(w.R, models.Public, models.Restricted, models.Confidential, models.Confidential, models.Confidential, "", "unknown"),
	}
	switch w.R.IntN(10) {
	case 0:
		a = models.System
	case 1:
		a = models.Actor{Kind: models.ByRequester, CaseID: cases[w.R.IntN(len(cases))].ID}
	case 2:
		a.Kind = models.Anyone
	case 3:
		a.BodyID = nil
	case 4:
		a.BodyID = &w.Bodies[w.R.IntN(len(w.Bodies))].ID // another body's unit may be among theirs
		a.Role = ""
	}
	for _, u := range w.Units {
		if w.R.IntN(4) == 0 {
			a.UnitIDs = append(a.UnitIDs, u.ID)
		}
	}
	return a
}

// pages reads a queue page by page.
func pages(t *testing.T, r *store.Reader, sight models.Sight, f store.QueueFilter, limit int) []store.QueueRow {
	t.Helper()
	var all []store.QueueRow
	for next := ""; ; {
		rows, after, err := r.Queue(sight, f, next, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) > limit {
			t.Fatalf("a page of %d has %d rows", limit, len(rows))
		}
		all = append(all, rows...)
		if after == "" {
			return all
		}
		next = after
	}
}

func idsOf(rows []store.QueueRow) []int64 {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	slices.Sort(ids)
	return ids
}

// The rule and its SQL say the same of every case, for any actor: in lists, in
// counters, and by every queue and filter.
func TestSight(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 7)
		cases := populate(w, 300)
		r := s.Read(ctx)
		now := Start.Add(15 * 24 * time.Hour)
		open := func(c *seen) bool {
			return !c.State.Ended() && c.State != models.StateDraft
		}
		visible, granted := 0, 0
		for i := range 200 {
			a := w.actor(cases)
			sight := w.sightOf(a)
			queues := map[string]func(*seen) bool{
				"all":        func(*seen) bool { return true },
				"open":       open,
				"mine":       func(c *seen) bool { return open(c) && c.OfficerID != nil && *c.OfficerID == a.OfficerID },
				"unit":       func(c *seen) bool { return open(c) && a.InUnit(c.UnitID) },
				"unassigned": func(c *seen) bool { return open(c) && c.OfficerID == nil },
				"escalated": func(c *seen) bool {
					return c.RungLevel > 0 && c.RungRole == a.Role && (c.holder == nil || *c.holder == a.OfficerID)
				},
				"due_soon": func(c *seen) bool {
					return open(c) && c.DueAt != nil && c.DueAt.After(now) && !c.DueAt.After(now.Add(models.DueSoonWithin))
				},
				"overdue":   func(c *seen) bool { return open(c) && c.DueAt != nil && c.DueAt.Before(now) },
				"published": func(c *seen) bool { return c.PublishedAt != nil },
				"ended":     func(c *seen) bool { return c.State.Ended() },
			}
			for name, in := range queues {
				f := store.QueueFilter{Queue: name, OfficerID: a.OfficerID, UnitIDs: a.UnitIDs, Role: a.Role, Now: now}
				switch w.R.IntN(6) {
				case 0:
					f.Kind = models.Complaint
				case 1:
					f.Class = models.Confidential
				case 2:
					f.State = models.StateInReview
				case 3:
					f.Outcome = models.Refused
				case 4:
					f.Body = &w.Bodies[w.R.IntN(len(w.Bodies))].ID
				}
				var want []int64
				for j := range cases {
					c := &cases[j]
					if sight.Sees(&c.Case, c.roles, c.grants...) && in(c) && (f.Kind == "" || c.Kind == f.Kind) && (f.Class == "" || c.Classification == f.Class) &&
						(f.State == "" || c.State == f.State) && (f.Outcome == "" || c.Outcome == f.Outcome) && (f.Body == nil || c.BodyID == *f.Body) {
						want = append(want, c.ID)
					}
				}
				f.Sort = pick(w.R, "due", "newest", "oldest")
				got := idsOf(pages(t, r, sight, f, 37))
				if !slices.Equal(got, want) {
					t.Fatalf("actor %d %+v, queue %+v:\nlists %v\nsees  %v", i, a, f, got, want)
				}
				if n, err := r.QueueCount(sight, f, 1000); err != nil || n != len(want) {
					t.Fatalf("counts %d of %d: %v", n, len(want), err)
				}
				if n, err := r.QueueCount(sight, f, 3); err != nil || n != min(3, len(want)) {
					t.Fatalf("a count capped at 3 gives %d: %v", n, err)
				}
				visible += len(want)
			}
			for j := range cases {
				if c := &cases[j]; sight.Sees(&c.Case, c.roles, c.grants...) && !sight.Sees(&c.Case, c.roles) {
					granted++
				}
			}
			var byStanding int64
			counts, err := r.StandingCounts(sight, nil, now)
			if err != nil {
				t.Fatal(err)
			}
			want := map[models.Standing]int64{}
			for j := range cases {
				if c := &cases[j]; sight.Sees(&c.Case, c.roles, c.grants...) && open(c) {
					want[c.StandingAt(now)]++
				}
			}
			for st, n := range counts {
				byStanding += n
				if want[st] != n {
					t.Fatalf("standing %s: counted %d, derived %d", st, n, want[st])
				}
			}
			if len(counts) != len(want) {
				t.Fatalf("standings %v, derived %v", counts, want)
			}
		}
		if visible < 8_000 || granted < 80 {
			t.Errorf("only %d sightings, %d by grant: the test sees too little", visible, granted)
		}
		// Searching is a door too.
		for range 100 {
			a := w.actor(cases)
			sight := w.sightOf(a)
			terms := s.Terms(pick(w.R, caseWords...))
			for _, row := range pages(t, r, sight, store.QueueFilter{Terms: terms}, 20) {
				c := cases[slices.IndexFunc(cases, func(c seen) bool { return c.ID == row.ID })]
				if !sight.Sees(&c.Case, c.roles, c.grants...) {
					t.Fatalf("the search shows %s case %d to %+v", c.Classification, c.ID, a)
				}
			}
			for _, c := range cases[:40] {
				rows, _, err := r.Queue(sight, store.QueueFilter{Terms: s.Terms(c.Reference)}, "", 10)
				if err != nil || (len(rows) == 1) != sight.Sees(&c.Case, c.roles, c.grants...) {
					t.Fatalf("by reference: %d rows, sees %v, %v", len(rows), sight.Sees(&c.Case, c.roles, c.grants...), err)
				}
			}
		}
	})
}

// A thousand rows come page by page, each once, in order, whatever the sort.
func TestPaging(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 8)
		populate(w, 1000)
		r := s.Read(ctx)
		for _, sort := range []string{"due", "newest", "oldest"} {
			for _, limit := range []int{1, 7, 50, 500} {
				if limit == 1 && sort != "due" {
					continue
				}
				rows := pages(t, r, models.Sight{Everything: true}, store.QueueFilter{Sort: sort}, limit)
				ids := idsOf(rows)
				if len(rows) != 1000 || len(slices.Compact(ids)) != 1000 {
					t.Fatalf("%s by %d: %d rows, %d different", sort, limit, len(rows), len(slices.Compact(ids)))
				}
				for i := 1; i < len(rows); i++ {
					if !before(&rows[i-1], &rows[i], sort) {
						t.Fatalf("%s by %d: rows %d and %d are out of order", sort, limit, i-1, i)
					}
				}
			}
		}
		for _, bad := range []string{"x", "!!", "AAAA", "ZSAxIDI"} {
			if _, _, err := r.Queue(models.Sight{Everything: true}, store.QueueFilter{}, bad, 10); models.KindOf(err) != models.Invalid {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
		if _, _, err := r.Queue(models.Sight{Everything: true}, store.QueueFilter{Queue: "x"}, "", 10); models.KindOf(err) != models.Invalid {
			t.Error(err)
		}
		rows, _, err := r.Queue(models.Sight{Everything: true}, store.QueueFilter{}, "", 1)
		if err != nil || rows[0].BodySlug == "" || rows[0].DueAt == nil || rows[0].DueAt.Location() != time.UTC {
			t.Errorf("%+v %v", rows, err)
		}
	})
}

func before(a, b *store.QueueRow, sort string) bool {
	byID := a.ID < b.ID
	switch sort {
	case "newest":
		if !a.ReceivedAt.Equal(b.ReceivedAt) {
			return a.ReceivedAt.After(b.ReceivedAt)
		}
		return !byID
	case "oldest":
		if !a.ReceivedAt.Equal(b.ReceivedAt) {
			return a.ReceivedAt.Before(b.ReceivedAt)
		}
		return byID
	}
	switch {
	case a.DueAt == nil && b.DueAt == nil:
		return byID
	case a.DueAt == nil || b.DueAt == nil:
		return b.DueAt == nil
	case !a.DueAt.Equal(*b.DueAt):
		return a.DueAt.Before(*b.DueAt)
	}
	return byID
}

func TestSweeps(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 9)
		cases := populate(w, 200)
		r := s.Read(ctx)
		now := Start.Add(50 * time.Hour)
		w.Tx(func(tx *store.Tx) error {
			for i := range cases {
				c := &cases[i]
				for _, name := range []string{"answer", "objection"} {
					cl := &models.Clock{CaseID: c.ID, Name: name, StartedAt: Start, DueAt: Start.Add(time.Duration(w.R.IntN(100)) * time.Hour), Version: 1}
					switch w.R.IntN(3) {
					case 0:
						cl.StoppedAt = &now
					case 1:
						cl.LapsedAt = &now
					}
					if err := tx.Insert(cl); err != nil {
						return err
					}
				}
			}
			return nil
		})
		var lapsed, running []int64
		lapsedRungs := map[int64]bool{}
		for i := range cases {
			c := &cases[i]
			clocks, err := r.Clocks(c.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, cl := range clocks {
				if cl.StoppedAt == nil {
					running = append(running, cl.ID)
					if cl.LapsedAt == nil && cl.DueAt.Before(now) {
						lapsed = append(lapsed, cl.ID)
					}
				}
			}
			rungs, err := r.Rungs(c.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range rungs {
				if x.Live() && x.DueAt.Before(now) {
					lapsedRungs[c.ID] = true
				}
			}
		}
		walk := func(name string, want []int64, page func(after int64) ([]int64, error)) {
			slices.Sort(want)
			var got []int64
			for after := int64(0); ; {
				ids, err := page(after)
				if err != nil {
					t.Fatal(err)
				}
				if len(ids) == 0 {
					break
				}
				got = append(got, ids...)
				after = ids[len(ids)-1]
			}
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%s: %v, expected %v", name, got, want)
			}
		}
		walk("clocks", lapsed, func(after int64) ([]int64, error) { l, err := r.LapsedClocks(now, after, 9); return clockIDs(l), err })
		walk("running", running, func(after int64) (ids []int64, err error) {
			rows, err := r.ClockRows(after, 9)
			for _, x := range rows {
				ids = append(ids, x.ID)
			}
			return ids, err
		})
		var rungCases, open []int64
		for id := range lapsedRungs {
			rungCases = append(rungCases, id)
		}
		for i := range cases {
			if st := cases[i].State; !st.Ended() && st != models.StateDraft {
				open = append(open, cases[i].ID)
			}
		}
		walk("rungs", rungCases, func(after int64) ([]int64, error) { return r.Lapsed(now, after, 9) })
		walk("open", open, func(after int64) ([]int64, error) { l, err := r.OpenCases("id", after, 9); return caseIDs(l), err })

		counts, err := r.OutcomeCounts(models.Sight{Everything: true}, nil, Start, Start.Add(1e6*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for _, x := range counts {
			got[fmt.Sprint(x.BodyID, x.Kind, x.Outcome)] += x.N + 1000*x.Late
		}
		want := map[string]int64{}
		for i := range cases {
			if c := &cases[i]; c.AnsweredAt != nil {
				k := fmt.Sprint(c.BodyID, c.Kind, c.Outcome)
				want[k]++
				if c.DueAt != nil && c.AnsweredAt.After(*c.DueAt) {
					want[k] += 1000
				}
			}
		}
		for k, n := range want {
			if got[k] != n {
				t.Errorf("outcomes of %s: %d, expected %d", k, got[k], n)
			}
		}
	})
}

func clockIDs(l []models.Clock) (ids []int64) {
	for _, x := range l {
		ids = append(ids, x.ID)
	}
	return ids
}

func caseIDs(l []models.Case) (ids []int64) {
	for _, x := range l {
		ids = append(ids, x.ID)
	}
	return ids
}
