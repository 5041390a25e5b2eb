// Package words words things for people, each in one way: sizes, durations,
// numbers, moments, and sentences made of them.
//
// A sentence keeps its English format and what stands in it until somebody
// reads it. The format is its key: another language is a table of formats.
package words

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Text is a sentence for people: a format in the manner of fmt and its
// arguments. An argument is a string, a bool, an int64, a float64, another
// Text, or one of Bytes, Span, Number and Moment; Say makes it so. A Text
// without arguments is its format.
type Text struct {
	Format string
	Args   []any
}

// Say makes a text. Everything that words itself (fmt.Stringer) is worded now,
// but for the types of this package; durations and times become Span and
// Moment. The format is a constant: what varies is an argument.
func Say(format string, args ...any) Text {
	if false {
		_ = fmt.Sprintf(format, args...) // lets vet compare formats and arguments
	}
	t := Text{Format: format}
	for _, a := range args {
		t.Args = append(t.Args, plain(a))
	}
	return t
}

// Plain is a text of somebody else's words, which no table knows.
func Plain(said string) Text {
	if said == "" {
		return Text{}
	}
	return Text{Format: "%s", Args: []any{said}}
}

// Join puts sentences one after the other, with blanks between; empty ones are
// left out.
func Join(texts ...Text) (out Text) {
	for _, t := range texts {
		switch {
		case t.IsZero():
		case out.IsZero():
			out = t
		default:
			out = Text{Format: "%s %s", Args: []any{out, t}}
		}
	}
	return out
}

// plain makes an argument one of the types that a Text keeps.
func plain(a any) any {
	switch v := a.(type) {
	case nil:
		return ""
	case string, bool, int64, float64, Text, Bytes, Span, Number, Moment:
		return v
	case time.Duration:
		return Span(v)
	case time.Time:
		return Moment(v)
	case fmt.Stringer:
		return v.String()
	case error:
		return v.Error()
	}
	switch v := reflect.ValueOf(a); {
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(v.Uint())
	case v.CanFloat():
		return v.Float()
	}
	return fmt.Sprint(a)
}

// Table is a language: formats by their English ones. What it lacks is said in
// English; nil is English.
type Table map[string]string

// In words the text in a language. What stands in it of somebody else's words
// is made visible, but for ends of lines and tabs.
func (t Text) In(l Table) string {
	format := t.Format
	if other, ok := l[format]; ok {
		format = other
	}
	if len(t.Args) == 0 {
		return readable(strings.ReplaceAll(format, "%%", "%"))
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		args[i] = a
		if inner, ok := a.(Text); ok {
			args[i] = inner.In(l)
		}
	}
	return readable(fmt.Sprintf(format, args...))
}

// String words the text in English.
func (t Text) String() string { return t.In(nil) }

// IsZero reports whether there is nothing to read.
func (t Text) IsZero() bool { return t.Format == "" && len(t.Args) == 0 }

// Equal reports whether two texts read the same.
func (t Text) Equal(o Text) bool { return t.String() == o.String() }

// Encode is the text for one column: its format as it is where that says all,
// else a JSON object. Decode reads it back.
func (t Text) Encode() string {
	if len(t.Args) == 0 && !strings.Contains(t.Format, "%%") {
		return t.Format
	}
	b, err := json.Marshal(wire(t))
	if err != nil { // no argument can bring it about
		return t.String()
	}
	return string(b)
}

// Decode reads what Encode wrote, and plain sentences of earlier versions.
func Decode(column string) Text {
	var t Text
	if strings.HasPrefix(column, `{"format":`) && json.Unmarshal([]byte(column), &t) == nil {
		return t
	}
	if strings.Contains(column, "%%") {
		return Plain(column)
	}
	return Text{Format: column}
}
