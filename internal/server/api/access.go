package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/server"
)

type tokenJSON struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Scope   string     `json:"scope"` // read, operate or administer
	Created time.Time  `json:"created"`
	Expires time.Time  `json:"expires"`
	Used    *time.Time `json:"used"`
	Token   string     `json:"token,omitempty"` // only in the answer that makes it
}

func tokenToJSON(t person.Token) tokenJSON {
	return tokenJSON{ID: t.ID, Name: t.Name, Scope: string(t.Scope), Created: t.Created.UTC(), Expires: t.Expires.UTC(), Used: moment(t.Used)}
}

func (s *API) tokens(c echo.Context) error {
	me, _ := server.Who(c)
	tokens, err := s.People.Tokens(c.Request().Context(), me.Person.ID)
	out, err := all(tokens, err, tokenToJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) tokenAdd(c echo.Context) error {
	var in server.TokenRequest
	if err := readJSON(c, &in); err != nil {
		return err
	}
	text, t, err := s.NewToken(c, in)
	if err != nil {
		return err
	}
	out := tokenToJSON(t)
	out.Token = text.Reveal()
	return c.JSON(http.StatusCreated, out)
}

func (s *API) tokenRemove(c echo.Context) error {
	if err := s.DropToken(c); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type sessionJSON struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Began   time.Time `json:"began"`
	Seen    time.Time `json:"seen"` // to the minute
	Address string    `json:"address"`
	Browser string    `json:"browser"` // what it calls itself
	This    bool      `json:"this"`    // the one that asks
}

func (s *API) signIns(c echo.Context) error {
	found, err := s.Lasting(c)
	out, err := all(found, err, func(l server.LastingSession) sessionJSON {
		return sessionJSON{l.ID, l.Person, l.Began.UTC(), l.Seen.UTC(), l.Address, l.Agent, l.This}
	})
	return answer(c, http.StatusOK, out, err)
}

func (s *API) signInEnd(c echo.Context) error {
	if err := s.EndSession(c, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// scopes are the routes that need more or less than their method says: to look
// is to read, anything else is to operate. What only computes is read, however
// it is asked; what changes places, policies, people, tokens or a service's
// policy is for administrators.
var scopes = map[string]person.Scope{
	"POST /plans": person.Read, "POST /preflights": person.Read, "POST /live-preflights": person.Read, "POST /scripts": person.Read,
	"POST /server-accounts/:id/jobs/review": person.Read, "PUT /server-accounts/:id": person.Administer, "DELETE /server-accounts/:id": person.Administer,
	"POST /server-accounts/:id/tokens": person.Administer, "DELETE /server-accounts/:id/tokens/:token": person.Administer, "POST /server-accounts/:id/tokens/:token/disable": person.Administer,
	"POST /policies/review": person.Read, "POST /policies/:id/review": person.Read, "POST /instances/:id/policy/review": person.Read,
	"POST /servers/:id/restores/plan": person.Read,

	"POST /accounts": person.Administer, "PUT /accounts/:id": person.Administer, "DELETE /accounts/:id": person.Administer,
	"POST /instances": person.Administer, "PUT /instances/:id": person.Administer, "DELETE /instances/:id": person.Administer,
	"POST /buckets": person.Administer, "PUT /buckets/:id": person.Administer, "DELETE /buckets/:id": person.Administer,
	"POST /policies": person.Administer, "PUT /policies/:id": person.Administer, "DELETE /policies/:id": person.Administer, "POST /policies/:id/rollback": person.Administer,
	"PUT /instances/:id/policy": person.Administer, "POST /instances/:id/policy/accept": person.Administer, "POST /instances/:id/policy/apply": person.Administer,
	"PUT /instances/:id/policy/advanced": person.Administer, "PUT /instances/:id/copy-rule": person.Administer,
	"GET /sessions": person.Administer, "DELETE /sessions/:id": person.Administer,
	"DELETE /tokens/:id": person.Administer,
}

// scopeOf is what a route needs.
func scopeOf(method, path string) person.Scope {
	if s, ok := scopes[method+" "+path]; ok {
		return s
	}
	if method == http.MethodGet || method == http.MethodHead {
		return person.Read
	}
	return person.Operate
}
