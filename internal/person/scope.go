package person

import (
	"slices"

	"github.com/bakplane/bakplane/internal/fault"
)

// Scope is how far a token reaches.
type Scope string

const (
	// Read looks at everything and changes nothing.
	Read Scope = "read"
	// Operate orders what policies and migrations are made for, too: backups,
	// restores, migrations, and what a run needs of a person.
	Operate Scope = "operate"
	// Administer changes places, policies, people and tokens, too. It is what
	// people have who sign in.
	Administer Scope = "administer"
)

// Scopes lists all, the narrowest first.
func Scopes() []Scope { return []Scope{Read, Operate, Administer} }

// ReadScope reads the word for a scope; Invalid for any other.
func ReadScope(s string) (Scope, error) {
	if i := slices.Index(Scopes(), Scope(s)); i >= 0 {
		return Scopes()[i], nil
	}
	return "", fault.Newf(fault.Invalid, "%q is not a scope of a token.", s).WithFix("Choose read, operate or administer.")
}

// Allows reports whether who has s may do what needs the other. An unknown
// scope allows nothing.
func (s Scope) Allows(need Scope) bool {
	has, asked := slices.Index(Scopes(), s), slices.Index(Scopes(), need)
	return has >= 0 && asked >= 0 && has >= asked
}
