package server

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// blockedMigration is everything the page of one migration shows.
type blockedMigration struct {
	m        migration.Migration
	run      run.Run
	steps    []run.Step
	events   []run.Event
	budget   migration.Budget
	instance string
	source   string
	staging  string
	live     livePage // of a migration that follows a source
	compared *migration.Comparison
}

func (s *Server) readMigration(ctx context.Context, id string) (v blockedMigration, err error) {
	if v.m, err = s.Migrations.Migration(ctx, id); err != nil {
		return v, err
	}
	if v.run, err = s.Runs.Run(ctx, v.m.RunID); err != nil {
		return v, err
	}
	if v.steps, err = s.Runs.Steps(ctx, v.m.RunID); err != nil {
		return v, err
	}
	if v.events, err = s.Runs.Events(ctx, v.m.RunID, 0, 15); err != nil {
		return v, err
	}
	if v.budget, err = s.Migrations.Calls(ctx, v.m.InstanceID, v.m.Database, s.Now().Add(-24*time.Hour)); err != nil {
		return v, err
	}
	instance, err := s.Endpoints.Instance(ctx, v.m.InstanceID)
	if err != nil {
		return v, err
	}
	v.instance = instanceName(instance)
	if v.source, err = s.placeName(ctx, v.m.SourceID, v.m.SourcePrefix); err != nil {
		return v, err
	}
	if v.staging, err = s.placeName(ctx, v.m.StagingID, ""); err != nil || v.m.LiveSource == nil {
		return v, err
	}
	if v.compared, err = s.Migrations.LastComparison(ctx, id); err != nil {
		return v, err
	}
	v.live, err = s.readLiveSource(ctx, v.m)
	v.source = v.m.SourceDatabase + " on " + v.live.server.Name
	return v, err
}

func (s *Server) placeName(ctx context.Context, id, prefix string) (string, error) {
	b, err := s.Endpoints.Bucket(ctx, id)
	if err != nil {
		return "", err
	}
	if !b.Service {
		return path.Join(b.Path, prefix), nil
	}
	return "oss://" + b.Bucket + "/" + prefix, nil
}

// migrationShow shows one database on its way.
func (s *Server) migrationShow(c echo.Context) (view, error) {
	z := s.zone(c)
	got, err := s.readMigration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	m, here := got.m, "/migrations/"+got.m.ID
	v := templates.Migration{
		Name: m.Database, Crumbs: []templates.Link{{Text: "Migrations", Href: "/migrations"}, {Text: m.Database}},
		Path: got.source + " → " + got.instance, Badge: migrationBadge(m, got.run.State),
		Actions: migrationActions(m, got.run, here), Facts: migrationFacts(z, got), Chain: migrationChain(z, m), Joined: chainWords(m),
		Needs: migrationNeeds(z, m, got.budget, got.run, here), Steps: phases(z, m, got.steps), Events: events(z, got.events),
		More: &templates.Action{Label: "All events", Href: "/runs/" + m.RunID, Small: true},
	}
	if m.WaveID != "" {
		w, err := s.Migrations.Wave(c.Request().Context(), m.WaveID)
		if err != nil {
			return view{}, err
		}
		v.Crumbs = []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: w.Name, Href: "/waves/" + w.ID}, {Text: m.Database}}
	}
	if m.LiveSource != nil {
		v.Live = true
		v.Contents = contentsView(z, m, got.compared, here)
		v.Needs = append(contentsNeeds(m, got.compared, here), v.Needs...)
		v.Steps = append(v.Steps, contentsStep(z, m, got.compared)...)
		v.Stop, v.ByHand, v.Calls = liveStop(m, got.live), byHand(m), sourceBackupCalls(z, m)
	}
	for _, f := range m.Live() {
		v.Files = append(v.Files, migrationFile(z, m, f, got.steps))
	}
	calls := m.Calls
	if len(calls) > 12 {
		calls = calls[len(calls)-12:]
	}
	for _, call := range calls {
		v.Calls = append(v.Calls, templates.Call{Title: callTitle(m, call.Verb, fileOf(m, call.File)), Request: call.Request, Badge: verdictBadge(call), When: z.At(call.Intended), Note: call.Error})
	}
	slices.SortStableFunc(v.Calls, func(a, b templates.Call) int { return strings.Compare(a.When.Machine, b.When.Machine) })
	return view{title: m.Database, section: "migrations", live: v.Fragments(),
		page: func(f templates.Frame) templ.Component { return templates.MigrationPage(f, v) }}, nil
}

func fileOf(m migration.Migration, ord int) migration.File {
	for _, f := range m.Files {
		if f.Ord == ord || (ord == 0 && f.Kind == "full") {
			return f
		}
	}
	return migration.File{}
}

func migrationActions(m migration.Migration, r run.Run, here string) []templates.Action {
	if m.LiveSource != nil {
		return liveActions(m, r, here)
	}
	details := templates.Action{Label: "File details", Href: here + "/details"}
	if m.Stage.Ended() || r.State.Ended() || !m.Opened.IsZero() {
		return []templates.Action{details}
	}
	var out []templates.Action
	if m.Mode == migration.Pending {
		out = append(out, templates.Action{Label: "Add files", Href: here + "/files"})
	}
	switch {
	case r.State == run.Paused:
		out = append(out, templates.Action{Label: "Go on", Href: here + "/resume", Post: true})
	case r.State != run.Failed && r.Request != run.RequestPause:
		out = append(out, templates.Action{Label: "Pause", Href: here + "/pause", Post: true})
	}
	out = append(out, details, templates.Action{Label: "Terminate…", Href: here + "/terminate", Danger: true})
	if m.Mode == migration.Pending {
		open := templates.Action{Label: "Open…", Href: here + "/open", Primary: true}
		if _, err := migration.Open(m, m.Check); err != nil {
			_, why, _ := wordsOf(err)
			open.Off, open.Primary = why, false
		}
		out = append(out, open)
	}
	return out
}

// migrationBadge is the short answer to "where is it", for one migration.
func migrationBadge(m migration.Migration, state run.State) templates.Badge {
	return followBadge(stageBadge(m.Stage, state), m.LiveSource != nil, m.Stage, state)
}

func migrationFacts(z templates.Zone, got blockedMigration) []templates.Fact {
	if got.m.LiveSource != nil {
		return liveFacts(z, got)
	}
	return filesFacts(z, got)
}

// filesFacts are the figures of the files: applied, where the target stands,
// uploaded, calls, and when the cloud was asked last.
func filesFacts(z templates.Zone, got blockedMigration) []templates.Fact {
	m := got.m
	var applied, files int
	var uploaded, total int64
	var last migration.File
	for _, f := range m.Live() {
		files++
		total += f.Size
		switch f.State {
		case migration.FilePlanned, migration.FileUploading:
			done, _ := sent(f, got.steps)
			uploaded += done
		case migration.FileApplied:
			applied++
			last = f
			uploaded += f.Size
		default:
			uploaded += f.Size
		}
	}
	stand := templates.Fact{Label: "Target stands at", Value: "nothing yet", Note: "the full backup comes first", Words: true}
	if applied > 0 {
		at := z.At(last.Started)
		stand = templates.Fact{Label: "Target stands at", Value: at.UTC, Note: "UTC · LSN " + last.LastLSN.String(), Title: at.Exact, Words: true}
	}
	up := templates.Fact{Label: "In the " + stagingWord(m), Value: templates.Bytes(uploaded).Text, Note: "of " + templates.Bytes(total).Text, Title: templates.Bytes(uploaded).Exact}
	if uploaded == total {
		up.Note = "everything · checksums equal"
	}
	calls := templates.Fact{Label: "Calls in 24 hours", Value: fmt.Sprintf("%d of %d", got.budget.Database, got.budget.Most.Database), Note: "the cloud's limit for one database"}
	if got.budget.Database >= got.budget.Most.Database-3 {
		calls.Tone = templates.ToneWarn
	}
	facts := []templates.Fact{{Label: "Files applied", Value: fmt.Sprintf("%d of %d", applied, files), Note: "in LSN order"}, stand, up}
	if m.Traits.Calls.Counted() {
		facts = append(facts, calls)
	}
	if !m.TargetState.At.IsZero() {
		// Minutes, not seconds: a figure that changes on every look would be
		// sent on every look.
		age := z.Now.Sub(m.TargetState.At)
		asked := templates.Fact{Label: capital(targetWord(m)) + " last asked", Value: z.Clock(m.TargetState.At).UTC, Note: "UTC", Title: z.At(m.TargetState.At).Exact, Words: true}
		if age > 10*time.Minute && !m.Stage.Ended() {
			asked.Tone, asked.Note = templates.ToneWarn, templates.Span(age.Truncate(time.Minute))+" ago"
		}
		facts = append(facts, asked)
	}
	return facts
}

// sent is how far the upload of a file is, and how fast: the step is saved
// every second, the file's own figure with every part.
func sent(f migration.File, steps []run.Step) (done int64, rate float64) {
	done = f.Uploaded
	for _, s := range steps {
		if s.Key == migration.StepUpload(f.Ord) && s.State == run.StepActive {
			return max(done, s.Done), s.Rate
		}
	}
	return done, 0
}

func migrationFile(z templates.Zone, m migration.Migration, f migration.File, steps []run.Step) templates.MigrationFile {
	row := templates.MigrationFile{Name: shortName(f.Source, m.SourcePrefix), Kind: kindTag(f.Kind), Taken: z.At(f.Started), Size: templates.Bytes(f.Size), LastLSN: f.LastLSN.String(), Badge: fileBadge(m, f), Note: f.Message}
	if row.Note == "" && path.Base(f.Key) != path.Base(f.Source) {
		row.Note = "in the " + stagingWord(m) + " as " + path.Base(f.Key)
	}
	if f.State == migration.FileUploading {
		done, rate := sent(f, steps)
		row.Progress = templates.Transfer("Upload of "+f.Source, done, f.Size, rate)
	}
	return row
}

// shortName leaves out the folder that a page names once at its top.
func shortName(key, prefix string) string {
	if dir := prefix[:strings.LastIndex(prefix, "/")+1]; dir != "" && strings.HasPrefix(key, dir) {
		return key[len(dir):]
	}
	return key
}

func chainWords(m migration.Migration) string {
	forks := map[string]bool{}
	for _, f := range m.Live() {
		forks[f.ForkID.String()] = true
	}
	words := "by LSN"
	if len(forks) == 1 {
		words += " · one fork"
	}
	if m.Problem == nil {
		return words + " · no gap"
	}
	switch m.Problem.Code {
	case "gap":
		return words + " · a gap"
	case "foreign-log", migration.CodeLogLost, migration.CodeSimple, migration.CodeChainBroken:
		return words + " · what follows does not join"
	}
	return words + " · no gap"
}
