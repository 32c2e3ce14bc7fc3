package casework

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// eyes are what an actor sees of one case: the rule, with what it asks about.
type eyes struct {
	sight  models.Sight
	c      *models.Case
	roles  []models.Role
	grants []models.Grant
}

func (s *Service) eyes(r *store.Reader, a models.Actor, c *models.Case, rungs []models.Rung) (eyes, error) {
	e := eyes{sight: models.SightAt(a, s.now()), c: c, roles: rungRoles(rungs)}
	var err error
	if e.sight.Desk && e.sight.Clearance == models.Confidential && !e.sight.WholeBody {
		e.grants, err = r.Grants(c.ID)
	}
	return e, err
}

// document says whether the actor may open a document. A requester opens what they sent and
// what was released to them.
func (e eyes) document(d *models.Attachment) bool {
	if e.sight.CaseID != 0 {
		return !d.FromBody || d.Released && d.Classification == models.Public
	}
	return e.sight.SeesDocument(e.c, d, e.roles, e.grants...)
}

// document reads a document of the case that the actor may see.
func (w *work) document(id int64) (*models.Attachment, error) {
	doc, err := w.Attachment(id)
	if err != nil {
		return nil, err
	}
	if doc.CaseID == nil || *doc.CaseID != w.c.ID {
		return nil, models.Refuse(models.NotFound, "attachment_not_found")
	}
	e, err := w.s.eyes(w.Reader, w.actor, w.c, w.rungs)
	if err != nil {
		return nil, err
	}
	if !e.document(doc) {
		return nil, models.Refuse(models.NotFound, "attachment_not_found")
	}
	return doc, nil
}

// closed says whether a document of a case is confidential and not the actor's to open.
func (s *Service) closed(r *store.Reader, a models.Actor, c *models.Case, rungs []models.Rung) (bool, error) {
	docs, err := r.Attachments(c.ID)
	if err != nil {
		return false, err
	}
	e, err := s.eyes(r, a, c, rungs)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(docs, func(d models.Attachment) bool {
		return d.Classification == models.Confidential && !e.document(&d)
	}), nil
}

// fillDocuments gives the documents the actor may open, and of the others, under which
// exemption they are withheld: not their names.
func (s *Service) fillDocuments(r *store.Reader, a models.Actor, v *CaseView) error {
	docs, err := r.Attachments(v.Case.ID)
	if err != nil {
		return err
	}
	e, err := s.eyes(r, a, v.Case, v.Rungs)
	if err != nil {
		return err
	}
	answered := v.Case.State == models.StateDecided || v.Case.State == models.StateClosed
	for i := range docs {
		d := docs[i]
		switch {
		case e.document(&d):
			v.Attachments = append(v.Attachments, d)
		case a.Kind == models.ByRequester && (!answered || d.Classification == models.Public):
			// The body is still working on it, or it is no part of the answer: it is neither given
			// nor withheld under an article.
		default:
			v.Withheld = append(v.Withheld, withheld(v.Case, &d))
		}
	}
	return nil
}

// withheld is what may be said of a document that is not given: a document that was put into
// a classified case is withheld under the case's ground until it has one of its own.
func withheld(c *models.Case, d *models.Attachment) models.Attachment {
	ground := d.Ground
	if ground == "" && d.Classification.Level() <= c.Classification.Level() {
		ground = c.Exemption
	}
	return models.Attachment{ID: d.ID, Classification: d.Classification, Ground: ground, ExpiresOn: d.ExpiresOn, At: d.At}
}

// hush takes from a case view the words that were written about documents its reader may not
// open: reasons and evidence tell what stands in them.
func hush(v *CaseView) {
	closed := map[int64]bool{}
	for _, d := range v.Withheld {
		closed[d.ID] = true
	}
	for i := range v.Classified {
		if row := &v.Classified[i]; row.AttachmentID != nil && closed[*row.AttachmentID] {
			row.Reason, row.Evidence, row.Decision = "", "", ""
		}
	}
}

// inherit gives the documents that came into a classified case the case's ground and its end as
// their own, before the case loses them.
func (w *work) inherit() error {
	docs, err := w.Attachments(w.c.ID)
	if err != nil {
		return err
	}
	for i := range docs {
		d := &docs[i]
		if d.Classification == models.Public || d.Ground != "" || w.c.Exemption == "" {
			continue
		}
		d.Ground, d.ExpiresOn = w.c.Exemption, w.c.ClassExpiresOn
		if err := w.UpdateAttachment(d); err != nil {
			return err
		}
	}
	return nil
}

// sweepDocuments opens documents whose own exemption has ended, as sweepExemptions does cases.
func (s *Service) sweepDocuments(ctx context.Context, now time.Time, r *SweepReport) error {
	horizon := policies.DateOf(now, time.UTC).AddDays(90).String()
	for after := int64(0); ; {
		ids, err := s.store.Read(ctx).ExpiringDocuments(horizon, after, sweepBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		if err := s.forEach(ctx, ids, func(w *work) error {
			docs, err := w.Attachments(w.c.ID)
			if err != nil {
				return err
			}
			for i := range docs {
				if docs[i].ExpiresOn == "" {
					continue
				}
				did, err := w.expireDocument(&docs[i], now)
				if err != nil {
					return err
				}
				if did {
					r.Expired++
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// expireDocument makes a document public whose exemption ended undecided (PP 61/2010 art.
// 11(3)). It is not thereby released: that is for the body to do. Before, the body is told.
func (w *work) expireDocument(d *models.Attachment, now time.Time) (bool, error) {
	end, err := policies.ParseDate(d.ExpiresOn)
	if err != nil {
		return false, internal("expiry_unreadable", err)
	}
	over, left := w.ended(end, now)
	if !over {
		return false, w.endingSoon(d.ExpiresOn, left, models.EventData{Exemptions: []string{d.Ground}, File: d.SHA256})
	}
	if err := w.c.Move(models.ActClassify); err != nil {
		return false, err
	}
	row := &models.Classified{CaseID: w.c.ID, AttachmentID: &d.ID, Class: models.Public, Was: d.Classification, Article: "PP 61/2010 art. 11(3)",
		Reason: "the exemption ended on " + d.ExpiresOn, By: w.actor.Label(), At: w.at}
	if err := w.Insert(row); err != nil {
		return false, err
	}
	data := models.EventData{Old: string(d.Classification), New: string(models.Public), Exemptions: []string{d.Ground}, File: d.SHA256}
	d.Classification, d.Ground, d.ExpiresOn = models.Public, "", ""
	if err := w.UpdateAttachment(d); err != nil {
		return false, err
	}
	return true, w.record("document.expired", row.Reason, row.Article, data)
}

// ended says whether the last day of an exemption is past, and how many working days are left
// otherwise, counted no further than expiryNotice.
func (w *work) ended(end policies.Date, now time.Time) (over bool, left int) {
	opts := w.s.dueOptions(w.pack.ID, w.body)
	today := policies.DateOf(now, zone(opts.Zone))
	if today.After(end) {
		return true, 0
	}
	for d := today; d.Before(end) && left <= expiryNotice; d = d.AddDays(1) {
		if ok, _, _ := w.pack.WorkingDay(d.AddDays(1), opts); ok {
			left++
		}
	}
	return false, left
}

// endingSoon tells the body once that an exemption is about to end.
func (w *work) endingSoon(day string, left int, data models.EventData) error {
	if left > expiryNotice {
		return nil
	}
	told, _, err := w.Events(store.EventFilter{CaseID: &w.c.ID, Kind: "exemption.ending"}, "", 100)
	if err != nil {
		return err
	}
	for _, e := range told {
		var was models.EventData
		if e.Reason == day && json.Unmarshal([]byte(e.Data), &was) == nil && was.File == data.File {
			return nil
		}
	}
	data.Count = int64(left)
	return w.record("exemption.ending", day, "PP 61/2010 art. 11(2)", data)
}
