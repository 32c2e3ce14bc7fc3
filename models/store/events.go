package store

import (
	"fmt"
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
	CaseKind  models.Kind
	ActorRole string
	Reference string
	Sequenced bool // only those with a place in the log
	OnlyAdmin bool // only those that concern no case: accounts, bodies, keys, exports
	Desc      bool // the newest first
	Brief     bool // without what was sealed and its salt, for a table
}

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
	if f.CaseKind != "" {
		and("case_kind = ?", f.CaseKind)
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

// place is how far a reading of the trail has come. The log grows while it is read, so
// a reading keeps to the log as it was when it began: first what was sequenced
// then, by place; then what was not, by id, sequenced meanwhile or not. Newest first
// it is the other way round. Thus nothing comes twice and nothing is left out.
type place struct {
	last    int64 // the log's last place when the reading began; -1 when it was empty
	waiting bool  // in the part that was not sequenced
	key     int64 // leaf or id of the last event read; -1 before the first
}

func (f EventFilter) cursorKind() string {
	if f.Desc {
		return "ed"
	}
	return "e"
}

func (p place) cursor(kind string) string {
	part := "s"
	if p.waiting {
		part = "w"
	}
	return cursor(kind, strconv.FormatInt(p.last, 36), part, strconv.FormatInt(p.key, 36))
}

func parsePlace(after, kind string) (place, error) {
	f, err := parseCursor(after, kind, 3)
	if err != nil {
		return place{}, err
	}
	last, err1 := strconv.ParseInt(f[0], 36, 64)
	key, err2 := strconv.ParseInt(f[2], 36, 64)
	if err1 != nil || err2 != nil || f[1] != "s" && f[1] != "w" {
		return place{}, badCursor()
	}
	return place{last, f[1] == "w", key}, nil
}

// begin is the place before the first event.
func (r *Reader) begin(f EventFilter) (place, error) {
	p := place{key: -1, waiting: f.Desc}
	err := r.db.Raw("SELECT coalesce(max(leaf), -1) FROM events").Scan(&p.last).Error
	return p, wrap(err)
}

// Events lists a page of events in log order, those without a place last in the
// order they were written, and the cursor of the next page; "" at the end.
func (r *Reader) Events(f EventFilter, after string, limit int) ([]models.Event, string, error) {
	limit = pageSize(limit)
	p, err := r.begin(f)
	if after != "" && err == nil {
		p, err = parsePlace(after, f.cursorKind())
	}
	if err != nil {
		return nil, "", err
	}
	rows, p, err := r.eventsFrom(f, p, limit)
	if err == nil {
		err = r.classToday(rows)
	}
	if err != nil || len(rows) < limit {
		return rows, "", err
	}
	// One more row says whether there is a next page.
	if more, _, err := r.eventsFrom(f, p, 1); err != nil || len(more) == 0 {
		return rows, "", err
	}
	return rows, p.cursor(f.cursorKind()), nil
}

// eventsFrom reads what follows a place, and gives the place after it.
func (r *Reader) eventsFrom(f EventFilter, p place, limit int) ([]models.Event, place, error) {
	where, args := f.sql()
	var out []models.Event
	for {
		part, key := "leaf <= ?", "leaf"
		if p.waiting { // in two halves, each of which an index answers
			part, key = "id IN (SELECT w.id FROM events w WHERE w.leaf IS NULL UNION ALL SELECT w.id FROM events w WHERE w.leaf > ?)", "id"
		}
		a := append(append([]any(nil), args...), p.last)
		order := key
		if f.Desc {
			order += " DESC"
		}
		if p.key >= 0 {
			part += " AND " + key + map[bool]string{false: " > ?", true: " < ?"}[f.Desc]
			a = append(a, p.key)
		}
		if !p.waiting || !f.Sequenced {
			rows, bad, err := r.scanEvents(where+" AND "+part+" ORDER BY "+order, a, limit-len(out), f.Brief)
			if err != nil {
				return nil, p, wrap(err)
			}
			if bad != nil {
				return nil, p, &models.Error{Kind: models.Internal, Code: "sealed_unreadable", Err: bad}
			}
			out = append(out, rows...)
			if len(rows) > 0 {
				last := &rows[len(rows)-1]
				if p.key = last.ID; !p.waiting {
					p.key = *last.Leaf
				}
			}
		}
		if len(out) >= limit || p.waiting != f.Desc {
			return out, p, nil
		}
		p.waiting, p.key = !f.Desc, -1
	}
}

// eventColumns are the columns of events in the order scanEvents reads them. It reads by
// hand: an export is as fast as this is, and gorm takes half as long again.
const eventColumns = `id, leaf, time, kind, case_id, reference, case_kind, body_id, body, unit, actor_role, actor, actor_id,
	classification, state, outcome, clock, due_on, standing, pack, pack_version, article, reason, leaf_hash, sealed`

// scanEvents reads and opens events. bad is the first that does not open; those after it are
// not opened either.
func (r *Reader) scanEvents(where string, args []any, limit int, brief bool) (out []models.Event, bad *Fault, err error) {
	if out, err = r.closedEvents(where, args, limit, brief); err != nil {
		return nil, nil, err
	}
	bad, err = r.openSealed(out, brief)
	return out, bad, err
}

func (r *Reader) closedEvents(where string, args []any, limit int, brief bool) ([]models.Event, error) {
	columns := eventColumns + ", data, canonical, salt"
	if brief {
		columns = eventColumns
	}
	rows, err := r.db.Raw("SELECT "+columns+" FROM events WHERE "+where+" LIMIT "+strconv.Itoa(limit), args...).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]models.Event, 0, min(limit, verifyBatch))
	for rows.Next() {
		var e models.Event
		into := []any{&e.ID, &e.Leaf, &e.Time, &e.Kind, &e.CaseID, &e.Reference, &e.CaseKind, &e.BodyID, &e.Body, &e.Unit, &e.ActorRole, &e.Actor, &e.ActorID,
			&e.Classification, &e.State, &e.Outcome, &e.Clock, &e.DueOn, &e.Standing, &e.Pack, &e.PackVersion, &e.Article, &e.Reason, &e.LeafHash, &e.Sealed}
		if !brief {
			into = append(into, &e.Data, &e.Canonical, &e.Salt)
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// classToday puts beside each event the class its case has now: what was filed as
// public and classified later must not be read off its older events.
func (r *Reader) classToday(events []models.Event) error {
	var ids []int64
	seen := map[int64]bool{}
	for _, e := range events {
		if e.CaseID != nil && !seen[*e.CaseID] {
			seen[*e.CaseID] = true
			ids = append(ids, *e.CaseID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		ID             int64
		Classification models.Class
	}
	in, list := r.s.among(ids)
	if err := r.db.Raw("SELECT id, classification FROM cases WHERE id "+in+" AND classification <> 'public'", list).Scan(&rows).Error; err != nil {
		return wrap(err)
	}
	class := make(map[int64]models.Class, len(rows))
	for _, row := range rows {
		class[row.ID] = row.Classification
	}
	for i := range events {
		if e := &events[i]; e.CaseID != nil {
			e.CaseClass = class[*e.CaseID]
		}
	}
	return nil
}

const eventBatch = 1000

// EachEvent streams events in log order. It reads in batches by key and holds no
// transaction between them: an export may be slow, and a writer must not wait
// for it, nor SQLite's journal grow behind it.
func (r *Reader) EachEvent(f EventFilter, fn func(*models.Event) error) error {
	p, err := r.begin(f)
	if err != nil {
		return err
	}
	read := func(p place) (out batchOfEvents) {
		if out.rows, out.next, out.err = r.eventsFrom(f, p, eventBatch); out.err == nil {
			out.err = r.classToday(out.rows)
		}
		return out
	}
	got := read(p)
	for {
		if got.err != nil {
			return got.err
		}
		last := len(got.rows) < eventBatch
		var ahead chan batchOfEvents
		if f.Brief && !last { // a long table: the database reads on while its rows are written
			ahead = make(chan batchOfEvents, 1)
			go func() { ahead <- read(got.next) }()
		}
		if err := eachOf(got.rows, fn); err != nil || last {
			if ahead != nil {
				<-ahead
			}
			return err
		}
		if ahead != nil {
			got = <-ahead
		} else {
			got = read(got.next)
		}
	}
}

type batchOfEvents struct {
	rows []models.Event
	next place
	err  error
}

func eachOf(rows []models.Event, fn func(*models.Event) error) error {
	for i := range rows {
		if err := fn(&rows[i]); err != nil {
			return fmt.Errorf("event %d: %w", rows[i].ID, err)
		}
	}
	return nil
}
