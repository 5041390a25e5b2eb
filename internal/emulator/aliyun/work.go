package aliyunemu

import (
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// begin runs a task in the background until it ends or the server closes.
func (s *Server) begin(f func()) {
	if s.ctx.Err() != nil {
		return // goes on with the next New
	}
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		f()
	}()
}

// resume goes on with what was under way when the state was saved. A file
// that was half done is fetched again.
func (s *Server) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.st.Tasks {
		switch {
		case t.Checking:
			s.begin(func() { s.asyncCheck(t) })
		case t.over() || t.Status == "Waiting":
		case t.Opening:
			s.begin(func() { s.open(t) })
		default:
			last := len(t.Files) - 1
			if last < 0 {
				continue
			}
			t.Files[last].Status = "NoStart"
			s.begin(func() { s.restore(t, last) })
		}
	}
}

// pause says which of the configured times passes before a step.
type pause int

const (
	none pause = iota
	stage
	dbcc
)

// step lets a stage of a task last, stops while the task hangs, and then runs
// f with the state locked. It reports false when the task was terminated, f
// ended it, or the server closes: the caller has nothing more to do.
func (s *Server) step(t *Task, p pause, f func() bool) bool {
	s.mu.Lock()
	d := map[pause]time.Duration{stage: s.config.Step, dbcc: s.config.CheckStep}[p]
	s.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
		return false
	}
	for {
		s.mu.Lock()
		hangs, wake := t.Hangs, s.wake
		s.mu.Unlock()
		if !hangs {
			break
		}
		select {
		case <-wake:
		case <-s.ctx.Done():
			return false
		}
	}
	goOn := false
	s.change(func() {
		if t.Hangs || t.Status == "Failed" || s.ctx.Err() != nil {
			return
		}
		goOn = f()
	})
	return goOn
}

// end finishes a task. What is not open yet goes with a failed one.
func (s *Server) end(t *Task, status, description string) {
	t.Status, t.Description, t.Ended, t.Opening, t.Checking = status, description, time.Now().UTC(), false, false
	in := s.st.Instances[t.Instance]
	if status == "Failed" && in != nil {
		if db := in.database(t.Database); db != nil && !db.Restored && db.Task == t.ID {
			delete(in.Databases, db.Name)
		}
		for _, f := range t.Files {
			if f.Ended.IsZero() {
				f.Ended = t.Ended
			}
		}
	}
}

// fail ends the work on a file. The task ends with it when it was the full
// one, and else waits for the right file.
func (s *Server) fail(t *Task, f *File, status, description string) bool {
	f.Status, f.Description, f.Ended = status, description, time.Now().UTC()
	if f == t.Files[0] {
		s.end(t, "Failed", description)
	} else {
		t.Status, t.Description = "Waiting", description
	}
	return false
}

// restore takes file i of a task through download, check and restore.
func (s *Server) restore(t *Task, i int) {
	var f *File
	var in *Instance
	var role *Credential
	var region string
	if !s.step(t, stage, func() bool {
		f, in = t.Files[i], s.st.Instances[t.Instance]
		if in == nil {
			return false
		}
		t.Status, f.Status, f.Downloaded = "Running", "Downloading", 0
		role, region = s.roles[in.Account], in.Region
		return true
	}) {
		return
	}

	// Fetch the file, over HTTP.
	failed := func(err error) {
		if s.ctx.Err() != nil {
			return
		}
		s.step(t, none, func() bool {
			return s.fail(t, f, "DownloadFailed", fmt.Sprintf("Failed to download %s from OSS bucket %s: %v.", path.Base(f.Key), f.Bucket, err))
		})
	}
	if role == nil {
		failed(fmt.Errorf("the role AliyunRDSImportRole does not exist or is not authorised"))
		return
	}
	object, err := s.objects.Open(s.ctx, Position{f.Endpoint, f.Bucket, f.Key}, *role, region)
	if err != nil {
		failed(err)
		return
	}
	if !s.step(t, stage, func() bool {
		f.Size = object.Size()
		if left := in.free(); left < f.Size {
			return s.fail(t, f, "DownloadFailed", fmt.Sprintf("Not Enough Disk Space, space left %d MB < bak file %d MB.", mb(left), mb(f.Size)))
		}
		return true
	}) {
		return
	}
	progress := func(n int64) {
		s.mu.Lock() // not worth a write of the state
		f.Downloaded = n
		s.mu.Unlock()
	}
	if err := download(s.ctx, object, s.rate(), progress); err != nil {
		failed(err)
		return
	}
	if !s.step(t, stage, func() bool { f.Status = "Finished"; return true }) {
		return
	}

	// Look at what it really is.
	content := readerAt{s.ctx, object}
	file, err := bakfile.Read(content, object.Size())
	if s.ctx.Err() != nil {
		return
	}
	var set *bakfile.Set
	if !s.step(t, stage, func() bool {
		var text string
		if set, text = verify(file, err, f.Key, in.major()); text != "" {
			return s.fail(t, f, "CheckFailed", text)
		}
		f.BackupMode = fileMode(set.Type)
		if text := fits(set, f.Key, i == 0); text != "" {
			return s.fail(t, f, "CheckFailed", text)
		}
		f.Status = "CheckSuccess"
		return true
	}) {
		return
	}
	var contents json.RawMessage
	if s.config.Contents != nil {
		if contents, err = s.config.Contents(s.contentsOf(in.ID, t.Database), file, content); err != nil {
			failed(err)
			return
		}
	}

	// Restore it.
	if !s.step(t, stage, func() bool {
		f.Status = "Restoring"
		if i > 0 {
			return true
		}
		return s.room(t, f, in, set)
	}) {
		return
	}
	full := false
	if !s.step(t, stage, func() bool {
		db := in.database(t.Database)
		if db == nil {
			return s.fail(t, f, "RestoreFailed", fmt.Sprintf("Database '%s' does not exist.", t.Database))
		}
		if i > 0 {
			if text := db.apply(set); text != "" {
				return s.fail(t, f, "RestoreFailed", text)
			}
		}
		if len(contents) > 0 {
			db.Contents = contents
		}
		db.ReadOnly = set.Flags&flagReadOnly != 0
		now := time.Now().UTC()
		db.AppliedSets = append(db.AppliedSets, AppliedSet{SetGUID: set.SetGUID, Type: set.Type.String(), FirstLSN: set.FirstLSN,
			LastLSN: set.LastLSN, Object: f.Bucket + "/" + f.Key, Bytes: f.Size, At: now})
		f.Status, f.Ended = "Restored", now
		if full = t.BackupMode == "FULL"; full {
			t.Opening = true
		} else {
			t.Status, t.Description = "Waiting", ""
		}
		return true
	}) {
		return
	}
	if full {
		s.open(t)
	}
}

// flagReadOnly is the bit of HEADERONLY's Flags for a read-only database
// (documentation page "RESTORE HEADERONLY").
const flagReadOnly = 4

// room makes the database, if the instance has room for it. The state is locked.
func (s *Server) room(t *Task, f *File, in *Instance, set *bakfile.Set) bool {
	db := base(t.Database, set)
	left := in.free()
	switch old := in.database(t.Database); {
	case old != nil && old.Task == t.ID && !old.Restored:
		delete(in.Databases, old.Name) // begun before a restart
	case old != nil:
		return s.fail(t, f, "RestoreFailed", textExists(t.Database))
	case in.MaxDatabases > 0 && len(in.Databases) >= in.MaxDatabases:
		return s.fail(t, f, "RestoreFailed", textCount(t.Database))
	case left < db.DataBytes:
		return s.fail(t, f, "RestoreFailed", fmt.Sprintf("Not Enough Disk Space for restoring, space left (%d MB) < needed (%d MB).", mb(left), mb(db.DataBytes)))
	}
	db.Task, db.Created = t.ID, time.Now().UTC()
	in.Databases[t.Database] = db
	return true
}

// open brings a restored database online.
func (s *Server) open(t *Task) {
	if t.Check == "SyncExecuteDBCheck" {
		if !s.step(t, dbcc, func() bool {
			if s.st.Instances[t.Instance].SyncCheckErrors {
				s.end(t, "Failed", textSyncCheck)
				return false
			}
			return true
		}) {
			return
		}
	}
	check := false
	if !s.step(t, stage, func() bool {
		in := s.st.Instances[t.Instance]
		db := in.database(t.Database)
		if in.OpenFails || db == nil {
			s.end(t, "Failed", fmt.Sprintf("Failed to open database %s.", t.Database))
			return false
		}
		db.Restored = true
		if s.config.Opened != nil {
			s.config.Opened(t.Instance, db.Name, db.Contents, db.ReadOnly)
		}
		text := ""
		if in.NoAccount {
			text = textNoAccount(t.Database)
		}
		s.end(t, "Success", text)
		check = t.Check != "SyncExecuteDBCheck"
		t.Checking = check
		return true
	}) {
		return
	}
	if check {
		s.asyncCheck(t)
	}
}

// asyncCheck adds the result of DBCC CHECKDB to a task that has succeeded.
func (s *Server) asyncCheck(t *Task) {
	s.step(t, dbcc, func() bool {
		t.Checking = false
		in := s.st.Instances[t.Instance]
		text := textChecked
		if in.AsyncCheckErrors {
			text = textAsyncCheck(t.Database)
		}
		if t.Description != "" {
			text = t.Description + " " + text
		}
		t.Description = text
		return true
	})
}

func (s *Server) rate() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config.Rate
}

// contentsOf is what a database holds before the next file.
func (s *Server) contentsOf(instance, database string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.st.Instances[instance]; in != nil {
		if db := in.database(database); db != nil {
			return db.Contents
		}
	}
	return nil
}
