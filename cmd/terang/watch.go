package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"terang/handlers"
	"terang/handlers/channels"
	"terang/models/store"
)

func addWatchFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("metrics-addr", "", "private `HOST:PORT` for /metrics (Prometheus) and /readyz with its reasons; keep it from the public")
	f.Bool("pprof", false, "show profiles under /debug/pprof on --metrics-addr")
	f.String("otlp-endpoint", "", "`URL` of a collector that takes OpenTelemetry traces over HTTP, such as http://127.0.0.1:4318")
	f.Float64("otlp-sample", 1, "which `PART` of requests is traced, from 0 to 1")
}

// watch is who watches a server. A nil one sees nothing.
type watch struct {
	addr   string
	pprof  bool
	otlp   string
	sample float64

	started time.Time
	requests,
	failures *prometheus.CounterVec
	latency, work *prometheus.HistogramVec
	statements    *prometheus.HistogramVec
	registry      *prometheus.Registry
	tracer        *tracer

	mu     sync.Mutex
	pulses map[string]time.Time // last success of each piece of background work

	listening net.Addr // once it serves
}

func readWatch(cmd *cobra.Command) (*watch, error) {
	f := cmd.Flags()
	w := newWatch()
	w.addr, _ = f.GetString("metrics-addr")
	w.pprof, _ = f.GetBool("pprof")
	w.otlp, _ = f.GetString("otlp-endpoint")
	w.sample, _ = f.GetFloat64("otlp-sample")
	if w.addr != "" {
		if _, port, err := net.SplitHostPort(w.addr); err != nil || port == "" {
			return nil, usageErrorf("--metrics-addr %q: expected HOST:PORT, such as 127.0.0.1:9090", w.addr)
		}
	} else if w.pprof {
		return nil, usageErrorf("--pprof: --metrics-addr is missing: profiles are never shown on the public address")
	}
	if w.sample < 0 || w.sample > 1 {
		return nil, usageErrorf("--otlp-sample %v: expected a part from 0 to 1", w.sample)
	}
	if w.otlp != "" {
		u, err := url.Parse(w.otlp)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, usageErrorf("--otlp-endpoint: expected an address such as http://127.0.0.1:4318")
		}
		if w.tracer, err = newTracer(cmd.Context(), u, w.sample); err != nil {
			return nil, usageErrorf("--otlp-endpoint: %w", err)
		}
	}
	return w, nil
}

func newWatch() *watch {
	w := &watch{started: time.Now(), pulses: map[string]time.Time{}, registry: prometheus.NewRegistry(), sample: 1}
	// Routes are those of the router: their number is fixed.
	w.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "terang_http_requests_total", Help: "Requests answered, by route and status."}, []string{"method", "route", "status"})
	w.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "terang_http_request_seconds", Help: "How long an answer took, by route.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}}, []string{"method", "route"})
	w.statements = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "terang_db_statement_seconds", Help: "How long a statement took, by whether it failed.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}, []string{"result"})
	w.work = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "terang_work_seconds", Help: "How long a pass of background work took.",
		Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300}}, []string{"work"})
	w.failures = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "terang_work_failures_total", Help: "Passes of background work that failed."}, []string{"work"})
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "terang_build_info", Help: "1, with what was built.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()}})
	build.Set(1)
	w.registry.MustRegister(w.requests, w.latency, w.statements, w.work, w.failures, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return w
}

// seen counts requests; nil where nobody asks.
func (w *watch) seen() func(handlers.Seen) {
	if w == nil || w.addr == "" {
		return nil
	}
	return func(s handlers.Seen) {
		w.requests.WithLabelValues(s.Method, s.Route, strconv.Itoa(s.Status)).Inc()
		w.latency.WithLabelValues(s.Method, s.Route).Observe(s.Took.Seconds())
	}
}

func (w *watch) span() func(context.Context, string, string) (context.Context, func(string, int)) {
	if w == nil || w.tracer == nil {
		return nil
	}
	return w.tracer.request
}

// onto has the store tell of its statements and transactions.
func (w *watch) onto(c *store.Config) {
	if w == nil || w.addr == "" && w.tracer == nil {
		return
	}
	ok, failed := w.statements.WithLabelValues("ok"), w.statements.WithLabelValues("error")
	c.NoValues = true
	c.Trace = func(s store.Statement) {
		if s.Err != nil {
			failed.Observe(s.Took.Seconds())
		} else {
			ok.Observe(s.Took.Seconds())
		}
		if w.tracer != nil {
			w.tracer.statement(s)
		}
	}
	if w.tracer != nil {
		c.Around = w.tracer.transaction
	}
}

// timed measures one piece of background work, and notes when it last went well.
func (w *watch) timed(what string, do func() error) func() error {
	if w == nil {
		return do
	}
	return func() (err error) {
		start := time.Now()
		well := false
		defer func() {
			w.work.WithLabelValues(what).Observe(time.Since(start).Seconds())
			if !well { // also where it panicked
				w.failures.WithLabelValues(what).Inc()
				return
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.pulses[what] = time.Now()
		}()
		err = do()
		well = err == nil
		return err
	}
}

// since is how long ago a piece of work last went well; since the start, when it never did.
func (w *watch) since(what string, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, ok := w.pulses[what]; ok {
		return now.Sub(t)
	}
	return now.Sub(w.started)
}

// serve opens the private address and starts the traces. What it gives ends both.
func (w *watch) serve(ctx context.Context, a *app, post *channels.Post, log *slog.Logger) (func(), error) {
	if w == nil {
		return func() {}, nil
	}
	end := func() {}
	if w.tracer != nil {
		w.tracer.start(log)
		end = func() { w.tracer.stop(log) }
	}
	if w.addr == "" {
		return end, nil
	}
	w.registry.MustRegister(&gauges{a: a, post: post, w: w, log: log})
	ln, err := net.Listen("tcp", w.addr)
	if err != nil {
		return nil, usageErrorf("--metrics-addr %s: %w", w.addr, err)
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && !tcp.IP.IsPrivate() {
		log.Warn("metrics are open to whoever reaches this address: let a firewall keep the public out", "addr", ln.Addr().String())
	}
	w.listening = ln.Addr()
	srv := &http.Server{Handler: w.private(a), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			log.Error("the private address is shut", "error", err)
		}
	}()
	log.Info("watched", "metrics", "http://"+ln.Addr().String()+"/metrics")
	return func() {
		_ = srv.Close()
		<-done
		end()
	}, nil
}

// private is what the private address answers.
func (w *watch) private(a *app) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 20 * time.Second}))
	mux.HandleFunc("GET /readyz", func(out http.ResponseWriter, r *http.Request) {
		found := a.fit.look(r.Context(), a)
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if found.err() != nil {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
		for _, c := range found {
			word := "ok"
			if c.err != nil {
				word = "FAILED " + c.err.Error()
			}
			fmt.Fprintf(out, "%s: %s%s\n", c.name, word, c.detail)
		}
	})
	if w.pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}
