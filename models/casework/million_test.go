package casework_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/store"
	"terang/models/store/storetest"
	"terang/models/trail"
	"terang/policies"
)

// peak watches the memory of the process while something runs: the heap's highest level, and
// what the process holds of the machine.
func peak(run func()) (heapMB, residentMB uint64) {
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		var m runtime.MemStats
		for !stop.Load() {
			runtime.ReadMemStats(&m)
			heapMB, residentMB = max(heapMB, m.HeapAlloc>>20), max(residentMB, (m.Sys-m.HeapReleased)>>20)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	run()
	stop.Store(true)
	<-done
	return
}

// BenchmarkLog measures a log of TERANG_BENCH_EVENTS events (100,000) in SQLite: sealing them,
// verifying all of it, a receipt, and the export.
//
//	TERANG_BENCH_EVENTS=1000000 go test ./models/casework -run - -bench BenchmarkLog -benchtime 200x -v -timeout 30m
func BenchmarkLog(b *testing.B) {
	events := 100_000
	if n, err := strconv.Atoi(os.Getenv("TERANG_BENCH_EVENTS")); err == nil {
		events = n
	}
	ctx := b.Context()
	st, err := store.Open(ctx, store.Config{Path: filepath.Join(b.TempDir(), "terang.db"), Keys: storetest.Keys(b, b.TempDir())})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	packs, err := policies.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	key, err := trail.NewKey("bench.example/log")
	if err != nil {
		b.Fatal(err)
	}
	svc := casework.New(casework.Options{Store: st, Packs: packs, Signer: key, Secret: make([]byte, 32)})
	start := time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)
	cases := fileBench(b, st, start, max(1, events/10))
	begun := time.Now()
	for done := 0; done < events; {
		batch := make([]models.Event, min(5000, events-done))
		for i := range batch {
			c := &cases[(done+i)%len(cases)]
			batch[i] = models.Event{
				Time: start.Add(time.Duration(done+i) * time.Second), Kind: "message.added", CaseID: &c.ID, Reference: c.Reference, CaseKind: c.Kind,
				BodyID: &c.BodyID, Body: "dinas", ActorRole: "officer", Actor: "Ibu Sri", Classification: c.Classification, State: c.State,
				Clock: "answer", DueOn: "2026-01-19", Standing: models.OnTime, Pack: "id", PackVersion: "1",
				Data: `{"text_sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}`,
			}
		}
		if err := st.WithTx(ctx, func(tx *store.Tx) error { return tx.AppendAll(batch) }); err != nil {
			b.Fatal(err)
		}
		done += len(batch)
	}
	rate := func(what string, n int, since time.Time) {
		took := time.Since(since)
		b.Logf("%s %d events in %s: %.0f/s", what, n, took.Round(time.Millisecond), float64(n)/took.Seconds())
	}
	rate("wrote", events, begun)
	runtime.GC()

	var n int
	begun = time.Now()
	heap, resident := peak(func() { n, err = st.Sequence(ctx, key, start) })
	if err != nil {
		b.Fatal(err)
	}
	rate("sequenced", n, begun)
	b.Logf("  heap %d MB, process %d MB", heap, resident)
	runtime.GC()

	begun = time.Now()
	heap, resident = peak(func() { err = st.VerifyLog(ctx, key.Verifiers(), nil) })
	if err != nil {
		b.Fatal(err)
	}
	rate("verified", n, begun)
	b.Logf("  heap %d MB, process %d MB", heap, resident)

	for _, format := range []string{"csv", "jsonl"} {
		out, err := os.Create(filepath.Join(b.TempDir(), "log."+format))
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		begun = time.Now()
		var rows int64
		heap, resident = peak(func() {
			rows, err = svc.Export(ctx, models.System, casework.ExportInput{Format: format}, out)
		})
		if err != nil {
			b.Fatal(err)
		}
		rate("exported as "+format, int(rows), begun)
		b.Logf("  heap %d MB, process %d MB", heap, resident)
		out.Close()
	}

	b.Run("receipt", func(b *testing.B) {
		i := int64(0)
		for b.Loop() {
			i = (i*2862933555777941757 + 3037000493) & (1<<62 - 1)
			if _, err := st.Receipt(ctx, 1+i%int64(events), key.VerifierKey(), store.Quorum{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func fileBench(b *testing.B, st *store.Store, at time.Time, n int) []models.Case {
	body := models.Body{Slug: "dinas", Name: "Dinas", Pack: "id", Version: 1, CreatedAt: at}
	if err := st.WithTx(b.Context(), func(tx *store.Tx) error { return tx.Insert(&body) }); err != nil {
		b.Fatal(err)
	}
	var out []models.Case
	for len(out) < n {
		batch := make([]models.Case, min(2000, n-len(out)))
		for i := range batch {
			batch[i] = models.Case{
				Reference: models.NewReference(), Kind: models.Request, Channel: models.ChannelWeb, Lang: "id", BodyID: body.ID, Subject: "Anggaran", Text: "Mohon anggaran.",
				State: models.StateRegistered, Classification: models.Public, Anonymity: models.Open, Pack: "id", PackVersion: "1",
				ReceivedAt: at, RecordedAt: at, Version: 1, UpdatedAt: at,
			}
		}
		if err := st.WithTx(b.Context(), func(tx *store.Tx) error { return tx.InsertAll(&batch) }); err != nil {
			b.Fatal(err)
		}
		out = append(out, batch...)
	}
	return out
}
