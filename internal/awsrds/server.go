package awsrds

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Server is an instance as the place whose databases are backed up and restored
// by its procedures. What reads is SQL Server's own; paths of files are ARNs.
type Server struct {
	SQL
	encrypts bool   // backups get the bucket's own default encryption
	logKey   string // ARN of the KMS key under which logs are copied; empty where storage is not encrypted

	mu   sync.Mutex
	last looked
}

// looked is the newest answer about tasks.
type looked struct {
	at    time.Time
	tasks []Task
}

var (
	_ backup.Restorer   = (*Server)(nil)
	_ backup.Statements = (*Server)(nil)
)

// fresh is how long a list of tasks answers for another question: the service
// itself renews what it tells about every two minutes.
const fresh = 3 * time.Second

// look lists all tasks, or what the list was a moment ago.
func (s *Server) look(ctx context.Context) ([]Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.last.at) < fresh {
		return s.last.tasks, nil
	}
	all, err := tasks(ctx, s.SQL, "")
	if err == nil {
		s.last = looked{time.Now(), all}
	}
	return all, err
}

func (s *Server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = looked{}
}

// own is the service's database, which nobody may back up.
func own(name string) bool { return strings.EqualFold(name, "rdsadmin") }

// Databases implements backup.Server.
func (s *Server) Databases(ctx context.Context) ([]backup.Database, error) {
	all, err := s.SQL.Databases(ctx)
	return slices.DeleteFunc(all, func(d backup.Database) bool { return own(d.Name) }), err
}

// MissingRights implements backup.Server.
func (s *Server) MissingRights(ctx context.Context, _ string) ([]backup.MissingRight, error) {
	return missingRights(ctx, s.SQL, []string{"rds_backup_database", "rds_task_status", "rds_cancel_task"}, "back databases up and follow the tasks")
}

// missingRights asks which procedures the login may not execute.
func missingRights(ctx context.Context, server SQL, procedures []string, what string) ([]backup.MissingRight, error) {
	t := &Target{server: server}
	missing, _, err := t.missing(ctx, procedures)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	return []backup.MissingRight{{Right: what + " (EXECUTE on " + strings.Join(missing, ", ") + ")", Grant: grants(missing)}}, nil
}

// backupCall words a backup.
func (s *Server) backupCall(c backup.BackupCall) call {
	args := []argument{{"@source_db_name", c.Database}, {"@s3_arn_to_backup_to", c.Files[0]}, {"@overwrite_s3_backup_file", bit(c.Overwrite)}, {"@type", "FULL"}}
	if c.Kind == backup.Differential {
		args[3].value = "DIFFERENTIAL"
	}
	if c.Stripes > 1 {
		args = append(args, argument{"@number_of_files", int64(c.Stripes)})
	}
	for _, o := range []struct {
		name  string
		value int
	}{{"@block_size", c.BlockSize}, {"@max_transfer_size", c.Transfer}, {"@buffer_count", c.Buffers}} {
		if o.value != 0 {
			args = append(args, argument{o.name, int64(o.value)})
		}
	}
	if c.Key != "" {
		args = append(args, argument{"@kms_master_key_arn", c.Key})
	}
	if s.encrypts || c.AsBucket {
		args = append(args, argument{"@enable_bucket_default_encryption", int64(1)})
	}
	return call{dbo + "rds_backup_database", args}
}

func bit(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

// Backup implements backup.Server. It returns when the task is over; a context
// that ends leaves the task at work, and Running tells of it. Whether it is
// compressed the instance's own switch says, for all backups alike.
func (s *Server) Backup(ctx context.Context, c backup.BackupCall, progress func(percent float64)) error {
	switch {
	case len(c.Files) != 1:
		return fault.New(fault.Invalid, "The files of a backup are named by one pattern here.", "")
	case c.Kind == backup.Log || c.Tail:
		return fault.New(fault.Invalid, "The service takes log backups by itself.", "Copy them into a bucket by a rule.").WithCode("log-always")
	case c.CopyOnly:
		return fault.New(fault.Invalid, "No copy-only backup can be ordered here.", "Leave copy-only out.").WithCode("backup-type")
	}
	if c.Kind == backup.Differential {
		if err := s.baseIsOurs(ctx, c.Database); err != nil {
			return untouched(err)
		}
	}
	id, err := submit(ctx, s.SQL, s.backupCall(c))
	s.forget()
	if err != nil {
		return err
	}
	return s.follow(ctx, id, c.Database, progress)
}

// newestFull is the newest row of a full backup in msdb, on the clock of the
// server: a snapshot has one as well, and takes the base of differentials.
const newestFull = clocks + `; SELECT TOP (1) backup_start_date FROM msdb.dbo.backupset WHERE database_name = @p1 AND type = 'D' ORDER BY backup_set_id DESC`

// seconds is how far msdb cuts its times down.
const seconds = time.Second

// baseIsOurs refuses a differential whose base is a snapshot of the service, as
// nobody has that (guide, "Differential backups": no snapshot since the last
// full). The newest full must lie within a task that took one.
func (s *Server) baseIsOurs(ctx context.Context, database string) error {
	var at, local, utc time.Time
	err := s.Batch(ctx, newestFull, []any{database}, func(columns []string, values []any) {
		r := recordOf(columns, values)
		if r.has("server_utc") {
			local, utc = r.date("server_local"), r.date("server_utc")
		} else {
			at = r.date("backup_start_date")
		}
	}, nil)
	if err != nil {
		return err
	}
	if at.IsZero() {
		return explain.Fault(fault.Conflict, "no-full", explain.AtService, "")
	}
	at = at.Add(utc.Sub(local).Round(15 * time.Minute))
	all, err := tasks(ctx, s.SQL, database)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.Type == "BACKUP_DB" && t.Lifecycle == Success && !at.Before(t.Created.Add(-seconds)) && at.Before(t.Updated) {
			return nil
		}
	}
	f := explain.Fault(fault.Conflict, "snapshot-base", explain.AtService, "")
	f.Said = words.Say("The newest full backup in msdb began at %s, and no backup task that this instance remembers took it.", at.Format("2006-01-02 15:04:05 UTC"))
	return f
}

// Pauses between two looks at a task: short at first, then as the service tells
// anew.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
	lostLooks    = 5 // looks that may fail in a row
)

// follow waits for a task to be over. Percent is what the service tells, in its
// steps of five.
func (s *Server) follow(ctx context.Context, id int64, database string, progress func(percent float64)) error {
	defer s.forget()
	return follow(ctx, s.SQL, id, database, progress)
}

func follow(ctx context.Context, server SQL, id int64, database string, progress func(percent float64)) error {
	pause, lost := firstPause, 0
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		pause = min(pause*3/2, longestPause)
		all, err := tasks(ctx, server, database)
		i := slices.IndexFunc(all, func(t Task) bool { return t.ID == id })
		switch {
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			if lost++; lost > lostLooks {
				return err // whether it was taken is looked for later
			}
			continue
		case i < 0: // not seen yet is not "not submitted"
			if lost++; lost > lostLooks {
				return fault.Newf(fault.Unavailable, "The service took task %d and does not list it.", id).WithFix("It is looked for again.")
			}
			continue
		}
		lost = 0
		t := all[i]
		if !t.Lifecycle.Over() {
			if t.Percent >= 0 && progress != nil {
				progress(float64(t.Percent))
			}
			continue
		}
		return outcome(t)
	}
}

// outcome is how a task ended.
func outcome(t Task) error {
	switch t.Lifecycle {
	case Success:
		return nil
	case Cancelled:
		return fault.Newf(fault.Conflict, "Task %d was cancelled.", t.ID).WithFix("Somebody cancelled it at the instance. Retry orders it anew.").WithCode("ended")
	}
	f := explain.Fault(fault.Conflict, codeOf(t.Info), explain.AtService, "")
	f.Said = words.Say("Task %d said: %s", t.ID, cut(t.Info))
	return f
}

// cut keeps the end of a long text, where the error is.
func cut(info string) string {
	const most = 4000
	if r := []rune(info); len(r) > most {
		return "… " + string(r[len(r)-most:])
	}
	return info
}

// Verify implements backup.Server: the service reads no set through.
func (s *Server) Verify(context.Context, []string) error {
	return fault.New(fault.Invalid, "The service cannot read a backup through.", "Restore it under another name to prove it.").WithCode("not-offered")
}

// Headers implements backup.Server: the service shows no headers. Its files are
// read where they lie.
func (s *Server) Headers(context.Context, []string) ([]backup.Set, error) {
	return nil, fault.New(fault.Invalid, "The service does not show the headers of a file.", "").WithCode("not-offered")
}

// Named implements backup.Server: backups get no name of ours. A set is known by
// its file, whose name was fixed before.
func (s *Server) Named(context.Context, string, string, time.Time) ([]backup.HistoryRow, error) {
	return nil, nil
}

// Running implements backup.Server: tasks of a database that are not over.
func (s *Server) Running(ctx context.Context, database string) (out []backup.RunningStatement, err error) {
	all, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		word := "BACKUP"
		if t.restores() {
			word = "RESTORE"
		}
		if strings.EqualFold(t.Database, database) && !t.Lifecycle.Over() {
			out = append(out, backup.RunningStatement{Session: int(t.ID), Command: word + " (task " + strconv.FormatInt(t.ID, 10) + ", " + string(t.Lifecycle) + ")", Percent: float64(max(t.Percent, 0)), Started: t.Created})
		}
	}
	return out, nil
}

// Folder and MakeFolder implement backup.Server: there is no folder to see.
func (s *Server) Folder(context.Context, string) ([]backup.FolderEntry, error) { return nil, nil }
func (s *Server) MakeFolder(context.Context, string) error                     { return nil }
