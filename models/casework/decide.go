package casework

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"terang/models"
	"terang/policies"
)

// Decide is the body's answer: granted whole or in part, refused, not held, or
// referred to the body that holds it. Refusing a request, whole or in part,
// needs the article it rests on and the consequence test behind it (UU 14/2008
// art. 2(4), 17, 19, 22(7)c); in part, also what is withheld (22(7)e). An
// objection is decided by the superior (art. 36(2)); upholding it reopens the
// case it challenges.
func (s *Service) Decide(ctx context.Context, a models.Actor, ref string, in DecideInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, laterCheck, func(w *work) error {
		in = in.tidy()
		if err := w.mayDecide(in.Outcome); err != nil {
			return err
		}
		articles, tests, err := w.checkDecision(&in)
		if err != nil {
			return err
		}
		at := w.at
		if err := w.c.Move(models.ActDecide); err != nil {
			return err
		}
		w.c.Outcome, w.c.AnsweredAt = in.Outcome, &at
		if err := w.release(in.Release); err != nil {
			return err
		}
		// Whoever answers the case has decided its open rung too: their role was
		// checked to reach it.
		if err := w.closeChain(models.RungDecided, "case.answered"); err != nil {
			return err
		}
		article := strings.Join(articles, "; ")
		if err := w.record("case.answered", in.Withheld, article, models.EventData{
			New: string(in.Outcome), Exemptions: in.Exemptions, TextHash: models.HashSecret(in.Text),
		}); err != nil {
			return err
		}
		clocks, _, err := w.newClocks("case.answered", "decided", "answered")
		if err != nil {
			return err
		}
		if err := w.setClocks(clocks); err != nil {
			return err
		}
		row := &models.Decision{
			CaseID: w.c.ID, Outcome: in.Outcome, Text: in.Text, Exemptions: toJSON(in.Exemptions), Withheld: in.Withheld,
			ReferredTo: in.ReferredTo, Basis: toJSON(mayDo(a, decideAction(w.c.Kind), w.c, w.rungs)), By: a.Label(), ByRole: a.Role, At: at,
		}
		if len(tests) > 0 {
			row.Tests = toJSON(tests)
		}
		if a.OfficerID != 0 {
			row.OfficerID = &a.OfficerID
		}
		for _, c := range clocks {
			if law, ok := w.pack.Clock(c.Name); ok && law.Holder == "requester" {
				row.ObjectBy = c.DueOn
			}
		}
		if err := w.Insert(row); err != nil {
			return err
		}
		if w.c.Kind == models.Objection && (in.Outcome == models.Granted || in.Outcome == models.GrantedInPart) {
			if err := w.reopenParent(); err != nil {
				return err
			}
		}
		return w.tell("decided", w.notice(""))
	})
}

func decideAction(k models.Kind) string { return "decide." + string(k) }

func (in DecideInput) tidy() DecideInput {
	in.Text, in.Withheld, in.ReferredTo = clean(in.Text), clean(in.Withheld), clean(in.ReferredTo)
	test := make(map[string]string, len(in.Test))
	for field, words := range in.Test {
		test[field] = clean(words)
	}
	in.Test = test
	if in.Withheld == "" {
		in.Withheld = test["information"] // the test names what it is about
	}
	in.Exemptions = slices.DeleteFunc(slices.Clone(in.Exemptions), func(e string) bool { return e == "" })
	return in
}

func (w *work) mayDecide(o models.Outcome) error {
	if w.actor.Kind == models.BySystem {
		return nil
	}
	f := accessFacts(w.actor, w.c, w.rungs)
	f.Granting = o != models.Refused && o != models.GrantedInPart
	actions := []string{decideAction(w.c.Kind)}
	if w.c.Kind == models.Request && !f.Granting {
		actions = append(actions, policies.ActRefuse)
	}
	for _, action := range actions {
		d := may(w.actor, action, f)
		if w.actor.Kind != models.ByOfficer || !d.Allowed {
			return models.Refuse(models.Forbidden, cmp.Or(d.Code, "not_allowed"), action)
		}
	}
	if w.c.RungLevel > 0 && w.actor.Rank() < w.c.RungRole.Rank() {
		return models.Refuse(models.Forbidden, "not_your_rung")
	}
	return nil
}

// checkDecision refuses a decision that the law would not let stand, and gives
// the articles it rests on and the tests behind it.
func (w *work) checkDecision(in *DecideInput) (articles []string, tests []models.Test, err error) {
	var c models.Check
	one(&c, "outcome", in.Outcome, models.Outcomes)
	text(&c, "text", in.Text, models.MaxText, true)
	text(&c, "withheld", in.Withheld, maxReason, false)
	text(&c, "referred_to", in.ReferredTo, models.MaxName, false)
	for _, id := range in.Exemptions {
		e, ok := w.pack.Exemption(id)
		c.Field(ok, "exemptions", "exemption_unknown", id)
		if ok {
			articles = append(articles, e.Article)
		}
	}
	// A register of the past says how a case ended, seldom why: what it does not
	// say is not made up.
	history := w.actor.Kind == models.BySystem && w.c.Channel == models.ChannelImport
	withholding := in.Outcome == models.Refused || in.Outcome == models.GrantedInPart
	if withholding && w.c.Kind == models.Request && !history {
		c.Field(len(in.Exemptions) > 0, "exemptions", "required")
		tests = w.tests(&c, in, articles)
		c.Field(in.Outcome != models.GrantedInPart || in.Withheld != "", "withheld", "required")
	}
	if !withholding {
		c.Field(len(in.Exemptions) == 0, "exemptions", "only_when_withholding")
	}
	if w.c.Kind == models.Objection {
		c.Field(in.Outcome != models.NotHeld && in.Outcome != models.Referred, "outcome", "not_a_choice")
	}
	return articles, tests, c.Err()
}

// tests fills the forms that the exemptions ask for. Without an exemption the pack's
// first one is asked, so that all that is missing is said at once.
func (w *work) tests(c *models.Check, in *DecideInput, articles []string) (out []models.Test) {
	var forms []string
	for _, id := range in.Exemptions {
		if e, ok := w.pack.Exemption(id); ok && e.Test != "" && !slices.Contains(forms, e.Test) {
			forms = append(forms, e.Test)
		}
	}
	if len(forms) == 0 && len(in.Exemptions) == 0 && len(w.pack.Forms) > 0 {
		forms = []string{w.pack.Forms[0].ID}
	}
	known := map[string]bool{}
	for _, id := range forms {
		form, ok := w.pack.Form(id)
		if !ok {
			continue
		}
		t := models.Test{Form: id}
		for _, f := range form.Fields {
			known[f.ID] = true
			words := cmp.Or(in.Test[f.ID], w.answer(f, in, articles))
			name := "consequence_test." + f.ID
			text(c, name, words, maxReason, f.Required)
			if words != "" {
				t.Answers = append(t.Answers, models.TestAnswer{Field: f.ID, Text: words})
			}
		}
		out = append(out, t)
	}
	for field, words := range in.Test {
		c.Field(known[field] || words == "" || len(forms) == 0, "consequence_test."+field, "field_unknown", strings.Join(forms, ", "))
	}
	return out
}

// answer is what the case itself knows of a form's field.
func (w *work) answer(f policies.FormField, in *DecideInput, articles []string) string {
	switch f.Type {
	case "exemption":
		return strings.Join(in.Exemptions, ", ")
	case "officer":
		return w.actor.Name
	case "date":
		return policies.DateOf(w.at, zone(w.body.Zone)).String()
	}
	switch f.ID {
	case "legal_basis":
		return strings.Join(articles, "; ")
	case "information":
		return cmp.Or(in.Withheld, w.c.Subject)
	case "unit", "place":
		if f.ID == "unit" && w.unit != nil {
			return w.body.Name + ", " + w.unit.Name
		}
		return w.body.Name
	case "duration":
		for _, id := range in.Exemptions {
			if e, ok := w.pack.Exemption(id); ok {
				if e.MaxYears > 0 {
					return strconv.Itoa(e.MaxYears)
				}
				return e.Duration.In(w.c.Lang)
			}
		}
	}
	return ""
}

// release marks which of the body's documents go with the answer.
func (w *work) release(ids []int64) error {
	for _, id := range ids {
		doc, err := w.document(id)
		if err != nil {
			return err
		}
		if !doc.FromBody {
			return models.Refuse(models.NotFound, "attachment_not_found")
		}
		if doc.Classification != models.Public {
			return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: "release", Code: "document_not_public", Args: []string{doc.Name}}}}
		}
		doc.Released = true
		if err := w.UpdateAttachment(doc); err != nil {
			return err
		}
	}
	return nil
}

// reopenParent sends the challenged case back to its officer under a fresh answer clock.
// UU 14/2008 names no time for carrying out the superior's decision; the
// answer's own time is the reading chosen.
func (w *work) reopenParent() error {
	if w.c.ParentID == nil {
		return nil
	}
	p, err := w.CaseByID(*w.c.ParentID)
	if err != nil {
		return err
	}
	pw, err := w.s.around(w.Tx, models.System, p)
	if err != nil {
		return err
	}
	pw.actor, pw.at = w.actor, w.at
	if !p.State.Ended() {
		return nil // silence was challenged: the case is still being handled
	}
	if err := p.Move(models.ActReopen); err != nil {
		if models.KindOf(err) == models.Conflict {
			return nil // closed or withdrawn meanwhile: nothing left to reopen
		}
		return err
	}
	p.Outcome, p.AnsweredAt, p.ClosedAt = models.NoOutcome, nil, nil
	if err := pw.record("case.reopened", "", "", models.EventData{Parent: w.c.Reference}); err != nil {
		return err
	}
	if p.Clock != "" {
		if err := pw.startNamed(p.Clock); err != nil {
			return err
		}
	}
	return w.UpdateCase(p)
}

// startNamed starts one clock from the moment, unless it is running.
func (w *work) startNamed(name string) error {
	clocks, err := w.running()
	if err != nil {
		return err
	}
	for _, c := range clocks {
		if c.Name == name && c.Running() {
			return nil
		}
	}
	law, ok := w.pack.Clock(name)
	if !ok {
		return nil
	}
	d, err := w.pack.Due(name, w.at, w.s.dueOptions(w.pack.ID, w.body))
	if err != nil {
		return internal("due_date", err)
	}
	c := &models.Clock{
		Name: name, StartedAt: w.at, DayOne: d.DayOne.String(), DueOn: d.Due.String(), DueAt: d.DueAt, Basis: basis(d),
		Primary: slices.Contains(law.Primary, string(w.c.Kind)), Version: 1,
	}
	if c.Primary {
		w.c.Clock, w.c.DueOn, w.c.DueAt = c.Name, c.DueOn, &c.DueAt
	}
	return w.setClocks([]models.Clock{*c})
}
