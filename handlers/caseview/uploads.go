package caseview

import (
	"terang/models"
	"terang/views/components"
	"terang/views/text"
)

// UploadNotes says in words what was taken out of a document at the door, and what could not be.
func UploadNotes(l text.Lang, a *models.Attachment) []string {
	var out []string
	for _, code := range a.Notes() {
		out = append(out, l.T("upload.note."+code))
	}
	return out
}

// ScanTag says what the scanner made of a document, where that matters to who reads it: "" for
// one that is clean.
func ScanTag(l text.Lang, a *models.Attachment) components.Tag {
	switch a.Scan {
	case models.ScanWaiting:
		return components.Tag{Label: l.T("scan.waiting"), Tone: "amber"}
	case models.ScanInfected:
		return components.Tag{Label: l.T("scan.infected"), Tone: "red"}
	}
	return components.Tag{}
}

// DeskScan is ScanTag for officers, with what to do: they are also told of what was never scanned.
func DeskScan(l text.Lang, a *models.Attachment) (components.Tag, string) {
	switch a.Scan {
	case models.ScanWaiting:
		return ScanTag(l, a), l.T("scan.waiting.desk")
	case models.ScanInfected:
		return ScanTag(l, a), l.T("scan.infected.desk", a.ScanFound)
	case models.ScanClean:
		return components.Tag{Label: l.T("scan.clean"), Tone: "green"}, ""
	}
	if a.FromBody || a.SHA256 == "" {
		return components.Tag{}, ""
	}
	return components.Tag{Label: l.T("scan.unscanned")}, l.T("scan.unscanned.desk")
}
