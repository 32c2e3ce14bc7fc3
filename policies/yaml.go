package policies

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// source is a file of a pack. Its tree is parsed only where somebody asks for a line:
// a sound pack that nobody inspects never pays for it.
type source struct {
	file string
	data []byte
	tree func() *ast.File
}

func newSource(file string, data []byte) *source {
	return &source{file: file, data: data, tree: sync.OnceValue(func() *ast.File {
		doc, err := parser.ParseBytes(data, 0)
		if err != nil {
			return nil // decodeStrict has said so already
		}
		return doc
	})}
}

// line returns the line of a YAML path such as "$.clocks[3].article"; where that key is
// missing, of the nearest thing around it; 0 where there is none.
func (s *source) line(yamlPath string) int {
	doc := s.tree()
	if doc == nil {
		return 0
	}
	for yamlPath != "$" {
		if p, err := yaml.PathString(yamlPath); err == nil {
			if node, err := p.FilterFile(doc); err == nil && node != nil {
				return firstLine(node)
			}
		}
		cut := max(strings.LastIndexByte(yamlPath, '.'), strings.LastIndexByte(yamlPath, '['))
		yamlPath = yamlPath[:max(cut, 1)]
	}
	return 0
}

// firstLine is the line of a node's first token; a mapping's own token is the colon
// of its first key.
func firstLine(n ast.Node) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		n = m.Values[0]
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		return v.Key.GetToken().Position.Line
	}
	return n.GetToken().Position.Line
}

// decodeStrict reads one YAML document into into: unknown and repeated keys are
// refused, as is a file without a section.
func decodeStrict(name string, data []byte, into any) *Problem {
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	err := dec.Decode(into)
	if err == nil {
		var rest any
		if err = dec.Decode(&rest); errors.Is(err, io.EOF) {
			return nil
		}
		return &Problem{File: name, Message: "holds more than one document", Instead: "one YAML document a file, without ---"}
	}
	if errors.Is(err, io.EOF) {
		return &Problem{File: name, Message: "holds no section", Instead: "sections such as clocks:, or delete the file if nothing is left to say"}
	}
	return yamlProblem(name, err)
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
