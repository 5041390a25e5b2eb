package backup

import (
	"fmt"
	"strings"
	"time"
)

// WriteActivity is what a server's documented views tell about writes to a database at
// one moment. Two of them, one before and one after, show whether anything was
// written between: see Still.
type WriteActivity struct {
	At      time.Time // UTC, by the server's clock
	Started time.Time // of the server's process: its counters began then

	EndLSN  LSN   // of the log; zero = not told (before 2016 SP2)
	LastLog LSN   // where the next log backup begins
	Logged  int64 // bytes of log since the last log backup; -1 = not told

	Updates map[string]int64 // statements that changed rows, by table, since Started; none = absent
	Updated time.Time        // UTC, the last of them; zero = none
	Rows    int64
	Objects int       // tables, procedures and whatever else users made
	Altered time.Time // the newest change of one, by the server's clock

	Uncounted []string // memory-optimised tables: no view counts their changes
	Writers   []Writer // transactions that have written and not ended
}

// Writer is a transaction that has written and is still open.
type Writer struct {
	Session              int // 0 = nobody's, such as one prepared by a coordinator
	Login, Host, Program string
	Began                time.Time // its first log record here, by the server's clock
	Records              int64     // log records
}

// String words a writer as people look for it.
func (w Writer) String() string {
	if w.Session == 0 {
		return "a transaction that no session owns"
	}
	who := fmt.Sprintf("session %d of %s", w.Session, w.Login)
	if w.Host != "" {
		who += " at " + w.Host
	}
	if w.Program != "" {
		who += " (" + w.Program + ")"
	}
	return who
}

// OwnLog is how much log a server may write by itself after a log backup, for
// the backup, checkpoints and cleaning up, without being taken for an
// application. Bytes.
const OwnLog = 256 << 10

// Still says whether nothing was written between two looks, of which the first
// was taken before the log backup that ended at tail. Anything that cannot be
// told counts as written.
func Still(before, now WriteActivity, tail LSN) (still bool, seen string) {
	switch {
	case before.At.IsZero():
		return false, "Nothing was noted before the last log was taken."
	case !before.Started.Equal(now.Started):
		return false, "The server was restarted meanwhile, and its counters began anew."
	case len(now.Uncounted) > 0:
		return false, "Changes of the memory-optimised tables " + strings.Join(now.Uncounted, ", ") + " are counted by no view."
	case len(now.Writers) > 0:
		return false, fmt.Sprintf("A transaction is open that has written: %s, %d log records.", now.Writers[0], now.Writers[0].Records)
	case len(before.Writers) > 0:
		return false, fmt.Sprintf("A transaction was open that had written when the last log was taken: %s.", before.Writers[0])
	}
	if table, n := busiest(before.Updates, now.Updates); table != "" {
		return false, fmt.Sprintf("%d statements changed rows, most of them in %s, the last at %s UTC.", n, table, now.Updated.Format("15:04:05"))
	}
	switch {
	case !before.Updated.Equal(now.Updated):
		return false, fmt.Sprintf("A statement changed rows at %s UTC.", now.Updated.Format("15:04:05"))
	case before.Rows != now.Rows:
		return false, fmt.Sprintf("The tables have %d rows, and had %d.", now.Rows, before.Rows)
	case before.Objects != now.Objects || !before.Altered.Equal(now.Altered):
		return false, "A table or another object was made, changed or dropped."
	case now.LastLog != tail:
		return false, fmt.Sprintf("Somebody else took a log backup: the next one begins at LSN %s and not where ours ended, at %s.", now.LastLog, tail)
	case now.Logged < 0:
		return false, "The server does not tell how much log it has written since the last log backup."
	case now.Logged > OwnLog:
		return false, fmt.Sprintf("The log has grown by %d KB since its last backup, more than the server writes by itself.", now.Logged>>10)
	}
	return true, ""
}

// busiest is the table with the most changes between two counts, and how many
// there were in all.
func busiest(before, now map[string]int64) (table string, all int64) {
	most := int64(0)
	for t, n := range now {
		d := n - before[t]
		if d < 0 {
			d = max(n, 1) // counted anew
		}
		if all += d; d > most || d == most && d > 0 && t < table {
			table, most = t, d
		}
	}
	for t := range before {
		if _, there := now[t]; !there && most == 0 {
			table, most, all = t, 1, all+1
		}
	}
	return table, all
}
