package desk

import (
	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// hint is the words of key+".hint", "" where there are none.
func hint(l text.Lang, key string) string {
	if text.Has(key + ".hint") {
		return l.T(key + ".hint")
	}
	return ""
}

// draw is a page with one text: key names its words in the catalogue, field the text.
func draw(page, key, field, buttonKind string, intro func(*form) []string) func(*form) templ.Component {
	return func(f *form) templ.Component {
		l := f.t.L
		v := pages.DeskTextForm{DeskForm: f.frame(page), Title: l.T(key + ".title"), Button: l.T(key + ".button"), Kind: buttonKind}
		if intro != nil {
			v.Intro = intro(f)
		}
		v.Field = f.area(v.DeskForm, field, key+".label", "", 8)
		return pages.DeskText(v)
	}
}

var (
	drawMessage       = draw("message", "desk.message", "text", "", nil)
	drawNote          = draw("note", "desk.note", "text", "", nil)
	drawClose         = draw("close", "desk.close", "reason", "warning", nil)
	drawUnpublish     = draw("unpublish", "desk.unpublish", "reason", "warning", nil)
	drawClarification = draw("clarification", "desk.clarify", "text", "", whatClocksDo)
)

// whatClocksDo says what asking the requester does to the case's time, by its own law.
func whatClocksDo(f *form) []string {
	var out []string
	for _, c := range f.v.Clocks {
		law, ok := f.v.Pack.Clock(c.Name)
		if !ok || !c.Running() || law.Holder == "requester" {
			continue
		}
		key := "desk.clarify.runs_on"
		for _, p := range law.Pauses {
			if p.Reason == "clarification" && p.Effect == "restart" {
				key = "desk.clarify.restarts"
			} else if p.Reason == "clarification" {
				key = "desk.clarify.stops"
			}
		}
		out = append(out, f.t.L.T(key, f.t.In(law.Title), f.t.Day(c.DueOn)))
	}
	return out
}

// textPage shows a form with one text.
func (d *desk) textPage(c *fiber.Ctx, draw func(*form) templ.Component, possible ...string) error {
	f, err := d.open(c, possible...)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, draw(f))
}

// sendText gives one text to a verb.
func (d *desk) sendText(c *fiber.Ctx, field, flash string, draw func(*form) templ.Component, verb func(casework.TextInput) error) error {
	in := web.ReadForm(c)
	input := casework.TextInput{Version: versionOf(in), Text: in.Text(field)}
	err := in.Err()
	if err == nil {
		err = verb(input)
	}
	if err != nil {
		return d.again(c, in, err, draw)
	}
	return d.done(c, flash)
}

func (d *desk) messageForm(c *fiber.Ctx) error {
	return d.textPage(c, drawMessage, policies.ActMessage)
}

func (d *desk) message(c *fiber.Ctx) error {
	return d.sendText(c, "text", "message", drawMessage, func(in casework.TextInput) error {
		_, err := d.svc.Say(c.UserContext(), web.Actor(c), c.Params("ref"), in)
		return err
	})
}

func (d *desk) noteForm(c *fiber.Ctx) error { return d.textPage(c, drawNote, policies.ActNote) }

func (d *desk) note(c *fiber.Ctx) error {
	return d.sendText(c, "text", "note", drawNote, func(in casework.TextInput) error {
		_, err := d.svc.Note(c.UserContext(), web.Actor(c), c.Params("ref"), in)
		return err
	})
}

func (d *desk) clarificationForm(c *fiber.Ctx) error {
	return d.textPage(c, drawClarification, policies.ActAskClarification)
}

func (d *desk) clarification(c *fiber.Ctx) error {
	return d.sendText(c, "text", "clarification", drawClarification, func(in casework.TextInput) error {
		_, err := d.svc.AskClarification(c.UserContext(), web.Actor(c), c.Params("ref"), in)
		return err
	})
}

func (d *desk) closeForm(c *fiber.Ctx) error { return d.textPage(c, drawClose, "close") }

func (d *desk) close(c *fiber.Ctx) error {
	return d.sendText(c, "reason", "closed", drawClose, func(in casework.TextInput) error {
		_, err := d.svc.Close(c.UserContext(), web.Actor(c), c.Params("ref"), in)
		return err
	})
}

func (d *desk) unpublishForm(c *fiber.Ctx) error {
	return d.textPage(c, drawUnpublish, policies.ActPublish)
}

func (d *desk) unpublish(c *fiber.Ctx) error {
	return d.sendText(c, "reason", "unpublished", drawUnpublish, func(in casework.TextInput) error {
		_, err := d.svc.Publish(c.UserContext(), web.Actor(c), c.Params("ref"), casework.PublishInput{Version: in.Version, Unpublish: true, Reason: in.Text})
		return err
	})
}

// attachForm adds a document of the body's.
func (d *desk) attachForm(c *fiber.Ctx) error { return d.textPage(c, drawAttach, policies.ActMessage) }

func drawAttach(f *form) templ.Component {
	l := f.t.L
	v := pages.DeskAttachForm{DeskForm: f.frame("attachments"), Note: l.T("desk.attach.class", f.t.Words("classification.", string(f.v.Case.Classification)))}
	v.Upload = true
	v.File = components.File{Lang: l, Name: "attachments", Label: l.T("desk.attach.file"), Hint: l.T("desk.attach.hint"), Error: f.wrong(v.DeskForm, "attachments")}
	return pages.DeskAttach(v)
}

func (d *desk) attach(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	fh := in.File("attachments")
	if fh == nil {
		var check models.Check
		check.Field(false, "attachments", "file_required")
		return d.again(c, in, check.Err(), drawAttach)
	}
	file, err := fh.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err = d.svc.Attach(c.UserContext(), web.Actor(c), c.Params("ref"), casework.Upload{Name: fh.Filename, Data: file}); err != nil {
		return d.again(c, in, err, drawAttach)
	}
	return d.done(c, "attached")
}

func (d *desk) detach(c *fiber.Ctx) error {
	if err := d.svc.Detach(c.UserContext(), web.Actor(c), c.Params("ref"), number(c.Params("id"))); err != nil {
		return err
	}
	return d.done(c, "detached")
}
