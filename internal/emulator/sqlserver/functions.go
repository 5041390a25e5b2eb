package sqlserveremu

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// function is a scalar function: the type of its result, how many arguments it
// takes, and what it does. A zero type is that of whatever comes.
type function struct {
	typ         tds.Type
	least, most int
	do          func(n *session, a []any) (any, error)
}

func plain(f func(a []any) any) func(*session, []any) (any, error) {
	return func(_ *session, a []any) (any, error) {
		for _, v := range a {
			if v == nil {
				return nil, nil
			}
		}
		return f(a), nil
	}
}

func asked(f func(n *session) any) func(*session, []any) (any, error) {
	return func(n *session, _ []any) (any, error) { return f(n), nil }
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
	"SUSER_SNAME":    {tds.NVarChar(128), 0, 1, asked(func(n *session) any { return n.login })},
	"SUSER_NAME":     {tds.NVarChar(128), 0, 1, asked(func(n *session) any { return n.login })},
	"ORIGINAL_LOGIN": {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.login })},
	"SYSTEM_USER":    {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.login })},
	"USER_NAME":      {tds.NVarChar(128), 0, 1, asked(func(n *session) any { return n.login })},
	"CURRENT_USER":   {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.login })},
	"HOST_NAME":      {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.host })},
	"APP_NAME":       {tds.NVarChar(128), 0, 0, asked(func(n *session) any { return n.app })},
	"XACT_STATE":     {tds.SmallInt, 0, 0, asked(func(n *session) any { return n.tran != nil })},
	"NEWID":          {tds.GUID, 0, 0, asked(func(*session) any { return newGUID() })},

	"SERVERPROPERTY":             {tds.Type{}, 1, 1, func(n *session, a []any) (any, error) { return n.server.property(toText(a[0])), nil }},
	"DATABASEPROPERTYEX":         {tds.Type{}, 2, 2, func(n *session, a []any) (any, error) { return n.databaseProperty(toText(a[0]), toText(a[1])), nil }},
	"CONNECTIONPROPERTY":         {tds.Type{}, 1, 1, func(n *session, a []any) (any, error) { return n.connectionProperty(toText(a[0])), nil }},
	"DB_NAME":                    {tds.NVarChar(128), 0, 1, dbName},
	"DB_ID":                      {tds.SmallInt, 0, 1, dbID},
	"HAS_PERMS_BY_NAME":          {tds.Int, 3, 5, hasPerms},
	"HAS_DBACCESS":               {tds.Int, 1, 1, hasAccess},
	"IS_SRVROLEMEMBER":           {tds.Int, 1, 2, serverRole},
	"IS_MEMBER":                  {tds.Int, 1, 1, databaseRole},
	"IS_ROLEMEMBER":              {tds.Int, 1, 2, databaseRole},
	"OBJECT_ID":                  {tds.Int, 1, 2, objectByName},
	"OBJECT_NAME":                {tds.NVarChar(128), 1, 2, objectName(func(t *table) string { return t.name })},
	"OBJECT_SCHEMA_NAME":         {tds.NVarChar(128), 1, 2, objectName(func(t *table) string { return t.schema })},
	"SCHEMA_NAME":                {tds.NVarChar(128), 0, 1, schemaName},
	"FN_HADR_IS_PRIMARY_REPLICA": {tds.Bit, 1, 1, func(*session, []any) (any, error) { return nil, nil }},
	// Databases outside of availability groups are backed up where they are.
	"FN_HADR_BACKUP_IS_PREFERRED_REPLICA": {tds.Bit, 1, 1, func(*session, []any) (any, error) { return true, nil }},

	"ISNULL":   {tds.Type{}, 2, 2, func(_ *session, a []any) (any, error) { return firstOf(a), nil }},
	"COALESCE": {tds.Type{}, 1, 50, func(_ *session, a []any) (any, error) { return firstOf(a), nil }},
	"NULLIF":   {tds.Type{}, 2, 2, nullIf},
	"IIF": {tds.Type{}, 3, 3, func(_ *session, a []any) (any, error) {
		if yes, _ := a[0].(bool); yes {
			return a[1], nil
		}
		return a[2], nil
	}},
	"LEN":        {tds.Int, 1, 1, plain(func(a []any) any { return int64(len([]rune(strings.TrimRight(toText(a[0]), " ")))) })},
	"DATALENGTH": {tds.Int, 1, 1, plain(func(a []any) any { return int64(2 * len([]rune(toText(a[0])))) })},
	"UPPER":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.ToUpper(toText(a[0])) })},
	"LOWER":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.ToLower(toText(a[0])) })},
	"LTRIM":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.TrimLeft(toText(a[0]), " ") })},
	"RTRIM":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.TrimRight(toText(a[0]), " ") })},
	"TRIM":       {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.Trim(toText(a[0]), " ") })},
	"REVERSE":    {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return reverse(toText(a[0])) })},
	"LEFT":       {tds.NVarChar(4000), 2, 2, plain(func(a []any) any { return part(toText(a[0]), 1, whole(a[1])) })},
	"RIGHT":      {tds.NVarChar(4000), 2, 2, plain(func(a []any) any { return reverse(part(reverse(toText(a[0])), 1, whole(a[1]))) })},
	"SUBSTRING":  {tds.NVarChar(4000), 3, 3, plain(func(a []any) any { return part(toText(a[0]), whole(a[1]), whole(a[2])) })},
	"REPLACE":    {tds.NVarChar(4000), 3, 3, plain(func(a []any) any { return strings.ReplaceAll(toText(a[0]), toText(a[1]), toText(a[2])) })},
	"REPLICATE": {tds.NVarChar(4000), 2, 2, plain(func(a []any) any {
		return part(strings.Repeat(toText(a[0]), int(min(max(whole(a[1]), 0), 4000))), 1, 4000)
	})},
	"CHARINDEX": {tds.Int, 2, 3, plain(func(a []any) any { return charIndex(toText(a[0]), toText(a[1])) })},
	"QUOTENAME": {tds.NVarChar(258), 1, 2, plain(func(a []any) any { return quoteName(a) })},
	"CONCAT":    {tds.NVarChar(4000), 2, 50, func(_ *session, a []any) (any, error) { return concat(a), nil }},
	"ABS":       {tds.Type{}, 1, 1, func(_ *session, a []any) (any, error) { return absolute(a[0]) }},
	"CEILING":   {tds.Type{}, 1, 1, plain(func(a []any) any { return rounded(a[0], math.Ceil) })},
	"FLOOR":     {tds.Type{}, 1, 1, plain(func(a []any) any { return rounded(a[0], math.Floor) })},
	"ROUND":     {tds.Type{}, 2, 3, plain(func(a []any) any { return roundTo(a[0], whole(a[1])) })},

	"DATEDIFF":     {tds.Int, 3, 3, dateDiff},
	"DATEDIFF_BIG": {tds.BigInt, 3, 3, dateDiff},
	"DATEADD":      {tds.Type{}, 3, 3, dateAdd},
	"DATEPART":     {tds.Int, 2, 2, datePart},
}

// invoke evaluates a function, an aggregate or a window function.
func (sc *scope) invoke(e *tsql.Invoke) (any, error) {
	name := strings.ToUpper(e.Name.Last())
	switch {
	case e.Over != nil:
		values, ok := sc.windows[e]
		if !ok || sc.index >= len(values) {
			return nil, refusal(4108, 15, "Windowed functions can only appear in the SELECT or ORDER BY clauses.")
		}
		return values[sc.index], nil
	case aggregates[name]:
		if !sc.grouped {
			return nil, refusal(147, 15, "An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.")
		}
		return sc.aggregate(e, sc.group)
	case name == "BINARY_CHECKSUM" || name == "CHECKSUM":
		return sc.checksumOf(e, name == "BINARY_CHECKSUM")
	}
	f, ok := functions[name]
	if !ok {
		return nil, refusal(195, 15, "'%s' is not a recognized built-in function name.", e.Name.Last())
	}
	if len(e.Args) < f.least || len(e.Args) > f.most {
		return nil, refusal(174, 15, "The %s function requires %d argument(s).", strings.ToLower(name), f.least)
	}
	args := make([]any, 0, len(e.Args))
	for _, a := range e.Args {
		v, err := sc.eval(a)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	return f.do(sc.n, args)
}

func (sc *scope) checksumOf(e *tsql.Invoke, binary bool) (any, error) {
	var values []any
	for _, a := range e.Args {
		if _, star := a.(*tsql.Star); star {
			values = append(values, sc.row...)
			continue
		}
		v, err := sc.eval(a)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return checksum(values, binary), nil
}

func (s *Server) utc() time.Time { return time.Now().UTC().Add(s.config.Clock) }

// global is a variable of the server's own.
func (n *session) global(name string) (any, error) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch strings.ToUpper(name) {
	case "@@VERSION":
		return s.versionText(), nil
	case "@@SERVERNAME":
		return s.name, nil
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

func (s *Server) versionText() string {
	v := s.version
	return fmt.Sprintf("Microsoft SQL Server %s (RTM) - %d.%d.%d.%d (X64) \n\tEmulated \n\t%s on Linux (Emulator) <X64>",
		productNames[v[0]], v[0], v[1], v[2], v[3], s.edition.name)
}

func (s *Server) instance() string {
	if _, instance, named := strings.Cut(s.name, `\`); named {
		return instance
	}
	return "MSSQLSERVER"
}
