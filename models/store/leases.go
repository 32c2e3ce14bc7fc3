package store

import (
	"context"
	"time"

	"terang/models"
)

// leadFor is how long a leader is believed without a word; leadEach is how often it
// gives one, and how often the others ask.
const (
	leadFor  = 5 * time.Second
	leadEach = time.Second
)

// Lead runs work on one instance at a time: on the one that holds the lease of that name.
// Its context ends when the lease is lost, and when ctx does; Lead then waits for it. The
// lease of an instance that was killed, stopped or cut off ends after leadFor, and
// another begins. That an old leader does not know yet that it is one no more
// cannot be ruled out, by a lock as little as by a lease: what work writes must hold by
// itself, as Sequence does by comparing and swapping the head.
//
// On SQLite, which one machine writes to, there is nobody to lead: work simply runs.
func (s *Store) Lead(ctx context.Context, name, holder string, work func(context.Context)) {
	if s.dialect == dialectSQLite {
		work(ctx)
		return
	}
	tick := time.NewTicker(leadEach)
	defer tick.Stop()
	for ctx.Err() == nil {
		at := time.Now()
		if got, err := s.lease(ctx, name, holder); err == nil && got {
			s.leading(ctx, name, holder, at, work)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// leading works while the lease holds. Time is that of this process since start: neither a
// clock that is set nor a pause of the process makes it believe for too long.
func (s *Store) leading(ctx context.Context, name, holder string, held time.Time, work func(context.Context)) {
	led, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(led)
	}()
	tick := time.NewTicker(leadEach)
	defer tick.Stop()
	for keep := true; keep; {
		select {
		case <-ctx.Done():
			keep = false
		case <-done:
			keep = false
		case <-tick.C:
			at := time.Now()
			got, err := s.lease(ctx, name, holder)
			if err == nil && got {
				held = at
			}
			keep = err == nil && got || err != nil && time.Since(held) < leadFor
		}
	}
	stop()
	<-done
	// So that the next need not wait. Where that fails, the lease ends by itself.
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), leadEach)
	defer cancel()
	_ = s.WithTx(note, func(tx *Tx) error {
		_, err := tx.exec("UPDATE leases SET until = clock_timestamp() WHERE name = ? AND holder = ?", name, holder)
		return err
	})
}

// lease takes or renews a lease, by the database's clock, which all instances share. A
// lease that seems to run for long was given before that clock was set back, and is over.
func (s *Store) lease(ctx context.Context, name, holder string) (got bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, leadFor/2)
	defer cancel()
	err = s.WithTx(ctx, func(tx *Tx) error {
		secs := leadFor.Seconds()
		n, err := tx.exec(`INSERT INTO leases (name, holder, epoch, until) VALUES (?, ?, 1, clock_timestamp() + make_interval(secs => ?))
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
				epoch = leases.epoch + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
			WHERE leases.holder = excluded.holder OR leases.until < clock_timestamp() OR leases.until > clock_timestamp() + make_interval(secs => ?)`,
			name, holder, secs, 2*secs)
		got = n == 1
		return err
	})
	return got, err
}

// Leader says who holds a lease now; "" for nobody.
func (r *Reader) Leader(name string) (string, error) {
	var holder []string
	now := "clock_timestamp()"
	if r.s.dialect == dialectSQLite {
		now = "CURRENT_TIMESTAMP"
	}
	if err := r.db.Raw("SELECT holder FROM leases WHERE name = ? AND until >= "+now, name).Scan(&holder).Error; err != nil || len(holder) == 0 {
		return "", wrap(err)
	}
	return holder[0], nil
}

// Agree sees to it that every instance on this database has the same value under a name: the
// first to come sets it. It gives what is agreed on.
func (s *Store) Agree(ctx context.Context, name, value string) (agreed string, err error) {
	// Read first: a command that only reads must not write to agree.
	find := func(r *Reader) (string, error) {
		var was []string
		err := r.db.Raw("SELECT value FROM installation WHERE name = ?", name).Scan(&was).Error
		if err != nil || len(was) == 0 {
			return "", wrap(err)
		}
		return was[0], nil
	}
	if agreed, err = find(s.Read(ctx)); err != nil || agreed != "" {
		return agreed, err
	}
	err = s.WithTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec("INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, value); err != nil {
			return err
		}
		agreed, err = find(tx.Reader)
		return err
	})
	return agreed, err
}

// AgreeAnew replaces what instances agree on: where a secret was lost, or changed on purpose.
func (s *Store) AgreeAnew(ctx context.Context, name, value string) error {
	if value == "" {
		return models.Refuse(models.Internal, "nothing_to_agree_on")
	}
	return s.WithTx(ctx, func(tx *Tx) error {
		_, err := tx.exec("INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
		return err
	})
}

// LastEventTime is when the newest event was recorded; zero before the first.
func (r *Reader) LastEventTime() (time.Time, error) {
	e, err := many[models.Event](r, "id DESC", 1, "1 = 1")
	if err != nil || len(e) == 0 {
		return time.Time{}, err
	}
	return e[0].Time, nil
}
