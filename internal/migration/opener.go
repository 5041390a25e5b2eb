package migration

import (
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

// opener is the first file of the set whose restore is to open the database:
// where the target keeps change data capture only so (Traits.KeepsWithLast),
// that is the last increment, at a source at work its tail and no other.
func (m Migration) opener() (File, bool) {
	chain := m.Chain()
	if !m.Keep.CDC || !m.Traits.KeepsWithLast || m.Mode == Immediate || len(chain) == 0 {
		return File{}, false
	}
	last := m.SetOf(chain[len(chain)-1])[0]
	if last.Kind == string(backup.Full) {
		return File{}, false
	}
	if live := m.LiveSource; live != nil {
		t, _ := live.last()
		if f, ok := m.file(t.File); !live.tailTaken() || !ok || m.SetOf(f)[0].Ord != last.Ord {
			return File{}, false
		}
	}
	return last, true
}

// Opens reports whether the restore of a file opens the database too.
func (m Migration) Opens(f File) bool {
	if m.Mode == Immediate {
		return f.Kind == string(backup.Full)
	}
	o, ok := m.opener()
	return ok && m.SetOf(f)[0].Ord == o.Ord
}

// Held is the file that opens the database, when it lies ready and everything
// before it is applied: it is given to the target with the order to open.
func (m Migration) Held() (File, bool) {
	o, ok := m.opener()
	if !ok || o.State != FileStaged {
		return File{}, false
	}
	for _, f := range m.Chain() {
		if m.SetOf(f)[0].Ord != o.Ord && f.State != FileApplied {
			return File{}, false
		}
	}
	return o, true
}

// reaches is how far the target stands, or will by the file that opens it.
func (m Migration) reaches() bakfile.LSN {
	if f, ok := m.Held(); ok {
		return f.LastLSN
	}
	return m.AppliedTo()
}

// openedByFile reports whether the target has, or may have, the file that opens
// the database.
func (m Migration) openedByFile() bool {
	f, ok := m.opener()
	if !ok {
		return false
	}
	c, open := m.Unanswered()
	// Given files may have been applied before they became the last ones; a tail is
	// the last from its beginning.
	return f.State == FileSent || f.State == FileApplied && m.LiveSource != nil || open && c.Verb == VerbImport && c.File == f.Ord
}

// LosesCDC reports whether opening the database now would lose change data
// capture that was to be kept: every file is applied, and none is left to open
// it with.
func (m Migration) LosesCDC() bool {
	return m.Keep.CDC && m.Traits.KeepsWithLast && m.LiveSource == nil && m.Opened.IsZero() && m.Mode != Immediate && m.fullApplied() && m.allApplied()
}

// OpensByFile reports whether the restore of a file is to open the database, or
// will be once there is an increment; said of a migration that is not open.
func (m Migration) OpensByFile() bool {
	if !m.Keep.CDC || !m.Traits.KeepsWithLast || m.Mode == Immediate {
		return false
	}
	_, known := m.opener()
	return m.LiveSource != nil || known && !m.LosesCDC()
}

// waitsToOpen reports whether a file is held until somebody orders the opening,
// or more files come.
func (m Migration) waitsToOpen() bool {
	_, held := m.Held()
	return held && m.LiveSource == nil && !m.OpenWhenApplied && m.OpenAsked.IsZero()
}
