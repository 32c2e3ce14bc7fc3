package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"terang/handlers"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
)

const (
	defaultAddr = "127.0.0.1:8080"
	// passwordPath is the page behind a one-time link.
	passwordPath = "/welcome/"
	// drainFor is how long requests under way may take once a stop was asked for; with
	// the last sequencing it stays within ten seconds.
	drainFor      = 8 * time.Second
	sweepEvery    = time.Minute
	sequenceEvery = time.Second
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the portal",
		Long: "Serve the portal. On an empty database the schema is made; an older one is refused unless --migrate is given.\n" +
			"Prints `listening on http://HOST:PORT` once ready, and stops on SIGTERM after finishing what is under way.\n\n" +
			"With --demo an empty --data (a temporary folder, when not given) is filled with about 300 cases of three made-up\n" +
			"bodies, and a line `login EMAIL PASSWORD ROLE BODY` is printed for each account.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := readServeOptions(cmd)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.String("addr", defaultAddr, "`HOST:PORT` to listen on; port 0 takes a free one")
	f.Bool("demo", false, "fill an empty installation with made-up cases and known logins")
	f.Bool("migrate", false, "bring an older database up to date before serving")
	f.Bool("accept-secret", false, "serve with another secret than before, once: where it was lost or changed on purpose")
	f.StringSlice("trusted-proxy", nil, "`ADDRESS` or network of a proxy whose X-Forwarded-For is believed; may be given many times")
	addFrontFlags(cmd)
	f.Bool("log-json", false, "write the server's log as JSON")
	f.StringSlice("witness", nil, "`URL=VKEY` of a witness that the log's heads are shown to; may be given many times")
	signInFlags(cmd)
	f.Int("witness-quorum", 0, "how many witnesses must have cosigned a head before it is published and receipts are made under it")
	return cmd
}

type serveOptions struct {
	settings
	addr      string
	demo      bool
	migrate   bool
	accept    bool // the secret, though it is not the one this database knows
	proxies   []netip.Prefix
	front     front // mail, and what watches the server
	logJSON   bool
	passing   bool      // the data folder is the demo's own and goes when it ends
	witnesses []witness // that the log's heads are shown to

	secondGiven bool               // --second-factor was given: a demo asks as told
	provider    *handlers.Provider // nil for none
}

func readServeOptions(cmd *cobra.Command) (o serveOptions, err error) {
	if o.settings, err = readSettings(cmd); err != nil {
		return o, err
	}
	f := cmd.Flags()
	o.addr, _ = f.GetString("addr")
	o.demo, _ = f.GetBool("demo")
	o.migrate, _ = f.GetBool("migrate")
	o.accept, _ = f.GetBool("accept-secret")
	o.logJSON, _ = f.GetBool("log-json")
	if err := readSignIn(cmd, &o); err != nil {
		return o, err
	}
	if o.witnesses, o.Quorum, err = readWitnesses(cmd); err != nil {
		return o, err
	}
	if o.front, err = readFront(cmd); err != nil {
		return o, err
	}
	o.Watch = o.front.watch
	if _, port, err := net.SplitHostPort(o.addr); err != nil || port == "" {
		return o, usageErrorf("--addr %q: expected HOST:PORT, such as %s", o.addr, defaultAddr)
	}
	proxies, _ := f.GetStringSlice("trusted-proxy")
	for _, p := range proxies {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			ip, err := netip.ParseAddr(p)
			if err != nil {
				return o, usageErrorf("--trusted-proxy %q: expected an address such as 10.0.0.1 or a network such as 10.0.0.0/8", p)
			}
			prefix = netip.PrefixFrom(ip, ip.BitLen())
		}
		o.proxies = append(o.proxies, prefix)
	}
	if o.demo && o.Database == "" && !f.Changed("data") {
		if o.Data, err = os.MkdirTemp("", "terang-demo-"); err != nil {
			return o, err
		}
		o.passing = true
	}
	return o, nil
}

// serve runs until ctx ends. Everything it prints for scripts goes to out.
func serve(ctx context.Context, o serveOptions, out, errOut io.Writer) error {
	var logs slog.Handler = slog.NewTextHandler(errOut, nil)
	if o.logJSON {
		logs = slog.NewJSONHandler(errOut, nil)
	}
	log := slog.New(logs)
	// The port is taken first: a wrong address fails before anything is made.
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return usageErrorf("--addr %s: %w", o.addr, err)
	}
	defer ln.Close()
	if o.BaseURL == "" {
		o.BaseURL = "http://" + reachable(ln.Addr())
	}
	if o.passing {
		defer os.RemoveAll(o.Data)
	}
	step := progress(errOut, "making demo cases")
	if o.demo {
		if err := seedAside(ctx, o.settings, step); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	a, err := openServed(ctx, o, log)
	if err != nil {
		return err
	}
	defer a.store.Close()
	if err := a.oneSecret(ctx, o.accept); err != nil {
		return err
	}
	var logins []demoLogin
	if o.demo {
		if logins, err = a.demo(ctx, step); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if err := a.sequence(ctx); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	site, err := a.site(o, log, logins)
	if err != nil {
		return err
	}
	for _, l := range logins {
		fmt.Fprintln(out, "login", l.Email, l.Password, l.Role, dash(l.Body))
	}
	if o.passing {
		fmt.Fprintln(errOut, "demo data in", o.Data, "until this ends; --data DIR keeps it")
	}
	if err := a.firstRun(ctx, errOut); err != nil {
		return err
	}

	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	alone, err := a.beside(work, o.front, log)
	if err != nil {
		return err
	}
	defer alone()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.background(work, log, o.witnesses...)
	}()
	failed := make(chan error, 1)
	go func() { failed <- site.Listener(patient{ln, log}) }()
	fmt.Fprintf(out, "listening on http://%s\n", ln.Addr())

	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("stopping")
		if err = site.ShutdownWithTimeout(drainFor); errors.Is(err, context.DeadlineExceeded) {
			log.Warn("requests were cut off", "after", drainFor)
			err = nil
		}
	}
	stop()
	<-done
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return errors.Join(err, a.sequence(last))
}

// openServed opens an installation for serving, which alone may migrate.
func openServed(ctx context.Context, o serveOptions, log *slog.Logger) (*app, error) {
	if o.demo && !o.secondGiven {
		o.SecondFactor = models.SecondFactorOffered
	}
	clock := &steady{wall: time.Now}
	a, err := openApp(ctx, o.settings, currentSchema, clock.Now)
	var old *oldSchemaError
	if errors.As(err, &old) && o.migrate {
		if a, err = openApp(ctx, o.settings, anySchema, nil); err != nil {
			return nil, err
		}
		_, err = a.store.Migrate(ctx)
		if err = errors.Join(err, a.store.Close()); err != nil {
			return nil, err
		}
		a, err = openApp(ctx, o.settings, currentSchema, clock.Now)
	}
	if err != nil {
		return nil, err
	}
	last, err := a.cases.LastRecorded(ctx)
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	clock.notBefore(last)
	clock.back = func(from, to time.Time) {
		log.Warn("the clock was set back", "from", from, "to", to)
		guarded(log, "clock", func() error { return a.cases.ClockSetBack(context.Background(), from, to) })
	}
	return a, nil
}

// firstRun tells an operator how to get in: there are no default passwords.
func (a *app) firstRun(ctx context.Context, errOut io.Writer) error {
	first, err := a.cases.FirstRun(ctx)
	if err != nil || !first {
		return err
	}
	where := "--data " + a.Data
	if a.Database != "" {
		where = "--database-file FILE " + where
	}
	fmt.Fprintf(errOut, "no accounts yet; to make an administrator and get a link to set the password:\n"+
		"  terang officer add %s --base-url %s --role administrator --email you@example.org --name \"Your Name\"\n", where, a.BaseURL)
	return nil
}

// background does what no request asks for. What one instance among several should do, the
// one that leads does: see lead.
func (a *app) background(ctx context.Context, log *slog.Logger, witnesses ...witness) {
	var every sync.WaitGroup // what each instance does
	defer every.Wait()
	every.Go(func() { a.scanning(ctx, log) })
	a.store.Lead(ctx, "background", instanceName(), func(ctx context.Context) {
		if a.Database != "" {
			log.Info("leading")
			defer log.Info("leading no more")
		}
		a.lead(ctx, log, witnesses...)
	})
}

// lead does what time moves: events into the log each second, the sweep each minute. Were two
// instances ever to lead at once, each of these would still hold: the log's head moves
// by compare-and-swap, and each case under its version.
func (a *app) lead(ctx context.Context, log *slog.Logger, witnesses ...witness) {
	var apart sync.WaitGroup
	defer apart.Wait()
	for _, w := range witnesses {
		apart.Go(func() { a.witnessing(ctx, w, log) })
	}
	sequence, sweep := time.NewTicker(sequenceEvery), time.NewTicker(sweepEvery)
	defer sequence.Stop()
	defer sweep.Stop()
	a.sweepOnce(ctx, log)
	// Compiling the packs' rules, and the first sweep, left much behind that is not needed again.
	guarded(log, "memory", a.store.Shrink)
	debug.FreeOSMemory()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sequence.C:
			guarded(log, "sequence", a.Watch.timed("sequence", func() error { return a.sequence(ctx) }))
		case <-sweep.C:
			a.sweepOnce(ctx, log)
		}
	}
}

func (a *app) sweepOnce(ctx context.Context, log *slog.Logger) {
	guarded(log, "sweep", a.Watch.timed("sweep", func() error {
		_, err := a.cases.Sweep(ctx, a.now())
		return err
	}))
}

// guarded keeps one failed or panicking pass from ending the server: the next one tries again.
func guarded(log *slog.Logger, what string, do func() error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("background work panicked", "work", what, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if err := do(); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("background work failed", "work", what, "error", err)
	}
}

// reachable is an address as a browser on this machine would type it.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func today() policies.Date { return policies.DateOf(time.Now(), time.UTC) }

// sweepCommand is the same pass for operators who do not serve, and for tests.
func sweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep [--now TIME]",
		Short: "One pass over everything that time moves; a second one changes nothing",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, _ := cmd.Flags().GetString("now")
			now := time.Now()
			if raw != "" {
				t, err := dayOrTime("now", raw, false)
				if err != nil {
					return err
				}
				now = *t
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				r, err := a.cases.Sweep(ctx, now)
				if err != nil {
					return err
				}
				dates, err := a.cases.Rederive(ctx)
				if err != nil {
					return err
				}
				r.Mismatched, r.NoList = append([]string{}, dates.Mismatched...), append([]casework.MissingList{}, dates.NoList...)
				for _, m := range r.NoList {
					fmt.Fprintf(cmd.ErrOrStderr(), "%d running clocks reach %s, for which pack %s has no list of days off: add one with `terang holidays add`\n", m.Clocks, m.Year, m.Pack)
				}
				if wantsJSON(cmd) {
					if err := printJSON(cmd.OutOrStdout(), r); err != nil || len(r.Mismatched) == 0 {
						return err
					}
					return errReported
				}
				fmt.Fprintf(cmd.OutOrStdout(), "rungs lapsed %d, chains failed %d, clocks lapsed %d, closed %d, drafts dropped %d, exemptions expired %d, due to be erased %d\n",
					r.RungsLapsed, r.ChainsFailed, r.ClocksLapsed, r.Closed, r.DraftsDropped, r.Expired, r.ErasureDue)
				if len(r.Mismatched) > 0 {
					return fmt.Errorf("due dates that do not follow from their ledger: %s", strings.Join(r.Mismatched, ", "))
				}
				return nil
			})
		},
	}
	cmd.Flags().String("now", "", "the `TIME` to sweep for (RFC 3339, or a day); now, when not given")
	return cmd
}
