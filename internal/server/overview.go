package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// overview answers whether every database is protected as promised, what runs,
// what failed and what needs a person.
func (s *Server) overview(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	st, err := s.activity(ctx)
	if err != nil {
		return view{}, err
	}
	done, err := s.Migrations.Migrations(ctx, migration.Filter{Stages: []migration.Stage{migration.StageOpened}, Limit: 200})
	if err != nil {
		return view{}, err
	}
	recent, err := s.Runs.Events(ctx, "", 0, 12)
	if err != nil {
		return view{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.Overview{Moves: overviewFacts(st, done), Recent: events(z, recent)}
	if v.Facts, err = s.protectionFacts(ctx, z); err != nil {
		return view{}, err
	}
	if v.Late, err = s.unprotected(ctx, z); err != nil {
		return view{}, err
	}
	running, failed, err := s.runsAtWork(ctx, z)
	if err != nil {
		return view{}, err
	}
	v.Needs = failed
	if len(st.active) == 0 && len(done) == 0 {
		if v.First, err = s.firstSteps(ctx); err != nil {
			return view{}, err
		}
	}
	for _, m := range st.needs {
		v.Needs = append(v.Needs, needOf(z, m, names))
	}
	for _, m := range st.active {
		if m.RunState.NeedsPerson() {
			continue
		}
		moving := templates.Moving{Name: templates.Link{Text: m.Database, Href: "/migrations/" + m.ID}, What: "migration · " + m.Message, Badge: summaryBadge(m), Progress: s.summaryProgress(ctx, m)}
		if m.Message == "" || m.RunState == run.Running {
			moving.What = "migration → " + names[m.InstanceID]
		}
		v.Running = append(v.Running, moving)
	}
	v.Running = append(v.Running, running...)
	return view{title: "Overview", section: "overview", live: v.Fragments(),
		page: func(f templates.Frame) templ.Component { return templates.OverviewPage(f, v) }}, nil
}

func overviewFacts(st activity, done []migration.Summary) []templates.Fact {
	var following, checked int
	for _, m := range st.active {
		if m.Stage == migration.StageFollowing && !m.RunState.NeedsPerson() {
			following++
		}
	}
	for _, m := range done {
		if m.Problem == "" {
			checked++
		}
	}
	needs := templates.Fact{Label: "Need a person", Value: fmt.Sprint(len(st.needs)), Note: "stopped or paused"}
	if len(st.needs) > 0 {
		needs.Tone = templates.ToneBad
	}
	return []templates.Fact{needs,
		{Label: "On their way", Value: fmt.Sprint(len(st.active)), Note: fmt.Sprintf("%d at work now", st.running)},
		{Label: "Following", Value: fmt.Sprint(following), Note: "a source, or waiting for increments"},
		{Label: "Opened", Value: fmt.Sprint(len(done)), Note: "migrations finished"},
	}
}

func needOf(z templates.Zone, m migration.Summary, names map[string]string) templates.Need {
	n := templates.Need{Name: templates.Link{Text: m.Database, Href: "/migrations/" + m.ID}, Where: "→ " + names[m.InstanceID], What: oneLine(m.Message, 160),
		Badge: summaryBadge(m), Since: templates.Span(z.Now.Sub(m.Created)), Exact: z.At(m.Created).Exact}
	switch {
	case m.Problem != "":
		n.Badge = templates.Badge{Text: problemWords(m.Problem), Tone: templates.ToneBad}
		n.Action = &templates.Action{Label: "See what to do", Href: "/migrations/" + m.ID}
	case m.RunState == run.Paused:
		n.Action = &templates.Action{Label: "Go on", Href: "/migrations/" + m.ID + "/resume", Post: true}
	default:
		n.Action = &templates.Action{Label: "Retry from here", Href: "/migrations/" + m.ID + "/retry", Post: true}
	}
	return n
}

// summaryProgress is the bar of a migration in a list: the bytes of a file on
// its way up, else how many files the target has applied.
func (s *Server) summaryProgress(ctx context.Context, m migration.Summary) *templates.Progress {
	if m.Stage.Ended() {
		return nil
	}
	if m.Stage == migration.StageUploading && m.Bytes > 0 {
		rate, done := 0.0, m.Uploaded
		if steps, err := s.Runs.Steps(ctx, m.RunID); err == nil {
			for _, st := range steps {
				if st.State == run.StepActive && st.Unit == "bytes" {
					rate, done = st.Rate, min(done+st.Done, m.Bytes)
				}
			}
		}
		return templates.Transfer("Upload of "+m.Database, done, m.Bytes, rate)
	}
	p := &templates.Progress{Label: "Files of " + m.Database + " applied", Value: int64(m.Applied), Max: int64(m.Files), Words: fmt.Sprintf("%d of %s applied", m.Applied, templates.Count(m.Files, "file", "files"))}
	return p
}

// instanceNames are the instances by id, as people call them.
// instancesByID are all instances by the ids of their endpoints.
func (s *Server) instancesByID(ctx context.Context) (map[string]endpoint.Instance, error) {
	all, err := s.Endpoints.Instances(ctx)
	out := make(map[string]endpoint.Instance, len(all))
	for _, i := range all {
		out[i.ID] = i
	}
	return out, err
}

func (s *Server) instanceNames(ctx context.Context) (map[string]string, error) {
	all, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, i := range all {
		names[i.ID] = instanceName(i)
	}
	return names, nil
}

func instanceName(i endpoint.Instance) string {
	if i.Traits.Source {
		return i.Name
	}
	if i.Name == "" || i.Name == i.InstanceID {
		return i.InstanceID
	}
	return i.Name + " (" + i.InstanceID + ")"
}

// instancesThat are those whose kind fits.
func (s *Server) instancesThat(ctx context.Context, fits func(endpoint.Traits) bool) ([]endpoint.Instance, error) {
	all, err := s.Endpoints.Instances(ctx)
	return slices.DeleteFunc(all, func(i endpoint.Instance) bool { return !fits(i.Traits) }), err
}

// firstSteps is what a new house needs, in order; empty once it has all.
func (s *Server) firstSteps(ctx context.Context) ([]templates.FirstStep, error) {
	accounts, err := s.Endpoints.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	instances, err := s.instancesThat(ctx, func(t endpoint.Traits) bool { return t.BacksUpItself })
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
	step := func(done bool, title, text, href, label string) templates.FirstStep {
		f := templates.FirstStep{Done: done, Title: title, Text: text}
		if !done {
			f.Action = &templates.Action{Label: label, Href: href, Small: true}
		}
		return f
	}
	return []templates.FirstStep{
		step(len(accounts) > 0, "A cloud account", "An access key whose RAM user has rights on RDS and OSS.", "/settings/accounts/new", "Add"),
		step(len(instances) > 0, "An instance", "The ApsaraDB RDS for SQL Server where databases go.", "/settings/instances/new", "Add"),
		step(staging, "An OSS bucket", "Standard, not encrypted, in the region of the instance: the cloud restores from there.", "/settings/buckets/new", "Add"),
		step(len(buckets) > 0, "A place with backup files", "A folder that this machine sees, or the bucket itself.", "/settings/folders/new", "Add a folder"),
		step(false, "The first migration", "Choose the place; Bakplane reads what the files really are and shows what it would do.", "/migrations/new", "Begin"),
	}, nil
}
