package store

import (
	"math"
	"time"

	"terang/models"
)

// Lapsed lists, in id order, cases after an id that have a live rung past due.
func (r *Reader) Lapsed(now time.Time, after int64, limit int) ([]int64, error) {
	var ids []int64
	err := r.db.Raw(`SELECT DISTINCT case_id FROM rungs`+r.s.by("rungs_live")+`
		WHERE state IN ('open', 'acknowledged') AND due_at < ? AND case_id > ? ORDER BY case_id LIMIT ?`,
		now.UTC(), after, limit).Scan(&ids).Error
	return ids, wrap(err)
}

// LapsedClocks lists, in id order, running clocks past due whose lapse is not recorded.
func (r *Reader) LapsedClocks(now time.Time, after int64, limit int) ([]models.Clock, error) {
	return manyBy[models.Clock](r, "clocks_running", "id", limit,
		"stopped_at IS NULL AND lapsed_at IS NULL AND due_at < ? AND id > ?", now.UTC(), after)
}

// Expiring lists cases whose exemption ends by a day (YYYY-MM-DD), by key.
func (r *Reader) Expiring(by string, after int64, limit int) ([]int64, error) {
	var ids []int64
	err := r.db.Raw("SELECT id FROM cases"+r.s.by("cases_class_expires")+" WHERE class_expires_on <> '' AND class_expires_on <= ? AND id > ? ORDER BY id LIMIT ?", by, after, limit).Scan(&ids).Error
	return ids, wrap(err)
}

// ClockRow is a running clock with what its date is worked out from.
type ClockRow struct {
	models.Clock
	Reference   string
	BodyID      int64
	Pack        string
	PackVersion string
	CaseDueOn   string
	Moved       bool // its ledger has more than its start
}

// ClockRows lists running clocks by key. The plus keeps SQLite from beginning with the cases.
func (r *Reader) ClockRows(after int64, limit int) ([]ClockRow, error) {
	var rows []ClockRow
	// Not k.*: the basis of a date is longer than all the rest and not asked for here.
	err := r.db.Raw(`SELECT k.id, k.case_id, k.name, k."primary", k.started_at, k.day_one, k.due_on, k.due_at, k.lapsed_at, k.extended, k.version, c.reference, c.body_id, c.pack, c.pack_version, c.due_on AS case_due_on,
			EXISTS (SELECT 1 FROM clock_entries e WHERE e.case_id = k.case_id AND e.clock_id = k.id AND e.event IN ('paused', 'resumed', 'restarted', 'extended')) AS moved
		FROM clocks k JOIN cases c ON c.id = +k.case_id WHERE k.id > ? AND k.stopped_at IS NULL ORDER BY k.id LIMIT ?`, after, limit).Scan(&rows).Error
	return rows, wrap(err)
}

// HolidayDecrees lists every decree that was added to a pack's own.
func (r *Reader) HolidayDecrees() ([]models.HolidayDecree, error) {
	return many[models.HolidayDecree](r, "id", 0, "1 = 1")
}

// CountDecrees says how many there are. Asked in the transaction that dates a case, it keeps
// another decree from being added until that has ended; see LockDecrees.
func (r *Reader) CountDecrees() (int64, error) {
	n, err := r.count("holiday_decrees", "1 = 1", nil, math.MaxInt32)
	return int64(n), err
}

// LockDecrees waits until every transaction that has looked at the decrees has ended, and has
// those that come after wait for this one. What recomputes afterwards then misses none.
func (tx *Tx) LockDecrees() error {
	if tx.s.dialect == dialectSQLite {
		return nil // has one writer
	}
	return wrap(tx.db.Exec("LOCK TABLE holiday_decrees IN ACCESS EXCLUSIVE MODE").Error)
}

// OpenCases lists, in id order, the cases under a law whose body still owes something.
func (r *Reader) OpenCases(pack string, after int64, limit int) ([]models.Case, error) {
	return manyBy[models.Case](r, "cases_pack", "id", limit, "pack = ? AND "+open+" AND id > ?", pack, after)
}

// DueOutgoing lists messages to be sent now, the oldest first. With several
// instances, claim them instead (Tx.ClaimOutgoing).
func (r *Reader) DueOutgoing(now time.Time, limit int) ([]models.Outgoing, error) {
	return many[models.Outgoing](r, "id", limit, "sent_at IS NULL AND dead_at IS NULL AND (next_at IS NULL OR next_at <= ?)", now.UTC())
}

// StandingCounts counts open cases an actor may see by standing.
func (r *Reader) StandingCounts(sight models.Sight, body *int64, now time.Time) (map[models.Standing]int64, error) {
	where, args := sightSQL(sight)
	if body != nil {
		where += " AND c.body_id = ?"
		args = append(args, *body)
	}
	now = now.UTC()
	var rows []struct {
		Standing models.Standing
		N        int64
	}
	all := append([]any{now, now.Add(models.DueSoonWithin)}, args...)
	// The same cut as models.StandingOf, over cases without an answer.
	err := r.db.Raw(`SELECT CASE
			WHEN c.due_at IS NULL OR c.state = 'incomplete' THEN 'none'
			WHEN c.answered_at IS NOT NULL AND c.answered_at > c.due_at THEN 'answered_late'
			WHEN c.answered_at IS NOT NULL THEN 'answered'
			WHEN c.due_at < ? THEN 'overdue'
			WHEN c.due_at <= ? THEN 'due_soon'
			ELSE 'on_time' END AS standing, count(*) AS n
		FROM cases c WHERE `+openC+` AND `+where+` GROUP BY 1`, all...).Scan(&rows).Error
	out := map[models.Standing]int64{}
	for _, x := range rows {
		out[x.Standing] = x.N
	}
	return out, wrap(err)
}

// OutcomeCount is how many cases a body answered so in a span of time.
type OutcomeCount struct {
	BodyID  int64
	Kind    models.Kind
	Outcome models.Outcome
	N       int64
	Late    int64 // answered after their due instant
}

// OutcomeCounts counts the cases an actor may see that were answered in [from, to).
func (r *Reader) OutcomeCounts(sight models.Sight, body *int64, from, to time.Time) ([]OutcomeCount, error) {
	where, args := sightSQL(sight)
	if body != nil {
		where += " AND c.body_id = ?"
		args = append(args, *body)
	}
	var rows []OutcomeCount
	all := append([]any{from.UTC(), to.UTC()}, args...)
	err := r.db.Raw(`SELECT c.body_id, c.kind, c.outcome, count(*) AS n,
			sum(CASE WHEN c.due_at IS NOT NULL AND c.answered_at > c.due_at THEN 1 ELSE 0 END) AS late
		FROM cases c WHERE c.answered_at IS NOT NULL AND c.answered_at >= ? AND c.answered_at < ? AND `+where+`
		GROUP BY c.body_id, c.kind, c.outcome ORDER BY c.body_id, c.kind, c.outcome`, all...).Scan(&rows).Error
	return rows, wrap(err)
}
