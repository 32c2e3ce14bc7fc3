package storetest

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
)

// rotate has the log record that another key follows, as casework.RotateLogKey does.
func (w *World) rotate(k *trail.Signer) (was, is string) {
	w.T.Helper()
	was = k.VerifierKey()
	is, err := k.NextKey()
	if err != nil {
		w.T.Fatal(err)
	}
	w.Tx(func(tx *store.Tx) error {
		return tx.Append(&models.Event{Time: Start, Kind: trail.KeyRotated, ActorRole: "system", Data: models.EventData{Old: was, New: is}.JSON()})
	})
	return was, is
}

func known(t *testing.T, vkeys ...string) note.Verifiers {
	t.Helper()
	v, err := trail.Verifiers(vkeys...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The log itself records a change of keys: who knows any of its keys can check all of it, heads
// are the old key's up to the change and the new one's after it, and nobody else's.
func TestKeyRotation(t *testing.T) {
	EachConfig(t, func(t *testing.T, base store.Config) {
		s := Migrated(t, base)
		v := &tampered{t: t, w: NewWorld(t, s, 30), key: newKey(t), db: Raw(t, base), postgres: base.URL != ""}
		k := v.key
		v.w.file(20)
		first, second := v.w.rotate(k)
		v.w.file(20) // waits in the same batch, and is signed by the new key
		v.w.sequence(k)
		if k.VerifierKey() != second {
			t.Fatal("the old key is still in use")
		}
		v.w.file(5)
		v.w.sequence(k)
		_, third := v.w.rotate(k)
		v.w.sequence(k)
		v.w.file(4)
		v.w.sequence(k)
		for _, one := range []string{first, second, third} {
			if err := s.VerifyLog(ctx, known(t, one), nil); err != nil {
				t.Error(err)
			}
		}
		if f := store.AsFault(s.VerifyLog(ctx, newKey(t).Verifiers(), nil)); f == nil || f.What != "signature" {
			t.Error(f)
		}
		if keys, err := s.LogKeys(ctx); err != nil || len(keys) != 3 || keys[0] != third || keys[2] != first {
			t.Error(keys, err)
		}
		// From the first key an outsider follows to the third.
		believed := []string{first}
		for n := 1; n <= 2; n++ {
			raw, err := s.RotationReceipt(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := trail.FollowRotation(raw, newKey(t).Verifiers()); err == nil {
				t.Error("a stranger follows")
			}
			rot, err := trail.FollowRotation(raw, known(t, believed...))
			if err != nil {
				t.Fatal(err)
			}
			believed = append(believed, rot.New)
		}
		if believed[2] != third {
			t.Error(believed)
		}
		if _, err := s.RotationReceipt(ctx, 3); models.KindOf(err) != models.NotFound {
			t.Error(err)
		}
		raw, err := s.Receipt(ctx, 1, "", store.Quorum{})
		if err != nil {
			t.Fatal(err)
		}
		if claimed, err := trail.ReceiptKey(raw); err != nil || claimed != third {
			t.Error(claimed, err)
		}

		v.keep()
		head := func(size int64, by string) {
			t.Helper()
			var note []byte
			if err := v.db.QueryRow(map[bool]string{false: "SELECT note FROM log_checkpoint WHERE size = ?", true: "SELECT note FROM log_checkpoint WHERE size = $1"}[v.postgres], size).Scan(&note); err != nil {
				t.Fatal(err)
			}
			cp, err := trail.ReadSigned(note)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Use(by); err != nil {
				t.Fatal(err)
			}
			forged, err := k.Sign(cp.Size, cp.Root)
			if err != nil {
				t.Fatal(err)
			}
			v.exec("UPDATE log_checkpoint SET note = ? WHERE size = ?", forged.Note, size)
		}
		for _, x := range []struct {
			name, what, why string
			do              func()
		}{
			{"the stolen old key signs on", "signature", "none of which is the log's key", func() { head(51, first) }},
			{"a change that the old key does not vouch for", "signature", "the checkpoint at 21", func() { head(21, second) }},
			{"a change without a head", "checkpoint", "no head vouches", func() { v.exec("DELETE FROM log_checkpoint WHERE size = 21") }},
			{"a change made up", "event", "its row was changed", func() {
				v.exec("UPDATE events SET data = replace(data, ?, ?) WHERE leaf = 20", second, newKey(t).VerifierKey())
			}},
			{"a change hidden", "event", "its row was changed", func() { v.exec("UPDATE events SET kind = 'note.added' WHERE leaf = 20") }},
		} {
			v.restore()
			x.do()
			f := store.AsFault(s.VerifyLog(ctx, known(t, first, second, third), nil))
			if f == nil || f.What != x.what && x.what != "event" || !strings.Contains(f.Error(), x.why) && x.what != "event" {
				t.Errorf("%s: %v", x.name, f)
			}
		}
		v.restore()
		// A server that has no copy of the new key stops sealing, and says why.
		v.w.file(1)
		if _, err := s.Sequence(ctx, newKey(t), Start); err == nil || !strings.Contains(err.Error(), "now signed by the key") {
			t.Error(err)
		}
	})
}

// Receipts wait for the quorum, and bear its cosignatures.
func TestQuorum(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 31)
		k := newKey(t)
		var cosigners []*trail.Cosigner
		var verifiers []note.Verifier
		q := store.Quorum{N: 2}
		for _, name := range []string{"a.example", "b.example", "c.example"} {
			c, err := trail.NewCosigner(name)
			if err != nil {
				t.Fatal(err)
			}
			v, err := trail.WitnessVerifier(c.VerifierKey())
			if err != nil {
				t.Fatal(err)
			}
			cosigners, verifiers, q.Witnesses = append(cosigners, c), append(verifiers, v), append(q.Witnesses, name)
		}
		witnesses := make([]*trail.Witness, len(cosigners))
		for i, c := range cosigners {
			var err error
			if witnesses[i], err = trail.NewWitness(c, t.TempDir(), []string{k.VerifierKey()}); err != nil {
				t.Fatal(err)
			}
		}
		show := func(i int) {
			t.Helper()
			from, err := s.Cosigned(ctx, q.Witnesses[i])
			if err != nil {
				t.Fatal(err)
			}
			cp, body, err := s.ShowWitness(ctx, from)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := witnesses[i].Add(body)
			if err != nil {
				t.Fatal(err)
			}
			if lines, err = trail.Cosignatures(cp, lines, verifiers[i]); err != nil {
				t.Fatal(err)
			}
			if err := s.PutCosignature(ctx, cp.Size, q.Witnesses[i], lines, Start); err != nil {
				t.Fatal(err)
			}
		}
		w.file(10)
		w.sequence(k)
		notYet := func(event int64) {
			t.Helper()
			if _, err := s.Receipt(ctx, event, "", q); models.CodeOf(err) != "receipt_not_ready" || models.KindOf(err) != models.Conflict {
				t.Error(err)
			}
		}
		notYet(1)
		show(0)
		notYet(1)
		if cp, err := s.Published(ctx, q); err != nil || trail.Cosigned(cp.Note, verifiers) != 1 {
			t.Errorf("before the quorum the newest head is shown, with what it has: %v", err)
		}
		show(1)
		w.file(300)
		w.sequence(k)
		show(2) // one is not enough for the newer head
		raw, err := s.Receipt(ctx, 1, "", q)
		if err != nil {
			t.Fatal(err)
		}
		r, err := trail.VerifyReceipt(raw, k.Verifiers())
		if err != nil || r.Checkpoint.Size != 10 || trail.Cosigned(r.Checkpoint.Note, verifiers) != 2 {
			t.Errorf("%+v %v", r, err)
		}
		notYet(200)
		show(0)
		if _, err := s.Receipt(ctx, 200, "", q); err != nil {
			t.Error(err)
		}
		if cp, err := s.Published(ctx, q); err != nil || cp.Size != 310 {
			t.Error(cp.Size, err)
		}
		// Witnesses that are no longer asked count no more.
		if _, err := s.Receipt(ctx, 1, "", store.Quorum{N: 1, Witnesses: []string{"d.example"}}); models.CodeOf(err) != "receipt_not_ready" {
			t.Error(err)
		}
	})
}
