// Package pages has one component for each outcome of a route, with the struct it is drawn from beside it. The structs
// hold words, numbers and links, all formatted by the handler: what is not in the struct cannot reach a reader.
package pages

import (
	"github.com/a-h/templ"

	"terang/views/components"
	"terang/views/layout"
	"terang/views/text"
)

// Step is a page with one form: a question of the filing wizard, or an action on a case. The form posts to the page's own
// path and carries _csrf, and version where the case may have changed meanwhile.
type Step struct {
	layout.Page
	Action  templ.SafeURL           // where the form posts; Page.Path when empty
	BackURL templ.SafeURL           // one step back
	Errors  []components.FieldError // Field is the input's name; answer 422 when there are any
	Version string                  // of the case the form was drawn from; "" for none
	Number  int                     // of the step in the wizard; 0 for none
	Of      int
	SaveURL templ.SafeURL // "save and go on later"; "" for none
}

func (s Step) l() text.Lang { return s.Lang.Or() }

func (s Step) page(title string) layout.Page {
	p := s.Page.Titled(title)
	p.Failed = p.Failed || len(s.Errors) > 0
	return p
}

func (s Step) action() templ.SafeURL {
	if s.Action != "" {
		return s.Action
	}
	return templ.URL(s.Path)
}

func (s Step) err(field string) string { return components.ErrorFor(s.Errors, field) }

// Result is one published case in a list.
type Result struct {
	Title   string
	URL     templ.SafeURL
	Body    string
	Date    string // when it was published, formatted
	Outcome components.Tag
	Snippet []Snippet // words around the match; may be empty
}

// Snippet is a stretch of text; Match marks what was searched for.
type Snippet struct {
	Text  string
	Match bool
}

// Withheld is one thing that was not given, with why.
type Withheld struct {
	What    string // the document or the part of it
	Article string // the article relied on, with its title
	Reason  string // consequence test in short
	Until   string // how long it stays closed; "" when not stated
}

func options(l text.Lang, prefix, hint, chosen string, values ...string) []components.Option {
	var out []components.Option
	for _, v := range values {
		o := components.Option{Value: v, Label: l.T(prefix + v), Checked: v == chosen}
		if hint != "" && text.Has(prefix+v+hint) {
			o.Hint = l.T(prefix + v + hint)
		}
		out = append(out, o)
	}
	return out
}

func choose(opts []components.Option, chosen string) []components.Option {
	out := make([]components.Option, len(opts))
	for i, o := range opts {
		o.Checked = o.Checked || (chosen != "" && o.Value == chosen)
		out[i] = o
	}
	return out
}

// pick gives the words for a kind where they differ by kind, and the general ones otherwise.
func pick(l text.Lang, key, kind string) string {
	if text.Has(key + "." + kind) {
		return l.T(key + "." + kind)
	}
	return l.T(key)
}
