package migration

import (
	"slices"
	"strings"
	"unicode"

	"github.com/bakplane/bakplane/internal/words"
)

// SystemNames are the names that no target gives to a database that moves, in
// lower case: the system databases and those that services keep for themselves.
var SystemNames = [...]string{"master", "model", "msdb", "tempdb", "distribution", "rdscore"}

// BadDatabaseName says why a name cannot be used on the target, or nothing.
func BadDatabaseName(name string) words.Text {
	switch low := strings.ToLower(name); {
	case strings.TrimSpace(name) == "":
		return words.Say("The database has no name.")
	case len([]rune(name)) > 124:
		return words.Say("The name is longer than 124 characters, the most a database with a log file may have.")
	case slices.Contains(SystemNames[:], low):
		return words.Say("%s is a system database.", name)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return words.Say("The name holds a control character.")
		}
	}
	return words.Text{}
}
