// Package identity says whether what lies at a place is the backup set that a
// row means. Names, sizes and times are no proof: two servers that share a
// folder write files of one name, a job overwrites yesterday's file or appends
// to it, a copy is cut off. What a file says of itself is compared with what is
// known of the set, its GUID before all, wherever a set is verified, restored,
// copied or removed.
//
// Adapters and workers read (Look, OfHeaders), Judge alone decides.
package identity

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// CodeOtherSet is that of the fault when another set lies there.
const CodeOtherSet fault.Code = "other-set"

// Want is the set that a row means, and what was noted of a place of it.
type Want struct {
	ID    backup.GUID // zero = the row does not tell
	Size  int64       // bytes of all its files; 0 = not noted
	Noted time.Time   // UTC, when that was noted
	Key   string      // under which the files are encrypted, so that nobody here reads their headers; empty = they are not
}

// Of is what a record means by one of its copies.
func Of(r *backup.Record, c backup.Copy) Want {
	return Want{ID: r.Set.ID, Size: c.Size, Noted: c.At, Key: r.Set.Key}
}

// Piece is what lies at one place: a whole set, or one of its stripes.
type Piece struct {
	Key      string
	Unnamed  bool // the row names no file for this stripe
	There    bool
	Size     int64      // bytes
	Modified time.Time  // UTC
	Sealed   bool       // its headers cannot be read here: an archived object, one that may be seen and not read, or a form that this reader does not know
	Unread   words.Text // why it is no readable backup, a sentence; empty = it is one
	Cut      bool       // its end is missing

	Media    backup.GUID // media set
	Family   int         // which stripe it is, from 1; 0 = not told
	Families int         // stripes of the media set; 0 = not told
	Sets     []Held
}

// Held is one set that a file holds.
type Held struct {
	ID       backup.GUID
	Name     string // NAME of the set
	Position int    // in the file, from 1
	Kind     backup.Kind
	Database string
	Server   string
	Finished time.Time // as the clock of its server showed it; zero = not told
}

// label names a set of another row for a sentence.
func (h Held) label() words.Text {
	out := words.Say("the %s backup of %s", h.Kind, words.Visible(h.Database))
	if h.Server != "" {
		out = words.Say("%s of %s", out, words.Visible(h.Server))
	}
	if !h.Finished.IsZero() {
		out = words.Say("%s that ended at %s there", out, h.Finished.Format(time.DateTime))
	}
	return out
}

// Finding is what was found at the places of a set.
type Finding string

const (
	Same    Finding = "same"    // the set, whole, and nothing else
	Shared  Finding = "shared"  // the set, whole, in files that hold others too
	Absent  Finding = "absent"  // nothing lies there
	Partial Finding = "partial" // some of its files are gone; the others are it
	Cut     Finding = "cut"     // it, and the end of a file is missing
	Resized Finding = "resized" // it, and the files have another size than was noted
	Sealed  Finding = "sealed"  // its headers cannot be read here, and nothing was written there since it was noted
	Another Finding = "another" // other sets
	Mixed   Finding = "mixed"   // files that do not belong together, or the same stripe twice
	Foreign Finding = "foreign" // no readable backup
	Unnamed Finding = "unnamed" // the row does not tell which set it means
)

// Verdict is what Judge found.
type Verdict struct {
	Finding  Finding
	Position int        // of the set in its files; 0 = it is not there
	Words    words.Text // what lies there, a sentence; empty where it is the set
}

// skew is how far the clock of a store may be from ours: what S3 lets pass.
const skew = 15 * time.Minute

// Judge decides. The pieces are those of every file that the row names.
func Judge(w Want, pieces []Piece) Verdict {
	there := slices.DeleteFunc(slices.Clone(pieces), func(p Piece) bool { return !p.There })
	if len(there) == 0 {
		return Verdict{Finding: Absent, Words: words.Say("Nothing lies at its place any more.")}
	}
	if w.Key != "" {
		for i := range there {
			there[i].Sealed, there[i].Unread = true, words.Text{}
		}
	}
	whole := len(there) == len(pieces)
	var size int64
	for _, p := range there {
		size += p.Size
	}
	if i := slices.IndexFunc(there, func(p Piece) bool { return p.Sealed }); i >= 0 {
		return sealed(w, there, whole, size)
	}
	if i := slices.IndexFunc(there, func(p Piece) bool { return !p.Unread.IsZero() }); i >= 0 {
		return Verdict{Finding: Foreign, Words: words.Say("%s is no backup that can be read: %s", there[i].Key, there[i].Unread)}
	}
	if w.ID.IsZero() {
		return Verdict{Finding: Unnamed, Words: words.Say("Which set %s should hold is not known here.", there[0].Key)}
	}
	position := 0
	for _, p := range there {
		i := slices.IndexFunc(p.Sets, func(h Held) bool { return h.ID == w.ID })
		switch {
		case i < 0:
			return Verdict{Finding: Another, Words: another(p)}
		case position > 0 && p.Sets[i].Position != position:
			return Verdict{Finding: Mixed, Words: words.Say("%s holds it at number %d, and another of its files at %d.", p.Key, p.Sets[i].Position, position)}
		}
		position = p.Sets[i].Position
	}
	v := Verdict{Finding: Same, Position: position}
	if why := unmatched(there, whole); !why.IsZero() {
		v.Finding, v.Words = Mixed, why
		return v
	}
	cut := slices.IndexFunc(there, func(p Piece) bool { return p.Cut })
	shared := slices.IndexFunc(there, func(p Piece) bool { return len(p.Sets) > 1 })
	switch {
	case cut >= 0:
		v.Finding, v.Words = Cut, words.Say("%s is cut off: its end is missing.", there[cut].Key)
	case !whole:
		v.Finding, v.Words = Partial, words.Say("%d of its %d files are gone.", len(pieces)-len(there), len(pieces))
	case shared >= 0:
		v.Finding, v.Words = Shared, words.Say("%s holds %s besides it.", there[shared].Key, words.Count(len(there[shared].Sets)-1, "backup", "backups"))
	case w.Size > 0 && size != w.Size:
		v.Finding, v.Words = Resized, words.Say("Its files have %d bytes, and %d were noted.", size, w.Size)
	}
	return v
}

// sealed judges files whose headers cannot be read: their time changes with
// their content alone.
func sealed(w Want, there []Piece, whole bool, size int64) Verdict {
	for _, p := range there {
		switch {
		case w.Noted.IsZero() || w.ID.IsZero():
			return Verdict{Finding: Unnamed, Words: words.Say("The headers of %s cannot be read here, and it was not noted when it was written.", p.Key)}
		case p.Modified.IsZero() || p.Modified.After(w.Noted.Add(skew)):
			return Verdict{Finding: Foreign, Words: words.Say("The headers of %s cannot be read here, and it was written to since it was noted.", p.Key)}
		}
	}
	if whole && w.Size > 0 && size != w.Size {
		return Verdict{Finding: Foreign, Words: words.Say("The headers of %s cannot be read here, and its size is not the one that was noted.", there[0].Key)}
	}
	return Verdict{Finding: Sealed, Words: words.Say("The headers of %s cannot be read here.", there[0].Key)}
}

// another words what lies where the set should.
func another(p Piece) words.Text {
	if len(p.Sets) == 0 {
		return words.Say("%s holds no backup set.", p.Key)
	}
	newest := p.Sets[len(p.Sets)-1]
	if len(p.Sets) > 1 {
		return words.Say("%s holds %d other backups, the last of them %s.", p.Key, len(p.Sets), newest.label())
	}
	return words.Say("%s holds another backup: %s.", p.Key, newest.label())
}

// unmatched says why files that all hold the set are not its stripes.
func unmatched(there []Piece, whole bool) words.Text {
	seen := map[int]string{}
	for _, p := range there {
		switch {
		case p.Media != there[0].Media:
			return words.Say("%s and %s belong to two media sets.", there[0].Key, p.Key)
		case p.Family > 0 && seen[p.Family] != "":
			return words.Say("%s and %s are the same stripe, number %d.", seen[p.Family], p.Key, p.Family)
		case whole && p.Families > 0 && p.Families != len(there):
			return words.Say("%s was written to %s, and %s known.", p.Key, words.Count(p.Families, "file", "files"), words.Count(len(there), "is", "are"))
		}
		seen[p.Family] = p.Key
	}
	return words.Text{}
}
