package store

import (
	"context"
	"sync"
	"time"
)

// foreignEvery is how often it is asked whether another process wrote. What this process
// wrote is known at once.
const foreignEvery = 200 * time.Millisecond

// stampLate is how old that answer may be before a stamp is not given at all.
const stampLate = 800 * time.Millisecond

// stampWait is how long the answer is waited for by the one who asks for it after a while. The
// connection that writes may be at a long piece of work.
const stampWait = 100 * time.Millisecond

// versions is what stamps are made of.
type versions struct {
	mu    sync.Mutex
	last  string
	count uint64
	asked time.Time
	busy  bool
}

// Stamp is the version of the database's content: between two stamps that are equal nothing
// was committed, by this process or another, but that someone looked (see Look). What was read
// after a stamp was taken, and bears it, is therefore still so as long as Stamp gives the same.
// A commit of this process is in it before its verb returns, one of another within a second. ok
// is false when that cannot be promised.
func (s *Store) Stamp(ctx context.Context) (stamp [2]uint64, ok bool) {
	own := s.commits.Load()
	v := &s.versions
	v.mu.Lock()
	if !v.busy && time.Since(v.asked) >= foreignEvery {
		v.busy = true
		answer := make(chan struct{})
		go s.askForeign(context.WithoutCancel(ctx), answer)
		if time.Since(v.asked) >= stampLate { // nobody has asked for a while
			v.mu.Unlock()
			select {
			case <-answer:
			case <-ctx.Done():
			case <-time.After(stampWait):
			}
			v.mu.Lock()
		}
	}
	defer v.mu.Unlock()
	return [2]uint64{own, v.count}, time.Since(v.asked) < stampLate
}

func (s *Store) askForeign(ctx context.Context, answer chan struct{}) {
	asked := time.Now()
	last, err := s.foreign(ctx)
	v := &s.versions
	v.mu.Lock()
	defer v.mu.Unlock()
	v.busy = false
	close(answer)
	if err != nil {
		return
	}
	v.asked = asked
	if last != v.last {
		v.last = last
		v.count++
	}
}

// foreign is a word that differs whenever what others committed differs. SQLite counts the
// commits of others than the connection that asks, here the one that writes. PostgreSQL tells
// which transactions are over, our own among them: one that wrote has a number, and moves the
// snapshot when it ends.
func (s *Store) foreign(ctx context.Context) (word string, err error) {
	if s.dialect == dialectSQLite {
		return s.writer.foreign(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, stampLate/2)
	defer cancel()
	pool, err := s.read.DB()
	if err != nil {
		return "", err
	}
	err = pool.QueryRowContext(ctx, "SELECT CAST(pg_current_snapshot() AS text)").Scan(&word)
	return word, err
}
