package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"terang/models/casework"
	"terang/models/store"
	"terang/models/trail"
	"terang/policies"
	"terang/views/text"
)

// app is one installation, wired: what every command and the tests work with.
type app struct {
	settings
	packs  *policies.Registry
	store  *store.Store
	files  blobStore
	virus  *clamd // nil where no scanner is configured
	signer *trail.Signer
	secret []byte
	cases  *casework.Service
	now    func() time.Time
	// ready says that the schema was seen to be this binary's.
	ready bool
	fit   fitness // of serve: whether it can serve now
}

// needs says what a command asks of the database before it can work.
type needs int

const (
	anySchema     needs = iota // migrate: whatever is there
	currentSchema              // an empty database is migrated, an older one refused
	existing                   // there must be one already: a reading command makes none
)

// databaseName is the SQLite file in the data folder.
const databaseName = "terang.db"

// masterKeyName is the file in <data>/keys without which nothing sealed can be read.
const masterKeyName = "master.key"

// openApp wires an installation. now is its clock, nil for the real one.
func openApp(ctx context.Context, set settings, want needs, now func() time.Time) (_ *app, err error) {
	if err := text.Check(); err != nil {
		return nil, err
	}
	a := &app{settings: set}
	if a.packs, err = loadPacks(set.Packs); err != nil {
		return nil, err
	}
	if want == existing && set.Database == "" {
		if _, err := os.Stat(filepath.Join(set.Data, databaseName)); err != nil {
			return nil, fmt.Errorf("--data %s: there is no database here; `terang serve --data %s` makes one", set.Data, set.Data)
		}
	}
	if err := os.MkdirAll(set.Data, 0o700); err != nil {
		return nil, fmt.Errorf("--data %s: %w", set.Data, err)
	}
	keys := set.keyFile()
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return nil, fmt.Errorf("%s: %w", keys, err)
	}
	// Instances that start at once on an empty folder must not each make a key.
	unlock, err := lockKeys(keys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keys, err)
	}
	defer unlock()
	if a.secret, err = secretFile(filepath.Join(keys, "secret")); err != nil {
		return nil, err
	}
	if a.signer, _, err = trail.LoadOrMakeKey(filepath.Join(keys, "log.key"), logOrigin(set.BaseURL)); err != nil {
		return nil, err
	}
	if a.files, err = openFiles(set); err != nil {
		return nil, err
	}
	var scanner casework.Scanner
	if set.Clamd != "" {
		c, err := parseClamd(set.Clamd)
		if err != nil {
			return nil, err
		}
		a.virus, scanner = &c, c
	}
	master, err := store.OpenMasterKey(filepath.Join(keys, masterKeyName))
	if err != nil {
		return nil, err
	}
	cfg := store.Config{URL: set.Database, Keys: master}
	if set.Database == "" {
		cfg.Path = filepath.Join(set.Data, databaseName)
		// Made here for its owner's eyes alone; SQLite gives its side files the same mode.
		f, err := os.OpenFile(cfg.Path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("--data %s: %w", set.Data, err)
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	set.Watch.onto(&cfg)
	if a.store, err = store.Open(ctx, cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.store.Close())
		}
	}()
	if want != anySchema {
		if err := a.schema(ctx); err != nil {
			return nil, err
		}
		if err := a.store.Unlock(ctx); err != nil {
			return nil, err
		}
		a.ready = true
	}
	if a.now = now; now == nil {
		a.now = time.Now
	}
	a.cases = casework.New(casework.Options{
		Store: a.store, Packs: a.packs, Files: a.files, Scanner: scanner, Secret: a.secret, Now: now,
		Signer: a.signer, Quorum: set.Quorum, SecondFactor: set.SecondFactor, BaseURL: set.BaseURL,
	})
	return a, nil
}

// schema migrates an empty database and refuses one that is older or newer than
// this binary: an operator decides when a migration runs.
func (a *app) schema(ctx context.Context) error {
	st, err := a.store.Status(ctx)
	switch {
	case err != nil:
		return err
	case st.Empty:
		_, err := a.store.Migrate(ctx)
		return err
	case st.TooNew:
		return fmt.Errorf("the database has schema %d, newer than the %d this binary knows: use a newer terang", st.Current, st.Latest)
	case len(st.Pending) > 0:
		return &oldSchemaError{st.Current, st.Latest}
	}
	return nil
}

type oldSchemaError struct{ current, latest int }

func (e *oldSchemaError) Error() string {
	return fmt.Sprintf("the database has schema %d and this binary needs %d: make a backup, then run `terang migrate up` or `terang serve --migrate`", e.current, e.latest)
}

// sequence puts the events that wait into the log, all of them.
func (a *app) sequence(ctx context.Context) error {
	_, err := a.store.Sequence(ctx, a.signer, time.Now().UTC().Truncate(time.Second))
	return err
}

// close ends the work of a command: what it recorded is put into the log.
func (a *app) close(ctx context.Context) error {
	var err error
	if a.ready {
		err = a.sequence(context.WithoutCancel(ctx))
	}
	return errors.Join(err, a.store.Close())
}

// logOrigin names the log after the address it is served under, as C2SP's
// tlog-checkpoint asks: no scheme, no trailing slash.
func logOrigin(base string) string {
	_, host, ok := strings.Cut(base, "://")
	if !ok {
		host = "localhost"
	}
	return host + "/log"
}

// withApp runs a command on an installation.
func withApp(cmd *cobra.Command, want needs, do func(context.Context, *app) error) error {
	set, err := readSettings(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	a, err := openApp(ctx, set, want, nil)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, a), a.close(ctx))
}
