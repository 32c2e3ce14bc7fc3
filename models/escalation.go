package models

import "time"

// RungState is how one step up the chain stands.
type RungState string

const (
	RungOpen         RungState = "open"
	RungAcknowledged RungState = "acknowledged"
	RungReturned     RungState = "returned" // to the rung below, with reasons
	RungRaised       RungState = "raised"   // its holder passed it up, with reasons
	RungDecided      RungState = "decided"
	RungLapsed       RungState = "lapsed" // its clock ran out: it went up by itself
	RungClosed       RungState = "closed" // the case ended or was declassified under it
)

// Rung is one step of a case's escalation chain, with a clock of its own.
type Rung struct {
	ID             int64  `gorm:"primaryKey"`
	CaseID         int64  `gorm:"index"`
	Chain          string // classification whose chain it belongs to
	Level          int
	Role           Role
	UnitID         *int64 // where the rung is a unit's
	State          RungState
	OpenedAt       time.Time
	AcknowledgeBy  *time.Time
	AcknowledgedAt *time.Time
	HolderID       *int64 // who acknowledged it
	DueAt          time.Time
	EndedAt        *time.Time
	Why            string // why it opened
	Reason         string // why it ended
	Basis          string // JSON of the policies.Deadline behind DueAt
	Version        int64
}

// Live says whether the rung is still its holder's to act on.
func (r *Rung) Live() bool { return r.State == RungOpen || r.State == RungAcknowledged }
