package sqlserveremu

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// collationName is that of everything here.
const collationName = "SQL_Latin1_General_CP1_CI_AS"

// property answers SERVERPROPERTY; nil is NULL, for what it does not know.
func (s *Server) property(name string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.version
	switch strings.ToLower(name) {
	case "productversion":
		return fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3])
	case "productmajorversion":
		return fmt.Sprint(v[0])
	case "productminorversion":
		return fmt.Sprint(v[1])
	case "productbuild":
		return fmt.Sprint(v[2])
	case "productlevel":
		return "RTM"
	case "edition":
		return s.edition.Name
	case "engineedition":
		return int64(s.edition.Engine)
	case "instancename":
		if i := s.instance(); i != "MSSQLSERVER" {
			return i
		}
		return nil
	case "machinename", "computernamephysicalnetbios":
		return machine(s.name)
	case "servername":
		return s.name
	case "instancedefaultbackuppath":
		if v[0] < 15 { // from SQL Server 2019 on
			return nil
		}
		return s.config.BackupFolder
	case "instancedefaultdatapath", "instancedefaultlogpath":
		return s.config.DataFolder + "/"
	case "ishadrenabled":
		if s.group != nil {
			return int64(1)
		}
		return int64(0)
	case "isclustered", "isintegratedsecurityonly", "issingleuser":
		return int64(0)
	case "collation":
		return s.config.Collation
	case "processid":
		return int64(1)
	}
	return nil
}

// databaseProperty answers DATABASEPROPERTYEX.
func (n *session) databaseProperty(database, name string) any {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.find(database)
	if db == nil {
		return nil
	}
	switch strings.ToLower(name) {
	case "version":
		if db.state != online {
			return nil
		}
		return int64(s.version.Database())
	case "status":
		return db.state.String()
	case "recovery":
		return strings.ReplaceAll(string(db.recovery), "-", "_")
	case "updateability":
		if db.readOnly || db.standing() || s.secondary(db) {
			return "READ_ONLY"
		}
		return "READ_WRITE"
	case "useraccess":
		return db.access
	case "collation":
		return s.config.Collation
	case "lastgoodcheckdbtime":
		if db.lastCheck.IsZero() {
			return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return db.lastCheck
	case "isinstandby":
		return map[bool]int64{true: 1}[db.standing()]
	case "isautoclose", "isautoshrink":
		return int64(0)
	}
	return nil
}

func (n *session) connectionProperty(name string) any {
	switch strings.ToLower(name) {
	case "net_transport":
		return "TCP"
	case "protocol_type":
		return "TSQL"
	case "auth_scheme":
		return "SQL"
	case "client_net_address":
		host, _, _ := net.SplitHostPort(n.link.Remote.String())
		return host
	}
	return nil
}

func dbName(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	if len(a) == 0 {
		return n.database, nil
	}
	for _, db := range n.server.databases {
		if a[0] != nil && int64(db.id) == value.Whole(a[0]) {
			return db.name, nil
		}
	}
	return nil, nil
}

func dbID(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	name := n.database
	if len(a) > 0 {
		name = value.Text(a[0])
	}
	if db := n.server.find(name); db != nil {
		return int64(db.id), nil
	}
	return nil, nil
}

func hasPerms(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	return n.has(strings.NewReplacer("[", "", "]", "").Replace(value.Text(a[0])), value.Text(a[1]), value.Text(a[2])), nil
}

func hasAccess(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	db := n.server.find(value.Text(a[0]))
	if db == nil {
		return nil, nil
	}
	return n.server.enter(n, db) == nil, nil
}

func serverRole(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	switch role := strings.ToLower(value.Text(a[0])); role {
	case "sysadmin":
		return n.rights().Sysadmin, nil
	case "public":
		return true, nil
	case "dbcreator", "processadmin", "serveradmin", "securityadmin", "diskadmin", "bulkadmin", "setupadmin":
		r := n.rights()
		return r.Sysadmin || r.server(role), nil
	}
	return nil, nil
}

func databaseRole(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	db := n.server.find(n.database)
	switch role := strings.ToLower(value.Text(a[0])); role {
	case "db_owner", "db_backupoperator", "db_datareader", "db_datawriter":
		return db != nil && n.rights().role(db, role), nil
	case "public":
		return true, nil
	}
	return nil, nil
}

func objectByName(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	parts := strings.Split(strings.NewReplacer("[", "", "]", "").Replace(value.Text(a[0])), ".")
	database, schema, name := n.database, "dbo", parts[len(parts)-1]
	if len(parts) > 1 && parts[len(parts)-2] != "" {
		schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		database = parts[len(parts)-3]
	}
	db := n.server.find(database)
	if db == nil {
		return nil, nil
	}
	if t := db.tables[strings.ToLower(schema+"."+name)]; t != nil {
		return int64(t.ID), nil
	}
	if _, ok := views[strings.ToLower(schema+"."+name)]; ok {
		return int64(-1000), nil
	}
	if _, _, rows := n.server.history.Table(name, n.Collation()); rows != nil && strings.EqualFold(db.name, "msdb") {
		return int64(-1000), nil
	}
	return nil, nil
}

func objectName(show func(*contents.Table) string) func(*session, []any) (any, error) {
	return func(n *session, a []any) (any, error) {
		n.server.mu.Lock()
		defer n.server.mu.Unlock()
		for _, db := range n.server.databases {
			if len(a) > 1 && int64(db.id) != value.Whole(a[1]) || len(a) == 1 && !strings.EqualFold(db.name, n.database) {
				continue
			}
			for _, t := range db.tables {
				if int64(t.ID) == value.Whole(a[0]) {
					return show(t), nil
				}
			}
		}
		return nil, nil
	}
}

// schemaName knows the schemas by the ids that sys.schemas gives.
func schemaName(n *session, a []any) (any, error) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	if len(a) == 0 {
		return "dbo", nil
	}
	if db := n.server.find(n.database); db != nil {
		for name, id := range schemas(db) {
			if int64(id) == value.Whole(a[0]) {
				return name, nil
			}
		}
	}
	return nil, nil
}

// schemas gives ids to the schemas of a database; dbo is 1, sys 4.
func schemas(db *database) map[string]int {
	out := map[string]int{"dbo": 1, "sys": 4}
	for _, t := range db.tables.Sorted() {
		if _, ok := out[t.Schema]; !ok {
			out[t.Schema] = len(out) + 3
		}
	}
	return out
}

// ofMember asks the group about one of its databases.
func ofMember(otherwise any, ask func(g *group.Group, server string) bool) func(*session, []any) (any, error) {
	return func(n *session, a []any) (any, error) {
		s := n.server
		s.mu.Lock()
		defer s.mu.Unlock()
		if db := s.find(value.Text(a[0])); db != nil && s.group.Member(db.name) != nil {
			return ask(s.group, s.name), nil
		}
		return otherwise, nil
	}
}
