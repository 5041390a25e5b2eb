package server

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// BackupRunKinds are the kinds of runs about backups.
var BackupRunKinds = map[string]string{backupjob.RunBackup: "backup", backupjob.RunPrune: "pruning", backupjob.RunRestore: "restore", backupjob.RunCopy: "copy", backupjob.RunCloudBackup: "backup by the service", backupjob.RunCloudRestore: "restore by the service"}

// RunMoves are what a person may order of a run about backups. Migrations are
// ordered on their own pages, where more is decided.
var RunMoves = map[run.State]struct{ action, words, Said string }{
	run.Queued:   {"run.retry", "Retried the run ", "It goes on: what is done stays done."},
	run.Canceled: {"run.cancel", "Canceled the run ", "It ends at the next safe place."},
}

// OrderRun retries or cancels a run about backups.
func (s *Kit) OrderRun(c echo.Context, to run.State) error {
	ctx := c.Request().Context()
	r, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if BackupRunKinds[r.Kind] == "" {
		return fault.New(fault.Conflict, "This run is ordered on the page of what it belongs to.", "Open that page and decide there.")
	}
	if to == run.Queued && r.State != run.Failed && r.State != run.Paused {
		return fault.New(fault.Conflict, "Only what has stopped can be retried.", "Look at what it is doing now.")
	}
	m := RunMoves[to]
	return s.Runs.Move(ctx, r.ID, to, s.Entry(c, m.action, "run/"+r.ID, m.words+r.Title.String()+"."))
}

// PauseRun pauses a migration's run at the next safe place.
func (s *Kit) PauseRun(c echo.Context) error {
	return s.moveRun(c, run.Paused, "migration.pause", "Paused the migration of ")
}

// ResumeRun lets a migration's run go on.
func (s *Kit) ResumeRun(c echo.Context) error {
	return s.moveRun(c, run.Queued, "migration.resume", "Let go on the migration of ")
}

// moveRun pauses a migration's run or lets it go on.
func (s *Kit) moveRun(c echo.Context, to run.State, action, words string) error {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	by := s.By(c)
	return s.Runs.Move(ctx, m.RunID, to, audit.New(by.Actor, by.At, action, "migration/"+m.ID, words+m.Database+"."))
}
