package activity

import (
	"context"
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/activity"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// overview answers whether every database is protected as promised, what runs,
// what failed and what needs a person.
func (s *Pages) overview(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	st, err := s.Progress.Activity(ctx)
	if err != nil {
		return server.View{}, err
	}
	done, err := s.Migrations.Migrations(ctx, migration.Filter{Stages: []migration.Stage{migration.StageOpened}, Limit: 200})
	if err != nil {
		return server.View{}, err
	}
	recent, err := s.Runs.Events(ctx, "", 0, 12)
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	waiting, err := s.NeedRuns(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Overview{Moves: overviewFacts(st, done, server.NeedCount(st, waiting)), Recent: server.Events(z, recent)}
	if v.Facts, err = s.protectionFacts(ctx, z); err != nil {
		return server.View{}, err
	}
	if v.Late, err = s.unprotected(ctx, z); err != nil {
		return server.View{}, err
	}
	running, err := s.runsAtWork(ctx, z)
	if err != nil {
		return server.View{}, err
	}
	v.Needs = runsThatNeed(z, waiting)
	if len(st.Active) == 0 && len(done) == 0 {
		if v.First, err = s.firstSteps(ctx); err != nil {
			return server.View{}, err
		}
	}
	for _, m := range st.Needs {
		v.Needs = append(v.Needs, needOf(z, m, names))
	}
	for _, m := range st.Ready {
		n := needOf(z, m, names)
		n.What, n.Badge = "Every file is applied. It waits until you open it or add files.", kit.Badge{Text: "waits for you", Tone: kit.ToneWarn}
		n.Action = &kit.Action{Label: "See what to do", Href: "/migrations/" + m.ID}
		v.Needs = append(v.Needs, n)
	}
	for _, m := range st.Active {
		if m.RunState.NeedsPerson() {
			continue
		}
		moving := views.Moving{Name: kit.Link{Text: m.Database, Href: "/migrations/" + m.ID}, What: "migration · " + m.Message.String(), Badge: server.SummaryBadge(m), Progress: s.SummaryProgress(ctx, m)}
		if m.Message.IsZero() || m.RunState == run.Running {
			moving.What = "migration → " + names[m.InstanceID]
		}
		v.Running = append(v.Running, moving)
	}
	v.Running = append(v.Running, running...)
	return server.View{Title: "Overview", Section: "overview", Live: v.Fragments(),
		Page: func(f kit.Frame) templ.Component { return views.OverviewPage(f, v) }}, nil
}

func overviewFacts(st progress.Activity, done []migration.Summary, waiting int) []kit.Fact {
	var following, checked int
	for _, m := range st.Active {
		if m.Stage == migration.StageFollowing && !m.RunState.NeedsPerson() {
			following++
		}
	}
	for _, m := range done {
		if m.Problem == "" {
			checked++
		}
	}
	needs := kit.Fact{Label: "Need a person", Value: fmt.Sprint(waiting), Note: "stopped, paused, or ready to be opened"}
	if waiting > 0 {
		needs.Tone = kit.ToneBad
	}
	return []kit.Fact{needs,
		{Label: "On their way", Value: fmt.Sprint(len(st.Active)), Note: fmt.Sprintf("%d at work now", st.Running)},
		{Label: "Following", Value: fmt.Sprint(following), Note: "a source, or waiting for increments"},
		{Label: "Opened", Value: fmt.Sprint(len(done)), Note: "migrations finished"},
	}
}

func needOf(z kit.Zone, m migration.Summary, names map[string]string) views.Need {
	n := views.Need{Name: kit.Link{Text: m.Database, Href: "/migrations/" + m.ID}, Where: "→ " + names[m.InstanceID], What: server.OneLine(m.Message.String(), 160),
		Badge: server.SummaryBadge(m), Since: kit.Span(z.Now.Sub(m.Created)), Exact: z.At(m.Created).Exact}
	switch {
	case m.Problem != "":
		n.Badge = kit.Badge{Text: server.ProblemWords(m.Problem), Tone: kit.ToneBad}
		n.Action = &kit.Action{Label: "See what to do", Href: "/migrations/" + m.ID}
	case m.RunState == run.Paused:
		n.Action = &kit.Action{Label: "Go on", Href: "/migrations/" + m.ID + "/resume", Post: true}
	default:
		n.Action = &kit.Action{Label: "Retry from here", Href: "/migrations/" + m.ID + "/retry", Post: true}
	}
	return n
}

// firstSteps is what a new house needs, in order; empty once it has all.
func (s *Pages) firstSteps(ctx context.Context) ([]views.FirstStep, error) {
	accounts, err := s.Endpoints.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	instances, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.BacksUpItself })
	if err != nil {
		return nil, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	staging := false
	for _, b := range buckets {
		staging = staging || b.Service
	}
	step := func(done bool, title, text, href, label string) views.FirstStep {
		f := views.FirstStep{Done: done, Title: title, Text: text}
		if !done {
			f.Action = &kit.Action{Label: label, Href: href, Small: true}
		}
		return f
	}
	return []views.FirstStep{
		step(len(accounts) > 0, "A cloud account", "An access key whose RAM user has rights on RDS and OSS.", "/settings/accounts/new", "Add"),
		step(len(instances) > 0, "An instance", "The ApsaraDB RDS for SQL Server where databases go.", "/settings/instances/new", "Add"),
		step(staging, "An OSS bucket", "Standard, not encrypted, in the region of the instance: the cloud restores from there.", "/settings/buckets/new", "Add"),
		step(len(buckets) > 0, "A place with backup files", "A folder that this machine sees, or the bucket itself.", "/settings/folders/new", "Add a folder"),
		step(false, "The first migration", "Choose the place; Bakplane reads what the files really are and shows what it would do.", "/migrations/new", "Begin"),
	}, nil
}
