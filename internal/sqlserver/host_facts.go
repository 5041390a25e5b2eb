package sqlserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// maxNames bounds how many names of the backup folder are told.
const maxNames = 10_000

// HostFacts implements migration.Host.
func (t *Target) HostFacts(ctx context.Context, database string, files []bakfile.DataFile) (migration.HostFacts, error) {
	s := t.server
	info, err := s.Describe(ctx)
	if err != nil {
		return migration.HostFacts{}, err
	}
	p := migration.HostFacts{Folder: info.BackupPath, LargestMDF: largest(info)}
	if p.Missing, err = s.missingToRestore(ctx); err != nil {
		return p, err
	}
	entries, err := s.Folder(ctx, info.BackupPath)
	if fault.Is(err, fault.Unavailable) {
		return p, err
	}
	p.FolderSays = err
	for _, e := range entries[:min(len(entries), maxNames)] {
		p.Names = append(p.Names, e.Name)
	}
	if p.Moves, err = t.moves(ctx, database, files, info); err != nil {
		return p, err
	}
	p.Volumes, err = t.rooms(ctx, p.Moves)
	return p, err
}

// largest is how many bytes of data the edition allows in one database (page
// "Editions and supported features": Express 10 GB, from 2025 on 50 GB).
func largest(in backup.ServerInfo) int64 {
	switch {
	case in.EngineEdition != 4:
		return 0
	case in.VersionMajor >= 17:
		return 50 << 30
	}
	return 10 << 30
}

// missingToRestore is what a login lacks to restore (documentation page
// "RESTORE Statements": CREATE DATABASE for a new database, dbcreator for one
// that exists). The history in msdb and the state of the server tell whether a
// restore ended.
func (s *Server) missingToRestore(ctx context.Context) (missing []backup.MissingRight, err error) {
	r, err := s.askOne(ctx, permissions+`, HAS_PERMS_BY_NAME(N'msdb.dbo.restorehistory', 'OBJECT', 'SELECT') AS may_restores`, "master", "[master]")
	if err != nil || r.bit("is_sysadmin") {
		return nil, err
	}
	login, err := tsql.Name(r.text("login_name"))
	if err != nil {
		return nil, err
	}
	findMissing := func(right, grant string) { missing = append(missing, backup.MissingRight{Right: right, Grant: grant}) }
	if !r.bit("is_dbcreator") {
		findMissing("restore databases (dbcreator)", fmt.Sprintf("ALTER SERVER ROLE [dbcreator] ADD MEMBER %s;", login))
	}
	if !r.bit("may_history") || !r.bit("may_media") || !r.bit("may_restores") {
		user := "USE [msdb]; "
		if !r.bit("has_msdb") {
			user += fmt.Sprintf("CREATE USER %s FOR LOGIN %s; ", login, login)
		}
		findMissing("read the history of restores in msdb", user+fmt.Sprintf("GRANT SELECT ON dbo.restorehistory TO %s; GRANT SELECT ON dbo.backupset TO %s; GRANT SELECT ON dbo.backupmediafamily TO %s;", login, login, login))
	}
	if !r.bit("may_state") {
		findMissing("see what runs on the server and how far it is", fmt.Sprintf("USE [master]; GRANT VIEW SERVER STATE TO %s;", login))
	}
	return missing, nil
}

// moves are the places of the files, and who has them already: a database that
// lists the path, or a file that lies there (sys.dm_os_file_exists, 2017 and
// later, is not documented; without it the restore itself tells).
func (t *Target) moves(ctx context.Context, database string, files []bakfile.DataFile, info backup.ServerInfo) (out []migration.Move, err error) {
	if len(files) == 0 {
		return nil, nil
	}
	if info.DataPath == "" || info.LogPath == "" {
		return nil, explain.Fault(fault.Conflict, "folders-untold", explain.AtServer, "")
	}
	users, err := t.server.askIf(ctx, `SELECT DB_NAME(database_id) AS used_by, physical_name FROM sys.master_files`)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		m := migration.Move{Logical: f.LogicalName, To: placeOf(database, f, info), Size: f.Size}
		at := slices.IndexFunc(users, func(r row) bool { return strings.EqualFold(r.text("physical_name"), m.To) })
		if at >= 0 {
			m.Taken = "database " + users[at].text("used_by")
		} else {
			rows, err := t.server.askIf(ctx, `SELECT file_exists FROM sys.dm_os_file_exists(@p1)`, m.To)
			if err != nil {
				return nil, err
			}
			if len(rows) > 0 && rows[0].bit("file_exists") {
				m.Taken = "a file that no database uses"
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// rooms sums up what goes to which volume, or to which folder where the server
// does not tell of its volumes.
func (t *Target) rooms(ctx context.Context, moves []migration.Move) (out []migration.Volume, err error) {
	for _, m := range moves {
		folder := m.To
		if at := strings.LastIndexAny(folder, `\/`); at > 0 {
			folder = folder[:at]
		}
		volume, free, err := t.server.volumeAt(ctx, folder)
		if err != nil {
			return nil, err
		}
		if volume != "" {
			folder = volume
		}
		at := slices.IndexFunc(out, func(r migration.Volume) bool { return strings.EqualFold(r.Path, folder) })
		if at < 0 {
			at, out = len(out), append(out, migration.Volume{Path: folder, Free: free})
		}
		out[at].Need += m.Size
	}
	return out, nil
}
