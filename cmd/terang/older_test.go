package main

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"terang/models/store/storetest"
)

// older is an installation as the first schema kept it.
type older struct {
	Cases  []struct{ Reference, Key, Subject string }
	Keys   map[string]string
	Files  map[string]string
	Tables []struct {
		Name string
		Rows []map[string]any
	}
}

// put puts it where a fleet looks.
func (o *older) put(t *testing.T, f *fleet) {
	t.Helper()
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range o.Keys {
		write(filepath.Join(f.dir, "keys", name), content)
	}
	for name, content := range o.Files {
		write(filepath.Join(f.dir, "data", "files", name[:2], name), content)
	}
	db := storetest.Raw(t, f.config())
	exec := func(q string, args ...any) {
		t.Helper()
		if _, err := db.Exec(q, args...); err != nil {
			t.Fatalf("%.200s: %v", q, err)
		}
	}
	dialect := "sqlite"
	if f.database != "" {
		dialect = "postgres"
	}
	first, err := os.ReadFile("../../models/store/migrations/" + dialect + "/0001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	exec(string(first))
	when := map[string]string{"sqlite": "DATETIME", "postgres": "TIMESTAMPTZ"}[dialect]
	exec("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at " + when + " NOT NULL)")
	for _, table := range o.Tables {
		if dialect == "postgres" {
			raw, err := json.Marshal(table.Rows)
			if err != nil {
				t.Fatal(err)
			}
			exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM json_populate_recordset(NULL::%[1]s, $1)", table.Name), string(raw))
			if _, numbered := table.Rows[0]["id"]; numbered && table.Name != "log_head" {
				exec(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', 'id'), (SELECT max(id) FROM %[1]s))", table.Name))
			}
			continue
		}
		for _, row := range table.Rows {
			insert(t, db, table.Name, row)
		}
	}
}

func insert(t *testing.T, db *sql.DB, table string, row map[string]any) {
	t.Helper()
	var columns, marks []string
	var args []any
	for k, v := range row {
		if s, ok := v.(string); ok && strings.HasPrefix(s, `\x`) {
			raw, err := hex.DecodeString(s[2:])
			if err != nil {
				t.Fatal(err)
			}
			v = raw
		}
		columns, marks, args = append(columns, `"`+k+`"`), append(marks, "?"), append(args, v)
	}
	q := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(columns, ", "), strings.Join(marks, ", "))
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// What the first schema kept is brought up to date by `serve --migrate`, and by nothing less: each
// case is read with its key, each file is whole, the log holds and goes on.
func TestServeMigratesOlder(t *testing.T) {
	raw, err := os.ReadFile("testdata/schema1.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			var o older
			in := json.NewDecoder(bytes.NewReader(raw))
			in.UseNumber()
			if err := in.Decode(&o); err != nil {
				t.Fatal(err)
			}
			database := ""
			if dialect == "postgres" {
				database = storetest.PostgresConfig(t).URL
			}
			f := newFleet(t, database, 0)
			if err := os.MkdirAll(filepath.Join(f.dir, "data"), 0o700); err != nil {
				t.Fatal(err)
			}
			o.put(t, f)
			if out, err := f.try("serve", "--addr", "127.0.0.1:0"); err == nil || !strings.Contains(out, "the database has schema 1 ") || strings.Count(out, "\n") != 1 {
				t.Errorf("%v\n%s", err, out)
			}
			// Two at once, as when a new version is rolled out.
			a, b := f.add("--migrate"), (*instance)(nil)
			a.start()
			if database != "" {
				b = f.add("--migrate")
				b.start()
			}
			for _, i := range f.instances {
				i.ready(time.Minute)
			}
			for _, c := range o.Cases {
				req, err := http.NewRequest(http.MethodGet, "http://"+f.proxied().addr+"/api/v1/cases/"+c.Reference, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Case-Key "+c.Key)
				res, err := f.http.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				var got struct {
					Subject     string
					Requester   struct{ Name string }
					Attachments []struct{ ID int64 }
				}
				err = json.NewDecoder(res.Body).Decode(&got)
				res.Body.Close()
				if err != nil || res.StatusCode != http.StatusOK || got.Subject != c.Subject || got.Requester.Name != "Siti Rahmawati" {
					t.Errorf("%s: %d %+v %v", c.Reference, res.StatusCode, got, err)
				}
				for _, doc := range got.Attachments {
					req.URL.Path += fmt.Sprintf("/attachments/%d", doc.ID)
					res, err := f.http.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					var file bytes.Buffer
					_, err = file.ReadFrom(res.Body)
					res.Body.Close()
					if err != nil || res.StatusCode != http.StatusOK || file.String() != "Lampiran 0\n" {
						t.Errorf("its file: %d %q %v", res.StatusCode, file.String(), err)
					}
				}
			}
			var n atomic.Int64
			p, err := f.file(f.proxied(), &n)
			if err != nil {
				t.Fatal(err)
			}
			if there, whole, err := f.read(p); !there || !whole {
				t.Error(err)
			}
			time.Sleep(1200 * time.Millisecond)
			if out, err := f.try("verify"); err != nil || !strings.Contains(out, "holds: ") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
