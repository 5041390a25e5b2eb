package smcemu

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// SourcePatch changes what is not nil.
type SourcePatch struct {
	Offline   *bool   `json:"offline"`
	ErrorCode *string `json:"error_code"`
	Status    *string `json:"status"` // StatusInfo, when it is in error
	Changed   *int64  `json:"changed"`
	UsedBytes *int64  `json:"used_bytes"` // of the last partition of the last disk
}

// JobPatch changes what is not nil. Trouble with an empty phase takes it away.
type JobPatch struct {
	Trouble *Trouble   `json:"trouble"`
	Hangs   *bool      `json:"hangs"`
	Valid   *time.Time `json:"valid"`
	Status  *string    `json:"status"` // such as a word that no page knows
	Code    *string    `json:"code"`
	Info    *string    `json:"info"`
}

func assign[T any](into *T, v *T) {
	if v != nil {
		*into = *v
	}
}

// Settings changes the service as a whole.
func (s *Server) Settings(p SettingsPatch) {
	s.change(func(time.Time) {
		set := &s.st.Settings
		assign(&set.StartWaiting, p.StartWaiting)
		assign(&set.ExpireWaiting, p.ExpireWaiting)
		assign(&set.NoRole, p.NoRole)
		assign(&set.Unverified, p.Unverified)
		assign(&set.NoBalance, p.NoBalance)
		assign(&set.VerifyUnmarked, p.VerifyUnmarked)
		assign(&set.VerifyFails, p.VerifyFails)
		assign(&set.VerifyHangs, p.VerifyHangs)
		assign(&set.Jobs, p.Jobs)
		assign(&set.Running, p.Running)
		assign(&set.VPCs, p.VPCs)
		assign(&set.OwnVPCs, p.OwnVPCs)
		if p.Pace != nil && *p.Pace > 0 {
			s.pace = *p.Pace
		}
	})
}

// Source changes a source; it reports whether there is one.
func (s *Server) Source(id string, p SourcePatch) (found bool) {
	s.change(func(time.Time) {
		src := s.st.Sources[id]
		if found = src != nil; !found {
			return
		}
		assign(&src.Offline, p.Offline)
		assign(&src.ErrorCode, p.ErrorCode)
		assign(&src.Status, p.Status)
		assign(&src.Changed, p.Changed)
		if p.UsedBytes != nil && len(src.Disks) > 0 {
			if parts := src.Disks[len(src.Disks)-1].Parts; len(parts) > 0 {
				parts[len(parts)-1].UsedBytes = *p.UsedBytes
			}
		}
	})
	return found
}

// Register lets the agent of a source register, with an activation code if it
// names one that has room.
func (s *Server) Register(src Source) {
	s.change(func(now time.Time) {
		if src.Created.IsZero() {
			src.Created = now
		}
		if t := s.st.Tokens[src.Token]; t != nil {
			t.Registered++
		}
		s.st.Sources[src.ID] = &src
	})
}

// Job changes a job; it reports whether there is one.
func (s *Server) Job(id string, p JobPatch) (found bool) {
	s.change(func(now time.Time) {
		j := s.st.Jobs[id]
		if found = j != nil; !found {
			return
		}
		if p.Trouble != nil {
			if j.Trouble = p.Trouble; p.Trouble.Phase == "" {
				j.Trouble = nil
			}
		}
		if p.Hangs != nil && *p.Hangs != j.Hangs {
			if *p.Hangs {
				j.Spent += max(now.Sub(j.Since), 0)
			}
			j.Since, j.Hangs = now, *p.Hangs
		}
		assign(&j.Valid, p.Valid)
		assign(&j.Status, p.Status)
		assign(&j.ErrorCode, p.Code)
		assign(&j.StatusInfo, p.Info)
	})
	return found
}

// DropJob deletes a job as somebody would in the console, at once.
func (s *Server) DropJob(id string) {
	s.change(func(time.Time) {
		if j := s.st.Jobs[id]; j != nil {
			s.release(j)
			delete(s.st.Jobs, id)
		}
	})
}

// AddImage adds an image that somebody made; it returns its id.
func (s *Server) AddImage(i Image) (id string) {
	s.change(func(now time.Time) {
		i.ID, i.Created = s.st.id("m"), now
		s.st.Images[i.ID], id = &i, i.ID
	})
	return id
}

// ReleaseInstance releases an instance as somebody would in the console.
func (s *Server) ReleaseInstance(id string) {
	s.change(func(time.Time) { delete(s.st.Instances, id) })
}

// State is a copy of everything, as it is now.
func (s *Server) State() (out State) {
	s.change(nil)
	s.mu.Lock()
	b, err := json.Marshal(s.st)
	s.mu.Unlock()
	if err == nil {
		_ = json.Unmarshal(b, &out)
	}
	return out
}

// State is what the service holds, by id.
type State struct {
	Settings   Settings               `json:"settings"`
	Sources    map[string]Source      `json:"sources"`
	Jobs       map[string]Job         `json:"jobs"`
	Images     map[string]Image       `json:"images"`
	Instances  map[string]Instance    `json:"instances"`
	Tokens     map[string]AccessToken `json:"tokens"`
	Executions map[string]Execution   `json:"executions"`
}

// controls adds the paths of this emulator to the control door.
func (s *Server) controls() {
	p := s.controlPort
	done := func(w http.ResponseWriter, found bool) {
		if !found {
			http.Error(w, "there is no such thing", http.StatusNotFound)
			return
		}
		control.WriteJSON(w, struct{}{})
	}
	p.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.State()) })
	p.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) {
		control.WriteJSON(w, map[string]time.Time{"now": s.Now()})
	})
	p.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Forward string `json:"forward"`
		}
		if !control.ReadJSON(w, r, &in) {
			return
		}
		d, err := time.ParseDuration(in.Forward)
		if err != nil || d < 0 {
			http.Error(w, "forward must be a duration such as 36h", http.StatusBadRequest)
			return
		}
		s.Forward(d)
		control.WriteJSON(w, map[string]time.Time{"now": s.Now()})
	})
	p.HandleFunc("PATCH /settings", func(w http.ResponseWriter, r *http.Request) {
		var in SettingsPatch
		if control.ReadJSON(w, r, &in) {
			s.Settings(in)
			done(w, true)
		}
	})
	p.HandleFunc("PATCH /sources/{id}", func(w http.ResponseWriter, r *http.Request) {
		var in SourcePatch
		if control.ReadJSON(w, r, &in) {
			done(w, s.Source(r.PathValue("id"), in))
		}
	})
	p.HandleFunc("POST /sources", func(w http.ResponseWriter, r *http.Request) {
		var in Source
		if control.ReadJSON(w, r, &in) {
			s.Register(in)
			done(w, true)
		}
	})
	p.HandleFunc("PATCH /jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		var in JobPatch
		if control.ReadJSON(w, r, &in) {
			done(w, s.Job(r.PathValue("id"), in))
		}
	})
	p.HandleFunc("DELETE /jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.DropJob(r.PathValue("id"))
		done(w, true)
	})
	p.HandleFunc("POST /images", func(w http.ResponseWriter, r *http.Request) {
		var in Image
		if control.ReadJSON(w, r, &in) {
			control.WriteJSON(w, map[string]string{"id": s.AddImage(in)})
		}
	})
	p.HandleFunc("DELETE /instances/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.ReleaseInstance(r.PathValue("id"))
		done(w, true)
	})
}
