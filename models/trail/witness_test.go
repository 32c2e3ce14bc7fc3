package trail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tree is a log in memory.
type tree struct {
	leaves []tlog.Hash
	key    *Signer
}

func (g *tree) grow(to int, what string) {
	for i := len(g.leaves); i < to; i++ {
		g.leaves = append(g.leaves, tlog.RecordHash(fmt.Appendf(nil, "%s %d", what, i)))
	}
}

func (g *tree) hashes() tlog.HashReader {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, l := range g.leaves {
		made, err := tlog.StoredHashesForRecordHash(int64(i), l, read)
		if err != nil {
			panic(err)
		}
		stored = append(stored, made...)
	}
	return read
}

// show makes the body that shows a witness the log, from the size it saw last.
func (g *tree) show(t *testing.T, from int64) (Checkpoint, []byte) {
	t.Helper()
	r := g.hashes()
	size := int64(len(g.leaves))
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := g.key.Sign(size, root)
	if err != nil {
		t.Fatal(err)
	}
	var proof tlog.TreeProof
	if from > 0 && from < size {
		if proof, err = tlog.ProveTree(size, from, r); err != nil {
			t.Fatal(err)
		}
	}
	return cp, AddCheckpoint(from, proof, cp.Note)
}

func refusal(t *testing.T, err error, kind HeadRefusal, why string) {
	t.Helper()
	var r *RefusedHead
	if !errors.As(err, &r) || r.Kind != kind || !strings.Contains(r.Why, why) {
		t.Errorf("got %v, want refusal %d: %s", err, kind, why)
	}
}

// A log that is shown differently to two people is caught: the witness signed one of the two
// heads and never the other, whatever comes between.
func TestTwoForksOneWitness(t *testing.T) {
	dir := t.TempDir()
	c, err := LoadOrMakeCosigner(filepath.Join(dir, "witness.key"), "saksi.example")
	if err != nil {
		t.Fatal(err)
	}
	k := key(t, "terang.example/log")
	open := func() *Witness {
		w, err := NewWitness(c, filepath.Join(dir, "state"), []string{k.VerifierKey()})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	honest, forged := &tree{key: k}, &tree{key: k}
	honest.grow(5, "event")
	forged.grow(5, "event")
	w := open()
	cp, body := honest.show(t, 0)
	lines, err := w.Add(body)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := WitnessVerifier(c.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	good, err := Cosignatures(cp, lines, verifier)
	if err != nil {
		t.Fatal(err)
	}
	signed := append(cp.Note, good...)
	if Cosigned(signed, []note.Verifier{verifier}) != 1 || Cosigned(cp.Note, []note.Verifier{verifier}) != 0 {
		t.Error("the cosignature does not count, or counts where it is not")
	}
	if _, err := OpenCheckpoint(signed, k.Verifiers()); err != nil {
		t.Error("a cosigned checkpoint does not open:", err)
	}
	// The same head again is signed again, for a portal that lost the answer.
	if _, err := w.Add(AddCheckpoint(5, nil, cp.Note)); err != nil {
		t.Error(err)
	}

	honest.grow(9, "event")
	forged.grow(9, "what others shall see")
	cp, body = honest.show(t, 5)
	if _, err := w.Add(body); err != nil {
		t.Fatal(err)
	}
	w = open() // it remembers
	_, body = forged.show(t, 5)
	refusal(t, func() error { _, err := w.Add(body); return err }(), StaleSize, "9")
	other, body := forged.show(t, 9)
	lines, err = w.Add(body)
	refusal(t, err, Inconsistent, "the log was forked")
	if lines != nil {
		t.Error("a cosignature of the fork")
	}
	forged.grow(12, "what others shall see")
	_, body = forged.show(t, 9)
	refusal(t, func() error { _, err := w.Add(body); return err }(), Inconsistent, "does not show")
	if _, err := Cosignatures(other, good, verifier); err == nil {
		t.Error("the cosignature of one head was taken for another's")
	}
	// Both signed heads are kept: together they convict the log.
	kept, err := filepath.Glob(filepath.Join(dir, "state", "forks", "*.note"))
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	raw, err := os.ReadFile(kept[0])
	if err != nil || !strings.Contains(string(raw), strings.TrimSpace(string(other.Note))) || !strings.Contains(string(raw), strings.TrimSpace(string(cp.Note))) {
		t.Errorf("%s %v", raw, err)
	}
	// The honest log goes on.
	honest.grow(300, "event")
	_, body = honest.show(t, 9)
	if _, err := w.Add(body); err != nil {
		t.Error(err)
	}
	head, err := w.Last("1" + strings.Repeat("0", 63))
	if head != nil || err != nil {
		t.Error("a head of an unknown log", err)
	}
}

func TestWitnessRefuses(t *testing.T) {
	dir := t.TempDir()
	c, err := NewCosigner("saksi.example")
	if err != nil {
		t.Fatal(err)
	}
	k := key(t, "terang.example/log")
	w, err := NewWitness(c, dir, []string{k.VerifierKey()})
	if err != nil {
		t.Fatal(err)
	}
	add := func(body []byte) error { _, err := w.Add(body); return err }
	g := &tree{key: k}
	g.grow(3, "event")
	cp, body := g.show(t, 0)
	refusal(t, add([]byte("x")), Malformed, "expected a line old")
	refusal(t, add([]byte("old 01\n\n"+string(cp.Note))), Malformed, "old SIZE")
	refusal(t, add([]byte("old 0\n!\n\n"+string(cp.Note))), Malformed, "not a hash")
	refusal(t, add([]byte("old 0\n"+strings.Repeat(strings.Repeat("A", 43)+"=\n", 64)+"\n"+string(cp.Note))), Malformed, "64 proof lines")
	refusal(t, add(body[:len(body)-40]), NotTheLogs, "")
	refusal(t, add(AddCheckpoint(4, nil, cp.Note)), Malformed, "beyond")
	refusal(t, add(AddCheckpoint(2, nil, cp.Note)), StaleSize, "cosigned last at 0")
	refusal(t, add(AddCheckpoint(0, tlog.TreeProof{{1}}, cp.Note)), Inconsistent, "none is needed")
	_, stranger := (&tree{key: key(t, "else.example/log"), leaves: g.leaves}).show(t, 0)
	refusal(t, add(stranger), UnknownLog, "else.example")
	_, impostor := (&tree{key: key(t, "terang.example/log"), leaves: g.leaves}).show(t, 0)
	refusal(t, add(impostor), NotTheLogs, "none of which")
	empty, err := k.Sign(0, tlog.Hash{7})
	if err != nil {
		t.Fatal(err)
	}
	refusal(t, add(AddCheckpoint(0, nil, empty.Note)), Inconsistent, "empty log")
	if err := add(body); err != nil {
		t.Error(err)
	}
	// A damaged state is no reason to begin again.
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	if len(files) != 1 || os.WriteFile(files[0], []byte("{"), 0o600) != nil {
		t.Fatal(files)
	}
	if err := add(AddCheckpoint(0, nil, cp.Note)); err == nil || errors.As(err, new(*RefusedHead)) {
		t.Error("it began again:", err)
	}
}

func TestKeyChain(t *testing.T) {
	a, b, c := key(t, "x.example/log").VerifierKey(), key(t, "x.example/log").VerifierKey(), key(t, "x.example/log").VerifierKey()
	chain := NewKeyChain([]Rotation{{10, a, b}, {15, a, c}, {20, b, c}})
	for size, want := range map[int64]string{1: a, 10: a, 11: b, 15: b, 16: b, 20: b, 21: c, 99: c} {
		if got := chain.At(size); got != want {
			t.Errorf("at %d: %s", size, got)
		}
	}
	if got := chain.Keys(); len(got) != 3 || got[0] != c || got[2] != a {
		t.Error(got)
	}
	for _, k := range []string{a, b, c} {
		known, err := Verifiers(k)
		if err != nil {
			t.Fatal(err)
		}
		if err := chain.Anchored(known); err != nil {
			t.Error(err)
		}
	}
	if chain.Anchored(key(t, "x.example/log").Verifiers()) == nil {
		t.Error("a stranger's key anchors it")
	}
	if NewKeyChain(nil).At(5) != "" {
		t.Error("a key out of nothing")
	}
}

// The keys on the disk: another is made beside the first, and only what the log says moves.
func TestNextKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.key")
	s, _, err := LoadOrMakeKey(path, "x.example/log")
	if err != nil {
		t.Fatal(err)
	}
	first := s.VerifierKey()
	running, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.NextKey()
	if err != nil || next == first || s.VerifierKey() != first {
		t.Fatal(next, err)
	}
	// A process that began before learns of it when the log does.
	if err := running.Use(next); err != nil || running.VerifierKey() != next {
		t.Error(err)
	}
	if err := running.Use(first); err != nil || running.VerifierKey() != first {
		t.Error(err)
	}
	if err := running.Use(key(t, "x.example/log").VerifierKey()); err == nil {
		t.Error("a key that is not there")
	}
	if err := s.Retire(first); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o400 {
		t.Error(info, err)
	}
	// A retired key may be destroyed; the log's own record has its public half.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if again, made, err := LoadOrMakeKey(path, "x.example/log"); err != nil || made || again.VerifierKey() != next {
		t.Error(made, err)
	}
	cp, err := s.SignRotation(3, tlog.Hash{1}, next)
	if err != nil || s.VerifierKey() != first {
		t.Fatal(err)
	}
	for _, k := range []string{first, next} {
		one, err := Verifiers(k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCheckpoint(cp.Note, one); err != nil {
			t.Error(err)
		}
	}
}
