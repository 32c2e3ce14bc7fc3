package casework

import (
	"context"
	"encoding/json"

	"terang/models"
	"terang/models/store"
)

// NewDraft begins an intake. The token goes into the requester's cookie or resume
// link; only its hash is stored.
func (s *Service) NewDraft(ctx context.Context, lang string) (string, *models.Draft, error) {
	token := models.NewKey()
	now := s.now()
	d := &models.Draft{TokenHash: draftHash(token), Answers: toJSON(models.DraftAnswers{Lang: lang}), Version: 1, CreatedAt: now, UpdatedAt: now}
	err := s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.Insert(d) })
	return token, d, err
}

// draftHash reads a resume code as people type it.
func draftHash(token string) string { return models.HashKey(token) }

// Draft reads an intake with its files.
func (s *Service) Draft(ctx context.Context, token string) (*models.Draft, models.DraftAnswers, []models.Attachment, error) {
	r := s.store.Read(ctx)
	d, err := r.Draft(draftHash(token))
	if err != nil {
		return nil, models.DraftAnswers{}, nil, err
	}
	answers, err := draftAnswers(d)
	if err != nil {
		return nil, answers, nil, err
	}
	docs, err := r.DraftAttachments(d.ID)
	return d, answers, docs, err
}

// SaveDraft keeps what was typed so far, whole or not: a draft is refused
// nothing but what no database could hold.
func (s *Service) SaveDraft(ctx context.Context, token string, answers models.DraftAnswers) error {
	var c models.Check
	text(&c, "subject", answers.Subject, 10*models.MaxSubject, false)
	text(&c, "text", answers.Text, 2*models.MaxText, false)
	for field, v := range map[string]string{
		"purpose": answers.Purpose, "name": answers.Name, "email": answers.Email, "phone": answers.Phone,
		"identity_number": answers.IdentityNumber, "address": answers.Address, "body": answers.Body,
	} {
		text(&c, field, v, 2*models.MaxPurpose, false)
	}
	if err := c.Err(); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		d, err := tx.Draft(draftHash(token))
		if err != nil {
			return err
		}
		d.Answers, d.UpdatedAt = toJSON(answers), s.now()
		return tx.UpdateDraft(d)
	})
}

// DropDraft forgets an intake and its files.
func (s *Service) DropDraft(ctx context.Context, token string) error {
	var gone []models.Attachment
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		d, err := tx.Draft(draftHash(token))
		if err != nil {
			return err
		}
		if gone, err = tx.DraftAttachments(d.ID); err != nil {
			return err
		}
		return dropDraft(tx, d.ID, gone)
	})
	if err != nil {
		return err
	}
	return s.deleteFiles(ctx, gone)
}

func dropDraft(tx *store.Tx, id int64, docs []models.Attachment) error {
	for _, d := range docs {
		if err := tx.DeleteAttachment(d.ID); err != nil {
			return err
		}
	}
	return tx.DeleteDraft(id)
}

// deleteFiles removes bytes only after the rows that named them are gone for good.
func (s *Service) deleteFiles(ctx context.Context, docs []models.Attachment) error {
	for _, d := range docs {
		if err := s.files.Delete(ctx, d.Stored); err != nil {
			return internal("file_delete", err)
		}
	}
	return nil
}

// DraftAttach adds one file to an intake.
func (s *Service) DraftAttach(ctx context.Context, token string, u Upload) (*models.Attachment, error) {
	t, err := s.takeOne(ctx, u)
	if err != nil {
		return nil, err
	}
	var out *models.Attachment
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		d, err := tx.Draft(draftHash(token))
		if err != nil {
			return err
		}
		docs, err := tx.DraftAttachments(d.ID)
		if err != nil {
			return err
		}
		if err := room(docs, t.Size, models.MaxDraftBytes); err != nil {
			return err
		}
		out = t.row(&work{at: s.now()})
		out.DraftID, out.Classification = &d.ID, models.Restricted // until its case is classified
		return tx.Insert(out)
	})
	if err != nil {
		s.undoFiles(ctx, err, []takenIn{t})
		return nil, err
	}
	return out, nil
}

// DraftDetach removes one file from an intake.
func (s *Service) DraftDetach(ctx context.Context, token string, id int64) error {
	var gone *models.Attachment
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		d, err := tx.Draft(draftHash(token))
		if err != nil {
			return err
		}
		if gone, err = tx.Attachment(id); err != nil {
			return err
		}
		if gone.DraftID == nil || *gone.DraftID != d.ID {
			return models.Refuse(models.NotFound, "attachment_not_found")
		}
		return tx.DeleteAttachment(id)
	})
	if err != nil {
		return err
	}
	return s.deleteFiles(ctx, []models.Attachment{*gone})
}

// FileDraft files an intake, counted under the address that it comes from ("" is not). The draft
// is gone in the same transaction, so that sending twice cannot file twice; the second is answered
// as the first was.
func (s *Service) FileDraft(ctx context.Context, token, lang, from string) (Filed, error) {
	_, a, _, err := s.Draft(ctx, token)
	if models.CodeOf(err) == "draft_not_found" {
		return s.sent(ctx, token)
	}
	if err != nil {
		return Filed{}, err
	}
	in := DraftInput(a)
	in.DraftToken, in.Lang = token, lang
	retry := draftRetry(token)
	in.Scope, in.IdempotencyKey = retry.Scope, retry.IdempotencyKey
	in.Count, in.CountFor = UseFile, from
	f, err := s.File(ctx, models.Actor{Kind: models.Anyone, Via: "web"}, in)
	switch models.CodeOf(err) {
	case "draft_not_found", "idempotency_key_reused": // filed meanwhile, it may be with other words
		return s.sent(ctx, token)
	}
	f.Email = a.Email
	return f, err
}

// DraftInput is what an intake's answers would file.
func DraftInput(a models.DraftAnswers) FileInput {
	return FileInput{
		Kind: a.Kind, Body: a.Body, Subject: a.Subject, Text: a.Text, Purpose: a.Purpose, Delivery: a.Delivery, Anonymity: a.Anonymity,
		Requester: RequesterInput{Kind: a.RequesterKind, Name: a.Name, Email: a.Email, Phone: a.Phone, IdentityNumber: a.IdentityNumber, Address: a.Address},
		Lang:      a.Lang,
	}
}

func draftAnswers(d *models.Draft) (models.DraftAnswers, error) {
	var a models.DraftAnswers
	if err := json.Unmarshal([]byte(d.Answers), &a); err != nil {
		return a, internal("draft_unreadable", err)
	}
	return a, nil
}
