package awsrds

import (
	"errors"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/sqlerror"
)

// sentences are those of the guide ("Troubleshooting", "Errors" of log copies)
// and of task_info as it was seen, the narrower before the wider: a text often
// holds several, and the most specific one is the cause.
var sentences = []explain.Sentence{
	{Code: "option", Fragments: []string{"backup/restore option is not enabled"}},
	{Code: "same-region", Fragments: []string{"bucket that is in the same region"}},
	{Code: "bucket-gone", Fragments: []string{"specified bucket does not exist"}},
	{Code: "kms-rights", Fragments: []string{"is not authorized to perform", "kms:"}},
	{Code: "kms-key", Fragments: []string{"key arn:", "does not exist"}},
	{Code: "object-exists", Fragments: []string{"please reissue task with correct type and overwrite property"}},
	{Code: "many-files", Fragments: []string{"unable to restore from more than 10 backup file"}},
	{Code: "empty-arn", Fragments: []string{"s3 arn prefix cannot be empty"}},
	{Code: "name-exists", Fragments: []string{"already exists. two databases that differ only by case or accent"}},
	{Code: "same-files", Fragments: []string{"with the same file_guids on the instance"}},
	{Code: "same-files", Fragments: []string{"with the same family_guid on the instance"}},
	{Code: "multi-az", Fragments: []string{"multi-az", "norecovery"}},
	{Code: "edition", Fragments: []string{"with compression", "edition"}},
	{Code: "certificate", Fragments: []string{"cannot find server certificate"}},
	{Code: "window", Fragments: []string{"because there is an rds automated backup in progress"}},
	{Code: "copy-task", Fragments: []string{"copy task has already been issued for database"}},
	{Code: "copy-busy", Fragments: []string{"rds_tlog_copy_setup", "pending tasks"}},
	{Code: "copy-same", Fragments: []string{"target s3 arn is already set"}},
	{Code: "copy-setup", Fragments: []string{"must run the rds_tlog_copy_setup"}},
	{Code: "copy-range", Fragments: []string{"fall outside of the transaction", "retention period"}},
	{Code: "copy-key", Fragments: []string{"kms key arn", "storage"}},
	{Code: "copy-backups", Fragments: []string{"backup retention period must be at least 1"}},
	{Code: "copy-bucket", Fragments: []string{"ensure the bucket is in the same account and region"}},
	{Code: "copy-bucket", Fragments: []string{"unable to generate credentials"}},
	{Code: "owner", Fragments: []string{"must be a member of the db_owner"}},
	{Code: "owner", Fragments: []string{"must be db_owner"}},
	{Code: "replica", Fragments: []string{"read replica"}},
	{Code: "transaction", Fragments: []string{"within a transaction"}},
	{Code: "execute", Fragments: []string{"execute permission was denied on the object", "rds_"}},
	{Code: "not-restoring", Fragments: []string{"must be in the restoring state"}},
	{Code: "open-already", Fragments: []string{"with recovery is already pending"}},
	{Code: "service-down", Fragments: []string{"error running the", "reconnect"}},
}

// general are sentences that stand beside a cause and say little by themselves.
var general = []explain.Sentence{
	{Code: "s3-denied", Fragments: []string{"access denied"}},
	{Code: "window", Fragments: []string{"overlap with your preferred backup window"}},
	{Code: "under-way", Fragments: []string{"concurrent restore_db request"}},
}

// codeOf is what a text of the service means: its own sentences, then those of
// SQL Server that it quotes, then what only stands beside a cause.
func codeOf(text string) fault.Code {
	if code := explain.Recognised(sentences, text); code != "" {
		return code
	}
	if is, ok := sqlerror.OfText(text); ok {
		return is.Code
	}
	if code := explain.Recognised(general, text); code != "" {
		return code
	}
	return explain.Unknown
}

// explained gives a refusal of one of the service's procedures its meaning. What
// the engine itself said keeps the one it has.
func explained(err error) error {
	var f *fault.Error
	if err == nil || !errors.As(err, &f) || f.Kind == fault.Unavailable {
		return err
	}
	code := explain.Recognised(sentences, f.Said.String())
	if code == "" {
		code = explain.Recognised(general, f.Said.String())
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
