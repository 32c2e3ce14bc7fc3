package audit

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// asked is a filter of the trail, as it stands in the address.
type asked struct {
	from, to, body, kind, role, ref, order string
	outcome, exemption                     string // of decisions: what the overview counts
	caseKind, standing                     string
}

func readAsked(c *fiber.Ctx) asked {
	return asked{
		from: c.Query("from"), to: c.Query("to"), body: c.Query("body"), kind: c.Query("kind"), role: c.Query("role"), ref: c.Query("reference"),
		order: c.Query("order", "newest"), outcome: c.Query("outcome"), exemption: c.Query("exemption"), caseKind: c.Query("case_kind"), standing: c.Query("standing"),
	}
}

func (q asked) url(cursor string) string {
	return string(address("/audit/events", "from", q.from, "to", q.to, "body", q.body, "kind", q.kind, "role", q.role, "reference", q.ref,
		"order", q.order, "outcome", q.outcome, "exemption", q.exemption, "case_kind", q.caseKind, "standing", q.standing, "cursor", cursor))
}

// matches narrows further by what is inside an event, which the store does not filter by.
func (q asked) matches(e casework.EventView) bool {
	return (q.outcome == "" || string(e.Outcome) == q.outcome) && (q.caseKind == "" || string(e.CaseKind) == q.caseKind) &&
		(q.standing == "" || string(e.Standing) == q.standing) && (q.exemption == "" || slices.Contains(data(e.Event).Exemptions, q.exemption))
}

func (h *audit) events(c *fiber.Ctx) error {
	t, q := h.teller(c), readAsked(c)
	l := t.L
	from, to, err := h.period(c, q.from, q.to)
	var rows []casework.EventView
	next := ""
	if err == nil {
		rows, next, err = h.page50(c, q, casework.EventInput{
			From: from, To: to, Body: q.body, Kind: q.kind, Reference: strings.TrimSpace(q.ref), Role: q.role, Desc: q.order != "log", Cursor: c.Query("cursor"), Limit: 50,
		})
	}
	errs, status, err := errorsOf(l, err)
	if err != nil {
		return err
	}
	v := pages.AuditEventsView{
		Page: h.page(c, l.T("audit.events.title")), Errors: errs, Explain: l.T("audit.events.explain"),
		From: day(l, "from", l.T("audit.from"), q.from, errs), To: day(l, "to", l.T("audit.to"), q.to, errs),
		Ref:   components.Input{Lang: l, Name: "reference", Label: l.T("audit.reference"), Value: q.ref, Error: components.ErrorFor(errs, "reference"), Mono: true},
		Kind:  kinds(l, q.kind, web.Actor(c).Role == models.Administrator),
		Role:  choice(l, "role", l.T("audit.role"), "role.", q.role, true, "requester", "agent", "unit_head", "officer", "superior", "auditor", "administrator", "system", "anyone"),
		Order: choice(l, "order", l.T("audit.order"), "audit.order.", q.order, false, "newest", "log"),
	}
	v.Failed = len(errs) > 0
	if v.Body, err = h.bodyChoice(c, q.body); err != nil {
		return err
	}
	if q.from+q.to+q.body+q.kind+q.role+q.ref+q.outcome+q.exemption+q.caseKind+q.standing != "" {
		v.ClearURL = "/audit/events"
	}
	if web.Actor(c).Role == models.Administrator {
		v.Explain = l.T("audit.events.admin")
	}
	v.Table = eventTable(t, l.T("audit.events.title"), rows, true)
	v.Table.Pager = components.Pager{Lang: l}
	if next != "" {
		v.Table.Pager.Next = safe(q.url(next))
	}
	if c.Query("cursor") != "" {
		v.Table.Pager.First = safe(q.url(""))
	}
	return web.Render(c, status, pages.AuditEvents(v))
}

// page50 reads a page of the trail; where rows are narrowed by what is inside them, it
// reads on until there is something to show, within a bound.
func (h *audit) page50(c *fiber.Ctx, q asked, in casework.EventInput) ([]casework.EventView, string, error) {
	if q.outcome == "" && q.exemption == "" && q.caseKind == "" && q.standing == "" {
		return h.svc.Events(c.UserContext(), web.Actor(c), in)
	}
	var out []casework.EventView
	in.Limit = 100
	for range 10 {
		rows, next, err := h.svc.Events(c.UserContext(), web.Actor(c), in)
		if err != nil {
			return nil, "", err
		}
		for _, e := range rows {
			if q.matches(e) {
				out = append(out, e)
			}
		}
		in.Cursor = next
		if next == "" || len(out) >= 20 {
			break
		}
	}
	return out, in.Cursor, nil
}

// eventTable is the trail as a table; each row leads to its event.
func eventTable(t caseview.Teller, caption string, rows []casework.EventView, withCase bool) components.Table {
	l := t.L
	table := components.Table{Lang: l, Caption: caption, Hidden: true, Empty: l.T("audit.events.none"), Columns: []components.Column{
		{Label: l.T("audit.col.index"), Numeric: true}, {Label: l.T("audit.col.time")}, {Label: l.T("audit.col.event")},
	}}
	if withCase {
		table.Columns = append(table.Columns, components.Column{Label: l.T("audit.col.case")})
	}
	table.Columns = append(table.Columns, components.Column{Label: l.T("audit.col.who")}, components.Column{Label: l.T("audit.col.detail")})
	for _, e := range rows {
		index := components.Cell{Text: l.T("audit.pending"), URL: eventURL(e.Event)}
		if e.Leaf != nil {
			index.Text = l.Number(int(*e.Leaf))
		}
		cells := []components.Cell{index, {Text: t.ShortWhen(e.Time)}}
		if e.Withheld {
			cells = append(cells, components.Cell{Text: l.T("audit.withheld")})
			if withCase {
				cells = append(cells, components.Cell{})
			}
			table.Rows = append(table.Rows, components.Row{Cells: append(cells, components.Cell{}, components.Cell{})})
			continue
		}
		title, lines := t.Event(e.Event)
		cells = append(cells, components.Cell{Text: title, Sub: e.Kind})
		if withCase {
			cell := components.Cell{Text: e.Reference, Mono: true, Sub: e.Body}
			if e.Reference != "" {
				cell.URL = caseURL(e.Reference)
			} else {
				cell = components.Cell{Text: e.Body}
			}
			cells = append(cells, cell)
		}
		detail := components.Cell{Text: strings.Join(lines, " · ")}
		if e.Article != "" && !slices.Contains(lines, t.L.Law(e.Article)) {
			detail.Sub = t.L.Law(e.Article)
		}
		table.Rows = append(table.Rows, components.Row{Cells: append(cells, components.Cell{Text: t.EventBy(e.Event)}, detail)})
	}
	return table
}

func eventURL(e models.Event) (u safeURL) {
	return address("/audit/events/"+itoa(e.ID), "at", e.Time.UTC().Format(time.RFC3339))
}

func caseURL(ref string) safeURL { return safeURL("/audit/cases/" + ref) }

// event shows one event. It is found by its second, which the address carries, and its
// number: the trail has no other door.
func (h *audit) event(c *fiber.Ctx) error {
	t := h.teller(c)
	l := t.L
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	at, atErr := time.Parse(time.RFC3339, c.Query("at"))
	if err != nil || atErr != nil {
		return models.Refuse(models.NotFound, "event_not_found")
	}
	until := at.Add(time.Second)
	var found *casework.EventView
	var more bool
	err = h.walk(c, casework.EventInput{From: &at, To: &until, Limit: 100}, 20*counted, func(e casework.EventView) {
		if e.ID == id {
			found = &e
		}
	}, &more)
	if err != nil {
		return err
	}
	if found == nil {
		return models.Refuse(models.NotFound, "event_not_found")
	}
	e := *found
	title, lines := t.Event(e.Event)
	v := pages.AuditEventView{Page: h.page(c, title), Heading: title, Facts: components.SummaryList{Lang: l}, Proof: components.SummaryList{Lang: l}}
	fact := func(list *components.SummaryList, key, value string) {
		if value != "" {
			list.Rows = append(list.Rows, components.SummaryRow{Key: l.T(key), Values: []string{value}})
		}
	}
	if e.Withheld {
		v.Title, v.Heading, v.Withheld = l.T("audit.withheld"), l.T("audit.withheld"), l.T("audit.withheld.text")
	}
	fact(&v.Facts, "audit.col.time", t.When(e.Time)+" ("+caseview.Stamp(e.Time)+")")
	if !e.Withheld {
		fact(&v.Facts, "audit.col.event", e.Kind)
		if e.Reference != "" {
			v.Facts.Rows = append(v.Facts.Rows, components.SummaryRow{Key: l.T("audit.reference"), Values: []string{e.Reference}, Link: caseURL(e.Reference)})
		}
		fact(&v.Facts, "audit.fact.kind", t.Words("kind.", string(e.CaseKind)))
		fact(&v.Facts, "audit.body", strings.Join(nonempty(e.Body, e.Unit), ", "))
		fact(&v.Facts, "audit.col.who", t.EventBy(e.Event))
		fact(&v.Facts, "audit.col.detail", strings.Join(lines, "\n"))
		fact(&v.Facts, "audit.fact.state", stateWords(t, string(e.State)))
		fact(&v.Facts, "audit.col.outcome", t.Words("outcome.", string(e.Outcome)))
		fact(&v.Facts, "audit.fact.class", t.Words("classification.", string(e.Classification)))
		if e.DueOn != "" {
			fact(&v.Facts, "audit.fact.due", t.Words("desk.clock_name.", e.Clock)+": "+t.Day(e.DueOn)+" ("+t.Words("standing.", string(e.Standing))+")")
		}
		fact(&v.Facts, "audit.fact.law", strings.Join(nonempty(e.Pack, e.PackVersion, l.Law(e.Article)), " · "))
		fact(&v.Facts, "audit.fact.filter", data(e.Event).Filter)
	}
	place := l.T("audit.pending.text")
	if e.Leaf != nil {
		place = l.Number(int(*e.Leaf))
	}
	fact(&v.Proof, "audit.col.index", place)
	fact(&v.Proof, "audit.fact.hash", e.LeafHash)
	v.Links = []components.Link{{Label: l.T("audit.log.link"), URL: "/log"}}
	if e.Reference != "" && web.Actor(c).Role == models.Auditor {
		v.Links = append(v.Links, components.Link{Label: l.T("audit.receipt"), URL: caseURL(e.Reference) + safe("/receipt?event="+strconv.FormatInt(e.ID, 10))})
	}
	v.Canonical = e.Data
	return web.Render(c, fiber.StatusOK, pages.AuditEvent(v))
}

func nonempty(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// kinds lists every kind of event there are words for, in the order of its words.
// For an administrator it leaves out those of cases.
func kinds(l text.Lang, chosen string, admin bool) components.Select {
	ofAdministration := []string{"officer.", "token.", "body.", "unit.", "export.", "holidays.", "log."}
	s := components.Select{Lang: l, Name: "kind", Label: l.T("audit.kind"), Empty: l.T("desk.filter.any")}
	for _, key := range text.Keys() {
		if kind, ok := strings.CutPrefix(key, "event."); ok && kind != "case.decided" {
			if admin && !slices.ContainsFunc(ofAdministration, func(p string) bool { return strings.HasPrefix(kind, p) }) {
				continue
			}
			s.Options = append(s.Options, components.Option{Value: kind, Label: l.T(key) + " (" + kind + ")", Checked: kind == chosen})
		}
	}
	sort.Slice(s.Options, func(i, j int) bool { return s.Options[i].Value < s.Options[j].Value })
	return s
}

func choice(l text.Lang, name, label, prefix, chosen string, any bool, values ...string) components.Select {
	s := components.Select{Lang: l, Name: name, Label: label}
	if any {
		s.Empty = l.T("desk.filter.any")
	}
	for _, v := range values {
		s.Options = append(s.Options, components.Option{Value: v, Label: l.T(prefix + v), Checked: v == chosen})
	}
	return s
}

func stateWords(t caseview.Teller, state string) string {
	if state == "" {
		return ""
	}
	return caseview.State(t.L, state)
}
