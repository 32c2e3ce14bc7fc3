package channels

import (
	"terang/models/casework"
	"terang/views/emails"
	"terang/views/text"
)

// accountTemplates are the words of messages to officers about accounts.
var accountTemplates = map[string]func(l text.Lang, base string, a casework.AccountLetter) emails.Message{
	"account.changed": func(l text.Lang, base string, a casework.AccountLetter) emails.Message {
		return emails.AccountChanged{Lang: l, Name: a.Name, What: a.What, At: l.DateTime(a.At, nil), Device: a.Device, By: a.By, URL: base + a.Path}.Message()
	},
	"account.password_link": func(l text.Lang, base string, a casework.AccountLetter) emails.Message {
		return emails.PasswordLink{Lang: l, Name: a.Name, URL: base + a.Path, Until: l.DateTime(a.Until, nil)}.Message()
	},
	"account.reset_asked": func(l text.Lang, base string, a casework.AccountLetter) emails.Message {
		return emails.ResetAsked{Lang: l, Name: a.Name, By: a.By, For: a.For, URL: base + a.Path, Until: l.DateTime(a.Until, nil)}.Message()
	},
}
