package sqlserveremu

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/order"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/standby"
)

// state is a database's, with the numbers of sys.databases.
type state int

const (
	online    state = 0
	restoring state = 1
	suspect   state = 4
	emergency state = 5
	offline   state = 6
)

func (s state) String() string {
	return map[state]string{online: "ONLINE", restoring: "RESTORING", suspect: "SUSPECT", emergency: "EMERGENCY", offline: "OFFLINE"}[s]
}

// database is one database. The server's lock guards it.
type database struct {
	id                             int
	name                           string
	owner                          string
	broker, trustworthy, published bool      // not in a backup, and not known to one restored
	cdc, tracking                  bool      // change data capture and change tracking
	created                        time.Time // the server's local time
	system                         bool
	state                          state
	// readOnly, access and the options below are ALTER DATABASE's.
	readOnly  bool
	access    string // MULTI_USER, RESTRICTED_USER, SINGLE_USER
	recovery  bakfile.RecoveryModel
	verify    string // page verify option
	compat    int
	features  []string
	tde       bool
	contained bool
	spaces    map[string]string // FD or FX by the name of a filegroup

	size     int64 // bytes of the data file
	rowBytes int64
	files    []dataFile
	tables   contents.Tables

	// The log: the clock, the records not backed up yet, and where the chain
	// stands. A zero lastLog means that there is no chain.
	next      bakfile.LSN
	log       []Change
	logBegan  bakfile.LSN
	lastLog   bakfile.LSN
	lastLogAt time.Time
	logFrom   time.Time // when the next log backup begins; zero = not told

	// Who it is and came from.
	family, fork, binding bakfile.GUID
	forkBefore            bakfile.GUID
	forkPoint             bakfile.LSN

	// The differential base: the newest full backup that is not copy-only, and
	// what changed since.
	base    base
	changed map[extent]bool

	redo *redo         // while RESTORING, and in standby
	undo *standby.Undo // in standby

	dataBusy, logBusy bool // a backup or restore is under way
	lastCheck         time.Time
	corrupt           int // damaged pages
	deadlocks         int // so many SET MULTI_USER are refused
}

type dataFile struct {
	id       int
	logical  string
	physical string
	kind     string // D, L or S
	space    int    // filegroup; 0 for logs
	group    string // its name
	size     int64
	guid     bakfile.GUID
}

// base is what differentials refer to.
type base struct {
	set        bakfile.GUID
	checkpoint bakfile.LSN
	at         time.Time
}

// redo is where a database that is being restored stands.
type redo struct {
	home     bool // the full backup was of this database of this server
	at       bakfile.LSN
	fork     bakfile.GUID
	base     bakfile.GUID // set restored in full
	copyOnly bool
	tail     bool      // it is here by BACKUP LOG WITH NORECOVERY
	broken   bool      // a full restore did not end
	stopped  bool      // the last log was applied up to a moment inside it
	until    time.Time // of the source: what lies before it is in the database whole
}

// extent is eight pages that change together: a hundred rows here.
type extent struct {
	table string
	n     int64
}

const rowsPerExtent = 100

func newGUID() (g bakfile.GUID) {
	_, _ = rand.Read(g[:])
	g[6], g[8] = g[6]&0x0f|0x40, g[8]&0x3f|0x80
	return g
}

// tick gives the LSN of a new record.
func (db *database) tick() bakfile.LSN {
	l := db.next
	db.next.Slot++
	if db.next.Slot > 30 {
		db.flush()
	}
	return l
}

// flush begins a new log block, as a commit does.
func (db *database) flush() {
	db.next.Block, db.next.Slot = db.next.Block+8, 1
	if db.next.Block > 100_000 {
		db.next.VLF, db.next.Block = db.next.VLF+1, 16
	}
}

// checkpoint writes the records of a checkpoint and gives the first one's LSN.
func (db *database) checkpoint() bakfile.LSN {
	db.flush()
	l := db.tick()
	db.tick()
	db.tick()
	db.flush()
	return l
}

// change logs a change and does it.
func (db *database) change(c Change) {
	c.LSN = db.tick()
	db.tables.Apply(c)
	if c.Kind == contents.PutRow || c.Kind == contents.DeleteRow {
		db.changed[extent{strings.ToLower(c.Table), c.ID / rowsPerExtent}] = true
	} else {
		db.changed[extent{strings.ToLower(c.Table), -1}] = true
	}
	if db.recovery != bakfile.RecoverySimple && !db.lastLog.IsZero() {
		db.log = append(db.log, c)
	}
}

// maxLog bounds the records of a log that nobody backs up.
const maxLog = 2_000_000

// writable says why the database takes no changes, or nothing.
func (db *database) writable() error {
	switch {
	case db.state == restoring:
		return errRestoring(db.name)
	case db.state == offline:
		return errOffline(db.name)
	case db.state != online:
		return errSuspect(db.name)
	case db.readOnly || db.undo != nil:
		return errReadOnly(db.name)
	case len(db.log) >= maxLog:
		return errLogFull(db.name)
	}
	return nil
}

// readable says why the database cannot be read, or nothing.
func (db *database) readable() error {
	if db.state != online {
		if err := db.writable(); err != nil {
			return err
		}
	}
	return nil
}

// chained reports whether log backups are possible.
func (db *database) chained() bool {
	return db.recovery != bakfile.RecoverySimple && !db.lastLog.IsZero()
}

// setRecovery changes the recovery model; SIMPLE breaks the log chain.
func (db *database) setRecovery(m bakfile.RecoveryModel) {
	if m == bakfile.RecoverySimple {
		db.log, db.lastLog, db.logBegan, db.logFrom = nil, bakfile.LSN{}, bakfile.LSN{}, time.Time{}
	}
	db.recovery = m
	db.checkpoint()
}

// recover opens a restored database on a new recovery fork.
func (db *database) recover(now time.Time) {
	r := db.redo
	db.redo = nil
	db.halts("", "")
	db.forkBefore, db.forkPoint, db.fork = r.fork, r.at, newGUID()
	db.state = online
	db.log, db.lastLog, db.logBegan, db.logFrom = nil, bakfile.LSN{}, bakfile.LSN{}, time.Time{}
	if db.recovery != bakfile.RecoverySimple {
		db.lastLog, db.lastLogAt = r.at, now
	}
	db.next = r.at
	db.checkpoint()
	if r.tail {
		return
	}
	db.base = base{}
	if !r.copyOnly {
		db.base.set = r.base
	}
	db.changed = map[extent]bool{}
	for key, t := range db.tables {
		for id := range t.Rows {
			db.changed[extent{key, id / rowsPerExtent}] = true
		}
	}
}

// opens is the recovery of a RESTORE with its options. Change data capture is
// removed unless it is kept or the database was this one (public page "Change
// data capture and other features", "Restore").
func (db *database) opens(now time.Time, o order.Restore) {
	db.cdc = db.cdc && (o.KeepCDC || db.redo.home || db.redo.tail)
	db.recover(now)
	if o.Restricted {
		db.access = "RESTRICTED_USER"
	}
}

// halts leaves a restored database in standby, or RESTORING without a path.
func (db *database) halts(shown, real string) (err error) {
	if shown == "" {
		db.undo.End()
		db.undo, db.state = nil, restoring
		return nil
	}
	if db.undo, err = standby.Begin(shown, real, db.undo); err == nil {
		db.state = online
	}
	return err
}

// standing reports whether the database is in standby.
func (db *database) standing() bool { return db.undo != nil && db.state == online }

// usedBytes is about what the data takes, for the size of backups.
func (db *database) usedBytes() int64 {
	var rows int64
	for _, t := range db.tables {
		rows += int64(len(t.Rows))
	}
	return max(db.size, rows*128)
}

// newFiles are the two files of a database in a folder.
func newFiles(name, folder string, size int64) []dataFile {
	return []dataFile{
		{1, name, path.Join(folder, name+".mdf"), "D", 1, "PRIMARY", max(size, 8<<20), newGUID()},
		{2, name + "_log", path.Join(folder, name+"_log.ldf"), "L", 0, "", 8 << 20, newGUID()},
	}
}

func (db *database) String() string { return fmt.Sprintf("%s (%s)", db.name, db.state) }

// hold adds the containers of a specification.
func (db *database) hold(containers []Container, folder string) {
	db.spaces = map[string]string{}
	for _, c := range containers {
		n := len(db.files) + 1
		db.files = append(db.files, dataFile{n, c.Name, path.Join(folder, db.name+"_"+c.Name), "S", n - 1, c.Name, 1 << 20, newGUID()})
		db.spaces[c.Name] = c.Kind
	}
}

// filegroups are the rows of sys.data_spaces.
func (db *database) filegroups() (out [][]any) {
	words := map[string]string{"FG": "ROWS_FILEGROUP", "FD": "FILESTREAM_DATA_FILEGROUP", "FX": "MEMORY_OPTIMIZED_DATA_FILEGROUP"}
	for _, f := range db.files {
		if f.kind != "L" {
			kind := cmp.Or(db.spaces[f.group], "FG")
			out = append(out, []any{f.group, int64(f.space), kind, words[kind], f.space == 1, false})
		}
	}
	return out
}
