package caseview

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

// Head is what stands over a case and every form about it.
func (t Teller) Head(v *casework.CaseView, url string) pages.DeskCaseHead {
	c := v.Case
	h := pages.DeskCaseHead{
		Reference: c.Reference, URL: templ.URL(url), Subject: c.Subject, Kind: t.Words("kind.", string(c.Kind)), Body: v.Body.Name,
		Tags:   []components.Tag{StateTag(t.L, string(c.State))},
		Next:   t.next(v),
		Due:    t.Due(c.DueOn, v.Standing),
		Holder: t.holder(v),
	}
	if c.Outcome != models.NoOutcome {
		h.Tags = append(h.Tags, components.OutcomeTag(t.L, string(c.Kind), string(c.Outcome)))
	}
	if v.Standing != models.NoStanding {
		h.Tags = append(h.Tags, components.StandingTag(t.L, string(v.Standing)))
	}
	return withClass(h, components.ClassTag(t.L, string(c.Classification)))
}

func withClass(h pages.DeskCaseHead, class components.Tag) pages.DeskCaseHead {
	h.Tags = append(h.Tags, class)
	return h
}

func (t Teller) next(v *casework.CaseView) string {
	c := v.Case
	switch c.State.NextActor() {
	case models.NextRequester:
		return t.Words("desk.next_who.", string(c.State))
	case models.NextRung:
		return t.L.T("desk.next_who.rung", t.RoleIn(v, string(c.RungRole)))
	case models.NextOfficer:
		if v.Officer == nil {
			return t.L.T("desk.next_who.nobody_assigned")
		}
		return v.Officer.Name
	case models.NextBody:
		return t.L.T("desk.next_who.registered")
	}
	return t.L.T("desk.next_who.nobody")
}

// RoleIn is a role in the words of the law the case is under.
func (t Teller) RoleIn(v *casework.CaseView, role string) string {
	if title := t.In(v.Pack.RoleTitle(role)); title != "" && title != role {
		return title
	}
	return t.Role(role)
}

func (t Teller) holder(v *casework.CaseView) string {
	switch {
	case v.Officer != nil && v.Unit != nil:
		return v.Officer.Name + ", " + v.Unit.Name
	case v.Officer != nil:
		return v.Officer.Name
	case v.Unit != nil:
		return v.Unit.Name + ", " + t.L.T("desk.holder.no_officer")
	}
	return t.L.T("desk.holder.nobody")
}

// Facts are what the requester said besides the text.
func (t Teller) Facts(v *casework.CaseView) components.SummaryList {
	c := v.Case
	list := components.SummaryList{Lang: t.L}
	add := func(key, value string) {
		if value != "" {
			list.Rows = append(list.Rows, components.SummaryRow{Key: t.L.T(key), Values: []string{value}})
		}
	}
	add("desk.fact.received", t.When(c.ReceivedAt))
	if !c.RecordedAt.Equal(c.ReceivedAt) {
		add("desk.fact.recorded", t.When(c.RecordedAt))
	}
	add("desk.fact.channel", t.Words("channel.", string(c.Channel)))
	add("desk.fact.purpose", c.Purpose)
	add("desk.fact.delivery", t.Words("delivery.", string(c.Delivery)))
	if c.Ground != "" {
		ground := c.Ground
		if g, ok := v.Pack.ObjectionGround(c.Ground); ok {
			ground = t.In(g.Title) + " (" + t.L.Law(g.Article) + ")"
		}
		add("desk.fact.ground", ground)
	}
	add("desk.fact.law", t.In(v.Pack.Law)+" · "+c.Pack+" "+c.PackVersion)
	return list
}

// Parties are who is behind the case, as far as the officer may know.
func (t Teller) Parties(v *casework.CaseView) components.SummaryList {
	c := v.Case
	list := components.SummaryList{Lang: t.L}
	add := func(key string, values ...string) {
		var some []string
		for _, x := range values {
			if x != "" {
				some = append(some, x)
			}
		}
		if len(some) > 0 {
			list.Rows = append(list.Rows, components.SummaryRow{Key: t.L.T(key), Values: some})
		}
	}
	switch {
	case v.NameHidden:
		add("desk.party.requester", t.L.T("desk.party.hidden"))
	case v.Requester == nil:
		add("desk.party.requester", t.L.T("desk.party.anonymous"))
	default:
		r := v.Requester
		add("desk.party.requester", r.Name, t.Words("requester_kind.", string(r.Kind)))
		add("desk.party.contact", r.Email, r.Phone)
		add("desk.party.identity", r.IdentityNumber)
		add("desk.party.address", r.Address)
	}
	add("desk.party.anonymity", t.Words("anonymity.", string(c.Anonymity)))
	add("desk.party.lang", t.Words("desk.lang.", c.Lang))
	unit := ""
	if v.Unit != nil {
		unit = v.Unit.Name
	}
	add("desk.party.body", v.Body.Name, unit)
	if v.Officer != nil {
		add("desk.party.officer", v.Officer.Name, t.RoleIn(v, string(v.Officer.Role)))
	}
	return list
}

// Text is the case's subject and text with the evidence of the rules marked; marked
// says whether there is any. Spans are code points of subject, line break, text.
func (t Teller) Text(v *casework.CaseView) (segments []pages.DeskSegment, marked bool) {
	full := []rune(policies.Facts{Subject: v.Case.Subject, Text: v.Case.Text}.Full())
	notes := make([]string, len(full))
	for _, g := range v.Proposal {
		if g.Start < 0 || g.End > len(full) || g.Start >= g.End {
			continue
		}
		why := t.In(g.Because)
		if why == "" {
			why = t.L.Law(g.Article)
		}
		for i := g.Start; i < g.End; i++ {
			if notes[i] == "" {
				notes[i] = t.Words("classification.", g.Class) + ": " + why
			}
		}
	}
	skip := 0
	if v.Case.Subject != "" {
		skip = utf8.RuneCountInString(v.Case.Subject) + 1
		for _, n := range notes[:min(skip, len(notes))] {
			if n != "" { // evidence in the subject: show it with the text
				skip = 0
				break
			}
		}
	}
	for i := min(skip, len(full)); i < len(full); {
		j := i
		for j < len(full) && notes[j] == notes[i] {
			j++
		}
		segments = append(segments, pages.DeskSegment{Text: string(full[i:j]), Mark: notes[i] != "", Note: notes[i]})
		marked = marked || notes[i] != ""
		i = j
	}
	return segments, marked
}

// Class tells what class the case has, why, and how it came to it.
func (t Teller) Class(v *casework.CaseView) pages.DeskClassPanel {
	c := v.Case
	p := pages.DeskClassPanel{
		Tag: components.ClassTag(t.L, string(c.Classification)), Meaning: t.Words("classification.", string(c.Classification)+".meaning"),
		Status: t.L.T("desk.class.proposed"), Rows: components.SummaryList{Lang: t.L},
	}
	p.Grounds = t.grounds(v)
	for i := range v.Classified {
		row := v.Classified[i]
		if row.AttachmentID != nil {
			continue
		}
		item := components.TimelineItem{
			Title: t.Words("classification.", string(row.Class)), When: t.ShortWhen(row.At), Stamp: Stamp(row.At), By: row.By,
		}
		if row.Proposed {
			item.By = t.L.T("desk.class.by_rules")
		}
		if x := t.exemption(v, row.Exemption); x != "" {
			item.Lines = append(item.Lines, x)
		}
		if row.Reason != "" {
			item.Lines = append(item.Lines, row.Reason)
		}
		p.History = append(p.History, item)
		if row.Class == c.Classification && row.ExpiresOn != "" {
			p.Rows.Rows = keepLast(p.Rows.Rows, components.SummaryRow{Key: t.L.T("desk.class.expires"), Values: []string{t.Day(row.ExpiresOn)}})
		}
		if row.Pending {
			continue
		}
		if !row.Proposed && c.ClassConfirmed {
			p.Status = t.L.T("desk.class.decided", row.By, t.L.ShortDate(row.At, t.Loc))
		}
	}
	if s := v.Second; s != nil {
		p.Second = t.L.T("desk.class.second", s.By, t.Words("classification.", string(s.Class)), t.ShortWhen(s.At))
	}
	if c.Exemption != "" {
		p.Rows.Rows = append([]components.SummaryRow{{Key: t.L.T("desk.class.exemption"), Values: []string{t.exemption(v, c.Exemption)}}}, p.Rows.Rows...)
	}
	return p
}

func keepLast(rows []components.SummaryRow, r components.SummaryRow) []components.SummaryRow {
	for i := range rows {
		if rows[i].Key == r.Key {
			rows[i] = r
			return rows
		}
	}
	return append(rows, r)
}

// grounds are the rules that spoke, each once, with all that it found.
func (t Teller) grounds(v *casework.CaseView) []pages.DeskGround {
	var out []pages.DeskGround
	at := map[string]int{}
	for _, g := range v.Proposal {
		i, seen := at[g.Rule]
		if !seen {
			title := t.In(g.Because)
			if x, ok := v.Pack.Exemption(g.Exemption); ok && title == "" {
				title = t.In(x.Title)
			}
			i = len(out)
			at[g.Rule] = i
			out = append(out, pages.DeskGround{Class: components.ClassTag(t.L, g.Class), Title: title, Article: t.L.Law(g.Article)})
		}
		if g.Evidence != "" && !slices.ContainsFunc(out[i].Evidence, func(e string) bool { return strings.EqualFold(e, g.Evidence) }) {
			out[i].Evidence = append(out[i].Evidence, g.Evidence)
		}
	}
	return out
}

// exemption names an exemption of the case's law with its article.
func (t Teller) exemption(v *casework.CaseView, id string) string {
	if id == "" {
		return ""
	}
	if x, ok := v.Pack.Exemption(id); ok {
		return t.In(x.Title) + " (" + t.L.Law(x.Article) + ")"
	}
	return id
}

// Decisions tells every answer given, latest first.
func (t Teller) Decisions(v *casework.CaseView) []pages.DeskDecision {
	var out []pages.DeskDecision
	for i := len(v.Decisions) - 1; i >= 0; i-- {
		d := v.Decisions[i]
		p := pages.DeskDecision{
			Outcome: components.OutcomeTag(t.L, string(v.Case.Kind), string(d.Outcome)), When: t.When(d.At),
			By: t.Who(d.By, string(d.ByRole)), Text: d.Text, Rows: components.SummaryList{Lang: t.L},
		}
		add := func(key string, values ...string) {
			if len(values) > 0 && values[0] != "" {
				p.Rows.Rows = append(p.Rows.Rows, components.SummaryRow{Key: t.L.T(key), Values: values})
			}
		}
		var ids, grounds []string
		if json.Unmarshal([]byte(d.Exemptions), &ids) == nil {
			for _, id := range ids {
				grounds = append(grounds, t.exemption(v, id))
			}
		}
		add("desk.decide.exemptions", grounds...)
		add("desk.decide.withheld", d.Withheld)
		add("desk.decide.referred_to", d.ReferredTo)
		var tests []models.Test
		if d.Tests != "" && json.Unmarshal([]byte(d.Tests), &tests) == nil {
			for _, test := range tests {
				p.Rows.Rows = append(p.Rows.Rows, t.test(v, test)...)
			}
		}
		if d.ObjectBy != "" {
			add("desk.decision.object_by", t.Day(d.ObjectBy))
		}
		out = append(out, p)
	}
	return out
}

// test is a filled-in form of the pack, a row an answer.
func (t Teller) test(v *casework.CaseView, test models.Test) []components.SummaryRow {
	var rows []components.SummaryRow
	for _, a := range test.Answers {
		label, words := a.Field, a.Text
		if form, ok := v.Pack.Form(test.Form); ok {
			for _, f := range form.Fields {
				if f.ID == a.Field {
					label = t.In(f.Title)
					words = t.testAnswer(v, f.Type, words)
				}
			}
		}
		rows = append(rows, components.SummaryRow{Key: label, Values: []string{words}})
	}
	return rows
}

// testAnswer tells what a form keeps as a code: exemptions by their ids, days.
func (t Teller) testAnswer(v *casework.CaseView, kind, words string) string {
	switch kind {
	case "exemption":
		var names []string
		for _, id := range strings.Split(words, ", ") {
			names = append(names, t.exemption(v, id))
		}
		return strings.Join(names, "; ")
	case "date":
		return t.Day(words)
	}
	return words
}

// Short cuts a line of text to n code points at most.
func Short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)[:n-1]
	return strings.TrimRight(string(r), " ") + "…"
}
