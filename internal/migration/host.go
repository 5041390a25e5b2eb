package migration

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// atHome says where a self-managed SQL Server finds a file, and for a full
// backup where the files of its database go.
func (j *job) atHome(ctx context.Context, m Migration, f File, in RestoreCall) (RestoreCall, error) {
	_, place, err := j.Ports.Server(ctx, m.InstanceID)
	if err != nil {
		return in, err
	}
	in.Folder = place.Folder
	host, ok := j.target.(Host)
	if f.Kind != "full" || !ok {
		return in, nil
	}
	bucket, err := j.Ports.Bucket(ctx, m.StagingID)
	if err != nil {
		return in, err
	}
	data, err := dataFiles(ctx, bucket, f)
	if err != nil {
		return in, err
	}
	hostFacts, err := host.HostFacts(ctx, m.Database, data)
	in.Moves = hostFacts.Moves
	return in, err
}

// dataFiles reads from a backup which files its database has.
func dataFiles(ctx context.Context, bucket objectstore.Bucket, f File) ([]bakfile.DataFile, error) {
	file, err := bakfile.Read(objectstore.ReaderAt(ctx, bucket, f.Key, f.Size), f.Size)
	if err != nil {
		return nil, fmt.Errorf("read header of %s: %w", f.Key, err)
	}
	for _, s := range file.Sets {
		if f.Is(s) {
			return s.Files, nil
		}
	}
	return nil, Changed(f)
}

// SetOf are the files of a file's backup set, in order: itself, or the stripes
// among which it is.
func (m Migration) SetOf(f File) (out []File) {
	if !m.Traits.Stripes {
		return []File{f}
	}
	for _, o := range m.Files {
		if o.State == FileDropped {
			continue
		}
		if o.Ord == f.Ord || o.SetGUID == f.SetGUID && !f.SetGUID.IsZero() {
			out = append(out, o)
		}
	}
	if len(out) == 0 { // dropped, and no longer among the live ones
		out = []File{f}
	}
	return out
}

// Further reports whether a file is a stripe behind the first of its set.
func (m Migration) Further(f File) bool { return m.SetOf(f)[0].Ord != f.Ord }

// Unfreezes reports whether the target must be set READ_WRITE when it is
// opened: the source was frozen READ_ONLY, and what it was set to travels in
// the log. A cloud's instance is out of reach for that.
func Unfreezes(m Migration) bool {
	return m.Traits.OpensWritable && m.LiveSource != nil && m.LiveSource.Freeze == FreezeReadOnly
}

// ComesUpReadOnly reports whether the target takes no writes when its service
// has opened it: the source was frozen READ_ONLY, and nobody sets it back then.
func ComesUpReadOnly(m Migration) bool {
	return m.LiveSource != nil && m.LiveSource.Freeze == FreezeReadOnly && !Unfreezes(m)
}

// asWanted is a task as this migration must take it: a database that came up
// read-only because of the freeze is not open yet, as nobody can work with it.
func asWanted(m Migration, t Task) Task {
	if Unfreezes(m) && t.ReadOnly && t.Status == TaskSuccess && m.Opened.IsZero() {
		t.Status, t.Description = TaskWaiting, "The database is online and takes no writes yet: it is to be set READ_WRITE."
		t.Code = "read-only"
	}
	// A service opens by a task of its own, which does not set READ_WRITE: an
	// order of which nobody knows whether it came to its end is given again.
	if c, ok := m.Unanswered(); ok && c.Verb == VerbOpen && Unfreezes(m) && !m.Traits.OwnFolder() && t.Status == TaskRunning {
		t.Status = TaskWaiting
	}
	return t
}

// restoresByItself is how often an interrupted restore is begun again before a
// person is asked: what ends each time ends for a reason.
const restoresByItself = 10

// createdEarly is how much earlier than its call a database may seem to be
// created: the clocks are compared over a connection.
const createdEarly = time.Second

// OurInterrupted reports whether a half-restored database, created at a time, is certainly
// this migration's: it was created after a restore of ours was written down,
// and Restore refuses a name that exists before. It must not have been open,
// which the target tells by calling it half-restored.
func OurInterrupted(m Migration, created time.Time) bool {
	for _, c := range m.Calls {
		if c.Verb == VerbRestore && c.Verdict != Refused && !created.IsZero() && !created.Before(c.Intended.Add(-createdEarly)) {
			return m.Traits.Restores
		}
	}
	return false
}

// RestoresAgain reports whether an interrupted restore of the full backup is
// begun again without asking anybody.
func RestoresAgain(m Migration, t Task) bool {
	n := 0
	for _, c := range m.Calls {
		if c.Verb == VerbRestore {
			n++
		}
	}
	return n <= restoresByItself && OurInterrupted(m, t.InterruptedRestore)
}

// replaces asks whether the database of this name is our own half-restored one.
func (j *job) replaces(ctx context.Context, m Migration) (bool, error) {
	host, ok := j.target.(Host)
	if !ok {
		return false, nil
	}
	created, err := host.InterruptedRestore(ctx, m.Database)
	if err != nil || created.IsZero() {
		return false, err
	}
	if !OurInterrupted(m, created) {
		return false, fault.Newf(fault.Conflict, "%s is in the middle of a restore that is not certainly this migration's.", m.Database).WithCode("interrupted-restore").
			WithFix("Find out whose it is. If nobody needs it: DROP DATABASE %s at the target, then retry.", tsql.Shown(m.Database))
	}
	return true, nil
}

// restoreAgain gives up an interrupted restore whose half-restored database is
// certainly our own: the next turn restores the full backup anew and replaces
// it.
func (j *job) restoreAgain(ctx context.Context, m Migration, s TargetState) error {
	var last Call
	for _, c := range m.Calls {
		if c.Verb == VerbRestore && c.Happened() {
			last = c
		}
	}
	none, now := "", j.Now()
	last.Verdict, last.Settled, last.Error = Void, now, "interrupted"
	return j.note(ctx, Change{Call: &last, TaskID: &none, TargetState: &s,
		Steps:  []run.Step{{Key: StepRestore, Title: stepTitle(m, StepRestore), State: run.StepSkipped, Finished: now, Message: words.Say("Interrupted; it begins anew.")}},
		Events: j.event(StepRestore, run.Warning, words.Say("The restore was interrupted. The half-made database is this migration's own: it was created after its order, by no other, and was never open. It is restored again WITH REPLACE."))})
}
