package migration

import (
	"cmp"
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// A log that is lost breaks the chain of logs, not that of a differential: it
// holds everything changed since the full backup that the target has, and may
// follow logs that are applied. The next log joins it.

// CodeLogLost is the problem of log that is in no backup anybody can reach.
const CodeLogLost = "log-lost"

// coversGap reports whether a differential was ordered over a lost log and is
// not taken yet.
func (f *LiveSource) coversGap() bool {
	if f.GapDifferentialAsked.IsZero() {
		return false
	}
	return !slices.ContainsFunc(f.SourceBackups, func(t SourceBackup) bool {
		return t.Kind == string(backup.Differential) && (t.Verdict == Accepted || t.Verdict == Adopted) && !t.Intended.Before(f.GapDifferentialAsked)
	})
}

// offerGapDifferential gives a problem of a lost log its way out: a differential, unless
// the source is frozen or a full backup of others has become the base of the
// next differential.
func (j *job) offerGapDifferential(ctx context.Context, m Migration, server backup.Server, p *Problem) *Problem {
	p.Actions = []Button{ButtonRetry, ButtonAbort}
	if !m.LiveSource.Frozen.IsZero() {
		p.Fix = words.Say("Writes are stopped, and a frozen source gives no differential: abort, which gives it back, and start again.")
		return p
	}
	theirs, err := foreignFull(ctx, m, server)
	switch {
	case err != nil:
		p.Fix = words.Say("Retry when the server's history can be read.")
	case theirs.ID != 0:
		p.Fix = words.Say("A differential would not help: %s took a full backup at %s, so it would build on theirs. Abort and start again with a new full backup.", theirs.User, theirs.Set.Finished.Time().Format("2006-01-02 15:04 UTC"))
	default:
		p.Fix = words.Say(explain.BridgeFix)
		p.Actions = []Button{ButtonGapDifferential, ButtonRetry, ButtonAbort}
	}
	return p
}

// logLost is the problem of log that this server's history does not know. In an
// availability group the likeliest reason is another replica that took it: each
// one's msdb knows its own backups only.
func (j *job) logLost(ctx context.Context, m Migration, server backup.Server, step string, from, to bakfile.LSN) *Problem {
	p := j.offerGapDifferential(ctx, m, server, &Problem{Code: CodeLogLost, Step: step,
		Cause: words.Say("The log from LSN %s to %s is in no backup that the server's history knows: the history was deleted, or the recovery model was SIMPLE for a while.", from, to)})
	d, err := server.Database(ctx, m.SourceDatabase)
	if err != nil || !d.InAvailabilityGroup {
		return p
	}
	group := ""
	if d.Member != nil {
		group = d.Member.Group
	}
	p.Cause = words.Say("The log from LSN %s to %s is in no backup that this server's history knows. %s is a member of an availability group (%s): another replica has taken it, and its own history alone tells of it: one that is no server here, or did not answer.", from, to, m.SourceDatabase, cmp.Or(group, "its name is not told"))
	p.Fix = words.Join(p.Fix, words.Say("Add the other replicas as servers, whose logs are followed then, or pause log backups there until the cutover: or it happens again."))
	return p
}

// foreignFull is a full backup that others took since ours and that a
// differential would build on; zero when there is none. The engine knows its
// base; msdb is asked who took it, and for the base where the engine tells none.
func foreignFull(ctx context.Context, m Migration, server backup.Server) (backup.HistoryRow, error) {
	d, err := server.Database(ctx, m.SourceDatabase)
	if err != nil {
		return backup.HistoryRow{}, err
	}
	if chain := m.Chain(); !d.BaseGUID.IsZero() && len(chain) > 0 {
		if d.BaseGUID == chain[0].SetGUID {
			return backup.HistoryRow{}, nil
		}
		rows, err := server.Recent(ctx, m.SourceDatabase, 1000)
		if i := slices.IndexFunc(rows, func(r backup.HistoryRow) bool { return r.Set.ID == d.BaseGUID }); i >= 0 {
			return rows[i], err
		}
		return backup.HistoryRow{ID: -1, User: "somebody", Set: backup.Set{ID: d.BaseGUID, Finished: backup.Moment{Local: d.BaseAt, UTC: &d.BaseAt}}}, err
	}
	var after int64
	for _, t := range m.LiveSource.SourceBackups {
		if t.Kind != string(backup.Full) || t.File == 0 {
			continue
		}
		rows, err := server.Named(ctx, m.SourceDatabase, t.Name, t.Intended)
		if err != nil {
			return backup.HistoryRow{}, err
		}
		for _, r := range rows {
			after = max(after, r.ID)
		}
	}
	rows, err := backup.HistorySince(ctx, server, m.SourceDatabase, after)
	for _, r := range rows {
		if r.Set.Kind == backup.Full && !r.Set.CopyOnly && !ours(m, r.Set.Name) && !elsewhere(m, r.Set.Family, r.Set.Fork, r.Set.FirstFork, r.Set.ForkPoint) {
			return r, err
		}
	}
	return backup.HistoryRow{}, err
}

// logged sets a source that went to SIMPLE back to FULL, so that logs follow
// the differential.
func (j *job) logged(ctx context.Context, m Migration, server backup.Server, t SourceBackup) error {
	d, err := server.Database(ctx, m.SourceDatabase)
	if err != nil || d.RecoveryModel != "SIMPLE" {
		return err
	}
	if err := server.SetRecoveryModel(ctx, m.SourceDatabase, "FULL"); err != nil {
		return err
	}
	said := words.Say("The recovery model of %s is FULL again.", m.SourceDatabase)
	return j.note(ctx, Change{Events: j.event(sourceBackupStep(t), run.Info, said), Audit: j.audit(m, "migration.recovery", said.String())})
}

// otherBase notes a differential that builds on somebody else's full backup.
// The logs still join, so they go on without it; over a lost log nothing does.
func (j *job) otherBase(ctx context.Context, m Migration, t SourceBackup, v Verdict) error {
	why := words.Say("Somebody took a full backup since ours, and the differential builds on that one: the target cannot use it.")
	if !m.LiveSource.coversGap() {
		return j.unused(ctx, t, v, words.Join(why, words.Say("Log backups follow instead.")))
	}
	if err := j.unused(ctx, t, v, why); err != nil {
		return err
	}
	return j.stand(ctx, m, &Problem{Code: "wrong-base", Step: sourceBackupStep(t), Cause: why, Fix: words.Say("Abort and start again with a new full backup. Let the others take theirs COPY_ONLY while a migration follows."), Actions: []Button{ButtonAbort}})
}

// unused settles a backup that was taken and is of no use to the target.
func (j *job) unused(ctx context.Context, t SourceBackup, v Verdict, why words.Text) error {
	t.Verdict, t.Settled, t.Error = v, j.Now(), why.String()
	return j.note(ctx, Change{SourceBackup: &t, Events: j.event(sourceBackupStep(t), run.Warning, why),
		Steps: []run.Step{{Key: sourceBackupStep(t), Title: sourceBackupTitle(t), State: run.StepSkipped, Finished: t.Settled, Message: why}}})
}
