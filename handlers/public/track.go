package public

import (
	"crypto/rand"
	"errors"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/views/components"
	"terang/views/pages"
)

const caseCookie = "terang_case"

// opened is what a case's cookie holds: which case's key was proved, never the key.
// Sealed under the case's own purpose, it opens no other. ID is what closing it spends, so
// that no copy of the cookie opens the case afterwards.
type opened struct {
	CaseID    int64
	Reference string
	ID        string
}

func leftName(id string) string { return "left:" + id }

func casePath(ref string) string { return "/cases/" + ref }

// openCase lets this browser open the case for a while. The cookie goes to the pages of
// that case alone.
func (h *handler) openCase(c *fiber.Ctx, o opened) error {
	sealed, err := h.w.Seal(caseCookie+o.Reference, o, caseCookieTTL)
	if err != nil {
		return err
	}
	h.w.SetCookie(c, web.Cookie{Name: caseCookie, Value: sealed, Path: casePath(o.Reference), TTL: caseCookieTTL})
	return nil
}

// held gives the case's reference as written and the actor that its cookie proves; ok is
// false without one.
func (h *handler) held(c *fiber.Ctx) (r keyedRequest, ok bool, err error) {
	if r.ref, ok = models.NormalReference(c.Params("ref")); !ok {
		return r, false, nil
	}
	cookie := h.w.GetCookie(c, caseCookie, casePath(r.ref))
	var o opened
	if cookie == "" || h.w.Unseal(caseCookie+r.ref, cookie, &o) != nil || o.Reference != r.ref || o.ID == "" {
		return r, false, nil
	}
	if left, err := h.svc.Spent(c.UserContext(), leftName(o.ID)); err != nil || left {
		return r, false, err
	}
	r.seed, r.id = cookie, o.ID
	r.actor = models.Actor{Kind: models.ByRequester, CaseID: o.CaseID, Lang: string(web.Lang(c)), Via: "web"}
	return r, true, nil
}

// keyedRequest is a request by somebody who proved the key of the case in its address.
type keyedRequest struct {
	ref   string
	actor models.Actor
	seed  string // what the forms of the case's pages are bound to
	id    string // of the cookie
}

// keyed lets pass who has proved the case's key. Everybody else is told the same as of
// a case that does not exist.
func (h *handler) keyed(next func(*fiber.Ctx, keyedRequest) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, ok, err := h.held(c)
		if err != nil {
			return err
		}
		if !ok {
			return models.Refuse(models.NotFound, "case_not_found")
		}
		if web.Unsafe(c) {
			if err := h.w.CheckSeeded(c, r.seed); err != nil {
				return err
			}
		}
		return next(c, r)
	}
}

func (h *handler) trackPage(c *fiber.Ctx) error {
	return h.drawTrack(c, c.Query("reference"), "", nil, fiber.StatusOK)
}

func (h *handler) drawTrack(c *fiber.Ctx, ref, key string, errs []components.FieldError, status int) error {
	return web.Render(c, status, pages.TrackPage(pages.Track{
		Step: pages.Step{Page: h.w.Page(c, "", ""), Errors: errs, Action: "/track"}, Reference: ref, Key: key,
	}))
}

func (h *handler) track(c *fiber.Ctx) error {
	f := web.ReadForm(c)
	ref, key := f.Line("reference"), f.Line("key")
	l := web.Lang(c)
	var check models.Check
	check.Field(ref != "", "reference", "required")
	check.Field(key != "", "key", "required")
	if ref != "" {
		_, ok := models.NormalReference(ref)
		check.Field(ok, "reference", "reference")
	}
	err := web.Faults(f.Err(), check.Err())
	if err == nil {
		var cs *models.Case
		if _, cs, err = h.svc.Unlock(c.UserContext(), ref, key, h.w.Scope(c)); err == nil {
			if err := h.openCase(c, opened{CaseID: cs.ID, Reference: cs.Reference, ID: rand.Text()}); err != nil {
				return err
			}
			return web.SeeOther(c, casePath(cs.Reference))
		}
	}
	var e *models.Error
	if errors.As(err, &e) && e.Kind == models.NotFound {
		errs := []components.FieldError{{Field: "reference", Text: l.Error("reference_or_key")}}
		return h.drawTrack(c, ref, key, errs, fiber.StatusNotFound)
	}
	if errs, status, ok := h.waits(c, err, "signin.try_at"); ok {
		return h.drawTrack(c, ref, key, errs, status)
	}
	return err
}

// caseOrDisclosure is the one address of a case: its requester's page for who has
// proved the key, the published page for everybody, and nothing otherwise.
func (h *handler) caseOrDisclosure(c *fiber.Ctx) error {
	r, ok, err := h.held(c)
	if err != nil {
		return err
	}
	if ok {
		return h.showCase(c, r)
	}
	ref := r.ref
	if ref == "" {
		return models.Refuse(models.NotFound, "case_not_found")
	}
	if a := web.Actor(c); a.Kind == models.ByOfficer && a.Role.OnChain() {
		return web.SeeOther(c, "/desk/cases/"+ref) // which says no where it must
	}
	if _, err := h.svc.Disclosure(c.UserContext(), ref); models.KindOf(err) == models.NotFound {
		return h.tombstone(c, ref)
	} else if err != nil {
		return err
	}
	return web.SeeOther(c, "/disclosures/"+ref)
}

func (h *handler) leave(c *fiber.Ctx, r keyedRequest) error {
	if _, err := h.svc.Once(c.UserContext(), leftName(r.id), caseCookieTTL); err != nil {
		return err
	}
	h.w.DropCookie(c, caseCookie, casePath(r.ref))
	h.w.DropCookie(c, doneCookie, "/file")
	web.ForgetHere(c)
	return web.SeeOther(c, "/track")
}
