package public

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

const (
	recentShown  = 5
	bodiesShown  = 100
	pageSize     = 20
	suggested    = 5
	snippetRunes = 220
)

func (h *handler) home(c *fiber.Ctx) error {
	bodies, err := h.svc.Bodies(c.UserContext(), 0, bodiesShown)
	if err != nil {
		return err
	}
	recent, _, err := h.svc.Disclosures(c.UserContext(), "", "", "", recentShown)
	if err != nil {
		return err
	}
	v := pages.Home{Page: h.w.Page(c, "", ""), Recent: results(web.Lang(c), recent, bodies, "")}
	for _, b := range bodies {
		v.Bodies = append(v.Bodies, components.Link{Label: b.Name, URL: href("/bodies/" + b.Slug)})
	}
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.HomePage(v))
}

func (h *handler) suggest(c *fiber.Ctx) error {
	v := pages.Suggest{Lang: web.Lang(c)}
	if q := c.Query("q"); utf8.ValidString(q) && len(q) <= 500 {
		found, err := h.svc.Similar(c.UserContext(), "", q, suggested)
		if err != nil {
			return err
		}
		for _, d := range found {
			v.Items = append(v.Items, components.Link{Label: d.Title, URL: href("/disclosures/" + d.Reference)})
		}
	}
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.SuggestPart(v))
}

func (h *handler) disclosures(c *fiber.Ctx) error {
	q, body, cursor := strings.TrimSpace(c.Query("q")), c.Query("body"), c.Query("cursor")
	rows, next, err := h.svc.Disclosures(c.UserContext(), q, body, cursor, pageSize)
	if err != nil {
		return err
	}
	bodies, err := h.svc.Bodies(c.UserContext(), 0, bodiesShown)
	if err != nil {
		return err
	}
	l := web.Lang(c)
	v := pages.Disclosures{Page: h.w.Page(c, "", ""), Query: q, Body: body, Results: results(l, rows, bodies, q)}
	for _, b := range bodies {
		v.Bodies = append(v.Bodies, components.Option{Value: b.Slug, Label: b.Name})
	}
	v.Pager = components.Pager{Lang: l}
	here := url.Values{}
	if q != "" {
		here.Set("q", q)
	}
	if body != "" {
		here.Set("body", body)
	}
	if cursor != "" {
		v.Pager.First = href("/disclosures?" + here.Encode())
	}
	if next != "" {
		here.Set("cursor", next)
		v.Pager.Next = href("/disclosures?" + here.Encode())
	}
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.DisclosuresPage(v))
}

func results(l text.Lang, rows []models.Disclosure, bodies []models.Body, q string) []pages.Result {
	names := map[int64]string{}
	for _, b := range bodies {
		names[b.ID] = b.Name
	}
	out := make([]pages.Result, 0, len(rows))
	for _, d := range rows {
		out = append(out, pages.Result{
			Title: d.Title, URL: href("/disclosures/" + d.Reference), Body: names[d.BodyID], Date: l.ShortDate(d.PublishedAt, nil),
			Outcome: components.OutcomeTag(l, "", string(d.Outcome)), Snippet: snippet(d.Summary, q),
		})
	}
	return out
}

// snippet cuts the beginning of a summary and marks the words searched for.
func snippet(s, q string) []pages.Snippet {
	runes := []rune(s)
	if len(runes) > snippetRunes {
		runes = append(runes[:snippetRunes], '…')
	}
	wanted := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(q), notWord) {
		wanted[w] = true
	}
	if len(runes) == 0 {
		return nil
	}
	var out []pages.Snippet
	add := func(part string, match bool) {
		if n := len(out); n > 0 && out[n-1].Match == match {
			out[n-1].Text += part
			return
		}
		out = append(out, pages.Snippet{Text: part, Match: match})
	}
	for i := 0; i < len(runes); {
		j := i + 1
		for j < len(runes) && notWord(runes[j]) == notWord(runes[i]) {
			j++
		}
		part := string(runes[i:j])
		add(part, wanted[strings.ToLower(part)])
		i = j
	}
	return out
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func (h *handler) disclosure(c *fiber.Ctx) error {
	d, err := h.svc.Disclosure(c.UserContext(), c.Params("ref"))
	if models.KindOf(err) == models.NotFound {
		return h.tombstone(c, c.Params("ref"))
	}
	if err != nil {
		return err
	}
	l := web.Lang(c)
	t := caseview.Teller{L: l, Loc: text.Zone(d.Body.Zone), Now: h.w.Now()}
	v := t.Disclosure(d, func(doc *models.Attachment) templ.SafeURL {
		return href("/disclosures/" + d.Reference + "/documents/" + strconv.FormatInt(doc.ID, 10))
	})
	v.Page = h.w.Page(c, "", "")
	revalidated(c)
	return web.Render(c, fiber.StatusOK, pages.DisclosurePage(v))
}

func (h *handler) disclosureDocument(c *fiber.Ctx) error {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return notFound()
	}
	a, data, err := h.svc.DisclosureDocument(c.UserContext(), c.Params("ref"), id)
	if err != nil {
		return err
	}
	return web.Download(c, a, data)
}

func fileLink(l text.Lang, base string, a *models.Attachment) components.Link {
	link := components.Link{Label: a.Name, URL: href(base + "/documents/" + strconv.FormatInt(a.ID, 10)), Note: "(" + l.Bytes(a.Size) + ")"}
	if tag := caseview.ScanTag(l, a); tag.Label != "" {
		link.URL, link.Note = "", "("+l.Bytes(a.Size)+", "+strings.ToLower(tag.Label)+")"
	}
	return link
}
