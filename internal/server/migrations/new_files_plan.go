package migrations

import (
	"fmt"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// planView words what the files really are and what would be done with them.
func (s *Pages) planView(c echo.Context, p drafting.Plan) views.PlanFiles {
	z := s.Zone(c)
	d := p.Draft
	v := views.PlanFiles{Crumbs: newCrumbs(p.Request, 1), Path: planPath(p), Read: kit.Count(len(d.Seen), "file read", "files read")}
	for _, db := range d.Databases {
		w := p.Request
		w.Family, w.Base, w.Fork, w.Database = db.Family.String(), "", "", ""
		v.Databases = append(v.Databases, kit.Tab{Label: databaseLabel(db), Href: "/migrations/new/files?" + requestValues(w).Encode(), Count: len(db.Steps) + len(db.LeftOut),
			Current: d.Plan != nil && d.Plan.Family == db.Family})
	}
	if len(v.Databases) < 2 {
		v.Databases = nil
	}
	if d.Plan == nil {
		v.Problems = append(v.Problems, kit.Help{Title: "No backup set was found here", Cause: "None of the files is a readable SQL Server backup.", Fix: "See beside each file what it is. Choose another folder or prefix."})
	} else {
		v.Facts = planFacts(z, p)
		v.Problems = planProblems(p)
		for _, note := range d.Plan.Notes {
			v.Problems = append(v.Problems, kit.Help{Tone: kit.ToneWarn, Title: "Good to know", Cause: note})
		}
		chain := planChain(z, d.Plan)
		v.Chain, v.Joined = &chain, planWords(d.Plan)
		v.Order = orderRows(z, p)
		v.Left = leftRows(z, d.Plan)
		if len(d.Files) > 0 {
			v.Calls = s.planCalls(c.Request().Context(), p)
		}
		if d.Plan.Choice == nil && len(d.Files) > 0 {
			form := planForm(p)
			v.Form = &form
		}
	}
	for _, other := range otherDatabases(d) {
		for _, st := range other.Steps {
			v.Left = append(v.Left, setRow(z, st.Set, kit.Badge{Text: "another database"}, "It is a backup of "+databaseLabel(other)+"."))
		}
	}
	for _, n := range d.NotBackups() {
		v.Left = append(v.Left, views.PlanFile{Name: n.Name, Kind: server.KindTag(""), Size: kit.Bytes(n.Size), Badge: kit.Badge{Text: "not usable", Tone: kit.ToneWarn}, Why: strings.TrimSpace(n.Trouble + " " + n.Fix)})
	}
	for _, rows := range [][]views.PlanFile{v.Order, v.Left} {
		for i := range rows {
			rows[i].Name = shortName(rows[i].Name, p.Request.Prefix)
		}
	}
	return v
}

func databaseLabel(p backup.Plan) string {
	for _, st := range p.Steps {
		if st.Set.Server != "" {
			return p.Database + " on " + st.Set.Server
		}
	}
	return p.Database
}

func otherDatabases(d migration.Draft) (out []backup.Plan) {
	for _, db := range d.Databases {
		if d.Plan == nil || db.Family != d.Plan.Family {
			out = append(out, db)
		}
	}
	return out
}

func planFacts(z kit.Zone, p drafting.Plan) []kit.Fact {
	d := p.Draft
	kinds := map[backup.Kind]int{}
	var upload, data int64
	for _, st := range d.Plan.Steps {
		kinds[st.Set.Kind]++
		data = max(data, st.Set.DatabaseSize)
	}
	for _, f := range d.Files {
		if p.Source.ID != p.Staging.ID || f.Key != f.Source {
			upload += f.Size
		}
	}
	var parts []string
	for _, k := range []struct {
		kind backup.Kind
		word string
	}{{backup.Full, "full"}, {backup.Differential, "differential"}, {backup.Log, "log"}} {
		if n := kinds[k.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k.word))
		}
	}
	facts := []kit.Fact{{Label: "Would be applied", Value: kit.Count(len(d.Plan.Steps), "file", "files"), Note: strings.Join(parts, " · ")}}
	up := kit.Bytes(upload)
	facts = append(facts, kit.Fact{Label: "To upload", Value: up.Text, Title: up.Exact, Note: kit.Count(len(d.Plan.LeftOut), "backup stays", "backups stay") + " here"})
	if n := len(d.Plan.Steps); n > 0 {
		last := d.Plan.Steps[n-1].Set
		when := setTime(z, last)
		facts = append(facts, kit.Fact{Label: "Brings the target to", Value: when.UTC, Title: when.Exact, Note: "LSN " + d.Plan.Reaches.String(), Words: true})
	}
	if data > 0 {
		facts = append(facts, kit.Fact{Label: "Needs on the target", Value: kit.Bytes(data).Text, Title: kit.Bytes(data).Exact, Note: "data and log files"})
	}
	return facts
}

// setTime words when a set was begun; where the file does not tell the
// server's distance from UTC, it says so.
func setTime(z kit.Zone, s *backup.Set) kit.When {
	if s.Started.IsZero() {
		return kit.When{}
	}
	if s.Started.UTC == nil {
		at := s.Started.Local
		return kit.When{Machine: at.Format("2006-01-02T15:04:05"), UTC: at.Format("2 Jan 2006 15:04"), Exact: at.Format("2006-01-02 15:04:05") + " on the clock of the source server; its distance from UTC is unknown"}
	}
	return z.At(*s.Started.UTC)
}

func planProblems(p drafting.Plan) (out []kit.Help) {
	again := kit.Action{Label: "Look again", Href: "/migrations/new/files?" + requestValues(p.Request).Encode()}
	for _, m := range p.Draft.Plan.Missing {
		titles := map[backup.MissingKind]string{backup.MissingFull: "A full backup is missing", backup.MissingBase: "The full backup of a differential is missing", backup.MissingLog: "A log backup is missing",
			backup.MissingStripe: "A stripe is missing", backup.MissingStop: "The moment asked for is not reached", backup.MissingSet: "A backup is cut off", backup.MissingNewer: "A newer backup cannot be used"}
		out = append(out, kit.Help{Title: titles[m.MissingKind], Cause: m.Words, Fix: m.Fix, Actions: []kit.Action{again}})
	}
	if c := p.Draft.Plan.Choice; c != nil {
		h := kit.Help{Title: "Choose: the backups lead to more than one state of the database", Cause: c.Words, Fix: c.Fix}
		for i, k := range c.Candidates {
			w := p.Request
			w.Family, w.Base, w.Fork = p.Draft.Plan.Family.String(), k.Base.String(), k.Fork.String()
			label := fmt.Sprintf("%d backups to LSN %s", k.Sets, k.Reaches)
			if !k.Finished.IsZero() {
				label += ", " + k.Finished.Time().Format("2 Jan 2006 15:04")
			}
			out2 := kit.Action{Label: label, Href: "/migrations/new/files?" + requestValues(w).Encode(), Primary: i == 0}
			h.Actions = append(h.Actions, out2)
		}
		out = append(out, h)
	}
	return out
}

func setRow(z kit.Zone, s *backup.Set, badge kit.Badge, why string) views.PlanFile {
	row := views.PlanFile{Name: s.FileName(), Kind: server.KindTag(string(s.Kind)), Database: s.Database, Taken: setTime(z, s), Size: kit.Bytes(s.FileSize()),
		FirstLSN: s.First.String(), LastLSN: s.Last.String(), Badge: badge, Why: why}
	if len(s.Files) > 1 {
		row.Name = fmt.Sprintf("%s and %s", s.FileName(), kit.Count(len(s.Files)-1, "more stripe", "more stripes"))
	}
	if len(s.Files) > 0 && s.Files[0].Position > 1 {
		row.Name += fmt.Sprintf(" (set %d)", s.Files[0].Position)
	}
	return row
}

func orderRows(z kit.Zone, p drafting.Plan) (out []views.PlanFile) {
	for i, st := range p.Draft.Plan.Steps {
		row := setRow(z, st.Set, kit.Badge{Text: "will be applied", Tone: kit.ToneOK}, drafting.Misnamed(st.Set))
		row.Order = fmt.Sprint(i + 1)
		for _, f := range p.Draft.Files {
			if f.SetGUID == st.Set.ID && path.Base(f.Key) != path.Base(f.Source) {
				row.NewName = path.Base(f.Key)
			}
		}
		out = append(out, row)
	}
	return out
}

func leftRows(z kit.Zone, p *backup.Plan) (out []views.PlanFile) {
	words := map[backup.Reason]kit.Badge{
		backup.NotTheBase: {Text: "not needed"}, backup.Superseded: {Text: "superseded"}, backup.Covered: {Text: "already covered"}, backup.AfterStop: {Text: "after the stop"},
		backup.Duplicate: {Text: "duplicate"}, backup.Foreign: {Text: "another database"}, backup.OtherFork: {Text: "another fork", Tone: kit.ToneWarn},
		backup.WrongBase: {Text: "wrong base", Tone: kit.ToneWarn}, backup.BeyondGap: {Text: "behind a gap", Tone: kit.ToneBad}, backup.BrokenChain: {Text: "another log chain", Tone: kit.ToneWarn},
		backup.DamagedSet: {Text: "damaged", Tone: kit.ToneBad}, backup.Truncated: {Text: "cut off", Tone: kit.ToneBad}, backup.Unsupported: {Text: "not for a chain", Tone: kit.ToneWarn},
		backup.StripeIncomplete: {Text: "stripe missing", Tone: kit.ToneBad},
	}
	for _, l := range p.LeftOut {
		out = append(out, setRow(z, l.Set, words[l.Reason], l.Words))
	}
	return out
}

// cloudHint adds what is true of the cloud alone.
func cloudHint(p drafting.Plan, always, cloud string) string {
	if p.Instance.Traits.OwnFolder() {
		return always
	}
	return strings.TrimSpace(always + " " + cloud)
}

// planForm are the choices that are left, each with what it means.
func planForm(p drafting.Plan) kit.Form {
	m, w := p.Draft.Migration, p.Request
	f := kit.Form{Action: "/migrations/new/checks", Method: "get", Submit: "Run the checks", Cancel: "/migrations/new?" + requestValues(w).Encode()}
	for _, h := range []kit.Hidden{{Name: "source", Value: w.Source}, {Name: "prefix", Value: w.Prefix}, {Name: "instance", Value: w.Instance}, {Name: "staging", Value: w.Staging},
		{Name: "family", Value: p.Draft.Plan.Family.String()}, {Name: "base", Value: w.Base}, {Name: "fork", Value: w.Fork}, {Name: "stop_at", Value: w.StopAt}} {
		if h.Value != "" {
			f.Hidden = append(f.Hidden, h)
		}
	}
	increments := len(p.Draft.Files) > 1
	immediate := kit.Option{Value: string(migration.Immediate), Label: "Open at once (immediate access)", Hint: cloudHint(p, "The full backup is all there is.", "BackupMode FULL, IsOnlineDB True.")}
	if increments {
		immediate.Off, immediate.Hint = true, "Not here: an open database takes no increments, and this chain has some."
	}
	f.Fields = []kit.Field{
		{Name: "database", Label: "Name on the target", Value: m.Database, Mono: true, Error: migration.BadDatabaseName(m.Database).String()},
		{Name: "mode", Label: "After the full backup", Type: "choices", Value: string(m.Mode), Options: []kit.Option{
			{Value: string(migration.Pending), Label: "Keep it restoring (access pending)", Hint: cloudHint(p, "Differential and log backups follow; you open it at the cutover.", "BackupMode UPDF, IsOnlineDB False.")}, immediate}},
		checkField(m.Check)}
	f.Fields = append(f.Fields, keepFields([]endpoint.Instance{p.Instance}, w.KeepCDC, w.Owner)...)
	auto := kit.Field{Name: "open_when_applied", Label: "When every file is applied", Type: "choices", Value: map[bool]string{true: "1"}[w.AutoOpen], Options: []kit.Option{
		{Value: "", Label: "Wait for more increments", Hint: "You open the database when you are ready."}, {Value: "1", Label: "Open it by itself", Hint: "For a copy, or when writes have stopped already."}}}
	if p.Draft.Plan.Whole() {
		f.Fields = append(f.Fields, auto)
	} else {
		// What is missing may still come: the database stays restoring for it.
		f.Hidden = append(f.Hidden, kit.Hidden{Name: "partly", Value: "1"})
		f.Submit = "Begin with what is here…"
		f.Problem = &kit.Help{Tone: kit.ToneWarn, Title: "Something is missing", Cause: "It can begin with the files before the gap. Add the missing ones later; until then nothing behind the gap can follow."}
	}
	if !p.Source.Service || p.Source.ID != p.Staging.ID {
		f.Fields = append(f.Fields, kit.Field{Name: "names", Label: "Names in the " + stagingWord(m), Type: "select", Value: w.Names, Options: []kit.Option{
			{Value: "safe", Label: "Safe names: letters and digits"}, {Value: "keep", Label: "The files' own names"}}, Hint: cloudHint(p, "", "The cloud refuses names with special characters.")})
	}
	return f
}
