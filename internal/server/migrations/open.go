package migrations

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// migrationAskOpen asks once more before the database is opened.
func (s *Pages) migrationAskOpen(c echo.Context) (server.View, error) {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.openView(c, m, nil), nil
}

func (s *Pages) openView(c echo.Context, m migration.Migration, refused error) server.View {
	here := "/migrations/" + m.ID
	v := kit.Decision{Title: "Open " + m.Database, Crumbs: crumbs(m, "Open"),
		Intro:  "The target has applied everything up to LSN " + m.AppliedTo().String() + ".",
		Points: []string{"The " + targetWord(m) + " recovers the database and brings it online.", "From then on no further increment can be imported.", "DBCC CHECKDB runs as chosen below."},
		Notes: []kit.Help{{Tone: kit.ToneWarn, Title: "Were writes at the source stopped before the last log was taken?",
			Cause: "What was written after it is not on the target, and cannot be brought there once the database is open."}}}
	if f, held := m.Held(); held {
		v.Intro += " " + f.Source + " is held back."
		v.Points[0] = f.Source + " is restored, and that restore opens the database with change data capture kept."
	}
	if m.LosesCDC() {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "Change data capture is lost this way",
			Cause:   "The target keeps it only when a last log or differential opens the database, and every file is applied already.",
			Fix:     "Take one more log backup at the source and add it: it is held back and opens the database. Or open without, and turn change data capture on anew.",
			Actions: []kit.Action{{Label: "Add the next increment", Href: here + "/files"}}})
	}
	decision, err := migration.Open(m, m.Check)
	for _, f := range decision.Files {
		if f.State == migration.FileDropped {
			v.Notes = append(v.Notes, kit.Help{Title: f.Source + " was refused and will be given up", Cause: f.Message})
		}
	}
	if err != nil {
		message, fix := fault.Words(err)
		v.Notes, v.Points = []kit.Help{{Title: message, Fix: fix, Actions: []kit.Action{{Label: "Back", Href: here}}}}, nil
		v.Intro = "It cannot be opened now."
	} else {
		v.Calls = []kit.Call{{Title: "Open the database", Request: s.requestOf(c.Request().Context(), m, migration.VerbOpen, migration.RestoreCall{})}}
		v.Form = &kit.Form{Action: here + "/open", Submit: "Open the database", Cancel: here, Fields: []kit.Field{checkField(m.Check)}}
		v.Form.Problem = server.ProblemOf(refused)
	}
	return decisionView(v, refused)
}

// migrationOpen orders the opening.
func (s *Pages) migrationOpen(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	err := migration.OrderOpen(ctx, s.Migrations, id, migration.CheckMode(c.FormValue("check")), s.By(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		m, readErr := s.Migrations.Migration(ctx, id)
		if readErr != nil {
			return readErr
		}
		return s.Refused(c, s.openView(c, m, err))
	}
	return s.Ordered(c, err, "Ordered: the target is told to open the database.")
}
