package policies

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// marked reads "NIK «nik:3273…»" into the text and the findings it should yield.
func marked(t testing.TB, line string) (string, []Finding) {
	t.Helper()
	var b strings.Builder
	var want []Finding
	for {
		pre, rest, ok := strings.Cut(line, "«")
		b.WriteString(pre)
		if !ok {
			return b.String(), want
		}
		body, after, ok := strings.Cut(rest, "»")
		kind, value, ok2 := strings.Cut(body, ":")
		if !ok || !ok2 {
			t.Fatalf("bad mark in %q", line)
		}
		start := utf8.RuneCountInString(b.String())
		b.WriteString(value)
		want = append(want, Finding{Type: kind, Start: start, End: start + utf8.RuneCountInString(value), Text: value})
		line = after
	}
}

// TestFindPersonal reads testdata/personal/*.txt: one sentence a line, findings marked «type:value», "#" for comments.
func TestFindPersonal(t *testing.T) {
	for file, mode := range map[string]PersonalMode{"precision": Precision, "recall": Recall} {
		f, err := os.Open("testdata/personal/" + file + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows := 0
		sc := bufio.NewScanner(f)
		for n := 1; sc.Scan(); n++ {
			line := strings.ReplaceAll(sc.Text(), `\n`, "\n")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			rows++
			// The same sentence must read the same behind text of other widths.
			for _, before := range []string{"", "👨‍👩‍👧 ", "Cafe\u0301 – ", "日本。 "} {
				text, want := marked(t, before+line)
				got := FindPersonal(text, mode)
				if g, w := show(got), show(want); g != w {
					t.Errorf("%s.txt:%d: %s\n got %s\nwant %s", file, n, text, g, w)
					break
				}
			}
		}
		t.Logf("%s: %d rows", file, rows)
		if err := sc.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func show(found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s[%d:%d]%q ", f.Type, f.Start, f.End, f.Text)
	}
	return b.String()
}

func FuzzFindPersonal(f *testing.F) {
	for _, s := range []string{
		"NIK 3273010101900001 a.n. Budi", "hp 0812-3456-7890", "(021) 5551234 telp", "rek. BCA 1234567890", "B 1234 XYZ",
		"paspor A1234567", "a@b.co", "\xff\xfe3273010101900001", "٣٢٧٣٠١٠١٠١٩٠٠٠٠١", "budi [at] x [dot] com", "Bapak/Ibu Dr. H. A. B. C.",
		"an. ", "Sdr/i ", "a/n", "nama:", "+62 (", "()", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6", "𝟙𝟚𝟛",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		runes := []rune(text)
		for _, mode := range []PersonalMode{Precision, Recall} {
			last := 0
			for _, found := range FindPersonal(text, mode) {
				if found.Start < last || found.End <= found.Start || found.End > len(runes) {
					t.Fatalf("%q: %+v after %d of %d", text, found, last, len(runes))
				}
				if utf8.ValidString(text) && string(runes[found.Start:found.End]) != found.Text {
					t.Fatalf("%q: %+v is %q", text, found, string(runes[found.Start:found.End]))
				}
				if _, ok := personalRank[found.Type]; !ok {
					t.Fatalf("unknown type %q", found.Type)
				}
				last = found.End
			}
		}
	})
}

func BenchmarkFindPersonal(b *testing.B) {
	text := strings.Repeat("Saya Budi, NIK 3273010101900001, mohon salinan dokumen anggaran tahun 2024 Rp 1.234.567.890 ke 081234567890. ", 18)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		FindPersonal(text, Precision)
	}
}
