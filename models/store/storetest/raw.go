package storetest

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"terang/models/store"
)

// Raw opens a database beside the store, as someone with access to the machine could.
func Raw(t testing.TB, c store.Config) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", "file:"+c.Path+"?_pragma=busy_timeout(10000)"
	if c.URL != "" {
		driver, dsn = "pgx", c.URL
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// tamper changes a database under the store.
func tamper(t testing.TB, c store.Config, statements ...string) {
	t.Helper()
	db := Raw(t, c)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
