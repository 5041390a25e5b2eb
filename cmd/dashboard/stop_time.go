package main

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// stopTime reads a moment. Without a zone it is meant on the clock of the
// source server, as in RESTORE … WITH STOPAT: the distance from UTC is that of
// the last set which began before it. Where a set does not tell that distance,
// all are compared on their clocks (onClock), and a moment with a zone cannot
// be: it would be off by hours, and nothing would show it. The other way round,
// a moment without a zone cannot be placed among sets that tell UTC alone.
func stopTime(text string, sets []backup.Set) (at time.Time, onClock bool, err error) {
	silent := withoutZone(sets)
	adrift := whichTells(sets, func(m backup.Moment) bool { return m.Adrift })
	normal := strings.Replace(strings.TrimSpace(text), " ", "T", 1)
	if t, err := time.Parse(time.RFC3339, normal); err == nil {
		if silent != nil {
			return at, false, fault.Newf(fault.Invalid, "The time %s has a zone, and the backups do not tell theirs: the backup of %s that began at %s does not say how far its server's clock is from UTC.",
				text, silent.Database, silent.Started.Local.Format(time.DateTime)).
				WithFix("Write the time without a zone, as the clock of the source server showed it, or add the column TimeZone (quarter hours from UTC) to the rows.")
		}
		return t.UTC(), false, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		local, err := time.Parse(layout, normal)
		if err != nil {
			continue
		}
		if adrift != nil {
			return at, false, fault.Newf(fault.Invalid, "The time %s has no zone, and the backup of %s that began at %s UTC does not say what its server's clock showed then.",
				text, adrift.Database, adrift.Started.Time().Format(time.DateTime)).
				WithFix("Write the time with a zone, such as 2026-11-20T01:00:00Z, or add the column TimeZone (quarter hours from UTC) to the rows.")
		}
		if silent != nil {
			for i := range sets {
				sets[i].Started.UTC, sets[i].Finished.UTC, sets[i].ValidUntil.UTC = nil, nil, nil
			}
			return local, true, nil
		}
		return onUTC(local, sets), false, nil
	}
	return at, false, fault.Newf(fault.Invalid, "%q is not a time.", text).WithFix("Write it as 2026-11-20T01:00:00Z, or 2026-11-20 01:00:00 on the clock of the source server.")
}

// withoutZone is a set that tells a time and no distance from UTC.
func withoutZone(sets []backup.Set) *backup.Set {
	return whichTells(sets, func(m backup.Moment) bool { return !m.IsZero() && m.UTC == nil })
}

// whichTells is the first set with such a moment; nil = none.
func whichTells(sets []backup.Set, such func(backup.Moment) bool) *backup.Set {
	for i := range sets {
		for _, m := range []backup.Moment{sets[i].Started, sets[i].Finished, sets[i].ValidUntil} {
			if such(m) {
				return &sets[i]
			}
		}
	}
	return nil
}

func onUTC(local time.Time, sets []backup.Set) time.Time {
	var nearest *backup.Moment
	for i := range sets {
		m := &sets[i].Started
		if m.UTC == nil {
			continue
		}
		if nearest == nil || before(*m, local) && (!before(*nearest, local) || m.Local.After(nearest.Local)) {
			nearest = m
		}
	}
	if nearest == nil {
		return local
	}
	return local.Add(nearest.UTC.Sub(nearest.Local))
}

func before(m backup.Moment, local time.Time) bool { return !m.Local.After(local) }
