package desk

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
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
	"terang/views/text"
)

// Redactions is what officers do before something is published.
type Redactions interface {
	PreviewPublication(ctx context.Context, a models.Actor, ref string, in casework.PublishInput) (*casework.Publication, error)
	Redaction(ctx context.Context, a models.Actor, ref string, id int64) (*casework.RedactionView, error)
	RedactionPage(ctx context.Context, a models.Actor, ref string, id int64, page int, burned bool) ([]byte, string, error)
	DrawBoxes(ctx context.Context, a models.Actor, ref string, id int64, in casework.BoxesInput) (int, error)
	Redact(ctx context.Context, a models.Actor, ref string, in casework.RedactInput) (*models.Attachment, error)
	UploadRedacted(ctx context.Context, a models.Actor, ref string, in casework.ReplaceInput, u casework.Upload) (*models.Attachment, error)
}

func (d *desk) mountRedactions(app *fiber.App) {
	const at = "/desk/cases/:ref/attachments/:id/redaction"
	app.Get(at, d.w.Officers(), d.redaction)
	app.Post(at, d.w.Officers(), d.drawBoxes)
	app.Get(at+"/pages/:page", d.w.Officers(), d.redactionPage)
	app.Get(at+"/look", d.w.Officers(), d.redactionLook)
	app.Post(at+"/look", d.w.Officers(), d.redact)
	app.Post(at+"/upload", d.w.Officers(), d.uploadRedacted)
}

// redacting is one screen about one document.
type redacting struct {
	*form
	r    *casework.RedactionView
	id   int64
	page int
	base string // of its addresses, below the case's
}

func (d *desk) redacting(c *fiber.Ctx, page int) (*redacting, error) {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return nil, models.Refuse(models.NotFound, "attachment_not_found")
	}
	r, err := d.svc.Redaction(c.UserContext(), web.Actor(c), c.Params("ref"), id)
	if err != nil {
		return nil, err
	}
	page = min(max(page, 1), max(len(r.Pages), 1))
	return &redacting{
		form: &form{desk: d, c: c, v: r.Case, t: caseview.For(web.Lang(c), r.Case)}, r: r, id: id, page: page, base: "attachments/" + itoa(id) + "/redaction",
	}, nil
}

func (f *redacting) url(more string) templ.SafeURL {
	return caseURL(f.v.Case.Reference, f.base+more)
}

func (f *redacting) at(page int, fragment string) templ.SafeURL {
	return f.url("?page=" + strconv.Itoa(page) + fragment)
}

func (d *desk) redaction(c *fiber.Ctx) error {
	page, _ := strconv.Atoi(c.Query("page"))
	f, err := d.redacting(c, page)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, f.draw())
}

// redactionPage gives one page's picture. It is never stored: the page may be confidential.
func (d *desk) redactionPage(c *fiber.Ctx) error {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	page, err2 := strconv.Atoi(c.Params("page"))
	if err != nil || err2 != nil {
		return models.Refuse(models.NotFound, "attachment_not_found")
	}
	data, kind, err := d.svc.RedactionPage(c.UserContext(), web.Actor(c), c.Params("ref"), id, page, c.Query("burned") != "")
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	return c.Send(data)
}

// drawBoxes keeps what was drawn, and shows the page again.
func (d *desk) drawBoxes(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	page := int(in.Int("page"))
	input := casework.BoxesInput{Version: in.Int("boxes"), Action: in.Line("do"), Exemption: in.Line("exemption"), Phrase: in.Line("phrase")}
	input.Box.Page = page
	if i := in.Line("remove"); i != "" {
		input.Action, input.Index = "remove", int(number(i))
	}
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return models.Refuse(models.NotFound, "attachment_not_found")
	}
	err = in.Err()
	if err == nil && input.Action == "add" {
		err = d.readPlace(c, in, id, &input.Box)
	}
	n := 0
	if err == nil {
		n, err = d.svc.DrawBoxes(c.UserContext(), web.Actor(c), c.Params("ref"), id, input)
	}
	if err != nil {
		_, status, ok := web.FormErrors(web.Lang(c), err)
		if !ok {
			return err
		}
		f, again := d.redacting(c, page)
		if again != nil {
			return again
		}
		f.in, f.err = in, err
		return web.Render(c, status, f.draw())
	}
	switch {
	case input.Action == "remove" || input.Action == "clear":
		d.w.Flash(c, "desk.flash.box_removed")
	case n == 0:
		d.w.Flash(c, "desk.flash.box_known")
	default:
		d.w.Flash(c, "desk.flash.box_added")
	}
	at := caseURL(c.Params("ref"), "attachments/"+itoa(id)+"/redaction?page="+strconv.Itoa(page)+"&exemption="+input.Exemption+"#page")
	return web.SeeOther(c, string(at))
}

// readPlace reads a box by its place: in percent of the page, or in millimetres.
func (d *desk) readPlace(c *fiber.Ctx, in *web.Form, id int64, b *models.Box) error {
	wide, high := 100.0, 100.0
	if in.Line("unit") == "mm" {
		r, err := d.svc.Redaction(c.UserContext(), web.Actor(c), c.Params("ref"), id)
		if err != nil {
			return err
		}
		if b.Page >= 1 && b.Page <= len(r.Pages) {
			wide, high = r.Pages[b.Page-1].MM()
		}
	}
	var check models.Check
	for _, side := range []struct {
		name string
		to   *int
		of   float64
	}{{"x", &b.X, wide}, {"y", &b.Y, high}, {"w", &b.W, wide}, {"h", &b.H, high}} {
		s := strings.ReplaceAll(in.Line(side.name), ",", ".")
		n, err := strconv.ParseFloat(s, 64)
		check.Field(s != "", side.name, "required")
		check.Field(s == "" || err == nil && !math.IsNaN(n) && math.Abs(n) < 1e6, side.name, "invalid")
		if err == nil && math.Abs(n) < 1e6 {
			*side.to = int(math.Round(n / side.of * models.PageSpan))
		}
	}
	return check.Err()
}

// frame is what both screens have around them.
func (f *redacting) frame() pages.DeskForm {
	out := f.form.frame("")
	out.BackURL = caseURL(f.v.Case.Reference, "#documents")
	return out
}

func (f *redacting) draw() templ.Component {
	l, r := f.t.L, f.r
	v := pages.DeskRedactForm{
		DeskForm: f.frame(), Document: r.Document.Name, About: l.T("redaction.about"), Boxes: strconv.FormatInt(r.Version, 10),
		Number: f.page, Of: len(r.Pages), PageURL: f.url(""), UploadURL: f.url("/upload"), LookURL: f.url("/look"), Words: r.Words,
	}
	if r.Renderer != "" {
		v.Drawn = l.T("redaction.drawn_by", r.Renderer)
	}
	for _, a := range r.Copies {
		note := caseview.FileNote(l, f.v.Pack, &a) + " · " + f.t.ShortWhen(a.At) + " · " + f.t.Words("classification.", string(a.Classification))
		v.Copies = append(v.Copies, components.Link{Label: a.Name, URL: caseURL(f.v.Case.Reference, "attachments/"+itoa(a.ID)), Note: note})
	}
	chosen := f.value("exemption", "")
	if chosen == "" {
		chosen = f.c.Query("exemption", f.v.Pack.PersonalExemption())
	}
	v.Exemption = components.Select{Lang: l, Name: "exemption", Label: l.T("redaction.exemption"), Hint: hint(l, "redaction.exemption"), Options: f.exemptions(chosen), Error: f.wrong(v.DeskForm, "exemption")}
	v.File = components.File{Lang: l, Name: "attachments", Label: l.T("redaction.upload.file"), Error: f.wrong(v.DeskForm, "attachments")}
	v.FileWhy = components.Select{Lang: l, Name: "why", Label: l.T("redaction.upload.exemption"), Options: f.exemptions(f.value("why", f.v.Pack.PersonalExemption())), Error: f.wrong(v.DeskForm, "why")}
	if r.Refused != "" {
		v.Refused = l.Error(r.Refused, anys(r.Args)...)
		return pages.DeskRedact(v)
	}
	if f.page > 1 {
		v.PrevURL = f.at(f.page-1, "#page")
	}
	if f.page < len(r.Pages) {
		v.NextURL = f.at(f.page+1, "#page")
	}
	v.ImageURL, v.ImageAlt = f.url("/pages/"+strconv.Itoa(f.page)), l.T("redaction.page_alt", f.page, r.Document.Name)
	f.boxes(&v)
	w, h := r.Pages[f.page-1].MM()
	v.Size = l.T("redaction.size", l.Number(int(math.Round(w))), l.Number(int(math.Round(h))))
	field := func(name, key string) components.Input {
		return components.Input{Lang: l, Name: name, Label: l.T("redaction." + key), Value: f.value(name, ""), Error: f.wrong(v.DeskForm, name), InputMode: "decimal", Width: "5"}
	}
	v.Left, v.Top, v.Width, v.Height = field("x", "left"), field("y", "top"), field("w", "width"), field("h", "height")
	unit := f.value("unit", "percent")
	v.Unit = components.Choices{Lang: l, Name: "unit", Legend: l.T("redaction.unit"), Inline: true, Options: []components.Option{
		{Value: "percent", Label: "%", Checked: unit != "mm"}, {Value: "mm", Label: "mm", Checked: unit == "mm"},
	}}
	v.Phrase = components.Input{Lang: l, Name: "phrase", Label: l.T("redaction.phrase"), Hint: hint(l, "redaction.phrase"), Value: f.value("phrase", ""), Error: f.wrong(v.DeskForm, "phrase"), NoSpell: true}
	v.Uncovered, v.More, v.NotRead = f.uncovered()
	return pages.DeskRedact(v)
}

// boxes are those of the page shown, and which other pages have some.
func (f *redacting) boxes(v *pages.DeskRedactForm) {
	counts := map[int]int{}
	for i, b := range f.r.Boxes {
		counts[b.Page]++
		if b.Page != f.page {
			continue
		}
		article := b.Exemption
		if e, ok := f.v.Pack.Exemption(b.Exemption); ok {
			article = policies.ShortArticle(e.Article, string(f.t.L))
		}
		part := func(n int) string {
			s := strconv.FormatFloat(math.Round(float64(n)/models.PageSpan*1000)/10, 'f', -1, 64)
			if f.t.L == text.Indonesian {
				s = strings.ReplaceAll(s, ".", ",")
			}
			return s
		}
		v.On = append(v.On, pages.DeskBox{
			X: strconv.Itoa(b.X), Y: strconv.Itoa(b.Y), W: strconv.Itoa(b.W), H: strconv.Itoa(b.H), Index: strconv.Itoa(i), Label: article,
			Where: f.t.L.T("redaction.where", part(b.X), part(b.Y), part(b.W), part(b.H)),
		})
	}
	var with []int
	for p := range counts {
		with = append(with, p)
	}
	slices.Sort(with)
	for _, p := range with[:min(len(with), 40)] {
		v.Counts = append(v.Counts, components.Link{Label: strconv.Itoa(p), URL: f.at(p, "#page"), Note: "(" + strconv.Itoa(counts[p]) + ")"})
	}
}

// uncovered lists what the finder still sees.
func (f *redacting) uncovered() (out []components.Link, more, notRead string) {
	for i, u := range f.r.Uncovered {
		if i == findsShown {
			more = f.t.L.T("publication.more", len(f.r.Uncovered)-findsShown)
			break
		}
		out = append(out, components.Link{
			Label: u.Text, Note: f.t.Words("desk.personal.", u.Type) + ", " + f.t.L.T("publication.pages", pageList(u.Pages)), URL: f.at(u.Pages[0], "#page"),
		})
	}
	if len(f.r.NotRead) > 0 {
		notRead = f.t.L.T("redaction.not_read", pageList(f.r.NotRead))
	}
	return out, more, notRead
}

func anys(args []string) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a
	}
	return out
}

func (d *desk) redactionLook(c *fiber.Ctx) error {
	f, err := d.redacting(c, 1)
	if err != nil {
		return err
	}
	if f.r.Refused != "" {
		return web.SeeOther(c, string(f.url("")))
	}
	return web.Render(c, fiber.StatusOK, f.look())
}

// look shows every page as the copy will have it.
func (f *redacting) look() templ.Component {
	l, r := f.t.L, f.r
	v := pages.DeskRedactLookForm{DeskForm: f.frame(), Document: r.Document.Name, Boxes: strconv.FormatInt(r.Version, 10), EditURL: f.url("")}
	v.Action = f.url("/look")
	fake := models.Attachment{Redacts: &f.id, Covered: "[]"}
	if covered := models.CountCovered(r.Boxes); len(covered) > 0 {
		fake.Covered = casework.CoveredJSON(covered)
	}
	v.Summary = l.T("redaction.look.summary", len(r.Pages), caseview.Covered(l, f.v.Pack, &fake))
	v.Class = l.T("redaction.class.public")
	if r.Document.Classification != models.Public {
		v.Class = l.T("redaction.class.other", f.t.Words("classification.", string(r.Document.Classification)))
	}
	for i := range r.Pages {
		n := strconv.Itoa(i + 1)
		v.Pages = append(v.Pages, components.Link{
			Label: l.T("redaction.page_of", i+1, len(r.Pages)), URL: f.url("/pages/" + n + "?burned=" + v.Boxes), Note: l.T("redaction.page_alt", i+1, r.Document.Name),
		})
	}
	v.Uncovered, v.More, v.NotRead = f.uncovered()
	v.Looked = components.Choices{Lang: l, Name: "looked", Error: f.wrong(v.DeskForm, "looked"), Options: []components.Option{{Value: "yes", Label: l.T("redaction.looked"), Checked: f.value("looked", "") != ""}}}
	return pages.DeskRedactLook(v)
}

// copyMax bounds how long a copy may take to be made.
const copyMax = 3 * time.Minute

func (d *desk) redact(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return models.Refuse(models.NotFound, "attachment_not_found")
	}
	input := casework.RedactInput{Version: versionOf(in), Document: id, Boxes: in.Int("boxes"), Looked: in.On("looked")}
	if err = in.Err(); err == nil {
		// A long document takes longer than a page may; who asked for it waits.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), copyMax)
		defer cancel()
		_, err = d.svc.Redact(ctx, web.Actor(c), c.Params("ref"), input)
	}
	if err == nil {
		return d.done(c, "redacted")
	}
	_, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	f, again := d.redacting(c, 1)
	if again != nil {
		return again
	}
	f.in, f.err = in, err
	if f.r.Refused != "" {
		return web.Render(c, status, f.draw())
	}
	return web.Render(c, status, f.look())
}

func (d *desk) uploadRedacted(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return models.Refuse(models.NotFound, "attachment_not_found")
	}
	input := casework.ReplaceInput{Version: versionOf(in), Document: id, Exemption: in.Line("why")}
	err = in.Err()
	var up casework.Upload
	if fh := in.File("attachments"); fh != nil && err == nil {
		file, openErr := fh.Open()
		if openErr != nil {
			return openErr
		}
		defer file.Close()
		up = casework.Upload{Name: fh.Filename, Data: file}
	}
	if err == nil {
		_, err = d.svc.UploadRedacted(c.UserContext(), web.Actor(c), c.Params("ref"), input, up)
	}
	if err == nil {
		return d.done(c, "redacted_uploaded")
	}
	err = web.Rename(err, "exemption", "why")
	_, status, ok := web.FormErrors(web.Lang(c), err)
	if !ok {
		return err
	}
	f, again := d.redacting(c, 1)
	if again != nil {
		return again
	}
	f.in, f.err = in, err
	return web.Render(c, status, f.draw())
}

// redactionOf offers to redact a document of a case, and says of a redacted copy what it covers.
func redactionOf(t caseview.Teller, v *casework.CaseView, a *models.Attachment, doc *pages.DeskDocument) {
	if a.Redacts == nil {
		if !a.Held() && a.SHA256 != "" && v.Case.Can(models.ActAttach) && slices.Contains(v.May, policies.ActMessage) {
			doc.RedactURL = caseURL(v.Case.Reference, "attachments/"+itoa(a.ID)+"/redaction")
		}
		return
	}
	doc.Covered = caseview.Covered(t.L, v.Pack, a)
	for _, src := range v.Attachments {
		if src.ID == *a.Redacts {
			doc.Covered = t.L.T("redaction.copy_of", src.Name) + ": " + doc.Covered
		}
	}
}
