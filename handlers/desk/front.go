package desk

import (
	"context"
	"fmt"
	"strings"

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

// Front is what the desk does about who files much, and about mail that did not arrive.
type Front interface {
	Repeats(ctx context.Context, a models.Actor, ref string) (*casework.RepeatView, error)
	RepeatsOf(ctx context.Context, a models.Actor, v *casework.CaseView) (others, same int, err error)
	Frequent(ctx context.Context, a models.Actor) ([]casework.FrequentRow, error)
	FindRepeat(ctx context.Context, a models.Actor, ref string, in casework.RepeatInput) (*models.Case, error)
	WithdrawRepeat(ctx context.Context, a models.Actor, ref string, version, finding int64, why string) (*models.Case, error)

	DeadLetters(ctx context.Context, a models.Actor, after int64, limit int) ([]casework.DeadLetter, error)
	RetryLetter(ctx context.Context, a models.Actor, id int64) error
}

func (d *desk) mountFront(app *fiber.App) {
	info, superior, admin := models.InfoOfficer, models.Superior, models.Administrator
	app.Get("/desk/repeats", d.w.Officers(), d.frequent)
	app.Get("/desk/cases/:ref/repeats", d.w.Officers(), d.repeats)
	app.Post("/desk/cases/:ref/repeats", d.w.Officers(info, superior), d.findRepeat)
	app.Post("/desk/cases/:ref/repeats/:id/withdraw", d.w.Officers(info, superior), d.withdrawRepeat)
	app.Get("/desk/admin/outbox", d.w.Officers(admin), d.outbox)
	app.Post("/desk/admin/outbox/:id/retry", d.w.Officers(admin), d.retryLetter)
	app.Get("/desk/admin/security", d.w.Officers(admin), d.security)
}

// frequent lists requesters who filed much, each by the newest of their cases.
func (d *desk) frequent(c *fiber.Ctx) error {
	l := web.Lang(c)
	rows, err := d.svc.Frequent(c.UserContext(), web.Actor(c))
	if err != nil {
		return err
	}
	t := caseview.Teller{L: l, Loc: text.Zone(""), Now: d.w.Now()}
	v := pages.DeskListView{Page: d.page(c, l.T("repeats.list")), Intro: l.T("repeats.list_text"), Crumbs: []components.Link{{Label: l.T("desk.nav.queue"), URL: "/desk"}}}
	v.Table = components.Table{Lang: l, Caption: l.T("repeats.list"), Hidden: true, Empty: l.T("repeats.list_empty"),
		Columns: []components.Column{{Label: l.T("repeats.count")}, {Label: l.T("repeats.newest")}, {Label: l.T("repeats.filed")}}}
	for _, r := range rows {
		v.Table.Rows = append(v.Table.Rows, components.Row{Cells: []components.Cell{
			{Text: l.Number(int(r.Count))}, {Text: r.Newest.Reference + " " + r.Newest.Subject, URL: caseURL(r.Newest.Reference, "repeats")}, {Text: t.ShortWhen(r.Newest.ReceivedAt)},
		}})
	}
	return web.Render(c, fiber.StatusOK, pages.DeskList(v))
}

func (d *desk) repeats(c *fiber.Ctx) error {
	return d.drawRepeats(c, casework.RepeatInput{}, nil, fiber.StatusOK)
}

func (d *desk) drawRepeats(c *fiber.Ctx, in casework.RepeatInput, errs []components.FieldError, status int) error {
	l, a := web.Lang(c), web.Actor(c)
	found, err := d.svc.Repeats(c.UserContext(), a, c.Params("ref"))
	if err != nil {
		return err
	}
	ref := found.Case.Reference
	t := caseview.Teller{L: l, Loc: text.Zone(""), Now: d.w.Now()}
	v := pages.DeskRepeatsView{
		Page: d.page(c, l.T("repeats.title")), CaseLink: components.Link{Label: ref, URL: caseURL(ref, "")}, Summary: repeatsWords(l, found), Errors: errs,
		May: found.May, Action: caseURL(ref, "repeats"), Version: itoa(found.Case.Version), Earlier: in.Earlier, Reason: in.Reason,
	}
	v.Others = components.Table{Lang: l, Caption: l.T("repeats.others"), Hidden: true, Empty: l.T("repeats.none"),
		Columns: []components.Column{{Label: l.T("repeats.case")}, {Label: l.T("repeats.filed")}, {Label: l.T("repeats.state")}, {Label: l.T("repeats.same")}}}
	for _, o := range found.Others {
		same := ""
		if o.Same {
			same = l.T("repeats.same_yes")
		}
		v.Others.Rows = append(v.Others.Rows, components.Row{Cells: []components.Cell{
			{Text: o.Reference + " " + o.Subject, URL: caseURL(o.Reference, "")}, {Text: t.ShortWhen(o.ReceivedAt)}, {Text: t.Words("state.", string(o.State))}, {Text: same},
		}})
	}
	if len(found.Pack.Repeats) == 0 {
		v.NoLaw = l.T("repeats.no_law", t.In(found.Pack.Law))
	}
	for _, r := range found.Pack.Repeats {
		article := l.Law(r.Article) + " · " + l.T("repeats.effect."+r.Effect)
		if !r.Verified {
			article += " · " + l.T("repeats.unverified", r.Source)
		}
		v.Law = append(v.Law, pages.DeskRepeatRule{Title: t.In(r.Title), Text: t.In(r.Text), Article: article})
		v.Rules = append(v.Rules, components.Option{Value: r.ID, Label: t.In(r.Title), Checked: in.Rule == r.ID})
	}
	for _, f := range found.Findings {
		row := pages.DeskRepeatFinding{Title: f.Rule, Text: f.Reason, When: t.When(f.At) + " · " + l.Law(f.Article)}
		if rule, ok := found.Pack.RepeatRule(f.Rule); ok {
			row.Title = t.In(rule.Title)
		}
		if f.Earlier != "" {
			row.Title += ": " + f.Earlier
		}
		switch {
		case f.WithdrawnAt != nil:
			row.When += " · " + l.T("repeats.withdrawn", t.When(*f.WithdrawnAt))
		case found.May:
			row.WithdrawURL = caseURL(ref, "repeats/"+itoa(f.ID)+"/withdraw")
		}
		v.Findings = append(v.Findings, row)
	}
	return web.Render(c, status, pages.DeskRepeats(v))
}

// repeatsWords says how many other cases there are.
func repeatsWords(l text.Lang, v *casework.RepeatView) string {
	switch {
	case !v.Grouped:
		return l.T("repeats.anonymous")
	case len(v.Others) == 0:
		return l.T("repeats.none")
	}
	return l.T("repeats.summary", len(v.Others), v.Same)
}

func (d *desk) findRepeat(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	in := casework.RepeatInput{Version: number(f.Line("version")), Rule: f.Line("rule"), Earlier: f.Line("earlier"), Reason: f.Text("reason")}
	err := f.Err()
	if err == nil {
		_, err = d.svc.FindRepeat(c.UserContext(), web.Actor(c), c.Params("ref"), in)
	}
	return d.repeatDone(c, in, err)
}

func (d *desk) withdrawRepeat(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	err := f.Err()
	if err == nil {
		_, err = d.svc.WithdrawRepeat(c.UserContext(), web.Actor(c), c.Params("ref"), number(f.Line("version")), number(c.Params("id")), f.Line("why"))
	}
	return d.repeatDone(c, casework.RepeatInput{}, web.Rename(err, "reason", "why"))
}

func (d *desk) repeatDone(c *fiber.Ctx, in casework.RepeatInput, err error) error {
	if models.KindOf(err) == models.Invalid && err != nil {
		errs, status, _ := web.FormErrors(web.Lang(c), err)
		return d.drawRepeats(c, in, errs, status)
	}
	if err != nil {
		return err
	}
	d.w.Flash(c, "repeats.done")
	return web.SeeOther(c, string(caseURL(c.Params("ref"), "repeats")))
}

// repeatBanner is on the case's page where its requester has other cases.
func (d *desk) repeatBanner(c *fiber.Ctx, v *casework.CaseView) []components.Banner {
	others, same, err := d.svc.RepeatsOf(c.UserContext(), web.Actor(c), v)
	if err != nil || others == 0 {
		return nil // the page stands without it
	}
	l := web.Lang(c)
	return []components.Banner{{Title: l.T("repeats.summary", others, same), Links: []components.Link{{Label: l.T("repeats.open"), URL: caseURL(v.Case.Reference, "repeats")}}}}
}

const outboxPage = 50

func (d *desk) outbox(c *fiber.Ctx) error {
	l := web.Lang(c)
	rows, err := d.svc.DeadLetters(c.UserContext(), web.Actor(c), number(c.Query("after")), outboxPage)
	if err != nil {
		return err
	}
	t := caseview.Teller{L: l, Loc: text.Zone(""), Now: d.w.Now()}
	v := pages.DeskOutboxView{Page: d.page(c, l.T("outbox.title"))}
	for _, r := range rows {
		v.Letters = append(v.Letters, pages.DeskLetter{
			Title:    l.T("outbox.letter", r.ID, t.Words("outbox.kind.", r.Kind)),
			Lines:    []string{l.T("outbox.to", r.Domain), l.T("outbox.why", r.Code, r.Attempts), l.T("outbox.when", t.When(r.Written), t.When(r.Died))},
			RetryURL: address(fmt.Sprintf("/desk/admin/outbox/%d/retry", r.ID)),
		})
	}
	if len(rows) >= outboxPage {
		v.Next = address("/desk/admin/outbox", "after", itoa(rows[len(rows)-1].ID))
	}
	return web.Render(c, fiber.StatusOK, pages.DeskOutbox(v))
}

func (d *desk) retryLetter(c *fiber.Ctx) error {
	if err := d.svc.RetryLetter(c.UserContext(), web.Actor(c), number(c.Params("id"))); err != nil {
		return err
	}
	d.w.Flash(c, "outbox.done")
	return web.SeeOther(c, "/desk/admin/outbox")
}

// security shows administrators who might attack, what is promised, and what is not met.
func (d *desk) security(c *fiber.Ctx) error {
	l := web.Lang(c)
	s, err := policies.ReadSecurity()
	if err != nil {
		return err
	}
	t := caseview.Teller{L: l}
	v := pages.DeskSecurityView{Page: d.page(c, l.T("security.title")), Source: s.Source}
	for _, th := range s.Threats {
		row := pages.DeskThreat{Who: t.In(th.Who), Wants: t.In(th.Wants), Left: t.In(th.Left)}
		for _, p := range th.Promises {
			row.Promises = append(row.Promises, pages.DeskPledge{Text: t.In(p.Text), Tests: strings.Join(p.Tests, ", ")})
		}
		v.Threats = append(v.Threats, row)
	}
	n := s.Counts()
	v.Counts = l.T("security.counts", n["met"], n["partly"], n["not_met"], n["not_applicable"])
	v.ASVS = components.Table{Lang: l, Caption: l.T("security.asvs"), Hidden: true, Columns: []components.Column{
		{Label: l.T("security.number")}, {Label: l.T("security.about")}, {Label: l.T("security.verdict")}, {Label: l.T("security.where")}}}
	for _, r := range s.ASVS {
		v.ASVS.Rows = append(v.ASVS.Rows, components.Row{Cells: []components.Cell{{Text: r.ID}, {Text: r.About}, {Text: l.T("security." + r.Verdict)}, {Text: r.Where}}})
	}
	return web.Render(c, fiber.StatusOK, pages.DeskSecurity(v))
}
