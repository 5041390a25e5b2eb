package preflight

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// SourceFacts is what preflight judges of a source at work.
type SourceFacts struct {
	Server           backup.ServerInfo
	Database         backup.Database
	Missing          []backup.MissingRight
	Foreign          []backup.HistoryRow  // log backups of the last day that others took
	History          int64                // newest backup_set_id seen
	Now              time.Time            // our clock when the server told its own
	FolderOK         error                // why the backup folder cannot be seen from both sides; nil when it can
	WriteActivity    backup.WriteActivity // FreezeStopped only
	Decided          string               // what a person decided about DBCC CHECKDB: CheckSkipped or CheckAccepted
	WriteActivityErr error                // why the server does not tell of writes; nil when it does
	Freeze           migration.Freeze
	Every            time.Duration
	Compress         bool
	Keep             migration.Keeping
}

// Origin is what a migration needs to know to begin from the source.
func (f SourceFacts) Origin() migration.Origin {
	return migration.Origin{Server: f.Server.Name, Family: f.Database.Family, History: f.History, Decided: f.Decided}
}

// CollectSource asks a source for what JudgeSource decides by.
func CollectSource(ctx context.Context, ports migration.Ports, live *migration.LiveSource, database string, now func() time.Time) (SourceFacts, error) {
	f := SourceFacts{Freeze: live.Freeze, Every: live.Every, Compress: live.Compress}
	server, place, err := ports.Server(ctx, live.ServerID)
	if err != nil {
		return f, err
	}
	if f.Server, err = server.Describe(ctx); err != nil {
		return f, err
	}
	f.Now = now()
	if f.Database, err = server.Database(ctx, database); err != nil {
		return f, err
	}
	if f.Missing, err = server.MissingRights(ctx, database); err != nil {
		return f, err
	}
	if f.History, err = server.Newest(ctx); err != nil {
		return f, err
	}
	rows, err := server.Recent(ctx, database, 1000)
	if err != nil {
		return f, err
	}
	slices.Reverse(rows) // oldest first
	for _, r := range rows {
		if r.Set.Kind == backup.Log && !r.Set.CopyOnly && !strings.HasPrefix(r.Set.Name, "bakplane ") && f.Now.Sub(r.Set.Finished.Time()) < 24*time.Hour {
			f.Foreign = append(f.Foreign, r)
		}
	}
	if f.Freeze == migration.FreezeStopped && f.Database.State == "ONLINE" {
		if f.WriteActivity, f.WriteActivityErr = server.WriteActivity(ctx, database); fault.Is(f.WriteActivityErr, fault.Unavailable) {
			return f, f.WriteActivityErr
		}
	}
	// A server that does not answer here says nothing about its folder.
	if _, f.FolderOK = server.Folder(ctx, place.Folder); fault.Is(f.FolderOK, fault.Unavailable) {
		return f, f.FolderOK
	}
	if f.FolderOK == nil {
		f.FolderOK = listed(ctx, ports, place)
	}
	return f, nil
}

// listed looks at the backup folder through our bucket.
func listed(ctx context.Context, ports migration.Ports, place migration.Place) error {
	bucket, err := ports.Bucket(ctx, place.BucketID)
	if err != nil {
		return err
	}
	_, err = bucket.List(ctx, "", "", 1)
	return err
}

// JudgeSource turns facts about a source into findings.
func JudgeSource(f SourceFacts, target migration.TargetInstance, to endpoint.Traits) []migration.Finding {
	j := &judge{}
	d := f.Database
	j.state(d)
	j.rights("Rights", "the migration needs", f.Missing)
	switch d.RecoveryModel {
	case "FULL":
		j.add("recovery", "Recovery model", migration.Passed, words.Say("FULL: log backups can follow."), words.Text{})
	case "BULK_LOGGED":
		j.add("recovery", "Recovery model", migration.Warned, words.Say("BULK_LOGGED; the documented path asks for FULL."), words.Say("ALTER DATABASE %s SET RECOVERY FULL, then take a log backup.", tsql.Shown(d.Name)))
		j.remedy(migration.RemedyRecovery)
	default:
		j.add("recovery", "Recovery model", migration.Barred, words.Say("%s: there are no log backups, so nothing could follow the full backup.", d.RecoveryModel),
			words.Say("ALTER DATABASE %s SET RECOVERY FULL. The full backup that starts the migration starts the log chain too.", tsql.Shown(d.Name)))
		j.remedy(migration.RemedyRecovery)
	}
	switch {
	case target.VersionMajor == 0:
		j.add("version", "Version", migration.Warned, words.Say("The instance calls its version %q, which is not known here; the source is %s.", target.Version, bakfile.Product(f.Server.VersionMajor)), words.Say("Make sure the instance is not older than the source."))
	case f.Server.VersionMajor > target.VersionMajor:
		j.add("version", "Version", migration.Barred, words.Say("The source is %s, the target %s. SQL Server never restores to an older version.", bakfile.Product(f.Server.VersionMajor), bakfile.Product(target.VersionMajor)), words.Say("Choose a target of the same or a newer version."))
	default:
		j.add("version", "Version", migration.Passed, words.Say("%s to %s.", bakfile.Product(f.Server.VersionMajor), bakfile.Product(target.VersionMajor)), words.Text{})
	}
	j.features(d, target, to)
	for _, l := range migration.Losses(d, f.Keep) {
		j.add(string(l.Code), l.Title, migration.Warned, l.What, l.How)
	}
	j.health(f)
	j.folder(f)
	j.others(f)
	switch {
	case j.grouped(f):
	case f.Freeze == migration.FreezeStopped:
		j.stopped(f)
	case f.Freeze == migration.FreezeReadOnly && to.OpensWritable:
		j.add("freeze", "Freeze", migration.Passed, words.Say("READ_ONLY is written into the log too; the target is set READ_WRITE again when it is opened."), words.Text{})
	case f.Freeze == migration.FreezeReadOnly:
		j.add("freeze", "Freeze", migration.Warned, words.Say("READ_ONLY is written into the log too: the target comes up read-only."), words.Say("After the cutover: ALTER DATABASE %s SET READ_WRITE on the target. The tail of the log as freeze leaves no such trace.", tsql.Shown(d.Name)))
	}
	return j.out
}

// stopped judges whether it could be shown that nothing is written.
func (j *judge) stopped(f SourceFacts) {
	switch {
	case f.WriteActivityErr != nil:
		message, fix := fault.Texts(f.WriteActivityErr)
		j.add("freeze", "Freeze", migration.Barred, words.Say("It could not be shown that the application is stopped: %s", message), fix)
	case len(f.WriteActivity.Uncounted) > 0:
		j.add("freeze", "Freeze", migration.Barred, words.Say("Changes of memory-optimised tables (%s) are counted by no view: it could not be shown that nothing was written.", strings.Join(f.WriteActivity.Uncounted, ", ")), otherFreeze(f.Database))
	case f.WriteActivity.Logged < 0:
		j.add("freeze", "Freeze", migration.Barred, words.Say("The server does not tell how much log it has written: it could not be shown that nothing was written."), otherFreeze(f.Database))
	default:
		j.add("freeze", "Freeze", migration.Warned, words.Say("Nothing but you stops writes. The target is opened only when the server's counters show that nothing was written since the last log."), words.Say("Stop the application before you order the cutover, and keep it stopped until it is pointed at the target."))
	}
}

func (j *judge) state(d backup.Database) {
	switch {
	case d.State != "ONLINE":
		j.add("source-state", "Source", migration.Barred, words.Say("The database is %s.", d.State), words.Say("It must be ONLINE to be backed up."))
	case d.Standby:
		j.add("source-state", "Source", migration.Barred, words.Say("The database is in standby: it is read between two restores, and no backup of it can be taken (error 3036)."),
			words.Say("Choose the server that it is restored from. To use this copy by itself, end its restore: RESTORE DATABASE %s WITH RECOVERY; no further log of the other server can be restored to it then.", tsql.Shown(d.Name)))
	case d.ReadOnly:
		j.add("source-state", "Source", migration.Warned, words.Say("The database is read-only: nothing is written to it, so nothing needs to follow."), words.Say("Migrate a full backup with immediate access instead, or set it READ_WRITE."))
	default:
		j.add("source-state", "Source", migration.Passed, words.Say("Online, %s of data, %s of log.", words.Bytes(d.DataBytes), words.Bytes(d.LogBytes)), words.Text{})
	}
	j.access(d)
	j.replica(d)
}

// access judges who may use the source. In SINGLE_USER the one place is an
// application's or ours, never both; and the tail counts on it that such a state
// is a leftover of its own. RESTRICTED_USER travels in backups.
func (j *judge) access(d backup.Database) {
	const title = "Who may use it"
	switch d.UserAccess {
	case "SINGLE_USER":
		j.add("access", title, migration.Barred, words.Say("The database is in SINGLE_USER: whoever has the only place keeps everybody else out, backups too."),
			words.Say("ALTER DATABASE %s SET MULTI_USER, or SET RESTRICTED_USER to keep applications out.", tsql.Shown(d.Name)))
	case "RESTRICTED_USER":
		j.add("access", title, migration.Warned, words.Say("The database is in RESTRICTED_USER, which travels in its backups: the target opens to owners and administrators alone."),
			words.Say("ALTER DATABASE %s SET MULTI_USER before the full backup, unless applications are to stay out. On a target of your own it is set when the database is opened.", tsql.Shown(d.Name)))
	}
}

func (j *judge) rights(title, need string, missing []backup.MissingRight) {
	if len(missing) == 0 {
		j.add("rights", title, migration.Passed, words.Say("The login may do everything %s.", need), words.Text{})
		return
	}
	var what, grants []string
	for _, m := range missing {
		what, grants = append(what, m.Right), append(grants, m.Grant)
	}
	j.add("rights", title, migration.Barred, words.Say("The login may not: %s.", strings.Join(what, ", ")), words.Plain(strings.Join(grants, " ")))
}

func (j *judge) features(d backup.Database, target migration.TargetInstance, to endpoint.Traits) {
	switch {
	case d.Encrypted && to.Certificate != "":
		j.add("tde", "Encryption", migration.Warned, words.Say("The database is encrypted (TDE). Whether the target has its certificate cannot be seen from here; without it the restore ends with error 33111."),
			words.Say("Compare sys.dm_database_encryption_keys at the source with sys.certificates in master at the target. If it is missing: %s", words.Text{Format: to.Certificate}))
	case d.Encrypted:
		j.add("tde", "Encryption", migration.Barred, words.Say("The database is encrypted (TDE); the target does not have its certificate."), words.Say("ALTER DATABASE %s SET ENCRYPTION OFF, wait until it is decrypted, and drop its key.", tsql.Shown(d.Name)))
	}
	switch {
	case d.Filestream && to.Filestream:
		j.add("filestream", "FILESTREAM", migration.Warned, words.Say("The database has FILESTREAM data: the target must have FILESTREAM turned on to open it."), words.Say("Turn it on in SQL Server Configuration Manager and with sp_configure 'filestream access level'."))
	case d.Filestream:
		j.add("filestream", "FILESTREAM", migration.Barred, words.Say("The database has FILESTREAM data, which the target does not take."), words.Say("Move it into varbinary columns or leave it out."))
	}
	if d.MemoryOptimised {
		j.add("memory-optimised", "Memory-optimised tables", migration.Warned, words.Say("The database has memory-optimised tables. Their rows are loaded into the target's memory before it opens, and editions limit how much."),
			words.Say("Compare the size of the tables (sys.dm_db_xtp_table_memory_stats at the source) with the memory of the target."))
	}
	if len(d.EditionFeatures) > 0 && (target.Edition == "web" || target.Edition == "std" || target.Edition == "express") {
		j.add("edition", "Edition", migration.Warned, words.Say("The database uses %s; the target's edition (%s) may refuse to open it.", strings.Join(d.EditionFeatures, ", "), target.Edition), words.Say("Remove the features, or choose an Enterprise instance."))
	}
	if d.PageVerify != "CHECKSUM" && d.PageVerify != "" {
		j.add("page-verify", "Page verify", migration.Warned, words.Say("Page verify is %s: damage on disk may go unnoticed into the backup.", d.PageVerify), words.Say("ALTER DATABASE %s SET PAGE_VERIFY CHECKSUM, and rebuild indexes when there is time.", tsql.Shown(d.Name)))
		j.remedy(migration.RemedyPageVerify)
	} else if d.PageVerify != "" {
		j.add("page-verify", "Page verify", migration.Passed, words.Say("CHECKSUM: damage on disk is noticed when a page is read."), words.Text{})
	}
}

func (j *judge) health(f SourceFacts) {
	switch at := f.Database.LastGoodCheck; {
	case at.IsZero():
		j.add("checkdb", "DBCC CHECKDB", migration.Warned, words.Say("The server does not know of a DBCC CHECKDB without errors."), words.Say("Run DBCC CHECKDB first: errors would travel with the backup."))
		j.remedy(migration.RemedyCheck)
	case f.Now.Sub(at) > 14*24*time.Hour:
		j.add("checkdb", "DBCC CHECKDB", migration.Warned, words.Say("The last DBCC CHECKDB without errors was on %s.", at.Format("2 Jan 2006")), words.Say("Run it again before you rely on the backup."))
		j.remedy(migration.RemedyCheck)
	default:
		j.add("checkdb", "DBCC CHECKDB", migration.Passed, words.Say("Without errors on %s.", at.Format("2 Jan 2006")), words.Text{})
	}
	if skew := f.Server.Now.Sub(f.Now).Abs(); skew > time.Minute {
		j.add("clock", "Clock", migration.Warned, words.Say("The server's clock is %s away from this machine's.", words.Span(skew)), words.Say("Set both by NTP: times on these pages are compared."))
	}
	if f.Compress && f.Server.EngineEdition == 4 {
		j.add("compress", "Compression", migration.Barred, words.Say("Express Edition cannot compress backups."), words.Say("Start without compression."))
	}
}

func (j *judge) folder(f SourceFacts) {
	if f.FolderOK != nil {
		message, fix := fault.Texts(f.FolderOK)
		j.add("folder", "Backup folder", migration.Barred, words.Say("The backup folder cannot be seen from both sides: %s", message), fix)
		return
	}
	need := f.Database.DataBytes
	switch free := f.Database.FreeBackupBytes; {
	case free < 0:
		j.add("folder", "Backup folder", migration.Warned, words.Say("Both sides see the folder. The server does not tell how much is free there."), words.Say("Make sure a full backup fits."))
	case free < need:
		j.add("folder", "Backup folder", migration.Barred, words.Say("A full backup may need %s, %s are free there.", words.Bytes(need), words.Bytes(free)), words.Say("Free some space, or choose another folder."))
	default:
		j.add("folder", "Backup folder", migration.Passed, words.Say("Both sides see it; %s free.", words.Bytes(free)), words.Text{})
	}
}

func (j *judge) others(f SourceFacts) {
	if len(f.Foreign) == 0 {
		j.add("others", "Other log backups", migration.Passed, words.Say("Nobody else took a log backup in the last day."), words.Text{})
		return
	}
	last := f.Foreign[len(f.Foreign)-1]
	j.add("others", "Other log backups", migration.Warned, words.Say("%s took %d log backups in the last day, the last at %s UTC. Each is a link of the same chain.", last.User, len(f.Foreign), last.Set.Finished.Time().Format("15:04")),
		words.Say("They are followed when their files lie in the backup folder. Better: pause that job until the cutover."))
}

// JudgeLive is the whole preflight of a migration that follows a source: the
// source's own lines, then the target's and the bucket's.
func JudgeLive(f Facts, s SourceFacts) []migration.Finding {
	j := &judge{out: JudgeSource(s, f.Instance, f.Migration.Traits)}
	f.Migration.Files = []migration.File{{Kind: "full", State: migration.FilePlanned, DataBytes: s.Database.DataBytes + s.Database.LogBytes}}
	if f.Host != nil {
		j.host(f)
		return j.out
	}
	j.bucket(f)
	j.instance(f)
	j.space(f)
	j.names(f)
	// Names of files that are to come are letters and digits behind this.
	if why, fix := migration.RefusedKey(f.Migration.Traits.Keys, f.Migration.StagingPrefix+"database.bak"); !why.IsZero() {
		j.add("key", "Files", migration.Barred, words.Say("%s: %s", f.Migration.StagingPrefix, why), words.Join(words.Say("Choose another prefix for the files in the bucket."), fix))
	}
	calls := f.Migration.Traits.Calls
	if !calls.Counted() {
		return j.out
	}
	if smallest := migration.SmallestEvery(calls, migration.ImportsKept); s.Every < smallest {
		j.add("calls", "Calls a day", migration.Warned, words.Say("A log backup every %s uses up the %d imports a day in %s; then only those kept for the cutover are left.", words.Span(s.Every), calls.Database, words.Span(time.Duration(calls.Database-5)*s.Every)),
			words.Say("Choose %s or more, unless the cutover comes before.", words.Span(smallest)))
	} else {
		j.add("calls", "Calls a day", migration.Passed, words.Say("A log backup every %s fits into the %d imports a day.", words.Span(s.Every), calls.Database), words.Text{})
	}
	return j.out
}
