package casework

import (
	"context"
	"time"

	"terang/models"
	"terang/models/store"
)

// ClockSetBack puts on record that the machine's clock was set back, from one time to an
// earlier one: events after it may bear times before those of events that stand in
// front of them, and whoever reads the log can see why.
func (s *Service) ClockSetBack(ctx context.Context, from, to time.Time) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		now := s.now()
		w := &work{Tx: tx, s: s, actor: models.System, now: now, at: now}
		return w.record("clock.set_back", "", "", models.EventData{
			Old: from.UTC().Format(time.RFC3339), New: to.UTC().Format(time.RFC3339),
		})
	})
}

// LastRecorded is the time of the newest event; zero before the first.
func (s *Service) LastRecorded(ctx context.Context) (time.Time, error) {
	return s.store.Read(ctx).LastEventTime()
}
