// Package inspect looks into what people upload, before it is kept: whether it is what it says,
// whether it would run something, whether it unpacks to more than anybody wants, whether it is
// two things at once. What tells where a photograph was taken is taken out where that changes
// nothing else. It believes no header, holds no more than the limits below, and calls nothing
// but, where it is installed, poppler's pdfinfo as a second opinion in a process of its own.
package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Limits of one upload.
const (
	MaxPages    = 2_000              // of a PDF
	MaxSide     = 30_000             // pixels
	MaxPixels   = 100_000_000        // a 100-megapixel camera's; A3 at 600 dots an inch is 70
	maxEntries  = 5_000              // of an archive
	maxUnpacked = int64(400 << 20)   // bytes, all that one upload unpacks to
	maxRatio    = 200                // beyond ratioFrom unpacked bytes
	ratioFrom   = int64(10 << 20)    //
	maxPart     = int64(32 << 20)    // bytes of one part that is looked at as a whole
	maxDepth    = 2                  // documents in documents
	tailSize    = int64(64<<10 + 22) // where a zip's end can hide
)

// Refusal is why a file is not taken. Code is looked up as "error."+Code; Args follow the name
// of the file.
type Refusal struct {
	Code string
	Args []string
}

func (r *Refusal) Error() string { return "refused: " + r.Code + " " + strings.Join(r.Args, ", ") }

func refuse(code string, args ...string) error { return &Refusal{code, args} }

// What a file is refused for.
var (
	errDamaged  = refuse("file_damaged")     // not what its type asks for
	errTwo      = refuse("file_two_in_one")  // also a file of another type
	errLocked   = refuse("file_locked")      // encrypted
	errMacro    = refuse("file_macro")       // an office program would run something
	errRuns     = refuse("file_runs")        // a PDF with a script or an action
	errHolds    = refuse("file_holds_files") // other files inside
	errUnpacks  = refuse("file_unpacks")     // to far more than it is
	errOutside  = refuse("file_links")       // fetches something when opened
	errEncoding = refuse("file_not_text")
)

// Finding is what was seen.
type Finding struct {
	Type  string   // as the content is
	Notes []string // codes of what was taken out, or could not be: see Note*
	File  *os.File // what to keep: the file given, or a cleaned copy
}

// What is said of a file that was taken.
const (
	NoteLocation  = "location"   // where it was made was taken out
	NoteDetails   = "details"    // camera, author, comments were taken out
	NoteTrailing  = "trailing"   // what stood behind the picture's end was taken out
	NoteLinks     = "links"      // what would be fetched from elsewhere was cut
	NoteEncoding  = "encoding"   // rewritten as UTF-8
	NoteName      = "name"       // the name was changed
	NoteMayLocate = "may_locate" // it may still say where it was made
)

// noteOrder is the order in which they are told: what matters most to who sent it first.
var noteOrder = []string{NoteLocation, NoteMayLocate, NoteDetails, NoteTrailing, NoteLinks, NoteEncoding, NoteName}

// look is one inspection under way.
type look struct {
	ctx     context.Context
	spool   func() (*os.File, error)
	r       *io.SectionReader
	size    int64
	out     *os.File
	notes   []string
	depth   int
	budget  *int64 // bytes that may still be unpacked
	pdfinfo string
}

// Look inspects a file of at most some tens of megabytes. spool makes an empty temporary file
// for a cleaned copy; the caller closes it and the file given. The error is a *Refusal, or
// what went wrong in reading.
func Look(ctx context.Context, f *os.File, size int64, spool func() (*os.File, error)) (Finding, error) {
	left := maxUnpacked
	l := &look{ctx: ctx, spool: spool, r: io.NewSectionReader(f, 0, size), size: size, budget: &left, pdfinfo: pdfinfoPath()}
	kind, err := l.inspect()
	if err != nil {
		if l.out != nil {
			l.out.Close()
		}
		// What is cut short is damaged, whoever noticed first.
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errDamaged
		}
		return Finding{Type: kind}, err
	}
	slices.SortFunc(l.notes, func(a, b string) int { return slices.Index(noteOrder, a) - slices.Index(noteOrder, b) })
	found := Finding{Type: kind, Notes: l.notes, File: f}
	if l.out != nil {
		found.File = l.out
	}
	if _, err := found.File.Seek(0, io.SeekStart); err != nil {
		return found, err
	}
	return found, nil
}

// inspect decides by content alone.
func (l *look) inspect() (string, error) {
	if l.size == 0 {
		return "", refuse("file_empty")
	}
	head := make([]byte, min(l.size, 3072))
	if _, err := l.r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if err := l.alone(head); err != nil {
		return "", err
	}
	for _, k := range kinds() {
		if k.is(head) {
			kind, err := k.look(l)
			return kind, err
		}
	}
	kind, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if !strings.HasPrefix(kind, "text/") && kind != "message/rfc822" && kind != "application/json" && kind != "application/x-ndjson" {
		return kind, refuse("file_type_refused", kind)
	}
	return l.plain(kind)
}

// kind is a format with a look of its own, by its first bytes.
type kind struct {
	is   func([]byte) bool
	look func(*look) (string, error)
}

func kinds() []kind {
	return []kind{
		{begins("%PDF-"), (*look).pdf},
		{begins("\x89PNG\r\n\x1a\n"), (*look).png},
		{begins("\xff\xd8\xff"), (*look).jpeg},
		{func(b []byte) bool { return len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" }, (*look).webp},
		{func(b []byte) bool { return begins("II*\x00")(b) || begins("MM\x00*")(b) }, (*look).tiff},
		{func(b []byte) bool { return len(b) > 12 && string(b[4:8]) == "ftyp" }, (*look).bmff},
		{begins("PK\x03\x04"), (*look).archive},
		{begins(cfbMagic), (*look).ole},
		{begins(`{\rtf`), (*look).rtf},
		{begins("OggS"), (*look).ogg},
		{func(b []byte) bool {
			return begins("ID3")(b) || len(b) > 2 && b[0] == 0xff && (b[1] == 0xfb || b[1] == 0xf3 || b[1] == 0xf2)
		}, (*look).mp3},
	}
}

func begins(magic string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(magic)) }
}

// alone refuses what is also something else: a PDF or an archive can begin, or end, anywhere
// in another file, and programs look for them there.
func (l *look) alone(head []byte) error {
	if i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-")); i > 0 {
		return errTwo
	}
	if bytes.HasPrefix(head, []byte("PK")) {
		return nil
	}
	tail := make([]byte, min(l.size, tailSize))
	if _, err := l.r.ReadAt(tail, l.size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if zipEnds(tail) {
		return errTwo
	}
	return nil
}

// zipEnds says whether an archive's end stands in the tail: its mark, with a directory that
// would fit before it and a comment that would fit behind it.
func zipEnds(tail []byte) bool {
	for i := 0; i+22 <= len(tail); {
		n := bytes.Index(tail[i:], []byte("PK\x05\x06"))
		if n < 0 || i+n+22 > len(tail) {
			return false
		}
		end := tail[i+n:]
		disk, entries, comment := le16(end[4:]), le16(end[10:]), int(le16(end[20:]))
		if (disk == 0 || disk == 0xffff) && entries > 0 && comment <= len(end)-22 {
			return true
		}
		i += n + 4
	}
	return false
}

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func le32(b []byte) uint32 { return uint32(le16(b)) | uint32(le16(b[2:]))<<16 }

func (l *look) note(code string) {
	if !slices.Contains(l.notes, code) {
		l.notes = append(l.notes, code)
	}
}

// copied starts the cleaned copy.
func (l *look) copied() (*os.File, error) {
	if l.out == nil {
		var err error
		if l.out, err = l.spool(); err != nil {
			return nil, err
		}
	}
	return l.out, nil
}

// unchanged drops a copy that turned out to be the same.
func (l *look) unchanged() {
	if l.out != nil {
		l.out.Close()
		l.out = nil
	}
}

// patched is a copy of the same length with some ranges overwritten.
func (l *look) patched() (*os.File, error) {
	fresh := l.out == nil
	out, err := l.copied()
	if err != nil || !fresh {
		return out, err
	}
	_, err = io.Copy(out, io.NewSectionReader(l.r, 0, l.size))
	return out, err
}

// zero overwrites a range of the copy.
func zero(out *os.File, off, n int64) error {
	z := make([]byte, min(n, 64<<10))
	for n > 0 {
		k, err := out.WriteAt(z[:min(n, int64(len(z)))], off)
		if err != nil {
			return err
		}
		off, n = off+int64(k), n-int64(k)
	}
	return nil
}

// meter counts what is unpacked against the upload's budget and one part's ratio.
type meter struct {
	l      *look
	r      io.Reader
	packed int64
	n      int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if *m.l.budget -= int64(n); *m.l.budget < 0 || m.n > ratioFrom && m.n/max(m.packed, 1) > maxRatio {
		return 0, errUnpacks
	}
	if cerr := m.l.ctx.Err(); cerr != nil {
		return 0, cerr
	}
	return n, err
}

// tooLarge refuses a picture that nobody could open.
func tooLarge(w, h int64) error {
	if w <= 0 || h <= 0 {
		return errDamaged
	}
	if w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return refuse("file_picture_too_large", fmt.Sprintf("%d × %d", w, h), fmt.Sprint(MaxPixels/1_000_000))
	}
	return nil
}
