package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"terang/models"
	"terang/models/casework"
)

// demoMatter is one thing that people write about, with what the body may answer. In
// texts [[a|b]] is one of several wordings and {x} something filled in.
type demoMatter struct {
	Kind       string   `yaml:"kind"`
	Lang       string   `yaml:"lang"`
	Office     bool     `yaml:"office"`    // filed by an organisation
	Anonymous  bool     `yaml:"anonymous"` // by somebody who has reason to hide
	Subject    string   `yaml:"subject"`
	Text       string   `yaml:"text"`
	Granted    string   `yaml:"granted"`
	Part       string   `yaml:"part"`
	Withheld   string   `yaml:"withheld"`
	Refused    string   `yaml:"refused"`
	NotHeld    string   `yaml:"not_held"`
	Referred   string   `yaml:"referred"`
	To         string   `yaml:"to"`
	Exemptions []string `yaml:"ex"`
	Summary    string   `yaml:"summary"`

	used int
}

// demoWords are the words that all cases share.
type demoWords struct {
	Given     []string `yaml:"given"`
	Family    []string `yaml:"family"`
	Streets   []string `yaml:"streets"`
	Districts []string `yaml:"districts"`
	Wards     []string `yaml:"wards"`
	Offices   []string `yaml:"offices"`
	Months    []string `yaml:"months"`
	Openings  []string `yaml:"openings"`
	Closings  []string `yaml:"closings"`
	Purposes  []string `yaml:"purposes"`
	Clarify   struct {
		Ask  []string `yaml:"ask"`
		Give []string `yaml:"give"`
	} `yaml:"clarify"`
	Extend           []string                   `yaml:"extend"`
	Notes            []string                   `yaml:"notes"`
	Withdraw         []string                   `yaml:"withdraw"`
	Raise            []string                   `yaml:"raise"`
	Settle           []string                   `yaml:"settle"`
	GiveBack         []string                   `yaml:"giveback"`
	Confirm          []string                   `yaml:"confirm"`
	Lower            []string                   `yaml:"lower"`
	Objections       map[string][]string        `yaml:"objections"`
	ObjectionAnswers map[string]string          `yaml:"objection_answers"`
	NotHeld          string                     `yaml:"not_held"`
	Consequence      map[string]demoConsequence `yaml:"consequence"`
}

type demoConsequence struct {
	Opened   string `yaml:"opened"`
	Closed   string `yaml:"closed"`
	Duration string `yaml:"duration"`
}

// speaker fills in texts for one case: the same name, street and year throughout.
type speaker struct {
	dice   *rand.Rand
	lex    *demoWords
	values map[string]string
}

var (
	alternatives = regexp.MustCompile(`\[\[([^\]]*)\]\]`)
	placeholder  = regexp.MustCompile(`\{([a-z0-9]+)\}`)
)

// say chooses among wordings and fills in.
func (s *speaker) say(text string) string {
	text = alternatives.ReplaceAllStringFunc(text, func(m string) string {
		if _, said := s.values[m]; !said { // the same choice wherever it is offered: whose record it is, in subject and text
			s.values[m] = pick(s.dice, strings.Split(m[2:len(m)-2], "|"))
		}
		return s.values[m]
	})
	return placeholder.ReplaceAllStringFunc(text, func(m string) string { return s.value(m[1 : len(m)-1]) })
}

func (s *speaker) value(name string) string {
	if v, ok := s.values[name]; ok {
		return v
	}
	var v string
	switch name {
	case "name", "name2":
		v = pick(s.dice, s.lex.Given) + " " + pick(s.dice, s.lex.Family)
	case "office":
		v = pick(s.dice, s.lex.Offices)
	case "street":
		v = pick(s.dice, s.lex.Streets)
	case "district":
		v = pick(s.dice, s.lex.Districts)
	case "ward":
		v = pick(s.dice, s.lex.Wards)
	case "month":
		v = pick(s.dice, s.lex.Months)
	case "year":
		v = fmt.Sprint(2023 + s.dice.IntN(3))
	case "quarter":
		v = pick(s.dice, []string{"I", "II", "III"})
	case "day":
		v = fmt.Sprint(1 + s.dice.IntN(28))
	case "rt":
		v = fmt.Sprint(1 + s.dice.IntN(9))
	case "drug":
		v = pick(s.dice, []string{"amlodipin", "insulin glargin", "klopidogrel", "levotiroksin", "metformin"})
	case "phone":
		v = fmt.Sprintf("0812-%04d-%04d", s.dice.IntN(10000), s.dice.IntN(10000))
	case "nik":
		// A region that the civil registry has not given out, a birthday, a number.
		v = fmt.Sprintf("329904%02d%02d%02d%04d", 1+s.dice.IntN(28), 1+s.dice.IntN(12), 50+s.dice.IntN(49), 1+s.dice.IntN(20))
	case "npwp":
		v = fmt.Sprintf("%02d.%03d.%03d.%d-%03d.000", 7+s.dice.IntN(80), s.dice.IntN(1000), s.dice.IntN(1000), s.dice.IntN(10), 401+s.dice.IntN(90))
	case "bank":
		v = fmt.Sprintf("Bank Nusaraya nomor %010d", 1_000_000_000+s.dice.IntN(900_000_000))
	default:
		v = "{" + name + "}"
	}
	s.values[name] = v
	return v
}

// requester makes who files: a person, or an organisation with a contact.
func (s *speaker) requester(office bool) casework.RequesterInput {
	name := pick(s.dice, s.lex.Given) + " " + pick(s.dice, s.lex.Family)
	mail := strings.ReplaceAll(casework.Slug(name), "-", ".") + fmt.Sprint(10+s.dice.IntN(89)) + "@surel.example"
	in := casework.RequesterInput{
		Kind: models.Individual, Name: name, Email: mail,
		Address: fmt.Sprintf("%s No. %d, Kelurahan %s", pick(s.dice, s.lex.Streets), 1+s.dice.IntN(180), pick(s.dice, s.lex.Wards)),
	}
	other := &speaker{dice: s.dice, lex: s.lex, values: map[string]string{}}
	if s.dice.IntN(2) == 0 {
		in.Phone = other.value("phone")
	}
	if office {
		in.Kind, in.Name = models.LegalEntity, pick(s.dice, s.lex.Offices)
		in.IdentityNumber = fmt.Sprintf("AHU-%07d.AH.01.04.Tahun %d", s.dice.IntN(9_000_000), 2012+s.dice.IntN(12))
		return in
	}
	in.IdentityNumber = other.value("nik")
	return in
}

// answers says which outcomes a matter has an answer for.
func (t *demoMatter) answers(o models.Outcome) bool {
	switch o {
	case models.Granted:
		return t.Granted != ""
	case models.GrantedInPart:
		return t.Part != "" && len(t.Exemptions) > 0
	case models.Refused:
		return t.Refused != "" && len(t.Exemptions) > 0
	case models.Referred:
		return t.Referred != ""
	case models.NotHeld:
		return t.NotHeld != "" || t.Kind == string(models.Request)
	}
	return false
}

// decision is the body's answer to a matter.
func (s *speaker) decision(t *demoMatter, o models.Outcome, pack exemptions) casework.DecideInput {
	in := casework.DecideInput{Outcome: o}
	switch o {
	case models.GrantedInPart:
		in.Text, in.Withheld = t.Part, t.Withheld
	case models.Refused:
		in.Text = t.Refused
	case models.Referred:
		in.Text, in.ReferredTo = t.Referred, t.To
	case models.NotHeld:
		if in.Text = t.NotHeld; in.Text == "" {
			in.Text = s.lex.NotHeld
		}
	default:
		in.Text = t.Granted
	}
	in.Text = s.say(in.Text)
	if o == models.Refused || o == models.GrantedInPart {
		in.Exemptions = slices.Clone(t.Exemptions)
		c := s.lex.Consequence[t.Exemptions[0]]
		in.Test = map[string]string{
			"information": in.Withheld, "legal_basis": pack.article(t.Exemptions[0]), "consequence_open": c.Opened,
			"consequence_closed": c.Closed, "duration": c.Duration,
		}
		if in.Withheld == "" {
			in.Test["information"] = s.say(t.Subject)
		}
	}
	return in
}

// exemptions finds the article of an exemption.
type exemptions interface{ article(id string) string }
