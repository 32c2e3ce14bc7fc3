package api

import (
	"context"
	"slices"
	"strings"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
)

// desk is what officers do. Each verb takes the version the case was read at and
// answers with the case and its new one.
func (s *server) desk() {
	register(s, s.op("GET", "/desk/cases", "listQueue", "A queue of the desk", 200, "officer"), s.queue)
	register(s, s.op("GET", "/desk/cases/{reference}", "getDeskCase", "One case with all an officer decides on", 200, "officer"), s.deskCase)
	register(s, s.op("POST", "/desk/cases/{reference}/classification", "classifyCase", "Confirm or set the class", 200, "officer"), s.classify)
	register(s, s.op("POST", "/desk/cases/{reference}/assignment", "assignCase", "Give the case to an officer or a unit", 200, "officer"), s.assign)
	register(s, s.op("POST", "/desk/cases/{reference}/extension", "extendCase", "Extend the answer's clock, with written reasons", 200, "officer"), s.extend)
	register(s, s.op("POST", "/desk/cases/{reference}/clarification", "askClarification", "Ask the requester", 200, "officer"), s.clarify)
	register(s, s.op("POST", "/desk/cases/{reference}/escalation", "escalateCase", "Raise, acknowledge, return or decide a rung", 200, "officer"), s.escalate)
	register(s, s.op("POST", "/desk/cases/{reference}/decision", "decideCase", "Answer the case", 200, "officer"), s.decide)
	register(s, s.op("POST", "/desk/cases/{reference}/publication", "publishCase", "Put the decided case into the disclosure log, or take it out", 200, "officer"), s.publish)
	register(s, s.op("POST", "/desk/cases/{reference}/closure", "closeCase", "Close the case", 200, "officer"), s.close)
	register(s, s.op("POST", "/desk/cases/{reference}/notes", "noteCase", "A note that only officers read", 200, "officer"), s.note)
	register(s, s.op("POST", "/desk/cases/{reference}/messages", "writeRequester", "Write to the requester", 200, "officer"), s.write)
}

type queueInput struct {
	Authorization string `header:"Authorization" doc:"Bearer TOKEN"`
	ListInput
	Queue string `query:"queue" enum:"mine,unit,unassigned,escalated,due_soon,overdue,open,all" default:"mine"`
	Q     string `query:"q"`
	Kind  string `query:"kind" doc:"request, complaint, question or objection"`
	State string `query:"state"`
	Class string `query:"classification"`
	Sort  string `query:"sort" enum:"due,newest,oldest" default:"due"`
}

func (s *server) queue(ctx context.Context, in *queueInput) (*listOutput[queueItem], error) {
	a, err := s.officer(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	p, err := s.Cases.Queue(ctx, a, casework.QueueInput{
		Queue: in.Queue, Query: in.Q, Kind: in.Kind, State: in.State, Class: in.Class, Sort: in.Sort, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	web.ReusableBy(requestOf(ctx).fiber, a)
	out := &listOutput[queueItem]{Body: page[queueItem]{Items: []queueItem{}, Next: p.Next, Short: p.Short}}
	for _, q := range p.Rows {
		standing := models.StandingOf(q.DueAt, q.AnsweredAt, q.State, s.now())
		out.Body.Items = append(out.Body.Items, queueItem{
			Reference: q.Reference, Version: q.Version, Kind: string(q.Kind), Subject: q.Subject, Body: q.BodySlug, Unit: q.UnitName, Officer: q.OfficerName,
			State: string(q.State), Outcome: string(q.Outcome), Standing: string(standing), Classification: string(q.Classification),
			Anonymity: string(q.Anonymity), DueOn: q.DueOn, ReceivedAt: rfc3339(&q.ReceivedAt), RungLevel: q.RungLevel,
			RungRole: string(q.RungRole), RungDueAt: rfc3339(q.RungDueAt),
		})
	}
	return out, nil
}

// DeskInput names a case and brings an officer's token; every verb embeds it.
type DeskInput struct {
	Reference     string `path:"reference" maxLength:"40"`
	Authorization string `header:"Authorization" doc:"Bearer TOKEN"`
	Lang          string `query:"lang"`
}

func (s *server) deskCase(ctx context.Context, in *DeskInput) (*caseOutput, error) {
	a, err := s.officer(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, a, in.Reference)
}

// verb does one change for an officer and answers with the case.
func (s *server) verb(ctx context.Context, in DeskInput, version int64, do func(models.Actor) (*models.Case, error)) (*caseOutput, error) {
	a, err := s.officer(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	if version <= 0 {
		return nil, &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "version", Code: "required"}}}
	}
	c, err := do(a)
	if err != nil {
		return nil, err
	}
	out, err := s.shown(ctx, a, in.Reference)
	if models.KindOf(err) == models.NotFound {
		// The change put the case out of the officer's own sight, by raising its class
		// or giving it away. It is done; what is left to tell is that.
		return &caseOutput{&caseBody{
			Reference: c.Reference, Version: c.Version, Kind: string(c.Kind), State: string(c.State), Outcome: string(c.Outcome),
			Classification: string(c.Classification), Clock: c.Clock, DueOn: c.DueOn, May: []string{}, Clocks: []clockBody{}, Rungs: []rungBody{},
			Messages: []messageBody{}, Attachments: []attachmentBody{}, Decisions: []decisionBody{}, Objections: []string{}, Timeline: []timelineBody{},
			Objection: objectionWindow{Grounds: []objectionItem{}},
		}}, nil
	}
	return out, err
}

// Versioned is what every change of the desk carries.
type Versioned struct {
	Version int64 `json:"version" required:"false" doc:"the version the case was read at"`
}

type classifyInput struct {
	DeskInput
	Body struct {
		Versioned
		Classification string `json:"classification" required:"false" enum:"public,restricted,confidential"`
		Exemption      string `json:"exemption,omitempty" doc:"the pack's id of the ground, such as h"`
		Reason         string `json:"reason,omitempty"`
		Attachment     int64  `json:"attachment,omitempty" doc:"a document of the case; 0 for the case itself"`
		Until          string `json:"until,omitempty" doc:"last day of the exemption, YYYY-MM-DD; without it as long as the law allows"`
	}
}

func (s *server) classify(ctx context.Context, in *classifyInput) (*caseOutput, error) {
	b := &in.Body
	return s.verb(ctx, in.DeskInput, b.Version, func(a models.Actor) (*models.Case, error) {
		return s.Cases.Classify(ctx, a, in.Reference, casework.ClassifyInput{
			Version: b.Version, Classification: models.Class(b.Classification), Exemption: b.Exemption, Reason: b.Reason, Attachment: b.Attachment, Until: b.Until,
		})
	})
}

type assignInput struct {
	DeskInput
	Body struct {
		Versioned
		Officer string `json:"officer,omitempty" doc:"e-mail address"`
		Unit    string `json:"unit,omitempty" doc:"slug"`
	}
}

func (s *server) assign(ctx context.Context, in *assignInput) (*caseOutput, error) {
	b := &in.Body
	return s.verb(ctx, in.DeskInput, b.Version, func(a models.Actor) (*models.Case, error) {
		return s.Cases.Assign(ctx, a, in.Reference, casework.AssignInput{Version: b.Version, Officer: b.Officer, Unit: b.Unit})
	})
}

type reasonInput struct {
	DeskInput
	Body struct {
		Versioned
		Reason string `json:"reason" required:"false"`
	}
}

func (s *server) extend(ctx context.Context, in *reasonInput) (*caseOutput, error) {
	return s.verb(ctx, in.DeskInput, in.Body.Version, func(a models.Actor) (*models.Case, error) {
		return s.Cases.Extend(ctx, a, in.Reference, casework.TextInput{Version: in.Body.Version, Text: in.Body.Reason})
	})
}

func (s *server) close(ctx context.Context, in *reasonInput) (*caseOutput, error) {
	return s.verb(ctx, in.DeskInput, in.Body.Version, func(a models.Actor) (*models.Case, error) {
		return s.Cases.Close(ctx, a, in.Reference, casework.TextInput{Version: in.Body.Version, Text: in.Body.Reason})
	})
}

type wordsInput struct {
	DeskInput
	Body struct {
		Versioned
		Text string `json:"text" required:"false"`
	}
}

func (s *server) clarify(ctx context.Context, in *wordsInput) (*caseOutput, error) {
	return s.words(ctx, in, s.Cases.AskClarification)
}

func (s *server) note(ctx context.Context, in *wordsInput) (*caseOutput, error) {
	return s.words(ctx, in, s.Cases.Note)
}

func (s *server) write(ctx context.Context, in *wordsInput) (*caseOutput, error) {
	return s.words(ctx, in, s.Cases.Say)
}

func (s *server) words(ctx context.Context, in *wordsInput, do func(context.Context, models.Actor, string, casework.TextInput) (*models.Case, error)) (*caseOutput, error) {
	return s.verb(ctx, in.DeskInput, in.Body.Version, func(a models.Actor) (*models.Case, error) {
		return do(ctx, a, in.Reference, casework.TextInput{Version: in.Body.Version, Text: in.Body.Text})
	})
}

type escalateInput struct {
	DeskInput
	Body struct {
		Versioned
		Action string `json:"action" required:"false" enum:"raise,acknowledge,return,decide"`
		Reason string `json:"reason,omitempty"`
	}
}

func (s *server) escalate(ctx context.Context, in *escalateInput) (*caseOutput, error) {
	b := &in.Body
	return s.verb(ctx, in.DeskInput, b.Version, func(a models.Actor) (*models.Case, error) {
		return s.Cases.Escalate(ctx, a, in.Reference, casework.EscalationInput{Version: b.Version, Action: b.Action, Reason: b.Reason})
	})
}

type decideInput struct {
	DeskInput
	Body struct {
		Versioned
		Outcome    string            `json:"outcome" required:"false" enum:"granted,granted_in_part,refused,not_held,referred"`
		Text       string            `json:"text" required:"false"`
		Exemptions []string          `json:"exemptions,omitempty" maxItems:"20" doc:"the pack's ids; needed to withhold"`
		Test       map[string]string `json:"consequence_test,omitempty" doc:"needed to withhold: answers to the law's own form (forms in the pack), by field, such as information, legal_basis, consequence_open, consequence_closed, duration, approver"`
		Withheld   string            `json:"withheld,omitempty" doc:"which parts; needed to grant in part"`
		ReferredTo string            `json:"referred_to,omitempty" doc:"which body holds it"`
		Release    []int64           `json:"release,omitempty" maxItems:"100" doc:"documents of the body that go with the answer"`
	}
}

// testFields reads a form's answers under the names that clients of other laws' forms
// use for the same thing. A name that says nothing is left as it is and refused by the verb.
func testFields(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for name, words := range in {
		for _, alias := range testAliases {
			if slices.ContainsFunc(alias.parts, func(part string) bool { return strings.Contains(strings.ToLower(name), part) }) {
				name = alias.field
				break
			}
		}
		if have := out[name]; have != "" {
			words = have + "\n" + words
		}
		out[name] = words
	}
	return out
}

// testAliases map parts of names to fields of the Indonesian form; the first that fits
// counts. Fields of that form map to themselves.
var testAliases = []struct {
	field string
	parts []string
}{
	{"consequence_open", []string{"open", "buka"}},
	{"consequence_closed", []string{"clos", "tutup"}},
	{"legal_basis", []string{"basis", "dasar", "article", "pasal"}},
	{"duration", []string{"durat", "jangka", "until", "expir"}},
	{"information", []string{"information", "informasi"}},
}

func (s *server) decide(ctx context.Context, in *decideInput) (*caseOutput, error) {
	b := &in.Body
	return s.verb(ctx, in.DeskInput, b.Version, func(a models.Actor) (*models.Case, error) {
		return s.Cases.Decide(ctx, a, in.Reference, casework.DecideInput{
			Version: b.Version, Outcome: models.Outcome(b.Outcome), Text: b.Text, Exemptions: b.Exemptions,
			Test: testFields(b.Test), Withheld: b.Withheld, ReferredTo: b.ReferredTo, Release: b.Release,
		})
	})
}

type publishInput struct {
	DeskInput
	Body struct {
		Versioned
		Title     string `json:"title,omitempty"`
		Summary   string `json:"summary" required:"false"`
		Question  bool   `json:"question,omitempty" doc:"publish what was asked, too"`
		Unpublish bool   `json:"unpublish,omitempty"`
		Reason    string `json:"reason,omitempty" doc:"needed to unpublish"`

		Masks     []maskBody            `json:"masks,omitempty" doc:"phrases to mask wherever they stand"`
		Keep      []keepBody            `json:"keep,omitempty" doc:"phrases that look like personal data and may stay"`
		Documents []publishDocumentBody `json:"documents,omitempty" doc:"what becomes of the documents given with the answer"`
	}
}

type maskBody struct {
	Text      string `json:"text"`
	Exemption string `json:"exemption,omitempty" doc:"the pack's exemption; that of personal data when left out"`
}

type keepBody struct {
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

type publishDocumentBody struct {
	ID     int64  `json:"id"`
	Leave  bool   `json:"leave,omitempty" doc:"it does not go out"`
	Reason string `json:"reason,omitempty" doc:"why it may go out though something was found in it, or no program can read it"`
}

func (s *server) publish(ctx context.Context, in *publishInput) (*caseOutput, error) {
	b := &in.Body
	return s.verb(ctx, in.DeskInput, b.Version, func(a models.Actor) (*models.Case, error) {
		input := casework.PublishInput{
			Version: b.Version, Title: b.Title, Summary: b.Summary, Question: b.Question, Unpublish: b.Unpublish, Reason: b.Reason,
		}
		for _, m := range b.Masks {
			input.Masks = append(input.Masks, casework.MaskInput{Text: m.Text, Exemption: m.Exemption})
		}
		for _, k := range b.Keep {
			input.Keep = append(input.Keep, casework.KeepInput{Text: k.Text, Reason: k.Reason})
		}
		for _, d := range b.Documents {
			input.Documents = append(input.Documents, casework.PublishDocument{ID: d.ID, Leave: d.Leave, Reason: d.Reason})
		}
		return s.Cases.Publish(ctx, a, in.Reference, input)
	})
}
