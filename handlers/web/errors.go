package web

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"terang/models"
	"terang/views/components"
	"terang/views/pages"
	"terang/views/text"
)

// statuses is the one place where a kind of refusal becomes a status.
var statuses = map[models.ErrorKind]int{
	models.Internal:     fiber.StatusInternalServerError,
	models.Invalid:      fiber.StatusUnprocessableEntity,
	models.NotFound:     fiber.StatusNotFound,
	models.Forbidden:    fiber.StatusForbidden,
	models.Conflict:     fiber.StatusConflict,
	models.TooLarge:     fiber.StatusRequestEntityTooLarge,
	models.RateLimited:  fiber.StatusTooManyRequests,
	models.Unauthorized: fiber.StatusUnauthorized,
	models.Unavailable:  fiber.StatusServiceUnavailable,
}

// Status is the status an error is answered with.
func Status(err error) int {
	var f *fiber.Error
	var e *models.Error
	switch {
	case errors.As(err, &e):
		return statuses[e.Kind]
	case errors.As(err, &f):
		return f.Code
	}
	return fiber.StatusInternalServerError
}

// Errors turns what a handler returns, or panics with, into an answer. It stands
// inside the middleware that compresses and logs, so that error pages go through both.
func (w *Web) Errors(c *fiber.Ctx) error {
	if err := recovered(c.Next); err != nil {
		of(c).failed = err
		return w.answer(c, err)
	}
	return nil
}

// ErrorHandler answers what fails before any middleware runs: a body too large, a
// broken header.
func (w *Web) ErrorHandler(c *fiber.Ctx, err error) error {
	r := of(c)
	if r.id == "" {
		w.secure(c)
		r.id = newID()
		r.lang = preferred(c.Get(fiber.HeaderAcceptLanguage))
		w.cfg.Logger.Warn("request refused", "id", r.id, "method", c.Method(), "status", Status(err))
	}
	return w.answer(c, err)
}

func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// Problem is the body of an API error (RFC 9457). Code is stable.
type Problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Code     string         `json:"code"`
	Detail   string         `json:"detail,omitempty"`
	Fields   []ProblemField `json:"fields,omitempty"`
	Incident string         `json:"incident,omitempty"`
}

// ProblemField is one field that is wrong.
type ProblemField struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// ProblemOf describes an error for the API. What went wrong inside is never in it.
func ProblemOf(lang text.Lang, err error) Problem {
	status := Status(err)
	p := Problem{Type: "about:blank", Status: status, Code: code(err, status)}
	p.Title, p.Detail = headline(lang, status), explain(lang, err, status)
	var e *models.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			p.Fields = append(p.Fields, ProblemField{Field: f.Field, Code: f.Code, Detail: FieldText(lang, f)})
		}
	}
	return p
}

func (w *Web) answer(c *fiber.Ctx, err error) error {
	r, lang := of(c), Lang(c)
	status := Status(err)
	c.Response().ResetBody()
	c.Response().Header.Del(fiber.HeaderContentDisposition)
	c.Set(fiber.HeaderCacheControl, "no-store")
	incident := ""
	if status >= 500 {
		incident = r.id
		w.cfg.Logger.Error("request failed", "incident", incident, "method", c.Method(), "route", route(c), "error", err)
	}
	if status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, "10")
	}
	if status == fiber.StatusTooManyRequests {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(retryAfter(err)/time.Second)))
	}
	if strings.HasPrefix(c.Path(), "/api/") {
		p := ProblemOf(lang, err)
		p.Incident = incident
		if status == fiber.StatusUnauthorized {
			c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
		}
		if err := c.Status(status).JSON(p); err != nil {
			return err
		}
		c.Set(fiber.HeaderContentType, "application/problem+json")
		return nil
	}
	v := pages.Problem{Page: w.Page(c, "", ""), Status: status, Text: explain(lang, err, status), Incident: incident}
	if status == fiber.StatusTooManyRequests {
		v.Retry = lang.Time(w.Now().Add(retryAfter(err)), nil)
	}
	if status == fiber.StatusNotFound && (r.session == nil || strings.HasPrefix(c.Path(), "/cases/")) { // the words speak of Track
		v.Links = append(v.Links, components.Link{Label: lang.T("layout.nav.track"), URL: "/track"})
	}
	if status == fiber.StatusConflict {
		v.LatestURL = latest(c.Path())
	}
	if status == fiber.StatusUnauthorized {
		v.Links = append(v.Links, components.Link{Label: lang.T("layout.sign_in"), URL: "/sign-in"})
	}
	if r.session != nil && strings.HasPrefix(c.Path(), "/desk") {
		v.Links = append(v.Links, components.Link{Label: lang.T("layout.desk"), URL: "/desk"})
		return Render(c, status, pages.DeskProblemPage(v))
	}
	return Render(c, status, pages.ProblemPage(v))
}

// latest is where the case stands that an address is about: /cases/REF/reply leads to
// /cases/REF, and the desk's addresses likewise.
func latest(path string) templ.SafeURL {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if p == "cases" && i+1 < len(parts) {
			return templ.URL(strings.Join(parts[:i+2], "/"))
		}
	}
	return ""
}

func code(err error, status int) string {
	var e *models.Error
	if errors.As(err, &e) && e.Kind != models.Internal {
		return e.Code
	}
	switch status {
	case fiber.StatusNotFound:
		return "not_found"
	case fiber.StatusMethodNotAllowed:
		return "method_not_allowed"
	case fiber.StatusRequestEntityTooLarge:
		return "too_large"
	case fiber.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case fiber.StatusRequestTimeout:
		return "timeout"
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return "headers_too_large"
	}
	if status >= 500 {
		return "internal"
	}
	return "bad_request"
}

func headline(lang text.Lang, status int) string {
	if key := "problem." + strconv.Itoa(status); text.Has(key) {
		return lang.T(key)
	}
	if status >= 500 {
		return lang.T("problem.500")
	}
	return lang.T("problem.400")
}

// explain gives the words of an error's code; "" where the general ones of its
// status say it all.
func explain(lang text.Lang, err error, status int) string {
	var e *models.Error
	if errors.As(err, &e) && e.Kind != models.Internal && text.Has("error."+e.Code) {
		return lang.Error(e.Code, anys(lang, e.Args)...)
	}
	return ""
}

// retryAfter reads from a RateLimited how long to wait: it carries minutes.
func retryAfter(err error) time.Duration {
	var e *models.Error
	if errors.As(err, &e) && len(e.Args) > 0 {
		if n, err := strconv.Atoi(e.Args[0]); err == nil && n > 0 {
			return time.Duration(n) * time.Minute
		}
	}
	return time.Minute
}

// FieldText is one faulty field in words: those of the field when the catalogue has
// any, else those of the code.
func FieldText(lang text.Lang, f models.FieldError) string {
	if own := f.Field + "_" + f.Code; text.Has("error." + own) {
		return lang.Error(own, anys(lang, f.Args)...)
	}
	return lang.Error(f.Code, anys(lang, f.Args)...)
}

func anys(lang text.Lang, args []string) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = lang.Law(a)
	}
	return out
}

// InOrder puts what is wrong in the order in which the page asks for it, so that the summary
// leads down the page; a field that is not named comes last.
func InOrder(errs []components.FieldError, fields ...string) []components.FieldError {
	at := func(e components.FieldError) int {
		if i := slices.Index(fields, e.Field); i >= 0 {
			return i
		}
		return len(fields)
	}
	slices.SortStableFunc(errs, func(a, b components.FieldError) int { return at(a) - at(b) })
	return errs
}

// FormErrors gives what a form shows again, with the status to show it with. ok is
// false for an error that is not the form's: return that one.
func FormErrors(lang text.Lang, err error) (errs []components.FieldError, status int, ok bool) {
	var e *models.Error
	if !errors.As(err, &e) {
		return nil, 0, false
	}
	switch e.Kind {
	case models.Invalid, models.Conflict, models.TooLarge, models.RateLimited:
	default:
		return nil, 0, false
	}
	for _, f := range e.Fields {
		one := components.FieldError{Field: f.Field, Text: FieldText(lang, f)}
		if !slices.Contains(errs, one) { // two rules may ask for the same field in the same words
			errs = append(errs, one)
		}
	}
	if len(errs) == 0 {
		errs = append(errs, components.FieldError{Text: lang.Error(e.Code, anys(lang, e.Args)...)})
	}
	return errs, statuses[e.Kind], true
}
