package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// benchWorkloads are what a run drives, in the order in which it does.
var benchWorkloads = []string{"queue", "case", "track", "search", "list", "file", "decide", "export"}

func benchRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run --data DIR | --database URL --data DIR | --url BASE",
		Short: "Drive a server by HTTP and measure the machine's limits beside it",
		Long: "Drive a server as its users do: filing by the API, tracking, queues, search, case pages, decisions, the export. Each answer is\n" +
			"checked. In the same run the limits beside it are measured: the rows of a filing written to an empty database of the same schema\n" +
			"without our code, one commit a filing and 64 a commit; Fiber answering a constant of a page's size; a plain dump of the events.\n\n" +
			"With --data (and --database for PostgreSQL) the server is started as a process of its own on 127.0.0.1. The database must have been\n" +
			"made by `bench seed`; the run files and decides cases in it and takes nothing back. With --url a running server is driven, with the\n" +
			"accounts in bench.json of --data; its processor time and memory are not known then. With neither, a database of --cases cases is\n" +
			"made in a temporary folder and removed in the end.\n\nWorkloads: " + strings.Join(benchWorkloads, ", ") + ".",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := readBenchOptions(cmd)
			if err != nil {
				return err
			}
			r, err := runBench(cmd.Context(), o, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				err = printJSON(cmd.OutOrStdout(), r)
			} else {
				err = r.print(cmd.OutOrStdout())
			}
			for _, w := range r.Workloads {
				if w.Errors > 0 && err == nil {
					complain(cmd.ErrOrStderr(), "some answers were wrong: "+r.firstError)
					return errReported
				}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.String("url", "", "`BASE` address of a running server")
	f.StringSlice("workloads", benchWorkloads, "`WHAT` to drive")
	f.Int("concurrency", 8, "how many clients at a time")
	f.Duration("duration", 10*time.Second, "how long each workload takes")
	f.Duration("warm-up", 2*time.Second, "how long each is driven before it is measured")
	f.Int("cases", 10_000, "how `MANY` cases to make where no database is named")
	return cmd
}

type benchOptions struct {
	settings
	url         string
	workloads   []string
	concurrency int
	duration    time.Duration
	warmUp      time.Duration
	cases       int
	own         bool // neither a server nor a database was named
}

func readBenchOptions(cmd *cobra.Command) (o benchOptions, err error) {
	if o.settings, err = readSettings(cmd); err != nil {
		return o, err
	}
	f := cmd.Flags()
	o.url, _ = f.GetString("url")
	o.url = strings.TrimRight(o.url, "/")
	o.workloads, _ = f.GetStringSlice("workloads")
	o.concurrency, _ = f.GetInt("concurrency")
	o.duration, _ = f.GetDuration("duration")
	o.warmUp, _ = f.GetDuration("warm-up")
	o.cases, _ = f.GetInt("cases")
	for _, w := range o.workloads {
		if !slices.Contains(benchWorkloads, w) {
			return o, usageErrorf("--workloads %q: expected some of %s", w, strings.Join(benchWorkloads, ", "))
		}
	}
	if u, err := url.Parse(o.url); o.url != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return o, usageErrorf("--url %q: expected an address such as http://127.0.0.1:8080", o.url)
	}
	switch {
	case o.concurrency < 1 || o.concurrency > 10_000:
		return o, usageErrorf("--concurrency %d: expected a number from 1 to 10000", o.concurrency)
	case o.duration < 100*time.Millisecond || o.duration > time.Hour:
		return o, usageErrorf("--duration %s: expected a span from 100ms to 1h", o.duration)
	case o.warmUp < 0 || o.warmUp > time.Hour:
		return o, usageErrorf("--warm-up %s: expected a span up to 1h", o.warmUp)
	}
	o.own = o.url == "" && o.Database == "" && !f.Changed("data")
	return o, nil
}

// benchReport is what a run found. Ratios are to the limit measured in the same run.
type benchReport struct {
	Machine   string                   `json:"machine"`
	Database  string                   `json:"database"`
	Cases     int                      `json:"cases"`
	Changed   string                   `json:"changed"`
	Workloads map[string]*benchMeasure `json:"workloads"`
	RSS       float64                  `json:"rss_mb"`
	IdleRSS   float64                  `json:"idle_rss_mb"`
	Ready     float64                  `json:"ready_ms"`

	firstError string
}

// benchMeasure is one workload. Rate is answers a second (rows a second, for an export).
type benchMeasure struct {
	Rate      float64      `json:"rate"`
	P50       float64      `json:"p50_ms"`
	P99       float64      `json:"p99_ms"`
	Errors    int          `json:"errors"`
	CPU       float64      `json:"cpu_ms"`
	Bytes     int          `json:"bytes"`
	Limit     string       `json:"limit"`
	LimitRate float64      `json:"limit_rate"`
	Ratio     float64      `json:"ratio"`
	RSS       float64      `json:"rss_mb"`
	Beside    []benchLimit `json:"beside,omitempty"` // further limits
}

type benchLimit struct {
	Limit string  `json:"limit"`
	Rate  float64 `json:"limit_rate"`
	Ratio float64 `json:"ratio"`
}

func (m *benchMeasure) against(name string, rate float64) {
	l := benchLimit{Limit: name, Rate: rate}
	if rate > 0 {
		l.Ratio = m.Rate / rate
	}
	if m.Limit == "" {
		m.Limit, m.LimitRate, m.Ratio = l.Limit, l.Rate, l.Ratio
		return
	}
	m.Beside = append(m.Beside, l)
}

func (r *benchReport) print(out io.Writer) error {
	fmt.Fprintf(out, "%s; %s, %d cases; ready in %.0f ms; memory %.0f MB idle, %.0f MB at the end; %s\n", r.Machine, r.Database, r.Cases, r.Ready, r.IdleRSS, r.RSS, r.Changed)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "workload\trate/s\tp50 ms\tp99 ms\terrors\tcpu ms\tbytes\tMB\tlimit/s\tratio\tlimit\t")
	for _, name := range r.names() {
		w := r.Workloads[name]
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.2f\t%d\t%.2f\t%d\t%.0f\t%.0f\t%.2f\t%s\t\n", name, w.Rate, w.P50, w.P99, w.Errors, w.CPU, w.Bytes, w.RSS, w.LimitRate, w.Ratio, w.Limit)
		for _, b := range w.Beside {
			fmt.Fprintf(t, "\t\t\t\t\t\t\t\t%.0f\t%.2f\t%s\t\n", b.Rate, b.Ratio, b.Limit)
		}
	}
	return t.Flush()
}

func (r *benchReport) names() []string {
	var names []string
	for _, w := range benchWorkloads {
		for name := range r.Workloads {
			if name == w || strings.HasPrefix(name, w+"_") {
				names = append(names, name)
			}
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		first := func(s string) int { w, _, _ := strings.Cut(s, "_"); return slices.Index(benchWorkloads, w) }
		if c := first(a) - first(b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return names
}

// runBench drives a server through the workloads, and then the limits.
func runBench(ctx context.Context, o benchOptions, errOut io.Writer) (r *benchReport, err error) {
	if o.own {
		if o.Data, err = os.MkdirTemp("", "terang-bench-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(o.Data)
		if _, err := seedBench(ctx, o.settings, o.cases, false, 0, progress(errOut, "making cases")); err != nil {
			return nil, err
		}
	}
	world, err := readBenchWorld(o.settings)
	if err != nil {
		return nil, err
	}
	r = &benchReport{Machine: machine(), Cases: world.Cases, Workloads: map[string]*benchMeasure{}, Database: "SQLite"}
	if o.Database != "" {
		r.Database = "PostgreSQL"
	}
	var server *benchServer
	switch {
	case o.url != "":
		server = &benchServer{base: o.url}
		r.Database, r.Changed = "of "+o.url, "cases were filed and decided there"
	default:
		if err := world.moreTokens(ctx, o.settings); err != nil {
			return nil, err
		}
		if server, err = startBenchServer(ctx, o, "serve", "--addr", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1", "--second-factor", "offered"); err != nil {
			return nil, err
		}
		defer server.stop()
		r.Ready, r.Changed = server.ready.Seconds()*1000, "cases were filed and decided in it"
		if o.own {
			r.Changed = "its database is gone"
		}
	}
	d := &benchDriver{o: o, world: world, server: server, report: r, bar: progress(errOut, "measuring")}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	if err := d.run(ctx); err != nil {
		return nil, err
	}
	r.RSS = server.rss()
	server.stop()
	if err := d.limits(ctx); err != nil {
		return nil, err
	}
	r.firstError = d.firstError()
	return r, nil
}

// benchServer is a server in a process of its own, or somebody else's.
type benchServer struct {
	base  string
	cmd   *exec.Cmd
	ready time.Duration
	done  chan struct{}
}

// startBenchServer starts this binary again and waits until it says that it listens.
func startBenchServer(ctx context.Context, o benchOptions, args ...string) (*benchServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if args[0] == "serve" {
		args = append(args, "--data", o.Data)
		if o.Packs != "" {
			args = append(args, "--packs", o.Packs)
		}
	}
	s := &benchServer{cmd: exec.CommandContext(ctx, self, args...), done: make(chan struct{})}
	if o.Database != "" {
		s.cmd.Env = append(os.Environ(), "TERANG_DATABASE="+o.Database) // its password does not show in a list of processes
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var said strings.Builder
	s.cmd.Stderr = &limited{to: &said, left: 4000}
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line := make(chan string, 1)
	go func() {
		defer close(line)
		buf := make([]byte, 4096)
		var all string
		for {
			n, err := out.Read(buf)
			all += string(buf[:n])
			if _, rest, ok := strings.Cut(all, "listening on "); ok && strings.Contains(rest, "\n") {
				base, _, _ := strings.Cut(rest, "\n")
				line <- base
				_, _ = io.Copy(io.Discard, out)
				return
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case base, ok := <-line:
		if !ok {
			_ = s.cmd.Wait()
			return nil, fmt.Errorf("the server did not start: %s", oneLine(said.String()))
		}
		s.base, s.ready = base, time.Since(begun)
	case <-time.After(time.Minute):
		s.stop()
		return nil, errors.New("the server was not ready within a minute")
	}
	return s, nil
}

type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(l.left, len(p))
	l.left -= n
	_, err := l.to.Write(p[:n])
	return len(p), err
}

// stop ends a server that was started here.
func (s *benchServer) stop() {
	if s.cmd == nil || s.cmd.Process == nil || s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	timer := time.AfterFunc(15*time.Second, func() { _ = s.cmd.Process.Kill() })
	_ = s.cmd.Wait()
	timer.Stop()
}

// rss is the memory the server holds, in MB; 0 where it is not known.
func (s *benchServer) rss() float64 {
	kb := s.status("VmRSS:")
	return kb / 1024
}

func (s *benchServer) status(name string) float64 {
	if s.cmd == nil {
		return 0
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		var kb float64
		if rest, ok := strings.CutPrefix(line, name); ok {
			_, _ = fmt.Sscan(rest, &kb)
			return kb
		}
	}
	return 0
}

// cpu is the processor time that the server has used.
func (s *benchServer) cpu() time.Duration {
	if s.cmd == nil {
		return 0
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	_, _ = fmt.Sscan(fields[11], &user)
	_, _ = fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond // Linux counts in hundredths of a second
}

// machine says what was measured on.
func machine() string {
	model := ""
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if rest, ok := strings.CutPrefix(line, "model name"); ok {
				_, model, _ = strings.Cut(rest, ":")
				break
			}
		}
	}
	load := ""
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(raw), " ")
	}
	return fmt.Sprintf("%d x %s, %s/%s, load %s before", runtime.NumCPU(), strings.TrimSpace(model), runtime.GOOS, runtime.GOARCH, dash(load))
}
