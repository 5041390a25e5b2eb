package server

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Removal asks for a name to be typed before something is taken away.
type Removal struct {
	Thing, Name string
	Verb        string // Remove when empty
	Href, Back  string // the POST goes to href/remove, or to post
	Post        string
	Hidden      []kit.Hidden
	Points      []string
	Section     string // settings when empty
}

// Ask is the page; refused is why the answer before was not taken.
func (r Removal) Ask(refused error) View {
	if r.Verb == "" {
		r.Verb = "Remove"
	}
	if r.Post == "" {
		r.Post = r.Href + "/remove"
	}
	if r.Section == "" {
		r.Section = "settings"
	}
	field := kit.Field{Name: "confirm", Label: "Type " + r.Name + " to confirm", Mono: true, Autocomplete: "off", Focus: true}
	v := kit.Decision{Title: r.Verb + " the " + r.Thing + " " + r.Name, Crumbs: []kit.Link{{Text: Capital(r.Section), Href: r.Back}, {Text: r.Verb}}, Points: r.Points,
		Form: &kit.Form{Action: r.Post, Submit: r.Verb + " it", Cancel: r.Back, Danger: true, Confirm: r.Name, Hidden: r.Hidden, Fields: []kit.Field{field}, Problem: ProblemOf(refused)}}
	out := View{Title: v.Title, Section: r.Section, Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
	out.again = func(err error) View { return r.Ask(err) }
	if refused != nil {
		out.Status = StatusOf(refused)
	}
	return out
}

// Typed refuses a form whose field confirm does not hold the name.
func Typed(c echo.Context, name string) error {
	if c.FormValue("confirm") != name {
		return fault.Newf(fault.Invalid, "What was typed is not %s.", name).WithFix("Type the name exactly as it stands.")
	}
	return nil
}

// AskAgain shows a question once more with what was wrong about the answer.
func (s *Kit) AskAgain(c echo.Context, v View, viewErr, refused error) error {
	if viewErr != nil {
		return viewErr
	}
	return s.Refused(c, v.again(refused))
}
