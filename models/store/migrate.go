package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"terang/models"
)

//go:embed migrations
var migrationFiles embed.FS

type migration struct {
	version int
	name    string
	sql     string
}

// migrations lists the dialect's files in order; their numbers run from 1 without a gap.
func migrations(dialect string) ([]migration, error) {
	dir := "migrations/" + dialect
	entries, err := fs.ReadDir(migrationFiles, dir)
	if err != nil {
		return nil, err
	}
	var out []migration
	for i, e := range entries {
		num, _, ok := strings.Cut(e.Name(), "_")
		v, err := strconv.Atoi(num)
		if !ok || err != nil || v != i+1 {
			return nil, fmt.Errorf("store: migration %s: expected number %04d", e.Name(), i+1)
		}
		raw, err := fs.ReadFile(migrationFiles, dir+"/"+e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, migration{v, strings.TrimSuffix(e.Name(), ".sql"), string(raw)})
	}
	return out, nil
}

// Status is how the schema stands against this binary.
type Status struct {
	Current int
	Latest  int
	Pending []string
	Empty   bool // no table of ours yet
	TooNew  bool // a newer binary was here
}

// Status reads it.
func (s *Store) Status(ctx context.Context) (Status, error) {
	return s.status(s.read.WithContext(ctx))
}

func (s *Store) status(db *gorm.DB) (Status, error) {
	all, err := migrations(s.dialect)
	if err != nil {
		return Status{}, wrap(err)
	}
	st := Status{Latest: len(all)}
	var n int64
	q := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
	if s.dialect == dialectPostgres {
		q = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_migrations'"
	}
	if err := db.Raw(q).Scan(&n).Error; err != nil {
		return Status{}, wrap(err)
	}
	if n > 0 {
		if err := db.Raw("SELECT coalesce(max(version), 0) FROM schema_migrations").Scan(&st.Current).Error; err != nil {
			return Status{}, wrap(err)
		}
	}
	if st.Current == st.Latest {
		if ok, err := indexed(db); err != nil {
			return Status{}, wrap(err)
		} else if !ok {
			st.Pending = append(st.Pending, indexName)
		}
	}
	st.Empty = st.Current == 0
	st.TooNew = st.Current > st.Latest
	for _, m := range all {
		if m.version > st.Current {
			st.Pending = append(st.Pending, m.name)
		}
	}
	return st, nil
}

const migrationLock = 7_263_001 // PostgreSQL advisory locks of this product
const sequenceLock = 7_263_002

// Migrate brings the schema up to this binary and says what it applied. A schema
// newer than the binary is refused. Two processes may migrate at once: one waits.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	err = s.WithTx(ctx, func(tx *Tx) error {
		applied = nil
		if s.dialect == dialectPostgres {
			if err := tx.db.Exec("SELECT pg_advisory_xact_lock(?)", migrationLock).Error; err != nil {
				return err
			}
		}
		st, err := s.status(tx.db)
		if err != nil {
			return err
		}
		if st.TooNew {
			return models.Refuse(models.Internal, "schema_too_new", strconv.Itoa(st.Current), strconv.Itoa(st.Latest))
		}
		created := "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at DATETIME NOT NULL)"
		if s.dialect == dialectPostgres {
			created = strings.Replace(created, "DATETIME", "TIMESTAMPTZ", 1)
		}
		if err := tx.db.Exec(created).Error; err != nil {
			return err
		}
		all, err := migrations(s.dialect)
		if err != nil {
			return err
		}
		for _, m := range all[st.Current:] {
			for _, stmt := range statements(m.sql) {
				// Through the connection: gorm would take a ? in it for a parameter.
				if _, err := tx.db.Statement.ConnPool.ExecContext(ctx, stmt); err != nil {
					return fmt.Errorf("migration %s: %w", m.name, err)
				}
			}
			if err := tx.db.Exec("INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)", m.version, m.name, tx.db.NowFunc()).Error; err != nil {
				return err
			}
			applied = append(applied, m.name)
		}
		return tx.makeRoot()
	})
	if err == nil {
		err = s.Unlock(ctx) // a restored database must not be served under another's key
	}
	if err == nil {
		var made bool
		if made, err = s.reindex(ctx); made {
			applied = append(applied, indexName)
		}
	}
	if err != nil {
		applied = nil
	}
	return applied, err
}

// statements splits a migration at semicolons that end a line; our migrations have
// no other.
func statements(sql string) []string {
	var lines []string
	for l := range strings.Lines(sql) {
		if !strings.HasPrefix(strings.TrimSpace(l), "--") {
			lines = append(lines, l)
		}
	}
	var out []string
	for _, part := range strings.Split(strings.Join(lines, ""), ";\n") {
		if p := strings.TrimSpace(part); p != "" {
			out = append(out, p)
		}
	}
	return out
}
