package casework

import (
	"context"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"terang/models"
	"terang/policies"
)

// accepted are the types that may be attached, as sniffed from the content. What a
// browser or an office program would run is not among them.
var accepted = []string{
	"application/pdf", "image/png", "image/jpeg", "image/webp", "image/tiff", "image/heic", "text/plain", "text/csv",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
	"application/msword", "application/vnd.ms-excel", "application/rtf", "text/rtf",
	"audio/mpeg", "audio/ogg", "audio/mp4", "video/mp4", "video/3gpp", "message/rfc822",
}

// takenIn is an upload that is safely on disk and not yet recorded.
type takenIn struct {
	Stored
	name string
	kind string
}

// takeIn stores uploads one after another, so that memory stays bounded, and refuses
// what is too large or of a type that could run. It records nothing.
func (s *Service) takeIn(ctx context.Context, ups []Upload) ([]takenIn, error) {
	var out []takenIn
	for _, u := range ups {
		t, err := s.takeOne(ctx, u)
		if err != nil {
			s.dropFiles(ctx, out)
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func (s *Service) takeOne(ctx context.Context, u Upload) (takenIn, error) {
	name := fileName(u.Name)
	limit := strconv.Itoa(models.MaxFileSize >> 20)
	stored, err := s.putFile(ctx, u.Data, models.MaxFileSize)
	if models.KindOf(err) == models.TooLarge {
		return takenIn{}, &models.Error{Kind: models.TooLarge, Code: "file_too_large", Args: []string{limit},
			Fields: []models.FieldError{{Field: "attachments", Code: "file_too_large", Args: []string{name, limit}}}}
	}
	if err != nil {
		return takenIn{}, err
	}
	t := takenIn{Stored: stored, name: name}
	var c models.Check
	c.Field(stored.Size > 0, "attachments", "file_empty", name)
	kind, ok := sniff(stored.Head)
	c.Field(ok || stored.Size == 0, "attachments", "file_type_refused", name, kind)
	if err := c.Err(); err != nil {
		s.dropFiles(ctx, []takenIn{t})
		return takenIn{}, err
	}
	t.kind = kind
	return t, nil
}

// sniff names a content's type and says whether it is accepted. Text that a
// browser would take for a page is refused with the rest.
func sniff(head []byte) (string, bool) {
	m := mimetype.Detect(head)
	kind, _, _ := strings.Cut(m.String(), ";")
	for _, ok := range accepted {
		if m.Is(ok) {
			return kind, true
		}
	}
	return kind, false
}

// fileName makes a claimed name fit to show: the last path part, without control
// or direction-changing characters, of bounded length. It never becomes a path.
func fileName(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/:*?"<>|`, r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimLeft(strings.TrimSpace(s), ".")
	for utf8.RuneCountInString(s) > models.MaxFileName {
		r := []rune(s)
		ext := path.Ext(s)
		if len(ext) > 10 {
			ext = ""
		}
		s = string(r[:models.MaxFileName-utf8.RuneCountInString(ext)]) + ext
	}
	if s == "" {
		return "file"
	}
	return s
}

func (s *Service) dropFiles(ctx context.Context, files []takenIn) {
	for _, f := range files {
		// A file that cannot be dropped now is an orphan; nothing refers to it.
		_ = s.files.Delete(context.WithoutCancel(ctx), f.Name)
	}
}

func (t takenIn) row(w *work) *models.Attachment {
	return &models.Attachment{Name: t.name, Type: t.kind, Size: t.Size, SHA256: t.SHA256, Stored: t.Name, SealKey: t.Key, At: w.at}
}

// keepUploads records a filing's files: those sent with it, and those its draft
// had gathered. A document starts with the class of its case.
func (w *work) keepUploads(files []takenIn, draftToken string) error {
	for _, f := range files {
		a := f.row(w)
		a.CaseID, a.Classification = &w.c.ID, w.c.Classification
		if err := w.Insert(a); err != nil {
			return err
		}
	}
	if draftToken == "" {
		return nil
	}
	d, err := w.Draft(draftHash(draftToken))
	if err != nil {
		return err
	}
	if err := w.MoveAttachments(d.ID, w.c.ID); err != nil {
		return err
	}
	docs, err := w.Attachments(w.c.ID)
	if err != nil {
		return err
	}
	for i := range docs {
		docs[i].Classification = w.c.Classification
		if err := w.UpdateAttachment(&docs[i]); err != nil {
			return err
		}
	}
	return w.DeleteDraft(d.ID)
}

// Attach adds a file to a case, the requester's or the body's.
func (s *Service) Attach(ctx context.Context, a models.Actor, ref string, u Upload) (*models.Attachment, error) {
	t, err := s.takeOne(ctx, u)
	if err != nil {
		return nil, err
	}
	var out *models.Attachment
	_, err = s.change(ctx, a, ref, versionAny, actAttach, func(w *work) error {
		if err := w.c.Move(models.ActAttach); err != nil {
			return err
		}
		docs, err := w.Attachments(w.c.ID)
		if err != nil {
			return err
		}
		n := 0
		for _, d := range docs {
			if !d.FromBody {
				n++
			}
		}
		if a.Kind == models.ByRequester && n >= models.MaxAttachments {
			var c models.Check
			c.Field(false, "attachments", "too_many", strconv.Itoa(models.MaxAttachments))
			return c.Err()
		}
		out = t.row(w)
		out.CaseID, out.Classification, out.FromBody = &w.c.ID, w.c.Classification, a.Kind == models.ByOfficer
		if err := w.Insert(out); err != nil {
			return err
		}
		return w.record("attachment.added", "", "", models.EventData{File: t.SHA256, Count: t.Size})
	})
	if err != nil {
		s.dropFiles(ctx, []takenIn{t})
		return nil, err
	}
	return out, nil
}

// Detach takes out a document that an officer put in and nobody was given. What a
// requester sent, and what was released, stays.
func (s *Service) Detach(ctx context.Context, a models.Actor, ref string, id int64) error {
	var gone models.Attachment
	_, err := s.change(ctx, a, ref, versionAny, policies.ActMessage, func(w *work) error {
		d, err := w.Attachment(id)
		if err != nil {
			return err
		}
		if d.CaseID == nil || *d.CaseID != w.c.ID {
			return models.Refuse(models.NotFound, "attachment_not_found")
		}
		if a.Kind != models.ByOfficer || !d.FromBody || d.Released {
			return models.Refuse(models.Conflict, "document_stays")
		}
		if err := w.c.Move(models.ActAttach); err != nil {
			return err
		}
		gone = *d
		if err := w.DeleteAttachment(id); err != nil {
			return err
		}
		return w.record("attachment.removed", "", "", models.EventData{File: d.SHA256})
	})
	if err != nil {
		return err
	}
	return s.deleteFiles(ctx, []models.Attachment{gone})
}

// versionAny is for verbs that add without changing what others read: no stale
// form can do harm.
const versionAny = -1

// Document opens one file of a case for an actor. Its own class counts as well as
// the case's; a requester opens what they sent and what was released to them.
func (s *Service) Document(ctx context.Context, a models.Actor, ref string, id int64) (*models.Attachment, io.ReadSeekCloser, error) {
	v, err := s.Case(ctx, a, ref)
	if err != nil {
		return nil, nil, err
	}
	for i := range v.Attachments {
		if v.Attachments[i].ID == id {
			return s.openFile(ctx, &v.Attachments[i])
		}
	}
	return nil, nil, models.Refuse(models.NotFound, "attachment_not_found")
}

func (s *Service) openFile(ctx context.Context, d *models.Attachment) (*models.Attachment, io.ReadSeekCloser, error) {
	if d.SHA256 == "" {
		return nil, nil, models.Refuse(models.NotFound, "attachment_erased")
	}
	f, err := s.getFile(ctx, d)
	if err != nil {
		return nil, nil, internal("file_missing", err)
	}
	return d, f, nil
}

// DisclosureDocument opens one released file of a published case.
func (s *Service) DisclosureDocument(ctx context.Context, ref string, id int64) (*models.Attachment, io.ReadSeekCloser, error) {
	v, err := s.Disclosure(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	for i := range v.Documents {
		if v.Documents[i].ID == id {
			return s.openFile(ctx, &v.Documents[i])
		}
	}
	return nil, nil, models.Refuse(models.NotFound, "attachment_not_found")
}
