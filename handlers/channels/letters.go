// Package channels is how the house speaks with people who are not at a page: it delivers
// what the outbox holds. It decides nothing: what is told was written by a verb.
package channels

import (
	"time"

	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/views/emails"
	"terang/views/text"
)

// templates are the words of each kind of message that casework writes. A kind without one
// would stay in the outbox for ever: a test reads the verbs and fails on it.
var templates = map[string]func(l text.Lang, c emails.Case, v casework.Letter) emails.Message{
	"filed": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		m := emails.Filed{Lang: l, Case: c, DueOn: day(l, v.DueOn), Incomplete: v.Stood == models.StateIncomplete}
		for _, f := range v.Missing {
			m.Missing = append(m.Missing, web.FieldText(l, f))
		}
		return m.Message()
	},
	"clarification_asked": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		runs := true
		if law, ok := v.Pack.PrimaryClock(string(v.CaseKind)); ok {
			for _, p := range law.Pauses {
				runs = runs && p.Reason != "clarification"
			}
		}
		return emails.Clarification{Lang: l, Case: c, Runs: runs}.Message()
	},
	"message": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.Said{Lang: l, Case: c}.Message()
	},
	"extended": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.Extended{Lang: l, Case: c, DueOn: day(l, v.DueOn), Article: l.Law(v.Article)}.Message()
	},
	"decided": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.Decided{Lang: l, Case: c, ObjectUntil: day(l, v.ObjectUntil)}.Message()
	},
	"escalated": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		if v.Office == nil || v.ActBy == nil {
			if v.Lapsed {
				return emails.Failed{Lang: l, Case: c}.Message()
			}
			return emails.Said{Lang: l, Case: c}.Message() // decided meanwhile: the page says by whom
		}
		return emails.Escalated{Lang: l, Case: c, Office: v.Office.In(string(l)), Lapsed: v.Lapsed,
			ActBy: l.DateTime(*v.ActBy, text.Zone(v.Zone))}.Message()
	},
	"lapsed": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.Overdue{Lang: l, Case: c, DueOn: day(l, v.DueOn)}.Message()
	},
	casework.EmergencyLetter: func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.Emergency{Lang: l, URL: c.URL}.Message()
	},
	"erasure_proposed": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.ErasureProposed{Lang: l, Case: c}.Message()
	},
	"infected": func(l text.Lang, c emails.Case, v casework.Letter) emails.Message {
		return emails.Infected{Lang: l, Case: c}.Message()
	},
}

func day(l text.Lang, date string) string {
	if date == "" {
		return ""
	}
	return web.DayOf(l, date)
}

// compose writes a message in the requester's language; ok is false for a kind that has
// no template.
func compose(base string, v casework.Letter) (emails.Message, bool) {
	if v.Account != nil {
		write, ok := accountTemplates[v.Kind]
		if !ok {
			return emails.Message{}, false
		}
		return write(text.Lang(v.Lang).Or(), base, *v.Account), true
	}
	write, ok := templates[v.Kind]
	if !ok {
		return emails.Message{}, false
	}
	l := text.Lang(v.Lang).Or()
	if v.Pack == nil { // to an officer, of no one case
		return write(l, emails.Case{URL: base + "/desk"}, v), true
	}
	return write(l, emails.Case{
		Reference: v.Reference, Name: v.Name, Kind: l.T("kind." + string(v.CaseKind)), Body: v.Body, URL: base + "/cases/" + v.Reference,
	}, v), true
}

// pause between two looks at an outbox that had nothing, and the longest after a server was
// away for long.
const (
	// tooOld is when news is none any more: where mail is switched on late, nobody is told of
	// last year's steps one by one. An administrator may still send it.
	tooOld      = 14 * 24 * time.Hour
	lookEvery   = 5 * time.Second
	longestWait = 5 * time.Minute
)
