package aliyunemu

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Texts of the service, from the common errors of its migration topics, and of
// SQL Server where the service passes its words on.

func textExists(name string) string {
	return fmt.Sprintf("The database (%s) is already exist on RDS, please backup and drop it, then try again.", name)
}

func textUnverified(key string) string {
	return fmt.Sprintf("Failed to verify %s, backup file was corrupted or newer edition than RDS.", path.Base(key))
}

func textCount(name string) string {
	return fmt.Sprintf("The database (%s) migration failed due to databases count limitation.", name)
}

func textNoAccount(name string) string {
	return fmt.Sprintf("Your RDS doesn't have any init account yet, please create one and grant permissions on RDS console to this migrated database (%s).", name)
}

func textAsyncCheck(name string) string {
	return fmt.Sprintf("asynchronously DBCC checkdb failed: CHECKDB found 0 allocation errors and 2 consistency errors in table '%s' (object ID 2105058535).", name)
}

const (
	textSyncCheck = "DBCC checkdb failed"
	textChecked   = "Success to DBCC checkdb asynchronously"
)

// mb is a size in the texts.
func mb(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// verify checks a file by itself against the instance: readable, whole, not
// newer, all of its backup in one file. It returns the set that a restore
// takes, the first.
func verify(file *bakfile.File, err error, key string, major int) (*bakfile.Set, string) {
	switch {
	case err != nil, file.Truncated, len(file.Sets) == 0, file.Media.HasPassword:
		return nil, textUnverified(key)
	}
	set := &file.Sets[0]
	switch {
	case !set.Complete, set.IsDamaged(), set.VersionMajor > major:
		return nil, textUnverified(key)
	case file.Media.FamilyCount > 1:
		return nil, textUnverified(key) + fmt.Sprintf(" The media set has %d media families but only 1 are provided. All members must be provided.", file.Media.FamilyCount)
	}
	return set, ""
}

// fileMode is the BackupMode that DescribeOssDownloads shows.
func fileMode(t bakfile.Type) string {
	switch t {
	case bakfile.TypeFull:
		return "Database"
	case bakfile.TypeDifferential:
		return "Differential_Database"
	case bakfile.TypeLog:
		return "Transaction_Log"
	}
	return t.String()
}

// fits checks the kind of a set: a task begins with a full backup, and goes on
// with differentials and logs.
func fits(set *bakfile.Set, key string, first bool) string {
	name := path.Base(key)
	if first {
		if set.Type == bakfile.TypeFull {
			return ""
		}
		kind := "Transaction Log"
		if set.Type != bakfile.TypeLog {
			kind = "Database Differential"
		}
		return fmt.Sprintf("Backup set (%s) is a %s backup, we only accept a FULL Backup.", name, kind)
	}
	if set.Type == bakfile.TypeLog || set.Type == bakfile.TypeDifferential {
		return ""
	}
	return fmt.Sprintf("Backup set (%s) is a Database FULL backup, we only accept transaction log or differential backup.", name)
}

// base makes the database that a full backup restores.
func base(name string, set *bakfile.Set) *Database {
	db := &Database{Name: name, LastLSN: set.LastLSN, Fork: set.RecoveryForkID, Family: set.FamilyGUID,
		Base: set.SetGUID, CopyOnly: set.LooksCopyOnly()}
	for _, f := range set.Files {
		db.DataBytes += f.Size
	}
	return db
}

// apply rolls a differential or log backup forward on a pending database, or
// returns why SQL Server would not. The rules are those of RESTORE: the base
// of a differential is named by GUID, logs join by LSN on one recovery fork.
func (db *Database) apply(set *bakfile.Set) string {
	if !set.FamilyGUID.IsZero() && !db.Family.IsZero() && set.FamilyGUID != db.Family {
		return fmt.Sprintf("The backup set holds a backup of a database other than the existing '%s' database. %s", db.Name, terminating(set))
	}
	if set.Type == bakfile.TypeDifferential {
		// A differential behind the database's own position is taken for one
		// that does not fit; SQL Server's words for it were not seen.
		if set.DifferentialBaseGUID != db.Base || db.CopyOnly || set.LastLSN.Compare(db.LastLSN) <= 0 {
			return "This differential backup cannot be restored because the database has not been restored to the correct earlier state. " + terminating(set)
		}
		db.LastLSN, db.Fork = set.LastLSN, set.RecoveryForkID
		return ""
	}
	if set.FirstLSN.Compare(db.LastLSN) > 0 {
		return fmt.Sprintf("The log in this backup set begins at LSN %s, which is too recent to apply to the database. An earlier log backup that includes LSN %s can be restored. %s",
			set.FirstLSN, db.LastLSN, terminating(set))
	}
	// A log that ends where the database stands adds nothing. What SQL Server
	// does in this case is not confirmed.
	if set.LastLSN.Compare(db.LastLSN) <= 0 {
		return fmt.Sprintf("The log in this backup set terminates at LSN %s, which is too early to apply to the database. A more recent log backup that includes LSN %s can be restored. %s",
			set.LastLSN, db.LastLSN, terminating(set))
	}
	first := set.FirstRecoveryForkID
	if first.IsZero() {
		first = set.RecoveryForkID
	}
	// A log that spans a fork leads from the one to the other, and joins what
	// is on the other already: a full backup taken after a database was opened
	// again is followed by a log that begins before that.
	spans := first != set.RecoveryForkID
	onFirst := first == db.Fork && (!spans || db.LastLSN.Compare(set.ForkPointLSN) <= 0)
	onLast := spans && set.RecoveryForkID == db.Fork && db.LastLSN.Compare(set.ForkPointLSN) >= 0
	if !onFirst && !onLast {
		return "This backup set cannot be applied because it is on a recovery path that is inconsistent with the database. " +
			"The recovery path is the sequence of data and log backups that have brought the database to a particular recovery point. " +
			"Find a compatible backup to restore, or restore the rest of the database to match a recovery point within this backup set, " +
			"which will restore the database to a different point in time. " + terminating(set)
	}
	db.LastLSN, db.Fork = set.LastLSN, set.RecoveryForkID
	return ""
}

func terminating(set *bakfile.Set) string {
	if set.Type == bakfile.TypeLog {
		return "RESTORE LOG is terminating abnormally."
	}
	return "RESTORE DATABASE is terminating abnormally."
}

// major is SQL Server's version number behind an EngineVersion string.
func (in *Instance) major() int {
	s := strings.ToLower(in.Version)
	if strings.HasPrefix(s, "08r2") || strings.HasPrefix(s, "2008r2") {
		return 10
	}
	year, _ := strconv.Atoi(s[:min(4, len(s))])
	majors := map[int]int{2012: 11, 2014: 12, 2016: 13, 2017: 14, 2019: 15, 2022: 16, 2025: 17}
	return majors[year]
}
