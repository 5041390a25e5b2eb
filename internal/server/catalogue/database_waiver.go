package catalogue

import (
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// usualWaiver is the end that the form offers.
const usualWaiver = 90 * 24 * time.Hour

// databaseWaiverAsk asks why and until when nobody needs backups of a database.
func (s *Pages) databaseWaiverAsk(c echo.Context) (server.View, error) {
	return s.databaseWaiver(c, nil)
}

func (s *Pages) databaseWaiver(c echo.Context, refused error) (server.View, error) {
	name := c.FormValue("name")
	in, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here, now := server.DatabaseHref(in.ID, name), s.Now().UTC()
	v := kit.Decision{Title: name + " needs no backups", Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: name, Href: here}, {Text: "Not needed"}},
		Points: []string{"It is neither late nor counted as one that cannot be restored, until the day you choose. Then it is asked for again.",
			"Your reason and your name stand beside it, and in the audit trail.", "What policies take of it they go on taking."},
		Form: &kit.Form{Action: "/instances/" + in.ID + "/database/waiver", Submit: "Not needed", Cancel: here, Hidden: []kit.Hidden{{Name: "name", Value: name}}, Problem: server.ProblemOf(refused), Fields: []kit.Field{
			{Name: "why", Label: "Why nobody needs backups of it", Value: c.FormValue("why"), Focus: true, Placeholder: "restored for a look at last week's orders"},
			{Name: "until", Label: "Until (UTC)", Type: "date", Value: server.FirstOf(c.FormValue("until"), now.Add(usualWaiver).Format(time.DateOnly)), Mono: true, Hint: "At most a year from now: " + now.Add(backup.LongestWaiver-24*time.Hour).Format(time.DateOnly) + "."}}}}
	out := server.View{Title: v.Title, Section: "instances", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// databaseWaiverSave writes the word down, or takes it back.
func (s *Pages) databaseWaiverSave(c echo.Context) error {
	id, name := c.Param("id"), c.FormValue("name")
	if c.FormValue("needed") != "" {
		if err := s.Require(c, id, name); err != nil {
			return err
		}
		s.Say(c, kit.ToneOK, "Backups of "+name+" are needed again.")
		return server.SeeOther(c, server.DatabaseHref(id, name))
	}
	if err := s.Waive(c, id, name, c.FormValue("why"), c.FormValue("until")); err != nil {
		v, viewErr := s.databaseWaiver(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, "Nobody is told of missing backups of "+name+" until "+c.FormValue("until")+".")
	return server.SeeOther(c, server.DatabaseHref(id, name))
}

// waiverNote says that backups of a database are not needed, with the way back.
func waiverNote(z kit.Zone, in endpoint.Instance, p backup.Protection, why string) kit.Help {
	w := p.Waiver
	n := kit.Help{Tone: kit.ToneRun, Title: "Not needed.", Cause: why}
	if w.PolicyID != "" {
		n.Cause += " It stays so for as long as it does and no other policy chooses it."
		n.Actions = []kit.Action{{Label: "Its policy", Href: "/policies/" + w.PolicyID, Small: true}}
		return n
	}
	n.Title = "Not needed until " + z.At(w.Until).UTC + " UTC."
	n.Actions = []kit.Action{{Label: "It is needed again", Href: "/instances/" + in.ID + "/database/waiver?" + url.Values{"name": {p.Database}, "needed": {"1"}}.Encode(), Post: true, Small: true}}
	return n
}
