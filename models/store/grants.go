package store

import (
	"time"

	"terang/models"
)

// Grants lists who was ever let into a case, in order.
func (r *Reader) Grants(caseID int64) ([]models.Grant, error) {
	return many[models.Grant](r, "id", 0, "case_id = ?", caseID)
}

// GrantsTo lists, by key, an officer's grants that are live at an instant.
func (r *Reader) GrantsTo(officer int64, now time.Time, after int64, limit int) ([]models.Grant, error) {
	return many[models.Grant](r, "id", limit, "officer_id = ? AND revoked_at IS NULL AND until > ? AND id > ?", officer, now.UTC(), after)
}

// Grant reads one grant.
func (r *Reader) Grant(id int64) (*models.Grant, error) {
	return one[models.Grant](r, "grant_not_found", "id = ?", id)
}

// UpdateGrant writes a grant, guarded by its version.
func (tx *Tx) UpdateGrant(g *models.Grant) error { return tx.update(g) }

// Unseen lists, by key, the emergencies of a body that no superior has acknowledged.
func (r *Reader) Unseen(body *int64, after int64, limit int) ([]models.Grant, error) {
	where, args := "kind = 'emergency' AND seen_at IS NULL AND id > ?", []any{after}
	if body != nil {
		where += " AND EXISTS (SELECT 1 FROM cases c WHERE c.id = grants.case_id AND c.body_id = ?)"
		args = append(args, *body)
	}
	return manyBy[models.Grant](r, "grants_unseen", "id", limit, where, args...)
}

// HeldBy lists, by key, the cases assigned to an officer that the body still owes something on.
func (r *Reader) HeldBy(officer, after int64, limit int) ([]models.Case, error) {
	return manyBy[models.Case](r, "cases_open_officer", "id", limit, "officer_id = ? AND id > ? AND "+open, officer, after)
}

// RungsHeldBy lists, by key, the live rungs that an officer took on.
func (r *Reader) RungsHeldBy(officer, after int64, limit int) ([]models.Rung, error) {
	return manyBy[models.Rung](r, "rungs_holder", "id", limit, "holder_id = ? AND state IN ('open', 'acknowledged') AND id > ?", officer, after)
}

// ExpiringDocuments lists, by key, the cases of which a document's own exemption ends by a day
// (YYYY-MM-DD).
func (r *Reader) ExpiringDocuments(by string, after int64, limit int) ([]int64, error) {
	var ids []int64
	err := r.db.Raw("SELECT DISTINCT case_id FROM attachments"+r.s.by("attachments_expires")+" WHERE expires_on <> '' AND expires_on <= ? AND case_id > ? ORDER BY case_id LIMIT ?", by, after, limit).Scan(&ids).Error
	return ids, wrap(err)
}
