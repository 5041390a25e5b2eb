package sqlserveremu

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/msdb"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/order"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// restore runs the RESTORE statements.
func (n *session) restore(ctx context.Context, r *tsql.Restore) error {
	statement := "RESTORE " + r.Kind
	o, err := order.ForRestore(r, n.constant)
	if err != nil {
		return err
	}
	switch {
	case n.tran != nil && (r.Kind == "DATABASE" || r.Kind == "LOG"):
		err = errInTran
	case r.Kind == "DATABASE" && len(o.Paths) == 0:
		err = n.recovery(o)
	case r.Kind == "LOG" && len(o.Paths) == 0:
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

// runRestore restores one backup set.
func (n *session) runRestore(ctx context.Context, o order.Restore) error {
	s := n.server
	files, err := n.gather(o, false)
	if err != nil {
		return err
	}
	src, err := media.Pick(files, o.Position)
	if err != nil {
		return err
	}
	if o.Checksum && !src.Set.HasChecksums {
		return refusal(3187, 16, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
	}
	undo, err := n.undoFile(o)
	if err != nil {
		return err
	}
	var p contents.Payload
	if o.Log {
		if p, err = src.Contents(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	db, err := n.judge(o, src, p.Began)
	if err == nil {
		db.dataBusy, db.state = true, restoring
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	started, began := time.Now(), s.now()
	err = n.paceRestore(ctx, o, src.Set.BackupSize)
	if takes, ok := control.Effect(ctx, "takes"); ok && err == nil {
		err = s.skip(takes)
	}
	if err == nil && !o.Log {
		p, err = src.Contents()
	}
	s.mu.Lock()
	db.dataBusy = false
	if err == nil {
		if err = n.applySet(db, o, src, p, began); err == nil && o.NoRecovery {
			err = db.halts(o.Standby, undo)
		}
	} else if src.Set.Type == bakfile.TypeFull {
		db.redo.broken = true // it stays RESTORING, and only a full backup helps
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	statement := "RESTORE DATABASE"
	if o.Log {
		statement = "RESTORE LOG"
	}
	n.tellPages(statement, o.Database, &begun{db: db, set: src.Set}, time.Since(started), src.Set.BackupSize)
	n.reply.Done(0, -1)
	return nil
}

// undoFile is the file of this machine for STANDBY.
func (n *session) undoFile(o order.Restore) (string, error) {
	if o.Standby == "" {
		return "", nil
	}
	real, err := n.server.reach(o.Standby)
	if err != nil {
		err = media.Refused(o.Standby, err)
	}
	return real, err
}

func (n *session) paceRestore(ctx context.Context, o order.Restore, size int64) error {
	m := &meter{n: n, step: o.Stats}
	return n.pace(func(done int64) error {
		m.at(done, size)
		return n.reply.Err()
	}, max(size, 1), ctx.Done())
}

// applySet does what the set says; the lock is held.
func (n *session) applySet(db *database, o order.Restore, src media.Source, p contents.Payload, began time.Time) error {
	s := n.server
	set := &src.Set
	reached := true
	switch {
	case set.Type == bakfile.TypeLog:
		from, to := db.redo.at, set.LastLSN
		if o.StopAt != nil && o.StopAt.Before(db.redo.until) {
			return errStopTooEarly()
		}
		if o.StopAt != nil && set.Started.Before(*o.StopAt) {
			reached = false
		}
		for _, c := range p.Changes {
			if o.StopAt != nil && c.At.After(*o.StopAt) {
				to, reached = c.LSN, true
				break
			}
			if c.LSN.Compare(from) >= 0 {
				db.tables.Apply(c)
			}
		}
		if o.StopAt != nil && to.Compare(from) < 0 {
			return errStopTooEarly()
		}
		db.redo.at, db.redo.fork, db.redo.stopped = to, set.RecoveryForkID, to != set.LastLSN
		if to == set.LastLSN {
			db.redo.until = set.Started.Time
		}
		db.readOnly = set.Flags&media.FlagReadOnly != 0 // the change of the option is in the log
	case p.Contents == nil:
		return refusal(3203, 16, "Read on \"%s\" failed: the data backup holds a log", src.Media[0].Shown)
	case set.Type == bakfile.TypeFull:
		if err := s.takes(p); err != nil {
			return err
		}
		db.contained, db.spaces = p.Contained, p.Spaces
		for i, f := range db.files {
			if p.Spaces[f.group] != "" {
				db.files[i].kind = "S"
			}
		}
		db.tables = contents.TablesOf(p.Contents)
		db.redo = &redo{home: strings.EqualFold(set.ServerName, s.name) && strings.EqualFold(set.Database, db.name), at: set.LastLSN, fork: set.RecoveryForkID, base: set.SetGUID, copyOnly: set.LooksCopyOnly(), until: set.Finished.Time}
		db.family, db.binding, db.created = set.FamilyGUID, newGUID(), s.now()
		db.recovery, db.compat, db.size = set.RecoveryModel, set.CompatibilityLevel, set.BackupSize
		db.readOnly = set.Flags&media.FlagReadOnly != 0
		db.access, db.corrupt, db.lastCheck = "MULTI_USER", 0, time.Time{}
		db.base = base{checkpoint: set.CheckpointLSN, at: set.Started.Time}
	default:
		db.tables = contents.TablesOf(p.Contents)
		db.redo.at, db.redo.fork, db.redo.until, db.recovery = set.LastLSN, set.RecoveryForkID, set.Finished.Time, set.RecoveryModel
		db.readOnly = set.Flags&media.FlagReadOnly != 0
	}
	if p.Access != "" { // the options are in the database, and their changes in the log
		db.access, db.cdc, db.tracking = p.Access, p.CDC, p.Tracking
	}
	id := s.history.Learn(s.learned(src))
	var stop any
	if o.StopAt != nil {
		stop = *o.StopAt
	}
	s.history.Restored(msdb.Restore{Set: id, Began: began, Destination: db.name, User: n.login, Kind: msdb.Letters[set.Type],
		Replace: o.Replace, Recovery: !o.NoRecovery && reached, StopAt: stop, Devices: int64(len(src.Media))})
	switch {
	case !reached && !o.NoRecovery:
		n.info(4322, "This backup set contains records that were logged before the designated point in time. The database is being left in the restoring state so that more roll forward can be performed.")
	case !o.NoRecovery:
		db.opens(s.now(), o)
	}
	return nil
}

// takes refuses databases that want what this server has not switched on. When
// SQL Server looks, and that the database stays RESTORING here, is not
// confirmed.
func (s *Server) takes(p contents.Payload) error {
	if p.Contained && !s.config.ContainedAuthentication {
		return refusal(12824, 16, "The sp_configure value 'contained database authentication' must be set to 1 in order to restore a contained database.  You may need to use RECONFIGURE to set the value_in_use.")
	}
	for _, kind := range p.Spaces {
		if kind == "FD" && !s.config.Filestream {
			return refusal(5591, 16, "FILESTREAM feature is disabled.")
		}
	}
	return nil
}

// learned is the row of backupset that a restore of the set leaves. Its time
// zone is unknown, 127: whether SQL Server takes it over from the media is not
// confirmed.
func (s *Server) learned(src media.Source) msdb.Set {
	label := src.Media[0].Headers.Media
	h := msdb.Set{Set: src.Set, MediaGUID: label.SetGUID, BlockSize: label.PhysicalBlockSize, User: src.Set.UserName, CopyOnly: src.Set.LooksCopyOnly(),
		Zone: 127, Compressed: src.Set.CompressedSize, Major: s.version[0], Collation: s.config.Collation, Damaged: src.Set.IsDamaged()}
	for _, m := range src.Media {
		h.Families, h.FamilyIDs = append(h.Families, m.Real), append(h.FamilyIDs, m.Headers.Media.FamilyID)
	}
	return h
}

// recovery is RESTORE DATABASE … WITH RECOVERY without a device.
func (n *session) recovery(o order.Restore) error {
	s := n.server
	undo, err := n.undoFile(o)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(o.Database)
	r := n.rights()
	switch {
	case db == nil:
		return errNoDatabase(o.Database)
	case !r.server("dbcreator") && !strings.EqualFold(db.owner, n.login):
		return refusal(3110, 14, "User does not have permission to RESTORE database '%s'.", db.name)
	case s.group.Member(db.name) != nil:
		return errRestoreMember(db.name)
	case db.redo == nil:
		return refusal(3153, 16, "The database is already fully recovered.")
	case db.undo != nil && s.busy(db, n):
		return errInUse
	case db.redo.broken || db.dataBusy || db.logBusy:
		return refusal(4333, 16, "The database cannot be recovered because the log was not restored.")
	}
	started := time.Now()
	if err := db.undo.Ready(db.name, db.id); err != nil {
		return err
	}
	if !o.NoRecovery {
		db.opens(s.now(), o)
	} else if err := db.halts(o.Standby, undo); err != nil {
		return err
	}
	n.info(3014, "RESTORE DATABASE successfully processed 0 pages in %.3f seconds (0.000 MB/sec).", time.Since(started).Seconds())
	n.reply.Done(0, -1)
	return nil
}

// verify is RESTORE VERIFYONLY.
func (n *session) verify(ctx context.Context, o order.Restore) error {
	if err := n.mayLook(); err != nil {
		return err
	}
	files, err := n.gather(o, false)
	if err != nil {
		return err
	}
	src, err := media.Pick(files, o.Position)
	if err != nil {
		return err
	}
	if o.Checksum && !src.Set.HasChecksums {
		return refusal(3187, 16, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
	}
	if err := n.paceRestore(ctx, o, src.Set.BackupSize); err != nil {
		return err
	}
	if o.History {
		s := n.server
		s.mu.Lock()
		s.history.Learn(s.learned(src))
		s.mu.Unlock()
	}
	n.info(3262, "The backup set on file %d is valid.", src.Set.Position)
	n.reply.Done(0, -1)
	return nil
}

// gather reads the media; those with a password want it.
func (n *session) gather(o order.Restore, one bool) ([]media.File, error) {
	files, err := media.Gather(n.server.reach, o.Paths, one)
	if err != nil {
		return nil, err
	}
	return files, n.server.unlocked(files[0].Headers, o.Password)
}

// unlocked refuses media whose password was not given.
func (s *Server) unlocked(file *bakfile.File, password string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file != nil && file.Media.HasPassword && s.passwords[file.Media.SetGUID] != password {
		return refusal(3279, 16, "Access is denied due to a password failure")
	}
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
