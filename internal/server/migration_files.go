package server

import (
	"context"
	"fmt"
	"net/url"
	"path"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// migrationFiles shows which files of a place would bring a migration further.
func (s *Server) migrationFiles(c echo.Context) (view, error) {
	return s.moreFiles(c, c.QueryParam("prefix"), nil)
}

func (s *Server) moreFiles(c echo.Context, prefix string, refused error) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	if prefix == "" {
		prefix = m.SourcePrefix
	}
	here := "/migrations/" + m.ID
	place, err := s.Endpoints.Bucket(ctx, m.SourceID)
	if err != nil {
		return view{}, err
	}
	v := templates.AddFiles{Title: "Add files to " + m.Database, Crumbs: crumbs(m, "Add files"), Place: place.Name + " / " + prefix,
		Filter: templates.Form{Action: here + "/files", Submit: "Look there", Fields: []templates.Field{{Name: "prefix", Label: "Folder or prefix in " + place.Name, Value: prefix, Optional: true, Mono: true}}},
		Back:   templates.Action{Label: "Back", Href: here}}
	draft, err := s.more(c.Request().Context(), m, prefix)
	if refused != nil {
		err = refused
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return view{}, err
		}
		v.Problems = append(v.Problems, *problemOf(err))
	}
	if draft.Plan != nil {
		p := plan{draft: draft, source: place}
		have := map[string]bool{}
		for _, f := range m.Live() {
			if f.State == migration.FileApplied || f.State == migration.FileSent {
				have[f.SetGUID.String()] = true
			}
		}
		v.Order = orderRows(z, p)
		v.Left = leftRows(z, draft.Plan)
		for _, missing := range draft.Plan.Missing {
			v.Problems = append(v.Problems, templates.Help{Title: "Something is missing", Cause: missing.Words, Fix: missing.Fix})
		}
		known := 0
		for _, f := range m.Live() {
			for _, n := range draft.Files {
				if n.SetGUID == f.SetGUID && !have[f.SetGUID.String()] {
					known++
				}
			}
		}
		if added := len(draft.Files) - known; added > 0 && refused == nil {
			v.Form = &templates.Form{Action: here + "/files", Submit: "Add " + templates.Count(added, "file", "files"), Cancel: here, Hidden: []templates.Hidden{{Name: "prefix", Value: prefix}}}
		}
	}
	for _, n := range draft.NotBackups() {
		v.Left = append(v.Left, templates.PlanFile{Name: n.Name, Kind: kindTag(""), Size: templates.Bytes(n.Size), Badge: templates.Badge{Text: "not usable", Tone: templates.ToneWarn}, Why: n.Trouble})
	}
	if len(v.Order) == 0 && len(v.Problems) == 0 {
		v.Problems = append(v.Problems, templates.Help{Tone: templates.ToneRun, Title: "Nothing new here", Cause: "Every backup of this database in this place is applied already, or is not needed.",
			Fix: fmt.Sprintf("Put the next differential or log backup into %s and look again.", path.Join(place.Name, prefix)), Actions: []templates.Action{{Label: "Look again", Href: here + "/files?" + url.Values{"prefix": {prefix}}.Encode()}}})
	}
	out := view{title: v.Title, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.AddFilesPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// more plans from what the target has already applied.
func (s *Server) more(ctx context.Context, m migration.Migration, prefix string) (migration.Draft, error) {
	seen, err := s.Survey.Look(ctx, m.SourceID, prefix)
	if err != nil {
		return migration.Draft{}, err
	}
	return migration.More(m, seen, m.SourceID == m.StagingID)
}

// migrationExtend adds what brings the database further.
func (s *Server) migrationExtend(c echo.Context) error {
	prefix := c.FormValue("prefix")
	err := s.extend(c.Request().Context(), c.Param("id"), prefix, s.by(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.moreFiles(c, prefix, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	return s.ordered(c, err, "The files are added and follow in LSN order.")
}

func (s *Server) extend(ctx context.Context, id, prefix string, by migration.By) error {
	m, err := s.Migrations.Migration(ctx, id)
	if err != nil {
		return err
	}
	if prefix == "" {
		prefix = m.SourcePrefix
	}
	seen, err := s.Survey.Look(ctx, m.SourceID, prefix)
	if err != nil {
		return err
	}
	return migration.OrderFiles(ctx, s.Migrations, id, seen, m.SourceID == m.StagingID, by)
}
