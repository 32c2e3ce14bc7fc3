package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/models"
	"terang/views/layout"
	"terang/views/text"
)

// Render writes a page. The body is buffered, so that an error half way still
// becomes an error page.
func Render(c *fiber.Ctx, status int, page templ.Component) error {
	c.Status(status)
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	if err := page.Render(c.UserContext(), c.Response().BodyWriter()); err != nil {
		c.Response().ResetBody()
		return err
	}
	return nil
}

// Page fills the frame of a page. seed is what its forms are bound to when nobody is
// signed in: a draft's token, a case's cookie; "" for a page without such forms.
func (w *Web) Page(c *fiber.Ctx, title, seed string) layout.Page {
	p := layout.Page{
		Lang: Lang(c), Title: title, Path: c.Path(), AltURL: altURL(c),
		DemoNotice: w.cfg.Demo, CSRF: w.Token(c, seed),
	}
	if s := of(c).session; s != nil {
		p.SignedInName = s.Actor.Name
		p.SignedInRole = p.Lang.T("role." + string(s.Actor.Role))
	}
	if code := w.takeFlash(c); code != "" {
		p.Flash = p.Lang.T(code)
		if strings.Contains(code, "flash.warn_") {
			p.FlashTone = "warning"
		}
	}
	return p
}

// altURL is this page in the other language. A page that answers a form is at an
// address that may have no page of its own: the page before it is the next best.
func altURL(c *fiber.Ctx) templ.SafeURL {
	u := url.URL{Path: "/" + strings.TrimLeft(c.Path(), "/")} // "//host/" would be another site's
	if !Unsafe(c) {
		u.RawQuery = string(c.Request().URI().QueryString())
	}
	q := u.Query()
	q.Set("lang", string(Lang(c).Other()))
	u.RawQuery = q.Encode()
	return templ.SafeURL(u.String())
}

// Public lets browsers and shared caches keep an answer that is the same for
// everybody. Everything else is never stored: that is the default.
func Public(c *fiber.Ctx, cacheControl string) {
	c.Set(fiber.HeaderCacheControl, cacheControl)
}

const flashCookie = "terang_flash"

// Flash has the next page say, once, that something is done. key is one of the
// message catalogue, so that nobody can put words into our mouth; one that begins with
// "flash.warn_" is a warning.
func (w *Web) Flash(c *fiber.Ctx, key string) {
	w.SetCookie(c, Cookie{Name: flashCookie, Value: key, TTL: time.Minute})
}

func (w *Web) takeFlash(c *fiber.Ctx) string {
	key := w.GetCookie(c, flashCookie, "/")
	if key == "" {
		return ""
	}
	w.DropCookie(c, flashCookie, "/")
	if !strings.Contains(key, "flash.") || !text.Has(key) {
		return ""
	}
	return key
}

// SeeOther leads to the page that shows what a form has done.
func SeeOther(c *fiber.Ctx, path string) error {
	return c.Redirect(path, fiber.StatusSeeOther)
}

// SendFile sends bytes as a file to keep.
func SendFile(c *fiber.Ctx, name, contentType string, data []byte) error {
	c.Set(fiber.HeaderContentType, contentType)
	c.Set(fiber.HeaderContentDisposition, attachmentNamed(name))
	return c.Send(data)
}

// Stream sends what write writes, without holding it in memory. An error before the
// first byte is an ordinary error; one after it breaks the connection, so
// that half a file is not taken for a whole one. write runs beside the request and
// must not touch it; its context ends when the client goes away or max has passed.
func (w *Web) Stream(c *fiber.Ctx, name, contentType string, max time.Duration, write func(context.Context, io.Writer) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), max)
	pr, pw := io.Pipe()
	log := w.cfg.Logger
	go func() {
		defer cancel()
		err := recovered(func() error { return write(ctx, pw) })
		if err != nil && !errors.Is(err, io.ErrClosedPipe) && models.KindOf(err) == models.Internal {
			log.Error("stream broken", "error", err)
		}
		pw.CloseWithError(err)
	}()
	head := bufio.NewReaderSize(pr, 32<<10)
	if _, err := head.Peek(1); err != nil && !errors.Is(err, io.EOF) {
		cancel()
		return err
	}
	c.Set(fiber.HeaderContentType, contentType)
	c.Set(fiber.HeaderContentDisposition, attachmentNamed(name))
	c.Context().SetBodyStream(&stream{head, pr, cancel}, -1)
	return nil
}

type stream struct {
	io.Reader
	pipe   *io.PipeReader
	cancel context.CancelFunc
}

// Close is called when the answer is sent or the client is gone.
func (s *stream) Close() error {
	s.cancel()
	return s.pipe.Close()
}
