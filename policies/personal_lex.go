package policies

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

type ptokKind uint8

const (
	pWord  ptokKind = iota // letters with their marks
	pNum                   // decimal digits of any script
	pPunct                 // one other visible character
)

// ptok is a piece of text. Space is not kept: two tokens are tight when one ends where the other starts.
type ptok struct {
	kind   ptokKind
	used   bool // part of a finding already
	nl     bool // a line break stands before it
	upper  bool // starts with a capital
	r      rune // the character, for punctuation
	b0, b1 int  // bytes
	c0, c1 int  // code points
	low    string
	digits string // ASCII digits, for numbers
}

// lexPersonal cuts text into words, digit runs and punctuation. Invalid UTF-8 counts one code point a byte, as
// []rune(text) does. The tokens are appended to toks.
func lexPersonal(text string, toks []ptok) []ptok {
	toks = slices.Grow(toks, len(text)/5+4)
	nl := false
	c := 0
	for b := 0; b < len(text); {
		r, n := utf8.DecodeRuneInString(text[b:])
		kind, space := runeClass(r)
		if space {
			nl = nl || r == '\n' || r == '\r'
			b, c = b+n, c+1
			continue
		}
		t := ptok{kind: kind, nl: nl, r: r, b0: b, c0: c}
		nl = false
		b, c = b+n, c+1
		if kind != pPunct {
			for b < len(text) {
				r2, n2 := utf8.DecodeRuneInString(text[b:])
				k2, sp2 := runeClass(r2)
				if sp2 || k2 != kind && !(kind == pWord && unicode.Is(unicode.M, r2)) {
					break
				}
				b, c = b+n2, c+1
			}
		}
		t.b1, t.c1 = b, c
		switch kind {
		case pWord:
			t.low = strings.ToLower(text[t.b0:t.b1])
			t.upper = unicode.IsUpper(r)
		case pNum:
			t.digits = asciiDigits(text[t.b0:t.b1])
		}
		toks = append(toks, t)
	}
	return toks
}

// runeClass sorts a character; format characters (zero-width joiners, soft hyphens) count as space, so that they
// cannot hide a number from its neighbours.
func runeClass(r rune) (kind ptokKind, space bool) {
	if r < utf8.RuneSelf {
		switch {
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
			return pWord, false
		case '0' <= r && r <= '9':
			return pNum, false
		case r <= ' ' || r == 0x7f:
			return pPunct, true
		}
		return pPunct, false
	}
	switch {
	case unicode.IsLetter(r):
		return pWord, false
	case unicode.Is(unicode.Nd, r):
		return pNum, false
	case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
		return pPunct, true
	case unicode.Is(unicode.M, r):
		return pWord, false
	}
	return pPunct, false
}

// asciiDigits writes the digits of any script as 0-9.
func asciiDigits(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return s
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = append(out, '0'+digitValue(r))
	}
	return string(out)
}

// digitValue relies on Unicode's promise that decimal digits come in runs of ten, in order; some runs adjoin, none by
// more than five.
func digitValue(r rune) byte {
	n := rune(0)
	for n < 60 && unicode.Is(unicode.Nd, r-n-1) {
		n++
	}
	return byte(n % 10)
}

// is says whether token i is the punctuation r.
func (s *personalScan) is(i int, r rune) bool {
	return i >= 0 && i < len(s.toks) && s.toks[i].kind == pPunct && s.toks[i].r == r
}

// isAny says whether the token is one of the punctuation characters in set.
func (t *ptok) isAny(set string) bool {
	return t.kind == pPunct && strings.ContainsRune(set, t.r)
}

// tight says that nothing stands between tokens i and j.
func (s *personalScan) tight(i, j int) bool {
	return i >= 0 && j < len(s.toks) && s.toks[i].c1 == s.toks[j].c0
}

// low is token i as a lower-case word, "" for anything else and outside the text.
func (s *personalScan) low(i int) string {
	if i < 0 || i >= len(s.toks) {
		return ""
	}
	return s.toks[i].low
}

// wordSet makes a set of the words of list.
func wordSet(list string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}
