package server

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
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
func (s *Server) runList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	which, before := c.QueryParam("state"), c.QueryParam("before")
	f := run.Filter{Before: before, Limit: pageSize}
	v := templates.Runs{Empty: templates.Empty{Title: "No runs.", Text: "Every migration is one: with steps, attempts and events. They appear here once one is started.",
		Actions: []templates.Action{{Label: "New migration", Href: "/migrations/new"}}}}
	for _, t := range runTabs {
		v.Tabs = append(v.Tabs, templates.Tab{Label: t.label, Href: "/runs?state=" + t.key, Count: -1, Current: t.key == which})
		if t.key == which {
			f.States = t.states
		}
	}
	runs, err := s.Runs.Runs(ctx, f)
	if err != nil {
		return view{}, err
	}
	for _, r := range runs {
		row := templates.RunRow{Title: templates.Link{Text: r.Title, Href: "/runs/" + r.ID}, Kind: r.Kind, Badge: stateBadge(r.State), Now: oneLine(r.Message, 160), Begun: z.At(r.Created), Took: took(r.Started, r.Finished)}
		if r.State == run.Running {
			if steps, err := s.Runs.Steps(ctx, r.ID); err == nil {
				for _, st := range steps {
					if st.State == run.StepActive {
						row.Now, row.Progress = st.Title, stepProgress(st)
					}
				}
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if len(runs) == pageSize {
		v.Pager.Older = "/runs?" + url.Values{"state": {which}, "before": {runs[len(runs)-1].ID}}.Encode()
	}
	if before != "" {
		v.Pager.Newer = "/runs?" + url.Values{"state": {which}}.Encode()
	}
	return view{title: "Runs", section: "runs", live: v.Fragments(), page: func(f templates.Frame) templ.Component { return templates.RunsPage(f, v) }}, nil
}

const eventsShown = 60

// runShow shows what happened, step by step.
func (s *Server) runShow(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	r, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	steps, err := s.Runs.Steps(ctx, r.ID)
	if err != nil {
		return view{}, err
	}
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	es, err := s.Runs.Events(ctx, r.ID, max(before, 0), eventsShown)
	if err != nil {
		return view{}, err
	}
	v := templates.Run{Title: r.Title, Crumbs: []templates.Link{{Text: "Runs", Href: "/runs"}, {Text: r.Title}}, Badge: stateBadge(r.State), Events: events(z, es),
		Pairs: []templates.Pair{{Key: "Kind", Value: r.Kind}, {Key: "Ordered", When: z.At(r.Created)}, {Key: "Begun", When: z.At(r.Started)}, {Key: "Ended", When: z.At(r.Finished)}}}
	if r.State == run.Waiting {
		v.Pairs = append(v.Pairs, templates.Pair{Key: "Wakes", When: z.At(r.WakeAt)})
	}
	if r.Tries > 0 {
		v.Pairs = append(v.Pairs, templates.Pair{Key: "Tries without progress", Value: strconv.Itoa(r.Tries)})
	}
	if r.Kind == migration.RunKind {
		v.Actions = append(v.Actions, templates.Action{Label: "The migration", Href: "/migrations/" + r.Subject, Primary: true})
	}
	if id := s.runInstance(ctx, r); id != "" {
		v.Actions = append(v.Actions, templates.Action{Label: "The instance", Href: "/instances/" + id + "/sets", Primary: true})
	}
	v.Actions = append(v.Actions, runButtons(r)...)
	if r.Message != "" {
		h := templates.Help{Tone: templates.ToneRun, Title: r.Message, Fix: r.Fix}
		if r.State == run.Failed {
			h.Tone = templates.ToneBad
			if r.Kind == migration.RunKind {
				h.Actions = []templates.Action{{Label: "See what to do", Href: "/migrations/" + r.Subject}}
			}
		}
		v.Needs = append(v.Needs, h)
	}
	for _, st := range steps {
		row := templates.RunStep{State: stepState(st.State), Title: st.Title, Note: st.Message, Attempts: fmt.Sprint(max(st.Attempt, 1)), Begun: z.At(st.Started), Took: took(st.Started, st.Finished), Progress: stepProgress(st)}
		v.Steps = append(v.Steps, row)
	}
	if len(es) == eventsShown {
		v.Pager.Older = fmt.Sprintf("/runs/%s?before=%d", r.ID, es[len(es)-1].ID)
	}
	if before > 0 {
		v.Pager.Newer = "/runs/" + r.ID
	}
	return view{title: r.Title, section: "runs", live: v.Fragments(), page: func(f templates.Frame) templ.Component { return templates.RunPage(f, v) }}, nil
}
