package policies

import (
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
)

// Unverified is a figure that nobody has read in the statute yet.
type Unverified struct {
	Pack    string `json:"pack"`
	Version string `json:"version"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	What    string `json:"what"`
	Article string `json:"article"`
	Source  string `json:"source"`
}

// Unverified lists the figures of the pack that rest on a secondary source, on
// memory or on the body's own standard, in file order. Administrators see them.
func (p *Pack) Unverified() []Unverified {
	var all []Unverified
	p.source.merged.eachLegal(func(path, what string, l Legal, optional bool) {
		if l.Verified || (optional && l == (Legal{})) {
			return
		}
		file, line := p.source.find(path)
		all = append(all, Unverified{Pack: p.ID, Version: p.Version, File: file, Line: line, What: what, Article: l.Article, Source: l.Source})
	})
	slices.SortStableFunc(all, func(a, b Unverified) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return all
}

// Figures counts the figures of the pack and how many are verified.
func (p *Pack) Figures() (all, verified int) {
	p.source.merged.eachLegal(func(_, _ string, l Legal, optional bool) {
		if optional && l == (Legal{}) {
			return
		}
		all++
		if l.Verified {
			verified++
		}
	})
	return all, verified
}

// Lint loads every pack below the root of fsys, runs the examples of its rules and the
// scenarios (.txtar) in its folder, and returns what is wrong and what nobody has verified. The error is about reading, not
// about packs.
func Lint(fsys fs.FS) ([]Problem, []Unverified, error) {
	r, problems, err := loadAll(fsys)
	if err != nil {
		return nil, nil, err
	}
	var unverified []Unverified
	if r == nil || len(r.byID) == 0 {
		return problems, nil, nil // nothing loaded: scenarios would only repeat that
	}
	for _, p := range r.All() {
		for _, err := range LintRules(p) {
			problems = append(problems, ruleProblems(err, p.source.find)...)
		}
		unverified = append(unverified, p.Unverified()...)
	}
	scenarios, err := lintScenarios(fsys, r)
	return append(problems, scenarios...), unverified, err
}

// lintScenarios runs every archive that stands in the folder of a pack.
func lintScenarios(fsys fs.FS, r *Registry) ([]Problem, error) {
	var problems []Problem
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".txtar" {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		problems = append(problems, RunScenario(r, name, data)...)
		return nil
	})
	return problems, err
}

var legalType = reflect.TypeFor[Legal]()

// eachLegal visits every Legal in a pack with its YAML path. optional is true where
// leaving it out means that the thing around it has no article of its own.
func (f *packFile) eachLegal(visit func(path, what string, l Legal, optional bool)) {
	walkLegal(reflect.ValueOf(*f), "$", "", visit)
}

func walkLegal(v reflect.Value, path, what string, visit func(string, string, Legal, bool)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walkLegal(v.Elem(), path, what, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkLegal(v.Index(i), fmt.Sprintf("%s[%d]", path, i), what, visit)
		}
	case reflect.Struct:
		if v.Type() == legalType {
			l, ok := v.Interface().(Legal)
			if ok {
				visit(path, what, l, false)
			}
			return
		}
		what = strings.TrimSpace(what + " " + nameOf(v))
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if field.Type == legalType {
				if l, ok := v.Field(i).Interface().(Legal); ok {
					visit(path, what, l, optionalLegal[v.Type()])
				}
				continue
			}
			tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if tag == "-" || tag == "" {
				continue
			}
			inner := what
			if k := field.Type.Kind(); k == reflect.Slice || k == reflect.Struct || k == reflect.Pointer {
				inner = strings.TrimSpace(what + " " + strings.ReplaceAll(singular(tag), "_", " "))
			}
			walkLegal(v.Field(i), path+"."+tag, inner, visit)
		}
	}
}

// optionalLegal are the types that need no article of their own.
var optionalLegal = map[reflect.Type]bool{
	reflect.TypeFor[Lapse]():       true, // the article of its clock holds
	reflect.TypeFor[LeaveSwitch](): true, // only Indonesia has collective leave
	reflect.TypeFor[HolidayRule](): true, // that of the list holds
	reflect.TypeFor[Rung]():        true, // that of the chain holds
}

func singular(tag string) string {
	if strings.HasSuffix(tag, "ss") || tag == "starts" {
		return tag
	}
	return strings.TrimSuffix(tag, "s")
}

// nameOf is what a reader knows a part of a pack by.
func nameOf(v reflect.Value) string {
	for _, name := range []string{"Name", "ID", "Classification", "Reason", "Level"} {
		f := v.FieldByName(name)
		if !f.IsValid() {
			continue
		}
		switch f.Kind() {
		case reflect.String:
			return f.String()
		case reflect.Int:
			return fmt.Sprint(f.Int())
		}
	}
	return ""
}

// nearestKey suggests the key of the schema that a misspelt one most resembles.
func nearestKey(wrong string) string {
	best, dist := "", 3
	for _, k := range schemaKeys() {
		if d := editDistance(wrong, k); d < dist {
			best, dist = k, d
		}
	}
	if best == "" {
		return "one of the keys that `terang pack new` writes, or delete it"
	}
	return best + ":"
}

func schemaKeys() []string {
	keys := map[string]bool{}
	var visit func(t reflect.Type)
	seen := map[reflect.Type]bool{}
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if tag, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); tag != "" && tag != "-" {
				keys[tag] = true
			}
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[packFile]())
	all := make([]string, 0, len(keys))
	for k := range keys {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Source returns the file and line where a part of the pack stands, by YAML path
// ("$.clocks[3]").
func (p *Pack) Source(yamlPath string) (file string, line int) {
	file, line = p.source.find(yamlPath)
	return path.Clean(file), line
}
