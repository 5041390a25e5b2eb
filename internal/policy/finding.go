package policy

import (
	"slices"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/words"
)

// Finding is something to say about a field of a form before it is sent.
type Finding struct {
	Field string     // as the Field… words; empty = the instance as a whole
	Bars  bool       // it cannot be sent so; else it is a warning
	Text  words.Text // what is so, and why
	Fix   words.Text // may be empty
}

// Barred reports whether any finding bars the way.
func Barred(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Bars })
}

// Objection bars a request; its findings belong to fields.
type Objection struct{ Findings []Finding }

func (o *Objection) Error() string { return o.Text().String() }

// Text is the first finding that bars it.
func (o *Objection) Text() words.Text {
	for _, f := range o.Findings {
		if f.Bars {
			return f.Text
		}
	}
	return words.Say("The policy cannot be written.")
}

// By is who changes a policy, and how.
type By struct {
	Actor audit.Actor
	Note  string // such as "applied to 12 instances"; may be empty
}
