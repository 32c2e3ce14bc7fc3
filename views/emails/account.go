package emails

import (
	"strings"

	"terang/views/text"
)

// AccountChanged tells an officer that how their account is opened was changed, whoever
// did it: a change they did not make must not go unseen.
type AccountChanged struct {
	Lang   text.Lang
	Name   string
	What   string // kind of event
	At     string // formatted
	Device string // as the browser named itself; "" for none
	By     string // "" for themselves
	URL    string
}

func (v AccountChanged) Message() Message {
	l := v.Lang.Or()
	m := Message{Lang: l, Subject: l.T("mail.account.changed.subject"), Link: v.URL, LinkLabel: l.T("mail.account.open"),
		Paragraphs: []string{l.T("mail.dear", oneLine(v.Name)), l.T("mail.account.changed.text", l.T("event.officer."+v.What), v.At)}}
	if v.Device != "" {
		m.Paragraphs = append(m.Paragraphs, l.T("mail.account.changed.device", oneLine(v.Device)))
	}
	if v.By != "" {
		m.Paragraphs = append(m.Paragraphs, l.T("mail.account.changed.by", oneLine(v.By)))
	}
	m.Paragraphs = append(m.Paragraphs, l.T("mail.account.changed.not_you"))
	return m
}

// PasswordLink sends the link somebody asked for on the sign-in page.
type PasswordLink struct {
	Lang  text.Lang
	Name  string
	URL   string
	Until string // formatted
}

func (v PasswordLink) Message() Message {
	l := v.Lang.Or()
	return Message{Lang: l, Subject: l.T("mail.account.password_link.subject"), Link: v.URL, LinkLabel: l.T("welcome.title"),
		Paragraphs: []string{l.T("mail.dear", oneLine(v.Name)), l.T("mail.account.password_link.text", v.Until)}}
}

// ResetAsked asks a second person to agree to the reset of somebody's second factor.
type ResetAsked struct {
	Lang  text.Lang
	Name  string
	By    string
	For   string
	Until string // formatted
	URL   string
}

func (v ResetAsked) Message() Message {
	l := v.Lang.Or()
	return Message{Lang: l, Subject: l.T("mail.account.reset_asked.subject"), Link: v.URL, LinkLabel: l.T("mail.account.reset_asked.open"),
		Paragraphs: []string{l.T("mail.dear", oneLine(v.Name)), strings.TrimSpace(l.T("mail.account.reset_asked.text", oneLine(v.By), oneLine(v.For), v.Until))}}
}
