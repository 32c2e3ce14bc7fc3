package pages

import (
	"terang/static"
)

// DossierStyle is the stylesheet that lies beside a dossier's page, so that it looks the
// same without a network.
func DossierStyle() []byte {
	a, _ := static.Lookup(static.URL("css/terang.css"))
	return a.Body
}
