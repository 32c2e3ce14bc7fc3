package store

import (
	"database/sql"
	"time"

	"terang/models"
)

// A message in the outbox waits, is sent, or is dead: nobody tries again until an
// administrator says so.

// PutBackOutgoing gives a claimed message back untried: what failed was not the message's
// doing, so it does not count against it.
func (tx *Tx) PutBackOutgoing(id int64, next time.Time) error {
	_, err := tx.exec("UPDATE outgoings SET next_at = ? WHERE id = ? AND sent_at IS NULL", next.UTC(), id)
	return err
}

// MarkDead notes why a message will not be tried again. It says whether this call ended
// it: of several, one does.
func (tx *Tx) MarkDead(id int64, why string, at time.Time) (bool, error) {
	n, err := tx.exec("UPDATE outgoings SET attempts = attempts + 1, last_error = ?, dead_at = ? WHERE id = ? AND sent_at IS NULL AND dead_at IS NULL", why, at.UTC(), id)
	return n == 1, err
}

// ReviveOutgoing has a dead message tried again at once. NotFound where there is none.
func (tx *Tx) ReviveOutgoing(id int64) error {
	n, err := tx.exec("UPDATE outgoings SET attempts = 0, next_at = NULL, dead_at = NULL WHERE id = ? AND dead_at IS NOT NULL", id)
	if err == nil && n == 0 {
		return models.Refuse(models.NotFound, "message_not_dead")
	}
	return err
}

// Outgoing reads one message.
func (r *Reader) Outgoing(id int64) (*models.Outgoing, error) {
	return one[models.Outgoing](r, "message_not_found", "id = ?", id)
}

// DeadOutgoing lists dead messages, the oldest first.
func (r *Reader) DeadOutgoing(after int64, limit int) ([]models.Outgoing, error) {
	return many[models.Outgoing](r, "id", limit, "dead_at IS NOT NULL AND id > ?", after)
}

// WaitingOutgoing lists messages not yet sent, the oldest first.
func (r *Reader) WaitingOutgoing(after int64, limit int) ([]models.Outgoing, error) {
	return many[models.Outgoing](r, "id", limit, "sent_at IS NULL AND dead_at IS NULL AND id > ?", after)
}

// OutboxState counts what is in the outbox.
type OutboxState struct {
	Waiting, Dead int64
	Oldest        *time.Time // when the oldest that waits was written
}

// Outbox counts it.
func (r *Reader) Outbox() (OutboxState, error) {
	var s OutboxState
	if err := r.db.Raw("SELECT count(*) FROM outgoings WHERE sent_at IS NULL AND dead_at IS NULL").Scan(&s.Waiting).Error; err != nil {
		return s, wrap(err)
	}
	if err := r.db.Raw("SELECT count(*) FROM outgoings WHERE dead_at IS NOT NULL").Scan(&s.Dead).Error; err != nil {
		return s, wrap(err)
	}
	var row struct{ CreatedAt sql.NullTime }
	err := r.db.Raw("SELECT created_at FROM outgoings WHERE sent_at IS NULL AND dead_at IS NULL ORDER BY id LIMIT 1").Scan(&row).Error
	if row.CreatedAt.Valid {
		t := row.CreatedAt.Time.UTC()
		s.Oldest = &t
	}
	return s, wrap(err)
}
