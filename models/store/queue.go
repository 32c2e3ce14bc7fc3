package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"terang/models"
)

// QueueFilter narrows a queue. Its empty value is every case the actor may see.
type QueueFilter struct {
	Queue     string // mine unit unassigned escalated due_soon overdue open published ended all
	OfficerID int64  // mine, escalated: whose
	UnitIDs   []int64
	Role      models.Role
	ActsAs    []models.Role // escalated: roles they hold for others meanwhile
	Now       time.Time     // due_soon, overdue
	Terms     []string      // from Store.Terms: every one must match
	Query     string        // what Terms were made of; a reference in it finds the case
	Kind      models.Kind
	State     models.State
	Class     models.Class
	Outcome   models.Outcome
	Body      *int64
	Sort      string // due (default), newest, oldest. With terms: newest filed first, whatever is asked
}

// QueueRow is a case as a list shows it. The requester is never in it.
type QueueRow struct {
	ID             int64
	Reference      string
	Kind           models.Kind
	Subject        string
	State          models.State
	Outcome        models.Outcome
	Classification models.Class
	ClassConfirmed bool
	DueOn          string
	DueAt          *time.Time
	AnsweredAt     *time.Time
	ReceivedAt     time.Time
	RungLevel      int
	RungRole       models.Role
	RungDueAt      *time.Time
	Anonymity      models.Anonymity
	Version        int64
	BodyID         int64
	UnitID         *int64
	OfficerID      *int64
	OfficerName    string
	UnitName       string
	BodySlug       string
	SealKey        string // of the store
}

const queueColumns = `c.id, c.reference, c.kind, c.subject, c.state, c.outcome, c.classification, c.class_confirmed,
	c.due_on, c.due_at, c.answered_at, c.received_at, c.rung_level, c.rung_role, c.rung_due_at, c.anonymity, c.version,
	c.body_id, c.unit_id, c.officer_id, c.seal_key`

var pageColumns = strings.ReplaceAll(queueColumns, "c.", "p.")

// never is later than every due date: where a case without one stands in the order.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// dueSort is the indexed expression, word for word as in the migrations.
func (s *Store) dueSort() string {
	if s.dialect == dialectPostgres {
		return "coalesce(c.due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00')"
	}
	return "coalesce(c.due_at, '9999-12-31 00:00:00+00:00')"
}

// queueSQL is the condition of a queue without its terms.
func (s *Store) queueSQL(sight models.Sight, f QueueFilter) (string, []any, error) {
	where, args := sightSQL(sight)
	and := func(cond string, a ...any) {
		where += " AND " + cond
		args = append(args, a...)
	}
	now := f.Now.UTC()
	switch f.Queue {
	case "", "all":
	case "open":
		and(openC)
	case "mine":
		and(openC)
		and("c.officer_id = ?", f.OfficerID)
	case "unit":
		if len(f.UnitIDs) == 0 {
			return "1 = 0", nil, nil
		}
		and(openC)
		and("c.unit_id IN ?", f.UnitIDs)
	case "unassigned":
		and(openC)
		and("c.officer_id IS NULL")
	case "escalated":
		// Held by nobody yet, or by the one who asks.
		and("c.rung_level > 0")
		and("c.rung_role IN ?", append([]models.Role{f.Role}, f.ActsAs...))
		and(`NOT EXISTS (SELECT 1 FROM rungs h`+s.by("rungs_held")+` WHERE h.case_id = c.id AND h.role = c.rung_role
			AND h.state = 'acknowledged' AND h.holder_id IS NOT NULL AND h.holder_id <> ?)`, f.OfficerID)
	case "due_soon":
		and(openC)
		and(s.dueSort()+" > ?", now)
		and(s.dueSort()+" <= ?", now.Add(models.DueSoonWithin))
	case "overdue":
		and(openC)
		and(s.dueSort()+" < ?", now)
	case "published":
		and("c.published_at IS NOT NULL")
	case "ended":
		and("c.state IN ('decided', 'closed', 'withdrawn')")
	default:
		return "", nil, &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "queue", Code: "unknown_queue"}}}
	}
	for _, e := range []struct{ column, value string }{
		{"kind", string(f.Kind)}, {"state", string(f.State)}, {"classification", string(f.Class)}, {"outcome", string(f.Outcome)},
	} {
		if e.value != "" {
			and("c."+e.column+" = ?", e.value)
		}
	}
	if f.Body != nil && (sight.BodyID == nil || *sight.BodyID != *f.Body) {
		and("c.body_id = ?", *f.Body)
	}
	return where, args, nil
}

// index is the one that a queue is made for; "" where the order decides.
func (f *QueueFilter) index(sight models.Sight) string {
	switch f.Queue {
	case "mine":
		return "cases_open_officer"
	case "unit":
		if len(f.UnitIDs) > 0 {
			return "cases_open_unit"
		}
	case "escalated":
		return "cases_rung"
	}
	if f.Sort != "" && f.Sort != "due" {
		return ""
	}
	body := sight.Desk && sight.BodyID != nil || f.Body != nil
	switch f.Queue {
	case "unassigned":
		if body {
			return "cases_open_unassigned"
		}
	case "open", "due_soon", "overdue":
		if body {
			return "cases_open_body"
		}
		return "cases_open_all"
	}
	return ""
}

// order is the sort key of a queue.
type order struct {
	kind string // of its cursor
	expr string
	desc bool
}

func (s *Store) orderOf(f QueueFilter) order {
	switch f.Sort {
	case "newest":
		return order{"n", "c.received_at", true}
	case "oldest":
		return order{"o", "c.received_at", false}
	}
	return order{"d", s.dueSort(), false}
}

// Queue lists a page of the cases that sight allows, and the cursor of the next; "" at the end.
func (r *Reader) Queue(sight models.Sight, f QueueFilter, after string, limit int) ([]QueueRow, string, error) {
	limit = pageSize(limit)
	where, args, err := r.s.queueSQL(sight, f)
	if err != nil {
		return nil, "", err
	}
	if len(f.Terms) > 0 {
		rows, next, _, err := r.Search(sight, f, after, limit)
		return rows, next, err
	}
	o := r.s.orderOf(f)
	if after != "" {
		at, id, err := parseTimeCursor(after, o.kind)
		if err != nil {
			return nil, "", err
		}
		cmp := ">"
		if o.desc {
			cmp = "<"
		}
		// The first half says nothing new, but SQLite finds the place in the index by it.
		where += fmt.Sprintf(" AND %s %s= ? AND (%s, c.id) %s (?, ?)", o.expr, cmp, o.expr, cmp)
		args = append(args, at, at, id)
	}
	dir := ""
	if o.desc {
		dir = " DESC"
	}
	page := fmt.Sprintf("SELECT %s, %s AS sort_key FROM cases c%s WHERE %s ORDER BY %s%s, c.id%s LIMIT %d",
		queueColumns, o.expr, r.s.by(f.index(sight)), where, o.expr, dir, dir, limit+1)
	if f.Queue == "unit" && len(f.UnitIDs) > 1 && len(f.UnitIDs) <= 64 {
		page, args = r.unitPages(page, args, f.UnitIDs, dir, limit+1)
	}
	return r.rows(page, "sort_key"+dir+", p.id"+dir, args, limit, func(last *QueueRow) string {
		at := last.ReceivedAt
		if o.kind == "d" {
			at = never
			if last.DueAt != nil {
				at = *last.DueAt
			}
		}
		return timeCursor(o.kind, at, last.ID)
	})
}

// unitPages asks for a page of each unit by its index and merges them: one IN over
// several units would have to sort them all.
func (r *Reader) unitPages(page string, args []any, units []int64, dir string, limit int) (string, []any) {
	const list = "c.unit_id IN ?"
	i := strings.LastIndex(page, list) // sight may hold another before it
	one := page[:i] + "c.unit_id = ?" + page[i+len(list):]
	at := strings.Count(page[:i], "?")
	var parts []string
	var all []any
	for i, u := range units {
		parts = append(parts, fmt.Sprintf("SELECT * FROM (%s) u%d", one, i))
		a := append([]any(nil), args...)
		a[at] = u
		all = append(all, a...)
	}
	return fmt.Sprintf("SELECT * FROM (%s) a ORDER BY sort_key%s, id%s LIMIT %d", strings.Join(parts, " UNION ALL "), dir, dir, limit), all
}

// rows runs a page and joins the names a list shows, after the limit has cut it.
func (r *Reader) rows(page, order string, args []any, limit int, next func(*QueueRow) string) ([]QueueRow, string, error) {
	rows, err := r.listed(page, order, args)
	if err != nil {
		return nil, "", err
	}
	if err := openRows(r, rows[:min(len(rows), limit)]); err != nil {
		return nil, "", err
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	rows = rows[:limit]
	return rows, next(&rows[limit-1]), nil
}

// listed runs a page and joins the names a list shows; what is sealed in it stays sealed.
func (r *Reader) listed(page, order string, args []any) ([]QueueRow, error) {
	rows, err := r.query(`SELECT `+pageColumns+`, coalesce(o.name, ''), coalesce(u.name, ''), b.slug
		FROM (`+page+`) p JOIN bodies b ON b.id = p.body_id
		LEFT JOIN officers o ON o.id = p.officer_id LEFT JOIN units u ON u.id = p.unit_id
		ORDER BY `+order, args...)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	out := make([]QueueRow, 0, 64)
	for rows.Next() {
		var q QueueRow
		if err := rows.Scan(&q.ID, &q.Reference, &q.Kind, &q.Subject, &q.State, &q.Outcome, &q.Classification, &q.ClassConfirmed,
			&q.DueOn, &q.DueAt, &q.AnsweredAt, &q.ReceivedAt, &q.RungLevel, &q.RungRole, &q.RungDueAt, &q.Anonymity, &q.Version,
			&q.BodyID, &q.UnitID, &q.OfficerID, &q.SealKey, &q.OfficerName, &q.UnitName, &q.BodySlug); err != nil {
			return nil, wrap(err)
		}
		out = append(out, q)
	}
	return out, wrap(rows.Err())
}

// QueueCount counts a queue, and stops at most at n.
func (r *Reader) QueueCount(sight models.Sight, f QueueFilter, n int) (int, error) {
	where, args, err := r.s.queueSQL(sight, f)
	if err != nil {
		return 0, err
	}
	if len(f.Terms) == 0 {
		return r.count("cases c"+r.s.by(f.index(sight)), where, args, n)
	}
	m, err := r.matchSQL(sight, where, slices.Clone(args), f)
	if m == nil {
		return 0, err
	}
	count, err := r.count(m.from, m.where, m.args, n)
	if err != nil || count >= n {
		return count, err
	}
	hits, _, err := r.confidentialHits(sight, where, args, f, 0)
	return min(count+len(hits), n), err
}

// count counts rows and stops at most at n.
func (r *Reader) count(from, where string, args []any, n int) (int, error) {
	rows, err := r.query(fmt.Sprintf("SELECT count(*) FROM (SELECT 1 AS one FROM %s WHERE %s LIMIT %d) t", from, where, n), args...)
	if err != nil {
		return 0, wrap(err)
	}
	defer rows.Close()
	count := 0
	for rows.Next() {
		if err := rows.Scan(&count); err != nil {
			return 0, wrap(err)
		}
	}
	return count, wrap(rows.Err())
}
