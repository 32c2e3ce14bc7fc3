package public

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

const draftCookie = "terang_draft"

// intake is a draft as the filing pages work on it. The service keeps it; nothing of it
// lives in the browser but the token.
type intake struct {
	token   string
	draft   *models.Draft
	answers models.DraftAnswers
	files   []models.Attachment
	body    *casework.BodyView // nil while none is chosen
}

// open reads the draft that the cookie names; nil when there is none, or it is gone.
func (h *handler) open(c *fiber.Ctx) (*intake, error) {
	token := h.w.GetCookie(c, draftCookie, "/")
	if token == "" {
		return nil, nil
	}
	return h.load(c.UserContext(), token)
}

func (h *handler) load(ctx context.Context, token string) (*intake, error) {
	in := &intake{token: token}
	var err error
	in.draft, in.answers, in.files, err = h.svc.Draft(ctx, token)
	if models.KindOf(err) == models.NotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if in.answers.Body != "" {
		in.body, err = h.svc.Body(ctx, in.answers.Body)
		if err != nil && models.KindOf(err) != models.NotFound {
			return nil, err
		}
	}
	return in, nil
}

func (h *handler) keepDraft(c *fiber.Ctx, token string) {
	h.w.SetCookie(c, web.Cookie{Name: draftCookie, Value: token, TTL: models.DraftKeptFor})
}

// drafting lets pass who holds a draft; others are shown where to begin. A form must
// carry the token made from the draft's cookie.
func (h *handler) drafting(next func(*fiber.Ctx, *intake) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		in, err := h.open(c)
		if err != nil {
			return err
		}
		if in == nil {
			return web.SeeOther(c, "/file")
		}
		if web.Unsafe(c) {
			if err := h.w.CheckSeeded(c, in.token); err != nil {
				return err
			}
		}
		return next(c, in)
	}
}

// law is what the chosen body answers under; nil before one is chosen.
func (in *intake) law() *policies.Pack {
	if in.body == nil {
		return nil
	}
	return in.body.Law
}

// needs says whether the law asks for a field of this filing.
func (in *intake) needs(field string) bool {
	p := in.law()
	return p != nil && slices.Contains(p.RequiredFields(string(in.answers.Kind), string(in.requesterKind()), string(in.anonymity())), field)
}

func (in *intake) requesterKind() models.RequesterKind {
	if in.answers.RequesterKind == "" {
		return models.Individual
	}
	return in.answers.RequesterKind
}

func (in *intake) anonymity() models.Anonymity {
	if in.answers.Anonymity == "" {
		return models.Open
	}
	return in.answers.Anonymity
}

// lawful lists what the law offers at a step that is a choice.
func (in *intake) lawful(step string) []string {
	p := in.law()
	if p == nil {
		return nil
	}
	k, ok := p.Kind(string(in.answers.Kind))
	if !ok {
		return nil
	}
	if step == "requester" {
		return k.RequesterKinds
	}
	return k.Anonymity
}

// steps lists the questions this filing needs, in order. What the answers so far make
// pointless is left out: a purpose is asked only of who wants information, a name
// only of who gives one.
func (in *intake) steps() []string {
	steps := []string{"kind", "body", "subject", "similar", "text"}
	if in.answers.Kind == models.Request {
		steps = append(steps, "purpose")
	}
	if len(in.lawful("anonymity")) != 1 {
		steps = append(steps, "anonymity")
	}
	if in.anonymity() != models.Anonymous {
		if len(in.lawful("requester")) != 1 {
			steps = append(steps, "requester")
		}
		steps = append(steps, "identity", "contact")
	}
	if in.answers.Kind == models.Request {
		steps = append(steps, "delivery")
	}
	return append(steps, "attachments", "check")
}

// counted are the steps that a reader sees numbered: "similar" only comes up when
// there is something, and the check is not a question.
func (in *intake) counted() []string {
	return slices.DeleteFunc(in.steps(), func(s string) bool { return s == "similar" || s == "check" })
}

func (in *intake) after(step string) string  { return in.beside(step, 1) }
func (in *intake) before(step string) string { return in.beside(step, -1) }

func (in *intake) beside(step string, by int) string {
	steps := in.steps()
	i := slices.Index(steps, step)
	if i < 0 || i+by < 0 {
		return ""
	}
	return steps[min(i+by, len(steps)-1)]
}

func stepURL(step string) templ.SafeURL { return href("/file/" + step) }

// frame fills what every question's page has.
func (h *handler) frame(c *fiber.Ctx, in *intake, step string, errs []components.FieldError) pages.Step {
	s := pages.Step{Page: h.w.Page(c, "", in.token), Errors: errs, SaveURL: "/file/resume"}
	s.Action = href(c.Path())
	if changing(c) {
		s.BackURL = stepURL("check")
		s.Action += "?change=1"
	} else if b := in.before(step); b == "similar" {
		s.BackURL = stepURL("subject")
	} else if b != "" {
		s.BackURL = stepURL(b)
	}
	if n := slices.Index(in.counted(), step); n >= 0 {
		s.Number, s.Of = n+1, len(in.counted())
	}
	return s
}

// changing says whether the reader came from the list of answers and goes back there.
func changing(c *fiber.Ctx) bool { return c.Query("change") != "" }

func (h *handler) goOn(c *fiber.Ctx, in *intake, step string) error {
	if changing(c) {
		return web.SeeOther(c, "/file/check")
	}
	return web.SeeOther(c, string(stepURL(in.after(step))))
}

// faults checks the whole filing and keeps what concerns the fields of one step. The
// rules are the verb's own: what a step lets pass, the filing will not refuse.
func (h *handler) faults(ctx context.Context, in *intake, fields ...string) error {
	err := h.svc.CheckFile(ctx, casework.DraftInput(in.answers))
	var e *models.Error
	if err == nil {
		return nil
	}
	if !errors.As(err, &e) || e.Kind != models.Invalid {
		return err
	}
	var mine []models.FieldError
	for _, f := range e.Fields {
		if f.Field == "contact" && slices.Contains(fields, "email") {
			mine = append(mine, models.FieldError{Field: "email", Code: "contact_required"})
		} else if slices.Contains(fields, f.Field) {
			mine = append(mine, f)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: mine}
}

func (h *handler) start(c *fiber.Ctx) error {
	in, err := h.open(c)
	if err != nil {
		return err
	}
	v := pages.FileStart{Page: h.w.Page(c, "", "")}
	q := url.Values{}
	if k := models.Kind(c.Query("kind")); slices.Contains(models.FileableKinds, k) {
		v.Kind = string(k)
		q.Set("kind", v.Kind)
	}
	if b := c.Query("body"); b != "" {
		q.Set("body", b)
	}
	if in != nil {
		l := web.Lang(c)
		v.DraftURL = stepURL(in.next())
		v.DraftText = in.answers.Subject + " (" + l.ShortDateTime(in.draft.UpdatedAt, nil) + ")"
		q.Set("new", "1") // what is begun now does not write over it
	}
	v.StartURL = "/file/kind"
	if len(q) > 0 {
		v.StartURL += href("?" + q.Encode())
	}
	return web.Render(c, fiber.StatusOK, pages.FileStartPage(v))
}

// next is the first question without an answer.
func (in *intake) next() string {
	a := in.answers
	for _, s := range in.steps() {
		switch {
		case s == "kind" && a.Kind == "", s == "body" && a.Body == "", s == "subject" && a.Subject == "", s == "text" && a.Text == "",
			s == "purpose" && a.Purpose == "", s == "anonymity" && a.Anonymity == "", s == "requester" && a.RequesterKind == "",
			s == "identity" && a.Name == "" && in.needs("name"), s == "delivery" && a.Delivery == "", s == "attachments" && !a.AttachmentsAsk:
			return s
		}
	}
	return "check"
}

// draftUntil is when a draft that nobody touches is deleted.
func draftUntil(d *models.Draft) time.Time { return d.UpdatedAt.Add(models.DraftKeptFor) }
