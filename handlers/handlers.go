// Package handlers puts the site together: what runs before every request and in which
// order, and who is served where. It holds nothing else.
package handlers

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"terang/handlers/api"
	"terang/handlers/audit"
	"terang/handlers/desk"
	"terang/handlers/public"
	"terang/handlers/web"
	"terang/models/casework"
	"terang/views/pages"
)

// Options are what a site is made of.
type Options struct {
	Cases *casework.Service
	// Ready says whether database, schema and log can serve.
	Ready func(context.Context) error
	// BaseURL is the address people reach us at; https there means Secure cookies and HSTS.
	BaseURL        string
	Secret         []byte // 32 bytes or more, outside the database
	TrustedProxies []netip.Prefix
	Demo           bool
	Logins         []pages.DemoLogin // shown on the sign-in page of a demonstration
	Version        string
	Log            *slog.Logger
	Now            func() time.Time
	// Seen and Span are web.Config's.
	Seen     func(Seen)
	Span     func(ctx context.Context, traceparent, method string) (context.Context, func(route string, status int))
	Provider *Provider // the body's own sign-in service; nil for none
	// Stamp is the version of what is stored; nil for pages that are always drawn anew.
	Stamp func(context.Context) (stamp [2]uint64, ok bool)
	// BodyPatience is how long a large body waits for room; 0 means ten seconds.
	BodyPatience time.Duration
}

// Provider is a body's own sign-in service.
type Provider = public.Provider

// Seen is one request as metrics count it.
type Seen = web.Seen

// New makes the site.
func New(o Options) (*fiber.App, error) {
	w, err := web.New(web.Config{
		BaseURL: o.BaseURL, Demo: o.Demo, Secret: o.Secret, TrustedProxies: o.TrustedProxies, Logger: o.Log, Now: o.Now, Seen: o.Seen, Span: o.Span, Stamp: o.Stamp,
		Sessions: func(ctx context.Context, token string) (web.Session, error) {
			s, err := o.Cases.Session(ctx, token)
			return web.Session(s), err
		},
	})
	if err != nil {
		return nil, err
	}
	app := fiber.New(fiber.Config{
		ErrorHandler: w.ErrorHandler,
		// Strings taken from a request would otherwise change under whoever keeps them.
		Immutable: true,
		// A body that streams in is not bounded, and one that nobody reads is taken for
		// the next request. web.Limits bounds each route by itself.
		StreamRequestBody: false,
		BodyLimit:         2 << 20,
		ReadBufferSize:    16 << 10,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		// With no proxy named here, no X-Forwarded header is believed by Fiber;
		// web.ClientIP reads addresses by its own rule.
		EnableTrustedProxyCheck: true,
		CaseSensitive:           true,
		DisableStartupMessage:   true,
	})
	scales := web.NewScales(cmp.Or(o.BodyPatience, 10*time.Second))
	app.Server().HeaderReceived = scales.Received

	// The order matters: what answers an error stands inside what logs and packs the answer,
	// and inside the deadline, which it needs to draw the page.
	app.Use(w.Watch, w.Log, w.Framed, w.Reuse, web.Compress, w.Headers, w.Deadline, w.Errors, web.RefuseEncoded, w.Language, w.Bound)

	app.Get("/static/*", w.Anyone, web.Static)
	app.Get("/favicon.ico", w.Anyone, web.Favicon)
	app.Get("/robots.txt", w.Anyone, robots)
	app.Get("/healthz", w.Anyone, healthy)
	app.Get("/readyz", w.Anyone, ready(o.Ready, w.Logger()))
	public.MountLog(app, o.Cases, w)

	app.Use(w.SameOrigin)
	api.Mount(app, api.Options{
		Cases: o.Cases, Version: o.Version, Scope: w.Scope, Stranger: w.Stranger, Lang: web.Lang,
		Base: func(*fiber.Ctx) string { return w.BaseURL() },
	})

	app.Use(w.Identify)
	public.Mount(app, o.Cases, w, public.Options{Logins: o.Logins, Provider: o.Provider})
	desk.Mount(app, o.Cases, w)
	audit.Mount(app, o.Cases, w)
	app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })

	// A method that HTTP does not know Fiber answers by itself, in words of its own and without
	// the rules for the browser.
	known, serve, broke := app.Config().RequestMethods, app.Handler(), app.Server().ErrorHandler
	app.Server().Handler = func(ctx *fasthttp.RequestCtx) {
		defer scales.Done(&ctx.Request.Header)
		if slices.Contains(known, string(ctx.Method())) {
			serve(ctx)
			return
		}
		c := app.AcquireCtx(ctx)
		defer app.ReleaseCtx(c)
		ctx.SetConnectionClose()
		if err := w.ErrorHandler(c, fiber.ErrMethodNotAllowed); err != nil {
			ctx.SetStatusCode(fiber.StatusMethodNotAllowed)
		}
	}
	app.Server().ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
		none := scales.Done(&ctx.Request.Header)
		if none == nil {
			broke(ctx, err)
			return
		}
		c := app.AcquireCtx(ctx)
		defer app.ReleaseCtx(c)
		if err := w.ErrorHandler(c, none); err != nil {
			ctx.SetStatusCode(fiber.StatusServiceUnavailable)
		}
	}
	return app, nil
}

// robots keeps crawlers on what is published.
func robots(c *fiber.Ctx) error {
	web.Public(c, "public, max-age=86400")
	return c.SendString("User-agent: *\nDisallow: /api/\nDisallow: /account\nDisallow: /audit\nDisallow: /cases/\nDisallow: /desk\nDisallow: /file\n" +
		"Disallow: /log/tile/\nDisallow: /sign-in\nDisallow: /suggest\nDisallow: /track\nDisallow: /welcome/\n")
}

// healthy says that the process runs.
func healthy(c *fiber.Ctx) error { return c.SendString("ok\n") }

// ready says that it can serve. What is wrong stands in the log, not in the answer.
func ready(check func(context.Context) error, log *slog.Logger) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if check != nil {
			if err := check(c.UserContext()); err != nil {
				log.Warn("not ready", "error", err)
				return c.Status(fiber.StatusServiceUnavailable).SendString("not ready\n")
			}
		}
		return c.SendString("ok\n")
	}
}
