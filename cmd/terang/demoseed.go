package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// demoMarker in the data folder says that its logins are the demo's, so that a demo
// can be served again and a real installation is never taken for one.
func (s settings) demoMarker() string { return filepath.Join(s.Data, "demo") }

// demo fills an empty installation, or finds that it was filled before.
func (a *app) demo(ctx context.Context, step func(done, of int64)) ([]demoLogin, error) {
	if _, err := os.Stat(a.demoMarker()); err == nil {
		return demoLogins()
	}
	bodies, err := a.cases.Bodies(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	first, err := a.cases.FirstRun(ctx)
	if err != nil {
		return nil, err
	}
	if len(bodies) > 0 || !first {
		return nil, usageErrorf("--demo: %s already holds an installation that is not a demo; expected an empty folder", a.Data)
	}
	if err := a.seed(ctx, time.Now(), step); err != nil {
		return nil, err
	}
	if err := os.WriteFile(a.demoMarker(), []byte("demo\n"), 0o600); err != nil {
		return nil, err
	}
	return demoLogins()
}

// seedAside plays a demo in a folder in memory, where the system has one, and copies it to
// its place. The verbs wait for the disk after each of their thousands of transactions;
// a demo that breaks off is made again and need not.
func seedAside(ctx context.Context, set settings, step func(done, of int64)) error {
	if set.Database != "" || exists(filepath.Join(set.Data, databaseName)) {
		return nil
	}
	dir := "/dev/shm"
	scratch, err := os.MkdirTemp(dir, "terang-seed-")
	if err != nil {
		if scratch, err = os.MkdirTemp("", "terang-seed-"); err != nil {
			return err
		}
	}
	defer os.RemoveAll(scratch)
	a, err := openApp(ctx, settings{Data: scratch, Keys: set.Keys, BaseURL: set.BaseURL}, currentSchema, nil)
	if err != nil {
		return err
	}
	_, err = a.demo(ctx, step)
	if err := errors.Join(err, a.close(ctx)); err != nil {
		return err
	}
	return copyFolder(set.Data, scratch)
}

// copyFolder copies files for their owner's eyes alone.
func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }
