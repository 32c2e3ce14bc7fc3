package store

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"terang/models"
	"terang/models/trail"
)

// Quorum says how many of which witnesses a head must bear. The zero one asks for none.
type Quorum struct {
	Witnesses []string // names
	N         int
}

// witnessed is the newest signed head with the cosignatures it has, and of those witnesses
// the quorum names at least as many as it asks for.
func (r *Reader) witnessed(q Quorum) (trail.Checkpoint, error) {
	if len(q.Witnesses) == 0 {
		return r.checkpoint()
	}
	cp, err := r.checkpoint()
	if err != nil {
		return cp, err
	}
	size := cp.Size
	if q.N > 0 {
		var sizes []int64
		err := r.db.Raw(`SELECT size FROM log_cosignature WHERE witness IN ? GROUP BY size HAVING count(*) >= ? ORDER BY size DESC LIMIT 1`,
			q.Witnesses, q.N).Scan(&sizes).Error
		if err != nil {
			return cp, wrap(err)
		}
		if len(sizes) == 0 {
			return cp, models.Refuse(models.Conflict, "receipt_not_ready")
		}
		size = sizes[0]
	}
	var notes [][]byte
	if err := r.db.Raw("SELECT note FROM log_checkpoint WHERE size = ?", size).Scan(&notes).Error; err != nil || len(notes) == 0 {
		return cp, wrap(err)
	}
	var lines [][]byte
	if err := r.db.Raw("SELECT lines FROM log_cosignature WHERE size = ? AND witness IN ? ORDER BY witness", size, q.Witnesses).Scan(&lines).Error; err != nil {
		return cp, wrap(err)
	}
	signed := notes[0]
	for _, l := range lines {
		signed = append(signed, l...)
	}
	return parseStored(signed)
}

// Published is the head that everyone is shown: the newest that enough witnesses cosigned; while
// there is none, the newest.
func (s *Store) Published(ctx context.Context, q Quorum) (trail.Checkpoint, error) {
	r := s.Read(ctx)
	cp, err := r.witnessed(q)
	if models.CodeOf(err) == "receipt_not_ready" {
		return r.witnessed(Quorum{Witnesses: q.Witnesses})
	}
	return cp, err
}

// Cosigned is the size of the newest head that a witness cosigned; 0 before the first.
func (s *Store) Cosigned(ctx context.Context, witness string) (int64, error) {
	var size int64
	err := s.Read(ctx).db.Raw("SELECT coalesce(max(size), 0) FROM log_cosignature WHERE witness = ?", witness).Scan(&size).Error
	return size, wrap(err)
}

// PutCosignature keeps what a witness signed of the head of a size.
func (s *Store) PutCosignature(ctx context.Context, size int64, witness string, lines []byte, at time.Time) error {
	return s.WithTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO log_cosignature (size, witness, lines, created_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (size, witness) DO UPDATE SET lines = excluded.lines, created_at = excluded.created_at`, size, witness, lines, at.UTC().Truncate(time.Microsecond))
		return err
	})
}

// LogKeys are the log's public keys, the newest first, as its events tell; empty while there
// was only one.
func (s *Store) LogKeys(ctx context.Context) ([]string, error) {
	chain, err := s.Read(ctx).KeyChain()
	return chain.Keys(), err
}

// proofFrom is the proof a witness needs that cosigned a head of a size; none for its first.
func (s *Store) proofFrom(ctx context.Context, from, to int64) (tlog.TreeProof, error) {
	if from == 0 || from == to {
		return nil, nil
	}
	return s.ProveConsistency(ctx, from, to)
}

// ShowWitness makes what is sent to a witness: the newest head, and the proof that it continues
// the one of the size that the witness cosigned last.
func (s *Store) ShowWitness(ctx context.Context, from int64) (trail.Checkpoint, []byte, error) {
	cp, err := s.Checkpoint(ctx)
	if err != nil || from > cp.Size {
		return cp, nil, err
	}
	proof, err := s.proofFrom(ctx, from, cp.Size)
	if err != nil {
		return cp, nil, err
	}
	return cp, trail.AddCheckpoint(from, proof, cp.Note), nil
}

// UseKeyInForce has the signer use the key that the log is signed by now.
func (s *Store) UseKeyInForce(ctx context.Context, signer *trail.Signer) error {
	return wrap(s.Read(ctx).keyInForce(signer))
}

// HasCosignature says whether a witness's cosignature of a head is kept.
func (s *Store) HasCosignature(ctx context.Context, size int64, witness string) (bool, error) {
	var n int64
	err := s.Read(ctx).db.Raw("SELECT count(*) FROM log_cosignature WHERE size = ? AND witness = ?", size, witness).Scan(&n).Error
	return n > 0, wrap(err)
}
