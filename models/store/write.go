package store

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"terang/models"
	"terang/models/trail"
)

// Insert writes a new row and fills in its id. A row that must be unique and is not is
// Conflict "duplicate". On PostgreSQL the transaction cannot go on after it.
func (tx *Tx) Insert(row any) error {
	trimTimes(row)
	return tx.sealed(row, func() error { return refused(tx.insertRows([]reflect.Value{reflect.ValueOf(row).Elem()})) })
}

func refused(err error) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return &models.Error{Kind: models.Conflict, Code: "duplicate", Err: err}
	}
	return wrap(err)
}

// update is an UPDATE of every column that may change, guarded by the version read.
type update struct {
	sql     string
	fields  []*schema.Field
	id      *schema.Field
	version *schema.Field // nil: not guarded
	updated *schema.Field
}

var updates sync.Map // reflect.Type -> *update

// fixed are columns that nothing may change once written.
var fixed = map[string]bool{
	"id": true, "reference": true, "recorded_at": true, "created_at": true, "token_hash": true, "seal_key": true,
	// A verdict is written by SetScan alone: a verb that read the row before it must not take it back.
	"scan": true, "scan_found": true, "scanned_at": true, "scan_next": true, "scan_tries": true,
}

func updateFor(t reflect.Type) (*update, error) {
	if u, ok := updates.Load(t); ok {
		return u.(*update), nil
	}
	s, err := schema.Parse(reflect.New(t).Interface(), &schemas, schema.NamingStrategy{})
	if err != nil {
		return nil, err
	}
	u := &update{}
	var sets []string
	for _, f := range s.Fields {
		switch {
		case f.DBName == "id":
			u.id = f
		case f.DBName == "version":
			u.version = f
		case f.DBName == "" || fixed[f.DBName]:
			continue
		default:
			if f.DBName == "updated_at" {
				u.updated = f
			}
			u.fields = append(u.fields, f)
			sets = append(sets, `"`+f.DBName+`" = ?`)
		}
	}
	u.sql = "UPDATE " + s.Table + " SET " + strings.Join(sets, ", ")
	if u.version != nil {
		u.sql += ", version = version + 1 WHERE id = ? AND version = ?"
	} else {
		u.sql += " WHERE id = ?"
	}
	updates.Store(t, u)
	return u, nil
}

// update writes every column of the row that may change. When someone else changed it
// since it was read, nothing is written and the caller gets Conflict "stale".
func (tx *Tx) update(row any) error {
	trimTimes(row)
	return tx.sealed(row, func() error { return tx.updateColumns(row) })
}

func (tx *Tx) updateColumns(row any) error {
	ctx := context.Background()
	v := reflect.ValueOf(row).Elem()
	u, err := updateFor(v.Type())
	if err == nil && tx.look {
		err = errOnlyLooks
	}
	if err != nil {
		return wrap(err)
	}
	if u.updated != nil {
		if err := u.updated.Set(ctx, v, tx.db.NowFunc()); err != nil {
			return wrap(err)
		}
	}
	args := make([]any, 0, len(u.fields)+2)
	for _, f := range u.fields {
		x, _ := f.ValueOf(ctx, v)
		args = append(args, x)
	}
	id, _ := u.id.ValueOf(ctx, v)
	args = append(args, id)
	var version int64
	if u.version != nil {
		x, _ := u.version.ValueOf(ctx, v)
		version = x.(int64)
		args = append(args, version)
	}
	done, err := tx.run(u.sql, args...)
	if err != nil {
		return refused(err)
	}
	if n, err := done.RowsAffected(); err != nil {
		return wrap(err)
	} else if n == 0 {
		return models.Refuse(models.Conflict, "stale")
	}
	if u.version != nil {
		return wrap(u.version.Set(ctx, v, version+1))
	}
	return nil
}

// UpdateCase writes a case as it now is, guarded by its version.
func (tx *Tx) UpdateCase(c *models.Case) error { return tx.update(c) }

// UpdateClock writes a clock, guarded by its version.
func (tx *Tx) UpdateClock(c *models.Clock) error { return tx.update(c) }

// UpdateRung writes a rung, guarded by its version.
func (tx *Tx) UpdateRung(r *models.Rung) error { return tx.update(r) }

// UpdateOfficer writes an account, guarded by its version.
func (tx *Tx) UpdateOfficer(o *models.Officer) error { return tx.update(o) }

// UpdateDraft writes an intake, guarded by its version.
func (tx *Tx) UpdateDraft(d *models.Draft) error { return tx.update(d) }

// UpdateBody writes a body, guarded by its version.
func (tx *Tx) UpdateBody(b *models.Body) error { return tx.update(b) }

// UpdateRequester writes a requester anew.
func (tx *Tx) UpdateRequester(r *models.Requester) error { return tx.update(r) }

// UpdateAttachment writes a document's row.
func (tx *Tx) UpdateAttachment(a *models.Attachment) error { return tx.update(a) }

// UpdateDisclosure writes an entry of the disclosure log.
func (tx *Tx) UpdateDisclosure(d *models.Disclosure) error { return tx.update(d) }

// exec runs a statement and says how many rows it touched.
func (tx *Tx) exec(sql string, args ...any) (int64, error) {
	if tx.look && !strings.HasPrefix(sql, "SELECT ") { // a lock
		return 0, wrap(errOnlyLooks)
	}
	done, err := tx.run(sql, args...)
	if err != nil {
		return 0, wrap(err)
	}
	n, err := done.RowsAffected()
	return n, wrap(err)
}

// DeleteAttachment removes a document's row; its bytes are the blob store's to remove.
func (tx *Tx) DeleteAttachment(id int64) error {
	_, err := tx.exec("DELETE FROM attachments WHERE id = ?", id)
	return err
}

// MoveAttachments gives a draft's documents to the case it became.
func (tx *Tx) MoveAttachments(draft, caseID int64) error {
	_, err := tx.exec("UPDATE attachments SET case_id = ?, draft_id = NULL WHERE draft_id = ?", caseID, draft)
	return err
}

// DeleteDraft removes an intake and the rows of documents still in it.
func (tx *Tx) DeleteDraft(id int64) error {
	if _, err := tx.exec("DELETE FROM attachments WHERE draft_id = ?", id); err != nil {
		return err
	}
	_, err := tx.exec("DELETE FROM drafts WHERE id = ?", id)
	return err
}

// DeleteDisclosure takes an entry out of the disclosure log.
func (tx *Tx) DeleteDisclosure(id int64) error {
	_, err := tx.exec("DELETE FROM disclosures WHERE id = ?", id)
	return err
}

// PutSession writes a new session.
func (tx *Tx) PutSession(s *models.Session) error { return tx.Insert(s) }

// TouchSession notes that a session was used.
func (tx *Tx) TouchSession(id int64, seen time.Time) error {
	_, err := tx.exec("UPDATE sessions SET seen_at = ? WHERE id = ?", seen.UTC(), id)
	return err
}

// RotateSession gives a session a new token.
func (tx *Tx) RotateSession(id int64, newHash string, at time.Time) error {
	n, err := tx.exec("UPDATE sessions SET prev_hash = token_hash, token_hash = ?, rotated_at = ?, seen_at = ? WHERE id = ?", newHash, at.UTC(), at.UTC(), id)
	if err == nil && n == 0 {
		return models.Refuse(models.NotFound, "no_session")
	}
	return err
}

// DeleteSession ends a session.
func (tx *Tx) DeleteSession(hash string) error {
	_, err := tx.exec("DELETE FROM sessions WHERE token_hash = ? OR prev_hash <> '' AND prev_hash = ?", hash, hash)
	return err
}

// DeleteSessions ends every session of an officer.
func (tx *Tx) DeleteSessions(officer int64) error {
	_, err := tx.exec("DELETE FROM sessions WHERE officer_id = ?", officer)
	return err
}

// DeleteExpired clears sessions, throttles and idempotency keys that no longer count.
func (tx *Tx) DeleteExpired(now, idempotencyBefore time.Time) error {
	for _, d := range []struct {
		sql string
		at  time.Time
	}{
		{"DELETE FROM sessions WHERE expires_at < ?", now},
		{"DELETE FROM throttles WHERE window_end < ?", now},
		{"DELETE FROM idempotencies WHERE created_at < ?", idempotencyBefore},
	} {
		if _, err := tx.exec(d.sql, d.at.UTC()); err != nil {
			return err
		}
	}
	return nil
}

// UseToken spends a one-time token. Exactly one of several callers succeeds.
func (tx *Tx) UseToken(id int64, at time.Time) error {
	n, err := tx.exec("UPDATE tokens SET used_at = ? WHERE id = ? AND used_at IS NULL", at.UTC(), id)
	if err == nil && n == 0 {
		return models.Refuse(models.Conflict, "token_used")
	}
	return err
}

// DeleteTokens removes an officer's tokens of one purpose.
func (tx *Tx) DeleteTokens(officer int64, purpose models.TokenPurpose) error {
	_, err := tx.exec("DELETE FROM tokens WHERE officer_id = ? AND purpose = ?", officer, purpose)
	return err
}

// BumpThrottle counts one more under a key and gives the count in the running
// window; a window that has ended starts anew, and one that ends later than any begun now
// would, which is of before a clock was set back. One statement, so that concurrent
// callers, on several instances too, each get a number of their own.
func (tx *Tx) BumpThrottle(key string, window time.Duration, now time.Time) (int, error) {
	now = now.UTC()
	var n int
	err := tx.db.Raw(bumpThrottle+" RETURNING count", key, now.Add(window), now, now).Scan(&n).Error
	return n, wrap(err)
}

// CountThrottle is BumpThrottle for who does not ask for the count.
func (tx *Tx) CountThrottle(key string, window time.Duration, now time.Time) error {
	now = now.UTC()
	_, err := tx.exec(bumpThrottle, key, now.Add(window), now, now)
	return err
}

const bumpThrottle = `INSERT INTO throttles (key, count, window_end) VALUES (?, 1, ?)
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN throttles.window_end <= ? OR throttles.window_end > excluded.window_end THEN 1 ELSE throttles.count + 1 END,
			window_end = CASE WHEN throttles.window_end <= ? OR throttles.window_end > excluded.window_end THEN excluded.window_end ELSE throttles.window_end END`

// ClearThrottle forgets a key.
func (tx *Tx) ClearThrottle(key string) error {
	_, err := tx.exec("DELETE FROM throttles WHERE key = ?", key)
	return err
}

// Append seals an event and writes it. The sequencer gives it its place in the log.
func (tx *Tx) Append(e *models.Event) error {
	e.Leaf = nil
	if err := trail.Seal(e); err != nil {
		return wrap(err)
	}
	return tx.Insert(e)
}

// AppendAll seals and writes many events at once, in order.
func (tx *Tx) AppendAll(events []models.Event) error {
	for i := range events {
		events[i].Leaf = nil
		if err := trail.Seal(&events[i]); err != nil {
			return wrap(err)
		}
	}
	return tx.InsertAll(&events)
}

// rowsAtOnce keeps an INSERT of our widest table below the 65,535 parameters
// PostgreSQL takes, and SQLite's 32,766.
const rowsAtOnce = 500

// InsertAll writes a slice of rows, given by pointer, and fills in their ids.
func (tx *Tx) InsertAll(rows any) error {
	trimTimes(rows)
	return tx.sealedAll(rows, func() error {
		v := reflect.ValueOf(rows).Elem()
		all := make([]reflect.Value, v.Len())
		for i := range all {
			all[i] = v.Index(i)
		}
		for some := range slices.Chunk(all, rowsAtOnce) {
			if err := tx.insertRows(some); err != nil {
				return refused(err)
			}
		}
		return nil
	})
}

// MarkSent notes that a message left.
func (tx *Tx) MarkSent(id int64, at time.Time) error {
	_, err := tx.exec("UPDATE outgoings SET sent_at = ?, attempts = attempts + 1, last_error = '' WHERE id = ?", at.UTC(), id)
	return err
}

// MarkFailed notes why a message did not leave and when to try again.
func (tx *Tx) MarkFailed(id int64, why string, next time.Time) error {
	_, err := tx.exec("UPDATE outgoings SET attempts = attempts + 1, last_error = ?, next_at = ? WHERE id = ?", why, next.UTC(), id)
	return err
}

// ClaimOutgoing takes messages to be sent now and keeps them from other instances
// until the lease ends; a sender that dies gives them back by its silence.
func (tx *Tx) ClaimOutgoing(now time.Time, lease time.Duration, limit int) ([]models.Outgoing, error) {
	now = now.UTC()
	lock := ""
	if tx.s.dialect == dialectPostgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	var ids []int64
	err := tx.db.Raw(`UPDATE outgoings SET next_at = ? WHERE id IN (SELECT id FROM outgoings
		WHERE sent_at IS NULL AND dead_at IS NULL AND (next_at IS NULL OR next_at <= ?) ORDER BY id LIMIT ?`+lock+`) RETURNING id`,
		now.Add(lease), now, limit).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return nil, wrap(err)
	}
	return many[models.Outgoing](tx.Reader, "id", 0, "id IN ?", ids)
}

var timeType = reflect.TypeFor[time.Time]()

// trimTimes brings every time of a row to UTC and to the microsecond PostgreSQL
// keeps, so that the value in memory is the value that comes back.
func trimTimes(row any) {
	v := reflect.ValueOf(row)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			trimTimes(v.Index(i).Addr().Interface())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			switch {
			case f.Type() == timeType:
				f.Set(reflect.ValueOf(f.Interface().(time.Time).UTC().Truncate(time.Microsecond)))
			case f.Kind() == reflect.Pointer && f.Type().Elem() == timeType && !f.IsNil():
				t := f.Elem().Interface().(time.Time).UTC().Truncate(time.Microsecond)
				f.Set(reflect.ValueOf(&t))
			}
		}
	}
}
