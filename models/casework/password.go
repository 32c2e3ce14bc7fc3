package casework

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"terang/models"
	"terang/models/store"
)

// MinPassword is the shortest password, in code points (NIST SP 800-63B and OWASP ASVS 5
// ask for length, not for kinds of characters).
const MinPassword = 12

const maxPassword = 200

//go:embed common.txt
var commonPasswords string

// common are stems of what people choose first, without the digits and marks they put
// around them.
var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonPasswords) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			m[line] = true
		}
	}
	return m
})

// ownEnough is how many letters and digits must remain of a password when what everyone
// knows of its holder is taken out.
const ownEnough = 7

// checkPassword refuses a password that is short, that everyone would try first, or that
// is little more than the address and name of who it is for.
func checkPassword(c *models.Check, field, p, email, name string) {
	n := utf8.RuneCountInString(p)
	switch {
	case !utf8.ValidString(p):
		c.Field(false, field, "not_utf8")
	case n < MinPassword:
		c.Field(false, field, "password_too_short", fmt.Sprint(MinPassword))
	case n > maxPassword:
		c.Field(false, field, "too_long", fmt.Sprint(maxPassword))
	case guessable(p):
		c.Field(false, field, "password_common")
	case len([]rune(stripped(p, email, name))) < ownEnough:
		c.Field(false, field, "password_own_name")
	}
}

// guessable says whether a password is one of a few letters repeated, a run along the
// keyboard or the alphabet, or a common word with digits about it.
func guessable(p string) bool {
	bare := letters(p)
	kinds := map[rune]bool{}
	for _, r := range bare {
		kinds[r] = true
	}
	if len(kinds) < 5 {
		return true
	}
	for _, row := range []string{"01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"} {
		if strings.Contains(row, bare) || strings.Contains(row, backwards(bare)) {
			return true
		}
	}
	stem := strings.TrimFunc(bare, unicode.IsDigit)
	if stem == "" {
		stem = bare
	}
	half := stem[:len(stem)/2]
	return common()[stem] || common()[bare] || len(stem)%2 == 0 && half == stem[len(stem)/2:] && common()[half]
}

// stripped is what remains of a password when the words of an address and a name are taken
// out of it.
func stripped(p, email, name string) string {
	rest := strings.ToLower(p)
	words := strings.FieldsFunc(strings.ToLower(email+" "+name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range words {
		if utf8.RuneCountInString(w) >= 3 {
			rest = strings.ReplaceAll(rest, w, "")
		}
	}
	return letters(rest)
}

// letters keeps letters and digits, in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func backwards(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// AskPassword takes the wish for a new password link. It answers the same, and does the
// same, for every address: who has an account is looked up by the sweep, which sends them
// the link. Wishes are throttled by where they come from and by address.
func (s *Service) AskPassword(ctx context.Context, email, lang, scope string) error {
	email = strings.ToLower(clean(email))
	var c models.Check
	c.Field(validEmail(email) && len(email) <= models.MaxName, "email", "not_an_email")
	if err := c.Err(); err != nil {
		return err
	}
	keys := []string{"ask:" + scope, "asked:" + email}
	if err := s.throttled(ctx, keys); err != nil {
		return err
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		if err := s.bump(tx, keys); err != nil {
			return err
		}
		return tx.Insert(&models.PasswordAsk{Email: email, Lang: lang, AskedAt: s.now()})
	})
}

const asksAtOnce = 100

// sweepAsks makes a link for each wish from an account, and forgets the others.
func (s *Service) sweepAsks(ctx context.Context, _ time.Time, _ *SweepReport) error {
	for {
		asks, err := s.store.Read(ctx).PasswordAsks(asksAtOnce)
		if err != nil || len(asks) == 0 {
			return err
		}
		for _, ask := range asks {
			if err := s.store.WithTx(ctx, func(tx *store.Tx) error { return s.answerPasswordAsk(tx, ask) }); err != nil {
				return err
			}
		}
	}
}

func (s *Service) answerPasswordAsk(tx *store.Tx, ask models.PasswordAsk) error {
	ours, err := tx.DeletePasswordAsk(ask.ID)
	if err != nil || !ours {
		return err
	}
	o, err := tx.OfficerByEmail(ask.Email)
	if err != nil && models.KindOf(err) != models.NotFound {
		return err
	}
	if err != nil || o.Disabled {
		return nil
	}
	token, err := newPasswordLink(tx, o, s.now(), models.AskedLinkValid)
	if err != nil {
		return err
	}
	if err := s.letterTo(tx, o, "account.password_link", AccountLetter{Path: "/welcome/" + token, Until: s.now().Add(models.AskedLinkValid)}); err != nil {
		return err
	}
	return s.account(tx, models.Actor{Kind: models.Anyone}, o, "officer.password_asked", models.EventData{})
}

// AccountLetter is what a message to an officer about their own account may say.
type AccountLetter struct {
	Name   string    `json:"name"`
	What   string    `json:"what,omitempty"` // what changed: a kind of event, without "officer."
	At     time.Time `json:"at"`
	Device string    `json:"device,omitempty"` // as the browser named itself
	By     string    `json:"by,omitempty"`     // who did it, where it was not the officer
	For    string    `json:"for,omitempty"`    // whose account it is, where it is not the reader's
	Path   string    `json:"path,omitempty"`   // on this site
	Until  time.Time `json:"until,omitzero"`
}

// letterTo puts a message to an officer into the outbox.
func (s *Service) letterTo(tx *store.Tx, o *models.Officer, kind string, l AccountLetter) error {
	l.Name, l.At = o.Name, s.now()
	return tx.Insert(&models.Outgoing{Kind: kind, To: o.Email, Lang: o.Lang, Data: toJSON(l), CreatedAt: s.now()})
}

// changed records a change of how an account is opened and tells its holder by mail, so
// that one they did not make does not go unseen.
func (s *Service) changed(tx *store.Tx, a models.Actor, o *models.Officer, what string, d Device, data models.EventData) error {
	if err := s.account(tx, a, o, "officer."+what, data); err != nil {
		return err
	}
	l := AccountLetter{What: what, Device: d.Agent, Path: "/account"}
	if a.OfficerID != o.ID && (a.Kind == models.ByOfficer || a.Kind == models.BySystem) {
		l.By = a.Label()
	}
	return s.letterTo(tx, o, "account.changed", l)
}
