package public

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

func (h *handler) how(c *fiber.Ctx) error {
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.HowPage(pages.How{Page: h.w.Page(c, "", "")}))
}

func (h *handler) accessibility(c *fiber.Ctx) error {
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.AccessibilityPage(pages.Accessibility{Page: h.w.Page(c, "", "")}))
}

func (h *handler) bodies(c *fiber.Ctx) error {
	list, err := h.svc.Bodies(c.UserContext(), 0, bodiesShown)
	if err != nil {
		return err
	}
	v := pages.Bodies{Page: h.w.Page(c, "", "")}
	for _, b := range list {
		v.Bodies = append(v.Bodies, components.Link{Label: b.Name, URL: href("/bodies/" + b.Slug), Note: b.About})
	}
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.BodiesPage(v))
}

func (h *handler) body(c *fiber.Ctx) error {
	b, err := h.svc.Body(c.UserContext(), c.Params("slug"))
	if err != nil {
		return err
	}
	l := web.Lang(c)
	v := pages.Body{
		Page: h.w.Page(c, "", ""), Name: b.Name, About: b.About, Law: b.Law.Law.In(string(l)), Units: flat(b.Units, nil, 0),
		FileURL: href("/file?body=" + b.Slug), DisclosuresURL: href("/disclosures?body=" + b.Slug),
	}
	if o := b.Law.Office; o.Start != "" {
		v.Hours = l.Hour(o.Start) + "–" + l.Hour(o.End)
	}
	for i := range b.Law.Clocks {
		if cl := &b.Law.Clocks[i]; cl.Holder != "outside" {
			v.Clocks = append(v.Clocks, pages.ClockRow{Title: cl.Title.In(string(l)), Length: clockLength(l, cl), Article: l.Law(cl.Article)})
		}
	}
	for _, key := range []string{"free", "deadline", "object", "private"} {
		v.Rights = append(v.Rights, l.T("file.start.right_"+key))
	}
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.BodyPage(v))
}

// clockLength writes how long a clock runs, with its extension.
func clockLength(l text.Lang, cl *policies.Clock) string {
	s := length(l, cl.Unit, cl.Length)
	if e := cl.Extension; e != nil {
		s += l.T("length.extension", length(l, cl.Unit, e.Length))
	}
	return s
}

func length(l text.Lang, unit string, n int) string {
	if n == 1 {
		unit += "_one"
	}
	return l.T("length."+unit, strconv.Itoa(n))
}

// flat writes the tree of units as a list in its order, with depths.
func flat(units []models.Unit, parent *int64, depth int) []pages.Unit {
	var out []pages.Unit
	if depth > 8 {
		return out
	}
	for _, u := range units {
		if parent == nil && u.ParentID == nil || parent != nil && u.ParentID != nil && *u.ParentID == *parent {
			out = append(out, pages.Unit{Name: u.Name, Depth: depth})
			out = append(out, flat(units, &u.ID, depth+1)...)
		}
	}
	return out
}
