package server

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// migrationDetails shows the task and its files as the cloud sees them: what
// it said last, or with ask=1 what it says now.
func (s *Server) migrationDetails(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here := "/migrations/" + m.ID + "/details"
	v := templates.CloudFiles{Who: targetWord(m), Title: "File details of " + m.Database, Crumbs: crumbs(m, "File details"), Refresh: templates.Action{Label: "Ask the " + targetWord(m) + " now", Href: here + "?ask=1"},
		Empty: templates.Empty{Title: "The " + targetWord(m) + " has told nothing about files yet.", Text: "They appear once the restore task has begun."}}
	if !m.Traits.OwnFolder() {
		v.Empty.Text += " A few versions of SQL Server (2017 and 2019 Enterprise) do not tell about files at all."
	}
	state := m.TargetState
	if c.QueryParam("ask") != "" && m.TaskID != "" {
		fresh, err := s.askCloud(c.Request().Context(), m)
		if err != nil {
			message, fix := fault.Words(err)
			v.Note = &templates.Help{Title: message, Fix: fix, Cause: "Below is what it said before."}
		} else {
			state = fresh
		}
	}
	if m.TaskID == "" || state.At.IsZero() {
		v.Age = "not asked yet"
	} else {
		v.Age, v.AgeTone = "asked "+z.Ago(state.At), templates.ToneOK
		if z.Now.Sub(state.At) > 10*time.Minute {
			v.AgeTone = templates.ToneWarn
		}
		v.Pairs = []templates.Pair{{Key: "Task", Value: state.Task.ID}, {Key: "Status", Badge: taskBadge(state.Task.Status)}, {Key: "Backup mode", Value: state.Task.BackupMode},
			{Key: "Created", When: z.At(state.Task.Created)}, {Key: "Ended", When: z.At(state.Task.Ended)}}
		v.Said = state.Task.Description
	}
	for _, f := range state.Files {
		v.Rows = append(v.Rows, cloudFile(z, f))
	}
	return view{title: v.Title, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.CloudFilesPage(f, v) }}, nil
}

func (s *Server) askCloud(ctx context.Context, m migration.Migration) (migration.TargetState, error) {
	target, err := s.Ports.Target(ctx, m.InstanceID)
	if err != nil {
		return migration.TargetState{}, err
	}
	task, err := target.Task(ctx, m.TaskID)
	if err != nil {
		return migration.TargetState{}, err
	}
	files, err := target.TaskFiles(ctx, m.TaskID)
	if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return migration.TargetState{}, err
	}
	return migration.TargetState{At: s.Now(), Task: task, Files: files}, nil
}

func cloudFile(z templates.Zone, f migration.TaskFile) templates.CloudFile {
	row := templates.CloudFile{Name: f.Name, Kind: kindTag(f.BackupMode), Size: f.Size, Badge: templates.Badge{Text: f.Status, Tone: templates.ToneRun},
		Available: f.Available, Created: z.At(f.Created), Ended: z.At(f.Ended), Said: f.Description}
	switch {
	case f.Failed():
		row.Badge.Tone = templates.ToneBad
	case f.Restored():
		row.Badge.Tone = templates.ToneOK
	}
	return row
}

func taskBadge(s migration.TaskStatus) templates.Badge {
	b := templates.Badge{Text: string(s), Tone: templates.ToneRun}
	switch s {
	case migration.TaskSuccess:
		b.Tone = templates.ToneOK
	case migration.TaskFailed:
		b.Tone = templates.ToneBad
	case migration.TaskWaiting, migration.TaskNoStart:
		b.Tone = templates.ToneWarn
	}
	return b
}
