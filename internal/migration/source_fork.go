package migration

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/words"
)

// A source that is restored over itself, reverted to a snapshot or dropped and
// made anew goes on under its name, takes backups and tells nobody. What it
// writes from then on is on another recovery fork, or of another lineage: no
// log of it joins what the target has, and no differential fits.

// CodeSourceForked is the problem of a source that does not go on from what was
// taken of it.
const CodeSourceForked = "source-forked"

// forked asks the engine, before anything is ordered or frozen, whether the
// source still is what the target has the beginning of. A source that is not
// open tells neither lineage nor fork.
func (j *job) forked(ctx context.Context, m Migration, server backup.Server) (bool, error) {
	chain := m.Chain()
	if len(chain) == 0 {
		return false, nil
	}
	d, err := server.Database(ctx, m.SourceDatabase)
	if err != nil {
		return false, err
	}
	return elsewhere(m, d.Family, d.Fork, d.FirstFork, d.ForkPoint), nil
}

// elsewhere reports whether something is of another lineage than the files, or
// of a copy that went its own way.
func elsewhere(m Migration, family, fork, first backup.GUID, point bakfile.LSN) bool {
	return !m.Family.IsZero() && !family.IsZero() && family != m.Family || len(m.Chain()) > 0 && leaves(m, fork, first, point)
}

// leaves reports whether a recovery fork is another one than that of the files,
// and did not begin behind them. A database that somebody's tail left restoring
// and that was recovered goes on a new fork from where the tail ended: its logs
// fit.
func leaves(m Migration, fork, first backup.GUID, point bakfile.LSN) bool {
	chain := m.Chain()
	last := chain[len(chain)-1].ForkID
	if last.IsZero() || fork.IsZero() || fork == last {
		return false
	}
	return first != last || point.Compare(m.taken()) < 0
}

// departs reports whether a log just taken leaves the chain: it is on another
// fork, or, where no fork is told, it ends before what was taken already.
func departs(m Migration, log backup.Set) bool {
	chain := m.Chain()
	if len(chain) == 0 {
		return false
	}
	told := !log.Fork.IsZero() && !chain[len(chain)-1].ForkID.IsZero()
	return leaves(m, log.Fork, log.FirstFork, log.ForkPoint) || !told && log.Last.Compare(m.taken()) < 0
}

func sourceForked(m Migration, step string) *Problem {
	p := &Problem{Code: CodeSourceForked, Step: step,
		Cause: words.Say("The source was restored over itself, reverted to a snapshot or made anew since its last backup here: what it writes now does not follow what the target has. No log and no differential of it can be applied."),
		Fix:   words.Say("Abort, which leaves the source as it is, and start again with a new full backup. If it was put back by mistake, whoever did it may still have what was there before."), Actions: []Button{ButtonAbort}}
	if m.LiveSource.EverFrozen() {
		p.Fix = words.Say("Abort, which makes the source writable again as it is now, and start again with a new full backup. If it was put back by mistake, whoever did it may still have what was there before.")
	}
	return p
}
