package web

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Seen is one request as metrics count it: its route, never its address.
type Seen struct {
	Method, Route string
	Status        int
	Took          time.Duration
}

// Watch tells whoever watches of each request, and opens a span for it. It stands before
// everything else, so that what the others take is counted in.
func (w *Web) Watch(c *fiber.Ctx) error {
	if w.cfg.Seen == nil && w.cfg.Span == nil {
		return c.Next()
	}
	start := time.Now()
	var end func(route string, status int)
	if w.cfg.Span != nil {
		var ctx context.Context
		ctx, end = w.cfg.Span(c.UserContext(), c.Get("traceparent"), c.Method())
		c.SetUserContext(ctx)
	}
	err := c.Next()
	at, status := matched(c), c.Response().StatusCode()
	if w.cfg.Seen != nil {
		w.cfg.Seen(Seen{Method: c.Method(), Route: at, Status: status, Took: time.Since(start)})
	}
	if end != nil {
		end(at, status)
	}
	return err
}

// matched is the pattern of the route; "none" where there was none, so that made-up
// addresses make no rows of their own.
func matched(c *fiber.Ctx) string {
	r := route(c)
	if r == "?" || r == "/" && c.Path() != "/" {
		return "none"
	}
	return r
}
