package kit

import "slices"

// Form is a form with its messages. A rejected form is shown again as itself,
// with what the person had typed.
type Form struct {
	Action  string // address
	Method  string // get or post; post when empty
	Problem *Help  // what is wrong with the whole
	Hidden  []Hidden
	Fields  []Field
	Submit  string
	Cancel  string // address; empty = no way back shown
	Danger  bool   // the button does what cannot be undone
	Confirm string // text that must have been typed into the field named "confirm"
}

// Field is one input with its label, hint and error.
type Field struct {
	Name, Label, Hint, Error string
	Heading, Under           string // a new part of the form begins here, and a sentence about it
	Type                     string // text, password, number, url, email, select, choices, checks or area; text when empty
	Value                    string
	Values                   []string // of checks: those that are chosen
	Placeholder              string
	Autocomplete             string
	Options                  []Option // of select, choices and checks
	Optional                 bool
	Focus                    bool
	Mono                     bool
}

// Option is one thing to choose.
type Option struct {
	Value, Label, Hint string
	Off                bool // cannot be chosen; Hint says why
}

func (f Form) method() string {
	if f.Method == "" {
		return "post"
	}
	return f.Method
}

func (f Form) buttonClass() string {
	if f.Danger {
		return "danger"
	}
	return ""
}

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f Field) describedBy() string {
	switch {
	case f.Error != "":
		return "err-" + f.Name
	case f.Hint != "":
		return "hint-" + f.Name
	}
	return ""
}

// has reports whether a value of checks is chosen.
func (f Field) has(value string) bool { return slices.Contains(f.Values, value) }
