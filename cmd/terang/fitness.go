package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// What still counts as fit to serve.
const (
	// leastFree is what must be free on the disk of --data. Below it SQLite and uploads
	// would soon fail, one after another.
	leastFree = 200 << 20
	// An acknowledged filing must soon be provable.
	longestLogLag = 10 * time.Minute
	// Background work that has not gone well for so long is taken for dead.
	sequenceDead = 5 * time.Minute
	sweepDead    = 15 * time.Minute
	// How long one look is good for: probes come from several sides, and a look writes.
	lookGood = 3 * time.Second
)

// fitness knows whether the installation can serve: not only that it answers, but that it
// can keep what it acknowledges.
type fitness struct {
	mu   sync.Mutex
	at   time.Time
	last looks
	// of tests
	free func(dir string) (uint64, error)
}

type checked struct {
	name, detail string
	err          error
}

type looks []checked

// err names what fails; nil where all is well.
func (l looks) err() error {
	var errs []error
	for _, c := range l {
		if c.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, c.err))
		}
	}
	return errors.Join(errs...)
}

// fitNow is what /readyz asks. What is wrong is logged and shown on the private address,
// never to the public.
func (a *app) fitNow(ctx context.Context) error { return a.fit.look(ctx, a).err() }

func (f *fitness) look(ctx context.Context, a *app) looks {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last != nil && time.Since(f.at) < lookGood {
		return f.last
	}
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	f.last, f.at = f.fresh(ctx, a, time.Now()), time.Now()
	return f.last
}

func (f *fitness) fresh(ctx context.Context, a *app, now time.Time) looks {
	l := looks{{name: "database", err: a.store.Ready(ctx)}}
	write := checked{name: "writing"}
	if l[0].err == nil {
		write.err = a.store.Writable(ctx, now.UTC())
	} else {
		write.err = errors.New("not tried")
	}
	l = append(l, write, f.disk(a), f.files(ctx, a))
	lag := checked{name: "log"}
	switch state, err := a.store.Read(ctx).LogLag(); {
	case err != nil:
		lag.err = err
	case state.Oldest != nil && now.Sub(*state.Oldest) > longestLogLag:
		lag.err = fmt.Errorf("%d events wait for their place, the oldest for %s", state.Waiting, now.Sub(*state.Oldest).Round(time.Second))
	default:
		lag.detail = fmt.Sprintf(", %d events wait", state.Waiting)
	}
	l = append(l, lag)
	if a.virus != nil {
		l = append(l, a.scannerNow(ctx))
	}
	if a.Watch != nil {
		l = append(l, alive(a.Watch, "sequence", sequenceDead, now), alive(a.Watch, "sweep", sweepDead, now))
	}
	return l
}

func alive(w *watch, what string, dead time.Duration, now time.Time) checked {
	c := checked{name: what}
	if ago := w.since(what, now); ago > dead {
		c.err = fmt.Errorf("has not gone well for %s", ago.Round(time.Second))
	} else {
		c.detail = fmt.Sprintf(", %s ago", ago.Round(time.Second))
	}
	return c
}

func (f *fitness) disk(a *app) checked {
	c := checked{name: "disk"}
	free := f.free
	if free == nil {
		free = freeSpace
	}
	n, err := free(a.Data)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		c.detail = ", not known on this system"
	case err != nil:
		c.err = err
	case n < leastFree:
		c.err = fmt.Errorf("%d MiB free, at least %d are needed", n>>20, leastFree>>20)
	default:
		c.detail = fmt.Sprintf(", %d MiB free", n>>20)
	}
	return c
}

// files puts one byte where documents go, and takes it away.
func (f *fitness) files(ctx context.Context, a *app) checked {
	c := checked{name: "files"}
	stored, err := a.files.Put(ctx, strings.NewReader("."), 1)
	if err == nil {
		err = a.files.Delete(ctx, stored.Name)
	}
	c.err = err
	return c
}
