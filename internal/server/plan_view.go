package server

import (
	"fmt"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// planView words what the files really are and what would be done with them.
func (s *Server) planView(c echo.Context, p plan) templates.PlanFiles {
	z := s.zone(c)
	d := p.draft
	v := templates.PlanFiles{Crumbs: newCrumbs(p.request, 1), Path: planPath(p), Read: templates.Count(len(d.Seen), "file read", "files read")}
	for _, db := range d.Databases {
		w := p.request
		w.Family, w.Base, w.Fork, w.Database = db.Family.String(), "", "", ""
		v.Databases = append(v.Databases, templates.Tab{Label: databaseLabel(db), Href: "/migrations/new/files?" + requestValues(w).Encode(), Count: len(db.Steps) + len(db.LeftOut),
			Current: d.Plan != nil && d.Plan.Family == db.Family})
	}
	if len(v.Databases) < 2 {
		v.Databases = nil
	}
	if d.Plan == nil {
		v.Problems = append(v.Problems, templates.Help{Title: "No backup set was found here", Cause: "None of the files is a readable SQL Server backup.", Fix: "See beside each file what it is. Choose another folder or prefix."})
	} else {
		v.Facts = planFacts(z, p)
		v.Problems = planProblems(p)
		for _, note := range d.Plan.Notes {
			v.Problems = append(v.Problems, templates.Help{Tone: templates.ToneWarn, Title: "Good to know", Cause: note})
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
			v.Left = append(v.Left, setRow(z, st.Set, templates.Badge{Text: "another database"}, "It is a backup of "+databaseLabel(other)+"."))
		}
	}
	for _, n := range d.NotBackups() {
		v.Left = append(v.Left, templates.PlanFile{Name: n.Name, Kind: kindTag(""), Size: templates.Bytes(n.Size), Badge: templates.Badge{Text: "not usable", Tone: templates.ToneWarn}, Why: strings.TrimSpace(n.Trouble + " " + n.Fix)})
	}
	for _, rows := range [][]templates.PlanFile{v.Order, v.Left} {
		for i := range rows {
			rows[i].Name = shortName(rows[i].Name, p.request.Prefix)
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

func planFacts(z templates.Zone, p plan) []templates.Fact {
	d := p.draft
	kinds := map[backup.Kind]int{}
	var upload, data int64
	for _, st := range d.Plan.Steps {
		kinds[st.Set.Kind]++
		data = max(data, st.Set.DatabaseSize)
	}
	for _, f := range d.Files {
		if p.source.ID != p.staging.ID || f.Key != f.Source {
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
	facts := []templates.Fact{{Label: "Would be applied", Value: templates.Count(len(d.Plan.Steps), "file", "files"), Note: strings.Join(parts, " · ")}}
	up := templates.Bytes(upload)
	facts = append(facts, templates.Fact{Label: "To upload", Value: up.Text, Title: up.Exact, Note: templates.Count(len(d.Plan.LeftOut), "backup stays", "backups stay") + " here"})
	if n := len(d.Plan.Steps); n > 0 {
		last := d.Plan.Steps[n-1].Set
		when := setTime(z, last)
		facts = append(facts, templates.Fact{Label: "Brings the target to", Value: when.UTC, Title: when.Exact, Note: "LSN " + d.Plan.Reaches.String(), Words: true})
	}
	if data > 0 {
		facts = append(facts, templates.Fact{Label: "Needs on the target", Value: templates.Bytes(data).Text, Title: templates.Bytes(data).Exact, Note: "data and log files"})
	}
	return facts
}

// setTime words when a set was begun; where the file does not tell the
// server's distance from UTC, it says so.
func setTime(z templates.Zone, s *backup.Set) templates.When {
	if s.Started.IsZero() {
		return templates.When{}
	}
	if s.Started.UTC == nil {
		at := s.Started.Local
		return templates.When{Machine: at.Format("2006-01-02T15:04:05"), UTC: at.Format("2 Jan 2006 15:04"), Exact: at.Format("2006-01-02 15:04:05") + " on the clock of the source server; its distance from UTC is unknown"}
	}
	return z.At(*s.Started.UTC)
}

func planProblems(p plan) (out []templates.Help) {
	again := templates.Action{Label: "Look again", Href: "/migrations/new/files?" + requestValues(p.request).Encode()}
	for _, m := range p.draft.Plan.Missing {
		titles := map[backup.MissingKind]string{backup.MissingFull: "A full backup is missing", backup.MissingBase: "The full backup of a differential is missing", backup.MissingLog: "A log backup is missing",
			backup.MissingStripe: "A stripe is missing", backup.MissingStop: "The moment asked for is not reached", backup.MissingSet: "A backup is cut off"}
		out = append(out, templates.Help{Title: titles[m.MissingKind], Cause: m.Words, Fix: m.Fix, Actions: []templates.Action{again}})
	}
	if c := p.draft.Plan.Choice; c != nil {
		h := templates.Help{Title: "Choose: the backups lead to more than one state of the database", Cause: c.Words, Fix: c.Fix}
		for i, k := range c.Candidates {
			w := p.request
			w.Family, w.Base, w.Fork = p.draft.Plan.Family.String(), k.Base.String(), k.Fork.String()
			label := fmt.Sprintf("%d backups to LSN %s", k.Sets, k.Reaches)
			if !k.Finished.IsZero() {
				label += ", " + k.Finished.Time().Format("2 Jan 2006 15:04")
			}
			out2 := templates.Action{Label: label, Href: "/migrations/new/files?" + requestValues(w).Encode(), Primary: i == 0}
			h.Actions = append(h.Actions, out2)
		}
		out = append(out, h)
	}
	return out
}

func setRow(z templates.Zone, s *backup.Set, badge templates.Badge, why string) templates.PlanFile {
	row := templates.PlanFile{Name: s.FileName(), Kind: kindTag(string(s.Kind)), Database: s.Database, Taken: setTime(z, s), Size: templates.Bytes(s.FileSize()),
		FirstLSN: s.First.String(), LastLSN: s.Last.String(), Badge: badge, Why: why}
	if len(s.Files) > 1 {
		row.Name = fmt.Sprintf("%s and %s", s.FileName(), templates.Count(len(s.Files)-1, "more stripe", "more stripes"))
	}
	if len(s.Files) > 0 && s.Files[0].Position > 1 {
		row.Name += fmt.Sprintf(" (set %d)", s.Files[0].Position)
	}
	return row
}

func orderRows(z templates.Zone, p plan) (out []templates.PlanFile) {
	for i, st := range p.draft.Plan.Steps {
		row := setRow(z, st.Set, templates.Badge{Text: "will be applied", Tone: templates.ToneOK}, misnamed(st.Set))
		row.Order = fmt.Sprint(i + 1)
		for _, f := range p.draft.Files {
			if f.SetGUID == st.Set.ID && path.Base(f.Key) != path.Base(f.Source) {
				row.NewName = path.Base(f.Key)
			}
		}
		out = append(out, row)
	}
	return out
}

// misnamed tells when a name says something else than the header. The ending
// .bak stands for every kind.
func misnamed(s *backup.Set) string {
	ext := strings.ToLower(path.Ext(s.FileName()))
	says := map[string]backup.Kind{".trn": backup.Log, ".log": backup.Log, ".dif": backup.Differential, ".diff": backup.Differential, ".full": backup.Full}[ext]
	if says == "" || says == s.Kind {
		return ""
	}
	return fmt.Sprintf("Named %s, is a %s backup.", ext, s.Kind)
}

func leftRows(z templates.Zone, p *backup.Plan) (out []templates.PlanFile) {
	words := map[backup.Reason]templates.Badge{
		backup.NotTheBase: {Text: "not needed"}, backup.Superseded: {Text: "superseded"}, backup.Covered: {Text: "already covered"}, backup.AfterStop: {Text: "after the stop"},
		backup.Duplicate: {Text: "duplicate"}, backup.Foreign: {Text: "another database"}, backup.OtherFork: {Text: "another fork", Tone: templates.ToneWarn},
		backup.WrongBase: {Text: "wrong base", Tone: templates.ToneWarn}, backup.BeyondGap: {Text: "behind a gap", Tone: templates.ToneBad}, backup.BrokenChain: {Text: "another log chain", Tone: templates.ToneWarn},
		backup.DamagedSet: {Text: "damaged", Tone: templates.ToneBad}, backup.Truncated: {Text: "cut off", Tone: templates.ToneBad}, backup.Unsupported: {Text: "not for a chain", Tone: templates.ToneWarn},
		backup.StripeIncomplete: {Text: "stripe missing", Tone: templates.ToneBad},
	}
	for _, l := range p.LeftOut {
		out = append(out, setRow(z, l.Set, words[l.Reason], l.Words))
	}
	return out
}

// cloudHint adds what is true of the cloud alone.
func cloudHint(p plan, always, cloud string) string {
	if p.instance.Traits.OwnFolder() {
		return always
	}
	return strings.TrimSpace(always + " " + cloud)
}

// planForm are the choices that are left, each with what it means.
func planForm(p plan) templates.Form {
	m, w := p.draft.Migration, p.request
	f := templates.Form{Action: "/migrations/new/checks", Method: "get", Submit: "Run the checks", Cancel: "/migrations/new?" + requestValues(w).Encode()}
	for _, h := range []templates.Hidden{{Name: "source", Value: w.Source}, {Name: "prefix", Value: w.Prefix}, {Name: "instance", Value: w.Instance}, {Name: "staging", Value: w.Staging},
		{Name: "family", Value: p.draft.Plan.Family.String()}, {Name: "base", Value: w.Base}, {Name: "fork", Value: w.Fork}, {Name: "stop_at", Value: w.StopAt}} {
		if h.Value != "" {
			f.Hidden = append(f.Hidden, h)
		}
	}
	increments := len(p.draft.Files) > 1
	immediate := templates.Option{Value: string(migration.Immediate), Label: "Open at once (immediate access)", Hint: cloudHint(p, "The full backup is all there is.", "BackupMode FULL, IsOnlineDB True.")}
	if increments {
		immediate.Off, immediate.Hint = true, "Not here: an open database takes no increments, and this chain has some."
	}
	f.Fields = []templates.Field{
		{Name: "database", Label: "Name on the target", Value: m.Database, Mono: true, Error: migration.BadDatabaseName(m.Database)},
		{Name: "mode", Label: "After the full backup", Type: "choices", Value: string(m.Mode), Options: []templates.Option{
			{Value: string(migration.Pending), Label: "Keep it restoring (access pending)", Hint: cloudHint(p, "Differential and log backups follow; you open it at the cutover.", "BackupMode UPDF, IsOnlineDB False.")}, immediate}},
		checkField(m.Check)}
	auto := templates.Field{Name: "open_when_applied", Label: "When every file is applied", Type: "choices", Value: map[bool]string{true: "1"}[w.AutoOpen], Options: []templates.Option{
		{Value: "", Label: "Wait for more increments", Hint: "You open the database when you are ready."}, {Value: "1", Label: "Open it by itself", Hint: "For a copy, or when writes have stopped already."}}}
	if p.draft.Plan.Whole() {
		f.Fields = append(f.Fields, auto)
	} else {
		// What is missing may still come: the database stays restoring for it.
		f.Hidden = append(f.Hidden, templates.Hidden{Name: "partly", Value: "1"})
		f.Submit = "Begin with what is here…"
		f.Problem = &templates.Help{Tone: templates.ToneWarn, Title: "Something is missing", Cause: "It can begin with the files before the gap. Add the missing ones later; until then nothing behind the gap can follow."}
	}
	if !p.source.Service || p.source.ID != p.staging.ID {
		f.Fields = append(f.Fields, templates.Field{Name: "names", Label: "Names in the " + stagingWord(m), Type: "select", Value: w.Names, Options: []templates.Option{
			{Value: "safe", Label: "Safe names: letters and digits"}, {Value: "keep", Label: "The files' own names"}}, Hint: cloudHint(p, "", "The cloud refuses names with special characters.")})
	}
	return f
}
