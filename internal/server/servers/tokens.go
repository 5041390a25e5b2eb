package servers

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/servers"
)

func sortBy[T any, K cmp.Ordered](all []T, key func(T) K) {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

// tokens lists activation codes, asked of the service now.
func (s *Pages) tokens(c echo.Context) (server.View, error) { return s.tokensView(c, nil, nil) }

func (s *Pages) tokensView(c echo.Context, made *views.Secret, refused error) (server.View, error) {
	ctx, z, account := c.Request().Context(), s.Zone(c), c.Param("account")
	a, err := s.named(ctx, account)
	if err != nil {
		return server.View{}, err
	}
	here := "/servers/" + account + "/tokens"
	v := views.Tokens{Crumbs: crumbs(kit.Link{Text: a.Name}, kit.Link{Text: "Add source servers"}), Secret: made, Empty: kit.Empty{Title: "No codes.", Text: "A code lets servers register with this account until it ends."},
		Form: kit.Form{Action: here, Submit: "Make a code", Problem: server.ProblemOf(refused), Fields: []kit.Field{
			{Name: "name", Label: "Name", Value: c.FormValue("name"), Placeholder: "batch-1"},
			{Name: "about", Label: "Description", Value: c.FormValue("about"), Optional: true},
			{Name: "count", Label: "For how many servers", Type: "number", Value: server.FirstOf(c.FormValue("count"), "10"), Hint: "1 to 1,000."},
			{Name: "days", Label: "Valid for (days)", Type: "number", Value: server.FirstOf(c.FormValue("days"), "30"), Hint: "1 to 90. Console and API assume different values; this one is sent."}}}}
	asking, cancel := context.WithTimeout(ctx, server.Patience)
	defer cancel()
	center, err := s.Servers.Ports.Center(asking, account)
	var found []servermigration.Token
	if err == nil {
		found, err = center.Tokens(asking)
	}
	if err != nil {
		h := s.AskedInVain(c, err)
		v.Help = &h
	}
	for _, t := range found {
		row := views.TokenRow{Name: t.Name, ID: t.ID, Status: t.Status, Used: fmt.Sprintf("%d of %d", t.Registered, t.Count), Made: z.At(t.Created), Actions: []kit.Action{{Label: "Delete", Href: here + "/" + t.ID + "/delete", Post: true, Small: true}}}
		if !t.Created.IsZero() && t.Days > 0 {
			row.Ends = z.At(t.Created.AddDate(0, 0, t.Days))
		}
		if t.Status != "expired" {
			row.Actions = append([]kit.Action{{Label: "Disable", Href: here + "/" + t.ID + "/disable", Post: true, Small: true}}, row.Actions...)
		}
		row.Tone = server.ToneIf(t.Status == "activated", kit.ToneOK)
		v.Rows = append(v.Rows, row)
	}
	return server.View{Title: "Add source servers", Section: "servers", Page: func(f kit.Frame) templ.Component { return views.TokensPage(f, v) }}, nil
}

// tokenAdd makes a code and shows it on the page that answers, and nowhere else.
func (s *Pages) tokenAdd(c echo.Context) error {
	count, err1 := strconv.Atoi(c.FormValue("count"))
	days, err2 := strconv.Atoi(c.FormValue("days"))
	if err1 != nil || err2 != nil {
		count, days = 0, 0 // refused below, beside the form
	}
	id, code, err := s.Servers.NewToken(c.Request().Context(), c.Param("account"), servermigration.TokenDraft{Name: strings.TrimSpace(c.FormValue("name")), Description: strings.TrimSpace(c.FormValue("about")), Count: count, Days: days}, server.Actor(c))
	if err != nil {
		v, viewErr := s.tokensView(c, nil, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	v, err := s.tokensView(c, &views.Secret{ID: id, Code: code.Reveal()}, nil)
	if err != nil {
		return err
	}
	return server.Render(c, http.StatusOK, v.Page(s.Frame(c, v.Title, v.Section, "")))
}

func (s *Pages) tokenEnd(remove bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := s.Servers.EndToken(c.Request().Context(), c.Param("account"), c.Param("token"), remove, server.Actor(c))
		said := "The code registers no more servers; those that have are not affected."
		if remove {
			said = "The code is deleted; servers that have registered are not affected."
		}
		return s.told(c, err, said, "/servers/"+c.Param("account")+"/tokens")
	}
}
