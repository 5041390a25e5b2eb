package migration

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/words"
)

// Reading is what a look at the target teaches.
type Reading struct {
	Files   []File // whose state changed
	Problem *Problem
	Opened  bool
	Check   CheckResult
	Said    string     // the target's words on the check
	Text    words.Text // one sentence for the list of events; empty when nothing changed
}

// Read compares what the target says with what is written down. It is pure:
// the same sight teaches the same thing again.
func Read(m Migration, s TargetState, now time.Time, r Rules) Reading {
	task := s.Task
	if !m.Opened.IsZero() {
		return readCheck(m, task, now)
	}
	sent, waiting := sentFile(m)
	switch task.Status {
	case TaskSuccess:
		return readOpened(m, task, sent, waiting, now)
	case TaskFailed:
		return readFailed(m, task, sent, waiting)
	case TaskWaiting:
		if waiting {
			return readSent(m, s, sent, now, r)
		}
		if opening(m) {
			return readStillPending(m, task, now, r)
		}
	}
	return Reading{} // NoStart, Running, or a status we do not know: at work
}

func sentFile(m Migration) (File, bool) {
	for _, f := range m.Chain() {
		if f.State == FileSent {
			return f, true
		}
	}
	return File{}, false
}

// readSent looks for the fate of the file in the target's hands while its
// task is Waiting again.
func readSent(m Migration, s TargetState, sent File, now time.Time, r Rules) Reading {
	row, told := newestRow(m, s, sent)
	switch {
	case told && row.Failed():
		return refused(m, sent, toldOf(row, s.Task))
	case told && row.Restored():
		return applied(m, sent, now)
	case told:
		return Reading{} // the task says Waiting before the file's own row is through
	}
	// Some versions do not tell about files (one service leaves its clusters
	// out). Then the task alone speaks, and it gets
	// a moment to take notice of the call.
	call := lastCall(m, sent.Ord)
	if len(s.Files) > 0 && now.After(call.Settled.Add(r.Settle)) {
		f := sent
		return Reading{Files: m.as(f, FileRefused, "accepted, and never seen again", time.Time{}), Text: words.Say("The target accepted %s and shows nothing of it.", path.Base(f.Source)),
			Problem: m.problem("unseen", stepOf(f), f.Ord, s.Task.Description)}
	}
	if len(s.Files) > 0 || now.Before(call.Settled.Add(r.Poll)) {
		return Reading{}
	}
	if code := s.Task.Code; code != "" && code != explain.Unknown && !m.Explain(code).Opened {
		return refused(m, sent, s.Task)
	}
	return applied(m, sent, now)
}

// as gives a state to every file of a file's set.
func (m Migration) as(f File, state FileState, message string, at time.Time) []File {
	set := m.SetOf(f)
	for i := range set {
		set[i].State, set[i].Message = state, message
		if state == FileApplied {
			set[i].Applied = at
		}
	}
	return set
}

func applied(m Migration, f File, now time.Time) Reading {
	return Reading{Files: m.as(f, FileApplied, "", now), Text: words.Say("%s is applied up to LSN %s.", path.Base(f.Source), f.LastLSN)}
}

// toldOf is what the target says of a file: in the file's own row, or else of
// its task.
func toldOf(row TaskFile, t Task) Task {
	if row.Description == "" && row.Code == "" {
		return t
	}
	return Task{Description: row.Description, Code: row.Code}
}

func refused(m Migration, f File, t Task) Reading {
	said := t.Description
	if t.Code == "covered" {
		// Nothing is lost by leaving it out: the target is past it already.
		return Reading{Files: m.as(f, FileDropped, "Already covered: "+said, time.Time{}), Text: words.Say("%s is not needed: the target has applied everything in it.", path.Base(f.Source))}
	}
	return Reading{Files: m.as(f, FileRefused, said, time.Time{}), Problem: m.problem(t.Code, stepOf(f), f.Ord, said).told(m, t.Cause, t.Fix), Text: words.Say("The target refused %s: %s", path.Base(f.Source), said)}
}

// readOpened handles Success: of an immediate restore, of our opening, or of
// one that somebody ordered elsewhere.
func readOpened(m Migration, task Task, sent File, waiting bool, now time.Time) Reading {
	out := Reading{Opened: true, Text: words.Say("The target says the database is open.")}
	if waiting {
		out.Files = applied(m, sent, now).Files
	}
	if m.Mode == Pending && !opening(m) && !m.openedByFile() {
		out.Text = words.Say("The target says the database is open; it was opened from elsewhere.")
	}
	check := readCheck(m, task, now)
	out.Check, out.Said = check.Check, check.Said
	return out
}

// readCheck looks for the result of DBCC CHECKDB. A synchronous check has
// passed when the database is open; an asynchronous one speaks later.
func readCheck(m Migration, task Task, now time.Time) Reading {
	switch {
	case task.Check == CheckFailed:
		return Reading{Check: CheckFailed, Said: task.Description, Text: words.Say("DBCC CHECKDB found errors: %s", task.Description)}
	case task.Check == CheckPassed:
		return Reading{Check: CheckPassed, Said: task.Description, Text: words.Say("DBCC CHECKDB found no errors.")}
	case m.Check == CheckSync && task.Status == TaskSuccess:
		return Reading{Check: CheckPassed, Said: task.Description, Text: words.Say("DBCC CHECKDB ran before the opening.")}
	case !m.Opened.IsZero() && now.Sub(m.Opened) > 24*time.Hour:
		return Reading{Check: CheckUntold, Text: words.Say("The target did not tell the result of the check within a day.")}
	}
	return Reading{}
}

func readFailed(m Migration, task Task, sent File, waiting bool) Reading {
	if waiting {
		return refused(m, sent, task)
	}
	step := "open"
	if !opening(m) {
		step = "import"
	}
	return Reading{Problem: m.problem(task.Code, step, 0, task.Description).told(m, task.Cause, task.Fix), Text: words.Say("The target's task failed: %s", task.Description)}
}

// CodePending is the problem of an order to open that the target does not carry
// out, without a word why.
const CodePending = "pending"

// readStillPending handles Waiting after the order to open: either the target
// has not begun, or it gave up and says why.
func readStillPending(m Migration, task Task, now time.Time, r Rules) Reading {
	var order Call
	for _, c := range m.Calls {
		if c.Verb == VerbOpen && c.Happened() {
			order = c
		}
	}
	if now.Before(order.Settled.Add(r.Settle)) {
		return Reading{}
	}
	code := task.Code
	if code == "" || code == explain.Unknown {
		code = CodePending
	}
	return Reading{Problem: m.problem(code, "open", 0, task.Description).told(m, task.Cause, task.Fix), Text: words.Say("The database is still pending after the order to open it.")}
}

// newestRow is the target's row of the file's newest call. Rows of earlier
// calls with the same name come before it.
func newestRow(m Migration, s TargetState, f File) (TaskFile, bool) {
	calls := 0
	for _, c := range m.Calls {
		if c.File == f.Ord && (c.Verb == VerbImport || c.Verb == VerbRestore) && c.Happened() && (c.TaskID == "" || c.TaskID == m.TaskID) {
			calls++
		}
	}
	sets := slices.ContainsFunc(s.Files, func(r TaskFile) bool { return !r.Set.IsZero() })
	for _, other := range m.Files { // dropped rows of the same object, and other sets of it where rows do not tell which
		if other.Ord != f.Ord && other.Key == f.Key && (!sets || other.SetGUID == f.SetGUID) {
			for _, c := range m.Calls {
				if c.File == other.Ord && (c.Verb == VerbImport || c.Verb == VerbRestore) && c.Happened() && c.TaskID == m.TaskID {
					calls++
				}
			}
		}
	}
	rows := RowsOf(s.Files, f)
	if len(rows) == 0 || len(rows) < calls {
		return TaskFile{}, false
	}
	return rows[len(rows)-1], true
}

// RowsOf picks a task's rows of one file, oldest first. A target that tells
// which set a row is of is believed: copies of a file under other names, and
// other sets of the same file, are told apart by that alone. Else it may show the
// whole key or its last part.
func RowsOf(files []TaskFile, f File) (out []TaskFile) {
	base := f.Key[strings.LastIndexByte(f.Key, '/')+1:]
	for _, r := range files {
		prefix, many := strings.CutSuffix(r.Name, "*") // a set told by what its keys begin with
		if r.Set == f.SetGUID && !r.Set.IsZero() || r.Set.IsZero() && (r.Name == f.Key || r.Name == base || many && strings.HasPrefix(f.Key, prefix)) {
			out = append(out, r)
		}
	}
	return out
}

func lastCall(m Migration, ord int) (last Call) {
	for _, c := range m.Calls {
		if c.File == ord && c.Happened() {
			last = c
		}
	}
	return last
}

func stepOf(f File) string {
	if f.Kind == "full" {
		return "restore"
	}
	return StepImport(f.Ord)
}
