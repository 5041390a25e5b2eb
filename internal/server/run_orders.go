package server

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/run"
)

// MoveSaid is what a person is told when a run about backups was retried or
// canceled.
var MoveSaid = map[run.State]string{run.Queued: "It goes on: what is done stays done.", run.Canceled: "It ends at the next safe place."}

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
