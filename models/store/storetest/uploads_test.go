package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

// intake is a draft with so many documents that wait to be scanned.
func intake(t *testing.T, s *store.Store, n int) []models.Attachment {
	t.Helper()
	var docs []models.Attachment
	if err := s.WithTx(ctx, func(tx *store.Tx) error {
		d := &models.Draft{TokenHash: fmt.Sprint("hash", n), Answers: "{}", Version: 1, CreatedAt: Start, UpdatedAt: Start}
		if err := tx.Insert(d); err != nil {
			return err
		}
		for i := range n {
			at := Start
			a := models.Attachment{DraftID: &d.ID, Name: fmt.Sprint("a", i), Type: "text/plain", Size: 1, SHA256: fmt.Sprintf("%064x", i), Stored: fmt.Sprintf("%040x", i),
				Classification: models.Restricted, At: Start, Scan: models.ScanWaiting, ScanNext: &at}
			if err := tx.Insert(&a); err != nil {
				return err
			}
			docs = append(docs, a)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return docs
}

func claimScans(t *testing.T, s *store.Store, now time.Time, n int) (docs []models.Attachment) {
	t.Helper()
	if err := s.WithTx(ctx, func(tx *store.Tx) (err error) {
		docs, err = tx.ClaimScans(now, time.Minute, n)
		return err
	}); err != nil {
		t.Error(err)
	}
	return docs
}

// A document is scanned by one at a time; who claimed it and died gives it back by silence.
func TestScanClaims(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		docs := intake(t, s, 20)
		if got := claimScans(t, s, Start.Add(-time.Second), 10); len(got) != 0 {
			t.Fatalf("%d before their time", len(got))
		}
		var mu sync.Mutex
		seen := map[int64]int{}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for {
					got := claimScans(t, s, Start, 3)
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, d := range got {
						seen[d.ID]++
						if d.ScanTries != 1 || d.Name == "" {
							t.Errorf("%+v", d)
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(seen) != len(docs) {
			t.Errorf("%d of %d claimed", len(seen), len(docs))
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%d was claimed %d times", id, n)
			}
		}
		if got := claimScans(t, s, Start.Add(59*time.Second), 30); len(got) != 0 {
			t.Errorf("%d were taken from their claimants", len(got))
		}
		if got := claimScans(t, s, Start.Add(time.Minute), 30); len(got) != len(docs) || got[0].ScanTries != 2 {
			t.Errorf("%d given back", len(got))
		}
	})
}

// A verdict ends the waiting; nothing but another verdict changes it; queueing again changes
// nothing of it either.
func TestScanVerdicts(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		docs := intake(t, s, 7)
		at := Start.Add(time.Hour)
		set := func(id int64, state models.ScanState, found string) (was models.ScanState) {
			t.Helper()
			if err := s.WithTx(ctx, func(tx *store.Tx) (err error) {
				was, err = tx.SetScan(id, state, found, at)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return was
		}
		read := func(id int64) *models.Attachment {
			t.Helper()
			d, err := s.Read(ctx).Attachment(id)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if was := set(docs[0].ID, models.ScanInfected, "Eicar"); was != models.ScanWaiting {
			t.Errorf("was %s", was)
		}
		stale := docs[0]
		stale.Name, stale.Scan, stale.ScanNext = "baru", models.ScanClean, &at
		if err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.UpdateAttachment(&stale) }); err != nil {
			t.Fatal(err)
		}
		if d := read(docs[0].ID); d.Scan != models.ScanInfected || d.ScanFound != "Eicar" || d.ScanNext != nil || d.ScannedAt == nil || d.Name != "baru" {
			t.Errorf("%+v", d)
		}
		if was := set(docs[0].ID+1000, models.ScanClean, ""); was != "" {
			t.Errorf("a document that is not there was %s", was)
		}
		if n, _, err := s.Read(ctx).ScansDue(); err != nil || n != 6 {
			t.Errorf("%d due %v", n, err)
		}
		counts, err := s.Read(ctx).ScanCounts()
		if err != nil || counts[models.ScanInfected] != 1 || counts[models.ScanWaiting] != 6 {
			t.Errorf("%v %v", counts, err)
		}
		// Page by page, without those that were looked at since.
		var queued int64
		for after := int64(0); ; {
			var last int64
			if err := s.WithTx(ctx, func(tx *store.Tx) error {
				l, n, err := tx.QueueScans(at.Add(time.Second), at, after, 2)
				last, queued = l, queued+n
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if last == 0 {
				break
			}
			after = last
		}
		if queued != 1 || read(docs[0].ID).Scan != models.ScanInfected || read(docs[0].ID).ScanNext == nil {
			t.Errorf("%d queued, %+v", queued, read(docs[0].ID))
		}
		kept, err := s.Read(ctx).StoredNames([]string{docs[1].Stored, "nobody's"})
		if err != nil || !kept[docs[1].Stored] || len(kept) != 1 {
			t.Errorf("%v %v", kept, err)
		}
	})
}
