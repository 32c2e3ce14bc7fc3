package store

import "strings"

// stemIndonesian is the Indonesian stemmer of the Snowball project (after F. Z. Tala,
// "A Study of Stemming Effects on Information Retrieval in Bahasa Indonesia", 2003),
// as PostgreSQL has it in indonesian_stem; storetest compares the two. Words are
// runs of a to z.
func stemIndonesian(w string) string {
	s := stemmer{w: w}
	for i := range len(w) {
		if vowel(w[i]) {
			s.measure++
		}
	}
	if s.more() {
		s.cutEnd("kah", "lah", "pun")
	}
	if s.more() {
		s.cutEnd("ku", "mu", "nya")
	}
	switch {
	case !s.more():
	case s.firstPrefix():
		// After a first prefix the second goes only where a suffix went too; and not
		// from behind the p or s that stands for a first one.
		if s.more() && s.suffix() && s.more() && !s.replaced {
			s.secondPrefix()
		}
	default:
		s.secondPrefix()
		if s.more() {
			s.suffix()
		}
	}
	return s.w
}

type stemmer struct {
	w        string
	measure  int // vowels the word had, less one for each affix taken off
	prefix   prefixKind
	replaced bool
}

// prefixKind is the group of the prefix that was taken off: it decides which
// suffixes go with it.
type prefixKind int

const (
	noPrefix prefixKind = iota
	active              // di-, meng-, ter-
	perPrefix
	abstract // ke-, peng-
	berPrefix
)

// more says whether the word is long enough to lose another affix.
func (s *stemmer) more() bool { return s.measure > 2 }

func vowel(b byte) bool { return strings.IndexByte("aeiou", b) >= 0 }

// cutEnd takes off the first of the endings that the word has.
func (s *stemmer) cutEnd(endings ...string) {
	for _, e := range endings {
		if rest, ok := strings.CutSuffix(s.w, e); ok {
			s.w = rest
			s.measure--
			return
		}
	}
}

// cutStart puts another beginning in place of one, if the word has it and the rest
// of it passes.
func (s *stemmer) cutStart(start, instead string, p prefixKind, ok func(rest string) bool) bool {
	rest, found := strings.CutPrefix(s.w, start)
	if !found || ok != nil && !ok(rest) {
		return false
	}
	s.w = instead + rest
	s.prefix = p
	s.measure--
	s.replaced = instead != ""
	return true
}

func startsWithVowel(rest string) bool { return rest != "" && vowel(rest[0]) }

func (s *stemmer) firstPrefix() bool {
	return s.cutStart("meny", "s", active, startsWithVowel) ||
		s.cutStart("peny", "s", abstract, startsWithVowel) ||
		s.cutStart("mem", "p", active, startsWithVowel) ||
		s.cutStart("pem", "p", abstract, startsWithVowel) ||
		s.cutAny(active, "meng", "men", "mem", "me", "di", "ter") ||
		s.cutAny(abstract, "peng", "pen", "pem", "ke")
}

func (s *stemmer) cutAny(p prefixKind, starts ...string) bool {
	for _, start := range starts {
		if s.cutStart(start, "", p, nil) {
			return true
		}
	}
	return false
}

func (s *stemmer) secondPrefix() {
	was := s.prefix
	_ = s.cutStart("pelajar", "ajar", was, nil) ||
		s.cutStart("belajar", "ajar", berPrefix, nil) ||
		s.cutAny(perPrefix, "per", "pe") ||
		s.cutStart("ber", "", berPrefix, nil) ||
		s.cutStart("be", "", berPrefix, func(rest string) bool {
			return len(rest) >= 3 && !vowel(rest[0]) && rest[1:3] == "er"
		})
}

// suffix takes off -kan, -an or -i where the prefix allows it.
func (s *stemmer) suffix() bool {
	for _, x := range []struct {
		end string
		ok  bool
	}{
		{"kan", s.prefix != abstract && s.prefix != perPrefix},
		{"an", s.prefix != active},
		{"i", s.prefix <= perPrefix && !strings.HasSuffix(s.w, "si")},
	} {
		if rest, ok := strings.CutSuffix(s.w, x.end); ok && x.ok {
			s.w = rest
			s.measure--
			return true
		}
	}
	return false
}
