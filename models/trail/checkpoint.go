package trail

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

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

// Signer signs checkpoints with the log's Ed25519 key. It holds every key the log has had
// that is still at hand; which of them signs, the log itself says (see Rotation).
type Signer struct {
	path string // of the first key; the others are beside it as path.2, path.3, …; "" for keys in memory

	mu      sync.Mutex
	keys    []logKey // in the order they were made
	current int
}

type logKey struct {
	signer note.Signer
	skey   string
	vkey   string
}

// NewKey makes a key for a log of the given origin: the URL prefix it is served
// under, without scheme and trailing slash.
func NewKey(origin string) (*Signer, error) {
	k, err := newLogKey(origin)
	if err != nil {
		return nil, err
	}
	return &Signer{keys: []logKey{k}}, nil
}

func newLogKey(origin string) (logKey, error) {
	if origin == "" || strings.ContainsAny(origin, " +\n\t") {
		return logKey{}, fmt.Errorf("log origin %q: expected a URL without scheme, spaces or plus signs", origin)
	}
	skey, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return logKey{}, err
	}
	return keyOf(skey)
}

func keyOf(skey string) (logKey, error) {
	s, err := note.NewSigner(skey)
	if err != nil {
		return logKey{}, errors.New("not a key of a signed note (PRIVATE+KEY+…)")
	}
	vkey, err := verifierKey(skey)
	if err != nil {
		return logKey{}, err
	}
	return logKey{s, skey, vkey}, nil
}

// LoadKey reads the keys that SaveKey and Rotate wrote.
func LoadKey(path string) (*Signer, error) {
	s := &Signer{path: path}
	if err := s.load(); err != nil {
		return nil, err
	}
	return s, nil
}

// load reads the key files. The newest is the one in use until the log says otherwise.
func (s *Signer) load() error {
	names := []string{s.path}
	more, err := filepath.Glob(s.path + ".*")
	if err != nil {
		return err
	}
	slices.SortFunc(more, func(a, b string) int { return keyNumber(a) - keyNumber(b) })
	for _, name := range more {
		if keyNumber(name) > 1 {
			names = append(names, name)
		}
	}
	var keys []logKey
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && len(names) > 1 {
			continue // a key that was retired, and then destroyed
		}
		if err != nil {
			return err
		}
		k, err := keyOf(strings.TrimSpace(string(raw)))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		keys = append(keys, k)
	}
	s.keys, s.current = keys, len(keys)-1
	return nil
}

// keyNumber reads the number at the end of a key file's name; 0 where there is none.
func keyNumber(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(name), "."))
	if err != nil {
		return 0
	}
	return n
}

// SaveKey writes the key so that only its owner reads it. It never writes over
// another: a log whose key is gone can be read for ever but not continued.
func (s *Signer) SaveKey(path string) error {
	if err := writeKey(path, s.keys[0].skey, 0o600); err != nil {
		return err
	}
	s.path = path
	return nil
}

// LoadOrMakeKey reads the keys at path, or makes and saves one for the origin.
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

// NextKey makes the key that shall follow, and writes it beside the others before anyone
// hears of it: a log must not announce a key that a crash could lose. It signs nothing until
// the log has recorded the rotation.
func (s *Signer) NextKey() (vkey string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := newLogKey(s.keys[0].signer.Name())
	if err != nil {
		return "", err
	}
	if s.path != "" {
		n := 2
		for ; ; n++ {
			err := writeKey(fmt.Sprintf("%s.%d", s.path, n), k.skey, 0o600)
			if err == nil {
				break
			}
			if !errors.Is(err, fs.ErrExist) {
				return "", err
			}
		}
	}
	s.keys = append(s.keys, k)
	return k.vkey, nil
}

// Retire makes the file of a key that no longer signs read-only.
func (s *Signer) Retire(vkey string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return nil
	}
	names, err := filepath.Glob(s.path + "*")
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if k, err := keyOf(strings.TrimSpace(string(raw))); err == nil && k.vkey == vkey {
			return os.Chmod(name, 0o400)
		}
	}
	return nil
}

// Use makes the key with this public half the one that signs. Another process may have
// made it meanwhile, so the files are looked at again before it is called missing.
func (s *Signer) Use(vkey string) error {
	return s.use(func(k logKey) bool { return k.vkey == vkey }, vkey)
}

// UseSignerOf makes the key that signed a checkpoint the one that signs.
func (s *Signer) UseSignerOf(signed []byte) error {
	names := ""
	return s.use(func(k logKey) bool {
		v, err := note.NewVerifier(k.vkey)
		if err != nil {
			return false
		}
		_, err = note.Open(signed, note.VerifierList(v))
		return err == nil
	}, names)
}

func (s *Signer) use(is func(logKey) bool, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pick(is) {
		return nil
	}
	if s.path != "" {
		was := s.current
		if err := s.load(); err != nil {
			return err
		}
		if s.pick(is) {
			return nil
		}
		s.current = min(was, len(s.keys)-1)
	}
	if name == "" {
		return errors.New("the key that signed the log's head is not among the log's keys: bring it back from the backup; a log cannot be continued by another key")
	}
	return fmt.Errorf("the log is now signed by the key %s, which is not among the log's keys: bring it here, or back from the backup", name)
}

func (s *Signer) pick(is func(logKey) bool) bool {
	if len(s.keys) > 0 && is(s.keys[s.current]) {
		return true
	}
	for i, k := range s.keys {
		if is(k) {
			s.current = i
			return true
		}
	}
	return false
}

func (s *Signer) key() logKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[s.current]
}

// Origin is the name of the log the key signs for.
func (s *Signer) Origin() string { return s.key().signer.Name() }

// VerifierKey is the public half of the key that signs, as a verifier is given it:
// origin+hash+key.
func (s *Signer) VerifierKey() string { return s.key().vkey }

// Verifiers knows every key at hand.
func (s *Signer) Verifiers() note.Verifiers {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, k := range s.keys {
		list = append(list, k.vkey)
	}
	v, err := Verifiers(list...)
	if err != nil { // each was derived from a key that signs
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
	return sign(size, root, s.key().signer)
}

// SignRotation makes the checkpoint of the tree that ends with the rotation to another
// key: both sign it, the old one to say that the new one follows, the new one to say that
// it is there.
func (s *Signer) SignRotation(size int64, root tlog.Hash, to string) (Checkpoint, error) {
	from := s.key()
	if err := s.Use(to); err != nil {
		return Checkpoint{}, err
	}
	next := s.key()
	if err := s.Use(from.vkey); err != nil {
		return Checkpoint{}, err
	}
	return sign(size, root, from.signer, next.signer)
}

func sign(size int64, root tlog.Hash, by ...note.Signer) (Checkpoint, error) {
	c := Checkpoint{Origin: by[0].Name(), Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, by...)
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
