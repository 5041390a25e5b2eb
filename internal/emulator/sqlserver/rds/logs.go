package rds

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// logBackup is one that the service took by itself.
type logBackup struct {
	database string
	id       int // of the database
	family   bakfile.GUID
	seq      int
	at       time.Time // UTC, when it ended
	first    bakfile.LSN
	last     bakfile.LSN
	broken   bool // it does not join the one before
	file     string
	size     int64
}

// listed is how long log backups are told and can be copied.
const listed = 7 * 24 * time.Hour

// backLogsUp takes the service's log backups, every five minutes in the cloud.
func (s *Service) backLogsUp() {
	defer s.work.Done()
	t := time.NewTicker(s.config.Logs)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			s.BackLogsUp()
		}
	}
}

// BackLogsUp takes a log backup of every database that can have one. They stay
// with the service: msdb has their rows.
func (s *Service) BackLogsUp() {
	s.mu.Lock()
	off := s.config.Retention < 1
	s.mu.Unlock()
	if off {
		return
	}
	for name, d := range s.engine.Databases() {
		if d.State == "ONLINE" && d.Recovery != bakfile.RecoverySimple && !system(name) {
			_ = s.backLogUp(name) // one that cannot have any is none
		}
	}
}

func (s *Service) backLogUp(database string) error {
	dir, err := os.MkdirTemp(s.config.Dir, "log")
	if err != nil {
		return err
	}
	file := dir + "/log.trn"
	if err := s.engine.Execute(s.ctx, Engine, fmt.Sprintf("BACKUP LOG %s TO DISK = %s WITH FORMAT, INIT", quoted(database), literal(file)), nil); err != nil {
		_ = os.RemoveAll(dir)
		return err
	}
	set, err := header(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := logBackup{database: database, family: set.FamilyGUID, seq: 1, at: s.utc(), first: set.FirstLSN, last: set.LastLSN, file: file, size: info.Size(), id: s.idOf(database)}
	for _, o := range s.logs {
		if o.database == database {
			l.seq, l.broken = o.seq+1, o.last != l.first
		}
	}
	s.logs = append(s.logs, l)
	return nil
}

// idOf stands for database_id, which the engine does not tell from outside; the
// lock is held.
func (s *Service) idOf(database string) int {
	for _, o := range s.logs {
		if o.database == database {
			return o.id
		}
	}
	return 5 + len(s.engine.Databases())
}

// utc is the server's clock, as the copies' parameters have it.
func (s *Service) utc() time.Time { return s.engine.UTC() }

// copyable says why copies are not to be had; the lock is held.
func (s *Service) copyable() error {
	if s.config.Retention < 1 { // not confirmed in this wording
		return refusal("Automated backups must be enabled and the backup retention period must be at least 1 to access transaction log backups.")
	}
	return nil
}

func (s *Service) copySetup(_ managed.Caller, p *parameters) (managed.Result, error) {
	none := managed.Result{}
	arn := p.text("@target_s3_arn")
	switch {
	case arn == "":
		return none, refusal("The target S3 ARN can't be empty or null. Please provide a valid target S3 ARN.")
	case strings.TrimSpace(arn) == "":
		return none, refusal("The target S3 ARN must have at least one character other than a space.")
	case !strings.HasPrefix(arn, "arn:aws"):
		return none, refusal("The target S3 ARN must begin with arn:aws.")
	case s.target == arn:
		return none, refusal("The target S3 ARN is already set to the provided value.")
	}
	if err := s.copyable(); err != nil {
		return none, err
	}
	for _, t := range s.tasks {
		if t.Type == copyType && !t.final() {
			return none, refusal("You cannot run the rds_tlog_copy_setup stored procedure while there are pending tasks. Please try again later.")
		}
	}
	bucket, _, err := object(arn)
	if err == nil {
		var region string
		if region, err = s.config.Store.Region(s.ctx, bucket); err == nil && region != s.config.Region {
			err = ErrDenied
		}
	}
	if err != nil {
		return none, refusal("There was a permissions error in processing the request. Ensure the bucket is in the same Account and Region as the DB Instance, and confirm the S3 bucket policy permissions.")
	}
	s.target = arn
	return none, nil
}

// copyType is the task type of log copies; which it is in the cloud is not known.
const copyType = "TLOG_BACKUP_COPY_TO_S3"

const logColumns = "db_name nvarchar(128), db_id int, family_guid uniqueidentifier, rds_backup_seq_id int, backup_file_epoch bigint, backup_file_time_utc datetime, starting_lsn numeric(25,0), ending_lsn numeric(25,0), is_log_chain_broken bit, file_size_bytes bigint, Error varchar(4000)"

// told are the log backups that can be copied; the lock is held.
func (s *Service) told(database string) (out []logBackup) {
	for _, l := range s.logs {
		if strings.EqualFold(l.database, database) && s.utc().Sub(l.at) < listed {
			out = append(out, l)
		}
	}
	return out
}

func (s *Service) listLogs(_ managed.Caller, args []any) (managed.Result, error) {
	r := managed.Result{Columns: logColumns}
	if len(args) == 0 || args[0] == nil {
		return r, nil
	}
	name := value.Text(args[0])
	if err := s.copyable(); err != nil {
		r.Rows = [][]any{{name, nil, nil, nil, nil, nil, nil, nil, nil, nil, err.Error()}}
		return r, nil
	}
	for _, l := range s.told(name) {
		r.Rows = append(r.Rows, []any{l.database, int64(l.id), l.family, int64(l.seq), l.at.Unix(), l.at, number(l.first), number(l.last), l.broken, l.size, nil})
	}
	return r, nil
}

func number(l bakfile.LSN) any { return value.LSN(l) }

func (s *Service) copyLogs(c managed.Caller, p *parameters) (managed.Result, error) {
	none := managed.Result{}
	name, kms := p.text("@db_name"), p.text("@kms_key_arn")
	db, ok := s.exists(name)
	switch {
	case strings.TrimSpace(name) == "":
		return none, refusal("The database name can't be empty or null. Please provide a valid database name.")
	case system(name):
		return none, refusal("The database cannot be a system database or rdsadmin.")
	case !ok:
		return none, refusal("Cannot find the database %s. Please provide a valid database name.", name)
	case !c.Owns(db.Name):
		return none, refusal("You must be a member of the db_owner fixed database role in database %s to perform this operation.", name)
	case s.target == "":
		return none, refusal("You must run the rds_tlog_copy_setup stored procedure before running this procedure.")
	case s.config.Encrypted && kms == "":
		return none, refusal("You must provide a KMS Key ARN as input parameter to the stored procedure for storage encrypted instances.")
	case !s.config.Encrypted && kms != "":
		return none, refusal("You must not provide a KMS Key ARN as input parameter to the stored procedure for storage unencrypted instances.")
	}
	if err := s.copyable(); err != nil {
		return none, err
	}
	for _, t := range s.tasks {
		if t.Type == copyType && strings.EqualFold(t.Database, name) && !t.final() {
			return none, refusal("A T-log backup file copy task has already been issued for database: %s with task Id: %d, please try again later.", db.Name, t.ID)
		}
	}
	wanted, err := s.wanted(db.Name, p)
	if err != nil {
		return none, err
	}
	return s.submit(&Task{Type: copyType, Database: db.Name, ARN: s.target, KMS: kms, Overwrite: true, do: func(ctx context.Context, t *Task) error { return s.copy(ctx, t, wanted) }})
}

// wanted picks the log backups of a range; the lock is held.
func (s *Service) wanted(database string, p *parameters) (out []logBackup, err error) {
	ranges := [][2]string{{"@backup_file_start_time", "@backup_file_end_time"}, {"@starting_lsn", "@ending_lsn"}, {"@rds_backup_starting_seq_id", "@rds_backup_ending_seq_id"}}
	given := -1
	for i, r := range ranges {
		if p.has(r[0]) || p.has(r[1]) {
			if given >= 0 {
				return nil, refusal("Only one of the three parameter sets can be provided: time, LSN or sequence ID.")
			}
			given = i
		}
	}
	if given < 0 {
		return nil, refusal("You must provide at least one of the three parameter sets: time, LSN or sequence ID.")
	}
	from, to := p.given[ranges[given][0]], p.given[ranges[given][1]]
	if from != nil && to != nil {
		order, err := value.Collation{}.Compare(from, to)
		switch {
		case err != nil:
			return nil, refusal("The parameters of the range cannot be compared.")
		case given == 2 && order > 0:
			return nil, refusal("The sequence ID in @rds_backup_starting_seq_id must be less than or equal to that in @rds_backup_ending_seq_id.")
		case given != 2 && order >= 0:
			return nil, refusal("The value of %s must be less than that of %s.", ranges[given][0], ranges[given][1])
		}
	}
	for _, l := range s.told(database) {
		at := [3]any{l.at, number(l.last), int64(l.seq)}[given]
		begins := [3]any{l.at, number(l.first), int64(l.seq)}[given]
		if from != nil {
			if o, err := (value.Collation{}).Compare(at, from); err != nil || o < 0 {
				continue
			}
		}
		if to != nil {
			if o, err := (value.Collation{}).Compare(begins, to); err != nil || o > 0 {
				continue
			}
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, refusal("The provided parameters fall outside of the transaction backup log retention period. To list available transaction log backups, run rds_fn_list_tlog_backup_metadata.")
	}
	return out, nil
}

// copy writes log backups under {db_id}.{family_guid}/, the GUID in lower case.
func (s *Service) copy(ctx context.Context, t *Task, logs []logBackup) error {
	bucket, prefix, err := object(t.ARN)
	if err != nil {
		return fails("%s", err)
	}
	for _, l := range logs {
		name := fmt.Sprintf("%d.%s", l.id, strings.ToLower(l.family.String()))
		key := strings.TrimSuffix(prefix, "/") + "/" + name + "/" + fmt.Sprintf("%s.%d.%d", name, l.seq, l.at.Unix())
		if err := s.send(ctx, bucket, strings.TrimPrefix(key, "/"), l.file, t.KMS); err != nil {
			return fails("There was a permissions error in processing the request. Ensure the bucket is in the same Account and Region as the DB Instance, and confirm the S3 bucket policy permissions.")
		}
	}
	return nil
}

// LoseLog makes a hole in the chain, as a change of the recovery model does:
// the next log backup begins behind what was never backed up.
func (s *Service) LoseLog(database string) error {
	return s.engine.Execute(s.ctx, Engine, "ALTER DATABASE "+quoted(database)+" SET RECOVERY SIMPLE; ALTER DATABASE "+quoted(database)+" SET RECOVERY FULL", nil)
}
