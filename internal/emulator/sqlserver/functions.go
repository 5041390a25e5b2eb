package sqlserveremu

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// function is a scalar function: the type of its result, how many arguments it
// takes, and what it does. A zero type is that of whatever comes.
type function struct {
	typ         tds.Type
	least, most int
	do          func(n *session, a []any) (any, error)
}

func asked(f func(n *session) any) func(*session, []any) (any, error) {
	return func(n *session, _ []any) (any, error) { return f(n), nil }
}

// loginOf is the login of a security identifier, which is here its name, or the
// session's.
func loginOf(n *session, a []any) (any, error) {
	if len(a) == 0 {
		return n.login, nil
	}
	if sid, ok := a[0].([]byte); ok {
		return string(sid), nil
	}
	return nil, nil
}

var functions = map[string]function{
	"GETDATE":           {tds.DateTime, 0, 0, asked(func(n *session) any { return n.server.now() })},
	"CURRENT_TIMESTAMP": {tds.DateTime, 0, 0, asked(func(n *session) any { return n.server.now() })},
	"SYSDATETIME":       {tds.DateTime2(7), 0, 0, asked(func(n *session) any { return n.server.now() })},
	"GETUTCDATE":        {tds.DateTime, 0, 0, asked(func(n *session) any { return n.server.utc() })},
	"SYSUTCDATETIME":    {tds.DateTime2(7), 0, 0, asked(func(n *session) any { return n.server.utc() })},
	"SYSDATETIMEOFFSET": {tds.DateTimeOffset(7), 0, 0, asked(func(n *session) any {
		return n.server.utc().In(time.FixedZone("", int(n.server.config.UTCOffset/time.Second)))
	})},
	"SUSER_SNAME":    {tds.NVarChar(128), 0, 1, loginOf},
	"SUSER_NAME":     {tds.NVarChar(128), 0, 1, asked(func(n *session) any { return n.login })},
	"ORIGINAL_LOGIN": {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.login })},
	"SYSTEM_USER":    {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.login })},
	"USER_NAME":      {tds.NVarChar(128), 0, 1, asked(func(n *session) any { return n.login })},
	"CURRENT_USER":   {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.login })},
	"HOST_NAME":      {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.host })},
	"APP_NAME":       {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.app })},
	"XACT_STATE":     {tds.SmallInt, 0, 0, asked(func(n *session) any { return n.tran != nil })},
	"NEWID":          {tds.GUID, 0, 0, asked(func(*session) any { return newGUID() })},

	"SERVERPROPERTY": {tds.Type{}, 1, 1, func(n *session, a []any) (any, error) { return n.server.property(value.Text(a[0])), nil }},
	"DATABASEPROPERTYEX": {tds.Type{}, 2, 2, func(n *session, a []any) (any, error) {
		return n.databaseProperty(value.Text(a[0]), value.Text(a[1])), nil
	}},
	"CONNECTIONPROPERTY":         {tds.Type{}, 1, 1, func(n *session, a []any) (any, error) { return n.connectionProperty(value.Text(a[0])), nil }},
	"DB_NAME":                    {tds.NVarChar(128), 0, 1, dbName},
	"DB_ID":                      {tds.SmallInt, 0, 1, dbID},
	"HAS_PERMS_BY_NAME":          {tds.Int, 3, 5, hasPerms},
	"HAS_DBACCESS":               {tds.Int, 1, 1, hasAccess},
	"IS_SRVROLEMEMBER":           {tds.Int, 1, 2, serverRole},
	"IS_MEMBER":                  {tds.Int, 1, 1, databaseRole},
	"IS_ROLEMEMBER":              {tds.Int, 1, 2, databaseRole},
	"OBJECT_ID":                  {tds.Int, 1, 2, objectByName},
	"OBJECT_NAME":                {tds.NVarChar(128), 1, 2, objectName(func(t *contents.Table) string { return t.Name })},
	"OBJECT_SCHEMA_NAME":         {tds.NVarChar(128), 1, 2, objectName(func(t *contents.Table) string { return t.Schema })},
	"SCHEMA_NAME":                {tds.NVarChar(128), 0, 1, schemaName},
	"FN_HADR_IS_PRIMARY_REPLICA": {tds.Bit, 1, 1, ofMember(nil, (*group.Group).IsPrimary)},
	// Databases outside of availability groups are backed up where they are.
	"FN_HADR_BACKUP_IS_PREFERRED_REPLICA": {tds.Bit, 1, 1, ofMember(true, (*group.Group).Preferred)},
}

func (s *Server) utc() time.Time {
	return time.Now().UTC().Add(s.config.Clock + time.Duration(s.skipped.Load()))
}

// skip puts the clock forward, as if work had taken so long.
func (s *Server) skip(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return refusal(50000, 16, "takes is %q, want a duration such as 3h", text)
	}
	s.skipped.Add(int64(d))
	return nil
}

// Global is a variable of the server's own.
func (n *session) Global(name string) (any, error) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch strings.ToUpper(name) {
	case "@@VERSION":
		return s.version.Text(s.edition), nil
	case "@@SERVERNAME":
		return s.config.Name, nil
	case "@@SERVICENAME":
		return s.instance(), nil
	case "@@SPID":
		return int64(n.id), nil
	case "@@TRANCOUNT":
		if n.tran == nil {
			return int64(0), nil
		}
		return int64(n.tran.depth), nil
	case "@@ROWCOUNT":
		return n.rowCount, nil
	case "@@ERROR":
		return int64(n.failed), nil
	case "@@LANGUAGE":
		return "us_english", nil
	case "@@MAX_PRECISION":
		return int64(38), nil
	case "@@MICROSOFTVERSION":
		return int64(s.version[0])<<24 | int64(s.version[1])<<16 | int64(s.version[2]), nil
	case "@@OPTIONS", "@@LOCK_TIMEOUT", "@@FETCH_STATUS":
		return int64(-1), nil
	}
	return nil, errNoVariable(name)
}

func (s *Server) instance() string {
	if _, instance, named := strings.Cut(s.name, `\`); named {
		return instance
	}
	return "MSSQLSERVER"
}
