package awsrds

import (
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// wording words the procedures of a migration. region is that of the bucket's
// partition; a call that is shown before the instance is known has the standard
// one.
type wording struct{}

var _ migration.Requests = wording{}

// Request implements migration.Requests.
func (wording) Request(m migration.Migration, verb migration.Verb, in migration.RestoreCall) string {
	in.Database = m.Database
	switch verb {
	case migration.VerbRestore, migration.VerbImport:
		return restoreCall(regionOf(in.Endpoint), in).String()
	case migration.VerbOpen:
		lines := []string{finishCall(m.Database).String()}
		if m.OpensByFile() {
			lines = nil
		}
		if migration.Unfreezes(m) {
			lines = append(lines, "ALTER DATABASE "+tsql.Shown(m.Database)+" SET READ_WRITE WITH ROLLBACK IMMEDIATE")
		}
		return strings.Join(append(lines, "DBCC CHECKDB ("+tsql.ShownText(m.Database)+") WITH NO_INFOMSGS, ALL_ERRORMSGS, TABLERESULTS"), "\n")
	}
	return dropCall(m.Database).String()
}

// Name implements migration.Requests.
func (wording) Name(verb migration.Verb) string {
	switch verb {
	case migration.VerbOpen:
		return "rds_finish_restore"
	case migration.VerbTerminate:
		return "rds_drop_database"
	}
	return "RESTORE task"
}

// regionOf reads the region out of a host of S3, for its partition.
func regionOf(host string) string {
	if strings.HasSuffix(host, ".amazonaws.com.cn") {
		return "cn-"
	}
	if i := strings.Index(host, "us-gov-"); i >= 0 {
		return "us-gov-"
	}
	if strings.HasSuffix(host, ".amazonaws.eu") {
		return "eusc-"
	}
	return ""
}
