package migration

import (
	"math"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/words"
)

// LiveSource is a source that is at work: the files of the migration are taken from
// it, shipped and applied unattended until a person orders the cutover.
type LiveSource struct {
	ServerID string        // endpoint of the source instance
	Every    time.Duration // from one log backup to the next
	Freeze   Freeze
	Compress bool

	SourceBackups []SourceBackup // backups ordered from the source, oldest first
	History       int64          // msdb's backup_set_id up to which its history was looked through
	HistoryAt     time.Time      // when it was looked at last

	CutoverAsked         time.Time // a person ordered the cutover; zero = not yet
	Predicted            Stop      // what was predicted then; Known is false when it could not be told
	GapDifferentialAsked time.Time // a person ordered a differential over a log that is lost; zero = never
	AbortAsked           time.Time
	AbortWhy             string // a sentence: what the person wrote, and what was in the way

	Frozen    time.Time   // when writes at the source stopped, or were said to have; zero = they have not
	Tail      bakfile.LSN // Last of the tail: what the target must have applied
	GivenBack time.Time   // after an abort: when the source was writable again

	// FreezeStopped only.
	Before backup.WriteActivity // what was known of writes just before the tail
	Proven time.Time            // when it was last shown that nothing was written since; zero = not yet
	Proof  string               // in words
}

// Freeze is how writes at the source are stopped; which ways there are is a
// trait of its kind.
type Freeze = endpoint.Freeze

const (
	FreezeTail     = endpoint.FreezeTail
	FreezeReadOnly = endpoint.FreezeReadOnly
	FreezeStopped  = endpoint.FreezeStopped
)

// SourceBackup is one backup ordered from the source. Its name and file are written
// down before the order: after any death the server's own history tells
// whether it was taken.
type SourceBackup struct {
	ID       string // UUIDv7
	Kind     string // full, differential or log
	Tail     bool   // the last one, after which nothing is written
	Name     string // NAME of the backup set
	Path     string // file as the server sees it
	Key      string // the same file in the bucket through which we see it
	Intended time.Time
	Settled  time.Time
	Verdict  Verdict
	Error    string
	File     int // Ord of the file it became; 0 = none
}

// SourceRules are the limits by which backups are ordered.
type SourceRules struct {
	StripeBytes int64         // bytes of data for each stripe of a full backup, where the target takes several; 0 = always one file
	Reserve     int           // imports of the day kept for the cutover
	Settle      time.Duration // how long an order without an answer may still become a backup
	Fresh       time.Duration // at the cutover, a last log older than this is followed by another before the freeze
}

// SourceAction is the next thing to do at the source.
type SourceAction struct {
	Do           SourceDo
	SourceBackup SourceBackup // for SourceReconcile
	Kind         string
	Until        time.Time // for SourceRest: when the next one is due
	Why          words.Text
}

// SourceDo names what to do at the source.
type SourceDo string

const (
	SourceNothing   SourceDo = ""
	SourceReconcile SourceDo = "reconcile" // find out whether an order without an answer was carried out
	SourceBackUp    SourceDo = "back-up"   // an ordinary backup
	SourceFreeze    SourceDo = "freeze"    // stop writes and take the tail
	SourceProve     SourceDo = "prove"     // show that nothing was written since the tail
	SourceHistory   SourceDo = "history"   // look for backups that others took
	SourceGiveBack  SourceDo = "give-back"
	SourceRest      SourceDo = "rest"
	SourceQueue     SourceDo = "queue" // others of its wave begin first
)

// historyEvery is how often msdb is asked for backups that others took.
const historyEvery = time.Minute

// NextAtSource decides what to do at the source. Like Next it looks at nothing but
// its arguments.
func NextAtSource(m Migration, b Budget, now time.Time, r SourceRules) SourceAction {
	live := m.LiveSource
	if live == nil || m.Stage.Ended() || m.Checked.IsZero() {
		return SourceAction{}
	}
	if m.Problem != nil && live.AbortAsked.IsZero() {
		return SourceAction{} // a person first
	}
	if t, ok := live.unanswered(); ok {
		return SourceAction{Do: SourceReconcile, SourceBackup: t}
	}
	if !live.AbortAsked.IsZero() {
		return live.giveBack(m)
	}
	switch {
	case live.mustProve(m, now):
		return SourceAction{Do: SourceProve}
	case !m.TerminateAsked.IsZero() || live.tailTaken():
		return SourceAction{}
	case !live.Frozen.IsZero():
		// Writes have stopped and the tail is not there: nothing comes before it.
		return SourceAction{Do: SourceFreeze, Kind: "log"}
	}
	last, taken := live.last()
	switch {
	case m.Ahead > 0 && len(live.SourceBackups) == 0:
		// Told at once when its turn comes; looking is for what nobody tells,
		// such as a database before it that was paused.
		return SourceAction{Do: SourceQueue, Until: now.Add(time.Duration(min(m.Ahead, 12)) * 5 * time.Second), Why: words.Say("%s of its wave begin before it.", words.Count(m.Ahead, "database", "databases"))}
	case !taken:
		return SourceAction{Do: SourceBackUp, Kind: "full"}
	case live.coversGap():
		return SourceAction{Do: SourceBackUp, Kind: "differential", Why: words.Say("Covers the log that is lost.")}
	case live.HistoryAt.Before(last.Settled) || live.HistoryAt.Before(live.CutoverAsked) || now.Sub(live.HistoryAt) > historyEvery:
		return SourceAction{Do: SourceHistory}
	case !m.fullApplied():
		// What is written while the full backup travels is covered by one
		// differential afterwards; logs taken now would cost a call each.
		return SourceAction{Do: SourceRest, Until: now.Add(historyEvery), Why: words.Say("The full backup is on its way.")}
	case !live.took("differential") && !live.took("log") && m.allApplied():
		return SourceAction{Do: SourceBackUp, Kind: "differential"}
	case overtakes(m, b, r.Reserve):
		return SourceAction{Do: SourceBackUp, Kind: "differential", Why: overtakeWhy(m, b, r.Reserve)}
	case !m.allApplied():
		return SourceAction{Do: SourceRest, Until: now.Add(historyEvery), Why: words.Say("The target is applying what it has.")}
	case !live.CutoverAsked.IsZero() && b.Left() < 1:
		return SourceAction{Do: SourceRest, Until: b.Frees(), Why: words.Say("The imports a day are used up: writes are stopped when the tail can be imported.")}
	case !live.CutoverAsked.IsZero():
		if now.Sub(last.Settled) > r.Fresh && b.Left() > 1 {
			return SourceAction{Do: SourceBackUp, Kind: "log", Why: words.Say("Shrinks what is left for the tail.")}
		}
		return SourceAction{Do: SourceFreeze, Kind: "log"}
	}
	due := last.Intended.Add(live.Every)
	if b.Left() <= r.Reserve {
		return SourceAction{Do: SourceRest, Until: b.Frees(), Why: words.Say("The imports a day are used up, but those kept for the cutover.")}
	}
	if now.Before(due) {
		return SourceAction{Do: SourceRest, Until: due, Why: words.Say("The next log backup is not due yet.")}
	}
	return SourceAction{Do: SourceBackUp, Kind: "log"}
}

// giveBack makes the source writable again; an order that froze it must be
// undone before the migration is let go.
func (f *LiveSource) giveBack(m Migration) SourceAction {
	if f.GivenBack.IsZero() {
		return SourceAction{Do: SourceGiveBack}
	}
	return SourceAction{}
}

func (f *LiveSource) unanswered() (SourceBackup, bool) {
	for _, t := range f.SourceBackups {
		if t.Verdict == Unknown {
			return t, true
		}
	}
	return SourceBackup{}, false
}

// last is the newest backup that was taken.
func (f *LiveSource) last() (last SourceBackup, ok bool) {
	for _, t := range f.SourceBackups {
		if t.Verdict == Accepted || t.Verdict == Adopted {
			last, ok = t, true
		}
	}
	return last, ok
}

func (f *LiveSource) took(kind string) bool {
	for _, t := range f.SourceBackups {
		if t.Kind == kind && (t.Verdict == Accepted || t.Verdict == Adopted) {
			return true
		}
	}
	return false
}

// tailTaken reports whether the tail exists as a file, and is still the end of
// the log: after an order for one more log the one before counts no more.
func (f *LiveSource) tailTaken() bool {
	t, ok := f.last()
	return ok && t.Tail && !f.Frozen.IsZero()
}

// Freezing reports whether writes are being stopped: the freeze was ordered, and
// no tail of the log is taken yet. Until then the source may still answer some.
// One whose application is said to be stopped is not frozen at all.
func (f *LiveSource) Freezing() bool {
	return !f.Frozen.IsZero() && f.Freeze != FreezeStopped && !slices.ContainsFunc(f.SourceBackups, func(t SourceBackup) bool {
		return t.Tail && (t.Verdict == Accepted || t.Verdict == Adopted)
	})
}

// EverFrozen reports whether a freeze was ordered, whatever became of it.
func (f *LiveSource) EverFrozen() bool {
	return !f.Frozen.IsZero() || slices.ContainsFunc(f.SourceBackups, func(t SourceBackup) bool { return t.Tail })
}

// proofLasts is how long a look that found nothing written may be old when the
// order to open is given.
const proofLasts = 5 * time.Second

// mustProve reports whether only the proof is missing that nothing was written
// since the tail.
func (f *LiveSource) mustProve(m Migration, now time.Time) bool {
	return f.Freeze == FreezeStopped && f.tailTaken() && !f.Tail.IsZero() && m.reaches() == f.Tail && !m.mayBeOpen() && now.Sub(f.Proven) >= proofLasts
}

// OpenOrdered reports whether the order to open was given, or may have been: by
// itself, or with the file that opens the database.
func (m Migration) OpenOrdered() bool {
	for _, c := range m.Calls {
		if c.Verb == VerbOpen && c.Happened() {
			return true
		}
	}
	return m.openedByFile()
}

// mayBeOpen reports whether the target is open, or was told to open.
func (m Migration) mayBeOpen() bool { return !m.Opened.IsZero() || m.OpenOrdered() }

func (m Migration) fullApplied() bool {
	chain := m.Chain()
	return len(chain) > 0 && chain[0].State == FileApplied
}

func (m Migration) allApplied() bool {
	for _, f := range m.Chain() {
		if f.State != FileApplied {
			return false
		}
	}
	return true
}

// Left is how many imports of the database the target still takes.
func (b Budget) Left() int {
	left := math.MaxInt32
	if b.Most.Database > 0 {
		left = min(left, b.Most.Database-b.Database)
	}
	if b.Most.Instance > 0 {
		left = min(left, b.Most.Instance-b.Instance)
	}
	return left
}

// Frees is when the oldest import leaves the 24 hours that count.
func (b Budget) Frees() time.Time {
	if b.Most.Instance == 0 || b.Most.Database > 0 && b.Most.Database-b.Database <= b.Most.Instance-b.Instance {
		return b.DatabaseFrees
	}
	return b.InstanceFrees
}

// Gate is the cutover gate: it says whether the target may be opened, and why
// not. Nothing is opened until the target has provably applied the last LSN of
// the frozen source, and where only a person keeps it still, was shown a moment
// ago to have stayed so.
func Gate(m Migration, now time.Time) (open bool, why string) {
	live := m.LiveSource
	switch {
	case live == nil:
		return true, ""
	case !live.AbortAsked.IsZero():
		return false, "The cutover was aborted."
	case live.Frozen.IsZero():
		return false, "Writes at the source have not been stopped."
	case !live.tailTaken():
		return false, "The tail of the log has not been taken."
	case live.Tail.IsZero() || m.reaches() != live.Tail:
		return false, "The target stands at LSN " + m.AppliedTo().String() + ", the source was frozen at " + live.Tail.String() + "."
	case live.Freeze == FreezeStopped && live.Proven.IsZero():
		return false, "It is not shown yet that nothing was written since the last log."
	case live.Freeze == FreezeStopped && !m.mayBeOpen() && now.Sub(live.Proven) >= proofLasts:
		return false, "That nothing was written since the last log was shown at " + live.Proven.UTC().Format("15:04:05 UTC") + ": it is shown again right before the target is opened."
	}
	return true, ""
}

// ImportsKept are the day's imports that stay for the cutover of a source at
// work: a last log, the tail, and one to spare.
const ImportsKept = 3

// SmallestEvery is the shortest interval that the calls a day for one database
// allow, with the reserve for the cutover kept; a minute where they are not
// counted.
func SmallestEvery(c endpoint.Calls, reserve int) time.Duration {
	if c.Database <= reserve+2 {
		return time.Minute
	}
	return (24 * time.Hour / time.Duration(c.Database-reserve-2)).Round(time.Minute)
}
