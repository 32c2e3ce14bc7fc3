package casework

import (
	"context"

	"terang/models"
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
	v := &DisclosureView{Disclosure: *d, Kind: c.Kind}
	v.By = ""
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
		v.Decision = &decisions[n-1]
		v.Decision.By, v.Decision.OfficerID, v.Decision.Basis = "", nil, ""
	}
	if v.Stones, err = stones(r, v.Pack, c.ID); err != nil {
		return nil, err
	}
	docs, err := r.Attachments(c.ID)
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		switch {
		case doc.SHA256 == "": // erased
		case doc.FromBody && doc.Released && doc.Classification == models.Public:
			v.Documents = append(v.Documents, doc)
		case doc.FromBody && doc.Classification != models.Public:
			v.Withheld = append(v.Withheld, models.Attachment{Classification: doc.Classification, Ground: doc.Ground, At: doc.At})
		}
	}
	return v, nil
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
