package raster

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Builder puts pages together into a PDF that holds pixels and nothing else: no text, no annotations, no attachments, no
// layers, nothing of the source's metadata, and one revision.
type Builder struct {
	pdf *fpdf.Fpdf
	n   int
}

// NewBuilder starts a document. lang is its language, title what it is called, made its date.
func NewBuilder(lang, title string, made time.Time) *Builder {
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "pt"})
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCreationDate(made)
	pdf.SetModificationDate(made)
	pdf.SetCatalogSort(true)
	pdf.SetLang(lang)
	pdf.SetTitle(title, true)
	pdf.SetProducer("Terang", true)
	return &Builder{pdf: pdf}
}

// Add puts a page at the end.
func (b *Builder) Add(p Page) error {
	data, kind, err := p.Encode()
	if err != nil {
		return err
	}
	b.n++
	name := fmt.Sprintf("p%d", b.n)
	opts := fpdf.ImageOptions{ImageType: map[string]string{"image/png": "PNG", "image/jpeg": "JPG"}[kind]}
	b.pdf.AddPageFormat("P", fpdf.SizeType{Wd: p.Size.W, Ht: p.Size.H})
	b.pdf.RegisterImageOptionsReader(name, opts, bytes.NewReader(data))
	b.pdf.ImageOptions(name, 0, 0, p.Size.W, p.Size.H, false, opts, 0, "")
	return b.pdf.Error()
}

// Write ends the document.
func (b *Builder) Write(w io.Writer) error { return b.pdf.Output(w) }
