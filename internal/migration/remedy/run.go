// Package remedy does what a person orders at a server so that a line of the
// preflight passes, or so that a database takes writes after its cutover.
package remedy

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Run is one remedy at a source, with what came of it.
type Run struct {
	ID       string // of its run too
	ServerID string
	Database string
	Remedy   migration.Remedy
	Ordered  time.Time
	Finished time.Time  // zero while it goes on
	Found    []string   // by a check: errors; empty = none
	Why, Fix words.Text // why it could not be done; empty when it was
	State    run.State  // of the run, as the store tells it
}

// Going reports whether it is queued or at work.
func (w Run) Going() bool {
	return w.Finished.IsZero() && !w.State.Ended() && w.State != run.Failed
}

// Words says what came of it.
func (w Run) Words() words.Text {
	switch {
	case w.Going():
		return words.Say("%s: under way.", w.Remedy.Title())
	case w.Finished.IsZero():
		return words.Say("It was canceled.")
	case !w.Why.IsZero():
		return w.Why
	case w.Remedy == migration.RemedyCheck && len(w.Found) > 0:
		return words.Say("DBCC CHECKDB found %s: %s", words.Count(len(w.Found), "error", "errors"), w.Found[0])
	case w.Remedy == migration.RemedyCheck:
		return words.Say("DBCC CHECKDB found no errors.")
	}
	return words.Say("Done: %s.", w.Remedy.Statement(w.Database))
}

// Store keeps remedies. Every method is one transaction.
type Store interface {
	RemedyRun(ctx context.Context, id string) (Run, error)
	// LastRemedyRun is the newest of a kind for a database; nil when there was none.
	LastRemedyRun(ctx context.Context, serverID, database string, r migration.Remedy) (*Run, error)
	// BeginRemedyRun writes it and its run, queued; Conflict while the same goes on.
	BeginRemedyRun(ctx context.Context, w Run, r run.Run, e audit.Entry) error
	NoteRemedyRun(ctx context.Context, g run.Claim, w Run, n run.Note, e audit.Entry) error
}

// Kind is the kind of the runs that do remedies.
const Kind = "remedy"
