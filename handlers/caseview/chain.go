package caseview

import (
	"encoding/json"
	"strings"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// Chain tells the escalation: the rungs reached, with how each ended and why, and
// those that would follow.
func (t Teller) Chain(v *casework.CaseView) pages.DeskChainPanel {
	var p pages.DeskChainPanel
	switch {
	case len(v.Rungs) == 0 && v.Case.Classification == models.Public:
		p.Intro = t.L.T("desk.chain.none")
	case len(v.Rungs) == 0:
		p.Intro = t.L.T("desk.chain.not_open")
	case v.Case.RungLevel > 0:
		p.Intro = t.L.T("desk.chain.open", t.RoleIn(v, string(v.Case.RungRole)))
	default:
		p.Intro = t.L.T("desk.chain.ended")
	}
	reached := 0
	for _, r := range v.Rungs {
		p.Rungs = append(p.Rungs, t.rung(v, r))
		reached = max(reached, r.Level)
	}
	if v.Chain == nil || v.Case.State.Ended() || len(v.Rungs) > 0 && v.Case.RungLevel == 0 {
		return p
	}
	if v.Case.RungLevel > 0 {
		reached = v.Case.RungLevel
	}
	for _, r := range v.Chain.Rungs {
		if r.Level > reached {
			p.Plan = append(p.Plan, t.L.T("desk.chain.step", t.In(r.Title), r.AcknowledgeHours, r.DecideHours, t.Words("desk.lapse.", r.OnLapse)))
		}
	}
	return p
}

func (t Teller) rung(v *casework.CaseView, r models.Rung) components.Rung {
	tone := map[models.RungState]string{
		models.RungOpen: "purple", models.RungAcknowledged: "blue", models.RungLapsed: "red", models.RungDecided: "green",
	}[r.State]
	out := components.Rung{
		Title: t.L.T("desk.chain.rung", r.Level, t.rungTitle(v, r)), Tag: components.Tag{Label: t.Words("desk.rung.", string(r.State)), Tone: tone},
		Current: r.Live(), Since: t.When(r.OpenedAt),
	}
	if why := t.Reason(r.Why); why != "" {
		out.Lines = append(out.Lines, t.L.T("desk.chain.why", why))
	}
	if r.Live() {
		out.ActBy = t.When(r.DueAt) + " (" + t.until(r.DueAt) + ")"
		if r.State == models.RungOpen && r.AcknowledgeBy != nil {
			out.Lines = append(out.Lines, t.L.T("desk.chain.ack_by", t.When(*r.AcknowledgeBy)))
		}
		out.OnLapse = t.onLapse(v, r)
	}
	if r.AcknowledgedAt != nil {
		out.Lines = append(out.Lines, t.L.T("desk.chain.acknowledged", t.When(*r.AcknowledgedAt)))
	}
	if r.EndedAt != nil {
		out.Lines = append(out.Lines, t.L.T("desk.chain.ended_at", t.When(*r.EndedAt)))
		if why := t.Reason(r.Reason); why != "" {
			out.Lines = append(out.Lines, t.L.T("desk.chain.reason", why))
		}
	}
	return out
}

func (t Teller) rungTitle(v *casework.CaseView, r models.Rung) string {
	if chain, ok := v.Pack.Chain(r.Chain); ok {
		for _, law := range chain.Rungs {
			if law.Level == r.Level {
				return t.In(law.Title)
			}
		}
	}
	return t.RoleIn(v, string(r.Role))
}

func (t Teller) onLapse(v *casework.CaseView, r models.Rung) string {
	if chain, ok := v.Pack.Chain(r.Chain); ok {
		for _, law := range chain.Rungs {
			if law.Level == r.Level {
				return t.Words("desk.lapse.", law.OnLapse)
			}
		}
	}
	return ""
}

// until says how far off an instant is, in hours while it is near.
func (t Teller) until(at time.Time) string {
	d := at.Sub(t.Now)
	switch {
	case d < 0:
		return t.L.T("desk.left.passed")
	case d < time.Hour:
		return t.L.T("desk.left.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return t.L.T("desk.left.hours", int(d/time.Hour))
	}
	return t.Left(policies.DateOf(at, t.Loc).String())
}

// machineReasons are those the verbs give for what nobody decided.
var machineReasons = map[string]string{
	"lapsed below":                    "desk.reason.lapsed_below",
	"the requester's time has passed": "desk.reason.requester_time",
	"not completed in time":           "desk.reason.not_completed",
	"cuti bersama":                    "desk.reason.collective_leave",
}

// Reason puts what the machine gave as a reason into the reader's words; what a
// person wrote stays as it is.
func (t Teller) Reason(s string) string {
	if rest, ok := strings.CutPrefix(s, "not decided by "); ok {
		if at, err := time.Parse(time.RFC3339, rest); err == nil {
			return t.L.T("desk.reason.not_decided_by", t.ShortWhen(at))
		}
	}
	head, tail, _ := strings.Cut(s, "; no cleared holder: ")
	words := head
	if class, ok := strings.CutPrefix(head, "classified "); ok {
		words = t.L.T("desk.reason.classified", t.Words("classification.", class))
	} else if key := machineReasons[head]; key != "" {
		words = t.L.T(key)
	} else if text.Has("event." + head) {
		words = t.Words("event.", head)
	}
	if tail != "" {
		var roles []string
		for _, r := range strings.Split(tail, ", ") {
			roles = append(roles, t.Role(r))
		}
		words += "; " + t.L.T("desk.reason.no_holder", strings.Join(roles, ", "))
	}
	return words
}

// Event tells one audit event in a line or two.
func (t Teller) Event(e models.Event) (title string, lines []string) {
	title = t.Words("event.", e.Kind)
	var d models.EventData
	if e.Data != "" && json.Unmarshal([]byte(e.Data), &d) != nil {
		d = models.EventData{}
	}
	switch {
	case e.Kind == "case.assigned":
		lines = add(lines, strings.Join(some(d.Officer, d.New), ", "))
	case strings.HasPrefix(e.Kind, "classification.") || e.Kind == "document.classified":
		if d.Old != "" && d.Old != d.New {
			lines = add(lines, t.L.T("desk.event.from_to", t.Words("classification.", d.Old), t.Words("classification.", d.New)))
		} else {
			lines = add(lines, t.Words("classification.", d.New))
		}
	case e.Kind == "case.answered":
		lines = add(lines, components.OutcomeTag(t.L, string(e.CaseKind), string(e.Outcome)).Label)
	case strings.HasPrefix(e.Kind, "deadline."):
		name := t.Words("desk.clock_name.", e.Clock)
		if d.Old != "" && d.Old != d.New {
			lines = add(lines, name+": "+t.L.T("desk.event.from_to", t.ShortDay(d.Old), t.ShortDay(d.New)))
		} else if e.DueOn != "" {
			lines = add(lines, name+": "+t.ShortDay(e.DueOn))
		}
	case strings.HasPrefix(e.Kind, "rung.") && d.Level > 0:
		lines = add(lines, t.L.T("desk.chain.rung", d.Level, t.Role(d.Role)))
	}
	if e.Kind == "classification.proposed" || e.Kind == "objection.filed" { // its reason is the name of a rule, or a ground's letter
		lines = add(lines, t.L.Law(e.Article))
	} else {
		lines = add(lines, t.Reason(e.Reason))
	}
	if d.Occurred != nil && e.Kind != "rung.lapsed" { // its reason names the time already
		lines = add(lines, t.L.T("desk.event.occurred", t.ShortWhen(*d.Occurred)))
	}
	return title, lines
}

// EventBy names who did what an event says. What the law made follow from an act is
// nobody's doing, and who acted on a case without an account is its requester.
func (t Teller) EventBy(e models.Event) string {
	role := e.ActorRole
	if e.CaseID != nil && (role == string(models.Anyone) || role == string(models.ByRequester)) {
		role = string(models.ByRequester)
		for _, prefix := range []string{"deadline.", "classification.proposed", "chain.", "rung."} {
			if strings.HasPrefix(e.Kind, prefix) {
				role = string(models.BySystem)
			}
		}
	}
	return t.Who(e.Actor, role)
}

// Timeline tells what happened, latest first.
func (t Teller) Timeline(events []models.Event) []components.TimelineItem {
	out := make([]components.TimelineItem, 0, len(events))
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		title, lines := t.Event(e)
		out = append(out, components.TimelineItem{
			Title: title, Lines: lines, When: t.When(e.Time), Stamp: Stamp(e.Time), By: t.EventBy(e),
		})
	}
	return out
}

func add(lines []string, s string) []string {
	if s == "" {
		return lines
	}
	return append(lines, s)
}

func some(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
