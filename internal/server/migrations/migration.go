package migrations

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// migrationShow shows one database on its way.
func (s *Pages) migrationShow(c echo.Context) (server.View, error) {
	z := s.Zone(c)
	got, err := s.Progress.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	m, here := got.M, "/migrations/"+got.M.ID
	v := views.Migration{
		Name: m.Database, Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: m.Database}},
		Path: got.Source + " → " + got.Instance, Badge: migrationBadge(m, got.Run.State),
		Actions: migrationActions(m, got.Run, here), Facts: migrationFacts(z, got), Chain: migrationChain(z, m), Joined: chainWords(m),
		Needs: migrationNeeds(z, m, got.Budget, got.Run, s.Now(), here), Steps: phases(z, m, got.Steps), Events: server.Events(z, got.Events),
		More: &kit.Action{Label: "All events", Href: "/runs/" + m.RunID, Small: true},
	}
	if v.Needs, err = s.writableNeeds(c.Request().Context(), m, here, v.Needs); err != nil {
		return server.View{}, err
	}
	if m.WaveID != "" {
		w, err := s.Migrations.Wave(c.Request().Context(), m.WaveID)
		if err != nil {
			return server.View{}, err
		}
		v.Crumbs = []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: w.Name, Href: "/waves/" + w.ID}, {Text: m.Database}}
	}
	if m.LiveSource != nil {
		v.Live = true
		v.Contents = contentsView(z, m, got.Compared, here)
		v.Needs = append(contentsNeeds(m, got.Compared, here), v.Needs...)
		v.Steps = append(v.Steps, contentsStep(z, m, got.Compared)...)
		v.Stop, v.ByHand, v.Calls = liveStop(m, got.Live), byHand(m), sourceBackupCalls(z, m)
	}
	for _, f := range m.Chain() {
		v.Files = append(v.Files, migrationFile(z, m, f, got.Steps))
	}
	calls := m.Calls
	if len(calls) > 12 {
		calls = calls[len(calls)-12:]
	}
	for _, call := range calls {
		v.Calls = append(v.Calls, kit.Call{Title: callTitle(m, call.Verb, fileOf(m, call.File)), Request: call.Request, Badge: verdictBadge(call), When: z.At(call.Intended), Note: call.Error})
	}
	slices.SortStableFunc(v.Calls, func(a, b kit.Call) int { return strings.Compare(a.When.Machine, b.When.Machine) })
	return server.View{Title: m.Database, Section: "migrations", Live: v.Fragments(),
		Page: func(f kit.Frame) templ.Component { return views.MigrationPage(f, v) }}, nil
}

func fileOf(m migration.Migration, ord int) migration.File {
	for _, f := range m.Files {
		if f.Ord == ord || (ord == 0 && f.Kind == "full") {
			return f
		}
	}
	return migration.File{}
}

func migrationActions(m migration.Migration, r run.Run, here string) []kit.Action {
	if m.LiveSource != nil {
		return liveActions(m, r, here)
	}
	details := kit.Action{Label: "File details", Href: here + "/details"}
	if m.Stage.Ended() || r.State.Ended() || !m.Opened.IsZero() {
		return []kit.Action{details}
	}
	var out []kit.Action
	if m.Mode == migration.Pending {
		out = append(out, kit.Action{Label: "Add files", Href: here + "/files"})
	}
	switch {
	case r.State == run.Paused:
		out = append(out, kit.Action{Label: "Go on", Href: here + "/resume", Post: true})
	case r.State != run.Failed && r.Request != run.RequestPause:
		out = append(out, kit.Action{Label: "Pause", Href: here + "/pause", Post: true})
	}
	out = append(out, details, kit.Action{Label: "Terminate…", Href: here + "/terminate", Danger: true})
	if m.Mode == migration.Pending {
		open := kit.Action{Label: "Open…", Href: here + "/open", Primary: true}
		if _, err := migration.Open(m, m.Check); err != nil {
			_, why, _ := server.WordsOf(err)
			open.Off, open.Primary = why, false
		}
		out = append(out, open)
	}
	return out
}

// migrationBadge is the short answer to "where is it", for one migration.
func migrationBadge(m migration.Migration, state run.State) kit.Badge {
	return server.FollowBadge(server.StageBadge(m.Stage, state), m.LiveSource != nil, m.Stage, state)
}

func migrationFacts(z kit.Zone, got progress.Migration) []kit.Fact {
	if got.M.LiveSource != nil {
		return liveFacts(z, got)
	}
	return filesFacts(z, got)
}

// filesFacts are the figures of the files: applied, where the target stands,
// uploaded, calls, and when the cloud was asked last.
func filesFacts(z kit.Zone, got progress.Migration) []kit.Fact {
	m := got.M
	var applied, files int
	var uploaded, total int64
	var last migration.File
	for _, f := range m.Chain() {
		files++
		total += f.Size
		switch f.State {
		case migration.FilePlanned, migration.FileUploading:
			done, _ := sent(f, got.Steps)
			uploaded += done
		case migration.FileApplied:
			applied++
			last = f
			uploaded += f.Size
		default:
			uploaded += f.Size
		}
	}
	stand := kit.Fact{Label: "Target stands at", Value: "nothing yet", Note: "the full backup comes first", Words: true}
	if applied > 0 {
		at := z.At(last.Started)
		stand = kit.Fact{Label: "Target stands at", Value: at.UTC, Note: "UTC · LSN " + last.LastLSN.String(), Title: at.Exact, Words: true}
	}
	up := kit.Fact{Label: "In the " + stagingWord(m), Value: kit.Bytes(uploaded).Text, Note: "of " + kit.Bytes(total).Text, Title: kit.Bytes(uploaded).Exact}
	if uploaded == total {
		up.Note = "everything · checksums equal"
	}
	calls := kit.Fact{Label: "Calls in 24 hours", Value: fmt.Sprintf("%d of %d", got.Budget.Database, got.Budget.Most.Database), Note: "the cloud's limit for one database"}
	if got.Budget.Database >= got.Budget.Most.Database-3 {
		calls.Tone = kit.ToneWarn
	}
	facts := []kit.Fact{{Label: "Files applied", Value: fmt.Sprintf("%d of %d", applied, files), Note: "in LSN order"}, stand, up}
	if m.Traits.Calls.Counted() {
		facts = append(facts, calls)
	}
	if !m.TargetState.At.IsZero() {
		// Minutes, not seconds: a figure that changes on every look would be
		// sent on every look.
		age := z.Now.Sub(m.TargetState.At)
		asked := kit.Fact{Label: server.Capital(targetWord(m)) + " last asked", Value: z.Clock(m.TargetState.At).UTC, Note: "UTC", Title: z.At(m.TargetState.At).Exact, Words: true}
		if age > 10*time.Minute && !m.Stage.Ended() {
			asked.Tone, asked.Note = kit.ToneWarn, kit.Span(age.Truncate(time.Minute))+" ago"
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

func migrationFile(z kit.Zone, m migration.Migration, f migration.File, steps []run.Step) views.MigrationFile {
	row := views.MigrationFile{Name: shortName(f.Source, m.SourcePrefix), Kind: server.KindTag(f.Kind), Taken: z.At(f.Started), Size: kit.Bytes(f.Size), LastLSN: f.LastLSN.String(), Badge: fileBadge(m, f), Note: f.Message}
	if row.Note == "" && path.Base(f.Key) != path.Base(f.Source) {
		row.Note = "in the " + stagingWord(m) + " as " + path.Base(f.Key)
	}
	if f.State == migration.FileUploading {
		done, rate := sent(f, steps)
		row.Progress = kit.Transfer("Upload of "+f.Source, done, f.Size, rate)
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
	for _, f := range m.Chain() {
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
