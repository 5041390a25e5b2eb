package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// serverRoutes are those of migrations of whole servers.
func (s *API) serverRoutes(g *echo.Group) {
	g.GET("/server-accounts", s.serverAccounts)
	g.PUT("/server-accounts/:id", s.serverWatch(true))
	g.DELETE("/server-accounts/:id", s.serverWatch(false))
	g.POST("/server-accounts/:id/look", s.serverLook)
	g.GET("/server-accounts/:id/tokens", s.serverTokens)
	g.POST("/server-accounts/:id/tokens", s.serverTokenAdd)
	g.POST("/server-accounts/:id/tokens/:token/disable", s.serverTokenEnd(false))
	g.DELETE("/server-accounts/:id/tokens/:token", s.serverTokenEnd(true))
	g.GET("/server-accounts/:id/servers", s.sourceServers)
	g.GET("/server-accounts/:id/servers/:source", s.sourceServer)
	g.POST("/server-accounts/:id/servers/:source/rename", s.sourceRename)
	g.POST("/server-accounts/:id/servers/:source/remove", s.sourceRemove)
	g.PUT("/server-accounts/:id/servers/:source/instance", s.sourceLink)
	g.GET("/server-accounts/:id/jobs", s.serverJobs)
	g.POST("/server-accounts/:id/jobs", s.serverJobAdd)
	g.POST("/server-accounts/:id/jobs/review", s.serverJobReview)
	g.GET("/server-accounts/:id/jobs/:job", s.serverJob)
	g.POST("/server-accounts/:id/jobs/:job/orders", s.serverOrderAdd)
	g.PUT("/server-accounts/:id/jobs/:job/ticks/:item", s.serverTick)
	g.POST("/server-accounts/:id/orders/:order/release", s.serverRelease)
	g.GET("/server-waves", s.serverWaves)
	g.POST("/server-waves", s.serverWaveAdd)
	g.GET("/server-waves/:id", s.serverWave)
	g.POST("/server-waves/:id/orders", s.serverWaveOrder)
}

func (s *API) serverAccounts(c echo.Context) error {
	found, err := s.Servers.Store.Watches(c.Request().Context())
	out, err := all(found, err, watchedToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) serverWatch(on bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		a, err := s.Endpoints.Account(c.Request().Context(), c.Param("id"))
		if err != nil {
			return err
		}
		said := "Looks at the source servers of " + a.Name + "."
		if !on {
			said = "Does not look at the source servers of " + a.Name + " any more."
		}
		if err := s.Servers.Store.Watch(c.Request().Context(), a.ID, on, s.Entry(c, "server.watch", "account/"+a.ID, said)); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}

func (s *API) serverLook(c echo.Context) error {
	if err := s.LookServers(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *API) serverTokens(c echo.Context) error {
	center, err := s.Servers.Ports.Center(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	found, err := center.Tokens(c.Request().Context())
	out, err := all(found, err, serverTokenToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) serverTokenAdd(c echo.Context) error {
	var in struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Servers     int    `json:"servers"`
		Days        int    `json:"days"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, code, err := s.Servers.NewToken(c.Request().Context(), c.Param("id"), servermigration.TokenDraft{Name: in.Name, Description: in.Description, Count: in.Servers, Days: in.Days}, server.Actor(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]string{"id": id, "code": code.Reveal()})
}

func (s *API) serverTokenEnd(remove bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.Servers.EndToken(c.Request().Context(), c.Param("id"), c.Param("token"), remove, server.Actor(c)); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}

func (s *API) sourceServers(c echo.Context) error {
	found, err := s.Servers.Store.Servers(c.Request().Context(), servermigration.ServerFilter{AccountID: c.Param("id")})
	out, err := all(found, err, sourceToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) sourceServer(c echo.Context) error {
	k, err := s.Servers.Store.Server(c.Request().Context(), c.Param("id"), c.Param("source"))
	return answer(c, http.StatusOK, sourceToJSON(k), err)
}

func (s *API) sourceRename(c echo.Context) error {
	var in struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, err := s.Servers.Rename(c.Request().Context(), c.Param("id"), c.Param("source"), in.Name, in.Description, server.Actor(c))
	return s.serverOrdered(c, id, err)
}

func (s *API) sourceRemove(c echo.Context) error {
	var in struct {
		Force   bool   `json:"force"`
		Confirm string `json:"confirm"` // the server's id
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, err := s.Servers.Remove(c.Request().Context(), c.Param("id"), c.Param("source"), in.Force, in.Confirm, server.Actor(c))
	return s.serverOrdered(c, id, err)
}

// sourceLink says which instance lives on a source server.
func (s *API) sourceLink(c echo.Context) error {
	ctx := c.Request().Context()
	var in struct {
		InstanceID string `json:"instance_id"` // empty = none
		Moved      bool   `json:"moved"`       // it is what the server has become
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if in.InstanceID != "" {
		if _, err := s.Endpoints.Instance(ctx, in.InstanceID); err != nil {
			return err
		}
	}
	e := s.Entry(c, "server.link", "server/"+c.Param("source"), "Said which instance belongs to the source server.").With(nil, in)
	if err := s.Servers.Store.Link(ctx, c.Param("id"), c.Param("source"), in.InstanceID, in.Moved, e); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// serverOrdered answers an order that was taken.
func (s *API) serverOrdered(c echo.Context, id string, err error) error {
	if err != nil {
		return err
	}
	o, err := s.Servers.Store.Order(c.Request().Context(), id)
	c.Response().Header().Set("Location", "/api/v1/runs/"+id)
	return answer(c, http.StatusAccepted, serverOrderToJSON(o), err)
}

func (s *API) serverJobs(c echo.Context) error {
	f := servermigration.Filter{AccountID: c.Param("id"), WaveID: c.QueryParam("wave"), Limit: server.PageSize}
	if n, err := strconv.Atoi(c.QueryParam("limit")); err == nil && n > 0 {
		f.Limit = min(n, 500)
	}
	for _, st := range c.QueryParams()["status"] {
		f.States = append(f.States, servermigration.Status(st))
	}
	if before := c.QueryParam("before"); before != "" {
		k, err := s.Servers.Store.Job(c.Request().Context(), f.AccountID, before)
		if err != nil {
			return err
		}
		f.Before = servermigration.Key{Created: k.Created, ID: k.ID}
	}
	found, err := s.Servers.Store.Jobs(c.Request().Context(), f)
	out, err := all(found, err, serverJobToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) serverJobAdd(c echo.Context) error {
	var d servermigration.Draft
	if err := readJSON(c, &d); err != nil {
		return err
	}
	id, _, err := s.Servers.Draft(c.Request().Context(), c.Param("id"), d, server.Actor(c))
	return s.serverOrdered(c, id, err)
}

// serverJobReview tells what speaks against a job, and the exact call.
func (s *API) serverJobReview(c echo.Context) error {
	var d servermigration.Draft
	if err := readJSON(c, &d); err != nil {
		return err
	}
	found, err := s.Servers.Review(c.Request().Context(), c.Param("id"), d)
	if err != nil {
		return err
	}
	out := serverReviewJSON{Call: s.ServerCall(servermigration.Order{What: servermigration.Create, Ask: servermigration.Ask{Draft: &d}}, nil), Findings: []serverFindingJSON{}}
	for _, f := range found {
		out.Findings = append(out.Findings, serverFindingJSON{Field: f.Field, Bars: f.Bars, Code: string(f.Code), Text: f.Text.String(), Fix: f.Fix.String()})
	}
	return c.JSON(http.StatusOK, out)
}

// serverJob tells all that is known of a job.
func (s *API) serverJob(c echo.Context) error {
	ctx, account, id := c.Request().Context(), c.Param("id"), c.Param("job")
	k, err := s.Servers.Store.Job(ctx, account, id)
	if err != nil {
		return err
	}
	facts, err := s.Servers.Facts(ctx, k)
	if err != nil {
		return err
	}
	orders, err := s.Servers.Store.Orders(ctx, account, id, "", 100)
	if err != nil {
		return err
	}
	ticks, err := s.Servers.Store.Ticks(ctx, account, id)
	if err != nil {
		return err
	}
	happened, err := s.Servers.Store.Happened(ctx, account, id, 200)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, serverJobWhole(k, facts, orders, ticks, happened, s.Now()))
}

// serverOrderIn is an order about a job, or about every job of a wave.
type serverOrderIn struct {
	What    servermigration.What          `json:"what"`
	Confirm string                        `json:"confirm"` // the name, for what cannot be undone
	Last    bool                          `json:"last"`    // complete: after one more synchronisation
	Change  *servermigration.Change       `json:"change"`
	Check   *servermigration.Check        `json:"check"`
	Machine *servermigration.MachineDraft `json:"machine"`
}

func (i serverOrderIn) ask() servermigration.Ask {
	return servermigration.Ask{Last: i.Last, Change: i.Change, Check: i.Check, Machine: i.Machine}
}

func (s *API) serverOrderAdd(c echo.Context) error {
	var in serverOrderIn
	if err := readJSON(c, &in); err != nil {
		return err
	}
	known := false
	for _, w := range servermigration.OfJobs() {
		known = known || w == in.What
	}
	if !known {
		return fault.Newf(fault.Invalid, "There is no order %q about a job.", in.What).WithFix("See what its job offers.")
	}
	id, err := s.Servers.Order(c.Request().Context(), c.Param("id"), c.Param("job"), in.What, in.ask(), in.Confirm, server.Actor(c))
	return s.serverOrdered(c, id, err)
}

// serverTick ticks a line of a job's checklist, or takes the tick back.
func (s *API) serverTick(c echo.Context) error {
	ctx, account, id, item := c.Request().Context(), c.Param("id"), c.Param("job"), c.Param("item")
	var in struct {
		Done bool `json:"done"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := s.Servers.Mark(ctx, account, id, item, in.Done, server.Actor(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *API) serverRelease(c echo.Context) error {
	var in struct {
		Confirm string `json:"confirm"` // the instance's id
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, err := s.Servers.Release(c.Request().Context(), c.Param("id"), c.Param("order"), in.Confirm, server.Actor(c))
	return s.serverOrdered(c, id, err)
}

type serverWaveJSON struct {
	ID        string          `json:"id"`
	AccountID string          `json:"account_id"`
	Name      string          `json:"name"`
	Created   time.Time       `json:"created"`
	By        string          `json:"by"`
	Jobs      []serverJobJSON `json:"jobs,omitempty"`
}

func serverWaveToJSON(w servermigration.Wave) serverWaveJSON {
	return serverWaveJSON{ID: w.ID, AccountID: w.AccountID, Name: w.Name, Created: w.Created.UTC(), By: w.By}
}

func (s *API) serverWaves(c echo.Context) error {
	found, err := s.Servers.Store.Waves(c.Request().Context(), 200)
	out, err := all(found, err, serverWaveToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) serverWaveAdd(c echo.Context) error {
	var in struct {
		AccountID string   `json:"account_id"`
		Name      string   `json:"name"`
		Jobs      []string `json:"jobs"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, err := s.Servers.Gather(c.Request().Context(), in.AccountID, in.Name, in.Jobs, server.Actor(c))
	if err != nil {
		return err
	}
	w, err := s.Servers.Store.Wave(c.Request().Context(), id)
	return answer(c, http.StatusCreated, serverWaveToJSON(w), err)
}

func (s *API) serverWave(c echo.Context) error {
	w, err := s.Servers.Store.Wave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	jobs, err := s.Servers.Store.Jobs(c.Request().Context(), servermigration.Filter{AccountID: w.AccountID, WaveID: w.ID})
	out := serverWaveToJSON(w)
	for _, k := range jobs {
		out.Jobs = append(out.Jobs, serverJobToJSON(k))
	}
	return answer(c, http.StatusOK, out, err)
}

func (s *API) serverWaveOrder(c echo.Context) error {
	var in serverOrderIn
	if err := readJSON(c, &in); err != nil {
		return err
	}
	said, err := s.Servers.OrderWave(c.Request().Context(), c.Param("id"), in.What, in.ask(), in.Confirm, server.Actor(c))
	return answer(c, http.StatusAccepted, map[string]string{"said": said.String()}, err)
}
