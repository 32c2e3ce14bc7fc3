package casework

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
)

// Receipt is the proof that an event of a case stands in the log: a
// c2sp.org/tlog-proof@v1 file whose extra data opens the commitment. event 0 is the filing.
// It refuses with Conflict "receipt_not_ready" in the second before the log has taken the event
// in and its witnesses have cosigned it.
func (s *Service) Receipt(ctx context.Context, a models.Actor, ref string, event int64) ([]byte, error) {
	events, err := s.provable(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if event != 0 && e.ID != event || event == 0 && about(e) != "case.filed" {
			continue
		}
		if e.Leaf == nil {
			if err := s.Sequence(ctx); err != nil {
				return nil, err
			}
		}
		key := ""
		if s.signer != nil {
			key = s.signer.VerifierKey()
		}
		if (e.Classification == models.Confidential || e.CaseClass == models.Confidential) && a.Kind == models.ByOfficer { // it hands out what was sealed
			if err := s.read(ctx, a, ref, "case.viewed", models.EventData{Of: e.Kind}); err != nil {
				return nil, err
			}
		}
		return s.store.Receipt(ctx, e.ID, key, s.quorum)
	}
	return nil, models.Refuse(models.NotFound, "receipt_not_found")
}

// Provable is an event of a case of which a receipt can be had.
type Provable struct {
	Event   int64
	Kind    string // what happened, such as case.answered
	At      time.Time
	Outcome models.Outcome
	Role    string // whose rung
	Reason  string
}

// Receipts lists the events of a case that an actor can have proved.
func (s *Service) Receipts(ctx context.Context, a models.Actor, ref string) ([]Provable, error) {
	events, err := s.provable(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	return proofs(events)
}

func proofs(events []models.Event) ([]Provable, error) {
	out := make([]Provable, len(events))
	for i, e := range events {
		var d models.EventData
		if err := json.Unmarshal([]byte(e.Data), &d); err != nil {
			return nil, internal("event_data", err)
		}
		out[i] = Provable{Event: e.ID, Kind: about(e), At: e.Time, Role: d.Role, Reason: e.Reason}
		if out[i].Kind == "case.answered" {
			out[i].Outcome = e.Outcome
		}
		if d.Occurred != nil {
			out[i].At = *d.Occurred
		}
	}
	return out, nil
}

// provable reads the events whose receipts an actor may have.
func (s *Service) provable(ctx context.Context, a models.Actor, ref string) ([]models.Event, error) {
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
	if a, err = s.enter(r, a, c, rungs); err != nil {
		return nil, err
	}
	events, err := eventsOf(r, a, c.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(events, func(e models.Event) bool { return !opens(a, &e) }), nil
}

// opens says whether an actor may have an event's receipt. A receipt hands out the whole
// sealed text, so a requester has those events whose text holds nothing that their timeline
// keeps from them: no officer, and no reason but those written for them. Where an
// officer acted, that is the requester.informed beside the event; see work.inform.
func opens(a models.Actor, e *models.Event) bool {
	if e.Canonical == "" || e.Salt == "" { // erased
		return false
	}
	switch a.Kind {
	case models.BySystem:
		return true
	case models.ByOfficer:
		return e.Classification.Level() <= a.Clearance.Level()
	case models.ByRequester:
	default:
		return false
	}
	kind := about(*e)
	if !slices.Contains(requesterEvents, kind) || e.ActorID != nil || e.Reason != "" && !slices.Contains(requesterReasons, kind) {
		return false
	}
	if named(e) {
		return false
	}
	var d models.EventData
	return json.Unmarshal([]byte(e.Data), &d) == nil && d.Officer == "" && d.Source == "" && d.Filter == "" && len(d.Warnings) == 0
}

// about is what an event is about: for a requester.informed, what they were informed of.
func about(e models.Event) string {
	if e.Kind == informed {
		var d models.EventData
		if json.Unmarshal([]byte(e.Data), &d) == nil {
			return d.Of
		}
	}
	return e.Kind
}

// informed is the event beside what an officer did that concerns the requester: the same
// facts without the officer, so that a receipt of it can be handed out.
const informed = "requester.informed"

// informs are the acts of which a requester has a receipt.
var informs = []string{
	"case.filed", "case.completed", "case.clarification_asked", "case.answered", "case.closed", "case.reopened", "case.published", "deadline.extended",
	"rung.opened", "rung.raised", "rung.returned", "rung.decided", "rung.lapsed", "chain.failed", "deadline.lapsed", "objection.filed",
}

// named says whether an event names a person: an officer, or the operator of a command.
func named(e *models.Event) bool { return e.Actor != "" && e.Actor != models.System.Name }

// informedOf is the requester.informed that follows an event, where one does.
func informedOf(e models.Event, data models.EventData) (models.Event, bool) {
	// Whoever's case came out of a register has no key to it.
	if e.CaseID == nil || !named(&e) || data.Source != "" || !slices.Contains(informs, e.Kind) {
		return e, false
	}
	e.ID, e.Leaf, e.Actor, e.ActorID = 0, nil, "", nil
	if !slices.Contains(requesterReasons, e.Kind) {
		e.Reason = ""
	}
	e.Data = models.EventData{
		Of: e.Kind, Occurred: data.Occurred, Old: data.Old, New: data.New, Level: data.Level, Role: data.Role, Exemptions: data.Exemptions,
		TextHash: data.TextHash, Parent: data.Parent, Channel: data.Channel,
	}.JSON()
	e.Kind = informed
	return e, true
}

// RotateLogKey has the log record that another key signs from here on: the new key is made and
// on the disk first, then the event that names both, then the head that both sign. It gives
// both public keys. The event has no operator's name: its text is published at /log/key/N.
func (s *Service) RotateLogKey(ctx context.Context, why string) (was, is string, err error) {
	if s.signer == nil {
		return "", "", models.Refuse(models.Conflict, "no_log_key")
	}
	if err := s.Sequence(ctx); err != nil {
		return "", "", err
	}
	if err := s.store.UseKeyInForce(ctx, s.signer); err != nil {
		return "", "", internal("log_key", err)
	}
	was = s.signer.VerifierKey()
	if is, err = s.signer.NextKey(); err != nil {
		return "", "", internal("log_key", err)
	}
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		now := s.now()
		w := &work{Tx: tx, s: s, actor: models.System, now: now, at: now}
		return w.record(trail.KeyRotated, why, "", models.EventData{Old: was, New: is})
	})
	if err != nil {
		return "", "", err
	}
	if err := s.Sequence(ctx); err != nil {
		return "", "", err
	}
	if now := s.signer.VerifierKey(); now != is {
		return "", "", models.Refuse(models.Conflict, "rotated_meanwhile")
	}
	return was, is, s.signer.Retire(was)
}

// LogKeys are the log's public keys, the newest first.
func (s *Service) LogKeys(ctx context.Context) ([]string, error) {
	keys, err := s.store.LogKeys(ctx)
	if len(keys) == 0 && s.signer != nil {
		keys = []string{s.signer.VerifierKey()}
	}
	return keys, err
}

// KeyRotation is the receipt of the log's n-th change of keys.
func (s *Service) KeyRotation(ctx context.Context, n int) ([]byte, error) {
	return s.store.RotationReceipt(ctx, n)
}

// Checkpoint is the signed head of the log that is published, and its size.
func (s *Service) Checkpoint(ctx context.Context) ([]byte, int64, error) {
	c, err := s.store.Published(ctx, s.quorum)
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
