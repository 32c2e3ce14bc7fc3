package trail

import (
	"encoding/hex"
	"testing"

	checkpoint "github.com/transparency-dev/formats/log"
	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A receipt with a witness's cosignature is read and checked by other people's libraries, none
// of which made it.
func TestReceiptIsReadByOthers(t *testing.T) {
	k := key(t, "terang.example/log")
	b, err := NewBuilder(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := sample()
	if err := Seal(&e); err != nil {
		t.Fatal(err)
	}
	entry, err := EntryOf(&e)
	if err != nil {
		t.Fatal(err)
	}
	const size, at = 700, 300
	for i := range size {
		h := tlog.RecordHash([]byte{byte(i), byte(i >> 8)})
		if i == at {
			h = LeafHash(entry)
		}
		if err := b.Append(h); err != nil {
			t.Fatal(err)
		}
	}
	root, err := b.Root()
	if err != nil {
		t.Fatal(err)
	}
	cp, err := k.Sign(size, root)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCosigner("saksi.example")
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWitness(c, t.TempDir(), []string{k.VerifierKey()})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := w.Add(AddCheckpoint(0, nil, cp.Note))
	if err != nil {
		t.Fatal(err)
	}
	cp.Note = append(cp.Note, lines...)
	tiles := map[[2]int64][]byte{}
	for _, tile := range b.Take() {
		tiles[[2]int64{int64(tile.Level), tile.N}] = tile.Data
	}
	raw, err := MakeReceipt(Opening{Canonical: e.Canonical, Salt: e.Salt}, at, cp, func(level int, n int64) ([]byte, error) { return tiles[[2]int64{int64(level), n}], nil })
	if err != nil {
		t.Fatal(err)
	}

	var p tlogproof.TLogProof
	if err := p.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	logKey, err := note.NewVerifier(k.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	witnessKey, err := WitnessVerifier(c.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	head, _, n, err := checkpoint.ParseCheckpoint(p.Checkpoint, "terang.example/log", logKey, witnessKey)
	if err != nil || len(n.Sigs) != 2 {
		t.Fatalf("%+v %v", n, err)
	}
	hashes := make([][]byte, len(p.Hashes))
	for i := range p.Hashes {
		hashes[i] = p.Hashes[i][:]
	}
	leaf, err := hex.DecodeString(e.LeafHash)
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, head.Size, leaf, hashes, head.Hash); err != nil {
		t.Error(err)
	}
}
