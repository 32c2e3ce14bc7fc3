package policies

// plateRegions holds the letters that start a plate: the region of registration.
var plateRegions = wordSet(`a b d e f g h k l m n p r s t w z aa ab ad ae ag ba bb bd be bg bh bk bl bm bn bp da db dc dd de df dg
	dh dk dl dm dn dp dr ds dt dw ea eb ed kb kh kt ku pa pb pg ps pt`)

// notPlate are words before a letter that make it a part of a building, an annex, a grade …
var notPlate = wordSet(`lampiran blok gedung lantai ruang ruangan tipe type seri kelas huruf pasal ayat kode surat grade kategori
	golongan gol sektor zona tower rt rw km no nomor bagian bab butir poin akreditasi tabel gambar formulir form vitamin hepatitis`)

// plates finds vehicle registrations: letters of a region, up to four digits, up to three letters.
func (s *personalScan) plates() {
	for i := 0; i+1 < len(s.toks); i++ {
		a, n := &s.toks[i], &s.toks[i+1]
		if a.kind != pWord || n.kind != pNum || a.used || n.used || !plateRegions[a.low] || n.nl ||
			len(n.digits) > 4 || n.digits[0] == '0' || n.c0-a.c1 > 1 || s.tight(i-1, i) && !s.toks[i-1].isAny("(\"'“:") {
			continue
		}
		end, letters := i+1, 0
		if i+2 < len(s.toks) {
			z := &s.toks[i+2]
			if z.kind == pWord && !z.nl && z.c0-n.c1 <= 1 && z.c1-z.c0 <= 3 && s.plateLetters(z) && !z.used {
				end, letters = i+2, z.c1-z.c0
			}
		}
		if s.tight(end, end+1) && !s.toks[end+1].isAny(".,;:)?!\"'”") || s.tight(end, end+1) && s.tight(end+1, end+2) && s.toks[end+2].kind == pNum {
			continue
		}
		if s.plate(i, letters, len(n.digits)) {
			s.add(PersonalPlate, i, end)
			i = end
		}
	}
}

// plate weighs a candidate: its own shape, and the words before it.
func (s *personalScan) plate(i, letters, digits int) bool {
	l := labelNone
	for k, words := i-1, 0; k >= 0 && words < 6; k-- {
		if s.toks[k].kind != pWord {
			if s.toks[k].isAny(";!?") {
				break
			}
			continue
		}
		if words == 0 && notPlate[s.toks[k].low] && s.labelOf(k) != labelPlate && s.low(k-1) != "polisi" {
			return false
		}
		if l = s.labelOf(k); l == labelPlate {
			break
		}
		words++
	}
	caps := s.toks[i].upper && s.capital(&s.toks[i])
	switch {
	case l == labelPlate:
		return letters > 0 && (caps || s.mode == Recall) || letters == 0 && s.mode == Recall && caps
	case s.mode == Recall:
		return letters > 0 && caps && (letters >= 2 || digits >= 3)
	}
	return caps && letters >= 2 && digits >= 3
}

// plateLetters says that a token may end a plate: capitals, or anything Latin when recall counts.
func (s *personalScan) plateLetters(t *ptok) bool {
	for _, r := range t.low {
		if r < 'a' || r > 'z' {
			return false
		}
	}
	return s.mode == Recall && !commonShort[t.low] || s.capital(t)
}

// commonShort are short words that often follow a number.
var commonShort = wordSet(`di ke dan dari ini itu per rt rw km cm kg ha m s d yg utk ada tak oleh juz hal`)

// capital says that a token is written in capitals only.
func (s *personalScan) capital(t *ptok) bool {
	for i := t.b0; i < t.b1; i++ {
		if s.text[i] < 'A' || s.text[i] > 'Z' {
			return false
		}
	}
	return true
}

// passports finds a letter and six or seven digits (two letters and six in old ones), where "paspor" stands before, or
// anywhere when recall counts.
func (s *personalScan) passports() {
	for i := 0; i+1 < len(s.toks); i++ {
		a, n := &s.toks[i], &s.toks[i+1]
		letters := a.c1 - a.c0
		if a.kind != pWord || n.kind != pNum || a.used || n.used || letters > 2 || len(a.low) != letters ||
			len(n.digits) < 6 || len(n.digits) > 7 || n.c0-a.c1 > 1 || n.nl {
			continue
		}
		if s.tight(i-1, i) && !s.toks[i-1].isAny("(:\"'“") || s.tight(i+1, i+2) && (s.toks[i+2].kind != pPunct || s.toks[i+2].isAny("/-_")) {
			continue
		}
		l, _ := s.before(i)
		joined := s.tight(i, i+1)
		if l == labelPassport && (joined || s.capital(a)) || s.mode == Recall && joined && letters == 1 && len(n.digits) == 7 && s.capital(a) && l == labelNone {
			s.add(PersonalPassport, i, i+1)
			i++
		}
	}
}
