package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	return d.drawPublication(f, fiber.StatusOK)
}

// publication goes from what was decided on each find to what the public will read, and from
// there to publishing it. Nothing is published that was not on the page before.
func (d *desk) publication(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := readPublication(in)
	f, err := d.open(c)
	if err != nil {
		return err
	}
	f.in, f.err = in, in.Err()
	if f.err == nil && in.Line("step") == "publish" {
		if _, f.err = d.svc.Publish(c.UserContext(), web.Actor(c), c.Params("ref"), input); f.err == nil {
			return d.done(c, "published")
		}
	}
	if f.err == nil && in.Line("step") != "edit" {
		if input.Version != f.v.Case.Version {
			f.err = models.Refuse(models.Conflict, "stale")
		}
		var p *casework.Publication
		if f.err == nil {
			p, f.err = d.svc.PreviewPublication(c.UserContext(), web.Actor(c), c.Params("ref"), input)
		}
		if f.err == nil {
			return web.Render(c, fiber.StatusOK, drawPreview(f, p, input))
		}
	}
	status := fiber.StatusOK
	if f.err != nil {
		var ok bool
		if _, status, ok = web.FormErrors(f.t.L, f.err); !ok {
			return f.err
		}
	}
	return d.drawPublication(f, status)
}

// maxFinds bounds how many decisions one form may carry.
const maxFinds = 2_000

// readPublication reads the form's decisions: those on finds by their number, those on documents
// by their id.
func readPublication(in *web.Form) casework.PublishInput {
	input := casework.PublishInput{Version: versionOf(in), Title: in.Line("title"), Summary: in.Text("summary"), Question: in.On("question")}
	for n := range maxFinds {
		at := "." + strconv.Itoa(n)
		text := in.Text("find_text" + at)
		if text == "" {
			break
		}
		if in.Line("find_do"+at) == "keep" {
			input.Keep = append(input.Keep, casework.KeepInput{Text: text, Reason: in.Line("find_why" + at)})
		} else {
			input.Masks = append(input.Masks, casework.MaskInput{Text: text, Optional: true})
		}
	}
	for phrase := range strings.Lines(in.Text("own")) {
		if phrase = strings.TrimSpace(phrase); phrase != "" {
			input.Masks = append(input.Masks, casework.MaskInput{Text: phrase, Exemption: in.Line("own_exemption")})
		}
	}
	for _, id := range in.All("document") {
		input.Documents = append(input.Documents, casework.PublishDocument{
			ID: number(id), Leave: in.Line("document_do."+id) == "leave", Reason: in.Line("document_why." + id), Found: int(in.Int("document_found." + id)),
		})
	}
	return input
}

// drawPublication shows the text that would be published with every find marked, and asks about
// each.
func (d *desk) drawPublication(f *form, status int) error {
	l := f.t.L
	v := pages.DeskPublishForm{DeskForm: f.frame("publication"), Again: f.v.Disclosure != nil, Hidden: []string{l.T("desk.publish.hidden_text")}}
	switch {
	case f.v.Case.Classification != models.Public:
		v.Refused = l.T("desk.publish.not_public", f.t.Words("classification.", string(f.v.Case.Classification)))
	case len(f.v.Decisions) == 0:
		v.Refused = l.T("desk.publish.not_decided")
	case !slices.Contains(f.v.May, policies.ActPublish):
		v.Refused = l.Error("not_allowed")
	}
	if v.Refused != "" {
		return web.Render(f.c, status, pages.DeskPublish(v))
	}
	title, summary, question := f.v.Case.Subject, "", false
	if was := f.v.Disclosure; was != nil {
		// A mask is no text to publish again: the words under it are the case's.
		if !strings.Contains(was.Title, "[") {
			title = was.Title
		}
		summary, question = was.Summary, was.Question != ""
	}
	var input casework.PublishInput
	if f.in != nil {
		input = readPublication(f.in)
		question = input.Question
	} else {
		input = casework.PublishInput{Title: title, Summary: summary, Question: question}
	}
	// What is there to decide is shown whatever else is missing: an error says where.
	p, err := d.svc.PreviewPublication(f.c.UserContext(), web.Actor(f.c), f.v.Case.Reference, input)
	if p == nil {
		return err
	}
	v.Title = components.Input{Lang: l, Name: "title", Label: l.T("desk.publish.name"), Hint: hint(l, "desk.publish.name"), Value: f.value("title", title), Error: f.wrong(v.DeskForm, "title")}
	v.Summary = components.TextArea{Lang: l, Name: "summary", Label: l.T("desk.publish.summary"), Hint: hint(l, "desk.publish.summary"), Value: f.value("summary", summary), Error: f.wrong(v.DeskForm, "summary"), Rows: 6}
	v.Question = components.Choices{Lang: l, Name: "question", Options: []components.Option{{Value: "yes", Label: l.T("publication.question"), Checked: question}}}
	v.Own = components.TextArea{Lang: l, Name: "own", Label: l.T("publication.own"), Hint: hint(l, "publication.own"), Value: f.value("own", ""), Rows: 3, Optional: true, Error: f.wrong(v.DeskForm, "masks")}
	v.Exemption = components.Select{Lang: l, Name: "own_exemption", Label: l.T("publication.own.exemption"), Options: f.exemptions(f.value("own_exemption", f.v.Pack.PersonalExemption()))}
	f.finds(&v, p, input)
	for i := range p.Documents {
		v.Documents = append(v.Documents, f.publishDocument(&v.DeskForm, &p.Documents[i], input))
	}
	return web.Render(f.c, status, pages.DeskPublish(v))
}

// exemptions are the pack's grounds to choose from.
func (f *form) exemptions(chosen string) []components.Option {
	var out []components.Option
	for i := range f.v.Pack.Exemptions {
		x := &f.v.Pack.Exemptions[i]
		out = append(out, components.Option{Value: x.ID, Label: policies.ShortArticle(x.Article, string(f.t.L)) + ": " + f.t.In(x.Title), Checked: x.ID == chosen})
	}
	return out
}

func (f *form) partName(name string) string {
	if strings.HasPrefix(name, "documents.") {
		return f.t.L.T("publication.in.document")
	}
	return f.t.L.T("publication.in." + name)
}

func (f *form) finds(v *pages.DeskPublishForm, p *casework.Publication, input casework.PublishInput) {
	l := f.t.L
	own := map[string]bool{}
	for phrase := range strings.Lines(f.value("own", "")) {
		own[fold(phrase)] = true
	}
	number := map[int]int{}
	for i, x := range p.Clearing.Passages {
		if own[fold(x.Text)] {
			continue // asked about in its own field
		}
		find := pages.DeskFind{
			N: len(v.Finds), Text: x.Text, Type: f.t.Words("desk.personal.", x.Type), Label: f.v.Pack.MaskLabel(x.Type, "", f.v.Case.Lang),
		}
		var in []string
		for _, name := range x.Fields {
			if where := f.partName(name); !slices.Contains(in, where) {
				in = append(in, where)
			}
		}
		find.Where = strings.Join(in, ", ")
		if x.Count > 1 {
			find.Where += " · " + l.T("publication.times", x.Count)
		}
		for _, k := range input.Keep {
			if fold(k.Text) == fold(x.Text) {
				find.Keep, find.Reason = true, k.Reason
				if k.Reason == "" && f.err != nil {
					find.Error = l.T("publication.keep.needs_why")
				}
			}
		}
		if f.err != nil && !x.Decided {
			find.Error = l.T("publication.new_find")
		}
		number[i] = find.N
		v.Finds = append(v.Finds, find)
	}
	for _, part := range p.Parts {
		if part.Text == "" || strings.HasPrefix(part.Name, "documents.") {
			continue
		}
		t := pages.DeskPublishText{Label: f.partName(part.Name)}
		r, at := []rune(part.Text), 0
		for _, m := range p.Clearing.Marks[part.Name] {
			if m.Start < at {
				continue
			}
			if m.Start > at {
				t.Segments = append(t.Segments, pages.DeskSegment{Text: string(r[at:m.Start])})
			}
			t.Segments = append(t.Segments, pages.DeskSegment{Text: string(r[m.Start:m.End]), Mark: true, Note: f.t.Words("desk.personal.", p.Clearing.Passages[m.Passage].Type)})
			at = m.End
		}
		if at < len(r) {
			t.Segments = append(t.Segments, pages.DeskSegment{Text: string(r[at:])})
		}
		v.Texts = append(v.Texts, t)
	}
	// The summary's errors lead to the fields; a find's, to the find.
	for i := range v.Errors {
		if v.Errors[i].Field == "keep" || v.Errors[i].Field == "answer" || v.Errors[i].Field == "question" || v.Errors[i].Field == "withheld" || v.Errors[i].Field == "why" || v.Errors[i].Field == "until" {
			v.Errors[i].Field = "finds"
		}
		if v.Errors[i].Field == "masks" {
			v.Errors[i].Field = "own"
		}
	}
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// findsShown is how many finds of a document are listed.
const findsShown = 12

func (f *form) publishDocument(frame *pages.DeskForm, r *casework.DocumentReport, input casework.PublishInput) pages.DeskPublishDocument {
	l, id := f.t.L, itoa(r.ID)
	d := pages.DeskPublishDocument{
		ID: id, Name: r.Name, URL: caseURL(f.v.Case.Reference, "attachments/"+id), Found: strconv.Itoa(r.Found()), Error: f.wrong(*frame, "documents."+id),
	}
	redact := caseURL(f.v.Case.Reference, "attachments/"+id+"/redaction")
	switch {
	case r.Redacted:
		d.Status, d.Text = components.Tag{Label: l.T("publication.document.redacted"), Tone: "green"}, l.T("publication.document.redacted.text")
	case r.Found() > 0:
		d.Status, d.Text, d.Ask, d.RedactURL = components.Tag{Label: l.T("publication.document.finds", r.Found()), Tone: "red"}, l.T("publication.document.finds.text"), true, redact
		d.Leave = f.in == nil
	case r.Unread != "":
		d.Status, d.Text, d.Ask, d.RedactURL = components.Tag{Label: l.T("publication.document.unread"), Tone: "amber"}, "", true, redact
		d.Leave = f.in == nil
	default:
		d.Status, d.Text = components.Tag{Label: l.T("publication.document.clean"), Tone: "green"}, l.T("publication.document.clean.text")
		d.RedactURL = redact
	}
	if r.Unread != "" && !r.Redacted {
		d.Text = strings.TrimSpace(d.Text + " " + f.unread(r))
	}
	for _, m := range r.Metadata {
		d.Finds = append(d.Finds, l.T("publication.metadata", m.Name)+": "+m.Value)
	}
	for i, x := range r.Findings {
		if i == findsShown {
			d.More = l.T("publication.more", len(r.Findings)-findsShown)
			break
		}
		line := f.t.Words("desk.personal.", x.Type) + ": " + x.Text
		if len(x.Pages) > 0 {
			line += " (" + l.T("publication.pages", pageList(x.Pages)) + ")"
		} else if x.Count > 1 {
			line += " (" + l.T("publication.times", x.Count) + ")"
		}
		d.Finds = append(d.Finds, line)
	}
	for _, in := range input.Documents {
		if in.ID == r.ID {
			d.Leave, d.Reason = in.Leave, in.Reason
		}
	}
	return d
}

func (f *form) unread(r *casework.DocumentReport) string {
	if r.Unread == "pages" {
		return f.t.L.T("publication.unread.pages", pageList(r.NotRead))
	}
	return f.t.L.T("publication.unread." + r.Unread)
}

// pageList writes page numbers with ranges: 1-3, 7.
func pageList(pages []int) string {
	var out []string
	for i := 0; i < len(pages); {
		j := i
		for j+1 < len(pages) && pages[j+1] == pages[j]+1 {
			j++
		}
		if j > i+1 {
			out = append(out, fmt.Sprintf("%d–%d", pages[i], pages[j]))
		} else {
			for k := i; k <= j; k++ {
				out = append(out, strconv.Itoa(pages[k]))
			}
		}
		if i = j + 1; len(out) == 12 && i < len(pages) {
			return strings.Join(append(out, "…"), ", ")
		}
	}
	return strings.Join(out, ", ")
}

// drawPreview shows the entry as the public will read it, and carries every decision on.
func drawPreview(f *form, p *casework.Publication, input casework.PublishInput) templ.Component {
	l := f.t.L
	v := pages.DeskPublishPreview{DeskForm: f.frame("publication")}
	v.Public = f.t.Disclosure(p.View, func(a *models.Attachment) templ.SafeURL {
		return caseURL(f.v.Case.Reference, "attachments/"+itoa(a.ID))
	})
	v.Public.Lang = l
	masked, kept := 0, 0
	for _, x := range p.Clearing.Passages {
		if x.Choice.Mask {
			masked += x.Count
		} else {
			kept += x.Count
		}
	}
	v.Masked = l.T("publication.preview.counts", masked, kept)
	carry := func(name, value string) {
		if value != "" {
			v.Carry = append(v.Carry, pages.DeskField{Name: name, Value: value})
		}
	}
	carry("title", input.Title)
	carry("summary", input.Summary)
	if input.Question {
		carry("question", "yes")
	}
	for n := range maxFinds {
		at := "." + strconv.Itoa(n)
		if f.in.Text("find_text"+at) == "" {
			break
		}
		for _, name := range []string{"find_text", "find_do", "find_why"} {
			carry(name+at, f.in.Text(name+at))
		}
	}
	carry("own", f.in.Text("own"))
	carry("own_exemption", f.in.Line("own_exemption"))
	for _, d := range input.Documents {
		id := itoa(d.ID)
		carry("document", id)
		for _, name := range []string{"document_do.", "document_why.", "document_found."} {
			carry(name+id, f.in.Line(name+id))
		}
		if i := slices.IndexFunc(p.Documents, func(r casework.DocumentReport) bool { return r.ID == d.ID }); d.Leave && i >= 0 {
			v.Left = append(v.Left, l.T("publication.left", p.Documents[i].Name))
		}
	}
	return pages.DeskPublishLook(v)
}
