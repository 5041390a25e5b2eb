package migration

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Keys of the steps of a migration's run.
const (
	StepPreflight = "preflight"
	StepRestore   = "restore"
	StepOpen      = "open"
	StepCheck     = "check"
	StepEnd       = "terminate"
	StepWritable  = "writable" // a freeze that travelled along is undone at the target
)

// StepUpload is the key of a file's upload.
func StepUpload(ord int) string { return fmt.Sprintf("upload/%d", ord) }

// StepImport is the key of an increment's import.
func StepImport(ord int) string { return fmt.Sprintf("import/%d", ord) }

// base is the name of a file without its folders.
func (f File) base() string { return path.Base(f.Source) }

// stepTitle words a step that is known by its key.
func stepTitle(m Migration, key string) words.Text {
	kind, number, _ := strings.Cut(key, "/")
	ord, _ := strconv.Atoi(number)
	var file File
	for _, f := range m.Files {
		if f.Ord == ord || (kind == StepRestore && f.Kind == "full") {
			file = f
		}
	}
	switch kind {
	case "upload":
		return words.Say("Upload %s", file.base())
	case "import":
		return words.Say("Import %s", file.base())
	case StepRestore:
		return words.Say("Restore %s", file.base())
	case StepOpen:
		return words.Say("Open %s", m.Database)
	case StepWritable:
		return words.Say("Set %s READ_WRITE", m.Database)
	case StepCheck:
		return words.Say("DBCC CHECKDB on the target")
	case StepEnd:
		return words.Say("Terminate")
	}
	return words.Say("Preflight")
}

// endStep closes the step of a file that the target has finished with.
func (j *job) endStep(f File, now time.Time) run.Step {
	s := run.Step{Key: stepOf(f), Title: words.Say("Import %s", f.base()), State: run.StepDone, Finished: now, Message: words.Plain(f.Message)}
	if f.Kind == "full" {
		s.Title = words.Say("Restore %s", f.base())
	}
	switch f.State {
	case FileRefused:
		s.State = run.StepFailed
	case FileDropped:
		s.State = run.StepSkipped
	}
	return s
}

func (j *job) checkStep(m Migration, r Reading, now time.Time) run.Step {
	s := run.Step{Key: StepCheck, Title: words.Say("DBCC CHECKDB on the target"), State: run.StepDone, Finished: now, Message: words.Plain(r.Said)}
	switch r.Check {
	case CheckFailed:
		s.State = run.StepFailed
	case CheckUntold:
		s.State, s.Message = run.StepSkipped, r.Text
	}
	if m.Opened.IsZero() {
		s.Started = now // told together with the opening
	}
	return s
}
