package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
)

// TestDemo plays the demo up to several days: about 300 cases, in every state and class, and
// not one act that the rules would not have let an officer do.
func TestDemo(t *testing.T) {
	for name, end := range map[string]time.Time{
		"on a Saturday":                time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
		"on a Monday after holidays":   time.Date(2026, 3, 30, 1, 30, 0, 0, time.UTC),
		"in a year without a decree":   time.Date(2028, 2, 9, 3, 0, 0, 0, time.UTC),
		"on a Wednesday before office": time.Date(2026, 8, 5, 0, 10, 0, 0, time.UTC),
	} {
		if raced && name != "on a Saturday" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "on a Saturday" {
				t.Skip("one day is enough")
			}
			testDemo(t, end)
		})
	}
}

func testDemo(t *testing.T, demoEnd time.Time) {
	ctx := context.Background()
	a, err := openApp(ctx, settings{Data: t.TempDir(), BaseURL: "http://localhost"}, currentSchema, func() time.Time { return demoEnd })
	if err != nil {
		t.Fatal(err)
	}
	defer a.close(ctx)
	r, err := newDemoRun(a, demoEnd, demoDays)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := r.play(ctx, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	t.Logf("played in %v", time.Since(start))
	for _, s := range r.refused {
		t.Errorf("refused: %s", s)
	}
	seen := map[string]int{}
	total := 0
	for cursor := ""; ; {
		p, err := a.cases.Queue(ctx, models.System, casework.QueueInput{Queue: "all", Limit: 100, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range p.Rows {
			total++
			seen["state "+string(q.State)]++
			seen["class "+string(q.Classification)]++
			seen["kind "+string(q.Kind)]++
			seen["outcome "+string(q.Outcome)]++
			seen["standing "+string(models.StandingOf(q.DueAt, q.AnsweredAt, q.State, demoEnd))]++
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	t.Log(total, seen)
	if total < 285 || total > 340 {
		t.Errorf("%d cases, expected about 300", total)
	}
	for _, want := range []string{
		"state incomplete", "state registered", "state in_review", "state awaiting_clarification", "state escalated", "state decided", "state closed", "state withdrawn",
		"class public", "class restricted", "class confidential", "kind request", "kind complaint", "kind question", "kind objection",
		"outcome granted", "outcome granted_in_part", "outcome refused", "outcome not_held", "outcome referred",
		"standing on_time", "standing due_soon", "standing overdue", "standing answered", "standing answered_late",
	} {
		if seen[want] < 2 {
			t.Errorf("%s: %d cases, expected at least two", want, seen[want])
		}
	}
	published, _, err := a.cases.Disclosures(ctx, "", "", "", 100)
	if err != nil || len(published) < 30 {
		t.Errorf("%d published (%v), expected at least 30", len(published), err)
	}
	for _, d := range published {
		if strings.ContainsAny(d.Title+d.Summary+d.Answer, "{}[]") {
			t.Errorf("unfilled words in %q", d.Title+" "+d.Summary+" "+d.Answer)
		}
	}
	again, err := a.cases.Sweep(ctx, demoEnd)
	if err != nil || again.RungsLapsed+again.ClocksLapsed+again.Closed > 0 || len(again.Mismatched) > 0 {
		t.Errorf("a second sweep did %+v (%v)", again, err)
	}
}
