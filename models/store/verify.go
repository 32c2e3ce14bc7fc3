package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"terang/models"
	"terang/models/trail"
)

// Progress tells how far a verification has come.
type Progress struct {
	Done, Total int64 // leaves
	Pending     int64 // events without a place, at the end
	Root        tlog.Hash
}

// Fault is the first thing in a log that does not hold.
type Fault struct {
	What  string // head checkpoint signature entry event tile order case
	Index int64  // leaf index; -1 where none
	Event int64  // its number; 0 where none
	Why   string
}

func (f *Fault) Error() string {
	where := ""
	if f.Index >= 0 {
		where = fmt.Sprintf(" at index %d", f.Index)
	}
	if f.Event != 0 {
		where += fmt.Sprintf(" (event %d)", f.Event)
	}
	return f.What + where + ": " + f.Why
}

func fault(what string, index int64, event int64, why string, args ...any) error {
	return &Fault{What: what, Index: index, Event: event, Why: fmt.Sprintf(why, args...)}
}

const verifyBatch = 4096

type signedHead struct {
	Size int64
	Note []byte
}

// verifier is one walk over the log.
type verifier struct {
	r       *Reader
	b       *trail.Builder
	head    logHead
	chain   trail.KeyChain
	cps     []signedHead // in order of size, not yet met
	lastCP  int64
	ids     int64 // events seen
	report  func(Progress)
	pending int64
	graves  graves
}

// VerifyLog checks the whole log against the public keys that may sign it, in memory
// that does not grow with it: every entry, every event behind it, every tile, the
// root, every checkpoint. It names the first thing that does not hold as a
// *Fault. report may be nil.
func (s *Store) VerifyLog(ctx context.Context, known note.Verifiers, report func(Progress)) error {
	r := s.Read(ctx)
	if report == nil {
		report = func(Progress) {}
	}
	v := &verifier{r: r, report: report, lastCP: -1}
	var err error
	if v.head, err = r.head(); err != nil {
		return err
	}
	if v.b, err = trail.NewBuilder(0, nil); err != nil {
		return wrap(err)
	}
	if v.chain, err = r.KeyChain(); err != nil {
		return err
	}
	if err := v.chain.Anchored(known); err != nil {
		return fault("signature", -1, 0, "%v", err)
	}
	if err := v.newest(known); err != nil {
		return err
	}
	if err := v.walk(known); err != nil {
		return err
	}
	if err := v.finish(); err != nil {
		return err
	}
	if err := v.rest(); err != nil {
		return err
	}
	if err := v.cases(); err != nil {
		return err
	}
	root, err := v.b.Root()
	if err != nil {
		return wrap(err)
	}
	report(Progress{Done: v.head.Size, Total: v.head.Size, Pending: v.pending, Root: root})
	return nil
}

// newest looks at the newest checkpoint first: a wrong key or a cut-off log shows there
// without reading the rest.
func (v *verifier) newest(known note.Verifiers) error {
	var sizes []int64
	if err := v.r.db.Raw("SELECT size FROM log_checkpoint WHERE size >= ? ORDER BY size DESC LIMIT 1", v.head.Size).Scan(&sizes).Error; err != nil {
		return wrap(err)
	}
	switch {
	case len(sizes) == 0 && v.head.Size == 0:
		var n int64
		if err := v.r.db.Raw("SELECT count(*) FROM log_leaf").Scan(&n).Error; err != nil {
			return wrap(err)
		}
		if n > 0 {
			return fault("head", -1, 0, "the log has %d entries and no head", n)
		}
		return nil
	case len(sizes) == 0:
		return fault("checkpoint", -1, 0, "no checkpoint for the head at %d", v.head.Size)
	case sizes[0] > v.head.Size:
		// A sequencer may have come between the two reads.
		again, err := v.r.head()
		if err != nil {
			return err
		}
		if again.Size < sizes[0] {
			return fault("head", -1, 0, "a checkpoint was signed at %d and the log ends at %d: the log was cut off", sizes[0], again.Size)
		}
	}
	rows, err := v.checkpoints(v.head.Size-1, 1)
	if err != nil || len(rows) == 0 {
		return err
	}
	cp, err := v.open(rows[0], known)
	if err != nil {
		return err
	}
	if !bytes.Equal(cp.Root[:], v.head.Root) {
		return fault("head", -1, 0, "the head at %d has another root than the checkpoint signed for it: the log has forked", v.head.Size)
	}
	return nil
}

// checkpoints reads the next signed heads after a size.
func (v *verifier) checkpoints(after int64, limit int) ([]signedHead, error) {
	var rows []signedHead
	err := v.r.db.Raw("SELECT size, note FROM log_checkpoint WHERE size > ? AND size <= ? ORDER BY size LIMIT ?", after, v.head.Size, limit).Scan(&rows).Error
	return rows, wrap(err)
}

// open checks who signed a head: the key that the log itself says was in force at its
// size, and where it was changed the one that follows too.
func (v *verifier) open(row signedHead, known note.Verifiers) (trail.Checkpoint, error) {
	keys := []note.Verifiers{known}
	if key := v.chain.At(row.Size); key != "" {
		names := []string{key}
		if rot, ok := v.chain.EndsAt(row.Size); ok {
			names = append(names, rot.New)
		}
		keys = keys[:0]
		for _, name := range names {
			one, err := trail.Verifiers(name)
			if err != nil {
				return trail.Checkpoint{}, fault("signature", -1, 0, "%v", err)
			}
			keys = append(keys, one)
		}
	}
	var cp trail.Checkpoint
	for _, k := range keys {
		var err error
		if cp, err = trail.OpenCheckpoint(row.Note, k); err != nil {
			return cp, fault("signature", -1, 0, "the checkpoint at %d: %v", row.Size, err)
		}
	}
	if cp.Size != row.Size {
		return cp, fault("checkpoint", -1, 0, "the checkpoint kept for size %d is of size %d", row.Size, cp.Size)
	}
	return cp, nil
}

// leafRow is an entry with the event that claims its place. Times are read with
// the event, by gorm: an expression's column has no type to read a time by.
type leafRow struct {
	Idx   int64
	Entry []byte
}

func (v *verifier) walk(known note.Verifiers) error {
	for v.b.Size() < v.head.Size {
		from := v.b.Size()
		to := min(from+verifyBatch, v.head.Size)
		var leaves []leafRow
		if err := v.r.db.Raw("SELECT idx, entry FROM log_leaf WHERE idx >= ? AND idx < ? ORDER BY idx", from, to).Scan(&leaves).Error; err != nil {
			return wrap(err)
		}
		events, bad, err := v.r.scanEvents("leaf >= ? AND leaf < ? ORDER BY leaf", []any{from, to}, verifyBatch, false)
		if err != nil {
			return wrap(err)
		}
		for i := int64(0); i < to-from; i++ {
			idx := from + i
			if i >= int64(len(leaves)) || leaves[i].Idx != idx {
				return fault("entry", idx, 0, "the log has no entry here")
			}
			if i >= int64(len(events)) || *events[i].Leaf != idx {
				return fault("event", idx, 0, "no event is at this place of the log: it was removed")
			}
			if bad != nil && bad.Event == events[i].ID {
				return bad
			}
			if err := v.leaf(&leaves[i], &events[i], known); err != nil {
				return err
			}
		}
		if err := v.tiles(v.b.TakeFull()); err != nil {
			return err
		}
		v.report(Progress{Done: v.b.Size(), Total: v.head.Size})
	}
	return nil
}

func (v *verifier) leaf(l *leafRow, e *models.Event, known note.Verifiers) error {
	if e.Salt == "" {
		return v.erased(l, e, known)
	}
	if err := checkEvent(e, l.Idx); err != nil {
		return err
	}
	entry, err := trail.EntryOf(e)
	if err != nil {
		return fault("event", l.Idx, e.ID, "%v", err)
	}
	if !bytes.Equal(entry, l.Entry) {
		return fault("entry", l.Idx, e.ID, "the entry in the log is not a commitment to this event: one of the two was exchanged")
	}
	v.ids++
	if err := v.b.Append(trail.LeafHash(l.Entry)); err != nil {
		return wrap(err)
	}
	return v.meet(known)
}

// checkEvent says whether an event's row still says what was sealed.
func checkEvent(e *models.Event, index int64) error {
	if text := trail.Canonical(e); text != e.Canonical {
		return fault("event", index, e.ID, "its row was changed: %s", firstDifference(text, e.Canonical))
	}
	entry, err := trail.EntryOf(e)
	if err != nil {
		return fault("event", index, e.ID, "%v", err)
	}
	h := trail.LeafHash(entry)
	if hex.EncodeToString(h[:]) != e.LeafHash {
		return fault("event", index, e.ID, "its text and salt do not make the leaf hash that was sealed")
	}
	return nil
}

// firstDifference names the first line of the canonical text that the row contradicts.
func firstDifference(row, sealed string) string {
	a, b := bytes.Split([]byte(row), []byte("\n")), bytes.Split([]byte(sealed), []byte("\n"))
	for i := range max(len(a), len(b)) {
		var x, y []byte
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if !bytes.Equal(x, y) {
			return fmt.Sprintf("sealed %q, now %q", clip(y), clip(x))
		}
	}
	return "they differ"
}

func clip(b []byte) string {
	if len(b) > 120 {
		return string(bytes.ToValidUTF8(b[:120], nil)) + "…"
	}
	return string(b)
}

// meet compares the tree with a checkpoint signed for its size.
func (v *verifier) meet(known note.Verifiers) error {
	size := v.b.Size()
	if len(v.cps) == 0 && v.lastCP < v.head.Size {
		var err error
		if v.cps, err = v.checkpoints(v.lastCP, 1000); err != nil {
			return err
		}
		if len(v.cps) == 0 {
			v.lastCP = v.head.Size
		} else {
			v.lastCP = v.cps[len(v.cps)-1].Size
		}
	}
	if len(v.cps) == 0 || v.cps[0].Size > size {
		if _, ok := v.chain.EndsAt(size); ok {
			return fault("checkpoint", size-1, 0, "the log's key was changed here and no head vouches for the new one")
		}
		return nil
	}
	cp, err := v.open(v.cps[0], known)
	if err != nil {
		return err
	}
	v.cps = v.cps[1:]
	if cp.Size < size {
		return fault("checkpoint", -1, 0, "a checkpoint at size %d was met late", cp.Size)
	}
	root, err := v.b.Root()
	if err != nil {
		return wrap(err)
	}
	if root != cp.Root {
		return fault("checkpoint", size-1, 0, "the entries up to here do not make the root that was signed at size %d: an entry was exchanged, moved or inserted", size)
	}
	return nil
}

// tiles compares what the entries make with what is stored and published.
func (v *verifier) tiles(made []trail.Tile) error {
	for _, t := range made {
		data, err := v.r.tile(t.Level, t.N)
		if err != nil {
			return fault("tile", -1, 0, "%v", err)
		}
		// Only a tile at the very end may have grown since the head was read.
		if len(data) < len(t.Data) || !bytes.Equal(data[:len(t.Data)], t.Data) {
			return fault("tile", -1, 0, "tile %d/%d does not hold the hashes of the entries under it", t.Level, t.N)
		}
	}
	return nil
}

// finish compares the last tiles and the head's root.
func (v *verifier) finish() error {
	if err := v.tiles(v.b.Take()); err != nil {
		return err
	}
	if v.head.Size == 0 {
		return nil
	}
	root, err := v.b.Root()
	if err != nil {
		return wrap(err)
	}
	if !bytes.Equal(root[:], v.head.Root) {
		return fault("head", -1, 0, "the entries do not make the root of the head at %d", v.head.Size)
	}
	return nil
}

// rest looks at what lies outside the tree: events claiming a place beyond it, entries
// nobody signed for, and events still waiting.
func (v *verifier) rest() error {
	again, err := v.r.head()
	if err != nil {
		return err
	}
	var beyond []struct {
		ID   int64
		Leaf int64
	}
	if err := v.r.db.Raw("SELECT id, leaf FROM events WHERE leaf >= ? OR leaf < 0 ORDER BY leaf LIMIT 1", again.Size).Scan(&beyond).Error; err != nil {
		return wrap(err)
	}
	if len(beyond) > 0 {
		now, err := v.r.head() // the sequencer may have gone on meanwhile
		if err != nil {
			return err
		}
		if beyond[0].Leaf >= now.Size || beyond[0].Leaf < 0 {
			return fault("event", beyond[0].Leaf, beyond[0].ID, "it claims a place that the log, of %d entries, does not have", now.Size)
		}
	}
	var idx []int64
	if err := v.r.db.Raw("SELECT idx FROM log_leaf WHERE idx >= ? OR idx < 0 ORDER BY idx LIMIT 1", again.Size).Scan(&idx).Error; err != nil {
		return wrap(err)
	}
	if len(idx) > 0 {
		now, err := v.r.head()
		if err != nil {
			return err
		}
		if idx[0] >= now.Size || idx[0] < 0 {
			return fault("entry", idx[0], 0, "the log has an entry beyond its head at %d", now.Size)
		}
	}
	after := int64(0)
	for {
		var events []models.Event
		if err := v.r.db.Where("leaf IS NULL AND id > ?", after).Order("id").Limit(verifyBatch).Find(&events).Error; err != nil {
			return wrap(err)
		}
		if bad, err := v.r.openSealed(events, false); err != nil || bad != nil {
			if err == nil {
				err = bad
			}
			return err
		}
		for i := range events {
			if err := checkEvent(&events[i], -1); err != nil {
				return err
			}
			after = events[i].ID
			v.pending++
		}
		if len(events) < verifyBatch {
			return nil
		}
	}
}

// cases compares each case with the last event that concerns it: state, outcome and
// classification move only with an event.
func (v *verifier) cases() error {
	after := int64(0)
	for {
		var rows []struct {
			ID                                                         int64
			Reference, State, Outcome, Classification                  string
			Event                                                      *int64
			EventReference, EventState, EventOutcome, EventClass, Kind string
		}
		err := v.r.db.Raw(`SELECT c.id, c.reference, c.state, c.outcome, c.classification, e.id AS event, coalesce(e.kind, '') AS kind,
				coalesce(e.reference, '') AS event_reference, coalesce(e.state, '') AS event_state,
				coalesce(e.outcome, '') AS event_outcome, coalesce(e.classification, '') AS event_class
			FROM (SELECT id, reference, state, outcome, classification FROM cases WHERE id > ? ORDER BY id LIMIT ?) c
			LEFT JOIN events e ON e.id = (SELECT max(id) FROM events WHERE case_id = c.id)
			ORDER BY c.id`, after, verifyBatch).Scan(&rows).Error
		if err != nil {
			return wrap(err)
		}
		for _, c := range rows {
			after = c.ID
			for _, x := range []struct{ name, row, event string }{
				{"reference", c.Reference, c.EventReference},
				{"state", c.State, c.EventState},
				{"outcome", c.Outcome, c.EventOutcome},
				{"classification", c.Classification, c.EventClass},
			} {
				switch {
				case c.Event == nil:
					return fault("case", -1, 0, "case %s has no event at all", c.Reference)
				case x.row != x.event:
					return fault("case", -1, *c.Event, "case %s has %s %q and its last event, %s, says %q", c.Reference, x.name, x.row, c.Kind, x.event)
				}
			}
		}
		if len(rows) < verifyBatch {
			return nil
		}
	}
}

// AsFault gives the fault a verification ended with; nil when it failed for another reason.
func AsFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}
