package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"terang/handlers/channels"
)

// front is what stands beside the site: mail going out, and who watches.
type front struct {
	post  *channels.Post // nil: no mail
	watch *watch
}

func addFrontFlags(cmd *cobra.Command) {
	addPostFlags(cmd)
	addWatchFlags(cmd)
}

func readFront(cmd *cobra.Command) (f front, err error) {
	if f.post, err = readPost(cmd); err != nil {
		return f, err
	}
	f.watch, err = readWatch(cmd)
	return f, err
}

// beside starts it, and gives what stops it and waits.
func (a *app) beside(ctx context.Context, f front, log *slog.Logger) (func(), error) {
	ctx, stop := context.WithCancel(ctx)
	unwatch, err := a.Watch.serve(ctx, a, f.post, log)
	if err != nil {
		stop()
		return nil, err
	}
	var wg sync.WaitGroup
	wg.Go(func() { a.posting(ctx, f.post, log) })
	return func() {
		stop()
		wg.Wait()
		unwatch()
	}, nil
}
