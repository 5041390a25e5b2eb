package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
)

type runJSON struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	Subject  string     `json:"subject"`
	Title    string     `json:"title"`
	State    string     `json:"state"`
	Message  string     `json:"message,omitempty"`
	Fix      string     `json:"fix,omitempty"`
	Tries    int        `json:"tries"`
	Created  time.Time  `json:"created"`
	Started  *time.Time `json:"started"`
	Wakes    *time.Time `json:"wakes"`
	Finished *time.Time `json:"finished"`
	Steps    []stepJSON `json:"steps,omitempty"`
}

type stepJSON struct {
	Key      string     `json:"key"`
	Title    string     `json:"title"`
	State    string     `json:"state"`
	Attempt  int        `json:"attempt"`
	Started  *time.Time `json:"started"`
	Finished *time.Time `json:"finished"`
	Done     int64      `json:"done"`
	Total    int64      `json:"total"`
	Unit     string     `json:"unit,omitempty"`
	Rate     float64    `json:"rate"`
	Message  string     `json:"message,omitempty"`
}

func runToJSON(r run.Run) runJSON {
	out := runJSON{ID: r.ID, Kind: r.Kind, Subject: r.Subject, Title: r.Title.String(), State: string(r.State), Message: r.Message.String(), Fix: r.Fix.String(), Tries: r.Tries, Created: r.Created.UTC(), Started: moment(r.Started), Finished: moment(r.Finished)}
	if r.State == run.Waiting {
		out.Wakes = moment(r.WakeAt)
	}
	return out
}

func (s *API) runs(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	f := run.Filter{Kind: c.QueryParam("kind"), Before: c.QueryParam("before"), Limit: limit}
	if state := run.State(c.QueryParam("state")); state != "" {
		if _, known := run.Moves()[state]; !known && !state.Ended() {
			return fault.Newf(fault.Invalid, "%q is not a state of a run.", state)
		}
		f.States = []run.State{state}
	}
	runs, err := s.Runs.Runs(c.Request().Context(), f)
	if err != nil {
		return err
	}
	out, next := []runJSON{}, ""
	for _, r := range runs {
		out = append(out, runToJSON(r))
	}
	if len(runs) == limit {
		next = server.NextPage(c, "before", runs[len(runs)-1].ID)
	}
	return c.JSON(http.StatusOK, list(out, next))
}

func (s *API) run(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	steps, err := s.Runs.Steps(ctx, r.ID)
	if err != nil {
		return err
	}
	out := runToJSON(r)
	for _, t := range steps {
		out.Steps = append(out.Steps, stepJSON{t.Key, t.Title.String(), string(t.State), t.Attempt, moment(t.Started), moment(t.Finished), t.Done, t.Total, t.Unit, t.Rate, t.Message.String()})
	}
	return c.JSON(http.StatusOK, out)
}

type eventJSON struct {
	ID    int64     `json:"id"`
	At    time.Time `json:"at"`
	Step  string    `json:"step,omitempty"`
	Level string    `json:"level"`
	Text  string    `json:"text"`
}

func (s *API) runEvents(c echo.Context) error {
	ctx := c.Request().Context()
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	before, err := beforeOf(c)
	if err != nil {
		return err
	}
	if _, err := s.Runs.Run(ctx, c.Param("id")); err != nil {
		return err
	}
	found, err := s.Runs.Events(ctx, c.Param("id"), before, limit)
	if err != nil {
		return err
	}
	out, next := []eventJSON{}, ""
	for _, e := range found {
		out = append(out, eventJSON{e.ID, e.At.UTC(), e.Step, string(e.Level), e.Text.String()})
	}
	if len(found) == limit {
		next = server.NextPage(c, "before", strconv.FormatInt(found[len(found)-1].ID, 10))
	}
	return c.JSON(http.StatusOK, list(out, next))
}

type entryJSON struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Via     string          `json:"via"`
	Address string          `json:"address,omitempty"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Summary string          `json:"summary"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Prev    string          `json:"prev"`
	Hash    string          `json:"hash"`
}

func (s *API) audit(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	before, err := beforeOf(c)
	if err != nil {
		return err
	}
	entries, err := s.Audit.AuditEntries(c.Request().Context(), c.QueryParam("subject"), before, limit)
	if err != nil {
		return err
	}
	out, next := []entryJSON{}, ""
	for _, e := range entries {
		out = append(out, entryJSON{e.Seq, e.At.UTC(), e.Actor.Name, e.Actor.Via, e.Actor.Address, e.Action, e.Subject, e.Summary, e.Before, e.After, e.Prev.String(), e.Hash.String()})
	}
	if len(entries) == limit {
		next = server.NextPage(c, "before", strconv.FormatInt(entries[len(entries)-1].Seq, 10))
	}
	return c.JSON(http.StatusOK, list(out, next))
}

func (s *API) auditVerify(c echo.Context) error {
	w, err := s.Verified(c.Request().Context(), audit.Walk{})
	if err != nil {
		return err
	}
	out := map[string]any{"whole": w.Broken == nil, "entries": w.Entries, "head": w.Head.String()}
	if w.Broken != nil {
		out["broken_at"], out["why"] = w.Broken.Seq, fmt.Sprintf("Entry %d %s.", w.Broken.Seq, w.Broken.Why)
	}
	return c.JSON(http.StatusOK, out)
}

func (s *API) runOrder(to run.State) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := backupjob.MoveRun(c.Request().Context(), s.Runs, c.Param("id"), to, s.OrderedBy(c)); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}
