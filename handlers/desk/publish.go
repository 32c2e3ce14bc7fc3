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

func (d *desk) publicationForm(c *fiber.Ctx) error {
	f, err := d.open(c)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, drawPublication(f))
}

// publication publishes. Where personal data may be left in what the public will read, the
// officer must have looked at each find and said so: a missed one cannot be taken back.
func (d *desk) publication(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.PublishInput{Version: versionOf(in), Title: in.Line("title"), Summary: in.Text("summary")}
	if err := in.Err(); err != nil {
		return d.again(c, in, err, drawPublication)
	}
	f, err := d.open(c)
	if err != nil {
		return err
	}
	f.in = in
	if len(f.personal()) > 0 && !in.On("checked") {
		var check models.Check
		check.Field(false, "checked", "personal_data_left")
		return d.again(c, in, check.Err(), drawPublication)
	}
	if _, err := d.svc.Publish(c.UserContext(), web.Actor(c), c.Params("ref"), input); err != nil {
		return d.again(c, in, err, drawPublication)
	}
	return d.done(c, "published")
}

func (f *form) publicWords() (title, summary, answer string) {
	title, summary = f.v.Case.Subject, ""
	if f.v.Disclosure != nil {
		title, summary = f.v.Disclosure.Title, f.v.Disclosure.Summary
	}
	if n := len(f.v.Decisions); n > 0 {
		answer = f.v.Decisions[n-1].Text
	}
	return f.value("title", title), f.value("summary", summary), answer
}

// personal finds what looks like personal data in all that the public would read: rather
// one too many than one missed (UU 27/2022 art. 4).
func (f *form) personal() []pages.DeskFinding {
	title, summary, answer := f.publicWords()
	var out []pages.DeskFinding
	for _, part := range [][2]string{{"title", title}, {"summary", summary}, {"answer", answer}} {
		for _, find := range policies.FindPersonal(part[1], policies.Recall) {
			out = append(out, pages.DeskFinding{Type: f.t.Words("desk.personal.", find.Type), Where: f.t.L.T("desk.publish.in_" + part[0]), Text: find.Text})
		}
	}
	return out
}

func drawPublication(f *form) templ.Component {
	l := f.t.L
	v := pages.DeskPublishForm{DeskForm: f.frame("publication"), Again: f.v.Disclosure != nil}
	switch {
	case f.v.Case.Classification != models.Public:
		v.Refused = l.T("desk.publish.not_public", f.t.Words("classification.", string(f.v.Case.Classification)))
	case len(f.v.Decisions) == 0:
		v.Refused = l.T("desk.publish.not_decided")
	case !slices.Contains(f.v.May, policies.ActPublish):
		v.Refused = l.Error("not_allowed")
	}
	title, summary, answer := f.publicWords()
	v.Hidden = []string{l.T("desk.publish.hidden_text")}
	v.Title = components.Input{Lang: l, Name: "title", Label: l.T("desk.publish.name"), Hint: hint(l, "desk.publish.name"), Value: title, Error: f.wrong(v.DeskForm, "title")}
	v.Summary = components.TextArea{Lang: l, Name: "summary", Label: l.T("desk.publish.summary"), Hint: hint(l, "desk.publish.summary"), Value: summary, Error: f.wrong(v.DeskForm, "summary"), Rows: 6}
	v.Answer = answer
	for _, a := range f.v.Attachments {
		if a.FromBody && a.Released && a.Classification == models.Public {
			v.Documents = append(v.Documents, a.Name)
		}
	}
	v.Findings = f.personal()
	v.Confirm = components.Choices{
		Lang: l, Name: "checked", Legend: l.T("desk.publish.confirm"), Error: f.wrong(v.DeskForm, "checked"),
		Options: []components.Option{{Value: "yes", Label: l.T("desk.publish.confirm_label")}},
	}
	return pages.DeskPublish(v)
}
