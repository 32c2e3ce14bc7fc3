package desk

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// recorded is what an officer typed of a case that came by letter, telephone or at
// the counter (UU 14/2008 art. 22(3): who cannot write is written down for).
type recorded struct {
	once     string // makes a form sent twice one case
	received string
	keep     bool
	in       casework.FileInput
}

// channels are the ways that need somebody to write it down.
var channels = []string{string(models.ChannelCounter), string(models.ChannelLetter), string(models.ChannelPhone)}

func (d *desk) recordForm(c *fiber.Ctx) error {
	t := caseview.Teller{L: web.Lang(c), Loc: text.Zone(""), Now: d.w.Now()}
	r := recorded{once: rand.Text(), received: policies.DateOf(t.Now, t.Loc).String()}
	r.in = casework.FileInput{Kind: models.Request, Channel: models.ChannelCounter, Delivery: models.Paper, Anonymity: models.Open}
	r.in.Requester.Kind = models.Individual
	page, err := d.recordPage(c, r, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, page)
}

func (d *desk) record(c *fiber.Ctx) error {
	a, l := web.Actor(c), web.Lang(c)
	in := web.ReadForm(c)
	r := recorded{once: in.Line("once"), received: in.Line("received"), keep: in.On("keep")}
	r.in = casework.FileInput{
		Kind: models.Kind(in.Line("kind")), Body: in.Line("body"), Subject: in.Line("subject"), Text: in.Text("text"), Purpose: in.Text("purpose"),
		Delivery: models.Delivery(in.Line("delivery")), Anonymity: models.Anonymity(in.Line("anonymity")), Channel: models.Channel(in.Line("channel")),
		Requester: requesterOf(in), Lang: string(l), AllowIncomplete: r.keep, IdempotencyKey: r.once, Scope: "desk:" + itoa(a.OfficerID),
	}
	body, err := d.bodyFor(c, a, r.in.Body)
	if err != nil {
		return err
	}
	if body != nil {
		r.in.Body = body.Slug
	}
	zone := ""
	if body != nil {
		zone = body.Zone
	}
	var check models.Check
	check.Field(slices.Contains(channels, string(r.in.Channel)), "channel", "required")
	at, code := d.receivedAt(r.received, text.Zone(zone))
	check.Field(code == "", "received", code)
	err = web.Faults(in.Err(), check.Err())
	var filed casework.Filed
	if err == nil {
		filed, err = d.svc.At(at).File(c.UserContext(), a, r.in)
	}
	if err != nil {
		errs, status, ok := web.FormErrors(l, err)
		if !ok {
			return err
		}
		errs = web.InOrder(errs, "channel", "received", "body", "kind", "subject", "text", "purpose", "delivery",
			"requester_kind", "anonymity", "name", "email", "contact", "phone", "identity_number", "address")
		page, pageErr := d.recordPage(c, r, errs)
		if pageErr != nil {
			return pageErr
		}
		return web.Render(c, status, page)
	}
	return web.Render(c, fiber.StatusCreated, d.recordedPage(c, filed))
}

// receivedAt reads the day something was received. Of a day before today only the day is known;
// noon of it lies in that day wherever the office is, and before every cut-off.
func (d *desk) receivedAt(s string, loc *time.Location) (time.Time, string) {
	now := d.w.Now()
	day, err := policies.ParseDate(s)
	today := policies.DateOf(now, loc)
	switch {
	case s == "":
		return now, "required"
	case err != nil:
		return now, "date"
	case day.After(today):
		return now, "date_future"
	case day == today:
		return now, ""
	case day.Before(today.AddDays(-3660)):
		return now, "date"
	}
	return day.In(loc).Add(12 * time.Hour), ""
}

func requesterOf(in *web.Form) casework.RequesterInput {
	return casework.RequesterInput{
		Kind: models.RequesterKind(in.Line("requester_kind")), Name: in.Line("name"), Email: in.Line("email"), Phone: in.Line("phone"),
		IdentityNumber: in.Line("identity_number"), Address: in.Text("address"),
	}
}

// bodyFor is the body a case is recorded for: the officer's own; for one who serves
// the whole installation, the one chosen. nil when none was chosen yet.
func (d *desk) bodyFor(c *fiber.Ctx, a models.Actor, chosen string) (*models.Body, error) {
	if a.BodyID != nil {
		list, err := d.svc.Bodies(c.UserContext(), *a.BodyID-1, 1)
		if err != nil || len(list) == 0 || list[0].ID != *a.BodyID {
			return nil, err
		}
		return &list[0], nil
	}
	if chosen == "" {
		return nil, nil
	}
	b, err := d.svc.Body(c.UserContext(), chosen)
	if models.KindOf(err) == models.NotFound && err != nil {
		return nil, nil // File says so at the field
	}
	if err != nil {
		return nil, err
	}
	return &b.Body, nil
}

func (d *desk) recordPage(c *fiber.Ctx, r recorded, errs []components.FieldError) (templ.Component, error) {
	l := web.Lang(c)
	v := pages.DeskRecordForm{Step: pages.Step{Page: d.page(c, ""), Action: "/desk/record", BackURL: "/desk", Errors: errs}, Once: r.once}
	wrong := func(field string) string { return components.ErrorFor(errs, field) }
	if web.Actor(c).BodyID == nil {
		list, err := d.svc.Bodies(c.UserContext(), 0, 100)
		if err != nil {
			return nil, err
		}
		v.AskBody = true
		v.Body = components.Select{Lang: l, Name: "body", Label: l.T("desk.record.body"), Empty: l.T("field.choose"), Error: wrong("body")}
		for _, b := range list {
			v.Body.Options = append(v.Body.Options, components.Option{Value: b.Slug, Label: b.Name, Checked: b.Slug == r.in.Body})
		}
	}
	v.Channel = options(components.Choices{Lang: l, Name: "channel", Legend: l.T("desk.record.channel"), Error: wrong("channel"), Inline: true}, "channel.", string(r.in.Channel), channels...)
	v.Received = components.Input{Lang: l, Name: "received", Label: l.T("desk.record.received"), Hint: l.T("desk.record.received.hint"), Type: "date", Width: "20", Value: r.received, Error: wrong("received")}
	v.Kind = options(components.Choices{Lang: l, Name: "kind", Legend: l.T("desk.record.kind"), Error: wrong("kind")}, "kind.", string(r.in.Kind), "request", "complaint", "question")
	v.Subject = components.Input{Lang: l, Name: "subject", Label: l.T("desk.record.subject"), Hint: l.T("desk.record.subject.hint"), Value: r.in.Subject, Error: wrong("subject")}
	v.Text = components.TextArea{Lang: l, Name: "text", Label: l.T("desk.record.text"), Hint: l.T("desk.record.text.hint"), Value: r.in.Text, Error: wrong("text"), Max: models.MaxText}
	v.Purpose = components.TextArea{Lang: l, Name: "purpose", Label: l.T("desk.record.purpose"), Hint: l.T("desk.record.purpose.hint"), Value: r.in.Purpose, Error: wrong("purpose"), Rows: 3}
	v.Delivery = options(components.Choices{Lang: l, Name: "delivery", Legend: l.T("desk.record.delivery"), Error: wrong("delivery")}, "delivery.", string(r.in.Delivery), "electronic", "paper", "view")
	v.Anonymity = options(components.Choices{Lang: l, Name: "anonymity", Legend: l.T("desk.record.anonymity"), Error: wrong("anonymity")}, "anonymity.", string(r.in.Anonymity), "open", "hidden", "anonymous")
	v.Who, v.Fields, v.Address = who(l, r.in.Requester, errs)
	v.Keep = components.Choices{Lang: l, Name: "keep", Legend: l.T("desk.record.keep"), Options: []components.Option{{Value: "yes", Label: l.T("desk.record.keep_label"), Hint: l.T("desk.record.keep_hint"), Checked: r.keep}}}
	return pages.DeskRecord(v), nil
}

// who are the fields about the requester.
func who(l text.Lang, r casework.RequesterInput, errs []components.FieldError) (components.Choices, []components.Input, components.TextArea) {
	wrong := func(field string) string { return components.ErrorFor(errs, field) }
	kind := options(components.Choices{Lang: l, Name: "requester_kind", Legend: l.T("desk.record.requester_kind"), Error: wrong("requester_kind"), Inline: true},
		"requester_kind.", string(r.Kind), "individual", "legal_entity", "group")
	var fields []components.Input
	for _, f := range []struct{ name, value, kind string }{
		{"name", r.Name, ""}, {"email", r.Email, "email"}, {"phone", r.Phone, "tel"}, {"identity_number", r.IdentityNumber, ""},
	} {
		e := wrong(f.name)
		if f.name == "email" && e == "" {
			e = wrong("contact")
		}
		fields = append(fields, components.Input{
			Lang: l, Name: f.name, Label: l.T("desk.record." + f.name), Hint: hint(l, "desk.record."+f.name), Value: f.value, Type: f.kind, Error: e,
			Autocomplete: "off", // the officer's browser must not offer one requester's data for the next
		})
	}
	return kind, fields, components.TextArea{Lang: l, Name: "address", Label: l.T("desk.record.address"), Value: r.Address, Error: wrong("address"), Rows: 3}
}

func (d *desk) recordedPage(c *fiber.Ctx, filed casework.Filed) templ.Component {
	l := web.Lang(c)
	t := caseview.Teller{L: l, Loc: text.Zone(""), Now: d.w.Now()}
	v := pages.DeskRecordedView{
		Page: d.page(c, l.T("desk.recorded.title")), Reference: filed.Case.Reference, Key: filed.Key, CaseURL: caseURL(filed.Case.Reference, ""),
		TrackURL: d.w.Link("/track"), State: l.T("desk.recorded.state", l.T("kind."+string(filed.Case.Kind)), caseview.State(l, string(filed.Case.State))),
	}
	if filed.Case.DueOn != "" {
		v.Due = l.T("desk.recorded.due", t.Day(filed.Case.DueOn))
		v.Explains = t.DueDays(filed.Deadline, "")
	}
	if filed.Case.State == models.StateIncomplete {
		v.Missing = l.T("desk.recorded.incomplete")
	}
	return pages.DeskRecorded(v)
}

// --- completing what was recorded without all that the law asks for

func (d *desk) completeForm(c *fiber.Ctx) error {
	f, err := d.open(c, "complete")
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, drawComplete(f))
}

func (d *desk) complete(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	r, purpose := requesterOf(in), in.Text("purpose")
	err := in.Err()
	if err == nil {
		_, err = d.svc.Complete(c.UserContext(), web.Actor(c), c.Params("ref"), versionOf(in), r, purpose)
	}
	if err != nil {
		return d.again(c, in, err, drawComplete)
	}
	return d.done(c, "completed")
}

func drawComplete(f *form) templ.Component {
	l := f.t.L
	v := pages.DeskCompleteForm{DeskForm: f.frame("complete")}
	r := casework.RequesterInput{Kind: models.Individual}
	if q := f.v.Requester; q != nil {
		r = casework.RequesterInput{Kind: q.Kind, Name: q.Name, Email: q.Email, Phone: q.Phone, IdentityNumber: q.IdentityNumber, Address: q.Address}
	}
	if f.in != nil {
		r = requesterOf(f.in)
	} else {
		v.Missing = f.missing(r)
	}
	v.Who, v.Fields, v.Address = who(l, r, v.Errors)
	v.Purpose = f.area(v.DeskForm, "purpose", "desk.record.purpose", f.v.Case.Purpose, 3)
	return pages.DeskComplete(v)
}

// missing are the fields the case's law still asks for, in words.
func (f *form) missing(r casework.RequesterInput) []string {
	c := f.v.Case
	has := map[string]string{
		"name": r.Name, "email": r.Email, "phone": r.Phone, "contact": r.Email + r.Phone + r.Address, "identity_number": r.IdentityNumber,
		"address": r.Address, "purpose": c.Purpose, "subject": c.Subject, "text": c.Text, "delivery": string(c.Delivery),
	}
	var out []string
	for _, field := range f.v.Pack.RequiredFields(string(c.Kind), string(r.Kind), string(c.Anonymity)) {
		if has[field] == "" {
			out = append(out, web.FieldText(f.t.L, models.FieldError{Field: field, Code: "required"}))
		}
	}
	return out
}
