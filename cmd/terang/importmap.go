package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"terang/models"
)

// importMap says how the columns of somebody's register become cases. Keys are strict: a
// misspelt one is refused.
type importMap struct {
	Source     string            `yaml:"source"` // name of the register; with the row's id it identifies a case for ever
	Lang       string            `yaml:"lang"`   // id or en
	Kind       string            `yaml:"kind"`   // of every row, unless columns.kind says it
	Dates      string            `yaml:"dates"`  // how days are written: YYYY-MM-DD, DD/MM/YYYY, MM/DD/YYYY
	Columns    importColumns     `yaml:"columns"`
	Kinds      map[string]string `yaml:"kinds"`      // the register's word: ours
	Requesters map[string]string `yaml:"requesters"` // the register's category: individual, legal_entity or group
	Outcomes   map[string]string `yaml:"outcomes"`   // the register's decision: our outcome, withdrawn, or open; "" for none given
	Unstated   string            `yaml:"unstated"`   // what to put where the law wants a name, an address or a purpose and the register has none
	Units      string            `yaml:"units"`      // match (default): only units the body has; create: make those it lacks

	ours bool // the default map
}

type importColumns struct {
	ID        string   `yaml:"id"`
	Received  []string `yaml:"received"` // the first that is not empty; any but the first is noted with the case
	Closed    string   `yaml:"closed"`
	Subject   string   `yaml:"subject"` // "": the beginning of the text
	Text      string   `yaml:"text"`
	Purpose   string   `yaml:"purpose"`
	Kind      string   `yaml:"kind"`
	Requester string   `yaml:"requester"` // category
	Name      string   `yaml:"name"`
	Email     string   `yaml:"email"`
	Decision  string   `yaml:"decision"`
	Answer    string   `yaml:"answer"`
	Unit      string   `yaml:"unit"`
}

// Outcomes of a map that are no outcome of a decision.
const (
	rowWithdrawn = "withdrawn"
	rowOpen      = "open"
)

// defaultMap is for a file whose columns already have our names.
func defaultMap() importMap {
	m := importMap{
		Lang: "id", Kind: string(models.Request), Dates: "YYYY-MM-DD", Units: "match", ours: true,
		Columns: importColumns{
			ID: "id", Received: []string{"received"}, Closed: "closed", Subject: "subject", Text: "text", Purpose: "purpose", Kind: "kind",
			Requester: "requester_kind", Name: "name", Email: "email", Decision: "outcome", Answer: "answer", Unit: "unit",
		},
		Outcomes: map[string]string{rowWithdrawn: rowWithdrawn, "": rowOpen},
	}
	for _, o := range models.Outcomes {
		m.Outcomes[string(o)] = string(o)
	}
	return m
}

func readMap(name string) (importMap, error) {
	if name == "" {
		return defaultMap(), nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return importMap{}, usageErrorf("--map %s: %w", name, err)
	}
	m := importMap{Lang: "id", Kind: string(models.Request), Dates: "YYYY-MM-DD", Units: "match"}
	if err := yaml.UnmarshalWithOptions(raw, &m, yaml.Strict()); err != nil {
		return m, usageErrorf("--map %s: %s", name, yaml.FormatError(err, false, false))
	}
	if err := m.check(); err != nil {
		return m, usageErrorf("--map %s: %w", name, err)
	}
	return m, nil
}

func (m *importMap) check() error {
	if m.Source == "" {
		return fmt.Errorf("source is missing: expected a name for the register")
	}
	if m.Columns.ID == "" || m.Columns.Text == "" || len(m.Columns.Received) == 0 {
		return fmt.Errorf("columns: expected at least id, received and text")
	}
	if _, ok := dateLayouts[m.Dates]; !ok {
		return fmt.Errorf("dates %q: expected YYYY-MM-DD, DD/MM/YYYY or MM/DD/YYYY", m.Dates)
	}
	if m.Units != "match" && m.Units != "create" {
		return fmt.Errorf("units %q: expected match or create", m.Units)
	}
	if m.Lang != "id" && m.Lang != "en" {
		return fmt.Errorf("lang %q: expected id or en", m.Lang)
	}
	kinds := texts(models.FileableKinds)
	if !slices.Contains(kinds, m.Kind) {
		return fmt.Errorf("kind %q: expected one of %s", m.Kind, strings.Join(kinds, ", "))
	}
	among := []struct {
		name   string
		values map[string]string
		good   []string
	}{
		{"kinds", m.Kinds, kinds},
		{"requesters", m.Requesters, texts([]models.RequesterKind{models.Individual, models.LegalEntity, models.Group})},
		{"outcomes", m.Outcomes, append(texts(models.Outcomes), rowWithdrawn, rowOpen)},
	}
	for _, a := range among {
		for theirs, ours := range a.values {
			if !slices.Contains(a.good, ours) {
				return fmt.Errorf("%s: %q becomes %q: expected one of %s", a.name, theirs, ours, strings.Join(a.good, ", "))
			}
		}
	}
	return nil
}

// dateLayouts are the ways of writing a day that registers use.
var dateLayouts = map[string]string{"YYYY-MM-DD": "2006-01-02", "DD/MM/YYYY": "02/01/2006", "MM/DD/YYYY": "01/02/2006"}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// columnsUsed lists the columns the map names, those it cannot do without first.
func (m *importMap) columnsUsed() (must, may []string) {
	c := m.Columns
	must = append([]string{c.ID, c.Text}, c.Received...)
	for _, name := range []string{c.Closed, c.Subject, c.Purpose, c.Kind, c.Requester, c.Name, c.Email, c.Decision, c.Answer, c.Unit} {
		if name != "" {
			may = append(may, name)
		}
	}
	return must, may
}
