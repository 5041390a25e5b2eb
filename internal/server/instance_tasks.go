package server

import (
	"context"
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// tasksShown are how many of our runs about an instance the tasks page lists.
const tasksShown = 30

// cloudTasks shows what the service is doing now, and what was ordered here.
func (s *Server) cloudTasks(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, err := s.seen(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	now := templates.Action{Label: "Back up now", Href: "/instances/" + in.ID + "/backup", Primary: true}
	v := templates.CloudTasks{Empty: templates.Empty{Title: "No backup is under way.", Text: "Backups by the policy and by hand appear here while the service works on them."},
		None: templates.Empty{Title: "Nothing was ordered here yet.", Text: "Manual backups, copies and restores that are ordered here appear with their progress."}}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	jobs, err := s.cloudJobs(asking, in.ID)
	if err != nil && in.trouble == nil {
		in.trouble = err
	}
	for _, j := range jobs {
		v.Jobs = append(v.Jobs, jobRow(j))
	}
	v.Head = s.cloudHead(c, in, "tasks")
	v.Head.Actions = []templates.Action{now}
	if v.Runs, err = s.instanceRuns(ctx, z, in.ID); err != nil {
		return view{}, err
	}
	return cloudPage("Tasks of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudTasksPage(f, v) }), nil
}

func (s *Server) cloudJobs(ctx context.Context, instanceID string) ([]backup.Job, error) {
	cloud, err := s.Clouds.Cloud(ctx, instanceID)
	if err != nil {
		return nil, err
	}
	return cloud.Jobs(ctx, "")
}

func jobRow(j backup.Job) templates.CloudJob {
	row := templates.CloudJob{ID: j.ID, Mode: "by hand", Badge: templates.Badge{Text: j.Status, Tone: templates.ToneRun}, Progress: &templates.Progress{Label: "Backup " + j.ID}}
	if j.Automated {
		row.Mode = "by the policy"
	}
	switch j.Status {
	case "Finished":
		row.Badge.Tone = templates.ToneOK
	case "Failed":
		row.Badge.Tone = templates.ToneBad
	}
	if j.Percent >= 0 {
		row.Progress.Value, row.Progress.Max, row.Progress.Words = int64(j.Percent), 100, fmt.Sprintf("%d %%", j.Percent)
	}
	return row
}

// instanceRuns are our newest runs about an instance, other than migrations.
func (s *Server) instanceRuns(ctx context.Context, z templates.Zone, instanceID string) (rows []templates.RunRow, err error) {
	f := run.Filter{Limit: 200}
	for range 5 { // runs of other instances lie between
		runs, err := s.Runs.Runs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			if r.Kind == migration.RunKind || s.runInstance(ctx, r) != instanceID {
				continue
			}
			rows = append(rows, templates.RunRow{Title: templates.Link{Text: r.Title, Href: "/runs/" + r.ID}, Kind: r.Kind, Badge: stateBadge(r.State), Now: oneLine(r.Message, 160), Begun: z.At(r.Created), Took: took(r.Started, r.Finished)})
			if len(rows) == tasksShown {
				return rows, nil
			}
		}
		if len(runs) < f.Limit {
			return rows, nil
		}
		f.Before = runs[len(runs)-1].ID
	}
	return rows, nil
}
