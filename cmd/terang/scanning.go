package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

const scanEvery = 5 * time.Second

// scanning scans what was set aside because the scanner did not answer in time, and what
// `terang files rescan` asked for. Leases keep several instances from doing the same.
func (a *app) scanning(ctx context.Context, log *slog.Logger) {
	if !a.cases.Scans() {
		return
	}
	tick := time.NewTicker(scanEvery)
	defer tick.Stop()
	away := false
	for {
		guarded(log, "scan", func() error {
			r, err := a.cases.ScanDue(ctx)
			if err != nil {
				return err
			}
			if r.Infected > 0 {
				log.Warn("documents are held: the virus scanner found something in them", "documents", r.Infected)
			}
			if gone := r.PutOff > 0; gone != away {
				away = gone
				if away {
					log.Warn("the virus scanner gives no verdict; documents wait", "why", r.Why)
				} else {
					log.Info("the virus scanner answers again")
				}
			}
			return nil
		})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// scannerNow says how the scanner does. One that is away is no reason to refuse filings: their
// documents wait.
func (a *app) scannerNow(ctx context.Context) checked {
	c := checked{name: "scanner"}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if v, err := a.virus.Version(ctx); err != nil {
		c.detail = ", away: " + err.Error()
	} else {
		c.detail = ", " + v
	}
	if st, err := a.cases.ScanStanding(ctx); err == nil && st.Due > 0 {
		c.detail += fmt.Sprintf(", %d documents wait", st.Due)
	}
	return c
}
