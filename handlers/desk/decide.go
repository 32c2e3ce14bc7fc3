package desk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/caseview"
	"terang/handlers/web"
	"terang/models"
	"terang/models/casework"
	"terang/policies"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// outcomes are the ways to answer a case of a kind.
func outcomes(k models.Kind) []models.Outcome {
	if k == models.Objection { // upheld or not; the superior's own body holds what it holds
		return []models.Outcome{models.Granted, models.GrantedInPart, models.Refused}
	}
	return models.Outcomes
}

func withholds(o models.Outcome) bool { return o == models.Refused || o == models.GrantedInPart }

// decisionForm asks first how the case is answered; each way then has a page that
// asks for what the law wants with it and nothing else.
func (d *desk) decisionForm(c *fiber.Ctx) error {
	f, err := d.open(c)
	if err != nil {
		return err
	}
	if !f.mayDecide(models.Granted) && !f.mayDecide(models.Refused) {
		return models.Refuse(models.Forbidden, "not_allowed", "decide."+string(f.v.Case.Kind))
	}
	chosen := models.Outcome(c.Query("outcome"))
	if !slices.Contains(outcomes(f.v.Case.Kind), chosen) {
		return web.Render(c, fiber.StatusOK, f.chooseOutcome())
	}
	if !f.mayDecide(chosen) {
		return models.Refuse(models.Forbidden, "role_may_not_refuse")
	}
	return web.Render(c, fiber.StatusOK, drawDecision(chosen)(f))
}

func (f *form) mayDecide(o models.Outcome) bool {
	if withholds(o) {
		return slices.Contains(f.v.May, policies.ActRefuse)
	}
	return slices.Contains(f.v.May, "decide."+string(f.v.Case.Kind))
}

func (f *form) chooseOutcome() templ.Component {
	v := pages.DeskDecideStart{DeskForm: f.frame("decision")}
	for _, o := range outcomes(f.v.Case.Kind) {
		choice := pages.DeskOutcomeChoice{
			Label: f.outcome(o), Hint: f.t.L.T("desk.outcome." + string(o) + ".hint"),
			URL: address(string(caseURL(f.v.Case.Reference, "decision")), "outcome", string(o)),
		}
		if f.v.Case.Kind == models.Objection {
			choice.Hint = f.t.L.T("desk.outcome.objection." + string(o) + ".hint")
		}
		if !f.mayDecide(o) {
			choice.Denied = f.t.L.T("desk.decide.denied")
		}
		v.Choices = append(v.Choices, choice)
	}
	return pages.DeskDecideChoose(v)
}

func (f *form) outcome(o models.Outcome) string {
	return components.OutcomeTag(f.t.L, string(f.v.Case.Kind), string(o)).Label
}

func (d *desk) decision(c *fiber.Ctx) error {
	in := web.ReadForm(c)
	input := casework.DecideInput{
		Version: versionOf(in), Outcome: models.Outcome(in.Line("outcome")), Text: in.Text("text"), Exemptions: in.All("exemptions"),
		Withheld: in.Text("withheld"), ReferredTo: in.Line("referred_to"),
		Test: map[string]string{},
	}
	for _, name := range in.Names(testPrefix) {
		input.Test[strings.TrimPrefix(name, testPrefix)] = in.Text(name)
	}
	for _, id := range in.All("release") {
		input.Release = append(input.Release, number(id))
	}
	if err := in.Err(); err != nil {
		return d.again(c, in, err, drawDecision(input.Outcome))
	}
	// What the requester may do against it is part of a refusal (UU 14/2008 art. 35, 36):
	// it goes into the answer itself, in the requester's language, and so into every copy.
	if input.Text != "" && withholds(input.Outcome) {
		f, err := d.open(c)
		if err != nil {
			return err
		}
		if rights := f.rights(text.Lang(f.v.Case.Lang)); len(rights) > 0 {
			input.Text += "\n\n" + strings.Join(rights, "\n")
		}
	}
	if _, err := d.svc.Decide(c.UserContext(), web.Actor(c), c.Params("ref"), input); err != nil {
		return d.again(c, in, web.Rename(err, "text", "text", "required", "answer_required"), drawDecision(input.Outcome))
	}
	return d.done(c, "decided")
}

func drawDecision(o models.Outcome) func(*form) templ.Component {
	return func(f *form) templ.Component {
		if !slices.Contains(outcomes(f.v.Case.Kind), o) {
			return f.chooseOutcome()
		}
		l, pack := f.t.L, f.v.Pack
		v := pages.DeskDecideForm{
			DeskForm: f.frame("decision"), Outcome: string(o), Title: l.T("desk.decide.as", f.outcome(o)), Button: l.T("desk.decide.button"),
			Explain: l.T("desk.outcome." + string(o) + ".hint"), ChangeURL: caseURL(f.v.Case.Reference, "decision"),
			Withholding: withholds(o) && f.v.Case.Kind == models.Request, InPart: o == models.GrantedInPart, Referred: o == models.Referred,
		}
		if f.v.Case.Kind == models.Objection {
			v.Explain = l.T("desk.outcome.objection." + string(o) + ".hint")
			v.InPart = false
		}
		v.Answer = f.area(v.DeskForm, "text", "desk.decide.text", "", 12)
		v.Answer.Hint = l.T("desk.decide.text." + string(o))
		v.ReferredTo = components.Input{
			Lang: l, Name: "referred_to", Label: l.T("desk.decide.referred_to"), Value: f.value("referred_to", ""), Error: f.wrong(v.DeskForm, "referred_to"),
		}
		v.Withheld = f.area(v.DeskForm, "withheld", "desk.decide.withheld", "", 4)
		v.ExemptError, v.ExemptHint = f.wrong(v.DeskForm, "exemptions"), l.T("desk.decide.exemptions.hint", f.t.In(pack.Law))
		ticked := []string{f.v.Case.Exemption}
		if f.in != nil {
			ticked = f.in.All("exemptions")
		}
		var basis, duration string
		for i := range pack.Exemptions {
			x := &pack.Exemptions[i]
			e := pages.DeskExemption{ID: x.ID, Title: f.t.In(x.Title), Article: l.Law(x.Article), Duration: f.duration(x), Note: f.t.In(x.EndsIf), Checked: slices.Contains(ticked, x.ID)}
			if e.Checked && basis == "" {
				basis, duration = e.Article, e.Duration
			}
			v.Exemptions = append(v.Exemptions, e)
		}
		f.testForms(&v, ticked, basis, duration)
		v.Documents = f.releasable(v.DeskForm)
		if withholds(o) {
			v.Rights = f.rights(l)
		}
		f.summarise(&v)
		return pages.DeskDecide(v)
	}
}

// summarise leads down the page, and names the field of the law's test where "this must be
// filled in" would leave open which one.
func (f *form) summarise(v *pages.DeskDecideForm) {
	order, labels := []string{"exemptions", "withheld"}, map[string]string{}
	for _, t := range v.Test {
		order, labels[t.Name] = append(order, t.Name), t.Label
	}
	for _, t := range v.TestLines {
		order, labels[t.Name] = append(order, t.Name), t.Label
	}
	// What the test takes from the ticked grounds has no field: without a ground, that one is said.
	v.Errors = slices.DeleteFunc(v.Errors, func(e components.FieldError) bool {
		return strings.HasPrefix(e.Field, testPrefix) && labels[e.Field] == "" && v.ExemptError != ""
	})
	for i := range v.Errors {
		if e := &v.Errors[i]; labels[e.Field] != "" && e.Text == f.t.L.Error("required") {
			e.Text = labels[e.Field] + ": " + e.Text
		}
	}
	v.Errors = web.InOrder(v.Errors, append(order, "referred_to", "text", "release")...)
}

// testPrefix begins the names of a test's fields.
const testPrefix = "consequence_test."

// testForms puts the law's own form before the officer: that of the ticked exemptions, or
// the pack's first. What the case itself knows is left out: the verb fills it in.
func (f *form) testForms(v *pages.DeskDecideForm, ticked []string, basis, duration string) {
	pack := f.v.Pack
	var ids []string
	for _, id := range ticked {
		if e, ok := pack.Exemption(id); ok && e.Test != "" && !slices.Contains(ids, e.Test) {
			ids = append(ids, e.Test)
		}
	}
	if len(ids) == 0 && len(pack.Forms) > 0 {
		ids = []string{pack.Forms[0].ID}
	}
	v.TestTitle, v.TestIntro = f.t.L.T("desk.test.title"), f.t.L.T("desk.test.intro")
	var seen []string
	for i, id := range ids {
		law, ok := pack.Form(id)
		if !ok {
			continue
		}
		if title := f.t.In(law.Title) + " (" + f.t.L.Law(law.Article) + ")"; i == 0 {
			v.TestTitle = title
		} else {
			v.TestTitle += "; " + title
		}
		for _, field := range law.Fields {
			if slices.Contains(seen, field.ID) || slices.Contains([]string{"exemption", "date"}, field.Type) || slices.Contains([]string{"unit", "place", "ppid"}, field.ID) {
				continue
			}
			seen = append(seen, field.ID)
			name := testPrefix + field.ID
			label := f.t.In(field.Title)
			if !field.Required {
				label = f.t.L.T("desk.test.optional", label)
			}
			otherwise := map[string]string{"legal_basis": basis, "duration": duration, "approver": web.Actor(f.c).Name}[field.ID]
			if field.Type == "text" {
				v.Test = append(v.Test, components.TextArea{
					Lang: f.t.L, Name: name, Label: label, Hint: f.t.In(field.Hint), Value: f.value(name, otherwise), Error: f.wrong(v.DeskForm, name), Rows: 4,
				})
				continue
			}
			v.TestLines = append(v.TestLines, components.Input{
				Lang: f.t.L, Name: name, Label: label, Hint: f.t.In(field.Hint), Value: f.value(name, otherwise), Error: f.wrong(v.DeskForm, name),
			})
		}
	}
}

// duration is how long an exemption may stand.
func (f *form) duration(x *policies.Exemption) string {
	switch {
	case x.Permanent:
		return f.t.L.T("desk.exemption.permanent")
	case x.MaxYears > 0:
		return f.t.L.T("desk.exemption.years", x.MaxYears)
	}
	return f.t.In(x.Duration)
}

// releasable lists the body's documents that can go with the answer: public ones; the
// others say what is to be done first.
func (f *form) releasable(frame pages.DeskForm) components.Choices {
	l := f.t.L
	out := components.Choices{Lang: l, Name: "release", Legend: l.T("desk.decide.release"), Hint: l.T("desk.decide.release.hint"), Error: f.wrong(frame, "release")}
	var ticked []string
	if f.in != nil {
		ticked = f.in.All("release")
	}
	for _, a := range f.v.Attachments {
		if !a.FromBody {
			continue
		}
		o := components.Option{Value: itoa(a.ID), Label: a.Name + " (" + l.Bytes(a.Size) + ")", Checked: slices.Contains(ticked, itoa(a.ID))}
		if a.Classification != models.Public {
			o.Disabled, o.Hint = true, l.T("desk.decide.release.closed", f.t.Words("classification.", string(a.Classification)))
		}
		out.Options = append(out.Options, o)
	}
	return out
}

// rights are what the requester can do against the decision, from the clocks that the case's
// law gives the requester when a case is decided.
func (f *form) rights(l text.Lang) []string {
	t := caseview.Teller{L: l.Or(), Loc: f.t.Loc, Now: f.t.Now}
	var out []string
	for _, law := range f.v.Pack.ClocksFor(string(f.v.Case.Kind), "decided") {
		if law.Holder != "requester" {
			continue
		}
		key := "desk.rights.objection"
		before := ""
		for _, stage := range f.v.Pack.Stages {
			if stage.Clock == law.Name {
				before = t.In(stage.Before)
				if stage.Outside {
					key = "desk.rights.outside"
				}
			}
		}
		if before == "" {
			before = t.RoleIn(f.v, string(models.Superior))
		}
		out = append(out, t.L.T(key, before, law.Length, t.Words("desk.unit.", law.Unit), t.L.Law(law.Article)))
	}
	return out
}
