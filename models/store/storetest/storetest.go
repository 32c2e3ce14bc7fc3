// Package storetest opens databases for tests of the store and of whatever stands
// on it.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"terang/models/store"
)

// SQLite opens a migrated store in a temporary folder.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return migrated(t, store.Config{Path: filepath.Join(t.TempDir(), "terang.db")})
}

func migrated(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}
