package server

import (
	"context"

	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/run"
)

// mostNeeds bounds how many runs are looked at for who needs a person.
const mostNeeds = 200

// NeedRuns are the runs about backups that stand still until a person acts: they
// failed or were paused, and no later one of their kind made that good. Those of
// migrations are told with their migrations.
func (s *Kit) NeedRuns(ctx context.Context) (out []run.Run, err error) {
	found, err := s.Runs.Runs(ctx, run.Filter{States: []run.State{run.Failed, run.Paused}, Current: true, Limit: mostNeeds})
	for _, r := range found {
		if backupjob.Kinds[r.Kind] != "" {
			out = append(out, r)
		}
	}
	return out, err
}

// NeedCount is how many things wait for a person: one count, wherever it stands.
func NeedCount(st progress.Activity, runs []run.Run) int {
	return len(st.Needs) + len(st.Ready) + len(runs)
}
