package sqlserveremu

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/order"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/standby"
)

// judge decides whether the set may be restored, and makes the database that a
// full one restores; the lock is held. Began is when a log begins, zero where
// its file does not tell.
func (n *session) judge(o order.Restore, src media.Source, began time.Time) (*database, error) {
	s := n.server
	set := &src.Set
	db := s.find(o.Database)
	r := n.rights()
	switch {
	case db == nil && !r.server("dbcreator") && !r.server("CREATE ANY DATABASE"):
		return nil, errDenied("CREATE DATABASE", "master")
	case db != nil && !r.server("dbcreator") && !strings.EqualFold(db.owner, n.login):
		return nil, refusal(3110, 14, "User does not have permission to RESTORE database '%s'.", db.name)
	case db != nil && s.group.Member(db.name) != nil:
		return nil, errRestoreMember(db.name)
	case db != nil && db.name == n.database:
		return nil, refusal(3102, 16, "RESTORE cannot process database '%s' because it is in use by this session. It is recommended that the master database be used when performing this operation.", db.name)
	case db != nil && (db.dataBusy || db.logBusy):
		return nil, errInUse
	case set.VersionMajor > s.version[0] || set.DatabaseVersion > s.version.Database()+1:
		return nil, refusal(3169, 16, "The database was backed up on a server running version %s. That version is incompatible with this server, which is running version %d.%02d.%04d. Either restore the database on a server that supports the backup, or use a backup that is compatible with this server.",
			fmt.Sprintf("%d.%02d.%04d", set.VersionMajor, set.VersionMinor, set.VersionBuild), s.version[0], s.version[1], s.version[2])
	case o.Log && set.Type != bakfile.TypeLog:
		return nil, refusal(3143, 16, "The data set on device '%s' is not a SQL Server backup set.", src.Media[0].Shown)
	case !o.Log && set.Type == bakfile.TypeLog:
		return nil, refusal(3153, 16, "The database is already fully recovered, or the backup set on device '%s' is a log backup: use RESTORE LOG.", src.Media[0].Shown)
	}
	if err := standby.Upgrades(o.Standby, set.DatabaseVersion, s.version.Database()); err != nil {
		return nil, err
	}
	if set.Type == bakfile.TypeFull {
		return n.judgeFull(db, o, src)
	}
	if db != nil && db.undo != nil && s.busy(db, n) {
		return nil, errInUse
	}
	return db, n.judgeForward(db, o, set, began)
}

func (n *session) judgeFull(db *database, o order.Restore, src media.Source) (*database, error) {
	s := n.server
	set := &src.Set
	if db != nil {
		switch {
		case db.system:
			return nil, refusal(3108, 16, "To restore the %s database, the server must be running in single-user mode.", db.name)
		case s.busy(db, n):
			return nil, errInUse
		case db.family != set.FamilyGUID && !o.Replace:
			return nil, refusal(3154, 16, "The backup set holds a backup of a database other than the existing '%s' database.", db.name)
		case db.redo == nil && db.state == online && db.chained() && !o.Replace && o.StopAt == nil:
			return nil, refusal(3159, 16, "The tail of the log for the database \"%s\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log.", db.name)
		}
	}
	files, err := n.placeFiles(db, o, set)
	if err != nil {
		return nil, err
	}
	var size int64
	for _, f := range files {
		size += f.size
	}
	if s.edition.Limit > 0 && files[0].size > s.edition.Limit {
		return nil, refusal(1827, 16, "CREATE DATABASE or ALTER DATABASE failed because the resulting cumulative database size would exceed your licensed limit of %d MB per %s.", s.edition.Limit>>20, "database")
	}
	if free := s.config.DataFree - s.used(); size > free {
		return nil, refusals{refusal(3257, 16, "There is insufficient free space on disk volume '%s' to create the database. The database requires %d additional free bytes, while only %d bytes are available.", s.config.DataFolder, size, max(free, 0)),
			refusal(3119, 16, "Problems were identified while planning for the RESTORE statement. Previous messages provide details.")}
	}
	if db == nil {
		db = s.newDatabase(o.Database, files[0].size)
		db.owner = n.login
		s.databases[s.key(o.Database)] = db
	}
	db.undo.End()
	db.files, db.state, db.undo, db.tables = files, restoring, nil, contents.Tables{}
	db.redo = &redo{broken: true}
	return db, nil
}

// placeFiles decides where the files of the restored database lie.
func (n *session) placeFiles(db *database, o order.Restore, set *bakfile.Set) (files []dataFile, err error) {
	s := n.server
	known := map[string]bool{}
	taken := map[string]string{}
	for _, other := range s.databases {
		if other == db {
			continue
		}
		for _, f := range other.files {
			taken[strings.ToLower(f.physical)] = other.name
		}
	}
	var problems refusals
	for _, f := range set.Files {
		known[strings.ToLower(f.LogicalName)] = true
		place, moved := o.Moves[strings.ToLower(f.LogicalName)]
		if !moved {
			place = f.PhysicalName
			if db != nil && !o.Replace || db != nil && len(db.files) == len(set.Files) {
				for _, have := range db.files {
					if have.id == f.FileID {
						place = have.physical
					}
				}
			}
		}
		cannot := refusal(3156, 16, "File '%s' cannot be restored to '%s'. Use WITH MOVE to identify a valid location for the file.", f.LogicalName, place)
		switch owner, clash := taken[strings.ToLower(place)]; {
		case clash:
			problems = append(problems, refusal(1834, 16, "The file '%s' cannot be overwritten.  It is being used by database '%s'.", place, owner), cannot)
		case path.Dir(strings.ReplaceAll(place, `\`, "/")) != path.Clean(s.config.DataFolder):
			problems = append(problems, refusal(5133, 16, "Directory lookup for the file \"%s\" failed with the operating system error %s.", place, media.OSError(3)), cannot)
		}
		taken[strings.ToLower(place)] = o.Database
		files = append(files, dataFile{f.FileID, f.LogicalName, place, f.Type, f.FilegroupID, f.FilegroupName, f.Size, f.UniqueID})
	}
	for logical := range o.Moves {
		if !known[logical] {
			return nil, refusal(3234, 16, "Logical file '%s' is not part of database '%s'. Use RESTORE FILELISTONLY to list the logical file names.", logical, o.Database)
		}
	}
	if len(problems) > 0 {
		return nil, append(problems, refusal(3119, 16, "Problems were identified while planning for the RESTORE statement. Previous messages provide details."))
	}
	return files, nil
}

// judgeForward decides on a differential or a log, which began at a time.
func (n *session) judgeForward(db *database, o order.Restore, set *bakfile.Set, began time.Time) error {
	if db == nil {
		return refusal(3118, 16, "The database \"%s\" does not exist. RESTORE can only create a database when restoring either a full backup or a file backup of the primary file.", o.Database)
	}
	if db.family != set.FamilyGUID && !o.Replace {
		return refusal(3154, 16, "The backup set holds a backup of a database other than the existing '%s' database.", db.name)
	}
	if db.redo == nil && db.state == online && db.chained() && set.Type == bakfile.TypeDifferential && !o.Replace {
		return refusal(3159, 16, "The tail of the log for the database \"%s\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log.", db.name)
	}
	r := db.redo
	switch {
	case r == nil:
		return refusal(3117, 16, "The log or differential backup cannot be restored because no files are ready to rollforward.")
	case r.broken:
		return refusal(4319, 16, "A previous restore operation was interrupted and did not complete processing on file '%s'. Either restore the backup set that was interrupted or restart the restore sequence.", db.files[0].logical)
	}
	if err := db.undo.Ready(db.name, db.id); err != nil {
		return err
	}
	if set.Type == bakfile.TypeDifferential {
		// It may follow logs, which is how a lost log of a log shipping is
		// bridged (sqlservercentral.com, "Repairing a Broken Log Shipping Plan
		// From a Differential Backup").
		if set.DifferentialBaseGUID != r.base || r.copyOnly || set.LastLSN.Compare(r.at) <= 0 {
			return refusal(3136, 16, "This differential backup cannot be restored because the database has not been restored to the correct earlier state.")
		}
		return nil
	}
	err := r.joins(set)
	if o.StopAt != nil && !began.IsZero() && began.After(*o.StopAt) && (err == nil || r.stopped) {
		// The log before it held the moment. Without that a gap is told first: not confirmed.
		return errStopTooEarly()
	}
	return err
}

// joins applies the chain rules of logs: they join by LSN on one recovery
// fork. A log that ends where the database stands adds nothing; SQL Server's
// answer to that is not confirmed, here it is too early.
func (r *redo) joins(set *bakfile.Set) error {
	switch {
	case set.FirstLSN.Compare(r.at) > 0:
		return refusal(4305, 16, "The log in this backup set begins at LSN %s, which is too recent to apply to the database. An earlier log backup that includes LSN %s can be restored.", set.FirstLSN, r.at)
	case set.LastLSN.Compare(r.at) <= 0:
		return refusal(4326, 16, "The log in this backup set terminates at LSN %s, which is too early to apply to the database. A more recent log backup that includes LSN %s can be restored.", set.LastLSN, r.at)
	}
	spans := set.FirstRecoveryForkID != set.RecoveryForkID
	onFirst := set.FirstRecoveryForkID == r.fork && (!spans || r.at.Compare(set.ForkPointLSN) <= 0)
	onLast := spans && set.RecoveryForkID == r.fork && r.at.Compare(set.ForkPointLSN) >= 0
	if !onFirst && !onLast {
		return refusal(4330, 16, "This backup set cannot be applied because it is on a recovery path that is inconsistent with the database. The recovery path is the sequence of data and log backups that have brought the database to a particular recovery point. Find a compatible backup to restore, or restore the rest of the database to match a recovery point within this backup set, which will restore the database to a different point in time. For more information about recovery paths, see SQL Server Books Online.")
	}
	return nil
}
