package desk

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
)

// form is one form about one case: drawn from the case as it is, sent, and drawn
// again with what was typed when it was refused.
type form struct {
	*desk
	c   *fiber.Ctx
	in  *web.Form // nil when the page is asked for, and not sent
	v   *casework.CaseView
	t   caseview.Teller
	err error // why it is shown again
}

// open reads the case for a form. possible names the actions of CaseView.May of which
// one must be there; without it the page would only lead to a refusal.
func (d *desk) open(c *fiber.Ctx, possible ...string) (*form, error) {
	v, err := d.svc.Case(c.UserContext(), web.Actor(c), c.Params("ref"))
	if err != nil {
		return nil, err
	}
	if len(possible) > 0 && !slices.ContainsFunc(possible, func(a string) bool { return slices.Contains(v.May, a) }) {
		return nil, models.Refuse(models.Forbidden, "not_allowed", possible[0])
	}
	return &form{desk: d, c: c, v: v, t: caseview.For(web.Lang(c), v)}, nil
}

// again draws a refused form anew. An error that is not the form's goes on to the one
// place that answers errors.
func (d *desk) again(c *fiber.Ctx, in *web.Form, cause error, draw func(*form) templ.Component) error {
	_, status, ok := web.FormErrors(web.Lang(c), cause)
	if !ok {
		return cause
	}
	f, err := d.open(c)
	if err != nil {
		return err
	}
	f.in, f.err = in, cause
	return web.Render(c, status, draw(f))
}

// done leads back to the case and has it say what was done.
func (d *desk) done(c *fiber.Ctx, flash string) error {
	d.w.Flash(c, "desk.flash."+flash)
	return web.SeeOther(c, string(caseURL(c.Params("ref"), "")))
}

// frame is what every form about the case has around it.
func (f *form) frame(page string) pages.DeskForm {
	out := pages.DeskForm{
		Step: pages.Step{
			Page: f.page(f.c, ""), Action: caseURL(f.v.Case.Reference, page), BackURL: caseURL(f.v.Case.Reference, ""), Version: version(f.v),
		},
		Head: f.t.Head(f.v, string(caseURL(f.v.Case.Reference, ""))), Asked: f.v.Case.Text,
	}
	if f.err == nil {
		return out
	}
	if models.CodeOf(f.err) == "stale" {
		out.Stale, out.Failed = true, true
		events := f.t.Timeline(shown(f.v.Timeline))
		for _, e := range events[:min(3, len(events))] {
			out.Changed = append(out.Changed, e.When+": "+e.Title+" ("+e.By+")")
		}
		return out
	}
	out.Errors, _, _ = web.FormErrors(f.t.L, f.err)
	return out
}

// value is what was typed into a field, or otherwise when the form is new.
func (f *form) value(name, otherwise string) string {
	if f.in == nil {
		return otherwise
	}
	return f.in.Text(name)
}

func (f *form) wrong(frame pages.DeskForm, field string) string {
	return components.ErrorFor(frame.Errors, field)
}

// area is a text field of the form.
func (f *form) area(frame pages.DeskForm, name, key, otherwise string, rows int) components.TextArea {
	return components.TextArea{
		Lang: f.t.L, Name: name, Label: f.t.L.T(key), Hint: hint(f.t.L, key), Value: f.value(name, otherwise), Error: f.wrong(frame, name), Rows: rows,
	}
}

// versionOf is the version the sent form was drawn from. A form without one is as
// stale as can be: 0 is refused by the verb.
func versionOf(in *web.Form) int64 { return in.Int("version") }

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
