package policies

import (
	"cmp"
	"slices"
	"sync"
)

// Types of personal data that FindPersonal names.
const (
	PersonalNIK      = "nik"          // nomor induk kependudukan, 16 digits
	PersonalKK       = "kk"           // nomor kartu keluarga, 16 digits
	PersonalNPWP     = "npwp"         // tax number: 15 digits, or 16 since 2024
	PersonalPhone    = "phone"        //
	PersonalEmail    = "email"        //
	PersonalBank     = "bank_account" //
	PersonalPlate    = "plate"        // vehicle registration
	PersonalPassport = "passport"     //
	PersonalName     = "name"         // after a title or "bernama"
)

// PersonalMode says which error costs more.
type PersonalMode int

const (
	// Precision is for classifying: a false find would hide a public record (UU 14/2008 art. 2(2): exemptions are
	// strict and limited), so a number must be well formed and a name must follow a title.
	Precision PersonalMode = iota
	// Recall is for publishing: a missed find would show somebody's data (UU 27/2022 art. 4), and an officer decides on
	// each find anyway.
	Recall
)

// rank decides which type keeps a span that two claim: the more specific one.
var personalRank = map[string]int{
	PersonalEmail: 0, PersonalNPWP: 1, PersonalNIK: 2, PersonalKK: 2, PersonalBank: 3, PersonalPassport: 4,
	PersonalPhone: 5, PersonalPlate: 6, PersonalName: 7,
}

// FindPersonal finds Indonesian personal data in text, in order of place. No two findings overlap. Offsets are code
// points, half-open, of the value itself: "NIK 3273…" yields the digits, "Bapak Budi" yields "Budi".
//
// It reads the text once, in linear time.
func FindPersonal(text string, mode PersonalMode) []Finding {
	buf := personalToks.Get().(*[]ptok)
	s := &personalScan{text: text, mode: mode, toks: lexPersonal(text, (*buf)[:0])}
	defer func() {
		clear(s.toks) // the pool keeps no words of a case
		*buf = s.toks
		personalToks.Put(buf)
	}()
	if len(s.toks) == 0 {
		return nil
	}
	s.emails()
	s.numbers()
	s.passports()
	s.plates()
	s.names()
	return settle(s.found)
}

var personalToks = sync.Pool{New: func() any { return new([]ptok) }}

// PersonalTypes lists the types found, each once, in order of place.
func PersonalTypes(found []Finding) []string {
	types := make([]string, 0, 4)
	for _, f := range found {
		if !slices.Contains(types, f.Type) {
			types = append(types, f.Type)
		}
	}
	return types
}

// settle orders findings by place and keeps the most specific of those that overlap.
func settle(found []Finding) []Finding {
	if len(found) < 2 {
		return found
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(personalRank[a.Type], personalRank[b.Type]), cmp.Compare(b.End, a.End))
	})
	out := found[:1]
	for _, f := range found[1:] {
		last := &out[len(out)-1]
		switch {
		case f.Start >= last.End:
			out = append(out, f)
		case personalRank[f.Type] < personalRank[last.Type]:
			*last = f
		}
	}
	return out
}

// personalScan is one reading of one text.
type personalScan struct {
	text  string
	mode  PersonalMode
	toks  []ptok
	found []Finding
}

// add records tokens i up to and including j as one finding.
func (s *personalScan) add(kind string, i, j int) {
	a, b := &s.toks[i], &s.toks[j]
	s.found = append(s.found, Finding{Type: kind, Start: a.c0, End: b.c1, Text: s.text[a.b0:b.b1]})
	for k := i; k <= j; k++ {
		s.toks[k].used = true
	}
}

// emails finds addresses around each @.
func (s *personalScan) emails() {
	for i := range s.toks {
		if !s.is(i, '@') {
			continue
		}
		a, b := i, i
		for a > 0 && s.tight(a-1, a) && !s.toks[a-1].used && (s.toks[a-1].kind != pPunct || s.toks[a-1].isAny("._%+-")) {
			a--
		}
		for a < i && s.toks[a].isAny(".-") {
			a++
		}
		dot := false
		for b+1 < len(s.toks) && s.tight(b, b+1) && (s.toks[b+1].kind != pPunct || s.toks[b+1].isAny(".-")) {
			b++
		}
		for b > i && s.toks[b].kind == pPunct {
			b--
		}
		for k := i + 1; k < b; k++ {
			dot = dot || s.is(k, '.')
		}
		if a == i || b == i || !dot || s.toks[b].kind != pWord || s.toks[b].c1-s.toks[b].c0 < 2 {
			continue
		}
		if s.mode == Precision && roleMailbox[s.toks[a].low] {
			continue // an office's mailbox is nobody's personal data
		}
		s.add(PersonalEmail, a, b)
	}
	if s.mode == Recall {
		s.spelledEmails()
	}
}

// spelledEmails finds "budi [at] contoh [dot] com" and the like.
func (s *personalScan) spelledEmails() {
	for i := 2; i+2 < len(s.toks); i++ {
		t := &s.toks[i]
		if t.low != "at" || !s.toks[i-1].isAny("[(") || !s.toks[i+1].isAny("])") {
			continue
		}
		a, b := i-2, i+2
		for a > 0 && s.tight(a-1, a) && (s.toks[a-1].kind != pPunct || s.toks[a-1].isAny("._-")) {
			a--
		}
		for b+1 < len(s.toks) {
			next := &s.toks[b+1]
			if s.tight(b, b+1) && (next.kind != pPunct || next.isAny(".-")) {
				b++
				continue
			}
			if b+4 < len(s.toks) && next.isAny("[(") && s.toks[b+2].low == "dot" {
				b += 4
				continue
			}
			break
		}
		if s.toks[i-2].kind == pPunct || s.toks[b].kind == pPunct {
			continue
		}
		s.add(PersonalEmail, a, b)
	}
}

var roleMailbox = wordSet(`info ppid humas admin kontak contact pengaduan layanan lapor cs halo hallo helpdesk sekretariat
	kominfo diskominfo dinas persuratan umum support noreply webmaster pelayanan data statistik bps ulp lpse callcenter`)
