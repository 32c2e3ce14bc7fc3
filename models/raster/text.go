package raster

import (
	"html"
	"math"
	"strings"
	"unicode/utf8"
)

// Rect is a part of a page: 0 is its left or upper edge, 1 its right or lower.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// Text is what a page says: its words in reading order, a blank between two, each line ended.
type Text struct {
	b     strings.Builder
	runes int
	words []word
	ended bool // the last thing written ends a line
}

type word struct {
	start, end int // code points of the text
	line       int
	at         Rect
}

// String is the text.
func (t *Text) String() string { return t.b.String() }

// Empty says that the page has no words.
func (t *Text) Empty() bool { return len(t.words) == 0 }

func (t *Text) add(s string, at Rect) {
	s = strings.TrimSpace(html.UnescapeString(strings.ToValidUTF8(s, "�")))
	if s == "" {
		return
	}
	line := 0
	if n := len(t.words); n > 0 {
		line = t.words[n-1].line
		if t.ended {
			line++
		} else {
			t.b.WriteByte(' ')
			t.runes++
		}
	}
	n := utf8.RuneCountInString(s)
	t.words = append(t.words, word{t.runes, t.runes + n, line, at})
	t.b.WriteString(s)
	t.runes += n
	t.ended = false
}

func (t *Text) endLine() {
	if t.runes > 0 && !t.ended {
		t.b.WriteByte('\n')
		t.runes++
		t.ended = true
	}
}

// Boxes covers a stretch of the text, in code points: whole words, one rectangle a line, with a little room around.
func (t *Text) Boxes(start, end int) []Rect {
	var out []Rect
	line := -1
	for _, w := range t.words {
		if w.end <= start || w.start >= end {
			continue
		}
		if w.line == line {
			r := &out[len(out)-1]
			// Words of one line that stand apart, as in a table, are covered each by itself.
			if w.at.X0 <= r.X1+0.05 && w.at.X1 >= r.X0 {
				r.X0, r.Y0 = math.Min(r.X0, w.at.X0), math.Min(r.Y0, w.at.Y0)
				r.X1, r.Y1 = math.Max(r.X1, w.at.X1), math.Max(r.Y1, w.at.Y1)
				continue
			}
		}
		line = w.line
		out = append(out, w.at)
	}
	// A word's box is drawn from what its type face says of itself; ink goes beyond it.
	for i := range out {
		r := &out[i]
		up, side := (r.Y1-r.Y0)*0.18, (r.Y1-r.Y0)*0.10
		*r = Rect{math.Max(0, r.X0-side), math.Max(0, r.Y0-up), math.Min(1, r.X1+side), math.Min(1, r.Y1+up)}
	}
	return out
}
