package msdb

import (
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Table gives one of the tables, or nothing when the name is of none. Those of
// backups go by ascending backup_set_id and are read as they are asked for.
func (h *History) Table(name string, fold value.Collation) (columns, by string, rows query.Stream) {
	t := &table{past: h.past, sets: h.sets, fold: fold}
	switch fold.Fold(name) {
	case "backupset":
		t.columns, t.id, t.one = BackupsetColumns, "backup_set_id", func(s *Set) [][]any { return [][]any{s.backupset()} }
	case "backupfile":
		t.columns, t.id, t.one = BackupFileColumns, "backup_set_id", (*Set).files
	case "backupmediafamily":
		t.columns, t.id, t.one = MediaFamilyColumns, "media_set_id", ofMedia((*Set).families)
	case "backupmediaset":
		t.columns, t.id, t.one = MediaSetColumns, "media_set_id", ofMedia(func(s *Set) [][]any { return [][]any{s.mediaSet()} })
	case "restorehistory":
		restores := h.restores
		t.columns, t.past, t.sets = RestoreColumns, nil, nil
		for i, r := range restores {
			t.fixed = append(t.fixed, r.row(i+1))
		}
	default:
		return "", "", nil
	}
	return t.columns, t.id, t
}

// ofMedia leaves media to the first set that was written on them.
func ofMedia(rows func(*Set) [][]any) func(*Set) [][]any {
	return func(s *Set) [][]any {
		if s.media != s.id {
			return nil
		}
		return rows(s)
	}
}

type table struct {
	columns, id string
	past        *Past
	sets        []Set
	fixed       [][]any
	one         func(*Set) [][]any
	fold        value.Collation
}

// Each implements query.Stream.
func (t *table) Each(w query.Wish, yield func(cell func(int) any) bool) {
	whole := func(rows [][]any) bool {
		for _, row := range rows {
			if !yield(func(i int) any { return row[i] }) {
				return false
			}
		}
		return true
	}
	real := func() bool {
		for i := range t.sets {
			s := &t.sets[i]
			if w.Descending {
				s = &t.sets[len(t.sets)-1-i]
			}
			if !whole(t.one(s)) {
				return false
			}
		}
		return true
	}
	switch {
	case t.past == nil:
		_ = real() && whole(t.fixed)
	case w.Descending:
		_ = real() && t.ago(w, yield, whole)
	default:
		_ = t.ago(w, yield, whole) && real()
	}
}

// ago goes through the past, past what the wish does not want.
func (t *table) ago(w query.Wish, yield func(cell func(int) any) bool, whole func([][]any) bool) bool {
	p := t.past
	give := func(i int) bool {
		if t.columns == BackupsetColumns {
			return yield(p.cells(i))
		}
		return whole(t.one(p.set(i)))
	}
	if places, ok := t.keyed(w); ok {
		slices.Sort(places)
		places = slices.Compact(places)
		if w.Descending {
			slices.Reverse(places)
		}
		for _, i := range places {
			if !give(i) {
				return false
			}
		}
		return true
	}
	from, to := 0, p.Sets // without the last
	if v, ok := w.Least[t.id]; ok {
		from = max(from, int(min(value.Whole(v)-1, int64(p.Sets))))
	}
	if v, ok := w.Most[t.id]; ok {
		to = min(to, int(max(0, min(value.Whole(v), int64(p.Sets)))))
	}
	if at, ok := moment(w.Least["backup_finish_date"]); ok {
		from = max(from, p.since(at))
	}
	var of []int // databases
	names, chosen := w.In["database_name"]
	for d, db := range p.Databases {
		if !chosen || slices.ContainsFunc(names, func(v any) bool { return t.fold.Equal(value.Text(v), db.Set.Database) }) {
			of = append(of, d)
		}
	}
	turns := func(turn int) bool {
		for k := range of {
			d := of[k]
			if w.Descending {
				d = of[len(of)-1-k]
			}
			if i := turn*len(p.Databases) + d; i >= from && i < to && !give(i) {
				return false
			}
		}
		return true
	}
	first, last := from/len(p.Databases), (to-1)/len(p.Databases)
	for k := 0; k <= last-first && to > from; k++ {
		turn := first + k
		if w.Descending {
			turn = last - k
		}
		if !turns(turn) {
			return false
		}
	}
	return true
}

// keyed tells the places that msdb's indexes name: the primary key of a table,
// and backupset's index backupsetuuid over backup_set_uuid. There is none over
// names or times (Microsoft's instmsdb.sql as sys.indexes of msdb shows it).
func (t *table) keyed(w query.Wish) (places []int, ok bool) {
	p := t.past
	if ids, ok := w.In[t.id]; ok {
		for _, v := range ids {
			if id := value.Whole(v); id >= 1 && id <= int64(p.Sets) {
				places = append(places, int(id-1))
			}
		}
		return places, true
	}
	ids, ok := w.In["backup_set_uuid"]
	if !ok || t.columns != BackupsetColumns {
		return nil, false
	}
	wanted := map[bakfile.GUID]bool{}
	for _, v := range ids {
		if g, err := bakfile.ParseGUID(value.Text(v)); err == nil {
			wanted[g] = true
		}
	}
	for i := range p.Sets {
		if wanted[guid(p.Databases[i%len(p.Databases)].Set.FamilyGUID, i/len(p.Databases), 's')] {
			places = append(places, i)
		}
	}
	return places, true
}

// places of the cells that conditions ask for most often: they are known
// without making the whole row.
var quick = func() map[int]string {
	out := map[int]string{}
	for i, c := range strings.Split(BackupsetColumns, ", ") {
		switch name, _, _ := strings.Cut(c, " "); name {
		case "backup_set_id", "database_name", "type", "backup_finish_date", "name", "server_name", "is_copy_only":
			out[i] = name
		}
	}
	return out
}()

// cells are those of backupset's row at place i.
func (p *Past) cells(i int) func(int) any {
	var row []any
	return func(column int) any {
		if row == nil {
			db := &p.Databases[i%len(p.Databases)].Set
			switch quick[column] {
			case "backup_set_id":
				return int64(i + 1)
			case "database_name":
				return db.Database
			case "server_name":
				return db.ServerName
			case "name":
				return value.TextOrNull(db.Name)
			case "type":
				return Letters[p.kind(i)]
			case "backup_finish_date":
				return p.finished(i)
			case "is_copy_only":
				return p.Template.CopyOnly
			}
			row = p.set(i).backupset()
		}
		return row[column]
	}
}

func moment(v any) (time.Time, bool) {
	switch x := v.(type) {
	case time.Time:
		return x.UTC(), true
	case string:
		return value.ParseTime(x)
	}
	return time.Time{}, false
}
