// Package store keeps the models in SQLite or PostgreSQL. It is the only
// importer of gorm. It knows how things are kept, and no rule of the domain
// but one: what an actor may see becomes a WHERE clause here (sight.go).
package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"terang/models"
)

// Config says where the data is: a SQLite file, or a PostgreSQL URL.
type Config struct {
	Path      string
	URL       string
	ReadConns int             // connections for reads; 0 for a default
	Keys      *MasterKey      // wraps the keys that what is said in cases is sealed under
	Trace     func(Statement) // called after each statement; for metrics and for tests
	// NoValues leaves the values out of Statement.SQL: for whatever leaves the process.
	NoValues bool
	// Around is called before each transaction, and what it gives after it; for traces.
	Around func(context.Context) (context.Context, func(error))
}

// Statement is one statement that ran. SQL has its values in it, unless NoValues is set: it
// is for tests then, and must never be logged.
type Statement struct {
	Ctx  context.Context // it ran under
	SQL  func() string
	Took time.Duration
	Err  error
}

// Store is an open database.
type Store struct {
	dialect string
	write   *gorm.DB
	read    *gorm.DB
	writer  *writer // SQLite's; nil on PostgreSQL
	owed    atomic.Bool
	path    string  // SQLite's file
	tracer  *tracer // nil for none
	around  func(context.Context) (context.Context, func(error))
	keys    *MasterKey
	opened  recently[string, dataKey]
	words   recently[readCase, caseTerms]
	lost    lostConns
	root    atomic.Pointer[rootKeys]

	commits  atomic.Uint64 // of this process; see Stamp
	versions versions
}

// Open opens the database's connections. It does not migrate.
func Open(ctx context.Context, c Config) (*Store, error) {
	switch {
	case c.Keys == nil:
		return nil, errors.New("store: no master key was given")
	case c.URL != "" && c.Path != "":
		return nil, errors.New("store: a SQLite path and a PostgreSQL URL were both given; expected one")
	case c.URL != "":
		conns := c.ReadConns
		if conns <= 0 {
			conns = max(16, 4*runtime.NumCPU())
		}
		s := &Store{around: c.Around, dialect: dialectPostgres, keys: c.Keys}
		var err error
		if s.write, s.read, err = openPostgres(ctx, c.URL, conns, c.tracer(), &s.lost); err != nil {
			return nil, fmt.Errorf("store: open PostgreSQL: %w", err)
		}
		return s, nil
	case c.Path != "":
		conns := c.ReadConns
		if conns <= 0 {
			conns = max(4, runtime.NumCPU())
		}
		w, err := openSQLite(c.Path, true, 1, c.tracer())
		if err != nil {
			return nil, fmt.Errorf("store: open %s: %w", c.Path, err)
		}
		r, err := openSQLite(c.Path, false, conns, c.tracer())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("store: open %s for reading: %w", c.Path, err), closeDB(w))
		}
		one, err := newWriter(ctx, w, c.Path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("store: open %s for writing: %w", c.Path, err), closeDB(r), closeDB(w))
		}
		return &Store{around: c.Around, path: c.Path, tracer: c.tracer(), dialect: dialectSQLite, write: w, read: r, writer: one, keys: c.Keys}, nil
	}
	return nil, errors.New("store: neither a SQLite path nor a PostgreSQL URL was given")
}

// Close closes every connection.
func (s *Store) Close() error {
	if s.writer == nil {
		return closeDB(s.write)
	}
	return errors.Join(s.writer.close(), closeDB(s.read), closeDB(s.write))
}

// Shrink lets go of the pages that SQLite's connections keep in memory: after work that came once.
func (s *Store) Shrink() error {
	if s.writer == nil {
		return nil
	}
	pool, err := s.read.DB()
	if err != nil {
		return wrap(err)
	}
	most := pool.Stats().MaxOpenConnections
	pool.SetMaxIdleConns(-1) // closes those that lie idle
	pool.SetMaxIdleConns(most)
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	if s.writer.batch != nil {
		return nil
	}
	return wrap(s.writer.pool.do("PRAGMA shrink_memory"))
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect }

// Reader reads: from the pool, or inside a transaction with its writes.
type Reader struct {
	s   *Store
	db  *gorm.DB
	met keyring
}

// Read gives a reader on the read pool.
func (s *Store) Read(ctx context.Context) *Reader {
	return &Reader{s: s, db: s.read.WithContext(ctx)}
}

// Tx is one transaction. It has no way back to the pool.
type Tx struct {
	*Reader
	look bool // it may write events and nothing else: see Look
}

const maxTries = 4 // the first and three more

// WithTx runs fn in one transaction: the only way to write. What fn did is durable
// once WithTx has returned nil, and gone otherwise. On PostgreSQL fn runs
// again when the database asks for it, so it must not act on anything outside.
func (s *Store) WithTx(ctx context.Context, fn func(*Tx) error) (err error) {
	// After the commit and before its verb returns; after a failure too, whose outcome may
	// not be known.
	defer s.commits.Add(1)
	return s.transact(ctx, false, fn)
}

// Look is WithTx for the record of a reading: events that no page shows which may be given again.
// It leaves the Stamp as it is, so that who opens a confidential case does not have everybody
// else's pages drawn anew.
func (s *Store) Look(ctx context.Context, fn func(*Tx) error) error { return s.transact(ctx, true, fn) }

func (s *Store) transact(ctx context.Context, look bool, fn func(*Tx) error) (err error) {
	if s.around != nil {
		var end func(error)
		ctx, end = s.around(ctx)
		defer func() { end(err) }()
	}
	for try := 1; ; try++ {
		err := s.once(ctx, look, fn)
		// A connection that was gone before its COMMIT took everything with it.
		var ce *commitError
		gone := s.lost.note(err) && try == 1 && !errors.As(err, &ce)
		if err == nil || !retriable(err) && !gone || try == maxTries {
			return wrap(err)
		}
		select {
		case <-ctx.Done():
			return wrap(ctx.Err())
		case <-time.After(time.Duration(try*try) * 5 * time.Millisecond):
		}
	}
}

func (s *Store) once(ctx context.Context, look bool, fn func(*Tx) error) (err error) {
	if s.writer != nil {
		return s.writer.run(ctx, func(db *gorm.DB) error { return fn(&Tx{&Reader{s: s, db: db}, look}) })
	}
	db := s.write.WithContext(ctx).Begin()
	if db.Error != nil {
		return db.Error
	}
	done := false
	defer func() {
		if !done { // an error or a panic; the panic goes on
			db.Rollback()
		}
	}()
	if err := fn(&Tx{&Reader{s: s, db: db}, look}); err != nil {
		return err
	}
	if err := db.Commit().Error; err != nil {
		return &commitError{err}
	}
	done = true
	return nil
}

// Ready says whether the store can serve: the database answers, its schema is this
// binary's, the log's head agrees with what it stands on.
func (s *Store) Ready(ctx context.Context) error {
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	switch {
	case st.TooNew:
		return models.Refuse(models.Internal, "schema_too_new")
	case len(st.Pending) > 0:
		return models.Refuse(models.Internal, "schema_pending")
	}
	return s.headConsistent(ctx)
}

// wrap makes a failure of the database an Internal error, once. An Error of the
// domain passes as it is, unless the database asked for a retry.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	var me *models.Error
	if errors.As(err, &me) {
		return err
	}
	if code := unavailable(err); code != "" {
		return &models.Error{Kind: models.Unavailable, Code: code, Err: err}
	}
	return &models.Error{Kind: models.Internal, Code: "store_failed", Err: err}
}
