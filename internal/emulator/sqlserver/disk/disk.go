// Package disk answers what an emulated SQL Server is asked about folders: what
// lies there, and that one be made. Paths are those by which the server knows
// them.
package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Reach gives the file of this machine behind a path, or the system error that
// is in the way.
type Reach func(path string) (string, error)

// most bounds a listing of a folder.
const most = 10_000

// EnumerateColumns are those of sys.dm_os_enumerate_filesystem.
const EnumerateColumns = "full_filesystem_path nvarchar(512), parent_directory nvarchar(512), file_or_directory_name nvarchar(255), level int, is_directory bit, is_read_only bit, is_system bit, is_hidden bit, has_integrity_stream bit, is_temporary bit, is_sparse bit, creation_time datetime2(7), last_access_time datetime2(7), last_write_time datetime2(7), size_in_bytes bigint"

// Enumerate lists a folder with everything below it; pattern knows * and ?, and
// times are those of a clock so far ahead of UTC.
func (reach Reach) Enumerate(root, pattern string, offset time.Duration) (rows [][]any, err error) {
	real, err := reach(filepath.Join(root, "x"))
	if err != nil {
		return nil, err
	}
	base := filepath.Dir(real)
	if pattern == "" {
		pattern = "*"
	}
	return rows, filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == base || len(rows) >= most {
			return nil
		}
		if ok, _ := filepath.Match(strings.ToLower(pattern), strings.ToLower(d.Name())); !ok {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		relative, _ := filepath.Rel(base, path)
		shown := filepath.Join(root, relative)
		at := info.ModTime().UTC().Add(offset)
		size := int64(0)
		if !d.IsDir() {
			size = info.Size()
		}
		rows = append(rows, []any{shown, filepath.Dir(shown), d.Name(), int64(strings.Count(relative, string(filepath.Separator))), d.IsDir(), false, false, false, false, false, false, at, at, at, size})
		return nil
	})
}

// ExistsColumns are those of sys.dm_os_file_exists.
const ExistsColumns = "file_exists bit, file_is_a_directory bit, parent_directory_exists bit"

// Exists is its row.
func (reach Reach) Exists(path string) []any {
	row := []any{false, false, false}
	if real, err := reach(path); err == nil {
		if info, err := os.Stat(real); err == nil {
			row[0], row[1] = !info.IsDir(), info.IsDir()
		}
		if info, err := os.Stat(filepath.Dir(real)); err == nil {
			row[2] = info.IsDir()
		}
	}
	return row
}

// Make makes a folder with the missing ones above it.
func (reach Reach) Make(path string) error {
	path = filepath.Clean(path)
	at := path
	for {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	if _, err := reach(filepath.Join(at, "x")); err != nil {
		return err
	}
	return os.MkdirAll(path, 0o755)
}

// Tree lists a folder as xp_dirtree does, nothing when it cannot be read: name,
// depth and, with files, whether it is one.
func (reach Reach) Tree(root, depth string, files bool) (rows [][]any) {
	deepest, err := strconv.Atoi(depth)
	if err != nil || deepest <= 0 {
		deepest = 100
	}
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		real, err := reach(filepath.Join(dir, "x"))
		if err != nil {
			return
		}
		entries, _ := os.ReadDir(filepath.Dir(real))
		for _, e := range entries {
			if len(rows) >= most || !e.IsDir() && !files {
				continue
			}
			row := []any{e.Name(), int64(depth)}
			if files {
				row = append(row, !e.IsDir())
			}
			rows = append(rows, row)
			if e.IsDir() && depth < deepest {
				walk(filepath.Join(dir, e.Name()), depth+1)
			}
		}
	}
	walk(root, 1)
	return rows
}
