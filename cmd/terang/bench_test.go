package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
)

// What bench seed makes is an installation like any other: the log verifies, every due date
// follows from its ledger, cases are found by their words and opened by their keys.
func TestBenchSeed(t *testing.T) {
	keptPlaces(t, func(t *testing.T, set settings) {
		w, err := seedBench(t.Context(), set, 260, true, 60, func(int64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		if w.Cases < 260 || w.Cases > 270 {
			t.Errorf("%d cases, expected 260", w.Cases)
		}
		k := openKept(t, set)
		ctx := t.Context()
		if err := k.a.store.VerifyLog(ctx, k.a.signer.Verifiers(), nil); err != nil {
			t.Errorf("the log does not verify: %v", err)
		}
		dates, err := k.a.cases.Rederive(ctx)
		if err != nil || len(dates.Mismatched) > 0 {
			t.Errorf("due dates that do not follow from their ledger: %v %v", dates.Mismatched, err)
		}
		r, err := k.a.cases.Sweep(ctx, time.Now())
		if err != nil || r.RungsLapsed+r.ClocksLapsed+r.Closed > 5 {
			t.Errorf("a sweep finds what should have been done: %+v %v", r, err)
		}
		for i, key := range w.Keys {
			if _, c, err := k.a.cases.Unlock(ctx, key.Reference, key.Key, "test"); err != nil {
				t.Errorf("key %d does not open %s: %v", i, key.Reference, err)
			} else if i%9 == 0 {
				if _, err := k.a.cases.Case(ctx, casework.RequesterOf(c), c.Reference); err != nil {
					t.Errorf("%s: %v", c.Reference, err)
				}
			}
		}
		actor, err := k.a.cases.ActorFor(ctx, "ppid@dpu.tirtamaya.example")
		if err != nil {
			t.Fatal(err)
		}
		hits := 0
		for _, word := range w.Words["commonest"] {
			page, err := k.a.cases.Queue(ctx, actor, casework.QueueInput{Queue: "all", Query: word})
			if err != nil {
				t.Fatal(err)
			}
			hits = max(hits, len(page.Rows))
		}
		if hits < 20 {
			t.Errorf("the commonest words find %d cases of one body in %d", hits, w.Cases)
		}
		states := map[models.State]int{}
		kinds := map[models.Kind]int{}
		for _, queue := range []string{"all"} {
			for _, email := range []string{"ppid@dpu.tirtamaya.example", "ppid@rsud-harapansamudra.example", "ppid@bapenda.nusaraya.example"} {
				if actor, err = k.a.cases.ActorFor(ctx, email); err != nil {
					t.Fatal(err)
				}
				for cursor := ""; ; {
					page, err := k.a.cases.Queue(ctx, actor, casework.QueueInput{Queue: queue, Cursor: cursor, Limit: 100})
					if err != nil {
						t.Fatal(err)
					}
					for _, row := range page.Rows {
						states[row.State]++
						kinds[row.Kind]++
					}
					if cursor = page.Next; cursor == "" {
						break
					}
				}
			}
		}
		if states[models.StateClosed] == 0 || states[models.StateInReview]+states[models.StateRegistered] == 0 || len(kinds) < 3 {
			t.Errorf("states %v, kinds %v: not a spread", states, kinds)
		}
		if _, err := seedBench(ctx, set, 1, false, 1, func(int64, int64) {}); err == nil {
			t.Error("a database that is in use was filled")
		}
	})
}

// A run measures every workload without a wrong answer, with its limit, and says so in JSON.
func TestBenchRun(t *testing.T) {
	dir := t.TempDir()
	terang := func(args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		cmd := exec.Command("terang", append(args, "--data", dir)...)
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Run(); err != nil {
			t.Fatalf("terang %s: %v\n%s", strings.Join(args, " "), err, errOut.String())
		}
		return out.String()
	}
	terang("bench", "seed", "--cases", "150")
	out := terang("bench", "run", "--duration", "300ms", "--warm-up", "100ms", "--concurrency", "2", "--json")
	var r benchReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, name := range []string{"queue", "queue_busy", "case", "case_busy", "track", "track_busy", "list", "search_commonest", "file", "decide", "export"} {
		m := r.Workloads[name]
		switch {
		case m == nil:
			t.Errorf("%s is missing", name)
		case m.Errors > 0 || m.Rate <= 0 || m.P50 <= 0 || m.P99 < m.P50:
			t.Errorf("%s: %+v", name, m)
		case m.LimitRate <= 0 || m.Ratio <= 0 || m.Limit == "":
			t.Errorf("%s has no limit beside it: %+v", name, m)
		}
	}
	if r.Ready <= 0 || r.RSS <= 0 || !strings.Contains(r.Machine, "x ") {
		t.Errorf("ready %v ms, memory %v MB, on %q", r.Ready, r.RSS, r.Machine)
	}
}
