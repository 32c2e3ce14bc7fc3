package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
)

// requester is what someone with a case's key may do, and filing, which gives the key.
func (s *server) requester() {
	file := s.op("POST", "/cases", "fileCase", "File a request, complaint or question", 201)
	file.MaxBodyBytes = s.MaxUpload
	register(s, file, s.file)
	get := s.op("GET", "/cases/{reference}", "getCase", "One case: all its requester may see, with the key; what was published, without", 200, "", "caseKey")
	// Two answers, told apart by what they must have.
	reg := s.huma.OpenAPI().Components.Schemas
	get.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		OneOf: []*huma.Schema{reg.Schema(reflect.TypeFor[caseBody](), true, ""), reg.Schema(reflect.TypeFor[disclosureBody](), true, "")},
	}}}}}
	register(s, get, s.get)
	register(s, s.op("GET", "/cases/{reference}/receipt", "getReceipt", "The receipt: a proof that the log holds the filing, or another event of the case", 200, "caseKey"), s.receipt)
	register(s, s.op("GET", "/cases/{reference}/receipts", "listReceipts", "The events of the case of which a receipt can be had", 200, "caseKey"), s.receipts)
	register(s, s.op("POST", "/cases/{reference}/messages", "addMessage", "Say something, or answer a clarification", 201, "caseKey"), s.say)
	register(s, s.op("POST", "/cases/{reference}/objections", "objectCase", "Object to a decision, or to silence", 201, "caseKey"), s.object)
	register(s, s.op("POST", "/cases/{reference}/withdrawal", "withdrawCase", "Withdraw the case", 200, "caseKey"), s.withdraw)
	attach := s.op("POST", "/cases/{reference}/attachments", "addAttachment", "Add one document; the body of the request is the file", 201, "caseKey")
	attach.MaxBodyBytes = models.MaxFileSize + 1<<20 // a little above, so that casework names the limit
	register(s, attach, s.attach)
	document := s.op("GET", "/cases/{reference}/attachments/{id}", "getAttachment", "One document; Range gives a part of it", 200, "caseKey")
	document.Responses = map[string]*huma.Response{"206": {Description: "Partial Content"}, "416": {Description: "Range Not Satisfiable"}}
	document.Errors = []int{400, 401, 403, 404, 409, 422, 429, 500, 503}
	register(s, document, s.document)
}

type fileBody struct {
	Kind        string       `json:"kind" required:"false" enum:"request,complaint,question"`
	Body        string       `json:"body" required:"false" doc:"slug of the public body"`
	Subject     string       `json:"subject" required:"false"`
	Text        string       `json:"text" required:"false" doc:"at most 100,000 characters"`
	Purpose     string       `json:"purpose,omitempty" doc:"what the information is for; the law may ask for it"`
	Delivery    string       `json:"delivery,omitempty" doc:"electronic (default), paper or view"`
	Anonymity   string       `json:"anonymity,omitempty" doc:"open (default), hidden or anonymous"`
	Requester   fileFrom     `json:"requester,omitempty"`
	Attachments []fileAttach `json:"attachments,omitempty" doc:"at most 10; large ones are better added one by one"`
	Lang        string       `json:"lang,omitempty" doc:"id (default) or en: language of what the body writes back"`
}

type fileFrom struct {
	Kind           string `json:"kind,omitempty" doc:"individual (default), legal_entity or group"`
	Name           string `json:"name,omitempty"`
	Email          string `json:"email,omitempty"`
	Phone          string `json:"phone,omitempty"`
	IdentityNumber string `json:"identity_number,omitempty"`
	Address        string `json:"address,omitempty"`
}

type fileAttach struct {
	Name    string `json:"name"`
	Content string `json:"content" doc:"base64"`
}

type fileInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"a retry with the same key gets the first answer"`
	Body           fileBody
}

type fileOutput struct {
	Location string `header:"Location"`
	Body     filed
}

func (s *server) file(ctx context.Context, in *fileInput) (*fileOutput, error) {
	b, r := &in.Body, requestOf(ctx)
	var check models.Check
	check.Field(len(b.Attachments) <= models.MaxAttachments, "attachments", "too_many", strconv.Itoa(models.MaxAttachments))
	uploads := make([]casework.Upload, len(b.Attachments))
	for i := range b.Attachments {
		a := &b.Attachments[i]
		data, err := base64.StdEncoding.DecodeString(a.Content)
		check.Field(err == nil, "attachments["+strconv.Itoa(i)+"].content", "not_base64")
		uploads[i] = casework.Upload{Name: a.Name, Data: bytes.NewReader(data)}
		a.Content = "" // decoded: not kept twice
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	if _, err := s.Cases.Pressure(ctx, casework.UseAPI, r.from); err != nil {
		return nil, err
	}
	f, err := s.Cases.File(ctx, models.Actor{Kind: models.Anyone, Lang: b.Lang, Via: "api"}, casework.FileInput{
		Kind: models.Kind(b.Kind), Body: b.Body, Subject: b.Subject, Text: b.Text, Purpose: b.Purpose,
		Delivery: models.Delivery(b.Delivery), Anonymity: models.Anonymity(b.Anonymity), Lang: b.Lang, Channel: models.ChannelAPI,
		Requester: casework.RequesterInput{
			Kind: models.RequesterKind(b.Requester.Kind), Name: b.Requester.Name, Email: b.Requester.Email, Phone: b.Requester.Phone,
			IdentityNumber: b.Requester.IdentityNumber, Address: b.Requester.Address,
		},
		Uploads: uploads, IdempotencyKey: in.IdempotencyKey, Scope: r.scope, Count: casework.UseAPI, CountFor: r.from,
	})
	if err != nil {
		return nil, err
	}
	return &fileOutput{Location: Prefix + "/cases/" + f.Case.Reference, Body: r.filed(f)}, nil
}

// CaseInput names a case and brings its key.
type CaseInput struct {
	Reference     string `path:"reference" maxLength:"40"`
	Authorization string `header:"Authorization" doc:"Case-Key KEY"`
	Lang          string `query:"lang"`
}

type eitherOutput struct{ Body any }

func (s *server) get(ctx context.Context, in *CaseInput) (*eitherOutput, error) {
	r := requestOf(ctx)
	if caseKey(in.Authorization) == "" {
		v, err := s.Cases.Disclosure(ctx, in.Reference)
		if err != nil {
			return nil, err
		}
		d := r.disclosureBody(v.Disclosure)
		d.Body, d.Kind = v.Body.Slug, string(v.Kind)
		for _, doc := range v.Documents {
			d.Documents = append(d.Documents, attachmentOf(doc))
		}
		return &eitherOutput{&d}, nil
	}
	a, _, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	v, err := s.Cases.Case(ctx, a, in.Reference)
	if err != nil {
		return nil, err
	}
	return &eitherOutput{r.caseBody(v)}, nil
}

type blobOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	NoSniff            string `header:"X-Content-Type-Options"`
	Body               []byte
}

// receiptWait is how long a receipt is waited for: the log takes events in once a second.
const receiptWait = 2500 * time.Millisecond

type receiptInput struct {
	CaseInput
	Event int64 `query:"event" minimum:"1" doc:"the event, from the list of receipts; without it, the filing"`
}

type receiptBody struct {
	Event   int64     `json:"event"`
	Kind    string    `json:"kind" doc:"such as case.filed, case.answered, rung.lapsed"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome,omitempty"`
	Role    string    `json:"role,omitempty" doc:"whose rung"`
	URL     string    `json:"url"`
}

type receiptsOutput struct {
	Body struct {
		Items []receiptBody `json:"items" nullable:"false"`
		Next  string        `json:"next"`
	}
}

func (s *server) receipts(ctx context.Context, in *CaseInput) (*receiptsOutput, error) {
	r := requestOf(ctx)
	a, c, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	list, err := s.Cases.Receipts(ctx, a, in.Reference)
	if err != nil {
		return nil, err
	}
	out := &receiptsOutput{}
	out.Body.Items = []receiptBody{}
	for _, e := range list {
		out.Body.Items = append(out.Body.Items, receiptBody{
			Event: e.Event, Kind: e.Kind, At: e.At.UTC(), Outcome: string(e.Outcome), Role: e.Role,
			URL: r.base + Prefix + "/cases/" + c.Reference + "/receipt?event=" + strconv.FormatInt(e.Event, 10),
		})
	}
	return out, nil
}

func (s *server) receipt(ctx context.Context, in *receiptInput) (*blobOutput, error) {
	a, c, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	raw, err := s.Cases.Receipt(ctx, a, in.Reference, in.Event)
	for end := time.Now().Add(receiptWait); models.CodeOf(err) == "receipt_not_ready" && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(150 * time.Millisecond):
		}
		raw, err = s.Cases.Receipt(ctx, a, in.Reference, in.Event)
	}
	if err != nil {
		return nil, err
	}
	return &blobOutput{
		ContentType: "text/plain; charset=utf-8", NoSniff: "nosniff", Body: raw,
		ContentDisposition: `attachment; filename="terang-` + c.Reference + `.tlog-proof"`,
	}, nil
}

type textBody struct {
	Text    string `json:"text" required:"false"`
	Version int64  `json:"version,omitempty" doc:"may be left out: a requester's words are not lost to a race"`
}

type sayInput struct {
	CaseInput
	Body textBody
}

type caseOutput struct{ Body *caseBody }

func (s *server) say(ctx context.Context, in *sayInput) (*caseOutput, error) {
	a, _, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	if _, err := s.Cases.Say(ctx, a, in.Reference, casework.TextInput{Version: in.Body.Version, Text: in.Body.Text}); err != nil {
		return nil, err
	}
	return s.shown(ctx, a, in.Reference)
}

// shown is the case after a change.
func (s *server) shown(ctx context.Context, a models.Actor, ref string) (*caseOutput, error) {
	v, err := s.Cases.Case(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	return &caseOutput{requestOf(ctx).caseBody(v)}, nil
}

type objectInput struct {
	CaseInput
	Body struct {
		Ground string `json:"ground" required:"false" doc:"id of the law's ground, see objection_window of the case"`
		Text   string `json:"text" required:"false"`
	}
}

func (s *server) object(ctx context.Context, in *objectInput) (*fileOutput, error) {
	a, c, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	f, err := s.Cases.Object(ctx, a, in.Reference, casework.ObjectInput{Ground: in.Body.Ground, Text: in.Body.Text, Lang: c.Lang})
	if err != nil {
		return nil, err
	}
	return &fileOutput{Location: Prefix + "/cases/" + f.Case.Reference, Body: requestOf(ctx).filed(f)}, nil
}

type withdrawInput struct {
	CaseInput
	Body *struct {
		Reason  string `json:"reason,omitempty"`
		Text    string `json:"text,omitempty" doc:"the same as reason"`
		Version int64  `json:"version,omitempty"`
	}
}

func (s *server) withdraw(ctx context.Context, in *withdrawInput) (*caseOutput, error) {
	a, _, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	var t casework.TextInput
	if in.Body != nil {
		t.Version, t.Text = in.Body.Version, in.Body.Reason
		if t.Text == "" {
			t.Text = in.Body.Text
		}
	}
	if _, err := s.Cases.Withdraw(ctx, a, in.Reference, t); err != nil {
		return nil, err
	}
	return s.shown(ctx, a, in.Reference)
}

type attachInput struct {
	CaseInput
	Name    string `query:"name" required:"true" maxLength:"200" doc:"what to call the document"`
	RawBody []byte `contentType:"application/octet-stream"`
}

type attachOutput struct{ Body attachmentBody }

func (s *server) attach(ctx context.Context, in *attachInput) (*attachOutput, error) {
	a, _, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	doc, err := s.Cases.Attach(ctx, a, in.Reference, casework.Upload{Name: in.Name, Data: bytes.NewReader(in.RawBody)})
	if err != nil {
		return nil, err
	}
	return &attachOutput{attachmentOf(*doc)}, nil
}

type documentInput struct {
	CaseInput
	ID int64 `path:"id" minimum:"1"`
}

type streamOutput struct{ Body func(huma.Context) }

func (s *server) document(ctx context.Context, in *documentInput) (*streamOutput, error) {
	a, _, err := s.unlock(ctx, in.Reference, in.Authorization)
	if err != nil {
		return nil, err
	}
	doc, data, err := s.Cases.Document(ctx, a, in.Reference, in.ID)
	if err != nil {
		return nil, err
	}
	c := requestOf(ctx).fiber
	return &streamOutput{func(huma.Context) {
		c.Status(http.StatusOK)
		if err := web.Download(c, doc, data); err != nil {
			c.Status(http.StatusInternalServerError)
		}
	}}, nil
}
