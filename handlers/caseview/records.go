package caseview

import (
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// Dossier tells the file of a case that is handed over outside.
func Dossier(l text.Lang, d *casework.DossierView) pages.Dossier {
	if len(d.Cases) == 0 {
		return pages.Dossier{Lang: l}
	}
	t := For(l, d.Cases[0].CaseView)
	out := pages.Dossier{
		Lang: l, Title: l.T("dossier.title", d.Asked),
		Intro: []string{l.T("dossier.made", t.When(d.Made), t.Role(d.By.RoleLabel()), t.In(d.Pack.Name)+" "+d.Pack.Version), l.T("dossier.machine")},
	}
	if d.Stage != nil {
		out.Stage = t.stage(d.Stage)
	}
	for _, m := range d.Missing {
		ref, kind, _ := strings.Cut(m, " ")
		out.Missing = append(out.Missing, strings.TrimSpace(ref+" "+t.Words("event.", kind)))
	}
	for i := range d.Cases {
		out.Cases = append(out.Cases, t.section(&d.Cases[i]))
	}
	return out
}

func (t Teller) section(c *casework.DossierCase) pages.DossierSection {
	v := c.CaseView
	head := t.Head(v, "")
	s := pages.DossierSection{
		ID: "case-" + v.Case.Reference, Reference: v.Case.Reference, Kind: head.Kind, Subject: v.Case.Subject, Tags: head.Tags, Text: v.Case.Text,
		Facts: t.Facts(v), Parties: t.Parties(v), Decisions: t.Decisions(v), Clocks: t.Clocks(v), Timeline: t.Timeline(v.Timeline),
	}
	for _, m := range v.Messages {
		from := v.Body.Name
		if !m.FromBody {
			from = t.Role("requester")
		}
		s.Messages = append(s.Messages, components.Message{From: from, When: t.When(m.At), Stamp: Stamp(m.At), Text: m.Text, Mine: !m.FromBody})
	}
	for _, f := range c.Documents {
		s.Documents = append(s.Documents, components.Link{Label: f.Name, URL: beside(f.Path), Note: t.L.Bytes(f.Size) + " · SHA-256 " + f.SHA256})
	}
	for _, f := range c.Receipts {
		s.Receipts = append(s.Receipts, components.Link{Label: t.Words("event.", f.Event), URL: beside(f.Path), Note: t.When(f.At)})
	}
	return s
}

// beside is the address of a file that lies in the same folder as the page.
func beside(path string) templ.SafeURL { return templ.SafeURL((&url.URL{Path: path}).EscapedPath()) }

// Outside tells the stages beyond the body that the case has come to.
func (t Teller) Outside(v *casework.CaseView) []pages.DossierStage {
	var out []pages.DossierStage
	for i := range v.Outside {
		if st := &v.Outside[i]; st.Open || st.Passed || st.Filed != nil {
			out = append(out, t.stage(st))
		}
	}
	return out
}

func (t Teller) stage(st *casework.OutsideStage) pages.DossierStage {
	out := pages.DossierStage{Title: t.In(st.Title), Rows: components.SummaryList{Lang: t.L}}
	add := func(key string, values ...string) {
		out.Rows.Rows = append(out.Rows.Rows, components.SummaryRow{Key: t.L.T(key), Values: values})
	}
	add("outside.before", t.In(st.Before))
	until := t.L.T("outside.until_none")
	if st.Until != "" {
		until = t.Day(st.Until)
	}
	add("outside.until", until)
	var states []string
	switch {
	case st.Open:
		states = append(states, t.L.T("outside.status.open"))
	case st.Passed:
		states = append(states, t.L.T("outside.status.passed"))
	}
	if st.Filed != nil {
		states = append(states, strings.TrimSuffix(t.L.T("outside.status.filed", t.L.Date(st.Filed.On, t.Loc), st.Filed.Before+about(st.Filed.Text)), ": "))
	}
	if st.Decided != nil {
		states = append(states, t.L.T("outside.status.decided", t.L.Date(st.Decided.On, t.Loc), st.Decided.Before))
	}
	if len(states) > 0 {
		add("outside.status", states...)
	}
	if st.Decided != nil {
		add("outside.result", st.Decided.Text)
	}
	add("outside.article", t.L.Law(st.Article))
	for _, f := range st.File {
		out.File = append(out.File, t.In(f))
	}
	return out
}

func about(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// Stones tells what was erased of a case: what, when, under which article, by which
// offices. It names nobody.
func (t Teller) Stones(pack *policies.Pack, stones []casework.Stone) []pages.Stone {
	role := func(r models.Role) string {
		if title := t.In(pack.RoleTitle(string(r))); title != "" {
			return title
		}
		return t.Role(string(r))
	}
	var out []pages.Stone
	for _, s := range stones {
		p := pages.Stone{Title: t.L.T("erase.scope." + string(s.Scope)), Rows: components.SummaryList{Lang: t.L}}
		add := func(key, value string) {
			if value != "" {
				p.Rows.Rows = append(p.Rows.Rows, components.SummaryRow{Key: t.L.T(key), Values: []string{value}})
			}
		}
		add("erase.scope", t.L.T("erase.scope."+string(s.Scope)+".text"))
		add("stone.when", t.When(s.At))
		add("stone.ground", t.In(s.Rule))
		add("stone.article", t.L.Law(s.Article))
		add("stone.by", t.L.T("stone.by_two", role(s.Proposed), role(s.Confirmed)))
		add("stone.events", t.L.Number(int(s.Events)))
		index := t.L.T("stone.index_none")
		if s.Leaf != nil {
			index = t.L.Number(int(*s.Leaf))
		}
		add("stone.index", index)
		out = append(out, p)
	}
	return out
}
