package store

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"terang/models"
)

const (
	maxTerm       = 64 // bytes; longer runs are cut alike in documents and queries
	maxQueryTerms = 16
)

// Terms makes a query into the terms documents are indexed by: words stemmed, stop
// words dropped, and whatever reads as a reference kept whole. A query of nothing but
// stop words keeps them, and finds nothing, rather than everything.
func (s *Store) Terms(query string) []string {
	if ref, ok := models.NormalReference(strings.TrimSpace(query)); ok {
		return []string{ref}
	}
	var out, stopped []string
	add := func(list *[]string, t string) {
		if !slices.Contains(*list, t) && len(*list) < maxQueryTerms {
			*list = append(*list, t)
		}
	}
	for _, field := range strings.Fields(query) {
		if ref, ok := models.NormalReference(field); ok {
			add(&out, ref)
			continue
		}
		words(field, func(w string) {
			if stopWords[w] {
				add(&stopped, w)
			} else {
				add(&out, stem(w))
			}
		})
	}
	if len(out) == 0 {
		return stopped
	}
	return out
}

// documentTerms are the terms of a document, sorted, each once.
func documentTerms(texts ...string) []string {
	seen := map[string]bool{}
	for _, t := range texts {
		words(t, func(w string) {
			if !stopWords[w] {
				seen[stem(w)] = true
			}
		})
	}
	out := make([]string, 0, len(seen))
	for t := range seen {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

// words gives the runs of letters and digits of a text, NFKC and lower case.
func words(text string, yield func(string)) {
	text = strings.ToLower(norm.NFKC.String(text))
	start := -1
	for i, r := range text {
		if inWord(r) {
			if start < 0 {
				start = i
			}
		} else if start >= 0 {
			yield(cut(text[start:i]))
			start = -1
		}
	}
	if start >= 0 {
		yield(cut(text[start:]))
	}
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))
}

func cut(w string) string {
	if len(w) <= maxTerm {
		return w
	}
	n := maxTerm
	for !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// safeTerm lets through only what words can have made, whoever calls.
func safeTerm(t string) string {
	for _, r := range t {
		if !inWord(r) {
			return ""
		}
	}
	return cut(t)
}

// stem brings a word to the form under which it is indexed: the Indonesian stem,
// then an English plural's singular. Whether a word is Indonesian or English is
// not asked: both sides go through the same, and that is all matching needs.
func stem(w string) string {
	if !isASCIIWord(w) {
		return w
	}
	stems.RLock()
	known, ok := stems.of[w]
	stems.RUnlock()
	if ok {
		return known
	}
	out := singular(stemIndonesian(w))
	stems.Lock()
	defer stems.Unlock()
	if len(stems.of) >= stemsKept || stems.of == nil {
		stems.of = make(map[string]string, stemsKept)
	}
	stems.of[strings.Clone(w)] = strings.Clone(out)
	return out
}

// stems are those of the words met last: a language has few words, and uses them often.
var stems struct {
	sync.RWMutex
	of map[string]string
}

const stemsKept = 8192 // some 0.5 MB

func isASCIIWord(w string) bool {
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
	}
	return true
}

// singular takes off an English plural ending.
func singular(w string) string {
	n := len(w)
	switch {
	case n < 4 || w[n-1] != 's':
		return w
	case strings.HasSuffix(w, "ies") && n > 4:
		return w[:n-3] + "y"
	case strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches") || strings.HasSuffix(w, "shes"):
		return w[:n-2]
	case strings.ContainsRune("aiou", rune(w[n-2])) || w[n-2] == 's':
		return w // dinas, analisis, kasus, access
	}
	return w[:n-1]
}
