// Package components holds the parts pages are made of: each is used twice at least, or owns an accessibility contract
// that must not be written out by hand. Their words come in as text, already in the reader's language.
//
// The struct names the part; the function that shows it is Show + that name. examples.go has one of each.
package components

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"terang/views/text"
)

// FieldError is one mistake in a form: the id of the field and what to do about it.
type FieldError struct {
	Field string // id of the input; "" for a mistake of the whole form
	Text  string
}

// ErrorFor finds the words for a field, "" when it is right.
func ErrorFor(errs []FieldError, field string) string {
	for _, e := range errs {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// Input is one line of text.
type Input struct {
	Lang         text.Lang
	Name         string // also its id
	Label        string
	LabelHeading bool // the label is the page's h1: one question a page
	Hint         string
	Value        string
	Error        string
	Type         string // "text" when empty; "email", "tel", "search", "password", "date", "number"
	Autocomplete string
	InputMode    string // "numeric", "tel", "email"
	Width        string // "5", "10", "20" characters, "" for the whole line
	MaxLength    int
	Optional     bool
	Mono         bool // references, keys, codes: capitals in a fixed width
	NoSpell      bool
}

// TextArea is several lines of text, with a count of what is left when Max is set.
type TextArea struct {
	Lang         text.Lang
	Name         string
	Label        string
	LabelHeading bool
	Hint         string
	Value        string
	Error        string
	Rows         int // 8 when 0
	Max          int // characters (code points)
	Optional     bool
}

// Option is one choice of radios, checkboxes or a select.
type Option struct {
	Value    string
	Label    string
	Hint     string
	Checked  bool
	Disabled bool // the law does not allow it here; Hint says why
}

// Choices is a set of radios or checkboxes under one legend.
type Choices struct {
	Lang          text.Lang
	Name          string
	Legend        string
	LegendHeading bool
	Hint          string
	Error         string
	Options       []Option
	Inline        bool
}

// Select is a list to choose one from; for more than about seven choices.
type Select struct {
	Lang         text.Lang
	Name         string
	Label        string
	LabelHeading bool
	Hint         string
	Error        string
	Options      []Option
	Empty        string // first entry with no value; "" for none
	Optional     bool
}

// File is one file to send.
type File struct {
	Lang   text.Lang
	Name   string
	Label  string
	Hint   string
	Error  string
	Accept string
}

// Button sends the form it stands in.
type Button struct {
	Label string
	Kind  string // "" main, "secondary", "warning", "link"
	Name  string // sent with the form when set
	Value string
	Small bool
}

// Tag is a short state in words and colour.
type Tag struct {
	Label string
	Tone  string // "" grey, "blue", "green", "amber", "red", "purple"
}

// StateTag gives a lifecycle state its words and colour.
func StateTag(l text.Lang, state string) Tag {
	tone := map[string]string{"draft": "", "incomplete": "amber", "registered": "blue", "in_review": "blue",
		"awaiting_clarification": "amber", "escalated": "purple", "decided": "green", "closed": "", "withdrawn": ""}[state]
	return Tag{Label: l.T("state." + state), Tone: tone}
}

// StandingTag gives a standing its words and colour.
func StandingTag(l text.Lang, standing string) Tag {
	tone := map[string]string{"on_time": "green", "due_soon": "amber", "overdue": "red", "answered": "green", "answered_late": "amber"}[standing]
	return Tag{Label: l.T("standing." + standing), Tone: tone}
}

// ClassTag gives a classification its words and colour.
func ClassTag(l text.Lang, class string) Tag {
	tone := map[string]string{"public": "green", "restricted": "amber", "confidential": "red"}[class]
	return Tag{Label: l.T("classification." + class), Tone: tone}
}

// OutcomeTag gives an outcome its words and colour. An objection's outcomes have words of their own.
func OutcomeTag(l text.Lang, kind, outcome string) Tag {
	tone := map[string]string{"granted": "green", "granted_in_part": "amber", "refused": "red"}[outcome]
	key := "outcome." + outcome
	if kind == "objection" && text.Has("outcome.objection."+outcome) {
		key = "outcome.objection." + outcome
	}
	return Tag{Label: l.T(key), Tone: tone}
}

// SummaryRow is one answer of a form, or one fact of a case.
type SummaryRow struct {
	Key       string
	Values    []string // one line each; line breaks inside are kept
	Link      templ.SafeURL
	Tag       Tag           // shown before the values when it has a label
	Missing   string        // said in place of the values when the answer is still needed
	ChangeURL templ.SafeURL // "" for no link
}

// SummaryList is the check-your-answers list and the list of facts.
type SummaryList struct {
	Lang text.Lang
	Rows []SummaryRow
}

// TimelineItem is one thing that happened, or is still to come.
type TimelineItem struct {
	Title  string
	When   string // formatted; in words for what is still to come
	Stamp  string // RFC 3339, "" when still to come
	By     string // who, as far as this reader may know
	Lines  []string
	Link   templ.SafeURL
	Label  string // words of Link
	Coming bool
}

// Link is an address with its words.
type Link struct {
	Label string
	URL   templ.SafeURL
	Note  string // after the link: size of a file, date
}

// Cell is one cell of a table.
type Cell struct {
	Text string
	Sub  string // second line, softer
	URL  templ.SafeURL
	Tags []Tag
	Mono bool
}

// Column is the head of one column.
type Column struct {
	Label   string
	Numeric bool
	SortURL templ.SafeURL // "" when one cannot sort by it
	Sorted  string        // "", "ascending", "descending"
}

// Row is one row. The first cell is its header.
type Row struct{ Cells []Cell }

// Table is a list one reads across. On a narrow screen each row becomes a block with the column's name before each value.
type Table struct {
	Lang    text.Lang
	Caption string
	Hidden  bool // the caption is for screen readers only: a heading above says it already
	Columns []Column
	Rows    []Row
	Empty   string // said when there are no rows; a default when ""
	Pager   Pager
}

// Pager leads through a list by key. There are no page numbers: rows come in while one reads, so they would lie.
type Pager struct {
	Lang  text.Lang
	Next  templ.SafeURL // "" on the last page
	First templ.SafeURL // "" on the first page
	Shown string        // "50 of 1,234", formatted; may be ""
}

// Banner is a notice within a page.
type Banner struct {
	Tone  string // "" plain, "success", "warning", "error"
	Title string
	Text  string
	Lines []string
	Links []Link
	Live  bool // something just happened: spoken at once
}

// Day is one day of the count to a deadline.
type Day struct {
	Date    string
	Why     string // "working day 3", "not counted: weekend", with the holiday's name
	Counted bool
	Last    bool
}

// Basis is one rule the deadline rests on.
type Basis struct {
	Text     string
	Article  string
	Source   string
	Verified bool
}

// Due explains a due date.
type Due struct {
	Lang     text.Lang
	Intro    string // one sentence: received when, first day, how many days
	Days     []Day
	Basis    []Basis
	Warnings []string
	Open     bool // unfolded
}

// Clock is one running or stopped clock of a case.
type Clock struct {
	Title    string
	DueOn    string // "Due Monday 5 January 2026" in words; "" when it does not run
	Status   string // "4 working days left", "answered on …"
	Tag      Tag
	Note     string // what happens when it lapses
	Explains Due
}

// Rung is one step of the escalation chain.
type Rung struct {
	Title   string // the office, in words
	Tag     Tag
	Current bool
	Since   string
	ActBy   string
	OnLapse string
	Lines   []string // what was done on it, with reasons
}

// Message is one message between the requester and the body.
type Message struct {
	From  string
	When  string
	Stamp string
	Text  string
	Mine  bool // from the reader
	Files []Link
}

// Code is a reference or key to read aloud, copy or print.
type Code struct {
	Lang  text.Lang
	ID    string
	Label string
	Value string
}

// Details is something most readers do not need.
type Details struct {
	Summary string
	Text    string
	Open    bool
}

func describedBy(ids ...string) string {
	var some []string
	for _, id := range ids {
		if id != "" {
			some = append(some, id)
		}
	}
	return strings.Join(some, " ")
}

func idIf(cond bool, id string) string {
	if cond {
		return id
	}
	return ""
}

// OptionID is the id of the nth option; the first has the field's own, so that the error summary leads to it.
func OptionID(name string, n int) string {
	if n == 0 {
		return name
	}
	return name + "-" + strconv.Itoa(n+1)
}

func fieldClass(err string) string {
	if err != "" {
		return "field field-error"
	}
	return "field"
}

func inputType(t string) string {
	if t == "" {
		return "text"
	}
	return t
}

func inputClass(width string, mono bool) string {
	var c []string
	if width != "" {
		c = append(c, "w-"+width)
	}
	if mono {
		c = append(c, "mono")
	}
	return strings.Join(c, " ")
}

func rows(n int) string {
	if n == 0 {
		n = 8
	}
	return strconv.Itoa(n)
}

func buttonClass(kind string, small bool) string {
	switch kind {
	case "link":
		return "button-link"
	case "secondary", "warning":
		kind = "button button-" + kind
	default:
		kind = "button"
	}
	if small {
		kind += " button-small"
	}
	return kind
}

func tagClass(tone string) string {
	if tone == "" {
		return "tag"
	}
	return "tag tag-" + tone
}

func bannerClass(tone string) string {
	if tone == "" {
		return "banner"
	}
	return "banner banner-" + tone
}

func clockClass(tone string) string {
	if tone == "" {
		return ""
	}
	return "tone-" + tone
}

func dayClass(d Day) string {
	switch {
	case d.Last:
		return "last"
	case !d.Counted:
		return "off"
	}
	return ""
}

func numClass(numeric bool) string {
	if numeric {
		return "num"
	}
	return ""
}

func cited(b Basis) string {
	if b.Source == "" {
		return b.Article
	}
	return b.Article + "; " + b.Source
}

func lines(s string) []string {
	var out []string
	for _, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) != "" {
			out = append(out, line)
		}
	}
	return out
}

func column(t Table, i int) Column {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return Column{}
}
