package casework

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// decreed are the decrees an installation has added to its packs, by pack. They are
// read once and again after a change; every copy of a Service shares them.
type decreed struct {
	mu     sync.Mutex
	loaded bool
	rows   int
	sets   map[string]*policies.Decrees
}

// dueOptions are what the body's own circumstances, and decrees newer than the pack, add
// to the law's arithmetic.
func (s *Service) dueOptions(pack string, b *models.Body) policies.DueOptions {
	s.decreed.mu.Lock()
	defer s.decreed.mu.Unlock()
	return policies.DueOptions{CutiBersamaWorking: b.WorksOnCollectiveLeave, Zone: b.Zone, Decrees: s.decreed.sets[pack]}
}

// loadDecrees reads the decrees when that was not done yet, or when another
// process has added one. A Service reads none before its first verb.
func (s *Service) loadDecrees(r *store.Reader, again bool) error {
	s.decreed.mu.Lock()
	defer s.decreed.mu.Unlock()
	if s.decreed.loaded && !again {
		return nil
	}
	rows, err := r.HolidayDecrees()
	if err != nil {
		return err
	}
	if s.decreed.loaded && len(rows) == s.decreed.rows {
		return nil // decrees are only added
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
	s.decreed.sets, s.decreed.rows, s.decreed.loaded = sets, len(rows), true
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

// Recompute works out every running clock anew and moves the dates that differ, each in
// a transaction of its own with an event that says the old date, the new one and
// why. It may be stopped and started again: what was moved stays moved.
func (s *Service) Recompute(ctx context.Context, a models.Actor, why string, moved func(Recomputed)) (checked int, err error) {
	if err := administers(a, policies.ActAdminBodies); err != nil {
		return 0, err
	}
	if why = clean(why); why == "" {
		return 0, &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "why", Code: "required"}}}
	}
	return s.eachDate(ctx, func(row *store.ClockRow, d policies.Deadline) error {
		if d.Due.String() == row.DueOn {
			return nil
		}
		did := false
		err := s.store.WithTx(ctx, func(tx *store.Tx) error {
			c, err := tx.CaseByID(row.CaseID)
			if err != nil {
				return err
			}
			w, err := s.around(tx, models.System, c)
			if err != nil {
				return err
			}
			w.actor = a
			clocks, err := w.running()
			if err != nil {
				return err
			}
			for i := range clocks {
				if clocks[i].ID == row.ID && clocks[i].Running() && clocks[i].DueOn == row.DueOn {
					did = true
					if err := w.redate(&clocks[i], d, why); err != nil {
						return err
					}
				}
			}
			if !did {
				return nil // it stopped or moved meanwhile
			}
			return tx.UpdateCase(c)
		})
		if err == nil && did && moved != nil {
			moved(Recomputed{Reference: row.Reference, Clock: row.Name, Old: row.DueOn, New: d.Due.String(), Why: why})
		}
		return err
	})
}

// redate gives a clock a date worked out anew.
func (w *work) redate(c *models.Clock, d policies.Deadline, why string) error {
	old := c.DueOn
	c.DayOne, c.DueOn, c.DueAt, c.Basis = d.DayOne.String(), d.Due.String(), d.DueAt, basis(d)
	if c.LapsedAt != nil && !w.now.After(c.DueAt) {
		c.LapsedAt = nil // it had run out only by the old list
	}
	if err := w.UpdateClock(c); err != nil {
		return err
	}
	if c.Primary {
		w.c.DueOn, w.c.DueAt = c.DueOn, &c.DueAt
	}
	if err := w.ledger(c, "recomputed", why, "", old, c.DueOn); err != nil {
		return err
	}
	return w.recordClock("deadline.recomputed", c, why, "", old, d.Warnings)
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

// Rederive works out the due date of every running clock from its pack and ledger
// and names the references whose stored date differs.
func (s *Service) Rederive(ctx context.Context) (checked int, mismatched []string, err error) {
	checked, err = s.eachDate(ctx, func(row *store.ClockRow, d policies.Deadline) error {
		if d.Due.String() != row.DueOn || row.Primary && row.CaseDueOn != row.DueOn {
			mismatched = append(mismatched, row.Reference)
		}
		return nil
	})
	return checked, mismatched, err
}
