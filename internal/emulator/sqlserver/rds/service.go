package rds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Engine is the login under which the service works inside the engine.
const Engine = "rdsa"

// Config is what a cloud's console says of the instance.
type Config struct {
	Region string // such as eu-central-1; buckets elsewhere are refused
	Master string // login that may execute every procedure
	Store  Store  // S3, as the option's role reaches it

	NoOption   bool     // SQLSERVER_BACKUP_RESTORE is not in the option group, or not yet
	MultiAZ    bool     // recovery model FULL alone
	OldMultiAZ bool     // it refuses NORECOVERY restores as well, as until 2023
	NoTDE      bool     // TRANSPARENT_DATA_ENCRYPTION is not in the option group
	Encrypted  bool     // storage encryption: log copies need a key
	Retention  int      // days of automated backups; 0 = off
	Keys       []string // ARNs of KMS keys that the role may use
	Underscore bool     // NAME_1-of-4 for NAME*

	Wait  time.Duration // that a task stays CREATED; the guide says up to 5 minutes
	Pause time.Duration // that a task lasts beside its work
	Logs  time.Duration // between log backups of the service's own; 0 = none by itself
	Dir   string        // a folder of the engine's for files under way
}

// Service is one instance's.
type Service struct {
	config Config
	engine *sqlserveremu.Server

	mu     sync.Mutex
	tasks  []*Task
	nextID int
	bell   chan struct{} // closed and made anew when anything changed
	window bool          // the daily backup window is open
	target string        // of log copies
	logs   []logBackup

	certificates []certificate
	set          map[string]string // of rds_set_configuration

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup
}

// Serve makes a server an instance of RDS. Its logins must have Engine as a
// sysadmin, and its backup folder must hold Config.Dir.
func Serve(engine *sqlserveremu.Server, c Config) *Service {
	s := &Service{config: c, engine: engine, nextID: 1, bell: make(chan struct{}), set: map[string]string{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	engine.Manage(s)
	s.work.Add(1)
	go s.run()
	if c.Logs > 0 {
		s.work.Add(1)
		go s.backLogsUp()
	}
	return s
}

// Close ends what is at work.
func (s *Service) Close() {
	s.stop()
	s.work.Wait()
}

// refusal is an error that the service raises.
func refusal(format string, args ...any) error { return tds.Refuse(50000, 16, format, args...) }

// Refuses implements managed.Service. The master user has no right to
// BACKUP or RESTORE; HEADERONLY and its like need a path that it cannot reach.
func (s *Service) Refuses(c managed.Caller, operation, database string) error {
	switch {
	case strings.HasPrefix(operation, "BACKUP "):
		return tds.Refuse(262, 14, "%s permission denied in database '%s'.", operation, database)
	case operation == "RESTORE DATABASE", operation == "RESTORE LOG":
		return tds.Refuse(3110, 14, "User does not have permission to RESTORE database '%s'.", database)
	case strings.HasPrefix(operation, "RESTORE "):
		return tds.Refuse(262, 14, "CREATE DATABASE permission denied in database 'master'.")
	case strings.HasPrefix(operation, "ALTER DATABASE") && strings.EqualFold(database, "rdsadmin"):
		return tds.Refuse(5011, 14, "User does not have permission to alter database '%s', the database does not exist, or the database is not in a state that allows access checks.", database)
	}
	return nil
}

// procedure is one of those that a login may be granted, and what carries them out.
func (s *Service) procedure(name string) func(c managed.Caller, p *parameters) (managed.Result, error) {
	switch name {
	case "rds_backup_database":
		return s.backupDatabase
	case "rds_restore_database":
		return s.restoreDatabase
	case "rds_restore_log":
		return s.restoreLog
	case "rds_finish_restore":
		return s.finishRestore
	case "rds_drop_database":
		return s.dropDatabase
	case "rds_cancel_task":
		return s.cancelTask
	case "rds_task_status":
		return s.taskStatus
	case "rds_set_configuration":
		return s.setConfiguration
	case "rds_show_configuration":
		return s.showConfiguration
	case "rds_restore_tde_certificate":
		return s.restoreCertificate
	case "rds_drop_tde_certificate":
		return s.dropCertificate
	case "rds_tlog_copy_setup":
		return s.copySetup
	case "rds_tlog_backup_copy_to_s3":
		return s.copyLogs
	}
	return nil
}

// Executes implements managed.Service.
func (s *Service) Executes(login, procedure string) (may, known bool) {
	if s.procedure(procedure) == nil {
		return false, false
	}
	return strings.EqualFold(login, s.config.Master) || login == Engine, true
}

// Procedure implements managed.Service.
func (s *Service) Procedure(c managed.Caller, name string, args []managed.Argument) (managed.Result, bool, error) {
	do := s.procedure(name)
	if do == nil {
		return managed.Result{}, false, nil
	}
	if may, _ := s.Executes(c.Login, name); !may {
		return managed.Result{}, true, tds.Refuse(229, 14, "The EXECUTE permission was denied on the object '%s', database 'msdb', schema 'dbo'.", name)
	}
	p, err := read(name, args)
	if err != nil {
		return managed.Result{}, true, err
	}
	if submits[name] {
		switch {
		case s.now().NoOption:
			return managed.Result{}, true, refusal("Database backup/restore option is not enabled yet or is in the process of being enabled. Please try again later.")
		case c.InTransaction: // the sentence is not confirmed
			return managed.Result{}, true, refusal("The procedure '%s' cannot be executed within a transaction.", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := do(c, p)
	return r, true, err
}

// submits are the procedures that queue a task.
var submits = map[string]bool{"rds_backup_database": true, "rds_restore_database": true, "rds_restore_log": true, "rds_finish_restore": true,
	"rds_drop_database": true, "rds_tlog_copy_setup": true, "rds_tlog_backup_copy_to_s3": true, "rds_restore_tde_certificate": true}

// Function implements managed.Service.
func (s *Service) Function(c managed.Caller, name string, args []any) (managed.Result, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch name {
	case "rds_fn_task_status":
		r, err := s.functionStatus(args)
		return r, true, err
	case "rds_fn_list_user_tde_certificates":
		if may, _ := s.Executes(c.Login, "rds_restore_tde_certificate"); !may {
			return managed.Result{}, true, tds.Refuse(229, 14, "The SELECT permission was denied on the object '%s', database 'msdb', schema 'dbo'.", name)
		}
		return s.listCertificates(), true, nil
	case "rds_fn_list_tlog_backup_metadata":
		r, err := s.listLogs(c, args)
		return r, true, err
	}
	return managed.Result{}, false, nil
}

// ring wakes whoever waits; the lock is held.
func (s *Service) ring() {
	close(s.bell)
	s.bell = make(chan struct{})
}

// exists finds a database by its name, whatever its case.
func (s *Service) exists(name string) (sqlserveremu.DatabaseState, bool) {
	return s.engine.DatabaseNow(name)
}

// pending lists a database's restores that are not over; the lock is held.
func (s *Service) pending(database string) (out []*Task) {
	for _, t := range s.tasks {
		if strings.EqualFold(t.Database, database) && !t.final() && t.restores() {
			out = append(out, t)
		}
	}
	return out
}

// Task gives a copy of a task.
func (s *Service) Task(id int) (Task, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.tasks, func(t *Task) bool { return t.ID == id })
	if i < 0 {
		return Task{}, false
	}
	return *s.tasks[i], true
}

// Tasks gives copies of all tasks, oldest first.
func (s *Service) Tasks() (out []Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		out = append(out, *t)
	}
	return out
}

// Change changes what the console says of the instance, as somebody there does.
func (s *Service) Change(f func(*Config)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.config)
	s.ring()
}

// now is what the console says of the instance; it may change while a task is at
// work.
func (s *Service) now() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

func (s *Service) store() Store     { return s.now().Store }
func (s *Service) region() string   { return s.now().Region }
func (s *Service) underscore() bool { return s.now().Underscore }

// stamp is how the service dates the lines of task_info.
func (s *Service) stamp() string { return s.engine.Now().Format("2006-01-02 15:04:05.000") }

func (s *Service) line(t *Task, format string, args ...any) {
	if t.Info != "" {
		t.Info += "\n"
	}
	t.Info += fmt.Sprintf("[%s] %s", s.stamp(), fmt.Sprintf(format, args...))
}
