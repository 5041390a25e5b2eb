// Package tsql reads the part of Transact-SQL that the emulated SQL Server
// understands and refuses the rest, with SQL Server's own numbers and texts.
// It is written from the vendor's documentation (public pages "BACKUP
// (Transact-SQL)", "RESTORE Statements", "RESTORE Arguments", "ALTER DATABASE
// SET options", "SELECT", "FROM clause") and is strict where a client might be
// careless: an option that does not exist is an error, and so is whatever
// stands behind a statement and begins none.
//
// What it does not read: procedures and functions of one's own, TRY…CATCH,
// cursors, MERGE, most window functions, PIVOT, FOR XML, temporary tables.
package tsql
