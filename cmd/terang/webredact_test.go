package main

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"

	"terang/models"
	"terang/models/casework"
)

// TestWebRedaction draws boxes on a letter, looks at the copy, and publishes it: without
// scripts, with a pointer, and with the keyboard alone.
func TestWebRedaction(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	if casework.Renderer() == "" {
		if slices.Contains(strings.Split(os.Getenv("TERANG_REQUIRE"), ","), "poppler") {
			t.Fatal("TERANG_REQUIRE asks for poppler, and it is not installed")
		}
		t.Skip("poppler is not installed")
	}
	s := serveScene(t)
	b := openBrowser(t, s.base)
	f := s.cases["granted"]
	doc := s.attach(ppid, f, "surat-balasan.pdf", letterPDF(t))
	text := s.attach(ppid, f, "daftar.txt", []byte("Daftar penerima: Bapak Agus Wijaya, NIK 3171234567890123.\n"))
	s.take("granted", ppid)
	s.decide("granted", ppid, casework.DecideInput{Outcome: models.Granted, Text: "Kepada Ibu Siti Rahmawati: terlampir surat Bapak Budi Santoso, telepon 0812 9999 1234.", Release: []int64{doc, text}})
	desk := "/desk/cases/" + f.Case.Reference
	at := desk + "/attachments/" + strconv.FormatInt(doc, 10) + "/redaction"

	plain := b.tab(t, false)
	plain.signIn(ppid)
	plain.open(desk)
	plain.press(`a[href="` + at + `"]`)
	plain.fill("phrase", "jembatan kenanga")
	plain.press(`button[name="do"][value="phrase"]`)
	plain.sees(said("desk.flash.box_added"), "pasal 17 huruf h")
	plain.press(`button[name="do"][value="findings"]`)
	plain.press(`nav a[rel="next"]`)
	plain.click(`.redact-tools summary`)
	for name, value := range map[string]string{"x": "10", "y": "200,5", "w": "60", "h": "12"} {
		plain.fill(name, value)
	}
	plain.choose("unit", "mm")
	plain.press(`button[name="do"][value="add"]`)
	if n := ask[int](plain, `() => document.querySelectorAll("#boxes rect").length`); n != 3 {
		plain.fail("%d boxes on page 2", n)
	}
	plain.press(`button[name="remove"][value="` + ask[string](plain, `() => [...document.querySelectorAll("button[name=remove]")].pop().value`) + `"]`)
	plain.click(`.redact-tools summary`)
	plain.fill("x", "95")
	plain.press(`button[name="do"][value="add"]`)
	if !plain.has(".error-summary") {
		plain.fail("a box outside the page is not told")
	}
	plain.quiet()

	// By pointer, then by keyboard. The page is not loaded again, and what was drawn is kept.
	p := b.looker(t)
	p.signIn(ppid)
	p.open(at)
	p.until("the page is drawn", `() => document.querySelector(".redact-page img").naturalWidth > 500`)
	before := ask[int](p.tab, `() => { window.stays = true; return document.querySelectorAll("#boxes rect").length }`)
	box := ask[[]float64](p.tab, `() => { scrollTo(0, 0); const r = document.getElementById("boxes").getBoundingClientRect(); return [r.left + r.width*0.2, r.top + r.height*0.3, r.left + r.width*0.6, r.top + r.height*0.34] }`)
	mouse := func(kind input.DispatchMouseEventType, x, y float64, buttons int64) {
		call(p.tab, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: buttons, ClickCount: 1})
	}
	mouse(input.DispatchMouseEventTypeMousePressed, box[0], box[1], 1)
	mouse(input.DispatchMouseEventTypeMouseMoved, box[2], box[3], 1)
	mouse(input.DispatchMouseEventTypeMouseReleased, box[2], box[3], 0)
	p.until("the box is kept", `n => document.querySelectorAll("#boxes rect:not(.drawing)").length === n`, before+1)
	p.tabTo("#boxes")
	for _, k := range []string{kb.ArrowDown, kb.ArrowDown, kb.ArrowRight, kb.Enter} {
		p.key(k)
	}
	p.until("the second box is kept", `n => document.querySelectorAll("#boxes rect:not(.drawing)").length === n && window.stays`, before+2)
	p.look("redaction")
	p.open(at + "/look")
	p.until("the copy's pages are drawn", `() => [...document.querySelectorAll(".redact-pages img")].every(i => { i.scrollIntoView(); return i.naturalWidth > 500 })`)
	p.look("redaction look")
	p.send()
	p.look("redaction look wrong")
	p.width(1280)
	p.until("the copy's pages are drawn", `() => [...document.querySelectorAll(".redact-pages img")].every(i => { i.scrollIntoView(); return i.naturalWidth > 500 })`)
	p.choose("looked", "yes")
	p.send()
	p.sees(said("desk.flash.redacted"), "bagian ditutup menurut")
	p.look("case with a copy")
	p.open(desk + "/attachments/" + strconv.FormatInt(text, 10) + "/redaction")
	p.look("redaction refused")

	// Finds to decide on; a phrase chosen by hand; what the public will read.
	p.open(desk + "/publication")
	p.sees("Siti Rahmawati", "Budi Santoso", "Agus Wijaya", said("publication.document.redacted"))
	p.look("publication")
	p.width(1280)
	p.fill("summary", "Diminta daftar proyek; diberikan kepada Ibu Ratna Dewi.")
	p.fill("own", "terlampir surat")
	p.send()
	p.sees("Ratna Dewi", said("publication.new_find"))
	p.look("publication wrong")
	p.width(1280)
	p.send()
	p.sees(said("publication.preview.title"), "[disamarkan – pasal 17 huruf h]")
	p.lacks("Budi Santoso", "Ratna Dewi", "terlampir surat", "0812 9999 1234")
	p.look("publication preview")
	p.width(1280)
	p.press(`button[name="step"][value="publish"]`)
	p.quiet()

	anyone := b.looker(t)
	anyone.open("/disclosures/" + f.Case.Reference)
	anyone.sees("[nama – pasal 17 huruf h]", "[identitas pemohon – pasal 17 huruf h]", "bagian ditutup menurut")
	anyone.lacks("Budi Santoso", "Ratna Dewi", "Siti Rahmawati", "daftar.txt")
	anyone.look("published with masks")
}

func (s *webScene) attach(email string, f casework.Filed, name string, data []byte) int64 {
	s.t.Helper()
	a, err := s.svc.Attach(context.Background(), s.as(email), f.Case.Reference, casework.Upload{Name: name, Data: bytes.NewReader(data)})
	s.must("attach", err)
	return a.ID
}

// letterPDF is a letter of two pages with people in it.
func letterPDF(t *testing.T) []byte {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pages := []string{
		"DINAS PEKERJAAN UMUM\n\nNomor: 005/17/2026\nHal: Jawaban permohonan informasi\n\nMenindaklanjuti permohonan Saudara tentang proyek Jembatan Kenanga, bersama ini kami sampaikan bahwa pekerjaan dilaksanakan oleh CV Karya di bawah pengawasan Bapak Budi Santoso, NIK 3171234567890123, telepon 0812 9999 1234.\n\nNilai kontrak Jembatan Kenanga adalah Rp3,1 miliar.",
		"Lampiran\n\nDaftar proyek drainase tahun 2026 beserta nilainya terlampir pada halaman ini.\n\nKontak: Ibu Ratna Dewi, ratna.dewi@contoh.example.",
	}
	for _, words := range pages {
		pdf.AddPage()
		pdf.SetFont("Times", "", 12)
		pdf.SetMargins(25, 25, 25)
		pdf.SetXY(25, 30)
		pdf.MultiCell(160, 7, words, "", "L", false)
	}
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
