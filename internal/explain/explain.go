// Package explain says what a code means: two to four words for a list, the
// cause, what to do, and the next actions to offer. It is the one table of
// errors: adapters give a fault its code where they hear the number or text,
// and every page, event and answer of the API reads the rest here.
package explain

import (
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Action is a next action a person can take.
type Action string

const (
	Retry           Action = "retry"     // retry from here
	AddFiles        Action = "add-files" // add the missing file
	Open            Action = "open"
	Terminate       Action = "terminate"
	Abort           Action = "abort"            // give the source back
	OneMore         Action = "one-more"         // take one more log and try again
	GapDifferential Action = "gap-differential" // take a differential, which covers the log that is lost
	Server          Action = "server"           // change how the source server is reached
	Adopt           Action = "adopt"            // say that a task at the target is ours
)

// At is where something happened, when what to do differs there.
type At string

const (
	AtServer    At = "server"    // a SQL Server whose folders and logins are one's own
	AtService   At = "service"   // an instance that a cloud runs
	AtFollowing At = "following" // a migration that takes its files from a source at work
)

// Row is what one code means. Its sentences are formats of words.Text, and
// thereby keys of a translation.
type Row struct {
	Code  fault.Code
	At    At     // empty = everywhere
	Title string // two to four words, in lower case where no name begins them
	Cause string
	Named string // Cause with the name of what it is about, %s; empty = Cause
	Fix   string
	Next  []Action // the likeliest first
	None  string   // why there is no next action
	// Opened: the database is open or restored all the same, so it is a warning.
	Opened bool
}

// Of finds the row of a code, for the first of the places that has one of its
// own. A code that is not in the table is the unknown one.
func Of(code fault.Code, at ...At) Row {
	for _, a := range append(slices.Clone(at), "") {
		for _, r := range table {
			if r.Code == code && r.At == a {
				return r
			}
		}
	}
	for _, r := range table {
		if r.Code == code {
			return r
		}
	}
	return Of(Unknown, at...)
}

// Unknown is the code of what nobody has explained.
const Unknown fault.Code = "unknown"

// Known reports whether the table has a code.
func Known(code fault.Code) bool {
	return slices.ContainsFunc(table, func(r Row) bool { return r.Code == code })
}

// Title is a code in two to four words. A code of another version is read as
// it is spelled.
func Title(code fault.Code) string {
	if Known(code) {
		return Of(code).Title
	}
	return strings.NewReplacer("-", " ", "/", ": ").Replace(string(code))
}

// CauseText and FixText are the sentences as they are kept.
func (r Row) CauseText() words.Text { return words.Text{Format: r.Cause} }
func (r Row) FixText() words.Text   { return words.Text{Format: r.Fix} }

// Fault makes an error of a code. name is what it is about, such as the path of
// a file; empty where nobody knows.
func Fault(kind fault.Kind, code fault.Code, at At, name string) *fault.Error {
	r := Of(code, at)
	cause := r.CauseText()
	if name != "" && r.Named != "" {
		cause = words.Text{Format: r.Named, Args: []any{name}}
	}
	return fault.Told(kind, cause, r.FixText()).WithCode(code)
}

// All is the whole table.
func All() []Row { return slices.Clone(table) }

var table = slices.Concat(chain, files, databases, rights, servers, services, sources, orders, serverMigrations, tasks, preflights)
