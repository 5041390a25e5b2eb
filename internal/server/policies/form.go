package policies

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

// create is the form of a new policy; with a query it is worded anew for
// what was typed so far.
func (s *Pages) create(c echo.Context) (server.View, error) {
	w := policyRequest{c.QueryParams()}
	if !w.Has("name") {
		w = newServicePolicyRequest(s.Zone(c).Local.String())
		if _, err := policy.LoadZone(w.Get("zone")); err != nil {
			w.Set("zone", "UTC")
		}
		w.Values["servers"] = c.QueryParams()["servers"]
		return s.form(c, "", w, false)
	}
	return s.form(c, "", w, true)
}

// edit is the same for a policy that exists.
func (s *Pages) edit(c echo.Context) (server.View, error) {
	p, err := s.Policies.Policy(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	if w := (policyRequest{c.QueryParams()}); w.Has("name") {
		return s.form(c, p.ID, w, true)
	}
	return s.form(c, p.ID, requestOfPolicy(p), true)
}

// form words the form. A judged one says beside each field what is wrong.
func (s *Pages) form(c echo.Context, id string, w policyRequest, judged bool) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	p, wrong := w.policy()
	p.ID = id
	v := views.Form{Title: "New policy", Crumbs: []kit.Link{{Text: "Policies", Href: "/policies"}, {Text: "New"}},
		Action: "/policies/review", Recheck: "/policies/new", Cancel: "/policies", Hidden: []kit.Hidden{{Name: "version", Value: w.Get("version")}, {Name: "enabled", Value: w.Get("enabled")}}}
	if id != "" {
		v.Title, v.Crumbs[1] = "Change a policy", kit.Link{Text: "Change"}
		v.Action, v.Recheck, v.Cancel = "/policies/"+id+"/review", "/policies/"+id+"/edit", "/policies/"+id
	}
	if judged {
		findings, err := s.Editor().Judge(ctx, p)
		if err != nil {
			return server.View{}, err
		}
		for _, f := range findings {
			switch {
			case !f.Bars:
				v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: f.Text.String(), Fix: f.Fix.String()})
			case f.Field == "":
				v.Problem = &kit.Help{Title: f.Text.String(), Fix: f.Fix.String()}
			case wrong[f.Field] == "":
				wrong[f.Field] = server.WithFix(f.Text.String(), f.Fix.String())
			}
		}
	}
	servers, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.Source })
	if err != nil {
		return server.View{}, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	s.basics(&v, w, wrong, servers, buckets)
	calendar, broken := policy.NewCalendar(p)
	for _, kind := range ruleKinds {
		v.Rules = append(v.Rules, ruleForm(z, w, wrong, p, kind, calendar, broken == nil))
	}
	if len(p.Servers) > 0 {
		v.Matches = s.matches(ctx, p, servers)
	}
	out := server.View{Title: v.Title, Section: "policies", Page: func(f kit.Frame) templ.Component { return views.FormPage(f, v) }}
	return out, nil
}

// basics words the fields that belong to no kind of backup.
func (s *Pages) basics(v *views.Form, w policyRequest, wrong map[string]string, servers []endpoint.Instance, buckets []endpoint.Bucket) {
	text := func(name, label, hint string) kit.Field {
		return kit.Field{Name: name, Label: label, Hint: hint, Value: w.Get(name), Error: wrong[name], Autocomplete: "off"}
	}
	optional := func(f kit.Field) kit.Field { f.Optional = true; return f }
	mono := func(f kit.Field) kit.Field { f.Mono = true; return f }
	choose := kit.Field{Name: "servers", Label: "Servers", Type: "checks", Values: w.Values["servers"], Error: wrong["servers"]}
	for _, i := range servers {
		choose.Options = append(choose.Options, kit.Option{Value: i.ID, Label: i.Name, Hint: s.WhereIs(i)})
	}
	if len(servers) == 0 {
		choose.Hint = "There is no self-managed SQL Server yet: add one under Settings."
	}
	v.Basics = []kit.Field{
		text("name", "Name", ""), choose,
		optional(mono(text("objective", "Objective (RPO)", "How much may be lost at most, such as 15m or 1h. A database whose newest restorable moment is older counts as late. Empty: nothing is promised.")))}
	include, exclude := optional(mono(text("include", "Databases", "One pattern in a line; * is any run of characters, ? is one. Empty: every database, new ones too."))), optional(mono(text("exclude", "Left out", "Stronger than what is above.")))
	include.Type, exclude.Type, include.Placeholder, exclude.Placeholder = "area", "area", "sales_*", "*_test"
	if include.Error == "" {
		include.Error = wrong[policy.FieldDatabases]
	}
	v.Databases = []kit.Field{include, exclude,
		{Name: "system", Label: "System databases", Type: "checks", Optional: true, Values: w.Values["system"], Options: []kit.Option{{Value: "1", Label: "master, model and msdb too"}}}}
	v.Zone = []kit.Field{
		mono(text("zone", "Time zone", "IANA name, such as Asia/Shanghai or UTC: the hours of the rules are read on its clock, with its summer time.")),
		{Name: "missed", Label: "A time that was missed", Type: "choices", Value: w.Get("missed"), Error: wrong["missed"], Options: []kit.Option{
			{Value: string(policy.MissedLate), Label: "Starts late", Hint: "The newest one starts as soon as it can, while its window is open."},
			{Value: string(policy.MissedSkip), Label: "Is skipped", Hint: "The next one comes at its own time."}}},
		optional(mono(text("window", "Window", "How long after its time a backup may still start, such as 4h."))),
		optional(mono(text("longest", "Longest run", fmt.Sprintf("A run that is at work for longer ends as failed, as at a server that hangs. Empty: %s.", kit.Span(policy.UsualLongest)))))}
	place := kit.Field{Name: "bucket", Label: "Copied to", Type: "select", Value: w.Get("bucket"), Error: wrong["bucket"], Optional: true, Hint: "Sets lie in the server's backup folder first.",
		Options: []kit.Option{{Value: "", Label: "nowhere: they stay in the server's folder"}}}
	for _, b := range buckets {
		place.Options = append(place.Options, kit.Option{Value: b.ID, Label: b.Name})
	}
	stripes := text("stripes", "Files of a set", "Several files are written side by side.")
	stripes.Type, stripes.Value = "number", server.FirstOf(stripes.Value, "1")
	v.How = []kit.Field{
		{Name: "how", Label: "Each backup is", Type: "checks", Optional: true, Values: w.Values["how"], Error: cmp.Or(wrong[policy.FieldCopyOnly], wrong[policy.FieldVerify]), Options: []kit.Option{
			{Value: "compress", Label: "compressed", Hint: "where the edition can"}, {Value: "verify", Label: "verified afterwards", Hint: "RESTORE VERIFYONLY"},
			{Value: "copyonly", Label: "copy-only", Hint: "beside another tool that looks after the chain"}}},
		stripes, place}
	v.How = append(v.How, server.HowFields(w.Values, wrong)...)
}

// ruleForm words the part of one kind: what its line means, when it comes
// next, what is kept.
func ruleForm(z kit.Zone, w policyRequest, wrong map[string]string, p policy.Policy, kind backup.Kind, all *policy.Calendar, readable bool) views.RuleForm {
	cron := policy.RuleField(kind, "cron")
	f := views.RuleForm{Kind: server.KindTag(string(kind)), Name: server.Capital(string(kind)) + " backups", Error: wrong[policy.RuleField(kind, "keep")],
		Cron: kit.Field{Name: cron, Label: "When", Value: w.Get(cron), Error: wrong[cron], Mono: true, Optional: kind != backup.Full, Autocomplete: "off", Placeholder: "minute hour day month weekday"}}
	if kind != backup.Full {
		f.Cron.Hint = "Empty: none are taken."
	}
	for _, part := range keepParts {
		name := policy.RuleField(kind, part.name)
		f.Keep = append(f.Keep, kit.Field{Name: name, Label: part.label, Value: w.Get(name), Error: wrong[name], Type: "number", Optional: true, Autocomplete: "off"})
	}
	r, ok := p.Rule(kind)
	if !ok {
		f.Kept = "Kept by days, by number, or the first of each day, week, month or year."
		return f
	}
	f.Kept = "Kept " + r.Keep.Words() + ". What a kept set needs for its restore is kept as well."
	c := all
	if !readable { // another rule, or the zone, may be what cannot be read
		alone := p
		alone.Rules = []policy.Rule{r}
		var err error
		if c, err = policy.NewCalendar(alone); err != nil {
			return f
		}
	}
	f.Words = server.Capital(policy.CronWords(r.Cron)) + ", " + p.Zone + " time."
	for _, slot := range c.Next(kind, z.Now, 5) {
		f.Next = append(f.Next, z.At(slot.At))
	}
	return f
}

const (
	matchServers = 6  // servers whose databases a form lists
	matchNames   = 60 // names of one of them
)

// matches tells what a selection chooses now: as the servers say, which are
// asked at most every few seconds, else as the catalogue knows.
func (s *Pages) matches(ctx context.Context, p policy.Policy, servers []endpoint.Instance) (out []views.MatchGroup) {
	for _, i := range servers {
		if !slices.Contains(p.Servers, i.ID) || len(out) == matchServers {
			continue
		}
		g := views.MatchGroup{Server: i.Name, Note: "as the server says now"}
		seen := s.Progress.Glances.Look(ctx, i.ID+"/databases", s.Now, func(ctx context.Context) ([]backup.Database, error) {
			server, _, err := s.Ports.Server(ctx, i.ID)
			if err != nil {
				return nil, err
			}
			return server.Databases(ctx)
		})
		known, err := s.Catalogue.Protections(ctx, backup.ProtectionFilter{InstanceID: i.ID, Now: s.Now(), Limit: 500})
		if err != nil {
			s.Log.Warn("list databases", "instance", i.ID, "err", err)
		}
		var by tsql.Collation
		if len(known) > 0 {
			by = known[0].Collation
		}
		have := seen.Databases
		if seen.At.IsZero() {
			g.Note = "as last collected; the server does not answer now"
			for _, d := range known {
				have = append(have, backup.Database{Name: d.Database, State: "ONLINE", PreferredReplica: true})
			}
		} else if s.Now().Sub(seen.At) > time.Minute {
			g.Note = "as the server said " + kit.Span(s.Now().Sub(seen.At)) + " ago"
		}
		chosenOf(&g, p, have, by)
		out = append(out, g)
	}
	return out
}

// chosenOf sorts databases into chosen ones and ones left out, by the rules
// that a run keeps to.
func chosenOf(g *views.MatchGroup, p policy.Policy, have []backup.Database, by tsql.Collation) {
	plan := backupjob.Plan{Job: policy.BackupJob{Kind: backup.Full}, Selection: p.Databases, How: p.How, Collation: by}
	taken := map[string]backupjob.Order{}
	for _, o := range backupjob.Choose(plan, have, nil, nil) {
		taken[o.Database] = o
	}
	n := 0
	for _, d := range drafting.UserFirst(have) {
		o, listed := taken[d.Name]
		switch {
		case listed && o.State == backupjob.OrderOpen:
			if n++; n <= matchNames {
				g.Chosen = append(g.Chosen, d.Name)
			}
		case listed:
			g.LeftOut = append(g.LeftOut, views.MatchLeft{Name: d.Name, Why: o.Message.String()})
		default:
			_, why := p.Databases.Chooses(d.Name, by)
			g.LeftOut = append(g.LeftOut, views.MatchLeft{Name: d.Name, Why: why})
		}
	}
	g.OfCount = fmt.Sprintf("%d of %s", n, kit.Count(len(have), "database", "databases"))
	if n > matchNames {
		g.More = fmt.Sprintf("and %d more", n-matchNames)
	}
	g.LeftOut = g.LeftOut[:min(len(g.LeftOut), matchNames)]
}

// refusedForm is a form that comes back.
func refusedForm(v server.View, err error) (server.View, error) {
	v.Status = http.StatusUnprocessableEntity
	return v, err
}
