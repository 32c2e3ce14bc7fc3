package api

import (
	"slices"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/text"
)

// page is the shape of every list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"cursor of the next page; empty on the last"`
	Short bool   `json:"short,omitempty" doc:"of a search at the desk: only the newest confidential cases were looked through"`
}

type bodyItem struct {
	Slug  string     `json:"slug"`
	Name  string     `json:"name"`
	Pack  string     `json:"pack" doc:"the law it answers under"`
	About string     `json:"about,omitempty"`
	Units []unitItem `json:"units,omitempty"`
}

type unitItem struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type filed struct {
	Reference      string `json:"reference"`
	Key            string `json:"key" doc:"opens the case to whoever holds it; shown this once"`
	State          string `json:"state"`
	Classification string `json:"classification"`
	DueOn          string `json:"due_on" doc:"last day for the body's answer, in its own zone"`
	Clock          string `json:"clock"`
	URL            string `json:"url"`
	ReceiptURL     string `json:"receipt_url"`
}

func (r *request) filed(f casework.Filed) filed {
	c := f.Case
	return filed{
		Reference: c.Reference, Key: f.Key, State: string(c.State), Classification: string(c.Classification),
		DueOn: c.DueOn, Clock: c.Clock, URL: r.base + "/cases/" + c.Reference, ReceiptURL: r.base + Prefix + "/cases/" + c.Reference + "/receipt",
	}
}

// caseBody is a case as its requester, or an officer, sees it. What only officers see
// is left out for a requester by casework, not here.
type caseBody struct {
	Reference      string           `json:"reference"`
	Version        int64            `json:"version" doc:"give it back with a change; 409 when the case has moved on"`
	Kind           string           `json:"kind"`
	Body           string           `json:"body"`
	BodyName       string           `json:"body_name"`
	Unit           string           `json:"unit,omitempty"`
	Officer        string           `json:"officer,omitempty" doc:"address of the officer who holds it; desk only"`
	Channel        string           `json:"channel"`
	Subject        string           `json:"subject"`
	Text           string           `json:"text"`
	Purpose        string           `json:"purpose,omitempty"`
	Delivery       string           `json:"delivery"`
	Anonymity      string           `json:"anonymity"`
	Requester      *requesterBody   `json:"requester,omitempty"`
	State          string           `json:"state"`
	Outcome        string           `json:"outcome"`
	Standing       string           `json:"standing"`
	Classification string           `json:"classification"`
	Confirmed      bool             `json:"classification_confirmed"`
	Exemption      string           `json:"exemption,omitempty"`
	Pack           string           `json:"pack"`
	PackVersion    string           `json:"pack_version"`
	Clock          string           `json:"clock"`
	DueOn          string           `json:"due_on"`
	ReceivedAt     string           `json:"received_at"`
	RecordedAt     string           `json:"recorded_at"`
	AnsweredAt     string           `json:"answered_at,omitempty"`
	ClosedAt       string           `json:"closed_at,omitempty"`
	PublishedAt    string           `json:"published_at,omitempty"`
	Clocks         []clockBody      `json:"clocks"`
	Rungs          []rungBody       `json:"rungs"`
	Messages       []messageBody    `json:"messages"`
	Attachments    []attachmentBody `json:"attachments"`
	Decisions      []decisionBody   `json:"decisions"`
	Grounds        []groundBody     `json:"grounds,omitempty" doc:"what the rules found at filing; desk only"`
	Objections     []string         `json:"objections"`
	Parent         string           `json:"parent,omitempty"`
	Objection      objectionWindow  `json:"objection_window"`
	Timeline       []timelineBody   `json:"timeline"`
	May            []string         `json:"may" doc:"what the caller may do now"`
	URL            string           `json:"url"`
	ReceiptURL     string           `json:"receipt_url"`
}

type requesterBody struct {
	Kind           string `json:"kind"`
	Name           string `json:"name"`
	Email          string `json:"email,omitempty"`
	Phone          string `json:"phone,omitempty"`
	IdentityNumber string `json:"identity_number,omitempty"`
	Address        string `json:"address,omitempty"`
}

type clockBody struct {
	Name     string      `json:"name"`
	Title    string      `json:"title"`
	Primary  bool        `json:"primary"`
	Running  bool        `json:"running"`
	DayOne   string      `json:"day_one"`
	DueOn    string      `json:"due_on"`
	DueAt    string      `json:"due_at"`
	Extended bool        `json:"extended"`
	Standing string      `json:"standing"`
	Basis    []basisBody `json:"basis"`
	Days     []dayBody   `json:"days" doc:"why the due day is that day"`
}

type basisBody struct {
	Rule     string `json:"rule"`
	Article  string `json:"article"`
	Source   string `json:"source"`
	Verified bool   `json:"verified"`
	Text     string `json:"text"`
}

type dayBody struct {
	Date    string `json:"date"`
	Counted bool   `json:"counted"`
	Why     string `json:"why"`
	Detail  string `json:"detail,omitempty"`
}

type rungBody struct {
	Level    int    `json:"level"`
	Role     string `json:"role"`
	State    string `json:"state"`
	OpenedAt string `json:"opened_at"`
	DueAt    string `json:"due_at"`
	EndedAt  string `json:"ended_at,omitempty"`
	Why      string `json:"why,omitempty"`
}

type messageBody struct {
	Kind     string `json:"kind"`
	FromBody bool   `json:"from_body"`
	Author   string `json:"author,omitempty"`
	Text     string `json:"text"`
	At       string `json:"at"`
}

type attachmentBody struct {
	ID             int64    `json:"id"`
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	Size           int64    `json:"size"`
	SHA256         string   `json:"sha256"`
	FromBody       bool     `json:"from_body"`
	Classification string   `json:"classification"`
	Cleaned        []string `json:"cleaned,omitempty" doc:"what was taken out of it at the door, in codes"`
	Scan           string   `json:"scan" enum:"unscanned,waiting,clean,infected" doc:"what the virus scanner made of it; one that waits or is infected is given to nobody"`
}

type decisionBody struct {
	Outcome    string `json:"outcome"`
	Text       string `json:"text"`
	Withheld   string `json:"withheld,omitempty"`
	ReferredTo string `json:"referred_to,omitempty"`
	ObjectBy   string `json:"object_by,omitempty" doc:"last day to object"`
	By         string `json:"by,omitempty"`
	At         string `json:"at"`
}

type groundBody struct {
	Exemption string `json:"exemption"`
	Rule      string `json:"rule"`
	Article   string `json:"article"`
	Class     string `json:"classification"`
	Evidence  string `json:"evidence"`
}

type objectionWindow struct {
	Open    bool            `json:"open"`
	Why     string          `json:"why,omitempty" doc:"why it is closed"`
	Until   string          `json:"until,omitempty"`
	Grounds []objectionItem `json:"grounds"`
}

type objectionItem struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type timelineBody struct {
	Time   string `json:"time"`
	Event  string `json:"event"`
	Actor  string `json:"actor,omitempty"`
	State  string `json:"state"`
	DueOn  string `json:"due_on,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (r *request) caseBody(v *casework.CaseView) *caseBody {
	c := v.Case
	out := &caseBody{
		Reference: c.Reference, Version: c.Version, Kind: string(c.Kind), Body: v.Body.Slug, BodyName: v.Body.Name, Channel: string(c.Channel),
		Subject: c.Subject, Text: c.Text, Purpose: c.Purpose, Delivery: string(c.Delivery), Anonymity: string(c.Anonymity),
		State: string(c.State), Outcome: string(c.Outcome), Standing: string(v.Standing), Classification: string(c.Classification),
		Confirmed: c.ClassConfirmed, Exemption: c.Exemption, Pack: c.Pack, PackVersion: c.PackVersion, Clock: c.Clock, DueOn: c.DueOn,
		ReceivedAt: rfc3339(&c.ReceivedAt), RecordedAt: rfc3339(&c.RecordedAt), AnsweredAt: rfc3339(c.AnsweredAt), ClosedAt: rfc3339(c.ClosedAt),
		PublishedAt: rfc3339(c.PublishedAt), May: orEmpty(v.May),
		Clocks: []clockBody{}, Rungs: []rungBody{}, Messages: []messageBody{}, Attachments: []attachmentBody{}, Decisions: []decisionBody{},
		Objections: []string{}, Timeline: []timelineBody{},
		URL: r.base + "/cases/" + c.Reference, ReceiptURL: r.base + Prefix + "/cases/" + c.Reference + "/receipt",
		Objection: objectionWindow{Open: v.Objection.Open, Why: v.Objection.Why, Until: v.Objection.Until, Grounds: []objectionItem{}},
	}
	if v.Unit != nil {
		out.Unit = v.Unit.Slug
	}
	if v.Officer != nil {
		out.Officer = v.Officer.Email
	}
	if q := v.Requester; q != nil {
		out.Requester = &requesterBody{string(q.Kind), q.Name, q.Email, q.Phone, q.IdentityNumber, q.Address}
	}
	if v.Parent != nil {
		out.Parent = v.Parent.Reference
	}
	for _, o := range v.Objections {
		out.Objections = append(out.Objections, o.Reference)
	}
	for _, g := range v.Objection.Grounds {
		out.Objection.Grounds = append(out.Objection.Grounds, objectionItem{g.ID, in(r.lang, g.Title)})
	}
	for _, k := range v.Clocks {
		out.Clocks = append(out.Clocks, r.clockBody(k))
	}
	for _, g := range v.Rungs {
		out.Rungs = append(out.Rungs, rungBody{g.Level, string(g.Role), string(g.State), rfc3339(&g.OpenedAt), rfc3339(&g.DueAt), rfc3339(g.EndedAt), g.Why})
	}
	for _, m := range v.Messages {
		out.Messages = append(out.Messages, messageBody{string(m.Kind), m.FromBody, m.Author, m.Text, rfc3339(&m.At)})
	}
	for _, a := range v.Attachments {
		out.Attachments = append(out.Attachments, attachmentOf(a))
	}
	for _, d := range v.Decisions {
		out.Decisions = append(out.Decisions, decisionBody{string(d.Outcome), d.Text, d.Withheld, d.ReferredTo, d.ObjectBy, d.By, rfc3339(&d.At)})
	}
	for _, g := range v.Proposal {
		out.Grounds = append(out.Grounds, groundBody{g.Exemption, g.Rule, g.Article, g.Class, g.Evidence})
	}
	for _, e := range v.Timeline {
		out.Timeline = append(out.Timeline, timelineBody{rfc3339(&e.Time), e.Kind, e.Actor, string(e.State), e.DueOn, e.Reason})
	}
	return out
}

func (r *request) clockBody(k casework.ClockView) clockBody {
	out := clockBody{
		Name: k.Name, Title: in(r.lang, k.Title), Primary: k.Primary, Running: k.Running(), DayOne: k.DayOne, DueOn: k.DueOn,
		DueAt: rfc3339(&k.DueAt), Extended: k.Extended, Standing: string(k.Standing), Basis: []basisBody{}, Days: []dayBody{},
	}
	for _, b := range k.Deadline.Basis {
		out.Basis = append(out.Basis, basisBody{b.Rule, b.Article, b.Source, b.Verified, in(r.lang, b.Text)})
	}
	for _, d := range k.Deadline.Days {
		out.Days = append(out.Days, dayBody{d.Date.String(), d.Counted, d.Why, d.Detail})
	}
	return out
}

func attachmentOf(a models.Attachment) attachmentBody {
	scan := a.Scan
	if scan == "" {
		scan = models.Unscanned
	}
	return attachmentBody{a.ID, a.Name, a.Type, a.Size, a.SHA256, a.FromBody, string(a.Classification), a.Notes(), string(scan)}
}

// disclosureBody is what anyone may see of a published case.
type disclosureBody struct {
	Reference   string           `json:"reference"`
	Body        string           `json:"body,omitempty"`
	Kind        string           `json:"kind,omitempty"`
	Title       string           `json:"title"`
	Summary     string           `json:"summary"`
	Answer      string           `json:"answer"`
	Outcome     string           `json:"outcome"`
	ReceivedOn  string           `json:"received_on"`
	AnsweredOn  string           `json:"answered_on"`
	PublishedAt string           `json:"published_at"`
	Documents   []attachmentBody `json:"documents,omitempty"`
	URL         string           `json:"url"`
}

func (r *request) disclosureBody(d models.Disclosure) disclosureBody {
	return disclosureBody{
		Reference: d.Reference, Title: d.Title, Summary: d.Summary, Answer: d.Answer, Outcome: string(d.Outcome), ReceivedOn: d.ReceivedOn,
		AnsweredOn: d.AnsweredOn, PublishedAt: rfc3339(&d.PublishedAt), URL: r.base + "/disclosures/" + d.Reference,
	}
}

// queueItem is one row of a queue. It never names the requester.
type queueItem struct {
	Reference      string `json:"reference"`
	Version        int64  `json:"version"`
	Kind           string `json:"kind"`
	Subject        string `json:"subject"`
	Body           string `json:"body"`
	Unit           string `json:"unit,omitempty"`
	Officer        string `json:"officer,omitempty"`
	State          string `json:"state"`
	Outcome        string `json:"outcome"`
	Standing       string `json:"standing"`
	Classification string `json:"classification"`
	Anonymity      string `json:"anonymity"`
	DueOn          string `json:"due_on"`
	ReceivedAt     string `json:"received_at"`
	RungLevel      int    `json:"rung_level"`
	RungRole       string `json:"rung_role,omitempty"`
	RungDueAt      string `json:"rung_due_at,omitempty"`
}

// eventItem has the columns of the compliance log.
type eventItem struct {
	Index          *int64 `json:"index" doc:"position in the log; null until sequenced"`
	Time           string `json:"time"`
	Event          string `json:"event"`
	Reference      string `json:"reference"`
	Kind           string `json:"kind"`
	Body           string `json:"body"`
	Unit           string `json:"unit"`
	ActorRole      string `json:"actor_role"`
	Actor          string `json:"actor"`
	Classification string `json:"classification"`
	State          string `json:"state"`
	Outcome        string `json:"outcome"`
	Clock          string `json:"clock"`
	DueOn          string `json:"due_on"`
	Standing       string `json:"standing"`
	Pack           string `json:"pack"`
	Version        string `json:"version"`
	Article        string `json:"article"`
	Reason         string `json:"reason"`
	LeafHash       string `json:"leaf_hash"`
	Withheld       bool   `json:"withheld" doc:"above the caller's clearance: only its place in the log is told"`
}

func eventItemOf(v casework.EventView) eventItem {
	e := v.Event
	return eventItem{
		Index: e.Leaf, Time: rfc3339(&e.Time), Event: e.Kind, Reference: e.Reference, Kind: string(e.CaseKind), Body: e.Body, Unit: e.Unit,
		ActorRole: e.ActorRole, Actor: e.Actor, Classification: string(e.Classification), State: string(e.State), Outcome: string(e.Outcome),
		Clock: e.Clock, DueOn: e.DueOn, Standing: string(e.Standing), Pack: e.Pack, Version: e.PackVersion, Article: e.Article,
		Reason: e.Reason, LeafHash: e.LeafHash, Withheld: v.Withheld,
	}
}

func in(lang text.Lang, t policies.Text) string { return t.In(string(lang)) }

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return slices.Clone(s)
}
