package raster

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"testing"

	"codeberg.org/go-pdf/fpdf"
)

func encrypted(t testing.TB) []byte {
	t.Helper()
	pdf := fpdf.New("P", "pt", "A4", "")
	pdf.SetProtection(0, "rahasia", "pemilik")
	pdf.SetFont("Helvetica", "", 14)
	pdf.AddPage()
	pdf.Text(72, 100, open)
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func textPages(t testing.TB, n int) []byte {
	t.Helper()
	pdf := fpdf.New("P", "pt", "A4", "")
	pdf.SetFont("Times", "", 11)
	for range n {
		pdf.AddPage()
		for y := 60.0; y < 780; y += 15 {
			pdf.Text(60, y, "Badan Publik wajib menyediakan informasi yang akurat, benar, dan tidak menyesatkan kepada pemohon.")
		}
	}
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// jpegWith is a photograph as a camera writes it: with the way it was held, and a comment that says too much.
func jpegWith(t testing.TB, img image.Image, orientation int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00")
	tiff = append(tiff, byte(orientation), 0, 0, 0, 0, 0, 0)
	seg := append([]byte("Exif\x00\x00"), append(tiff, secret...)...)
	out := append([]byte{}, b.Bytes()[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(seg)+2))
	out = append(out, seg...)
	return append(out, b.Bytes()[2:]...)
}
