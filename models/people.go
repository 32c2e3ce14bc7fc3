package models

import (
	"slices"
	"time"
)

// Role is what an officer does.
type Role string

const (
	Agent         Role = "agent"         // first line: takes in, triages
	UnitHead      Role = "unit_head"     // heads the unit that holds the information
	InfoOfficer   Role = "officer"       // information officer: answers for the body under the law
	Superior      Role = "superior"      // the information officer's superior: decides objections
	Auditor       Role = "auditor"       // reads the trail, changes nothing
	Administrator Role = "administrator" // keeps bodies, units and accounts; sees no case
)

// Roles in the order of the chain, then those outside it.
var Roles = []Role{Agent, UnitHead, InfoOfficer, Superior, Auditor, Administrator}

// OnChain says whether the role can hold a rung.
func (r Role) OnChain() bool { return r == Agent || r == UnitHead || r == InfoOfficer || r == Superior }

// Rank orders the chain's roles: agent 1 to superior 4; 0 for the others.
func (r Role) Rank() int {
	if !r.OnChain() {
		return 0
	}
	return slices.Index(Roles, r) + 1
}

// RequesterKind is in what capacity someone files.
type RequesterKind string

const (
	Individual  RequesterKind = "individual"
	LegalEntity RequesterKind = "legal_entity"
	Group       RequesterKind = "group"
)

// Requester is who filed a case, recorded as UU 14/2008 art. 22(2) asks.
type Requester struct {
	ID             int64 `gorm:"primaryKey"`
	Kind           RequesterKind
	Name           string
	Email          string
	Phone          string
	IdentityNumber string
	Address        string
	CreatedAt      time.Time
	WhoEmail       string // of the store: the same for the same address; "" for none
	WhoIdentity    string // of the store: the same for the same number
	SealKey        string // of the store
}

// Officer is an account of someone who handles, audits or administers.
type Officer struct {
	ID           int64  `gorm:"primaryKey"`
	Email        string `gorm:"uniqueIndex"` // lower case
	Name         string
	Role         Role
	BodyID       *int64 // nil: an auditor or administrator of the whole installation
	UnitID       *int64
	Clearance    Class
	PasswordHash string // argon2id, PHC form; "" until set
	SecondFactor bool   // an app or a passkey is set up: asked for at every sign-in
	Disabled     bool
	AwayFrom     string // first day away, YYYY-MM-DD; "" when present
	AwayUntil    string // last day away
	DelegateID   *int64 // who holds their rungs meanwhile
	Lang         string
	Version      int64
	CreatedAt    time.Time
}

// Away says whether the officer is away on a day, YYYY-MM-DD.
func (o *Officer) Away(day string) bool {
	return o.AwayFrom != "" && o.AwayFrom <= day && (o.AwayUntil == "" || day <= o.AwayUntil)
}

// Session is one signed-in browser. The token itself is never stored.
type Session struct {
	ID        int64  `gorm:"primaryKey"`
	TokenHash string `gorm:"uniqueIndex"`
	PrevHash  string // the token before the last rotation: requests under way still carry it
	OfficerID int64  `gorm:"index"`
	CreatedAt time.Time
	RotatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time // absolute

	Device      string     // what the browser says it is, cut short
	Address     string     // network it came from, never a whole address
	Way         string     // how it was opened: password, passkey, provider
	ProvedAt    *time.Time // second factor; nil while it is owed, or none is asked
	ConfirmedAt *time.Time // when its holder last proved all they have
}

// Limits on sessions.
const (
	SessionIdle     = 30 * time.Minute
	SessionAbsolute = 12 * time.Hour
	SessionRotate   = 15 * time.Minute
	SessionGrace    = time.Minute // a rotated token still counts for requests under way
	LinkValid       = 72 * time.Hour
)

// Token is a bearer token of the API, or a one-time link to set a password.
type Token struct {
	ID        int64  `gorm:"primaryKey"`
	TokenHash string `gorm:"uniqueIndex"`
	OfficerID int64  `gorm:"index"`
	Purpose   TokenPurpose
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// TokenPurpose keeps a password link from being used as an API token.
type TokenPurpose string

const (
	APIToken     TokenPurpose = "api"
	PasswordLink TokenPurpose = "password"
)

// Throttle counts recent failures under one key (an address, an account, a case).
type Throttle struct {
	Key       string `gorm:"primaryKey"`
	Count     int
	WindowEnd time.Time
}

// ActorKind is who acts.
type ActorKind string

const (
	Anyone      ActorKind = "anyone"
	ByRequester ActorKind = "requester" // proved by a case key
	ByOfficer   ActorKind = "officer"
	BySystem    ActorKind = "system" // time, an operator's command
)

// Actor is who asks or acts. It is a parameter of every verb and every read,
// never a value hidden in a context.
type Actor struct {
	Kind      ActorKind
	CaseID    int64 // requester: the case whose key they proved
	OfficerID int64
	Name      string
	Role      Role
	ActsAs    []Role // roles of those away who delegated to them
	// GrantedCase is the confidential case that a live grant has just let them into; set by
	// the door to the case and believed nowhere before it.
	GrantedCase int64
	BodyID      *int64
	UnitIDs     []int64 // own unit and those below it
	UnitID      *int64
	Clearance   Class
	Lang        string
	Via         string // web, api, cli
}

// System is the actor for what time moves and what an operator's command does.
var System = Actor{Kind: BySystem, Name: "terang", Clearance: Confidential}

// Label is the name an event keeps for the actor; requesters are never named.
func (a Actor) Label() string {
	switch a.Kind {
	case ByOfficer:
		return a.Name
	case BySystem:
		return a.Name
	}
	return ""
}

// RoleLabel is the role an event keeps: an officer's role, or the kind of actor.
func (a Actor) RoleLabel() string {
	if a.Kind == ByOfficer {
		return string(a.Role)
	}
	return string(a.Kind)
}

// Roles are the actor's own role and those they act in for others.
func (a Actor) Roles() []Role { return append([]Role{a.Role}, a.ActsAs...) }

// Rank is the highest rung the actor can act on.
func (a Actor) Rank() int {
	rank := 0
	for _, r := range a.Roles() {
		rank = max(rank, r.Rank())
	}
	return rank
}

// InBody says whether the actor belongs to the body, or to the whole installation.
func (a Actor) InBody(body int64) bool {
	return a.Kind == BySystem || a.Kind == ByOfficer && (a.BodyID == nil || *a.BodyID == body)
}

// InUnit says whether the unit is the actor's own or below it.
func (a Actor) InUnit(unit *int64) bool {
	return unit != nil && slices.Contains(a.UnitIDs, *unit)
}
