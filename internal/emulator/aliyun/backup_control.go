package aliyunemu

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// BackupsPatch changes what is not nil: settings of the emulation, and the
// policy as somebody would in the console, past all rules.
type BackupsPatch struct {
	Policy        *BackupPolicy `json:"policy"` // zero fields of it stay as they are
	LogMinutes    *int          `json:"log_minutes"`
	Incremental   *bool         `json:"incremental"`
	Advanced      *bool         `json:"advanced"`
	LocalDisk     *bool         `json:"local_disk"`
	NoFiveMinutes *bool         `json:"no_five_minutes"`
	CrossRegion   *string       `json:"cross_region"`
	AdvancedByAPI *bool         `json:"advanced_by_api"`
	Fail          *bool         `json:"fail"`
	Hold          *bool         `json:"hold"`
	StopLogs      *bool         `json:"stop_logs"`
}

// PatchBackups changes the backup side of an instance.
func (s *Server) PatchBackups(id string, p BackupsPatch) (found bool) {
	s.catchUp()
	s.change(func() {
		in := s.st.Instances[id]
		if in == nil {
			return
		}
		found = true
		b, now := &in.Backups, s.now()
		if p.Policy != nil {
			b.console(*p.Policy, now)
		}
		if p.LogMinutes != nil && *p.LogMinutes > 0 && b.Policy.LogMinutes == 0 {
			b.LogTo = now.Truncate(time.Second)
		}
		assign(&b.Policy.LogMinutes, p.LogMinutes)
		assign(&b.Policy.Incremental, p.Incremental)
		assign(&b.Policy.Advanced, p.Advanced)
		assign(&b.LocalDisk, p.LocalDisk)
		assign(&b.NoFiveMinutes, p.NoFiveMinutes)
		assign(&b.CrossRegion, p.CrossRegion)
		assign(&b.AdvancedByAPI, p.AdvancedByAPI)
		assign(&b.Fail, p.Fail)
		assign(&b.StopLogs, p.StopLogs)
		if p.Hold != nil {
			b.hold(*p.Hold, now)
		}
	})
	return found
}

// console takes over what p has.
func (b *Backups) console(p BackupPolicy, now time.Time) {
	into := &b.Policy
	if p.Retention != 0 {
		into.Retention = p.Retention
	}
	if len(p.Days) > 0 {
		into.Days = p.Days
	}
	if validHour(p.Time) {
		into.Time = p.Time
	}
	if p.Method != "" {
		into.Method = p.Method
	}
	if p.Priority != 0 {
		into.Priority = p.Priority
	}
	if p.SnapshotMinutes != 0 {
		into.SnapshotMinutes = p.SnapshotMinutes
	}
	if len(p.Rows) > 0 {
		into.Rows = p.Rows
	}
	if p.LogRetention != 0 {
		into.LogRetention = p.LogRetention
	}
	if len(p.Days) > 0 || p.Time != "" {
		b.Slot = now
	}
}

// hold stops the job under way and those to come, or lets them go on.
func (b *Backups) hold(held bool, now time.Time) {
	b.Hold = held
	j := b.running()
	switch {
	case j == nil:
	case held && !j.Since.IsZero():
		j.Spent, j.Since = j.Spent+now.Sub(j.Since), time.Time{}
	case !held && j.Since.IsZero():
		j.Since = now
	}
}

// SetContents makes a database hold something, from now on, as if a person had
// worked with it.
func (s *Server) SetContents(instance, database string, contents json.RawMessage) (found bool) {
	s.catchUp()
	s.change(func() {
		in := s.st.Instances[instance]
		if in == nil {
			return
		}
		found = true
		db := in.database(database)
		if db == nil {
			db = &Database{Name: database, Restored: true, Created: s.now()}
			in.Databases[database] = db
		}
		db.Contents, db.DataBytes = contents, max(db.DataBytes, 8<<20)
	})
	return found
}

// Clock is what the control door tells of the clock that backups go by.
type Clock struct {
	Now     time.Time `json:"now"`
	AheadMS int64     `json:"ahead_ms"`
}

// Clock tells the clock that backups go by.
func (s *Server) Clock() Clock {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Clock{s.now(), s.st.Ahead.Milliseconds()}
}

func (s *Server) backupControls() {
	d := s.controlPort
	found := func(w http.ResponseWriter, r *http.Request, ok bool) {
		if !ok {
			http.NotFound(w, r)
			return
		}
		control.WriteJSON(w, struct{}{})
	}
	d.HandleFunc("PATCH /instances/{id}/backups", func(w http.ResponseWriter, r *http.Request) {
		var p BackupsPatch
		if control.ReadJSON(w, r, &p) {
			found(w, r, s.PatchBackups(r.PathValue("id"), p))
		}
	})
	d.HandleFunc("PUT /instances/{id}/databases/{name}/contents", func(w http.ResponseWriter, r *http.Request) {
		var contents json.RawMessage
		if control.ReadJSON(w, r, &contents) {
			found(w, r, s.SetContents(r.PathValue("id"), r.PathValue("name"), contents))
		}
	})
	d.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.Clock()) })
	d.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		var by struct {
			Forward string `json:"forward"` // such as 36h; at most 400 days
		}
		if !control.ReadJSON(w, r, &by) {
			return
		}
		d, err := time.ParseDuration(by.Forward)
		if err != nil || d < 0 || d > 400*24*time.Hour {
			http.Error(w, "forward is a duration from 0 to 9600h", http.StatusBadRequest)
			return
		}
		s.Forward(d)
		control.WriteJSON(w, s.Clock())
	})
}
