package migration

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Preflight looks whether a migration may begin. It changes nothing.
type Preflight interface {
	// Check returns a finding for each thing looked at. Unavailable means that
	// it cannot be told now.
	Check(ctx context.Context, target Target, m Migration, b Budget) ([]Finding, error)
}

// preflight is the worker's first step: the same checks as on the page before
// the start, made again because time has passed.
func (j *job) preflight(ctx context.Context, m Migration, b Budget) error {
	began := j.Now()
	findings, err := j.Preflight.Check(ctx, j.target, m, b)
	if err != nil {
		return err
	}
	now := j.Now()
	step := run.Step{Key: StepPreflight, Title: words.Say("Preflight, %d checks", len(findings)), State: run.StepDone, Started: began, Finished: now}
	if MayStart(findings) {
		return j.note(ctx, Change{Checked: &now, Findings: findings, Steps: []run.Step{step}, Events: j.event(StepPreflight, run.Info, words.Say("Preflight passed."))})
	}
	var first Finding
	for _, f := range findings {
		if f.Level == Barred && first.Code == "" {
			first = f
		}
	}
	p := m.problem(explain.Preflight(first.Code), StepPreflight, 0, "")
	p.Cause, p.Fix, p.Actions = first.Text, first.Fix, []Button{ButtonRetry, ButtonTerminate}
	step.State, step.Message = run.StepFailed, first.Text
	never := time.Time{}
	return j.note(ctx, Change{Checked: &never, Findings: findings, Problem: &p, Steps: []run.Step{step}, Events: j.event(StepPreflight, run.Problem, first.Text)})
}
