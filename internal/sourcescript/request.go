package sourcescript

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Limits of a request.
const (
	MaxDatabases = 200
	MaxList      = 8000 // characters of a list of names
	MaxFolder    = 160  // UTF-16 units: the longest file name behind it has 90, a device 259
)

// Kind is what is taken.
type Kind string

const (
	Full Kind = "full"
	Diff Kind = "diff"
	Log  Kind = "log"
)

// Kinds are all of them, the usual one first.
func Kinds() []Kind { return []Kind{Full, Diff, Log} }

// ParseKind reads a kind in any case.
func ParseKind(text string) (Kind, error) {
	k := Kind(strings.ToLower(strings.TrimSpace(text)))
	if !slices.Contains(Kinds(), k) {
		return "", fault.Newf(fault.Invalid, "%q is not a kind of backup.", clip(text)).WithFix("Choose full, diff or log.")
	}
	return k, nil
}

// Request is what the script shall do.
type Request struct {
	Databases []string // none = all user databases of the server
	Kind      Kind
	Folder    string // as the server sees it; made when missing
	Run       bool   // take the backups; else check only
	Compress  bool   // where the edition has it
	CopyOnly  bool   // a full backup that is no base of differentials
	Target    Target
}

// Target is where the backups are to be restored; the zero value is nowhere in
// particular, and nothing is refused on its behalf.
type Target struct {
	Label  string
	Traits *endpoint.Traits // what it takes; nil = not known
	Major  int              // of its version, 0 = not known
}

// check refuses what no server would take, in words for whoever asked.
func (r Request) check() error {
	if len(r.Databases) > MaxDatabases {
		return fault.Newf(fault.Invalid, "%d databases are named, and a script takes at most %d.", len(r.Databases), MaxDatabases).WithFix("Name none to take all of the server, or make several scripts.")
	}
	for _, name := range r.Databases {
		if err := checkName(name); err != nil {
			return err
		}
	}
	if !slices.Contains(Kinds(), r.Kind) {
		return fault.Newf(fault.Invalid, "%q is not a kind of backup.", clip(string(r.Kind))).WithFix("Choose full, diff or log.")
	}
	if r.CopyOnly && r.Kind != Full {
		return fault.New(fault.Invalid, "Only a full backup can be copy-only here.", "Leave copy-only out: a differential ignores it, and a copy-only log leaves a chain that only the others' logs continue.")
	}
	if r.Target.Major != 0 && (r.Target.Major < oldestMajor || r.Target.Major > bakfile.NewestMajor) {
		return fault.Newf(fault.Invalid, "%d is not the major version of a SQL Server.", r.Target.Major).WithFix("Give %d (%s) to %d (%s), or 0 when it is not known.", oldestMajor, version(oldestMajor), bakfile.NewestMajor, version(bakfile.NewestMajor))
	}
	if t := r.Target.Traits; t != nil && t.Task == "" {
		return fault.Newf(fault.Invalid, "%s takes no databases.", r.Target.Label).WithFix("Choose another target.")
	}
	if t := r.Target.Traits; t != nil && !t.Increments && r.Kind != Full {
		return fault.Newf(fault.Invalid, "%s takes full backups alone.", r.Target.Label).WithFix("Choose a full backup.")
	}
	return checkFolder(r.Folder)
}

func checkName(name string) error {
	if _, err := tsql.Name(name); err != nil {
		return err
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return fault.Newf(fault.Invalid, "The name %q holds a control character.", clip(name)).WithFix("Name no databases: the script then takes all of the server, whatever their names hold.")
	}
	if slices.Contains([]string{"master", "model", "msdb", "tempdb"}, strings.ToLower(strings.TrimSpace(name))) {
		return fault.Newf(fault.Invalid, "%s is a system database.", name).WithFix("System databases do not move to another server. Leave it out.")
	}
	return nil
}

// checkFolder takes whole paths of Windows, of shares and of Linux.
func checkFolder(folder string) error {
	bad := func(format string, args ...any) error {
		return fault.Newf(fault.Invalid, format, args...).WithFix(`Write the whole path as the server sees it, such as D:\backup, \\host\share\backup or /var/backups.`)
	}
	letter := len(folder) > 2 && (folder[0]|0x20 >= 'a' && folder[0]|0x20 <= 'z') && folder[1:3] == `:\`
	share, unix := strings.HasPrefix(folder, `\\`), strings.HasPrefix(folder, "/")
	switch {
	case strings.TrimSpace(folder) == "":
		return bad("There is no folder for the backups.")
	case !utf8.ValidString(folder) || strings.ContainsFunc(folder, unicode.IsControl):
		return bad("The folder holds a control character.")
	case tsql.Units(folder) > MaxFolder:
		return bad("The folder has more than %d characters: the names of the files would not fit behind it.", MaxFolder)
	case !letter && !share && !unix:
		return bad("%q is not a whole path.", clip(folder))
	case share && (len(strings.FieldsFunc(folder[2:], slash)) < 2 || strings.HasPrefix(folder[2:], `?\`) || strings.HasPrefix(folder[2:], `.\`)):
		return bad("%q names no folder of a share.", clip(folder))
	case slices.Contains(strings.FieldsFunc(folder, slash), ".."):
		return bad("The folder goes back up with %q.", "..")
	case !unix && strings.ContainsAny(folder[2:], `<>:"|?*/`):
		return bad("The folder holds a character that Windows takes in no path: one of < > : \" | ? * /.")
	}
	return nil
}

func slash(r rune) bool { return r == '\\' || r == '/' }

// label names the target in the script's sentences.
func (t Target) label() string {
	if t.Label == "" {
		return "the target"
	}
	return t.Label
}

// versionWords is the target's version for people.
func (t Target) versionWords() string {
	if t.Major == 0 {
		return "not known"
	}
	return "SQL Server " + version(t.Major)
}

func clip(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}
