package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"gorm.io/gorm/clause"

	"terang/models"
)

// JobOptions are what a job may say beside its kind and payload.
type JobOptions struct {
	// DedupeKey lets one job at most be put in under it, such as "digest:12:2026-03-31":
	// work that must happen once a day needs no leader.
	DedupeKey string
	// RunAt is when it is due; zero for at once.
	RunAt time.Time
}

// Enqueue puts a job in, in the transaction of what made it necessary: there is no job
// without its cause, nor the other way. It says false where one with the same DedupeKey was
// put in before.
func (tx *Tx) Enqueue(kind, payload string, now time.Time, o JobOptions) (bool, error) {
	j := models.Job{Kind: kind, Payload: payload, CreatedAt: now, RunAt: o.RunAt, LeaseTo: time.Unix(0, 0)}
	if j.RunAt.IsZero() {
		j.RunAt = now
	}
	if o.DedupeKey != "" {
		j.DedupeKey = &o.DedupeKey
	}
	trimTimes(&j)
	res := tx.db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "dedupe_key"}}, DoNothing: true}).Create(&j)
	return res.RowsAffected == 1, wrap(res.Error)
}

// leaseLimit is longer than any lease. One that seems to run longer was given before a
// clock was set back, and counts as over.
const leaseLimit = time.Hour

// ClaimJobs takes due jobs of some kinds, the oldest first, and keeps them from other
// instances until the lease ends; who dies gives them back by silence. No transaction
// stays open while they are worked on.
func (s *Store) ClaimJobs(ctx context.Context, kinds []string, by string, now time.Time, lease time.Duration, limit int) ([]models.Job, error) {
	now = now.UTC().Truncate(time.Microsecond)
	lock := ""
	if s.dialect == dialectPostgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	var jobs []models.Job
	if s.dialect == dialectSQLite {
		// Looked for on the read side first: what finds nothing must not wait for the disk.
		var n int64
		err := s.read.WithContext(ctx).Raw("SELECT count(*) FROM (SELECT 1 FROM jobs WHERE kind IN ? AND done_at IS NULL AND dead_at IS NULL AND run_at <= ? LIMIT 1) j", kinds, now).Scan(&n).Error
		if err != nil || n == 0 {
			return nil, wrap(err)
		}
	}
	err := s.WithTx(ctx, func(tx *Tx) error {
		jobs = nil
		return tx.db.Raw(`UPDATE jobs SET lease_to = ?, leased_by = ?, attempts = attempts + 1 WHERE id IN (SELECT id FROM jobs
			WHERE kind IN ? AND done_at IS NULL AND dead_at IS NULL AND run_at <= ? AND (lease_to <= ? OR lease_to > ?)
			ORDER BY run_at, id LIMIT ?`+lock+`) RETURNING *`,
			now.Add(min(lease, leaseLimit)), by, kinds, now, now, now.Add(leaseLimit), limit).Scan(&jobs).Error
	})
	return jobs, err
}

// RenewJob keeps a job for longer. Conflict "lease_lost" means that another has it, or that
// it is done: stop.
func (s *Store) RenewJob(ctx context.Context, j *models.Job, until time.Time) error {
	return s.WithTx(ctx, func(tx *Tx) error {
		if err := tx.ours(j, "lease_to = ?", until.UTC()); err != nil {
			return err
		}
		j.LeaseTo = until
		return nil
	})
}

// FinishJob notes that a job is done: in the transaction of its effect, so that the effect
// happens once. Conflict "lease_lost" undoes both. A job already noted as done by the
// same claim is no error.
func (tx *Tx) FinishJob(j *models.Job, now time.Time) error {
	if j.DoneAt != nil {
		return nil
	}
	now = now.UTC().Truncate(time.Microsecond)
	if err := tx.ours(j, "done_at = ?", now); err != nil {
		return err
	}
	j.DoneAt = &now
	return nil
}

// FailJob notes why a job was not done and when to try again; a zero next gives it up.
func (s *Store) FailJob(ctx context.Context, j *models.Job, why string, now, next time.Time) error {
	return s.WithTx(ctx, func(tx *Tx) error {
		if next.IsZero() {
			return tx.ours(j, "dead_at = ?, last_error = ?", now.UTC(), why)
		}
		return tx.ours(j, "run_at = ?, lease_to = ?, last_error = ?", next.UTC(), now.UTC(), why)
	})
}

// ours changes a job only while this claim of it holds: attempts tells one claim from the next.
func (tx *Tx) ours(j *models.Job, set string, args ...any) error {
	n, err := tx.exec("UPDATE jobs SET "+set+" WHERE id = ? AND leased_by = ? AND attempts = ? AND done_at IS NULL AND dead_at IS NULL",
		append(args, j.ID, j.LeasedBy, j.Attempts)...)
	if err == nil && n == 0 {
		return models.Refuse(models.Conflict, "lease_lost")
	}
	return err
}

// JobDepth is how much of one kind waits.
type JobDepth struct {
	Kind    string
	Waiting int64
	Dead    int64
}

// JobDepths counts what waits and what was given up, by kind.
func (r *Reader) JobDepths() ([]JobDepth, error) {
	var d []JobDepth
	err := r.db.Raw(`SELECT kind, sum(CASE WHEN dead_at IS NULL THEN 1 ELSE 0 END) AS waiting, sum(CASE WHEN dead_at IS NULL THEN 0 ELSE 1 END) AS dead
		FROM jobs WHERE done_at IS NULL GROUP BY kind ORDER BY kind`).Scan(&d).Error
	return d, wrap(err)
}

// DeleteJobs forgets jobs that were done before an instant.
func (tx *Tx) DeleteJobs(doneBefore time.Time) error {
	_, err := tx.exec("DELETE FROM jobs WHERE done_at < ?", doneBefore.UTC())
	return err
}

// Worker does jobs as they fall due.
type Worker struct {
	// By names the instance; no two that run at one time may share it.
	By string
	// Do is what to do for each kind. It may be asked twice for one job. Where its effect is a
	// row, it calls Tx.FinishJob in the same transaction. The context ends with the lease.
	Do map[string]func(context.Context, *models.Job) error
	// Attempts is how many before a job is given up; 0 for 12, which with the pauses
	// between them is about six hours.
	Attempts int
	// Lease is how long silence means death; 0 for half a minute.
	Lease time.Duration
	// Every is how often to look; 0 for a second.
	Every time.Duration
	// AtOnce is how many jobs are under way at one time; 0 for 4.
	AtOnce int
	// Failed hears of each failure; nil for nobody.
	Failed func(j models.Job, err error)
	Now    func() time.Time
}

// Work runs until ctx ends, and then waits for what is under way, whose contexts end too.
func (s *Store) Work(ctx context.Context, w Worker) {
	w.defaults()
	kinds := make([]string, 0, len(w.Do))
	for k := range w.Do {
		kinds = append(kinds, k)
	}
	free := make(chan struct{}, w.AtOnce)
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		room := w.AtOnce - len(free)
		var jobs []models.Job
		if room > 0 {
			var err error
			if jobs, err = s.claimWithin(ctx, kinds, w, room); err != nil {
				w.Failed(models.Job{}, err)
			}
		}
		for i := range jobs {
			free <- struct{}{}
			wg.Go(func() {
				defer func() { <-free }()
				s.work(ctx, w, &jobs[i])
			})
		}
		if room > 0 && len(jobs) == room {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (w *Worker) defaults() {
	if w.Attempts == 0 {
		w.Attempts = 12
	}
	if w.Lease == 0 {
		w.Lease = 30 * time.Second
	}
	if w.Every == 0 {
		w.Every = time.Second
	}
	if w.AtOnce == 0 {
		w.AtOnce = 4
	}
	if w.Failed == nil {
		w.Failed = func(models.Job, error) {}
	}
	if w.Now == nil {
		w.Now = time.Now
	}
}

// noteWithin bounds what is asked of a database that may be away.
const noteWithin = 5 * time.Second

func (s *Store) claimWithin(ctx context.Context, kinds []string, w Worker, limit int) ([]models.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	jobs, err := s.ClaimJobs(ctx, kinds, w.By, w.Now(), w.Lease, limit)
	if err != nil && ctx.Err() != nil {
		return nil, nil
	}
	return jobs, err
}

// work does one job and notes how it went. A note that cannot be written is not lost: the
// lease ends and the job is done again.
func (s *Store) work(ctx context.Context, w Worker, j *models.Job) {
	held, drop := context.WithCancel(ctx)
	beat := make(chan struct{})
	go func() {
		defer close(beat)
		s.beat(held, drop, w, *j)
	}()
	err := run(held, w.Do[j.Kind], j)
	drop()
	<-beat
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	now := w.Now()
	if err == nil {
		if j.DoneAt == nil {
			err = s.WithTx(note, func(tx *Tx) error { return tx.FinishJob(j, now) })
			if models.CodeOf(err) != "lease_lost" && err != nil {
				w.Failed(*j, err)
			}
		}
		return
	}
	w.Failed(*j, err)
	next := now.Add(pauseAfter(j.Attempts))
	if j.Attempts >= w.Attempts {
		next = time.Time{}
	}
	if ctx.Err() != nil {
		next = now // stopped, not failed: another may have it at once
	}
	if err := s.FailJob(note, j, err.Error(), now, next); err != nil && models.CodeOf(err) != "lease_lost" {
		w.Failed(*j, err)
	}
}

// beat renews a lease until the work ends, and ends the work when the lease is lost.
func (s *Store) beat(ctx context.Context, drop func(), w Worker, j models.Job) {
	tick := time.NewTicker(w.Lease / 3)
	defer tick.Stop()
	held := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at := time.Now()
		asked, cancel := context.WithTimeout(ctx, w.Lease/3)
		err := s.RenewJob(asked, &j, w.Now().Add(w.Lease))
		cancel()
		switch {
		case err == nil:
			held = at
		case models.CodeOf(err) == "lease_lost", time.Since(held) > w.Lease:
			drop()
			return
		}
	}
}

// run turns a panic of a job into its failure.
func run(ctx context.Context, do func(context.Context, *models.Job) error, j *models.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do(ctx, j)
}

// pauseAfter grows from five seconds to an hour.
func pauseAfter(attempts int) time.Duration {
	return min(time.Hour, 5*time.Second<<min(attempts-1, 12))
}
