package models

import (
	"cmp"
	"slices"
	"time"
)

// Redaction holds the boxes drawn on a document until its copy is made. It says where, never
// what.
type Redaction struct {
	ID           int64 `gorm:"primaryKey"`
	CaseID       int64
	AttachmentID int64  `gorm:"uniqueIndex"`
	Boxes        string // JSON of []Box
	By           string
	Version      int64
	UpdatedAt    time.Time
}

// PageSpan is the length of a page's side in a box's units: a box is in ten-thousandths of the
// page it lies on, so that it means the same at every resolution.
const PageSpan = 10_000

// Box covers a part of a page under an exemption.
type Box struct {
	Page      int    `json:"page"` // from 1
	X         int    `json:"x"`    // from the left, in 1/PageSpan of the width
	Y         int    `json:"y"`    // from the top, in 1/PageSpan of the height
	W         int    `json:"w"`
	H         int    `json:"h"`
	Exemption string `json:"exemption"`
}

// Inside says whether the box lies on a page of the document and covers something of it.
func (b Box) Inside(pages int) bool {
	return b.Page >= 1 && b.Page <= pages && b.X >= 0 && b.Y >= 0 && b.W > 0 && b.H > 0 && b.X+b.W <= PageSpan && b.Y+b.H <= PageSpan
}

// Covers says whether everything another box covers is covered by this one too.
func (b Box) Covers(o Box) bool {
	return b.Page == o.Page && b.X <= o.X && b.Y <= o.Y && b.X+b.W >= o.X+o.W && b.Y+b.H >= o.Y+o.H
}

// SortBoxes puts boxes in reading order.
func SortBoxes(boxes []Box) {
	slices.SortStableFunc(boxes, func(a, b Box) int {
		return cmp.Or(cmp.Compare(a.Page, b.Page), cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X))
	})
}

// Covered is how many passages of a document are withheld under one exemption.
type Covered struct {
	Exemption string `json:"exemption"`
	Count     int    `json:"count"`
}

// CountCovered counts boxes by exemption, in the order they first come.
func CountCovered(boxes []Box) []Covered {
	var out []Covered
	for _, b := range boxes {
		i := slices.IndexFunc(out, func(c Covered) bool { return c.Exemption == b.Exemption })
		if i < 0 {
			i = len(out)
			out = append(out, Covered{Exemption: b.Exemption})
		}
		out[i].Count++
	}
	return out
}

// Limits on what is drawn.
const (
	MaxDrawnPages = 300
	MaxBoxes      = 5_000 // a document
)
