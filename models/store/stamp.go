package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// foreignEvery is how often it is asked whether another process wrote. What this process
// wrote is known at once.
const foreignEvery = 200 * time.Millisecond

// stampLate is how old that answer may be before a stamp is not given at all.
const stampLate = 800 * time.Millisecond

// versions is what stamps are made of.
type versions struct {
	mu    sync.Mutex
	conn  *sql.Conn // SQLite's counter is one connection's own
	db    *sql.DB
	last  string
	count uint64
	asked time.Time
	busy  bool
}

// Stamp is the version of the database's content: between two stamps that are equal nothing
// was committed, by this process or another. What was read after a stamp was taken, and
// bears it, is therefore still so as long as Stamp gives the same. A commit of this process
// is in it before its verb returns, one of another within a second. ok is false when
// that cannot be promised.
func (s *Store) Stamp(ctx context.Context) (stamp [2]uint64, ok bool) {
	own := s.commits.Load()
	v := &s.versions
	v.mu.Lock()
	age := time.Since(v.asked)
	if age < foreignEvery || v.busy {
		defer v.mu.Unlock()
		return [2]uint64{own, v.count}, age < stampLate
	}
	v.busy = true
	v.mu.Unlock()

	asked := time.Now()
	last, err := s.foreign(context.WithoutCancel(ctx))

	v.mu.Lock()
	defer v.mu.Unlock()
	v.busy = false
	if err != nil {
		return stamp, false
	}
	v.asked = asked
	if last != v.last {
		v.last = last
		v.count++
	}
	return [2]uint64{own, v.count}, true
}

// foreign is a word that differs whenever what is committed differs. SQLite counts the
// commits of others than the connection that asks. PostgreSQL tells which transactions are
// over: one that wrote has a number, and moves the snapshot when it ends.
func (s *Store) foreign(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, stampLate/2)
	defer cancel()
	var word string
	if s.dialect == dialectPostgres {
		pool, err := s.read.DB()
		if err != nil {
			return "", err
		}
		err = pool.QueryRowContext(ctx, "SELECT CAST(pg_current_snapshot() AS text)").Scan(&word)
		return word, err
	}
	v := &s.versions
	if v.conn == nil {
		handle, err := openSQLite(s.path, false, 1, nil)
		if err != nil {
			return "", err
		}
		if v.db, err = handle.DB(); err != nil {
			return "", err
		}
		if v.conn, err = v.db.Conn(context.WithoutCancel(ctx)); err != nil {
			return "", errors.Join(err, v.db.Close())
		}
	}
	err := v.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&word)
	return word, err
}

func (v *versions) close() error {
	if v.conn == nil {
		return nil
	}
	return errors.Join(v.conn.Close(), v.db.Close())
}
