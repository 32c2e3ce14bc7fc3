package web

import (
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/models"
)

// bound is how often something may be asked for in a minute before it has to wait. Counting
// is in memory and per instance: a database that is written to for every search would be
// the cheaper thing to attack. What is written anyway is bounded in the database (casework's
// pressure.go), guesses at passwords and keys by their own throttles.
type bound struct {
	name  string
	limit int
	// credential: a token of the API has its own measure, however many share its address.
	credential bool
	hits       func(c *fiber.Ctx) bool
}

// The first that fits counts.
var bounds = []bound{
	{"search", 120, false, func(c *fiber.Ctx) bool {
		p := c.Path()
		return p == "/suggest" || (p == "/disclosures" || p == "/api/v1/disclosures") && len(c.Request().URI().QueryArgs().Peek("q")) > 0
	}},
	{"token", 600, true, func(c *fiber.Ctx) bool {
		return strings.HasPrefix(c.Path(), "/api/") && len(c.Get(fiber.HeaderAuthorization)) > 0
	}},
	{"api", 600, false, func(c *fiber.Ctx) bool { return strings.HasPrefix(c.Path(), "/api/") }},
	{"change", 300, false, Unsafe},
	{"free", 0, false, func(c *fiber.Ctx) bool {
		p := c.Path()
		return strings.HasPrefix(p, "/static/") || strings.HasPrefix(p, "/log/") || p == "/healthz" || p == "/readyz"
	}},
	{"page", 1200, false, func(*fiber.Ctx) bool { return true }},
}

const (
	boundWindow = time.Minute
	// boundKeys is how many are remembered; when more come within a minute, all begin anew.
	boundKeys = 200_000
)

// counters count by key within a window.
type counters struct {
	mu    sync.Mutex
	since time.Time
	n     map[string]int
}

// more counts one, and says how many it makes.
func (k *counters) more(key string, now time.Time) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d := now.Sub(k.since); k.n == nil || d >= boundWindow || d < 0 || len(k.n) >= boundKeys {
		k.n, k.since = map[string]int{}, now
	}
	k.n[key]++
	return k.n[key]
}

// Bound refuses what asks too often, and says when to come back.
func (w *Web) Bound(c *fiber.Ctx) error {
	scope := w.Stranger(c)
	if scope == "" {
		return c.Next()
	}
	for i := range bounds {
		b := &bounds[i]
		if !b.hits(c) {
			continue
		}
		if b.limit == 0 {
			return c.Next()
		}
		key := b.name + ":" + scope
		if b.credential {
			key = b.name + ":" + Thumb(c.Get(fiber.HeaderAuthorization))
		}
		n := w.counts.more(key, w.Now())
		if b.credential && n <= b.limit {
			// Made-up tokens are many: the address counts as well.
			n = w.counts.more("tokens:"+scope, w.Now())
			n -= 3 * b.limit
		}
		if n > b.limit {
			return models.Refuse(models.RateLimited, "too_much", "1")
		}
		return c.Next()
	}
	return c.Next()
}

// Stranger is who a bound counts: the client's address, or its /64 network; "" for somebody on
// this machine. Behind a proxy on the same machine that was not named as trusted everybody
// seems to be on it: nobody is bounded then, rather than everybody by each other.
func (w *Web) Stranger(c *fiber.Ctx) string {
	a := w.ClientIP(c)
	if a.IsLoopback() || a.IsUnspecified() {
		return ""
	}
	return w.Scope(c)
}
