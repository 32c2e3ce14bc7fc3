package pages

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"terang/views/components"
	"terang/views/layout"
	"terang/views/text"
)

// evil is in every text a person can type: no page may let it through.
const evil = `<script>alert("x")</script>`

var deskGap = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`)

// deskPages has one of each page of the desk and the audit side, with something in every part.
func deskPages(l text.Lang) map[string]templ.Component {
	frame := layout.Page{Lang: l, Title: "T", Path: "/desk", CSRF: "token", SignedInName: evil, SignedInRole: "PPID",
		Nav: []layout.NavLink{{Label: "A", URL: "/desk", Current: true}}}
	tag := components.Tag{Label: evil, Tone: "red"}
	head := DeskCaseHead{Reference: "T7-K4M9-XQ2R", URL: "/desk/cases/T7-K4M9-XQ2R", Subject: evil, Kind: evil, Body: evil, Tags: []components.Tag{tag}, Next: evil, Due: evil, Holder: evil}
	errs := []components.FieldError{{Field: "text", Text: evil}}
	form := DeskForm{Step: Step{Page: frame, Action: "/x", BackURL: "/y", Errors: errs, Version: "3"}, Head: head, Asked: evil, Stale: true, Changed: []string{evil}}
	area := components.TextArea{Lang: l, Name: "text", Label: evil, Hint: evil, Value: evil, Error: evil}
	input := components.Input{Lang: l, Name: "line", Label: evil, Value: evil}
	sel := components.Select{Lang: l, Name: "sel", Label: evil, Options: []components.Option{{Value: evil, Label: evil, Checked: true}}}
	radios := components.Choices{Lang: l, Name: "one", Legend: evil, Options: []components.Option{{Value: "a", Label: evil, Hint: evil}, {Value: "b", Label: evil, Disabled: true}}}
	rows := components.SummaryList{Lang: l, Rows: []components.SummaryRow{{Key: evil, Values: []string{evil}}}}
	timeline := []components.TimelineItem{{Title: evil, When: evil, Stamp: "2026-01-05T00:00:00Z", By: evil, Lines: []string{evil}}}
	due := components.Due{Lang: l, Intro: evil, Days: []components.Day{{Date: evil, Why: evil, Last: true}}, Basis: []components.Basis{{Text: evil, Article: evil}}, Warnings: []string{evil}}
	clocks := []components.Clock{{Title: evil, DueOn: evil, Status: evil, Tag: tag, Note: evil, Explains: due}}
	class := DeskClassPanel{Tag: tag, Status: evil, Meaning: evil, Grounds: []DeskGround{{Class: tag, Title: evil, Article: evil, Evidence: []string{evil, evil}}}, Rows: rows, History: timeline, ChangeTo: components.Link{Label: evil, URL: "/c"}}
	chain := DeskChainPanel{Intro: evil, Rungs: []components.Rung{{Title: evil, Tag: tag, Current: true, Since: evil, ActBy: evil, OnLapse: evil, Lines: []string{evil}}}, Plan: []string{evil}}
	decisions := []DeskDecision{{Outcome: tag, When: evil, By: evil, Text: evil, Rows: rows}}
	segments := []DeskSegment{{Text: evil}, {Text: evil, Mark: true, Note: evil}}
	link := components.Link{Label: evil, URL: "/l"}
	table := components.Table{Lang: l, Caption: evil, Columns: []components.Column{{Label: evil}}, Rows: []components.Row{{Cells: []components.Cell{{Text: evil, Sub: evil, Tags: []components.Tag{tag}}}}}}
	return map[string]templ.Component{
		"queue": DeskQueue(DeskQueueView{Page: frame, Heading: evil, Explain: evil, Query: evil, Queue: "mine", Kinds: sel, States: sel, Classes: sel, Sorts: sel, ClearURL: "/desk", RecordURL: "/r",
			Tabs: []DeskTab{{Label: evil, URL: "/d", Count: "1", Current: true, Alert: true}}, Rows: []DeskQueueRow{deskRow(1)}}),
		"queue, empty": DeskQueue(DeskQueueView{Page: frame, Heading: evil, Empty: components.Banner{Title: evil, Text: evil, Links: []components.Link{link}}}),
		"case": DeskCase(DeskCaseView{Page: frame, Head: head, Jump: []components.Link{link}, Version: "2",
			Actions: []DeskAction{{Label: evil, URL: "/a", Main: true}, {Label: evil, URL: "/b", Button: true, Name: "action", Value: "acknowledge", Hint: evil}}, More: []DeskAction{{Label: evil, URL: "/m"}},
			Warnings: []components.Banner{{Title: evil}}, Facts: rows, Text: segments, Marked: true, Parties: rows, Clocks: clocks, Chain: chain, Class: class,
			Documents: []DeskDocument{{Name: evil, URL: "/f", About: evil, Class: tag, Ground: evil, Released: true, ClassifyURL: "/k", RemoveURL: "/x"}, {Name: evil}},
			Messages:  []DeskMessage{{From: evil, When: evil, Stamp: "2026-01-05T00:00:00Z", Kind: evil, Text: evil, Note: true}}, MessageURL: "/me", NoteURL: "/no", AttachURL: "/at",
			Decisions: decisions, Parent: link, Objections: []components.Link{link}, Window: evil, Published: DeskPublished{Text: evil, Title: evil, Summary: evil, URL: "/p"}, Timeline: timeline}),
		"case, nothing to do": DeskCase(DeskCaseView{Page: frame, Head: head, NoActions: evil}),
		"text":                DeskText(DeskTextForm{DeskForm: form, Title: evil, Intro: []string{evil}, Field: area, Button: evil, Name: "n", Value: evil}),
		"assign":              DeskAssign(DeskAssignForm{DeskForm: form, Now: evil, Officers: sel, Units: sel, Mine: DeskAction{Label: evil, Name: "take", Value: evil}}),
		"classify":            DeskClassify(DeskClassifyForm{DeskForm: form, What: evil, Document: "3", Panel: class, Classes: radios, Grounds: sel, Reason: area, ChainText: []string{evil}}),
		"extend":              DeskExtend(DeskExtendForm{DeskForm: form, Old: evil, New: evil, Law: evil, Due: due, Reasons: []string{evil}, Reason: area}),
		"extend, refused":     DeskExtend(DeskExtendForm{DeskForm: form, Refused: evil}),
		"escalate":            DeskEscalate(DeskEscalateForm{DeskForm: form, Title: evil, Intro: []string{evil}, Do: "raise", Chain: chain, Reason: area, Button: evil}),
		"attach":              DeskAttach(DeskAttachForm{DeskForm: form, File: components.File{Lang: l, Name: "attachments", Label: evil}, Note: evil}),
		"choose outcome":      DeskDecideChoose(DeskDecideStart{DeskForm: form, Choices: []DeskOutcomeChoice{{Label: evil, Hint: evil, URL: "/o"}, {Label: evil, Denied: evil}}}),
		"decide": DeskDecide(DeskDecideForm{DeskForm: form, Outcome: "refused", Title: evil, Explain: evil, Answer: area, Withholding: true, InPart: true, Withheld: area, Referred: true, ReferredTo: input,
			Exemptions: []DeskExemption{{ID: "h", Title: evil, Article: evil, Duration: evil, Note: evil, Checked: true}}, ExemptError: evil, ExemptHint: evil, TestTitle: evil, TestIntro: evil,
			Test: []components.TextArea{area}, TestLines: []components.Input{input}, Documents: radios, Rights: []string{evil}, Button: evil, ChangeURL: "/c"}),
		"publish": DeskPublish(DeskPublishForm{DeskForm: form, Hidden: []string{evil}, Title: input, Summary: area, Question: radios, Own: area, Exemption: sel,
			Texts:     []DeskPublishText{{Label: evil, Segments: []DeskSegment{{Text: evil}, {Text: evil, Mark: true, Note: evil}}}},
			Finds:     []DeskFind{{Text: evil, Type: evil, Where: evil, Label: evil, Reason: evil, Error: evil}, {N: 1, Text: evil, Keep: true}},
			Documents: []DeskPublishDocument{{ID: "3", Name: evil, URL: "/d", Status: tag, Text: evil, Finds: []string{evil}, More: evil, Found: "2", Ask: true, Reason: evil, Error: evil, RedactURL: "/r"}, {ID: "4", Name: evil, Leave: true}}}),
		"publish, preview": DeskPublishLook(DeskPublishPreview{DeskForm: form, Public: Disclosure{Page: frame, Subject: evil, Body: evil, Summary: evil, Decision: evil, Asked: evil}, Masked: evil, Left: []string{evil}, Carry: []DeskField{{Name: "title", Value: evil}}}),
		"redact": DeskRedact(DeskRedactForm{DeskForm: form, Document: evil, About: evil, Drawn: evil, Boxes: "2", Number: 2, Of: 9, Counts: []components.Link{link}, PrevURL: "/p", NextURL: "/n", ImageURL: "/i", ImageAlt: evil,
			On: []DeskBox{{X: "1", Y: "2", W: "3", H: "4", Index: "0", Label: evil, Where: evil}, {X: "1", Y: "2", W: "3", H: "4", Index: "1", Label: evil, Where: evil}}, Size: evil, Exemption: sel, Phrase: input, Left: input, Top: input, Width: input, Height: input, Unit: radios,
			Words: true, Uncovered: []components.Link{link}, More: evil, NotRead: evil, LookURL: "/l", PageURL: "/p", UploadURL: "/u", File: components.File{Lang: l, Name: "attachments", Label: evil}, FileWhy: sel, Copies: []components.Link{link}}),
		"redact, refused":  DeskRedact(DeskRedactForm{DeskForm: form, Document: evil, Refused: evil, File: components.File{Lang: l, Name: "attachments", Label: evil}, FileWhy: sel}),
		"redact, look":     DeskRedactLook(DeskRedactLookForm{DeskForm: form, Document: evil, Boxes: "2", Summary: evil, Class: evil, Pages: []components.Link{link}, Uncovered: []components.Link{link}, More: evil, NotRead: evil, EditURL: "/e", Looked: radios}),
		"publish, refused": DeskPublish(DeskPublishForm{DeskForm: form, Refused: evil}),
		"record":           DeskRecord(DeskRecordForm{Step: form.Step, Once: evil, Kind: radios, Channel: radios, Received: input, Body: sel, AskBody: true, Subject: input, Text: area, Purpose: area, Delivery: radios, Anonymity: radios, Who: radios, Fields: []components.Input{input}, Address: area, Missing: []string{evil}, Keep: radios}),
		"recorded":         DeskRecorded(DeskRecordedView{Page: frame, Reference: evil, Key: evil, CaseURL: "/c", TrackURL: evil, State: evil, Due: evil, Explains: due, Missing: evil}),
		"complete":         DeskComplete(DeskCompleteForm{DeskForm: form, Missing: []string{evil}, Who: radios, Fields: []components.Input{input}, Address: area, Purpose: area}),
		"admin":            DeskAdmin(DeskAdminView{Page: frame, Bodies: []DeskAdminBody{{Name: evil, Slug: evil, Law: evil, Units: []string{evil}}, {Name: evil}}, Links: []components.Link{link}}),
		"admin form":       DeskFormShow(DeskFormPage{Step: form.Step, Title: evil, Intro: []string{evil}, Inputs: []components.Input{input}, Area: area, Selects: []components.Select{sel}, Choices: []components.Choices{radios}, Button: evil, ListURL: "/l", ListName: evil}),
		"officers":         DeskOfficers(DeskOfficersView{Page: frame, AddURL: "/n", Rows: []DeskOfficerRow{{Name: evil, Email: evil, Role: evil, Where: evil, Class: tag, Status: tag, Disable: "/d", NewLink: "/l"}}}),
		"link":             DeskLink(DeskLinkView{Page: frame, Who: evil, Link: evil, Until: evil, ListURL: "/l"}),
		"laws":             DeskLaws(DeskLawsView{Page: frame, Laws: []DeskLaw{{Name: evil, Version: evil, Hash: evil, Effective: evil, Checked: evil, Figures: evil, Unverified: []DeskFigure{{What: evil, Article: evil, Source: evil}}}}}),
		"audit": AuditOverview(AuditOverviewView{Page: frame, Errors: errs, Period: evil, From: input, To: input, Now: []AuditFigure{{Number: evil, Label: evil, URL: "/n"}}, Since: []AuditFigure{{Number: evil, Label: evil, URL: "/s"}},
			Groups: []AuditGroup{{Title: evil, Intro: evil, Table: table}}, Partial: evil, Log: evil, LogURL: "/log"}),
		"audit events":  AuditEvents(AuditEventsView{Page: frame, Errors: errs, From: input, To: input, Body: sel, Kind: sel, Role: sel, Ref: input, Order: sel, ClearURL: "/c", Explain: evil, Table: table}),
		"audit event":   AuditEvent(AuditEventView{Page: frame, Heading: evil, Withheld: evil, Facts: rows, Canonical: evil, Proof: rows, Links: []components.Link{link}}),
		"audit cases":   AuditCases(AuditCasesView{Page: frame, Queues: sel, Kinds: sel, States: sel, Classes: sel, Query: input, ClearURL: "/c", Table: table}),
		"audit case":    AuditCase(AuditCaseView{Page: frame, Head: head, Jump: []components.Link{link}, Text: segments, Facts: rows, Clocks: clocks, Ledger: table, Class: class, Chain: chain, Decisions: decisions, Documents: table, Events: table, Links: []components.Link{link}}),
		"audit exports": AuditExports(AuditExportsView{Page: frame, Errors: errs, Formats: radios, From: input, To: input, Body: sel, Kinds: sel, Made: table}),
	}
}

func deskRow(n int) DeskQueueRow {
	return DeskQueueRow{
		Reference: fmt.Sprintf("T7-K4M9-XQ%02d", n), URL: templ.SafeURL(fmt.Sprintf("/desk/cases/T7-K4M9-XQ%02d", n)),
		Subject: "Salinan rencana anggaran perbaikan jalan kabupaten tahun 2025 beserta rincian per kecamatan",
		About:   "Permintaan informasi · Sedang diproses", Due: "21 Jan 2026", Left: "3 hari lagi",
		Tone: "soon", Class: components.Tag{Label: "Terbatas", Tone: "amber"}, Proposed: true,
		Holder: "Rahmawati Nur Aisyah", Unit: "Bidang Bina Marga", Rung: "PPID Pelaksana", RungDue: "sampai 21 Jan 2026, 15.30 WIB",
	}
}

func TestDeskPagesHaveWordsAndEscape(t *testing.T) {
	for _, l := range text.Langs {
		for name, page := range deskPages(l) {
			var b bytes.Buffer
			if err := page.Render(context.Background(), &b); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			html := b.String()
			if m := deskGap.FindString(html); m != "" {
				t.Errorf("%s (%s): no words for %s", name, l, m)
			}
			for _, bad := range []string{evil, " style=", "onclick="} {
				if strings.Contains(html, bad) {
					t.Errorf("%s (%s): %s got through", name, l, bad)
				}
			}
			if n := strings.Count(html, "<h1"); n != 1 {
				t.Errorf("%s (%s): %d h1", name, l, n)
			}
			for _, m := range regexp.MustCompile(`aria-(?:describedby|labelledby)="([^"]+)"`).FindAllStringSubmatch(html, -1) {
				for _, id := range strings.Fields(m[1]) {
					if !strings.Contains(html, `id="`+id+`"`) {
						t.Errorf("%s (%s): refers to %s, which is not there", name, l, id)
					}
				}
			}
			ids := map[string]bool{}
			for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
				// the examples use one field for all; real pages are checked by the handlers' tests
				if ids[m[1]] && !strings.HasPrefix(m[1], "text") && !strings.HasPrefix(m[1], "line") && !strings.HasPrefix(m[1], "sel") && !strings.HasPrefix(m[1], "one") {
					t.Errorf("%s (%s): id %s twice", name, l, m[1])
				}
				ids[m[1]] = true
			}
			if post := strings.Count(html, `method="post"`); strings.Count(html, `name="_csrf"`) < post {
				t.Errorf("%s (%s): a form that changes something has no token", name, l)
			}
		}
	}
}

// Officers load the queue hundreds of times a day, some over a telephone.
func TestDeskQueueOfFiftyRowsStaysSmall(t *testing.T) {
	v := DeskQueueView{Page: layout.Page{Lang: text.Indonesian, Title: "Perkara saya", Path: "/desk"}, Heading: "Perkara saya"}
	for i := range 50 {
		v.Rows = append(v.Rows, deskRow(i))
	}
	var b bytes.Buffer
	if err := DeskQueue(v).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 30_000 {
		t.Errorf("fifty full rows make %d bytes", b.Len())
	}
}
