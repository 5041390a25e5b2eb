package sourcescript

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

//go:embed sql/*.sql
var bodies embed.FS

// Script is one file of T-SQL and what to do with it.
type Script struct {
	Name string   // of the file, safe everywhere
	Text string   // lines end with \n
	Next []string // what to do, in order
}

// New writes the script for a request, which is refused in words when it cannot
// be meant (fault.Invalid).
func New(r Request) (Script, error) {
	r.Folder = strings.TrimSpace(r.Folder)
	if err := r.check(); err != nil {
		return Script{}, err
	}
	// Whatever the database is called, the file's name has this form.
	if t := r.Target.Traits; t != nil {
		if why, _ := migration.RefusedKey(t.Keys, "databaseFULL2026010203040501234567.bak"); !why.IsZero() {
			return Script{}, fault.Newf(fault.Invalid, "%s cannot be given the files of the script: %s", r.Target.label(), why)
		}
	}
	var b strings.Builder
	b.WriteString(r.head())
	parts, err := fs.Glob(bodies, "sql/*.sql") // in the order of their names
	if err != nil {
		return Script{}, err
	}
	for _, p := range parts {
		text, err := bodies.ReadFile(p)
		if err != nil {
			return Script{}, err
		}
		b.Write(text)
	}
	return Script{Name: r.fileName(), Text: b.String(), Next: r.next()}, nil
}

// head is the part that differs: what a person may change by hand, and what the
// target takes.
func (r Request) head() string {
	var b strings.Builder
	b.WriteString(`/* Backups of a SQL Server for Bakplane. SQL Server 2008 R2 to 2025.

   Run it at the server in any client, such as SQL Server Management Studio, or
   sqlcmd -S SERVER -E -b -i FILE.sql (with -b its exit code is 1 when not
   everything is as asked for). A sysadmin sees most of what it checks. With
   @run = 0 it only checks. Each backup is one set in one file of its own, with
   checksums. It ends with an error of severity 16 when something failed or was
   left out. */

-- The session's options are put back at the end. No object is made, not even a temporary one.
-- With implicit transactions the first INSERT would open one, and BACKUP be refused.
DECLARE @options int = @@OPTIONS;
SET NOCOUNT ON;
SET XACT_ABORT OFF;
IF @@TRANCOUNT = 0
    SET IMPLICIT_TRANSACTIONS OFF;

-- What may be changed.
`)
	fmt.Fprintf(&b, "DECLARE @kind nvarchar(10) = N'%s'; -- FULL, DIFF or LOG\n", strings.ToUpper(string(r.Kind)))
	fmt.Fprintf(&b, "DECLARE @folder nvarchar(260) = %s; -- as the server sees it; made when missing\n", literal(r.Folder))
	fmt.Fprintf(&b, "DECLARE @run bit = %s; -- 1 = take the backups, 0 = check only\n", bit(r.Run))
	fmt.Fprintf(&b, "DECLARE @compress bit = %s; -- 1 = compress where the edition can\n", bit(r.Compress))
	fmt.Fprintf(&b, "DECLARE @copy_only bit = %s; -- 1 = a FULL backup that leaves the base of others' differentials alone, and is none itself\n", bit(r.CopyOnly))
	b.WriteString("DECLARE @check_days int = 14; -- a DBCC CHECKDB without errors may be so many days old\n")
	b.WriteString("DECLARE @wanted TABLE (n int IDENTITY(1, 1) PRIMARY KEY, name nvarchar(128) NOT NULL); -- none = all user databases\n")
	for _, name := range r.Databases {
		fmt.Fprintf(&b, "INSERT INTO @wanted (name) VALUES (%s);\n", literal(name))
	}
	b.WriteString("\n-- What the target takes.\n")
	t := r.Target.Traits
	fmt.Fprintf(&b, "DECLARE @target nvarchar(200) = %s;\n", literal(clip(r.Target.label())))
	fmt.Fprintf(&b, "DECLARE @target_major int = %d; -- 0 = not known\n", r.Target.Major)
	fmt.Fprintf(&b, "DECLARE @target_version nvarchar(40) = N'%s';\n", r.Target.versionWords())
	fmt.Fprintf(&b, "DECLARE @takes_filestream bit = %s;\n", bit(t == nil || t.Filestream))
	fmt.Fprintf(&b, "DECLARE @takes_encrypted bit = %s;\n", bit(t == nil || t.Certificate != ""))
	max := int64(0)
	if t != nil {
		max = t.MaxFile
	}
	fmt.Fprintf(&b, "DECLARE @max_bytes bigint = %d; -- of one file; 0 = no bound\n", max)
	fmt.Fprintf(&b, "DECLARE @strict_names bit = %s;\n", bit(t != nil))
	fmt.Fprintf(&b, "DECLARE @next nvarchar(1000) = %s;\n", literal("Next: "+r.upload()))
	b.WriteString("DECLARE @reserved TABLE (name nvarchar(128) NOT NULL);\n")
	for _, name := range migration.SystemNames {
		fmt.Fprintf(&b, "INSERT INTO @reserved (name) VALUES (%s);\n", literal(name))
	}
	b.WriteString("\n")
	return b.String()
}

func bit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// fileName is ASCII letters, digits and hyphens: the database's where there is
// one alone.
func (r Request) fileName() string {
	name := "bakplane-" + string(r.Kind)
	if len(r.Databases) == 1 {
		if safe := migration.SafeLetters(r.Databases[0]); safe != "" {
			name += "-" + safe
		}
	}
	return name + ".sql"
}

// File is the script as a file: with the line ends of Windows, and a byte order
// mark in front when it holds more than ASCII, without which clients of Windows
// take it for text of their own code page.
func (s Script) File() []byte {
	text := strings.ReplaceAll(s.Text, "\n", "\r\n")
	for _, r := range text {
		if r > 127 {
			return []byte("\uFEFF" + text)
		}
	}
	return []byte(text)
}
