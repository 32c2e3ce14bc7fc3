package store

import (
	"context"
	"strings"

	"terang/models"
)

// sealedKind is a table with sealed fields, for the passes that go through all of them.
type sealedKind struct {
	table   string
	bound   string // the column its own keys are wrapped for; "" for what is under its case's key
	prefix  string // and what stands before it
	columns []string
	// of reads, opened, what belongs to a case.
	of func(r *Reader, caseID int64) ([]any, error)
	// some reads rows by their ids, opened, and keeps others from changing them.
	some func(tx *Tx, ids []int64) ([]any, error)
}

func kindOf[T any](bound string) sealedKind {
	var e envelope
	if !sealedOf(any(new(T)), &e) {
		panic("store: a kind without sealed fields")
	}
	k := sealedKind{table: e.table, bound: bound, prefix: e.bound}
	for _, f := range e.fields[:e.n] {
		k.columns = append(k.columns, `"`+f.column+`"`)
	}
	each := func(rows []T) []any {
		out := make([]any, len(rows))
		for i := range rows {
			out[i] = &rows[i]
		}
		return out
	}
	k.of = func(r *Reader, caseID int64) ([]any, error) {
		rows, err := many[T](r, "id", 0, "case_id = ?", caseID)
		return each(rows), err
	}
	k.some = func(tx *Tx, ids []int64) ([]any, error) {
		var rows []T
		if err := tx.db.Raw("SELECT * FROM "+k.table+" WHERE id IN ? ORDER BY id"+tx.lock(), ids).Scan(&rows).Error; err != nil {
			return nil, wrap(err)
		}
		return each(rows), openRows(tx.Reader, rows)
	}
	return k
}

// lock ends a SELECT of rows that are about to be written. SQLite has one writer anyway.
func (tx *Tx) lock() string {
	if tx.s.dialect == dialectPostgres {
		return " FOR UPDATE"
	}
	return ""
}

// sealedKinds are all tables with sealed fields but events; those with keys of their own first.
var sealedKinds = []sealedKind{
	kindOf[models.Case]("reference"), kindOf[models.Requester]("''"), kindOf[models.Draft]("token_hash"), kindOf[models.Attachment]("stored"),
	kindOf[models.Message](""), kindOf[models.ClockEntry](""), kindOf[models.Classified](""), kindOf[models.Rung](""), kindOf[models.Decision](""),
	kindOf[models.Erasure](""), kindOf[models.Outgoing](""), kindOf[models.Grant](""), kindOf[models.RepeatFinding](""), kindOf[models.PublishedDocument](""), kindOf[models.Disclosure](""),
}

// rewrite writes the sealed columns of a row anew and nothing else of it.
func (tx *Tx) rewrite(row any) error {
	return tx.sealed(row, func() error {
		var e envelope
		sealedOf(row, &e)
		sets := make([]string, 0, e.n+2)
		args := make([]any, 0, e.n+3)
		for i := range e.n {
			sets, args = append(sets, `"`+e.fields[i].column+`" = ?`), append(args, *e.fields[i].text)
		}
		if q, ok := row.(*models.Requester); ok {
			sets, args = append(sets, "who_email = ?", "who_identity = ?"), append(args, q.WhoEmail, q.WhoIdentity)
		}
		_, err := tx.exec("UPDATE "+e.table+" SET "+strings.Join(sets, ", ")+" WHERE id = ?", append(args, e.id)...)
		return err
	})
}

// rewriteEvent writes the words, text and salt of an event anew, sealed.
func (tx *Tx) rewriteEvent(e *models.Event) error {
	reopen, err := tx.closeEvent(e)
	if err != nil {
		return err
	}
	defer reopen()
	_, err = tx.exec("UPDATE events SET reason = ?, data = ?, canonical = ?, salt = ?, sealed = ? WHERE id = ?", e.Reason, e.Data, e.Canonical, e.Salt, e.Sealed, e.ID)
	return err
}

// HoldCase keeps a case from being erased until this transaction ends: for verbs that only
// put an event on record, and would otherwise seal it under a key that is just being
// destroyed. SQLite has one writer and needs nothing.
func (tx *Tx) HoldCase(ref string) error { return tx.lockCase(ref, "SHARE") }

func (tx *Tx) lockCase(ref, how string) error {
	if tx.s.dialect != dialectPostgres {
		return nil
	}
	_, err := tx.exec("SELECT 1 FROM cases WHERE reference = ? FOR "+how, ref)
	return err
}

// RekeyCase destroys a case's key and seals what is said in it under a new one: what was
// written before, in whatever free page or journal it may still lie, is then beyond reach.
func (tx *Tx) RekeyCase(c *models.Case) error {
	// Whoever is putting an event on record has done so when the events are read.
	if err := tx.lockCase(c.Reference, "UPDATE"); err != nil {
		return err
	}
	var rows []any
	for _, k := range sealedKinds {
		if k.bound == "" {
			more, err := k.of(tx.Reader, c.ID)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
	}
	events, err := many[models.Event](tx.Reader, "id", 0, "case_id = ?", c.ID)
	if err != nil {
		return err
	}
	k, err := tx.s.newKey("case ", c.Reference)
	if err != nil {
		return err
	}
	if _, err := tx.exec("UPDATE cases SET seal_key = ? WHERE id = ?", k.wrapped, c.ID); err != nil {
		return err
	}
	c.SealKey = k.wrapped
	tx.met.put(c.ID, k)
	tx.s.opened.forget()
	tx.s.words.forget()
	for _, row := range append(rows, c) {
		if err := tx.rewrite(row); err != nil {
			return err
		}
	}
	for i := range events {
		if err := tx.rewriteEvent(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

// DropRequesterKey destroys the key that an erased requester was sealed under.
func (tx *Tx) DropRequesterKey(id int64) error {
	tx.s.opened.forget()
	_, err := tx.exec("UPDATE requesters SET seal_key = '' WHERE id = ?", id)
	return err
}

// DropAttachmentKey destroys the key of an erased document, and with it its bytes wherever
// they may still be.
func (tx *Tx) DropAttachmentKey(a *models.Attachment) error {
	tx.s.opened.forget()
	a.SealKey = ""
	_, err := tx.exec("UPDATE attachments SET seal_key = '' WHERE id = ?", a.ID)
	return err
}

// KeyCount says how many keys of a table are wrapped by one master key.
type KeyCount struct {
	Table  string
	Master string // the master key's number; "" for rows that nothing was sealed in yet
	N      int64
}

// KeyStatus is how the database is sealed.
type KeyStatus struct {
	Primary string   // the master key that wraps new keys
	Masters []string // all that the file holds
	Counts  []KeyCount
	Plain   int64 // rows, events among them, that still hold text from before anything was sealed
}

// KeyStatus reads it. It goes through whole tables.
func (s *Store) KeyStatus(ctx context.Context) (KeyStatus, error) {
	ring, err := s.keys.current()
	if err != nil {
		return KeyStatus{}, wrap(err)
	}
	st := KeyStatus{Primary: ring.primary, Masters: ring.list()}
	db := s.read.WithContext(ctx)
	for _, k := range sealedKinds {
		if k.bound == "" {
			continue
		}
		var counts []KeyCount
		if err := db.Raw("SELECT substr(seal_key, 1, 8) AS master, count(*) AS n FROM " + k.table + " GROUP BY 1 ORDER BY 1").Scan(&counts).Error; err != nil {
			return st, wrap(err)
		}
		for _, c := range counts {
			c.Table = k.table
			st.Counts = append(st.Counts, c)
		}
	}
	var root []KeyCount
	if err := db.Raw("SELECT substr(wrapped, 1, 8) AS master, count(*) AS n FROM seal_keys GROUP BY 1 ORDER BY 1").Scan(&root).Error; err != nil {
		return st, wrap(err)
	}
	for _, c := range root {
		c.Table = "seal_keys"
		st.Counts = append(st.Counts, c)
	}
	for _, k := range sealedKinds {
		where, args := k.plain()
		var n int64
		if err := db.Raw("SELECT count(*) FROM "+k.table+" WHERE "+where, args...).Scan(&n).Error; err != nil {
			return st, wrap(err)
		}
		st.Plain += n
	}
	var n int64
	if err := db.Raw("SELECT count(*) FROM events WHERE " + plainEvents).Scan(&n).Error; err != nil {
		return st, wrap(err)
	}
	st.Plain += n
	return st, nil
}

const plainEvents = "case_id IS NOT NULL AND sealed IS NULL AND (salt <> '' OR reason <> '' OR data <> '')"

// plain is the condition of rows with a field that should be sealed and is not.
func (k sealedKind) plain() (string, []any) {
	or := make([]string, len(k.columns))
	var args []any
	for i, c := range k.columns {
		or[i] = c + " <> '' AND " + c + " <> ? AND substr(" + c + ", 1, 1) <> ?"
		args = append(args, models.ErasedText, sealMark)
	}
	return "(" + strings.Join(or, " OR ") + ")", args
}

const resealBatch = 200

// SealPlain seals what a database from before anything was sealed holds in plain text, in
// batches while others read and write, and makes the search index anew. It may be broken off
// and run again. It says how many rows it wrote. In SQLite's file what it replaces is
// overwritten; on PostgreSQL dead rows stay readable until Compact.
func (s *Store) SealPlain(ctx context.Context, step func(done int64)) (int64, error) {
	var done int64
	batch := func(table, where string, args []any, write func(*Tx, []int64) error) error {
		for after := int64(0); ; {
			var ids []int64
			err := s.read.WithContext(ctx).Raw("SELECT id FROM "+table+" WHERE id > ? AND "+where+" ORDER BY id LIMIT ?",
				append(append([]any{after}, args...), resealBatch)...).Scan(&ids).Error
			if err != nil || len(ids) == 0 {
				return wrap(err)
			}
			if err := s.WithTx(ctx, func(tx *Tx) error { return write(tx, ids) }); err != nil {
				return err
			}
			after = ids[len(ids)-1]
			done += int64(len(ids))
			step(done)
		}
	}
	for _, k := range sealedKinds {
		where, args := k.plain()
		if err := batch(k.table, where, args, func(tx *Tx, ids []int64) error {
			rows, err := k.some(tx, ids)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := tx.rewrite(row); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return done, err
		}
	}
	if err := batch("events", plainEvents, nil, func(tx *Tx, ids []int64) error {
		var rows []models.Event
		if err := tx.db.Raw("SELECT * FROM events WHERE id IN ? ORDER BY id"+tx.lock(), ids).Scan(&rows).Error; err != nil {
			return wrap(err)
		}
		for i := range rows {
			if err := tx.rewriteEvent(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return done, err
	}
	if done == 0 {
		return 0, nil
	}
	err := batch("cases", "1 = 1", nil, func(tx *Tx, ids []int64) error {
		cases, err := many[models.Case](tx.Reader, "id", 0, "id IN ?", ids)
		if err != nil {
			return err
		}
		for i := range cases {
			if cases[i].Erasure == models.WholeErased {
				continue
			}
			if err := tx.IndexCase(&cases[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return done, err
}

// Rewrap wraps every key that is under another master key under the primary one, in batches
// while others read and write. It may be broken off and run again. It says how many it wrapped.
func (s *Store) Rewrap(ctx context.Context, step func(done int64)) (int64, error) {
	ring, err := s.keys.current()
	if err != nil {
		return 0, wrap(err)
	}
	var done int64
	pass := func(table, id, bound, key, prefix string) error {
		for {
			n := 0
			err := s.WithTx(ctx, func(tx *Tx) error {
				var rows []struct{ ID, Bound, Wrapped string }
				err := tx.db.Raw("SELECT CAST("+id+" AS TEXT) AS id, "+bound+" AS bound, "+key+" AS wrapped FROM "+table+
					" WHERE "+key+" <> '' AND substr("+key+", 1, 8) <> ? ORDER BY "+id+" LIMIT ?"+tx.lock(), ring.primary, resealBatch).Scan(&rows).Error
				if n = len(rows); err != nil || n == 0 {
					return wrap(err)
				}
				args := make([]any, 0, 3*n)
				for _, row := range rows {
					raw, err := s.keys.unwrap(row.Wrapped, prefix+row.Bound)
					if err != nil {
						return wrap(err)
					}
					wrapped, err := s.keys.wrap(raw, prefix+row.Bound)
					if err != nil {
						return wrap(err)
					}
					args = append(args, row.ID, row.Wrapped, wrapped)
				}
				_, err = tx.exec("WITH v (id, was, wrapped) AS ("+tx.values(n, "TEXT", "TEXT", "TEXT")+") UPDATE "+table+" SET "+key+" = v.wrapped FROM v WHERE "+
					table+"."+id+" = CAST(v.id AS "+map[bool]string{true: "TEXT", false: "BIGINT"}[id == "name"]+") AND "+table+"."+key+" = v.was", args...)
				return err
			})
			if err != nil || n == 0 {
				return err
			}
			done += int64(n)
			step(done)
		}
	}
	for _, k := range sealedKinds {
		if k.bound == "" {
			continue
		}
		if err := pass(k.table, "id", k.bound, "seal_key", k.prefix); err != nil {
			return done, err
		}
	}
	return done, pass("seal_keys", "name", "''", "wrapped", rootBound)
}

// UnderMaster says how many keys are wrapped by a master key.
func (s *Store) UnderMaster(ctx context.Context, id string) (int64, error) {
	var total int64
	count := func(table, key string) error {
		var n int64
		err := s.read.WithContext(ctx).Raw("SELECT count(*) FROM "+table+" WHERE substr("+key+", 1, 8) = ?", id).Scan(&n).Error
		total += n
		return wrap(err)
	}
	for _, k := range sealedKinds {
		if k.bound != "" {
			if err := count(k.table, "seal_key"); err != nil {
				return 0, err
			}
		}
	}
	return total, count("seal_keys", "wrapped")
}

// Compact rewrites PostgreSQL's tables so that no dead row of theirs stays readable. Each is
// locked meanwhile. On SQLite there is nothing to do.
func (s *Store) Compact(ctx context.Context) error {
	if s.dialect != dialectPostgres {
		return nil
	}
	for _, table := range append([]string{"events", "case_fts"}, tablesOf(sealedKinds)...) {
		if err := s.write.WithContext(ctx).Exec("VACUUM FULL " + table).Error; err != nil {
			return wrap(err)
		}
	}
	return nil
}

func tablesOf(kinds []sealedKind) (out []string) {
	for _, k := range kinds {
		out = append(out, k.table)
	}
	return out
}

// AddMaster puts a new primary master key into the keyset's file, and gives its number and
// that of the one before.
func (s *Store) AddMaster() (was, is string, err error) {
	was, is, err = s.keys.add()
	return was, is, wrap(err)
}

// DropMasters takes from the keyset's file every master key but the primary, and gives their
// numbers. It refuses while a key is still wrapped by one of them.
func (s *Store) DropMasters(ctx context.Context) ([]string, error) {
	ring, err := s.keys.current()
	if err != nil {
		return nil, wrap(err)
	}
	var old []string
	for _, id := range ring.list() {
		if id == ring.primary {
			continue
		}
		n, err := s.UnderMaster(ctx, id)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return nil, models.Refuse(models.Conflict, "master_key_in_use", id)
		}
		old = append(old, id)
	}
	if len(old) == 0 {
		return nil, nil
	}
	return old, wrap(s.keys.drop(old))
}

// StoredAttachments lists, by key, documents that have bytes.
func (r *Reader) StoredAttachments(after int64, limit int) ([]models.Attachment, error) {
	return many[models.Attachment](r, "id", limit, "sha256 <> '' AND stored <> '' AND id > ?", after)
}

// MoveFile notes that a document's bytes are now stored under another name and sealed under
// another key.
func (tx *Tx) MoveFile(a *models.Attachment, stored, key string) error {
	if _, err := tx.exec("UPDATE attachments SET stored = ?, seal_key = ? WHERE id = ?", stored, key, a.ID); err != nil {
		return err
	}
	a.Stored, a.SealKey = stored, key
	return tx.rewrite(a)
}
