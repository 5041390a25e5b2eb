package server

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/web/templates"
)

// settings shows what the house knows of the world.
func (s *Server) settings(c echo.Context) (view, error) { return s.settingsView(c, nil) }

// settingsView shows a new token beside the list of tokens when there is one.
func (s *Server) settingsView(c echo.Context, made *templates.Secret) (view, error) {
	endpoints, err := s.endpointGroups(c)
	if err != nil {
		return view{}, err
	}
	people, err := s.peopleGroups(c, made)
	if err != nil {
		return view{}, err
	}
	v := templates.Settings{Groups: append(endpoints, people...)}
	return view{title: "Settings", section: "settings", page: func(f templates.Frame) templ.Component { return templates.SettingsPage(f, v) }}, nil
}

func change(href string) templates.Action {
	return templates.Action{Label: "Change", Href: href, Small: true}
}

func remove(href string) templates.Action {
	return templates.Action{Label: "Remove…", Href: href + "/remove", Danger: true, Small: true}
}

// settingHref is where a bucket is changed.
func (s *Server) settingHref(b endpoint.Bucket) string {
	k, _ := s.Kinds.Bucket(b.Kind)
	return "/settings/" + k.Page + "/" + b.ID
}

// settingOf is where an instance is changed.
func (s *Server) settingOf(i endpoint.Instance) string {
	k, _ := s.Kinds.Instance(i.Kind)
	return "/settings/" + k.Page + "/" + i.ID
}

// whereIs is how an instance is reached, or what its service calls it.
func (s *Server) whereIs(i endpoint.Instance) string {
	if k, err := s.Kinds.Instance(i.Kind); err == nil {
		return k.Where(i)
	}
	return i.Host
}

// endpointGroups lists what was added, a group for each kind.
func (s *Server) endpointGroups(c echo.Context) (out []templates.Group, err error) {
	ctx := c.Request().Context()
	accounts, err := s.Endpoints.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	instances, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return nil, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	for _, k := range s.Kinds.Accounts {
		out = append(out, groupOf(k.Spec, accounts, func(a endpoint.Account) (string, string, string) { return a.ID, a.Name, string(a.Kind) }, names, nil))
	}
	for _, k := range s.Kinds.Instances {
		out = append(out, groupOf(k.Spec, instances, func(i endpoint.Instance) (string, string, string) { return i.ID, i.Name, string(i.Kind) }, names, func(id string) templates.Action {
			return templates.Action{Label: "Databases", Href: "/instances/" + id, Small: true}
		}))
	}
	for _, k := range s.Kinds.Buckets {
		out = append(out, groupOf(k.Spec, buckets, func(b endpoint.Bucket) (string, string, string) { return b.ID, b.Name, string(b.Kind) }, names, func(id string) templates.Action {
			return templates.Action{Label: "Files", Href: "/storage/" + id, Small: true}
		}))
	}
	return out, nil
}

// groupOf lists the records of one kind.
func groupOf[T any](spec endpoint.Spec[T], all []T, of func(T) (id, name, kind string), accounts map[string]string, open func(id string) templates.Action) templates.Group {
	l := spec.List
	g := templates.Group{ID: spec.Page, Title: l.Title, Note: l.Note, Columns: []string{"Name"}, Empty: templates.Empty{Title: l.None, Text: l.Begin},
		Add: &templates.Action{Label: l.Add, Href: "/settings/" + spec.Page + "/new", Small: true}}
	for _, c := range l.Columns {
		g.Columns = append(g.Columns, c.Title)
	}
	for _, v := range all {
		id, name, kind := of(v)
		if kind != spec.Key {
			continue
		}
		row := templates.GroupRow{Cells: []string{name}}
		for _, c := range l.Columns {
			cell := c.Get(v)
			if c.Of == endpoint.Accounts {
				cell = accounts[cell]
			}
			row.Cells = append(row.Cells, cell)
		}
		if open != nil {
			row.Actions = append(row.Actions, open(id))
		}
		href := "/settings/" + spec.Page + "/" + id
		row.Actions = append(row.Actions, change(href), remove(href))
		g.Rows = append(g.Rows, row)
	}
	return g
}

func (s *Server) peopleGroups(c echo.Context, made *templates.Secret) ([]templates.Group, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	me, _ := who(c)
	people, err := s.People.People(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := s.People.Tokens(ctx, me.person.ID)
	if err != nil {
		return nil, err
	}
	pg := templates.Group{ID: "people", Title: "People", Note: "all of them administrators", Columns: []string{"Name", "Since"}, Add: &templates.Action{Label: "Add a person", Href: "/settings/people/new", Small: true}}
	for _, p := range people {
		row := templates.GroupRow{Cells: []string{p.Name, z.At(p.Created).Exact}}
		if p.ID == me.person.ID {
			row.Badge = templates.Badge{Text: "you"}
			row.Actions = []templates.Action{{Label: "Change password", Href: "/settings/password", Small: true}}
		} else {
			row.Actions = []templates.Action{remove("/settings/people/" + p.ID)}
		}
		pg.Rows = append(pg.Rows, row)
	}
	tg := templates.Group{ID: "tokens", Title: "API tokens", Note: "yours; each acts in your name", Columns: []string{"Name", "Made", "Last used"},
		Empty: templates.Empty{Title: "No tokens yet.", Text: "A token lets a script use the API under /api/v1, described at /api/v1/openapi.json, in your name."},
		Form:  &templates.Form{Action: "/settings/tokens", Submit: "Make a token", Fields: []templates.Field{{Name: "name", Label: "What the new token is for", Placeholder: "nightly script"}}}}
	tg.Secret = made
	for _, t := range tokens {
		used := "never"
		if !t.Used.IsZero() {
			used = fmt.Sprintf("%s (to the hour)", z.At(t.Used).Exact)
		}
		tg.Rows = append(tg.Rows, templates.GroupRow{Cells: []string{t.Name, z.At(t.Created).Exact, used}, Actions: []templates.Action{remove("/settings/tokens/" + t.ID)}})
	}
	return []templates.Group{pg, tg}, nil
}

// flag is the value of a box that may be ticked.
func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}
