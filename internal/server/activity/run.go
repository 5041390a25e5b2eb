package activity

import (
	"fmt"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/activity"
	"github.com/bakplane/bakplane/web/templates/kit"
)

func (s *Pages) runOrder(to run.State) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := backupjob.MoveRun(c.Request().Context(), s.Runs, c.Param("id"), to, s.OrderedBy(c)); err != nil {
			return err
		}
		s.Say(c, kit.ToneOK, server.MoveSaid[to])
		return server.SeeOther(c, "/runs/"+c.Param("id"))
	}
}

// runButtons are what can be ordered of a run about backups now.
func runButtons(r run.Run) (out []kit.Action) {
	if backupjob.Kinds[r.Kind] == "" {
		return nil
	}
	if r.State == run.Failed || r.State == run.Paused {
		out = append(out, kit.Action{Label: "Retry from here", Href: "/runs/" + r.ID + "/retry", Post: true, Primary: true})
	}
	if !r.State.Ended() {
		out = append(out, kit.Action{Label: "Cancel", Href: "/runs/" + r.ID + "/cancel", Post: true})
	}
	return out
}

const eventsShown = 60

// runShow shows what happened, step by step.
func (s *Pages) runShow(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	r, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	steps, err := s.Runs.Steps(ctx, r.ID)
	if err != nil {
		return server.View{}, err
	}
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	es, err := s.Runs.Events(ctx, r.ID, max(before, 0), eventsShown)
	if err != nil {
		return server.View{}, err
	}
	v := views.Run{Title: r.Title.String(), Crumbs: []kit.Link{{Text: "Runs", Href: "/runs"}, {Text: r.Title.String()}}, Badge: server.StateBadge(r.State), Events: server.Events(z, es),
		Pairs: []kit.Pair{{Key: "Kind", Value: r.Kind}, {Key: "Ordered", When: z.At(r.Created)}, {Key: "Begun", When: z.At(r.Started)}, {Key: "Ended", When: z.At(r.Finished)}}}
	if r.State == run.Waiting {
		v.Pairs = append(v.Pairs, kit.Pair{Key: "Wakes", When: z.At(r.WakeAt)})
	}
	if r.Tries > 0 {
		v.Pairs = append(v.Pairs, kit.Pair{Key: "Tries without progress", Value: strconv.Itoa(r.Tries)})
	}
	if r.Kind == migration.RunKind {
		v.Actions = append(v.Actions, kit.Action{Label: "The migration", Href: "/migrations/" + r.Subject, Primary: true})
	}
	if id := s.RunInstance(ctx, r); id != "" {
		v.Actions = append(v.Actions, kit.Action{Label: "The instance", Href: "/instances/" + id + "/sets", Primary: true})
	}
	v.Actions = append(v.Actions, runButtons(r)...)
	if !r.Message.IsZero() {
		h := kit.Help{Tone: kit.ToneRun, Title: r.Message.String(), Fix: r.Fix.String()}
		if r.State == run.Failed {
			h.Tone = kit.ToneBad
			if r.Kind == migration.RunKind {
				h.Actions = []kit.Action{{Label: "See what to do", Href: "/migrations/" + r.Subject}}
			}
		}
		v.Needs = append(v.Needs, h)
	}
	for _, st := range steps {
		row := views.RunStep{State: server.StepState(st.State), Title: st.Title.String(), Note: st.Message.String(), Attempts: fmt.Sprint(max(st.Attempt, 1)), Begun: z.At(st.Started), Took: server.Took(st.Started, st.Finished), Progress: server.StepProgress(st)}
		v.Steps = append(v.Steps, row)
	}
	if len(es) == eventsShown {
		v.Pager.Older = fmt.Sprintf("/runs/%s?before=%d", r.ID, es[len(es)-1].ID)
	}
	if before > 0 {
		v.Pager.Newer = "/runs/" + r.ID
	}
	return server.View{Title: r.Title.String(), Section: "runs", Live: v.Fragments(), Page: func(f kit.Frame) templ.Component { return views.RunPage(f, v) }}, nil
}
