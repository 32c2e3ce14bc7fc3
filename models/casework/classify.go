package casework

import (
	"context"
	"slices"
	"strconv"

	"terang/models"
	"terang/policies"
)

// Classify confirms or changes the class of a case or of one of its documents.
// Above public a ground from the pack's exemptions is needed; whoever changes
// what stands, or overrules the rules, gives reasons. Lowering is for the
// information officer and the superior; where the pack's chain asks for two persons
// (confidential matters), the first one's wish is kept and takes effect when another confirms it.
func (s *Service) Classify(ctx context.Context, a models.Actor, ref string, in ClassifyInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, laterCheck, func(w *work) error {
		target, doc, err := w.classTarget(in.Attachment)
		if err != nil {
			return err
		}
		was := *target
		action := policies.ActClassify
		if in.Classification.Level() < was.Level() {
			action = policies.ActLowerClass
		}
		if err := w.allowed(action); err != nil {
			return err
		}
		in.Reason = clean(in.Reason)
		var check models.Check
		one(&check, "classification", in.Classification, models.Classes)
		exemption, known := w.pack.Exemption(in.Exemption)
		if in.Classification != models.Public {
			check.Field(in.Exemption != "", "exemption", "required")
			check.Field(in.Exemption == "" || known, "exemption", "exemption_unknown", in.Exemption)
		}
		changed := in.Classification != was || doc == nil && in.Classification != models.Public && in.Exemption != w.c.Exemption
		text(&check, "reason", in.Reason, maxReason, changed)
		if in.Classification.Level() > a.Clearance.Level() && a.Kind == models.ByOfficer {
			// Who raised it could not see it afterwards: someone cleared must.
			check.Field(false, "classification", "above_own_clearance")
		}
		today := policies.DateOf(w.at, w.pack.Location())
		if in.Until != "" && in.Classification != models.Public {
			until, err := policies.ParseDate(in.Until)
			check.Field(err == nil, "until", "date")
			check.Field(err != nil || until.After(today), "until", "date_past")
			if known && exemption.MaxYears > 0 && err == nil {
				check.Field(!until.After(today.AddMonths(12*exemption.MaxYears)), "until", "longer_than_law", strconv.Itoa(exemption.MaxYears), exemption.Article)
			}
		}
		if err := check.Err(); err != nil {
			return err
		}
		if err := w.c.Move(models.ActClassify); err != nil {
			return err
		}
		row := &models.Classified{
			CaseID: w.c.ID, Class: in.Classification, Was: was, Exemption: in.Exemption, Reason: in.Reason,
			Decision: toJSON(mayDo(a, action, w.c, w.rungs)), By: a.Label(), At: w.at,
		}
		if doc != nil {
			row.AttachmentID = &doc.ID
		}
		if a.OfficerID != 0 {
			row.OfficerID = &a.OfficerID
		}
		if in.Classification == models.Public {
			row.Exemption = ""
		} else {
			row.Article = exemption.Article
			row.ExpiresOn = in.Until
			if in.Until == "" && exemption.MaxYears > 0 {
				row.ExpiresOn = today.AddMonths(12 * exemption.MaxYears).String()
			}
		}
		if wait, err := w.secondPerson(row, doc, action); err != nil || wait {
			return err
		}
		if doc == nil {
			if err := w.inherit(); err != nil {
				return err
			}
		}
		*target = in.Classification
		kind := "classification.overruled"
		if !changed {
			kind = "classification.confirmed"
		}
		if doc != nil {
			doc.Ground, doc.ExpiresOn = row.Exemption, row.ExpiresOn
			if err := w.UpdateAttachment(doc); err != nil {
				return err
			}
			kind = "document.classified"
		} else {
			w.c.ClassConfirmed, w.c.Exemption, w.c.ClassExpiresOn = true, row.Exemption, row.ExpiresOn
		}
		if err := w.Insert(row); err != nil {
			return err
		}
		data := models.EventData{Old: string(was), New: string(in.Classification)}
		if row.Exemption != "" {
			data.Exemptions = []string{row.Exemption}
		}
		if doc != nil {
			return w.recordDocument(kind, row, doc, data)
		}
		if err := w.record(kind, in.Reason, row.Article, data); err != nil {
			return err
		}
		if err := w.followClass(was); err != nil {
			return err
		}
		// What may no longer be known cannot stay published.
		if w.c.Classification != models.Public && w.c.PublishedAt != nil {
			if err := w.unpublish("classified " + string(w.c.Classification)); err != nil {
				return err
			}
		}
		return w.IndexCase(w.c)
	})
}

// classTarget is what is being classified.
func (w *work) classTarget(id int64) (*models.Class, *models.Attachment, error) {
	if id == 0 {
		return &w.c.Classification, nil, nil
	}
	doc, err := w.document(id)
	if err != nil {
		return nil, nil, err
	}
	return &doc.Classification, doc, nil
}

// secondPerson keeps a lowering that needs two people until the second confirms it, and
// says whether it waits. It refuses the same person twice. The wish and its confirmation
// must name the same class of the same thing.
func (w *work) secondPerson(row *models.Classified, doc *models.Attachment, action string) (wait bool, err error) {
	chain, ok := w.pack.Chain(string(row.Was))
	if action != policies.ActLowerClass || !ok || !chain.TwoPersons || w.actor.Kind != models.ByOfficer {
		return false, nil
	}
	rows, err := w.Classifieds(w.c.ID)
	if err != nil {
		return false, err
	}
	if first := pending(rows, row.AttachmentID); first != nil && first.Class == row.Class {
		if err := w.second(first.OfficerID, first.By, chain); err != nil {
			return false, err
		}
		row.By = first.By + ", " + row.By
		return false, nil
	}
	row.Pending = true
	if err := w.Insert(row); err != nil {
		return false, err
	}
	data := models.EventData{Old: string(row.Was), New: string(row.Class)}
	if doc != nil {
		return true, w.recordDocument("classification.second_awaited", row, doc, data)
	}
	return true, w.record("classification.second_awaited", row.Reason, row.Article, data)
}

// recordDocument records the classifying of a document. An event is shown by its case's class,
// and a document may be above it: the reason stands with the classification, sealed, and the
// event holds to it by its hash.
func (w *work) recordDocument(kind string, row *models.Classified, doc *models.Attachment, data models.EventData) error {
	data.File = doc.SHA256
	if row.Reason != "" {
		data.TextHash = models.HashSecret(row.Reason)
	}
	return w.record(kind, "", row.Article, data)
}

// second refuses as the second person the first one, and where the law's chain asks for
// independence, whoever is their subordinate in the same unit. Officers without a unit are
// in the same one: the body's own office.
func (w *work) second(first *int64, by string, chain *policies.Chain) error {
	if first == nil || w.actor.Kind != models.ByOfficer {
		return nil
	}
	if *first == w.actor.OfficerID {
		return models.Refuse(models.Conflict, "second_person_needed", by)
	}
	if chain == nil || chain.Independent == nil {
		return nil
	}
	o, err := w.Officer(*first)
	if err != nil {
		return err
	}
	same := o.UnitID == nil && w.actor.UnitID == nil
	if o.UnitID != nil && w.actor.UnitID != nil {
		units, err := w.Units(w.body.ID)
		if err != nil {
			return err
		}
		same = slices.Contains(models.Below(units, *o.UnitID), *w.actor.UnitID)
	}
	if same && w.actor.Role.Rank() < o.Role.Rank() {
		return models.Refuse(models.Conflict, "second_person_subordinate", by, chain.Independent.Article)
	}
	return nil
}

// pending is the wish that still waits for a second person: the newest act on that
// document (nil: the case), if it is one.
func pending(rows []models.Classified, doc *int64) *models.Classified {
	for i := len(rows) - 1; i >= 0; i-- {
		r := &rows[i]
		if (r.AttachmentID == nil) == (doc == nil) && (doc == nil || *r.AttachmentID == *doc) {
			if r.Pending {
				return r
			}
			return nil
		}
	}
	return nil
}

// followClass opens, swaps or closes the chain after the case's class moved.
func (w *work) followClass(was models.Class) error {
	c := w.c
	if c.State.Ended() || c.State == models.StateIncomplete || c.Kind == models.Objection {
		return nil
	}
	switch {
	case c.Classification == was && c.RungLevel > 0:
		return nil
	case c.Classification == models.Public && c.RungLevel > 0:
		return w.settle(models.RungClosed, "classified public")
	case c.Classification == models.Public:
		return nil
	case c.Classification != was:
		if c.RungLevel > 0 {
			if err := w.settle(models.RungClosed, "classified "+string(c.Classification)); err != nil {
				return err
			}
		}
		return w.openChain(0, "classified "+string(c.Classification))
	}
	return nil
}
