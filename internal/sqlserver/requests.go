package sqlserver

import (
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// wording words the statements that a server gets.
type wording struct{}

var _ migration.Requests = wording{}

// Request implements migration.Requests (documentation page "RESTORE
// Statements").
func (wording) Request(m migration.Migration, verb migration.Verb, in migration.RestoreCall) string {
	name := tsql.Shown(m.Database)
	switch verb {
	case migration.VerbRestore:
		text := "RESTORE DATABASE " + name + devicesOf(in)
		if in.Mode == migration.Immediate {
			text += "\nRESTORE DATABASE " + name + " WITH RECOVERY"
		}
		return text
	case migration.VerbImport:
		verb := "LOG"
		for _, f := range m.Files {
			if f.Key == in.Key && f.Kind == "differential" {
				verb = "DATABASE"
			}
		}
		return "RESTORE " + verb + " " + name + devicesOf(in)
	case migration.VerbOpen:
		lines := []string{"RESTORE DATABASE " + name + " WITH RECOVERY"}
		if m.Check == migration.CheckSync {
			lines[0] += ", RESTRICTED_USER"
		}
		if m.Keep.CDC {
			lines[0] += ", KEEP_CDC"
		}
		if migration.Unfreezes(m) {
			lines = append(lines, "ALTER DATABASE "+name+" SET READ_WRITE WITH ROLLBACK IMMEDIATE")
		}
		check := "DBCC CHECKDB (" + tsql.ShownText(m.Database) + ") WITH NO_INFOMSGS, ALL_ERRORMSGS, TABLERESULTS"
		if m.Check == migration.CheckSync {
			lines = append(lines, "ALTER DATABASE "+name+" SET RESTRICTED_USER WITH ROLLBACK IMMEDIATE", check, "ALTER DATABASE "+name+" SET MULTI_USER")
		} else {
			lines = append(lines, "ALTER DATABASE "+name+" SET MULTI_USER", check)
		}
		if m.Keep.Owner != "" {
			lines = append(lines, "ALTER AUTHORIZATION ON DATABASE::"+name+" TO "+tsql.Shown(m.Keep.Owner))
		}
		return strings.Join(lines, "\n")
	default:
		return fmt.Sprintf("DROP DATABASE %s, restored by this migration and never opened", name)
	}
}

// Name implements migration.Requests.
func (wording) Name(verb migration.Verb) string {
	switch verb {
	case migration.VerbRestore:
		return "RESTORE DATABASE"
	case migration.VerbImport:
		return "RESTORE"
	case migration.VerbOpen:
		return "RESTORE … WITH RECOVERY"
	}
	return "DROP DATABASE"
}

// devicesOf is the part of RESTORE behind the name.
func devicesOf(in migration.RestoreCall) string {
	var b strings.Builder
	for i, key := range in.Keys() {
		word := ","
		if i == 0 {
			word = " FROM"
		}
		path := "…/" + key
		if in.Folder != "" {
			path = migration.Place{Folder: in.Folder}.Path(key)
		}
		fmt.Fprintf(&b, "%s DISK = %s", word, tsql.ShownText(path))
	}
	fmt.Fprintf(&b, " WITH FILE = %d, NORECOVERY", max(in.Position, 1))
	if in.Replace {
		b.WriteString(", REPLACE")
	}
	if !in.StopAt.IsZero() {
		b.WriteString(", " + stopOption(in.StopAt))
	}
	for _, m := range in.Moves {
		fmt.Fprintf(&b, ", MOVE %s TO %s", tsql.ShownText(m.Logical), tsql.ShownText(m.To))
	}
	return b.String() + ", STATS = 1"
}
