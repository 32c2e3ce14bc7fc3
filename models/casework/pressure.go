package casework

import (
	"context"
	"fmt"
	"time"

	"terang/models"
	"terang/models/store"
)

// A right is not rationed: how often somebody may file is for the law, and its answer to too
// much is an officer's (repeats.go). What is bounded here is what machines do. Up to Ask in a
// window nobody notices anything; above it a filing takes one more step, which people can do
// and floods cannot afford; above Limit it waits until the window ends, which the page says. An
// address is mostly a house, an office or a whole mobile network: its bounds are wide.

// Use is something that strangers do and that costs us.
type Use struct {
	name   string
	Window time.Duration
	Ask    int // above it the step is asked for; 0: never
	Limit  int // above it is refused; 0: never
	// AskAll is the same for the whole installation, against floods from many addresses.
	AskAll int
}

// The uses, with their bounds for one address (IPv6: one /64 network).
var (
	UseDraft  = Use{name: "draft", Window: time.Hour, Limit: 240}
	UseFile   = Use{name: "file", Window: time.Hour, Ask: 5, Limit: 120, AskAll: 600}
	UseAPI    = Use{name: "file", Window: time.Hour, Limit: 60} // filing without an account: machines have no step
	UseUpload = Use{name: "upload", Window: time.Hour, Limit: 240}
	UseSay    = Use{name: "say", Window: time.Hour, Limit: 30} // messages on one case by its requester
)

func (u Use) key(scope string) string { return throttleKey("use:" + u.name + ":" + scope) }

const everybody = "*"

// Pressure says whether the step must be asked for. Above the limit it refuses with
// RateLimited and the minutes to wait. An empty scope is somebody on this machine: never.
func (s *Service) Pressure(ctx context.Context, u Use, scope string) (ask bool, err error) {
	if scope == "" {
		return false, nil
	}
	r, now := s.store.Read(ctx), s.now()
	count := func(scope string) (int, time.Time, error) {
		t, err := r.Throttle(u.key(scope))
		// A window that seems to end later than it can was begun before the clock was set back.
		if err != nil || t == nil || !now.Before(t.WindowEnd) || t.WindowEnd.After(now.Add(u.Window)) {
			return 0, now, err
		}
		return t.Count, t.WindowEnd, nil
	}
	n, end, err := count(scope)
	if err != nil {
		return false, err
	}
	if u.Limit > 0 && n >= u.Limit {
		return false, models.Refuse(models.RateLimited, "too_much", fmt.Sprint(int(end.Sub(now)/time.Minute)+1))
	}
	if u.Ask > 0 && n >= u.Ask {
		return true, nil
	}
	if u.AskAll > 0 {
		all, _, err := count(everybody)
		return all >= u.AskAll, err
	}
	return false, nil
}

// Used counts one use.
func (s *Service) Used(ctx context.Context, u Use, scope string) error {
	if scope == "" {
		return nil
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error { return u.count(tx, scope, s.now()) })
}

func (u Use) count(tx *store.Tx, scope string, now time.Time) error {
	if err := tx.CountThrottle(u.key(scope), u.Window, now); err != nil || u.AskAll == 0 {
		return err
	}
	return tx.CountThrottle(u.key(everybody), u.Window, now)
}

// Once spends a name that serves one time within a window: the proof of the step. Of several
// callers, on several instances too, one is told yes.
func (s *Service) Once(ctx context.Context, name string, window time.Duration) (bool, error) {
	first := false
	err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		n, err := tx.BumpThrottle(throttleKey("once:"+name), window, s.now())
		first = n == 1
		return err
	})
	return first, err
}

// Spent says whether a name was used up by Once, within its window.
func (s *Service) Spent(ctx context.Context, name string) (bool, error) {
	t, err := s.store.Read(ctx).Throttle(throttleKey("once:" + name))
	return t != nil && s.now().Before(t.WindowEnd), err
}
