package audit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// Figures is what auditors have counted.
type Figures interface {
	Statistics(ctx context.Context, a models.Actor, in casework.StatInput) (*casework.Statistics, error)
}

// statistics counts a time. Without dates it is this year so far.
func (h *audit) statistics(c *fiber.Ctx) error {
	t := h.teller(c)
	l := t.L
	today := policies.DateOf(t.Now, t.Loc)
	from := c.Query("from", policies.NewDate(today.Year(), 1, 1).String())
	to, body := c.Query("to", today.String()), c.Query("body")
	first, last, err := h.period(c, from, to)
	var st *casework.Statistics
	if err == nil && (first == nil || last == nil) {
		var check models.Check
		check.Field(first != nil, "from", "date")
		check.Field(last != nil, "to", "date")
		err = check.Err()
	}
	if err == nil {
		st, err = h.svc.Statistics(c.UserContext(), web.Actor(c), casework.StatInput{From: *first, To: *last, Body: body})
	}
	errs, status, err := errorsOf(l, err)
	if err != nil {
		return err
	}
	v := pages.AuditStatistics{
		Page: h.page(c, l.T("stat.title")), Errors: errs,
		From: day(l, "from", l.T("audit.from"), from, errs), To: day(l, "to", l.T("audit.to"), to, errs),
	}
	v.Failed = len(errs) > 0
	if v.Body, err = h.bodyChoice(c, body); err != nil {
		return err
	}
	if st != nil {
		g := figures{t: t, l: l, from: from, to: to, body: body, st: st}
		v.Groups = []pages.AuditGroup{g.received(), g.answered(), g.days(), g.grounds(), g.events(), g.outside(), g.exports()}
		if st.Suppressed {
			v.Suppressed = l.T("stat.suppressed")
		}
	}
	return web.Render(c, status, pages.AuditStatisticsPage(v))
}

// figures writes counts as tables whose numbers lead to the rows of the trail.
type figures struct {
	t              caseview.Teller
	l              text.Lang
	from, to, body string
	st             *casework.Statistics
}

func (g figures) table(key string, columns ...string) components.Table {
	out := components.Table{Lang: g.l, Caption: g.l.T("stat." + key), Hidden: true, Empty: g.l.T("stat.none")}
	for i, c := range columns {
		out.Columns = append(out.Columns, components.Column{Label: g.l.T(c), Numeric: i > 0 && c != "audit.col.outcome" && c != "stat.col.class"})
	}
	return out
}

// number is a count that leads to its rows.
func (g figures) number(n int64, pairs ...string) components.Cell {
	out := components.Cell{Text: g.l.Number(int(n))}
	if n > 0 && len(pairs) > 0 {
		out.URL = address("/audit/events", append(pairs, "from", g.from, "to", g.to, "body", g.body)...)
	}
	return out
}

func row(cells ...components.Cell) components.Row { return components.Row{Cells: cells} }

func (g figures) kind(k models.Kind) components.Cell {
	return components.Cell{Text: g.t.Words("kind.", string(k))}
}

func (g figures) received() pages.AuditGroup {
	t := g.table("received", "stat.col.kind", "stat.col.n")
	for _, x := range g.st.Received {
		t.Rows = append(t.Rows, row(g.kind(x.Kind), g.number(x.N, "kind", "case.filed", "case_kind", string(x.Kind))))
	}
	return pages.AuditGroup{Title: g.l.T("stat.received"), Table: t}
}

func (g figures) answered() pages.AuditGroup {
	t := g.table("answered", "stat.col.kind", "audit.col.outcome", "stat.col.n", "stat.col.in_time", "stat.col.late")
	for _, x := range g.st.Answered {
		all := []string{"kind", "case.answered", "outcome", string(x.Outcome), "case_kind", string(x.Kind)}
		t.Rows = append(t.Rows, row(g.kind(x.Kind), components.Cell{Text: components.OutcomeTag(g.l, string(x.Kind), string(x.Outcome)).Label},
			g.number(x.N, all...), g.number(x.N-x.Late, append(slices.Clone(all), "standing", string(models.Answered))...),
			g.number(x.Late, append(slices.Clone(all), "standing", string(models.AnsweredLate))...)))
	}
	return pages.AuditGroup{Title: g.l.T("stat.answered"), Table: t}
}

func (g figures) days() pages.AuditGroup {
	t := g.table("days", "stat.col.kind", "stat.col.class", "stat.col.n", "stat.col.mean_working", "stat.col.median_working", "stat.col.mean_calendar", "stat.col.median_calendar")
	one := func(f float64) components.Cell {
		s := strconv.FormatFloat(f, 'f', 1, 64)
		if g.l == text.Indonesian {
			s = strings.Replace(s, ".", ",", 1)
		}
		return components.Cell{Text: s}
	}
	for _, x := range g.st.Days {
		t.Rows = append(t.Rows, row(g.kind(x.Kind), components.Cell{Text: components.ClassTag(g.l, string(x.Class)).Label}, g.number(x.N, "kind", "case.answered", "case_kind", string(x.Kind)),
			one(x.MeanWorking), one(x.MedianWorking), one(x.MeanCalendar), one(x.MedianCalendar)))
	}
	return pages.AuditGroup{Title: g.l.T("stat.days"), Intro: g.l.T("stat.days.intro"), Table: t}
}

func (g figures) grounds() pages.AuditGroup {
	t := g.table("grounds", "audit.col.ground", "stat.col.n")
	for _, x := range g.st.Grounds {
		name := x.Key
		if g.st.Pack != nil {
			if e, ok := g.st.Pack.Exemption(x.Key); ok {
				name = g.t.In(e.Title) + " (" + g.l.Law(e.Article) + ")"
			}
		}
		t.Rows = append(t.Rows, row(components.Cell{Text: name}, g.number(x.N, "kind", "case.answered", "exemption", x.Key)))
	}
	out := pages.AuditGroup{Title: g.l.T("stat.grounds"), Table: t}
	if g.st.Pack == nil && len(t.Rows) > 0 { // bodies may be under different laws, whose letters mean different things
		out.Intro = g.l.T("stat.grounds.pick")
	}
	return out
}

func (g figures) events() pages.AuditGroup {
	t := g.table("events", "stat.events", "stat.col.n")
	for _, x := range g.st.Events {
		t.Rows = append(t.Rows, row(components.Cell{Text: g.t.Words("event.", x.Key)}, g.number(x.N, "kind", x.Key)))
	}
	return pages.AuditGroup{Title: g.l.T("stat.events"), Table: t}
}

func (g figures) outside() pages.AuditGroup {
	t := g.table("outside", "stat.outside", "stat.col.n")
	for _, x := range g.st.Outside {
		stage, what, _ := strings.Cut(x.Key, ".")
		name := stage
		if g.st.Pack != nil {
			for _, s := range g.st.Pack.Stages {
				if s.ID == stage {
					name = g.t.In(s.Title)
				}
			}
		}
		t.Rows = append(t.Rows, row(components.Cell{Text: g.l.T("stat."+what, name)}, g.number(x.N, "kind", "outside."+what)))
	}
	return pages.AuditGroup{Title: g.l.T("stat.outside"), Table: t}
}

func (g figures) exports() pages.AuditGroup {
	t := g.table("exports", "audit.col.who", "stat.col.n")
	for _, x := range g.st.Exports {
		t.Rows = append(t.Rows, row(components.Cell{Text: g.t.Who(x.Who, x.Role)}, g.number(x.N, "kind", "export.made")))
	}
	return pages.AuditGroup{Title: g.l.T("stat.exports"), Table: t}
}
