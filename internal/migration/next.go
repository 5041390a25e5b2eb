package migration

import (
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/words"
)

// Rules are the times and limits that Next decides by.
type Rules struct {
	Poll   time.Duration // pause between two looks at the target right after something began
	Settle time.Duration // how long a call without an answer may still take effect

	Restores int // files in one instance's hands at once; 0 = no bound
	Reserve  int // imports of the day kept for the cutover of a source at work
}

// Budget is how many changing calls were made in the last 24 hours, and when
// the oldest of them leaves that window.
type Budget struct {
	Most                         endpoint.Calls // that the target takes
	Database, Instance           int
	AtWork                       int // files of other migrations in the instance\'s hands, or on their way there
	DatabaseFrees, InstanceFrees time.Time
}

// Action is the one thing to do next about the target.
type Action struct {
	Do      Do
	File    File       // for Restore, Import and AwaitUpload
	Call    Call       // for Seek, and for Open and Terminate when repeated
	Until   time.Time  // for Wait
	Why     words.Text // for Wait: a sentence
	Problem *Problem   // for Ask
}

// Do names an action.
type Do string

const (
	DoPreflight Do = "preflight"
	DoReconcile Do = "reconcile" // find out whether a call without an answer happened
	DoRestore   Do = "restore"
	DoImport    Do = "import"
	DoOpen      Do = "open"
	DoTerminate Do = "terminate"
	DoLook      Do = "look"   // ask the target how things stand
	DoAwait     Do = "await"  // a file must be in the bucket first
	DoWait      Do = "wait"   // nothing to do before Until
	DoAsk       Do = "ask"    // a person must decide
	DoFollow    Do = "follow" // every known file is applied: more files, or open
	DoFinish    Do = "finish"
)

// Next decides what to do about the target. It looks at nothing but its
// arguments: what is written down, the calls made today, the time.
func Next(m Migration, b Budget, now time.Time, r Rules) Action {
	switch {
	case m.Stage.Ended():
		return Action{Do: DoFinish}
	case unansweredNow(m, now, r).Do != "":
		return unansweredNow(m, now, r)
	case m.LiveSource != nil && !m.LiveSource.AbortAsked.IsZero() && m.LiveSource.GivenBack.IsZero():
		return Action{Do: DoAwait} // the source first: it must be writable again
	case !m.TerminateAsked.IsZero():
		return terminate(m)
	case m.Problem != nil:
		return Action{Do: DoAsk, Problem: m.Problem}
	case m.Checked.IsZero():
		return Action{Do: DoPreflight}
	}
	if m.TaskID == "" {
		return begin(m, b, now, r)
	}
	if wait := Pause(m, now, r); now.Before(m.TargetState.At.Add(wait)) {
		if atWork(m) {
			return Action{Do: DoWait, Until: m.TargetState.At.Add(wait), Why: words.Say("The target is at work.")}
		}
	} else {
		return Action{Do: DoLook}
	}
	return forward(m, b, now, r)
}

// unansweredNow is what to do about a call of which nobody knows whether it
// happened: nothing else is decided before that is known.
func unansweredNow(m Migration, now time.Time, r Rules) Action {
	c, ok := m.Unanswered()
	if !ok {
		return Action{}
	}
	if looked := m.TargetState.At; looked.After(c.Intended) && now.Before(looked.Add(r.Poll)) {
		return Action{Do: DoWait, Until: looked.Add(r.Poll), Call: c, Why: words.Say("The answer to a call was lost; looking whether it took effect.")}
	}
	return Action{Do: DoReconcile, Call: c}
}

func terminate(m Migration) Action {
	for _, c := range m.Calls {
		if c.Verb == VerbTerminate && c.Happened() {
			return Action{Do: DoFinish}
		}
	}
	if m.TaskID == "" || !m.Opened.IsZero() {
		return Action{Do: DoFinish}
	}
	return Action{Do: DoTerminate}
}

// begin leads to the restore of the full backup.
func begin(m Migration, b Budget, now time.Time, r Rules) Action {
	chain := m.Chain()
	if len(chain) == 0 && m.LiveSource != nil {
		return Action{Do: DoAwait}
	}
	if len(chain) == 0 {
		return Action{Do: DoAsk, Problem: &Problem{Code: "empty", Step: "preflight",
			Cause: words.Say("No file is left in the chain."), Fix: words.Say("Add a full backup, or terminate."), Actions: []Button{ButtonAddFiles, ButtonTerminate}}}
	}
	if f, ok := m.awaited(chain[0]); ok {
		return Action{Do: DoAwait, File: f}
	}
	if wait, ok := b.exhausted(now, r); ok {
		return wait
	}
	return Action{Do: DoRestore, File: chain[0]}
}

// forward leads from the restored full backup to the open database.
func forward(m Migration, b Budget, now time.Time, r Rules) Action {
	if !m.Opened.IsZero() {
		return Action{Do: DoFinish}
	}
	if overtakes(m, b, r.Reserve) {
		return Action{Do: DoAwait} // the differential that takes the place of what waits
	}
	for _, f := range m.Chain() {
		if f.State == FileApplied {
			continue
		}
		if f, ok := m.awaited(f); ok {
			return Action{Do: DoAwait, File: f}
		}
		// What stops writes does not queue.
		if m.LiveSource == nil || m.LiveSource.Frozen.IsZero() {
			if wait, ok := b.exhausted(now, r); ok {
				return wait
			}
		}
		if o, held := m.Held(); held && o.Ord == m.SetOf(f)[0].Ord {
			switch open, _ := Gate(m, now); {
			case m.waitsToOpen():
				return Action{Do: DoFollow}
			case m.LiveSource != nil && m.LiveSource.mustProve(m, now):
				return Action{Do: DoAwait}
			case !open:
				return Action{Do: DoFollow}
			}
		}
		if m.kept(b, r) {
			return Action{Do: DoWait, Until: b.Frees(), Why: words.Say("The imports a day are used up, but those kept for the cutover.")}
		}
		return Action{Do: DoImport, File: f}
	}
	if m.LiveSource != nil {
		if m.LiveSource.mustProve(m, now) {
			return Action{Do: DoAwait}
		}
		if open, _ := Gate(m, now); open {
			return Action{Do: DoOpen}
		}
		return Action{Do: DoFollow}
	}
	if m.OpenWhenApplied || !m.OpenAsked.IsZero() {
		return Action{Do: DoOpen}
	}
	return Action{Do: DoFollow}
}

// kept reports whether the imports left today are those kept for the cutover.
func (m Migration) kept(b Budget, r Rules) bool {
	f := m.LiveSource
	return f != nil && m.Traits.Calls.Counted() && f.Frozen.IsZero() && f.spare(b, r.Reserve) <= 0
}

// awaited is the first file of a file's set that is not in the bucket.
func (m Migration) awaited(f File) (File, bool) {
	for _, s := range m.SetOf(f) {
		if !staged(s) {
			return s, true
		}
	}
	return File{}, false
}

func staged(f File) bool {
	return f.State == FileStaged || f.State == FileSent || f.State == FileApplied || f.State == FileRefused
}

// atWork reports whether the target has something to finish for us.
func atWork(m Migration) bool {
	for _, f := range m.Chain() {
		if f.State == FileSent {
			return true
		}
	}
	if !m.Opened.IsZero() {
		return m.CheckResult == CheckUnknown
	}
	return opening(m)
}

// opening reports whether the target was told to open and has not done it. An
// order that a person repeats makes the calls before it count no more.
func opening(m Migration) bool {
	open := false
	for _, c := range m.Calls {
		if c.Verb == VerbOpen {
			open = c.Happened() && !c.Intended.Before(m.OpenAsked)
		}
	}
	return open && m.Opened.IsZero()
}

// Pause is how long to leave the target alone after a look. It grows with the
// time the present work has lasted: a restore of hours is not asked about
// every second.
func Pause(m Migration, now time.Time, r Rules) time.Duration {
	if !atWork(m) {
		return 60 * r.Poll
	}
	last := m.Created
	for _, c := range m.Calls {
		if c.Intended.After(last) {
			last = c.Intended
		}
	}
	return min(max(r.Poll, now.Sub(last)/20), 15*r.Poll)
}

func (b Budget) exhausted(now time.Time, r Rules) (Action, bool) {
	switch {
	case r.Restores > 0 && b.AtWork >= r.Restores:
		return Action{Do: DoWait, Until: now.Add(max(r.Poll, 200*time.Millisecond)),
			Why: words.Say("The instance is at work on %d other files; the next one waits for its turn.", b.AtWork)}, true
	case b.Most.Database > 0 && b.Database >= b.Most.Database:
		return Action{Do: DoWait, Until: b.DatabaseFrees,
			Why: words.Say("The %d imports a day for this database are used up.", b.Most.Database)}, true
	case b.Most.Instance > 0 && b.Instance >= b.Most.Instance:
		return Action{Do: DoWait, Until: b.InstanceFrees,
			Why: words.Say("The %d imports a day for this instance are used up.", b.Most.Instance)}, true
	}
	return Action{}, false
}

// NextUpload is the file to bring into the bucket next. Uploads run ahead of
// the target: while it restores the full backup for hours, the increments are
// already on their way.
func NextUpload(m Migration) (File, bool) {
	if m.Checked.IsZero() || m.Stage.Ended() || !m.TerminateAsked.IsZero() || m.Problem != nil {
		return File{}, false
	}
	for _, f := range m.Chain() {
		if f.State == FilePlanned || f.State == FileUploading {
			return f, true
		}
	}
	return File{}, false
}

// StageOf derives the short answer from what is known.
func StageOf(m Migration) Stage {
	switch {
	case m.Stage.Ended():
		return m.Stage
	case !m.Opened.IsZero():
		if m.CheckResult == CheckUnknown {
			return StageChecking
		}
		return StageOpened
	case m.Checked.IsZero():
		return StagePreflight
	case opening(m):
		return StageOpening
	}
	if m.LiveSource != nil && len(m.Chain()) == 0 {
		return StageBackup
	}
	if m.LiveSource != nil && !m.LiveSource.Frozen.IsZero() {
		return StageCutover
	}
	if m.waitsToOpen() {
		return StageFollowing
	}
	for _, f := range m.Chain() {
		switch {
		case f.State == FileApplied:
		case f.State == FileSent && f.Kind == "full":
			return StageRestoring
		case f.State == FileSent, f.State == FileRefused, f.State == FileStaged:
			return StageImporting
		default:
			return StageUploading
		}
	}
	return StageFollowing
}
