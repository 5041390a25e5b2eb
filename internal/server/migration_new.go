package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// pickFiles is step 1: where from, where to.
func (s *Server) pickFiles(c echo.Context) (view, error) {
	return s.pickView(c, requestOf(c.QueryParam), nil)
}

func (s *Server) pickView(c echo.Context, w request, refused error) (view, error) {
	ctx := c.Request().Context()
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return view{}, err
	}
	instances, err := s.targets(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.PickFiles{From: fromTabs("files")}
	source := templates.Field{Name: "source", Label: "Where the backup files are", Type: "choices", Value: w.Source}
	hasOSS, hasOwn := false, false
	for _, b := range buckets {
		source.Options = append(source.Options, templates.Option{Value: b.ID, Label: b.Name, Hint: placeHint(b)})
		hasOSS = hasOSS || b.Service
	}
	for _, i := range instances {
		hasOwn = hasOwn || i.Traits.OwnFolder()
	}
	target, staging := targetField(instances, w.Instance), stagingField(buckets, instances, w.Staging)
	if source.Value == "" && len(source.Options) > 0 {
		source.Value = source.Options[0].Value
	}
	switch {
	case len(instances) == 0:
		v.Empty = &templates.Empty{Title: "There is no instance to migrate to yet.", Text: "Add the ApsaraDB RDS for SQL Server instance, and the cloud account whose key may reach it; or a self-managed SQL Server.",
			Actions: []templates.Action{{Label: "Add an instance", Href: "/settings/instances/new", Primary: true}, {Label: "Add a SQL Server", Href: "/settings/servers/new"}}}
	case !hasOSS && !hasOwn:
		v.Empty = &templates.Empty{Title: "There is no OSS bucket yet.", Text: "ApsaraDB restores from an OSS bucket in its own region. Add one; the backup files may lie elsewhere and are uploaded there.",
			Actions: []templates.Action{{Label: "Add a bucket", Href: "/settings/buckets/new", Primary: true}}}
	}
	v.Form = templates.Form{Action: "/migrations/new/files", Method: "get", Submit: "Look at the files", Problem: problemOf(refused), Fields: []templates.Field{
		source, {Name: "prefix", Label: "Folder or prefix in it", Value: w.Prefix, Optional: true, Mono: true, Placeholder: "orders/", Hint: "Only files whose path begins with this are read."}, target, staging}}
	out := view{title: "New migration", section: "migrations", page: func(f templates.Frame) templ.Component { return templates.PickFilesPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

func placeHint(b endpoint.Bucket) string {
	if !b.Service {
		return "folder " + b.Path
	}
	return "OSS bucket " + b.Bucket + ", " + b.Region
}

// newCrumbs leads back through the steps without losing what was chosen.
func newCrumbs(w request, at int) []templates.Link {
	q := "?" + requestValues(w).Encode()
	all := []templates.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "New", Href: "/migrations/new" + q}, {Text: "Files", Href: "/migrations/new/files" + q}, {Text: "Checks"}}
	all = all[:at+2]
	all[len(all)-1].Href = ""
	return all
}

func planPath(p plan) string {
	return p.source.Name + " / " + p.request.Prefix + " → " + instanceName(p.instance) + " through " + stagingWords(p.instance, p.staging)
}

// planFiles is step 2: what the files really are and what would be done.
func (s *Server) planFiles(c echo.Context) (view, error) {
	w := requestOf(c.QueryParam)
	p, err := s.draft(c.Request().Context(), w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return view{}, err
		}
		return s.pickView(c, w, err)
	}
	v := s.planView(c, p)
	return view{title: "New migration", section: "migrations", page: func(f templates.Frame) templ.Component { return templates.PlanFilesPage(f, v) }}, nil
}

// preflight is step 3: every check with its finding.
func (s *Server) preflight(c echo.Context) (view, error) {
	return s.preflightView(c, requestOf(c.QueryParam), nil)
}

func (s *Server) preflightView(c echo.Context, w request, refused error) (view, error) {
	ctx := c.Request().Context()
	p, err := s.draft(ctx, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return view{}, err
		}
		return s.pickView(c, w, err)
	}
	files := "/migrations/new/files?" + requestValues(w).Encode()
	v := templates.Preflight{Crumbs: newCrumbs(w, 2), Path: p.draft.Migration.Database + " · " + planPath(p), Calls: s.planCalls(ctx, p), Back: templates.Action{Label: "Back to the files", Href: files}}
	if !p.ready() {
		v.Verdict = templates.Help{Title: "It cannot start: the chain is not whole.", Fix: "See what is missing beside the files.", Actions: []templates.Action{v.Back}}
		return preflightPage(v, http.StatusUnprocessableEntity), nil
	}
	findings, err := s.preflightOf(ctx, p)
	if err != nil {
		message, fix := fault.Words(err)
		v.Verdict = templates.Help{Title: message, Fix: fix, Cause: "The checks could not be made.", Actions: []templates.Action{{Label: "Check again", Href: c.Request().URL.RequestURI()}}}
		if fault.Of(err) == fault.Unknown {
			return view{}, err
		}
		return preflightPage(v, statusOf(err)), nil
	}
	v.Checks = checks(findings)
	v.Verdict = verdict(findings)
	if migration.MayStart(findings) {
		f := templates.Form{Action: "/migrations", Submit: "Start the migration", Cancel: files, Problem: problemOf(refused)}
		for name, values := range requestValues(w) {
			f.Hidden = append(f.Hidden, templates.Hidden{Name: name, Value: values[0]})
		}
		v.Form = &f
	} else {
		v.Verdict.Actions = []templates.Action{{Label: "Check again", Href: "/migrations/new/checks?" + requestValues(w).Encode()}}
	}
	status := 0
	if refused != nil {
		status = statusOf(refused)
	}
	return preflightPage(v, status), nil
}

func preflightPage(v templates.Preflight, status int) view {
	return view{title: "New migration", section: "migrations", status: status, page: func(f templates.Frame) templ.Component { return templates.PreflightPage(f, v) }}
}

func verdict(fs []migration.Finding) templates.Help {
	var passed, warned, barred int
	for _, f := range fs {
		switch f.Level {
		case migration.Passed:
			passed++
		case migration.Warned:
			warned++
		default:
			barred++
		}
	}
	words := fmt.Sprintf("%s passed, %s, %s.", templates.Count(passed, "check", "checks"), templates.Count(warned, "warning", "warnings"), templates.Count(barred, "stop", "stops"))
	switch {
	case barred > 0:
		return templates.Help{Title: "It cannot start yet.", Cause: words, Fix: "Mend what is marked red, then check again."}
	case warned > 0:
		return templates.Help{Tone: templates.ToneWarn, Title: "It can start. Look at the warnings first.", Cause: words}
	}
	return templates.Help{Tone: templates.ToneOK, Title: "It can start.", Cause: words}
}

func checks(fs []migration.Finding) (out []templates.Check) {
	for _, f := range fs {
		row := templates.Check{Title: f.Title, Found: f.Text, Fix: f.Fix}
		switch f.Level {
		case migration.Passed:
			row.Badge = templates.Badge{Text: "ok", Tone: templates.ToneOK}
		case migration.Warned:
			row.Badge = templates.Badge{Text: "warning", Tone: templates.ToneWarn}
		default:
			row.Badge = templates.Badge{Text: "stop", Tone: templates.ToneBad}
		}
		out = append(out, row)
	}
	return out
}

// migrationStart looks, plans and checks once more and starts.
func (s *Server) migrationStart(c echo.Context) error {
	ctx, w := c.Request().Context(), requestOf(c.FormValue)
	id, err := s.start(ctx, w, s.by(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.preflightView(c, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	if err != nil {
		return err
	}
	m, err := s.Migrations.Migration(ctx, id)
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The migration of "+m.Database+" has begun.")
	return seeOther(c, "/migrations/"+id)
}

func (s *Server) start(ctx context.Context, w request, by migration.By) (string, error) {
	p, err := s.draft(ctx, w)
	if err != nil {
		return "", err
	}
	var findings []migration.Finding
	if p.ready() {
		if findings, err = s.preflightOf(ctx, p); err != nil {
			return "", err
		}
	}
	return migration.Start(ctx, s.Migrations, p.draft, findings, s.NewID, by)
}

// planCalls words the calls that would be made, the first ones in full.
func (s *Server) planCalls(ctx context.Context, p plan) (out []templates.Call) {
	words, err := s.Ports.Requests(ctx, p.instance.ID)
	if err != nil {
		message, _ := fault.Words(err)
		return []templates.Call{{Title: message}}
	}
	requests := p.draft.Requests(words, s.placeFor(ctx, p.instance, p.staging, p.draft.Migration.Database, p.draft.DataFiles()))
	const shown = 6
	for i, r := range requests {
		title := "Later, when you say so: open the database"
		if r.Verb != migration.VerbOpen {
			title = callTitle(p.draft.Migration, r.Verb, r.File)
		}
		if i >= shown && i < len(requests)-2 {
			if i == shown {
				out = append(out, templates.Call{Title: fmt.Sprintf("… %d more imports of the same form", len(requests)-2-shown), Request: strings.Fields(r.Text)[0] + " …"})
			}
			continue
		}
		out = append(out, templates.Call{Title: strings.TrimSpace(title), Request: r.Text})
	}
	return out
}
