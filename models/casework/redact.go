package casework

import (
	"bytes"
	"context"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"terang/models"
	"terang/models/raster"
	"terang/policies"
)

// Renderer names the program that draws PDF pages, with its version; "" where none is installed.
// Without one a redacted copy can only be made elsewhere and uploaded.
func Renderer() string {
	if v := raster.Find().Version(); v != "" {
		return "poppler " + v
	}
	return ""
}

// RedactInput makes the copy.
type RedactInput struct {
	Version  int64 // of the case
	Document int64
	Boxes    int64 // version of the boxes that were looked at
	Looked   bool  // somebody has seen every page as it will be
}

// RedactionView is a document with the boxes drawn on it.
type RedactionView struct {
	Case      *CaseView
	Document  models.Attachment
	Boxes     []models.Box // in reading order
	Version   int64        // of the boxes
	By        string       // who changed them last
	Pages     []raster.Size
	Refused   string // why it cannot be drawn, a code of package raster; "" when it can
	Args      []string
	Words     bool              // its words can be searched
	Uncovered []DocumentFinding // what the finder sees that no box covers
	NotRead   []int             // pages without words: the finder saw nothing of them
	Copies    []models.Attachment
	Renderer  string
}

// Redaction shows a document with the boxes drawn on it so far.
func (s *Service) Redaction(ctx context.Context, a models.Actor, ref string, id int64) (*RedactionView, error) {
	v, doc, err := s.redactable(ctx, a, ref, id)
	if err != nil {
		return nil, err
	}
	out := &RedactionView{Case: v, Document: *doc, Renderer: Renderer()}
	for _, d := range v.Attachments {
		if d.Redacts != nil && *d.Redacts == id {
			out.Copies = append(out.Copies, d)
		}
	}
	draft, err := s.store.Read(ctx).Redaction(id)
	if err != nil {
		return nil, err
	}
	if draft != nil {
		out.Version, out.By = draft.Version, draft.By
		if out.Boxes, err = boxesOf(draft); err != nil {
			return nil, err
		}
	}
	d, err := s.drawing(ctx, doc)
	if code, args := raster.Code(err); code != "" {
		out.Refused, out.Args = code, args
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	out.Pages = d.sizes
	texts, err := d.words(ctx)
	if err != nil {
		return nil, err
	}
	out.Words = slices.ContainsFunc(texts, func(t raster.Text) bool { return !t.Empty() })
	w := s.glimpse(ctx, a, v)
	known, err := w.known()
	if err != nil {
		return nil, err
	}
	for i := range texts {
		if texts[i].Empty() {
			out.NotRead = append(out.NotRead, i+1)
			continue
		}
		for _, f := range findOn(&texts[i], known) {
			if !slices.ContainsFunc(f.boxes, func(b models.Box) bool { return !coveredBy(out.Boxes, b, i+1) }) {
				continue
			}
			j := slices.IndexFunc(out.Uncovered, func(u DocumentFinding) bool { return strings.EqualFold(u.Text, f.text) })
			if j < 0 {
				j = len(out.Uncovered)
				out.Uncovered = append(out.Uncovered, DocumentFinding{Type: f.kind, Text: f.text})
			}
			u := &out.Uncovered[j]
			u.Count++
			if n := len(u.Pages); n == 0 || u.Pages[n-1] != i+1 {
				u.Pages = append(u.Pages, i+1)
			}
		}
	}
	return out, nil
}

// redactable is a document that the actor may see, of a case they may put a document into.
func (s *Service) redactable(ctx context.Context, a models.Actor, ref string, id int64) (*CaseView, *models.Attachment, error) {
	v, err := s.Case(ctx, a, ref)
	if err != nil {
		return nil, nil, err
	}
	if a.Kind != models.ByOfficer || !mayDo(a, actAttach, v.Case, v.Rungs).Allowed {
		return nil, nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActMessage)
	}
	for i := range v.Attachments {
		if v.Attachments[i].ID == id {
			return v, &v.Attachments[i], nil
		}
	}
	return nil, nil, models.Refuse(models.NotFound, "attachment_not_found")
}

// drawing is a document that can be drawn, opened.
type drawing struct {
	io.Closer
	pdf   *raster.Document
	image raster.Page // where it is a picture
	sizes []raster.Size
}

func (s *Service) drawing(ctx context.Context, doc *models.Attachment) (_ *drawing, err error) {
	if doc.Type != "application/pdf" && !raster.IsPicture(doc.Type) {
		return nil, &raster.Error{Code: raster.NotDrawable}
	}
	if doc.Type == "application/pdf" && raster.Find() == nil {
		return nil, &raster.Error{Code: raster.NotInstalled}
	}
	_, f, err := s.openFile(ctx, doc)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	d := &drawing{Closer: f}
	if doc.Type == "application/pdf" {
		if d.pdf, err = raster.Find().Open(ctx, f, models.MaxDrawnPages); err != nil {
			return nil, err
		}
		d.sizes = d.pdf.Pages
		for page := range d.sizes {
			if _, err = d.pdf.Resolution(page + 1); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	if d.image, err = raster.Picture(f); err != nil {
		return nil, err
	}
	d.sizes = []raster.Size{d.image.Size}
	return d, nil
}

// words reads the words of each page; a picture has none.
func (d *drawing) words(ctx context.Context) ([]raster.Text, error) {
	if d.pdf == nil {
		return make([]raster.Text, 1), nil
	}
	return d.pdf.Words(ctx)
}

func (d *drawing) draw(ctx context.Context, first, last int, each func(int, raster.Page) error) error {
	if d.pdf == nil {
		return each(1, d.image)
	}
	return d.pdf.Draw(ctx, first, last, each)
}

// RedactionPage draws one page: as it is, or with the boxes burned in exactly as the copy will
// have them.
func (s *Service) RedactionPage(ctx context.Context, a models.Actor, ref string, id int64, page int, burned bool) (data []byte, contentType string, err error) {
	v, doc, err := s.redactable(ctx, a, ref, id)
	if err != nil {
		return nil, "", err
	}
	d, err := s.drawing(ctx, doc)
	if err != nil {
		return nil, "", drawError(err)
	}
	defer d.Close()
	if page < 1 || page > len(d.sizes) {
		return nil, "", models.Refuse(models.NotFound, "page_outside")
	}
	var boxes []models.Box
	if burned {
		draft, err := s.store.Read(ctx).Redaction(id)
		if err != nil {
			return nil, "", err
		}
		if draft != nil {
			if boxes, err = boxesOf(draft); err != nil {
				return nil, "", err
			}
		}
	}
	err = d.draw(ctx, page, page, func(_ int, p raster.Page) (err error) {
		p.Burn(burning(v.Pack, v.Case.Lang, boxes, page))
		data, contentType, err = p.Encode()
		return err
	})
	return data, contentType, drawError(err)
}

// drawError says at the document why it cannot be drawn.
func drawError(err error) error {
	if code, args := raster.Code(err); code != "" {
		return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "document", Code: code, Args: args}}}
	}
	return err
}

// burning gives the boxes of one page with the article of each.
func burning(pack *policies.Pack, lang string, boxes []models.Box, page int) []raster.Box {
	var out []raster.Box
	const n = float64(models.PageSpan)
	for _, b := range boxes {
		if b.Page != page {
			continue
		}
		label := b.Exemption
		if e, ok := pack.Exemption(b.Exemption); ok {
			label = policies.ShortArticle(e.Article, lang)
		}
		out = append(out, raster.Box{
			Rect:  raster.Rect{X0: float64(b.X) / n, Y0: float64(b.Y) / n, X1: float64(b.X+b.W) / n, Y1: float64(b.Y+b.H) / n},
			Label: label, Short: shortest(label),
		})
	}
	return out
}

var articleWords = regexp.MustCompile(`(^| )(pasal|art\.|ayat|huruf|angka) `)

// shortest is an article as it fits on a box a word wide: "17 h".
func shortest(label string) string {
	s := label
	for articleWords.MatchString(s) {
		s = articleWords.ReplaceAllString(s, "$1")
	}
	if f := strings.Fields(s); len(f) > 2 {
		s = f[len(f)-1]
	}
	return s
}

// maxCopy is how large a copy made of pixels may be, in bytes.
const maxCopy = 200 << 20

// Redact makes the copy: pages drawn to pixels, boxes burned in, nothing else of the source in it.
// The original stays as it is, with its class. The copy has a class of its own; where lowering
// the source's needs a second person, it starts with the source's. Undoing is making another copy.
func (s *Service) Redact(ctx context.Context, a models.Actor, ref string, in RedactInput) (*models.Attachment, error) {
	v, doc, err := s.redactable(ctx, a, ref, in.Document)
	if err != nil {
		return nil, err
	}
	if err := possible(v.Case, models.ActAttach); err != nil {
		return nil, err
	}
	var c models.Check
	c.Field(in.Looked, "looked", "look_first")
	if err := c.Err(); err != nil {
		return nil, err
	}
	var boxes []models.Box
	draft, err := s.store.Read(ctx).Redaction(doc.ID)
	if err != nil {
		return nil, err
	}
	if draft != nil {
		if boxes, err = boxesOf(draft); err != nil {
			return nil, err
		}
	}
	if version(draft) != in.Boxes {
		return nil, models.Refuse(models.Conflict, "stale")
	}
	t, err := s.makeCopy(ctx, v, doc, boxes)
	if err != nil {
		return nil, err
	}
	var out *models.Attachment
	_, err = s.change(ctx, a, ref, in.Version, actAttach, func(w *work) error {
		if err := w.c.Move(models.ActAttach); err != nil {
			return err
		}
		src, err := w.document(in.Document)
		if err != nil {
			return err
		}
		now, err := w.Tx.Redaction(src.ID)
		if err != nil {
			return err
		}
		if src.SHA256 != doc.SHA256 || version(now) != in.Boxes {
			return models.Refuse(models.Conflict, "stale")
		}
		out = w.copyRow(t, src)
		covered := models.CountCovered(boxes)
		out.Covered = "[]"
		if len(covered) > 0 {
			out.Covered = toJSON(covered)
		}
		if err := w.Insert(out); err != nil {
			return err
		}
		return w.redacted("document.redacted", src, out, covered)
	})
	if err != nil {
		s.dropFiles(ctx, []takenIn{t})
		return nil, err
	}
	return out, nil
}

func version(r *models.Redaction) int64 {
	if r == nil {
		return 0
	}
	return r.Version
}

// copyRow is a copy's row: linked to its source, with a class that nobody was passed over for.
func (w *work) copyRow(t takenIn, src *models.Attachment) *models.Attachment {
	out := t.row(w)
	out.CaseID, out.FromBody, out.Redacts = &w.c.ID, true, &src.ID
	out.Classification, out.Ground, out.ExpiresOn = models.Public, "", ""
	chain, ok := w.pack.Chain(string(src.Classification))
	if src.Classification != models.Public && (ok && chain.TwoPersons || !mayDo(w.actor, policies.ActLowerClass, w.c, w.rungs).Allowed) {
		out.Classification, out.Ground, out.ExpiresOn = src.Classification, src.Ground, src.ExpiresOn
	}
	return out
}

func (w *work) redacted(kind string, src, out *models.Attachment, covered []models.Covered) error {
	data := models.EventData{File: src.SHA256, Copy: out.SHA256, Covered: covered, Old: string(src.Classification), New: string(out.Classification)}
	var articles []string
	for _, c := range covered {
		data.Count += int64(c.Count)
		data.Exemptions = append(data.Exemptions, c.Exemption)
		if e, ok := w.pack.Exemption(c.Exemption); ok {
			articles = append(articles, e.Article)
		}
	}
	return w.record(kind, "", strings.Join(articles, "; "), data)
}

// makeCopy draws, burns, builds and keeps the copy. Nothing refers to it yet.
func (s *Service) makeCopy(ctx context.Context, v *CaseView, doc *models.Attachment, boxes []models.Box) (takenIn, error) {
	d, err := s.drawing(ctx, doc)
	if err != nil {
		return takenIn{}, drawError(err)
	}
	defer d.Close()
	var c models.Check
	for _, b := range boxes {
		_, known := v.Pack.Exemption(b.Exemption)
		c.Field(known, "exemption", "exemption_unknown", b.Exemption)
		c.Field(b.Inside(len(d.sizes)), "x", "box_outside")
	}
	if err := c.Err(); err != nil {
		return takenIn{}, err
	}
	var data bytes.Buffer
	kind, ext := "application/pdf", ".pdf"
	title := copyName(doc.Name, v.Case.Lang)
	if d.pdf == nil {
		p := d.image
		p.Burn(burning(v.Pack, v.Case.Lang, boxes, 1))
		b, k, err := p.As(doc.Type)
		if err != nil {
			return takenIn{}, internal("draw", err)
		}
		data.Write(b)
		kind, ext = k, map[string]string{"image/png": ".png", "image/jpeg": ".jpg"}[k]
	} else {
		// The title is what the copy is, not what the source was called: a name may say too much.
		b := raster.NewBuilder(v.Case.Lang, v.Case.Reference, s.now())
		if err := d.draw(ctx, 1, len(d.sizes), func(page int, p raster.Page) error {
			p.Burn(burning(v.Pack, v.Case.Lang, boxes, page))
			return b.Add(p)
		}); err != nil {
			return takenIn{}, drawError(err)
		}
		if err := b.Write(&data); err != nil {
			return takenIn{}, internal("draw", err)
		}
	}
	at := s.now()
	t := takenIn{name: fileName(title + ext), kind: kind, scan: verdict{state: models.ScanClean, at: &at}}
	t.Stored, err = s.putFile(ctx, &data, maxCopy)
	return t, err
}

// copyName calls a copy after its source.
func copyName(name, lang string) string {
	name = strings.TrimSuffix(name, path.Ext(name))
	if lang == "en" {
		return name + " (redacted)"
	}
	return name + " (disamarkan)"
}

// ReplaceInput keeps a copy that was redacted elsewhere.
type ReplaceInput struct {
	Version   int64
	Document  int64
	Exemption string // under which something was taken out
}

// UploadRedacted keeps a copy that somebody redacted with another program: where nothing here can
// draw the document, and for office documents. What it says is looked through before it is
// published, as with any document.
func (s *Service) UploadRedacted(ctx context.Context, a models.Actor, ref string, in ReplaceInput, u Upload) (*models.Attachment, error) {
	v, doc, err := s.redactable(ctx, a, ref, in.Document)
	if err != nil {
		return nil, err
	}
	if err := possible(v.Case, models.ActAttach); err != nil {
		return nil, err
	}
	var c models.Check
	_, known := v.Pack.Exemption(in.Exemption)
	c.Field(in.Exemption != "", "exemption", "required")
	c.Field(in.Exemption == "" || known, "exemption", "exemption_unknown", in.Exemption)
	c.Field(u.Data != nil, "attachments", "required")
	if err := c.Err(); err != nil {
		return nil, err
	}
	t, err := s.takeOne(ctx, u)
	if err != nil {
		return nil, err
	}
	var out *models.Attachment
	_, err = s.change(ctx, a, ref, in.Version, actAttach, func(w *work) error {
		if err := w.c.Move(models.ActAttach); err != nil {
			return err
		}
		src, err := w.document(doc.ID)
		if err != nil {
			return err
		}
		var c models.Check
		c.Field(t.SHA256 != src.SHA256, "attachments", "copy_is_the_original")
		if err := c.Err(); err != nil {
			return err
		}
		out = w.copyRow(t, src)
		if err := w.Insert(out); err != nil {
			return err
		}
		return w.redacted("document.replaced", src, out, []models.Covered{{Exemption: in.Exemption}})
	})
	if err != nil {
		s.dropFiles(ctx, []takenIn{t})
		return nil, err
	}
	return out, nil
}

// possible refuses a move the case cannot make, before the work that leads to it.
func possible(c *models.Case, act models.Action) error {
	copied := *c
	return copied.Move(act)
}

// CoveredJSON is how a copy's row keeps what it covers.
func CoveredJSON(c []models.Covered) string { return toJSON(c) }

// notCopied refuses to take out a document that a redacted copy was made of: the original stays.
func (w *work) notCopied(id int64) error {
	docs, err := w.Attachments(w.c.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(docs, func(d models.Attachment) bool { return d.Redacts != nil && *d.Redacts == id }) {
		return models.Refuse(models.Conflict, "document_stays")
	}
	return nil
}
