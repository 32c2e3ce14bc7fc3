package models

import "time"

// Decision is the body's answer to a case: the written notification of UU
// 14/2008 art. 22(7), or the superior's answer to an objection.
type Decision struct {
	ID          int64 `gorm:"primaryKey"`
	CaseID      int64 `gorm:"index"`
	Outcome     Outcome
	Text        string
	Exemptions  string // JSON list of pack exemption ids
	Withheld    string // what is withheld, where granted in part
	ReferredTo  string // which body holds it (art. 22(7)b)
	Consequence string // JSON of ConsequenceTest; "" where none is needed
	ObjectBy    string // last day to object, YYYY-MM-DD; "" where none
	Basis       string // JSON of the policies.Decision
	OfficerID   *int64
	By          string
	ByRole      Role
	At          time.Time
}

// ConsequenceTest is the uji konsekuensi that must stand behind every refusal
// (UU 14/2008 art. 2(4), 19): what is withheld, under which article, what follows from
// opening it, what from closing it, for how long.
type ConsequenceTest struct {
	Information string `json:"information"`
	LegalBasis  string `json:"legal_basis"`
	IfOpened    string `json:"if_opened"`
	IfClosed    string `json:"if_closed"`
	Duration    string `json:"duration"`
	Approver    string `json:"approver"`
}

// Empty says whether nothing was filled in.
func (t ConsequenceTest) Empty() bool { return t == ConsequenceTest{} }

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
}
