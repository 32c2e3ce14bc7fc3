package storetest

import (
	"context"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	s := SQLite(t)
	key, _ := trail.NewKey("example.org/log")
	now := time.Now()
	var id int64
	err := s.WithTx(ctx, func(tx *store.Tx) error {
		b := &models.Body{Slug: "x", Name: "X", Pack: "id", Version: 1, CreatedAt: now}
		if err := tx.Insert(b); err != nil {
			return err
		}
		c := &models.Case{Reference: models.NewReference(), Kind: models.Request, BodyID: b.ID, Subject: "Anggaran pendidikan", Text: "requests", State: models.StateRegistered, Classification: models.Public, DueAt: &now, ReceivedAt: now, RecordedAt: now, Version: 1, UpdatedAt: now}
		if err := tx.Insert(c); err != nil {
			return err
		}
		if err := tx.IndexCase(c); err != nil {
			return err
		}
		c.Subject = "Anggaran"
		if err := tx.UpdateCase(c); err != nil {
			return err
		}
		if n, err := tx.BumpThrottle("a", time.Minute, now); err != nil || n != 1 {
			t.Error(n, err)
		}
		if n, err := tx.BumpThrottle("a", time.Minute, now); err != nil || n != 2 {
			t.Error(n, err)
		}
		e := &models.Event{Time: now, Kind: "case.filed", CaseID: &c.ID, Reference: c.Reference, State: c.State, Classification: c.Classification, Reason: "a\nb"}
		defer func() { id = e.ID }()
		return tx.Append(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sequence(ctx, key, now); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if err := s.VerifyLog(ctx, key.Verifiers(), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	raw, err := s.Receipt(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trail.VerifyReceipt(raw, key.Verifiers()); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"all", "open", "overdue", "unassigned"} {
		rows, next, err := s.Read(ctx).Queue(models.Sight{Everything: true}, store.QueueFilter{Queue: q, Now: now.Add(time.Hour), Terms: s.Terms("anggaran request")}, "", 10)
		if err != nil || len(rows) != 1 || next != "" {
			t.Fatal(q, rows, next, err)
		}
		rows, next, err = s.Read(ctx).Queue(models.Sight{Everything: true}, store.QueueFilter{Queue: q, Now: now.Add(time.Hour)}, "", 10)
		if err != nil || len(rows) != 1 || next != "" {
			t.Fatal(q, rows, next, err)
		}
	}
}
