package casework

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// CheckFile says all that is wrong or missing with a filing, field by field,
// and stores nothing.
func (s *Service) CheckFile(ctx context.Context, in FileInput) error {
	in = in.tidy()
	wrong, missing, _, _, err := s.inspect(s.store.Read(ctx), in)
	if err != nil {
		return err
	}
	return models.Join(wrong, missing).Err()
}

func (s *Service) inspect(r *store.Reader, in FileInput) (wrong, missing models.Check, body *models.Body, pack *policies.Pack, err error) {
	var badBody models.Check
	if err := s.loadDecrees(r, false); err != nil {
		return wrong, missing, nil, nil, err
	}
	if body, err = r.BodyBySlug(in.Body); err != nil {
		if models.KindOf(err) != models.NotFound {
			return wrong, missing, nil, nil, err
		}
		code := "body_unknown"
		if in.Body == "" {
			code = "required"
		}
		badBody.Field(false, "body", code)
		err = nil
	} else if pack, err = s.packFor(body, s.moment(s.now())); err != nil {
		return wrong, missing, nil, nil, err
	}
	wrong, missing = in.check(pack)
	return models.Join(badBody, wrong), missing, body, pack, nil
}

// packFor is the law in force for a body on a day.
func (s *Service) packFor(b *models.Body, at time.Time) (*policies.Pack, error) {
	p, err := s.packs.InForce(b.Pack, policies.DateOf(at, zone(b.Zone)))
	if err != nil {
		return nil, &models.Error{Kind: models.Invalid, Code: "invalid", Err: err,
			Fields: []models.FieldError{{Field: "received", Code: "no_law_in_force"}}}
	}
	return p, nil
}

// zone is a body's zone; Indonesia's western one where it names none the
// machine knows.
func zone(name string) *time.Location {
	if name == "" {
		name = "Asia/Jakarta"
	}
	if l, ok := zones.Load(name); ok {
		return l.(*time.Location)
	}
	l, err := time.LoadLocation(name) // reads a file each time
	if err != nil {
		l = time.FixedZone("WIB", 7*60*60)
	}
	zones.Store(name, l)
	return l
}

var zones sync.Map

// File registers what someone files: the case, its clocks with their reasons, the class
// the rules propose, the chain that class opens, the search index, the receipt's
// event. All of it or nothing. It refuses with Invalid and every field at fault.
func (s *Service) File(ctx context.Context, a models.Actor, in FileInput) (Filed, error) {
	in = in.tidy()
	if a.Kind == models.ByOfficer && !policies.May(string(a.Role), policies.ActCaseRecord, policies.AccessFacts{SameBody: true}).Allowed {
		return Filed{}, models.Refuse(models.Forbidden, "not_allowed", policies.ActCaseRecord)
	}
	wrong, missing, body, pack, err := s.inspect(s.store.Read(ctx), in)
	if err != nil {
		return Filed{}, err
	}
	if body != nil && a.Kind == models.ByOfficer && !a.InBody(body.ID) {
		return Filed{}, models.Refuse(models.Forbidden, "not_allowed", policies.ActCaseRecord)
	}
	incomplete := missing.Err() != nil
	if !in.AllowIncomplete || a.Kind != models.ByOfficer && a.Kind != models.BySystem {
		wrong, incomplete = models.Join(wrong, missing), false
	}
	if err := wrong.Err(); err != nil {
		return Filed{}, err
	}
	// What takes long is worked out before the transaction, in which all others wait.
	ready := readied{pack: pack, found: pack.Classify(in.facts(body))}
	if ready.words, err = s.store.Read(ctx).CaseWords(body.ID, in.Subject, in.Text); err != nil {
		return Filed{}, err
	}
	for try := 0; ; try++ {
		out, err := s.file(ctx, a, in, incomplete, ready)
		// Two first uses of one Idempotency-Key, or of one register row, raced: the
		// loser answers as the winner did.
		if err != nil && models.CodeOf(err) == "duplicate" && try == 0 {
			continue
		}
		return out, err
	}
}

// readied is what of a filing follows from its words and the law: what the rules find in it, and
// its words for the search index.
type readied struct {
	pack  *policies.Pack
	found policies.Classification
	words []string
}

func (s *Service) file(ctx context.Context, a models.Actor, in FileInput, incomplete bool, ready readied) (Filed, error) {
	idemKey, idemRequest, key := s.idempotency(in)
	if idemKey != "" {
		out, found, err := s.replay(ctx, idemKey, idemRequest, key)
		if found || err != nil {
			return out, err
		}
	}
	stored, err := s.takeIn(ctx, in.Uploads)
	if err != nil {
		return Filed{}, err
	}
	var out Filed
	err = s.store.WithTx(ctx, func(tx *store.Tx) error {
		now := s.now()
		w := &work{Tx: tx, s: s, actor: a, now: now, at: s.moment(now)}
		var err error
		if err := s.loadDecrees(tx.Reader, true); err != nil {
			return err
		}
		if w.body, err = tx.BodyBySlug(in.Body); err != nil {
			return err
		}
		if w.pack, err = s.packFor(w.body, w.at); err != nil {
			return err
		}
		if in.SourceID != "" {
			if done, err := tx.Imported(w.body.ID, in.Source, in.SourceID); err != nil || done {
				return either(err, models.Refuse(models.Conflict, "already_imported", in.SourceID))
			}
		}
		c := in.newCase(w, key)
		w.c = c
		move := models.ActSubmit
		if incomplete {
			move = models.ActSetAside
		}
		if err := c.Move(move); err != nil {
			return err
		}
		if c.Anonymity != models.Anonymous {
			r := in.Requester.row(now)
			if err := tx.Insert(r); err != nil {
				return err
			}
			c.RequesterID, w.requester = &r.ID, r
		}
		found := ready.found
		if w.pack != ready.pack { // the law changed with the second
			found = w.pack.Classify(in.facts(w.body))
		}
		w.propose(found)
		events := []string{"received", "registered", "completed"}
		if incomplete {
			events = []string{"incomplete"}
		}
		clocks, deadline, err := w.newClocks("case.filed", events...)
		if err != nil {
			return err
		}
		out = Filed{Case: c, Deadline: deadline}
		if err := tx.Insert(c); err != nil {
			return err
		}
		if err := w.keepUploads(stored, in.DraftToken); err != nil {
			return err
		}
		if err := w.register(found, clocks, out.Deadline.Warnings, ready.words); err != nil {
			return err
		}
		out.EventID = w.filedEvent
		if in.CountFor != "" {
			if err := in.Count.count(tx, in.CountFor, now); err != nil {
				return err
			}
		}
		if idemKey != "" {
			if err := tx.Insert(&models.Idempotency{Key: idemKey, Request: idemRequest, Answer: c.Reference, CreatedAt: now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.undoFiles(ctx, err, stored)
		return Filed{}, err
	}
	out.Key = key
	return out, nil
}

func (in FileInput) newCase(w *work, key string) *models.Case {
	return &models.Case{
		Reference: models.NewReference(), KeyHash: models.HashKey(key), Kind: in.Kind, Channel: in.Channel, Lang: in.Lang,
		BodyID: w.body.ID, Subject: in.Subject, Text: in.Text, Purpose: in.Purpose, Delivery: in.Delivery, Anonymity: in.Anonymity,
		Classification: models.Public, Pack: w.pack.ID, PackVersion: w.pack.Version, PackHash: w.pack.Hash,
		ReceivedAt: w.at, RecordedAt: w.now, Source: in.Source, SourceID: in.SourceID, Version: 1, UpdatedAt: w.now,
	}
}

func (r RequesterInput) row(now time.Time) *models.Requester {
	return &models.Requester{Kind: r.Kind, Name: r.Name, Email: r.Email, Phone: r.Phone,
		IdentityNumber: r.IdentityNumber, Address: r.Address, CreatedAt: now}
}

// facts are what the pack's rules are asked about.
func (in FileInput) facts(body *models.Body) policies.Facts {
	names := make([]string, len(in.Uploads))
	for i, u := range in.Uploads {
		names[i] = u.Name
	}
	return policies.Facts{
		Kind: string(in.Kind), Subject: in.Subject, Text: in.Text, Body: body.Slug,
		RequesterKind: string(in.Requester.Kind), Anonymity: string(in.Anonymity), Attachments: names,
	}
}

// propose gives the case the class and the unit that the rules found. The proposed class holds
// until an officer confirms or overrules it, so that nothing is open by delay.
func (w *work) propose(found policies.Classification) {
	w.c.Classification = models.Class(found.Class)
	if len(found.Grounds) > 0 {
		w.c.Exemption = found.Grounds[0].Exemption
	}
	if found.Route.Unit != "" {
		if u, err := w.UnitBySlug(w.body.ID, found.Route.Unit); err == nil {
			w.c.UnitID, w.unit = &u.ID, u
		}
	}
}

// register does what follows from a case's existence: events, clocks, chain, index.
func (w *work) register(found policies.Classification, clocks []models.Clock, warnings, words []string) error {
	c := w.c
	w.haveClocks = true // it has none yet
	w.filing = true
	data := models.EventData{Channel: c.Channel, TextHash: textHash(c), Warnings: warnings, Files: w.files}
	if c.SourceID != "" {
		data.Source = c.Source + ":" + c.SourceID
	}
	if err := w.record("case.filed", "", "", data); err != nil {
		return err
	}
	if err := w.setClocks(clocks); err != nil {
		return err
	}
	if len(found.Grounds) > 0 {
		if err := w.keepProposal(found); err != nil {
			return err
		}
	}
	// An imported register is history: its classes were settled by people long ago.
	// An objection is its superior's from the start and climbs nowhere.
	if c.Classification != models.Public && c.State == models.StateRegistered && c.Channel != models.ChannelImport && c.Kind != models.Objection {
		if err := w.openChain(0, "classification.proposed"); err != nil {
			return err
		}
		if err := w.UpdateCase(c); err != nil {
			return err
		}
	}
	w.filing = false
	if err := w.AppendAll(w.events); err != nil {
		return err
	}
	w.filedEvent = w.events[0].ID
	if err := w.IndexNew(c, words); err != nil {
		return err
	}
	return w.tell("filed", w.notice(""))
}

func (w *work) keepProposal(found policies.Classification) error {
	g := found.Grounds[0]
	row := &models.Classified{
		CaseID: w.c.ID, Class: w.c.Classification, Was: models.Public, Proposed: true,
		Exemption: g.Exemption, Rule: g.Rule, Article: g.Article, Reason: found.Decision.Rule,
		Evidence: toJSON(found.Grounds), Decision: toJSON(found.Decision), By: models.System.Name, At: w.now,
	}
	if err := w.Insert(row); err != nil {
		return err
	}
	return w.record("classification.proposed", g.Rule, g.Article, models.EventData{
		Old: string(models.Public), New: string(w.c.Classification), Exemptions: []string{g.Exemption},
	})
}

// textHash commits an event to what was filed without repeating it.
func textHash(c *models.Case) string {
	h := sha256.New()
	for _, s := range []string{c.Subject, c.Text, c.Purpose} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// idempotency gives the stored form of a retry key, a hash of the request, and
// the case key. With a retry key the case key is derived from it under the service's secret,
// so that the first answer can be given again without storing the key.
func (s *Service) idempotency(in FileInput) (stored, request, key string) {
	if in.IdempotencyKey == "" {
		return "", "", models.NewKey()
	}
	name := in.Scope + "\x00" + in.IdempotencyKey
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("case key\x00" + name))
	in.Uploads, in.IdempotencyKey = nil, ""
	// Keyed: a plain hash of a short request could be found by trying.
	same := hmac.New(sha256.New, s.secret)
	same.Write([]byte("request\x00" + toJSON(in)))
	return models.HashSecret(name), hex.EncodeToString(same.Sum(nil)), models.KeyFrom(mac.Sum(nil))
}

func (s *Service) replay(ctx context.Context, stored, request, key string) (Filed, bool, error) {
	r := s.store.Read(ctx)
	row, err := r.Idempotent(stored)
	if err != nil || row == nil {
		return Filed{}, false, err
	}
	if row.Request != request {
		return Filed{}, true, models.Refuse(models.Conflict, "idempotency_key_reused")
	}
	c, err := r.CaseByReference(row.Answer)
	if err != nil {
		return Filed{}, true, err
	}
	out := Filed{Case: c, Key: key, Replayed: true}
	if v, err := s.clockViews(r, c); err == nil {
		for _, cl := range v {
			if cl.Primary {
				out.Deadline = cl.Deadline
			}
		}
	}
	return out, true, nil
}

func either(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// Complete gives an incomplete intake what was missing; when the law's list is
// whole, the case is registered and its clocks start from this moment.
func (s *Service) Complete(ctx context.Context, a models.Actor, ref string, version int64, in RequesterInput, purpose string) (*models.Case, error) {
	return s.change(ctx, a, ref, version, actSay, func(w *work) error {
		full := FileInput{Kind: w.c.Kind, Body: w.body.Slug, Subject: w.c.Subject, Text: w.c.Text, Purpose: purpose,
			Delivery: w.c.Delivery, Anonymity: w.c.Anonymity, Channel: w.c.Channel, Lang: w.c.Lang, Requester: in}.tidy()
		wrong, missing := full.check(w.pack)
		if err := models.Join(wrong, missing).Err(); err != nil {
			return err
		}
		if err := w.c.Move(models.ActComplete); err != nil {
			return err
		}
		w.c.Purpose = full.Purpose
		if w.c.RequesterID != nil {
			r := full.Requester.row(w.now)
			r.ID = *w.c.RequesterID
			if err := w.UpdateRequester(r); err != nil {
				return err
			}
		}
		// The answer clock counts from a whole request: what came before was kept, but
		// was not yet a request under art. 22(2).
		w.c.ReceivedAt = w.at
		clocks, _, err := w.newClocks("case.completed", "received", "registered", "completed")
		if err != nil {
			return err
		}
		if err := w.record("case.completed", "", "", models.EventData{TextHash: textHash(w.c)}); err != nil {
			return err
		}
		if err := w.setClocks(clocks); err != nil {
			return err
		}
		if w.c.Classification != models.Public {
			return w.openChain(0, "classification.proposed")
		}
		return nil
	})
}
