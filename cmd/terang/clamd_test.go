package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"terang/models/casework/inspect/inspecttest"
)

// fakeClamd answers each connection with do.
func fakeClamd(t *testing.T, do func(net.Conn)) (clamd, func()) {
	t.Helper()
	ln, err := net.Listen("unix", filepath.Join(shortDir(t), "clamd.sock"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				do(c)
			}()
		}
	}()
	t.Cleanup(func() { ln.Close() })
	c, err := parseClamd("unix:" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return c, func() { ln.Close() }
}

// shortDir is a folder whose name fits into a socket's address.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "clamd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// instream reads what a client sends, as clamd does.
func instream(c net.Conn) ([]byte, error) {
	cmd := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(c, cmd); err != nil {
		return nil, err
	}
	var all []byte
	for {
		var n [4]byte
		if _, err := io.ReadFull(c, n[:]); err != nil {
			return all, err
		}
		size := binary.BigEndian.Uint32(n[:])
		if size == 0 {
			return all, nil
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(c, b); err != nil {
			return all, err
		}
		all = append(all, b...)
	}
}

// Whatever stands at the other end, a file is found clean by nothing but a clear word.
func TestClamdAnswers(t *testing.T) {
	t.Parallel()
	say := func(s string) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := instream(c); err == nil {
				io.WriteString(c, s)
			}
		}
	}
	for _, row := range []struct {
		name  string
		do    func(net.Conn)
		found string
		fails string
	}{
		{"clean", say("stream: OK\x00"), "", ""},
		{"found", say("stream: Win.Test.EICAR_HDB-1 FOUND\x00"), "Win.Test.EICAR_HDB-1", ""},
		{"too long for it", say("INSTREAM size limit exceeded. ERROR\x00"), "", "size limit"},
		{"a limit inside", say("stream: Heuristics.Limits.Exceeded.MaxFiles FOUND\x00"), "", "Limits.Exceeded"},
		{"garbage", say("HTTP/1.1 200 OK\r\n\r\n"), "", "expected an answer that ends"},
		{"garbage that ends", say("HTTP/1.1 200 OK\r\n\r\n\x00"), "", "no verdict"},
		{"half an answer", say("stream: O"), "", "expected an answer that ends"},
		{"nothing", say(""), "", "EOF"},
		{"a long answer", say("stream: " + strings.Repeat("A", 1<<20) + " FOUND\x00"), "", "expected an answer"},
		{"a name on two lines", say("stream: a\nb FOUND\x00"), "", "no verdict"},
		{"reset at once", func(c net.Conn) {}, "", "clamd"},
		{"reset half way", func(c net.Conn) { io.ReadFull(c, make([]byte, 100)) }, "", "clamd"},
		{"reads nothing", func(c net.Conn) { time.Sleep(3 * time.Second) }, "", "deadline"},
		{"never answers", func(c net.Conn) { instream(c); time.Sleep(3 * time.Second) }, "", "deadline"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c, _ := fakeClamd(t, row.do)
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			start := time.Now()
			found, err := c.Scan(ctx, bytes.NewReader(make([]byte, 4<<20)))
			if found != row.found || (err == nil) != (row.fails == "") || err != nil && !strings.Contains(err.Error(), row.fails) {
				t.Errorf("%q %v, want %q %q", found, err, row.found, row.fails)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	t.Run("away", func(t *testing.T) {
		c, end := fakeClamd(t, say("stream: OK\x00"))
		end()
		if _, err := c.Scan(context.Background(), strings.NewReader("x")); err == nil {
			t.Error("nobody answered, and it counts as clean")
		}
	})
	t.Run("all of it is sent", func(t *testing.T) {
		want := bytes.Repeat([]byte("terang "), 100_001)
		c, _ := fakeClamd(t, func(c net.Conn) {
			if got, err := instream(c); err != nil || !bytes.Equal(got, want) {
				io.WriteString(c, "stream: Other FOUND\x00")
				return
			}
			io.WriteString(c, "stream: OK\x00")
		})
		if found, err := c.Scan(context.Background(), bytes.NewReader(want)); found != "" || err != nil {
			t.Errorf("%q %v", found, err)
		}
	})
}

func TestClamdAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]clamd{
		"unix:/run/clamav/clamd.ctl": {"unix", "/run/clamav/clamd.ctl"}, "127.0.0.1:3310": {"tcp", "127.0.0.1:3310"}, "tcp:clamd:3310": {"tcp", "clamd:3310"}, "tcp://[::1]:3310": {"tcp", "[::1]:3310"},
	} {
		if got, err := parseClamd(in); err != nil || got != want {
			t.Errorf("%s: %+v %v", in, got, err)
		}
	}
	for _, in := range []string{"unix:clamd.ctl", "clamd", ":3310", "host:", "http://host", ""} {
		if _, err := parseClamd(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// startClamd starts ClamAV's own daemon on signatures of ours: there is no need of its
// database, nor of the network.
func startClamd(t *testing.T) (address string) {
	t.Helper()
	path, err := exec.LookPath("clamd")
	if err != nil {
		if path = "/usr/sbin/clamd"; !executable(path) {
			if slices.Contains(strings.Split(os.Getenv("TERANG_REQUIRE"), ","), "clamd") {
				t.Fatal("TERANG_REQUIRE asks for clamd, and there is none")
			}
			t.Skip("clamd is not installed")
		}
	}
	dir := shortDir(t)
	eicar := inspecttest.EICAR()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// By its whole (of the file alone) and by its text (also inside other files).
	write("test.hdb", fmt.Sprintf("%x:%d:Terang.Test.EICAR\n", md5.Sum(eicar), len(eicar)))
	write("test.ndb", fmt.Sprintf("Terang.Test.EICAR-Text:0:*:%x\n", eicar))
	socket := filepath.Join(dir, "s")
	user := ""
	if os.Getuid() == 0 {
		user = "User root\n"
	}
	write("clamd.conf", "LocalSocket "+socket+"\nDatabaseDirectory "+dir+"\nForeground yes\nTemporaryDirectory "+dir+"\nStreamMaxLength 60M\nMaxThreads 2\n"+user)
	cmd := exec.Command(path, "--config-file="+filepath.Join(dir, "clamd.conf"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	c := clamd{"unix", socket}
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := c.Version(context.Background()); err == nil {
			return "unix:" + socket
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("clamd ended: %v\n%s", err, out.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("clamd does not answer\n%s", out.String())
		}
	}
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// The real daemon: finds the test virus by itself and inside a document, and nothing in what
// is clean.
func TestRealClamd(t *testing.T) {
	t.Parallel()
	c, err := parseClamd(startClamd(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		data []byte
		want string
	}{
		{"the test virus", inspecttest.EICAR(), "Terang.Test.EICAR"},
		{"in a document", inspecttest.DOCX(map[string]string{"word/notes.txt": string(inspecttest.EICAR())}), "Terang.Test.EICAR"},
		{"in a message", inspecttest.Mail("a.txt", inspecttest.EICAR()), "Terang.Test.EICAR"},
		{"a clean document", inspecttest.DOCX(nil), ""},
		{"a clean PDF", inspecttest.PDF(3, ""), ""},
		{"25 MB of text", bytes.Repeat([]byte("terang\n"), 25<<20/7), ""},
	} {
		found, err := c.Scan(context.Background(), bytes.NewReader(row.data))
		if err != nil || !strings.HasPrefix(found, row.want) || (found == "") != (row.want == "") {
			t.Errorf("%s: %q %v, want %q", row.name, found, err, row.want)
		}
	}
	if v, err := c.Version(context.Background()); err != nil || !strings.HasPrefix(v, "ClamAV ") {
		t.Errorf("%q %v", v, err)
	}
	// More than StreamMaxLength is no verdict.
	if found, err := c.Scan(context.Background(), bytes.NewReader(make([]byte, 61<<20))); err == nil {
		t.Errorf("61 MB: %q, want no verdict", found)
	}
}
