package migration

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
)

// oneOwn is a target that is a server of one's own.
type oneOwn struct{ *cloud }

func (h oneOwn) HostFacts(context.Context, string, []bakfile.DataFile) (HostFacts, error) {
	return HostFacts{}, nil
}
func (h oneOwn) InterruptedRestore(context.Context, string) (time.Time, error) {
	return time.Time{}, nil
}
func (h oneOwn) OpenWritable(context.Context, string, string, CheckMode, string) error {
	h.said("open writable")
	return nil
}

// TestOnlyAFreezeThatTravelledIsUndone at the target.
func TestOnlyAFreezeThatTravelledIsUndone(t *testing.T) {
	for freeze, want := range map[Freeze]string{FreezeTail: "open", FreezeStopped: "open", FreezeReadOnly: "open writable"} {
		d, j := at(cutOver(freeze, func(m *Migration) { m.Traits = serverTraits }), t0)
		j.target = oneOwn{&d.target}
		if err := j.open(t.Context(), d.m); err != nil || !slices.Contains(d.log, want) {
			t.Errorf("%s: %v, %v", freeze, d.log, err)
		}
	}
}

// TestAnInterruptedRestoreBeginsAnew when what it left is certainly ours; what
// is not is a problem for a person.
func TestAnInterruptedRestoreBeginsAnew(t *testing.T) {
	for name, tc := range map[string]struct {
		status  TaskStatus
		created time.Time
		anew    bool
	}{
		"ours": {TaskFailed, t0.Add(time.Second), true}, "there before": {TaskFailed, t0.Add(-time.Hour), false}, "at work": {TaskRunning, t0.Add(time.Second), false},
	} {
		d, j := at(following(func(m *Migration) { m.Traits, m.Files[0].State = serverTraits, FileSent }), t0.Add(time.Minute))
		d.target.task = Task{Status: tc.status, InterruptedRestore: tc.created}
		if err := j.look(t.Context(), d.m); err != nil {
			t.Fatal(err)
		}
		c := d.last()
		if anew := c.TaskID != nil && *c.TaskID == "" && c.Call != nil && c.Call.Verdict == Void; anew != tc.anew || (d.m.Problem != nil) != (!tc.anew && tc.status == TaskFailed) {
			t.Errorf("%s: anew %v, %+v", name, anew, d.m.Problem)
		}
	}
}

// untold is a target that does not tell of files.
type untold struct {
	*cloud
	err error
}

func (u untold) TaskFiles(context.Context, string) ([]TaskFile, error) { return nil, u.err }

// TestATargetThatTellsOfNoFiles is read by its task alone; one that is out of
// reach is not read.
func TestATargetThatTellsOfNoFiles(t *testing.T) {
	for kind, ok := range map[fault.Kind]bool{fault.Invalid: true, fault.NotFound: true, fault.Unavailable: false, fault.Denied: false} {
		d, j := at(following(nil), t0)
		j.target = untold{&d.target, fault.New(kind, "No.", "")}
		if _, err := j.state(t.Context(), d.m); (err == nil) != ok {
			t.Errorf("%v: %v", kind, err)
		}
	}
}

// TestHowAMigrationEnds: open it succeeded, and contents are compared where
// both sides can be read; else it is terminated and what was half-sent goes.
func TestHowAMigrationEnds(t *testing.T) {
	open := func(m *Migration) { m.Opened = t0 }
	for _, tc := range []struct {
		name    string
		m       Migration
		want    Stage // empty = nothing is written
		state   run.State
		compare bool
	}{
		{"open", following(open), StageOpened, run.Succeeded, false},
		{"cut over by the tail", cutOver(FreezeTail, open), StageOpened, run.Succeeded, false},
		{"cut over READ_ONLY", cutOver(FreezeReadOnly, open), StageOpened, run.Succeeded, true},
		{"ended before", cutOver(FreezeReadOnly, func(m *Migration) { open(m); m.Stage = StageOpened }), "", run.Succeeded, false},
		{"terminated", following(nil), StageTerminated, run.Canceled, false},
		{"terminated, half-sent", following(func(m *Migration) { m.Files[1].State = FileUploading }), StageTerminated, run.Canceled, false},
	} {
		d, j := at(tc.m, t0.Add(time.Hour))
		out, done, err := j.finish(t.Context(), d.m)
		c := d.last()
		if err != nil || !done || out.State != tc.state || c.Stage != tc.want || (c.Comparison != nil) != tc.compare || (c.Finished != nil) != (tc.want != "") {
			t.Errorf("%s: %+v, %v, %+v", tc.name, out.State, err, c)
		}
		if forgot := slices.Contains(d.log, "forget"); forgot != (tc.name == "terminated, half-sent") {
			t.Errorf("%s: half-sent uploads are thrown away: %v", tc.name, forgot)
		}
	}
}

// sent is the ledger of one file, of which nothing is known but an upload that
// was begun.
type sent struct {
	objectstore.Ledger
	*desk
	ord int
}

func (l sent) Load(context.Context) (s objectstore.State, err error) {
	s.ID = l.half[l.ord]
	return s, nil
}
func (l sent) Forget(context.Context) error {
	l.said("forget")
	delete(l.half, l.ord)
	return nil
}

func (d *desk) Ledger(_ run.Claim, _ string, ord int) objectstore.Ledger {
	return sent{desk: d, ord: ord}
}

func (b *shelf) Abort(_ context.Context, _ string, id objectstore.UploadID) error {
	b.aborted = append(b.aborted, id)
	return nil
}

func (b *shelf) Uploads(context.Context, string, int) ([]objectstore.Unfinished, error) {
	return nil, nil
}

// TestPartsOfDroppedFilesAreThrownAway before the next file is brought, and
// with the end: a file that was half-sent when a decision dropped it.
func TestPartsOfDroppedFilesAreThrownAway(t *testing.T) {
	m := following(func(m *Migration) {
		m.SourceID, m.StagingID = "b", "b"
		m.Files[0].State = FileDropped // sent whole: its object stays
		m.Files[0].Staged = t0
		m.Files[1].State = FileDropped
		next := file(3, "log", FilePlanned, 20, 30)
		next.Source = next.Key
		m.Files = append(m.Files, next)
	})
	for what, run := range map[string]func(*job) error{
		"before the next": func(j *job) error { return j.bringNext(t.Context()) },
		"with the end":    func(j *job) error { return j.abortUploads(t.Context(), m) },
	} {
		d, j := at(m, t0)
		d.half = map[int]objectstore.UploadID{1: "whole", 2: "half"}
		err := run(j)
		if what == "before the next" && !fault.Is(err, fault.NotFound) || what == "with the end" && err != nil {
			t.Errorf("%s: %v", what, err) // the next file itself lies nowhere here
		}
		if !slices.Equal(d.bucket.aborted, []objectstore.UploadID{"half"}) || d.half[2] != "" {
			t.Errorf("%s: aborted %v, still noted %v", what, d.bucket.aborted, d.half)
		}
	}
}

// TestAnAbortDoesNotWaitForABackup of an hour: it is interrupted, once.
func TestAnAbortDoesNotWaitForABackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j := at(fed(func(m *Migration) { m.LiveSource.AbortAsked, m.LiveSource.SourceBackups[1].Verdict = t0, Unknown }), t0)
		all := newLanes(t.Context())
		ended := false
		all.sourceBackups.start(File{}, func(ctx context.Context) error { <-ctx.Done(); ended = true; return context.Cause(ctx) })
		if _, done, err := j.turn(t.Context(), all); done || err != nil || !ended || all.busy() || len(d.log) > 0 {
			t.Errorf("done %v, ended %v, %v, %v", done, ended, d.log, err)
		}
		all.stop()
	})
}

// TestALiveSourceBeginsFromItsOrigin: history is looked through from there on.
func TestALiveSourceBeginsFromItsOrigin(t *testing.T) {
	d, j := at(fed(nil), t0)
	if _, err := StartLive(t.Context(), d, fed(nil), Origin{History: 9}, nil, j.NewID, By{At: t0}); err != nil || d.m.LiveSource.History != 9 {
		t.Errorf("the history is looked through from %d on, %v", d.m.LiveSource.History, err)
	}
	if _, err := StartLive(t.Context(), d, fed(nil), Origin{}, []Finding{{Level: Barred}}, j.NewID, By{At: t0}); err == nil {
		t.Error("what is barred starts")
	}
}
