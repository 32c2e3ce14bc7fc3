package desk

import (
	"context"
	"io"
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
)

// Records is what officers do to a case after its answer: record what a body outside did,
// make the file for it, erase what is personal.
type Records interface {
	Outside(ctx context.Context, a models.Actor, ref string, in casework.OutsideInput) (*models.Case, error)
	Dossier(ctx context.Context, a models.Actor, ref string, in casework.DossierInput, out io.Writer) error
	Erase(ctx context.Context, a models.Actor, ref string, in casework.EraseInput) (*models.Case, error)
	ErasureList(ctx context.Context, a models.Actor, after int64) ([]models.Case, error)
}

// dossierMax bounds how long a file of a case may take to leave.
const dossierMax = 5 * time.Minute

func (d *desk) mountRecords(app *fiber.App) {
	const info, superior = models.InfoOfficer, models.Superior
	app.Get("/desk/erasures", d.w.Officers(info, superior), d.erasures)
	app.Get("/desk/cases/:ref/outside", d.w.Officers(info, superior), d.outsideForm)
	app.Post("/desk/cases/:ref/outside", d.w.Officers(info, superior), d.outside)
	app.Get("/desk/cases/:ref/dossier", d.w.Officers(), d.dossier)
	app.Get("/desk/cases/:ref/erasure", d.w.Officers(info, superior), d.w.Confirmed, d.eraseForm)
	app.Post("/desk/cases/:ref/erasure", d.w.Officers(info, superior), d.w.Confirmed, d.erase)
}

// records offers these actions on the case's page and tells what came of them.
func (d *desk) records(t caseview.Teller, v *casework.CaseView, p *pages.DeskCaseView) {
	l, ref := t.L, v.Case.Reference
	more := func(key, page string) {
		p.More = append(p.More, pages.DeskAction{Label: l.T("desk.do." + key), URL: caseURL(ref, page)})
	}
	may := func(a string) bool { return slices.Contains(v.May, a) }
	if may(policies.ActOutside) {
		more("outside", "outside")
	}
	if may(policies.ActDossier) {
		more("dossier", "dossier")
	}
	if may(policies.ActErasePropose) {
		more("erase", "erasure")
	}
	if may(policies.ActEraseConfirm) {
		more("erase_settle", "erasure")
	}
	p.Outside = pages.OutsideBlock{Stages: t.Outside(v)}
	p.Stones = t.Stones(v.Pack, v.Stones)
	switch v.Case.Erasure {
	case models.ErasureDue:
		p.Warnings = append(p.Warnings, components.Banner{Title: l.T("erase.warn.due"), Links: links(may(policies.ActErasePropose), l.T("desk.do.erase"), caseURL(ref, "erasure"))})
	case models.ErasureProposed:
		p.Warnings = append(p.Warnings, components.Banner{Title: l.T("erase.warn.proposed"), Links: links(may(policies.ActEraseConfirm), l.T("desk.do.erase_settle"), caseURL(ref, "erasure"))})
	}
}

func links(ok bool, label string, to templ.SafeURL) []components.Link {
	if !ok {
		return nil
	}
	return []components.Link{{Label: label, URL: to}}
}

// dossier streams the file of the case.
func (d *desk) dossier(c *fiber.Ctx) error {
	a, l, ref := web.Actor(c), web.Lang(c), c.Params("ref")
	return d.w.Stream(c, "terang-"+ref+".zip", "application/zip", dossierMax, func(ctx context.Context, out io.Writer) error {
		return d.svc.Dossier(ctx, a, ref, casework.DossierInput{Style: pages.DossierStyle(), Page: func(ctx context.Context, w io.Writer, v *casework.DossierView) error {
			return pages.DossierPage(caseview.Dossier(l, v)).Render(ctx, w)
		}}, out)
	})
}

func (d *desk) outsideForm(c *fiber.Ctx) error {
	f, err := d.open(c, policies.ActOutside)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, drawOutside(f))
}

func (d *desk) outside(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	stage, action := cutLast(in.Line("event"))
	input := casework.OutsideInput{Version: versionOf(in), Stage: stage, Action: action, On: in.Line("on"), Before: in.Line("before"), Text: in.Text("text")}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Outside(c.UserContext(), web.Actor(c), c.Params("ref"), input)
	}
	if err != nil {
		return d.again(c, in, oneField(err), drawOutside)
	}
	return d.done(c, "outside")
}

// cutLast takes "dispute.filed" apart.
func cutLast(s string) (string, string) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return s[:i], s[i+1:]
		}
	}
	return "", ""
}

// oneField brings what the verb says of stage and action to the one field the page asks for
// both by.
func oneField(err error) error {
	err = web.Rename(web.Rename(err, "stage", "event"), "action", "event")
	if e, ok := err.(*models.Error); ok {
		e.Fields = slices.CompactFunc(e.Fields, func(a, b models.FieldError) bool { return a.Field == "event" && b.Field == "event" })
	}
	return err
}

func drawOutside(f *form) templ.Component {
	l := f.t.L
	v := pages.DeskOutsideForm{DeskForm: f.frame("outside")}
	v.Events = components.Choices{Lang: l, Name: "event", Legend: l.T("outside.form.event"), Error: f.wrong(v.DeskForm, "event")}
	chosen, before := f.value("event", ""), ""
	for i := range f.v.Outside {
		st := &f.v.Outside[i]
		action := ""
		switch {
		case !st.Reached:
			continue
		case st.Filed == nil:
			action = "filed"
		case st.Decided == nil:
			action = "decided"
		default:
			continue
		}
		if before == "" {
			before = f.t.In(st.Before)
		}
		value := st.ID + "." + action
		v.Events.Options = append(v.Events.Options, components.Option{Value: value, Label: l.T("outside.form."+action, f.t.In(st.Title)), Hint: f.t.In(st.Before), Checked: value == chosen})
	}
	if len(v.Events.Options) == 0 {
		v.Refused = l.T("outside.form.none")
		return pages.DeskOutside(v)
	}
	v.On = components.Input{Lang: l, Name: "on", Label: l.T("outside.form.on"), Type: "date", Value: f.value("on", ""), Error: f.wrong(v.DeskForm, "on")}
	v.Before = components.Input{Lang: l, Name: "before", Label: l.T("outside.form.before"), Value: f.value("before", before), Error: f.wrong(v.DeskForm, "before")}
	v.Text = components.TextArea{Lang: l, Name: "text", Label: l.T("outside.form.text"), Value: f.value("text", ""), Error: f.wrong(v.DeskForm, "text"), Rows: 6}
	return pages.DeskOutside(v)
}

func (d *desk) eraseForm(c *fiber.Ctx) error {
	f, err := d.open(c)
	if err != nil {
		return err
	}
	if f.v.Case.Erasure != models.ErasureProposed && !slices.Contains(f.v.May, policies.ActErasePropose) {
		return models.Refuse(models.Forbidden, "not_allowed", policies.ActErasePropose)
	}
	return web.Render(c, fiber.StatusOK, drawErase(f))
}

func (d *desk) erase(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.EraseInput{Version: versionOf(in), Action: in.Line("action"), Rule: in.Line("rule"), Reason: in.Text("reason")}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Erase(c.UserContext(), web.Actor(c), c.Params("ref"), input)
	}
	if err != nil {
		return d.again(c, in, err, drawErase)
	}
	return d.done(c, "erase_"+input.Action)
}

func drawErase(f *form) templ.Component {
	l, cs := f.t.L, f.v.Case
	v := pages.DeskEraseForm{DeskForm: f.frame("erasure")}
	if cs.Erasure == models.ErasureProposed && len(f.v.Erasures) > 0 {
		e := f.v.Erasures[len(f.v.Erasures)-1]
		rule := e.Rule
		if r, ok := f.v.Pack.RetentionRule(e.Rule); ok {
			rule = f.t.In(r.Title)
		}
		row := func(key string, values ...string) components.SummaryRow {
			return components.SummaryRow{Key: l.T(key), Values: values}
		}
		v.Proposal = components.SummaryList{Lang: l, Rows: []components.SummaryRow{
			row("erase.scope", l.T("erase.scope."+string(e.Scope)), l.T("erase.scope."+string(e.Scope)+".text")),
			row("stone.ground", rule, l.Law(e.Article)), row("erase.reason", e.Reason),
			row("erase.proposed_by", f.t.Who(e.ProposedBy, string(e.ProposedRole)), f.t.When(e.ProposedAt)),
		}}
		v.Settle = slices.Contains(f.v.May, policies.ActEraseConfirm) && (e.ProposedID == nil || *e.ProposedID != web.Actor(f.c).OfficerID)
		v.Waits = l.T("erase.waits")
		v.Reason = components.TextArea{Lang: l, Name: "reason", Label: l.T("erase.refuse_reason"), Value: f.value("reason", ""), Error: f.wrong(v.DeskForm, "reason"), Rows: 3, Optional: true}
		return pages.DeskErase(v)
	}
	chosen := f.value("rule", "")
	v.Rules = components.Choices{Lang: l, Name: "rule", Legend: l.T("erase.rule"), Error: f.wrong(v.DeskForm, "rule")}
	for _, r := range f.v.Pack.RetentionFor(string(cs.Kind)) {
		o := components.Option{Value: r.ID, Label: f.t.In(r.Title) + " (" + l.Law(r.Article) + ")", Hint: l.T("erase.scope."+r.Scope) + ": " + l.T("erase.scope."+r.Scope+".text"), Checked: r.ID == chosen}
		if cs.ClosedAt != nil && !r.OnRequest {
			if until := r.Until(policies.DateOf(*cs.ClosedAt, f.t.Loc)); !policies.DateOf(f.v.Now, f.t.Loc).After(until) {
				o.Disabled, o.Hint = true, l.T("erase.kept_until", f.t.Day(until.String()))
			}
		}
		v.Rules.Options = append(v.Rules.Options, o)
	}
	v.Reason = f.area(v.DeskForm, "reason", "erase.reason", "", 4)
	return pages.DeskErase(v)
}

// erasures lists what waits to be erased.
func (d *desk) erasures(c *fiber.Ctx) error {
	l := web.Lang(c)
	rows, err := d.svc.ErasureList(c.UserContext(), web.Actor(c), number(c.Query("after")))
	if err != nil {
		return err
	}
	v := pages.DeskErasures{Page: d.page(c, ""), Table: components.Table{
		Lang: l, Caption: l.T("erase.list"), Hidden: true, Empty: l.T("erase.list.none"),
		Columns: []components.Column{{Label: l.T("erase.col.case")}, {Label: l.T("erase.col.state")}, {Label: l.T("erase.col.ended")}},
		Pager:   components.Pager{Lang: l},
	}}
	for _, r := range rows {
		ended := ""
		if r.ClosedAt != nil {
			ended = l.ShortDate(*r.ClosedAt, nil)
		}
		v.Table.Rows = append(v.Table.Rows, components.Row{Cells: []components.Cell{
			{Text: r.Reference, Sub: r.Subject, URL: caseURL(r.Reference, "erasure"), Mono: true}, {Text: l.T("erase.state." + string(r.Erasure))}, {Text: ended},
		}})
	}
	if len(rows) == 100 {
		v.Table.Pager.Next = address("/desk/erasures", "after", itoa(rows[99].ID))
	}
	return web.Render(c, fiber.StatusOK, pages.DeskErasuresPage(v))
}
