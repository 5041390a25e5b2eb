package sqlserver

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// restoreState is what is known of a database on the target.
type restoreState struct {
	name     string
	exists   bool
	row      row // of sys.databases
	offset   time.Duration
	restores []restored  // since its full backup, oldest first
	redo     bakfile.LSN // where the engine would roll forward from; zero unless a full restore came to its end and the database is RESTORING
	lived    bool        // it is RESTORING by its own tail-log backup: it has been open since
	work     work        // of this process
	worked   bool
	running  []backup.RunningStatement
	placed   bool          // its files lie where Restore puts those of a database of this name
	ahead    time.Duration // of the server's clock before this machine's
}

// restored is one row of restorehistory: one completed RESTORE.
type restored struct {
	at  time.Time // UTC, when it began
	set backup.HistoryRow
}

// longest is how long ago an interrupted restore may have begun. A database
// that has been RESTORING for longer without a history may be anything, such as
// the far end of log shipping whose history was cleaned up.
const longest = 8 * 24 * time.Hour

// interrupted reports whether the database is the rest of a restore whose full
// backup never got through.
func (v restoreState) interrupted() bool {
	return v.exists && v.row.text("state_desc") == "RESTORING" && len(v.restores) == 0 && v.redo.IsZero() &&
		v.row.date("local_now").Sub(v.row.date("create_date")) < longest && !v.lived && !v.row.has("replica_id") && len(v.running) == 0 && !v.working()
}

func (v restoreState) working() bool { return v.worked && v.work.ended.IsZero() }

// base is the full backup the database was restored from, zero if unknown.
func (v restoreState) base() backup.GUID {
	if len(v.restores) == 0 {
		return backup.GUID{}
	}
	return v.restores[0].set.Set.ID
}

const databaseState = `SELECT *, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset, GETDATE() AS local_now, GETUTCDATE() AS utc_now FROM sys.databases WHERE name = @p1`

// restoreState asks the server about one database.
func (t *Target) restoreState(ctx context.Context, database string) (restoreState, error) {
	v := restoreState{name: database}
	v.work, v.worked = t.server.work(database)
	rows, err := t.server.ask(ctx, databaseState, database)
	if err != nil {
		return v, err
	}
	if v.exists = len(rows) > 0; !v.exists {
		return v, nil
	}
	v.row, v.offset = rows[0], quarters(rows[0].integer("utc_offset"))
	v.ahead = time.Until(v.row.date("utc_now"))
	if v.row.text("state_desc") == "RESTORING" {
		if v.redo, err = t.redo(ctx, database); err != nil {
			return v, err
		}
	}
	if v.restores, err = t.restores(ctx, v); err != nil {
		return v, err
	}
	if v.row.text("state_desc") == "RESTORING" {
		if v.lived, err = t.lived(ctx, v); err != nil {
			return v, err
		}
		if v.running, err = t.server.Running(ctx, database); err == nil && v.interrupted() {
			v.placed, err = t.placed(ctx, database)
		}
	}
	return v, err
}

// interruptedRestore is when an interrupted restore made the database, by this machine's
// clock; zero when it is none, or its files were put elsewhere by somebody.
func (v restoreState) interruptedRestore() time.Time {
	if !v.interrupted() || !v.placed {
		return time.Time{}
	}
	return v.row.date("create_date").Add(-v.offset - v.ahead).UTC()
}

// placed reports whether every file of a database lies where Restore puts it.
func (t *Target) placed(ctx context.Context, database string) (bool, error) {
	info, err := t.server.Describe(ctx)
	if err != nil {
		return false, err
	}
	files, err := t.server.filesOf(ctx, database)
	for _, f := range files {
		if !strings.EqualFold(f.PhysicalName, placeOf(database, f, info)) {
			return false, err
		}
	}
	return len(files) > 0, err
}

// InterruptedRestore implements migration.Host.
func (t *Target) InterruptedRestore(ctx context.Context, database string) (time.Time, error) {
	v, err := t.restoreState(ctx, database)
	if err != nil {
		return time.Time{}, untouched(err)
	}
	return v.interruptedRestore(), nil
}

// takenHere is the condition on rows of backupset that this server did not only
// read in a RESTORE. A host renamed without sp_addserver has two names.
const takenHere = `(server_name IN (@@SERVERNAME, CONVERT(nvarchar(128), SERVERPROPERTY('ServerName'))) OR @@SERVERNAME IS NULL)`

const ownBackups = `SELECT TOP (10000) backup_set_id FROM msdb.dbo.backupset WHERE database_name = @p1 AND ` + takenHere + ` AND backup_finish_date >= @p2 ORDER BY backup_set_id DESC`

// lived reports whether backups of the database were taken on this server
// since it was restored. A database that was in use and became RESTORING by
// its tail has at least the tail in this server's history; one that was never
// open has none. The sets it was restored from are in that history too, and
// do not count: source and target may bear one name. msdb cuts times to the
// second, sys.databases does not.
func (t *Target) lived(ctx context.Context, v restoreState) (bool, error) {
	since := v.row.date("create_date")
	if n := len(v.restores); n > 0 {
		since = v.restores[n-1].at.Add(v.offset)
	}
	rows, err := t.server.ask(ctx, ownBackups, v.row.text("name"), since.Add(-2*time.Second))
	return slices.ContainsFunc(rows, func(r row) bool {
		id := r.integer("backup_set_id")
		return !slices.ContainsFunc(v.restores, func(o restored) bool { return o.set.ID == id })
	}), err
}

// restoreStateOf is sight for a task, which must be the one that the database is of.
func (t *Target) restoreStateOf(ctx context.Context, id, database string) (restoreState, error) {
	v, err := t.restoreState(ctx, database)
	if err != nil {
		return v, err
	}
	name, _ := parseID(id)
	known := v.worked && v.work.taskID == id || v.exists && id == taskID(name, v.base()) || v.interrupted()
	if !strings.EqualFold(name, database) || !v.exists && !v.worked || !known {
		return v, fault.Newf(fault.NotFound, "The server knows no restore %s.", id).WithCode("gone").
			WithFix("The database was dropped, renamed or replaced. Start a new migration.")
	}
	return v, nil
}

// beforeCreation is how much earlier than its database a restore may be dated
// and certainly be its own: msdb cuts times to the second, sys.databases does
// not.
const beforeCreation = 2 * time.Second

// redo is where the engine would roll a RESTORING database forward from, zero
// where it names no such place (documentation page "sys.master_files",
// redo_start_lsn). That it names none after a full restore that was interrupted
// is not confirmed; where it does, a person is asked before anything is replaced.
func (t *Target) redo(ctx context.Context, database string) (bakfile.LSN, error) {
	rows, err := t.server.askIf(ctx, `SELECT MAX(redo_start_lsn) AS redo FROM sys.master_files WHERE database_id = DB_ID(@p1) AND type = 0`, database)
	if err != nil || len(rows) == 0 {
		return bakfile.LSN{}, err
	}
	return rows[0].lsn("redo"), nil
}

// restores reads the history of a database back to its last full backup
// (documentation page "restorehistory"). Times there are local, restore_date is
// the beginning of a restore, and create_date may be hours later: the database
// is made once its backup can be read. Rows of a database of the same name that
// was dropped since stay in msdb too. A row that is older than the database is
// its own if the engine can roll the database forward, or if its lineage is the
// set's.
func (t *Target) restores(ctx context.Context, v restoreState) ([]restored, error) {
	rows, err := t.server.ask(ctx, `SELECT TOP (10000) restore_history_id, restore_date, restore_type, backup_set_id FROM msdb.dbo.restorehistory WHERE destination_database_name = @p1 AND backup_set_id IS NOT NULL ORDER BY restore_history_id DESC`, v.name)
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	created := v.row.date("create_date")
	for i := len(rows) - 1; i >= 0; i-- {
		began := rows[i].date("restore_date")
		if began.Before(created.Add(-longest)) {
			break
		}
		if strings.TrimSpace(rows[i].text("restore_type")) != "D" {
			continue
		}
		all, err := t.withSets(ctx, rows[i:], v.offset)
		switch {
		case err != nil:
			return nil, err
		case !began.Before(created.Add(-beforeCreation)), !v.redo.IsZero():
			return all, nil
		case v.row.text("state_desc") == "RESTORING":
			return nil, nil
		}
		family, err := t.family(ctx, v.name)
		if err != nil || family.IsZero() || family != all[0].set.Set.Family {
			return nil, err
		}
		return all, nil
	}
	return nil, nil
}

// family is the lineage of an open database, zero where the engine does not tell.
func (t *Target) family(ctx context.Context, database string) (backup.GUID, error) {
	rows, err := t.server.askIf(ctx, `SELECT family_guid FROM sys.database_recovery_status WHERE database_id = DB_ID(@p1)`, database)
	if err != nil || len(rows) == 0 {
		return backup.GUID{}, err
	}
	return rows[0].guid("family_guid"), nil
}

func (t *Target) withSets(ctx context.Context, rows []row, offset time.Duration) ([]restored, error) {
	var out []restored
	for chunk := range slices.Chunk(rows, maxHistory) {
		ids := make([]int64, len(chunk))
		for i, r := range chunk {
			ids[i] = r.integer("backup_set_id")
		}
		sets, err := t.server.ask(ctx, "SELECT * FROM msdb.dbo.backupset WHERE backup_set_id IN ("+list(ids)+")")
		if err != nil {
			return nil, err
		}
		history, err := t.server.withFiles(ctx, sets)
		if err != nil {
			return nil, err
		}
		byID := map[int64]backup.HistoryRow{}
		for _, h := range history {
			byID[h.ID] = h
		}
		for i, r := range chunk {
			out = append(out, restored{at: r.date("restore_date").Add(-offset).UTC(), set: byID[ids[i]]})
		}
	}
	return out, nil
}

// Task implements migration.Target.
func (t *Target) Task(ctx context.Context, id string) (migration.Task, error) {
	database, _ := parseID(id)
	v, err := t.restoreStateOf(ctx, id, database)
	if err != nil {
		return migration.Task{}, err
	}
	task := judge(v)
	task.ID = id
	if task.Status == migration.TaskSuccess && task.Description == "" {
		if task.Description, err = t.lastCheck(ctx, v); task.Description != "" {
			task.Check = migration.CheckPassed
		}
	}
	return task, err
}

// Tasks implements migration.Target. since is of this machine's clock, which
// is compared with the server's. A restore that was interrupted, and that
// nobody here remembers, is left out: its call may be made again.
func (t *Target) Tasks(ctx context.Context, since time.Time) ([]migration.Task, error) {
	rows, err := t.server.ask(ctx, `SELECT name, create_date, GETUTCDATE() AS utc_now, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset FROM sys.databases WHERE source_database_id IS NULL`)
	if err != nil {
		return nil, err
	}
	names := t.server.known()
	for _, r := range rows {
		oldest := since.Add(time.Until(r.date("utc_now")) - 2*time.Second)
		created := r.date("create_date").Add(-quarters(r.integer("utc_offset")))
		name := r.text("name")
		if created.After(oldest) && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	var out []migration.Task
	for _, name := range names {
		v, err := t.restoreState(ctx, name)
		if err != nil {
			return nil, err
		}
		task := judge(v)
		switch {
		case v.worked && (len(v.restores) == 0 || v.work.verb == workRestore):
			task.ID = v.work.taskID
		case v.exists && len(v.restores) > 0:
			task.ID = taskID(v.row.text("name"), v.base())
		default:
			continue
		}
		task.Database, _ = parseID(task.ID)
		out = append(out, task)
	}
	slices.SortStableFunc(out, func(a, b migration.Task) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// TaskFiles implements migration.Target: the restores that went through, and
// the full backup while it is being restored.
func (t *Target) TaskFiles(ctx context.Context, id string) ([]migration.TaskFile, error) {
	database, _ := parseID(id)
	v, err := t.restoreStateOf(ctx, id, database)
	if err != nil {
		return nil, err
	}
	info, err := t.server.Describe(ctx)
	if err != nil {
		return nil, err
	}
	out := []migration.TaskFile{}
	for _, r := range v.restores {
		f := migration.TaskFile{BackupMode: string(r.set.Set.Kind), Set: r.set.Set.ID, Status: "Restored", Created: r.at, // its end is written nowhere
			Size: fmt.Sprintf("%.1f", float64(r.set.Set.Size)/(1<<20))}
		if len(r.set.Files) > 0 {
			f.Name = keyOf(info.BackupPath, r.set.Files[0])
		}
		out = append(out, f)
	}
	if v.working() && v.work.key != "" && (len(out) == 0 || v.work.verb == workImport) {
		out = append(out, migration.TaskFile{Name: v.work.key, Set: v.work.set, Status: "Restoring", Created: v.work.started,
			Description: fmt.Sprintf("%.0f percent", v.work.percent)})
	}
	return out, nil
}
