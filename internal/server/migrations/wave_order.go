package migrations

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// waveOrderForm shows in which order those begin that have not yet.
func (s *Pages) waveOrderForm(c echo.Context) (server.View, error) { return s.waveOrderView(c, nil) }

func (s *Pages) waveOrderView(c echo.Context, refused error) (server.View, error) {
	ctx := c.Request().Context()
	w, err := s.Migrations.Wave(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: wave.Most})
	if err != nil {
		return server.View{}, err
	}
	here := "/waves/" + w.ID
	v := views.WaveOrder{Title: "Order of " + w.Name, Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: w.Name, Href: here}, {Text: "Order"}},
		Form: &kit.Form{Action: here + "/order", Submit: "Keep this order", Cancel: here, Problem: server.ProblemOf(refused)}}
	for _, m := range rows {
		row := views.WavePlace{Name: kit.Link{Text: m.Database, Href: "/migrations/" + m.ID}, Place: strconv.Itoa(m.Rank), Badge: server.SummaryBadge(m)}
		if m.Begun || m.Stage.Ended() {
			row.Fixed = true
		} else {
			v.Waiting++
			row.Field = placeField(m.ID)
			if typed := c.FormValue(row.Field); typed != "" {
				row.Place = typed
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if v.Waiting == 0 {
		v.Form = nil
	}
	out := server.View{Title: v.Title, Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.WaveOrderPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// waveOrderSave changes the order.
func (s *Pages) waveOrderSave(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	id, wanted := c.Param("id"), map[string]int{}
	for name := range form {
		member, ok := strings.CutPrefix(name, placeField(""))
		typed := strings.TrimSpace(form.Get(name))
		if !ok || typed == "" {
			continue
		}
		n, bad := strconv.Atoi(typed)
		if bad != nil || n < 1 || n > 9999 {
			err = fault.Newf(fault.Invalid, "%q is not a place.", server.Clip(typed, 20)).
				WithFix("Write whole numbers from 1; the smallest begins first.")
			break
		}
		wanted[member] = n
	}
	if err == nil {
		err = wave.OrderArrange(c.Request().Context(), s.Migrations, id, wanted, s.By(c))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.waveOrderView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The order is changed.")
	return server.SeeOther(c, "/waves/"+id)
}
