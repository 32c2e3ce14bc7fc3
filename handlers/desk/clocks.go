package desk

import (
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

func (d *desk) extendForm(c *fiber.Ctx) error {
	f, err := d.open(c)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, drawExtend(f))
}

func (d *desk) extend(c *fiber.Ctx) error {
	return d.sendText(c, "reason", "extended", drawExtend, func(in casework.TextInput) error {
		_, err := d.svc.Extend(c.UserContext(), web.Actor(c), c.Params("ref"), in)
		return err
	})
}

// drawExtend shows the date the law would give before the officer asks for it. It is
// worked out by the same function that the verb uses, from the same ledger.
func drawExtend(f *form) templ.Component {
	l := f.t.L
	v := pages.DeskExtendForm{DeskForm: f.frame("extend"), Refused: l.T("desk.extend.not_now")}
	for _, c := range f.v.Clocks {
		law, ok := f.v.Pack.Clock(c.Name)
		if !c.Primary || !c.Running() || !ok {
			continue
		}
		switch x := law.Extension; {
		case x == nil:
			v.Refused = l.T("desk.extend.no_law", f.t.In(f.v.Pack.Law))
		case c.Extended:
			v.Refused = l.T("desk.extend.used", l.Law(x.Article))
		case x.BeforeDue && f.v.Now.After(c.DueAt):
			v.Refused = l.T("desk.extend.too_late", f.t.Day(c.DueOn), l.Law(x.Article))
		case !slices.Contains(f.v.May, policies.ActExtend):
			v.Refused = l.T("desk.extend.not_you")
		default:
			due, err := extended(f.v, c)
			if err != nil {
				break
			}
			v.Refused = ""
			v.Old, v.New = f.t.Day(c.DueOn), f.t.Day(due.Due.String())
			v.Law = l.T("desk.extend.law", x.Length, f.t.Words("desk.unit.", law.Unit), l.Law(x.Article))
			v.Due = f.t.DueDays(due, law.Unit)
			for _, r := range x.Reasons {
				v.Reasons = append(v.Reasons, f.t.In(r))
			}
			v.Reason = f.area(v.DeskForm, "reason", "desk.extend.label", "", 6)
		}
	}
	return pages.DeskExtend(v)
}

// extended is the clock's date if it were extended now.
func extended(v *casework.CaseView, c casework.ClockView) (policies.Deadline, error) {
	o := policies.DueOptions{CutiBersamaWorking: v.Body.WorksOnCollectiveLeave, Zone: v.Body.Zone}
	for _, e := range c.Ledger {
		switch e.Event {
		case "paused", "resumed", "restarted", "extended":
			o.Events = append(o.Events, policies.ClockEvent{At: e.At, Event: e.Event, Why: e.Why, Article: e.Article, Actor: e.Actor})
		}
	}
	o.Events = append(o.Events, policies.ClockEvent{At: v.Now, Event: "extended"})
	return v.Pack.Due(c.Name, c.StartedAt, o)
}

// --- escalation

var escalations = map[string]string{"raise": policies.ActEscalateRaise, "return": policies.ActEscalateReturn, "decide": policies.ActEscalateDecide}

func (d *desk) escalationForm(c *fiber.Ctx) error {
	do := c.Query("action", "raise")
	action, ok := escalations[do]
	if !ok {
		return models.Refuse(models.NotFound, "not_found")
	}
	f, err := d.open(c, action)
	if err != nil {
		return err
	}
	return web.Render(c, fiber.StatusOK, drawEscalation(do)(f))
}

func (d *desk) escalation(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.EscalationInput{Version: versionOf(in), Action: in.Line("action"), Reason: in.Text("reason")}
	err := in.Err()
	if err == nil {
		_, err = d.svc.Escalate(c.UserContext(), web.Actor(c), c.Params("ref"), input)
	}
	if err == nil {
		return d.done(c, "escalation_"+input.Action)
	}
	if _, ok := escalations[input.Action]; !ok {
		// An acknowledgement is one press on the case's own page; nothing was typed, so the
		// page itself says that the case had changed.
		if models.KindOf(err) != models.Conflict {
			return err
		}
		v, openErr := d.svc.Case(c.UserContext(), web.Actor(c), c.Params("ref"))
		if openErr != nil {
			return openErr
		}
		page := d.caseView(c, v)
		page.Failed = true
		page.Warnings = append([]components.Banner{{Tone: "error", Text: page.Lang.T("desk.changed"), Live: true}}, page.Warnings...)
		return web.Render(c, fiber.StatusConflict, pages.DeskCase(page))
	}
	return d.again(c, in, err, drawEscalation(input.Action))
}

func drawEscalation(do string) func(*form) templ.Component {
	return func(f *form) templ.Component {
		l, key := f.t.L, "desk.escalate."+do
		v := pages.DeskEscalateForm{
			DeskForm: f.frame("escalation"), Do: do, Title: l.T(key + ".title"), Button: l.T(key + ".button"), Chain: f.t.Chain(f.v),
		}
		v.Intro = []string{l.T(key + ".intro")}
		if do == "raise" {
			if next := f.above(); next != "" {
				v.Intro = append(v.Intro, next)
			}
		}
		v.Reason = f.area(v.DeskForm, "reason", "desk.escalate.label", "", 6)
		return pages.DeskEscalate(v)
	}
}

// above says which rung would be next.
func (f *form) above() string {
	if f.v.Chain == nil {
		return ""
	}
	level := f.v.Case.RungLevel
	if level == 0 {
		for _, r := range f.v.Chain.Rungs {
			if models.Role(r.Role).Rank() <= web.Actor(f.c).Role.Rank() {
				level = r.Level
			}
		}
	}
	for _, r := range f.v.Chain.Rungs {
		if r.Level > level {
			return f.t.L.T("desk.escalate.raise.next", f.t.In(r.Title), r.AcknowledgeHours, r.DecideHours)
		}
	}
	return f.t.L.T("desk.escalate.raise.top")
}

func options(l components.Choices, prefix string, chosen string, values ...string) components.Choices {
	for _, v := range values {
		l.Options = append(l.Options, components.Option{Value: v, Label: l.Lang.T(prefix + v), Checked: v == chosen})
	}
	return l
}
