package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"terang/models"
)

// Each failure of what we stand on has its code, and only a COMMIT without an answer leaves it
// open whether something was kept.
func TestUnavailable(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("x: %w", &pgconn.PgError{Code: code}) }
	for _, c := range []struct {
		what string
		err  error
		code string
		kind models.ErrorKind
	}{
		{"server ends", pg("57P01"), "database_away", models.Unavailable},
		{"server starts", pg("57P03"), "database_away", models.Unavailable},
		{"too many connections", pg("53300"), "database_away", models.Unavailable},
		{"disk full", pg("53100"), "storage_full", models.Unavailable},
		{"reads only", pg("25006"), "read_only", models.Unavailable},
		{"connection reset", &pgconn.ConnectError{}, "database_away", models.Unavailable},
		{"end of file", io.ErrUnexpectedEOF, "database_away", models.Unavailable},
		{"out of time", context.DeadlineExceeded, "database_away", models.Unavailable},
		{"given up by who asked", context.Canceled, "store_failed", models.Internal},
		{"wrong SQL", pg("42601"), "store_failed", models.Internal},
		{"a check of ours", pg("23514"), "store_failed", models.Internal},
		{"no answer to COMMIT", &commitError{io.ErrUnexpectedEOF}, "outcome_unknown", models.Unavailable},
		{"out of time at COMMIT", &commitError{context.DeadlineExceeded}, "outcome_unknown", models.Unavailable},
		{"server ends at COMMIT", &commitError{pg("57P01")}, "outcome_unknown", models.Unavailable},
		{"COMMIT refused", &commitError{pg("23503")}, "store_failed", models.Internal},
		{"COMMIT on a full disk", &commitError{pg("53100")}, "storage_full", models.Unavailable},
		{"COMMIT that rolled back", &commitError{pgx.ErrTxCommitRollback}, "store_failed", models.Internal},
		{"a refusal", models.Refuse(models.Conflict, "stale"), "stale", models.Conflict},
	} {
		if got := wrap(c.err); models.CodeOf(got) != c.code || models.KindOf(got) != c.kind || models.OutcomeUnknown(got) != (c.code == "outcome_unknown") {
			t.Errorf("%s: %s of kind %d, want %s of %d", c.what, models.CodeOf(got), models.KindOf(got), c.code, c.kind)
		}
	}
}

// SQLite's own errors, as its driver gives them.
func TestUnavailableSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	open := func(options string) *sql.DB {
		t.Helper()
		db, err := sql.Open("sqlite", "file:"+path+options)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { db.Close() })
		return db
	}
	db := open("?_pragma=journal_mode(WAL)&_pragma=busy_timeout(1)")
	for _, q := range []string{"CREATE TABLE t (x TEXT)", "PRAGMA max_page_count = 3"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	_, full := db.Exec("INSERT INTO t VALUES (?)", strings.Repeat("x", 100_000))
	_, reads := open("?mode=ro").Exec("INSERT INTO t VALUES ('x')")
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	_, busy := open("?_pragma=busy_timeout(1)").Exec("INSERT INTO t VALUES ('x')")
	for code, err := range map[string]error{"storage_full": full, "read_only": reads, "database_away": busy} {
		if got := models.CodeOf(wrap(err)); got != code {
			t.Errorf("%s, want %s: %v", got, code, err)
		}
		if err == nil || errors.Is(err, sql.ErrNoRows) {
			t.Errorf("%s: nothing failed", code)
		}
	}
}
