package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"terang/models"
)

// The permission of a route stands on its line:
//
//	app.Get("/disclosures", w.Anyone, h.disclosures)
//	app.Get("/desk/cases/:ref", w.Officers(), h.show)
//	app.Post("/audit/bodies", w.Officers(models.Administrator), h.addBody)
//
// What an officer may do with one case is not decided here but by the verb.

// Anyone marks a route that needs no permission.
func (w *Web) Anyone(c *fiber.Ctx) error { return c.Next() }

// Officers lets pass who is signed in with one of the roles; with none given, who
// holds a role on the chain. A request that changes something must also carry
// the session's form token.
func (w *Web) Officers(roles ...models.Role) fiber.Handler {
	return func(c *fiber.Ctx) error {
		s := of(c).session
		if s == nil {
			return w.signInFirst(c)
		}
		role := s.Actor.Role
		if s.Actor.Kind != models.ByOfficer || len(roles) == 0 && !role.OnChain() || len(roles) > 0 && !slices.Contains(roles, role) {
			return models.Refuse(models.Forbidden, "wrong_role")
		}
		if Unsafe(c) {
			if err := w.CheckToken(c, s.CSRF); err != nil {
				return err
			}
		}
		return c.Next()
	}
}

// CheckToken refuses a form whose token was not made from the seed.
func (w *Web) CheckToken(c *fiber.Ctx, seed string) error {
	if !w.CheckFormToken(seed, formToken(c)) {
		return models.Refuse(models.Forbidden, "csrf")
	}
	return nil
}

// formToken is the token that came in the form's body; one in an address would have been
// seen by whoever sees addresses.
func formToken(c *fiber.Ctx) string { return ReadForm(c).raw("_csrf") }

// Token makes the token for the forms of a page: of the session when an officer is
// signed in, of the seed otherwise.
func (w *Web) Token(c *fiber.Ctx, seed string) string {
	if s := of(c).session; s != nil {
		return w.FormToken(s.CSRF)
	}
	return w.FormToken(seed)
}

// CheckSeeded checks a form drawn with Token: on a page that serves officers and
// everybody else, the session's token is as good as the seed's.
func (w *Web) CheckSeeded(c *fiber.Ctx, seed string) error {
	if s := of(c).session; s != nil && w.CheckFormToken(s.CSRF, formToken(c)) {
		return nil
	}
	return w.CheckToken(c, seed)
}

// Unsafe says whether the request may change something.
func Unsafe(c *fiber.Ctx) bool {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return false
	}
	return true
}

func (w *Web) signInFirst(c *fiber.Ctx) error {
	if Unsafe(c) {
		return models.Refuse(models.Unauthorized, "no_session")
	}
	if of(c).held != nil {
		return SeeOther(c, StepPath+"?next="+url.QueryEscape(c.OriginalURL()))
	}
	return c.Redirect("/sign-in?next="+url.QueryEscape(c.OriginalURL()), fiber.StatusSeeOther)
}

// LocalPath gives an address of our own site to go on to, or fallback for anything
// that a browser could read as another site's.
func LocalPath(next, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return fallback
	}
	return next
}

// SameOrigin refuses a change that another site asks for (the idea of net/http's
// CrossOriginProtection). A request with neither header is not from a browser in use
// today, so no cookie was sent along against anybody's will; form tokens guard it still.
func (w *Web) SameOrigin(c *fiber.Ctx) error {
	if !Unsafe(c) {
		return c.Next()
	}
	switch site := c.Get("Sec-Fetch-Site"); site {
	case "same-origin", "none":
		return c.Next()
	case "":
	default:
		return models.Refuse(models.Forbidden, "cross_site")
	}
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" || origin == w.cfg.BaseURL {
		return c.Next()
	}
	// The Host header as it arrived: a page of another site cannot write it.
	if u, err := url.Parse(origin); err == nil && u.Host != "" && u.Host == string(c.Request().Header.Host()) {
		return c.Next()
	}
	return models.Refuse(models.Forbidden, "cross_site")
}
