package backup

import (
	"cmp"
	"slices"
)

// Merge is what is known after a record was found once more. It keeps what a
// person or a policy set, joins copies and stripes, and prefers the set that
// tells more. What msdb says a second time is no proof that files are still
// where they were written: only a look at a bucket or the cloud brings back a
// record that is gone.
func (r Record) Merge(n Record) Record {
	out := r
	state := n.Origin == InBucket || n.Origin == InCloud || n.Origin == ByUs
	if r.InstanceID == "" {
		out.InstanceID = n.InstanceID
	}
	out.Database = cmp.Or(r.Database, n.Database)
	if rank := []Origin{ByUs, InCloud, ByOthers, InBucket}; slices.Index(rank, n.Origin) < slices.Index(rank, r.Origin) {
		out.Origin = n.Origin
	}
	out.PolicyID = cmp.Or(r.PolicyID, n.PolicyID)
	out.Set = mergeSets(r.Set, n.Set)
	if n.Cloud != nil {
		out.Cloud = n.Cloud
		out.Set.Kind = cmp.Or(n.Set.Kind, r.Set.Kind)
	}
	if state || r.Origin == InBucket {
		out.Copies = mergeCopies(r.Copies, n.Copies)
	}
	switch {
	case n.State == "" || r.State == Removed && (!state || len(n.Copies) == 0 && n.Origin != InCloud):
	case n.Origin == ByUs || n.Origin == InCloud || r.State != Complete:
		out.State = n.State
	}
	if out.State != Removed {
		out.Gone = n.Gone
	}
	if out.Origin == InBucket && out.State != Removed {
		out.State = Complete
		if !out.Set.Complete || len(out.Set.MissingStripes()) > 0 {
			out.State = Broken
		}
	}
	out.Apart = (r.Apart || n.Apart) && len(out.Copies) == 0
	if n.Verified.After(r.Verified) {
		out.Verified = n.Verified
	}
	if n.Pinned {
		out.Pinned, out.PinNote = true, n.PinNote
	}
	if !n.Expires.IsZero() {
		out.Expires = n.Expires
	}
	if n.Seen.After(r.Seen) {
		out.Seen = n.Seen
	}
	return out
}

// mergeSets takes the set that is complete and tells its LSNs, with the
// stripes of both.
func mergeSets(old, found Set) Set {
	out, other := old, found
	if found.Complete && !found.Last.IsZero() && (!old.Complete || old.Last.IsZero()) {
		out, other = found, old
	}
	out.Files = slices.Clone(out.Files)
	for _, f := range other.Files {
		if !out.hasStripe(f.Family) {
			out.Files = append(out.Files, f)
			out.Complete = out.Complete && other.Complete
		}
	}
	slices.SortStableFunc(out.Files, func(a, b SetFile) int { return cmp.Compare(a.Family, b.Family) })
	out.Key = cmp.Or(old.Key, found.Key)
	out.FamilyCount = max(old.FamilyCount, found.FamilyCount)
	out.DatabaseSize = max(old.DatabaseSize, found.DatabaseSize)
	return out
}

func mergeCopies(old, found []Copy) []Copy {
	out := slices.Clone(old)
	for _, c := range found {
		i := slices.IndexFunc(out, func(o Copy) bool { return o.BucketID == c.BucketID })
		if i < 0 {
			out = append(out, c)
			continue
		}
		keys, size := slices.Clone(out[i].Keys), out[i].Size
		for k, key := range c.Keys {
			if k >= len(keys) {
				keys = append(keys, "")
			}
			if key != "" && keys[k] == "" {
				keys[k] = key
				size += c.Size / int64(max(1, present(c.Keys)))
			}
		}
		if slices.Equal(keys, c.Keys) {
			size = c.Size
		}
		out[i].Keys, out[i].Size = keys, size
	}
	return out
}

func present(keys []string) (n int) {
	for _, k := range keys {
		if k != "" {
			n++
		}
	}
	return n
}
