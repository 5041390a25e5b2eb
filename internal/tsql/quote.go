// Package tsql writes names and texts into T-SQL, the only place that does for
// statements; the file that package sourcescript makes spells its literals so
// that every editor keeps them. A statement that is sent uses Name and Text, which refuse what no server would
// take; one that is shown to people uses Shown and ShownText.
package tsql

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/fault"
)

// Limits of SQL Server, in UTF-16 units: sysname, and a device path (error
// 3057).
const (
	MaxName = 128
	MaxPath = 259
)

// Name writes a delimited identifier: ] is doubled, everything else stands for
// itself (documentation page "Database identifiers"). Names of 1 to 128 UTF-16
// units without NUL are taken, others are Invalid.
func Name(name string) (string, error) {
	if name == "" || Units(name) > MaxName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return "", fault.Newf(fault.Invalid, "%q is not a name for SQL Server.", shorten(name, 140)).WithFix("Names have 1 to %d characters.", MaxName)
	}
	return bracket(name), nil
}

// Text writes a Unicode literal of at most longest UTF-16 units, else Invalid.
// Control characters are refused: behind a backslash the server takes a line
// end out of a literal (documentation page "Backslash (Line continuation)").
func Text(text string, longest int) (string, error) {
	if Units(text) > longest || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "", fault.Newf(fault.Invalid, "%q cannot be given to SQL Server.", shorten(text, 300)).
			WithFix("At most %d characters, none of them a control character.", longest)
	}
	return literal(text), nil
}

// Shown is Name for a statement that people read: a name that no server has
// stands there as [?], so that a statement copied from a page fails instead of
// meaning something else.
func Shown(name string) string {
	if q, err := Name(name); err == nil {
		return q
	}
	return "[?]"
}

// ShownText is Text for a statement that people read; N'?' stands for what
// cannot be given to a server.
func ShownText(text string) string {
	if q, err := Text(text, longestShown); err == nil {
		return q
	}
	return literal("?")
}

// longestShown is the longest literal without a MAX type, nvarchar(4000).
const longestShown = 4000

func bracket(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }
func literal(text string) string { return "N'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Units counts the length of a text as SQL Server does: an emoji has two.
func Units(s string) (n int) {
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
