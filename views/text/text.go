// Package text holds every word the pages say, in Indonesian and in English, and writes dates, times and numbers the
// way a reader of each language expects them.
//
// The words live in YAML files, one for each area. A key must have both languages, may stand in one file only, and
// takes the same formatting verbs in both; anything else stops the program at start rather than in front of a reader.
package text

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var files embed.FS

// Lang is a language the pages are written in.
type Lang string

const (
	Indonesian Lang = "id"
	English    Lang = "en"
)

// Default is the language of a reader who has not asked for another.
const Default = Indonesian

// Langs lists the languages of the catalogue, the default first.
var Langs = []Lang{Indonesian, English}

// Parse turns a tag such as "en-GB" into one of ours.
func Parse(tag string) (Lang, bool) {
	tag = strings.ToLower(strings.TrimSpace(tag))
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	switch base {
	case "id", "in": // "in" is the code that Indonesian had before 1989 and that old Android still sends
		return Indonesian, true
	case "en":
		return English, true
	}
	return Default, false
}

// Other is the language that the switch on each page leads to.
func (l Lang) Other() Lang {
	if l == English {
		return Indonesian
	}
	return English
}

// Or gives l, or the default when l is not one of ours.
func (l Lang) Or() Lang {
	if l == English {
		return English
	}
	return Indonesian
}

type entry struct {
	ID string `yaml:"id"`
	EN string `yaml:"en"`
}

type catalogue map[string]entry

var embedded = sync.OnceValues(func() (catalogue, error) { return load(files) })

// Check reports what is wrong with the embedded catalogue. Programs call it at start; T panics otherwise.
func Check() error {
	_, err := embedded()
	return err
}

func words() catalogue {
	c, err := embedded()
	if err != nil {
		panic(fmt.Sprintf("views/text: %v", err))
	}
	return c
}

// T gives the words of a key, with args put in for its formatting verbs. An unknown key is shown in brackets: a page
// with a gap is better than no page, and a test refuses the gap.
func (l Lang) T(key string, args ...any) string {
	e, ok := words()[key]
	if !ok {
		return "[" + key + "]"
	}
	s := e.ID
	if l == English {
		s = e.EN
	}
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

// Has tells whether the catalogue knows the key.
func Has(key string) bool {
	_, ok := words()[key]
	return ok
}

// Keys lists every key, sorted.
func Keys() []string {
	keys := make([]string, 0, len(words()))
	for k := range words() {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Error gives the words for an error code; a code that has none yet gets a sentence that is true of every error. Args come
// from the rules and may be more or fewer than the words have room for.
func (l Lang) Error(code string, args ...any) string {
	key := "error." + code
	if !Has(key) {
		return l.T("error.unknown")
	}
	room := len(strings.Fields(verbs(l.T(key))))
	for len(args) < room {
		args = append(args, "…")
	}
	return l.T(key, args[:room]...)
}

var verb = regexp.MustCompile(`%[-+#0]*[0-9]*(?:\.[0-9]+)?(?:\[[0-9]+\])?[a-zA-Z]`)

// verbs lists the formatting verbs in s. Explicit positions (%[2]s) let a language change the order.
func verbs(s string) string {
	found := verb.FindAllString(strings.ReplaceAll(s, "%%", ""), -1)
	for i, v := range found {
		if !strings.Contains(v, "[") {
			found[i] = strings.Replace(v, "%", fmt.Sprintf("%%[%d]", i+1), 1)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func load(from fs.FS) (catalogue, error) {
	names, err := fs.Glob(from, "*.yaml")
	if err != nil {
		return nil, err
	}
	all := catalogue{}
	var wrong []error
	for _, name := range names {
		f, err := from.Open(name)
		if err != nil {
			return nil, err
		}
		part := catalogue{}
		err = yaml.NewDecoder(f, yaml.Strict()).Decode(&part)
		f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
		}
		for key, e := range part {
			switch _, seen := all[key]; {
			case seen:
				wrong = append(wrong, fmt.Errorf("%s: key %q is also in another file", name, key))
			case strings.TrimSpace(e.ID) == "" || strings.TrimSpace(e.EN) == "":
				wrong = append(wrong, fmt.Errorf("%s: key %q needs both id and en", name, key))
			case verbs(e.ID) != verbs(e.EN):
				wrong = append(wrong, fmt.Errorf("%s: key %q takes %q in id and %q in en", name, key, verbs(e.ID), verbs(e.EN)))
			}
			all[key] = e
		}
	}
	return all, errors.Join(wrong...)
}
