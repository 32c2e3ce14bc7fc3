// Package audit serves the auditors: what is late and why, the trail of everything,
// one case's whole history, exports. It reads and changes nothing; that an export was
// made is itself on the trail.
package audit

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/layout"
	"terang/views/text"
)

// Verbs is what auditors may do: read.
type Verbs interface {
	Figures

	Queue(ctx context.Context, a models.Actor, in casework.QueueInput) (casework.QueuePage, error)
	QueueCounts(ctx context.Context, a models.Actor) ([]casework.QueueCount, error)
	Case(ctx context.Context, a models.Actor, ref string) (*casework.CaseView, error)
	Events(ctx context.Context, a models.Actor, in casework.EventInput) ([]casework.EventView, string, error)
	Export(ctx context.Context, a models.Actor, in casework.ExportInput, out io.Writer) (int64, error)
	Receipt(ctx context.Context, a models.Actor, ref string, event int64) ([]byte, error)
	Checkpoint(ctx context.Context) ([]byte, int64, error)
	Bodies(ctx context.Context, after int64, limit int) ([]models.Body, error)
	Body(ctx context.Context, slug string) (*casework.BodyView, error)
}

type audit struct {
	svc Verbs
	w   *web.Web
}

// Mount puts the auditors' routes into app.
func Mount(app *fiber.App, svc Verbs, w *web.Web) {
	h := &audit{svc: svc, w: w}
	const auditor, admin = models.Auditor, models.Administrator

	app.Get("/audit", w.Officers(auditor), h.overview)
	app.Get("/audit/statistics", w.Officers(auditor), h.statistics)
	app.Get("/audit/cases", w.Officers(auditor), h.cases)
	app.Get("/audit/cases/:ref", w.Officers(auditor), h.show)
	app.Get("/audit/cases/:ref/receipt", w.Officers(auditor), h.receipt)
	app.Get("/audit/exports", w.Officers(auditor), h.exports)
	app.Get("/audit/export", w.Officers(auditor), h.export)
	// An administrator reads what was done to accounts, bodies and keys, and nothing
	// of any case: casework gives them no other rows.
	app.Get("/audit/events", w.Officers(auditor, admin), h.events)
	app.Get("/audit/events/:id", w.Officers(auditor, admin), h.event)
}

func (h *audit) page(c *fiber.Ctx, title string) layout.Page {
	p := h.w.Page(c, title, "")
	l := p.Lang
	if web.Actor(c).Role == models.Administrator {
		p.Nav = []layout.NavLink{{Label: l.T("desk.admin.title"), URL: "/desk/admin"}, {Label: l.T("audit.events.title"), URL: "/audit/events"}}
	} else {
		p.Nav = []layout.NavLink{
			{Label: l.T("audit.nav"), URL: "/audit"}, {Label: l.T("audit.events.title"), URL: "/audit/events"},
			{Label: l.T("audit.cases.title"), URL: "/audit/cases"}, {Label: l.T("stat.title"), URL: "/audit/statistics"}, {Label: l.T("audit.exports.title"), URL: "/audit/exports"},
		}
	}
	for i := range p.Nav {
		u := string(p.Nav[i].URL)
		p.Nav[i].Current = u == c.Path() || u != "/audit" && strings.HasPrefix(c.Path(), u+"/")
	}
	return p
}

func (h *audit) teller(c *fiber.Ctx) caseview.Teller {
	return caseview.Teller{L: web.Lang(c), Loc: text.Zone(""), Now: h.w.Now()}
}

// period reads two days, both included, of the reader's zone. Wrong ones come back as
// errors at their fields.
func (h *audit) period(c *fiber.Ctx, from, to string) (*time.Time, *time.Time, error) {
	loc := text.Zone("")
	var check models.Check
	read := func(field, s string, plus int) *time.Time {
		if s == "" {
			return nil
		}
		d, err := policies.ParseDate(s)
		if err != nil {
			check.Field(false, field, "date")
			return nil
		}
		at := d.AddDays(plus).In(loc).UTC()
		return &at
	}
	first, last := read("from", from, 0), read("to", to, 1)
	if first != nil && last != nil && !first.Before(*last) {
		check.Field(false, "to", "date_order")
	}
	return first, last, check.Err()
}

// errorsOf splits what a filter form shows again from what goes on to the error page.
func errorsOf(l text.Lang, err error) ([]components.FieldError, int, error) {
	if err == nil {
		return nil, fiber.StatusOK, nil
	}
	errs, status, ok := web.FormErrors(l, err)
	if !ok {
		return nil, 0, err
	}
	return errs, status, nil
}

func day(l text.Lang, name, label, value string, errs []components.FieldError) components.Input {
	return components.Input{Lang: l, Name: name, Label: label, Type: "date", Value: value, Error: components.ErrorFor(errs, name)}
}

// bodyChoice lets one choose among the bodies the auditor audits.
func (h *audit) bodyChoice(c *fiber.Ctx, chosen string) (components.Select, error) {
	l, a := web.Lang(c), web.Actor(c)
	s := components.Select{Lang: l, Name: "body", Label: l.T("audit.body"), Empty: l.T("desk.filter.any")}
	list, err := h.svc.Bodies(c.UserContext(), 0, 100)
	for _, b := range list {
		if a.InBody(b.ID) {
			s.Options = append(s.Options, components.Option{Value: b.Slug, Label: b.Name, Checked: b.Slug == chosen})
		}
	}
	return s, err
}
