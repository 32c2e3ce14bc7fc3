package policies

import (
	"strings"
	"testing"
)

func clearWith(t *testing.T, text string, known []Known, choices ...Choice) *Clearing {
	t.Helper()
	return Clear([]Part{{Name: "answer", Text: text}}, known, choices, func(kind, ex string) string { return "[" + kind + "]" })
}

func mask(text string) Choice { return Choice{Text: text, Mask: true} }
func keep(text string) Choice { return Choice{Text: text, Reason: "pejabat"} }
func own(text string) Choice  { return Choice{Text: text, Mask: true, Own: true} }

func TestNothingIsPublishedBeforeEveryFindIsDecided(t *testing.T) {
	text := "Permintaan dari Bapak Budi Santoso, NIK 3171234567890123, dikabulkan."
	c := clearWith(t, text, nil)
	if c.Done() || len(c.Undecided) != 2 || c.Field("answer").Text() != "" {
		t.Fatalf("%+v", c)
	}
	c = clearWith(t, text, nil, mask("Budi Santoso"))
	if c.Done() || len(c.Undecided) != 1 || c.Field("answer").Text() != "" {
		t.Fatalf("one is decided, one is not: %+v", c.Undecided)
	}
	c = clearWith(t, text, nil, mask("Budi Santoso"), mask("3171234567890123"))
	want := "Permintaan dari Bapak [name], NIK [nik], dikabulkan."
	if got := c.Field("answer").Text(); got != want || !c.Done() {
		t.Errorf("%q, want %q (%+v)", got, want, c.Undecided)
	}
	c = clearWith(t, text, nil, keep("budi  santoso"), mask("3171234567890123"))
	if got := c.Field("answer").Text(); !strings.Contains(got, "Budi Santoso") || strings.Contains(got, "3171") {
		t.Errorf("%q (%+v)", got, c.Undecided)
	}
}

func TestAMaskCoversEveryPlaceOfAPhrase(t *testing.T) {
	fields := []Part{{Name: "title", Text: "Gaji budi santoso"}, {Name: "answer", Text: "Bapak Budi Santoso meminta. Jawaban untuk Budi\nSantoso ada."}}
	c := Clear(fields, nil, []Choice{mask("Budi Santoso")}, func(string, string) string { return "[x]" })
	if !c.Done() || c.Field("title").Text() != "Gaji [x]" || c.Field("answer").Text() != "Bapak [x] meminta. Jawaban untuk [x] ada." {
		t.Errorf("%q %q %+v", c.Field("title").Text(), c.Field("answer").Text(), c.Undecided)
	}
}

func TestTheRequesterIsLookedForLiterally(t *testing.T) {
	known := []Known{{Text: "Qwzyx Vtrplk"}, {Text: "Vtrplk", Word: true}, {Text: "0812 3456 7890", Digits: true}, {Text: "3171234567890123", Digits: true}}
	for _, text := range []string{
		"diminta QWZYX  vtrplk kemarin", "hubungi +62 812-3456-7890 saja", "nomor (0812) 34567890", "nomor 3171 2345 6789 0123", "surat untuk Vtrplk sudah dikirim",
	} {
		if c := clearWith(t, text, known); c.Done() {
			t.Errorf("%q goes out", text)
		}
	}
	for _, text := range []string{"rencana vtrplk umum", "Vtrplk di awal kalimat", "anggaran 12345678 rupiah"} {
		if c := clearWith(t, text, known); len(c.Undecided) > 0 && c.Undecided[0].Type == PersonalRequester {
			t.Errorf("%q is held back: %+v", text, c.Undecided)
		}
	}
}

func TestOwnPhrases(t *testing.T) {
	c := clearWith(t, "Rumah di gang kelinci nomor tujuh.", nil, own("Gang Kelinci"))
	if got := c.Field("answer").Text(); got != "Rumah di [own] nomor tujuh." {
		t.Errorf("%q %+v", got, c)
	}
	if c := clearWith(t, "Rumah biasa.", nil, own("gang kelinci")); c.Done() || len(c.NotFound) != 1 || c.Field("answer").Text() != "" {
		t.Errorf("a phrase that stands nowhere passes: %+v", c)
	}
}

// A page breaks lines where it ends, not where a name does.
func TestNamesGoOnInTheNextLine(t *testing.T) {
	text := "di bawah pengawasan Bapak Budi\nSantoso, telepon 0812\n9999 1234 dan 0813 9999 1234\n0814 9999 1234"
	c := Clear([]Part{{Name: "page", Text: text, Wrapped: true}}, nil, nil, func(string, string) string { return "" })
	r := []rune(text)
	for _, word := range []string{"Budi", "Santoso", "0812", "9999 1234", "0813 9999 1234", "0814"} {
		at := len([]rune(text[:strings.Index(text, word)]))
		ok := false
		for _, m := range c.Marks["page"] {
			ok = ok || m.Start <= at && at+len([]rune(word)) <= m.End
		}
		if !ok {
			t.Errorf("%q is not found in %q: %+v", word, string(r), c.Marks["page"])
		}
	}
}

// What a mask uncovers is looked through again: the rest of a half-masked name is still one.
func TestHalfAMaskIsNotEnough(t *testing.T) {
	c := clearWith(t, "Kepada Bapak Budi Santoso.", nil, own("Budi"))
	if c.Done() {
		t.Errorf("half a name goes out: %q", c.Field("answer").Text())
	}
}

func TestMaskLabels(t *testing.T) {
	reg, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range reg.All() {
		if p.PersonalExemption() == "" {
			t.Errorf("%s: no exemption for personal data", p.ID)
		}
		label := p.MaskLabel(PersonalName, "", "id")
		if p.ID == "id" && label != "[nama – pasal 17 huruf h]" {
			t.Error(label)
		}
		if c := Clear([]Part{{Name: "a", Text: label}}, nil, nil, p.maskLabelID); !c.Done() {
			t.Errorf("%s: the mask itself is a find: %+v", p.ID, c.Undecided)
		}
	}
}

func (p *Pack) maskLabelID(kind, ex string) string { return p.MaskLabel(kind, ex, "id") }

func FuzzClear(f *testing.F) {
	f.Add("Bapak Budi Santoso, NIK 3171234567890123, telp 0812 3456 7890", "Budi")
	f.Add("\xff a b", "b")
	f.Fuzz(func(t *testing.T, text, phrase string) {
		known := []Known{{Text: phrase}, {Text: phrase, Digits: true}}
		c := Clear([]Part{{Name: "a", Text: text}}, known, nil, func(string, string) string { return "[x]" })
		var all []Choice
		for range 5 { // what masks uncover is decided in the next round
			for _, p := range c.Passages {
				all = append(all, Choice{Text: p.Text, Mask: true})
			}
			c = Clear([]Part{{Name: "a", Text: text}}, known, all, func(string, string) string { return "[x]" })
		}
		if c.Done() && phrase != "x" && len(literal(c.Field("a").Text(), phrase, true)) > len(literal("[x]", phrase, true))+strings.Count(c.Field("a").Text(), "[x]") {
			t.Errorf("%q is left in %q", phrase, c.Field("a").Text())
		}
	})
}
