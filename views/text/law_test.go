package text

import "testing"

func TestLaw(t *testing.T) {
	for _, c := range []struct{ in, id, en string }{
		{"UU 14/2008 art. 22(7)", "UU 14/2008 pasal 22 ayat (7)", "UU 14/2008 art. 22(7)"},
		{"UU 14/2008 art. 35(1)c, 35(1)g", "UU 14/2008 pasal 35 ayat (1) huruf c, 35 ayat (1) huruf g", "UU 14/2008 art. 35(1)c, 35(1)g"},
		{"UU 14/2008 art. 17 h", "UU 14/2008 pasal 17 huruf h", "UU 14/2008 art. 17 h"},
		{"UU 14/2008 art. 22(4)-(6)", "UU 14/2008 pasal 22 ayat (4)-(6)", "UU 14/2008 art. 22(4)-(6)"},
		{"UU 14/2008 art. 37, 40(2); PERKI 1/2013 art. 11", "UU 14/2008 pasal 37, 40 ayat (2); PERKI 1/2013 pasal 11", "UU 14/2008 art. 37, 40(2); PERKI 1/2013 art. 11"},
		{"UU 30/2014 art. 58(3), by analogy", "UU 30/2014 pasal 58 ayat (3) (analogi)", "UU 30/2014 art. 58(3), by analogy"},
		{"UU 14/2008 pasal 17 huruf h angka 4; UU 25/2009 pasal 49", "UU 14/2008 pasal 17 huruf h angka 4; UU 25/2009 pasal 49", "UU 14/2008 art. 17 h no. 4; UU 25/2009 art. 49"},
		{"UU 14/2008 pasal 18 ayat (2) huruf b", "UU 14/2008 pasal 18 ayat (2) huruf b", "UU 14/2008 art. 18(2)b"},
		{"UU 14/2008 art. 1(10), 1(12), 22", "UU 14/2008 pasal 1 angka 10, 1 angka 12, 22", "UU 14/2008 art. 1(10), 1(12), 22"},
		{"service standard", "standar layanan", "service standard"},
		{"FOIA s.12(1)", "FOIA s.12(1)", "FOIA s.12(1)"},
		{"", "", ""},
	} {
		if got := Indonesian.Law(c.in); got != c.id {
			t.Errorf("%q in Indonesian: %q, want %q", c.in, got, c.id)
		}
		if got := English.Law(c.in); got != c.en {
			t.Errorf("%q in English: %q, want %q", c.in, got, c.en)
		}
	}
}
