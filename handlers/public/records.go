package public

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/pages"
	"terang/views/text"
)

// Records is what a requester and anyone else may have of what stays on record.
type Records interface {
	Dossier(ctx context.Context, a models.Actor, ref string, in casework.DossierInput, out io.Writer) error
	Tombstone(ctx context.Context, ref string) (*casework.Tombstone, error)
}

const dossierMax = 5 * time.Minute

// dossier streams the file of the requester's own case.
func (h *handler) dossier(c *fiber.Ctx, r keyedRequest) error {
	l := web.Lang(c)
	return h.w.Stream(c, "terang-"+r.ref+".zip", "application/zip", dossierMax, func(ctx context.Context, out io.Writer) error {
		return h.svc.Dossier(ctx, r.actor, r.ref, casework.DossierInput{Style: pages.DossierStyle(), Page: func(ctx context.Context, w io.Writer, v *casework.DossierView) error {
			return pages.DossierPage(caseview.Dossier(l, v)).Render(ctx, w)
		}}, out)
	})
}

// tombstone is what anyone finds at the address of a case of which something was erased and
// nothing is published.
func (h *handler) tombstone(c *fiber.Ctx, ref string) error {
	s, err := h.svc.Tombstone(c.UserContext(), ref)
	if err != nil {
		return err
	}
	l := web.Lang(c)
	t := caseview.Teller{L: l, Loc: text.Zone(s.Body.Zone), Now: h.w.Now()}
	return web.Render(c, fiber.StatusGone, pages.TombstonePage(pages.Tombstone{
		Page: h.w.Page(c, "", ""), Reference: s.Reference, Kind: l.T("kind." + string(s.Kind)), Body: s.Body.Name, Stones: t.Stones(s.Pack, s.Stones),
	}))
}

// records adds to the requester's page what lies beyond the answer.
func (p casePage) records(out *pages.Case) {
	t := caseview.For(p.l, p.v)
	out.Outside.Stages = t.Outside(p.v)
	if slices.Contains(p.v.May, policies.ActDossier) {
		out.Outside.DossierURL = caseURL(p.v.Case.Reference, "dossier")
	}
	out.Stones = t.Stones(p.v.Pack, p.v.Stones)
}
