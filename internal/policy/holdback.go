package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
)

// OpenRun is a backup run of a policy that has not ended: queued, at work,
// waiting or paused.
type OpenRun struct {
	PolicyID   string
	ServerID   string
	ServerName string // empty = the server is not known any more
	Kind       backup.Kind
	Paused     bool // by a person
}

// HoldBack takes the runs out of a batch whose policy has a run of the same kind
// open at the same server: a server that does not answer would otherwise gather
// a run for every slot. The slot says so. One for which no server is left is
// skipped, not fired: a later one catches up.
func HoldBack(b Batch, open []OpenRun) Batch {
	if len(open) == 0 || len(b.Runs) == 0 {
		return b
	}
	type key struct {
		policy, server string
		kind           backup.Kind
	}
	busy := make(map[key]OpenRun, len(open))
	for _, o := range open {
		k := key{o.PolicyID, o.ServerID, o.Kind}
		if was, ok := busy[k]; !ok || was.Paused {
			busy[k] = o
		}
	}
	held := map[Slot][]OpenRun{}
	left := map[Slot]int{}
	runs := make([]Queued, 0, len(b.Runs))
	for _, q := range b.Runs {
		if o, ok := busy[key{q.Slot.PolicyID, q.Job.ServerID, q.Slot.Kind}]; ok {
			held[q.Slot] = append(held[q.Slot], o)
			continue
		}
		left[q.Slot]++
		runs = append(runs, q)
	}
	if len(held) == 0 {
		return b
	}
	b.Runs, b.Slots = runs, slices.Clone(b.Slots)
	for i := range b.Slots {
		s := &b.Slots[i]
		of := held[s.Slot]
		if len(of) == 0 {
			continue
		}
		why := stillAtWork(s.Kind, of)
		if left[s.Slot] == 0 {
			s.Verdict, s.Late, s.Why = Skipped, false, why
			continue
		}
		s.Why = strings.TrimSpace(s.Why + " " + why)
	}
	return b
}

// stillAtWork says at which servers the run before goes on.
func stillAtWork(kind backup.Kind, of []OpenRun) string {
	const most = 5
	var names []string
	paused := true
	for _, o := range of {
		paused = paused && o.Paused
		if o.ServerName != "" {
			names = append(names, o.ServerName)
		}
	}
	slices.Sort(names)
	at := ""
	if n := len(names); n > most {
		at = fmt.Sprintf(" at %s and %d more", strings.Join(names[:most], ", "), n-most)
	} else if n > 0 {
		at = " at " + strings.Join(names, ", ")
	}
	if paused {
		return fmt.Sprintf("The %s backup before it%s is paused by a person: resume or cancel it.", kind, at)
	}
	return fmt.Sprintf("The one before is still at work%s.", at)
}
