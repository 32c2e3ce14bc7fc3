package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"terang/static"
)

func newID() string { return rand.Text()[:10] }

// Log writes one line a request: its route, never its address, because addresses may
// carry references, search words or a one-time link.
func (w *Web) Log(c *fiber.Ctx) error {
	start := time.Now()
	r := of(c)
	r.id = newID()
	err := c.Next()
	status := c.Response().StatusCode()
	level := slog.LevelDebug
	if Unsafe(c) || status >= 400 {
		level = slog.LevelInfo
	}
	w.cfg.Logger.LogAttrs(context.Background(), level, "request",
		slog.String("id", r.id), slog.String("method", c.Method()), slog.String("route", route(c)),
		slog.Int("status", status), slog.Duration("took", time.Since(start).Round(10*time.Microsecond)))
	return err
}

func route(c *fiber.Ctx) string {
	if r := c.Route(); r != nil && r.Path != "" {
		return r.Path
	}
	return "?"
}

const csp = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Headers sends what tells the browser to be strict. Nothing is stored unless the
// handler says that it may be.
func (w *Web) Headers(c *fiber.Ctx) error {
	w.secure(c)
	return c.Next()
}

func (w *Web) secure(c *fiber.Ctx) {
	c.Set("Content-Security-Policy", csp)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set("X-Frame-Options", "DENY")
	c.Set(fiber.HeaderCacheControl, "no-store")
	if w.Secure() {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// RefuseEncoded refuses a packed request body: it is unpacked without a limit
// further down.
func RefuseEncoded(c *fiber.Ctx) error {
	if enc := c.Get(fiber.HeaderContentEncoding); enc != "" && !strings.EqualFold(enc, "identity") {
		return fiber.ErrUnsupportedMediaType
	}
	return c.Next()
}

// Framed refuses a message whose end, or whose host, somebody on its way to us may have read
// differently, and hangs up: what follows it on the same connection could be another's
// request, or a part of this one (RFC 9112, 5.1, 5.2, 6.1 and 6.3; RFC 9110, 7.2).
// fasthttp takes more than the standard does.
func (w *Web) Framed(c *fiber.Ctx) error {
	if framed(&c.Request().Header) {
		return c.Next()
	}
	c.Context().SetConnectionClose()
	w.secure(c)
	of(c).lang = preferred(c.Get(fiber.HeaderAcceptLanguage))
	return w.answer(c, fiber.ErrBadRequest)
}

func framed(h *fasthttp.RequestHeader) bool {
	hosts, lengths, codings := 0, 0, 0
	for line := range bytes.Lines(h.RawHeaders()) {
		line, ended := bytes.CutSuffix(line, []byte("\r\n"))
		name, value, found := bytes.Cut(line, []byte(":"))
		if len(line) == 0 {
			break
		}
		if !ended || !found || len(name) == 0 || bytes.ContainsFunc(name, notOfToken) { // a folded line begins with a space
			return false
		}
		switch strings.ToLower(string(name)) {
		case "host":
			hosts++
		case "content-length":
			lengths++
		case "transfer-encoding":
			codings++
			if !strings.EqualFold(string(bytes.Trim(value, " \t")), "chunked") {
				return false
			}
		}
	}
	switch string(h.Protocol()) {
	case "HTTP/1.1":
		return hosts == 1 && lengths+codings <= 1
	case "HTTP/1.0":
		return hosts <= 1 && lengths <= 1 && codings == 0
	}
	return false
}

// notOfToken says whether a character may not stand in a header's name (RFC 9110, 5.6.2).
func notOfToken(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// Deadline bounds the work of a request; a client that went away is not noticed.
func (w *Web) Deadline(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), w.cfg.Timeout)
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// Compress packs pages. Form tokens are masked, so their length tells nothing.
func Compress(c *fiber.Ctx) error {
	err := c.Next()
	res := c.Response()
	if err != nil || res.IsBodyStream() || len(res.Header.ContentEncoding()) > 0 || len(res.Body()) < 1200 || !packable(string(res.Header.ContentType())) {
		return err
	}
	c.Vary(fiber.HeaderAcceptEncoding)
	if !accepts(c, "gzip") {
		return nil
	}
	packed := fasthttp.AppendGzipBytesLevel(nil, res.Body(), fasthttp.CompressBestSpeed)
	res.SetBodyRaw(packed)
	res.Header.SetContentEncoding("gzip")
	return nil
}

func packable(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.Contains(contentType, "json")
}

// accepts says whether the client takes a content coding; "gzip;q=0" refuses it.
func accepts(c *fiber.Ctx, coding string) bool {
	for _, part := range strings.Split(c.Get(fiber.HeaderAcceptEncoding), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// Static serves the stylesheet, the script and the pictures, packed beforehand.
func Static(c *fiber.Ctx) error {
	a, ok := static.Lookup(c.Path())
	if !ok {
		return fiber.ErrNotFound
	}
	Public(c, static.CacheControl)
	return sendAsset(c, a)
}

// Favicon answers browsers that ask without reading the page.
func Favicon(c *fiber.Ctx) error {
	a, ok := static.Lookup(static.URL("img/favicon.svg"))
	if !ok {
		return fiber.ErrNotFound
	}
	Public(c, "public, max-age=86400")
	return sendAsset(c, a)
}

func sendAsset(c *fiber.Ctx, a static.Asset) error {
	c.Set(fiber.HeaderETag, a.ETag)
	c.Vary(fiber.HeaderAcceptEncoding)
	if c.Get(fiber.HeaderIfNoneMatch) == a.ETag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, a.ContentType)
	body := a.Body
	switch {
	case a.Brotli != nil && accepts(c, "br"):
		c.Set(fiber.HeaderContentEncoding, "br")
		body = a.Brotli
	case a.Gzip != nil && accepts(c, "gzip"):
		c.Set(fiber.HeaderContentEncoding, "gzip")
		body = a.Gzip
	}
	c.Response().SetBodyRaw(body)
	return nil
}

// Limits says how much body, and how long to read and write, each route is given:
// only where files arrive is a large body read at all. It is asked after the headers.
func Limits(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	path, _, _ := strings.Cut(string(h.RequestURI()), "?")
	cfg := fasthttp.RequestConfig{MaxRequestBodySize: 2 << 20, ReadTimeout: 20 * time.Second, WriteTimeout: time.Minute}
	switch kindOf(h) {
	case "api":
		cfg.MaxRequestBodySize = 36 << 20
		cfg.ReadTimeout = 5 * time.Minute
	case "files":
		// One file and what multipart puts around it; a slow line is no reason to lose it.
		cfg.MaxRequestBodySize = 26 << 20
		cfg.ReadTimeout = 15 * time.Minute
	}
	if strings.Contains(path, "/export") || strings.Contains(path, "/documents/") || strings.Contains(path, "/attachments/") {
		cfg.WriteTimeout = 30 * time.Minute
	}
	return cfg
}
