package models

import "time"

// Classified is one act of classifying a case or a document: what was proposed
// by rule or set by an officer, on what ground.
type Classified struct {
	ID           int64  `gorm:"primaryKey"`
	CaseID       int64  `gorm:"index"`
	AttachmentID *int64 `gorm:"index"`
	Class        Class
	Was          Class
	Proposed     bool // by the rules; false when an officer decided
	Pending      bool // an officer's wish that a second person must confirm
	OfficerID    *int64
	Exemption    string // pack's exemption id
	Rule         string
	Article      string
	Reason       string
	ExpiresOn    string // YYYY-MM-DD, "" where the law sets no end
	Evidence     string // JSON of the grounds that spoke, with their spans
	Decision     string // JSON of the policies.Decision
	By           string
	At           time.Time
}
