package sqlserver

import (
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// devices writes TO DISK = … or FROM DISK = … for 1 to 64 files.
func devices(word string, files []string) (string, error) {
	if len(files) < 1 || len(files) > 64 {
		return "", fault.Newf(fault.Invalid, "A backup has 1 to 64 files, not %d.", len(files))
	}
	var b strings.Builder
	for i, f := range files {
		path, err := tsql.Text(f, tsql.MaxPath)
		if err != nil || f == "" {
			return "", fault.Newf(fault.Invalid, "%q is not the path of a backup file.", shorten(f, 300)).WithFix("Give the whole path as the server sees it, at most %d characters.", tsql.MaxPath)
		}
		if i == 0 {
			fmt.Fprintf(&b, "%s DISK = %s", word, path)
		} else {
			fmt.Fprintf(&b, ", DISK = %s", path)
		}
	}
	return b.String(), nil
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
