package public

import (
	"sync"
	"time"

	"terang/models"
)

// sentDrafts remembers, for a quarter of an hour and in memory alone, what a draft
// became. A double press sends the form twice with one cookie, and the browser shows the answer
// to the second: without this its reader would never see the key, which is stored
// nowhere. (Through several instances a second press may reach another one; that reader is
// led to the first page instead, and nothing is filed twice.)
type sentDrafts struct {
	mu     sync.Mutex
	m      map[string]*sentDraft
	purged time.Time
}

type sentDraft struct {
	mu   sync.Mutex // held while the draft is being filed: the second press waits here
	at   time.Time
	done bool
	confirmation
}

// once files a draft unless it was filed a moment ago.
func (s *sentDrafts) once(token string, now time.Time, file func() (confirmation, error)) (confirmation, error) {
	d := s.entry(models.HashKey(token), now)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done {
		return d.confirmation, nil
	}
	var err error
	if d.confirmation, err = file(); err != nil {
		return confirmation{}, err
	}
	d.done = true
	return d.confirmation, nil
}

func (s *sentDrafts) entry(key string, now time.Time) *sentDraft {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.purged) > time.Minute {
		for k, d := range s.m {
			if now.Sub(d.at) > doneTTL {
				delete(s.m, k)
			}
		}
		s.purged = now
	}
	d, ok := s.m[key]
	if !ok {
		if s.m == nil {
			s.m = map[string]*sentDraft{}
		}
		d = &sentDraft{at: now}
		s.m[key] = d
	}
	return d
}
