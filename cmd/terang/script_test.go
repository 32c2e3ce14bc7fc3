package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain puts the binary itself on the PATH, built as people build it: scripts and what kills
// servers start it hundreds of times.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "terang-bin-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "terang"), ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// TestScripts runs the binary as people do. Beside testscript's own commands there are
//
//	fails CODE terang ARG…    runs it and wants that exit code and one line of complaint
//	serve ARG…                starts it and waits for its address, $URL
//	stop                      sends SIGTERM and wants a clean end within ten seconds
//	http STATUS METHOD PATH [FILE [HEADER]…]   asks the server; the body goes to stdout
//	setenv NAME               keeps the last output, trimmed, as $NAME
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Values[serverKey{}] = &server{}
			e.Defer(func() { e.Values[serverKey{}].(*server).kill() })
			return nil
		},
		Cmds: withScriptCommands(map[string]func(*testscript.TestScript, bool, []string){
			"fails": scriptFails, "serve": scriptServe, "stop": scriptStop, "http": scriptHTTP, "setenv": scriptSetenv,
		}),
		RequireExplicitExec: true,
	})
}

type serverKey struct{}

// server is the process that a script serves with.
type server struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan error
}

func (s *server) kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		<-s.done
	}
}

func program(ts *testscript.TestScript, args []string) *exec.Cmd {
	path := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, "terang"); path == "" && exists(p) {
			path = p
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TERANG_ADDR", "TERANG_DATA"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}

func scriptFails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || args[1] != "terang" {
		ts.Fatalf("usage: fails CODE terang ARG…")
	}
	cmd := program(ts, args[2:])
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	io.WriteString(ts.Stdout(), out.String())
	io.WriteString(ts.Stderr(), errOut.String())
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("got %v, want exit code %s\n%s%s", err, args[0], out.String(), errOut.String())
	}
	if n := strings.Count(errOut.String(), "\n"); n != 1 {
		ts.Fatalf("%d lines of complaint, want one:\n%s", n, errOut.String())
	}
}

func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	if s.cmd != nil {
		ts.Fatalf("already serving")
	}
	cmd := program(ts, append([]string{"serve"}, args...))
	pipe, err := cmd.StdoutPipe()
	ts.Check(err)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	ts.Check(cmd.Start())
	s.cmd, s.done = cmd, make(chan error, 1)
	s.out.Reset()
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			s.out.WriteString(lines.Text() + "\n")
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				ready <- url
			}
		}
		close(ready)
		s.done <- cmd.Wait()
	}()
	select {
	case url, ok := <-ready:
		if !ok {
			err := <-s.done
			s.cmd = nil
			io.WriteString(ts.Stderr(), errOut.String())
			if !neg {
				ts.Fatalf("serve ended: %v\n%s", err, errOut.String())
			}
			return
		}
		if neg {
			ts.Fatalf("serve listens")
		}
		ts.Setenv("URL", url)
		io.WriteString(ts.Stdout(), s.out.String())
	case <-time.After(2 * time.Minute):
		ts.Fatalf("no address after two minutes\n%s", errOut.String())
	}
}

func scriptStop(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	if s.cmd == nil {
		ts.Fatalf("not serving")
	}
	start := time.Now()
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.done:
		s.cmd = nil
		if err != nil {
			ts.Fatalf("serve ended with %v", err)
		}
		ts.Logf("stopped in %v", time.Since(start))
	case <-time.After(10 * time.Second):
		ts.Fatalf("still serving ten seconds after SIGTERM")
	}
}

func scriptHTTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: http STATUS METHOD PATH [FILE [HEADER]…]")
	}
	var body io.Reader
	if len(args) > 3 && args[3] != "-" {
		body = strings.NewReader(ts.ReadFile(args[3]))
	}
	req, err := http.NewRequest(args[1], ts.Getenv("URL")+args[2], body)
	ts.Check(err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range args[min(4, len(args)):] {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Stdout().Write(raw)
	if strconv.Itoa(res.StatusCode) != args[0] {
		ts.Fatalf("got %d, want %s\n%s", res.StatusCode, args[0], raw)
	}
}

func scriptSetenv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: setenv NAME")
	}
	lines := slices.DeleteFunc(strings.Split(ts.ReadFile("stdout"), "\n"), func(l string) bool { return l == "" })
	ts.Setenv(args[0], lines[len(lines)-1])
}
