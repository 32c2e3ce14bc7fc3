package main

import (
	"io"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/store"
)

// Nobody who files waits for an export, a sweep or a backup: an export that is stuck on a slow
// reader, half way through the log, holds nothing that a verb needs.
func TestNoVerbWaits(t *testing.T) {
	keptPlaces(t, func(t *testing.T, set settings) {
		k := openKept(t, set)
		found(t, k)
		ctx := t.Context()
		c := k.file("Anggaran jalan", "Mohon anggaran jalan.")
		// More than the buffers between the log and its reader hold.
		for range 6 {
			events := make([]models.Event, 1500)
			for i := range events {
				events[i] = models.Event{Time: time.Now().UTC().Truncate(time.Second), Kind: "note.added", CaseID: &c.ID, Reference: c.Reference, CaseKind: c.Kind,
					BodyID: &c.BodyID, Body: "dinas", ActorRole: "agent", Actor: "Pak Petugas", Classification: c.Classification, State: c.State, Standing: models.OnTime, Data: "{}"}
			}
			if err := k.a.store.WithTx(ctx, func(tx *store.Tx) error { return tx.AppendAll(events) }); err != nil {
				t.Fatal(err)
			}
		}
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := k.a.cases.Export(ctx, models.System, casework.ExportInput{Format: "csv"}, w)
			w.CloseWithError(err)
			done <- err
		}()
		// The first rows are out; from here on the export is stuck.
		if _, err := io.ReadFull(r, make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
		filed := make(chan struct{})
		go func() {
			defer close(filed)
			for range 5 {
				k.file("Sambil menunggu", "Mohon dokumen sambil menunggu.")
			}
			if _, err := k.a.cases.Sweep(ctx, time.Now()); err != nil {
				t.Error(err)
			}
			if err := k.a.sequence(ctx); err != nil {
				t.Error(err)
			}
		}()
		select {
		case <-filed:
		case err := <-done:
			t.Fatalf("the export ended before anybody filed beside it: %v", err)
		case <-time.After(time.Minute):
			t.Fatal("filing, sweeping and sequencing wait for an export")
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := k.a.store.VerifyLog(ctx, k.a.signer.Verifiers(), nil); err != nil {
			t.Error(err)
		}
	})
}
