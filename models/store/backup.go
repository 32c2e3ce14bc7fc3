package store

import (
	"context"
	"os"

	"terang/models"
)

// Copy writes a consistent copy of a SQLite database into a new file while others
// read and write. PostgreSQL has tools of its own for that: it refuses with Conflict.
func (s *Store) Copy(ctx context.Context, path string) error {
	if s.dialect != dialectSQLite {
		return models.Refuse(models.Conflict, "backup_needs_sqlite")
	}
	if _, err := os.Stat(path); err == nil {
		return models.Refuse(models.Conflict, "file_exists", path)
	}
	// A connection of its own, so that neither readers nor the writer wait for it. VACUUM
	// INTO reads one snapshot and leaves out what was deleted.
	db, err := openSQLite(s.path, false, 1, nil)
	if err != nil {
		return wrap(err)
	}
	defer closeDB(db)
	if err := db.WithContext(ctx).Exec("PRAGMA query_only = 0").Error; err != nil {
		return wrap(err)
	}
	if err := db.WithContext(ctx).Exec("VACUUM INTO ?", path).Error; err != nil {
		return wrap(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return wrap(err)
	}
	defer f.Close()
	return wrap(f.Sync())
}
