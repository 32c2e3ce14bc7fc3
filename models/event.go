package models

import (
	"encoding/json"
	"slices"
	"time"
)

// Event is one audit event: what happened, to what, by whom. Every change has
// one, written in the same transaction. Data carries the facts by which the
// row's state can be checked against its history.
type Event struct {
	ID     int64  `gorm:"primaryKey"`  // order of writing
	Leaf   *int64 `gorm:"uniqueIndex"` // position in the log; nil until sequenced
	Time   time.Time
	Kind   string
	CaseID *int64 `gorm:"index"`

	Reference      string
	CaseKind       Kind
	BodyID         *int64
	Body           string // slug
	Unit           string // slug
	ActorRole      string
	Actor          string
	ActorID        *int64
	Classification Class
	State          State
	Outcome        Outcome
	Clock          string
	DueOn          string
	Standing       Standing
	Pack           string
	PackVersion    string
	Article        string
	Reason         string
	Data           string // JSON of EventData

	CaseClass Class `gorm:"-"` // of its case today, where that is above public; read beside the row

	Canonical string // exactly what was committed to
	Salt      string // hex; opens LeafHash
	LeafHash  string // hex, RFC 6962 leaf hash of the salted commitment

	Sealed []byte // of the store: reason, data, canonical text and salt as they are kept; nil once read
}

// EventData is what an event says beyond its columns. Fields are only added.
type EventData struct {
	Occurred   *time.Time      `json:"occurred,omitempty"` // when it happened, where it was recorded later
	Of         string          `json:"of,omitempty"`       // of a requester.informed: the event it tells of
	Old        string          `json:"old,omitempty"`
	New        string          `json:"new,omitempty"`
	Level      int             `json:"level,omitempty"`
	Role       string          `json:"role,omitempty"`
	Officer    string          `json:"officer,omitempty"`
	Exemptions []string        `json:"exemptions,omitempty"`
	TextHash   string          `json:"text_sha256,omitempty"` // of what was filed or answered
	File       string          `json:"file_sha256,omitempty"`
	Files      []string        `json:"files_sha256,omitempty"` // of what came with a filing, as stored
	Cleaned    []string        `json:"cleaned,omitempty"`      // what was taken out of a file at the door
	Copy       string          `json:"copy_sha256,omitempty"`  // of the redacted copy of File
	Covered    []Covered       `json:"covered,omitempty"`      // passages withheld in it, by exemption
	Filter     string          `json:"filter,omitempty"`       // of an export
	Count      int64           `json:"count,omitempty"`
	Parent     string          `json:"parent,omitempty"`
	Channel    Channel         `json:"channel,omitempty"`
	Source     string          `json:"source,omitempty"`
	Warnings   []string        `json:"warnings,omitempty"`
	Basis      json.RawMessage `json:"basis,omitempty"`
	Rule       string          `json:"rule,omitempty"`   // of retention
	Erased     []ErasedEvent   `json:"erased,omitempty"` // of a tombstone
}

// JSON renders the data for the row.
func (d EventData) JSON() string {
	b, err := json.Marshal(d)
	if err != nil { // no field of EventData can fail but a malformed Basis
		return "{}"
	}
	return string(b)
}

// Outgoing is a message in the outbox: written in the verb's transaction, sent
// after it.
type Outgoing struct {
	ID        int64 `gorm:"primaryKey"`
	CaseID    *int64
	Kind      string // template of views/emails
	To        string
	Lang      string
	Data      string // JSON for the template
	CreatedAt time.Time
	NextAt    *time.Time // not before; nil for at once. Also the lease of an instance that is sending it
	SentAt    *time.Time
	Attempts  int
	LastError string     // a code such as "550 5.1.1": never a server's words, which repeat the address
	DeadAt    *time.Time // given up; waits for an administrator
}

// Idempotency remembers the answer given to an Idempotency-Key.
type Idempotency struct {
	Key       string `gorm:"primaryKey"` // hash of scope and key
	Request   string // SHA-256 of the request, so that a key reused for another is refused
	Answer    string // JSON
	CreatedAt time.Time
}

// Looks are the kinds that record a reading of something confidential, by which nothing changed.
var Looks = []string{"case.viewed", "document.viewed"}

// Look says whether it is one of them.
func (e *Event) Look() bool { return slices.Contains(Looks, e.Kind) }
