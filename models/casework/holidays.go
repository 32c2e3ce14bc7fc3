package casework

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// decreed are the decrees an installation has added to its packs, by pack. They are
// read once and again after a change; every copy of a Service shares them.
type decreed struct {
	mu    sync.Mutex
	rows  int64     // -1 until they were read
	asked time.Time // when the database was last asked how many there are
	sets  map[string]*policies.Decrees
}

// decreesTrusted is how long a page may show dates without having asked whether another
// instance has added a decree. What is written asks each time.
const decreesTrusted = time.Second

// dueOptions are what the body's own circumstances, and decrees newer than the pack, add
// to the law's arithmetic.
func (s *Service) dueOptions(pack string, b *models.Body) policies.DueOptions {
	s.decreed.mu.Lock()
	defer s.decreed.mu.Unlock()
	return policies.DueOptions{CutiBersamaWorking: b.WorksOnCollectiveLeave, Zone: b.Zone, Decrees: s.decreed.sets[pack]}
}

// loadDecrees reads the decrees where there are more than this process knows of: another
// instance may have added one. again asks the database in any case, as a verb does in its own
// transaction; without it an answer of a second ago is good enough.
func (s *Service) loadDecrees(r *store.Reader, again bool) error {
	s.decreed.mu.Lock()
	known, asked := s.decreed.rows, s.decreed.asked
	s.decreed.mu.Unlock()
	at := time.Now()
	if !again && known >= 0 && at.Sub(asked) < decreesTrusted {
		return nil
	}
	n, err := r.CountDecrees()
	if err != nil {
		return err
	}
	if n == known {
		s.decreed.mu.Lock()
		s.decreed.asked = at
		s.decreed.mu.Unlock()
		return nil // decrees are only added
	}
	rows, err := r.HolidayDecrees()
	if err != nil {
		return err
	}
	lists := map[string][]policies.Decree{}
	for _, row := range rows {
		d := policies.Decree{ID: row.Decree, Year: row.Year, Legal: policies.Legal{Article: row.Decree, Source: "added by " + row.By}}
		if err := json.Unmarshal([]byte(row.Days), &d.Days); err != nil {
			return internal("decree_unreadable", err)
		}
		if d.Issued, err = policies.ParseDate(row.Issued); err != nil {
			return internal("decree_unreadable", err)
		}
		lists[row.Pack] = append(lists[row.Pack], d)
	}
	sets := map[string]*policies.Decrees{}
	for pack, list := range lists {
		sets[pack] = policies.NewDecrees(list)
	}
	s.decreed.mu.Lock()
	defer s.decreed.mu.Unlock()
	if n := int64(len(rows)); n > s.decreed.rows {
		s.decreed.sets, s.decreed.rows, s.decreed.asked = sets, n, at
	}
	return nil
}

// DecreeInput is a list of days off for one year, as a decree set it.
type DecreeInput struct {
	Pack   string
	Decree string // its number, as it is cited
	Year   int
	Issued string // YYYY-MM-DD
	List   *policies.HolidayList
}

// AddDecree adds a decree of days off to a pack's own, for every body under it. It
// governs its year from then on; Recompute applies it to clocks already running.
func (s *Service) AddDecree(ctx context.Context, a models.Actor, in DecreeInput) error {
	if err := administers(a, policies.ActAdminBodies); err != nil {
		return err
	}
	in.Decree = clean(in.Decree)
	var c models.Check
	text(&c, "decree", in.Decree, models.MaxName, true)
	_, err := s.packs.Latest(in.Pack)
	c.Field(err == nil, "pack", "pack_unknown", in.Pack)
	issued, err := policies.ParseDate(in.Issued)
	c.Field(err == nil, "issued", "date")
	var d policies.Decree
	if in.List == nil {
		c.Field(false, "list", "required")
	} else {
		var some bool
		d, some = policies.DecreeFrom(in.Decree, in.Year, issued, in.List)
		c.Field(some, "list", "no_day_in_year", strconv.Itoa(in.Year))
	}
	if err := c.Err(); err != nil {
		return err
	}
	now := s.now()
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		// No case is dated by the old list after this one holds: see CountDecrees.
		if err := tx.LockDecrees(); err != nil {
			return err
		}
		row := &models.HolidayDecree{Pack: in.Pack, Decree: in.Decree, Year: in.Year, Issued: in.Issued, Days: toJSON(d.Days), By: a.Label(), CreatedAt: now}
		if err := tx.Insert(row); err != nil {
			if models.CodeOf(err) == "duplicate" {
				return models.Refuse(models.Conflict, "decree_known", in.Decree)
			}
			return err
		}
		w := &work{Tx: tx, s: s, actor: a, now: now, at: now}
		return w.record("holidays.changed", in.Decree, in.Decree, models.EventData{
			New: strconv.Itoa(in.Year), Source: in.Pack, Count: int64(len(d.Days)),
		})
	})
	if err != nil {
		return err
	}
	return s.loadDecrees(s.store.Read(ctx), true)
}

// SetCollectiveLeave says whether a body works on collective leave days (cuti bersama;
// Perpres 21/2023 art. 7 lets units that serve the public differ). Recompute applies it to
// clocks already running.
func (s *Service) SetCollectiveLeave(ctx context.Context, a models.Actor, body string, works bool) error {
	if err := administers(a, policies.ActAdminBodies); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		b, err := tx.BodyBySlug(body)
		if err != nil {
			return err
		}
		if !a.InBody(b.ID) {
			return models.Refuse(models.NotFound, "body_not_found")
		}
		if b.WorksOnCollectiveLeave == works {
			return nil
		}
		b.WorksOnCollectiveLeave = works
		if err := tx.UpdateBody(b); err != nil {
			return err
		}
		w := &work{Tx: tx, s: s, actor: a, now: s.now(), at: s.now(), body: b}
		return w.record("holidays.changed", "cuti bersama", "Perpres 21/2023 art. 6, 7", models.EventData{New: strconv.FormatBool(works)})
	})
}

// Recomputed is one clock whose date moved.
type Recomputed struct {
	Reference string `json:"reference"`
	Clock     string `json:"clock"`
	Old       string `json:"old"`
	New       string `json:"new"`
	Why       string `json:"why"`
}

// recomputeBatch is how many clocks are moved in one transaction.
const recomputeBatch = 2000

// Recompute works out every running clock anew and moves the dates that differ, some
// thousand in a transaction, each with an event that says the old date, the new one and
// why. It may be stopped and started again: what was moved stays moved.
func (s *Service) Recompute(ctx context.Context, a models.Actor, why string, moved func(Recomputed)) (checked int, err error) {
	if err := administers(a, policies.ActAdminBodies); err != nil {
		return 0, err
	}
	if why = clean(why); why == "" {
		return 0, &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "why", Code: "required"}}}
	}
	if moved == nil {
		moved = func(Recomputed) {}
	}
	var batch []redate
	flush := func() error {
		done, err := s.redate(ctx, a, why, batch)
		batch = batch[:0]
		for _, r := range done {
			moved(r)
		}
		return err
	}
	checked, err = s.eachDate(ctx, func(row *store.ClockRow, d policies.Deadline) error {
		if d.Due.String() == row.DueOn {
			return nil
		}
		if batch = append(batch, redate{*row, d}); len(batch) < recomputeBatch {
			return nil
		}
		return flush()
	})
	if err == nil && len(batch) > 0 {
		err = flush()
	}
	return checked, err
}

// redate is a clock with the date it should have.
type redate struct {
	row store.ClockRow
	d   policies.Deadline
}

// redate moves a batch of clocks, with their ledgers and events, and the dates of the
// cases they are primary in. It gives what it moved; a clock that stopped or moved since
// it was read is left alone.
func (s *Service) redate(ctx context.Context, a models.Actor, why string, batch []redate) (done []Recomputed, err error) {
	// Clocks that started at one moment under one law share their explanation.
	type same struct {
		pack, version, clock string
		body                 int64
		started              time.Time
	}
	explained := map[same]string{}
	rows := make([]store.Redated, len(batch))
	ids := make([]int64, len(batch))
	for i, b := range batch {
		rows[i] = store.Redated{
			ClockID: b.row.ID, Version: b.row.Version, CaseID: b.row.CaseID, DayOne: b.d.DayOne.String(), DueOn: b.d.Due.String(),
			DueAt: b.d.DueAt,
		}
		k := same{b.row.Pack, b.row.PackVersion, b.row.Name, b.row.BodyID, b.row.StartedAt}
		if rows[i].Basis = explained[k]; rows[i].Basis == "" || b.row.Moved {
			rows[i].Basis = basis(b.d)
			if !b.row.Moved {
				explained[k] = rows[i].Basis
			}
		}
		ids[i] = b.row.CaseID
	}
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		done = done[:0] // the transaction may be run again
		now := s.now()
		took, err := tx.RedateClocks(rows, now)
		if err != nil {
			return err
		}
		cases, err := tx.CaseHeads(ids)
		if err != nil {
			return err
		}
		var entries []models.ClockEntry
		var events []models.Event
		var primary []store.Redated
		bodies, units := map[int64]*models.Body{}, map[int64]*models.Unit{}
		for i, b := range batch {
			c := cases[b.row.CaseID]
			if !took[b.row.ID] || c == nil {
				continue
			}
			w := &work{Tx: tx, s: s, actor: a, now: now, at: now, c: c}
			if w.body, err = remember(bodies, c.BodyID, tx.Body); err != nil {
				return err
			}
			if c.UnitID != nil {
				if w.unit, err = remember(units, *c.UnitID, tx.Unit); err != nil {
					return err
				}
			}
			if b.row.Primary {
				primary = append(primary, rows[i])
				c.DueOn, c.DueAt = rows[i].DueOn, &rows[i].DueAt
			}
			entries = append(entries, models.ClockEntry{
				ClockID: b.row.ID, CaseID: c.ID, Event: "recomputed", At: now, Why: why, Actor: a.Label(), OldDue: b.row.DueOn, NewDue: rows[i].DueOn,
			})
			data := models.EventData{Old: b.row.DueOn, New: rows[i].DueOn, Warnings: b.d.Warnings}
			e := w.newEvent("deadline.recomputed", why, "", &data)
			e.Clock, e.DueOn = b.row.Name, rows[i].DueOn
			events = append(events, *e)
			if told, ok := informedOf(*e, data); ok {
				events = append(events, told)
			}
			done = append(done, Recomputed{Reference: c.Reference, Clock: b.row.Name, Old: b.row.DueOn, New: rows[i].DueOn, Why: why})
		}
		if len(done) == 0 {
			return nil
		}
		if err := tx.RedateCases(primary, now); err != nil {
			return err
		}
		if err := tx.InsertAll(&entries); err != nil {
			return err
		}
		return tx.AppendAll(events)
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

func remember[T any](known map[int64]*T, id int64, read func(int64) (*T, error)) (*T, error) {
	if v, ok := known[id]; ok {
		return v, nil
	}
	v, err := read(id)
	if err == nil {
		known[id] = v
	}
	return v, err
}

// eachDate works out the date of every running clock from its pinned pack and its
// ledger. Cases received on one day share the work.
func (s *Service) eachDate(ctx context.Context, do func(*store.ClockRow, policies.Deadline) error) (checked int, err error) {
	r := s.store.Read(ctx)
	if err := s.loadDecrees(r, true); err != nil {
		return 0, err
	}
	type key struct {
		pack, version, clock string
		body                 int64
		started              time.Time
	}
	known := map[key]policies.Deadline{}
	bodies := map[int64]*models.Body{}
	for after := int64(0); ; {
		rows, err := r.ClockRows(after, 1000)
		if err != nil || len(rows) == 0 {
			return checked, err
		}
		for i := range rows {
			row := &rows[i]
			after = row.ID
			if bodies[row.BodyID] == nil {
				if bodies[row.BodyID], err = r.Body(row.BodyID); err != nil {
					return checked, err
				}
			}
			k := key{row.Pack, row.PackVersion, row.Name, row.BodyID, row.StartedAt}
			d, ok := known[k]
			if !ok || row.Moved {
				pack, err := s.packs.Version(row.Pack, row.PackVersion)
				if err != nil {
					return checked, internal("pack_missing", err)
				}
				var entries []models.ClockEntry
				if row.Moved {
					if entries, err = r.ClockEntries(row.CaseID); err != nil {
						return checked, err
					}
				}
				if d, err = s.rederive(pack, bodies[row.BodyID], &row.Clock, entries); err != nil {
					return checked, internal("due_date", err)
				}
				d.Days = nil
				if !row.Moved && len(known) < 100_000 {
					known[k] = d
				}
			}
			checked++
			if err := do(row, d); err != nil {
				return checked, err
			}
		}
	}
}

// Dates is what a look at every running clock found.
type Dates struct {
	Checked    int
	Mismatched []string // references whose stored date is not what the ledger gives
	// NoList are the years that running clocks reach without a list of days off, by pack:
	// those dates may be too early, and a decree is to be added.
	NoList []MissingList
}

// MissingList is a year of a pack for which there is no list of days off.
type MissingList struct {
	Pack   string `json:"pack"`
	Year   string `json:"year"`
	Clocks int    `json:"clocks"`
}

// Rederive works out the due date of every running clock from its pack and ledger.
func (s *Service) Rederive(ctx context.Context) (Dates, error) {
	var out Dates
	missing := map[MissingList]int{}
	checked, err := s.eachDate(ctx, func(row *store.ClockRow, d policies.Deadline) error {
		if d.Due.String() != row.DueOn || row.Primary && row.CaseDueOn != row.DueOn {
			out.Mismatched = append(out.Mismatched, row.Reference)
		}
		for _, w := range d.Warnings {
			if year, ok := policies.MissingYear(w); ok {
				missing[MissingList{Pack: row.Pack, Year: year}]++
			}
		}
		return nil
	})
	out.Checked = checked
	for m, n := range missing {
		m.Clocks = n
		out.NoList = append(out.NoList, m)
	}
	slices.SortFunc(out.NoList, func(a, b MissingList) int { return strings.Compare(a.Pack+a.Year, b.Pack+b.Year) })
	return out, err
}
