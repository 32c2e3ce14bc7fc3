package store

import (
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
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
	NoLooks   bool // not those that only record a reading
	Sequenced bool // only those with a place in the log
	OnlyAdmin bool // only those that concern no case: accounts, bodies, keys, exports
	Desc      bool // the newest first
	Brief     bool // without what was sealed and its salt, for a table
}

func (f EventFilter) sql(dialect string) (string, []any) {
	where, time, kind, body := "1 = 1", "time", "kind", "body_id"
	if dialect == dialectSQLite { // the plus keeps it from an index: a case has few events, a kind fewer than a body
		time = "+time" // the order is that of the log
		if f.CaseID != nil || f.Reference != "" {
			kind = "+kind"
		}
		if f.CaseID != nil || f.Reference != "" || f.Kind != "" {
			body = "+body_id"
		}
	}
	var args []any
	and := func(cond string, a ...any) {
		where += " AND " + cond
		args = append(args, a...)
	}
	if f.From != nil {
		and(time+" >= ?", f.From.UTC())
	}
	if f.To != nil {
		and(time+" < ?", f.To.UTC())
	}
	if f.Body != nil {
		and(body+" = ?", *f.Body)
	}
	if f.CaseID != nil {
		and("case_id = ?", *f.CaseID)
	}
	if f.Kind != "" {
		and(kind+" = ?", f.Kind)
	}
	if f.CaseKind != "" {
		and("case_kind = ?", f.CaseKind)
	}
	if f.ActorRole != "" {
		and("actor_role = ?", f.ActorRole)
	}
	if f.Reference != "" {
		and("case_id = (SELECT id FROM cases WHERE reference = ?)", f.Reference)
	}
	if f.NoLooks {
		and("kind NOT IN ?", models.Looks)
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

	from, to int64 // places between which all events of the filter's span stand
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
	return place{last: last, waiting: f[1] == "w", key: key}, nil
}

// begin is the place before the first event.
func (r *Reader) begin(f EventFilter) (place, error) {
	p := place{key: -1, waiting: f.Desc}
	err := r.db.Raw("SELECT coalesce(max(leaf), -1) FROM events").Scan(&p.last).Error
	return p, wrap(err)
}

// within sets the places between which all events of the filter's span of time stand. The log is
// nearly in the order of time, but need not be.
func (r *Reader) within(f EventFilter, p place) (place, error) {
	p.from, p.to = 0, math.MaxInt64
	if f.From == nil && f.To == nil {
		return p, nil
	}
	span := EventFilter{From: f.From, To: f.To}
	where, args := span.sql(dialectPostgres) // by the index of times, for once
	var found struct{ First, Last *int64 }
	err := r.db.Raw("SELECT min(leaf) AS first, max(leaf) AS last FROM events"+r.s.by("events_time")+" WHERE leaf IS NOT NULL AND "+where, args...).Scan(&found).Error
	if err != nil {
		return p, wrap(err)
	}
	if p.to = -1; found.First != nil {
		p.from, p.to = *found.First, *found.Last
	}
	return p, nil
}

// Events lists a page of events in log order, those without a place last in the
// order they were written, and the cursor of the next page; "" at the end.
func (r *Reader) Events(f EventFilter, after string, limit int) ([]models.Event, string, error) {
	limit = pageSize(limit)
	if (f.CaseID != nil || f.Reference != "") && after == "" && !f.Desc && !f.Sequenced && f.From == nil && f.To == nil {
		if rows, ok, err := r.eventsAtOnce(f, limit); ok || err != nil {
			return rows, "", err
		}
	}
	p, err := r.begin(f)
	if after != "" && err == nil {
		p, err = parsePlace(after, f.cursorKind())
	}
	if err == nil {
		p, err = r.within(f, p)
	}
	if err != nil {
		return nil, "", err
	}
	rows, p, err := r.eventsFrom(f, p, limit, nil)
	if err == nil {
		err = r.openAll(rows, f.Brief)
	}
	if err == nil {
		err = r.classToday(rows)
	}
	if err != nil || len(rows) < limit {
		return rows, "", err
	}
	// One more row says whether there is a next page.
	if more, _, err := r.eventsFrom(f, p, 1, nil); err != nil || len(more) == 0 {
		return rows, "", err
	}
	return rows, p.cursor(f.cursorKind()), nil
}

// eventsAtOnce is Events where one page holds all there are, as of nearly every case; ok is false
// where it does not.
func (r *Reader) eventsAtOnce(f EventFilter, limit int) (rows []models.Event, ok bool, err error) {
	where, args := f.sql(r.s.dialect)
	rows, err = r.closedEvents(where+" ORDER BY leaf IS NULL, leaf, id", args, limit+1, limit+1, f.Brief, &eventRoom{})
	if err != nil || len(rows) > limit {
		return nil, false, wrap(err)
	}
	if err := r.openAll(rows, f.Brief); err != nil {
		return nil, false, err
	}
	return rows, true, r.classToday(rows)
}

// eventRoom is what a long reading reads into, again and again: half its work would be to clear
// away what it read.
type eventRoom struct {
	rows   []models.Event
	sealed []byte
}

// eventsFrom reads what follows a place, sealed as it is, and gives the place after it. A room
// holds the rows until it is read into again; nil for rows of their own.
func (r *Reader) eventsFrom(f EventFilter, p place, limit int, room *eventRoom) ([]models.Event, place, error) {
	where, args := f.sql(r.s.dialect)
	if room == nil {
		room = &eventRoom{}
	}
	room.rows, room.sealed = room.rows[:0], room.sealed[:0]
	var out []models.Event
	for {
		part, key := "leaf <= ?", "leaf"
		if !p.waiting && (p.from > 0 || p.to < p.last) {
			part = fmt.Sprintf("leaf BETWEEN %d AND %d AND leaf <= ?", p.from, p.to)
		}
		if p.waiting { // in two halves, each of which an index answers
			part, key = "id IN (SELECT w.id FROM events w WHERE w.leaf IS NULL UNION ALL SELECT w.id FROM events w WHERE w.leaf > ?)", "id"
			if f.CaseID != nil || f.Reference != "" { // few, whatever waits
				part = "(leaf IS NULL OR leaf > ?)"
			}
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
			rows, err := r.closedEvents(where+" AND "+part+" ORDER BY "+order, a, limit, limit-len(out), f.Brief, room)
			if err != nil {
				return nil, p, wrap(err)
			}
			out = room.rows
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
	if out, err = r.closedEvents(where, args, limit, limit, brief, &eventRoom{}); err != nil {
		return nil, nil, err
	}
	bad, err = r.openSealed(out, brief)
	return out, bad, err
}

// closedEvents adds events to what is in a room, and gives those it added: as many as are wanted of
// at most limit. The limit is the statement's own, so that there are few statements; as an argument
// it would have SQLite plan each anew.
func (r *Reader) closedEvents(where string, args []any, limit, wanted int, brief bool, room *eventRoom) ([]models.Event, error) {
	had := len(room.rows)
	if brief && r.s.dialect == dialectSQLite {
		if ok, err := r.packedEvents(where, args, limit, wanted, room); ok || err != nil {
			return room.rows[had:], err
		}
		room.rows = room.rows[:had]
	}
	columns := eventColumns + ", data, canonical, salt"
	if brief {
		columns = eventColumns
	}
	rows, err := r.query("SELECT "+columns+" FROM events WHERE "+where+limited(limit), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for ; wanted > 0 && rows.Next(); wanted-- {
		var e models.Event
		into := []any{&e.ID, &e.Leaf, &e.Time, &e.Kind, &e.CaseID, &e.Reference, &e.CaseKind, &e.BodyID, &e.Body, &e.Unit, &e.ActorRole, &e.Actor, &e.ActorID,
			&e.Classification, &e.State, &e.Outcome, &e.Clock, &e.DueOn, &e.Standing, &e.Pack, &e.PackVersion, &e.Article, &e.Reason, &e.LeafHash, &e.Sealed}
		if !brief {
			into = append(into, &e.Data, &e.Canonical, &e.Salt)
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		room.rows = append(room.rows, e)
	}
	return room.rows[had:], rows.Err()
}

// Events in brief come out of SQLite as one text each: fetching a column costs as much as
// reading a row. The mark between fields is a control character, which no field may hold.
const packMark = "\x1f"

var packedColumns = func() string {
	names := strings.Split(strings.TrimSuffix(strings.Join(strings.Fields(eventColumns), " "), ", sealed"), ", ")
	for i, n := range names {
		switch n {
		case "leaf", "case_id", "body_id", "actor_id": // NULL would be left out
			names[i] = "coalesce(" + n + ", '')"
		}
	}
	return "concat_ws('" + packMark + "', " + strings.Join(names, ", ") + "), sealed"
}()

// packedEvents is closedEvents in brief. ok is false where a text does not come apart as it was put
// together.
func (r *Reader) packedEvents(where string, args []any, limit, wanted int, room *eventRoom) (ok bool, err error) {
	rows, err := r.query("SELECT "+packedColumns+" FROM events WHERE "+where+limited(limit), args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for ; wanted > 0 && rows.Next(); wanted-- {
		var text string
		var sealed sql.RawBytes
		var e models.Event
		if err := rows.Scan(&text, &sealed); err != nil {
			return false, err
		}
		if !unpack(text, &e) {
			return false, nil
		}
		at := len(room.sealed)
		room.sealed = append(room.sealed, sealed...)
		e.Sealed = room.sealed[at:len(room.sealed):len(room.sealed)]
		room.rows = append(room.rows, e)
	}
	return true, rows.Err()
}

func unpack(text string, e *models.Event) bool {
	whole := strings.Count(text, packMark) == strings.Count(eventColumns, ",")-1
	next := func() (field string) {
		field, text, _ = strings.Cut(text, packMark)
		return field
	}
	number := func() *int64 {
		field := next()
		if field == "" {
			return nil
		}
		n, err := strconv.ParseInt(field, 10, 64)
		whole = whole && err == nil
		return &n
	}
	id := number()
	e.Leaf = number()
	at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", next())
	if !whole || id == nil || err != nil {
		return false
	}
	e.ID, e.Time = *id, at.UTC()
	e.Kind, e.CaseID, e.Reference, e.CaseKind, e.BodyID = next(), number(), next(), models.Kind(next()), number()
	e.Body, e.Unit, e.ActorRole, e.Actor, e.ActorID = next(), next(), next(), next(), number()
	e.Classification, e.State, e.Outcome = models.Class(next()), models.State(next()), models.Outcome(next())
	e.Clock, e.DueOn, e.Standing = next(), next(), models.Standing(next())
	e.Pack, e.PackVersion, e.Article, e.Reason, e.LeafHash = next(), next(), next(), next(), next()
	return whole
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

// EachEvent streams events in log order; each is good until fn returns. It reads in batches by key and holds no
// transaction between them: an export may be slow, and a writer must not wait
// for it, nor SQLite's journal grow behind it.
func (r *Reader) EachEvent(f EventFilter, fn func(*models.Event) error) error {
	p, err := r.begin(f)
	if err == nil {
		p, err = r.within(f, p)
	}
	if err != nil {
		return err
	}
	var rooms [2]eventRoom // one is read into while the other is written out
	turn := 0
	read := func(p place) (out batchOfEvents) {
		turn++
		if out.rows, out.next, out.err = r.eventsFrom(f, p, eventBatch, &rooms[turn%2]); out.err == nil {
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
		err := r.openAll(got.rows, f.Brief)
		if err == nil {
			err = eachOf(got.rows, fn)
		}
		if err != nil || last {
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
