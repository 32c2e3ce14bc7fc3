package casework_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
	"terang/models/store"
	"terang/models/store/storetest"
	"terang/policies"
)

// BenchmarkRecompute measures moving every open clock after a decree: TERANG_BENCH_CLOCKS of
// them (20,000), written in bulk and all due after the new day off.
//
//	TERANG_BENCH_CLOCKS=500000 go test ./models/casework -run - -bench Recompute -benchtime 1x -timeout 30m
func BenchmarkRecompute(b *testing.B) {
	n := 20_000
	if v, err := strconv.Atoi(os.Getenv("TERANG_BENCH_CLOCKS")); err == nil {
		n = v
	}
	for b.Loop() {
		b.StopTimer()
		st, err := store.Open(context.Background(), store.Config{Path: filepath.Join(b.TempDir(), fmt.Sprintf("%d.db", b.N)), Keys: storetest.Keys(b, b.TempDir())})
		if err != nil {
			b.Fatal(err)
		}
		s := ct.On(b, st)
		proto, _, _ := s.Given(ct.Request())
		clock, err := st.Read(s.Ctx).Clocks(proto.ID)
		if err != nil || len(clock) == 0 {
			b.Fatal(err)
		}
		for done := 0; done < n; {
			part := min(5000, n-done)
			if err := st.WithTx(s.Ctx, func(tx *store.Tx) error {
				cases, clocks := make([]models.Case, part), make([]models.Clock, part)
				for i := range cases {
					cases[i] = *proto
					cases[i].ID, cases[i].Reference = 0, models.NewReference()
				}
				if err := tx.InsertAll(&cases); err != nil {
					return err
				}
				for i := range clocks {
					clocks[i] = clock[0]
					clocks[i].ID, clocks[i].CaseID = 0, cases[i].ID
				}
				return tx.InsertAll(&clocks)
			}); err != nil {
				b.Fatal(err)
			}
			done += part
		}
		list, err := policies.ParseHolidays("uji", strings.NewReader("2026-01-01\n2026-01-16\n2026-01-20\n2026-02-17\n"))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.AddDecree(s.Ctx, models.System, casework.DecreeInput{Pack: "id", Decree: "SKB", Year: 2026, Issued: "2026-01-06", List: list}); err != nil {
			b.Fatal(err)
		}
		moved := 0
		b.StartTimer()
		start := time.Now()
		if _, err := s.Recompute(s.Ctx, models.System, "SKB", func(casework.Recomputed) { moved++ }); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if moved != n+1 {
			b.Fatalf("%d of %d clocks moved", moved, n+1)
		}
		b.ReportMetric(float64(moved)/time.Since(start).Seconds(), "clocks/s")
		st.Close()
		b.StartTimer()
	}
}
