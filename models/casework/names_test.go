package casework

import (
	"strings"
	"testing"
	"unicode/utf8"

	"terang/models"
)

func TestFileNames(t *testing.T) {
	t.Parallel()
	const pdf, text = "application/pdf", "text/plain"
	for _, row := range []struct{ in, kind, want string }{
		{"surat.pdf", pdf, "surat.pdf"},
		{"Surat Permohonan No. 5.PDF", pdf, "Surat Permohonan No. 5.PDF"},
		{"surat no. 5", pdf, "surat no. 5.pdf"},
		{"../../etc/passwd", text, "passwd.txt"},
		{`C:\Users\siti\surat.pdf`, pdf, "surat.pdf"},
		{"surat\u202efdp.exe", pdf, "suratfdp.pdf"},
		{"surat\u200b\u2066.pdf\u2069", pdf, "surat.pdf"},
		{"surat.pdf.exe", pdf, "surat.pdf"},
		{"surat.exe.pdf", pdf, "surat._exe.pdf"},
		{"surat.pdf.exe.scr.js", pdf, "surat.pdf"},
		{"surat.docx", pdf, "surat.pdf"},
		{"page.html", text, "page.txt"},
		{"foto.JPEG", "image/jpeg", "foto.JPEG"},
		{"foto.png", "image/jpeg", "foto.jpg"},
		{"data.csv", text, "data.csv"},
		{"con", text, "_con.txt"},
		{"CON.txt", text, "_CON.txt"},
		{"lpt1.tar.pdf", pdf, "_lpt1.tar.pdf"},
		{"aux .pdf", pdf, "_aux .pdf"},
		{".htaccess", text, "htaccess.txt"},
		{"surat.pdf. . .", pdf, "surat.pdf"},
		{"a\x00b\r\nc\t.pdf", pdf, "abc.pdf"},
		{"a:b*c?.pdf", pdf, "abc.pdf"},
		{"", pdf, "file.pdf"},
		{"...", pdf, "file.pdf"},
		{"\xff\xfe.pdf", pdf, "pdf.pdf"},
		{strings.Repeat("a", 500) + ".pdf", pdf, strings.Repeat("a", models.MaxFileName-4) + ".pdf"},
		{"Ünïcödé 文書.pdf", pdf, "Ünïcödé 文書.pdf"},
	} {
		got := typedName(fileName(row.in), row.kind)
		if got != row.want {
			t.Errorf("%q as %s is %q, want %q", row.in, row.kind, got, row.want)
		}
		if again := typedName(fileName(got), row.kind); again != got {
			t.Errorf("%q becomes %q, and that %q", row.in, got, again)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", "CON.txt.exe", "\u202ea.b.c", strings.Repeat("é.", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := typedName(fileName(s), "application/pdf")
		if got == "" || utf8.RuneCountInString(got) > models.MaxFileName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\r\n:") || strings.HasPrefix(got, ".") || !strings.HasSuffix(strings.ToLower(got), ".pdf") {
			t.Errorf("%q became %q", s, got)
		}
	})
}
