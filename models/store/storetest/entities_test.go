package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

var ctx = context.Background()

func get[T any](row *T, err error) (any, error) {
	if err != nil || row == nil {
		return nil, err
	}
	return *row, nil
}

func first[T any](rows []T, err error) (any, error) {
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// Every column of every entity comes back as it was written, times to the
// microsecond and in UTC.
func TestRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		r := s.Read(ctx)
		one := int64(1)
		for _, x := range []struct {
			row  any
			read func() (any, error)
		}{
			{&models.Body{}, func() (any, error) { return get(r.Body(1)) }},
			{&models.Unit{}, func() (any, error) { return get(r.Unit(1)) }},
			{&models.Officer{}, func() (any, error) { return get(r.Officer(1)) }},
			{&models.Requester{}, func() (any, error) { return get(r.Requester(1)) }},
			{&models.Case{}, func() (any, error) { return get(r.CaseByID(1)) }},
			{&models.Draft{}, func() (any, error) { return get(r.Draft("TokenHash ‹1› \"'?\n")) }},
			{&models.Message{}, func() (any, error) { return first(r.Messages(1, 0, 10)) }},
			{&models.Attachment{}, func() (any, error) { return get(r.Attachment(1)) }},
			{&models.Clock{}, func() (any, error) { return first(r.Clocks(1)) }},
			{&models.ClockEntry{}, func() (any, error) { return first(r.ClockEntries(1)) }},
			{&models.Classified{}, func() (any, error) { return first(r.Classifieds(1)) }},
			{&models.Rung{}, func() (any, error) { return first(r.Rungs(1)) }},
			{&models.Decision{}, func() (any, error) { return first(r.Decisions(1)) }},
			{&models.Disclosure{}, func() (any, error) { return get(r.Disclosure(1)) }},
			{&models.Session{}, func() (any, error) { return first(r.Sessions(1)) }},
			{&models.Token{Purpose: models.APIToken}, func() (any, error) { return get(r.Token("TokenHash ‹1› \"'?\n", "Purpose ‹3› \"'?\n")) }},
			{&models.Throttle{}, func() (any, error) { return get(r.Throttle("Key ‹0› \"'?\n")) }},
			{&models.Idempotency{}, func() (any, error) { return get(r.Idempotent("Key ‹0› \"'?\n")) }},
			{&models.Outgoing{}, func() (any, error) { return nil, nil }},
			{&models.Event{}, func() (any, error) {
				rows, _, err := r.Events(store.EventFilter{CaseID: &one}, "", 10)
				for i := range rows {
					rows[i].CaseClass = "" // of the case today, not of the row
				}
				return first(rows, err)
			}},
		} {
			fill(x.row)
			if e, ok := x.row.(*models.Event); ok {
				e.CaseClass = ""
			}
			if err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.Insert(x.row) }); err != nil {
				t.Fatalf("%T: %v", x.row, err)
			}
			got, err := x.read()
			if _, ok := x.row.(*models.Outgoing); ok {
				continue // is sent already; read in TestOutbox
			}
			if err != nil {
				t.Fatalf("%T: %v", x.row, err)
			}
			if want := reflect.ValueOf(x.row).Elem().Interface(); !reflect.DeepEqual(got, want) {
				t.Errorf("%T came back changed\nwrote %+v\nread  %+v", x.row, want, got)
			}
		}
	})
}

func TestNotFound(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		r := s.Read(ctx)
		for code, err := range map[string]error{
			"case_not_found":       errOf(r.CaseByReference("T7-K4M9-XQ2R")),
			"body_not_found":       errOf(r.BodyBySlug("x")),
			"unit_not_found":       errOf(r.UnitBySlug(1, "x")),
			"officer_not_found":    errOf(r.OfficerByEmail("x")),
			"attachment_not_found": errOf(r.Attachment(1)),
			"draft_not_found":      errOf(r.Draft("x")),
			"no_session":           errOf(r.Session("x")),
			"no_token":             errOf(r.Token("x", models.APIToken)),
			"log_empty":            errOf(s.Checkpoint(ctx)),
		} {
			if models.KindOf(err) != models.NotFound || models.CodeOf(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		for _, row := range []any{ok(r.Disclosure(1)), ok(r.Throttle("x")), ok(r.Idempotent("x"))} {
			if !reflect.ValueOf(row).IsNil() {
				t.Errorf("%T: expected none", row)
			}
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func ok[T any](v T, err error) any {
	if err != nil {
		panic(err)
	}
	return v
}

// A write that was made from an old reading changes nothing.
func TestStale(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 1)
		c := w.Case()
		w.Tx(func(tx *store.Tx) error { _, err := w.Store(tx, c); return err })
		a, _ := s.Read(ctx).CaseByID(c.ID)
		b, _ := s.Read(ctx).CaseByID(c.ID)
		a.Subject, b.Subject = "first", "second"
		w.Tx(func(tx *store.Tx) error { return tx.UpdateCase(a) })
		if a.Version != c.Version+1 {
			t.Errorf("version %d after one update of %d", a.Version, c.Version)
		}
		err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.UpdateCase(b) })
		if models.KindOf(err) != models.Conflict || models.CodeOf(err) != "stale" {
			t.Errorf("second writer: %v", err)
		}
		if b.Version != c.Version {
			t.Error("the loser's row claims a version that was never written")
		}
		got, _ := s.Read(ctx).CaseByID(c.ID)
		if !reflect.DeepEqual(got, a) {
			t.Errorf("the case is not what its one writer has\n%+v\n%+v", got, a)
		}
		if got.Reference != c.Reference || !got.RecordedAt.Equal(c.RecordedAt) {
			t.Error("an update moved what never moves")
		}
	})
}

// Of many writers of one reading exactly one wins.
func TestConcurrentWriters(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 2)
		c := w.Case()
		w.Tx(func(tx *store.Tx) error { _, err := w.Store(tx, c); return err })
		for round := range 5 {
			read, err := s.Read(ctx).CaseByID(c.ID)
			if err != nil {
				t.Fatal(err)
			}
			var won, lost atomic.Int32
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					mine := *read
					mine.Subject = fmt.Sprint(round, i)
					err := s.WithTx(ctx, func(tx *store.Tx) error {
						if err := tx.UpdateCase(&mine); err != nil {
							return err
						}
						return tx.Append(Event(&mine, "case.reviewed", Start))
					})
					switch {
					case err == nil:
						won.Add(1)
					case models.CodeOf(err) == "stale":
						lost.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || lost.Load() != 15 {
				t.Fatalf("%d won and %d lost", won.Load(), lost.Load())
			}
		}
		if events, _, _ := s.Read(ctx).Events(store.EventFilter{CaseID: &c.ID}, "", 100); len(events) != 5 {
			t.Errorf("%d events of 5 changes", len(events))
		}
	})
}

func TestUnique(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 3)
		a := w.Case()
		a.Source, a.SourceID = "ppid.csv", "7"
		w.Tx(func(tx *store.Tx) error { return tx.Insert(a) })
		sameRef, sameSource := *w.Case(), *w.Case()
		sameRef.Reference = a.Reference
		sameSource.Source, sameSource.SourceID, sameSource.BodyID = a.Source, a.SourceID, a.BodyID
		for name, row := range map[string]any{
			"reference": &sameRef, "source": &sameSource,
			"slug":  &models.Body{Slug: "body-0", CreatedAt: Start},
			"unit":  &models.Unit{BodyID: w.Bodies[0].ID, Slug: "unit-0", CreatedAt: Start},
			"email": &models.Officer{Email: w.Officers[0].Email, CreatedAt: Start},
		} {
			err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.Insert(row) })
			if models.KindOf(err) != models.Conflict || models.CodeOf(err) != "duplicate" {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := *w.Case()
		other.Source, other.SourceID = a.Source, a.SourceID
		if other.BodyID = w.Bodies[0].ID; other.BodyID == a.BodyID {
			other.BodyID = w.Bodies[1].ID
		}
		w.Tx(func(tx *store.Tx) error { return tx.Insert(&other) }) // another body's id is no clash
		if done, err := s.Read(ctx).Imported(a.BodyID, "ppid.csv", "7"); err != nil || !done {
			t.Error(done, err)
		}
		if got, err := s.Read(ctx).CaseBySource(a.BodyID, "ppid.csv", "7"); err != nil || got.ID != a.ID {
			t.Error(got, err)
		}
	})
}

// What a failed or panicking transaction did is gone.
func TestRollback(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 4)
		c := w.Case()
		err := s.WithTx(ctx, func(tx *store.Tx) error {
			if err := tx.Insert(c); err != nil {
				return err
			}
			if _, err := tx.CaseByReference(c.Reference); err != nil {
				t.Error("a transaction does not see its own write:", err)
			}
			return models.Refuse(models.Forbidden, "no")
		})
		if models.CodeOf(err) != "no" {
			t.Error(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.WithTx(ctx, func(tx *store.Tx) error {
				c.ID = 0
				if err := tx.Insert(c); err != nil {
					t.Error(err)
				}
				panic("x")
			})
		}()
		if _, err := s.Read(ctx).CaseByReference(c.Reference); models.KindOf(err) != models.NotFound {
			t.Error("a rolled back case is there:", err)
		}
		w.Tx(func(tx *store.Tx) error { c.ID = 0; return tx.Insert(c) }) // and the connection is free
	})
}

func TestSecrets(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 5)
		o := w.Officers[0].ID
		tok := &models.Token{TokenHash: "t", OfficerID: o, Purpose: models.PasswordLink, CreatedAt: Start, ExpiresAt: Start}
		w.Tx(func(tx *store.Tx) error { return tx.Insert(tok) })
		if _, err := s.Read(ctx).Token("t", models.APIToken); models.CodeOf(err) != "no_token" {
			t.Error("a password link opens the API:", err)
		}
		var used atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.UseToken(tok.ID, Start) })
				if err == nil {
					used.Add(1)
				} else if models.KindOf(err) != models.Conflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if used.Load() != 1 {
			t.Errorf("a one-time link was used %d times", used.Load())
		}
		ss := &models.Session{TokenHash: "a", OfficerID: o, CreatedAt: Start, RotatedAt: Start, SeenAt: Start, ExpiresAt: Start.Add(time.Hour)}
		w.Tx(func(tx *store.Tx) error {
			if err := tx.PutSession(ss); err != nil {
				return err
			}
			return tx.RotateSession(ss.ID, "b", Start.Add(time.Minute))
		})
		// A request sent before the rotation may arrive after it; casework bounds how long.
		if got, err := s.Read(ctx).Session("a"); err != nil || got.TokenHash != "b" {
			t.Error("the token before a rotation:", got, err)
		}
		w.Tx(func(tx *store.Tx) error { return tx.RotateSession(ss.ID, "c", Start.Add(2*time.Minute)) })
		if _, err := s.Read(ctx).Session("a"); models.CodeOf(err) != "no_session" {
			t.Error("a token rotated twice still opens the session")
		}
		w.Tx(func(tx *store.Tx) error { return tx.DeleteSessions(o) })
		if _, err := s.Read(ctx).Session("c"); models.CodeOf(err) != "no_session" {
			t.Error("the session outlived its deletion")
		}
	})
}

// Concurrent failures are each counted, and a window that ended starts anew.
func TestThrottle(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		var seen [33]atomic.Int32
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				err := s.WithTx(ctx, func(tx *store.Tx) error {
					n, err := tx.BumpThrottle("k", time.Minute, Start)
					if err == nil {
						seen[n].Add(1)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for n := 1; n <= 32; n++ {
			if seen[n].Load() != 1 {
				t.Errorf("count %d was given %d times", n, seen[n].Load())
			}
		}
		w := &World{T: t, S: s}
		w.Tx(func(tx *store.Tx) error {
			n, err := tx.BumpThrottle("k", time.Minute, Start.Add(time.Minute))
			if n != 1 {
				t.Errorf("%d in a new window", n)
			}
			return err
		})
	})
}

func TestOutbox(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := &World{T: t, S: s}
		later := Start.Add(time.Hour)
		w.Tx(func(tx *store.Tx) error {
			for i := range 20 {
				m := &models.Outgoing{Kind: "filed", To: fmt.Sprint(i), Data: "{}", CreatedAt: Start}
				if i == 19 {
					m.NextAt = &later
				}
				if err := tx.Insert(m); err != nil {
					return err
				}
			}
			return nil
		})
		if due, err := s.Read(ctx).DueOutgoing(Start, 100); err != nil || len(due) != 19 || due[0].To != "0" {
			t.Fatal(len(due), err)
		}
		var mu sync.Mutex
		claimed := map[int64]int{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					var got []models.Outgoing
					if err := s.WithTx(ctx, func(tx *store.Tx) (err error) {
						got, err = tx.ClaimOutgoing(Start, time.Minute, 3)
						return err
					}); err != nil {
						t.Error(err)
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, m := range got {
						claimed[m.ID]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(claimed) != 19 {
			t.Errorf("%d of 19 messages were claimed", len(claimed))
		}
		for id, n := range claimed {
			if n != 1 {
				t.Errorf("message %d was claimed %d times", id, n)
			}
		}
		w.Tx(func(tx *store.Tx) error {
			if err := tx.MarkSent(1, Start); err != nil {
				return err
			}
			return tx.MarkFailed(2, "no route", Start.Add(time.Hour))
		})
		due, err := s.Read(ctx).DueOutgoing(Start.Add(2*time.Hour), 100)
		if err != nil || len(due) != 19 || due[0].ID != 2 || due[0].Attempts != 1 || due[0].LastError != "no route" {
			t.Error(len(due), err)
		}
	})
}

func TestDraftBecomesCase(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 6)
		d := &models.Draft{TokenHash: "t", Answers: "{}", Version: 1, CreatedAt: Start, UpdatedAt: Start}
		c := w.Case()
		w.Tx(func(tx *store.Tx) error {
			if err := tx.Insert(d); err != nil {
				return err
			}
			if err := tx.Insert(&models.Attachment{DraftID: &d.ID, Name: "a.pdf", At: Start}); err != nil {
				return err
			}
			if err := tx.Insert(c); err != nil {
				return err
			}
			if err := tx.MoveAttachments(d.ID, c.ID); err != nil {
				return err
			}
			return tx.DeleteDraft(d.ID)
		})
		docs, err := s.Read(ctx).Attachments(c.ID)
		if err != nil || len(docs) != 1 || docs[0].DraftID != nil || *docs[0].CaseID != c.ID {
			t.Error(docs, err)
		}
	})
}

func TestMigrate(t *testing.T) {
	EachConfig(t, func(t *testing.T, c store.Config) {
		s := Open(t, c)
		st, err := s.Status(ctx)
		if err != nil || !st.Empty || len(st.Pending) == 0 || st.Current != 0 {
			t.Fatal(st, err)
		}
		if err := s.Ready(ctx); models.CodeOf(err) != "schema_pending" {
			t.Error(err)
		}
		// Two at once: one does it, the other finds it done.
		var wg sync.WaitGroup
		var applied atomic.Int32
		for range 2 {
			wg.Go(func() {
				names, err := s.Migrate(ctx)
				if err != nil {
					t.Error(err)
				}
				applied.Add(int32(len(names)))
			})
		}
		wg.Wait()
		if int(applied.Load()) != len(st.Pending) {
			t.Errorf("%d applied of %v", applied.Load(), st.Pending)
		}
		if err := s.Ready(ctx); err != nil {
			t.Error(err)
		}
		tamper(t, c, fmt.Sprintf("INSERT INTO schema_migrations (version, name, applied_at) VALUES (%d, 'later', '2030-01-01 00:00:00+00:00')", st.Latest+1))
		st, err = s.Status(ctx)
		if err != nil || !st.TooNew {
			t.Error(st, err)
		}
		if _, err := s.Migrate(ctx); models.CodeOf(err) != "schema_too_new" {
			t.Error("a newer schema was accepted:", err)
		}
		if err := s.Ready(ctx); models.CodeOf(err) != "schema_too_new" {
			t.Error(err)
		}
	})
}

// A failure of the database is Internal, and says nothing of itself to the outside.
func TestFailure(t *testing.T) {
	EachConfig(t, func(t *testing.T, c store.Config) {
		s := Open(t, c) // not migrated
		_, err := s.Read(ctx).CaseByID(1)
		if models.KindOf(err) != models.Internal || models.CodeOf(err) != "store_failed" || !strings.Contains(err.Error(), "cases") {
			t.Error(err)
		}
	})
}
