// Package desk serves the officers: their queues, the case with everything they
// decide on, one page for each thing they do to it, and the administrator's
// pages. It holds no rule: what may be done is asked of casework, what the law says of
// the case's own pack.
package desk

import (
	"context"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/layout"
)

// Verbs is what officers may do and see: the whole list of the desk's privileges.
type Verbs interface {
	Records
	Redactions
	Access

	Queue(ctx context.Context, a models.Actor, in casework.QueueInput) (casework.QueuePage, error)
	QueueCounts(ctx context.Context, a models.Actor) ([]casework.QueueCount, error)
	Case(ctx context.Context, a models.Actor, ref string) (*casework.CaseView, error)
	Assignable(ctx context.Context, a models.Actor, ref string) ([]models.Officer, []models.Unit, error)
	Front
	Document(ctx context.Context, a models.Actor, ref string, id int64) (*models.Attachment, io.ReadSeekCloser, error)

	At(occurred time.Time) *casework.Service
	File(ctx context.Context, a models.Actor, in casework.FileInput) (casework.Filed, error)
	Complete(ctx context.Context, a models.Actor, ref string, version int64, r casework.RequesterInput, purpose string) (*models.Case, error)
	Say(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Note(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Attach(ctx context.Context, a models.Actor, ref string, u casework.Upload) (*models.Attachment, error)
	Detach(ctx context.Context, a models.Actor, ref string, id int64) error
	AddDecree(ctx context.Context, a models.Actor, in casework.DecreeInput) error
	SetAway(ctx context.Context, a models.Actor, in casework.AwayInput) error
	Assign(ctx context.Context, a models.Actor, ref string, in casework.AssignInput) (*models.Case, error)
	Classify(ctx context.Context, a models.Actor, ref string, in casework.ClassifyInput) (*models.Case, error)
	AskClarification(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Extend(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)
	Escalate(ctx context.Context, a models.Actor, ref string, in casework.EscalationInput) (*models.Case, error)
	Decide(ctx context.Context, a models.Actor, ref string, in casework.DecideInput) (*models.Case, error)
	Publish(ctx context.Context, a models.Actor, ref string, in casework.PublishInput) (*models.Case, error)
	Close(ctx context.Context, a models.Actor, ref string, in casework.TextInput) (*models.Case, error)

	Bodies(ctx context.Context, after int64, limit int) ([]models.Body, error)
	Body(ctx context.Context, slug string) (*casework.BodyView, error)
	Officers(ctx context.Context, a models.Actor, after int64, limit int) ([]models.Officer, error)
	AddBody(ctx context.Context, a models.Actor, in casework.BodyInput) (*models.Body, error)
	AddUnit(ctx context.Context, a models.Actor, body string, in casework.UnitInput) (*models.Unit, error)
	AddOfficer(ctx context.Context, a models.Actor, in casework.OfficerInput) (*models.Officer, string, error)
	DisableOfficer(ctx context.Context, a models.Actor, email string) error
	PasswordLink(ctx context.Context, a models.Actor, email string) (string, error)
	SecondFactorRule() models.SecondFactorRule
	EndOfficerSessions(ctx context.Context, a models.Actor, email string) error
	ResetSecondFactor(ctx context.Context, a models.Actor, email string) (waits bool, err error)
	Resets(ctx context.Context, a models.Actor) ([]casework.ResetRow, error)
	ConfirmReset(ctx context.Context, a models.Actor, email string, agreed bool) error
}

type desk struct {
	svc Verbs
	w   *web.Web
}

// Mount puts the desk's routes into app. The roles on a route line are those that
// could ever do it; whether this officer may do it to this case, the verb says.
func Mount(app *fiber.App, svc Verbs, w *web.Web) {
	d := &desk{svc: svc, w: w}
	const (
		agent, head, info, superior = models.Agent, models.UnitHead, models.InfoOfficer, models.Superior
		admin                       = models.Administrator
	)

	app.Get("/desk", w.Officers(), d.queue)
	app.Get("/desk/record", w.Officers(), d.recordForm)
	app.Post("/desk/record", w.Officers(), d.record)

	app.Get("/desk/cases/:ref", w.Officers(), d.show)
	app.Get("/desk/cases/:ref/complete", w.Officers(), d.completeForm)
	app.Post("/desk/cases/:ref/complete", w.Officers(), d.complete)
	app.Get("/desk/cases/:ref/assign", w.Officers(), d.assignForm)
	app.Post("/desk/cases/:ref/assign", w.Officers(), d.assign)
	app.Get("/desk/cases/:ref/classify", w.Officers(), d.classifyForm)
	app.Post("/desk/cases/:ref/classify", w.Officers(), d.classify)
	app.Get("/desk/cases/:ref/clarification", w.Officers(), d.clarificationForm)
	app.Post("/desk/cases/:ref/clarification", w.Officers(), d.clarification)
	app.Get("/desk/cases/:ref/extend", w.Officers(head, info, superior), d.extendForm)
	app.Post("/desk/cases/:ref/extend", w.Officers(head, info, superior), d.extend)
	app.Get("/desk/cases/:ref/escalation", w.Officers(), d.escalationForm)
	app.Post("/desk/cases/:ref/escalation", w.Officers(), d.escalation)
	app.Get("/desk/cases/:ref/decision", w.Officers(agent, head, info, superior), d.decisionForm)
	app.Post("/desk/cases/:ref/decision", w.Officers(agent, head, info, superior), d.decision)
	app.Get("/desk/cases/:ref/publication", w.Officers(info, superior), d.publicationForm)
	app.Post("/desk/cases/:ref/publication", w.Officers(info, superior), d.publication)
	app.Get("/desk/cases/:ref/unpublish", w.Officers(info, superior), d.unpublishForm)
	app.Post("/desk/cases/:ref/unpublish", w.Officers(info, superior), d.unpublish)
	app.Get("/desk/cases/:ref/message", w.Officers(), d.messageForm)
	app.Post("/desk/cases/:ref/message", w.Officers(), d.message)
	app.Get("/desk/cases/:ref/note", w.Officers(), d.noteForm)
	app.Post("/desk/cases/:ref/note", w.Officers(), d.note)
	app.Get("/desk/cases/:ref/close", w.Officers(), d.closeForm)
	app.Post("/desk/cases/:ref/close", w.Officers(), d.close)
	app.Get("/desk/cases/:ref/attachments", w.Officers(), d.attachForm)
	app.Post("/desk/cases/:ref/attachments", w.Officers(), d.attach)
	app.Get("/desk/cases/:ref/attachments/:id", w.Officers(), d.document)
	app.Post("/desk/cases/:ref/attachments/:id/remove", w.Officers(), d.detach)

	d.mountRecords(app)
	d.mountRedactions(app)
	d.mountAccess(app)
	d.mountFront(app)

	app.Get("/desk/admin", w.Officers(admin), d.admin)
	app.Get("/desk/admin/laws", w.Officers(admin), d.laws)
	app.Get("/desk/admin/decrees/new", w.Officers(admin), d.decreeForm)
	app.Post("/desk/admin/decrees/new", w.Officers(admin), d.addDecree)
	app.Get("/desk/admin/officers/away", w.Officers(admin), d.awayForm)
	app.Post("/desk/admin/officers/away", w.Officers(admin), d.setAway)
	app.Get("/desk/admin/bodies/new", w.Officers(admin), d.bodyForm)
	app.Post("/desk/admin/bodies/new", w.Officers(admin), d.addBody)
	app.Get("/desk/admin/units/new", w.Officers(admin), d.unitForm)
	app.Post("/desk/admin/units/new", w.Officers(admin), d.addUnit)
	app.Get("/desk/admin/officers", w.Officers(admin), d.officers)
	app.Get("/desk/admin/officers/new", w.Officers(admin), w.Confirmed, d.officerForm)
	app.Post("/desk/admin/officers/new", w.Officers(admin), w.Confirmed, d.addOfficer)
	app.Get("/desk/admin/officers/disable", w.Officers(admin), w.Confirmed, d.disableForm)
	app.Post("/desk/admin/officers/disable", w.Officers(admin), w.Confirmed, d.disableOfficer)
	app.Post("/desk/admin/officers/link", w.Officers(admin), w.Confirmed, d.passwordLink)
	app.Post("/desk/admin/officers/end", w.Officers(admin), d.endSessions)
	app.Get("/desk/admin/officers/reset", w.Officers(admin), w.Confirmed, d.resetForm)
	app.Post("/desk/admin/officers/reset", w.Officers(admin), w.Confirmed, d.reset)
	app.Get("/desk/resets", w.Officers(admin, superior), d.resets)
	app.Post("/desk/resets", w.Officers(admin, superior), w.Confirmed, d.confirmReset)
}

// page fills the frame of a desk page with the menu its officer needs.
func (d *desk) page(c *fiber.Ctx, title string) layout.Page {
	p := d.w.Page(c, title, "")
	l := p.Lang
	if web.Actor(c).Role == models.Administrator {
		p.Nav = []layout.NavLink{
			{Label: l.T("desk.admin.title"), URL: "/desk/admin"},
			{Label: l.T("desk.officers.title"), URL: "/desk/admin/officers"},
			{Label: l.T("desk.laws.title"), URL: "/desk/admin/laws"},
			{Label: l.T("outbox.title"), URL: "/desk/admin/outbox"},
			{Label: l.T("security.title"), URL: "/desk/admin/security"},
		}
	} else {
		p.Nav = []layout.NavLink{
			{Label: l.T("desk.nav.queue"), URL: "/desk"},
			{Label: l.T("desk.nav.record"), URL: "/desk/record"},
			{Label: l.T("layout.nav.disclosures"), URL: "/disclosures"},
		}
	}
	if role := web.Actor(c).Role; role == models.InfoOfficer || role == models.Superior {
		p.Nav = append(p.Nav, layout.NavLink{Label: l.T("erase.list"), URL: "/desk/erasures"})
	}
	p.Nav = append(p.Nav, accessNav(l, web.Actor(c).Role)...)
	for i := range p.Nav {
		p.Nav[i].Current = string(p.Nav[i].URL) == c.Path()
	}
	return p
}
