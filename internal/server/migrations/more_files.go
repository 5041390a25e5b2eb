package migrations

import (
	"fmt"
	"net/url"
	"path"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// migrationFiles shows which files of a place would bring a migration further.
func (s *Pages) migrationFiles(c echo.Context) (server.View, error) {
	return s.moreFiles(c, c.QueryParam("prefix"), nil)
}

func (s *Pages) moreFiles(c echo.Context, prefix string, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	if prefix == "" {
		prefix = m.SourcePrefix
	}
	here := "/migrations/" + m.ID
	place, err := s.Endpoints.Bucket(ctx, m.SourceID)
	if err != nil {
		return server.View{}, err
	}
	v := views.AddFiles{Title: "Add files to " + m.Database, Crumbs: crumbs(m, "Add files"), Place: place.Name + " / " + prefix,
		Filter: kit.Form{Action: here + "/files", Submit: "Look there", Fields: []kit.Field{{Name: "prefix", Label: "Folder or prefix in " + place.Name, Value: prefix, Optional: true, Mono: true}}},
		Back:   kit.Action{Label: "Back", Href: here}}
	draft, err := s.Drafting.More(c.Request().Context(), m, prefix)
	if refused != nil {
		err = refused
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		v.Problems = append(v.Problems, *server.ProblemOf(err))
	}
	if draft.Plan != nil {
		p := drafting.Plan{Draft: draft, Source: place}
		have := map[string]bool{}
		for _, f := range m.Chain() {
			if f.State == migration.FileApplied || f.State == migration.FileSent {
				have[f.SetGUID.String()] = true
			}
		}
		v.Order = orderRows(z, p)
		v.Left = leftRows(z, draft.Plan)
		for _, missing := range draft.Plan.Missing {
			v.Problems = append(v.Problems, kit.Help{Title: "Something is missing", Cause: missing.Words, Fix: missing.Fix})
		}
		known := 0
		for _, f := range m.Chain() {
			for _, n := range draft.Files {
				if n.SetGUID == f.SetGUID && !have[f.SetGUID.String()] {
					known++
				}
			}
		}
		if added := len(draft.Files) - known; added > 0 && refused == nil {
			v.Form = &kit.Form{Action: here + "/files", Submit: "Add " + kit.Count(added, "file", "files"), Cancel: here, Hidden: []kit.Hidden{{Name: "prefix", Value: prefix}}}
		}
	}
	for _, n := range draft.NotBackups() {
		v.Left = append(v.Left, views.PlanFile{Name: n.Name, Kind: server.KindTag(""), Size: kit.Bytes(n.Size), Badge: kit.Badge{Text: "not usable", Tone: kit.ToneWarn}, Why: n.Trouble})
	}
	if len(v.Order) == 0 && len(v.Problems) == 0 {
		v.Problems = append(v.Problems, kit.Help{Tone: kit.ToneRun, Title: "Nothing new here", Cause: "Every backup of this database in this place is applied already, or is not needed.",
			Fix: fmt.Sprintf("Put the next differential or log backup into %s and look again.", path.Join(place.Name, prefix)), Actions: []kit.Action{{Label: "Look again", Href: here + "/files?" + url.Values{"prefix": {prefix}}.Encode()}}})
	}
	out := server.View{Title: v.Title, Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.AddFilesPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// migrationExtend adds what brings the database further.
func (s *Pages) migrationExtend(c echo.Context) error {
	prefix := c.FormValue("prefix")
	err := s.Drafting.Extend(c.Request().Context(), c.Param("id"), prefix, s.By(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.moreFiles(c, prefix, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	return s.Ordered(c, err, "The files are added and follow in LSN order.")
}
