package migrations

import (
	"fmt"
	"path"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// liveFacts are the figures of a migration that follows a source.
func liveFacts(z kit.Zone, got progress.Migration) []kit.Fact {
	m, f := got.M, got.Live
	var facts []kit.Fact
	switch stop := migration.Measured(m); {
	case stop.Known:
		facts = append(facts, kit.Fact{Label: "Writes were stopped for", Value: spanOf(stop.Total()), Note: "from the freeze to the open database", Tone: kit.ToneOK})
	case !m.LiveSource.Frozen.IsZero() && m.LiveSource.GivenBack.IsZero():
		label, note := stoppedLabel(m.LiveSource.Freeze), "since "+z.Clock(m.LiveSource.Frozen).UTC+" UTC"
		if m.LiveSource.Freezing() {
			label, note = "Writes are being stopped", note+"; some may still be answered"
		}
		facts = append(facts, kit.Fact{Label: label, Value: kit.Span(z.Now.Sub(m.LiveSource.Frozen).Truncate(time.Second)), Since: m.LiveSource.Frozen.UTC().Format(time.RFC3339), Note: note, Tone: kit.ToneWarn})
	case !m.LiveSource.GivenBack.IsZero() && !m.LiveSource.EverFrozen():
		facts = append(facts, kit.Fact{Label: "Source", Value: "as it was", Note: "writes were never stopped", Words: true})
	case !m.LiveSource.GivenBack.IsZero():
		facts = append(facts, kit.Fact{Label: "Source", Value: "writable", Note: "since " + z.Clock(m.LiveSource.GivenBack).UTC + " UTC", Words: true, Tone: kit.ToneOK})
	case f.Stop.Known:
		facts = append(facts, kit.Fact{Label: "Writes would stop for", Value: "≈ " + roundly(f.Stop.Total()), Note: "if you cut over now", Title: kit.Span(f.Stop.Total())})
	case progress.Following(m):
		facts = append(facts, kit.Fact{Label: "Writes would stop for", Value: "cannot be told yet", Note: f.Stop.Why, Words: true})
	}
	if progress.Following(m) {
		facts = append(facts, behindFact(z, m, f))
	}
	all := filesFacts(z, got)
	facts = append(facts, all[2]) // in the bucket
	if !m.Traits.Calls.Counted() {
		return append(facts, kit.Fact{Label: "A log backup every", Value: kit.Span(m.LiveSource.Every), Note: "the target counts no imports", Words: true})
	}
	imports := kit.Fact{Label: "Imports today", Value: fmt.Sprintf("%d of %d", got.Budget.Database, got.Budget.Most.Database), Note: fmt.Sprintf("%d kept for the cutover", migration.ImportsKept), Title: "in the last 24 hours"}
	if got.Budget.Left() <= migration.ImportsKept {
		imports.Tone, imports.Note = kit.ToneWarn, "only those for the cutover are left"
	}
	return append(facts, imports)
}

func stoppedLabel(f migration.Freeze) string {
	if f == migration.FreezeStopped {
		return "Said to be stopped for"
	}
	return "Writes have been stopped for"
}

// behindFact tells how far the target is behind, and how old that is.
func behindFact(z kit.Zone, m migration.Migration, f progress.LiveSource) kit.Fact {
	lag := migration.LagOf(m, f.Database, z.Now)
	fact := kit.Fact{Label: "Target is behind by", Value: "nothing yet", Note: "the full backup comes first", Words: true}
	switch {
	case lag.Since > 0 && lag.Since < time.Second:
		fact.Value, fact.Note = "under 1 s", "since its newest backup was taken"
	case lag.Since > 0:
		fact.Value, fact.Note, fact.Words = kit.Span(coarse(lag.Since)), "since its newest backup was taken", false
	}
	switch {
	case f.Glance.At.IsZero():
		fact.Note = "the source has not answered yet"
	case lag.Bytes >= 0:
		fact.Note = kit.Bytes(lag.Bytes).Text + " of log · asked " + z.Clock(f.Glance.At).UTC
	default:
		fact.Note = "asked " + z.Clock(f.Glance.At).UTC
	}
	if f.Glance.Err != nil && !f.Glance.At.IsZero() {
		fact.Tone, fact.Note = kit.ToneWarn, "no answer since "+z.Clock(f.Glance.At).UTC
	}
	return fact
}

// coarse leaves out what would change a page on every look.
func coarse(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Minute:
		return d.Truncate(time.Minute)
	case d > 20*time.Second:
		return d.Truncate(10 * time.Second)
	}
	return d.Truncate(time.Second)
}

// roundly words an estimate no finer than it is.
func roundly(d time.Duration) string { return words.Roughly(d).String() }

// stopView draws a stop of writes; the parts of a measured one are what was,
// those of a predicted one what would be.
func stopView(title, note string, stop migration.Stop) *kit.Stop {
	v := &kit.Stop{Title: title, Note: note, Why: stop.Why}
	if !stop.Known {
		return v
	}
	words := ""
	for _, p := range []struct {
		name string
		took time.Duration
	}{{"tail", stop.Tail}, {"upload", stop.Upload}, {"apply", stop.Apply}, {"open", stop.Open}, {"ours", stop.Ours}} {
		took := max(p.took, 0)
		v.Parts = append(v.Parts, kit.StopPart{Name: p.name, Class: p.name, Share: took.Seconds(), Words: spanOf(took)})
		words += ", " + p.name + " " + spanOf(took)
	}
	v.Label = title + ": writes stop for " + spanOf(stop.Total()) + words
	return v
}

// spanOf words a phase without pretending to microseconds.
func spanOf(d time.Duration) string {
	return words.Span(d.Round(100 * time.Millisecond)).String()
}

func liveStop(m migration.Migration, f progress.LiveSource) *kit.Stop {
	if stop := migration.Measured(m); stop.Known {
		v := stopView("Writes were stopped for "+spanOf(stop.Total()), "measured", stop)
		v.Why = fmt.Sprintf("The tail had %s. “Ours” is what Bakplane added between the phases.", kit.Bytes(stop.Bytes).Text)
		return v
	}
	if !progress.Following(m) {
		return nil
	}
	return predicted("If you cut over now", m, f.Stop)
}

func predicted(title string, m migration.Migration, stop migration.Stop) *kit.Stop {
	note := ""
	if stop.Known {
		note = fmt.Sprintf("≈ %s for a tail of %s · measured on %s", roundly(stop.Total()), kit.Bytes(stop.Bytes).Text, kit.Count(stop.Samples, "increment", "increments"))
	}
	v := stopView(title, note, stop)
	v.Gate = "Freeze by " + freezeWords(m.LiveSource.Freeze) + ". The target is opened only if its last LSN equals that of the tail. Until then Abort gives the source back writable."
	if m.LiveSource.Freeze == migration.FreezeStopped {
		v.Gate = "You stop the application before you order it. The target is opened only if its last LSN is where the last log ends, and nothing was written since. The time in which the application stands still before the order comes on top."
	}
	return v
}

// liveActions are the buttons of a migration that follows a source.
func liveActions(m migration.Migration, r run.Run, here string) []kit.Action {
	details := kit.Action{Label: "File details", Href: here + "/details"}
	if m.Stage.Ended() || r.State.Ended() || !m.Opened.IsZero() {
		return []kit.Action{details}
	}
	var out []kit.Action
	switch {
	case !m.LiveSource.Frozen.IsZero() || !m.LiveSource.AbortAsked.IsZero():
		// A pause now would only prolong the stop of writes.
	case r.State == run.Paused:
		out = append(out, kit.Action{Label: "Go on", Href: here + "/resume", Post: true})
	case r.State != run.Failed && r.Request != run.RequestPause:
		out = append(out, kit.Action{Label: "Pause", Href: here + "/pause", Post: true})
	}
	abort := kit.Action{Label: "Abort…", Href: here + "/abort", Danger: true}
	if _, err := migration.Abort(m); err != nil {
		_, abort.Off, _ = server.WordsOf(err)
	}
	if !m.LiveSource.AbortAsked.IsZero() {
		abort.Off = "It was ordered already."
	}
	cut := kit.Action{Label: "Cut over…", Href: here + "/cutover", Primary: true}
	if _, err := migration.Cutover(m); err != nil {
		_, cut.Off, _ = server.WordsOf(err)
		cut.Primary = false
	}
	return append(out, details, abort, cut)
}

// liveNeeds says what a person has to decide or to know; nil leaves it to what
// is said of every migration.
func liveNeeds(z kit.Zone, m migration.Migration, b migration.Budget, r run.Run, now time.Time, here string) []kit.Help {
	f := m.LiveSource
	abort := kit.Action{Label: "Abort…", Href: here + "/abort", Danger: true}
	switch {
	case m.Stage == migration.StageTerminated && !f.GivenBack.IsZero() && !f.EverFrozen():
		return []kit.Help{{Tone: kit.ToneWarn, Title: "Aborted: writes to the source were never stopped", Cause: "What the target had restored is given up.", Fix: "Start a new migration when you are ready; it begins with a new full backup."}}
	case m.Stage == migration.StageTerminated && !f.GivenBack.IsZero():
		return []kit.Help{{Tone: kit.ToneWarn, Title: "Aborted: the source is writable again", Cause: "Since " + z.Clock(f.GivenBack).UTC + " UTC. What the target had restored is given up.", Fix: "Start a new migration when you are ready; it begins with a new full backup."}}
	case m.Stage == migration.StageOpened && m.CheckResult != migration.CheckFailed:
		return []kit.Help{{Tone: kit.ToneOK, Title: "The database is open on the target", Said: m.CheckText, Cause: checkUntold(m),
			Fix: "Point the application at it and go through the list of what remains by hand. " + staysWords(f.Freeze)}}
	case m.Stage.Ended() || r.State.Ended():
		return nil
	case !f.AbortAsked.IsZero() && f.GivenBack.IsZero() && m.Problem == nil:
		return []kit.Help{{Tone: kit.ToneWarn, Title: "Aborting: the source is being given back", Cause: "It is made writable first; only then is the target's task ended."}}
	case m.Problem != nil || r.State == run.Failed || r.State == run.Paused:
		return nil
	case !f.Frozen.IsZero() && m.Opened.IsZero():
		h := kit.Help{Tone: kit.ToneRun, Title: "Cutover under way: writes are stopped", Fix: "Nothing needs you. Until the order to open is given, the source can be given back.", Actions: []kit.Action{abort}}
		if open, why := migration.Gate(m, now); open {
			h.Cause = "The gate is open: the target has applied the last LSN of the source, " + f.Tail.String() + "."
		} else {
			h.Cause = "The gate is closed: " + why
		}
		switch {
		case f.Freeze == migration.FreezeStopped:
			h.Title = "Cutover under way: keep the application stopped"
		case f.Freezing():
			h.Title = "Cutover under way: writes are being stopped"
		}
		if _, err := migration.Abort(m); err != nil {
			h.Fix, h.Actions = "The order to open was given: it is too late to go back.", nil
		}
		return []kit.Help{h}
	case !f.CutoverAsked.IsZero():
		return []kit.Help{{Tone: kit.ToneRun, Title: "Cutover ordered", Cause: "What is on its way is applied and a last log shrinks what is left; then writes stop.", Actions: []kit.Action{abort}}}
	case m.Stage == migration.StageFollowing && b.Most.Counted() && b.Left() <= migration.ImportsKept:
		return []kit.Help{usedUp(z, m, b, here)}
	case m.Stage == migration.StageFollowing:
		return []kit.Help{{Tone: kit.ToneRun, Title: "It follows the source unattended", Cause: "The target stands at LSN " + m.AppliedTo().String() + ". A log backup follows every " + kit.Span(f.Every) + ".",
			Fix: "Order the cutover when you are ready. Nothing is stopped before.", Actions: []kit.Action{{Label: "Cut over…", Href: here + "/cutover"}}}}
	}
	return nil
}

// usedUp says that no log follows for a while, and until when.
func usedUp(z kit.Zone, m migration.Migration, b migration.Budget, here string) kit.Help {
	cause := fmt.Sprintf("%d of the %d imports that the cloud takes of one database in 24 hours are used", b.Database, b.Most.Database)
	if b.Most.Database-b.Database > b.Most.Instance-b.Instance {
		cause = fmt.Sprintf("%d of the %d imports that the instance takes in 24 hours are used", b.Instance, b.Most.Instance)
	}
	h := kit.Help{Tone: kit.ToneWarn, Title: "Today's imports are used up", Cause: cause + "; what is left is kept for the cutover. No log backup is taken until " + z.Clock(b.Frees()).UTC + " UTC, when the oldest leaves the 24 hours.",
		Fix: "It goes on by itself then, with one larger log. You can cut over before; the tail then carries what was written meanwhile.", Actions: []kit.Action{{Label: "Cut over…", Href: here + "/cutover"}}}
	if b.Left() <= 0 {
		h.Fix, h.Actions = "It goes on by itself then, with one larger log. A cutover waits until then as well.", nil
	}
	return h
}

func staysWords(f migration.Freeze) string {
	if f == migration.FreezeStopped {
		return "The source still takes writes, which nobody carries over: keep everybody away from it."
	}
	return "The source stays " + frozenAs(f) + ", so that nobody writes to it by mistake."
}

func checkUntold(m migration.Migration) string {
	if m.CheckResult == migration.CheckUntold {
		return "The " + targetWord(m) + " did not tell how DBCC CHECKDB ended. Run it yourself when there is time."
	}
	return ""
}

func frozenAs(f migration.Freeze) string {
	switch f {
	case migration.FreezeReadOnly:
		return "READ_ONLY"
	case migration.FreezeStopped:
		return "as it was, open for writing"
	}
	return "restoring"
}

// sourceBackupCalls words the orders to the source as statements.
func sourceBackupCalls(z kit.Zone, m migration.Migration) (out []kit.Call) {
	sourceBackups := m.LiveSource.SourceBackups
	if len(sourceBackups) > 6 {
		sourceBackups = sourceBackups[len(sourceBackups)-6:]
	}
	for _, t := range sourceBackups {
		title := "Back up " + path.Base(t.Key)
		if t.Tail {
			title = "Freeze: " + title
		}
		out = append(out, kit.Call{Title: title, Request: sourceBackupStatement(m, t), Badge: verdictBadge(migration.Call{Verdict: t.Verdict}), When: z.At(t.Intended), Note: t.Error})
	}
	return out
}

// byHand is what no backup carries over and nobody does for you.
func byHand(m migration.Migration) []views.Tick {
	if m.LiveSource == nil || m.Opened.IsZero() {
		return nil
	}
	name := tsql.Shown(m.Database)
	accounts := "Make the accounts on the instance (console or CreateAccount)"
	if m.Traits.OwnFolder() {
		accounts = "Make them on the target with CREATE LOGIN, with the SID of the old ones where you can"
	}
	out := []views.Tick{}
	for _, l := range m.Lost() {
		out = append(out, views.Tick{What: l.Title, How: l.How.String(), Statement: l.Statement(m.Database)})
	}
	owner := views.Tick{What: "Owner of the database", How: "Who restored it owns it now. Give it to the login that owned it at the source, or to one that is made for it.",
		Statement: "ALTER AUTHORIZATION ON DATABASE::" + name + " TO [login]"}
	if m.Keep.Owner != "" {
		owner.How = m.Keep.Owner + " was to own it once it was open: the step that looked at what was kept says whether it does."
		owner.Statement = "ALTER AUTHORIZATION ON DATABASE::" + name + " TO " + tsql.Shown(m.Keep.Owner)
	}
	return append(out, []views.Tick{
		{What: "Logins", How: "They live in master and did not come along. " + accounts + ", grant them rights, and join the users that lost their login.",
			Statement: "SELECT name FROM " + name + ".sys.database_principals WHERE type = 'S' AND authentication_type = 1\nALTER USER [user] WITH LOGIN = [login]"},
		owner,
		{What: "SQL Server Agent jobs", How: "Script those that touch this database at " + m.SourceServer + " and make them where they shall run; stop the old ones."},
		{What: "Linked servers and synonyms", How: "Those that point at the old server, here and on other servers."},
		{What: "Connection strings", How: "Applications, reports, ODBC sources, secrets. The old address must no longer be used anywhere."},
		{What: "Backup policy on the target", How: "The old backup jobs do not follow. Look at the instance's policy and take a first backup there."},
		{What: "Compatibility level", How: "It stayed as it was. Raise it when the application is tested with it.", Statement: "ALTER DATABASE " + name + " SET COMPATIBILITY_LEVEL = 150"},
		{What: "Statistics", How: "A newer version estimates by its own rules; fresh statistics help it.", Statement: "EXEC " + name + ".sys.sp_updatestats"},
		{What: "The source", How: "It is " + frozenAs(m.LiveSource.Freeze) + ". Keep it until the target has a backup of its own and the application has proved itself, then drop it."},
	}...)
}
