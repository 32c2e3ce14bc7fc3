package casework

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// The outbox holds what a verb wanted told; it is written with the verb and leaves after it.
// A message leaves at least once: whoever is killed between the server's taking it and the
// note of that sends it again after the lease, under the same Message-ID.

// Bounds of the outbox.
const (
	// LetterLease is how long a claimed message is kept from other instances. It is longer
	// than LettersAtOnce messages can take.
	LetterLease   = 15 * time.Minute
	LettersAtOnce = 10
	// letterTries is how often a message that the server puts off is tried: with the
	// pauses below, some three days.
	letterTries = 10
)

// letterPauses are those between two tries of one message; the last holds from there on.
var letterPauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// Letter is one message to be sent: what its template may say, and no more. What the
// case is about is not in it.
type Letter struct {
	ID       int64
	Kind     string // as the verb named it; the template's name
	To       string
	Lang     string
	Attempts int
	Written  time.Time
	Judged   bool // tried before, or sent on by an administrator
	// MessageID and Thread are the local parts of addresses: the same on every try, and
	// no number of ours.
	MessageID, Thread string

	Reference string
	Name      string // of the requester; "" where there is none
	CaseKind  models.Kind
	Body      string
	Zone      string
	Pack      *policies.Pack
	// What held when the message was written.
	DueOn string
	Stood models.State
	// What holds now; the page says the same.
	Article     string // that allows an extension
	ObjectUntil string // YYYY-MM-DD; "" where the law has no objection
	Office      *policies.Text
	ActBy       *time.Time
	Lapsed      bool // the rung below ran out of time
	Missing     []models.FieldError
	// Account is set where the message is about an officer's own account; all the rest of
	// a case is empty then.
	Account *AccountLetter
}

// TakeLetters claims messages to be sent now, the oldest first, at most LettersAtOnce.
func (s *Service) TakeLetters(ctx context.Context) ([]Letter, error) {
	// Looked for on the read side first: what finds nothing must not wait for the disk.
	rows, err := s.store.Read(ctx).DueOutgoing(s.now(), 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	err = s.store.WithTx(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ClaimOutgoing(s.now(), LetterLease, LettersAtOnce)
		return err
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	r := s.store.Read(ctx)
	letters := make([]Letter, 0, len(rows))
	for i := range rows {
		l, err := s.letter(r, &rows[i])
		if err != nil && (models.CodeOf(err) == "store_failed" || models.KindOf(err) == models.Unavailable) {
			return nil, err
		}
		if err != nil {
			// One that cannot be read must not hold up those behind it.
			if err := s.LetterRefused(ctx, rows[i].ID, "unreadable", false); err != nil {
				return nil, err
			}
			continue
		}
		letters = append(letters, l)
	}
	return letters, nil
}

func (s *Service) letter(r *store.Reader, o *models.Outgoing) (Letter, error) {
	l := Letter{ID: o.ID, Kind: o.Kind, To: o.To, Lang: o.Lang, Attempts: o.Attempts, Written: o.CreatedAt, Judged: o.LastError != "",
		MessageID: s.mailID("message", fmt.Sprint(o.ID, o.Kind, o.CreatedAt.UTC().Unix()))}
	if o.CaseID == nil {
		if strings.HasPrefix(o.Kind, "account.") {
			l.Account = &AccountLetter{}
			if err := json.Unmarshal([]byte(o.Data), l.Account); err != nil {
				return l, internal("notice_unreadable", err)
			}
		}
		return l, nil
	}
	l.Thread = s.mailID("case", fmt.Sprint(*o.CaseID))
	c, err := r.CaseByID(*o.CaseID)
	if err != nil {
		return l, err
	}
	body, err := r.Body(c.BodyID)
	if err != nil {
		return l, err
	}
	var n notice
	if err := json.Unmarshal([]byte(o.Data), &n); err != nil {
		return l, internal("notice_unreadable", err)
	}
	l.Reference, l.CaseKind, l.Body, l.Zone, l.DueOn, l.Stood = c.Reference, c.Kind, body.Name, body.Zone, n.DueOn, models.State(n.State)
	if l.Pack, err = s.packs.Version(c.Pack, c.PackVersion); err != nil {
		return l, internal("pack_missing", err)
	}
	in := FileInput{Kind: c.Kind, Body: body.Slug, Subject: c.Subject, Text: c.Text, Purpose: c.Purpose, Delivery: c.Delivery, Anonymity: c.Anonymity}
	if c.RequesterID != nil {
		q, err := r.Requester(*c.RequesterID)
		if err != nil {
			return l, err
		}
		l.Name = q.Name
		in.Requester = RequesterInput{Kind: q.Kind, Name: q.Name, Email: q.Email, Phone: q.Phone, IdentityNumber: q.IdentityNumber, Address: q.Address}
	}
	if l.Stood == models.StateIncomplete {
		_, missing := in.check(l.Pack)
		var e *models.Error
		if errors.As(missing.Err(), &e) {
			l.Missing = e.Fields
		}
	}
	if law, ok := l.Pack.Clock(c.Clock); ok && law.Extension != nil {
		l.Article = law.Extension.Article
	}
	clocks, err := r.Clocks(c.ID)
	if err != nil {
		return l, err
	}
	for _, k := range clocks {
		if k.Name == "objection" {
			l.ObjectUntil = k.DueOn
		}
	}
	if c.RungLevel > 0 {
		l.ActBy = c.RungDueAt
		if chain, ok := l.Pack.Chain(string(c.Classification)); ok {
			for i := range chain.Rungs {
				if chain.Rungs[i].Level == c.RungLevel {
					l.Office = &chain.Rungs[i].Title
				}
			}
		}
	}
	// Only a lapse words its reason so; people's reasons are theirs.
	l.Lapsed = strings.HasPrefix(n.Reason, "not decided by ")
	return l, nil
}

// mailID names a message or a thread without telling how many there are.
func (s *Service) mailID(what, which string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("mail " + what + "\x00" + which))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// LetterSent notes that a server took a message.
func (s *Service) LetterSent(ctx context.Context, id int64) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.MarkSent(id, s.now()) })
}

// LetterPutBack gives a message back untried: the way to the server was shut, which
// is not the message's fault. It may be taken again after wait.
func (s *Service) LetterPutBack(ctx context.Context, id int64, wait time.Duration) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error { return tx.PutBackOutgoing(id, s.now().Add(wait)) })
}

// LetterRefused notes that a message was not taken, and why, as a code without words. One that
// is refused for good, or too often, is dead: an event on its case says so, because the
// requester was not told what the law has the body tell.
func (s *Service) LetterRefused(ctx context.Context, id int64, code string, forGood bool) error {
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		o, err := tx.Outgoing(id)
		if err != nil {
			if models.KindOf(err) == models.NotFound {
				return nil // its case was erased meanwhile
			}
			return err
		}
		if !forGood && o.Attempts+1 < letterTries {
			pause := letterPauses[min(o.Attempts, len(letterPauses)-1)]
			return tx.MarkFailed(id, code, s.now().Add(pause))
		}
		ended, err := tx.MarkDead(id, code, s.now())
		if err != nil || !ended {
			return err
		}
		return s.recordLetter(tx, models.System, o, "message.undelivered", models.EventData{Of: o.Kind, New: code})
	})
}

func (s *Service) recordLetter(tx *store.Tx, a models.Actor, o *models.Outgoing, kind string, data models.EventData) error {
	if o.CaseID == nil {
		return s.account(tx, a, nil, kind, data)
	}
	c, err := tx.CaseByID(*o.CaseID)
	if err != nil {
		return err
	}
	body, err := tx.Body(c.BodyID)
	if err != nil {
		return err
	}
	now := s.now()
	w := &work{Tx: tx, s: s, actor: a, now: now, at: now, c: c, body: body}
	return w.record(kind, "", "", data)
}

// DeadLetter is a message that nobody tries again, as an administrator sees it: not of
// which case, nor to whom.
type DeadLetter struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"kind"`
	Body     string    `json:"body,omitempty"`
	Domain   string    `json:"domain"` // behind the @: mostly what is at fault
	Written  time.Time `json:"written"`
	Died     time.Time `json:"given_up"`
	Attempts int       `json:"attempts"`
	Code     string    `json:"code"`
}

// DeadLetters lists them, the oldest first, of the administrator's body or of all.
func (s *Service) DeadLetters(ctx context.Context, a models.Actor, after int64, limit int) ([]DeadLetter, error) {
	if err := administers(a, policies.ActOutbox); err != nil {
		return nil, err
	}
	r := s.store.Read(ctx)
	out := []DeadLetter{}
	for {
		rows, err := r.DeadOutgoing(after, limit)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			o := &rows[i]
			after = o.ID
			d, mine, err := s.deadLetter(r, a, o)
			if err != nil {
				return nil, err
			}
			if mine {
				out = append(out, d)
			}
		}
		if len(rows) < limit || len(out) >= limit {
			return out, nil
		}
	}
}

func (s *Service) deadLetter(r *store.Reader, a models.Actor, o *models.Outgoing) (DeadLetter, bool, error) {
	d := DeadLetter{ID: o.ID, Kind: o.Kind, Written: o.CreatedAt.UTC(), Died: o.DeadAt.UTC(), Attempts: o.Attempts, Code: o.LastError}
	if i := strings.LastIndexByte(o.To, '@'); i >= 0 {
		d.Domain = o.To[i+1:]
	}
	if o.CaseID == nil {
		return d, a.BodyID == nil, nil
	}
	c, err := r.CaseByID(*o.CaseID)
	if err != nil {
		return d, false, err
	}
	b, err := r.Body(c.BodyID)
	if err != nil {
		return d, false, err
	}
	d.Body = b.Slug
	return d, a.InBody(b.ID), nil
}

// RetryLetter has a dead message tried again at once.
func (s *Service) RetryLetter(ctx context.Context, a models.Actor, id int64) error {
	if err := administers(a, policies.ActOutbox); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		o, err := tx.Outgoing(id)
		if err != nil {
			return err
		}
		if o.DeadAt == nil {
			return models.Refuse(models.NotFound, "message_not_dead")
		}
		if _, mine, err := s.deadLetter(tx.Reader, a, o); err != nil || !mine {
			return either(err, models.Refuse(models.NotFound, "message_not_found"))
		}
		if err := tx.ReviveOutgoing(id); err != nil {
			return err
		}
		return s.recordLetter(tx, a, o, "message.retried", models.EventData{Of: o.Kind, Old: o.LastError})
	})
}
