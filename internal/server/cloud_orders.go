package server

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/run"
)

// OrderedBy is who asks and when, for orders about backups.
func (s *Kit) OrderedBy(c echo.Context) backupjob.By {
	return backupjob.By{Actor: Actor(c), At: s.Now().UTC()}
}

// RunInstance is the instance that one of our runs about backups is for; empty
// for others.
func (s *Kit) RunInstance(ctx context.Context, r run.Run) string {
	switch r.Kind {
	case backupjob.RunCloudBackup, backupjob.RunCloudRestore, backupjob.RunCopy:
		e, err := s.Copier.Store.Operation(ctx, r.Subject)
		if err == nil {
			return e.InstanceID
		}
		s.Log.Warn("read errand", "run", r.ID, "err", err)
	}
	return ""
}
