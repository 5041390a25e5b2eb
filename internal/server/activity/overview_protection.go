package activity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/activity"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// overviewRows bounds how many databases and runs the overview lists of each
// sort; the counts say how many there are.
const overviewRows = 12

// protectionFacts answer whether every database is protected as promised.
func (s *Pages) protectionFacts(ctx context.Context, z kit.Zone) ([]kit.Fact, error) {
	t, err := s.Catalogue.Count(ctx, z.Now)
	if err != nil {
		return nil, err
	}
	count := func(label string, n int, tone kit.Tone, note string) kit.Fact {
		return kit.Fact{Label: label, Value: strings.TrimSpace(kit.Count(n, "", "")), Note: note, Tone: server.ToneIf(n > 0, tone)}
	}
	facts := []kit.Fact{count("Late", t.Late, kit.ToneBad, "of "+kit.Count(t.Databases, "database", "databases")),
		count("Cannot be restored", t.Unprotected, kit.ToneBad, "no whole chain is known"),
		count("Chain broken", t.Broken, kit.ToneWarn, "restorable, but not to now"),
		{Label: "Backup sets", Value: kit.Count(int(t.Sets), "set", "sets"), Note: kit.Bytes(t.Bytes).Text + " in all copies", Words: true}}
	if t.Waived > 0 {
		facts[0].Note += fmt.Sprintf(", %d not needed", t.Waived)
	}
	if len(t.States) > 0 {
		closed, said := 0, []string{}
		for _, st := range t.States {
			closed += st.Databases
			said = append(said, fmt.Sprintf("%d %s", st.Databases, st.State))
		}
		facts = append(facts, kit.Fact{Label: "Not open", Value: kit.Count(closed, "database", "databases"), Note: strings.Join(said, ", "), Words: true})
	}
	if t.Databases > 0 && t.Late == 0 {
		facts[0].Tone = kit.ToneOK
	}
	look, err := s.lookFact(ctx, z)
	if look.Label != "" {
		facts = append(facts, look)
	}
	return facts, err
}

// lookFact says how old the oldest of the last looks at instances is: what it
// says of a database is no newer than that.
func (s *Pages) lookFact(ctx context.Context, z kit.Zone) (kit.Fact, error) {
	if s.Scans == nil {
		return kit.Fact{}, nil
	}
	looks, err := s.Scans.Visits(ctx)
	if err != nil {
		return kit.Fact{}, err
	}
	var oldest time.Time
	var silent []string
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return kit.Fact{}, err
	}
	for _, l := range looks {
		if !strings.HasPrefix(string(l.Subject), "instance/") {
			continue
		}
		id := strings.TrimPrefix(string(l.Subject), "instance/")
		if names[id] == "" {
			continue // it was removed
		}
		if l.Failures > 0 {
			silent = append(silent, names[id])
			continue
		}
		if oldest.IsZero() || l.Good.Before(oldest) {
			oldest = l.Good
		}
	}
	if oldest.IsZero() && len(silent) == 0 {
		return kit.Fact{}, nil
	}
	f := kit.Fact{Label: "Looked at", Value: "every instance answers", Note: "the oldest look was " + z.Ago(oldest), Title: z.At(oldest).Exact, Words: true}
	if len(silent) > 0 {
		slices.Sort(silent)
		f.Value, f.Tone = kit.Count(len(silent), "instance does", "instances do")+" not answer", kit.ToneWarn
		said := silent
		if len(said) > 4 {
			said = append(slices.Clone(said[:3]), fmt.Sprintf("%d more", len(said)-3))
		}
		f.Note, f.Title = strings.Join(said, ", "), strings.Join(silent, ", ")
	}
	return f, nil
}

// unprotected lists databases that are not protected as promised: those that
// are late longest first, then those that cannot be restored although nothing
// was promised, then broken chains.
func (s *Pages) unprotected(ctx context.Context, z kit.Zone) (rows []kit.ProtectionRow, err error) {
	instances, err := s.InstancesByID(ctx)
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
			row := server.ProtectionRow(z, p, instances[p.InstanceID])
			row.Action = s.NextAction(p)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// runsAtWork are runs at work that are no migrations, with their bars.
func (s *Pages) runsAtWork(ctx context.Context, z kit.Zone) (moving []views.Moving, err error) {
	running, err := s.Runs.Runs(ctx, run.Filter{States: []run.State{run.Running, run.Waiting}, Limit: 3 * overviewRows})
	if err != nil {
		return nil, err
	}
	for _, r := range running {
		if r.Kind == migration.RunKind || len(moving) == overviewRows {
			continue
		}
		m := views.Moving{Name: kit.Link{Text: r.Title.String(), Href: "/runs/" + r.ID}, What: server.FirstOf(backupjob.Kinds[r.Kind], r.Kind), Badge: server.StateBadge(r.State)}
		if r.State == run.Waiting && !r.Message.IsZero() {
			m.What += " · " + server.OneLine(r.Message.String(), 120)
		}
		steps, err := s.Runs.Steps(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, st := range steps {
			if st.State == run.StepActive {
				m.What, m.Progress = server.FirstOf(backupjob.Kinds[r.Kind], r.Kind)+" · "+st.Title.String(), server.StepProgress(st)
			}
		}
		moving = append(moving, m)
	}
	return moving, nil
}

// runsThatNeed word the runs that stand still until a person acts.
func runsThatNeed(z kit.Zone, runs []run.Run) (needs []views.Need) {
	for _, r := range runs[:min(len(runs), overviewRows)] {
		needs = append(needs, views.Need{Name: kit.Link{Text: r.Title.String(), Href: "/runs/" + r.ID}, Where: backupjob.Kinds[r.Kind], What: server.OneLine(r.Message.String(), 160), Badge: server.StateBadge(r.State),
			Since: kit.Span(z.Now.Sub(r.Created)), Exact: z.At(r.Created).Exact, Action: &kit.Action{Label: "See what to do", Href: "/runs/" + r.ID, Small: true}})
	}
	return needs
}
