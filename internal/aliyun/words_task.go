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
	low := strings.ToLower(description)
	if code := taskText(sentences, low); code != "" {
		return code
	}
	if is, ok := sqlerror.OfText(description); ok {
		return is.Code
	}
	if code := taskText(introductions, low); code != "" {
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

// taskRow recognises a text by all its fragments, in lower case.
type taskRow struct {
	code      fault.Code
	fragments []string
}

func taskText(rows []taskRow, low string) fault.Code {
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

// sentences follow "Common errors" of the incremental migration topic, the
// full-backup topic and "Instance-level migration of SQL Server to the cloud".
// Narrower texts stand before the wider ones that they contain.
var sentences = []taskRow{
	{"check-after", []string{"asynchronously dbcc checkdb failed"}},
	{"check", []string{"dbcc checkdb failed"}},
	{"no-account", []string{"init account"}},
	{"name-exists", []string{"already exist on rds"}},
	{"full-again", []string{"database full backup", "only accept"}},
	{"diff-first", []string{"differential backup", "only accept a full"}},
	{"log-first", []string{"transaction log backup", "only accept a full"}},
	{"unreadable", []string{"failed to verify", "backup file was corrupted"}},
	{"space", []string{"not enough disk space"}},
	{"too-many", []string{"databases count limitation"}},
	{"link-expired", []string{"oss url was expired"}},
	{"name", []string{"is not backup file"}},
	{"bucket-gone", []string{"nosuchbucket"}},
	{"file-gone", []string{"nosuchkey"}},
	{"file-gone", []string{"no backup file on oss"}},
	{"role", []string{"aliyunrdsimportrole"}},
	{"key-id", []string{"invalidaccesskeyid"}},
	{"secret", []string{"signaturedoesnotmatch"}},
	{"rights", []string{"does not belong to you"}},
	{"rights", []string{"accessdenied"}},
	{"endpoint", []string{"name resolution"}},
	{"endpoint", []string{"max retries", "bucketinfo"}},
	{"engine", []string{"only for rds sql server"}},
}

// introductions explain by themselves only when nothing more telling follows.
var introductions = []taskRow{
	{"edition", []string{"failed to open database"}},
	{"unreadable", []string{"failed to verify"}},
}
