// Package raster turns documents into pixels and pixels into documents, so that what is covered is gone and not hidden.
//
// Pages of a PDF are drawn by poppler's pdftoppm, and its words are read by pdftotext: programs of their own, under
// limits, fed through pipes. Neither the document nor its pages are ever files. Pictures are decoded here. What comes
// out is built from pixels alone, so nothing else of the source can be in it.
package raster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Limits of one look at one document.
const (
	DPI       = 150        // of what is published
	MinDPI    = 60         // below this text is not legible: the page is refused as too large
	MaxPixels = 24_000_000 // a page: A3 at 300 dpi is 17 million

	memoryKiB  = 1 << 20 // address space of one program
	cpuSeconds = 60      // of one program
	wall       = 2 * time.Minute
	maxWords   = 64 << 20 // bytes that pdftotext may write
	atOnce     = 2        // programs running, whoever asks
)

// Codes of what cannot be drawn or read. An error that is none of these is the machine's fault.
const (
	NotInstalled = "renderer_missing"
	Encrypted    = "document_encrypted"
	Broken       = "document_broken"
	TooManyPages = "document_too_many_pages"
	PageTooLarge = "document_page_too_large"
	TooLong      = "document_too_slow"
	NotDrawable  = "document_not_drawable"
	NoSuchPage   = "page_outside"
)

// Error is why a document cannot be drawn.
type Error struct {
	Code string
	Args []string
	Err  error
}

func (e *Error) Error() string {
	s := "raster: " + e.Code
	if len(e.Args) > 0 {
		s += " " + strings.Join(e.Args, " ")
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

func fault(code string, args ...string) error { return &Error{Code: code, Args: args} }

// Tools are poppler's programs as found on this machine.
type Tools struct {
	toppm, totext, info, shell string
	version                    string
}

// Find looks for poppler. It is nil where pdftoppm, pdftotext or pdfinfo is missing, or what would hold them to their
// limits.
var Find = sync.OnceValue(func() *Tools { return find(exec.LookPath) })

func find(look func(string) (string, error)) *Tools {
	t := &Tools{}
	for name, to := range map[string]*string{"pdftoppm": &t.toppm, "pdftotext": &t.totext, "pdfinfo": &t.info, "sh": &t.shell} {
		p, err := look(name)
		if err != nil {
			return nil
		}
		*to = p
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, t.toppm, "-v").CombinedOutput()
	m := versionSaid.FindSubmatch(said)
	if err != nil && m == nil || m == nil {
		return nil
	}
	t.version = string(m[1])
	return t
}

var versionSaid = regexp.MustCompile(`pdftoppm version (\S+)`)

// Version is poppler's, "" where it is not installed.
func (t *Tools) Version() string {
	if t == nil {
		return ""
	}
	return t.version
}

var slots = make(chan struct{}, atOnce)

// run feeds a program the document and gives what it writes to read. The program can open no file for writing, has
// bounded memory and time, no environment but a path, and a folder of its own that is gone afterwards.
func (t *Tools) run(ctx context.Context, doc io.ReadSeeker, read func(io.Reader) error, program string, args ...string) error {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	if _, err := doc.Seek(0, io.SeekStart); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "terang-draw-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// A write is refused and does not kill: on a new machine fontconfig tries to keep what it found of fonts.
	limits := fmt.Sprintf(`trap '' XFSZ; ulimit -c 0; ulimit -f 0; ulimit -v %d; ulimit -t %d; exec "$@"`, memoryKiB, cpuSeconds)
	cmd := exec.CommandContext(ctx, t.shell, append([]string{"-c", limits, "sh", program}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + filepath.Dir(program), "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8"}
	cmd.Stdin = onlyReader{doc}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var said tail
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := read(out)
	if readErr != nil {
		cancel()
	}
	// A program that stops reading, because it has seen enough, is not a fault; its exit code says what is.
	waitErr := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault(TooLong)
	case strings.Contains(said.String(), "Incorrect password"):
		return fault(Encrypted)
	case errors.As(waitErr, &exit) && readErr == nil || errors.As(waitErr, &exit) && errors.Is(readErr, io.ErrUnexpectedEOF):
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() && (s.Signal() == syscall.SIGXCPU || s.Signal() == syscall.SIGKILL) {
			return fault(TooLong)
		}
		return &Error{Code: Broken, Err: fmt.Errorf("%s: %v: %s", filepath.Base(program), exit, said.String())}
	case readErr != nil:
		return readErr
	}
	return nil
}

// onlyReader keeps exec from handing the file itself to the program: what is stored may be sealed.
type onlyReader struct{ r io.Reader }

func (o onlyReader) Read(p []byte) (int, error) { return o.r.Read(p) }

// tail keeps the last of what a program complains about; it may complain without end.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > 2048 {
		t.b = append([]byte(nil), t.b[len(t.b)-1024:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(string(t.b), "") }

// Document is a PDF that can be drawn.
type Document struct {
	t    *Tools
	data io.ReadSeeker
	// Pages has the size of each as it is seen: cropped and turned, in points.
	Pages []Size
	// Meta is what the file says of itself: author, title, the program it was written with.
	Meta []Entry
}

// Size is in points, 1/72 inch.
type Size struct{ W, H float64 }

// MM is the size in millimetres.
func (s Size) MM() (w, h float64) { return s.W / 72 * 25.4, s.H / 72 * 25.4 }

// Entry is one piece of metadata.
type Entry struct{ Name, Value string }

// Open looks at a PDF. maxPages refuses longer ones.
func (t *Tools) Open(ctx context.Context, data io.ReadSeeker, maxPages int) (*Document, error) {
	if t == nil {
		return nil, fault(NotInstalled)
	}
	var out []byte
	err := t.run(ctx, data, func(r io.Reader) (err error) {
		out, err = io.ReadAll(io.LimitReader(r, 4<<20))
		return err
	}, t.info, "-f", "1", "-l", strconv.Itoa(maxPages+1), "-")
	if err != nil {
		return nil, err
	}
	d := &Document{t: t, data: data}
	n := 0
	turned := map[int]bool{}
	sizes := map[int]Size{}
	for line := range strings.Lines(string(out)) {
		if m := pageSize.FindStringSubmatch(line); m != nil {
			sizes[atoi(m[1])] = Size{atof(m[2]), atof(m[3])}
			continue
		}
		if m := pageTurn.FindStringSubmatch(line); m != nil {
			turned[atoi(m[1])] = atoi(m[2])%180 != 0
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Pages":
			n = atoi(value)
		case "Title", "Subject", "Keywords", "Author", "Creator":
			if value != "" {
				d.Meta = append(d.Meta, Entry{name, value})
			}
		case "Encrypted":
			if strings.HasPrefix(value, "yes") && strings.Contains(value, "copy:no") {
				// The owner forbade copying. It can be drawn; whether it may be is the law's to say, not the file's.
				continue
			}
		}
	}
	switch {
	case n == 0:
		return nil, fault(Broken)
	case n > maxPages:
		return nil, fault(TooManyPages, strconv.Itoa(n), strconv.Itoa(maxPages))
	}
	for i := 1; i <= n; i++ {
		s, ok := sizes[i]
		if !ok || !(s.W > 0 && s.H > 0) {
			return nil, fault(Broken)
		}
		if turned[i] {
			s.W, s.H = s.H, s.W
		}
		d.Pages = append(d.Pages, s)
	}
	return d, nil
}

var (
	pageSize = regexp.MustCompile(`^Page +(\d+) size: +([\d.]+) x ([\d.]+) pts`)
	pageTurn = regexp.MustCompile(`^Page +(\d+) rot: +(-?\d+)`)
)

func atoi(s string) int     { n, _ := strconv.Atoi(s); return n }
func atof(s string) float64 { f, _ := strconv.ParseFloat(s, 64); return f }

// Resolution is how finely a page is drawn: DPI, or less where it is so large that the pixels would not fit.
func (d *Document) Resolution(page int) (int, error) {
	if page < 1 || page > len(d.Pages) {
		return 0, fault(NoSuchPage, strconv.Itoa(page), strconv.Itoa(len(d.Pages)))
	}
	s := d.Pages[page-1]
	for dpi := DPI; dpi >= MinDPI; dpi -= 10 {
		if s.W/72*float64(dpi)*s.H/72*float64(dpi) <= MaxPixels {
			return dpi, nil
		}
	}
	return 0, fault(PageTooLarge, strconv.Itoa(page))
}

// Draw draws pages first to last, one after the other in memory.
func (d *Document) Draw(ctx context.Context, first, last int, each func(page int, p Page) error) error {
	for first <= last {
		dpi, err := d.Resolution(first)
		if err != nil {
			return err
		}
		end := first // the run of pages drawn at the same resolution
		for end < last {
			next, err := d.Resolution(end + 1)
			if err != nil {
				return err
			}
			if next != dpi {
				break
			}
			end++
		}
		// In stretches: a limit on time is then one on a few pages, however long the document.
		end = min(end, first+24)
		page := first
		err = d.t.run(ctx, d.data, func(r io.Reader) error {
			b := newPPM(r)
			for ; page <= end; page++ {
				img, err := b.next()
				if errors.Is(err, io.EOF) {
					return io.ErrUnexpectedEOF
				}
				if err != nil {
					return err
				}
				if err := each(page, Page{Image: img, Size: d.Pages[page-1], DPI: dpi}); err != nil {
					return err
				}
			}
			return nil
		}, d.t.toppm, "-r", strconv.Itoa(dpi), "-cropbox", "-f", strconv.Itoa(first), "-l", strconv.Itoa(end), "-")
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return &Error{Code: Broken, Err: err}
		}
		if err != nil {
			return err
		}
		first = end + 1
	}
	return nil
}

// Words reads the words of every page with where they stand. A page without any may be a picture of words.
func (d *Document) Words(ctx context.Context) ([]Text, error) {
	var out []byte
	err := d.t.run(ctx, d.data, func(r io.Reader) (err error) {
		out, err = io.ReadAll(io.LimitReader(r, maxWords+1))
		if err == nil && len(out) > maxWords {
			return fault(TooLong)
		}
		return err
	}, d.t.totext, "-bbox-layout", "-cropbox", "-", "-")
	if err != nil {
		return nil, err
	}
	return readWords(out, d.Pages), nil
}

var wordsHead = []byte("<page ")

func readWords(out []byte, sizes []Size) []Text {
	texts := make([]Text, len(sizes))
	page := -1
	for line := range bytes.Lines(out) {
		line = bytes.TrimSpace(line)
		switch {
		case bytes.HasPrefix(line, wordsHead):
			page++
		case page < 0 || page >= len(sizes):
		case bytes.HasPrefix(line, []byte("</line>")):
			texts[page].endLine()
		case bytes.HasPrefix(line, []byte("<word ")):
			if m := wordLine.FindSubmatch(line); m != nil {
				s := sizes[page]
				texts[page].add(string(m[5]), Rect{atof(string(m[1])) / s.W, atof(string(m[2])) / s.H, atof(string(m[3])) / s.W, atof(string(m[4])) / s.H})
			}
		}
	}
	return texts
}

var wordLine = regexp.MustCompile(`^<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*)</word>`)
