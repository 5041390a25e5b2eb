package awsrds

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// state is a restore as the service and the engine tell it.
type state struct {
	database string
	tasks    []Task // of this restore, from that of its full backup on
	name     string // state_desc of sys.databases; empty = there is no such database
	readOnly bool
}

// busy reports whether any of its tasks is not over.
func (s state) busy() bool {
	return slices.ContainsFunc(s.tasks, func(t Task) bool { return !t.Lifecycle.Over() })
}

// state looks at a restore. database may be empty: the task tells it.
func (t *Target) state(ctx context.Context, taskID, database string) (state, error) {
	gone := fault.Newf(fault.NotFound, "The service knows no task %s.", taskID).WithCode("gone").
		WithFix("It keeps tasks for 36 days. Look at the database itself, then end this migration or start a new one.")
	id, err := strconv.ParseInt(taskID, 10, 64)
	if err != nil || id <= 0 {
		return state{}, gone
	}
	all, err := tasks(ctx, t.server, database)
	if err != nil {
		return state{}, err
	}
	s := state{}
	s.tasks = ofRestore(all, id)
	if len(s.tasks) == 0 {
		return state{}, gone
	}
	s.database = s.tasks[0].Database
	err = t.server.Batch(ctx, "SELECT state_desc, is_read_only FROM sys.databases WHERE name = @p1", []any{s.database}, func(columns []string, values []any) {
		r := recordOf(columns, values)
		s.name, s.readOnly = r.text("state_desc"), r.number("is_read_only", 0) != 0
	}, nil)
	return s, err
}

// ofRestore picks the tasks of one restore among all, sorted by id: that of its
// full backup and the restores of the same database behind it, until another
// full backup was restored under the name.
func ofRestore(all []Task, id int64) (out []Task) {
	i := slices.IndexFunc(all, func(t Task) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	out = append(out, all[i])
	for _, t := range all[i+1:] {
		if !strings.EqualFold(t.Database, out[0].Database) || !t.restores() {
			continue
		}
		if t.begins() && t.Lifecycle != Failed && t.Lifecycle != Cancelled {
			break
		}
		if !t.begins() {
			out = append(out, t)
		}
	}
	return out
}
