package policy

import (
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Bounds of a selection.
const (
	maxPatterns = 500
	maxPattern  = 256
)

// Chooses reports whether a database is chosen, by its name alone, which is
// compared as its server does, and if not, why, as words that follow "left
// out: ". What its state allows is another question.
func (s Selection) Chooses(database string, by tsql.Collation) (chosen bool, why string) {
	switch strings.ToLower(database) {
	case "tempdb":
		return false, "tempdb is made anew at each start and never backed up"
	case "master", "model", "msdb", "distribution":
		if !s.System {
			return false, "system databases are not chosen"
		}
	}
	if p, ok := matching(s.Exclude, database, by); ok {
		return false, fmt.Sprintf("excluded by %q", p)
	}
	if len(s.Include) == 0 {
		return true, ""
	}
	if _, ok := matching(s.Include, database, by); ok {
		return true, ""
	}
	return false, "no pattern chooses it"
}

// Excludes reports whether a database is left out by a pattern that names it,
// rather than by none that chooses it: worth a word in lists.
func (s Selection) Excludes(database string, by tsql.Collation) bool {
	_, ok := matching(s.Exclude, database, by)
	return ok
}

// IsSystem reports whether a database is SQL Server's own.
func IsSystem(database string) bool {
	switch strings.ToLower(database) {
	case "master", "model", "msdb", "tempdb", "distribution":
		return true
	}
	return false
}

// Check refuses patterns that choose nothing ever.
func (s Selection) Check() error {
	if len(s.Include)+len(s.Exclude) > maxPatterns {
		return fault.Newf(fault.Invalid, "There are more than %d patterns.", maxPatterns).WithFix("Join some with * or ?.")
	}
	for _, list := range [][]string{s.Include, s.Exclude} {
		for _, p := range list {
			switch {
			case strings.TrimSpace(p) == "":
				return fault.New(fault.Invalid, "A pattern is empty.", "Remove it, or write a name such as shop or sales_*.")
			case len(p) > maxPattern:
				return fault.Newf(fault.Invalid, "A pattern is longer than %d bytes.", maxPattern).WithFix("Names of databases have at most 128 characters.")
			}
		}
	}
	if p, ok := everything(s.Exclude); ok {
		return fault.Newf(fault.Invalid, "%q excludes every database.", p).WithFix("Exclude fewer, or disable the policy.")
	}
	return nil
}

func everything(patterns []string) (string, bool) {
	for _, p := range patterns {
		p = strings.TrimSpace(p)
		// A ? beside the * only asks for a name, which every database has.
		if strings.Contains(p, "*") && strings.Trim(p, "*?") == "" && strings.Count(p, "?") <= 1 {
			return p, true
		}
	}
	return "", false
}

// matching returns the first pattern that matches a name.
func matching(patterns []string, name string, by tsql.Collation) (string, bool) {
	for _, p := range patterns {
		if matches([]rune(by.Key(strings.TrimSpace(p))), []rune(by.Key(name))) {
			return p, true
		}
	}
	return "", false
}

// matches tells whether a pattern covers a whole name: * is any run of
// characters, ? is one. It goes back to the last * only, so it takes no longer
// than the product of both lengths.
func matches(pattern, name []rune) bool {
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
