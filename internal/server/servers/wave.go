package servers

import (
	"context"
	"fmt"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/servers"
)

// waveForm offers the unfinished jobs of the accounts to move together.
func (s *Pages) waveForm(ctx context.Context) (*kit.Form, error) {
	f := kit.Field{Name: "jobs", Label: "Jobs", Type: "checks"}
	found, err := s.Servers.Store.Jobs(ctx, servermigration.Filter{States: []servermigration.Status{servermigration.Ready, servermigration.Running, servermigration.Stopped, servermigration.Waiting, servermigration.InError}, Limit: 200})
	if err != nil {
		return nil, err
	}
	for _, j := range found {
		if j.WaveID == "" {
			f.Options = append(f.Options, kit.Option{Value: j.AccountID + "/" + j.ID, Label: j.Name, Hint: server.FirstOf(j.SourceName, j.SourceID) + ", " + j.StatusWords().String()})
		}
	}
	if len(f.Options) < 2 {
		return nil, nil
	}
	return &kit.Form{Action: "/servers/waves", Submit: "Make a wave", Fields: []kit.Field{{Name: "name", Label: "Name of the wave"}, f}}, nil
}

// newWave puts jobs of one account together.
func (s *Pages) newWave(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return server.Invalid("The form cannot be read.", "Send it again.")
	}
	account, jobs := "", []string{}
	for _, chosen := range form["jobs"] {
		a, id, _ := strings.Cut(chosen, "/")
		if account != "" && a != account {
			return s.told(c, fault.New(fault.Invalid, "A wave is of one account.", "Choose jobs of one."), "", "/servers")
		}
		account, jobs = a, append(jobs, id)
	}
	id, err := s.Servers.Gather(c.Request().Context(), account, strings.TrimSpace(form.Get("name")), jobs, server.Actor(c))
	if err != nil {
		return s.told(c, err, "", "/servers")
	}
	return server.SeeOther(c, "/servers/waves/"+id)
}

// wave shows jobs that move together, and what came of each: the report.
func (s *Pages) wave(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	w, err := s.Servers.Store.Wave(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/servers/waves/" + w.ID
	v := views.Wave{Name: w.Name, Crumbs: crumbs(kit.Link{Text: w.Name})}
	f := servermigration.Filter{WaveID: w.ID, AccountID: w.AccountID, Limit: server.PageSize}
	count, err := s.Servers.Store.Counts(ctx, f)
	if err != nil {
		return server.View{}, err
	}
	if f.Before = pageOf(c); f.Before.ID != "" {
		v.Pager.Newer = here
	}
	jobs, err := s.Servers.Store.Jobs(ctx, f)
	if err != nil {
		return server.View{}, err
	}
	if n := len(jobs); n == server.PageSize {
		v.Pager.Older = here + "?" + nextPage(jobs[n-1]).Encode()
	}
	total, alone := 0, 0
	for _, n := range count {
		total += n
	}
	for _, j := range jobs {
		src, err := s.Servers.Store.Server(ctx, j.AccountID, j.SourceID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return server.View{}, err
		}
		row := s.jobRow(z, j)
		if j.VSwitch == "" && j.Status.Unfinished() {
			alone++
		}
		ticks, err := s.Servers.Store.Ticks(ctx, j.AccountID, j.ID)
		if err != nil {
			return server.View{}, err
		}
		if missing := servermigration.AllTicked(servermigration.BeforeComplete(src.Server, src.InstanceID != ""), ticks); len(missing) > 0 && j.Status == servermigration.Waiting {
			row.Note = fmt.Sprintf("%d lines of its checklist are not ticked", len(missing))
		}
		if orders, err := s.Servers.Store.Orders(ctx, j.AccountID, j.ID, "", 1); err == nil && len(orders) > 0 {
			said := s.orderRows(c, orders)[0]
			row.Note = strings.TrimSpace(row.Note + " " + said.Title.Text + ": " + said.Badge.Text + ". " + server.Clip(said.Text, 160))
		}
		v.Rows = append(v.Rows, row)
	}
	v.Facts = []kit.Fact{{Label: "Jobs", Value: fmt.Sprint(total), Note: "made by " + w.By + " " + z.Ago(w.Created)}, {Label: "Ready", Value: fmt.Sprint(count[servermigration.Ready])}, {Label: "At work", Value: fmt.Sprint(count[servermigration.Running])},
		{Label: "Waiting", Value: fmt.Sprint(count[servermigration.Waiting])}, {Label: "Completed", Value: fmt.Sprint(count[servermigration.Finished]), Tone: server.ToneIf(count[servermigration.Finished] == total && total > 0, kit.ToneOK)},
		{Label: "Failed", Value: fmt.Sprint(count[servermigration.InError]), Tone: server.ToneIf(count[servermigration.InError] > 0, kit.ToneBad)}}
	if n := count[servermigration.Ready]; n > 0 {
		v.Actions = []kit.Action{{Label: fmt.Sprintf("Start %d", n), Href: here + "/start", Post: true, Primary: true}}
	}
	if n := count[servermigration.Waiting]; n > 0 {
		v.Actions = append(v.Actions, kit.Action{Label: fmt.Sprintf("Complete %d", n), Href: here + "/complete", Danger: true})
	}
	if alone > 10 {
		v.Report = fmt.Sprintf("%d of the jobs shown have no VPC of their own: each makes one, and a region has at most 10. Give them one VPC and switch to share.", alone)
	}
	return server.View{Title: w.Name, Section: "servers", Live: []kit.Fragment{{ID: "wave", Component: views.WaveBody(v)}}, Page: func(f kit.Frame) templ.Component { return views.WavePage(f, v) }}, nil
}

// completeWave asks once more before those jobs of a wave are completed that wait.
func (s *Pages) completeWave(c echo.Context) (server.View, error) {
	w, err := s.Servers.Store.Wave(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/servers/waves/" + w.ID
	return decision(kit.Decision{Title: "Complete those that wait", Crumbs: crumbs(kit.Link{Text: w.Name, Href: here}, kit.Link{Text: "Complete"}),
		Points: []string{"Every job of the wave that waits, and whose checklist is done, is completed; the others stay as they are and are named.", "Completing cannot be undone: nothing is synchronised any more."},
		Form: &kit.Form{Action: here + "/complete", Submit: "Complete those that wait", Cancel: here, Danger: true, Confirm: w.Name, Fields: []kit.Field{
			{Name: "last", Label: "Last synchronisation", Type: "choices", Value: "1", Options: []kit.Option{{Value: "1", Label: "One last synchronisation each"}, {Value: "", Label: "Finish now, keep the last images"}}},
			{Name: "confirm", Label: "Type " + w.Name + " to confirm", Autocomplete: "off"}}}}), nil
}

// orderWave orders the same of every job of a wave that allows it, and tells of
// those that did not.
func (s *Pages) orderWave(c echo.Context) error {
	what := servermigration.What(c.Param("what"))
	said, err := s.Servers.OrderWave(c.Request().Context(), c.Param("id"), what, servermigration.Ask{Last: c.FormValue("last") != ""}, c.FormValue("confirm"), server.Actor(c))
	return s.told(c, err, said.String(), "/servers/waves/"+c.Param("id"))
}
