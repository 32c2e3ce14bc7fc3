package policies

// label is what the words before a number say that it is.
type label uint8

const (
	labelNone label = iota
	labelNIK
	labelKK
	labelNPWP
	labelBank     // rekening
	labelBankName // a bank's name alone
	labelPhone
	labelPassport
	labelPlate
	labelMoney
	labelOther // a number of another sort: NIP, virtual account, invoice …
)

var labelWords = func() map[string]label {
	m := map[string]label{}
	for l, list := range map[label]string{
		labelNIK:      "nik ktp ektp kependudukan",
		labelKK:       "kk",
		labelNPWP:     "npwp",
		labelBank:     "rekening rek norek account acc",
		labelBankName: "bca bri bni mandiri bsi btn cimb danamon permata ocbc maybank panin bukopin muamalat bjb seabank jenius btpn bpd",
		labelPhone: `hp nohp wa whatsapp telp telepon telpon tel tlp tlpn handphone ponsel phone mobile hubungi kontak call sms fax faks faksimile
			faksimili seluler selular telegram gopay ovo shopeepay`,
		labelPassport: "paspor passport",
		labelPlate:    "nopol plat pelat tnkb stnk bpkb kendaraan mobil motor truk bus angkot taksi polisi berplat berpelat minibus sepeda",
		labelMoney:    "rp idr usd rupiah",
		labelOther: `nip nisn nuptk nim nib ntpn resi invoice billing nop imei isbn issn barcode kwitansi faktur va nidn nrp siup
			sku seri serial pelanggan meter`,
	} {
		for w := range wordSet(list) {
			m[w] = l
		}
	}
	return m
}()

// notPublicAccount are the words after or before "rekening" that make it an account in the books or of a utility,
// which is no person's bank account.
var notPersonalAccount = wordSet(`kode belanja pendapatan listrik air pdam telepon kas rkud kasda kasn negara daerah penampungan akun anggaran
	bendahara apbd apbn`)

// labelOf reads token i, with its neighbours where one word is not enough.
func (s *personalScan) labelOf(i int) label {
	t := &s.toks[i]
	if t.kind != pWord {
		return labelNone
	}
	switch t.low {
	case "keluarga":
		if s.low(i-1) == "kartu" {
			return labelKK
		}
		return labelNone
	case "account":
		if s.low(i-1) == "virtual" {
			return labelOther
		}
	case "polisi":
		if w := s.low(i - 1); w != "nomor" && w != "no" && s.low(i-2) != "no" {
			return labelNone
		}
	case "mandiri", "permata", "jenius", "mobile", "acc":
		// Common words too: a bank's name is written with a capital.
		if t.low != "mobile" && !t.upper {
			return labelNone
		}
	case "seri", "serial", "meter", "pelanggan":
		if w := s.low(i - 1); w != "nomor" && w != "no" && s.low(i-2) != "no" && w != "id" {
			return labelNone
		}
	case "induk":
		if s.low(i+1) == "kependudukan" {
			return labelNIK
		}
	}
	return labelWords[t.low]
}

// before finds the nearest label in the eight words before token i, and how many words lie between. A label counts
// for a number that follows another number only where both stand in one list ("NIK 3273…, 3273… dan 3273…").
func (s *personalScan) before(i int) (label, int) {
	words := 0
	for k := i - 1; k >= 0 && i-k < 24; k-- {
		t := &s.toks[k]
		switch t.kind {
		case pPunct:
			if t.r == ';' || t.r == '!' || t.r == '?' {
				return labelNone, 0
			}
			if t.r == '.' && k+1 < len(s.toks) && !s.tight(k, k+1) && s.toks[k+1].upper && len(s.low(k-1)) > 4 {
				return labelNone, 0 // a sentence ended; "No." and "Rek." are too short to end one
			}
		case pNum:
			if len(t.digits) >= 6 && !s.listed(k, i) {
				return labelNone, 0
			}
		case pWord:
			if l := s.labelOf(k); l != labelNone {
				if l == labelBank && s.booksAccount(k) {
					l = labelOther
				}
				return l, words
			}
			if words++; words > 8 {
				return labelNone, 0
			}
		}
	}
	return labelNone, 0
}

// after reads a label in parentheses right behind token j: "3273… (NIK)".
func (s *personalScan) after(j int) label {
	if s.is(j+1, '(') && j+2 < len(s.toks) && s.toks[j+2].kind == pWord && s.is(j+3, ')') {
		return s.labelOf(j + 2)
	}
	return labelNone
}

// listed says that only a list's glue stands between the number ending at token k and token i.
func (s *personalScan) listed(k, i int) bool {
	for m := k + 1; m < i; m++ {
		t := &s.toks[m]
		switch {
		case t.isAny(",/&+(.-"):
		case t.low == "dan" || t.low == "atau" || t.low == "serta" || t.low == "and" || t.low == "or":
		case t.kind == pNum:
		default:
			return false
		}
	}
	return true
}

// booksAccount says that "rekening" at token k is a line of a budget or a meter, or the account of a public treasury.
func (s *personalScan) booksAccount(k int) bool {
	if notPersonalAccount[s.low(k-1)] {
		return true
	}
	for m := k + 1; m < len(s.toks) && m <= k+3; m++ {
		if s.toks[m].kind != pWord {
			break
		}
		if notPersonalAccount[s.low(m)] {
			return true
		}
	}
	return false
}

// money says that the number at token i is an amount: a currency stands right before or after it.
func (s *personalScan) money(i, j int) bool {
	if w := s.low(i - 1); w == "rp" || w == "idr" || w == "usd" {
		return true
	}
	if s.is(i-1, '.') && s.low(i-2) == "rp" {
		return true
	}
	switch s.low(j + 1) {
	case "rupiah", "juta", "miliar", "milyar", "triliun", "ribu", "persen", "hektar", "hektare", "ton", "meter", "kwh", "dolar":
		return true
	}
	return false
}
