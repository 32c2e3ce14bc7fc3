package main

import (
	"sync"
	"time"
)

// heldBack is how far a clock may be set back and be waited for.
const heldBack = 10 * time.Minute

// steady is the clock of a serving instance. What is recorded must not be dated before what
// was recorded already: where the machine's clock is set back a little, as by NTP after
// a bad start, time stands still until it has caught up. Where it is set back by more than
// heldBack, time follows it, because it may have run years ahead; that is told, and goes on
// record with both times.
type steady struct {
	wall func() time.Time
	back func(from, to time.Time) // on a goroutine of its own

	mu   sync.Mutex
	last time.Time
}

// Now is the time to record.
func (s *steady) Now() time.Time {
	t := s.wall().Round(0) // without the monotonic reading, which would hide what is looked for here
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !t.Before(s.last):
		s.last = t
	case s.last.Sub(t) > heldBack:
		from := s.last
		s.last = t
		if s.back != nil {
			go s.back(from, t)
		}
	}
	return s.last
}

// notBefore has the clock begin where the record ends.
func (s *steady) notBefore(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.After(s.last) {
		s.last = t
	}
}
