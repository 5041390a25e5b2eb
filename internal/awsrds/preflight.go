package awsrds

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

var _ preflight.ServiceChecks = (*Target)(nil)

// needed are the procedures of a migration.
var needed = []string{"rds_restore_database", "rds_restore_log", "rds_finish_restore", "rds_drop_database", "rds_cancel_task", "rds_task_status"}

// Check implements preflight.ServiceChecks. Whether the option for backup and
// restore is in force shows at the first task: no procedure tells it before.
func (t *Target) Check(ctx context.Context, f preflight.Facts) (out []migration.Finding, err error) {
	add := func(code, title string, l migration.Level, text, fix words.Text) {
		out = append(out, migration.Finding{Code: code, Title: title, Level: l, Text: text, Fix: fix})
	}
	missing, none, err := t.missing(ctx, needed)
	switch {
	case err != nil:
		return nil, err
	case none:
		add("rights", "Rights at the target", migration.Barred, words.Say("The procedures of backup and restore are not there, or the login cannot see them: this is no instance of RDS, or not its master user."),
			words.Say("Give the endpoint and the master user of an Amazon RDS for SQL Server instance."))
		return out, nil
	case len(missing) > 0:
		add("rights", "Rights at the target", migration.Barred, words.Say("The login may not execute %s.", strings.Join(missing, ", ")), words.Say("As the master user: %s", grants(missing)))
	default:
		add("rights", "Rights at the target", migration.Passed, words.Say("The login may execute the procedures of backup and restore. Whether the instance's option is in force, and what its role may do in the bucket, shows when the first task begins."), words.Text{})
	}
	t.files(f, add)
	if in, err := t.server.Describe(ctx); err == nil {
		t.engine(in, f, add)
	}
	t.capture(f.Migration, add)
	t.certificate(ctx, f, add)
	if f.Migration.Check == migration.CheckSync {
		add("open-first", "Check", migration.Warned, words.Say("The service opens the database to everybody at once; DBCC CHECKDB runs right after it, not before."), words.Say("Keep applications away until the result is shown."))
	}
	return out, nil
}

// capture says by which restore change data capture is kept.
func (t *Target) capture(m migration.Migration, add func(code, title string, l migration.Level, text, fix words.Text)) {
	const title = "Change data capture"
	chain := m.Chain()
	switch {
	case !m.Keep.CDC:
	case m.LiveSource != nil:
		add("capture", title, migration.Passed, words.Say("The tail is restored with @with_norecovery = 0 and @keep_cdc = 1: it opens the database with change data capture kept, once the gate is open."), words.Text{})
	case m.Mode == migration.Immediate:
		add("capture", title, migration.Passed, words.Say("The full backup is restored with @keep_cdc = 1."), words.Text{})
	case len(chain) > 0 && !m.OpensByFile():
		add("capture", title, migration.Warned, words.Say("The full backup is kept restoring, and nothing follows it yet: rds_finish_restore would open the database without change data capture."),
			words.Say("Add a last log or differential backup before you open it, or choose to open at once."))
	default:
		add("capture", title, migration.Passed, words.Say("The last backup is held back until the database is to be opened: it is restored with @with_norecovery = 0 and @keep_cdc = 1."), words.Text{})
	}
}

// missing asks which procedures the login may not execute. NULL for all of them
// means that they are not there.
func (t *Target) missing(ctx context.Context, needed []string) (missing []string, none bool, err error) {
	asked := make([]string, len(needed))
	for i, p := range needed {
		asked[i] = "HAS_PERMS_BY_NAME(" + tsql.ShownText("msdb.dbo."+p) + ", 'OBJECT', 'EXECUTE') AS " + p
	}
	err = t.server.Batch(ctx, "SELECT "+strings.Join(asked, ", "), nil, func(columns []string, values []any) {
		r := recordOf(columns, values)
		for _, p := range needed {
			if !r.has(p) || r.number(p, 0) == 0 {
				missing = append(missing, p)
			}
			none = none || !r.has(p)
		}
	}, nil)
	return missing, none && len(missing) == len(needed), err
}

// grants are the statements that give the rights to a login.
func grants(procedures []string) string {
	out := make([]string, len(procedures))
	for i, p := range procedures {
		out[i] = "GRANT EXECUTE ON dbo." + p + " TO …;"
	}
	return "USE msdb; " + strings.Join(out, " ")
}

// files judges what backup files tell (guide, "Limitations and recommendations").
func (t *Target) files(f preflight.Facts, add func(code, title string, l migration.Level, text, fix words.Text)) {
	for _, s := range f.Sets {
		for _, d := range s.Data {
			switch {
			case d.Type == "S" && s.File.Kind == "full":
				add("filestream", "FILESTREAM", migration.Barred, words.Say("The database has a FILESTREAM filegroup (%s), which the service does not restore.", d.LogicalName), words.Say("Move that data into ordinary columns first."))
				return
			case d.UniqueID.IsZero() && s.File.Kind != "full":
				add("file-guid", "Files", migration.Barred, words.Say("The file %s of the database has no GUID; the service restores no differential and no log of such a database.", d.LogicalName), words.Say("Migrate with one full backup, taken while the application is stopped."))
				return
			}
		}
	}
}

// Bounds of a database's size by edition, in bytes: SQL Server's own for
// Express, which RDS repeats.
const (
	expressMost     = 10 << 30
	express2025Most = 50 << 30
)

// engine judges what the instance tells of itself.
func (t *Target) engine(in backup.ServerInfo, f preflight.Facts, add func(code, title string, l migration.Level, text, fix words.Text)) {
	var data int64
	for _, file := range f.Migration.Chain() {
		data = max(data, file.DataBytes)
	}
	most := int64(expressMost)
	if in.VersionMajor >= 17 {
		most = express2025Most
	}
	if in.EngineEdition == 4 && data > most {
		add("edition", "Edition", migration.Barred, words.Say("The database has %s; %s takes at most %s in one database.", words.Bytes(data), in.Edition, words.Bytes(most)), words.Say("Choose an instance of another edition."))
	}
	if zone := in.UTCOffset; zone != 0 {
		add("zone", "Time zone", migration.Warned, words.Say("The instance's clock shows UTC%s. Data that hold local times keep them as they are.", offset(zone)), words.Say("Use an instance in the source's time zone; AWS advises strongly against moving between zones."))
	}
}

func offset(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "−", -d
	}
	return sign + time.Time{}.Add(d).Format("15:04")
}
