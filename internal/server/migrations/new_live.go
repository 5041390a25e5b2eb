package migrations

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// fromTabs choose where a new migration comes from.
func fromTabs(here string) []kit.Tab {
	return []kit.Tab{{Label: "From backup files", Href: "/migrations/new", Count: -1, Current: here == "files"},
		{Label: "From a server at work", Href: "/migrations/new/live", Count: -1, Current: here == "live"},
		{Label: "A wave of databases", Href: "/waves/new", Count: -1, Current: here == "wave"},
		{Label: "Get the script", Href: "/migrations/new/script", Count: -1, Current: here == "script"}}
}

// pickLive is step 1: which database of which server, where to, how.
func (s *Pages) pickLive(c echo.Context) (server.View, error) {
	return s.pickLiveView(c, liveRequestOf(c.QueryParam), nil)
}

func (s *Pages) pickLiveView(c echo.Context, w drafting.LiveRequest, refused error) (server.View, error) {
	ctx := c.Request().Context()
	servers, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.Source && !t.Lacks.Follow })
	if err != nil {
		return server.View{}, err
	}
	targets, err := s.Drafting.Targets(ctx)
	if err != nil {
		return server.View{}, err
	}
	buckets, err := s.Endpoints.Buckets(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.PickLive{From: fromTabs("live"), Empty: liveLacks(servers, targets, buckets)}
	out := server.View{Title: "New migration", Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.PickLivePage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	if v.Empty != nil {
		return out, nil
	}
	if w.Server == "" {
		w.Server = servers[0].ID
	}
	for _, i := range servers {
		next := w
		next.Server, next.Source = i.ID, ""
		v.Servers = append(v.Servers, kit.Tab{Label: i.Name, Href: "/migrations/new/live?" + liveValues(next).Encode(), Count: -1, Current: i.ID == w.Server})
	}
	databases, err := s.Drafting.DatabasesOf(ctx, w.Server)
	if err != nil {
		h := s.AskedInVain(c, err)
		h.Actions = []kit.Action{{Label: "Ask again", Href: "/migrations/new/live?" + liveValues(w).Encode()}, {Label: "Change the server", Href: "/settings/servers/" + url.PathEscape(w.Server)}}
		v.Trouble = &h
		return out, nil
	}
	v.Form = liveForm(w, databases, targets, buckets)
	v.Form.Problem = server.ProblemOf(refused)
	return out, nil
}

// liveLacks is what must be added before a migration can follow a server.
func liveLacks(servers, targets []endpoint.Instance, buckets []endpoint.Bucket) *kit.Empty {
	staging := false
	for _, b := range buckets {
		staging = staging || b.Service
	}
	other := len(servers) > 1 // a self-managed server to go to
	switch {
	case len(servers) == 0:
		return &kit.Empty{Title: "There is no SQL Server to migrate from yet.", Text: "Add the server, with a login that may take backups and the folder it writes them to.",
			Actions: []kit.Action{{Label: "Add a SQL Server", Href: "/settings/servers/new", Primary: true}}}
	case len(targets) == len(servers) && !other:
		return &kit.Empty{Title: "There is no instance to migrate to yet.", Text: "Add the ApsaraDB RDS for SQL Server instance, and the cloud account whose key may reach it; or another self-managed SQL Server.",
			Actions: []kit.Action{{Label: "Add an instance", Href: "/settings/instances/new", Primary: true}, {Label: "Add a SQL Server", Href: "/settings/servers/new"}}}
	case !staging && !other:
		return &kit.Empty{Title: "There is no OSS bucket yet.", Text: "ApsaraDB restores from an OSS bucket in its own region. Backups are uploaded there.",
			Actions: []kit.Action{{Label: "Add a bucket", Href: "/settings/buckets/new", Primary: true}}}
	}
	return nil
}

func liveForm(w drafting.LiveRequest, databases []backup.Database, targets []endpoint.Instance, buckets []endpoint.Bucket) *kit.Form {
	source := kit.Field{Name: "source_database", Label: "Database", Type: "select", Value: w.Source}
	for _, d := range databases {
		o := kit.Option{Value: d.Name, Label: fmt.Sprintf("%s · %s · %s", d.Name, kit.Bytes(d.DataBytes).Text, d.RecoveryModel)}
		if d.State != "ONLINE" {
			o.Label, o.Off = d.Name+" · "+d.State, true
		}
		if !drafting.System(d.Name) {
			source.Options = append(source.Options, o)
		}
	}
	target, staging := targetField(targets, w.Instance), stagingField(buckets, targets, w.Instance, w.Staging)
	if w.Freeze == "" { // nothing was chosen yet
		w.Freeze, w.Compress = string(migration.FreezeTail), true
	}
	if w.Check == "" {
		w.Check = string(migration.CheckAsync)
	}
	f := &kit.Form{Action: "/migrations/new/live/checks", Method: "get", Submit: "Run the checks", Cancel: "/migrations", Hidden: []kit.Hidden{{Name: "server", Value: w.Server}}, Fields: []kit.Field{
		source, target, staging,
		{Name: "database", Label: "Name on the target", Value: w.Database, Mono: true, Optional: true, Hint: "Empty: as at the source."},
		everyField(w.Every, strictest(targets, w.Instance)),
		{Name: "freeze", Label: "How writes are stopped at the cutover", Type: "choices", Value: w.Freeze, Options: []kit.Option{
			{Value: string(migration.FreezeTail), Label: "Tail of the log WITH NORECOVERY", Hint: "The last log and the end of writes are one statement: nothing can slip in between. The source is restoring afterwards."},
			{Value: string(migration.FreezeReadOnly), Label: "READ_ONLY, then the last log", Hint: "The source can still be read afterwards, so contents are compared. Open transactions are ended."},
			{Value: string(migration.FreezeStopped), Label: "I stop the application", Hint: "Nothing is changed at the source. The target is opened only when the server's counters show that nothing was written since the last log; contents are compared afterwards."}}},
		checkField(migration.CheckMode(w.Check)),
		{Name: "compress", Label: "Compression", Type: "select", Value: server.Flag(w.Compress), Options: []kit.Option{{Value: "1", Label: "Compress the backups: less to upload, more work for the source's processors"}, {Value: "", Label: "Do not compress (Express Edition cannot)"}}},
	}}
	f.Fields = append(f.Fields, keepFields(targets, w.KeepCDC, w.Owner)...)
	return f
}

// keepFields offer to keep what a restore elsewhere would lose, where one of the
// targets can.
func keepFields(targets []endpoint.Instance, cdc bool, owner string) []kit.Field {
	capture := slices.ContainsFunc(targets, func(i endpoint.Instance) bool { return i.Traits.Keeps || i.Traits.KeepsWithLast })
	if !capture {
		return nil
	}
	fields := []kit.Field{
		{Name: "keep_cdc", Label: "Change data capture", Type: "select", Optional: true, Value: server.Flag(cdc), Options: []kit.Option{{Value: "", Label: "Is not used, or is removed by the restore"}, {Value: "1", Label: "Is kept (KEEP_CDC); its jobs are made anew by hand"}}, Hint: keepHint(targets)}}
	if slices.ContainsFunc(targets, func(i endpoint.Instance) bool { return i.Traits.Keeps }) {
		fields = append(fields, kit.Field{Name: "owner", Label: "Owner on the target", Value: owner, Mono: true, Optional: true, Hint: "A login of a self-managed SQL Server; empty: whoever restores the database owns it."})
	}
	return fields
}

// keepHint says which targets keep change data capture, and how.
func keepHint(targets []endpoint.Instance) string {
	keeps, last := "", ""
	for _, i := range targets {
		if i.Traits.Keeps {
			keeps = "A self-managed SQL Server as the target can keep it."
		}
		if i.Traits.KeepsWithLast {
			last = i.Label() + " keeps it when the last log or differential opens the database: that one is held back until then."
		}
	}
	return strings.TrimSpace(keeps + " " + last)
}

// everyField offers intervals and says how long the day's imports last.
func everyField(value string, calls endpoint.Calls) kit.Field {
	fits := max(migration.UsualEvery, migration.SmallestEvery(calls, migration.ImportsKept))
	f := kit.Field{Name: "every", Label: "A log backup every", Type: "choices", Value: value,
		Hint: "What was written since the last one is what a cutover has to carry."}
	if calls.Counted() {
		f.Hint = fmt.Sprintf("The cloud allows %d imports a day for one database: the shorter the interval, the less is left for the cutover. A self-managed SQL Server counts nothing.", calls.Database)
	}
	if value == "" {
		f.Value = fits.String()
	}
	for _, d := range []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute} {
		o := kit.Option{Value: d.String(), Label: kit.Span(d)}
		if calls.Counted() {
			o.Hint = "Uses up the day's imports in " + kit.Span(time.Duration(calls.Database-migration.ImportsKept-2)*d) + ": for a cutover before that."
		}
		f.Options = append(f.Options, o)
	}
	if calls.Counted() {
		f.Options = append(f.Options, kit.Option{Value: fits.String(), Label: kit.Span(fits), Hint: fmt.Sprintf("The shortest that fits the day's imports, with %d kept for the cutover: can go on for days.", migration.ImportsKept)})
	}
	known := false
	for _, o := range f.Options {
		known = known || o.Value == f.Value
	}
	if d, err := time.ParseDuration(f.Value); !known && err == nil {
		f.Options = append(f.Options, kit.Option{Value: f.Value, Label: kit.Span(d), Hint: "As asked for."})
	}
	return f
}

// livePreflight is step 2: every check with its finding, and the order of things.
func (s *Pages) livePreflight(c echo.Context) (server.View, error) {
	return s.livePreflightView(c, liveRequestOf(c.QueryParam), nil)
}

func (s *Pages) livePreflightView(c echo.Context, w drafting.LiveRequest, refused error) (server.View, error) {
	ctx, q := c.Request().Context(), "?"+liveValues(w).Encode()
	p, err := s.Drafting.LiveDraft(ctx, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return s.pickLiveView(c, w, err)
	}
	again := kit.Action{Label: "Check again", Href: "/migrations/new/live/checks" + q}
	back := "/migrations/new/live" + q
	host, instance := p.Server.Name, p.Instance.Label()
	v := views.Preflight{Live: true, Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "New", Href: back}, {Text: "Checks"}},
		Path: p.M.SourceDatabase + " on " + host + " → " + p.M.Database + " on " + instance, Order: liveOrder(p.M, host, instance, stagingWords(p.Instance, p.Staging)),
		Back: kit.Action{Label: "Back", Href: back}}
	asking, cancel := context.WithTimeout(ctx, 6*server.Patience)
	defer cancel()
	findings, facts, err := preflight.Live(asking, s.Ports, p.M, s.Now)
	if err != nil {
		v.Calls = s.liveCalls(ctx, p, s.Drafting.PlaceFor(ctx, p.Instance, p.Staging, p.M.Database, nil), 0, s.Now().UTC())
		v.Verdict = s.AskedInVain(c, err)
		v.Verdict.Cause, v.Verdict.Actions = "The checks could not be made.", []kit.Action{again, {Label: "Change the server", Href: s.SettingOf(p.Server)}}
		if fault.Of(err) == fault.Unknown {
			return preflightPage(v, http.StatusServiceUnavailable), nil
		}
		return preflightPage(v, server.StatusOf(err)), nil
	}
	v.Calls = s.liveCalls(ctx, p, s.Drafting.PlaceFor(ctx, p.Instance, p.Staging, p.M.Database, facts.Database.Files), facts.Database.DataBytes, s.Now().UTC())
	if v.Checks, err = s.liveChecks(ctx, s.Zone(c), p, findings, liveValues(p.Request)); err != nil {
		return server.View{}, err
	}
	v.Verdict = verdict(findings)
	if !migration.MayStart(findings) {
		v.Verdict.Actions = []kit.Action{again}
		return preflightPage(v, 0), nil
	}
	f := kit.Form{Action: "/migrations/live", Submit: "Start the migration", Cancel: back, Problem: server.ProblemOf(refused)}
	f.Fields = checkChoice(findings, w.CheckDB)
	for name, values := range liveValues(w) {
		if name == "checkdb" {
			continue
		}
		f.Hidden = append(f.Hidden, kit.Hidden{Name: name, Value: values[0]})
	}
	v.Form = &f
	if refused != nil {
		return preflightPage(v, server.StatusOf(refused)), nil
	}
	return preflightPage(v, 0), nil
}

// liveStart starts what step 2 showed.
func (s *Pages) liveStart(c echo.Context) error {
	w := liveRequestOf(c.FormValue)
	id, err := s.Drafting.StartLive(c.Request().Context(), w, s.By(c))
	if fault.Of(err) != fault.Unknown && err != nil {
		v, viewErr := s.livePreflightView(c, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The migration has begun with a full backup of "+w.Source+".")
	return server.SeeOther(c, "/migrations/"+id)
}
