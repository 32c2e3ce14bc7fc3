// Package storetest opens databases for tests of the store and of whatever stands
// on it, and holds the one suite that every database must pass.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" to make schemas with

	"terang/models/store"
)

// SQLite opens a migrated store in a temporary folder.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return Migrated(t, file(t))
}

// file is where a fresh SQLite database is.
func file(t testing.TB) store.Config {
	t.Helper()
	dir := t.TempDir()
	return store.Config{Path: filepath.Join(dir, "terang.db"), Keys: Keys(t, t.TempDir())}
}

// Keys is the master key kept in a folder, made there when it is first needed.
func Keys(t testing.TB, dir string) *store.MasterKey {
	t.Helper()
	k, err := store.OpenMasterKey(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Postgres opens a migrated store in a schema of its own. The test is skipped
// where PostgreSQL is absent, unless TERANG_REQUIRE names postgres.
func Postgres(t testing.TB) *store.Store {
	t.Helper()
	return Migrated(t, PostgresConfig(t))
}

// PostgresConfig is where a fresh, empty schema is.
func PostgresConfig(t testing.TB) store.Config {
	t.Helper()
	base, err := server()
	if errors.Is(err, errAbsent) && !required("postgres") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), schemaCount.Add(1))
	if _, err := db.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return store.Config{URL: u.String(), Keys: Keys(t, t.TempDir())}
}

// Each runs a test on every database.
func Each(t *testing.T, test func(*testing.T, *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// EachConfig runs a test on an empty place in every database.
func EachConfig(t *testing.T, test func(*testing.T, store.Config)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, file(t))
	})
	t.Run("postgres", func(t *testing.T) { test(t, PostgresConfig(t)) })
}

// Migrated opens a store, migrates it, and closes it when the test ends.
func Migrated(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s := Open(t, c)
	if _, err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Open opens a store and closes it when the test ends.
func Open(t testing.TB, c store.Config) *store.Store {
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
	return s
}

// Main runs a package's tests and then stops the server, if one was started. Without
// it the server ends with the process just the same, a moment later.
func Main(m interface{ Run() int }) {
	code := m.Run()
	_ = stopServer()
	os.Exit(code)
}

func required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("TERANG_REQUIRE"), ","), what)
}

var (
	errAbsent   = errors.New("PostgreSQL is not installed (TERANG_TEST_POSTGRES names a server instead)")
	schemaCount atomic.Int64
	server      = sync.OnceValues(startServer)
	stopServer  = func() error { return nil }
)

// startServer gives the URL of a server: the one TERANG_TEST_POSTGRES names, or a private
// one on a free port of 127.0.0.1 that ends with this process.
func startServer() (string, error) {
	if u := os.Getenv("TERANG_TEST_POSTGRES"); u != "" {
		return u, nil
	}
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(bins) == 0 {
		return "", errAbsent
	}
	slices.SortFunc(bins, func(a, b string) int { return len(b) - len(a) + strings.Compare(b, a) })
	bin := filepath.Dir(bins[0])
	dir, err := os.MkdirTemp("", "terang-postgres-")
	if err != nil {
		return "", err
	}
	as, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	run := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Dir = dir
		c.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + dir}
		c.SysProcAttr = as
		return c
	}
	if out, err := run(bin+"/initdb", "-D", dir+"/data", "-U", "terang", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	// The shell waits on its input: it ends when this process does, however that is,
	// stops the server and leaves nothing behind.
	sh := run("/bin/sh", "-c", `"$0"/postgres -D "$1"/data -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
		-c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=256MB >"$1"/log 2>&1 & p=$!
		read x; kill -INT $p; wait $p; rm -rf "$1"`, bin, dir, strconv.Itoa(port))
	leash, err := sh.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := sh.Start(); err != nil {
		return "", err
	}
	u := fmt.Sprintf("postgres://terang@127.0.0.1:%d/postgres?sslmode=disable", port)
	db, err := sql.Open("pgx", u)
	if err != nil {
		return "", err
	}
	defer db.Close()
	for range 200 {
		if err = db.Ping(); err == nil {
			// Collected, the pipe would close and the server end: the closure holds it.
			stopServer = leash.Close
			return u, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(dir + "/log")
	return "", fmt.Errorf("PostgreSQL did not start: %w: %s", err, log)
}

// unprivileged gives a folder to the user postgres where we are root: the server
// refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: no user postgres to run it as", errAbsent)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
