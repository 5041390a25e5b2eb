package sqlserveremu

import (
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/msdb"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/order"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Snapshot is what a tool leaves that freezes the database for a snapshot of
// its disks (VSS, virtual machines): a full backup in msdb on a virtual device
// (type 7), whose data no file holds. Unless it is copy-only, differentials
// build on it.
func (s *Server) Snapshot(login, database string, copyOnly bool) error {
	n := &session{server: s, login: login, vars: map[string]variable{}, reply: tds.Unheard()}
	o := order.Backup{Statement: "BACKUP DATABASE", Database: database, CopyOnly: copyOnly, BlockSize: 512, User: login}
	b, err := n.beginBackup(o)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.takeData(s.now())
	b.set.Flags |= media.FlagSnapshot
	b.set.Finished, b.set.BackupSize, b.set.Position = local(s.now()), b.size, 1
	n.endBackup(b, o, nil, false)
	s.history.Record(msdb.Set{Set: b.set, MediaGUID: newGUID(), BlockSize: o.BlockSize, User: o.User, CopyOnly: copyOnly,
		Zone: int64(s.config.UTCOffset / (15 * time.Minute)), Compressed: b.size, Major: s.version[0], Collation: s.config.Collation,
		Families: []string{"{" + newGUID().String() + "}1"}, FamilyIDs: []uint32{1}})
	return nil
}
