package migrations

import (
	"context"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/remedy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// liveChecks are the lines of a preflight at a source, with a button where
// something can be done about one, and what came of what was done last. back
// are the checks a person comes back to: those of the database alone, or of its
// wave.
func (s *Pages) liveChecks(ctx context.Context, z kit.Zone, p drafting.LivePlan, fs []migration.Finding, back url.Values) ([]views.Check, error) {
	out := checks(fs)
	for i, f := range fs {
		if f.Remedy == "" {
			continue
		}
		last, err := s.Remedies.LastRemedyRun(ctx, p.Server.ID, p.M.SourceDatabase, f.Remedy)
		if err != nil {
			return nil, err
		}
		if last != nil && !last.Going() && (!last.Why.IsZero() || len(last.Found) > 0) {
			out[i].Cause = z.At(last.Ordered).UTC + " UTC: " + last.Words().String()
		}
		if last != nil && last.Going() {
			out[i].Cause, out[i].Action = last.Words().String(), &kit.Action{Label: "See how far it is", Href: "/runs/" + last.ID, Small: true}
			continue
		}
		q := url.Values{"database": {p.M.SourceDatabase}, "back": {back.Encode()}}
		out[i].Action = &kit.Action{Label: f.Remedy.Title().String() + "…", Href: "/instances/" + p.Server.ID + "/remedies/" + string(f.Remedy) + "?" + q.Encode(), Small: true}
	}
	return out, nil
}

// ofWave marks checks to come back to as those of a wave.
const ofWave = "wave"

// remedyAsk shows the exact statement before it is sent.
func (s *Pages) remedyAsk(c echo.Context) (server.View, error) { return s.remedyView(c, nil) }

func (s *Pages) remedyView(c echo.Context, refused error) (server.View, error) {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	r, database := migration.Remedy(c.Param("remedy")), c.FormValue("database")
	if r.Title().IsZero() || r == migration.RemedyWritable || !i.Traits.Source || database == "" {
		return server.View{}, fault.New(fault.NotFound, "There is nothing of the kind to be done here.", "Go back to the checks.")
	}
	back := backToChecks(c.FormValue("back"))
	v := kit.Decision{Title: r.Title().String(), Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "Checks", Href: back}, {Text: r.Title().String()}},
		Intro: "At " + database + " on " + i.Name + ".", Points: r.Effects(), Calls: []kit.Call{{Title: "At " + i.Name, Request: r.Statement(database)}}}
	v.Form = &kit.Form{Action: "/instances/" + i.ID + "/remedies/" + string(r), Submit: r.Title().String(), Cancel: back, Problem: server.ProblemOf(refused),
		Hidden: []kit.Hidden{{Name: "database", Value: database}, {Name: "back", Value: c.FormValue("back")}}}
	return decisionView(v, refused), nil
}

// backToChecks leads back to the checks a person came from, and nowhere else.
func backToChecks(query string) string {
	v, err := url.ParseQuery(query)
	switch {
	case err != nil:
	case v.Get("of") == ofWave:
		v.Del("of")
		return "/waves/new/checks?" + v.Encode()
	default:
		return "/migrations/new/live/checks?" + v.Encode()
	}
	return "/migrations/new/live"
}

// remedyOrder has it done. A short statement is waited for, so that the checks
// tell the new state at once; a long one shows its run.
func (s *Pages) remedyOrder(c echo.Context) error {
	ctx, r := c.Request().Context(), migration.Remedy(c.Param("remedy"))
	id, err := remedy.Order(ctx, s.Remedies, c.Param("id"), c.FormValue("database"), r, s.NewID, s.By(c))
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) {
		v, viewErr := s.remedyView(c, err)
		return s.AskAgain(c, v, viewErr, err)
	}
	if err != nil {
		return err
	}
	if r == migration.RemedyCheck {
		s.Say(c, kit.ToneOK, "DBCC CHECKDB is under way. Its result is shown beside the check.")
		return server.SeeOther(c, "/runs/"+id)
	}
	w := s.workDone(ctx, id)
	tone := kit.ToneOK
	if !w.Why.IsZero() {
		tone = kit.ToneBad
	}
	s.Say(c, tone, words.Join(w.Words(), w.Fix).String())
	return server.SeeOther(c, backToChecks(c.FormValue("back")))
}

// workDone waits a little for a remedy to end.
func (s *Pages) workDone(ctx context.Context, id string) (w remedy.Run) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 60 {
		got, err := s.Remedies.RemedyRun(ctx, id)
		if w = got; err != nil || !got.Going() {
			return w
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return w
		}
	}
	return w
}

// checkChoice asks what is done about a DBCC CHECKDB that is not fresh; the
// answer is kept in the audit trail.
func checkChoice(fs []migration.Finding, value string) []kit.Field {
	for _, f := range fs {
		if f.Code != "checkdb" || f.Level == migration.Passed {
			continue
		}
		field := kit.Field{Name: "checkdb", Label: "DBCC CHECKDB at the source", Type: "choices", Value: value, Hint: "Kept in the audit trail. Or run it now, beside its check above.",
			Options: []kit.Option{{Value: migration.CheckSkipped, Label: "Start without it", Hint: "Errors that nobody knows of would travel with the backup."},
				{Value: migration.CheckAccepted, Label: "Accept what is known", Hint: f.Text.String()}}}
		if field.Value == "" {
			field.Value = migration.CheckSkipped
		}
		return []kit.Field{field}
	}
	return nil
}
