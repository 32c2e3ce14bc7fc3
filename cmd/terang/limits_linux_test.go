package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// limit sets what a running process may use, and gives what it might before: the faults of a
// full disk and of too many open files, for one process and without being root.
func (i *instance) limit(what int, n uint64) (was uint64) {
	i.f.t.Helper()
	var old, set syscall.Rlimit
	pid := uintptr(i.cmd.Process.Pid)
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, pid, uintptr(what), 0, uintptr(unsafe.Pointer(&old)), 0, 0); e != 0 {
		i.f.t.Fatal(e)
	}
	set = syscall.Rlimit{Cur: min(n, old.Max), Max: old.Max}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, pid, uintptr(what), uintptr(unsafe.Pointer(&set)), 0, 0, 0); e != 0 {
		i.f.t.Fatal(e)
	}
	return old.Cur
}

// full holds an instance whose disk takes nothing more to its word: filings are refused in
// words, reads go on, and once there is room so do filings, without a restart.
func full(t *testing.T, f *fleet, fill, empty func()) {
	t.Helper()
	i := f.instances[0]
	var n atomic.Int64
	p, err := f.file(i, &n)
	if err != nil {
		t.Fatal(err)
	}
	fill()
	refused := 0
	for end := time.Now().Add(20 * time.Second); refused < 6; {
		q := newFiling(n.Add(1))
		if refused >= 3 {
			q.file = nil // the database's own disk, not that of the files
		}
		switch err := q.send(t.Context(), f.http, i.addr); {
		case err != nil && strings.Contains(err.Error(), "storage_full"):
			refused++
		case err != nil:
			t.Fatalf("%v\n%s", err, i.out)
		case time.Now().After(end):
			t.Fatal("filed for twenty seconds onto a full disk")
		}
	}
	if there, whole, err := f.read(p); !there || !whole {
		t.Error(err)
	}
	for _, path := range []string{"/", "/track", "/disclosures", "/log/checkpoint"} {
		if a := f.get(i, path); a.status != http.StatusOK {
			t.Errorf("%s: %d on a full disk", path, a.status)
		}
	}
	empty()
	took := until(t, 5*time.Second, func() error { _, err := f.file(i, &n); return err })
	t.Logf("filed again %s after there was room", took.Round(time.Millisecond))
	time.Sleep(1200 * time.Millisecond) // the log goes on
	if out, err := f.try("verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// No file may grow: what a full disk does to whoever writes, but for the number of the error.
func TestNothingMayGrow(t *testing.T) {
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	i := f.instances[0]
	var was uint64
	full(t, f, func() { was = i.limit(syscall.RLIMIT_FSIZE, 0) }, func() { i.limit(syscall.RLIMIT_FSIZE, was) })
}

// A disk that is really full, where this machine lets us have one to fill.
func TestDiskFull(t *testing.T) {
	f := newFleet(t, "", 1)
	data := filepath.Join(f.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", data).CombinedOutput(); err != nil {
		// TestNothingMayGrow has the same fault everywhere.
		t.Logf("no disk to fill here: %v %s", err, out)
		return
	}
	t.Cleanup(func() {
		f.instances[0].kill()
		if out, err := exec.Command("umount", "-l", data).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	f.body()
	f.startAll()
	ballast := filepath.Join(data, "ballast")
	full(t, f, func() {
		if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
	}, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}

// With no file descriptor left, nobody new is let in for a while; who is in is served, the
// server does not end, and it takes everybody again once there is room.
func TestNoMoreDescriptors(t *testing.T) {
	f := newFleet(t, "", 1)
	f.body()
	f.startAll()
	i := f.instances[0]
	var n atomic.Int64
	if _, err := f.file(i, &n); err != nil {
		t.Fatal(err)
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", i.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	was := i.limit(syscall.RLIMIT_NOFILE, uint64(len(fds)+10))
	var idle []net.Conn
	for range 40 {
		c, err := net.DialTimeout("tcp", i.addr, 2*time.Second)
		if err != nil {
			break
		}
		idle = append(idle, c)
	}
	time.Sleep(700 * time.Millisecond)
	if !strings.Contains(i.out.String(), "no more connections can be taken") {
		t.Errorf("the descriptors did not run out\n%s", i.out)
	}
	for _, c := range idle {
		c.Close()
	}
	took := until(t, 10*time.Second, func() error { _, err := f.file(i, &n); return err })
	i.limit(syscall.RLIMIT_NOFILE, was)
	t.Logf("filed again %s after there was room", took.Round(time.Millisecond))
	if out, err := f.try("verify"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A database that may only be read is not served from: one line says so, before anyone is let in.
func TestServeFromReadOnly(t *testing.T) {
	f := newFleet(t, "", 1)
	f.body()
	data := filepath.Join(f.dir, "data")
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // who may write anything
		as.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	err := filepath.WalkDir(f.dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case os.Getuid() == 0:
			err = os.Chown(path, 65534, 65534)
		}
		if strings.HasPrefix(path, data) {
			return errors.Join(err, os.Chmod(path, map[bool]os.FileMode{true: 0o555, false: 0o444}[d.IsDir()]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Chmod(data, 0o700); err != nil {
			t.Error(err)
		}
	})
	// The way down to it is the test's own.
	for dir := filepath.Dir(f.dir); strings.Contains(dir, t.Name()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bin, err := exec.LookPath("terang")
	if err != nil {
		t.Fatal(err)
	}
	// A copy where that user may run it.
	raw, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	bin = filepath.Join(f.dir, "terang")
	if err := os.WriteFile(bin, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, f.instances[0].args...)
	cmd.SysProcAttr = as
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || strings.Count(string(out), "\n") != 1 || strings.Contains(string(out), "listening") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
