package models

import (
	"errors"
	"fmt"
	"strings"
)

// ErrorKind says what sort of refusal an Error is; the outside maps it to a status.
type ErrorKind int

const (
	Internal     ErrorKind = iota // 500: ours, never shown
	Invalid                       // 422: the fields say what to change
	NotFound                      // 404: also where the existence of a case must not be confirmed
	Forbidden                     // 403: known, but not this actor's to do
	Conflict                      // 409: the thing changed since it was read, or the move is not possible from here
	TooLarge                      // 413
	RateLimited                   // 429
	Unauthorized                  // 401: no proof, or a wrong one
	Unavailable                   // 503: not now, and nobody's mistake; the same may be tried again
)

// FieldError names one thing that is wrong with one field. Code is looked up in
// the message catalogue as "error."+Code; Args fill its verbs.
type FieldError struct {
	Field string
	Code  string
	Args  []string
}

// Error is the one error that leaves the domain. Code is stable and is part of
// the API; prose lives in views/text.
type Error struct {
	Kind   ErrorKind
	Code   string
	Fields []FieldError
	Args   []string
	Err    error // cause, logged, never shown
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s: %s", f.Field, f.Code)
		if len(f.Args) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(f.Args, ", "))
		}
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Refuse makes an Error without fields.
func Refuse(kind ErrorKind, code string, args ...string) *Error {
	return &Error{Kind: kind, Code: code, Args: args}
}

// KindOf gives the kind of the first Error in err's chain; Internal otherwise.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Failed says whether an error is a failure of ours or of what we stand on, rather than a
// refusal of what was asked.
func Failed(err error) bool {
	k := KindOf(err)
	return err != nil && (k == Internal || k == Unavailable)
}

// OutcomeUnknown says whether a write failed in such a way that it may yet have been
// kept: nothing outside the database that belongs to it may be undone then.
func OutcomeUnknown(err error) bool { return CodeOf(err) == CodeOutcomeUnknown }

// CodeOutcomeUnknown is the code of such a failure.
const CodeOutcomeUnknown = "outcome_unknown"

// CodeOf gives the code of the first Error in err's chain; "" otherwise.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Check collects what is wrong with an input, so that a form can show all of it
// at once.
type Check struct{ fields []FieldError }

// Field records one fault unless ok.
func (c *Check) Field(ok bool, field, code string, args ...string) {
	if !ok {
		c.fields = append(c.fields, FieldError{Field: field, Code: code, Args: args})
	}
}

// Err is nil when nothing was wrong, an Invalid Error otherwise.
func (c Check) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "invalid", Fields: c.fields}
}

// Join puts the faults of several checks together.
func Join(checks ...Check) Check {
	var all Check
	for _, c := range checks {
		all.fields = append(all.fields, c.fields...)
	}
	return all
}
