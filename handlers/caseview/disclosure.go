package caseview

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/a-h/templ"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// Disclosure is an entry of the disclosure log as the public reads it; the desk shows the same
// before it is published. file gives the address of a document.
func (t Teller) Disclosure(d *casework.DisclosureView, file func(*models.Attachment) templ.SafeURL) pages.Disclosure {
	v := pages.Disclosure{
		Reference: d.Reference, Subject: d.Title, Body: d.Body.Name, BodyURL: templ.URL("/bodies/" + d.Body.Slug),
		Summary: d.Summary, Asked: d.Question, Decision: d.Answer, Outcome: components.OutcomeTag(t.L, string(d.Kind), string(d.Outcome)),
		FiledOn: t.Day(d.ReceivedOn), DecidedOn: t.Day(d.AnsweredOn), PublishedOn: t.L.Date(d.PublishedAt, text.Zone(d.Body.Zone)),
		Law: d.Pack.Law.In(string(t.L)), Withheld: Withheld(t.L, d.Pack, d.Decision, d.Withheld), Stones: t.Stones(d.Pack, d.Stones),
	}
	for i := range d.Documents {
		doc := &d.Documents[i]
		v.Documents = append(v.Documents, components.Link{Label: doc.Name, URL: file(doc), Note: FileNote(t.L, d.Pack, doc)})
	}
	return v
}

// FileNote stands behind a document's name: how large it is, and what of it is covered.
func FileNote(l text.Lang, pack *policies.Pack, a *models.Attachment) string {
	note := "(" + l.Bytes(a.Size) + ")"
	if c := Covered(l, pack, a); c != "" {
		note += " " + c
	}
	return note
}

// Covered says how many passages of a redacted copy are withheld, under which articles; "" for
// any other document.
func Covered(l text.Lang, pack *policies.Pack, a *models.Attachment) string {
	if a.Redacts == nil {
		return ""
	}
	var covered []models.Covered
	if a.Covered == "" || json.Unmarshal([]byte(a.Covered), &covered) != nil {
		return l.T("redaction.covered_elsewhere")
	}
	if len(covered) == 0 {
		return l.T("redaction.covered_nothing")
	}
	n := 0
	var under []string
	for _, c := range covered {
		n += c.Count
		words := c.Exemption
		if e, ok := pack.Exemption(c.Exemption); ok {
			words = l.Law(e.Article)
		}
		if len(covered) > 1 {
			words = l.T("redaction.covered_each", c.Count, words)
		}
		under = append(under, words)
	}
	if n == 1 {
		return l.T("redaction.covered_one", strings.Join(under, ", "))
	}
	return l.T("redaction.covered", n, strings.Join(under, ", "))
}

// Withheld names what is held back, under which article and why: of the decision, then of each
// document.
func Withheld(l text.Lang, pack *policies.Pack, d *models.Decision, docs []models.Attachment) []pages.Withheld {
	var out []pages.Withheld
	if d != nil {
		test, ids := DecisionParts(d)
		for i, id := range ids {
			w := pages.Withheld{What: d.Withheld, Article: Article(l, pack, id)}
			if w.What == "" {
				w.What = test["information"]
			}
			if w.What == "" {
				w.What = l.T("outcome." + string(d.Outcome))
			}
			if i == 0 {
				w.Reason, w.Until = cmp.Or(test["consequence_open"], test["harm"]), test["duration"]
			}
			out = append(out, w)
		}
	}
	for _, doc := range docs {
		if doc.Ground == "" {
			continue
		}
		out = append(out, pages.Withheld{What: l.T("withheld.document"), Article: Article(l, pack, doc.Ground)})
	}
	return out
}

// Article is an exemption's article with its title.
func Article(l text.Lang, pack *policies.Pack, id string) string {
	e, ok := pack.Exemption(id)
	if !ok {
		return id
	}
	return l.Law(e.Article) + ": " + e.Title.In(string(l))
}

// DecisionParts reads the parts of a decision that are kept as JSON. What cannot be
// read is left out: the decision's words say it too.
func DecisionParts(d *models.Decision) (map[string]string, []string) {
	answers := map[string]string{}
	var tests []models.Test
	var ids []string
	if d.Tests != "" {
		_ = json.Unmarshal([]byte(d.Tests), &tests)
	}
	for _, t := range tests {
		for _, a := range t.Answers {
			answers[a.Field] = a.Text
		}
	}
	if d.Exemptions != "" {
		_ = json.Unmarshal([]byte(d.Exemptions), &ids)
	}
	return answers, ids
}
