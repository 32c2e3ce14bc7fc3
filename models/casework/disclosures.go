package casework

import (
	"context"
	"slices"

	"terang/models"
	"terang/models/store"
)

// Disclosures searches what was released, newest first.
func (s *Service) Disclosures(ctx context.Context, q, body, cursor string, limit int) ([]models.Disclosure, string, error) {
	var c models.Check
	text(&c, "q", q, 500, false)
	limit = pageSize(&c, limit)
	if err := c.Err(); err != nil {
		return nil, "", err
	}
	r := s.store.Read(ctx)
	var id *int64
	if body != "" {
		b, err := r.BodyBySlug(body)
		if err != nil {
			return nil, "", err
		}
		id = &b.ID
	}
	return r.SearchDisclosures(s.store.Terms(q), id, cursor, limit)
}

// Similar finds released matters that may already answer what someone is about
// to ask.
func (s *Service) Similar(ctx context.Context, body, words string, limit int) ([]models.Disclosure, error) {
	terms := s.store.Terms(words)
	if len(terms) == 0 {
		return nil, nil
	}
	if len(terms) > 20 {
		terms = terms[:20]
	}
	r := s.store.Read(ctx)
	var id *int64
	if b, err := r.BodyBySlug(body); err == nil {
		id = &b.ID
	}
	return r.SimilarDisclosures(terms, id, limit)
}

// Disclosure is one published case, without its requester.
func (s *Service) Disclosure(ctx context.Context, ref string) (*DisclosureView, error) {
	norm, ok := models.NormalReference(ref)
	if !ok {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	r := s.store.Read(ctx)
	d, err := r.DisclosureByReference(norm)
	if err != nil {
		return nil, err
	}
	c, err := r.CaseByID(d.CaseID)
	if err != nil {
		return nil, err
	}
	documents, err := r.PublishedDocuments(c.ID)
	if err != nil {
		return nil, err
	}
	return s.disclosureView(r, d, c, documents)
}

// disclosureView is what the public reads. Every word of it is the entry's own; of the case only
// what is no text is asked, such as under which exemptions something was withheld.
func (s *Service) disclosureView(r *store.Reader, d *models.Disclosure, c *models.Case, documents []models.PublishedDocument) (*DisclosureView, error) {
	v := &DisclosureView{Disclosure: *d, Kind: c.Kind}
	v.By, v.Choices = "", ""
	var err error
	if v.Body, err = r.Body(d.BodyID); err != nil {
		return nil, err
	}
	if v.Pack, err = s.packs.Version(c.Pack, c.PackVersion); err != nil {
		return nil, internal("pack_missing", err)
	}
	decisions, err := r.Decisions(c.ID)
	if err != nil {
		return nil, err
	}
	if n := len(decisions); n > 0 {
		last := decisions[n-1]
		v.Decision = &models.Decision{CaseID: c.ID, Outcome: last.Outcome, Exemptions: last.Exemptions, At: last.At,
			Text: d.Answer, Withheld: d.Withheld, Tests: published(d)}
	}
	if v.Stones, err = stones(r, v.Pack, c.ID); err != nil {
		return nil, err
	}
	docs, err := r.Attachments(c.ID)
	if err != nil {
		return nil, err
	}
	copied := map[int64]bool{} // withheld in part only: a copy is out
	for _, p := range documents {
		i := slices.IndexFunc(docs, func(a models.Attachment) bool { return a.ID == p.AttachmentID })
		if i < 0 || docs[i].SHA256 == "" || docs[i].Classification != models.Public {
			continue
		}
		doc := docs[i]
		if doc.Redacts != nil {
			copied[*doc.Redacts] = true
		}
		doc.Name = p.Name
		v.Documents = append(v.Documents, doc)
	}
	for _, doc := range docs {
		if doc.SHA256 != "" && doc.FromBody && doc.Classification != models.Public && !copied[doc.ID] {
			v.Withheld = append(v.Withheld, withheld(c, &doc))
		}
	}
	return v, nil
}

// published puts the reasons that were published into the form that a decision keeps them in.
func published(d *models.Disclosure) string {
	t := models.Test{Form: "published"}
	for field, text := range map[string]string{"consequence_open": d.Why, "duration": d.Until} {
		if text != "" {
			t.Answers = append(t.Answers, models.TestAnswer{Field: field, Text: text})
		}
	}
	if len(t.Answers) == 0 {
		return ""
	}
	return toJSON([]models.Test{t})
}

// Bodies lists public bodies, by key.
func (s *Service) Bodies(ctx context.Context, after int64, limit int) ([]models.Body, error) {
	return s.store.Read(ctx).Bodies(after, limit)
}

// Body is one public body with the law it answers under today.
func (s *Service) Body(ctx context.Context, slug string) (*BodyView, error) {
	r := s.store.Read(ctx)
	b, err := r.BodyBySlug(slug)
	if err != nil {
		return nil, err
	}
	v := &BodyView{Body: *b}
	if v.Units, err = r.Units(b.ID); err != nil {
		return nil, err
	}
	v.Law, err = s.packFor(b, s.now())
	return v, err
}
