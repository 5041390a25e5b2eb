package aliyunemu

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Backups is the backup side of an instance.
type Backups struct {
	Policy BackupPolicy `json:"policy"`
	// Since is when the service began to back the instance up. A time in the
	// past makes a history at once, back to a bounded number of events.
	Since time.Time `json:"since"`

	LocalDisk     bool   `json:"local_disk,omitempty"`      // no snapshots
	NoFiveMinutes bool   `json:"no_five_minutes,omitempty"` // 5-minute logs cannot be chosen
	CrossRegion   string `json:"cross_region,omitempty"`    // region that sets are copied to; empty = cross-region backup is off
	// AdvancedByAPI lets ModifyBackupPolicy change rows of the advanced policy.
	// Whether the service does on SQL Server is not known.
	AdvancedByAPI bool `json:"advanced_by_api,omitempty"`
	Fail          bool `json:"fail,omitempty"`      // backups that begin end as Failed
	Hold          bool `json:"hold,omitempty"`      // jobs stay where they are
	StopLogs      bool `json:"stop_logs,omitempty"` // no log backups: they leave a gap

	Slot  time.Time `json:"slot"`   // last scheduled time that was dealt with
	LogTo time.Time `json:"log_to"` // log backups reach until then
	Extra time.Time `json:"extra"`  // an additional backup after a change of the backup time

	Jobs     []*BackupJob         `json:"jobs,omitempty"`
	Sets     []*BackupSet         `json:"sets,omitempty"` // oldest first
	Logs     []LogFile            `json:"logs,omitempty"`
	Restores []*CopyTask          `json:"restores,omitempty"`
	History  map[string][]Version `json:"history,omitempty"` // of contents, by database; oldest first
}

// BackupPolicy is the policy of an instance in the service's words.
type BackupPolicy struct {
	Retention   int      `json:"retention"` // days
	Days        []string `json:"days"`      // English names
	Time        string   `json:"time"`      // such as 18:00Z-19:00Z
	Method      string   `json:"method"`    // Physical or Snapshot
	Incremental bool     `json:"incremental"`
	LogMinutes  int      `json:"log_minutes"` // 0 (as data), 30 or 5
	Priority    int      `json:"priority"`    // 1 or 2 on Cluster Edition
	// SnapshotMinutes is the interval of snapshots; 0 = only at the days' hour.
	SnapshotMinutes int    `json:"snapshot_minutes,omitempty"`
	ReleasedKeep    string `json:"released_keep"`

	Advanced     bool          `json:"advanced"`
	Rows         []AdvancedRow `json:"rows,omitempty"`
	LogRetention int           `json:"log_retention,omitempty"` // days, of the advanced policy
}

// AdvancedRow is a rule of the advanced policy. Its words are those of the
// backup service's own API; the last day of a month is -1 and dates are MM-DD,
// which is our choice.
type AdvancedRow struct {
	ID    string `json:"id"`
	Key   string `json:"key"`   // dayOfWeek, dayOfMonth, dayOfYear
	Value string `json:"value"` // 1,3,5
	Days  int    `json:"days"`  // kept; -1 = for ever
}

// BackupJob is a backup from its order to its end.
type BackupJob struct {
	ID        string        `json:"id"`
	Automated bool          `json:"automated"`
	Method    string        `json:"method"`
	Full      bool          `json:"full"`
	Databases []string      `json:"databases,omitempty"` // of a single-database backup
	Retention int           `json:"retention"`           // days; -1 = for ever
	Begun     time.Time     `json:"begun"`
	Spent     time.Duration `json:"spent"` // before it was held last
	Since     time.Time     `json:"since"` // at work since; zero while held
	Fails     bool          `json:"fails"`
	Set       string        `json:"set"` // once it has ended
	Ended     time.Time     `json:"ended"`
}

// BackupSet is a finished or failed backup.
type BackupSet struct {
	ID        string    `json:"id"`
	Job       string    `json:"job"`
	Automated bool      `json:"automated"`
	Method    string    `json:"method"`
	Full      bool      `json:"full"`
	Single    bool      `json:"single"` // a single-database backup
	Base      string    `json:"base"`   // full set of a differential
	Databases []string  `json:"databases"`
	Failed    bool      `json:"failed"`
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended"`
	Expires   time.Time `json:"expires"` // zero = never
	Size      int64     `json:"size"`    // bytes: an estimate from the databases' sizes, not the download's
	Cross     string    `json:"cross"`   // region of its copy
}

// LogFile is a log backup.
type LogFile struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Size    int64     `json:"size"`
	Expires time.Time `json:"expires"`
}

// Version is what a database held from a moment on.
type Version struct {
	At       time.Time       `json:"at"`
	Gone     bool            `json:"gone,omitempty"`
	Contents json.RawMessage `json:"contents,omitempty"`
	Bytes    int64           `json:"bytes"`
}

// CopyTask is a restore into an existing instance.
type CopyTask struct {
	Name     string          `json:"name"` // of the database at this instance
	Ends     time.Time       `json:"ends"`
	Contents json.RawMessage `json:"contents,omitempty"`
	Bytes    int64           `json:"bytes"`
}

// begin fills in what a new instance has: seven days, two backups and more a
// week, at 18:00 UTC, physical, incremental where the edition has it.
func (b *Backups) begin(in *Instance, now time.Time) {
	p := &b.Policy
	if p.Retention == 0 {
		p.Retention = 7
	}
	if len(p.Days) == 0 {
		p.Days, p.Incremental = []string{"Monday", "Wednesday", "Friday", "Sunday"}, in.Category != "AlwaysOn"
	}
	if p.Time == "" {
		p.Time = "18:00Z-19:00Z"
	}
	if p.Method == "" {
		p.Method = "Physical"
	}
	if p.Priority == 0 && in.Category == "AlwaysOn" {
		p.Priority = 2
	}
	if p.ReleasedKeep == "" {
		p.ReleasedKeep = "Lastest"
	}
	if b.Since.IsZero() {
		b.Since = now
	}
	b.Since = b.Since.UTC().Truncate(time.Second)
	for _, at := range []*time.Time{&b.Slot, &b.LogTo} {
		if at.IsZero() {
			*at = b.Since
		}
	}
	if b.History == nil {
		b.History = map[string][]Version{}
	}
}

// maxVersions bounds what is remembered of one database's contents.
const maxVersions = 100

// remember notes contents that changed. The first version of a database that
// was there from the start counts from Since.
func (st *state) remember(now time.Time) {
	for _, in := range st.Instances {
		b := &in.Backups
		if b.History == nil {
			continue
		}
		for name, db := range in.Databases {
			if !db.Restored {
				continue
			}
			h := b.History[name]
			if n := len(h); n > 0 && !h[n-1].Gone && bytes.Equal(h[n-1].Contents, db.Contents) {
				continue
			}
			at := now
			if len(h) == 0 && db.Task == "" && db.Created.IsZero() {
				at = b.Since
			}
			h = append(h, Version{At: at, Contents: db.Contents, Bytes: db.DataBytes})
			b.History[name] = h[max(0, len(h)-maxVersions):]
		}
		for name, h := range b.History {
			if n := len(h); n > 0 && !h[n-1].Gone && (in.Databases[name] == nil || !in.Databases[name].Restored) {
				b.History[name] = append(h, Version{At: now, Gone: true})
			}
		}
	}
}

// at is what a database held at a moment; false when it was not there.
func (b *Backups) at(name string, t time.Time) (v Version, ok bool) {
	for have, h := range b.History {
		if !strings.EqualFold(have, name) {
			continue
		}
		for _, one := range h {
			if !one.At.After(t) {
				v, ok = one, true
			}
		}
	}
	return v, ok && !v.Gone
}

// names lists the databases that were there at a moment.
func (b *Backups) names(t time.Time) (out []string) {
	for name := range b.History {
		if _, ok := b.at(name, t); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (b *Backups) set(id string) *BackupSet {
	for _, s := range b.Sets {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// running is the job under way; nil without one.
func (b *Backups) running() *BackupJob {
	for _, j := range b.Jobs {
		if j.Ended.IsZero() {
			return j
		}
	}
	return nil
}

func (b Backups) copy() Backups {
	out := b
	out.Jobs, out.Sets, out.Restores, out.History = nil, nil, nil, map[string][]Version{}
	for _, j := range b.Jobs {
		own := *j
		out.Jobs = append(out.Jobs, &own)
	}
	for _, one := range b.Sets {
		own := *one
		out.Sets = append(out.Sets, &own)
	}
	for _, r := range b.Restores {
		own := *r
		out.Restores = append(out.Restores, &own)
	}
	for name, h := range b.History {
		out.History[name] = slices.Clone(h)
	}
	out.Logs, out.Policy.Days, out.Policy.Rows = slices.Clone(b.Logs), slices.Clone(b.Policy.Days), slices.Clone(b.Policy.Rows)
	return out
}
