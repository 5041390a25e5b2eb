package sqlserveremu

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// GroupConfig describes an availability group whose replicas are all of its
// servers, synchronous, the first one primary.
type GroupConfig struct {
	Name       string
	Databases  []string // of the first server
	Preference group.Preference
	Readable   bool // secondaries can be read
}

// Group is a running availability group.
type Group struct {
	Replicas []*Running
	Listener *group.Listener
}

// StartGroup starts servers that share databases. They share one lock and the
// databases themselves: a secondary is never behind. Each has its own msdb.
func StartGroup(g GroupConfig, configs ...Config) (_ *Group, err error) {
	out, mu := &Group{}, &sync.Mutex{}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close())
		}
	}()
	own := &group.Group{ID: newGUID(), Name: g.Name, Preference: g.Preference}
	peers := map[string]*Server{}
	out.Listener, err = group.Listen(func() string {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range out.Replicas {
			if own.IsPrimary(r.name) {
				return r.Address
			}
		}
		return ""
	})
	if err != nil {
		return out, err
	}
	own.Port = out.Listener.Port()
	for i, c := range configs {
		s, err := New(c)
		if err != nil {
			return out, err
		}
		s.mu, s.group, s.peers = mu, own, peers
		mu.Lock()
		own.Replicas = append(own.Replicas, group.Replica{ID: newGUID(), Server: s.name, Priority: 50, Readable: g.Readable})
		peers[s.name] = s
		err = s.joins(g.Databases, i == 0)
		mu.Unlock()
		if err != nil {
			return out, err
		}
		run, err := serve(s, "", "")
		if err != nil {
			return out, err
		}
		mu.Lock()
		out.Replicas = append(out.Replicas, run)
		mu.Unlock()
	}
	return out, nil
}

// joins gives a new replica the databases of the group: the first one has them,
// others share them. The lock is held.
func (s *Server) joins(names []string, first bool) error {
	g := s.group
	for _, name := range names {
		if !first {
			from := s.peers[g.Replicas[0].Server]
			s.databases[s.key(name)] = from.find(name)
			s.nextID = max(s.nextID, from.nextID)
			continue
		}
		db := s.find(name)
		if db == nil {
			return fmt.Errorf("database %s is not on the first server", name)
		}
		g.Members = append(g.Members, group.Member{ID: newGUID(), Name: db.name})
	}
	return nil
}

// alterGroup adds a database to the group, whose other replicas get it by
// themselves (automatic seeding), or takes it out of it (public page "ALTER
// AVAILABILITY GROUP"). What a secondary keeps then is not emulated: it is gone
// there.
func (n *session) alterGroup(st *tsql.AlterGroup) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(st.Database)
	if err := group.Alters(s.group, st.Group, st.Database, s.name, st.Add, n.rights().server("ALTER ANY AVAILABILITY GROUP")); err != nil {
		return err
	}
	switch {
	case db == nil:
		return errNoDatabase(st.Database)
	case st.Add && (db.recovery != bakfile.RecoveryFull || db.lastLog.IsZero() || db.readOnly || db.access != "MULTI_USER"):
		return group.NotFit(db.name)
	}
	s.group.Set(db.name, newGUID(), st.Add)
	for _, peer := range s.peers {
		if peer == s {
			continue
		}
		delete(peer.databases, peer.key(db.name))
		if st.Add {
			peer.databases[peer.key(db.name)] = db
		}
	}
	n.reply.Done(0, -1)
	return nil
}

// Close ends the group and its servers.
func (g *Group) Close() (err error) {
	if g.Listener != nil {
		err = g.Listener.Close()
	}
	for _, r := range g.Replicas {
		err = errors.Join(err, r.Close())
	}
	return err
}

// GroupPatch changes a group, as its administrators and networks do.
type GroupPatch struct {
	Primary    *string           `json:"primary,omitempty"`    // fails over to this server
	Resolving  *bool             `json:"resolving,omitempty"`  // there is no primary
	Preference *group.Preference `json:"preference,omitempty"` // 0 primary, 1 secondary only, 2 secondary, 3 none
	Server     string            `json:"server,omitempty"`     // what follows is of this replica
	Readable   *bool             `json:"readable,omitempty"`
	Lost       *bool             `json:"lost,omitempty"` // it has no connection to the primary
	Priority   *int              `json:"priority,omitempty"`
}

// PatchGroup changes the group that the server belongs to. Who had a member
// open on the old primary is put out; its loads follow, as applications that
// come through the listener do.
func (s *Server) PatchGroup(p GroupPatch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group
	if g == nil {
		return errors.New("the server is in no availability group")
	}
	set(&g.Resolving, p.Resolving)
	set(&g.Preference, p.Preference)
	if p.Server != "" {
		place := g.Place(p.Server)
		if place < 0 {
			return fmt.Errorf("%s is no replica", p.Server)
		}
		set(&g.Replicas[place].Readable, p.Readable)
		set(&g.Replicas[place].Lost, p.Lost)
		set(&g.Replicas[place].Priority, p.Priority)
	}
	if p.Primary == nil {
		return nil
	}
	to := s.peers[*p.Primary]
	if to == nil {
		return fmt.Errorf("%s is no replica", *p.Primary)
	}
	old := s.peers[g.Replicas[g.Primary].Server]
	g.Primary, g.Resolving = g.Place(to.name), false
	for _, m := range g.Members {
		for _, o := range old.using(old.find(m.Name), nil) {
			o.link.Cut()
		}
		if l := old.loads[old.key(m.Name)]; l != nil && to != old {
			delete(old.loads, old.key(m.Name))
			to.loads[to.key(m.Name)], l.server = l, to
		}
	}
	return nil
}

func set[T any](at *T, to *T) {
	if to != nil {
		*at = *to
	}
}

func (s *Server) groupControls(answer func(http.ResponseWriter, any, error)) {
	s.controlPort.HandleFunc("PATCH /group", func(w http.ResponseWriter, r *http.Request) {
		var p GroupPatch
		if control.ReadJSON(w, r, &p) {
			answer(w, struct{}{}, s.PatchGroup(p))
		}
	})
}
