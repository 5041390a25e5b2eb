package migration

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
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
	last := chain[len(chain)-1]
	return !m.Family.IsZero() && !d.Family.IsZero() && d.Family != m.Family ||
		!last.ForkID.IsZero() && !d.Fork.IsZero() && d.Fork != last.ForkID, nil
}

// departs reports whether a log just taken leaves the chain: it is on another
// fork, or it ends before what was taken already.
func departs(m Migration, log File) bool {
	chain := m.Chain()
	if len(chain) == 0 {
		return false
	}
	last := chain[len(chain)-1]
	return !last.ForkID.IsZero() && !log.ForkID.IsZero() && log.ForkID != last.ForkID || log.LastLSN.Compare(m.taken()) < 0
}

func sourceForked(step string) *Problem {
	return &Problem{Code: CodeSourceForked, Step: step,
		Cause: words.Say("The source was restored over itself, reverted to a snapshot or made anew since its last backup here: what it writes now does not follow what the target has. No log and no differential of it can be applied."),
		Fix:   words.Say("Abort, which leaves the source as it is, and start again with a new full backup. If it was put back by mistake, whoever did it may still have what was there before."), Actions: []Button{ButtonAbort}}
}
