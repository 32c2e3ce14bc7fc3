package casework

import (
	"io"
	"time"

	"terang/models"
	"terang/policies"
)

// FileInput is what someone files.
type FileInput struct {
	Kind       models.Kind
	Body       string // slug
	Subject    string
	Text       string
	Purpose    string
	Delivery   models.Delivery  // "" means electronic
	Anonymity  models.Anonymity // "" means open
	Requester  RequesterInput
	Channel    models.Channel // "" means web
	Lang       string
	Uploads    []Upload // API; the pages attach to a draft first
	DraftToken string   // pages: attachments move from the draft, which is then dropped
	// IdempotencyKey makes a retry return the first answer; scoped by Scope (an
	// address or account).
	IdempotencyKey string
	Scope          string
	// Count is what the filing counts as under CountFor, an address; "" where nobody counts.
	Count    Use    `json:"-"`
	CountFor string `json:"-"`
	// AllowIncomplete keeps an intake that lacks something as incomplete instead
	// of refusing it: for what officers record from letters and calls.
	AllowIncomplete bool
	Source          string // import
	SourceID        string
}

// RequesterInput is who files.
type RequesterInput struct {
	Kind           models.RequesterKind
	Name           string
	Email          string
	Phone          string
	IdentityNumber string
	Address        string
}

// Upload is one file as it arrives.
type Upload struct {
	Name string
	Data io.Reader
}

// Filed is the answer to a filing. Key is shown once and cannot be had again.
type Filed struct {
	Case     *models.Case
	Key      string
	Deadline policies.Deadline // of the case's primary clock; zero when incomplete
	Replayed bool              // an Idempotency-Key had been used before
	EventID  int64             // of case.filed, for its receipt
	Email    string            // of a draft: where its writer is told
}

// AssignInput names an officer by e-mail, or a unit by slug, or both.
type AssignInput struct {
	Version int64
	Officer string
	Unit    string
}

// ClassifyInput sets the class of a case, or of one of its documents.
type ClassifyInput struct {
	Version        int64
	Classification models.Class
	Exemption      string // pack's exemption id; needed above public
	Reason         string // needed when the officer overrules the rules or changes the class
	Until          string // last day of the exemption, YYYY-MM-DD; "" for the law's longest, or none
	Attachment     int64  // 0: the case
}

// TextInput carries a reason or a text, and the version it was written against.
// Requesters may leave Version 0: their words are never lost to a race.
type TextInput struct {
	Version int64
	Text    string
}

// EscalationInput acts on the chain: raise, acknowledge, return, decide.
type EscalationInput struct {
	Version int64
	Action  string
	Reason  string
}

// DecideInput is the body's answer.
type DecideInput struct {
	Version    int64
	Outcome    models.Outcome
	Text       string
	Exemptions []string // pack ids; needed for refused and granted_in_part of a request
	// Test answers the form behind the exemptions (the pack's forms.yaml), by field id. What
	// the case itself knows (articles, unit, officer, day) need not be given.
	Test       map[string]string
	Withheld   string  // which parts; needed for granted_in_part
	ReferredTo string  // which body; needed for referred
	Release    []int64 // the body's attachments that go with the answer
}

// ObjectInput raises an objection.
type ObjectInput struct {
	Ground string // pack's id
	Text   string
	Lang   string
}

// CaseView is one case as an actor may see it.
type CaseView struct {
	Case        *models.Case
	Body        *models.Body
	Unit        *models.Unit
	Officer     *models.Officer   // holder; nil when unassigned. Its password hash is blank
	Requester   *models.Requester // nil when anonymous, or when the name is kept from this actor
	NameHidden  bool              // there is a name and this actor does not see it
	Pack        *policies.Pack    // the version the case was filed under
	Standing    models.Standing
	Clocks      []ClockView
	Rungs       []models.Rung // every rung reached, oldest first
	Chain       *policies.Chain
	Messages    []models.Message // without internal notes for a requester
	Attachments []models.Attachment
	Withheld    []models.Attachment // documents this actor may know of but not open
	Classified  []models.Classified // empty for a requester
	Second      *models.Classified  // a lowering that waits for a second person; nil when none
	Proposal    []policies.Ground   // what the rules said at filing, with evidence; officers only
	Decisions   []models.Decision
	Objections  []models.Case // raised from this case
	Parent      *models.Case  // objection: the case it challenges
	Timeline    []models.Event
	Proofs      []Provable // requester: the events whose receipts they may have
	Disclosure  *models.Disclosure
	Grants      []GrantView      // who was let into it; officers only
	Erasures    []models.Erasure // proposals to erase; officers only
	Stones      []Stone          // what was erased
	Outside     []OutsideStage   // the stages beyond the body
	May         []string         // actions of policies.May that are also possible now
	Objection   ObjectionWindow
	Now         time.Time
}

// ObjectionWindow says whether the requester may object now, on which grounds, until when.
type ObjectionWindow struct {
	Open    bool
	Why     string // code, when closed: too_early too_late not_applicable already_objected
	Until   string // YYYY-MM-DD, "" when no day is set yet
	Grounds []policies.ObjectionGround
}

// ClockView is a clock with what explains it.
type ClockView struct {
	models.Clock
	Title    policies.Text
	Deadline policies.Deadline
	Ledger   []models.ClockEntry
	Standing models.Standing
}

// QueueInput asks for a page of a queue.
type QueueInput struct {
	Queue  string // mine unit unassigned escalated due_soon overdue open all; "" means mine
	Query  string
	Kind   string
	State  string
	Class  string
	Sort   string // due newest oldest; "" means due
	Cursor string
	Limit  int // 1..100; 0 means 50
}

// EventInput filters the trail.
type EventInput struct {
	From, To  *time.Time
	Body      string // slug
	Kind      string
	Reference string
	Role      string
	Cursor    string
	Limit     int
	Desc      bool
}

// ExportInput says what to export.
type ExportInput struct {
	Format   string // csv jsonl xlsx bundle
	From, To *time.Time
	Body     string // slug
	Kind     string // of event
	CaseKind models.Kind
	Progress func(done int64) // may be nil
}

// DisclosureView is one entry of the disclosure log with what belongs to it.
type DisclosureView struct {
	models.Disclosure
	Body      *models.Body
	Decision  *models.Decision // without who decided
	Pack      *policies.Pack
	Kind      models.Kind
	Documents []models.Attachment // released and public
	Withheld  []models.Attachment // name hidden; class and article only
	Stones    []Stone             // what was erased of it
}

// BodyView is a body with its units and the law it answers under.
type BodyView struct {
	models.Body
	Units []models.Unit
	Law   *policies.Pack
}

// SweepReport counts what one pass did.
type SweepReport struct {
	RungsLapsed   int `json:"rungs_lapsed"`
	ChainsFailed  int `json:"chains_failed"`
	ClocksLapsed  int `json:"clocks_lapsed"`
	Closed        int `json:"closed"`
	DraftsDropped int `json:"drafts_dropped"`
	Expired       int `json:"exemptions_expired"`
	ErasureDue    int `json:"erasure_due"`
	// Filled by whoever also calls Rederive: the command does, the minute's pass does not.
	Mismatched []string      `json:"mismatched"` // references whose stored due date is not what the ledger gives
	NoList     []MissingList `json:"holiday_lists_missing"`
}

// OfficerInput creates an account.
type OfficerInput struct {
	Email     string
	Name      string
	Role      models.Role
	Body      string // slug; "" for an auditor or administrator of the installation
	Unit      string // slug or name
	Clearance models.Class
	Password  string // "" to have a one-time link made
}

// BodyInput creates a public body.
type BodyInput struct {
	Slug  string
	Name  string
	About string
	Pack  string
	Units []UnitInput
}

// UnitInput creates a unit. Parent is a slug given earlier, "" for the top.
type UnitInput struct {
	Slug, Name, Parent string
}
