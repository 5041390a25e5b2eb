package sqlserver

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/fault"
)

// Limits of SQL Server: sysname, and a device path (error 3057).
const (
	maxName = 128
	maxPath = 259
)

// quoteName writes a name as a delimited identifier: ] is doubled, everything
// else stands for itself (documentation page "Database identifiers"). Names of
// 1 to 128 UTF-16 units are taken.
func quoteName(name string) (string, error) {
	if name == "" || utf16Length(name) > maxName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return "", fault.Newf(fault.Invalid, "%q is not a name for SQL Server.", shorten(name, 140)).WithFix("Names have 1 to 128 characters.")
	}
	return "[" + strings.ReplaceAll(name, "]", "]]") + "]", nil
}

// quoteText writes a Unicode literal. Control characters are refused: behind
// a backslash the server takes a line end out of a literal (documentation page
// "Backslash (Line continuation)").
func quoteText(text string, longest int) (string, error) {
	if utf16Length(text) > longest || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "", fault.Newf(fault.Invalid, "%q cannot be given to SQL Server.", shorten(text, 300)).
			WithFix("At most %d characters, none of them a control character.", longest)
	}
	return "N'" + strings.ReplaceAll(text, "'", "''") + "'", nil
}

// devices writes TO DISK = … or FROM DISK = … for 1 to 64 files.
func devices(word string, files []string) (string, error) {
	if len(files) < 1 || len(files) > 64 {
		return "", fault.Newf(fault.Invalid, "A backup has 1 to 64 files, not %d.", len(files))
	}
	var b strings.Builder
	for i, f := range files {
		path, err := quoteText(f, maxPath)
		if err != nil || f == "" {
			return "", fault.Newf(fault.Invalid, "%q is not the path of a backup file.", shorten(f, 300)).WithFix("Give the whole path as the server sees it, at most %d characters.", maxPath)
		}
		if i == 0 {
			fmt.Fprintf(&b, "%s DISK = %s", word, path)
		} else {
			fmt.Fprintf(&b, ", DISK = %s", path)
		}
	}
	return b.String(), nil
}

// utf16Length counts as SQL Server does: an emoji has two units.
func utf16Length(s string) (n int) {
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
