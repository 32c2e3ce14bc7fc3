// Package models is the vocabulary of Terang and its rules: cases, the people
// around them, what may happen to a case from where it is. It does no I/O.
package models

import (
	"slices"
	"time"
)

// Kind is what sort of matter a case is.
type Kind string

const (
	Request   Kind = "request"   // asks for information
	Complaint Kind = "complaint" // about a service
	Question  Kind = "question"  // asks for an explanation
	Objection Kind = "objection" // challenges a decision or silence; tied to the case it challenges
)

// FileableKinds are the kinds anyone may file; an objection is raised from a case.
var FileableKinds = []Kind{Request, Complaint, Question}

// Class is how widely a case or a document may be known.
type Class string

const (
	Public       Class = "public"
	Restricted   Class = "restricted"
	Confidential Class = "confidential"
)

// Classes in order of strictness.
var Classes = []Class{Public, Restricted, Confidential}

// Level orders classes: public 0, restricted 1, confidential 2; anything unknown
// counts as confidential, so that a mistake hides rather than shows.
func (c Class) Level() int {
	if i := slices.Index(Classes, c); i >= 0 {
		return i
	}
	return len(Classes) - 1
}

// Anonymity is how the requester's name is kept.
type Anonymity string

const (
	Open      Anonymity = "open"      // the body's officers see the name
	Hidden    Anonymity = "hidden"    // only the rung that needs the name sees it
	Anonymous Anonymity = "anonymous" // no name is stored
)

// Delivery is how the requester wants the answer (UU 14/2008 art. 22(2)).
type Delivery string

const (
	Electronic Delivery = "electronic"
	Paper      Delivery = "paper"
	View       Delivery = "view"
)

// Channel is how a case reached the body.
type Channel string

const (
	ChannelWeb     Channel = "web"
	ChannelAPI     Channel = "api"
	ChannelCounter Channel = "counter"
	ChannelLetter  Channel = "letter"
	ChannelPhone   Channel = "phone"
	ChannelEmail   Channel = "email"
	ChannelImport  Channel = "import"
)

// Outcome is how a case ended, apart from where it is. For an objection,
// granted means the superior upholds it and refused that the decision stands.
type Outcome string

const (
	NoOutcome     Outcome = ""
	Granted       Outcome = "granted"
	GrantedInPart Outcome = "granted_in_part"
	Refused       Outcome = "refused"
	NotHeld       Outcome = "not_held"
	Referred      Outcome = "referred"
)

// Outcomes an officer may decide on.
var Outcomes = []Outcome{Granted, GrantedInPart, Refused, NotHeld, Referred}

// Standing is whether a case is in time. It is derived from dates at the moment
// of asking and never stored.
type Standing string

const (
	OnTime       Standing = "on_time"
	DueSoon      Standing = "due_soon"
	Overdue      Standing = "overdue"
	Answered     Standing = "answered"
	AnsweredLate Standing = "answered_late"
	NoStanding   Standing = "none" // nothing is due: before registration, withdrawn
)

// DueSoonWithin is how long before its due instant a case is shown as due soon.
const DueSoonWithin = 3 * 24 * time.Hour

// Case is one matter with one reference. State, Outcome, standing and
// Classification are four axes and never one status.
type Case struct {
	ID        int64  `gorm:"primaryKey"`
	Reference string `gorm:"uniqueIndex"`
	KeyHash   string // SHA-256 of the requester's key, hex
	Kind      Kind
	Channel   Channel
	Lang      string // language the requester filed in

	BodyID      int64
	UnitID      *int64
	OfficerID   *int64
	RequesterID *int64 // nil when anonymous
	ParentID    *int64 // the case an objection challenges

	Subject   string
	Text      string
	Purpose   string
	Delivery  Delivery
	Anonymity Anonymity
	Ground    string // objection: the pack's ground id

	State          State
	Outcome        Outcome
	Classification Class
	ClassConfirmed bool   // an officer confirmed or overruled what the rules proposed
	Exemption      string // the pack's exemption id that the classification rests on
	ClassExpiresOn string // last day of the exemption, YYYY-MM-DD; "" where none is set

	// The law as it was when the case was filed; later versions do not touch it.
	Pack        string
	PackVersion string
	PackHash    string

	Clock      string     // the clock DueOn belongs to
	DueOn      string     // last day, YYYY-MM-DD in the body's zone; "" before registration
	DueAt      *time.Time // last instant of DueOn
	ReceivedAt time.Time  // when the body received it: what clocks count from
	RecordedAt time.Time  // when Terang recorded it: never moved
	AnsweredAt *time.Time
	ClosedAt   *time.Time

	RungLevel int        // open rung of the escalation chain; 0 when none
	RungRole  Role       // its holder's role
	RungDueAt *time.Time // when the open rung lapses

	PublishedAt *time.Time
	Erasure     Erasing // whether something of it is to go, or went
	Source      string  // import: where from
	SourceID    string  // import: its id there; unique within Source and body

	Version   int64 // optimistic guard; every change adds one
	UpdatedAt time.Time
	SealKey   string // of the store: what is said in the case is sealed under it
}

// StandingAt derives the standing at an instant.
func (c *Case) StandingAt(now time.Time) Standing {
	return StandingOf(c.DueAt, c.AnsweredAt, c.State, now)
}

// StandingOf is StandingAt for rows that carry only the dates.
func StandingOf(due, answered *time.Time, s State, now time.Time) Standing {
	switch {
	case due == nil || s == StateWithdrawn || s == StateDraft || s == StateIncomplete:
		return NoStanding
	case answered != nil && answered.After(*due):
		return AnsweredLate
	case answered != nil:
		return Answered
	case now.After(*due):
		return Overdue
	case due.Sub(now) <= DueSoonWithin:
		return DueSoon
	}
	return OnTime
}

// Message is something said in a case.
type Message struct {
	ID       int64 `gorm:"primaryKey"`
	CaseID   int64 `gorm:"index"`
	Kind     MessageKind
	FromBody bool
	Author   string // officer's name; "" for the requester
	Text     string
	At       time.Time
}

// MessageKind says what a message is for.
type MessageKind string

const (
	PlainMessage       MessageKind = "message"
	ClarificationAsked MessageKind = "clarification_asked"
	ClarificationGiven MessageKind = "clarification_given"
	InternalNote       MessageKind = "note" // officers only
	AnswerMessage      MessageKind = "answer"
)

// Attachment is a document in a case, with a classification of its own.
type Attachment struct {
	ID             int64  `gorm:"primaryKey"`
	CaseID         *int64 `gorm:"index"` // nil while it belongs to a draft
	DraftID        *int64 `gorm:"index"`
	FromBody       bool
	Name           string // cleaned for display; never a path
	Type           string // sniffed, never what was claimed
	Size           int64
	SHA256         string
	Stored         string // where the blob store keeps it
	Classification Class
	Ground         string // exemption it is withheld under
	ExpiresOn      string // last day of that exemption, YYYY-MM-DD; "" where none is set
	Released       bool   // part of what the requester is given
	Redacts        *int64 // the document this is a redacted copy of; nil for every other
	Covered        string // JSON of []Covered: what a redacted copy hides; "" for every other
	At             time.Time

	Cleaned   string     // codes of what was taken out at the door; see Notes
	Scan      ScanState  // these five are written by SetScan and ClaimScans alone
	ScanFound string     // what the scanner called it
	ScannedAt *time.Time // when it was last looked at
	ScanNext  *time.Time // not before; nil for no more. Also the lease of who is scanning it
	ScanTries int
	SealKey   string // of the store and of what keeps the bytes
}

// Draft is an intake that is not yet a case: what the requester typed so far,
// saved on every step so that a lost connection loses nothing.
type Draft struct {
	ID        int64  `gorm:"primaryKey"`
	TokenHash string `gorm:"uniqueIndex"`
	Answers   string // JSON of DraftAnswers
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	SealKey   string // of the store
}

// DraftAnswers are the answers of the filing form, by question.
type DraftAnswers struct {
	Kind           Kind          `json:"kind"`
	Body           string        `json:"body"`
	Subject        string        `json:"subject"`
	Text           string        `json:"text"`
	Purpose        string        `json:"purpose"`
	Delivery       Delivery      `json:"delivery"`
	Anonymity      Anonymity     `json:"anonymity"`
	RequesterKind  RequesterKind `json:"requester_kind"`
	Name           string        `json:"name"`
	Email          string        `json:"email"`
	Phone          string        `json:"phone"`
	IdentityNumber string        `json:"identity_number"`
	Address        string        `json:"address"`
	AttachmentsAsk bool          `json:"attachments_asked"` // the step was seen, even if nothing was added
	SimilarSeen    bool          `json:"similar_seen"`
	Lang           string        `json:"lang"`
}

// Limits on what one case may hold.
const (
	MaxSubject     = 200      // code points
	MaxText        = 100_000  // code points
	MaxPurpose     = 10_000   // code points
	MaxName        = 200      // code points
	MaxAddress     = 1_000    // code points
	MaxAttachments = 10       // a case, from the requester
	MaxFileSize    = 25 << 20 // bytes
	MaxFileName    = 200      // code points
	DraftKeptFor   = 30 * 24 * time.Hour
)
