package backup

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// cloudSlack is how far log backups of the service may lie apart and still
// join: their times have seconds, and the documentation does not say whether
// one begins in the second in which the one before ends.
const cloudSlack = 2 * time.Second

// stretch is an unbroken row of the service's log backups.
type stretch struct {
	from, to time.Time
	logs     []*Record
	window   *Window
}

// cloudWindows does what Windows does for sets of the cloud, which have no log
// sequence numbers: logs join by their times. There is no call that tells the
// window (RDS API DescribeLocalAvailableRecoveryTime does not serve SQL Server).
func cloudWindows(records []Record) []Window {
	var starts, logs []*Record
	for i := range records {
		r := &records[i]
		if r.Origin != InCloud || r.State != Complete || !r.Gone.IsZero() || r.Cloud == nil || r.Cloud.Failed {
			continue
		}
		switch {
		case r.Set.Kind == Log:
			logs = append(logs, r)
		case r.Cloud.Usable:
			starts = append(starts, r)
		}
	}
	slices.SortStableFunc(starts, func(a, b *Record) int { return a.Cloud.Finished.Compare(b.Cloud.Finished) })
	slices.SortStableFunc(logs, func(a, b *Record) int {
		return cmp.Or(a.Cloud.Started.Compare(b.Cloud.Started), a.Cloud.Finished.Compare(b.Cloud.Finished))
	})
	rows := stretches(logs)
	var all []*Window
	based := false
	for _, s := range starts {
		at := s.Cloud.Finished
		if s.Set.Kind == Differential && !based {
			continue
		}
		based = based || s.Set.Kind == Full && !s.Cloud.CopyOnly && !s.Cloud.Snapshot
		i, _ := slices.BinarySearchFunc(rows, at, func(r stretch, at time.Time) int { return r.to.Compare(at) })
		if i == len(rows) || rows[i].from.After(at) {
			w := &Window{From: at, To: at, Starts: []*Record{s}}
			if i < len(rows) {
				w.Next = missingTime(at, rows[i].from)
			}
			all = append(all, w)
			continue
		}
		if rows[i].window == nil {
			w := &Window{From: at, To: rows[i].to}
			if i+1 < len(rows) {
				w.Next = missingTime(w.To, rows[i+1].from)
			}
			for _, l := range rows[i].logs {
				if l.Cloud.Finished.After(at) {
					w.Logs = append(w.Logs, l)
				}
			}
			rows[i].window = w
			all = append(all, w)
		}
		rows[i].window.Starts = append(rows[i].window.Starts, s)
	}
	out := make([]Window, len(all))
	for i, w := range all {
		out[i] = *w
	}
	return out
}

func stretches(logs []*Record) (rows []stretch) {
	for _, l := range logs {
		c := l.Cloud
		if n := len(rows); n > 0 && !c.Started.After(rows[n-1].to.Add(cloudSlack)) {
			if c.Finished.After(rows[n-1].to) {
				rows[n-1].to = c.Finished
			}
			rows[n-1].logs = append(rows[n-1].logs, l)
			continue
		}
		rows = append(rows, stretch{from: c.Started, to: c.Finished, logs: []*Record{l}})
	}
	return rows
}

func missingTime(from, to time.Time) *Missing {
	return &Missing{MissingKind: MissingLog,
		Words: fmt.Sprintf("No log backup of the service covers the time from %s to %s.", from.UTC().Format(time.DateTime), to.UTC().Format(time.DateTime+" UTC")),
		Fix:   "The next data backup of the instance begins a new window."}
}
