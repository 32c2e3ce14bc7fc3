package casework

import (
	"context"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// sweepBatch is how many rows one look takes; each case is then moved in a
// transaction of its own, so that no filing waits behind a sweep.
const sweepBatch = 200

// idempotencyKept is how long a retried filing gets its first answer.
const idempotencyKept = 48 * time.Hour

// Sweep does everything that time moves, as of now: rungs that lapsed go up,
// clocks that ran out are recorded and open what the law says, decided cases
// whose objection window passed are closed, forgotten drafts are dropped. It is
// idempotent: a second pass at the same instant changes nothing.
func (s *Service) Sweep(ctx context.Context, now time.Time) (SweepReport, error) {
	var r SweepReport
	if err := s.loadDecrees(s.store.Read(ctx), true); err != nil {
		return r, err
	}
	t := *s
	now = now.UTC().Truncate(time.Second)
	t.clock = func() time.Time { return now }
	for _, pass := range []func(context.Context, time.Time, *SweepReport) error{t.sweepRungs, t.sweepClocks, t.sweepExemptions, t.sweepDocuments, t.sweepDrafts, t.sweepRetention, t.sweepAsks} {
		if err := pass(ctx, now, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// forEach does one small transaction on each case, passing over those another
// instance moved first.
func (s *Service) forEach(ctx context.Context, ids []int64, do func(*work) error) error {
	for _, id := range ids {
		err := s.store.WithTx(ctx, func(tx *store.Tx) error {
			c, err := tx.CaseByID(id)
			if err != nil {
				return err
			}
			w, err := s.around(tx, models.System, c)
			if err != nil {
				return err
			}
			if err := do(w); err != nil {
				return err
			}
			return tx.UpdateCase(w.c)
		})
		if err != nil && models.KindOf(err) != models.Conflict {
			return err
		}
	}
	return nil
}

func (s *Service) sweepRungs(ctx context.Context, now time.Time, r *SweepReport) error {
	// A rung that lapsed long ago may lapse again at once on the next: repeat
	// until nothing is past its time.
	for after := int64(0); ; {
		ids, err := s.store.Read(ctx).Lapsed(now, after, sweepBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		if err := s.forEach(ctx, ids, func(w *work) error {
			for w.c.RungLevel > 0 && w.c.RungDueAt != nil && now.After(*w.c.RungDueAt) {
				// It happened when the clock ran out, and the next rung counts from
				// then, even where nothing swept for a day.
				w.at = *w.c.RungDueAt
				if err := w.lapse(); err != nil {
					return err
				}
				r.RungsLapsed++
				if w.c.RungLevel == 0 {
					r.ChainsFailed++
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

func (s *Service) sweepClocks(ctx context.Context, now time.Time, r *SweepReport) error {
	for after := int64(0); ; {
		clocks, err := s.store.Read(ctx).LapsedClocks(now, after, sweepBatch)
		if err != nil || len(clocks) == 0 {
			return err
		}
		for i := range clocks {
			after = clocks[i].ID
			id := clocks[i].ID
			if err := s.forEach(ctx, []int64{clocks[i].CaseID}, func(w *work) error {
				did, err := w.lapseClock(id, now)
				if !did || err != nil {
					return err
				}
				r.ClocksLapsed++
				closed, err := w.closeIfOver()
				if closed {
					r.Closed++
				}
				return err
			}); err != nil {
				return err
			}
		}
	}
}

// lapseClock records that a clock ran out and opens what the pack says follows:
// for an answer that did not come, the requester's time to object.
func (w *work) lapseClock(id int64, now time.Time) (bool, error) {
	clocks, err := w.running()
	if err != nil {
		return false, err
	}
	for i := range clocks {
		c := &clocks[i]
		if c.ID != id || !c.Running() || c.LapsedAt != nil || !now.After(c.DueAt) {
			continue
		}
		law, ok := w.pack.Clock(c.Name)
		if !ok {
			return false, nil
		}
		at := c.DueAt
		w.at = at
		c.LapsedAt = &at
		// What the requester had to do in time is over; what the body owes it still owes.
		if law.Holder != "body" {
			met := false
			c.StoppedAt, c.Met = &at, &met
		}
		if err := w.UpdateClock(c); err != nil {
			return false, err
		}
		if err := w.recordClock("deadline.lapsed", c, "", law.Article, "", nil); err != nil {
			return false, err
		}
		if law.OnLapse.Opens != "" {
			if err := w.startNamed(law.OnLapse.Opens); err != nil {
				return false, err
			}
		}
		if law.OnLapse.Effect == "withdrawn" && w.c.Can(models.ActWithdraw) {
			if err := w.c.Move(models.ActWithdraw); err != nil {
				return false, err
			}
			w.c.ClosedAt = &at
			if err := w.record("case.withdrawn", "not completed in time", law.OnLapse.Article, models.EventData{}); err != nil {
				return false, err
			}
		}
		if c.Primary {
			return true, w.tell("lapsed", w.notice(""))
		}
		return true, nil
	}
	return false, nil
}

// expiryNotice is how many working days before an exemption ends its end must be decided
// on (PP 61/2010 art. 11(2)).
const expiryNotice = 30

// sweepExemptions opens what an exemption no longer covers: undecided at its end,
// information opens by itself (PP 61/2010 art. 11(3)). Thirty working days before,
// the body is told.
func (s *Service) sweepExemptions(ctx context.Context, now time.Time, r *SweepReport) error {
	// 30 working days never span more than 90 days of the calendar.
	horizon := policies.DateOf(now, time.UTC).AddDays(90).String()
	for after := int64(0); ; {
		ids, err := s.store.Read(ctx).Expiring(horizon, after, sweepBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		if err := s.forEach(ctx, ids, func(w *work) error {
			did, err := w.expire(now)
			if did {
				r.Expired++
			}
			return err
		}); err != nil {
			return err
		}
	}
}

func (w *work) expire(now time.Time) (bool, error) {
	end, err := policies.ParseDate(w.c.ClassExpiresOn)
	if err != nil {
		return false, internal("expiry_unreadable", err)
	}
	over, left := w.ended(end, now)
	if !over {
		return false, w.endingSoon(w.c.ClassExpiresOn, left, models.EventData{Exemptions: []string{w.c.Exemption}})
	}
	if err := w.c.Move(models.ActClassify); err != nil {
		return false, err
	}
	if err := w.inherit(); err != nil {
		return false, err
	}
	was := w.c.Classification
	row := &models.Classified{CaseID: w.c.ID, Class: models.Public, Was: was, Article: "PP 61/2010 art. 11(3)",
		Reason: "the exemption ended on " + w.c.ClassExpiresOn, By: w.actor.Label(), At: w.at}
	if err := w.Insert(row); err != nil {
		return false, err
	}
	data := models.EventData{Old: string(was), New: string(models.Public), Exemptions: []string{w.c.Exemption}}
	w.c.Classification, w.c.Exemption, w.c.ClassExpiresOn, w.c.ClassConfirmed = models.Public, "", "", true
	if err := w.record("classification.expired", row.Reason, row.Article, data); err != nil {
		return false, err
	}
	if err := w.followClass(was); err != nil {
		return false, err
	}
	return true, w.IndexCase(w.c)
}

// closeIfOver closes a decided case when nothing is left for its requester to do
// in time, and no objection is being handled.
func (w *work) closeIfOver() (bool, error) {
	if w.c.State != models.StateDecided {
		return false, nil
	}
	clocks, err := w.running()
	if err != nil {
		return false, err
	}
	for _, c := range clocks {
		if law, ok := w.pack.Clock(c.Name); ok && c.Running() && law.Holder != "body" {
			return false, nil // the requester may still act, or a body outside has it
		}
	}
	children, err := w.Children(w.c.ID)
	if err != nil {
		return false, err
	}
	for _, child := range children {
		if !child.State.Ended() {
			return false, nil
		}
	}
	if err := w.close("the requester's time has passed"); err != nil {
		return false, err
	}
	if w.c.ParentID == nil {
		return true, nil
	}
	// With its objection over, the challenged case has nothing left to wait for.
	p, err := w.CaseByID(*w.c.ParentID)
	if err != nil {
		return false, err
	}
	pw, err := w.s.around(w.Tx, models.System, p)
	if err != nil {
		return false, err
	}
	if err := w.UpdateCase(w.c); err != nil { // so that the parent sees it closed
		return false, err
	}
	if closed, err := pw.closeIfOver(); err != nil || !closed {
		return true, err
	}
	return true, w.UpdateCase(p)
}

func (s *Service) sweepDrafts(ctx context.Context, now time.Time, r *SweepReport) error {
	// What protects a retry or a sign-in for a while is forgotten after it.
	if err := s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.DeleteExpired(now, now.Add(-idempotencyKept)) }); err != nil {
		return err
	}
	for {
		drafts, err := s.store.Read(ctx).StaleDrafts(now.Add(-models.DraftKeptFor), sweepBatch)
		if err != nil || len(drafts) == 0 {
			return err
		}
		for _, d := range drafts {
			var docs []models.Attachment
			err := s.store.WithTx(ctx, func(tx *store.Tx) error {
				var err error
				if docs, err = tx.DraftAttachments(d.ID); err != nil {
					return err
				}
				return dropDraft(tx, d.ID, docs)
			})
			if err != nil {
				return err
			}
			if err := s.deleteFiles(ctx, docs); err != nil {
				return err
			}
			r.DraftsDropped++
		}
	}
}
