package msdb

import (
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Past is a history of jobs that ran before the server was started: one set
// each Step, the databases in turn, the newest one a Step before End. A full is
// taken every 168th time, a differential every 24th, else a log; a database
// that takes no logs has fulls and differentials alone. Its files are gone.
type Past struct {
	Sets      int
	End       time.Time // the server's local time
	Step      time.Duration
	Folder    string
	Template  Set // what all rows have in common
	Databases []PastDatabase
}

// PastDatabase is one whose past is told.
type PastDatabase struct {
	Set   bakfile.Set // names, GUIDs and versions of its backups
	NoLog bool
	Last  bakfile.LSN // where the newest of its backups ends
}

// turns is how many sets the database at place d has.
func (p *Past) turns(d int) int { return (p.Sets - d + len(p.Databases) - 1) / len(p.Databases) }

func (p *Past) finished(i int) time.Time {
	return p.End.Add(-time.Duration(p.Sets-i) * p.Step).Truncate(time.Second)
}

// since is the first set that finished at a time or later.
func (p *Past) since(t time.Time) int {
	before := p.End.Sub(t)/p.Step + 2
	i := max(0, p.Sets-int(min(before, time.Duration(p.Sets))))
	for i < p.Sets && p.finished(i).Before(t) {
		i++
	}
	return i
}

func (p *Past) kind(i int) bakfile.Type {
	turn := i / len(p.Databases)
	switch {
	case turn%168 == 0:
		return bakfile.TypeFull
	case turn%24 == 0, p.Databases[i%len(p.Databases)].NoLog:
		return bakfile.TypeDifferential
	}
	return bakfile.TypeLog
}

// guid is always the same for a database and a turn.
func guid(family bakfile.GUID, turn int, what byte) (g bakfile.GUID) {
	h := fnv.New128a()
	_, _ = h.Write(append(binary.LittleEndian.AppendUint64(family[:], uint64(turn)), what))
	copy(g[:], h.Sum(nil))
	g[6], g[8] = g[6]&0x0f|0x40, g[8]&0x3f|0x80
	return g
}

// begins is where the log of a turn begins.
func begins(turn int) bakfile.LSN { return bakfile.LSN{VLF: 1, Block: uint32(16 + 8*turn), Slot: 1} }

// set makes the one at place i, from 0.
func (p *Past) set(i int) *Set {
	d, turn := i%len(p.Databases), i/len(p.Databases)
	db := p.Databases[d]
	s := p.Template
	kind := p.kind(i)
	s.id, s.media, s.Set = int64(i+1), int64(i+1), db.Set
	s.Type, s.SetGUID, s.MediaGUID = kind, guid(db.Set.FamilyGUID, turn, 's'), guid(db.Set.FamilyGUID, turn, 'm')
	s.FirstLSN, s.LastLSN, s.Position = begins(turn), begins(turn+1), 1
	if turn == p.turns(d)-1 {
		s.LastLSN = db.Last
	}
	base := turn / 168 * 168
	s.CheckpointLSN, s.DatabaseBackupLSN = begins(base), begins(max(0, base-168))
	if kind != bakfile.TypeFull {
		s.DatabaseBackupLSN = begins(base)
	}
	if kind == bakfile.TypeDifferential {
		s.CheckpointLSN = begins(turn)
		s.DifferentialBaseLSN, s.DifferentialBaseGUID = begins(base), guid(db.Set.FamilyGUID, base, 's')
	}
	s.Finished = bakfile.LocalTime{Time: p.finished(i)}
	s.Started = bakfile.LocalTime{Time: s.Finished.Add(-min(p.Step/2, time.Minute)).Truncate(time.Second)}
	s.BackupSize = 64 << 10
	if kind != bakfile.TypeLog {
		s.BackupSize = 1 << 20
	}
	s.Compressed = s.BackupSize
	if kind == bakfile.TypeLog {
		s.ValidUntil = s.Started.Time
	}
	s.Families = []string{p.Folder + "/" + db.Set.Database + "_" + s.Finished.Format("20060102150405") + map[bakfile.Type]string{bakfile.TypeLog: ".trn"}[kind]}
	s.FamilyIDs = []uint32{uint32(i) | 1}
	return &s
}
