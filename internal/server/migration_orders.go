package server

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

func (s *Server) by(c echo.Context) migration.By {
	return migration.By{Actor: actor(c), At: s.Now().UTC()}
}

// ordered leads back to the migration after an order was taken.
func (s *Server) ordered(c echo.Context, err error, words string) error {
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, words)
	return seeOther(c, "/migrations/"+c.Param("id"))
}

func (s *Server) migrationRetry(c echo.Context) error {
	err := migration.OrderRetry(c.Request().Context(), s.Migrations, c.Param("id"), s.by(c))
	return s.ordered(c, err, "It goes on from where it stood.")
}

func (s *Server) migrationPause(c echo.Context) error {
	return s.ordered(c, s.pauseRun(c), "It pauses at the next safe place.")
}

func (s *Server) migrationResume(c echo.Context) error {
	return s.ordered(c, s.resumeRun(c), "It goes on.")
}

func (s *Server) pauseRun(c echo.Context) error {
	return s.moveRun(c, run.Paused, "migration.pause", "Paused the migration of ")
}

func (s *Server) resumeRun(c echo.Context) error {
	return s.moveRun(c, run.Queued, "migration.resume", "Let go on the migration of ")
}

// moveRun pauses a migration's run or lets it go on.
func (s *Server) moveRun(c echo.Context, to run.State, action, words string) error {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	by := s.by(c)
	return s.Runs.Move(ctx, m.RunID, to, audit.New(by.Actor, by.At, action, "migration/"+m.ID, words+m.Database+"."))
}

func crumbs(m migration.Migration, here string) []templates.Link {
	return []templates.Link{{Text: "Migrations", Href: "/migrations"}, {Text: m.Database, Href: "/migrations/" + m.ID}, {Text: here}}
}

func checkField(value migration.CheckMode) templates.Field {
	return templates.Field{Name: "check", Label: "DBCC CHECKDB", Type: "choices", Value: string(value), Options: []templates.Option{
		{Value: string(migration.CheckAsync), Label: "After opening (asynchronous)", Hint: "The database opens in about a minute and is checked while it is used. With ApsaraDB: AsyncExecuteDBCheck."},
		{Value: string(migration.CheckSync), Label: "Before opening (synchronous)", Hint: "It opens only when the check has ended: slower, and errors show before anybody writes. With ApsaraDB: SyncExecuteDBCheck."},
	}}
}

// migrationAskOpen asks once more before the database is opened.
func (s *Server) migrationAskOpen(c echo.Context) (view, error) {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.openView(c, m, nil), nil
}

func (s *Server) openView(c echo.Context, m migration.Migration, refused error) view {
	here := "/migrations/" + m.ID
	v := templates.Decision{Title: "Open " + m.Database, Crumbs: crumbs(m, "Open"),
		Intro:  "The target has applied everything up to LSN " + m.AppliedTo().String() + ".",
		Points: []string{"The " + targetWord(m) + " recovers the database and brings it online.", "From then on no further increment can be imported.", "DBCC CHECKDB runs as chosen below."},
		Notes: []templates.Help{{Tone: templates.ToneWarn, Title: "Were writes at the source stopped before the last log was taken?",
			Cause: "What was written after it is not on the target, and cannot be brought there once the database is open."}}}
	decision, err := migration.Open(m, m.Check)
	for _, f := range decision.Files {
		if f.State == migration.FileDropped {
			v.Notes = append(v.Notes, templates.Help{Title: f.Source + " was refused and will be given up", Cause: f.Message})
		}
	}
	if err != nil {
		message, fix := fault.Words(err)
		v.Notes, v.Points = []templates.Help{{Title: message, Fix: fix, Actions: []templates.Action{{Label: "Back", Href: here}}}}, nil
		v.Intro = "It cannot be opened now."
	} else {
		v.Calls = []templates.Call{{Title: "Open the database", Request: s.requestOf(c.Request().Context(), m, migration.VerbOpen, migration.RestoreCall{})}}
		v.Form = &templates.Form{Action: here + "/open", Submit: "Open the database", Cancel: here, Fields: []templates.Field{checkField(m.Check)}}
		v.Form.Problem = problemOf(refused)
	}
	return decisionView(v, refused)
}

func problemOf(err error) *templates.Help {
	if err == nil {
		return nil
	}
	message, fix := fault.Words(err)
	return &templates.Help{Title: message, Fix: fix}
}

func decisionView(v templates.Decision, refused error) view {
	out := view{title: v.Title, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.DecisionPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out
}

// migrationOpen orders the opening.
func (s *Server) migrationOpen(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := migration.OrderOpen(ctx, s.Migrations, id, migration.CheckMode(c.FormValue("check")), s.by(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		m, readErr := s.Migrations.Migration(ctx, id)
		if readErr != nil {
			return readErr
		}
		return s.refused(c, s.openView(c, m, err))
	}
	return s.ordered(c, err, "Ordered: the target is told to open the database.")
}

// refused shows a form again with its messages.
func (s *Server) refused(c echo.Context, v view) error {
	return render(c, max(v.status, http.StatusUnprocessableEntity), v.page(s.frame(c, v.title, v.section, "")))
}

// migrationAskTerminate asks for the name before everything restored is given up.
func (s *Server) migrationAskTerminate(c echo.Context) (view, error) {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.terminateView(c, m, nil), nil
}

func (s *Server) terminateView(c echo.Context, m migration.Migration, refused error) view {
	here := "/migrations/" + m.ID
	v := templates.Decision{Title: "Terminate " + m.Database, Crumbs: crumbs(m, "Terminate"),
		Points: []string{"Uploads under way are stopped and their parts thrown away.", "The restore on the target is ended, and what it restored is lost.",
			"Files that are complete in the " + stagingWord(m) + " stay there.", "The source is not touched."}}
	field := templates.Field{Name: "confirm", Label: "Type " + m.Database + " to confirm", Mono: true, Autocomplete: "off", Focus: true}
	if refused != nil {
		message, fix := fault.Words(refused)
		field.Error = message + " " + fix
	}
	v.Form = &templates.Form{Action: here + "/terminate", Submit: "Terminate the migration", Cancel: here, Danger: true, Confirm: m.Database, Fields: []templates.Field{field}}
	if m.TaskID != "" {
		v.Calls = []templates.Call{{Title: endWord(m), Request: s.requestOf(c.Request().Context(), m, migration.VerbTerminate, migration.RestoreCall{})}}
	}
	if _, err := migration.Terminate(m, m.Database); err != nil {
		message, fix := fault.Words(err)
		v.Notes, v.Points, v.Form, v.Calls = []templates.Help{{Title: message, Fix: fix, Actions: []templates.Action{{Label: "Back", Href: here}}}}, nil, nil, nil
	}
	return decisionView(v, refused)
}

// migrationTerminate orders the end.
func (s *Server) migrationTerminate(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := migration.OrderTerminate(ctx, s.Migrations, id, c.FormValue("confirm"), s.by(c))
	if fault.Is(err, fault.Invalid) {
		m, readErr := s.Migrations.Migration(ctx, id)
		if readErr != nil {
			return readErr
		}
		return s.refused(c, s.terminateView(c, m, err))
	}
	return s.ordered(c, err, "Ordered: the migration ends.")
}
