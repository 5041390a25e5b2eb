// Package fault names the few kinds of error that somebody has to decide on.
//
// An error travels up wrapped with the operation ("read header: …"); whoever
// must choose asks Of for its kind. Unavailable means "try again later",
// everything else means "a person should look". What the person reads is the
// Message and the Fix of the innermost fault, put there by whoever knew what
// went wrong; the wrapped chain around it belongs in the log.
package fault

import (
	"errors"
	"fmt"
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

// Error is an error with a kind and two sentences for a person.
type Error struct {
	Kind    Kind
	Message string // what is wrong, a full sentence
	Fix     string // what to do about it, a full sentence; may be empty
	Err     error  // the cause for the log; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// New makes a fault from two sentences; fix may be empty.
func New(kind Kind, message, fix string) *Error {
	return &Error{Kind: kind, Message: message, Fix: fix}
}

// Newf is New with a formatted message and no fix.
func Newf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
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
	c.Fix = fmt.Sprintf(format, args...)
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

// Words returns the sentences for a person. An error nobody classified says
// so and keeps its own text out: it may carry driver words or credentials.
func Words(err error) (message, fix string) {
	var f *Error
	if errors.As(err, &f) {
		return f.Message, f.Fix
	}
	return "Something went wrong inside Bakplane.", "The log of the dashboard has the details."
}
