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

func settingHref(b endpoint.Bucket) string {
	if b.Kind == endpoint.Folder {
		return "/settings/folders/" + b.ID
	}
	return "/settings/buckets/" + b.ID
}

func settingOf(i endpoint.Instance) string {
	if i.Kind == endpoint.SelfManaged {
		return "/settings/servers/" + i.ID
	}
	return "/settings/instances/" + i.ID
}

// serverAddress is where a self-managed server is reached, as its own tools
// write it: host\instance,port.
func serverAddress(i endpoint.Instance) string {
	out := i.Host
	if i.InstanceName != "" {
		out += `\` + i.InstanceName
	}
	if i.Port != 0 {
		out += fmt.Sprintf(",%d", i.Port)
	}
	return out
}

func encryptWords(i endpoint.Instance) string {
	words := map[endpoint.Encrypt]string{endpoint.EncryptStrict: "strict", endpoint.EncryptFull: "full", endpoint.EncryptNone: "none"}[i.Encrypt]
	if i.Trust && i.Encrypt != endpoint.EncryptNone {
		words += ", any certificate"
	}
	return words
}

func (s *Server) endpointGroups(c echo.Context) ([]templates.Group, error) {
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
	add := func(kind, label string) *templates.Action {
		return &templates.Action{Label: label, Href: "/settings/" + kind + "/new", Small: true}
	}
	group := func(id, title, note string, add *templates.Action, empty templates.Empty, columns ...string) templates.Group {
		return templates.Group{ID: id, Title: title, Note: note, Columns: columns, Add: add, Empty: empty}
	}
	ag := group("accounts", "Cloud accounts", "access keys, sealed at rest", add("accounts", "Add an account"),
		templates.Empty{Title: "No account yet.", Text: "Begin here: the access key of a RAM user with AliyunRDSFullAccess and AliyunOSSFullAccess."}, "Name", "Access key id", "Region", "RDS API")
	for _, a := range accounts {
		names[a.ID] = a.Name
		api := a.RDSAddress
		if api == "" {
			api = "the region's own"
		}
		href := "/settings/accounts/" + a.ID
		ag.Rows = append(ag.Rows, templates.GroupRow{Cells: []string{a.Name, a.AccessKeyID, a.Region, api}, Actions: []templates.Action{change(href), remove(href)}})
	}
	ig := group("instances", "Instances", "where databases go", add("instances", "Add an instance"),
		templates.Empty{Title: "No instance yet.", Text: "Add the ApsaraDB RDS for SQL Server instances that databases are migrated to."}, "Name", "Instance", "Region", "Account")
	sg := group("servers", "SQL Servers", "of your own, where databases come from", add("servers", "Add a SQL Server"),
		templates.Empty{Title: "No SQL Server yet.", Text: "Add a server at work to back up and follow its databases from here. Its backup folder is added first, under Folders."}, "Name", "Address", "Encryption", "Backup folder")
	for _, i := range instances {
		href := settingOf(i)
		actions := []templates.Action{{Label: "Databases", Href: "/instances/" + i.ID, Small: true}, change(href), remove(href)}
		if i.Kind == endpoint.SelfManaged {
			sg.Rows = append(sg.Rows, templates.GroupRow{Cells: []string{i.Name, serverAddress(i), encryptWords(i), i.ServerFolder}, Actions: actions})
			continue
		}
		ig.Rows = append(ig.Rows, templates.GroupRow{Cells: []string{i.Name, i.InstanceID, i.Region, names[i.AccountID]}, Actions: actions})
	}
	bg := group("buckets", "OSS buckets", "where the cloud reads from", add("buckets", "Add a bucket"),
		templates.Empty{Title: "No bucket yet.", Text: "Add an OSS bucket in the region of the instance: class Standard, not encrypted."}, "Name", "Bucket", "Region", "Account")
	fg := group("folders", "Folders", "with backup files, as this machine sees them", add("folders", "Add a folder"),
		templates.Empty{Title: "No folder yet.", Text: "Add the folder or mounted share where the backup files of your SQL Servers lie."}, "Name", "Path")
	for _, b := range buckets {
		href := settingHref(b)
		actions := []templates.Action{{Label: "Files", Href: "/storage/" + b.ID, Small: true}, change(href), remove(href)}
		if b.Kind == endpoint.Folder {
			fg.Rows = append(fg.Rows, templates.GroupRow{Cells: []string{b.Name, b.Path}, Actions: actions})
		} else {
			bg.Rows = append(bg.Rows, templates.GroupRow{Cells: []string{b.Name, b.Bucket, b.Region, names[b.AccountID]}, Actions: actions})
		}
	}
	return []templates.Group{ag, ig, bg, sg, fg}, nil
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
