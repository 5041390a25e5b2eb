package policy

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// Pruning is what a policy's retention makes of the sets of one database.
type Pruning struct {
	Keep   []Kept    // sets of the policy, oldest first
	Remove []Removal // oldest first
	Lost   []Span    // moments that can be restored to now and not afterwards
	Bytes  int64     // of all copies of what goes
}

// Kept is a set that stays, and why.
type Kept struct {
	Record  backup.Record
	Grounds []Ground // at least one
	For     string   // with Needed: id of a set that stands on it
	Why     string   // sentences
}

// Removal is a set that goes, and why.
type Removal struct {
	Record backup.Record
	Why    string
}

// Span is the time between two moments that logs reach, UTC; one moment when
// they are equal.
type Span struct{ From, To time.Time }

// Prune decides which sets of one database, of one instance, a policy lets go
// of. It looks at every set there is, but decides only about those the policy
// took, and about a person's own that have an expiry.
//
//   - What a rule wants stays: see Keep. Pinned sets stay.
//   - What a set that stays needs for its restore stays: the full of a
//     differential; of a log the chain from the newest data backup that leads
//     to it. Sets of other policies, of people and in buckets ask for theirs
//     too. Sets that others took are links of chains, but they ask for nothing
//     unless pinned: a history that nobody prunes would keep ours for ever.
//   - The newest full backup of ours stays, and the chain to the newest moment.
//   - Nothing goes without relief: a newer full for a full; a newer full or
//     differential for a differential or a log. Relief is complete, not taken
//     by others, verified where the policy demands it, and for sets of the
//     policy copied to its bucket.
//
// Broken sets serve nobody: they go as soon as there is relief.
func Prune(p Policy, sets []backup.Record, now time.Time) (Pruning, error) {
	r, err := retain(p, sets, now)
	if err != nil {
		return Pruning{}, err
	}
	r.ruled()
	r.held()
	r.guarded()
	r.needed()
	return r.pruning(), nil
}

// retain looks at the sets before anything is decided.
func retain(p Policy, sets []backup.Record, now time.Time) (*retention, error) {
	zone, err := LoadZone(p.Zone)
	if err != nil {
		return nil, err
	}
	r := &retention{policy: p, sets: sets, zone: zone, now: now, ages: backup.Ages(sets),
		ours: make([]bool, len(sets)), present: make([]*backup.Set, len(sets)),
		grounds: make([][]Ground, len(sets)), needer: make([]int, len(sets))}
	for i := range sets {
		r.ours[i] = r.mayGo(&sets[i])
		r.present[i] = present(&sets[i])
	}
	r.stands = backup.RestorePaths(r.present, r.trust)
	r.safe = backup.RestorePaths(r.present, func(i int) backup.Trust {
		if r.proven(i) {
			return backup.Willingly
		}
		return backup.Never
	})
	return r, nil
}

// retention is one pruning under way. Slices are by set.
type retention struct {
	policy  Policy
	sets    []backup.Record
	zone    *time.Location
	now     time.Time
	ages    []time.Time   // when each ended
	ours    []bool        // may go
	present []*backup.Set // nil = cannot be restored from
	stands  []backup.RestorePath
	safe    []backup.RestorePath // with nothing but proven data backups to begin with
	grounds [][]Ground
	needer  []int // the set for which one is Needed
}

// mayGo reports whether the policy decides about a set.
func (r *retention) mayGo(s *backup.Record) bool {
	if s.State == backup.Removed || !s.Gone.IsZero() || r.policy.ID == "" {
		return false
	}
	switch s.Origin {
	case backup.ByUs:
		return s.PolicyID == r.policy.ID || s.PolicyID == "" && !s.Expires.IsZero()
	case backup.InBucket:
		return s.PolicyID == r.policy.ID
	}
	return false
}

// present is the set where it can be restored from, nil elsewhere. A record
// that names no files is not asked for its stripes.
func present(r *backup.Record) *backup.Set {
	s := r.Set
	if len(s.Files) == 0 {
		s.FamilyCount = 0
	}
	if r.State != backup.Complete || !r.Gone.IsZero() || r.Origin == backup.InCloud || !s.Usable() {
		return nil
	}
	return &s
}

// trust in a data backup to build upon: what others took may be gone.
func (r *retention) trust(i int) backup.Trust {
	if r.sets[i].Origin == backup.ByOthers {
		return backup.LastResort
	}
	return backup.Willingly
}

// proven reports whether a data backup may take the place of older sets.
func (r *retention) proven(i int) bool {
	s := &r.sets[i]
	if s.Origin == backup.ByOthers || r.policy.How.Verify && s.Verified.IsZero() {
		return false
	}
	if s.PolicyID == r.policy.ID && r.policy.BucketID != "" {
		return slices.ContainsFunc(s.Copies, func(c backup.Copy) bool { return c.BucketID == r.policy.BucketID })
	}
	return true
}

func (r *retention) keep(i int, g Ground) {
	if !slices.Contains(r.grounds[i], g) {
		r.grounds[i] = append(r.grounds[i], g)
	}
}

// held keeps what people hold on to.
func (r *retention) held() {
	for i := range r.sets {
		s := &r.sets[i]
		if s.Pinned {
			r.keep(i, Pinned)
		}
		if r.ours[i] && s.Expires.After(r.now) {
			r.keep(i, Unexpired)
		}
	}
}

// guarded keeps what must not go yet, whatever the rules say.
func (r *retention) guarded() {
	var full, data time.Time // when the newest proven ones finished
	for i, s := range r.present {
		if s == nil || !r.safe[i].Sound || s.Kind == backup.Log {
			continue
		}
		if at := r.finished(i); s.Kind == backup.Full {
			full, data = Latest(full, at), Latest(data, at)
		} else {
			data = Latest(data, at)
		}
	}
	newestFull := -1
	for i := range r.sets {
		relief := data
		if r.sets[i].Set.Kind == backup.Full {
			relief = full
		}
		if r.ours[i] && !relief.After(r.finished(i)) {
			r.keep(i, Unrelieved)
		}
		if s := r.present[i]; s != nil && s.Kind == backup.Full && r.stands[i].Sound && r.trust(i) == backup.Willingly && (newestFull < 0 || r.byFinished(newestFull, i) < 0) {
			newestFull = i
		}
	}
	if newestFull >= 0 {
		r.keep(newestFull, Newest)
	}
	for _, by := range [][]backup.RestorePath{r.stands, r.safe} {
		newest := -1
		for i := range r.sets {
			if by[i].Sound && (newest < 0 || r.byFinished(newest, i) < 0) {
				newest = i
			}
		}
		for ; newest >= 0; newest = by[newest].On {
			r.keep(newest, Newest)
		}
	}
}

// needed keeps the chains of everything that stays and asks for its own.
func (r *retention) needed() {
	var asking []int
	for i, s := range r.present {
		stays := !r.ours[i] && s != nil && r.sets[i].Origin != backup.ByOthers
		if (stays || len(r.grounds[i]) > 0) && r.stands[i].Sound {
			asking = append(asking, i)
		}
	}
	walked := make([]bool, len(r.sets))
	for _, i := range asking {
		for ; !walked[i] && r.stands[i].On >= 0; i = r.stands[i].On {
			walked[i] = true
			on := r.stands[i].On
			if !slices.Contains(r.grounds[on], Needed) {
				r.needer[on] = i
			}
			r.keep(on, Needed)
		}
	}
}

func (r *retention) pruning() (out Pruning) {
	order := make([]int, 0, len(r.sets))
	for i := range r.sets {
		if r.ours[i] {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, r.byFinished)
	left := slices.Clone(r.present)
	for _, i := range order {
		if len(r.grounds[i]) > 0 {
			k := Kept{Record: r.sets[i], Grounds: r.grounds[i], Why: r.whyKept(i)}
			if slices.Contains(k.Grounds, Needed) {
				k.For = r.sets[r.needer[i]].ID
			}
			out.Keep = append(out.Keep, k)
			continue
		}
		left[i] = nil
		out.Remove = append(out.Remove, Removal{r.sets[i], r.whyRemoved(i)})
		for _, c := range r.sets[i].Copies {
			out.Bytes += c.Size
		}
	}
	if len(out.Remove) > 0 {
		out.Lost = lost(reach(r.present, r.stands), reach(left, backup.RestorePaths(left, r.trust)))
	}
	return out
}

// Latest is the later of two moments.
func Latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
