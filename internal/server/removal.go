package server

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates"
)

// removal asks for a name to be typed before something is taken away.
type removal struct {
	thing, name string
	verb        string // Remove when empty
	href, back  string // the POST goes to href/remove, or to post
	post        string
	hidden      []templates.Hidden
	points      []string
	section     string // settings when empty
}

func (r removal) ask(refused error) view {
	if r.verb == "" {
		r.verb = "Remove"
	}
	if r.post == "" {
		r.post = r.href + "/remove"
	}
	if r.section == "" {
		r.section = "settings"
	}
	field := templates.Field{Name: "confirm", Label: "Type " + r.name + " to confirm", Mono: true, Autocomplete: "off", Focus: true}
	v := templates.Decision{Title: r.verb + " the " + r.thing + " " + r.name, Crumbs: []templates.Link{{Text: capital(r.section), Href: r.back}, {Text: r.verb}}, Points: r.points,
		Form: &templates.Form{Action: r.post, Submit: r.verb + " it", Cancel: r.back, Danger: true, Confirm: r.name, Hidden: r.hidden, Fields: []templates.Field{field}, Problem: problemOf(refused)}}
	out := view{title: v.Title, section: r.section, page: func(f templates.Frame) templ.Component { return templates.DecisionPage(f, v) }}
	out.again = func(err error) view { return r.ask(err) }
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out
}

// typed refuses a form whose field confirm does not hold the name.
func typed(c echo.Context, name string) error {
	if c.FormValue("confirm") != name {
		return fault.Newf(fault.Invalid, "What was typed is not %s.", name).WithFix("Type the name exactly as it stands.")
	}
	return nil
}

// askAgain shows a question once more with what was wrong about the answer.
func (s *Server) askAgain(c echo.Context, v view, viewErr, refused error) error {
	if viewErr != nil {
		return viewErr
	}
	return s.refused(c, v.again(refused))
}
