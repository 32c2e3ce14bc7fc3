package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"terang/models"
	"terang/models/casework"
)

// bucket is an S3-compatible service in this process; broken has it fail in some way.
type bucket struct {
	set    settings
	broken atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	back := s3mem.New()
	if err := back.CreateBucket("terang"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(back).Server()
	b := &bucket{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := b.broken.Load(); f != nil && (*f)(w, r) {
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("id-of-key\nsecret-of-key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.set = settings{Data: t.TempDir(), Files: "s3://terang/lampiran?endpoint=" + srv.URL + "&region=us-east-1&path-style=true", FilesKey: keys}
	return b
}

func (b *bucket) fail(f func(http.ResponseWriter, *http.Request) bool) { b.broken.Store(&f) }
func (b *bucket) mend()                                                { b.broken.Store(nil) }

func (b *bucket) open(t *testing.T) blobStore {
	t.Helper()
	f, err := openFiles(b.set)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// blobSuite is what every store of files must do.
func blobSuite(t *testing.T, open func(*testing.T) blobStore) {
	ctx := context.Background()
	put := func(t *testing.T, s blobStore, data []byte) casework.Stored {
		t.Helper()
		got, err := s.Put(ctx, bytes.NewReader(data), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Run("what was put is given", func(t *testing.T) {
		s := open(t)
		for _, data := range [][]byte{[]byte("halo"), {0}, bytes.Repeat([]byte("terang "), 100_000)} {
			st := put(t, s, data)
			sum := sha256.Sum256(data)
			if st.Size != int64(len(data)) || st.SHA256 != hex.EncodeToString(sum[:]) || !storedName.MatchString(st.Name) || !bytes.Equal(st.Head, data[:min(len(data), headSize)]) {
				t.Errorf("%+v", st)
			}
			f, err := s.Get(ctx, st.Name)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes %v, want %d", len(got), err, len(data))
			}
			for _, at := range []int64{0, int64(len(data)) - 1} {
				if _, err := f.Seek(at, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data[at:]) {
					t.Errorf("from %d: %d bytes %v", at, len(got), err)
				}
			}
			if n, err := f.Seek(0, io.SeekEnd); err != nil || n != int64(len(data)) {
				t.Errorf("ends at %d %v", n, err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a context that ends does not end a reading", func(t *testing.T) {
		s := open(t)
		st := put(t, s, bytes.Repeat([]byte("x"), 200_000))
		short, cancel := context.WithCancel(ctx)
		f, err := s.Get(short, st.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cancel()
		if got, err := io.ReadAll(f); err != nil || len(got) != 200_000 {
			t.Errorf("%d %v", len(got), err)
		}
	})
	t.Run("too large keeps nothing", func(t *testing.T) {
		s := open(t)
		if _, err := s.Put(ctx, bytes.NewReader(make([]byte, 1001)), 1000); models.KindOf(err) != models.TooLarge {
			t.Errorf("%v", err)
		}
		if st, err := s.Put(ctx, bytes.NewReader(make([]byte, 1000)), 1000); err != nil || st.Size != 1000 {
			t.Errorf("%v", err)
		}
		if n := count(t, s); n != 1 {
			t.Errorf("%d kept", n)
		}
	})
	t.Run("a broken upload keeps nothing", func(t *testing.T) {
		s := open(t)
		if _, err := s.Put(ctx, io.MultiReader(strings.NewReader("half"), brokenReader{}), 1000); err == nil {
			t.Error("it was taken")
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.Put(gone, strings.NewReader("whole"), 1000); err == nil {
			t.Error("taken for somebody who has gone")
		}
		if n := count(t, s); n != 0 {
			t.Errorf("%d kept", n)
		}
	})
	t.Run("delete", func(t *testing.T) {
		s := open(t)
		one, two := put(t, s, []byte("satu")), put(t, s, []byte("satu"))
		if one.Name == two.Name {
			t.Fatal("the same name twice")
		}
		for range 2 {
			if err := s.Delete(ctx, one.Name); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Get(ctx, one.Name); models.KindOf(err) != models.NotFound {
			t.Errorf("%v", err)
		}
		if f, err := s.Get(ctx, two.Name); err != nil {
			t.Errorf("the other one: %v", err)
		} else {
			f.Close()
		}
	})
	t.Run("names that are none of ours", func(t *testing.T) {
		s := open(t)
		for _, name := range []string{"", "..", "../../etc/passwd", strings.Repeat("a", 39), strings.Repeat("g", 40), "aa/" + strings.Repeat("a", 40)} {
			if _, err := s.Get(ctx, name); models.KindOf(err) != models.NotFound {
				t.Errorf("%q: %v", name, err)
			}
			if err := s.Delete(ctx, name); models.KindOf(err) != models.NotFound {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
	t.Run("each", func(t *testing.T) {
		s := open(t)
		want := map[string]bool{}
		for range 5 {
			want[put(t, s, []byte("isi")).Name] = true
		}
		err := s.Each(ctx, func(name string, at time.Time) error {
			if !want[name] || time.Since(at).Abs() > time.Hour {
				t.Errorf("%s %s", name, at)
			}
			delete(want, name)
			return nil
		})
		if err != nil || len(want) > 0 {
			t.Errorf("%v, not named: %v", err, want)
		}
		stop := errors.New("enough")
		put(t, s, []byte("isi"))
		if err := s.Each(ctx, func(string, time.Time) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%v", err)
		}
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the line is cut") }

func count(t *testing.T, s blobStore) (n int) {
	t.Helper()
	if err := s.Each(context.Background(), func(string, time.Time) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBlobStores(t *testing.T) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		blobSuite(t, func(t *testing.T) blobStore { return fileStore{t.TempDir()} })
	})
	t.Run("bucket", func(t *testing.T) {
		blobSuite(t, func(t *testing.T) blobStore { return newBucket(t).open(t) })
	})
}

func TestFilesOption(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"s3://", "s3://user:secret@b/p", "http://host/b", "s3://b/p?endpont=x", "s3://b?endpoint=host", "s3://b?endpoint=ftp://host", "s3://b?endpoint=https://host/path",
	} {
		_, err := openFiles(settings{Data: "data", Files: bad})
		if err == nil || !strings.Contains(err.Error(), "--files") || strings.Contains(err.Error(), "secret") && !strings.Contains(bad, "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	one := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(one, []byte("only-an-id\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openFiles(settings{Files: "s3://b/p", FilesKey: one}); err == nil || strings.Contains(err.Error(), "only-an-id") {
		t.Errorf("%v", err)
	}
	if f, err := openFiles(settings{Data: "data"}); err != nil || f.String() != filepath.Join("data", "files") {
		t.Errorf("%v %v", f, err)
	}
}

// While the bucket is away, breaks off, or lies, an upload is refused in clear words, and
// nothing of it is recorded; what waits goes on once it is back.
func TestBucketAway(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := newBucket(t)
	a, err := openApp(ctx, b.set, currentSchema, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.store.Close()
	files, svc := a.files, a.cases
	token, _, err := svc.NewDraft(ctx, "id")
	if err != nil {
		t.Fatal(err)
	}
	attach := func() error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		_, err := svc.DraftAttach(ctx, token, casework.Upload{Name: "a.txt", Data: strings.NewReader("isi surat\n")})
		return err
	}
	if err := attach(); err != nil {
		t.Fatal(err)
	}
	refuse := func(status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(status); return true }
	}
	for _, row := range []struct {
		name string
		do   func(http.ResponseWriter, *http.Request) bool
	}{
		{"in trouble", refuse(503)},
		{"not letting us in", refuse(403)},
		{"gone", refuse(404)},
		{"hanging up", func(w http.ResponseWriter, _ *http.Request) bool {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
			return true
		}},
		{"answering nonsense", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut {
				w.WriteHeader(500)
				io.WriteString(w, "<html>proxy</html>")
			}
			return r.Method == http.MethodPut
		}},
	} {
		b.fail(row.do)
		if err := attach(); models.KindOf(err) != models.Unavailable || models.CodeOf(err) != "files_unavailable" {
			t.Errorf("%s: %v", row.name, err)
		}
		b.mend()
		if _, _, docs, err := svc.Draft(ctx, token); err != nil || len(docs) != 1 {
			t.Errorf("%s: %d documents %v, want the first alone", row.name, len(docs), err)
		}
	}
	if n := count(t, files); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
	if err := attach(); err != nil {
		t.Errorf("back again: %v", err)
	}
}

// What nothing refers to is found in both stores, once it is old enough; nothing else is.
func TestOrphans(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, set := range map[string]settings{"folder": {Data: t.TempDir()}, "bucket": newBucket(t).set} {
		t.Run(name, func(t *testing.T) {
			a, err := openApp(ctx, set, currentSchema, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer a.store.Close()
			token, _, err := a.cases.NewDraft(ctx, "id")
			if err != nil {
				t.Fatal(err)
			}
			doc, err := a.cases.DraftAttach(ctx, token, casework.Upload{Name: "a.txt", Data: strings.NewReader("isi\n")})
			if err != nil {
				t.Fatal(err)
			}
			lost, err := a.files.Put(ctx, strings.NewReader("lost"), 100)
			if err != nil {
				t.Fatal(err)
			}
			later := time.Now().Add(time.Hour)
			if r, err := a.orphans(ctx, time.Now().Add(-orphanAge), true); err != nil || r.Seen != 2 || len(r.Orphans) != 0 {
				t.Errorf("too young: %+v %v", r, err)
			}
			if r, err := a.orphans(ctx, later, false); err != nil || len(r.Orphans) != 1 || r.Orphans[0] != lost.Name || r.Deleted != 0 {
				t.Errorf("named: %+v %v", r, err)
			}
			if r, err := a.orphans(ctx, later, true); err != nil || r.Deleted != 1 {
				t.Errorf("dropped: %+v %v", r, err)
			}
			if r, err := a.orphans(ctx, later, true); err != nil || r.Seen != 1 || r.Deleted != 0 {
				t.Errorf("again: %+v %v", r, err)
			}
			f, err := a.files.Get(ctx, doc.Stored)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		})
	}
}
