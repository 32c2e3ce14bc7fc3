package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"gorm.io/gorm"

	"terang/models"
)

// Everything that is said in a case is sealed before it is written, whatever its class, so
// that raising the class leaves no plain copy behind in free pages, journals or dead rows.
// Each case, requester, draft and document has a random key of its own, kept in its row
// wrapped by the master key; what belongs to a case is sealed under the case's key. A sealed
// value is AES-256-GCM under a random nonce and bound to its column, and in a row that shares
// its key with others to that row's kind and instant too, so that it opens nowhere else.
//
// This file is the only place that knows what is sealed: sealedOf is the whole list.

// whose says under which key a row's texts are.
type whose int8

const (
	itsOwn   whose = iota // the row's, wrapped in it
	theCases              // that of its case
	thestore              // one of the database's own: of no case
)

// envelope is a row's sealed fields.
type envelope struct {
	table  string
	id     int64
	whose  whose
	caseID int64
	key    *string // itsOwn: wrapped
	bound  string  // itsOwn: what the key was wrapped for, with name
	name   string
	at     time.Time // theCases: what sets the row apart from its neighbours
	mark   string
	n      int
	fields [6]sealedField
}

type sealedField struct {
	column string
	text   *string
}

func (e *envelope) own(table string, id int64, key *string, bound, name string) {
	e.table, e.id, e.whose, e.key, e.bound, e.name = table, id, itsOwn, key, bound, name
}

func (e *envelope) of(table string, id, caseID int64, at time.Time, mark string) {
	e.table, e.id, e.whose, e.caseID, e.at, e.mark = table, id, theCases, caseID, at, mark
}

func (e *envelope) add(column string, text *string) {
	e.fields[e.n] = sealedField{column, text}
	e.n++
}

// sealedOf names the sealed fields of a row, given by pointer. False: it has none. Events
// are sealed whole, see sealEvent.
func sealedOf(row any, e *envelope) bool {
	switch x := row.(type) {
	case *models.Case:
		e.own("cases", x.ID, &x.SealKey, "case ", x.Reference)
		e.caseID = x.ID
		e.add("subject", &x.Subject)
		e.add("text", &x.Text)
		e.add("purpose", &x.Purpose)
	case *QueueRow:
		e.own("cases", x.ID, &x.SealKey, "case ", x.Reference)
		e.caseID = x.ID
		e.add("subject", &x.Subject)
	case *models.Requester:
		e.own("requesters", x.ID, &x.SealKey, "requester", "")
		e.add("name", &x.Name)
		e.add("email", &x.Email)
		e.add("phone", &x.Phone)
		e.add("identity_number", &x.IdentityNumber)
		e.add("address", &x.Address)
	case *models.Draft:
		e.own("drafts", x.ID, &x.SealKey, "draft ", x.TokenHash)
		e.add("answers", &x.Answers)
	case *models.Attachment:
		e.own("attachments", x.ID, &x.SealKey, fileBound, x.Stored)
		e.add("name", &x.Name)
		e.add("sha256", &x.SHA256) // of the plain content: whoever guesses that could check it
	case *models.Message:
		e.of("messages", x.ID, x.CaseID, x.At, string(x.Kind))
		e.add("text", &x.Text)
	case *models.ClockEntry:
		e.of("clock_entries", x.ID, x.CaseID, x.At, x.Event)
		e.add("why", &x.Why)
	case *models.Classified:
		e.of("classifieds", x.ID, x.CaseID, x.At, string(x.Class))
		e.add("reason", &x.Reason)
		e.add("evidence", &x.Evidence)
		e.add("decision", &x.Decision)
	case *models.RepeatFinding:
		e.of("repeat_findings", x.ID, x.CaseID, x.At, x.Rule)
		e.add("reason", &x.Reason)
	case *models.Rung:
		e.of("rungs", x.ID, x.CaseID, x.OpenedAt, string(x.Role))
		e.add("why", &x.Why)
		e.add("reason", &x.Reason)
	case *models.Decision:
		e.of("decisions", x.ID, x.CaseID, x.At, string(x.Outcome))
		e.add("text", &x.Text)
		e.add("withheld", &x.Withheld)
		e.add("referred_to", &x.ReferredTo)
		e.add("tests", &x.Tests)
	case *models.Grant:
		e.of("grants", x.ID, x.CaseID, x.At, string(x.Kind))
		e.add("reason", &x.Reason)
	case *models.PublishedDocument:
		e.of("published_documents", x.ID, x.CaseID, x.At, string(x.Basis))
		e.add("reason", &x.Reason)
	case *models.Disclosure: // the rest is published
		e.of("disclosures", x.ID, x.CaseID, x.PublishedAt, "")
		e.add("choices", &x.Choices)
	case *models.Erasure:
		e.of("erasures", x.ID, x.CaseID, x.ProposedAt, x.Rule)
		e.add("reason", &x.Reason)
	case *models.Outgoing:
		if x.CaseID != nil {
			e.of("outgoings", x.ID, *x.CaseID, x.CreatedAt, x.Kind)
		} else {
			e.of("outgoings", x.ID, 0, x.CreatedAt, x.Kind)
			e.whose = thestore
		}
		e.add("to", &x.To)
		e.add("data", &x.Data)
	default:
		return false
	}
	return true
}

// sealMark begins a sealed value. No text can: control characters are refused at the door,
// and were when nothing was sealed yet.
const sealMark = "\x01"

// dataKey is a key out of its wrapping.
type dataKey struct {
	aead    cipher.AEAD
	wrapped string
}

func newDataKey(raw []byte, wrapped string) (*dataKey, error) {
	if len(raw) < 32 {
		return nil, errors.New("a key is cut short")
	}
	block, err := aes.NewCipher(raw[:32])
	if err != nil {
		return nil, err
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	return &dataKey{a, wrapped}, err
}

func (e *envelope) aad(buf []byte, column string) []byte {
	buf = append(buf, e.table...)
	buf = append(buf, '.')
	buf = append(buf, column...)
	if e.whose != itsOwn {
		buf = append(buf, ' ')
		buf = e.at.UTC().Truncate(time.Microsecond).AppendFormat(buf, "20060102150405.000000")
		buf = append(buf, ' ')
		buf = append(buf, e.mark...)
	}
	return buf
}

// toSeal says whether a text needs sealing: nothing, and the words that stand where something
// was erased, tell nothing.
func toSeal(text string) bool { return text != "" && text != models.ErasedText }

// tells says whether any field needs sealing.
func (e *envelope) tells() bool {
	for i := range e.n {
		if toSeal(*e.fields[i].text) {
			return true
		}
	}
	return false
}

func (e *envelope) seal(k *dataKey) {
	var room [128]byte
	for i := range e.n {
		f := &e.fields[i]
		if !toSeal(*f.text) {
			continue
		}
		ct := k.aead.Seal(nil, nil, []byte(*f.text), e.aad(room[:0], f.column))
		var b strings.Builder
		b.Grow(len(sealMark) + base64.RawStdEncoding.EncodedLen(len(ct)))
		b.WriteString(sealMark)
		b.WriteString(base64.RawStdEncoding.EncodeToString(ct))
		*f.text = b.String()
	}
}

// closed says whether any field is sealed and must be opened.
func (e *envelope) closed() bool {
	for i := range e.n {
		if strings.HasPrefix(*e.fields[i].text, sealMark) {
			return true
		}
	}
	return false
}

func (e *envelope) open(k *dataKey) error {
	var room [128]byte
	for i := range e.n {
		f := &e.fields[i]
		sealed, ok := strings.CutPrefix(*f.text, sealMark)
		if !ok {
			continue
		}
		ct, err := base64.RawStdEncoding.DecodeString(sealed)
		if err != nil {
			return unreadable(e.table, e.id, f.column)
		}
		text, err := k.aead.Open(ct[:0], nil, ct, e.aad(room[:0], f.column))
		if err != nil {
			return unreadable(e.table, e.id, f.column)
		}
		*f.text = string(text)
	}
	return nil
}

// unreadable is a sealed value that does not open where it stands.
func unreadable(table string, id int64, column string) error {
	return &models.Error{Kind: models.Internal, Code: "sealed_unreadable",
		Err: fmt.Errorf("%s %d: %s cannot be opened: it was changed, or moved here from elsewhere", table, id, column)}
}

// keyring is what one Reader, or one transaction, has met of the keys of cases.
type keyring struct {
	mu    sync.Mutex
	cases map[int64]*dataKey
}

const keyringMax = 8192

func (k *keyring) get(id int64) *dataKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.cases[id]
}

func (k *keyring) put(id int64, key *dataKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cases == nil {
		k.cases = map[int64]*dataKey{}
	}
	k.cases[id] = key
}

// trim keeps a long reading from gathering all keys there are; between two batches only.
func (k *keyring) trim() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.cases) > keyringMax {
		k.cases = nil
	}
}

// recently keeps what was worked out a short while ago: keys out of their wrapping, by what they were
// wrapped in, and words of confidential cases, by the state they were read in. Hence it can never
// give a wrong one, whatever was written or rolled back meanwhile.
type recently[K comparable, V any] struct {
	mu       sync.Mutex
	now, was map[K]*V
	since    time.Time
}

const (
	recentlyHalf = 4096        // some 5 MB
	recentlyFor  = time.Minute // at least, and twice that at most
)

func (c *recently[K, V]) get(k K) *V {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn()
	if v := c.now[k]; v != nil {
		return v
	}
	return c.was[k]
}

func (c *recently[K, V]) put(k K, v *V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn()
	c.now[k] = v
}

func (c *recently[K, V]) turn() {
	if c.now != nil && len(c.now) < recentlyHalf && time.Since(c.since) < recentlyFor {
		return
	}
	if time.Since(c.since) >= 2*recentlyFor {
		c.now = nil
	}
	c.was, c.now, c.since = c.now, map[K]*V{}, time.Now()
}

// forget lets go of everything.
func (c *recently[K, V]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.was = nil, nil
}

func (s *Store) unwrapped(wrapped, bound, name string) (*dataKey, error) {
	if k := s.opened.get(wrapped); k != nil {
		return k, nil
	}
	raw, err := s.keys.unwrap(wrapped, bound+name)
	if err != nil {
		return nil, wrap(err)
	}
	k, err := newDataKey(raw, wrapped)
	if err != nil {
		return nil, wrap(err)
	}
	s.opened.put(wrapped, k)
	return k, nil
}

// newKey makes a key and wraps it.
func (s *Store) newKey(bound, name string) (*dataKey, error) {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails since Go 1.24
	wrapped, err := s.keys.wrap(raw, bound+name)
	if err != nil {
		return nil, wrap(err)
	}
	k, err := newDataKey(raw, wrapped)
	return k, wrap(err)
}

// FileKey is what a document's bytes and name are sealed under. Its last byte says that the
// bytes are: those of a document taken in before anything was sealed are not.
type FileKey []byte

// NewFileKey makes a key for a document that is about to be stored.
func NewFileKey() FileKey {
	key := make(FileKey, 33)
	rand.Read(key[:32])
	key[32] = 1
	return key
}

// Content is the key of the bytes.
func (k FileKey) Content() []byte {
	m := hmac.New(sha256.New, k[:32])
	m.Write([]byte("content"))
	return m.Sum(nil)
}

const fileBound = "attachment "

// WrapFileKey wraps a key for the document stored under a name.
func (s *Store) WrapFileKey(key FileKey, stored string) (string, error) {
	wrapped, err := s.keys.wrap(key, fileBound+stored)
	return wrapped, wrap(err)
}

// FileKey is the key of a document's bytes; nil where they are not sealed.
func (s *Store) FileKey(a *models.Attachment) (FileKey, error) {
	if a.SealKey == "" {
		return nil, nil
	}
	raw, err := s.keys.unwrap(a.SealKey, fileBound+a.Stored)
	if err != nil || len(raw) != 33 {
		return nil, wrap(err)
	}
	return raw, nil
}

// caseKeys reads the keys of cases that this reader has not met, in one query. A case that
// nothing was sealed in yet has none.
func (r *Reader) caseKeys(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	in, list := r.s.among(ids)
	rows, err := r.query("SELECT id, reference, seal_key FROM cases WHERE id "+in, list)
	if err != nil {
		return wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var reference, wrapped string
		if err := rows.Scan(&id, &reference, &wrapped); err != nil {
			return wrap(err)
		}
		if wrapped == "" {
			continue
		}
		k, err := r.s.unwrapped(wrapped, "case ", reference)
		if err != nil {
			return err
		}
		r.met.put(id, k)
	}
	return wrap(rows.Err())
}

// openRows opens what is sealed in rows that were just read.
func openRows[T any](r *Reader, rows []T) error {
	r.met.trim()
	var missing []int64
	for i := range rows {
		var e envelope
		if !sealedOf(any(&rows[i]), &e) {
			return openEvents(r, any(rows))
		}
		if e.whose == theCases && e.closed() && r.met.get(e.caseID) == nil {
			missing = append(missing, e.caseID)
		}
	}
	if err := r.caseKeys(missing); err != nil {
		return err
	}
	for i := range rows {
		var e envelope
		sealedOf(any(&rows[i]), &e)
		if !e.closed() && (e.whose != itsOwn || e.caseID == 0) {
			continue
		}
		k, err := r.keyOf(&e)
		if err != nil {
			return err
		}
		if k == nil { // nothing was ever sealed in it
			continue
		}
		if err := e.open(k); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is the key a row that was read is sealed under; nil where it has none.
func (r *Reader) keyOf(e *envelope) (*dataKey, error) {
	switch e.whose {
	case theCases:
		if k := r.met.get(e.caseID); k != nil {
			return k, nil
		}
	case thestore:
		root, err := r.s.rootKeys(r.db)
		if err != nil {
			return nil, err
		}
		return root.box, nil
	default:
		if *e.key == "" {
			break
		}
		k, err := r.s.unwrapped(*e.key, e.bound, e.name)
		if err == nil && e.caseID != 0 {
			r.met.put(e.caseID, k)
		}
		return k, err
	}
	if e.closed() {
		return nil, unreadable(e.table, e.id, "its key is gone; "+e.fields[0].column)
	}
	return nil, nil
}

// keyFor is the key to seal a row under, made where there is none yet.
func (tx *Tx) keyFor(e *envelope) (*dataKey, error) {
	switch e.whose {
	case thestore:
		root, err := tx.s.rootKeys(tx.db)
		if err != nil {
			return nil, err
		}
		return root.box, nil
	case theCases:
		return tx.caseKey(e.caseID)
	}
	if *e.key == "" && e.id != 0 { // a row put together anew by the caller
		var kept []string
		if err := tx.db.Raw("SELECT seal_key FROM "+e.table+" WHERE id = ?", e.id).Scan(&kept).Error; err != nil {
			return nil, wrap(err)
		}
		if len(kept) > 0 {
			*e.key = kept[0]
		}
	}
	if *e.key != "" {
		return tx.s.unwrapped(*e.key, e.bound, e.name)
	}
	k, err := tx.s.newKey(e.bound, e.name)
	if err != nil {
		return nil, err
	}
	if e.id != 0 { // otherwise the row is about to be inserted with it
		n, err := tx.exec("UPDATE "+e.table+" SET seal_key = ? WHERE id = ? AND seal_key = ''", k.wrapped, e.id)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, models.Refuse(models.Conflict, "stale")
		}
	}
	*e.key = k.wrapped
	return k, nil
}

// caseKey is the key of a case, made where nothing was sealed in it yet.
func (tx *Tx) caseKey(id int64) (*dataKey, error) {
	if k := tx.met.get(id); k != nil {
		return k, nil
	}
	if err := tx.caseKeys([]int64{id}); err != nil {
		return nil, err
	}
	if k := tx.met.get(id); k != nil {
		return k, nil
	}
	var refs []string
	if err := tx.db.Raw("SELECT reference FROM cases WHERE id = ?", id).Scan(&refs).Error; err != nil {
		return nil, wrap(err)
	}
	if len(refs) == 0 {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	k, err := tx.s.newKey("case ", refs[0])
	if err != nil {
		return nil, err
	}
	n, err := tx.exec("UPDATE cases SET seal_key = ? WHERE id = ? AND seal_key = ''", k.wrapped, id)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, models.Refuse(models.Conflict, "stale")
	}
	tx.met.put(id, k)
	return k, nil
}

// sealed runs do while the row is sealed, and opens it again.
func (tx *Tx) sealed(row any, do func() error) error {
	reopen, err := tx.close(row)
	if err != nil {
		return err
	}
	defer reopen()
	return do()
}

// sealedAll is sealed for a slice of rows, given by pointer.
func (tx *Tx) sealedAll(rows any, do func() error) error {
	v := reflect.ValueOf(rows).Elem()
	var missing []int64
	for i := range v.Len() {
		var e envelope
		row := v.Index(i).Addr().Interface()
		if ev, ok := row.(*models.Event); ok && ev.CaseID != nil {
			e.whose, e.caseID = theCases, *ev.CaseID
		} else if !sealedOf(row, &e) {
			continue
		}
		if e.whose == theCases && tx.met.get(e.caseID) == nil {
			missing = append(missing, e.caseID)
		}
	}
	if err := tx.caseKeys(missing); err != nil {
		return err
	}
	for i := range v.Len() {
		reopen, err := tx.close(v.Index(i).Addr().Interface())
		if err != nil {
			return err
		}
		defer reopen()
	}
	return do()
}

// close seals a row where it stands, for as long as it takes to write it.
func (tx *Tx) close(row any) (reopen func(), err error) {
	switch x := row.(type) {
	case *models.Event:
		return tx.closeEvent(x)
	case *models.Requester:
		if x.WhoEmail, x.WhoIdentity, err = tx.Who(x.Email, x.IdentityNumber); err != nil {
			return nil, err
		}
	}
	e := &envelope{}
	if !sealedOf(row, e) {
		return func() {}, nil
	}
	if _, isCase := row.(*models.Case); !isCase && !e.tells() {
		return func() {}, nil
	}
	k, err := tx.keyFor(e)
	if err != nil {
		return nil, err
	}
	var plain [len(e.fields)]string
	for i := range e.n {
		plain[i] = *e.fields[i].text
	}
	e.seal(k)
	return func() {
		for i := range e.n {
			*e.fields[i].text = plain[i]
		}
		if c, ok := row.(*models.Case); ok && e.id == 0 && c.ID != 0 { // inserted
			tx.met.put(c.ID, k)
		}
	}, nil
}

// rootKeys are keys of the whole database.
type rootKeys struct {
	terms sync.Pool // of hash.Hash, keyed: words of the search index
	who   []byte    // who a requester is
	box   *dataKey  // messages of no case
}

const rootBound = "database"

// rootKeys reads them, once.
func (s *Store) rootKeys(db *gorm.DB) (*rootKeys, error) {
	if k := s.root.Load(); k != nil {
		return k, nil
	}
	var wrapped []string
	if err := db.Raw("SELECT wrapped FROM seal_keys WHERE name = 'root'").Scan(&wrapped).Error; err != nil {
		return nil, wrap(err)
	}
	if len(wrapped) == 0 {
		return nil, wrap(errors.New("the database has lost the key that its search index is made under"))
	}
	raw, err := s.keys.unwrap(wrapped[0], rootBound)
	if err != nil {
		return nil, wrap(err)
	}
	derive := func(name string) []byte {
		m := hmac.New(sha256.New, raw)
		m.Write([]byte(name))
		return m.Sum(nil)
	}
	k := &rootKeys{who: derive("requesters")}
	terms := derive("search index")
	k.terms.New = func() any { return hmac.New(sha256.New, terms) }
	if k.box, err = newDataKey(derive("messages of no case"), ""); err != nil {
		return nil, wrap(err)
	}
	s.root.Store(k)
	return k, nil
}

// Sealed says whether the database is of a schema that seals.
func (s *Store) Sealed(ctx context.Context) (bool, error) {
	st, err := s.Status(ctx)
	return st.Current >= 2, err
}

// Unlock says whether the database can be opened with the master key at hand. Where not, it
// gives a *KeyError that names the file.
func (s *Store) Unlock(ctx context.Context) error {
	_, err := s.rootKeys(s.read.WithContext(ctx))
	var ke *KeyError
	if errors.As(err, &ke) {
		return ke
	}
	return err
}

// makeRoot makes the database's own key, on its first migration with sealing.
func (tx *Tx) makeRoot() error {
	var n int64
	if err := tx.db.Raw("SELECT count(*) FROM seal_keys WHERE name = 'root'").Scan(&n).Error; err != nil || n > 0 {
		return wrap(err)
	}
	raw := make([]byte, 32)
	rand.Read(raw)
	wrapped, err := tx.s.keys.wrap(raw, rootBound)
	if err != nil {
		return wrap(err)
	}
	_, err = tx.exec("INSERT INTO seal_keys (name, wrapped) VALUES ('root', ?)", wrapped)
	return err
}

var blindText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// blindSize is how much of a keyed hash stands for a word: 60 bits, at which no two of a
// million words are likely to meet.
const blindSize = 12 // characters

// blind are the words of a case of a body as the search index holds them: it can be asked for a
// word by who has the key, and read by nobody. The body is in the hash, so that a word that is
// common elsewhere costs a body's search nothing.
func (k *rootKeys) blind(body int64, words []string) []string {
	h := k.terms.Get().(hash.Hash)
	defer k.terms.Put(h)
	out := make([]string, len(words))
	var sum [sha256.Size]byte
	var text [16]byte
	for i, w := range words {
		h.Reset()
		h.Write(strconv.AppendInt([]byte(w+"\x00"), body, 10))
		blindText.Encode(text[:], h.Sum(sum[:0])[:10])
		out[i] = string(text[:blindSize])
	}
	return out
}

// whoOf is what stands for somebody's address or number: the same for the same, however
// typed, and nothing else can be read off it.
func (k *rootKeys) whoOf(what, value string) string {
	if value == "" {
		return ""
	}
	m := hmac.New(sha256.New, k.who)
	m.Write([]byte(what + "\x00" + value))
	return blindText.EncodeToString(m.Sum(nil)[:15])
}

// Who are the values of requesters.who_email and who_identity for an address and a number as
// somebody typed them; "" for none.
func (r *Reader) Who(email, identity string) (whoEmail, whoIdentity string, err error) {
	k, err := r.s.rootKeys(r.db)
	if err != nil {
		return "", "", err
	}
	number := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, identity)
	return k.whoOf("email", strings.ToLower(strings.TrimSpace(email))), k.whoOf("identity", number), nil
}
