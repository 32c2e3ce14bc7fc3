package desk

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

// decree is what an administrator typed of a decree of days off.
type decree struct {
	pack, number, year, issued, list string
}

func (d *desk) drawDecree(c *fiber.Ctx, in decree, errs []components.FieldError) (pages.DeskFormPage, error) {
	l := web.Lang(c)
	v := d.adminForm(c, "desk.decree", "/desk/admin/decrees/new", "/desk/admin/laws", "desk.laws.title", errs)
	wrong := func(f string) string { return components.ErrorFor(errs, f) }
	if in.pack == "" {
		in.pack = "id"
	}
	if in.year == "" {
		in.year = strconv.Itoa(time.Now().Year())
	}
	v.Inputs = []components.Input{
		{Lang: l, Name: "decree", Label: l.T("desk.decree.number"), Hint: l.T("desk.decree.number.hint"), Value: in.number, Error: wrong("decree"), NoSpell: true},
		{Lang: l, Name: "pack", Label: l.T("desk.decree.pack"), Value: in.pack, Error: wrong("pack"), NoSpell: true, Width: "10"},
		{Lang: l, Name: "year", Label: l.T("desk.decree.year"), Value: in.year, Error: wrong("year"), NoSpell: true, Width: "5"},
		{Lang: l, Name: "issued", Label: l.T("desk.decree.issued"), Value: in.issued, Error: wrong("issued"), Type: "date", Width: "20"},
	}
	v.Area = components.TextArea{
		Lang: l, Name: "list", Label: l.T("desk.decree.list"), Hint: l.T("desk.decree.list.hint"), Value: in.list, Error: wrong("list"), Rows: 20,
	}
	return v, nil
}

func (d *desk) decreeForm(c *fiber.Ctx) error {
	v, err := d.drawDecree(c, decree{}, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) addDecree(c *fiber.Ctx) error {
	form := web.ReadForm(c)
	in := decree{form.Line("pack"), form.Line("decree"), form.Line("year"), form.Line("issued"), form.Text("list")}
	var check models.Check
	year, err := strconv.Atoi(in.year)
	check.Field(err == nil && year >= 1900 && year < 3000, "year", "out_of_range", "1900", "2999")
	check.Field(in.list != "", "list", "required")
	list, err := policies.ParseHolidays(in.number, strings.NewReader(in.list))
	check.Field(in.list == "" || err == nil, "list", "list_unreadable")
	if err := web.Faults(form.Err(), check.Err()); err != nil {
		return d.refused(c, err, func(errs []components.FieldError) (pages.DeskFormPage, error) { return d.drawDecree(c, in, errs) })
	}
	err = d.svc.AddDecree(c.UserContext(), web.Actor(c), casework.DecreeInput{Pack: in.pack, Decree: in.number, Year: year, Issued: in.issued, List: list})
	if err != nil {
		return d.refused(c, err, func(errs []components.FieldError) (pages.DeskFormPage, error) { return d.drawDecree(c, in, errs) })
	}
	d.w.Flash(c, "desk.flash.decree_added")
	return web.SeeOther(c, "/desk/admin/laws")
}

func (d *desk) drawAway(c *fiber.Ctx, in casework.AwayInput, errs []components.FieldError) (pages.DeskFormPage, error) {
	l := web.Lang(c)
	v := d.adminForm(c, "desk.away", "/desk/admin/officers/away", "/desk/admin/officers", "desk.officers.title", errs)
	wrong := func(f string) string { return components.ErrorFor(errs, f) }
	v.Inputs = []components.Input{
		{Lang: l, Name: "email", Label: l.T("desk.away.email"), Value: in.Email, Error: wrong("email"), NoSpell: true},
		{Lang: l, Name: "from", Label: l.T("desk.away.from"), Value: in.From, Error: wrong("from"), Type: "date", Width: "20", Optional: true},
		{Lang: l, Name: "until", Label: l.T("desk.away.until"), Hint: l.T("desk.away.until.hint"), Value: in.Until, Error: wrong("until"), Type: "date", Width: "20", Optional: true},
		{Lang: l, Name: "delegate", Label: l.T("desk.away.delegate"), Hint: l.T("desk.away.delegate.hint"), Value: in.Delegate, Error: wrong("delegate"), NoSpell: true, Optional: true},
	}
	return v, nil
}

func (d *desk) awayForm(c *fiber.Ctx) error {
	v, err := d.drawAway(c, casework.AwayInput{Email: c.Query("email")}, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) setAway(c *fiber.Ctx) error {
	form := web.ReadForm(c)
	in := casework.AwayInput{Email: form.Line("email"), From: form.Line("from"), Until: form.Line("until"), Delegate: form.Line("delegate")}
	err := form.Err()
	if err == nil {
		err = d.svc.SetAway(c.UserContext(), web.Actor(c), in)
	}
	if models.CodeOf(err) == "officer_not_found" {
		var check models.Check
		check.Field(false, "email", "officer_unknown")
		err = check.Err()
	}
	if err != nil {
		return d.refused(c, err, func(errs []components.FieldError) (pages.DeskFormPage, error) { return d.drawAway(c, in, errs) })
	}
	d.w.Flash(c, "desk.flash.away_set")
	return web.SeeOther(c, "/desk/admin/officers")
}
