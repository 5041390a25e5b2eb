package backup

import (
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// label names a set for a sentence: by its file, else by kind and time.
func (s *Set) label() string {
	name := words.Visible(s.FileName())
	if name == "" {
		name = "the " + string(s.Kind) + " backup"
		if len(s.Files) > 0 && s.Files[0].Row > 0 {
			name += fmt.Sprintf(" of row %d", s.Files[0].Row)
		} else if !s.Started.IsZero() {
			name += " of " + s.Started.Local.Format(time.DateTime)
		}
	}
	if len(s.Files) > 0 && s.Files[0].Position > 1 {
		name += fmt.Sprintf(" (set %d)", s.Files[0].Position)
	}
	return name
}

// sentence says why a set is left out; other is the set that matters for it.
func sentence(s *Set, why Reason, other *Set) string {
	than := ""
	if other != nil {
		than = other.label()
	}
	switch why {
	case NotTheBase:
		if other == nil {
			return "Not needed: a restore has already begun with another full backup."
		}
		return "Not needed: the chain begins with " + than + "."
	case Superseded:
		if other == nil {
			return "Not needed: what it holds has already been applied."
		}
		return "Not needed: " + than + " on the same full backup is newer."
	case Covered:
		if s.First == s.Last {
			return "Not needed: it holds no log, nothing had changed."
		}
		return "Not needed: it ends at LSN " + s.Last.String() + ", which the backups before it already cover."
	case WrongBase:
		return "Does not fit: it builds on the full backup " + s.DifferentialBase.String() + ", which is not the one this chain begins with."
	case OtherFork:
		return "Does not fit: it belongs to recovery fork " + s.Fork.String() + ", which this chain does not follow."
	case BeyondGap:
		return "Cannot be reached: it begins at LSN " + s.First.String() + ", behind a gap."
	case BrokenChain:
		return "Does not join: the log chain was interrupted, as by a time in recovery model SIMPLE, and it belongs to another part."
	case AfterStop:
		return "Not needed to reach the chosen time."
	case Foreign:
		return "Belongs to another database: its lineage is " + s.Family.String() + "."
	case DamagedSet:
		if !s.Damaged {
			return "Its header contradicts itself: it ends before it begins."
		}
		return "Marked as damaged by the server that wrote it."
	case Truncated:
		return "The file is cut off, or its header is not readable to the end; copy it again."
	case Duplicate:
		return "The same backup as " + than + "."
	case StripeIncomplete:
		return fmt.Sprintf("One of %d stripes of a backup; missing: %s.", s.FamilyCount, numbers(s.MissingStripes()))
	case Unsupported:
		switch {
		case s.Snapshot:
			return "A snapshot backup: the data is not in the file."
		case s.Kind == Differential:
			return "A differential that names no single full backup as its base."
		}
		return "A file, filegroup or partial backup, which is no part of a chain of whole database backups."
	}
	return ""
}

func numbers(n []int) string {
	texts := make([]string, len(n))
	for i, k := range n {
		texts[i] = fmt.Sprint(k)
	}
	return strings.Join(texts, ", ")
}
