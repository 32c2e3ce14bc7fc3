package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"terang/handlers/web"
	"terang/models"
	"terang/views/text"
)

// problem is an RFC 9457 error as huma writes it. The fields are those of every
// other error of the site.
type problem struct {
	Type     string             `json:"type" doc:"about:blank: the code says what it is"`
	Title    string             `json:"title"`
	Status   int                `json:"status"`
	Code     string             `json:"code" doc:"stable name of the error"`
	Detail   string             `json:"detail,omitempty"`
	Fields   []web.ProblemField `json:"fields,omitempty" doc:"each field that is wrong"`
	Incident string             `json:"incident,omitempty" doc:"number to quote when reporting an internal error"`
}

func (p *problem) Error() string               { return p.Code }
func (p *problem) GetStatus() int              { return p.Status }
func (p *problem) ContentType(_ string) string { return "application/problem+json" }

// huma makes its errors through package variables. Nothing else in this program uses
// huma, and both are set before the first API is made.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return problemOf(text.Default, status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		lang := text.Default
		if ctx != nil {
			lang = requestOf(ctx.Context()).lang
			if status >= http.StatusInternalServerError {
				// An internal failure is logged and numbered by the site, never told.
				humafiber.Unwrap(ctx).Locals(asideKey{}, fmt.Errorf("api: %s: %w", msg, errors.Join(errs...)))
			}
		}
		return problemOf(lang, status, msg, errs)
	}
}

// faultError is a body that cannot be read at all: 400 with a code of its own.
type faultError struct {
	code   string
	detail string
}

func (e *faultError) Error() string { return e.code + ": " + e.detail }

func problemOf(lang text.Lang, status int, msg string, errs []error) *problem {
	same := web.ProblemOf(lang, fiber.NewError(status))
	p := &problem{Type: same.Type, Status: status, Title: same.Title, Code: same.Code, Detail: msg}
	switch {
	case status == http.StatusUnprocessableEntity:
		p.Code = "invalid"
	case status == http.StatusUnsupportedMediaType:
		p.Detail = "expected application/json"
		return p
	case status == http.StatusBadRequest && msg == "request body is required":
		p.Code = "body_required"
	}
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			continue
		}
		if status == http.StatusBadRequest && d.Location == "body" {
			// The message of strictJSON, which errors.As cannot reach through huma.
			code, detail, ok := strings.Cut(d.Message, ": ")
			if !ok || !faultCodes[code] {
				code, detail = "malformed_json", d.Message
			}
			p.Code, p.Detail = code, detail
			continue
		}
		f := fieldOf(d)
		p.Fields = append(p.Fields, web.ProblemField{Field: f.Field, Code: f.Code, Detail: detailOf(lang, f, d.Message)})
	}
	return p
}

var faultCodes = map[string]bool{"malformed_json": true, "not_utf8": true, "control_character": true}

func detailOf(lang text.Lang, f models.FieldError, fallback string) string {
	if text.Has("error." + f.Code) {
		return web.FieldText(lang, f)
	}
	return fallback
}

var (
	expectedLength = regexp.MustCompile(`expected (?:length|number) [<>]=? ?(\d+)`)
	unknownField   = regexp.MustCompile(`unexpected property|unknown query parameter`)
)

// fieldOf puts huma's finding into our words: the field's name as casework gives it, and
// a code.
func fieldOf(d *huma.ErrorDetail) models.FieldError {
	f := models.FieldError{Field: fieldName(d.Location), Code: "wrong_type"}
	switch m := d.Message; {
	case unknownField.MatchString(m):
		f.Code = "unknown_field"
	case strings.Contains(m, "required"):
		f.Code = "required"
		if name, ok := quotedProperty(m); ok {
			f.Field = fieldName(strings.TrimSuffix(d.Location+"."+name, "."))
		}
	case strings.Contains(m, "one of"):
		f.Code = "not_a_choice"
	case expectedLength.MatchString(m):
		f.Code = "out_of_range"
		if strings.Contains(m, "length <=") {
			f.Code, f.Args = "too_long", []string{expectedLength.FindStringSubmatch(m)[1]}
		}
	case strings.Contains(m, ">=") || strings.Contains(m, "<="):
		f.Code = "out_of_range"
	}
	return f
}

func quotedProperty(m string) (string, bool) {
	const before = "expected required property "
	rest, ok := strings.CutPrefix(m, before)
	if !ok {
		return "", false
	}
	name, _, ok := strings.Cut(rest, " ")
	return name, ok
}

// fieldName turns body.requester.name into name and body.requester.kind into
// requester_kind, as casework names them; other places keep their path.
func fieldName(location string) string {
	_, rest, ok := strings.Cut(location, ".")
	if !ok {
		return location
	}
	switch {
	case rest == "requester.kind":
		return "requester_kind"
	case strings.HasPrefix(rest, "requester."):
		return strings.TrimPrefix(rest, "requester.")
	}
	return rest
}

func refuseText(where string) error {
	return &models.Error{Kind: models.Invalid, Code: "invalid", Fields: []models.FieldError{{Field: where, Code: "not_utf8"}}}
}

// strictJSON reads what encoding/json would quietly mend: invalid UTF-8 and halves of
// surrogate pairs become U+FFFD there, a NUL passes, and of two fields of one name the last counts.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	},
	Unmarshal: func(data []byte, v any) error {
		if _, first := v.(*any); !first { // the second reading, into the struct: checked already
			return json.Unmarshal(data, v)
		}
		if !utf8.Valid(data) {
			return &faultError{"not_utf8", "the body is not valid UTF-8"}
		}
		if at := badEscape(data); at >= 0 {
			return &faultError{"control_character", fmt.Sprintf("an escape at byte %d stands for no character that text may hold", at)}
		}
		if err := json.Unmarshal(data, v); err != nil {
			return &faultError{"malformed_json", err.Error()}
		}
		if name, twice := doubled(data); twice {
			return &faultError{"malformed_json", fmt.Sprintf("%q stands twice in one object", name)}
		}
		return nil
	},
}

// A field's name is spelt as it is documented: encoding/json would also take "Kind" for "kind",
// and put into the struct what was never checked.
func init() { huma.ValidateStrictCasing = true }

// doubled finds a name that stands twice in one object of well-formed JSON. Which of the two
// counts, readers on the way may see differently (RFC 8259, 4).
func doubled(b []byte) (name string, twice bool) {
	var in []map[string]bool // the objects around, nil for a list
	atName := false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{':
			in, atName = append(in, map[string]bool{}), true
		case '[':
			in, atName = append(in, nil), false
		case '}', ']':
			in, atName = in[:len(in)-1], false
		case ',':
			atName = in[len(in)-1] != nil
		case '"':
			end := i + 1
			for ; b[end] != '"'; end++ {
				if b[end] == '\\' {
					end++
				}
			}
			if atName {
				if err := json.Unmarshal(b[i:end+1], &name); err != nil || in[len(in)-1][name] {
					return name, true
				}
				in[len(in)-1][name], atName = true, false
			}
			i = end
		}
	}
	return "", false
}

// badEscape finds the first \u0000, or \u escape of half a surrogate pair, or -1. Raw
// control characters in strings are refused by the JSON reader itself.
func badEscape(b []byte) int {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if b[i+1] != 'u' || i+6 > len(b) {
			i++
			continue
		}
		n, ok := hex4(b[i+2:])
		switch {
		case !ok:
			i++ // malformed: the JSON reader says so
			continue
		case n == 0, n >= 0xDC00 && n < 0xE000:
			return i
		case n >= 0xD800 && n < 0xDC00:
			if i+12 > len(b) || b[i+6] != '\\' || b[i+7] != 'u' {
				return i
			}
			if low, ok := hex4(b[i+8:]); !ok || low < 0xDC00 || low >= 0xE000 {
				return i
			}
			i += 6
		}
		i += 5
	}
	return -1
}

func hex4(b []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(b[:4]), 16, 32)
	return n, err == nil
}

func validText(b []byte) bool {
	return utf8.Valid(b) && !strings.ContainsRune(string(b), 0)
}

// decoded is a query string with its percent signs undone, as far as that is possible.
func decoded(q []byte) []byte {
	s, err := url.QueryUnescape(string(q))
	if err != nil {
		return q
	}
	return []byte(s)
}
