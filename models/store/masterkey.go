package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// MasterKey is the keyset that wraps every key in the database: a Tink keyset for
// AES-256-GCM in a file of its own. Who has the database and not this file can read nothing
// that is sealed; who loses it cannot either. The file is made when it is first needed, and
// read again when another process has changed it.
type MasterKey struct {
	path string

	mu     sync.Mutex
	ring   *masterRing // nil while there is no file
	looked time.Time
}

// masterRing is the keyset as it was read.
type masterRing struct {
	handle  *keyset.Handle
	aead    tink.AEAD
	primary string
	ids     map[string]bool
	changed time.Time // of the file
	size    int64
}

// KeyError says that what is sealed cannot be opened with the master key at hand, and which
// file that is.
type KeyError struct {
	Path string
	Why  string
}

func (e *KeyError) Error() string { return e.Path + ": " + e.Why }

// lookAgain is how soon a change of the file is noticed by who only wraps. A key that is not
// in the keyset is looked for at once.
const lookAgain = time.Second

// OpenMasterKey reads the keyset at path. There need not be one yet.
func OpenMasterKey(path string) (*MasterKey, error) {
	m := &MasterKey{path: path}
	return m, m.load()
}

// load reads the file if it changed. A file that is gone does not take the keys from who runs.
func (m *MasterKey) load() error {
	m.looked = time.Now()
	st, err := os.Stat(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.ring != nil && m.ring.changed.Equal(st.ModTime()) && m.ring.size == st.Size() {
		return nil
	}
	raw, err := os.ReadFile(m.path)
	if err != nil {
		return err
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return &KeyError{m.path, "this is not a master key: expected a Tink keyset in JSON"}
	}
	ring, err := newRing(handle)
	if err != nil {
		return &KeyError{m.path, "this is not a master key: " + err.Error()}
	}
	ring.changed, ring.size = st.ModTime(), st.Size()
	m.ring = ring
	return nil
}

func newRing(handle *keyset.Handle) (*masterRing, error) {
	a, err := aead.New(handle)
	if err != nil {
		return nil, err
	}
	info := handle.KeysetInfo()
	r := &masterRing{handle: handle, aead: a, primary: masterID(info.GetPrimaryKeyId()), ids: map[string]bool{}}
	for _, k := range info.GetKeyInfo() {
		r.ids[masterID(k.GetKeyId())] = true
	}
	return r, nil
}

func masterID(id uint32) string { return fmt.Sprintf("%08x", id) }

// current is the keyset in force, with the file looked at when it was not for a while. Where
// there is none it is made.
func (m *MasterKey) current() (*masterRing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ring == nil || time.Since(m.looked) > lookAgain {
		if err := m.load(); err != nil {
			return nil, err
		}
	}
	if m.ring == nil {
		handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
		if err != nil {
			return nil, err
		}
		if err := m.write(handle, true); err != nil && !errors.Is(err, fs.ErrExist) { // another process was first
			return nil, err
		}
		if err := m.load(); err != nil {
			return nil, err
		}
	}
	return m.ring, nil
}

// holding is the keyset, read again where it does not hold a key.
func (m *MasterKey) holding(id string) (*masterRing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ring == nil || !m.ring.ids[id] {
		if err := m.load(); err != nil {
			return nil, err
		}
	}
	switch {
	case m.ring == nil:
		return nil, &KeyError{m.path, "the master key is missing; without it nothing that is sealed in this database can be read: put it back from where the keys are kept"}
	case !m.ring.ids[id]:
		return nil, &KeyError{m.path, "this is not the master key that the database is sealed under: it lacks key " + id}
	}
	return m.ring, nil
}

// write puts a keyset into the file so that a crash leaves the old one or the new one.
func (m *MasterKey) write(handle *keyset.Handle, first bool) (err error) {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		return err
	}
	b.WriteByte('\n')
	dir := filepath.Dir(m.path)
	f, err := os.CreateTemp(dir, ".master-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if first {
		err = os.Link(f.Name(), m.path) // fails where another process was first
	} else {
		err = os.Rename(f.Name(), m.path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// wrap seals a key. What comes out begins with the master key's number, so that the database
// can be asked what is under which.
func (m *MasterKey) wrap(key []byte, bound string) (string, error) {
	r, err := m.current()
	if err != nil {
		return "", err
	}
	ct, err := r.aead.Encrypt(key, []byte(bound))
	if err != nil {
		return "", err
	}
	return masterID(binary.BigEndian.Uint32(ct[1:5])) + base64.RawStdEncoding.EncodeToString(ct), nil
}

// unwrap opens a key that was wrapped for bound.
func (m *MasterKey) unwrap(wrapped, bound string) ([]byte, error) {
	if len(wrapped) < 8 {
		return nil, errors.New("a wrapped key is cut short")
	}
	if _, err := strconv.ParseUint(wrapped[:8], 16, 32); err != nil {
		return nil, errors.New("a wrapped key does not begin with a key's number")
	}
	ct, err := base64.RawStdEncoding.DecodeString(wrapped[8:])
	if err != nil {
		return nil, errors.New("a wrapped key is not base64")
	}
	r, err := m.holding(wrapped[:8])
	if err != nil {
		return nil, err
	}
	key, err := r.aead.Decrypt(ct, []byte(bound))
	if err != nil {
		return nil, fmt.Errorf("a key wrapped for %q cannot be opened: it was changed, or belongs to another row", bound)
	}
	return key, nil
}

func (r *masterRing) list() []string {
	out := make([]string, 0, len(r.ids))
	for id := range r.ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// add makes a new key the primary one.
func (m *MasterKey) add() (was, is string, err error) {
	r, err := m.current()
	if err != nil {
		return "", "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	next := keyset.NewManagerFromHandle(r.handle)
	id, err := next.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = next.SetPrimary(id)
	}
	if err != nil {
		return "", "", err
	}
	return r.primary, masterID(id), m.replace(next)
}

// drop takes keys out of the keyset for good.
func (m *MasterKey) drop(ids []string) error {
	r, err := m.current()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	next := keyset.NewManagerFromHandle(r.handle)
	for _, id := range ids {
		n, err := strconv.ParseUint(id, 16, 32)
		if err != nil {
			return err
		}
		if err := next.Delete(uint32(n)); err != nil {
			return err
		}
	}
	return m.replace(next)
}

func (m *MasterKey) replace(next *keyset.Manager) error {
	handle, err := next.Handle()
	if err != nil {
		return err
	}
	if err := m.write(handle, false); err != nil {
		return err
	}
	m.ring = nil
	return m.load()
}
