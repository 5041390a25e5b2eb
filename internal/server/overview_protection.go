package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// overviewRows bounds how many databases and runs the overview lists of each
// sort; the counts say how many there are.
const overviewRows = 12

// protectionFacts answer whether every database is protected as promised.
func (s *Server) protectionFacts(ctx context.Context, z templates.Zone) ([]templates.Fact, error) {
	t, err := s.Catalogue.Count(ctx, z.Now)
	if err != nil {
		return nil, err
	}
	count := func(label string, n int, tone templates.Tone, note string) templates.Fact {
		return templates.Fact{Label: label, Value: strings.TrimSpace(templates.Count(n, "", "")), Note: note, Tone: toneIf(n > 0, tone)}
	}
	facts := []templates.Fact{count("Late", t.Late, templates.ToneBad, "of "+templates.Count(t.Databases, "database", "databases")),
		count("Cannot be restored", t.Unprotected, templates.ToneBad, "no whole chain is known"),
		count("Chain broken", t.Broken, templates.ToneWarn, "restorable, but not to now"),
		{Label: "Backup sets", Value: templates.Count(int(t.Sets), "set", "sets"), Note: templates.Bytes(t.Bytes).Text + " in all copies", Words: true}}
	if t.Databases > 0 && t.Late == 0 {
		facts[0].Tone = templates.ToneOK
	}
	look, err := s.lookFact(ctx, z)
	if look.Label != "" {
		facts = append(facts, look)
	}
	return facts, err
}

// lookFact says how old the oldest of the last looks at instances is: what it
// says of a database is no newer than that.
func (s *Server) lookFact(ctx context.Context, z templates.Zone) (templates.Fact, error) {
	if s.Scans == nil {
		return templates.Fact{}, nil
	}
	looks, err := s.Scans.Visits(ctx)
	if err != nil {
		return templates.Fact{}, err
	}
	var oldest time.Time
	silent := 0
	for _, l := range looks {
		if !strings.HasPrefix(string(l.Subject), "instance/") {
			continue
		}
		if l.Failures > 0 {
			silent++
			continue
		}
		if oldest.IsZero() || l.Good.Before(oldest) {
			oldest = l.Good
		}
	}
	if oldest.IsZero() && silent == 0 {
		return templates.Fact{}, nil
	}
	f := templates.Fact{Label: "Looked at", Value: "every instance answers", Note: "the oldest look was " + z.Ago(oldest), Title: z.At(oldest).Exact, Words: true}
	if silent > 0 {
		f.Value, f.Tone = templates.Count(silent, "instance does", "instances do")+" not answer", templates.ToneWarn
	}
	return f, nil
}

// unprotected lists databases that are not protected as promised: those that
// are late longest first, then those that cannot be restored although nothing
// was promised, then broken chains.
func (s *Server) unprotected(ctx context.Context, z templates.Zone) (rows []templates.ProtectionRow, err error) {
	instances, err := s.instancesByID(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, f := range []backup.ProtectionFilter{{OnlyLate: true}, {OnlyUnprotected: true}, {OnlyBroken: true}} {
		f.Now, f.Limit = z.Now, overviewRows
		found, err := s.Catalogue.Protections(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			key := p.InstanceID + "/" + p.Database
			if seen[key] || len(rows) >= overviewRows {
				continue
			}
			seen[key] = true
			row := protectionRow(z, p, instances[p.InstanceID])
			row.Action = s.nextAction(p)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// nextAction is what a person most likely does about a database.
func (s *Server) nextAction(p backup.Protection) *templates.Action {
	switch {
	case p.PolicyID != "" && p.Unprotected():
		return &templates.Action{Label: "Back up now", Href: "/policies/" + p.PolicyID + "/run", Small: true}
	case p.PolicyID != "":
		return &templates.Action{Label: "Its policy", Href: "/policies/" + p.PolicyID, Small: true}
	}
	return &templates.Action{Label: "See why", Href: databaseHref(p.InstanceID, p.Database), Small: true}
}

// backupRunKinds are the kinds of runs about backups.
var backupRunKinds = map[string]string{backupjob.RunBackup: "backup", backupjob.RunPrune: "pruning", backupjob.RunRestore: "restore", backupjob.RunCopy: "copy", backupjob.RunCloudBackup: "backup by the service", backupjob.RunCloudRestore: "restore by the service"}

// runsAtWork are runs that are no migrations: those at work with their bars,
// and those that failed in the last days.
func (s *Server) runsAtWork(ctx context.Context, z templates.Zone) (moving []templates.Moving, needs []templates.Need, err error) {
	running, err := s.Runs.Runs(ctx, run.Filter{States: []run.State{run.Running, run.Waiting}, Limit: 3 * overviewRows})
	if err != nil {
		return nil, nil, err
	}
	for _, r := range running {
		if r.Kind == migration.RunKind || len(moving) == overviewRows {
			continue
		}
		m := templates.Moving{Name: templates.Link{Text: r.Title, Href: "/runs/" + r.ID}, What: firstOf(backupRunKinds[r.Kind], r.Kind), Badge: stateBadge(r.State)}
		if r.State == run.Waiting && r.Message != "" {
			m.What += " · " + oneLine(r.Message, 120)
		}
		steps, err := s.Runs.Steps(ctx, r.ID)
		if err != nil {
			return nil, nil, err
		}
		for _, st := range steps {
			if st.State == run.StepActive {
				m.What, m.Progress = firstOf(backupRunKinds[r.Kind], r.Kind)+" · "+st.Title, stepProgress(st)
			}
		}
		moving = append(moving, m)
	}
	failed, err := s.Runs.Runs(ctx, run.Filter{States: []run.State{run.Failed}, Limit: 3 * overviewRows})
	for _, r := range failed {
		if backupRunKinds[r.Kind] == "" || len(needs) == overviewRows || z.Now.Sub(r.Finished) > 7*24*time.Hour && !r.Finished.IsZero() {
			continue
		}
		needs = append(needs, templates.Need{Name: templates.Link{Text: r.Title, Href: "/runs/" + r.ID}, Where: backupRunKinds[r.Kind], What: oneLine(r.Message, 160), Badge: stateBadge(r.State),
			Since: templates.Span(z.Now.Sub(r.Created)), Exact: z.At(r.Created).Exact, Action: &templates.Action{Label: "See what to do", Href: "/runs/" + r.ID, Small: true}})
	}
	return moving, needs, err
}

// protectionTabs choose among databases.
var protectionTabs = []struct {
	key, label string
	filter     backup.ProtectionFilter
}{
	{"", "All", backup.ProtectionFilter{}},
	{"late", "Late", backup.ProtectionFilter{OnlyLate: true}},
	{"unprotected", "Cannot be restored", backup.ProtectionFilter{OnlyUnprotected: true}},
	{"broken", "Chain broken", backup.ProtectionFilter{OnlyBroken: true}},
}

func protectionFilterOf(show string) (backup.ProtectionFilter, error) {
	for _, t := range protectionTabs {
		if t.key == show {
			return t.filter, nil
		}
	}
	return backup.ProtectionFilter{}, invalid(fmt.Sprintf("%q is none of the lists.", show), "Choose late, unprotected or broken.")
}
