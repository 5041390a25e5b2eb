package sqlserver

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
)

// addOldFulls asks msdb for the base that the engine names where the newest rows
// had no full backup. One that msdb has forgotten stays unknown, and one that a
// RESTORE wrote there, of the server it was taken at, was not taken here: a copy
// restored beside its source names the same base.
func (a about) addOldFulls(ctx context.Context, list []backup.Database) error {
	wanted := map[backup.GUID]bool{}
	for _, d := range list {
		if d.LastFull.IsZero() && !d.BaseGUID.IsZero() {
			wanted[d.BaseGUID] = true
		}
	}
	for ids := range guidLists(slices.Collect(maps.Keys(wanted))) {
		rows, err := a.server.askIf(ctx, "SELECT backup_set_uuid, DB_ID(database_name) AS database_id, backup_finish_date, time_zone FROM msdb.dbo.backupset WHERE backup_set_uuid IN ("+ids+") AND "+takenHere)
		if err != nil {
			return err
		}
		for _, r := range rows {
			for i, d := range list {
				named := r.integer("database_id") // 0: a database renamed since
				if d.LastFull.IsZero() && d.BaseGUID == r.guid("backup_set_uuid") && (named == 0 || named == int64(d.ID)) {
					list[i].LastFull = moment(r.date("backup_finish_date"), r).Time()
				}
			}
		}
	}
	return nil
}

// RowIDs implements backup.Server. msdb has an index on the sets' GUIDs.
func (s *Server) RowIDs(ctx context.Context, sets []backup.GUID) (map[backup.GUID]int64, error) {
	out := map[backup.GUID]int64{}
	for ids := range guidLists(sets) {
		rows, err := s.ask(ctx, "SELECT backup_set_uuid, backup_set_id FROM msdb.dbo.backupset WHERE backup_set_uuid IN ("+ids+") ORDER BY backup_set_id DESC")
		if err != nil {
			return nil, err
		}
		for _, r := range rows { // the oldest row of a set that stands there twice comes last
			out[r.guid("backup_set_uuid")] = r.integer("backup_set_id")
		}
	}
	return out, nil
}

// guidLists are lists for IN, as long as a statement may be.
func guidLists(ids []backup.GUID) iter.Seq[string] {
	return func(yield func(string) bool) {
		slices.SortFunc(ids, func(a, b backup.GUID) int { return slices.Compare(a[:], b[:]) })
		for chunk := range slices.Chunk(ids, maxHistory) {
			text := make([]string, len(chunk))
			for i, id := range chunk {
				text[i] = "'" + id.String() + "'"
			}
			if !yield(strings.Join(text, ", ")) {
				return
			}
		}
	}
}
