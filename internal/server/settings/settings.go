package settings

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// settings shows what the house knows of the world.
func (s *Pages) settings(c echo.Context) (server.View, error) { return s.settingsView(c, nil) }

// settingsView shows a new token beside the list of tokens when there is one.
func (s *Pages) settingsView(c echo.Context, made *views.Secret) (server.View, error) {
	endpoints, err := s.endpointGroups(c)
	if err != nil {
		return server.View{}, err
	}
	people, err := s.peopleGroups(c, made)
	if err != nil {
		return server.View{}, err
	}
	v := views.Settings{Groups: append(endpoints, people...)}
	return server.View{Title: "Settings", Section: "settings", Page: func(f kit.Frame) templ.Component { return views.SettingsPage(f, v) }}, nil
}

func change(href string) kit.Action {
	return kit.Action{Label: "Change", Href: href, Small: true}
}

func remove(href string) kit.Action {
	return kit.Action{Label: "Remove…", Href: href + "/remove", Danger: true, Small: true}
}

// settingHref is where a bucket is changed.
func (s *Pages) settingHref(b endpoint.Bucket) string {
	k, _ := s.Kinds.Bucket(b.Kind)
	return "/settings/" + k.Page + "/" + b.ID
}

// endpointGroups lists what was added, a group for each kind.
func (s *Pages) endpointGroups(c echo.Context) (out []views.Group, err error) {
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
		var pick func(id string) kit.Action
		if len(k.Listers) > 0 {
			pick = func(id string) kit.Action {
				return kit.Action{Label: "Pick from it", Href: "/settings/" + k.Page + "/" + id + "/found", Small: true}
			}
		}
		out = append(out, groupOf(k.Spec, accounts, func(a endpoint.Account) (string, string, string) { return a.ID, a.Name, string(a.Kind) }, names, pick))
	}
	for _, k := range s.Kinds.Instances {
		out = append(out, groupOf(k.Spec, instances, func(i endpoint.Instance) (string, string, string) { return i.ID, i.Name, string(i.Kind) }, names, func(id string) kit.Action {
			return kit.Action{Label: "Databases", Href: "/instances/" + id, Small: true}
		}))
	}
	for _, k := range s.Kinds.Buckets {
		out = append(out, groupOf(k.Spec, buckets, func(b endpoint.Bucket) (string, string, string) { return b.ID, b.Name, string(b.Kind) }, names, func(id string) kit.Action {
			return kit.Action{Label: "Files", Href: "/storage/" + id, Small: true}
		}))
	}
	return out, nil
}

// groupOf lists the records of one kind.
func groupOf[T any](spec endpoint.Spec[T], all []T, of func(T) (id, name, kind string), accounts map[string]string, open func(id string) kit.Action) views.Group {
	l := spec.List
	g := views.Group{ID: spec.Page, Title: l.Title, Note: l.Note, Columns: []string{"Name"}, Empty: kit.Empty{Title: l.None, Text: l.Begin},
		Add: &kit.Action{Label: l.Add, Href: "/settings/" + spec.Page + "/new", Small: true}}
	for _, c := range l.Columns {
		g.Columns = append(g.Columns, c.Title)
	}
	for _, v := range all {
		id, name, kind := of(v)
		if kind != spec.Key {
			continue
		}
		row := views.GroupRow{Cells: []string{name}}
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

func (s *Pages) peopleGroups(c echo.Context, made *views.Secret) ([]views.Group, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	me, _ := server.Who(c)
	people, err := s.People.People(ctx)
	if err != nil {
		return nil, err
	}
	pg := views.Group{ID: "people", Title: "People", Note: "all of them administrators", Columns: []string{"Name", "Since"}, Add: &kit.Action{Label: "Add a person", Href: "/settings/people/new", Small: true}}
	for _, p := range people {
		row := views.GroupRow{Cells: []string{p.Name, z.At(p.Created).Exact}}
		if p.ID == me.Person.ID {
			row.Badge = kit.Badge{Text: "you"}
			row.Actions = []kit.Action{{Label: "Change password", Href: "/settings/password", Small: true}}
		} else {
			row.Actions = []kit.Action{remove("/settings/people/" + p.ID)}
		}
		pg.Rows = append(pg.Rows, row)
	}
	sessions, err := s.sessionGroup(c)
	if err != nil {
		return nil, err
	}
	tokens, err := s.tokenGroup(c, made)
	return []views.Group{pg, sessions, tokens, s.ownGroup(c)}, err
}
