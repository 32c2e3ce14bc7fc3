package store

import "terang/models"

// PublishedDocuments lists the documents that go out with a case's entry in the disclosure log.
func (r *Reader) PublishedDocuments(caseID int64) ([]models.PublishedDocument, error) {
	return many[models.PublishedDocument](r, "id", 0, "case_id = ?", caseID)
}

// DeletePublishedDocuments takes the list back.
func (tx *Tx) DeletePublishedDocuments(caseID int64) error {
	_, err := tx.exec("DELETE FROM published_documents WHERE case_id = ?", caseID)
	return err
}

// UpdatePublishedDocument writes a row of the list anew.
func (tx *Tx) UpdatePublishedDocument(d *models.PublishedDocument) error { return tx.update(d) }

// Redaction reads the boxes drawn on a document; nil when there are none.
func (r *Reader) Redaction(attachment int64) (*models.Redaction, error) {
	return maybe[models.Redaction](r, "attachment_id = ?", attachment)
}

// UpdateRedaction writes boxes, guarded by their version.
func (tx *Tx) UpdateRedaction(d *models.Redaction) error { return tx.update(d) }

// DeleteRedaction forgets the boxes of a document.
func (tx *Tx) DeleteRedaction(attachment int64) error {
	_, err := tx.exec("DELETE FROM redactions WHERE attachment_id = ?", attachment)
	return err
}

// DeleteRedactions forgets the boxes of a case's documents.
func (tx *Tx) DeleteRedactions(caseID int64) error {
	_, err := tx.exec("DELETE FROM redactions WHERE case_id = ?", caseID)
	return err
}
