package storetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

// Verbs that commit together are each as alone: a neighbour that fails, panics, ends its
// goroutine or is cancelled undoes nothing of theirs, and what a verb wrote can be
// read by anyone once it has returned.
func TestBatchIsolation(t *testing.T) {
	EachConfig(t, func(t *testing.T, c store.Config) {
		s := Migrated(t, c)
		raw := Raw(t, c)
		var wg sync.WaitGroup
		var kept, lost atomic.Int32
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		for i := range 300 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				slug := fmt.Sprintf("b%03d", i)
				defer func() {
					if x := recover(); x != nil && x != "boom" {
						t.Error(x)
					}
					q := "SELECT count(*) FROM bodies WHERE slug = ?"
					if c.URL != "" {
						q = "SELECT count(*) FROM bodies WHERE slug = $1"
					}
					var n int
					if err := raw.QueryRow(q, slug).Scan(&n); err != nil {
						t.Error(err)
					}
					if want := 1; i%5 == 0 && n != want || i%5 != 0 && n != 0 {
						t.Errorf("job %d left %d rows", i, n)
					}
					if n == 1 {
						kept.Add(1)
					} else {
						lost.Add(1)
					}
				}()
				cx := ctx
				if i%5 == 4 {
					cx = cancelled
				}
				err := s.WithTx(cx, func(tx *store.Tx) error {
					for _, suffix := range []string{"", "-2"} {
						if err := tx.Insert(&models.Body{Slug: slug + suffix, CreatedAt: Start}); err != nil {
							return err
						}
					}
					switch i % 5 {
					case 1:
						return models.Refuse(models.Conflict, "stale")
					case 2:
						panic("boom")
					case 3:
						runtime.Goexit()
					}
					return nil
				})
				switch {
				case i%5 == 1 && models.CodeOf(err) != "stale", i%5 == 4 && models.KindOf(err) != models.Internal, i%5 == 0 && err != nil:
					t.Errorf("job %d: %v", i, err)
				}
			}()
		}
		wg.Wait()
		if kept.Load() != 60 || lost.Load() != 240 {
			t.Errorf("%d kept, %d gone", kept.Load(), lost.Load())
		}
		var n int
		if err := raw.QueryRow("SELECT count(*) FROM bodies").Scan(&n); err != nil || n != 120 {
			t.Errorf("%d rows of 120: %v", n, err)
		}
		// And the writer is free.
		w := &World{T: t, S: s}
		w.Tx(func(tx *store.Tx) error { return tx.Insert(&models.Body{Slug: "last", CreatedAt: Start}) })
	})
}

// A statement that fails in the middle of a job may be survived by the job on SQLite,
// and never takes anything from its neighbours.
func TestBatchDuplicate(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		var won atomic.Int32
		for i := range 64 {
			wg.Go(func() {
				err := s.WithTx(ctx, func(tx *store.Tx) error {
					if err := tx.Insert(&models.Body{Slug: fmt.Sprintf("own-%d", i), CreatedAt: Start}); err != nil {
						return err
					}
					return tx.Insert(&models.Body{Slug: fmt.Sprintf("shared-%d", i%8), CreatedAt: Start})
				})
				if err == nil {
					won.Add(1)
				} else if models.CodeOf(err) != "duplicate" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		bodies, err := s.Read(ctx).Bodies(0, 500)
		if err != nil || won.Load() != 8 || len(bodies) != 16 {
			t.Errorf("%d won, %d rows: %v", won.Load(), len(bodies), err)
		}
	})
}

// A restart of PostgreSQL, or of what stands between, leaves connections in the pool that nobody
// has noticed are gone. Neither who reads next nor who writes next is told of it.
func TestLostConnections(t *testing.T) {
	c := PostgresConfig(t)
	s := Migrated(t, c)
	raw := Raw(t, c)
	fill := func() { // the pool, with connections that were used a moment ago
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := s.WithTx(ctx, func(tx *store.Tx) error { time.Sleep(20 * time.Millisecond); _, err := tx.Bodies(0, 1); return err }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	for name, use := range map[string]func() error{
		"read":      func() error { _, err := s.Read(ctx).Bodies(0, 1); return err },
		"one value": func() error { _, err := s.Read(ctx).CountDecrees(); return err },
		"write": func() error {
			return s.WithTx(ctx, func(tx *store.Tx) error { return tx.CountThrottle("lost", time.Hour, Start) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			fill()
			var gone int
			if err := raw.QueryRow("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&gone); err != nil || gone < 4 {
				t.Fatal(gone, err)
			}
			if err := use(); err != nil {
				t.Error(err)
			}
		})
	}
}
