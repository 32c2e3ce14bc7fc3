package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	msqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	dialectSQLite   = "sqlite"
	dialectPostgres = "postgres"
)

// pureSQLite is gorm's SQLite dialect over the driver written in Go. gorm reads
// error codes out of a field that driver does not export.
type pureSQLite struct{ *sqlite.Dialector }

func (pureSQLite) Translate(err error) error {
	var se *msqlite.Error
	if errors.As(err, &se) {
		switch se.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return gorm.ErrDuplicatedKey
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return gorm.ErrForeignKeyViolated
		case sqlite3.SQLITE_CONSTRAINT_CHECK:
			return gorm.ErrCheckConstraintViolated
		}
	}
	return err
}

// tracer hands statements to Config.Trace and logs nothing itself.
type tracer struct {
	logger.Interface
	trace    func(Statement)
	noValues bool
}

// tracer is what Trace and NoValues make; nil for nothing.
func (c Config) tracer() *tracer {
	if c.Trace == nil {
		return nil
	}
	return &tracer{logger.Discard, c.Trace, c.NoValues}
}

// ParamsFilter is asked by gorm before it writes values into a statement's text.
func (t *tracer) ParamsFilter(_ context.Context, sql string, params ...any) (string, []any) {
	if t.noValues {
		return sql, nil
	}
	return sql, params
}

func (t *tracer) LogMode(logger.LogLevel) logger.Interface { return t }

func (t *tracer) Trace(ctx context.Context, begin time.Time, fc func() (string, int64), err error) {
	t.trace(Statement{Ctx: ctx, SQL: func() string { s, _ := fc(); return s }, Took: time.Since(begin), Err: err})
}

func gormConfig(trace *tracer) *gorm.Config {
	var log logger.Interface = logger.Discard // errors are wrapped and logged once, at the top
	if trace != nil {
		log = trace
	}
	return &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		QueryFields:            true,
		Logger:                 log,
		NowFunc:                func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
}

// openSQLite opens one handle. The writer has one connection: database/sql's queue
// is fair where SQLite's busy handler is not. Its statements are not prepared
// by gorm: with one connection that deadlocks against transactions.
func openSQLite(path string, write bool, conns int, trace *tracer) (*gorm.DB, error) {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)")
	q.Add("_pragma", "journal_mode(WAL)")
	q.Add("_pragma", "synchronous(FULL)") // NORMAL loses the last commits on power loss: they were acknowledged
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_time_format", "sqlite")
	q.Add("_timezone", "UTC")
	if write {
		q.Add("_txlock", "immediate")
		q.Add("_pragma", "cache_size(-32768)")
		q.Add("_pragma", "secure_delete(1)")      // what is erased must not stay readable in the file's free space
		q.Add("_pragma", "temp_store(MEMORY)")    // savepoints of a batch keep their journal in memory
		q.Add("_pragma", "wal_autocheckpoint(0)") // beside, so that no commit waits for it: checkpoint.go
	} else {
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-16384)")
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	cfg := gormConfig(trace)
	cfg.PrepareStmt = !write
	cfg.PrepareStmtMaxSize = 1000 // lists in a condition make a new statement for each length
	db, err := gorm.Open(pureSQLite{sqlite.New(sqlite.Config{DriverName: "sqlite", DSN: dsn}).(*sqlite.Dialector)}, cfg)
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	if write {
		conns = 1
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return db, nil
}

// openPostgres opens one pool twice: for transactions, and for reads, which are asked again where
// their connection turns out to be gone.
func openPostgres(ctx context.Context, dsn string, conns int, trace *tracer, lost *lostConns) (write, read *gorm.DB, err error) {
	pc, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, nil, err
	}
	pc.RuntimeParams["timezone"] = "UTC"
	if pc.RuntimeParams["application_name"] == "" {
		pc.RuntimeParams["application_name"] = "terang"
	}
	// A server that does not answer must not keep a request, nor one of ours that is stopped in
	// the middle of a transaction keep its locks from the others.
	if pc.ConnectTimeout == 0 {
		pc.ConnectTimeout = 5 * time.Second
	}
	if pc.RuntimeParams["idle_in_transaction_session_timeout"] == "" {
		pc.RuntimeParams["idle_in_transaction_session_timeout"] = "15s"
	}
	pool := stdlib.OpenDB(*pc, stdlib.OptionAfterConnect(func(_ context.Context, c *pgx.Conn) error {
		// Without this every time would come back in the server's local zone.
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}), stdlib.OptionShouldPing(func(_ context.Context, p stdlib.ShouldPingParams) bool {
		return p.IdleDuration > time.Second || lost.doubts(p.IdleDuration)
	}))
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	if write, err = gorm.Open(postgres.New(postgres.Config{Conn: pool}), gormConfig(trace)); err == nil {
		read, err = gorm.Open(postgres.New(postgres.Config{Conn: readAgain{pool, lost}}), gormConfig(trace))
	}
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return write, read, nil
}

// lostConns remembers when a connection was last found to be gone: the server was restarted, or
// something between forgot it. Its neighbours in the pool are mostly gone too.
type lostConns struct{ at atomic.Int64 }

// note says whether an error is that of a connection that was gone, rather than of a database that
// cannot be reached.
func (l *lostConns) note(err error) bool {
	var pe *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil, errors.As(err, &connect), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return false
	case errors.As(err, &pe):
		if !serverGone(pe.Code) {
			return false
		}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, pgconn.ErrConnClosed), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
	default:
		return false
	}
	l.at.Store(time.Now().UnixNano())
	return true
}

// doubts says whether a connection that has lain idle for so long may have been lost with the last
// that was: it is asked before it is used.
func (l *lostConns) doubts(idle time.Duration) bool {
	return time.Now().Add(-idle).UnixNano() <= l.at.Load()
}

// readAgain is the pool for reads. One whose connection was gone is sent once more, on one that
// answers: it changed nothing.
type readAgain struct {
	*sql.DB
	lost *lostConns
}

func (p readAgain) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	rows, err := p.DB.QueryContext(ctx, q, args...)
	if p.lost.note(err) {
		return p.DB.QueryContext(ctx, q, args...)
	}
	return rows, err
}

func (p readAgain) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	row := p.DB.QueryRowContext(ctx, q, args...)
	if p.lost.note(row.Err()) {
		return p.DB.QueryRowContext(ctx, q, args...)
	}
	return row
}

// GetDBConn is gorm's way to the pool.
func (p readAgain) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// retriable says whether PostgreSQL asks for the transaction to be run again.
func retriable(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}

func closeDB(db *gorm.DB) error {
	if db == nil {
		return nil
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}
