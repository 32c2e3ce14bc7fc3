package trail

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The auditor's bundle is a zip that proves itself with no network and no database:
//
//	manifest.json   every other file with its SHA-256, and what was asked for
//	manifest.note   a signed note over the manifest's SHA-256, by the log's key
//	checkpoint      the signed head of the log
//	key             the log's public keys, the newest first, to be compared with those published
//	events.jsonl    a line an event: its index, its leaf hash, its columns and, where the
//	                auditor may see it, the canonical text and salt that open it
//	tile/0/…        every leaf hash of the log, in C2SP tiles: the tree is made from them
//	packs/…         the law packs in force
//	VERIFY.md       how to check all of it with other people's tools
const bundleFormat = "terang-bundle-v1"

// Manifest lists what a bundle holds.
type Manifest struct {
	Format   string         `json:"format"`
	Origin   string         `json:"origin"`
	Size     int64          `json:"size"`
	Root     string         `json:"root"` // base64
	Made     time.Time      `json:"made"`
	Filter   string         `json:"filter"`
	Events   int64          `json:"events"`
	Withheld int64          `json:"withheld"` // of them, without what opens them
	Files    []ManifestFile `json:"files"`
}

// ManifestFile is one file of a bundle.
type ManifestFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// BundleEvent is a line of events.jsonl. Fields are the export's columns.
type BundleEvent struct {
	Index     int64             `json:"index"`
	LeafHash  string            `json:"leaf_hash"`
	Withheld  bool              `json:"withheld,omitempty"`
	Canonical string            `json:"canonical,omitempty"`
	Salt      string            `json:"salt,omitempty"`
	Columns   map[string]string `json:"columns,omitempty"`
}

// BundleWriter writes a bundle in one pass and constant memory.
type BundleWriter struct {
	zip      *zip.Writer
	manifest Manifest
	open     *summed
}

type summed struct {
	name string
	w    io.Writer
	h    hash.Hash
	n    int64
}

func (s *summed) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.h.Write(p[:n])
	s.n += int64(n)
	return n, err
}

// NewBundle begins a bundle of the log at a checkpoint.
func NewBundle(out io.Writer, cp Checkpoint, filter string, made time.Time) *BundleWriter {
	return &BundleWriter{zip: zip.NewWriter(out), manifest: Manifest{
		Format: bundleFormat, Origin: cp.Origin, Size: cp.Size, Root: base64.StdEncoding.EncodeToString(cp.Root[:]),
		Made: made, Filter: filter,
	}}
}

// Create begins the next file of the bundle and ends the one before.
func (b *BundleWriter) Create(name string) (io.Writer, error) {
	b.end()
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.manifest.Made})
	if err != nil {
		return nil, err
	}
	b.open = &summed{name: name, w: w, h: sha256.New()}
	return b.open, nil
}

// Add writes a whole file.
func (b *BundleWriter) Add(name string, data []byte) error {
	w, err := b.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// Event writes a line of events.jsonl, which must be the open file.
func (b *BundleWriter) Event(e BundleEvent) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	b.manifest.Events++
	if e.Withheld {
		b.manifest.Withheld++
	}
	_, err = b.open.Write(append(line, '\n'))
	return err
}

func (b *BundleWriter) end() {
	if b.open != nil {
		b.manifest.Files = append(b.manifest.Files, ManifestFile{Name: b.open.name, Size: b.open.n, SHA256: hex.EncodeToString(b.open.h.Sum(nil))})
		b.open = nil
	}
}

// Close writes the manifest and its signature. The bundle is not one before it
// returned nil.
func (b *BundleWriter) Close(s *Signer) error {
	b.end()
	manifest, err := json.MarshalIndent(b.manifest, "", " ")
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: manifestText(manifest)}, s.key().signer)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"manifest.json", manifest}, {"manifest.note", signed}} {
		w, err := b.zip.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: b.manifest.Made})
		if err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	return b.zip.Close()
}

func manifestText(manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return bundleFormat + "\n" + hex.EncodeToString(sum[:]) + "\n"
}

// BundleKeys reads the public keys a bundle claims, for a reader who was given none.
func BundleKeys(r *zip.Reader) ([]string, error) {
	raw, err := readFile(r, "key")
	return strings.Fields(string(raw)), err
}

// VerifyBundle checks a bundle offline against the log's public keys: the manifest
// is signed and every file is the one it lists; the leaf hashes make the root the log signed; each
// event opens its leaf and its columns say what its sealed text says. The error
// names the first thing that does not hold, and where.
func VerifyBundle(r *zip.Reader, known note.Verifiers) (*Manifest, error) {
	raw, err := readFile(r, "manifest.json")
	if err != nil {
		return nil, err
	}
	signed, err := readFile(r, "manifest.note")
	if err != nil {
		return nil, err
	}
	n, err := note.Open(signed, known)
	if err != nil {
		return nil, fmt.Errorf("manifest.note is not signed by the log's key: %w", err)
	}
	if n.Text != manifestText(raw) {
		return nil, errors.New("manifest.json is not the one that was signed")
	}
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil || m.Format != bundleFormat {
		return nil, fmt.Errorf("manifest.json is not a %s manifest", bundleFormat)
	}
	if err := m.files(r); err != nil {
		return &m, err
	}
	head, err := readFile(r, "checkpoint")
	if err != nil {
		return &m, err
	}
	cp, err := OpenCheckpoint(head, known)
	if err != nil {
		return &m, fmt.Errorf("checkpoint: %w", err)
	}
	if cp.Origin != m.Origin || cp.Size != m.Size || base64.StdEncoding.EncodeToString(cp.Root[:]) != m.Root {
		return &m, errors.New("checkpoint: not the head that the manifest names")
	}
	leaves := func(_ int, n int64) ([]byte, error) { return leafTile(r, cp.Size, n) }
	if err := RootOf(cp, leaves); err != nil {
		return &m, err
	}
	return &m, m.events(r, cp.Size)
}

// files holds every listed file to its hash, and refuses files that are not listed.
func (m *Manifest) files(r *zip.Reader) error {
	listed := map[string]bool{"manifest.json": true, "manifest.note": true}
	for _, f := range m.Files {
		if listed[f.Name] {
			return fmt.Errorf("manifest.json lists %s twice", f.Name)
		}
		listed[f.Name] = true
		file, err := r.Open(f.Name)
		if err != nil {
			return missing(f.Name, err)
		}
		h := sha256.New()
		n, err := io.Copy(h, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
			return fmt.Errorf("%s was changed: it is not the file the manifest lists", f.Name)
		}
	}
	for _, f := range r.File {
		if !listed[f.Name] {
			return fmt.Errorf("%s is in the bundle and not in its manifest", f.Name)
		}
	}
	return nil
}

func leafTile(r *zip.Reader, size, n int64) ([]byte, error) {
	width := WidthAt(size, 0, n)
	name := TilePath(size, 0, n)
	tile, err := readFile(r, name)
	if err != nil {
		return nil, err
	}
	if len(tile) != width*tlog.HashSize {
		return nil, fmt.Errorf("%s has %d bytes, expected %d", name, len(tile), width*tlog.HashSize)
	}
	return tile, nil
}

// events checks each line of events.jsonl against its leaf.
func (m *Manifest) events(r *zip.Reader, size int64) error {
	file, err := r.Open("events.jsonl")
	if err != nil {
		return missing("events.jsonl", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<16)
	var tile []byte
	held, last, count, withheld := int64(-1), int64(-1), int64(0), int64(0)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("events.jsonl ends within a line, after event %d", last)
		}
		var e BundleEvent
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("events.jsonl, after event %d: %w", last, err)
		}
		if e.Index <= last || e.Index >= size {
			return fmt.Errorf("events.jsonl: event %d does not follow event %d in a log of %d", e.Index, last, size)
		}
		last = e.Index
		count++
		if n := e.Index / TileWidth; n != held {
			if tile, err = leafTile(r, size, n); err != nil {
				return err
			}
			held = n
		}
		at := e.Index % TileWidth * tlog.HashSize
		if err := e.check(tile[at : at+tlog.HashSize]); err != nil {
			return fmt.Errorf("event %d: %w", e.Index, err)
		}
		if e.Withheld {
			withheld++
		}
	}
	if count != m.Events || withheld != m.Withheld {
		return fmt.Errorf("events.jsonl has %d events, %d of them withheld; the manifest says %d and %d", count, withheld, m.Events, m.Withheld)
	}
	return nil
}

// columnOf names the canonical field behind an export column, where they differ.
var columnOf = map[string]string{"version": "pack_version"}

func (e *BundleEvent) check(leaf []byte) error {
	if e.LeafHash != hex.EncodeToString(leaf) {
		return errors.New("its leaf hash is not the one in the log")
	}
	if e.Withheld {
		return nil
	}
	salt, err := hex.DecodeString(e.Salt)
	if err != nil || len(salt) != SaltSize {
		return errors.New("its salt is not 32 bytes in hex")
	}
	if h := LeafHash(Commit(e.Canonical, salt)); !bytes.Equal(h[:], leaf) {
		return errors.New("its text does not open its leaf: the event was changed")
	}
	sealed, err := ReadCanonical(e.Canonical)
	if err != nil {
		return err
	}
	for column, value := range e.Columns {
		field := column
		if other, ok := columnOf[column]; ok {
			field = other
		}
		if sealed[field] != value {
			return fmt.Errorf("column %s says %q, the sealed text %q", column, value, sealed[field])
		}
	}
	return nil
}

func readFile(r *zip.Reader, name string) ([]byte, error) {
	raw, err := fs.ReadFile(r, name)
	if err != nil {
		return nil, missing(name, err)
	}
	return raw, nil
}

func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing from the bundle", name)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// HowToVerify is the bundle's VERIFY.md.
const HowToVerify = `# How to check this bundle

With Terang: ` + "`terang verify bundle.zip --key KEY`" + `, where KEY is the log's public key as the body publishes it
on its page /log. The file ` + "`key`" + ` holds the keys that the bundle itself claims, a line each, the newest first: compare.

With other people's tools, nothing of ours at hand:

1. Every file: ` + "`sha256sum FILE`" + ` must give what manifest.json lists.
2. The manifest: manifest.note and checkpoint are signed notes (https://c2sp.org/signed-note), Ed25519. The second line of
   manifest.note is the SHA-256 of manifest.json. Any signed-note library checks both against KEY.
3. The tree: the files under tile/ hold every leaf hash of the log (https://c2sp.org/tlog-tiles, level 0, 32 bytes a leaf).
   The RFC 6962 tree over them must have the root in the third line of checkpoint.
4. An event: take canonical and salt of a line of events.jsonl. Its commitment is

       printf '%s' "$canonical" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$salt -binary | base64

   its entry is the text "terang-event-v1 " + commitment + a line feed, and its leaf hash is SHA-256 of a zero byte and the
   entry. That hash must stand at the event's index in the tiles.

An event marked withheld was above the exporting auditor's clearance: its place and its hash are here, so that it is
counted and cannot be dropped; its text is not.
`
