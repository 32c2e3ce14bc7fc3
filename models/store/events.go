package store

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"terang/models"
)

// EventFilter narrows the trail.
type EventFilter struct {
	From, To  *time.Time // [From, To)
	Body      *int64
	CaseID    *int64
	Kind      string
	ActorRole string
	Reference string
	Sequenced bool // only those with a place in the log
	OnlyAdmin bool // only those that concern no case: accounts, bodies, keys, exports
	Desc      bool // the newest first
}

// noLeaf stands for the place of an event not sequenced yet: after all others.
const noLeaf = math.MaxInt64

func (f EventFilter) sql() (string, []any) {
	where := "1 = 1"
	var args []any
	and := func(cond string, a ...any) {
		where += " AND " + cond
		args = append(args, a...)
	}
	if f.From != nil {
		and("time >= ?", f.From.UTC())
	}
	if f.To != nil {
		and("time < ?", f.To.UTC())
	}
	if f.Body != nil {
		and("body_id = ?", *f.Body)
	}
	if f.CaseID != nil {
		and("case_id = ?", *f.CaseID)
	}
	if f.Kind != "" {
		and("kind = ?", f.Kind)
	}
	if f.ActorRole != "" {
		and("actor_role = ?", f.ActorRole)
	}
	if f.Reference != "" {
		and("reference <> '' AND reference = ?", f.Reference)
	}
	if f.OnlyAdmin {
		and("case_id IS NULL")
	}
	return where, args
}

// Events lists a page of events in log order, those without a place last in the
// order they were written, and the cursor of the next page; "" at the end.
func (r *Reader) Events(f EventFilter, after string, limit int) ([]models.Event, string, error) {
	limit = pageSize(limit)
	leaf, id := int64(-1), int64(0)
	if f.Desc {
		leaf, id = noLeaf, math.MaxInt64
	}
	if after != "" {
		p, err := parseCursor(after, f.cursorKind(), 2)
		if err != nil {
			return nil, "", err
		}
		var err1, err2 error
		leaf, err1 = strconv.ParseInt(p[0], 36, 64)
		id, err2 = strconv.ParseInt(p[1], 36, 64)
		if err1 != nil || err2 != nil {
			return nil, "", badCursor()
		}
	}
	rows, err := r.eventsAfter(f, leaf, id, limit+1)
	if err != nil || len(rows) <= limit {
		return rows, "", err
	}
	rows = rows[:limit]
	last := &rows[limit-1]
	return rows, cursor(f.cursorKind(), strconv.FormatInt(leafOf(last), 36), strconv.FormatInt(last.ID, 36)), nil
}

func (f EventFilter) cursorKind() string {
	if f.Desc {
		return "ed"
	}
	return "e"
}

func leafOf(e *models.Event) int64 {
	if e.Leaf == nil {
		return noLeaf
	}
	return *e.Leaf
}

// eventsAfter reads what follows (leaf, id) in the order asked for: one query over
// the sequenced and one over the others, each on its own index.
func (r *Reader) eventsAfter(f EventFilter, leaf, id int64, limit int) ([]models.Event, error) {
	where, args := f.sql()
	var out []models.Event
	sequenced := func() error {
		cmp, dir := ">", ""
		if f.Desc {
			cmp, dir = "<", " DESC"
		}
		if !f.Desc && leaf == noLeaf {
			return nil
		}
		var rows []models.Event
		a := append(append([]any(nil), args...), leaf)
		err := r.db.Where(where+" AND leaf IS NOT NULL AND leaf "+cmp+" ?", a...).Order("leaf" + dir).Limit(limit - len(out)).Find(&rows).Error
		out = append(out, rows...)
		return wrap(err)
	}
	pending := func() error {
		if f.Sequenced || len(out) >= limit || f.Desc && leaf != noLeaf {
			return nil
		}
		cmp, dir, from := ">", "", id
		if f.Desc {
			cmp, dir = "<", " DESC"
		} else if leaf != noLeaf {
			from = 0
		}
		var rows []models.Event
		a := append(append([]any(nil), args...), from)
		err := r.db.Where(where+" AND leaf IS NULL AND id "+cmp+" ?", a...).Order("id" + dir).Limit(limit - len(out)).Find(&rows).Error
		out = append(out, rows...)
		return wrap(err)
	}
	steps := []func() error{sequenced, pending}
	if f.Desc {
		steps = []func() error{pending, sequenced}
	}
	for _, step := range steps {
		if len(out) >= limit {
			break
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const eventBatch = 1000

// EachEvent streams events in log order. It reads in batches by key and holds no
// transaction between them: an export may be slow, and a writer must not wait
// for it, nor SQLite's journal grow behind it. An event sequenced while it runs is
// given once, at the latest place it has.
func (r *Reader) EachEvent(f EventFilter, fn func(*models.Event) error) error {
	f.Desc = false
	leaf, id := int64(-1), int64(0)
	for {
		rows, err := r.eventsAfter(f, leaf, id, eventBatch)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := fn(&rows[i]); err != nil {
				return fmt.Errorf("event %d: %w", rows[i].ID, err)
			}
		}
		if len(rows) < eventBatch {
			return nil
		}
		last := &rows[len(rows)-1]
		leaf, id = leafOf(last), last.ID
	}
}
