package awsrds

import (
	"time"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/arn"
)

// call is a procedure with what it is given. Names and values are those of the
// guide; what is the default is not sent.
type call struct {
	name string
	args []argument
}

func (c call) String() string { return shown(c.name, c.args) }

const dbo = "msdb.dbo."

// objectARN names what is restored: one object, or the prefix of a set of
// several with an asterisk behind it (guide, "Restoring a database", multifile
// restores).
func objectARN(region string, in migration.RestoreCall) string {
	partition := arn.PartitionOf(region)
	if len(in.More) == 0 {
		return arn.Object(partition, in.Bucket, in.Key)
	}
	return arn.Object(partition, in.Bucket, objectstore.CommonPrefix(in.Keys())) + "*"
}

// restoreCall restores a full or differential backup, or a log. The one that
// opens the database keeps change data capture, which rds_finish_restore cannot
// (guide, "Restoring a database", @keep_cdc: not together with NORECOVERY).
func restoreCall(region string, in migration.RestoreCall) call {
	at := objectARN(region, in)
	stays := int64(1)
	if in.Opens || in.Mode == migration.Immediate && in.Kind != "log" && in.Kind != "differential" {
		stays = 0
	}
	do := call{dbo + "rds_restore_database", []argument{{"@restore_db_name", in.Database}, {"@s3_arn_to_restore_from", at}, {"@with_norecovery", stays}}}
	switch in.Kind {
	case "log":
		do.name = dbo + "rds_restore_log"
		if !in.StopAt.IsZero() {
			do.args = append(do.args, argument{"@stopat", stopAt(in.StopAt)})
		}
	case "differential":
		do.args = append(do.args, argument{"@type", "DIFFERENTIAL"})
	default:
		do.args = append(do.args, argument{"@type", "FULL"})
	}
	if in.Opens {
		do.args = append(do.args, argument{"@keep_cdc", int64(1)})
	}
	return do
}

// stopAt is a moment on the clock of the server that took the log, as RESTORE
// reads it: in which zone the service does is not documented, and the engine
// under it has that of its instance.
func stopAt(at time.Time) string { return at.Format("2006-01-02T15:04:05") }

func finishCall(database string) call {
	return call{dbo + "rds_finish_restore", []argument{{"@db_name", database}}}
}

func dropCall(database string) call {
	return call{dbo + "rds_drop_database", []argument{{"@db_name", database}}}
}

func cancelCall(task int64) call {
	return call{dbo + "rds_cancel_task", []argument{{"@task_id", task}}}
}
