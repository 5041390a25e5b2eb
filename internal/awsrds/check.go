package awsrds

import (
	"context"
	"strings"
	"sync"

	"github.com/bakplane/bakplane/internal/migration"
)

// checks are the runs of DBCC CHECKDB that were begun when databases came up.
// What they find is known to this process alone: after a death a check begins
// anew, which changes nothing.
type checks struct {
	mu   sync.Mutex
	runs map[string]*checkRun // by task id
}

type checkRun struct {
	over     bool
	findings []string
	err      error
}

// opened tells of a database that is open, and has it checked.
func (t *Target) opened(ctx context.Context, s state, out *migration.Task) {
	out.Status = migration.TaskSuccess
	run := t.checks.of(out.ID, func() ([]string, error) {
		// It outlasts the look that began it, and ends with the connection.
		return t.server.CheckDB(context.WithoutCancel(ctx), s.database, false)
	})
	t.checks.mu.Lock()
	defer t.checks.mu.Unlock()
	switch {
	case !run.over:
		out.Description = "The database is open; DBCC CHECKDB is at work."
	case run.err != nil:
		out.Description = "DBCC CHECKDB could not be carried out: " + run.err.Error()
	case len(run.findings) > 0:
		out.Check, out.Description = migration.CheckFailed, "DBCC CHECKDB found: "+strings.Join(run.findings[:min(len(run.findings), 20)], " ")
	default:
		out.Check, out.Description = migration.CheckPassed, "DBCC CHECKDB found no errors."
	}
}

// of is the check of a restore, begun when there is none.
func (c *checks) of(id string, do func() ([]string, error)) *checkRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.runs[id]; r != nil {
		return r
	}
	r := &checkRun{}
	if c.runs == nil {
		c.runs = map[string]*checkRun{}
	}
	c.runs[id] = r
	go func() {
		findings, err := do()
		c.mu.Lock()
		defer c.mu.Unlock()
		r.over, r.findings, r.err = true, findings, err
	}()
	return r
}
