// Package web is what every audience's handlers share: rendering, errors, sessions,
// access, forms, language, headers. It knows no verb and no rule.
package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/models"
	"terang/views/text"
)

// Config is what the outside decides about the web server.
type Config struct {
	// BaseURL is the address people reach us at, without a trailing slash. Links in
	// answers are built from it alone, never from a header a client can write.
	BaseURL string
	// Demo says on every page that the installation has known passwords.
	Demo bool
	// Secret, 32 bytes or more, seals cookies and makes form tokens.
	Secret []byte
	// TrustedProxies may say in X-Forwarded-For whom they speak for.
	TrustedProxies []netip.Prefix
	// Timeout bounds the work of one request; 0 means 20 seconds.
	Timeout time.Duration
	Logger  *slog.Logger
	Now     func() time.Time
	// Seen hears of each request; nil for nobody.
	Seen func(Seen)
	// Span opens a trace span under a W3C traceparent ("" for none) and gives what ends it;
	// nil where nothing is traced.
	Span func(ctx context.Context, traceparent, method string) (context.Context, func(route string, status int))
	// Sessions finds who is signed in by the token of the session cookie.
	Sessions func(ctx context.Context, token string) (Session, error)
	// Stamp is the version of what is stored: the same means that nothing was written in
	// between. Without it no page is kept.
	Stamp func(context.Context) (stamp [2]uint64, ok bool)
}

// Session is who a session token stands for.
type Session struct {
	Actor    models.Actor
	CSRF     string // secret of the session; pages carry a token made from it
	NewToken string // not empty: the session was rotated, set the cookie anew

	ID          int64
	OfficerID   int64
	Name        string
	Role        models.Role
	Step        string    // not empty: what the session owes before it opens anything
	ConfirmedAt time.Time // when its holder last proved all they have
	Strong      bool      // a second factor is set up
}

// Web carries the configuration to the handlers.
type Web struct {
	cfg  Config
	keys keys

	pages  keptPages
	signed keptSessions
	counts counters
}

// New checks the configuration and makes a Web.
func New(cfg Config) (*Web, error) {
	if len(cfg.Secret) < 32 {
		return nil, errors.New("web: the secret must have 32 bytes or more")
	}
	if cfg.Sessions == nil {
		return nil, errors.New("web: no way to find sessions")
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	k, err := deriveKeys(cfg.Secret)
	if err != nil {
		return nil, err
	}
	return &Web{cfg: cfg, keys: k}, nil
}

// Demo says whether known logins exist.
func (w *Web) Demo() bool { return w.cfg.Demo }

// Secure says whether people reach us by https.
func (w *Web) Secure() bool { return strings.HasPrefix(w.cfg.BaseURL, "https://") }

// Now is the clock.
func (w *Web) Now() time.Time { return w.cfg.Now() }

// Logger is where the server writes.
func (w *Web) Logger() *slog.Logger { return w.cfg.Logger }

// BaseURL is the address people reach us at, without a trailing slash.
func (w *Web) BaseURL() string { return w.cfg.BaseURL }

// Link makes an absolute address of a path.
func (w *Web) Link(path string) string { return w.cfg.BaseURL + path }

// Thumb is a short stable stand-in for a secret or an address, for throttle keys.
func Thumb(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hexed(sum[:8])
}

// request is the plumbing of one request: what the middleware found out about it.
// Handlers reach it by the functions below and put nothing of the domain into it.
type request struct {
	id      string
	lang    text.Lang
	session *Session
	held    *Session // the same, and also one that still owes its second step
	failed  error    // what Errors answered, for the log line

	reuse    time.Duration // how long the answer may be given again; see Reusable
	bySecond bool          // and no longer than this second lasts
}

type requestKey struct{}

func of(c *fiber.Ctx) *request {
	if r, ok := c.Locals(requestKey{}).(*request); ok {
		return r
	}
	r := &request{}
	c.Locals(requestKey{}, r)
	return r
}

// Lang is the language of the answer.
func Lang(c *fiber.Ctx) text.Lang { return of(c).lang.Or() }

// Actor is who is signed in, or anyone.
func Actor(c *fiber.Ctx) models.Actor {
	r := of(c)
	if r.session == nil {
		return models.Actor{Kind: models.Anyone, Lang: string(Lang(c)), Via: "web"}
	}
	a := r.session.Actor
	a.Lang, a.Via = string(Lang(c)), "web"
	return a
}

// SignedIn says whether an officer's session came with the request.
func SignedIn(c *fiber.Ctx) bool { return of(c).session != nil }
