package public

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// act is the frame of a page with a form about a case.
func (h *handler) act(c *fiber.Ctx, r keyedRequest, v *casework.CaseView, what string, errs []components.FieldError) pages.Step {
	s := pages.Step{
		Page: h.w.Page(c, "", r.seed), Errors: errs, BackURL: caseURL(r.ref), Action: caseURL(r.ref, what),
		Version: strconv.FormatInt(v.Case.Version, 10),
	}
	s.AltURL = href(string(caseURL(r.ref, what)) + "?lang=" + string(web.Lang(c).Other()))
	return s
}

// shown gives the case when something is possible with it now.
func (h *handler) shown(c *fiber.Ctx, r keyedRequest, action string) (*casework.CaseView, error) {
	v, err := h.svc.Case(c.UserContext(), r.actor, r.ref)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.May, action) {
		return nil, models.Refuse(models.Conflict, "not_allowed")
	}
	return v, nil
}

// offered is a page with the form of an action. Who comes to it when the action is not
// possible, by an old link, is led to the case, which says what is.
func (h *handler) offered(action string, draw func(*fiber.Ctx, keyedRequest, *casework.CaseView) error) func(*fiber.Ctx, keyedRequest) error {
	return func(c *fiber.Ctx, r keyedRequest) error {
		v, err := h.shown(c, r, action)
		if models.KindOf(err) == models.Conflict && err != nil {
			h.w.Flash(c, "case.flash.warn_not_now")
			return web.SeeOther(c, casePath(r.ref))
		}
		if err != nil {
			return err
		}
		return draw(c, r, v)
	}
}

// ---- reply: the clarification that was asked for, or what an incomplete case lacks

func (h *handler) replyPage(c *fiber.Ctx, r keyedRequest, v *casework.CaseView) error {
	if v.Case.State == models.StateIncomplete {
		return h.drawComplete(c, r, v, pages.CaseComplete{}, nil, fiber.StatusOK)
	}
	return h.drawReply(c, r, v, "", nil, fiber.StatusOK)
}

func (h *handler) drawReply(c *fiber.Ctx, r keyedRequest, v *casework.CaseView, words string, errs []components.FieldError, status int) error {
	p := casePage{l: web.Lang(c), v: v, zone: text.Zone(v.Body.Zone)}
	question, on := p.question()
	return web.Render(c, status, pages.CaseReplyPage(pages.CaseReply{
		Step: h.act(c, r, v, "reply", errs), Reference: r.ref, Question: question, AskedOn: on, Text: words,
	}))
}

func (h *handler) drawComplete(c *fiber.Ctx, r keyedRequest, v *casework.CaseView, typed pages.CaseComplete, errs []components.FieldError, status int) error {
	p := casePage{l: web.Lang(c), v: v}
	typed.Step, typed.Reference = h.act(c, r, v, "reply", errs), r.ref
	if v.Requester != nil {
		typed.RequesterKind = string(v.Requester.Kind)
	}
	for _, f := range p.missing() {
		if f == "contact" {
			typed.Needs = append(typed.Needs, "email", "phone")
			continue
		}
		typed.Needs = append(typed.Needs, f)
	}
	return web.Render(c, status, pages.CaseCompletePage(typed))
}

func (h *handler) reply(c *fiber.Ctx, r keyedRequest) error {
	v, err := h.shown(c, r, policies.ActMessage)
	if err != nil {
		return err
	}
	if v.Case.State == models.StateIncomplete {
		return h.complete(c, r, v)
	}
	f := web.ReadForm(c)
	words := f.Text("text")
	err = f.Err()
	if err == nil {
		// Version 0: words are never lost to a race.
		_, err = h.svc.Say(c.UserContext(), r.actor, r.ref, casework.TextInput{Text: words})
	}
	err = web.Rename(err, "text", "text", "required", "message_required")
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return h.drawReply(c, r, v, words, errs, status)
	}
	if err != nil {
		return err
	}
	h.w.Flash(c, "case.flash.replied")
	return web.SeeOther(c, casePath(r.ref))
}

// complete gives an incomplete case what it lacked. What was there stays as it was.
func (h *handler) complete(c *fiber.Ctx, r keyedRequest, v *casework.CaseView) error {
	f := web.ReadForm(c)
	typed := pages.CaseComplete{
		Purpose: f.Text("purpose"), Name: f.Line("name"), IdentityNumber: f.Line("identity_number"),
		Address: f.Text("address"), Email: f.Line("email"), Phone: f.Line("phone"),
	}
	was := models.Requester{}
	if v.Requester != nil {
		was = *v.Requester
	}
	in := casework.RequesterInput{
		Kind: was.Kind, Name: first(typed.Name, was.Name), Email: first(typed.Email, was.Email), Phone: first(typed.Phone, was.Phone),
		IdentityNumber: first(typed.IdentityNumber, was.IdentityNumber), Address: first(typed.Address, was.Address),
	}
	version := f.Int("version")
	err := f.Err()
	if err == nil {
		_, err = h.svc.Complete(c.UserContext(), r.actor, r.ref, version, in, first(typed.Purpose, v.Case.Purpose))
	}
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return h.drawComplete(c, r, v, typed, errs, status)
	}
	if err != nil {
		return err
	}
	h.w.Flash(c, "case.flash.completed")
	return web.SeeOther(c, casePath(r.ref))
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// ---- message

func (h *handler) messagePage(c *fiber.Ctx, r keyedRequest, v *casework.CaseView) error {
	return h.drawMessage(c, r, v, "", nil, fiber.StatusOK)
}

func (h *handler) drawMessage(c *fiber.Ctx, r keyedRequest, v *casework.CaseView, words string, errs []components.FieldError, status int) error {
	return web.Render(c, status, pages.CaseMessagePage(pages.CaseMessage{Step: h.act(c, r, v, "message", errs), Reference: r.ref, Text: words}))
}

func (h *handler) message(c *fiber.Ctx, r keyedRequest) error {
	v, err := h.shown(c, r, policies.ActMessage)
	if err != nil {
		return err
	}
	f := web.ReadForm(c)
	words := f.Text("text")
	if err = f.Err(); err == nil {
		_, err = h.svc.Pressure(c.UserContext(), casework.UseSay, "case:"+r.ref)
	}
	if err == nil {
		if _, err = h.svc.Say(c.UserContext(), r.actor, r.ref, casework.TextInput{Text: words}); err == nil {
			err = h.svc.Used(c.UserContext(), casework.UseSay, "case:"+r.ref)
		}
	}
	err = web.Rename(err, "text", "text", "required", "message_required")
	if errs, status, ok := h.waits(c, err, "throttle.say_at"); ok {
		return h.drawMessage(c, r, v, words, errs, status)
	}
	if err != nil {
		return err
	}
	h.w.Flash(c, "case.flash.sent")
	return web.SeeOther(c, casePath(r.ref))
}

// ---- withdraw

func (h *handler) withdrawPage(c *fiber.Ctx, r keyedRequest, v *casework.CaseView) error {
	return h.drawWithdraw(c, r, v, "", nil, fiber.StatusOK)
}

func (h *handler) drawWithdraw(c *fiber.Ctx, r keyedRequest, v *casework.CaseView, why string, errs []components.FieldError, status int) error {
	return web.Render(c, status, pages.CaseWithdrawPage(pages.CaseWithdraw{
		Step: h.act(c, r, v, "withdraw", errs), Reference: r.ref, Subject: v.Case.Subject, Reason: why, CaseURL: caseURL(r.ref),
	}))
}

func (h *handler) withdraw(c *fiber.Ctx, r keyedRequest) error {
	v, err := h.shown(c, r, "withdraw")
	if err != nil {
		return err
	}
	f := web.ReadForm(c)
	why, version := f.Text("reason"), f.Int("version")
	if err = f.Err(); err == nil {
		// The version matters here: an answer may have come since the page was drawn.
		_, err = h.svc.Withdraw(c.UserContext(), r.actor, r.ref, casework.TextInput{Version: version, Text: why})
	}
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return h.drawWithdraw(c, r, v, why, errs, status)
	}
	if err != nil {
		return err
	}
	h.w.Flash(c, "case.flash.withdrawn")
	return web.SeeOther(c, casePath(r.ref))
}

// ---- object

func (h *handler) objectPage(c *fiber.Ctx, r keyedRequest, v *casework.CaseView) error {
	return h.drawObject(c, r, v, pages.CaseObject{}, nil, fiber.StatusOK)
}

func (h *handler) drawObject(c *fiber.Ctx, r keyedRequest, v *casework.CaseView, typed pages.CaseObject, errs []components.FieldError, status int) error {
	l := web.Lang(c)
	typed.Step, typed.Reference, typed.Subject = h.act(c, r, v, "object", errs), r.ref, v.Case.Subject
	for _, g := range v.Objection.Grounds {
		typed.Grounds = append(typed.Grounds, components.Option{Value: g.ID, Label: g.Title.In(string(l)), Hint: l.Law(g.Article)})
	}
	if day := web.DayOf(l, v.Objection.Until); day != "" {
		typed.Window = l.T("due.by", day)
	}
	for _, cl := range v.Clocks {
		if law, ok := v.Pack.Clock(cl.Name); ok && cl.Name == "objection" {
			typed.WindowDue = web.Due(l, cl.Deadline, law.Unit)
		}
	}
	if law, ok := v.Pack.PrimaryClock(string(models.Objection)); ok {
		typed.AnswerText = law.Title.In(string(l)) + ": " + clockLength(l, law) + " (" + l.Law(law.Article) + ")."
	}
	return web.Render(c, status, pages.CaseObjectPage(typed))
}

func (h *handler) object(c *fiber.Ctx, r keyedRequest) error {
	v, err := h.shown(c, r, "object")
	if err != nil {
		return err
	}
	f := web.ReadForm(c)
	typed := pages.CaseObject{Ground: f.Line("ground"), Reason: f.Text("reason"), Desired: f.Text("desired")}
	var filed casework.Filed
	if err = f.Err(); err == nil {
		words := typed.Reason
		if words != "" && typed.Desired != "" {
			words += "\n\n" + web.Lang(c).T("object.desired") + "\n" + typed.Desired
		}
		filed, err = h.svc.Object(c.UserContext(), r.actor, r.ref, casework.ObjectInput{Ground: typed.Ground, Text: words, Lang: string(web.Lang(c))})
	}
	err = web.Rename(err, "text", "reason")
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok {
		return h.drawObject(c, r, v, typed, errs, status)
	}
	if err != nil {
		return err
	}
	email := ""
	if v.Requester != nil {
		email = v.Requester.Email
	}
	return h.confirm(c, confirmed(filed, email))
}

// ---- files

func (h *handler) receipt(c *fiber.Ctx, r keyedRequest) error {
	event, name := int64(0), r.ref
	if q := c.Query("event"); q != "" {
		n, err := strconv.ParseInt(q, 10, 64)
		if err != nil || n <= 0 {
			return notFound()
		}
		event, name = n, r.ref+"-"+q
	}
	data, err := h.svc.Receipt(c.UserContext(), r.actor, r.ref, event)
	if err != nil {
		return err
	}
	return web.SendFile(c, name+".tlog-proof", fiber.MIMEOctetStream, data)
}

func (h *handler) document(c *fiber.Ctx, r keyedRequest) error {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return notFound()
	}
	a, data, err := h.svc.Document(c.UserContext(), r.actor, r.ref, id)
	if err != nil {
		return err
	}
	return web.Download(c, a, data)
}
