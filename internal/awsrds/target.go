package awsrds

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
	"github.com/bakplane/bakplane/internal/words"
)

// Target is an instance as the place where databases come to life. The task of a
// migration is the one that restores the full backup; the differential and log
// restores behind it are tasks of their own, which are shown as its files.
type Target struct {
	server SQL
	id     string // what people know the instance by
	region string
	checks *checks
}

var (
	_ migration.Target    = (*Target)(nil)
	_ migration.Unfreezer = (*Target)(nil)
)

// Instance implements migration.Target. How many databases the class of the
// instance may hold SQL does not tell.
func (t *Target) Instance(ctx context.Context) (migration.TargetInstance, error) {
	in, err := t.server.Describe(ctx)
	if err != nil {
		return migration.TargetInstance{}, err
	}
	out := migration.TargetInstance{ID: t.id, Description: in.Edition, Region: t.region, Status: "Running", Engine: "SQLServer",
		VersionMajor: in.VersionMajor, Version: in.Version, UsedBytes: -1, Collation: in.Collation}
	for word, short := range map[string]string{"Enterprise": "ent", "Developer": "ent", "Standard": "std", "Web": "web", "Express": "express"} {
		if strings.HasPrefix(in.Edition, word) {
			out.Edition = short
		}
	}
	out.StorageBytes, out.UsedBytes = t.storage(ctx)
	return out, nil
}

// volumes are those under the databases' files (documentation page
// "sys.dm_os_volume_stats"); it needs VIEW SERVER STATE, which the master user
// has.
const volumes = `SELECT SUM(total_bytes) AS total_bytes, SUM(available_bytes) AS available_bytes FROM (SELECT DISTINCT v.volume_mount_point, v.total_bytes, v.available_bytes FROM sys.master_files AS f CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) AS v WHERE f.database_id = DB_ID(N'master') OR f.database_id > 4) AS v`

// storage is the size of the instance's volume and what is taken; not told where
// the login may not see it.
func (t *Target) storage(ctx context.Context) (total, used int64) {
	used = -1
	_ = t.server.Batch(ctx, volumes, nil, func(columns []string, values []any) {
		r := recordOf(columns, values)
		if total = r.number("total_bytes", 0); total > 0 {
			used = total - r.number("available_bytes", 0)
		}
	}, nil)
	return total, used
}

// Databases implements migration.Target.
func (t *Target) Databases(ctx context.Context) (out []string, err error) {
	err = t.server.Batch(ctx, "SELECT name FROM sys.databases ORDER BY name", nil, func(columns []string, values []any) {
		out = append(out, recordOf(columns, values).text("name"))
	}, nil)
	return out, err
}

// Restore implements migration.Target. The service refuses a name that exists in
// any case, and so a second restore of one database.
func (t *Target) Restore(ctx context.Context, in migration.RestoreCall) (string, error) {
	id, err := submit(ctx, t.server, restoreCall(t.region, in))
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(id, 10), nil
}

// Import implements migration.Target.
func (t *Target) Import(ctx context.Context, _ string, in migration.RestoreCall) error {
	_, err := submit(ctx, t.server, restoreCall(t.region, in))
	return err
}

// Open implements migration.Target. The check begins when the database is open:
// the service opens it to everybody at once.
func (t *Target) Open(ctx context.Context, taskID, database string, _ migration.CheckMode, _ string) error {
	_, err := t.finish(ctx, taskID, database)
	return err
}

// OpenWritable implements migration.Unfreezer. It returns when the database takes
// writes; repeating it goes on where a former call broke off.
func (t *Target) OpenWritable(ctx context.Context, taskID, database string, _ migration.CheckMode, _ string) error {
	id, err := t.finish(ctx, taskID, database)
	if err != nil {
		return err
	}
	if id != 0 {
		if err := follow(ctx, t.server, id, database, nil); err != nil {
			return err
		}
	}
	return t.server.SetReadOnly(ctx, database, false)
}

// finish has the restore finished, and gives the task that does it: one that is
// at work already, or a new one; 0 when the database is open.
func (t *Target) finish(ctx context.Context, taskID, database string) (int64, error) {
	state, err := t.state(ctx, taskID, database)
	if err != nil {
		return 0, untouched(err)
	}
	if state.name == "ONLINE" {
		return 0, nil
	}
	for _, task := range state.tasks {
		if task.Type == "FINISH_RESTORE" && !task.Lifecycle.Over() {
			return task.ID, nil
		}
	}
	return submit(ctx, t.server, finishCall(database))
}

// cancelPatience is how long a task that was asked to end is waited for.
const cancelPatience = 20 * time.Second

// Terminate implements migration.Target: tasks of ours that are not over are
// cancelled, and what they left RESTORING is dropped.
func (t *Target) Terminate(ctx context.Context, taskID string) error {
	state, err := t.state(ctx, taskID, "")
	if err != nil {
		return untouched(err)
	}
	until := time.Now().Add(cancelPatience)
	for {
		busy := false
		for _, task := range state.tasks {
			if task.Lifecycle.Over() {
				continue
			}
			busy = true
			if task.Lifecycle != CancelRequested {
				if err := carry(ctx, t.server, cancelCall(task.ID)); err != nil && fault.Is(err, fault.Unavailable) {
					return err
				}
			}
		}
		if !busy {
			break
		}
		if time.Now().After(until) {
			return fault.New(fault.Unavailable, "The service has not ended the tasks that were cancelled yet.", "It is looked at again.")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(cancelPatience / 40):
		}
		if state, err = t.state(ctx, taskID, state.database); err != nil {
			return err
		}
	}
	if state.name != "RESTORING" {
		return nil
	}
	return carry(ctx, t.server, dropCall(state.database))
}

// Tasks implements migration.Target: the restores of full backups.
func (t *Target) Tasks(ctx context.Context, since time.Time) (out []migration.Task, err error) {
	all, err := tasks(ctx, t.server, "")
	if err != nil {
		return nil, err
	}
	for _, task := range all {
		if task.begins() && !task.Created.Before(since) {
			out = append(out, migration.Task{ID: strconv.FormatInt(task.ID, 10), Database: task.Database, BackupMode: task.Type, Status: statusOf(task), Created: task.Created, Description: task.Info})
		}
	}
	return out, nil
}

func statusOf(t Task) migration.TaskStatus {
	switch t.Lifecycle {
	case Created:
		return migration.TaskNoStart
	case Success:
		return migration.TaskSuccess
	case Failed, Cancelled:
		return migration.TaskFailed
	}
	return migration.TaskRunning
}

// Task implements migration.Target: the restore of the full backup with all that
// followed it, and the database as the engine has it.
func (t *Target) Task(ctx context.Context, taskID string) (migration.Task, error) {
	s, err := t.state(ctx, taskID, "")
	if err != nil {
		return migration.Task{}, err
	}
	first, last := s.tasks[0], s.tasks[len(s.tasks)-1]
	out := migration.Task{ID: taskID, Database: first.Database, BackupMode: first.Type, Created: first.Created, Description: said1(last), ReadOnly: s.readOnly}
	switch {
	case s.busy():
		out.Status = migration.TaskRunning
		return out, nil
	case first.Lifecycle != Success:
		out.Status, out.Ended, out.Code, out.Description = migration.TaskFailed, first.Updated, codeOf(first.Info), first.Info
	case s.name == "":
		out.Status, out.Code, out.Description = migration.TaskFailed, "gone", "The database is gone: it was dropped or renamed since it was restored."
	case s.name == "ONLINE":
		t.opened(ctx, s, &out)
	case s.name == "RESTORING":
		out.Status = migration.TaskWaiting
		if last.Lifecycle != Success {
			out.Code, out.Description = codeOf(last.Info), last.Info
		}
	default:
		out.Status, out.Description = migration.TaskRunning, "The database is "+s.name+"."
	}
	return out, nil
}

// said1 is a task in a line, while it is at work.
func said1(t Task) string {
	if t.Lifecycle.Over() {
		return t.Info
	}
	line := t.Type + " " + string(t.Lifecycle)
	if t.Percent >= 0 {
		line += ", " + strconv.Itoa(t.Percent) + " %"
	}
	if t.Minutes > 0 {
		line += ", " + words.Span(time.Duration(t.Minutes)*time.Minute).String()
	}
	return line
}

// TaskFiles implements migration.Target. Sizes are not told.
func (t *Target) TaskFiles(ctx context.Context, taskID string) (out []migration.TaskFile, err error) {
	s, err := t.state(ctx, taskID, "")
	if err != nil {
		return nil, err
	}
	for _, task := range s.tasks {
		if !strings.HasPrefix(task.Type, "RESTORE_DB") {
			continue
		}
		name := task.ARN
		if n, err := arn.Parse(task.ARN); err == nil {
			name = n.Key
		}
		f := migration.TaskFile{Name: name, BackupMode: task.Type, Status: fileStatus(task), Created: task.Created, Description: task.Info}
		if task.Lifecycle.Over() {
			f.Ended = task.Updated
		}
		if f.Failed() {
			f.Code = codeOf(task.Info)
		}
		out = append(out, f)
	}
	return out, nil
}

func fileStatus(t Task) string {
	switch t.Lifecycle {
	case Created:
		return "NoStart"
	case Success:
		return "Restored"
	case Failed, Cancelled:
		return "RestoreFailed"
	}
	return "Restoring"
}

// untouched marks an error of a changing call that came before the change.
func untouched(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Unavailable {
		return err
	}
	return f.Because(errors.Join(f.Err, migration.ErrUndone))
}
