package clouds

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/policy"
)

// zeroDay stands for any day where only the hour in UTC is told.
var zeroDay = time.Time{}

// Diff tells what differs between two standard policies, in the order of the
// form. A priority that is not told on one side is no difference.
func Diff(was, now Standard) []policy.Change {
	var c policy.Changes
	c.Add(FieldRetention, "Kept", daysWords(was.RetentionDays), daysWords(now.RetentionDays))
	c.Add(FieldDays, "Days", WeekWords(was.Days), WeekWords(now.Days))
	c.Add(FieldHour, "Hour", HourWords(was.Hour, nil, zeroDay), HourWords(now.Hour, nil, zeroDay))
	c.Add(FieldMethod, "Method", was.Method.Words(), now.Method.Words())
	if was.Priority != PriorityNone && now.Priority != PriorityNone {
		c.Add(FieldPriority, "Priority", was.Priority.Words(), now.Priority.Words())
	}
	c.Add(FieldIncremental, "Incremental", policy.OnOff(was.Incremental), policy.OnOff(now.Incremental))
	c.Add(FieldLog, "Log backups", was.Log.Words(), now.Log.Words())
	c.Add(FieldEvery, "More snapshots", EveryWords(was.SnapshotMinutes), EveryWords(now.SnapshotMinutes))
	return c
}

// DiffAdvanced tells what differs between two advanced policies. Rules are the
// same when they want the same days for the same time, whatever their ids.
func DiffAdvanced(was, now Advanced) []policy.Change {
	var c policy.Changes
	gone := func(a, b Advanced) (rows []Sparse) {
		for _, r := range a.Rows {
			if !slices.ContainsFunc(b.Rows, func(o Sparse) bool { return sameRow(r, o) }) {
				rows = append(rows, r)
			}
		}
		return rows
	}
	left, come := gone(was, now), gone(now, was)
	for _, r := range left {
		i := slices.IndexFunc(come, func(o Sparse) bool { return o.ID != "" && o.ID == r.ID })
		if i < 0 {
			c.Add(FieldRows, "Rule", r.Words(), "none")
			continue
		}
		c.Add(FieldRows, "Rule", r.Words(), come[i].Words())
		come = slices.Delete(come, i, i+1)
	}
	for _, r := range come {
		c.Add(FieldRows, "Rule", "none", r.Words())
	}
	c.Add(FieldHour, "Hour", HourWords(was.Hour, nil, zeroDay), HourWords(now.Hour, nil, zeroDay))
	c.Add(FieldMethod, "Method", was.Method.Words(), now.Method.Words())
	c.Add(FieldIncremental, "Incremental", policy.OnOff(was.Incremental), policy.OnOff(now.Incremental))
	c.Add(FieldLog, "Log backups", was.Log.Words(), now.Log.Words())
	c.Add(FieldLogKept, "Logs kept", daysWords(was.LogRetentionDays), daysWords(now.LogRetentionDays))
	return c
}
