package casework

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// EraseInput proposes that something of an ended case be erased, or settles a proposal.
type EraseInput struct {
	Version int64
	Action  string // propose confirm refuse
	Rule    string // propose: the pack's retention rule
	Reason  string // propose, refuse: the officers' own, never public
}

// Erase destroys what is personal of a case that has ended, when two people say so: an
// officer proposes under a rule of the pack, a superior confirms, and they are not the same
// (UU 27/2022 art. 43, 44). What happened and when stays, as do the leaf hashes in the log; a
// tombstone says what went, under which article, and which roles decided. Objections go with
// the case they challenge.
func (s *Service) Erase(ctx context.Context, a models.Actor, ref string, in EraseInput) (*models.Case, error) {
	in.Reason = clean(in.Reason)
	switch in.Action {
	case "propose":
		return s.change(ctx, a, ref, in.Version, policies.ActErasePropose, func(w *work) error { return w.proposeErasure(in) })
	case "refuse":
		return s.change(ctx, a, ref, in.Version, policies.ActEraseConfirm, func(w *work) error { return w.refuseErasure(in) })
	case "confirm":
		return s.confirmErasure(ctx, a, ref, in)
	}
	var c models.Check
	c.Field(false, "action", "not_a_choice")
	return nil, c.Err()
}

func (w *work) proposeErasure(in EraseInput) error {
	if err := w.erasable(); err != nil {
		return err
	}
	if w.c.Erasure == models.ErasureProposed {
		return models.Refuse(models.Conflict, "erasure_waits")
	}
	var check models.Check
	rule, known := w.pack.RetentionRule(in.Rule)
	check.Field(in.Rule != "", "rule", "required")
	check.Field(in.Rule == "" || known && appliesTo(rule, w.c.Kind), "rule", "not_a_choice")
	text(&check, "reason", in.Reason, maxReason, true)
	if err := check.Err(); err != nil {
		return err
	}
	if until, kept := w.keptUntil(rule); kept {
		check.Field(false, "rule", "retention_runs", until.String(), rule.Article)
		return check.Err()
	}
	row := &models.Erasure{
		CaseID: w.c.ID, Rule: rule.ID, Scope: models.Erasing(rule.Scope), Article: rule.Article, Reason: in.Reason,
		ProposedBy: w.actor.Label(), ProposedRole: w.actor.Role, ProposedAt: w.at, Version: 1,
	}
	row.ProposedID = &w.actor.OfficerID
	if err := w.Insert(row); err != nil {
		return err
	}
	w.c.Erasure = models.ErasureProposed
	// The person is told while there still is an address to tell them at (UU 27/2022 art. 45).
	if err := w.tell("erasure_proposed", w.notice("")); err != nil {
		return err
	}
	return w.record("case.erasure_proposed", in.Reason, rule.Article, models.EventData{New: rule.Scope, Rule: rule.ID})
}

// erasable refuses a case that somebody may still act on.
func (w *work) erasable() error {
	if w.c.Kind == models.Objection {
		return models.Refuse(models.Conflict, "erase_the_case")
	}
	if w.actor.Kind != models.ByOfficer {
		return models.Refuse(models.Forbidden, "not_allowed", policies.ActErasePropose)
	}
	if w.c.Erasure == models.WholeErased {
		return models.Refuse(models.Conflict, "erased_already")
	}
	if err := w.c.Move(models.ActErase); err != nil {
		return err
	}
	children, err := w.Children(w.c.ID)
	if err != nil {
		return err
	}
	for i := range children {
		if !children[i].Can(models.ActErase) {
			return models.Refuse(models.Conflict, "objection_not_over", children[i].Reference)
		}
	}
	return nil
}

func appliesTo(r *policies.Retention, k models.Kind) bool {
	for _, x := range r.Kinds {
		if x == string(k) {
			return true
		}
	}
	return false
}

// keptUntil says to which day a rule still keeps the case.
func (w *work) keptUntil(rule *policies.Retention) (policies.Date, bool) {
	if rule.OnRequest || w.c.ClosedAt == nil {
		return policies.Date{}, false
	}
	loc := zone(w.body.Zone)
	until := rule.Until(policies.DateOf(*w.c.ClosedAt, loc))
	return until, !policies.DateOf(w.at, loc).After(until)
}

// openErasure is the proposal that waits.
func (w *work) openErasure() (*models.Erasure, error) {
	rows, err := w.Erasures(w.c.ID)
	if err != nil {
		return nil, err
	}
	if n := len(rows); n > 0 && rows[n-1].SettledAt == nil && w.c.Erasure == models.ErasureProposed {
		return &rows[n-1], nil
	}
	return nil, models.Refuse(models.Conflict, "no_erasure_proposed")
}

func (w *work) settleErasure(row *models.Erasure, done bool) error {
	at := w.at
	row.SettledID, row.SettledBy, row.SettledRole, row.SettledAt, row.Done = &w.actor.OfficerID, w.actor.Label(), w.actor.Role, &at, done
	return w.UpdateErasure(row)
}

func (w *work) refuseErasure(in EraseInput) error {
	row, err := w.openErasure()
	if err != nil {
		return err
	}
	var check models.Check
	text(&check, "reason", in.Reason, maxReason, true)
	if err := check.Err(); err != nil {
		return err
	}
	if err := w.c.Move(models.ActErase); err != nil {
		return err
	}
	if err := w.settleErasure(row, false); err != nil {
		return err
	}
	w.c.Erasure = models.Kept
	rows, err := w.Erasures(w.c.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Done {
			w.c.Erasure = r.Scope
		}
	}
	return w.record("case.erasure_refused", in.Reason, row.Article, models.EventData{Old: string(row.Scope), Rule: row.Rule})
}

// forgetWithin is how long whoever confirms waits for the database to tidy up.
const forgetWithin = 5 * time.Second

func (s *Service) confirmErasure(ctx context.Context, a models.Actor, ref string, in EraseInput) (*models.Case, error) {
	for try := 0; ; try++ {
		// An event must have its place in the log before what it commits to may go.
		if err := s.Sequence(ctx); err != nil {
			return nil, err
		}
		var files []models.Attachment
		c, err := s.change(ctx, a, ref, in.Version, policies.ActEraseConfirm, func(w *work) error {
			var err error
			files, err = w.eraseAll()
			return err
		})
		if models.CodeOf(err) == "receipt_not_ready" && try < 3 {
			continue
		}
		if err != nil {
			return nil, err
		}
		// The rows are gone for good, whoever still waits for the answer. What is not done of
		// the rest here, the next sweep does.
		ctx := context.WithoutCancel(ctx)
		if err := s.forgetFiles(ctx, files); err != nil {
			return nil, err
		}
		return c, s.store.Forget(ctx, forgetWithin)
	}
}

// eraseAll erases the case and its objections, and gives the documents whose bytes go after
// commit.
func (w *work) eraseAll() ([]models.Attachment, error) {
	row, err := w.openErasure()
	if err != nil {
		return nil, err
	}
	strict, _ := w.pack.Chain(string(models.Confidential))
	if err := w.second(row.ProposedID, row.ProposedBy, strict); err != nil {
		return nil, err
	}
	if err := w.erasable(); err != nil {
		return nil, err
	}
	var who *models.Requester
	if w.c.RequesterID != nil {
		if who, err = w.Requester(*w.c.RequesterID); err != nil {
			return nil, err
		}
	}
	e := &eraser{whole: row.Scope == models.WholeErased, row: row, known: personOf(who)}
	files, err := e.erase(w)
	if err != nil {
		return nil, err
	}
	children, err := w.Children(w.c.ID)
	if err != nil {
		return nil, err
	}
	for i := range children {
		cw, err := w.s.around(w.Tx, models.System, &children[i])
		if err != nil {
			return nil, err
		}
		cw.actor, cw.at = w.actor, w.at
		if err := cw.c.Move(models.ActErase); err != nil {
			return nil, err
		}
		more, err := e.erase(cw)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
		if err := w.UpdateCase(cw.c); err != nil {
			return nil, err
		}
	}
	if who != nil {
		blank := &models.Requester{ID: who.ID, Kind: who.Kind, CreatedAt: who.CreatedAt}
		if err := w.UpdateRequester(blank); err != nil {
			return nil, err
		}
		if err := w.DropRequesterKey(who.ID); err != nil {
			return nil, err
		}
	}
	if e.whole {
		row.Reason = ""
	} else {
		row.Reason = e.clean(row.Reason)
	}
	return files, w.settleErasure(row, true)
}

// eraser takes what is personal out of one case after another.
type eraser struct {
	whole bool
	row   *models.Erasure
	known []string // what the requester gave, longest first
}

func personOf(r *models.Requester) []string {
	var out []string
	if r == nil {
		return nil
	}
	for _, s := range []string{r.Address, r.Name, r.Email, r.IdentityNumber, r.Phone} {
		if len(s) >= 4 { // less would blank ordinary words
			out = append(out, s)
		}
	}
	return out
}

// text is what stays of a text: nothing of it where the whole goes, otherwise all but
// what names the person, and whatever else looks like personal data: rather one too many.
func (e *eraser) text(s string) string {
	if s == "" {
		return ""
	}
	if e.whole {
		return models.ErasedText
	}
	return e.clean(s)
}

// words is text for what need not show that something stood there.
func (e *eraser) words(s string) string {
	if e.whole {
		return ""
	}
	return e.clean(s)
}

func (e *eraser) clean(s string) string {
	for _, k := range e.known {
		s = replaceFold(s, k, models.ErasedText)
	}
	found := policies.FindPersonal(s, policies.Recall)
	r := []rune(s)
	for i := len(found) - 1; i >= 0; i-- {
		if f := found[i]; f.Start >= 0 && f.Start < f.End && f.End <= len(r) {
			r = append(r[:f.Start:f.Start], append([]rune(models.ErasedText), r[f.End:]...)...)
		}
	}
	return string(r)
}

// replaceFold replaces every occurrence, in whatever case its ASCII letters are.
func replaceFold(s, old, by string) string {
	low, want := asciiLower(s), asciiLower(old)
	var b strings.Builder
	for {
		i := strings.Index(low, want)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		b.WriteString(by)
		s, low = s[i+len(want):], low[i+len(want):]
	}
}

// asciiLower keeps every byte's place, which strings.ToLower does not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func (e *eraser) erase(w *work) ([]models.Attachment, error) {
	c := w.c
	// First, so that what is written from here on is under the new key and what was written
	// before is under none.
	if err := w.RekeyCase(c); err != nil {
		return nil, err
	}
	c.Subject, c.Text, c.Purpose = e.text(c.Subject), e.text(c.Text), e.words(c.Purpose)
	if e.whole {
		c.KeyHash = "" // nobody comes to it as its requester any more
	}
	c.Erasure = e.row.Scope
	for _, part := range []func(*work) error{e.said, e.decided, e.classified, e.moved, e.published, e.index} {
		if err := part(w); err != nil {
			return nil, err
		}
	}
	files, err := e.documents(w)
	if err != nil {
		return nil, err
	}
	if err := w.DeleteOutgoing(c.ID); err != nil {
		return nil, err
	}
	gone, err := e.events(w)
	if err != nil {
		return nil, err
	}
	return files, w.record("case.erased", "", e.row.Article, models.EventData{
		New: string(e.row.Scope), Rule: e.row.Rule, Role: string(e.row.ProposedRole), Count: int64(len(gone)), Erased: gone,
	})
}

func (e *eraser) said(w *work) error {
	for after := int64(0); ; {
		messages, err := w.Messages(w.c.ID, after, 500)
		if err != nil || len(messages) == 0 {
			return err
		}
		for i := range messages {
			m := &messages[i]
			after = m.ID
			m.Text = e.text(m.Text)
			if err := w.UpdateMessage(m); err != nil {
				return err
			}
		}
	}
}

func (e *eraser) decided(w *work) error {
	rows, err := w.Decisions(w.c.ID)
	if err != nil {
		return err
	}
	for i := range rows {
		d := &rows[i]
		d.Text, d.Withheld, d.ReferredTo = e.text(d.Text), e.words(d.Withheld), e.words(d.ReferredTo)
		var tests []models.Test
		if d.Tests != "" && json.Unmarshal([]byte(d.Tests), &tests) != nil {
			d.Tests = "" // unreadable, hence not to be cleaned either
		}
		for _, t := range tests {
			for j := range t.Answers {
				t.Answers[j].Text = e.text(t.Answers[j].Text)
			}
			d.Tests = toJSON(tests)
		}
		if err := w.UpdateDecision(d); err != nil {
			return err
		}
	}
	return nil
}

// classified loses the stretches of text that the rules quoted as their evidence.
func (e *eraser) classified(w *work) error {
	rows, err := w.Classifieds(w.c.ID)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Evidence = ""
		if !rows[i].Proposed {
			rows[i].Reason = e.words(rows[i].Reason)
		}
		if err := w.UpdateClassified(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) moved(w *work) error {
	for i := range w.rungs {
		r := &w.rungs[i]
		r.Why, r.Reason = e.words(r.Why), e.words(r.Reason)
		if err := w.UpdateRung(r); err != nil {
			return err
		}
	}
	entries, err := w.ClockEntries(w.c.ID)
	if err != nil {
		return err
	}
	for i := range entries {
		entries[i].Why = e.words(entries[i].Why)
		if err := w.UpdateEntry(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) published(w *work) error {
	if err := w.DeleteRedactions(w.c.ID); err != nil {
		return err
	}
	d, err := w.Disclosure(w.c.ID)
	if err != nil || d == nil {
		return err
	}
	if e.whole {
		w.c.PublishedAt = nil
		if err := w.UnindexDisclosure(d); err != nil {
			return err
		}
		if err := w.DeletePublishedDocuments(w.c.ID); err != nil {
			return err
		}
		return w.DeleteDisclosure(d.ID)
	}
	d.Title, d.Summary, d.Answer = e.text(d.Title), e.text(d.Summary), e.text(d.Answer)
	e.publication(d)
	if err := e.publishedDocuments(w); err != nil {
		return err
	}
	if err := w.UpdateDisclosure(d); err != nil {
		return err
	}
	return w.IndexDisclosure(d)
}

func (e *eraser) index(w *work) error {
	if e.whole {
		return w.UnindexCase(w.c.ID)
	}
	return w.IndexCase(w.c)
}

// documents blanks the rows of what the person sent, or of everything, and gives them as
// they were.
func (e *eraser) documents(w *work) ([]models.Attachment, error) {
	docs, err := w.Attachments(w.c.ID)
	if err != nil {
		return nil, err
	}
	var out []models.Attachment
	for i := range docs {
		d := &docs[i]
		if !e.whole && d.FromBody {
			d.Name = e.text(d.Name)
		} else {
			d.Name, d.SHA256, d.Size, d.Released = models.ErasedText, "", 0, false
			if err := w.DropAttachmentKey(d); err != nil {
				return nil, err
			}
			out = append(out, *d)
		}
		if err := w.UpdateAttachment(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// events destroys the words and the salt of every event that holds something personal: a
// reason somebody wrote, or a hash of what was filed, which whoever guesses the text could
// check against it.
func (e *eraser) events(w *work) ([]models.ErasedEvent, error) {
	var out []models.ErasedEvent
	err := w.EachEvent(store.EventFilter{CaseID: &w.c.ID}, func(ev *models.Event) error {
		if ev.Kind == "case.erased" {
			return nil
		}
		var d models.EventData
		if ev.Data != "" {
			if err := json.Unmarshal([]byte(ev.Data), &d); err != nil {
				return internal("event_unreadable", err)
			}
		}
		reason := e.words(ev.Reason)
		if reason == ev.Reason && d.TextHash == "" && d.File == "" && len(d.Files) == 0 && d.Source == "" {
			return nil
		}
		d.TextHash, d.File, d.Files, d.Source = "", "", nil, ""
		ev.Reason, ev.Data = reason, d.JSON()
		gone, err := w.EraseEvent(ev)
		if err != nil {
			return err
		}
		out = append(out, gone)
		return nil
	})
	return out, err
}

// forgetFiles deletes the bytes of erased documents and then the names they were stored
// under.
func (s *Service) forgetFiles(ctx context.Context, docs []models.Attachment) error {
	for i := range docs {
		if err := s.files.Delete(ctx, docs[i].Stored); err != nil {
			return internal("file_not_deleted", err)
		}
	}
	return s.store.WithTx(ctx, func(tx *store.Tx) error {
		for i := range docs {
			docs[i].Stored = ""
			if err := tx.UpdateAttachment(&docs[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// sweepRetention records, once, which cases have been kept as long as their law wants, so
// that somebody proposes to erase them. It erases nothing, but for the bytes of documents
// whose erasure was decided and cut short.
func (s *Service) sweepRetention(ctx context.Context, now time.Time, r *SweepReport) error {
	for {
		docs, err := s.store.Read(ctx).ErasedFiles(0, sweepBatch)
		if err != nil {
			return err
		}
		if len(docs) == 0 {
			break
		}
		if err := s.forgetFiles(ctx, docs); err != nil {
			return err
		}
	}
	if s.store.Owes() {
		if err := s.store.Forget(ctx, time.Hour); err != nil {
			return err
		}
	}
	for _, p := range s.packs.All() {
		for i := range p.Retention {
			rule := &p.Retention[i]
			if rule.Years == 0 {
				continue
			}
			// A day either side of the year, so that no zone is missed; keptUntil is exact.
			before := policies.DateOf(now, time.UTC).AddMonths(-12 * rule.Years).AddDays(1).In(time.UTC)
			for after := int64(0); ; {
				ids, err := s.store.Read(ctx).PastRetention(p.ID, p.Version, rule.Kinds, rule.Scope == policies.ScopeWhole, before, after, sweepBatch)
				if err != nil {
					return err
				}
				if len(ids) == 0 {
					break
				}
				after = ids[len(ids)-1]
				if err := s.forEach(ctx, ids, func(w *work) error {
					if _, kept := w.keptUntil(rule); kept || w.c.Erasure != models.Kept && w.c.Erasure != models.PersonErased {
						return nil
					}
					w.c.Erasure = models.ErasureDue
					r.ErasureDue++
					return w.record("case.erasure_due", "", rule.Article, models.EventData{New: rule.Scope, Rule: rule.ID})
				}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Tombstone is what anyone may know of an erasure.
type Tombstone struct {
	Reference string
	Kind      models.Kind
	Body      *models.Body
	Pack      *policies.Pack
	Stones    []Stone
}

// Stone is one act of erasing: what, when, under which article, decided by which roles.
type Stone struct {
	Scope     models.Erasing
	Rule      policies.Text
	Article   string
	At        time.Time
	Proposed  models.Role
	Confirmed models.Role
	Events    int64
	Leaf      *int64 // of the tombstone's own event
}

// Tombstone says what was erased of a case. A confidential matter stays unknown even so, and
// a case of which nothing was erased is not found here.
func (s *Service) Tombstone(ctx context.Context, ref string) (*Tombstone, error) {
	norm, ok := models.NormalReference(ref)
	if !ok {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	r := s.store.Read(ctx)
	c, err := r.CaseByReference(norm)
	if err != nil {
		return nil, err
	}
	if c.Classification.Level() >= models.Confidential.Level() {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	t := &Tombstone{Reference: c.Reference, Kind: c.Kind}
	if t.Pack, err = s.packs.Version(c.Pack, c.PackVersion); err != nil {
		return nil, internal("pack_missing", err)
	}
	if t.Stones, err = stones(r, t.Pack, c.ID); err != nil {
		return nil, err
	}
	if len(t.Stones) == 0 {
		return nil, models.Refuse(models.NotFound, "case_not_found")
	}
	t.Body, err = r.Body(c.BodyID)
	return t, err
}

func stones(r *store.Reader, pack *policies.Pack, caseID int64) ([]Stone, error) {
	events, err := r.Tombstones(caseID)
	if err != nil {
		return nil, err
	}
	var out []Stone
	for _, e := range events {
		var d models.EventData
		if err := json.Unmarshal([]byte(e.Data), &d); err != nil {
			return nil, internal("event_unreadable", err)
		}
		st := Stone{Scope: models.Erasing(d.New), Article: e.Article, At: e.Time, Proposed: models.Role(d.Role), Confirmed: models.Role(e.ActorRole), Events: d.Count, Leaf: e.Leaf}
		if rule, ok := pack.RetentionRule(d.Rule); ok {
			st.Rule = rule.Title
		}
		out = append(out, st)
	}
	return out, nil
}

// ErasureList lists the cases that wait to be erased, for those who may propose it.
func (s *Service) ErasureList(ctx context.Context, a models.Actor, after int64) ([]models.Case, error) {
	if a.Kind != models.ByOfficer || a.Role != models.InfoOfficer && a.Role != models.Superior {
		return nil, models.Refuse(models.Forbidden, "not_allowed", policies.ActErasePropose)
	}
	return s.store.Read(ctx).ErasureList(models.SightAt(a, s.now()), after, 100)
}
