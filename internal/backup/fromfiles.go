package backup

import (
	"cmp"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// ReadFile is what one backup file says of itself, under the name a person
// knows it by.
type ReadFile struct {
	Name string
	File *bakfile.File
}

// FromFiles turns files into sets. Stripes of one set become one Set; a
// second copy of a stripe becomes part of a second Set with the same ID. Of
// two copies the whole one is preferred to the cut one.
func FromFiles(files []ReadFile) []Set {
	type key struct{ set, media GUID }
	var sets []Set
	byKey := map[key][]int{} // indices into sets
	ordered := slices.Clone(files)
	slices.SortStableFunc(ordered, func(a, b ReadFile) int { return whole(b) - whole(a) })
	for _, f := range ordered {
		m := f.File.Media
		for i := range f.File.Sets {
			s := fromHeader(&f.File.Sets[i], m)
			stripe := SetFile{Name: f.Name, Size: f.File.Size, Family: max(m.FamilySequence, 1), Position: f.File.Sets[i].Position}
			k := key{s.ID, s.MediaSet}
			place := slices.IndexFunc(byKey[k], func(i int) bool { return !sets[i].hasStripe(stripe.Family) })
			if place < 0 || s.ID.IsZero() {
				s.Files = []SetFile{stripe}
				byKey[k] = append(byKey[k], len(sets))
				sets = append(sets, s)
				continue
			}
			join(&sets[byKey[k][place]], s, stripe)
		}
	}
	return sets
}

func whole(f ReadFile) int {
	if f.File.Truncated {
		return 0
	}
	return 1
}

func (s *Set) hasStripe(family int) bool {
	return slices.ContainsFunc(s.Files, func(f SetFile) bool { return f.Family == family })
}

// join adds a stripe. A set with a cut stripe is not complete, but keeps the
// facts that a whole stripe told.
func join(s *Set, other Set, stripe SetFile) {
	s.Complete = s.Complete && other.Complete
	s.Files = append(s.Files, stripe)
	slices.SortFunc(s.Files, func(a, b SetFile) int { return cmp.Compare(a.Family, b.Family) })
}

func fromHeader(h *bakfile.Set, m bakfile.Media) Set {
	s := Set{
		Kind: KindOf(h.Type), Type: h.Type, ID: h.SetGUID,
		Name: h.Name, Database: h.Database, Server: h.ServerName, Machine: h.MachineName,
		Family: h.FamilyGUID, BindingID: h.BindingID,
		VersionMajor: h.VersionMajor, VersionMinor: h.VersionMinor, VersionBuild: h.VersionBuild,
		DatabaseVersion: h.DatabaseVersion, CompatibilityLevel: h.CompatibilityLevel, RecoveryModel: h.RecoveryModel,
		DatabaseBackup: h.DatabaseBackupLSN, DifferentialBase: h.DifferentialBaseGUID, DifferentialBaseLSN: h.DifferentialBaseLSN,
		FirstFork: h.FirstRecoveryForkID, Fork: h.RecoveryForkID, ForkPoint: h.ForkPointLSN,
		Started: moment(h.Started, h.UTCOffset), Finished: moment(h.Finished, h.UTCOffset),
		CopyOnly: h.LooksCopyOnly(), Damaged: h.IsDamaged(), BulkLogged: h.HasBulkLoggedData(),
		BeginsLogChain: h.BeginsLogChain, Snapshot: h.IsSnapshot(), TailLog: h.HasNoRecovery(),
		Compressed: h.IsCompressed, Checksums: h.HasChecksums,
		Size: h.BackupSize, CompressedSize: h.CompressedSize,
		Complete: h.Complete, MediaSet: m.SetGUID, FamilyCount: max(m.FamilyCount, 1),
	}
	if h.LSNsTrustworthy {
		s.First, s.Last, s.Checkpoint = h.FirstLSN, h.LastLSN, h.CheckpointLSN
	}
	for _, f := range h.Files {
		s.DatabaseSize += f.Size
	}
	return s
}

// KindOf is what a type of backup is for in a chain.
func KindOf(t bakfile.Type) Kind {
	switch t {
	case bakfile.TypeFull:
		return Full
	case bakfile.TypeDifferential:
		return Differential
	case bakfile.TypeLog:
		return Log
	}
	return Other
}

func moment(t bakfile.LocalTime, offset *time.Duration) Moment {
	if t.IsZero() {
		return Moment{}
	}
	m := Moment{Local: t.Time}
	if offset != nil {
		utc := t.Add(-*offset)
		m.UTC = &utc
	}
	return m
}
