package casework

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// PublishInput puts a decided case into the disclosure log, or takes it out. Everything the
// finder sees in what would be published needs a Mask or a Keep.
type PublishInput struct {
	Version   int64
	Title     string // "" keeps the case's subject
	Summary   string
	Question  bool // publish what was asked, too
	Masks     []MaskInput
	Keep      []KeepInput
	MaskRest  bool // mask whatever else is found
	Documents []PublishDocument
	Unpublish bool
	Reason    string // needed to unpublish
}

// MaskInput masks a phrase wherever it stands, whether or not the finder sees it.
type MaskInput struct {
	Text      string
	Exemption string // pack's exemption id; "" for that of personal data
	Optional  bool   // it was found before, and may be gone since
}

// KeepInput lets something stand that looks like personal data.
type KeepInput struct {
	Text   string
	Reason string
}

// PublishDocument says what becomes of one of the body's documents. Without one, a document goes
// out if nothing was found in it and everything of it could be read.
type PublishDocument struct {
	ID     int64
	Leave  bool   // it does not go out with the entry
	Reason string // why it may go out though something was found, or no program can read it
	Found  int    // how many finds the reason was given for; a document that has others is refused
}

// Publication is what would be published, as far as it is decided.
type Publication struct {
	Parts     []policies.Part // in the order they are read
	Clearing  *policies.Clearing
	Documents []DocumentReport
	// View is the entry as the public will read it; nil while something is not decided.
	View *DisclosureView
}

// PreviewPublication shows what Publish with the same input would publish, and why it would
// not. It changes nothing; the error is the one that Publish would give.
func (s *Service) PreviewPublication(ctx context.Context, a models.Actor, ref string, in PublishInput) (*Publication, error) {
	v, err := s.Case(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	if !mayDo(a, policies.ActPublish, v.Case, v.Rungs).Allowed {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActPublish)
	}
	w := s.glimpse(ctx, a, v)
	reports, err := s.reports(ctx, w)
	if err != nil {
		return nil, err
	}
	e, err := w.entry(in, reports)
	p := &Publication{Documents: reports}
	if e != nil {
		p.Parts, p.Clearing = e.parts, e.clearing
	}
	if err != nil {
		return p, err
	}
	d, documents := e.write(w)
	p.View, err = s.disclosureView(w.Reader, d, v.Case, documents)
	return p, err
}

// glimpse is a work without a transaction, for what only reads.
func (s *Service) glimpse(ctx context.Context, a models.Actor, v *CaseView) *work {
	r := s.store.Read(ctx)
	now := s.now()
	return &work{Tx: &store.Tx{Reader: r}, s: s, actor: a, now: now, at: s.moment(now), c: v.Case, body: v.Body, pack: v.Pack, unit: v.Unit, rungs: v.Rungs}
}

// Publish puts a decided case into the disclosure log without its requester, or
// takes it out with reasons. Only public cases are published (UU 14/2008 art. 11(2)), and only
// what was cleared of personal data (UU 27/2022 art. 4): the entry is written from masked text.
func (s *Service) Publish(ctx context.Context, a models.Actor, ref string, in PublishInput) (*models.Case, error) {
	in.Title, in.Summary, in.Reason = clean(in.Title), clean(in.Summary), clean(in.Reason)
	var reports []DocumentReport
	if !in.Unpublish {
		// Documents are read before the transaction: no writer waits for a program.
		v, err := s.Case(ctx, a, ref)
		if err != nil {
			return nil, err
		}
		if mayDo(a, policies.ActPublish, v.Case, v.Rungs).Allowed && v.Case.Classification == models.Public && v.Case.Can(models.ActPublish) {
			w := s.glimpse(ctx, a, v)
			if reports, err = s.reports(ctx, w); err != nil {
				return nil, err
			}
		}
	}
	return s.change(ctx, a, ref, in.Version, policies.ActPublish, func(w *work) error {
		if in.Unpublish {
			var c models.Check
			text(&c, "reason", in.Reason, maxReason, true)
			if err := c.Err(); err != nil {
				return err
			}
			if err := w.c.Move(models.ActPublish); err != nil {
				return err
			}
			return w.unpublish(in.Reason)
		}
		return w.publish(in, reports)
	})
}

func (w *work) publish(in PublishInput, reports []DocumentReport) error {
	e, err := w.entry(in, reports)
	if err != nil {
		return err
	}
	old, err := w.Disclosure(w.c.ID)
	if err != nil {
		return err
	}
	if err := w.c.Move(models.ActPublish); err != nil {
		return err
	}
	d, documents := e.write(w)
	at := w.at
	w.c.PublishedAt = &at
	if old != nil {
		d.ID = old.ID
		if err := w.UpdateDisclosure(d); err != nil {
			return err
		}
	} else if err := w.Insert(d); err != nil {
		return err
	}
	if err := w.IndexDisclosure(d); err != nil {
		return err
	}
	if err := w.DeletePublishedDocuments(w.c.ID); err != nil {
		return err
	}
	for i := range documents {
		if err := w.Insert(&documents[i]); err != nil {
			return err
		}
		// The requester has at least what everybody has.
		doc, err := w.Attachment(documents[i].AttachmentID)
		if err != nil {
			return err
		}
		if !doc.Released {
			doc.Released = true
			if err := w.UpdateAttachment(doc); err != nil {
				return err
			}
		}
	}
	masked := int64(0)
	for _, p := range e.clearing.Passages {
		if p.Choice.Mask {
			masked += int64(p.Count)
		}
	}
	return w.record("case.published", "", "", models.EventData{Count: masked, TextHash: models.HashSecret(d.Title + "\x00" + d.Summary + "\x00" + d.Answer)})
}

func (w *work) unpublish(why string) error {
	d, err := w.Disclosure(w.c.ID)
	if err != nil {
		return err
	}
	if d == nil {
		return models.Refuse(models.Conflict, "not_published")
	}
	w.c.PublishedAt = nil
	if err := w.UnindexDisclosure(d); err != nil {
		return err
	}
	if err := w.DeletePublishedDocuments(w.c.ID); err != nil {
		return err
	}
	if err := w.DeleteDisclosure(d.ID); err != nil {
		return err
	}
	return w.record("case.unpublished", why, "", models.EventData{})
}

// entry is an entry of the disclosure log that everything is decided of.
type entry struct {
	parts     []policies.Part
	clearing  *policies.Clearing
	last      *models.Decision
	documents []cleared
}

// cleared is a document that may go out, with the ground on which it may.
type cleared struct {
	report *DocumentReport
	name   string // of the part that holds its public name
	basis  models.PublicationBasis
	reason string
}

// entry gathers what would be published and what was decided on it. It gives the entry, as far
// as there is one, beside the refusal.
func (w *work) entry(in PublishInput, reports []DocumentReport) (*entry, error) {
	in.Title, in.Summary = clean(in.Title), clean(in.Summary)
	if in.Title == "" {
		in.Title = w.c.Subject
	}
	var c models.Check
	text(&c, "title", in.Title, models.MaxSubject, true)
	text(&c, "summary", in.Summary, maxReason, true)
	if w.c.Classification != models.Public {
		return nil, models.Refuse(models.Conflict, "not_public")
	}
	if !w.c.Can(models.ActPublish) {
		copied := *w.c
		return nil, copied.Move(models.ActPublish)
	}
	decisions, err := w.Decisions(w.c.ID)
	if err != nil {
		return nil, err
	}
	if len(decisions) == 0 {
		return nil, models.Refuse(models.Conflict, "not_decided")
	}
	e := &entry{last: &decisions[len(decisions)-1]}
	e.parts = []policies.Part{{Name: "title", Text: in.Title}, {Name: "summary", Text: in.Summary}}
	if in.Question {
		e.parts = append(e.parts, policies.Part{Name: "question", Text: w.c.Text})
	}
	what, why, until := withholding(e.last)
	e.parts = append(e.parts, policies.Part{Name: "answer", Text: e.last.Text}, policies.Part{Name: "withheld", Text: what},
		policies.Part{Name: "why", Text: why}, policies.Part{Name: "until", Text: until})
	e.goingOut(&c, in.Documents, reports)
	known, err := w.known()
	if err != nil {
		return nil, err
	}
	choices := w.choices(&c, in)
	e.clearing = policies.Clear(e.parts, known, choices, w.maskLabel)
	if in.MaskRest {
		// What a mask uncovers is found in the next round.
		for range 8 {
			if len(e.clearing.Undecided) == 0 {
				break
			}
			for _, u := range e.clearing.Undecided {
				choices = append(choices, policies.Choice{Text: u.Text, Mask: true})
			}
			e.clearing = policies.Clear(e.parts, known, choices, w.maskLabel)
		}
	}
	for _, phrase := range e.clearing.NotFound {
		c.Field(false, "masks", "phrase_not_found", phrase)
	}
	for _, u := range e.clearing.Undecided {
		c.Field(false, u.Field, "personal_undecided", u.Text)
	}
	return e, c.Err()
}

func (w *work) maskLabel(kind, exemption string) string {
	return w.pack.MaskLabel(kind, exemption, w.c.Lang)
}

// choices reads what was decided on what was found.
func (w *work) choices(c *models.Check, in PublishInput) []policies.Choice {
	var out []policies.Choice
	for _, m := range in.Masks {
		_, known := w.pack.Exemption(m.Exemption)
		c.Field(m.Exemption == "" || known, "masks", "exemption_unknown", m.Exemption)
		c.Field(utf8.RuneCountInString(m.Text) <= maxReason, "masks", "too_long", strconv.Itoa(maxReason))
		if clean(m.Text) != "" {
			out = append(out, policies.Choice{Text: clean(m.Text), Mask: true, Exemption: m.Exemption, Own: true, Optional: m.Optional})
		}
	}
	for _, k := range in.Keep {
		text(c, "keep", clean(k.Reason), maxReason, clean(k.Text) != "")
		if clean(k.Text) != "" {
			out = append(out, policies.Choice{Text: clean(k.Text), Reason: clean(k.Reason)})
		}
	}
	return out
}

// known is what identifies who asked, in this case and in the one it challenges: it is looked
// for whatever the finder thinks of it.
func (w *work) known() ([]policies.Known, error) {
	if w.c.RequesterID == nil {
		return nil, nil
	}
	r, err := w.Requester(*w.c.RequesterID)
	if err != nil {
		return nil, err
	}
	return knownOf(r), nil
}

func knownOf(r *models.Requester) []policies.Known {
	var out []policies.Known
	add := func(s string, digits, word bool) {
		s = strings.TrimSpace(s)
		if utf8.RuneCountInString(s) >= 4 && s != models.ErasedText {
			out = append(out, policies.Known{Text: s, Digits: digits, Word: word})
		}
	}
	add(r.Name, false, false)
	if r.Kind == models.Individual || r.Kind == "" {
		if parts := strings.Fields(r.Name); len(parts) > 1 {
			for _, p := range parts {
				add(strings.Trim(p, ".,"), false, true)
			}
		}
	}
	add(r.Email, false, false)
	add(r.Phone, true, false)
	add(r.Phone, false, false)
	add(r.IdentityNumber, true, false)
	add(r.IdentityNumber, false, false)
	add(r.Address, false, false)
	if street, _, more := strings.Cut(r.Address, ","); more && strings.ContainsAny(street, "0123456789") && len(street) >= 8 {
		add(street, false, false)
	}
	return out
}

// withholding is what the public reads of why something was withheld.
func withholding(d *models.Decision) (what, why, until string) {
	answers := map[string]string{}
	var tests []models.Test
	if d.Tests != "" && json.Unmarshal([]byte(d.Tests), &tests) == nil {
		for _, t := range tests {
			for _, a := range t.Answers {
				answers[a.Field] = a.Text
			}
		}
	}
	what, why, until = d.Withheld, answers["consequence_open"], answers["duration"]
	if what == "" {
		what = answers["information"]
	}
	if why == "" {
		why = answers["harm"]
	}
	return what, why, until
}

// goingOut decides which documents go with the entry.
func (e *entry) goingOut(c *models.Check, decided []PublishDocument, reports []DocumentReport) {
	for _, d := range decided {
		c.Field(slices.ContainsFunc(reports, func(r DocumentReport) bool { return r.ID == d.ID }), "documents", "attachment_not_found", strconv.FormatInt(d.ID, 10))
	}
	for i := range reports {
		r := &reports[i]
		field := "documents." + strconv.FormatInt(r.ID, 10)
		var d PublishDocument
		if j := slices.IndexFunc(decided, func(d PublishDocument) bool { return d.ID == r.ID }); j >= 0 {
			d = decided[j]
		}
		if d.Leave {
			continue
		}
		d.Reason = clean(d.Reason)
		out := cleared{report: r, name: field, reason: d.Reason}
		switch {
		case r.Redacted:
			out.basis, out.reason = models.BasisRedacted, ""
		case r.Found() > 0:
			out.basis = models.BasisKept
			text(c, field, d.Reason, maxReason, false)
			c.Field(d.Reason != "", field, "document_finds", r.Name, strconv.Itoa(r.Found()))
			c.Field(d.Reason == "" || d.Found == 0 || d.Found == r.Found(), field, "document_finds_others", r.Name, strconv.Itoa(r.Found()))
		case r.Unread != "":
			out.basis = models.BasisUnread
			text(c, field, d.Reason, maxReason, false)
			c.Field(d.Reason != "", field, "document_unread", r.Name)
		default:
			out.basis, out.reason = models.BasisChecked, ""
		}
		e.documents = append(e.documents, out)
		e.parts = append(e.parts, policies.Part{Name: field, Text: r.Name})
	}
}

// write is the one place where an entry of the disclosure log is made. Its words are those of
// cleared text: there is no other way to them.
func (e *entry) write(w *work) (*models.Disclosure, []models.PublishedDocument) {
	loc := w.pack.Location()
	d := &models.Disclosure{
		CaseID: w.c.ID, BodyID: w.c.BodyID, Reference: w.c.Reference,
		Outcome: w.c.Outcome, ReceivedOn: policies.DateOf(w.c.ReceivedAt, loc).String(), AnsweredOn: policies.DateOf(e.last.At, loc).String(),
		By: w.actor.Label(), PublishedAt: w.at,
	}
	for name, to := range map[string]*string{
		"title": &d.Title, "summary": &d.Summary, "question": &d.Question, "answer": &d.Answer, "withheld": &d.Withheld, "why": &d.Why, "until": &d.Until,
	} {
		publishText(to, e.clearing.Field(name))
	}
	var choices []models.PublicationChoice
	for _, p := range e.clearing.Passages {
		ch := models.PublicationChoice{Type: p.Type, Count: p.Count}
		if p.Choice.Mask {
			ch.Exemption = p.Choice.Exemption
			if ch.Exemption == "" {
				ch.Exemption = w.pack.PersonalExemption()
			}
		} else {
			ch.Text, ch.Reason = p.Text, p.Choice.Reason
		}
		choices = append(choices, ch)
	}
	if len(choices) > 0 {
		d.Choices = toJSON(choices)
	}
	var documents []models.PublishedDocument
	for _, doc := range e.documents {
		row := models.PublishedDocument{
			CaseID: w.c.ID, AttachmentID: doc.report.ID, Basis: doc.basis, Reason: doc.reason, Found: doc.report.Found(), By: w.actor.Label(), At: w.at,
		}
		publishText(&row.Name, e.clearing.Field(doc.name))
		documents = append(documents, row)
	}
	return d, documents
}

// publishText is all that sets a word the public reads; it takes nothing but what was cleared.
func publishText(to *string, from policies.Cleared) { *to = from.Text() }

// publication takes what is personal out of the rest of an entry of the disclosure log. What was
// kept with a reason goes too: the reason may name the person as well as the phrase.
func (e *eraser) publication(d *models.Disclosure) {
	for _, s := range []*string{&d.Question, &d.Withheld, &d.Why, &d.Until} {
		*s = e.words(*s)
	}
	var choices []models.PublicationChoice
	if d.Choices != "" && json.Unmarshal([]byte(d.Choices), &choices) == nil {
		for i := range choices {
			choices[i].Text, choices[i].Reason = e.words(choices[i].Text), e.words(choices[i].Reason)
		}
		d.Choices = toJSON(choices)
		return
	}
	d.Choices = ""
}

func (e *eraser) publishedDocuments(w *work) error {
	rows, err := w.PublishedDocuments(w.c.ID)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Name, rows[i].Reason = e.text(rows[i].Name), e.words(rows[i].Reason)
		if err := w.UpdatePublishedDocument(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}
