package rds

import (
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// declared are the parameters of each procedure in the order of the guide; the
// first so many must be given.
var declared = map[string]struct {
	required int
	names    []string
}{
	"rds_backup_database": {2, []string{"@source_db_name", "@s3_arn_to_backup_to", "@kms_master_key_arn", "@overwrite_s3_backup_file", "@type", "@number_of_files",
		"@block_size", "@max_transfer_size", "@buffer_count", "@enable_bucket_default_encryption"}},
	"rds_restore_database": {2, []string{"@restore_db_name", "@s3_arn_to_restore_from", "@with_norecovery", "@kms_master_key_arn", "@type", "@keep_cdc",
		"@block_size", "@max_transfer_size", "@buffer_count"}},
	"rds_restore_log": {2, []string{"@restore_db_name", "@s3_arn_to_restore_from", "@kms_master_key_arn", "@with_norecovery", "@stopat", "@keep_cdc",
		"@block_size", "@max_transfer_size", "@buffer_count"}},
	"rds_finish_restore":          {1, []string{"@db_name"}},
	"rds_drop_database":           {1, []string{"@db_name"}},
	"rds_cancel_task":             {1, []string{"@task_id"}},
	"rds_task_status":             {0, []string{"@db_name", "@task_id"}},
	"rds_set_configuration":       {2, []string{"@name", "@value"}},
	"rds_show_configuration":      {1, []string{"@name"}},
	"rds_restore_tde_certificate": {4, []string{"@certificate_name", "@certificate_file_s3_arn", "@private_key_file_s3_arn", "@kms_password_key_arn"}},
	"rds_drop_tde_certificate":    {1, []string{"@certificate_name"}},
	"rds_tlog_copy_setup":         {1, []string{"@target_s3_arn"}},
	"rds_tlog_backup_copy_to_s3": {1, []string{"@db_name", "@kms_key_arn", "@backup_file_start_time", "@backup_file_end_time", "@starting_lsn", "@ending_lsn",
		"@rds_backup_starting_seq_id", "@rds_backup_ending_seq_id"}},
}

// parameters are what a call gave, by name in lower case.
type parameters struct {
	given map[string]any
}

// read judges names as the engine does: their case does not count, and what a
// procedure does not have is refused.
func read(procedure string, args []managed.Argument) (*parameters, error) {
	d := declared[procedure]
	p := &parameters{given: map[string]any{}}
	for i, a := range args {
		name := strings.ToLower(a.Name)
		switch {
		case name == "" && i >= len(d.names):
			return nil, tds.Refuse(8144, 16, "Procedure or function %s has too many arguments specified.", procedure)
		case name == "":
			name = d.names[i]
		case !slices.Contains(d.names, name):
			return nil, tds.Refuse(8145, 16, "%s is not a parameter for procedure %s.", a.Name, procedure)
		}
		p.given[name] = a.Value
	}
	for _, name := range d.names[:d.required] {
		if _, ok := p.given[name]; !ok {
			return nil, tds.Refuse(201, 16, "Procedure or function '%s' expects parameter '%s', which was not supplied.", procedure, name)
		}
	}
	return p, nil
}

// has reports whether a parameter has a value.
func (p *parameters) has(name string) bool { return p.given[name] != nil }

func (p *parameters) text(name string) string {
	if v := p.given[name]; v != nil {
		return value.Text(v)
	}
	return ""
}

// number is a whole number, or what stands for it.
func (p *parameters) number(name string, otherwise int64) (int64, error) {
	v := p.given[name]
	if v == nil {
		return otherwise, nil
	}
	n, err := value.Convert(v, tds.BigInt)
	if err != nil {
		return 0, tds.Refuse(8114, 16, "Error converting data type nvarchar to int.")
	}
	return value.Whole(n), nil
}

// flag is 0 or 1.
func (p *parameters) flag(name string, otherwise bool) (bool, error) {
	n, err := p.number(name, -1)
	switch {
	case err != nil:
		return false, err
	case n == -1:
		return otherwise, nil
	case n != 0 && n != 1: // the sentence is not confirmed
		return false, refusal("The parameter %s must be 0 or 1.", name)
	}
	return n == 1, nil
}

func (p *parameters) moment(name string) (time.Time, error) {
	v := p.given[name]
	if v == nil {
		return time.Time{}, nil
	}
	at, err := value.Convert(v, tds.DateTime)
	if err != nil {
		return time.Time{}, tds.Refuse(8114, 16, "Error converting data type nvarchar to datetime.")
	}
	t, _ := at.(time.Time)
	return t, nil
}

// transfer checks the three parameters of the engine's buffers and gives the
// options of BACKUP or RESTORE.
func (p *parameters) transfer() (options []string, err error) {
	block, err := p.number("@block_size", 0)
	if err != nil {
		return nil, err
	}
	if block != 0 && (block < 512 || block > 65536 || block&(block-1) != 0) { // the sentence is not confirmed
		return nil, refusal("The block size must be one of 512, 1024, 2048, 4096, 8192, 16384, 32768 and 65536 bytes.")
	}
	most, err := p.number("@max_transfer_size", 0)
	if err != nil {
		return nil, err
	}
	if most != 0 && (most%65536 != 0 || most < 65536 || most > 4194304) { // the sentence is not confirmed
		return nil, refusal("The maximum transfer size must be a multiple of 65536 bytes, up to 4194304 bytes.")
	}
	buffers, err := p.number("@buffer_count", 0)
	if err != nil || buffers < 0 {
		return nil, refusal("The buffer count must be a positive number.") // not confirmed
	}
	return nil, nil
}
