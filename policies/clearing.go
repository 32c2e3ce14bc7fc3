package policies

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Types of what must not be published besides those that FindPersonal names.
const (
	PersonalRequester = "requester" // something that identifies who asked
	PersonalOwn       = "own"       // a phrase the officer quoted
)

// Known is a literal that must be looked for although no finder could know it: the requester's name, an address.
type Known struct {
	Text   string
	Digits bool // compare digits only: a telephone or identity number is written in many ways
	Word   bool // one word of a name: counts only where it is written as a name within a sentence
}

// Choice is what an officer decided on one passage, wherever it stands.
type Choice struct {
	Text      string // as it stands in the text; case and spaces do not count
	Mask      bool
	Exemption string // of a mask, by the pack's id; "" for that of personal data
	Reason    string // why it may stay
	Own       bool   // quoted by the officer: it is masked though nothing found it
	Optional  bool   // it need not stand anywhere any more
}

// Part is one text that is to be published, under the name errors give it.
type Part struct {
	Name string
	Text string
	// Wrapped says that its lines end where the page did: what goes on in the next line is looked for, too.
	Wrapped bool
}

// Passage is one piece of text that somebody must decide on, with every place where it stands.
type Passage struct {
	Type    string // of FindPersonal, or one of the two above
	Text    string // as it stands first
	Fields  []string
	Count   int
	Decided bool
	Choice  Choice
}

// Mark is one place of a passage in a field, in code points, half-open.
type Mark struct {
	Start, End int
	Passage    int // index into Clearing.Passages
}

// Cleared is text that may be published. The only way to one is Clear, with a decision on everything that it finds, so
// that whoever writes published text from a Cleared cannot write any other. Its zero value is the empty text.
type Cleared struct {
	text   string
	masked int
}

// Text is what the public reads.
func (c Cleared) Text() string { return c.text }

// Masked is how many places were masked.
func (c Cleared) Masked() int { return c.masked }

// Clearing is what came of looking through texts before publication.
type Clearing struct {
	Passages  []Passage
	Marks     map[string][]Mark // by field, in order of place
	NotFound  []string          // phrases of the officer's own that stand nowhere
	Undecided []Undecided
	cleared   map[string]Cleared
}

// Undecided is a place that nobody has decided on.
type Undecided struct {
	Field, Type, Text string
}

// Done says whether everything is decided.
func (c *Clearing) Done() bool { return len(c.Undecided) == 0 && len(c.NotFound) == 0 }

// Field gives a field's published text. While anything is undecided it is empty.
func (c *Clearing) Field(name string) Cleared { return c.cleared[name] }

// Clear looks through texts for personal data (in recall mode: UU 27/2022 art. 4) and for what is known of the requester,
// and masks what was decided to be masked, everywhere it stands. label writes the mask of a type under an exemption. The
// masked texts are looked through once more: what is found there and was not decided to stay is undecided too.
func Clear(fields []Part, known []Known, choices []Choice, label func(kind, exemption string) string) *Clearing {
	c := &Clearing{Marks: map[string][]Mark{}, cleared: map[string]Cleared{}}
	by := map[string]Choice{}
	for _, ch := range choices {
		if k := foldKey(ch.Text); k != "" {
			by[k] = ch
		}
	}
	index := map[string]int{}
	add := func(field, kind, text string) int {
		k := foldKey(text)
		i, ok := index[k]
		if !ok {
			i = len(c.Passages)
			index[k] = i
			ch, decided := by[k]
			c.Passages = append(c.Passages, Passage{Type: kind, Text: text, Decided: decided, Choice: ch})
		}
		p := &c.Passages[i]
		p.Count++
		if !slices.Contains(p.Fields, field) {
			p.Fields = append(p.Fields, field)
		}
		return i
	}
	out := map[string]Cleared{}
	for _, f := range fields {
		for _, s := range findAll(f.Text, f.Wrapped, known) {
			c.Marks[f.Name] = append(c.Marks[f.Name], Mark{s.start, s.end, add(f.Name, s.kind, s.text)})
		}
	}
	// Own phrases, and what was found once and stands elsewhere without what gave it away there.
	for _, ch := range choices {
		k := foldKey(ch.Text)
		_, found := index[k]
		if k == "" || !ch.Own && !found {
			continue
		}
		kind := PersonalOwn
		if found {
			kind = c.Passages[index[k]].Type
		}
		for _, f := range fields {
			for _, s := range literal(f.Text, ch.Text, true) {
				if !slices.ContainsFunc(c.Marks[f.Name], func(m Mark) bool { return m.Start <= s.start && s.end <= m.End }) {
					found = true
					c.Marks[f.Name] = append(c.Marks[f.Name], Mark{s.start, s.end, add(f.Name, kind, s.text)})
				}
			}
		}
		if !found && !ch.Optional {
			c.NotFound = append(c.NotFound, ch.Text)
		}
	}
	for _, f := range fields {
		slices.SortFunc(c.Marks[f.Name], func(a, b Mark) int { return a.Start - b.Start })
		masked, spans, n := c.mask(f, label)
		out[f.Name] = Cleared{masked, n}
		for _, m := range c.Marks[f.Name] {
			if p := c.Passages[m.Passage]; !p.Decided {
				c.undecided(f.Name, p.Type, p.Text)
			}
		}
		for _, s := range findAll(masked, f.Wrapped, known) {
			for _, left := range s.outside([]rune(masked), spans) {
				k := foldKey(left)
				if ch, ok := by[k]; ok && !ch.Mask {
					continue
				}
				if _, seen := index[k]; seen {
					continue // decided, or counted as undecided above
				}
				if i := slices.IndexFunc(c.Passages, func(p Passage) bool { return p.Decided && !p.Choice.Mask && strings.Contains(foldKey(p.Text), k) }); i >= 0 {
					continue // part of what stays
				}
				add(f.Name, s.kind, left)
				c.undecided(f.Name, s.kind, left)
			}
		}
	}
	if c.Done() {
		c.cleared = out
	}
	return c
}

func (c *Clearing) undecided(field, kind, text string) {
	if u := (Undecided{field, kind, text}); !slices.Contains(c.Undecided, u) {
		c.Undecided = append(c.Undecided, u)
	}
}

// mask writes a field with its masks, and says where they are.
func (c *Clearing) mask(f Part, label func(kind, exemption string) string) (string, []stretch, int) {
	r := []rune(f.Text)
	var out []rune
	var spans []stretch
	at := 0
	for _, m := range c.Marks[f.Name] {
		p := c.Passages[m.Passage]
		if !p.Decided || !p.Choice.Mask || m.End <= at {
			continue
		}
		if m.Start > at {
			out = append(out, r[at:m.Start]...)
		} else if n := len(spans); n > 0 && m.Start < at { // overlaps the one before: one mask covers both
			at = m.End
			continue
		}
		words := []rune(label(p.Type, p.Choice.Exemption))
		spans = append(spans, stretch{start: len(out), end: len(out) + len(words)})
		out = append(out, words...)
		at = m.End
	}
	return string(append(out, r[at:]...)), spans, len(spans)
}

type stretch struct {
	start, end int
	kind, text string
}

// outside gives what of a find lies outside masks.
func (s stretch) outside(r []rune, masks []stretch) []string {
	var out []string
	take := func(a, b int) {
		if a < b {
			if t := strings.TrimFunc(string(r[a:b]), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '@' && r != '+' }); t != "" {
				out = append(out, t)
			}
		}
	}
	at := s.start
	for _, m := range masks {
		if m.end <= at || m.start >= s.end {
			continue
		}
		take(at, min(m.start, s.end))
		at = max(at, m.end)
	}
	take(at, s.end)
	return out
}

// findAll is the finder and the literals, in order, without overlaps: those that overlap become one.
func findAll(text string, wrapped bool, known []Known) []stretch {
	var found []stretch
	for _, f := range FindPersonal(text, Recall) {
		found = append(found, stretch{f.Start, f.End, f.Type, f.Text})
	}
	if wrapped {
		// A blank for a line's end moves nothing: places are the same.
		for _, f := range FindPersonal(strings.ReplaceAll(text, "\n", " "), Recall) {
			found = append(found, stretch{f.Start, f.End, f.Type, f.Text})
		}
	}
	for _, k := range known {
		for _, s := range k.find(text) {
			s.kind = PersonalRequester
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b stretch) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	var r []rune
	out := found[:0]
	for _, s := range found {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			if s.end > out[n-1].end {
				if r == nil {
					r = []rune(text)
				}
				out[n-1].end = s.end
				out[n-1].text = string(r[out[n-1].start:s.end])
			}
			if s.kind == PersonalRequester {
				out[n-1].kind = s.kind
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

func (k Known) find(text string) []stretch {
	switch {
	case k.Digits:
		return digits(text, k.Text)
	case !k.Word:
		return literal(text, k.Text, true)
	}
	var out []stretch
	r := []rune(text)
	for _, s := range literal(text, k.Text, true) {
		if unicode.IsUpper(r[s.start]) && !startsSentence(r, s.start) {
			out = append(out, s)
		}
	}
	return out
}

func startsSentence(r []rune, i int) bool {
	for i--; i >= 0 && (unicode.IsSpace(r[i]) || strings.ContainsRune(`"'“”(`, r[i])); i-- {
		if r[i] == '\n' {
			return true
		}
	}
	return i < 0 || strings.ContainsRune(".!?:;", r[i])
}

// folded is a text in lower case with each stretch of white space as one blank, and where each rune of it stands.
func folded(s string) (low []rune, at []int) {
	i := 0
	for _, r := range s {
		if unicode.IsSpace(r) {
			if n := len(low); n == 0 || low[n-1] != ' ' {
				low, at = append(low, ' '), append(at, i)
			}
		} else {
			low, at = append(low, unicode.ToLower(r)), append(at, i)
		}
		i++
	}
	return low, at
}

func foldKey(s string) string {
	low, _ := folded(strings.TrimSpace(s))
	return string(low)
}

// literal finds a phrase whatever its case and the spaces in it; with words only where it does not begin or end
// within a word.
func literal(text, phrase string, words bool) []stretch {
	want := []rune(foldKey(phrase))
	if len(want) == 0 {
		return nil
	}
	low, at := folded(text)
	r := []rune(text)
	var out []stretch
	for i := 0; i+len(want) <= len(low); i++ {
		if !slices.Equal(low[i:i+len(want)], want) {
			continue
		}
		j := i + len(want)
		if words && (joined(low, i) || joined(low, j)) {
			continue
		}
		a, b := at[i], at[j-1]+1
		out = append(out, stretch{start: a, end: b, text: string(r[a:b])})
		i = j - 1
	}
	return out
}

// joined says that a word runs on over a place.
func joined(r []rune, i int) bool {
	in := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return i > 0 && i < len(r) && in(r[i-1]) && in(r[i])
}

// digits finds a number by its digits, however they are grouped. A telephone number's leading 0 or country code does not
// count, so that 0812… is found as +62 812….
func digits(text, number string) []stretch {
	want := onlyDigits(number)
	if strings.HasPrefix(want, "62") && len(want) > 10 && len(want) < 15 {
		want = want[2:]
	}
	want = strings.TrimLeft(want, "0")
	if len(want) < 6 {
		return nil
	}
	r := []rune(text)
	var ds []rune
	var at []int
	for i, x := range r {
		if x >= '0' && x <= '9' {
			ds, at = append(ds, x), append(at, i)
		}
	}
	near := func(i, j int) bool { // digits i and j of the stream belong to one number
		gap := r[at[i]+1 : at[j]]
		return len(gap) <= 2 && !slices.ContainsFunc(gap, func(x rune) bool { return !strings.ContainsRune(" -.()/\u00a0", x) })
	}
	w := []rune(want)
	var out []stretch
next:
	for i := 0; i+len(w) <= len(ds); i++ {
		if !slices.Equal(ds[i:i+len(w)], w) {
			continue
		}
		for k := i; k+1 < i+len(w); k++ {
			if !near(k, k+1) {
				continue next
			}
		}
		a, b := i, i+len(w)-1
		for a > 0 && i-a < 3 && near(a-1, a) {
			a--
		}
		start, end := at[a], at[b]+1
		if start > 0 && r[start-1] == '+' {
			start--
		}
		out = append(out, stretch{start: start, end: end, text: string(r[start:end])})
		i = b
	}
	return out
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// personalNames are the words of masks, by type.
var personalNames = map[string]Text{
	PersonalNIK: {"NIK", "identity number"}, PersonalKK: {"nomor KK", "family card number"}, PersonalNPWP: {"NPWP", "tax number"},
	PersonalPhone: {"nomor telepon", "telephone number"}, PersonalEmail: {"alamat surel", "e-mail address"}, PersonalBank: {"nomor rekening", "bank account"},
	PersonalPlate: {"nomor kendaraan", "vehicle number"}, PersonalPassport: {"nomor paspor", "passport number"}, PersonalName: {"nama", "name"},
	PersonalRequester: {"identitas pemohon", "requester's identity"}, PersonalOwn: {"disamarkan", "masked"},
}

// MaskLabel is what stands in a published text in place of what was masked: what kind of thing it was, and under which
// article it is withheld.
func (p *Pack) MaskLabel(kind, exemption, lang string) string {
	name, ok := personalNames[kind]
	if !ok {
		name = personalNames[PersonalOwn]
	}
	e, ok := p.Exemption(exemption)
	if !ok {
		e, ok = p.Exemption(p.PersonalExemption())
	}
	if !ok {
		return "[" + name.In(lang) + "]"
	}
	return "[" + name.In(lang) + " – " + ShortArticle(e.Article, lang) + "]"
}

// PersonalExemption is the exemption under which the law withholds data about persons; "" where the pack has none.
func (p *Pack) PersonalExemption() string {
	for _, word := range []string{"personal", "privacy", "private"} {
		for i := range p.Exemptions {
			if strings.Contains(strings.ToLower(p.Exemptions[i].Title.EN), word) {
				return p.Exemptions[i].ID
			}
		}
	}
	return ""
}

var (
	actBefore     = regexp.MustCompile(`^(UU|PP|Perki) \d+/\d+ `)
	articleLetter = regexp.MustCompile(`^pasal (\d+) ([a-z])$`)
	articlePart   = regexp.MustCompile(`^pasal (\d+)\((\d+)\)([a-z]?)`)
)

// ShortArticle is an article as it fits on a mask or a black box: without the Act where it is an Indonesian one, and in
// the words of the language.
func ShortArticle(article, lang string) string {
	s := actBefore.ReplaceAllString(article, "")
	if s == article || lang == "en" {
		return s
	}
	s = strings.Replace(s, "art. ", "pasal ", 1)
	s = articleLetter.ReplaceAllString(s, "pasal $1 huruf $2")
	return articlePart.ReplaceAllStringFunc(s, func(m string) string {
		p := articlePart.FindStringSubmatch(m)
		if p[3] != "" {
			return "pasal " + p[1] + " ayat (" + p[2] + ") huruf " + p[3]
		}
		return "pasal " + p[1] + " ayat (" + p[2] + ")"
	})
}

// Occurrences finds a phrase in a text whatever its case and the spaces in it, as whole words.
func Occurrences(text, phrase string) []Mark {
	var out []Mark
	for _, s := range literal(text, phrase, true) {
		out = append(out, Mark{Start: s.start, End: s.end})
	}
	return out
}
