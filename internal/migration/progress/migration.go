package progress

import (
	"context"
	"path"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/run"
)

// Migration is everything the page of one migration shows.
type Migration struct {
	M        migration.Migration
	Run      run.Run
	Steps    []run.Step
	Events   []run.Event
	Budget   migration.Budget
	Instance string
	Source   string
	staging  string
	Live     LiveSource // of a migration that follows a source
	Compared *compare.Comparison
}

// Migration reads everything there is to tell of one migration.
func (s *Reader) Migration(ctx context.Context, id string) (v Migration, err error) {
	if v.M, err = s.Migrations.Migration(ctx, id); err != nil {
		return v, err
	}
	if v.Run, err = s.Runs.Run(ctx, v.M.RunID); err != nil {
		return v, err
	}
	if v.Steps, err = s.Runs.Steps(ctx, v.M.RunID); err != nil {
		return v, err
	}
	if v.Events, err = s.Runs.Events(ctx, v.M.RunID, 0, 15); err != nil {
		return v, err
	}
	if v.Budget, err = s.Migrations.Calls(ctx, v.M.InstanceID, v.M.Database, s.Now().Add(-24*time.Hour)); err != nil {
		return v, err
	}
	instance, err := s.Endpoints.Instance(ctx, v.M.InstanceID)
	if err != nil {
		return v, err
	}
	v.Instance = instance.Label()
	if v.Source, err = s.placeName(ctx, v.M.SourceID, v.M.SourcePrefix); err != nil {
		return v, err
	}
	if v.staging, err = s.placeName(ctx, v.M.StagingID, ""); err != nil || v.M.LiveSource == nil {
		return v, err
	}
	if v.Compared, err = s.Migrations.LastComparison(ctx, id); err != nil {
		return v, err
	}
	v.Live, err = s.LiveSource(ctx, v.M)
	v.Source = v.M.SourceDatabase + " on " + v.Live.Server.Name
	return v, err
}

func (s *Reader) placeName(ctx context.Context, id, prefix string) (string, error) {
	b, err := s.Endpoints.Bucket(ctx, id)
	if err != nil {
		return "", err
	}
	if !b.Service {
		return path.Join(b.Path, prefix), nil
	}
	return "oss://" + b.Bucket + "/" + prefix, nil
}

// Ask asks the target how far it is, now.
func (s *Reader) Ask(ctx context.Context, m migration.Migration) (migration.TargetState, error) {
	target, err := s.Ports.Target(ctx, m.InstanceID)
	if err != nil {
		return migration.TargetState{}, err
	}
	task, err := target.Task(ctx, m.TaskID)
	if err != nil {
		return migration.TargetState{}, err
	}
	files, err := target.TaskFiles(ctx, m.TaskID)
	if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return migration.TargetState{}, err
	}
	return migration.TargetState{At: s.Now(), Task: task, Files: files}, nil
}

// EndedStages are the stages of migrations that have ended.
var EndedStages = []migration.Stage{migration.StageOpened, migration.StageTerminated}
