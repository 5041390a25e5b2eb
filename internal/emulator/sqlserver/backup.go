package sqlserveremu

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/msdb"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/order"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// backup runs BACKUP DATABASE and BACKUP LOG.
func (n *session) backup(ctx context.Context, b *tsql.Backup) error {
	o, err := order.ForBackup(b, n.constant)
	if err != nil {
		return err
	}
	o.User = n.login
	return abnormal(o.Statement, n.runBackup(ctx, o))
}

// begun is a backup between its beginning and its end.
type begun struct {
	db      *database
	set     bakfile.Set
	base    bakfile.GUID
	size    int64 // uncompressed
	payload contents.Payload
	changed map[extent]bool // taken from the database, given back on failure
	chain   bool            // the log chain begins with it
	freeze  bool
	at      time.Time // a log ends
}

// runBackup does what the order says. The login's rights were not looked at
// yet.
func (n *session) runBackup(ctx context.Context, o order.Backup) error {
	s := n.server
	if n.tran != nil {
		return errInTran
	}
	b, err := n.beginBackup(o)
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended {
			s.mu.Lock()
			n.abandon(b, o)
			s.mu.Unlock()
		}
	}()
	files, err := media.Open(s.reach, o.Paths, o.Overwrite, o.Format)
	if err != nil {
		return err
	}
	for _, m := range files {
		if err := s.unlocked(m.File, ""); err != nil {
			media.Discard(files)
			return err
		}
	}
	started := time.Now()
	if err := n.paceBackup(ctx, o, b, files); err != nil {
		media.Discard(files)
		return err
	}
	onDisk := b.size
	if o.Compress {
		onDisk = max(64<<10, b.size/4)
		b.set.CompressedSize = onDisk
	}
	if !o.Log {
		s.mu.Lock()
		b.takeData(s.now())
		s.mu.Unlock()
	}
	s.mu.Lock()
	b.payload.Access, b.payload.CDC, b.payload.Tracking = b.db.access, b.db.cdc, b.db.tracking
	s.mu.Unlock()
	b.set.Finished = local(s.now())
	content, err := b.payload.Encode()
	if err != nil {
		media.Discard(files)
		return err
	}
	b.set.BackupSize = b.size
	label := bakfile.Media{SetGUID: newGUID(), Name: o.MediaName, Date: b.set.Started}
	if err := media.Write(files, &b.set, b.base, content, onDisk, o.BlockSize, label); err != nil {
		media.Discard(files)
		return media.WriteError(files[0].Shown, err)
	}
	if o.Stats > 0 {
		n.info(3211, "%d percent processed.", 100)
	}
	s.mu.Lock()
	ended = true
	_, unwritten := control.Effect(ctx, "msdb")
	n.endBackup(b, o, files, !unwritten)
	s.mu.Unlock()
	if unwritten {
		n.reply.Message(messages(errUnwritten)[0])
		n.failed = 3009
	}
	n.tellPages(o.Statement, b.set.Database, b, time.Since(started), b.size)
	if unwritten {
		n.reply.Failed()
	} else {
		n.reply.Done(0, -1)
	}
	return nil
}

// tellPages sends what a successful BACKUP or RESTORE says of itself.
func (n *session) tellPages(statement, database string, b *begun, took time.Duration, size int64) {
	pages := max(size/8192, 1)
	ms := max(took.Milliseconds(), 1)
	file := b.set.Files[0].LogicalName
	if b.set.Type == bakfile.TypeLog {
		file = b.set.Files[len(b.set.Files)-1].LogicalName
	} else {
		n.info(4035, "Processed %d pages for database '%s', file '%s' on file %d.", pages, database, file, max(b.set.Position, 1))
		file = b.set.Files[len(b.set.Files)-1].LogicalName
		pages++
		n.info(4035, "Processed %d pages for database '%s', file '%s' on file %d.", 1, database, file, max(b.set.Position, 1))
	}
	if b.set.Type == bakfile.TypeLog {
		n.info(4035, "Processed %d pages for database '%s', file '%s' on file %d.", pages, database, file, max(b.set.Position, 1))
	}
	if b.set.Type == bakfile.TypeDifferential && statement == "BACKUP DATABASE" {
		statement += " WITH DIFFERENTIAL"
	}
	rate := float64(size) / (1 << 20) / (float64(ms) / 1000)
	n.info(3014, "%s successfully processed %d pages in %d.%03d seconds (%.3f MB/sec).", statement, pages, ms/1000, ms%1000, rate)
}

// beginBackup judges the order and fixes where the backup begins.
func (n *session) beginBackup(o order.Backup) (*begun, error) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(o.Database)
	if db == nil {
		return nil, errNoDatabase(o.Database)
	}
	r := n.rights()
	switch {
	case !r.enters(db):
		return nil, errNoAccess(n.login, db.name)
	case !r.role(db, "db_backupoperator"):
		return nil, errDenied(o.Statement, db.name)
	case db.name == "tempdb":
		return nil, refusal(3147, 16, "Backup and restore operations are not allowed on database tempdb.")
	case db.name == "master" && o.Log:
		return nil, refusal(4212, 16, "Cannot back up the log of the master database. Use BACKUP DATABASE instead.")
	case db.name == "master" && o.Differential:
		return nil, refusal(3024, 16, "You can only perform a full backup of the master database. Use BACKUP DATABASE to back up the entire master database.")
	case o.Compress && !s.edition.Compression:
		return nil, refusal(1844, 16, "%s WITH COMPRESSION is not supported on %s.", o.Statement, s.edition.Name)
	}
	if err := cmp.Or(s.backs(db, o), db.undo.Backs(db.name)); err != nil {
		return nil, err
	}
	if s.taken(db, n) && !o.NoRecovery {
		return nil, errTaken(db.name)
	}
	if db.corrupt > 0 && o.Checksum && !o.GoOn && !o.Log {
		return nil, refusal(3043, 16, "BACKUP '%s' detected an error on page (1:%d) in file '%s'.", db.name, 153, db.files[0].physical)
	}
	b := &begun{db: db}
	kind := bakfile.TypeFull
	switch {
	case o.Log:
		kind = bakfile.TypeLog
	case o.Differential:
		kind = bakfile.TypeDifferential
	}
	b.set = s.header(db, kind, o.User, s.now())
	b.set.Name, b.set.Description, b.set.HasChecksums = o.Name, o.Description, o.Checksum
	b.base = db.base.set
	if o.Checksum {
		b.set.Flags |= media.FlagChecksums
	}
	if o.CopyOnly {
		b.set.Flags |= media.FlagCopyOnly
	}
	if db.corrupt > 0 && o.GoOn {
		b.set.Flags |= media.FlagDamaged
	}
	if o.Log {
		return b, n.beginLog(b, o)
	}
	return b, n.beginData(b, o)
}

func (n *session) beginData(b *begun, o order.Backup) error {
	db := b.db
	switch {
	case db.dataBusy:
		return errSerial
	case o.Differential && db.base.set.IsZero():
		return refusal(3035, 16, "Cannot perform a differential backup for database \"%s\", because a current database backup does not exist. Perform a full database backup by reissuing BACKUP DATABASE, omitting the WITH DIFFERENTIAL option.", db.name)
	}
	db.dataBusy = true
	b.set.FirstLSN = db.checkpoint()
	b.set.CheckpointLSN = b.set.FirstLSN
	b.size = db.usedBytes()
	if o.Differential {
		b.set.DifferentialBaseGUID, b.set.DifferentialBaseLSN = db.base.set, db.base.checkpoint
		b.size = min(b.size, max(256<<10, int64(len(db.changed))*64<<10))
	}
	if !o.CopyOnly && db.recovery != bakfile.RecoverySimple && db.lastLog.IsZero() {
		// From here on the log is kept; a differential begins a chain as well.
		db.lastLog, db.logBegan, b.chain = b.set.FirstLSN, b.set.FirstLSN, true
		db.lastLogAt, db.logFrom = n.server.now(), n.server.now()
	}
	return nil
}

// takeData takes the contents at the end of a data backup; the lock is held.
func (b *begun) takeData(now time.Time) {
	db := b.db
	db.tick()
	db.flush()
	b.set.LastLSN = db.next
	b.payload.Contents = db.tables.Contents(db.next)
	b.payload.Contained, b.payload.Spaces = db.contained, db.spaces
	if b.set.Type == bakfile.TypeFull && !b.set.LooksCopyOnly() {
		b.changed, db.changed = db.changed, map[extent]bool{}
	}
	if b.set.VersionMajor < 15 {
		size := b.size
		b.set.Files[0].BackupSize = &size
	}
}

func (n *session) beginLog(b *begun, o order.Backup) error {
	s, db := n.server, b.db
	switch {
	case db.recovery == bakfile.RecoverySimple:
		return refusal(4208, 16, "The statement BACKUP LOG is not allowed while the recovery model is SIMPLE. Use BACKUP DATABASE or change the recovery model using ALTER DATABASE.")
	case db.lastLog.IsZero():
		return refusal(4214, 16, "BACKUP LOG cannot be performed because there is no current database backup.")
	case db.logBusy, o.NoRecovery && db.dataBusy:
		return errSerial
	case o.NoRecovery && db.name == n.database:
		return refusal(3102, 16, "BACKUP cannot process database '%s' because it is in use by this session. It is recommended that the master database be used when performing this operation.", db.name)
	case o.NoRecovery && s.busy(db, n):
		return errInUse
	}
	db.logBusy = true
	db.tick()
	db.flush()
	b.set.FirstLSN, b.set.LastLSN, b.set.CheckpointLSN = db.lastLog, db.next, db.base.checkpoint
	b.set.BeginsLogChain = db.lastLog == db.logBegan
	if p := db.forkPoint; !p.IsZero() && b.set.FirstLSN.Compare(p) <= 0 && p.Compare(b.set.LastLSN) < 0 {
		b.set.ForkPointLSN, b.set.FirstRecoveryForkID = p, db.forkBefore
	}
	b.payload.Changes, b.payload.Began = append([]Change(nil), db.log...), db.logFrom
	b.at = s.now()
	b.size = max(64<<10, int64(len(db.log))*db.rowBytes)
	if o.NoRecovery {
		b.freeze = true
		b.set.Flags |= media.FlagTail | media.FlagNoRecovery
		db.state = restoring
		db.redo = &redo{at: b.set.LastLSN, fork: db.fork, base: db.base.set, tail: true}
	}
	return nil
}

// paceBackup lets the backup last and its files grow.
func (n *session) paceBackup(ctx context.Context, o order.Backup, b *begun, files []*media.Medium) error {
	s := n.server
	m := &meter{n: n, step: o.Stats}
	size := b.size
	onDisk := size
	if o.Compress {
		onDisk = max(64<<10, size/4)
	}
	return n.pace(func(done int64) error {
		s.mu.Lock()
		limit, denied := s.disk.FailAfter, s.disk.Denied
		s.mu.Unlock()
		switch {
		case limit != nil && done > *limit || limit != nil && done >= size && onDisk > *limit:
			return refusals{media.NotWritten(files[0].Shown, media.OSError(112))}
		case denied:
			return refusals{media.NotWritten(files[0].Shown, media.OSError(5))}
		}
		for _, f := range files {
			if err := f.Out.Truncate(done * onDisk / size / int64(len(files))); err != nil {
				return media.WriteError(f.Shown, err)
			}
		}
		m.at(min(done, size-1), size) // 100 is told when all is written
		return n.reply.Err()
	}, size, ctx.Done())
}

// abandon puts a database back to where it was; the lock is held.
func (n *session) abandon(b *begun, o order.Backup) {
	db := b.db
	for e := range b.changed {
		db.changed[e] = true
	}
	if o.Log {
		db.logBusy = false
	} else {
		db.dataBusy = false
	}
	if b.chain && db.lastLog == b.set.FirstLSN {
		db.log, db.lastLog, db.logBegan = nil, bakfile.LSN{}, bakfile.LSN{}
	}
	if b.freeze {
		db.state, db.redo = online, nil
	}
}

// endBackup notes that the backup succeeded; the lock is held.
func (n *session) endBackup(b *begun, o order.Backup, files []*media.Medium, record bool) {
	s, db := n.server, b.db
	now := s.now()
	if o.Log {
		db.logBusy = false
		if !o.CopyOnly && db.lastLog == b.set.FirstLSN { // else the chain was broken meanwhile
			kept := db.log[:0:0]
			for _, c := range db.log {
				if c.LSN.Compare(b.set.LastLSN) >= 0 {
					kept = append(kept, c)
				}
			}
			db.log, db.lastLog, db.lastLogAt, db.logFrom = kept, b.set.LastLSN, now, b.at
		}
	} else {
		db.dataBusy = false
		if b.set.Type == bakfile.TypeFull && !o.CopyOnly {
			db.base = base{b.set.SetGUID, b.set.CheckpointLSN, b.set.Started.Time}
		}
	}
	if !record {
		return
	}
	h := msdb.Set{Set: b.set, MediaGUID: files[0].File.Media.SetGUID, BlockSize: o.BlockSize, User: o.User, CopyOnly: o.CopyOnly,
		Zone: int64(s.config.UTCOffset / (15 * time.Minute)), Compressed: cmp.Or(b.set.CompressedSize, b.size), Damaged: b.set.Flags&media.FlagDamaged != 0,
		Major: s.version[0], Collation: s.config.Collation}
	if o.Log {
		h.ValidUntil = b.set.Started.Time
	}
	for _, m := range files {
		h.Families = append(h.Families, m.Real)
		h.FamilyIDs = append(h.FamilyIDs, m.File.Media.FamilyID)
	}
	s.history.Record(h)
}

// Backup takes a backup outside of any connection, as a job of somebody else
// does.
func (s *Server) Backup(ctx context.Context, login, database, path string, log bool) error {
	n := &session{server: s, login: login, vars: map[string]variable{}, reply: tds.Unheard()}
	o := order.Backup{Statement: "BACKUP DATABASE", Database: database, Paths: []string{path}, Overwrite: true, Format: true, Log: log,
		BlockSize: 512, User: login, Name: fmt.Sprintf("%s of %s", database, login)}
	if log {
		o.Statement = "BACKUP LOG"
	}
	return n.runBackup(ctx, o)
}
