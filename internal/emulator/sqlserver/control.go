package sqlserveremu

import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/door"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/product"
)

// DatabaseState is a database as the control door shows it.
type DatabaseState struct {
	Name      string                `json:"name"`
	State     string                `json:"state"`
	ReadOnly  bool                  `json:"read_only"`
	Access    string                `json:"access"`
	Recovery  bakfile.RecoveryModel `json:"recovery"`
	NextLSN   bakfile.LSN           `json:"next_lsn"`     // of the next log record
	RedoLSN   bakfile.LSN           `json:"redo_lsn"`     // while RESTORING: where the next log must join
	LastLog   bakfile.LSN           `json:"last_log_lsn"` // end of the last log backup
	Fork      bakfile.GUID          `json:"fork"`
	Family    bakfile.GUID          `json:"family"`
	LogBytes  int64                 `json:"log_bytes"` // not backed up
	Writable  bool                  `json:"writable"`
	Corrupted int                   `json:"corrupted"`
	Tables    map[string]TableSum   `json:"tables"`
}

// Databases shows the user databases by name.
func (s *Server) Databases() map[string]DatabaseState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]DatabaseState{}
	for _, db := range s.databases {
		if !db.system {
			out[db.name] = db.show()
		}
	}
	return out
}

func (db *database) show() DatabaseState {
	d := DatabaseState{Name: db.name, State: db.state.String(), ReadOnly: db.readOnly, Access: db.access, Recovery: db.recovery, NextLSN: db.next,
		LastLog: db.lastLog, Fork: db.fork, Family: db.family, LogBytes: int64(len(db.log)) * db.rowBytes, Writable: db.writable() == nil, Corrupted: db.corrupt}
	if db.redo != nil {
		d.RedoLSN = db.redo.at
	}
	d.Tables = db.tables.Contents(db.next).Sums()
	return d
}

// DatabaseNow shows one database.
func (s *Server) DatabaseNow(name string) (DatabaseState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(name)
	if db == nil {
		return DatabaseState{}, false
	}
	return db.show(), true
}

// PatchDatabase reports whether there is such a database.
func (s *Server) PatchDatabase(name string, p DatabasePatch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(name)
	if db == nil {
		return false
	}
	if p.Recovery != nil {
		db.setRecovery(*p.Recovery)
	}
	set(&db.corrupt, p.Corrupted)
	set(&db.deadlocks, p.Deadlocks)
	set(&db.readOnly, p.ReadOnly)
	set(&db.tde, p.Encrypted)
	if p.Features != nil {
		db.features = p.Features
	}
	if p.Size != nil {
		db.size = max(0, *p.Size)
	}
	for to, from := range map[*bool]*bool{&db.broker: p.Broker, &db.trustworthy: p.Trustworthy, &db.cdc: p.CDC, &db.published: p.Published, &db.tracking: p.Tracking} {
		if from != nil {
			*to = *from
		}
	}
	return true
}

// PatchLogin changes a login or makes a new one.
func (s *Server) PatchLogin(name string, p LoginPatch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.login(name)
	if l == nil {
		l = &Login{Name: name}
		s.logins = append(s.logins, l)
	}
	set(&l.Password, p.Password)
	set(&l.Sysadmin, p.Sysadmin)
	set(&l.Disabled, p.Disabled)
	if p.Roles != nil {
		l.Roles = p.Roles
	}
	if p.Server != nil {
		l.Server = p.Server
	}
}

// SetDisk changes what the disk does.
func (s *Server) SetDisk(d Disk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk = d
}

// SetServer changes edition, version and rate; empty and nil leave alone.
func (s *Server) SetServer(editionWord, version string, rate *int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.version
	if version != "" {
		var err error
		if v, err = product.ParseVersion(version); err != nil {
			return err
		}
	}
	if editionWord != "" {
		e, ok := product.EditionOf(editionWord, v[0])
		if !ok {
			return refusal(50000, 16, "edition %q is none that is emulated", editionWord)
		}
		s.edition = e
	}
	s.version = v
	set(&s.config.Rate, rate)
	return nil
}

// Rename gives the host another name without sp_addserver: @@SERVERNAME keeps
// the old one. msdb gets the new one: whether it does out there is not
// confirmed.
func (s *Server) Rename(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = name
}

// Cut breaks the connections of a login, or of everybody when it is empty. It
// reports how many.
func (s *Server) Cut(login string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.sessions {
		if login == "" || strings.EqualFold(o.login, login) {
			o.link.Cut()
			n++
		}
	}
	return n
}

// Heard lists the statements that clients sent, oldest first.
func (s *Server) Heard() []Heard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Heard{}, s.heard...)
}

// ControlPort is the control door.
func (s *Server) ControlPort() *control.Port { return s.controlPort }

// Control is the handler of the control door.
func (s *Server) Control() http.Handler { return s.controlPort.Control() }

func (s *Server) controls() {
	d := s.controlPort
	d.Refuse = door.Refuse
	d.OnReset = func() { s.SetDisk(Disk{}) }
	answer := func(w http.ResponseWriter, v any, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		control.WriteJSON(w, v)
	}
	found := func(w http.ResponseWriter, r *http.Request, v any, ok bool) {
		if !ok {
			http.NotFound(w, r)
			return
		}
		control.WriteJSON(w, v)
	}
	type none struct{}
	d.HandleFunc("GET /databases", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.Databases()) })
	d.HandleFunc("GET /databases/{name}", func(w http.ResponseWriter, r *http.Request) {
		db, ok := s.DatabaseNow(r.PathValue("name"))
		found(w, r, db, ok)
	})
	d.HandleFunc("PATCH /databases/{name}", func(w http.ResponseWriter, r *http.Request) {
		var p DatabasePatch
		if control.ReadJSON(w, r, &p) {
			found(w, r, none{}, s.PatchDatabase(r.PathValue("name"), p))
		}
	})
	d.HandleFunc("POST /databases/{name}/load", func(w http.ResponseWriter, r *http.Request) {
		in := struct {
			Rate float64 `json:"rate"`
		}{20}
		if control.ReadJSON(w, r, &in) {
			answer(w, none{}, s.Load(r.PathValue("name"), in.Rate))
		}
	})
	d.HandleFunc("DELETE /databases/{name}/load", func(w http.ResponseWriter, r *http.Request) {
		control.WriteJSON(w, s.StopLoad(r.PathValue("name")))
	})
	d.HandleFunc("GET /loads", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.Loads()) })
	d.HandleFunc("POST /databases/{name}/foreign", func(w http.ResponseWriter, r *http.Request) {
		in := struct {
			Login string `json:"login"`
			Path  string `json:"path"`
			Full  bool   `json:"full"`
			Lose  bool   `json:"lose"` // the file is deleted afterwards
		}{Login: "maintenance"}
		if !control.ReadJSON(w, r, &in) {
			return
		}
		name := r.PathValue("name")
		if in.Path == "" {
			in.Path = name + "_foreign_" + time.Now().UTC().Format("20060102150405.000000") + ".trn"
		}
		s.ensureLogin(in.Login)
		err := s.Backup(r.Context(), in.Login, name, in.Path, !in.Full)
		if err == nil && in.Lose {
			err = s.DeleteFile(in.Path)
		}
		answer(w, map[string]string{"path": in.Path}, err)
	})
	d.HandleFunc("POST /databases/{name}/snapshot", func(w http.ResponseWriter, r *http.Request) {
		in := struct {
			CopyOnly bool `json:"copy_only"`
		}{}
		if control.ReadJSON(w, r, &in) {
			s.ensureLogin("snapshots")
			answer(w, none{}, s.Snapshot("snapshots", r.PathValue("name"), in.CopyOnly))
		}
	})
	d.HandleFunc("POST /files/delete", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Path string `json:"path"`
		}
		if control.ReadJSON(w, r, &in) {
			answer(w, none{}, s.DeleteFile(in.Path))
		}
	})
	d.HandleFunc("POST /files/protect", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Path     string `json:"path"`
			Password string `json:"password"`
		}
		if control.ReadJSON(w, r, &in) {
			answer(w, none{}, s.Protect(in.Path, in.Password))
		}
	})
	d.HandleFunc("PATCH /logins/{name}", func(w http.ResponseWriter, r *http.Request) {
		var p LoginPatch
		if control.ReadJSON(w, r, &p) {
			s.PatchLogin(r.PathValue("name"), p)
			control.WriteJSON(w, none{})
		}
	})
	d.HandleFunc("PUT /disk", func(w http.ResponseWriter, r *http.Request) {
		var in Disk
		if control.ReadJSON(w, r, &in) {
			s.SetDisk(in)
			control.WriteJSON(w, none{})
		}
	})
	d.HandleFunc("PATCH /server", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Edition string `json:"edition"`
			Version string `json:"version"`
			Name    string `json:"name"`
			Rate    *int64 `json:"rate"`
		}
		if control.ReadJSON(w, r, &in) {
			if in.Name != "" {
				s.Rename(in.Name)
			}
			answer(w, none{}, s.SetServer(in.Edition, in.Version, in.Rate))
		}
	})
	d.HandleFunc("POST /cut", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Login string `json:"login"`
		}
		if control.ReadJSON(w, r, &in) {
			control.WriteJSON(w, map[string]int{"cut": s.Cut(in.Login)})
		}
	})
	s.groupControls(answer)
	d.HandleFunc("GET /statements", func(w http.ResponseWriter, _ *http.Request) { control.WriteJSON(w, s.Heard()) })
}

// ensureLogin makes a sysadmin for somebody who has no password.
func (s *Server) ensureLogin(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.login(name) == nil {
		s.logins = append(s.logins, &Login{Name: name, Password: newGUID().String(), Sysadmin: true})
	}
}

// Protect gives the media of a backup file a password.
func (s *Server) Protect(path, password string) error {
	real, err := s.reach(path)
	if err != nil {
		return err
	}
	set, err := media.Protect(real)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passwords[set] = password
	return nil
}

// DeleteFile removes a backup file, as somebody does who needs space.
func (s *Server) DeleteFile(path string) error {
	real, err := s.reach(path)
	if err != nil {
		return err
	}
	return os.Remove(real)
}
