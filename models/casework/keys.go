package casework

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"terang/models"
	"terang/models/store"
)

// KeyStatus says how the database is sealed; it goes through whole tables.
func (s *Service) KeyStatus(ctx context.Context) (store.KeyStatus, error) {
	return s.store.KeyStatus(ctx)
}

const masterRotated = "master_key.rotated"

// settleFor is how long every running server has to notice that the master key's file changed.
var settleFor = 3 * time.Second

// Rotation is what a rotation of the master key did.
type Rotation struct {
	Was, Is string // master keys, by number
	Resumed bool   // it went on with a rotation that was broken off, and made no new key
	Wrapped int64  // keys now under Is
}

// RotateMasterKey puts a new master key before the old one and wraps every key of the database
// under it, while others serve. One that was broken off is finished before another begins. The
// old master key stays in the file until DropMasterKeys.
func (s *Service) RotateMasterKey(ctx context.Context, a models.Actor, why string, step func(done int64)) (r Rotation, err error) {
	st, err := s.store.KeyStatus(ctx)
	if err != nil {
		return r, err
	}
	r.Is = st.Primary
	for _, c := range st.Counts {
		if c.Master != "" && c.Master != st.Primary && c.N > 0 {
			r.Was, r.Resumed = c.Master, true
		}
	}
	if !r.Resumed {
		if r.Was, r.Is, err = s.store.AddMaster(); err != nil {
			return r, err
		}
	}
	if err := s.announce(ctx, a, why, r); err != nil {
		return r, err
	}
	for {
		n, err := s.store.Rewrap(ctx, func(done int64) { step(r.Wrapped + done) })
		r.Wrapped += n
		if err != nil {
			return r, err
		}
		// A server that has not looked at the file again yet may have wrapped one more.
		select {
		case <-ctx.Done():
			return r, internal("master_key", ctx.Err())
		case <-time.After(settleFor):
		}
		left, err := s.store.UnderMaster(ctx, r.Was)
		if err != nil || left == 0 {
			return r, err
		}
	}
}

// announce records a rotation, once.
func (s *Service) announce(ctx context.Context, a models.Actor, why string, r Rotation) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		if r.Resumed {
			last, _, err := tx.Events(store.EventFilter{Kind: masterRotated, Desc: true}, "", 1)
			if err != nil {
				return err
			}
			var d models.EventData
			if len(last) > 0 && json.Unmarshal([]byte(last[0].Data), &d) == nil && d.New == r.Is {
				return nil
			}
		}
		now := s.now()
		w := &work{Tx: tx, s: s, actor: a, now: now, at: now}
		return w.record(masterRotated, clean(why), "", models.EventData{Old: r.Was, New: r.Is})
	})
}

// DropMasterKeys takes every master key but the one in force out of the file, for good, and
// gives their numbers. A backup from before the rotation can be opened only with a copy of the
// file from then. It refuses with Conflict "master_key_in_use" while a key is still under one.
func (s *Service) DropMasterKeys(ctx context.Context, a models.Actor, why string) ([]string, error) {
	gone, err := s.store.DropMasters(ctx)
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	return gone, s.store.WithTx(ctx, func(tx *store.Tx) error {
		now := s.now()
		w := &work{Tx: tx, s: s, actor: a, now: now, at: now}
		return w.record("master_key.dropped", clean(why), "", models.EventData{Old: strings.Join(gone, " ")})
	})
}

// SealPlain seals what the database and the documents still hold in plain text from before
// anything was sealed. It may be broken off and run again, and gives how many rows and how
// many documents it sealed.
func (s *Service) SealPlain(ctx context.Context, a models.Actor, step func(done int64)) (rows, files int64, err error) {
	if rows, err = s.store.SealPlain(ctx, step); err != nil {
		return rows, 0, err
	}
	for after := int64(0); ; {
		docs, err := s.store.Read(ctx).StoredAttachments(after, sweepBatch)
		if err != nil {
			return rows, files, err
		}
		if len(docs) == 0 {
			break
		}
		after = docs[len(docs)-1].ID
		for i := range docs {
			key, err := s.store.FileKey(&docs[i])
			if err != nil {
				return rows, files, err
			}
			if key != nil {
				continue
			}
			if err := s.sealFile(ctx, docs[i].ID); err != nil {
				return rows, files, err
			}
			files++
			step(rows + files)
		}
	}
	if rows+files == 0 {
		return 0, 0, nil
	}
	if err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		now := s.now()
		w := &work{Tx: tx, s: s, actor: a, now: now, at: now}
		return w.record("records.sealed", "", "", models.EventData{Count: rows + files})
	}); err != nil {
		return rows, files, err
	}
	if err := s.store.Compact(ctx); err != nil {
		return rows, files, err
	}
	return rows, files, s.store.Forget(ctx, time.Hour)
}

// sealFile stores a document's bytes anew, sealed, and then deletes the plain ones.
func (s *Service) sealFile(ctx context.Context, id int64) error {
	d, err := s.store.Read(ctx).Attachment(id)
	if err != nil {
		return err
	}
	f, err := s.files.Get(ctx, d.Stored)
	if models.KindOf(err) == models.NotFound {
		return nil // its bytes were lost before
	}
	if err != nil {
		return err
	}
	defer f.Close()
	stored, err := s.putFile(ctx, f, max(d.Size, models.MaxFileSize)+1)
	if err != nil {
		return err
	}
	was := d.Stored
	if err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		d, err := tx.Attachment(id)
		if err != nil {
			return err
		}
		if d.Stored != was {
			return models.Refuse(models.Conflict, "stale")
		}
		return tx.MoveFile(d, stored.Name, stored.Key)
	}); err != nil {
		_ = s.files.Delete(context.WithoutCancel(ctx), stored.Name)
		return err
	}
	return s.files.Delete(ctx, was)
}
