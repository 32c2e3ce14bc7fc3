package desk

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
)

// show is the page of one case.
func (d *desk) show(c *fiber.Ctx) error {
	v, err := d.svc.Case(c.UserContext(), web.Actor(c), c.Params("ref"))
	if err != nil {
		return err
	}
	if v.Case.Classification != models.Confidential { // every look at one is recorded
		web.ReusableBy(c, web.Actor(c))
	}
	return web.Render(c, fiber.StatusOK, pages.DeskCase(d.caseView(c, v)))
}

func (d *desk) caseView(c *fiber.Ctx, v *casework.CaseView) pages.DeskCaseView {
	l, ref := web.Lang(c), v.Case.Reference
	t := caseview.For(l, v)
	p := pages.DeskCaseView{
		Page: d.page(c, ref+" "+v.Case.Subject), Head: t.Head(v, string(caseURL(ref, ""))), Version: version(v),
		Facts: t.Facts(v), Parties: t.Parties(v), Clocks: t.Clocks(v), Chain: t.Chain(v), Class: t.Class(v),
		Decisions: t.Decisions(v), Timeline: t.Timeline(shown(v.Timeline)),
		Jump: []components.Link{
			{Label: l.T("desk.asked"), URL: "#asked"}, {Label: l.T("desk.parties"), URL: "#parties"}, {Label: l.T("desk.messages"), URL: "#messages"},
			{Label: l.T("desk.documents"), URL: "#documents"}, {Label: l.T("desk.decision"), URL: "#decision"},
			{Label: l.T("desk.clocks"), URL: "#clocks"}, {Label: l.T("desk.class"), URL: "#class"},
			{Label: l.T("desk.chain"), URL: "#chain"},
			{Label: l.T("desk.timeline"), URL: "#timeline"},
		},
	}
	p.Text, p.Marked = t.Text(v)
	p.Warnings, p.Notices = warnings(t, v), d.repeatBanner(c, v)
	d.actions(t, v, &p)
	d.records(t, v, &p)
	d.access(t, v, &p)
	for _, m := range v.Messages {
		p.Messages = append(p.Messages, message(t, m))
	}
	p.Documents = documents(t, v)
	for _, o := range v.Objections {
		p.Objections = append(p.Objections, components.Link{
			Label: o.Reference, URL: caseURL(o.Reference, ""), Note: caseview.State(l, string(o.State)),
		})
	}
	if v.Parent != nil {
		p.Parent = components.Link{Label: v.Parent.Reference + " " + v.Parent.Subject, URL: caseURL(v.Parent.Reference, "")}
	}
	if v.Objection.Open {
		p.Window = l.T("desk.window.open")
		if v.Objection.Until != "" {
			p.Window = l.T("desk.window.until", t.Day(v.Objection.Until))
		}
	}
	if v.Disclosure != nil {
		p.Published = pages.DeskPublished{
			Text:  l.T("desk.published.text", t.When(v.Disclosure.PublishedAt), v.Disclosure.By),
			Title: v.Disclosure.Title, Summary: v.Disclosure.Summary, URL: address("/disclosures/" + v.Disclosure.Reference),
		}
	}
	return p
}

// shown leaves out of the desk's timeline what only a requester needs. Who looked is not in it.
func shown(events []models.Event) []models.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e models.Event) bool {
		return e.Kind == "requester.informed"
	})
}

func version(v *casework.CaseView) string { return strconv.FormatInt(v.Case.Version, 10) }

// warnings are what an officer in a hurry must not miss.
func warnings(t caseview.Teller, v *casework.CaseView) []components.Banner {
	var out []components.Banner
	if v.Standing == models.Overdue {
		out = append(out, components.Banner{Tone: "error", Title: t.L.T("desk.warn.overdue", t.Left(v.Case.DueOn)), Text: overdueText(t, v)})
	}
	if !v.Case.ClassConfirmed && v.Case.Classification != models.Public && slices.Contains(v.May, policies.ActClassify) {
		out = append(out, components.Banner{
			Tone: "warning", Title: t.L.T("desk.warn.unconfirmed", t.Words("classification.", string(v.Case.Classification))),
			Links: []components.Link{{Label: t.L.T("desk.do.classify"), URL: caseURL(v.Case.Reference, "classify")}},
		})
	}
	return out
}

func overdueText(t caseview.Teller, v *casework.CaseView) string {
	if law, ok := v.Pack.Clock(v.Case.Clock); ok {
		return t.In(law.OnLapse.Text)
	}
	return ""
}

// actions offers what can be done now: first what moves the case on.
func (d *desk) actions(t caseview.Teller, v *casework.CaseView, p *pages.DeskCaseView) {
	l, ref := t.L, v.Case.Reference
	may := func(actions ...string) bool {
		return slices.ContainsFunc(actions, func(a string) bool { return slices.Contains(v.May, a) })
	}
	link := func(key, page string) pages.DeskAction {
		return pages.DeskAction{Label: l.T("desk.do." + key), URL: caseURL(ref, page)}
	}
	main := func(a pages.DeskAction) { a.Main = len(p.Actions) == 0; p.Actions = append(p.Actions, a) }
	more := func(a pages.DeskAction) { p.More = append(p.More, a) }
	unheld := v.Case.OfficerID == nil

	if may("complete") {
		main(link("complete", "complete"))
	}
	if may(policies.ActEscalateAck) && !acknowledged(v) {
		main(pages.DeskAction{Label: l.T("desk.do.acknowledge"), URL: caseURL(ref, "escalation"), Button: true, Name: "action", Value: "acknowledge"})
	}
	if may(policies.ActAssign, policies.ActAssignSelf) && unheld && !v.Case.State.Ended() {
		main(link("assign", "assign"))
	}
	if may(policies.ActEscalateDecide) && v.Case.RungLevel > 0 {
		main(pages.DeskAction{Label: l.T("desk.do.settle"), URL: address(string(caseURL(ref, "escalation")), "action", "decide")})
	}
	if may("decide."+string(v.Case.Kind), policies.ActRefuse) {
		main(link("decide", "decision"))
	}
	if may(policies.ActAskClarification) {
		main(link("clarify", "clarification"))
	}
	if may(policies.ActExtend) {
		main(link("extend", "extend"))
	}
	if may(policies.ActPublish) {
		if v.Disclosure == nil {
			main(link("publish", "publication"))
		} else {
			more(link("republish", "publication"))
			more(link("unpublish", "unpublish"))
		}
	}
	if may(policies.ActAssign, policies.ActAssignSelf) && !(unheld && !v.Case.State.Ended()) {
		more(link("reassign", "assign"))
	}
	if may(policies.ActClassify, policies.ActLowerClass) {
		more(link("classify", "classify"))
		p.Class.ChangeTo = components.Link{Label: l.T("desk.do.classify"), URL: caseURL(ref, "classify")}
	}
	if may(policies.ActEscalateRaise) {
		more(pages.DeskAction{Label: l.T("desk.do.raise"), URL: address(string(caseURL(ref, "escalation")), "action", "raise")})
	}
	if may(policies.ActEscalateReturn) && v.Case.RungLevel > 0 {
		more(pages.DeskAction{Label: l.T("desk.do.return"), URL: address(string(caseURL(ref, "escalation")), "action", "return")})
	}
	if may(policies.ActMessage) {
		p.MessageURL = caseURL(ref, "message")
		p.AttachURL = caseURL(ref, "attachments")
		more(link("attach", "attachments"))
		more(link("message", "message"))
	}
	if may(policies.ActNote) {
		p.NoteURL = caseURL(ref, "note")
		more(link("note", "note"))
	}
	if may("close") {
		more(link("close", "close"))
	}
	p.NoActions = l.T("desk.next.none")
	if v.Case.State.Ended() {
		p.NoActions = l.T("desk.next.ended")
	}
}

func acknowledged(v *casework.CaseView) bool {
	for i := range v.Rungs {
		if v.Rungs[i].Live() {
			return v.Rungs[i].State == models.RungAcknowledged
		}
	}
	return true
}

func message(t caseview.Teller, m models.Message) pages.DeskMessage {
	out := pages.DeskMessage{
		From: m.Author, When: t.When(m.At), Stamp: caseview.Stamp(m.At), Kind: t.Words("desk.message_kind.", string(m.Kind)),
		Text: m.Text, Note: m.Kind == models.InternalNote,
	}
	if !m.FromBody {
		out.From = t.Role("requester")
	}
	return out
}

func documents(t caseview.Teller, v *casework.CaseView) []pages.DeskDocument {
	var out []pages.DeskDocument
	classify := slices.Contains(v.May, policies.ActClassify) || slices.Contains(v.May, policies.ActLowerClass)
	for _, a := range v.Attachments {
		id := strconv.FormatInt(a.ID, 10)
		from := t.L.T("desk.documents.from_requester")
		if a.FromBody {
			from = t.L.T("desk.documents.from_body")
		}
		doc := pages.DeskDocument{
			ID: id, Name: a.Name, URL: caseURL(v.Case.Reference, "attachments/"+id), Released: a.Released,
			About: from + " · " + t.L.Bytes(a.Size) + " · " + a.Type + " · " + t.ShortWhen(a.At),
			Class: components.ClassTag(t.L, string(a.Classification)), Ground: ground(t, v, a.Ground),
		}
		doc.Scan, doc.ScanNote = caseview.DeskScan(t.L, &a)
		doc.Notes = caseview.UploadNotes(t.L, &a)
		if a.Held() {
			doc.URL = ""
		}
		if classify {
			doc.ClassifyURL = address(string(caseURL(v.Case.Reference, "classify")), "document", id)
		}
		if a.FromBody && !a.Released && v.Case.Can(models.ActAttach) && slices.Contains(v.May, policies.ActMessage) {
			doc.RemoveURL = caseURL(v.Case.Reference, "attachments/"+id+"/remove")
		}
		redactionOf(t, v, &a, &doc)
		out = append(out, doc)
	}
	for _, a := range v.Withheld {
		out = append(out, pages.DeskDocument{
			Name: t.L.T("desk.documents.withheld"), About: t.ShortWhen(a.At),
			Class: components.ClassTag(t.L, string(a.Classification)), Ground: ground(t, v, a.Ground),
		})
	}
	return out
}

func ground(t caseview.Teller, v *casework.CaseView, id string) string {
	if x, ok := v.Pack.Exemption(id); ok {
		return t.In(x.Title) + " (" + t.L.Law(x.Article) + ")"
	}
	return id
}

// document hands one file out, to keep and never to show in place.
func (d *desk) document(c *fiber.Ctx) error {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return models.Refuse(models.NotFound, "attachment_not_found")
	}
	a, data, err := d.svc.Document(c.UserContext(), web.Actor(c), c.Params("ref"), id)
	if err != nil {
		return err
	}
	return web.Download(c, a, data)
}
