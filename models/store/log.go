package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"

	"terang/models"
	"terang/models/trail"
)

const (
	sequenceBatch = 1024
	// What is inserted in one statement; PostgreSQL allows 65,535 parameters.
	leafRows = 256
)

type logLeaf struct {
	Idx   int64
	Entry []byte
}

func (logLeaf) TableName() string { return "log_leaf" }

type logHead struct {
	Size int64
	Root []byte
}

// head reads the log's head; size 0 before the first leaf.
func (r *Reader) head() (logHead, error) {
	var h []logHead
	if err := r.db.Raw("SELECT size, root FROM log_head WHERE id = 1").Scan(&h).Error; err != nil {
		return logHead{}, wrap(err)
	}
	if len(h) == 0 {
		return logHead{}, nil
	}
	return h[0], nil
}

// tile reads what is stored of a tile.
func (r *Reader) tile(level int, n int64) ([]byte, error) {
	var rows [][]byte
	if err := r.db.Raw("SELECT data FROM log_tile WHERE level = ? AND idx = ?", level, n).Scan(&rows).Error; err != nil {
		return nil, wrap(err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("tile %d/%d is missing", level, n)
	}
	return rows[0], nil
}

// Sequence gives every pending event its place in the log, in the order they were
// written, and signs a checkpoint after each batch. It says how many it placed. A
// batch is one transaction: a crash leaves the old head or the new one, with the
// tiles and the checkpoint that belong to it. Only one sequencer moves the head: the
// others wait on a lock of the database and then find nothing to do, and if a
// lock ever failed, the head's compare-and-swap would turn the later one away.
func (s *Store) Sequence(ctx context.Context, signer *trail.Signer, now time.Time) (int, error) {
	total := 0
	// An idle second takes no lock and changes nothing.
	if waits, err := s.Read(ctx).count("events", "leaf IS NULL", nil, 1); err != nil || waits == 0 {
		return 0, err
	}
	for {
		n, more := 0, false
		next, looks := "", false
		err := s.transact(ctx, false, func(tx *Tx) error {
			var err error
			n, more, next, looks, err = tx.sequence(signer, now)
			return err
		})
		if err != nil || !looks { // see Look
			s.commits.Add(1)
		}
		if err == nil && next != "" { // durable: from here on the other key signs
			err = signer.Use(next)
		}
		if err != nil {
			return total, err
		}
		total += n
		if !more {
			return total, nil
		}
	}
}

// sequence places one batch, and says whether there may be more, and whether it was of looks
// alone. A change of keys ends its batch; next is then the key that follows.
func (tx *Tx) sequence(signer *trail.Signer, now time.Time) (n int, more bool, next string, looks bool, err error) {
	pending, rotation, err := tx.pending(signer)
	if err != nil || len(pending) == 0 {
		return 0, false, "", true, err
	}
	if err := tx.seal(signer, pending, rotation, now); err != nil {
		return 0, false, "", false, err
	}
	if rotation != nil {
		return len(pending), true, rotation.New, false, nil
	}
	looks = !slices.ContainsFunc(pending, func(e models.Event) bool { return !e.Look() })
	return len(pending), len(pending) == sequenceBatch, "", looks, nil
}

// pending reads the next batch, and has the key sign that the log is under.
func (tx *Tx) pending(signer *trail.Signer) ([]models.Event, *trail.Rotation, error) {
	if tx.s.dialect == dialectPostgres {
		if err := tx.db.Exec("SELECT pg_advisory_xact_lock(?)", sequenceLock).Error; err != nil {
			return nil, nil, err
		}
	}
	var pending []models.Event
	err := tx.db.Raw("SELECT id, kind, case_id, data, canonical, salt, leaf_hash, sealed FROM events WHERE leaf IS NULL ORDER BY id LIMIT ?", sequenceBatch).Scan(&pending).Error
	if err != nil || len(pending) == 0 {
		return nil, nil, err
	}
	if bad, err := tx.openSealed(pending, false); err != nil {
		return nil, nil, err
	} else if bad != nil {
		return nil, nil, bad
	}
	if err := tx.keyInForce(signer); err != nil {
		return nil, nil, err
	}
	for i := range pending {
		// A change that does not start from the key in force changes nothing; see trail.NewKeyChain.
		if r, ok := trail.RotationOf(pending[i].Kind, pending[i].Data); ok && r.Old == signer.VerifierKey() {
			return pending[:i+1], &r, nil
		}
	}
	return pending, nil, nil
}

// keyInForce has the signer use the key that the log is signed by. Another process may have
// changed it; and a log whose key was lost must not be continued by one made by mistake.
func (r *Reader) keyInForce(signer *trail.Signer) error {
	chain, err := r.KeyChain()
	if err != nil {
		return err
	}
	if len(chain) > 0 {
		return signer.Use(chain.Current())
	}
	cp, err := r.checkpoint()
	if models.CodeOf(err) == "log_empty" {
		return nil
	}
	if err != nil {
		return err
	}
	return signer.UseSignerOf(cp.Note)
}

// KeyChain is the log's keys, as its own events tell. It is empty while there was only one.
func (r *Reader) KeyChain() (trail.KeyChain, error) {
	var rows []models.Event
	if err := r.db.Where("kind = ? AND leaf IS NOT NULL", trail.KeyRotated).Order("leaf").Find(&rows).Error; err != nil {
		return nil, wrap(err)
	}
	var all []trail.Rotation
	for _, e := range rows {
		if x, ok := trail.RotationOf(e.Kind, e.Data); ok {
			x.Size = *e.Leaf + 1
			all = append(all, x)
		}
	}
	return trail.NewKeyChain(all), nil
}

// seal gives a batch its place and signs the head it makes.
func (tx *Tx) seal(signer *trail.Signer, pending []models.Event, rotation *trail.Rotation, now time.Time) error {
	head, err := tx.head()
	if err != nil {
		return err
	}
	b, err := trail.NewBuilder(head.Size, tx.tile)
	if err != nil {
		return err
	}
	if err := headMatches(b, head); err != nil {
		return err
	}
	leaves := make([]logLeaf, len(pending))
	for i := range pending {
		e := &pending[i]
		entry, err := trail.EntryOf(e)
		if err != nil {
			return fmt.Errorf("event %d: %w", e.ID, err)
		}
		h := trail.LeafHash(entry)
		if hex.EncodeToString(h[:]) != e.LeafHash {
			// Sealing a changed event into the log would hide the change for ever.
			return fmt.Errorf("event %d is not what it was when it was written: its leaf hash differs", e.ID)
		}
		leaves[i] = logLeaf{b.Size(), entry}
		if err := b.Append(h); err != nil {
			return err
		}
	}
	if err := tx.place(pending, leaves); err != nil {
		return err
	}
	return tx.grow(signer, b, head, rotation, now)
}

// grow writes the tree as it has become, moves the head and signs it.
func (tx *Tx) grow(signer *trail.Signer, b *trail.Builder, head logHead, rotation *trail.Rotation, now time.Time) error {
	for _, t := range b.Take() {
		if _, err := tx.exec(`INSERT INTO log_tile (level, idx, data) VALUES (?, ?, ?)
			ON CONFLICT (level, idx) DO UPDATE SET data = excluded.data`, t.Level, t.N, t.Data); err != nil {
			return err
		}
	}
	root, err := b.Root()
	if err != nil {
		return err
	}
	if err := tx.moveHead(head, logHead{b.Size(), root[:]}); err != nil {
		return err
	}
	var cp trail.Checkpoint
	if rotation != nil {
		cp, err = signer.SignRotation(b.Size(), root, rotation.New)
	} else {
		cp, err = signer.Sign(b.Size(), root)
	}
	if err != nil {
		return err
	}
	_, err = tx.exec("INSERT INTO log_checkpoint (size, note, created_at) VALUES (?, ?, ?)", cp.Size, cp.Note, now.UTC().Truncate(time.Microsecond))
	return err
}

// headMatches says whether the tiles lead to the root the head names: a sequencer
// must never build on a tree that was tampered with.
func headMatches(b *trail.Builder, head logHead) error {
	if head.Size == 0 {
		return nil
	}
	root, err := b.Root()
	if err != nil {
		return err
	}
	if !slices.Equal(root[:], head.Root) {
		return fmt.Errorf("the tiles do not lead to the root of the head at size %d", head.Size)
	}
	return nil
}

// place writes the leaves and the events' places, each in few statements.
func (tx *Tx) place(events []models.Event, leaves []logLeaf) error {
	if err := tx.writeLeaves(leaves); err != nil {
		return err
	}
	if tx.s.dialect == dialectPostgres {
		ids := make([]int64, len(events))
		places := make([]int64, len(events))
		for i := range events {
			ids[i], places[i] = events[i].ID, leaves[i].Idx
		}
		res := tx.db.Exec(`UPDATE events e SET leaf = v.leaf
			FROM (SELECT unnest(CAST(? AS bigint[])) AS id, unnest(CAST(? AS bigint[])) AS leaf) v
			WHERE e.id = v.id AND e.leaf IS NULL`, pgArray(ids), pgArray(places))
		return touched(res, int64(len(events)))
	}
	ids := make([]int64, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	// The plus keeps SQLite from going through all that waits instead of through the list.
	res := tx.db.Exec("UPDATE events SET leaf = ? + j.key FROM json_each(?) j WHERE events.id = j.value AND +events.leaf IS NULL", leaves[0].Idx, string(list))
	return touched(res, int64(len(events)))
}

func (tx *Tx) writeLeaves(leaves []logLeaf) error {
	for chunk := range slices.Chunk(leaves, leafRows) {
		if err := tx.db.Create(chunk).Error; err != nil {
			return err
		}
	}
	return nil
}

func touched(res *gorm.DB, want int64) error {
	if res.Error == nil && res.RowsAffected != want {
		return errors.New("another sequencer was at work")
	}
	return res.Error
}

// moveHead is the compare-and-swap by which the log has one history.
func (tx *Tx) moveHead(from, to logHead) error {
	var res *gorm.DB
	if from.Size == 0 {
		res = tx.db.Exec("INSERT INTO log_head (id, size, root) VALUES (1, ?, ?)", to.Size, to.Root)
	} else {
		res = tx.db.Exec("UPDATE log_head SET size = ?, root = ? WHERE id = 1 AND size = ? AND root = ?", to.Size, to.Root, from.Size, from.Root)
	}
	return touched(res, 1)
}

// checkpoint reads the newest signed head; NotFound "log_empty" before the first.
func (r *Reader) checkpoint() (trail.Checkpoint, error) {
	var notes [][]byte
	if err := r.db.Raw("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1").Scan(&notes).Error; err != nil {
		return trail.Checkpoint{}, wrap(err)
	}
	if len(notes) == 0 {
		return trail.Checkpoint{}, models.Refuse(models.NotFound, "log_empty")
	}
	return parseStored(notes[0])
}

func parseStored(signed []byte) (trail.Checkpoint, error) {
	cp, err := trail.ReadSigned(signed)
	if err != nil {
		return trail.Checkpoint{}, wrap(err)
	}
	return cp, nil
}

// Checkpoint is the newest signed head.
func (s *Store) Checkpoint(ctx context.Context) (trail.Checkpoint, error) {
	return s.Read(ctx).checkpoint()
}

// Tile is a tile of the tree's hashes as published, at the width asked for. What the
// newest checkpoint does not cover is NotFound.
func (s *Store) Tile(ctx context.Context, level, n int64, width int) ([]byte, error) {
	r := s.Read(ctx)
	if err := r.covered(level, n, width); err != nil {
		return nil, err
	}
	data, err := r.tile(int(level), n)
	if err != nil {
		return nil, wrap(err)
	}
	if len(data) < width*tlog.HashSize {
		return nil, wrap(fmt.Errorf("tile %d/%d is shorter than the checkpoint says", level, n))
	}
	return data[:width*tlog.HashSize], nil
}

func (r *Reader) covered(level, n int64, width int) error {
	cp, err := r.checkpoint()
	if err != nil {
		return err
	}
	if width < 1 || width > trail.WidthAt(cp.Size, int(min(level, 99)), n) {
		return models.Refuse(models.NotFound, "no_tile")
	}
	return nil
}

// EntriesTile is a bundle of the log's entries as published.
func (s *Store) EntriesTile(ctx context.Context, n int64, width int) ([]byte, error) {
	r := s.Read(ctx)
	if err := r.covered(0, n, width); err != nil {
		return nil, err
	}
	start := n * trail.TileWidth
	var leaves []logLeaf
	err := r.db.Raw("SELECT idx, entry FROM log_leaf WHERE idx >= ? AND idx < ? ORDER BY idx", start, start+int64(width)).Scan(&leaves).Error
	if err != nil {
		return nil, wrap(err)
	}
	if len(leaves) != width {
		return nil, wrap(fmt.Errorf("entries %d to %d: %d of %d are there", start, start+int64(width), len(leaves), width))
	}
	var out []byte
	for _, l := range leaves {
		out = trail.Bundle(out, l.Entry)
	}
	return out, nil
}

// Receipt proves an event to whoever holds it, under the newest head that enough witnesses
// have cosigned. Conflict "receipt_not_ready" until the sequencer has been, and they.
func (s *Store) Receipt(ctx context.Context, eventID int64, key string, q Quorum) ([]byte, error) {
	r := s.Read(ctx)
	e, err := one[models.Event](r, "event_not_found", "id = ?", eventID)
	if err != nil {
		return nil, err
	}
	cp, err := r.witnessed(q)
	if models.CodeOf(err) == "log_empty" {
		return nil, models.Refuse(models.Conflict, "receipt_not_ready")
	}
	if err != nil {
		return nil, err
	}
	chain, err := r.KeyChain()
	if err != nil {
		return nil, err
	}
	if signed := chain.At(cp.Size); signed != "" {
		key = signed
	}
	return r.receipt(e, key, cp)
}

func (r *Reader) receipt(e *models.Event, key string, cp trail.Checkpoint) ([]byte, error) {
	if e.Leaf == nil || *e.Leaf >= cp.Size {
		return nil, models.Refuse(models.Conflict, "receipt_not_ready")
	}
	raw, err := trail.MakeReceipt(trail.Opening{Canonical: e.Canonical, Salt: e.Salt, Key: key}, *e.Leaf, cp, r.tile)
	return raw, wrap(err)
}

// RotationReceipt proves the log's n-th change of keys, from 1, under the head that both
// keys signed.
func (s *Store) RotationReceipt(ctx context.Context, n int) ([]byte, error) {
	r := s.Read(ctx)
	chain, err := r.KeyChain()
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(chain) {
		return nil, models.Refuse(models.NotFound, "no_key")
	}
	rot := chain[n-1]
	e, err := one[models.Event](r, "event_not_found", "leaf = ?", rot.Size-1)
	if err != nil {
		return nil, err
	}
	var notes [][]byte
	if err := r.db.Raw("SELECT note FROM log_checkpoint WHERE size = ?", rot.Size).Scan(&notes).Error; err != nil {
		return nil, wrap(err)
	}
	if len(notes) == 0 {
		return nil, wrap(fmt.Errorf("the change of keys at %d has no checkpoint", rot.Size))
	}
	cp, err := parseStored(notes[0])
	if err != nil {
		return nil, err
	}
	return r.receipt(e, rot.Old, cp)
}

// ProveConsistency proves that the tree of one size is the beginning of the tree of another.
func (s *Store) ProveConsistency(ctx context.Context, from, to int64) (tlog.TreeProof, error) {
	p, err := tlog.ProveTree(to, from, trail.HashReader(to, s.Read(ctx).tile))
	return p, wrap(err)
}

// headConsistent is the quick look of a readiness check: the newest checkpoint
// names the head's tree, and its right edge leads to the root.
func (s *Store) headConsistent(ctx context.Context) error {
	r := s.Read(ctx)
	// One statement, so that a sequencer at work cannot come in between.
	var rows []struct {
		Size int64
		Root []byte
		Note []byte
	}
	err := r.db.Raw(`SELECT h.size, h.root, c.note FROM log_head h LEFT JOIN log_checkpoint c ON c.size = h.size WHERE h.id = 1`).Scan(&rows).Error
	if err != nil {
		return wrap(err)
	}
	if len(rows) == 0 {
		return nil
	}
	h := rows[0]
	if h.Note == nil {
		return wrap(fmt.Errorf("no checkpoint for the log's head at %d", h.Size))
	}
	cp, err := parseStored(h.Note)
	if err != nil {
		return err
	}
	if cp.Size != h.Size || !slices.Equal(cp.Root[:], h.Root) {
		return wrap(fmt.Errorf("the checkpoint at %d names another root than the log's head", h.Size))
	}
	root, err := tlog.TreeHash(h.Size, trail.HashReader(h.Size, r.tile))
	if err != nil {
		return wrap(err)
	}
	if !slices.Equal(root[:], h.Root) {
		return wrap(fmt.Errorf("the tiles do not lead to the root of the head at size %d", h.Size))
	}
	return nil
}
