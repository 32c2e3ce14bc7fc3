package raster

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Box covers a part of a page. Label is the ground for it, printed on the box in white; Short is printed where Label has
// no room.
type Box struct {
	Rect
	Label, Short string
}

// Burn blackens boxes: what was there is overwritten, and gone when this returns. A box too small for its label has it
// beside it, on blank paper, with a line that leads there.
func (p Page) Burn(boxes []Box) {
	faces := typeface{}
	rects := make([]image.Rectangle, len(boxes))
	for i, b := range boxes {
		rects[i] = p.pixels(b.Rect)
		draw.Draw(p.Image, rects[i], image.Black, image.Point{}, draw.Src)
	}
	// Labels come after all boxes, so that none is covered by the next.
	var outside []int
	for i, b := range boxes {
		if within(rects, boxes, i) {
			continue // the box over it says the same
		}
		if !p.inside(faces, rects[i], b.Label, 10) && !p.inside(faces, rects[i], b.Short, 9) {
			outside = append(outside, i)
		}
	}
	var taken []image.Rectangle
	for _, i := range outside {
		at, ok := p.beside(faces, rects[i], boxes[i].Short, taken)
		if !ok { // no blank paper near: as small as it must be, rather than over words that may be read
			p.inside(faces, rects[i], boxes[i].Short, 4)
			continue
		}
		taken = append(taken, at)
	}
}

// within says that a box lies in another with the same label.
func within(rects []image.Rectangle, boxes []Box, i int) bool {
	for j := range rects {
		if j != i && rects[i].In(rects[j]) && boxes[i].Label == boxes[j].Label && (rects[i] != rects[j] || j < i) {
			return true
		}
	}
	return false
}

// pixels is the part of the page that a box covers: never less than was asked for.
func (p Page) pixels(r Rect) image.Rectangle {
	b := p.Image.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	return image.Rect(int(math.Floor(r.X0*w)), int(math.Floor(r.Y0*h)), int(math.Ceil(r.X1*w)), int(math.Ceil(r.Y1*h))).Intersect(b)
}

// maxLabel is the largest size of a label, in pixels at 150 dpi: 11 points.
const maxLabel = 23

// inside writes a label into a box, in as many lines as it has words at most; false when it does not fit at least at size
// smallest.
func (p Page) inside(faces typeface, r image.Rectangle, label string, smallest int) bool {
	words := strings.Fields(label)
	if len(words) == 0 {
		return true
	}
	for size := maxLabel; size >= smallest; size-- {
		f := faces.of(size)
		for n := 1; n <= min(3, len(words)); n++ {
			lines := broken(words, n)
			w := 0
			for _, l := range lines {
				w = max(w, font.MeasureString(f, l).Ceil())
			}
			h := size * 5 / 4 * n
			if w+4 > r.Dx() || h > r.Dy() {
				continue
			}
			y := r.Min.Y + (r.Dy()-h)/2 + size
			for _, l := range lines {
				x := r.Min.X + (r.Dx()-font.MeasureString(f, l).Ceil())/2
				write(p.Image, f, color.White, x, y, l)
				y += size * 5 / 4
			}
			return true
		}
	}
	return false
}

// broken parts words into n lines of about the same length.
func broken(words []string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, strings.Join(words[i*len(words)/n:(i+1)*len(words)/n], " "))
	}
	return out
}

// besideSize is how large a label beside its box is, in pixels at 150 dpi: 6 points.
const besideSize = 13

// beside writes a label on the nearest blank paper, with a line from the box.
func (p Page) beside(faces typeface, r image.Rectangle, label string, taken []image.Rectangle) (image.Rectangle, bool) {
	f := faces.of(besideSize)
	w, h := font.MeasureString(f, label).Ceil()+4, besideSize+4
	best, found, nearest := image.Rectangle{}, false, math.MaxInt
	for dy := -60; dy <= 60; dy += 2 {
		for dx := -160; dx <= 160; dx += 4 {
			at := image.Rect(0, 0, w, h).Add(image.Pt((r.Min.X+r.Max.X-w)/2+dx, (r.Min.Y+r.Max.Y-h)/2+dy))
			away := gap(r, at)
			if away >= nearest || at.Overlaps(r) || !at.In(p.Image.Bounds()) || !p.blank(at) {
				continue
			}
			free := true
			for _, t := range taken {
				free = free && !t.Overlaps(at)
			}
			if free {
				best, found, nearest = at, true, away
			}
		}
	}
	if !found {
		return best, false
	}
	p.lead(r, best)
	write(p.Image, f, color.Black, best.Min.X+2, best.Min.Y+besideSize-1, label)
	return best, true
}

// gap is how far apart two rectangles are.
func gap(a, b image.Rectangle) int {
	dx := max(0, b.Min.X-a.Max.X, a.Min.X-b.Max.X)
	dy := max(0, b.Min.Y-a.Max.Y, a.Min.Y-b.Max.Y)
	return dx*dx + dy*dy
}

func (p Page) blank(r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := p.Image.Pix[y*p.Image.Stride:]
		for x := r.Min.X; x < r.Max.X; x++ {
			if row[4*x] < 0xe8 || row[4*x+1] < 0xe8 || row[4*x+2] < 0xe8 {
				return false
			}
		}
	}
	return true
}

// lead draws a line between the nearest points of a box and its label.
func (p Page) lead(r, at image.Rectangle) {
	near := func(lo, hi, lo2, hi2 int) (int, int) {
		switch {
		case hi <= lo2:
			return hi - 1, lo2
		case hi2 <= lo:
			return lo, hi2
		}
		mid := (max(lo, lo2) + min(hi, hi2)) / 2
		return mid, mid
	}
	x0, x1 := near(r.Min.X, r.Max.X, at.Min.X, at.Max.X)
	y0, y1 := near(r.Min.Y, r.Max.Y, at.Min.Y, at.Max.Y)
	n := max(abs(x1-x0), abs(y1-y0), 1)
	for i := range n + 1 {
		p.Image.Set(x0+(x1-x0)*i/n, y0+(y1-y0)*i/n, color.Black)
	}
}

func abs(n int) int { return max(n, -n) }

func write(img draw.Image, f font.Face, c color.Color, x, y int, s string) {
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

var (
	bold = sync.OnceValue(func() *opentype.Font {
		f, err := opentype.Parse(gobold.TTF)
		if err != nil {
			panic("raster: the built-in type face: " + err.Error())
		}
		return f
	})
)

// typeface makes faces of one size, in pixels. A face may be used by one goroutine at a time, so each burning has its own.
type typeface map[int]font.Face

func (t typeface) of(size int) font.Face {
	f, ok := t[size]
	if !ok {
		var err error
		if f, err = opentype.NewFace(bold(), &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull}); err != nil {
			panic("raster: the built-in type face: " + err.Error())
		}
		t[size] = f
	}
	return f
}
