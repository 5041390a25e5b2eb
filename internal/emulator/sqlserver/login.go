package sqlserveremu

import (
	"context"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// open checks a login and gives it a session.
func (s *Server) open(_ context.Context, login *tds.Login, link tds.Link) (tds.Session, error) {
	wrong := refusal(18456, 14, "Login failed for user '%s'.", login.User)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.login(login.User)
	if login.Windows || l == nil || l.Password != login.Password || l.Disabled {
		return nil, wrong
	}
	database := login.Database
	if database == "" {
		database = "master"
	}
	n := &session{server: s, id: link.SPID, link: link, login: l.Name, host: login.Host, app: login.App, library: login.Library,
		encrypted: login.Encrypted, started: s.now(), vars: map[string]variable{}, prepared: map[int64]prepared{}}
	db := s.find(database)
	if db == nil || s.enter(n, db) != nil {
		return nil, refusal(4060, 11, "Cannot open database \"%s\" requested by the login. The login failed.", database)
	}
	n.database, n.home = db.name, db.name
	s.sessions[link.SPID] = n
	return n, nil
}

// login looks a login up; the lock is held.
func (s *Server) login(name string) *Login {
	for _, l := range s.logins {
		if strings.EqualFold(l.Name, name) {
			return l
		}
	}
	return nil
}

// rights are those of a login; the zero value has none.
type rights struct{ *Login }

// rights of the session's login as it is now; the lock is held.
func (n *session) rights() rights {
	if l := n.server.login(n.login); l != nil && !l.Disabled {
		return rights{l}
	}
	return rights{&Login{Name: n.login}}
}

func (r rights) server(permission string) bool {
	return r.Sysadmin || slices.ContainsFunc(r.Server, func(p string) bool { return strings.EqualFold(p, permission) })
}

// role reports whether the login has one of the roles in the database.
func (r rights) role(db *database, roles ...string) bool {
	if r.Sysadmin || strings.EqualFold(db.owner, r.Name) {
		return true
	}
	for name, have := range r.Roles {
		if !strings.EqualFold(name, db.name) && (name != "*" || db.system) {
			continue
		}
		for _, role := range have {
			if role == "db_owner" || slices.Contains(roles, role) {
				return true
			}
		}
	}
	return false
}

// enters reports whether the login may use the database at all. Everybody may
// use the system's own.
func (r rights) enters(db *database) bool {
	return db.system || r.role(db, "db_backupoperator", "db_datareader", "db_datawriter", "public")
}

// enter says why a session cannot have the database as its current one; the
// lock is held.
func (s *Server) enter(n *session, db *database) error {
	r := n.rights()
	if err := s.opens(db); err != nil {
		return err
	}
	switch {
	case !r.enters(db):
		return errNoAccess(n.login, db.name)
	case s.taken(db, n):
		return errTaken(db.name)
	case db.access == "RESTRICTED_USER" && !r.role(db) && !r.server("dbcreator"):
		// The number SQL Server gives here is not confirmed.
		return errNoAccess(n.login, db.name)
	}
	return nil
}

// has answers HAS_PERMS_BY_NAME; nil is NULL, for what does not exist.
func (n *session) has(securable, class, permission string) any {
	s := n.server
	r := n.rights()
	permission = strings.ToUpper(permission)
	bit := func(b bool) any {
		if b {
			return int64(1)
		}
		return int64(0)
	}
	switch strings.ToUpper(class) {
	case "", "SERVER":
		if class == "" && securable != "" {
			return nil
		}
		switch permission {
		case "CREATE ANY DATABASE", "ALTER ANY DATABASE":
			return bit(r.server("dbcreator") || r.server(permission))
		case "VIEW SERVER PERFORMANCE STATE":
			return bit(r.server(permission) || r.server("VIEW SERVER STATE"))
		case "CONNECT SQL", "VIEW ANY DATABASE":
			return bit(true)
		}
		return bit(r.server(permission))
	case "DATABASE":
		db := s.find(securable)
		if securable == "" {
			db = s.find(n.database)
		}
		if db == nil {
			return nil
		}
		switch permission {
		case "BACKUP DATABASE", "BACKUP LOG":
			return bit(r.role(db, "db_backupoperator"))
		case "CREATE DATABASE":
			return bit(r.server("dbcreator") || r.server("CREATE ANY DATABASE"))
		case "SELECT":
			return bit(r.role(db, "db_datareader"))
		case "INSERT", "UPDATE", "DELETE":
			return bit(r.role(db, "db_datawriter"))
		case "CONNECT":
			return bit(r.enters(db))
		case "VIEW DATABASE STATE", "VIEW DATABASE PERFORMANCE STATE":
			return bit(r.role(db) || r.server("VIEW SERVER STATE"))
		}
		return bit(r.role(db))
	case "OBJECT":
		parts := strings.Split(strings.NewReplacer("[", "", "]", "").Replace(securable), ".")
		object := strings.ToLower(parts[len(parts)-1])
		if s.service != nil {
			if may, known := s.service.Executes(n.login, object); known {
				return bit(may)
			}
		}
		if strings.HasPrefix(object, "xp_") {
			return bit(r.server("EXECUTE " + object))
		}
		database := n.database
		if len(parts) == 3 {
			database = parts[0]
		}
		if db := s.find(database); db != nil {
			if permission == "SELECT" {
				return bit(r.role(db, "db_datareader"))
			}
			return bit(r.role(db, "db_datawriter"))
		}
	}
	return nil
}
