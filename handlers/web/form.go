package web

import (
	"errors"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"terang/models"
)

// Form reads what someone typed and collects what is wrong with it as text; what
// is wrong with it as an answer, the verb says.
type Form struct {
	c    *fiber.Ctx
	errs []models.FieldError
	seen map[string]bool
}

// ReadForm starts reading the request's form.
func ReadForm(c *fiber.Ctx) *Form { return &Form{c: c, seen: map[string]bool{}} }

// Line reads a field of one line: spaces around it go, line ends and tabs become spaces.
func (f *Form) Line(name string) string {
	return f.tidy(name, strings.Join(strings.Fields(f.raw(name)), " "), false)
}

// Text reads a field of several lines: spaces around it go, line ends become one kind.
func (f *Form) Text(name string) string {
	s := strings.ReplaceAll(f.raw(name), "\r\n", "\n")
	return f.tidy(name, strings.TrimSpace(strings.ReplaceAll(s, "\r", "\n")), true)
}

// Secret reads a password exactly as it was typed.
func (f *Form) Secret(name string) string {
	return f.tidy(name, f.raw(name), false)
}

// Int reads a whole number; 0 where there is none.
func (f *Form) Int(name string) int64 {
	s := f.Line(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f.fault(name, "invalid")
	}
	return n
}

// On says whether a box was ticked.
func (f *Form) On(name string) bool { return f.raw(name) != "" }

// Names lists the fields whose names begin with a prefix, each once.
func (f *Form) Names(prefix string) []string {
	var names []string
	for k := range f.c.Request().PostArgs().All() {
		if name := string(k); strings.HasPrefix(name, prefix) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// All reads every value of a field that may be given more than once.
func (f *Form) All(name string) []string {
	var out []string
	for _, v := range f.values(name) {
		if v = f.tidy(name, strings.TrimSpace(v), false); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// File gives an uploaded file; nil where none was chosen.
func (f *Form) File(name string) *multipart.FileHeader {
	fh, err := f.c.FormFile(name)
	if err != nil || fh.Filename == "" && fh.Size == 0 {
		return nil
	}
	return fh
}

// Err is nil when every field read was proper text.
func (f *Form) Err() error {
	if len(f.errs) == 0 {
		return nil
	}
	return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: f.errs}
}

func (f *Form) raw(name string) string {
	if vs := f.values(name); len(vs) > 0 {
		return vs[0]
	}
	return ""
}

func (f *Form) values(name string) []string {
	if m, err := f.c.MultipartForm(); err == nil {
		return m.Value[name]
	}
	var out []string
	for _, v := range f.c.Request().PostArgs().PeekMulti(name) {
		out = append(out, string(v))
	}
	return out
}

// tidy refuses what no database should have to keep: broken UTF-8, and control characters,
// of which a NUL ends a string in some databases and not in others.
func (f *Form) tidy(name, s string, lines bool) string {
	switch {
	case !utf8.ValidString(s):
		f.fault(name, "not_utf8")
		return strings.ToValidUTF8(s, "�") // what the form is shown again with
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && (!lines || r != '\n' && r != '\t') }):
		f.fault(name, "control_character")
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				return -1
			}
			return r
		}, s)
	}
	return s
}

func (f *Form) fault(name, code string) {
	if !f.seen[name] {
		f.seen[name] = true
		f.errs = append(f.errs, models.FieldError{Field: name, Code: code})
	}
}

// Faults puts the text faults of a form before those of a check of its answers,
// one a field. It is nil when there are none; an error that is not about
// fields is returned as it is.
func Faults(errs ...error) error {
	var all []models.FieldError
	seen := map[string]bool{}
	for _, err := range errs {
		var e *models.Error
		switch {
		case err == nil:
			continue
		case !errors.As(err, &e) || e.Kind != models.Invalid || len(e.Fields) == 0:
			return err
		}
		for _, f := range e.Fields {
			if !seen[f.Field] {
				seen[f.Field] = true
				all = append(all, f)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: all}
}

// Rename gives an error's field the name its page has for it, and its code the words that
// fit there: the verb knows "text", the page may ask for a message or for reasons.
func Rename(err error, field, to string, codes ...string) error {
	var e *models.Error
	if !errors.As(err, &e) {
		return err
	}
	renamed := *e
	renamed.Fields = slices.Clone(e.Fields)
	for i := range renamed.Fields {
		f := &renamed.Fields[i]
		if f.Field != field {
			continue
		}
		f.Field = to
		for j := 0; j+1 < len(codes); j += 2 {
			if f.Code == codes[j] {
				f.Code = codes[j+1]
			}
		}
	}
	return &renamed
}
