// Package sourcescript writes the T-SQL with which a person takes backups of a
// server that the dashboard cannot reach: one file, run in any client, that
// checks what stands against each backup, takes them one after the other, and
// says what to upload.
//
// The file is a head of parameters, written here, and a body that is the same
// for everybody (folder sql). It runs on SQL Server 2008 R2 to 2025: what
// younger versions know alone stands in statements that are compiled only
// there. It makes no object, not even a temporary table, and uses no command of
// a client, not even GO.
//
// The control flow of the body stands one word a line (IF, WHILE, BEGIN, …), a
// statement ends with a semicolon at a line's end: a test reads it so and runs
// it against the emulated server.
package sourcescript
