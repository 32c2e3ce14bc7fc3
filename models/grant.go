package models

import "time"

// GrantKind is how an officer came by a grant.
type GrantKind string

const (
	GivenGrant     GrantKind = "given"     // by who answers for the case
	EmergencyGrant GrantKind = "emergency" // taken, with a reason; a superior must acknowledge it
	OversightGrant GrantKind = "oversight" // to the superior who is told of an emergency
)

// Grant lets one officer know of one confidential case that they are neither assigned to, nor
// in the unit of, nor on a rung of, until an instant. It never stands in for clearance.
type Grant struct {
	ID          int64 `gorm:"primaryKey"`
	CaseID      int64 `gorm:"index"`
	OfficerID   int64 `gorm:"index"`
	Kind        GrantKind
	Reason      string
	GrantedID   *int64 // nil: the system
	GrantedBy   string
	GrantedRole Role
	At          time.Time
	Until       time.Time
	RevokedAt   *time.Time
	RevokedBy   string
	SeenAt      *time.Time // emergency: when a superior acknowledged it
	SeenID      *int64
	SeenBy      string
	Version     int64
}

// Live says whether the grant opens its case at an instant. It ends with the instant of
// Until, whether or not anything has swept; the zero time opens nothing.
func (g *Grant) Live(now time.Time) bool {
	return g.RevokedAt == nil && !now.IsZero() && !now.Before(g.At) && now.Before(g.Until)
}

// Limits on grants.
const (
	EmergencyFor    = 8 * time.Hour       // what an officer opens alone closes with the working day
	OversightFor    = 14 * 24 * time.Hour // for the superior to look into an emergency
	GrantAtMost     = 366 * 24 * time.Hour
	EmergencyReason = 20 // fewest code points of the reason for an emergency
)
