package policies

import (
	"cmp"
	"slices"
)

// span is a stretch of text where a rule spoke: by tokens where words made it speak, by code points always.
type span struct {
	first, last int32 // tokens; -1 where personal data or the facts made the rule speak
	c0, c1      int
	evidence    string
}

// opening is a stretch that an opening rule governs.
type opening struct {
	rule     int
	from, to int32 // tokens, inclusive; a closing span that starts here is silenced
}

// reading is the work on one text.
type reading struct {
	p    *Pack
	c    *compiledRules
	f    Facts
	full string
	*scratch
	personal []Finding
	vars     map[string]any
	openings []opening
	heard    []int // opening rules that were heard
}

// maxSpans bounds what one rule shows of one text.
const maxSpans = 8

// Classify proposes a class for what was asked: the strictest that any rule asks for, public if none does. It never
// decides: an officer confirms or overrules, and a class alone refuses nothing (UU 14/2008 art. 19).
//
// It may be called from many goroutines at once.
func (p *Pack) Classify(f Facts) Classification {
	if p.compiled == nil {
		// Only a pack that no loader made: nothing is known, so nothing is opened.
		return Classification{Class: ClassRestricted, Grounds: []Ground{}, Personal: []Finding{},
			Decision: p.decide(false, "rules_not_compiled", "", Legal{})}
	}
	r := p.read(f)
	defer r.release()
	out := Classification{Class: ClassPublic, Grounds: []Ground{}, Personal: r.personal}
	if out.Personal == nil {
		out.Personal = []Finding{}
	}
	r.open()
	winner := -1
	for i := range p.Rules {
		rule := &p.Rules[i]
		if rule.Class == ClassPublic {
			continue
		}
		spans, silenced := r.speak(i)
		for _, s := range spans {
			out.Grounds = append(out.Grounds, ground(rule, s))
		}
		for _, s := range silenced {
			out.Opened = append(out.Opened, ground(rule, s))
		}
		if len(spans) > 0 && (winner < 0 || classRank(rule.Class) > classRank(p.Rules[winner].Class)) {
			winner = i
		}
	}
	slices.SortStableFunc(out.Grounds, func(a, b Ground) int { return cmp.Compare(classRank(b.Class), classRank(a.Class)) })
	if winner >= 0 {
		out.Class = p.Rules[winner].Class
	}
	out.Route = r.route()
	out.Decision, out.Why = r.explain(&out, winner)
	return out
}

func ground(rule *Rule, s span) Ground {
	return Ground{
		Exemption: rule.Exemption, Rule: rule.ID, Article: rule.Article, Class: rule.Class, Evidence: s.evidence,
		Start: s.c0, End: s.c1, Because: rule.Because,
	}
}

func classRank(class string) int {
	return slices.Index([]string{ClassPublic, ClassRestricted, ClassConfidential}, class)
}

// read cuts the text into words and finds all terms.
func (p *Pack) read(f Facts) *reading {
	r := &reading{p: p, c: p.compiled, f: f, full: f.Full(), scratch: scratches.Get().(*scratch)}
	r.toks = tokenize(r.full, len(f.Subject), r.toks[:0])
	r.sentence = r.sentence[:0]
	n := int32(0)
	for i := range r.toks {
		if r.toks[i].before == gapSentence {
			n++
		}
		r.sentence = append(r.sentence, n)
	}
	r.c.lex.find(r.scratch)
	r.sort(len(p.Rules))
	r.personal = FindPersonal(r.full, Precision)
	return r
}

// open hears the opening rules.
func (r *reading) open() {
	for i := range r.p.Rules {
		rule := &r.p.Rules[i]
		ms := r.of(i)
		if rule.Class != ClassPublic || len(ms) == 0 || !r.concerns(rule) {
			continue
		}
		spans := r.without(ms, r.words(ms, slotAny))
		if len(spans) == 0 || !r.holds(i, len(spans)) {
			continue
		}
		r.heard = append(r.heard, i)
		end := int32(-1)
		for _, s := range spans {
			if s.first <= end {
				continue // it would end where the one before it ends
			}
			o := r.scope(i, s)
			end = o.to
			r.openings = append(r.openings, o)
		}
	}
}

// scope says how far the opening at s reaches.
func (r *reading) scope(i int, s span) opening {
	o := opening{rule: i, from: s.first + 1, to: int32(len(r.toks)) - 1}
	switch r.p.Rules[i].Reach {
	case "text":
		o.from = 0
	case "sentence":
		o.from, o.to = s.first, s.last
		for o.from > 0 && r.sentence[o.from-1] == r.sentence[s.first] {
			o.from--
		}
		for int(o.to)+1 < len(r.toks) && r.sentence[o.to+1] == r.sentence[s.first] {
			o.to++
		}
	default:
		o.to = s.last
		for int(o.to)+1 < len(r.toks) && !r.startsAnew(o.to+1) {
			o.to++
		}
	}
	return o
}

// startsAnew says that a new thing asked for begins at token j: after the end of a sentence, or with a head word after
// a comma or an "and".
func (r *reading) startsAnew(j int32) bool {
	t := &r.toks[j]
	if t.before == gapSentence {
		return true
	}
	if t.before == gapNone && !joiners[t.word] {
		return false
	}
	for k := j; int(k) < len(r.toks) && k < j+4; k++ {
		w := r.toks[k].word
		if r.c.heads[w] {
			return true
		}
		if !joiners[w] && !weakWords[w] {
			return false
		}
	}
	return false
}

// speak returns where closing rule i speaks, and where it would but for an opening rule.
func (r *reading) speak(i int) (spans, silenced []span) {
	rule := &r.p.Rules[i]
	if !r.concerns(rule) {
		return nil, nil
	}
	ms := r.of(i)
	worded := len(rule.AnyOf)+len(rule.Near)+len(rule.AllOf) > 0
	if worded {
		if len(ms) == 0 {
			return nil, nil
		}
		if spans = r.hits(rule, ms); len(spans) == 0 {
			return nil, nil
		}
		spans = r.without(ms, spans)
		spans, silenced = r.silence(rule, spans)
		if len(spans)+len(silenced) == 0 {
			return nil, nil
		}
	}
	if len(rule.Personal) > 0 {
		found := r.personalSpans(rule)
		if len(found) == 0 {
			return nil, nil
		}
		if !worded {
			spans = found
		} else if len(spans) > 0 {
			spans = append(spans, found...)
		}
	}
	if len(spans) == 0 && worded {
		return nil, silenced
	}
	if !r.holds(i, len(spans)) {
		return nil, nil
	}
	if len(spans) == 0 {
		spans = []span{{first: -1, last: -1}} // the facts alone made it speak
	}
	return spans[:min(len(spans), maxSpans)], silenced[:min(len(silenced), maxSpans)]
}

// hits finds the stretches that any_of, near and all_of ask for.
func (r *reading) hits(rule *Rule, ms []match) []span {
	var spans []span
	if len(rule.AnyOf)+len(rule.Near) > 0 {
		spans = r.words(ms, slotAny)
		for n := range rule.Near {
			spans = append(spans, r.near(rule, ms, n)...)
		}
		if len(spans) == 0 {
			return nil
		}
	}
	if len(rule.AllOf) > 0 {
		var seen uint64
		for _, m := range ms {
			if m.part == slotAll {
				seen |= 1 << m.group
			}
		}
		if seen != 1<<len(rule.AllOf)-1 {
			return nil
		}
		if spans == nil {
			spans = r.words(ms, slotAll)
		}
	}
	return widest(spans)
}

// words turns the matches of one part into spans.
func (r *reading) words(ms []match, part slotPart) []span {
	var spans []span
	for _, m := range ms {
		if m.part == part {
			spans = append(spans, r.span(m.first, m.last))
		}
	}
	return widest(spans)
}

func (r *reading) span(first, last int32) span {
	a, b := &r.toks[first], &r.toks[last]
	return span{first: first, last: last, c0: a.c0, c1: b.c1, evidence: r.full[a.b0:b.b1]}
}

// near finds stretches of one sentence that hold a word of each group of the rule's n-th near.
func (r *reading) near(rule *Rule, ms []match, n int) []span {
	spec := &rule.Near[n]
	all := uint16(1)<<len(spec.Of) - 1
	var spans []span
	for a := range ms {
		if ms[a].part != slotNear || int(ms[a].near) != n {
			continue
		}
		seen, last := uint16(0), ms[a].last
		for b := a; b < len(ms); b++ {
			m := &ms[b]
			if m.part != slotNear || int(m.near) != n {
				continue
			}
			if m.first > ms[a].first+int32(spec.Within) || r.sentence[m.first] != r.sentence[ms[a].first] {
				break
			}
			if m.last-ms[a].first >= int32(spec.Within) {
				continue
			}
			seen |= 1 << m.group
			last = max(last, m.last)
			if seen == all {
				spans = append(spans, r.span(ms[a].first, last))
				break
			}
		}
	}
	return spans
}

// widest orders spans by place and drops those that lie inside another.
func widest(spans []span) []span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.c0, b.c0), cmp.Compare(b.c1, a.c1)) })
	out := spans[:1]
	for _, s := range spans[1:] {
		if s.c1 > out[len(out)-1].c1 {
			out = append(out, s)
		}
	}
	return out
}

// without drops the spans whose sentence holds one of the rule's unless words.
func (r *reading) without(ms []match, spans []span) []span {
	var barred []int32 // sentences, ascending: matches are in order of place
	for _, m := range ms {
		if m.part == slotUnless && (len(barred) == 0 || barred[len(barred)-1] != r.sentence[m.first]) {
			barred = append(barred, r.sentence[m.first])
		}
	}
	if len(barred) == 0 {
		return spans
	}
	return slices.DeleteFunc(spans, func(s span) bool {
		_, found := slices.BinarySearch(barred, r.sentence[s.first])
		return found
	})
}

// silence parts the spans that an opening rule governs from the rest.
func (r *reading) silence(rule *Rule, spans []span) (loud, silenced []span) {
	if rule.Firm || len(r.openings) == 0 {
		return spans, nil
	}
	for _, s := range spans {
		governed := slices.ContainsFunc(r.openings, func(o opening) bool {
			opens := r.p.Rules[o.rule].Opens
			return o.from <= s.first && s.first <= o.to && (len(opens) == 0 || slices.Contains(opens, rule.Exemption))
		})
		if governed {
			silenced = append(silenced, s)
		} else {
			loud = append(loud, s)
		}
	}
	return loud, silenced
}

// personalSpans finds the personal data that the rule names. A number that requesters give as their own ("NIK saya …",
// "Nama: … NIK: …") closes nothing: the law itself asks for it (PERKI 1/2021, request form), it is masked before
// publication, and the rest of the request is public.
func (r *reading) personalSpans(rule *Rule) []span {
	var spans []span
	for _, f := range r.personal {
		if slices.Contains(rule.Personal, f.Type) && !(f.Type != PersonalName && r.own(f)) {
			spans = append(spans, span{first: -1, last: -1, c0: f.Start, c1: f.End, evidence: f.Text})
		}
	}
	return spans
}

// holds evaluates the rule's condition. One that cannot be evaluated (it cost too much) closes: a closing rule speaks,
// an opening rule does not.
func (r *reading) holds(i, hits int) bool {
	rule, cond := &r.p.Rules[i], r.c.when[i]
	if cond == nil {
		return true
	}
	if r.vars == nil {
		r.vars = map[string]any{
			"kind": r.f.Kind, "subject": r.f.Subject, "text": joinTokens(r.toks), "body": r.f.Body, "topic": r.f.Topic,
			"requester_kind": r.f.RequesterKind, "anonymity": r.f.Anonymity, "personal": PersonalTypes(r.personal),
			"attachments": r.f.Attachments, "words": int64(len(r.toks)),
		}
	}
	r.vars["hits"] = int64(hits)
	yes, err := cond(r.vars)
	if err != nil {
		return rule.Class != ClassPublic
	}
	return yes
}

// concerns says that the rule is for a case of this kind, from such a requester.
func (r *reading) concerns(rule *Rule) bool {
	return among(rule.Kinds, r.f.Kind) && among(rule.Anonymity, r.f.Anonymity) && among(rule.RequesterKinds, r.f.RequesterKind)
}

// among says that a rule is for this fact: it lists it, or lists nothing.
func among(list []string, fact string) bool { return len(list) == 0 || slices.Contains(list, fact) }

// ownWords say, before a number, that it is the writer's; otherWords that it is somebody else's.
var (
	ownWords   = wordSet(`saya kami pemohon bertanda identitasku nikku my our meu minha`)
	otherWords = wordSet(`minta meminta mohon memohon ingin mencari menanyakan cek mengecek periksa data milik pemilik atas bernama untuk
		tetangga pegawai warga penerima orang beliau dia ke kepada transfer ditransfer oleh terlapor petugas apakah siapa please of
		belonging pemegang`)
)

// own says that the writer gives the number as their own: the nearest telling word before it, or "saya" right after.
func (r *reading) own(f Finding) bool {
	at, _ := slices.BinarySearchFunc(r.toks, f.Start, func(t token, c int) int { return cmp.Compare(t.c0, c) })
	after, _ := slices.BinarySearchFunc(r.toks, f.End, func(t token, c int) int { return cmp.Compare(t.c0, c) })
	for k := after; k < min(after+3, len(r.toks)) && r.toks[k].before == gapNone; k++ {
		if ownWords[r.toks[k].word] {
			return true
		}
	}
	for k := at - 1; k >= 0 && k >= at-12; k-- {
		w := r.toks[k].word
		switch {
		case ownWords[w]:
			return true
		case w == "nama" && k+1 < len(r.toks) && r.toks[k+1].before == gapSentence:
			return true // a form: "Nama: Budi, NIK: 3273…"
		case otherWords[w]:
			return false
		}
	}
	return false
}
