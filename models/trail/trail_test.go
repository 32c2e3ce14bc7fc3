package trail

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"terang/models"
)

func sample() models.Event {
	caseID, body, actor := int64(7), int64(2), int64(31)
	return models.Event{
		ID: 9, Time: time.Date(2026, 11, 21, 8, 5, 0, 120_000_000, time.FixedZone("WIB", 7*3600)), Kind: "case.answered",
		CaseID: &caseID, Reference: "T7-K4M9-XQ2R", CaseKind: models.Request, BodyID: &body, Body: "ppid-kota", Unit: "keuangan",
		ActorRole: "officer", Actor: "Ibu Sri", ActorID: &actor, Classification: models.Restricted, State: models.StateDecided,
		Outcome: models.Refused, Clock: "answer", DueOn: "2026-12-04", Standing: models.Answered, Pack: "id", PackVersion: "1",
		Article: "UU 14/2008 art. 17(h)", Reason: "line one\nline two\\end\r", Data: `{"old":"x"}`,
	}
}

const golden = `terang-event-v1
time 2026-11-21T01:05:00.12Z
event case.answered
case_id 7
reference T7-K4M9-XQ2R
kind request
body_id 2
body ppid-kota
unit keuangan
actor_role officer
actor Ibu Sri
actor_id 31
classification restricted
state decided
outcome refused
clock answer
due_on 2026-12-04
standing answered
pack id
pack_version 1
article UU 14/2008 art. 17(h)
reason line one\nline two\\end\r
data {"old":"x"}
`

// The canonical form is a promise: a change of a byte of it breaks every receipt.
func TestCanonical(t *testing.T) {
	e := sample()
	if got := Canonical(&e); got != golden {
		t.Errorf("canonical text changed:\n%s", got)
	}
	if got := Canonical(&models.Event{Time: time.Date(2026, 1, 1, 0, 0, 0, 999, time.UTC), Kind: "log.key_rotated"}); got != "terang-event-v1\ntime 2026-01-01T00:00:00Z\nevent log.key_rotated\n" {
		t.Errorf("%q", got)
	}
	fields, err := ReadCanonical(golden)
	if err != nil || len(fields) != 22 || fields["reason"] != e.Reason || fields["time"] != "2026-11-21T01:05:00.12Z" {
		t.Errorf("%v %v", fields, err)
	}
	for _, bad := range []string{"", "terang-event-v2\n", "terang-event-v1", "terang-event-v1\nx\n", "terang-event-v1\nx y", "terang-event-v1\nx \n",
		"terang-event-v1\nx y\nx z\n", "terang-event-v1\nx \\\n", "terang-event-v1\nx \\t\n", "terang-event-v1\n\n"} {
		if _, err := ReadCanonical(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// Every field but those named in the package comment is committed to.
func TestCanonicalCoversEveryField(t *testing.T) {
	out := map[string]bool{"ID": true, "Leaf": true, "Canonical": true, "Salt": true, "LeafHash": true, "CaseClass": true /* not of the row */, "Sealed": true /* these, as they are kept */}
	base := sample()
	v := reflect.ValueOf(&base).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		e := sample()
		f := reflect.ValueOf(&e).Elem().Field(i)
		switch {
		case f.Kind() == reflect.Pointer:
			f.Set(reflect.ValueOf(new(int64(99))))
		case f.Kind() == reflect.String:
			f.SetString("changed")
		case f.Kind() == reflect.Int64:
			f.SetInt(99)
		case f.Kind() == reflect.Slice:
			f.SetBytes([]byte("changed"))
		default:
			f.Set(reflect.ValueOf(e.Time.Add(time.Microsecond)))
		}
		if changed := Canonical(&e) != golden; changed == out[name] {
			t.Errorf("%s: in the canonical text: %v", name, changed)
		}
	}
}

// The entry and its hash, worked out by hand from the package comment.
func TestCommit(t *testing.T) {
	salt := bytes.Repeat([]byte{7}, SaltSize)
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(golden))
	want := "terang-event-v1 " + base64.StdEncoding.EncodeToString(m.Sum(nil)) + "\n"
	entry := Commit(golden, salt)
	if string(entry) != want {
		t.Errorf("%q", entry)
	}
	if sum := sha256.Sum256(append([]byte{0}, want...)); LeafHash(entry) != tlog.Hash(sum) {
		t.Error("leaf hash is not SHA-256(0x00 || entry)")
	}
	a, b := sample(), sample()
	if err := Seal(&a); err != nil {
		t.Fatal(err)
	}
	if err := Seal(&b); err != nil {
		t.Fatal(err)
	}
	if a.Canonical != b.Canonical || a.LeafHash == b.LeafHash || a.Time.Location() != time.UTC {
		t.Error("the same event twice must differ by its salt alone")
	}
	for _, bad := range []string{"", "zz", a.Salt[2:]} {
		a.Salt = bad
		if _, err := EntryOf(&a); err == nil {
			t.Errorf("salt %q was taken", bad)
		}
	}
}

func key(t *testing.T, origin string) *Signer {
	t.Helper()
	k, err := NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "log.key")
	k, made, err := LoadOrMakeKey(path, "terang.example/log")
	if err != nil || !made {
		t.Fatal(made, err)
	}
	again, made, err := LoadOrMakeKey(path, "other.example/log")
	if err != nil || made || again.VerifierKey() != k.VerifierKey() || again.Origin() != "terang.example/log" {
		t.Error("the key that was there was not the one used:", err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	if err := k.SaveKey(path); err == nil {
		t.Error("a key was written over another")
	}
	if err := os.WriteFile(path, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadOrMakeKey(path, "x"); err == nil || !strings.Contains(err.Error(), path) {
		t.Error("a broken key file is not named:", err)
	}
	for _, bad := range []string{"", "a b", "a+b"} {
		if _, err := NewKey(bad); err == nil {
			t.Errorf("origin %q was taken", bad)
		}
	}
	if _, err := Verifiers("x"); err == nil {
		t.Error("a malformed verifier key was taken")
	}
}

func TestCheckpoint(t *testing.T) {
	k := key(t, "terang.example/log")
	cp, err := k.Sign(5, tlog.Hash{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	want := "terang.example/log\n5\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— terang.example/log "
	if !strings.HasPrefix(string(cp.Note), want) {
		t.Errorf("%s", cp.Note)
	}
	got, err := OpenCheckpoint(cp.Note, k.Verifiers())
	if err != nil || got.Size != 5 || got.Root != cp.Root {
		t.Error(got, err)
	}
	// A key of the same name is another key; a good signature by another name is no
	// checkpoint of this log.
	if _, err := OpenCheckpoint(cp.Note, key(t, "terang.example/log").Verifiers()); err == nil {
		t.Error("another key opened it")
	}
	w := key(t, "witness.example")
	signed, err := note.Sign(&note.Note{Text: cp.Text()}, w.key().signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(signed, w.Verifiers()); err == nil || !strings.Contains(err.Error(), "itself") {
		t.Error("a witness alone made a checkpoint:", err)
	}
	for _, bad := range []string{"", "a\n", "a\n1\n", "a\n1\nx\n", "a\n-1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "a\n01\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"\n1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "a\n1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n", "a\n1\nAQID\n"} {
		if _, err := ParseCheckpoint(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

type memory map[string][]byte

func (m memory) read(level int, n int64) ([]byte, error) {
	b, ok := m[fmt.Sprint(level, n)]
	if !ok {
		return nil, fmt.Errorf("tile %d/%d is missing", level, n)
	}
	return b, nil
}

func (m memory) put(tiles []Tile) {
	for _, t := range tiles {
		m[fmt.Sprint(t.Level, t.N)] = t.Data
	}
}

// The builder makes the tree that x/mod makes hash by hash, across restarts at every
// size, and writes the tiles x/mod would cut.
func TestBuilder(t *testing.T) {
	var hashes []tlog.Hash
	plain := tlog.HashReaderFunc(func(idx []int64) (out []tlog.Hash, err error) {
		for _, i := range idx {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	tiles := memory{}
	b, err := NewBuilder(0, tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(1200) {
		leaf := fmt.Appendf(nil, "leaf %d", n)
		more, err := tlog.StoredHashes(n, leaf, plain)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
		if err := b.Append(LeafHash(leaf)); err != nil {
			t.Fatal(err)
		}
		want, err := tlog.TreeHash(n+1, plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Root(); err != nil || got != want {
			t.Fatalf("root at %d: %v", n+1, err)
		}
		if n%7 == 0 || n > 1020 && n < 1030 || n%256 > 253 {
			tiles.put(b.Take())
			if b, err = NewBuilder(n+1, tiles.read); err != nil {
				t.Fatal(err)
			}
		}
	}
	tiles.put(b.Take())
	for _, x := range tlog.NewTiles(TileHeight, 0, 1200) {
		want, err := tlog.ReadTileData(x, plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := tiles.read(x.L, x.N); !bytes.Equal(got, want) {
			t.Errorf("tile %s", x.Path())
		}
		if WidthAt(1200, x.L, x.N) != x.W {
			t.Errorf("width of %s: %d", x.Path(), WidthAt(1200, x.L, x.N))
		}
	}
	r := HashReader(1200, tiles.read)
	for i := range int64(1200) {
		p, err := tlog.ProveRecord(1200, i, r)
		if err != nil {
			t.Fatal(err)
		}
		root, _ := b.Root()
		if err := tlog.CheckRecord(p, 1200, root, i, LeafHash(fmt.Appendf(nil, "leaf %d", i))); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := NewBuilder(1201, tiles.read); err == nil {
		t.Error("a tree was continued from tiles that are too short")
	}
}

func TestParseTilePath(t *testing.T) {
	for path, want := range map[string][4]int64{ // level, entries, n, width
		"0/000":             {0, 0, 0, 256},
		"0/x001/x234/067":   {0, 0, 1234067, 256},
		"2/005.p/7":         {2, 0, 5, 7},
		"entries/x001/000":  {0, 1, 1000, 256},
		"entries/273.p/112": {0, 1, 273, 112},
		"63/000":            {63, 0, 0, 256},
	} {
		l, e, n, w, err := ParseTilePath(path)
		if err != nil || int64(l) != want[0] || e != (want[1] == 1) || n != want[2] || int64(w) != want[3] {
			t.Errorf("%s: %d %v %d %d %v", path, l, e, n, w, err)
		}
	}
	for _, bad := range []string{"", "0", "0/", "0/0", "00/000", "-1/000", "64/000", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/x000/000", "data/000", "0/../000", "0/000/", "entries"} {
		if _, _, _, _, err := ParseTilePath(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestReceipt(t *testing.T) {
	k := key(t, "terang.example/log")
	tiles := memory{}
	b, err := NewBuilder(0, tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	var mine models.Event
	for n := range 300 {
		e := sample()
		if err := Seal(&e); err != nil {
			t.Fatal(err)
		}
		if n == 123 {
			mine = e
		}
		entry, err := EntryOf(&e)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Append(LeafHash(entry)); err != nil {
			t.Fatal(err)
		}
	}
	tiles.put(b.Take())
	root, err := b.Root()
	if err != nil {
		t.Fatal(err)
	}
	cp, err := k.Sign(300, root)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := MakeReceipt(Opening{mine.Canonical, mine.Salt, ""}, 123, cp, tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	r, err := VerifyReceipt(raw, k.Verifiers())
	if err != nil || r.Index != 123 || r.Fields["reference"] != mine.Reference || r.Checkpoint.Size != 300 {
		t.Fatal(r, err)
	}
	if !bytes.HasPrefix(raw, []byte("c2sp.org/tlog-proof@v1\nextra ")) {
		t.Error("not in the form of tlog-proof")
	}
	if _, err := MakeReceipt(Opening{}, 300, cp, tiles.read); err == nil {
		t.Error("a receipt beyond the tree")
	}
	text := string(raw)
	head, signed, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	extra := func(o Opening) string {
		x, err := MakeReceipt(o, 123, cp, tiles.read)
		if err != nil {
			t.Fatal(err)
		}
		return string(x)
	}
	foreign, err := key(t, "terang.example/log").Sign(300, root)
	if err != nil {
		t.Fatal(err)
	}
	otherLog, err := key(t, "other.example/log").Sign(300, root)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct{ text, why string }{
		"empty":          {"", "cut off"},
		"first line":     {"x" + text, "not a receipt"},
		"no checkpoint":  {head + "\n", "cut off"},
		"no signature":   {text[:len(head)+2+strings.Index(signed, "\n\n")+1], "cut off"},
		"half signature": {text[:len(text)-20], "malformed note"},
		"no extra":       {lines[0] + "\n" + strings.Join(lines[2:], "\n") + "\n\n" + signed, "no extra line"},
		"extra":          {strings.Replace(text, "extra ", "extra !", 1), "not base64"},
		"extra json":     {strings.Replace(text, lines[1], "extra W10=", 1), "not what opens"},
		"no index":       {strings.Replace(text, lines[2]+"\n", "", 1), "no index line"},
		"index":          {strings.Replace(text, lines[2], "index 0123", 1), "not a number"},
		"other index":    {strings.Replace(text, lines[2], "index 124", 1), "does not lead to the signed root"},
		"far index":      {strings.Replace(text, lines[2], "index 300", 1), "outside its tree"},
		"hash":           {strings.Replace(text, lines[3], "x"+lines[3][1:], 1), "does not lead to the signed root"},
		"hash line":      {strings.Replace(text, lines[3], lines[3][1:], 1), "not a hash"},
		"proof short":    {strings.Replace(text, lines[3]+"\n", "", 1), "does not lead to the signed root"},
		"text":           {extra(Opening{strings.Replace(mine.Canonical, "refused", "granted", 1), mine.Salt, ""}), "does not lead to the signed root"},
		"no text":        {extra(Opening{"", mine.Salt, ""}), "not a terang-event-v1 text"},
		"salt":           {extra(Opening{mine.Canonical, strings.Repeat("00", 32), ""}), "does not lead to the signed root"},
		"short salt":     {extra(Opening{mine.Canonical, "00", ""}), "not 32 bytes"},
		"size":           {strings.Replace(text, "\n300\n", "\n301\n", 1), "invalid signature"},
		"another key":    {head + "\n\n" + string(foreign.Note), "none of which is the log's key"},
		"another log":    {head + "\n\n" + string(otherLog.Note), "other.example/log"},
	} {
		if _, err := VerifyReceipt([]byte(x.text), k.Verifiers()); err == nil || !strings.Contains(err.Error(), x.why) {
			t.Errorf("%s: %v; expected …%s…", name, err, x.why)
		}
	}
	if h, err := hex.DecodeString(mine.LeafHash); err != nil || len(h) != 32 {
		t.Error(err)
	}
}

// Nothing that comes in from outside makes the reader fail otherwise than by an error.
func FuzzReceipt(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\na\n1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— a x\n"))
	k, err := NewKey("a")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := VerifyReceipt(raw, k.Verifiers()); err == nil {
			t.Error("a receipt of nothing verifies")
		}
	})
}
