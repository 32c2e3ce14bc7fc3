package casework

import (
	"context"
	"slices"

	"terang/models"
	"terang/models/store"
)

// Queue is a page of the desk.
func (s *Service) Queue(ctx context.Context, a models.Actor, in QueueInput) (QueuePage, error) {
	f, limit, err := s.queueFilter(a, in)
	if err != nil {
		return QueuePage{}, err
	}
	r, sight := s.store.Read(ctx), models.SightAt(a, s.now())
	if len(f.Terms) > 0 {
		rows, next, short, err := r.Search(sight, f, in.Cursor, limit)
		return QueuePage{Rows: rows, Next: next, Short: short}, err
	}
	rows, next, err := r.Queue(sight, f, in.Cursor, limit)
	return QueuePage{Rows: rows, Next: next}, err
}

// QueuePage is a page of the desk with where the next one starts.
type QueuePage struct {
	Rows  []store.QueueRow
	Next  string
	Short bool // of a search: only the newest confidential cases were looked through
}

// QueueCount is how many cases a queue holds, counted up to a cap.
type QueueCount struct {
	Queue string
	Count int
	More  bool // there are more than Count
}

// Queues in the order the desk shows them.
var Queues = []string{"mine", "unit", "unassigned", "escalated", "due_soon", "overdue", "open", "all"}

// countCap bounds what a counter costs: nobody acts differently on 200 than on 2,000.
const countCap = 200

// QueueCounts counts the queues that have somebody's next move in them.
func (s *Service) QueueCounts(ctx context.Context, a models.Actor) ([]QueueCount, error) {
	var out []QueueCount
	for _, q := range Queues[:6] {
		f, _, err := s.queueFilter(a, QueueInput{Queue: q})
		if err != nil {
			return nil, err
		}
		n, err := s.store.Read(ctx).QueueCount(models.SightAt(a, s.now()), f, countCap)
		if err != nil {
			return nil, err
		}
		out = append(out, QueueCount{Queue: q, Count: n, More: n >= countCap})
	}
	return out, nil
}

func (s *Service) queueFilter(a models.Actor, in QueueInput) (store.QueueFilter, int, error) {
	var c models.Check
	if in.Queue == "" {
		in.Queue = "mine"
	}
	if in.Sort == "" {
		in.Sort = "due"
	}
	c.Field(slices.Contains(Queues, in.Queue), "queue", "not_a_choice")
	c.Field(slices.Contains([]string{"due", "newest", "oldest"}, in.Sort), "sort", "not_a_choice")
	c.Field(in.Kind == "" || slices.Contains(append(slices.Clone(models.FileableKinds), models.Objection), models.Kind(in.Kind)), "kind", "not_a_choice")
	c.Field(in.State == "" || slices.Contains(models.States, models.State(in.State)), "state", "not_a_choice")
	c.Field(in.Class == "" || slices.Contains(models.Classes, models.Class(in.Class)), "class", "not_a_choice")
	text(&c, "q", in.Query, 500, false)
	limit := pageSize(&c, in.Limit)
	return store.QueueFilter{
		Queue: in.Queue, OfficerID: a.OfficerID, UnitIDs: a.UnitIDs, Role: a.Role, ActsAs: a.ActsAs, Now: s.now(), Terms: s.store.Terms(in.Query), Query: in.Query,
		Kind: models.Kind(in.Kind), State: models.State(in.State), Class: models.Class(in.Class), Sort: in.Sort,
	}, limit, c.Err()
}

// pageSize reads a limit: 1 to 100, 50 when not given.
func pageSize(c *models.Check, n int) int {
	c.Field(n >= 0 && n <= 100, "limit", "out_of_range", "1", "100")
	if n == 0 {
		return 50
	}
	return n
}

// Assignable lists who a case may be given to.
func (s *Service) Assignable(ctx context.Context, a models.Actor, ref string) ([]models.Officer, []models.Unit, error) {
	v, err := s.view(ctx, a, ref, false) // asked beside a page of the case
	if err != nil {
		return nil, nil, err
	}
	r := s.store.Read(ctx)
	var officers []models.Officer
	for _, role := range models.Roles {
		if !role.OnChain() {
			continue
		}
		list, err := r.OfficersFor(v.Body.ID, role, v.Case.Classification)
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			list[i].PasswordHash = ""
		}
		officers = append(officers, list...)
	}
	units, err := r.Units(v.Body.ID)
	return officers, units, err
}
