package storetest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

// scans are the plans that read a whole table which grows.
var (
	liteScan = regexp.MustCompile(`^SCAN (c|cases|events|e|rungs|clocks|log_leaf|log_tile|disclosures|d|outgoings|messages|attachments)( |$)`)
	pgScan   = regexp.MustCompile(`Seq Scan on (cases|events|rungs|clocks|log_leaf|log_tile|disclosures|outgoings|messages|attachments|case_fts|disclosure_fts)`)
)

// Every list, counter, search and sweep finds its rows by an index, on both databases.
func TestPlans(t *testing.T) {
	EachConfig(t, func(t *testing.T, c store.Config) {
		var seen []string
		c.Trace = func(s store.Statement) { seen = append(seen, s.SQL()) }
		s := Migrated(t, c)
		w := NewWorld(t, s, 50)
		w.Bulk(4000)
		w.sequence(newKey(t))
		if c.URL != "" {
			analyze(t, c) // SQLite is left without statistics, here as where it is installed
			// On so few rows a scan is cheaper; the question is whether an index can serve.
			db := Raw(t, c)
			db.SetMaxOpenConns(1)
			if _, err := db.Exec("SET enable_seqscan = off"); err != nil {
				t.Fatal(err)
			}
			defer plans(t, &seen, func(q string) ([]string, error) {
				rows, err := db.Query("EXPLAIN " + q)
				if err != nil {
					return nil, err
				}
				defer rows.Close()
				var out []string
				for rows.Next() {
					var l string
					if err := rows.Scan(&l); err != nil {
						return nil, err
					}
					out = append(out, l)
				}
				return out, rows.Err()
			}, pgScan)
		} else {
			db := Raw(t, c)
			defer plans(t, &seen, func(q string) ([]string, error) {
				rows, err := db.Query("EXPLAIN QUERY PLAN " + q)
				if err != nil {
					return nil, err
				}
				defer rows.Close()
				var out []string
				for rows.Next() {
					var a, b, c int
					var l string
					if err := rows.Scan(&a, &b, &c, &l); err != nil {
						return nil, err
					}
					// A walk along an index that ends with the page is what a list is.
					if !strings.Contains(l, "USING") || strings.Contains(l, "VIRTUAL TABLE") {
						out = append(out, l)
					}
				}
				return out, rows.Err()
			}, liteScan)
		}
		seen = nil
		r := s.Read(ctx)
		now := Start.Add(2000 * time.Minute)
		o := w.Officers[0]
		sights := []models.Sight{
			{Everything: true},
			models.SightAt(models.Actor{Kind: models.ByOfficer, OfficerID: o.ID, Role: models.Agent, BodyID: o.BodyID, UnitIDs: []int64{1, 2}, Clearance: models.Confidential}, Start),
			models.SightOf(models.Actor{Kind: models.ByOfficer, OfficerID: o.ID, Role: models.InfoOfficer, BodyID: o.BodyID, Clearance: models.Restricted}),
		}
		for _, sight := range sights {
			for _, q := range []string{"all", "open", "mine", "unit", "unassigned", "escalated", "due_soon", "overdue", "published", "ended"} {
				for _, sort := range []string{"due", "newest"} {
					f := store.QueueFilter{Queue: q, OfficerID: o.ID, UnitIDs: []int64{1, 2}, Role: models.UnitHead, Now: now, Sort: sort}
					_, next, err := r.Queue(sight, f, "", 20)
					if err == nil && next != "" {
						_, _, err = r.Queue(sight, f, next, 20)
					}
					if err != nil {
						t.Fatal(err)
					}
					if _, err := r.QueueCount(sight, f, 100); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, _, err := r.Queue(sight, store.QueueFilter{Terms: s.Terms("anggaran")}, "", 20); err != nil {
				t.Fatal(err)
			}
			if _, _, err := r.Queue(sight, store.QueueFilter{Terms: s.Terms("T7-K4M9-XQ2R")}, "", 20); err != nil {
				t.Fatal(err)
			}
			if _, err := r.StandingCounts(sight, &w.Bodies[0].ID, now); err != nil {
				t.Fatal(err)
			}
			if _, err := r.OutcomeCounts(sight, &w.Bodies[0].ID, Start, now); err != nil {
				t.Fatal(err)
			}
		}
		one := int64(1)
		from, to := Start, Start.Add(time.Hour)
		for _, f := range []store.EventFilter{{}, {Desc: true}, {CaseID: &one}, {Reference: "T7-K4M9-XQ2R"}, {Body: &one}, {Kind: "case.filed"}, {Sequenced: true}, {From: &from, To: &to}} {
			if _, _, err := r.Events(f, "", 20); err != nil {
				t.Fatal(err)
			}
		}
		span := store.StatFilter{From: from, To: to, Body: &one, Shift: 7 * time.Hour}
		for _, err := range []error{
			errOf(r.CaseByReference("x")), errOf(r.Lapsed(now, 0, 10)), errOf(r.LapsedClocks(now, 0, 10)), errOf(r.OpenCases("id", 0, 10)),
			errOf(r.DueOutgoing(now, 10)), errOf(r.Messages(1, 0, 10)), errOf(r.Attachments(1)), errOf(r.Clocks(1)), errOf(r.ClockEntries(1)),
			errOf(r.Rungs(1)), errOf(r.Decisions(1)), errOf(r.Classifieds(1)), errOf(r.Children(1)), errOf(r.Imported(1, "a", "b")),
			errOf(r.Session("x")), errOf(r.Token("x", models.APIToken)), errOf(r.Throttle("x")), errOf(r.Sessions(1)), errOf(s.Checkpoint(ctx)),
			errOf(r.CasesAfter(1, 10)), errOf(r.CaseByID(1)), errOf(r.CaseBySource(1, "a", "b")), errOf(r.Disclosure(1)), errOf(r.DisclosureByReference("x")), errOf(r.Idempotent("x")),
			errOf(r.Grants(1)), errOf(r.GrantsTo(1, now, 0, 10)), errOf(r.HeldBy(1, 0, 10)), errOf(r.RungsHeldBy(1, 0, 10)), errOf(r.Unseen(&one, 0, 10)),
			errOf(r.ExpiringDocuments("2026-01-01", 0, 10)), errOf(r.Expiring("2026-01-01", 0, 10)), errOf(r.ClockRows(0, 10)), errOf(r.DraftAttachments(1)), errOf(r.StaleDrafts(now, 10)),
			errOf(r.WaitingOutgoing(0, 10)), errOf(r.DeadOutgoing(0, 10)), errOf(r.PublishedDocuments(1)), errOf(r.Redaction(1)), errOf(r.RepeatFindings(1)),
			errOf(r.Erasures(1)), errOf(r.Tombstones(1)), errOf(r.ErasedFiles(0, 10)),
			errOf(r.PastRetention("id", "2026.1", []string{"request"}, false, now, 0, 10)), errOf(r.PastRetention("id", "2026.1", []string{"request"}, true, now, 0, 10)),
			errOf(r.ErasureList(sights[2], 0, 10)), errOf(r.ErasureList(sights[0], 0, 10)),
			errOf(r.ReceivedCounts(span)), errOf(r.AnsweredCounts(span)), errOf(r.DayCounts(span)), errOf(r.GroundCounts(span)),
			errOf(r.EventCounts(span, "rung.lapsed")), errOf(r.ActorCounts(span, "export.made")), errOf(r.StageCounts(span, "outside.filed")),
		} {
			if models.KindOf(err) != models.NotFound && err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := r.SearchDisclosures(s.Terms("anggaran"), nil, "", 20); err != nil {
			t.Fatal(err)
		}
		requester := int64(1)
		if _, err := r.SameRequester(sights[1], &models.Case{ID: 1, RequesterID: &requester}, from, 20); err != nil {
			t.Fatal(err)
		}
		if _, err := r.FrequentRequesters(sights[1], from, 2, 20); err != nil {
			t.Fatal(err)
		}
	})
}

func plans(t *testing.T, seen *[]string, explain func(string) ([]string, error), scan *regexp.Regexp) {
	t.Helper()
	if len(*seen) < 100 {
		t.Errorf("only %d statements were seen", len(*seen))
	}
	for _, q := range *seen {
		if !strings.HasPrefix(q, "SELECT") {
			continue
		}
		plan, err := explain(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		for _, l := range plan {
			if scan.MatchString(strings.TrimLeft(l, " ->")) {
				t.Errorf("no index: %s\n%s", l, fmt.Sprint(q))
			}
		}
	}
}

// SQLite, without statistics, finds the few events of a case by the case, whatever else is asked of
// them, and those of a kind by the kind.
func TestEventIndexes(t *testing.T) {
	var seen []string
	c := file(t)
	c.Trace = func(s store.Statement) { seen = append(seen, s.SQL()) }
	s := Migrated(t, c)
	db := Raw(t, c)
	one := int64(1)
	for _, x := range []struct {
		f     store.EventFilter
		index string
	}{
		{store.EventFilter{CaseID: &one}, "events_case"},
		{store.EventFilter{CaseID: &one, Kind: "case.filed", Body: &one}, "events_case"},
		{store.EventFilter{Reference: "T7-K4M9-XQ2R", Kind: "case.filed", Body: &one}, "events_case"},
		{store.EventFilter{Kind: "case.filed", Body: &one}, "events_kind"},
		{store.EventFilter{Body: &one, From: &Start}, "events_body"},
	} {
		seen = nil
		for _, newest := range []bool{false, true} { // a case's are read at once, the other way round in two halves
			x.f.Desc = newest
			if _, _, err := s.Read(ctx).Events(x.f, "", 20); err != nil {
				t.Fatal(err)
			}
		}
		asked := 0
		for _, q := range seen {
			waits := strings.Contains(q, "leaf IS NULL") && strings.Contains(q, "leaf > ")
			if !waits && !strings.Contains(q, "leaf <=") && !strings.Contains(q, "leaf IS NULL, leaf") {
				continue
			}
			asked++
			var a, b, c int
			var plan string
			if err := db.QueryRow("EXPLAIN QUERY PLAN "+q).Scan(&a, &b, &c, &plan); err != nil {
				t.Fatal(err)
			}
			index := x.index
			if waits && index != "events_case" { // what has no place yet is few
				index = "PRIMARY KEY"
			}
			if !strings.Contains(plan, index+" ") || strings.Contains(plan, "rowid") && index == "events_case" {
				t.Errorf("%s\nis read by %s", q, plan)
			}
		}
		if want := map[bool]int{true: 3, false: 4}[x.index == "events_case"]; asked != want {
			t.Errorf("%+v: %d statements read the log", x.f, asked)
		}
	}
}
