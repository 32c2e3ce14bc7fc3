package policies

import "strings"

// chain is a number as people write it: digit groups joined by spaces, dots or dashes.
type chain struct {
	at  []int  // token of each group
	sep []rune // what stands before each group; 0 before the first
}

// chainAt collects the groups from digit token i on.
func (s *personalScan) chainAt(i int) chain {
	c := chain{at: []int{i}, sep: []rune{0}}
	for {
		last := c.at[len(c.at)-1]
		next, sep := s.joined(last)
		if next == 0 || len(c.at) == 12 {
			return c
		}
		c.at, c.sep = append(c.at, next), append(c.sep, sep)
	}
}

// joined finds the digit group that follows token i as part of the same number: 0 if none.
func (s *personalScan) joined(i int) (next int, sep rune) {
	n := len(s.toks)
	if i+1 >= n {
		return 0, 0
	}
	t, u := &s.toks[i], &s.toks[i+1]
	if u.kind == pNum && !u.nl && u.c0-t.c1 <= 2 {
		return i + 1, ' '
	}
	if i+2 >= n || s.toks[i+2].kind != pNum || s.toks[i+2].nl {
		return 0, 0
	}
	v := &s.toks[i+2]
	gap := v.c0 - t.c1 // includes the separator
	switch {
	case u.r == '.' && gap == 1, u.r == '-' && gap == 1, (u.r == '–' || u.r == '‑' || u.r == '−') && gap == 1:
		if u.r != '.' {
			return i + 2, '-'
		}
		return i + 2, '.'
	case u.r == '-' && gap == 3 && s.mode == Recall:
		return i + 2, '-'
	case u.r == ')' && gap <= 2 && (s.is(i-1, '(') || s.is(i-1, '+') && s.is(i-2, '(')):
		return i + 2, ')'
	}
	return 0, 0
}

// number is a run of groups g..h of a chain, as one string of digits.
type number struct {
	digits string
	lens   []int
	sep    rune // the one separator, 0 if there is one group, 'x' if they differ
	i, j   int  // first and last token
}

func (s *personalScan) slice(c chain, g, h int) number {
	n := number{i: c.at[g], j: c.at[h], lens: make([]int, 0, 8)}
	var b strings.Builder
	for k := g; k <= h; k++ {
		d := s.toks[c.at[k]].digits
		b.WriteString(d)
		n.lens = append(n.lens, len(d))
		if k > g {
			switch {
			case n.sep == 0:
				n.sep = c.sep[k]
			case n.sep != c.sep[k]:
				n.sep = 'x'
			}
		}
	}
	n.digits = b.String()
	return n
}

// numbers walks the digit groups and names what they are.
func (s *personalScan) numbers() {
	for i := 0; i < len(s.toks); i++ {
		if s.toks[i].kind != pNum || s.toks[i].used {
			continue
		}
		c := s.chainAt(i)
		for g := 0; g < len(c.at); {
			if g > 0 && c.sep[g] != ' ' {
				g++ // a value never starts inside "0.8123…" or "2019-…"
				continue
			}
			h, kind := s.read(c, g)
			if kind == "" {
				g++
				continue
			}
			first := c.at[g]
			if kind == PersonalPhone {
				first = s.phoneStart(first)
			}
			s.add(kind, first, c.at[h])
			g = h + 1
		}
		i = c.at[len(c.at)-1]
	}
}

// read names the number that starts at group g, and its last group.
func (s *personalScan) read(c chain, g int) (int, string) {
	if !s.opensCleanly(c.at[g]) {
		return 0, ""
	}
	l, dist := s.before(c.at[g])
	best, kind := -1, ""
	total := 0
	for h := g; h < len(c.at); h++ {
		total += len(s.toks[c.at[h]].digits)
		if total > 16 {
			break
		}
		if total < 7 || h+1 < len(c.at) && c.sep[h+1] != ' ' || !s.closesCleanly(c.at[h], total) {
			continue
		}
		n := s.slice(c, g, h)
		lab := l
		if lab == labelNone {
			lab = s.after(c.at[h])
		}
		if k := s.identify(n, lab, dist); k != "" && !s.money(n.i, n.j) {
			best, kind = h, k
			if h == g {
				break // complete in one group: what follows is another number
			}
		}
	}
	return best, kind
}

// identify says what n is under label l, which stands dist words before it.
func (s *personalScan) identify(n number, l label, dist int) string {
	size := len(n.digits)
	recall := s.mode == Recall
	if size == 15 && n.shaped(2, 3, 3, 1, 3, 3) {
		return PersonalNPWP
	}
	if l == labelNPWP && (size == 15 || size == 16) {
		return PersonalNPWP
	}
	if size == 16 && n.fine() {
		id := validNIK(n.digits, recall)
		switch {
		case l == labelKK && (validKK(n.digits) || recall):
			return PersonalKK
		case l == labelBank && dist <= 4 && !id:
			return PersonalBank
		case l == labelOther && dist <= 3 && !recall:
			return ""
		case id:
			return PersonalNIK
		case recall && (l == labelNIK || l == labelKK):
			return PersonalNIK
		}
	}
	if l == labelBank || l == labelBankName && dist <= 5 {
		if s.bankNumber(n, l) {
			return PersonalBank
		}
	}
	if (l == labelOther || l == labelNPWP) && dist <= 3 && !recall {
		return ""
	}
	if mobile(n, l, recall) || landline(n, l) {
		return PersonalPhone
	}
	if recall && size == 15 && l == labelNone && n.sep == 0 {
		return PersonalNPWP
	}
	return ""
}

// shaped says that the groups have exactly these lengths.
func (n *number) shaped(lens ...int) bool {
	if len(n.lens) != len(lens) {
		return false
	}
	for i, l := range lens {
		if n.lens[i] != l {
			return false
		}
	}
	return true
}

// fine says that no group of a grouped identity number is a single digit, as in a budget code or a date list.
func (n *number) fine() bool {
	for _, l := range n.lens {
		if l < 2 {
			return false
		}
	}
	return n.sep != ')' && n.sep != 'x'
}

// dottedThousands says that the groups are those of an amount: 1.234.567.
func (n *number) dottedThousands() bool {
	if n.sep != '.' || n.lens[0] > 3 {
		return false
	}
	for _, l := range n.lens[1:] {
		if l != 3 {
			return false
		}
	}
	return true
}

// years says that the number is a list of years: 2020 2021 2022.
func (n *number) years() bool {
	for i, l := range n.lens {
		if l != 4 || n.digits[4*i:4*i+2] != "19" && n.digits[4*i:4*i+2] != "20" {
			return false
		}
	}
	return true
}

// bankNumber says that n may be an account number of the banks here: 8 to 16 digits.
func (s *personalScan) bankNumber(n number, l label) bool {
	size := len(n.digits)
	if size < 8 || n.dottedThousands() || n.sep == ')' {
		return false
	}
	if n.sep == '.' && n.lens[0] < 2 {
		return false // 5.1.02.01: a line of the chart of accounts
	}
	if s.mode == Recall {
		return true
	}
	if size == 8 && dateDigits(n.digits) || n.years() || strings.Trim(n.digits, "0") == "" {
		return false
	}
	return l == labelBank || size >= 10
}

// dateDigits says that eight digits read as a year, a month and a day.
func dateDigits(d string) bool {
	year := d[:2] == "19" || d[:2] == "20"
	return year && between(d[4:6], 1, 12) && between(d[6:8], 1, 31)
}

// mobilePrefix holds the two digits after 8 that operators use (0811, 0821 …).
var mobilePrefix = wordSet(`11 12 13 14 15 16 17 18 19 21 22 23 28 31 32 33 38 51 52 53 54 55 56 57 58 59 75 76 77 78 79
	81 82 83 84 85 86 87 88 89 95 96 97 98 99`)

// mobile says that n is a mobile number: 0 or 62, then 8 and nine to eleven digits in all.
func mobile(n number, l label, recall bool) bool {
	d := n.digits
	first := n.lens[0]
	switch {
	case strings.HasPrefix(d, "08"):
		if first < 4 {
			return false // 08 12 2023 …: a date
		}
		d = d[1:]
	case strings.HasPrefix(d, "6208"):
		if first != 2 && first < 6 {
			return false
		}
		d = d[3:]
	case strings.HasPrefix(d, "628"):
		if first != 2 && first < 5 {
			return false
		}
		d = d[2:]
	case strings.HasPrefix(d, "8") && l == labelPhone:
		if first < 3 {
			return false
		}
	default:
		return false
	}
	if len(d) < 9 || len(d) > 12 || n.dottedThousands() {
		return false
	}
	for _, l := range n.lens[1:] {
		if l < 2 {
			return false
		}
	}
	return recall && d[1] != '0' || mobilePrefix[d[1:3]] && (n.sep != 'x' || strings.HasPrefix(n.digits, "62"))
}

// landline says that n is an area code and a number, where the words around it say telephone.
func landline(n number, l label) bool {
	if l != labelPhone && n.sep != ')' {
		return false
	}
	d := n.digits
	switch {
	case strings.HasPrefix(d, "62") && n.lens[0] == 2:
		d = d[2:]
	case strings.HasPrefix(d, "0"):
		d = d[1:]
	default:
		return false
	}
	return len(d) >= 7 && len(d) <= 11 && d[0] >= '2' && d[0] <= '9' && d[0] != '8'
}

// phoneStart takes the plus and the opening parenthesis of a telephone number into its span.
func (s *personalScan) phoneStart(i int) int {
	if s.is(i-1, '+') && s.tight(i-1, i) {
		i--
	}
	if s.is(i-1, '(') && s.tight(i-1, i) {
		for k := i; k < len(s.toks) && k < i+4; k++ {
			if s.is(k, ')') {
				return i - 1
			}
		}
	}
	return i
}

// opensCleanly says that token i does not continue a longer code: a word, a decimal, a letter's number.
func (s *personalScan) opensCleanly(i int) bool {
	if !s.tight(i-1, i) {
		return true
	}
	t := &s.toks[i-1]
	switch t.kind {
	case pWord:
		// "NIK3273…" and "hp0812…": a label may stand tight, nothing else
		return labelWords[t.low] != labelNone && labelWords[t.low] != labelOther
	case pNum:
		return false
	}
	switch t.r {
	case '.', ',':
		return i < 2 || !s.tight(i-2, i-1) || s.toks[i-2].kind != pNum
	case '/', '_':
		return s.mode == Recall || t.r == '/' && !s.codeSide(i-2)
	case '-':
		return s.mode == Recall || !s.tight(i-2, i-1) || s.toks[i-2].kind == pPunct
	case '%', '$', '#', '@':
		return s.mode == Recall
	}
	return true
}

// closesCleanly says that nothing behind token j makes its number, of size digits, part of something longer.
func (s *personalScan) closesCleanly(j, size int) bool {
	if !s.tight(j, j+1) {
		return true
	}
	t := &s.toks[j+1]
	switch t.kind {
	case pWord:
		return s.mode == Recall && t.low == "nik"
	case pNum:
		return false
	}
	switch t.r {
	case '.', ',':
		return !s.tight(j+1, j+2) || s.toks[j+2].kind != pNum || t.r == ',' && s.mode == Recall
	case '/', '_':
		return s.mode == Recall || t.r == '/' && (size == 16 || !s.codeSide(j+2))
	case '-', '%', '°':
		return s.mode == Recall || t.r == '-' && !s.tight(j+1, j+2)
	}
	return true
}

// codeSide says that token i, on the other side of a slash, makes the whole a letter's number: 123/KPTS/2024.
func (s *personalScan) codeSide(i int) bool {
	if i < 0 || i >= len(s.toks) {
		return false
	}
	switch t := &s.toks[i]; t.kind {
	case pNum:
		return len(t.digits) < 8
	case pWord:
		return t.upper && labelWords[t.low] == labelNone
	}
	return false
}
