package migrations

import (
	"context"
	"fmt"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// pickFiles is step 1: where from, where to.
func (s *Pages) pickFiles(c echo.Context) (server.View, error) {
	return s.pickView(c, requestOf(c.QueryParam), nil)
}

func (s *Pages) pickView(c echo.Context, w drafting.Request, refused error) (server.View, error) {
	ctx := c.Request().Context()
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	instances, err := s.Drafting.Targets(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.PickFiles{From: fromTabs("files")}
	source := kit.Field{Name: "source", Label: "Where the backup files are", Type: "choices", Value: w.Source}
	hasOSS, hasOwn := false, false
	for _, b := range buckets {
		source.Options = append(source.Options, kit.Option{Value: b.ID, Label: b.Name, Hint: server.PlaceHint(b)})
		hasOSS = hasOSS || b.Service
	}
	for _, i := range instances {
		hasOwn = hasOwn || i.Traits.OwnFolder()
	}
	target, staging := targetField(instances, w.Instance), stagingField(buckets, instances, w.Instance, w.Staging)
	if source.Value == "" && len(source.Options) > 0 {
		source.Value = source.Options[0].Value
	}
	switch {
	case len(instances) == 0:
		v.Empty = &kit.Empty{Title: "There is no instance to migrate to yet.", Text: "Add the ApsaraDB RDS for SQL Server instance, and the cloud account whose key may reach it; or a self-managed SQL Server.",
			Actions: []kit.Action{{Label: "Add an instance", Href: "/settings/instances/new", Primary: true}, {Label: "Add a SQL Server", Href: "/settings/servers/new"}}}
	case !hasOSS && !hasOwn:
		v.Empty = &kit.Empty{Title: "There is no OSS bucket yet.", Text: "ApsaraDB restores from an OSS bucket in its own region. Add one; the backup files may lie elsewhere and are uploaded there.",
			Actions: []kit.Action{{Label: "Add a bucket", Href: "/settings/buckets/new", Primary: true}}}
	}
	v.Form = kit.Form{Action: "/migrations/new/files", Method: "get", Submit: "Look at the files", Problem: server.ProblemOf(refused), Fields: []kit.Field{
		source, {Name: "prefix", Label: "Folder or prefix in it", Value: w.Prefix, Optional: true, Mono: true, Placeholder: "orders/", Hint: "Only files whose path begins with this are read."}, target, staging}}
	out := server.View{Title: "New migration", Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.PickFilesPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// newCrumbs leads back through the steps without losing what was chosen.
func newCrumbs(w drafting.Request, at int) []kit.Link {
	q := "?" + requestValues(w).Encode()
	all := []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "New", Href: "/migrations/new" + q}, {Text: "Files", Href: "/migrations/new/files" + q}, {Text: "Checks"}}
	all = all[:at+2]
	all[len(all)-1].Href = ""
	return all
}

func planPath(p drafting.Plan) string {
	return p.Source.Name + " / " + p.Request.Prefix + " → " + p.Instance.Label() + " through " + stagingWords(p.Instance, p.Staging)
}

// planFiles is step 2: what the files really are and what would be done.
func (s *Pages) planFiles(c echo.Context) (server.View, error) {
	w := requestOf(c.QueryParam)
	p, err := s.Drafting.Draft(c.Request().Context(), w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return s.pickView(c, w, err)
	}
	v := s.planView(c, p)
	return server.View{Title: "New migration", Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.PlanFilesPage(f, v) }}, nil
}

// migrationStart looks, plans and checks once more and starts.
func (s *Pages) migrationStart(c echo.Context) error {
	ctx, w := c.Request().Context(), requestOf(c.FormValue)
	id, err := s.Drafting.Start(ctx, w, s.By(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.preflightView(c, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if err != nil {
		return err
	}
	m, err := s.Migrations.Migration(ctx, id)
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The migration of "+m.Database+" has begun.")
	return server.SeeOther(c, "/migrations/"+id)
}

// planCalls words the calls that would be made, the first ones in full.
func (s *Pages) planCalls(ctx context.Context, p drafting.Plan) (out []kit.Call) {
	words, err := s.Ports.Requests(ctx, p.Instance.ID)
	if err != nil {
		message, _ := fault.Words(err)
		return []kit.Call{{Title: message}}
	}
	requests := p.Draft.Requests(words, s.Drafting.PlaceFor(ctx, p.Instance, p.Staging, p.Draft.Migration.Database, p.Draft.DataFiles()))
	const shown = 6
	for i, r := range requests {
		title := "Later, when you say so: open the database"
		if r.Verb != migration.VerbOpen {
			title = callTitle(p.Draft.Migration, r.Verb, r.File)
		}
		if i >= shown && i < len(requests)-2 {
			if i == shown {
				out = append(out, kit.Call{Title: fmt.Sprintf("… %d more imports of the same form", len(requests)-2-shown), Request: strings.Fields(r.Text)[0] + " …"})
			}
			continue
		}
		out = append(out, kit.Call{Title: strings.TrimSpace(title), Request: r.Text})
	}
	return out
}
