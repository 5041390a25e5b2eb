package clouds

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

// Known is what is known of an instance's past, for what is foreseen of it.
type Known struct {
	Sets           []backup.CloudSet // those that are kept now; none = sizes are unknown
	LogBytesPerDay int64             // bytes; 0 = unknown
	Databases      int
}

// Foreseen is what a policy will do.
type Foreseen struct {
	Changes []policy.Change
	Call    backup.Call
	Next    []CloudSlot
	RPO     time.Duration // the most that a failure of disks can lose
	RPOWhy  string
	Sets    int // kept at once, at most
	Storage StorageForecast
	Notes   []string // what else will happen
}

// CloudSlot is a coming backup of the service.
type CloudSlot struct {
	At      time.Time   // UTC, when its hour begins; the service starts within the hour
	Kind    backup.Kind // full or differential
	Keep    int         // days; Forever
	Expires time.Time   // UTC; zero = never
	Why     string      // which rule wants it, or why it is of this kind
}

// StorageForecast compares what will be kept with the free part.
type StorageForecast struct {
	Free   int64 // bytes without charge; 0 = unknown
	Full   int64 // bytes of fulls kept at once; 0 = unknown, as below
	Diff   int64
	Log    int64
	Enough bool // the free part and all sizes are known, and it suffices
	Words  string
}

// Foresee tells what a standard policy will do that takes the place of was, for
// so many weeks from now.
func Foresee(instanceID string, was Standing, s Standard, known Known, now time.Time, weeks int) Foreseen {
	f := Foreseen{Changes: Diff(was.Standard, s), Call: StandardCall(instanceID, s, was.Can), Next: Coming(s, known.Sets, now, weeks)}
	f.RPO, f.RPOWhy = WorstRPO(s)
	fulls, diffs := keptAtOnce(s, known.Sets, now)
	f.Sets = fulls + diffs
	f.Storage = storage(was.Can, s, known, fulls, diffs)
	if was.Standard.Hour != s.Hour || !slices.Equal(sortDays(was.Standard.Days), sortDays(s.Days)) {
		f.Notes = append(f.Notes, "A backup may start about two minutes after you change the time, whatever the time is then.")
	}
	if s.Method == Physical {
		f.Notes = append(f.Notes, "Physical backups run at full speed: choose an hour with little load.")
	}
	if OneWay(was.Standard, s) {
		f.Notes = append(f.Notes, "Snapshots cannot be exchanged for physical backups again.")
	}
	if s.Method == Snapshot && was.Standard.Method != Snapshot {
		f.Notes = append(f.Notes, "Snapshots cannot be downloaded, so that they cannot be copied to a bucket of yours.")
	}
	if was.Can.Cluster && s.Priority == SecondaryFirst {
		f.Notes = append(f.Notes, "While the secondary cannot be reached, backups run on the primary.")
	}
	return f
}

// maxWeeks bounds what is drawn.
const maxWeeks = 110

// Coming lists the backups of a standard policy from now on. Kinds are those
// of an automatic backup: full when the last full is older than three days,
// else differential. That rule is documented for automatic backups by hand; for
// scheduled ones it is the likeliest.
func Coming(s Standard, sets []backup.CloudSet, now time.Time, weeks int) (out []CloudSlot) {
	full := lastFull(sets, now)
	for _, at := range hours(s.Days, s.Hour, now, 7*min(max(weeks, 1), maxWeeks)) {
		slot := CloudSlot{At: at, Kind: backup.Full, Keep: s.RetentionDays, Expires: at.AddDate(0, 0, s.RetentionDays)}
		switch {
		case s.Method == Snapshot:
			slot.Why = "Snapshots are always full."
		case !s.Incremental:
			slot.Why = "Incremental is off."
		case !full.IsZero() && at.Sub(full) <= threeDays:
			slot.Kind, slot.Why = backup.Differential, "The full backup before it is at most three days old."
		default:
			slot.Why = "There is no full backup of the last three days."
		}
		if slot.Kind == backup.Full {
			full = at
		}
		out = append(out, slot)
	}
	return out
}

// threeDays is how old a full backup may be for a differential (page "Back up
// data").
const threeDays = 72 * time.Hour

// hours lists the begun hours after now within so many days.
func hours(days []time.Weekday, hour int, now time.Time, span int) (out []time.Time) {
	now = now.UTC()
	for d := range span {
		at := time.Date(now.Year(), now.Month(), now.Day()+d, hour, 0, 0, 0, time.UTC)
		if at.After(now) && slices.Contains(days, at.Weekday()) {
			out = append(out, at)
		}
	}
	return out
}

// lastFull is when the newest full set that a differential can build on was
// finished. A set by hand that names fewer databases than others do is one of
// single databases and none of these.
func lastFull(sets []backup.CloudSet, now time.Time) (at time.Time) {
	most := 0
	for _, s := range sets {
		most = max(most, len(s.Databases))
	}
	for _, s := range sets {
		if s.Manual && len(s.Databases) > 0 && len(s.Databases) < most {
			continue
		}
		if base(s) && !s.Finished.After(now) && s.Finished.After(at) {
			at = s.Finished
		}
	}
	return at
}

func base(s backup.CloudSet) bool {
	return s.Kind == backup.Full && !s.Failed && !s.Snapshot && !s.CopyOnly && s.Usable
}

// WorstRPO is the most that the loss of the disks can cost, and why.
func WorstRPO(s Standard) (time.Duration, string) {
	switch s.Log {
	case LogEvery5:
		return 5 * time.Minute, "Log backups every 5 minutes."
	case LogEvery30:
		return 30 * time.Minute, "Log backups every 30 minutes."
	}
	days := sortDays(s.Days)
	longest := 0
	for i, d := range days {
		next := days[(i+1)%len(days)]
		gap := isoDay(next) - isoDay(d)
		if gap <= 0 {
			gap += 7
		}
		longest = max(longest, gap)
	}
	if longest == 0 {
		return 0, "No days are chosen."
	}
	return time.Duration(longest)*24*time.Hour + time.Hour,
		fmt.Sprintf("Logs are backed up with data, and the longest pause between two backups is %s; a start within its hour adds up to one.", daysWords(longest))
}

// keptAtOnce counts the most sets that are kept at the same time, once the
// policy has run for its retention.
func keptAtOnce(s Standard, sets []backup.CloudSet, now time.Time) (fulls, diffs int) {
	if s.RetentionDays <= 0 || len(s.Days) == 0 {
		return 0, 0
	}
	slots := Coming(s, sets, now, s.RetentionDays/7+3)
	best := 0
	for i := range slots {
		j, f := i, 0
		for ; j < len(slots) && slots[j].At.Sub(slots[i].At) < time.Duration(s.RetentionDays)*24*time.Hour; j++ {
			if slots[j].Kind == backup.Full {
				f++
			}
		}
		if n := j - i; n > best {
			best, fulls, diffs = n, f, n-f
		}
		if slots[i].At.After(now.AddDate(0, 0, 14)) {
			break
		}
	}
	return fulls, diffs
}

// FreeStorage is the part of backup storage without charge, in bytes; 0 when
// it is not known. The page "Back up data" gives half of the instance's
// storage as an example for physical backups, and nothing for snapshots.
func FreeStorage(can Abilities, m Method) int64 {
	if m == Snapshot {
		return 0
	}
	return int64(can.StorageGB) << 30 / 2
}

func storage(can Abilities, s Standard, known Known, fulls, diffs int) (f StorageForecast) {
	f.Free = FreeStorage(can, s.Method)
	full, diff := sizes(known.Sets, s.Method)
	if diff == 0 && full > 0 {
		diff = full // the most that a differential holds
	}
	f.Full, f.Diff, f.Log = int64(fulls)*full, int64(diffs)*diff, known.LogBytesPerDay*int64(s.RetentionDays)
	var words []string
	switch {
	case s.Method == Snapshot:
		words = append(words, "How much storage of snapshots is free of charge, and how they share blocks, is not documented: no estimate is made.")
		f.Full, f.Diff = 0, 0
		return StorageForecast{Words: strings.Join(words, " "), Log: f.Log}
	case full == 0:
		words = append(words, "No set of this method is there yet to tell a size by.")
	case known.LogBytesPerDay == 0:
		words = append(words, "The size of a day's logs is not known yet.")
	}
	f.Enough = full > 0 && known.LogBytesPerDay > 0 && f.Free > 0 && f.Full+f.Diff+f.Log <= f.Free
	switch {
	case f.Enough:
		words = append(words, "By the sizes of the sets that are there, it would fit into the part without charge.")
	case full > 0 && f.Free > 0 && f.Full+f.Diff+f.Log > f.Free:
		words = append(words, "By the sizes of the sets that are there, it would be more than the part without charge: the rest would cost money.")
	}
	if f.Free > 0 {
		words = append(words, "Free of charge is half of the instance's storage, by the example of the documentation.")
	}
	f.Words = strings.Join(words, " ")
	return f
}

// sizes are the mean sizes of whole-instance sets that the policy made.
func sizes(sets []backup.CloudSet, m Method) (full, diff int64) {
	var fulls, diffs int64
	for _, s := range sets {
		if s.Failed || s.Manual || s.Size <= 0 || s.Snapshot != (m == Snapshot) {
			continue
		}
		if s.Kind == backup.Full {
			full, fulls = full+s.Size, fulls+1
		} else {
			diff, diffs = diff+s.Size, diffs+1
		}
	}
	return full / max(fulls, 1), diff / max(diffs, 1)
}

// Year lists the backups that the rules of an advanced policy want, for so many
// days from now. A day that several rules want has one set, kept for the
// longest of their times. Kinds are told as full: how incremental goes with
// sparse rules is not documented.
func Year(a Advanced, now time.Time, days int) (out []CloudSlot) {
	now = now.UTC()
	for d := range min(max(days, 1), 7*maxWeeks) {
		at := time.Date(now.Year(), now.Month(), now.Day()+d, a.Hour, 0, 0, 0, time.UTC)
		if !at.After(now) {
			continue
		}
		var why []string
		kept, hit := 0, false
		for _, r := range a.Rows {
			if !r.Wants(at) {
				continue
			}
			why = append(why, r.Words())
			if !hit || r.RetentionDays == Forever || kept != Forever && r.RetentionDays > kept {
				kept = r.RetentionDays
			}
			hit = true
		}
		if !hit {
			continue
		}
		slot := CloudSlot{At: at, Kind: backup.Full, Keep: kept, Why: strings.Join(why, "; ")}
		if len(why) > 1 {
			slot.Why += "; one set, kept longest"
		}
		if kept != Forever {
			slot.Expires = at.AddDate(0, 0, kept)
		}
		out = append(out, slot)
	}
	return out
}

// Wants reports whether a rule wants a backup on a day, by its date in UTC.
func (s Sparse) Wants(day time.Time) bool {
	for _, d := range s.Days {
		switch {
		case s.Cycle == Weekly && d == isoDay(day.Weekday()),
			s.Cycle == Monthly && (d == day.Day() || d == LastDay && day.AddDate(0, 0, 1).Day() == 1),
			s.Cycle == Yearly && d == int(day.Month())*100+day.Day():
			return true
		}
	}
	return false
}
