package migrations

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// migrationAskTerminate asks for the name before everything restored is given up.
func (s *Pages) migrationAskTerminate(c echo.Context) (server.View, error) {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.terminateView(c, m, nil), nil
}

func (s *Pages) terminateView(c echo.Context, m migration.Migration, refused error) server.View {
	here := "/migrations/" + m.ID
	v := kit.Decision{Title: "Terminate " + m.Database, Crumbs: crumbs(m, "Terminate"),
		Points: []string{"Uploads under way are stopped and their parts thrown away.", "The restore on the target is ended, and what it restored is lost.",
			"Files that are complete in the " + stagingWord(m) + " stay there.", "The source is not touched."}}
	field := kit.Field{Name: "confirm", Label: "Type " + m.Database + " to confirm", Mono: true, Autocomplete: "off", Focus: true}
	if refused != nil {
		message, fix := fault.Words(refused)
		field.Error = message + " " + fix
	}
	v.Form = &kit.Form{Action: here + "/terminate", Submit: "Terminate the migration", Cancel: here, Danger: true, Confirm: m.Database, Fields: []kit.Field{field}}
	if m.TaskID != "" {
		v.Calls = []kit.Call{{Title: endWord(m), Request: s.requestOf(c.Request().Context(), m, migration.VerbTerminate, migration.RestoreCall{})}}
	}
	if _, err := migration.Terminate(m, m.Database); err != nil {
		message, fix := fault.Words(err)
		v.Notes, v.Points, v.Form, v.Calls = []kit.Help{{Title: message, Fix: fix, Actions: []kit.Action{{Label: "Back", Href: here}}}}, nil, nil, nil
	}
	return decisionView(v, refused)
}

// migrationTerminate orders the end.
func (s *Pages) migrationTerminate(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := migration.OrderTerminate(ctx, s.Migrations, id, c.FormValue("confirm"), s.By(c))
	if fault.Is(err, fault.Invalid) {
		m, readErr := s.Migrations.Migration(ctx, id)
		if readErr != nil {
			return readErr
		}
		return s.Refused(c, s.terminateView(c, m, err))
	}
	return s.Ordered(c, err, "Ordered: the migration ends.")
}
