package migration

import (
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

// A cloud takes so many imports of a database a day. Where somebody else takes
// a log backup every quarter of an hour, following each would need five days
// for one. A differential brings the target as far as all of them, in a single
// import, and the next log joins it.

// overtakes reports whether a differential is to take the place of the
// increments that wait for the target: there are more of them than the imports
// that the day has left beside those kept.
func overtakes(m Migration, b Budget, reserve int) bool {
	f := m.LiveSource
	if f == nil || !m.Traits.Calls.Counted() || !f.Frozen.IsZero() || !f.AbortAsked.IsZero() || !m.fullApplied() || f.baseLost() {
		return false
	}
	spare := f.spare(b, reserve)
	waiting := m.waiting()
	for _, w := range waiting {
		if w.Kind == string(backup.Differential) {
			return false
		}
	}
	return spare > 0 && len(waiting) > spare
}

// spare is how many imports may be used to follow the source: once a person
// ordered the cutover, all but the tail's.
func (f *LiveSource) spare(b Budget, reserve int) int {
	if !f.CutoverAsked.IsZero() {
		reserve = min(reserve, 1)
	}
	return b.Left() - reserve
}

// waiting are the increments that the target was not given yet.
func (m Migration) waiting() (out []File) {
	for _, f := range m.Chain() {
		if f.State == FilePlanned || f.State == FileUploading || f.State == FileStaged {
			out = append(out, f)
		}
	}
	return out
}

// baseLost reports whether the newest differential built on a full backup of
// others, so that another would too.
func (f *LiveSource) baseLost() (lost bool) {
	for _, t := range f.SourceBackups {
		if t.Kind == string(backup.Differential) && (t.Verdict == Accepted || t.Verdict == Adopted) {
			lost = t.File == 0
		}
	}
	return lost
}

func overtakeWhy(m Migration, b Budget, reserve int) words.Text {
	return words.Say("%s wait, and the day has %s left for them: one differential covers them all.", words.Count(len(m.waiting()), "log backup", "log backups"), words.Count(m.LiveSource.spare(b, reserve), "import", "imports"))
}
