package aliyun

import (
	"strings"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/sqlerror"
)

// descriptionCode is what the description of a task or file means, unknown
// where it is none of the documented ones. The service's own sentences come
// first, then those of SQL Server that it quotes, then what may only introduce
// such a quotation.
func descriptionCode(description string) fault.Code {
	if code := explain.Recognised(sentences, description); code != "" {
		return code
	}
	if is, ok := sqlerror.OfText(description); ok {
		return is.Code
	}
	if code := explain.Recognised(introductions, description); code != "" {
		return code
	}
	return explain.Unknown
}

// checkResult is what the description says of DBCC CHECKDB.
func checkResult(description string) migration.CheckResult {
	low := strings.ToLower(description)
	switch {
	case strings.Contains(low, "checkdb failed"):
		return migration.CheckFailed
	case strings.Contains(low, "success") && strings.Contains(low, "checkdb"):
		return migration.CheckPassed
	}
	return migration.CheckUnknown
}

// sentences follow "Common errors" of the incremental migration topic, the
// full-backup topic and "Instance-level migration of SQL Server to the cloud".
// Narrower texts stand before the wider ones that they contain.
var sentences = []explain.Sentence{
	{Code: "check-after", Fragments: []string{"asynchronously dbcc checkdb failed"}},
	{Code: "check", Fragments: []string{"dbcc checkdb failed"}},
	{Code: "no-account", Fragments: []string{"init account"}},
	{Code: "name-exists", Fragments: []string{"already exist on rds"}},
	{Code: "full-again", Fragments: []string{"database full backup", "only accept"}},
	{Code: "diff-first", Fragments: []string{"differential backup", "only accept a full"}},
	{Code: "log-first", Fragments: []string{"transaction log backup", "only accept a full"}},
	{Code: "unreadable", Fragments: []string{"failed to verify", "backup file was corrupted"}},
	{Code: "space", Fragments: []string{"not enough disk space"}},
	{Code: "too-many", Fragments: []string{"databases count limitation"}},
	{Code: "link-expired", Fragments: []string{"oss url was expired"}},
	{Code: "name", Fragments: []string{"is not backup file"}},
	{Code: "bucket-gone", Fragments: []string{"nosuchbucket"}},
	{Code: "file-gone", Fragments: []string{"nosuchkey"}},
	{Code: "file-gone", Fragments: []string{"no backup file on oss"}},
	{Code: "role", Fragments: []string{"aliyunrdsimportrole"}},
	{Code: "key-id", Fragments: []string{"invalidaccesskeyid"}},
	{Code: "secret", Fragments: []string{"signaturedoesnotmatch"}},
	{Code: "rights", Fragments: []string{"does not belong to you"}},
	{Code: "rights", Fragments: []string{"accessdenied"}},
	{Code: "endpoint", Fragments: []string{"name resolution"}},
	{Code: "endpoint", Fragments: []string{"max retries", "bucketinfo"}},
	{Code: "engine", Fragments: []string{"only for rds sql server"}},
}

// introductions explain by themselves only when nothing more telling follows.
var introductions = []explain.Sentence{
	{Code: "edition", Fragments: []string{"failed to open database"}},
	{Code: "unreadable", Fragments: []string{"failed to verify"}},
}
