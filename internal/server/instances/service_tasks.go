package instances

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// serviceTasksShown bounds a page.
const serviceTasksShown = 100

// lister finds an instance whose service carries out tasks.
func (s *Pages) lister(c echo.Context) (in endpoint.Instance, l backup.TaskLister, err error) {
	ctx := c.Request().Context()
	if in, err = s.Endpoints.Instance(ctx, c.Param("id")); err != nil {
		return in, nil, err
	}
	reached, _, err := s.Ports.Server(ctx, in.ID)
	if err != nil {
		return in, nil, err
	}
	l, ok := reached.(backup.TaskLister)
	if !ok {
		return in, nil, fault.Newf(fault.NotFound, "%s has no list of tasks.", in.Name).WithFix("See its runs instead.")
	}
	return in, l, nil
}

// serviceTasks shows every task of the instance.
func (s *Pages) serviceTasks(c echo.Context) (server.View, error) {
	in, l, err := s.lister(c)
	if err != nil {
		return server.View{}, err
	}
	here := "/instances/" + in.ID + "/service-tasks"
	v := views.ServiceTasks{Name: "Tasks of " + in.Name, Under: s.WhereIs(in), Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: "Tasks"}},
		Actions: []kit.Action{{Label: "Ask again", Href: here}},
		Empty:   kit.Empty{Title: "The instance remembers no task.", Text: "Backups, restores and copies of log backups appear here, whoever ordered them. They stay here when the service has forgotten them."}}
	ctx := c.Request().Context()
	asking, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	tasks, err := l.ServiceTasks(asking)
	if err != nil {
		h := s.AskedInVain(c, err)
		v.Trouble = &h
	}
	now := make(map[string]backup.ServiceTask, len(tasks))
	for _, t := range tasks {
		now[t.ID] = t
	}
	if err := s.Tasks.KeepTasks(ctx, in.ID, tasks); err != nil { // such as a full disk: what is kept is shown all the same
		s.Log.Error("keep tasks of a service", "instance", in.ID, "err", err)
	}
	kept, next, err := s.Tasks.Tasks(ctx, in.ID, c.QueryParam("before"), serviceTasksShown)
	if err != nil {
		return server.View{}, err
	}
	z := s.Zone(c)
	for _, t := range kept {
		told, still := now[t.ID]
		if still = still && told.Same(t); still {
			t = told
		}
		row := serviceTaskRow(z, here, t)
		if v.Trouble == nil && !still {
			row.Lasted = strings.TrimPrefix(row.Lasted+" · the service has forgotten it", " · ")
		}
		v.Rows = append(v.Rows, row)
	}
	if next != "" {
		v.Older = here + "?" + url.Values{"before": {next}}.Encode()
	}
	return server.View{Title: v.Name, Section: "instances", Page: func(f kit.Frame) templ.Component { return views.ServiceTasksPage(f, v) }}, nil
}

func serviceTaskRow(z kit.Zone, here string, t backup.ServiceTask) views.ServiceTask {
	row := views.ServiceTask{ID: t.ID, Type: t.Type, Database: t.Database, Object: t.Object, Text: t.Text, Badge: kit.Badge{Text: t.State, Tone: kit.ToneRun}, Created: z.At(t.Created)}
	switch {
	case t.Failed:
		row.Badge.Tone = kit.ToneBad
		e := explain.Of(t.Code, explain.AtService)
		row.Help = &kit.Help{Tone: kit.ToneBad, Title: server.Capital(e.Title) + ".", Cause: e.CauseText().String(), Fix: e.FixText().String()}
	case t.Over && t.Percent == 100:
		row.Badge.Tone = kit.ToneOK
	case t.Over:
		row.Badge.Tone = kit.ToneWarn
	}
	if t.Percent >= 0 && !t.Over {
		row.Progress = &kit.Progress{Label: "Task " + t.ID, Value: int64(t.Percent), Max: 100, Words: fmt.Sprintf("%d %%, told %s", t.Percent, z.Ago(t.Updated))}
	}
	if t.Lasted >= 0 {
		row.Lasted = words.Span(t.Lasted).String()
		if t.Lasted == 0 {
			row.Lasted = "under a minute"
		}
	}
	if t.CanCancel {
		row.Cancel = here + "/" + t.ID + "/cancel"
	}
	return row
}

// cancelServiceTask asks the service to end a task. The wish is in the audit
// trail before it is sent.
func (s *Pages) cancelServiceTask(c echo.Context) error {
	in, l, err := s.lister(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("task")
	if err := s.Audit.Record(ctx, s.Entry(c, "task.cancel", "instance/"+in.ID, "Asked "+in.Name+" to cancel task "+id+".")); err != nil {
		return err
	}
	if err := l.CancelTask(ctx, id); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The service was asked to cancel task "+id+".")
	return server.SeeOther(c, "/instances/"+in.ID+"/service-tasks")
}
