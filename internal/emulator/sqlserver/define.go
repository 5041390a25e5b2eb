package sqlserveremu

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// current is the session's database for a change of its tables; the lock is
// held.
func (n *session) current(what string, name tsql.Name) (*database, string, error) {
	s := n.server
	database := n.database
	if len(name) == 3 && name[0] != "" {
		database = name[0]
	}
	db := s.find(database)
	if db == nil {
		return nil, "", errNoDatabase(database)
	}
	if !n.rights().role(db, "db_ddladmin") {
		return nil, "", errDenied(what, db.name)
	}
	schema := name.Part(1)
	if schema == "" {
		schema = "dbo"
	}
	return db, schema + "." + name.Last(), s.changes(db)
}

func (n *session) createTable(st *tsql.CreateTable) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db, name, err := n.current("CREATE TABLE", st.Name)
	if err != nil {
		return err
	}
	if db.tables[strings.ToLower(name)] != nil {
		return refusal(2714, 16, "There is already an object named '%s' in the database.", st.Name.Last())
	}
	c := Change{At: s.now(), Kind: contents.CreateTable, Table: name}
	for _, column := range st.Columns {
		if _, err := value.TypeOf(column.Type); err != nil {
			return err
		}
		text := column.Type.Name
		for i, a := range column.Type.Args {
			if i == 0 {
				text += "("
			} else {
				text += ","
			}
			if a == tds.Max {
				text += "max"
			} else {
				text += fmt.Sprint(a)
			}
		}
		if len(column.Type.Args) > 0 {
			text += ")"
		}
		c.Columns = append(c.Columns, ColumnSpec{Name: column.Name, Type: text, Null: !column.NotNull})
	}
	db.change(c)
	db.flush()
	n.reply.Done(0, -1)
	return nil
}

func (n *session) dropTable(st *tsql.DropTable) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db, name, err := n.current("DROP TABLE", st.Name)
	if err != nil {
		return err
	}
	switch {
	case db.tables[strings.ToLower(name)] != nil:
		db.change(Change{At: s.now(), Kind: contents.DropTable, Table: name})
		db.flush()
	case !st.IfExists:
		return refusal(3701, 11, "Cannot drop the table '%s', because it does not exist or you do not have permission.", strings.Join(st.Name, "."))
	}
	n.reply.Done(0, -1)
	return nil
}

func (n *session) createDatabase(st *tsql.CreateDatabase) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	r := n.rights()
	switch {
	case !r.server("dbcreator") && !r.server("CREATE ANY DATABASE"):
		return errDenied("CREATE DATABASE", "master")
	case s.find(st.Name) != nil:
		return refusal(1801, 16, "Database '%s' already exists. Choose a different database name.", st.Name)
	case n.tran != nil:
		return refusal(226, 16, "CREATE DATABASE statement not allowed within multi-statement transaction.")
	}
	db := s.newDatabase(st.Name, 1<<20)
	db.owner = n.login
	s.databases[s.key(st.Name)] = db
	n.reply.Done(0, -1)
	return nil
}

func (n *session) dropDatabase(st *tsql.DropDatabase) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range st.Names {
		db := s.find(name)
		r := n.rights()
		switch {
		case db == nil && st.IfExists:
			continue
		case db == nil || !r.server("dbcreator") && !r.role(db):
			return refusal(3701, 11, "Cannot drop the database '%s', because it does not exist or you do not have permission.", name)
		case s.group.Member(db.name) != nil:
			return refusal(3752, 16, "The database '%s' is currently joined to an availability group.  Before you can drop the database, you need to remove it from the availability group.", db.name)
		case db.system:
			return refusal(3708, 16, "Cannot drop the database '%s' because it is a system database.", db.name)
		case n.database == db.name, s.busy(db, n), db.dataBusy, db.logBusy:
			return refusal(3702, 16, "Cannot drop database \"%s\" because it is currently in use.", db.name)
		}
		delete(s.databases, s.key(db.name))
		delete(s.loads, s.key(db.name))
	}
	n.reply.Done(0, -1)
	return nil
}

// lockTime is how long ALTER DATABASE waits for others to leave without a
// termination clause; a real one waits for ever.
const lockTime = 5 * time.Second

// authorize is ALTER AUTHORIZATION ON DATABASE.
func (n *session) authorize(db *database, to string) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.login(to)
	if err := s.changes(db); err != nil {
		return err
	}
	if l == nil {
		return refusal(15151, 16, "Cannot find the principal '%s', because it does not exist or you do not have permission.", to)
	}
	db.owner = l.Name
	n.reply.Done(0, -1)
	return nil
}

// alter runs ALTER DATABASE.
func (n *session) alter(ctx context.Context, st *tsql.AlterDatabase) error {
	s := n.server
	name := st.Name
	if name == "" {
		name = n.Database()
	}
	failed := func(err error) error {
		return refusals{err, refusal(5069, 16, "ALTER DATABASE statement failed.")}
	}
	if n.tran != nil {
		return refusal(226, 16, "ALTER DATABASE statement not allowed within multi-statement transaction.")
	}
	s.mu.Lock()
	db := s.find(name)
	allowed := db != nil && (n.rights().role(db) || n.rights().server("ALTER ANY DATABASE") || n.rights().server("dbcreator") && st.Rename != "")
	s.mu.Unlock()
	if !allowed {
		return failed(refusal(5011, 14, "User does not have permission to alter database '%s', the database does not exist, or the database is not in a state that allows access checks.", name))
	}
	if st.Rename != "" {
		return n.rename(ctx, db, st.Rename)
	}
	if st.Owner != "" {
		return n.authorize(db, st.Owner)
	}
	for _, set := range st.Sets {
		if err := n.setting(ctx, db, set, st); err != nil {
			if number := messages(err)[0].Number; number == 5058 || number == 1205 {
				return err // alone, as people show it
			}
			return failed(err)
		}
	}
	n.reply.Done(0, -1)
	return nil
}

// rename waits for others to leave, as ALTER DATABASE … SET does.
func (n *session) rename(ctx context.Context, db *database, name string) error {
	for deadline := time.Now().Add(lockTime); ; {
		done, err := n.tryRename(db, name)
		if done || err != nil && time.Now().After(deadline) {
			return err
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// tryRename reports whether waiting is over.
func (n *session) tryRename(db *database, name string) (bool, error) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.group.Member(db.name) != nil:
		return true, refusals{errMember(db.name), refusal(5069, 16, "ALTER DATABASE statement failed.")}
	case s.find(name) != nil:
		return true, refusal(1801, 16, "Database '%s' already exists. Choose a different database name.", name)
	case db.system, s.busy(db, n), db.dataBusy, db.logBusy:
		return db.system, refusal(5030, 16, "The database could not be exclusively locked to perform the operation.")
	}
	delete(s.databases, s.key(db.name))
	db.name = name
	s.databases[s.key(name)] = db
	n.reply.Message(tds.Message{Number: 5701, Text: "The database name '" + name + "' has been set."})
	n.reply.Done(0, -1)
	return true, nil
}
