package migrations

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// adoptAsk asks which task at the target is the one whose answer was lost.
func (s *Pages) adoptAsk(c echo.Context) (server.View, error) {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return adoptView(s.Zone(c), m, "", nil), nil
}

func adoptView(z kit.Zone, m migration.Migration, typed string, refused error) server.View {
	here := "/migrations/" + m.ID
	v := kit.Decision{Title: "Say which task is ours", Crumbs: crumbs(m, "Say which task is ours"),
		Intro: "The order to restore " + m.Database + " was sent, and its answer was lost. A task that it began goes on at the target all the same.",
		Points: []string{"The task is looked at first: its database must be " + m.Database + ", and where the target tells its files, ours must be among them.",
			"Then the migration goes on with it, and nothing is restored twice.", "Its id stands in the instance's migration records, in the cloud's console."}}
	if m.Problem == nil {
		v.Notes, v.Points = []kit.Help{{Title: "There is no task to take over now.", Fix: "See what the migration waits for.", Actions: []kit.Action{{Label: "Back", Href: here}}}}, nil
		return decisionView(v, refused)
	}
	field := kit.Field{Name: "task", Label: "Id of the task", Mono: true, Autocomplete: "off", Focus: true, Value: typed}
	for _, t := range m.Problem.Candidates {
		v.Points = append(v.Points, "The target shows task "+t.ID+" of this name, "+string(t.Status)+", made at "+z.At(t.Created).UTC+" UTC"+"; it does not tell the files.")
		if field.Value == "" {
			field.Value = t.ID
		}
	}
	if refused != nil {
		message, fix := fault.Words(refused)
		field.Error = message + " " + fix
	}
	v.Form = &kit.Form{Action: here + "/adopt", Submit: "This one is ours", Cancel: here, Fields: []kit.Field{field}}
	return decisionView(v, refused)
}

// adoptOrder says that a task is ours.
func (s *Pages) adoptOrder(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := migration.OrderAdopt(ctx, s.Migrations, id, c.FormValue("task"), s.By(c))
	if fault.Is(err, fault.Invalid) {
		m, readErr := s.Migrations.Migration(ctx, id)
		if readErr != nil {
			return readErr
		}
		return s.Refused(c, adoptView(s.Zone(c), m, c.FormValue("task"), err))
	}
	return s.Ordered(c, err, "The task is looked at; if it is the one, the migration goes on with it.")
}
