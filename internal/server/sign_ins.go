package server

import (
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
)

// LastingSession is a session that lasts, and whose it is.
type LastingSession struct {
	person.Session
	Person string // name
	This   bool   // that of who asks
}

// Lasting lists the sessions of everybody that have not ended, newest first.
func (s *Kit) Lasting(c echo.Context) (out []LastingSession, err error) {
	ctx := c.Request().Context()
	me, _ := Who(c)
	people, err := s.People.People(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, p := range people {
		names[p.ID] = p.Name
	}
	all, err := s.People.SignIns(ctx)
	for _, in := range all {
		if !in.Over(s.Config.Sessions, s.Now()) {
			out = append(out, LastingSession{in, names[in.PersonID], in.ID == me.Session})
		}
	}
	return out, err
}

// EndSession ends somebody's session: it can order nothing more, and its open
// pages are told nothing more.
func (s *Kit) EndSession(c echo.Context, id string) error {
	p, in, err := s.People.PersonOfSession(c.Request().Context(), id)
	if err != nil {
		return fault.New(fault.NotFound, "There is no such session, or it has ended.", "See the list in Settings.")
	}
	return s.People.EndSession(c.Request().Context(), id, s.Entry(c, "session.end", "person/"+p.ID, "Ended a session of "+p.Name+" from "+in.Address+"."))
}
