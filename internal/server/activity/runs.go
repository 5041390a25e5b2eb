package activity

import (
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/activity"
	"github.com/bakplane/bakplane/web/templates/kit"
)

var runTabs = []struct {
	key, label string
	states     []run.State
}{
	{"", "All", nil},
	{"active", "At work", []run.State{run.Queued, run.Running, run.Waiting}},
	{"needs", "Need a person", []run.State{run.Paused, run.Failed}},
	{"ended", "Ended", []run.State{run.Succeeded, run.Canceled}},
}

// runList shows every long piece of work.
func (s *Pages) runList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	which, before := c.QueryParam("state"), c.QueryParam("before")
	f := run.Filter{Before: before, Limit: server.PageSize}
	v := kit.Runs{Empty: kit.Empty{Title: "No runs.", Text: "Every migration is one: with steps, attempts and events. They appear here once one is started.",
		Actions: []kit.Action{{Label: "New migration", Href: "/migrations/new"}}}}
	for _, t := range runTabs {
		v.Tabs = append(v.Tabs, kit.Tab{Label: t.label, Href: "/runs?state=" + t.key, Count: -1, Current: t.key == which})
		if t.key == which {
			f.States = t.states
		}
	}
	runs, err := s.Runs.Runs(ctx, f)
	if err != nil {
		return server.View{}, err
	}
	for _, r := range runs {
		row := kit.RunRow{Title: kit.Link{Text: r.Title.String(), Href: "/runs/" + r.ID}, Kind: r.Kind, Badge: server.StateBadge(r.State), Now: server.OneLine(r.Message.String(), 160), Begun: z.At(r.Created), Took: server.Took(r.Started, r.Finished)}
		if r.State == run.Running {
			if steps, err := s.Runs.Steps(ctx, r.ID); err == nil {
				for _, st := range steps {
					if st.State == run.StepActive {
						row.Now, row.Progress = st.Title.String(), server.StepProgress(st)
					}
				}
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if len(runs) == server.PageSize {
		v.Pager.Older = "/runs?" + url.Values{"state": {which}, "before": {runs[len(runs)-1].ID}}.Encode()
	}
	if before != "" {
		v.Pager.Newer = "/runs?" + url.Values{"state": {which}}.Encode()
	}
	return server.View{Title: "Runs", Section: "runs", Live: v.Fragments(), Page: func(f kit.Frame) templ.Component { return views.RunsPage(f, v) }}, nil
}
