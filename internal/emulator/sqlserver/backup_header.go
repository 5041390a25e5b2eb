package sqlserveremu

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
)

// header is the set as the database stands, without its LSNs.
func (s *Server) header(db *database, kind bakfile.Type, user string, started time.Time) bakfile.Set {
	offset := s.config.UTCOffset
	set := bakfile.Set{
		Type: kind, Database: db.name, ServerName: s.name, MachineName: machine(s.name), UserName: user,
		VersionMajor: s.version[0], VersionMinor: s.version[1], VersionBuild: s.version[2],
		DatabaseVersion: s.version.Database(), CompatibilityLevel: db.compat, RecoveryModel: db.recovery,
		DatabaseCreated: local(db.created), Started: local(started), UTCOffset: &offset,
		SetGUID: newGUID(), BindingID: db.binding, RecoveryForkID: db.fork, FirstRecoveryForkID: db.fork, FamilyGUID: db.family,
		Flags: media.FlagAlways, SortOrder: 52, UnicodeLocale: 1033, UnicodeCompare: 196609, DatabaseBackupLSN: db.base.checkpoint,
	}
	if db.readOnly {
		set.Flags |= media.FlagReadOnly
	}
	if db.access == "SINGLE_USER" {
		set.Flags |= media.FlagSingleUser
	}
	for _, f := range db.files {
		file := bakfile.DataFile{FileID: f.id, LogicalName: f.logical, PhysicalName: f.physical, Type: f.kind, Size: f.size,
			MaxSize: 0x1fffffffe000, UniqueID: f.guid, SourceBlockSize: 512}
		if f.kind != "L" {
			file.FilegroupID, file.FilegroupName = f.space, f.group
		} else {
			file.MaxSize = 0x20000000000
		}
		set.Files = append(set.Files, file)
	}
	return set
}

func local(t time.Time) bakfile.LocalTime {
	if t.IsZero() {
		return bakfile.LocalTime{}
	}
	return bakfile.LocalTime{Time: t.UTC().Truncate(time.Second)}
}
