package caseworktest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"terang/models"
	"terang/models/casework"
)

// Scanner is a virus scanner that says what it is told to.
type Scanner struct {
	mu    sync.Mutex
	found string
	err   error
	hangs bool
	seen  [][]byte
}

// Clean has it find nothing.
func (f *Scanner) Clean() { f.set("", nil, false) }

// Found has it find a virus in everything.
func (f *Scanner) Found(name string) { f.set(name, nil, false) }

// Away has it give no verdict.
func (f *Scanner) Away() { f.set("", errors.New("the scanner is away"), false) }

// Hang has it say nothing until its caller gives up.
func (f *Scanner) Hang() { f.set("", nil, true) }

func (f *Scanner) set(found string, err error, hangs bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found, f.err, f.hangs = found, err, hangs
}

// Seen are the files it was shown.
func (f *Scanner) Seen() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// Scan is casework.Scanner.
func (f *Scanner) Scan(ctx context.Context, r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	f.seen = append(f.seen, b)
	found, verr, hangs := f.found, f.err, f.hangs
	f.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return found, verr
}

// Scan gives the scene a scanner, which finds nothing until it is told to. It must come before
// anything uses the service from another goroutine.
func (s *Scene) Scan() *Scanner {
	f := &Scanner{}
	*s.Service = *casework.New(casework.Options{
		Store: s.Store, Packs: s.Packs, Files: s.Files, Scanner: f, Signer: s.Signer, HashMemory: 64, Secret: []byte("0123456789abcdef0123456789abcdef"),
		Now: func() time.Time { return s.now }, SecondFactor: models.SecondFactorOffered,
	})
	return f
}
