package migrations

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

func (s *Pages) migrationRetry(c echo.Context) error {
	err := migration.OrderRetry(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c))
	return s.Ordered(c, err, "It goes on from where it stood.")
}

func (s *Pages) migrationPause(c echo.Context) error {
	return s.Ordered(c, s.PauseRun(c), "It pauses at the next safe place.")
}

func (s *Pages) migrationResume(c echo.Context) error {
	return s.Ordered(c, s.ResumeRun(c), "It goes on.")
}

func crumbs(m migration.Migration, here string) []kit.Link {
	return []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: m.Database, Href: "/migrations/" + m.ID}, {Text: here}}
}

func checkField(value migration.CheckMode) kit.Field {
	return kit.Field{Name: "check", Label: "DBCC CHECKDB", Type: "choices", Value: string(value), Options: []kit.Option{
		{Value: string(migration.CheckAsync), Label: "After opening (asynchronous)", Hint: "The database opens in about a minute and is checked while it is used. With ApsaraDB: AsyncExecuteDBCheck."},
		{Value: string(migration.CheckSync), Label: "Before opening (synchronous)", Hint: "It opens only when the check has ended: slower, and errors show before anybody writes. With ApsaraDB: SyncExecuteDBCheck."},
	}}
}

func decisionView(v kit.Decision, refused error) server.View {
	out := server.View{Title: v.Title, Section: "migrations", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out
}
