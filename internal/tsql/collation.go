package tsql

import (
	"strings"
	"unicode"
)

// Collation is the name of a server's collation (SERVERPROPERTY('Collation')), by
// which it compares names of databases: they are one database or two as it says,
// however a job, a row of msdb or a person typed them. Empty is not told: case is
// ignored then, as most servers do.
//
// Accents are told apart also under a collation that ignores them (_AI), and so
// are kana and width: two spellings are taken for two databases then.
type Collation string

// CaseSensitive reports whether names that differ in case are of two databases
// (documentation page "Collation and Unicode Support": _CS_, _BIN and _BIN2).
func (c Collation) CaseSensitive() bool {
	return strings.Contains(string(c), "_CS_") || strings.HasSuffix(string(c), "_CS") || strings.Contains(string(c), "_BIN")
}

// Key gives all spellings of one name one form. Trailing blanks do not count when
// SQL Server compares.
func (c Collation) Key(name string) string {
	name = strings.TrimRight(name, " ")
	switch {
	case c.CaseSensitive():
		return name
	case strings.HasPrefix(string(c), "Turkish_"), strings.HasPrefix(string(c), "Azeri_"):
		return strings.ToLowerSpecial(unicode.TurkishCase, name)
	}
	return strings.ToLower(name)
}

// Same reports whether two spellings name one database.
func (c Collation) Same(a, b string) bool { return a == b || c.Key(a) == c.Key(b) }

// Told is the collation of a server that has databases of these names; one that
// does not tell its own and has two names that differ in case alone tells them
// apart.
func Told(c Collation, names []string) Collation {
	seen := map[string]string{}
	for _, n := range names {
		if other, twice := seen[c.Key(n)]; twice && c == "" && other != n {
			return "Latin1_General_BIN2"
		}
		seen[c.Key(n)] = n
	}
	return c
}
