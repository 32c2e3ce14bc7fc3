package audit

import (
	"context"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

// exportMax is how long one export may take: a log of many millions over a slow line.
const exportMax = 30 * time.Minute

// exportFiles are the forms an export can have: how it is named and what it is.
var exportFiles = map[string]struct{ ext, kind string }{
	"csv":    {"csv", "text/csv; charset=utf-8"},
	"jsonl":  {"jsonl", "application/jsonl; charset=utf-8"},
	"xlsx":   {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	"bundle": {"zip", "application/zip"},
}

// exports is the form for an export, and the list of those made, by whom.
func (h *audit) exports(c *fiber.Ctx) error { return h.exportPage(c, nil, fiber.StatusOK) }

func (h *audit) exportPage(c *fiber.Ctx, errs []components.FieldError, status int) error {
	t := h.teller(c)
	l := t.L
	v := pages.AuditExportsView{
		Page: h.page(c, l.T("audit.exports.title")), Errors: errs,
		From: day(l, "from", l.T("audit.from"), c.Query("from"), errs), To: day(l, "to", l.T("audit.to"), c.Query("to"), errs),
		Formats: components.Choices{Lang: l, Name: "format", Legend: l.T("audit.exports.format"), Error: components.ErrorFor(errs, "format")},
		Kinds:   kinds(l, c.Query("kind"), false),
	}
	v.Failed = len(errs) > 0
	for _, f := range casework.ExportFormats {
		v.Formats.Options = append(v.Formats.Options, components.Option{
			Value: f, Label: l.T("audit.exports." + f), Hint: l.T("audit.exports." + f + ".what"), Checked: f == c.Query("format", "csv"),
		})
	}
	var err error
	if v.Body, err = h.bodyChoice(c, c.Query("body")); err != nil {
		return err
	}
	made, next, err := h.svc.Events(c.UserContext(), web.Actor(c), casework.EventInput{Kind: "export.made", Desc: true, Limit: 50, Cursor: c.Query("cursor")})
	if err != nil {
		return err
	}
	v.Made = components.Table{Lang: l, Caption: l.T("audit.exports.made"), Hidden: true, Empty: l.T("audit.exports.none"), Columns: []components.Column{
		{Label: l.T("audit.col.time")}, {Label: l.T("audit.col.who")}, {Label: l.T("audit.fact.filter")}, {Label: l.T("audit.body")},
	}}
	for _, e := range made {
		v.Made.Rows = append(v.Made.Rows, components.Row{Cells: []components.Cell{
			{Text: t.ShortWhen(e.Time), URL: eventURL(e.Event)}, {Text: t.Who(e.Actor, e.ActorRole)}, {Text: data(e.Event).Filter}, {Text: e.Body},
		}})
	}
	v.Made.Pager = components.Pager{Lang: l}
	if next != "" {
		v.Made.Pager.Next = address("/audit/exports", "cursor", next)
	}
	if c.Query("cursor") != "" {
		v.Made.Pager.First = "/audit/exports"
	}
	return web.Render(c, status, pages.AuditExports(v))
}

// export streams the compliance log. What is wrong with the filter is said on the form;
// once the first byte has left, an error breaks the connection.
func (h *audit) export(c *fiber.Ctx) error {
	a, l := web.Actor(c), web.Lang(c)
	from, to, err := h.period(c, c.Query("from"), c.Query("to"))
	in := casework.ExportInput{Format: c.Query("format", "csv"), From: from, To: to, Body: c.Query("body"), Kind: c.Query("kind"), CaseKind: models.Kind(c.Query("case_kind"))}
	if err == nil {
		file := exportFiles[in.Format] // an unknown form is refused before a byte is written
		name := "terang-" + policies.DateOf(h.w.Now(), h.teller(c).Loc).String() + "." + file.ext
		err = h.w.Stream(c, name, file.kind, exportMax, func(ctx context.Context, out io.Writer) error {
			_, err := h.svc.Export(ctx, a, in, out)
			return err
		})
	}
	if err == nil {
		return nil
	}
	errs, status, err := errorsOf(l, err)
	if err != nil {
		return err
	}
	return h.exportPage(c, errs, status)
}
