package desk

import (
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

func (d *desk) assignForm(c *fiber.Ctx) error {
	f, err := d.open(c, policies.ActAssign, policies.ActAssignSelf)
	if err != nil {
		return err
	}
	page, err := f.assignPage()
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, page)
}

func (d *desk) assign(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.AssignInput{Version: versionOf(in), Officer: in.Line("officer"), Unit: in.Line("unit")}
	if take := in.Line("take"); take != "" {
		input.Officer, input.Unit = take, ""
	}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Assign(c.UserContext(), web.Actor(c), c.Params("ref"), input)
	}
	if err == nil {
		return d.done(c, "assigned")
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
	page, pageErr := f.assignPage()
	if pageErr != nil {
		return pageErr
	}
	return web.Render(c, status, page)
}

func (f *form) assignPage() (templ.Component, error) {
	a, l := web.Actor(f.c), f.t.L
	officers, units, err := f.svc.Assignable(f.c.UserContext(), a, f.v.Case.Reference)
	if err != nil {
		return nil, err
	}
	v := pages.DeskAssignForm{DeskForm: f.frame("assign"), Now: l.T("desk.assign.now", f.t.Head(f.v, "").Holder)}
	v.Officers = components.Select{Lang: l, Name: "officer", Label: l.T("desk.assign.officer"), Hint: l.T("desk.assign.officer.hint"), Empty: l.T("desk.assign.keep"), Optional: true, Error: f.wrong(v.DeskForm, "officer")}
	v.Units = components.Select{Lang: l, Name: "unit", Label: l.T("desk.assign.unit"), Hint: l.T("desk.assign.unit.hint"), Empty: l.T("desk.assign.keep"), Optional: true, Error: f.wrong(v.DeskForm, "unit")}
	others := slices.Contains(f.v.May, policies.ActAssign)
	names := map[int64]string{}
	for _, u := range units {
		names[u.ID] = u.Name
	}
	for _, o := range officers {
		if o.ID == a.OfficerID && (f.v.Case.OfficerID == nil || *f.v.Case.OfficerID != a.OfficerID) {
			v.Mine = pages.DeskAction{Label: l.T("desk.assign.take"), Name: "take", Value: o.Email}
		}
		label := o.Name + ", " + f.t.Role(string(o.Role))
		if o.UnitID != nil && names[*o.UnitID] != "" {
			label += ", " + names[*o.UnitID]
		}
		v.Officers.Options = append(v.Officers.Options, components.Option{Value: o.Email, Label: label, Checked: o.Email == f.value("officer", ""), Disabled: !others && o.ID != a.OfficerID})
	}
	for _, u := range units {
		v.Units.Options = append(v.Units.Options, components.Option{Value: u.Slug, Label: u.Name, Checked: u.Slug == f.value("unit", ""), Disabled: !others})
	}
	return pages.DeskAssign(v), nil
}

// --- classification

func (d *desk) classifyForm(c *fiber.Ctx) error {
	f, err := d.open(c, policies.ActClassify, policies.ActLowerClass)
	if err != nil {
		return err
	}
	page, err := f.classifyPage(number(c.Query("document")))
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, page)
}

func (d *desk) classify(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.ClassifyInput{
		Version: versionOf(in), Classification: models.Class(in.Line("classification")), Exemption: in.Line("exemption"),
		Reason: in.Text("reason"), Attachment: in.Int("document"), Until: in.Line("until"),
	}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Classify(c.UserContext(), web.Actor(c), c.Params("ref"), input)
	}
	if err == nil {
		return d.done(c, "classified")
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
	page, pageErr := f.classifyPage(input.Attachment)
	if pageErr != nil {
		return pageErr
	}
	return web.Render(c, status, page)
}

func (f *form) classifyPage(document int64) (templ.Component, error) {
	a, l := web.Actor(f.c), f.t.L
	v := pages.DeskClassifyForm{DeskForm: f.frame("classify"), Panel: f.t.Class(f.v)}
	now, exemption := f.v.Case.Classification, f.v.Case.Exemption
	if exemption == "" {
		for _, g := range f.v.Proposal { // what the rules rest on is what an officer who confirms rests on
			if g.Class == string(now) && exemption == "" {
				exemption = g.Exemption
			}
		}
	}
	if document != 0 {
		i := slices.IndexFunc(f.v.Attachments, func(d models.Attachment) bool { return d.ID == document })
		if i < 0 {
			return nil, models.Refuse(models.NotFound, "attachment_not_found")
		}
		doc := f.v.Attachments[i]
		v.What, v.Document = doc.Name, f.value("document", itoa(doc.ID))
		now, exemption = doc.Classification, doc.Ground
		v.Panel = pages.DeskClassPanel{Tag: components.ClassTag(l, string(now)), Status: l.T("desk.classify.document_now")}
	}
	lower := slices.Contains(f.v.May, policies.ActLowerClass)
	v.Classes = components.Choices{Lang: l, Name: "classification", Legend: l.T("desk.classify.class"), Error: f.wrong(v.DeskForm, "classification")}
	chosen := f.value("classification", string(now))
	for _, k := range models.Classes {
		o := components.Option{Value: string(k), Label: l.T("classification." + string(k)), Hint: l.T("classification." + string(k) + ".meaning"), Checked: chosen == string(k)}
		switch {
		case k.Level() < now.Level() && !lower:
			o.Disabled, o.Hint = true, l.T("desk.classify.lower_denied")
		case k.Level() > a.Clearance.Level():
			o.Disabled, o.Hint = true, l.T("desk.classify.above_clearance")
		}
		v.Classes.Options = append(v.Classes.Options, o)
		if chain, ok := f.v.Pack.Chain(string(k)); ok && len(chain.Rungs) > 0 {
			first := chain.Rungs[0]
			v.ChainText = append(v.ChainText, l.T("desk.classify.opens", l.T("classification."+string(k)), f.t.In(first.Title), first.AcknowledgeHours, first.DecideHours))
		}
	}
	v.Grounds = components.Select{
		Lang: l, Name: "exemption", Label: l.T("desk.classify.ground"), Hint: l.T("desk.classify.ground.hint"), Empty: l.T("desk.classify.no_ground"), Error: f.wrong(v.DeskForm, "exemption"),
	}
	ticked := f.value("exemption", exemption)
	for i := range f.v.Pack.Exemptions {
		x := &f.v.Pack.Exemptions[i]
		v.Grounds.Options = append(v.Grounds.Options, components.Option{Value: x.ID, Label: l.Law(x.Article) + ": " + f.t.In(x.Title), Checked: x.ID == ticked})
	}
	v.Until = components.Input{
		Lang: l, Name: "until", Label: l.T("desk.classify.until"), Hint: l.T("desk.classify.until.hint"), Value: f.value("until", ""),
		Error: f.wrong(v.DeskForm, "until"), Type: "date", Width: "20", Optional: true,
	}
	v.Reason = f.area(v.DeskForm, "reason", "desk.classify.reason", "", 4)
	return pages.DeskClassify(v), nil
}
