// Package backup has the words for backups — sets, kinds, chains — and decides
// which sets restore a database, in which order, and what is missing for it.
package backup

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// LSN is a log sequence number.
type LSN = bakfile.LSN

// GUID is an identity of a set, a fork, a lineage or a media set.
type GUID = bakfile.GUID

// Kind is what a set is for in a chain.
type Kind string

const (
	Full         Kind = "full"
	Differential Kind = "differential"
	Log          Kind = "log"
	Other        Kind = "other" // file, partial and their differentials: no part of a plain chain
)

// Set is one backup set: the content of one BACKUP command, in one file or
// striped over several.
type Set struct {
	Kind Kind
	Type bakfile.Type // HEADERONLY's BackupType
	ID   GUID         // BackupSetGUID

	Name      string
	Database  string // as the source called it; names are no proof of identity
	Server    string
	Machine   string
	Family    GUID // FamilyGUID: the lineage, kept through restores and renames
	BindingID GUID // the database as last restored

	VersionMajor, VersionMinor, VersionBuild int // of the SQL Server that wrote it; 0 = unknown
	DatabaseVersion                          int // internal version, such as 852
	CompatibilityLevel                       int
	RecoveryModel                            bakfile.RecoveryModel

	First, Last         LSN // Last is the next record's: touching sets join
	Checkpoint          LSN
	DatabaseBackup      LSN // checkpoint of the newest full before this set
	DifferentialBase    GUID
	DifferentialBaseLSN LSN

	FirstFork, Fork GUID // recovery fork at First and at Last; equal except in a log that spans a fork
	ForkPoint       LSN  // where in such a log; zero = unknown

	Started    Moment
	Finished   Moment
	ValidUntil Moment // LastValidRestoreTime, SQL Server 2022 and later: the log can stop until here

	CopyOnly       bool
	Damaged        bool
	BulkLogged     bool // holds minimally logged changes: no stop inside
	BeginsLogChain bool
	Snapshot       bool // the data is not in the file
	TailLog        bool // a log taken WITH NORECOVERY, which closed the source: nothing follows it there
	Compressed     bool
	Checksums      bool

	Size           int64 // bytes, uncompressed, all stripes; 0 = unknown
	CompressedSize int64 // bytes; 0 = unknown
	DatabaseSize   int64 // bytes that the database's files need after a restore; 0 = unknown

	Key string // of a cloud's key service, under which the files are encrypted outside of SQL Server: no other server reads them; empty = they are not

	Complete bool // false: the end of a file is missing, and what stands there is unknown

	MediaSet    GUID
	FamilyCount int       // stripes that belong to the set
	Files       []SetFile // by ascending Family
}

// SetFile is a file that holds a set or one stripe of it.
type SetFile struct {
	Name     string
	Size     int64 // bytes of the file; 0 = unknown
	Family   int   // which stripe, from 1
	Position int   // of the set inside the file, from 1: RESTORE … WITH FILE = Position
	Row      int   // for sets made of header rows: number of the row, from 1
}

// Moment is a time on the source server's clock. The zero Moment is unknown.
type Moment struct {
	Local time.Time  // as the server's clock showed it; its Location means nothing
	UTC   *time.Time // nil = the clock's distance from UTC is unknown
	// Adrift: the moment was told as one of UTC, and what the server's clock
	// showed then was not. Local is the reading in UTC.
	Adrift bool
}

// IsZero reports whether the moment is unknown.
func (m Moment) IsZero() bool { return m.Local.IsZero() }

// Time is the moment in UTC, or the local reading taken for UTC where the
// distance is unknown.
func (m Moment) Time() time.Time {
	if m.UTC != nil {
		return *m.UTC
	}
	return m.Local
}

// OnClock is a moment (UTC) on the clock of the server that took the set, as
// STOPAT means it; the moment itself where the distance is unknown.
func (s *Set) OnClock(at time.Time) time.Time {
	if m := s.Finished; m.UTC != nil {
		return at.Add(m.Local.Sub(*m.UTC))
	}
	return at
}

// MissingStripes lists the family numbers that no file was given for.
func (s *Set) MissingStripes() (missing []int) {
	have := map[int]bool{}
	for _, f := range s.Files {
		have[f.Family] = true
	}
	for k := 1; k <= s.FamilyCount; k++ {
		if !have[k] {
			missing = append(missing, k)
		}
	}
	return missing
}

// FileName is the name of the set's first file, for sentences.
func (s *Set) FileName() string {
	if len(s.Files) == 0 {
		return ""
	}
	return s.Files[0].Name
}

// FileSize is the size of all its files together.
func (s *Set) FileSize() (n int64) {
	for _, f := range s.Files {
		n += f.Size
	}
	return n
}
