// Package servers is the pages of server migrations: source servers, the jobs
// that move them, what is ordered about them, and waves.
package servers

import (
	"context"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	views "github.com/bakplane/bakplane/web/templates/servers"

	"github.com/bakplane/bakplane/web/templates/kit"
)

// Pages answers for the pages of server migrations.
type Pages struct{ *server.Kit }

// New makes the pages.
func New(kit *server.Kit) *Pages { return &Pages{Kit: kit} }

// Routes lists these pages and what can be done on them.
func (s *Pages) Routes(on server.Router) {
	get, post := on.Get, on.Post
	get("/servers", s.list)
	post("/servers/watch", s.watch)
	post("/servers/:account/look", s.look)
	post("/servers/:account/unwatch", s.unwatch)

	get("/servers/:account/tokens", s.tokens)
	post("/servers/:account/tokens", s.tokenAdd)
	post("/servers/:account/tokens/:token/disable", s.tokenEnd(false))
	post("/servers/:account/tokens/:token/delete", s.tokenEnd(true))

	get("/servers/:account/sources/:source", s.source)
	post("/servers/:account/sources/:source/rename", s.rename)
	post("/servers/:account/sources/:source/remove", s.remove)
	post("/servers/:account/sources/:source/link", s.link(false))
	post("/servers/:account/sources/:source/moved", s.link(true))
	post("/servers/:account/sources/:source/count", s.count)
	get("/servers/:account/sources/:source/new", s.draft)
	post("/servers/:account/sources/:source/new", s.create)

	get("/servers/:account/jobs/:job", s.job)
	get("/servers/:account/jobs/:job/:what", s.question)
	post("/servers/:account/jobs/:job/:what", s.order)
	post("/servers/:account/ticks/:job", s.tick)
	post("/servers/:account/release/:order", s.release)

	post("/servers/waves", s.newWave)
	get("/servers/waves/:id", s.wave)
	get("/servers/waves/:id/complete", s.completeWave)
	post("/servers/waves/:id/:what", s.orderWave)
}

func jobHref(accountID, id string) string { return "/servers/" + accountID + "/jobs/" + id }

func sourceHref(accountID, id string) string { return "/servers/" + accountID + "/sources/" + id }

// crumbs lead from the list to here.
func crumbs(more ...kit.Link) []kit.Link {
	return append([]kit.Link{{Text: "Servers", Href: "/servers"}}, more...)
}

// named is the account of the address; one that migrates no servers is not found.
func (s *Pages) named(ctx context.Context, id string) (endpoint.Account, error) {
	a, err := s.Endpoints.Account(ctx, id)
	if err != nil {
		return a, err
	}
	return a, nil
}

// jobBadge is where a job stands in a pill.
func jobBadge(j servermigration.Job) kit.Badge {
	b := kit.Badge{Text: j.StatusWords().String()}
	switch j.Status {
	case servermigration.Running, servermigration.Deleting:
		b.Tone = kit.ToneRun
	case servermigration.Finished, servermigration.Waiting:
		b.Tone = kit.ToneOK
	case servermigration.InError, servermigration.Expired:
		b.Tone = kit.ToneBad
	case servermigration.Stopped:
		b.Tone = kit.ToneWarn
	}
	if j.Status == servermigration.Waiting {
		b.Tone = kit.ToneIdle
	}
	return b
}

func serverBadge(k servermigration.KeptServer) kit.Badge {
	if !k.Gone.IsZero() {
		return kit.Badge{Text: "gone from the service"}
	}
	b := kit.Badge{Text: k.Words().String()}
	switch {
	case k.Online():
		b.Tone = kit.ToneOK
	case k.State == servermigration.ServerUnavailable:
		b.Tone = kit.ToneBad
	default:
		b.Tone = kit.ToneWarn
	}
	return b
}

// progress draws a run at work; it is percent over all phases and no bytes.
func progress(k servermigration.KeptJob, now time.Time) (*kit.Progress, servermigration.Pace) {
	if k.Status != servermigration.Running {
		return nil, servermigration.Pace{}
	}
	p := servermigration.PaceOf(k.Job, k.Samples, now)
	bar := &kit.Progress{Label: "Run of " + k.Name, Value: int64(k.Progress), Max: 100, Words: fmt.Sprintf("%.0f %% · %s", k.Progress, k.PhaseWords())}
	if p.Rate > 0 {
		bar.Words += fmt.Sprintf(" · %.0f %% an hour", p.Rate)
	}
	if p.Left > 0 {
		bar.Words += " · about " + kit.Span(p.Left.Round(time.Minute)) + " left"
	}
	return bar, p
}

// jobRow is a job in a list.
func (s *Pages) jobRow(z kit.Zone, k servermigration.KeptJob) views.JobRow {
	row := views.JobRow{Name: kit.Link{Text: k.Name, Href: jobHref(k.AccountID, k.ID)}, Source: kit.Link{Text: server.FirstOf(k.SourceName, k.SourceID), Href: sourceHref(k.AccountID, k.SourceID)},
		Badge: jobBadge(k.Job), Next: z.At(servermigration.NextSync(k.Job))}
	row.Progress, _ = progress(k, z.Now)
	if _, soon := servermigration.Validity(k.Job, z.Now); soon && k.Status.Unfinished() {
		row.Valid = kit.Badge{Text: "validity ends", Tone: kit.ToneWarn}
	}
	if k.Status == servermigration.InError {
		row.Note = server.Capital(explain.Title(servermigration.CauseOf(k.ErrorCode, k.ErrorText))) + "."
	}
	if n := len(servermigration.Kept(k.Job, nil)); n > 0 {
		row.Images = fmt.Sprint(n)
		if k.Keep > 0 {
			row.Images += fmt.Sprintf(" of %d", k.Keep)
		}
	}
	if costs := servermigration.Costs(k.Job, k.Transition, nil); len(costs) > 0 {
		row.Cost = server.Clip(costs[0].What.String(), 60)
	}
	return row
}

// orderRows are orders with what came of them.
func (s *Pages) orderRows(c echo.Context, all []servermigration.Order) (out []views.Order) {
	z := s.Zone(c)
	for _, o := range all {
		row := views.Order{Title: kit.Link{Text: o.What.Title().String(), Href: "/runs/" + o.ID}, By: o.By, When: z.At(o.Ordered), Text: o.Result.String()}
		switch {
		case o.Going():
			row.Badge = kit.Badge{Text: "at work", Tone: kit.ToneRun}
			if r, err := s.Runs.Run(c.Request().Context(), o.ID); err == nil {
				row.Text = r.Message.String()
			}
		case !o.Why.IsZero():
			row.Badge, row.Text = kit.Badge{Text: "not done", Tone: kit.ToneBad}, server.WithFix(o.Why.String(), o.Fix.String())
		case o.State == run.Canceled:
			row.Badge = kit.Badge{Text: "canceled"}
			row.Text = "Nothing more is tried; look at the service whether the call was taken."
			if o.Sent.IsZero() {
				row.Text = "It was not sent."
			}
		case o.Finished.IsZero():
			row.Badge = kit.Badge{Text: "failed", Tone: kit.ToneBad}
			row.Text = "See its run; it can be tried again there."
		default:
			row.Badge = kit.Badge{Text: "done", Tone: kit.ToneOK}
		}
		out = append(out, row)
	}
	return out
}
