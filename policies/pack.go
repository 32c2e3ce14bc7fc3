package policies

import (
	"slices"
	"sync"
	"time"
)

// Pack is one version of one law. It is immutable once loaded and safe for
// concurrent use.
type Pack struct {
	ID        string // "id", "gb", ...
	Version   string // of the pack, not of the law
	Hash      string // SHA-256 over the pack's files, hex; stored in every decision
	Name      Text
	Law       Text   // the act's full name
	Zone      string // IANA name; a body may have its own, see DueOptions.Zone
	Effective Date   // first day on which this version governs what is filed
	Language  string // language of the law's own texts, "id", "en", "pt"

	VerifiedOn Date   // when somebody last compared the pack with its sources
	VerifiedBy string // who; empty when nobody signed for it

	Office           OfficeHours
	Roles            []Role
	Levels           []Level
	Kinds            []Kind
	Clocks           []Clock
	Exemptions       []Exemption
	NeverExempt      []Duty
	Duties           []Duty
	ObjectionGrounds []ObjectionGround
	Stages           []Stage
	Chains           []Chain
	Forms            []Form
	Notices          []Notice
	Fees             []Fee
	Report           []Heading
	Retention        []Retention
	Sanctions        []Duty
	Repeats          []Repeat
	Holidays         Holidays
	Rules            []Rule
	Routes           []RouteRule

	loc       *time.Location
	files     map[string][]byte
	source    *loaded
	clocks    map[string]*Clock
	calendars sync.Map // calendarKey -> *calendar
	compiled  *compiledRules
}

// OfficeHours are the hours that rungs of a chain count in. They are the body's
// own service standard, on working days only, in the body's zone.
type OfficeHours struct {
	Start string `yaml:"start" json:"start"` // "08:00"
	End   string `yaml:"end" json:"end"`     // "16:00"
	Legal `yaml:",inline"`

	start, end int // seconds since midnight
}

// Role is a duty in the law and the product's role that carries it.
type Role struct {
	ID    string `yaml:"role" json:"role"` // agent unit_head officer superior auditor administrator
	Title Text   `yaml:"title" json:"title"`
	Duty  Text   `yaml:"duty" json:"duty"`
	Legal `yaml:",inline"`
}

// Level is a level of secrecy in the archive law and the class it is shown as.
type Level struct {
	ID    string `yaml:"id" json:"id"`
	Class string `yaml:"class" json:"class"` // public restricted confidential
	Title Text   `yaml:"title" json:"title"`
	Harm  Text   `yaml:"harm" json:"harm"`
	Years int    `yaml:"max_years" json:"max_years,omitempty"` // longest term, 0 where the law names none
	Legal `yaml:",inline"`
}

// Kind is a kind of case as this law knows it.
type Kind struct {
	ID             string   `yaml:"kind" json:"kind"` // request complaint question objection
	Title          Text     `yaml:"title" json:"title"`
	RequesterKinds []string `yaml:"requester_kinds" json:"requester_kinds"`
	WhoMayAsk      Text     `yaml:"who_may_ask" json:"who_may_ask"`
	Anonymity      []string `yaml:"anonymity" json:"anonymity"` // those of open hidden anonymous that are allowed
	Required       []Field  `yaml:"required" json:"required"`
	Recorded       []Field  `yaml:"recorded" json:"recorded"` // asked and recorded, but no reason to refuse the filing
	ReasonRequired bool     `yaml:"reason_required" json:"reason_required"`
	Legal          `yaml:",inline"`
}

// Field is something the law wants stated. IDs are those of the filing form: name
// contact address identity_number proxy subject text purpose delivery ground.
type Field struct {
	ID             string   `yaml:"id" json:"id"`
	RequesterKinds []string `yaml:"requester_kinds" json:"requester_kinds,omitempty"` // empty: all
	Unless         []string `yaml:"unless_anonymity" json:"unless_anonymity,omitempty"`
	Legal          `yaml:",inline"`
}

// Clock is one term of the law.
type Clock struct {
	Name       string      `yaml:"name" json:"name"`
	Title      Text        `yaml:"title" json:"title"`
	AppliesTo  []string    `yaml:"applies_to" json:"applies_to"` // kinds of case
	Primary    []string    `yaml:"primary" json:"primary,omitempty"`
	VariantOf  string      `yaml:"variant_of" json:"variant_of,omitempty"` // used in place of that clock when an officer says so; never started by an event
	Holder     string      `yaml:"holder" json:"holder"`                   // who must act: body requester outside
	Starts     []string    `yaml:"starts" json:"starts"`                   // start events
	StopsOn    []string    `yaml:"stops_on" json:"stops_on"`               // event kinds
	Unit       string      `yaml:"unit" json:"unit"`                       // working calendar hours weeks months years
	Length     int         `yaml:"length" json:"length"`                   // in units
	Plus       int         `yaml:"plus_days" json:"plus_days,omitempty"`   // calendar days added to months and years (the EU's ten days for distance)
	FirstDay   string      `yaml:"first_day" json:"first_day"`             // next_working next_calendar next_business_then_calendar same_day
	Cutoff     string      `yaml:"cutoff" json:"cutoff,omitempty"`         // "19:00": what comes later counts as received on the next working day
	Roll       string      `yaml:"roll" json:"roll"`                       // keep, forward, or sunday_or_holiday: where the last day is not a working day
	Extensions []Extension `yaml:"extensions" json:"extensions,omitempty"`
	Pauses     []Pause     `yaml:"pauses" json:"pauses,omitempty"`
	Freezes    []string    `yaml:"freezes" json:"freezes,omitempty"` // ids of the freeze periods that stop this clock
	OnLapse    Lapse       `yaml:"on_lapse" json:"on_lapse"`
	Reading    *Legal      `yaml:"roll_reading" json:"roll_reading,omitempty"` // where the rolling rests on another article than the clock
	Legal      `yaml:",inline"`

	// Extension is the first of Extensions, or nil: what --extended applies.
	Extension *Extension `yaml:"-" json:"-"`

	cutoff int // seconds since midnight, -1 for none
	basis  clockBasis
}

// Extension is a lawful lengthening of a clock, in the clock's own unit.
type Extension struct {
	Length    int    `yaml:"length" json:"length"`
	Times     int    `yaml:"times" json:"times"`
	Needs     string `yaml:"needs" json:"needs"`           // written_reasons committee agreement
	BeforeDue bool   `yaml:"before_due" json:"before_due"` // must be told before the clock runs out
	Reasons   []Text `yaml:"reasons" json:"reasons,omitempty"`
	Legal     `yaml:",inline"`
}

// Pause is a lawful stop of a clock. Without one in its list a clock does not
// stop, whatever events say.
type Pause struct {
	Reason string `yaml:"reason" json:"reason"`           // clarification fee
	Effect string `yaml:"effect" json:"effect"`           // suspend or restart
	Max    int    `yaml:"max" json:"max,omitempty"`       // how many times, 0 for any
	Ends   string `yaml:"ends" json:"ends"`               // both_excluded: neither end day counts; first_counts: the day of stopping counts
	Within int    `yaml:"within" json:"within,omitempty"` // calendar days to answer, after which the body may close
	Legal  `yaml:",inline"`
}

// Lapse says what it means when a clock runs out.
type Lapse struct {
	Effect string `yaml:"effect" json:"effect"`           // none objection_opens deemed_refusal deemed_grant withdrawn right_lost outside_opens body_failure
	Ground string `yaml:"ground" json:"ground,omitempty"` // objection ground that it opens
	Opens  string `yaml:"opens" json:"opens,omitempty"`   // clock that starts then
	Text   Text   `yaml:"text" json:"text"`
	Legal  `yaml:",inline"`
}

// Exemption is a lawful ground for withholding.
type Exemption struct {
	ID        string    `yaml:"id" json:"id"`
	Title     Text      `yaml:"title" json:"title"`
	Absolute  bool      `yaml:"absolute" json:"absolute"` // no balance with the public interest
	Test      string    `yaml:"test" json:"test"`         // id of the form that must be filled
	MaxYears  int       `yaml:"max_years" json:"max_years,omitempty"`
	Duration  Text      `yaml:"duration" json:"duration"` // how long, where it is not a number of years
	Permanent bool      `yaml:"permanent" json:"permanent"`
	EndsIf    Text      `yaml:"ends_if" json:"ends_if"`
	LiftedBy  []string  `yaml:"lifted_by" json:"lifted_by,omitempty"` // written_consent public_office ki_decision court_decision
	SetBy     Text      `yaml:"set_by" json:"set_by"`                 // who sets the duration
	Sub       []SubItem `yaml:"sub" json:"sub,omitempty"`
	Note      Text      `yaml:"note" json:"note"`
	Legal     `yaml:",inline"`
}

// SubItem is a numbered item under an exemption or a heading.
type SubItem struct {
	ID      string   `yaml:"id" json:"id"`
	Title   Text     `yaml:"title" json:"title"`
	Figures []string `yaml:"figures" json:"figures,omitempty"` // what the product counts for it
}

// Duty is a duty, prohibition or sanction that the product shows but does not compute.
type Duty struct {
	ID    string `yaml:"id" json:"id"`
	Title Text   `yaml:"title" json:"title"`
	Legal `yaml:",inline"`
}

// ObjectionGround is a ground on which a requester may object.
type ObjectionGround struct {
	ID        string `yaml:"id" json:"id"`
	Title     Text   `yaml:"title" json:"title"`
	Mediation bool   `yaml:"mediation" json:"mediation"` // may be settled by agreement
	Legal     `yaml:",inline"`
}

// Stage is a step of challenging a decision, from the body to the court.
type Stage struct {
	ID      string `yaml:"id" json:"id"`
	Title   Text   `yaml:"title" json:"title"`
	Before  Text   `yaml:"before" json:"before"`   // who decides
	Clock   string `yaml:"clock" json:"clock"`     // clock within which to go there
	Outside bool   `yaml:"outside" json:"outside"` // outside the public body
	File    []Text `yaml:"file" json:"file"`       // what the file handed over holds
	Legal   `yaml:",inline"`
}

// Chain is the ladder inside the body that a classified case climbs.
type Chain struct {
	Classification string `yaml:"classification" json:"classification"`
	Rungs          []Rung `yaml:"rungs" json:"rungs"`
	TwoPersons     bool   `yaml:"two_persons" json:"two_persons"` // a release needs a second person
	// Independent, where given, keeps the second person from being a subordinate of the first
	// in the same unit: who depends on the first is no second opinion.
	Independent *Legal `yaml:"independent" json:"independent,omitempty"`
	Legal       `yaml:",inline"`
}

// Rung is one step. Its hours are working hours in the body's zone.
type Rung struct {
	Level            int    `yaml:"level" json:"level"` // 1 is the lowest
	Role             string `yaml:"role" json:"role"`
	Title            Text   `yaml:"title" json:"title"`
	AcknowledgeHours int    `yaml:"acknowledge_hours" json:"acknowledge_hours"`
	DecideHours      int    `yaml:"decide_hours" json:"decide_hours"`
	OnLapse          string `yaml:"on_lapse" json:"on_lapse"`     // up or body_failure
	Opens            string `yaml:"opens" json:"opens,omitempty"` // clock of the requester's next remedy, on body_failure
	Legal            `yaml:",inline"`
}

// Form is a guided form such as the consequence test.
type Form struct {
	ID     string      `yaml:"id" json:"id"`
	Title  Text        `yaml:"title" json:"title"`
	Fields []FormField `yaml:"fields" json:"fields"`
	Legal  `yaml:",inline"`
}

// FormField is one thing that a form must state.
type FormField struct {
	ID       string    `yaml:"id" json:"id"`
	Title    Text      `yaml:"title" json:"title"`
	Hint     Text      `yaml:"hint" json:"hint"`
	Type     string    `yaml:"type" json:"type"` // text line date years exemption officer choice
	Required bool      `yaml:"required" json:"required"`
	Options  []SubItem `yaml:"options" json:"options,omitempty"`
}

// Notice is a letter that the law gives contents.
type Notice struct {
	ID    string    `yaml:"id" json:"id"`
	Title Text      `yaml:"title" json:"title"`
	Items []SubItem `yaml:"items" json:"items"`
	Legal `yaml:",inline"`
}

// Fee is what may be charged.
type Fee struct {
	ID     string `yaml:"id" json:"id"`
	Title  Text   `yaml:"title" json:"title"`
	Amount string `yaml:"amount" json:"amount"`
	Legal  `yaml:",inline"`
}

// Heading is a heading of the annual report with what is counted under it.
type Heading struct {
	ID    string    `yaml:"id" json:"id"`
	Title Text      `yaml:"title" json:"title"`
	Items []SubItem `yaml:"items" json:"items,omitempty"`
	// Figures is what the product counts under the heading itself; what it does not keep
	// has none.
	Figures []string `yaml:"figures" json:"figures,omitempty"`
	Legal   `yaml:",inline"`
}

// Clock returns the clock called name.
func (p *Pack) Clock(name string) (*Clock, bool) {
	c, ok := p.clocks[name]
	return c, ok
}

// ClocksFor returns the clocks that startEvent starts for a case of kind, in the
// pack's order. Variants (an expedited answer) are left out: an officer chooses them.
func (p *Pack) ClocksFor(kind, startEvent string) []*Clock {
	var found []*Clock
	for i := range p.Clocks {
		c := &p.Clocks[i]
		if c.VariantOf == "" && slices.Contains(c.AppliesTo, kind) && slices.Contains(c.Starts, startEvent) {
			found = append(found, c)
		}
	}
	return found
}

// PrimaryClock returns the clock whose due date is shown as the due date of a case of kind.
func (p *Pack) PrimaryClock(kind string) (*Clock, bool) {
	for i := range p.Clocks {
		if slices.Contains(p.Clocks[i].Primary, kind) {
			return &p.Clocks[i], true
		}
	}
	return nil, false
}

// Exemption returns the exemption with the pack's id ("h").
func (p *Pack) Exemption(id string) (*Exemption, bool) {
	return byID(p.Exemptions, func(e *Exemption) bool { return e.ID == id })
}

// ObjectionGround returns the ground with the pack's id ("c").
func (p *Pack) ObjectionGround(id string) (*ObjectionGround, bool) {
	return byID(p.ObjectionGrounds, func(g *ObjectionGround) bool { return g.ID == id })
}

// Chain returns the ladder for a classification; public cases have none.
func (p *Pack) Chain(classification string) (*Chain, bool) {
	return byID(p.Chains, func(c *Chain) bool { return c.Classification == classification })
}

// Kind returns what the law says of a kind of case.
func (p *Pack) Kind(kind string) (*Kind, bool) {
	return byID(p.Kinds, func(k *Kind) bool { return k.ID == kind })
}

// Form returns the form with the pack's id ("consequence_test").
func (p *Pack) Form(id string) (*Form, bool) {
	return byID(p.Forms, func(f *Form) bool { return f.ID == id })
}

// Notice returns the required contents of a letter ("answer", "refusal").
func (p *Pack) Notice(id string) (*Notice, bool) {
	return byID(p.Notices, func(n *Notice) bool { return n.ID == id })
}

// RoleTitle returns the law's own title of a role.
func (p *Pack) RoleTitle(role string) Text {
	if r, ok := byID(p.Roles, func(r *Role) bool { return r.ID == role }); ok {
		return r.Title
	}
	return Text{ID: role, EN: role}
}

// Location returns the zone in which the law's days begin and end.
func (p *Pack) Location() *time.Location { return p.loc }

// Files returns the pack's files by name, as they were hashed, for handing out
// with an export. The caller must not change the bytes.
func (p *Pack) Files() map[string][]byte {
	files := make(map[string][]byte, len(p.files))
	for name, data := range p.files {
		files[name] = data
	}
	return files
}

func byID[T any](all []T, is func(*T) bool) (*T, bool) {
	for i := range all {
		if is(&all[i]) {
			return &all[i], true
		}
	}
	return nil, false
}

// AllowsAnonymity says whether a case of kind may be filed under anonymity (open,
// hidden or anonymous). Unknown kinds and values are refused.
func (p *Pack) AllowsAnonymity(kind, anonymity string) Decision {
	k, ok := p.Kind(kind)
	if !ok {
		return p.decide(false, "kind_unknown", "anonymity", Legal{}, "kind="+kind)
	}
	if !slices.Contains(anonymities, anonymity) {
		return p.decide(false, "anonymity_unknown", "anonymity", k.Legal, "kind="+kind, "anonymity="+anonymity)
	}
	if !slices.Contains(k.Anonymity, anonymity) {
		return p.decide(false, "anonymity_not_allowed", "anonymity", k.Legal, "kind="+kind, "anonymity="+anonymity)
	}
	return p.decide(true, "anonymity_allowed", "anonymity", k.Legal, "kind="+kind, "anonymity="+anonymity)
}

// AllowsRequester says whether requesters of requesterKind (individual,
// legal_entity, group) may file a case of kind.
func (p *Pack) AllowsRequester(kind, requesterKind string) Decision {
	k, ok := p.Kind(kind)
	if !ok {
		return p.decide(false, "kind_unknown", "who_may_ask", Legal{}, "kind="+kind)
	}
	allowed := slices.Contains(k.RequesterKinds, requesterKind)
	code := "requester_allowed"
	if !allowed {
		code = "requester_not_allowed"
	}
	return p.decide(allowed, code, "who_may_ask", k.Legal, "kind="+kind, "requester_kind="+requesterKind)
}

// RequiredFields returns the ids of the fields without which the law lets a filing
// be held as incomplete. An unknown kind requires subject and text.
func (p *Pack) RequiredFields(kind, requesterKind, anonymity string) []string {
	k, ok := p.Kind(kind)
	if !ok {
		return []string{"subject", "text"}
	}
	return fieldIDs(k.Required, requesterKind, anonymity)
}

// RecordedFields returns the ids of further fields that the law wants recorded but
// whose absence does not hold the case up.
func (p *Pack) RecordedFields(kind, requesterKind, anonymity string) []string {
	k, ok := p.Kind(kind)
	if !ok {
		return nil
	}
	return fieldIDs(k.Recorded, requesterKind, anonymity)
}

func fieldIDs(fields []Field, requesterKind, anonymity string) []string {
	ids := make([]string, 0, len(fields))
	for _, f := range fields {
		if len(f.RequesterKinds) > 0 && !slices.Contains(f.RequesterKinds, requesterKind) {
			continue
		}
		if slices.Contains(f.Unless, anonymity) {
			continue
		}
		ids = append(ids, f.ID)
	}
	return ids
}
