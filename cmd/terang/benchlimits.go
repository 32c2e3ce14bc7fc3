package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/spf13/cobra"

	"terang/models"
	"terang/models/store"
)

// limitSpan is the longest that one limit is measured.
const limitSpan = 5 * time.Second

const (
	limitConstant = "Fiber answering a constant of the same size"
	limitCommit   = "the same rows, one commit a filing, without our code"
	limitBatched  = "the same rows, 64 filings a commit, without our code"
)

// limits measures what the machine can do, after the server has stopped.
func (d *benchDriver) limits(ctx context.Context) error {
	if err := d.constants(ctx); err != nil {
		return fmt.Errorf("limit of pages: %w", err)
	}
	if d.o.url != "" {
		return nil // its database is not ours to read
	}
	file, decide := d.report.Workloads["file"], d.report.Workloads["decide"]
	if file != nil || decide != nil {
		one, many, err := d.rawFilings(ctx)
		if err != nil {
			return fmt.Errorf("limit of filing: %w", err)
		}
		for _, m := range []*benchMeasure{file, decide} {
			if m != nil {
				m.against(limitCommit, one)
				m.against(limitBatched, many)
			}
		}
	}
	if m := d.report.Workloads["export"]; m != nil {
		name, rate, err := d.dump(ctx)
		if err != nil {
			return fmt.Errorf("limit of the export: %w", err)
		}
		m.against(name, rate)
	}
	return nil
}

// benchConstantCommand is the least a server can do: the limit of a page.
func benchConstantCommand() *cobra.Command {
	return &cobra.Command{
		Use: "constant", Hidden: true, Args: exactly(), Short: "Serve constants, to measure pages against",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			app := fiber.New(fiber.Config{DisableStartupMessage: true})
			var pages sync.Map
			app.Get("/:n", func(c *fiber.Ctx) error {
				name := c.Params("n")
				page, ok := pages.Load(name)
				if !ok {
					n, err := strconv.Atoi(name)
					if err != nil || n < 0 || n > 16<<20 {
						return fiber.ErrNotFound
					}
					page, _ = pages.LoadOrStore(strings.Clone(name), bytes.Repeat([]byte("x"), n))
				}
				c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
				c.Response().SetBodyRaw(page.([]byte))
				return nil
			})
			stop := context.AfterFunc(cmd.Context(), func() { _ = app.ShutdownWithTimeout(time.Second) })
			defer stop()
			fmt.Fprintf(cmd.OutOrStdout(), "listening on http://%s\n", ln.Addr())
			return app.Listener(ln)
		},
	}
}

// constants asks a server of constants for pages of the sizes that ours had.
func (d *benchDriver) constants(ctx context.Context) error {
	var names []string
	for _, name := range d.report.names() {
		if w, _, _ := strings.Cut(name, "_"); w == "file" || w == "decide" || w == "export" || d.report.Workloads[name].Bytes == 0 {
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil
	}
	server, err := startBenchServer(ctx, d.o, "bench", "constant")
	if err != nil {
		return err
	}
	defer server.stop()
	c := &benchDriver{o: d.o, server: server, report: &benchReport{Workloads: map[string]*benchMeasure{}}}
	if c.http, err = c.connect(); err != nil {
		return err
	}
	for _, name := range names {
		w := d.report.Workloads[name]
		page := benchPage{path: "/" + strconv.Itoa(w.Bytes), must: []byte("x"), rows: -1}
		m := c.measure(ctx, name, min(d.o.duration, limitSpan), func(c *benchClient) (int, error) { return c.get(&page) })
		if m.Errors > 0 {
			return errors.New(c.firstError())
		}
		w.against(limitConstant, m.Rate)
	}
	return nil
}

// rawTable is the rows of one table that a filing writes, as they were read.
type rawTable struct {
	name    string
	columns []string
	rows    [][]any
}

// rawFiling reads what one filing of this run wrote, table by table.
func (d *benchDriver) rawFiling(ctx context.Context, db *sql.DB) ([]rawTable, error) {
	if len(d.filed) == 0 {
		return nil, errors.New("no case was filed in this run")
	}
	var id int64
	ref := d.filed[len(d.filed)-1].Reference
	if err := db.QueryRowContext(ctx, "SELECT id FROM cases WHERE reference = "+quoted(ref)).Scan(&id); err != nil {
		return nil, err
	}
	words := []struct{ table, query string }{{"case_words", "SELECT * FROM case_words WHERE id = %d"}, {"case_fts", "SELECT id AS rowid, trim(terms) AS terms FROM case_words WHERE id = %d"}}
	if d.o.Database != "" {
		words = words[:1]
		words[0] = struct{ table, query string }{"case_fts", "SELECT id, CAST(terms AS text) AS terms FROM case_fts WHERE id = %d"}
	}
	queries := append([]struct{ table, query string }{
		{"requesters", "SELECT r.* FROM requesters r JOIN cases c ON c.requester_id = r.id WHERE c.id = %d"},
		{"cases", "SELECT * FROM cases WHERE id = %d"},
		{"clocks", "SELECT * FROM clocks WHERE case_id = %d"},
		{"clock_entries", "SELECT * FROM clock_entries WHERE case_id = %d"},
		{"classifieds", "SELECT * FROM classifieds WHERE case_id = %d"},
		{"outgoings", "SELECT * FROM outgoings WHERE case_id = %d"},
		{"events", "SELECT * FROM events WHERE case_id = %d"},
		{"idempotencies", "SELECT * FROM idempotencies WHERE answer = (SELECT reference FROM cases WHERE id = %d)"},
	}, words...)
	var out []rawTable
	for _, q := range queries {
		t := rawTable{name: q.table}
		rows, err := db.QueryContext(ctx, fmt.Sprintf(q.query, id))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.table, err)
		}
		t.columns, _ = rows.Columns()
		for rows.Next() {
			values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			t.rows = append(t.rows, values)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// rawFilings writes a filing's rows into an empty database of the same schema, through
// database/sql and prepared statements and nothing of ours: the disk's own rate.
func (d *benchDriver) rawFilings(ctx context.Context) (one, many float64, err error) {
	from, err := d.rawOpen(d.o.Database, filepath.Join(d.o.Data, databaseName))
	if err != nil {
		return 0, 0, err
	}
	defer from.Close()
	tables, err := d.rawFiling(ctx, from)
	if err != nil {
		return 0, 0, err
	}
	for _, batch := range []int{1, 64} {
		rate, err := d.rawRate(ctx, from, tables, batch)
		if err != nil {
			return 0, 0, err
		}
		if batch == 1 {
			one = rate
		} else {
			many = rate
		}
	}
	return one, many, nil
}

func (d *benchDriver) rawOpen(database, path string) (*sql.DB, error) {
	if database != "" {
		return sql.Open("pgx", database)
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32768)"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_txlock": {"immediate"}}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
}

const rawSchema = "terang_bench_raw"

// rawRate measures filings a second with so many a commit.
func (d *benchDriver) rawRate(ctx context.Context, from *sql.DB, tables []rawTable, batch int) (rate float64, err error) {
	dir, err := os.MkdirTemp(d.o.Data, "limit-") // on the same disk
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	cfg := store.Config{}
	if cfg.Keys, err = store.OpenMasterKey(filepath.Join(dir, masterKeyName)); err != nil {
		return 0, err
	}
	clients := 1 // SQLite has one writer
	if d.o.Database != "" {
		u, err := url.Parse(d.o.Database)
		if err != nil {
			return 0, err
		}
		if _, err := from.ExecContext(ctx, "DROP SCHEMA IF EXISTS "+rawSchema+" CASCADE; CREATE SCHEMA "+rawSchema); err != nil {
			return 0, err
		}
		defer func() {
			_, e := from.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA "+rawSchema+" CASCADE")
			err = errors.Join(err, e)
		}()
		q := u.Query()
		q.Set("search_path", rawSchema)
		u.RawQuery = q.Encode()
		cfg.URL, clients = u.String(), d.o.concurrency
	} else {
		cfg.Path = filepath.Join(dir, databaseName)
	}
	st, err := store.Open(ctx, cfg)
	if err != nil {
		return 0, err
	}
	_, err = st.Migrate(ctx)
	if err = errors.Join(err, st.Close()); err != nil {
		return 0, err
	}
	db, err := d.rawOpen(cfg.URL, cfg.Path)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(clients)
	if cfg.URL != "" { // the rows point at bodies and units that are not here
		if err := dropForeignKeys(ctx, db); err != nil {
			return 0, err
		}
	}
	var filed, next atomic.Int64
	errs := make([]error, clients)
	var wg sync.WaitGroup
	begun := time.Now()
	end := begun.Add(min(d.o.duration, limitSpan))
	for i := range clients {
		wg.Go(func() { errs[i] = rawClient(ctx, db, tables, batch, end, &next, &filed, cfg.URL != "") })
	}
	wg.Wait()
	return float64(filed.Load()) / time.Since(begun).Seconds(), errors.Join(errs...)
}

func dropForeignKeys(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
		WHERE contype = 'f' AND connamespace = '`+rawSchema+`'::regnamespace`)
	if err != nil {
		return err
	}
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return errors.Join(err, rows.Close())
		}
		all = append(all, s)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, s := range all {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func rawClient(ctx context.Context, db *sql.DB, tables []rawTable, batch int, end time.Time, next, filed *atomic.Int64, numbered bool) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stmts := make([]*sql.Stmt, len(tables))
	for i, t := range tables {
		marks, names := make([]string, len(t.columns)), make([]string, len(t.columns))
		for j := range t.columns {
			marks[j], names[j] = "?", `"`+t.columns[j]+`"`
			if numbered {
				marks[j] = "$" + strconv.Itoa(j+1)
				if t.name == "case_fts" && t.columns[j] == "terms" {
					marks[j] = "CAST(" + marks[j] + "::text AS tsvector)"
				}
			}
		}
		if stmts[i], err = conn.PrepareContext(ctx, "INSERT INTO "+t.name+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")"); err != nil {
			return err
		}
		defer stmts[i].Close()
	}
	for time.Now().Before(end) {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for range batch {
			if err := rawInsert(ctx, tx, tables, stmts, next.Add(1)); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		filed.Add(int64(batch))
	}
	return nil
}

func rawInsert(ctx context.Context, tx *sql.Tx, tables []rawTable, stmts []*sql.Stmt, n int64) error {
	for i, t := range tables {
		for k, row := range t.rows {
			args := make([]any, len(row))
			for j, column := range t.columns {
				switch column {
				case "id", "rowid":
					args[j] = n*int64(len(t.rows)) + int64(k)
					if t.name == "cases" || t.name == "case_words" || t.name == "case_fts" {
						args[j] = n
					}
				case "case_id":
					args[j] = n
				case "reference":
					args[j] = row[j]
					if t.name == "cases" {
						args[j] = models.NewReference()
					}
				case "key":
					args[j] = row[j]
					if t.name == "idempotencies" {
						args[j] = strconv.FormatInt(n, 36)
					}
				case "leaf":
					args[j] = nil
				default:
					args[j] = row[j]
				}
			}
			if _, err := tx.StmtContext(ctx, stmts[i]).ExecContext(ctx, args...); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return nil
}

// dumpColumns are the columns of the compliance log as they lie in the table.
const dumpColumns = `leaf, time, kind, reference, case_kind, body, unit, actor_role, actor, classification, state, outcome,
	clock, due_on, standing, pack, pack_version, article, reason, leaf_hash`

// dump writes the events as CSV by other means, and gives rows a second.
func (d *benchDriver) dump(ctx context.Context) (string, float64, error) {
	if d.o.Database == "" {
		if tool, err := exec.LookPath("sqlite3"); err == nil {
			cmd := exec.CommandContext(ctx, tool, "-readonly", "-csv", "-header", filepath.Join(d.o.Data, databaseName), "SELECT "+dumpColumns+" FROM events")
			lines := &lineCounter{}
			cmd.Stdout = lines
			begun := time.Now()
			err := cmd.Run()
			return "sqlite3's own CSV dump of the same columns", float64(lines.n) / time.Since(begun).Seconds(), err
		}
	}
	db, err := d.rawOpen(d.o.Database, filepath.Join(d.o.Data, databaseName))
	if err != nil {
		return "", 0, err
	}
	defer db.Close()
	begun := time.Now()
	rows, err := db.QueryContext(ctx, "SELECT "+dumpColumns+" FROM events")
	if err != nil {
		return "", 0, err
	}
	defer rows.Close()
	out := csv.NewWriter(io.Discard)
	columns, _ := rows.Columns()
	values, into, record := make([]sql.NullString, len(columns)), make([]any, len(columns)), make([]string, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	n := 0
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", 0, err
		}
		for i, v := range values {
			record[i] = v.String
		}
		if err := out.Write(record); err != nil {
			return "", 0, err
		}
		n++
	}
	return "database/sql and encoding/csv, the same columns", float64(n) / time.Since(begun).Seconds(), rows.Err()
}

type lineCounter struct{ n int }

func (l *lineCounter) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}
