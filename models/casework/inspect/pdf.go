package inspect

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A PDF is looked at by its words, not as a reader would follow it: what may hide a name from
// us and show it to a reader is refused. Every name that starts something is at least six
// bytes long with its slash, so that none occurs by chance in compressed data.
var pdfNames = map[string]error{
	"JavaScript": errRuns, "Launch": errRuns, "RichMedia": errRuns, "Rendition": errRuns, "XFA": errRuns,
	"SubmitForm": errRuns, "ImportData": errRuns, "GoToE": errRuns, "GoToR": errRuns,
	"EmbeddedFile": errHolds,
	"Encrypt":      errLocked,
}

const (
	maxStreams = 200_000
	maxInflate = int64(1 << 30) // bytes, all streams of one PDF: pictures in it may be stored whole
	pdfMargin  = 1024           // where readers look for the end of a PDF
)

type pdf struct {
	b     []byte
	ctx   context.Context
	pages int
	left  int64
}

func (l *look) pdf() (string, error) {
	const kind = "application/pdf"
	b := make([]byte, l.size)
	if _, err := io.ReadFull(io.NewSectionReader(l.r, 0, l.size), b); err != nil {
		return kind, err
	}
	p := &pdf{b: b, ctx: l.ctx, left: maxInflate}
	if err := p.frame(); err != nil {
		return kind, err
	}
	if err := p.names(b, false); err != nil {
		return kind, err
	}
	if err := p.streams(); err != nil {
		return kind, err
	}
	if p.pages > MaxPages {
		return kind, refuse("file_too_many_pages", fmt.Sprint(MaxPages))
	}
	if err := l.secondOpinion(); err != nil {
		return kind, err
	}
	return kind, l.photographs(b)
}

// frame checks both ends: nothing before the first mark, nothing behind the last.
func (p *pdf) frame() error {
	if !bytes.HasPrefix(p.b, []byte("%PDF-1.")) && !bytes.HasPrefix(p.b, []byte("%PDF-2.")) {
		return errDamaged
	}
	end := bytes.LastIndex(p.b, []byte("%%EOF"))
	if end < 0 {
		return errDamaged
	}
	rest := bytes.Trim(p.b[end+5:], "\x00\r\n\t\f ")
	if len(rest) > pdfMargin {
		return errTwo
	}
	if len(rest) > 0 && (markup(rest) || bytes.Contains(rest, []byte("PK\x03\x04"))) {
		return errTwo
	}
	return nil
}

// names looks at each name, as it reads once its #xx are letters. whole is for the text of an
// object stream, where also short ones count.
func (p *pdf) names(b []byte, whole bool) error {
	var name [24]byte
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '/')
		if n < 0 {
			return nil
		}
		i += n + 1
		word := b[i:min(len(b), i+80)]
		k, size := 0, 0
		for k < len(word) && size < len(name) && !pdfDelimiter(word[k]) {
			c := word[k]
			if c == '#' && k+2 < len(word) {
				if v, err := strconv.ParseUint(string(word[k+1:k+3]), 16, 8); err == nil {
					c, k = byte(v), k+2
				}
			}
			name[size] = c
			size, k = size+1, k+1
		}
		switch string(name[:size]) {
		case "Type":
			next := bytes.TrimLeft(word[k:], " \t\r\n\f\x00")
			if bytes.HasPrefix(next, []byte("/Page")) && (len(next) == 5 || pdfDelimiter(next[5])) {
				p.pages++
			}
		case "Kids":
			if err := kids(b[i:]); err != nil {
				return err
			}
		case "EF":
			// What every embedded file must have; some programs write an empty list of them always.
			if next := bytes.TrimLeft(word[k:], " \t\r\n\f\x00"); bytes.HasPrefix(next, []byte("<<")) || pdfReference.Match(next) {
				return errHolds
			}
		case "JS":
			if whole {
				return errRuns
			}
		default:
			if err, bad := pdfNames[string(name[:size])]; bad {
				return err
			}
		}
	}
}

var pdfReference = regexp.MustCompile(`^\d{1,10}[ \t\r\n\f\x00]+\d{1,5}[ \t\r\n\f\x00]+R`)

func pdfDelimiter(c byte) bool {
	return c <= ' ' || strings.IndexByte("()<>[]{}/%", c) >= 0
}

// kids refuses a tree of pages that grows without end: a node that names one of its branches
// twice.
func kids(b []byte) error {
	b = bytes.TrimLeft(b[min(4, len(b)):], " \t\r\n\f\x00")
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	end := bytes.IndexByte(b, ']')
	if end < 0 {
		return nil
	}
	seen := map[string]bool{}
	words := bytes.Fields(b[1:end])
	for i := 0; i+2 < len(words); i += 3 {
		ref := string(words[i]) + " " + string(words[i+1])
		if seen[ref] {
			return errDamaged
		}
		seen[ref] = true
	}
	return nil
}

var inflaters = sync.Pool{}

// streams unpacks whatever is packed the usual way, counts it, and reads the objects among it.
func (p *pdf) streams() error {
	count := 0
	for i := 0; ; {
		n := bytes.Index(p.b[i:], []byte("stream"))
		if n < 0 {
			return nil
		}
		at := i + n
		i = at + 6
		if at >= 3 && string(p.b[at-3:at]) == "end" {
			continue
		}
		body := p.b[i:]
		switch {
		case bytes.HasPrefix(body, []byte("\r\n")):
			body = body[2:]
		case bytes.HasPrefix(body, []byte("\n")), bytes.HasPrefix(body, []byte("\r")):
			body = body[1:]
		default:
			continue // the word in a text
		}
		if count++; count > maxStreams {
			return errUnpacks
		}
		if err := p.ctx.Err(); err != nil {
			return err
		}
		dict := p.dictionary(at)
		objects := bytes.Contains(dict, []byte("ObjStm")) || bytes.Contains(dict, []byte("/First"))
		if err := p.size(dict); err != nil {
			return err
		}
		if bytes.Count(dict, []byte("/FlateDecode"))+bytes.Count(dict, []byte("/Fl ")) > 1 {
			return errUnpacks // packed twice: only to deceive
		}
		packed := len(body) > 2 && body[0]&0x0f == 8 && (int(body[0])<<8|int(body[1]))%31 == 0
		if objects && (!packed && bytes.Contains(dict, []byte("/Filter")) || bytes.Contains(dict, []byte("/Predictor"))) {
			return errDamaged // a way of packing objects that no program of ours would need
		}
		if objects && !packed {
			end := bytes.Index(body, []byte("endstream"))
			if end < 0 {
				return errDamaged
			}
			if err := p.names(body[:end], true); err != nil {
				return err
			}
			continue
		}
		if packed {
			text, err := p.inflate(body, objects)
			if err != nil {
				return err
			}
			if text != nil {
				if err := p.names(text, objects); err != nil {
					return err
				}
			}
		}
	}
}

// dictionary is what stands before a stream, back to where its object begins.
func (p *pdf) dictionary(at int) []byte {
	from := max(0, at-8192)
	window := p.b[from:at]
	if i := bytes.LastIndex(window, []byte(" obj")); i >= 0 {
		window = window[i:]
	}
	if bytes.IndexByte(window, '#') < 0 {
		return window
	}
	out := make([]byte, 0, len(window))
	for i := 0; i < len(window); i++ {
		if window[i] == '#' && i+2 < len(window) {
			if v, err := strconv.ParseUint(string(window[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, window[i])
	}
	return out
}

// size refuses a picture that would fill a reader's memory.
func (p *pdf) size(dict []byte) error {
	if !bytes.Contains(dict, []byte("/Image")) {
		return nil
	}
	w, h := pdfNumber(dict, "/Width"), pdfNumber(dict, "/Height")
	if w > 0 && h > 0 && (w > 2*MaxSide || h > 2*MaxSide || w*h > 4*MaxPixels) {
		return refuse("file_picture_too_large", fmt.Sprintf("%d × %d", w, h), fmt.Sprint(4*MaxPixels/1_000_000))
	}
	return nil
}

func pdfNumber(dict []byte, name string) int64 {
	i := bytes.Index(dict, []byte(name))
	if i < 0 {
		return 0
	}
	rest := bytes.TrimLeft(dict[i+len(name):], " \t\r\n\f\x00")
	n := 0
	for n < len(rest) && n < 12 && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	v, err := strconv.ParseInt(string(rest[:n]), 10, 64)
	if err != nil {
		return 0
	}
	return v
}

// inflate unpacks one stream to count it. The text is kept where it is an object stream, by its
// dictionary or by its look: pairs of numbers, then objects.
func (p *pdf) inflate(body []byte, objects bool) ([]byte, error) {
	in := bytes.NewReader(body)
	z, ok := inflaters.Get().(io.ReadCloser)
	var err error
	if ok {
		err = z.(zlib.Resetter).Reset(in, nil)
	} else {
		z, err = zlib.NewReader(in)
	}
	if err != nil {
		return nil, nil // not packed after all
	}
	defer inflaters.Put(z)
	buf := make([]byte, 64<<10)
	n, err := io.ReadFull(z, buf)
	var text []byte
	if objects || pairs(buf[:n]) {
		text = append(text, buf[:n]...)
	}
	for {
		if p.left -= int64(n); p.left < 0 {
			return nil, errUnpacks
		}
		if err != nil {
			return text, nil // its end, or damage that readers pass over too
		}
		if cerr := p.ctx.Err(); cerr != nil {
			return nil, cerr
		}
		n, err = z.Read(buf)
		if text != nil {
			if int64(len(text)+n) > maxPart {
				return nil, errUnpacks
			}
			text = append(text, buf[:n]...)
		}
	}
}

// pairs says whether a text begins as an object stream does: a number of an object and where
// it stands, the first of them at 0.
func pairs(b []byte) bool {
	words := bytes.Fields(b[:min(len(b), 64)])
	if len(words) < 2 {
		return false
	}
	for _, w := range words[:2] {
		if _, err := strconv.ParseUint(string(w), 10, 32); err != nil {
			return false
		}
	}
	return true
}

// photographs blanks the places in pictures that scanners put into a PDF as cameras made
// them. It changes no length, so that the file stays whole.
func (l *look) photographs(b []byte) error {
	for i := 0; ; {
		n := bytes.Index(b[i:], []byte("Exif\x00\x00"))
		if n < 0 {
			return nil
		}
		i += n + 6
		if i < 10 || b[i-10] != 0xff || b[i-9] != 0xe1 {
			continue
		}
		block := b[i:min(len(b), i-8+int(b[i-8])<<8+int(b[i-7]))]
		if !readExif(block).location {
			continue
		}
		out, err := l.patched()
		if err != nil {
			return err
		}
		if err := zero(out, int64(i), int64(len(block))); err != nil {
			return err
		}
		if _, err := out.WriteAt(turnOnly(max(1, readExif(block).turn))[:min(26, len(block))], int64(i)); err != nil {
			return err
		}
		l.note(NoteLocation)
	}
}

var pdfinfoPath = sync.OnceValue(func() string {
	p, err := exec.LookPath("pdfinfo")
	if err != nil {
		return ""
	}
	return p
})

// secondOpinion asks poppler, where it is installed: it follows the file as readers do. It is
// given 512 MiB, five seconds of a processor and nothing to write to.
func (l *look) secondOpinion() error {
	if l.pdfinfo == "" {
		return nil
	}
	in, err := l.spool()
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := io.Copy(in, io.NewSectionReader(l.r, 0, l.size)); err != nil {
		return err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(l.ctx, 15*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `trap '' XFSZ; ulimit -v 524288; ulimit -t 5; ulimit -f 0; exec "$0" /dev/fd/3`, l.pdfinfo)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"}
	cmd.ExtraFiles = []*os.File{in}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &limited{&out, 64 << 10}, &limited{&said, 16 << 10}
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if cerr := l.ctx.Err(); cerr != nil {
		return cerr
	}
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return nil // it could not be started: we are left with our own
		}
		if strings.Contains(said.String(), "ncrypted") || strings.Contains(said.String(), "password") {
			return errLocked
		}
		return errDamaged
	}
	for sc := bufio.NewScanner(&out); sc.Scan(); {
		k, v, _ := strings.Cut(sc.Text(), ":")
		switch v = strings.TrimSpace(v); k {
		case "Pages":
			if n, err := strconv.Atoi(v); err == nil && n > MaxPages {
				return refuse("file_too_many_pages", fmt.Sprint(MaxPages))
			} else if err == nil && n == 0 {
				return errDamaged
			}
		case "Encrypted":
			if !strings.HasPrefix(v, "no") {
				return errLocked
			}
		case "JavaScript":
			if v != "no" {
				return errRuns
			}
		case "Form":
			if strings.Contains(v, "XFA") {
				return errRuns
			}
		}
	}
	return nil
}

// limited keeps the beginning of what is written and takes the rest for granted.
type limited struct {
	b    *bytes.Buffer
	most int
}

func (w *limited) Write(p []byte) (int, error) {
	if room := w.most - w.b.Len(); room > 0 {
		w.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
