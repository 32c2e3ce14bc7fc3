package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is a PostgreSQL server of a test's own, which it may stop.
type Cluster struct {
	URL string

	t    testing.TB
	bin  string
	dir  string
	port int
	as   *syscall.SysProcAttr
	cmd  *exec.Cmd
}

// NewCluster makes and starts one. The test is skipped where PostgreSQL is absent, unless
// TERANG_REQUIRE names postgres.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(bins) == 0 {
		if required("postgres") {
			t.Fatal(errAbsent)
		}
		t.Skip(errAbsent)
	}
	slices.SortFunc(bins, func(a, b string) int { return len(b) - len(a) + strings.Compare(b, a) })
	// Not the test's own folder, which other users may not enter.
	dir, err := os.MkdirTemp("", "terang-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &Cluster{t: t, bin: filepath.Dir(bins[0]), dir: dir}
	if c.as, err = unprivileged(dir); err != nil {
		t.Fatal(err)
	}
	if out, err := c.Command("initdb", "-D", dir+"/data", "-U", "terang", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	c.URL = fmt.Sprintf("postgres://terang@127.0.0.1:%d/postgres?sslmode=disable", c.port)
	t.Cleanup(c.Stop)
	c.Start()
	return c
}

// Command is one of PostgreSQL's programs, run as the server is.
func (c *Cluster) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + c.bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + c.dir}
	cmd.SysProcAttr = c.as
	return cmd
}

// Start starts the server and waits until it answers.
func (c *Cluster) Start() {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	c.cmd = c.Command("postgres", "-D", c.dir+"/data", "-p", strconv.Itoa(c.port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	db, err := sql.Open("pgx", c.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("PostgreSQL did not start: %v", err)
		}
	}
}

// Stop ends the server at once, as a crash does: no client is asked.
func (c *Cluster) Stop() {
	if c.cmd == nil {
		return
	}
	err := c.cmd.Process.Signal(syscall.SIGQUIT)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.t.Error(err)
	}
	c.cmd.Wait()
	c.cmd = nil
}
