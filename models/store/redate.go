package store

import (
	"strings"
	"time"

	"terang/models"
)

// Redated is the date a running clock is given anew.
type Redated struct {
	ClockID int64
	Version int64 // of the clock, as it was read
	CaseID  int64
	DayOne  string
	DueOn   string
	DueAt   time.Time
	Basis   string
}

// RedateClocks moves many clocks at once, each guarded by its version and only while it
// runs, and gives the ids of those it moved: another may have moved or stopped one since
// it was read. A lapse that the new date undoes is forgotten.
func (tx *Tx) RedateClocks(rows []Redated, now time.Time) (map[int64]bool, error) {
	args := make([]any, 0, 6*len(rows)+1)
	for _, r := range rows {
		args = append(args, r.ClockID, r.Version, r.DayOne, r.DueOn, r.DueAt.UTC(), r.Basis)
	}
	var ids []int64
	err := tx.db.Raw("WITH v (id, version, day_one, due_on, due_at, basis) AS ("+tx.values(len(rows), "BIGINT", "BIGINT", "TEXT", "TEXT", "", "TEXT")+`)
		UPDATE clocks SET day_one = v.day_one, due_on = v.due_on, due_at = v.due_at, basis = v.basis, version = clocks.version + 1,
			lapsed_at = CASE WHEN v.due_at > ? THEN NULL ELSE clocks.lapsed_at END
		FROM v WHERE clocks.id = v.id AND clocks.version = v.version AND clocks.stopped_at IS NULL RETURNING clocks.id`,
		append(args, now.UTC())...).Scan(&ids).Error
	moved := make(map[int64]bool, len(ids))
	for _, id := range ids {
		moved[id] = true
	}
	return moved, wrap(err)
}

// RedateCases gives many cases the date of their primary clock. Their version moves, so
// that a form drawn from the old date is stale.
func (tx *Tx) RedateCases(rows []Redated, now time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	args := make([]any, 0, 3*len(rows)+1)
	for _, r := range rows {
		args = append(args, r.CaseID, r.DueOn, r.DueAt.UTC())
	}
	_, err := tx.exec("WITH v (id, due_on, due_at) AS ("+tx.values(len(rows), "BIGINT", "TEXT", "")+`)
		UPDATE cases SET due_on = v.due_on, due_at = v.due_at, version = cases.version + 1, updated_at = ? FROM v WHERE cases.id = v.id`,
		append(args, now.UTC())...)
	return err
}

// values is a VALUES list of n rows. PostgreSQL takes the columns' types from the first
// one; "" is a time, which SQLite keeps as text and must not cast.
func (tx *Tx) values(n int, types ...string) string {
	first := make([]string, len(types))
	for i, t := range types {
		switch {
		case t != "":
			first[i] = "CAST(? AS " + t + ")"
		case tx.s.dialect == dialectPostgres:
			first[i] = "CAST(? AS TIMESTAMPTZ)"
		default:
			first[i] = "?"
		}
	}
	rest := ", (?" + strings.Repeat(", ?", len(types)-1) + ")"
	return "VALUES (" + strings.Join(first, ", ") + ")" + strings.Repeat(rest, n-1)
}

// CaseHeads reads of many cases what an event says of them; their texts stay where
// they are.
func (r *Reader) CaseHeads(ids []int64) (map[int64]*models.Case, error) {
	var list []models.Case
	err := r.db.Raw(`SELECT id, reference, kind, body_id, unit_id, state, outcome, classification, pack, pack_version, clock, due_on, due_at, answered_at
		FROM cases WHERE id IN ?`, ids).Scan(&list).Error
	out := make(map[int64]*models.Case, len(list))
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	return out, wrap(err)
}
