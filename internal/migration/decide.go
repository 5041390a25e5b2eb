package migration

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// Retry decides what "retry from here" changes: refused files are offered
// again, a failed restore gets a new task, and everything applied stays.
func Retry(m Migration) (Decision, error) {
	if m.Stage.Ended() {
		return Decision{}, ended(m)
	}
	d := Decision{Go: true, Open: m.Problem != nil && m.Problem.Step == StepOpen}
	for _, f := range m.Chain() {
		switch {
		case m.Problem != nil && m.Problem.Code == CodeSourceChanged && f.Ord == m.Problem.File:
			f.State, f.Uploaded = FilePlanned, 0
		case f.State == FileRefused && lost(m.Problem):
			// The object is gone from the bucket: bring it there again.
			f.State, f.Uploaded, f.Staged, f.Message = FilePlanned, 0, time.Time{}, ""
		case f.State == FileRefused:
			f.State, f.Message = FileStaged, ""
		default:
			continue
		}
		d.Files = append(d.Files, f)
		if f.Kind == "full" {
			d.DropTask = true
		}
	}
	if m.TargetState.Task.Status == TaskFailed {
		// A failed task takes nothing more; the chain begins again in a new one.
		d.DropTask = true
		d.Files = nil
		for _, f := range m.Chain() {
			if f.State == FileApplied || f.State == FileSent || f.State == FileRefused {
				f.State, f.Applied, f.Message = FileStaged, time.Time{}, ""
				d.Files = append(d.Files, f)
			}
		}
	}
	return d, nil
}

func lost(p *Problem) bool { return p != nil && p.Code == "file-gone" }

// Open decides what "open" changes, and refuses it where it would lie or lose.
func Open(m Migration, check CheckMode) (Decision, error) {
	switch {
	case m.Stage.Ended() || !m.Opened.IsZero():
		return Decision{}, ended(m)
	case m.TaskID == "":
		return Decision{}, fault.New(fault.Conflict, "There is nothing to open yet: the target has no restore task.", "Wait until the full backup is applied.")
	case m.LiveSource != nil:
		return Decision{}, fault.New(fault.Conflict, "This migration follows a server at work: it is opened by the cutover, once the source is frozen.", "Order the cutover.")
	case check != "" && check != CheckAsync && check != CheckSync:
		return Decision{}, fault.Newf(fault.Invalid, "%q is not a way to check.", check).WithFix("Choose async or sync.")
	}
	d := Decision{Open: true, Check: check, Go: true}
	last, held := m.Held()
	for _, f := range m.Chain() {
		switch {
		case f.State == FileApplied:
		case f.State == FileRefused:
			// Opening gives up what was refused; the page says so before.
			f.State = FileDropped
			d.Files = append(d.Files, f)
		case held && m.SetOf(f)[0].Ord == last.Ord:
		default:
			return Decision{}, fault.Newf(fault.Conflict, "%s is not applied yet.", f.Key).WithFix("Wait for it. A database that is open takes no more increments.")
		}
	}
	return d, nil
}

// Terminate decides what "terminate" changes. The name is typed by a person
// and must be the database's.
func Terminate(m Migration, typed string) (Decision, error) {
	if m.Stage.Ended() || !m.Opened.IsZero() {
		return Decision{}, ended(m)
	}
	if typed != m.Database {
		return Decision{}, fault.Newf(fault.Invalid, "The name typed is not %s.", m.Database).WithFix("Type the name of the database on the target to terminate its migration.")
	}
	if m.LiveSource != nil {
		return Abort(m)
	}
	return Decision{Terminate: true, Go: true}, nil
}

// Cutover decides what the order to cut over changes.
func Cutover(m Migration) (Decision, error) {
	switch {
	case m.LiveSource == nil:
		return Decision{}, fault.New(fault.Conflict, "This migration is made of given files: there is no source to freeze.", "Stop writes by hand, add the last log, then open.")
	case m.Stage.Ended() || !m.Opened.IsZero():
		return Decision{}, ended(m)
	case !m.LiveSource.AbortAsked.IsZero():
		return Decision{}, fault.New(fault.Conflict, "This migration was aborted.", "Start a new one.")
	case !m.LiveSource.CutoverAsked.IsZero():
		return Decision{}, fault.New(fault.Conflict, "The cutover was ordered already.", "")
	case !m.fullApplied():
		return Decision{}, fault.New(fault.Conflict, "The target has not applied the full backup yet.", "Order the cutover when it follows.")
	}
	return Decision{Cutover: true, Go: true}, nil
}

// Abort decides what giving up before the target is open changes: the source
// becomes writable again, then the target's task is ended. Once the order to
// open was given, or may have been, it is too late: both sides could be
// writable then.
func Abort(m Migration) (Decision, error) {
	if m.LiveSource == nil || m.Stage.Ended() || !m.Opened.IsZero() {
		return Decision{}, ended(m)
	}
	if m.OpenOrdered() {
		return Decision{}, fault.New(fault.Conflict, "The order to open the target was given: it is too late to go back.", "Wait until the target says whether it is open.")
	}
	return Decision{Abort: true, Terminate: true, Go: true}, nil
}

// OneMore decides what taking one more log changes after something was written
// behind the last one: the cutover goes on with what was written, and takes
// its end of the log anew.
func OneMore(m Migration) (Decision, error) {
	switch {
	case m.LiveSource == nil || m.LiveSource.Freeze != FreezeStopped || m.LiveSource.CutoverAsked.IsZero():
		return Decision{}, fault.New(fault.Conflict, "There is no cutover that waits for one more log.", "")
	case m.Stage.Ended() || !m.Opened.IsZero():
		return Decision{}, ended(m)
	case !m.LiveSource.AbortAsked.IsZero():
		return Decision{}, fault.New(fault.Conflict, "This migration was aborted.", "Start a new one.")
	case m.OpenOrdered():
		return Decision{}, fault.New(fault.Conflict, "The order to open the target was given.", "Wait until the target says whether it is open.")
	}
	return Decision{OneMore: true, Go: true}, nil
}

// GapDifferential decides what taking a differential over a lost log changes. It is
// offered with the problem that it heals, and with nothing else. Logs that the
// target refused, or would, are covered by it.
func GapDifferential(m Migration) (Decision, error) {
	switch {
	case m.LiveSource == nil || m.Problem == nil || !slices.Contains(m.Problem.Actions, ButtonGapDifferential):
		return Decision{}, fault.New(fault.Conflict, "There is no gap that a differential backup would bridge now.", "See what the migration waits for.")
	case m.Stage.Ended() || !m.Opened.IsZero():
		return Decision{}, ended(m)
	case !m.LiveSource.AbortAsked.IsZero():
		return Decision{}, fault.New(fault.Conflict, "This migration was aborted.", "Start a new one.")
	case !m.LiveSource.Frozen.IsZero():
		return Decision{}, fault.New(fault.Conflict, "Writes are stopped: no differential is taken of a frozen source.", "Abort gives it back; then start again.")
	}
	d := Decision{GapDifferential: true, Go: true}
	if m.Problem.File == 0 {
		return d, nil
	}
	for _, f := range m.Chain() {
		if f.Kind != "full" && (f.State == FileRefused || f.State == FileStaged || f.State == FileUploading || f.State == FilePlanned) {
			f.State, f.Message = FileDropped, "Covered by a differential backup."
			d.Files = append(d.Files, f)
		}
	}
	return d, nil
}

func ended(m Migration) error {
	return fault.Newf(fault.Conflict, "The migration of %s has ended (%s).", m.Database, m.Stage).WithFix("Start a new one.")
}

// Extend decides what adding files changes. The new order is that of a plan
// made from what is applied and everything else that is known; files that are
// in it already keep their row, what it leaves out is dropped.
func Extend(m Migration, ordered []File) (Decision, error) {
	if m.Stage.Ended() || !m.Opened.IsZero() {
		return Decision{}, ended(m)
	}
	if m.Mode == Immediate {
		return Decision{}, fault.New(fault.Conflict, "This migration opens after the full backup: it takes no increments.", "Start a new one with access pending.")
	}
	next := 1
	for _, f := range m.Files {
		next = max(next, f.Ord+1)
	}
	d := Decision{Go: true}
	var tail []File // rows not yet applied that must come after the new ones
	for _, f := range m.Chain() {
		switch {
		case f.State == FileApplied, inHand(m, f):
		default:
			f.State, f.Message = FileDropped, "Replaced by a new order."
			tail = append(tail, f)
		}
	}
	added := 0
	for _, f := range ordered {
		if have(m, f) {
			continue
		}
		if old, ok := row(tail, f); ok {
			f.Key, f.Uploaded, f.Staged = old.Key, old.Uploaded, old.Staged
			f.Source = old.Source
			f.State = FilePlanned
			if !old.Staged.IsZero() {
				f.State = FileStaged
			}
		} else {
			f.State = FilePlanned
			added++
		}
		f.Ord = next
		next++
		d.Files = append(d.Files, f)
	}
	if added == 0 {
		return Decision{}, fault.New(fault.Invalid, "None of these files brings the database further.", "See beside each file why it is left out.")
	}
	d.Files = append(tail, d.Files...)
	if len(d.Files) > 10_000 {
		return Decision{}, fault.Newf(fault.Invalid, "%d files are too many for one migration.", len(d.Files)).
			WithFix("Take a differential backup: it replaces the logs before it.")
	}
	return d, nil
}

// inHand reports whether the target has the file, or may have: its call has no
// answer yet.
func inHand(m Migration, f File) bool {
	c, open := m.Unanswered()
	return f.State == FileSent || (open && m.SetOf(f)[0].Ord == c.File)
}

func have(m Migration, f File) bool {
	for _, o := range m.Chain() {
		if o.SetGUID == f.SetGUID && (o.State == FileApplied || inHand(m, o)) {
			return true
		}
	}
	return false
}

func row(files []File, f File) (File, bool) {
	var same []File
	for _, o := range files {
		if o.SetGUID == f.SetGUID {
			same = append(same, o)
		}
	}
	for _, o := range same { // a stripe among others is known by its name
		if len(same) == 1 || o.Source == f.Source {
			return o, true
		}
	}
	return File{}, false
}
