package backup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/tsql"
)

// Restorer is a self-managed SQL Server as the place where a database is
// restored step by step. Errors are those of Server.
type Restorer interface {
	Server
	// Apply restores one set WITH NORECOVERY; the files of the database go to
	// the server's default folders. A log whose content was applied already is
	// no error, so that a call whose answer was lost may be repeated.
	Apply(ctx context.Context, c ApplyCall, progress func(percent float64)) error
}

// Statements is a Restorer whose calls are no RESTORE statements, and how they
// are worded.
type Statements interface {
	ApplyStatement(c ApplyCall) string
	RecoverStatement(database string) string
}

// ApplyCall is one RESTORE statement.
type ApplyCall struct {
	Database string    // at the server restored to
	Kind     Kind      // Full, Differential or Log
	Files    []string  // paths as the server sees them; several = stripes
	Set      GUID      // which of the sets in the files; zero = the one at Position
	Position int       // of the set in the files, from 1, for the words; 0 = 1
	StopAt   time.Time // of a log: to this moment on the clock of the server that took it; zero = to its end
	Stopped  bool      // a log before this one had the same StopAt: the moment may have been in that one
	Replace  bool      // of a full: WITH REPLACE
	Key      string    // of a cloud's key service, under which the files are encrypted; empty = they are not
}

// Statement is the call as it is sent, but for MOVE, whose paths the server is
// asked for when its turn comes.
func (c ApplyCall) Statement() string {
	verb, options := "DATABASE", "NORECOVERY"
	if c.Position > 1 {
		options = fmt.Sprintf("FILE = %d, NORECOVERY", c.Position)
	}
	if c.Kind == Log {
		verb = "LOG"
	}
	if c.Replace {
		options += ", REPLACE"
	}
	if !c.StopAt.IsZero() {
		options += ", STOPAT = N'" + c.StopAt.Format("2006-01-02T15:04:05") + "'"
	}
	if c.Kind == Full {
		options += ", MOVE …"
	}
	from := make([]string, len(c.Files))
	for i, f := range c.Files {
		from[i] = "DISK = " + tsql.ShownText(f)
	}
	return "RESTORE " + verb + " " + tsql.Shown(c.Database) + "\nFROM " + strings.Join(from, ",\n     ") + "\nWITH " + options + ";"
}

// RecoverStatement opens a database that was restored.
func RecoverStatement(database string) string {
	return "RESTORE DATABASE " + tsql.Shown(database) + " WITH RECOVERY;"
}
