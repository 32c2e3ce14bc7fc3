package store

import (
	"time"

	"terang/models"
)

// ClaimScans takes documents to be scanned now, the oldest first, and keeps them from other
// instances until the lease ends; a scanner that dies gives them back by its silence.
func (tx *Tx) ClaimScans(now time.Time, lease time.Duration, limit int) ([]models.Attachment, error) {
	now = now.UTC()
	lock := ""
	if tx.s.dialect == dialectPostgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	var ids []int64
	err := tx.db.Raw(`UPDATE attachments SET scan_next = ?, scan_tries = scan_tries + 1 WHERE id IN (SELECT id FROM attachments
		WHERE scan_next IS NOT NULL AND scan_next <= ? ORDER BY scan_next, id LIMIT ?`+lock+`) RETURNING id`,
		now.Add(lease), now, limit).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return nil, wrap(err)
	}
	return many[models.Attachment](tx.Reader, "id", 0, "id IN ?", ids)
}

// SetScan writes what the scanner made of a document. It gives the state before; "" where
// the document is gone.
func (tx *Tx) SetScan(id int64, state models.ScanState, found string, at time.Time) (models.ScanState, error) {
	lock := ""
	if tx.s.dialect == dialectPostgres {
		lock = " FOR UPDATE"
	}
	var was []models.ScanState
	if err := tx.db.Raw("SELECT scan FROM attachments WHERE id = ? AND sha256 <> ''"+lock, id).Scan(&was).Error; err != nil || len(was) == 0 {
		return "", wrap(err)
	}
	_, err := tx.exec("UPDATE attachments SET scan = ?, scan_found = ?, scanned_at = ?, scan_next = NULL, scan_tries = 0 WHERE id = ?",
		state, found, at.UTC(), id)
	if was[0] == "" {
		was[0] = models.Unscanned
	}
	return was[0], err
}

// PutOffScan gives a document back to be scanned later.
func (tx *Tx) PutOffScan(id int64, next time.Time) error {
	_, err := tx.exec("UPDATE attachments SET scan_next = ? WHERE id = ?", next.UTC(), id)
	return err
}

// DropScan stops asking for a document whose bytes are gone.
func (tx *Tx) DropScan(id int64) error {
	_, err := tx.exec("UPDATE attachments SET scan_next = NULL WHERE id = ?", id)
	return err
}

// QueueScans has every document with bytes that was not looked at since before scanned
// again from now on, a page at a time; it gives the last id of the page, 0 at the end. What
// each is served as does not change until its scan has an answer.
func (tx *Tx) QueueScans(before, now time.Time, after int64, limit int) (last, n int64, err error) {
	var ids []int64
	if err := tx.db.Raw(`SELECT id FROM attachments WHERE id > ? AND sha256 <> '' AND stored <> '' ORDER BY id LIMIT ?`, after, limit).Scan(&ids).Error; err != nil || len(ids) == 0 {
		return 0, 0, wrap(err)
	}
	n, err = tx.exec(`UPDATE attachments SET scan_next = ? WHERE id IN ? AND scan_next IS NULL AND (scanned_at IS NULL OR scanned_at < ?)`,
		now.UTC(), ids, before.UTC())
	return ids[len(ids)-1], n, err
}

// ScanCounts says how many documents stand in each state of scanning.
func (r *Reader) ScanCounts() (map[models.ScanState]int64, error) {
	var rows []struct {
		Scan models.ScanState
		N    int64
	}
	if err := r.db.Raw("SELECT scan, count(*) AS n FROM attachments WHERE sha256 <> '' GROUP BY scan").Scan(&rows).Error; err != nil {
		return nil, wrap(err)
	}
	out := map[models.ScanState]int64{}
	for _, row := range rows {
		if row.Scan == "" {
			row.Scan = models.Unscanned
		}
		out[row.Scan] += row.N
	}
	return out, nil
}

// ScansDue says how many documents wait for the scanner, and since when the oldest does.
func (r *Reader) ScansDue() (n int64, oldest *time.Time, err error) {
	var row []models.Attachment
	if err := r.db.Raw("SELECT count(*) FROM attachments WHERE scan_next IS NOT NULL").Scan(&n).Error; err != nil || n == 0 {
		return n, nil, wrap(err)
	}
	if row, err = many[models.Attachment](r, "at", 1, "scan_next IS NOT NULL AND scan = ?", models.ScanWaiting); err != nil || len(row) == 0 {
		return n, nil, err
	}
	return n, &row[0].At, nil
}

// StoredNames gives those of the names that some row still points to: what else the blob
// store holds is an orphan.
func (r *Reader) StoredNames(names []string) (map[string]bool, error) {
	var kept []string
	if err := r.db.Raw("SELECT stored FROM attachments WHERE stored <> '' AND stored IN ?", names).Scan(&kept).Error; err != nil {
		return nil, wrap(err)
	}
	out := make(map[string]bool, len(kept))
	for _, k := range kept {
		out[k] = true
	}
	return out, nil
}
