package desk

import (
	"strings"

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

const adminPage = 50

// admin lists the bodies the administrator keeps, with their units and the law each
// answers under.
func (d *desk) admin(c *fiber.Ctx) error {
	l, a := web.Lang(c), web.Actor(c)
	list, next, err := d.bodies(c, a)
	if err != nil {
		return err
	}
	v := pages.DeskAdminView{
		Page: d.page(c, l.T("desk.admin.title")),
		Links: []components.Link{
			{Label: l.T("desk.admin.add_body"), URL: "/desk/admin/bodies/new"}, {Label: l.T("desk.admin.add_unit"), URL: "/desk/admin/units/new"},
			{Label: l.T("desk.officers.add"), URL: "/desk/admin/officers/new"}, {Label: l.T("desk.away.title"), URL: "/desk/admin/officers/away"},
			{Label: l.T("desk.decree.title"), URL: "/desk/admin/decrees/new"},
			{Label: l.T("resets.title"), URL: "/desk/resets"},
		},
		Pager: components.Pager{Lang: l, Next: next},
	}
	if a.BodyID != nil {
		v.Links = v.Links[1:]
	}
	if c.Query("after") != "" {
		v.Pager.First = "/desk/admin"
	}
	for _, b := range list {
		full, err := d.svc.Body(c.UserContext(), b.Slug)
		if err != nil {
			return err
		}
		row := pages.DeskAdminBody{Name: b.Name, Slug: b.Slug, Law: full.Law.Law.In(string(l)) + " · " + full.Law.ID + " " + full.Law.Version, Units: tree(full.Units)}
		v.Bodies = append(v.Bodies, row)
	}
	return web.Render(c, fiber.StatusOK, pages.DeskAdmin(v))
}

// bodies are those the administrator keeps, a page of them.
func (d *desk) bodies(c *fiber.Ctx, a models.Actor) ([]models.Body, templ.SafeURL, error) {
	if a.BodyID != nil {
		b, err := d.bodyFor(c, a, "")
		if err != nil || b == nil {
			return nil, "", err
		}
		return []models.Body{*b}, "", nil
	}
	list, err := d.svc.Bodies(c.UserContext(), number(c.Query("after")), adminPage)
	next := templ.SafeURL("")
	if len(list) == adminPage {
		next = address("/desk/admin", "after", itoa(list[len(list)-1].ID))
	}
	return list, next, err
}

// tree lists units with those below each after it.
func tree(units []models.Unit) []string {
	var out []string
	var walk func(parent int64, depth int)
	walk = func(parent int64, depth int) {
		if depth > 10 { // a circle in the rows must not hang the page
			return
		}
		for _, u := range units {
			p := int64(0)
			if u.ParentID != nil {
				p = *u.ParentID
			}
			if p == parent {
				out = append(out, strings.Repeat("– ", depth)+u.Name+" ("+u.Slug+")")
				walk(u.ID, depth+1)
			}
		}
	}
	walk(0, 0)
	return out
}

// laws shows which law the installation answers under and which of its figures nobody
// has compared with the statute yet.
func (d *desk) laws(c *fiber.Ctx) error {
	l, a := web.Lang(c), web.Actor(c)
	list, _, err := d.bodies(c, a)
	if err != nil {
		return err
	}
	t := caseview.Teller{L: l, Loc: text.Zone(""), Now: d.w.Now()}
	v := pages.DeskLawsView{Page: d.page(c, l.T("desk.laws.title"))}
	seen := map[string]bool{}
	for _, b := range list {
		full, err := d.svc.Body(c.UserContext(), b.Slug)
		if err != nil {
			return err
		}
		p := full.Law
		if seen[p.Hash] {
			continue
		}
		seen[p.Hash] = true
		law := pages.DeskLaw{
			Name: t.In(p.Law), Version: p.ID + " " + p.Version, Hash: p.Hash, Effective: l.T("desk.laws.effective", t.Day(p.Effective.String())),
			Checked: l.T("desk.laws.not_checked"),
		}
		if p.VerifiedBy != "" {
			law.Checked = l.T("desk.laws.checked", t.Day(p.VerifiedOn.String()), p.VerifiedBy)
		}
		open := unverified(t, p)
		law.Unverified = open
		law.Figures = l.T("desk.laws.figures", len(open))
		v.Laws = append(v.Laws, law)
	}
	return web.Render(c, fiber.StatusOK, pages.DeskLaws(v))
}

// unverified are the pack's figures that nobody has read in the statute.
func unverified(t caseview.Teller, p *policies.Pack) []pages.DeskFigure {
	var out []pages.DeskFigure
	check := func(what string, l policies.Legal) {
		if !l.Verified {
			out = append(out, pages.DeskFigure{What: what, Article: t.L.Law(l.Article), Source: l.Source})
		}
	}
	for i := range p.Clocks {
		k := &p.Clocks[i]
		check(t.In(k.Title), k.Legal)
		if k.OnLapse.Effect != "" && k.OnLapse.Effect != "none" {
			check(t.In(k.Title)+": "+t.In(k.OnLapse.Text), k.OnLapse.Legal)
		}
		for _, x := range k.Extensions {
			check(t.L.T("desk.laws.extension", t.In(k.Title)), x.Legal)
		}
	}
	for i := range p.Exemptions {
		check(t.In(p.Exemptions[i].Title), p.Exemptions[i].Legal)
	}
	for i := range p.ObjectionGrounds {
		check(t.In(p.ObjectionGrounds[i].Title), p.ObjectionGrounds[i].Legal)
	}
	for i := range p.Stages {
		check(t.In(p.Stages[i].Title), p.Stages[i].Legal)
	}
	for i := range p.Chains {
		for _, r := range p.Chains[i].Rungs {
			check(t.L.T("desk.laws.rung", t.Words("classification.", p.Chains[i].Classification), t.In(r.Title)), r.Legal)
		}
	}
	for i := range p.Forms {
		check(t.In(p.Forms[i].Title), p.Forms[i].Legal)
	}
	for i := range p.Notices {
		check(t.In(p.Notices[i].Title), p.Notices[i].Legal)
	}
	for i := range p.Rules {
		check(t.L.T("desk.laws.rule", t.In(p.Rules[i].Title)), p.Rules[i].Legal)
	}
	return out
}

// refused draws an administrator's form again, or passes on what is not the form's.
func (d *desk) refused(c *fiber.Ctx, err error, draw func([]components.FieldError) (pages.DeskFormPage, error)) error {
	errs, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	v, drawErr := draw(errs)
	if drawErr != nil {
		return drawErr
	}
	var asked []string
	for _, in := range v.Inputs {
		asked = append(asked, in.Name)
	}
	v.Errors = web.InOrder(v.Errors, asked...)
	return web.Render(c, status, pages.DeskFormShow(v))
}

func (d *desk) adminForm(c *fiber.Ctx, key, path, list, listKey string, errs []components.FieldError) pages.DeskFormPage {
	l := web.Lang(c)
	return pages.DeskFormPage{
		Step:  pages.Step{Page: d.page(c, ""), Action: templ.SafeURL(path), BackURL: templ.SafeURL(list), Errors: errs},
		Title: l.T(key + ".title"), Intro: []string{l.T(key + ".intro")}, Button: l.T(key + ".button"),
		ListURL: templ.SafeURL(list), ListName: l.T(listKey),
	}
}

func (d *desk) drawBody(c *fiber.Ctx, in casework.BodyInput, errs []components.FieldError) (pages.DeskFormPage, error) {
	l := web.Lang(c)
	v := d.adminForm(c, "desk.body", "/desk/admin/bodies/new", "/desk/admin", "desk.admin.bodies", errs)
	wrong := func(f string) string { return components.ErrorFor(errs, f) }
	v.Inputs = []components.Input{
		{Lang: l, Name: "name", Label: l.T("desk.body.name"), Value: in.Name, Error: wrong("name")},
		{Lang: l, Name: "slug", Label: l.T("desk.body.slug"), Hint: l.T("desk.body.slug.hint"), Value: in.Slug, Error: wrong("slug"), NoSpell: true, Width: "20"},
		{Lang: l, Name: "pack", Label: l.T("desk.body.pack"), Hint: l.T("desk.body.pack.hint"), Value: in.Pack, Error: wrong("pack"), NoSpell: true, Width: "5"},
	}
	v.Area = components.TextArea{Lang: l, Name: "about", Label: l.T("desk.body.about"), Value: in.About, Error: wrong("about"), Rows: 4, Optional: true}
	return v, nil
}

func (d *desk) bodyForm(c *fiber.Ctx) error {
	v, err := d.drawBody(c, casework.BodyInput{Pack: "id"}, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) addBody(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.BodyInput{Slug: in.Line("slug"), Name: in.Line("name"), About: in.Text("about"), Pack: in.Line("pack")}
	if input.Slug == "" {
		input.Slug = casework.Slug(input.Name)
	}
	err := in.Err()
	if err == nil {
		_, err = d.svc.AddBody(c.UserContext(), web.Actor(c), input)
	}
	if err != nil {
		return d.refused(c, err, func(errs []components.FieldError) (pages.DeskFormPage, error) { return d.drawBody(c, input, errs) })
	}
	d.w.Flash(c, "desk.flash.body_added")
	return web.SeeOther(c, "/desk/admin")
}

// bodyChoice lets one choose among the bodies the administrator keeps.
func (d *desk) bodyChoice(c *fiber.Ctx, chosen, wrong string, optional bool) (components.Select, error) {
	l := web.Lang(c)
	s := components.Select{Lang: l, Name: "body", Label: l.T("desk.record.body"), Empty: l.T("field.choose"), Error: wrong, Optional: optional}
	list, _, err := d.bodies(c, web.Actor(c))
	for _, b := range list {
		s.Options = append(s.Options, components.Option{Value: b.Slug, Label: b.Name, Checked: b.Slug == chosen || len(list) == 1 && !optional})
	}
	return s, err
}

func (d *desk) drawUnit(c *fiber.Ctx, body string, in casework.UnitInput, errs []components.FieldError) (pages.DeskFormPage, error) {
	l := web.Lang(c)
	v := d.adminForm(c, "desk.unit", "/desk/admin/units/new", "/desk/admin", "desk.admin.bodies", errs)
	wrong := func(f string) string { return components.ErrorFor(errs, f) }
	choice, err := d.bodyChoice(c, body, wrong("body"), false)
	v.Selects = []components.Select{choice}
	v.Inputs = []components.Input{
		{Lang: l, Name: "name", Label: l.T("desk.unit.name"), Value: in.Name, Error: wrong("name")},
		{Lang: l, Name: "slug", Label: l.T("desk.body.slug"), Hint: l.T("desk.unit.slug.hint"), Value: in.Slug, Error: wrong("slug"), NoSpell: true, Width: "20", Optional: true},
		{Lang: l, Name: "parent", Label: l.T("desk.unit.parent"), Hint: l.T("desk.unit.parent.hint"), Value: in.Parent, Error: wrong("parent"), NoSpell: true, Width: "20", Optional: true},
	}
	return v, err
}

func (d *desk) unitForm(c *fiber.Ctx) error {
	v, err := d.drawUnit(c, c.Query("body"), casework.UnitInput{}, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) addUnit(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	body := in.Line("body")
	input := casework.UnitInput{Slug: in.Line("slug"), Name: in.Line("name"), Parent: in.Line("parent")}
	var check models.Check
	check.Field(body != "", "body", "required")
	err := web.Faults(in.Err(), check.Err())
	if err == nil {
		_, err = d.svc.AddUnit(c.UserContext(), web.Actor(c), body, input)
	}
	if err != nil {
		if models.CodeOf(err) == "unit_not_found" {
			var parent models.Check
			parent.Field(false, "parent", "unit_unknown")
			err = parent.Err()
		}
		return d.refused(c, err, func(errs []components.FieldError) (pages.DeskFormPage, error) {
			return d.drawUnit(c, body, input, errs)
		})
	}
	d.w.Flash(c, "desk.flash.unit_added")
	return web.SeeOther(c, "/desk/admin")
}
