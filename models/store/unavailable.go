package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	msqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"terang/models"
)

// commitError is a COMMIT that did not come back with a yes.
type commitError struct{ err error }

func (e *commitError) Error() string { return "commit: " + e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

// unknown says whether the writes may have been kept all the same. Only where the database
// itself said no are they gone for certain: a connection that broke after COMMIT was
// sent, and a disk that failed below SQLite, leave it open.
func (e *commitError) unknown() bool {
	var pe *pgconn.PgError
	var se *msqlite.Error
	switch {
	case errors.Is(e.err, pgx.ErrTxCommitRollback), errors.Is(e.err, sql.ErrTxDone):
		return false
	case errors.As(e.err, &pe):
		return serverGone(pe.Code)
	case errors.As(e.err, &se):
		// What could not be written is not there; where writing went well and
		// syncing did not, nobody knows.
		return se.Code()&0xff == sqlite3.SQLITE_IOERR && se.Code() != sqlite3.SQLITE_IOERR_WRITE
	}
	return true
}

// unavailable gives the code of a failure that will pass, or that an operator must end:
// the database is away, reads only, is out of space. "" for everything else.
func unavailable(err error) string {
	var ce *commitError
	if errors.As(err, &ce) && ce.unknown() {
		return models.CodeOutcomeUnknown
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch {
		case pe.Code == "25006": // read_only_sql_transaction
			return models.CodeReadOnly
		case pe.Code == "53100": // disk_full
			return models.CodeStorageFull
		case serverGone(pe.Code), strings.HasPrefix(pe.Code, "53"), pe.Code == "55P03", pe.Code == "25P03", pe.Code == "57014":
			// Out of connections or memory; a lock not had in time; a transaction given up
			// for idleness, or cancelled for time.
			return models.CodeDatabaseAway
		}
		return ""
	}
	var se *msqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
			return models.CodeStorageFull
		case sqlite3.SQLITE_READONLY:
			return models.CodeReadOnly
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return models.CodeDatabaseAway
		}
		return ""
	}
	var ne net.Error
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &connect), errors.As(err, &ne), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), pgconn.Timeout(err),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, pgconn.ErrConnClosed), errors.Is(err, syscall.EMFILE):
		return models.CodeDatabaseAway
	}
	return ""
}

// serverGone says whether a state means that the server ends, or the connection has.
func serverGone(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", "57P04", "57P05":
		return true
	}
	return strings.HasPrefix(code, "08")
}
