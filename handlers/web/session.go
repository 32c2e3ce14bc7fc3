package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/models"
)

const sessionCookie = "terang_session"

// Cookie describes a cookie. All are HttpOnly, and Secure when we are reached by https.
type Cookie struct {
	Name  string
	Value string
	Path  string        // "" means the whole site
	TTL   time.Duration // 0: until the browser closes
}

// cookieName puts the prefix on by which browsers refuse a cookie that a sister
// host or a plain-text connection tries to plant.
func (w *Web) cookieName(name, path string) string {
	switch {
	case !w.Secure():
		return name
	case path == "" || path == "/":
		return "__Host-" + name
	}
	return "__Secure-" + name
}

// SetCookie sends a cookie.
func (w *Web) SetCookie(c *fiber.Ctx, k Cookie) {
	path := k.Path
	if path == "" {
		path = "/"
	}
	ck := &fiber.Cookie{
		Name: w.cookieName(k.Name, path), Value: k.Value, Path: path,
		HTTPOnly: true, Secure: w.Secure(), SameSite: fiber.CookieSameSiteLaxMode,
	}
	if k.TTL > 0 {
		ck.MaxAge = int(k.TTL / time.Second)
		ck.Expires = w.Now().Add(k.TTL)
	} else {
		ck.SessionOnly = true
	}
	c.Cookie(ck)
}

// DropCookie takes a cookie back.
func (w *Web) DropCookie(c *fiber.Ctx, name, path string) {
	if path == "" {
		path = "/"
	}
	c.Cookie(&fiber.Cookie{
		Name: w.cookieName(name, path), Path: path, MaxAge: -1, Expires: time.Unix(1, 0),
		HTTPOnly: true, Secure: w.Secure(), SameSite: fiber.CookieSameSiteLaxMode,
	})
}

// GetCookie reads a cookie set by SetCookie with the same name and path.
func (w *Web) GetCookie(c *fiber.Ctx, name, path string) string {
	return strings.Clone(c.Cookies(w.cookieName(name, path)))
}

// SignIn sets the session cookie.
func (w *Web) SignIn(c *fiber.Ctx, token string) {
	w.SetCookie(c, Cookie{Name: sessionCookie, Value: token, TTL: models.SessionAbsolute})
}

// SignOut takes the session cookie back and gives the token it held, for the verb
// that ends the session.
func (w *Web) SignOut(c *fiber.Ctx) string {
	token := w.GetCookie(c, sessionCookie, "/")
	w.DropCookie(c, sessionCookie, "/")
	return token
}

// ForgetHere has the browser drop what it keeps of our pages: whoever has it next finds none of it.
func ForgetHere(c *fiber.Ctx) { c.Set("Clear-Site-Data", `"cache", "storage"`) }

// Identify finds who is signed in. A session that is over is forgotten, and the
// request goes on as anyone's.
func (w *Web) Identify(c *fiber.Ctx) error {
	token := w.GetCookie(c, sessionCookie, "/")
	if token == "" {
		return c.Next()
	}
	s, err := w.session(c.UserContext(), token)
	switch {
	case models.KindOf(err) == models.Unauthorized, models.KindOf(err) == models.NotFound:
		w.DropCookie(c, sessionCookie, "/")
	case err != nil:
		return err
	default:
		if s.NewToken != "" {
			w.SignIn(c, s.NewToken)
		}
		of(c).held = &s
		if s.Step == "" {
			of(c).session = &s
		}
	}
	return c.Next()
}

// Held is the session the browser holds, also one that still owes its second step and
// opens nothing but the pages of that; nil for none.
func Held(c *fiber.Ctx) *Session { return of(c).held }

// StepPath is where the second step is given, and given again before dangerous acts.
const StepPath = "/sign-in/step"

// Confirmed lets pass who proved all they have not long ago; who has a second factor and
// did not is asked for it first. A form that was opened in time may be sent a while after.
func (w *Web) Confirmed(c *fiber.Ctx) error {
	s := of(c).session
	if s == nil || !s.Strong {
		return c.Next()
	}
	limit, back := models.ConfirmFor, c.OriginalURL()
	if Unsafe(c) {
		limit, back = 2*models.ConfirmFor, c.Path()
	}
	if w.Now().Sub(s.ConfirmedAt) <= limit {
		return c.Next()
	}
	return SeeOther(c, StepPath+"?next="+url.QueryEscape(back))
}

// Network is where the request came from, cut short: enough for its owner to know it by,
// too little to follow anyone.
func (w *Web) Network(c *fiber.Ctx) string {
	a := w.ClientIP(c).WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// TryAt tells a throttled browser when to come back: in the header, and as a time of day.
func (w *Web) TryAt(c *fiber.Ctx, err error) string {
	wait := retryAfter(err)
	c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(wait/time.Second)))
	return Lang(c).Time(w.Now().Add(wait), nil)
}
