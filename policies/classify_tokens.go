package policies

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// gap is what stands between two words, as far as a rule cares.
type gap uint8

const (
	gapNone     gap = iota // space, hyphen, slash, quotation mark
	gapClause              // comma, parenthesis, dash
	gapSentence            // full stop, question mark, semicolon, colon, a new paragraph
)

// token is a word or a number, folded: lower case, no diacritics.
type token struct {
	word   string
	c0, c1 int // code points
	b0, b1 int // bytes
	before gap
}

// tokenize cuts text into words. Offsets count as []rune(text) does. From breakAt (a byte) on a new sentence begins: it
// is where a case's subject ends. The words are appended to toks.
func tokenize(text string, breakAt int, toks []token) []token {
	toks = slices.Grow(toks, len(text)/6+4)
	before := gapSentence
	c, newlines := 0, 0
	for b := 0; b < len(text); {
		r, n := utf8.DecodeRuneInString(text[b:])
		if !wordRune(r) {
			if r == '\n' {
				newlines++
			}
			if g := gapOf(r, text[b+n:], toks); g > before {
				before = g
			}
			if breakAt > 0 && b == breakAt {
				before = gapSentence
			}
			b, c = b+n, c+1
			continue
		}
		if newlines > 0 {
			// A line that was only wrapped goes on in lower case; anything else starts something new.
			if newlines > 1 || unicode.IsUpper(r) || unicode.IsDigit(r) {
				before = gapSentence
			}
			newlines = 0
		}
		t := token{c0: c, b0: b, before: before}
		before = gapNone
		ascii, lower := true, true
		digits := r >= '0' && r <= '9'
		for b < len(text) {
			r, n = utf8.DecodeRuneInString(text[b:])
			if r >= utf8.RuneSelf {
				if !wordRune(r) && !unicode.Is(unicode.Cf, r) {
					break
				}
				ascii = false
			} else if !wordRune(r) || (r >= '0' && r <= '9') != digits {
				break
			} else if r >= 'A' && r <= 'Z' {
				lower = false
			}
			b, c = b+n, c+1
		}
		t.b1, t.c1 = b, c
		t.word = text[t.b0:t.b1]
		switch {
		case !ascii:
			t.word = fold(t.word)
		case !lower:
			t.word = strings.ToLower(t.word)
		}
		toks = append(toks, t)
	}
	return toks
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// abbreviations keep their full stop from ending a sentence.
var abbreviations = wordSet(`no nomor jl jln dr drs dra ir rp sdr sdri bpk tn ny hj h st kab kec kel prov ttg yth a n b c d s art ps pasal sec
	mr mrs ms vs cf dll etc prof gg rek tel telp hlm`)

func gapOf(r rune, rest string, toks []token) gap {
	switch r {
	case ',', '(', ')', '–', '—', '[', ']', '•', '*':
		return gapClause
	case ';', '!', '?', '…', '。':
		return gapSentence
	case ':':
		if rest == "" || rest[0] == ' ' || rest[0] == '\n' {
			return gapSentence
		}
	case '.':
		if rest != "" && rest[0] != ' ' && rest[0] != '\n' && rest[0] != '\r' && rest[0] != '"' && rest[0] != ')' {
			return gapNone
		}
		if len(toks) > 0 && rest != "" && abbreviations[toks[len(toks)-1].word] {
			return gapNone
		}
		return gapSentence
	}
	return gapNone
}

// fold lower-cases a word and takes its diacritics and format characters off: "Informação" reads "informacao".
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// clitics are endings that a word may carry without being another word, by language of the pack.
var clitics = map[string][]string{
	"id": {"nya", "lah", "kah", "pun", "s"}, // with the English plural: people here write both
	"en": {"s", "es"},
	"pt": {"s", "es"},
}

// heads start a new thing asked for, by language: "anggaran dan salinan BAP" asks for two things, "anggaran dan
// realisasi" for one. They end the reach of an opening rule after a comma or an "and".
var heads = map[string]map[string]bool{
	"id": wordSet(`copy copies file files record records names identity address medical salinan fotokopi copy dokumen berkas isi nama identitas rekaman foto catatan riwayat surat alamat rekam bap rincian detail
		detil data hasil nomor no memo notulen risalah kawat materi naskah draf informasi posisi lokasi laporan siapa apakah bagaimana
		berapa daftar bukti transkrip slip kronologi akta wasiat rahasia formula resep rekening`),
	"en": wordSet(`copy copies document documents file files name names identity recording photo photograph record records minutes letter
		letters memo memos email emails address addresses details data list draft drafts report reports correspondence who what how
		any all the transcript transcripts`),
	"pt": wordSet(`copia copias documento documentos arquivo nome nomes identidade gravacao foto prontuario prontuarios registro registros
		ata carta memorando endereco detalhes dados lista minuta relatorio relatorios quem qual quais como o a os as`),
}

// joiners stand before a head: "and a copy of …".
var joiners = wordSet(`dan serta beserta maupun juga atau termasuk berikut and or plus including e ou bem`)

// weak are words that may stand between a joiner and a head.
var weakWords = wordSet(`juga the a an its their of as`)
