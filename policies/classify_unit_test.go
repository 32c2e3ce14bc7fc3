package policies

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// small is a pack for the mechanics alone.
const small = `
rules:
  - id: open
    title: {id: t, en: t}
    class: public
    any_of: [jumlah]
    opens: [h]
    article: x
    source: x
    because: {id: b, en: b}
  - id: medis
    title: {id: Medis, en: Medical}
    exemption: h
    class: confidential
    any_of: [rekam medis, "hasil|laporan lab", penyakit*]
    unless: [kucing]
    article: art. h
    source: x
    because: {id: b, en: b}
  - id: dekat
    title: {id: t, en: t}
    exemption: c
    class: restricted
    firm: true
    near:
      - {within: 5, of: [[posisi, jumlah], [pasukan], [rahasia]]}
    article: art. c
    source: x
    because: {id: b, en: b}
  - id: semua
    title: {id: t, en: t}
    exemption: i
    class: restricted
    all_of: [[memo], [menteri, dirjen]]
    article: art. i
    source: x
    because: {id: b, en: b}
  - id: nomor
    title: {id: t, en: t}
    exemption: h
    class: restricted
    personal: [nik]
    article: art. h
    source: x
    because: {id: b, en: b}
routes:
  - {unit: umum, title: {id: Umum, en: General}, default: true}
  - {unit: kesehatan, title: {id: Kesehatan, en: Health}, terms: [rumah sakit, rekam medis]}
  - {unit: uang, title: {id: Uang, en: Money}, terms: [anggaran]}
`

func smallPack(t testing.TB) *Pack {
	t.Helper()
	p := parseRules(t, small)
	p.Exemptions = []Exemption{{ID: "h"}, {ID: "c"}, {ID: "i"}}
	if err := compileRules(p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRuleMechanics(t *testing.T) {
	p := smallPack(t)
	for _, c := range []struct {
		name, text, want string // want: rule=evidence ...
	}{
		{"whole words", "rekam medis", "medis=rekam medis"},
		{"case, hyphen and slash", "REKAM-MEDIS", "medis=REKAM-MEDIS"},
		{"clitic", "rekam medisnya", "medis=rekam medisnya"},
		{"not inside a word", "merekam medisku rekam medisi", ""},
		{"alternatives", "laporan lab dan hasil lab", "medis=laporan lab medis=hasil lab"},
		{"prefix", "penyakitku", "medis=penyakitku"},
		{"over a comma no", "rekam, medis", ""},
		{"over a full stop no", "rekam. Medis", ""},
		{"over a wrapped line", "rekam\nmedis", "medis=rekam\nmedis"},
		{"over a paragraph no", "rekam\n\nmedis", ""},
		{"diacritics and marks", "rekam me\u0301dis", "medis=rekam me\u0301dis"},
		{"soft hyphen", "rekam me\u00addis", "medis=rekam me\u00addis"},
		{"full width", "ｒｅｋａｍ medis", "medis=ｒｅｋａｍ medis"},
		{"unless in the sentence", "rekam medis kucing", ""},
		{"unless in another sentence", "Rekam medis Budi. Kucing hilang.", "medis=Rekam medis"},
		{"opened", "jumlah rekam medis", ""},
		{"opening ends with the sentence", "jumlah warga. Rekam medis Budi", "medis=Rekam medis"},
		{"opening ends with a new head", "jumlah warga dan salinan rekam medis", "medis=rekam medis"},
		{"opening goes on over and", "jumlah warga dan rekam medis", "medis=rekam medis"}, // "rekam" is a head itself
		{"opening goes on over a comma", "jumlah warga, penyakit", ""},
		{"what stands before the opening is not opened", "penyakit dan jumlah warga", "medis=penyakit"},
		{"near in any order", "rahasia: pasukan posisi rahasia", "dekat=pasukan posisi rahasia"},
		{"near too far", "posisi satu dua tiga pasukan rahasia", ""},
		{"near not over sentences", "posisi. Pasukan rahasia", ""},
		{"firm", "jumlah pasukan rahasia", "dekat=jumlah pasukan rahasia"},
		{"all of", "memo itu. Untuk menteri", "semua=memo semua=menteri"},
		{"all of, one missing", "memo itu", ""},
		{"personal", "NIK 3273010101900001", "nomor=3273010101900001"},
		{"strictest first", "NIK 3273010101900001 rekam medis", "medis=rekam medis nomor=3273010101900001"},
		{"empty", "", ""},
		{"only marks", "?!\u0301", ""},
	} {
		got := strings.Join(evidence(p.Classify(Facts{Text: c.text}).Grounds), " ")
		if got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestClassifyOffsets(t *testing.T) {
	p := smallPack(t)
	f := Facts{Subject: "👩‍⚕️ é́ permintaan", Text: "Mohon rekam medis NIK 3273010101900001"}
	c := p.Classify(f)
	runes := []rune(f.Full())
	if len(c.Grounds) != 2 {
		t.Fatalf("got %+v", c.Grounds)
	}
	for _, g := range c.Grounds {
		if got := string(runes[g.Start:g.End]); got != g.Evidence {
			t.Errorf("%s: %q at %d:%d is %q", g.Rule, g.Evidence, g.Start, g.End, got)
		}
	}
	if c.Class != ClassConfidential || c.Decision.Code != "class_confidential" || c.Decision.Rule != "medis" || c.Decision.Article != "art. h" || c.Decision.Allowed {
		t.Errorf("decision %+v", c.Decision)
	}
	for _, fact := range c.Decision.Facts {
		if strings.Contains(fact, "rekam") || strings.Contains(fact, "3273") {
			t.Errorf("fact %q shows words of the case", fact)
		}
	}
	if c.Why.ID == "" || c.Why.EN == "" {
		t.Error("no why")
	}
}

func TestSubjectIsItsOwnSentence(t *testing.T) {
	p := smallPack(t)
	if c := p.Classify(Facts{Subject: "rekam", Text: "medis"}); c.Class != ClassPublic {
		t.Errorf("a term reached from the subject into the text: %v", evidence(c.Grounds))
	}
	if c := p.Classify(Facts{Subject: "jumlah", Text: "rekam medis"}); c.Class != ClassConfidential {
		t.Error("an opening in the subject governed the text")
	}
}

func TestRoute(t *testing.T) {
	p := smallPack(t)
	for _, c := range []struct {
		f    Facts
		want string
	}{
		{Facts{Text: "halo"}, "umum"},
		{Facts{Text: "anggaran rumah sakit"}, "kesehatan"},
		{Facts{Subject: "anggaran anggaran", Text: "apa saja"}, "uang"},
		{Facts{Text: "rumah sakit", Topic: "Uang"}, "uang"},
	} {
		if got := p.Classify(c.f).Route; got.Unit != c.want || got.Why == "" {
			t.Errorf("%+v: got %+v, want %s", c.f, got, c.want)
		}
	}
}

func TestUncompiledFailsClosed(t *testing.T) {
	c := (&Pack{ID: "x"}).Classify(Facts{Text: "anything"})
	if c.Class == ClassPublic || c.Decision.Allowed {
		t.Errorf("got %+v", c)
	}
}

func TestRuleErrors(t *testing.T) {
	ok := `id: a, title: {id: t, en: t}, article: x, source: x, because: {id: b, en: b}`
	for _, c := range []struct{ rule, want string }{
		{`{}`, "id: "},
		{`{` + ok + `, class: secret, any_of: [x]}`, `"secret" is no class`},
		{`{` + ok + `, class: restricted, exemption: z, any_of: [xx]}`, `"z" is not in the pack's exemptions`},
		{`{` + ok + `, class: restricted, exemption: h}`, "nothing makes this rule speak"},
		{`{` + ok + `, class: restricted, exemption: h, any_of: [""]}`, "empty term"},
		{`{` + ok + `, class: restricted, exemption: h, any_of: ["--"]}`, "no letters"},
		{`{` + ok + `, class: restricted, exemption: h, any_of: ["me*"]}`, "at least four letters"},
		{`{` + ok + `, class: restricted, exemption: h, any_of: [x], opens: [h]}`, "only a rule of class public opens"},
		{`{` + ok + `, class: public, any_of: [x], opens: [q]}`, `"q" is not in`},
		{`{` + ok + `, class: public, any_of: [x], reach: page}`, `"page" is unknown`},
		{`{` + ok + `, class: public, any_of: [x], exemption: h}`, "nothing else"},
		{`{` + ok + `, class: restricted, exemption: h, personal: [ktp]}`, `"ktp" is not found`},
		{`{` + ok + `, class: restricted, exemption: h, any_of: [x], kinds: [petition]}`, `"petition" is unknown`},
		{`{` + ok + `, class: restricted, exemption: h, near: [{within: 0, of: [[a],[b]]}]}`, "out of range"},
		{`{` + ok + `, class: restricted, exemption: h, near: [{within: 3, of: [[a]]}]}`, "two to eight groups"},
		{`{` + ok + `, class: restricted, exemption: h, all_of: [[a],[]]}`, "empty group"},
	} {
		p := parseRules(t, "rules:\n  - "+c.rule+"\n")
		p.Exemptions = []Exemption{{ID: "h"}}
		err := compileRules(p)
		var re *RuleError
		if !errors.As(err, &re) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(re.Path, "$.rules[0].") {
			t.Errorf("%s: got %v, want %q", c.rule, err, c.want)
		}
	}
	twice := parseRules(t, "rules:\n  - {"+ok+", class: public}\n  - {"+ok+", class: public}\n")
	if err := compileRules(twice); err == nil || !strings.Contains(err.Error(), "another rule has this id") || !strings.Contains(err.Error(), "only one public rule may be without words") {
		t.Errorf("got %v", err)
	}
}

func TestLintSaysWhatIsWrong(t *testing.T) {
	p := parseRules(t, `
rules:
  - {id: a, title: {id: t, en: t}, article: x, source: x, because: {id: b, en: b}, class: restricted, exemption: h,
     any_of: [rahasia], example_matches: [tidak ada], example_misses: [ini rahasia]}
  - {id: b, title: {id: t, en: t}, article: x, source: x, because: {id: b, en: b}, class: restricted, exemption: h, any_of: [gelap]}
`)
	p.Exemptions = []Exemption{{ID: "h"}}
	if err := compileRules(p); err != nil {
		t.Fatal(err)
	}
	errs := LintRules(p)
	if len(errs) != 4 {
		t.Errorf("got %v", errs)
	}
	for i, want := range []string{"should be caught", "should stay out", "example_matches", "example_misses"} {
		if i < len(errs) && !strings.Contains(errs[i].Error(), want) {
			t.Errorf("%v: want %q", errs[i], want)
		}
	}
}

func TestClassifyConcurrently(t *testing.T) {
	p := smallPack(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if c := p.Classify(Facts{Text: "jumlah pasukan rahasia, rekam medis NIK 3273010101900001"}); len(c.Grounds) != 3 {
					t.Errorf("got %v", evidence(c.Grounds))
					return
				}
			}
		})
	}
	wg.Wait()
}

func FuzzClassify(f *testing.F) {
	f.Add("Mohon jumlah pasukan", "rekam medis. NIK 3273010101900001, memo menteri")
	f.Add("", "rekam\nmedis\xff")
	f.Add("é", "")
	p := smallPack(f)
	f.Fuzz(func(t *testing.T, subject, text string) {
		facts := Facts{Subject: subject, Text: text}
		c := p.Classify(facts)
		runes := []rune(facts.Full())
		for _, g := range slices.Concat(c.Grounds, c.Opened) {
			if g.Start < 0 || g.End > len(runes) || g.Start >= g.End {
				t.Fatalf("%+v of %d", g, len(runes))
			}
			if utf8.ValidString(facts.Full()) && string(runes[g.Start:g.End]) != g.Evidence {
				t.Fatalf("%+v is %q", g, string(runes[g.Start:g.End]))
			}
		}
		if (c.Class == ClassPublic) != (len(c.Grounds) == 0) || c.Decision.Allowed != (c.Class == ClassPublic) {
			t.Fatalf("class %s with %d grounds", c.Class, len(c.Grounds))
		}
	})
}

// BenchmarkClassify reads 2,000 characters under the Indonesian rules, repeated until there are two hundred.
func BenchmarkClassify(b *testing.B) {
	p := rulePack(b, "id", "id")
	rules := slices.Clone(p.Rules)
	for n := 1; len(p.Rules) < 200; n++ {
		for _, r := range rules {
			if r.Class == ClassPublic && len(r.AnyOf) == 0 || len(p.Rules) >= 200 {
				continue
			}
			r.ID = fmt.Sprintf("%s-%d", r.ID, n)
			p.Rules = append(p.Rules, r)
		}
	}
	if err := compileRules(p); err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("Saya memohon salinan anggaran, rekam medis pasien bernama Budi, BAP penyidikan, dan jumlah pasukan TNI di perbatasan tahun 2024. ", 16)[:2000]
	b.ReportAllocs()
	for b.Loop() {
		p.Classify(Facts{Kind: "request", Subject: "Permohonan", Text: text})
	}
}

func TestRuleProblemsNameLines(t *testing.T) {
	find := func(path string) (string, int) {
		if path == "$.rules[0].class" {
			return "rules.yaml", 7
		}
		return "rules.yaml", 1
	}
	p := &Pack{Language: "id", Rules: []Rule{{ID: "a", Class: "x"}}}
	got := ruleProblems(compileRules(p), find)
	at7 := slices.IndexFunc(got, func(p Problem) bool { return p.Line == 7 && strings.Contains(p.Message, `rule a: "x" is no class`) })
	if len(got) < 5 || at7 < 0 {
		t.Errorf("got %v", got)
	}
	if other := ruleProblems(errors.New("else"), find); len(other) != 1 || other[0].Message != "else" {
		t.Errorf("got %v", other)
	}
}

// TestClassifyLongText holds a text of the size of a book to a few seconds, whatever it repeats.
func TestClassifyLongText(t *testing.T) {
	p := rulePack(t, "id", "id")
	for _, phrase := range []string{
		"jumlah rekam medis pasien bernama Budi dan ", "rekam medis kucing. ", "anggaran ", "3273010101900001 ", "a@b.co ", "Bapak Budi ",
		"rencana ", "posisi pasukan ", "((((", "B 1234 XYZ ", "NIK ", "1 ",
	} {
		text := strings.Repeat(phrase, 200_000/len(phrase))
		start := time.Now()
		p.Classify(Facts{Text: text})
		FindPersonal(text, Recall)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q: %v", phrase, took)
		} else {
			t.Logf("%q: %v", phrase, took)
		}
	}
}
