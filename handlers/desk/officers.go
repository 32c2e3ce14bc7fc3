package desk

import (
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
)

// passwordPath is where a one-time link leads, with its token after it.
const passwordPath = "/welcome/"

func (d *desk) officers(c *fiber.Ctx) error {
	l, a := web.Lang(c), web.Actor(c)
	list, err := d.svc.Officers(c.UserContext(), a, number(c.Query("after")), adminPage)
	if err != nil {
		return err
	}
	bodies, _, err := d.bodies(c, a)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, b := range bodies {
		names[b.ID] = b.Name
	}
	v := pages.DeskOfficersView{Page: d.page(c, l.T("desk.officers.title")), AddURL: "/desk/admin/officers/new", Pager: components.Pager{Lang: l}}
	for _, o := range list {
		row := pages.DeskOfficerRow{
			Name: o.Name, Email: o.Email, Role: l.T("role." + string(o.Role)), Where: l.T("desk.officers.everywhere"),
			Class: components.ClassTag(l, string(o.Clearance)), Status: components.Tag{Label: l.T("desk.officers.active"), Tone: "green"},
		}
		if o.BodyID != nil {
			row.Where = names[*o.BodyID]
		}
		switch {
		case o.SecondFactor:
			row.Second = components.Tag{Label: l.T("desk.officers.second.yes"), Tone: "green"}
		case o.NeedsSecondFactor() && d.svc.SecondFactorRule() == models.SecondFactorRequired:
			row.Second = components.Tag{Label: l.T("desk.officers.second.missing"), Tone: "amber"}
		default:
			row.Second = components.Tag{Label: l.T("desk.officers.second.no")}
		}
		if o.Disabled {
			row.Status = components.Tag{Label: l.T("desk.officers.disabled")}
		} else {
			row.NewLink = "/desk/admin/officers/link"
			if o.ID != a.OfficerID {
				row.End = "/desk/admin/officers/end"
				if o.SecondFactor {
					row.Reset = address("/desk/admin/officers/reset", "email", o.Email)
				}
				row.Disable = address("/desk/admin/officers/disable", "email", o.Email)
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if len(list) == adminPage {
		v.Pager.Next = address("/desk/admin/officers", "after", itoa(list[len(list)-1].ID))
	}
	if c.Query("after") != "" {
		v.Pager.First = "/desk/admin/officers"
	}
	return web.Render(c, fiber.StatusOK, pages.DeskOfficers(v))
}

func (d *desk) drawOfficer(c *fiber.Ctx, in casework.OfficerInput, errs []components.FieldError) (pages.DeskFormPage, error) {
	l := web.Lang(c)
	v := d.adminForm(c, "desk.officer", "/desk/admin/officers/new", "/desk/admin/officers", "desk.officers.title", errs)
	wrong := func(f string) string { return components.ErrorFor(errs, f) }
	v.Inputs = []components.Input{
		{Lang: l, Name: "name", Label: l.T("desk.officer.name"), Value: in.Name, Error: wrong("name"), Autocomplete: "off"},
		{Lang: l, Name: "email", Label: l.T("desk.officer.email"), Value: in.Email, Error: wrong("email"), Type: "email", Autocomplete: "off"},
		{Lang: l, Name: "unit", Label: l.T("desk.officer.unit"), Hint: l.T("desk.officer.unit.hint"), Value: in.Unit, Error: wrong("unit"), Optional: true},
	}
	body, err := d.bodyChoice(c, in.Body, wrong("body"), true)
	body.Hint = l.T("desk.officer.body.hint")
	v.Selects = []components.Select{body}
	roles := components.Choices{Lang: l, Name: "role", Legend: l.T("desk.officer.role"), Error: wrong("role")}
	for _, r := range models.Roles {
		roles.Options = append(roles.Options, components.Option{Value: string(r), Label: l.T("role." + string(r)), Hint: l.T("desk.role." + string(r)), Checked: r == in.Role})
	}
	clearance := options(components.Choices{Lang: l, Name: "clearance", Legend: l.T("desk.officer.clearance"), Hint: l.T("desk.officer.clearance.hint"), Error: wrong("clearance")},
		"classification.", string(in.Clearance), classes()...)
	v.Choices = []components.Choices{roles, clearance}
	return v, err
}

func (d *desk) officerForm(c *fiber.Ctx) error {
	v, err := d.drawOfficer(c, casework.OfficerInput{Clearance: models.Public}, nil)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) addOfficer(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.OfficerInput{
		Email: in.Line("email"), Name: in.Line("name"), Role: models.Role(in.Line("role")), Body: in.Line("body"), Unit: in.Line("unit"),
		Clearance: models.Class(in.Line("clearance")),
	}
	err := in.Err()
	var o *models.Officer
	var token string
	if err == nil {
		o, token, err = d.svc.AddOfficer(c.UserContext(), web.Actor(c), input)
	}
	if err != nil {
		return d.refused(c, err, func(errs []components.FieldError) (pages.DeskFormPage, error) { return d.drawOfficer(c, input, errs) })
	}
	return d.showLink(c, fiber.StatusCreated, "desk.link.added", o.Name, o.Email, token)
}

// showLink shows a one-time link; only its hash is kept, so it cannot be shown again.
func (d *desk) showLink(c *fiber.Ctx, status int, key, name, email, token string) error {
	l := web.Lang(c)
	who := email
	if name != "" {
		who = name + " (" + email + ")"
	}
	return web.Render(c, status, pages.DeskLink(pages.DeskLinkView{
		Page: d.page(c, l.T(key)), Who: who, Link: d.w.Link(passwordPath + token),
		Until: l.T("desk.link.until", int(models.LinkValid.Hours())), ListURL: "/desk/admin/officers",
	}))
}

// disableForm asks once more: there is no way back from a disabled account but a new one.
func (d *desk) disableForm(c *fiber.Ctx) error {
	v := d.adminForm(c, "desk.disable", "/desk/admin/officers/disable", "/desk/admin/officers", "desk.officers.title", nil)
	v.Kind, v.Name, v.Value = "warning", "email", c.Query("email")
	v.Intro = append([]string{v.Value}, v.Intro...)
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) disableOfficer(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	if err := d.svc.DisableOfficer(c.UserContext(), web.Actor(c), in.Line("email")); err != nil {
		return err
	}
	d.w.Flash(c, "desk.flash.officer_disabled")
	return web.SeeOther(c, "/desk/admin/officers")
}

func (d *desk) passwordLink(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	email := in.Line("email")
	token, err := d.svc.PasswordLink(c.UserContext(), web.Actor(c), email)
	if err != nil {
		return err
	}
	return d.showLink(c, fiber.StatusOK, "desk.link.new", "", email, token)
}

func (d *desk) endSessions(c *fiber.Ctx) error {
	if err := d.svc.EndOfficerSessions(c.UserContext(), web.Actor(c), web.ReadForm(c).Line("email")); err != nil {
		return err
	}
	d.w.Flash(c, "desk.flash.sessions_ended")
	return web.SeeOther(c, "/desk/admin/officers")
}

// resetForm asks whether the administrator has spoken to the person.
func (d *desk) resetForm(c *fiber.Ctx) error {
	v := d.adminForm(c, "desk.reset", "/desk/admin/officers/reset", "/desk/admin/officers", "desk.officers.title", nil)
	v.Kind, v.Name, v.Value = "warning", "email", c.Query("email")
	v.Intro = append([]string{v.Value}, v.Intro...)
	return web.Render(c, fiber.StatusOK, pages.DeskFormShow(v))
}

func (d *desk) reset(c *fiber.Ctx) error {
	waits, err := d.svc.ResetSecondFactor(c.UserContext(), web.Actor(c), web.ReadForm(c).Line("email"))
	if err != nil {
		return err
	}
	d.w.Flash(c, "resets.flash.done")
	if waits {
		d.w.Flash(c, "resets.flash.warn_waits")
	}
	return web.SeeOther(c, "/desk/admin/officers")
}

func (d *desk) resets(c *fiber.Ctx) error {
	l := web.Lang(c)
	list, err := d.svc.Resets(c.UserContext(), web.Actor(c))
	if err != nil {
		return err
	}
	v := pages.Resets{Page: d.page(c, l.T("resets.title"))}
	for _, r := range list {
		v.Rows = append(v.Rows, pages.ResetRow{
			Name: r.Name, Email: r.Email, Mine: r.Mine, Asked: l.T("resets.asked", r.AskedBy, l.ShortDateTime(r.AskedAt, nil)), Until: l.T("resets.until", l.ShortDateTime(r.ExpiresAt, nil)),
		})
	}
	return web.Render(c, fiber.StatusOK, pages.ResetsPage(v))
}

func (d *desk) confirmReset(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	agreed := f.Line("agreed") == "yes"
	if err := d.svc.ConfirmReset(c.UserContext(), web.Actor(c), f.Line("email"), agreed); err != nil {
		return err
	}
	d.w.Flash(c, "resets.flash.refused")
	if agreed {
		d.w.Flash(c, "resets.flash.done")
	}
	return web.SeeOther(c, "/desk/resets")
}
