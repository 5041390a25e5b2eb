package rds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Lifecycles of a task (guide, "Tracking the status of tasks").
const (
	Created         = "CREATED"
	InProgress      = "IN_PROGRESS"
	Success         = "SUCCESS"
	Failed          = "ERROR"
	CancelRequested = "CANCEL_REQUESTED"
	Cancelled       = "CANCELLED"
)

// Task is one that the service was given. Times are on the clock of GETDATE().
type Task struct {
	ID        int
	Type      string
	Database  string
	Percent   int
	Lifecycle string
	Info      string
	Created   time.Time
	Updated   time.Time
	Started   time.Time // zero until it is at work
	ARN       string
	Overwrite bool
	KMS       string

	recovery bool // a restore that opens
	do       func(ctx context.Context, t *Task) error
	cancel   context.CancelCauseFunc
}

func (t *Task) final() bool {
	return t.Lifecycle == Success || t.Lifecycle == Failed || t.Lifecycle == Cancelled
}

func (t *Task) restores() bool {
	return strings.HasPrefix(t.Type, "RESTORE_DB") || t.Type == "FINISH_RESTORE"
}

// atOnce is how many tasks of an instance are at work at one time.
const atOnce = 2

// kept is how long a task stays in the list.
const kept = 36 * 24 * time.Hour

// submit queues a task and gives the row that the procedures answer: eleven
// columns, in another order than those of rds_task_status.
func (s *Service) submit(t *Task) (managed.Result, error) {
	t.ID, t.Lifecycle = s.nextID, Created
	t.Created, t.Updated = s.engine.Now(), s.engine.Now()
	s.nextID++
	s.tasks = append(s.tasks, t)
	s.ring()
	return managed.Result{
		Columns: "task_id int, task_type nvarchar(128), lifecycle nvarchar(64), created_at datetime, last_updated datetime, database_name nvarchar(128), S3_object_arn nvarchar(2048), overwrite_s3_backup_file int, KMS_master_key_arn nvarchar(2048), task_progress int, task_info nvarchar(max)",
		Rows: [][]any{{int64(t.ID), t.Type, t.Lifecycle, t.Created, t.Updated, value.TextOrNull(t.Database), value.TextOrNull(t.ARN), bit(t.Overwrite),
			value.TextOrNull(t.KMS), int64(0), nil}},
		Prints: []string{fmt.Sprintf("Task Id: %d", t.ID)},
	}, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// run starts tasks as their turn comes: in the order given, two at one time, one
// of a database.
func (s *Service) run() {
	defer s.work.Done()
	for {
		s.mu.Lock()
		bell := s.bell
		wait := s.startDue()
		s.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return
		case <-bell:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// startDue begins what may begin and tells when to look again; the lock is held.
func (s *Service) startDue() time.Duration {
	wait := time.Hour
	busy := map[string]bool{}
	atWork := 0
	for _, t := range s.tasks {
		if t.Lifecycle == InProgress || t.Lifecycle == CancelRequested && !t.Started.IsZero() {
			busy[strings.ToLower(t.Database)] = true
			atWork++
		}
	}
	for _, t := range s.tasks {
		name := strings.ToLower(t.Database)
		if t.Lifecycle != Created || busy[name] && name != "" {
			continue
		}
		busy[name] = true // what follows for the same database waits behind this one
		if atWork >= atOnce {
			continue
		}
		if left := s.config.Wait - s.engine.Now().Sub(t.Created); left > 0 {
			wait = min(wait, left)
			continue
		}
		atWork++
		s.begin(t)
	}
	return wait
}

func (s *Service) begin(t *Task) {
	var ctx context.Context
	ctx, t.cancel = context.WithCancelCause(s.ctx)
	t.Lifecycle, t.Started, t.Updated = InProgress, s.engine.Now(), s.engine.Now()
	s.line(t, "Task execution has started.")
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		err := pause(ctx, s.now().Pause)
		if err == nil {
			err = t.do(ctx, t)
		}
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.end(t, err)
	}()
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Reasons why a task that is at work ends.
var (
	errCancelled = errors.New("cancelled")
	errWindow    = errors.New("the backup window has begun")
)

// end writes down how a task ended; the lock is held.
func (s *Service) end(t *Task, err error) {
	t.cancel(nil)
	t.Updated = s.engine.Now()
	switch {
	case err == nil:
		t.Lifecycle, t.Percent = Success, 100
		s.line(t, "100 percent processed.")
	case errors.Is(err, errCancelled):
		t.Lifecycle = Cancelled
		s.line(t, "Task has been aborted")
	case errors.Is(err, errWindow):
		t.Lifecycle = Failed
		name := base(t.ARN)
		s.line(t, "Aborting native backup because there is an RDS automated backup in progress.")
		s.line(t, `Write on "%s" failed: 995(The I/O operation has been aborted because of either a thread exit or an application request.)`, "F1A9D3C2-0E55-4D4B-8C0E-9C1D2E3F4A5B")
		s.line(t, "BACKUP DATABASE is terminating abnormally.")
		s.line(t, "Aborted the task because of a task failure or an overlap with your preferred backup window for RDS automated backup.")
		s.line(t, "%s: Aborting S3 upload, waiting for S3 workers to clean up and exit", name)
		s.line(t, "%s: S3 processing has been aborted", name)
		s.line(t, "Task has been aborted")
	default:
		t.Lifecycle = Failed
		_, text := sqlserveremu.Message(err)
		var many *failure
		if errors.As(err, &many) {
			text = many.text
		}
		why := "an overlap with your preferred backup window for RDS automated backup."
		if t.restores() {
			why = "a concurrent RESTORE_DB request."
		}
		s.line(t, "Aborted the task because of a task failure or %s", why)
		s.line(t, "Task ID %d (%s) exception: %s", t.ID, t.Type, text)
	}
	s.ring()
}

// failure is why a task failed, in the service's words.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func fails(format string, args ...any) error { return &failure{fmt.Sprintf(format, args...)} }

// step notes progress in steps of five percent.
func (s *Service) step(t *Task) func(int) {
	return func(percent int) {
		percent = min(percent/5*5, 95)
		s.mu.Lock()
		defer s.mu.Unlock()
		if percent > t.Percent && t.Lifecycle == InProgress {
			t.Percent, t.Updated = percent, s.engine.Now()
			s.line(t, "%d percent processed.", percent)
		}
	}
}

const statusColumns = "task_id int, task_type nvarchar(128), database_name nvarchar(128), [% complete] int, [duration(mins)] int, lifecycle nvarchar(64), task_info nvarchar(max), last_updated datetime, created_at datetime, S3_object_arn nvarchar(2048), overwrite_s3_backup_file int, KMS_master_key_arn nvarchar(2048), filepath nvarchar(2048), overwrite_file int"

// status is a task's row of rds_task_status. The order of rows is nowhere
// promised: here the newest comes last.
func (s *Service) status(t *Task) []any {
	var percent any
	minutes := int64(0)
	if !t.Started.IsZero() {
		percent = int64(t.Percent)
		last := s.engine.Now()
		if t.final() {
			last = t.Updated
		}
		minutes = int64(last.Sub(t.Started) / time.Minute)
	}
	return []any{int64(t.ID), t.Type, value.TextOrNull(t.Database), percent, minutes, t.Lifecycle, value.TextOrNull(t.Info), t.Updated, t.Created,
		value.TextOrNull(t.ARN), bit(t.Overwrite), value.TextOrNull(t.KMS), nil, nil}
}

func (s *Service) taskStatus(_ managed.Caller, p *parameters) (managed.Result, error) {
	id, err := p.number("@task_id", 0)
	if err != nil {
		return managed.Result{}, err
	}
	return managed.Result{Columns: statusColumns, Rows: s.rows(p.text("@db_name"), int(id))}, nil
}

// functionStatus is rds_fn_task_status(database, task); it has a column more.
func (s *Service) functionStatus(args []any) (managed.Result, error) {
	if len(args) != 2 {
		return managed.Result{}, tds.Refuse(313, 16, "An insufficient number of arguments were supplied for the procedure or function msdb.dbo.rds_fn_task_status.")
	}
	r := managed.Result{Columns: statusColumns + ", task_metadata nvarchar(max)"}
	if args[1] == nil {
		return r, nil // one user got no rows so
	}
	name := ""
	if args[0] != nil {
		name = value.Text(args[0])
	}
	for _, row := range s.rows(name, int(value.Whole(args[1]))) {
		r.Rows = append(r.Rows, append(row, nil))
	}
	return r, nil
}

func (s *Service) rows(database string, id int) (rows [][]any) {
	s.tasks = slices.DeleteFunc(s.tasks, func(t *Task) bool { return t.final() && s.engine.Now().Sub(t.Updated) > kept })
	for _, t := range s.tasks {
		if (database == "" || strings.EqualFold(database, t.Database)) && (id == 0 || id == t.ID) {
			rows = append(rows, s.status(t))
		}
	}
	return rows
}

func (s *Service) cancelTask(_ managed.Caller, p *parameters) (managed.Result, error) {
	id, err := p.number("@task_id", 0)
	if err != nil {
		return managed.Result{}, err
	}
	i := slices.IndexFunc(s.tasks, func(t *Task) bool { return int64(t.ID) == id })
	switch {
	case i < 0: // the sentence is not confirmed
		return managed.Result{}, refusal("Task ID %d does not exist.", id)
	case s.tasks[i].Type == "FINISH_RESTORE": // the sentence is not confirmed
		return managed.Result{}, refusal("You can't cancel a FINISH_RESTORE task.")
	case s.tasks[i].Type == "RESTORE_TDE_CERTIFICATE": // the sentence is not confirmed
		return managed.Result{}, refusal("Canceling TDE certificate backup and restore tasks isn't supported.")
	case s.tasks[i].final(): // the sentence is not confirmed
		return managed.Result{}, refusal("Task ID %d is in %s state and cannot be cancelled.", id, s.tasks[i].Lifecycle)
	}
	t := s.tasks[i]
	t.Updated = s.engine.Now()
	if t.Lifecycle == Created {
		t.Lifecycle = Cancelled
		s.line(t, "Task has been aborted")
	} else {
		t.Lifecycle = CancelRequested
		t.cancel(errCancelled)
	}
	s.ring()
	return managed.Result{Columns: statusColumns, Rows: [][]any{s.status(t)}}, nil
}

func base(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
