package sqlserver

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Neither is documented. The view (2017 and later) tells sizes and walks the
// whole tree unless its level is asked for; the procedure is in all versions.
// Give both only folders that an administrator allowed: a network path makes
// the service account log in to that machine.
const (
	enumerate = `SELECT file_or_directory_name AS name, is_directory, size_in_bytes FROM sys.dm_os_enumerate_filesystem(@p1, N'*') WHERE level = 0 ORDER BY file_or_directory_name`
	dirtree   = `EXEC master.sys.xp_dirtree @p1, 1, 1`
)

// Folder implements backup.Server. A folder that does not exist is empty where
// the server says no more: xp_dirtree does not tell.
func (s *Server) Folder(ctx context.Context, path string) ([]backup.FolderEntry, error) {
	if _, err := tsql.Text(path, tsql.MaxPath); err != nil || path == "" {
		return nil, fault.Newf(fault.Invalid, "%q is not a folder.", shorten(path, 300)).WithFix("Write the whole path as the server sees it.")
	}
	rows, err := s.ask(ctx, enumerate, path)
	old := refused(err)
	if old {
		rows, err = s.ask(ctx, dirtree, path)
	}
	if err != nil {
		return nil, err
	}
	out := make([]backup.FolderEntry, 0, len(rows))
	for _, r := range rows {
		if old {
			out = append(out, backup.FolderEntry{Name: r.text("subdirectory"), Folder: !r.bit("file"), Size: -1})
			continue
		}
		e := backup.FolderEntry{Name: r.text("name"), Folder: r.bit("is_directory"), Size: r.integer("size_in_bytes")}
		if e.Folder || !r.has("size_in_bytes") {
			e.Size = -1
		}
		out = append(out, e)
	}
	return out, nil
}

// MakeFolder implements backup.Server. xp_create_subdir makes missing parents
// and is content when the folder is there.
func (s *Server) MakeFolder(ctx context.Context, path string) error {
	quotedPath, err := tsql.Text(path, tsql.MaxPath)
	if err != nil || path == "" {
		return fault.Newf(fault.Invalid, "%q is not a folder.", shorten(path, 300)).WithFix("Write the whole path as the server sees it.")
	}
	return s.run(ctx, "EXEC master.sys.xp_create_subdir "+quotedPath, nil)
}
