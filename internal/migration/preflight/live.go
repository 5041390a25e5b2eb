package preflight

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
)

// Live judges source, bucket and target together.
func Live(ctx context.Context, ports migration.Ports, m migration.Migration, now func() time.Time) ([]migration.Finding, SourceFacts, error) {
	s, err := CollectSource(ctx, ports, m.LiveSource, m.SourceDatabase, now)
	if err != nil {
		return nil, s, err
	}
	s.Keep = m.Keep
	target, err := ports.Target(ctx, m.InstanceID)
	if err != nil {
		return nil, s, err
	}
	f, barred, err := Collect(ctx, ports, target, m, migration.Budget{}, now())
	if err != nil {
		return nil, s, err
	}
	if len(barred) > 0 {
		return append(barred, JudgeSource(s, f.Instance, m.Traits)...), s, nil
	}
	if f.Host, err = collectHost(ctx, ports, target, f, s.Database.Files); err != nil {
		return nil, s, err
	}
	own, err := serviceFindings(ctx, target, f)
	return append(JudgeLive(f, s), own...), s, err
}

// Checker looks at whatever a migration needs before it begins.
type Checker struct {
	Ports migration.Ports
	Now   func() time.Time
}

var _ migration.Preflight = Checker{}

// Check implements Preflight.
func (c Checker) Check(ctx context.Context, target migration.Target, m migration.Migration, b migration.Budget) ([]migration.Finding, error) {
	if m.LiveSource != nil {
		findings, _, err := Live(ctx, c.Ports, m, c.Now)
		return findings, err
	}
	return Files(ctx, c.Ports, target, m, b, c.Now())
}
