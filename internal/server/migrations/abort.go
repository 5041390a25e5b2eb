package migrations

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// abortAsk asks for the name before a migration is given up.
func (s *Pages) abortAsk(c echo.Context) (server.View, error) { return s.abortView(c, nil) }

func (s *Pages) abortView(c echo.Context, refused error) (server.View, error) {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/migrations/" + m.ID
	v := kit.Decision{Title: "Abort " + m.Database, Crumbs: crumbs(m, "Abort")}
	if _, err := migration.Abort(m); err != nil {
		message, fix := fault.Words(err)
		v.Intro, v.Notes = "It cannot be aborted now.", []kit.Help{{Title: message, Fix: fix, Actions: []kit.Action{{Label: "Back", Href: here}}}}
		return decisionView(v, refused), nil
	}
	i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
	if err != nil {
		return server.View{}, err
	}
	v.Points = []string{
		"A backup that is being taken is stopped.",
		"The source, " + m.SourceDatabase + " on " + i.Name + ", is made writable again if it was frozen. This comes first, and goes on only when the server says so.",
		"The restore is ended; the half-restored database on the target is dropped.",
		"Files that are complete stay, in the backup folder and in the " + stagingWord(m) + "."}
	if m.LiveSource.Frozen.IsZero() {
		v.Notes = []kit.Help{{Tone: kit.ToneRun, Title: "Writes have not been stopped", Cause: "The source is writable now and stays so."}}
	} else {
		v.Calls = append(v.Calls, kit.Call{Title: "Give the source back, at " + i.Name, Request: giveBackStatement(m)})
		title := "Writes are stopped now"
		if m.LiveSource.Freezing() {
			title = "Writes are being stopped"
		}
		v.Notes = []kit.Help{{Tone: kit.ToneWarn, Title: title, Cause: "Since " + s.Zone(c).Clock(m.LiveSource.Frozen).UTC + " UTC. Aborting lets them go on at the source; nothing that was written is lost."}}
	}
	if m.TaskID != "" {
		v.Calls = append(v.Calls, kit.Call{Title: endWord(m), Request: s.requestOf(c.Request().Context(), m, migration.VerbTerminate, migration.RestoreCall{})})
	}
	field := kit.Field{Name: "confirm", Label: "Type " + m.Database + " to confirm", Mono: true, Autocomplete: "off", Focus: true}
	if refused != nil {
		message, fix := fault.Words(refused)
		field.Error = message + " " + fix
	}
	v.Form = &kit.Form{Action: here + "/abort", Submit: "Abort the migration", Cancel: here, Danger: true, Confirm: m.Database, Fields: []kit.Field{field}}
	return decisionView(v, refused), nil
}

func giveBackStatement(m migration.Migration) string {
	if m.LiveSource.Freeze == migration.FreezeStopped {
		return "SELECT state_desc, is_read_only FROM sys.databases WHERE name = " + tsql.ShownText(m.SourceDatabase) + " -- it takes writes already"
	}
	if m.LiveSource.Freeze == migration.FreezeReadOnly {
		return "ALTER DATABASE " + tsql.Shown(m.SourceDatabase) + " SET READ_WRITE WITH ROLLBACK IMMEDIATE"
	}
	return "RESTORE DATABASE " + tsql.Shown(m.SourceDatabase) + " WITH RECOVERY"
}

// abortOrder orders the abort.
func (s *Pages) abortOrder(c echo.Context) error {
	err := migration.OrderAbort(c.Request().Context(), s.Migrations, c.Param("id"), c.FormValue("confirm"), s.By(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.abortView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	return s.Ordered(c, err, "Ordered: the source is given back, then the target's task is ended.")
}
