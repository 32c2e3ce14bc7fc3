package web

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"terang/views/layout"
)

// errorPage is the page of every error.
func errorPage(p layout.Page, v ErrorView) templ.Component {
	inner := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		s := "<h1>" + templ.EscapeString(v.Title) + "</h1><p>" + templ.EscapeString(v.Text) + "</p>"
		if v.Incident != "" {
			s += `<p class="code">` + templ.EscapeString(v.Incident) + "</p>"
		}
		if v.OfferTrack {
			s += `<p><a href="/track">` + templ.EscapeString(p.Lang.T("layout.nav.track")) + "</a></p>"
		}
		_, err := io.WriteString(w, s)
		return err
	})
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return layout.Public(p).Render(templ.WithChildren(ctx, inner), w)
	})
}
