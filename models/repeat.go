package models

import "time"

// RepeatFinding is what an officer found of a case whose requester files much: that it
// repeats an earlier one, or is vexatious, under the article that knows that. It decides
// nothing by itself: the case is answered or refused like any other, and never dropped.
type RepeatFinding struct {
	ID          int64 `gorm:"primaryKey"`
	CaseID      int64 `gorm:"index"`
	Rule        string
	Article     string
	Earlier     string // reference of the case it repeats; "" where none is needed
	Reason      string
	OfficerID   *int64
	At          time.Time
	WithdrawnAt *time.Time
}
