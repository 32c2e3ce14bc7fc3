package store

import (
	"time"

	"terang/models"
)

// SameRequester lists other cases of whoever filed a case, as far as the actor may see them, the
// newest first. It knows them by the keyed hashes of an identity number or an e-mail address
// and reads no name. Who filed without an identity is nobody's other.
func (r *Reader) SameRequester(sight models.Sight, c *models.Case, since time.Time, limit int) ([]models.Case, error) {
	if c.RequesterID == nil {
		return nil, nil
	}
	where, args := sightSQL(sight)
	args = append([]any{c.ID, since.UTC(), *c.RequesterID, *c.RequesterID}, args...)
	rows, err := selectRowsAs[models.Case](r, "c", "cases_requester", `c.id <> ? AND c.received_at >= ? AND c.requester_id IN (
			SELECT q.id FROM requesters me JOIN requesters q ON q.who_identity = me.who_identity AND q.who_identity <> '' WHERE me.id = ?
			UNION SELECT q.id FROM requesters me JOIN requesters q ON q.who_email = me.who_email AND q.who_email <> '' WHERE me.id = ?)
		AND `+where+` ORDER BY c.received_at DESC, c.id DESC`+limited(limit), args...)
	if err != nil {
		return nil, err
	}
	return rows, openRows(r, rows)
}

// Frequent is a requester who filed much, without saying who: the newest case, and how many.
type Frequent struct {
	Newest int64 // id of a case
	Count  int64
}

// FrequentRequesters lists those with at least so many cases since an instant among what the
// actor may see, the most first.
func (r *Reader) FrequentRequesters(sight models.Sight, since time.Time, least, limit int) ([]Frequent, error) {
	where, args := sightSQL(sight)
	var rows []Frequent
	err := r.db.Raw(`SELECT max(c.id) AS newest, count(*) AS count FROM cases c JOIN requesters q ON q.id = c.requester_id
		WHERE c.received_at >= ? AND (q.who_identity <> '' OR q.who_email <> '') AND `+where+`
		GROUP BY CASE WHEN q.who_identity <> '' THEN 'i' || q.who_identity ELSE 'e' || q.who_email END
		HAVING count(*) >= ? ORDER BY count(*) DESC, max(c.id) DESC LIMIT ?`,
		append(append([]any{since.UTC()}, args...), least, limit)...).Scan(&rows).Error
	return rows, wrap(err)
}

// RepeatFindings are those of a case, in order.
func (r *Reader) RepeatFindings(caseID int64) ([]models.RepeatFinding, error) {
	return many[models.RepeatFinding](r, "id", 0, "case_id = ?", caseID)
}

// WithdrawRepeatFinding ends one. Conflict "stale" where it was ended before.
func (tx *Tx) WithdrawRepeatFinding(id int64, at time.Time) error {
	n, err := tx.exec("UPDATE repeat_findings SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL", at.UTC(), id)
	if err == nil && n == 0 {
		return models.Refuse(models.Conflict, "stale")
	}
	return err
}
