package storetest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
)

// benchCases is how many cases lists are measured over; TERANG_BENCH_CASES changes it.
func benchCases() int {
	if n, err := strconv.Atoi(os.Getenv("TERANG_BENCH_CASES")); err == nil {
		return n
	}
	return 100_000
}

// Bulk fills a store with cases of which two in ten are open, with their events
// and terms.
func (w *World) Bulk(n int) {
	w.T.Helper()
	const batch = 2000
	for done := 0; done < n; done += batch {
		cases := make([]models.Case, min(batch, n-done))
		for i := range cases {
			c := w.Case()
			c.ReceivedAt = Start.Add(time.Duration(done+i) * time.Minute)
			c.Classification = pick(w.R, models.Public, models.Public, models.Public, models.Restricted, models.Confidential)
			if w.R.IntN(10) < 8 {
				c.State = models.StateClosed
			} else {
				c.State = pick(w.R, models.StateRegistered, models.StateInReview, models.StateAwaitingClarification)
				due := c.ReceivedAt.Add(14 * 24 * time.Hour)
				c.DueAt, c.AnsweredAt, c.Outcome, c.PublishedAt = &due, nil, "", nil
			}
			cases[i] = *c
		}
		w.Tx(func(tx *store.Tx) error {
			if err := tx.InsertAll(&cases); err != nil {
				return err
			}
			events := make([]models.Event, len(cases))
			for i := range cases {
				events[i] = *Event(&cases[i], "case.filed", cases[i].ReceivedAt)
				if err := tx.IndexCase(&cases[i]); err != nil {
					return err
				}
			}
			return tx.AppendAll(events)
		})
	}
}

type benchWorld struct {
	s     *store.Store
	w     *World
	c     store.Config
	built time.Duration
}

var benchWorlds sync.Map

// big opens a database of many cases, made once for all benchmarks.
func big(b *testing.B, dialect string) *benchWorld {
	b.Helper()
	if x, ok := benchWorlds.Load(dialect); ok {
		w := x.(*benchWorld)
		w.w.T = b
		return w
	}
	keys, err := os.MkdirTemp("", "terang-bench-")
	if err != nil {
		b.Fatal(err)
	}
	benchDirs = append(benchDirs, keys)
	c := store.Config{Keys: Keys(b, keys)}
	if dialect == "postgres" {
		url, err := server()
		if err != nil {
			b.Skip(err)
		}
		db := Raw(b, store.Config{URL: url})
		if _, err := db.Exec("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench"); err != nil {
			b.Fatal(err)
		}
		c.URL = url + "&search_path=bench"
	} else {
		dir, err := os.MkdirTemp("", "terang-bench-")
		if err != nil {
			b.Fatal(err)
		}
		benchDirs = append(benchDirs, dir)
		c.Path = dir + "/terang.db"
	}
	s, err := store.Open(ctx, c)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	x := &benchWorld{s: s, c: c}
	begun := time.Now()
	x.w = NewWorld(b, s, 40)
	x.w.Bulk(benchCases())
	analyze(b, c)
	x.built = time.Since(begun)
	b.Logf("%s: %d cases with events and terms in %s", dialect, benchCases(), x.built.Round(time.Millisecond))
	benchWorlds.Store(dialect, x)
	return x
}

var benchDirs []string

func analyze(t testing.TB, c store.Config) {
	if _, err := Raw(t, c).Exec("ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

func each(b *testing.B, f func(*testing.B, *benchWorld)) {
	for _, d := range []string{"sqlite", "postgres"} {
		b.Run(d, func(b *testing.B) { f(b, big(b, d)) })
	}
}

func (x *benchWorld) officer(role models.Role) models.Actor {
	for i := range x.w.Officers {
		if o := &x.w.Officers[i]; o.Role == role {
			return models.Actor{Kind: models.ByOfficer, OfficerID: o.ID, Role: role, BodyID: o.BodyID, UnitIDs: []int64{*o.UnitID, *o.UnitID + 1}, Clearance: models.Confidential}
		}
	}
	return models.Actor{}
}

// BenchmarkQueue is a page of 50 of each queue, first and deep, for someone whose
// sight must be worked out case by case.
func BenchmarkQueue(b *testing.B) {
	each(b, func(b *testing.B, x *benchWorld) {
		now := Start.Add(time.Duration(benchCases()) * time.Minute)
		for _, role := range []models.Role{models.Agent, models.InfoOfficer} {
			a := x.officer(role)
			for _, f := range []store.QueueFilter{
				{Queue: "open"}, {Queue: "mine"}, {Queue: "unit"}, {Queue: "unassigned"}, {Queue: "escalated"}, {Queue: "due_soon"}, {Queue: "overdue"},
				{Queue: "all"}, {Queue: "all", Sort: "newest"}, {Queue: "all", State: models.StateInReview, Sort: "newest"}, {Queue: "published", Sort: "newest"},
				{Terms: x.s.Terms("anggaran")}, {Terms: x.s.Terms("anggaran jalan rusak")}, {Queue: "mine", Terms: x.s.Terms("anggaran")},
			} {
				f.OfficerID, f.UnitIDs, f.Role, f.Now = a.OfficerID, a.UnitIDs, a.Role, now
				sight := models.SightOf(a)
				name := fmt.Sprintf("%s/%s%s%s%v", role, f.Queue, f.Sort, f.State, f.Terms)
				page := func(b *testing.B, after string) (string, int) {
					rows, next, err := x.s.Read(ctx).Queue(sight, f, after, 50)
					if err != nil {
						b.Fatal(err)
					}
					return next, len(rows)
				}
				b.Run(name, func(b *testing.B) {
					_, n := page(b, "")
					for b.Loop() {
						page(b, "")
					}
					b.ReportMetric(float64(n), "rows")
				})
			}
			b.Run(string(role)+"/deep", func(b *testing.B) {
				after := ""
				for range 40 {
					rows, next, err := x.s.Read(ctx).Queue(models.SightOf(a), store.QueueFilter{Queue: "all"}, after, 500)
					if err != nil || len(rows) == 0 {
						b.Fatal(len(rows), err)
					}
					after = next
					if next == "" {
						b.Skip("too few")
					}
				}
				for b.Loop() {
					if _, _, err := x.s.Read(ctx).Queue(models.SightOf(a), store.QueueFilter{Queue: "all"}, after, 50); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(string(role)+"/counts", func(b *testing.B) {
				for b.Loop() {
					for _, q := range []string{"mine", "unit", "unassigned", "escalated", "due_soon", "overdue"} {
						if _, err := x.s.Read(ctx).QueueCount(models.SightOf(a), store.QueueFilter{Queue: q, OfficerID: a.OfficerID, UnitIDs: a.UnitIDs, Role: a.Role, Now: now}, 100); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
			b.Run(string(role)+"/standings", func(b *testing.B) {
				for b.Loop() {
					if _, err := x.s.Read(ctx).StandingCounts(models.SightOf(a), nil, now); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("track", func(b *testing.B) {
			rows, _, err := x.s.Read(ctx).Queue(models.Sight{Everything: true}, store.QueueFilter{}, "", 1)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := x.s.Read(ctx).CaseByReference(rows[0].Reference); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// BenchmarkFile is the writes of a filing: requester, case, clock, ledger, classification,
// message, outbox, two events, terms.
func BenchmarkFile(b *testing.B) {
	each(b, func(b *testing.B, x *benchWorld) {
		file := func() error {
			return x.s.WithTx(ctx, func(tx *store.Tx) error { return fileLike(tx, x.w) })
		}
		b.Run("one", func(b *testing.B) {
			for b.Loop() {
				if err := file(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("many", func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := file(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	})
}

func fileLike(tx *store.Tx, w *World) error {
	r := &models.Requester{Kind: models.Individual, Name: "Budi", CreatedAt: Start}
	if err := tx.Insert(r); err != nil {
		return err
	}
	due := Start.Add(14 * 24 * time.Hour)
	c := &models.Case{
		Reference: models.NewReference(), Kind: models.Request, Channel: models.ChannelWeb, Lang: "id", BodyID: w.Bodies[0].ID, RequesterID: &r.ID,
		Subject: "Permohonan salinan laporan keuangan", Text: "Mohon salinan laporan keuangan dinas pendidikan tahun 2025 beserta lampirannya.",
		State: models.StateRegistered, Classification: models.Public, Anonymity: models.Open, Pack: "id", PackVersion: "1", DueAt: &due, DueOn: "2026-03-16",
		ReceivedAt: Start, RecordedAt: Start, Version: 1, UpdatedAt: Start,
	}
	if err := tx.Insert(c); err != nil {
		return err
	}
	k := &models.Clock{CaseID: c.ID, Name: "answer", Primary: true, StartedAt: Start, DueAt: due, Basis: "{}", Version: 1}
	if err := tx.Insert(k); err != nil {
		return err
	}
	for _, row := range []any{
		&models.ClockEntry{ClockID: k.ID, CaseID: c.ID, Event: "started", At: Start},
		&models.Classified{CaseID: c.ID, Class: models.Public, Proposed: true, At: Start},
		&models.Outgoing{CaseID: &c.ID, Kind: "filed", To: "a@example.org", Data: "{}", CreatedAt: Start},
	} {
		if err := tx.Insert(row); err != nil {
			return err
		}
	}
	if err := tx.IndexCase(c); err != nil {
		return err
	}
	if err := tx.Append(Event(c, "case.filed", Start)); err != nil {
		return err
	}
	return tx.Append(Event(c, "deadline.set", Start))
}

// BenchmarkLog sequences and verifies what the other benchmarks filed.
func BenchmarkLog(b *testing.B) {
	each(b, func(b *testing.B, x *benchWorld) {
		key, err := trail.NewKey("bench.example/log")
		if err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		n, err := x.s.Sequence(ctx, key, Start)
		if err != nil {
			b.Fatal(err)
		}
		if n > 0 {
			b.Logf("sequenced %d events: %.0f/s", n, float64(n)/time.Since(begun).Seconds())
		}
		if cp, err := x.s.Checkpoint(ctx); err != nil || cp.Origin != key.Origin() {
			b.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		begun = time.Now()
		peak := uint64(0)
		var done int64
		// Signed by several keys when run again: only the last is known, so each run makes its own world.
		if err := x.s.VerifyLog(ctx, key.Verifiers(), func(p store.Progress) {
			runtime.ReadMemStats(&after)
			peak, done = max(peak, after.HeapAlloc), p.Done
		}); err != nil {
			b.Fatal(err)
		}
		b.Logf("verified %d events in %s: %.0f/s, heap peak %d MB", done, time.Since(begun).Round(time.Millisecond), float64(done)/time.Since(begun).Seconds(), peak>>20)
		b.Run("receipt", func(b *testing.B) {
			rows, _, err := x.s.Read(ctx).Events(store.EventFilter{}, "", 500)
			if err != nil {
				b.Fatal(err)
			}
			i := 0
			for b.Loop() {
				i++
				if _, err := x.s.Receipt(ctx, rows[i%len(rows)].ID, key.VerifierKey(), store.Quorum{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("stream", func(b *testing.B) {
			for b.Loop() {
				if err := x.s.Read(ctx).EachEvent(store.EventFilter{}, func(*models.Event) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(done)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	})
}
