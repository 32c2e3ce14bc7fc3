package models

import "time"

// Erasing says where a case stands between being kept and being erased.
type Erasing string

const (
	Kept            Erasing = ""
	ErasureDue      Erasing = "due"      // its retention ended; nobody has proposed yet
	ErasureProposed Erasing = "proposed" // waits for a second person
	PersonErased    Erasing = "person"   // who asked is gone; the matter stays
	WholeErased     Erasing = "whole"    // only the skeleton stays: what happened when
)

// Erasure is one proposal to erase something of a case, and what became of it.
type Erasure struct {
	ID           int64  `gorm:"primaryKey"`
	CaseID       int64  `gorm:"index"`
	Rule         string // the pack's retention rule
	Scope        Erasing
	Article      string
	Reason       string // the officers' own; never public
	ProposedID   *int64
	ProposedBy   string
	ProposedRole Role
	ProposedAt   time.Time
	SettledID    *int64
	SettledBy    string
	SettledRole  Role
	SettledAt    *time.Time
	Done         bool // confirmed and erased; false with SettledAt: refused
	Version      int64
}

// ErasedEvent names, in a tombstone, an event whose words and salt were destroyed. Its leaf
// hash stays in the log; Kept is the SHA-256 of the canonical text of what its row still
// says, so that the rest of the row cannot be changed under cover of the erasure.
type ErasedEvent struct {
	Leaf string `json:"leaf"` // hex leaf hash
	Kept string `json:"kept"` // hex
}

// ErasedText stands where a text was.
const ErasedText = "[dihapus · erased]"
