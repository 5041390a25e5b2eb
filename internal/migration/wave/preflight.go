package wave

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

// Facts is what the preflight of a whole wave judges: what fits for each
// of its databases alone may not fit for all together.
type Facts struct {
	Every     time.Duration // between log backups
	Members   []Need        // those that can start by themselves, in order
	Instance  migration.TargetInstance
	Traits    endpoint.Traits // of the target
	Databases []string        // there now
	Coming    []string        // on their way there in other migrations
	Bucket    objectstore.Info
	BucketMay int64 // bytes that can still be put into the bucket; -1 = not told
	CallsHost int   // changing calls for the instance in the last 24 hours
	CallsPlan int   // those a day that other migrations under way will make, as they are planned
}

// Need is what one database of a wave asks for.
type Need struct {
	Name       string // on the target
	Source     string
	DataBytes  int64 // of the data files
	LogBytes   int64
	FreeBackup int64 // bytes free in the server's backup folder; -1 = not told
}

// Calls a day that a database needs beside its logs: the full backup, one
// differential, and what the cutover takes.
const callsBeside = 2 + 3

// PlannedCalls is how many changing calls one database that follows a source
// makes at most in any 24 hours, and no more than the target allows for it.
func PlannedCalls(c endpoint.Calls, every time.Duration) int {
	if every <= 0 {
		return c.Database
	}
	return min(callsBeside+int(math.Ceil(float64(24*time.Hour)/float64(every))), c.Database)
}

// FittingEvery is the shortest interval between log backups with which so many
// databases stay within the calls that are left of an instance's day; false
// when none does.
func FittingEvery(c endpoint.Calls, databases, left int) (time.Duration, bool) {
	logs := left/max(databases, 1) - callsBeside
	if logs < 1 {
		return 0, false
	}
	every := time.Duration(math.Ceil((24 * time.Hour / time.Duration(logs)).Minutes())) * time.Minute
	return max(every, migration.SmallestEvery(c, migration.ImportsKept)), true
}

// callsLeft is how many calls of the instance's day others leave to the wave.
func (f Facts) callsLeft() int { return f.Traits.Calls.Instance - max(f.CallsHost, f.CallsPlan) }

// FittingEvery is the shortest interval with which the wave stays within the
// instance's day; false when none does.
func (f Facts) FittingEvery() (time.Duration, bool) {
	return FittingEvery(f.Traits.Calls, len(f.Members), f.callsLeft())
}

// Judge turns facts about a whole wave into findings, one line each.
func Judge(f Facts) []migration.Finding {
	j := &judge{}
	if len(f.Members) == 0 {
		return nil
	}
	j.names(f)
	j.count(f)
	j.target(f)
	j.bucket(f)
	j.folder(f)
	j.calls(f)
	return j.out
}

type judge struct{ out []migration.Finding }

func (j *judge) add(code, title string, l migration.Level, text, fix words.Text) {
	j.out = append(j.out, migration.Finding{Code: code, Title: title, Level: l, Text: text, Fix: fix})
}

func (j *judge) names(f Facts) {
	seen := map[string]string{}
	for _, m := range f.Members {
		low := f.Instance.Collation.Key(m.Name)
		if other, twice := seen[low]; twice {
			j.add("wave-names", "Names", migration.Barred, words.Say("%s and %s would get the same name on the target.", other, m.Source), words.Say("Leave one out and migrate it alone, under another name."))
			return
		}
		seen[low] = m.Source
	}
	j.add("wave-names", "Names", migration.Passed, words.Say("Each has a name of its own on the target."), words.Text{})
}

func (j *judge) count(f Facts) {
	there, most := len(f.Databases), f.Instance.MaxDatabases
	for _, name := range f.Coming {
		if !slices.ContainsFunc(f.Databases, func(d string) bool { return f.Instance.Collation.Same(d, name) }) {
			there++
		}
	}
	all := there + len(f.Members)
	switch {
	case most == 0:
		j.add("wave-count", "Databases on the target", migration.Warned, words.Say("%d are there or on their way, %d come. How many it may hold is not told.", there, len(f.Members)), words.Say("Look it up for the instance's class."))
	case all > most:
		j.add("wave-count", "Databases on the target", migration.Barred, words.Say("%d are there or on their way, %d come; it may hold %d.", there, len(f.Members), most),
			words.Say("Leave out %d, drop what is no longer needed there, or choose an instance that may hold %d.", all-most, all))
	default:
		j.add("wave-count", "Databases on the target", migration.Passed, words.Say("%d of %d with the wave.", all, most), words.Text{})
	}
}

func (f Facts) bytes() (data, both int64) {
	for _, m := range f.Members {
		data += m.DataBytes
		both += m.DataBytes + m.LogBytes
	}
	return data, both
}

func (j *judge) target(f Facts) {
	_, need := f.bytes()
	in := f.Instance
	switch free := in.StorageBytes - in.UsedBytes; {
	case in.StorageBytes == 0 || in.UsedBytes < 0:
		j.add("wave-space", "Space on the target", migration.Warned, words.Say("The databases need %s together; how much is free there is not told.", words.Bytes(need)), words.Say("Check the free storage of the target."))
	case free < need:
		j.add("wave-space", "Space on the target", migration.Barred, words.Say("The databases need %s together, %s are free there.", words.Bytes(need), words.Bytes(free)),
			words.Say("Enlarge its storage by %s or more, or leave out databases of that size.", words.Bytes(need-free)))
	default:
		j.add("wave-space", "Space on the target", migration.Passed, words.Say("%s of %s free.", words.Bytes(need), words.Bytes(free)), words.Text{})
	}
}

func (j *judge) bucket(f Facts) {
	need, _ := f.bytes()
	switch {
	case f.BucketMay < 0:
		j.add("wave-bucket", "Space in the bucket", migration.Passed, words.Say("The full backups have %s at most; the bucket tells no bound.", words.Bytes(need)), words.Text{})
	case f.BucketMay < need:
		j.add("wave-bucket", "Space in the bucket", migration.Barred, words.Say("The full backups may need %s together, %s are free in %s.", words.Bytes(need), words.Bytes(f.BucketMay), f.Bucket.Name),
			words.Say("Free %s there, or choose another place.", words.Bytes(need-f.BucketMay)))
	default:
		j.add("wave-bucket", "Space in the bucket", migration.Passed, words.Say("%s at most of %s free.", words.Bytes(need), words.Bytes(f.BucketMay)), words.Text{})
	}
}

func (j *judge) folder(f Facts) {
	need, _ := f.bytes()
	free := int64(-1)
	for _, m := range f.Members {
		if m.FreeBackup >= 0 && (free < 0 || m.FreeBackup < free) {
			free = m.FreeBackup
		}
	}
	switch {
	case free < 0:
		j.add("wave-folder", "Backup folder", migration.Warned, words.Say("The full backups may need %s together; how much is free there is not told.", words.Bytes(need)), words.Say("Make sure that they fit."))
	case free < need:
		j.add("wave-folder", "Backup folder", migration.Barred, words.Say("The full backups may need %s together, %s are free there.", words.Bytes(need), words.Bytes(free)),
			words.Say("Free %s, choose another folder, start with compression and fewer databases, or make several waves.", words.Bytes(need-free)))
	default:
		j.add("wave-folder", "Backup folder", migration.Passed, words.Say("%s at most of %s free.", words.Bytes(need), words.Bytes(free)), words.Text{})
	}
}

func (j *judge) calls(f Facts) {
	if !f.Traits.Calls.Counted() {
		return
	}
	n, left := len(f.Members), f.callsLeft()
	need := n * PlannedCalls(f.Traits.Calls, f.Every)
	if need <= left {
		j.add("wave-calls", "Calls a day", migration.Passed, words.Say("The wave makes at most %d a day; %d of %d are left for it at the instance.", need, left, f.Traits.Calls.Instance), words.Text{})
		return
	}
	text := words.Say("A log backup every %s makes up to %d calls a day for %s; %d of %d are left for the wave at the instance.", words.Span(f.Every), need, words.Count(n, "database", "databases"), max(left, 0), f.Traits.Calls.Instance)
	if every, ok := f.FittingEvery(); ok {
		j.add("wave-calls", "Calls a day", migration.Warned, words.Say("%s When they are used up, all of them wait.", text), words.Say("Choose a log backup every %s or more.", words.Span(every)))
		return
	}
	fix := words.Say("Wait until other migrations have ended, or choose another instance.")
	if most := left / (callsBeside + 1); most > 0 {
		fix = words.Say("No interval fits. Make waves of at most %s, one a day.", words.Count(most, "database", "databases"))
	}
	level := migration.Warned
	if left < n*callsBeside {
		level = migration.Barred // not even the full backups and the cutover
	}
	j.add("wave-calls", "Calls a day", level, text, fix)
}

// Collect asks target and bucket once for the whole wave.
func Collect(ctx context.Context, ports migration.Ports, instanceID, stagingID string, traits endpoint.Traits) (f Facts, err error) {
	f.BucketMay, f.Traits = -1, traits
	target, err := ports.Target(ctx, instanceID)
	if err != nil {
		return f, err
	}
	if f.Instance, err = target.Instance(ctx); err != nil {
		return f, err
	}
	if f.Databases, err = target.Databases(ctx); err != nil {
		return f, err
	}
	bucket, err := ports.Bucket(ctx, stagingID)
	if err != nil {
		return f, err
	}
	if f.Bucket, err = bucket.Info(ctx); err != nil {
		return f, err
	}
	if spacer, ok := bucket.(objectstore.FreeSpacer); ok {
		if f.BucketMay, err = spacer.FreeSpace(ctx); err != nil {
			return f, err
		}
	}
	return f, nil
}

// NeedOf is what a database asks for, as its source tells it.
func NeedOf(m migration.Migration, d backup.Database) Need {
	return Need{Name: m.Database, Source: m.SourceDatabase, DataBytes: d.DataBytes, LogBytes: d.LogBytes, FreeBackup: d.FreeBackupBytes}
}
