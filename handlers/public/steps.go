package public

import (
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// question is one page of the filing form: how its answers are read, which fields of a
// filing they are, and how it is drawn.
type question struct {
	fields []string
	read   func(f *web.Form, a *models.DraftAnswers)
	draw   func(s pages.Step, in *intake) templ.Component
}

// questions by step. Kind begins a draft, similar and attachments are not answers, and
// check sends: they have handlers of their own.
var questions = map[string]question{
	"subject": {
		[]string{"subject"},
		func(f *web.Form, a *models.DraftAnswers) { a.Subject = f.Line("subject") },
		func(s pages.Step, in *intake) templ.Component {
			return pages.FileSubjectPage(pages.FileSubject{Step: s, Kind: string(in.answers.Kind), Subject: in.answers.Subject, Max: models.MaxSubject})
		},
	},
	"text": {
		[]string{"text"},
		func(f *web.Form, a *models.DraftAnswers) { a.Text = f.Text("text") },
		func(s pages.Step, in *intake) templ.Component {
			return pages.FileTextPage(pages.FileText{Step: s, Kind: string(in.answers.Kind), Text: in.answers.Text, Max: models.MaxText})
		},
	},
	"purpose": {
		[]string{"purpose"},
		func(f *web.Form, a *models.DraftAnswers) { a.Purpose = f.Text("purpose") },
		func(s pages.Step, in *intake) templ.Component {
			return pages.FilePurposePage(pages.FilePurpose{Step: s, Purpose: in.answers.Purpose, Article: s.Lang.Law(in.articleOf("purpose")), Optional: !in.needs("purpose")})
		},
	},
	"anonymity": {
		[]string{"anonymity"},
		func(f *web.Form, a *models.DraftAnswers) { a.Anonymity = models.Anonymity(f.Line("anonymity")) },
		func(s pages.Step, in *intake) templ.Component {
			return pages.FileAnonymityPage(pages.FileAnonymity{Step: s, Kind: string(in.answers.Kind), Anonymity: string(in.answers.Anonymity),
				Hidden: told(s.Lang, in.mayBe(models.Hidden)), Anonymous: told(s.Lang, in.mayBe(models.Anonymous))})
		},
	},
	"requester": {
		[]string{"requester_kind"},
		func(f *web.Form, a *models.DraftAnswers) {
			a.RequesterKind = models.RequesterKind(f.Line("requester_kind"))
		},
		func(s pages.Step, in *intake) templ.Component {
			return pages.FileRequesterPage(pages.FileRequester{Step: s, RequesterKind: string(in.answers.RequesterKind)})
		},
	},
	"identity": {
		[]string{"name", "identity_number", "address"},
		func(f *web.Form, a *models.DraftAnswers) {
			a.Name, a.IdentityNumber, a.Address = f.Line("name"), f.Line("identity_number"), f.Text("address")
		},
		func(s pages.Step, in *intake) templ.Component {
			a := in.answers
			return pages.FileIdentityPage(pages.FileIdentity{Step: s, RequesterKind: string(in.requesterKind()), Name: a.Name, IdentityNumber: a.IdentityNumber,
				Address: a.Address, IdentityOptional: !in.needs("identity_number"), AddressOptional: !in.needs("address"), Article: s.Lang.Law(in.articleOf("name"))})
		},
	},
	"contact": {
		[]string{"email", "phone"},
		func(f *web.Form, a *models.DraftAnswers) { a.Email, a.Phone = f.Line("email"), f.Line("phone") },
		func(s pages.Step, in *intake) templ.Component {
			return pages.FileContactPage(pages.FileContact{Step: s, Email: in.answers.Email, Phone: in.answers.Phone,
				EmailRequired: in.needs("email"), Anonymous: in.anonymity() == models.Anonymous})
		},
	},
	"delivery": {
		[]string{"delivery"},
		func(f *web.Form, a *models.DraftAnswers) { a.Delivery = models.Delivery(f.Line("delivery")) },
		func(s pages.Step, in *intake) templ.Component {
			return pages.FileDeliveryPage(pages.FileDelivery{Step: s, Delivery: string(in.answers.Delivery)})
		},
	},
}

// chosen are answers that the verb has a default for; here somebody chooses.
func chosen(step string, a models.DraftAnswers) error {
	var c models.Check
	switch step {
	case "anonymity":
		c.Field(a.Anonymity != "", "anonymity", "required")
	case "requester":
		c.Field(a.RequesterKind != "", "requester_kind", "required")
	case "delivery":
		c.Field(a.Delivery != "", "delivery", "required")
	}
	return c.Err()
}

func (in *intake) mayBe(a models.Anonymity) pages.LawAnswer {
	p := in.law()
	if p == nil {
		return pages.LawAnswer{}
	}
	d := p.AllowsAnonymity(string(in.answers.Kind), string(a))
	return pages.LawAnswer{Allowed: d.Allowed, Article: d.Article}
}

func told(l text.Lang, a pages.LawAnswer) pages.LawAnswer {
	a.Article = l.Law(a.Article)
	return a
}

// articleOf says where the law asks for a field; "" where it does not.
func (in *intake) articleOf(field string) string {
	p := in.law()
	if p == nil {
		return ""
	}
	k, ok := p.Kind(string(in.answers.Kind))
	if !ok {
		return ""
	}
	for _, f := range k.Required {
		if f.ID == field {
			return f.Article
		}
	}
	return ""
}

func (h *handler) stepPage(c *fiber.Ctx, in *intake) error {
	step := c.Params("step")
	switch step {
	case "body":
		return h.drawBody(c, in, nil, fiber.StatusOK)
	case "similar":
		return h.similarPage(c, in)
	}
	q, ok := questions[step]
	if !ok {
		return notFound()
	}
	if early := in.tooEarly(); early != "" {
		return web.SeeOther(c, "/file/"+early)
	}
	return web.Render(c, fiber.StatusOK, q.draw(h.frame(c, in, step, nil), in))
}

// tooEarly names the step that all others wait for: without kind and body there is no
// law to ask by.
func (in *intake) tooEarly() string {
	switch {
	case in.answers.Kind == "":
		return "kind"
	case in.body == nil:
		return "body"
	}
	return ""
}

func (h *handler) saveStep(c *fiber.Ctx, in *intake) error {
	step := c.Params("step")
	switch step {
	case "body":
		return h.saveBody(c, in)
	case "similar":
		in.answers.SimilarSeen = true
		if err := h.svc.SaveDraft(c.UserContext(), in.token, in.answers); err != nil {
			return err
		}
		return h.goOn(c, in, step)
	}
	q, ok := questions[step]
	if !ok {
		return notFound()
	}
	f := web.ReadForm(c)
	q.read(f, &in.answers)
	err := web.Faults(f.Err(), chosen(step, in.answers), h.faults(c.UserContext(), in, q.fields...))
	if err == nil {
		err = h.svc.SaveDraft(c.UserContext(), in.token, in.answers)
	}
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return web.Render(c, status, q.draw(h.frame(c, in, step, errs), in))
	}
	if err != nil {
		return err
	}
	return h.goOn(c, in, step)
}

// ---- kind: the question that begins a draft

func (h *handler) kindPage(c *fiber.Ctx) error {
	in, err := h.openUnlessNew(c)
	if err != nil {
		return err
	}
	kind := in.answers.Kind
	if asked := models.Kind(c.Query("kind")); slices.Contains(models.FileableKinds, asked) {
		kind = asked
	}
	return h.drawKind(c, in, kind, nil, fiber.StatusOK)
}

// openUnlessNew gives the draft in this browser, or an empty one when there is none or
// another is wanted beside it.
func (h *handler) openUnlessNew(c *fiber.Ctx) (*intake, error) {
	if c.Query("new") == "" {
		if in, err := h.open(c); in != nil || err != nil {
			return in, err
		}
	}
	return &intake{}, nil
}

func (h *handler) drawKind(c *fiber.Ctx, in *intake, kind models.Kind, errs []components.FieldError, status int) error {
	s := h.frame(c, in, "kind", errs)
	if !changing(c) {
		s.BackURL = "/file"
		q := url.Values{}
		for _, name := range []string{"new", "body"} {
			if v := c.Query(name); v != "" {
				q.Set(name, v)
			}
		}
		if len(q) > 0 {
			s.Action += href("?" + q.Encode())
		}
	}
	if in.token == "" {
		s.SaveURL = ""
	}
	return web.Render(c, status, pages.FileKindPage(pages.FileKind{Step: s, Kind: string(kind)}))
}

func (h *handler) saveKind(c *fiber.Ctx) error {
	in, err := h.openUnlessNew(c)
	if err != nil {
		return err
	}
	if in.token != "" {
		if err := h.w.CheckSeeded(c, in.token); err != nil {
			return err
		}
	}
	f := web.ReadForm(c)
	in.answers.Kind = models.Kind(f.Line("kind"))
	err = web.Faults(f.Err(), h.faults(c.UserContext(), in, "kind"))
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return h.drawKind(c, in, in.answers.Kind, errs, status)
	}
	if err != nil {
		return err
	}
	in.dropUnlawful()
	if in.token == "" {
		stranger := h.w.Stranger(c)
		if _, err := h.svc.Pressure(c.UserContext(), casework.UseDraft, stranger); err != nil {
			if errs, status, ok := h.waits(c, err, "throttle.try_at"); ok {
				return h.drawKind(c, in, in.answers.Kind, errs, status)
			}
			return err
		}
		if err := h.svc.Used(c.UserContext(), casework.UseDraft, stranger); err != nil {
			return err
		}
		if in.token, in.draft, err = h.svc.NewDraft(c.UserContext(), string(web.Lang(c))); err != nil {
			return err
		}
		in.answers.Lang = string(web.Lang(c))
		if b, err := h.svc.Body(c.UserContext(), c.Query("body")); err == nil {
			in.answers.Body = b.Slug
		}
		h.keepDraft(c, in.token)
	}
	if err := h.svc.SaveDraft(c.UserContext(), in.token, in.answers); err != nil {
		return err
	}
	return h.goOn(c, in, "kind")
}

// ---- body

func (h *handler) drawBody(c *fiber.Ctx, in *intake, errs []components.FieldError, status int) error {
	if in.answers.Kind == "" {
		return web.SeeOther(c, "/file/kind")
	}
	bodies, err := h.svc.Bodies(c.UserContext(), 0, bodiesShown)
	if err != nil {
		return err
	}
	v := pages.FileBody{Step: h.frame(c, in, "body", errs), Kind: string(in.answers.Kind), Body: in.answers.Body}
	for _, b := range bodies {
		v.Bodies = append(v.Bodies, components.Option{Value: b.Slug, Label: b.Name, Hint: b.About})
	}
	return web.Render(c, status, pages.FileBodyPage(v))
}

func (h *handler) saveBody(c *fiber.Ctx, in *intake) error {
	f := web.ReadForm(c)
	in.answers.Body = f.Line("body")
	err := web.Faults(f.Err(), h.faults(c.UserContext(), in, "body"))
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return h.drawBody(c, in, errs, status)
	}
	if err != nil {
		return err
	}
	if in.body, err = h.svc.Body(c.UserContext(), in.answers.Body); err != nil {
		return err
	}
	in.dropUnlawful()
	if err := h.svc.SaveDraft(c.UserContext(), in.token, in.answers); err != nil {
		return err
	}
	return h.goOn(c, in, "body")
}

// dropUnlawful asks anew what another kind or another body's law does not allow, and
// forgets what the new kind is not asked.
func (in *intake) dropUnlawful() {
	if in.answers.Kind != models.Request {
		in.answers.Purpose, in.answers.Delivery = "", ""
	}
	if in.law() != nil && !in.mayBe(in.anonymity()).Allowed {
		in.answers.Anonymity = ""
	}
}

// ---- similar: what is already out

func (h *handler) similarPage(c *fiber.Ctx, in *intake) error {
	if early := in.tooEarly(); early != "" {
		return web.SeeOther(c, "/file/"+early)
	}
	found, err := h.svc.Similar(c.UserContext(), in.answers.Body, in.answers.Subject, suggested)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return web.SeeOther(c, string(stepURL(in.after("similar"))))
	}
	v := pages.FileSimilar{Step: h.frame(c, in, "similar", nil), Subject: in.answers.Subject,
		Results: results(web.Lang(c), found, []models.Body{in.body.Body}, in.answers.Subject)}
	return web.Render(c, fiber.StatusOK, pages.FileSimilarPage(v))
}
