package casework

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"terang/models"
	"terang/models/raster"
	"terang/models/store"
	"terang/policies"
)

// BoxesInput changes the boxes drawn on a document before its copy is made.
type BoxesInput struct {
	Version   int64      // of the boxes, as they were drawn from; 0 when there were none yet
	Action    string     // add phrase page findings remove clear
	Box       models.Box // add: the box. page, clear: its page
	Exemption string     // of what is added
	Phrase    string     // phrase: boxed wherever it stands
	Index     int        // remove: which box
}

func boxesOf(d *models.Redaction) ([]models.Box, error) {
	var out []models.Box
	if err := json.Unmarshal([]byte(d.Boxes), &out); err != nil {
		return nil, internal("boxes_unreadable", err)
	}
	return out, nil
}

func boxOf(r raster.Rect, page int, exemption string) models.Box {
	const n = models.PageSpan
	floor := func(f float64) int { return min(max(int(f*n), 0), n) }
	b := models.Box{Page: page, X: floor(r.X0), Y: floor(r.Y0), Exemption: exemption}
	b.W, b.H = min(floor(r.X1)+1, n)-b.X, min(floor(r.Y1)+1, n)-b.Y
	return b
}

// place is one find on one page.
type place struct {
	kind, text string
	boxes      []models.Box
}

func findOn(t *raster.Text, known []policies.Known) []place {
	c := policies.Clear([]policies.Part{{Name: "page", Text: t.String(), Wrapped: true}}, known, nil, func(string, string) string { return "" })
	return placesOf(t, c)
}

func placesOf(t *raster.Text, c *policies.Clearing) []place {
	var out []place
	for _, m := range c.Marks["page"] {
		p := c.Passages[m.Passage]
		f := place{kind: p.Type, text: p.Text}
		for _, r := range t.Boxes(m.Start, m.End) {
			f.boxes = append(f.boxes, boxOf(r, 0, ""))
		}
		out = append(out, f)
	}
	return out
}

// coveredBy says whether a box of a page lies in one that is drawn, but for the room around
// its words.
func coveredBy(boxes []models.Box, b models.Box, page int) bool {
	in := models.Box{Page: page, X: b.X + b.W/20, Y: b.Y + b.H/5, W: b.W - b.W/10, H: b.H - 2*b.H/5}
	return slices.ContainsFunc(boxes, func(o models.Box) bool { return o.Covers(in) })
}

// DrawBoxes changes the boxes on a document. They are kept as they are drawn, so that nothing is
// lost; the document itself is not touched. It gives how many boxes came or went.
func (s *Service) DrawBoxes(ctx context.Context, a models.Actor, ref string, id int64, in BoxesInput) (int, error) {
	v, doc, err := s.redactable(ctx, a, ref, id)
	if err != nil {
		return 0, err
	}
	if err := possible(v.Case, models.ActAttach); err != nil {
		return 0, err
	}
	var c models.Check
	one(&c, "do", in.Action, []string{"add", "phrase", "page", "findings", "remove", "clear"})
	adds := in.Action == "add" || in.Action == "phrase" || in.Action == "page" || in.Action == "findings"
	if adds {
		_, known := v.Pack.Exemption(in.Exemption)
		c.Field(in.Exemption != "", "exemption", "required")
		c.Field(in.Exemption == "" || known, "exemption", "exemption_unknown", in.Exemption)
	}
	in.Phrase = clean(in.Phrase)
	text(&c, "phrase", in.Phrase, models.MaxSubject, in.Action == "phrase")
	if err := c.Err(); err != nil {
		return 0, err
	}
	d, err := s.drawing(ctx, doc)
	if err != nil {
		return 0, drawError(err)
	}
	defer d.Close()
	fresh, err := s.newBoxes(ctx, a, v, d, in)
	if err != nil {
		return 0, err
	}
	changed := 0
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		w, err := s.load(tx, a, ref)
		if err != nil {
			return err
		}
		if err := w.allowed(actAttach); err != nil {
			return err
		}
		now, err := w.document(id)
		if err != nil {
			return err
		}
		if now.SHA256 != doc.SHA256 {
			return models.Refuse(models.Conflict, "stale")
		}
		draft, err := tx.Redaction(id)
		if err != nil {
			return err
		}
		if draft == nil {
			draft = &models.Redaction{CaseID: w.c.ID, AttachmentID: id, Boxes: "[]"}
		}
		if draft.Version != in.Version {
			return models.Refuse(models.Conflict, "stale")
		}
		boxes, err := boxesOf(draft)
		if err != nil {
			return err
		}
		before := len(boxes)
		switch {
		case in.Action == "remove":
			if in.Index < 0 || in.Index >= len(boxes) {
				return models.Refuse(models.Conflict, "stale")
			}
			boxes = slices.Delete(boxes, in.Index, in.Index+1)
		case in.Action == "clear":
			boxes = slices.DeleteFunc(boxes, func(b models.Box) bool { return b.Page == in.Box.Page })
		default:
			for _, b := range fresh {
				if !slices.ContainsFunc(boxes, func(o models.Box) bool { return o.Covers(b) && o.Exemption == b.Exemption }) {
					boxes = append(boxes, b)
				}
			}
		}
		changed = len(boxes) - before
		if changed < 0 {
			changed = -changed
		}
		var c models.Check
		c.Field(len(boxes) <= models.MaxBoxes, "do", "too_many_boxes", strconv.Itoa(models.MaxBoxes))
		if err := c.Err(); err != nil {
			return err
		}
		models.SortBoxes(boxes)
		draft.Boxes, draft.By, draft.UpdatedAt = toJSON(boxes), a.Label(), w.now
		if boxes == nil {
			draft.Boxes = "[]"
		}
		if draft.ID == 0 {
			draft.Version = 1
			return tx.Insert(draft)
		}
		return tx.UpdateRedaction(draft)
	})
	return changed, err
}

// newBoxes are what an action adds.
func (s *Service) newBoxes(ctx context.Context, a models.Actor, v *CaseView, d *drawing, in BoxesInput) ([]models.Box, error) {
	var c models.Check
	pages := len(d.sizes)
	b := in.Box
	b.Exemption = in.Exemption
	switch in.Action {
	case "page":
		b.X, b.Y, b.W, b.H = 0, 0, models.PageSpan, models.PageSpan
		fallthrough
	case "add":
		c.Field(b.Page >= 1 && b.Page <= pages, "page", "page_outside", strconv.Itoa(b.Page), strconv.Itoa(pages))
		c.Field(b.Page < 1 || b.Page > pages || b.Inside(pages), "x", "box_outside")
		return []models.Box{b}, c.Err()
	case "clear":
		c.Field(b.Page >= 1 && b.Page <= pages, "page", "page_outside", strconv.Itoa(b.Page), strconv.Itoa(pages))
		return nil, c.Err()
	case "remove":
		return nil, nil
	}
	texts, err := d.words(ctx)
	if err != nil {
		return nil, drawError(err)
	}
	var known []policies.Known
	if in.Action == "findings" {
		w := s.glimpse(ctx, a, v)
		if known, err = w.known(); err != nil {
			return nil, err
		}
	}
	var out []models.Box
	words := false
	for i := range texts {
		t := &texts[i]
		words = words || !t.Empty()
		var places []place
		if in.Action == "findings" {
			places = findOn(t, known)
		} else {
			places = placesOf(t, phraseOn(t, in.Phrase))
		}
		for _, p := range places {
			for _, b := range p.boxes {
				b.Page, b.Exemption = i+1, in.Exemption
				out = append(out, b)
			}
		}
	}
	field := "phrase"
	if in.Action == "findings" {
		field = "do"
	}
	c.Field(words, field, "document_no_words")
	c.Field(!words || len(out) > 0, field, "nothing_found")
	return out, c.Err()
}

// phraseOn finds a phrase on a page, and nothing else.
func phraseOn(t *raster.Text, phrase string) *policies.Clearing {
	out := &policies.Clearing{Marks: map[string][]policies.Mark{}, Passages: []policies.Passage{{Type: policies.PersonalOwn, Text: phrase}}}
	out.Marks["page"] = policies.Occurrences(t.String(), phrase)
	return out
}
