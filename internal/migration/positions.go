package migration

import (
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// BACKUP … TO DISK appends to a file that is there unless it is told WITH INIT
// (documentation page "BACKUP", NOINIT is the default): many jobs keep a day of
// logs in one file. RESTORE takes any of its sets WITH FILE = n; a service that
// is given a file takes the first. Which set is meant is said by its GUID.

// codeAppended is the code of a set behind others in its file, where the target
// takes the first only.
const codeAppended fault.Code = "appended"

func appended(f File) *fault.Error {
	return fault.Newf(fault.Conflict, "It is backup number %d of %s, appended to others, and the target takes the first of a file only.", f.Position, f.Source).WithCode(codeAppended).
		WithFix("Let the other job write each log backup to a file of its own (a new name each time, or WITH INIT), or stop it while the migration follows; else it happens again.")
}

// sameFile finds a file of the chain that is another set of the same file as it
// was when its size was that: it has been brought, or will be, for both.
func sameFile(files []File, f File) (File, bool) {
	i := slices.IndexFunc(files, func(o File) bool {
		return o.Source == f.Source && o.From == f.From && o.Size == f.Size && o.SetGUID != f.SetGUID && o.State != FileDropped && o.State != FileRefused
	})
	if i < 0 {
		return File{}, false
	}
	return files[i], true
}

// broughtWith reports whether the file lies where the target reads because
// another set of it was brought.
func (m Migration) broughtWith(f File) bool {
	return slices.ContainsFunc(m.Files, func(o File) bool {
		return o.Ord != f.Ord && o.Key == f.Key && o.Size == f.Size && o.SetGUID != f.SetGUID && !o.Staged.IsZero()
	})
}

// grown is a file to which others appended since it was planned: the set that
// is wanted stands where it stood, whole, in a larger file. False where the file
// is what it was, or another.
func grown(m Migration, r objectstore.SizedReader, f File) (File, bool) {
	if r.Size() <= f.Size || f.Position > 1 && !m.Traits.Positions {
		return f, false
	}
	file, err := bakfile.Read(r, r.Size())
	if err != nil {
		return f, false
	}
	for _, s := range file.Sets {
		if f.Is(s) && s.Complete {
			inPlace := f.Key == f.Source
			f.Size, f.State, f.Uploaded = r.Size(), FilePlanned, 0
			if one, ok := sameFile(m.Files, f); ok {
				f.Key = one.Key
			} else if !inPlace {
				f.Key = m.StagingPrefix + SafeName(f, m.SourceDatabase)
			}
			return f, true
		}
	}
	return f, false
}
