package trail

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed head of the log (c2sp.org/tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Note   []byte // the signed note as published; empty before it is signed
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// ParseCheckpoint reads the text of a checkpoint. Extension lines are allowed and ignored.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return Checkpoint{}, errors.New("a checkpoint has three lines: origin, size, root")
	}
	for _, l := range lines[:len(lines)-1] {
		if l == "" {
			return Checkpoint{}, errors.New("empty line in a checkpoint")
		}
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("checkpoint size %q is not a number", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, errors.New("checkpoint root is not a hash in base64")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root)}, nil
}

// OpenCheckpoint reads a signed checkpoint and checks that the log itself signed it:
// a signature by a known key whose name is the checkpoint's origin. A witness's
// signature alone does not make a checkpoint of this log.
func OpenCheckpoint(signed []byte, known note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(signed, known)
	if err != nil {
		var unverified *note.UnverifiedNoteError
		if errors.As(err, &unverified) {
			var names []string
			for _, s := range unverified.Note.UnverifiedSigs {
				names = append(names, fmt.Sprintf("%s+%08x", s.Name, s.Hash))
			}
			return Checkpoint{}, fmt.Errorf("signed by %s, none of which is the log's key", strings.Join(names, ", "))
		}
		return Checkpoint{}, err
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, s := range n.Sigs {
		if s.Name == c.Origin {
			c.Note = signed
			return c, nil
		}
	}
	return Checkpoint{}, fmt.Errorf("no signature by the log %s itself", c.Origin)
}

// Signer signs checkpoints with the log's Ed25519 key.
type Signer struct {
	signer note.Signer
	skey   string
	vkey   string
}

// NewKey makes a key for a log of the given origin: the URL prefix it is served
// under, without scheme and trailing slash.
func NewKey(origin string) (*Signer, error) {
	if origin == "" || strings.ContainsAny(origin, " +\n\t") {
		return nil, fmt.Errorf("log origin %q: expected a URL without scheme, spaces or plus signs", origin)
	}
	skey, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	return signerOf(skey)
}

func signerOf(skey string) (*Signer, error) {
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, errors.New("not a key of a signed note (PRIVATE+KEY+…)")
	}
	vkey, err := verifierKey(skey)
	if err != nil {
		return nil, err
	}
	return &Signer{signer: s, skey: skey, vkey: vkey}, nil
}

// LoadKey reads a key that SaveKey wrote.
func LoadKey(path string) (*Signer, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := signerOf(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// SaveKey writes the key so that only its owner reads it. It never writes over
// another: a log whose key is gone can be read for ever but not continued.
func (s *Signer) SaveKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(s.skey + "\n")
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// LoadOrMakeKey reads the key at path, or makes and saves one for the origin.
// made says which.
func LoadOrMakeKey(path, origin string) (s *Signer, made bool, err error) {
	s, err = LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, false, err
	}
	if s, err = NewKey(origin); err != nil {
		return nil, false, err
	}
	if err = s.SaveKey(path); err != nil {
		return nil, false, err
	}
	return s, true, nil
}

// Origin is the name of the log the key signs for.
func (s *Signer) Origin() string { return s.signer.Name() }

// VerifierKey is the public half, as a verifier is given it: origin+hash+key.
func (s *Signer) VerifierKey() string { return s.vkey }

// Verifiers knows this key alone.
func (s *Signer) Verifiers() note.Verifiers {
	v, err := Verifiers(s.vkey)
	if err != nil { // vkey was derived from a key that signs
		panic(err)
	}
	return v
}

// Verifiers reads public keys in the form VerifierKey gives.
func Verifiers(vkeys ...string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, k := range vkeys {
		v, err := note.NewVerifier(strings.TrimSpace(k))
		if err != nil {
			return nil, fmt.Errorf("verifier key %q: %w", k, err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

// Sign makes the checkpoint of a tree.
func (s *Signer) Sign(size int64, root tlog.Hash) (Checkpoint, error) {
	c := Checkpoint{Origin: s.Origin(), Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, s.signer)
	if err != nil {
		return Checkpoint{}, err
	}
	c.Note = signed
	return c, nil
}

// verifierKey derives the public form of a note key.
func verifierKey(skey string) (string, error) {
	// PRIVATE+KEY+<name>+<hash>+<base64 of algorithm and 32-byte seed>
	parts := strings.SplitN(skey, "+", 5)
	if len(parts) != 5 {
		return "", errors.New("not a key of a signed note")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 33 || raw[0] != algEd25519 {
		return "", errors.New("not an Ed25519 key of a signed note")
	}
	return note.NewEd25519VerifierKey(parts[2], publicOf(raw[1:]))
}

// ReadSigned reads a signed checkpoint without checking who signed it.
func ReadSigned(signed []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return Checkpoint{}, errors.New("a checkpoint without signature")
	}
	c, err := ParseCheckpoint(text + "\n")
	c.Note = signed
	return c, err
}
