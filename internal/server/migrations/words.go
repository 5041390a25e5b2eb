package migrations

import (
	"path"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates/kit"
)

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
func fileBadge(m migration.Migration, f migration.File) kit.Badge {
	switch f.State {
	case migration.FilePlanned:
		return kit.Badge{Text: "to do"}
	case migration.FileUploading:
		return kit.Badge{Text: "uploading", Tone: kit.ToneRun}
	case migration.FileStaged:
		return kit.Badge{Text: "in the " + stagingWord(m), Tone: kit.ToneRun}
	case migration.FileSent:
		if f.Kind == string(backup.Full) {
			return kit.Badge{Text: "restoring", Tone: kit.ToneRun}
		}
		return kit.Badge{Text: "importing", Tone: kit.ToneRun}
	case migration.FileApplied:
		return kit.Badge{Text: "applied", Tone: kit.ToneOK}
	case migration.FileRefused:
		return kit.Badge{Text: "refused", Tone: kit.ToneBad}
	}
	return kit.Badge{Text: "left out"}
}

// verdictBadge words what became of a call.
func verdictBadge(c migration.Call) kit.Badge {
	switch c.Verdict {
	case migration.Accepted:
		return kit.Badge{Text: "accepted", Tone: kit.ToneOK}
	case migration.Adopted:
		return kit.Badge{Text: "took effect, answer was lost", Tone: kit.ToneOK}
	case migration.Refused:
		return kit.Badge{Text: "refused", Tone: kit.ToneBad}
	case migration.Void:
		return kit.Badge{Text: "never arrived", Tone: kit.ToneWarn}
	}
	return kit.Badge{Text: "no answer yet", Tone: kit.ToneRun}
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
