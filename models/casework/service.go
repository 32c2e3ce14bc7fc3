// Package casework is the verbs of Terang: what must happen together when
// someone files, classifies, escalates, decides. One exported verb is one
// transaction of one shape: validate, load, ask policies, move with models, append the audit
// event, save, put messages in the outbox. Every read goes through read.go, which takes the
// actor.
package casework

import (
	"context"
	"io"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
	"terang/policies"
)

// Files keeps the bytes of attachments, outside the database. Put must be
// durable when it returns; what was put and then not recorded is an orphan that Sweep
// may drop.
type Files interface {
	Put(ctx context.Context, r io.Reader, limit int64) (Stored, error)
	Get(ctx context.Context, name string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, name string) error
}

// Stored is what Files says of a file it has taken.
type Stored struct {
	Name   string
	Size   int64
	SHA256 string
	Head   []byte // first bytes, for sniffing
	Key    string // wrapped: what the bytes are sealed under
}

// Service does the verbs. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	packs   *policies.Registry
	files   Files
	scanner Scanner
	secret  []byte
	clock   func() time.Time
	signer  *trail.Signer
	quorum  store.Quorum
	decreed *decreed
	// hashMemory is in KiB.
	hashMemory uint32
	// argon is the password hash; tests count its calls.
	argon   func(password string, salt []byte, memory, passes uint32, threads uint8) []byte
	factors secondFactors
	// occurred is set on the copy that At returns.
	occurred *time.Time
}

// Options are what a Service is made of. Secret (32 bytes or more, outside the database)
// derives the keys of retried filings; Now is the clock, nil for time.Now.
type Options struct {
	Store *store.Store
	Packs *policies.Registry
	Files Files
	// Scanner looks for viruses in what is uploaded; nil where none is configured.
	Scanner Scanner
	Secret  []byte
	Now     func() time.Time
	// HashMemory is the memory of a password hash in KiB; 0 for OWASP's minimum. Tests,
	// which make many accounts, set less.
	HashMemory uint32
	// Signer is the log's key; nil where nothing signs. An export and a receipt have the
	// log take in what waits, so that what they give is whole.
	Signer *trail.Signer
	// Quorum is how many of which witnesses must have cosigned a head before a receipt is
	// handed out under it.
	Quorum store.Quorum
	// SecondFactor is whom sign-in asks for a second step; BaseURL, the address people
	// reach us at, is what passkeys are bound to. Without one there are no passkeys.
	SecondFactor models.SecondFactorRule
	BaseURL      string
}

// New makes a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HashMemory == 0 {
		o.HashMemory = argonMemory
	}
	return &Service{hashMemory: o.HashMemory, store: o.Store, packs: o.Packs, files: o.Files, scanner: o.Scanner, secret: o.Secret, clock: o.Now, signer: o.Signer, quorum: o.Quorum, decreed: &decreed{rows: -1},
		argon: argonSum, factors: newSecondFactors(o)}
}

// At gives a Service whose verbs happened at an earlier instant than they are
// recorded: a letter that came yesterday, a row of an old register. Clocks count from
// then; the audit events carry both instants and are never backdated.
func (s *Service) At(occurred time.Time) *Service {
	t := *s
	occurred = occurred.UTC().Truncate(time.Second)
	t.occurred = &occurred
	return &t
}

// now is the one instant of a transaction: UTC and whole seconds, because the
// databases keep different precisions and a hash over it would differ.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

// moment is when what is being done happened.
func (s *Service) moment(now time.Time) time.Time {
	if s.occurred != nil && s.occurred.Before(now) {
		return *s.occurred
	}
	return now
}

// Sequence gives every event that waits its place in the log and signs its head.
func (s *Service) Sequence(ctx context.Context) error {
	if s.signer == nil {
		return nil
	}
	if _, err := s.store.Sequence(ctx, s.signer, s.now()); err != nil {
		return internal("sequence", err)
	}
	return nil
}
