// Package fault names the few kinds of error that somebody has to decide on.
//
// An error travels up wrapped with the operation ("read header: …"); whoever
// must choose asks Of for its kind. Unavailable means "try again later",
// everything else means "a person should look". What the person reads is the
// Message and the Fix of the innermost fault, put there by whoever knew what
// went wrong; the wrapped chain around it belongs in the log.
//
// Where a number, an API code or a text of the other side says what it was,
// the adapter that hears it gives the fault a Code, once. Titles, causes, fixes
// and next actions of a code stand in internal/explain.
package fault

import (
	"errors"

	"github.com/bakplane/bakplane/internal/words"
)

// Kind says what a caller can do about an error.
type Kind string

const (
	// Unknown is the kind of an error nobody classified. It is shown as an
	// internal error and never retried by itself.
	Unknown Kind = ""
	// Invalid: the input is wrong and the same input will be wrong again.
	Invalid Kind = "invalid"
	// NotFound: the thing named does not exist (any more).
	NotFound Kind = "not_found"
	// Conflict: the thing is in a state that does not allow this, or somebody
	// else was quicker.
	Conflict Kind = "conflict"
	// Denied: the other side knows who we are, or does not, and says no.
	Denied Kind = "denied"
	// Unavailable: the same call may succeed later.
	Unavailable Kind = "unavailable"
)

// Code says what went wrong in one short word, such as "gap" or "name-exists",
// the same for every server and cloud. Empty is an error that explains itself.
type Code string

// Error is an error with a kind and sentences for a person.
type Error struct {
	Kind    Kind
	Code    Code
	Message words.Text // what is wrong, a full sentence
	Fix     words.Text // what to do about it, a full sentence; may be empty
	Said    words.Text // the other side's own words with its number or code, for people; may be empty
	Err     error      // the cause for the log; may be nil
}

func (e *Error) Error() string {
	said := words.Join(e.Message, e.Said).String()
	if e.Err == nil {
		return said
	}
	return said + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// New makes a fault from two constant sentences; fix may be empty.
func New(kind Kind, message, fix string) *Error {
	return &Error{Kind: kind, Message: words.Text{Format: message}, Fix: words.Text{Format: fix}}
}

// Newf is New with a formatted message and no fix.
func Newf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: words.Say(format, args...)}
}

// Told makes a fault of sentences that were made before.
func Told(kind Kind, message, fix words.Text) *Error {
	return &Error{Kind: kind, Message: message, Fix: fix}
}

// Because returns a copy of e that remembers its cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// WithFix returns a copy of e with the sentence that says what to do.
func (e *Error) WithFix(format string, args ...any) *Error {
	c := *e
	c.Fix = words.Say(format, args...)
	return &c
}

// WithCode returns a copy of e with its code.
func (e *Error) WithCode(code Code) *Error {
	c := *e
	c.Code = code
	return &c
}

// Of returns the kind of the outermost fault in err's chain, Unknown without one.
func Of(err error) Kind {
	var f *Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return Unknown
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool { return err != nil && Of(err) == k }

// CodeOf returns the code of the outermost fault in err's chain; empty without
// one.
func CodeOf(err error) Code {
	var f *Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// From returns the outermost fault in err's chain. An error nobody classified
// says so and keeps its own text out: it may carry driver words or credentials.
func From(err error) *Error {
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return New(Unknown, "Something went wrong inside Bakplane.", "The log of the dashboard has the details.").Because(err)
}

// Later is a fault as one that passes by itself: a run waits over it instead of
// failing.
func Later(err error) *Error {
	f := *From(err)
	f.Kind = Unavailable
	return &f
}

// Texts returns the sentences for a person, as they are kept: what is wrong
// with the other side's words, and what to do.
func Texts(err error) (message, fix words.Text) {
	f := From(err)
	return words.Join(f.Message, f.Said), f.Fix
}

// Words is Texts, read.
func Words(err error) (message, fix string) {
	m, f := Texts(err)
	return m.String(), f.String()
}
