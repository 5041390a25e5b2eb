package migrations

import (
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// migrationDetails shows the task and its files as the cloud sees them: what
// it said last, or with ask=1 what it says now.
func (s *Pages) migrationDetails(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/migrations/" + m.ID + "/details"
	v := views.CloudFiles{Who: targetWord(m), Title: "File details of " + m.Database, Crumbs: crumbs(m, "File details"), Refresh: kit.Action{Label: "Ask the " + targetWord(m) + " now", Href: here + "?ask=1"},
		Empty: kit.Empty{Title: "The " + targetWord(m) + " has told nothing about files yet.", Text: "They appear once the restore task has begun."}}
	if !m.Traits.OwnFolder() {
		v.Empty.Text += " A few versions of SQL Server (2017 and 2019 Enterprise) do not tell about files at all."
	}
	state := m.TargetState
	if c.QueryParam("ask") != "" && m.TaskID != "" {
		fresh, err := s.Progress.Ask(c.Request().Context(), m)
		if err != nil {
			message, fix := fault.Words(err)
			v.Note = &kit.Help{Title: message, Fix: fix, Cause: "Below is what it said before."}
		} else {
			state = fresh
		}
	}
	if m.TaskID == "" || state.At.IsZero() {
		v.Age = "not asked yet"
	} else {
		v.Age, v.AgeTone = "asked "+z.Ago(state.At), kit.ToneOK
		if z.Now.Sub(state.At) > 10*time.Minute {
			v.AgeTone = kit.ToneWarn
		}
		v.Pairs = []kit.Pair{{Key: "Task", Value: state.Task.ID}, {Key: "Status", Badge: taskBadge(state.Task.Status)}, {Key: "Backup mode", Value: state.Task.BackupMode},
			{Key: "Created", When: z.At(state.Task.Created)}, {Key: "Ended", When: z.At(state.Task.Ended)}}
		v.Said = state.Task.Description
	}
	for _, f := range state.Files {
		v.Rows = append(v.Rows, cloudFile(z, f))
	}
	return server.View{Title: v.Title, Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.CloudFilesPage(f, v) }}, nil
}

func cloudFile(z kit.Zone, f migration.TaskFile) views.CloudFile {
	row := views.CloudFile{Name: f.Name, Kind: server.KindTag(f.BackupMode), Size: f.Size, Badge: kit.Badge{Text: f.Status, Tone: kit.ToneRun},
		Available: f.Available, Created: z.At(f.Created), Ended: z.At(f.Ended), Said: f.Description}
	switch {
	case f.Failed():
		row.Badge.Tone = kit.ToneBad
	case f.Restored():
		row.Badge.Tone = kit.ToneOK
	}
	return row
}

func taskBadge(s migration.TaskStatus) kit.Badge {
	b := kit.Badge{Text: string(s), Tone: kit.ToneRun}
	switch s {
	case migration.TaskSuccess:
		b.Tone = kit.ToneOK
	case migration.TaskFailed:
		b.Tone = kit.ToneBad
	case migration.TaskWaiting, migration.TaskNoStart:
		b.Tone = kit.ToneWarn
	}
	return b
}
