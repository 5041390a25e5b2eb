package identity

import (
	"slices"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Whole is nil when the set lies there whole, alone or not: it can be restored
// and copied. A row that does not tell its set is believed, as there is nothing
// to compare, and so is a file whose headers a SQL Server alone can read.
func (v Verdict) Whole() error {
	return v.unless(words.Say("Nothing was done with it."), Same, Shared, Resized, Unnamed, Sealed)
}

// Proven is nil when the set certainly lies there whole.
func (v Verdict) Proven() error {
	return v.unless(words.Say("Nothing was done with it."), Same, Shared, Resized)
}

// Stands reports whether the set lies there whole, so that others may go: as it
// was noted, as far as its place can be read.
func (v Verdict) Stands() bool {
	return slices.Contains([]Finding{Same, Shared, Sealed}, v.Finding)
}

// Removable is nil when everything that lies there is this set and nothing
// else, or is gone already.
func (v Verdict) Removable() error {
	return v.unless(words.Say("Nothing was removed."), Same, Partial, Sealed, Absent)
}

// unless is a fault but for some findings.
func (v Verdict) unless(done words.Text, fine ...Finding) error {
	if slices.Contains(fine, v.Finding) {
		return nil
	}
	message := words.Join(words.Say("What lies there is not the backup that is meant."), v.Words, done)
	switch v.Finding {
	case Absent, Partial:
		return fault.Told(fault.NotFound, words.Join(v.Words, done), words.Say("Look for its files, or use another backup.")).WithCode("file-missing")
	case Shared, Resized, Cut, Sealed:
		message = words.Join(v.Words, done)
	}
	return fault.Told(fault.Conflict, message, words.Say("Find out who writes to this place. Put the planned file back, or use another backup; servers that share a folder need file names of their own.")).WithCode(CodeOtherSet)
}
