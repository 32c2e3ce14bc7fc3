// Package emails writes the messages that leave the house, in plain text and in HTML.
//
// A message names a case by its reference only. Its subject and text stay behind the key: a mailbox is read by more people
// than its owner, and a confidential matter must not show in a list of letters.
package emails

import (
	"strings"

	"terang/views/text"
)

// Message is a message ready to send. HTML is drawn by Letter.
type Message struct {
	Lang       text.Lang
	Subject    string
	Paragraphs []string
	Link       string // absolute, from the configured address; "" for none
	LinkLabel  string
}

// Text is the plain part. Lines are not broken: mail programs do that to the reader's width.
func (m Message) Text() string {
	parts := append([]string{}, m.Paragraphs...)
	if m.Link != "" {
		parts = append(parts, m.LinkLabel+":\n"+m.Link)
	}
	parts = append(parts, m.Lang.T("mail.footer"))
	return strings.Join(parts, "\n\n") + "\n"
}

func message(l text.Lang, name string, c Case, more ...string) Message {
	m := Message{Lang: l.Or(), Subject: oneLine(l.T("mail."+name+".subject", c.Reference)), Link: c.URL, LinkLabel: l.T("mail.open")}
	if c.Name != "" {
		m.Paragraphs = append(m.Paragraphs, l.T("mail.dear", oneLine(c.Name)))
	}
	for _, p := range more {
		if p = strings.TrimSpace(p); p != "" {
			m.Paragraphs = append(m.Paragraphs, p)
		}
	}
	m.Paragraphs = append(m.Paragraphs, l.T("mail.key"))
	return m
}

// A line break in a header would let a name add headers of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Case is what every message to a requester knows of the case. Name is empty for those without one.
type Case struct {
	Reference string
	Name      string
	Kind      string // in words
	Body      string
	URL       string // absolute address of the case page
}

// Filed confirms the filing.
type Filed struct {
	Lang       text.Lang
	Case       Case
	DueOn      string // formatted; "" while incomplete
	Incomplete bool
	Missing    []string
}

func (v Filed) Message() Message {
	l := v.Lang
	if v.Incomplete {
		return message(l, "incomplete", v.Case, l.T("mail.incomplete.text", v.Case.Body), "- "+strings.Join(v.Missing, "\n- "))
	}
	return message(l, "filed", v.Case, l.T("mail.filed.text", v.Case.Kind, v.Case.Body, v.DueOn), l.T("mail.filed.lapse"))
}

// Clarification tells that the officer asks something.
type Clarification struct {
	Lang text.Lang
	Case Case
	Runs bool // the clock runs on meanwhile
}

func (v Clarification) Message() Message {
	more := ""
	if v.Runs {
		more = v.Lang.T("mail.clarification.runs")
	}
	return message(v.Lang, "clarification", v.Case, v.Lang.T("mail.clarification.text", v.Case.Body), more)
}

// Extended tells that the answer will come later, until when and by which article. The officer's reasons are on the page.
type Extended struct {
	Lang    text.Lang
	Case    Case
	DueOn   string
	Article string
}

func (v Extended) Message() Message {
	return message(v.Lang, "extended", v.Case, v.Lang.T("mail.extended.text", v.Case.Body, v.DueOn, v.Article))
}

// Decided tells that there is an answer, not which.
type Decided struct {
	Lang        text.Lang
	Case        Case
	ObjectUntil string // "" when the law has no objection
}

func (v Decided) Message() Message {
	more := ""
	if v.ObjectUntil != "" {
		more = v.Lang.T("mail.decided.object", v.ObjectUntil)
	}
	return message(v.Lang, "decided", v.Case, v.Lang.T("mail.decided.text", v.Case.Body), more)
}

// Escalated tells that a more senior official has it now, and why.
type Escalated struct {
	Lang   text.Lang
	Case   Case
	Office string // in words
	ActBy  string
	Lapsed bool // by itself, because the rung below ran out of time
}

func (v Escalated) Message() Message {
	key := "mail.escalated.text"
	if v.Lapsed {
		key = "mail.escalated.lapsed"
	}
	return message(v.Lang, "escalated", v.Case, v.Lang.T(key, v.Office, v.ActBy))
}

// Overdue tells the requester that the answer is late and what can be done.
type Overdue struct {
	Lang  text.Lang
	Case  Case
	DueOn string
}

func (v Overdue) Message() Message {
	return message(v.Lang, "overdue", v.Case, v.Lang.T("mail.overdue.text", v.Case.Body, v.DueOn))
}

// Failed tells that the chain ran out: nobody in the body decided in time.
type Failed struct {
	Lang text.Lang
	Case Case
}

func (v Failed) Message() Message {
	return message(v.Lang, "failed", v.Case, v.Lang.T("mail.failed.text", v.Case.Body))
}

// Said tells that the officer wrote.
type Said struct {
	Lang text.Lang
	Case Case
}

func (v Said) Message() Message {
	return message(v.Lang, "message", v.Case, v.Lang.T("mail.message.text", v.Case.Body))
}

// ErasureProposed tells that what is personal may go, while there is time to save it.
type ErasureProposed struct {
	Lang text.Lang
	Case Case
}

func (v ErasureProposed) Message() Message {
	return message(v.Lang, "erasure_proposed", v.Case, v.Lang.T("mail.erasure_proposed.text", v.Case.Body), v.Lang.T("mail.erasure_proposed.save"))
}

// Infected tells that the scanner found something in a file that was taken in unchecked.
type Infected struct {
	Lang text.Lang
	Case Case
}

func (v Infected) Message() Message {
	return message(v.Lang, "infected", v.Case, v.Lang.T("mail.infected.text", v.Case.Body))
}

// Reminder goes to an officer.
type Reminder struct {
	Lang      text.Lang
	Name      string
	Reference string // "" in a summary of several
	Count     int    // cases due soon
	DueOn     string // the first of them
	URL       string // absolute address of the queue or the case
}

func (v Reminder) Message() Message {
	l := v.Lang
	m := Message{Lang: l.Or(), Link: v.URL, LinkLabel: l.T("mail.open_desk"), Paragraphs: []string{l.T("mail.dear", oneLine(v.Name))}}
	if v.Reference != "" {
		m.Subject = oneLine(l.T("mail.reminder.subject", v.Reference, v.DueOn))
		m.Paragraphs = append(m.Paragraphs, l.T("mail.reminder.text", v.Reference, v.DueOn))
		return m
	}
	m.Subject = l.T("mail.reminders.subject", v.Count)
	m.Paragraphs = append(m.Paragraphs, l.T("mail.reminders.text", v.Count, v.DueOn))
	return m
}

// Emergency tells a superior that somebody opened a confidential case in an emergency. Which
// one stands at the desk alone.
type Emergency struct {
	Lang text.Lang
	URL  string
}

func (v Emergency) Message() Message {
	l := v.Lang
	return Message{Lang: l.Or(), Subject: l.T("mail.emergency.subject"), Paragraphs: []string{l.T("mail.emergency.text")}, Link: v.URL, LinkLabel: l.T("mail.open_desk")}
}

// Welcome gives a new officer the one-time link.
type Welcome struct {
	Lang  text.Lang
	Name  string
	URL   string
	Until string
}

func (v Welcome) Message() Message {
	l := v.Lang
	return Message{Lang: l.Or(), Subject: l.T("mail.welcome.subject"), Link: v.URL, LinkLabel: l.T("welcome.title"),
		Paragraphs: []string{l.T("mail.dear", oneLine(v.Name)), l.T("mail.welcome.text", v.Until)}}
}
