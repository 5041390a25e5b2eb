package aliyunemu

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Instance is one ApsaraDB RDS for SQL Server instance.
type Instance struct {
	ID           string               `json:"id"`
	Description  string               `json:"description"`
	Account      string               `json:"account"`
	Region       string               `json:"region"`
	Version      string               `json:"version"`  // EngineVersion, such as 2019_std_ha
	Category     string               `json:"category"` // Basic, HighAvailability, AlwaysOn
	StorageGB    int64                `json:"storage_gb"`
	UsedBytes    int64                `json:"used_bytes"`
	MaxDatabases int                  `json:"max_databases"` // DBMaxQuantity
	Status       string               `json:"status"`        // empty = Running
	LockMode     string               `json:"lock_mode"`     // empty = Unlock
	LockReason   string               `json:"lock_reason,omitempty"`
	Databases    map[string]*Database `json:"databases"`

	// What tasks on it run into.
	NoAccount        bool `json:"no_account,omitempty"`         // no privileged account: the restore succeeds and says so
	SyncCheckErrors  bool `json:"sync_check_errors,omitempty"`  // the synchronous DBCC finds errors
	AsyncCheckErrors bool `json:"async_check_errors,omitempty"` // the asynchronous DBCC finds errors
	OpenFails        bool `json:"open_fails,omitempty"`         // features of another edition
	LateNameCheck    bool `json:"late_name_check,omitempty"`    // a taken name fails the task, not the call

	Calls []accepted `json:"calls,omitempty"` // CreateMigrateTask of the last day

	Backups Backups `json:"backups"` // what the service backs up by itself and by order
}

type accepted struct {
	At       time.Time `json:"at"`
	Database string    `json:"database"`
}

// Database is a database on an instance.
type Database struct {
	Name     string    `json:"name"`
	Restored bool      `json:"restored"` // open; false = Restoring or In Recovery
	Task     string    `json:"task,omitempty"`
	Created  time.Time `json:"created"`

	LastLSN     bakfile.LSN  `json:"last_lsn"` // where the next log must join
	Fork        bakfile.GUID `json:"fork"`     // recovery fork it is on
	Family      bakfile.GUID `json:"family"`
	Base        bakfile.GUID `json:"base"` // set of the full backup, for differentials
	CopyOnly    bool         `json:"copy_only,omitempty"`
	DataBytes   int64        `json:"data_bytes"`
	AppliedSets []AppliedSet `json:"applied_sets"`
	ReadOnly    bool         `json:"read_only,omitempty"` // as the last set was taken
	// Contents is what Config.Contents found in the file applied last.
	Contents json.RawMessage `json:"contents,omitempty"`
}

// AppliedSet is one backup set that became part of a database.
type AppliedSet struct {
	SetGUID  bakfile.GUID `json:"set_guid"`
	Type     string       `json:"type"`
	FirstLSN bakfile.LSN  `json:"first_lsn"`
	LastLSN  bakfile.LSN  `json:"last_lsn"`
	Object   string       `json:"object"` // bucket/key
	Bytes    int64        `json:"bytes"`
	At       time.Time    `json:"at"`
}

// Task is one restore.
type Task struct {
	ID          string    `json:"id"`
	TaskID      string    `json:"task_id"` // of the last call
	Instance    string    `json:"instance"`
	Database    string    `json:"database"`
	BackupMode  string    `json:"backup_mode"`
	Check       string    `json:"check,omitempty"`
	Status      string    `json:"status"`
	Created     time.Time `json:"created"`
	Ended       time.Time `json:"ended"`
	Description string    `json:"description"`
	Opening     bool      `json:"opening,omitempty"`
	Checking    bool      `json:"checking,omitempty"` // the asynchronous DBCC is under way
	Files       []*File   `json:"files"`
	Hangs       bool      `json:"hangs,omitempty"`
}

// File is one file given to a task.
type File struct {
	Endpoint    string    `json:"endpoint"`
	Bucket      string    `json:"bucket"`
	Key         string    `json:"key"`
	Size        int64     `json:"size"`
	Downloaded  int64     `json:"downloaded"`
	BackupMode  string    `json:"backup_mode"`
	Status      string    `json:"status"`
	Created     time.Time `json:"created"`
	Ended       time.Time `json:"ended"`
	Description string    `json:"description"`
}

type state struct {
	Next      int64                `json:"next"`
	Instances map[string]*Instance `json:"instances"`
	Order     []string             `json:"order"` // instance ids as configured
	Tasks     []*Task              `json:"tasks"`
	Tokens    map[string]tokenUse  `json:"tokens"`

	Ahead   time.Duration `json:"ahead,omitempty"`    // of the clock that backups go by, before the machine's
	LinkKey []byte        `json:"link_key,omitempty"` // signs download links
}

type tokenUse struct {
	Request string    `json:"request"` // what was asked under the token
	At      time.Time `json:"at"`
}

// load reads the state file and adds configured instances that it lacks.
func load(c Config) (*state, error) {
	st := &state{Next: 1_000_000}
	if c.File != "" {
		b, err := os.ReadFile(c.File)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("read emulator state: %w", err)
		default:
			if err := json.Unmarshal(b, st); err != nil {
				return nil, fmt.Errorf("read emulator state %s: %w", c.File, err)
			}
		}
	}
	if st.Instances == nil {
		st.Instances = map[string]*Instance{}
	}
	if st.Tokens == nil {
		st.Tokens = map[string]tokenUse{}
	}
	if len(st.LinkKey) == 0 {
		if !c.Clock.IsZero() {
			st.Ahead = time.Until(c.Clock)
		}
		st.LinkKey = make([]byte, 32)
		_, _ = rand.Read(st.LinkKey)
	}
	for _, in := range st.Instances {
		in.Backups.begin(in, time.Now().UTC().Add(st.Ahead))
	}
	for _, in := range c.Instances {
		if st.Instances[in.ID] != nil {
			continue
		}
		if in.Status == "" {
			in.Status = "Running"
		}
		if in.LockMode == "" {
			in.LockMode = "Unlock"
		}
		databases := map[string]*Database{}
		for name, db := range in.Databases {
			own := *db
			own.Name, own.Restored = name, true
			databases[name] = &own
		}
		in.Databases = databases
		in.Backups.begin(&in, time.Now().UTC().Add(st.Ahead))
		st.Instances[in.ID] = &in
		st.Order = append(st.Order, in.ID)
	}
	return st, nil
}

// save writes the state beside the file and renames it into place.
func (st *state) save(file string) error {
	if file == "" {
		return nil
	}
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".state-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// id gives the next number as text.
func (st *state) id() string {
	st.Next++
	return fmt.Sprint(st.Next)
}

func (st *state) task(instance, id string) *Task {
	for _, t := range st.Tasks {
		if t.ID == id && t.Instance == instance {
			return t
		}
	}
	return nil
}

// free is what is left of the instance's storage, in bytes.
func (in *Instance) free() int64 {
	left := in.StorageGB<<30 - in.UsedBytes
	for _, db := range in.Databases {
		left -= db.DataBytes
	}
	return max(left, 0)
}

// used is what the instance reports as used.
func (in *Instance) used() int64 { return in.StorageGB<<30 - in.free() }

// Bounds of what is remembered; the service itself forgets sooner.
const (
	maxTasks  = 5000
	maxTokens = 5000
)

// trim forgets the oldest finished tasks and the oldest tokens.
func (st *state) trim(now time.Time) {
	if len(st.Tasks) > maxTasks {
		kept := st.Tasks[:0]
		drop := len(st.Tasks) - maxTasks
		for _, t := range st.Tasks {
			if drop > 0 && (t.Status == "Success" || t.Status == "Failed") {
				drop--
				continue
			}
			kept = append(kept, t)
		}
		st.Tasks = kept
	}
	if len(st.Tokens) > maxTokens {
		for token, use := range st.Tokens {
			if now.Sub(use.At) > 24*time.Hour {
				delete(st.Tokens, token)
			}
		}
	}
	for _, in := range st.Instances {
		kept := in.Calls[:0]
		for _, c := range in.Calls {
			if now.Sub(c.At) < 24*time.Hour {
				kept = append(kept, c)
			}
		}
		in.Calls = kept
	}
}
