package sqlserveremu

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/msdb"
)

// pastStep is between two sets of the past that Config.History asks for: a
// million of them are eleven months.
const pastStep = 30 * time.Second

// remember gives msdb the past of the databases that were there from the start.
// The newest set of each ends where its next log backup begins.
func (s *Server) remember() {
	p := &msdb.Past{Sets: s.config.History, End: s.now(), Step: pastStep, Folder: s.config.BackupFolder,
		Template: msdb.Set{Zone: int64(s.config.UTCOffset / (15 * time.Minute)), BlockSize: 512, User: "maintenance", Major: s.version[0], Collation: s.config.Collation}}
	for _, db := range s.sorted() {
		if db.system {
			continue
		}
		set := s.header(db, bakfile.TypeLog, "maintenance", s.now())
		set.Name = "Maintenance of " + db.name
		last := db.lastLog
		if last.IsZero() {
			last = db.next
		}
		p.Databases = append(p.Databases, msdb.PastDatabase{Set: set, NoLog: db.recovery == bakfile.RecoverySimple, Last: last})
	}
	if p.Sets > 0 && len(p.Databases) > 0 {
		s.history.Remember(p)
	}
}
