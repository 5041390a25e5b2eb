package sqlserver

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// works are the restores and checks that run in this process, one for each
// database, and how the last one ended. The truth of a restore is on the
// server; what is lost with the process is how far a statement was and what an
// asynchronous check found.
type works struct {
	running sync.WaitGroup

	mu     sync.Mutex
	byName map[string]*work // by lower-case name
}

// work is one of them. The fields are guarded by works.mu.
type work struct {
	verb     verb
	taskID   string
	key      string      // of the file; empty for a check
	set      backup.GUID // that is restored from it; zero = not told
	started  time.Time
	percent  float64
	ended    time.Time // zero while it runs
	err      error
	findings []string // of a check

	cancel context.CancelFunc
	done   chan struct{}
}

type verb string

const (
	workRestore    verb = "restore"
	workImport     verb = "import"
	workOpen       verb = "open"
	workCheck      verb = "check"        // the database is open already
	workCheckFirst verb = "check before" // it is open to administrators alone
)

// begin registers a work, or refuses while another one runs. The context ends
// with ctx, with Terminate and with Close.
func (s *Server) begin(ctx context.Context, database string, w *work) (context.Context, error) {
	s.works.mu.Lock()
	defer s.works.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, "The dashboard is shutting down.", "")
	}
	name := strings.ToLower(database)
	if old := s.works.byName[name]; old != nil && old.ended.IsZero() {
		return nil, fault.Newf(fault.Conflict, "Another restore or check of %s is running.", database).WithCode("under-way").WithFix("Wait until it is done, or end it.")
	}
	inner, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	w.cancel = func() { stop(); cancel() }
	w.done, w.started = make(chan struct{}), time.Now().UTC()
	if s.works.byName == nil {
		s.works.byName = map[string]*work{}
	}
	s.works.byName[name] = w
	s.works.running.Add(1)
	return inner, nil
}

// finish notes how a work ended.
func (s *Server) finish(w *work, err error, findings []string) {
	s.works.mu.Lock()
	w.err, w.findings, w.ended = err, findings, time.Now().UTC()
	s.works.mu.Unlock()
	w.cancel()
	close(w.done)
	s.works.running.Done()
}

func (s *Server) progress(w *work) notice {
	return percentTo(func(p float64) {
		s.works.mu.Lock()
		defer s.works.mu.Unlock()
		w.percent = p
	})
}

// work is a copy of what is known of a database's last work.
func (s *Server) work(database string) (work, bool) {
	s.works.mu.Lock()
	defer s.works.mu.Unlock()
	w := s.works.byName[strings.ToLower(database)]
	if w == nil {
		return work{}, false
	}
	return *w, true
}

// known are the names that something is remembered of.
func (s *Server) known() (names []string) {
	s.works.mu.Lock()
	defer s.works.mu.Unlock()
	for _, w := range s.works.byName {
		name, _ := parseID(w.taskID)
		names = append(names, name)
	}
	return names
}

// forget drops what is remembered of a database.
func (s *Server) forget(database string) {
	s.works.mu.Lock()
	defer s.works.mu.Unlock()
	delete(s.works.byName, strings.ToLower(database))
}

// taskID names a restore: the database and the full backup it began with.
func taskID(database string, set backup.GUID) string {
	return fmt.Sprintf("%s@%s", database, set)
}

func parseID(id string) (database, set string) {
	if at := strings.LastIndexByte(id, '@'); at >= 0 {
		return id[:at], id[at+1:]
	}
	return id, ""
}
