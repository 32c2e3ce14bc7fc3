package casework

import (
	"context"
	"errors"
	"io"
	"time"

	"terang/models"
	"terang/models/store"
)

// Scanner looks for viruses.
type Scanner interface {
	// Scan reads to the end. found is what it calls what it found, "" where there is nothing. An
	// error means that it gave no verdict.
	Scan(ctx context.Context, r io.Reader) (found string, err error)
}

// verdict is what the scanner made of a file at the door.
type verdict struct {
	state models.ScanState
	at    *time.Time
	next  *time.Time
}

const (
	scanLease = 10 * time.Minute // how long one file is kept from other instances while it is scanned
	scanBatch = 8
)

// scanNow asks the scanner while the one who uploads waits. Without a verdict in time the file
// is set aside: its filing goes on, and nobody is given it.
func (s *Service) scanNow(ctx context.Context, name string, r io.Reader) (verdict, error) {
	if s.scanner == nil {
		return verdict{state: models.Unscanned}, nil
	}
	now := s.now()
	short, cancel := context.WithTimeout(ctx, models.ScanPatience)
	defer cancel()
	found, err := s.scanner.Scan(short, r)
	if err != nil {
		if cerr := ctx.Err(); cerr != nil {
			return verdict{}, internal("upload_cancelled", cerr)
		}
		return verdict{state: models.ScanWaiting, next: &now}, nil
	}
	if found != "" {
		var c models.Check
		c.Field(false, "attachments", "file_infected_refused", name, found)
		return verdict{}, c.Err()
	}
	return verdict{state: models.ScanClean, at: &now}, nil
}

// ScanReport is what one pass over waiting documents did.
type ScanReport struct {
	Scanned  int    `json:"scanned"`
	Clean    int    `json:"clean"`
	Infected int    `json:"infected"`
	PutOff   int    `json:"put_off"` // no verdict: the scanner was away, or did not understand
	Why      string `json:"why,omitempty"`
}

// ScanDue scans the documents that wait for it, until none is left or the scanner is away. Any
// number of instances may do so at once.
func (s *Service) ScanDue(ctx context.Context) (r ScanReport, err error) {
	if s.scanner == nil {
		return r, nil
	}
	if n, _, err := s.store.Read(ctx).ScansDue(); err != nil || n == 0 {
		return r, err // looked for on the read side: what finds nothing must not wait for the disk
	}
	for ctx.Err() == nil {
		var docs []models.Attachment
		if err := s.store.WithTx(ctx, func(tx *store.Tx) (err error) {
			docs, err = tx.ClaimScans(s.now(), scanLease, scanBatch)
			return err
		}); err != nil || len(docs) == 0 {
			return r, err
		}
		for i := range docs {
			if err := s.scanOne(ctx, &docs[i], &r); err != nil {
				return r, err
			}
		}
		if r.PutOff > 0 {
			return r, nil
		}
	}
	return r, ctx.Err()
}

func (s *Service) scanOne(ctx context.Context, d *models.Attachment, r *ScanReport) error {
	if d.SHA256 == "" { // erased meanwhile
		return s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.DropScan(d.ID) })
	}
	// A file that is not there just now is no reason to stop asking: it may have been sealed anew
	// under another name, or the bucket is away.
	f, err := s.getFile(ctx, d)
	found := ""
	if err == nil {
		found, err = s.scanner.Scan(ctx, f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		r.PutOff++
		r.Why = err.Error()
		wait := min(10*time.Minute, time.Duration(1<<min(d.ScanTries, 10))*5*time.Second)
		return s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.PutOffScan(d.ID, s.now().Add(wait)) })
	}
	r.Scanned++
	state := models.ScanClean
	if found != "" {
		state = models.ScanInfected
	}
	switch state {
	case models.ScanClean:
		r.Clean++
	case models.ScanInfected:
		r.Infected++
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error { return s.setScan(tx, d.ID, state, found) })
}

// setScan writes a verdict, with the event of what it changed for those who may see the document.
func (s *Service) setScan(tx *store.Tx, id int64, state models.ScanState, found string) error {
	d, err := tx.Attachment(id)
	if models.KindOf(err) == models.NotFound {
		return nil // taken out meanwhile
	}
	if err != nil {
		return err
	}
	was, err := tx.SetScan(id, state, found, s.now())
	if err != nil || was == "" || was == state || d.CaseID == nil {
		return err // an intake has no events: its page shows what became of it
	}
	c, err := tx.CaseByID(*d.CaseID)
	if err != nil {
		return err
	}
	w, err := s.around(tx, models.System, c)
	if err != nil {
		return err
	}
	kind := "attachment.cleared"
	switch {
	case state == models.ScanInfected:
		kind = "attachment.infected"
	case was != models.ScanInfected:
		kind = "attachment.scanned"
	}
	if err := w.record(kind, found, "", models.EventData{File: d.SHA256, Old: string(was), New: string(state)}); err != nil {
		return err
	}
	if state != models.ScanInfected || d.FromBody {
		return nil
	}
	return w.tell("infected", w.notice(""))
}

// Rescan has every document scanned again that was not since before: new signatures know more.
// What each is served as does not change until its scan has an answer.
func (s *Service) Rescan(ctx context.Context, a models.Actor, before time.Time) (int64, error) {
	if s.scanner == nil {
		return 0, models.Refuse(models.Conflict, "no_scanner")
	}
	var queued int64
	for after := int64(0); ; {
		var last int64
		err := s.store.WithTx(ctx, func(tx *store.Tx) error {
			l, n, err := tx.QueueScans(before, s.now(), after, sweepBatch)
			last, queued = l, queued+n
			return err
		})
		if err != nil {
			return queued, err
		}
		if last == 0 {
			break
		}
		after = last
	}
	if queued == 0 {
		return 0, nil
	}
	return queued, s.store.WithTx(ctx, func(tx *store.Tx) error {
		w := &work{Tx: tx, s: s, actor: a, now: s.now(), at: s.now()}
		return w.record("files.rescanned", "", "", models.EventData{Count: queued})
	})
}

// ScanStanding says what is known of the documents kept, for who runs the installation.
type ScanStanding struct {
	Counts map[models.ScanState]int64
	Due    int64
	Oldest *time.Time // since when the one that waits longest does
}

// ScanStanding reads it. No document is named.
func (s *Service) ScanStanding(ctx context.Context) (ScanStanding, error) {
	r := s.store.Read(ctx)
	counts, err := r.ScanCounts()
	if err != nil {
		return ScanStanding{}, err
	}
	out := ScanStanding{Counts: counts}
	out.Due, out.Oldest, err = r.ScansDue()
	return out, err
}

// Scans says whether a scanner is asked at all.
func (s *Service) Scans() bool { return s.scanner != nil }

// heldError refuses a document that nobody is given.
func heldError(d *models.Attachment) error {
	switch d.Scan {
	case models.ScanWaiting:
		return models.Refuse(models.Conflict, "file_being_checked", d.Name)
	case models.ScanInfected:
		return models.Refuse(models.Conflict, "file_infected", d.Name)
	}
	return nil
}
