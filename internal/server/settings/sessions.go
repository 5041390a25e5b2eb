package settings

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// sessionGroup lists who is signed in, from where.
func (s *Pages) sessionGroup(c echo.Context) (views.Group, error) {
	z, last := s.Zone(c), s.Config.Sessions
	g := views.Group{ID: "sessions", Title: "Sessions", Note: fmt.Sprintf("end by themselves after %s without a click, or %s in all", words.Span(last.Idle), words.Span(last.Most)),
		Columns: []string{"Person", "From", "Browser", "Began", "Last click"}}
	all, err := s.Lasting(c)
	for _, in := range all {
		row := views.GroupRow{Cells: []string{in.Person, in.Address, in.Agent, z.At(in.Began).Exact, z.At(in.Seen).Exact},
			Actions: []kit.Action{{Label: "End", Href: "/settings/sessions/" + in.ID + "/end", Post: true, Danger: true, Small: true}}}
		if in.This {
			row.Badge = kit.Badge{Text: "this one"}
			row.Actions = []kit.Action{{Label: "Sign out", Href: "/sign-out", Post: true, Small: true}}
		}
		g.Rows = append(g.Rows, row)
	}
	return g, err
}

// sessionEnd ends somebody's session at once.
func (s *Pages) sessionEnd(c echo.Context) error {
	if err := s.EndSession(c, c.Param("id")); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The session is over.")
	return server.SeeOther(c, "/settings#sessions")
}
