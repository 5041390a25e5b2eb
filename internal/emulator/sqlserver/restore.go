package sqlserveremu

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// restore runs the RESTORE statements.
func (n *session) restore(ctx context.Context, r *tsql.Restore) error {
	statement := "RESTORE " + r.Kind
	o, err := n.restoreOrder(r)
	if err != nil {
		return err
	}
	switch {
	case n.tran != nil && (r.Kind == "DATABASE" || r.Kind == "LOG"):
		err = errInTran
	case r.Kind == "DATABASE" && len(o.paths) == 0:
		err = n.recovery(o)
	case r.Kind == "LOG" && len(o.paths) == 0:
		err = n.recovery(o)
	case r.Kind == "DATABASE" || r.Kind == "LOG":
		err = n.runRestore(ctx, o)
	case r.Kind == "VERIFYONLY":
		err = n.verify(ctx, o)
		statement = "VERIFY DATABASE"
	default:
		err = n.information(r.Kind, o)
	}
	return abnormal(statement, err)
}

type restoreOrder struct {
	log        bool
	database   string
	paths      []string
	position   int // FILE = n; zero = not given
	noRecovery bool
	replace    bool
	checksum   bool
	moves      map[string]string // by logical name in lower case
	stopAt     *time.Time
	stats      int
}

func (n *session) restoreOrder(r *tsql.Restore) (o restoreOrder, err error) {
	text := func(x tsql.Expr) string {
		v, e := n.constant(x)
		if e != nil && err == nil {
			err = e
		}
		return toText(v)
	}
	o.log = r.Kind == "LOG"
	if r.Database != nil {
		o.database = text(r.Database)
	}
	for _, d := range r.Devices {
		if d.Kind != "DISK" {
			return o, refusal(3206, 16, "Backup device '%s' does not exist. To view existing backup devices, use the sys.backup_devices catalog view. To create a new backup device use either sp_addumpdevice or SQL Server Management Studio.", text(d.Path))
		}
		o.paths = append(o.paths, text(d.Path))
	}
	o.moves = map[string]string{}
	for _, m := range r.Moves {
		o.moves[strings.ToLower(text(m.Logical))] = text(m.Path)
	}
	has := r.Options.Has
	o.noRecovery, o.replace, o.checksum = has("NORECOVERY"), has("REPLACE"), has("CHECKSUM")
	for _, unsupported := range []string{"STANDBY", "STOPATMARK", "STOPBEFOREMARK", "RESTART"} {
		if has(unsupported) {
			return o, refusal(3032, 16, "One or more of the options (%s) are not supported for this statement. Review the documentation for supported options.", strings.ToLower(unsupported))
		}
	}
	if x, ok := r.Options["FILE"]; ok {
		v, e := n.constant(x)
		if e != nil {
			return o, e
		}
		position, ok := v.(int64)
		if !ok || position < 1 {
			return o, refusal(3250, 16, "The value '%s' is not within range for the FILE parameter.", toText(v))
		}
		o.position = int(position)
	}
	if x, ok := r.Options["STOPAT"]; ok {
		at, ok := parseTime(text(x))
		if !ok {
			return o, refusal(241, 16, "Conversion failed when converting date and/or time from character string.")
		}
		o.stopAt = &at
	}
	if has("STATS") {
		o.stats = 10
		if x := r.Options["STATS"]; x != nil {
			v, e := n.constant(x)
			if e != nil {
				return o, e
			}
			if k, ok := v.(int64); ok {
				o.stats = int(min(max(k, 1), 100))
			}
		}
	}
	return o, err
}

// source is a backup set that a restore reads.
type source struct {
	set   bakfile.Set
	media []mediaFile
}

type mediaFile struct {
	shown, real string
	file        *bakfile.File
}

// openSets reads the devices of a RESTORE; every stripe of the media must be
// there, unless one is enough.
func (n *session) openSets(o restoreOrder, one bool) (media []mediaFile, err error) {
	for _, p := range o.paths {
		real, err := n.server.reach(p)
		if err != nil {
			return nil, errDevice(p, err)
		}
		file, err := readMedium(p, real)
		if err != nil {
			return nil, err
		}
		media = append(media, mediaFile{p, real, file})
	}
	first := media[0].file.Media
	seen := map[int]bool{}
	for _, m := range media {
		if m.file.Media.SetGUID != first.SetGUID || seen[m.file.Media.FamilySequence] {
			return nil, refusal(3258, 16, "The volume on the device \"%s\" is not part of the media set that is currently being processed. Ensure that the backup devices are loaded with the correct media.", m.shown)
		}
		seen[m.file.Media.FamilySequence] = true
	}
	if !one && len(media) < first.FamilyCount {
		return nil, refusal(3132, 16, "The media set has %d media families but only %d are provided. All members must be provided.", first.FamilyCount, len(media))
	}
	return media, nil
}

// pick finds the set to restore.
func pick(media []mediaFile, position int) (source, error) {
	position = max(position, 1)
	for _, set := range media[0].file.Sets {
		if set.Position == position {
			return source{set, media}, nil
		}
	}
	return source{}, refusal(4038, 16, "Cannot find file ID %d on device '%s'.", position, media[0].shown)
}

// contents reads what the set carries.
func (s source) contents() (payload, error) {
	for _, m := range s.media {
		if m.file.Media.FamilySequence != 1 {
			continue
		}
		f, err := os.Open(m.real)
		if err != nil {
			return payload{}, errDevice(m.shown, osErrorOf(err))
		}
		defer f.Close()
		p, err := readPayload(f, s.set.Position)
		if err != nil {
			return payload{}, refusal(3203, 16, "Read on \"%s\" failed: %v", m.shown, err)
		}
		return p, nil
	}
	return payload{}, refusal(3203, 16, "Read on \"%s\" failed: the first media family is missing", s.media[0].shown)
}

// runRestore restores one backup set.
func (n *session) runRestore(ctx context.Context, o restoreOrder) error {
	s := n.server
	media, err := n.openSets(o, false)
	if err != nil {
		return err
	}
	src, err := pick(media, o.position)
	if err != nil {
		return err
	}
	if o.checksum && !src.set.HasChecksums {
		return refusal(3187, 16, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
	}
	s.mu.Lock()
	db, err := n.judge(o, src)
	if err == nil {
		db.dataBusy = true
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	started := time.Now()
	err = n.paceRestore(ctx, o, src.set.BackupSize)
	var p payload
	if err == nil {
		p, err = src.contents()
	}
	s.mu.Lock()
	db.dataBusy = false
	if err == nil {
		err = n.applySet(db, o, src, p)
	} else if src.set.Type == bakfile.TypeFull {
		db.redo.broken = true // it stays RESTORING, and only a full backup helps
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	statement := "RESTORE DATABASE"
	if o.log {
		statement = "RESTORE LOG"
	}
	n.tellPages(statement, &begun{db: db, set: src.set}, time.Since(started), src.set.BackupSize)
	n.reply.Done(0, -1)
	return nil
}

func (n *session) paceRestore(ctx context.Context, o restoreOrder, size int64) error {
	m := &meter{n: n, step: o.stats}
	return n.pace(func(done int64) error {
		m.at(done, size)
		return n.reply.Err()
	}, max(size, 1), ctx.Done())
}

// judge decides whether the set may be restored, and makes the database that a
// full one restores; the lock is held.
func (n *session) judge(o restoreOrder, src source) (*database, error) {
	s := n.server
	set := &src.set
	db := s.find(o.database)
	r := n.rights()
	switch {
	case db == nil && !r.server("dbcreator") && !r.server("CREATE ANY DATABASE"):
		return nil, errDenied("CREATE DATABASE", "master")
	case db != nil && !r.server("dbcreator") && !strings.EqualFold(db.owner, n.login):
		return nil, refusal(3110, 14, "User does not have permission to RESTORE database '%s'.", db.name)
	case db != nil && db.name == n.database:
		return nil, refusal(3102, 16, "RESTORE cannot process database '%s' because it is in use by this session. It is recommended that the master database be used when performing this operation.", db.name)
	case db != nil && (db.dataBusy || db.logBusy):
		return nil, errInUse
	case set.VersionMajor > s.version[0] || set.DatabaseVersion > databaseVersions[s.version[0]]+1:
		return nil, refusal(3169, 16, "The database was backed up on a server running version %s. That version is incompatible with this server, which is running version %d.%02d.%04d. Either restore the database on a server that supports the backup, or use a backup that is compatible with this server.",
			fmt.Sprintf("%d.%02d.%04d", set.VersionMajor, set.VersionMinor, set.VersionBuild), s.version[0], s.version[1], s.version[2])
	case o.log && set.Type != bakfile.TypeLog:
		return nil, refusal(3143, 16, "The data set on device '%s' is not a SQL Server backup set.", src.media[0].shown)
	case !o.log && set.Type == bakfile.TypeLog:
		return nil, refusal(3153, 16, "The database is already fully recovered, or the backup set on device '%s' is a log backup: use RESTORE LOG.", src.media[0].shown)
	}
	if set.Type == bakfile.TypeFull {
		return n.judgeFull(db, o, src)
	}
	return db, n.judgeForward(db, o, set)
}

func (n *session) judgeFull(db *database, o restoreOrder, src source) (*database, error) {
	s := n.server
	set := &src.set
	if db != nil {
		switch {
		case db.system:
			return nil, refusal(3108, 16, "To restore the %s database, the server must be running in single-user mode.", db.name)
		case s.busy(db, n):
			return nil, errInUse
		case db.family != set.FamilyGUID && !o.replace:
			return nil, refusal(3154, 16, "The backup set holds a backup of a database other than the existing '%s' database.", db.name)
		case db.state == online && db.chained() && !o.replace && o.stopAt == nil:
			return nil, refusal(3159, 16, "The tail of the log for the database \"%s\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log.", db.name)
		}
	}
	files, err := n.placeFiles(db, o, set)
	if err != nil {
		return nil, err
	}
	var size int64
	for _, f := range files {
		size += f.size
	}
	if s.edition.limit > 0 && files[0].size > s.edition.limit {
		return nil, refusal(1827, 16, "CREATE DATABASE or ALTER DATABASE failed because the resulting cumulative database size would exceed your licensed limit of %d MB per %s.", s.edition.limit>>20, "database")
	}
	if free := s.config.DataFree - s.used(); size > free {
		return nil, refusals{refusal(3257, 16, "There is insufficient free space on disk volume '%s' to create the database. The database requires %d additional free bytes, while only %d bytes are available.", s.config.DataFolder, size, max(free, 0)),
			refusal(3119, 16, "Problems were identified while planning for the RESTORE statement. Previous messages provide details.")}
	}
	if db == nil {
		db = s.newDatabase(o.database, files[0].size)
		db.owner = n.login
		s.databases[strings.ToLower(o.database)] = db
	}
	db.files, db.state, db.tables = files, restoring, tables{}
	db.redo = &redo{broken: true}
	return db, nil
}

// placeFiles decides where the files of the restored database lie.
func (n *session) placeFiles(db *database, o restoreOrder, set *bakfile.Set) (files []dataFile, err error) {
	s := n.server
	known := map[string]bool{}
	taken := map[string]string{}
	for _, other := range s.databases {
		if other == db {
			continue
		}
		for _, f := range other.files {
			taken[strings.ToLower(f.physical)] = other.name
		}
	}
	var problems refusals
	for _, f := range set.Files {
		known[strings.ToLower(f.LogicalName)] = true
		place, moved := o.moves[strings.ToLower(f.LogicalName)]
		if !moved {
			place = f.PhysicalName
			if db != nil && !o.replace || db != nil && len(db.files) == len(set.Files) {
				for _, have := range db.files {
					if have.id == f.FileID {
						place = have.physical
					}
				}
			}
		}
		cannot := refusal(3156, 16, "File '%s' cannot be restored to '%s'. Use WITH MOVE to identify a valid location for the file.", f.LogicalName, place)
		switch owner, clash := taken[strings.ToLower(place)]; {
		case clash:
			problems = append(problems, refusal(1834, 16, "The file '%s' cannot be overwritten.  It is being used by database '%s'.", place, owner), cannot)
		case path.Dir(strings.ReplaceAll(place, `\`, "/")) != path.Clean(s.config.DataFolder):
			problems = append(problems, refusal(5133, 16, "Directory lookup for the file \"%s\" failed with the operating system error %s.", place, osError(3)), cannot)
		}
		taken[strings.ToLower(place)] = o.database
		files = append(files, dataFile{f.FileID, f.LogicalName, place, f.Type, f.Size, f.UniqueID})
	}
	for logical := range o.moves {
		if !known[logical] {
			return nil, refusal(3234, 16, "Logical file '%s' is not part of database '%s'. Use RESTORE FILELISTONLY to list the logical file names.", logical, o.database)
		}
	}
	if len(problems) > 0 {
		return nil, append(problems, refusal(3119, 16, "Problems were identified while planning for the RESTORE statement. Previous messages provide details."))
	}
	return files, nil
}

// judgeForward decides on a differential or a log.
func (n *session) judgeForward(db *database, o restoreOrder, set *bakfile.Set) error {
	if db == nil {
		return refusal(3118, 16, "The database \"%s\" does not exist. RESTORE can only create a database when restoring either a full backup or a file backup of the primary file.", o.database)
	}
	if db.family != set.FamilyGUID && !o.replace {
		return refusal(3154, 16, "The backup set holds a backup of a database other than the existing '%s' database.", db.name)
	}
	if db.state == online && db.chained() && set.Type == bakfile.TypeDifferential && !o.replace {
		return refusal(3159, 16, "The tail of the log for the database \"%s\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log.", db.name)
	}
	r := db.redo
	switch {
	case db.state != restoring || r == nil:
		return refusal(3117, 16, "The log or differential backup cannot be restored because no files are ready to rollforward.")
	case r.broken:
		return refusal(4319, 16, "A previous restore operation was interrupted and did not complete processing on file '%s'. Either restore the backup set that was interrupted or restart the restore sequence.", db.files[0].logical)
	}
	if set.Type == bakfile.TypeDifferential {
		if set.DifferentialBaseGUID != r.base || r.copyOnly || r.logs || set.LastLSN.Compare(r.at) <= 0 {
			return refusal(3136, 16, "This differential backup cannot be restored because the database has not been restored to the correct earlier state.")
		}
		return nil
	}
	return r.joins(set)
}

// joins applies the chain rules of logs: they join by LSN on one recovery
// fork. A log that ends where the database stands adds nothing; SQL Server's
// answer to that is not confirmed, here it is too early.
func (r *redo) joins(set *bakfile.Set) error {
	switch {
	case set.FirstLSN.Compare(r.at) > 0:
		return refusal(4305, 16, "The log in this backup set begins at LSN %s, which is too recent to apply to the database. An earlier log backup that includes LSN %s can be restored.", set.FirstLSN, r.at)
	case set.LastLSN.Compare(r.at) <= 0:
		return refusal(4326, 16, "The log in this backup set terminates at LSN %s, which is too early to apply to the database. A more recent log backup that includes LSN %s can be restored.", set.LastLSN, r.at)
	}
	spans := set.FirstRecoveryForkID != set.RecoveryForkID
	onFirst := set.FirstRecoveryForkID == r.fork && (!spans || r.at.Compare(set.ForkPointLSN) <= 0)
	onLast := spans && set.RecoveryForkID == r.fork && r.at.Compare(set.ForkPointLSN) >= 0
	if !onFirst && !onLast {
		return refusal(4330, 16, "This backup set cannot be applied because it is on a recovery path that is inconsistent with the database. The recovery path is the sequence of data and log backups that have brought the database to a particular recovery point. Find a compatible backup to restore, or restore the rest of the database to match a recovery point within this backup set, which will restore the database to a different point in time. For more information about recovery paths, see SQL Server Books Online.")
	}
	return nil
}

// applySet does what the set says; the lock is held.
func (n *session) applySet(db *database, o restoreOrder, src source, p payload) error {
	s := n.server
	set := &src.set
	reached := true
	switch {
	case set.Type == bakfile.TypeLog:
		from, to := db.redo.at, set.LastLSN
		if o.stopAt != nil && set.Started.Before(*o.stopAt) {
			reached = false
		}
		for _, c := range p.Changes {
			if o.stopAt != nil && c.At.After(*o.stopAt) {
				to, reached = c.LSN, true
				break
			}
			if c.LSN.Compare(from) >= 0 {
				db.tables.apply(c)
			}
		}
		if o.stopAt != nil && to.Compare(from) < 0 {
			return refusal(4335, 16, "The specified STOPAT time is too early. All or part of the database is already rolled forward beyond that point.")
		}
		db.redo.at, db.redo.fork, db.redo.logs = to, set.RecoveryForkID, true
	case p.Contents == nil:
		return refusal(3203, 16, "Read on \"%s\" failed: %v", src.media[0].shown, errNoContents)
	case set.Type == bakfile.TypeFull:
		db.tables = tablesOf(p.Contents)
		db.redo = &redo{at: set.LastLSN, fork: set.RecoveryForkID, base: set.SetGUID, copyOnly: set.LooksCopyOnly()}
		db.family, db.binding, db.created = set.FamilyGUID, newGUID(), s.now()
		db.recovery, db.compat, db.size = set.RecoveryModel, set.CompatibilityLevel, set.BackupSize
		db.readOnly = set.Flags&flagReadOnly != 0
		db.access, db.corrupt, db.lastCheck = "MULTI_USER", 0, time.Time{}
		db.base = base{checkpoint: set.CheckpointLSN, at: set.Started.Time}
	default:
		db.tables = tablesOf(p.Contents)
		db.redo.at, db.redo.fork, db.recovery = set.LastLSN, set.RecoveryForkID, set.RecoveryModel
	}
	id := s.history.setID(historySet{set: *set, mediaGUID: src.media[0].file.Media.SetGUID, blockSize: src.media[0].file.Media.PhysicalBlockSize,
		user: set.UserName, copyOnly: set.LooksCopyOnly(), zone: 127, compressed: set.CompressedSize, features: s.version[0], families: paths(src.media), familyIDs: make([]uint32, len(src.media))})
	var stop any
	if o.stopAt != nil {
		stop = *o.stopAt
	}
	s.history.restores = append(s.history.restores, historyRestore{int64(len(s.history.restores) + 1), id, s.now(), db.name, n.login,
		typeLetters[set.Type], o.replace, !o.noRecovery && reached, stop, int64(len(src.media))})
	switch {
	case !reached && !o.noRecovery:
		n.info(4322, "This backup set contains records that were logged before the designated point in time. The database is being left in the restoring state so that more roll forward can be performed.")
	case !o.noRecovery:
		db.recover(s.now())
	}
	return nil
}

func paths(media []mediaFile) (out []string) {
	for _, m := range media {
		out = append(out, m.real)
	}
	return out
}

// recovery is RESTORE DATABASE … WITH RECOVERY without a device.
func (n *session) recovery(o restoreOrder) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(o.database)
	r := n.rights()
	switch {
	case db == nil:
		return errNoDatabase(o.database)
	case !r.server("dbcreator") && !strings.EqualFold(db.owner, n.login):
		return refusal(3110, 14, "User does not have permission to RESTORE database '%s'.", db.name)
	case db.state != restoring:
		return refusal(3153, 16, "The database is already fully recovered.")
	case db.redo == nil || db.redo.broken || db.dataBusy || db.logBusy:
		return refusal(4333, 16, "The database cannot be recovered because the log was not restored.")
	}
	started := time.Now()
	if !o.noRecovery {
		db.recover(s.now())
	}
	n.info(3014, "RESTORE DATABASE successfully processed 0 pages in %.3f seconds (0.000 MB/sec).", time.Since(started).Seconds())
	n.reply.Done(0, -1)
	return nil
}

// verify is RESTORE VERIFYONLY.
func (n *session) verify(ctx context.Context, o restoreOrder) error {
	if err := n.mayLook(); err != nil {
		return err
	}
	media, err := n.openSets(o, false)
	if err != nil {
		return err
	}
	src, err := pick(media, o.position)
	if err != nil {
		return err
	}
	if o.checksum && !src.set.HasChecksums {
		return refusal(3187, 16, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
	}
	if err := n.paceRestore(ctx, o, src.set.BackupSize); err != nil {
		return err
	}
	n.info(3262, "The backup set on file %d is valid.", src.set.Position)
	n.reply.Done(0, -1)
	return nil
}

func (n *session) mayLook() error {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	if r := n.rights(); r.server("dbcreator") || r.server("CREATE ANY DATABASE") {
		return nil
	}
	return errDenied("CREATE DATABASE", "master")
}
