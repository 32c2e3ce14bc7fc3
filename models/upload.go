package models

import (
	"strings"
	"time"
)

// ScanState says what a virus scanner made of a document.
type ScanState string

const (
	Unscanned    ScanState = "unscanned" // no scanner was configured when it came; served as it is
	ScanWaiting  ScanState = "waiting"   // the scanner has yet to answer: kept, and given to nobody
	ScanClean    ScanState = "clean"
	ScanInfected ScanState = "infected" // kept as evidence, and given to nobody until a later scan clears it
)

// Held says that a document is given to nobody, whatever their role.
func (a *Attachment) Held() bool { return a.Scan == ScanWaiting || a.Scan == ScanInfected }

// Notes are the codes of what was taken out of a document at the door, or could not be:
// each is "upload.note."+code in the catalogue.
func (a *Attachment) Notes() []string { return strings.Fields(a.Cleaned) }

// Limits on what is stored for all cases and on waiting for the scanner.
const (
	MaxDraftBytes = 100 << 20       // all files of one intake together
	MaxCaseBytes  = 200 << 20       // all files of one case from its requester together
	ScanPatience  = 4 * time.Second // how long an upload waits for the scanner before it is set aside
)
