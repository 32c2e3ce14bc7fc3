package raster

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// secret is what must be nowhere in what is published. It stands in every source below in every place a PDF can hide it.
const secret = "QXZJWKSECRET"

// open is what may stay and must stay legible.
const open = "Anggaran jalan dibuka untuk umum"

type source struct {
	name string
	pdf  []byte
	// boxes to burn where the secret is not found by its words
	boxes []Rect
}

func page(t testing.TB, fill func(*fpdf.Fpdf)) []byte {
	t.Helper()
	pdf := fpdf.New("P", "pt", "A4", "")
	pdf.SetFont("Helvetica", "", 14)
	pdf.AddPage()
	pdf.Text(72, 100, open)
	fill(pdf)
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func corpus(t testing.TB) []source {
	t.Helper()
	at := Rect{72.0 / 595, 180.0 / 842, 400.0 / 595, 210.0 / 842} // where the secret is written
	words := func(pdf *fpdf.Fpdf) { pdf.Text(80, 200, "NIK "+secret+" rahasia") }
	all := []source{
		{"text layer", page(t, words), nil},
		{"hidden under a white box", page(t, func(pdf *fpdf.Fpdf) {
			words(pdf)
			pdf.SetFillColor(255, 255, 255)
			pdf.Rect(70, 180, 400, 40, "F")
		}), nil},
		{"white on white", page(t, func(pdf *fpdf.Fpdf) { pdf.SetTextColor(255, 255, 255); words(pdf) }), nil},
		{"off the page", page(t, func(pdf *fpdf.Fpdf) { pdf.Text(80, 1500, secret); pdf.Text(2000, 100, secret) }), nil},
		{"annotation", page(t, func(pdf *fpdf.Fpdf) {
			words(pdf)
			a := fpdf.Attachment{Content: []byte("isi " + secret), Filename: secret + ".txt", Description: secret}
			pdf.AddAttachmentAnnotation(&a, 80, 300, 100, 20)
			pdf.LinkString(80, 340, 100, 20, "https://contoh.id/"+secret)
		}), nil},
		{"attachment", page(t, func(pdf *fpdf.Fpdf) {
			words(pdf)
			pdf.SetAttachments([]fpdf.Attachment{{Content: []byte("isi " + secret), Filename: secret + ".txt", Description: secret}})
		}), nil},
		{"metadata", page(t, func(pdf *fpdf.Fpdf) {
			words(pdf)
			pdf.SetAuthor(secret, false)
			pdf.SetTitle(secret, false)
			pdf.SetKeywords(secret, false)
			pdf.SetXmpMetadata([]byte("<x:xmpmeta xmlns:x='adobe:ns:meta/'><a>" + secret + "</a></x:xmpmeta>"))
			pdf.SetJavascript("app.alert('" + secret + "')")
			pdf.Bookmark(secret, 0, 0)
		}), nil},
		{"layers", page(t, func(pdf *fpdf.Fpdf) {
			words(pdf)
			off := pdf.AddLayer("lapis "+secret, false)
			pdf.BeginLayer(off)
			pdf.Text(80, 400, "tersembunyi "+secret)
			pdf.EndLayer()
		}), nil},
		{"form field", field(), []Rect{at}},
		{"old revision", revised(), nil},
		{"turned and cropped", turnedPage(), nil},
	}
	// The same once more, the way optimising programs pack it: object streams, compressed.
	var packed bytes.Buffer
	if err := api.Optimize(bytes.NewReader(all[6].pdf), &packed, model.NewDefaultConfiguration()); err != nil {
		t.Fatal(err)
	}
	return append(all, source{"object streams", packed.Bytes(), nil})
}

// raw writes a PDF out of objects; extra goes into the trailer.
func raw(before []byte, first int, prev int, root string, objects map[int]string) []byte {
	var b bytes.Buffer
	b.Write(before)
	if len(before) == 0 {
		b.WriteString("%PDF-1.7\n")
	}
	at := map[int]int{}
	top := 0
	for n := range 40 {
		if o, ok := objects[n]; ok {
			at[n] = b.Len()
			fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, o)
			top = n
		}
	}
	xref := b.Len()
	b.WriteString("xref\n")
	if prev == 0 {
		b.WriteString("0 1\n0000000000 65535 f \n")
	}
	for n := first; n <= top; n++ {
		if off, ok := at[n]; ok {
			fmt.Fprintf(&b, "%d 1\n%010d 00000 n \n", n, off)
		}
	}
	fmt.Fprintf(&b, "trailer\n<< /Size 40 /Root %s", root)
	if prev > 0 {
		fmt.Fprintf(&b, " /Prev %d", prev)
	}
	fmt.Fprintf(&b, " >>\nstartxref\n%d\n%%%%EOF\n", xref)
	return b.Bytes()
}

func stream(s string) string {
	return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(s), s)
}

func simple(content, pageExtra, catalogExtra string) map[int]string {
	return map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R " + catalogExtra + " >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> " + pageExtra + " >>",
		4: stream(content),
		5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
}

func say(x, y int, s string) string {
	return fmt.Sprintf("BT /F1 14 Tf %d %d Td (%s) Tj ET\n", x, y, s)
}

func field() []byte {
	o := simple(say(72, 742, open), "/Annots [6 0 R]", "/AcroForm << /Fields [6 0 R] /DR << /Font << /F1 5 0 R >> >> /DA (/F1 14 Tf 0 g) >>")
	o[6] = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (nama) /V (" + secret + ") /DV (" + secret + ") /DA (/F1 14 Tf 0 g) /Rect [72 632 400 662] /F 4 /AP << /N 7 0 R >> /P 3 0 R >>"
	ap := "/Tx BMC q BT /F1 14 Tf 8 8 Td (" + secret + ") Tj ET Q EMC"
	o[7] = fmt.Sprintf("<< /Type /XObject /Subtype /Form /BBox [0 0 328 30] /Resources << /Font << /F1 5 0 R >> >> /Length %d >>\nstream\n%s\nendstream", len(ap), ap)
	return raw(nil, 1, 0, "1 0 R", o)
}

// revised is a document that said the secret, and was changed by adding a revision that says something else.
func revised() []byte {
	old := raw(nil, 1, 0, "1 0 R", simple(say(72, 742, open)+say(80, 642, "NIK "+secret), "", ""))
	i := bytes.LastIndex(old, []byte("startxref\n"))
	var prev int
	fmt.Sscanf(string(old[i+10:]), "%d", &prev)
	return raw(old, 4, prev, "1 0 R", map[int]string{4: stream(say(72, 742, open) + say(80, 642, "NIK sudah dihapus"))})
}

// turnedPage is scanned sideways and cropped: what is outside the crop is in the file and not seen.
func turnedPage() []byte {
	return raw(nil, 1, 0, "1 0 R", simple(say(120, 642, open)+say(120, 542, "NIK "+secret+" rahasia")+say(5, 20, secret), "/Rotate 90 /CropBox [100 100 550 800]", ""))
}

func TestCorpusHoldsTheSecret(t *testing.T) {
	for _, s := range corpus(t) {
		if !strings.Contains(unpacked(t, s.pdf), secret) {
			t.Errorf("%s: the source does not hold what the test looks for", s.name)
		}
	}
}
