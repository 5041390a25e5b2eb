package instances

import (
	"context"
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// tasksShown are how many of our runs about an instance the tasks page lists.
const tasksShown = 30

// cloudTasks shows what the service is doing now, and what was ordered here.
func (s *Pages) cloudTasks(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, err := s.Seen(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	now := kit.Action{Label: "Back up now", Href: "/instances/" + in.ID + "/backup", Primary: true}
	v := views.CloudTasks{Empty: kit.Empty{Title: "No backup is under way.", Text: "Backups by the policy and by hand appear here while the service works on them."},
		None: kit.Empty{Title: "Nothing was ordered here yet.", Text: "Manual backups, copies and restores that are ordered here appear with their progress."}}
	asking, cancel := context.WithTimeout(ctx, server.Patience)
	defer cancel()
	jobs, err := s.CloudJobs(asking, in.ID)
	if err != nil && in.Trouble == nil {
		in.Trouble = err
	}
	for _, j := range jobs {
		v.Jobs = append(v.Jobs, jobRow(j))
	}
	v.Head = s.CloudHead(c, in, "tasks")
	v.Head.Actions = []kit.Action{now}
	if v.Runs, err = s.instanceRuns(ctx, z, in.ID); err != nil {
		return server.View{}, err
	}
	return server.CloudPage("Tasks of "+in.Name, func(f kit.Frame) templ.Component { return views.CloudTasksPage(f, v) }), nil
}

func jobRow(j backup.Job) views.CloudJob {
	row := views.CloudJob{ID: j.ID, Mode: "by hand", Badge: kit.Badge{Text: j.Status, Tone: kit.ToneRun}, Progress: &kit.Progress{Label: "Backup " + j.ID}}
	if j.Automated {
		row.Mode = "by the policy"
	}
	switch j.Status {
	case "Finished":
		row.Badge.Tone = kit.ToneOK
	case "Failed":
		row.Badge.Tone = kit.ToneBad
	}
	if j.Percent >= 0 {
		row.Progress.Value, row.Progress.Max, row.Progress.Words = int64(j.Percent), 100, fmt.Sprintf("%d %%", j.Percent)
	}
	return row
}

// instanceRuns are our newest runs about an instance, other than migrations.
func (s *Pages) instanceRuns(ctx context.Context, z kit.Zone, instanceID string) (rows []kit.RunRow, err error) {
	f := run.Filter{Limit: 200}
	for range 5 { // runs of other instances lie between
		runs, err := s.Runs.Runs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			if r.Kind == migration.RunKind || s.RunInstance(ctx, r) != instanceID {
				continue
			}
			rows = append(rows, kit.RunRow{Title: kit.Link{Text: r.Title.String(), Href: "/runs/" + r.ID}, Kind: r.Kind, Badge: server.StateBadge(r.State), Now: server.OneLine(r.Message.String(), 160), Begun: z.At(r.Created), Took: server.Took(r.Started, r.Finished)})
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
