package server

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
)

// TokenRequest is what a person or a program chose for a new token.
type TokenRequest struct {
	Name  string `json:"name"`
	Scope string `json:"scope"` // empty = read
	Days  int    `json:"days"`  // until it ends; 0 = 90
}

const (
	tokenDays     = 90
	tokenDaysMost = 366
)

// NewToken makes a token of who asks; its text is told this once. A token makes
// none that reaches further or lasts longer than itself.
func (s *Kit) NewToken(c echo.Context, r TokenRequest) (secret.Text, person.Token, error) {
	me, _ := Who(c)
	name := strings.TrimSpace(r.Name)
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) {
		return secret.Text{}, person.Token{}, Invalid("The token has no name, or one of more than 100 characters.", "Say what it is for; then it can be told from others later.")
	}
	scope := person.Read
	if r.Scope != "" {
		var err error
		if scope, err = person.ReadScope(r.Scope); err != nil {
			return secret.Text{}, person.Token{}, err
		}
	}
	if !me.Scope.Allows(scope) {
		return secret.Text{}, person.Token{}, fault.Newf(fault.Denied, "A token that may %s cannot make one that may %s.", me.Scope, scope).WithFix("Ask for a narrower scope, or make it in Settings.")
	}
	if r.Days == 0 {
		r.Days = tokenDays
	}
	if r.Days < 1 || r.Days > tokenDaysMost {
		return secret.Text{}, person.Token{}, fault.Newf(fault.Invalid, "%d is no number of days for a token to last.", r.Days).WithFix("Choose 1 to 366; a new one is made in a moment.")
	}
	now := s.Now().UTC()
	ends := now.AddDate(0, 0, r.Days).Truncate(time.Microsecond)
	if !me.Until.IsZero() && ends.After(me.Until) {
		ends = me.Until
	}
	text := person.NewToken()
	t := person.Token{ID: s.NewID(), PersonID: me.Person.ID, Name: name, Hash: person.HashToken(text.Reveal()), Scope: scope, Created: now, Expires: ends}
	return text, t, s.People.AddToken(c.Request().Context(), t, s.Entry(c, "token.add", "token/"+t.ID, fmt.Sprintf("Made the token “%s”, which may %s until %s.", name, scope, ends.Format(time.DateOnly))))
}

// DropToken takes a token of who asks away.
func (s *Kit) DropToken(c echo.Context) error {
	me, _ := Who(c)
	id := c.Param("id")
	return s.People.RemoveToken(c.Request().Context(), me.Person.ID, id, s.Entry(c, "token.remove", "token/"+id, "Removed a token."))
}
