package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// runMoves are what a person may order of a run about backups. Migrations are
// ordered on their own pages, where more is decided.
var runMoves = map[run.State]struct{ action, words, said string }{
	run.Queued:   {"run.retry", "Retried the run ", "It goes on: what is done stays done."},
	run.Canceled: {"run.cancel", "Canceled the run ", "It ends at the next safe place."},
}

// orderRun retries or cancels a run about backups.
func (s *Server) orderRun(c echo.Context, to run.State) error {
	ctx := c.Request().Context()
	r, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if backupRunKinds[r.Kind] == "" {
		return fault.New(fault.Conflict, "This run is ordered on the page of what it belongs to.", "Open that page and decide there.")
	}
	if to == run.Queued && r.State != run.Failed && r.State != run.Paused {
		return fault.New(fault.Conflict, "Only what has stopped can be retried.", "Look at what it is doing now.")
	}
	m := runMoves[to]
	return s.Runs.Move(ctx, r.ID, to, s.entry(c, m.action, "run/"+r.ID, m.words+r.Title+"."))
}

func (s *Server) runOrder(to run.State) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.orderRun(c, to); err != nil {
			return err
		}
		s.say(c, templates.ToneOK, runMoves[to].said)
		return seeOther(c, "/runs/"+c.Param("id"))
	}
}

func (s *Server) apiRunOrder(to run.State) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.orderRun(c, to); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}

// runButtons are what can be ordered of a run about backups now.
func runButtons(r run.Run) (out []templates.Action) {
	if backupRunKinds[r.Kind] == "" {
		return nil
	}
	if r.State == run.Failed || r.State == run.Paused {
		out = append(out, templates.Action{Label: "Retry from here", Href: "/runs/" + r.ID + "/retry", Post: true, Primary: true})
	}
	if !r.State.Ended() {
		out = append(out, templates.Action{Label: "Cancel", Href: "/runs/" + r.ID + "/cancel", Post: true})
	}
	return out
}
