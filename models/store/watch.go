package store

import (
	"context"
	"database/sql"
	"time"

	"terang/models"
)

// What is read here is for whoever watches the installation: counts and ages, no case.

// WriterState is how SQLite's one writer fares; zero on PostgreSQL.
type WriterState struct {
	Commits, Transactions int64 // since the start; their quotient is the size of a batch
	Waiting               int64 // transactions that wait for their turn now
}

// Writer gives it.
func (s *Store) Writer() WriterState {
	if s.writer == nil {
		return WriterState{}
	}
	return WriterState{s.writer.commits.Load(), s.writer.jobs.Load(), int64(s.writer.waiting.Load())}
}

// Pools gives the state of each pool of connections, by name.
func (s *Store) Pools() (map[string]sql.DBStats, error) {
	out := map[string]sql.DBStats{}
	read, err := s.read.DB()
	if err != nil {
		return nil, wrap(err)
	}
	out["read"] = read.Stats()
	if s.writer != nil {
		write, err := s.write.DB()
		if err != nil {
			return nil, wrap(err)
		}
		out["write"] = write.Stats()
	}
	return out, nil
}

// BodyLoad is how much a body has before it.
type BodyLoad struct {
	Body                   string // slug
	Open, DueSoon, Overdue int64
}

// BodyLoads counts it, of every class: the numbers say nothing of any one case.
func (r *Reader) BodyLoads(now time.Time) ([]BodyLoad, error) {
	now = now.UTC()
	var out []BodyLoad
	err := r.db.Raw(`SELECT b.slug AS body, count(c.id) AS open,
			coalesce(sum(CASE WHEN c.due_at >= ? AND c.due_at <= ? THEN 1 ELSE 0 END), 0) AS due_soon,
			coalesce(sum(CASE WHEN c.due_at < ? THEN 1 ELSE 0 END), 0) AS overdue
		FROM bodies b LEFT JOIN cases c ON c.body_id = b.id AND c.`+open+`
		GROUP BY b.slug ORDER BY b.slug`, now, now.Add(models.DueSoonWithin), now).Scan(&out).Error
	return out, wrap(err)
}

// LogLag is how far the log is behind what was recorded.
type LogLag struct {
	Waiting    int64      // events without a leaf
	Oldest     *time.Time // when the oldest of them was recorded
	Size       int64      // of the log
	Checkpoint *time.Time // when its newest head was signed; nil before the first
}

// LogLag reads it.
func (r *Reader) LogLag() (LogLag, error) {
	var l LogLag
	var row struct {
		Waiting int64
		Oldest  sql.NullInt64
	}
	var head struct {
		Size      int64
		CreatedAt sql.NullTime
	}
	if err := r.db.Raw("SELECT count(*) AS waiting, min(id) AS oldest FROM events WHERE leaf IS NULL").Scan(&row).Error; err != nil {
		return l, wrap(err)
	}
	if err := r.db.Raw("SELECT size, created_at FROM log_checkpoint ORDER BY size DESC LIMIT 1").Scan(&head).Error; err != nil {
		return l, wrap(err)
	}
	l.Waiting, l.Size = row.Waiting, head.Size
	if head.CreatedAt.Valid {
		t := head.CreatedAt.Time.UTC()
		l.Checkpoint = &t
	}
	if row.Oldest.Valid {
		var at struct{ Time time.Time }
		if err := r.db.Raw("SELECT time FROM events WHERE id = ?", row.Oldest.Int64).Scan(&at).Error; err != nil {
			return l, wrap(err)
		}
		t := at.Time.UTC()
		l.Oldest = &t
	}
	return l, nil
}

// ScanLoad counts documents that wait for the virus scanner, and when the oldest of them
// came.
func (r *Reader) ScanLoad() (n int64, oldest *time.Time, err error) {
	var row struct {
		N     int64
		First sql.NullInt64
	}
	if err := r.db.Raw("SELECT count(*) AS n, min(id) AS first FROM attachments WHERE scan_next IS NOT NULL").Scan(&row).Error; err != nil {
		return 0, nil, wrap(err)
	}
	if row.First.Valid {
		var at struct{ At time.Time }
		if err := r.db.Raw("SELECT at FROM attachments WHERE id = ?", row.First.Int64).Scan(&at).Error; err != nil {
			return row.N, nil, wrap(err)
		}
		t := at.At.UTC()
		oldest = &t
	}
	return row.N, oldest, nil
}

// Writable makes sure that a write reaches the disk: one row that says when, over and over.
func (s *Store) Writable(ctx context.Context, now time.Time) error {
	return s.WithTx(ctx, func(tx *Tx) error {
		_, err := tx.BumpThrottle("probe", time.Second, now)
		return err
	})
}
