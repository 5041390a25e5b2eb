package backup

// bases finds the full backup that a differential builds on: by its ID, and
// where a row does not tell that, by the LSN of its checkpoint.
type bases struct {
	byID         map[GUID]*Set
	byCheckpoint map[LSN][]*Set
}

func basesOf(fulls []*Set) bases {
	b := bases{map[GUID]*Set{}, map[LSN][]*Set{}}
	for _, f := range fulls {
		if _, ok := b.byID[f.ID]; !ok && !f.ID.IsZero() {
			b.byID[f.ID] = f
		}
		if !f.Checkpoint.IsZero() && !f.CopyOnly {
			b.byCheckpoint[f.Checkpoint] = append(b.byCheckpoint[f.Checkpoint], f)
		}
	}
	return b
}

// of is nil when the base is not there. Of several full backups of a database
// in which nothing changed it is the last one that ends before the
// differential does.
func (b bases) of(d *Set) (base *Set) {
	if f := b.byID[d.DifferentialBase]; f != nil {
		return f
	}
	if d.DifferentialBaseLSN.IsZero() {
		return nil
	}
	for _, f := range b.byCheckpoint[d.DifferentialBaseLSN] {
		if !d.DifferentialBase.IsZero() && !f.ID.IsZero() || f.Fork != d.Fork && !f.Fork.IsZero() && !d.Fork.IsZero() || f.Last.Compare(d.Last) > 0 {
			continue
		}
		if base == nil || newer(f, base) {
			base = f
		}
	}
	return base
}
