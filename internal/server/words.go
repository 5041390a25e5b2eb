package server

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates"
)

// stateBadge words the state of a run.
func stateBadge(s run.State) templates.Badge {
	switch s {
	case run.Running:
		return templates.Badge{Text: "running", Tone: templates.ToneRun}
	case run.Queued:
		return templates.Badge{Text: "queued", Tone: templates.ToneRun}
	case run.Waiting:
		return templates.Badge{Text: "waiting", Tone: templates.ToneIdle}
	case run.Paused:
		return templates.Badge{Text: "paused", Tone: templates.ToneWarn}
	case run.Failed:
		return templates.Badge{Text: "stopped", Tone: templates.ToneBad}
	case run.Succeeded:
		return templates.Badge{Text: "done", Tone: templates.ToneOK}
	}
	return templates.Badge{Text: string(s)}
}

// stageBadge is the short answer to "where is it", with what stands in the way.
func stageBadge(stage migration.Stage, state run.State) templates.Badge {
	switch {
	case stage == migration.StageOpened:
		return templates.Badge{Text: "open", Tone: templates.ToneOK}
	case stage == migration.StageTerminated:
		return templates.Badge{Text: "terminated"}
	case state == run.Failed:
		return templates.Badge{Text: "needs you", Tone: templates.ToneBad}
	case state == run.Paused:
		return templates.Badge{Text: "paused", Tone: templates.ToneWarn}
	case state == run.Canceled:
		return templates.Badge{Text: "canceled"}
	}
	words := map[migration.Stage]string{
		migration.StagePreflight: "checking", migration.StageUploading: "uploading", migration.StageRestoring: "restoring",
		migration.StageImporting: "importing", migration.StageFollowing: "waiting for increments", migration.StageOpening: "opening",
		migration.StageChecking: "open, DBCC running", migration.StageBackup: "backing up", migration.StageCutover: "cutting over",
	}
	tone := templates.ToneRun
	if stage == migration.StageFollowing || stage == migration.StageCutover {
		tone = templates.ToneWarn
	}
	if words[stage] == "" {
		words[stage] = string(stage)
	}
	return templates.Badge{Text: words[stage], Tone: tone}
}

// summaryBadge is the same for a row of a list.
func summaryBadge(m migration.Summary) templates.Badge {
	return followBadge(stageBadge(m.Stage, m.RunState), m.ServerID != "", m.Stage, m.RunState)
}

// followBadge words the rest between two log backups: a migration that follows
// a source waits for nobody.
func followBadge(b templates.Badge, live bool, stage migration.Stage, state run.State) templates.Badge {
	if live && stage == migration.StageFollowing && !state.NeedsPerson() && !state.Ended() {
		return templates.Badge{Text: "following", Tone: templates.ToneRun}
	}
	return b
}

// problemWords names a problem in two or three words.
func problemWords(code string) string {
	kind, rest, _ := strings.Cut(code, "/")
	if kind == "preflight" {
		return "preflight: " + rest
	}
	known := map[string]string{
		"device": "backup file out of reach", "read": "backup file broke off", "other-database": "another database", "version": "newer version", "system": "system database", "damaged": "damaged backup",
		"too-large": "too large", "file-clash": "places are taken", "folder": "folder is missing", "not-restoring": "database is not restoring", "interrupted": "interrupted restore", "interrupted-restore": "half-made database",
		"more-log": "more log needed", "certificate": "certificate is missing", "rights": "rights are missing", "in-use": "database in use", "restoring": "database restoring", "group": "availability group",
		"ended": "statement was ended", "read-only": "database is read-only", "restricted": "open to administrators alone", "gone": "database is gone", "connection": "connection was lost",
		"gap": "a log is missing", "covered": "log already applied", "name-exists": "name is taken", "space": "no space", "wrong-base": "wrong base",
		"fork": "another fork", "full-again": "full backup again", "diff-first": "no full backup", "log-first": "no full backup", "unreadable": "unreadable backup",
		"edition": "edition", "too-many": "too many databases", "daily-limit": "daily limit", "locked": "instance locked", "not-running": "instance not running",
		"bucket-gone": "bucket is gone", "file-gone": "file is gone", "denied": "access denied", "source-changed": "file changed", "upload": "upload stopped",
		"check": "DBCC found errors", "no-account": "no account", "name": "file name", "stripe": "striped backup", "under-way": "other task", "backup": "backup refused", "foreign-log": "somebody else took a log backup", migration.CodeLogLost: "a log is lost", migration.CodeChainBroken: "the log chain is broken", migration.CodeSimple: "recovery model is SIMPLE",
		migration.CodeGone: "the source is gone", migration.CodeRestoring: "the source is restoring", migration.CodeNotOnline: "the source is not online", migration.CodeAccess: "the source refuses access", "source": "source server", "not-stopped": "the application is still at work", "written": "something was written after the last log", "unknown": "refused", "empty": "no files",
	}
	if w := known[code]; w != "" {
		return w
	}
	return strings.ReplaceAll(code, "-", " ")
}

// kindTag colours a kind of backup; it takes the words of backup sets and of
// the cloud.
func kindTag(kind string) templates.Kind {
	switch strings.ToLower(kind) {
	case string(backup.Full), "database":
		return templates.KindFull
	case string(backup.Differential), "diff", "differential_database":
		return templates.KindDiff
	case string(backup.Log), "transaction_log":
		return templates.KindLog
	case "":
		return templates.Kind{Text: "—", Class: "none"}
	}
	return templates.Kind{Text: strings.ToUpper(kind), Class: "none"}
}

// stagingWord is what the place is made of that the target reads.
func stagingWord(m migration.Migration) string {
	if m.Traits.OwnFolder() {
		return "folder"
	}
	return "bucket"
}

// targetWord is who does what the target is told to do.
func targetWord(m migration.Migration) string {
	if m.Traits.OwnFolder() {
		return "target"
	}
	return "cloud"
}

// endWord names the end of a restore that is given up.
func endWord(m migration.Migration) string {
	if m.Traits.OwnFolder() {
		return "Drop the half-restored database"
	}
	return "Terminate the task"
}

// fileBadge words the state of a file of a migration.
func fileBadge(m migration.Migration, f migration.File) templates.Badge {
	switch f.State {
	case migration.FilePlanned:
		return templates.Badge{Text: "to do"}
	case migration.FileUploading:
		return templates.Badge{Text: "uploading", Tone: templates.ToneRun}
	case migration.FileStaged:
		return templates.Badge{Text: "in the " + stagingWord(m), Tone: templates.ToneRun}
	case migration.FileSent:
		if f.Kind == string(backup.Full) {
			return templates.Badge{Text: "restoring", Tone: templates.ToneRun}
		}
		return templates.Badge{Text: "importing", Tone: templates.ToneRun}
	case migration.FileApplied:
		return templates.Badge{Text: "applied", Tone: templates.ToneOK}
	case migration.FileRefused:
		return templates.Badge{Text: "refused", Tone: templates.ToneBad}
	}
	return templates.Badge{Text: "left out"}
}

// verdictBadge words what became of a call.
func verdictBadge(c migration.Call) templates.Badge {
	switch c.Verdict {
	case migration.Accepted:
		return templates.Badge{Text: "accepted", Tone: templates.ToneOK}
	case migration.Adopted:
		return templates.Badge{Text: "took effect, answer was lost", Tone: templates.ToneOK}
	case migration.Refused:
		return templates.Badge{Text: "refused", Tone: templates.ToneBad}
	case migration.Void:
		return templates.Badge{Text: "never arrived", Tone: templates.ToneWarn}
	}
	return templates.Badge{Text: "no answer yet", Tone: templates.ToneRun}
}

func callTitle(m migration.Migration, v migration.Verb, f migration.File) string {
	switch v {
	case migration.VerbRestore:
		return "Restore " + path.Base(f.Key)
	case migration.VerbImport:
		return "Import " + path.Base(f.Key)
	case migration.VerbOpen:
		return "Open the database"
	}
	return endWord(m)
}

func levelTone(l run.Level) templates.Tone {
	switch l {
	case run.Warning:
		return templates.ToneWarn
	case run.Problem:
		return templates.ToneBad
	}
	return templates.ToneIdle
}

func stepState(s run.StepState) string {
	switch s {
	case run.StepActive:
		return "now"
	case run.StepDone, run.StepFailed, run.StepSkipped:
		return string(s)
	}
	return "todo"
}

func took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return templates.Span(to.Sub(from))
}

func events(z templates.Zone, es []run.Event) (out []templates.Event) {
	for _, e := range es {
		out = append(out, templates.Event{ID: e.ID, Text: e.Text, Tone: levelTone(e.Level), When: z.Clock(e.At)})
	}
	return out
}

// stepProgress draws a step that is under way and counts something.
func stepProgress(s run.Step) *templates.Progress {
	if s.State != run.StepActive {
		return nil
	}
	if s.Unit == "bytes" {
		return templates.Transfer(s.Title, s.Done, s.Total, s.Rate)
	}
	p := &templates.Progress{Label: s.Title, Value: s.Done, Max: s.Total}
	if strings.HasPrefix(s.Key, "source-backup/") { // a server counts a backup in percent
		p.Words = fmt.Sprintf("%d %%", s.Done)
		return p
	}
	if s.Total > 0 {
		p.Words = fmt.Sprintf("%d of %d", s.Done, s.Total)
	}
	return p
}

// oneLine keeps a list row from growing with somebody else's text.
func oneLine(text string, n int) string {
	return clip(strings.Join(strings.Fields(text), " "), n)
}
