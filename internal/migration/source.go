package migration

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// backUpNext does what is next at the source now; see bringNext.
func (j *job) backUpNext(ctx context.Context) error {
	m, err := j.Store.Migration(ctx, j.id)
	if err != nil {
		return err
	}
	b, err := j.Store.Calls(ctx, m.InstanceID, m.Database, j.Now().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	act := NextAtSource(m, b, j.Now(), j.SourceBackups)
	if act.Do == SourceNothing || act.Do == SourceRest || act.Do == SourceQueue {
		return nil
	}
	return j.take(ctx, m, act)
}

// take does one thing at the source.
func (j *job) take(ctx context.Context, m Migration, act SourceAction) error {
	server, place, err := j.Ports.Server(ctx, m.LiveSource.ServerID)
	if err != nil {
		return err
	}
	switch act.Do {
	case SourceReconcile:
		return j.reconcileBackup(ctx, m, server, act.SourceBackup)
	case SourceHistory:
		return j.lookHistory(ctx, m, server, place)
	case SourceGiveBack:
		return j.giveBack(ctx, m, server)
	case SourceProve:
		return j.prove(ctx, m, server)
	}
	return j.order(ctx, m, server, place, act)
}

// order writes a backup down and has it taken. The tail does not queue behind
// other databases' backups: writes stand still while it waits.
func (j *job) order(ctx context.Context, m Migration, server backup.Server, place Place, act SourceAction) error {
	if act.Do != SourceFreeze {
		leave, err := backup.Enter(ctx, j.Limits, m.LiveSource.ServerID, m.SourceDatabase, j.Caps.Backups)
		if err != nil {
			return err
		}
		defer leave()
		if now, err := j.Store.Migration(ctx, j.id); err != nil || len(now.LiveSource.SourceBackups) == 0 && now.Ahead > 0 {
			return err // the order was changed while it waited for its turn
		}
	}
	if away, err := j.forked(ctx, m, server); err != nil {
		return err
	} else if away {
		return j.stand(ctx, m, sourceForked(m, "source"))
	}
	if act.Do == SourceFreeze && m.LiveSource.Freeze != FreezeStopped {
		d, err := server.Database(ctx, m.SourceDatabase)
		if why, fix, yes := d.Unfreezable(); yes {
			return j.stand(ctx, m, &Problem{Code: "group", Step: "source", Cause: why, Fix: fix, Actions: []Button{ButtonRetry, ButtonAbort}})
		} else if err != nil {
			return err
		}
	}
	now := j.Now()
	t := SourceBackup{ID: j.NewID(), Kind: act.Kind, Tail: act.Do == SourceFreeze, Intended: now}
	t.Name, t.Key = SourceBackupName(m, act.Kind, now)
	stripes, err := j.stripes(ctx, m, server, act.Kind)
	if err != nil {
		return err
	}
	t.Key = StripedKey(t.Key, stripes)
	t.Path = place.Path(t.Key)
	c := Change{SourceBackup: &t, Steps: []run.Step{{Key: sourceBackupStep(t), Title: sourceBackupTitle(t), State: run.StepActive, Started: now, Total: 100}}}
	if t.Tail && m.LiveSource.Freeze == FreezeStopped {
		before, ok, err := j.readWriteActivity(ctx, m, server)
		if err != nil || !ok {
			return err
		}
		c.Before = &before
	}
	if t.Tail && m.LiveSource.Frozen.IsZero() {
		c.Frozen = &now // from here on writes may be stopped
		c.Events = j.event(sourceBackupStep(t), run.Info, freezeEvent(m.LiveSource.Freeze))
		c.Audit = j.audit(m, "migration.freeze", "Froze "+m.SourceDatabase+" ("+string(m.LiveSource.Freeze)+").")
	}
	if err := j.note(ctx, c); err != nil {
		return err
	}
	if m.LiveSource.coversGap() {
		if err := j.logged(ctx, m, server, t); err != nil {
			return j.backupRefused(ctx, m, server, t, err)
		}
	}
	if t.Tail && m.LiveSource.Freeze == FreezeReadOnly {
		if err := server.SetReadOnly(ctx, m.SourceDatabase, true); err != nil {
			return j.backupRefused(ctx, m, server, t, err)
		}
	}
	last := time.Time{}
	err = server.Backup(ctx, backup.BackupCall{Database: m.SourceDatabase, Kind: backup.Kind(t.Kind), Tail: t.Tail && m.LiveSource.Freeze == FreezeTail,
		Name: t.Name, Files: place.Paths(t), Compress: m.LiveSource.Compress}, func(percent float64) {
		if now := j.Now(); now.Sub(last) >= time.Second {
			last = now
			_ = j.Runs.Progress(ctx, j.claim, sourceBackupStep(t), int64(percent), 100, 0) // the next one makes up for a lost one
		}
	})
	switch {
	case err == nil:
		return j.taken(ctx, m, t, Accepted)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.Is(err, fault.Unavailable):
		message, _ := fault.Texts(err)
		return j.note(ctx, Change{Events: j.event(sourceBackupStep(t), run.Warning, words.Say("%s Looking whether the backup was taken.", message))})
	}
	return j.backupRefused(ctx, m, server, t, err)
}

func (j *job) backupRefused(ctx context.Context, m Migration, server backup.Server, t SourceBackup, err error) error {
	message, _ := fault.Words(err)
	t.Verdict, t.Settled, t.Error = Refused, j.Now(), message
	p := j.explainSource(ctx, m, server, t, err)
	c := Change{SourceBackup: &t, Problem: &p,
		Steps:  []run.Step{{Key: sourceBackupStep(t), Title: sourceBackupTitle(t), State: run.StepFailed, Finished: t.Settled, Message: p.Cause}},
		Events: j.event(sourceBackupStep(t), run.Problem, p.Cause)}
	if t.Tail && writable(ctx, server, m) {
		never := time.Time{}
		c.Frozen = &never
	}
	return j.note(ctx, c)
}

// taken makes a file of a finished backup. What it holds is read from the file
// itself, not believed of the order.
func (j *job) taken(ctx context.Context, m Migration, t SourceBackup, v Verdict) error {
	files, set, err := j.filesOfBackup(ctx, m, t)
	if fault.Is(err, fault.NotFound) {
		return j.takenAndRemoved(ctx, m, t, v, err)
	}
	if err != nil {
		return fmt.Errorf("read backup just taken: %w", err)
	}
	f := files[0]
	if f.Kind == string(backup.Differential) && !f.BaseGUID.IsZero() && len(m.Chain()) > 0 && f.BaseGUID != m.Chain()[0].SetGUID {
		return j.otherBase(ctx, m, t, v)
	}
	if f.Kind == string(backup.Log) && departs(m, set) {
		if err := j.unused(ctx, t, v, words.Say("It does not follow what the target has: the source was restored, reverted or made anew since.")); err != nil {
			return err
		}
		return j.stand(ctx, m, sourceForked(m, sourceBackupStep(t)))
	}
	if reached := m.taken(); f.Kind == string(backup.Log) && f.FirstLSN.Compare(reached) > 0 {
		if m.LiveSource.coversGap() {
			return j.unused(ctx, t, v, words.Say("It does not join what was taken before; the differential that follows covers what it holds."))
		}
		// Somebody took a log in between; theirs comes first, and what they took
		// after ours comes later: the look ends at ours, which is noted by now.
		if m, err = j.Store.Migration(ctx, j.id); err != nil {
			return err
		}
		server, place, err := j.Ports.Server(ctx, m.LiveSource.ServerID)
		if err != nil {
			return err
		}
		if err := j.lookHistory(ctx, m, server, place); err != nil {
			return err
		}
		if m, err = j.Store.Migration(ctx, j.id); err != nil || m.Problem != nil {
			return err // the order stays without verdict until the link is there
		}
		if m.taken() == reached {
			return j.stand(ctx, m, j.logLost(ctx, m, server, sourceBackupStep(t), reached, f.FirstLSN))
		}
		return j.taken(ctx, m, t, v)
	}
	now := j.Now()
	t.Verdict, t.Settled, t.File = v, now, f.Ord
	c := Change{SourceBackup: &t, Files: files,
		Steps:  []run.Step{{Key: sourceBackupStep(t), Title: sourceBackupTitle(t), State: run.StepDone, Finished: now, Done: 100, Total: 100}},
		Events: j.event(sourceBackupStep(t), run.Info, words.Say("%s is taken, up to LSN %s.", path.Base(t.Key), f.LastLSN))}
	if t.Tail {
		c.Tail = &f.LastLSN
	}
	return j.note(ctx, c)
}

func (j *job) filesOfBackup(ctx context.Context, m Migration, t SourceBackup) ([]File, backup.Set, error) {
	_, place, err := j.Ports.Server(ctx, m.LiveSource.ServerID)
	if err != nil {
		return nil, backup.Set{}, err
	}
	bucket, err := j.Ports.Bucket(ctx, place.BucketID)
	if err != nil {
		return nil, backup.Set{}, err
	}
	set, size, err := readSet(ctx, bucket, StripeKeys(t.Key), backup.GUID{})
	if err != nil {
		return nil, set, err
	}
	files := filesOfSet(set, size)
	for i := range files {
		files[i].Ord = nextOrd(m) + i
		files[i].Key = StagedKey(m, place, files[i].Source)
		if place.BucketID != m.SourceID {
			files[i].From = place.BucketID
		}
	}
	return files, set, nil
}

// StagedKey is where a backup just taken lies for the target: where it was
// taken, if the target reads that folder too.
func StagedKey(m Migration, place Place, key string) string {
	if m.Traits.OwnFolder() && place.BucketID == m.StagingID {
		return key
	}
	return m.StagingPrefix + path.Base(key)
}

func nextOrd(m Migration) int {
	next := 1
	for _, f := range m.Files {
		next = max(next, f.Ord+1)
	}
	return next
}

// reconcileBackup asks msdb whether an order without an answer became a backup.
func (j *job) reconcileBackup(ctx context.Context, m Migration, server backup.Server, t SourceBackup) error {
	rows, err := server.Named(ctx, m.SourceDatabase, t.Name, t.Intended)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		return j.taken(ctx, m, t, Adopted)
	}
	running, err := server.Running(ctx, m.SourceDatabase)
	if err != nil {
		return err
	}
	if len(running) > 0 || j.Now().Before(t.Intended.Add(j.SourceBackups.Settle)) {
		return rest(ctx, min(j.SourceBackups.Settle/4, time.Second)) // still at work, or perhaps on its way
	}
	switch whole, err := j.lies(ctx, m, t); {
	case err != nil:
		return err
	case whole:
		return j.taken(ctx, m, t, Adopted)
	}
	t.Verdict, t.Settled, t.Error = Void, j.Now(), "never carried out"
	c := Change{SourceBackup: &t, Events: j.event(sourceBackupStep(t), run.Warning, words.Say("The backup was not taken; it is ordered again.")),
		Steps: []run.Step{{Key: sourceBackupStep(t), Title: sourceBackupTitle(t), State: run.StepSkipped, Finished: t.Settled, Message: words.Say("Not carried out.")}}}
	if t.Tail && writable(ctx, server, m) {
		never := time.Time{}
		c.Frozen = &never
	}
	return j.note(ctx, c)
}

// lies reports whether a backup lies whole in its folder under the NAME that
// was ordered, although msdb does not know it: a server whose msdb takes no rows
// (error 3009) takes backups all the same.
func (j *job) lies(ctx context.Context, m Migration, t SourceBackup) (bool, error) {
	_, place, err := j.Ports.Server(ctx, m.LiveSource.ServerID)
	if err != nil {
		return false, err
	}
	bucket, err := j.Ports.Bucket(ctx, place.BucketID)
	if err != nil {
		return false, err
	}
	s, _, err := readSet(ctx, bucket, StripeKeys(t.Key), backup.GUID{})
	if fault.Is(err, fault.Unavailable) {
		return false, err
	}
	return err == nil && s.Name == t.Name, nil
}

// writable reports whether the server says that the source takes writes. Only
// then is a freeze that failed said to be over.
func writable(ctx context.Context, server backup.Server, m Migration) bool {
	d, err := server.Database(ctx, m.SourceDatabase)
	return err == nil && d.State == "ONLINE" && !d.ReadOnly && !keptOut(m, d)
}

// keptOut reports whether applications are shut out of the source by what a
// tail may leave behind: SINGLE_USER or RESTRICTED_USER.
func keptOut(m Migration, d backup.Database) bool {
	return m.LiveSource.Freeze == FreezeTail && d.UserAccess != "" && d.UserAccess != "MULTI_USER"
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// taken is the last LSN of the files known, in or on their way to the target.
func (m Migration) taken() (lsn bakfile.LSN) {
	for _, f := range m.Chain() {
		if f.LastLSN.Compare(lsn) > 0 {
			lsn = f.LastLSN
		}
	}
	return lsn
}

// giveBack makes the source writable again after an abort and says so only
// when the server does. One that was never frozen is not asked: it may be gone,
// or out of reach, and that must not hold the abort.
func (j *job) giveBack(ctx context.Context, m Migration, server backup.Server) error {
	if !m.LiveSource.EverFrozen() {
		return j.leaveSource(ctx, words.Say("Writes to the source were never stopped: it stays as it is."))
	}
	d, err := server.Database(ctx, m.SourceDatabase)
	if m.LiveSource.Frozen.IsZero() && fault.Is(err, fault.NotFound) {
		return j.leaveSource(ctx, words.Say("The source does not exist any more; it was not frozen when it was last seen."))
	}
	if err != nil {
		return err
	}
	if d.State == "RESTORING" || keptOut(m, d) {
		err = server.Recover(ctx, m.SourceDatabase)
	} else if d.ReadOnly && m.LiveSource.Freeze == FreezeReadOnly {
		err = server.SetReadOnly(ctx, m.SourceDatabase, false)
	}
	if err != nil {
		return err
	}
	if d, err = server.Database(ctx, m.SourceDatabase); err != nil {
		return err
	}
	if d.State != "ONLINE" || (d.ReadOnly && m.LiveSource.Freeze == FreezeReadOnly) || keptOut(m, d) {
		return fault.Newf(fault.Unavailable, "The source is %s %s after it was given back.", d.State, d.UserAccess).WithFix("Look at its error log.")
	}
	now := j.Now()
	return j.note(ctx, Change{GivenBack: &now, Events: j.event("give-back", run.Info, words.Say("The source is writable again.")),
		Steps: []run.Step{{Key: "give-back", Title: words.Say("Give the source back"), State: run.StepDone, Started: now, Finished: now}},
		Audit: j.audit(m, "migration.give-back", m.SourceDatabase+" is writable again.")})
}

// leaveSource lets an abort go on where there is nothing to give back.
func (j *job) leaveSource(ctx context.Context, why words.Text) error {
	now := j.Now()
	return j.note(ctx, Change{GivenBack: &now, Events: j.event("give-back", run.Info, why),
		Steps: []run.Step{{Key: "give-back", Title: words.Say("Give the source back"), State: run.StepSkipped, Started: now, Finished: now, Message: why}}})
}

// backupFailed tells a backup that may work later from one a person must look at.
func (j *job) backupFailed(ctx context.Context, m Migration, err error) error {
	if fault.Is(err, fault.Unavailable) || ctx.Err() != nil || errors.Is(err, context.Canceled) || fault.Of(err) == fault.Unknown {
		return err
	}
	p := &Problem{}
	if server, _, serverErr := j.Ports.Server(ctx, m.LiveSource.ServerID); serverErr == nil {
		p = j.explainSource(ctx, m, server, SourceBackup{}, err)
	} else {
		p = m.refusedProblem(err)
	}
	p.Step = "source"
	return j.stand(ctx, m, p)
}
