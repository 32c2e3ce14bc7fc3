package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"terang/models"
	"terang/models/casework"
)

// blobStore is what keeps attachments: a folder that every instance sees, or a bucket.
type blobStore interface {
	casework.Files
	// Each names every file kept, in no order, with when it was written.
	Each(ctx context.Context, do func(name string, at time.Time) error) error
	// String says where it is, without credentials.
	String() string
}

// s3Store keeps attachments in a bucket of an S3-compatible service, under the same names as
// fileStore.
type s3Store struct {
	client *minio.Client
	bucket string
	prefix string // "" or ending in a slash
	shown  string
}

var _ blobStore = (*s3Store)(nil)

const (
	s3Dial    = 5 * time.Second
	s3Answer  = 30 * time.Second // until the service begins to answer
	s3Request = 5 * time.Minute  // one whole upload
	s3Retries = 3
)

// openFiles opens what --files names: "" for a folder in the data folder, a folder, or
// s3://BUCKET/PREFIX?endpoint=URL&region=R.
func openFiles(set settings) (blobStore, error) {
	if !strings.Contains(set.Files, "://") {
		if set.Files != "" {
			return fileStore{set.Files}, nil
		}
		return fileStore{filepath.Join(set.Data, "files")}, nil
	}
	u, err := url.Parse(set.Files)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return nil, usageErrorf("--files %q: expected a folder, or s3://BUCKET/PREFIX?endpoint=https://HOST&region=NAME", set.Files)
	}
	if u.User != nil {
		return nil, usageErrorf("--files: give the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in --files-key-file")
	}
	for k := range u.Query() {
		if k != "endpoint" && k != "region" && k != "path-style" {
			return nil, usageErrorf("--files: unknown %s; expected endpoint, region or path-style", k)
		}
	}
	endpoint, secure := "s3.amazonaws.com", true
	if e := u.Query().Get("endpoint"); e != "" {
		host, err := url.Parse(e)
		if err != nil || host.Scheme != "http" && host.Scheme != "https" || host.Host == "" || strings.Trim(host.Path, "/") != "" {
			return nil, usageErrorf("--files: endpoint %q: expected https://HOST or http://HOST:PORT", e)
		}
		endpoint, secure = host.Host, host.Scheme == "https"
	}
	who := credentials.NewEnvAWS()
	if set.FilesKey != "" {
		id, secret, err := readKeyPair(set.FilesKey)
		if err != nil {
			return nil, err
		}
		who = credentials.NewStaticV4(id, secret, "")
	}
	style := minio.BucketLookupAuto
	if u.Query().Get("path-style") == "true" {
		style = minio.BucketLookupPath
	}
	client, err := minio.New(endpoint, &minio.Options{
		Creds: who, Secure: secure, Region: u.Query().Get("region"), BucketLookup: style, MaxRetries: s3Retries,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: s3Dial}).DialContext,
			TLSHandshakeTimeout: s3Dial, ResponseHeaderTimeout: s3Answer,
			MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, DisableCompression: true,
		},
	})
	if err != nil {
		return nil, usageErrorf("--files: %w", err)
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &s3Store{client, u.Host, prefix, "s3://" + u.Host + "/" + prefix + " at " + endpoint}, nil
}

// readKeyPair reads a file of two lines: the name of a key and its secret.
func readKeyPair(name string) (id, secret string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", "", usageErrorf("--files-key-file %s: %w", name, err)
	}
	defer f.Close()
	var lines []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if t := strings.TrimSpace(sc.Text()); t != "" {
			lines = append(lines, t)
		}
	}
	if len(lines) != 2 {
		return "", "", usageErrorf("--files-key-file %s: expected two lines: the key's id and its secret", name)
	}
	return lines[0], lines[1], nil
}

func (s *s3Store) String() string { return s.shown }

func (s *s3Store) key(name string) (string, error) {
	if !storedName.MatchString(name) {
		return "", models.Refuse(models.NotFound, "attachment_not_found")
	}
	return s.prefix + name[:2] + "/" + name, nil
}

// Put stores what r gives. When it returns the service has acknowledged the whole of it. The
// bytes are spooled first: the service must be told their number and their checksum.
func (s *s3Store) Put(ctx context.Context, r io.Reader, limit int64) (casework.Stored, error) {
	tmp, err := os.CreateTemp("", ".terang-put-*")
	if err != nil {
		return casework.Stored{}, fileError(err)
	}
	defer tmp.Close()
	if err := os.Remove(tmp.Name()); err != nil {
		return casework.Stored{}, fileError(err)
	}
	head, sum := &firstBytes{}, sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, sum, head), io.LimitReader(contextReader{ctx, r}, limit+1))
	if err != nil {
		return casework.Stored{}, fileError(err)
	}
	if n > limit {
		return casework.Stored{}, models.Refuse(models.TooLarge, "file_too_large", fmt.Sprint(limit>>20))
	}
	if _, err := tmp.Seek(0, io.SeekStart); err != nil {
		return casework.Stored{}, fileError(err)
	}
	id := make([]byte, 20)
	rand.Read(id) // never fails since Go 1.24
	name := hex.EncodeToString(id)
	key, err := s.key(name)
	if err != nil {
		return casework.Stored{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s3Request)
	defer cancel()
	info, err := s.client.PutObject(ctx, s.bucket, key, tmp, n, minio.PutObjectOptions{
		ContentType: "application/octet-stream", SendContentMd5: true, DisableMultipart: true,
	})
	if err == nil && info.Size != n {
		err = fmt.Errorf("%d of %d bytes were taken", info.Size, n)
	}
	if err != nil {
		// It may have been taken and only the answer lost: nothing refers to it.
		_ = s.client.RemoveObject(context.WithoutCancel(ctx), s.bucket, key, minio.RemoveObjectOptions{})
		return casework.Stored{}, s.fault(err)
	}
	return casework.Stored{Name: name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Head: head.b}, nil
}

// Get opens a stored file. What is read is asked for by ranges as it is needed.
func (s *s3Store) Get(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	key, err := s.key(name)
	if err != nil {
		return nil, err
	}
	// The stream is read after the request's own context has ended.
	o, err := s.client.GetObject(context.WithoutCancel(ctx), s.bucket, key, minio.GetObjectOptions{})
	if err == nil {
		if _, err = o.Stat(); err != nil {
			o.Close()
		}
	}
	if err != nil {
		if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
			return nil, models.Refuse(models.NotFound, "attachment_not_found")
		}
		return nil, s.fault(err)
	}
	return o, nil
}

// Delete removes a stored file; one that is gone already is no error.
func (s *s3Store) Delete(ctx context.Context, name string) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	err = s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	if err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchKey {
		return s.fault(err)
	}
	return nil
}

// Each lists the bucket under the prefix.
func (s *s3Store) Each(ctx context.Context, do func(string, time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		if o.Err != nil {
			return s.fault(o.Err)
		}
		name := path.Base(o.Key)
		if key, err := s.key(name); err != nil || key != o.Key {
			continue // not ours
		}
		if err := do(name, o.LastModified); err != nil {
			return err
		}
	}
	return nil
}

// Ready asks whether the bucket answers.
func (s *s3Store) Ready(ctx context.Context) error {
	ok, err := s.client.BucketExists(ctx, s.bucket)
	if err == nil && !ok {
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}

// fault is what whoever waits is told. A bucket that is away comes back; nothing was recorded
// meanwhile.
func (s *s3Store) fault(err error) error {
	return &models.Error{Kind: models.Unavailable, Code: "files_unavailable", Err: fmt.Errorf("%s: %w", s, err)}
}
