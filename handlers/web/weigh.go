package web

import (
	"context"
	"math/bits"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sync/semaphore"

	"terang/models"
)

// Scales bound how much of request bodies is in memory at one time, whoever sends them: a body is
// read whole before anything is known of its sender, and room for it is made when its length
// is heard. Small ones are not weighed. What finds no room waits, and is then told to come
// back; each kind of route has room of its own, so that none can take the others'.
type Scales struct {
	patience time.Duration
	rooms    map[string]*semaphore.Weighted

	mu   sync.Mutex
	held map[*fasthttp.RequestHeader]weighed // one for each connection at most, which keeps its header
}

type weighed struct {
	room   *semaphore.Weighted // nil for one that found none
	weight int64
}

const (
	unweighed = 64 << 10
	roomAPI   = 256 << 20
	roomFiles = 320 << 20
	roomForms = 64 << 20
)

// errNoRoom is told to who waited for room in vain.
var errNoRoom = models.Refuse(models.Unavailable, "no_room_for_bodies")

// NewScales makes scales whose senders wait for room as long as patience.
func NewScales(patience time.Duration) *Scales {
	return &Scales{patience: patience, held: map[*fasthttp.RequestHeader]weighed{}, rooms: map[string]*semaphore.Weighted{
		"api": semaphore.NewWeighted(roomAPI), "files": semaphore.NewWeighted(roomFiles), "forms": semaphore.NewWeighted(roomForms),
	}}
}

// Received is asked after the headers of each request: it gives the limits of its route, once
// there is room for the body.
func (s *Scales) Received(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	s.Done(h) // of a request before that ended in a way nobody heard of
	cfg := Limits(h)
	n := h.ContentLength()
	if n == -1 { // in chunks: as much as it may be
		n = cfg.MaxRequestBodySize
	}
	if n <= unweighed || n > cfg.MaxRequestBodySize { // the latter is refused unread
		return cfg
	}
	w := weighed{room: s.rooms[kindOf(h)], weight: 1 << bits.Len(uint(n-1))} // as fasthttp makes room
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	if w.room.Acquire(ctx, w.weight) != nil {
		w, cfg.MaxRequestBodySize = weighed{}, 1
	}
	s.mu.Lock()
	s.held[h] = w
	s.mu.Unlock()
	return cfg
}

// Done gives back the room of a request that was answered, or broke off. err is what to answer
// where there had been none.
func (s *Scales) Done(h *fasthttp.RequestHeader) (err error) {
	s.mu.Lock()
	w, ok := s.held[h]
	delete(s.held, h)
	s.mu.Unlock()
	switch {
	case ok && w.room == nil:
		return errNoRoom
	case ok:
		w.room.Release(w.weight)
	}
	return nil
}

func kindOf(h *fasthttp.RequestHeader) string {
	path, _, _ := strings.Cut(string(h.RequestURI()), "?")
	switch {
	case strings.HasPrefix(path, "/api/"):
		return "api"
	case strings.Contains(path, "/attachments"):
		return "files"
	}
	return "forms"
}
