package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
)

const (
	// A burst of writers shares one commit, and with it one wait for the disk, up to
	// these bounds: beyond them the first would wait too long for the last.
	batchJobs = 128
	batchAge  = 10 * time.Millisecond

	cachedStatements = 400
)

// writer is SQLite's one writing connection. Whoever holds the lock runs its
// transaction on it. When others wait, it leaves the commit to the last of them:
// each is a savepoint, so that one's failure undoes nothing of its neighbours',
// and none returns before the commit that made it durable.
type writer struct {
	db      *gorm.DB
	pool    *preparedConn
	waiting atomic.Int32
	mu      sync.Mutex
	batch   *batch // the open transaction; nil between two

	commits, jobs atomic.Int64 // durable batches, and the transactions in them

	wrote    chan struct{} // holds one while there is something to take into the database's file
	quit     context.CancelFunc
	checking sync.WaitGroup
}

type batch struct {
	begun time.Time
	jobs  int           // those whose work is in it
	done  chan struct{} // closed once it is committed, or failed
	err   error
}

func newWriter(ctx context.Context, db *gorm.DB, path string) (*writer, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, pool: &preparedConn{conn: conn, stmts: map[string]*sql.Stmt{}}, wrote: make(chan struct{}, 1)}
	w.checkpoints(path)
	return w, nil
}

const (
	// How often what the journal holds is taken into the database's file while there are
	// writers, and from how many pages on (64 MB) they are held up for the rest of it, after
	// which the journal begins anew.
	checkpointEvery = 500 * time.Millisecond
	checkpointPages = 16384
)

// checkpoints takes what was committed out of the journal and into the database's file, on a
// connection of its own: SQLite would have a writer do it, and the others wait for two syncs and
// more.
func (w *writer) checkpoints(path string) {
	ctx, cancel := context.WithCancel(context.Background())
	w.quit = cancel
	w.checking.Go(func() {
		var db *gorm.DB
		defer func() { _ = closeDB(db) }()
		for {
			select {
			case <-ctx.Done():
				return
			case <-w.wrote:
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(checkpointEvery):
			}
			if db == nil {
				var err error
				if db, err = openSQLite(path, true, 1, nil); err != nil {
					continue
				}
			}
			pages, err := checkpoint(ctx, db)
			if err == nil && pages >= checkpointPages {
				w.mu.Lock()
				if w.batch != nil {
					w.end()
				}
				_, _ = checkpoint(ctx, db) // what came meanwhile
				w.mu.Unlock()
			}
		}
	})
}

// checkpoint is one, that waits for nobody; it gives the pages in the journal. Where it fails, for lack
// of room perhaps, the next is tried after the next commit.
func checkpoint(ctx context.Context, db *gorm.DB) (pages int, err error) {
	var busy, done int
	err = db.WithContext(ctx).Raw("PRAGMA wal_checkpoint(PASSIVE)").Row().Scan(&busy, &pages, &done)
	return pages, err
}

func (w *writer) close() error {
	w.quit()
	w.checking.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pool.forget()
	return w.pool.conn.Close()
}

// run runs fn as one transaction. It returns once fn's writes are on the disk, or gone.
func (w *writer) run(ctx context.Context, fn func(*gorm.DB) error) error {
	b, err := w.work(ctx, fn)
	if b == nil {
		return err
	}
	<-b.done
	if err != nil {
		return err
	}
	return b.err
}

// work does one job under the lock and, when it is the last of a batch, commits. It
// gives the batch to wait for.
func (w *writer) work(ctx context.Context, fn func(*gorm.DB) error) (b *batch, err error) {
	w.waiting.Add(1)
	w.mu.Lock()
	w.waiting.Add(-1)
	defer func() { // also where fn panicked, or ended its goroutine
		if w.batch != nil && w.mayEnd() {
			w.end()
		}
		w.mu.Unlock()
	}()
	joined := w.batch != nil
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !joined {
		w.pool.trim()
		if err := w.pool.do("BEGIN IMMEDIATE"); err != nil {
			return nil, err
		}
		w.batch = &batch{begun: time.Now(), done: make(chan struct{})}
	} else if err := w.pool.do("SAVEPOINT job"); err != nil {
		return nil, err
	}
	b = w.batch
	kept := false
	defer func() {
		if kept {
			b.jobs++
			return
		}
		w.undo(joined)
	}()
	// A statement cancelled half way would take the whole batch with it: once begun,
	// a job is finished.
	tx := w.db.Session(&gorm.Session{NewDB: true, Context: context.WithoutCancel(ctx)})
	tx.Statement.ConnPool = w.pool
	if err := fn(tx); err != nil {
		return b, err
	}
	if joined {
		if err := w.pool.do("RELEASE job"); err != nil {
			return b, err
		}
	}
	kept = true
	return b, nil
}

// undo takes back one job's work and nothing else. Where even that fails, the
// disk or the memory is at its end and SQLite has given up the transaction.
func (w *writer) undo(joined bool) {
	var err error
	if joined {
		if err = w.pool.do("ROLLBACK TO job"); err == nil {
			err = w.pool.do("RELEASE job")
		}
	} else {
		// The first of a batch is all there is in it.
		err = w.pool.do("ROLLBACK")
		w.finish(nil)
		if err == nil {
			return
		}
	}
	if err != nil {
		_ = w.pool.do("ROLLBACK")
		w.finish(err)
	}
}

func (w *writer) mayEnd() bool {
	return w.waiting.Load() == 0 || w.batch.jobs >= batchJobs || time.Since(w.batch.begun) > batchAge
}

// end commits. After it the batch's writes are durable.
func (w *writer) end() {
	err := w.pool.do("COMMIT")
	if err != nil {
		_ = w.pool.do("ROLLBACK")
		err = &commitError{err}
	}
	w.finish(err)
}

// foreign is SQLite's count of what others than this connection committed.
func (w *writer) foreign(ctx context.Context) (count string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err = w.pool.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&count)
	return count, err
}

func (w *writer) finish(err error) {
	if w.batch != nil {
		if err == nil && w.batch.jobs > 0 {
			w.commits.Add(1)
			w.jobs.Add(int64(w.batch.jobs))
			select {
			case w.wrote <- struct{}{}:
			default:
			}
		}
		w.batch.err = err
		close(w.batch.done)
		w.batch = nil
	}
}

// preparedConn is a connection that keeps the statements it has prepared: parsing
// is a fifth of a filing's work. It is used by one at a time.
type preparedConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// trim forgets the statements when there are too many; between transactions only.
func (p *preparedConn) trim() {
	if len(p.stmts) > cachedStatements {
		p.forget()
	}
}

func (p *preparedConn) forget() {
	for _, s := range p.stmts {
		s.Close()
	}
	clear(p.stmts)
}

func (p *preparedConn) do(q string) error {
	_, err := p.ExecContext(context.Background(), q)
	return err
}

func (p *preparedConn) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if s, ok := p.stmts[q]; ok {
		return s, nil
	}
	s, err := p.conn.PrepareContext(ctx, q)
	if err == nil {
		p.stmts[q] = s
	}
	return s, err
}

// The four methods of gorm.ConnPool.

func (p *preparedConn) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	return p.conn.PrepareContext(ctx, q)
}

func (p *preparedConn) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	if strings.HasPrefix(q, "CREATE ") { // of a migration: once is all
		return p.conn.ExecContext(ctx, q, args...)
	}
	s, err := p.stmt(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (p *preparedConn) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	s, err := p.stmt(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (p *preparedConn) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	s, err := p.stmt(ctx, q)
	if err != nil {
		return p.conn.QueryRowContext(ctx, q, args...) // to give its error
	}
	return s.QueryRowContext(ctx, args...)
}
