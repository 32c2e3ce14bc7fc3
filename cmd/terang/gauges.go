package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"terang/handlers/channels"
	"terang/models/store"
)

// gauges are read from the database when they are asked for, at most every few seconds: counts
// and ages, by body and never by class, with no reference and no name.
type gauges struct {
	a    *app
	post *channels.Post
	w    *watch
	log  *slog.Logger

	mu   sync.Mutex
	at   time.Time
	last []prometheus.Metric
}

const gaugesEvery = 5 * time.Second

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("terang_"+name, help, labels, nil)
}

var (
	casesOpen       = desc("cases_open", "Cases whose body still owes something.", "body")
	casesDueSoon    = desc("cases_due_soon", "Open cases due within three days.", "body")
	casesOverdue    = desc("cases_overdue", "Open cases past their due instant.", "body")
	logWaiting      = desc("log_events_waiting", "Recorded events that have no leaf in the log yet.")
	logAge          = desc("log_oldest_waiting_seconds", "Age of the oldest of them; 0 for none.")
	logSize         = desc("log_size", "Leaves in the log's newest signed head.")
	checkpointAge   = desc("log_checkpoint_age_seconds", "Age of the newest signed head.")
	outboxWaiting   = desc("outbox_waiting", "Messages to be sent.")
	outboxDead      = desc("outbox_dead", "Messages given up, which wait for an administrator.")
	outboxAge       = desc("outbox_oldest_waiting_seconds", "Age of the oldest message to be sent; 0 for none.")
	postLast        = desc("outbox_last_pass_timestamp_seconds", "When the mail server was last found open, or nothing to send.")
	scanWaiting     = desc("scan_waiting", "Documents that wait for the virus scanner.")
	scanAge         = desc("scan_oldest_waiting_seconds", "Age of the oldest of them; 0 for none.")
	jobsWaiting     = desc("jobs_waiting", "Jobs to be done.", "kind")
	jobsDead        = desc("jobs_dead", "Jobs given up.", "kind")
	writerWaiting   = desc("db_writer_waiting", "Transactions that wait for SQLite's one writer.")
	writerCommits   = desc("db_writer_commits_total", "Durable batches of SQLite's writer.")
	writerJobs      = desc("db_writer_transactions_total", "Transactions in those batches.")
	poolOpen        = desc("db_pool_open", "Open connections.", "pool")
	poolBusy        = desc("db_pool_in_use", "Connections in use.", "pool")
	poolWaits       = desc("db_pool_waits_total", "Times that a connection had to be waited for.", "pool")
	poolWaited      = desc("db_pool_waited_seconds_total", "Time spent waiting for a connection.", "pool")
	workLast        = desc("work_last_success_timestamp_seconds", "When background work last went well.", "work")
	readyGauge      = desc("ready", "1 where /readyz says ok.", "check")
	gaugesFailed    = desc("watch_failed", "1 where the figures could not be read.")
	everyDescOfOurs = []*prometheus.Desc{casesOpen, casesDueSoon, casesOverdue, logWaiting, logAge, logSize, checkpointAge, outboxWaiting, outboxDead, outboxAge,
		postLast, scanWaiting, scanAge, jobsWaiting, jobsDead, writerWaiting, writerCommits, writerJobs, poolOpen, poolBusy, poolWaits, poolWaited, workLast, readyGauge, gaugesFailed}
)

// Describe lists the figures.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range everyDescOfOurs {
		out <- d
	}
}

// Collect gives them.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.at) > gaugesEvery {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		g.read(ctx)
		g.at = time.Now()
	}
	for _, m := range g.last {
		out <- m
	}
}

func (g *gauges) put(d *prometheus.Desc, v float64, labels ...string) {
	kind := prometheus.GaugeValue
	switch d {
	case writerCommits, writerJobs, poolWaits, poolWaited:
		kind = prometheus.CounterValue
	}
	g.last = append(g.last, prometheus.MustNewConstMetric(d, kind, v, labels...))
}

func (g *gauges) read(ctx context.Context) {
	g.last = nil
	failed := 0.0
	if err := g.readRows(ctx, g.a.store.Read(ctx), time.Now()); err != nil {
		failed = 1
		g.log.Error("figures could not be read", "error", err)
	}
	g.put(gaugesFailed, failed)
	for _, c := range g.a.fit.look(ctx, g.a) {
		v := 1.0
		if c.err != nil {
			v = 0
		}
		g.put(readyGauge, v, c.name)
	}
	g.w.mu.Lock()
	for what, at := range g.w.pulses {
		g.put(workLast, float64(at.Unix()), what)
	}
	g.w.mu.Unlock()
	if g.post != nil {
		if at := g.post.LastPass(); !at.IsZero() {
			g.put(postLast, float64(at.Unix()))
		}
	}
	ws := g.a.store.Writer()
	g.put(writerWaiting, float64(ws.Waiting))
	g.put(writerCommits, float64(ws.Commits))
	g.put(writerJobs, float64(ws.Transactions))
	pools, err := g.a.store.Pools()
	if err != nil {
		return
	}
	for name, p := range pools {
		g.put(poolOpen, float64(p.OpenConnections), name)
		g.put(poolBusy, float64(p.InUse), name)
		g.put(poolWaits, float64(p.WaitCount), name)
		g.put(poolWaited, p.WaitDuration.Seconds(), name)
	}
}

func (g *gauges) readRows(ctx context.Context, r *store.Reader, now time.Time) error {
	loads, err := r.BodyLoads(now)
	if err != nil {
		return err
	}
	for _, l := range loads {
		g.put(casesOpen, float64(l.Open), l.Body)
		g.put(casesDueSoon, float64(l.DueSoon), l.Body)
		g.put(casesOverdue, float64(l.Overdue), l.Body)
	}
	lag, err := r.LogLag()
	if err != nil {
		return err
	}
	g.put(logWaiting, float64(lag.Waiting))
	g.put(logAge, age(now, lag.Oldest))
	g.put(logSize, float64(lag.Size))
	if lag.Checkpoint != nil {
		g.put(checkpointAge, age(now, lag.Checkpoint))
	}
	box, err := r.Outbox()
	if err != nil {
		return err
	}
	g.put(outboxWaiting, float64(box.Waiting))
	g.put(outboxDead, float64(box.Dead))
	g.put(outboxAge, age(now, box.Oldest))
	scans, oldest, err := r.ScanLoad()
	if err != nil {
		return err
	}
	g.put(scanWaiting, float64(scans))
	g.put(scanAge, age(now, oldest))
	jobs, err := r.JobDepths()
	if err != nil {
		return err
	}
	for _, j := range jobs {
		g.put(jobsWaiting, float64(j.Waiting), j.Kind)
		g.put(jobsDead, float64(j.Dead), j.Kind)
	}
	return nil
}

func age(now time.Time, t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return max(0, now.Sub(*t).Seconds())
}
