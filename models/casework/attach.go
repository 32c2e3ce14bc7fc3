package casework

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"terang/models"
	"terang/models/casework/inspect"
	"terang/policies"
)

// takenIn is an upload that is safely on disk and not yet recorded.
type takenIn struct {
	Stored
	name  string
	kind  string
	notes []string
	scan  verdict
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

// takeOne takes an upload in: its bytes go to a temporary file, are looked into and cleaned, are
// shown to the scanner, and only then kept. What is refused was never kept.
func (s *Service) takeOne(ctx context.Context, u Upload) (takenIn, error) {
	name := fileName(u.Name)
	limit := strconv.Itoa(models.MaxFileSize >> 20)
	raw, size, err := spool(ctx, u.Data, models.MaxFileSize)
	if models.KindOf(err) == models.TooLarge {
		return takenIn{}, &models.Error{Kind: models.TooLarge, Code: "file_too_large", Args: []string{limit},
			Fields: []models.FieldError{{Field: "attachments", Code: "file_too_large", Args: []string{name, limit}}}}
	}
	if err != nil {
		return takenIn{}, err
	}
	defer raw.Close()
	found, err := s.lookInto(ctx, raw, size, name)
	if err != nil {
		return takenIn{}, err
	}
	if found.File != raw {
		defer found.File.Close()
	}
	t := takenIn{kind: found.Type, notes: found.Notes}
	if t.name = typedName(name, found.Type); t.name != norm.NFC.String(strings.TrimSpace(u.Name)) {
		t.notes = append(t.notes, inspect.NoteName)
	}
	if t.scan, err = s.scanNow(ctx, t.name, found.File); err != nil {
		return takenIn{}, err
	}
	if _, err := found.File.Seek(0, io.SeekStart); err != nil {
		return takenIn{}, internal("spool", err)
	}
	// A text rewritten as UTF-8 may be longer than what came.
	t.Stored, err = s.putFile(ctx, found.File, 2*models.MaxFileSize)
	return t, err
}

// lookPatience is how long one look may take.
const lookPatience = 30 * time.Second

// looking bounds how many files are unpacked at a time: each may cost a processor some seconds
// and a hundred megabytes.
var looking = make(chan struct{}, max(2, runtime.NumCPU()))

// lookInto gives what to keep of a file, or says at its field why it is refused.
func (s *Service) lookInto(ctx context.Context, f *os.File, size int64, name string) (inspect.Finding, error) {
	select {
	case looking <- struct{}{}:
		defer func() { <-looking }()
	case <-ctx.Done():
		return inspect.Finding{}, internal("upload_cancelled", ctx.Err())
	}
	short, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	found, err := inspect.Look(short, f, size, temporary)
	if err == nil {
		return found, nil
	}
	var no *inspect.Refusal
	switch {
	case errors.As(err, &no):
	case short.Err() != nil && ctx.Err() == nil:
		no = &inspect.Refusal{Code: "file_unpacks"}
	default:
		return inspect.Finding{}, internal("inspect", err)
	}
	return inspect.Finding{}, &models.Error{Kind: models.Invalid, Code: "invalid",
		Fields: []models.FieldError{{Field: "attachments", Code: no.Code, Args: append([]string{name}, no.Args...)}}}
}

// spool puts what comes in into a temporary file that only this process can reach.
func spool(ctx context.Context, r io.Reader, limit int64) (*os.File, int64, error) {
	f, err := temporary()
	if err != nil {
		return nil, 0, internal("spool", err)
	}
	n, err := io.Copy(f, io.LimitReader(whileWanted{ctx, r}, limit+1))
	if err == nil && n > limit {
		err = models.Refuse(models.TooLarge, "file_too_large", strconv.FormatInt(limit>>20, 10))
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		if models.KindOf(err) != models.TooLarge {
			err = internal("spool", err)
		}
		return nil, 0, err
	}
	return f, n, nil
}

// temporary makes an empty file without a name: it is gone when it is closed, or when the
// process ends however it ends.
func temporary() (*os.File, error) {
	f, err := os.CreateTemp("", ".terang-upload-*")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// whileWanted stops a copy whose caller has gone.
type whileWanted struct {
	ctx context.Context
	r   io.Reader
}

func (c whileWanted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// undoFiles drops what a failed verb had stored. Where it is not known whether the verb was
// kept, its rows may name these files: they stay, at worst as orphans.
func (s *Service) undoFiles(ctx context.Context, err error, files []takenIn) {
	if !models.OutcomeUnknown(err) {
		s.dropFiles(ctx, files)
	}
}

func (s *Service) dropFiles(ctx context.Context, files []takenIn) {
	for _, f := range files {
		// A file that cannot be dropped now is an orphan; nothing refers to it.
		_ = s.files.Delete(context.WithoutCancel(ctx), f.Name)
	}
}

func (t takenIn) row(w *work) *models.Attachment {
	return &models.Attachment{Name: t.name, Type: t.kind, Size: t.Size, SHA256: t.SHA256, Stored: t.Name, SealKey: t.Key, At: w.at,
		Cleaned: strings.Join(t.notes, " "), Scan: t.scan.state, ScannedAt: t.scan.at, ScanNext: t.scan.next}
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
		w.files = append(w.files, a.SHA256)
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
		if docs[i].Scan == models.ScanInfected {
			var c models.Check
			c.Field(false, "attachments", "file_infected_refused", docs[i].Name, docs[i].ScanFound)
			return c.Err()
		}
		w.files = append(w.files, docs[i].SHA256)
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
		if a.Kind == models.ByRequester {
			if err := room(docs, t.Size, models.MaxCaseBytes); err != nil {
				return err
			}
		}
		out = t.row(w)
		out.CaseID, out.Classification, out.FromBody = &w.c.ID, w.c.Classification, a.Kind == models.ByOfficer
		if err := w.Insert(out); err != nil {
			return err
		}
		return w.record("attachment.added", "", "", models.EventData{File: t.SHA256, Count: t.Size, Cleaned: t.notes})
	})
	if err != nil {
		s.undoFiles(ctx, err, []takenIn{t})
		return nil, err
	}
	return out, nil
}

// room refuses what is beyond the number and the size that one requester may send.
func room(docs []models.Attachment, size, limit int64) error {
	n := 0
	for _, d := range docs {
		if !d.FromBody {
			n, size = n+1, size+d.Size
		}
	}
	var c models.Check
	c.Field(n < models.MaxAttachments, "attachments", "too_many", strconv.Itoa(models.MaxAttachments))
	c.Field(size <= limit, "attachments", "files_too_large", strconv.FormatInt(limit>>20, 10))
	return c.Err()
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
		if err := w.notCopied(id); err != nil {
			return err
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
	v, err := s.view(ctx, a, ref, false)
	if err != nil {
		return nil, nil, err
	}
	for i := range v.Attachments {
		if v.Attachments[i].ID == id {
			if err := s.viewedDocument(ctx, a, v.Case, &v.Attachments[i]); err != nil {
				return nil, nil, err
			}
			return s.openFile(ctx, &v.Attachments[i])
		}
	}
	return nil, nil, models.Refuse(models.NotFound, "attachment_not_found")
}

func (s *Service) openFile(ctx context.Context, d *models.Attachment) (*models.Attachment, io.ReadSeekCloser, error) {
	if d.SHA256 == "" {
		return nil, nil, models.Refuse(models.NotFound, "attachment_erased")
	}
	if err := heldError(d); err != nil {
		return nil, nil, err
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
