package migration

import (
	"strings"
	"unicode"

	"github.com/bakplane/bakplane/internal/words"
)

// BadDatabaseName says why a name cannot be used on the target, or nothing.
func BadDatabaseName(name string) words.Text {
	switch low := strings.ToLower(name); {
	case strings.TrimSpace(name) == "":
		return words.Say("The database has no name.")
	case len([]rune(name)) > 124:
		return words.Say("The name is longer than 124 characters, the most a database with a log file may have.")
	case low == "master" || low == "model" || low == "msdb" || low == "tempdb" || low == "rdscore" || low == "distribution":
		return words.Say("%s is a system database.", name)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return words.Say("The name holds a control character.")
		}
	}
	return words.Text{}
}
