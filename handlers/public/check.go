package public

import (
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

func (h *handler) checkPage(c *fiber.Ctx, in *intake) error {
	if early := in.tooEarly(); early != "" {
		return web.SeeOther(c, "/file/"+early)
	}
	return h.drawCheck(c, in, nil, fiber.StatusOK)
}

// stepOf names the question that asks for a field.
func stepOf(field string) string {
	switch field {
	case "kind", "body":
		return field
	case "contact":
		return "contact"
	case "attachments":
		return "attachments"
	}
	for step, q := range questions {
		for _, f := range q.fields {
			if f == field {
				return step
			}
		}
	}
	return "text"
}

func changeURL(step string) templ.SafeURL { return stepURL(step) + "?change=1" }

func (h *handler) drawCheck(c *fiber.Ctx, in *intake, errs []components.FieldError, status int) error {
	l := web.Lang(c)
	v := pages.FileCheck{Step: h.frame(c, in, "check", errs), Kind: string(in.answers.Kind), Sections: in.sections(l)}
	v.Action = "/file/check"
	err := h.svc.CheckFile(c.UserContext(), casework.DraftInput(in.answers))
	var e *models.Error
	switch {
	case err == nil:
		v.CanSend = true
		v.Due = in.dueIfSentNow(l, h.w.Now())
	case errors.As(err, &e) && e.Kind == models.Invalid:
		for _, f := range e.Fields {
			v.Missing = append(v.Missing, components.Link{Label: web.FieldText(l, f), URL: changeURL(stepOf(f.Field))})
		}
	default:
		return err
	}
	return web.Render(c, status, pages.FileCheckPage(v))
}

func (in *intake) dueIfSentNow(l text.Lang, now time.Time) string {
	p := in.law()
	if p == nil {
		return ""
	}
	clock, ok := p.PrimaryClock(string(in.answers.Kind))
	if !ok {
		return ""
	}
	d, err := p.Due(clock.Name, now, policies.DueOptions{Zone: in.body.Zone, CutiBersamaWorking: in.body.WorksOnCollectiveLeave})
	if err != nil {
		return "" // a preview: the filing itself says why
	}
	return l.T("file.check.due", web.Day(l, d.Due))
}

// sections lists the answers as they will be filed, each with a way to change it.
func (in *intake) sections(l text.Lang) []pages.Answers {
	a := in.answers
	var what, who, files []components.SummaryRow
	add := func(to *[]components.SummaryRow, key, step string, values ...string) {
		row := components.SummaryRow{Key: l.T("fact." + key), ChangeURL: changeURL(step)}
		for _, v := range values {
			if v != "" {
				row.Values = append(row.Values, v)
			}
		}
		if len(row.Values) == 0 {
			row.Values = []string{l.T("fact.none")}
		}
		*to = append(*to, row)
	}
	add(&what, "kind", "kind", coded(l, "kind.", string(a.Kind)))
	if in.body != nil {
		add(&what, "body", "body", in.body.Name)
	}
	add(&what, "subject", "subject", a.Subject)
	add(&what, "text", "text", a.Text)
	for _, s := range in.steps() {
		switch s {
		case "purpose":
			add(&what, "purpose", s, a.Purpose)
		case "delivery":
			add(&what, "delivery", s, coded(l, "delivery.", string(a.Delivery)))
		case "anonymity":
			add(&who, "anonymity", s, coded(l, "anonymity.", string(a.Anonymity)))
		case "requester":
			add(&who, "requester_kind", s, coded(l, "requester_kind.", string(a.RequesterKind)))
		case "identity":
			add(&who, "name", s, a.Name)
			add(&who, "identity_number", s, a.IdentityNumber)
			add(&who, "address", s, a.Address)
		case "contact":
			add(&who, "email", s, a.Email)
			add(&who, "phone", s, a.Phone)
		}
	}
	var names []string
	for _, f := range in.files {
		names = append(names, f.Name+" ("+l.Bytes(f.Size)+")")
	}
	add(&files, "attachments", "attachments", names...)
	return []pages.Answers{
		{Title: l.T("file.check.section_what"), Rows: what},
		{Title: l.T("file.check.section_who"), Rows: who},
		{Title: l.T("file.check.section_files"), Rows: files},
	}
}

func coded(l text.Lang, prefix, code string) string {
	if code == "" {
		return ""
	}
	return l.T(prefix + code)
}

// confirmation is what the page after sending shows. It travels sealed in a cookie for a
// quarter of an hour, because the key is kept nowhere else.
type confirmation struct {
	CaseID    int64
	Reference string
	Key       string
	Kind      string
	Email     string
	Opened    string // the ID of the case's cookie, which closing the case spends
}

const (
	doneCookie = "terang_done"
	doneTTL    = 15 * time.Minute
)

// send files the draft. Sending twice files once: the draft goes in the same
// transaction, and a second send is answered with the first one's confirmation.
func (h *handler) send(c *fiber.Ctx) error {
	token := h.w.GetCookie(c, draftCookie, "/")
	if token == "" {
		return h.alreadySent(c)
	}
	if err := h.w.CheckSeeded(c, token); err != nil {
		return err
	}
	in, err := h.load(c.UserContext(), token)
	if err != nil {
		return err
	}
	if in != nil {
		if early := in.tooEarly(); early != "" {
			return web.SeeOther(c, "/file/"+early)
		}
		if web.ReadForm(c).Line("declaration") != "yes" {
			l := web.Lang(c)
			return h.drawCheck(c, in, []components.FieldError{{Field: "declaration", Text: l.Error("declaration")}}, fiber.StatusUnprocessableEntity)
		}
	}
	if in != nil {
		answered, err := h.stepFirst(c, in)
		if answered {
			return err
		}
		if errs, status, ok := h.waits(c, err, "throttle.try_at"); ok {
			return h.drawCheck(c, in, errs, status)
		}
		if err != nil {
			return err
		}
	}
	lang := string(web.Lang(c))
	filed, err := h.svc.FileDraft(c.UserContext(), token, lang, h.w.Stranger(c))
	switch {
	case err == nil:
	case models.KindOf(err) == models.NotFound:
		return h.alreadySent(c)
	case models.KindOf(err) == models.Invalid && in != nil:
		errs, status, _ := web.FormErrors(web.Lang(c), err)
		for i := range errs {
			errs[i].Field = "" // the fields are on other pages: the list below leads there
		}
		return h.drawCheck(c, in, errs, status)
	default:
		return err
	}
	h.w.DropCookie(c, draftCookie, "/")
	return h.confirm(c, confirmed(filed, filed.Email))
}

func confirmed(f casework.Filed, email string) confirmation {
	return confirmation{CaseID: f.Case.ID, Reference: f.Case.Reference, Key: f.Key, Kind: string(f.Case.Kind), Email: email}
}

// confirm opens the new case in this browser and leads to the page with its key.
func (h *handler) confirm(c *fiber.Ctx, conf confirmation) error {
	conf.Opened = rand.Text()
	if err := h.openCase(c, opened{CaseID: conf.CaseID, Reference: conf.Reference, ID: conf.Opened}); err != nil {
		return err
	}
	sealed, err := h.w.Seal(doneCookie, conf, doneTTL)
	if err != nil {
		return err
	}
	h.w.SetCookie(c, web.Cookie{Name: doneCookie, Value: sealed, Path: "/file", TTL: doneTTL})
	return web.SeeOther(c, "/file/done")
}

func (h *handler) alreadySent(c *fiber.Ctx) error {
	if h.w.GetCookie(c, doneCookie, "/file") != "" {
		return web.SeeOther(c, "/file/done")
	}
	return web.SeeOther(c, "/file")
}

func (h *handler) done(c *fiber.Ctx) error {
	var conf confirmation
	if err := h.w.Unseal(doneCookie, h.w.GetCookie(c, doneCookie, "/file"), &conf); err != nil {
		return web.SeeOther(c, "/track")
	}
	if left, err := h.svc.Spent(c.UserContext(), leftName(conf.Opened)); err != nil {
		return err
	} else if left {
		return web.SeeOther(c, "/track")
	}
	l := web.Lang(c)
	actor := models.Actor{Kind: models.ByRequester, CaseID: conf.CaseID, Lang: string(l), Via: "web"}
	view, err := h.svc.Case(c.UserContext(), actor, conf.Reference)
	if err != nil {
		return err
	}
	v := pages.FileDone{
		Page: h.w.Page(c, "", ""), Kind: conf.Kind, Reference: conf.Reference, Key: conf.Key, Body: view.Body.Name,
		Incomplete: view.Case.State == models.StateIncomplete, Email: conf.Email,
		CaseURL: caseURL(conf.Reference), ReceiptURL: caseURL(conf.Reference, "receipt"),
	}
	for _, cl := range view.Clocks {
		if !cl.Primary {
			continue
		}
		v.ClockTitle = cl.Title.In(string(l))
		v.DueOn = web.Day(l, cl.Deadline.Due)
		if law, ok := view.Pack.Clock(cl.Name); ok {
			v.Due = web.Due(l, cl.Deadline, law.Unit)
			v.Lapse = withArticle(law.OnLapse.Text.In(string(l)), l.Law(law.OnLapse.Article))
		}
	}
	v.Next = nextSteps(l, view)
	return web.Render(c, fiber.StatusOK, pages.FileDonePage(v))
}

func withArticle(s, article string) string {
	if s == "" || article == "" {
		return s
	}
	return strings.TrimSuffix(s, ".") + " (" + article + ")."
}

// nextSteps says what happens after sending, in order.
func nextSteps(l text.Lang, v *casework.CaseView) []string {
	out := []string{l.T("done.next_register")}
	if v.Case.Classification != models.Public && len(v.Rungs) > 0 {
		out = append(out, l.T("done.next_chain", coded(l, "classification.", string(v.Case.Classification))))
	}
	out = append(out, l.T("done.next_answer"))
	if _, ok := v.Pack.Clock("objection"); ok && v.Case.Kind == models.Request {
		out = append(out, l.T("done.next_object"))
	}
	if v.Case.Kind == models.Objection {
		out = append(out, l.T("done.next_dispute"))
	}
	return out
}

// ---- the resume code: the draft's own token, as people write it down

func (h *handler) resumePage(c *fiber.Ctx) error {
	return h.drawResume(c, "", nil, fiber.StatusOK)
}

func (h *handler) drawResume(c *fiber.Ctx, code string, errs []components.FieldError, status int) error {
	in, err := h.open(c)
	if err != nil {
		return err
	}
	v := pages.FileResume{Step: pages.Step{Page: h.w.Page(c, "", ""), Errors: errs, BackURL: "/file", Action: "/file/resume"}, Code: code}
	if in != nil {
		v.ResumeCode, v.DraftURL = in.token, stepURL(in.next())
		v.Until = web.Lang(c).Date(draftUntil(in.draft), nil)
	}
	return web.Render(c, status, pages.FileResumePage(v))
}

func (h *handler) resume(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	code := f.Line("code")
	var in *intake
	if f.Err() == nil && models.HashKey(code) != "" {
		var err error
		if in, err = h.load(c.UserContext(), code); err != nil {
			return err
		}
	}
	if in == nil {
		l := web.Lang(c)
		return h.drawResume(c, code, []components.FieldError{{Field: "code", Text: l.Error("resume_code")}}, fiber.StatusUnprocessableEntity)
	}
	h.keepDraft(c, code)
	return web.SeeOther(c, string(stepURL(in.next())))
}
