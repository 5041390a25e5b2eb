package migrations

import (
	"fmt"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// preflight is step 3: every check with its finding.
func (s *Pages) preflight(c echo.Context) (server.View, error) {
	return s.preflightView(c, requestOf(c.QueryParam), nil)
}

func (s *Pages) preflightView(c echo.Context, w drafting.Request, refused error) (server.View, error) {
	ctx := c.Request().Context()
	p, err := s.Drafting.Draft(ctx, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return s.pickView(c, w, err)
	}
	files := "/migrations/new/files?" + requestValues(w).Encode()
	v := views.Preflight{Crumbs: newCrumbs(w, 2), Path: p.Draft.Migration.Database + " · " + planPath(p), Calls: s.planCalls(ctx, p), Back: kit.Action{Label: "Back to the files", Href: files}}
	if !p.Ready() {
		v.Verdict = kit.Help{Title: "It cannot start: the chain is not whole.", Fix: "See what is missing beside the files.", Actions: []kit.Action{v.Back}}
		return preflightPage(v, http.StatusUnprocessableEntity), nil
	}
	findings, err := s.Drafting.PreflightOf(ctx, p)
	if err != nil {
		message, fix := fault.Words(err)
		v.Verdict = kit.Help{Title: message, Fix: fix, Cause: "The checks could not be made.", Actions: []kit.Action{{Label: "Check again", Href: c.Request().URL.RequestURI()}}}
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return preflightPage(v, server.StatusOf(err)), nil
	}
	v.Checks = checks(findings)
	v.Verdict = verdict(findings)
	if migration.MayStart(findings) {
		f := kit.Form{Action: "/migrations", Submit: "Start the migration", Cancel: files, Problem: server.ProblemOf(refused)}
		for name, values := range requestValues(w) {
			f.Hidden = append(f.Hidden, kit.Hidden{Name: name, Value: values[0]})
		}
		v.Form = &f
	} else {
		v.Verdict.Actions = []kit.Action{{Label: "Check again", Href: "/migrations/new/checks?" + requestValues(w).Encode()}}
	}
	status := 0
	if refused != nil {
		status = server.StatusOf(refused)
	}
	return preflightPage(v, status), nil
}

func preflightPage(v views.Preflight, status int) server.View {
	return server.View{Title: "New migration", Section: "migrations", Status: status, Page: func(f kit.Frame) templ.Component { return views.PreflightPage(f, v) }}
}

func verdict(fs []migration.Finding) kit.Help {
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
	words := fmt.Sprintf("%s passed, %s, %s.", kit.Count(passed, "check", "checks"), kit.Count(warned, "warning", "warnings"), kit.Count(barred, "stop", "stops"))
	switch {
	case barred > 0:
		return kit.Help{Title: "It cannot start yet.", Cause: words, Fix: "Mend what is marked red, then check again."}
	case warned > 0:
		return kit.Help{Tone: kit.ToneWarn, Title: "It can start. Look at the warnings first.", Cause: words}
	}
	return kit.Help{Tone: kit.ToneOK, Title: "It can start.", Cause: words}
}

func checks(fs []migration.Finding) (out []views.Check) {
	for _, f := range fs {
		row := views.Check{Title: f.Title, Found: f.Text.String(), Fix: f.Fix.String()}
		switch f.Level {
		case migration.Passed:
			row.Badge = kit.Badge{Text: "ok", Tone: kit.ToneOK}
		case migration.Warned:
			row.Badge = kit.Badge{Text: "warning", Tone: kit.ToneWarn}
		default:
			row.Badge = kit.Badge{Text: "stop", Tone: kit.ToneBad}
		}
		out = append(out, row)
	}
	return out
}
