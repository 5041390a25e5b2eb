package tsql

import "strings"

// AsksServer reports whether an expression needs the lock of the server that runs it.
func AsksServer(x Expr) (asks bool) {
	Walk(x, func(x any) bool {
		switch e := x.(type) {
		case *Select, *Query, *Exists:
			asks = true
		case *Invoke:
			name := strings.ToUpper(e.Name.Last())
			for _, locks := range []string{"DB_", "SERVERPROPERTY", "DATABASEPROPERTYEX", "HAS_", "IS_", "OBJECT_", "SCHEMA_", "FN_"} {
				asks = asks || strings.HasPrefix(name, locks)
			}
		case *Var:
			asks = asks || strings.HasPrefix(e.Name, "@@")
		}
		return !asks
	})
	return asks
}
