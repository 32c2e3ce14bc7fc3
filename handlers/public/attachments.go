package public

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
)

func (h *handler) attachmentsPage(c *fiber.Ctx, in *intake) error {
	if early := in.tooEarly(); early != "" {
		return web.SeeOther(c, "/file/"+early)
	}
	if !in.answers.AttachmentsAsk {
		in.answers.AttachmentsAsk = true
		if err := h.svc.SaveDraft(c.UserContext(), in.token, in.answers); err != nil {
			return err
		}
	}
	return h.drawAttachments(c, in, nil, fiber.StatusOK)
}

func (h *handler) drawAttachments(c *fiber.Ctx, in *intake, errs []components.FieldError, status int) error {
	l := web.Lang(c)
	v := pages.FileAttachments{
		Step: h.frame(c, in, "attachments", errs), Kind: string(in.answers.Kind),
		Full: len(in.files) >= models.MaxAttachments, ContinueURL: "/file/check",
	}
	v.Action = "/file/attachments"
	for _, a := range in.files {
		f := pages.AttachedFile{
			Name: a.Name, Size: l.Bytes(a.Size), RemoveURL: href("/file/attachments/" + strconv.FormatInt(a.ID, 10) + "/remove"),
			Tag: caseview.ScanTag(l, &a), Notes: caseview.UploadNotes(l, &a),
		}
		switch a.Scan {
		case models.ScanWaiting:
			f.Notes = append(f.Notes, l.T("scan.waiting.text"))
		case models.ScanInfected:
			f.Notes = append(f.Notes, l.T("scan.infected.text", a.ScanFound))
		}
		v.Files = append(v.Files, f)
	}
	return web.Render(c, status, pages.FileAttachmentsPage(v))
}

func (h *handler) attach(c *fiber.Ctx, in *intake) error {
	stranger := h.w.Stranger(c)
	_, err := h.svc.Pressure(c.UserContext(), casework.UseUpload, stranger)
	if err == nil {
		err = h.svc.Used(c.UserContext(), casework.UseUpload, stranger)
	}
	if err == nil {
		// The page has one input, "file"; the verb knows it as the attachments.
		err = web.Rename(h.takeFile(c, in), "attachments", "file")
	}
	if errs, status, ok := h.waits(c, err, "throttle.try_at"); ok {
		return h.drawAttachments(c, in, errs, status)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, "/file/attachments")
}

func (h *handler) takeFile(c *fiber.Ctx, in *intake) error {
	fh := web.ReadForm(c).File("file")
	if fh == nil {
		return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "file", Code: "required"}}}
	}
	data, err := fh.Open()
	if err != nil {
		return err
	}
	defer data.Close()
	_, err = h.svc.DraftAttach(c.UserContext(), in.token, casework.Upload{Name: fh.Filename, Data: data})
	return err
}

func (h *handler) detach(c *fiber.Ctx, in *intake) error {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return notFound()
	}
	// Already gone is what was wanted.
	if err := h.svc.DraftDetach(c.UserContext(), in.token, id); err != nil && models.KindOf(err) != models.NotFound {
		return err
	}
	return web.SeeOther(c, "/file/attachments")
}
