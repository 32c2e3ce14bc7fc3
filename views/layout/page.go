// Package layout is the frame around each page: one for the public, one for the desk, one for the auditors.
package layout

import (
	"github.com/a-h/templ"

	"terang/views/components"
	"terang/views/text"
)

// Page is what the frame needs to know of any page. Every view-model embeds it.
type Page struct {
	Lang       text.Lang
	Title      string        // in words, without the site's name
	Path       string        // where this page is, to mark its place in the menu
	AltURL     templ.SafeURL // this page in the other language
	DemoNotice bool          // the installation has known passwords and made-up data; said on every page
	CSRF       string        // token for every form on the page
	Failed     bool          // a form was refused: the title says so first, which a screen reader speaks first

	SignedInName string // an officer is signed in; empty for everybody else
	SignedInRole string // the role in words

	Flash     string // something just done, said once
	FlashTone string // "success" (default), "warning", "error"

	Nav []NavLink // desk and audit: the menu as far as this officer may go
}

// NavLink is one entry of the menu of the desk and the audit pages.
type NavLink struct {
	Label   string
	URL     templ.SafeURL
	Current bool
	Count   string // formatted; empty for none
}

func (p Page) lang() text.Lang { return p.Lang.Or() }

func (p Page) title() string {
	t := p.Title
	if t != "" {
		t += " · "
	}
	t += p.lang().T("site.name")
	if p.Failed {
		t = p.lang().T("layout.error_prefix") + t
	}
	return t
}

func (p Page) publicNav() []NavLink {
	l := p.lang()
	links := []NavLink{
		{Label: l.T("layout.nav.home"), URL: "/"},
		{Label: l.T("layout.nav.file"), URL: "/file"},
		{Label: l.T("layout.nav.track"), URL: "/track"},
		{Label: l.T("layout.nav.disclosures"), URL: "/disclosures"},
		{Label: l.T("layout.nav.bodies"), URL: "/bodies"},
	}
	best := -1
	for i, n := range links {
		u := string(n.URL)
		if p.Path == u || (u != "/" && len(p.Path) > len(u) && p.Path[:len(u)] == u && p.Path[len(u)] == '/') {
			best = i
		}
	}
	if best >= 0 {
		links[best].Current = true
	}
	return links
}

func (p Page) flash() components.Banner {
	return components.Banner{Tone: p.flashTone(), Text: p.Flash, Live: true}
}

func (p Page) flashTone() string {
	if p.FlashTone == "" {
		return "success"
	}
	return p.FlashTone
}

// Titled gives the page a title unless the handler chose one.
func (p Page) Titled(title string) Page {
	if p.Title == "" {
		p.Title = title
	}
	return p
}
