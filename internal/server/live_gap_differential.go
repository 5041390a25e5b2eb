package server

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/web/templates"
)

// gapDifferentialAsk shows what is sent to the source before a differential is taken
// over a log that is lost.
func (s *Server) gapDifferentialAsk(c echo.Context) (view, error) {
	return s.gapDifferentialView(c, nil)
}

func (s *Server) gapDifferentialView(c echo.Context, refused error) (view, error) {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here := "/migrations/" + m.ID
	v := templates.Decision{Title: "Take a differential of " + m.Database, Crumbs: crumbs(m, "Take a differential")}
	if _, err := migration.GapDifferential(m); err != nil {
		message, fix := fault.Words(err)
		v.Intro, v.Notes = "It cannot be taken now.", []templates.Help{{Title: message, Fix: fix, Actions: []templates.Action{{Label: "Back", Href: here}}}}
		return decisionView(v, refused), nil
	}
	i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
	if err != nil {
		return view{}, err
	}
	t := nextSourceBackup(m, migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}, "differential", false, 1, s.Now().UTC())
	v.Intro = "It covers the log that is lost: everything that was changed at " + m.SourceDatabase + " on " + i.Name + " since the full backup that the target has."
	v.Points = []string{"A differential backup is taken, shipped and applied. The longer the full backup lies back, the larger it is.",
		"Log backups go on behind it. Nothing is stopped, and everything applied so far stays."}
	if m.Problem.Code == migration.CodeSimple {
		v.Points = append([]string{"The recovery model is set FULL again: the log grows until the next log backup, as it did before."}, v.Points...)
		v.Calls = append(v.Calls, templates.Call{Title: "At " + i.Name, Request: "ALTER DATABASE " + tsql.Shown(m.SourceDatabase) + " SET RECOVERY FULL"})
	}
	v.Calls = append(v.Calls, templates.Call{Title: "At " + i.Name, Request: sourceBackupStatement(m, t), Note: "The name holds the time of the order."})
	v.Form = &templates.Form{Action: here + "/bridge", Submit: "Take the differential", Cancel: here, Problem: problemOf(refused)}
	return decisionView(v, refused), nil
}

// gapDifferentialOrder orders the differential.
func (s *Server) gapDifferentialOrder(c echo.Context) error {
	err := migration.OrderGapDifferential(c.Request().Context(), s.Migrations, c.Param("id"), s.by(c))
	if fault.Is(err, fault.Conflict) {
		v, viewErr := s.gapDifferentialView(c, err)
		return s.askAgain(c, v, viewErr, err)
	}
	return s.ordered(c, err, "Ordered: a differential backup is taken, and log backups go on behind it.")
}
