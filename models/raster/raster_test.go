package raster

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// tools gives poppler, or skips where it is absent; TERANG_REQUIRE=poppler makes that a failure. The same goes for
// what checks the results: mutool and strings.
func tools(t testing.TB) *Tools {
	t.Helper()
	missing := ""
	for _, name := range []string{"mutool", "strings", "pdfimages"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = name
		}
	}
	p := Find()
	if p == nil {
		missing = "pdftoppm"
	}
	if missing == "" {
		return p
	}
	if slices.Contains(strings.Split(os.Getenv("TERANG_REQUIRE"), ","), "poppler") {
		t.Fatalf("TERANG_REQUIRE asks for poppler, and %s is not on the PATH", missing)
	}
	t.Skipf("%s is not on the PATH", missing)
	return nil
}

// redact is the whole way: every place where the secret's words are, and the boxes given, are burned in.
func redact(t testing.TB, p *Tools, pdf []byte, boxes []Rect) ([]byte, []Page, [][]Rect) {
	t.Helper()
	ctx := context.Background()
	d, err := p.Open(ctx, bytes.NewReader(pdf), 50)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := d.Words(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuilder("id", "Salinan", time.Date(2026, 1, 7, 0, 0, 0, 0, time.UTC))
	var before []Page
	var burned [][]Rect
	err = d.Draw(ctx, 1, len(d.Pages), func(n int, pg Page) error {
		before = append(before, Page{Image: &image.RGBA{Pix: slices.Clone(pg.Image.Pix), Stride: pg.Image.Stride, Rect: pg.Image.Rect}, Size: pg.Size})
		rects := slices.Clone(boxes)
		text := []rune(texts[n-1].String())
		for i := range text {
			if strings.HasPrefix(string(text[i:]), secret) {
				rects = append(rects, texts[n-1].Boxes(i, i+len([]rune(secret)))...)
			}
		}
		burned = append(burned, rects)
		pg.Burn(labelled(rects))
		return b.Add(pg)
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), before, burned
}

func labelled(rects []Rect) []Box {
	var out []Box
	for _, r := range rects {
		out = append(out, Box{r, "pasal 17 huruf h", "17 h"})
	}
	return out
}

// Nothing of what was covered, or was hidden anywhere in the source, can be had from the copy with the tools at hand;
// what was not covered is still there to read.
func TestNothingIsRecovered(t *testing.T) {
	p := tools(t)
	for _, s := range corpus(t) {
		t.Run(s.name, func(t *testing.T) {
			out, before, burned := redact(t, p, s.pdf, s.boxes)
			dir := t.TempDir()
			path := filepath.Join(dir, "copy.pdf")
			if err := os.WriteFile(path, out, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, cmd := range [][]string{
				{"pdftotext", "-raw", path, "-"}, {"pdftotext", "-bbox", path, "-"}, {"strings", "-a", path}, {"strings", "-a", "-e", "b", path}, {"strings", "-a", "-e", "l", path},
				{"mutool", "draw", "-F", "text", path}, {"mutool", "draw", "-F", "trace", path}, {"mutool", "show", "-b", path, "grep"}, {"mutool", "show", path, "trailer"},
				{"mutool", "info", path}, {"pdfinfo", "-meta", "-custom", "-js", "-dests", "-url", path}, {"pdfdetach", "-list", path}, {"pdffonts", path},
			} {
				said, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v %s", strings.Join(cmd, " "), err, said)
				}
				if bytes.Contains(said, []byte(secret)) || bytes.Contains(said, []byte("NIK")) {
					t.Errorf("%s gives it away", strings.Join(cmd[:len(cmd)-1], " "))
				}
				if cmd[0] == "pdftotext" && cmd[1] == "-raw" && len(bytes.TrimSpace(said)) > 0 {
					t.Errorf("the copy has a text layer: %q", said)
				}
			}
			if s := unpacked(t, out); strings.Contains(s, secret) || strings.Contains(s, "NIK") {
				t.Error("a decompressed stream gives it away")
			}
			for _, mark := range []string{"/Annot", "/AcroForm", "/EmbeddedFile ", "/Filespec", "/OCG", "/OCProperties", "/JavaScript", "/Metadata", "/Outlines", "/Prev", "/ObjStm"} {
				if bytes.Contains(out, []byte(mark)) {
					t.Errorf("the copy has a %s", mark)
				}
			}
			if n := bytes.Count(out, []byte("startxref")); n != 1 {
				t.Errorf("%d revisions", n)
			}
			checkPixels(t, p, out, before, burned)
			checkImages(t, path, dir)
			// mutool takes everything out that can be taken out: the pictures, nothing else.
			extract := exec.Command("mutool", "extract", path)
			extract.Dir = dir
			if said, err := extract.CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, said)
			}
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(data, []byte(secret)) || strings.HasSuffix(f, ".ttf") || strings.HasSuffix(f, ".cff") {
					t.Errorf("mutool extract gives %s", filepath.Base(f))
				}
			}
		})
	}
}

// checkPixels draws the copy and looks at it: inside the boxes nothing but black and the label; outside, the same page as
// before but for the labels' lines, and not blank.
func checkPixels(t *testing.T, p *Tools, out []byte, before []Page, burned [][]Rect) {
	t.Helper()
	ctx := context.Background()
	d, err := p.Open(ctx, bytes.NewReader(out), 50)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Pages) != len(before) {
		t.Fatalf("%d pages of %d", len(d.Pages), len(before))
	}
	err = d.Draw(ctx, 1, len(d.Pages), func(n int, pg Page) error {
		was := before[n-1]
		if math.Abs(pg.Size.W-was.Size.W) > 1 || math.Abs(pg.Size.H-was.Size.H) > 1 {
			t.Errorf("page %d was %v and is %v", n, was.Size, pg.Size)
		}
		b := was.Image.Bounds().Intersect(pg.Image.Bounds())
		var covered []image.Rectangle
		for _, r := range burned[n-1] {
			px := was.pixels(r)
			covered = append(covered, px)
			if n := grey(pg.Image, px.Inset(2)); n > 0 {
				continue // label's edges
			}
		}
		same, ink, differs := 0, 0, 0
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if slices.ContainsFunc(covered, func(r image.Rectangle) bool { return image.Pt(x, y).In(r.Inset(-2)) }) {
					continue
				}
				a, c := lum(was.Image.RGBAAt(x, y)), lum(pg.Image.RGBAAt(x, y))
				if a < 128 {
					ink++
					if c < 160 {
						same++
					}
				} else if c < 96 {
					differs++
				}
			}
		}
		if ink == 0 || float64(same) < 0.9*float64(ink) {
			t.Errorf("page %d: of %d dark points outside the boxes %d are left", n, ink, same)
		}
		if differs > 3000 {
			t.Errorf("page %d: %d points outside the boxes were light and are dark", n, differs)
		}
		// The box is what the label says and nothing else: burning a blank page the same way gives the same points.
		blank := Page{Image: image.NewRGBA(was.Image.Rect), Size: was.Size, DPI: was.DPI}
		for i := range blank.Image.Pix {
			blank.Image.Pix[i] = 0xff
		}
		blank.Burn(labelled(burned[n-1]))
		for _, r := range covered {
			for y := r.Min.Y + 2; y < r.Max.Y-2; y++ {
				for x := r.Min.X + 2; x < r.Max.X-2; x++ {
					if w, g := lum(blank.Image.RGBAAt(x, y)), lum(pg.Image.RGBAAt(x, y)); math.Abs(float64(w)-float64(g)) > 90 {
						t.Fatalf("page %d: point %d,%d of a box is %d, and would be %d on a blank page", n, x, y, g, w)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lum(c color.RGBA) int { return (int(c.R) + int(c.G) + int(c.B)) / 3 }

func grey(img *image.RGBA, r image.Rectangle) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if l := lum(img.RGBAAt(x, y)); l > 40 && l < 215 {
				n++
			}
		}
	}
	return n
}

// checkImages: one picture a page, none beside or below it.
func checkImages(t *testing.T, path, dir string) {
	t.Helper()
	said, err := exec.Command("pdfimages", "-list", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(bytes.TrimSpace(said), []byte("\n")) - 1; n != 1 {
		t.Errorf("%d pictures on one page:\n%s", n, said)
	}
}

var streams = regexp.MustCompile(`(?s)stream\r?\n(.*?)endstream`)

// unpacked is everything a PDF holds, its streams decompressed.
func unpacked(t testing.TB, pdf []byte) string {
	t.Helper()
	var b strings.Builder
	b.Write(pdf)
	for _, m := range streams.FindAllSubmatch(pdf, -1) {
		if r, err := zlib.NewReader(bytes.NewReader(m[1])); err == nil {
			plain, _ := io.ReadAll(r) // what can be read of it
			b.Write(plain)
		}
	}
	return b.String()
}

func TestWordsAndTheirPlaces(t *testing.T) {
	p := tools(t)
	for _, s := range corpus(t) {
		if s.name == "off the page" || s.name == "form field" || s.name == "old revision" {
			continue
		}
		_, before, burned := redact(t, p, s.pdf, s.boxes)
		if len(burned[0]) == 0 {
			t.Errorf("%s: the secret's words were not found", s.name)
			continue
		}
		if s.name == "text layer" || s.name == "turned and cropped" {
			// What is in the box is the word: dark points inside, paper just around.
			px := before[0].pixels(burned[0][0])
			dark := 0
			for y := px.Min.Y; y < px.Max.Y; y++ {
				for x := px.Min.X; x < px.Max.X; x++ {
					if lum(before[0].Image.RGBAAt(x, y)) < 128 {
						dark++
					}
				}
			}
			if area := px.Dx() * px.Dy(); dark*20 < area || px.Dx() < 50 && px.Dy() < 50 {
				t.Errorf("%s: %d dark points in %v", s.name, dark, px)
			}
		}
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	p := tools(t)
	huge := raw(nil, 1, 0, "1 0 R", simple("", "", ""))
	huge = bytes.Replace(huge, []byte("[0 0 595 842]"), []byte("[0 0 14400 14400]"), 1)
	locked := encrypted(t)
	many := textPages(t, 60)
	for _, row := range []struct {
		name, code string
		pdf        []byte
	}{
		{"locked", Encrypted, locked}, {"not a PDF", Broken, []byte("%PDF-1.7\nthis is no document")}, {"empty", Broken, nil},
		{"cut short", Broken, corpus(t)[0].pdf[:200]}, {"too many pages", TooManyPages, many}, {"too large", PageTooLarge, huge},
	} {
		d, err := p.Open(context.Background(), bytes.NewReader(row.pdf), 50)
		if err == nil {
			err = d.Draw(context.Background(), 1, len(d.Pages), func(int, Page) error { return nil })
		}
		if code, _ := Code(err); code != row.code {
			t.Errorf("%s: %v, want %s", row.name, err, row.code)
		}
	}
	var absent *Tools
	if _, err := absent.Open(context.Background(), bytes.NewReader(nil), 1); err == nil || absent.Version() != "" {
		t.Error("a program that is not there draws")
	}
	if find(func(name string) (string, error) { return "", exec.ErrNotFound }) != nil {
		t.Error("found where there is none")
	}
}

// A program that would run for ever, or eat the machine's memory, is ended, and its folder is gone.
func TestProgramsAreHeldToTheirLimits(t *testing.T) {
	p := tools(t)
	home := t.TempDir()
	t.Setenv("TMPDIR", home)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := p.run(ctx, bytes.NewReader(nil), func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }, p.shell, "-c", "sleep 60 & sleep 60")
	if code, _ := Code(err); code != TooLong || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	err = p.run(context.Background(), bytes.NewReader(nil), func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }, p.shell, "-c", "echo x > file; test -s file && exit 0; exit 3")
	if code, _ := Code(err); code != Broken {
		t.Errorf("a program wrote a file: %v", err)
	}
	var limit bytes.Buffer
	if err := p.run(context.Background(), bytes.NewReader(nil), func(r io.Reader) error { _, err := io.Copy(&limit, r); return err }, p.shell, "-c", "ulimit -v; ulimit -t; env"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(limit.String(), fmt.Sprintf("%d\n%d\n", memoryKiB, cpuSeconds)) || strings.Contains(limit.String(), "SECRET") {
		t.Errorf("limits and environment: %s", limit.String())
	}
	if left, err := filepath.Glob(filepath.Join(home, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestPictures(t *testing.T) {
	// A camera held sideways: 20 wide, 10 high as stored; its dark corner is the first point.
	img := image.NewRGBA(image.Rect(0, 0, 20, 10))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for y := range 3 {
		for x := range 3 {
			img.SetRGBA(x, y, color.RGBA{0, 0, 0, 0xff})
		}
	}
	for o, want := range map[int]image.Point{1: {0, 0}, 2: {19, 0}, 3: {19, 9}, 4: {0, 9}, 5: {0, 0}, 6: {9, 0}, 7: {9, 19}, 8: {0, 19}} {
		p, err := Picture(bytes.NewReader(jpegWith(t, img, o)))
		if err != nil {
			t.Fatal(err)
		}
		if b := p.Image.Bounds(); o >= 5 && b.Dx() != 10 || o < 5 && b.Dx() != 20 {
			t.Errorf("orientation %d: %v", o, b)
		}
		if lum(p.Image.RGBAAt(want.X, want.Y)) > 80 {
			t.Errorf("orientation %d: the corner is not at %v", o, want)
		}
		p.Burn([]Box{{Rect{0, 0, 1, 1}, "", ""}})
		data, kind, err := p.As("image/jpeg")
		if err != nil || kind != "image/jpeg" || bytes.Contains(data, []byte("Exif")) || bytes.Contains(data, []byte(secret)) {
			t.Errorf("orientation %d: %s %v; the source's metadata is still there", o, kind, err)
		}
	}
	if _, err := Picture(bytes.NewReader([]byte("GIF89a"))); err == nil {
		t.Error("half a picture is drawn")
	}
	bomb := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x02\x00\x00\x00"), 0x4a, 0x8e, 0x9b, 0x1a)
	if _, err := Picture(bytes.NewReader(bomb)); err == nil {
		t.Error("a picture of 65,536 by 65,536 is drawn")
	}
}

func TestLabels(t *testing.T) {
	white := func() Page {
		p := Page{Image: image.NewRGBA(image.Rect(0, 0, 600, 400))}
		for i := range p.Image.Pix {
			p.Image.Pix[i] = 0xff
		}
		return p
	}
	dark := func(p Page, r image.Rectangle) (n int) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if lum(p.Image.RGBAAt(x, y)) < 128 {
					n++
				}
			}
		}
		return n
	}
	wide, small := Rect{0.1, 0.1, 0.6, 0.2}, Rect{0.5, 0.5, 0.52, 0.52}
	p := white()
	p.Burn(labelled([]Rect{wide, small}))
	if px := p.pixels(wide); dark(p, px) == px.Dx()*px.Dy() {
		t.Error("a wide box has no label")
	}
	if out := dark(p, p.Image.Bounds()) - dark(p, p.pixels(wide)) - dark(p, p.pixels(small)); out < 20 {
		t.Error("a small box has no label beside it")
	}
	// Where there is no blank paper the label is in the box, and nothing legible is written over.
	full := white()
	for i := range full.Image.Pix {
		full.Image.Pix[i] = 0x80
	}
	full.Burn(labelled([]Rect{small}))
	px := full.pixels(small)
	for y := range 400 {
		for x := range 600 {
			if l := lum(full.Image.RGBAAt(x, y)); !image.Pt(x, y).In(px) && l != 0x80 {
				t.Fatalf("%d,%d outside the box is %d", x, y, l)
			}
		}
	}
}

func BenchmarkPage(b *testing.B) {
	p := tools(b)
	pdf := textPages(b, 20)
	ctx := context.Background()
	for b.Loop() {
		d, err := p.Open(ctx, bytes.NewReader(pdf), 50)
		if err != nil {
			b.Fatal(err)
		}
		out := NewBuilder("id", "x", time.Now())
		if err := d.Draw(ctx, 1, len(d.Pages), func(_ int, pg Page) error {
			pg.Burn(labelled([]Rect{{0.1, 0.1, 0.4, 0.12}, {0.5, 0.3, 0.55, 0.32}}))
			return out.Add(pg)
		}); err != nil {
			b.Fatal(err)
		}
		if err := out.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/20, "ms/page")
}
