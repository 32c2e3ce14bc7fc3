package desk

import (
	"net/url"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// opening is the queue a desk opens on: the first with something in it, in the order of
// what cannot wait. An information officer holds few cases and watches many.
func opening(counts []casework.QueueCount) string {
	for _, q := range []string{"mine", "escalated", "overdue", "due_soon", "unit", "unassigned"} {
		for _, n := range counts {
			if n.Queue == q && n.Count > 0 {
				return q
			}
		}
	}
	return "mine"
}

// queue shows a page of one queue. What is filtered by stands in the address, so that
// a list can be kept as a bookmark and sent to a colleague.
func (d *desk) queue(c *fiber.Ctx) error {
	ctx, a, l := c.UserContext(), web.Actor(c), web.Lang(c)
	counts, err := d.svc.QueueCounts(ctx, a)
	if err != nil {
		return err
	}
	in := casework.QueueInput{
		Queue: c.Query("queue", opening(counts)), Query: c.Query("q"), Kind: c.Query("kind"), State: c.Query("state"),
		Class: c.Query("class"), Sort: c.Query("sort", "due"), Cursor: c.Query("cursor"),
	}
	found, err := d.svc.Queue(ctx, a, in)
	if err != nil {
		return err
	}
	t := caseview.Teller{L: l, Loc: text.Zone(""), Now: d.w.Now()}
	v := pages.DeskQueueView{
		Page: d.page(c, l.T("desk.queue."+in.Queue)), Heading: l.T("desk.queue." + in.Queue), Explain: l.T("desk.queue." + in.Queue + ".explain"),
		Queue: in.Queue, Query: in.Query,
		Kinds:   filter(l, "kind", l.T("desk.filter.kind"), "kind.", in.Kind, "request", "complaint", "question", "objection"),
		States:  stateFilter(l, in.State),
		Classes: filter(l, "class", l.T("desk.filter.class"), "classification.", in.Class, classes()...),
		Sorts:   sorts(l, in.Sort),
	}
	if a.Role.OnChain() {
		v.RecordURL = "/desk/record"
	}
	v.Filtered = in.Kind+in.State+in.Class != "" || in.Sort != "due"
	if in.Query+in.Kind+in.State+in.Class != "" {
		v.ClearURL = address("/desk", "queue", in.Queue)
	}
	for _, q := range casework.Queues {
		tab := pages.DeskTab{Label: l.T("desk.queue." + q), URL: address("/desk", "queue", q), Current: q == in.Queue}
		for _, n := range counts {
			if n.Queue == q {
				tab.Count, tab.Alert = t.Count(n.Count, n.More), q == "overdue" && n.Count > 0
			}
		}
		v.Tabs = append(v.Tabs, tab)
	}
	for i := range found.Rows {
		r := &found.Rows[i]
		standing := models.StandingOf(r.DueAt, r.AnsweredAt, r.State, t.Now)
		row := pages.DeskQueueRow{
			Reference: r.Reference, URL: caseURL(r.Reference, ""), Subject: caseview.Short(r.Subject, 110),
			About: l.T("kind."+string(r.Kind)) + " · " + caseview.State(l, string(r.State)),
			Due:   t.ShortDay(r.DueOn), Class: components.ClassTag(l, string(r.Classification)),
			Proposed: !r.ClassConfirmed && r.Classification != models.Public,
			Holder:   r.OfficerName, Unit: r.UnitName,
		}
		switch standing {
		case models.OnTime:
			row.Left = t.Left(r.DueOn)
		case models.DueSoon:
			row.Left, row.Tone = t.Left(r.DueOn), "soon"
		case models.Overdue:
			row.Left, row.Tone = t.Left(r.DueOn), "late"
		case models.Answered, models.AnsweredLate:
			row.Left = l.T("standing." + string(standing))
		}
		if r.RungLevel > 0 {
			row.Rung = t.Role(string(r.RungRole))
			if r.RungDueAt != nil {
				row.RungDue = t.L.T("desk.rung.until", t.ShortWhen(*r.RungDueAt))
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if found.Short {
		v.Short = components.Banner{Tone: "warning", Title: l.T("desk.search.short.title"), Text: l.T("desk.search.short")}
	}
	v.Empty = empty(l, in, v.ClearURL)
	v.Pager = components.Pager{Lang: l}
	if found.Next != "" {
		v.Pager.Next = queueAddress(in, found.Next)
	}
	if in.Cursor != "" {
		v.Pager.First = queueAddress(in, "")
	}
	web.ReusableBy(c, a)
	return web.Render(c, fiber.StatusOK, pages.DeskQueue(v))
}

// empty says what an empty list means and what to do next.
func empty(l text.Lang, in casework.QueueInput, clear templ.SafeURL) components.Banner {
	if clear != "" {
		return components.Banner{
			Title: l.T("desk.empty.filtered"), Text: l.T("desk.empty.filtered.text"),
			Links: []components.Link{
				{Label: l.T("action.clear"), URL: clear},
				{Label: l.T("desk.empty.all"), URL: address("/desk", "queue", "all", "q", in.Query)},
			},
		}
	}
	b := components.Banner{Title: l.T("desk.empty." + in.Queue), Text: l.T("desk.empty." + in.Queue + ".text")}
	switch in.Queue {
	case "mine":
		b.Links = []components.Link{{Label: l.T("desk.queue.unassigned"), URL: address("/desk", "queue", "unassigned")}, {Label: l.T("desk.queue.unit"), URL: address("/desk", "queue", "unit")}}
	case "all":
		b.Links = []components.Link{{Label: l.T("desk.record.link"), URL: "/desk/record"}}
	default:
		b.Links = []components.Link{{Label: l.T("desk.queue.mine"), URL: address("/desk", "queue", "mine")}, {Label: l.T("desk.queue.open"), URL: address("/desk", "queue", "open")}}
	}
	return b
}

func queueAddress(in casework.QueueInput, cursor string) templ.SafeURL {
	return address("/desk", "queue", in.Queue, "q", in.Query, "kind", in.Kind, "state", in.State, "class", in.Class, "sort", in.Sort, "cursor", cursor)
}

// address builds a link with the parameters that have a value.
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

func caseURL(ref, page string) templ.SafeURL {
	if page != "" {
		page = "/" + page
	}
	return templ.SafeURL("/desk/cases/" + url.PathEscape(ref) + page)
}

func filter(l text.Lang, name, label, prefix, chosen string, values ...string) components.Select {
	s := components.Select{Lang: l, Name: name, Label: label, Empty: l.T("desk.filter.any")}
	for _, v := range values {
		s.Options = append(s.Options, components.Option{Value: v, Label: l.T(prefix + v), Checked: v == chosen})
	}
	return s
}

func sorts(l text.Lang, chosen string) components.Select {
	s := filter(l, "sort", l.T("desk.filter.sort"), "desk.sort.", chosen, "due", "newest", "oldest")
	s.Empty = ""
	return s
}

func stateFilter(l text.Lang, chosen string) components.Select {
	s := components.Select{Lang: l, Name: "state", Label: l.T("desk.filter.state"), Empty: l.T("desk.filter.any")}
	for _, v := range models.States[1:] { // drafts are not the body's to see
		s.Options = append(s.Options, components.Option{Value: string(v), Label: caseview.State(l, string(v)), Checked: string(v) == chosen})
	}
	return s
}

func classes() []string {
	var out []string
	for _, k := range models.Classes {
		out = append(out, string(k))
	}
	return out
}
