package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"terang/models/casework"
)

// clamd speaks to ClamAV's daemon over its socket. Nothing of a file is left with it.
type clamd struct {
	network, address string
}

var _ casework.Scanner = clamd{}

const (
	clamdDial  = 2 * time.Second
	clamdQuiet = 2 * time.Minute // the longest it may say nothing, or take nothing, where the caller is more patient
	clamdPiece = 64 << 10
	clamdReply = 4 << 10
)

// parseClamd reads --clamd: unix:/path, or tcp host:port with or without tcp: before it.
func parseClamd(s string) (clamd, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok && strings.HasPrefix(path, "/") {
		return clamd{"unix", path}, nil
	}
	addr := strings.TrimPrefix(strings.TrimPrefix(s, "tcp:"), "//")
	if host, port, err := net.SplitHostPort(addr); err == nil && host != "" {
		if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1<<16 {
			return clamd{"tcp", addr}, nil
		}
	}
	return clamd{}, usageErrorf("--clamd %q: expected unix:/run/clamav/clamd.ctl or HOST:PORT", s)
}

// Scan sends a file by INSTREAM. A file longer than the daemon's StreamMaxLength, or one that it
// could not read through, gets no verdict: an error.
func (c clamd) Scan(ctx context.Context, r io.Reader) (found string, err error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	// A context that ends ends whatever the socket waits for.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write([]byte("zINSTREAM\x00")); err != nil {
		return "", clamdError(ctx, err)
	}
	piece := make([]byte, 4+clamdPiece)
	for {
		n, rerr := io.ReadFull(r, piece[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(piece, uint32(n))
			if err := extend(ctx, conn); err != nil {
				return "", err
			}
			if _, err := conn.Write(piece[:4+n]); err != nil {
				// It hangs up on what is too long, and says so first.
				if reply, rerr := clamdAnswer(conn); rerr == nil {
					return verdictOf(reply)
				}
				return "", clamdError(ctx, err)
			}
		}
		if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			break
		}
		if rerr != nil {
			return "", rerr
		}
	}
	if err := extend(ctx, conn); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte{0, 0, 0, 0}); err != nil {
		return "", clamdError(ctx, err)
	}
	reply, err := clamdAnswer(conn)
	if err != nil {
		return "", clamdError(ctx, err)
	}
	return verdictOf(reply)
}

// Version asks which program and which signatures answer.
func (c clamd) Version(ctx context.Context) (string, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write([]byte("zVERSION\x00")); err != nil {
		return "", clamdError(ctx, err)
	}
	reply, err := clamdAnswer(conn)
	if err == nil && !strings.HasPrefix(reply, "ClamAV ") {
		err = fmt.Errorf("clamd: expected its version, got %q", reply)
	}
	return reply, clamdError(ctx, err)
}

func (c clamd) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: clamdDial}
	conn, err := d.DialContext(ctx, c.network, c.address)
	if err != nil {
		return nil, fmt.Errorf("clamd: %w", err)
	}
	return conn, extend(ctx, conn)
}

// extend gives the other side time again, as long as the caller wants to wait.
func extend(ctx context.Context, conn net.Conn) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("clamd: %w", err)
	}
	until := time.Now().Add(clamdQuiet)
	if d, ok := ctx.Deadline(); ok && d.Before(until) {
		until = d
	}
	return conn.SetDeadline(until)
}

func clamdAnswer(conn net.Conn) (string, error) {
	in := bufio.NewReaderSize(io.LimitReader(conn, clamdReply), clamdReply)
	reply, err := in.ReadString(0)
	if err != nil && reply == "" {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("expected an answer that ends, got %q", reply)
	}
	return strings.TrimRight(reply, "\x00\n"), nil
}

// verdictOf reads "stream: OK", "stream: NAME FOUND" or "… ERROR".
func verdictOf(reply string) (string, error) {
	said, ok := strings.CutPrefix(reply, "stream: ")
	switch {
	case ok && said == "OK":
		return "", nil
	case ok && strings.HasSuffix(said, " FOUND"):
		name := strings.TrimSuffix(said, " FOUND")
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			break
		}
		// A limit that was reached is no virus, and no verdict either.
		if strings.HasPrefix(name, "Heuristics.Limits.Exceeded") {
			return "", fmt.Errorf("clamd: %s", name)
		}
		return name[:min(len(name), 200)], nil
	}
	return "", fmt.Errorf("clamd: no verdict: %q", reply)
}

func clamdError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cerr := ctx.Err(); cerr != nil {
		err = cerr
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		err = context.DeadlineExceeded // the socket's own clock was a little faster
	}
	return fmt.Errorf("clamd: %w", err)
}
