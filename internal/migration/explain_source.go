package migration

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// Codes of problems at a source.
const (
	CodeGone        = "source-gone"      // dropped or renamed
	CodeRestoring   = "source-restoring" // somebody restores it, or took its tail
	CodeNotOnline   = "source-offline"
	CodeSimple      = "simple"       // the recovery model is SIMPLE now
	CodeChainBroken = "chain-broken" // it was, and is not any more
	CodeAccess      = "source-access"
)

// refusedProblem says of a refusal what the server said of it.
func (m Migration) refusedProblem(refused error) *Problem {
	p := m.refusal(refused, "", 0)
	p.Actions = []Button{ButtonRetry, ButtonAbort}
	switch {
	case fault.Is(refused, fault.Denied):
		// Login, certificate or folder: what is known of the server may be old.
		p.Code, p.Actions = CodeAccess, []Button{ButtonRetry, ButtonServer, ButtonAbort}
	case p.Code == explain.Unknown:
		p.Code = "source"
	}
	return p
}

// explainSource says why the source refused. What it tells of the database now
// says more than the refusal; t is empty when no backup was ordered.
func (j *job) explainSource(ctx context.Context, m Migration, server backup.Server, t SourceBackup, refused error) *Problem {
	p := m.refusedProblem(refused)
	if t.ID != "" {
		p.Step = sourceBackupStep(t)
		if p.Code == "source" {
			p.Code = "backup"
		}
	}
	name := m.SourceDatabase
	d, err := server.Database(ctx, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return j.gone(ctx, m, server, p)
	case err != nil || t.Tail && !m.LiveSource.Frozen.IsZero():
		return p
	case d.State == "RESTORING" && !(t.Tail && m.LiveSource.Freeze == FreezeTail):
		p.Code, p.Cause = CodeRestoring, words.Say("%s is restoring at the source: somebody restores it, or took the tail of its log WITH NORECOVERY. Nothing can be backed up until it is open.", name)
		p.Fix = words.Say("If nobody is at work on it: RESTORE DATABASE %s WITH RECOVERY, then retry. If it was restored from other backups, abort and start again.", tsql.Shown(name))
	case d.State != "ONLINE" && d.State != "RESTORING":
		p.Code, p.Cause = CodeNotOnline, words.Say("%s is %s at the source.", name, d.State)
		p.Fix = words.Say("Bring it ONLINE (the server's error log says why it is not), then retry.")
	case t.Kind == string(backup.Log) && d.RecoveryModel == "SIMPLE":
		p.Code, p.Cause = CodeSimple, words.Say("Somebody set the recovery model of %s to SIMPLE. It has no log backups, and what was written since the last one is in none.", name)
		covered := j.offerGapDifferential(ctx, m, server, p)
		if covered.Actions[0] == ButtonGapDifferential {
			covered.Fix = words.Say("Set it back to FULL and take a differential backup: it holds everything since the full backup that the target has, and the next log joins it. Find out who set it SIMPLE.")
		}
		return covered
	case t.Kind == string(backup.Log) && d.LastLogBackupLSN.IsZero():
		p.Code, p.Cause = CodeChainBroken, words.Say("The log chain of %s is broken: its recovery model was SIMPLE for a while. It is %s again, in name only until a backup begins a new chain.", name, d.RecoveryModel)
		return j.offerGapDifferential(ctx, m, server, p)
	}
	return p
}

// gone tells a database that was renamed from one that was dropped.
func (j *job) gone(ctx context.Context, m Migration, server backup.Server, p *Problem) *Problem {
	p.Code = CodeGone
	p.Cause = words.Say("There is no database %s at the source any more: it was dropped or renamed, or the login may not see it.", m.SourceDatabase)
	p.Fix = words.Say("If it was renamed, give it its name back, then retry. If it is gone, abort; writes were not stopped by this migration, and nothing of the source is left to give back.")
	if !m.LiveSource.Frozen.IsZero() {
		p.Fix = words.Say("If it was renamed, give it its name back, then retry or abort.")
	}
	all, err := server.Databases(ctx)
	if err != nil {
		return p
	}
	var fork backup.GUID
	for _, f := range m.Chain() {
		fork = f.ForkID
	}
	for _, d := range all {
		if !m.Family.IsZero() && d.Family == m.Family && (fork.IsZero() || d.Fork == fork) {
			p.Cause = words.Say("The database %s is called %s at the source now: somebody renamed it.", m.SourceDatabase, d.Name)
			p.Fix = words.Say("Give it its name back, then retry: ALTER DATABASE %s MODIFY NAME = %s. Or abort and start again under the new name.", tsql.Shown(d.Name), tsql.Shown(m.SourceDatabase))
		}
	}
	return p
}
