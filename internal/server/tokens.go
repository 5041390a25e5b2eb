package server

import (
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
)

// NewToken makes a token of who asks; its text is told this once.
func (s *Kit) NewToken(c echo.Context, name string) (secret.Text, person.Token, error) {
	me, _ := Who(c)
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) {
		return secret.Text{}, person.Token{}, Invalid("The token has no name, or one of more than 100 characters.", "Say what it is for; then it can be told from others later.")
	}
	text := person.NewToken()
	t := person.Token{ID: s.NewID(), PersonID: me.Person.ID, Name: name, Hash: person.HashToken(text.Reveal()), Created: s.Now().UTC()}
	return text, t, s.People.AddToken(c.Request().Context(), t, s.Entry(c, "token.add", "token/"+t.ID, "Made the token “"+name+"”."))
}

// DropToken takes a token of who asks away.
func (s *Kit) DropToken(c echo.Context) error {
	me, _ := Who(c)
	id := c.Param("id")
	return s.People.RemoveToken(c.Request().Context(), me.Person.ID, id, s.Entry(c, "token.remove", "token/"+id, "Removed a token."))
}
