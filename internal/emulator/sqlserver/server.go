package sqlserveremu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/msdb"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/product"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Server is one emulated SQL Server. Its state is in memory; backup files are
// real.
type Server struct {
	config      Config
	controlPort *control.Port
	wire        *tds.Server
	ca          []byte
	folders     []string
	fold        value.Collation
	started     time.Time
	skipped     atomic.Int64 // nanoseconds that the clock was put forward

	service managed.Service // nil where people run the server themselves

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup // connections and loads

	mu        *sync.Mutex        // guards everything below; replicas of a group share it
	group     *group.Group       // nil outside of one
	peers     map[string]*Server // the group's servers by name
	name      string
	version   product.Version
	edition   product.Edition
	logins    []*Login
	databases map[string]*database // by lower-case name
	sessions  map[int]*session
	loads     map[string]*load
	history   msdb.History
	disk      Disk
	passwords map[bakfile.GUID]string // of media sets
	nextID    int
	nextSPID  int
	heard     []Heard
}

const (
	maxHeard     = 5000
	maxHeardText = 4000
)

// New makes a server that listens nowhere yet.
func New(c Config) (*Server, error) {
	c.Name = cmp.Or(c.Name, "EMULATED")
	c.Version = cmp.Or(c.Version, "16.0.4165.4")
	c.Edition = cmp.Or(c.Edition, "developer")
	c.Collation = cmp.Or(c.Collation, collationName)
	c.DataFolder = cmp.Or(c.DataFolder, "/var/opt/mssql/data")
	c.DataFree = cmp.Or(c.DataFree, 100<<30)
	if len(c.Logins) == 0 {
		c.Logins = []Login{{Name: "sa", Password: "Emulated-1", Sysadmin: true}}
	}
	s := &Server{mu: &sync.Mutex{}, config: c, controlPort: control.New(), name: c.Name, started: time.Now(), databases: map[string]*database{},
		sessions: map[int]*session{}, passwords: map[bakfile.GUID]string{}, loads: map[string]*load{}, nextSPID: 51}
	s.fold = value.Collation{CaseSensitive: strings.Contains(c.Collation, "_CS_") || strings.Contains(c.Collation, "_BIN")}
	s.ctx, s.stop = context.WithCancel(context.Background())
	var err error
	if s.version, err = product.ParseVersion(c.Version); err != nil {
		return nil, err
	}
	var ok bool
	if s.edition, ok = product.EditionOf(c.Edition, s.version[0]); !ok {
		return nil, fmt.Errorf("edition %q is none that is emulated", c.Edition)
	}
	for _, f := range append([]string{c.BackupFolder}, c.Folders...) {
		if f == "" {
			return nil, errors.New("a backup folder is needed")
		}
		abs, err := filepath.Abs(f)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return nil, fmt.Errorf("backup folder: %w", err)
		}
		s.folders = append(s.folders, abs)
	}
	s.config.BackupFolder = s.folders[0]
	for _, l := range c.Logins {
		s.logins = append(s.logins, &l)
	}
	for i, name := range []string{"master", "tempdb", "model", "msdb"} {
		db := s.newDatabase(name, 4<<20)
		db.system, db.id = true, i+1
		db.recovery = bakfile.RecoverySimple
		s.databases[name] = db
	}
	s.nextID = 4
	for _, spec := range c.Databases {
		if err := s.add(spec); err != nil {
			return nil, fmt.Errorf("database %s: %w", spec.Name, err)
		}
	}
	s.remember()
	config, ca, err := tds.Certificate(machine(c.Name))
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	s.ca = ca
	s.wire = &tds.Server{Name: c.Name, TLS: config, Encryption: c.Encryption, Open: s.open, Version: s.wireVersion}
	if c.Encryption == tds.EncryptionMissing {
		s.wire.TLS = nil
	}
	s.controls()
	return s, nil
}

func machine(server string) string {
	name, _, _ := strings.Cut(server, `\`)
	return name
}

func (s *Server) wireVersion() [4]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [4]byte{byte(s.version[0]), byte(s.version[1]), byte(s.version[2] >> 8), byte(s.version[2])}
}

// now is the server's local time.
func (s *Server) now() time.Time {
	return s.utc().Add(s.config.UTCOffset)
}

func (s *Server) newDatabase(name string, size int64) *database {
	s.nextID++
	fork := newGUID()
	return &database{id: s.nextID, name: name, owner: "sa", created: s.now(), access: "MULTI_USER", recovery: bakfile.RecoveryFull,
		verify: "CHECKSUM", compat: 10 * s.version[0], size: size, rowBytes: 512, files: newFiles(name, s.config.DataFolder, size),
		tables: contents.Tables{}, next: bakfile.LSN{VLF: 33 + uint32(s.nextID), Block: 64, Slot: 1}, family: fork, fork: fork, binding: newGUID(),
		changed: map[extent]bool{}}
}

// add makes a database of the configuration.
func (s *Server) add(spec DatabaseSpec) error {
	if spec.Name == "" || s.databases[s.key(spec.Name)] != nil {
		return errors.New("the name is empty or taken")
	}
	db := s.newDatabase(spec.Name, cmp.Or(spec.Size, 1<<20))
	db.created = s.now().AddDate(0, -1, 0)
	db.rowBytes = cmp.Or(spec.RowBytes, 512)
	db.features, db.tde, db.contained = spec.Features, spec.Encrypted, spec.Contained
	db.hold(spec.Containers, s.config.DataFolder)
	for _, t := range spec.Tables {
		t.Schema = cmp.Or(t.Schema, "dbo")
		if len(t.Columns) == 0 {
			t.Columns = contents.DefaultColumns
		}
		db.change(Change{At: s.now(), Kind: contents.CreateTable, Table: t.Schema + "." + t.Name, Columns: t.Columns})
		for id := int64(1); id <= int64(t.Rows); id++ {
			db.change(Change{At: s.now(), Kind: contents.PutRow, Table: t.Schema + "." + t.Name, ID: id, Values: contents.Generated(t.Columns, id, 0)})
			if id%10 == 0 {
				db.flush()
			}
		}
	}
	if spec.Recovery != "" {
		db.recovery = spec.Recovery
	}
	if !spec.Unbacked && db.recovery != bakfile.RecoverySimple {
		// A full backup was taken once, on media that are long gone.
		db.lastLog, db.lastLogAt = db.checkpoint(), s.now()
		db.logBegan = db.lastLog
		db.base = base{newGUID(), db.lastLog, s.now()}
		db.changed = map[extent]bool{}
	}
	s.databases[s.key(spec.Name)] = db
	return nil
}

// key is a database's name as the collation compares it.
func (s *Server) key(name string) string { return s.fold.Fold(name) }

// find looks a database up; the lock is held.
func (s *Server) find(name string) *database {
	return s.databases[s.key(name)]
}

// sorted lists the databases by id; the lock is held.
func (s *Server) sorted() []*database {
	out := make([]*database, 0, len(s.databases))
	for _, db := range s.databases {
		out = append(out, db)
	}
	slices.SortFunc(out, func(a, b *database) int { return a.id - b.id })
	return out
}

// using lists sessions other than but that have the database open; loads
// count, but for those that a restricted database keeps out. The lock is held.
func (s *Server) using(db *database, but *session) (out []*session) {
	for _, o := range s.sessions {
		if o != but && o.database == db.name {
			out = append(out, o)
		}
	}
	return out
}

// busy reports whether the database is open elsewhere; the lock is held.
func (s *Server) busy(db *database, but *session) bool {
	l := s.loads[s.key(db.name)]
	return len(s.using(db, but)) > 0 || l != nil && l.inside(db)
}

// reach gives the file of this machine behind a path, when it lies in a folder
// of the service account; otherwise the system error that stands in the way.
func (s *Server) reach(path string) (string, error) {
	if strings.HasPrefix(path, `\\`) {
		return "", media.OSError(53)
	}
	if !filepath.IsAbs(path) {
		if strings.ContainsAny(path, `:\`) {
			return "", media.OSError(3)
		}
		path = filepath.Join(s.config.BackupFolder, path)
	}
	path = filepath.Clean(path)
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", media.OSError(3)
	}
	real := filepath.Join(parent, filepath.Base(path))
	if target, err := filepath.EvalSymlinks(real); err == nil {
		real = target
	}
	s.mu.Lock()
	denied := s.disk.Denied
	s.mu.Unlock()
	for _, f := range s.folders {
		if !denied && (real == f || strings.HasPrefix(real, f+string(filepath.Separator))) {
			return real, nil
		}
	}
	return "", media.OSError(5)
}
