package casework

import (
	"context"

	"terang/models"
	"terang/models/store"
)

// Receipt is the proof that a case's filing stands in the log: a
// c2sp.org/tlog-proof@v1 file whose extra data opens the commitment. It refuses with Conflict
// "receipt_not_ready" in the second before the log has taken the event in.
func (s *Service) Receipt(ctx context.Context, a models.Actor, ref string) ([]byte, error) {
	norm, ok := models.NormalReference(ref)
	if !ok {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	r := s.store.Read(ctx)
	c, err := r.CaseByReference(norm)
	if err != nil {
		return nil, err
	}
	rungs, err := r.Rungs(c.ID)
	if err != nil {
		return nil, err
	}
	if !models.SightOf(a).Sees(c, rungRoles(rungs)) {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	events, _, err := r.Events(store.EventFilter{CaseID: &c.ID, Kind: "case.filed"}, "", 1)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, models.Refuse(models.NotFound, "receipt_not_found")
	}
	if events[0].Leaf == nil {
		if err := s.Sequence(ctx); err != nil {
			return nil, err
		}
	}
	key := ""
	if s.signer != nil {
		key = s.signer.VerifierKey()
	}
	return s.store.Receipt(ctx, events[0].ID, key)
}

// Checkpoint is the signed head of the log and its size.
func (s *Service) Checkpoint(ctx context.Context) ([]byte, int64, error) {
	c, err := s.store.Checkpoint(ctx)
	if err != nil {
		return nil, 0, err
	}
	return c.Note, c.Size, nil
}

// Tile is a tile of the tree's hashes, in C2SP tlog-tiles form.
func (s *Service) Tile(ctx context.Context, level, n int64, width int) ([]byte, error) {
	return s.store.Tile(ctx, level, n, width)
}

// EntriesTile is a bundle of the log's entries.
func (s *Service) EntriesTile(ctx context.Context, n int64, width int) ([]byte, error) {
	return s.store.EntriesTile(ctx, n, width)
}
