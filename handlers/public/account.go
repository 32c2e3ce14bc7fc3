package public

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
)

func (h *handler) signInPage(c *fiber.Ctx) error {
	if web.SignedIn(c) {
		return web.SeeOther(c, landing(web.Actor(c).Role, c.Query("next")))
	}
	return h.drawSignIn(c, "", c.Query("next"), nil, fiber.StatusOK)
}

func (h *handler) drawSignIn(c *fiber.Ctx, email, next string, errs []components.FieldError, status int) error {
	logins, err := h.logins(c)
	if err != nil {
		return err
	}
	v := pages.SignIn{
		Step: pages.Step{Page: h.w.Page(c, "", ""), Errors: errs, Action: "/sign-in"}, Email: email, Next: web.LocalPath(next, ""), Demo: logins,
		Passkeys: h.svc.PasskeysOffered(), NoSecond: h.svc.SecondFactorRule() == models.SecondFactorOffered,
	}
	if p := h.opt.Provider; p != nil {
		v.Provider, v.ProviderURL = p.Name, with("/sign-in/provider", v.Next)
	}
	return web.Render(c, status, pages.SignInPage(v))
}

// logins are the accounts of a demonstration, in words.
func (h *handler) logins(c *fiber.Ctx) ([]pages.DemoLogin, error) {
	if len(h.opt.Logins) == 0 {
		return nil, nil
	}
	bodies, err := h.svc.Bodies(c.UserContext(), 0, bodiesShown)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, b := range bodies {
		names[b.Slug] = b.Name
	}
	out := slices.Clone(h.opt.Logins)
	for i, l := range out {
		out[i].Role = web.Lang(c).T("role." + l.Role)
		out[i].Body = first(names[l.Body], l.Body)
	}
	return out, nil
}

// landing is where an officer begins.
func landing(role models.Role, next string) string {
	home := "/desk"
	if !role.OnChain() {
		home = "/audit"
		if role == models.Administrator {
			home = "/desk/admin"
		}
	}
	return web.LocalPath(next, home)
}

func (h *handler) signIn(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	email, password, next := f.Line("email"), f.Secret("password"), f.Line("next")
	l := web.Lang(c)
	var check models.Check
	check.Field(email != "", "email", "required")
	check.Field(password != "", "password", "required")
	err := web.Faults(f.Err(), check.Err())
	if err == nil {
		var token string
		var a models.Actor
		d := h.device(c)
		d.Known = h.known(c, email)
		if token, a, err = h.svc.SignIn(c.UserContext(), email, password, h.w.Scope(c), d); err == nil {
			if err := h.remember(c, email, d.Known); err != nil {
				return err
			}
			return h.enter(c, token, a, next)
		}
	}
	if models.KindOf(err) == models.Unauthorized {
		return h.drawSignIn(c, email, next, []components.FieldError{{Field: "email", Text: l.Error("sign_in")}}, fiber.StatusUnprocessableEntity)
	}
	if errs, status, ok := h.formErrors(c, err); ok {
		return h.drawSignIn(c, email, next, errs, status)
	}
	return err
}

// enter sets the cookie of a new session and leads on: to the desk, or to the step that is
// still owed. The session the browser held before, if any, ends.
func (h *handler) enter(c *fiber.Ctx, token string, a models.Actor, next string) error {
	if old := h.w.SignOut(c); old != "" {
		if err := h.svc.SignOut(c.UserContext(), old); err != nil {
			return err
		}
	}
	h.w.SignIn(c, token)
	if a.Kind != models.ByOfficer {
		return web.SeeOther(c, string(with(web.StepPath, web.LocalPath(next, ""))))
	}
	return web.SeeOther(c, landing(a.Role, next))
}

// with adds where to go on to an address.
func with(path, next string) templ.SafeURL {
	if next == "" {
		return templ.SafeURL(path)
	}
	return templ.SafeURL(path + "?next=" + url.QueryEscape(next))
}

// formErrors is web.FormErrors, with the time of day a throttled browser may come back.
func (h *handler) formErrors(c *fiber.Ctx, err error) ([]components.FieldError, int, bool) {
	if err != nil && models.KindOf(err) == models.RateLimited {
		return []components.FieldError{{Text: web.Lang(c).T("signin.try_at", h.w.TryAt(c, err))}}, fiber.StatusTooManyRequests, true
	}
	return web.FormErrors(web.Lang(c), err)
}

func (h *handler) device(c *fiber.Ctx) casework.Device {
	return casework.Device{Agent: c.Get(fiber.HeaderUserAgent), Address: h.w.Network(c)}
}

// A browser in which an account was opened keeps a cookie that says so, and opens nothing: by it
// the holder is not shut out by strangers who try passwords.
const (
	knownCookie = "terang_known_"
	knownTTL    = 180 * 24 * time.Hour
)

func knownName(email string) string { return knownCookie + web.Thumb(strings.ToLower(email)) }

// known is by which name this browser is known for an account; "" where it is not.
func (h *handler) known(c *fiber.Ctx, email string) (id string) {
	name := knownName(email)
	if h.w.Unseal(name, h.w.GetCookie(c, name, "/sign-in"), &id) != nil {
		return ""
	}
	return id
}

func (h *handler) remember(c *fiber.Ctx, email, id string) error {
	if id == "" {
		id = rand.Text()
	}
	name := knownName(email)
	sealed, err := h.w.Seal(name, id, knownTTL)
	if err != nil {
		return err
	}
	h.w.SetCookie(c, web.Cookie{Name: name, Value: sealed, Path: "/sign-in", TTL: knownTTL})
	return nil
}

func (h *handler) signOut(c *fiber.Ctx) error {
	if s := web.Held(c); s != nil {
		if err := h.w.CheckToken(c, s.CSRF); err != nil {
			return err
		}
	}
	if token := h.w.SignOut(c); token != "" {
		if err := h.svc.SignOut(c.UserContext(), token); models.Failed(err) {
			return err
		}
	}
	web.ForgetHere(c)
	return web.SeeOther(c, "/sign-in")
}

// ---- the one-time link by which an account gets its password

func (h *handler) welcomePage(c *fiber.Ctx) error {
	o, err := h.svc.LinkOfficer(c.UserContext(), c.Params("token"))
	if err != nil {
		return gone(err)
	}
	return h.drawWelcome(c, o, nil, fiber.StatusOK)
}

// gone says that a link was used or is too old; which of them is nobody's business.
func gone(err error) error {
	switch models.KindOf(err) {
	case models.NotFound, models.Unauthorized, models.Conflict:
		return models.Refuse(models.NotFound, "link_gone")
	}
	return err
}

func (h *handler) drawWelcome(c *fiber.Ctx, o *models.Officer, errs []components.FieldError, status int) error {
	return web.Render(c, status, pages.SetPasswordPage(pages.SetPassword{
		Step: pages.Step{Page: h.w.Page(c, "", ""), Errors: errs, Action: href(c.Path())}, Account: o.Name + " (" + o.Email + ")",
	}))
}

func (h *handler) welcome(c *fiber.Ctx) error {
	token := c.Params("token")
	o, err := h.svc.LinkOfficer(c.UserContext(), token)
	if err != nil {
		return gone(err)
	}
	f := web.ReadForm(c)
	password, repeat := f.Secret("password"), f.Secret("repeat")
	var check models.Check
	check.Field(password != "", "password", "required")
	check.Field(password == repeat, "repeat", "password_match")
	if err = web.Faults(f.Err(), check.Err()); err == nil {
		err = h.svc.SetPassword(c.UserContext(), token, password)
	}
	if errs, status, ok := web.FormErrors(web.Lang(c), err); ok && models.KindOf(err) != models.Conflict {
		return h.drawWelcome(c, o, errs, status)
	}
	if err != nil {
		return gone(err)
	}
	session, a, err := h.svc.SignIn(c.UserContext(), o.Email, password, h.w.Scope(c), h.device(c))
	if err != nil {
		return err
	}
	if err := h.remember(c, o.Email, ""); err != nil {
		return err
	}
	return h.enter(c, session, a, "")
}
