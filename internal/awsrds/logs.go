package awsrds

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

var _ logcopy.Server = (*Server)(nil)

// targetSetting is the configuration that tells where log copies go (guide,
// "Access to transaction log backups").
const targetSetting = "target_s3_arn_for_tlog_copy"

// Target implements logcopy.Server.
func (s *Server) Target(ctx context.Context) (string, error) {
	return s.setting(ctx, targetSetting)
}

// setting reads one configuration of the service. Which columns it answers is
// not documented: one is the value, of more the second.
func (s *Server) setting(ctx context.Context, name string) (value string, err error) {
	statement, args := procedure("rdsadmin.dbo.rds_show_configuration", []argument{{"@name", name}})
	err = s.Batch(ctx, statement, args, func(columns []string, values []any) {
		at := min(1, len(values)-1)
		if i := slices.IndexFunc(columns, func(c string) bool { return normalised(c) == "value" }); i >= 0 {
			at = i
		}
		if at >= 0 {
			value = recordOf(columns[at:at+1], values[at:at+1]).text(normalised(columns[at]))
		}
	}, nil)
	return value, explained(err)
}

func setupCall(target string) call {
	return call{dbo + "rds_tlog_copy_setup", []argument{{"@target_s3_arn", target}}}
}

// SetTarget implements logcopy.Server. What is set already is refused by the
// service, and fine.
func (s *Server) SetTarget(ctx context.Context, target string) error {
	err := carry(ctx, s.SQL, setupCall(target))
	if fault.CodeOf(err) == "copy-same" {
		return nil
	}
	return err
}

// TargetStatement implements logcopy.Server.
func (s *Server) TargetStatement(target string) string { return setupCall(target).String() }

const listLogs = "SELECT * FROM msdb.dbo.rds_fn_list_tlog_backup_metadata(@p1)"

// ServiceLogs implements logcopy.Server: those of the last seven days. A row may
// hold an error in place of a log.
func (s *Server) ServiceLogs(ctx context.Context, database string) (out []logcopy.Log, err error) {
	said := ""
	err = s.Batch(ctx, listLogs, []any{database}, func(columns []string, values []any) {
		r := recordOf(columns, values)
		if text := r.text("error"); text != "" {
			said = text
			return
		}
		if l, ok := logOf(r); ok {
			out = append(out, l)
		}
	}, nil)
	if err != nil {
		return nil, explained(err)
	}
	if said != "" {
		f := explain.Fault(fault.Conflict, codeOf(said), explain.AtService, "")
		f.Said = words.Say("The service said: %s", said)
		return nil, f
	}
	slices.SortStableFunc(out, func(a, b logcopy.Log) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}

// logOf reads a row. Its file lies at {db_id}.{family_guid}/ under the target as
// {db_id}.{family_guid}.{rds_backup_seq_id}.{backup_file_epoch}, the GUID in
// lower case.
func logOf(r record) (l logcopy.Log, ok bool) {
	family := r.guid("family_guid")
	first, err1 := bakfile.ParseLSN(r.text("starting_lsn"))
	last, err2 := bakfile.ParseLSN(r.text("ending_lsn"))
	l = logcopy.Log{Seq: r.number("rds_backup_seq_id", -1), Taken: r.date("backup_file_time_utc"), First: first, Last: last,
		Broken: r.number("is_log_chain_broken", 0) != 0, Size: r.number("file_size_bytes", 0), Family: family}
	folder := fmt.Sprintf("%d.%s", r.number("db_id", 0), family)
	l.Name = fmt.Sprintf("%s/%s.%d.%d", folder, folder, l.Seq, r.number("backup_file_epoch", 0))
	return l, err1 == nil && err2 == nil && l.Seq >= 0 && !family.IsZero()
}

// Key implements logcopy.Server.
func (s *Server) Key() string { return s.logKey }

// NewestTask implements logcopy.Server.
func (s *Server) NewestTask(ctx context.Context) (string, error) {
	all, err := tasks(ctx, s.SQL, "")
	if err != nil || len(all) == 0 {
		return "", err
	}
	return strconv.FormatInt(all[len(all)-1].ID, 10), nil
}

// copyCall words copies of a range. An end that equals its beginning is one file.
func copyCall(c logcopy.Call, key string) call {
	args := []argument{{"@db_name", c.Database}, {"@rds_backup_starting_seq_id", c.From}, {"@rds_backup_ending_seq_id", c.To}}
	if key != "" {
		args = append(args, argument{"@kms_key_arn", key})
	}
	return call{dbo + "rds_tlog_backup_copy_to_S3", args}
}

// CopyLogs implements logcopy.Server. The type of such tasks is not documented:
// one is known by its database, its number and what it is not.
func (s *Server) CopyLogs(ctx context.Context, c logcopy.Call, progress func(percent float64)) error {
	after, _ := strconv.ParseInt(c.After, 10, 64)
	id, err := s.copying(ctx, c.Database, after)
	if err != nil {
		return err
	}
	if id == 0 {
		id, err = submit(ctx, s.SQL, copyCall(c, s.logKey))
		s.forget()
		if fault.CodeOf(err) == "copy-task" { // another's, or ours that was not listed yet
			return fault.Later(err)
		}
		if err != nil {
			return err
		}
	}
	return s.follow(ctx, id, c.Database, progress)
}

// copying finds a task that copies logs of a database and was submitted behind
// another: at work, or over and well.
func (s *Server) copying(ctx context.Context, database string, after int64) (int64, error) {
	all, err := tasks(ctx, s.SQL, database)
	if err != nil {
		return 0, err
	}
	for _, t := range slices.Backward(all) {
		if t.ID > after && strings.EqualFold(t.Database, database) && t.copiesLogs() && (!t.Lifecycle.Over() || t.Lifecycle == Success) {
			return t.ID, nil
		}
	}
	return 0, nil
}

// copiesLogs reports whether a task may be a copy of logs: it is none of the
// types that are documented.
func (t Task) copiesLogs() bool {
	return !t.restores() && !strings.HasPrefix(t.Type, "BACKUP_DB") && !strings.Contains(t.Type, "S3_DOWNLOAD") && t.Type != "DOWNLOAD_FROM_S3" && !strings.HasPrefix(t.Type, "SSRS_")
}

// guid reads a uniqueidentifier: sixteen bytes as TDS sends them, or its text.
func (r record) guid(column string) backup.GUID {
	if b, ok := r[column].([]byte); ok && len(b) == 16 {
		return bakfile.GUIDFromWire(b)
	}
	g, _ := bakfile.ParseGUID(r.text(column))
	return g
}
