package awsrds

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

var _ backup.TaskLister = (*Server)(nil)

// ServiceTasks implements backup.TaskLister: those of the last 36 days.
func (s *Server) ServiceTasks(ctx context.Context) (out []backup.ServiceTask, err error) {
	all, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(all) {
		row := backup.ServiceTask{ID: strconv.FormatInt(t.ID, 10), Type: t.Type, Database: t.Database, State: string(t.Lifecycle), Over: t.Lifecycle.Over(),
			Failed: t.Lifecycle == Failed, Percent: t.Percent, Lasted: time.Duration(t.Minutes) * time.Minute, Text: t.Info, Object: t.ARN, Created: t.Created, Updated: t.Updated,
			CanCancel: !t.Lifecycle.Over() && t.Lifecycle != CancelRequested && t.Type != "FINISH_RESTORE"}
		if row.Failed {
			row.Code = codeOf(t.Info)
		}
		out = append(out, row)
	}
	return out, nil
}

// CancelTask implements backup.TaskLister.
func (s *Server) CancelTask(ctx context.Context, id string) error {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return fault.Newf(fault.Invalid, "%q is no number of a task.", id).WithFix("Choose one of the list.")
	}
	s.forget()
	return carry(ctx, s.SQL, cancelCall(n))
}
