package backup

import (
	"context"
	"time"
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

// ApplyCall is one RESTORE statement.
type ApplyCall struct {
	Database string    // at the server restored to
	Kind     Kind      // Full, Differential or Log
	Files    []string  // paths as the server sees them; several = stripes
	StopAt   time.Time // of a log: to this moment on the clock of the server that took it; zero = to its end
	Replace  bool      // of a full: WITH REPLACE
}
