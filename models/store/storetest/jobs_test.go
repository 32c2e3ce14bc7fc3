package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

func enqueue(t *testing.T, s *store.Store, kind, payload, dedupe string, now time.Time) bool {
	t.Helper()
	fresh := false
	if err := s.WithTx(ctx, func(tx *store.Tx) (err error) {
		fresh, err = tx.Enqueue(kind, payload, now, store.JobOptions{DedupeKey: dedupe})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return fresh
}

// A job exists if and only if its cause was committed, and a deduplicated one once.
func TestJobsGoWithTheirCause(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		if err := s.WithTx(ctx, func(tx *store.Tx) error {
			if _, err := tx.Enqueue("scan", "1", Start, store.JobOptions{}); err != nil {
				return err
			}
			return models.Refuse(models.Conflict, "stale")
		}); models.CodeOf(err) != "stale" {
			t.Fatal(err)
		}
		if !enqueue(t, s, "digest", "7", "digest:7:2026-01-07", Start) || enqueue(t, s, "digest", "7", "digest:7:2026-01-07", Start) {
			t.Error("a deduplicated job was put in other than once")
		}
		jobs, err := s.ClaimJobs(ctx, []string{"scan", "digest"}, "a", Start, time.Minute, 10)
		if err != nil || len(jobs) != 1 || jobs[0].Payload != "7" || jobs[0].Attempts != 1 {
			t.Fatalf("%+v, %v", jobs, err)
		}
	})
}

// A claim ends by silence, and who lost it can neither finish nor renew nor fail the job.
func TestJobLeases(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		enqueue(t, s, "scan", "1", "", Start)
		claim := func(by string, at time.Time) []models.Job {
			t.Helper()
			jobs, err := s.ClaimJobs(ctx, []string{"scan"}, by, at, time.Minute, 10)
			if err != nil {
				t.Fatal(err)
			}
			return jobs
		}
		first := claim("a", Start)
		if len(first) != 1 || len(claim("b", Start.Add(59*time.Second))) != 0 {
			t.Fatal("a claim did not hold")
		}
		second := claim("b", Start.Add(time.Minute))
		if len(second) != 1 || second[0].Attempts != 2 {
			t.Fatal("a silent claim did not end")
		}
		for what, err := range map[string]error{
			"renew":  s.RenewJob(ctx, &first[0], Start.Add(time.Hour)),
			"finish": s.WithTx(ctx, func(tx *store.Tx) error { return tx.FinishJob(&first[0], Start) }),
			"fail":   s.FailJob(ctx, &first[0], "late", Start, Start),
		} {
			if models.CodeOf(err) != "lease_lost" {
				t.Errorf("%s by who lost the lease: %v", what, err)
			}
		}
		if err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.FinishJob(&second[0], Start) }); err != nil {
			t.Error(err)
		}
		if len(claim("c", Start.Add(time.Hour))) != 0 {
			t.Error("a finished job was claimed")
		}
		// Claimed by a clock that ran a day ahead and was then set back: nobody waits a day.
		enqueue(t, s, "scan", "2", "", Start)
		if len(claim("a", Start.Add(24*time.Hour))) != 1 || len(claim("b", Start.Add(time.Minute))) != 1 {
			t.Error("a clock that was set back keeps a job from everybody")
		}
	})
}

// Several workers do each job once while all live; a failing one is tried again with
// growing pauses and then kept for a person to look at.
func TestWorkers(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		const n = 60
		for i := range n {
			enqueue(t, s, "count", fmt.Sprint(i), "", Start)
		}
		enqueue(t, s, "fails", "x", "", Start)
		var mu sync.Mutex
		done := map[string]int{}
		var failed atomic.Int32
		var now atomic.Int64 // seconds since Start
		run, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				s.Work(run, store.Worker{
					By: fmt.Sprintf("w%d", i), Every: 5 * time.Millisecond, Attempts: 3,
					Lease:  50 * time.Minute, // the clock runs much faster than a slow machine works
					Now:    func() time.Time { return Start.Add(time.Duration(now.Load()) * time.Second) },
					Failed: func(j models.Job, err error) { failed.Add(1) },
					Do: map[string]func(context.Context, *models.Job) error{
						"count": func(_ context.Context, j *models.Job) error {
							mu.Lock()
							defer mu.Unlock()
							done[j.Payload]++
							return nil
						},
						"fails": func(context.Context, *models.Job) error { panic(errors.New("no")) },
					},
				})
			})
		}
		deadline := time.Now().Add(20 * time.Second)
		for dead := int64(0); dead == 0; {
			if time.Now().After(deadline) {
				t.Fatal("the failing job was not given up")
			}
			now.Add(5)
			time.Sleep(10 * time.Millisecond)
			depths, err := s.Read(ctx).JobDepths()
			if err != nil {
				t.Fatal(err)
			}
			dead = 0
			waiting := int64(0)
			for _, d := range depths {
				dead, waiting = dead+d.Dead, waiting+d.Waiting
			}
			if waiting > 0 {
				dead = 0
			}
		}
		stop()
		wg.Wait()
		if len(done) != n {
			t.Errorf("%d of %d done", len(done), n)
		}
		for k, times := range done {
			if times != 1 {
				t.Errorf("job %s done %d times", k, times)
			}
		}
		if failed.Load() != 3 {
			t.Errorf("the failing job was tried %d times, want 3", failed.Load())
		}
	})
}

// One instance leads at a time; when it is gone another follows; and one that lost its
// lease without knowing it is told by its context.
func TestLead(t *testing.T) {
	c := PostgresConfig(t)
	s := Migrated(t, c)
	var leading, most, turns atomic.Int32
	begun := make(chan string, 10)
	lead := func(who string) (stop func()) {
		run, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Lead(run, "background", who, func(ctx context.Context) {
				if n := leading.Add(1); n > most.Load() {
					most.Store(n)
				}
				turns.Add(1)
				begun <- who
				<-ctx.Done()
				leading.Add(-1)
			})
		}()
		return func() { cancel(); <-done }
	}
	stops := map[string]func(){"a": lead("a"), "b": lead("b"), "c": lead("c")}
	for range 3 {
		select {
		case who := <-begun:
			if is, err := s.Read(ctx).Leader("background"); err != nil || is != who {
				t.Errorf("%s leads, the database says %q: %v", who, is, err)
			}
			stops[who]()
		case <-time.After(10 * time.Second):
			t.Fatal("nobody leads")
		}
	}
	if most.Load() != 1 || turns.Load() != 3 {
		t.Errorf("%d led at one time, %d turns", most.Load(), turns.Load())
	}
	// The lease given to another, as when this instance was stopped for a while.
	stop := lead("d")
	defer stop()
	<-begun
	if _, err := Raw(t, c).Exec("UPDATE leases SET holder = 'thief', until = now() + interval '4 seconds'"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); leading.Load() != 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("who lost the lease goes on")
		}
	}
}

// What instances agree on is what the first of them said.
func TestAgree(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		got := make([]string, 8)
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = s.Agree(ctx, "secret", fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, g := range got {
			if g == "" || g != got[0] {
				t.Fatalf("agreed on %q", got)
			}
		}
		if err := s.AgreeAnew(ctx, "secret", "new"); err != nil {
			t.Fatal(err)
		}
		if g, err := s.Agree(ctx, "secret", "x"); err != nil || g != "new" {
			t.Errorf("%q, %v", g, err)
		}
	})
}
