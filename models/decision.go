package models

import "time"

// Decision is the body's answer to a case: the written notification of UU
// 14/2008 art. 22(7), or the superior's answer to an objection.
type Decision struct {
	ID         int64 `gorm:"primaryKey"`
	CaseID     int64 `gorm:"index"`
	Outcome    Outcome
	Text       string
	Exemptions string // JSON list of pack exemption ids
	Withheld   string // what is withheld, where granted in part
	ReferredTo string // which body holds it (art. 22(7)b)
	Tests      string // JSON of []Test; "" where none is needed
	ObjectBy   string // last day to object, YYYY-MM-DD; "" where none
	Basis      string // JSON of the policies.Decision
	OfficerID  *int64
	By         string
	ByRole     Role
	At         time.Time
}

// Test is a filled-in form of the pack that must stand behind withholding: in Indonesia
// the uji konsekuensi (UU 14/2008 art. 2(4), 19), elsewhere a harm or public-interest
// test. Answers come in the form's order.
type Test struct {
	Form    string       `json:"form"`
	Answers []TestAnswer `json:"answers"`
}

// TestAnswer is one field of a form.
type TestAnswer struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Disclosure is one entry of the disclosure log: what was released, published
// without its requester.
type Disclosure struct {
	ID          int64 `gorm:"primaryKey"`
	CaseID      int64 `gorm:"uniqueIndex"`
	BodyID      int64
	Reference   string `gorm:"uniqueIndex"`
	Title       string // the case's subject, as the officer passed it for publication
	Summary     string
	Answer      string
	Outcome     Outcome
	ReceivedOn  string
	AnsweredOn  string
	By          string
	PublishedAt time.Time

	Question string // what was asked, where the officer published it
	Withheld string // which parts, where granted in part
	Why      string // the consequence test in short
	Until    string // how long what is withheld stays so
	Choices  string // JSON of []PublicationChoice; officers only
}

// PublicationChoice is what was decided on one find before publication. A masked phrase is not
// kept: the record would hold what the mask hides.
type PublicationChoice struct {
	Type      string `json:"type"`
	Count     int    `json:"count"`
	Exemption string `json:"exemption,omitempty"`
	Text      string `json:"text,omitempty"` // of what was kept
	Reason    string `json:"reason,omitempty"`
}

// PublishedDocument is one document that goes out with an entry of the disclosure log.
type PublishedDocument struct {
	ID           int64 `gorm:"primaryKey"`
	CaseID       int64
	AttachmentID int64
	Name         string // as the public reads it
	Basis        PublicationBasis
	Found        int    // how much looked like personal data and was kept
	Reason       string // why it may go out all the same
	By           string
	At           time.Time
}

// PublicationBasis is on what ground a document may go out.
type PublicationBasis string

const (
	BasisRedacted PublicationBasis = "redacted" // pixels only, its boxes burned in
	BasisChecked  PublicationBasis = "checked"  // read whole, nothing found
	BasisKept     PublicationBasis = "kept"     // found, and kept with a reason
	BasisUnread   PublicationBasis = "unread"   // no program can read it; an officer did
	BasisBefore   PublicationBasis = "before"   // published before documents were looked through
)
