package casework

import (
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"terang/models"
	"terang/policies"
)

// clean reads what someone typed: spaces around it go, line ends become one kind.
func clean(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
}

// text checks one field of free text: valid UTF-8 without control characters
// (a NUL would end a string in some databases and not in others), within max code
// points, and present when required.
func text(c *models.Check, field, value string, max int, required bool) {
	switch {
	case !utf8.ValidString(value):
		c.Field(false, field, "not_utf8")
	case strings.ContainsFunc(value, forbiddenRune):
		c.Field(false, field, "control_character")
	case required && value == "":
		c.Field(false, field, "required")
	case utf8.RuneCountInString(value) > max:
		c.Field(false, field, "too_long", strconv.Itoa(max))
	}
}

func forbiddenRune(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t'
}

// one checks a choice.
func one[T ~string](c *models.Check, field string, value T, among []T) {
	for _, v := range among {
		if v == value {
			return
		}
	}
	if value == "" {
		c.Field(false, field, "required")
		return
	}
	c.Field(false, field, "not_a_choice")
}

// tidy gives an input its defaults and trims it.
func (in FileInput) tidy() FileInput {
	in.Subject, in.Text, in.Purpose = clean(in.Subject), clean(in.Text), clean(in.Purpose)
	in.Subject = strings.Join(strings.Fields(in.Subject), " ")
	r := &in.Requester
	r.Name, r.Email, r.Phone = clean(r.Name), clean(r.Email), clean(r.Phone)
	r.IdentityNumber, r.Address = clean(r.IdentityNumber), clean(r.Address)
	if in.Delivery == "" {
		in.Delivery = models.Electronic
	}
	if in.Anonymity == "" {
		in.Anonymity = models.Open
	}
	if in.Channel == "" {
		in.Channel = models.ChannelWeb
	}
	if r.Kind == "" {
		r.Kind = models.Individual
	}
	if in.Lang != "en" {
		in.Lang = "id"
	}
	if in.Anonymity == models.Anonymous {
		in.Requester = RequesterInput{Kind: r.Kind} // what the law lets stay unknown is not kept
	}
	return in
}

// check says all that is wrong with a filing, and, apart from it, what is
// merely missing under the pack's law: an officer's record may be kept incomplete, a
// public form is completed first.
func (in FileInput) check(pack *policies.Pack) (wrong, missing models.Check) {
	one(&wrong, "kind", in.Kind, models.FileableKinds)
	one(&wrong, "delivery", in.Delivery, []models.Delivery{models.Electronic, models.Paper, models.View})
	one(&wrong, "anonymity", in.Anonymity, []models.Anonymity{models.Open, models.Hidden, models.Anonymous})
	r := in.Requester
	one(&wrong, "requester_kind", r.Kind, []models.RequesterKind{models.Individual, models.LegalEntity, models.Group})
	text(&wrong, "subject", in.Subject, models.MaxSubject, true)
	text(&wrong, "text", in.Text, models.MaxText, true)
	text(&wrong, "purpose", in.Purpose, models.MaxPurpose, false)
	text(&wrong, "name", r.Name, models.MaxName, false)
	text(&wrong, "address", r.Address, models.MaxAddress, false)
	text(&wrong, "email", r.Email, 254, false)
	text(&wrong, "phone", r.Phone, 40, false)
	text(&wrong, "identity_number", r.IdentityNumber, 60, false)
	wrong.Field(r.Email == "" || validEmail(r.Email), "email", "not_an_email")
	wrong.Field(r.Phone == "" || validPhone(r.Phone), "phone", "not_a_phone")
	wrong.Field(len(in.Uploads) <= models.MaxAttachments, "attachments", "too_many", strconv.Itoa(models.MaxAttachments))
	if pack == nil {
		return wrong, missing
	}
	if d := pack.AllowsAnonymity(string(in.Kind), string(in.Anonymity)); !d.Allowed {
		wrong.Field(false, "anonymity", "anonymity_not_allowed", d.Article)
	}
	for _, f := range pack.RequiredFields(string(in.Kind), string(r.Kind), string(in.Anonymity)) {
		field := f
		if f == "contact" { // any of three; the form asks for the first
			field = "email"
		}
		missing.Field(in.value(f) != "", field, "required")
	}
	return wrong, missing
}

// value is the content of a field by its API name, for RequiredFields.
func (in FileInput) value(field string) string {
	switch field {
	case "name":
		return in.Requester.Name
	case "email":
		return in.Requester.Email
	case "phone":
		return in.Requester.Phone
	case "contact": // any way to reach them
		return in.Requester.Email + in.Requester.Phone + in.Requester.Address
	case "identity_number":
		return in.Requester.IdentityNumber
	case "address":
		return in.Requester.Address
	case "purpose":
		return in.Purpose
	case "subject":
		return in.Subject
	case "text":
		return in.Text
	case "delivery":
		return string(in.Delivery)
	}
	return ""
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}

func validPhone(s string) bool {
	n := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			n++
		case r == '+' && i == 0, r == ' ', r == '-', r == '(', r == ')', r == '.':
		default:
			return false
		}
	}
	return n >= 5 && n <= 16
}

// reason checks a text that must be given with a verb.
func reason(field, s string, max int) (string, error) {
	s = clean(s)
	var c models.Check
	text(&c, field, s, max, true)
	return s, c.Err()
}

// maxReason is the most an officer's reason may hold, in code points.
const maxReason = 10_000
