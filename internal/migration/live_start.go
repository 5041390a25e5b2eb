package migration

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// LiveRequest is what a person chose for a migration from a server at work.
type LiveRequest struct {
	ServerID, Source string // server and its database
	InstanceID       string // target
	Database         string // name on the target; empty = the source's
	StagingID        string
	StagingPrefix    string        // empty = bakplane/
	Every            time.Duration // between log backups; 0 = the smallest that the day's imports allow
	Freeze           Freeze        // empty = tail
	Check            CheckMode     // empty = async
	Compress         bool
	Keep             Keeping
	Traits           endpoint.Traits // of the target
}

// UsualEvery is from one log backup to the next where nothing was chosen and
// the target counts no calls.
const UsualEvery = 15 * time.Minute

// Draft fills in what was left open and makes the migration it would be.
// folderID is the bucket through which the server's backups are seen.
func (w LiveRequest) Draft(folderID string) (Migration, error) {
	if w.Database == "" {
		w.Database = w.Source
	}
	if w.StagingPrefix == "" {
		w.StagingPrefix = "bakplane/"
	}
	if w.Every == 0 {
		w.Every = max(UsualEvery, SmallestEvery(w.Traits.Calls, ImportsKept))
	}
	if w.Freeze == "" {
		w.Freeze = FreezeTail
	}
	if w.Check == "" {
		w.Check = CheckAsync
	}
	switch {
	case w.Every < time.Minute || w.Every > 24*time.Hour:
		return Migration{}, fault.New(fault.Invalid, "The interval between log backups is out of range.", "Choose one minute to 24 hours.")
	case w.Freeze != FreezeTail && w.Freeze != FreezeReadOnly && w.Freeze != FreezeStopped:
		return Migration{}, fault.Newf(fault.Invalid, "%q is not a way to freeze.", w.Freeze).WithFix("Choose tail, readonly or stopped.")
	case w.Check != CheckAsync && w.Check != CheckSync:
		return Migration{}, fault.Newf(fault.Invalid, "%q is not a way to check.", w.Check).WithFix("Choose async or sync.")
	}
	if w.InstanceID == w.ServerID && strings.EqualFold(w.Database, w.Source) {
		return Migration{}, fault.Newf(fault.Invalid, "%s would be restored over itself: source and target are the same server.", w.Source).
			WithFix("Give the database another name on the target, or choose another server. Its files then get names of their own.")
	}
	if err := w.Keep.check(w.Traits, Pending); err != nil {
		return Migration{}, err
	}
	if why := BadDatabaseName(w.Database); !why.IsZero() {
		return Migration{}, fault.Told(fault.Invalid, why, words.Say("Choose another name for the database on the target."))
	}
	return Migration{Database: w.Database, SourceDatabase: w.Source, InstanceID: w.InstanceID, Traits: w.Traits, SourceID: folderID, StagingID: w.StagingID, StagingPrefix: w.StagingPrefix,
		Mode: Pending, Check: w.Check, Keep: w.Keep, LiveSource: &LiveSource{ServerID: w.ServerID, Every: w.Every, Freeze: w.Freeze, Compress: w.Compress}}, nil
}

// Origin is what a preflight learned of a source, to begin with.
type Origin struct {
	Server  string // its own name
	Family  bakfile.GUID
	History int64  // newest backup_set_id seen
	Decided string // what a person decided about DBCC CHECKDB: CheckSkipped or CheckAccepted
}

// StartLive creates a migration that follows a source and queues its run.
func StartLive(ctx context.Context, store Store, m Migration, from Origin, findings []Finding, newID func() string, by By) (id string, err error) {
	for _, f := range findings {
		if f.Level == Barred {
			return "", fault.Told(fault.Invalid, f.Text, f.Fix)
		}
	}
	m.ID, m.RunID, m.Created = newID(), newID(), by.At
	m.SourceServer, m.Family = from.Server, from.Family
	m.LiveSource.History = from.History
	r := run.Run{ID: m.RunID, Kind: RunKind, Subject: m.ID, Title: words.Say("Migrate %s", m.Database), Created: by.At}
	e := by.Entry("migration.start", m.ID, fmt.Sprintf("Started migrating %s from %s at work.", m.SourceDatabase, from.Server)).
		With(nil, map[string]any{"database": m.Database, "server": m.LiveSource.ServerID, "instance": m.InstanceID, "every": m.LiveSource.Every.String(), "freeze": m.LiveSource.Freeze, "checkdb": decidedWords(from.Decided, findings)})
	return m.ID, store.Create(ctx, m, r, e)
}

// What a person may decide about a DBCC CHECKDB that is not fresh.
const (
	CheckSkipped  = "skip"
	CheckAccepted = "accept"
)

// decidedWords say on which DBCC CHECKDB a migration began.
func decidedWords(decided string, fs []Finding) string {
	for _, f := range fs {
		switch {
		case f.Code != "checkdb":
		case f.Level == Passed:
			return f.Text.String()
		case decided == CheckAccepted:
			return "accepted: " + f.Text.String()
		case decided == CheckSkipped:
			return "skipped by a person: " + f.Text.String()
		default:
			return "nothing was decided: " + f.Text.String()
		}
	}
	return ""
}

// OrderCutover asks to freeze the source, ship the tail and open the target.
func OrderCutover(ctx context.Context, s Store, id string, by By) error {
	return OrderPredictedCutover(ctx, s, id, Stop{}, by)
}

// OrderPredictedCutover is OrderCutover that keeps what was predicted, to be
// compared with what comes.
func OrderPredictedCutover(ctx context.Context, s Store, id string, predicted Stop, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := Cutover(m)
		d.Predicted = predicted
		return d, by.Entry("migration.cutover", id, "Ordered the cutover of "+m.Database+"."), err
	})
}

// OrderOneMore asks for one more log after something was written behind the
// last one, and lets the cutover go on from there.
func OrderOneMore(ctx context.Context, s Store, id string, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := OneMore(m)
		return d, by.Entry("migration.one-more", id, "Ordered one more log of "+m.SourceDatabase+" before the cutover.").With(m.Problem, nil), err
	})
}

// OrderGapDifferential asks for a differential backup that covers a log which is lost.
func OrderGapDifferential(ctx context.Context, s Store, id string, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := GapDifferential(m)
		return d, by.Entry("migration.bridge", id, "Ordered a differential backup of "+m.SourceDatabase+" over the log that is lost.").With(m.Problem, nil), err
	})
}

// OrderAbort asks to give the source back and to end the target's task.
func OrderAbort(ctx context.Context, s Store, id, typed string, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		if typed != m.Database {
			return Decision{}, audit.Entry{}, fault.Newf(fault.Invalid, "The name typed is not %s.", m.Database).WithFix("Type the name of the database on the target to abort.")
		}
		d, err := Abort(m)
		d.Why = AbortWhy(m, "")
		return d, by.Entry("migration.abort", id, "Ordered to abort the migration of "+m.Database+" and give the source back."), err
	})
}

// AbortWhy is why a migration was given up: what the person wrote, and what was
// in its way.
func AbortWhy(m Migration, why string) string {
	switch {
	case m.Problem == nil:
		return why
	case why == "":
		return "It stood still: " + m.Problem.Cause.String()
	}
	return why + " It stood still: " + m.Problem.Cause.String()
}

// Lag is how far the target is behind a source at work.
type Lag struct {
	Bytes int64         // of log not yet backed up; -1 = unknown
	Since time.Duration // since the newest backup the target has applied
}

// LagOf measures the lag from what the source says now.
func LagOf(m Migration, d backup.Database, now time.Time) Lag {
	lag := Lag{Bytes: d.LogBytesSinceBackup}
	for _, f := range m.Chain() {
		if f.State == FileApplied {
			lag.Since = now.Sub(f.Started)
		}
	}
	return lag
}
