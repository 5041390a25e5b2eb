package tsql

// statementWords begin statements.
var statementWords = addKeywords("SELECT", "WITH", "SET", "DECLARE", "USE", "PRINT", "WAITFOR", "IF", "BEGIN", "COMMIT",
	"ROLLBACK", "RETURN", "RAISERROR", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "BACKUP", "RESTORE",
	"DBCC", "KILL", "EXEC", "EXECUTE", "ELSE", "END")

// setOptions are the options of SET that are known; setValues those that take
// a value instead of ON or OFF.
var (
	setOptions = addKeywords("ANSI_DEFAULTS", "ANSI_NULLS", "ANSI_NULL_DFLT_ON", "ANSI_NULL_DFLT_OFF", "ANSI_PADDING",
		"ANSI_WARNINGS", "ARITHABORT", "ARITHIGNORE", "CONCAT_NULL_YIELDS_NULL", "CURSOR_CLOSE_ON_COMMIT", "DATEFIRST",
		"DATEFORMAT", "DEADLOCK_PRIORITY", "FMTONLY", "IMPLICIT_TRANSACTIONS", "LANGUAGE", "LOCK_TIMEOUT", "NOCOUNT",
		"NOEXEC", "NUMERIC_ROUNDABORT", "QUOTED_IDENTIFIER", "ROWCOUNT", "STATISTICS", "TEXTSIZE", "XACT_ABORT")
	setValues = addKeywords("DATEFIRST", "DATEFORMAT", "DEADLOCK_PRIORITY", "LANGUAGE", "LOCK_TIMEOUT", "ROWCOUNT", "TEXTSIZE")
)

// keywords cannot be names without brackets (public page "Reserved Keywords
// (Transact-SQL)", the part that this grammar meets).
var keywords = addKeywords("ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "BACKUP", "BEGIN", "BETWEEN", "BY",
	"CASE", "COALESCE", "COLLATE", "COLUMN", "COMMIT", "CONSTRAINT", "CONVERT", "CREATE", "CROSS", "CURRENT",
	"CURRENT_TIMESTAMP", "CURRENT_USER", "DATABASE", "DBCC", "DECLARE", "DEFAULT", "DELETE", "DESC", "DISK", "DISTINCT",
	"DROP", "ELSE", "END", "ESCAPE", "EXCEPT", "EXEC", "EXECUTE", "EXISTS", "FOR", "FROM", "FULL", "FUNCTION", "GROUP",
	"HAVING", "IDENTITY", "IF", "IN", "INNER", "INSERT", "INTERSECT", "INTO", "IS", "JOIN", "KEY", "KILL", "LEFT", "LIKE",
	"MERGE", "NOT", "NULL", "NULLIF", "OF", "OFF", "ON", "OPTION", "OR", "ORDER", "OUTER", "OVER", "PERCENT", "PRIMARY",
	"PRINT", "RAISERROR", "RESTORE", "RETURN", "RIGHT", "ROLLBACK", "ROWCOUNT", "SCHEMA", "SELECT", "SESSION_USER", "SET",
	"SYSTEM_USER", "TABLE", "THEN", "TO", "TOP", "TRAN", "TRANSACTION", "TRUNCATE", "UNION", "UNIQUE", "UPDATE", "USE",
	"USER", "VALUES", "VIEW", "WAITFOR", "WHEN", "WHERE", "WHILE", "WITH")
