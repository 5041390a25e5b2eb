// Package logcopy decides which log backups that a service takes by itself are
// still to be copied into a bucket of ours, and what of their chain is lost or
// will be. A service keeps them for some days; what was copied before they go
// joins the full backups in the bucket to an unbroken recovery window.
package logcopy

import (
	"context"
	"crypto/sha256"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

// Kept is how long a service lists its log backups at most, and copies them
// (RDS User Guide, "Access to transaction log backups with RDS for SQL Server").
const Kept = 7 * 24 * time.Hour

// Log is one log backup as its service lists it.
type Log struct {
	Seq         int64     // the service's own number, growing by one in a database
	Name        string    // of its file under the target, such as folder/file
	Taken       time.Time // UTC
	First, Last backup.LSN
	Broken      bool // it does not join the one before it
	Size        int64
	Family      backup.GUID // lineage of the database
}

// Call orders copies of the log backups of a database from one number to another.
type Call struct {
	Database string
	From, To int64
	// After is the newest task that the service had before the call was made for
	// the first time: a task behind it is this call's.
	After string
}

// Server is a backup.Server whose service takes log backups by itself and copies
// them where it was told. Errors are those of backup.Server.
type Server interface {
	// Target is the place that copies go to, as the server sees it; empty = the
	// service was not told one yet. It is one for the whole instance.
	Target(ctx context.Context) (string, error)
	// SetTarget tells it; the same again is fine.
	SetTarget(ctx context.Context, target string) error
	// TargetStatement is SetTarget as a person would type it.
	TargetStatement(target string) string
	// ServiceLogs lists what can be copied of a database, by Seq.
	ServiceLogs(ctx context.Context, database string) ([]Log, error)
	// Key is what copies are encrypted under, of the cloud's key service: nobody
	// but the service reads them. Empty = they are not.
	Key() string
	// NewestTask is what Call.After wants; empty = there was none.
	NewestTask(ctx context.Context) (string, error)
	// CopyLogs has them copied and returns when that is over. Called again with
	// the same After it goes on with the task of the former call, if there is one.
	CopyLogs(ctx context.Context, c Call, progress func(percent float64)) error
}

// Progress is how far the copying for one database is, written down before each
// call.
type Progress struct {
	From, To int64      `json:",omitempty"` // of the call under way; zero = none
	After    string     `json:",omitempty"`
	Copied   int        `json:",omitempty"` // log backups that are in the bucket and in the catalogue
	Bytes    int64      `json:",omitempty"`
	Last     backup.LSN `json:",omitzero"` // of the newest one copied
}

// file is a log's file without its folder, in one case: keys have GUIDs in lower
// case, and servers print them in upper.
func file(name string) string { return strings.ToLower(path.Base(name)) }

// copies are the files of the log backups that are held. A file's name tells:
// LSNs come again where a database was restored under its own name.
func copies(records []backup.Record) map[string]bool {
	out := map[string]bool{}
	for i := range records {
		if r := &records[i]; r.Set.Kind == backup.Log && r.State == backup.Complete {
			for _, c := range r.Copies {
				for _, k := range c.Keys {
					out[file(k)] = true
				}
			}
		}
	}
	return out
}

// restorable reports whether a record is a data backup that logs could follow.
func restorable(r *backup.Record) bool {
	return r.Set.Kind == backup.Full && r.State == backup.Complete && !r.Apart && !r.Set.Snapshot && len(r.Copies) > 0
}

// Standing is how a database's log backups at its service stand against what is
// held of them.
type Standing struct {
	Database string
	Listed   int       // that the service has
	Missing  []Log     // to be copied, by Seq
	Copied   time.Time // when the newest one held was taken; zero = none
	Leaves   time.Time // when the oldest of Missing leaves the service's list at the latest; zero = none is missing
	// Lost: log backups between the newest one held and the oldest that is
	// listed are in neither place. Nothing closes this gap.
	Lost *backup.Span
	// Broken are the places where the service's own chain does not join, behind
	// the newest data backup held: nothing after them can be restored before
	// another full or differential is taken.
	Broken []time.Time
}

// Stand compares what a service lists with the records of a database.
//
// Missing are the ones behind the oldest listed one that is held: what is before
// was let go of. Where none is held, those that a full backup in a bucket needs.
// Without such a full none is missing, as nothing could be restored with it.
func Stand(database string, listed []Log, records []backup.Record) Standing {
	s := Standing{Database: database, Listed: len(listed)}
	held := copies(records)
	first, newest := -1, -1
	for i, l := range listed {
		if held[file(l.Name)] {
			if first < 0 {
				first = i
			}
			newest = i
		}
	}
	since, data, any := bases(records)
	for i, l := range listed {
		if held[file(l.Name)] || first >= 0 && i < first || first < 0 && (!any || l.Last.Compare(since) <= 0) {
			continue
		}
		s.Missing = append(s.Missing, l)
	}
	if newest >= 0 {
		s.Copied = listed[newest].Taken
	} else if before := lastHeld(records, listed); before != nil {
		s.Copied = before.Finished()
		if len(listed) > 0 && listed[0].First.Compare(before.Set.Last) > 0 && any {
			s.Lost = &backup.Span{From: before.Finished(), To: listed[0].Taken}
		}
	}
	if len(s.Missing) > 0 {
		s.Leaves = s.Missing[0].Taken.Add(Kept)
	}
	for _, l := range listed {
		if l.Broken && any && l.First.Compare(data) > 0 {
			s.Broken = append(s.Broken, l.Taken)
		}
	}
	if s.Lost != nil && data.Compare(listed[0].First) >= 0 {
		s.Lost = nil // a data backup behind the gap begins anew
	}
	return s
}

// bases are the end of the oldest full backup that logs could follow, and of the
// newest data backup, both of the lineage of the newest full.
func bases(records []backup.Record) (oldest, newest backup.LSN, any bool) {
	var family backup.GUID
	for i := range records {
		if r := &records[i]; restorable(r) && r.Set.Last.Compare(newest) >= 0 {
			family, newest = r.Set.Family, r.Set.Last
		}
	}
	for i := range records {
		r := &records[i]
		if r.Set.Family != family || r.State != backup.Complete || r.Apart || len(r.Copies) == 0 {
			continue
		}
		switch {
		case restorable(r) && (!any || r.Set.Last.Compare(oldest) < 0):
			oldest, any = r.Set.Last, true
		case r.Set.Kind == backup.Differential && r.Set.Last.Compare(newest) > 0:
			newest = r.Set.Last
		}
	}
	return oldest, newest, any
}

// lastHeld is the newest log that was copied once, of the same database as what
// is listed: their files lie in one folder.
func lastHeld(records []backup.Record, listed []Log) (last *backup.Record) {
	if len(listed) == 0 {
		return nil
	}
	folder := path.Dir(listed[0].Name)
	for i := range records {
		r := &records[i]
		if r.Set.Kind != backup.Log || r.State != backup.Complete || last != nil && r.Set.Last.Compare(last.Set.Last) <= 0 {
			continue
		}
		for _, c := range r.Copies {
			if slices.ContainsFunc(c.Keys, func(k string) bool { return strings.EqualFold(path.Base(path.Dir(k)), path.Base(folder)) }) {
				last = r
			}
		}
	}
	return last
}

// SetOf is a log backup whose copy nobody here reads, as far as the service tells
// of it: its identity is made of its file's name, its fork is that of the newest
// full backup.
func SetOf(l Log, database, key string, records []backup.Record) backup.Set {
	sum := sha256.Sum256([]byte(file(l.Name)))
	s := backup.Set{Kind: backup.Log, Type: bakfile.TypeLog, Database: database, Family: l.Family, First: l.First, Last: l.Last, Complete: true, Size: l.Size, FamilyCount: 1, Key: key, Files: []backup.SetFile{{Name: l.Name, Size: l.Size, Family: 1, Position: 1}},
		RecoveryModel: bakfile.RecoveryFull, Started: backup.Moment{Local: l.Taken, UTC: &l.Taken}, Finished: backup.Moment{Local: l.Taken, UTC: &l.Taken}}
	copy(s.ID[:], sum[:])
	var newest backup.LSN
	for i := range records {
		if r := &records[i]; restorable(r) && r.Set.Family == l.Family && r.Set.Last.Compare(newest) > 0 {
			newest, s.FirstFork, s.Fork = r.Set.Last, r.Set.Fork, r.Set.Fork
		}
	}
	return s
}

// Stretch are the first of the missing that follow one another, at most so many:
// one call copies them and nothing that is held.
func Stretch(missing []Log, most int) []Log {
	n := 0
	for n < len(missing) && n < most && (n == 0 || missing[n].Seq == missing[n-1].Seq+1) {
		n++
	}
	return missing[:n]
}
