package text

import (
	"regexp"
	"strings"
)

var (
	articleClause = regexp.MustCompile(`(\d+)\((\d+)\)([a-z]\b)?`)
	articleLetter = regexp.MustCompile(`(pasal \d+) ([a-z])\b`)
	pasalClause   = regexp.MustCompile(` ayat (\(\d+\))( huruf ([a-z])\b)?`)
	pasalNumber   = regexp.MustCompile(`\bpasal (\d)`)
)

// Warning writes a warning of the engine of the clocks, "code: sentence": in our words where the
// catalogue has any for the code, in its own otherwise.
func (l Lang) Warning(w string) string {
	code, sentence, ok := strings.Cut(w, ": ")
	if ok && Has("warning."+code) {
		return l.T("warning." + code)
	}
	if ok {
		return sentence
	}
	return w
}

// Law writes where something stands in a law as lawyers of the language do: "UU 14/2008 pasal
// 22 ayat (7) huruf c", "UU 14/2008 art. 22(7)c". Packs, and what was recorded under them, hold
// either form. What is neither is left as it is.
func (l Lang) Law(article string) string {
	if l == English {
		s := pasalClause.ReplaceAllString(article, "$1$3")
		s = pasalNumber.ReplaceAllString(s, "art. $1")
		if s != article {
			s = strings.NewReplacer(" huruf ", " ", " angka ", " no. ", " dan ", " and ").Replace(s)
		}
		return s
	}
	if article == "service standard" {
		return "standar layanan"
	}
	if !strings.Contains(article, "art. ") {
		return article
	}
	s := strings.NewReplacer("art. ", "pasal ", ", by analogy", " (analogi)").Replace(article)
	s = articleClause.ReplaceAllStringFunc(s, func(m string) string {
		p := articleClause.FindStringSubmatch(m)
		if p[3] != "" {
			p[3] = " huruf " + p[3]
		}
		if p[1] == "1" && p[3] == "" && strings.HasPrefix(article, "UU ") { // the definitions of an Act are numbered, not divided
			return "1 angka " + p[2]
		}
		return p[1] + " ayat (" + p[2] + ")" + p[3]
	})
	return articleLetter.ReplaceAllString(s, "$1 huruf $2")
}
