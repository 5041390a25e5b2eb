package migration

import (
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// Loss is something that a database has at its source and that RESTORE
// elsewhere turns off or leaves behind (documentation page "RESTORE
// Arguments", KEEP_CDC and KEEP_REPLICATION; "ALTER DATABASE SET", TRUSTWORTHY
// and Service Broker). READ_COMMITTED_SNAPSHOT, the compatibility level and
// containment come along.
type Loss struct {
	Code      fault.Code // of its line in the preflight
	Title     string
	What, How words.Text // what is lost; what to do on the target once it is open
	has       func(backup.Database) bool
	statement func(name string) string
}

// Statement is what to type on the target, for a database of that name; empty
// where it is more than one.
func (l Loss) Statement(database string) string {
	if l.statement == nil {
		return ""
	}
	return l.statement(tsql.Shown(database))
}

func losses() []Loss {
	return []Loss{
		{Code: "lost-broker", Title: "Service Broker", What: words.Say("Service Broker is on, and RESTORE turns it off: queues stand still on the target until it is turned on."),
			How: words.Say("Turn it on once the database is open. Where source and target stay open side by side, NEW_BROKER gives the target an identity of its own and drops conversations."),
			has: func(d backup.Database) bool { return d.Broker },
			statement: func(name string) string {
				return "ALTER DATABASE " + name + " SET ENABLE_BROKER WITH ROLLBACK IMMEDIATE"
			}},
		{Code: "lost-trustworthy", Title: "TRUSTWORTHY", What: words.Say("TRUSTWORTHY is on, and RESTORE turns it off: modules that reach into other databases or load assemblies are refused."),
			How:       words.Say("Turn it on once the database is open, if it is still needed; on a managed instance only the service may. Signed modules do without it."),
			has:       func(d backup.Database) bool { return d.Trustworthy },
			statement: func(name string) string { return "ALTER DATABASE " + name + " SET TRUSTWORTHY ON" }},
		{Code: "lost-cdc", Title: "Change data capture", What: words.Say("Change data capture is on, and the target is opened without KEEP_CDC: its tables and what they hold are removed there."),
			How:       words.Say("Let readers of the captured changes read to the end before the cutover. Afterwards turn it on again, then for each table (sys.sp_cdc_enable_table); its jobs are made anew."),
			has:       func(d backup.Database) bool { return d.CDC },
			statement: func(name string) string { return "EXEC " + name + ".sys.sp_cdc_enable_db" }},
		{Code: "kept-cdc", Title: "Jobs of change data capture", What: words.Say("Change data capture is kept (KEEP_CDC); its jobs are not, they live in msdb."),
			How: words.Say("Make them anew once the database is open, and look at the readers of the captured changes: what they have read so far they know by LSNs, which go on."),
			has: func(backup.Database) bool { return false },
			statement: func(name string) string {
				return "EXEC " + name + ".sys.sp_cdc_add_job N'capture'; EXEC " + name + ".sys.sp_cdc_add_job N'cleanup'"
			}},
		{Code: "tracking", Title: "Change tracking", What: words.Say("Change tracking is on. It comes along, but those who synchronise by its versions must be led to the target and look whether their last version is still valid there."),
			How: words.Say("Compare each one's last version with CHANGE_TRACKING_MIN_VALID_VERSION on the target before it goes on; one that is older begins anew. The retention is as it was."),
			has: func(d backup.Database) bool { return d.Tracking },
			statement: func(name string) string {
				return "USE " + name + "; SELECT CHANGE_TRACKING_CURRENT_VERSION(), OBJECT_NAME(object_id), min_valid_version FROM sys.change_tracking_tables"
			}},
		{Code: "lost-replication", Title: "Replication", What: words.Say("Tables are published for replication, and the target is opened without KEEP_REPLICATION: publications are not there."),
			How: words.Say("Script the publications at the source before the cutover; make them and their subscriptions anew on the target."),
			has: func(d backup.Database) bool { return d.Published }},
	}
}

// Losses are those of a database, as its source tells of it. What is kept has a
// line of its own, of what is left to do all the same.
func Losses(d backup.Database, k Keeping) (out []Loss) {
	for _, l := range losses() {
		kept := d.CDC && k.CDC
		if l.has(d) && !(kept && l.Code == "lost-cdc") || kept && l.Code == "kept-cdc" {
			out = append(out, l)
		}
	}
	return out
}

// Lost are the losses that the preflight named before the full backup was taken.
func (m Migration) Lost() (out []Loss) {
	for _, l := range losses() {
		for _, f := range m.Findings {
			if f.Code == string(l.Code) {
				if l.Code == "lost-cdc" {
					l.statement = func(string) string { return m.captureStatement() }
				}
				out = append(out, l)
			}
		}
	}
	return out
}
