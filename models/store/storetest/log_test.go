package storetest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
)

func newKey(t testing.TB) *trail.Signer {
	t.Helper()
	k, err := trail.NewKey("log.example.go.id/log")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// file stores cases, each with its event.
func (w *World) file(n int) []*models.Case {
	w.T.Helper()
	cases := make([]models.Case, n)
	out := make([]*models.Case, n)
	for i := range cases {
		cases[i] = *w.Case()
		out[i] = &cases[i]
	}
	w.Tx(func(tx *store.Tx) error {
		if err := tx.InsertAll(&cases); err != nil {
			return err
		}
		events := make([]models.Event, n)
		for i, c := range out {
			events[i] = *Event(c, "case.filed", Start.Add(time.Duration(c.ID)*time.Second))
		}
		return tx.AppendAll(events)
	})
	return out
}

func (w *World) sequence(k *trail.Signer) {
	w.T.Helper()
	if _, err := w.S.Sequence(ctx, k, Start); err != nil {
		w.T.Fatal(err)
	}
}

// The log grows across tile and batch borders; after each step it verifies whole, every
// receipt holds, and each new head is consistent with the one before.
func TestLogGrows(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 20)
		k := newKey(t)
		if err := s.VerifyLog(ctx, k.Verifiers(), nil); err != nil {
			t.Fatal("the empty log:", err)
		}
		var old trail.Checkpoint
		var ids []int64
		for _, n := range []int{1, 1, 254, 1, 300, 1024, 700} {
			for _, c := range w.file(n) {
				events, _, err := s.Read(ctx).Events(store.EventFilter{CaseID: &c.ID}, "", 1)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, events[0].ID)
			}
			if _, err := s.Receipt(ctx, ids[len(ids)-1], "", store.Quorum{}); models.CodeOf(err) != "receipt_not_ready" || models.KindOf(err) != models.Conflict {
				t.Fatal("a receipt before its time:", err)
			}
			if got, err := s.Sequence(ctx, k, Start); err != nil || got != n {
				t.Fatal(got, err)
			}
			if err := s.Ready(ctx); err != nil {
				t.Fatal(err)
			}
			var last store.Progress
			if err := s.VerifyLog(ctx, k.Verifiers(), func(p store.Progress) { last = p }); err != nil {
				t.Fatal(err)
			}
			cp, err := s.Checkpoint(ctx)
			if err != nil || cp.Size != int64(len(ids)) || last.Done != cp.Size || last.Root != cp.Root || last.Pending != 0 {
				t.Fatalf("%+v %+v %v", cp, last, err)
			}
			if old.Size > 0 {
				p, err := s.ProveConsistency(ctx, old.Size, cp.Size)
				if err != nil {
					t.Fatal(err)
				}
				if err := tlog.CheckTree(p, cp.Size, cp.Root, old.Size, old.Root); err != nil {
					t.Fatal(err)
				}
			}
			old = cp
			for _, i := range []int{0, len(ids) / 2, len(ids) - 1} {
				raw, err := s.Receipt(ctx, ids[i], "", store.Quorum{})
				if err != nil {
					t.Fatal(err)
				}
				r, err := trail.VerifyReceipt(raw, k.Verifiers())
				if err != nil || r.Index != int64(i) || r.Fields["event"] != "case.filed" {
					t.Fatalf("receipt %d: %+v %v", i, r, err)
				}
			}
		}
		if n, err := s.Sequence(ctx, k, Start); n != 0 || err != nil {
			t.Error("nothing to sequence:", n, err)
		}
		published(t, s, old)
	})
}

// published checks the log as an outsider who has only what is served.
func published(t *testing.T, s *store.Store, cp trail.Checkpoint) {
	t.Helper()
	var leaves []tlog.Hash
	for n := int64(0); n*trail.TileWidth < cp.Size; n++ {
		width := trail.WidthAt(cp.Size, 0, n)
		tile, err := s.Tile(ctx, 0, n, width)
		if err != nil || len(tile) != width*tlog.HashSize {
			t.Fatal(len(tile), err)
		}
		bundle, err := s.EntriesTile(ctx, n, width)
		if err != nil {
			t.Fatal(err)
		}
		for i := range width {
			size := int(bundle[0])<<8 | int(bundle[1])
			h := tlog.RecordHash(bundle[2 : 2+size])
			if h != tlog.Hash(tile[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
				t.Fatalf("entry %d of bundle %d is not what its tile says", i, n)
			}
			if strings.Contains(string(bundle[2:2+size]), "case") {
				t.Fatal("an entry tells what it is about")
			}
			bundle = bundle[2+size:]
			leaves = append(leaves, h)
		}
		if len(bundle) != 0 {
			t.Fatal("bytes left over in a bundle")
		}
	}
	// x/mod authenticates every tile it reads against the root.
	tree := tlog.Tree{N: cp.Size, Hash: cp.Root}
	r := tlog.TileHashReader(tree, served{t, s})
	for _, i := range []int64{0, 255, 256, cp.Size - 1} {
		p, err := tlog.ProveRecord(cp.Size, i, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, cp.Size, cp.Root, i, leaves[i]); err != nil {
			t.Fatal(err)
		}
	}
	// Narrower tiles are served from wider ones, wider ones not at all.
	last := (cp.Size - 1) / trail.TileWidth
	width := trail.WidthAt(cp.Size, 0, last)
	if b, err := s.Tile(ctx, 0, last, width-1); err != nil || len(b) != (width-1)*tlog.HashSize {
		t.Error(len(b), err)
	}
	for _, bad := range [][3]int64{{0, last, int64(width) + 1}, {0, last + 1, 1}, {0, -1, 1}, {0, 0, 0}, {7, 0, 1}, {63, 0, 1}, {-1, 0, 1}} {
		if _, err := s.Tile(ctx, bad[0], bad[1], int(bad[2])); models.KindOf(err) != models.NotFound {
			t.Errorf("tile %v: %v", bad, err)
		}
	}
	if _, err := s.EntriesTile(ctx, last, width+1); models.KindOf(err) != models.NotFound {
		t.Error(err)
	}
}

type served struct {
	t *testing.T
	s *store.Store
}

func (served) Height() int { return trail.TileHeight }

func (v served) ReadTiles(tiles []tlog.Tile) (out [][]byte, err error) {
	for _, t := range tiles {
		b, err := v.s.Tile(ctx, int64(t.L), t.N, t.W)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (served) SaveTiles([]tlog.Tile, [][]byte) {}

// Several sequencers and writers at once, some of them cut off in the middle: one
// history, every event once.
func TestSequencersAtOnce(t *testing.T) {
	EachConfig(t, func(t *testing.T, c store.Config) {
		s := Migrated(t, c)
		others := []*store.Store{s, Open(t, c), Open(t, c)}
		k := newKey(t)
		w := NewWorld(t, s, 21)
		cases := w.file(8)
		stop := make(chan struct{})
		var sequencers, writers sync.WaitGroup
		var placed, written atomic.Int64
		for i := range 6 {
			sequencers.Go(func() {
				for n := 0; ; n++ {
					cut, cancel := ctx, context.CancelFunc(func() {})
					if i%2 == 1 {
						cut, cancel = context.WithTimeout(ctx, time.Duration(n%23)*300*time.Microsecond)
					}
					got, err := others[i%3].Sequence(cut, k, Start)
					cancel()
					placed.Add(int64(got))
					if err != nil && cut == ctx {
						t.Error(err)
					}
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		for _, c := range cases {
			writers.Go(func() {
				for range 30 {
					if err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.Append(Event(c, "case.viewed", Start)) }); err != nil {
						t.Error(err)
					}
					written.Add(1)
				}
			})
		}
		writers.Wait()
		close(stop)
		sequencers.Wait()
		w.sequence(k)
		if err := s.VerifyLog(ctx, k.Verifiers(), nil); err != nil {
			t.Fatal(err)
		}
		cp, err := s.Checkpoint(ctx)
		if want := written.Load() + int64(len(cases)); err != nil || cp.Size != want {
			t.Errorf("%d in the log, %d written: %v", cp.Size, want, err)
		}
	})
}

// What each way of tampering is called. The database is changed under the store.
func TestTampering(t *testing.T) {
	EachConfig(t, func(t *testing.T, base store.Config) {
		const n = 300
		s := Migrated(t, base)
		v := &tampered{t: t, w: NewWorld(t, s, 22), key: newKey(t), db: Raw(t, base), postgres: base.URL != ""}
		v.w.file(200)
		v.w.sequence(v.key)
		v.w.file(n - 200)
		v.w.sequence(v.key)
		v.keep()
		for _, x := range []struct {
			name string
			what string // of the fault; "" where nothing may be found
			why  string
			do   func(*testing.T, *tampered)
		}{
			{"nothing", "", "", func(*testing.T, *tampered) {}},
			{"event changed", "event", "its row was changed", run("UPDATE events SET reason = 'other' WHERE leaf = 250")},
			{"actor changed", "event", "its row was changed", run("UPDATE events SET actor = 'someone' WHERE leaf = 0")},
			{"timestamp moved", "event", `its row was changed: sealed "time 2026`, run("UPDATE events SET time = '2026-03-01 00:00:00+00:00' WHERE leaf = 299")},
			{"time moved by a microsecond", "event", "its row was changed", run("UPDATE events SET time = '2026-03-02 01:07:03.000001+00:00' WHERE leaf = 299")},
			{"event changed with its text", "event", "do not make the leaf hash", func(t *testing.T, x *tampered) {
				x.unseal(250)
				x.exec("UPDATE events SET reason = 'other', canonical = replace(canonical, 'data {}', 'reason other' || chr(10) || 'data {}') WHERE leaf = 250")
			}},
			{"sealed part changed", "event", "cannot be opened", func(t *testing.T, x *tampered) {
				x.exec("UPDATE events SET sealed = ? WHERE leaf = 250", make([]byte, 400))
			}},
			{"sealed part of another event", "event", "cannot be opened", run(
				"UPDATE events SET sealed = (SELECT o.sealed FROM events o WHERE o.leaf = 251) WHERE leaf = 250")},
			{"sealed part removed", "event", "its salt and text were destroyed", run("UPDATE events SET sealed = NULL WHERE leaf = 250")},
			{"event sealed anew", "entry", "not a commitment to this event", func(t *testing.T, x *tampered) { x.reseal(250) }},
			{"event and entry sealed anew", "checkpoint", "do not make the root that was signed at size 300", func(t *testing.T, x *tampered) {
				x.exec("UPDATE log_leaf SET entry = ? WHERE idx = 250", x.reseal(250))
			}},
			{"salt lost", "event", "salt", func(t *testing.T, x *tampered) {
				x.unseal(5)
				x.exec("UPDATE events SET salt = '' WHERE leaf = 5")
			}},
			{"event removed", "event", "it was removed", run("DELETE FROM events WHERE leaf = 100")},
			{"last event removed", "event", "it was removed", run("DELETE FROM events WHERE leaf = 299")},
			{"event taken out of the log", "event", "it was removed", run("UPDATE events SET leaf = NULL WHERE leaf = 100")},
			{"event inserted", "event", "claims a place", func(t *testing.T, x *tampered) {
				x.w.file(1)
				x.exec("UPDATE events SET leaf = 300 WHERE leaf IS NULL")
			}},
			{"event inserted before the others", "event", "claims a place", func(t *testing.T, x *tampered) {
				x.w.file(1)
				x.exec("UPDATE events SET leaf = -1 WHERE leaf IS NULL")
			}},
			{"events exchanged", "entry", "not a commitment to this event", run(
				"UPDATE events SET leaf = -5 WHERE leaf = 10", "UPDATE events SET leaf = 10 WHERE leaf = 11", "UPDATE events SET leaf = 11 WHERE leaf = -5")},
			{"events exchanged with their entries", "checkpoint", "do not make the root that was signed at size 200", run(
				"UPDATE events SET leaf = -5 WHERE leaf = 10", "UPDATE events SET leaf = 10 WHERE leaf = 11", "UPDATE events SET leaf = 11 WHERE leaf = -5",
				"UPDATE log_leaf SET idx = -5 WHERE idx = 10", "UPDATE log_leaf SET idx = 10 WHERE idx = 11", "UPDATE log_leaf SET idx = 11 WHERE idx = -5")},
			{"entry removed", "entry", "no entry here", run("DELETE FROM log_leaf WHERE idx = 20")},
			{"entry added", "entry", "beyond its head", run("INSERT INTO log_leaf (idx, entry) SELECT 300, entry FROM log_leaf WHERE idx = 3")},
			{"tile swapped", "tile", "tile 0/0 does not hold", run(
				"UPDATE log_tile SET data = (SELECT data FROM log_tile t WHERE t.level = 0 AND t.idx = 1) WHERE level = 0 AND idx = 0")},
			{"tile removed", "tile", "tile 1/0 is missing", run("DELETE FROM log_tile WHERE level = 1")},
			{"last tile cut", "tile", "tile 0/1 does not hold", func(t *testing.T, x *tampered) {
				x.exec("UPDATE log_tile SET data = ? WHERE level = 0 AND idx = 1", make([]byte, 32))
			}},
			{"forked head", "head", "the log has forked", func(t *testing.T, x *tampered) { x.exec("UPDATE log_head SET root = ?", make([]byte, 32)) }},
			{"truncated log", "head", "was cut off", run(
				"DELETE FROM events WHERE leaf >= 270", "DELETE FROM log_leaf WHERE idx >= 270",
				"UPDATE log_head SET size = 270, root = (SELECT root FROM log_head)")},
			{"truncated with its checkpoint", "checkpoint", "no checkpoint for the head", run(
				"DELETE FROM events WHERE leaf >= 270", "DELETE FROM log_leaf WHERE idx >= 270", "DELETE FROM log_checkpoint WHERE size > 270",
				"UPDATE log_head SET size = 270")},
			{"head removed", "head", "no head", run("DELETE FROM log_head", "DELETE FROM log_checkpoint")},
			{"checkpoint by another key", "signature", "none of which is the log's key", func(t *testing.T, x *tampered) {
				cp, err := newKey(t).Sign(n, x.root())
				if err != nil {
					t.Fatal(err)
				}
				x.exec("UPDATE log_checkpoint SET note = ? WHERE size = 300", cp.Note)
			}},
			{"checkpoint of another tree", "checkpoint", "do not make the root that was signed at size 200", func(t *testing.T, x *tampered) {
				cp, err := x.key.Sign(200, tlog.Hash{1})
				if err != nil {
					t.Fatal(err)
				}
				x.exec("UPDATE log_checkpoint SET note = ? WHERE size = 200", cp.Note)
			}},
			{"whole log made anew without the key", "signature", "invalid signature", func(t *testing.T, x *tampered) {
				var note []byte
				if err := x.db.QueryRow("SELECT note FROM log_checkpoint WHERE size = 300").Scan(&note); err != nil {
					t.Fatal(err)
				}
				root := x.root()
				root[0] ^= 1
				forged := trail.Checkpoint{Origin: x.key.Origin(), Size: n, Root: root}.Text() + string(note)[strings.Index(string(note), "\n\n")+1:]
				x.exec("UPDATE log_checkpoint SET note = ? WHERE size = 300", []byte(forged))
			}},
			{"waiting event changed", "event", "its row was changed", func(t *testing.T, x *tampered) {
				x.w.file(1)
				x.exec("UPDATE events SET reason = 'other' WHERE leaf IS NULL")
			}},
			{"case changed behind its events", "case", `has state "closed" and its last event`, func(t *testing.T, x *tampered) {
				x.exec("UPDATE cases SET state = 'closed' WHERE id = (SELECT min(id) FROM cases WHERE state <> 'closed')")
			}},
			{"case declassified", "case", "classification", run("UPDATE cases SET classification = 'public' WHERE id = (SELECT min(id) FROM cases WHERE classification <> 'public')")},
			{"case without events", "case", "no event at all", func(t *testing.T, x *tampered) {
				x.w.Tx(func(tx *store.Tx) error { return tx.Insert(x.w.Case()) })
			}},
		} {
			t.Run(x.name, func(t *testing.T) {
				v.t, v.w.T = t, t
				v.restore()
				x.do(t, v)
				err := s.VerifyLog(ctx, v.key.Verifiers(), nil)
				f := store.AsFault(err)
				switch {
				case x.what == "" && err == nil:
				case f == nil:
					t.Fatalf("not named: %v", err)
				case f.What != x.what || !strings.Contains(f.Error(), x.why):
					t.Fatalf("named %q; expected %s: …%s…", f, x.what, x.why)
				}
			})
		}
	})
}

func TestWrongKey(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 23)
		w.file(3)
		k := newKey(t)
		w.sequence(k)
		other, err := trail.NewKey("other.example/log")
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []*trail.Signer{newKey(t), other} {
			if f := store.AsFault(s.VerifyLog(ctx, wrong.Verifiers(), nil)); f == nil || f.What != "signature" {
				t.Error(f)
			}
		}
		// Nor does another key continue the log.
		w.file(2)
		if _, err := s.Sequence(ctx, newKey(t), Start); err == nil {
			t.Error("the log was continued by another key")
		}
	})
}

type tampered struct {
	t        *testing.T
	w        *World
	key      *trail.Signer
	db       *sql.DB
	postgres bool
}

// The sequencer builds on nothing that was tampered with.
func TestSequencerRefuses(t *testing.T) {
	EachConfig(t, func(t *testing.T, c store.Config) {
		s := Migrated(t, c)
		w := NewWorld(t, s, 24)
		k := newKey(t)
		w.file(10)
		w.sequence(k)
		w.file(1)
		db := Raw(t, c)
		run := func(q string) {
			t.Helper()
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		run("UPDATE log_head SET size = 9")
		if _, err := s.Sequence(ctx, k, Start); err == nil || !strings.Contains(err.Error(), "do not lead to the root") {
			t.Error(err)
		}
		if err := s.Ready(ctx); err == nil {
			t.Error("ready with a head that has no checkpoint")
		}
		run("UPDATE log_head SET size = 10")
		run("UPDATE events SET canonical = canonical || 'x' WHERE leaf IS NULL")
		if _, err := s.Sequence(ctx, k, Start); err == nil || !strings.Contains(err.Error(), "its row was changed") {
			t.Error(err)
		}
		run("UPDATE events SET canonical = 'x', salt = '" + strings.Repeat("00", 32) + "', sealed = NULL WHERE leaf IS NULL")
		if _, err := s.Sequence(ctx, k, Start); err == nil || !strings.Contains(err.Error(), "leaf hash differs") {
			t.Error(err)
		}
	})
}

// What no database could give back is refused before it is sealed.
func TestAppendRefuses(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		for _, bad := range []string{"a\x00b", "a\xffb"} {
			err := s.WithTx(ctx, func(tx *store.Tx) error {
				return tx.Append(&models.Event{Time: Start, Kind: "case.filed", Reason: bad})
			})
			if models.KindOf(err) != models.Internal {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestEvents(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 25)
		k := newKey(t)
		cases := w.file(1500)
		w.sequence(k)
		waiting := w.file(1100)
		w.Tx(func(tx *store.Tx) error {
			return tx.Append(&models.Event{Time: Start, Kind: "officer.added", ActorRole: "administrator"})
		})
		r := s.Read(ctx)
		read := func(f store.EventFilter, limit int) []models.Event {
			t.Helper()
			var all []models.Event
			for next := ""; ; {
				rows, after, err := r.Events(f, next, limit)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, rows...)
				if after == "" {
					return all
				}
				next = after
			}
		}
		total := len(cases) + len(waiting) + 1
		for _, limit := range []int{7, 100, 500} {
			up := read(store.EventFilter{}, limit)
			down := read(store.EventFilter{Desc: true}, limit)
			if len(up) != total || len(down) != total {
				t.Fatalf("%d up and %d down of %d", len(up), len(down), total)
			}
			for i := range up {
				if up[i].ID != down[total-1-i].ID {
					t.Fatal("the two orders differ")
				}
				if i < len(cases) && (up[i].Leaf == nil || *up[i].Leaf != int64(i)) || i >= len(cases) && up[i].Leaf != nil {
					t.Fatal("not in log order")
				}
			}
		}
		from, to := Start.Add(100*time.Second), Start.Add(200*time.Second)
		for name, x := range map[string]struct {
			f    store.EventFilter
			want int
		}{
			"time":      {store.EventFilter{From: &from, To: &to}, 100},
			"case":      {store.EventFilter{CaseID: &cases[3].ID}, 1},
			"waiting":   {store.EventFilter{CaseID: &waiting[3].ID}, 1},
			"reference": {store.EventFilter{Reference: cases[5].Reference}, 1},
			"kind":      {store.EventFilter{Kind: "officer.added"}, 1},
			"role":      {store.EventFilter{ActorRole: "administrator"}, 1},
			"admin":     {store.EventFilter{OnlyAdmin: true}, 1},
			"sequenced": {store.EventFilter{Sequenced: true}, len(cases)},
			"newest":    {store.EventFilter{Sequenced: true, Desc: true}, len(cases)},
		} {
			if got := read(x.f, 50); len(got) != x.want {
				t.Errorf("%s: %d events, expected %d", name, len(got), x.want)
			}
		}
		// A stream meets every event although the sequencer places some meanwhile.
		seen := map[int64]int{}
		if err := r.EachEvent(store.EventFilter{}, func(e *models.Event) error {
			if len(seen) == 1700 {
				w.sequence(k)
			}
			seen[e.ID]++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(seen) != total {
			t.Errorf("a stream met %d of %d events", len(seen), total)
		}
		stop := errors.New("stop")
		if err := r.EachEvent(store.EventFilter{}, func(*models.Event) error { return stop }); !errors.Is(err, stop) {
			t.Error(err)
		}
	})
}

// run tampers with statements that are the same everywhere.
func run(statements ...string) func(*testing.T, *tampered) {
	return func(_ *testing.T, x *tampered) {
		x.t.Helper()
		for _, q := range statements {
			x.exec(q)
		}
	}
}

// unseal writes an event as plain as it was before anything was sealed: what is done to it
// then, only who has the keys could do to a sealed one.
func (x *tampered) unseal(leaf int64) {
	x.t.Helper()
	var e *models.Event
	if err := x.w.S.Read(ctx).EachEvent(store.EventFilter{Sequenced: true}, func(row *models.Event) error {
		if *row.Leaf == leaf {
			e = row
		}
		return nil
	}); err != nil {
		x.t.Fatal(err)
	}
	x.exec("UPDATE events SET reason = ?, data = ?, canonical = ?, salt = ?, sealed = NULL WHERE leaf = ?", e.Reason, e.Data, e.Canonical, e.Salt, leaf)
}

func (x *tampered) exec(q string, args ...any) {
	x.t.Helper()
	if x.postgres {
		for i := 1; strings.Contains(q, "?"); i++ {
			q = strings.Replace(q, "?", fmt.Sprintf("$%d", i), 1)
		}
	} else {
		q = strings.ReplaceAll(q, "chr(", "char(")
	}
	res, err := x.db.Exec(q, args...)
	if err != nil {
		x.t.Fatalf("%s: %v", q, err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		x.t.Fatalf("%s changed nothing", q)
	}
}

// keep copies what is tampered with, and restore brings it back.
func (x *tampered) keep() {
	for _, table := range tamperedTables {
		if _, err := x.db.Exec("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table); err != nil {
			x.t.Fatal(err)
		}
	}
}

var tamperedTables = []string{"cases", "events", "log_leaf", "log_tile", "log_head", "log_checkpoint"}

func (x *tampered) restore() {
	for _, table := range slices.Backward(tamperedTables) {
		if _, err := x.db.Exec("DELETE FROM " + table); err != nil {
			x.t.Fatal(err)
		}
	}
	for _, table := range tamperedTables {
		if _, err := x.db.Exec("INSERT INTO " + table + " SELECT * FROM kept_" + table); err != nil {
			x.t.Fatal(err)
		}
	}
}

func (x *tampered) root() tlog.Hash {
	cp, err := x.w.S.Checkpoint(ctx)
	if err != nil {
		x.t.Fatal(err)
	}
	return cp.Root
}

// reseal changes an event as someone would who knows how it is sealed, and gives the
// entry it would have.
func (x *tampered) reseal(leaf int64) []byte {
	events, _, err := x.w.S.Read(ctx).Events(store.EventFilter{}, "", 500)
	if err != nil {
		x.t.Fatal(err)
	}
	e := events[leaf]
	e.Reason = "other"
	if err := trail.Seal(&e); err != nil {
		x.t.Fatal(err)
	}
	x.exec("UPDATE events SET reason = ?, data = ?, canonical = ?, salt = ?, leaf_hash = ?, sealed = NULL WHERE leaf = ?", e.Reason, e.Data, e.Canonical, e.Salt, e.LeafHash, leaf)
	entry, err := trail.EntryOf(&e)
	if err != nil {
		x.t.Fatal(err)
	}
	if h := trail.LeafHash(entry); hex.EncodeToString(h[:]) != e.LeafHash {
		x.t.Fatal("resealed wrongly")
	}
	return entry
}
