package migrations

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// gapDifferentialAsk shows what is sent to the source before a differential is taken
// over a log that is lost.
func (s *Pages) gapDifferentialAsk(c echo.Context) (server.View, error) {
	return s.gapDifferentialView(c, nil)
}

func (s *Pages) gapDifferentialView(c echo.Context, refused error) (server.View, error) {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/migrations/" + m.ID
	v := kit.Decision{Title: "Take a differential of " + m.Database, Crumbs: crumbs(m, "Take a differential")}
	if _, err := migration.GapDifferential(m); err != nil {
		message, fix := fault.Words(err)
		v.Intro, v.Notes = "It cannot be taken now.", []kit.Help{{Title: message, Fix: fix, Actions: []kit.Action{{Label: "Back", Href: here}}}}
		return decisionView(v, refused), nil
	}
	i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
	if err != nil {
		return server.View{}, err
	}
	t := nextSourceBackup(m, migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}, "differential", false, 1, s.Now().UTC())
	v.Intro = "It covers the log that is lost: everything that was changed at " + m.SourceDatabase + " on " + i.Name + " since the full backup that the target has."
	v.Points = []string{"A differential backup is taken, shipped and applied. The longer the full backup lies back, the larger it is.",
		"Log backups go on behind it. Nothing is stopped, and everything applied so far stays."}
	if m.Problem.Code == migration.CodeSimple {
		v.Points = append([]string{"The recovery model is set FULL again: the log grows until the next log backup, as it did before."}, v.Points...)
		v.Calls = append(v.Calls, kit.Call{Title: "At " + i.Name, Request: "ALTER DATABASE " + tsql.Shown(m.SourceDatabase) + " SET RECOVERY FULL"})
	}
	v.Calls = append(v.Calls, kit.Call{Title: "At " + i.Name, Request: sourceBackupStatement(m, t), Note: "The name holds the time of the order."})
	v.Form = &kit.Form{Action: here + "/bridge", Submit: "Take the differential", Cancel: here, Problem: server.ProblemOf(refused)}
	return decisionView(v, refused), nil
}

// gapDifferentialOrder orders the differential.
func (s *Pages) gapDifferentialOrder(c echo.Context) error {
	err := migration.OrderGapDifferential(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c))
	if fault.Is(err, fault.Conflict) {
		v, viewErr := s.gapDifferentialView(c, err)
		return s.AskAgain(c, v, viewErr, err)
	}
	return s.Ordered(c, err, "Ordered: a differential backup is taken, and log backups go on behind it.")
}
