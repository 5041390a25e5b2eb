package migration

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// By is who orders something, and when.
type By struct {
	Actor audit.Actor
	At    time.Time
}

func (b By) Entry(action, id, summary string) audit.Entry {
	return audit.New(b.Actor, b.At, action, "migration/"+id, summary)
}

// Start creates the migration of a draft and queues its run. The findings are
// those of a preflight just made; one that bars the way is refused here too.
func Start(ctx context.Context, s Store, d Draft, findings []Finding, newID func() string, by By) (id string, err error) {
	if d.Plan == nil || len(d.Files) == 0 {
		return "", fault.New(fault.Invalid, "There is nothing to migrate: no chain could be planned.", "See what is missing beside the files.")
	}
	if err := whole(d.Plan); err != nil && (!d.Request.Partly || d.Plan.Choice != nil) {
		return "", err
	}
	if d.Request.Partly && d.Request.OpenWhenApplied && !d.Plan.Whole() {
		return "", fault.New(fault.Invalid, "A chain that something is missing from is not opened by itself.", "Open it by hand once the missing files are added, or not at all.")
	}
	for _, f := range findings {
		if f.Level == Barred {
			return "", fault.Told(fault.Invalid, f.Text, f.Fix)
		}
	}
	m := d.Migration
	m.ID, m.RunID, m.Created = newID(), newID(), by.At
	r := run.Run{ID: m.RunID, Kind: RunKind, Subject: m.ID, Title: words.Say("Migrate %s", m.Database), Created: by.At}
	e := by.Entry("migration.start", m.ID, fmt.Sprintf("Started migrating %s from %s.", m.Database, words.Count(len(m.Files), "file", "files"))).
		With(nil, map[string]any{"database": m.Database, "instance": m.InstanceID, "staging": m.StagingID, "mode": m.Mode, "check": m.Check, "files": keys(m.Files)})
	return m.ID, s.Create(ctx, m, r, e)
}

func keys(files []File) (out []string) {
	for _, f := range files {
		out = append(out, f.Key)
	}
	return out
}

// OrderOpen asks to open the database now that everything is applied.
func OrderOpen(ctx context.Context, s Store, id string, check CheckMode, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := Open(m, check)
		return d, by.Entry("migration.open", id, fmt.Sprintf("Ordered to open %s at LSN %s.", m.Database, m.AppliedTo())).
			With(nil, map[string]any{"check": d.Check}), err
	})
}

// OrderRetry asks to go on from where it stands.
func OrderRetry(ctx context.Context, s Store, id string, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := Retry(m)
		return d, by.Entry("migration.retry", id, "Ordered to retry from here.").With(m.Problem, nil), err
	})
}

// OrderTerminate asks to end the migration and its task at the target.
func OrderTerminate(ctx context.Context, s Store, id, typed string, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := Terminate(m, typed)
		return d, by.Entry("migration.terminate", id, "Ordered to terminate the migration of "+m.Database+"."), err
	})
}

// OrderFiles adds increments: those among seen that bring the database further.
func OrderFiles(ctx context.Context, s Store, id string, seen []Seen, samePlace bool, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		more, err := More(m, seen, samePlace)
		if err != nil {
			return Decision{}, audit.Entry{}, err
		}
		d, err := Extend(m, more.Files)
		return d, by.Entry("migration.add-files", id, fmt.Sprintf("Added files to the migration of %s.", m.Database)).
			With(nil, map[string]any{"files": keys(more.Files)}), err
	})
}

// More plans from what the target has already applied.
func More(m Migration, seen []Seen, samePlace bool) (Draft, error) {
	chain := m.Chain()
	if len(chain) == 0 {
		return Draft{}, fault.New(fault.Conflict, "The migration has no files.", "Start a new one.")
	}
	w := FilesRequest{SourceID: m.SourceID, SourcePrefix: m.SourcePrefix, StagingID: m.StagingID, StagingPrefix: m.StagingPrefix,
		InstanceID: m.InstanceID, Database: m.Database, Mode: m.Mode, Check: m.Check, Traits: m.Traits}
	o := backup.Options{Family: m.Family, Base: chain[0].SetGUID}
	if !m.StopAt.IsZero() {
		w.StopAt, o.StopAt = &m.StopAt, &m.StopAt
	}
	if chain[0].State == FileApplied || chain[0].State == FileSent {
		o.Applied = &backup.Applied{Base: chain[0].SetGUID}
		for _, f := range chain {
			if f.State == FileApplied || f.State == FileSent {
				o.Applied.Last, o.Applied.Fork, o.Applied.Logs = f.LastLSN, f.ForkID, o.Applied.Logs || f.Kind == string(backup.Log)
			}
		}
	}
	d := Draft{Request: w, Seen: seen, Migration: m}
	d.Databases = backup.Plans(Sets(seen), o)
	if d.Plan = chosen(d.Databases, m.Family); d.Plan == nil {
		return d, fault.Newf(fault.Invalid, "None of these files is a backup of %s.", m.SourceDatabase).
			WithFix("Choose the folder with its newer differential or log backups.")
	}
	d.Files = filesOf(d.Plan, seen, w, samePlace, 1)
	if d.Plan.Choice != nil || len(d.Files) == 0 {
		return d, whole(d.Plan)
	}
	return d, nil
}

// whole says what a plan lacks.
func whole(p *backup.Plan) error {
	switch {
	case p.Choice != nil:
		return fault.Told(fault.Invalid, words.Plain(p.Choice.Words), words.Plain(p.Choice.Fix))
	case len(p.Missing) > 0:
		return fault.Told(fault.Invalid, words.Plain(p.Missing[0].Words), words.Plain(p.Missing[0].Fix))
	}
	return nil
}
