package store

import (
	"fmt"
	"time"

	"terang/models"
)

// StatFilter is a span of time, [From, To), in one body or, with nil, in all.
type StatFilter struct {
	From, To time.Time
	Body     *int64
	// Shift is what the body's clock is ahead of UTC: days are told by it.
	Shift time.Duration
}

// CaseCount is how many cases share kind, class and outcome.
type CaseCount struct {
	Kind    models.Kind
	Class   models.Class
	Outcome models.Outcome
	N       int64
	Late    int64 // answered after their due instant
}

// DayCount is how many cases were received on one day and answered on another.
type DayCount struct {
	Kind               models.Kind
	Class              models.Class
	Pack, PackVersion  string
	Received, Answered string // YYYY-MM-DD
	N                  int64
}

// TextCount is how many rows share a text.
type TextCount struct {
	Text  string
	Role  string
	Class models.Class
	N     int64
}

func (f StatFilter) cases(column string) (string, []any) {
	where, args := "c."+column+" >= ? AND c."+column+" < ?", []any{f.From.UTC(), f.To.UTC()}
	if f.Body != nil {
		where += " AND c.body_id = ?"
		args = append(args, *f.Body)
	}
	return where, args
}

// eventsOf is, as found, the events of a kind: what has its place in the log by its index, and what waits for one.
func (r *Reader) eventsOf(f StatFilter, kind string) (from string, args []any) {
	where, args := "kind = ? AND time >= ? AND time < ?", []any{kind, f.From.UTC(), f.To.UTC()}
	if f.Body != nil {
		where += " AND body_id = ?"
		args = append(args, *f.Body)
	}
	const some = "SELECT id, kind, leaf, case_id, actor, actor_role, data, classification, leaf_hash, sealed FROM events"
	return "(" + some + r.s.by("events_kind") + " WHERE leaf IS NOT NULL AND " + where + " UNION ALL " + some + " WHERE leaf IS NULL AND " + where + ") found", append(args, args...)
}

// ReceivedCounts counts the cases received.
func (r *Reader) ReceivedCounts(f StatFilter) ([]CaseCount, error) {
	where, args := f.cases("received_at")
	var rows []CaseCount
	err := r.db.Raw("SELECT c.kind, c.classification AS class, count(*) AS n FROM cases c WHERE c.state <> 'draft' AND "+where+
		" GROUP BY c.kind, c.classification ORDER BY c.kind, c.classification", args...).Scan(&rows).Error
	return rows, wrap(err)
}

// AnsweredCounts counts the cases answered, by outcome, and those answered late.
func (r *Reader) AnsweredCounts(f StatFilter) ([]CaseCount, error) {
	where, args := f.cases("answered_at")
	var rows []CaseCount
	err := r.db.Raw(`SELECT c.kind, c.classification AS class, c.outcome, count(*) AS n,
			sum(CASE WHEN c.due_at IS NOT NULL AND c.answered_at > c.due_at THEN 1 ELSE 0 END) AS late
		FROM cases c WHERE c.answered_at IS NOT NULL AND `+where+`
		GROUP BY c.kind, c.classification, c.outcome ORDER BY c.kind, c.classification, c.outcome`, args...).Scan(&rows).Error
	return rows, wrap(err)
}

// DayCounts counts the cases answered by the days they were received and answered on: few
// rows however many cases, from which every mean and median follows.
func (r *Reader) DayCounts(f StatFilter) ([]DayCount, error) {
	where, args := f.cases("answered_at")
	day := func(column string) string {
		if r.s.dialect == dialectPostgres {
			return fmt.Sprintf("to_char((c.%s AT TIME ZONE 'UTC') + interval '%d minutes', 'YYYY-MM-DD')", column, int(f.Shift.Minutes()))
		}
		return fmt.Sprintf("date(c.%s, '%+d minutes')", column, int(f.Shift.Minutes()))
	}
	var rows []DayCount
	err := r.db.Raw("SELECT c.kind, c.classification AS class, c.pack, c.pack_version, "+day("received_at")+" AS received, "+day("answered_at")+` AS answered, count(*) AS n
		FROM cases c WHERE c.answered_at IS NOT NULL AND `+where+" GROUP BY 1, 2, 3, 4, 5, 6", args...).Scan(&rows).Error
	return rows, wrap(err)
}

// GroundCounts counts the decisions of cases answered by the list of exemptions they rest on.
func (r *Reader) GroundCounts(f StatFilter) ([]TextCount, error) {
	where, args := f.cases("answered_at")
	var rows []TextCount
	err := r.db.Raw(`SELECT d.exemptions AS text, c.classification AS class, count(*) AS n FROM cases c JOIN decisions d ON d.case_id = c.id
		WHERE c.answered_at IS NOT NULL AND d.exemptions NOT IN ('', '[]', 'null') AND `+where+` GROUP BY d.exemptions, c.classification ORDER BY d.exemptions`, args...).Scan(&rows).Error
	return rows, wrap(err)
}

// EventCounts counts events of some kinds by kind and class; those of no case count as public.
func (r *Reader) EventCounts(f StatFilter, kinds ...string) ([]TextCount, error) {
	var out []TextCount
	for _, kind := range kinds {
		from, args := r.eventsOf(f, kind)
		var rows []TextCount
		err := r.db.Raw("SELECT kind AS text, CASE WHEN case_id IS NULL THEN 'public' ELSE classification END AS class, count(*) AS n FROM "+from+" GROUP BY 1, 2", args...).Scan(&rows).Error
		if err != nil {
			return nil, wrap(err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// ActorCounts counts the events of a kind by who did them.
func (r *Reader) ActorCounts(f StatFilter, kind string) ([]TextCount, error) {
	from, args := r.eventsOf(f, kind)
	var rows []TextCount
	err := r.db.Raw("SELECT actor AS text, actor_role AS role, 'public' AS class, count(*) AS n FROM "+from+" GROUP BY actor, actor_role ORDER BY n DESC, actor", args...).Scan(&rows).Error
	return rows, wrap(err)
}

// StageCounts counts events of a kind by what their data names, such as the stage outside:
// they are few, and the data is text.
func (r *Reader) StageCounts(f StatFilter, kind string) ([]TextCount, error) {
	from, args := r.eventsOf(f, kind)
	var events []models.Event
	if err := r.db.Raw("SELECT id, leaf, case_id, data, classification, leaf_hash, sealed FROM "+from+" ORDER BY id", args...).Scan(&events).Error; err != nil {
		return nil, wrap(err)
	}
	if err := openRows(r, events); err != nil {
		return nil, err
	}
	var rows []TextCount
	place := map[TextCount]int{}
	for _, e := range events {
		row := TextCount{Text: e.Data, Class: e.Classification}
		i, ok := place[row]
		if !ok {
			i = len(rows)
			place[row] = i
			rows = append(rows, row)
		}
		rows[i].N++
	}
	return rows, nil
}
