package channels

import (
	"strings"
	"testing"
	"time"

	"terang/models/casework"
	"terang/views/text"
)

// Every message to an officer about an account has words in both languages, a link to this
// site alone, and no line of its own making in its subject.
func TestLettersAboutAccounts(t *testing.T) {
	at := time.Date(2026, 1, 7, 3, 0, 0, 0, time.UTC)
	kinds := []string{"app_added", "app_removed", "passkey_added", "passkey_removed", "passkey_suspect", "recovery_code_used", "password_set", "provider_refused",
		"second_factor_reset", "second_factor_reset_asked"}
	for _, lang := range text.Langs {
		for _, what := range kinds {
			m, ok := compose("https://terang.test", casework.Letter{Kind: "account.changed", Lang: string(lang), Account: &casework.AccountLetter{
				Name: "Hesti\r\nBcc: x@evil.example", What: what, At: at, Device: "Mozilla/5.0", By: "Admin", Path: "/account",
			}})
			whole := m.Subject + "\n" + m.Text()
			if !ok || strings.Contains(whole, "[") || strings.Contains(whole, "%!") || strings.Contains(whole, "\nBcc") || m.Link != "https://terang.test/account" || !strings.Contains(whole, "10") {
				t.Errorf("%s (%s): %s", what, lang, whole)
			}
		}
		for kind, link := range map[string]string{"account.password_link": "https://terang.test/welcome/abc", "account.reset_asked": "https://terang.test/desk/resets"} {
			m, ok := compose("https://terang.test", casework.Letter{Kind: kind, Lang: string(lang), Account: &casework.AccountLetter{
				Name: "Hesti", At: at, Until: at.Add(time.Hour), By: "Admin", For: "Fauzan (atasan@pu.example)", Path: strings.TrimPrefix(link, "https://terang.test"),
			}})
			whole := m.Subject + "\n" + m.Text()
			if !ok || strings.Contains(whole, "[") || strings.Contains(whole, "%!") || m.Link != link {
				t.Errorf("%s (%s): %s", kind, lang, whole)
			}
		}
	}
	if _, ok := compose("https://terang.test", casework.Letter{Kind: "account.unknown", Account: &casework.AccountLetter{}}); ok {
		t.Error("a kind without words was written")
	}
}
