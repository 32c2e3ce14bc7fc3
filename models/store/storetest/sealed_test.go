package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

// query reads one value of a database as it is kept.
func query[T any](t *testing.T, db *sql.DB, q string) (out T) {
	t.Helper()
	if err := db.QueryRow(q).Scan(&out); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return out
}

// filed makes a case with somebody who filed it, two messages and an event.
func filed(w *World, class models.Class) *models.Case {
	w.T.Helper()
	c := w.Case()
	c.Classification = class
	w.Tx(func(tx *store.Tx) error {
		q := &models.Requester{Name: "Siti", Email: "Siti@Contoh.id ", IdentityNumber: "3171-2345", CreatedAt: Start}
		if err := tx.Insert(q); err != nil {
			return err
		}
		c.RequesterID = &q.ID
		if err := tx.Insert(c); err != nil {
			return err
		}
		for i := range 2 {
			if err := tx.Insert(&models.Message{CaseID: c.ID, Kind: models.PlainMessage, Text: fmt.Sprintf("message %d", i), At: Start.AddDate(0, 0, i)}); err != nil {
				return err
			}
		}
		e := Event(c, "case.filed", Start)
		e.Reason = "because"
		if err := tx.Append(e); err != nil {
			return err
		}
		return tx.IndexCase(c)
	})
	return c
}

// A sealed value opens where it was written and nowhere else.
func TestSealedValuesStay(t *testing.T) {
	EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := Migrated(t, cfg)
		w := NewWorld(t, s, 50)
		a, b := filed(w, models.Public), filed(w, models.Public)
		db := Raw(t, cfg)
		read := func() error {
			r := s.Read(ctx)
			_, e1 := r.CaseByID(a.ID)
			_, e2 := r.Messages(a.ID, 0, 10)
			_, e3 := r.Requester(*a.RequesterID)
			_, _, e4 := r.Events(store.EventFilter{CaseID: &a.ID}, "", 10)
			return errors.Join(e1, e2, e3, e4)
		}
		if err := read(); err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct{ table, set, from string }{
			"another case's text":     {"cases", "text", fmt.Sprintf("SELECT text FROM cases WHERE id = %d", b.ID)},
			"another case's key":      {"cases", "seal_key", fmt.Sprintf("SELECT seal_key FROM cases WHERE id = %d", b.ID)},
			"another column":          {"cases", "text", fmt.Sprintf("SELECT subject FROM cases WHERE id = %d", a.ID)},
			"another person's name":   {"requesters", "name", fmt.Sprintf("SELECT name FROM requesters WHERE id = %d", *b.RequesterID)},
			"the person's own number": {"requesters", "name", fmt.Sprintf("SELECT identity_number FROM requesters WHERE id = %d", *a.RequesterID)},
			"another case's message":  {"messages", "text", fmt.Sprintf("SELECT min(text) FROM messages WHERE case_id = %d", b.ID)},
			"the case's own message":  {"messages", "text", fmt.Sprintf("SELECT text FROM messages WHERE case_id = %d ORDER BY id DESC LIMIT 1", a.ID)},
			"a message from the case": {"messages", "text", fmt.Sprintf("SELECT subject FROM cases WHERE id = %d", a.ID)},
			"another case's event":    {"events", "sealed", fmt.Sprintf("SELECT sealed FROM events WHERE case_id = %d", b.ID)},
		} {
			t.Run(name, func(t *testing.T) {
				key := map[string]string{"cases": "id", "requesters": "id", "messages": "case_id", "events": "case_id"}[x.table]
				id := a.ID
				if x.table == "requesters" {
					id = *a.RequesterID
				}
				if x.table == "messages" { // the first of the two
					key, id = "id", query[int64](t, db, fmt.Sprintf("SELECT min(id) FROM messages WHERE case_id = %d", a.ID))
				}
				was := query[[]byte](t, db, fmt.Sprintf("SELECT %s FROM %s WHERE %s = %d", x.set, x.table, key, id))
				tamper(t, cfg, fmt.Sprintf("UPDATE %s SET %s = (%s) WHERE %s = %d", x.table, x.set, x.from, key, id))
				if err := read(); err == nil || strings.Contains(err.Error(), "message 1") {
					t.Errorf("it was read: %v", err)
				}
				var back any = string(was)
				if x.set == "sealed" {
					back = was
				}
				q := fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %s = %d", x.table, x.set, key, id)
				if _, err := db.Exec(q, back); err != nil {
					t.Fatal(err)
				}
				if err := read(); err != nil {
					t.Fatalf("put back: %v", err)
				}
			})
		}
	})
}

// Two requesters can be told to be the same without it being told who they are.
func TestWho(t *testing.T) {
	EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := Migrated(t, cfg)
		w := NewWorld(t, s, 51)
		c := filed(w, models.Public)
		who, err := s.Read(ctx).Requester(*c.RequesterID)
		if err != nil || who.WhoEmail == "" || who.WhoIdentity == "" || who.WhoEmail == who.WhoIdentity {
			t.Fatalf("%+v %v", who, err)
		}
		email, identity, err := s.Read(ctx).Who(" siti@contoh.ID", "3171 2345")
		if err != nil || email != who.WhoEmail || identity != who.WhoIdentity {
			t.Errorf("%s %s, expected %s %s: %v", email, identity, who.WhoEmail, who.WhoIdentity, err)
		}
		if email, identity, err = s.Read(ctx).Who("", "31712346"); err != nil || email != "" || identity == who.WhoIdentity {
			t.Errorf("%q %q %v", email, identity, err)
		}
		if n := query[int](t, Raw(t, cfg), "SELECT count(*) FROM requesters WHERE who_email = '"+who.WhoEmail+"'"); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

// Without its own master key a database is not served, and the file at fault is named.
func TestWrongMasterKey(t *testing.T) {
	EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := Migrated(t, cfg)
		filed(NewWorld(t, s, 52), models.Public)
		for name, prepare := range map[string]func(dir string) error{
			"missing": func(string) error { return nil },
			"of another database": func(dir string) error {
				other := store.Config{Path: filepath.Join(t.TempDir(), "other.db"), Keys: Keys(t, dir)}
				Migrated(t, other)
				return nil
			},
		} {
			dir := t.TempDir()
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			wrong := cfg
			wrong.Keys = Keys(t, dir)
			other := Open(t, wrong)
			var ke *store.KeyError
			if err := other.Unlock(ctx); !errors.As(err, &ke) || ke.Path != filepath.Join(dir, "master.key") {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := other.Read(ctx).CaseByID(1); err == nil {
				t.Errorf("%s: a case was read", name)
			}
			if _, err := other.Migrate(ctx); !errors.As(err, &ke) {
				t.Errorf("%s: migrated: %v", name, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "master.key")); name == "missing" && err == nil {
				t.Error("a new master key was made beside a database that is sealed under another")
			}
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("not a key"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.OpenMasterKey(filepath.Join(dir, "master.key")); err == nil || !strings.Contains(err.Error(), "master.key") {
			t.Error(err)
		}
	})
}

// A rotation wraps every key anew while others write, goes on where it was broken off, and
// leaves the old master key without use.
func TestRotateMaster(t *testing.T) {
	EachConfig(t, func(t *testing.T, cfg store.Config) {
		dir := t.TempDir()
		cfg.Keys = Keys(t, dir)
		s := Migrated(t, cfg)
		w := NewWorld(t, s, 53)
		var cases []*models.Case
		for range 30 {
			cases = append(cases, filed(w, models.Public))
		}
		w.Tx(func(tx *store.Tx) error {
			d := &models.Draft{TokenHash: "t", Answers: "{}", Version: 1, CreatedAt: Start, UpdatedAt: Start}
			if err := tx.Insert(d); err != nil {
				return err
			}
			return tx.Insert(&models.Attachment{DraftID: &d.ID, Name: "a.pdf", SHA256: "x", Stored: "s", At: Start})
		})
		// The rotation is another process's: this one must notice by itself.
		again := cfg
		again.Keys = Keys(t, dir)
		other := Open(t, again)
		was, is, err := other.AddMaster()
		if err != nil || was == is {
			t.Fatal(was, is, err)
		}
		if _, err := other.DropMasters(ctx); models.CodeOf(err) != "master_key_in_use" {
			t.Fatalf("dropped while in use: %v", err)
		}
		var wg sync.WaitGroup
		stop := make(chan struct{})
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond): // SQLite's lock between two processes is not a fair one
					filed(w, models.Public)
				}
			}
		})
		broken, cancel := context.WithCancel(ctx)
		if _, err := other.Rewrap(broken, func(int64) { cancel() }); err == nil {
			t.Error("it was not broken off")
		}
		for { // a process that has not looked again may wrap under the old one for a second
			if _, err := other.Rewrap(ctx, func(int64) {}); err != nil {
				t.Fatal(err)
			}
			st, err := s.KeyStatus(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if st.Primary == is {
				break
			}
		}
		close(stop)
		wg.Wait()
		if _, err := other.Rewrap(ctx, func(int64) {}); err != nil {
			t.Fatal(err)
		}
		if n, err := other.UnderMaster(ctx, was); err != nil || n != 0 {
			t.Fatalf("%d under the old key: %v", n, err)
		}
		gone, err := other.DropMasters(ctx)
		if err != nil || len(gone) != 1 || gone[0] != was {
			t.Fatal(gone, err)
		}
		fresh := cfg
		fresh.Keys = Keys(t, dir)
		for _, st := range []*store.Store{s, Open(t, fresh)} {
			for _, c := range cases {
				got, err := st.Read(ctx).CaseByID(c.ID)
				if err != nil || got.Text != c.Text {
					t.Fatalf("%+v %v", got, err)
				}
				if who, err := st.Read(ctx).Requester(*c.RequesterID); err != nil || who.Name != "Siti" {
					t.Fatalf("%+v %v", who, err)
				}
				if ms, err := st.Read(ctx).Messages(c.ID, 0, 10); err != nil || ms[1].Text != "message 1" {
					t.Fatalf("%+v %v", ms, err)
				}
			}
			if d, err := st.Read(ctx).Draft("t"); err != nil || d.Answers != "{}" {
				t.Fatal(d, err)
			}
			if n, err := st.Read(ctx).QueueCount(models.Sight{Desk: true, WholeBody: true}, store.QueueFilter{Terms: st.Terms(cases[0].Text)}, 10); err != nil || n == 0 {
				t.Fatalf("%d found: %v", n, err)
			}
		}
	})
}

// Once a case's key is destroyed, not even a row as it was before opens.
func TestRekeyedCaseIsGone(t *testing.T) {
	EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := Migrated(t, cfg)
		w := NewWorld(t, s, 54)
		c, k := filed(w, models.Confidential), newKey(t)
		w.sequence(k)
		db := Raw(t, cfg)
		message := fmt.Sprintf("SELECT text FROM messages WHERE case_id = %d ORDER BY id LIMIT 1", c.ID)
		text, event := query[string](t, db, message), query[[]byte](t, db, fmt.Sprintf("SELECT sealed FROM events WHERE case_id = %d", c.ID))
		w.Tx(func(tx *store.Tx) error {
			got, err := tx.CaseByID(c.ID)
			if err != nil {
				return err
			}
			return tx.RekeyCase(got)
		})
		if now := query[string](t, db, message); now == text {
			t.Error("the message was not sealed anew")
		}
		if err := s.VerifyLog(ctx, k.Verifiers(), nil); err != nil {
			t.Error(err)
		}
		got, err := s.Read(ctx).Messages(c.ID, 0, 10)
		if err != nil || got[0].Text != "message 0" {
			t.Fatalf("%+v %v", got, err)
		}
		for q, v := range map[string]any{
			fmt.Sprintf("UPDATE messages SET text = $1 WHERE id = %d", got[0].ID): text,
			fmt.Sprintf("UPDATE events SET sealed = $1 WHERE case_id = %d", c.ID): event,
		} {
			if _, err := db.Exec(q, v); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Read(ctx).Messages(c.ID, 0, 10); err == nil {
			t.Error("a message from before opens")
		}
		if _, _, err := s.Read(ctx).Events(store.EventFilter{CaseID: &c.ID}, "", 10); err == nil {
			t.Error("an event from before opens")
		}
		if f := store.AsFault(s.VerifyLog(ctx, k.Verifiers(), nil)); f == nil || f.What != "event" {
			t.Errorf("the log verifies with it: %v", f)
		}
	})
}

// What is put on record of a case while it is being erased can be opened afterwards.
func TestRekeyWhileRead(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 55)
		c := filed(w, models.Confidential)
		var readers sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					err := s.WithTx(t.Context(), func(tx *store.Tx) error {
						if err := tx.HoldCase(c.Reference); err != nil {
							return err
						}
						got, err := tx.CaseByReference(c.Reference)
						if err != nil {
							return err
						}
						return tx.Append(&models.Event{Time: Start, Kind: "case.viewed", CaseID: &got.ID, Reference: got.Reference, Reason: "read"})
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 8 {
			w.Tx(func(tx *store.Tx) error {
				got, err := tx.CaseByID(c.ID)
				if err != nil {
					return err
				}
				return tx.RekeyCase(got)
			})
		}
		close(stop)
		readers.Wait()
		read := 0
		err := s.Read(t.Context()).EachEvent(store.EventFilter{CaseID: &c.ID, Kind: "case.viewed"}, func(e *models.Event) error {
			if e.Reason == "read" {
				read++
			}
			return nil
		})
		if err != nil || read == 0 {
			t.Fatalf("%d readings on record can be opened: %v", read, err)
		}
	})
}

// A database from before anything was sealed is read as it is, sealed by what is written, and
// sealed whole by a pass, after which nothing of it is left in plain text.
func TestSealOlder(t *testing.T) {
	EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := Migrated(t, cfg)
		w := NewWorld(t, s, 55)
		k := newKey(t)
		const word = "zqxjkvbword"
		var cases []*models.Case
		for range 5 {
			cases = append(cases, filed(w, models.Public))
		}
		w.sequence(k)
		db := Raw(t, cfg)
		run := func(q string, args ...any) {
			t.Helper()
			if _, err := db.Exec(q, args...); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
		// As migration 0001 kept them.
		for _, c := range cases {
			events, _, err := s.Read(ctx).Events(store.EventFilter{CaseID: &c.ID}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				run("UPDATE events SET reason = $1, data = $2, canonical = $3, salt = $4, sealed = NULL WHERE id = $5", e.Reason, e.Data, e.Canonical, e.Salt, e.ID)
			}
		}
		run("UPDATE cases SET seal_key = '', subject = '" + word + " subject', text = '" + word + " text', purpose = ''")
		run("UPDATE requesters SET seal_key = '', who_email = '', who_identity = '', name = '" + word + "', email = 'a@" + word + ".id', phone = '', identity_number = '', address = ''")
		run("UPDATE messages SET text = '" + word + " said'")
		st, err := s.KeyStatus(ctx)
		if want := int64(5 + 5 + 10 + 5); err != nil || st.Plain != want {
			t.Fatalf("%d plain rows of %d: %v", st.Plain, want, err)
		}
		check := func() {
			t.Helper()
			for _, c := range cases {
				r := s.Read(ctx)
				got, err := r.CaseByID(c.ID)
				if err != nil || got.Text != word+" text" {
					t.Fatalf("%+v %v", got, err)
				}
				ms, err := r.Messages(c.ID, 0, 10)
				if err != nil || ms[0].Text != word+" said" {
					t.Fatalf("%+v %v", ms, err)
				}
				who, err := r.Requester(*c.RequesterID)
				if err != nil || who.Email != "a@"+word+".id" {
					t.Fatalf("%+v %v", who, err)
				}
			}
			if err := s.VerifyLog(ctx, k.Verifiers(), nil); err != nil {
				t.Fatal(err)
			}
		}
		check()
		// Writing in an old case makes its key, and its older rows stay readable.
		w.Tx(func(tx *store.Tx) error {
			if err := tx.Insert(&models.Message{CaseID: cases[0].ID, Kind: models.PlainMessage, Text: "new", At: Start.AddDate(1, 0, 0)}); err != nil {
				return err
			}
			c, err := tx.CaseByID(cases[1].ID)
			if err != nil {
				return err
			}
			return tx.UpdateCase(c)
		})
		check()
		broken, cancel := context.WithCancel(ctx)
		if _, err := s.SealPlain(broken, func(int64) { cancel() }); err == nil {
			t.Error("it was not broken off")
		}
		check()
		if n, err := s.SealPlain(ctx, func(int64) {}); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		check()
		if st, err := s.KeyStatus(ctx); err != nil || st.Plain != 0 {
			t.Fatalf("%d plain rows are left: %v", st.Plain, err)
		}
		if n, err := s.SealPlain(ctx, func(int64) {}); err != nil || n != 0 {
			t.Errorf("a second pass sealed %d: %v", n, err)
		}
		if n, err := s.Read(ctx).QueueCount(models.Sight{Desk: true, WholeBody: true}, store.QueueFilter{Terms: s.Terms(word)}, 100); err != nil || n == 0 {
			t.Errorf("%d found by their words: %v", n, err)
		}
		if err := s.Compact(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Forget(ctx, 10_000_000_000); err != nil {
			t.Fatal(err)
		}
		if cfg.Path != "" {
			for _, ext := range []string{"", "-wal"} {
				b, err := os.ReadFile(cfg.Path + ext)
				if err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				if i := strings.Index(string(b), word); i >= 0 {
					t.Errorf("%s%s still holds %q", cfg.Path, ext, b[max(0, i-50):i+50])
				}
			}
		}
	})
}
