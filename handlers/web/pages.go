package web

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"terang/models"
)

const (
	// pagesBytes bounds each of two generations of kept pages.
	pagesBytes = 12 << 20
	// A page larger than this is not worth the room.
	pageMost = 256 << 10
)

// PageLife is the longest that a page is kept: it may say how much time is left.
const PageLife = 10 * time.Second

// keptPages keeps answers for who asks the same again. Each belongs to the whole of a request's
// cookies, its address and its language, so that nothing of one person reaches another, and
// holds only while nothing at all was committed to the database since before it was
// drawn. It is never a reason for a write not to happen: an answer whose making wrote
// something has a stamp that is past already.
type keptPages struct {
	mu         sync.RWMutex
	young, old map[string]*page
	size       int
	turned     time.Time
	clearing   bool
}

type page struct {
	stamp  [2]uint64
	until  time.Time
	header fasthttp.ResponseHeader
	body   []byte
}

// Reusable says that the answer follows from the address, the cookies, the language and the
// database alone, and holds for so long, ten seconds at most, as long as nothing is written.
// Whoever calls it must not depend on where the request comes from.
func Reusable(c *fiber.Ctx, life time.Duration) { of(c).reuse = min(life, PageLife) }

// ReusableBy is Reusable for what an officer may see. Time alone changes that where a grant into
// a confidential case ends. Verbs know whole seconds only, so that it holds until the
// second is over in which the request came; who cannot have a grant, for lack of clearance, or
// needs none, sees the same for longer.
func ReusableBy(c *fiber.Ctx, a models.Actor) {
	s := models.SightOf(a)
	of(c).reuse, of(c).bySecond = PageLife, s.Clearance == models.Confidential && !s.WholeBody
}

// Reuse answers with a kept page where one holds, and keeps those that may be.
func (w *Web) Reuse(c *fiber.Ctx) error {
	if w.cfg.Stamp == nil || c.Method() != fiber.MethodGet {
		return c.Next()
	}
	stamp, ok := w.cfg.Stamp(c.UserContext())
	if !ok {
		return c.Next()
	}
	key, now := pageKey(c), w.Now()
	res := c.Response()
	if p := w.pages.get(key); p != nil && p.stamp == stamp && now.Before(p.until) {
		p.header.CopyTo(&res.Header)
		res.SetBodyRaw(p.body)
		revalidate(c)
		return nil
	}
	err := c.Next()
	tag(res)
	if life := of(c).reuse; err == nil && life > 0 && res.StatusCode() == fiber.StatusOK && !res.IsBodyStream() && len(res.Body()) <= pageMost && !setsCookie(res) {
		until := now.Add(life)
		if end := now.Truncate(time.Second).Add(time.Second); of(c).bySecond && end.Before(until) {
			until = end
		}
		p := &page{stamp: stamp, until: until, body: append([]byte(nil), res.Body()...)}
		res.Header.CopyTo(&p.header)
		w.pages.put(key, p, now)
	}
	revalidate(c)
	return err
}

// tag gives an answer that a browser may keep, if it asks again, the tag to ask with.
func tag(res *fasthttp.Response) {
	if res.StatusCode() != fiber.StatusOK || res.IsBodyStream() || len(res.Header.Peek(fiber.HeaderETag)) > 0 ||
		!strings.Contains(string(res.Header.Peek(fiber.HeaderCacheControl)), "no-cache") {
		return
	}
	sum := sha256.Sum256(res.Body())
	res.Header.Set(fiber.HeaderETag, `W/"`+hexed(sum[:12])+`"`)
}

// revalidate answers 304 to a browser that has the same already.
func revalidate(c *fiber.Ctx) {
	res := c.Response()
	have := res.Header.Peek(fiber.HeaderETag)
	if len(have) == 0 || res.StatusCode() != fiber.StatusOK || string(c.Request().Header.Peek(fiber.HeaderIfNoneMatch)) != string(have) {
		return
	}
	res.ResetBody()
	res.SetStatusCode(fiber.StatusNotModified)
	res.Header.Del(fiber.HeaderContentEncoding)
}

// setsCookie says whether an answer is for one browser at one time: a session that turns, a
// message shown once.
func setsCookie(res *fasthttp.Response) bool {
	for range res.Header.Cookies() {
		return true
	}
	return false
}

// pageKey is everything of a request that an answer may depend on.
func pageKey(c *fiber.Ctx) string {
	h := &c.Request().Header
	var b strings.Builder
	uri, cookie, token, lang := h.RequestURI(), h.Peek(fiber.HeaderCookie), h.Peek(fiber.HeaderAuthorization), h.Peek(fiber.HeaderAcceptLanguage)
	b.Grow(len(uri) + len(cookie) + len(token) + len(lang) + 5)
	for _, part := range [][]byte{uri, cookie, token, lang} {
		b.Write(part)
		b.WriteByte('\n') // in none of them
	}
	if accepts(c, "gzip") {
		b.WriteByte('z')
	}
	return b.String()
}

func (p *keptPages) get(key string) *page {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if got, ok := p.young[key]; ok {
		return got
	}
	return p.old[key]
}

func (p *keptPages) put(key string, made *page, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size := len(key) + len(made.body) + 1<<10
	if p.young == nil || p.size+size > pagesBytes || now.Sub(p.turned) > PageLife {
		p.old, p.young, p.size, p.turned = p.young, map[string]*page{}, 0, now
	}
	p.young[key] = made
	p.size += size
	if !p.clearing {
		p.clearing = true
		time.AfterFunc(2*PageLife, p.clear)
	}
}

// clear gives the room back once nobody asks any more.
func (p *keptPages) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old, p.young, p.size, p.clearing = p.young, nil, 0, false
	if len(p.old) > 0 {
		p.clearing = true
		time.AfterFunc(2*PageLife, p.clear)
	}
}

// keptSessions keeps who a token stands for, by the same rule as pages: as long as nothing is
// written. An end by the clock, idle or absolute, is noticed within PageLife.
type keptSessions struct {
	mu     sync.Mutex
	kept   map[[sha256.Size]byte]keptSession
	turned time.Time
}

type keptSession struct {
	stamp [2]uint64
	until time.Time
	s     Session
}

// sessionsMost bounds how many are kept.
const sessionsMost = 10_000

// session finds who a token stands for.
func (w *Web) session(ctx context.Context, token string) (Session, error) {
	if w.cfg.Stamp == nil {
		return w.cfg.Sessions(ctx, token)
	}
	stamp, ok := w.cfg.Stamp(ctx)
	if !ok {
		return w.cfg.Sessions(ctx, token)
	}
	k, key, now := &w.signed, sha256.Sum256([]byte(token)), w.Now()
	k.mu.Lock()
	got, found := k.kept[key]
	k.mu.Unlock()
	if found && got.stamp == stamp && now.Before(got.until) {
		return got.s, nil
	}
	s, err := w.cfg.Sessions(ctx, token)
	if err != nil || s.NewToken != "" {
		return s, err
	}
	// Whoever appends to them gets a copy.
	s.Actor.UnitIDs, s.Actor.ActsAs = slices.Clip(s.Actor.UnitIDs), slices.Clip(s.Actor.ActsAs)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= sessionsMost || now.Sub(k.turned) > 10*PageLife {
		k.kept, k.turned = map[[sha256.Size]byte]keptSession{}, now
	}
	k.kept[key] = keptSession{stamp: stamp, until: now.Add(PageLife), s: s}
	return s, nil
}
