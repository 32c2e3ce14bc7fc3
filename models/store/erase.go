package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"

	"terang/models"
	"terang/models/trail"
)

// KeptHash is what a tombstone says of an erased event's row: SHA-256 of the canonical text
// of the columns that are left.
func KeptHash(e *models.Event) string {
	h := sha256.Sum256([]byte(trail.Canonical(e)))
	return hex.EncodeToString(h[:])
}

// EraseEvent destroys an event's salt and canonical text, and writes its reason and data as
// given. It gives what the tombstone must say of it. An event without a place in the log
// cannot go: the sequencer still needs what it commits to.
func (tx *Tx) EraseEvent(e *models.Event) (models.ErasedEvent, error) {
	left := *e
	left.Canonical, left.Salt = "", ""
	if _, err := tx.closeEvent(&left); err != nil {
		return models.ErasedEvent{}, err
	}
	n, err := tx.exec(`UPDATE events SET reason = ?, data = ?, canonical = ?, salt = ?, sealed = ?
		WHERE id = ? AND leaf IS NOT NULL AND kind <> 'case.erased'`, left.Reason, left.Data, left.Canonical, left.Salt, left.Sealed, e.ID)
	if err == nil && n == 0 {
		err = models.Refuse(models.Conflict, "receipt_not_ready")
	}
	return models.ErasedEvent{Leaf: e.LeafHash, Kept: KeptHash(e)}, err
}

// Rows that an erasure writes anew.

func (tx *Tx) UpdateMessage(m *models.Message) error       { return tx.update(m) }
func (tx *Tx) UpdateDecision(d *models.Decision) error     { return tx.update(d) }
func (tx *Tx) UpdateClassified(c *models.Classified) error { return tx.update(c) }
func (tx *Tx) UpdateEntry(e *models.ClockEntry) error      { return tx.update(e) }
func (tx *Tx) UpdateErasure(e *models.Erasure) error       { return tx.update(e) }

// DeleteOutgoing removes a case's messages from the outbox, sent or not: each carries an
// address.
func (tx *Tx) DeleteOutgoing(caseID int64) error {
	_, err := tx.exec("DELETE FROM outgoings WHERE case_id = ?", caseID)
	return err
}

// UnindexCase takes a case out of the search index.
func (tx *Tx) UnindexCase(id int64) error { return tx.unindex("case_fts", id) }

// Erasures lists what was proposed to be erased of a case, oldest first.
func (r *Reader) Erasures(caseID int64) ([]models.Erasure, error) {
	return many[models.Erasure](r, "id", 0, "case_id = ?", caseID)
}

// Tombstones are the events that say what was erased of a case, oldest first.
func (r *Reader) Tombstones(caseID int64) ([]models.Event, error) {
	return many[models.Event](r, "id", 0, "case_id = ? AND kind = 'case.erased'", caseID)
}

// PastRetention lists, in id order, cases under a version of a law that ended before an
// instant and of which that much has not gone.
func (r *Reader) PastRetention(pack, version string, kinds []string, whole bool, before time.Time, after int64, limit int) ([]int64, error) {
	gone := []string{""}
	if whole {
		gone = append(gone, string(models.PersonErased))
	}
	var ids []int64
	err := r.db.Raw(`SELECT id FROM cases`+r.s.by("cases_ended")+` WHERE closed_at IS NOT NULL AND erasure IN ('', 'person') AND erasure IN ?
			AND pack = ? AND pack_version = ? AND kind IN ? AND closed_at < ? AND id > ? ORDER BY id LIMIT ?`,
		gone, pack, version, kinds, before.UTC(), after, limit).Scan(&ids).Error
	return ids, wrap(err)
}

// ErasureList lists cases of a body (nil: of all) that an actor may see and that wait to
// be erased, by key.
func (r *Reader) ErasureList(sight models.Sight, after int64, limit int) ([]models.Case, error) {
	where, args := sightSQL(sight)
	var rows []models.Case
	err := r.db.Raw("SELECT c.* FROM cases c"+r.s.by("cases_erasure")+" WHERE c.erasure IN ('due', 'proposed') AND c.id > ? AND "+where+" ORDER BY c.id LIMIT ?",
		append(append([]any{after}, args...), limit)...).Scan(&rows).Error
	if err != nil {
		return nil, wrap(err)
	}
	return rows, openRows(r, rows)
}

// ErasedFiles lists documents that were erased and whose bytes may still be there.
func (r *Reader) ErasedFiles(after int64, limit int) ([]models.Attachment, error) {
	return manyBy[models.Attachment](r, "attachments_erased", "id", limit, "sha256 = '' AND stored <> '' AND id > ?", after)
}

// Forget has SQLite let go of what was erased: the words in the segments of its full-text
// index, and the older pages in the journal beside the file. In small steps, so that no
// filing waits for the whole index; what is not done within the time, Owes says.
func (s *Store) Forget(ctx context.Context, within time.Duration) error {
	if s.writer == nil {
		return nil
	}
	s.owed.Store(true)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	for _, table := range []string{"case_fts", "disclosure_fts"} {
		if err := s.forgetTerms(ctx, table); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
	for ctx.Err() == nil {
		busy, err := s.writer.settle(context.WithoutCancel(ctx))
		if err != nil {
			return wrap(err)
		}
		if !busy {
			s.owed.Store(false)
			return nil
		}
		time.Sleep(100 * time.Millisecond) // a reader is at work
	}
	return nil
}

// Owes says whether something that was erased may still be in the file's spare parts.
func (s *Store) Owes() bool { return s.owed.Load() }

func (s *Store) forgetTerms(ctx context.Context, table string) error {
	for pages := -500; ; pages = 500 { // negative begins a merge of everything
		var before, after int64
		err := s.WithTx(ctx, func(tx *Tx) error {
			if err := tx.db.Raw("SELECT total_changes()").Scan(&before).Error; err != nil {
				return wrap(err)
			}
			if _, err := tx.exec("INSERT INTO "+table+" ("+table+", rank) VALUES ('merge', ?)", pages); err != nil {
				return err
			}
			return wrap(tx.db.Raw("SELECT total_changes()").Scan(&after).Error)
		})
		if err != nil || after-before < 2 { // the command itself counts as one
			return err
		}
	}
}

// settle brings everything written into the file itself and empties the journal. It does not
// wait long for a reader: nobody can write meanwhile.
func (w *writer) settle(ctx context.Context) (busy bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.batch != nil {
		w.end()
	}
	if err := w.pool.do("PRAGMA busy_timeout = 200"); err != nil {
		return false, err
	}
	var frames, done int
	err = w.pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done)
	return busy, errors.Join(err, w.pool.do("PRAGMA busy_timeout = 10000"))
}

// graves are the tombstones of the cases met last, by leaf hash.
type graves struct {
	caseID int64
	kept   map[string]string
}

// erased checks an event whose words and salt are gone: its entry is still in the tree, and
// a tombstone of its case, itself sealed, must name it with exactly what its row still says.
func (v *verifier) erased(l *leafRow, e *models.Event, known note.Verifiers) error {
	h := trail.LeafHash(l.Entry)
	switch {
	case e.Canonical != "":
		return fault("event", l.Idx, e.ID, "its salt is gone and its text is not")
	case e.CaseID == nil || e.Kind == "case.erased":
		return fault("event", l.Idx, e.ID, "its salt and text were destroyed, which no erasure does to this kind of event")
	case hex.EncodeToString(h[:]) != e.LeafHash:
		return fault("event", l.Idx, e.ID, "its leaf hash is not that of the entry in the log")
	}
	if v.graves.kept == nil || v.graves.caseID != *e.CaseID {
		kept, err := v.r.graves(*e.CaseID)
		if err != nil {
			return err
		}
		v.graves = graves{*e.CaseID, kept}
	}
	kept, named := v.graves.kept[e.LeafHash]
	if !named {
		return fault("event", l.Idx, e.ID, "its salt and text were destroyed and no tombstone names it")
	}
	if kept != KeptHash(e) {
		return fault("event", l.Idx, e.ID, "what its row still says is not what the tombstone says was kept")
	}
	v.ids++
	if err := v.b.Append(h); err != nil {
		return wrap(err)
	}
	return v.meet(known)
}

func (r *Reader) graves(caseID int64) (map[string]string, error) {
	events, err := r.Tombstones(caseID)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range events {
		index := int64(-1)
		if events[i].Leaf != nil {
			index = *events[i].Leaf
		}
		if events[i].Salt == "" {
			return nil, fault("event", index, events[i].ID, "a tombstone's own salt and text were destroyed, which no erasure does")
		}
		if err := checkEvent(&events[i], index); err != nil {
			return nil, err
		}
		var d models.EventData
		if err := json.Unmarshal([]byte(events[i].Data), &d); err != nil {
			return nil, fault("event", index, events[i].ID, "its data is not what a tombstone holds")
		}
		for _, x := range d.Erased {
			out[x.Leaf] = x.Kept // a later tombstone may take more of the same event
		}
	}
	return out, nil
}
