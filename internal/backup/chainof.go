package backup

// ChainOf tells which records restore one of them, the full backup first and
// the one itself last, and which of the others stand on it. Sets of the cloud
// are no part of chains here: the service restores those by itself. An empty
// chain means that the sets that are there do not lead to it.
func ChainOf(records []Record, id string) (chain, needing []Record) {
	sets := make([]*Set, len(records))
	at := -1
	for i := range records {
		r := &records[i]
		if r.ID == id {
			at = i
		}
		if r.State != Complete || !r.Gone.IsZero() || r.Origin == InCloud {
			continue
		}
		s := r.Set
		if len(s.Files) == 0 { // a record that names no files is not asked for its stripes
			s.FamilyCount = 0
		}
		sets[i] = &s
	}
	if at < 0 {
		return nil, nil
	}
	stands := RestorePaths(sets, func(i int) Trust {
		if records[i].Origin == ByOthers {
			return LastResort
		}
		return Willingly
	})
	if stands[at].Sound {
		for i := at; i >= 0 && len(chain) <= len(records); i = stands[i].On {
			chain = append([]Record{records[i]}, chain...)
		}
	}
	below := make([]int8, len(records)) // 1 = stands on it, -1 = does not
	var stacked func(i, depth int) bool
	stacked = func(i, depth int) bool {
		switch {
		case i == at:
			return true
		case i < 0 || depth > len(records) || !stands[i].Sound:
			return false
		case below[i] == 0:
			below[i] = -1
			if stacked(stands[i].On, depth+1) {
				below[i] = 1
			}
		}
		return below[i] == 1
	}
	for i := range records {
		if i != at && stacked(i, 0) {
			needing = append(needing, records[i])
		}
	}
	return chain, needing
}
