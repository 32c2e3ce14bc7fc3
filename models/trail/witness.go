package trail

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A witness signs, for each log it knows, one growing history and no other: who holds
// a head with its cosignature knows that everybody whom the witness answered saw the same
// (c2sp.org/tlog-witness, c2sp.org/tlog-cosignature).

// Cosigner signs for a witness.
type Cosigner struct {
	signer *cosignature.Signer
	skey   string
	vkey   string
}

// NewCosigner makes a witness's key. The name is a URL without scheme that the witness
// controls, such as saksi.example.org.
func NewCosigner(name string) (*Cosigner, error) {
	if name == "" || strings.ContainsAny(name, " +\n\t") {
		return nil, fmt.Errorf("witness name %q: expected a URL without scheme, spaces or plus signs", name)
	}
	skey, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	return cosignerOf(skey)
}

func cosignerOf(skey string) (*Cosigner, error) {
	s, err := cosignature.NewSignerForCosignatureV1(skey)
	if err != nil {
		return nil, errors.New("not a key of a witness (PRIVATE+KEY+…)")
	}
	plain, err := verifierKey(skey)
	if err != nil {
		return nil, err
	}
	vkey, err := cosignature.VKeyToCosignatureV1(plain)
	if err != nil {
		return nil, err
	}
	return &Cosigner{s, skey, vkey}, nil
}

// LoadOrMakeCosigner reads the key at path, or makes one for the name.
func LoadOrMakeCosigner(path, name string) (*Cosigner, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		c, err := cosignerOf(strings.TrimSpace(string(raw)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return c, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	c, err := NewCosigner(name)
	if err != nil {
		return nil, err
	}
	return c, writeKey(path, c.skey, 0o600)
}

// Name is what the witness calls itself.
func (c *Cosigner) Name() string { return c.signer.Name() }

// VerifierKey is the public half: name+hash+key.
func (c *Cosigner) VerifierKey() string { return c.vkey }

// WitnessVerifier reads a witness's public key.
func WitnessVerifier(vkey string) (note.Verifier, error) {
	v, err := cosignature.NewVerifierForCosignatureV1(strings.TrimSpace(vkey))
	if err != nil {
		return nil, fmt.Errorf("witness key %q: %w", vkey, err)
	}
	return v, nil
}

// Cosigned counts the witnesses, of those given, whose cosignature a signed checkpoint bears.
func Cosigned(signed []byte, witnesses []note.Verifier) int {
	if len(witnesses) == 0 {
		return 0
	}
	n, err := note.Open(signed, note.VerifierList(witnesses...))
	if err != nil {
		return 0
	}
	seen := map[string]bool{} // a witness with two keys is one
	for _, s := range n.Sigs {
		seen[s.Name] = true
	}
	return len(seen)
}

// Cosignatures gives the lines of an answer that are signatures, by the given witness, of
// a checkpoint's text.
func Cosignatures(cp Checkpoint, answer []byte, by note.Verifier) ([]byte, error) {
	n, err := note.Open(append([]byte(textOf(cp)+"\n"), answer...), note.VerifierList(by))
	if err != nil || len(n.Sigs) == 0 {
		return nil, fmt.Errorf("the witness's answer holds no cosignature by %s of the head at %d", by.Name(), cp.Size)
	}
	var out bytes.Buffer
	for _, s := range n.Sigs {
		fmt.Fprintf(&out, "— %s %s\n", s.Name, s.Base64)
	}
	return out.Bytes(), nil
}

const maxProof = 63

// AddCheckpoint is the body by which a log shows a witness its newest head: the size the
// witness cosigned last, the proof from there, the head.
func AddCheckpoint(old int64, proof tlog.TreeProof, signed []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.Write(signed)
	return b.Bytes()
}

func parseAddCheckpoint(body []byte) (old int64, proof tlog.TreeProof, signed []byte, err error) {
	head, rest, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return 0, nil, nil, errors.New("expected a line old SIZE, proof lines, an empty line, a checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	num, ok := strings.CutPrefix(lines[0], "old ")
	if old, err = strconv.ParseInt(num, 10, 64); !ok || err != nil || old < 0 || strconv.FormatInt(old, 10) != num {
		return 0, nil, nil, fmt.Errorf("first line %q: expected old SIZE", clipLine(lines[0]))
	}
	if len(lines)-1 > maxProof {
		return 0, nil, nil, fmt.Errorf("%d proof lines; expected at most %d", len(lines)-1, maxProof)
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != tlog.HashSize {
			return 0, nil, nil, fmt.Errorf("proof line %q is not a hash in base64", clipLine(l))
		}
		proof = append(proof, tlog.Hash(h))
	}
	return old, proof, rest, nil
}

func clipLine(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// RefusedHead is why a witness did not cosign.
type RefusedHead struct {
	Kind HeadRefusal
	Size int64 // of StaleSize: what it cosigned last
	Why  string
}

func (r *RefusedHead) Error() string { return r.Why }

// HeadRefusal is a kind of refusal; what each is in HTTP the protocol says.
type HeadRefusal int

// The refusals of c2sp.org/tlog-witness.
const (
	Malformed    HeadRefusal = iota // 400
	UnknownLog                      // 404
	NotTheLogs                      // 403: not signed by a key of the log
	StaleSize                       // 409
	Inconsistent                    // 422: another history
)

// Witness cosigns heads of the logs it knows. Its state is a file a log.
type Witness struct {
	cosigner *Cosigner
	dir      string
	logs     map[string]note.Verifiers // by origin
	mu       sync.Mutex
}

// NewWitness watches logs, given by their public keys; several keys of one log are those it
// had and has.
func NewWitness(c *Cosigner, dir string, vkeys []string) (*Witness, error) {
	byOrigin := map[string][]string{}
	for _, k := range vkeys {
		v, err := note.NewVerifier(strings.TrimSpace(k))
		if err != nil {
			return nil, fmt.Errorf("log key %q: %w", k, err)
		}
		byOrigin[v.Name()] = append(byOrigin[v.Name()], k)
	}
	w := &Witness{cosigner: c, dir: dir, logs: map[string]note.Verifiers{}}
	for origin, keys := range byOrigin {
		known, err := Verifiers(keys...)
		if err != nil {
			return nil, err
		}
		w.logs[origin] = known
	}
	return w, os.MkdirAll(dir, 0o700)
}

// lastHead is what the witness remembers of a log.
type lastHead struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"` // base64
	Note   string `json:"note"` // with the cosignature
}

func (w *Witness) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(w.dir, hex.EncodeToString(sum[:])+".json")
}

func (w *Witness) last(origin string) (lastHead, error) {
	h := lastHead{Origin: origin}
	raw, err := os.ReadFile(w.file(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	if err == nil && (h.Origin != origin || h.Size < 0) {
		err = errors.New("not the state of this log")
	}
	if err != nil {
		// Beginning again from nothing would let it cosign a second history.
		return h, fmt.Errorf("the witness's state of %s: %w", origin, err)
	}
	return h, nil
}

// Last is the newest head of a log that the witness cosigned, with its cosignature; by the
// hex SHA-256 of the log's origin. nil where there is none.
func (w *Witness) Last(originHash string) ([]byte, error) {
	for origin := range w.logs {
		sum := sha256.Sum256([]byte(origin))
		if hex.EncodeToString(sum[:]) == originHash {
			h, err := w.last(origin)
			if err != nil || h.Note == "" {
				return nil, err
			}
			return []byte(h.Note), nil
		}
	}
	return nil, nil
}

// Add looks at a head and cosigns it, or refuses with a *RefusedHead. What it cosigned is on
// the disk before the cosignature is given away, so that no crash makes it forget and sign
// another history.
func (w *Witness) Add(body []byte) ([]byte, error) {
	old, proof, signed, err := parseAddCheckpoint(body)
	if err != nil {
		return nil, &RefusedHead{Kind: Malformed, Why: err.Error()}
	}
	claimed, err := ReadSigned(signed)
	if err != nil {
		return nil, &RefusedHead{Kind: Malformed, Why: err.Error()}
	}
	known, ok := w.logs[claimed.Origin]
	if !ok {
		return nil, &RefusedHead{Kind: UnknownLog, Why: fmt.Sprintf("the log %s is not one this witness watches", clipLine(claimed.Origin))}
	}
	cp, err := OpenCheckpoint(signed, known)
	if err != nil {
		return nil, &RefusedHead{Kind: NotTheLogs, Why: err.Error()}
	}
	if old > cp.Size {
		return nil, &RefusedHead{Kind: Malformed, Why: fmt.Sprintf("old size %d is beyond the head's %d", old, cp.Size)}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.last(cp.Origin)
	if err != nil {
		return nil, err
	}
	if old != last.Size {
		return nil, &RefusedHead{Kind: StaleSize, Size: last.Size, Why: fmt.Sprintf("cosigned last at %d", last.Size)}
	}
	if why := follows(last, cp, proof); why != "" {
		return nil, errors.Join(&RefusedHead{Kind: Inconsistent, Why: why}, w.evidence(last, cp))
	}
	lines, err := w.cosign(cp)
	if err != nil {
		return nil, err
	}
	next, err := json.Marshal(lastHead{cp.Origin, cp.Size, base64.StdEncoding.EncodeToString(cp.Root[:]), textOf(cp) + "\n" + logLines(cp, known) + string(lines)})
	if err != nil {
		return nil, err
	}
	if err := replaceFile(w.file(cp.Origin), next); err != nil {
		return nil, err
	}
	return lines, nil
}

// follows says why a head does not continue the last one; "" when it does.
func follows(last lastHead, cp Checkpoint, proof tlog.TreeProof) string {
	empty := cp.Size == 0 && cp.Root != tlog.Hash(sha256.Sum256(nil))
	switch {
	case empty:
		return "an empty log with the root of one that is not"
	case last.Size == 0 || last.Size == cp.Size:
		if len(proof) > 0 {
			return "a proof where none is needed"
		}
		if last.Size == cp.Size && last.Note != "" && last.Root != base64.StdEncoding.EncodeToString(cp.Root[:]) {
			return fmt.Sprintf("the log was forked: it signed another tree of %d entries than the one cosigned before", cp.Size)
		}
		return ""
	}
	root, err := base64.StdEncoding.DecodeString(last.Root)
	if err != nil || len(root) != tlog.HashSize {
		return "the witness's own state is damaged"
	}
	if err := tlog.CheckTree(proof, cp.Size, cp.Root, last.Size, tlog.Hash(root)); err != nil {
		return fmt.Sprintf("the proof does not show that the log's %d entries begin with the %d cosigned before", cp.Size, last.Size)
	}
	return ""
}

// evidence keeps a head that the log signed and that does not follow the last: the two
// together show whoever asks that the log told two stories.
func (w *Witness) evidence(last lastHead, cp Checkpoint) error {
	if last.Size != cp.Size {
		return nil // a bad proof shows nothing of the tree
	}
	dir := filepath.Join(w.dir, "forks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%d-%x.note", strings.TrimSuffix(filepath.Base(w.file(cp.Origin)), ".json")[:16], cp.Size, cp.Root[:4])
	return replaceFile(filepath.Join(dir, name), append([]byte(last.Note+"\n---\n"), cp.Note...))
}

// textOf is what a checkpoint's signatures are over, with extension lines if it has any.
func textOf(cp Checkpoint) string {
	text, _, _ := strings.Cut(string(cp.Note), "\n\n")
	return text + "\n"
}

func (w *Witness) cosign(cp Checkpoint) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: textOf(cp)}, w.cosigner.signer)
	if err != nil {
		return nil, err
	}
	_, lines, _ := strings.Cut(string(signed), "\n\n")
	return []byte(lines), nil
}

// logLines are a checkpoint's signatures by the log itself.
func logLines(cp Checkpoint, known note.Verifiers) string {
	n, err := note.Open(cp.Note, known)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, s := range n.Sigs {
		fmt.Fprintf(&b, "— %s %s\n", s.Name, s.Base64)
	}
	return b.String()
}

// replaceFile puts data in the place of a file: whole or not at all, and on the disk when it
// returns nil.
func replaceFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return syncFolder(filepath.Dir(name))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeKey writes a key that only its owner reads, and never over another.
func writeKey(path, key string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(key + "\n")
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close(), syncFolder(filepath.Dir(path)))
}
