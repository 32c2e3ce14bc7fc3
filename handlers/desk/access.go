package desk

import (
	"context"
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
	"terang/views/layout"
	"terang/views/pages"
	"terang/views/text"
)

// Access is who may know of a confidential case beside those whose case it is, and what
// happens to that when an officer goes.
type Access interface {
	Grant(ctx context.Context, a models.Actor, ref string, in casework.GrantInput) (*models.Case, error)
	Revoke(ctx context.Context, a models.Actor, ref string, id int64, in casework.TextInput) (*models.Case, error)
	Grantable(ctx context.Context, a models.Actor, ref string) ([]models.Officer, error)
	Emergency(ctx context.Context, a models.Actor, ref, why string) (casework.Opened, error)
	Emergencies(ctx context.Context, a models.Actor, after int64) ([]casework.EmergencyView, int64, error)
	Acknowledge(ctx context.Context, a models.Actor, id int64, note string) error
	Handover(ctx context.Context, a models.Actor, in casework.HandoverInput) (casework.HandoverReport, error)
	Takers(ctx context.Context, a models.Actor) ([]models.Officer, error)
}

func (d *desk) mountAccess(app *fiber.App) {
	const head, info, superior, admin = models.UnitHead, models.InfoOfficer, models.Superior, models.Administrator
	app.Get("/desk/cases/:ref/access", d.w.Officers(info, superior), d.letForm)
	app.Post("/desk/cases/:ref/access", d.w.Officers(info, superior), d.let)
	app.Get("/desk/cases/:ref/access/:id", d.w.Officers(info, superior), d.endForm)
	app.Post("/desk/cases/:ref/access/:id", d.w.Officers(info, superior), d.end)
	app.Get("/desk/emergency", d.w.Officers(), d.emergencyForm)
	app.Post("/desk/emergency", d.w.Officers(), d.emergency)
	app.Get("/desk/emergencies", d.w.Officers(info, superior), d.emergencies)
	app.Post("/desk/emergencies/:id", d.w.Officers(info, superior), d.acknowledge)
	app.Get("/desk/handover", d.w.Officers(head, info, superior, admin), d.w.Confirmed, d.handoverForm)
	app.Post("/desk/handover", d.w.Officers(head, info, superior, admin), d.w.Confirmed, d.handover)
}

// accessNav is what each role finds of it in the menu.
func accessNav(l text.Lang, role models.Role) []layout.NavLink {
	emergency := layout.NavLink{Label: l.T("emergency.nav"), URL: "/desk/emergency"}
	list := layout.NavLink{Label: l.T("emergency.list"), URL: "/desk/emergencies"}
	handover := layout.NavLink{Label: l.T("handover.nav"), URL: "/desk/handover"}
	switch role {
	case models.Agent:
		return []layout.NavLink{emergency}
	case models.UnitHead:
		return []layout.NavLink{emergency, handover}
	case models.InfoOfficer:
		return []layout.NavLink{list, handover}
	case models.Superior:
		return []layout.NavLink{emergency, list, handover}
	case models.Administrator:
		return []layout.NavLink{handover}
	}
	return nil
}

// access tells on the page of a case who was let into it.
func (d *desk) access(t caseview.Teller, v *casework.CaseView, p *pages.DeskCaseView) {
	may := slices.Contains(v.May, policies.ActGrant)
	if may {
		p.Access.LetURL = caseURL(v.Case.Reference, "access")
	}
	for i := len(v.Grants) - 1; i >= 0; i-- {
		g := v.Grants[i]
		row := pages.DeskGrant{Who: t.Who(g.Officer, string(g.Role)), Lines: grantLines(t, g)}
		switch {
		case g.RevokedAt != nil:
			row.Holds = components.Tag{Label: t.L.T("access.state.revoked")}
		case g.Live:
			row.Holds = components.Tag{Label: t.L.T("access.state.live"), Tone: "green"}
			if may {
				row.EndURL = caseURL(v.Case.Reference, "access/"+itoa(g.ID))
			}
		default:
			row.Holds = components.Tag{Label: t.L.T("access.state.over")}
		}
		p.Access.Grants = append(p.Access.Grants, row)
	}
}

func grantLines(t caseview.Teller, g casework.GrantView) []string {
	l := t.L
	lines := []string{l.T("access.kind."+string(g.Kind), g.GrantedBy, t.ShortWhen(g.At)), l.T("access.until", t.ShortWhen(g.Until))}
	if g.Kind != models.OversightGrant {
		lines = append(lines, l.T("access.why", g.Reason))
	}
	if g.RevokedAt != nil {
		lines = append(lines, l.T("access.ended", g.RevokedBy, t.ShortWhen(*g.RevokedAt)))
	}
	if g.Kind == models.EmergencyGrant {
		if g.SeenAt != nil {
			lines = append(lines, l.T("access.seen", g.SeenBy, t.ShortWhen(*g.SeenAt)))
		} else {
			lines = append(lines, l.T("access.unseen"))
		}
	}
	return lines
}

func (d *desk) letForm(c *fiber.Ctx) error {
	f, err := d.open(c, policies.ActGrant)
	if err != nil {
		return err
	}
	page, err := f.letPage()
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, page)
}

func (d *desk) let(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.GrantInput{Version: versionOf(in), Officer: in.Line("officer"), Until: in.Line("until"), Reason: in.Text("reason")}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Grant(c.UserContext(), web.Actor(c), c.Params("ref"), input)
	}
	if err == nil {
		return d.done(c, "let")
	}
	_, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	f, openErr := d.open(c)
	if openErr != nil {
		return openErr
	}
	f.in, f.err = in, err
	page, pageErr := f.letPage()
	if pageErr != nil {
		return pageErr
	}
	return web.Render(c, status, page)
}

func (f *form) letPage() (templ.Component, error) {
	l := f.t.L
	officers, err := f.svc.Grantable(f.c.UserContext(), web.Actor(f.c), f.v.Case.Reference)
	if err != nil {
		return nil, err
	}
	v := pages.DeskLetForm{DeskForm: f.frame("access")}
	v.Officers = components.Select{Lang: l, Name: "officer", Label: l.T("access.let.officer"), Hint: l.T("access.let.officer.hint"), Empty: l.T("access.let.officer.none"), Error: f.wrong(v.DeskForm, "officer")}
	chosen := f.value("officer", "")
	for _, o := range officers {
		v.Officers.Options = append(v.Officers.Options, components.Option{Value: o.Email, Label: o.Name + ", " + f.t.Role(string(o.Role)), Checked: o.Email == chosen})
	}
	v.Until = components.Input{Lang: l, Name: "until", Label: l.T("access.let.until"), Type: "date", Value: f.value("until", ""), Error: f.wrong(v.DeskForm, "until")}
	v.Reason = f.area(v.DeskForm, "reason", "access.let.reason", "", 4)
	return pages.DeskLet(v), nil
}

func (d *desk) endForm(c *fiber.Ctx) error {
	f, err := d.open(c, policies.ActGrant)
	if err != nil {
		return err
	}
	page, err := f.endPage()
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, page)
}

func (d *desk) end(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	err := in.Err()
	if err == nil {
		_, err = d.svc.Revoke(c.UserContext(), web.Actor(c), c.Params("ref"), number(c.Params("id")), casework.TextInput{Version: versionOf(in), Text: in.Text("reason")})
	}
	if err == nil {
		return d.done(c, "ended")
	}
	_, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	f, openErr := d.open(c)
	if openErr != nil {
		return openErr
	}
	f.in, f.err = in, err
	page, pageErr := f.endPage()
	if pageErr != nil {
		return pageErr
	}
	return web.Render(c, status, page)
}

func (f *form) endPage() (templ.Component, error) {
	l, id := f.t.L, number(f.c.Params("id"))
	i := slices.IndexFunc(f.v.Grants, func(g casework.GrantView) bool { return g.ID == id })
	if i < 0 {
		return nil, models.Refuse(models.NotFound, "grant_not_found")
	}
	g := f.v.Grants[i]
	v := pages.DeskEndForm{DeskForm: f.frame("access/" + itoa(id)), Grant: components.SummaryList{Lang: l, Rows: []components.SummaryRow{
		{Key: l.T("access.who"), Values: append([]string{f.t.Who(g.Officer, string(g.Role))}, grantLines(f.t, g)...)},
	}}}
	v.Reason = f.area(v.DeskForm, "reason", "access.end.reason", "", 3)
	return pages.DeskEnd(v), nil
}

// --- emergencies

func (d *desk) emergencyForm(c *fiber.Ctx) error {
	return web.Render(c, fiber.StatusOK, d.emergencyPage(c, "", "", nil))
}

func (d *desk) emergency(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	ref, why := in.Line("reference"), in.Text("reason")
	err := in.Err()
	var opened casework.Opened
	if err == nil {
		opened, err = d.svc.Emergency(c.UserContext(), web.Actor(c), ref, why)
	}
	if err == nil {
		if opened.Broken {
			d.w.Flash(c, "desk.flash.emergency")
		} else {
			d.w.Flash(c, "desk.flash.no_emergency")
		}
		return web.SeeOther(c, string(caseURL(opened.Reference, "")))
	}
	// What opens nothing is the form's to say, in the same words whatever the reason.
	if models.CodeOf(err) == "emergency_refused" {
		return web.Render(c, fiber.StatusNotFound, d.emergencyPage(c, ref, why, err))
	}
	_, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	return web.Render(c, status, d.emergencyPage(c, ref, why, err))
}

func (d *desk) emergencyPage(c *fiber.Ctx, ref, why string, err error) templ.Component {
	l := web.Lang(c)
	v := pages.DeskEmergencyForm{
		Step:  pages.Step{Page: d.page(c, ""), Action: "/desk/emergency", BackURL: "/desk"},
		Intro: []string{l.T("emergency.intro"), l.T("emergency.consequence", int(models.EmergencyFor/time.Hour))},
	}
	if models.CodeOf(err) == "emergency_refused" {
		v.Refused, v.Failed = l.T("error.emergency_refused"), true
	} else if err != nil {
		v.Errors, _, _ = web.FormErrors(l, err)
	}
	wrong := func(f string) string { return components.ErrorFor(v.Errors, f) }
	v.Reference = components.Input{Lang: l, Name: "reference", Label: l.T("emergency.reference"), Value: ref, Error: wrong("reference"), Mono: true, NoSpell: true, Width: "20"}
	v.Reason = components.TextArea{Lang: l, Name: "reason", Label: l.T("emergency.reason"), Hint: l.T("emergency.reason.hint", models.EmergencyReason), Value: why, Error: wrong("reason"), Rows: 4}
	return pages.DeskEmergency(v)
}

func (d *desk) emergencies(c *fiber.Ctx) error { return d.showEmergencies(c, fiber.StatusOK, nil, nil) }

func (d *desk) showEmergencies(c *fiber.Ctx, status int, in *web.Form, failed error) error {
	l, a := web.Lang(c), web.Actor(c)
	rows, next, err := d.svc.Emergencies(c.UserContext(), a, number(c.Query("after")))
	if err != nil {
		return err
	}
	v := pages.DeskEmergenciesView{Page: d.page(c, ""), Pager: components.Pager{Lang: l}}
	at := number(c.Params("id"))
	for _, e := range rows {
		row := pages.DeskEmergencyRow{
			Who: e.Officer + ", " + l.T("role."+string(e.Role)), When: l.DateTime(e.At, nil), URL: templ.URL("/desk/emergencies/" + itoa(e.ID)),
			Rows: components.SummaryList{Lang: l},
		}
		row.Rows.Rows = append(row.Rows.Rows, emergencyCase(l, e), components.SummaryRow{Key: l.T("emergency.open_until"), Values: []string{l.DateTime(e.Until, nil)}})
		if e.Reason != "" {
			row.Rows.Rows = append(row.Rows.Rows, components.SummaryRow{Key: l.T("emergency.why"), Values: []string{e.Reason}})
		}
		switch {
		case e.Own:
			row.Refused = l.T("emergency.own")
		case a.Clearance != models.Confidential:
			row.Refused = l.T("emergency.not_cleared")
		}
		// Several forms stand on this page: each field is named after its own.
		row.Note = components.TextArea{Lang: l, Name: "note-" + itoa(e.ID), Label: l.T("emergency.note"), Rows: 2}
		if failed != nil && e.ID == at {
			v.Errors, _, _ = web.FormErrors(l, failed)
			for i := range v.Errors {
				v.Errors[i].Field = row.Note.Name
			}
			row.Note.Value, row.Note.Error = in.Text(row.Note.Name), components.ErrorFor(v.Errors, row.Note.Name)
			v.Failed = true
		}
		v.Rows = append(v.Rows, row)
	}
	if next > 0 {
		v.Pager.Next = address("/desk/emergencies", "after", itoa(next))
	}
	return web.Render(c, status, pages.DeskEmergencies(v))
}

func emergencyCase(l text.Lang, e casework.EmergencyView) components.SummaryRow {
	if e.Reference == "" {
		return components.SummaryRow{Key: l.T("emergency.case"), Values: []string{l.T("emergency.case.hidden")}}
	}
	return components.SummaryRow{Key: l.T("emergency.case"), Values: []string{e.Reference}, Link: caseURL(e.Reference, "")}
}

func (d *desk) acknowledge(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	id := number(c.Params("id"))
	note := in.Text("note-" + itoa(id))
	err := in.Err()
	if err == nil {
		err = d.svc.Acknowledge(c.UserContext(), web.Actor(c), id, note)
	}
	if err == nil {
		d.w.Flash(c, "desk.flash.acknowledged")
		return web.SeeOther(c, "/desk/emergencies")
	}
	if models.KindOf(err) == models.Invalid {
		return d.showEmergencies(c, fiber.StatusUnprocessableEntity, in, err)
	}
	return err
}

// --- handing over

func (d *desk) handoverForm(c *fiber.Ctx) error {
	page, err := d.handoverPage(c, casework.HandoverInput{From: c.Query("from")}, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, page)
}

func (d *desk) handover(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.HandoverInput{From: in.Line("from"), To: in.Line("to"), Reason: in.Text("reason"), Disable: in.Line("disable") == "yes"}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Handover(c.UserContext(), web.Actor(c), input)
	}
	if err == nil {
		d.w.Flash(c, "desk.flash.handed_over")
		if web.Actor(c).Role == models.Administrator {
			return web.SeeOther(c, "/desk/admin/officers")
		}
		return web.SeeOther(c, "/desk")
	}
	errs, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	page, pageErr := d.handoverPage(c, input, errs)
	if pageErr != nil {
		return pageErr
	}
	return web.Render(c, status, page)
}

func (d *desk) handoverPage(c *fiber.Ctx, in casework.HandoverInput, errs []components.FieldError) (templ.Component, error) {
	l, a := web.Lang(c), web.Actor(c)
	officers, err := d.svc.Takers(c.UserContext(), a)
	if err != nil {
		return nil, err
	}
	back, list := templ.SafeURL("/desk"), l.T("desk.crumb")
	if a.Role == models.Administrator {
		back, list = "/desk/admin/officers", l.T("desk.officers.title")
	}
	wrong := func(f string) string { return components.ErrorFor(errs, f) }
	v := pages.DeskHandoverForm{
		Step: pages.Step{Page: d.page(c, ""), Action: "/desk/handover", BackURL: back, Errors: errs}, List: list,
		Intro:  []string{l.T("handover.intro")},
		From:   components.Select{Lang: l, Name: "from", Label: l.T("handover.from"), Empty: l.T("handover.choose"), Error: wrong("from")},
		To:     components.Select{Lang: l, Name: "to", Label: l.T("handover.to"), Hint: l.T("handover.to.hint"), Empty: l.T("handover.choose"), Error: wrong("to")},
		Reason: components.TextArea{Lang: l, Name: "reason", Label: l.T("handover.reason"), Value: in.Reason, Error: wrong("reason"), Rows: 3},
	}
	for _, o := range officers {
		label := o.Name + ", " + l.T("role."+string(o.Role)) + " (" + o.Email + ")"
		v.From.Options = append(v.From.Options, components.Option{Value: o.Email, Label: label, Checked: o.Email == in.From})
		if !o.Disabled {
			v.To.Options = append(v.To.Options, components.Option{Value: o.Email, Label: label, Checked: o.Email == in.To})
		}
	}
	if a.Role == models.Administrator {
		v.Disable = components.Choices{Lang: l, Name: "disable", Legend: l.T("handover.disable"), Error: wrong("disable"), Options: []components.Option{
			{Value: "no", Label: l.T("handover.disable.no"), Checked: !in.Disable}, {Value: "yes", Label: l.T("handover.disable.yes"), Checked: in.Disable},
		}}
	}
	return pages.DeskHandover(v), nil
}
