// Package tds is the server's side of TDS 7.4 (public page "[MS-TDS]: Tabular
// Data Stream Protocol"), as far as clients of an emulated SQL Server need it:
// prelogin, TLS for the login alone or for all, TDS 8 strict, LOGIN7, SQL
// batches, remote procedure calls, transaction requests, attention, and replies
// with rows, messages and return values.
//
// What it does not do: MARS, bulk load, table-valued parameters, cursors,
// Windows and federated logins, Always Encrypted, sql_variant, XML and spatial
// types, TLS 1.3 inside TDS 7.4 (a common client hangs there, and SQL Servers
// of the time did not have it).
//
// Whatever a client sends is bounded and checked: a malformed length ends the
// connection and nothing else.
package tds
