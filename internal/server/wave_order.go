package server

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// waveOrderForm shows in which order those begin that have not yet.
func (s *Server) waveOrderForm(c echo.Context) (view, error) { return s.waveOrderView(c, nil) }

func (s *Server) waveOrderView(c echo.Context, refused error) (view, error) {
	ctx := c.Request().Context()
	w, err := s.Migrations.Wave(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: migration.MaxWave})
	if err != nil {
		return view{}, err
	}
	here := "/waves/" + w.ID
	v := templates.WaveOrder{Title: "Order of " + w.Name, Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: w.Name, Href: here}, {Text: "Order"}},
		Form: &templates.Form{Action: here + "/order", Submit: "Keep this order", Cancel: here, Problem: problemOf(refused)}}
	for _, m := range rows {
		row := templates.WavePlace{Name: templates.Link{Text: m.Database, Href: "/migrations/" + m.ID}, Place: strconv.Itoa(m.Rank), Badge: summaryBadge(m)}
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
	out := view{title: v.Title, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.WaveOrderPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// waveOrderSave changes the order.
func (s *Server) waveOrderSave(c echo.Context) error {
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
			err = invalid(fmt.Sprintf("%q is not a place.", clip(typed, 20)), "Write whole numbers from 1; the smallest begins first.")
			break
		}
		wanted[member] = n
	}
	if err == nil {
		err = migration.OrderArrange(c.Request().Context(), s.Migrations, id, wanted, s.by(c))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.waveOrderView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The order is changed.")
	return seeOther(c, "/waves/"+id)
}
