package policies

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decodeStrict reads one YAML document into into: unknown and repeated keys are
// refused, as is a file without a section.
func decodeStrict(name string, data []byte, into any) (*ast.File, *Problem) {
	doc, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlProblem(name, err)
	}
	if len(doc.Docs) != 1 || doc.Docs[0].Body == nil || doc.Docs[0].Body.Type() != ast.MappingType {
		return nil, &Problem{File: name, Message: "holds no section, or more than one document", Instead: "one YAML document with sections such as clocks:; delete the file if nothing is left to say"}
	}
	if err := yaml.NewDecoder(strings.NewReader(string(data)), yaml.Strict()).Decode(into); err != nil {
		return nil, yamlProblem(name, err)
	}
	return doc, nil
}

var typeMismatch = regexp.MustCompile(`^cannot unmarshal (\S+) into Go .*of type (\S+)`)

// yamlProblem turns the decoder's error into a Problem in our own words.
func yamlProblem(name string, err error) *Problem {
	p := &Problem{File: name, Message: err.Error()}
	var placed *placedError
	var ye yaml.Error
	switch {
	case errors.As(err, &placed):
		p.Line, p.Message = placed.line, placed.err.Error()
		return p
	case errors.As(err, &ye):
		p.Message = ye.GetMessage()
		if t := ye.GetToken(); t != nil {
			p.Line = t.Position.Line
		}
	}
	p.Message, _, _ = strings.Cut(p.Message, "\n")
	if field, ok := strings.CutPrefix(p.Message, "unknown field "); ok {
		p.Message = "unknown key " + field
		p.Instead = nearestKey(strings.Trim(field, `"`))
	}
	if m := typeMismatch.FindStringSubmatch(p.Message); m != nil {
		p.Message = fmt.Sprintf("a %s stands where the schema has another type", m[1])
		p.Instead = "a value of type " + typeWords(m[2])
	}
	return p
}

func typeWords(goType string) string {
	switch goType {
	case "int":
		return "whole number, without quotes"
	case "bool":
		return "true or false"
	case "string":
		return "text"
	}
	return strings.TrimPrefix(goType, "policies.")
}

// placedError is an error of a value that knows its line.
type placedError struct {
	line int
	err  error
}

func (e *placedError) Error() string { return e.err.Error() }
func (e *placedError) Unwrap() error { return e.err }

// UnmarshalYAML reads a date and says where a wrong one stands.
func (d *Date) UnmarshalYAML(node ast.Node) error {
	t := node.GetToken()
	if t == nil {
		return errors.New("date: nothing here; want YYYY-MM-DD")
	}
	if err := d.UnmarshalText([]byte(t.Value)); err != nil {
		return &placedError{t.Position.Line, err}
	}
	return nil
}
