package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"terang/models"
	"terang/models/trail"
)

// AppendPlaced seals events and writes them together with their places in the log, the tree
// and its signed head: what Append and the sequencer do in two steps, in one, for those who
// bring in very many. Nothing may be waiting for the sequencer, and it waits meanwhile.
func (tx *Tx) AppendPlaced(signer *trail.Signer, events []models.Event, now time.Time) error {
	if len(events) == 0 {
		return nil
	}
	waiting, _, err := tx.pending(signer)
	if err != nil {
		return wrap(err)
	}
	if len(waiting) > 0 {
		return wrap(errors.New("events wait for the sequencer: it goes first"))
	}
	if err := tx.keyInForce(signer); err != nil {
		return wrap(err)
	}
	head, err := tx.head()
	if err != nil {
		return err
	}
	b, err := trail.NewBuilder(head.Size, tx.tile)
	if err != nil {
		return wrap(err)
	}
	if err := headMatches(b, head); err != nil {
		return wrap(err)
	}
	leaves := make([]logLeaf, len(events))
	for i := range events {
		e := &events[i]
		if err := trail.Seal(e); err != nil {
			return wrap(err)
		}
		entry, err := trail.EntryOf(e)
		if err != nil {
			return wrap(fmt.Errorf("event %d of %d: %w", i+1, len(events), err))
		}
		at := b.Size()
		e.Leaf, leaves[i] = &at, logLeaf{at, entry}
		if err := b.Append(trail.LeafHash(entry)); err != nil {
			return wrap(err)
		}
	}
	if err := tx.InsertAll(&events); err != nil {
		return err
	}
	if err := tx.writeLeaves(leaves); err != nil {
		return wrap(err)
	}
	return wrap(tx.grow(signer, b, head, nil, now))
}

// CasesAfter lists whole cases by id.
func (r *Reader) CasesAfter(after int64, limit int) ([]models.Case, error) {
	return many[models.Case](r, "id", limit, "id > ?", after)
}

// Analyze has PostgreSQL look at how its rows are spread, as after very many were brought in. SQLite is
// left without: with statistics it would parse a statement anew for each value, and where it
// matters its queries name their index.
func (s *Store) Analyze(ctx context.Context) error {
	if s.dialect == dialectSQLite {
		return nil
	}
	return s.WithTx(ctx, func(tx *Tx) error { return tx.db.Exec("ANALYZE").Error })
}
