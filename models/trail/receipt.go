package trail

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	algEd25519  = 1
	proofHeader = "c2sp.org/tlog-proof@v1"
)

func publicOf(seed []byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

// Opening is the extra data of a receipt: what opens the commitment.
type Opening struct {
	Canonical string `json:"canonical"`
	Salt      string `json:"salt"`          // hex
	Key       string `json:"key,omitempty"` // the public key the log claims; compare it with the published one
}

// Receipt is a c2sp.org/tlog-proof@v1: an entry's place in a signed tree, and
// in its extra data what opens the entry.
type Receipt struct {
	Opening    Opening
	Index      int64
	Proof      tlog.RecordProof
	Checkpoint Checkpoint
	Fields     map[string]string // of the canonical text, once verified
}

// MakeReceipt proves leaf index in the tree of the checkpoint.
func MakeReceipt(o Opening, index int64, cp Checkpoint, read ReadTile) ([]byte, error) {
	if index < 0 || index >= cp.Size {
		return nil, fmt.Errorf("index %d is not in a tree of %d", index, cp.Size)
	}
	proof, err := tlog.ProveRecord(cp.Size, index, HashReader(cp.Size, read))
	if err != nil {
		return nil, err
	}
	extra, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, base64.StdEncoding.EncodeToString(extra), index)
	for _, h := range proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.Write(cp.Note)
	return b.Bytes(), nil
}

// ParseReceipt reads a receipt without believing it.
func ParseReceipt(raw []byte) (*Receipt, error) {
	head, signed, ok := strings.Cut(string(raw), "\n\n")
	if !ok {
		return nil, errors.New("the receipt is cut off: no checkpoint follows its proof")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != proofHeader {
		return nil, fmt.Errorf("not a receipt: the first line is not %s", proofHeader)
	}
	lines = lines[1:]
	r := &Receipt{}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "extra ") {
		return nil, errors.New("the receipt has no extra line: nothing opens its entry")
	}
	extra, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[0], "extra "))
	if err != nil {
		return nil, errors.New("the receipt's extra line is not base64")
	}
	d := json.NewDecoder(bytes.NewReader(extra))
	d.DisallowUnknownFields()
	if err := d.Decode(&r.Opening); err != nil {
		return nil, errors.New("the receipt's extra data is not what opens an entry of Terang")
	}
	lines = lines[1:]
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return nil, errors.New("the receipt has no index line")
	}
	num := strings.TrimPrefix(lines[0], "index ")
	r.Index, err = strconv.ParseInt(num, 10, 64)
	if err != nil || r.Index < 0 || strconv.FormatInt(r.Index, 10) != num {
		return nil, fmt.Errorf("the receipt's index %q is not a number", num)
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != tlog.HashSize {
			return nil, errors.New("a line of the receipt's proof is not a hash in base64")
		}
		r.Proof = append(r.Proof, tlog.Hash(h))
	}
	text, _, ok := strings.Cut(signed, "\n\n")
	if !ok {
		return nil, errors.New("the receipt is cut off: its checkpoint has no signature")
	}
	if r.Checkpoint, err = ParseCheckpoint(text + "\n"); err != nil {
		return nil, fmt.Errorf("the receipt's checkpoint: %w", err)
	}
	r.Checkpoint.Note = []byte(signed)
	return r, nil
}

// VerifyReceipt checks a receipt offline against the log's public keys: the
// checkpoint is signed by the log, the opening makes the entry, the entry is at
// that index in the tree. The error says which does not hold.
func VerifyReceipt(raw []byte, known note.Verifiers) (*Receipt, error) {
	r, err := ParseReceipt(raw)
	if err != nil {
		return nil, err
	}
	cp, err := OpenCheckpoint(r.Checkpoint.Note, known)
	if err != nil {
		return nil, fmt.Errorf("the receipt's checkpoint: %w", err)
	}
	r.Checkpoint = cp
	salt, err := hex.DecodeString(r.Opening.Salt)
	if err != nil || len(salt) != SaltSize {
		return nil, errors.New("the receipt's salt is not 32 bytes in hex")
	}
	if r.Fields, err = ReadCanonical(r.Opening.Canonical); err != nil {
		return nil, err
	}
	leaf := LeafHash(Commit(r.Opening.Canonical, salt))
	if r.Index >= cp.Size {
		return nil, fmt.Errorf("the receipt's index %d is outside its tree of %d", r.Index, cp.Size)
	}
	if err := tlog.CheckRecord(r.Proof, cp.Size, cp.Root, r.Index, leaf); err != nil {
		return nil, errors.New("the text in the receipt is not the entry that the log holds at that index (the proof does not lead to the signed root)")
	}
	return r, nil
}

// ReceiptKey is the public key a receipt claims for its log, for a reader who was
// given none; "" when it claims none.
func ReceiptKey(raw []byte) (string, error) {
	r, err := ParseReceipt(raw)
	if err != nil {
		return "", err
	}
	return r.Opening.Key, nil
}
