package settings

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// tokenGroup lists one's own tokens, with a new one when it was just made.
func (s *Pages) tokenGroup(c echo.Context, made *views.Secret) (g views.Group, err error) {
	z := s.Zone(c)
	me, _ := server.Who(c)
	tokens, err := s.People.Tokens(c.Request().Context(), me.Person.ID)
	if err != nil {
		return g, err
	}
	g = views.Group{ID: "tokens", Title: "API tokens", Note: "yours; each acts in your name", Columns: []string{"Name", "May", "Made", "Ends", "Last used"},
		Empty: kit.Empty{Title: "No tokens yet.", Text: "A token lets a script use the API under /api/v1, described at /api/v1/openapi.json, in your name."},
		Form: &kit.Form{Action: "/settings/tokens", Submit: "Make a token", Fields: []kit.Field{{Name: "name", Label: "What the new token is for", Placeholder: "nightly script"},
			{Name: "scope", Label: "What it may", Type: "select", Value: string(person.Read), Options: []kit.Option{
				{Value: string(person.Read), Label: "read: look at everything"},
				{Value: string(person.Operate), Label: "operate: order backups, restores and migrations, too"},
				{Value: string(person.Administer), Label: "administer: change places, policies and tokens, too"}}},
			{Name: "days", Label: "Ends in", Type: "select", Value: "90", Options: []kit.Option{{Value: "7", Label: "7 days"}, {Value: "30", Label: "30 days"}, {Value: "90", Label: "90 days"}, {Value: "366", Label: "a year"}}}}}}
	g.Secret = made
	for _, t := range tokens {
		used := "never"
		if !t.Used.IsZero() {
			used = fmt.Sprintf("%s (to the hour)", z.At(t.Used).Exact)
		}
		row := views.GroupRow{Cells: []string{t.Name, string(t.Scope), z.At(t.Created).Exact, z.At(t.Expires).Exact, used}, Actions: []kit.Action{remove("/settings/tokens/" + t.ID)}}
		if !z.Now.Before(t.Expires) {
			row.Badge = kit.Badge{Text: "ended", Tone: kit.ToneBad}
		}
		g.Rows = append(g.Rows, row)
	}
	return g, nil
}

// tokenAdd makes a token and shows it on the page that answers, and nowhere
// else: it is not kept for a later one.
func (s *Pages) tokenAdd(c echo.Context) error {
	days, err := strconv.Atoi(c.FormValue("days"))
	if err != nil {
		return server.Invalid("That is no number of days.", "Choose how long the token lasts.")
	}
	text, _, err := s.NewToken(c, server.TokenRequest{Name: c.FormValue("name"), Scope: c.FormValue("scope"), Days: days})
	if err != nil {
		return err
	}
	v, err := s.settingsView(c, &views.Secret{Title: "Your new token, shown this once", Value: text.Reveal(), Note: "Copy it now: only its hash is kept. Send it as Authorization: Bearer …"})
	if err != nil {
		return err
	}
	return server.Render(c, http.StatusCreated, v.Page(s.Frame(c, v.Title, v.Section, "")))
}

// tokenAskRemove asks for the name before a token stops working.
func (s *Pages) tokenAskRemove(c echo.Context) (server.View, error) {
	t, err := s.token(c)
	if err != nil {
		return server.View{}, err
	}
	return server.Removal{Thing: "token", Name: t.Name, Href: "/settings/tokens/" + t.ID, Back: "/settings#tokens", Points: []string{"Programs that use it are refused from then on."}}.Ask(nil), nil
}

// token finds one of one's own tokens.
func (s *Pages) token(c echo.Context) (person.Token, error) {
	me, _ := server.Who(c)
	tokens, err := s.People.Tokens(c.Request().Context(), me.Person.ID)
	for _, t := range tokens {
		if t.ID == c.Param("id") {
			return t, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "You have no such token.", "See the list in Settings.")
	}
	return person.Token{}, err
}

func (s *Pages) tokenRemove(c echo.Context) error {
	t, err := s.token(c)
	if err != nil {
		return err
	}
	if err := server.Typed(c, t.Name); err != nil {
		v, viewErr := s.tokenAskRemove(c)
		return s.AskAgain(c, v, viewErr, err)
	}
	if err := s.DropToken(c); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The token works no more.")
	return server.SeeOther(c, "/settings#tokens")
}
