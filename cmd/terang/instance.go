package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// instanceName tells one instance from the next: no two processes share it, not even one
// that follows another under the same number in a container.
func instanceName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

// oneSecret refuses to serve with a secret that is not the one this database is served with:
// a form drawn by one instance would be refused by the next, and a retry would get another key
// than the first answer had. The database holds a fingerprint from which the secret does not follow.
func (a *app) oneSecret(ctx context.Context, accept bool) error {
	print, err := hkdf.Key(sha256.New, a.secret, nil, "terang/fingerprint/1", 16)
	if err != nil {
		return err
	}
	mine := hex.EncodeToString(print)
	known, err := a.store.Agree(ctx, "secret", mine)
	if err != nil || known == mine {
		return err
	}
	if accept {
		return a.store.AgreeAnew(ctx, "secret", mine)
	}
	return fmt.Errorf("%s is not the secret this database is served with: every instance needs the same keys folder (--keys), "+
		"and a restored one its copy; where it is lost for good, serve once with --accept-secret", a.keyFile("secret"))
}

// lockKeys keeps other processes out of a folder until unlock, or until this one ends.
func lockKeys(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return func() {}, nil // mounted to be read: nobody makes anything here
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil
}
