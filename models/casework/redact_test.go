package casework_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
	"terang/models/store"
)

// hiddenWord is what no published byte may hold.
const hiddenWord = "QXZJWKSECRET"

// poppler skips where PDF pages cannot be drawn; TERANG_REQUIRE=poppler makes that a failure.
func poppler(t testing.TB) {
	t.Helper()
	if casework.Renderer() != "" {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("TERANG_REQUIRE"), ","), "poppler") {
		t.Fatal("TERANG_REQUIRE asks for poppler, and it is not installed")
	}
	t.Skip("poppler is not installed")
}

// letter is a PDF of some pages, each with the words given.
func letter(t testing.TB, pages ...string) []byte {
	t.Helper()
	pdf := fpdf.New("P", "pt", "A4", "")
	pdf.SetAuthor("Penulis "+hiddenWord, false)
	pdf.SetFont("Helvetica", "", 13)
	for _, words := range pages {
		pdf.AddPage()
		pdf.Text(72, 100, "Laporan anggaran jalan")
		for i, line := range strings.Split(words, "\n") {
			pdf.Text(72, 140+float64(i)*24, line)
		}
	}
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type redaction struct {
	*ct.Scene
	t    *testing.T
	c    *models.Case
	req  models.Actor
	ppid models.Actor
	doc  *models.Attachment
}

// given is a case with one document of the body.
func givenDocument(t *testing.T, name string, data []byte) *redaction {
	t.Helper()
	s := ct.New(t)
	r := &redaction{Scene: s, t: t, ppid: s.As("officer")}
	r.c, r.req, _ = s.Given(ct.Request())
	r.doc = must[*models.Attachment](t)(s.Attach(s.Ctx, r.ppid, r.c.Reference, casework.Upload{Name: name, Data: bytes.NewReader(data)}))
	return r
}

func (r *redaction) now() *models.Case {
	r.t.Helper()
	return must[*models.Case](r.t)(r.Store.Read(r.Ctx).CaseByReference(r.c.Reference))
}

func (r *redaction) view() *casework.RedactionView {
	r.t.Helper()
	return must[*casework.RedactionView](r.t)(r.Redaction(r.Ctx, r.ppid, r.c.Reference, r.doc.ID))
}

func (r *redaction) draw(in casework.BoxesInput) int {
	r.t.Helper()
	in.Version = r.view().Version
	if in.Exemption == "" {
		in.Exemption = "h"
	}
	return must[int](r.t)(r.DrawBoxes(r.Ctx, r.ppid, r.c.Reference, r.doc.ID, in))
}

func (r *redaction) copy() *models.Attachment {
	r.t.Helper()
	return must[*models.Attachment](r.t)(r.Redact(r.Ctx, r.ppid, r.c.Reference, casework.RedactInput{Version: r.now().Version, Document: r.doc.ID, Boxes: r.view().Version, Looked: true}))
}

// decided answers the case and gives the documents named.
func (r *redaction) decided(release ...int64) {
	r.t.Helper()
	must[*models.Case](r.t)(r.Decide(r.Ctx, r.ppid, r.c.Reference, casework.DecideInput{Version: r.now().Version, Outcome: models.Granted, Text: "Terlampir.", Release: release}))
}

func (r *redaction) bytes(d *models.Attachment) []byte {
	r.t.Helper()
	_, f, err := r.Document(r.Ctx, r.ppid, r.c.Reference, d.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	return must[[]byte](r.t)(io.ReadAll(f))
}

// From the boxes to the public's copy: what was covered is nowhere in it, the original stays where
// it was, and the event says what was made of what.
func TestRedactedCopyGoesOutInsteadOfTheOriginal(t *testing.T) {
	poppler(t)
	r := givenDocument(t, "laporan.pdf", letter(t, "Disusun oleh "+hiddenWord+"\nBapak Budi Santoso, NIK 3171234567890123", "Halaman dua\nTelepon 0812 3456 7890"))
	must[*models.Case](t)(r.Classify(r.Ctx, r.ppid, r.c.Reference, casework.ClassifyInput{Version: r.now().Version, Attachment: r.doc.ID, Classification: models.Restricted, Exemption: "h", Reason: "Data pribadi"}))

	v := r.view()
	if len(v.Pages) != 2 || !v.Words || len(v.Uncovered) < 3 || v.Renderer == "" {
		t.Fatalf("%+v", v)
	}
	if n := r.draw(casework.BoxesInput{Action: "findings"}); n < 3 {
		t.Errorf("%d boxes over what was found", n)
	}
	if n := r.draw(casework.BoxesInput{Action: "phrase", Phrase: strings.ToLower(hiddenWord), Exemption: "i"}); n != 1 {
		t.Errorf("%d boxes over the phrase", n)
	}
	r.draw(casework.BoxesInput{Action: "add", Box: models.Box{Page: 2, X: 1000, Y: 8000, W: 3000, H: 500}})
	if v = r.view(); len(v.Uncovered) != 0 {
		t.Errorf("still to be seen: %+v", v.Uncovered)
	}
	if n := r.draw(casework.BoxesInput{Action: "phrase", Phrase: hiddenWord, Exemption: "i"}); n != 0 {
		t.Errorf("the same again: %d", n)
	}
	before := r.bytes(r.doc)
	made := r.copy()
	out := r.bytes(made)
	if made.Redacts == nil || *made.Redacts != r.doc.ID || made.Classification != models.Public || !made.FromBody || made.Type != "application/pdf" {
		t.Errorf("%+v", made)
	}
	if !bytes.Equal(before, r.bytes(r.doc)) {
		t.Error("the original changed")
	}
	path := filepath.Join(t.TempDir(), "copy.pdf")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("pdftotext", path, "-").Output(); err != nil || len(bytes.TrimSpace(said)) > 0 {
		t.Errorf("the copy says %q %v", said, err)
	}
	for _, word := range []string{hiddenWord, "Budi", "3171", "laporan"} {
		if bytes.Contains(out, []byte(word)) {
			t.Errorf("the copy holds %q", word)
		}
	}

	// What was shown before is what the copy has: the same picture, point for point.
	shown, _, err := r.RedactionPage(r.Ctx, r.ppid, r.c.Reference, r.doc.ID, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(t.TempDir(), "p")
	if said, err := exec.Command("pdfimages", "-png", path, images).CombinedOutput(); err != nil {
		t.Fatal(err, string(said))
	}
	if got, want := decodePNG(t, must[[]byte](t)(os.ReadFile(images+"-000.png"))), decodePNG(t, shown); !samePixels(got, want) {
		t.Error("the copy's page is not the one that was shown")
	}

	events, _, err := r.Store.Read(r.Ctx).Events(store.EventFilter{CaseID: &r.c.ID, Kind: "document.redacted"}, "", 10)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	var data models.EventData
	if err := json.Unmarshal([]byte(events[0].Data), &data); err != nil || data.File != r.doc.SHA256 || data.Copy != made.SHA256 || len(data.Covered) != 2 || data.Count < 5 {
		t.Errorf("%+v %v", data, err)
	}

	// The requester is given the copy and nothing of the original, by no door.
	r.decided(made.ID)
	if _, _, err := r.Document(r.Ctx, r.req, r.c.Reference, made.ID); err != nil {
		t.Error(err)
	}
	_, _, err = r.Document(r.Ctx, r.req, r.c.Reference, r.doc.ID)
	wants(t, err, models.NotFound, "attachment_not_found")
	for _, burned := range []bool{true, false} {
		if _, _, err := r.RedactionPage(r.Ctx, r.req, r.c.Reference, r.doc.ID, 1, burned); err == nil {
			t.Error("the requester sees pages of the original")
		}
		if _, _, err := r.RedactionPage(r.Ctx, ct.Anyone, r.c.Reference, r.doc.ID, 1, burned); err == nil {
			t.Error("anyone sees pages of the original")
		}
	}
	if _, err := r.Redaction(r.Ctx, r.req, r.c.Reference, r.doc.ID); err == nil {
		t.Error("the requester sees the boxes")
	}
	must[*models.Case](t)(r.Publish(r.Ctx, r.ppid, r.c.Reference, casework.PublishInput{Version: r.now().Version, Summary: "Laporan anggaran."}))
	d := must[*casework.DisclosureView](t)(r.Disclosure(r.Ctx, r.c.Reference))
	if len(d.Documents) != 1 || d.Documents[0].ID != made.ID || len(d.Withheld) != 0 {
		t.Errorf("published: %+v, withheld: %+v", d.Documents, d.Withheld)
	}
	_, _, err = r.DisclosureDocument(r.Ctx, r.c.Reference, r.doc.ID)
	wants(t, err, models.NotFound, "attachment_not_found")
	_, f, err := r.DisclosureDocument(r.Ctx, r.c.Reference, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := must[[]byte](t)(io.ReadAll(f)); !bytes.Equal(got, out) {
		t.Error("what is published is not the copy")
	}

	wants(t, r.Detach(r.Ctx, r.ppid, r.c.Reference, r.doc.ID), models.Conflict, "document_stays")

	// Undoing is another copy: the newest goes out.
	r.draw(casework.BoxesInput{Action: "clear", Box: models.Box{Page: 2}})
	again := r.copy()
	must[*models.Case](t)(r.Publish(r.Ctx, r.ppid, r.c.Reference, casework.PublishInput{Version: r.now().Version, Summary: "Laporan anggaran."}))
	if d = must[*casework.DisclosureView](t)(r.Disclosure(r.Ctx, r.c.Reference)); len(d.Documents) != 1 || d.Documents[0].ID != again.ID {
		t.Errorf("published: %+v", d.Documents)
	}
	r.Check()
}

func decodePNG(t *testing.T, data []byte) image.Image {
	t.Helper()
	return must[image.Image](t)(png.Decode(bytes.NewReader(data)))
}

func samePixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if color.RGBAModel.Convert(a.At(x, y)) != color.RGBAModel.Convert(b.At(x, y)) {
				return false
			}
		}
	}
	return true
}

// What is refused says why at its field, and leaves everything as it was.
func TestRedactingIsRefused(t *testing.T) {
	poppler(t)
	r := givenDocument(t, "laporan.pdf", letter(t, "Bapak Budi Santoso"))
	try := func(in casework.BoxesInput) error {
		t.Helper()
		_, err := r.DrawBoxes(r.Ctx, r.ppid, r.c.Reference, r.doc.ID, in)
		return err
	}
	box := models.Box{Page: 1, X: 100, Y: 100, W: 100, H: 100}
	wantsField(t, try(casework.BoxesInput{Action: "add", Box: box}), "exemption", "required")
	wantsField(t, try(casework.BoxesInput{Action: "add", Box: box, Exemption: "zz"}), "exemption", "exemption_unknown")
	wantsField(t, try(casework.BoxesInput{Action: "paint", Box: box, Exemption: "h"}), "do", "not_a_choice")
	for _, bad := range []models.Box{{Page: 1, X: -1, Y: 0, W: 10, H: 10}, {Page: 1, X: 9000, Y: 0, W: 2000, H: 10}, {Page: 1, X: 0, Y: 0, W: 0, H: 10}, {Page: 1, X: 0, Y: 9999, W: 10, H: 2}} {
		wantsField(t, try(casework.BoxesInput{Action: "add", Box: bad, Exemption: "h"}), "x", "box_outside")
	}
	for _, page := range []int{0, -3, 2, 1 << 40} {
		wantsField(t, try(casework.BoxesInput{Action: "page", Box: models.Box{Page: page}, Exemption: "h"}), "page", "page_outside")
	}
	wantsField(t, try(casework.BoxesInput{Action: "phrase", Exemption: "h"}), "phrase", "required")
	wantsField(t, try(casework.BoxesInput{Action: "phrase", Phrase: "tidak ada", Exemption: "h"}), "phrase", "nothing_found")
	wants(t, try(casework.BoxesInput{Action: "add", Box: box, Exemption: "h", Version: 7}), models.Conflict, "stale")
	wants(t, try(casework.BoxesInput{Action: "remove", Index: 4}), models.Conflict, "stale")
	if v := r.view(); len(v.Boxes) != 0 || v.Version != 0 {
		t.Errorf("something was kept: %+v", v.Boxes)
	}
	files := r.Files.Count()
	make := func(in casework.RedactInput) error {
		_, err := r.Redact(r.Ctx, r.ppid, r.c.Reference, in)
		return err
	}
	now := r.now().Version
	wantsField(t, make(casework.RedactInput{Version: now, Document: r.doc.ID}), "looked", "look_first")
	wants(t, make(casework.RedactInput{Version: now, Document: r.doc.ID, Boxes: 3, Looked: true}), models.Conflict, "stale")
	wants(t, make(casework.RedactInput{Version: now - 1, Document: r.doc.ID, Looked: true}), models.Conflict, "stale")
	wants(t, make(casework.RedactInput{Version: now, Document: r.doc.ID + 99, Looked: true}), models.NotFound, "attachment_not_found")

	// A document above the officer's clearance is not there, for them.
	must[*models.Case](t)(r.Classify(r.Ctx, r.ppid, r.c.Reference, casework.ClassifyInput{Version: now, Attachment: r.doc.ID, Classification: models.Confidential, Exemption: "h", Reason: "Rahasia"}))
	low := r.AddPlain("rendah@dinas.test", models.InfoOfficer, "dinas", models.Public)
	_, err := r.Redaction(r.Ctx, low, r.c.Reference, r.doc.ID)
	wants(t, err, models.NotFound, "attachment_not_found")
	_, _, err = r.RedactionPage(r.Ctx, low, r.c.Reference, r.doc.ID, 1, false)
	wants(t, err, models.NotFound, "attachment_not_found")
	_, err = r.DrawBoxes(r.Ctx, low, r.c.Reference, r.doc.ID, casework.BoxesInput{Action: "page", Box: box, Exemption: "h"})
	wants(t, err, models.NotFound, "attachment_not_found")
	_, err = r.Redact(r.Ctx, low, r.c.Reference, casework.RedactInput{Version: r.now().Version, Document: r.doc.ID, Looked: true})
	wants(t, err, models.NotFound, "attachment_not_found")
	_, err = r.UploadRedacted(r.Ctx, low, r.c.Reference, casework.ReplaceInput{Version: r.now().Version, Document: r.doc.ID, Exemption: "h"}, casework.Upload{Name: "a.txt", Data: strings.NewReader("isi")})
	wants(t, err, models.NotFound, "attachment_not_found")
	if r.Files.Count() != files {
		t.Errorf("%d files were left behind", r.Files.Count()-files)
	}
	r.Check()
}

// A confidential original: its copy stays as closed as it is until the second person says so.
func TestCopyOfConfidentialNeedsTwo(t *testing.T) {
	poppler(t)
	r := givenDocument(t, "laporan.pdf", letter(t, "Bapak Budi Santoso"))
	must[*models.Case](t)(r.Classify(r.Ctx, r.ppid, r.c.Reference, casework.ClassifyInput{Version: r.now().Version, Attachment: r.doc.ID, Classification: models.Confidential, Exemption: "h", Reason: "Rahasia"}))
	r.draw(casework.BoxesInput{Action: "page", Box: models.Box{Page: 1}})
	made := r.copy()
	if made.Classification != models.Confidential || made.Ground != "h" {
		t.Errorf("%+v", made)
	}
	if _, _, err := r.Document(r.Ctx, r.req, r.c.Reference, made.ID); err == nil {
		t.Error("the requester has it already")
	}
	r.Check()
}

func TestPicturesAreRedacted(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for x := range 100 {
		img.SetRGBA(100+x, 100, color.RGBA{0, 0, 200, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	r := givenDocument(t, "foto.png", b.Bytes())
	r.draw(casework.BoxesInput{Action: "add", Box: models.Box{Page: 1, X: 3000, Y: 4000, W: 4000, H: 2000}})
	if _, err := r.DrawBoxes(r.Ctx, r.ppid, r.c.Reference, r.doc.ID, casework.BoxesInput{Version: 1, Action: "findings", Exemption: "h"}); models.KindOf(err) != models.Invalid {
		t.Errorf("words in a picture: %v", err)
	}
	made := r.copy()
	got := decodePNG(t, r.bytes(made))
	for x := range 100 {
		if _, _, blue, _ := got.At(100+x, 100).RGBA(); blue>>8 == 200 {
			t.Fatal("what was covered is still there")
		}
	}
	if made.Type != "image/png" || got.Bounds() != img.Bounds() {
		t.Errorf("%s %v", made.Type, got.Bounds())
	}
}

// Without a renderer, and for office documents, a copy made elsewhere takes the original's place;
// what it says is looked through like any document.
func TestCopyMadeElsewhere(t *testing.T) {
	r := givenDocument(t, "daftar.txt", []byte("Daftar penerima: Bapak Budi Santoso, NIK 3171234567890123.\n"))
	if v := r.view(); v.Refused != "document_not_drawable" {
		t.Errorf("%+v", v)
	}
	_, err := r.Redact(r.Ctx, r.ppid, r.c.Reference, casework.RedactInput{Version: r.now().Version, Document: r.doc.ID, Looked: true})
	wantsField(t, err, "document", "document_not_drawable")
	up := func(text, exemption string) (*models.Attachment, error) {
		return r.UploadRedacted(r.Ctx, r.ppid, r.c.Reference, casework.ReplaceInput{Version: r.now().Version, Document: r.doc.ID, Exemption: exemption}, casework.Upload{Name: "daftar.txt", Data: strings.NewReader(text)})
	}
	_, err = up("x", "")
	wantsField(t, err, "exemption", "required")
	_, err = up("Daftar penerima: Bapak Budi Santoso, NIK 3171234567890123.\n", "h")
	wantsField(t, err, "attachments", "copy_is_the_original")
	half := must[*models.Attachment](t)(up("Daftar penerima: Bapak Budi Santoso.\n", "h"))
	r.decided(r.doc.ID)
	publish := func(docs ...casework.PublishDocument) error {
		_, err := r.Publish(r.Ctx, r.ppid, r.c.Reference, casework.PublishInput{Version: r.now().Version, Summary: "Daftar.", Documents: docs})
		return err
	}
	field := "documents." + itoa(half.ID)
	wantsField(t, publish(), field, "document_finds")
	wantsField(t, publish(casework.PublishDocument{ID: half.ID, Reason: "Pejabat", Found: 7}), field, "document_finds_others")
	wantsField(t, publish(casework.PublishDocument{ID: r.doc.ID + 99}), "documents", "attachment_not_found")
	whole := must[*models.Attachment](t)(up("Daftar penerima: (nama dihapus).\n", "h"))
	if err := publish(); err != nil {
		t.Fatal(err)
	}
	d := must[*casework.DisclosureView](t)(r.Disclosure(r.Ctx, r.c.Reference))
	if len(d.Documents) != 1 || d.Documents[0].ID != whole.ID {
		t.Errorf("%+v", d.Documents)
	}
	r.Check()
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

func TestDocumentsBeforePublication(t *testing.T) {
	poppler(t)
	for _, row := range []struct {
		name string
		data []byte
		code string // refused at the document without a reason; "" goes out
	}{
		{"bersih.txt", []byte("Rencana anggaran perbaikan jalan tahun 2025.\n"), ""},
		{"pemohon.txt", []byte("Surat ini menjawab siti rahmawati.\n"), "document_finds"},
		{"telepon.csv", []byte("nama,telepon\nx,+62 812 3456 7890\n"), "document_finds"},
		{"laporan.pdf", letter(t, "Bapak Budi Santoso"), "document_finds"},
		{"kosong.pdf", blankPDF(t), "document_unread"},
		{"foto.png", pngOf(t), "document_unread"},
		{"surat.docx", office(t, map[string]string{"word/document.xml": `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Bapak Budi </w:t></w:r><w:r><w:t>Santoso</w:t></w:r></w:p></w:body></w:document>`}, "word"), "document_finds"},
		{"komentar.docx", office(t, map[string]string{"word/document.xml": `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Isi</w:t></w:r></w:p></w:body></w:document>`,
			"word/comments.xml": `<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:comment w:author="x"><w:p><w:r><w:t>NIK 3171234567890123</w:t></w:r></w:p></w:comment></w:comments>`}, "word"), "document_finds"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := givenDocument(t, row.name, row.data)
			r.decided(r.doc.ID)
			in := casework.PublishInput{Version: r.now().Version, Summary: "Ringkasan."}
			_, err := r.Publish(r.Ctx, r.ppid, r.c.Reference, in)
			if row.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantsField(t, err, "documents."+itoa(r.doc.ID), row.code)
			if r.now().PublishedAt != nil {
				t.Error("it is out all the same")
			}
			in.Documents = []casework.PublishDocument{{ID: r.doc.ID, Leave: true}}
			must[*models.Case](t)(r.Publish(r.Ctx, r.ppid, r.c.Reference, in))
			if d := must[*casework.DisclosureView](t)(r.Disclosure(r.Ctx, r.c.Reference)); len(d.Documents) != 0 {
				t.Errorf("left out, and published: %+v", d.Documents)
			}
			in.Version, in.Documents = r.now().Version, []casework.PublishDocument{{ID: r.doc.ID, Reason: "Sudah diperiksa"}}
			must[*models.Case](t)(r.Publish(r.Ctx, r.ppid, r.c.Reference, in))
			if d := must[*casework.DisclosureView](t)(r.Disclosure(r.Ctx, r.c.Reference)); len(d.Documents) != 1 {
				t.Errorf("answered for, and not published")
			}
			r.Check()
		})
	}
}

func blankPDF(t *testing.T) []byte {
	t.Helper()
	pdf := fpdf.New("P", "pt", "A4", "")
	pdf.AddPage()
	pdf.Rect(100, 100, 100, 100, "F")
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 30, 30))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Where poppler is not installed a PDF says so and takes a copy made elsewhere; pictures are
// redacted all the same. The test runs itself once more, in a process that finds no program.
func TestWithoutRenderer(t *testing.T) {
	if os.Getenv("TERANG_TEST_NO_PATH") == "" {
		self := exec.Command(os.Args[0], "-test.run=^(TestWithoutRenderer|TestPicturesAreRedacted)$", "-test.v")
		self.Env = append(os.Environ(), "PATH=/nowhere", "TERANG_TEST_NO_PATH=1", "TERANG_REQUIRE=")
		if said, err := self.CombinedOutput(); err != nil || bytes.Count(said, []byte("--- PASS")) != 2 {
			t.Errorf("%v\n%s", err, said)
		}
		return
	}
	if casework.Renderer() != "" {
		t.Fatal("a program was found where there is none")
	}
	r := givenDocument(t, "laporan.pdf", letter(t, "Bapak Budi Santoso"))
	if v := r.view(); v.Refused != "renderer_missing" || v.Renderer != "" {
		t.Errorf("%+v", v)
	}
	_, err := r.DrawBoxes(r.Ctx, r.ppid, r.c.Reference, r.doc.ID, casework.BoxesInput{Action: "page", Box: models.Box{Page: 1}, Exemption: "h"})
	wantsField(t, err, "document", "renderer_missing")
	_, err = r.Redact(r.Ctx, r.ppid, r.c.Reference, casework.RedactInput{Version: r.now().Version, Document: r.doc.ID, Looked: true})
	wantsField(t, err, "document", "renderer_missing")
	_, _, err = r.RedactionPage(r.Ctx, r.ppid, r.c.Reference, r.doc.ID, 1, true)
	wantsField(t, err, "document", "renderer_missing")
	r.decided(r.doc.ID)
	_, err = r.Publish(r.Ctx, r.ppid, r.c.Reference, casework.PublishInput{Version: r.now().Version, Summary: "x"})
	wantsField(t, err, "documents."+itoa(r.doc.ID), "document_unread")
	up := must[*models.Attachment](t)(r.UploadRedacted(r.Ctx, r.ppid, r.c.Reference, casework.ReplaceInput{Version: r.now().Version, Document: r.doc.ID, Exemption: "h"}, casework.Upload{Name: "laporan.txt", Data: strings.NewReader("Laporan tanpa nama.\n")}))
	must[*models.Case](t)(r.Publish(r.Ctx, r.ppid, r.c.Reference, casework.PublishInput{Version: r.now().Version, Summary: "x"}))
	if d := must[*casework.DisclosureView](t)(r.Disclosure(r.Ctx, r.c.Reference)); len(d.Documents) != 1 || d.Documents[0].ID != up.ID {
		t.Errorf("%+v", d.Documents)
	}
	r.Check()
}
