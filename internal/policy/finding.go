package policy

import (
	"slices"

	"github.com/bakplane/bakplane/internal/audit"
)

// Finding is something to say about a field of a form before it is sent.
type Finding struct {
	Field string // as the Field… words; empty = the policy or instance as a whole
	Bars  bool   // it cannot be sent so; else it is a warning
	Text  string // what is so, and why
	Fix   string // may be empty
}

// Barred reports whether any finding bars the way.
func Barred(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Bars })
}

// Objection bars a wish; its findings belong to fields.
type Objection struct{ Findings []Finding }

func (o *Objection) Error() string {
	for _, f := range o.Findings {
		if f.Bars {
			return f.Text
		}
	}
	return "the policy cannot be written"
}

// By is who changes a policy, and how.
type By struct {
	Actor audit.Actor
	Note  string // such as "applied to 12 instances"; may be empty
}
