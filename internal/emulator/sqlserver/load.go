package sqlserveremu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
)

// load changes rows of one database like an application does. As a session of
// its own it has the database open and is in the way of exclusive access,
// until the database is RESTRICTED_USER or somebody else's in SINGLE_USER.
type load struct {
	database string
	server   *Server // whose client it is; guarded
	rate     float64
	stop     chan struct{}
	done     chan struct{}

	// Guarded by the server's lock.
	slot    bool // it is the one user of a database in SINGLE_USER
	written int64
	refused int64
	last    error
}

// LoadState is what a load has done so far.
type LoadState struct {
	Database  string  `json:"database"`
	Rate      float64 `json:"rate"`
	Written   int64   `json:"written"`
	Refused   int64   `json:"refused"` // writes that met an error
	LastError string  `json:"last_error,omitempty"`
	LastCode  int     `json:"last_code,omitempty"`
}

// inside reports whether the load has the database open; the lock is held.
func (l *load) inside(db *database) bool {
	return db.state == online && (db.access == "MULTI_USER" || l.slot)
}

// taken reports whether somebody else is the one user of a database in
// SINGLE_USER: a session whose current database it is, or a load. The lock is
// held.
func (s *Server) taken(db *database, but *session) bool {
	l := s.loads[s.key(db.name)]
	return db.access == "SINGLE_USER" && (l != nil && l.slot || len(s.using(db, but)) > 0)
}

// rush lets an eager load in as soon as the access to its database changed,
// when nobody is in the way; the lock is held.
func (s *Server) rush(db *database) {
	if l := s.loads[s.key(db.name)]; l != nil {
		l.slot = db.access == "SINGLE_USER" && len(s.using(db, nil)) == 0
	}
}

// Load begins to change rows of a database, so many each second, until
// StopLoad. A load that is already there gets the new rate.
func (s *Server) Load(database string, rate float64) error {
	if rate <= 0 || rate > 1e6 {
		return fmt.Errorf("rate %g is not between 0 and a million", rate)
	}
	s.StopLoad(database)
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(database)
	if db == nil || s.ctx.Err() != nil {
		return errNoDatabase(database)
	}
	if len(db.tables) == 0 {
		return fmt.Errorf("database %s has no table", db.name)
	}
	l := &load{server: s, database: db.name, rate: rate, stop: make(chan struct{}), done: make(chan struct{})}
	s.loads[s.key(db.name)] = l
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		defer close(l.done)
		s.runLoad(l)
	}()
	return nil
}

// StopLoad ends a load and tells what it did.
func (s *Server) StopLoad(database string) LoadState {
	s.mu.Lock()
	l := s.loads[s.key(database)]
	delete(s.loads, s.key(database))
	s.mu.Unlock()
	if l == nil {
		return LoadState{Database: database}
	}
	close(l.stop)
	<-l.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.state()
}

// Loads tells what all loads have done.
func (s *Server) Loads() []LoadState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []LoadState{}
	for _, l := range s.loads {
		out = append(out, l.state())
	}
	return out
}

func (l *load) state() LoadState {
	st := LoadState{Database: l.database, Rate: l.rate, Written: l.written, Refused: l.refused}
	if l.last != nil {
		m := messages(l.last)[0]
		st.LastError, st.LastCode = m.Text, m.Number
	}
	return st
}

func (s *Server) runLoad(l *load) {
	begun := time.Now()
	var due, tried float64
	t := time.NewTicker(max(time.Millisecond, min(20*time.Millisecond, time.Duration(float64(time.Second)/l.rate))))
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
		due = time.Since(begun).Seconds() * l.rate
		s.mu.Lock()
		for ; tried+1 <= due; tried++ {
			if l.last = l.server.changeRow(l.database); l.last != nil {
				l.refused++
			} else {
				l.written++
			}
		}
		s.mu.Unlock()
	}
}

// changeRow inserts, changes or deletes one row; the lock is held.
func (s *Server) changeRow(database string) error {
	db := s.find(database)
	if db == nil {
		return errNoDatabase(database)
	}
	if err := s.changes(db); err != nil {
		return err
	}
	if l := s.loads[s.key(db.name)]; db.access == "SINGLE_USER" && (l == nil || !l.slot) {
		if s.rush(db); l == nil || !l.slot {
			return errTaken(db.name)
		}
	}
	if db.access == "RESTRICTED_USER" {
		return errNoAccess("application", db.name)
	}
	all := db.tables.Sorted()
	if len(all) == 0 {
		return errors.New("there is no table any more")
	}
	t := all[rand.IntN(len(all))]
	id := t.Next
	c := Change{At: s.now(), Kind: contents.PutRow, Table: t.FullName(), ID: id}
	if n := t.Next; n > 1 && len(t.Rows) > 0 {
		switch dice := rand.IntN(10); {
		case dice < 4:
		case dice < 9:
			c.ID = 1 + rand.Int64N(n-1)
		default:
			c.ID, c.Kind = 1+rand.Int64N(n-1), contents.DeleteRow
		}
	}
	if c.Kind == contents.DeleteRow {
		if _, ok := t.Rows[c.ID]; !ok {
			c.Kind = contents.PutRow
		}
	}
	if c.Kind == contents.PutRow {
		c.Values = contents.Generated(t.Columns, c.ID, rand.IntN(1e6))
	}
	db.change(c)
	t.Touched(c.At)
	if rand.IntN(4) == 0 {
		db.flush()
	}
	return nil
}
