package preflight

import (
	"cmp"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

// Facts is what preflight judges. It was collected just before.
type Facts struct {
	Migration migration.Migration
	Sets      []SetFacts // one per file of the chain, in order
	Bucket    objectstore.Info
	Instance  migration.TargetInstance
	Databases []string
	Beside    []string // what else begins as the files of a set that is named by its prefix
	CallsDay  int      // changing calls for this database in the last 24 hours
	CallsHost int      // the same for the instance
	Now       time.Time
	Host      *HostCheck // of a self-managed server; nil otherwise
}

// SetFacts is what preflight needs of one file beyond the migration's own row.
type SetFacts struct {
	File          migration.File
	VersionMajor  int
	RecoveryModel string
	Position      int // of the wanted set in its file
	SetsInFile    int
	FamilyCount   int
	Complete      bool // the file's end was readable
	PlainFiles    []string
	Data          []bakfile.DataFile // files of the database
	// TDEThumbprint is of the certificate that the database needs, in hexadecimal
	// digits; empty = none was seen, which is no proof that it needs none.
	TDEThumbprint string
}

// LastFileAdvice is the most bytes that the last increment should have: it
// decides how long writes stop.
const LastFileAdvice = 500 << 20

// Judge turns facts into findings, one line each, in the order a DBA would ask.
func Judge(f Facts) []migration.Finding {
	var j judge
	j.chain(f)
	j.files(f)
	j.prefixes(f)
	j.versions(f)
	if f.Host != nil {
		j.host(f)
		return j.out
	}
	j.encrypted(f)
	j.bucket(f)
	j.instance(f)
	j.space(f)
	j.names(f)
	j.calls(f)
	return j.out
}

type judge struct{ out []migration.Finding }

func (j *judge) add(code, title string, l migration.Level, text, fix words.Text) {
	j.out = append(j.out, migration.Finding{Code: code, Title: title, Level: l, Text: text, Fix: fix})
}

// remedy offers something to be done about the line just added.
func (j *judge) remedy(r migration.Remedy) { j.out[len(j.out)-1].Remedy = r }

func (j *judge) chain(f Facts) {
	chain := f.Migration.Chain()
	switch {
	case len(chain) == 0:
		j.add("chain", "Chain", migration.Barred, words.Say("There is no file to apply."), words.Say("Choose a folder or prefix that holds a full backup."))
		return
	case !gap(chain).IsZero():
		j.add("chain", "Chain", migration.Barred, gap(chain), words.Say("Add what is missing, or choose the files again."))
	case f.Migration.Mode == migration.Immediate && len(chain) > len(f.Migration.SetOf(chain[0])):
		j.add("chain", "Chain", migration.Barred, words.Say("Immediate access takes the full backup alone, and increments were chosen too."), words.Say("Choose access pending, or leave the increments out."))
	default:
		text := words.Say("%d files join by LSN up to %s.", len(chain), chain[len(chain)-1].LastLSN)
		if len(chain) == 1 {
			text = words.Say("The full backup reaches LSN %s.", chain[0].LastLSN)
		}
		j.add("chain", "Chain", migration.Passed, text, words.Text{})
	}
	model := ""
	for _, s := range f.Sets {
		model = s.RecoveryModel
	}
	switch {
	case model == "SIMPLE" && f.Migration.Mode == migration.Pending:
		j.add("recovery", "Recovery model", migration.Warned, words.Say("The source runs in SIMPLE: it has no log backups, so only differentials can follow and minutes of downtime are not to be had."), words.Say("Set the source to FULL, then take a new full backup."))
	case model == "BULK-LOGGED":
		j.add("recovery", "Recovery model", migration.Warned, words.Say("The source runs in BULK-LOGGED; the documented path asks for FULL."), words.Say("Set the source to FULL and take a log backup."))
	case model != "":
		j.add("recovery", "Recovery model", migration.Passed, words.Say("The source runs in %s.", model), words.Text{})
	}
	if last := chain[len(chain)-1]; len(chain) > 1 && last.Size > LastFileAdvice {
		j.add("last-size", "Last increment", migration.Warned, words.Say("The last increment has %s; writes at the source stop for as long as it takes to upload and apply it.", words.Bytes(last.Size)), words.Say("Take one more log backup just before the cutover; the documentation advises at most 500 MB."))
	}
}

// gap says where neighbours do not join, or nothing. A log joins when it
// begins at or before the point reached and goes beyond it; a differential
// joins the full backup it is based on.
func gap(chain []migration.File) words.Text {
	if chain[0].Kind != "full" {
		return words.Say("The chain does not begin with a full backup.")
	}
	reached := chain[0].LastLSN
	for i, f := range chain[1:] {
		switch {
		case f.SetGUID == chain[i].SetGUID && !f.SetGUID.IsZero():
			continue // a further stripe of the same set
		case f.Kind == "full":
			return words.Say("%s is a second full backup.", path.Base(f.Source))
		case f.Kind == "differential" && f.BaseGUID != chain[0].SetGUID:
			return words.Say("%s is a differential on another full backup.", path.Base(f.Source))
		case f.Kind == "log" && f.FirstLSN.Compare(reached) > 0:
			return words.Say("Between %s and %s the log from LSN %s to %s is missing.", path.Base(chain[i].Source), path.Base(f.Source), reached, f.FirstLSN)
		case f.LastLSN.Compare(reached) <= 0 && f.Kind == "log":
			return words.Say("%s ends at LSN %s, which is already covered.", path.Base(f.Source), f.LastLSN)
		}
		reached = f.LastLSN
	}
	return words.Text{}
}

func (j *judge) files(f Facts) {
	ok, to := true, f.Migration.Traits
	bar := func(code string, text, fix words.Text) { ok = false; j.add(code, "Files", migration.Barred, text, fix) }
	for _, s := range f.Sets {
		name := path.Base(s.File.Source)
		switch {
		case s.FamilyCount > 1 && !to.Stripes:
			bar("stripe", words.Say("%s is one of %d stripes; the target takes a single file.", name, s.FamilyCount), words.Say("Take this backup again to one file."))
		case s.Position != 1 && !to.Positions:
			bar("position", words.Say("The wanted backup is number %d of %d in %s; the target restores the first.", s.Position, s.SetsInFile, name), words.Say("Take each backup to a file of its own (WITH INIT)."))
		case s.SetsInFile > 1 && !to.Positions:
			j.add("sets", "Files", migration.Warned, words.Say("%s holds %d backups; the target restores the first.", name, s.SetsInFile), words.Say("If the import fails, take each backup to a file of its own."))
		}
		if !s.Complete {
			bar("truncated", words.Say("%s is cut off: its end is missing.", name), words.Say("Copy it again from the source and compare the sizes."))
		}
		if to.MaxFile > 0 && s.File.Size > to.MaxFile {
			bar("too-large", words.Say("%s has %s; the limit for one file is %s.", name, words.Bytes(s.File.Size), words.Bytes(to.MaxFile)), words.Say("Compress the backup."))
		}
		if why, fix := migration.RefusedKey(to.Keys, s.File.Key); !why.IsZero() {
			bar("key", words.Say("%s: %s", s.File.Key, why), fix)
		} else if to.Keys.Plain && strings.ContainsAny(path.Base(s.File.Key), "_-") {
			j.once("key-advice", "Files", migration.Warned, words.Say("Names hold _ or -. The documentation forbids them in one place and uses them itself in another; they work in practice."), words.Say("Choose safe names if the target refuses a file."))
		}
	}
	if ok {
		j.add("files", "Files", migration.Passed, words.Say("%s, readable to the end.", words.Count(len(f.Sets), "file", "files")), words.Text{})
	}
}

func (j *judge) once(code, title string, l migration.Level, text, fix words.Text) {
	for _, o := range j.out {
		if o.Code == code {
			return
		}
	}
	j.add(code, title, l, text, fix)
}

func (j *judge) versions(f Facts) {
	target := f.Instance.VersionMajor
	newest := 0
	for _, s := range f.Sets {
		newest = max(newest, s.VersionMajor)
	}
	switch {
	case target == 0:
		j.add("version", "Version", migration.Warned, words.Say("The instance calls its version %q, which is not known here; the backups come from %s.", f.Instance.Version, bakfile.Product(newest)), words.Say("Make sure the instance is not older than the source."))
	case newest > target:
		j.add("version", "Version", migration.Barred, words.Say("The backups come from %s, the instance runs %s. SQL Server never restores to an older version.", bakfile.Product(newest), bakfile.Product(target)), words.Say("Choose an instance of the same or a newer version."))
	default:
		j.add("version", "Version", migration.Passed, words.Say("%s to %s.", bakfile.Product(newest), bakfile.Product(target)), words.Text{})
	}
}

func (j *judge) bucket(f Facts) {
	if f.Bucket.Location == "" && f.Bucket.Endpoint == "" {
		j.add("bucket", "Bucket", migration.Barred, words.Say("The place for the files does not fit the target: a service reads a bucket, a server its own backup folder."), words.Say("Choose the bucket that belongs to the target."))
		return
	}
	b, ok := f.Bucket, true
	bar := func(code string, text, fix words.Text) {
		ok = false
		j.add(code, "Bucket", migration.Barred, text, fix)
	}
	rule := f.Migration.Traits.Bucket
	if rule.Class != "" && b.StorageClass != rule.Class {
		bar("bucket-class", words.Say("The bucket's storage class is %s; the target reads %s only.", b.StorageClass, rule.Class), words.Say("Choose or make a bucket of class %s.", rule.Class))
	}
	sealed := b.Encryption != "" && !strings.EqualFold(b.Encryption, "None")
	if sealed && !rule.Sealed {
		bar("bucket-encryption", words.Say("Server-side encryption (%s) is on; the target cannot read it.", b.Encryption), words.Say("Turn it off for this bucket, or choose another."))
	}
	if want := rule.Location + f.Instance.Region; b.Location != want && f.Instance.Region != "" {
		bar("bucket-region", words.Say("The bucket lies in %s, the instance in %s.", b.Location, f.Instance.Region), words.Say("Choose a bucket in the instance's region."))
	}
	if b.Owner != "" && f.Instance.Owner != "" && b.Owner != f.Instance.Owner {
		bar("bucket-account", words.Say("Bucket and instance belong to different accounts; the target reads buckets of its own account only."), words.Say("Choose a bucket of the instance's account."))
	}
	if ok {
		how := words.Say("not encrypted")
		if sealed {
			how = words.Say("encrypted (%s)", b.Encryption)
		}
		j.add("bucket", "Bucket", migration.Passed, words.Say("%s: %s, %s, %s.", b.Name, cmp.Or(b.StorageClass, "Standard"), how, b.Location), words.Text{})
	}
}

func (j *judge) instance(f Facts) {
	in, ok := f.Instance, true
	bar := func(code string, text, fix words.Text) {
		ok = false
		j.add(code, "Instance", migration.Barred, text, fix)
	}
	if in.Status != "Running" {
		bar("instance-state", words.Say("The instance is %s, not Running.", in.Status), words.Say("Wait until it runs."))
	}
	if in.LockMode != "" && in.LockMode != "Unlock" {
		bar("instance-lock", words.Join(words.Say("The instance is locked (%s).", in.LockMode), words.Plain(in.LockReason)), words.Say("Unlock it in its service's console: enlarge the storage or settle the bill."))
	}
	if n := len(f.Databases); in.MaxDatabases > 0 && n >= in.MaxDatabases {
		bar("instance-count", words.Say("The instance holds %d databases and may hold %d.", n, in.MaxDatabases), words.Say("Drop databases that are no longer needed, or choose another instance."))
	}
	if ok {
		text := words.Say("Running, not locked.")
		if in.MaxDatabases > 0 {
			text = words.Join(text, words.Say("%d of %d databases.", len(f.Databases), in.MaxDatabases))
		}
		j.add("instance", "Instance", migration.Passed, text, words.Text{})
	}
}

func (j *judge) space(f Facts) {
	var need int64
	for _, file := range f.Migration.Chain() {
		need = max(need, file.DataBytes)
	}
	in := f.Instance
	switch free := in.StorageBytes - in.UsedBytes; {
	case in.StorageBytes == 0 || in.UsedBytes < 0:
		j.add("space", "Space", migration.Warned, words.Say("The database needs %s; the instance does not tell how much is free.", words.Bytes(need)), words.Say("Check the free storage in its service's console."))
	case free < need:
		j.add("space", "Space", migration.Barred, words.Say("The database needs %s, the instance has %s free.", words.Bytes(need), words.Bytes(free)), words.Say("Enlarge the instance's storage before you start."))
	default:
		j.add("space", "Space", migration.Passed, words.Say("Needs %s of %s free.", words.Bytes(need), words.Bytes(free)), words.Text{})
	}
}

func (j *judge) names(f Facts) {
	name := f.Migration.Database
	if why := migration.BadDatabaseName(name); !why.IsZero() {
		j.add("name", "Name", migration.Barred, why, words.Say("Choose another name for the database on the target."))
		return
	}
	for _, d := range f.Databases {
		if f.Instance.Collation.Same(d, name) {
			j.add("name", "Name", migration.Barred, words.Say("The instance already has a database %s.", d), words.Say("Choose another name, or back that database up and drop it."))
			return
		}
	}
	j.add("name", "Name", migration.Passed, words.Say("No database %s on the instance. Left-over files of that name cannot be seen from here.", name), words.Text{})
}

func (j *judge) calls(f Facts) {
	need := len(f.Migration.Chain())
	most := f.Migration.Traits.Calls
	if !most.Counted() {
		return
	}
	left := min(most.Database-f.CallsDay, most.Instance-f.CallsHost)
	switch {
	case need <= left:
		j.add("calls", "Calls a day", migration.Passed, words.Say("Needs %s; %d of %d are left today for this database.", words.Count(need, "call", "calls"), most.Database-f.CallsDay, most.Database), words.Text{})
	case need > most.Database:
		j.add("calls", "Calls a day", migration.Warned, words.Say("%d files take %d days: the target allows %d imports a day for one database.", need, (need+most.Database-1)/most.Database, most.Database), words.Say("Take a differential backup: it replaces the logs before it."))
	default:
		j.add("calls", "Calls a day", migration.Warned, words.Say("Needs %d calls, %d are left today. The rest is imported when the day's allowance returns.", need, max(left, 0)), words.Say("Take a differential backup: it replaces the logs before it."))
	}
}
