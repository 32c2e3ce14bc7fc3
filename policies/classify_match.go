package policies

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// slot says which part of which rule a term belongs to.
type slot struct {
	rule  int32 // index in Pack.Rules, or in Pack.Routes for slotRoute
	part  slotPart
	group int16 // for slotAll and slotNear
	near  int16 // which Near
}

type slotPart uint8

const (
	slotAny slotPart = iota
	slotAll
	slotNear
	slotUnless
	slotRoute
)

// match is one place where a term stands: tokens first to last, inclusive.
type match struct {
	slot
	first, last int32
}

// lexicon finds all terms of a pack in one pass over the words of a text.
type lexicon struct {
	words    map[string]int32 // whole words
	prefixes map[string]int32 // words that end in "*" in a term
	lengths  []int            // of the prefixes, ascending
	clitics  []string
	nodes    []node
}

type node struct {
	next map[int32]int32
	ends []slot
}

func newLexicon(lang string) *lexicon {
	return &lexicon{
		words: map[string]int32{}, prefixes: map[string]int32{}, clitics: clitics[lang], nodes: []node{{}},
	}
}

// maxVariants bounds the phrases that one term with alternatives may stand for.
const maxVariants = 512

// add enters a term: words with spaces between; "hasil|laporan" for either; "penyidik*" for any ending.
func (l *lexicon) add(term string, s slot) error {
	parts := strings.Fields(term)
	if len(parts) == 0 {
		return fmt.Errorf("an empty term; write a word or remove it")
	}
	at := []int32{0}
	for _, part := range parts {
		var next []int32
		for alt := range strings.SplitSeq(part, "|") {
			ids, err := l.path(at, alt)
			if err != nil {
				return fmt.Errorf("term %q: %w", term, err)
			}
			next = append(next, ids...)
		}
		if len(next) > maxVariants {
			return fmt.Errorf("term %q stands for more than %d phrases; split it", term, maxVariants)
		}
		at = next
	}
	for _, n := range at {
		if !slices.Contains(l.nodes[n].ends, s) {
			l.nodes[n].ends = append(l.nodes[n].ends, s)
		}
	}
	return nil
}

// path walks from the nodes in at over one word of a term, which may fall into several tokens ("surat-surat").
func (l *lexicon) path(at []int32, word string) ([]int32, error) {
	stem, wild := strings.CutSuffix(word, "*")
	toks := tokenize(stem, 0, nil)
	if len(toks) == 0 {
		return nil, fmt.Errorf("%q has no letters or digits", word)
	}
	if wild && len(toks[len(toks)-1].word) < 4 {
		return nil, fmt.Errorf("%q would match too much; give at least four letters before *", word)
	}
	for i := range toks {
		id := l.symbol(toks[i].word, wild && i == len(toks)-1)
		next := make([]int32, len(at))
		for k, n := range at {
			next[k] = l.child(n, id)
		}
		at = next
	}
	return at, nil
}

func (l *lexicon) symbol(word string, wild bool) int32 {
	set := l.words
	if wild {
		set = l.prefixes
	}
	id, ok := set[word]
	if !ok {
		id = int32(len(l.words) + len(l.prefixes))
		set[word] = id
		if wild && !slices.Contains(l.lengths, len(word)) {
			l.lengths = append(l.lengths, len(word))
			slices.Sort(l.lengths)
		}
	}
	return id
}

func (l *lexicon) child(n, symbol int32) int32 {
	if l.nodes[n].next == nil {
		l.nodes[n].next = map[int32]int32{}
	}
	c, ok := l.nodes[n].next[symbol]
	if !ok {
		c = int32(len(l.nodes))
		l.nodes = append(l.nodes, node{})
		l.nodes[n].next[symbol] = c
	}
	return c
}

// symbols appends what the word may stand for in a term.
func (l *lexicon) symbols(word string, out []int32) []int32 {
	if id, ok := l.words[word]; ok {
		out = append(out, id)
	}
	for _, c := range l.clitics {
		if len(word) >= len(c)+3 && strings.HasSuffix(word, c) {
			if id, ok := l.words[word[:len(word)-len(c)]]; ok {
				out = append(out, id)
			}
		}
	}
	for _, n := range l.lengths {
		if n > len(word) {
			break
		}
		if id, ok := l.prefixes[word[:n]]; ok {
			out = append(out, id)
		}
	}
	return out
}

// scratch is the memory of one reading, kept between readings.
type scratch struct {
	toks                               []token
	flat, from, states, next, sentence []int32
	found, byRule                      []match
	start                              []int32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release gives the memory back, without the words of the case.
func (s *scratch) release() {
	clear(s.toks)
	scratches.Put(s)
}

// find puts every match into s.found, in order of first token. A term does not reach over a comma or the end of a
// sentence.
func (l *lexicon) find(s *scratch) {
	toks := s.toks
	s.flat, s.from, s.found = s.flat[:0], append(s.from[:0], 0), s.found[:0]
	for i := range toks {
		s.flat = l.symbols(toks[i].word, s.flat)
		s.from = append(s.from, int32(len(s.flat)))
	}
	for i := range toks {
		if s.from[i] == s.from[i+1] {
			continue
		}
		s.states = append(s.states[:0], 0)
		for j := i; j < len(toks) && len(s.states) > 0; j++ {
			if j > i && toks[j].before != gapNone {
				break
			}
			s.next = s.next[:0]
			for _, at := range s.states {
				for _, id := range s.flat[s.from[j]:s.from[j+1]] {
					c, ok := l.nodes[at].next[id]
					if !ok || slices.Contains(s.next, c) {
						continue
					}
					s.next = append(s.next, c)
					for _, e := range l.nodes[c].ends {
						s.found = append(s.found, match{slot: e, first: int32(i), last: int32(j)})
					}
				}
			}
			s.states, s.next = s.next, s.states
		}
	}
}

// sort groups s.found by rule, in place order within each; matches of routes come last, as if of rule number rules.
func (s *scratch) sort(rules int) {
	bucket := func(m *match) int32 {
		if m.part == slotRoute {
			return int32(rules)
		}
		return m.rule
	}
	s.start = slices.Grow(s.start[:0], rules+2)[:rules+2]
	clear(s.start)
	for i := range s.found {
		s.start[bucket(&s.found[i])+1]++
	}
	for i := 1; i < len(s.start); i++ {
		s.start[i] += s.start[i-1]
	}
	s.byRule = slices.Grow(s.byRule[:0], len(s.found))[:len(s.found)]
	for i := range s.found {
		b := bucket(&s.found[i])
		s.byRule[s.start[b]] = s.found[i]
		s.start[b]++
	}
	// Each start has moved to the next one's place; put them back.
	copy(s.start[1:], s.start[:rules+1])
	s.start[0] = 0
}

// of returns the matches of one rule.
func (s *scratch) of(rule int) []match { return s.byRule[s.start[rule]:s.start[rule+1]] }
