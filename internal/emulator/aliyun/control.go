package aliyunemu

import (
	"net/http"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// InstancePatch changes what is not nil.
type InstancePatch struct {
	Status           *string `json:"status"`
	LockMode         *string `json:"lock_mode"`
	LockReason       *string `json:"lock_reason"`
	Version          *string `json:"version"`
	Category         *string `json:"category"`
	StorageGB        *int64  `json:"storage_gb"`
	UsedBytes        *int64  `json:"used_bytes"`
	MaxDatabases     *int    `json:"max_databases"`
	NoAccount        *bool   `json:"no_account"`
	SyncCheckErrors  *bool   `json:"sync_check_errors"`
	AsyncCheckErrors *bool   `json:"async_check_errors"`
	OpenFails        *bool   `json:"open_fails"`
	LateNameCheck    *bool   `json:"late_name_check"`
}

// SettingsPatch changes what is not nil.
type SettingsPatch struct {
	StepMS        *int64 `json:"step_ms"`
	CheckStepMS   *int64 `json:"check_step_ms"`
	Rate          *int64 `json:"rate"`
	HidePending   *bool  `json:"hide_pending"`
	HideRestoring *bool  `json:"hide_restoring"`
}

// Created counts what CreateMigrateTask accepted.
type Created struct {
	Tasks int `json:"tasks"` // tasks made for a full file
	Files int `json:"files"` // files of all tasks
}

func assign[T any](into *T, v *T) {
	if v != nil {
		*into = *v
	}
}

// Patch changes an instance; it reports whether there is one.
func (s *Server) Patch(id string, p InstancePatch) (found bool) {
	s.change(func() {
		in := s.st.Instances[id]
		if in == nil {
			return
		}
		found = true
		assign(&in.Status, p.Status)
		assign(&in.LockMode, p.LockMode)
		assign(&in.LockReason, p.LockReason)
		assign(&in.Version, p.Version)
		assign(&in.Category, p.Category)
		assign(&in.StorageGB, p.StorageGB)
		assign(&in.UsedBytes, p.UsedBytes)
		assign(&in.MaxDatabases, p.MaxDatabases)
		assign(&in.NoAccount, p.NoAccount)
		assign(&in.SyncCheckErrors, p.SyncCheckErrors)
		assign(&in.AsyncCheckErrors, p.AsyncCheckErrors)
		assign(&in.OpenFails, p.OpenFails)
		assign(&in.LateNameCheck, p.LateNameCheck)
	})
	return found
}

// Settings changes the cloud as a whole.
func (s *Server) Settings(p SettingsPatch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.StepMS != nil {
		s.config.Step = time.Duration(*p.StepMS) * time.Millisecond
	}
	if p.CheckStepMS != nil {
		s.config.CheckStep = time.Duration(*p.CheckStepMS) * time.Millisecond
	}
	assign(&s.config.Rate, p.Rate)
	assign(&s.config.HidePending, p.HidePending)
	assign(&s.config.HideRestoring, p.HideRestoring)
}

// Hang stops a task between two steps, or lets it go on. An empty id means
// all tasks, also those still to come.
func (s *Server) Hang(id string, hang bool) (found bool) {
	s.change(func() {
		if id == "" {
			s.hangAll, found = hang, true
		}
		for _, t := range s.st.Tasks {
			if id == "" && (!hang || !t.over() || t.Checking) || t.ID == id {
				t.Hangs, found = hang, true
			}
		}
		if !hang {
			close(s.wake)
			s.wake = make(chan struct{})
		}
	})
	return found
}

// Instance is a copy of an instance as it is now.
func (s *Server) Instance(id string) (Instance, bool) {
	s.catchUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.st.Instances[id]
	if in == nil {
		return Instance{}, false
	}
	return in.copy(), true
}

func (in *Instance) copy() Instance {
	out := *in
	out.Calls = slices.Clone(in.Calls)
	out.Backups = in.Backups.copy()
	out.Databases = map[string]*Database{}
	for name, db := range in.Databases {
		own := *db
		own.AppliedSets = slices.Clone(db.AppliedSets)
		out.Databases[name] = &own
	}
	return out
}

// Tasks copies all tasks, oldest first.
func (s *Server) Tasks() []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Task, 0, len(s.st.Tasks))
	for _, t := range s.st.Tasks {
		own := *t
		own.Files = nil
		for _, f := range t.Files {
			file := *f
			own.Files = append(own.Files, &file)
		}
		out = append(out, own)
	}
	return out
}

// Created counts the tasks and files there are.
func (s *Server) Created() Created {
	var n Created
	for _, t := range s.Tasks() {
		n.Tasks++
		n.Files += len(t.Files)
	}
	return n
}

// SetRole authorises RDS to read an account's OSS, or with nil no longer.
func (s *Server) SetRole(account string, role *Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[account] = role
}

// SetDatabase adds a database that has nothing to do with a task, or removes
// one. It reports whether there is such an instance.
func (s *Server) SetDatabase(instance, name string, exists bool) (found bool) {
	s.change(func() {
		in := s.st.Instances[instance]
		if in == nil {
			return
		}
		found = true
		if exists {
			in.Databases[name] = &Database{Name: name, Restored: true, Created: time.Now().UTC()}
		} else {
			delete(in.Databases, name)
		}
	})
	return found
}

func (s *Server) controls() {
	done := func(w http.ResponseWriter, r *http.Request, found bool) {
		if !found {
			http.NotFound(w, r)
			return
		}
		control.WriteJSON(w, struct{}{})
	}
	d := s.controlPort
	d.HandleFunc("GET /instances", func(w http.ResponseWriter, _ *http.Request) {
		s.catchUp()
		s.mu.Lock()
		out := map[string]Instance{}
		for id, in := range s.st.Instances {
			out[id] = in.copy()
		}
		s.mu.Unlock()
		control.WriteJSON(w, out)
	})
	d.HandleFunc("GET /instances/{id}", func(w http.ResponseWriter, r *http.Request) {
		in, ok := s.Instance(r.PathValue("id"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		control.WriteJSON(w, in)
	})
	d.HandleFunc("PATCH /instances/{id}", func(w http.ResponseWriter, r *http.Request) {
		var p InstancePatch
		if control.ReadJSON(w, r, &p) {
			done(w, r, s.Patch(r.PathValue("id"), p))
		}
	})
	d.HandleFunc("PUT /instances/{id}/databases/{name}", func(w http.ResponseWriter, r *http.Request) {
		done(w, r, s.SetDatabase(r.PathValue("id"), r.PathValue("name"), true))
	})
	d.HandleFunc("DELETE /instances/{id}/databases/{name}", func(w http.ResponseWriter, r *http.Request) {
		done(w, r, s.SetDatabase(r.PathValue("id"), r.PathValue("name"), false))
	})
	d.HandleFunc("GET /tasks", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.Tasks()) })
	d.HandleFunc("GET /created", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.Created()) })
	for name, hang := range map[string]bool{"hang": true, "resume": false} {
		d.HandleFunc("POST /tasks/{id}/"+name, func(w http.ResponseWriter, r *http.Request) {
			done(w, r, s.Hang(r.PathValue("id"), hang))
		})
		d.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) { done(w, r, s.Hang("", hang)) })
	}
	d.HandleFunc("PUT /accounts/{id}/role", func(w http.ResponseWriter, r *http.Request) {
		var role Credential
		if control.ReadJSON(w, r, &role) {
			s.SetRole(r.PathValue("id"), &role)
			done(w, r, true)
		}
	})
	d.HandleFunc("DELETE /accounts/{id}/role", func(w http.ResponseWriter, r *http.Request) {
		s.SetRole(r.PathValue("id"), nil)
		done(w, r, true)
	})
	d.HandleFunc("PATCH /settings", func(w http.ResponseWriter, r *http.Request) {
		var p SettingsPatch
		if control.ReadJSON(w, r, &p) {
			s.Settings(p)
			done(w, r, true)
		}
	})
}
