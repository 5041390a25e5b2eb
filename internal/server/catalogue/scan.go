package catalogue

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// collectAsk asks where to look for backups.
func (s *Pages) collectAsk(c echo.Context) (server.View, error) { return s.collectForm(c, nil) }

func (s *Pages) collectForm(c echo.Context, refused error) (server.View, error) {
	ctx := c.Request().Context()
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	instances, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return server.View{}, err
	}
	where := kit.Field{Name: "subject", Label: "Look at", Type: "select", Value: server.FirstOf(c.FormValue("subject"), c.QueryParam("subject"))}
	for _, b := range buckets {
		where.Options = append(where.Options, kit.Option{Value: string(scan.BucketSubject(b.ID)), Label: "Bucket or folder " + b.Name})
	}
	for _, i := range instances {
		where.Options = append(where.Options, kit.Option{Value: string(scan.InstanceSubject(i.ID)), Label: "Instance " + i.Label()})
	}
	v := kit.Decision{Title: "Look for backups", Crumbs: []kit.Link{{Text: "Backup sets", Href: "/sets"}, {Text: "Look"}},
		Intro: "After this dashboard was lost, a bucket alone gives its catalogue back: every file says of itself what it is.",
		Points: []string{"Every file is asked for its headers; only those are read, never the whole.", "Sets that are known already stay as they are; copies that are found are added.",
			"Sets of servers that are not known here appear without one, and are adopted when the server is added."},
		Form: &kit.Form{Action: "/sets/collect", Submit: "Look now", Cancel: "/sets", Fields: []kit.Field{where}, Problem: server.ProblemOf(refused)}}
	if len(where.Options) == 0 {
		v.Form, v.Notes = nil, []kit.Help{{Tone: kit.ToneWarn, Title: "No bucket and no instance is known yet.", Actions: []kit.Action{{Label: "Add a bucket", Href: "/settings/buckets/new"}}}}
	}
	out := server.View{Title: v.Title, Section: "sets", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// collectOrder orders a look as a run.
func (s *Pages) collectOrder(c echo.Context) error {
	id, err := s.LookNow(c, c.FormValue("subject"))
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.collectForm(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, "The look is ordered.")
	return server.SeeOther(c, "/runs/"+id)
}
