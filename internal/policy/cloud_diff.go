package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// zeroDay stands for any day where only the hour in UTC is told.
var zeroDay = time.Time{}

// Change is one field that differs.
type Change struct {
	Field         string // as the Field… words
	Name          string // for people, such as "Kept"
	Before, After string
}

// Words is the change in a sentence's part.
func (c Change) Words() string {
	return fmt.Sprintf("%s: %s → %s", c.Name, c.Before, c.After)
}

// ChangesWords joins changes for a summary.
func ChangesWords(changes []Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Words())
	}
	return strings.Join(out, "; ")
}

// changes collects what differs.
type changes []Change

func (c *changes) add(field, name, before, after string) {
	if before != after {
		*c = append(*c, Change{field, name, before, after})
	}
}

// Diff tells what differs between two standard policies, in the order of the
// form. A priority that is not told on one side is no difference.
func Diff(was, now Standard) []Change {
	var c changes
	c.add(FieldRetention, "Kept", daysWords(was.RetentionDays), daysWords(now.RetentionDays))
	c.add(FieldDays, "Days", WeekWords(was.Days), WeekWords(now.Days))
	c.add(FieldHour, "Hour", HourWords(was.Hour, nil, zeroDay), HourWords(now.Hour, nil, zeroDay))
	c.add(FieldMethod, "Method", was.Method.Words(), now.Method.Words())
	if was.Priority != PriorityNone && now.Priority != PriorityNone {
		c.add(FieldPriority, "Priority", was.Priority.Words(), now.Priority.Words())
	}
	c.add(FieldIncremental, "Incremental", onOff(was.Incremental), onOff(now.Incremental))
	c.add(FieldLog, "Log backups", was.Log.Words(), now.Log.Words())
	c.add(FieldEvery, "Snapshots besides", EveryWords(was.SnapshotMinutes), EveryWords(now.SnapshotMinutes))
	return c
}

// DiffAdvanced tells what differs between two advanced policies. Rules are the
// same when they want the same days for the same time, whatever their ids.
func DiffAdvanced(was, now Advanced) []Change {
	var c changes
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
			c.add(FieldRows, "Rule", r.Words(), "none")
			continue
		}
		c.add(FieldRows, "Rule", r.Words(), come[i].Words())
		come = slices.Delete(come, i, i+1)
	}
	for _, r := range come {
		c.add(FieldRows, "Rule", "none", r.Words())
	}
	c.add(FieldHour, "Hour", HourWords(was.Hour, nil, zeroDay), HourWords(now.Hour, nil, zeroDay))
	c.add(FieldMethod, "Method", was.Method.Words(), now.Method.Words())
	c.add(FieldIncremental, "Incremental", onOff(was.Incremental), onOff(now.Incremental))
	c.add(FieldLog, "Log backups", was.Log.Words(), now.Log.Words())
	c.add(FieldLogKept, "Logs kept", daysWords(was.LogRetentionDays), daysWords(now.LogRetentionDays))
	return c
}
