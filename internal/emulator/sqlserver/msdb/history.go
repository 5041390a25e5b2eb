// Package msdb is what an emulated SQL Server remembers of backups and
// restores, and, on request, a long past of jobs that nobody ran: its rows are
// made when they are asked for and take no memory.
package msdb

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// History is one server's. Its owner guards it; what Table gives stays as it
// is while more is recorded.
type History struct {
	past     *Past
	sets     []Set
	restores []Restore
	nextSet  int64
	media    map[bakfile.GUID]int64 // media_set_id by media set
}

// Set is a row of backupset with those of the tables around it.
type Set struct {
	id, media int64
	bakfile.Set
	MediaGUID  bakfile.GUID
	Families   []string // device paths by family
	FamilyIDs  []uint32
	BlockSize  int
	User       string
	CopyOnly   bool
	Zone       int64 // quarter hours; 127 is unknown
	Compressed int64
	Damaged    bool
	ValidUntil time.Time
	Major      int // version of this server: later ones have more columns
	Collation  string
}

// Restore is a row of restorehistory.
type Restore struct {
	Set         int64
	Began       time.Time
	Destination string
	User        string
	Kind        string
	Replace     bool
	Recovery    bool
	StopAt      any
	Devices     int64
}

// maxSets bounds the real rows.
const maxSets = 100_000

// Record adds a backup. Sets on one media set share its media_set_id.
func (h *History) Record(s Set) int64 {
	h.nextSet++
	s.id = h.nextSet
	if h.media == nil {
		h.media = map[bakfile.GUID]int64{}
	}
	if s.media = h.media[s.MediaGUID]; s.media == 0 || s.MediaGUID.IsZero() {
		s.media = s.id
		h.media[s.MediaGUID] = s.id
	}
	if len(h.sets) >= maxSets {
		h.sets = append(h.sets[:0:0], h.sets[maxSets/2:]...)
	}
	h.sets = append(h.sets, s)
	return s.id
}

// Learn finds the row of a backup set, adding one for a set of another server
// as RESTORE does.
func (h *History) Learn(s Set) int64 {
	for _, have := range h.sets {
		if have.SetGUID == s.SetGUID {
			return have.id
		}
	}
	return h.Record(s)
}

// Restored adds a restore.
func (h *History) Restored(r Restore) { h.restores = append(slices.Clip(h.restores), r) }

// Remember gives the history a past before everything recorded.
func (h *History) Remember(p *Past) {
	h.past = p
	h.nextSet = max(h.nextSet, int64(p.Sets))
}

// Forget removes the backups of databases, as sp_delete_database_backuphistory
// does.
func (h *History) Forget(of func(database string) bool) {
	h.sets = slices.DeleteFunc(slices.Clone(h.sets), func(s Set) bool { return of(s.Database) })
}

// Purge forgets what ended before a moment, as sp_delete_backuphistory does.
func (h *History) Purge(before time.Time) {
	h.sets = slices.DeleteFunc(h.sets, func(s Set) bool { return s.Finished.Time.Before(before) })
	h.past = nil
}
