package audit

import (
	"encoding/json"
	"net/url"
	"sort"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

// counted is how many rows of a kind a page of numbers reads at most: a number on
// the first page must not cost a walk through the whole log. Beyond it there is a plus
// sign, and the rows behind it are all there.
const counted = 1000

// sinceKinds are the events the overview counts in the period.
var sinceKinds = []string{"case.filed", "case.answered", "deadline.lapsed", "deadline.extended", "rung.lapsed", "chain.failed", "objection.filed", "export.made"}

func (h *audit) overview(c *fiber.Ctx) error {
	ctx, a, t := c.UserContext(), web.Actor(c), h.teller(c)
	l := t.L
	today := policies.DateOf(t.Now, t.Loc)
	from, to := c.Query("from", today.AddDays(-29).String()), c.Query("to", today.String())
	first, last, err := h.period(c, from, to)
	errs, status, err := errorsOf(l, err)
	if err != nil {
		return err
	}
	v := pages.AuditOverviewView{
		Page: h.page(c, l.T("audit.title")), Errors: errs, Period: l.T("audit.since", t.ShortDay(from), t.ShortDay(to)),
		From: day(l, "from", l.T("audit.from"), from, errs), To: day(l, "to", l.T("audit.to"), to, errs), LogURL: "/log",
	}
	v.Failed = len(errs) > 0
	counts, err := h.svc.QueueCounts(ctx, a)
	if err != nil {
		return err
	}
	for _, n := range counts {
		switch n.Queue {
		case "overdue", "due_soon", "unassigned", "open", "all":
			v.Now = append(v.Now, pages.AuditFigure{Number: t.Count(n.Count, n.More), Label: l.T("audit.queue." + n.Queue), URL: address("/audit/cases", "queue", n.Queue)})
		}
	}
	note, size, err := h.svc.Checkpoint(ctx)
	switch {
	case err != nil && models.KindOf(err) != models.NotFound && models.KindOf(err) != models.Conflict:
		return err
	case err != nil || len(note) == 0:
		v.Log = l.T("audit.log.empty")
	default:
		v.Log = l.T("audit.log.size", l.Number(int(size)))
	}
	if len(errs) > 0 {
		return web.Render(c, status, pages.AuditOverview(v))
	}
	outcomes, grounds := map[string]int{}, map[string]int{}
	for _, kind := range sinceKinds {
		n, more := 0, false
		err := h.walk(c, casework.EventInput{From: first, To: last, Kind: kind, Desc: true, Limit: 100}, counted, func(e casework.EventView) {
			n++
			if kind == "case.answered" && !e.Withheld {
				outcomes[string(e.Outcome)]++
				for _, x := range data(e.Event).Exemptions {
					grounds[x]++
				}
			}
		}, &more)
		if err != nil {
			return err
		}
		if more {
			v.Partial = l.T("audit.partial", l.Number(counted))
		}
		v.Since = append(v.Since, pages.AuditFigure{
			Number: t.Count(n, more), Label: l.T("audit.count." + kind), URL: address("/audit/events", "kind", kind, "from", from, "to", to),
		})
	}
	titles, err := h.grounds(c, grounds)
	if err != nil {
		return err
	}
	v.Groups = []pages.AuditGroup{
		{Title: l.T("audit.outcomes"), Table: tally(l.T("audit.outcomes"), l.T("audit.col.outcome"), l.T("audit.outcomes.none"), h, c, outcomes, func(k string) (string, templ.SafeURL) {
			return t.Words("outcome.", k), address("/audit/events", "kind", "case.answered", "outcome", k, "from", from, "to", to)
		})},
		{Title: l.T("audit.grounds"), Intro: l.T("audit.grounds.intro"), Table: tally(l.T("audit.grounds"), l.T("audit.col.ground"), l.T("audit.grounds.none"), h, c, grounds, func(k string) (string, templ.SafeURL) {
			return titles[k], address("/audit/events", "kind", "case.answered", "exemption", k, "from", from, "to", to)
		})},
	}
	return web.Render(c, status, pages.AuditOverview(v))
}

// tally is a table of counted things, the most frequent first.
func tally(title, head, none string, h *audit, c *fiber.Ctx, counts map[string]int, tell func(string) (string, templ.SafeURL)) components.Table {
	l := web.Lang(c)
	table := components.Table{Lang: l, Caption: title, Hidden: true, Empty: none, Columns: []components.Column{{Label: head}, {Label: l.T("audit.col.count"), Numeric: true}}}
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if counts[keys[i]] != counts[keys[j]] {
			return counts[keys[i]] > counts[keys[j]]
		}
		return keys[i] < keys[j]
	})
	for _, k := range keys {
		words, rows := tell(k)
		table.Rows = append(table.Rows, components.Row{Cells: []components.Cell{{Text: words}, {Text: l.Number(counts[k]), URL: rows}}})
	}
	return table
}

// grounds names the exemptions that were relied on, in the words of the laws the audited
// bodies answer under.
func (h *audit) grounds(c *fiber.Ctx, used map[string]int) (map[string]string, error) {
	names := map[string]string{}
	for k := range used {
		names[k] = k
	}
	list, err := h.svc.Bodies(c.UserContext(), 0, 100)
	if err != nil || len(used) == 0 {
		return names, err
	}
	seen := map[string]bool{}
	for _, b := range list {
		if seen[b.Pack] || !web.Actor(c).InBody(b.ID) {
			continue
		}
		seen[b.Pack] = true
		full, err := h.svc.Body(c.UserContext(), b.Slug)
		if err != nil {
			return nil, err
		}
		for k := range used {
			if x, ok := full.Law.Exemption(k); ok {
				if names[k] != k {
					names[k] += "; "
				} else {
					names[k] = ""
				}
				names[k] += x.Title.In(string(web.Lang(c))) + " (" + web.Lang(c).Law(x.Article) + ")"
			}
		}
	}
	return names, nil
}

// walk reads events page by page, at most so many; more says whether any were left.
func (h *audit) walk(c *fiber.Ctx, in casework.EventInput, most int, do func(casework.EventView), more *bool) error {
	for n := 0; ; {
		rows, next, err := h.svc.Events(c.UserContext(), web.Actor(c), in)
		if err != nil {
			return err
		}
		for _, e := range rows {
			do(e)
		}
		n += len(rows)
		if next == "" {
			return nil
		}
		if n >= most {
			*more = true
			return nil
		}
		in.Cursor = next
	}
}

// data is what an event says beyond its columns.
func data(e models.Event) models.EventData {
	var d models.EventData
	if e.Data != "" && json.Unmarshal([]byte(e.Data), &d) != nil {
		return models.EventData{}
	}
	return d
}

func address(path string, pairs ...string) templ.SafeURL {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return templ.SafeURL(path)
	}
	return templ.SafeURL(path + "?" + q.Encode())
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
