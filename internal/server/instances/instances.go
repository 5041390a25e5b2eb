package instances

import (
	"fmt"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// instanceList shows every SQL Server we know. None is asked: the list opens
// at once, also while a server is down.
func (s *Pages) instanceList(c echo.Context) (server.View, error) {
	ctx := c.Request().Context()
	all, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return server.View{}, err
	}
	st, err := s.Progress.Activity(ctx)
	if err != nil {
		return server.View{}, err
	}
	moves := map[string]int{}
	for _, m := range st.Active {
		moves[m.InstanceID]++
		if m.ServerID != "" {
			moves[m.ServerID]++
		}
	}
	v := views.Instances{Empty: kit.Empty{Title: "No instances yet.", Text: "Add the ApsaraDB RDS instance that databases go to, and the SQL Servers at work that they come from, or go to.",
		Actions: []kit.Action{{Label: "Add a SQL Server", Href: "/settings/servers/new"}, {Label: "Add a cloud instance", Href: "/settings/instances/new"}}}}
	for _, i := range all {
		row := views.InstanceRow{Name: kit.Link{Text: i.Name, Href: "/instances/" + i.ID}, Kind: "ApsaraDB RDS", Where: i.InstanceID + " · " + i.Region, Role: "databases go here"}
		if i.Traits.Source {
			row.Kind, row.Where, row.Role = "SQL Server", s.WhereIs(i), "databases come from here, or go here"
			row.Action = &kit.Action{Label: "Migrate from here", Href: "/migrations/new/live?" + url.Values{"server": {i.ID}}.Encode(), Small: true}
		}
		if n := moves[i.ID]; n > 0 {
			row.Moves = fmt.Sprintf("%d on their way", n)
		}
		v.Rows = append(v.Rows, row)
	}
	return server.View{Title: "Instances", Section: "instances", Page: func(f kit.Frame) templ.Component { return views.InstancesPage(f, v) }}, nil
}
