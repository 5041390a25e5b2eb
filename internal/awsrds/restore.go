package awsrds

import (
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// Apply implements backup.Restorer. A restore that was submitted in a former
// life is found by its files and waited for.
func (s *Server) Apply(ctx context.Context, c backup.ApplyCall, progress func(percent float64)) error {
	if c.Replace {
		if d, err := s.SQL.Database(ctx, c.Database); err == nil && d.State == "ONLINE" {
			return fault.New(fault.Invalid, "The service restores over no database that exists.", "Restore it under another name; drop the old one when the new one is proven.").WithCode("name-exists")
		}
	}
	do := applyCall(c)
	id, err := s.submitted(ctx, do)
	if err != nil {
		return err
	}
	if id == 0 {
		if id, err = submit(ctx, s.SQL, do); err != nil {
			return err
		}
	}
	s.forget()
	return s.follow(ctx, id, c.Database, progress)
}

// submitted finds the task of a restore that is at work, or over and well, for
// the database as it stands: the newest one with the same files.
func (s *Server) submitted(ctx context.Context, c call) (int64, error) {
	var database, files string
	for _, a := range c.args {
		switch text, _ := a.value.(string); a.name {
		case "@restore_db_name":
			database = text
		case "@s3_arn_to_restore_from":
			files = text
		}
	}
	all, err := tasks(ctx, s.SQL, database)
	if err != nil {
		return 0, err
	}
	d, err := s.SQL.Database(ctx, database)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return 0, err
	}
	exists := err == nil
	for _, t := range slices.Backward(all) {
		switch {
		case !t.restores() || t.ARN != files:
		case !t.Lifecycle.Over():
			return t.ID, nil
		case t.Lifecycle == Success && exists && d.State != "ONLINE":
			return t.ID, nil
		default:
			return 0, nil
		}
	}
	return 0, nil
}

// Recover implements backup.Server.
func (s *Server) Recover(ctx context.Context, database string) error {
	d, err := s.SQL.Database(ctx, database)
	if err != nil || d.State == "ONLINE" {
		return err
	}
	running, err := tasks(ctx, s.SQL, database)
	if err != nil {
		return err
	}
	for _, t := range running {
		if t.Type == "FINISH_RESTORE" && !t.Lifecycle.Over() {
			return s.follow(ctx, t.ID, database, nil)
		}
	}
	id, err := submit(ctx, s.SQL, finishCall(database))
	s.forget()
	if err != nil {
		return err
	}
	return s.follow(ctx, id, database, nil)
}

// applyCall words one step of a restore.
func applyCall(c backup.ApplyCall) call {
	at := c.Files[0]
	if len(c.Files) > 1 {
		at = objectstore.CommonPrefix(c.Files) + "*"
	}
	var key any
	if c.Key != "" {
		key = c.Key
	}
	if c.Kind == backup.Log {
		args := []argument{{"@restore_db_name", c.Database}, {"@s3_arn_to_restore_from", at}, {"@with_norecovery", int64(1)}, {"@kms_master_key_arn", key}}
		if !c.StopAt.IsZero() {
			args = append(args, argument{"@stopat", stopAt(c.StopAt)})
		}
		return call{dbo + "rds_restore_log", args}
	}
	kind := "FULL"
	if c.Kind == backup.Differential {
		kind = "DIFFERENTIAL"
	}
	return call{dbo + "rds_restore_database", []argument{{"@restore_db_name", c.Database}, {"@s3_arn_to_restore_from", at}, {"@with_norecovery", int64(1)}, {"@type", kind}, {"@kms_master_key_arn", key}}}
}

// ApplyStatement and RecoverStatement implement backup.Statements.
func (s *Server) ApplyStatement(c backup.ApplyCall) string { return applyCall(c).String() }

func (s *Server) RecoverStatement(database string) string { return finishCall(database).String() }
