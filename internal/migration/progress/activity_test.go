package progress

import (
	"context"
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
)

// rows are the migrations of a store.
type rows struct {
	Store
	all   []migration.Summary
	asked migration.Filter
}

func (r *rows) Migrations(_ context.Context, f migration.Filter) ([]migration.Summary, error) {
	r.asked = f
	return r.all, nil
}

func TestActivity(t *testing.T) {
	s := &rows{}
	for _, state := range []run.State{run.Queued, run.Running, run.Waiting, run.Paused, run.Failed} {
		s.all = append(s.all, migration.Summary{ID: string(state), RunState: state})
	}
	got, err := (&Reader{Migrations: s}).Activity(t.Context())
	if err != nil || got.Running != 2 || len(got.Active) != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, m := range got.Needs {
		if !m.RunState.NeedsPerson() {
			t.Errorf("%s needs nobody", m.ID)
		}
	}
	if len(got.Needs) == 0 || len(got.Needs) == len(s.all) {
		t.Errorf("%d need a person", len(got.Needs))
	}
	for _, stage := range []migration.Stage{migration.StagePreflight, migration.StageFollowing, migration.StageCutover, migration.StageChecking} {
		if !slices.Contains(s.asked.Stages, stage) || stage.Ended() {
			t.Errorf("%s is not at work", stage)
		}
	}
	for _, stage := range s.asked.Stages {
		if stage.Ended() {
			t.Errorf("%s is at work", stage)
		}
	}
}
