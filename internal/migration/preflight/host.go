package preflight

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// HostCheck is what preflight judges of a self-managed SQL Server as a target.
type HostCheck struct {
	migration.HostFacts
	Ours     []string // names in the folder as this machine sees it, at the top
	OursSays error    // why this machine cannot list it
	Owner    bool     // the login that is to own the database is there; said of Keeping.Owner alone
}

// Logins is a target that knows the logins a database can be given to.
type Logins interface {
	// HasLogin reports whether there is a login of this name, and the dashboard's
	// may see it: one it does not see it may not make an owner either.
	HasLogin(ctx context.Context, name string) (bool, error)
}

// sampled is how many names of the folder are compared from both sides.
const sampled = 20

// collectHost asks a self-managed server, and looks at its folder from this
// side; nil for a cloud.
func collectHost(ctx context.Context, ports migration.Ports, target migration.Target, f Facts, data []bakfile.DataFile) (h *HostCheck, err error) {
	host, ok := target.(migration.Host)
	if !ok {
		return nil, nil
	}
	h = &HostCheck{}
	if h.HostFacts, err = host.HostFacts(ctx, f.Migration.Database, data); err != nil {
		return nil, err
	}
	if logins, ok := target.(Logins); ok && f.Migration.Keep.Owner != "" {
		if h.Owner, err = logins.HasLogin(ctx, f.Migration.Keep.Owner); err != nil {
			return nil, err
		}
	}
	staging, err := ports.Bucket(ctx, f.Migration.StagingID)
	if err != nil {
		return nil, err
	}
	objects, err := staging.List(ctx, "", "", 500)
	h.OursSays = err
	seen := map[string]bool{}
	for _, o := range objects {
		if top, _, _ := strings.Cut(o.Key, "/"); !seen[top] && len(h.Ours) < sampled {
			seen[top] = true
			h.Ours = append(h.Ours, top)
		}
	}
	return h, nil
}

// host judges a self-managed SQL Server. A cloud's limits on calls, sizes and
// names have no place here.
func (j *judge) host(f Facts) {
	j.add("instance", "Target", migration.Passed, words.Say("%s answers.", strings.TrimSpace(bakfile.Product(f.Instance.VersionMajor)+" "+f.Instance.Description)), words.Text{})
	j.ownName(f)
	h := f.Host
	if h == nil {
		return
	}
	j.rights("Rights at the target", "the restore needs", h.Missing)
	j.ownFolder(h)
	j.ownPlaces(f, h)
	j.ownRooms(h)
	j.encrypted(f)
	j.owner(f.Migration.Keep.Owner, h.Owner)
}

// owner judges whether the database can be given to a login once it is open.
func (j *judge) owner(name string, there bool) {
	switch {
	case name == "":
	case there:
		j.add("owner", "Owner", migration.Passed, words.Say("The target has the login %s.", name), words.Text{})
	default:
		j.add("owner", "Owner", migration.Barred, words.Say("The target has no login %s, or the dashboard's own may not see it: the database could not be given to it.", name),
			words.Say("CREATE LOGIN it at the target (GRANT IMPERSONATE ON LOGIN::%s to the dashboard's login where it is there), or leave the owner empty.", tsql.Shown(name)))
	}
}

func (j *judge) ownName(f Facts) {
	name := f.Migration.Database
	why := migration.BadDatabaseName(name)
	for _, d := range f.Databases {
		if why.IsZero() && f.Instance.Collation.Same(d, name) {
			why = words.Say("The target already has a database %s.", d)
		}
	}
	if !why.IsZero() {
		j.add("name", "Name", migration.Barred, why, words.Say("Choose another name, or back that database up and drop it."))
		return
	}
	j.add("name", "Name", migration.Passed, words.Say("No database %s at the target.", name), words.Text{})
}

// ownFolder compares the folder from both sides: what lies there for one must
// lie there for the other.
func (j *judge) ownFolder(h *HostCheck) {
	const title = "Backup folder of the target"
	bar := func(text, fix words.Text) { j.add("bucket", title, migration.Barred, text, fix) }
	if h.FolderSays != nil {
		message, fix := fault.Texts(h.FolderSays)
		bar(words.Say("The target does not see %s: %s", h.Folder, message), fix)
		return
	}
	if h.OursSays != nil {
		message, fix := fault.Texts(h.OursSays)
		bar(words.Say("This machine does not see the target's backup folder: %s", message), fix)
		return
	}
	theirs := map[string]bool{}
	for _, n := range h.Names {
		theirs[strings.ToLower(n)] = true
	}
	shared := 0
	for _, n := range h.Ours {
		if theirs[strings.ToLower(n)] {
			shared++
		}
	}
	switch {
	case len(h.Ours) > 0 && shared == 0:
		bar(words.Say("This machine sees %s in the folder and the target, in %s, sees none of it: they are two folders, or its service account may not read there.", quoteList(h.Ours, 3), h.Folder),
			words.Say("Enter the folder as each side sees it, and give the account that the SQL Server service runs under the right to read it. Rights of the login do not count."))
	case len(h.Ours) == 0:
		j.add("bucket", title, migration.Warned, words.Say("The folder is empty, so it cannot be told whether both sides see the same one."), words.Say("Put any file there and check again, or go on: the restore says when it does not find its file."))
	default:
		j.add("bucket", title, migration.Passed, words.Say("Both sides see the same files. The target's service account must be able to read what this machine writes there."), words.Text{})
	}
}

func quoteList(names []string, most int) string {
	text := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

// ownPlaces judges where the database's files go.
func (j *judge) ownPlaces(f Facts, h *HostCheck) {
	var clash []string
	var data int64
	for _, m := range h.Moves {
		if m.Taken != "" {
			clash = append(clash, m.To+" ("+m.Taken+")")
		}
		data += m.Size
	}
	switch {
	case len(clash) > 0:
		j.add("files-clash", "Places of its files", migration.Barred, words.Say("Somebody is there already: %s.", quoteList(clash, 3)), words.Say("Choose another name for the database on the target, or remove what is left there."))
	case len(h.Moves) > 0:
		j.add("files-clash", "Places of its files", migration.Passed, words.Say("%s, in %s; nothing is there yet.", words.Count(len(h.Moves), "file", "files"), folderOf(h.Moves[0].To)), words.Text{})
	}
	if h.LargestMDF > 0 && data > h.LargestMDF {
		j.add("edition", "Edition", migration.Barred, words.Say("The database has %s; %s takes at most %s in one database.", words.Bytes(data), f.Instance.Description, words.Bytes(h.LargestMDF)), words.Say("Choose a server of another edition."))
	}
}

func folderOf(file string) string {
	if at := strings.LastIndexByte(file, '\\'); at > 0 {
		return file[:at]
	}
	return path.Dir(file)
}

func (j *judge) ownRooms(h *HostCheck) {
	for _, r := range h.Volumes {
		switch {
		case r.Free < 0:
			j.add("space", "Space", migration.Warned, words.Say("%s needs %s; the target does not tell how much is free there.", r.Path, words.Bytes(r.Need)), words.Say("Make sure that it fits."))
		case r.Free < r.Need:
			j.add("space", "Space", migration.Barred, words.Say("%s needs %s and has %s free.", r.Path, words.Bytes(r.Need), words.Bytes(r.Free)), words.Say("Make room there, or give the server other default folders."))
		default:
			j.add("space", "Space", migration.Passed, words.Say("%s: needs %s of %s free.", r.Path, words.Bytes(r.Need), words.Bytes(r.Free)), words.Text{})
		}
	}
}
