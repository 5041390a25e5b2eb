package migration

import (
	"fmt"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// FilesRequest is what a person chose for a migration.
type FilesRequest struct {
	SourceID, SourcePrefix string      // where the files are
	StagingID              string      // bucket the target reads
	StagingPrefix          string      // where files are uploaded in it; empty = bakplane/
	InstanceID             string      // target
	Database               string      // name on the target; empty = the source's
	Family                 backup.GUID // which database, when the files hold several; zero = the only one
	Base, Fork             backup.GUID // which full backup and fork, when there are several; zero = the planner's choice
	StopAt                 *time.Time  // restore to this moment (UTC) and no further
	Mode                   AccessMode  // empty = pending
	Check                  CheckMode   // empty = async
	OpenWhenApplied        bool
	Partly                 bool // begin although something is missing: the chain ends before it, the rest can be added later
	Keep                   Keeping
	KeepNames              bool            // upload under the files' own names where the target takes them
	Traits                 endpoint.Traits // of the target
}

// Seen is one file under a prefix, and what it really is.
type Seen struct {
	From     string // bucket id where it lies; another than asked for when it was unpacked
	Key      string
	Name     string // as listed: of the archive where the backup was inside one
	Size     int64
	Modified time.Time
	File     *bakfile.File // nil when it is no backup file
	Trouble  string        // why it is none, a sentence
	Fix      string
}

// Draft is what would be done, before anything is.
type Draft struct {
	Request   FilesRequest
	Seen      []Seen
	Databases []backup.Plan // one per database found
	Plan      *backup.Plan  // of the chosen one; nil when none is, or nothing can be planned
	Files     []File        // in order, with the names they get in the bucket
	Migration Migration     // as it would be created, without ids
}

// NewDraft plans from what was seen. Problems of the chain are part of the
// plan; the error is about the request itself.
func NewDraft(w FilesRequest, seen []Seen, samePlace bool) (Draft, error) {
	if w.Mode == "" {
		w.Mode = Pending
	}
	if w.Check == "" {
		w.Check = CheckAsync
	}
	if w.StagingPrefix == "" {
		w.StagingPrefix = "bakplane/"
	}
	d := Draft{Request: w, Seen: seen}
	if err := w.Keep.check(w.Traits, w.Mode); err != nil {
		return d, err
	}
	d.Databases = backup.Plans(Sets(seen), backup.Options{StopAt: w.StopAt, Base: w.Base, Fork: w.Fork})
	if d.Plan = chosen(d.Databases, w.Family); d.Plan == nil {
		if !w.Family.IsZero() {
			return d, fault.New(fault.Invalid, "None of the files belongs to the database that was chosen.", "Choose the folder or the database again.")
		}
		return d, nil
	}
	d.Files = filesOf(d.Plan, seen, w, samePlace, 1)
	d.Migration = Migration{
		Database: w.Database, SourceDatabase: d.Plan.Database, InstanceID: w.InstanceID, Traits: w.Traits, SourceID: w.SourceID, SourcePrefix: w.SourcePrefix, Family: d.Plan.Family,
		StagingID: w.StagingID, StagingPrefix: w.StagingPrefix, Mode: w.Mode, Check: w.Check, OpenWhenApplied: w.OpenWhenApplied, Files: d.Files, Keep: w.Keep,
	}
	if w.StopAt != nil && w.Traits.StopAt {
		d.Migration.StopAt = *w.StopAt
	} else if w.StopAt != nil {
		d.Plan.CannotStop(*w.StopAt)
	}
	if d.Migration.Database == "" {
		d.Migration.Database = d.Plan.Database
	}
	for _, s := range d.Plan.Steps {
		d.Migration.SourceServer = s.Set.Server
	}
	return d, nil
}

// chosen picks the plan of a lineage; without a choice there must be one only.
func chosen(plans []backup.Plan, family backup.GUID) *backup.Plan {
	if family.IsZero() {
		if len(plans) == 1 {
			return &plans[0]
		}
		return nil
	}
	for i := range plans {
		if plans[i].Family == family {
			return &plans[i]
		}
	}
	return nil
}

// Sets makes backup sets of the files seen, stripes joined. A set's files keep
// the names of the list, which are unique in it.
func Sets(seen []Seen) []backup.Set {
	var files []backup.ReadFile
	for _, s := range seen {
		if s.File != nil {
			files = append(files, backup.ReadFile{Name: s.Name, File: s.File})
		}
	}
	return backup.FromFiles(files)
}

// filesOf turns a plan's steps into files with their names in the bucket.
func filesOf(p *backup.Plan, seen []Seen, w FilesRequest, samePlace bool, ord int) (out []File) {
	taken := map[string]bool{}
	for _, step := range p.Steps {
		stripes := step.Set.Files
		if !w.Traits.Stripes {
			stripes = stripes[:min(1, len(stripes))]
		}
		under := w.StagingPrefix
		if len(stripes) > 1 && w.Traits.Prefixed { // a folder for each set: nothing else begins so
			under += SafeLetters(p.Database) + step.Set.ID.String()[:8] + "/"
		}
		for _, stripe := range stripes {
			s, ok := seenOf(seen, stripe.Name)
			if !ok {
				continue
			}
			f := File{Ord: ord, Source: s.Key, Size: s.Size, Kind: string(step.Set.Kind), Position: stripe.Position, SetGUID: step.Set.ID, BaseGUID: step.Set.DifferentialBase,
				ForkID: step.Set.Fork, FirstLSN: step.Set.First, LastLSN: step.Set.Last, Started: step.Set.Started.Time(), DataBytes: step.Set.DatabaseSize, State: FilePlanned}
			if s.From != w.SourceID {
				f.From = s.From
			}
			if step.StopAt && w.StopAt != nil && w.Traits.StopAt {
				f.StopAt = step.Set.OnClock(*w.StopAt)
			}
			if one, ok := sameFile(out, f); ok { // several sets of one file: it is brought once
				f.Key = one.Key
				out = append(out, f)
				ord++
				continue
			}
			why, _ := RefusedKey(w.Traits.Keys, s.Key)
			switch {
			case samePlace && f.From == "" && why.IsZero():
				f.Key = s.Key // lies where the target reads already
			case w.KeepNames && f.From == "":
				f.Key = under + path.Base(s.Key)
			default:
				f.Key = under + SafeName(f, p.Database)
			}
			for n := 2; taken[f.Key]; n++ {
				f.Key = fmt.Sprintf("%s%d%s", under, n, SafeName(f, p.Database))
			}
			taken[f.Key] = true
			out = append(out, f)
			ord++
		}
	}
	return out
}

// SafeName is a name of letters and digits that the target takes: database,
// kind, time and the beginning of the set's GUID.
func SafeName(f File, database string) string {
	letters := SafeLetters(database)
	if letters == "" {
		letters = "database"
	}
	kind := map[string]string{"full": "FULL", "differential": "DIFF", "log": "LOG"}[f.Kind]
	return letters + kind + f.Started.Format("20060102150405") + f.SetGUID.String()[:8] + ".bak"
}

// SafeLetters are the ASCII letters and digits of a name, the first 60.
func SafeLetters(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') && b.Len() < 60 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// seenOf finds a file by its name in the list.
func seenOf(seen []Seen, name string) (Seen, bool) {
	for _, s := range seen {
		if s.File != nil && s.Name == name {
			return s, true
		}
	}
	return Seen{}, false
}

// Requests words every call the migration will make, in order, one for each
// backup set. The place says where the target finds the files, and where those
// of the database go.
func (d Draft) Requests(w Requests, place RestoreCall) (out []Request) {
	m := d.Migration
	for i, f := range d.Files {
		if m.Further(f) {
			continue
		}
		verb, at := VerbRestore, place
		if i > 0 {
			verb, at.Moves = VerbImport, nil
		}
		in := callFor(m, f, at)
		out = append(out, Request{Verb: verb, File: f, Text: w.Request(m, verb, in)})
	}
	if m.Mode == Pending && len(d.Files) > 0 {
		m.TaskID = "(id of the first task)"
		out = append(out, Request{Verb: VerbOpen, Text: w.Request(m, VerbOpen, callFor(m, File{}, place))})
	}
	return out
}

// Request is a call that will be made, in words.
type Request struct {
	Verb Verb
	File File // the first of its set; zero for the opening
	Text string
}

// DataFiles are the files of the database as the draft's full backup tells them.
func (d Draft) DataFiles() []bakfile.DataFile {
	for _, s := range d.Seen {
		if s.File == nil || len(d.Files) == 0 || s.Key != d.Files[0].Source {
			continue
		}
		for _, set := range s.File.Sets {
			if set.SetGUID == d.Files[0].SetGUID {
				return set.Files
			}
		}
	}
	return nil
}

// NotBackups are the files seen that are no backups, for the page.
func (d Draft) NotBackups() (out []Seen) {
	for _, s := range d.Seen {
		if s.File == nil {
			out = append(out, s)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
