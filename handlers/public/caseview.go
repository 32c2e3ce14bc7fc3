package public

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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

// showCase is the requester's own page of a case.
func (h *handler) showCase(c *fiber.Ctx, r keyedRequest) error {
	v, err := h.svc.Case(c.UserContext(), r.actor, r.ref)
	if err != nil {
		return err
	}
	draw := casePage{l: web.Lang(c), v: v, zone: text.Zone(v.Body.Zone)}
	page := draw.build()
	page.Proofs = draw.proofs(v.Proofs)
	page.Page = h.w.Page(c, "", r.seed)
	web.Reusable(c, web.PageLife)
	return web.Render(c, fiber.StatusOK, pages.CasePage(page))
}

// casePage draws a case for its requester: words from codes, dates in the body's zone.
type casePage struct {
	l    text.Lang
	v    *casework.CaseView
	zone *time.Location
}

func (p casePage) build() pages.Case {
	l, v, cs := p.l, p.v, p.v.Case
	out := pages.Case{
		Reference: cs.Reference, Kind: l.T("kind." + string(cs.Kind)), Subject: cs.Subject, Body: v.Body.Name,
		StateText: l.T("state." + string(cs.State) + ".explain"), NextText: l.T("state." + string(cs.State) + ".next"),
		Tags: p.tags(), Decision: p.decision(), Clocks: p.clocks(), Rungs: p.rungs(), Timeline: p.timeline(),
		Messages: p.messages(), Facts: p.facts(),
		ReceiptURL: caseURL(cs.Reference, "receipt"), LeaveURL: caseURL(cs.Reference, "leave"),
	}
	if cs.State == models.StateAwaitingClarification {
		out.Question, _ = p.question()
	}
	if cs.State == models.StateIncomplete {
		for _, f := range p.missing() {
			out.Missing = append(out.Missing, components.Link{Label: web.FieldText(l, models.FieldError{Field: f, Code: "required"})})
		}
	}
	if out.Question != "" || len(out.Missing) > 0 {
		out.ReplyURL = caseURL(cs.Reference, "reply")
	}
	if slices.Contains(v.May, policies.ActMessage) {
		out.MessageURL = caseURL(cs.Reference, "message")
	}
	if slices.Contains(v.May, "withdraw") {
		out.WithdrawURL = caseURL(cs.Reference, "withdraw")
	}
	if v.Objection.Open {
		out.ObjectURL = caseURL(cs.Reference, "object")
	}
	if v.Parent != nil {
		out.ParentLabel, out.ParentURL = v.Parent.Reference, caseURL(v.Parent.Reference)
	}
	for _, o := range v.Objections {
		out.Objections = append(out.Objections, components.Link{Label: o.Reference, URL: caseURL(o.Reference)})
	}
	if v.Disclosure != nil {
		out.PublishedURL = href("/disclosures/" + cs.Reference)
	}
	if len(v.Rungs) > 0 {
		out.RungsText = l.T("case.rungs_why", l.T("classification."+string(cs.Classification)))
	}
	for _, cl := range v.Clocks {
		if law, ok := v.Pack.Clock(cl.Name); ok && cl.Primary && cl.Running() && law.Holder == "body" {
			out.Due, out.DueLeft = web.Day(l, cl.Deadline.Due), web.Left(l, cl.DueAt, v.Now)
		}
	}
	p.records(&out)
	return out
}

func (p casePage) tags() []components.Tag {
	l, cs := p.l, p.v.Case
	tags := []components.Tag{components.StateTag(l, string(cs.State))}
	if cs.Outcome != models.NoOutcome {
		tags = append(tags, components.OutcomeTag(l, string(cs.Kind), string(cs.Outcome)))
	}
	if p.v.Standing != models.NoStanding {
		tags = append(tags, components.StandingTag(l, string(p.v.Standing)))
	}
	return append(tags, components.ClassTag(l, string(cs.Classification)))
}

// question is what the officer asked last.
func (p casePage) question() (words, on string) {
	for i := len(p.v.Messages) - 1; i >= 0; i-- {
		if m := p.v.Messages[i]; m.Kind == models.ClarificationAsked {
			return m.Text, p.l.Date(m.At, p.zone)
		}
	}
	return "", ""
}

// missing lists the fields that the law asks for and an incomplete case lacks.
func (p casePage) missing() []string {
	cs, r := p.v.Case, p.v.Requester
	if r == nil {
		r = &models.Requester{Kind: models.Individual}
	}
	have := map[string]string{
		"name": r.Name, "email": r.Email, "phone": r.Phone, "contact": r.Email + r.Phone + r.Address, "identity_number": r.IdentityNumber,
		"address": r.Address, "purpose": cs.Purpose, "subject": cs.Subject, "text": cs.Text, "delivery": string(cs.Delivery),
	}
	var out []string
	for _, f := range p.v.Pack.RequiredFields(string(cs.Kind), string(r.Kind), string(cs.Anonymity)) {
		if have[f] == "" {
			out = append(out, f)
		}
	}
	return out
}

func (p casePage) decision() pages.CaseDecision {
	l, v := p.l, p.v
	if len(v.Decisions) == 0 {
		return pages.CaseDecision{}
	}
	d := &v.Decisions[len(v.Decisions)-1]
	out := pages.CaseDecision{
		Outcome: components.OutcomeTag(l, string(v.Case.Kind), string(d.Outcome)), Text: d.Text, DecidedOn: l.Date(d.At, p.zone),
		Withheld: caseview.Withheld(l, v.Pack, d, v.Withheld),
	}
	if key := "outcome." + string(d.Outcome) + ".explain"; v.Case.Kind != models.Objection && text.Has(key) {
		out.Explain = l.T(key)
	}
	if d.ReferredTo != "" {
		out.Explain += " " + d.ReferredTo
	}
	for _, a := range v.Attachments {
		if a.FromBody && a.Released {
			f := fileLink(l, casePath(v.Case.Reference), &a)
			f.Note = caseview.FileNote(l, v.Pack, &a)
			out.Documents = append(out.Documents, f)
		}
	}
	if v.Objection.Open {
		out.ObjectUntil = web.DayOf(l, v.Objection.Until)
	}
	return out
}

func (p casePage) clocks() []components.Clock {
	l, v := p.l, p.v
	var out []components.Clock
	ordered := slices.Clone(v.Clocks)
	slices.SortStableFunc(ordered, func(a, b casework.ClockView) int { // the one the case is judged by first
		return cmp.Compare(rank(b.Primary), rank(a.Primary))
	})
	for _, cl := range ordered {
		k := components.Clock{Title: cl.Title.In(string(l))}
		law, ok := v.Pack.Clock(cl.Name)
		if ok {
			k.Explains = web.Due(l, cl.Deadline, law.Unit)
		}
		day := web.Day(l, cl.Deadline.Due)
		switch {
		case cl.Running():
			k.DueOn, k.Status = l.T("due.by", day), web.Left(l, cl.DueAt, v.Now)
			k.Tag = components.StandingTag(l, string(cl.Standing))
			if ok {
				if words := withArticle(law.OnLapse.Text.In(string(l)), l.Law(law.OnLapse.Article)); words != "" {
					k.Note = l.T("due.if_passed", words)
				}
			}
		case cl.StoppedAt != nil:
			k.DueOn, k.Status = l.T("due.was", day), l.T("due.stopped", l.Date(*cl.StoppedAt, p.zone))
			if cl.Met != nil && ok && law.Holder == "body" && v.Case.State != models.StateWithdrawn {
				k.Tag = components.StandingTag(l, map[bool]string{true: "answered", false: "answered_late"}[*cl.Met])
			}
		}
		out = append(out, k)
	}
	return out
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rungs shows the chain as the requester may know it: which office, since when, until
// when; not who.
func (p casePage) rungs() []components.Rung {
	l, v := p.l, p.v
	var out []components.Rung
	reached := 0
	for _, r := range v.Rungs {
		k := components.Rung{
			Title: v.Pack.RoleTitle(string(r.Role)).In(string(l)), Current: r.Live(), Since: l.DateTime(r.OpenedAt, p.zone),
			Tag: components.Tag{Label: l.T("rung.state." + string(r.State)), Tone: rungTone[r.State]},
		}
		if r.Live() {
			k.ActBy = l.DateTime(r.DueAt, p.zone)
			k.OnLapse = p.onLapse(r.Level)
		}
		reached = max(reached, r.Level)
		out = append(out, k)
	}
	if v.Chain != nil && len(out) > 0 && !v.Case.State.Ended() {
		for _, r := range v.Chain.Rungs {
			if r.Level > reached {
				out = append(out, components.Rung{Title: r.Title.In(string(l)), Tag: components.Tag{Label: l.T("rungs.later")}})
			}
		}
	}
	return out
}

var rungTone = map[models.RungState]string{
	models.RungOpen: "purple", models.RungAcknowledged: "blue", models.RungLapsed: "red", models.RungDecided: "green", models.RungReturned: "amber",
}

func (p casePage) onLapse(level int) string {
	if p.v.Chain == nil {
		return ""
	}
	for _, r := range p.v.Chain.Rungs {
		if r.Level == level {
			return p.l.T("rung.lapse." + r.OnLapse)
		}
	}
	return ""
}

// timeline tells what happened. Several deadlines set at one moment are one thing to a
// reader; what is still to come is the date the case is judged by.
func (p casePage) timeline() []components.TimelineItem {
	l, v := p.l, p.v
	var out []components.TimelineItem
	for i, e := range v.Timeline {
		at := e.Time
		var data models.EventData
		if json.Unmarshal([]byte(e.Data), &data) == nil && data.Occurred != nil {
			at = *data.Occurred
		}
		lines := p.eventLines(e, data)
		if i > 0 && e.Kind == v.Timeline[i-1].Kind && strings.HasPrefix(e.Kind, "deadline.") && e.Time.Equal(v.Timeline[i-1].Time) {
			last := &out[len(out)-1]
			last.Lines = append(last.Lines, lines...)
			continue
		}
		out = append(out, components.TimelineItem{
			Title: l.T("event." + e.Kind), When: l.DateTime(at, p.zone), Stamp: at.UTC().Format(time.RFC3339), By: p.by(e), Lines: lines,
		})
	}
	for _, cl := range v.Clocks {
		if cl.Running() && cl.DueAt.After(v.Now) && (cl.Primary || v.Case.State.Ended()) {
			out = append(out, components.TimelineItem{Title: cl.Title.In(string(l)), When: l.T("due.by", web.Day(l, cl.Deadline.Due)), Coming: true})
		}
	}
	return out
}

// proofs are the receipts to be had of what the timeline tells. Dates that a clock was set to
// by itself follow from the filing; they are not listed.
func (p casePage) proofs(list []casework.Provable) []components.Link {
	var out []components.Link
	for _, e := range list {
		if strings.HasPrefix(e.Kind, "deadline.") && e.Kind != "deadline.extended" && e.Kind != "deadline.lapsed" || e.Kind == "attachment.added" || e.Kind == "message.added" {
			continue
		}
		label := p.l.T("event." + e.Kind)
		if e.Outcome != "" {
			label += ": " + components.OutcomeTag(p.l, string(p.v.Case.Kind), string(e.Outcome)).Label
		}
		if e.Role != "" && strings.HasPrefix(e.Kind, "rung.") {
			label += ": " + p.v.Pack.RoleTitle(e.Role).In(string(p.l))
		}
		out = append(out, components.Link{
			Label: label, Note: p.l.DateTime(e.At, p.zone), URL: caseURL(p.v.Case.Reference, "receipt?event="+strconv.FormatInt(e.Event, 10)),
		})
	}
	return out
}

// by is who did it, as far as a requester may know: themselves or an office. What
// followed of itself, from the law or from a clock, is nobody's act.
func (p casePage) by(e models.Event) string {
	if role := models.Role(e.ActorRole); role.OnChain() {
		return p.v.Pack.RoleTitle(e.ActorRole).In(string(p.l))
	}
	followed := strings.HasPrefix(e.Kind, "deadline.") || strings.HasPrefix(e.Kind, "chain.") || strings.HasPrefix(e.Kind, "rung.")
	switch {
	case e.ActorRole == string(models.BySystem):
		return p.l.T("role.system")
	case followed:
		return ""
	case e.ActorRole == string(models.ByRequester), e.ActorRole == string(models.Anyone):
		return p.l.T("case.by_you")
	}
	return ""
}

func (p casePage) eventLines(e models.Event, data models.EventData) []string {
	l := p.l
	var lines []string
	switch e.Kind {
	case "deadline.set", "deadline.extended", "deadline.recomputed", "deadline.restarted":
		if law, ok := p.v.Pack.Clock(e.Clock); ok && e.DueOn != "" {
			lines = append(lines, law.Title.In(string(l))+": "+firstLetter(l.T("due.by", web.DayOf(l, e.DueOn)), unicode.ToLower))
		}
	case "deadline.lapsed":
		if law, ok := p.v.Pack.Clock(e.Clock); ok {
			lines = append(lines, law.OnLapse.Text.In(string(l)))
		}
	case "rung.opened", "rung.raised", "rung.returned", "rung.lapsed", "rung.decided":
		if data.Role != "" {
			lines = append(lines, p.v.Pack.RoleTitle(data.Role).In(string(l)))
		}
	case "case.decided", "case.answered":
		if e.Outcome != "" {
			lines = append(lines, components.OutcomeTag(l, string(e.CaseKind), string(e.Outcome)).Label)
		}
	case "objection.filed":
		if data.New != "" {
			lines = append(lines, data.New)
		}
	}
	if m := notDecided.FindStringSubmatch(e.Reason); m != nil {
		if at, err := time.Parse(time.RFC3339, m[1]); err == nil {
			lines = append(lines, l.T("why.not_decided", l.DateTime(at, p.zone)))
		}
	} else if told := p.machine(e.Reason); told != e.Reason {
		lines = append(lines, firstLetter(told, unicode.ToUpper))
	} else if words := reason(l, e.Reason); words != "" {
		lines = append(lines, words)
	}
	if e.Article != "" && len(lines) > 0 && !strings.HasPrefix(e.Kind, "rung.") && !strings.HasPrefix(e.Kind, "chain.") { // the chain is the body's own standard
		if n := len(lines) - 1; strings.HasPrefix(e.Kind, "deadline.") {
			lines[n] = withArticle(lines[n], l.Law(e.Article))
		} else {
			lines = append(lines, l.Law(e.Article))
		}
	}
	return lines
}

var (
	codeLike   = regexp.MustCompile(`^[a-z0-9_.]+$`)
	notDecided = regexp.MustCompile(`^not decided by (\S+Z)$`) // what the sweep gives as its reason
)

// reason writes why something happened: the words somebody wrote, or those of a code.
func reason(l text.Lang, s string) string {
	if !codeLike.MatchString(s) {
		return s
	}
	for _, prefix := range []string{"why.", "event."} {
		if text.Has(prefix + s) {
			return l.T(prefix + s)
		}
	}
	return ""
}

// firstLetter makes a phrase begin a line, or stand inside one.
func firstLetter(s string, change func(rune) rune) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(change(r)) + s[n:]
}

// machine puts what nobody wrote into words, as at the desk.
func (p casePage) machine(s string) string {
	return caseview.Teller{L: p.l, Loc: p.zone, Now: p.v.Now}.Reason(s)
}

func (p casePage) messages() []components.Message {
	var out []components.Message
	for _, m := range p.v.Messages {
		from := p.v.Body.Name
		if !m.FromBody {
			from = p.l.T("case.by_you")
		}
		out = append(out, components.Message{
			From: from, When: p.l.DateTime(m.At, p.zone), Stamp: m.At.UTC().Format(time.RFC3339), Text: m.Text, Mine: !m.FromBody,
		})
	}
	return out
}

func (p casePage) facts() []components.SummaryRow {
	l, v, cs := p.l, p.v, p.v.Case
	var rows []components.SummaryRow
	add := func(key, value string) {
		if value != "" {
			rows = append(rows, components.SummaryRow{Key: l.T("fact." + key), Values: []string{value}})
		}
	}
	add("kind", l.T("kind."+string(cs.Kind)))
	add("body", v.Body.Name)
	if v.Unit != nil {
		add("unit", v.Unit.Name)
	}
	add("filed", l.DateTime(cs.ReceivedAt, p.zone))
	if g, ok := v.Pack.ObjectionGround(cs.Ground); ok {
		add("ground", g.Title.In(string(l))+" ("+l.Law(g.Article)+")")
	}
	add("subject", cs.Subject)
	add("text", cs.Text)
	add("purpose", cs.Purpose)
	if cs.Kind == models.Request {
		add("delivery", coded(l, "delivery.", string(cs.Delivery)))
	}
	add("anonymity", coded(l, "anonymity.", string(cs.Anonymity)))
	if r := v.Requester; r != nil {
		add("requester_kind", coded(l, "requester_kind.", string(r.Kind)))
		add("name", r.Name)
		add("identity_number", masked(r.IdentityNumber))
		add("address", r.Address)
		add("email", r.Email)
		add("phone", r.Phone)
	}
	for _, a := range v.Attachments {
		if !a.FromBody {
			k := fileLink(l, casePath(cs.Reference), &a)
			rows = append(rows, components.SummaryRow{Key: l.T("fact.attachments"), Values: []string{k.Label + " " + k.Note}, Link: k.URL})
		}
	}
	add("law", v.Pack.Law.In(string(l)))
	return rows
}

// masked keeps the last digits of an identity number: who wrote it knows it again, who
// looks over their shoulder does not get it.
func masked(s string) string {
	r := []rune(s)
	if len(r) <= 4 {
		return s
	}
	for i := range r[:len(r)-4] {
		r[i] = '•'
	}
	return string(r)
}
