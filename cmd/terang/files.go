package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"terang/models"
	"terang/models/casework"
)

// fileStore keeps attachments as files in one folder, sharded by the first characters
// of a random name. Names say nothing of what they hold.
type fileStore struct{ dir string }

var _ blobStore = fileStore{}

// headSize is how much of a file is kept for sniffing its type.
const headSize = 3072

var storedName = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Put stores what r gives. When it returns the bytes and the name are on disk.
func (s fileStore) Put(ctx context.Context, r io.Reader, limit int64) (_ casework.Stored, err error) {
	id := make([]byte, 20)
	rand.Read(id) // never fails since Go 1.24
	name := hex.EncodeToString(id)
	dir := filepath.Join(s.dir, name[:2])
	if err := makeDir(s.dir, dir); err != nil {
		return casework.Stored{}, fileError(err)
	}
	tmp, err := os.CreateTemp(dir, ".in-*")
	if err != nil {
		return casework.Stored{}, fileError(err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	head := &firstBytes{}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, sum, head), io.LimitReader(contextReader{ctx, r}, limit+1))
	if err != nil {
		return casework.Stored{}, fileError(err)
	}
	if n > limit {
		return casework.Stored{}, models.Refuse(models.TooLarge, "file_too_large", fmt.Sprint(limit>>20))
	}
	// The order that survives a power cut: bytes, then name, then folder.
	if err = tmp.Sync(); err != nil {
		return casework.Stored{}, fileError(err)
	}
	if err = tmp.Close(); err != nil {
		return casework.Stored{}, fileError(err)
	}
	if err = os.Rename(tmp.Name(), filepath.Join(dir, name)); err != nil {
		return casework.Stored{}, fileError(err)
	}
	if err = syncDir(dir); err != nil {
		return casework.Stored{}, fileError(err)
	}
	return casework.Stored{Name: name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Head: head.b}, nil
}

// Get opens a stored file.
func (s fileStore) Get(_ context.Context, name string) (io.ReadSeekCloser, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, models.Refuse(models.NotFound, "attachment_not_found")
	}
	if err != nil {
		return nil, fileError(err)
	}
	return f, nil
}

// Delete removes a stored file; one that is gone already is no error.
func (s fileStore) Delete(_ context.Context, name string) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(err)
	}
	return nil
}

func (s fileStore) path(name string) (string, error) {
	if !storedName.MatchString(name) {
		return "", models.Refuse(models.NotFound, "attachment_not_found")
	}
	return filepath.Join(s.dir, name[:2], name), nil
}

// Each names every file in the folder.
func (s fileStore) Each(ctx context.Context, do func(string, time.Time) error) error {
	return filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || !storedName.MatchString(d.Name())) {
			return nil
		}
		if err != nil {
			return fileError(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return fileError(err)
		}
		return do(d.Name(), info.ModTime())
	})
}

func (s fileStore) String() string { return s.dir }

// firstBytes keeps the head of what is written to it.
type firstBytes struct{ b []byte }

func (f *firstBytes) Write(p []byte) (int, error) {
	if room := headSize - len(f.b); room > 0 {
		f.b = append(f.b, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// contextReader stops a copy whose caller has gone.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func fileError(err error) error {
	if code := models.DiskCode(err); code != "" {
		return &models.Error{Kind: models.Unavailable, Code: code, Err: err}
	}
	return &models.Error{Kind: models.Internal, Code: "file_store", Err: err}
}

// makeDir makes a shard once and writes its entry in the parent down.
func makeDir(parent, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// secretFile reads a secret of at least 32 bytes, in hex, and makes it on the first run.
// It stays outside the database: who reads the one does not hold the other.
func secretFile(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b := make([]byte, 32)
		rand.Read(b) // never fails since Go 1.24
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) { // another process was first
			return secretFile(path)
		}
		if err != nil {
			return nil, err
		}
		_, err = f.WriteString(hex.EncodeToString(b) + "\n")
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return nil, err
		}
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(b) < 32 {
		return nil, fmt.Errorf("%s: expected 32 bytes or more in hex", path)
	}
	return b, nil
}
