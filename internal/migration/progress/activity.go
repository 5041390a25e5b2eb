package progress

import (
	"context"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
)

// Activity counts what the rail and the overview tell of.
type Activity struct {
	Active  []migration.Summary // not ended
	Needs   []migration.Summary // of these, those that stand still until a person acts
	Ready   []migration.Summary // those made of files that have applied them all: a person opens them, or adds more
	Running int                 // runs at work
}

// AtWork are the stages of migrations that have not ended.
var AtWork = []migration.Stage{migration.StagePreflight, migration.StageBackup, migration.StageUploading, migration.StageRestoring,
	migration.StageImporting, migration.StageFollowing, migration.StageCutover, migration.StageOpening, migration.StageChecking}

// Activity counts the migrations that have not ended, 500 at most.
func (s *Reader) Activity(ctx context.Context) (st Activity, err error) {
	if st.Active, err = s.Migrations.Migrations(ctx, migration.Filter{Stages: AtWork, Limit: 500}); err != nil {
		return st, err
	}
	for _, m := range st.Active {
		if m.RunState.NeedsPerson() {
			st.Needs = append(st.Needs, m)
		} else if m.ServerID == "" && m.Stage == migration.StageFollowing && m.RunState == run.Waiting && m.Applied == m.Files {
			st.Ready = append(st.Ready, m)
		}
		if m.RunState == run.Running || m.RunState == run.Queued {
			st.Running++
		}
	}
	return st, nil
}
