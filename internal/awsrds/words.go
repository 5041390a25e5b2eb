package awsrds

import (
	"errors"
	"strings"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/sqlerror"
)

// taskRow recognises a sentence of the service by its fragments, in lower case.
type taskRow struct {
	code      fault.Code
	fragments []string
}

// sentences are those of the guide ("Troubleshooting", "Errors" of log copies)
// and of task_info as it was seen, the narrower before the wider: a text often
// holds several, and the most specific one is the cause.
var sentences = []taskRow{
	{"option", []string{"backup/restore option is not enabled"}},
	{"same-region", []string{"bucket that is in the same region"}},
	{"bucket-gone", []string{"specified bucket does not exist"}},
	{"kms-rights", []string{"is not authorized to perform", "kms:"}},
	{"kms-key", []string{"key arn:", "does not exist"}},
	{"object-exists", []string{"please reissue task with correct type and overwrite property"}},
	{"many-files", []string{"unable to restore from more than 10 backup file"}},
	{"empty-arn", []string{"s3 arn prefix cannot be empty"}},
	{"name-exists", []string{"already exists. two databases that differ only by case or accent"}},
	{"same-files", []string{"with the same file_guids on the instance"}},
	{"same-files", []string{"with the same family_guid on the instance"}},
	{"multi-az", []string{"multi-az", "norecovery"}},
	{"edition", []string{"with compression", "edition"}},
	{"certificate", []string{"cannot find server certificate"}},
	{"window", []string{"because there is an rds automated backup in progress"}},
	{"copy-task", []string{"copy task has already been issued for database"}},
	{"copy-busy", []string{"rds_tlog_copy_setup", "pending tasks"}},
	{"copy-same", []string{"target s3 arn is already set"}},
	{"copy-setup", []string{"must run the rds_tlog_copy_setup"}},
	{"copy-range", []string{"fall outside of the transaction", "retention period"}},
	{"copy-key", []string{"kms key arn", "storage"}},
	{"copy-backups", []string{"backup retention period must be at least 1"}},
	{"copy-bucket", []string{"ensure the bucket is in the same account and region"}},
	{"copy-bucket", []string{"unable to generate credentials"}},
	{"owner", []string{"must be a member of the db_owner"}},
	{"owner", []string{"must be db_owner"}},
	{"replica", []string{"read replica"}},
	{"transaction", []string{"within a transaction"}},
	{"execute", []string{"execute permission was denied on the object", "rds_"}},
	{"not-restoring", []string{"must be in the restoring state"}},
	{"open-already", []string{"with recovery is already pending"}},
	{"service-down", []string{"error running the", "reconnect"}},
}

// general are sentences that stand beside a cause and say little by themselves.
var general = []taskRow{
	{"s3-denied", []string{"access denied"}},
	{"window", []string{"overlap with your preferred backup window"}},
	{"under-way", []string{"concurrent restore_db request"}},
}

// codeOf is what a text of the service means: its own sentences, then those of
// SQL Server that it quotes, then what only stands beside a cause.
func codeOf(text string) fault.Code {
	low := strings.ToLower(text)
	if code := find(sentences, low); code != "" {
		return code
	}
	if is, ok := sqlerror.OfText(text); ok {
		return is.Code
	}
	if code := find(general, low); code != "" {
		return code
	}
	return explain.Unknown
}

func find(rows []taskRow, low string) fault.Code {
	for _, r := range rows {
		hit := true
		for _, f := range r.fragments {
			hit = hit && strings.Contains(low, f)
		}
		if hit {
			return r.code
		}
	}
	return ""
}

// explained gives a refusal of one of the service's procedures its meaning. What
// the engine itself said keeps the one it has.
func explained(err error) error {
	var f *fault.Error
	if err == nil || !errors.As(err, &f) || f.Kind == fault.Unavailable {
		return err
	}
	code := find(sentences, strings.ToLower(f.Said.String()))
	if code == "" {
		code = find(general, strings.ToLower(f.Said.String()))
	}
	if code == "" {
		return err
	}
	kind := fault.Conflict
	if code == "execute" || code == "owner" {
		kind = fault.Denied
	}
	out := explain.Fault(kind, code, explain.AtService, "").Because(f)
	out.Said = f.Said
	return out
}
