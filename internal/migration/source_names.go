package migration

import (
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/words"
)

// Place is where a server's backups lie: the same folder from both sides.
type Place struct {
	Folder   string // as the server sees it
	BucketID string // as we see it
}

// Path is a file of the place as the server sees it.
func (p Place) Path(key string) string {
	if strings.Contains(p.Folder, `\`) {
		return strings.TrimRight(p.Folder, `\`) + `\` + strings.ReplaceAll(key, "/", `\`)
	}
	return strings.TrimRight(p.Folder, "/") + "/" + key
}

// Key is the file as we see it; false when the path is not inside the place.
func (p Place) Key(serverPath string) (string, bool) {
	flat := func(s string) string { return strings.ReplaceAll(s, `\`, "/") }
	folder := strings.TrimRight(flat(p.Folder), "/") + "/"
	file := flat(serverPath)
	if len(file) <= len(folder) || !strings.EqualFold(file[:len(folder)], folder) || strings.Contains(file, "/../") {
		return "", false
	}
	return file[len(folder):], true
}

// SourceBackupName fixes the names of a backup before it is ordered: the set's NAME by
// which msdb tells of it, and the file.
func SourceBackupName(m Migration, kind string, at time.Time) (name, key string) {
	word := map[string]string{"full": "FULL", "differential": "DIFF", "log": "LOG"}[kind]
	n := 1
	if m.LiveSource != nil {
		n = len(m.LiveSource.SourceBackups) + 1
	}
	safe := SafeName(File{Kind: kind, Started: at, SetGUID: bakfile.GUID{}}, m.SourceDatabase)
	safe = strings.TrimSuffix(safe, "00000000.bak")
	short := m.ID[max(0, len(m.ID)-8):]
	return fmt.Sprintf("bakplane %s %d %s", m.ID, n, word), fmt.Sprintf("%s%s%d.bak", safe, short, n)
}

// sourceBackupStep is the key of a backup's step.
func sourceBackupStep(t SourceBackup) string { return "source-backup/" + t.ID }

func sourceBackupTitle(t SourceBackup) words.Text {
	if t.Tail {
		return words.Say("Freeze and take the tail")
	}
	return words.Say("Take a %s backup", t.Kind)
}
