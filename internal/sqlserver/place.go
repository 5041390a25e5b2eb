package sqlserver

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// restoreStatement words RESTORE DATABASE or LOG from a set of a file, by its
// position, or of the stripes of a media set. Files of the database that the backup brings along, data, each get a place
// of its own in the server's default folders, named after the database and the
// file's number: the source's paths mean nothing here.
func restoreStatement(verb, database string, files []string, position int, data []bakfile.DataFile, in backup.ServerInfo, options ...string) (string, error) {
	name, err := tsql.Name(database)
	if err != nil {
		return "", err
	}
	from, err := devices("FROM", files)
	if err != nil {
		return "", err
	}
	if len(data) > 0 && (in.DataPath == "" || in.LogPath == "") {
		return "", explain.Fault(fault.Conflict, "folders-untold", explain.AtServer, "")
	}
	for _, f := range data {
		logical, err := tsql.Text(f.LogicalName, tsql.MaxName)
		if err != nil {
			return "", err
		}
		place, err := tsql.Text(placeOf(database, f, in), tsql.MaxPath)
		if err != nil {
			return "", err
		}
		options = append(options, fmt.Sprintf("MOVE %s TO %s", logical, place))
	}
	options = append(options, "STATS = 1")
	return "RESTORE " + verb + " " + name + " " + from + " WITH FILE = " + strconv.Itoa(max(position, 1)) + ", " + strings.Join(options, ", "), nil
}

// placeOf is where a file of the database goes.
func placeOf(database string, f bakfile.DataFile, in backup.ServerInfo) string {
	folder, ending := in.DataPath, ".ndf"
	switch {
	case f.Type == "L":
		folder, ending = in.LogPath, ".ldf"
	case f.Type == "D" && f.FileID == 1:
		ending = ".mdf"
	case f.Type != "D":
		ending = "" // a folder of FILESTREAM, memory-optimised or full-text data
	}
	return within(folder, fmt.Sprintf("%s_%d%s", safeFileName(database), f.FileID, ending))
}

// within joins a folder of the server and what is inside it, with the slash
// that the server uses.
func within(folder, inside string) string {
	if strings.Contains(folder, `\`) || len(folder) == 2 && folder[1] == ':' {
		return strings.TrimRight(folder, `\/`) + `\` + strings.ReplaceAll(inside, "/", `\`)
	}
	return path.Join("/"+folder, inside)
}

// safeFileName replaces what file systems refuse. Names that differ only in
// such characters collide, which the server then says.
func safeFileName(s string) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`<>:"/\|?*'`, r) {
			return '_'
		}
		return r
	}, s)
	if r := []rune(safe); len(r) > 80 {
		safe = string(r[:80])
	}
	return strings.Trim(safe, ". ")
}

// pathOf is a key of the folder as a path of the server. Keys stay inside.
func pathOf(folder, key string) (string, error) {
	if key == "" || strings.ContainsAny(key, `\:`) || slices.Contains(strings.Split(key, "/"), "..") || strings.HasPrefix(key, "/") {
		return "", fault.Newf(fault.Invalid, "%q is not a file inside the backup folder.", shorten(key, 300))
	}
	if folder == "" {
		return "", fault.New(fault.Conflict, "It is not known where the server finds the backup files.", "Enter the backup folder of the instance as the server sees it.")
	}
	return within(folder, key), nil
}

// keyOf is pathOf's way back; a path outside the folder stays as it is.
func keyOf(folder, file string) string {
	inside := slashed(folder)
	if flat := strings.ReplaceAll(file, `\`, "/"); strings.HasPrefix(strings.ToLower(flat), inside) {
		return flat[len(inside):]
	}
	return file
}
