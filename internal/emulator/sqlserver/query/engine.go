// Package query evaluates the expressions and queries of T-SQL over rows that
// an Engine gives: joins, grouping, windows, subqueries and the functions that
// only compute.
package query

import (
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Engine is what a query asks of the server that runs it, on behalf of one
// session. Errors are refusals in the server's words.
type Engine interface {
	// Variable gives a declared variable or a parameter.
	Variable(name string) (tds.Type, any, error)
	// Global gives a variable of the server's own, @@ included in its name.
	Global(name string) (any, error)
	// Table gives the rows of a table or view, which nobody changes afterwards.
	Table(name tsql.Name) (*Relation, error)
	// TableFunction gives the rows of a function in FROM.
	TableFunction(name tsql.Name, args []any) (*Relation, error)
	// Function gives a scalar function that knows something of the server, by
	// its name in upper case.
	Function(name string) (Function, bool)
	// Collation is that of the server.
	Collation() value.Collation
}
