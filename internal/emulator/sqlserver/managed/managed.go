// Package managed is how the software of a cloud stands between the clients of an
// emulated SQL Server and its engine.
package managed

// Service is the software of a cloud between the clients of an instance and its
// engine (package rds is one). It is asked without the server's lock held.
type Service interface {
	// Refuses says why a client's statement is not carried out; nil = it is.
	// Operations are named as for the control port.
	Refuses(c Caller, operation, database string) error
	// Procedure carries out one of its own; known is false for all others.
	Procedure(c Caller, name string, args []Argument) (r Result, known bool, err error)
	// Function gives the rows of one of its table-valued functions.
	Function(c Caller, name string, args []any) (r Result, known bool, err error)
	// Executes reports whether a login may execute one of its procedures.
	Executes(login, procedure string) (may, known bool)
}

// Caller is who sent a statement.
type Caller struct {
	Login         string
	InTransaction bool
	Owns          func(database string) bool // is it db_owner there?
}

// Argument is one given to a procedure; a nameless one goes by its place.
type Argument struct {
	Name  string
	Value any
}

// Result is what a procedure or function answers: columns as in CREATE TABLE,
// none for no rows, and what it prints.
type Result struct {
	Columns string
	Rows    [][]any
	Prints  []string
}
