package audit

import (
	"strconv"

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

type safeURL = templ.SafeURL

func safe(s string) templ.SafeURL { return templ.SafeURL(s) }

var queues = []string{"all", "open", "overdue", "due_soon", "unassigned"}

// cases lists the cases behind a number.
func (h *audit) cases(c *fiber.Ctx) error {
	t := h.teller(c)
	l := t.L
	in := casework.QueueInput{
		Queue: c.Query("queue", "all"), Query: c.Query("q"), Kind: c.Query("kind"), State: c.Query("state"), Class: c.Query("class"),
		Sort: "due", Cursor: c.Query("cursor"),
	}
	if in.Queue == "all" {
		in.Sort = "newest"
	}
	found, err := h.svc.Queue(c.UserContext(), web.Actor(c), in)
	if err != nil {
		return err
	}
	var classes []string
	for _, k := range models.Classes {
		classes = append(classes, string(k))
	}
	v := pages.AuditCasesView{
		Page:    h.page(c, l.T("audit.cases.title")),
		Queues:  choice(l, "queue", l.T("audit.cases.which"), "audit.queue.", in.Queue, false, queues...),
		Kinds:   choice(l, "kind", l.T("desk.filter.kind"), "kind.", in.Kind, true, "request", "complaint", "question", "objection"),
		States:  stateChoice(l, in.State),
		Classes: choice(l, "class", l.T("desk.filter.class"), "classification.", in.Class, true, classes...),
		Query:   components.Input{Lang: l, Name: "q", Label: l.T("desk.filter.q"), Value: in.Query, Type: "search"},
	}
	if in.Query+in.Kind+in.State+in.Class != "" || in.Queue != "all" {
		v.ClearURL = "/audit/cases"
	}
	v.Table = components.Table{Lang: l, Caption: l.T("audit.cases.title"), Hidden: true, Empty: l.T("audit.cases.none"), Columns: []components.Column{
		{Label: l.T("audit.reference")}, {Label: l.T("desk.col.subject")}, {Label: l.T("audit.fact.state")}, {Label: l.T("desk.col.due")},
		{Label: l.T("desk.col.class")}, {Label: l.T("desk.col.holder")},
	}}
	for i := range found.Rows {
		r := &found.Rows[i]
		standing := models.StandingOf(r.DueAt, r.AnsweredAt, r.State, t.Now)
		due := components.Cell{Text: t.ShortDay(r.DueOn)}
		if standing != models.NoStanding {
			due.Tags = []components.Tag{components.StandingTag(l, string(standing))}
		}
		state := components.Cell{Tags: []components.Tag{caseview.StateTag(l, string(r.State))}}
		if r.Outcome != models.NoOutcome {
			state.Sub = components.OutcomeTag(l, string(r.Kind), string(r.Outcome)).Label
		}
		v.Table.Rows = append(v.Table.Rows, components.Row{Cells: []components.Cell{
			{Text: r.Reference, URL: caseURL(r.Reference), Mono: true},
			{Text: caseview.Short(r.Subject, 110), Sub: l.T("kind." + string(r.Kind))}, state, due,
			{Tags: []components.Tag{components.ClassTag(l, string(r.Classification))}}, {Text: r.OfficerName, Sub: r.UnitName},
		}})
	}
	link := func(cursor string) templ.SafeURL {
		return address("/audit/cases", "queue", in.Queue, "q", in.Query, "kind", in.Kind, "state", in.State, "class", in.Class, "cursor", cursor)
	}
	v.Table.Pager = components.Pager{Lang: l}
	if found.Next != "" {
		v.Table.Pager.Next = link(found.Next)
	}
	if in.Cursor != "" {
		v.Table.Pager.First = link("")
	}
	return web.Render(c, fiber.StatusOK, pages.AuditCases(v))
}

// show is one case's whole history: every event with its place in the log, the ledger of
// each clock, every class it had, every rung.
func (h *audit) show(c *fiber.Ctx) error {
	cv, err := h.svc.Case(c.UserContext(), web.Actor(c), c.Params("ref"))
	if err != nil {
		return err
	}
	l, ref := web.Lang(c), cv.Case.Reference
	t := caseview.For(l, cv)
	v := pages.AuditCaseView{
		Page: h.page(c, ref+" "+cv.Case.Subject), Head: t.Head(cv, string(caseURL(ref))), Facts: t.Facts(cv), Clocks: t.Clocks(cv),
		Class: t.Class(cv), Chain: t.Chain(cv), Decisions: t.Decisions(cv),
		Jump: []components.Link{
			{Label: l.T("audit.case.events"), URL: "#trail"}, {Label: l.T("desk.asked"), URL: "#asked"}, {Label: l.T("desk.decision"), URL: "#decision"},
			{Label: l.T("audit.case.ledger"), URL: "#ledger"}, {Label: l.T("desk.documents"), URL: "#documents"}, {Label: l.T("desk.clocks"), URL: "#clocks"},
			{Label: l.T("desk.class"), URL: "#class"}, {Label: l.T("desk.chain"), URL: "#chain"},
		},
		Links: []components.Link{
			{Label: l.T("audit.receipt"), URL: caseURL(ref) + "/receipt"},
			{Label: l.T("audit.case.trail"), URL: address("/audit/events", "reference", ref, "order", "log")},
		},
	}
	v.Text, v.Marked = t.Text(cv)
	rows := make([]casework.EventView, len(cv.Timeline))
	for i, e := range cv.Timeline {
		rows[i] = casework.EventView{Event: e}
	}
	v.Events = eventTable(t, l.T("audit.case.events"), rows, false)
	v.Ledger = components.Table{Lang: l, Caption: l.T("audit.case.ledger"), Hidden: true, Empty: l.T("audit.case.ledger_none"), Columns: []components.Column{
		{Label: l.T("audit.col.clock")}, {Label: l.T("audit.col.event")}, {Label: l.T("audit.col.time")}, {Label: l.T("audit.col.old")}, {Label: l.T("audit.col.new")}, {Label: l.T("audit.col.detail")},
	}}
	for _, k := range cv.Clocks {
		for _, e := range k.Ledger {
			v.Ledger.Rows = append(v.Ledger.Rows, components.Row{Cells: []components.Cell{
				{Text: t.In(k.Title)}, {Text: t.Words("audit.ledger.", e.Event)}, {Text: t.ShortWhen(e.At), Sub: e.Actor}, {Text: t.ShortDay(e.OldDue)}, {Text: t.ShortDay(e.NewDue)},
				{Text: t.Reason(e.Why), Sub: t.L.Law(e.Article)},
			}})
		}
	}
	v.Documents = components.Table{Lang: l, Caption: l.T("desk.documents"), Hidden: true, Empty: l.T("desk.documents.none"), Columns: []components.Column{
		{Label: l.T("audit.col.document")}, {Label: l.T("desk.col.class")}, {Label: l.T("audit.col.time")}, {Label: "SHA-256"},
	}}
	for _, a := range append(cv.Attachments, cv.Withheld...) {
		name := a.Name
		if name == "" {
			name = l.T("desk.documents.withheld")
		}
		v.Documents.Rows = append(v.Documents.Rows, components.Row{Cells: []components.Cell{
			{Text: name, Sub: a.Type}, {Tags: []components.Tag{components.ClassTag(l, string(a.Classification))}}, {Text: t.ShortWhen(a.At)}, {Text: a.SHA256, Mono: true},
		}})
	}
	return web.Render(c, fiber.StatusOK, pages.AuditCase(v))
}

// receipt hands out the proof that the case was recorded when it was.
func (h *audit) receipt(c *fiber.Ctx) error {
	event, err := strconv.ParseInt(c.Query("event", "0"), 10, 64)
	if err != nil {
		return models.Refuse(models.NotFound, "receipt_not_found")
	}
	proof, err := h.svc.Receipt(c.UserContext(), web.Actor(c), c.Params("ref"), event)
	if err != nil {
		return err
	}
	ref, _ := models.NormalReference(c.Params("ref"))
	return web.SendFile(c, "terang-"+ref+".tlog-proof", "text/plain; charset=utf-8", proof)
}

func stateChoice(l text.Lang, chosen string) components.Select {
	s := components.Select{Lang: l, Name: "state", Label: l.T("desk.filter.state"), Empty: l.T("desk.filter.any")}
	for _, v := range models.States[1:] { // a draft is nobody's to see
		s.Options = append(s.Options, components.Option{Value: string(v), Label: caseview.State(l, string(v)), Checked: string(v) == chosen})
	}
	return s
}
