package endpoint

import (
	"maps"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// Spec is what a kind of record brings along, so that nobody else has to ask
// which kind a record is of: its words, its form and its rules.
type Spec[T any] struct {
	Key    string // stored with the record, such as "folder"
	Page   string // part of the addresses of its pages under Settings, such as "folders"
	Thing  string // in sentences, such as "folder"
	Intro  string // above the form, one or two sentences
	Fields []Field[T]
	List   List[T]
	Check  func(T) error  // refuses with Invalid what cannot work
	Named  func(T) string // the name of a record that people gave none
}

// Field is one input of a form for records of T, in the order in which people
// fill it in.
type Field[T any] struct {
	Name, Label       string
	Hint, Placeholder string
	Heading, Under    string // begin a part of the form; may be empty
	Type              Input
	Optional          bool
	Mono              bool // ids, paths and whatever else is compared letter by letter
	Options           []Option
	Get               func(T) string // what stands in the field; nil for secrets, which are taken and never given
	Set               func(*T, string) error
}

// List is how records of a kind are listed under Settings, below their names.
type List[T any] struct {
	Title, Note string
	Add         string // label of the button
	None, Begin string // when there are none: that there are none, and what to do
	Columns     []Column[T]
}

// Column is one column of a list.
type Column[T any] struct {
	Title string
	Get   func(T) string
	Of    Input // Accounts: Get tells an id, and the list shows its name
}

// Input is how a field is filled in.
type Input string

const (
	Line     Input = ""         // one line of text
	Number   Input = "number"   // a whole number
	Area     Input = "area"     // several lines
	Choices  Input = "choices"  // one of Options
	Password Input = "password" // kept sealed; an empty one keeps what is stored
	Accounts Input = "accounts" // the id of a cloud account
	Folders  Input = "folders"  // the id of a bucket that is a folder of this machine
	Services Input = "services" // the id of a bucket that a service keeps; the check says which kinds
)

// Option is one of a field's choices.
type Option struct{ Value, Label, Hint string }

// Text completes a field that is kept as it was typed.
func Text[T any](f Field[T], of func(*T) *string) Field[T] {
	f.Get = func(v T) string { return *of(&v) }
	f.Set = func(v *T, s string) error { *of(v) = s; return nil }
	return f
}

// pick finds a spec by its key; an unknown key is an error and never somebody's
// default.
func pick[S any](all []S, key string, keyOf func(S) string, thing string) (S, error) {
	var known []string
	for _, s := range all {
		if keyOf(s) == key {
			return s, nil
		}
		known = append(known, keyOf(s))
	}
	var none S
	return none, fault.Newf(fault.Invalid, "This version of Bakplane does not know %s of kind %q.", thing, key).WithFix("Choose one of those it knows: %s.", strings.Join(known, ", "))
}

// WithMore returns a copy of what a kind keeps in More with one field set; an
// empty value takes it out.
func WithMore(more map[string]string, name, value string) map[string]string {
	out := maps.Clone(more)
	if value == "" {
		delete(out, name)
		return out
	}
	if out == nil {
		out = map[string]string{}
	}
	out[name] = value
	return out
}
